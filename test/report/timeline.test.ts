import type { Release } from '../../lib/calendar/release';
import type { CapacityPlan } from '../../lib/capacity/capacity-plan';
import { demandTimeline } from '../../lib/capacity/demand-timeline';
import { floorAt } from '../../lib/capacity/floor-at';
import {
  demandStepSeconds,
  readingAt,
  type Steps,
  type Timeline,
  timelineOf,
  valueAt,
} from '../../lib/report/timeline';
import { describeTimeline } from '../../lib/report/timeline-chart';
import { at, calendar, environment, plan, release, targetOf } from '../capacity/fixtures';

const FROM = '2025-12-31T23:00:00Z';
const TO = '2026-01-01T06:00:00Z';
const AS_OF = '2025-12-20T00:00:00Z';
const finale = release({
  id: 'finale',
  title: 'The finale',
  premiereAt: at('2026-01-01T01:00:00Z'),
  premiereZone: 'America/Los_Angeles',
});

function timeline(releases: readonly Release[], from = FROM, to = TO): { timeline: Timeline; of: CapacityPlan } {
  const of = plan(releases, AS_OF);
  const demand = demandTimeline({
    calendar: calendar(...releases),
    environment: environment(),
    layer: 'playback',
    from,
    to,
  });
  return { timeline: timelineOf(of, of.environments[0]!, demand), of };
}

describe('what a chart shows is what is planned', () => {
  const { timeline: shown, of } = timeline([finale]);
  const target = targetOf(of);
  const minutes = Array.from({ length: 7 * 60 }, (_, minute) => at(FROM) + 60 * minute);

  test('floors, at every minute, and no step without a change', () => {
    for (const minute of minutes) expect(valueAt(shown.floor, minute)).toBe(floorAt(target, minute));
    expect(shown.floor.length).toBeGreaterThan(5);
    for (const [index, [, value]] of shown.floor.slice(1).entries()) expect(value).not.toBe(shown.floor[index]![1]);
  });

  test('required units, and the baseline where none are required', () => {
    for (const minute of minutes) {
      const interval = target.required.find(({ from, to }) => at(from) <= minute && minute < at(to));
      expect(valueAt(shown.required, minute)).toBe(interval?.units ?? target.baseline);
    }
  });

  test('demand, at every step', () => {
    const demand = demandTimeline({
      calendar: calendar(finale),
      environment: environment(),
      layer: 'playback',
      from: FROM,
      to: TO,
    });
    for (const [index, minute] of minutes.entries()) {
      expect(valueAt(shown.median, minute)).toBe(demand.medianUnits[index]);
      expect(valueAt(shown.planned, minute)).toBe(demand.plannedUnits[index]);
    }
    const [planned] = of.environments[0]!.releases;
    expect(Math.max(...shown.planned.map(([, units]) => units))).toBe(planned!.targets[0]!.units);
  });

  test('premieres of the target within the span', () => {
    const premiereAt = at('2026-01-01T01:00:00Z');
    const one = { id: 'finale', title: 'The finale', status: finale.status, premiereAt, zone: 'America/Los_Angeles' };
    expect(shown.releases).toEqual([one]);
    expect(timeline([finale], '2026-01-01T01:00:00Z', TO).timeline.releases).toEqual([one]);
    expect(timeline([finale], FROM, '2026-01-01T01:00:00Z').timeline.releases).toEqual([]);
  });

  test('as plain JSON', () => {
    const text = JSON.stringify(shown);
    expect(JSON.parse(text)).toEqual(shown);
  });

  test('and in words, for those who cannot see it', () => {
    const words = describeTimeline(shown);
    expect(words).toContain('From 2025-12-31 23:00 to 2026-01-01 06:00 UTC, in tasks.');
    expect(words).toContain('The finale premieres at 2025-12-31 17:00 Los Angeles, 2026-01-01 01:00 UTC.');
    const { min, actions } = target;
    expect(words).toContain(`The floor is ${min}, `);
    let before = min;
    for (const action of actions) {
      if (action.at <= FROM || action.at >= TO || action.min === before) continue;
      before = action.min;
      expect(words).toContain(`${action.min} from ${action.at.slice(0, 16).replace('T', ' ')}`);
    }
    expect(words).not.toContain('Before the change');
    expect(describeTimeline({ ...shown, before: [[shown.from, 99]] })).toContain('Before the change it was 99.');
  });
});

test('a value holds from its instant until the next one', () => {
  const steps: Steps = [
    [100, 1],
    [200, 5],
    [300, 2],
  ];
  const read = [99, 100, 199, 200, 299, 300, 1e9].map((instant) => valueAt(steps, instant));
  expect(read).toEqual([undefined, 1, 1, 5, 5, 2, 2]);
  expect(valueAt([], 100)).toBeUndefined();
});

test('nothing is read outside of the span, and no floor where the plan knows none', () => {
  const { timeline: shown, of } = timeline([finale], '2026-03-19T00:00:00Z', '2026-03-21T00:00:00Z');
  const { baseline, coveredUntil } = targetOf(of);
  expect(coveredUntil).toBe('2026-03-20T00:00:00Z');
  const demand = { median: baseline, planned: baseline };
  const known = { ...demand, required: baseline, floor: baseline, before: undefined };
  const unknown = { ...demand, required: undefined, floor: undefined, before: undefined };
  expect(readingAt(shown, shown.from - 1)).toEqual({});
  expect(readingAt(shown, shown.from)).toEqual(known);
  expect(readingAt(shown, shown.coveredUntil - 1)).toEqual(known);
  expect(readingAt(shown, shown.coveredUntil)).toEqual(unknown);
  expect(readingAt(shown, shown.to)).toEqual({});
  const past = timeline([finale], '2025-12-19T00:00:00Z', '2025-12-21T00:00:00Z').timeline;
  expect(readingAt(past, at(AS_OF) - 1)).toEqual(unknown);
  expect(readingAt(past, at(AS_OF))).toEqual(known);
  expect(readingAt({ ...past, before: [[at(AS_OF), 7]] }, at(AS_OF)).before).toBe(7);
});

test('a span beyond the plan has demand alone, and says so', () => {
  const { timeline: beyond } = timeline([finale], '2026-04-19T00:00:00Z', '2026-04-21T00:00:00Z');
  expect([beyond.floor, beyond.required]).toEqual([[], []]);
  expect(beyond.planned).toHaveLength(1);
  const words = describeTimeline(beyond);
  expect(words).toContain('No release premieres.');
  expect(words).toContain('The plan does not cover this time.');
});

test('a timeline of a target that the environment does not have is refused', () => {
  const of = plan([finale], AS_OF);
  const demand = demandTimeline({
    calendar: calendar(finale),
    environment: environment({}, { region: 'eu-west-1' }),
    layer: 'playback',
    from: FROM,
    to: TO,
  });
  expect(() => timelineOf(of, of.environments[0]!, demand)).toThrow(
    'demand must be of one of us-east-1/playback, got "eu-west-1/playback"',
  );
});

test.each([
  [7 * 3600, 60],
  [800 * 60, 60],
  [801 * 60, 120],
  [90 * 86_400, 60 * 162],
])('steps of demand over %d s are of %d s', (span, step) => {
  expect(demandStepSeconds(0, span)).toBe(step);
  expect(span / step).toBeLessThanOrEqual(800);
});
