import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, FargateService } from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancer, ApplicationTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Stack } from 'aws-cdk-lib/core';
import type { TargetPlan } from '../../lib/capacity/capacity-plan';
import type { GuardMetric } from '../../lib/capacity/guard-metrics';
import { AlarmTopic, type AlarmTopics } from '../../lib/constructs/alarm-topic';
import { EdgeAlarms } from '../../lib/constructs/edge-alarms';
import { FloorAlarms } from '../../lib/constructs/floor-alarms';
import { LaunchDashboard } from '../../lib/constructs/launch-dashboard';
import { ReleaseFloors } from '../../lib/constructs/release-floors';
import { ServiceAlarms } from '../../lib/constructs/service-alarms';
import { floorsOf, targetPlan } from '../fixtures/plan';
import { OtherStack, testApp, testStage } from '../stacks/test-app';

const topicsIn = (stack: Stack) => ({ wake: new Topic(stack, 'Wake'), inform: new Topic(stack, 'Inform') });

function floorAlarms(
  target: TargetPlan = targetPlan,
  {
    resourceId = 'service/media/playback',
    countsHealthy = true,
    topics,
  }: {
    resourceId?: string;
    countsHealthy?: boolean;
    topics?: AlarmTopics;
  } = {},
  stack = new OtherStack(),
): FloorAlarms {
  const arn = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/playback/1';
  const floors = new ReleaseFloors(stack, 'Floors', {
    ...floorsOf(target),
    target: { resourceId },
    ...(countsHealthy && {
      targetGroup: ApplicationTargetGroup.fromTargetGroupAttributes(stack, 'Targets', { targetGroupArn: arn }),
    }),
  });
  return new FloorAlarms(stack, 'FloorAlarms', { floors, topics: topics ?? topicsIn(stack) });
}

function importedService(stack: Stack) {
  const balancers = 'arn:aws:elasticloadbalancing:us-east-1:123456789012';
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['use1-az1'] });
  const cluster = Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'media', vpc });
  return {
    service: FargateService.fromFargateServiceAttributes(stack, 'Service', { cluster, serviceName: 'playback' }),
    loadBalancer: ApplicationLoadBalancer.fromApplicationLoadBalancerAttributes(stack, 'LoadBalancer', {
      loadBalancerArn: `${balancers}:loadbalancer/app/media/1`,
      securityGroupId: 'sg-1',
    }),
  };
}

function serviceAlarms(stack = new OtherStack()): ServiceAlarms {
  const { service, loadBalancer } = importedService(stack);
  return new ServiceAlarms(stack, 'ServiceAlarms', {
    name: 'prod-playback',
    service,
    loadBalancer,
    latencyP99Seconds: 1,
    topics: topicsIn(stack),
  });
}

function edgeAlarms(stack: Stack = new OtherStack()): EdgeAlarms {
  const distribution = Distribution.fromDistributionAttributes(stack, 'Distribution', {
    distributionId: 'E1',
    domainName: 'd1.cloudfront.net',
  });
  return new EdgeAlarms(stack, 'EdgeAlarms', { name: 'prod', distribution, wake: new Topic(stack, 'Wake') });
}

interface Metric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: { readonly Name: string; readonly Value: unknown }[];
}

interface AlarmProperties extends Metric {
  readonly AlarmName: string;
  readonly AlarmDescription: unknown;
  readonly AlarmActions: unknown[];
  readonly OKActions?: unknown[];
  readonly ComparisonOperator: 'GreaterThanThreshold' | 'GreaterThanOrEqualToThreshold' | 'LessThanOrEqualToThreshold';
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly TreatMissingData: 'breaching' | 'notBreaching' | 'missing';
  readonly Period: number;
  readonly Metrics?: {
    readonly Id: string;
    readonly Expression?: string;
    readonly MetricStat?: { readonly Metric: Metric; readonly Period: number; readonly Stat: string };
  }[];
}

