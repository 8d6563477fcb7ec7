import { Temporal } from 'temporal-polyfill';
import type { ReleaseCalendar, ReleaseKind } from '../calendar/release';
import type { TargetPlan } from '../capacity/capacity-plan';
import { audienceCurve } from '../capacity/demand';
import {
  type DemandModel,
  type Environment,
  type LayerProfile,
  PROFILE_DEFAULTS,
  resolveEnvironment,
} from '../capacity/environment';
import { fromIso } from '../capacity/instants';
import { resolveLeadTime } from '../capacity/lead-time';
import { regionZone } from '../capacity/regions';
import { appearancesOf, compareReleases, DemandForecaster } from '../capacity/release-demand';
import { ceilUnits, unitsFor } from '../capacity/units';
import { type FloorSchedule, scheduledFloor } from './floor-schedule';
import type { Conditions } from './simulate';
import type { TraceShape } from './trace';

/** What is asked of a rehearsal besides the plan. */
export interface WhatIf {
  /** The audience that comes, as a multiple of the forecast that was planned for. @default 1 */
  readonly audienceFactor: number;
  /** Everybody comes so much earlier than the calendar says. @default 0 */
  readonly earlySeconds: number;
  /** A zone is lost at the night's own peak of the demand. @default false */
  readonly loseZone: boolean;
  /** Whether the guard runs. @default true */
  readonly guard: boolean;
  /** The scheduler never runs the first raise of each window. @default false */
  readonly missRaise: boolean;
}

export const NOTHING_UNUSUAL: WhatIf = {
  audienceFactor: 1,
  earlySeconds: 0,
  loseZone: false,
  guard: true,
  missRaise: false,
};

/** One appearance of a release whose audience comes within the span. */
export interface RehearsedAudience {
  readonly kind: ReleaseKind;
  readonly lengthSeconds: number;
  /** Seconds since the epoch. */
  readonly at: number;
  /** Share of the demand: 1 at the premiere, less at announced times that were moved. */
  readonly share: number;
  /** Peak concurrent viewers of the median forecast, in this environment. */
  readonly medianPeak: number;
  readonly sigma: number;
  /** In place of the curve. */
  readonly trace?: {
    readonly shape: TraceShape;
    /** What the peak of the trace is taken as. */
    readonly peakRequestsPerSecond: number;
    /** From the premiere to the peak of the trace. */
    readonly peakSeconds: number;
  };
}

/** Everything that a rehearsal is made of: plain data, so that it can be handed to another thread. */
export interface RehearsalSpec {
  readonly environment: string;
  /** Id of the target, for example `us-east-1/playback`. */
  readonly target: string;
  readonly unit: string;
  /** The release that is rehearsed, and its premiere. */
  readonly release: string;
  readonly premiereAt: number;
  /** From the premiere to the modelled peak of its requests. */
  readonly peakSeconds: number;
  /** The rehearsed span, half-open, whole minutes. */
  readonly from: number;
  readonly to: number;
  /** Those whose audience comes within the span, by premiere. */
  readonly releases: readonly {
    readonly id: string;
    readonly premiereAt: number;
    /** What the release needs by itself at the planning quantile: what people write by hand for it. */
    readonly units: number;
    readonly audiences: readonly RehearsedAudience[];
  }[];
  readonly baselineRequestsPerSecond: number;
  readonly model: DemandModel;
  readonly profile: LayerProfile;
  readonly zones: number;
  readonly quantile: number;
  readonly floors: FloorSchedule;
  /** The highest floor in the span: what static peak and cron keep. */
  readonly peakUnits: number;
  /** When the guard suspends scale-in. */
  readonly held: readonly { readonly from: number; readonly to: number }[];
  /** Windows from 18:00 to 24:00 of each day, in the region's time. */
  readonly evenings: readonly { readonly from: number; readonly to: number }[];
  /** What predictive scaling would ask for, by hour. */
  readonly predictedUnits: readonly { readonly from: number; readonly to: number; readonly units: number }[];
  readonly conditions: Conditions;
  readonly whatIf: WhatIf;
  readonly seed: number;
}

export interface RehearsalInput {
  readonly calendar: ReleaseCalendar;
  readonly environment: Environment;
  /** The plan of one of the environment's targets. */
  readonly plan: TargetPlan;
  /** ISO 8601: nothing before it is rehearsed. */
  readonly asOf: string;
  /** Id of the release to rehearse. */
  readonly release: string;
  /** What is registered: from the plan, or read from what would be deployed. */
  readonly floors: FloorSchedule;
  readonly whatIf?: Partial<WhatIf>;
  /** 95th percentile of the start latency that happens. @default what the plan leads by */
  readonly startLatencySeconds?: number;
  readonly trace?: { readonly shape: TraceShape; readonly peakRequestsPerSecond?: number };
  /** @default 1 */
  readonly seed?: number;
}

