import type { EnvironmentPlan, RequiredInterval, TargetPlan } from '../lib/capacity/capacity-plan';
import { type LayerProfile, PROFILE_DEFAULTS } from '../lib/capacity/environment';
import { floorAt } from '../lib/capacity/floor-at';
import { fromIso } from '../lib/capacity/instants';
import { formatCount } from '../lib/capacity/words';
import { BenchmarkError, table } from './measure';
import { PROD, readProd } from './prod';

const SEASONS = [
  { name: 'the reported season', asOf: '2025-11-20T00:00:00Z' },
  { name: 'the coming, made-up season', asOf: '2026-11-21T00:00:00Z' },
];

const MINUTE = 60;
const HOUR = 3600;

/** What people write by hand: the peak of a release, from an hour before the premiere until four hours after it. */
const ACTION_LEAD_SECONDS = HOUR;
const ACTION_TAIL_SECONDS = 4 * HOUR;

interface Season {
  readonly asOf: string;
  readonly plan: EnvironmentPlan;
  readonly target: TargetPlan;
  readonly profile: LayerProfile;
  /** The instants at which viewers come, by release: its premiere, and those announced before it was moved. */
  readonly starts: ReadonlyMap<string, readonly number[]>;
}

/** A floor that is registered from an instant on, until the next step. Seconds since the epoch. */
interface Step {
  readonly at: number;
  readonly units: number;
}

/** Minutes in which fewer units are ready than required, and the largest share of the required ones that is missing. */
interface Shortage {
  minutes: number;
  worst: number;
}

/**
 * What the floors of a season cost beside what is done without a plan, and how long each way leaves fewer units ready than
 * required.
 *
 * Nothing is measured: the same calendar gives the same figures on every machine. Required units, sizes, floors and the
 * cost of the plan are read from the plan.
 */
export function benchCost(): string {
  return SEASONS.map(({ name, asOf }) => seasonTable(name, readSeason(asOf))).join('\n');
}

function readSeason(asOf: string): Season {
  const { calendar, plan, target } = readProd(asOf);
  if (target.windows.length === 0) throw new BenchmarkError(`no release of the calendar needs a floor as of ${asOf}`);
  const starts = calendar.releases.map(
    ({ id, premiereAt, previouslyAt }) => [id, [premiereAt, ...previouslyAt]] as const,
  );
  return { asOf, plan, target, profile: PROD.layers['playback']!, starts: new Map(starts) };
}

function seasonTable(name: string, season: Season): string {
  const { asOf, target, profile } = season;
  const { baseline, unit, cost, coveredUntil } = target;
  const planSteps = stepsOfPlan(season);
  const planHours = cost.unitHours - cost.baselineUnitHours;
  // The other ways are counted here: the same count of the plan's floors must come to what the plan says.
  const counted = hoursAbove(planSteps, target);
  if (Math.abs(counted - planHours) > 0.01) {
    throw new BenchmarkError(
      `the plan's floors are ${counted} ${unit}-hours above the baseline, and its cost says ${planHours}`,
    );
  }
  const row = (way: string, steps: readonly Step[], hours = hoursAbove(steps, target)): string[] => {
    const { before, after } = shortagesOf(steps, season);
    const money = steps === planSteps ? cost.amount - cost.baselineAmount : hours * profile.pricePerUnitHour;
    return [
      way,
      formatCount(hours),
      formatCount(money),
      `× ${(hours / planHours).toFixed(2)}`,
      ...[before, after].flatMap(({ minutes, worst }) => [formatCount(minutes), `${(100 * worst).toFixed(0)} %`]),
    ];
  };
  const quantile = profile.planningQuantile ?? PROFILE_DEFAULTS.planningQuantile;
  return table(
    `cost: ${name} in prod, ${asOf} to ${coveredUntil}, above the baseline of ${baseline} ${unit}s, q ${quantile}`,
    [
      'floors',
      `${unit}-hours`,
      cost.currency,
      'to the plan',
      'short before, min',
      'worst',
      'short after, min',
      'worst',
    ],
    [
      row('baseline alone', [{ at: fromIso(asOf), units: baseline }]),
      row('the plan', planSteps, planHours),
      row('the plan without its drills', stepsWithoutDrills(season)),
      row('one action per release, T−1 h to T+4 h', stepsOfActions(season)),
      row('static peak', [{ at: fromIso(asOf), units: Math.max(...target.required.map(({ units }) => units)) }]),
    ],
  );
}

function stepsOfPlan({ asOf, target }: Season): Step[] {
  return stepsAt([asOf, ...target.actions.map(({ at }) => at)].map(fromIso), target, (at) => floorAt(target, at));
}

