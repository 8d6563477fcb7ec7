import type { Release } from '../../lib/calendar/release';
import { audienceCurve } from '../../lib/capacity/demand';
import { DEFAULT_DEMAND_MODEL } from '../../lib/capacity/demand-model';
import { floorAt } from '../../lib/capacity/floor-at';
import { quantileFactor } from '../../lib/capacity/forecast';
import { at, calendar, environment, plan, release, targetOf } from './fixtures';
import { findShortage } from './replay';

const PREMIERE = at('2026-01-01T01:00:00Z');
const FINALE = release({ id: 'finale', premiereAt: PREMIERE });
const AS_OF = '2025-12-20T00:00:00Z';

/** One line for each floor: its instant and its units. */
function floorsOf(target: { readonly actions: readonly { readonly at: string; readonly min: number }[] }): string[] {
  return target.actions.map((action) => `${action.at} ${action.min}`);
}

describe('the floors of a release', () => {
  test('are full from the warm-up on, held past the peak, and given back in steps', () => {
    const target = targetOf(plan([FINALE], AS_OF));
    expect(floorsOf(target)).toEqual([
      '2025-12-31T23:55:00Z 972',
      '2026-01-01T01:25:00Z 383',
      '2026-01-01T02:15:00Z 396',
      '2026-01-01T03:10:00Z 319',
      '2026-01-01T03:20:00Z 250',
      '2026-01-01T03:30:00Z 197',
      '2026-01-01T03:45:00Z 170',
      '2026-01-01T04:10:00Z 151',
      '2026-01-01T04:55:00Z 120',
    ]);
    expect(target.windows).toEqual([
      {
        releases: ['finale'],
        drill: false,
        risingAt: '2025-12-31T23:55:00Z',
        givingBackAt: '2026-01-01T01:25:00Z',
        endsAt: target.actions.at(-1)!.at,
      },
    ]);
    expect(target.required[0]).toEqual({
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-01T01:25:00Z',
      units: 972,
      releases: ['finale'],
    });
    expect([target.min, target.max, target.baseline]).toEqual([120, 1600, 120]);
    expect(target.actions.at(-1)!.min).toBe(120);
  });

  test('use at most the steps of the profile, the return to the baseline not counted', () => {
    for (const maxStepsPerWindow of [1, 2, 8]) {
      const target = targetOf(plan([FINALE], AS_OF, environment({ maxStepsPerWindow })));
      expect(target.actions).toHaveLength(maxStepsPerWindow + 1);
    }
  });

  test('state the premiere in UTC whatever the machine thinks of time zones', () => {
    expect(targetOf(plan([FINALE], AS_OF)).actions[0]).toEqual({
      name: 'floor-20251231T2355Z',
      at: '2025-12-31T23:55:00Z',
      min: 972,
      max: 1600,
      releases: ['finale'],
    });
  });

  test('may be stated: total units from the warm-up until the end and the hold, no audience needed', () => {
    const stated = release({ id: 'small', kind: 'episode', premiereAt: PREMIERE, floors: { playback: 160 } });
    const { required } = targetOf(plan([stated], AS_OF));
    expect(required).toEqual([
      { from: '2026-01-01T00:30:00Z', to: '2026-01-01T02:20:00Z', units: 160, releases: ['small'] },
    ]);
  });

  test('stated beside an audience count by maximum', () => {
    const both = { ...FINALE, floors: { playback: 500 } };
    const { required } = targetOf(plan([both], AS_OF));
    expect(required[0]!.units).toBe(972);
    // Until the end and the hold, when the median would need less.
    expect(required.find(({ to }) => to === '2026-01-01T03:20:00Z')!.units).toBe(500);
  });

  test('follow the factor of the environment, at least one unit, on its own baseline', () => {
    const small = environment({ baseline: 1, baselineRequestsPerSecond: 0, maximum: 20 }, { demandFactor: 0.001 });
    const stated = release({ id: 'small', kind: 'episode', premiereAt: PREMIERE, floors: { playback: 2500 } });
    expect(targetOf(plan([stated], AS_OF, small)).required[0]!.units).toBe(3);
    // 482,704 requests per second at the planning quantile, three thousandths of it, 1.765 tasks for each thousand.
    expect(targetOf(plan([FINALE], AS_OF, { ...small, demandFactor: 0.003 })).required[0]!.units).toBe(3);
  });

  test('are not raised where the baseline covers the audience', () => {
    const tiny = release({ id: 'tiny', premiereAt: PREMIERE, audience: { peakViewers: 1000 } });
    const roomy = environment({ baselineRequestsPerSecond: 60_000 });
    const result = plan([tiny], AS_OF, roomy);
    expect(targetOf(result).actions).toEqual([]);
    expect(result.environments[0]!.releases[0]!.targets[0]!.reason).toBe(
      'the baseline covers it: no pre-scaling needed',
    );
  });

  test('are planned only in the environments that the release names', () => {
    const onlyStaging = { ...FINALE, environments: ['staging'] };
    expect(targetOf(plan([onlyStaging], AS_OF)).actions).toEqual([]);
    expect(targetOf(plan([onlyStaging], AS_OF, environment({}, { name: 'staging' }))).actions).not.toEqual([]);
  });
});

