import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import type { Audience } from '../calendar/release';

/** Distance in standard deviations from the 0.1 to the 0.9 quantile of a normal distribution, 2.563. */
const DECILE_SPREAD = normalQuantile(0.9, 0, 1) - normalQuantile(0.1, 0, 1);

/**
 * Sigma of the lognormal forecast of a peak as the entry states it: `uncertainty`, or from `low` and `high` by their
 * ratio, `ln(high/low)/2.563`, or from one of them and the median. Undefined when it states none.
 */
export function statedSigma({ peakViewers, low, high, uncertainty }: Audience): number | undefined {
  if (uncertainty !== undefined) return uncertainty;
  if (low !== undefined && high !== undefined) return Math.log(high / low) / DECILE_SPREAD;
  if (high !== undefined) return (2 * Math.log(high / peakViewers)) / DECILE_SPREAD;
  if (low !== undefined) return (2 * Math.log(peakViewers / low)) / DECILE_SPREAD;
  return undefined;
}

/** Sigma of the lognormal forecast of a peak: the stated one, or else `fallback`. */
export function forecastSigma(audience: Audience, fallback: number): number {
  return statedSigma(audience) ?? fallback;
}

/** By how much a lognormal's quantile exceeds its median: `e^(z_q·σ)`. `quantile` lies strictly between 0 and 1. */
export function quantileFactor(quantile: number, sigma: number): number {
  return Math.exp(normalQuantile(quantile, 0, 1) * sigma);
}
