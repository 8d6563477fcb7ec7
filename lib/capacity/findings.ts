import type { Finding } from './capacity-plan';
import { findingKey } from './difference';
import type { Dependency, Environment, GrantedQuotas } from './environment';
import { toIso } from './instants';
import { DEFAULT_QUOTAS, ECS_TASKS_PER_SERVICE, FARGATE_LAUNCH_BURST } from './limits';
import type { PlannedTarget } from './planned-target';
import { cellStart, type ReleaseDemand } from './release-demand';
import type { Window } from './windows';
import { formatCount, listNames } from './words';

const TENTATIVE_WARNING_SECONDS = 7 * 86_400;

/**
 * What AWS would refuse or run out of on the night, and what the plan rests on without proof.
 *
 * Errors: the environment's ceiling or a fixed limit is passed. All else is a warning. Sorted: errors first, then by
 * code and message, so that the list does not depend on the order of entries.
 */
export function findingsOf(
  environment: Required<Environment>,
  targets: readonly PlannedTarget[],
  asOf: number,
  horizonEnd: number,
): Finding[] {
  const findings = targets.flatMap((target) => [
    ...ceilingFindings(environment, target),
    ...retryFindings(environment, target),
    ...quotaFindings(environment, target),
    ...dependencyFindings(target),
    ...forecastFindings(environment, target, asOf),
    ...timeFindings(target, asOf, horizonEnd),
  ]);
  return findings.toSorted((a, b) => (findingKey(a) < findingKey(b) ? -1 : Number(findingKey(a) > findingKey(b))));
}

/** Where a number of the layer is stated: `prod.layers.playback`. */
function placeOf(environment: Required<Environment>, { plan }: PlannedTarget): string {
  return `${environment.name}.layers.${plan.id.split('/')[1]}`;
}

/** The highest units of a window, from when on, and for which releases. */
function peakOf(window: Window): { units: number; at: string; releases: readonly string[] } {
  const peak = window.required.reduce((highest, piece) => (piece.units > highest.units ? piece : highest));
  return { units: peak.units, at: toIso(cellStart(peak.from)), releases: peak.releases };
}

function ceilingFindings(environment: Required<Environment>, target: PlannedTarget): Finding[] {
  const { plan, profile, windows, included } = target;
  const findings: Finding[] = [];
  // A drill asks for no more than its night: where the plan holds both, the night is named.
  const nightsFirst = windows.toSorted((a, b) => Number(a.drill) - Number(b.drill));
  for (const window of nightsFirst) {
    const { units, at, releases } = peakOf(window);
    const isFixed = profile.namespace === 'ecs' && units > ECS_TASKS_PER_SERVICE;
    if (!isFixed && units <= profile.maximum) continue;
    const isIncluded = included.includes(window);
    const severity = isIncluded ? 'error' : 'warning';
    const isNamed = (finding: Finding): boolean =>
      finding.severity === severity && releases.every((id) => finding.releases.includes(id));
    if (window.drill && findings.some(isNamed)) continue;
    const what = `${listNames(releases)} ${needs(releases)} ${formatCount(units)} ${plan.unit}s in ${plan.id} from ${at} on`;
    findings.push({
      code: isFixed ? 'limit/ecs-tasks-per-service' : 'capacity/ceiling',
      severity,
      message: isFixed
        ? `${what}, above the ${formatCount(ECS_TASKS_PER_SERVICE)} tasks of an ECS service, which AWS does not raise`
        : `${what}, above the ceiling of ${formatCount(profile.maximum)}`,
      mend: isFixed
        ? 'use larger tasks or a second service'
        : `raise maximum in ${placeOf(environment, target)} or lower the audience${isIncluded ? '' : ' before a plan covers it'}`,
      releases,
    });
  }
  return findings;
}

function needs(releases: readonly string[]): string {
  return releases.length === 1 ? 'needs' : 'need';
}

/** Without load shedding an overload is kept alive by retries: the ceiling would have to bear them, too. */
function retryFindings(environment: Required<Environment>, target: PlannedTarget): Finding[] {
  const { profile, plan, included } = target;
  if (profile.shedsLoad) return [];
  const { count, persistence } = profile.retries ?? { count: 3, persistence: 0.8 };
  const amplification = retryAmplification(count, persistence);
  const exposed = included.filter((window) => {
    const { units } = peakOf(window);
    return !window.drill && units <= profile.maximum && units * amplification > profile.maximum;
  });
  if (exposed.length === 0) return [];
  const worst = exposed.map(peakOf).reduce((most, peak) => (peak.units > most.units ? peak : most));
  return [
    {
      code: 'capacity/retry-amplification',
      severity: 'warning',
      message: `${listNames(worst.releases)}: an overload could feed itself, because ${count} retries can make ${formatCount(worst.units)} ${plan.unit}s' worth of requests ${amplification.toFixed(2)} times as many, above the ceiling of ${formatCount(profile.maximum)}`,
      mend: `shed load in the service, then set shedsLoad in ${placeOf(environment, target)}`,
      releases: [...new Set(exposed.flatMap((window) => peakOf(window).releases))],
    },
  ];
}