describe('releases that overlap', () => {
  const SECOND = release({
    id: 'episode',
    kind: 'episode',
    premiereAt: PREMIERE + 3600,
    audience: { peakViewers: 2e6 },
  });

  test('add their demands on one timeline, and no floor of one takes back that of another', () => {
    const alone = targetOf(plan([FINALE], AS_OF));
    const both = targetOf(plan([FINALE, SECOND], AS_OF));
    expect(both.windows).toHaveLength(1);
    expect(both.windows[0]!.releases).toEqual(['finale', 'episode']);
    for (const { at: instant } of alone.actions.slice(0, -1)) {
      const shared = floorAt(both, instant) - floorAt(alone, instant);
      expect(shared).toBeGreaterThanOrEqual(0);
    }
    // At 02:30 the episode is held at its own 0.9 quantile, sigma 0.7, and the finale's median is added.
    const finale = audienceCurve('finale', 7200, DEFAULT_DEMAND_MODEL);
    const episode = audienceCurve('episode', 3600, DEFAULT_DEMAND_MODEL);
    const sample = (90 * 60 - finale.startSeconds) / finale.stepSeconds;
    const median = 9e6 * Math.max(...finale.requests.slice(sample, sample + 61));
    const requests = median + 2e6 * episode.requestsPeak * quantileFactor(0.9, 0.7) + 68_000;
    const needed = both.required.find(({ from, to }) => from <= '2026-01-01T02:30:00Z' && to > '2026-01-01T02:30:00Z')!;
    expect(needed.releases).toEqual(['finale', 'episode']);
    expect(needed.units).toBe(Math.ceil((requests * 1.5) / 0.85 / 1000));
  });
});

describe('a drill', () => {
  const DRILLED = { ...FINALE, drillSeconds: 86_400 };

  test('has the full floor ready for a quarter of an hour, a day of elapsed time ahead', () => {
    const { required, windows, actions } = targetOf(plan([DRILLED], AS_OF));
    expect(required[0]).toEqual({
      from: '2025-12-31T01:00:00Z',
      to: '2025-12-31T01:15:00Z',
      units: 972,
      releases: ['finale'],
    });
    expect(windows[0]).toMatchObject({ drill: true, risingAt: '2025-12-31T00:55:00Z', endsAt: '2025-12-31T01:15:00Z' });
    expect(actions[1]).toMatchObject({ at: '2025-12-31T01:15:00Z', min: 120 });
  });

  test('is skipped once it is past', () => {
    const { windows } = targetOf(plan([DRILLED], '2025-12-31T01:15:00Z'));
    expect(windows.map(({ drill }) => drill)).toEqual([false]);
  });

  test('inside the window of another release is combined by maximum, never added', () => {
    const other = release({ id: 'other', premiereAt: PREMIERE - 86_400, audience: FINALE.audience });
    const { required } = targetOf(plan([DRILLED, other], AS_OF));
    expect(Math.max(...required.map(({ units }) => units))).toBe(972);
    expect(required[1]).toMatchObject({ to: '2025-12-31T01:15:00Z', releases: ['other', 'finale'] });
  });

  test('raises what the night needs, overlapping releases included', () => {
    const other = release({ id: 'other', premiereAt: PREMIERE, floors: { playback: 1200 } });
    expect(targetOf(plan([DRILLED, other], AS_OF)).required[0]).toMatchObject({ units: 1200, releases: ['finale'] });
  });
});

