import { fromIso } from './instants';

/** What came of a drill: kept for `verify` and for the next plan. */
export interface DrillRecord {
  readonly schemaVersion: 1;
  /** When the floor was raised to its height, compact: `20270101T1000Z`. */
  readonly id: string;
  /** Whose drill it was; empty for one outside the calendar. */
  readonly releases: readonly string[];
  /** The height of the drill, in units. */
  readonly floor: number;
  /** When the action that raises to it was due; ISO 8601 in UTC. */
  readonly raisedAt: string;
  readonly outcome: 'passed' | 'failed';
  /** When it was seen that all were healthy, or that the time was over; ISO 8601 in UTC, to a minute. */
  readonly seenAt: string;
  /** From `raisedAt` to `seenAt`, of one that passed. */
  readonly seconds?: number;
  /** Healthy units at `seenAt`; absent when nobody could count. */
  readonly healthy?: number;
  /** What AWS said was in the way, newest first; at most five lines. */
  readonly inTheWay: readonly string[];
}

/** Reads one record; undefined for what is none of this version. */
export function readDrillRecord(text: string): DrillRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { schemaVersion, id, releases, floor, raisedAt, outcome, seenAt, inTheWay } = value as Record<string, unknown>;
  const isRecord =
    schemaVersion === 1 &&
    typeof id === 'string' &&
    Array.isArray(releases) &&
    Number.isInteger(floor) &&
    [raisedAt, seenAt].every((instant) => typeof instant === 'string' && Number.isInteger(fromIso(instant))) &&
    (outcome === 'passed' || outcome === 'failed') &&
    Array.isArray(inTheWay);
  return isRecord ? (value as DrillRecord) : undefined;
}
