import type { ReleaseCalendar } from '../calendar/release';
import type {
  CapacityPlan,
  CapacityWindow,
  EnvironmentPlan,
  RequiredInterval,
  ScheduledAction,
  TargetCost,
  TargetPlan,
} from './capacity-plan';
import { type Environment, type LayerProfile, PROFILE_DEFAULTS, resolveEnvironment } from './environment';
import { findingsOf } from './findings';
import { fromIso, toCompactIso, toIso } from './instants';
import { resolveLeadTime } from './lead-time';
import type { PlannedTarget } from './planned-target';
import { plannedReleases } from './planned-releases';
import { cellStart, compareReleases, DemandForecaster } from './release-demand';
import { requiredPieces, type RequiredPiece, unionOfReleases } from './required';
import { round } from './units';
import { buildWindows, type Floor, type Window } from './windows';

/** How far a plan looks ahead when nothing else is asked for: 90 days. */
const DEFAULT_HORIZON_SECONDS = 90 * 86_400;

export interface PlanCapacityInput {
  readonly calendar: ReleaseCalendar;
  /** Checked before: see `validateEnvironment`. */
  readonly environments: readonly Environment[];
  /** The instant that the plan is made for: ISO 8601 in UTC, whole seconds. */
  readonly asOf: string;
  /** @default 90 days */
  readonly horizonSeconds?: number;
  readonly toolVersion: string;
}

/**
 * All floors of the environments as of an instant.
 *
 * Promises for every target: take `min` as ready at `asOf`; a raise is seen after the scheduler's delay, units launch
 * at the rate, each is ready after the start latency, a lowering is immediate; then ready units are never below
 * `required` before `coveredUntil`. The floor of an instant does not depend on `asOf`, so that a deploy in the middle of
 * a window continues what the deploy before it began.
 *
 * Pure: the same input gives the same plan, whatever the order of the calendar's entries.
 */
export function planCapacity(input: PlanCapacityInput): CapacityPlan {
  const asOf = fromIso(input.asOf);
  if (!Number.isInteger(asOf)) throw new RangeError(`asOf must be a whole second in ISO 8601, got "${input.asOf}"`);
  const { horizonSeconds = DEFAULT_HORIZON_SECONDS } = input;
  if (!Number.isInteger(horizonSeconds) || horizonSeconds <= 0) {
    throw new RangeError(`horizonSeconds must be a whole number above 0, got ${horizonSeconds}`);
  }
  const horizonEnd = asOf + horizonSeconds;
  return {
    schemaVersion: 1,
    asOf: toIso(asOf),
    calendarDigest: input.calendar.digest,
    toolVersion: input.toolVersion,
    environments: input.environments.map((environment) =>
      planEnvironment(input.calendar, resolveEnvironment(environment), asOf, horizonEnd),
    ),
  };
}

function planEnvironment(
  calendar: ReleaseCalendar,
  environment: Required<Environment>,
  asOf: number,
  horizonEnd: number,
): EnvironmentPlan {
  const targets = Object.entries(environment.layers).map(([layer, profile]) =>
    planTarget(calendar, environment, layer, profile, asOf, horizonEnd),
  );
  const costs = targets.map(({ plan }) => plan.cost);
  const oneUnit = new Set(targets.map(({ plan }) => plan.unit)).size === 1;
  return {
    name: environment.name,
    deployWindowSeconds: environment.deployWindowSeconds,
    horizonEnd: toIso(horizonEnd),
    targets: targets.map(({ plan }) => plan),
    cost: {
      currency: environment.prices.currency,
      amount: round(sum(costs.map(({ amount }) => amount)), 2),
      baselineAmount: round(sum(costs.map(({ baselineAmount }) => baselineAmount)), 2),
      ...(oneUnit && {
        unitHours: round(sum(costs.map(({ unitHours }) => unitHours)), 3),
        baselineUnitHours: round(sum(costs.map(({ baselineUnitHours }) => baselineUnitHours)), 3),
      }),
    },
    findings: findingsOf(environment, targets, calendar, asOf, horizonEnd),
    releases: plannedReleases(targets, asOf),
  };
}

function planTarget(
  calendar: ReleaseCalendar,
  environment: Required<Environment>,
  layer: string,
  profile: LayerProfile,
  asOf: number,
  horizonEnd: number,
): PlannedTarget {
  const forecaster = new DemandForecaster(calendar, environment, layer, profile);
  const demands = calendar.releases
    .toSorted(compareReleases)
    .map((release) => forecaster.forecast(release))
    .filter((demand) => demand !== undefined);
  const pieces = requiredPieces(demands, forecaster, environment, profile);
  const leadTime = resolveLeadTime(profile.leadTime);
  const windows = buildWindows(pieces, {
    baseline: profile.baseline,
    leadTime,
    maxStepsPerWindow: profile.maxStepsPerWindow ?? PROFILE_DEFAULTS.maxStepsPerWindow,
  }).filter((window) => window.endsAt > asOf);

  const deployEnd = 60 * Math.ceil((asOf + environment.deployWindowSeconds) / 60);
  const schedule = scheduleActions(windows, profile, asOf, deployEnd, horizonEnd);
  const { coveredUntil } = schedule;
  const included = windows.slice(0, schedule.windows);
  const plan: TargetPlan = {
    id: `${environment.region}/${layer}`,
    namespace: profile.namespace,
    dimension: profile.dimension,
    unit: profile.unit,
    baseline: profile.baseline,
    min: schedule.min,
    max: profile.maximum,
    leadTime,
    actions: schedule.actions,
    required: included.flatMap((window) => window.required.flatMap((piece) => intervalOf(piece, asOf, coveredUntil))),
    windows: included.map((window) => describeWindow(window, asOf)),
    deferred: demands.filter(({ release }) => release.premiereAt >= coveredUntil).map(({ release }) => release.id),
    coveredUntil: toIso(coveredUntil),
    cost: costOf(schedule, profile, environment, asOf),
  };
  const zones = environment.zoneIds.length;
  return { profile, zones, forecaster, demands, windows, included, cut: schedule.cut, plan };
}

