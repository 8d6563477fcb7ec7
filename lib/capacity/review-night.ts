import { jStat } from 'jstat';
import type { Problem } from '../calendar/problem';
import type { Release, ReleaseCalendar } from '../calendar/release';
import type { TargetPlan } from './capacity-plan';
import type { AudienceCurve } from './demand';
import { type Environment, type LayerProfile, resolveEnvironment } from './environment';
import { floorAt } from './floor-at';
import { quantileFactor } from './forecast';
import { fromIso, toIso } from './instants';
import { leadSeconds } from './lead-time';
import { hasValues, type MinuteSeries, type NightRecord, type RecordedTarget } from './night-record';
import { type PlannedNight, windowsOf } from './planned-night';
import { appearancesOf, DemandForecaster, type ReleaseDemand } from './release-demand';
import { round } from './units';
import { formatCount, listNames, percent } from './words';

const MINUTE = 60;

/** A minute is an outage when more than this share of the requests in it failed; as in a rehearsal. */
const OUTAGE_SHARE = 0.01;

/** Minutes in which the modelled demand is below this share of its peak say little of its size. A judgement. */
const FITTED_SHARE = 0.1;

/** Fewer minutes than these are no night to read an audience from. A judgement. */
const FEWEST_FITTED = 10;

/** Clients try again for so many minutes after an outage. A judgement, and what the rehearsal's clients do. */
const AFTERMATH_MINUTES = 2;

/** Of the minutes this far from the modelled peak on either side, so many must be there. Judgements. */
const PEAK_MINUTES = 30;
const PRESENT_SHARE = 0.75;

/** Above the first relative residual the night had another shape than the model, above the second nothing can be read from it. Judgements. */
const MISFIT = 0.15;
const NO_FIT = 0.5;

/** Minutes before the peak with less than this share of it are those of an ordinary day; fewer of them than this say nothing. Judgements. */
const BEFOREHAND_SHARE = 0.01;
const FEWEST_BEFOREHAND = 10;

/** By so much the ordinary day of the night itself has to change the audience to be told. A judgement. */
const BEFOREHAND_CHANGE = 0.05;

/** When only minutes below this share of the modelled peak are left, the rest is the model's word. A judgement. */
const STRETCHED_SHARE = 2 / 3;

/** Above this share of the demand in the fitted minutes other releases' forecasts decide what is left. A judgement. */
const OTHERS_SHARE = 0.5;

/** Digits of an estimate that mean something. */
const ESTIMATE_DIGITS = 3;

const COUNT_VIEWERS = 'count viewers, and add --viewers N';

export interface ReviewInput {
  /** As it is now. */
  readonly calendar: ReleaseCalendar;
  readonly environment: Environment;
  readonly release: Release;
  readonly night: PlannedNight;
  readonly record: NightRecord;
  /** Peak of concurrent viewers that somebody counted: of the whole audience, as the calendar states it. */
  readonly viewers?: number;
  /** Minutes that somebody counted. */
  readonly outageMinutes?: number;
  /** Where the figures come from. @default what they were read from */
  readonly source?: string;
}

/** What `observed` of the entry should be. */
export interface ProposedObservation {
  readonly peakViewers?: number;
  readonly outageMinutes?: number;
  readonly source: string;
}

/** Planned against observed. Plain JSON; instants are ISO 8601 in UTC. */
export interface NightReview {
  readonly environment: string;
  readonly release: string;
  readonly kind: Release['kind'];
  readonly premiereAt: string;
  readonly from: string;
  readonly to: string;
  /** As of when the plan is that is compared. */
  readonly plannedAsOf: string;
  /** Absent for a release that states floors alone. Of the whole audience, as the calendar states it. */
  readonly forecast?: Forecast;
  readonly requests?: ReviewedRequests;
  readonly viewers?: ObservedViewers;
  readonly outage: ReviewedOutage;
  readonly targets: readonly ReviewedTarget[];
  readonly proposal: ProposedObservation;
  /** What a reader should know of the figures, in sentences without a period. */
  readonly notes: readonly string[];
}

export interface Forecast {
  readonly peakViewers: number;
  /** 1 in 10 chance to be below, and above: as stated, or from sigma. */
  readonly low: number;
  readonly high: number;
  readonly sigma: number;
  /** What floors were planned for. */
  readonly quantile: number;
  readonly plannedPeakViewers: number;
}

/** Per second, above the ordinary day, over all targets: the mean of a minute. */
export interface ReviewedRequests {
  readonly median: number;
  readonly planned: number;
  /** The minute in which the model has the peak. */
  readonly modelledAt: string;
  readonly observed: number;
  readonly observedAt: string;
  /** Whether requests failed in that minute: then it counts what was tried again, too. */
  readonly failing: boolean;
}

