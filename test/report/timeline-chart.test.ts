import { timeTicks, type View } from '../../lib/report/chart-parts';
import { utcTime, localTime } from '../../lib/report/times';
import { toIso } from '../../lib/capacity/instants';
import type { Timeline, TimelineRelease } from '../../lib/report/timeline';
import { legendOf, placeLabels, timelineChart } from '../../lib/report/timeline-chart';
import { at } from '../capacity/fixtures';

const FROM = at('2025-12-31T23:00:00Z');
const HOUR = 3600;
const DAY = 24 * HOUR;
const VIEW: View = { from: FROM, to: FROM + 7 * HOUR, width: 900 };

function premiere(premiereAt: number, fields: Partial<TimelineRelease> = {}): TimelineRelease {
  return { id: `r${premiereAt}`, title: 'A release', status: 'announced', premiereAt, zone: 'UTC', ...fields };
}

const TIMELINE: Timeline = {
  environment: 'prod',
  target: 'us-east-1/playback',
  unit: 'task',
  from: FROM,
  to: VIEW.to,
  asOf: FROM - DAY,
  coveredUntil: FROM + 90 * DAY,
  baseline: 120,
  max: 1600,
  quantile: 0.9,
  stepSeconds: 60,
  median: [[FROM, 100]],
  planned: [[FROM, 200]],
  required: [[FROM, 120]],
  floor: [
    [FROM, 120],
    [FROM + HOUR, 900],
    [FROM + HOUR + 60, 120],
  ],
  releases: [],
};

describe('labels of premieres', () => {
  test('keep apart, from each other and from the lines of others', () => {
    const releases = Array.from({ length: 8 }, (_, index) => premiere(FROM + index * 1800));
    const { labels, unnamed } = placeLabels(releases, VIEW);
    expect(labels.map((label) => label.at)).toEqual(releases.map(({ premiereAt }) => premiereAt).toReversed());
    const named = labels.filter(({ row }) => row >= 0);
    expect(named.length + unnamed).toBe(8);
    expect(named.length).toBeGreaterThan(3);
    for (const one of named) {
      expect(one.row).toBeLessThan(4);
      for (const other of named) {
        // As wide as `2026-01-01 01:00 UTC` is in a wide font.
        if (other !== one && other.row === one.row) expect(Math.abs(other.textX - one.textX)).toBeGreaterThan(140);
      }
    }
  });

  test('are only of what is in view, and within the plot', () => {
    const releases = [FROM - 1, FROM, VIEW.to - 60, VIEW.to].map((instant) =>
      premiere(instant, { zone: 'America/Los_Angeles' }),
    );
    const { labels } = placeLabels(releases, VIEW);
    expect(labels.map((label) => label.at)).toEqual([VIEW.to - 60, FROM]);
    // It ends with the plot, where the line is.
    const [last, first] = labels;
    expect(last!.textX).toBeLessThan(876 - 300);
    expect(first!.textX).toBe(64 + 6);
  });

  test('say the time where it was announced and as the reader has it', () => {
    const whenOf = (zone: string, view: View): string => placeLabels([premiere(FROM, { zone })], view).labels[0]!.when;
    expect(whenOf('America/Los_Angeles', VIEW)).toBe('2025-12-31 15:00 Los Angeles · 2025-12-31 23:00 UTC');
    expect(whenOf('UTC', VIEW)).toBe('2025-12-31 23:00 UTC');
    const dhaka = { label: (instant: number) => localTime(toIso(instant), 'Asia/Dhaka'), clock: 'Dhaka' };
    expect(whenOf('Asia/Dhaka', { ...VIEW, ...dhaka })).toBe('2026-01-01 05:00 Dhaka');
    expect(whenOf('UTC', { ...VIEW, ...dhaka })).toBe('2025-12-31 23:00 UTC · 2026-01-01 05:00 Dhaka');
    expect(whenOf('America/Los_Angeles', { ...VIEW, width: 320 })).toBe('2025-12-31 23:00 UTC');
  });

  test('are cut where a title is long, the sooner the narrower the chart is', () => {
    const titleIn = (width: number, title: string): string =>
      placeLabels([premiere(FROM, { title })], { ...VIEW, width }).labels[0]!.title;
    expect(titleIn(900, 'The finale of finales '.repeat(20))).toMatch(/^The finale .{48}…$/);
    expect([...titleIn(360, 'The finale of finales '.repeat(20))].length).toBeLessThan(40);
    expect(titleIn(900, 'two\nlines')).toBe('two lines');
    expect(placeLabels([premiere(FROM, { status: 'tentative' })], VIEW).labels[0]!.title).toBe('A release (tentative)');
  });

  test('are counted where there are too many, and lines that fall together are drawn once', () => {
    const releases = Array.from({ length: 200 }, (_, index) => premiere(FROM + index * 60));
    const { labels, unnamed } = placeLabels(releases, VIEW);
    const named = labels.filter(({ row }) => row >= 0).length;
    expect(named + unnamed).toBe(200);
    expect(labels.length).toBeLessThan(200);
    expect(labels.length).toBeGreaterThan(60);
    const { option } = timelineChart({ ...TIMELINE, releases }, VIEW);
    expect(textsOf(option)).toContain(`and ${unnamed} more premieres`);
    expect(textsOf(timelineChart(TIMELINE, VIEW).option).join(' ')).not.toContain('more');
  });
});

