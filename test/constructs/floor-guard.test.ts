import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { ApplicationTargetGroup, TargetType } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type App, Stack } from 'aws-cdk-lib/core';
import type { TargetPlan } from '../../lib/capacity/capacity-plan';
import { ReleaseFloors, type ReleaseFloorsProps } from '../../lib/constructs/release-floors';
import { readGuardPlan } from '../../lib/guard/guard-plan';
import { floorsOf, targetPlan } from '../fixtures/plan';
import { OtherStack, testApp } from '../stacks/test-app';

const TARGET = 'AWS::ApplicationAutoScaling::ScalableTarget';
const FUNCTION = 'AWS::Lambda::Function';
const TARGET_ID = 'service/media/playback';

interface Resource {
  readonly Type: string;
  readonly DependsOn?: readonly string[];
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly Properties: any;
}

function attach(
  stack: Stack,
  {
    id = 'Floors',
    resourceId = TARGET_ID,
    plan = targetPlan,
    ...props
  }: Partial<Omit<ReleaseFloorsProps, 'plan'>> & {
    id?: string;
    resourceId?: string;
    plan?: TargetPlan;
  } = {},
): ReleaseFloors {
  return new ReleaseFloors(stack, id, { ...floorsOf(plan), target: { resourceId }, ...props });
}

function targetGroupIn(stack: Stack): ApplicationTargetGroup {
  return new ApplicationTargetGroup(stack, 'Targets', {
    vpc: new Vpc(stack, 'Vpc'),
    port: 80,
    targetType: TargetType.IP,
  });
}

function resourcesOf(stack: Stack): Record<string, Resource> {
  return Template.fromStack(stack).toJSON().Resources as Record<string, Resource>;
}

