import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnScalableTarget, ScalableTarget, Schedule, ServiceNamespace } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Peer, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Tags } from 'aws-cdk-lib/core';
import { Construct, type IConstruct } from 'constructs';
import type { TargetPlan } from '../../lib/capacity/capacity-plan';
import { EdgeDistribution, type EdgeDistributionProps } from '../../lib/constructs/edge-distribution';
import { LogBucket } from '../../lib/constructs/log-bucket';
import { PlaybackTier, type PlaybackTierProps } from '../../lib/constructs/playback-tier';
import { ReleaseFloors } from '../../lib/constructs/release-floors';
import { ZonedVpc, type ZonedVpcProps } from '../../lib/constructs/zoned-vpc';
import { targetPlan } from '../fixtures/plan';
import { OtherStack, testApp } from '../stacks/test-app';

const SCALABLE_TARGET = 'AWS::ApplicationAutoScaling::ScalableTarget';

function scalableTarget(stack: Construct, id = 'Target', dimension = 'ecs:service:DesiredCount'): ScalableTarget {
  return new ScalableTarget(stack, id, {
    serviceNamespace: ServiceNamespace.ECS,
    scalableDimension: dimension,
    resourceId: `service/cluster/${id}`,
    minCapacity: 1,
    maxCapacity: 2,
  });
}

function taskCount(stack: Construct, desiredCount?: number): IConstruct {
  const taskDefinition = new FargateTaskDefinition(stack, 'Task');
  taskDefinition.addContainer('App', { image: ContainerImage.fromRegistry('app') });
  const cluster = new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Vpc') });
  const service = new FargateService(stack, 'Service', {
    cluster,
    taskDefinition,
    desiredCount,
    minHealthyPercent: 100,
    circuitBreaker: {},
  });
  const scaling = service.autoScaleTaskCount({ maxCapacity: 10 });
  scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60 });
  return scaling;
}

function action(at: string, min = 200, max = 1600, name = `floor-${at.slice(0, 16).replace(/[-:]/g, '')}Z`) {
  return { name, at, min, max, releases: ['finale'] };
}