export interface ObservedViewers {
  readonly peakViewers: number;
  /** `viewers`: counted by somebody. `requests`: read from the requests at the load balancer. */
  readonly from: 'viewers' | 'requests';
  /** `ln(observed / median)`; absent where nothing was forecast. */
  readonly error?: number;
  /** Observed against the median: 0.25 for a quarter more. */
  readonly relativeError?: number;
  /** The quantile of the forecast at which the night fell. */
  readonly quantile?: number;
  readonly inRange?: boolean;
  readonly fit?: AudienceFit;
}

export interface AudienceFit {
  /** Minutes that it rests on. */
  readonly minutes: number;
  /** Root of the squared differences over that of the squares: 0 for the model's shape. */
  readonly residual: number;
  /** What the highest minute alone would give. */
  readonly peakRatioViewers: number;
  /** Modelled demand of the highest minute that it rests on, over that of the modelled peak. */
  readonly highestShare: number;
  /** The minutes before anybody came for the release; absent where fewer than ten of them are known. */
  readonly beforehand?: {
    /** Requests per second above the ordinary day, their mean: 0 where `baselineRequestsPerSecond` is right for the night. */
    readonly requestsPerSecond: number;
    /** What would fit without as many, all night. */
    readonly peakViewers: number;
  };
  /** Other releases of the same hours, and their share of the demand in the fitted minutes. */
  readonly others: readonly string[];
  readonly othersShare: number;
}

export interface ReviewedOutage {
  /** Absent while minutes are missing. */
  readonly minutes?: number;
  /** Minutes that are known to be, whatever is missing. */
  readonly seen: number;
  readonly firstAt?: string;
  /** Minutes without data, as half-open spans. */
  readonly missing: readonly { readonly from: string; readonly to: string }[];
  readonly missingMinutes: number;
}

export interface ReviewedTarget {
  readonly id: string;
  readonly unit: string;
  /** Ready units that the release was planned to need, the highest floor of its window, and the unit-hours of the floors over the minutes in which units are known. */
  readonly planned: { readonly units: number; readonly floor: number; readonly unitHours: number };
  readonly observed: {
    /** The most units, counted as `counted` says. */
    readonly highest: number;
    readonly highestAt: string;
    readonly counted: 'running' | 'desired' | 'ready';
    readonly unitHours: number;
    /** Minutes in which the number of ready units is known. */
    readonly readyMinutes: number;
    /** Of those, with fewer ready than the plan required, and than the floor that had stood for its lead time. */
    readonly belowRequiredMinutes: number;
    readonly belowFloorMinutes: number;
    /** Minutes in which the live minimum was below the planned one; absent where no guard published it. */
    readonly lowFloorMinutes?: number;
    /** Most desired units above the planned floor from the premiere until floors were given back. */
    readonly aboveFloor?: { readonly units: number; readonly at: string };
    readonly activities: number;
    /** Of those, asked for by scaling policies. */
    readonly byPolicies: number;
  };
}

/**
 * Compares a night with its plan, and estimates its audience.
 *
 * Viewers are those that somebody counted; else the requests above the ordinary day and above other releases, fitted by least squares through
 * zero with the release's own curve, minute by minute, without gaps, outages and what clients try again after them. What the record cannot tell is
 * a problem, and nothing is proposed. Pure.
 */