/** Why a release cannot be rehearsed. */
export interface NoRehearsal {
  readonly reason: string;
  readonly mend: string;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** The span begins so long before the premiere, and ends so long after it, or with the window of its floors where that is longer. */
const BEFORE_SECONDS = 6 * HOUR;
const AFTER_SECONDS = 18 * HOUR;
/** A drill is in the span when it is no further ahead than this. */
const DRILL_SECONDS = 2 * DAY;

/** AWS's predictive scaling looks so far back. */
const LOOK_BACK_DAYS = 14;

/**
 * How clients, tasks and metrics behave, where a profile says nothing: judgements, but for what names a source.
 *
 * - `usableShare`: a load balancer spreads requests over thousands of workers within a few per cent;
 * - `startLatencySigma`: half of the units are ready in just over half of the time that 95 of 100 need;
 * - `drainSeconds`: 30 s of deregistration and 30 s until the container is stopped, as `PlaybackTier` sets them;
 * - `metricDelayMinutes`: metrics of load balancers can be read a minute after their minute has ended, so that an alarm of three minutes goes off in
 *   the fifth, and new units are ready in the sixth or seventh;
 * - `failoverSeconds`: three health checks, 10 s apart, as `PlaybackTier` sets them;
 * - `idleTimeoutSeconds`: the default of an Application Load Balancer.
 */
export const REHEARSAL_DEFAULTS = {
  stepSeconds: 5,
  timeoutSeconds: 10,
  backoffSeconds: 5,
  shedAboveSeconds: 1,
  idleTimeoutSeconds: 60,
  usableShare: 0.95,
  startLatencySigma: 0.35,
  drainSeconds: 60,
  metricDelayMinutes: 1,
  failoverSeconds: 30,
} as const satisfies Partial<Conditions>;

/** What is rehearsed for a release, or why it cannot be. */
export function rehearsalOf(input: RehearsalInput): RehearsalSpec | NoRehearsal {
  const { calendar, plan, floors, trace } = input;
  const environment = resolveEnvironment(input.environment);
  const layer = plan.id.slice(environment.region.length + 1);
  const profile = environment.layers[layer]!;
  const forecaster = new DemandForecaster(calendar, environment, layer, profile);
  const { model, quantile } = forecaster;
  const asOf = fromIso(input.asOf);

  const demands = calendar.releases
    .toSorted(compareReleases)
    .map((release) => forecaster.forecast(release))
    .filter((demand) => demand !== undefined);
  const rehearsed = demands.find(({ release }) => release.id === input.release);
  if (!rehearsed) {
    return {
      reason: `${input.release} asks nothing of ${layer} in ${environment.name}`,
      mend: 'choose a release that is not cancelled, and an environment that it is for',
    };
  }
  if (!rehearsed.audience && trace?.peakRequestsPerSecond === undefined) {
    return {
      reason: `${input.release} states floors and no audience: there is no demand to rehearse`,
      mend: 'add an audience to the entry, or give --trace and --peak',
    };
  }
  const { premiereAt } = rehearsed.release;
  const { from, to } = spanOf(plan, input.release, premiereAt, asOf);
  const peakSeconds = rehearsed.audience?.curve.requestsPeakSeconds ?? 0;

  const zones = environment.zoneIds.length;
  const releases = demands.flatMap(({ release, lengthSeconds, audience, statedUnits = 0 }) => {
    const isRehearsed = release.id === input.release;
    if (!audience && !(isRehearsed && trace)) return [];
    const { kind } = release;
    const audiences = appearancesOf(release, model)
      .map(({ at, share }): RehearsedAudience => {
        const own = {
          kind,
          lengthSeconds,
          at,
          share,
          medianPeak: audience?.medianPeak ?? 0,
          sigma: audience?.sigma ?? 0,
        };
        if (!isRehearsed || !trace || share !== 1) return own;
        const modelled = audience ? audience.medianPeak * audience.curve.requestsPeak : 0;
        const peakRequestsPerSecond = trace.peakRequestsPerSecond ?? modelled;
        return { ...own, trace: { shape: trace.shape, peakRequestsPerSecond, peakSeconds } };
      })
      .filter(({ at }) => isWithin(at, kind, lengthSeconds, model, from, to));
    if (audiences.length === 0 && !isRehearsed) return [];
    const planned = audience ? audience.plannedPeak * audience.curve.requestsPeak : 0;
    const units = Math.max(statedUnits, unitsFor(planned + profile.baselineRequestsPerSecond, profile, zones));
    return [{ id: release.id, premiereAt: release.premiereAt, units: Math.min(floors.max, units), audiences }];
  });

  const retries = profile.retries ?? PROFILE_DEFAULTS.retries;
  const leadTime = resolveLeadTime(profile.leadTime);
  const inSpan = floors.actions.filter(({ at }) => from < at && at < to);
  return {
    environment: environment.name,
    target: plan.id,
    unit: plan.unit,
    release: input.release,
    premiereAt,
    peakSeconds,
    from,
    to,
    releases,
    baselineRequestsPerSecond: profile.baselineRequestsPerSecond,
    model,
    profile,
    zones,
    quantile,
    floors,
    peakUnits: Math.max(scheduledFloor(floors, from), ...inSpan.map(({ min }) => min)),
    held: plan.windows.map(({ risingAt, givingBackAt }) => ({ from: fromIso(risingAt), to: fromIso(givingBackAt) })),
    evenings: eveningsOf(regionZone(environment.region) ?? 'UTC', from, to),
    predictedUnits: predictUnits(demands, model, profile, from, to),
    conditions: {
      ...REHEARSAL_DEFAULTS,
      retries,
      shedsLoad: profile.shedsLoad ?? false,
      requestsPerSecondPerUnit: profile.requestsPerSecondPerUnit,
      leadTime: { ...leadTime, startLatencySeconds: input.startLatencySeconds ?? leadTime.startLatencySeconds },
    },
    whatIf: { ...NOTHING_UNUSUAL, ...input.whatIf },
    seed: input.seed ?? 1,
  };
}

/** At least a day around the premiere, with the window of its floors and a drill of the days before. Nothing before the plan. */
function spanOf(plan: TargetPlan, id: string, premiereAt: number, asOf: number): { from: number; to: number } {
  let from = premiereAt - BEFORE_SECONDS;
  let to = premiereAt + AFTER_SECONDS;
  for (const window of plan.windows) {
    if (!window.releases.includes(id)) continue;
    const risingAt = fromIso(window.risingAt);
    const endsAt = fromIso(window.endsAt);
    if (endsAt < premiereAt - DRILL_SECONDS || risingAt > premiereAt + DAY) continue;
    from = Math.min(from, risingAt - HOUR);
    to = Math.max(to, endsAt + HOUR);
  }
  from = Math.max(from, asOf);
  const start = 60 * Math.floor(from / 60);
  return { from: start, to: Math.max(60 * Math.ceil(to / 60), start + DAY) };
}

function isWithin(
  at: number,
  kind: ReleaseKind,
  lengthSeconds: number,
  model: DemandModel,
  from: number,
  to: number,
): boolean {
  const { startSeconds, stepSeconds, requests } = audienceCurve(kind, lengthSeconds, model);
  return at + startSeconds < to && at + startSeconds + requests.length * stepSeconds > from;
}

function eveningsOf(zone: string, from: number, to: number): { from: number; to: number }[] {
  const day = (seconds: number): Temporal.PlainDate =>
    Temporal.Instant.fromEpochMilliseconds(seconds * 1000)
      .toZonedDateTimeISO(zone)
      .toPlainDate();
  const at = (date: Temporal.PlainDate, hour: number): number =>
    date.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from({ hour }) }).epochMilliseconds / 1000;
  const evenings: { from: number; to: number }[] = [];
  const last = day(to);
  for (
    let date = day(from).subtract({ days: 1 });
    Temporal.PlainDate.compare(date, last) <= 0;
    date = date.add({ days: 1 })
  ) {
    const evening = { from: at(date, 18), to: at(date.add({ days: 1 }), 0) };
    if (evening.to > from && evening.from < to) evenings.push(evening);
  }
  return evenings;
}