test('at an announced time that was moved, a fifth of the demand is expected, without a drill', () => {
  const moved = { ...FINALE, drillSeconds: 86_400, previouslyAt: [PREMIERE - 7 * 86_400] };
  const { required, windows } = targetOf(plan([moved], AS_OF));
  // 0.2 · 482,704 + 68,000 requests per second.
  expect(required[0]).toMatchObject({ from: '2025-12-25T00:00:00Z', to: '2025-12-25T01:25:00Z', units: 291 });
  expect(windows.map(({ drill, risingAt }) => [drill, risingAt])).toEqual([
    [false, '2025-12-24T23:55:00Z'],
    [true, '2025-12-31T00:55:00Z'],
    [false, '2025-12-31T23:55:00Z'],
  ]);
});

describe('a deploy in the middle of a window', () => {
  const all = floorsOf(targetOf(plan([FINALE], AS_OF)));

  test('registers the highest floor of the deploy window, and the later actions unchanged', () => {
    const target = targetOf(plan([FINALE], '2026-01-01T00:30:00Z'));
    expect(target.min).toBe(972);
    expect(floorsOf(target)).toEqual(all.filter((line) => line >= '2026-01-01T00:45'));
  });

  test('raises early what would fall due while it runs', () => {
    const target = targetOf(plan([FINALE], '2025-12-31T23:45:00Z'));
    expect(target.min).toBe(972);
    expect(floorsOf(target)[0]).toBe(all[1]);
  });

  test('says at its end what fell due while it ran', () => {
    // The floor falls at 01:25; a deploy that may run until 01:36 keeps it, and lowers it then.
    const target = targetOf(plan([FINALE], '2026-01-01T01:20:30Z'));
    expect(target.min).toBe(972);
    expect(target.actions[0]).toMatchObject({ name: 'floor-20260101T0136Z', at: '2026-01-01T01:36:00Z' });
    expect(target.actions[0]!.min).toBe(floorAt(targetOf(plan([FINALE], AS_OF)), '2026-01-01T01:36:00Z'));
  });

  test('merges that with an action that is planned for the same instant', () => {
    const target = targetOf(plan([FINALE], '2026-01-01T01:10:00Z'));
    expect(target.actions[0]).toMatchObject({ at: '2026-01-01T01:25:00Z' });
    expect(new Set(target.actions.map(({ at: instant }) => instant)).size).toBe(target.actions.length);
  });

  test('of a calendar from which the release was removed gives everything back at once', () => {
    expect(targetOf(plan([], '2026-01-01T00:30:00Z'))).toMatchObject({ min: 120, actions: [] });
  });

  test('keeps the promise from its own start on', () => {
    for (let minute = 0; minute < 600; minute += 7) {
      const asOf = new Date((PREMIERE - 5 * 3600 + minute * 60 + 13) * 1000).toISOString().replace('.000', '');
      expect(findShortage(targetOf(plan([FINALE], asOf)), asOf)).toBeUndefined();
    }
  });
});

