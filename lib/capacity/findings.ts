import type { ReleaseCalendar, ReleaseKind } from '../calendar/release';
import type { Finding } from './capacity-plan';
import { coverOf } from './cover';
import { findingKey, sortByKey } from './difference';
import { type Dependency, type Environment, PROFILE_DEFAULTS } from './environment';
import { statedSigma } from './forecast';
import { forecastErrors, statedSpreadErrors, tooOptimistic } from './forecast-errors';
import { fromIso, toIso } from './instants';
import { leadSeconds } from './lead-time';
import { ECS_TASKS_PER_SERVICE } from './limits';
import type { PlannedTarget } from './planned-target';
import { type JudgedTarget, quotaFindings } from './quota-findings';
import { cellAt, cellStart, heldCells, type ReleaseDemand } from './release-demand';
import { peakOf, releasesOf, type Stretch, stretchesOf, worstOf } from './stretches';
import { firstEndingAfter } from './windows';
import { formatCount, listNames, needs } from './words';

const TENTATIVE_WARNING_SECONDS = 7 * 86_400;

/** Several releases of a kind in a sentence. */
const KINDS: Readonly<Record<ReleaseKind, string>> = {
  season: 'seasons',
  episode: 'episodes',
  finale: 'finales',
  live: 'live events',
};

/**
 * What AWS would refuse or run out of on the night, and what the plan rests on without proof.
 *
 * Errors: the environment's ceiling or a fixed limit is passed. All else is a warning. Sorted: errors first, then by
 * code and message, so that the list does not depend on the order of entries.
 */
export function findingsOf(
  environment: Required<Environment>,
  targets: readonly PlannedTarget[],
  calendar: ReleaseCalendar,
  asOf: number,
  horizonEnd: number,
): Finding[] {
  const judged = targets.map((target) => ({
    ...target,
    stretches: stretchesOf(target, asOf, fromIso(target.plan.coveredUntil)),
  }));
  const ofTargets = judged.flatMap((target) => [
    ...ceilingFindings(environment, target),
    ...retryFindings(environment, target),
    ...dependencyFindings(target),
    ...forecastFindings(environment, target, asOf),
    ...timeFindings(target, asOf, horizonEnd),
  ]);
  // The horizon is the environment's: which layers a release beyond it asks for is no matter yet.
  const beyond = targets
    .flatMap((target) => beyondHorizon(target, horizonEnd))
    .toSorted((a, b) => a.release.premiereAt - b.release.premiereAt);
  const { coveredUntil } = coverOf({ targets: targets.map(({ plan }) => plan), horizonEnd: toIso(horizonEnd) });
  const ofHorizon = deferredFinding(beyond, 'beyond the horizon', coveredUntil);
  // What is said of a release is said once, however many targets it has.
  const findings = new Map(
    [
      ...ofTargets,
      ...ofHorizon,
      ...quotaFindings(environment, judged),
      ...spreadFindings(environment, targets, calendar, asOf),
    ].map((one) => [findingKey(one), one]),
  );
  return sortByKey([...findings.values()], findingKey);
}

/** Where a number of the layer is stated: `prod.layers.playback`. */
function placeOf(environment: Required<Environment>, { plan }: PlannedTarget): string {
  return `${environment.name}.layers.${plan.id.split('/')[1]}`;
}

function ceilingFindings(environment: Required<Environment>, target: JudgedTarget): Finding[] {
  const { plan, profile, stretches } = target;
  const findings: Finding[] = [];
  // A drill asks for no more than its night: where the plan holds both, the night is named.
  for (const stretch of stretches.toSorted((a, b) => Number(a.drill) - Number(b.drill))) {
    const { units, planned } = stretch;
    const isFixed = profile.namespace === 'ecs' && units > ECS_TASKS_PER_SERVICE;
    if (!isFixed && units <= profile.maximum) continue;
    const releases = releasesOf([stretch], (piece) => piece.units > profile.maximum);
    const severity = planned ? 'error' : 'warning';
    const isNamed = (finding: Finding): boolean =>
      finding.severity === severity && releases.every((id) => finding.releases.includes(id));
    if (stretch.drill && findings.some(isNamed)) continue;
    const from = toIso(cellStart(peakOf(stretch).from));
    const what = `${listNames(releases)} ${needs(releases)} ${formatCount(units)} ${plan.unit}s in ${plan.id} from ${from} on`;
    findings.push({
      code: isFixed ? 'limit/ecs-tasks-per-service' : 'capacity/ceiling',
      severity,
      message: isFixed
        ? `${what}, above the ${formatCount(ECS_TASKS_PER_SERVICE)} tasks of an ECS service, which AWS does not raise`
        : `${what}, above the ceiling of ${formatCount(profile.maximum)}`,
      mend: isFixed
        ? 'use larger tasks or a second service'
        : `raise maximum in ${placeOf(environment, target)} or lower the audience${planned ? '' : ' before a plan covers it'}`,
      releases,
    });
  }
  return findings;
}

