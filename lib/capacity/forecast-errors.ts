import { jStat } from 'jstat';
import type { ReleaseCalendar, ReleaseKind } from '../calendar/release';
import { DEFAULT_DEMAND_MODEL } from './demand-model';
import { statedSigma } from './forecast';

/** Each bound of an interval holds by itself with this confidence. */
const CONFIDENCE = 0.95;

/** Of one night nobody can say whether the forecasts are bad or it was: it is one draw. */
const FEWEST_NIGHTS = 2;

/** A release that was measured after it had been forecast. */
export interface ForecastError {
  readonly id: string;
  /** Median forecast of the peak of concurrent viewers. */
  readonly forecast: number;
  readonly observed: number;
  /** `ln(observed / forecast)`: above 0 when more came than was forecast. */
  readonly error: number;
  /** Sigma that the entry states by `low`, `high` or `uncertainty`. */
  readonly statedSigma?: number;
}

/** By how much the forecasts of a kind were off. */
export interface ForecastErrors {
  readonly kind: ReleaseKind;
  /** In the calendar's order. */
  readonly releases: readonly ForecastError[];
  readonly count: number;
  /** Root of the mean square of the errors, about 0: a forecast claims to be the median, so a bias counts. */
  readonly sigma: number;
  /** Mean of the errors: above 0 when forecasts are too low. */
  readonly bias: number;
  /** Bounds of the sigma that forecasts of the kind have in the long run: each is passed with a chance of 1 in 20. */
  readonly low: number;
  readonly high: number;
}

/**
 * The errors of past forecasts by kind, for kinds with at least one: of each release with an audience and a peak that
 * was measured and not assumed. Both are figures of the whole service, so no factor of an environment applies.
 *
 * The interval is that of a lognormal around the forecast: `count·σ²` over the quantiles of χ² with `count` degrees of freedom.
 */
export function forecastErrors(calendar: ReleaseCalendar): ForecastErrors[] {
  const byKind = new Map<ReleaseKind, ForecastError[]>();
  for (const { id, kind, audience, observed } of calendar.releases) {
    if (!audience || observed?.peakViewers === undefined || observed.assumed) continue;
    const error = Math.log(observed.peakViewers / audience.peakViewers);
    const errors = byKind.get(kind) ?? [];
    byKind.set(kind, errors);
    const stated = statedSigma(audience);
    errors.push({ id, forecast: audience.peakViewers, observed: observed.peakViewers, error, statedSigma: stated });
  }
  const kinds = Object.keys(DEFAULT_DEMAND_MODEL.kinds) as ReleaseKind[];
  return kinds.flatMap((kind) => {
    const releases = byKind.get(kind);
    return releases ? [{ kind, releases, ...spreadOf(releases.map(({ error }) => error)) }] : [];
  });
}

/**
 * Whether forecasts were off by more than a configured sigma lets expect: of at least two measured releases the squares
 * of the errors sum to more than they would in 19 of 20 times.
 */
export function tooOptimistic(errors: Pick<ForecastErrors, 'count' | 'low'>, configuredSigma: number): boolean {
  // Σe²/σ² above the quantile of χ² is the same as σ below the lower bound.
  return errors.count >= FEWEST_NIGHTS && errors.low > configuredSigma;
}

/**
 * The same of the releases that stated a spread of their own, in multiples of it: a `sigma` of 1 is what they claimed.
 * Undefined when none did. A stated spread of nothing has no multiples, and is left out.
 */
export function statedSpreadErrors({
  releases,
}: ForecastErrors): Pick<ForecastErrors, 'count' | 'sigma' | 'low'> | undefined {
  const ratios = releases.flatMap(({ error, statedSigma }) => (statedSigma ? [error / statedSigma] : []));
  return ratios.length > 0 ? spreadOf(ratios) : undefined;
}

/** @param errors at least one */
function spreadOf(errors: readonly number[]): Pick<ForecastErrors, 'count' | 'sigma' | 'bias' | 'low' | 'high'> {
  const count = errors.length;
  const squares = errors.reduce((total, error) => total + error * error, 0);
  const boundAt = (probability: number): number => Math.sqrt(squares / jStat.chisquare.inv(probability, count));
  return {
    count,
    sigma: Math.sqrt(squares / count),
    bias: errors.reduce((total, error) => total + error, 0) / count,
    low: boundAt(CONFIDENCE),
    high: boundAt(1 - CONFIDENCE),
  };
}
