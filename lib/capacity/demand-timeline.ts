import type { ReleaseCalendar } from '../calendar/release';
import { type AudienceCurve, CURVE_STEP_SECONDS } from './demand';
import { type Environment, resolveEnvironment } from './environment';
import { fromIso, toIso } from './instants';
import { appearancesOf, DemandForecaster } from './release-demand';
import { unitsFor } from './units';

/** Units that demand needs over a span, step by step, before any warm-up, hold or lead time. Plain JSON. */
export interface DemandTimeline {
  /** The target's id in the plan, for example `us-east-1/playback`. */
  readonly targetId: string;
  /** The half-open span `[from, to)`: ISO 8601 in UTC. */
  readonly from: string;
  readonly to: string;
  readonly stepSeconds: number;
  /** Quantile of the forecasts behind `plannedUnits`. */
  readonly quantile: number;
  /** Units for the highest demand of each step, the baseline's own included, when every audience is its median forecast. */
  readonly medianUnits: readonly number[];
  /** The same when every audience is at the planning quantile. */
  readonly plannedUnits: readonly number[];
}

export interface DemandTimelineInput {
  readonly calendar: ReleaseCalendar;
  readonly environment: Environment;
  /** A layer of the environment, for example `playback`. */
  readonly layer: string;
  /** ISO 8601 in UTC, whole seconds. */
  readonly from: string;
  readonly to: string;
  /** At least 5, which is how far the samples of a curve are apart. @default 60 */
  readonly stepSeconds?: number;
}

/**
 * What demand needs of one target, from the same forecasts, curves and sizing as the plan: demands of overlapping
 * releases are added, announced times that were moved count with their share. Stated floors and drills are no demand.
 *
 * A step takes the highest sample in it, so a peak is never lost, however long the steps are. Pure: no clock.
 *
 * @throws RangeError for an unknown layer, a span that is empty, or a step that is too short
 */
export function demandTimeline(input: DemandTimelineInput): DemandTimeline {
  const { calendar, layer, stepSeconds = 60 } = input;
  const environment = resolveEnvironment(input.environment);
  const profile = environment.layers[layer];
  if (!profile) {
    const layers = Object.keys(environment.layers).join(', ');
    throw new RangeError(`layer must be one of ${layers}, got "${layer}"`);
  }
  const from = fromIso(input.from);
  const to = fromIso(input.to);
  if (!(from < to)) throw new RangeError(`from must be before to, got "${input.from}" and "${input.to}"`);
  if (!(stepSeconds >= CURVE_STEP_SECONDS)) {
    throw new RangeError(`stepSeconds must be at least ${CURVE_STEP_SECONDS}, got ${stepSeconds}`);
  }

  const forecaster = new DemandForecaster(calendar, environment, layer, profile);
  const median = new Float64Array(Math.ceil((to - from) / stepSeconds)).fill(profile.baselineRequestsPerSecond);
  const planned = median.slice();
  for (const release of calendar.releases) {
    const audience = forecaster.forecast(release)?.audience;
    if (!audience) continue;
    const { curve, medianPeak, plannedPeak } = audience;
    for (const { at, share } of appearancesOf(release, forecaster.model)) {
      const startsAt = at + curve.startSeconds;
      const endsAt = startsAt + curve.requests.length * curve.stepSeconds;
      const first = Math.max(0, Math.floor((startsAt - from) / stepSeconds));
      const last = Math.min(median.length, Math.ceil((endsAt - from) / stepSeconds));
      for (let step = first; step < last; step += 1) {
        const requests = share * highestRequests(curve, from + step * stepSeconds - at, stepSeconds);
        median[step]! += medianPeak * requests;
        planned[step]! += plannedPeak * requests;
      }
    }
  }
  const units = (requests: number): number => unitsFor(requests, profile, environment.zoneIds.length);
  return {
    targetId: `${environment.region}/${layer}`,
    from: toIso(from),
    to: toIso(to),
    stepSeconds,
    quantile: forecaster.quantile,
    medianUnits: Array.from(median, units),
    plannedUnits: Array.from(planned, units),
  };
}

/** The curve's highest sample over `[from, from + seconds)`, counted from the premiere; zero outside the curve. */
function highestRequests(
  { requests, startSeconds, stepSeconds }: AudienceCurve,
  from: number,
  seconds: number,
): number {
  const first = Math.max(0, Math.ceil((from - startSeconds) / stepSeconds));
  const end = Math.min(requests.length, Math.ceil((from + seconds - startSeconds) / stepSeconds));
  let highest = 0;
  for (let sample = first; sample < end; sample += 1) highest = Math.max(highest, requests[sample]!);
  return highest;
}