/** Without load shedding an overload is kept alive by retries: the ceiling would have to bear them, too. */
function retryFindings(environment: Required<Environment>, target: JudgedTarget): Finding[] {
  const { profile, plan, stretches } = target;
  if (profile.shedsLoad) return [];
  const { count, persistence } = profile.retries ?? PROFILE_DEFAULTS.retries;
  const amplification = retryAmplification(count, persistence);
  const isExposed = ({ units }: { readonly units: number }): boolean =>
    units <= profile.maximum && units * amplification > profile.maximum;
  const exposed = stretches.filter((stretch) => stretch.planned && !stretch.drill && isExposed(stretch));
  if (exposed.length === 0) return [];
  const worst = worstOf(exposed, ({ units }) => units);
  return [
    {
      code: 'capacity/retry-amplification',
      severity: 'warning',
      message: `${listNames(peakOf(worst).releases)}: an overload could feed itself, because ${count} retries can make ${formatCount(worst.units)} ${plan.unit}s' worth of requests ${amplification.toFixed(2)} times as many, above the ceiling of ${formatCount(profile.maximum)}`,
      mend: `shed load in the service, then set shedsLoad in ${placeOf(environment, target)}`,
      releases: releasesOf(exposed, ({ units, held }) => held && isExposed({ units })),
    },
  ];
}

/** `1 + p + p² + … + pⁿ`: requests per wanted request when every try fails, with `n` retries of persistence `p`. */
export function retryAmplification(count: number, persistence: number): number {
  let total = 0;
  for (let retry = 0; retry <= count; retry += 1) total += persistence ** retry;
  return total;
}

function dependencyFindings({ profile, stretches, demands, plan }: JudgedTarget): Finding[] {
  const planned = stretches.filter((stretch) => stretch.planned && !stretch.drill);
  const plays = new Map(
    demands.map(({ release, audience }) => [
      release.id,
      audience ? audience.plannedPeak * audience.curve.playsPeak : 0,
    ]),
  );
  const load = ({ perTask, perPlay = 0 }: Dependency, stretch: Stretch): number => {
    if (perTask !== undefined) return perTask * stretch.units;
    return perPlay * releasesOf([stretch], () => true).reduce((total, id) => total + (plays.get(id) ?? 0), 0);
  };
  return (profile.dependencies ?? []).flatMap((dependency): Finding[] => {
    const melting = planned.filter((stretch) => load(dependency, stretch) > dependency.limit);
    if (melting.length === 0) return [];
    const worst = worstOf(melting, (stretch) => load(dependency, stretch));
    const cause = dependency.perTask === undefined ? 'plays' : `warm ${plan.unit}s`;
    const releases = releasesOf([worst], () => true);
    return [
      {
        code: 'dependency/limit',
        severity: 'warning',
        message: `${cause} of ${listNames(releases)} put ${formatCount(Math.ceil(load(dependency, worst)))} on ${dependency.name}, which bears ${formatCount(dependency.limit)}`,
        mend: `raise what ${dependency.name} bears, or put something in front of it`,
        releases: releasesOf(melting, () => true),
      },
    ];
  });
}

function forecastFindings(environment: Required<Environment>, target: PlannedTarget, asOf: number): Finding[] {
  const { profile, plan, forecaster } = target;
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
  for (const { release, warmUpSeconds, audience } of comingOf(target, asOf)) {
    if (release.audience?.like?.assumed) {
      findings.push({
        code: 'assumption/audience',
        severity: 'warning',
        message: `${release.id} is calibrated on ${release.audience.like.id}, whose peak was assumed and not measured`,
        mend: 'measure the next peak, or state peakViewers with low and high',
        releases: [release.id],
      });
    }
    const { lobbyLeadMinutes, liveMidpointMinutes, liveScaleMinutes } = forecaster.model;
    // Four scales before the midpoint of a live event's arrivals 2 % have come.
    const leadMinutes = release.kind === 'live' ? liveMidpointMinutes + 4 * liveScaleMinutes : lobbyLeadMinutes;
    if (audience && warmUpSeconds < leadMinutes * 60) {
      findings.push({
        code: 'release/short-warm-up',
        severity: 'warning',
        message: `${release.id} is warm ${formatCount(warmUpSeconds / 60)} min before its premiere, but people come from ${leadMinutes} min before it, which is not planned for`,
        mend: 'leave warmUp out or lengthen it',
        releases: [release.id],
      });
    }
  }
  return findings;
}

/** Releases that the plan holds and that have not premiered. */
function comingOf({ plan, demands }: PlannedTarget, asOf: number): ReleaseDemand[] {
  const later = new Set(plan.deferred);
  return demands.filter(({ release }) => release.premiereAt >= asOf && !later.has(release.id));
}

/**
 * Spreads that past nights have shown to be too narrow: the configured one of a kind, and those that entries state. Told
 * also when no release is coming that they are for: here is where one learns it.
 */