/** `1 + p + p² + … + pⁿ`: requests per wanted request when every try fails, with `n` retries of persistence `p`. */
export function retryAmplification(count: number, persistence: number): number {
  let total = 0;
  for (let retry = 0; retry <= count; retry += 1) total += persistence ** retry;
  return total;
}

interface QuotaCheck {
  readonly quota: keyof GrantedQuotas;
  readonly code: string;
  /** What the windows need of the quota, for its highest window. */
  readonly needs: (window: Window) => number;
  readonly what: string;
  readonly name: string;
}

function quotaFindings(environment: Required<Environment>, target: PlannedTarget): Finding[] {
  const { profile, plan, included } = target;
  if (profile.namespace !== 'ecs') return [];
  const { vcpuPerUnit, maximumPercent = 110 } = profile;
  const rolling = (window: Window): number => Math.floor((peakOf(window).units * maximumPercent) / 100);
  const during = `with a rolling deploy at ${maximumPercent} %`;
  const checks: QuotaCheck[] = [
    {
      quota: 'loadBalancerTargets',
      code: 'quota/load-balancer-targets',
      needs: rolling,
      what: `targets of one load balancer ${during}`,
      name: 'elasticloadbalancing L-7E6692B2 and L-A0D0B863',
    },
    {
      quota: 'networkInterfaces',
      code: 'quota/network-interfaces',
      needs: rolling,
      what: `network interfaces ${during}`,
      name: 'vpc L-DF5E4CA3',
    },
    {
      quota: 'cloudFrontRequestsPerSecond',
      code: 'quota/cloudfront-requests',
      needs: (window) => Math.ceil(window.required.reduce((most, piece) => Math.max(most, piece.requestsPerSecond), 0)),
      what: 'requests per second of one distribution',
      name: 'cloudfront L-A2C80159',
    },
  ];
  if (vcpuPerUnit !== undefined) {
    checks.push({
      quota: 'fargateVcpu',
      code: 'quota/fargate-vcpu',
      needs: (window) => rolling(window) * vcpuPerUnit,
      what: `Fargate vCPU ${during}`,
      name: 'fargate L-3032A538',
    });
    checks.push({
      quota: 'fargateLaunchesPerSecond',
      code: 'quota/fargate-launches',
      // Below the burst nothing is limited; above it the plan counts on its own rate.
      needs: (window) =>
        peakOf(window).units - profile.baseline > FARGATE_LAUNCH_BURST ? plan.leadTime.unitsPerMinute / 60 : 0,
      what: 'task launches per second, sustained',
      name: 'fargate L-551A4E9D',
    });
  }
  const findings: Finding[] = [];
  for (const check of checks) {
    const granted = environment.quotas[check.quota] ?? DEFAULT_QUOTAS[check.quota];
    const short = included.filter((window) => check.needs(window) > granted);
    if (short.length === 0) continue;
    const worst = short.reduce((most, window) => (check.needs(window) > check.needs(most) ? window : most));
    const releases = [...new Set(short.flatMap((window) => peakOf(window).releases))];
    const isDefault = environment.quotas[check.quota] === undefined;
    findings.push({
      code: check.code,
      severity: 'warning',
      message: `${listNames(peakOf(worst).releases)} ${needs(peakOf(worst).releases)} ${formatCount(Math.ceil(check.needs(worst)))} ${check.what}, granted are ${formatCount(granted)}${isDefault ? " (AWS's default)" : ''}`,
      mend: `request an increase of ${check.name} in ${check.quota === 'cloudFrontRequestsPerSecond' ? 'us-east-1' : environment.region}`,
      releases,
    });
  }
  return findings;
}

function dependencyFindings(target: PlannedTarget): Finding[] {
  const { profile, included, demands, plan } = target;
  const load = ({ perTask, perPlay }: Dependency, window: Window): number => {
    if (perTask !== undefined) return perTask * peakOf(window).units;
    const plays = demands
      .filter(({ release }) => window.releases.includes(release.id))
      .map(({ audience }) => (audience ? audience.plannedPeak * Math.max(...audience.curve.plays) : 0));
    return perPlay! * plays.reduce((total, value) => total + value, 0);
  };
  return (profile.dependencies ?? []).flatMap((dependency): Finding[] => {
    const short = included.filter((window) => load(dependency, window) > dependency.limit);
    if (short.length === 0) return [];
    const worst = short.reduce((most, window) => (load(dependency, window) > load(dependency, most) ? window : most));
    const cause = dependency.perTask !== undefined ? `warm ${plan.unit}s` : 'plays';
    return [
      {
        code: 'dependency/limit',
        severity: 'warning',
        message: `${cause} of ${listNames(worst.releases)} put ${formatCount(load(dependency, worst))} on ${dependency.name}, which bears ${formatCount(dependency.limit)}`,
        mend: `raise what ${dependency.name} bears, or put something in front of it`,
        releases: [...new Set(short.flatMap((window) => window.releases))],
      },
    ];
  });
}

