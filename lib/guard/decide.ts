import type { ScheduledAction } from '../capacity/capacity-plan';
import { floorAt } from '../capacity/floor-at';
import { fromIso, toCompactIso, toIso } from '../capacity/instants';
import { foreignProblems, type GuardPlan, type GuardTarget, type Place, type Problem } from './guard-plan';
import {
  instantOf,
  isPast,
  type LiveAction,
  type LiveState,
  type LiveTarget,
  type Suspension,
  unitsInUse,
} from './live-state';

/**
 * How far clocks may be apart, and how late an action may run, before it matters. Seconds. What is due within this time, or
 * was due within it, is left to happen by itself.
 */
export const TOLERANCE_SECONDS = 120;

/** How long a lowering that was put again may wait for its instant, and is then given to run. Seconds. */
const RECOVERY_AHEAD_SECONDS = 600;
const RECOVERY_LATE_SECONDS = 180;

const DAY_SECONDS = 86_400;

/** Names of actions that are the plan's own, and nobody else's. */
const OWN_PREFIX = 'floor-';

/**
 * Where the stack of the target is.
 *
 * - `settled`: CloudFormation has made its resources and leaves them alone.
 * - `deploying`: it is being changed, or nobody knows. Then actions are CloudFormation's: one that it does not find again could
 *   fail the deploy, and so could a target that it has not made yet. The guard raises and suspends, and neither lowers nor
 *   resumes.
 * - `deployed`: the last step of a deploy, or soon after one: it states what is wanted. A minimum above the plan is a leftover of the
 *   plan before, and is lowered.
 */
export type Phase = 'settled' | 'deploying' | 'deployed';

export interface DecideInput {
  readonly plan: GuardPlan;
  readonly place: Place;
  readonly live: LiveState;
  /** Seconds since the epoch, read after the live state. */
  readonly now: number;
  readonly phase: Phase;
}

/** What to do, in this order. */
export interface Decision {
  /** At most one registration. */
  readonly register?: Registration;
  /** To put, with a schedule `at(…)` in UTC and both minimum and maximum; nearest first. */
  readonly put: readonly ScheduledAction[];
  /** Names of actions to delete. */
  readonly remove: readonly string[];
  readonly problems: readonly Problem[];
  readonly metrics: DecisionMetrics;
}

export interface Registration {
  /** Minimum and maximum, both or neither: what is left out stays as it is, so that no action is overwritten that fires meanwhile. */
  readonly bounds?: { readonly min: number; readonly max: number };
  /** Always whole. */
  readonly suspended: Suspension;
}

export interface DecisionMetrics {
  /** The floor that the plan holds now. */
  readonly plannedFloor: number;
  /** The live minimum as it was read; absent when it is unknown or there is none. */
  readonly liveFloor?: number;
  readonly running?: number;
  readonly healthy?: number;
  /** What had to be mended: a floor that was lost, a maximum, a suspension, an action. Not what a window brings with it. */
  readonly repairs: number;
  readonly scaleInSuspended?: boolean;
  /** True while the plan suspends scale-in. */
  readonly scaleInHeld: boolean;
  /** Until the plan promises nothing any more; negative from then on. */
  readonly secondsCovered: number;
  /** True when the plan must not be acted on. */
  readonly refused: boolean;
}

/**
 * What has to be done so that the live target is what the plan says.
 *
 * - Raises a live minimum to the lowest floor of the next two minutes, and never past it; never lowers one itself. So it does not
 *   fight a closing action, with a clock that is up to 90 s off.
 * - Puts a lowering that was lost again, as an action two to three minutes ahead, once.
 * - Deciding on what comes of a decision decides nothing more.
 *
 * Pure: the clock is handed in.
 */