/**
 * For each hour of the span the larger of two means: of that hour in all of the last 14 days, and of that hour on the same weekday.
 *
 * The days before are taken as their median forecasts: a weekly episode is in them, a one-off is not. What is to be predicted is not, either: the
 * look-back ends when the span begins.
 */
function predictUnits(
  demands: readonly NonNullable<ReturnType<DemandForecaster['forecast']>>[],
  model: DemandModel,
  profile: LayerProfile,
  from: number,
  to: number,
): { from: number; to: number; units: number }[] {
  const firstHour = Math.floor(from / HOUR);
  const hours = LOOK_BACK_DAYS * 24;
  const history = new Float64Array(hours).fill(profile.baselineRequestsPerSecond);
  for (const { release, audience } of demands) {
    if (!audience) continue;
    const { requests, startSeconds, stepSeconds } = audience.curve;
    for (const { at, share } of appearancesOf(release, model)) {
      const scale = (share * audience.medianPeak * stepSeconds) / HOUR;
      const startsAt = at + startSeconds - (firstHour - hours) * HOUR;
      if (startsAt > hours * HOUR || startsAt + requests.length * stepSeconds < 0) continue;
      requests.forEach((rate, sample) => {
        const hour = Math.floor((startsAt + sample * stepSeconds) / HOUR);
        if (hour >= 0 && hour < hours) history[hour]! += scale * rate;
      });
    }
  }
  const target = (profile.utilisationNormal ?? PROFILE_DEFAULTS.utilisationNormal) * profile.requestsPerSecondPerUnit;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return Array.from({ length: Math.ceil(to / HOUR) - firstHour }, (_, hour) => {
    const daily = history.filter((_, past) => (past - hour) % 24 === 0);
    const weekly = history.filter((_, past) => (past - hour) % 168 === 0);
    const requests = Math.max(mean([...daily]), mean([...weekly]));
    const units = Math.max(profile.baseline, ceilUnits(requests / target));
    return { from: (firstHour + hour) * HOUR, to: (firstHour + hour + 1) * HOUR, units };
  });
}