function alarmsOf(stack: Stack): Map<string, AlarmProperties> {
  const found = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => Properties as AlarmProperties,
  );
  return new Map(found.map((alarm) => [alarm.AlarmName.split('-').at(-1)!, alarm]));
}

/** What was published in a minute, by metric; what is left out is missing. */
type Minute = Readonly<Partial<Record<string, number>>>;

/** The value of an alarm's metric in a minute: the expression is evaluated as CloudWatch documents it. */
function valueIn({ MetricName, Metrics }: AlarmProperties, minute: Minute): number | undefined {
  if (!Metrics) return minute[MetricName];
  const expression = Metrics.find(({ Expression }) => Expression !== undefined)!.Expression!;
  const inputs = Metrics.filter(({ MetricStat }) => MetricStat !== undefined).map(
    ({ Id, MetricStat }) => [Id, minute[MetricStat!.Metric.MetricName]] as const,
  );
  const unfilled = expression.replaceAll(/FILL\(\w+, 0\)/g, '');
  if (inputs.some(([id, value]) => value === undefined && new RegExp(`\\b${id}\\b`).test(unfilled))) return undefined;
  // oxlint-disable-next-line typescript/no-implied-eval -- the grammar of an expression is that of JavaScript
  const evaluate = new Function('IF', 'FILL', ...inputs.map(([id]) => id), `return ${expression}`);
  return evaluate(
    (condition: boolean, yes: number, no: number) => (condition ? yes : no),
    (value: number | undefined, filler: number) => value ?? filler,
    ...inputs.map(([, value]) => value),
  ) as number;
}

/** Whether an alarm fires after these minutes, the last of which was the last. */
function fires(alarm: AlarmProperties, minutes: readonly Minute[]): boolean {
  const { EvaluationPeriods, DatapointsToAlarm, ComparisonOperator, Threshold, TreatMissingData } = alarm;
  const breaching = minutes.slice(-EvaluationPeriods).filter((minute) => {
    const value = valueIn(alarm, minute);
    if (value === undefined) return TreatMissingData === 'breaching';
    if (ComparisonOperator === 'LessThanOrEqualToThreshold') return value <= Threshold;
    return ComparisonOperator === 'GreaterThanThreshold' ? value > Threshold : value >= Threshold;
  });
  return breaching.length >= DatapointsToAlarm;
}

const times = (count: number, minute: Minute): Minute[] => new Array<Minute>(count).fill(minute);

describe('AlarmTopic', () => {
  const build = (...subscribers: string[]) => {
    const stack = new OtherStack();
    new AlarmTopic(stack, 'Wake', { displayName: 'prescale prod', subscribers });
    return stack;
  };

  test('lets the alarms of this account publish, over TLS alone', () => {
    const template = Template.fromStack(build('oncall@example.com'));
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Principal: '*',
            Action: 'sns:Publish',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnLike: {
                'aws:SourceArn': {
                  'Fn::Join': ['', ['arn:aws:cloudwatch:us-east-1:', { Ref: 'AWS::AccountId' }, ':alarm:*']],
                },
              },
            },
          }),
        ]),
      },
    });
    // A key that AWS manages would silence all alarms.
    template.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.absent() });
  });

  test('tells e-mail addresses and https URLs', () => {
    const template = Template.fromStack(build('oncall@example.com', 'https://events.example.com/key'));
    template.resourceCountIs('AWS::SNS::Subscription', 2);
    template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'oncall@example.com' });
    template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'https',
      Endpoint: 'https://events.example.com/key',
    });
  });

  test.each(['http://events.example.com', 'oncall', '+4912345678'])('refuses %s', (subscriber) => {
    expect(() => build(subscriber)).toThrow(
      `AlarmTopic "Other/Wake": a subscriber must be an e-mail address or an https URL, got "${subscriber}"; mend: `,
    );
  });

  test('warns when it has no subscriber', () => {
    const warnings = (stack: Stack) =>
      Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('its alarms reach nobody; mend: '));
    expect(warnings(build())).toHaveLength(1);
    expect(warnings(build('oncall@example.com'))).toEqual([]);
  });
});

