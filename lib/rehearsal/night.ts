import { type AudienceCurve, audienceCurve, CURVE_STEP_SECONDS } from '../capacity/demand';
import type { DemandModel, LayerProfile } from '../capacity/environment';
import { quantileFactor } from '../capacity/forecast';
import { unitsFor } from '../capacity/units';
import { AS_FORECAST, type Draw, type Surprise } from './draws';
import { LARGEST_SEED, randomStream } from './random';
import type { Night } from './simulate';
import type { RehearsalSpec, RehearsedAudience } from './spec';

/**
 * How far shapes vary, uniformly in their logarithm: judgements. Plays rise up to three times as fast as modelled or as slowly, which takes a
 * finale's peak to between one minute after the drop and nine; the lobby is half as large to twice as large.
 */
const RISE_FACTOR = 3;
const LOBBY_FACTOR = 2;

/** Rises are rounded to so many, evenly spaced and the modelled one among them: a curve is made once for each. */
const RISES = 11;

/** Neighbouring instants get seeds that are far apart (Knuth's multiplicative hash). */
const SPREADING = 2_654_435_761;

/** People come up to so much earlier or later than the calendar says: clocks, time zones misread, an app that opens early. A judgement. */
const START_SECONDS = 300;

/** The night of a draw. */
export function nightOf(spec: RehearsalSpec, draw: Draw): Night {
  const { whatIf, from, to, baselineRequestsPerSecond, profile, zones, conditions } = spec;
  const demand = new Float64Array(Math.round((to - from) / CURVE_STEP_SECONDS)).fill(baselineRequestsPerSecond);
  spec.releases.forEach((release, index) => {
    for (const audience of release.audiences) addAudience(demand, spec, audience, draw.surprises[index]!);
  });
  const lateness = new Map<number, number>();
  return {
    startAt: from,
    demand,
    required: requiredOf(demand, profile, zones),
    latenessOf: (at) => {
      let seconds = lateness.get(at);
      if (seconds === undefined) {
        // From the instant and the draw alone: an action is as late under one policy as under another.
        const seed = Math.abs(Math.imul(draw.seed + (at % LARGEST_SEED), SPREADING));
        seconds = randomStream(seed % LARGEST_SEED).next() * conditions.leadTime.schedulerDelaySeconds;
        lateness.set(at, seconds);
      }
      return seconds;
    },
    ...(whatIf.loseZone && { zoneLoss: zoneLossAtPeak({ startAt: from, demand }, zones) }),
  };
}

/** A zone that is lost when the demand of the night peaks. */
export function zoneLossAtPeak(
  { startAt, demand }: Pick<Night, 'startAt' | 'demand'>,
  zones: number,
): Required<Night>['zoneLoss'] {
  let peak = 0;
  for (let step = 1; step < demand.length; step += 1) {
    if (demand[step]! > demand[peak]!) peak = step;
  }
  return { at: startAt + peak * CURVE_STEP_SECONDS, share: 1 / zones };
}

function requiredOf(demand: Float64Array, profile: LayerProfile, zones: number): Float64Array {
  // Most of a day is the baseline.
  let before = Number.NaN;
  let units = 0;
  return demand.map((requests) => {
    if (requests !== before) units = unitsFor(requests, profile, zones);
    before = requests;
    return units;
  });
}

/** The release of the span with the most demand in the minute from an instant on; the rehearsed one when none has any. */
export function largestDemandAt(spec: RehearsalSpec, draw: Draw, at: number): RehearsalSpec['releases'][number] {
  const step = Math.round((at - spec.from) / CURVE_STEP_SECONDS);
  const demandOf = (index: number): number => {
    const alone = new Float64Array(step + 60 / CURVE_STEP_SECONDS);
    for (const audience of spec.releases[index]!.audiences) addAudience(alone, spec, audience, draw.surprises[index]!);
    return alone.subarray(step).reduce((most, requests) => Math.max(most, requests), 0);
  };
  let largest = spec.releases.find(({ id }) => id === spec.release)!;
  let most = demandOf(spec.releases.indexOf(largest));
  spec.releases.forEach((release, index) => {
    const demand = demandOf(index);
    if (demand <= most) return;
    most = demand;
    largest = release;
  });
  return largest;
}

/** The night in which every audience is its median forecast, in its modelled shape, at its time. */
export function exactNight(spec: RehearsalSpec): Night {
  return nightOf(spec, { surprises: spec.releases.map(() => AS_FORECAST), seed: spec.seed });
}

function addAudience(demand: Float64Array, spec: RehearsalSpec, audience: RehearsedAudience, surprise: Surprise): void {
  const { whatIf, from } = spec;
  const startError = START_SECONDS * (2 * surprise.start - 1) - whatIf.earlySeconds;
  const factor = whatIf.audienceFactor * quantileFactor(surprise.audience, audience.sigma);
  const at = audience.at + startError - from;
  if (audience.trace) {
    const { shape, peakRequestsPerSecond, peakSeconds } = audience.trace;
    const startsAt = at + peakSeconds + shape.startSeconds;
    const last = shape.shares.length - 1;
    for (let step = 0; step < demand.length; step += 1) {
      const place = Math.min(Math.max((step * CURVE_STEP_SECONDS - startsAt) / shape.stepSeconds, 0), last);
      const below = Math.floor(place);
      const above = Math.min(below + 1, last);
      const share = shape.shares[below]! + (place - below) * (shape.shares[above]! - shape.shares[below]!);
      demand[step]! += audience.share * factor * peakRequestsPerSecond * share;
    }
    return;
  }
  const curve = risenCurve(spec.model, audience, surprise.rise);
  const offset = Math.round((at + curve.startSeconds) / CURVE_STEP_SECONDS);
  const scale = audience.share * factor * audience.medianPeak;
  // The lobby enters the requests in proportion to its size.
  const { lobbyShare, requestsPerRefresh, refreshSeconds } = spec.model;
  const lobbyFactor = Math.min(LOBBY_FACTOR ** (2 * surprise.lobby - 1), 1 / Math.max(lobbyShare, Number.EPSILON));
  const moreLobby = scale * (lobbyFactor - 1) * (requestsPerRefresh / refreshSeconds);
  const { requests, lobby } = curve;
  const end = Math.min(requests.length, demand.length - offset);
  for (let sample = Math.max(0, -offset); sample < end; sample += 1) {
    demand[offset + sample]! += scale * requests[sample]! + moreLobby * lobby[sample]!;
  }
}

function risenCurve(model: DemandModel, { kind, lengthSeconds }: RehearsedAudience, rise: number): AudienceCurve {
  const rounded = Math.min(RISES - 1, Math.floor(rise * RISES)) / (RISES - 1);
  if (rounded === AS_FORECAST.rise) return audienceCurve(kind, lengthSeconds, model);
  const slower = RISE_FACTOR ** (2 * rounded - 1);
  const ofKind = model.kinds[kind];
  return audienceCurve(kind, lengthSeconds, {
    ...model,
    liveScaleMinutes: model.liveScaleMinutes * slower,
    kinds: { ...model.kinds, [kind]: { ...ofKind, playsPeakMinutes: ofKind.playsPeakMinutes * slower } },
  });
}
