import type { CapacityPlan, EnvironmentPlan, TargetPlan } from '../capacity/capacity-plan';
import type { DemandTimeline } from '../capacity/demand-timeline';
import { floorAt } from '../capacity/floor-at';
import { fromIso } from '../capacity/instants';

const MINUTE = 60;

/** Values over time: changes alone, sorted; each holds until the next one. Instants are seconds since the epoch. */
export type Steps = readonly (readonly [at: number, value: number])[];

/** A premiere, as a chart names it. */
export interface TimelineRelease {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly premiereAt: number;
  /** The zone that it was announced in, for example `America/Los_Angeles`. */
  readonly zone: string;
}

/** Demand and floors of one target over the half-open span `[from, to)`: plain JSON. Instants are seconds since the epoch. */
export interface Timeline {
  readonly environment: string;
  /** The target's id in the plan, for example `us-east-1/playback`. */
  readonly target: string;
  readonly unit: string;
  readonly from: number;
  readonly to: number;
  readonly asOf: number;
  /** Floors and required units are known in `[asOf, coveredUntil)`, and drawn there alone. */
  readonly coveredUntil: number;
  readonly baseline: number;
  readonly max: number;
  /** Of the forecasts behind `planned`. */
  readonly quantile: number;
  /** Demand is the highest of each so many seconds. */
  readonly stepSeconds: number;
  /** Units that demand needs when every audience is its median forecast, and when every one is at the quantile. */
  readonly median: Steps;
  readonly planned: Steps;
  /** Empty where the plan covers nothing of the span. */
  readonly required: Steps;
  readonly floor: Steps;
  /** Floors before a change of the calendar; absent where nothing is compared. */
  readonly before?: Steps;
  /** Those of the target that premiere in the span, by premiere. */
  readonly releases: readonly TimelineRelease[];
}

/** What a chart says at one instant. */
export interface Reading {
  readonly median?: number;
  readonly planned?: number;
  readonly required?: number;
  readonly floor?: number;
  readonly before?: number;
}

/**
 * What a chart of one target shows, over the span of `demand`. All numbers are the plan's.
 *
 * @throws RangeError when the environment has no target of the demand's id
 */
export function timelineOf(
  plan: Pick<CapacityPlan, 'asOf'>,
  environment: EnvironmentPlan,
  demand: DemandTimeline,
): Timeline {
  const target = environment.targets.find(({ id }) => id === demand.targetId);
  if (!target) {
    const ids = environment.targets.map(({ id }) => id).join(', ');
    throw new RangeError(`demand must be of one of ${ids}, got "${demand.targetId}"`);
  }
  const [from, to, asOf] = [fromIso(demand.from), fromIso(demand.to), fromIso(plan.asOf)];
  const coveredUntil = fromIso(target.coveredUntil);
  const demandSteps = (units: readonly number[]): Steps =>
    changesOf(units.map((value, index) => [from + index * demand.stepSeconds, value]));
  return {
    environment: environment.name,
    target: target.id,
    unit: target.unit,
    from,
    to,
    asOf,
    coveredUntil,
    baseline: target.baseline,
    max: target.max,
    quantile: demand.quantile,
    stepSeconds: demand.stepSeconds,
    median: demandSteps(demand.medianUnits),
    planned: demandSteps(demand.plannedUnits),
    required: requiredSteps(target, Math.max(from, asOf), Math.min(to, coveredUntil)),
    floor: floorSteps(target, Math.max(from, asOf), Math.min(to, coveredUntil)),
    releases: environment.releases
      .filter(({ targets }) => targets.some(({ id }) => id === target.id))
      .map(({ id, title, status, premiereAt, premiereZone }) => {
        return { id, title, status, premiereAt: fromIso(premiereAt), zone: premiereZone };
      })
      .filter(({ premiereAt }) => premiereAt >= from && premiereAt < to),
  };
}

/** The value that holds at an instant, in seconds since the epoch; undefined before the first. */
export function valueAt(steps: Steps, at: number): number | undefined {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (steps[middle]![0] <= at) low = middle + 1;
    else high = middle;
  }
  return steps[low - 1]?.[1];
}

/** All that a chart says at an instant: nothing outside of its span, and no floor where the plan knows none. */
export function readingAt(timeline: Timeline, at: number): Reading {
  const { from, to, coveredUntil, median, planned, required, floor, before } = timeline;
  if (at < from || at >= to) return {};
  const known = (steps: Steps | undefined): number | undefined =>
    steps && at < coveredUntil ? valueAt(steps, at) : undefined;
  return {
    median: valueAt(median, at),
    planned: valueAt(planned, at),
    required: known(required),
    floor: known(floor),
    before: known(before),
  };
}

/** The floors of a target in `[from, to)`, as its plan has them; none of an empty span. */
export function floorSteps(target: Pick<TargetPlan, 'min' | 'actions'>, from: number, to: number): Steps {
  if (from >= to) return [];
  const changes = target.actions.map(({ at }) => fromIso(at)).filter((at) => at > from && at < to);
  return changesOf([from, ...changes].map((at) => [at, floorAt(target, at)]));
}

/** Seconds that steps of demand take so that a span has at most so many: whole minutes. */
export function demandStepSeconds(from: number, to: number, most = 800): number {
  return MINUTE * Math.max(1, Math.ceil((to - from) / most / MINUTE));
}

/** Required units, and the baseline in the gaps. */
function requiredSteps({ baseline, required }: TargetPlan, from: number, to: number): Steps {
  if (from >= to) return [];
  const steps: [number, number][] = [[from, baseline]];
  for (const interval of required) {
    const [startsAt, endsAt] = [Math.max(from, fromIso(interval.from)), Math.min(to, fromIso(interval.to))];
    if (startsAt >= endsAt) continue;
    // It begins where the one before ended, or where the span does.
    if (steps.at(-1)![0] === startsAt) steps.pop();
    steps.push([startsAt, interval.units]);
    if (endsAt < to) steps.push([endsAt, baseline]);
  }
  return changesOf(steps);
}

function changesOf(steps: Steps): Steps {
  return steps.filter(([, value], index) => value !== steps[index - 1]?.[1]);
}