describe('FloorAlarms', () => {
  const alarms = alarmsOf(Stack.of(floorAlarms()));
  const asPlanned = {
    PlannedFloor: 850,
    LiveFloor: 850,
    Running: 850,
    Healthy: 850,
    ScaleInSuspended: 1,
    ScaleInHeld: 1,
    Repairs: 0,
    Problems: 0,
    HoursCovered: 2000,
    GuardFailed: 0,
    Overrides: 0,
    Paused: 0,
    DrillSeconds: 90,
    DrillFailed: 0,
  } satisfies Record<GuardMetric, number>;
  const silent = {};

  test.each<[name: string, what: string, minutes: Minute[]]>([
    ['HealthyBelowFloor', 'for 8 minutes a unit is missing', times(8, { ...asPlanned, Healthy: 849 })],
    ['LiveBelowFloor', 'for 3 minutes the guard has not mended it', times(3, { ...asPlanned, LiveFloor: 120 })],
    [
      'LiveAbovePlan',
      'somebody raised it and has not lowered it for 15 minutes',
      times(15, { ...asPlanned, LiveFloor: 900 }),
    ],
    ['SuspendedTooLong', 'a deploy is stuck', times(30, { ...asPlanned, ScaleInHeld: 0 })],
    ['GuardFailed', 'it failed twice', [{ GuardFailed: 1 }, asPlanned, { GuardFailed: 1 }]],
    ['GuardFailed', 'it is silent', [asPlanned, silent, silent]],
    ['GuardRepaired', 'once is told', [asPlanned, { ...asPlanned, Repairs: 1 }]],
    ['DrillFailed', 'not all were healthy', [asPlanned, { ...asPlanned, DrillFailed: 1 }]],
    ['OverrideActive', 'somebody has raised the floor', [asPlanned, { ...asPlanned, Overrides: 1 }]],
    ['GuardPaused', 'somebody has paused it', [asPlanned, { ...asPlanned, Overrides: 2, Paused: 1 }]],
    ['PlanEnding', 'a week is left', times(3, { ...asPlanned, HoursCovered: 168 })],
    ['PlanExpired', 'the plan is over', times(3, { ...asPlanned, HoursCovered: 0, Problems: 1 })],
    [
      'GuardProblems',
      'others have actions, beside a floor that was raised',
      times(15, { ...asPlanned, Problems: 2, LiveFloor: 900 }),
    ],
  ])('%s fires: %s', (name, _, minutes) => {
    const alarm = alarms.get(name)!;
    expect(fires(alarm, minutes)).toBe(true);
    expect(fires(alarm, [...minutes.slice(0, -1), asPlanned])).toBe(false);
  });

  test.each<[what: string, minutes: Minute[]]>([
    ['all is as planned', times(60, asPlanned)],
    ['more than a week is left', times(60, { ...asPlanned, HoursCovered: 168.01 })],
    ['more run than the floor', times(60, { ...asPlanned, Running: 1200, Healthy: 1190 })],
    ['one run of the guard is late', [...times(30, asPlanned), silent]],
    ['a rise takes the time that it may', [...times(30, asPlanned), ...times(7, { ...asPlanned, Healthy: 120 })]],
    ['a deploy suspends scale-in', [asPlanned, ...times(29, { ...asPlanned, ScaleInHeld: 0 })]],
    ['a window opens, and scale-in is not suspended yet', times(1, { ...asPlanned, ScaleInSuspended: 0 })],
  ])('none fires while %s', (_, minutes) => {
    expect([...alarms].filter(([, alarm]) => fires(alarm, minutes)).map(([name]) => name)).toEqual([]);
  });

  test.each<[what: string, minutes: Minute[], told: string[]]>([
    ['the guard is silent', times(60, silent), ['GuardFailed']],
    ['a week is left', times(60, { ...asPlanned, HoursCovered: 168 }), ['PlanEnding']],
    ['the plan is over', times(60, { ...asPlanned, HoursCovered: -1, Problems: 1 }), ['PlanEnding', 'PlanExpired']],
    ['somebody raised the floor', times(60, { ...asPlanned, LiveFloor: 900, Problems: 1 }), ['LiveAbovePlan']],
    [
      'nothing can be read',
      times(60, { PlannedFloor: 850, ScaleInHeld: 1, Repairs: 0, Problems: 0, HoursCovered: 2000, GuardFailed: 1 }),
      ['GuardFailed'],
    ],
  ])('one cause is one alarm: %s', (_, minutes, told) => {
    expect([...alarms].filter(([, alarm]) => fires(alarm, minutes)).map(([name]) => name)).toEqual(told);
  });

  test('read what the guard publishes', () => {
    const read = [...alarms.values()].flatMap(({ Metrics, ...metric }) =>
      Metrics ? Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : [])) : [metric],
    );
    for (const { Namespace, MetricName, Dimensions } of read) {
      expect({ Namespace, Dimensions, known: MetricName in asPlanned }).toEqual({
        Namespace: 'prescale',
        Dimensions: [
          { Name: 'environment', Value: 'prod' },
          { Name: 'target', Value: 'us-east-1/playback' },
        ],
        known: true,
      });
    }
  });

  describe('give units the time that the plan reckons with, and 3 minutes', () => {
    const minutesOf = (target: Partial<TargetPlan>) =>
      alarmsOf(Stack.of(floorAlarms({ ...targetPlan, ...target }))).get('HealthyBelowFloor')!.EvaluationPeriods;
    const floorAt = (time: string, min: number) => ({
      name: `floor-${time.replace(':', '')}`,
      at: `2026-01-01T${time}:00Z`,
      min,
      max: 1600,
      releases: [],
    });

    test.each<[what: string, minutes: number, target: Partial<TargetPlan>]>([
      // 60 s + 120 s + 852/500 min = 282 s
      ['a rise by 852', 5 + 3, {}],
      ['no rise at all: what is lost is started again', 3 + 3, { actions: [] }],
      ['a deploy in the window', 5 + 3, { min: 972, actions: [floorAt('01:25', 120)] }],
      // Two of 500 units: ready at 00:04 and 00:05. Behind from 00:00 to 00:05.
      ['two rises within one lead time', 5 + 3, { actions: [floorAt('00:00', 620), floorAt('00:01', 1120)] }],
      ['two rises apart', 4 + 3, { actions: [floorAt('00:00', 620), floorAt('00:05', 1120)] }],
      [
        'replicas, one in ten minutes',
        // Ready 60 + 600 + 900 s after each; the second is launched when the first is, at 00:21, and ready at 00:36.
        36 + 3,
        {
          baseline: 1,
          min: 1,
          leadTime: { schedulerDelaySeconds: 60, startLatencySeconds: 900, unitsPerMinute: 0.1 },
          actions: [floorAt('00:00', 2), floorAt('00:05', 3)],
        },
      ],
      [
        'at most the day that CloudWatch looks back',
        1440,
        { leadTime: { schedulerDelaySeconds: 60, startLatencySeconds: 86_400, unitsPerMinute: 500 } },
      ],
    ])('%s', (_, minutes, target) => {
      expect(minutesOf(target)).toBe(minutes);
    });
  });

  test('count running tasks where no target group is counted, and nothing where there are no tasks', () => {
    const running = alarmsOf(Stack.of(floorAlarms(targetPlan, { countsHealthy: false }))).get('HealthyBelowFloor')!;
    expect(valueIn(running, { ...asPlanned, Running: 840 })).toBe(10);
    const table = {
      ...targetPlan,
      namespace: 'dynamodb',
      dimension: 'dynamodb:table:WriteCapacityUnits',
      unit: 'write',
    };
    const { alarms } = floorAlarms(table, { countsHealthy: false, resourceId: 'table/sessions' });
    expect(alarms.map(({ node }) => node.id)).not.toContain('HealthyBelowFloor');
  });
});

