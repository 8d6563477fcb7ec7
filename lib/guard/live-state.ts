import { fromIso } from '../capacity/instants';

/** What is registered and running, as far as it could be read: what could not be is unknown, and not missing. */
export interface LiveState {
  readonly target: LiveTarget | 'missing' | 'unknown';
  readonly actions: readonly LiveAction[] | 'unknown';
  /** Tasks that run, for an ECS service. */
  readonly running?: number;
  /** Tasks that are asked for, for an ECS service. */
  readonly desired?: number;
  /** Targets of the target group that pass their health check. */
  readonly healthy?: number;
  /** What an ECS service tells of itself, newest first. */
  readonly events?: readonly ServiceEvent[];
}

export interface ServiceEvent {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly message: string;
}

export interface LiveTarget {
  readonly min: number;
  readonly max: number;
  readonly suspended: Suspension;
}

/** Kinds of scaling that are suspended. */
export interface Suspension {
  readonly scaleIn: boolean;
  readonly scaleOut: boolean;
  readonly scheduled: boolean;
}

/** One scheduled action as AWS lists it. */
export interface LiveAction {
  readonly name: string;
  /** `at(…)`, `rate(…)` or `cron(…)`. */
  readonly schedule: string;
  /** @default UTC */
  readonly timezone?: string;
  /** Seconds since the epoch; only then, and not before, does it act. */
  readonly startTime?: number;
  readonly endTime?: number;
  readonly min?: number;
  readonly max?: number;
}

/**
 * The instant at which an action acts, once and in UTC, in seconds since the epoch. Undefined for what recurs, has a time
 * zone of its own, or is bounded by a start or an end.
 */
export function instantOf({ schedule, timezone, startTime, endTime }: LiveAction): number | undefined {
  if (startTime !== undefined || endTime !== undefined || !isUtc(timezone)) return undefined;
  return clockReading(schedule);
}

/**
 * True when an action is a matter of the past: it acts once, and has done so in every time zone. Actions that have fired may
 * stay listed.
 */
export function isPast(action: LiveAction, now: number): boolean {
  const at = clockReading(action.schedule);
  // Clocks of the world are at most 14 hours apart from UTC.
  return at !== undefined && at + (isUtc(action.timezone) ? 0 : 14 * 3600) <= now;
}

/**
 * Units that a maximum below them would end: those that are asked for, because while a deployment rolls more run than are meant to stay.
 * Undefined when neither is known.
 */
export function unitsInUse({ running, desired }: LiveState): number | undefined {
  return desired ?? running;
}

/** What `at(…)` says, read as UTC. */
function clockReading(schedule: string): number | undefined {
  const [, digits] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(schedule) ?? [];
  return digits === undefined ? undefined : fromIso(`${digits}Z`);
}

function isUtc(timezone: string | undefined): boolean {
  return timezone === undefined || timezone === '' || timezone === 'UTC' || timezone === 'Etc/UTC';
}
