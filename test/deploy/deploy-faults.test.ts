import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeregisterScalableTargetCommand,
  DescribeScalingPoliciesCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient, DescribeStackEventsCommand } from '@aws-sdk/client-cloudformation';
import { describeDeploys, describeTarget, type LocalAccount, startLocalAccount } from './local-account';
import {
  enterWindow,
  EVENINGS,
  floorOf,
  follow,
  GUARD_RUNS,
  HELD,
  logged,
  type Plan,
  planned,
  planOf,
  POSITIONS,
  Prod,
  synthesize,
  writeCalendar,
  writeEvenings,
} from './product';

const PLAN: Plan = { environment: 'prod', asOf: '2026-12-01T00:00:00Z', calendar: writeEvenings() };

describeDeploys('prod in trouble', () => {
  // One account for all: each test has an evening of its own, and deploys as of a time of it.
  describe('a deploy', () => {
    let prod: Prod;
    let evening = 0;

    const at = (time: string): string => `${EVENINGS[evening]}T${time}:00Z`;
    const asOf = (time: string, more: Partial<Plan> = {}): Plan => ({ ...PLAN, ...more, asOf: at(time) });

    beforeAll(async () => {
      prod = await Prod.start(PLAN);
    });
    afterAll(() => prod.account.stop());

    beforeEach(async () => {
      evening += 1;
      await prod.account.tick(at('18:25'));
    });
    afterEach(async () => {
      await prod.account.failCalls();
      await prod.account.during();
      await prod.account.tick(at('23:00'));
      await prod.runGuard();
      await prod.account.attempt(prod.target, 0);
      await expectCalm();
    });

    async function expectCalm(): Promise<void> {
      expect(await prod.read()).toMatchObject({
        min: 120,
        running: 120,
        suspended: { DynamicScalingInSuspended: false },
      });
    }

    /** The stack goes back, nothing of the target was touched, and scale-in stays suspended until the guard has run. */
    async function expectRefused(deploy: () => ReturnType<Prod['deploy']>, message: RegExp): Promise<void> {
      const before = await prod.read();
      const { length } = await prod.account.calls();
      const { output, ...end } = await deploy();
      expect(end).toEqual({ exitCode: 1, status: 'UPDATE_ROLLBACK_COMPLETE' });
      expect(output.replaceAll(/\s+/g, ' ')).toMatch(message);
      const calls = (await prod.account.calls()).slice(length);
      expect(calls.filter(({ caller }) => caller === 'cloudformation')).toEqual([]);
      expect(await prod.read()).toEqual({
        ...before,
        suspended: { ...before.suspended, DynamicScalingInSuspended: true },
      });
      expect(await prod.runGuard()).toMatchObject({ put: [], remove: [], failures: [] });
      expect(await prod.read()).toMatchObject({ min: before.min, running: before.running });
    }

    /** Logical ids of the resources that were updated so far, in order, without their hashes. */
    async function completed(): Promise<string[]> {
      const client = new CloudFormationClient(prod.account.client());
      const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: 'prod-Capacity' }));
      return StackEvents!
        .filter(({ ResourceStatus }) => ResourceStatus === 'UPDATE_COMPLETE')
        .map(({ LogicalResourceId }) => LogicalResourceId!.replace(/[0-9A-F]{8}$/, ''))
        .toReversed();
    }

    test('is refused with a plan that is older than the deployed one: two were queued in the wrong order', async () => {
      await prod.account.tick(at('19:10'));
      expect(await prod.deploy(asOf('19:10'))).toMatchObject({ exitCode: 0 });
      await expectRefused(
        () => prod.deploy(asOf('19:05')),
        /the plan of \S+T19:05:00Z is older than the deployed one of \S+T19:10:00Z; mend: /,
      );
    });

    test('is refused with a stale plan, of which an action is due', async () => {
      await prod.account.tick(at('18:26'));
      await expectRefused(
        () => prod.deploy(asOf('18:09')),
        /is stale at \S+T18:26:00Z: its action floor-\d+T1825Z is due at \S+T18:25:00Z, .*; mend: /,
      );
    });

    test('is refused when an action would fall due during it, and passes before, however long it waited', async () => {
      await prod.account.tick(at('20:15'));
      const waited = asOf('19:05');
      expect(await prod.deploy(waited)).toMatchObject({ exitCode: 0 });
      expect(await prod.read()).toMatchObject({ ...HELD, actions: planned(planOf(waited)).actions });
      await prod.account.tick(at('20:18'));
      await expectRefused(
        () => prod.deploy(asOf('19:06')),
        /is stale at \S+T20:18:00Z: its action floor-\d+T2020Z is due at \S+T20:20:00Z, .*; mend: /,
      );
    });

    test('is refused with a plan of the future', async () => {
      await prod.account.tick(at('18:40'));
      await expectRefused(
        () => prod.deploy(asOf('18:45')),
        /the plan was made at \S+T18:45:00Z, and it is \S+T18:40:00Z now; mend: /,
      );
    });

    test('is refused with a maximum below what runs', async () => {
      await prod.account.tick(at('21:00'));
      await prod.account.attempt(prod.target, 700);
      await expectRefused(
        () => prod.deploy(asOf('21:00', { maximum: 600 })),
        /the plan's maximum is 600, and 700 are asked for, so 100 would be ended at once; mend: /,
      );
    });

    test('is refused with a lower maximum while a window is open, and passes in quiet times', async () => {
      await prod.account.tick(at('19:10'));
      await expectRefused(
        () => prod.deploy(asOf('19:10', { maximum: 1000 })),
        /lowers the maximum from 1600 to 1000 while a window is open or opens within a day; mend: /,
      );
      await prod.account.tick(at('21:00'));
      const lower = asOf('21:00', { maximum: 1000 });
      expect(await prod.deploy(lower)).toMatchObject({ exitCode: 0 });
      expect(await prod.read()).toMatchObject({ max: 1000, actions: planned(planOf(lower)).actions });
      await prod.account.tick(at('21:30'));
      expect(await prod.deploy(asOf('21:30'))).toMatchObject({ exitCode: 0 });
      expect(await prod.read()).toMatchObject({ max: 1600 });
    });

    test.each([
      [
        'account',
        { account: '999999999999' },
        /the plan is for account 999999999999, and this is 123456789012; mend: /,
      ],
      ['region', { region: 'eu-west-1' }, /the plan is for region eu-west-1, and this is us-east-1; mend: /],
      [
        'kind of target',
        { target: { ...planOf(PLAN), dimension: 'dynamodb:table:ReadCapacityUnits' } },
        /is for dynamodb:table:ReadCapacityUnits, whose resource ids are .*, and RESOURCE_ID is "service\/.*; mend: /,
      ],
    ])('is refused with a plan of another %s', async (_, fields, message) => {
      await prod.account.tick(at('19:10'));
      const folder = mkdtempSync(join(tmpdir(), 'prescale-foreign-'));
      cpSync(synthesize(asOf('19:10')), folder, { recursive: true });
      const file = readdirSync(folder)
        .map((name) => join(folder, name, 'plan.json'))
        .find(existsSync)!;
      writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...fields }));
      await expectRefused(() => prod.deployFrom(folder), message);
      rmSync(folder, { recursive: true });
    });

    test('does not fail because its steps may ask for nothing, and the next run of the guard mends what they left', async () => {
      await prod.account.tick(at('19:10'));
      await prod.account.failCalls({ code: 'AccessDeniedException', caller: 'lambda' });
      expect(await prod.deploy(asOf('19:10'))).toMatchObject({ exitCode: 0, status: 'UPDATE_COMPLETE' });
      const runs = (await prod.account.invocations()).slice(-2);
      expect(runs.map(({ error }) => error)).toEqual([undefined, undefined]);
      expect(runs.map((run) => logged(run)!.failures.length > 0)).toEqual([true, true]);
      await prod.account.failCalls();
      await prod.runGuard();
      expect(await prod.read()).toMatchObject(HELD);
    });

    test('changes the guard before the target, and neither the old nor the new one gets in its way', async () => {
      await prod.account.tick(at('19:10'));
      await prod.runGuard();
      // By the new plan the floor of now is the baseline.
      const moved = Object.fromEntries(
        EVENINGS.map((day, index) => [`${day}T${index === evening ? 21 : 19}:00:00Z`, 500]),
      );
      const before = await completed();
      const { length } = await prod.account.invocations();
      await prod.account.during(...GUARD_RUNS);
      const plan = asOf('19:10', { calendar: writeCalendar(moved, 'drill: none') });
      expect(await prod.deploy(plan)).toMatchObject({ exitCode: 0 });

      const runs = (await prod.account.invocations()).slice(length).map((run) => logged(run)!);
      const guards = runs.filter(({ message, deployed }) => message === 'guard' && !deployed);
      const [old, ours] = [
        guards.filter((run) => run.plan.asOf !== plan.asOf),
        guards.filter((run) => run.plan.asOf === plan.asOf),
      ];
      expect(guards).toEqual([...old, ...ours]);
      expect(old.length).toBeGreaterThan(1);
      expect(ours.length).toBeGreaterThan(1);
      for (const run of guards) {
        expect(run).toMatchObject({ put: [], remove: [], failures: [] });
        expect(run.register ?? {}).not.toHaveProperty('bounds');
      }
      expect(await prod.read()).toMatchObject({ min: 120, running: 500 });

      const order = [
        'ReleaseFloorsGuardFirstStep',
        'ReleaseFloorsGuard',
        'PlaybackTarget',
        'ReleaseFloorsGuardLastStep',
      ];
      const changed = (await completed()).slice(before.length).filter((id) => order.includes(id));
      expect(changed).toEqual(order);
    });

    test('does not bring back the policies of a target that was deregistered', async () => {
      const id = describeTarget(prod.target);
      await prod.byHand.send(new DeregisterScalableTargetCommand(id));
      await prod.runGuard();
      await prod.account.tick(at('19:10'));
      expect(await prod.deploy(asOf('19:10'))).toMatchObject({ exitCode: 0 });
      const { ScalingPolicies } = await prod.byHand.send(
        new DescribeScalingPoliciesCommand({ ServiceNamespace: id.ServiceNamespace, ResourceId: id.ResourceId }),
      );
      expect(ScalingPolicies).toEqual([]);
      expect(await prod.read()).toMatchObject(HELD);
    });
  });

  describe('a first deploy', () => {
    test('passes, and a guard that runs in it registers nothing', async () => {
      const account: LocalAccount = await startLocalAccount();
      const plan: Plan = { ...PLAN, asOf: `${EVENINGS[1]}T19:10:00Z` };
      await account.tick(plan.asOf);
      await account.bootstrap('us-east-1');
      await account.during(...GUARD_RUNS);
      const stacks = 'prod/{Playback,Capacity}';
      expect(await account.deploy(stacks, { app: synthesize(plan), exclusively: true })).toMatchObject({ exitCode: 0 });
      const calls = (await account.calls()).filter(({ action }) => action === 'RegisterScalableTarget');
      // The template suspends scale-in, and the window is open: the last step has nothing to do.
      expect(calls.map(({ caller, params }) => [caller, params.MinCapacity])).toEqual([['cloudformation', 500]]);
      const runs = (await account.invocations()).map((run) => logged(run)!);
      expect(runs.filter(({ message }) => message === 'guard').length).toBeGreaterThan(3);
      await account.stop();
    });
  });

  describe('a deploy that fails after it changed the target', () => {
    const days = ['2026-12-04', '2026-12-11', '2026-12-18'];
    const fridays = (asOf: string, ...premieres: readonly string[]): Plan => ({
      ...PLAN,
      asOf,
      calendar: writeCalendar(
        Object.fromEntries(premieres.map((premiere) => [`${premiere}T19:00:00Z`, 500])),
        'drill: none',
      ),
    });
    const first = fridays('2026-12-02T00:00:00Z', ...days);
    const added = fridays('2026-12-04T19:10:00Z', ...days, '2026-12-05');
    const without = fridays('2026-12-11T19:10:00Z', '2026-12-11');

    let prod: Prod;
    afterEach(() => prod.account.stop());

    // Both positions of past_action are tried in each.
    const positions = POSITIONS.filter(([, switches]) => !('past_action' in switches));
    test.each(positions)('goes back, and the guard raises the old minimum: %s', async (_, switches) => {
      prod = await Prod.start(first, { ...switches, idle: true });
      const { account } = prod;
      const fail = async (failing: Plan, pastAction: 'ignore' | 'refuse', status: string): Promise<void> => {
        await account.configure({ past_action: pastAction });
        await enterWindow(prod, first, failing.asOf);
        await account.failResources({ logical_id: 'PlaybackTarget', after: true });
        expect(await prod.deploy(failing)).toMatchObject({ exitCode: 1, status });
        // The old template has the minimum of a quiet day: nothing but the suspension holds the fleet.
        expect(await prod.lapses(first)).toEqual([]);
        expect(await prod.read()).toMatchObject({ ...HELD, min: 120 });
        await follow(prod, first, failing.asOf);
      };

      await fail(added, 'ignore', 'UPDATE_ROLLBACK_COMPLETE');
      expect((await prod.read()).actions).toEqual(expect.arrayContaining([...Prod.ahead(first, added.asOf)]));
      await follow(prod, first, '2026-12-04T20:20:00Z', '2026-12-05T19:00:00Z');

      // The old template has actions that are past by now. Where AWS refuses to put them the way back fails, and what comes after them is not put.
      await fail(without, 'refuse', 'UPDATE_ROLLBACK_FAILED');
      expect((await prod.read()).actions).not.toEqual(expect.arrayContaining([...Prod.ahead(first, without.asOf)]));
      // Until somebody has ended that, the guard alone raises floors when they are due, and lowers none.
      await account.tick('2026-12-18T18:25:00Z');
      await prod.runGuard();
      expect(await prod.read()).toMatchObject(HELD);
      await account.tick('2026-12-18T20:30:00Z');
      expect(await prod.runGuard()).toMatchObject({ put: [], remove: [] });
      expect(await prod.read()).toMatchObject(HELD);
      expect(floorOf(first, '2026-12-18T20:30:00Z')).toBe(120);
    });
  });
});
