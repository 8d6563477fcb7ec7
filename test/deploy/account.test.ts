import {
  ApplicationAutoScalingClient,
  DeleteScheduledActionCommand,
  DeregisterScalableTargetCommand,
  DescribeScalableTargetsCommand,
  DescribeScalingActivitiesCommand,
  DescribeScheduledActionsCommand,
  PutScheduledActionCommand,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeTargetHealthCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  describeDeploys,
  describeTarget,
  type LocalAccount,
  type Settings,
  startLocalAccount,
  SWITCHES,
} from './local-account';
import { putStack, scheduledAction, SERVICE, type SmallAction, type SmallTarget, smallTemplate } from './small-stack';

const NOW = '2026-12-01T00:00:00Z';
const RAISE: SmallAction = { name: 'raise', at: '2026-12-01T10:00:00Z', min: 50, max: 100 };
const LOWER: SmallAction = { name: 'lower', at: '2026-12-01T12:00:00Z', min: 10, max: 100 };

let account: LocalAccount;
let autoscaling: ApplicationAutoScalingClient;
const identity = describeTarget(SERVICE);

async function start(settings: Settings = {}, target?: SmallTarget): Promise<void> {
  account = await startLocalAccount(settings);
  autoscaling = new ApplicationAutoScalingClient(account.client());
  await account.tick(NOW);
  await deploy(target);
}

/** @throws when the stack does not end well */
async function deploy(target?: SmallTarget): Promise<void> {
  const { status, failed } = await putStack(account, smallTemplate(target));
  if (!/^(CREATE|UPDATE)_COMPLETE$/.test(status)) throw new Error(`${status}: ${JSON.stringify(failed)}`);
}

const put = (action: SmallAction): Promise<unknown> =>
  autoscaling.send(new PutScheduledActionCommand({ ...identity, ...scheduledAction(action) }));
const register = (bounds: object): Promise<unknown> =>
  autoscaling.send(new RegisterScalableTargetCommand({ ...identity, ...bounds }));
const running = async (): Promise<number> => (await account.readTasks(SERVICE)).running;
const bounds = async (): Promise<{ min: number; max: number }> => {
  const { min, max } = (await account.readTarget(SERVICE))!;
  return { min, max };
};
const actionNames = async (): Promise<string[]> => (await account.readTarget(SERVICE))!.actions.map(({ name }) => name);

describeDeploys('Application Auto Scaling in the local account', () => {
  // What is refused changes nothing, so that one account serves all.
  beforeAll(() => start({}, { min: 2, max: 100 }));
  afterAll(() => account.stop());

  test.each([
    ['a minimum above the maximum', () => register({ MinCapacity: 20, MaxCapacity: 10 }), 'ValidationException'],
    ['a minimum above the live maximum', () => register({ MinCapacity: 101 }), 'ValidationException'],
    ['a negative minimum', () => register({ MinCapacity: -1 }), 'ValidationException'],
    ['a name with a colon', () => put({ ...RAISE, name: 'a:b' }), 'ValidationException'],
    ['a name with a slash', () => put({ ...RAISE, name: 'a/b' }), 'ValidationException'],
    ['a name with a bar', () => put({ ...RAISE, name: 'a|b' }), 'ValidationException'],
    ['a name of 257 characters', () => put({ ...RAISE, name: 'a'.repeat(257) }), 'ValidationException'],
    ['an action with its minimum above its maximum', () => put({ ...RAISE, min: 101 }), 'ValidationException'],
    ['an action without bounds', () => put({ name: 'none', at: RAISE.at }), 'ValidationException'],
    ['a day that does not exist', () => put({ ...RAISE, at: '2026-02-30T00:00:00Z' }), 'ValidationException'],
    [
      'an action of a target that is not registered',
      () =>
        autoscaling.send(
          new PutScheduledActionCommand({
            ...identity,
            ResourceId: 'service/media/other',
            ...scheduledAction(RAISE),
          }),
        ),
      'ObjectNotFoundException',
    ],
    [
      'a target without its service',
      () => register({ ResourceId: 'service/media/other', MinCapacity: 1, MaxCapacity: 2 }),
      'ValidationException',
    ],
    [
      'the deletion of an action that is not there',
      () => autoscaling.send(new DeleteScheduledActionCommand({ ...identity, ScheduledActionName: 'none' })),
      'ObjectNotFoundException',
    ],
    [
      'a page of more than 50',
      () => autoscaling.send(new DescribeScheduledActionsCommand({ ServiceNamespace: 'ecs', MaxResults: 51 })),
      'ValidationException',
    ],
    [
      'a token that it did not give',
      () => autoscaling.send(new DescribeScheduledActionsCommand({ ServiceNamespace: 'ecs', NextToken: 'x' })),
      'InvalidNextTokenException',
    ],
    [
      'a dimension without a resource',
      () =>
        autoscaling.send(
          new DescribeScheduledActionsCommand({
            ServiceNamespace: 'ecs',
            ScalableDimension: identity.ScalableDimension,
          }),
        ),
      'ValidationException',
    ],
  ])('refuses %s', async (_, call, code) => {
    await expect(call()).rejects.toMatchObject({ name: code });
    expect(await account.readTarget(SERVICE)).toMatchObject({ min: 2, max: 100, actions: [] });
  });
});