describe('ReleaseFloors', () => {
  test('registers minimum, maximum and every action of the plan, in UTC', () => {
    const stack = new OtherStack();
    new ReleaseFloors(stack, 'ReleaseFloors', { plan: targetPlan, target: scalableTarget(stack) });
    Template.fromStack(stack).hasResourceProperties(SCALABLE_TARGET, {
      MinCapacity: 120,
      MaxCapacity: 1600,
      ScheduledActions: [
        {
          ScheduledActionName: 'floor-20251231T2355Z',
          Schedule: 'at(2025-12-31T23:55:00)',
          ScalableTargetAction: { MinCapacity: 972, MaxCapacity: 1600 },
          Timezone: Match.absent(),
        },
        {
          ScheduledActionName: 'floor-20260101T0125Z',
          Schedule: 'at(2026-01-01T01:25:00)',
          ScalableTargetAction: { MinCapacity: 379, MaxCapacity: 1600 },
        },
        {
          ScheduledActionName: 'floor-20260101T0700Z',
          Schedule: 'at(2026-01-01T07:00:00)',
          ScalableTargetAction: { MinCapacity: 120, MaxCapacity: 1600 },
        },
      ],
    });
  });

  test('leaves out the list when nothing is planned', () => {
    const stack = new OtherStack();
    new ReleaseFloors(stack, 'ReleaseFloors', { plan: { ...targetPlan, actions: [] }, target: scalableTarget(stack) });
    Template.fromStack(stack).hasResourceProperties(SCALABLE_TARGET, { ScheduledActions: Match.absent() });
  });

  const attachable: [string, (stack: OtherStack) => [IConstruct, Partial<TargetPlan>]][] = [
    ['the task count of an ECS service', (stack) => [taskCount(stack), {}]],
    [
      'the write capacity of a DynamoDB table',
      (stack) => {
        const partitionKey = { name: 'id', type: AttributeType.STRING };
        const table = new Table(stack, 'Table', { partitionKey, billingMode: BillingMode.PROVISIONED });
        return [
          table.autoScaleWriteCapacity({ minCapacity: 1, maxCapacity: 2 }),
          { namespace: 'dynamodb', dimension: 'dynamodb:table:WriteCapacityUnits' },
        ];
      },
    ],
    [
      'the provisioned concurrency of a Lambda alias',
      (stack) => {
        const handler = new LambdaFunction(stack, 'Function', {
          runtime: Runtime.NODEJS_LATEST,
          handler: 'index.handler',
          code: Code.fromInline('exports.handler = async () => {}'),
        });
        return [
          handler.addAlias('live').addAutoScaling({ maxCapacity: 2 }),
          { namespace: 'lambda', dimension: 'lambda:function:ProvisionedConcurrency' },
        ];
      },
    ],
    [
      'a scalable target without L2 construct',
      (stack) => [
        new CfnScalableTarget(stack, 'Plain', {
          serviceNamespace: 'rds',
          scalableDimension: 'rds:cluster:ReadReplicaCount',
          resourceId: 'cluster:db',
          minCapacity: 1,
          maxCapacity: 2,
        }),
        { namespace: 'rds', dimension: 'rds:cluster:ReadReplicaCount' },
      ],
    ],
  ];
  test.each(attachable)('attaches to %s', (_, build) => {
    const stack = new OtherStack();
    const [target, plan] = build(stack);
    new ReleaseFloors(stack, 'ReleaseFloors', { plan: { ...targetPlan, ...plan }, target });
    Template.fromStack(stack).hasResourceProperties(SCALABLE_TARGET, {
      MinCapacity: 120,
      MaxCapacity: 1600,
      ScheduledActions: Match.arrayWith([Match.objectLike({ ScheduledActionName: 'floor-20251231T2355Z' })]),
    });
  });

  const attach = (plan: Partial<TargetPlan>) => () => {
    const stack = new OtherStack();
    new ReleaseFloors(stack, 'ReleaseFloors', { plan: { ...targetPlan, ...plan }, target: scalableTarget(stack) });
  };
  const unusable: [string, Partial<TargetPlan>, string][] = [
    ['a minimum above the maximum', { min: 1601 }, 'plan "us-east-1/playback" has min 1601 above max 1600; mend: '],
    ['a fraction of a unit', { min: 0.5 }, 'must have whole numbers of at least 0, got min 0.5 and max 1600; mend: '],
    [
      'an action with a minimum above its maximum',
      { actions: [action('2026-01-01T00:00:00Z', 20, 10)] },
      'action "floor-20260101T0000Z" has min 20 above max 10; mend: ',
    ],
    [
      'an action name twice',
      { actions: [action('2026-01-01T00:00:00Z', 1, 2, 'a'), action('2026-01-02T00:00:00Z', 1, 2, 'a')] },
      'action "a" exists twice, the later would replace it; mend: ',
    ],
    [
      'an action name that AWS refuses',
      { actions: [action('2026-01-01T00:00:00Z', 1, 2, 'a:b')] },
      'action "a:b" must be named with 1 to 256 characters other than ":", "/" and "|"; mend: ',
    ],
    [
      'two actions at one instant',
      { actions: [action('2026-01-01T00:00:00Z', 1, 2, 'a'), action('2026-01-01T00:00:00Z', 1, 2, 'b')] },
      'two actions are due at 2026-01-01T00:00:00Z, their order is undocumented; mend: ',
    ],
    [
      'an instant with an offset',
      { actions: [action('2026-01-01T00:00:00+01:00')] },
      'must be due at whole seconds in UTC such as 2026-01-01T00:10:00Z, got "2026-01-01T00:00:00+01:00"; mend: ',
    ],
    [
      'more actions than a target holds',
      {
        actions: Array.from({ length: 201 }, (_, day) =>
          action(`${new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 19)}Z`),
        ),
      },
      'plan "us-east-1/playback" has 201 actions, at most 200 fit on a scalable target; mend: ',
    ],
    [
      'another namespace',
      { namespace: 'lambda' },
      'scalable target "Other/Target/Resource" has namespace "ecs", the plan "us-east-1/playback" is for "lambda"; mend: ',
    ],
    [
      'another dimension',
      { dimension: 'ecs:service:Other' },
      'has dimension "ecs:service:DesiredCount", the plan "us-east-1/playback" is for "ecs:service:Other"; mend: ',
    ],
  ];
  test.each(unusable)('refuses %s', (_, plan, message) => {
    expect(attach(plan)).toThrow(message);
  });

  test('names all that is wrong with a plan at once', () => {
    expect(attach({ min: 1601, actions: [action('2026-01-01T00:00:00Z', 20, 10)] })).toThrow(
      /^ReleaseFloors "Other\/ReleaseFloors": .* above max 1600; .*; also: action .* above max 10; /,
    );
  });

  test('refuses a construct without a scalable target, and says which to pass', () => {
    const stack = new OtherStack();
    const target = ScalableTarget.fromScalableTargetId(stack, 'Imported', 'service/a/b|ecs:service:DesiredCount|ecs');
    expect(() => new ReleaseFloors(stack, 'ReleaseFloors', { plan: targetPlan, target })).toThrow(
      'no scalable target found under "Other/Imported"; mend: ',
    );
  });

  test('refuses what is not a construct', () => {
    const target = 'service/cluster/service' as unknown as IConstruct;
    expect(() => new ReleaseFloors(new OtherStack(), 'ReleaseFloors', { plan: targetPlan, target })).toThrow(
      'target must be a construct, got service/cluster/service; mend: ',
    );
  });

  test('refuses a construct with several scalable targets, and names them', () => {
    const stack = new OtherStack();
    const target = new Construct(stack, 'Both');
    scalableTarget(target, 'A');
    scalableTarget(target, 'B');
    expect(() => new ReleaseFloors(stack, 'ReleaseFloors', { plan: targetPlan, target })).toThrow(
      '2 scalable targets found under "Other/Both": "Other/Both/A/Resource", "Other/Both/B/Resource"; mend: ',
    );
  });

  test('refuses a second plan on one target', () => {
    const stack = new OtherStack();
    const target = scalableTarget(stack);
    new ReleaseFloors(stack, 'First', { plan: targetPlan, target });
    expect(() => new ReleaseFloors(stack, 'Second', { plan: targetPlan, target })).toThrow(
      'scalable target "Other/Target/Resource" has the floors of "Other/First" already; mend: ',
    );
  });

  const nightly = { schedule: Schedule.cron({ hour: '1', minute: '0' }), minCapacity: 5 };

  test('refuses a target that has scheduled actions', () => {
    const stack = new OtherStack();
    const target = scalableTarget(stack);
    target.scaleOnSchedule('Nightly', nightly);
    expect(() => new ReleaseFloors(stack, 'ReleaseFloors', { plan: targetPlan, target })).toThrow(
      'scalable target "Other/Target/Resource" has scheduled actions of its own: Nightly; the last to fire would win; mend: ',
    );
  });

  test('refuses scheduled actions that are added later, at synthesis', () => {
    const stack = new OtherStack();
    const target = scalableTarget(stack);
    new ReleaseFloors(stack, 'ReleaseFloors', { plan: targetPlan, target });
    target.scaleOnSchedule('Nightly', nightly);
    expect(() => Template.fromStack(stack)).toThrow('has scheduled actions of its own: Nightly');
  });

  test('warns of a service whose template would overwrite the live count, and only of that', () => {
    for (const [desiredCount, warnings] of [
      [3, ['service "Other/Service/Service" states a desired count of 3, which overwrites the live count']],
      [undefined, []],
    ] as const) {
      const stack = new OtherStack();
      new ReleaseFloors(stack, 'ReleaseFloors', { plan: targetPlan, target: taskCount(stack, desiredCount) });
      const found = stack.node
        .findAll()
        .flatMap(({ node }) => node.metadata.filter(({ type }) => type === 'aws:cdk:warning'));
      expect(found.map(({ data }) => String(data))).toEqual(
        warnings.map((warning) => expect.stringContaining(warning)),
      );
    }
  });

  test('refuses bounds that are changed later, at synthesis', () => {
    const stack = new OtherStack();
    const { scalableTarget: target } = new ReleaseFloors(stack, 'ReleaseFloors', {
      plan: targetPlan,
      target: scalableTarget(stack),
    });
    target.minCapacity = 3;
    expect(() => Template.fromStack(stack)).toThrow('were changed after the plan was attached; mend: ');
  });
});