export function decide({ plan, place, live, now, phase }: DecideInput): Decision {
  const { target } = plan;
  const refusals = [...foreignProblems(plan, place), ...futureProblems(plan, now)];
  const secondsCovered = fromIso(target.coveredUntil) - now;
  const metrics: DecisionMetrics = {
    plannedFloor: floorAt(target, now),
    ...(typeof live.target === 'object' && {
      liveFloor: live.target.min,
      scaleInSuspended: live.target.suspended.scaleIn,
    }),
    ...(live.running !== undefined && { running: live.running }),
    ...(live.healthy !== undefined && { healthy: live.healthy }),
    scaleInHeld: isHeld(target, now),
    repairs: 0,
    secondsCovered,
    refused: refusals.length > 0,
  };
  if (refusals.length > 0) return { put: [], remove: [], problems: refusals, metrics };

  const situation: Situation = { target, live, now, phase };
  const registration = decideRegistration(situation);
  const actions = decideActions(situation, registration.register?.bounds ?? live.target);
  return {
    ...(registration.register && { register: registration.register }),
    put: actions.put,
    remove: actions.remove,
    problems: [
      ...registration.problems,
      ...actions.problems,
      ...(secondsCovered <= 0
        ? [
            {
              code: 'guard/plan-expired',
              message: `the plan promises nothing from ${target.coveredUntil} on, and holds its last floor of ${metrics.plannedFloor}; mend: deploy a new plan`,
            },
          ]
        : []),
    ],
    metrics: { ...metrics, repairs: registration.repairs + actions.repairs },
  };
}

interface Situation {
  readonly target: GuardTarget;
  readonly live: LiveState;
  readonly now: number;
  readonly phase: Phase;
}

/** A plan of the future means that a clock is wrong, and nobody knows which: then no floor of an instant can be trusted. */
export function futureProblems({ asOf }: GuardPlan, now: number): Problem[] {
  if (fromIso(asOf) <= now + TOLERANCE_SECONDS) return [];
  return [
    {
      code: 'guard/plan-from-future',
      message: `the plan was made at ${asOf}, and it is ${toIso(now)} now; mend: set the clock that the plan was made with, and deploy again`,
    },
  ];
}

/** True while a window of the plan is open, or opens within a day: then a maximum is not lowered. Its closing action may be late. */
export function isWindowNear({ windows }: GuardTarget, now: number): boolean {
  return windows.some(
    ({ risingAt, endsAt }) => fromIso(risingAt) <= now + DAY_SECONDS && now < fromIso(endsAt) + TOLERANCE_SECONDS,
  );
}

/** True while a window rises or is held. Warm and idle: only the minimum holds the fleet, and policies would scale in at the first mishap. */
function isHeld({ windows }: GuardTarget, now: number): boolean {
  return windows.some(({ risingAt, givingBackAt }) => fromIso(risingAt) <= now && now < fromIso(givingBackAt));
}

function decideRegistration({ target, live, now, phase }: Situation): {
  readonly register?: Registration;
  readonly problems: readonly Problem[];
  readonly repairs: number;
} {
  if (live.target === 'unknown') return { problems: [], repairs: 0 };
  const held = isHeld(target, now);
  const lowestAhead = Math.min(...floorsBetween(target, now, now + TOLERANCE_SECONDS));
  if (live.target === 'missing') {
    // CloudFormation may be about to make it, or has just deleted it.
    if (phase === 'deploying') return { problems: [], repairs: 0 };
    const max = Math.max(target.max, unitsInUse(live) ?? 0);
    return {
      register: {
        bounds: { min: lowestAhead, max },
        suspended: { scaleIn: held, scaleOut: false, scheduled: false },
      },
      problems: [
        {
          code: 'guard/target-missing',
          message: `nothing is registered for ${target.dimension}, so its actions and policies are gone, too; it is registered again with the plan's floors and without policies; mend: find out who deregistered it, and deploy with --revert-drift: CloudFormation sees no change otherwise`,
        },
      ],
      repairs: 1,
    };
  }

  const { min: liveMin, max: liveMax, suspended } = live.target;
  const problems: Problem[] = [];
  let repairs = 0;
  const min = Math.max(liveMin, lowestAhead);
  // An action that runs a few seconds late is no repair.
  if (liveMin < Math.min(...floorsBetween(target, now - TOLERANCE_SECONDS, now + TOLERANCE_SECONDS))) repairs += 1;

  let { max } = target;
  const whyNotLower = liveMax > target.max ? reasonToKeepMaximum({ target, live, now, phase }, min) : undefined;
  if (whyNotLower !== undefined) {
    max = liveMax;
    problems.push({
      code: 'guard/maximum-above-plan',
      message: `the live maximum is ${liveMax}, the plan's ${target.max}, and it is not lowered because ${whyNotLower}; the next action of the plan lowers it; mend: raise maximum of the layer and deploy, if it is to stay`,
    });
  }
  if (max !== liveMax) repairs += 1;

  if (suspended.scaleOut) {
    problems.push({
      code: 'guard/scale-out-suspended',
      message:
        'scale-out was suspended, so nothing would follow demand above the floor; it is resumed; mend: find out who suspended it',
    });
  }
  if (suspended.scheduled) {
    problems.push({
      code: 'guard/scheduled-suspended',
      message:
        'scheduled scaling was suspended, so no floor would be raised; it is resumed; mend: find out who suspended it',
    });
  }
  if (suspended.scaleOut || suspended.scheduled) repairs += 1;
  // A deploy suspends scale-in for its own time.
  const scaleIn = held || (phase === 'deploying' && suspended.scaleIn);

  const boundsDiffer = min !== liveMin || max !== liveMax;
  const suspensionDiffers = scaleIn !== suspended.scaleIn || suspended.scaleOut || suspended.scheduled;
  return {
    ...((boundsDiffer || suspensionDiffers) && {
      register: {
        ...(boundsDiffer && { bounds: { min, max } }),
        suspended: { scaleIn, scaleOut: false, scheduled: false },
      },
    }),
    problems,
    repairs,
  };
}