describeDeploys('the local account', () => {
  afterEach(() => account.stop());

  describe('Application Auto Scaling', () => {
    test('takes 200 actions of a target and no more, and replaces one of them at the limit', async () => {
      await start({}, { min: 2, max: 100 });
      const nth = (n: number): SmallAction => ({ name: `action-${n}`, at: RAISE.at, min: n % 100, max: 100 });
      await Promise.all(Array.from({ length: 200 }, (__, n) => put(nth(n))));
      await expect(put(nth(200))).rejects.toMatchObject({ name: 'LimitExceededException' });
      await put({ ...nth(7), min: 99 });
      const { actions } = (await account.readTarget(SERVICE))!;
      expect(actions).toHaveLength(200);
      expect(actions.find(({ name }) => name === 'action-7')).toMatchObject({ min: 99 });
    });

    test('describes page by page, also below the page size that is asked for', async () => {
      await start({ page_size: 2 }, { min: 2, max: 100 });
      for (const name of ['a', 'b', 'c', 'd', 'e']) await put({ ...RAISE, name });
      const pages = [];
      let NextToken: string | undefined;
      do {
        const page = await autoscaling.send(
          new DescribeScheduledActionsCommand({ ...identity, MaxResults: 50, NextToken }),
        );
        pages.push(page.ScheduledActions!.map(({ ScheduledActionName }) => ScheduledActionName));
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    });

    test('forgets start and end of an action that is put again without them', async () => {
      await start({}, { min: 2, max: 100 });
      const StartTime = new Date('2026-12-01T01:00:00Z');
      await autoscaling.send(new PutScheduledActionCommand({ ...identity, ...scheduledAction(RAISE), StartTime }));
      const read = async (): Promise<Date | undefined> =>
        (await autoscaling.send(new DescribeScheduledActionsCommand(identity))).ScheduledActions![0]!.StartTime;
      expect(await read()).toEqual(StartTime);
      await put(RAISE);
      expect(await read()).toBeUndefined();
    });

    test('brings what runs into the bounds at once when a target is registered', async () => {
      await start({}, { min: 40, max: 100 });
      expect(await running()).toBe(40);
      await register({ MaxCapacity: 60, MinCapacity: 50 });
      expect(await running()).toBe(50);
      await register({ MinCapacity: 5 });
      expect(await running()).toBe(50);
      await register({ MaxCapacity: 20 });
      expect(await account.readTasks(SERVICE)).toEqual({ running: 20, desired: 20 });
    });

    test('runs what is due in the order of its instants, and tells it in the activities', async () => {
      await start({}, { min: 2, max: 100 });
      await put(LOWER);
      await put(RAISE);
      expect(await account.tick('2026-12-01T09:59:59Z')).toEqual([]);
      expect(await account.tick('2026-12-01T10:00:00Z')).toMatchObject([
        { name: 'raise', outcome: 'ran', capacity: 50 },
      ]);
      expect(await account.attempt(SERVICE, 80)).toMatchObject({ before: 50, after: 80 });
      // Lowering the minimum takes nothing away by itself.
      expect(await account.tick('2026-12-01T12:00:00Z')).toMatchObject([
        { name: 'lower', outcome: 'ran', capacity: 80 },
      ]);
      expect(await account.attempt(SERVICE, 0)).toMatchObject({ before: 80, after: 10 });
      expect(await account.tick('2026-12-02T00:00:00Z')).toEqual([]);
      const { ScalingActivities } = await autoscaling.send(new DescribeScalingActivitiesCommand(identity));
      expect(ScalingActivities!.map(({ Cause }) => Cause)).toEqual([
        'a policy asked for 0',
        'scheduled action name lower was triggered',
        'a policy asked for 80',
        'minimum capacity was set to 50',
        'scheduled action name raise was triggered',
        'minimum capacity was set to 2',
      ]);
    });

    test('runs an action late when it is told to', async () => {
      await start({}, { min: 2, max: 100, actions: [RAISE] });
      expect(await account.tick('2026-12-01T10:00:59Z', { latenessSeconds: 60 })).toEqual([]);
      expect(await account.tick('2026-12-01T10:01:00Z', { latenessSeconds: 60 })).toMatchObject([{ name: 'raise' }]);
    });

    test('takes tasks away when an action sets the maximum below them', async () => {
      await start({}, { min: 80, max: 100 });
      await put({ ...RAISE, min: 5, max: 30 });
      await account.tick(RAISE.at);
      expect(await running()).toBe(30);
    });

    test('lets no policy scale in below the minimum, nor at all where that is suspended', async () => {
      await start({}, { min: 20, max: 100 });
      expect(await account.attempt(SERVICE, 60)).toEqual({ before: 20, after: 60, why: 'moved' });
      await register({ SuspendedState: { DynamicScalingInSuspended: true } });
      expect(await account.attempt(SERVICE, 0)).toEqual({ before: 60, after: 60, why: 'DynamicScalingInSuspended' });
      expect(await account.attempt(SERVICE, 70)).toEqual({ before: 60, after: 70, why: 'moved' });
      await register({ SuspendedState: { DynamicScalingInSuspended: false } });
      expect(await account.attempt(SERVICE, 0)).toEqual({ before: 70, after: 20, why: 'moved' });
      expect(await account.attempt(SERVICE, 0)).toEqual({ before: 20, after: 20, why: 'at its bound' });
    });

    test('skips actions for good while scheduled scaling is suspended', async () => {
      await start({}, { min: 2, max: 100, actions: [RAISE] });
      await register({ SuspendedState: { ScheduledScalingSuspended: true } });
      expect(await account.tick(RAISE.at)).toMatchObject([{ name: 'raise', outcome: 'suspended' }]);
      await register({ SuspendedState: { ScheduledScalingSuspended: false } });
      expect(await account.tick('2026-12-01T11:00:00Z')).toEqual([]);
      expect(await bounds()).toEqual({ min: 2, max: 100 });
    });

    test('forgets the actions of a target with the target', async () => {
      await start({}, { min: 2, max: 100, actions: [RAISE] });
      await autoscaling.send(new DeregisterScalableTargetCommand(identity));
      await register({ MinCapacity: 1, MaxCapacity: 5 });
      expect(await account.readTarget(SERVICE)).toMatchObject({ min: 1, max: 5, actions: [] });
    });
  });

  describe('in each position of its switches', () => {
    test('has the switches that the tests know', () => {
      const source = readFileSync(join(__dirname, 'account', 'state.py'), 'utf8');
      const table = /^SWITCHES[^=]*= \{\n(.*?)^\}/ms.exec(source)![1]!;
      const inPython = [...table.matchAll(/"(\w+)": \((.*?)\)/g)].map(([, name, positions]) => [
        name,
        positions!.replaceAll('"', '').split(', '),
      ]);
      expect(Object.fromEntries(inPython)).toEqual(SWITCHES);
      account = { stop: () => Promise.resolve() } as LocalAccount;
    });

    test('an action in the past is refused, or taken and never run', async () => {
      const past = { ...RAISE, at: NOW };
      await start({}, { min: 2, max: 100 });
      await expect(put(past)).rejects.toMatchObject({ name: 'ValidationException' });
      await account.configure({ past_action: 'ignore' });
      await put(past);
      expect(await account.tick(RAISE.at)).toEqual([]);
      expect(await actionNames()).toEqual(['raise']);
      expect(await running()).toBe(2);
    });

    test.each([
      ['listed', ['raise']],
      ['removed', []],
    ] as const)('an action that has run is %s, and never runs again', async (fired_action, names) => {
      await start({ fired_action }, { min: 2, max: 100, actions: [RAISE] });
      await account.tick(RAISE.at);
      expect(await actionNames()).toEqual(names);
      await register({ MinCapacity: 2 });
      expect(await account.tick('2026-12-01T10:10:00Z')).toEqual([]);
      expect(await bounds()).toEqual({ min: 2, max: 100 });
    });

    test.each([
      ['yes', 2],
      ['no', 50],
    ] as const)('a template with changed actions sets its own minimum again: %s', async (position, min) => {
      await start({ reregister_on_actions_change: position }, { min: 2, max: 100, actions: [RAISE, LOWER] });
      await account.tick(RAISE.at);
      await deploy({ min: 2, max: 100, actions: [LOWER] });
      expect(await bounds()).toEqual({ min, max: 100 });
      expect(await actionNames()).toEqual(['lower']);
    });

    test.each([
      ['all', ['lower', 'more', 'raise']],
      ['changed', ['lower', 'more']],
    ] as const)('a template with a further action puts %s of its actions', async (puts_on_actions_change, names) => {
      await start({ puts_on_actions_change }, { min: 2, max: 100, actions: [RAISE, LOWER] });
      await autoscaling.send(new DeleteScheduledActionCommand({ ...identity, ScheduledActionName: 'raise' }));
      await deploy({ min: 2, max: 100, actions: [RAISE, LOWER, { ...LOWER, name: 'more' }] });
      expect(await actionNames()).toEqual(names);
    });

    test.each([
      ['kept', true],
      ['cleared', false],
    ] as const)('a registration without a suspended state: it is %s', async (suspension_on_register, expected) => {
      await start({ suspension_on_register }, { min: 2, max: 100 });
      await register({ SuspendedState: { DynamicScalingInSuspended: true } });
      await register({ MinCapacity: 3 });
      expect((await account.readTarget(SERVICE))!.suspended.DynamicScalingInSuspended).toBe(expected);
    });

    test.each([
      ['put_order', 10],
      ['reverse', 50],
    ] as const)('two actions at one instant run in %s', async (equal_instants, min) => {
      await start({ equal_instants }, { min: 2, max: 100 });
      await put(RAISE);
      await put({ ...LOWER, at: RAISE.at });
      await account.tick(RAISE.at);
      expect(await bounds()).toMatchObject({ min });
    });

    test.each([
      ['fails', 'failed', { min: 2, max: 100 }],
      ['raises_maximum', 'ran', { min: 200, max: 200 }],
    ] as const)('a minimum alone above the live maximum: %s', async (minimum_above_maximum, outcome, expected) => {
      await start({ minimum_above_maximum }, { min: 2, max: 100 });
      await put({ name: 'raise', at: RAISE.at, min: 200 });
      expect(await account.tick(RAISE.at)).toMatchObject([{ outcome }]);
      expect(await bounds()).toEqual(expected);
    });
  });

  describe('CloudFormation', () => {
    test('calls nothing for a property that did not change', async () => {
      await start({}, { min: 2, max: 100, actions: [RAISE] });
      await register({ MinCapacity: 7 });
      const before = (await account.calls()).length;
      const { status } = await putStack(
        account,
        smallTemplate({ min: 2, max: 100, actions: [RAISE] }, { Topic: { Type: 'AWS::SNS::Topic', Properties: {} } }),
      );
      expect(status).toBe('UPDATE_COMPLETE');
      const made = (await account.calls()).slice(before).filter(({ caller }) => caller === 'cloudformation');
      expect(made).toEqual([]);
      expect(await bounds()).toMatchObject({ min: 7 });
    });

    test('leaves the running tasks alone when a template without a count changes the service', async () => {
      await start({}, { min: 30, max: 100 });
      const changed = smallTemplate({ min: 30, max: 100 }).replace('"Image":"web"', '"Image":"web:2"');
      expect(await putStack(account, changed)).toMatchObject({ status: 'UPDATE_COMPLETE' });
      expect(await running()).toBe(30);
    });

    test('removes a target that is no longer in the template', async () => {
      await start({}, { min: 30, max: 100 });
      await deploy();
      expect(await account.readTarget(SERVICE)).toBeUndefined();
      expect(await running()).toBe(30);
    });

    test('refuses to create a target that is registered already', async () => {
      await start();
      await register({ MinCapacity: 3, MaxCapacity: 9 });
      const { status, failed } = await putStack(account, smallTemplate({ min: 2, max: 100 }));
      expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(failed['Target']).toContain('already exists');
    });

    test('fails and takes back the stack when the account refuses an action', async () => {
      await start({}, { min: 2, max: 100, actions: [RAISE] });
      const bad = { ...LOWER, min: 101 };
      const { status, failed } = await putStack(account, smallTemplate({ min: 4, max: 100, actions: [LOWER, bad] }));
      expect(status).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(Object.keys(failed)).toEqual(['Target']);
      expect(await account.readTarget(SERVICE)).toMatchObject({ min: 2, max: 100, actions: [RAISE] });
    });

    test('takes back what a failed update changed, and deletes what it made', async () => {
      await start({}, { min: 2, max: 100, actions: [RAISE] });
      await account.failResources({ type: 'AWS::SNS::Topic' });
      const template = smallTemplate(
        { min: 5, max: 90, actions: [LOWER] },
        {
          Made: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'made' } },
          Topic: { Type: 'AWS::SNS::Topic', DependsOn: ['Target', 'Made'], Properties: { TopicName: 'never' } },
        },
      );
      const { status, failed } = await putStack(account, template);
      expect({ status, failed }).toEqual({
        status: 'UPDATE_ROLLBACK_COMPLETE',
        failed: { Topic: 'injected by the test' },
      });
      expect(await account.readTarget(SERVICE)).toMatchObject({ min: 2, max: 100, actions: [RAISE] });
      expect((await account.resources()).map(({ logicalId }) => logicalId)).not.toContain('Made');
      // The failure was for once.
      expect(await putStack(account, template)).toEqual({ status: 'UPDATE_COMPLETE', failed: {} });
      expect(await account.readTarget(SERVICE)).toMatchObject({ min: 5, max: 90, actions: [LOWER] });
    });

    test('stays where it is when the way back fails, too', async () => {
      await start({}, { min: 2, max: 100 });
      await account.failResources({ logical_id: 'Target', times: 2 });
      const { status } = await putStack(account, smallTemplate({ min: 5, max: 90 }));
      expect(status).toBe('UPDATE_ROLLBACK_FAILED');
    });

    test('deletes again what a failed creation made', async () => {
      account = await startLocalAccount();
      await account.failResources({ logical_id: 'Target' });
      expect(await putStack(account, smallTemplate({ min: 2, max: 9 }))).toMatchObject({ status: 'ROLLBACK_COMPLETE' });
      expect(await account.resources()).toEqual([]);
    });

    test('keeps types that it does not know as stubs, with attributes', async () => {
      await start();
      await putStack(
        account,
        smallTemplate(undefined, {
          Distribution: { Type: 'AWS::CloudFront::Distribution', Properties: { Comment: { Ref: 'AWS::Region' } } },
          Name: {
            Type: 'AWS::SSM::Parameter',
            Properties: { Name: 'origin', Type: 'String', Value: { 'Fn::GetAtt': ['Distribution', 'DomainName'] } },
          },
        }),
      );
      const resources = await account.resources();
      const find = (id: string): unknown => resources.find(({ logicalId }) => logicalId === id);
      expect(find('Distribution')).toMatchObject({ by: 'stub', properties: { Comment: 'us-east-1' } });
      expect(find('Name')).toMatchObject({
        by: 'moto',
        properties: { Value: expect.stringMatching(/^d\w{13}\.cloudfront\.net$/) },
      });
    });

    test('refuses a function that it cannot resolve instead of handing it on', async () => {
      await start();
      const { failed } = await putStack(
        account,
        smallTemplate(undefined, {
          Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: { 'Fn::Cidr': ['10.0.0.0/8', 1, 8] } } },
        }),
      );
      expect(failed['Topic']).toContain('Fn::Cidr');
    });
  });

  describe('faults', () => {
    test.each(['ThrottlingException', 'AccessDeniedException', 'ExpiredTokenException'])(
      'answers %s as often as it is told to',
      async (code) => {
        await start({}, { min: 2, max: 100 });
        await account.failCalls({ code, action: 'DescribeScalableTargets', times: 2 });
        const describeTargets = (): Promise<unknown> =>
          autoscaling.send(new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs' }));
        await expect(describeTargets()).rejects.toMatchObject({ name: code });
        await expect(describeTargets()).rejects.toMatchObject({ name: code });
        await expect(describeTargets()).resolves.toMatchObject({ ScalableTargets: [{ MinCapacity: 2 }] });
      },
    );

    test('answers a service that speaks XML as well', async () => {
      await start();
      await account.failCalls({ code: 'ExpiredToken', service: 'cloudformation' });
      const client = new CloudFormationClient(account.client());
      await expect(client.send(new DescribeStacksCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' });
    });

    test('counts as many healthy targets as tasks run, or as it is told to', async () => {
      await start();
      const template = smallTemplate(
        { min: 6, max: 100 },
        { Group: { Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Properties: { Port: 80, Protocol: 'HTTP' } } },
      ).replace(
        '"ServiceName":"web"',
        '"ServiceName":"web","LoadBalancers":[{"TargetGroupArn":{"Ref":"Group"},"ContainerName":"web","ContainerPort":80}]',
      );
      // A service takes its load balancers when it is made.
      await account.stop();
      account = await startLocalAccount();
      expect(await putStack(account, template)).toMatchObject({ status: 'CREATE_COMPLETE' });
      const { physicalId } = (await account.resources()).find(({ logicalId }) => logicalId === 'Group')!;
      const healthy = async (): Promise<number> => {
        const { TargetHealthDescriptions } = await new ElasticLoadBalancingV2Client(account.client()).send(
          new DescribeTargetHealthCommand({ TargetGroupArn: physicalId }),
        );
        return TargetHealthDescriptions!.filter(({ TargetHealth }) => TargetHealth!.State === 'healthy').length;
      };
      expect(await healthy()).toBe(6);
      await account.setHealthy(physicalId, 4);
      expect(await healthy()).toBe(4);
      await account.setHealthy(physicalId);
      await account.setRunning(SERVICE, 5);
      expect(await healthy()).toBe(5);
      expect(await account.readTasks(SERVICE)).toEqual({ running: 5, desired: 6 });
    });

    test('fails the test that met something which the server does not imitate', async () => {
      await start();
      const own = await startLocalAccount();
      const { status } = await fetch(own.url, {
        method: 'POST',
        headers: {
          authorization: 'AWS4-HMAC-SHA256 Credential=local/20261201/us-east-1/cloudtrail/aws4_request',
          'x-amz-target': 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.ListQueries',
        },
        body: '{}',
      });
      expect(status).toBe(500);
      await expect(own.stop()).rejects.toThrow('ListQueries');
    });
  });
});
