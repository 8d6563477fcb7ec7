import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Context } from 'aws-lambda';
import type { Override } from '../../lib/capacity/override';
import { buildGuard } from '../../lib/guard/bundle-guard';
import type * as handlers from '../../lib/guard/handlers';
import type { GuardPlan } from '../../lib/guard/guard-plan';
import { DENIED, EXPIRED, FakeAws, THROTTLED } from './fake-aws';
import { at, PLAN } from './fixtures';

// The bundle that is deployed, with plan.json beside it, against AWS's protocols over HTTP.

/** Retries wait, and the machine may be busy. Milliseconds. */
jest.setTimeout(60_000);

let folder: string;
let inputs: readonly string[];
let aws: FakeAws;
let output: string[];
const environmentBefore = { ...process.env };

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prescale-guard-'));
  const { code, inputs: files } = buildGuard();
  writeFileSync(path.join(folder, 'index.js'), code);
  inputs = files;
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  aws = new FakeAws();
  const url = await aws.start();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    RESOURCE_ID: 'service/media/playback',
    STACK_ID: 'arn:aws:cloudformation:us-east-1:123456789012:stack/Capacity/1',
    PLAN_OUTPUT: 'PlanAsOf',
    TARGET_GROUP_ARN: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/playback/1',
  });
  output = [];
  const capture = (text: unknown): boolean => {
    output.push(String(text));
    return true;
  };
  jest.spyOn(process.stdout, 'write').mockImplementation(capture);
  jest.spyOn(process.stderr, 'write').mockImplementation(capture);
  // The SDK's, about the version of Node that the tests run with.
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});

afterEach(async () => {
  jest.restoreAllMocks();
  process.env = { ...environmentBefore };
  await aws.stop();
});

/** The fixture plan, moved so that now is a time of its day. */
function planWhere(time: string, fields: Partial<GuardPlan> = {}): GuardPlan {
  const shift = 1000 * (60 * Math.floor(Date.now() / 60_000) - at(time));
  const moved = JSON.parse(JSON.stringify(PLAN), (_, value: unknown) =>
    typeof value === 'string' && /^\d{4}-.*Z$/.test(value)
      ? new Date(Date.parse(value) + shift).toISOString().replace('.000', '')
      : value,
  ) as GuardPlan;
  return { ...moved, ...fields };
}

async function invoke(
  name: keyof typeof handlers,
  plan: GuardPlan | string,
  { account = '123456789012', remaining = 50_000 } = {},
): Promise<void> {
  writeFileSync(path.join(folder, 'plan.json'), typeof plan === 'string' ? plan : JSON.stringify(plan));
  let bundle!: typeof handlers;
  // Clients and their memory of throttling are made once for a Lambda, and once for each test.
  jest.isolateModules(() => {
    // oxlint-disable-next-line typescript/no-require-imports
    bundle = require(path.join(folder, 'index.js'));
  });
  await bundle[name]({}, {
    invokedFunctionArn: `arn:aws:lambda:us-east-1:${account}:function:guard`,
    getRemainingTimeInMillis: () => remaining,
  } as Context);
}

/** The metrics that were published, and the log. */
function published(): Record<string, unknown> | undefined {
  return lines().find((line) => '_aws' in line);
}

function logged(): Record<string, unknown> | undefined {
  return lines().find((line) => 'level' in line);
}

