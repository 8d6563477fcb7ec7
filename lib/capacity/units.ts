import { type LayerProfile, PROFILE_DEFAULTS } from './environment';

/**
 * Units for a rate of requests: `⌈max( λ/(μ·ρ_normal), z/(z−1)·λ/(μ·ρ_zoneLost) )⌉` with `z` zones, at least the baseline.
 *
 * With many workers queueing noise vanishes (square-root staffing), so the loss of a zone and the load balancer's
 * imbalance set the headroom. With three zones, 0.6 and 0.85, the second term decides.
 *
 * @param requestsPerSecond all of it, the baseline's own demand included
 */
export function unitsFor(requestsPerSecond: number, profile: LayerProfile, zones: number): number {
  const {
    requestsPerSecondPerUnit: mu,
    utilisationNormal = PROFILE_DEFAULTS.utilisationNormal,
    utilisationZoneLost = PROFILE_DEFAULTS.utilisationZoneLost,
    baseline,
  } = profile;
  const normal = requestsPerSecond / (mu * utilisationNormal);
  const zoneLost = ((zones / (zones - 1)) * requestsPerSecond) / (mu * utilisationZoneLost);
  return Math.max(baseline, ceilUnits(Math.max(normal, zoneLost)));
}

/** Rounds up, but not for the sake of the last bits of a product that is a whole number on paper. */
export function ceilUnits(units: number): number {
  return Math.ceil(units - 1e-9 * Math.max(1, units));
}

/** A number for people and for JSON, without the digits that floating point adds. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
