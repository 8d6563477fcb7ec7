import type { Release, ReleaseCalendar } from '../calendar/release';
import type { EnvironmentPlan, TargetPlan } from './capacity-plan';
import { type Environment, resolveEnvironment } from './environment';
import { fromIso, toIso } from './instants';
import { planCapacity } from './plan-capacity';
import { compareReleases, DemandForecaster } from './release-demand';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

/** A plan as of so long before a premiere has its whole window. */
const PLANNED_BEFORE_SECONDS = 8 * DAY;

/** A night is at least from so long before its premiere until so long after its length, when those leave who stayed: more may come than was planned for. Judgements. */
const BEFORE_SECONDS = HOUR;
const AFTER_SECONDS = 2 * HOUR;

/** No night ends so long after its premiere. */
const LONGEST_NIGHT_SECONDS = 4 * DAY;

/** A release's night as it was planned. */
export interface PlannedNight {
  /** ISO 8601: just before the night, and before a deploy could have merged its first floor. */
  readonly asOf: string;
  /** Seconds since the epoch: the half-open span of the window, and at least the hours around the release; whole minutes. */
  readonly from: number;
  readonly to: number;
  /** Without what was observed of this release and of later ones. */
  readonly calendar: ReleaseCalendar;
  readonly plan: EnvironmentPlan;
}

/** What `planNight` and `lastNight` plan from. */
export interface PlanNightInput {
  readonly calendar: ReleaseCalendar;
  readonly environment: Environment;
  readonly toolVersion: string;
}

/**
 * The plan as it was just before the window of a release rose, from the calendar as it is now without what was observed since; undefined when
 * the environment does not plan the release.
 */
export function planNight(input: PlanNightInput, release: Release): PlannedNight | undefined {
  const environment = resolveEnvironment(input.environment);
  const asks = Object.entries(environment.layers)
    .map(([layer, profile]) => new DemandForecaster(input.calendar, environment, layer, profile).forecast(release))
    .filter((demand) => demand !== undefined);
  if (asks.length === 0) return undefined;
  const early = planAsOf(input, release, release.premiereAt - PLANNED_BEFORE_SECONDS);
  const windows = early.plan.targets.flatMap((target) => windowsOf(target, release));
  const length = Math.max(...asks.map(({ lengthSeconds }) => lengthSeconds));
  const from = Math.min(release.premiereAt - BEFORE_SECONDS, ...windows.map(({ risingAt }) => fromIso(risingAt)));
  const to = Math.max(release.premiereAt + length + AFTER_SECONDS, ...windows.map(({ endsAt }) => fromIso(endsAt)));
  const span = { from: MINUTE * Math.floor(from / MINUTE), to: MINUTE * Math.ceil(to / MINUTE) };
  // What falls due while a deploy runs is merged into its minimum.
  const asOf = span.from - MINUTE * Math.ceil(environment.deployWindowSeconds / MINUTE) - MINUTE;
  return { asOf: toIso(asOf), ...span, ...planAsOf(input, release, asOf) };
}

/** The release whose night ended last at an instant; undefined when none has. */
export function lastNight(
  input: PlanNightInput,
  asOf: number,
): { readonly release: Release; readonly night: PlannedNight } | undefined {
  let last: { release: Release; night: PlannedNight } | undefined;
  for (const release of input.calendar.releases.toSorted(compareReleases).toReversed()) {
    if (release.premiereAt >= asOf) continue;
    if (last && release.premiereAt < last.night.to - LONGEST_NIGHT_SECONDS) break;
    const night = planNight(input, release);
    if (night && night.to <= asOf && (!last || night.to > last.night.to)) last = { release, night };
  }
  return last;
}

function planAsOf(
  { calendar, environment, toolVersion }: PlanNightInput,
  release: Release,
  asOf: number,
): Pick<PlannedNight, 'calendar' | 'plan'> {
  const before = {
    ...calendar,
    // Of this one, and of all that came later, nobody had observed anything.
    releases: calendar.releases.map((one) =>
      one.premiereAt >= asOf || one.id === release.id ? { ...one, observed: undefined } : one,
    ),
  };
  const plan = planCapacity({ calendar: before, environments: [environment], asOf: toIso(asOf), toolVersion });
  return { calendar: before, plan: plan.environments[0]! };
}

/** The windows of a target that hold the premiere of a release. */
export function windowsOf({ windows }: TargetPlan, { id, premiereAt }: Release): TargetPlan['windows'] {
  return windows.filter(
    ({ releases, drill, risingAt, endsAt }) =>
      !drill && releases.includes(id) && fromIso(risingAt) <= premiereAt && premiereAt < fromIso(endsAt),
  );
}
