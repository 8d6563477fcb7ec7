import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Context } from 'aws-lambda';
import type { GuardDimensions, GuardMetric, GuardNamespace } from '../capacity/guard-metrics';
import { checkDeploy } from './check-deploy';
import { type GuardPlan, isProblem, type Place, readGuardPlan } from './guard-plan';
import { type Clients, LiveAccount, type Scope } from './live-account';
import { type GuardRun, runGuard } from './run-guard';

// Of the environment are read:
//   RESOURCE_ID        what is scaled, as Application Auto Scaling writes it
//   STACK_ID           the stack that holds the scalable target, by its ARN
//   PLAN_OUTPUT        the output of that stack that tells the plan's asOf
//   TARGET_GROUP_ARN   optional: whose healthy targets are counted

const options = {
  retryMode: 'adaptive',
  maxAttempts: 3,
  // The guard runs every minute: a call that hangs is worth less than the next run.
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
};

const clients: Clients = {
  scaling: new ApplicationAutoScalingClient(options),
  stacks: new CloudFormationClient(options),
  services: new ECSClient(options),
  loadBalancers: new ElasticLoadBalancingV2Client(options),
  parameters: new SSMClient(options),
};

const logger = new Logger({ serviceName: 'prescale' });

const namespace: GuardNamespace = 'prescale';
const metrics = new Metrics({ namespace });
// Environment and target are the dimensions, and no service beside them.
metrics.clearDefaultDimensions();

/** Every minute. Throws when something could not be read or done, so that Lambda counts an error. */
export async function guard(_event: unknown, context: Context): Promise<void> {
  const failures = await assertPlan(context, false);
  if (failures.length > 0) throw new Error(failures.join('; '));
}

/** The last step of a deploy: the same, at once. Never throws, because a deploy must not fail by it. */
export async function afterDeploy(_event: unknown, context: Context): Promise<void> {
  try {
    await assertPlan(context, true);
  } catch (error) {
    logger.error('afterDeploy', { failures: [String(error)] });
  }
}

/** The first step of a deploy: throws when the plan must not be deployed, and suspends scale-in otherwise. */
export async function beforeDeploy(_event: unknown, context: Context): Promise<void> {
  const { scope, place } = readSurroundings(context);
  const plan = readPlan();
  if (isProblem(plan)) {
    logger.error('beforeDeploy', { refusals: [plan] });
    throw new Error(plan.message);
  }
  const account = new LiveAccount(clients, { ...scope, targetGroupArn: undefined }, plan);
  const [live, stack] = await Promise.all([account.readLiveState(), account.readStack()]);
  const { refusals, warnings, register } = checkDeploy({
    plan,
    place,
    live,
    now: readClock(),
    stackStatus: stack?.status,
    deployedAsOf: stack?.planAsOf,
  });
  if (register) await account.register(register);
  const { failures } = account;
  const level = refusals.length > 0 ? 'error' : warnings.length > 0 || failures.length > 0 ? 'warn' : 'info';
  logger[level]('beforeDeploy', { plan: describePlan(plan), stack, live, refusals, warnings, register, failures });
  if (refusals.length > 0) throw new Error(refusals.map(({ message }) => message).join('; also: '));
}

/** Runs the guard, publishes what it saw, and returns what failed. */
async function assertPlan(context: Context, deployed: boolean): Promise<readonly string[]> {
  const { scope, place } = readSurroundings(context);
  const plan = readPlan();
  // Without a plan there is no environment to publish metrics for: Lambda's count of errors tells.
  if (isProblem(plan)) {
    logger.error('guard', { problems: [plan] });
    return [plan.message];
  }
  const account = new LiveAccount(clients, scope, plan);
  const run = await runGuard({
    plan,
    place,
    account,
    deployed,
    readClock,
    remainingMilliseconds: () => context.getRemainingTimeInMillis(),
  });
  const { problems, metrics: seen } = run.decision;
  const failures = [...account.failures, ...(seen.refused ? problems.map(({ message }) => message) : [])];
  publish(plan, run, failures.length > 0);
  const level = failures.length > 0 ? 'error' : problems.length > 0 || seen.repairs > 0 ? 'warn' : 'info';
  logger[level]('guard', {
    plan: describePlan(plan),
    deployed,
    ...run.decision,
    overrides: run.overrides,
    drill: run.drill,
    failures,
  });
  return failures;
}

function publish({ environment, target }: GuardPlan, { decision, overrides, drill }: GuardRun, failed: boolean): void {
  const { problems, metrics: seen } = decision;
  const dimensions: GuardDimensions = { environment, target: target.id };
  metrics.addDimensions({ ...dimensions });
  const values: Readonly<Record<GuardMetric, number | undefined>> = {
    PlannedFloor: seen.plannedFloor,
    LiveFloor: seen.liveFloor,
    Running: seen.running,
    Healthy: seen.healthy,
    ScaleInSuspended: seen.scaleInSuspended === undefined ? undefined : Number(seen.scaleInSuspended),
    ScaleInHeld: Number(seen.scaleInHeld),
    Repairs: seen.repairs,
    Problems: problems.length,
    HoursCovered: Math.floor(seen.secondsCovered / 36) / 100,
    GuardFailed: Number(failed),
    Overrides: overrides?.length,
    Paused: overrides && Number(overrides.some(({ kind }) => kind === 'pause')),
    DrillSeconds: drill?.seconds,
    DrillFailed: drill === undefined ? undefined : Number(drill.outcome === 'failed'),
  };
  // What could not be read is not published: a zero would be a lie, and GuardFailed tells.
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) metrics.addMetric(name, MetricUnit.Count, value);
  }
  metrics.publishStoredMetrics();
}

function describePlan({ environment, asOf, calendarDigest, toolVersion, target }: GuardPlan): object {
  return { environment, target: target.id, asOf, calendarDigest, toolVersion };
}

function readPlan(): ReturnType<typeof readGuardPlan> {
  try {
    return readGuardPlan(readFileSync(path.join(__dirname, 'plan.json'), 'utf8'));
  } catch (error) {
    return {
      code: 'guard/plan-unreadable',
      message: `plan.json beside the code cannot be read: ${String(error)}; mend: deploy again`,
    };
  }
}

function readSurroundings({ invokedFunctionArn }: Context): { readonly scope: Scope; readonly place: Place } {
  const {
    RESOURCE_ID: resourceId,
    STACK_ID: stackId,
    PLAN_OUTPUT: planOutput,
    TARGET_GROUP_ARN: targetGroupArn,
  } = process.env;
  if (!resourceId || !stackId || !planOutput) {
    throw new Error(
      'RESOURCE_ID, STACK_ID and PLAN_OUTPUT must be set; mend: set them in the environment of the function',
    );
  }
  // arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME
  const [, , , region = '', account = ''] = invokedFunctionArn.split(':');
  return {
    scope: { resourceId, stackId, planOutput, ...(targetGroupArn && { targetGroupArn }) },
    place: { account, region, resourceId },
  };
}

function readClock(): number {
  return Math.floor(Date.now() / 1000);
}
