import { Temporal } from 'temporal-polyfill';
import { joinChoices, type Problem, showValue } from './problem';
import { suggest } from './suggest';

/** A point in time as the calendar states it. */
export interface Premiere {
  /** Whole seconds since the Unix epoch. */
  readonly at: number;
  /** IANA zone in which it was stated; `UTC` for an instant. */
  readonly zone: string;
}

/**
 * What every accepted text looks like, for editors: an instant with `Z`, or a local time with a zone, after a space or
 * in brackets, with or without an offset. Wider than what is accepted; `parsePremiere` decides.
 */
export const PREMIERE_PATTERN =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|(Z|[+-][0-9]{2}:[0-9]{2})?( [A-Za-z][A-Za-z0-9_+/-]*|\[[A-Za-z][A-Za-z0-9_+/-]*\]))$/;

const FIRST_YEAR = 2000;
const LAST_YEAR = 2199;

const PARTS =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?(?:\s*\[([^\]]*)\]|\s+(\S.*))?$/;

const EXAMPLE = 'write for example 2025-12-31 17:00 America/Los_Angeles';

/** Zones in which releases are often announced, to show what an offset alone may have meant. */
const WELL_KNOWN_ZONES = [
  'America/Los_Angeles',
  'America/Denver',
  'America/Chicago',
  'America/New_York',
  'America/Sao_Paulo',
  'Europe/London',
  'Europe/Paris',
  'Europe/Helsinki',
  'Europe/Istanbul',
  'Asia/Dubai',
  'Asia/Karachi',
  'Asia/Kolkata',
  'Asia/Dhaka',
  'Asia/Jakarta',
  'Asia/Singapore',
  'Asia/Tokyo',
  'Australia/Sydney',
  'Pacific/Auckland',
];

/** Abbreviations are no zones: they are shared by several and say nothing about daylight saving. */
const ABBREVIATIONS: Readonly<Record<string, readonly string[]>> = {
  PT: ['America/Los_Angeles'],
  PST: ['America/Los_Angeles'],
  PDT: ['America/Los_Angeles'],
  MT: ['America/Denver'],
  MDT: ['America/Denver'],
  CT: ['America/Chicago'],
  CST: ['America/Chicago', 'Asia/Shanghai'],
  CDT: ['America/Chicago'],
  ET: ['America/New_York'],
  EDT: ['America/New_York'],
  BST: ['Europe/London', 'Asia/Dhaka'],
  CEST: ['Europe/Paris'],
  EEST: ['Europe/Helsinki'],
  IST: ['Asia/Kolkata', 'Europe/Dublin', 'Asia/Jerusalem'],
  JST: ['Asia/Tokyo'],
  KST: ['Asia/Seoul'],
  SGT: ['Asia/Singapore'],
  AEST: ['Australia/Sydney'],
  AEDT: ['Australia/Sydney'],
  NZST: ['Pacific/Auckland'],
  NZDT: ['Pacific/Auckland'],
};

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function formatDate(time: { year: number; month: number; day: number }): string {
  return `${String(time.year).padStart(4, '0')}-${two(time.month)}-${two(time.day)}`;
}

function formatTime(time: { hour: number; minute: number; second: number }): string {
  return `${two(time.hour)}:${two(time.minute)}${time.second ? `:${two(time.second)}` : ''}`;
}

/** The form that leaves nothing open: local time, offset and zone. */
function formatReading(moment: Temporal.ZonedDateTime): string {
  return `${formatDate(moment)}T${formatTime(moment)}${moment.offset}[${moment.timeZoneId}]`;
}

function formatInstant(moment: Temporal.ZonedDateTime): string {
  const utc = moment.withTimeZone('UTC');
  return `${formatDate(utc)}T${formatTime(utc)}Z`;
}

/** The moment in the zone, or undefined when there is no such zone. Offsets are no zones: they name no place. */
function inZone(local: Temporal.PlainDateTime, zone: string, disambiguation: 'earlier' | 'later') {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(zone)) return undefined;
  try {
    return local.toZonedDateTime(zone, { disambiguation });
  } catch {
    return undefined;
  }
}

function lastSegment(zone: string): string {
  return zone.slice(zone.lastIndexOf('/') + 1);
}

/** IANA names that somebody who wrote `text` may have meant: an abbreviation, a city without its continent, a slip. */
function suggestZones(text: string): readonly string[] {
  const known = ABBREVIATIONS[text.toUpperCase()];
  if (known) return known;
  const names = [...new Set([...WELL_KNOWN_ZONES, ...Intl.supportedValuesOf('timeZone'), 'UTC'])];
  const letters = (name: string) => name.toLowerCase().replace(/[^a-z]/g, '');
  const city = letters(lastSegment(text));
  const sameCity = city === '' ? [] : names.filter((name) => letters(lastSegment(name)) === city);
  if (sameCity.length > 0) return sameCity.slice(0, 3);
  const near =
    suggest(text, names) ??
    names.find((name) => lastSegment(name) === suggest(lastSegment(text), names.map(lastSegment)));
  return near ? [near] : [];
}