export function reviewNight(input: ReviewInput): NightReview | Problem {
  const wrong = refuseRecord(input);
  if (wrong) return wrong;
  const { release, night, record } = input;
  const environment = resolveEnvironment(input.environment);
  const found = sourcesOf(input, environment);
  if (found.length === 0) return noTarget(input);
  const sources = answering(found);
  const half = refuseHalf(sources, record);
  if (half) return half;

  const minutes = minutesOf(sources, input);
  if (!minutes.known.includes(true)) return noData(toIso(night.from), toIso(night.to));
  const outage = outageOf(minutes);
  const notes: string[] = [];
  const modelled = sources.filter(({ own }) => own !== undefined);
  const forecast = forecastOf(release, modelled, environment.demandFactor);
  const requests = modelled.length > 0 ? requestsOf(modelled, minutes) : undefined;
  const viewers = viewersOf(input, modelled, minutes, forecast, environment.demandFactor);
  if (viewers && 'code' in viewers) return viewers;

  const planned = night.plan.targets.filter(({ id }) => record.targets.some((target) => target.id === id));
  const unread = night.plan.targets.filter((target) => !planned.includes(target) && asksOf(night, release, target));
  for (const { id } of unread) notes.push(`the record holds nothing of ${id}: it is left out`);
  notes.push(...viewersNotes(viewers, minutes, environment));
  const stays = release.observed?.outageMinutes;
  if (outage.missingMinutes > 0 && input.outageMinutes === undefined) {
    const consequence =
      stays === undefined ? 'outageMinutes is left out' : `outageMinutes: ${stays} of the entry stays`;
    notes.push(
      `${formatCount(outage.missingMinutes)} minutes of the night are missing (${spansWords(outage.missing)}), and a load balancer counts nothing while no target is healthy: ${consequence}; state it with --outage-minutes`,
    );
  }
  const outageMinutes = input.outageMinutes ?? outage.minutes;
  if (viewers === undefined && outageMinutes === undefined) {
    return {
      code: 'review/nothing',
      message: `${release.id} states floors and no audience, and minutes of its night are missing: there is nothing to write`,
      mend: 'count viewers with --viewers, or minutes with --outage-minutes',
    };
  }
  return {
    environment: environment.name,
    release: release.id,
    kind: release.kind,
    premiereAt: toIso(release.premiereAt),
    from: toIso(night.from),
    to: toIso(night.to),
    plannedAsOf: night.asOf,
    ...(forecast && { forecast }),
    ...(requests && { requests }),
    ...(viewers && { viewers }),
    outage,
    targets: planned.map((target) =>
      targetReview(
        target,
        record.targets.find(({ id }) => id === target.id)!,
        input,
      ),
    ),
    proposal: {
      ...(viewers && { peakViewers: viewers.peakViewers }),
      ...(outageMinutes !== undefined && { outageMinutes }),
      source: input.source ?? sourceOf(input, viewers, outageMinutes !== undefined),
    },
    notes,
  };
}

/** A target that answers requests, with what was recorded of it and what its layer expects. */
interface Source {
  readonly target: TargetPlan;
  readonly recorded: RecordedTarget;
  readonly profile: LayerProfile;
  /** Absent for a release that states floors alone. */
  readonly own?: ReleaseDemand['audience'];
  /** Quantile of the forecast that floors were planned for. */
  readonly quantile: number;
  readonly appearances: readonly { readonly at: number; readonly share: number }[];
  readonly others: readonly OtherAudience[];
}

interface OtherAudience {
  readonly id: string;
  readonly curve: AudienceCurve;
  /** Peak viewers in this environment: observed where it was measured, else forecast. */
  readonly peak: number;
  readonly appearances: readonly { readonly at: number; readonly share: number }[];
}

/** The night minute by minute, over all targets. */
interface Minutes {
  readonly from: number;
  /** Requests per second above the ordinary day and the other releases; NaN where a target's are missing. */
  readonly above: Float64Array;
  /** What other releases ask for. */
  readonly others: Float64Array;
  /** Requests per second of an audience that peaks at one viewer of this environment. */
  readonly perViewer: Float64Array;
  /** Whether anything is known of every target. */
  readonly known: boolean[];
  /** More than 1 % failed at any target. */
  readonly failing: boolean[];
}

function refuseRecord({ environment, release, night, record }: ReviewInput): Problem | undefined {
  const elsewhere = (message: string, mend: string): Problem => ({ code: 'review/other-record', message, mend });
  const account = 'account' in environment ? environment.account : 'any';
  if (account !== 'any' && record.account !== account) {
    return elsewhere(
      `the record is of account ${record.account}, and ${environment.name} is in ${String(account)}`,
      `name the record of ${String(account)}, or correct account of ${environment.name}`,
    );
  }
  if (record.environment !== environment.name) {
    return elsewhere(
      `the record is of the environment ${record.environment}, and ${environment.name} is reviewed`,
      `name the record of ${environment.name}, or write --env ${record.environment}`,
    );
  }
  if (!(fromIso(record.from) <= release.premiereAt && release.premiereAt < fromIso(record.to))) {
    return elsewhere(
      `the record is of ${record.from} to ${record.to}, and the premiere of ${release.id} was at ${toIso(release.premiereAt)}`,
      `name a record of ${toIso(night.from)} to ${toIso(night.to)}, or another release`,
    );
  }
  return undefined;
}

function asksOf({ plan }: PlannedNight, { id }: Release, target: TargetPlan): boolean {
  return plan.releases.some((one) => one.id === id && one.targets.some((need) => need.id === target.id));
}

function noTarget({ night, record, release }: ReviewInput): Problem {
  const wanted = night.plan.targets.filter((target) => asksOf(night, release, target)).map(({ id }) => id);
  return {
    code: 'review/other-record',
    message: `the record holds ${listNames(record.targets.map(({ id }) => id)) || 'no target'}, and ${release.id} was planned for ${listNames(wanted)}`,
    mend: 'name the record of the environment as it is planned',
  };
}