describe('what does not fit', () => {
  const weekly = Array.from({ length: 15 }, (_, week) =>
    release({ id: `week-${String(week).padStart(2, '0')}`, premiereAt: PREMIERE + week * 7 * 86_400 }),
  );

  test('the budget of actions takes whole windows, nearest first', () => {
    const target = targetOf(plan(weekly, AS_OF, environment({ actionBudget: 30 })));
    expect(target.actions).toHaveLength(27);
    expect(target.windows.flatMap(({ releases }) => releases)).toEqual(['week-00', 'week-01', 'week-02']);
    expect(target.deferred).toEqual(weekly.slice(3).map(({ id }) => id));
    expect(target.coveredUntil).toBe('2026-01-21T23:55:00Z');
  });

  test('the horizon is 90 days, and a later plan brings in what lies beyond', () => {
    const target = targetOf(plan(weekly, AS_OF, environment({ actionBudget: 200 })));
    expect(target.coveredUntil).toBe('2026-03-20T00:00:00Z');
    expect(target.deferred).toEqual(['week-12', 'week-13', 'week-14']);
    expect(targetOf(plan(weekly, '2026-02-20T00:00:00Z')).deferred).toEqual([]);
  });

  test('a window that the horizon would cut is left out whole', () => {
    const { coveredUntil, windows, deferred } = targetOf(plan([FINALE], '2025-10-03T02:00:00Z'));
    expect([coveredUntil, windows, deferred]).toEqual(['2025-12-31T23:55:00Z', [], ['finale']]);
  });

  test('a window that lacks room for its return to the baseline alone is cut as well, and said to be', () => {
    const long = release({
      id: 'long',
      kind: 'season',
      premiereAt: at('2027-01-01T00:00:00Z'),
      lengthSeconds: 3 * 86_400,
      audience: { peakViewers: 535_710 },
      previouslyAt: [at('2027-01-11T00:00:00Z')],
    });
    const small = environment({
      baseline: 1,
      baselineRequestsPerSecond: 0,
      maxStepsPerWindow: 5,
      actionBudget: 10,
      leadTime: { schedulerDelaySeconds: 0, startLatencySeconds: 0, unitsPerMinute: 125 },
    });
    const twoZones = { ...small, zoneIds: small.zoneIds.slice(0, 2), deployWindowSeconds: 60 };
    const result = plan([long], '2027-01-01T00:00:00Z', twoZones);
    const target = targetOf(result);
    expect(target.coveredUntil).toBe(target.windows.at(-1)!.endsAt);
    expect(floorAt(target, target.coveredUntil)).toBeGreaterThan(1);
    expect(result.environments[0]!.findings.map(({ code }) => code)).toContain('capacity/cut');
  });

  test('an open window is never left out: its floors stay where they are at the horizon', () => {
    const target = targetOf(plan([FINALE], '2026-01-01T00:00:00Z', environment(), 7200));
    expect(target.coveredUntil).toBe('2026-01-01T02:00:00Z');
    expect(target.min).toBe(972);
    expect(target.actions.map(({ at: instant }) => instant)).toEqual(['2026-01-01T01:25:00Z']);
  });
});

describe('the spread of a forecast', () => {
  const uncertain = { ...FINALE, audience: { peakViewers: 9_000_000 } };
  const past = (assumed: boolean) =>
    release({
      id: 'past',
      premiereAt: at('2024-01-01T01:00:00Z'),
      observed: { peakViewers: 8_000_000, assumed, source: 'test' },
    });
  const unitsOf = (...releases: Release[]): number => targetOf(plan(calendar(...releases), AS_OF)).required[0]!.units;

  test('is wide until a release of the kind was measured', () => {
    expect(unitsOf(uncertain)).toBe(1454);
    expect(unitsOf(uncertain, past(true))).toBe(1454);
    expect(unitsOf(uncertain, past(false))).toBe(972);
  });

  test('is what the release states, if it states one', () => {
    expect(unitsOf({ ...uncertain, audience: { peakViewers: 9_000_000, low: 6_000_000, high: 14_000_000 } })).toBe(951);
  });
});

test('the cost is that of the floors until the plan ends, beside that of the baseline', () => {
  const stated = release({ id: 'small', kind: 'episode', premiereAt: PREMIERE, floors: { playback: 160 } });
  const result = plan([stated], AS_OF);
  const hours = 90 * 24 * 120;
  // 40 more from 00:25 to 02:20.
  const above = (40 * 115) / 60;
  expect(targetOf(result).cost).toEqual({
    currency: 'USD',
    unitHours: Number((hours + above).toFixed(3)),
    baselineUnitHours: hours,
    amount: Number(((hours + above) * 0.2).toFixed(2)),
    baselineAmount: hours * 0.2,
  });
  expect(result.environments[0]!.cost).toEqual(targetOf(result).cost);
});

