import type { Release } from '../../lib/calendar/release';
import type { LayerProfile } from '../../lib/capacity/environment';
import { DEFAULT_DEMAND_MODEL } from '../../lib/capacity/demand-model';
import { toIso } from '../../lib/capacity/instants';
import { floorScheduleOf } from '../../lib/rehearsal/floor-schedule';
import { RunningRehearsal } from '../../lib/rehearsal/rehearsal';
import type { Conditions, Night, Policy, Recording, RunResult } from '../../lib/rehearsal/simulate';
import { simulate } from '../../lib/rehearsal/simulate';
import {
  NOTHING_UNUSUAL,
  REHEARSAL_DEFAULTS,
  type RehearsalInput,
  type RehearsalSpec,
  rehearsalOf,
} from '../../lib/rehearsal/spec';
import type { StationSettings } from '../../lib/rehearsal/station';
import { at, calendar, environment, plan, playback, release, targetOf } from '../capacity/fixtures';

/** All nights that are made by hand begin here. */
export const START = at('2027-03-01T00:00:00Z');

/** A service that tries nothing again, in steps of a second. */
export function stationSettings(fields: Partial<StationSettings> = {}): StationSettings {
  return {
    stepSeconds: 1,
    timeoutSeconds: 10,
    retries: { count: 0, persistence: 0 },
    backoffSeconds: 5,
    shedsLoad: false,
    shedAboveSeconds: 1,
    idleTimeoutSeconds: 60,
    ...fields,
  };
}

/** Round numbers: 100 requests per second of a unit, 10 units launched per second, each ready after two minutes. */
export function conditions(fields: Partial<Conditions> = {}): Conditions {
  return {
    ...REHEARSAL_DEFAULTS,
    usableShare: 1,
    startLatencySigma: 0,
    retries: { count: 0, persistence: 0 },
    shedsLoad: true,
    requestsPerSecondPerUnit: 100,
    leadTime: { schedulerDelaySeconds: 60, startLatencySeconds: 120, unitsPerMinute: 600 },
    ...fields,
  };
}

/** Units that are ready in the step after they are asked for. */
export const AT_ONCE = {
  leadTime: { schedulerDelaySeconds: 60, startLatencySeconds: 5, unitsPerMinute: 1e6 },
} as const;

/** A night of so many minutes with a demand by second since its start, in which the scheduler is never late. */
export function night(
  minutes: number,
  demandAt: (second: number) => number,
  fields: Partial<Night> & { readonly stepSeconds?: number } = {},
): Night {
  const { stepSeconds = REHEARSAL_DEFAULTS.stepSeconds, ...rest } = fields;
  const demand = Float64Array.from({ length: (minutes * 60) / stepSeconds }, (_, step) => demandAt(step * stepSeconds));
  return { startAt: START, demand, required: demand.map(() => 1), latenessOf: () => 0, ...rest };
}

/** A minute in which nobody comes. */
export const IDLE_NIGHT = night(1, () => 0);

/** What came of a night, and each of its minutes. */
export function play(
  played: Night,
  policy: Policy,
  under: Conditions = conditions(),
): { result: RunResult; minutes: Recording } {
  const minutes: Recording = { demand: [], tries: [], required: [], ready: [], floor: [], failedShare: [] };
  return { result: simulate(played, policy, under, minutes), minutes };
}

/** Floors by seconds since the start of the night. */
export function floors(
  min: number,
  max: number,
  ...actions: readonly { readonly after: number; readonly min: number; readonly max?: number }[]
): Policy['floors'] {
  return {
    min,
    max,
    actions: actions.map((action) => ({ at: START + action.after, min: action.min, max: action.max ?? max })),
  };
}

/** A day with a premiere at noon, which needs 30 units by itself, on a target of 10, whose plan keeps 40 of them from 11:00 to 15:00. */
export function spec(fields: Partial<RehearsalSpec> = {}): RehearsalSpec {
  const premiereAt = START + 12 * 3600;
  return {
    environment: 'prod',
    target: 'us-east-1/playback',
    unit: 'task',
    release: 'first',
    premiereAt,
    peakSeconds: 180,
    from: START,
    to: START + 24 * 3600,
    releases: [{ id: 'first', premiereAt, units: 30, audiences: [] }],
    baselineRequestsPerSecond: 300,
    model: DEFAULT_DEMAND_MODEL,
    profile: profile(),
    zones: 3,
    quantile: 0.9,
    floors: floors(10, 60, { after: 11 * 3600, min: 40 }, { after: 15 * 3600, min: 10 }),
    peakUnits: 40,
    held: [],
    evenings: [],
    predictedUnits: [],
    conditions: conditions(),
    whatIf: NOTHING_UNUSUAL,
    seed: 1,
    ...fields,
  };
}

/** The profile behind `spec`: 100 requests per second of a unit. */
export function profile(fields: Partial<LayerProfile> = {}): LayerProfile {
  return playback({
    baseline: 10,
    maximum: 60,
    baselineRequestsPerSecond: 300,
    requestsPerSecondPerUnit: 100,
    ...fields,
  });
}

/** What is rehearsed of the first release, as the planner plans it as of a day before its premiere. */
export function rehearsed(
  releases: readonly Release[],
  fields: Partial<RehearsalInput> = {},
  asOf = toIso(releases[0]!.premiereAt - 86_400),
): RehearsalSpec {
  const played = fields.environment ?? environment();
  const target = targetOf(plan(releases, asOf, played));
  const found = rehearsalOf({
    calendar: calendar(...releases),
    environment: played,
    plan: target,
    asOf,
    release: releases[0]!.id,
    floors: floorScheduleOf(target),
    ...fields,
  });
  if ('reason' in found) throw new Error(found.reason);
  return found;
}

export const FINALE = release({ id: 'finale', premiereAt: at('2027-01-01T01:00:00Z') });

/** A small rehearsal of two releases, whole, as it would be printed with `--json`. */
export function rehearsalJson(): string {
  const episode = release({
    id: 'episode',
    premiereAt: FINALE.premiereAt - 7200,
    kind: 'episode',
    audience: { peakViewers: 1_000_000, uncertainty: 0.2 },
    previouslyAt: [FINALE.premiereAt - 4 * 3600],
  });
  const running = new RunningRehearsal(rehearsed([FINALE, episode]), 2);
  while (running.playNext());
  return JSON.stringify(running.report());
}