/** The targets that the release was planned for and that are in the record. */
function sourcesOf({ calendar, release, night, record }: ReviewInput, environment: Required<Environment>): Source[] {
  return night.plan.targets.flatMap((target): Source[] => {
    const recorded = record.targets.find(({ id }) => id === target.id);
    if (!recorded || !asksOf(night, release, target)) return [];
    const layer = target.id.slice(environment.region.length + 1);
    const profile = environment.layers[layer]!;
    const forecaster = new DemandForecaster(night.calendar, environment, layer, profile);
    const others = calendar.releases.flatMap((other): OtherAudience[] => {
      const audience = other.id === release.id ? undefined : forecaster.forecast(other)?.audience;
      if (!audience) return [];
      const { observed } = other;
      const isMeasured = observed?.peakViewers !== undefined && !observed.assumed;
      const peak = isMeasured ? observed.peakViewers * environment.demandFactor : audience.medianPeak;
      const appearances = appearancesOf(other, forecaster.model).filter(({ at }) =>
        isWithin(audience.curve, at, night),
      );
      return appearances.length > 0 ? [{ id: other.id, curve: audience.curve, peak, appearances }] : [];
    });
    return [
      {
        target,
        recorded,
        profile,
        own: forecaster.forecast(release)?.audience,
        quantile: forecaster.quantile,
        appearances: appearancesOf(release, forecaster.model),
        others,
      },
    ];
  });
}

function isWithin({ startSeconds, stepSeconds, requests }: AudienceCurve, at: number, night: PlannedNight): boolean {
  const startsAt = at + startSeconds;
  return startsAt < night.to && startsAt + requests.length * stepSeconds > night.from;
}

/** A target that nothing was recorded of is behind no load balancer, as long as another one is. */
function answering(sources: readonly Source[]): Source[] {
  const some = sources.filter(({ recorded: { series } }) => hasValues(series.requests) || hasValues(series.ready));
  return some.length > 0 ? some : [...sources];
}

function refuseHalf(sources: readonly Source[], record: NightRecord): Problem | undefined {
  const isEmpty = record.targets.every(({ series }) => Object.values(series).every((one) => !hasValues(one)));
  if (isEmpty) return noData(record.from, record.to);
  for (const { recorded } of sources) {
    const { requests, failures, ready } = recorded.series;
    const missing = [
      ...(hasValues(requests) ? [] : ['requests']),
      // Without a value it says that nothing failed; without the series nobody asked.
      ...(failures ? [] : ['failures']),
      ...(hasValues(ready) ? [] : ['ready units']),
    ];
    if (missing.length > 0) {
      return {
        code: 'review/half-the-data',
        message: `the record holds no ${missing.join(' and no ')} of ${recorded.id}`,
        mend: 'see that its target group is behind an Application Load Balancer that served the night, or add what is missing to the record',
      };
    }
    const counted = countKnown(requests);
    const isReadyKnown = countKnown(ready) >= PRESENT_SHARE * counted;
    if (isReadyKnown) continue;
    return {
      code: 'review/half-the-data',
      message: `ready units of ${recorded.id} are known for far fewer minutes than requests, ${formatCount(countKnown(ready))} against ${formatCount(counted)}`,
      mend: 'read the night again, or add what is missing to the record',
    };
  }
  return undefined;
}

function countKnown(series: MinuteSeries = []): number {
  return series.filter((value) => value !== null).length;
}

function noData(from: string, to: string): Problem {
  return {
    code: 'review/no-data',
    message: `the record holds no data of ${from} to ${to}`,
    mend: 'see that the service ran in this account and region then; CloudWatch keeps minutes for 15 days',
  };
}

/** A series over the minutes of the night; null outside the record. */
function aligned(series: MinuteSeries | undefined, record: NightRecord, night: PlannedNight): MinuteSeries {
  const offset = (night.from - fromIso(record.from)) / MINUTE;
  return Array.from({ length: (night.to - night.from) / MINUTE }, (_, minute) => series?.[minute + offset] ?? null);
}

