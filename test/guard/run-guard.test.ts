import type { LiveAccount } from '../../lib/guard/live-account';
import { runGuard } from '../../lib/guard/run-guard';
import { at, live, PLACE, PLAN } from './fixtures';

/** Runs the guard on an account that records what it is asked, in order. */
async function run({
  status = 'UPDATE_COMPLETE',
  deployed = false,
  remaining = [50_000],
  changedAt = 0,
  min = 5,
} = {}): Promise<{
  readonly steps: string[];
  readonly failures: string[];
}> {
  const steps: string[] = [];
  const step =
    <T>(name: string, value?: T) =>
    async (): Promise<T | undefined> => {
      // Each answer takes its time.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      steps.push(name);
      return value;
    };
  const failures: string[] = [];
  const account = {
    failures,
    readLiveState: step('read', live({ min, actions: [] })),
    readStack: step('stack', { status, changedAt }),
    readOverrides: step('overrides', []),
    register: step('register'),
    put: step('put'),
    remove: step('remove'),
  };
  await runGuard({
    plan: PLAN,
    place: PLACE,
    account: account as unknown as LiveAccount,
    deployed,
    readClock: () => {
      steps.push('clock');
      return at('11:00');
    },
    remainingMilliseconds: () => remaining.shift() ?? 0,
  });
  return { steps, failures };
}

test('the clock is read after the live state, and the floor is raised before actions are put', async () => {
  const { steps, failures } = await run({ remaining: [50_000, 50_000, 50_000, 50_000, 50_000] });
  expect(steps.slice(0, 3).sort()).toEqual(['overrides', 'read', 'stack']);
  expect(steps.slice(3)).toEqual(['clock', 'register', 'put', 'put', 'put', 'put']);
  expect(failures).toEqual([]);
});

test('what there is no time for is left to the next run, which is a failure', async () => {
  const { steps, failures } = await run({ remaining: [50_000, 15_000, 14_999] });
  expect(steps.slice(4)).toEqual(['register', 'put']);
  expect(failures).toEqual(['out of time: 3 of 5 calls are left to the next run']);
});

test.each([
  ['CREATE_COMPLETE', true],
  ['UPDATE_COMPLETE', true],
  ['UPDATE_ROLLBACK_COMPLETE', true],
  ['IMPORT_COMPLETE', true],
  ['CREATE_IN_PROGRESS', false],
  ['UPDATE_IN_PROGRESS', false],
  ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', false],
  ['UPDATE_ROLLBACK_IN_PROGRESS', false],
  ['UPDATE_ROLLBACK_FAILED', false],
  ['CREATE_FAILED', false],
  ['ROLLBACK_COMPLETE', false],
  ['DELETE_IN_PROGRESS', false],
  ['DELETE_FAILED', false],
])('a stack that is %s: actions are put: %s', async (status, puts) => {
  const { steps } = await run({ status, remaining: new Array<number>(5).fill(50_000) });
  expect(steps).toContain('register');
  expect(steps.includes('put')).toBe(puts);
});

test('as the last step of a deploy the stack is not asked for', async () => {
  const { steps } = await run({ deployed: true, remaining: new Array<number>(5).fill(50_000) });
  expect(steps).not.toContain('stack');
  expect(steps).toContain('put');
});

test.each([
  ['a minute', 60, true],
  ['not quite 15 minutes', 899, true],
  ['15 minutes', 900, false],
])('%s after a deploy began, a floor that nobody planned is lowered: %s', async (_, ago, lowers) => {
  // Higher than any floor of the plan, so that it is no lowering that was lost.
  const { steps } = await run({
    min: 1000,
    changedAt: at('11:00') - ago,
    remaining: new Array<number>(9).fill(50_000),
  });
  // The four actions of the plan that are ahead, and the lowering.
  expect(steps.filter((step) => step === 'put')).toHaveLength(lowers ? 5 : 4);
});
