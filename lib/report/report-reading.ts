import type { CapacityWindow } from '../capacity/capacity-plan';
import { formatCount, listNames } from '../capacity/words';
import { legendOf, type TimelineMark } from './timeline-chart';
import { readingAt, type Timeline } from './timeline';

/** Where an instant is in the windows of a target. */
export interface Phase {
  readonly name: 'baseline' | 'drill' | 'raised' | 'giving back';
  /** Ids of the releases of the window. */
  readonly releases: readonly string[];
}

/**
 * The window that is open at an instant; windows of one target do not overlap.
 *
 * @param at ISO 8601 in UTC
 */
export function phaseAt(windows: readonly CapacityWindow[], at: string): Phase {
  const window = windows.find(({ risingAt, endsAt }) => risingAt <= at && at < endsAt);
  if (!window) return { name: 'baseline', releases: [] };
  const { drill, givingBackAt, releases } = window;
  return { name: drill ? 'drill' : at < givingBackAt ? 'raised' : 'giving back', releases };
}

/** What a chart says at an instant, in words. */
export interface InstantReading {
  readonly values: readonly { readonly key: SeriesKey; readonly name: string; readonly value: string }[];
  /** Whether floors are raised then, and for what. */
  readonly window: string;
}

/** What can be drawn of a timeline. */
export type SeriesKey = TimelineMark['key'];

/**
 * What hover and keyboard read at an instant: exact, from the steps that hold then, and never between two of them.
 *
 * @param at seconds since the epoch
 * @param phase of the same instant
 */
export function readingOf(timeline: Timeline, phase: Phase, at: number): InstantReading {
  const { unit, releases, asOf, coveredUntil } = timeline;
  const reading = readingAt(timeline, at);
  const values = legendOf(timeline).map(({ key, name }) => {
    const value = reading[key];
    const words = value === undefined ? 'not planned' : `${formatCount(value)} ${unit}${value === 1 ? '' : 's'}`;
    return { key, name, value: words };
  });
  const titles = listNames(phase.releases.map((id) => releases.find((release) => release.id === id)?.title ?? id));
  const words: Readonly<Record<Phase['name'], string>> = {
    baseline: 'No window is open: the baseline',
    drill: `Drill for ${titles}`,
    raised: `Raised for ${titles}`,
    'giving back': `Giving back after ${titles}`,
  };
  const isPlanned = at >= asOf && at < coveredUntil;
  return { values, window: isPlanned ? words[phase.name] : 'Not planned' };
}