function minutesOf(sources: readonly Source[], { night, record }: ReviewInput): Minutes {
  const count = (night.to - night.from) / MINUTE;
  const minutes: Minutes = {
    from: night.from,
    above: new Float64Array(count),
    others: new Float64Array(count),
    perViewer: new Float64Array(count),
    known: Array.from({ length: count }, () => true),
    failing: Array.from({ length: count }, () => false),
  };
  for (const { recorded, profile, own, appearances, others } of sources) {
    const requests = aligned(recorded.series.requests, record, night);
    const failures = aligned(recorded.series.failures, record, night);
    for (let minute = 0; minute < count; minute += 1) {
      const counted = requests[minute] ?? null;
      const failed = failures[minute] ?? 0;
      // What is turned away for want of a target is counted as a failure and not as a request.
      if (counted === null && failed === 0) minutes.known[minute] = false;
      if (failed > OUTAGE_SHARE * ((counted ?? 0) + failed)) minutes.failing[minute] = true;
      const otherDemand = others.reduce(
        (sum, other) => sum + other.peak * demandIn(other, night.from + minute * MINUTE),
        0,
      );
      if (!own) continue;
      minutes.others[minute]! += otherDemand;
      minutes.above[minute]! +=
        counted === null ? Number.NaN : counted / MINUTE - profile.baselineRequestsPerSecond - otherDemand;
      minutes.perViewer[minute]! += demandIn({ curve: own.curve, appearances }, night.from + minute * MINUTE);
    }
  }
  return minutes;
}

/** The mean requests per second in a minute of an audience that peaks at one viewer. */
function demandIn({ curve, appearances }: Pick<OtherAudience, 'curve' | 'appearances'>, minuteAt: number): number {
  const { startSeconds, stepSeconds, requests } = curve;
  let sum = 0;
  for (const { at, share } of appearances) {
    const first = Math.max(0, Math.ceil((minuteAt - at - startSeconds) / stepSeconds));
    const end = Math.min(requests.length, Math.ceil((minuteAt + MINUTE - at - startSeconds) / stepSeconds));
    for (let sample = first; sample < end; sample += 1) sum += share * requests[sample]!;
  }
  return (sum * stepSeconds) / MINUTE;
}

function outageOf({ known, failing, from }: Minutes): ReviewedOutage {
  const missing: { from: string; to: string }[] = [];
  known.forEach((isKnown, minute) => {
    if (isKnown) return;
    const at = from + minute * MINUTE;
    const last = missing.at(-1);
    if (last?.to === toIso(at)) last.to = toIso(at + MINUTE);
    else missing.push({ from: toIso(at), to: toIso(at + MINUTE) });
  });
  const missingMinutes = known.filter((isKnown) => !isKnown).length;
  const seen = failing.filter(Boolean).length;
  const first = failing.indexOf(true);
  return {
    ...(missingMinutes === 0 && { minutes: seen }),
    seen,
    ...(first !== -1 && { firstAt: toIso(from + first * MINUTE) }),
    missing,
    missingMinutes,
  };
}

function forecastOf({ audience }: Release, sources: readonly Source[], factor: number): Forecast | undefined {
  const [first] = sources;
  if (!audience || !first?.own) return undefined;
  const { sigma, plannedPeak } = first.own;
  return {
    peakViewers: audience.peakViewers,
    low: audience.low ?? Math.round(audience.peakViewers * quantileFactor(0.1, sigma)),
    high: audience.high ?? Math.round(audience.peakViewers * quantileFactor(0.9, sigma)),
    sigma: round(sigma, 4),
    quantile: first.quantile,
    plannedPeakViewers: Math.round(plannedPeak / factor),
  };
}

function requestsOf(
  sources: readonly Source[],
  { from, above, perViewer, failing }: Minutes,
): ReviewedRequests | undefined {
  const { medianPeak, plannedPeak } = sources[0]!.own!;
  const modelled = highestOf(perViewer);
  const observed = highestOf(above);
  // Nothing but refusals all night.
  if (observed === -1) return undefined;
  return {
    median: Math.round(medianPeak * perViewer[modelled]!),
    planned: Math.round(plannedPeak * perViewer[modelled]!),
    modelledAt: toIso(from + modelled * MINUTE),
    observed: Math.round(above[observed]!),
    observedAt: toIso(from + observed * MINUTE),
    failing: failing[observed]!,
  };
}

/** Where the highest value is; not a number is no value. */
function highestOf(values: Float64Array): number {
  let highest = -1;
  values.forEach((value, index) => {
    if (!Number.isNaN(value) && (highest === -1 || value > values[highest]!)) highest = index;
  });
  return highest;
}

function viewersOf(
  input: ReviewInput,
  sources: readonly Source[],
  minutes: Minutes,
  forecast: Forecast | undefined,
  factor: number,
): ObservedViewers | Problem | undefined {
  const { night, record } = input;
  if (input.viewers !== undefined) return judged({ peakViewers: input.viewers, from: 'viewers' }, forecast);
  const series = aligned(record.viewers, record, night);
  const highest = Math.round(Math.max(...series.map((value) => value ?? 0)));
  if (highest >= 1) {
    const known = series.map((value) => value !== null);
    const few = tooFewKnown('viewers', known, sources.length > 0 ? minutes.perViewer : undefined, night);
    return few ?? judged({ peakViewers: highest, from: 'viewers' }, forecast);
  }
  if (sources.length === 0) return undefined;
  const fitted = fitAudience(input, sources, minutes, factor);
  return 'code' in fitted ? fitted : judged({ ...fitted, from: 'requests' }, forecast);
}

