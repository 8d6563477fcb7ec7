import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { parsePremiere, PREMIERE_PATTERN, type Premiere } from '../../lib/calendar/premiere';
import type { Problem } from '../../lib/calendar/problem';

function instantOf(result: Premiere | Problem): string {
  return 'at' in result ? new Date(result.at * 1000).toISOString().replace('.000Z', 'Z') : result.message;
}

function mendOf(text: unknown): string {
  const result = parsePremiere(text);
  return 'code' in result ? result.mend : `accepted as ${instantOf(result)}`;
}

/** Every date with a zone or `Z` that a mend offers to copy. */
function readingsIn(mend: string): string[] {
  return mend.match(/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}[^\s,]*(?: [A-Z][\w/]+)?/g) ?? [];
}

describe('a premiere is read in each of its forms', () => {
  test.each([
    ['2026-01-01T01:00Z', '2026-01-01T01:00:00Z', 'UTC'],
    ['2026-01-01T01:00:30Z', '2026-01-01T01:00:30Z', 'UTC'],
    ['2025-12-31T17:00[America/Los_Angeles]', '2026-01-01T01:00:00Z', 'America/Los_Angeles'],
    ['2025-12-31T17:00:05[America/Los_Angeles]', '2026-01-01T01:00:05Z', 'America/Los_Angeles'],
    ['2025-12-31T17:00-08:00[America/Los_Angeles]', '2026-01-01T01:00:00Z', 'America/Los_Angeles'],
    ['2026-01-01T01:00Z[America/Los_Angeles]', '2026-01-01T01:00:00Z', 'America/Los_Angeles'],
    ['2025-12-31 17:00 America/Los_Angeles', '2026-01-01T01:00:00Z', 'America/Los_Angeles'],
    ['2025-12-31 17:00:05 America/Los_Angeles', '2026-01-01T01:00:05Z', 'America/Los_Angeles'],
    ['2025-12-31T17:00 America/Los_Angeles', '2026-01-01T01:00:00Z', 'America/Los_Angeles'],
    ['2026-07-01 17:00 america/los_angeles', '2026-07-02T00:00:00Z', 'America/Los_Angeles'],
    ['2026-01-01 07:00 Asia/Dhaka', '2026-01-01T01:00:00Z', 'Asia/Dhaka'],
    ['2026-01-01 06:30 Asia/Kolkata', '2026-01-01T01:00:00Z', 'Asia/Kolkata'],
    ['2026-01-01 00:00 UTC', '2026-01-01T00:00:00Z', 'UTC'],
    ['2028-02-29 12:00 UTC', '2028-02-29T12:00:00Z', 'UTC'],
  ])('%s', (text, instant, zone) => {
    const result = parsePremiere(text);
    expect(instantOf(result)).toBe(instant);
    expect(result).toHaveProperty('zone', zone);
  });
});

describe('around a change of the clocks nothing is guessed, and each reading can be copied', () => {
  test.each([
    // The last minute before and the first after a doubled hour are single.
    ['2027-11-07 00:59:59 America/Los_Angeles', '2027-11-07T07:59:59Z'],
    ['2027-11-07 02:00 America/Los_Angeles', '2027-11-07T10:00:00Z'],
    ['2027-11-07T01:30-07:00[America/Los_Angeles]', '2027-11-07T08:30:00Z'],
    ['2027-11-07T01:30-08:00[America/Los_Angeles]', '2027-11-07T09:30:00Z'],
    ['2027-03-14 01:59:59 America/Los_Angeles', '2027-03-14T09:59:59Z'],
    ['2027-03-14 03:00 America/Los_Angeles', '2027-03-14T10:00:00Z'],
    // Half an hour in Lord Howe; three quarters off the hour in Chatham.
    ['2026-04-05T01:45+10:30[Australia/Lord_Howe]', '2026-04-04T15:15:00Z'],
    ['2026-04-05T03:00+12:45[Pacific/Chatham]', '2026-04-04T14:15:00Z'],
  ])('%s is %s', (text, instant) => {
    expect(instantOf(parsePremiere(text))).toBe(instant);
  });

  test.each([
    [
      '2027-11-07 01:00 America/Los_Angeles',
      'calendar/premiere-ambiguous',
      ['2027-11-07T08:00:00Z', '2027-11-07T09:00:00Z'],
    ],
    [
      '2027-11-07T01:59:59[America/Los_Angeles]',
      'calendar/premiere-ambiguous',
      ['2027-11-07T08:59:59Z', '2027-11-07T09:59:59Z'],
    ],
    [
      '2026-04-05 01:45 Australia/Lord_Howe',
      'calendar/premiere-ambiguous',
      ['2026-04-04T14:45:00Z', '2026-04-04T15:15:00Z'],
    ],
    [
      '2027-03-14 02:00 America/Los_Angeles',
      'calendar/premiere-skipped',
      ['2027-03-14T09:00:00Z', '2027-03-14T10:00:00Z'],
    ],
    [
      '2027-03-14T02:30-08:00[America/Los_Angeles]',
      'calendar/premiere-skipped',
      ['2027-03-14T09:30:00Z', '2027-03-14T10:30:00Z'],
    ],
    // The island that went over the date line had no 30 December.
    ['2011-12-30 12:00 Pacific/Apia', 'calendar/premiere-skipped', ['2011-12-29T22:00:00Z', '2011-12-30T22:00:00Z']],
    [
      '2025-12-31T17:00-07:00[America/Los_Angeles]',
      'calendar/premiere-offset',
      ['2026-01-01T01:00:00Z', '2026-01-01T00:00:00Z'],
    ],
    [
      '2027-11-07T01:30-06:00[America/Los_Angeles]',
      'calendar/premiere-offset',
      ['2027-11-07T08:30:00Z', '2027-11-07T09:30:00Z', '2027-11-07T07:30:00Z'],
    ],
    ['2025-12-31T17:00', 'calendar/premiere-no-zone', ['2025-12-31T17:00:00Z', '2026-01-01T01:00:00Z']],
    ['2026-01-01T17:00+01:00', 'calendar/premiere-no-zone', ['2026-01-01T16:00:00Z', '2026-01-01T16:00:00Z']],
    ['2026-01-01T17:00[+01:00]', 'calendar/premiere-no-zone', ['2026-01-01T16:00:00Z', '2026-01-01T16:00:00Z']],
    ['2026-12-04 19:00 CST', 'calendar/premiere-zone', ['2026-12-05T01:00:00Z', '2026-12-04T11:00:00Z']],
    ['2026-12-04 19:00 Los Angeles', 'calendar/premiere-zone', ['2026-12-05T03:00:00Z']],
    ['2026-12-04T19:00:00.000Z', 'calendar/premiere', ['2026-12-04T19:00:00Z']],
    ['2026-12-04T19:00+0100[Europe/Paris]', 'calendar/premiere', ['2026-12-04T18:00:00Z']],
  ])('%s is refused as %s', (text, code, readings) => {
    expect(parsePremiere(text)).toMatchObject({ code });
    expect(readingsIn(mendOf(text)).map((reading) => instantOf(parsePremiere(reading)))).toEqual(readings);
  });
});

