import type { Release, ReleaseCalendar } from '../../lib/calendar/release';
import type { CapacityPlan, TargetPlan } from '../../lib/capacity/capacity-plan';
import type { Environment, LayerProfile } from '../../lib/capacity/environment';
import { planCapacity } from '../../lib/capacity/plan-capacity';

/** Seconds since the epoch of an instant in ISO 8601. */
export function at(instant: string): number {
  return Date.parse(instant) / 1000;
}

/** A release with an audience of 9 million, unless it says otherwise. */
export function release(fields: Partial<Release> & Pick<Release, 'id' | 'premiereAt'>): Release {
  return {
    title: fields.id,
    premiereZone: 'UTC',
    kind: 'finale',
    audience: fields.floors ? undefined : { peakViewers: 9_000_000, uncertainty: 0.35 },
    floors: {},
    drillSeconds: null,
    status: 'confirmed',
    previouslyAt: [],
    location: { file: 'test.yaml', line: 1, column: 1 },
    ...fields,
  };
}

export function calendar(...releases: Release[]): ReleaseCalendar {
  return { releases, digest: 'sha256:test' };
}

/** The playback layer of the shipped production environment, as the capacity model states it. */
export function playback(fields: Partial<LayerProfile> = {}): LayerProfile {
  return {
    namespace: 'ecs',
    dimension: 'ecs:service:DesiredCount',
    unit: 'task',
    baseline: 120,
    baselineRequestsPerSecond: 68_000,
    maximum: 1600,
    requestsPerSecondPerUnit: 1000,
    requestsPerSecondSource: 'test',
    vcpuPerUnit: 4,
    pricePerUnitHour: 0.2,
    shedsLoad: true,
    ...fields,
  };
}

export function environment(
  profile: Partial<LayerProfile> = {},
  fields: Partial<Environment> = {},
): Required<Environment> {
  return {
    name: 'prod',
    region: 'us-east-1',
    zoneIds: ['use1-az1', 'use1-az2', 'use1-az4'],
    deployWindowSeconds: 900,
    demandFactor: 1,
    outageBudget: 0.01,
    layers: { playback: playback(profile) },
    quotas: { fargateVcpu: 8000, loadBalancerTargets: 2000, cloudFrontRequestsPerSecond: 1_000_000 },
    prices: { currency: 'USD', source: 'test', readOn: '2026-11-21' },
    ...fields,
  };
}

export function plan(
  releases: ReleaseCalendar | readonly Release[],
  asOf: string,
  environments: Environment | readonly Environment[] = environment(),
  horizonSeconds?: number,
): CapacityPlan {
  return planCapacity({
    calendar: 'digest' in releases ? releases : calendar(...releases),
    environments: 'name' in environments ? [environments] : environments,
    asOf,
    horizonSeconds,
    toolVersion: 'test',
  });
}

/** The first target of the first environment. */
export function targetOf({ environments }: CapacityPlan): TargetPlan {
  return environments[0]!.targets[0]!;
}