/** Texts of marks. */
function textsOf(option: unknown): string[] {
  const { series } = option as { series: { markLine?: { data: { label: { formatter?: () => string } }[][] } }[] };
  return series.flatMap(({ markLine }) => (markLine?.data ?? []).flatMap(([from]) => from!.label.formatter?.() ?? []));
}

test('numbers stand on floors that are long enough, and on the highest one however short it is', () => {
  expect(textsOf(timelineChart(TIMELINE, VIEW).option)).toEqual(['120', '900', '120']);
  const short: Timeline['floor'] = [...TIMELINE.floor, [FROM + 2 * HOUR, 300], [FROM + 2 * HOUR + 60, 120]];
  expect(textsOf(timelineChart({ ...TIMELINE, floor: short }, VIEW).option)).toEqual(['120', '900', '120', '120']);
});

test('each row of labels takes room above the plot, which stays as high as it is', () => {
  const none = timelineChart(TIMELINE, VIEW);
  const one = timelineChart({ ...TIMELINE, releases: [premiere(FROM)] }, VIEW);
  expect(one.height - none.height).toBe(34);
  expect((one.option.grid as { height: number }).height).toBe((none.option.grid as { height: number }).height);
});

test('a legend names what a timeline holds', () => {
  const keys = (timeline: Timeline): string[] => legendOf(timeline).map(({ key }) => key);
  expect(keys(TIMELINE)).toEqual(['planned', 'median', 'floor', 'required']);
  expect(keys({ ...TIMELINE, before: [] })).toContain('before');
  expect(legendOf(TIMELINE)[0]!.name).toBe('demand at the 0.9 quantile');
});

describe('ticks', () => {
  const labels = (view: View): string[] => timeTicks(view).map(({ label }) => label);
  const span = (seconds: number): View => ({ from: FROM, to: FROM + seconds, width: 900 });

  test.each([
    [
      HOUR,
      [
        '23:00\n2025-12-31',
        '23:05',
        '23:10',
        '23:15',
        '23:20',
        '23:25',
        '23:30',
        '23:35',
        '23:40',
        '23:45',
        '23:50',
        '23:55',
      ],
    ],
    [7 * HOUR, ['23:00\n2025-12-31', '00:00\n2026-01-01', '01:00', '02:00', '03:00', '04:00', '05:00']],
    [2 * DAY, ['00:00\n2026-01-01', '06:00', '12:00', '18:00', '00:00\n2026-01-02', '06:00', '12:00', '18:00']],
    [8 * DAY, ['01-01\n2026', '01-02', '01-03', '01-04', '01-05', '01-06', '01-07', '01-08']],
    // Mondays.
    [90 * DAY, ['01-05\n2026', '01-19', '02-02', '02-16', '03-02', '03-16', '03-30']],
  ])('over %d s are round times, dates below where they change', (seconds, expected) => {
    expect(labels(span(seconds))).toEqual(expected);
  });

  test('are fewer in a narrow chart', () => {
    expect(labels({ ...span(7 * HOUR), width: 360 })).toEqual(['00:00\n2026-01-01', '02:00', '04:00']);
  });

  test('are at round times of the reader, also when the clocks change', () => {
    const zone = 'Europe/Berlin';
    const label = (instant: number): string => localTime(toIso(instant), zone);
    const days = timeTicks({ from: at('2026-03-26T12:00:00Z'), to: at('2026-03-31T12:00:00Z'), width: 900, label });
    expect(days.map((tick) => tick.label.split('\n')[0])).toEqual(
      Array.from({ length: 5 }, () => ['00:00', '12:00']).flat(),
    );
    expect(days.map((tick) => utcTime(toIso(tick.at)))).toEqual([
      '2026-03-26 23:00',
      '2026-03-27 11:00',
      '2026-03-27 23:00',
      '2026-03-28 11:00',
      '2026-03-28 23:00',
      '2026-03-29 10:00',
      '2026-03-29 22:00',
      '2026-03-30 10:00',
      '2026-03-30 22:00',
      '2026-03-31 10:00',
    ]);
  });
});