/** Lowering a maximum ends running units at once, and on the night somebody may have raised it on purpose. */
function reasonToKeepMaximum({ target, live, now, phase }: Situation, min: number): string | undefined {
  const inUse = unitsInUse(live);
  if (phase === 'deploying') return 'a deploy is under way';
  if (isWindowNear(target, now)) return 'a window is open or opens within a day';
  if (inUse === undefined) return 'the running count is unknown';
  if (inUse > target.max) return `${inUse} are asked for`;
  if (min > target.max) return `the live minimum is ${min}`;
  return undefined;
}

/** @param registered minimum and maximum as they will be registered when the actions are put */
function decideActions(
  situation: Situation,
  registered: LiveState['target'] | Registration['bounds'],
): {
  readonly put: readonly ScheduledAction[];
  readonly remove: readonly string[];
  readonly problems: readonly Problem[];
  readonly repairs: number;
} {
  const { target, live, now, phase } = situation;
  const recovery = typeof registered === 'object' ? recoverLowering(situation, registered) : { put: [], problems: [] };
  if (live.actions === 'unknown') return { put: [], remove: [], problems: recovery.problems, repairs: 0 };

  const listed = new Map(live.actions.map((action) => [action.name, action]));
  const planned = new Map(target.actions.map((action) => [action.name, action]));
  const remove: LiveAction[] = [];
  const foreign: LiveAction[] = [];
  for (const action of live.actions) {
    const asPlanned = planned.get(action.name);
    if (asPlanned !== undefined) {
      // One that is due may stay listed. One that should be due and is set to another instant would come as a surprise.
      const isDue = fromIso(asPlanned.at) <= now - TOLERANCE_SECONDS;
      if (isDue && instantOf(action) !== fromIso(asPlanned.at)) remove.push(action);
    } else if (!action.name.startsWith(OWN_PREFIX)) {
      if (!isPast(action, now)) foreign.push(action);
    } else if (!isUseful(situation, action)) remove.push(action);
  }

  // What is due soon is left alone: by another clock it may be due already. If it is lost, it is made up for afterwards.
  const put = target.actions.filter((action) => {
    const live = listed.get(action.name);
    return fromIso(action.at) > now + TOLERANCE_SECONDS && (live === undefined || !isAsPlanned(live, action));
  });

  const problems = [...recovery.problems];
  if (foreign.length > 0) {
    problems.push({
      code: 'guard/foreign-actions',
      message: `scheduled actions of others overwrite the plan's floors: ${foreign.map(({ name }) => JSON.stringify(name)).join(', ')}; mend: delete them, or state them as releases with floors in the calendar`,
    });
  }
  if (phase === 'deploying') return { put: [], remove: [], problems, repairs: 0 };
  return {
    put: [...recovery.put, ...put],
    remove: remove.map(({ name }) => name),
    problems,
    repairs: recovery.put.length + put.length + remove.filter((action) => !isPast(action, now)).length,
  };
}

