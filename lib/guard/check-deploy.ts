import { fromIso, toIso } from '../capacity/instants';
import { futureProblems, isWindowNear, type Registration } from './decide';
import { foreignProblems, type GuardPlan, type Place, type Problem } from './guard-plan';
import { instantOf, type LiveState, unitsInUse } from './live-state';

const DAY_SECONDS = 86_400;

/** From the first step of a deploy until the target is updated; a judgement. Seconds. */
const UPDATE_SECONDS = 120;

export interface CheckDeployInput {
  readonly plan: GuardPlan;
  readonly place: Place;
  readonly live: LiveState;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Of the stack that deploys the plan. @default unknown */
  readonly stackStatus?: string;
  /** `asOf` of the plan that the stack holds already. @default none, or unknown */
  readonly deployedAsOf?: string;
}

export interface DeployCheck {
  /** Why the deploy must not go on. */
  readonly refusals: readonly Problem[];
  /** What would have been refused if it were certain that this is no rollback. */
  readonly warnings: readonly Problem[];
  /** Suspends scale-in for the time of the deploy, when there is a target and it is not suspended yet. */
  readonly register?: Registration;
}

/**
 * Whether a plan may be deployed, before anything is changed.
 *
 * Refuses a plan that is foreign, stale, older than the deployed one or of the future, and a maximum that would end units that
 * run, or that is lowered while a window is open or opens within a day.
 *
 * A rollback brings an old plan back, which is always stale: refusing it would leave the stack halfway. So while the
 * stack rolls back nothing is refused; while its status is unknown only a foreign plan is, because the plan of a
 * rollback has been accepted here before. What is let through by that is the guard's to mend.
 *
 * Pure: the clock is handed in.
 */
export function checkDeploy({ plan, place, live, now, stackStatus, deployedAsOf }: CheckDeployInput): DeployCheck {
  const register =
    typeof live.target === 'object' && !live.target.suspended.scaleIn
      ? { register: { suspended: { ...live.target.suspended, scaleIn: true } } }
      : {};
  if (stackStatus !== undefined && /ROLLBACK|^DELETE/.test(stackStatus)) {
    return { refusals: [], warnings: [], ...register };
  }
  const foreign = foreignProblems(plan, place);
  const others = [
    ...futureProblems(plan, now),
    ...staleProblems(plan, now),
    ...olderProblems(plan, deployedAsOf),
    ...maximumProblems(plan, live, now),
  ];
  const check =
    stackStatus === undefined
      ? { refusals: foreign, warnings: others }
      : { refusals: [...foreign, ...others], warnings: [] };
  return check.refusals.length > 0 ? check : { ...check, ...register };
}

/** While no action has fallen due, a plan holds what it held when it was made, however long the deploy has waited. */
function staleProblems({ asOf, target }: GuardPlan, now: number): Problem[] {
  const due = target.actions.find(({ at }) => fromIso(at) <= now + UPDATE_SECONDS);
  if (due === undefined) return [];
  return [
    {
      code: 'deploy/plan-stale',
      message: `the plan of ${asOf} is stale at ${toIso(now)}: its action ${due.name} is due at ${due.at}, before the deploy could have registered it; mend: synthesize again and deploy at once, approvals come before`,
    },
  ];
}

function olderProblems({ asOf }: GuardPlan, deployedAsOf: string | undefined): Problem[] {
  if (deployedAsOf === undefined || !(fromIso(asOf) < fromIso(deployedAsOf))) return [];
  return [
    {
      code: 'deploy/plan-older',
      message: `the plan of ${asOf} is older than the deployed one of ${deployedAsOf}; mend: synthesize again from the newest calendar, deploys were queued in the wrong order`,
    },
  ];
}

function maximumProblems({ target }: GuardPlan, live: LiveState, now: number): Problem[] {
  const inUse = unitsInUse(live);
  if (inUse !== undefined && inUse > target.max) {
    return [
      {
        code: 'deploy/maximum-below-running',
        message: `the plan's maximum is ${target.max}, and ${inUse} are asked for, so ${inUse - target.max} would be ended at once; mend: raise maximum of the layer, or wait until fewer are`,
      },
    ];
  }
  if (typeof live.target !== 'object' || live.target.max <= target.max) return [];
  const when = isWindowNear(target, now) || isLiveWindowNear(live.target.min, live, now);
  if (!when) return [];
  return [
    {
      code: 'deploy/maximum-lowered',
      message: `the plan lowers the maximum from ${live.target.max} to ${target.max} while a window is open or opens within a day; mend: keep maximum of the layer at ${live.target.max} at least, and lower it after the window`,
    },
  ];
}

/** What is registered now tells of the windows of the plan before: one is open if less is ahead, and near if more is. */
function isLiveWindowNear(liveMin: number, { actions }: LiveState, now: number): boolean {
  if (actions === 'unknown') return false;
  return actions.some((action) => {
    const at = instantOf(action);
    if (at === undefined || at <= now || action.min === undefined) return false;
    return action.min < liveMin || (action.min > liveMin && at <= now + DAY_SECONDS);
  });
}
