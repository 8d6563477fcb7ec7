import { jStat } from 'jstat';
import type { PolicyName } from './policies';
import type { DrawResult, ZoneLossPolicy } from './rehearse';
import type { Accuracy, Cause, RunResult } from './simulate';
import type { RehearsalSpec } from './spec';

/** Each bound of an interval holds by itself with this confidence. */
export const CONFIDENCE = 0.95;

/** A probability as the draws tell it. */
export interface Probability {
  readonly draws: number;
  /** Draws in which it happened. */
  readonly happened: number;
  readonly estimate: number;
  /** Exact bounds of Clopper and Pearson, each by itself with 95 % confidence: none in 200 draws is below 1.5 %. */
  readonly low: number;
  readonly high: number;
}

/** Mean and 95th percentile over the draws. */
export interface Spread {
  readonly mean: number;
  readonly p95: number;
}

/** One policy over all draws. */
export interface PolicySummary {
  readonly policy: PolicyName;
  /** Of at least one outage minute. */
  readonly outage: Probability;
  readonly outageMinutes: Spread;
  /** Users' requests that were never answered. */
  readonly lostRequests: Spread;
  readonly shortMinutes: Spread;
  /** From launch to stop, of the whole span. */
  readonly unitHours: Spread;
  /** The same without what the baseline alone is in the span, drills included; and its price. */
  readonly unitHoursAbove: Spread;
  readonly amountAbove: Spread;
  /** Mean unit-hours above the baseline, as a multiple of the oracle's. Absent when the oracle was not played or needs none. */
  readonly toOracle?: number;
  /** Means over the draws. */
  readonly accuracy: Accuracy;
  /** Draws with an outage, by the cause of its first minute. */
  readonly firstCauses: Readonly<Partial<Record<Cause, number>>>;
}

/** One policy in the night in which everything is as forecast. */
export interface ExactSummary extends Pick<
  RunResult,
  'outageMinutes' | 'failoverMinutes' | 'shortMinutes' | 'accuracy' | 'firstCause'
> {
  readonly policy: PolicyName;
  readonly lostRequests: number;
  readonly unitHours: number;
  readonly unitHoursAbove: number;
  readonly amountAbove: number;
  readonly toOracle?: number;
}

/** A policy with a zone lost at the peak of each night. */
export interface ZoneLossSummary {
  /** Of an outage minute after the load balancer has noticed. */
  readonly outageAfterFailover: Probability;
  /** Outage minutes until then. */
  readonly failoverMinutes: Spread;
}

/** How often something happened in stratified draws; the interval is that of independent ones, which is wider. */
export function probabilityOf(happened: number, draws: number): Probability {
  const { inv } = jStat.beta;
  return {
    draws,
    happened,
    estimate: draws === 0 ? 0 : happened / draws,
    low: happened === 0 ? 0 : inv(1 - CONFIDENCE, happened, draws - happened + 1),
    high: happened === draws ? 1 : inv(CONFIDENCE, happened + 1, draws - happened),
  };
}

/** @param results at least one; each holds the policy */
export function summarise(spec: RehearsalSpec, policy: PolicyName, results: readonly DrawResult[]): PolicySummary {
  const runs = results.map((result) => result[policy]!);
  const above = runs.map((run) => unitHoursAbove(run, spec));
  const oracle = results.every((result) => result.oracle)
    ? meanOf(results.map((result) => unitHoursAbove(result.oracle!, spec)))
    : 0;
  const firstCauses: Partial<Record<Cause, number>> = {};
  for (const { firstCause } of runs) {
    if (firstCause) firstCauses[firstCause] = (firstCauses[firstCause] ?? 0) + 1;
  }
  const accuracy = (key: keyof Accuracy): number => meanOf(runs.map((run) => run.accuracy[key]));
  return {
    policy,
    outage: probabilityOf(runs.filter(({ outageMinutes }) => outageMinutes > 0).length, runs.length),
    outageMinutes: spreadOf(runs.map(({ outageMinutes }) => outageMinutes)),
    lostRequests: spreadOf(runs.map(({ requests }) => requests.failed)),
    shortMinutes: spreadOf(runs.map(({ shortMinutes }) => shortMinutes)),
    unitHours: spreadOf(runs.map(({ unitHours }) => unitHours)),
    unitHoursAbove: spreadOf(above),
    amountAbove: spreadOf(above.map((hours) => hours * spec.profile.pricePerUnitHour)),
    ...(oracle > 0 && { toOracle: meanOf(above) / oracle }),
    accuracy: {
      thetaUnder: accuracy('thetaUnder'),
      thetaOver: accuracy('thetaOver'),
      tauUnder: accuracy('tauUnder'),
      tauOver: accuracy('tauOver'),
    },
    firstCauses,
  };
}

/** @param result of the exact night; it holds the policy */
export function summariseExact(spec: RehearsalSpec, policy: PolicyName, result: DrawResult): ExactSummary {
  const run = result[policy]!;
  const above = unitHoursAbove(run, spec);
  const oracle = result.oracle ? unitHoursAbove(result.oracle, spec) : 0;
  return {
    policy,
    outageMinutes: run.outageMinutes,
    failoverMinutes: run.failoverMinutes,
    shortMinutes: run.shortMinutes,
    ...(run.firstCause && { firstCause: run.firstCause }),
    lostRequests: run.requests.failed,
    unitHours: run.unitHours,
    unitHoursAbove: above,
    amountAbove: above * spec.profile.pricePerUnitHour,
    ...(oracle > 0 && { toOracle: above / oracle }),
    accuracy: run.accuracy,
  };
}

/** @param results each was played with a zone lost */
export function summariseZoneLoss(results: readonly DrawResult[]): Readonly<Record<ZoneLossPolicy, ZoneLossSummary>> {
  const ofPolicy = (policy: ZoneLossPolicy): ZoneLossSummary => {
    const runs = results.map(({ zoneLost }) => zoneLost![policy]);
    return {
      outageAfterFailover: probabilityOf(runs.filter(({ outageMinutes }) => outageMinutes > 0).length, runs.length),
      failoverMinutes: spreadOf(runs.map(({ failoverMinutes }) => failoverMinutes)),
    };
  };
  return { plan: ofPolicy('plan'), 'target-tracking-60': ofPolicy('target-tracking-60') };
}

function unitHoursAbove({ unitHours }: RunResult, { from, to, profile }: RehearsalSpec): number {
  return unitHours - (profile.baseline * (to - from)) / 3600;
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { mean: meanOf(values), p95: sorted[Math.ceil(0.95 * sorted.length) - 1] ?? 0 };
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