test('money of targets with different units is summed, their hours are not', () => {
  const { layers } = environment();
  const two = environment(
    {},
    { layers: { ...layers, table: { ...layers.playback!, unit: 'write unit', pricePerUnitHour: 1 } } },
  );
  const { cost, targets } = plan([], AS_OF, two).environments[0]!;
  expect(targets.map(({ id }) => id)).toEqual(['us-east-1/playback', 'us-east-1/table']);
  const amount = 90 * 24 * 120 * 1.2;
  expect(cost).toEqual({ currency: 'USD', amount, baselineAmount: amount });
});

test('a floor lasts from its instant until the next one', () => {
  const target = targetOf(plan([FINALE], AS_OF));
  expect(floorAt(target, '2025-12-31T23:54:59Z')).toBe(120);
  expect(floorAt(target, '2025-12-31T23:55:00Z')).toBe(972);
  expect(floorAt(target, PREMIERE)).toBe(972);
  expect(floorAt(target, '2026-03-01T00:00:00Z')).toBe(120);
  expect(() => floorAt(target, 'tomorrow')).toThrow('at must be an instant, got "tomorrow"');
});

test('a time without a zone, milliseconds and an empty horizon are a misuse', () => {
  expect(() => plan([], '2026-01-01T00:00:00')).toThrow('asOf must be a whole second in ISO 8601');
  expect(() => plan([], AS_OF, environment(), -5)).toThrow('horizonSeconds must be a whole number above 0, got -5');
  const target = targetOf(plan([FINALE], AS_OF));
  expect(() => floorAt(target, '2026-01-01T01:00:00')).toThrow('at must be an instant');
  expect(() => floorAt(target, 1000 * PREMIERE)).toThrow('at must be an instant');
});

test('a stated floor is scaled without a unit for the last bits of the product', () => {
  const stated = (n: number, demandFactor: number): number => {
    const one = release({ id: 'one', kind: 'episode', premiereAt: PREMIERE, floors: { playback: n } });
    const where = environment({ baseline: 1, baselineRequestsPerSecond: 0 }, { demandFactor });
    return targetOf(plan([one], AS_OF, where)).required[0]!.units;
  };
  expect([stated(100, 0.07), stated(50, 1.1), stated(101, 0.07)]).toEqual([7, 55, 8]);
});

test('a release that states floors of other layers alone asks nothing of this one', () => {
  const other = release({ id: 'other', premiereAt: PREMIERE, floors: { 'sign-in': 500 } });
  expect(plan([other], AS_OF).environments[0]!.releases).toEqual([]);
});

test('a short horizon does not hide a floor that falls due while the deploy runs', () => {
  expect(targetOf(plan([FINALE], '2025-12-31T23:45:30Z', environment(), 300))).toMatchObject({
    min: 972,
    actions: [],
    coveredUntil: '2025-12-31T23:50:30Z',
  });
});

test('an undefined number of the lead time is the default', () => {
  const target = targetOf(plan([FINALE], AS_OF, environment({ leadTime: { unitsPerMinute: undefined } })));
  expect(target.leadTime).toEqual({ schedulerDelaySeconds: 60, startLatencySeconds: 120, unitsPerMinute: 500 });
});

test('the peak is held until the last release of a night gives back', () => {
  const later = { ...FINALE, id: 'later', premiereAt: PREMIERE + 3 * 3600 };
  expect(targetOf(plan([FINALE, later], AS_OF)).windows[0]).toMatchObject({
    releases: ['finale', 'later'],
    givingBackAt: '2026-01-01T04:25:00Z',
  });
});

test('an instant that is no whole second is a misuse', () => {
  expect(() => plan([], 'yesterday')).toThrow('asOf must be a whole second in ISO 8601, got "yesterday"');
});