describe('ZonedVpc', () => {
  const build = (props: Partial<ZonedVpcProps> = {}, stack = new OtherStack()) => {
    new ZonedVpc(stack, 'Network', {
      zoneIds: ['use1-az1', 'use1-az2'],
      cidr: '10.0.0.0/20',
      maximumTasks: 900,
      logBucket: new LogBucket(stack, 'Logs'),
      ...props,
    });
    return Template.fromStack(stack);
  };

  test('places subnets by zone id, never by a name that means another zone in another account', () => {
    const subnets = Object.values(build().findResources('AWS::EC2::Subnet')).map(({ Properties }) => Properties);
    expect(subnets.map(({ AvailabilityZoneId, CidrBlock }) => `${AvailabilityZoneId} ${CidrBlock}`)).toEqual([
      'use1-az1 10.0.0.0/22',
      'use1-az2 10.0.4.0/22',
      'use1-az1 10.0.8.0/28',
      'use1-az2 10.0.8.16/28',
    ]);
    expect(subnets.some((properties) => 'AvailabilityZone' in properties)).toBe(false);
  });

  test('has a way out in each zone, and an internet gateway, which VPC origins need', () => {
    const template = build();
    template.resourceCountIs('AWS::EC2::NatGateway', 2);
    template.resourceCountIs('AWS::EC2::InternetGateway', 1);
  });

  test('logs all flows and closes the default security group', () => {
    const template = build();
    template.hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'ALL', LogDestinationType: 's3' });
    template.resourceCountIs('Custom::VpcRestrictDefaultSG', 1);
  });

  test.each<[string, Partial<ZonedVpcProps>, string]>([
    [
      'a range that cannot hold the tasks after the loss of a zone',
      { maximumTasks: 920 },
      'must hold 920 tasks after the loss of one of 2 zones, 10.0.0.0/20 holds 919; mend: ',
    ],
    ['a range without mask', { cidr: '10.0.0.0' }, 'with a mask of /16 to /28, got "10.0.0.0"; mend: '],
    ['a single zone', { zoneIds: ['use1-az1'] }, "must span at least 2 of the stack's availabilityZones"],
    [
      'zones that the stack does not name, which would be looked up',
      { zoneIds: ['use1-az1', 'use1-az4'] },
      '(use1-az1, use1-az2), got use1-az1, use1-az4; mend: ',
    ],
  ])('refuses %s', (_, props, message) => {
    expect(() => build(props)).toThrow(message);
  });
});