function spreadFindings(
  environment: Required<Environment>,
  targets: readonly PlannedTarget[],
  calendar: ReleaseCalendar,
  asOf: number,
): Finding[] {
  return forecastErrors(calendar).flatMap((errors) => {
    const { kind, count, sigma } = errors;
    const comingIds = (of: readonly PlannedTarget[], isStated: boolean): string[] => {
      const coming = of.flatMap((target) => comingOf(target, asOf)).map(({ release }) => release);
      const ofKind = coming.filter(({ kind: its, audience }) => its === kind && audience !== undefined);
      const using = ofKind.filter(({ audience }) => isStated === (statedSigma(audience!) !== undefined));
      return [...new Set(using.map(({ id }) => id))];
    };
    const findings: Finding[] = [];
    const configuredIn = ({ forecaster }: PlannedTarget): number => forecaster.model.kinds[kind].sigma;
    for (const configured of new Set(targets.map(configuredIn))) {
      if (!tooOptimistic(errors, configured)) continue;
      const using = targets.filter((target) => configuredIn(target) === configured);
      const fields = using.map((target) => `${placeOf(environment, target)}.demand.kinds.${kind}.sigma`);
      findings.push({
        code: 'assumption/forecast-sigma',
        severity: 'warning',
        message: `${count} measured ${KINDS[kind]} were off from their forecasts by a sigma of ${roundedUp(sigma)}, and ${configured} is configured: by chance that happens less than 1 time in 20`,
        mend: `set ${listNames(fields)} to ${roundedUp(sigma)}, or state low and high in the entries`,
        releases: comingIds(using, false),
      });
    }
    const ofStated = statedSpreadErrors(errors);
    if (ofStated && tooOptimistic(ofStated, 1)) {
      findings.push({
        code: 'assumption/forecast-spread',
        severity: 'warning',
        message: `${ofStated.count} measured ${KINDS[kind]} were off from their forecasts by ${roundedUp(ofStated.sigma)} times the spread that their entries state: by chance that happens less than 1 time in 20`,
        mend: `make uncertainty ${roundedUp(ofStated.sigma)} times as large in coming ${KINDS[kind]}, or raise the ratio of high to low to the power of ${roundedUp(ofStated.sigma)}`,
        releases: comingIds(targets, true),
      });
    }
    return findings;
  });
}

/** With two decimals, and not less. */
function roundedUp(value: number): number {
  return Math.ceil(Number((100 * value).toFixed(6))) / 100;
}

function deferredBy({ plan, demands }: PlannedTarget): ReleaseDemand[] {
  const later = new Set(plan.deferred);
  return demands.filter(({ release }) => later.has(release.id));
}

function beyondHorizon(target: PlannedTarget, horizonEnd: number): ReleaseDemand[] {
  return deferredBy(target).filter(({ release }) => release.premiereAt >= horizonEnd);
}

/** Releases that a plan leaves for later, or nothing. */
function deferredFinding(deferred: readonly ReleaseDemand[], why: string, coveredUntil: string): Finding[] {
  const ids = [...new Set(deferred.map(({ release }) => release.id))];
  if (ids.length === 0) return [];
  return [
    {
      code: 'release/deferred',
      severity: 'warning',
      message: `${listNames(ids)} ${ids.length === 1 ? 'is' : 'are'} ${why}, and the plan covers until ${coveredUntil}`,
      mend: `deploy again before then: a later plan brings ${ids.length === 1 ? 'it' : 'them'} in`,
      releases: ids,
    },
  ];
}

function timeFindings(target: PlannedTarget, asOf: number, horizonEnd: number): Finding[] {
  const { plan, profile, demands, included, cut } = target;
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
  const beyond = new Set(beyondHorizon(target, horizonEnd).map(({ release }) => release));
  const cutOff = deferredBy(target).filter(({ release }) => !beyond.has(release));
  findings.push(...deferredFinding(cutOff, 'in a window that the plan cannot hold whole', plan.coveredUntil));
  const last = included.at(-1);
  if (last && cut) {
    findings.push({
      code: 'capacity/cut',
      severity: 'warning',
      message: `the window of ${listNames(last.releases)} goes on after ${plan.coveredUntil}, until which the plan covers: the last floor stays from then on`,
      mend: 'deploy again before then: a later plan knows how it goes on',
      releases: last.releases,
    });
  }
  for (const demand of demands) {
    const { from, audienceTo, statedTo } = heldCells(demand, demand.release.premiereAt);
    const heldUntil = cellStart(Math.max(audienceTo, statedTo));
    if (asOf >= heldUntil) continue;
    const window = included[firstEndingAfter(included, cellStart(from))];
    const needed = window?.required.find((piece) => piece.from <= from && piece.to > from);
    if (!needed) continue;
    const dueAt = cellStart(cellAt(cellStart(from) - leadSeconds(needed.units - profile.baseline, plan.leadTime)));
    if (asOf <= dueAt) continue;
    findings.push({
      code: 'capacity/too-late',
      severity: 'warning',
      message: `the first floor for ${demand.release.id} was due at ${toIso(dueAt)}, before this plan`,
      mend: 'see in the account whether an earlier deploy had it: only then is it warm',
      releases: [demand.release.id],
    });
  }
  return findings;
}
