import { type Decision, decide, type Phase } from './decide';
import type { GuardPlan, Place } from './guard-plan';
import type { LiveAccount, StackState } from './live-account';

/** Below this a call that is begun might not be answered before the Lambda is ended. */
const SPARE_MILLISECONDS = 15_000;

/** So long after a deploy began its plan is what is wanted, also where its last step could not see to it. Seconds. */
const DEPLOYED_SECONDS = 900;

export interface GuardRunInput {
  readonly plan: GuardPlan;
  readonly place: Place;
  readonly account: LiveAccount;
  /** True when the run is the last step of a deploy: the target is as CloudFormation wants it. */
  readonly deployed: boolean;
  /** The clock: seconds since the epoch. */
  readonly readClock: () => number;
  /** How long the run may still take. */
  readonly remainingMilliseconds: () => number;
}

/** One run: reads the live state, then the clock, decides, and acts. A call that fails is collected by the account. */
export async function runGuard(input: GuardRunInput): Promise<Decision> {
  const { plan, place, account, deployed, readClock, remainingMilliseconds } = input;
  const [live, stack] = await Promise.all([account.readLiveState(), deployed ? undefined : account.readStack()]);
  const now = readClock();
  const decision = decide({ plan, place, live, now, phase: deployed ? 'deployed' : phaseOf(stack, now) });
  const { register, put, remove } = decision;
  const calls = [
    ...(register ? [() => account.register(register)] : []),
    ...put.map((action) => () => account.put(action)),
    ...remove.map((name) => () => account.remove(name)),
  ];
  for (const [index, call] of calls.entries()) {
    if (remainingMilliseconds() < SPARE_MILLISECONDS) {
      account.failures.push(`out of time: ${calls.length - index} of ${calls.length} calls are left to the next run`);
      break;
    }
    // One after the other: the first matters most, and Application Auto Scaling throttles early.
    // oxlint-disable-next-line no-await-in-loop
    await call();
  }
  return decision;
}

function phaseOf(stack: StackState | undefined, now: number): Phase {
  // CloudFormation has made the stack's resources and leaves them alone. A stack that failed is somebody's work in progress.
  const isSettled = /^(CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT|IMPORT_ROLLBACK)_COMPLETE$/.test(stack?.status ?? '');
  if (!isSettled) return 'deploying';
  return stack?.changedAt !== undefined && now - stack.changedAt < DEPLOYED_SECONDS ? 'deployed' : 'settled';
}
