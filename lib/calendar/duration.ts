import { Temporal } from 'temporal-polyfill';
import { type Problem, showValue } from './problem';

/** What a duration of the calendar may be. */
export interface DurationBounds {
  /** Name of the key, for messages. */
  readonly key: string;
  /** Whether no time at all makes sense. */
  readonly zero: boolean;
  /** The longest that is believed, for example `P2D`. */
  readonly most: string;
  /** A good value, for the mend. */
  readonly example: string;
}

/** ISO 8601 with weeks, days of 24 hours, hours, minutes and seconds; no years and months, which have no fixed length; no fractions. */
export const DURATION_PATTERN = /^P(?=[0-9]|T[0-9])([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$/;

const DAY_SECONDS = 86_400;

const UNIT_SECONDS: Readonly<Record<string, number>> = { w: 7 * DAY_SECONDS, d: DAY_SECONDS, h: 3600, m: 60, s: 1 };

/** Whole days are 24 hours and weeks seven of them: from a day without a time zone there is no daylight saving. */
function toSeconds(iso: string): number {
  return Temporal.Duration.from(iso).total({ unit: 'seconds', relativeTo: '2000-01-01' });
}

/** The shortest ISO 8601 text of a whole number of seconds: `PT2H8M`, `P1D`, `PT0S`. */
export function formatDuration(seconds: number): string {
  const days = Math.floor(seconds / DAY_SECONDS);
  const hours = Math.floor((seconds % DAY_SECONDS) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  const time = (hours ? `${hours}H` : '') + (minutes ? `${minutes}M` : '') + (rest ? `${rest}S` : '');
  if (days === 0 && time === '') return 'PT0S';
  return `P${days ? `${days}D` : ''}${time ? `T${time}` : ''}`;
}

/** What `2h 8m`, `90 min` or `PT1.5H` would be in ISO 8601 without fractions; undefined when it is nothing of that sort. */
function guessIso(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 40) return undefined;
  if (value.startsWith('P')) {
    try {
      return formatDuration(Math.round(Math.abs(toSeconds(value))));
    } catch {
      // Not ISO 8601; perhaps `P2h`.
    }
  }
  const text = value
    .toLowerCase()
    .replace(/^pt?/, '')
    .replaceAll(/[\s,_t]|and/g, '');
  const parts = [...text.matchAll(/([0-9]+)(w|d|h|m|s)[a-z]*?(?=[0-9]|$)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) return undefined;
  if (text.includes('mo')) return undefined;
  const seconds = parts.reduce((sum, part) => sum + Number(part[1]) * UNIT_SECONDS[part[2]!]!, 0);
  return Number.isSafeInteger(seconds) && seconds > 0 ? formatDuration(seconds) : undefined;
}

/** Seconds of an ISO 8601 duration within the bounds, or what is wrong with it. */
export function parseDuration(value: unknown, bounds: DurationBounds): number | Problem {
  const { key } = bounds;
  const problem = (message: string, mend: string): Problem => ({ code: 'calendar/duration', message, mend });
  const got = `got ${showValue(value)}`;
  if (typeof value !== 'string' || !DURATION_PATTERN.test(value)) {
    if (typeof value === 'string' && /^P[0-9]+[YM]|^P.*[0-9]Y|^P[^T]*[0-9]M/.test(value)) {
      return problem(
        `${key} must not have years or months, which have no fixed length, ${got}`,
        `write days, for example P30D`,
      );
    }
    const guess = guessIso(value);
    return problem(
      `${key} must be an ISO 8601 duration of whole numbers, ${got}`,
      guess ? `write ${guess}` : `write for example ${bounds.example}`,
    );
  }
  let seconds: number;
  try {
    seconds = toSeconds(value);
  } catch {
    // Numbers beyond what Temporal holds; any bound of ours is far below that.
    seconds = Number.POSITIVE_INFINITY;
  }
  const mostSeconds = toSeconds(bounds.most);
  if (seconds > mostSeconds) {
    return problem(
      `${key} must be at most ${bounds.most}, ${got}`,
      `write a shorter duration, for example ${bounds.example}`,
    );
  }
  if (seconds === 0 && !bounds.zero) {
    return problem(`${key} must be longer than nothing, ${got}`, `write for example ${bounds.example}`);
  }
  return seconds;
}

/** What people write for no drill when they do not know the word. */
const NO_DRILL = new Set<unknown>([
  false,
  null,
  0,
  '',
  'no',
  'No',
  'NO',
  'off',
  'never',
  'None',
  'NONE',
  'false',
  'PT0S',
]);

/** Seconds of a drill, `null` for `none`, or what is wrong. */
export function parseDrill(value: unknown, bounds: DurationBounds): number | null | Problem {
  if (value === 'none') return null;
  const parsed = parseDuration(value, bounds);
  if (typeof parsed === 'number') return parsed;
  if (NO_DRILL.has(value)) return { ...parsed, mend: 'write none for no drill' };
  return {
    ...parsed,
    mend: parsed.mend.startsWith('write for example') ? `${parsed.mend}, or none for no drill` : parsed.mend,
  };
}