describe('PlaybackTier', () => {
  const build = (props: Partial<PlaybackTierProps> = {}) => {
    const stack = new OtherStack();
    new PlaybackTier(stack, 'PlaybackTier', {
      vpc: new Vpc(stack, 'Vpc'),
      ingress: [Peer.prefixList('pl-1')],
      logBucket: new LogBucket(stack, 'Logs'),
      image: ContainerImage.fromRegistry('app'),
      port: 8080,
      cpu: 1024,
      memoryMiB: 2048,
      ...props,
    });
    return Template.fromStack(stack);
  };

  test('never states a number of tasks, which would overwrite the live one', () => {
    build().hasResourceProperties('AWS::ECS::Service', { DesiredCount: Match.absent() });
  });

  test('keeps all tasks while a deployment rolls, in the room that the layer has, and rolls back a bad one', () => {
    const deployment = (maximum: number) => ({
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100,
        MaximumPercent: maximum,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
    });
    build().hasResourceProperties('AWS::ECS::Service', deployment(110));
    build({ maximumPercent: 150 }).hasResourceProperties('AWS::ECS::Service', deployment(150));
  });

  test('has a private load balancer that drops invalid headers and logs access', () => {
    build().hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      Scheme: 'internal',
      LoadBalancerAttributes: Match.arrayWith([
        { Key: 'routing.http.drop_invalid_header_fields.enabled', Value: 'true' },
        { Key: 'access_logs.s3.enabled', Value: 'true' },
      ]),
    });
  });

  test('lets in only the named peer, and to tasks only the load balancer', () => {
    const rules = Object.values(build().findResources('AWS::EC2::SecurityGroupIngress'));
    expect(rules.map(({ Properties }) => [Properties.FromPort, Properties.ToPort])).toEqual([
      [80, 80],
      [8080, 8080],
    ]);
    expect(rules.map(({ Properties }) => Properties.SourcePrefixListId ?? 'a group')).toEqual(['pl-1', 'a group']);
    expect(rules.every(({ Properties }) => Properties.CidrIp === undefined)).toBe(true);
  });

  test('lets tasks out over TLS only', () => {
    build().hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: [Match.objectLike({ CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: 443, ToPort: 443 })],
    });
  });

  test('checks health at the root unless another path is given', () => {
    build().hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', { HealthCheckPath: '/', Port: 8080 });
    build({ healthCheckPath: '/health' }).hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      HealthCheckPath: '/health',
    });
  });

  test('publishes task counts and keeps task logs for a month', () => {
    const template = build();
    template.hasResourceProperties('AWS::ECS::Cluster', {
      ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }],
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  test.each<[string, Partial<PlaybackTierProps>, string]>([
    [
      'no ingress',
      { ingress: [] },
      'PlaybackTier "Other/PlaybackTier" has no ingress, so nobody could reach it; mend: ',
    ],
    ['no room for a deployment', { maximumPercent: 100 }, 'must have a maximumPercent above 100, got 100; '],
  ])('refuses %s', (_, props, message) => {
    expect(() => build(props)).toThrow(message);
  });
});