/** A lowering that did not happen: its action was lost, or something registered the minimum from before it again. */
function recoverLowering(
  situation: Situation,
  { min, max }: Pick<LiveTarget, 'min' | 'max'>,
): { readonly put: readonly ScheduledAction[]; readonly problems: readonly Problem[] } {
  const { target, live, now, phase } = situation;
  // What is above the plan now may be what CloudFormation is about to lower.
  if (phase === 'deploying') return { put: [], problems: [] };
  if (min <= Math.max(...floorsBetween(target, now - TOLERANCE_SECONDS, now + TOLERANCE_SECONDS))) {
    return { put: [], problems: [] };
  }
  // It has been put already.
  if (live.actions !== 'unknown' && live.actions.some((action) => isUseful(situation, action))) {
    return { put: [], problems: [] };
  }
  if (phase !== 'deployed' && !floorsBeforeLowering(target, now).includes(min)) {
    return {
      put: [],
      problems: [
        {
          code: 'guard/live-above-plan',
          message: `the live minimum is ${min}, and the plan holds ${floorAt(target, now)}; it is left alone, because no floor before was that high, so somebody raised it; mend: register ${floorAt(target, now)} when it is no longer needed, the next action of the plan overwrites it, too`,
        },
      ],
    };
  }
  // An action sets both bounds, and a maximum that was raised by hand is not lowered by the way.
  if (live.actions === 'unknown' || max > target.max) return { put: [], problems: [] };
  const taken = new Set(live.actions.map(instantOf));
  let at = 60 * Math.ceil((now + TOLERANCE_SECONDS) / 60);
  while (taken.has(at)) at += 60;
  // An action of the plan comes first, and sets the floor itself.
  if (target.actions.some((action) => fromIso(action.at) > now && fromIso(action.at) <= at)) {
    return { put: [], problems: [] };
  }
  const put = {
    name: `${OWN_PREFIX}${toCompactIso(at)}`,
    at: toIso(at),
    min: floorAt(target, at),
    max: target.max,
    releases: target.actions.findLast((action) => fromIso(action.at) <= at)?.releases ?? [],
  };
  return { put: [put], problems: [] };
}

/** True for an action that is not the plan's and lowers a minimum to it shortly: one that the guard put before. */
function isUseful({ target, live, now }: Situation, action: LiveAction): boolean {
  const at = instantOf(action);
  if (at === undefined || !action.name.startsWith(OWN_PREFIX)) return false;
  const liveMin = typeof live.target === 'object' ? live.target.min : Number.POSITIVE_INFINITY;
  return (
    at > now - RECOVERY_LATE_SECONDS &&
    at <= now + RECOVERY_AHEAD_SECONDS &&
    !target.actions.some(({ name }) => name === action.name) &&
    action.min === floorAt(target, at) &&
    action.max === target.max &&
    liveMin > action.min
  );
}

/** The floors that the plan held since its last rise, and the one of the deploy, which CloudFormation may register at any time. */
function floorsBeforeLowering(target: GuardTarget, now: number): number[] {
  let held = [target.min];
  for (const action of target.actions) {
    if (fromIso(action.at) > now) break;
    if (action.min > held.at(-1)!) held = [];
    held.push(action.min);
  }
  return [...held, target.min];
}

/** Every floor that the plan holds at some instant of `[from, to]`; at least one. */
function floorsBetween(target: GuardTarget, from: number, to: number): number[] {
  const within = target.actions.filter(({ at }) => from < fromIso(at) && fromIso(at) <= to);
  return [floorAt(target, from), ...within.map(({ min }) => min)];
}

function isAsPlanned(live: LiveAction, { at, min, max }: ScheduledAction): boolean {
  return instantOf(live) === fromIso(at) && live.min === min && live.max === max;
}