function checkNumbers(key: string, got: string, parts: readonly number[]): Problem | undefined {
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  if (year < FIRST_YEAR || year > LAST_YEAR) {
    return {
      code: 'calendar/premiere-range',
      message: `${key} must lie in the years ${FIRST_YEAR} to ${LAST_YEAR}, ${got}`,
      mend: 'correct the year',
    };
  }
  if (month < 1 || month > 12) {
    return {
      code: 'calendar/premiere-date',
      message: `${key} has no month ${two(month)}, ${got}`,
      mend: 'write year-month-day, for example 2025-12-31',
    };
  }
  const days = new Temporal.PlainYearMonth(year, month).daysInMonth;
  if (day < 1 || day > days) {
    return {
      code: 'calendar/premiere-date',
      message: `${key} is a day that does not exist, ${year}-${two(month)} has ${days} days, ${got}`,
      mend: `write a day from ${year}-${two(month)}-01 to ${year}-${two(month)}-${days}`,
    };
  }
  if (hour > 23 || minute > 59 || second > 59) {
    const nextDay = new Temporal.PlainDate(year, month, day).add({ days: 1 });
    return {
      code: 'calendar/premiere-date',
      message: `${key} is a time of day that does not exist, ${got}`,
      mend:
        hour === 24 && minute === 0 && second === 0
          ? `write 00:00 of the next day, ${formatDate(nextDay)}`
          : 'write a time from 00:00 to 23:59',
    };
  }
  return undefined;
}

/** From which to which local time clocks go at the first change after a moment, in words. */
function describeJump(before: Temporal.ZonedDateTime): string {
  const after = before.getTimeZoneTransition('next');
  if (!after) return '';
  const last = after.subtract({ seconds: 1 }).toPlainDateTime().add({ seconds: 1 });
  const first = after.toPlainDateTime();
  const sameDay = last.toPlainDate().equals(first.toPlainDate());
  const show = (time: Temporal.PlainDateTime) =>
    sameDay ? formatTime(time) : `${formatDate(time)} ${formatTime(time)}`;
  return `, where clocks go from ${show(last)} to ${show(first)}`;
}

/** A local time that exists twice, never, or with another offset than the stated one: named, with every reading. */
function chooseReading(
  key: string,
  got: string,
  local: Temporal.PlainDateTime,
  offset: string | undefined,
  earlier: Temporal.ZonedDateTime,
  later: Temporal.ZonedDateTime,
): Temporal.ZonedDateTime | Problem {
  const zone = earlier.timeZoneId;
  const exists = earlier.toPlainDateTime().equals(local);
  const candidates = exists ? [earlier, later] : [];
  if (offset !== undefined) {
    const match = candidates.find((candidate) => candidate.offset === offset);
    if (match) return match;
  }
  const twice = exists && !earlier.equals(later);
  if (offset === undefined && exists && !twice) return earlier;

  const readings = [earlier, later];
  if (offset !== undefined) {
    try {
      readings.push(Temporal.Instant.from(`${local.toString()}${offset}`).toZonedDateTimeISO(zone));
    } catch {
      // An offset of a day or more is no instant; the readings of the zone remain.
    }
  }
  const mend = `write ${joinChoices([...new Set(readings.map(formatReading))])}`;
  if (!exists) {
    const jump = describeJump(earlier);
    return { code: 'calendar/premiere-skipped', message: `${key} does not exist in ${zone}${jump}, ${got}`, mend };
  }
  if (offset === undefined) {
    return {
      code: 'calendar/premiere-ambiguous',
      message: `${key} exists twice in ${zone}, where clocks are turned back, ${got}`,
      mend,
    };
  }
  const offsets = joinChoices([...new Set(candidates.map((candidate) => candidate.offset))]);
  return {
    code: 'calendar/premiere-offset',
    message: `${key} has offset ${offset}, but ${zone} has ${offsets} then, ${got}`,
    mend,
  };
}

/**
 * The instant that a text of the calendar means, or what is wrong with it.
 *
 * Accepts an instant (`2026-01-01T01:00Z`), RFC 9557 (`2025-12-31T17:00[America/Los_Angeles]`, with or without an
 * offset) and the plain form (`2025-12-31 17:00 America/Los_Angeles`); seconds are optional, fractions are not accepted.
 * Nothing is guessed: a local time that exists twice or never, an offset that is not the zone's, and a time without a
 * zone are problems whose mend names every reading.
 *
 * @param key Name of the calendar's key, for the messages.
 */
