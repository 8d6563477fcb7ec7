import fc from 'fast-check';
import { floorAt } from '../../lib/capacity/floor-at';
import { fromIso, toIso } from '../../lib/capacity/instants';
import { endedWindow, isActive, type Override, readOverride, withOverrides } from '../../lib/capacity/override';
import { targetPlan } from '../fixtures/plan';
import { situations } from './arbitraries';
import { plan, targetOf } from './fixtures';

/** The evening of the fixture: 972 from 23:55, 379 from 01:25, back to 120 at 07:00. */
const at = (time: string): string => `${time < '12:00' ? '2026-01-01' : '2025-12-31'}T${time}:00Z`;

function override(kind: Override['kind'], from: string, until: string, min?: number): Override {
  return {
    schemaVersion: 1,
    id: `${from}-${kind}`,
    kind,
    from: at(from),
    until: at(until),
    ...(min !== undefined && { min }),
    who: 'ada',
    why: 'the trailer went viral',
  };
}

/** Floors as a person reads them: the first, then each change. */
function read(overrides: readonly Override[]): string[] {
  const { min, actions } = withOverrides(targetPlan, overrides);
  return [`${min}`, ...actions.map((action) => `${action.at.slice(11, 16)} ${action.min}`)];
}

describe('an override', () => {
  test.each<[string, Override[], string[]]>([
    ['of nothing leaves the plan', [], ['120', '23:55 972', '01:25 379', '07:00 120']],
    [
      'raises, and ends by itself where the plan is by then',
      [override('raise', '22:00', '23:00', 500)],
      ['120', '22:00 500', '23:00 120', '23:55 972', '01:25 379', '07:00 120'],
    ],
    [
      'raises a floor that is given back meanwhile',
      [override('raise', '01:00', '02:00', 1200)],
      ['120', '23:55 972', '01:00 1200', '01:25 1200', '02:00 379', '07:00 120'],
    ],
    [
      'below the plan changes nothing',
      [override('raise', '00:00', '01:00', 500)],
      ['120', '23:55 972', '01:25 379', '07:00 120'],
    ],
    [
      'is bounded by the ceiling',
      [override('raise', '00:00', '01:00', 9000)],
      ['120', '23:55 972', '00:00 1600', '01:00 972', '01:25 379', '07:00 120'],
    ],
    [
      'ends a window',
      [override('end-window', '00:30', '07:00')],
      ['120', '23:55 972', '00:30 120', '01:25 120', '07:00 120'],
    ],
    [
      'raises after a window was ended, and the higher of two raises holds',
      [
        override('end-window', '00:30', '07:00'),
        override('raise', '01:00', '03:00', 300),
        override('raise', '02:00', '04:00', 200),
      ],
      ['120', '23:55 972', '00:30 120', '01:00 300', '01:25 300', '03:00 200', '04:00 120', '07:00 120'],
    ],
    [
      'that pauses the guard changes no floor',
      [override('pause', '23:00', '02:00')],
      ['120', '23:55 972', '01:25 379', '07:00 120'],
    ],
  ])('%s', (_, overrides, floors) => {
    expect(read(overrides)).toEqual(floors);
  });

  test('suspends scale-in while it raises, and no longer when it ends the window', () => {
    const held = (overrides: Override[]): string[] =>
      withOverrides(targetPlan, overrides).windows.map(
        ({ risingAt, givingBackAt, endsAt, drill }) =>
          `${[risingAt, givingBackAt, endsAt].map((instant) => instant.slice(11, 16)).join(' ')}${drill ? ' drill' : ''}`,
      );
    expect(held([override('raise', '22:00', '23:00', 500)])).toEqual(['22:00 23:00 23:00', '23:55 01:25 07:00']);
    expect(held([override('drill', '22:00', '22:30', 500)])).toEqual(['22:00 22:30 22:30 drill', '23:55 01:25 07:00']);
    expect(held([override('end-window', '00:30', '07:00')])).toEqual(['23:55 00:30 00:30']);
    expect(held([override('end-window', '03:00', '07:00')])).toEqual(['23:55 01:25 03:00']);
  });

  test('ends the window that was open when it was made, and no other that a later plan has in its place', () => {
    const end = override('end-window', '00:30', '07:00');
    const withWindow = (risingAt: string, endsAt: string): typeof targetPlan => ({
      ...targetPlan,
      windows: [{ ...targetPlan.windows[0]!, risingAt, endsAt }],
    });
    expect(endedWindow(targetPlan, end)).toBe(targetPlan.windows[0]);
    // Moved to later, and grown by another release.
    for (const plan of [withWindow(at('02:00'), at('07:00')), withWindow(at('23:55'), at('09:00'))]) {
      expect(endedWindow(plan, end)).toBeUndefined();
      expect(withOverrides(plan, [end]).actions).toEqual(plan.actions);
      expect(withOverrides(plan, [end]).windows).toEqual(plan.windows);
    }
  });

  test('that was a drill and was ended early is none to be judged', () => {
    const drill = override('drill', '22:00', '22:10', 500);
    const isDrill = (one: Override): boolean => withOverrides(targetPlan, [one]).windows[0]!.drill;
    expect([isDrill(drill), isDrill({ ...drill, endedBy: 'ada' })]).toEqual([true, false]);
  });

  test('keeps the names of the plan and gives its own the form of the plan', () => {
    const { actions } = withOverrides(targetPlan, [override('raise', '22:00', '23:55', 500)]);
    expect(actions.map(({ name }) => name)).toEqual([
      'floor-20251231T2200Z',
      'floor-20251231T2355Z',
      'floor-20260101T0125Z',
      'floor-20260101T0700Z',
    ]);
  });
});

