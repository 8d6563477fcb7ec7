import fc from 'fast-check';
import { formatDuration, parseDrill, parseDuration } from '../../lib/calendar/duration';
import { DRILL_BOUNDS, HOLD_BOUNDS, LENGTH_BOUNDS, WARM_UP_BOUNDS } from '../../lib/calendar/schema';

test.each([
  ['PT2H8M', 7680],
  ['P1D', 86_400],
  ['P1W', 604_800],
  ['P1DT12H', 129_600],
  ['PT90M', 5400],
  ['PT45S', 45],
])('%s takes %d seconds, a day being 24 hours', (text, seconds) => {
  expect(parseDuration(text, LENGTH_BOUNDS)).toBe(seconds);
});

test('a warm-up or hold may be nothing, a length may not', () => {
  expect(parseDuration('PT0S', WARM_UP_BOUNDS)).toBe(0);
  expect(parseDuration('PT0S', HOLD_BOUNDS)).toBe(0);
  expect(parseDuration('PT0S', LENGTH_BOUNDS)).toMatchObject({ code: 'calendar/duration' });
});

test.each([
  [LENGTH_BOUNDS, 'P7D', 'P7DT1S'],
  [WARM_UP_BOUNDS, 'P2D', 'PT48H1S'],
  [HOLD_BOUNDS, 'P1D', 'PT24H1S'],
  [DRILL_BOUNDS, 'P30D', 'P31D'],
])('the longest %j is accepted, a second more is not', (bounds, longest, longer) => {
  expect(parseDuration(longest, bounds)).toEqual(expect.any(Number));
  expect(parseDuration(longer, bounds)).toMatchObject({ message: expect.stringContaining(`at most ${bounds.most}`) });
});

test.each([
  ['2h8m', 'write PT2H8M'],
  ['90 min', 'write PT1H30M'],
  ['2 hours and 5 minutes', 'write PT2H5M'],
  ['PT1.5H', 'write PT1H30M'],
  ['P2h', 'write PT2H'],
  ['P1M', 'write days, for example P30D'],
  ['P1Y', 'write days, for example P30D'],
  ['1 month', 'write for example PT2H8M'],
  ['P', 'write for example PT2H8M'],
  ['PT', 'write for example PT2H8M'],
  ['-PT1H', 'write for example PT2H8M'],
  [120, 'write for example PT2H8M'],
  [null, 'write for example PT2H8M'],
  ['P99999999999999999999999D', 'write a shorter duration, for example PT2H8M'],
])('%p is no duration, and the mend says: %s', (value, mend) => {
  expect(parseDuration(value, LENGTH_BOUNDS)).toMatchObject({ code: 'calendar/duration', mend });
});

test('a drill is a time before the premiere or none', () => {
  expect(parseDrill('PT20H', DRILL_BOUNDS)).toBe(72_000);
  expect(parseDrill('none', DRILL_BOUNDS)).toBeNull();
  for (const value of ['no', false, null, 'PT0S']) {
    expect(parseDrill(value, DRILL_BOUNDS)).toMatchObject({ mend: 'write none for no drill' });
  }
});

test('every whole number of seconds is written so that it is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_592_000 }), (seconds) => {
      expect(parseDuration(formatDuration(seconds), { ...DRILL_BOUNDS, zero: true })).toBe(seconds);
    }),
  );
});