function judged(
  viewers: Pick<ObservedViewers, 'peakViewers' | 'from' | 'fit'>,
  forecast: Forecast | undefined,
): ObservedViewers {
  if (!forecast) return viewers;
  const { peakViewers } = viewers;
  const error = Math.log(peakViewers / forecast.peakViewers);
  return {
    ...viewers,
    error: round(error, 4),
    relativeError: round(peakViewers / forecast.peakViewers - 1, 4),
    // Of a range without a width the median is the middle.
    quantile: round(jStat.lognormal.cdf(peakViewers / forecast.peakViewers, 0, Math.max(forecast.sigma, 1e-9)), 4),
    inRange: forecast.low <= peakViewers && peakViewers <= forecast.high,
  };
}

/** The peak of the audience whose requests, in the shape of the model, are nearest to those of the good minutes. */
function fitAudience(
  { release, night }: ReviewInput,
  sources: readonly Source[],
  minutes: Minutes,
  factor: number,
): Pick<ObservedViewers, 'peakViewers' | 'fit'> | Problem {
  const { above, perViewer, others } = minutes;
  const mend = COUNT_VIEWERS;
  const peak = highestOf(perViewer);
  const few = tooFewKnown('requests', minutes.known, perViewer, night);
  if (few) return few;
  const good = goodMinutes(minutes, FITTED_SHARE * perViewer[peak]!);
  if (good.length < FEWEST_FITTED) {
    return {
      code: 'review/too-few-minutes',
      message: `${good.length} minutes of the release are without gaps and failures, which is too few to read an audience from`,
      mend,
    };
  }
  let product = 0;
  let square = 0;
  let otherProduct = 0;
  for (const minute of good) {
    product += perViewer[minute]! * above[minute]!;
    square += perViewer[minute]! ** 2;
    otherProduct += perViewer[minute]! * others[minute]!;
  }
  const names = [...new Set(sources.flatMap((source) => source.others.map(({ id }) => id)))];
  const othersShare = otherProduct / Math.max(product + otherProduct, Number.MIN_VALUE);
  if (otherProduct > 0 && (product <= 0 || othersShare > OTHERS_SHARE)) {
    return {
      code: 'review/other-releases',
      message: `most of the demand in the hours of ${release.id} is that of ${listNames(names)}: what is left of it would be their forecast error`,
      mend,
    };
  }
  const viewers = product / square;
  const peakViewers = Number((viewers / factor).toPrecision(ESTIMATE_DIGITS));
  if (!(peakViewers >= 1)) {
    return {
      code: 'review/no-demand',
      message: `the requests of the night are not above the ordinary day's (${listNames(sources.map(({ profile }) => `${formatCount(profile.baselineRequestsPerSecond)}/s`))})`,
      mend: `correct baselineRequestsPerSecond of the layer, or ${mend}`,
    };
  }
  let missed = 0;
  let whole = 0;
  let highest = 0;
  let highestShare = 0;
  for (const minute of good) {
    missed += (above[minute]! - viewers * perViewer[minute]!) ** 2;
    whole += above[minute]! ** 2;
    highest = Math.max(highest, above[minute]!);
    highestShare = Math.max(highestShare, perViewer[minute]! / perViewer[peak]!);
  }
  const inDigits = (value: number): number => Number((Math.max(0, value) / factor).toPrecision(ESTIMATE_DIGITS));
  const ordinary = beforehandOf(minutes, peak);
  const sum = good.reduce((total, minute) => total + perViewer[minute]!, 0);
  const fit: AudienceFit = {
    minutes: good.length,
    residual: round(Math.sqrt(missed / whole), 4),
    peakRatioViewers: inDigits(highest / perViewer[peak]!),
    highestShare: round(highestShare, 4),
    ...(ordinary !== undefined && {
      beforehand: {
        requestsPerSecond: Math.round(ordinary),
        peakViewers: inDigits(viewers - (ordinary * sum) / square),
      },
    }),
    others: names,
    othersShare: round(othersShare, 4),
  };
  if (fit.residual > NO_FIT) {
    const ordinaryDay = beforehandWords(peakViewers, fit);
    return {
      code: 'review/other-shape',
      message: [shapeWords(peakViewers, fit), ...ordinaryDay].join('; '),
      mend: ordinaryDay.length > 0 ? `correct baselineRequestsPerSecond of the layer, or ${mend}` : mend,
    };
  }
  return { peakViewers, fit };
}

/**
 * Why a series has too many gaps to read an audience from; undefined when it has not.
 *
 * @param perViewer tells where the peak is; without it the whole night counts
 */