describe('EdgeDistribution', () => {
  const build = (
    props: (stack: OtherStack) => Partial<EdgeDistributionProps> = () => ({}),
    stack = new OtherStack(),
  ) => {
    new EdgeDistribution(stack, 'Edge', {
      playback: new ApplicationLoadBalancer(stack, 'LoadBalancer', { vpc: new Vpc(stack, 'Vpc') }),
      logBucket: new LogBucket(stack, 'Logs'),
      ...props(stack),
    });
    return Template.fromStack(stack);
  };
  const DISTRIBUTION = 'AWS::CloudFront::Distribution';

  test('shows a page of its own for server errors, with the status kept and forgotten after 10 s', () => {
    build().hasResourceProperties(DISTRIBUTION, {
      DistributionConfig: {
        CustomErrorResponses: [500, 502, 503, 504].map((status) => ({
          ErrorCode: status,
          ResponseCode: status,
          ResponsePagePath: '/error-page/5xx.html',
          ErrorCachingMinTTL: 10,
        })),
        CacheBehaviors: Match.arrayWith([Match.objectLike({ PathPattern: '/error-page/*' })]),
      },
    });
  });

  test('sends playback requests to the private load balancer, uncached', () => {
    const template = build(() => ({ playbackPaths: ['/play/*'], playbackPort: 8080 }));
    template.hasResourceProperties(DISTRIBUTION, {
      DistributionConfig: {
        CacheBehaviors: Match.arrayWith([
          Match.objectLike({ PathPattern: '/play/*', CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad' }),
        ]),
        Origins: Match.arrayWith([
          Match.objectLike({ VpcOriginConfig: Match.anyValue(), ConnectionAttempts: 2, ConnectionTimeout: 3 }),
        ]),
      },
    });
    template.hasResourceProperties('AWS::CloudFront::VpcOrigin', {
      VpcOriginEndpointConfig: { HTTPPort: 8080, OriginProtocolPolicy: 'http-only' },
    });
  });

  test('keeps tags off the VPC origin, which cannot change while it is in use', () => {
    const app = testApp();
    Tags.of(app).add('release', '1');
    const template = build(undefined, new OtherStack(app));
    template.hasResourceProperties('AWS::CloudFront::VpcOrigin', { Tags: Match.absent() });
    template.hasResourceProperties(DISTRIBUTION, { Tags: [{ Key: 'release', Value: '1' }] });
  });

  test('speaks HTTP/3, and sends security headers from every path', () => {
    const template = build();
    template.hasResourceProperties(DISTRIBUTION, {
      DistributionConfig: {
        HttpVersion: 'http2and3',
        DefaultCacheBehavior: { ResponseHeadersPolicyId: Match.anyValue() },
        CacheBehaviors: [
          Match.objectLike({ ResponseHeadersPolicyId: Match.anyValue() }),
          Match.objectLike({ ResponseHeadersPolicyId: Match.anyValue() }),
        ],
      },
    });
    template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: {
        SecurityHeadersConfig: {
          StrictTransportSecurity: { AccessControlMaxAgeSec: 31_536_000 },
          FrameOptions: { FrameOption: 'DENY' },
        },
      },
    });
  });

  test('requires TLS 1.2 under names of its own', () => {
    const names = ['watch.example.com'];
    build((stack) => ({
      domain: {
        names,
        certificate: Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:us-east-1:1:certificate/a'),
      },
    })).hasResourceProperties(DISTRIBUTION, {
      DistributionConfig: { Aliases: names, ViewerCertificate: { MinimumProtocolVersion: 'TLSv1.2_2021' } },
    });
  });

  test('takes a web ACL', () => {
    const webAclArn = 'arn:aws:wafv2:us-east-1:1:global/webacl/a/b';
    build(() => ({ webAclArn })).hasResourceProperties(DISTRIBUTION, { DistributionConfig: { WebACLId: webAclArn } });
  });

  test('delivers access logs as Parquet', () => {
    const template = build();
    template.hasResourceProperties('AWS::Logs::DeliverySource', { LogType: 'ACCESS_LOGS' });
    template.hasResourceProperties('AWS::Logs::DeliveryDestination', { OutputFormat: 'parquet' });
  });

  test('warns of nothing', () => {
    const stack = new OtherStack();
    build(undefined, stack);
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('refuses a region where CloudFront has no logs', () => {
    const stack = new OtherStack(testApp(), ['euw1-az1', 'euw1-az2'], 'eu-west-1');
    expect(() => build(undefined, stack)).toThrow('must stand in a stack in us-east-1, ');
  });
});

describe('the error page', () => {
  const page = readFileSync(join(__dirname, '..', '..', 'assets', 'error-page', '5xx.html'), 'utf8');

  test('loads nothing, because nothing else may load', () => {
    expect(page).not.toMatch(/https?:|<script|<img|@import|url\(|src=/i);
    expect(Buffer.byteLength(page)).toBeLessThan(30_000);
  });

  test('states its language, follows the scheme of the system and offers another try', () => {
    expect(page).toMatch(/<html lang="en">/);
    expect(page).toMatch(/prefers-color-scheme: dark/);
    expect(page).toMatch(/<a href="">Try again<\/a>/);
  });
});