export function parsePremiere(value: unknown, key = 'premiere'): Premiere | Problem {
  const got = `got ${showValue(value)}`;
  const match = typeof value === 'string' ? PARTS.exec(value.trim()) : null;
  if (typeof value !== 'string' || match === null) {
    return { code: 'calendar/premiere', message: `${key} must be a date, a time and a zone, ${got}`, mend: EXAMPLE };
  }
  const [, year, month, day, hour, minute, second = '00', offset, bracketZone, spaceZone] = match;
  const zone = bracketZone ?? spaceZone;
  const numbers = [year, month, day, hour ?? '00', minute ?? '00', second].map(Number);
  const wrong = checkNumbers(key, got, numbers);
  if (wrong) return wrong;
  const stamp = `${year}-${month}-${day}`;
  if (hour === undefined) {
    const place =
      zone !== undefined && inZone(new Temporal.PlainDateTime(2000, 1, 1), zone, 'earlier') ? zone : undefined;
    return {
      code: 'calendar/premiere-no-time',
      message: `${key} has no time of day from 00:00 to 23:59, ${got}`,
      mend: `write for example ${stamp} 17:00 ${place ?? 'America/Los_Angeles'}`,
    };
  }
  const local = new Temporal.PlainDateTime(...(numbers as [number, number, number, number, number, number]));
  const clock = formatTime(local);
  const isoOffset =
    offset === undefined || offset === 'Z'
      ? offset
      : offset.replace(/^(...):?(..)?$/, (_, h, m) => `${h}:${m ?? '00'}`);

  // An offset in brackets names no place either.
  const bareOffset = zone === undefined ? isoOffset : /^[+-]\d{2}:\d{2}$/.exec(zone)?.[0];
  if (zone === undefined || bareOffset !== undefined)
    return parseWithoutZone(key, got, value, local, `${stamp}T${clock}`, bareOffset);

  const earlier = inZone(local, zone, 'earlier');
  const later = inZone(local, zone, 'later');
  if (!earlier || !later) {
    const zones = suggestZones(zone);
    return {
      code: 'calendar/premiere-zone',
      message: `${key} has an unknown time zone ${showValue(zone)}, ${got}`,
      mend:
        zones.length > 0
          ? `write ${joinChoices(zones.map((name) => `${stamp} ${clock} ${name}`))}`
          : 'write a name of the IANA time zone list, for example America/Los_Angeles',
    };
  }
  const reading =
    isoOffset === 'Z'
      ? local.toZonedDateTime('UTC').withTimeZone(earlier.timeZoneId)
      : chooseReading(key, got, local, isoOffset, earlier, later);
  if ('code' in reading) return reading;
  if (!PREMIERE_PATTERN.test(value)) {
    return {
      code: 'calendar/premiere',
      message: `${key} is not written as expected, ${got}`,
      mend: `write ${formatReading(reading)}`,
    };
  }
  return { at: reading.epochMilliseconds / 1000, zone: reading.timeZoneId };
}

function parseWithoutZone(
  key: string,
  got: string,
  text: string,
  local: Temporal.PlainDateTime,
  iso: string,
  offset: string | undefined,
): Premiere | Problem {
  const utc = local.toZonedDateTime('UTC');
  if (offset === 'Z') {
    if (PREMIERE_PATTERN.test(text)) return { at: utc.epochMilliseconds / 1000, zone: 'UTC' };
    return {
      code: 'calendar/premiere',
      message: `${key} is not written as expected, ${got}`,
      mend: `write ${formatInstant(utc)}`,
    };
  }
  if (offset === undefined) {
    return {
      code: 'calendar/premiere-no-zone',
      message: `${key} is a local time without a zone, ${got}`,
      mend: `write ${iso}Z for UTC, or add the zone, for example ${iso.replace('T', ' ')} America/Los_Angeles`,
    };
  }
  let instant: Temporal.ZonedDateTime | undefined;
  try {
    instant = Temporal.Instant.from(`${local.toString()}${offset}`).toZonedDateTimeISO('UTC');
  } catch {
    // An offset of a day or more.
  }
  const place = WELL_KNOWN_ZONES.find((zone) => {
    const moment = inZone(local, zone, 'earlier');
    return moment?.offset === offset && moment.toPlainDateTime().equals(local);
  });
  const asInstant = instant ? `write the instant ${formatInstant(instant)}, or ` : '';
  return {
    code: 'calendar/premiere-no-zone',
    message: `${key} has an offset but no zone, ${got}`,
    mend: place
      ? `${asInstant}${asInstant ? '' : 'write '}the zone, for example ${iso}${offset}[${place}]`
      : `${asInstant || 'write '}the zone in place of the offset, for example ${iso.replace('T', ' ')} America/Los_Angeles`,
  };
}
