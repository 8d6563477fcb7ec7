import type { ScheduledAction } from '../capacity/capacity-plan';
import type { DrillRecord } from '../capacity/drill-record';
import { fromIso } from '../capacity/instants';
import { endedWindow, isActive, type Override, withOverrides } from '../capacity/override';
import { type Decision, decide, type Phase } from './decide';
import type { GuardPlan, GuardTarget, Place } from './guard-plan';
import { judgeDrill } from './judge-drill';
import type { LiveAccount, StackState } from './live-account';

/** Below this a call that is begun might not be answered before the Lambda is ended. */
const SPARE_MILLISECONDS = 15_000;

/** So long after a deploy began its plan is what is wanted, also where its last step could not see to it. Seconds. */
const DEPLOYED_SECONDS = 900;

/** An override is kept after its end, so that a floor that it left behind is known for what it is. Seconds. */
const REMEMBERED_SECONDS = 86_400;

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

/** What a run did and saw. */
export interface GuardRun {
  readonly decision: Decision;
  /** Those that hold now. @default unknown, because they could not be read */
  readonly overrides?: readonly Override[];
  /** Of a drill that ended, or that all were healthy in, for the first time. */
  readonly drill?: DrillRecord;
}

/** One run: reads the live state, then the clock, decides, and acts. A call that fails is collected by the account. */
export async function runGuard(input: GuardRunInput): Promise<GuardRun> {
  const { plan, place, account, deployed, readClock, remainingMilliseconds } = input;
  const [live, stack, found] = await Promise.all([
    account.readLiveState(),
    deployed ? undefined : account.readStack(),
    account.readOverrides(),
  ]);
  const now = readClock();
  // Nobody knows whether somebody has raised the floor: then it may be raised, and nothing else.
  const phase = found === undefined ? 'deploying' : deployed ? 'deployed' : phaseOf(stack, now);
  const target = withOverrides(plan.target, found ?? []);
  const overrides = found?.filter((override) => isActive(override, now));
  const asked = decide({ plan: { ...plan, target }, place, live, now, phase });
  const decision = overrides?.some(({ kind }) => kind === 'pause')
    ? standBack(asked)
    : withoutOverrides(asked, plan, target, overrides ?? []);
  const judged = decision.metrics.refused ? undefined : judgeDrill(target, live, now);

  const { register, put, remove } = decision;
  const over = (found ?? []).filter(({ until }) => fromIso(until) + REMEMBERED_SECONDS <= now);
  const calls = [
    ...(register ? [() => account.register(register)] : []),
    ...put.map((action) => () => account.put(action)),
    ...remove.map((name) => () => account.remove(name)),
    ...(decision.metrics.refused ? [] : over.map((override) => () => account.removeOverride(override))),
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
  const isNew =
    judged !== undefined && remainingMilliseconds() >= SPARE_MILLISECONDS && (await account.recordDrill(judged));
  return { decision, ...(overrides && { overrides }), ...(isNew && { drill: judged }) };
}

/** Somebody has asked the guard to leave everything alone: it looks, and publishes what it sees. */
function standBack(decision: Decision): Decision {
  const { register: _, ...rest } = decision;
  return { ...rest, put: [], remove: [], metrics: { ...decision.metrics, repairs: 0 } };
}

/** What people asked for is no repair, and an `end-window` whose window the plan has no more is a problem. */
function withoutOverrides(
  decision: Decision,
  { target: planned }: GuardPlan,
  effective: GuardTarget,
  overrides: readonly Override[],
): Decision {
  const isPlanned = ({ name, min }: ScheduledAction): boolean =>
    planned.actions.some((action) => action.name === name && action.min === min);
  const asked = decision.put.filter(
    (action) => !isPlanned(action) && effective.actions.some(({ name }) => name === action.name),
  );
  const idle = overrides.filter(
    (override) => override.kind === 'end-window' && endedWindow(planned, override) === undefined,
  );
  return {
    ...decision,
    problems: [
      ...decision.problems,
      ...idle.map(({ id }) => ({
        code: 'guard/no-window-to-end',
        message: `the override ${id} ends a window that the plan does not have, so it changes nothing; mend: prescale overrides --cancel ${id}, and end the window that is open, if there is one`,
      })),
    ],
    metrics: { ...decision.metrics, repairs: decision.metrics.repairs - asked.length },
  };
}

function phaseOf(stack: StackState | undefined, now: number): Phase {
  // CloudFormation has made the stack's resources and leaves them alone. A stack that failed is somebody's work in progress.
  const isSettled = /^(CREATE|UPDATE|UPDATE_ROLLBACK|IMPORT|IMPORT_ROLLBACK)_COMPLETE$/.test(stack?.status ?? '');
  if (!isSettled) return 'deploying';
  return stack?.changedAt !== undefined && now - stack.changedAt < DEPLOYED_SECONDS ? 'deployed' : 'settled';
}
