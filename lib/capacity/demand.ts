import type { ReleaseKind } from '../calendar/release';
import type { DemandModel, KindModel } from './environment';

/** Seconds between two samples of a curve: divides the minute, so that the peaks of all kinds fall on a sample. */
export const CURVE_STEP_SECONDS = 5;

/**
 * What an audience whose viewers peak at **one** does over time; everything scales with the peak.
 *
 * Sample `i` is at `startSeconds + i · stepSeconds` from the premiere; before the first and after the last sample all is zero.
 */
export interface AudienceCurve {
  /** Seconds from the premiere to the first sample; negative, because people come early. */
  readonly startSeconds: number;
  readonly stepSeconds: number;
  /** Plays started per second. */
  readonly plays: Float64Array;
  /** Concurrent viewers: plays convolved with watch-time survival (Little's law); its maximum is 1. */
  readonly viewers: Float64Array;
  /** Viewers who stop per second. */
  readonly exits: Float64Array;
  /** People in the app who wait for the premiere and refresh. */
  readonly lobby: Float64Array;
  /** Requests per second of all of them. */
  readonly requests: Float64Array;
  /** The highest sample of `requests`, and seconds from the premiere to it. */
  readonly requestsPeak: number;
  readonly requestsPeakSeconds: number;
  /** The highest sample of `plays`. */
  readonly playsPeak: number;
  /** Plays of the first 60 minutes and of the first 24 hours after the premiere; for live those before it included. */
  readonly playsFirstHour: number;
  readonly playsFirstDay: number;
}

/** Shapes are few and plans are many: a calendar of years is planned from a handful of curves, in every environment. */
const CURVES_KEPT = 64;
const curves = new Map<string, AudienceCurve>();

/**
 * The curve of a kind of release; made once for each shape, so do not write to it.
 *
 * Arrivals, watch time, lobby and exits are those of docs/capacity-model.md; the requests are
 * `plays·requestsPerPlay + viewers·heartbeatsPerSecond + exits·requestsPerExit + lobby·requestsPerRefresh/refreshSeconds`.
 *
 * @param lengthSeconds what is watched in one sitting; for live the length of the event
 */
export function audienceCurve(kind: ReleaseKind, lengthSeconds: number, model: DemandModel): AudienceCurve {
  const key = `${kind} ${lengthSeconds} ${JSON.stringify(model)}`;
  let curve = curves.get(key);
  if (!curve) {
    if (curves.size >= CURVES_KEPT) curves.delete(curves.keys().next().value!);
    curve = makeCurve(kind, lengthSeconds, model);
    curves.set(key, curve);
  }
  return curve;
}

function makeCurve(kind: ReleaseKind, lengthSeconds: number, model: DemandModel): AudienceCurve {
  const kindModel = model.kinds[kind];
  const raw =
    kind === 'live' ? liveAudience(lengthSeconds, kindModel, model) : dropAudience(lengthSeconds, kindModel, model);
  let peak = 0;
  for (const watching of raw.viewers) peak = Math.max(peak, watching);
  const perPeak = (curve: Float64Array): Float64Array => curve.map((value) => value / peak);
  const [plays, viewers, exits, lobby] = [
    perPeak(raw.plays),
    perPeak(raw.viewers),
    perPeak(raw.exits),
    perPeak(raw.lobby),
  ];
  const refreshesPerSecond = model.requestsPerRefresh / model.refreshSeconds;
  const requests = plays.map(
    (rate, i) =>
      rate * model.requestsPerPlay +
      viewers[i]! * model.heartbeatsPerSecond +
      exits[i]! * model.requestsPerExit +
      lobby[i]! * refreshesPerSecond,
  );
  let peakIndex = 0;
  for (let i = 1; i < requests.length; i += 1) {
    if (requests[i]! > requests[peakIndex]!) peakIndex = i;
  }
  return {
    startSeconds: raw.startSeconds,
    stepSeconds: CURVE_STEP_SECONDS,
    plays,
    viewers,
    exits,
    lobby,
    requests,
    requestsPeak: requests[peakIndex]!,
    requestsPeakSeconds: raw.startSeconds + peakIndex * CURVE_STEP_SECONDS,
    playsPeak: plays.reduce((most, rate) => Math.max(most, rate), 0),
    playsFirstHour: raw.playsUntil(3600) / peak,
    playsFirstDay: raw.playsUntil(86_400) / peak,
  };
}

interface RawAudience extends Pick<AudienceCurve, 'startSeconds' | 'plays' | 'viewers' | 'exits' | 'lobby'> {
  /** Plays from the start of the curve until so many seconds after the premiere. */
  readonly playsUntil: (seconds: number) => number;
}

