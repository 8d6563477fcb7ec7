import type {
  CapacityPlan,
  CapacityWindow,
  EnvironmentPlan,
  Finding,
  TargetCost,
  TargetPlan,
} from '../capacity/capacity-plan';
import { toIso } from '../capacity/instants';
import type { PolicyName } from '../rehearsal/policies';
import { POLICY_WORDS } from '../rehearsal/policies';
import type { Rehearsal } from '../rehearsal/rehearsal';
import type { Probability } from '../rehearsal/summary';
import { formatProbability, type Verdict, type VerdictCode } from '../rehearsal/verdict';
import { type Phase, phaseAt } from './report-reading';
import type { Timeline } from './timeline';

/** All that the report shows: plain JSON. Instants are ISO 8601 in UTC; those of a timeline are seconds since the epoch. */
export interface ReportData {
  readonly schemaVersion: 1;
  readonly asOf: string;
  readonly calendarDigest: string;
  readonly toolVersion: string;
  readonly environments: readonly ReportEnvironment[];
}

export interface ReportEnvironment {
  readonly name: string;
  readonly horizonEnd: string;
  readonly cost: EnvironmentPlan['cost'];
  /** Errors first. */
  readonly findings: readonly Finding[];
  readonly targets: readonly ReportTarget[];
  /** Absent when none was asked for. */
  readonly rehearsals?: readonly ReportRehearsal[];
}

export interface ReportTarget extends Pick<
  TargetPlan,
  'id' | 'unit' | 'baseline' | 'min' | 'max' | 'coveredUntil' | 'deferred' | 'windows'
> {
  readonly cost: TargetCost;
  readonly releases: readonly ReportRelease[];
  readonly actions: readonly ReportAction[];
  readonly timeline: Timeline;
}

/** What one release asks of one target. */
export interface ReportRelease {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly status: string;
  readonly premiereAt: string;
  readonly zone: string;
  /** Peak concurrent viewers: the median forecast, and at the planning quantile. Absent where floors are stated. */
  readonly audience?: { readonly median: number; readonly planned: number };
  /** Needed by the release alone, and the highest floor while it is warm. */
  readonly units: number;
  readonly floor: number;
  readonly reason: string;
  /** Absent where the floors never leave the baseline for it. */
  readonly risingAt?: string;
  readonly baselineAt?: string;
}

export interface ReportAction {
  readonly at: string;
  readonly floor: number;
  /** From the floor before. */
  readonly change: number;
  /** What begins, or goes on, with it. */
  readonly phase: Phase['name'];
  readonly releases: readonly string[];
}

/** What the rehearsal of one release on one target came to. */
export interface ReportRehearsal {
  readonly environment: string;
  readonly target: string;
  readonly unit: string;
  readonly release: string;
  readonly premiereAt: string;
  readonly currency: string;
  readonly draws: { readonly asked: number; readonly played: number };
  readonly seed: number;
  /** The probability of any outage that the environment accepts. */
  readonly outageBudget: number;
  readonly verdict: VerdictCode;
  readonly sentences: readonly string[];
  /** Empty when no draw was played. */
  readonly policies: readonly ReportPolicy[];
}

/** Means over the draws; of all that, what is above the baseline alone. */
export interface ReportPolicy {
  readonly policy: PolicyName;
  readonly label: string;
  readonly does: string;
  readonly outage: Probability;
  /** The probability with its bounds, in words. */
  readonly outageWords: string;
  readonly outageMinutes: number;
  readonly lostRequests: number;
  readonly unitHoursAbove: number;
  readonly amountAbove: number;
}

export interface ReportInput {
  readonly plan: CapacityPlan;
  /** One for each target of the plan. */
  readonly timelines: readonly Timeline[];
  /** @default none was asked for */
  readonly rehearsals?: readonly ReportRehearsal[];
}

/**
 * What the report shows. Pure: all numbers are the plan's, the timelines' and the rehearsals'.
 *
 * @throws RangeError when a target has no timeline
 */
export function reportOf({ plan, timelines, rehearsals }: ReportInput): ReportData {
  const { asOf, calendarDigest, toolVersion } = plan;
  return {
    schemaVersion: 1,
    asOf,
    calendarDigest,
    toolVersion,
    environments: plan.environments.map((environment) => {
      const { name, horizonEnd, cost, findings } = environment;
      return {
        name,
        horizonEnd,
        cost,
        findings: findings.toSorted((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error')),
        targets: environment.targets.map((target) => {
          const timeline = timelines.find((one) => one.environment === name && one.target === target.id);
          if (!timeline) throw new RangeError(`there is no timeline of ${target.id} in ${name}`);
          return targetOf(environment, target, timeline);
        }),
        ...(rehearsals && { rehearsals: rehearsals.filter((one) => one.environment === name) }),
      };
    }),
  };
}

function targetOf(environment: EnvironmentPlan, target: TargetPlan, timeline: Timeline): ReportTarget {
  const { id, unit, baseline, min, max, coveredUntil, deferred, windows, cost } = target;
  return {
    id,
    unit,
    baseline,
    min,
    max,
    coveredUntil,
    deferred,
    windows,
    cost,
    releases: releasesOf(environment, target),
    actions: actionsOf(target),
    timeline,
  };
}

function releasesOf(environment: EnvironmentPlan, { id: targetId, windows }: TargetPlan): ReportRelease[] {
  return environment.releases.flatMap((release) => {
    const { id, title, kind, status, premiereAt, premiereZone: zone, audience, targets } = release;
    const need = targets.find((target) => target.id === targetId);
    if (!need) return [];
    const isOf = ({ drill, risingAt, endsAt }: CapacityWindow): boolean =>
      !drill && risingAt <= premiereAt && premiereAt < endsAt;
    const window = windows.find(isOf);
    return [
      {
        id,
        title,
        kind,
        status,
        premiereAt,
        zone,
        ...(audience && { audience: { median: audience.peakViewers, planned: audience.plannedPeakViewers } }),
        units: need.units,
        floor: need.floor,
        reason: need.reason,
        ...(window && { risingAt: window.risingAt, baselineAt: window.endsAt }),
      },
    ];
  });
}

function actionsOf({ min, actions, windows }: TargetPlan): ReportAction[] {
  return actions.map((action, index) => ({
    at: action.at,
    floor: action.min,
    change: action.min - (actions[index - 1]?.min ?? min),
    phase: phaseAt(windows, action.at).name,
    releases: action.releases,
  }));
}

/** A rehearsal as the report shows it. */
export function reportRehearsalOf(
  rehearsal: Rehearsal,
  { code, sentences }: Verdict,
  { outageBudget, currency }: { readonly outageBudget: number; readonly currency: string },
): ReportRehearsal {
  const { spec, asked, played, policies } = rehearsal;
  return {
    environment: spec.environment,
    target: spec.target,
    unit: spec.unit,
    release: spec.release,
    premiereAt: toIso(spec.premiereAt),
    currency,
    draws: { asked, played },
    seed: spec.seed,
    outageBudget,
    verdict: code,
    sentences: sentences.map(({ text }) => text),
    policies: policies.map(({ policy, outage, outageMinutes, lostRequests, unitHoursAbove, amountAbove }) => ({
      policy,
      ...POLICY_WORDS[policy],
      outage,
      outageWords: formatProbability(outage),
      outageMinutes: outageMinutes.mean,
      lostRequests: lostRequests.mean,
      unitHoursAbove: unitHoursAbove.mean,
      amountAbove: amountAbove.mean,
    })),
  };
}
