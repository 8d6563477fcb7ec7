import type { Release } from '../../lib/calendar/release';
import { type DemandTimeline, demandTimeline } from '../../lib/capacity/demand-timeline';
import { fromIso } from '../../lib/capacity/instants';
import { unitsFor } from '../../lib/capacity/units';
import { at, calendar, environment, plan, playback, release, targetOf } from '../capacity/fixtures';

const PREMIERE = at('2026-01-01T01:00:00Z');
const SPAN = { from: '2025-12-31T23:00:00Z', to: '2026-01-01T06:00:00Z' };
const finale = release({ id: 'finale', premiereAt: PREMIERE });

function timeline(
  releases: readonly Release[],
  span: { from: string; to: string } = SPAN,
  stepSeconds = 60,
): DemandTimeline {
  return demandTimeline({
    calendar: calendar(...releases),
    environment: environment(),
    layer: 'playback',
    stepSeconds,
    ...span,
  });
}

/** Units above the baseline that demand needs in a minute after the premiere; rounding adds less than one. */
function above(units: readonly number[], minute: number): number {
  return units[120 + minute]! - playback().baseline;
}

test("peaks are the plan's, in the minute in which plays peak", () => {
  const { medianUnits, plannedUnits, quantile } = timeline([finale]);
  const { units, requestsPerSecond } = plan([finale], '2025-12-20T00:00:00Z').environments[0]!.releases[0]!.targets[0]!;
  expect(plannedUnits.indexOf(Math.max(...plannedUnits))).toBe(123);
  expect(Math.max(...plannedUnits)).toBe(units);
  const { baselineRequestsPerSecond } = playback();
  expect(Math.max(...medianUnits)).toBe(unitsFor(requestsPerSecond!.median + baselineRequestsPerSecond, playback(), 3));
  expect(quantile).toBe(0.9);
});

test('required covers the planned demand while it is held, and the median until the window ends', () => {
  const { plannedUnits, medianUnits } = timeline([finale]);
  const target = targetOf(plan([finale], '2025-12-20T00:00:00Z'));
  const [window] = target.windows;
  for (const [minute, planned] of plannedUnits.entries()) {
    const instant = at(SPAN.from) + 60 * minute;
    if (instant < fromIso(window!.risingAt) || instant >= fromIso(window!.endsAt)) continue;
    const piece = target.required.find(({ from, to }) => fromIso(from) <= instant && instant < fromIso(to));
    const needed = instant < fromIso(window!.givingBackAt) ? planned : medianUnits[minute]!;
    expect(piece?.units ?? target.baseline).toBeGreaterThanOrEqual(needed);
  }
});

test('nothing but the baseline is needed without an audience', () => {
  const stated = release({ id: 'stated', premiereAt: PREMIERE, floors: { playback: 300 } });
  const cancelled = { ...finale, status: 'cancelled' } as const;
  const elsewhere = { ...finale, environments: ['dev'] };
  for (const releases of [[], [stated], [cancelled], [elsewhere]]) {
    const { medianUnits, plannedUnits } = timeline(releases);
    expect(new Set([...medianUnits, ...plannedUnits])).toEqual(new Set([playback().baseline]));
  }
});

test('demands of overlapping releases add', () => {
  const other = release({ id: 'other', kind: 'episode', premiereAt: PREMIERE + 1800 });
  const [first, second, both] = [[finale], [other], [finale, other]].map((releases) => timeline(releases));
  for (const minute of [3, 30, 40, 90, 200]) {
    const sum = above(first!.plannedUnits, minute) + above(second!.plannedUnits, minute);
    expect(Math.abs(above(both!.plannedUnits, minute) - sum)).toBeLessThanOrEqual(1);
  }
});

test('a fifth of the demand still comes at an announced time that was moved', () => {
  const moved = { ...finale, premiereAt: PREMIERE + 30 * 86_400, previouslyAt: [PREMIERE] };
  const share = above(timeline([moved]).plannedUnits, 3) / above(timeline([finale]).plannedUnits, 3);
  expect(share).toBeCloseTo(0.2, 2);
});

test('long steps keep the peak', () => {
  const day = { from: '2025-12-31T00:00:00Z', to: '2026-01-02T00:00:00Z' };
  const minutes = timeline([finale], day).plannedUnits;
  const hours = timeline([finale], day, 3600).plannedUnits;
  expect(hours).toHaveLength(48);
  expect(hours).toEqual(hours.map((_, hour) => Math.max(...minutes.slice(60 * hour, 60 * hour + 60))));
});

test('the last step may reach beyond the span', () => {
  expect(timeline([finale], { from: SPAN.from, to: '2026-01-01T01:30:00Z' }, 3600).medianUnits).toHaveLength(3);
});

test.each([
  [{ from: SPAN.to, to: SPAN.from }, 'from must be before to'],
  [{ from: SPAN.from, to: SPAN.from }, 'from must be before to'],
  [{ layer: 'sign-in' }, 'layer must be one of playback, got "sign-in"'],
  [{ stepSeconds: 1 }, 'stepSeconds must be at least 5, got 1'],
])('nonsense is refused: %j', (fields, message) => {
  const input = { calendar: calendar(finale), environment: environment(), layer: 'playback', ...SPAN, ...fields };
  expect(() => demandTimeline(input)).toThrow(message);
});