function forecastFindings(environment: Required<Environment>, target: PlannedTarget, asOf: number): Finding[] {
  const { profile, plan, forecaster, demands } = target;
  const findings: Finding[] = [];
  if (profile.requestsPerSecondSource === undefined) {
    findings.push({
      code: 'assumption/requests-per-unit',
      severity: 'warning',
      message: `${formatCount(profile.requestsPerSecondPerUnit)} requests per second of one ${plan.unit} in ${plan.id} is a placeholder`,
      mend: `measure it with a load test and name the test as requestsPerSecondSource in ${placeOf(environment, target)}`,
      releases: [],
    });
  }
  const later = new Set(plan.deferred);
  const coming = demands.filter(({ release }) => release.premiereAt >= asOf && !later.has(release.id));
  for (const { release, warmUpSeconds, audience } of coming) {
    if (release.audience?.like?.assumed) {
      findings.push({
        code: 'assumption/audience',
        severity: 'warning',
        message: `${release.id} is calibrated on ${release.audience.like.id}, whose peak was assumed and not measured`,
        mend: 'measure the next peak, or state peakViewers with low and high',
        releases: [release.id],
      });
    }
    const lobbySeconds = forecaster.model.lobbyLeadMinutes * 60;
    if (audience && release.kind !== 'live' && warmUpSeconds < lobbySeconds) {
      findings.push({
        code: 'release/short-warm-up',
        severity: 'warning',
        message: `${release.id} is warm ${formatCount(warmUpSeconds / 60)} min before its premiere, but people wait in the app from ${forecaster.model.lobbyLeadMinutes} min before it`,
        mend: 'leave warmUp out or lengthen it',
        releases: [release.id],
      });
    }
  }
  return findings;
}

function timeFindings(target: PlannedTarget, asOf: number, horizonEnd: number): Finding[] {
  const { plan, demands, included } = target;
  const findings: Finding[] = [];
  for (const { release } of demands) {
    const remaining = release.premiereAt - asOf;
    if (release.status === 'tentative' && remaining >= 0 && remaining <= TENTATIVE_WARNING_SECONDS) {
      findings.push({
        code: 'release/tentative',
        severity: 'warning',
        message: `${release.id} premieres at ${toIso(release.premiereAt)} and is still tentative`,
        mend: 'set its status to confirmed or cancelled',
        releases: [release.id],
      });
    }
  }
  const later = new Set(plan.deferred);
  const deferred = demands.filter(({ release }) => later.has(release.id));
  const isBeyond = ({ release }: ReleaseDemand): boolean => release.premiereAt >= horizonEnd;
  const reasons = [
    { demands: deferred.filter(isBeyond), why: 'beyond the horizon' },
    { demands: deferred.filter((demand) => !isBeyond(demand)), why: 'in a window that the plan cannot hold whole' },
  ];
  for (const { demands: left, why } of reasons) {
    if (left.length === 0) continue;
    const ids = left.map(({ release }) => release.id);
    findings.push({
      code: 'release/deferred',
      severity: 'warning',
      message: `${listNames(ids)} ${ids.length === 1 ? 'is' : 'are'} ${why}, and the plan covers until ${plan.coveredUntil}`,
      mend: `deploy again before then: a later plan brings ${ids.length === 1 ? 'it' : 'them'} in`,
      releases: ids,
    });
  }
  const last = included.at(-1);
  if (last && toIso(last.endsAt) > plan.coveredUntil) {
    findings.push({
      code: 'capacity/cut',
      severity: 'warning',
      message: `the window of ${listNames(last.releases)} goes on after ${plan.coveredUntil}, until which the plan covers: the last floor stays from then on`,
      mend: 'deploy again before then: a later plan knows how it goes on',
      releases: last.releases,
    });
  }
  for (const window of included) {
    if (window.drill || asOf <= window.risingAt || asOf >= window.givingBackAt) continue;
    findings.push({
      code: 'capacity/too-late',
      severity: 'warning',
      message: `the first floor for ${listNames(window.releases)} was due at ${toIso(window.risingAt)}, before this plan`,
      mend: 'see in the account whether an earlier deploy had it: only then is it warm',
      releases: window.releases,
    });
  }
  return findings;
}
