import {
  CfnScalableTarget,
  PredefinedMetric,
  ScalableTarget,
  Schedule,
  ServiceNamespace,
  TargetTrackingScalingPolicy,
} from 'aws-cdk-lib/aws-applicationautoscaling';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Fn, NestedStack } from 'aws-cdk-lib/core';
import { Construct, type IConstruct } from 'constructs';
import type { DeployPlan, TargetPlan } from '../../lib/capacity/capacity-plan';
import { ReleaseFloors, type ScalableResource } from '../../lib/constructs/release-floors';
import { floorsOf, targetPlan } from '../fixtures/plan';
import { OtherStack } from '../stacks/test-app';

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

function provisionedTable(stack: Construct): Table {
  const partitionKey = { name: 'id', type: AttributeType.STRING };
  const table = new Table(stack, 'Table', { partitionKey, billingMode: BillingMode.PROVISIONED });
  table.addGlobalSecondaryIndex({ indexName: 'by-date', partitionKey });
  return table;
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
    new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf(targetPlan), target: scalableTarget(stack) });
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
    new ReleaseFloors(stack, 'ReleaseFloors', {
      ...floorsOf({ ...targetPlan, actions: [] }),
      target: scalableTarget(stack),
    });
    Template.fromStack(stack).hasResourceProperties(SCALABLE_TARGET, { ScheduledActions: Match.absent() });
  });

  const limits = { minCapacity: 1, maxCapacity: 2 };
  const attachable: [string, (stack: OtherStack) => [IConstruct, Partial<TargetPlan>]][] = [
    ['the task count of an ECS service', (stack) => [taskCount(stack), {}]],
    [
      'the write capacity of a DynamoDB table',
      (stack) => [
        provisionedTable(stack).autoScaleWriteCapacity(limits),
        { namespace: 'dynamodb', dimension: 'dynamodb:table:WriteCapacityUnits' },
      ],
    ],
    [
      'the read capacity of a DynamoDB table',
      (stack) => [
        provisionedTable(stack).autoScaleReadCapacity(limits),
        { namespace: 'dynamodb', dimension: 'dynamodb:table:ReadCapacityUnits' },
      ],
    ],
    [
      'the write capacity of an index of a DynamoDB table',
      (stack) => [
        provisionedTable(stack).autoScaleGlobalSecondaryIndexWriteCapacity('by-date', limits),
        { namespace: 'dynamodb', dimension: 'dynamodb:index:WriteCapacityUnits' },
      ],
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
    new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf({ ...targetPlan, ...plan }), target });
    Template.fromStack(stack).hasResourceProperties(SCALABLE_TARGET, {
      MinCapacity: 120,
      MaxCapacity: 1600,
      ScheduledActions: Match.arrayWith([Match.objectLike({ ScheduledActionName: 'floor-20251231T2355Z' })]),
    });
  });

  test.each([
    ['ecs:service:DesiredCount', 'service/media/playback'],
    ['lambda:function:ProvisionedConcurrency', 'function:sign-in:live'],
    ['lambda:function:ProvisionedConcurrency', 'function:sign-in:12'],
    ['dynamodb:table:ReadCapacityUnits', 'table/sessions'],
    ['dynamodb:table:WriteCapacityUnits', 'table/sessions'],
    ['dynamodb:index:ReadCapacityUnits', 'table/sessions/index/by-date'],
    ['dynamodb:index:WriteCapacityUnits', 'table/sessions/index/by-date'],
    ['rds:cluster:ReadReplicaCount', 'cluster:catalogue'],
    ['elasticache:replication-group:NodeGroups', 'replication-group/sessions'],
    ['elasticache:replication-group:Replicas', 'replication-group/sessions'],
    // A form that is not known here is CloudFormation's to check.
    ['kafka:broker-storage:VolumeSize', 'arn:aws:kafka:eu-west-1:123456789012:cluster/events/1'],
  ])('makes a target for %s of %s, defined elsewhere, and leaves the role to AWS', (dimension, resourceId) => {
    const stack = new OtherStack();
    const namespace = dimension.split(':')[0]!;
    new ReleaseFloors(stack, 'ReleaseFloors', {
      ...floorsOf({ ...targetPlan, namespace, dimension }),
      target: { resourceId },
    });
    const [{ Properties }] = Object.values(Template.fromStack(stack).findResources(SCALABLE_TARGET)) as [
      { Properties: object },
    ];
    expect(Properties).toEqual({
      ServiceNamespace: namespace,
      ScalableDimension: dimension,
      ResourceId: resourceId,
      MinCapacity: 120,
      MaxCapacity: 1600,
      ScheduledActions: [972, 379, 120].map((MinCapacity) =>
        expect.objectContaining({ ScalableTargetAction: { MinCapacity, MaxCapacity: 1600 } }),
      ),
      // Whatever is registered, in a rollback too, no policy gives anything back before the guard has looked.
      SuspendedState: {
        DynamicScalingInSuspended: true,
        DynamicScalingOutSuspended: false,
        ScheduledScalingSuspended: false,
      },
    });
  });

  test('makes a target for one that is imported by its id', () => {
    const stack = new OtherStack();
    const target = ScalableTarget.fromScalableTargetId(stack, 'Imported', 'service/a/b|ecs:service:DesiredCount|ecs');
    new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf(targetPlan), target });
    Template.fromStack(stack).hasResourceProperties(SCALABLE_TARGET, { ResourceId: 'service/a/b', MinCapacity: 120 });
  });

  test('takes the role that is named', () => {
    const stack = new OtherStack();
    const roleArn = 'arn:aws:iam::123456789012:role/scaling';
    new ReleaseFloors(stack, 'ReleaseFloors', {
      ...floorsOf(targetPlan),
      target: { resourceId: 'service/a/b', roleArn },
    });
    Template.fromStack(stack).hasResourceProperties(SCALABLE_TARGET, { RoleARN: roleArn });
  });

  test('leaves a resource id to CloudFormation as far as it holds tokens', () => {
    const stack = new OtherStack();
    const cluster = new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Vpc') });
    const { serviceName } = FargateService.fromFargateServiceAttributes(stack, 'Service', {
      cluster,
      serviceName: 'playback',
    });
    const resourceId = `service/${cluster.clusterName}/${serviceName}`;
    new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf(targetPlan), target: { resourceId } });
    const ref = { Ref: Match.stringLikeRegexp('^Cluster') };
    Template.fromStack(stack).hasResourceProperties(SCALABLE_TARGET, {
      ResourceId: { 'Fn::Join': ['', ['service/', ref, '/playback']] },
    });
  });

  test('has a target to which policies can be added', () => {
    const stack = new OtherStack();
    const { scalableTarget: scalingTarget } = new ReleaseFloors(stack, 'ReleaseFloors', {
      ...floorsOf(targetPlan),
      target: { resourceId: 'service/a/b' },
    });
    new TargetTrackingScalingPolicy(stack, 'Cpu', {
      scalingTarget,
      targetValue: 60,
      predefinedMetric: PredefinedMetric.ECS_SERVICE_AVERAGE_CPU_UTILIZATION,
    });
    const template = Template.fromStack(stack);
    const [logicalId] = Object.keys(template.findResources(SCALABLE_TARGET));
    const [policy] = Object.values(template.findResources('AWS::ApplicationAutoScaling::ScalingPolicy'));
    expect(JSON.stringify(policy)).toContain(JSON.stringify({ Ref: logicalId }));
  });

  test.each([
    ['ecs:service:DesiredCount', 'playback', 'service/CLUSTER/SERVICE'],
    ['ecs:service:DesiredCount', 'service/playback', 'service/CLUSTER/SERVICE'],
    ['ecs:service:DesiredCount', 'arn:aws:ecs:eu-west-1:123456789012:service/a/b', 'service/CLUSTER/SERVICE'],
    ['ecs:service:DesiredCount', 'service/a/b|ecs:service:DesiredCount|ecs/c', 'service/CLUSTER/SERVICE'],
    ['lambda:function:ProvisionedConcurrency', 'function:sign-in', 'function:NAME:ALIAS or function:NAME:VERSION'],
    ['lambda:function:ProvisionedConcurrency', 'function:sign-in:$LATEST', 'function:NAME:ALIAS or'],
    ['dynamodb:table:WriteCapacityUnits', 'table/sessions/index/by-date', 'table/NAME'],
    ['dynamodb:index:WriteCapacityUnits', 'table/sessions', 'table/NAME/index/INDEX'],
    ['rds:cluster:ReadReplicaCount', 'cluster/catalogue', 'cluster:NAME'],
    ['elasticache:replication-group:NodeGroups', 'cache-cluster/sessions', 'replication-group/NAME'],
  ])('refuses for %s the resource id %s', (dimension, resourceId, form) => {
    const plan = { ...targetPlan, namespace: dimension.split(':')[0]!, dimension };
    const make = () =>
      new ReleaseFloors(new OtherStack(), 'ReleaseFloors', { ...floorsOf(plan), target: { resourceId } });
    expect(make).toThrow(`resourceId must be ${form}`);
    expect(make).toThrow(`for ${dimension}, got ${JSON.stringify(resourceId)}; mend: write it as "aws application-`);
  });

  test('refuses a second target for its resource id in the stack, also one that is added later', () => {
    const withLater = (id: string): OtherStack => {
      const stack = new OtherStack();
      new ReleaseFloors(stack, 'ReleaseFloors', {
        ...floorsOf(targetPlan),
        target: { resourceId: 'service/cluster/Target' },
      });
      scalableTarget(stack, id);
      return stack;
    };
    expect(() => Template.fromStack(withLater('Elsewhere'))).not.toThrow();
    expect(() => Template.fromStack(withLater('Target'))).toThrow(
      '"Other/Target/Resource" scales the resource id of "Other/ReleaseFloors/Target", too, and AWS knows one target for it; mend: ',
    );
  });

  test('refuses the plan of another region, whose target it could not reach', () => {
    const stack = new OtherStack(undefined, ['euw1-az1', 'euw1-az2'], 'eu-west-1');
    expect(
      () => new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf(targetPlan), target: scalableTarget(stack) }),
    ).toThrow(
      'plan "us-east-1/playback" is for us-east-1, and its stack stands in eu-west-1, where that target is not; mend: ',
    );
  });

  test.each([
    ['nothing', undefined, 'got nothing'],
    ['the plan of one target', { id: 'us-east-1/playback' }, 'got {"id":"us-east-1/playback"}'],
  ])('refuses %s in place of the plan of an environment', (_, plan, got) => {
    const stack = new OtherStack();
    const attached = (): ReleaseFloors =>
      new ReleaseFloors(stack, 'ReleaseFloors', {
        plan: plan as unknown as DeployPlan,
        layer: 'playback',
        target: scalableTarget(stack),
      });
    expect(attached).toThrow(`plan must be what loadPlan() returns, ${got}; mend: plan: loadPlan({ … })`);
  });

  test('refuses a layer that the plan does not have', () => {
    const stack = new OtherStack();
    const { plan } = floorsOf(targetPlan);
    expect(
      () => new ReleaseFloors(stack, 'ReleaseFloors', { plan, layer: 'search', target: scalableTarget(stack) }),
    ).toThrow(
      'ReleaseFloors "Other/ReleaseFloors": the plan of "prod" has no layer "search"; mend: choose from "playback"',
    );
  });

  const attach = (plan: Partial<TargetPlan>) => () => {
    const stack = new OtherStack();
    new ReleaseFloors(stack, 'ReleaseFloors', {
      ...floorsOf({ ...targetPlan, ...plan }),
      target: scalableTarget(stack),
    });
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
    const target = new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Vpc') });
    expect(() => new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf(targetPlan), target })).toThrow(
      'no scalable target found under "Other/Cluster"; mend: pass what autoScaleTaskCount()',
    );
  });

  test.each([
    ['of too few parts', 'service/a/b', 'got "service/a/b"; mend: pass { resourceId } instead'],
    [
      'of too many parts',
      'service/a/b|ecs:service:DesiredCount|ecs|x',
      'must be known here and be RESOURCE|DIMENSION|NAMESPACE',
    ],
    ['that is known at the deploy only', Fn.importValue('Target'), 'got a token; mend: pass { resourceId } instead'],
    [
      'of another namespace',
      'table/a|dynamodb:table:ReadCapacityUnits|dynamodb',
      'has namespace "dynamodb", the plan "us-east-1/playback" is for',
    ],
    [
      'of another kind of resource',
      'function:a:b|ecs:service:DesiredCount|ecs',
      'resourceId must be service/CLUSTER/SERVICE for ecs:service:Desired',
    ],
  ])('refuses an imported id %s', (_, id, message) => {
    const stack = new OtherStack();
    const target = ScalableTarget.fromScalableTargetId(stack, 'Imported', id);
    expect(() => new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf(targetPlan), target })).toThrow(message);
  });

  test.each([
    ['service/cluster/service', 'got service/cluster/service'],
    [undefined, 'got undefined'],
    [{ resourceID: 'service/a/b' }, 'got neither'],
  ])('refuses what is neither a construct nor has a resource id: %j', (target, got) => {
    const make = () =>
      new ReleaseFloors(new OtherStack(), 'ReleaseFloors', {
        ...floorsOf(targetPlan),
        target: target as unknown as ScalableResource,
      });
    expect(make).toThrow(`target must be a construct or have a resourceId, ${got}; mend: `);
  });

  test('refuses a construct with several scalable targets, and names them', () => {
    const stack = new OtherStack();
    const target = new Construct(stack, 'Both');
    scalableTarget(target, 'A');
    scalableTarget(target, 'B');
    expect(() => new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf(targetPlan), target })).toThrow(
      '2 scalable targets found under "Other/Both": "Other/Both/A/Resource", "Other/Both/B/Resource"; mend: ',
    );
  });

  test('refuses a second plan on one target', () => {
    const stack = new OtherStack();
    const target = scalableTarget(stack);
    new ReleaseFloors(stack, 'First', { ...floorsOf(targetPlan), target });
    const search = { ...targetPlan, id: 'us-east-1/search' };
    expect(() => new ReleaseFloors(stack, 'Second', { ...floorsOf(search), target })).toThrow(
      'scalable target "Other/Target/Resource" has the floors of "Other/First" already; mend: ',
    );
  });

  test('refuses one layer on two targets, whose metrics would be one', () => {
    const stack = new OtherStack();
    new ReleaseFloors(stack, 'First', { ...floorsOf(targetPlan), target: { resourceId: 'service/a/b' } });
    const second = () =>
      new ReleaseFloors(stack, 'Second', { ...floorsOf(targetPlan), target: { resourceId: 'service/a/c' } });
    expect(second).toThrow(
      'the floors of "prod/us-east-1/playback" are attached by "Other/First" already, and what the guards of both see would be one; mend: ',
    );
  });

  test('refuses a target of another stack, which no step of a deploy could come before and after', () => {
    const stack = new OtherStack();
    const nested = new NestedStack(stack, 'Nested');
    const target = scalableTarget(nested);
    expect(() => new ReleaseFloors(stack, 'Outside', { ...floorsOf(targetPlan), target })).toThrow(
      'stands in another stack, so no step of a deploy could come before and after it; mend: create ReleaseFloors in the scope of that stack',
    );
    new ReleaseFloors(nested, 'Inside', { ...floorsOf(targetPlan), target });
    Template.fromStack(nested).hasResourceProperties(SCALABLE_TARGET, { MinCapacity: 120 });
  });

  const nightly = { schedule: Schedule.cron({ hour: '1', minute: '0' }), minCapacity: 5 };

  test('refuses a target that has scheduled actions', () => {
    const stack = new OtherStack();
    const target = scalableTarget(stack);
    target.scaleOnSchedule('Nightly', nightly);
    expect(() => new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf(targetPlan), target })).toThrow(
      'scalable target "Other/Target/Resource" has scheduled actions of its own: Nightly; the last to fire would win; mend: ',
    );
  });

  test('refuses scheduled actions that are added later, at synthesis', () => {
    const stack = new OtherStack();
    const target = scalableTarget(stack);
    new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf(targetPlan), target });
    target.scaleOnSchedule('Nightly', nightly);
    expect(() => Template.fromStack(stack)).toThrow('has scheduled actions of its own: Nightly');
  });

  test('warns of a service whose template would overwrite the live count, and only of that', () => {
    for (const [desiredCount, warnings] of [
      [3, ['service "Other/Service/Service" states a desired count of 3, which overwrites the live count']],
      [undefined, []],
    ] as const) {
      const stack = new OtherStack();
      new ReleaseFloors(stack, 'ReleaseFloors', { ...floorsOf(targetPlan), target: taskCount(stack, desiredCount) });
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
      ...floorsOf(targetPlan),
      target: scalableTarget(stack),
    });
    target.minCapacity = 3;
    expect(() => Template.fromStack(stack)).toThrow('were changed after the plan was attached; mend: ');
  });
});