describe('what is no moment is refused', () => {
  test.each([
    ['2026-02-30 17:00 UTC', 'calendar/premiere-date'],
    ['2027-02-29T17:00Z', 'calendar/premiere-date'],
    ['2026-13-01 17:00 UTC', 'calendar/premiere-date'],
    ['2026-01-00 17:00 UTC', 'calendar/premiere-date'],
    ['2026-01-01 24:00 UTC', 'calendar/premiere-date'],
    ['2026-01-01T23:59:60Z', 'calendar/premiere-date'],
    ['1999-12-31T23:59Z', 'calendar/premiere-range'],
    ['2200-01-01T00:00Z', 'calendar/premiere-range'],
    ['2026-01-01', 'calendar/premiere-no-time'],
    ['2026-01-01 5pm America/New_York', 'calendar/premiere-no-time'],
    ['2026-01-01 17:00 Mars/Phobos', 'calendar/premiere-zone'],
    ['2026-01-01T17:00[!America/New_York]', 'calendar/premiere-zone'],
    ['2026-01-01T17:00+25:00[UTC]', 'calendar/premiere-offset'],
    ['tomorrow', 'calendar/premiere'],
    ['', 'calendar/premiere'],
    [20260101, 'calendar/premiere'],
    [null, 'calendar/premiere'],
    [{}, 'calendar/premiere'],
  ])('%p as %s', (value, code) => {
    expect(parsePremiere(value)).toMatchObject({ code });
  });
});

const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
const second = fc.integer({ min: 978_400_000, max: 7_257_000_000 });

test('every instant written in every zone with its offset is read back', () => {
  fc.assert(
    fc.property(second, zone, (at, timeZone) => {
      const moment = Temporal.Instant.fromEpochMilliseconds(at * 1000).toZonedDateTimeISO(timeZone);
      // Some zones had offsets with seconds long ago, none within the years that are accepted.
      const text = moment.toString({ fractionalSecondDigits: 0 });
      expect(parsePremiere(text)).toEqual({ at, zone: moment.timeZoneId });
    }),
    { numRuns: 500 },
  );
});

test('a local time is read as the one instant it has, or refused when it has none or two', () => {
  fc.assert(
    fc.property(second, zone, fc.integer({ min: -7200, max: 7200 }), (near, timeZone, shift) => {
      // Half of the tries lie about a change of the clocks, if the zone has one.
      const start = Temporal.Instant.fromEpochMilliseconds(near * 1000).toZonedDateTimeISO(timeZone);
      const change = start.getTimeZoneTransition('next') ?? start;
      const moment = (change.year < 2199 ? change : start).add({ seconds: shift });
      const local = moment.toPlainDateTime();
      const result = parsePremiere(local.toString({ fractionalSecondDigits: 0 }) + `[${timeZone}]`);
      const single =
        local.toZonedDateTime(timeZone, { disambiguation: 'earlier' }).epochMilliseconds ===
        local.toZonedDateTime(timeZone, { disambiguation: 'later' }).epochMilliseconds;
      if (single) expect(result).toMatchObject({ at: moment.epochMilliseconds / 1000 });
      else expect(result).toMatchObject({ code: 'calendar/premiere-ambiguous' });
    }),
    { numRuns: 500 },
  );
});

test('what is accepted is accepted by editors too, and no text throws', () => {
  const piece = fc.constantFrom(
    '2026-',
    '01-',
    '01',
    'T',
    ' ',
    '17:00',
    ':30',
    'Z',
    '+01:00',
    '-08:00',
    '[UTC]',
    ' UTC',
    'x',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
        fc.string(),
      ),
      (text) => {
        if ('at' in parsePremiere(text)) expect(text).toMatch(PREMIERE_PATTERN);
      },
    ),
    { numRuns: 1000 },
  );
});
