import {
  DeregisterScalableTargetCommand,
  DescribeScalingPoliciesCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { describeDeploys, describeTarget, type Fault } from './local-account';
import { EVENINGS, type GuardRun, HELD, type Plan, Prod, writeEvenings } from './product';

const PLAN: Plan = { environment: 'prod', asOf: '2026-12-01T00:00:00Z', calendar: writeEvenings() };
const AUTO_SCALING = { service: 'application-autoscaling', caller: 'lambda' } as const;
const CALM = {
  min: 120,
  max: 1600,
  suspended: { DynamicScalingInSuspended: false, DynamicScalingOutSuspended: false, ScheduledScalingSuspended: false },
};

// What goes wrong between two deploys. One account for all: each test has an evening of its own.
describeDeploys('the guard of prod', () => {
  let prod: Prod;
  let evening = 0;
  let now = PLAN.asOf;

  /** To a time of this evening, such as `18:25`. */
  async function tickTo(time: string): Promise<void> {
    now = `${EVENINGS[evening]}T${time}:00Z`;
    await prod.account.tick(now);
  }

  const action = (time: string): string => `floor-${EVENINGS[evening]!.replaceAll('-', '')}T${time.replace(':', '')}Z`;
  const codes = ({ problems }: GuardRun): string[] => problems.map(({ code }) => code);

  async function expectHeld(): Promise<void> {
    expect(await prod.read()).toMatchObject(HELD);
  }

  async function expectCalm(): Promise<void> {
    expect(await prod.read()).toMatchObject({ ...CALM, running: 120 });
  }

  async function expectPlannedActions(): Promise<void> {
    const { actions } = await prod.read();
    expect(actions.filter(({ at }) => at > now)).toEqual(Prod.ahead(PLAN, now));
  }

  beforeAll(async () => {
    prod = await Prod.start(PLAN);
  });
  afterAll(() => prod.account.stop());

  beforeEach(async () => {
    evening += 1;
    await tickTo('18:25');
    await prod.runGuard();
    await tickTo('18:40');
    await expectHeld();
  });
  afterEach(async () => {
    await prod.account.failCalls();
    await prod.account.configure({ lambda_clock_skew_seconds: 0 });
    await prod.runGuard();
    await tickTo('21:00');
    await prod.runGuard();
    // Nothing asks for tasks.
    await prod.account.attempt(prod.target, 0);
    await expectPlannedActions();
    await expectCalm();
  });

  test('decides nothing where all is as planned, and resumes scale-in when giving back begins', async () => {
    expect(await prod.runGuard()).toMatchObject({
      put: [],
      remove: [],
      problems: [],
      failures: [],
      metrics: { repairs: 0 },
    });
    await tickTo('20:20');
    const run = await prod.runGuard();
    expect(run).toMatchObject({ put: [], remove: [], problems: [], metrics: { repairs: 0 } });
    expect(run.register).toEqual({ suspended: { scaleIn: false, scaleOut: false, scheduled: false } });
  });

  test('raises a minimum that was lowered by hand, and policies cannot scale in meanwhile', async () => {
    await prod.register({ MinCapacity: 5 });
    expect(await prod.account.attempt(prod.target, 0)).toMatchObject({ after: 500 });
    expect(await prod.runGuard()).toMatchObject({ metrics: { liveFloor: 5, plannedFloor: 500, repairs: 1 } });
    await expectHeld();
  });

  test('leaves a minimum alone that was raised by hand, and tells', async () => {
    await prod.register({ MinCapacity: 700 });
    expect(codes(await prod.runGuard())).toEqual(['guard/live-above-plan']);
    expect(await prod.read()).toMatchObject({ min: 700, running: 700 });
    await tickTo('20:20');
    expect(await prod.read()).toMatchObject({ min: 120 });
  });

  test('raises a maximum that was lowered by hand, with the minimum', async () => {
    await prod.register({ MinCapacity: 5, MaxCapacity: 300 });
    expect(await prod.read()).toMatchObject({ running: 300 });
    expect(await prod.runGuard()).toMatchObject({ metrics: { repairs: 2 } });
    await expectHeld();
  });

  test('leaves a maximum alone near a window that was raised by hand, and lowers it in quiet times', async () => {
    await prod.register({ MaxCapacity: 2000 });
    await prod.account.attempt(prod.target, 1800);
    expect(codes(await prod.runGuard())).toEqual(['guard/maximum-above-plan']);
    expect(await prod.read()).toMatchObject({ max: 2000, running: 1800 });
    // The action that gives back states the plan's maximum.
    await tickTo('20:20');
    await prod.register({ MaxCapacity: 2000 });
    await tickTo('21:00');
    await prod.account.attempt(prod.target, 1800);
    expect(codes(await prod.runGuard())).toEqual(['guard/maximum-above-plan']);
    await prod.account.attempt(prod.target, 1000);
    expect(codes(await prod.runGuard())).toEqual([]);
    expect(await prod.read()).toMatchObject({ max: 1600, running: 1000 });
  });

  test('resumes scale-out and scheduled scaling that were suspended by hand', async () => {
    await prod.register({ SuspendedState: { DynamicScalingOutSuspended: true, ScheduledScalingSuspended: true } });
    expect(codes(await prod.runGuard())).toEqual(['guard/scale-out-suspended', 'guard/scheduled-suspended']);
    await tickTo('20:20');
    expect(await prod.read()).toMatchObject({ min: 120 });
  });

  test('puts an action again that was deleted by hand, to the value', async () => {
    await prod.deleteAction(action('20:20'));
    expect(await prod.runGuard()).toMatchObject({ put: [{ name: action('20:20') }], metrics: { repairs: 1 } });
    await expectPlannedActions();
  });

  test('lowers a floor four to five minutes late whose action was deleted in its last two minutes', async () => {
    await tickTo('20:18');
    await prod.deleteAction(action('20:20'));
    for (const time of ['20:18', '20:19', '20:20', '20:21']) {
      await tickTo(time);
      expect(await prod.runGuard()).toMatchObject({ put: [], remove: [], problems: [] });
    }
    await tickTo('20:22');
    expect(await prod.runGuard()).toMatchObject({ put: [{ name: action('20:24'), min: 120 }] });
    await tickTo('20:23');
    expect(await prod.runGuard()).toMatchObject({ put: [], remove: [] });
    expect(await prod.read()).toMatchObject({ min: 500 });
    await tickTo('20:24');
    expect(await prod.read()).toMatchObject({ min: 120 });
    expect(await prod.runGuard()).toMatchObject({ put: [], remove: [action('20:24')] });
  });

  test('mends at once what was lost in ten minutes in which it did not run; actions run without it', async () => {
    // Into another evening: from before its rise.
    evening += 1;
    await tickTo('18:20');
    await tickTo('18:30');
    expect(await prod.read()).toMatchObject({ min: 500, running: 500 });
    await prod.register({ MinCapacity: 5, SuspendedState: { DynamicScalingInSuspended: true } });
    await prod.deleteAction(action('20:20'));
    await tickTo('18:40');
    expect(await prod.runGuard()).toMatchObject({ put: [{ name: action('20:20') }] });
    await expectHeld();
  });

  test('raises a floor when it is due whose action was deleted', async () => {
    evening += 1;
    await tickTo('18:24');
    await prod.deleteAction(action('18:25'));
    await prod.runGuard();
    await tickTo('18:25');
    expect(await prod.read()).toMatchObject({ min: 120 });
    expect(await prod.runGuard()).toMatchObject({ failures: [], problems: [] });
    await expectHeld();
  });

  test.each([90, -90])(
    'neither undoes a closing action nor puts one that is past, with a clock %s s off',
    async (skew) => {
      await prod.account.configure({ lambda_clock_skew_seconds: skew });
      for (const time of ['20:16', '20:17', '20:18', '20:19', '20:20', '20:21', '20:22', '20:23', '20:24', '20:25']) {
        await tickTo(time);
        const run = await prod.runGuard();
        expect(run).toMatchObject({ put: [], remove: [], problems: [], failures: [], metrics: { repairs: 0 } });
        expect(run.register ?? {}).not.toHaveProperty('bounds');
        const floor = time < '20:20' ? 500 : 120;
        expect(await prod.read()).toMatchObject({ min: floor });
        expect((await prod.account.attempt(prod.target, 0)).after).toBeGreaterThanOrEqual(floor);
      }
    },
  );

  test('bears being throttled a little, and leaves it to the next run when it does not end', async () => {
    await prod.register({ MinCapacity: 5 });
    await prod.account.failCalls({ ...AUTO_SCALING, code: 'ThrottlingException', times: 3 });
    expect(await prod.runGuard()).toMatchObject({ failures: [] });
    await expectHeld();

    await prod.register({ MinCapacity: 5 });
    await prod.account.failCalls({ ...AUTO_SCALING, code: 'ThrottlingException' });
    const { failures } = await prod.runGuard();
    expect(failures.toSorted()).toEqual([
      expect.stringContaining('DescribeScalableTargets: ThrottlingException'),
      expect.stringContaining('DescribeScheduledActions: ThrottlingException'),
    ]);
    expect(await prod.account.attempt(prod.target, 0)).toMatchObject({ after: 500 });
    await prod.account.failCalls();
    await prod.runGuard();
    await expectHeld();
  });

  test('changes nothing with expired credentials, and fails', async () => {
    await prod.register({ MinCapacity: 5 });
    await prod.deleteAction(action('20:20'));
    const before = await prod.read();
    await prod.account.failCalls({ code: 'ExpiredTokenException', caller: 'lambda', status: 400 });
    const run = await prod.runGuard();
    expect(run.failures.length).toBeGreaterThan(4);
    expect(run.failures.every((failure) => failure.includes('ExpiredToken'))).toBe(true);
    expect(run.metrics).toMatchObject({ plannedFloor: 500 });
    expect(run.metrics).not.toHaveProperty('liveFloor');
    expect(await prod.read()).toEqual(before);
  });

  // What is lost each time: the minimum, and the action that gives back.
  test.each([
    ['RegisterScalableTarget', { min: 5 }, 'put'],
    ['PutScheduledAction', { min: 500 }, 'missing'],
    ['DescribeScheduledActions', { min: 500 }, 'missing'],
    ['DescribeScalableTargets', { min: 5 }, 'put'],
    ['DescribeStacks', { min: 500 }, 'missing'],
    ['DescribeServices', { min: 500 }, 'put'],
    ['DescribeTargetHealth', { min: 500 }, 'put'],
  ] as const)('does what it may without %s, and fails', async (denied, live, giveBack) => {
    await prod.register({ MinCapacity: 5 });
    await prod.deleteAction(action('20:20'));
    const fault: Fault = { code: 'AccessDeniedException', action: denied, caller: 'lambda' };
    await prod.account.failCalls(fault);
    const { failures } = await prod.runGuard();
    expect(failures).toEqual([expect.stringMatching(new RegExp(`^${denied}.*AccessDenied`))]);
    const { actions, ...target } = await prod.read();
    expect(target).toMatchObject({ ...live, running: 500, suspended: { DynamicScalingInSuspended: true } });
    expect(actions.some(({ name }) => name === action('20:20'))).toBe(giveBack === 'put');
    // All of them together leave nothing to do to the next run.
    await prod.account.failCalls();
    await prod.runGuard();
    await expectHeld();
    await expectPlannedActions();
  });

  test('registers a target again that was deregistered, with its actions and without its policies', async () => {
    const { byHand, target } = prod;
    const countPolicies = async (): Promise<number> => {
      const { ServiceNamespace, ResourceId } = describeTarget(target);
      const { ScalingPolicies } = await byHand.send(
        new DescribeScalingPoliciesCommand({ ServiceNamespace, ResourceId }),
      );
      return ScalingPolicies!.length;
    };
    expect(await countPolicies()).toBe(2);
    await byHand.send(new DeregisterScalableTargetCommand(describeTarget(target)));
    expect(codes(await prod.runGuard())).toEqual(['guard/target-missing']);
    await expectHeld();
    await expectPlannedActions();
    expect(await countPolicies()).toBe(0);
  });
});