/** By the name below `Floors/Guard`; the CDK writes a name that repeats its scope's once. */
function find(resources: Record<string, Resource>, name: string, type: string): [id: string, resource: Resource] {
  const found = Object.entries(resources).filter(
    ([id, { Type }]) =>
      Type === type && new RegExp(`^Floors${name === 'Guard' ? '' : 'Guard'}${name}[0-9A-F]{8}`).test(id),
  );
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** All that a resource needs to be there first. */
function behind(resources: Record<string, Resource>, id: string, seen = new Set<string>()): Set<string> {
  for (const other of Object.keys(resources)) {
    const { DependsOn = [], Properties } = resources[id]!;
    const isNeeded = DependsOn.includes(other) || JSON.stringify(Properties).includes(`"${other}"`);
    if (!isNeeded || seen.has(other)) continue;
    seen.add(other);
    behind(resources, other, seen);
  }
  return seen;
}

/** What a handler is allowed, one line for each action. */
function permissions(resources: Record<string, Resource>, handler: string): string[] {
  const [, policy] = find(resources, `${handler}RoleDefaultPolicy`, 'AWS::IAM::Policy');
  const statements = policy.Properties.PolicyDocument.Statement as {
    Action: string | string[];
    Resource: unknown;
    Condition?: unknown;
  }[];
  return statements
    .flatMap(({ Action, Resource, Condition }) =>
      [Action].flat().map((action) => {
        const on = JSON.stringify(Resource).replaceAll(/[0-9A-F]{8}/g, '');
        return `${action} on ${on}${Condition ? ` if ${JSON.stringify(Condition)}` : ''}`;
      }),
    )
    .sort();
}

describe('the guard that comes with ReleaseFloors', () => {
  test('has code and plan in one asset, the same for all that runs', () => {
    const app = testApp();
    const stack = new OtherStack(app);
    attach(stack);
    const functions = Object.values(resourcesOf(stack)).filter(
      ({ Type, Properties }) => Type === FUNCTION && Properties.Handler.startsWith('index.'),
    );
    expect(functions.map(({ Properties }) => Properties.Handler)).toEqual([
      'index.beforeDeploy',
      'index.guard',
      'index.afterDeploy',
    ]);
    const keys = new Set(functions.map(({ Properties }) => Properties.Code.S3Key as string));
    expect(keys.size).toBe(1);
    const folder = path.join(app.outdir, `asset.${[...keys][0]!.replace('.zip', '')}`);
    expect(readGuardPlan(readFileSync(path.join(folder, 'plan.json'), 'utf8'))).toMatchObject({
      environment: 'prod',
      region: 'us-east-1',
      asOf: '2025-12-20T00:00:00Z',
      deployWindowSeconds: 900,
      target: { id: targetPlan.id, min: 120, max: 1600, actions: targetPlan.actions, windows: targetPlan.windows },
    });
    expect(readFileSync(path.join(folder, 'index.js'), 'utf8')).toContain('beforeDeploy');
  });

  test('knows the account of a stack that states one, and no other', () => {
    const accountOf = (app: App, account?: string): unknown => {
      const stack = new Stack(app, 'Own', { env: { region: 'us-east-1', account } });
      attach(stack);
      const [, { Properties }] = find(resourcesOf(stack), 'Guard', FUNCTION);
      const file = path.join(app.outdir, `asset.${Properties.Code.S3Key.replace('.zip', '')}`, 'plan.json');
      return JSON.parse(readFileSync(file, 'utf8')).account;
    };
    expect(accountOf(testApp(), '123456789012')).toBe('123456789012');
    expect(accountOf(testApp())).toBeUndefined();
  });

  test('is asked before anything of the target changes, is new before the target is, and looks at the end', () => {
    const stack = new OtherStack();
    attach(stack);
    const resources = resourcesOf(stack);
    const [first] = find(resources, 'FirstStep', 'Custom::Trigger');
    const [last] = find(resources, 'LastStep', 'Custom::Trigger');
    const [guard] = find(resources, 'Guard', FUNCTION);
    const [target] = Object.entries(resources).find(([, { Type }]) => Type === TARGET)!;
    expect(behind(resources, guard)).toContain(first);
    expect(behind(resources, target)).toContain(first);
    expect(behind(resources, target)).toContain(guard);
    expect(behind(resources, last)).toContain(target);
    const handlers = [first, last].map((id) => resources[id]!.Properties.HandlerArn.Ref as string);
    expect(handlers.map((id) => resources[id]!.Properties.FunctionName.Ref as string)).toEqual([
      find(resources, 'BeforeDeploy', FUNCTION)[0],
      find(resources, 'AfterDeploy', FUNCTION)[0],
    ]);
  });

  test('is run by a deploy of another plan, and by none of the same', () => {
    const versions = (plan: TargetPlan): string[] => {
      const stack = new OtherStack();
      attach(stack, { plan });
      return Object.entries(resourcesOf(stack)).flatMap(([id, { Type }]) => (Type.endsWith('::Version') ? [id] : []));
    };
    const before = versions(targetPlan);
    expect(before).toHaveLength(2);
    expect(versions(targetPlan)).toEqual(before);
    const after = versions({ ...targetPlan, coveredUntil: '2026-03-19T00:00:00Z' });
    expect(after.filter((id) => before.includes(id))).toEqual([]);
  });

  test('runs every minute, ends before the next, and a run that failed is not repeated', () => {
    const stack = new OtherStack();
    attach(stack);
    const resources = resourcesOf(stack);
    const [id, { Properties }] = find(resources, 'Guard', FUNCTION);
    expect(Properties.Timeout).toBeLessThan(60);
    const [, rule] = find(resources, 'EveryMinute', 'AWS::Events::Rule');
    expect(rule.Properties).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [
        {
          Arn: { 'Fn::GetAtt': [id, 'Arn'] },
          RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
        },
      ],
    });
    const [, invoke] = find(resources, 'EventInvokeConfig', 'AWS::Lambda::EventInvokeConfig');
    expect(invoke.Properties).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
  });

  test('may do what docs/guard.md lists, on what it scales, and nothing else', () => {
    const stack = new OtherStack();
    const targetGroup = targetGroupIn(stack);
    attach(stack, { targetGroup });
    const resources = resourcesOf(stack);
    const target =
      'on {"Fn::Join":["",["arn:aws:application-autoscaling:us-east-1:",{"Ref":"AWS::AccountId"},":scalable-target/*"]]} ' +
      'if {"StringEquals":{"application-autoscaling:service-namespace":"ecs","application-autoscaling:scalable-dimension":"ecs:service:DesiredCount"}}';
    const service = `on {"Fn::Join":["",["arn:aws:ecs:us-east-1:",{"Ref":"AWS::AccountId"},":${TARGET_ID}"]]}`;
    const log = 'on {"Fn::GetAtt":["FloorsGuardLog","Arn"]}';
    const all = [
      'application-autoscaling:DescribeScalableTargets on "*"',
      'application-autoscaling:DescribeScheduledActions on "*"',
      `application-autoscaling:RegisterScalableTarget ${target}`,
      `ecs:DescribeServices ${service}`,
      `ecs:UpdateService ${service}`,
      `logs:CreateLogStream ${log}`,
      `logs:PutLogEvents ${log}`,
    ];
    const stackRead = 'cloudformation:DescribeStacks on {"Ref":"AWS::StackId"}';
    const acts = [
      `application-autoscaling:PutScheduledAction ${target}`,
      `application-autoscaling:DeleteScheduledAction ${target}`,
      'elasticloadbalancing:DescribeTargetHealth on "*"',
      ...[
        ['ssm:GetParametersByPath', 'overrides'],
        ['ssm:DeleteParameter', 'overrides/*'],
        ['ssm:PutParameter', 'drills/*'],
      ].map(
        ([action, records]) =>
          `${action} on {"Fn::Join":["",["arn:aws:ssm:us-east-1:",{"Ref":"AWS::AccountId"},":parameter/prescale/prod/us-east-1/playback/${records}"]]}`,
      ),
    ];
    expect(permissions(resources, 'BeforeDeploy')).toEqual([...all, stackRead].sort());
    expect(permissions(resources, 'Guard')).toEqual([...all, ...acts, stackRead].sort());
    expect(permissions(resources, 'AfterDeploy')).toEqual([...all, ...acts].sort());
  });

  test.each([
    ['lambda', 'lambda:function:ProvisionedConcurrency', 'function:sign-in:live', ':function:sign-in:live'],
    ['dynamodb', 'dynamodb:index:ReadCapacityUnits', 'table/sessions/index/by-date', ':table/sessions'],
  ])('may scale what it registers: %s', (namespace, dimension, resourceId, arn) => {
    const stack = new OtherStack();
    attach(stack, { plan: { ...targetPlan, namespace, dimension }, resourceId });
    const asked = permissions(resourcesOf(stack), 'Guard').filter((line) => line.startsWith(`${namespace}:`));
    expect(asked.length).toBeGreaterThan(1);
    for (const line of asked) expect(line.endsWith(`${arn}"]]}`)).toBe(true);
  });

  test('says where it is not known what AWS asks of it, and takes a grant', () => {
    const stack = new OtherStack();
    const floors = attach(stack, {
      plan: { ...targetPlan, namespace: 'rds', dimension: 'rds:cluster:ReadReplicaCount' },
      resourceId: 'cluster:catalogue',
    });
    const warnings = floors.node
      .findAll()
      .flatMap(({ node }) => node.metadata.filter(({ type }) => type === 'aws:cdk:warning'));
    expect(warnings.map(({ data }) => String(data))).toEqual([
      expect.stringMatching(/may not be allowed to register a target of rds: .*; mend: .*addToGuardPolicy\(\)/),
    ]);
    const resources = ['BeforeDeploy', 'Guard', 'AfterDeploy'];
    floors.addToGuardPolicy(new PolicyStatement({ actions: ['rds:DescribeDBClusters'], resources: ['*'] }));
    const template = resourcesOf(stack);
    for (const handler of resources) expect(permissions(template, handler)).toContain('rds:DescribeDBClusters on "*"');
  });

  test('knows what it scales, its stack, the output with the plan, and whose targets to count', () => {
    const stack = new OtherStack();
    const targetGroup = targetGroupIn(stack);
    attach(stack, { targetGroup });
    const template = Template.fromStack(stack);
    const resources = resourcesOf(stack);
    const [output] = Object.keys(template.findOutputs('*', { Value: '2025-12-20T00:00:00Z' }));
    const told = (handler: string): object => find(resources, handler, FUNCTION)[1].Properties.Environment.Variables;
    const common = { RESOURCE_ID: TARGET_ID, STACK_ID: { Ref: 'AWS::StackId' }, PLAN_OUTPUT: output };
    const [group] = Object.keys(template.findResources('AWS::ElasticLoadBalancingV2::TargetGroup'));
    expect(told('BeforeDeploy')).toEqual(common);
    expect(told('Guard')).toEqual({ ...common, TARGET_GROUP_ARN: { Ref: group } });
    expect(told('AfterDeploy')).toEqual({ ...common, TARGET_GROUP_ARN: { Ref: group } });
  });

  test('keeps its logs as long as it is told, those of the steps of a deploy, too', () => {
    const stack = new OtherStack();
    attach(stack, { logRetention: RetentionDays.ONE_WEEK });
    const resources = Object.entries(resourcesOf(stack));
    const groups = resources.filter(([, { Type }]) => Type === 'AWS::Logs::LogGroup');
    expect(groups.map(([, { Properties }]) => Properties.RetentionInDays)).toEqual([7, 7]);
    const used = resources
      .filter(([, { Type }]) => Type === FUNCTION)
      .map(([, { Properties }]) => Properties.LoggingConfig.LogGroup.Ref as string);
    expect(used).toHaveLength(4);
    expect([...new Set(used)].sort()).toEqual(groups.map(([id]) => id).sort());
  });

  test('is one for each target of a stack, with a plan of its own', () => {
    const stack = new OtherStack();
    attach(stack, { id: 'Playback' });
    attach(stack, {
      id: 'Search',
      plan: { ...targetPlan, id: 'us-east-1/search' },
      resourceId: 'service/media/search',
    });
    const template = Template.fromStack(stack);
    template.resourceCountIs('Custom::Trigger', 4);
    // Of which one runs all triggers.
    template.resourceCountIs(FUNCTION, 7);
    expect(Object.keys(template.findOutputs('*', { Value: '2025-12-20T00:00:00Z' }))).toHaveLength(2);
  });
});