/** The plan for those who compare with ways that have no drill either. A drill that runs into a window of viewers stays. */
function stepsWithoutDrills({ asOf, target }: Season): Step[] {
  const drills = target.windows.filter(({ drill }) => drill);
  const instants = [asOf, ...target.actions.map(({ at }) => at), ...drills.map(({ endsAt }) => endsAt)].map(fromIso);
  return stepsAt(instants, target, (at) =>
    drills.some((drill) => isWithin(at, drill)) ? target.baseline : floorAt(target, at),
  );
}

/**
 * A raise to the release's own peak and a return to the baseline, for each release of the plan. Where releases overlap the larger
 * floor holds: kinder than what happens, which is that the first return to the baseline ends them all.
 */
function stepsOfActions({ asOf, plan, target }: Season): Step[] {
  const raises = plan.releases.flatMap(({ premiereAt, targets }) => {
    const premiere = fromIso(premiereAt);
    return targets
      .filter(({ id }) => id === target.id)
      .map(({ units }) => ({ from: premiere - ACTION_LEAD_SECONDS, to: premiere + ACTION_TAIL_SECONDS, units }));
  });
  return stepsAt([fromIso(asOf), ...raises.flatMap(({ from, to }) => [from, to])], target, (at) =>
    Math.max(target.baseline, ...raises.filter(({ from, to }) => from <= at && at < to).map(({ units }) => units)),
  );
}

/** The steps of a floor that changes at no other instants; the first of them is when the plan begins. */
function stepsAt([asOf, ...instants]: readonly number[], target: TargetPlan, floor: (at: number) => number): Step[] {
  const until = fromIso(target.coveredUntil);
  const within = instants.filter((at) => at > asOf! && at < until).toSorted((a, b) => a - b);
  return [asOf!, ...within].map((at) => ({ at, units: floor(at) }));
}

/** Unit-hours of the floors above the baseline, until `coveredUntil`. */
function hoursAbove(steps: readonly Step[], { baseline, coveredUntil }: TargetPlan): number {
  const end = fromIso(coveredUntil);
  const seconds = steps.map(({ at, units }, index) => (units - baseline) * ((steps[index + 1]?.at ?? end) - at));
  return seconds.reduce((total, value) => total + value, 0) / HOUR;
}

/**
 * Minutes that are short before viewers come, and from then on. Drills count for nobody: no viewer comes to them.
 *
 * A minute is judged at its start, where ready units are fewest: a lowering works at once, a raise takes until later. What target
 * tracking would add above the floors is left out for all ways alike.
 */
function shortagesOf(steps: readonly Step[], season: Season): { before: Shortage; after: Shortage } {
  const { target } = season;
  const before = { minutes: 0, worst: 0 };
  const after = { minutes: 0, worst: 0 };
  const drills = target.windows.filter(({ drill }) => drill);
  for (const interval of target.required) {
    const from = fromIso(interval.from);
    const to = fromIso(interval.to);
    if (drills.some((drill) => isWithin(from, drill))) continue;
    for (let at = from; at < to; at += MINUTE) {
      const missing = interval.units - readyAt(at, steps, target);
      if (missing < 1e-6) continue;
      const shortage = isBeforeViewers(at, interval, season) ? before : after;
      shortage.minutes += 1;
      shortage.worst = Math.max(shortage.worst, missing / interval.units);
    }
  }
  return { before, after };
}

/**
 * Units that are ready at an instant, by the plan's own lead time: each floor of the past still limits them, by what could be
 * launched since it ended. A raise is seen after the scheduler's delay, units launch at the rate, and are ready after the start
 * latency; a lowering is immediate.
 */
function readyAt(at: number, steps: readonly Step[], { leadTime }: TargetPlan): number {
  const lead = leadTime.schedulerDelaySeconds + leadTime.startLatencySeconds;
  let ready = Infinity;
  for (const [index, step] of steps.entries()) {
    if (step.at > at) break;
    const endedAt = Math.min(steps[index + 1]?.at ?? at, at);
    const launched = (Math.max(0, at - lead - endedAt) * leadTime.unitsPerMinute) / MINUTE;
    ready = Math.min(ready, step.units + launched);
  }
  return ready;
}

/** Whether the nearest instant at which viewers come is still ahead, for every release that the units are for. */
function isBeforeViewers(at: number, { releases }: RequiredInterval, { starts }: Season): boolean {
  return releases.every((id) => {
    const [nearest] = starts.get(id)!.toSorted((a, b) => Math.abs(a - at) - Math.abs(b - at));
    return nearest! > at;
  });
}

function isWithin(at: number, { risingAt, endsAt }: { readonly risingAt: string; readonly endsAt: string }): boolean {
  return fromIso(risingAt) <= at && at < fromIso(endsAt);
}