function lines(): Record<string, unknown>[] {
  return output
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function peak(): GuardPlan {
  const plan = planWhere('11:00');
  aws.register(850, 1600, { In: true });
  aws.list(...plan.target.actions);
  aws.health = [...Array.from({ length: 840 }, () => 'healthy'), 'initial', 'unhealthy'];
  return plan;
}

describe('the bundle', () => {
  test('holds no parser of calendars and nothing of the CDK', () => {
    const packages = new Set(inputs.map((name) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? name));
    expect(
      [...packages].filter((name) => /yaml|zod|temporal|aws-cdk-lib|constructs|@stdlib|fast-check/.test(name)),
    ).toEqual([]);
    expect(
      [...packages].filter((name) => name.startsWith('lib/')).every((name) => /^lib\/(guard|capacity)\//.test(name)),
    ).toBe(true);
    expect(inputs.filter((name) => name.startsWith('lib/capacity/')).sort()).toEqual([
      'lib/capacity/floor-at.ts',
      'lib/capacity/instants.ts',
      'lib/capacity/override.ts',
      'lib/capacity/parameter-paths.ts',
      'lib/capacity/resource-ids.ts',
    ]);
  });

  test('is small, so that a cold start is short', () => {
    expect(statSync(path.join(folder, 'index.js')).size).toBeLessThan(1_000_000);
  });
});

describe('guard', () => {
  test('changes nothing when all is as planned, and publishes what it saw', async () => {
    await invoke('guard', peak());
    expect(aws.changes).toEqual([]);
    expect(published()).toMatchObject({
      environment: 'prod',
      target: 'us-east-1/playback',
      PlannedFloor: 850,
      LiveFloor: 850,
      Running: 850,
      Healthy: 840,
      ScaleInSuspended: 1,
      ScaleInHeld: 1,
      Repairs: 0,
      Problems: 0,
      HoursCovered: expect.any(Number),
      GuardFailed: 0,
      _aws: { CloudWatchMetrics: [{ Namespace: 'prescale', Dimensions: [['environment', 'target']] }] },
    });
    expect(logged()).toMatchObject({ level: 'INFO', message: 'guard', deployed: false, failures: [] });
  });

  test('registers both bounds and the whole suspension, puts and removes, page by page', async () => {
    const plan = peak();
    const [, , giveBack, close, ...later] = plan.target.actions;
    aws.register(5, 100, { Out: true });
    aws.list(giveBack!, ...later, { ...close!, name: 'floor-of-another-plan' });
    await invoke('guard', plan);
    const id = {
      ServiceNamespace: 'ecs',
      ScalableDimension: 'ecs:service:DesiredCount',
      ResourceId: 'service/media/playback',
    };
    expect(aws.changes).toEqual([
      {
        operation: 'RegisterScalableTarget',
        input: {
          ...id,
          MinCapacity: 850,
          MaxCapacity: 1600,
          SuspendedState: {
            DynamicScalingInSuspended: true,
            DynamicScalingOutSuspended: false,
            ScheduledScalingSuspended: false,
          },
        },
      },
      {
        operation: 'PutScheduledAction',
        input: {
          ...id,
          ScheduledActionName: close!.name,
          Schedule: `at(${close!.at.slice(0, 19)})`,
          Timezone: 'UTC',
          ScalableTargetAction: { MinCapacity: 10, MaxCapacity: 1600 },
        },
      },
      { operation: 'DeleteScheduledAction', input: { ...id, ScheduledActionName: 'floor-of-another-plan' } },
    ]);
    expect(published()).toMatchObject({ LiveFloor: 5, Repairs: 5, Problems: 1 });

    aws.calls.length = 0;
    await invoke('guard', plan);
    expect(aws.changes).toEqual([]);
  });

  test('bears being throttled', async () => {
    const plan = peak();
    aws.register(5, 1600, { In: true });
    aws.failures = {
      DescribeScheduledActions: { ...THROTTLED, times: 1 },
      RegisterScalableTarget: { ...THROTTLED, times: 1 },
    };
    await invoke('guard', plan);
    expect(aws.target).toMatchObject({ MinCapacity: 850 });
    expect(published()).toMatchObject({ GuardFailed: 0 });
  });

  test('does what it still can, and fails, when throttling does not end', async () => {
    const plan = peak();
    aws.register(5, 1600, { In: true });
    aws.failures = { DescribeScheduledActions: THROTTLED };
    await expect(invoke('guard', plan)).rejects.toThrow(/^DescribeScheduledActions: ThrottlingException: not now/);
    expect(aws.target).toMatchObject({ MinCapacity: 850 });
    expect(published()).toMatchObject({ GuardFailed: 1, LiveFloor: 5 });
  });

  test.each([
    ['expired credentials', EXPIRED],
    ['no permission at all', DENIED],
  ])('with %s it changes nothing, publishes what it does know, and fails', async (_, failure) => {
    const plan = peak();
    aws.failures = { '*': failure };
    await expect(invoke('guard', plan)).rejects.toThrow(new RegExp(`DescribeScalableTargets: ${failure.code}`));
    expect(aws.changes).toEqual([]);
    expect(published()).toMatchObject({ PlannedFloor: 850, GuardFailed: 1 });
    expect(published()).not.toHaveProperty('LiveFloor');
    expect(published()).not.toHaveProperty('Healthy');
  });

  test('with half of the permissions each call fails on its own', async () => {
    const plan = peak();
    aws.register(5, 1600, { In: true });
    aws.list(...plan.target.actions.slice(4), { ...plan.target.actions[0]!, name: 'floor-of-another-plan' });
    aws.failures = {
      RegisterScalableTarget: DENIED,
      DeleteScheduledAction: DENIED,
      DescribeTargetHealth: { status: 403, code: 'AccessDenied' },
      DescribeServices: DENIED,
    };
    await expect(invoke('guard', plan)).rejects.toThrow(
      /DescribeServices: .*DescribeTargetHealth: .*RegisterScalableTarget: .*DeleteScheduledAction floor-of-another-plan: /,
    );
    expect(aws.actions.map(({ ScheduledActionName }) => ScheduledActionName)).toEqual(
      expect.arrayContaining(plan.target.actions.slice(2).map(({ name }) => name)),
    );
    expect(published()).toMatchObject({ GuardFailed: 1, LiveFloor: 5 });
  });

  test('takes an action that somebody else has deleted meanwhile for deleted', async () => {
    const plan = peak();
    aws.list(...plan.target.actions, { ...plan.target.actions[0]!, name: 'floor-of-another-plan' });
    aws.failures = { DeleteScheduledAction: { status: 400, code: 'ObjectNotFoundException' } };
    await expect(invoke('guard', plan)).resolves.toBeUndefined();
  });

  test('only raises while its stack is being deployed, or when it cannot tell', async () => {
    const plan = peak();
    aws.register(5, 1600, { In: true });
    aws.list({ ...plan.target.actions[0]!, name: 'floor-of-another-plan' });
    aws.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    await invoke('guard', plan);
    expect(aws.changes.map(({ operation }) => operation)).toEqual(['RegisterScalableTarget']);

    aws.register(5, 1600, { In: true });
    aws.calls.length = 0;
    aws.failures = { DescribeStacks: { status: 403, code: 'AccessDenied' } };
    await expect(invoke('guard', plan)).rejects.toThrow('DescribeStacks: AccessDenied');
    expect(aws.changes.map(({ operation }) => operation)).toEqual(['RegisterScalableTarget']);
  });

  test('registers a target that is gone in a settled stack, and none in a stack that is being deleted', async () => {
    const plan = planWhere('11:00');
    aws.stack.status = 'DELETE_IN_PROGRESS';
    await invoke('guard', plan);
    expect(aws.changes).toEqual([]);
    aws.stack.status = 'UPDATE_ROLLBACK_COMPLETE';
    await invoke('guard', plan);
    expect(aws.target).toMatchObject({ MinCapacity: 850, MaxCapacity: 1600 });
    expect(aws.actions).toHaveLength(4);
    expect(logged()).toBeDefined();
  });

  test('leaves to the next run what it has no time for', async () => {
    const plan = peak();
    aws.register(5, 1600, { In: true });
    await expect(invoke('guard', plan, { remaining: 4999 })).rejects.toThrow('1 of 1 calls are left to the next run');
    expect(aws.changes).toEqual([]);
  });

  test('gives up a call that hangs', async () => {
    const plan = peak();
    aws.delay = 2500;
    await expect(invoke('guard', plan)).rejects.toThrow(/DescribeScalableTargets: TimeoutError/);
  });

  test('says that the service is gone', async () => {
    const plan = peak();
    aws.service = undefined;
    await expect(invoke('guard', plan)).rejects.toThrow(
      'DescribeServices: Error: no service playback in cluster media: MISSING',
    );
  });

  test('does not act on a plan for another account, and fails', async () => {
    const plan = peak();
    aws.register(5, 1600);
    await expect(invoke('guard', plan, { account: '999999999999' })).rejects.toThrow(
      'the plan is for account 123456789012, and this is 999999999999',
    );
    expect(aws.changes).toEqual([]);
    expect(published()).toMatchObject({ GuardFailed: 1 });
  });

  test('fails on a plan that it cannot read, without asking for anything', async () => {
    await expect(invoke('guard', '{"schemaVersion":2}')).rejects.toThrow('must have schemaVersion 1, got 2');
    expect(aws.calls).toEqual([]);
  });

  test('tells a plan that has expired', async () => {
    const plan = peak();
    const expired = { ...plan, target: { ...plan.target, coveredUntil: plan.asOf } };
    await invoke('guard', expired);
    expect(published()).toMatchObject({ HoursCovered: expect.any(Number), GuardFailed: 0, Problems: 1 });
  });

  test('counts no units for what is no ECS service and has no target group', async () => {
    const plan = planWhere('11:00');
    delete process.env.TARGET_GROUP_ARN;
    process.env.RESOURCE_ID = 'table/sessions';
    aws.register(850, 1600, { In: true });
    aws.list(...plan.target.actions);
    await invoke('guard', {
      ...plan,
      target: { ...plan.target, namespace: 'dynamodb', dimension: 'dynamodb:table:WriteCapacityUnits' },
    });
    expect(aws.calls.map(({ operation }) => operation)).not.toEqual(
      expect.arrayContaining(['DescribeServices', 'DescribeTargetHealth']),
    );
    expect(published()).not.toHaveProperty('Running');
  });

  test('must be told what to look after', async () => {
    delete process.env.STACK_ID;
    await expect(invoke('guard', peak())).rejects.toThrow('RESOURCE_ID, STACK_ID and PLAN_OUTPUT must be set');
  });
});

describe('overrides', () => {
  const ROOT = '/prescale/prod/us-east-1/playback';
  const now = (): number => 60 * Math.floor(Date.now() / 60_000);
  const iso = (minutes: number): string => `${new Date(1000 * (now() + 60 * minutes)).toISOString().slice(0, 19)}Z`;

  /** One that was made a minute ago. */
  function override(
    kind: Override['kind'],
    {
      from = -1,
      until = 30,
      min,
      id = `${kind}-1`,
    }: {
      from?: number;
      until?: number;
      min?: number;
      id?: string;
    } = {},
  ): void {
    const record: Override = {
      schemaVersion: 1,
      id,
      kind,
      from: iso(from),
      until: iso(until),
      ...(min !== undefined && { min }),
      who: 'ada',
      why: 'the trailer went viral',
    };
    aws.parameters[`${ROOT}/overrides/${id}`] = JSON.stringify(record);
  }

  test('raise the floor, and say when it ends', async () => {
    const plan = peak();
    override('raise', { min: 1200 });
    await invoke('guard', plan);
    expect(aws.target).toMatchObject({ MinCapacity: 1200, MaxCapacity: 1600 });
    const ending = aws.actions.filter(({ Schedule }) => Schedule === `at(${iso(30).slice(0, 19)})`);
    expect(ending).toMatchObject([{ ScalableTargetAction: { MinCapacity: 850, MaxCapacity: 1600 } }]);
    // What somebody asked for is no repair.
    expect(published()).toMatchObject({
      PlannedFloor: 1200,
      LiveFloor: 850,
      Overrides: 1,
      Paused: 0,
      Repairs: 0,
      GuardFailed: 0,
    });

    aws.calls.length = 0;
    await invoke('guard', plan);
    expect(aws.changes).toEqual([]);
  });

  test('are read page by page, and the higher of two raises holds', async () => {
    const plan = peak();
    for (const min of [900, 1300, 1100]) override('raise', { min, id: `raise-${min}` });
    await invoke('guard', plan);
    expect(aws.target).toMatchObject({ MinCapacity: 1300 });
    expect(published()).toMatchObject({ Overrides: 3 });
  });

  test('pause the guard, which goes on to look', async () => {
    const plan = peak();
    aws.register(5, 1600, { In: false });
    override('pause');
    await invoke('guard', plan);
    expect(aws.changes).toEqual([]);
    expect(published()).toMatchObject({ PlannedFloor: 850, LiveFloor: 5, Repairs: 0, Overrides: 1, Paused: 1 });
    aws.parameters = {};
    await invoke('guard', plan);
    expect(aws.target).toMatchObject({ MinCapacity: 850 });
  });

  test('end a window: the floor goes down by an action, and later floors of the window stay down', async () => {
    const plan = peak();
    override('end-window', { from: -5, until: 150 });
    await invoke('guard', plan);
    expect(aws.target).toMatchObject({ SuspendedState: { DynamicScalingInSuspended: false } });
    const ahead = aws.actions.filter(({ Schedule }) => String(Schedule) < `at(${iso(150).slice(0, 19)})`);
    expect(ahead.length).toBeGreaterThan(1);
    expect(ahead.slice(-1)).toMatchObject([{ ScalableTargetAction: { MinCapacity: 10 } }]);
    const closing = plan.target.actions[2]!;
    expect(aws.actions.find(({ ScheduledActionName }) => ScheduledActionName === closing.name)).toMatchObject({
      ScalableTargetAction: { MinCapacity: 10 },
    });
  });

  test('that cannot be read let the guard raise and nothing else', async () => {
    const plan = peak();
    aws.register(5, 1600, { In: true });
    aws.list({ ...plan.target.actions[0]!, name: 'floor-of-an-override' });
    aws.failures = { GetParametersByPath: DENIED };
    await expect(invoke('guard', plan)).rejects.toThrow('GetParametersByPath: AccessDeniedException');
    expect(aws.changes.map(({ operation }) => operation)).toEqual(['RegisterScalableTarget']);
    expect(aws.target).toMatchObject({ MinCapacity: 850 });
    // None is not what was read.
    expect(published()).not.toHaveProperty('Overrides');
  });

  test('that end a window which the plan does not have change nothing, and are reported', async () => {
    const plan = peak();
    // Until before the window is over: it has grown since.
    override('end-window', { from: -5, until: 30 });
    await invoke('guard', plan);
    expect(aws.changes).toEqual([]);
    expect(logged()).toMatchObject({ problems: [{ code: 'guard/no-window-to-end' }] });
  });

  test('of which one is none: it is a failure, and the others hold', async () => {
    const plan = peak();
    override('raise', { min: 1200 });
    aws.parameters[`${ROOT}/overrides/typo`] = '{"min": 9000}';
    await expect(invoke('guard', plan)).rejects.toThrow(
      `parameter ${ROOT}/overrides/typo: must have schemaVersion 1, got undefined; mend: `,
    );
    expect(aws.target).toMatchObject({ MinCapacity: 1200 });
  });

  test('are kept for a day after they ended, and no longer', async () => {
    const plan = peak();
    override('raise', { min: 1200, from: -1500, until: -1441, id: 'old' });
    override('raise', { min: 1200, from: -1500, until: -1439, id: 'young' });
    await invoke('guard', plan);
    expect(Object.keys(aws.parameters)).toEqual([`${ROOT}/overrides/young`]);
    expect(aws.target).toMatchObject({ MinCapacity: 850 });
  });

  test('hold at the end of a deploy, too', async () => {
    const plan = peak();
    override('raise', { min: 1200 });
    aws.register(1200, 1600, { In: true });
    await invoke('afterDeploy', plan);
    expect(aws.target).toMatchObject({ MinCapacity: 1200 });
    expect(
      aws.actions.some(({ ScalableTargetAction: to }) => (to as { MinCapacity: number }).MinCapacity === 850),
    ).toBe(true);
  });

  test('that are drills are judged by what became healthy, once', async () => {
    const plan = planWhere('09:00');
    aws.register(10, 1600);
    aws.list(...plan.target.actions);
    aws.service = {
      runningCount: 300,
      desiredCount: 400,
      events: [
        { createdAt: now(), message: 'service playback was unable to place a task: not enough vCPU' },
        { createdAt: now() - 86_400, message: 'service playback was unable to place a task: long ago' },
        { createdAt: now(), message: 'service playback has started 100 tasks' },
      ],
    };
    aws.health = Array.from({ length: 300 }, () => 'healthy');
    override('drill', { min: 400, from: -2, until: 10 });
    const records = (): unknown[] =>
      Object.entries(aws.parameters)
        .filter(([name]) => name.startsWith(`${ROOT}/drills/`))
        .map(([, text]) => JSON.parse(text) as unknown);
    await invoke('guard', plan);
    expect(records()).toEqual([]);

    aws.health = Array.from({ length: 400 }, () => 'healthy');
    await invoke('guard', plan);
    const [record] = records();
    expect(record).toMatchObject({
      outcome: 'passed',
      floor: 400,
      raisedAt: iso(-2),
      healthy: 400,
      inTheWay: ['service playback was unable to place a task: not enough vCPU'],
    });
    expect(published()).toBeDefined();
    const measured = lines().filter((line) => 'DrillSeconds' in line);
    expect(measured).toHaveLength(1);
    expect(measured[0]!.DrillSeconds).toBeGreaterThanOrEqual(120);
    await invoke('guard', plan);
    expect(records()).toEqual([record]);
    expect(lines().filter((line) => 'DrillSeconds' in line)).toHaveLength(1);
  });

  test('that are drills are judged by themselves, soon after one that failed', async () => {
    const plan = planWhere('09:00');
    aws.register(400, 1600, { In: true });
    aws.list(...plan.target.actions);
    aws.health = Array.from({ length: 400 }, () => 'healthy');
    override('drill', { min: 500, from: -20, until: -5, id: 'failed' });
    override('drill', { min: 400, from: -4, until: 10, id: 'again' });
    await invoke('guard', plan);
    const records = Object.entries(aws.parameters).filter(([name]) => name.includes('/drills/'));
    expect(records.map(([, text]) => JSON.parse(text) as unknown)).toMatchObject([
      { outcome: 'passed', floor: 400, raisedAt: iso(-4) },
    ]);
  });

  test('that were drills and failed say so', async () => {
    const plan = planWhere('09:00');
    aws.register(10, 1600);
    aws.list(...plan.target.actions);
    aws.health = Array.from({ length: 399 }, () => 'healthy');
    override('drill', { min: 400, from: -20, until: -1 });
    await invoke('guard', plan);
    const [text] = Object.entries(aws.parameters)
      .find(([name]) => name.includes('/drills/'))!
      .slice(1);
    expect(JSON.parse(text!)).toMatchObject({ outcome: 'failed', floor: 400, healthy: 399 });
    expect(published()).toMatchObject({ DrillFailed: 1 });
  });
});

describe('afterDeploy', () => {
  test('repairs at once, though the stack is still being deployed', async () => {
    const plan = peak();
    aws.register(5, 1600);
    aws.list(...plan.target.actions.slice(1));
    aws.stack.status = 'UPDATE_IN_PROGRESS';
    await invoke('afterDeploy', plan);
    expect(aws.target).toMatchObject({ MinCapacity: 850, SuspendedState: { DynamicScalingInSuspended: true } });
    expect(aws.calls.map(({ operation }) => operation)).not.toContain('DescribeStacks');
  });

  test('ends the suspension of the deploy outside of windows', async () => {
    const plan = planWhere('09:00');
    aws.register(10, 1600, { In: true });
    aws.list(...plan.target.actions);
    await invoke('afterDeploy', plan);
    expect(aws.target).toMatchObject({ MinCapacity: 10, SuspendedState: { DynamicScalingInSuspended: false } });
  });

  test.each([
    ['without permissions', () => (aws.failures = { '*': DENIED })],
    ['without its environment', () => delete process.env.RESOURCE_ID],
  ])('never fails a deploy, %s', async (_, breakIt) => {
    const plan = peak();
    breakIt();
    await expect(invoke('afterDeploy', plan)).resolves.toBeUndefined();
    expect(logged()).toMatchObject({ level: 'ERROR' });
  });

  test('never fails a deploy, with a plan that cannot be read', async () => {
    await expect(invoke('afterDeploy', 'what?')).resolves.toBeUndefined();
    expect(logged()).toMatchObject({ level: 'ERROR' });
  });
});

describe('beforeDeploy', () => {
  test('suspends scale-in, and leaves the bounds as they are', async () => {
    aws.register(850, 1600);
    aws.stack = { status: 'UPDATE_IN_PROGRESS', outputs: { PlanAsOf: '2026-01-01T00:00:00Z' } };
    await invoke('beforeDeploy', planWhere('00:05'));
    expect(aws.changes).toHaveLength(1);
    expect(aws.changes[0]!.input).not.toHaveProperty('MinCapacity');
    expect(aws.calls.map(({ operation }) => operation)).not.toContain('DescribeTargetHealth');
    expect(aws.target).toMatchObject({ MinCapacity: 850, SuspendedState: { DynamicScalingInSuspended: true } });
  });

  test('lets a first deploy pass: an empty account, and no output', async () => {
    aws.service = { runningCount: 0, desiredCount: 0 };
    aws.stack = { status: 'CREATE_IN_PROGRESS' };
    await expect(invoke('beforeDeploy', planWhere('00:05'))).resolves.toBeUndefined();
    expect(aws.changes).toEqual([]);
  });

  test('refuses a stale plan, and then changes nothing', async () => {
    aws.register(850, 1600);
    aws.stack.status = 'UPDATE_IN_PROGRESS';
    await expect(invoke('beforeDeploy', planWhere('11:00'))).rejects.toThrow(/is stale.*mend: synthesize again/);
    expect(aws.changes).toEqual([]);
  });

  test('refuses a plan that is older than the deployed one', async () => {
    const plan = planWhere('00:05');
    const deployed = new Date(Date.parse(plan.asOf) + 60_000).toISOString().replace('.000', '');
    aws.stack = { status: 'UPDATE_IN_PROGRESS', outputs: { PlanAsOf: deployed } };
    await expect(invoke('beforeDeploy', plan)).rejects.toThrow(`is older than the deployed one of ${deployed}`);
  });

  test('lets a rollback pass, whose plan is always stale', async () => {
    aws.register(850, 1600);
    aws.stack.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
    await expect(invoke('beforeDeploy', planWhere('11:00'))).resolves.toBeUndefined();
    expect(aws.target).toMatchObject({ SuspendedState: { DynamicScalingInSuspended: true } });
  });

  test.each([
    ['denied', { '*': DENIED }],
    ['throttled', { DescribeStacks: { status: 400, code: 'Throttling' } }],
  ])('lets a stale plan pass when it may be a rollback, because reading is %s, and warns', async (_, failures) => {
    aws.failures = failures;
    await expect(invoke('beforeDeploy', planWhere('11:00'))).resolves.toBeUndefined();
    expect(logged()).toMatchObject({ level: 'WARN', warnings: [{ code: 'deploy/plan-stale' }] });
  });

  test('refuses a foreign plan, whatever it cannot read', async () => {
    aws.failures = { '*': EXPIRED };
    await expect(invoke('beforeDeploy', planWhere('00:05'), { account: '999999999999' })).rejects.toThrow(
      'the plan is for account 123456789012, and this is 999999999999',
    );
  });

  test('refuses a plan that it cannot read', async () => {
    await expect(invoke('beforeDeploy', 'what?')).rejects.toThrow('plan.json is no JSON, it begins with "what?"');
  });
});
