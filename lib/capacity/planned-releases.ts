import type { Release } from '../calendar/release';
import type { PlannedRelease } from './capacity-plan';
import type { LayerProfile } from './environment';
import { toIso } from './instants';
import type { PlannedTarget } from './planned-target';
import { cellStart, compareReleases, type DemandForecaster, heldCells, type ReleaseDemand } from './release-demand';
import { round, unitsFor } from './units';
import { firstEndingAfter } from './windows';

/** The releases that the plan holds: whose premiere is to come before it ends, or whose window is open. By premiere. */
export function plannedReleases(targets: readonly PlannedTarget[], asOf: number): PlannedRelease[] {
  const needs = new Map<Release, { target: PlannedTarget; demand: ReleaseDemand }[]>();
  for (const target of targets) {
    const inWindows = new Set(target.plan.windows.flatMap(({ releases }) => releases));
    const deferred = new Set(target.plan.deferred);
    for (const demand of target.demands) {
      const { release } = demand;
      if (deferred.has(release.id) || (release.premiereAt < asOf && !inWindows.has(release.id))) continue;
      const ofRelease = needs.get(release) ?? [];
      ofRelease.push({ target, demand });
      needs.set(release, ofRelease);
    }
  }
  const sorted = [...needs].toSorted(([a], [b]) => compareReleases(a, b));
  return sorted.map(([release, ofRelease]) => {
    const audience = ofRelease.find(({ demand }) => demand.audience)?.demand.audience;
    return {
      id: release.id,
      title: release.title,
      kind: release.kind,
      status: release.status,
      premiereAt: toIso(release.premiereAt),
      premiereZone: release.premiereZone,
      ...(audience && {
        audience: {
          peakViewers: Math.round(audience.medianPeak),
          sigma: round(audience.sigma, 4),
          plannedPeakViewers: Math.round(audience.plannedPeak),
          playsFirstHour: Math.round(audience.medianPeak * audience.curve.playsFirstHour),
          playsFirstDay: Math.round(audience.medianPeak * audience.curve.playsFirstDay),
        },
      }),
      targets: ofRelease.map(({ target, demand }) => needOf(demand, target)),
    };
  });
}

function needOf(demand: ReleaseDemand, target: PlannedTarget): PlannedRelease['targets'][number] {
  const { profile, zones, forecaster, plan, included } = target;
  const { audience, statedUnits, release } = demand;
  const ofAudience = audience && {
    median: audience.medianPeak * audience.curve.requestsPeak,
    planned: audience.plannedPeak * audience.curve.requestsPeak,
  };
  const forAudience = ofAudience ? unitsFor(ofAudience.planned + profile.baselineRequestsPerSecond, profile, zones) : 0;
  const units = Math.max(profile.baseline, forAudience, statedUnits ?? 0);
  const held = heldCells(demand, release.premiereAt);
  const heldFrom = cellStart(held.from);
  const heldUntil = cellStart(Math.max(held.audienceTo, held.statedTo));
  let floor = profile.baseline;
  for (let index = firstEndingAfter(included, heldFrom); index < included.length; index += 1) {
    const window = included[index]!;
    if (window.risingAt >= heldUntil) break;
    for (const { at, until, units: registered } of window.floors()) {
      if (at < heldUntil && until > heldFrom) floor = Math.max(floor, registered);
    }
  }
  return {
    id: plan.id,
    units,
    floor,
    ...(ofAudience && {
      requestsPerSecond: { median: Math.round(ofAudience.median), planned: Math.round(ofAudience.planned) },
    }),
    reason: reasonOf(units, forAudience, profile, forecaster, statedUnits),
  };
}

function reasonOf(
  units: number,
  forAudience: number,
  profile: LayerProfile,
  forecaster: DemandForecaster,
  statedUnits: number | undefined,
): string {
  if (units <= profile.baseline) return 'the baseline covers it: no pre-scaling needed';
  const within = units <= profile.baseline * forecaster.model.windowEndsAtBaselineTimes;
  const cause =
    statedUnits !== undefined && statedUnits >= forAudience ? 'stated floor' : `audience at q ${forecaster.quantile}`;
  return within ? `${cause}; within the headroom of the baseline` : cause;
}