describe('ServiceAlarms', () => {
  const stack = Stack.of(serviceAlarms());
  const template = Template.fromStack(stack);
  const alarms = alarmsOf(stack);
  const minute = (requests?: number, turnedAway?: number, failed?: number): Minute => ({
    RequestCount: requests,
    HTTPCode_ELB_5XX_Count: turnedAway,
    HTTPCode_Target_5XX_Count: failed,
  });

  test.each([
    ['none when there is none', minute(60_000), 0],
    ['of tasks and of the load balancer', minute(60_000, 300, 600), (100 * 900) / 60_300],
    ['all when no task is left: then nothing counts as a request', minute(undefined, 60_000), 100],
    ['none among few requests', minute(500, undefined, 50), 0],
    ['none without requests', minute(), 0],
  ])('the share of errors is %s', (_, published, share) => {
    expect(valueIn(alarms.get('ServerErrors')!, published)).toBeCloseTo(share, 10);
  });

  test('errors wake somebody above 1 %, in 3 of 5 minutes', () => {
    const alarm = alarms.get('ServerErrors')!;
    const bad = minute(60_000, undefined, 601);
    const good = minute(60_000, undefined, 599);
    expect(fires(alarm, [bad, good, bad, good, bad])).toBe(true);
    expect(fires(alarm, [good, bad, good, good, bad])).toBe(false);
  });

  test('latency is the 99th percentile of all answers, without those of few samples', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'prescale-prod-playback-LatencyP99',
      Namespace: 'AWS/ApplicationELB',
      MetricName: 'TargetResponseTime',
      Dimensions: [{ Name: 'LoadBalancer', Value: 'app/media/1' }],
      ExtendedStatistic: 'p99',
      EvaluateLowSampleCountPercentile: 'ignore',
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    });
  });

  test.each([
    [
      'PlacementFailed',
      {
        source: ['aws.ecs'],
        'detail-type': ['ECS Service Action'],
        resources: [Match.objectLike({ 'Fn::Join': Match.anyValue() })],
        detail: { eventName: ['SERVICE_TASK_PLACEMENT_FAILURE'] },
      },
    ],
    [
      'Throttled',
      {
        source: ['aws.ecs'],
        'detail-type': ['ECS Service Action'],
        resources: [Match.objectLike({ 'Fn::Join': Match.anyValue() })],
        detail: { eventName: ['ECS_OPERATION_THROTTLED'] },
      },
    ],
    [
      'ScaledToMax',
      {
        source: ['aws.application-autoscaling'],
        'detail-type': ['Application Auto Scaling Scaling Activity State Change'],
        detail: {
          scaledToMax: [true],
          resourceId: ['service/media/playback'],
          scalableDimension: ['ecs:service:DesiredCount'],
        },
      },
    ],
  ])('%s counts the events of its rule, and keeps them', (name, EventPattern) => {
    const [ruleId] = Object.keys(template.findResources('AWS::Events::Rule', { Properties: { EventPattern } }));
    expect(ruleId).toContain(`${name}Rule`);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: `prescale-prod-playback-${name}`,
      Namespace: 'AWS/Events',
      MetricName: 'TriggeredRules',
      Dimensions: [{ Name: 'RuleName', Value: { Ref: ruleId } }],
      Statistic: 'Sum',
    });
    const alarm = alarms.get(name)!;
    expect([fires(alarm, [{ TriggeredRules: 1 }]), fires(alarm, [{}])]).toEqual([true, false]);
  });

  test('the resource of an event of ECS is the service', () => {
    const arns = Object.values(template.findResources('AWS::Events::Rule')).flatMap(
      ({ Properties }) => Properties.EventPattern.resources ?? [],
    );
    expect(JSON.stringify(arns)).toMatch(
      /(:ecs:us-east-1:",\{"Ref":"AWS::AccountId"\},":service\/media\/playback".*){2}/,
    );
  });

  test('events reach their log by a policy for these rules alone, without a function', () => {
    const [groupId] = Object.keys(template.findResources('AWS::Logs::LogGroup'));
    template.hasResourceProperties('AWS::Logs::LogGroup', {
      LogGroupName: Match.stringLikeRegexp('^/aws/events/'),
      RetentionInDays: 90,
    });
    for (const { Properties } of Object.values(template.findResources('AWS::Events::Rule'))) {
      const [{ Arn }] = Properties.Targets;
      expect(JSON.stringify(Arn)).toContain(`":log-group:",{"Ref":"${groupId}"}]]`);
    }
    const [policy] = Object.values(template.findResources('AWS::Logs::ResourcePolicy'));
    const document = JSON.stringify(policy!.Properties.PolicyDocument);
    expect(document).toContain('events.amazonaws.com');
    expect(document).toContain('delivery.logs.amazonaws.com');
    expect(document.match(/Rule[0-9A-F]{8}","Arn"/g)).toHaveLength(3);
    template.resourceCountIs('AWS::Lambda::Function', 0);
  });
});

describe('EdgeAlarms', () => {
  test('errors wake somebody above 1 % of enough requests', () => {
    const [alarm] = alarmsOf(Stack.of(edgeAlarms())).values();
    const minute = (requests: number, share: number): Minute => ({ Requests: requests, '5xxErrorRate': share });
    expect(fires(alarm!, times(3, minute(60_000, 1.1)))).toBe(true);
    expect(fires(alarm!, times(3, minute(60_000, 1)))).toBe(false);
    expect(fires(alarm!, times(3, minute(100, 50)))).toBe(false);
    for (const { MetricStat } of alarm!.Metrics!.slice(1)) {
      expect(MetricStat!.Metric.Dimensions).toEqual([
        { Name: 'DistributionId', Value: 'E1' },
        { Name: 'Region', Value: 'Global' },
      ]);
    }
  });

  test('stand where CloudFront publishes', () => {
    const elsewhere = new OtherStack(testApp(), ['euw1-az1', 'euw1-az2'], 'eu-west-1');
    expect(() => edgeAlarms(elsewhere)).toThrow('EdgeAlarms "Other/EdgeAlarms" must stand in a stack in us-east-1');
  });

  test('are made with an environment that has alarms, and tell its topic there', () => {
    const [alarm] = alarmsOf(testStage('prod').edge).values();
    expect(alarm!.AlarmName).toBe('prescale-prod-edge-ServerErrors');
    const { edge } = testStage('prod');
    Template.fromStack(edge).resourceCountIs('AWS::SNS::Topic', 1);
    // Until somebody is named in lib/environments.ts.
    Annotations.fromStack(edge).hasWarning('/prod/Edge/Wake', Match.stringLikeRegexp('reach nobody'));
    expect(alarmsOf(testStage('dev').edge).size).toBe(0);
    Template.fromStack(testStage('dev').edge).resourceCountIs('AWS::SNS::Topic', 0);
  });
});

describe('every alarm', () => {
  const all = [floorAlarms(), serviceAlarms(), edgeAlarms()].flatMap((construct) => [
    ...alarmsOf(Stack.of(construct)).values(),
  ]);
  const docs = readFileSync(join(__dirname, '..', '..', 'docs', 'alarms.md'), 'utf8');

  test('says what it means, where to look and what to type, within what CloudWatch keeps', () => {
    expect(all).toHaveLength(18);
    for (const { AlarmName, AlarmDescription } of all) {
      // Names that are known at deploy may take 128 characters each.
      const text =
        typeof AlarmDescription === 'string'
          ? AlarmDescription
          : (AlarmDescription as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1]
              .map((part) => (typeof part === 'string' ? part : 'x'.repeat(128)))
              .join('');
      expect([AlarmName, text]).toEqual([AlarmName, expect.stringMatching(/^[^.].+\. Look: .+\. First: (aws|npx) .+/)]);
      expect(text.length).toBeLessThan(1024);
    }
  });

  test('tells somebody, and whom it woke also when it is over', () => {
    const topics = all.map(({ AlarmName, AlarmActions, OKActions }) => {
      const [[{ Ref: topic }]] = [AlarmActions as [{ Ref: string }]];
      const isWaking = topic.startsWith('Wake');
      expect([AlarmName, OKActions]).toEqual([AlarmName, isWaking ? AlarmActions : undefined]);
      return isWaking;
    });
    expect(topics.filter(Boolean)).toHaveLength(9);
  });

  test('looks at minutes', () => {
    for (const { AlarmName, Period, Metrics } of all) {
      // An expression has the period of its metrics.
      const periods = Metrics?.flatMap(({ MetricStat }) => MetricStat?.Period ?? []);
      expect([AlarmName, new Set(periods ?? [Period])]).toEqual([AlarmName, new Set([60])]);
    }
  });

  test('stands in docs/alarms.md, under those whom it tells', () => {
    const [, wake = '', inform = ''] = docs.split(/^## .*(?:wake|inform).*$/m);
    for (const { AlarmName, AlarmActions } of all) {
      const name = AlarmName.split('-').at(-1)!;
      const [{ Ref: topic }] = AlarmActions as [{ Ref: string }];
      expect([AlarmName, (topic.startsWith('Wake') ? wake : inform).includes(`| \`${name}\``)]).toEqual([
        AlarmName,
        true,
      ]);
    }
  });

  test('costs what docs/alarms.md says', () => {
    const metrics = all.reduce(
      (sum, { Metrics }) => sum + (Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1),
      0,
    );
    expect(docs).toContain(`| ${metrics} metrics in ${all.length} alarms `);
    expect(docs).toContain(`${(0.1 * metrics).toFixed(2)} |`);
  });
});

describe('LaunchDashboard', () => {
  const stack = new OtherStack();
  const { loadBalancer } = importedService(stack);
  const { plan } = floorsOf({
    ...targetPlan,
    windows: [
      ...targetPlan.windows,
      {
        releases: ['finale'],
        drill: true,
        risingAt: '2025-12-30T19:00:00Z',
        givingBackAt: '2025-12-30T19:30:00Z',
        endsAt: '2025-12-30T19:40:00Z',
      },
    ],
  });
  const release = { kind: 'film', status: 'confirmed', premiereZone: 'UTC' };
  const targets = [{ id: targetPlan.id, units: 972, floor: 972, reason: 'stated' }];
  new LaunchDashboard(stack, 'LaunchDashboard', {
    plan: {
      ...plan,
      releases: [
        { ...release, id: 'finale', title: 'The Finale', premiereAt: '2026-01-01T00:00:00Z', targets },
        { ...release, id: 'elsewhere', title: 'Elsewhere', premiereAt: '2026-01-02T00:00:00Z', targets: [] },
      ],
    },
    alarms: floorAlarms(targetPlan, {}, stack).alarms,
    loadBalancer,
  });
  interface Widget {
    readonly type: string;
    readonly width: number;
    readonly x: number;
    readonly y: number;
    readonly properties: {
      readonly title: string;
      readonly metrics?: unknown[][];
      readonly period?: number;
      readonly region?: string;
      readonly yAxis?: unknown;
      readonly annotations?: { vertical: unknown[] };
      readonly alarms?: unknown[];
    };
  }
  const bodyIn = (stack: Stack) => {
    const [dashboard] = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Dashboard'));
    const { DashboardName, DashboardBody } = dashboard!.Properties;
    const parts = (DashboardBody['Fn::Join'] as [string, unknown[]] | undefined)?.[1] ?? [DashboardBody];
    const text = parts.map((part) => (typeof part === 'string' ? part : 'token')).join('');
    return { name: DashboardName as string, ...(JSON.parse(text) as { widgets: Widget[]; periodOverride: string }) };
  };
  const body = bodyIn(stack);
  const widget = (title: RegExp, { widgets } = body) =>
    widgets.find(({ properties }) => title.test(properties.title))!.properties;

  test('is called after its environment', () => {
    expect(body.name).toBe('prescale-prod');
  });

  test('sets floors against what runs, with a line at each premiere of the target and where a drill begins', () => {
    const { metrics, annotations } = widget(/^us-east-1\/playback: tasks against the plan$/);
    expect(metrics!.map((metric) => metric[1])).toEqual(['PlannedFloor', 'LiveFloor', 'Running', 'Healthy']);
    expect(metrics![0]!.slice(2, 6)).toEqual(['environment', 'prod', 'target', 'us-east-1/playback']);
    expect(annotations!.vertical).toEqual([
      expect.objectContaining({ value: '2026-01-01T00:00:00Z', label: 'The Finale' }),
      expect.objectContaining({ value: '2025-12-30T19:00:00Z', label: 'drill: The Finale' }),
    ]);
  });

  test('finds what CloudFront serves in us-east-1, without a reference to its stack', () => {
    const europe = new OtherStack(testApp(), ['euw1-az1', 'euw1-az2'], 'eu-west-1');
    new LaunchDashboard(europe, 'LaunchDashboard', { plan, alarms: [] });
    for (const [title, search] of [
      [/requests a minute$/, `MetricName="Requests" Region="Global"', 'Sum', 60)`],
      [/5xx, % of requests$/, `MetricName="5xxErrorRate" Region="Global"', 'Average', 60)`],
    ] as const) {
      const { metrics, region } = widget(title, bodyIn(europe));
      expect(region).toBe('us-east-1');
      expect(metrics).toEqual([
        [
          expect.objectContaining({
            expression: `SEARCH('{AWS/CloudFront,DistributionId,Region} ${search}`,
            region: 'us-east-1',
          }),
        ],
      ]);
    }
  });

  test('shows the state of all alarms', () => {
    expect(widget(/^Alarms$/).alarms).toHaveLength(12);
  });

  test('draws minutes from zero, in rows of 24 columns', () => {
    expect(body.periodOverride).toBe('inherit');
    const graphs = body.widgets.filter(({ type }) => type === 'metric');
    expect(graphs).toHaveLength(8);
    for (const { properties } of graphs) {
      const { title, metrics, yAxis } = properties;
      // What names no period takes that of the widget.
      const periods = metrics!.map((metric) => (metric.at(-1) as { period?: number }).period ?? properties.period);
      const axes = Object.values(yAxis as object);
      expect([title, new Set(periods), axes]).toEqual([
        title,
        new Set([60]),
        axes.map(() => ({ min: 0, showUnits: false })),
      ]);
      expect(axes.length).toBeGreaterThan(0);
    }
    const widths = new Map<number, number>();
    for (const { y, width } of body.widgets) widths.set(y, (widths.get(y) ?? 0) + width);
    expect(new Set(widths.values())).toEqual(new Set([24]));
  });

  test('has no graphs of requests without a service', () => {
    const alone = new OtherStack();
    new LaunchDashboard(alone, 'LaunchDashboard', { plan, alarms: [] });
    const text = JSON.stringify(Template.fromStack(alone).toJSON());
    expect(text).not.toContain('ApplicationELB');
    expect(text).toContain('PlannedFloor');
  });
});