const EPOCH = Date.UTC(2027, 0, 1) / 1000;
const anyOverride = fc
  .record({
    kind: fc.constantFrom('raise' as const, 'drill' as const, 'end-window' as const, 'pause' as const),
    fromMinute: fc.integer({ min: 0, max: 20 * 1440 }),
    minutes: fc.integer({ min: 1, max: 1440 }),
    min: fc.integer({ min: 0, max: 3000 }),
  })
  .map(({ kind, fromMinute, minutes, min }): Override => ({
    schemaVersion: 1,
    id: `${fromMinute}-${minutes}-${kind}-${min}`,
    kind,
    from: toIso(EPOCH + 60 * fromMinute),
    until: toIso(EPOCH + 60 * (fromMinute + minutes)),
    ...((kind === 'raise' || kind === 'drill') && { min }),
    who: 'ada',
    why: 'property',
  }));

test('at each instant the floor is what wins there, whatever else was asked for; in any order', () => {
  fc.assert(
    fc.property(situations, fc.array(anyOverride, { maxLength: 6 }), ([releases, environment, asOf], overrides) => {
      const planned = targetOf(plan(releases, asOf, environment));
      const effective = withOverrides(planned, overrides);
      expect(withOverrides(planned, overrides.toReversed())).toEqual(effective);
      const names = effective.actions.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      const instants = [
        ...effective.actions.map((action) => fromIso(action.at)),
        ...overrides.flatMap(({ from, until }) => [fromIso(from), fromIso(until)]),
      ].flatMap((instant) => [instant - 1, instant]);
      for (const instant of instants) {
        const active = overrides.filter((candidate) => isActive(candidate, instant));
        const before = floorAt(planned, instant);
        const isEnded = active.some((candidate) => {
          const window = candidate.kind === 'end-window' ? endedWindow(planned, candidate) : undefined;
          return window !== undefined && instant < fromIso(window.endsAt);
        });
        const least = isEnded ? Math.min(before, planned.baseline) : before;
        const asked = active.map(({ min }) => min ?? 0);
        expect([instant, floorAt(effective, instant)]).toEqual([
          instant,
          Math.min(planned.max, Math.max(least, ...asked)),
        ]);
      }
      const end = Math.max(0, ...overrides.map(({ until }) => fromIso(until)));
      const after = (target: typeof planned): number[] =>
        planned.actions
          .map((action) => fromIso(action.at))
          .filter((instant) => instant >= end)
          .map((instant) => floorAt(target, instant));
      expect(after(effective)).toEqual(after(planned));
    }),
    { numRuns: 150 },
  );
});

describe('a record', () => {
  const record = override('raise', '22:00', '23:00', 500);

  test('is read as it was written', () => {
    expect(readOverride(JSON.stringify(record))).toEqual(record);
  });

  test.each<[string, string]>([
    ['', 'is no JSON, it begins with ""'],
    ['7', 'is no override, got 7'],
    [JSON.stringify({ ...record, schemaVersion: 2 }), 'must have schemaVersion 1, got 2'],
    [JSON.stringify({ ...record, who: '' }), 'must have text in who, got ""'],
    [JSON.stringify({ ...record, kind: 'lower' }), 'must have a kind of raise, drill, end-window, pause, got "lower"'],
    [JSON.stringify({ ...record, until: 'soon' }), 'must have an instant in until, got "soon"'],
    [JSON.stringify({ ...record, until: record.from }), 'must be of full minutes and end within a day after it begins'],
    [JSON.stringify({ ...record, until: '2025-12-31T23:00:30Z' }), 'must be of full minutes'],
    [JSON.stringify({ ...record, until: '2026-01-02T22:01:00Z' }), 'within a day'],
    [JSON.stringify({ ...record, min: '500' }), 'must have whole units in min, got "500"'],
  ])('%s is none', (text, problem) => {
    expect(readOverride(text)).toEqual(expect.stringContaining(problem));
  });
});
