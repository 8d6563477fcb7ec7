import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { describeDeploys, type LocalAccount, startLocalAccount } from './local-account';
import { deployPlan, planOf, type Plan, planned, playbackTarget, writeCalendar } from './product';

const PROD: Plan = { environment: 'prod', asOf: '2026-11-21T00:00:00Z' };

async function startBootstrapped(asOf: string, ...regions: string[]): Promise<LocalAccount> {
  // Smaller pages than AWS's, so that what reads one page alone is found out.
  const account = await startLocalAccount({ page_size: 5 });
  await account.tick(asOf);
  await account.bootstrap(...regions);
  return account;
}

describeDeploys('a deploy of the app', () => {
  describe('prod, deployed into a fresh account', () => {
    let account: LocalAccount;
    beforeAll(async () => {
      account = await startBootstrapped(PROD.asOf, 'us-east-1');
      const { exitCode, output } = await deployPlan(account, 'prod/*', PROD);
      if (exitCode !== 0) throw new Error(output);
    });
    afterAll(() => account.stop());

    test('registers minimum, maximum and every action of the plan, to the value', async () => {
      const plan = planOf(PROD);
      expect(plan.actions.length).toBeGreaterThan(5);
      expect(await account.readTarget(await playbackTarget(account))).toEqual({
        ...planned(plan),
        suspended: {
          DynamicScalingInSuspended: false,
          DynamicScalingOutSuspended: false,
          ScheduledScalingSuspended: false,
        },
      });
    });

    test('runs as many tasks as the minimum says', async () => {
      const { min } = planOf(PROD);
      expect(await account.readTasks(await playbackTarget(account))).toEqual({ running: min, desired: min });
    });

    test('leaves nothing undone but what only stubs stand for', async () => {
      expect(await account.gaps()).toEqual([]);
      const stubs = (await account.resources()).filter(({ by }) => by === 'stub').map(({ type }) => type);
      expect([...new Set(stubs)].sort()).toMatchInlineSnapshot(`
       [
         "AWS::CDK::Metadata",
         "AWS::CloudFront::CachePolicy",
         "AWS::CloudFront::Distribution",
         "AWS::CloudFront::OriginAccessControl",
         "AWS::CloudFront::ResponseHeadersPolicy",
         "AWS::CloudFront::VpcOrigin",
         "AWS::DynamoDB::GlobalTable",
         "AWS::EC2::FlowLog",
         "AWS::EC2::SecurityGroupEgress",
         "AWS::EC2::SecurityGroupIngress",
         "AWS::Glue::Database",
         "AWS::Glue::Table",
         "AWS::Lambda::EventInvokeConfig",
         "AWS::Logs::Delivery",
         "AWS::Logs::DeliveryDestination",
         "AWS::Logs::DeliverySource",
         "AWS::S3::BucketPolicy",
         "AWS::SNS::TopicPolicy",
         "AWS::WAFv2::LoggingConfiguration",
         "AWS::WAFv2::WebACL",
         "Custom::PublishedFile",
         "Custom::VpcRestrictDefaultSG",
       ]
      `);
    });
  });

  describe('staging in eu-west-1, deployed into a fresh account', () => {
    const plan: Plan = { environment: 'staging', asOf: PROD.asOf };
    let account: LocalAccount;
    beforeAll(async () => {
      account = await startBootstrapped(plan.asOf, 'us-east-1', 'eu-west-1');
    });
    afterAll(() => account.stop());

    test('hands the outputs of its region to the edge in us-east-1', async () => {
      const { exitCode, output } = await deployPlan(account, 'staging/*', plan);
      expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });

      const target = await playbackTarget(account);
      expect(target.region).toBe('eu-west-1');
      expect(await account.readTarget(target)).toMatchObject(planned(planOf(plan)));

      const { LoadBalancers } = await new ElasticLoadBalancingV2Client(account.client('eu-west-1')).send(
        new DescribeLoadBalancersCommand({}),
      );
      const { LoadBalancerArn, DNSName } = LoadBalancers![0]!;
      const edge = (await account.resources()).filter(({ region }) => region === 'us-east-1');
      const only = (type: string): string =>
        JSON.stringify(edge.find((resource) => resource.type === type)!.properties);
      expect(only('AWS::CloudFront::VpcOrigin')).toContain(LoadBalancerArn);
      expect(only('AWS::CloudFront::Distribution')).toContain(DNSName);
      expect(await account.gaps()).toEqual([]);
    });
  });

  describe('a changed calendar', () => {
    const before = { environment: 'prod', asOf: '2026-12-01T00:00:00Z' } as const;
    let account: LocalAccount;
    beforeEach(async () => {
      account = await startBootstrapped(before.asOf, 'us-east-1');
    });
    afterEach(() => account.stop());

    test('replaces the actions, in the Capacity stack alone', async () => {
      const first: Plan = {
        ...before,
        calendar: writeCalendar({ '2026-12-04T19:00Z': 500, '2026-12-11T19:00Z': 300 }),
      };
      const second: Plan = {
        ...before,
        calendar: writeCalendar({ '2026-12-04T19:00Z': 500, '2026-12-12T19:00Z': 400 }),
      };
      expect(await deployPlan(account, 'prod/*', first)).toMatchObject({ exitCode: 0 });
      const target = await playbackTarget(account);
      expect(await account.readTarget(target)).toMatchObject(planned(planOf(first)));
      expect(await deployPlan(account, 'prod/Capacity', second)).toMatchObject({ exitCode: 0 });
      expect(planOf(second).actions).not.toEqual(planOf(first).actions);
      expect(await account.readTarget(target)).toMatchObject(planned(planOf(second)));
    });

    test('that fails in the deploy leaves the actions and bounds that were there', async () => {
      const first: Plan = { ...before, calendar: writeCalendar({ '2026-12-04T19:00Z': 500 }, 'drill: none') };
      // Deployed shortly before the window, so that minimum and actions would change.
      const second: Plan = {
        ...first,
        asOf: '2026-12-04T18:20:00Z',
        calendar: writeCalendar({ '2026-12-04T19:00Z': 600 }, 'drill: none'),
      };
      expect(await deployPlan(account, 'prod/*', first)).toMatchObject({ exitCode: 0 });
      await account.tick(second.asOf);
      await account.failResources({ logical_id: 'PlaybackTarget', after: true });
      const { exitCode, output } = await deployPlan(account, 'prod/Capacity', second);
      expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining('injected by the test') });
      const target = await playbackTarget(account);
      expect(await account.readTarget(target)).toMatchObject(planned(planOf(first)));
    });
  });
});