function tooFewKnown(
  what: 'requests' | 'viewers',
  known: readonly boolean[],
  perViewer: Float64Array | undefined,
  night: PlannedNight,
): Problem | undefined {
  const peak = perViewer && highestOf(perViewer);
  const near = peak === undefined ? known : known.slice(Math.max(0, peak - PEAK_MINUTES), peak + PEAK_MINUTES);
  const present = near.filter(Boolean).length;
  if (present >= PRESENT_SHARE * near.length) return undefined;
  const where =
    peak === undefined ? 'of the night' : `around the modelled peak at ${toIso(night.from + peak * MINUTE)}`;
  return {
    code: 'review/too-few-minutes',
    message: `${what} are known in ${present} of the ${near.length} minutes ${where}, which is too few to read an audience from`,
    mend: COUNT_VIEWERS,
  };
}

/** Mean requests per second above the ordinary day before anybody came for the release; undefined where too few minutes are known. */
function beforehandOf({ above, perViewer, failing }: Minutes, peak: number): number | undefined {
  const values = [...above.subarray(0, peak)].filter(
    (value, minute) =>
      perViewer[minute]! < BEFOREHAND_SHARE * perViewer[peak]! && !Number.isNaN(value) && !failing[minute],
  );
  if (values.length < FEWEST_BEFOREHAND) return undefined;
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** Minutes with so much modelled demand and all data, in which nothing fails and nothing that failed is tried again. */
function goodMinutes({ above, perViewer, failing }: Minutes, least: number): number[] {
  const good: number[] = [];
  perViewer.forEach((requests, minute) => {
    if (requests < least || Number.isNaN(above[minute]!)) return;
    if (failing.slice(Math.max(0, minute - AFTERMATH_MINUTES), minute + 1).some(Boolean)) return;
    good.push(minute);
  });
  return good;
}

function viewersNotes(
  viewers: ObservedViewers | undefined,
  { failing }: Minutes,
  { name, demandFactor }: Required<Environment>,
): string[] {
  const { fit, peakViewers = 0 } = viewers ?? {};
  if (!fit) return [];
  const { residual, highestShare, others, othersShare } = fit;
  const notes = beforehandWords(peakViewers, fit).map((words) => `${words}; say which with --viewers`);
  if (residual > MISFIT) {
    notes.push(`${shapeWords(peakViewers, fit)}; say which with --viewers, and see kinds in demand of the layer`);
  }
  if (others.length > 0) {
    notes.push(
      `${percent(othersShare)} of the demand is taken as that of ${listNames(others)}, as observed or forecast`,
    );
  }
  if (failing.some(Boolean)) {
    notes.push(
      'minutes with failures, and two after each, are left out of the estimate: retries inflate them, and lost requests are not counted',
    );
  }
  if (highestShare < STRETCHED_SHARE) {
    notes.push(
      `no minute above ${percent(highestShare)} of the modelled peak is left: the rest is what the model makes of it; viewers that were counted are better, with --viewers`,
    );
  }
  if (demandFactor !== 1) {
    notes.push(
      `${name} has ${percent(demandFactor)} of the demand: what is written, of the whole audience, is read from that alone`,
    );
  }
  return notes;
}

function shapeWords(peakViewers: number, { residual, peakRatioViewers }: AudienceFit): string {
  return `the night had another shape than the model, ${percent(residual)} off: ${formatCount(peakViewers)} viewers fit all of it, its highest minute alone would be ${formatCount(peakRatioViewers)}`;
}

/** That the ordinary day was another one, where it matters. */
function beforehandWords(peakViewers: number, { beforehand }: AudienceFit): string[] {
  if (!beforehand || Math.abs(beforehand.peakViewers / peakViewers - 1) <= BEFOREHAND_CHANGE) return [];
  const { requestsPerSecond } = beforehand;
  const side = requestsPerSecond < 0 ? 'below' : 'above';
  return [
    `before anybody came for it the requests were ${formatCount(Math.abs(requestsPerSecond))}/s ${side} those of the ordinary day (baselineRequestsPerSecond, and other releases): if they were all night, ${formatCount(beforehand.peakViewers)} viewers fit`,
  ];
}

function spansWords(spans: ReviewedOutage['missing']): string {
  const words = spans.map(({ from, to }) => `${from.slice(0, 16)}Z to ${to.slice(11, 16)}Z`);
  return listNames(words);
}

/** What the figures were read from, each in its own words. */
function sourceOf(
  { release, outageMinutes }: ReviewInput,
  viewers: ObservedViewers | undefined,
  isOutageKnown: boolean,
): string {
  const { premiereAt, premiereZone, observed } = release;
  const day = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: premiereZone,
  }).format(premiereAt * 1000);
  if (!viewers) {
    return outageMinutes === undefined
      ? `failures at the load balancer, CloudWatch, ${day}`
      : `outage minutes as counted, ${day}`;
  }
  const ofViewers = viewers.fit
    ? `requests at the load balancer, CloudWatch, ${day}; fitted on ${viewers.fit.minutes} minutes`
    : `viewers as counted by the service, ${day}`;
  if (outageMinutes !== undefined) return `${ofViewers}; outage minutes as counted`;
  const stays = !isOutageKnown && observed?.outageMinutes !== undefined;
  return stays ? `${ofViewers}; outage minutes: ${observed.source}` : ofViewers;
}