/** A drop: everybody may start at the premiere, so plays rise within minutes and decline as a power of time. */
function dropAudience(lengthSeconds: number, kind: KindModel, model: DemandModel): RawAudience {
  const peakAt = kind.playsPeakMinutes * 60;
  const scale = kind.declineMinutes * 60;
  const endAt = kind.endHours * 3600;
  const rate = (x: number): number => {
    if (x <= 0 || x > endAt) return 0;
    return x <= peakAt ? (x / peakAt) * Math.exp(1 - x / peakAt) : (1 + (x - peakAt) / scale) ** -kind.declineExponent;
  };

  const stayFrom = model.stayRange[0] * lengthSeconds;
  const stayTo = model.stayRange[1] * lengthSeconds;
  const earlyMean = model.earlyMeanMinutes * 60;
  const startSeconds = -CURVE_STEP_SECONDS * Math.ceil((model.lobbyLeadMinutes * 60) / CURVE_STEP_SECONDS);
  // Six means leave 0.2 % of the early leavers: nothing is lost when the curve ends there.
  const curve = emptyCurve(startSeconds, endAt + Math.max(stayTo, 6 * earlyMean));

  // The discrete convolution: plays of a step are counted at its sample, and leave it as survival falls from step to step.
  const started = new Float64Array(curve.plays.length);
  const playsUntil = (x: number): number => interpolate(started, (x - startSeconds) / CURVE_STEP_SECONDS);
  const stayedOnEach = Math.exp(-CURVE_STEP_SECONDS / earlyMean);
  let early = 0;
  let viewers = 0;
  for (let i = 0; i < curve.plays.length; i += 1) {
    const x = startSeconds + i * CURVE_STEP_SECONDS;
    const plays = rate(x);
    const arrived = plays * CURVE_STEP_SECONDS;
    started[i] = (i > 0 ? started[i - 1]! : 0) + arrived;
    early = early * stayedOnEach + model.earlyShare * arrived;
    const earlyLeaving = (early * (1 - stayedOnEach)) / CURVE_STEP_SECONDS;
    const stayersLeaving =
      ((1 - model.earlyShare) * (playsUntil(x - stayFrom) - playsUntil(x - stayTo))) / (stayTo - stayFrom);
    if (i > 0) viewers = Math.max(0, viewers - curve.exits[i - 1]! * CURVE_STEP_SECONDS);
    viewers += arrived;
    curve.plays[i] = plays;
    curve.viewers[i] = viewers;
    curve.exits[i] = earlyLeaving + stayersLeaving;
  }

  const lobbyEndAt = model.lobbyPlaysMinutes * 60;
  const lobbyPlays = playsUntil(lobbyEndAt);
  for (let x = startSeconds, i = 0; x < lobbyEndAt; x += CURVE_STEP_SECONDS, i += 1) {
    const share = x < 0 ? (x - startSeconds) / -startSeconds : 1 - started[i]! / lobbyPlays;
    curve.lobby[i] = model.lobbyShare * lobbyPlays * share;
  }
  return { ...curve, playsUntil };
}

/** A live event: arrivals around its start, everybody stays until its end, then leaves with a half-life. */
function liveAudience(lengthSeconds: number, kind: KindModel, model: DemandModel): RawAudience {
  const midpoint = -model.liveMidpointMinutes * 60;
  const scale = model.liveScaleMinutes * 60;
  const cumulative = (x: number): number => 1 / (1 + Math.exp(-(x - midpoint) / scale));
  // Twelve scales before the midpoint 6 in a million have come; they are taken as nobody.
  const startSeconds = CURVE_STEP_SECONDS * Math.floor((midpoint - 12 * scale) / CURVE_STEP_SECONDS);
  const curve = emptyCurve(startSeconds, lengthSeconds + kind.endHours * 3600);
  const leavingRate = Math.LN2 / (model.liveExitHalfLifeMinutes * 60);
  const decay = Math.exp(-leavingRate * CURVE_STEP_SECONDS);
  let viewers = 0;
  for (let i = 0; i < curve.plays.length; i += 1) {
    const x = startSeconds + i * CURVE_STEP_SECONDS;
    const share = cumulative(x);
    const arrived = share - cumulative(x - CURVE_STEP_SECONDS);
    const isOver = x > lengthSeconds;
    viewers = isOver ? viewers * decay : viewers + arrived;
    curve.plays[i] = isOver ? 0 : (share * (1 - share)) / scale;
    curve.viewers[i] = viewers;
    curve.exits[i] = x >= lengthSeconds ? viewers * leavingRate : 0;
  }
  const first = cumulative(startSeconds);
  return { ...curve, playsUntil: (x) => cumulative(Math.min(x, lengthSeconds)) - first };
}

function emptyCurve(startSeconds: number, endSeconds: number): Omit<RawAudience, 'playsUntil'> {
  const length = Math.ceil((endSeconds - startSeconds) / CURVE_STEP_SECONDS) + 1;
  return {
    startSeconds,
    plays: new Float64Array(length),
    viewers: new Float64Array(length),
    exits: new Float64Array(length),
    lobby: new Float64Array(length),
  };
}

/** Linear between samples, zero before the first, the last value after the last. */
function interpolate(samples: Float64Array, index: number): number {
  if (index <= 0) return 0;
  const last = samples.length - 1;
  if (index >= last) return samples[last]!;
  const below = Math.floor(index);
  return samples[below]! + (index - below) * (samples[below + 1]! - samples[below]!);
}
