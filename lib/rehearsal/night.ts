import { type AudienceCurve, audienceCurve, CURVE_STEP_SECONDS } from '../capacity/demand';
import type { DemandModel } from '../capacity/environment';
import { quantileFactor } from '../capacity/forecast';
import { unitsFor } from '../capacity/units';
import { AS_FORECAST, type Draw, type Surprise } from './draws';
import { randomStream } from './random';
import type { Night } from './simulate';
import type { RehearsalSpec, RehearsedAudience } from './spec';

/**
 * How far shapes vary, uniformly in their logarithm: judgements. Plays rise up to three times as fast as modelled or as slowly, which takes a
 * finale's peak to between one minute after the drop and nine; the lobby is half as large to twice as large.
 */
const RISE_FACTOR = 3;
const LOBBY_FACTOR = 2;

/** People come up to so much earlier or later than the calendar says: clocks, time zones misread, an app that opens early. A judgement. */
const START_SECONDS = 300;

/** The night of a draw. */
export function nightOf(spec: RehearsalSpec, draw: Draw): Night {
  const { whatIf, from, to, baselineRequestsPerSecond, premiereAt, profile, zones, conditions } = spec;
  const demand = new Float64Array(Math.round((to - from) / CURVE_STEP_SECONDS)).fill(baselineRequestsPerSecond);
  spec.releases.forEach((release, index) => {
    for (const audience of release.audiences) addAudience(demand, spec, audience, draw.surprises[index]!);
  });
  const lateness = new Map<number, number>();
  return {
    startAt: from,
    demand,
    required: demand.map((requests) => unitsFor(requests, profile, zones)),
    latenessOf: (at) => {
      let seconds = lateness.get(at);
      if (seconds === undefined) {
        // From the instant and the draw alone: an action is as late under one policy as under another.
        seconds = randomStream(draw.seed + (at % 0x7f_ff_ff)).next() * conditions.leadTime.schedulerDelaySeconds;
        lateness.set(at, seconds);
      }
      return seconds;
    },
    ...(whatIf.loseZone && { zoneLoss: { at: premiereAt + spec.peakSeconds, share: 1 / zones } }),
  };
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
    const last = (shape.shares.length - 1) * shape.stepSeconds;
    const first = Math.max(0, Math.ceil(startsAt / CURVE_STEP_SECONDS));
    const end = Math.min(demand.length, Math.floor((startsAt + last) / CURVE_STEP_SECONDS) + 1);
    for (let step = first; step < end; step += 1) {
      const place = (step * CURVE_STEP_SECONDS - startsAt) / shape.stepSeconds;
      const below = Math.min(Math.floor(place), shape.shares.length - 1);
      const above = Math.min(below + 1, shape.shares.length - 1);
      const share = shape.shares[below]! + (place - below) * (shape.shares[above]! - shape.shares[below]!);
      demand[step]! += audience.share * factor * peakRequestsPerSecond * share;
    }
    return;
  }
  const curve = surprisedCurve(spec.model, audience, surprise);
  const offset = Math.round((at + curve.startSeconds) / CURVE_STEP_SECONDS);
  const scale = audience.share * factor * audience.medianPeak;
  const { requests } = curve;
  const end = Math.min(requests.length, demand.length - offset);
  for (let sample = Math.max(0, -offset); sample < end; sample += 1)
    demand[offset + sample]! += scale * requests[sample]!;
}

function surprisedCurve(
  model: DemandModel,
  { kind, lengthSeconds }: RehearsedAudience,
  surprise: Surprise,
): AudienceCurve {
  if (surprise.rise === AS_FORECAST.rise && surprise.lobby === AS_FORECAST.lobby) {
    return audienceCurve(kind, lengthSeconds, model);
  }
  const slower = RISE_FACTOR ** (2 * surprise.rise - 1);
  const ofKind = model.kinds[kind];
  return audienceCurve(kind, lengthSeconds, {
    ...model,
    lobbyShare: Math.min(1, model.lobbyShare * LOBBY_FACTOR ** (2 * surprise.lobby - 1)),
    liveScaleMinutes: model.liveScaleMinutes * slower,
    kinds: { ...model.kinds, [kind]: { ...ofKind, playsPeakMinutes: ofKind.playsPeakMinutes * slower } },
  });
}