function targetReview(
  target: TargetPlan,
  recorded: RecordedTarget,
  { night, record, release }: ReviewInput,
): ReviewedTarget {
  const { series, activities } = recorded;
  const counted = hasValues(series.running) ? 'running' : hasValues(series.desired) ? 'desired' : 'ready';
  const units = aligned(series[counted], record, night);
  const ready = aligned(series.ready, record, night);
  const live = aligned(series.floor, record, night);
  const asked = hasValues(series.desired) ? aligned(series.desired, record, night) : units;
  const floors = Array.from({ length: units.length }, (_, minute) => floorAt(target, night.from + minute * MINUTE));
  const lead = leadSeconds(Math.max(...floors) - target.baseline, target.leadTime);
  const registered = MINUTE * Math.ceil(target.leadTime.schedulerDelaySeconds / MINUTE);
  const givingBackAt = givingBackOf(target, release, night);

  let highest = 0;
  let belowRequired = 0;
  let belowFloor = 0;
  let lowFloor = 0;
  let above: { units: number; at: string } | undefined;
  for (let minute = 0; minute < units.length; minute += 1) {
    const at = night.from + minute * MINUTE;
    if ((units[minute] ?? -1) > (units[highest] ?? -1)) highest = minute;
    const floor = floors[minute]!;
    // What rose less than the lead time ago is still starting, and less than the scheduler's delay ago may not be registered.
    const settled = lowestFloor(target, at - lead, at);
    const isReady = ready[minute];
    if (isReady !== null && isReady !== undefined) {
      if (isReady < requiredAt(target, at)) belowRequired += 1;
      if (isReady < settled) belowFloor += 1;
    }
    if ((live[minute] ?? floor) < lowestFloor(target, at - registered, at)) lowFloor += 1;
    const more = (asked[minute] ?? 0) - floor;
    if (at >= release.premiereAt && at < givingBackAt && more > (above?.units ?? 0))
      above = { units: more, at: toIso(at) };
  }
  const sum = (values: MinuteSeries): number => values.reduce<number>((total, value) => total + (value ?? 0), 0);
  const need = night.plan.releases.find(({ id }) => id === release.id)?.targets.find(({ id }) => id === target.id);
  const inNight = activities.filter(({ at }) => fromIso(at) >= night.from && fromIso(at) < night.to);
  return {
    id: target.id,
    unit: target.unit,
    planned: {
      units: need?.units ?? target.baseline,
      floor: Math.max(...floors),
      unitHours: round(sum(floors.filter((_, minute) => units[minute] !== null)) / MINUTE, 1),
    },
    observed: {
      highest: Math.round(units[highest] ?? 0),
      highestAt: toIso(night.from + highest * MINUTE),
      counted,
      unitHours: round(sum(units) / MINUTE, 1),
      readyMinutes: ready.filter((value) => value !== null).length,
      belowRequiredMinutes: belowRequired,
      belowFloorMinutes: belowFloor,
      ...(hasValues(series.floor) && { lowFloorMinutes: lowFloor }),
      ...(above && { aboveFloor: { ...above, units: Math.round(above.units) } }),
      activities: inNight.length,
      byPolicies: inNight.filter(({ cause }) => cause.includes('triggered policy')).length,
    },
  };
}

/** The lowest planned floor of a half-open span and of its end. */
function lowestFloor(target: TargetPlan, from: number, to: number): number {
  const within = target.actions.filter(({ at }) => fromIso(at) > from && fromIso(at) <= to).map(({ min }) => min);
  return Math.min(floorAt(target, from), ...within);
}

function requiredAt({ required, baseline }: TargetPlan, at: number): number {
  return required.find(({ from, to }) => fromIso(from) <= at && at < fromIso(to))?.units ?? baseline;
}

function givingBackOf(target: TargetPlan, release: Release, night: PlannedNight): number {
  const ends = windowsOf(target, release).map((window) => fromIso(window.givingBackAt));
  return ends.length > 0 ? Math.max(...ends) : night.to;
}