/** A floor from an instant on. */
type Change = Omit<Floor, 'until'>;

interface Schedule {
  readonly min: number;
  readonly actions: readonly ScheduledAction[];
  readonly coveredUntil: number;
  /** How many windows, from the first on, are within `coveredUntil`. */
  readonly windows: number;
  /** True when the last of them is not whole: its last floor stays. */
  readonly cut: boolean;
}

/**
 * The minimum to deploy with, and the actions after the deploy: nearest windows first, whole windows only, as many as
 * the budget and the horizon hold.
 */
function scheduleActions(
  windows: readonly Window[],
  profile: LayerProfile,
  asOf: number,
  deployEnd: number,
  horizonEnd: number,
): Schedule {
  const budget = profile.actionBudget ?? PROFILE_DEFAULTS.actionBudget;
  const changes: Change[] = [];
  let coveredUntil = horizonEnd;
  let included = 0;
  let cut = false;
  let min = profile.baseline;
  let atDeployEnd: Change = { at: deployEnd, units: profile.baseline, releases: [] };
  for (const window of windows) {
    if (window.risingAt >= Math.max(horizonEnd, deployEnd)) break;
    const closing = { at: window.endsAt, until: Infinity, units: profile.baseline, releases: window.releases };
    const floors: Floor[] = [...window.floors(), closing];
    const later = floors.filter(({ at }) => at > deployEnd);
    // One action is kept for the end of the deploy window.
    const room = budget - 1 - changes.length;
    const isWhole = window.endsAt <= horizonEnd && later.length <= room;
    const isOpen = window.risingAt < deployEnd;
    const couldBeWhole = window.endsAt - window.risingAt <= (horizonEnd - asOf) / 2 && floors.length < budget;
    const kept = isWhole ? later : later.filter(({ at }) => at < horizonEnd).slice(0, room);
    if (!isWhole && !isOpen && (couldBeWhole || kept.length === 0)) {
      coveredUntil = window.risingAt;
      break;
    }
    for (const floor of floors) {
      if (floor.at < deployEnd && floor.until > asOf) min = Math.max(min, floor.units);
      if (floor.at <= deployEnd && floor.until > deployEnd) atDeployEnd = { ...floor, at: deployEnd };
    }
    changes.push(...kept);
    included += 1;
    if (!isWhole) {
      // Open already, or too long to ever be whole: it is cut, and its last floor stays until a later deploy knows more.
      cut = true;
      coveredUntil = Math.min(horizonEnd, later[kept.length]?.at ?? horizonEnd);
      break;
    }
  }
  if (atDeployEnd.units !== min && deployEnd < coveredUntil) changes.unshift(atDeployEnd);
  return {
    min,
    actions: changes.map(({ at, units, releases }) => {
      return { name: `floor-${toCompactIso(at)}`, at: toIso(at), min: units, max: profile.maximum, releases };
    }),
    coveredUntil,
    windows: included,
    cut,
  };
}

function intervalOf(piece: RequiredPiece, asOf: number, coveredUntil: number): RequiredInterval[] {
  const from = Math.max(cellStart(piece.from), asOf);
  const to = Math.min(cellStart(piece.to), coveredUntil);
  return from < to ? [{ from: toIso(from), to: toIso(to), units: piece.units, releases: piece.releases }] : [];
}

function describeWindow(window: Window, asOf: number): CapacityWindow {
  const ahead = window.required.filter((piece) => cellStart(piece.to) > asOf);
  return {
    releases: unionOfReleases(ahead),
    drill: window.drill,
    risingAt: toIso(window.risingAt),
    givingBackAt: toIso(window.givingBackAt),
    endsAt: toIso(window.endsAt),
  };
}

function costOf(
  schedule: Schedule,
  profile: LayerProfile,
  environment: Required<Environment>,
  asOf: number,
): TargetCost {
  let unitSeconds = 0;
  let units = schedule.min;
  let at = asOf;
  for (const action of schedule.actions) {
    const next = Math.min(fromIso(action.at), schedule.coveredUntil);
    unitSeconds += units * (next - at);
    units = action.min;
    at = next;
  }
  unitSeconds += units * (schedule.coveredUntil - at);
  const unitHours = unitSeconds / 3600;
  const baselineUnitHours = (profile.baseline * (schedule.coveredUntil - asOf)) / 3600;
  return {
    currency: environment.prices.currency,
    unitHours: round(unitHours, 3),
    baselineUnitHours: round(baselineUnitHours, 3),
    amount: round(unitHours * profile.pricePerUnitHour, 2),
    baselineAmount: round(baselineUnitHours * profile.pricePerUnitHour, 2),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
