import type { Release } from '../../lib/calendar/release';
import { dilateByLeadTime } from '../../lib/capacity/lead-time';
import { AS_FORECAST } from '../../lib/rehearsal/draws';
import { scheduledFloor } from '../../lib/rehearsal/floor-schedule';
import { exactNight, nightOf } from '../../lib/rehearsal/night';
import { POLICY_NAMES, POLICY_WORDS, type PolicyName, policyOf } from '../../lib/rehearsal/policies';
import { marginOf, playDraw, playExact, ZONE_LOSS_POLICIES } from '../../lib/rehearsal/rehearse';
import { type Policy, simulate } from '../../lib/rehearsal/simulate';
import type { RehearsalSpec } from '../../lib/rehearsal/spec';
import { at, environment, release } from '../capacity/fixtures';
import { conditions, FINALE, floors, profile, rehearsed, spec, START } from './fixtures';

const HOUR = 3600;

function made(name: PolicyName, of: RehearsalSpec = spec()): Policy {
  return policyOf(name, of, exactNight(of));
}

/** Each raise and lowering as hours since the start, and the minimum from then on. */
function steps({ floors: { min, actions } }: Policy): [number, number][] {
  return [[0, min], ...actions.map((action): [number, number] => [(action.at - START) / HOUR, action.min])];
}

describe('of the policies', () => {
  test('static peak keeps the highest floor of the plan', () => {
    expect(steps(made('static-peak'))).toEqual([[0, 40]]);
  });

  test.each([
    { name: 'target-tracking-60', cooldown: 60 },
    { name: 'target-tracking-300', cooldown: 300 },
  ] as const)('$name keeps the baseline, and 60 % of full use', ({ name, cooldown }) => {
    const policy = made(name);
    expect(steps(policy)).toEqual([[0, 10]]);
    expect(policy.scaling).toEqual({
      kind: 'target-tracking',
      target: 60,
      scaleOutCooldownSeconds: cooldown,
      scaleInCooldownSeconds: 300,
    });
    expect(made(name, spec({ profile: profile({ utilisationNormal: 0.5 }) })).scaling?.target).toBe(50);
  });

  test('step scaling keeps the baseline, and adds the more the further the metric is above the same target', () => {
    const { scaling, ...policy } = made('step-scaling');
    expect(steps(policy)).toEqual([[0, 10]]);
    expect(scaling).toMatchObject({ kind: 'step-scaling', target: 60 });
    const adds = scaling?.kind === 'step-scaling' ? scaling.out.map(({ add }) => add) : [];
    expect(adds).toEqual(adds.toSorted((a, b) => a - b));
    expect(adds).toHaveLength(3);
  });

  test('predictive has the hourly forecast from five minutes ahead of each hour until its end', () => {
    const predictedUnits = [
      { from: START, to: START + HOUR, units: 12 },
      { from: START + HOUR, to: START + 2 * HOUR, units: 10 },
      { from: START + 2 * HOUR, to: START + 3 * HOUR, units: 25 },
    ];
    expect(steps(made('predictive', spec({ predictedUnits })))).toEqual([
      [0, 12],
      [1 - 5 / 60, 12],
      [1, 10],
      [2 - 5 / 60, 25],
      [2, 25],
      [3, 10],
    ]);
  });

  test('hand-written has what each release needs by itself, from an hour before its premiere until four hours after it', () => {
    expect(steps(made('hand-written'))).toEqual([
      [0, 10],
      [11, 30],
      [16, 10],
    ]);
    const after = (hours: number, units: number): RehearsalSpec['releases'][number] => ({
      id: `after-${hours}`,
      premiereAt: START + hours * HOUR,
      units,
      audiences: [],
    });
    const written = (...releases: RehearsalSpec['releases']): [number, number][] =>
      steps(made('hand-written', spec({ releases })));
    // Where two are at once the larger one holds, be it the first or the second; nobody adds them up.
    expect(written(after(12, 30), after(15, 50))).toEqual([
      [0, 10],
      [11, 30],
      [14, 50],
      [16, 50],
      [19, 10],
    ]);
    expect(written(after(12, 30), after(15, 20))).toEqual([
      [0, 10],
      [11, 30],
      [14, 30],
      [16, 20],
      [19, 10],
    ]);
    // In the middle of its window it is in force at once.
    expect(written(after(-2, 20))).toEqual([
      [0, 20],
      [2, 10],
    ]);
  });

  test('cron has the highest floor in the evenings', () => {
    const evenings = [
      { from: START - 6 * HOUR, to: START + HOUR },
      { from: START + 18 * HOUR, to: START + 24 * HOUR },
    ];
    expect(steps(made('cron', spec({ evenings })))).toEqual([
      [0, 40],
      [1, 10],
      [18, 40],
      [24, 10],
    ]);
  });

  test('the plan has the floors of the artefact as they are, with its guard', () => {
    const held = [{ from: START + 10 * HOUR, to: START + 13 * HOUR }];
    const policy = made('plan', spec({ held }));
    expect(steps(policy)).toEqual([
      [0, 10],
      [11, 40],
      [15, 10],
    ]);
    expect(policy.guard).toEqual({ held });
    const alone = spec({ held, whatIf: { ...spec().whatIf, guard: false } });
    expect(made('plan', alone)).not.toHaveProperty('guard');
  });

  test('the oracle has what the planner’s lead time makes of the night’s own demand', () => {
    const of = spec();
    const night = exactNight(of);
    const required = night.required.map((_, step) => (step >= 720 * 12 && step < 780 * 12 ? 30 : 10));
    const { floors: found } = policyOf('oracle', of, { ...night, required });
    const cells = Array.from({ length: 288 }, (_, cell) => (cell >= 144 && cell < 156 ? 30 : 10));
    const expected = dilateByLeadTime(cells, 300, of.conditions.leadTime);
    expected.forEach((units, cell) => expect(scheduledFloor(found, START + 300 * cell)).toBe(units));
    expect(found.min).toBe(10);
    expect(Math.max(...found.actions.map(({ min }) => min))).toBe(30);
  });

  test.each(POLICY_NAMES)('%s has the ceiling of the plan, sorted instants and a name', (name) => {
    const evenings = [{ from: START + 18 * HOUR, to: START + 24 * HOUR }];
    const predictedUnits = [{ from: START + 2 * HOUR, to: START + 3 * HOUR, units: 500 }];
    const [first] = spec().releases;
    const releases = [{ ...first!, units: 500 }];
    const { floors: found } = made(name, spec({ evenings, predictedUnits, releases, peakUnits: 60 }));
    expect(found.max).toBe(60);
    for (const { min, max } of [found, ...found.actions]) {
      expect(max).toBe(60);
      expect(min).toBeLessThanOrEqual(60);
    }
    const instants = found.actions.map((action) => action.at);
    expect(instants).toEqual([...new Set(instants)].toSorted((a, b) => a - b));
    expect(POLICY_WORDS[name].label).not.toBe('');
  });

  test('all but the reactive ones and the oracle miss the first raise of each window when the scheduler does', () => {
    const two = floors(
      10,
      60,
      { after: HOUR, min: 20 },
      { after: 2 * HOUR, min: 40 },
      { after: 3 * HOUR, min: 10 },
      { after: 5 * HOUR, min: 30 },
      { after: 6 * HOUR, min: 10 },
    );
    const of = spec({ floors: two, whatIf: { ...spec().whatIf, missRaise: true } });
    expect(made('plan', of).missed).toEqual([START + HOUR, START + 5 * HOUR]);
    expect(made('hand-written', of).missed).toEqual([START + 11 * HOUR]);
    for (const name of ['static-peak', 'target-tracking-60', 'step-scaling', 'oracle'] as const) {
      expect(made(name, of)).not.toHaveProperty('missed');
    }
    expect(made('plan', spec({ floors: two }))).not.toHaveProperty('missed');
  });
});

describe('the highest floor of a rehearsal', () => {
  const of = rehearsed([FINALE]);
  const { from, to, peakUnits, floors: planned } = of;
  const max = planned.max;
  const peakWith = (...actions: RehearsalSpec['floors']['actions']): number => {
    const all = [...planned.actions, ...actions].toSorted((a, b) => a.at - b.at);
    return rehearsed([FINALE], { floors: { ...planned, actions: all } }).peakUnits;
  };

  test('is the highest one of the plan', () => {
    expect(peakUnits).toBe(Math.max(...planned.actions.map(({ min }) => min)));
    expect(peakUnits).toBeGreaterThan(900);
  });

  test('does not know the floors of another month, before it or after it', () => {
    const MONTH = 30 * 86_400;
    const window = (at: number): RehearsalSpec['floors']['actions'] => [
      { at, min: 1500, max },
      { at: at + 4 * HOUR, min: 120, max },
    ];
    expect(peakWith(...window(from - MONTH))).toBe(peakUnits);
    expect(peakWith(...window(from + MONTH))).toBe(peakUnits);
    expect(peakWith({ at: to, min: 1500, max })).toBe(peakUnits);
  });

  test('knows one that is in force when it begins, and one until its last minute', () => {
    expect(peakWith({ at: from - 86_400, min: 1500, max })).toBe(1500);
    expect(peakWith({ at: from, min: 1500, max })).toBe(1500);
    expect(peakWith({ at: to - 60, min: 1500, max })).toBe(1500);
    // It is given back as the span begins.
    expect(peakWith({ at: from - 86_400, min: 1500, max }, { at: from, min: 120, max })).toBe(peakUnits);
  });
});

describe('what a release needs by itself', () => {
  const EPISODE = release({
    id: 'episode',
    premiereAt: FINALE.premiereAt + 600,
    kind: 'episode',
    audience: { peakViewers: 4_000_000, uncertainty: 0.2 },
  });
  const unitsOf = (of: RehearsalSpec, id: string): number => of.releases.find((found) => found.id === id)!.units;

  test('is what the planner keeps for it when nothing else comes, whatever else does', () => {
    const both = rehearsed([FINALE, EPISODE]);
    for (const alone of [rehearsed([FINALE]), rehearsed([EPISODE])]) {
      expect(unitsOf(alone, alone.release)).toBe(alone.peakUnits);
      expect(unitsOf(both, alone.release)).toBe(alone.peakUnits);
    }
    // Both at once need more than the larger one, and nobody who writes them by hand adds them up.
    expect(both.peakUnits).toBeGreaterThan(unitsOf(both, 'finale'));
    const { floors: written } = policyOf('hand-written', both, exactNight(both));
    expect(Math.max(...written.actions.map(({ min }) => min))).toBe(unitsOf(both, 'finale'));
    const later = { ...EPISODE, premiereAt: FINALE.premiereAt + 6 * HOUR };
    const apart = rehearsed([FINALE, later]);
    const { floors: byHand } = policyOf('hand-written', apart, exactNight(apart));
    expect(scheduledFloor(byHand, FINALE.premiereAt)).toBe(unitsOf(apart, 'finale'));
    expect(scheduledFloor(byHand, later.premiereAt)).toBe(unitsOf(apart, 'episode'));
    expect(unitsOf(apart, 'episode')).toBeLessThan(unitsOf(apart, 'finale'));
  });

  test('is at the planning quantile, at least what its entry states, and at most the maximum', () => {
    const half = rehearsed([FINALE], { environment: environment({ planningQuantile: 0.5 }) });
    const { required } = exactNight(half);
    expect(half.releases[0]!.units).toBe(Math.max(...required));
    const stated = { ...FINALE, floors: { playback: 1300 } };
    expect(rehearsed([stated]).releases[0]!.units).toBe(1300);
    expect(rehearsed([{ ...FINALE, floors: { playback: 200 } }]).releases[0]!.units).toBe(
      rehearsed([FINALE]).releases[0]!.units,
    );
    const small = rehearsed([FINALE], { environment: environment({ maximum: 500 }) });
    expect(small.releases[0]!.units).toBe(500);
  });
});

describe('what a rehearsal knows of a region', () => {
  /** Evenings of New York around a premiere, as instants. */
  function eveningsAround(premiere: string): string[] {
    const of = rehearsed([release({ id: 'first', premiereAt: at(premiere) })]);
    return of.evenings.map(
      ({ from, to }) => `${new Date(from * 1000).toISOString().slice(5, 16)}/${(to - from) / HOUR} h`,
    );
  }

  test('is its evening from 18:00 to 24:00, in winter, in summer, and on the days between', () => {
    expect(eveningsAround('2027-01-20T12:00:00Z')).toContain('01-20T23:00/6 h');
    expect(eveningsAround('2027-07-20T12:00:00Z')).toContain('07-20T22:00/6 h');
    // On 14 March clocks go forward at 2:00, on 7 November back.
    expect(eveningsAround('2027-03-14T06:00:00Z')).toEqual(
      expect.arrayContaining(['03-13T23:00/6 h', '03-14T22:00/6 h']),
    );
    expect(eveningsAround('2027-11-07T06:00:00Z')).toEqual(
      expect.arrayContaining(['11-06T22:00/6 h', '11-07T23:00/6 h']),
    );
  });
});

describe('predictive scaling', () => {
  const premiereAt = at('2027-02-24T20:00:00Z');
  const WEEK = 7 * 86_400;
  const episode = (index: number, kind: Release['kind'] = 'episode'): Release =>
    release({
      id: `episode-${index}`,
      premiereAt: premiereAt - index * WEEK,
      kind,
      audience: { peakViewers: 4_000_000 },
    });

  function predictedAt(releases: readonly Release[]): number {
    const { predictedUnits } = rehearsed(releases);
    return predictedUnits.find(({ from, to }) => from <= premiereAt && premiereAt < to)!.units;
  }

  test('knows an episode that comes each week, and its hour', () => {
    const weekly = [episode(0), episode(1), episode(2)];
    const baseline = 120;
    expect(predictedAt(weekly)).toBeGreaterThan(1.3 * baseline);
    const { predictedUnits } = rehearsed(weekly);
    const before = predictedUnits.find(({ to }) => to === premiereAt - 2 * HOUR)!;
    expect(before.units).toBe(baseline);
  });

  test('knows nothing of a one-off, and nothing of more than two weeks ago', () => {
    expect(predictedAt([episode(0)])).toBe(120);
    expect(predictedAt([episode(0), episode(3), episode(4)])).toBe(120);
  });

  test('predicts the mean of the same hour of the last two weeks', () => {
    const twice = predictedAt([episode(0), episode(1), episode(2)]);
    const once = predictedAt([episode(0), episode(1)]);
    // Above the 68,000 requests per second of the baseline, at 600 of a unit.
    const above = (units: number): number => 600 * units - 68_000;
    expect(above(once) / above(twice)).toBeCloseTo(0.5, 1);
  });
});

describe('in the night as forecast', () => {
  const casting = { policies: POLICY_NAMES, zoneLost: true };
  const of = rehearsed([FINALE]);
  const exact = playExact(of, casting);

  test('the plan has no outage, and reacting alone has one', () => {
    expect(exact.plan!.outageMinutes).toBe(0);
    expect(exact['target-tracking-300']!.outageMinutes).toBeGreaterThan(0);
    expect(exact['target-tracking-300']!.firstOutageAt).toBeGreaterThanOrEqual(FINALE.premiereAt - 60);
    expect(exact['target-tracking-300']!.firstOutageAt).toBeLessThan(FINALE.premiereAt + 300);
  });

  test('the oracle is never short, and cheaper than whatever else has no outage', () => {
    expect(exact.oracle).toMatchObject({ shortMinutes: 0, outageMinutes: 0 });
    for (const name of POLICY_NAMES) {
      const { outageMinutes, unitHours } = exact[name]!;
      if (outageMinutes === 0 && name !== 'oracle') expect(unitHours).toBeGreaterThan(exact.oracle!.unitHours);
    }
  });

  test('the oracle is never short on a hand-made demand, be the scheduler as late as it was planned to be', () => {
    const night = exactNight(of);
    for (const latest of [0, 59]) {
      for (const height of [150, 700, 1500]) {
        const required = night.required.map((_, step) => (step % 4000 >= 3000 ? height : 120));
        const stepped = { ...night, required, latenessOf: () => latest };
        const fixed = { ...of.conditions, startLatencySigma: 0 };
        expect(simulate(stepped, policyOf('oracle', of, stepped), fixed).shortMinutes).toBe(0);
      }
    }
  });

  test('a zone that is lost at the peak fails requests until the load balancer notices, and is no outage of the plan', () => {
    const { plan } = exact.zoneLost!;
    // It is lost three minutes after the premiere, and noticed within that minute.
    expect(plan).toMatchObject({ failoverMinutes: 1, outageMinutes: 0, causes: {} });
    expect(plan).not.toHaveProperty('firstOutageAt');
    expect(plan).not.toHaveProperty('firstCause');
    expect(plan.requests.failed).toBeGreaterThan(exact.plan!.requests.failed);
  });

  test('a zone is lost under the plan and under target tracking alone, each with what it has ready', () => {
    expect(Object.keys(exact.zoneLost!)).toEqual([...ZONE_LOSS_POLICIES]);
    const alone = exact.zoneLost!['target-tracking-60'];
    // It is lost in the middle of an outage: a minute of that is one of the failover.
    expect(alone.failoverMinutes).toBe(1);
    expect(alone.outageMinutes + 1).toBeGreaterThanOrEqual(exact['target-tracking-60']!.outageMinutes);
    expect(alone.requests.failed).toBeGreaterThan(exact['target-tracking-60']!.requests.failed);
    expect(alone.requests.failed).toBeGreaterThan(exact.zoneLost!.plan.requests.failed);
    for (const name of POLICY_NAMES) expect(exact[name]!.failoverMinutes).toBe(0);
  });

  test('only what was cast is played', () => {
    const draw = { surprises: [AS_FORECAST], seed: of.seed };
    const alone = playDraw(of, draw, { policies: ['plan'], zoneLost: false });
    expect(alone).toEqual({ plan: exact.plan });
    expect(nightOf(of, draw).demand).toEqual(exactNight(of).demand);
  });
});

describe('the margin', () => {
  /** No premiere, but the median audience itself as a flat night: what is borne can be counted. */
  function flat(fields: Partial<RehearsalSpec> = {}): RehearsalSpec {
    const shape = { startSeconds: 0, stepSeconds: HOUR, shares: [1, 1] };
    const audience = {
      kind: 'finale',
      lengthSeconds: HOUR,
      at: START + HOUR,
      share: 1,
      medianPeak: 0,
      sigma: 0,
    } as const;
    const trace = { shape, peakRequestsPerSecond: 1000, peakSeconds: 0 };
    return spec({
      to: START + 3 * HOUR,
      releases: [{ id: 'first', premiereAt: START + HOUR, units: 40, audiences: [{ ...audience, trace }] }],
      floors: floors(40, 40),
      baselineRequestsPerSecond: 0,
      conditions: conditions({ shedsLoad: true }),
      ...fields,
    });
  }

  test('is the multiple of the audience at which units answer fewer than 99 of 100', () => {
    const { audienceFactor, failsBy } = marginOf(flat(), 'plan');
    expect(audienceFactor).toBeGreaterThan(4);
    expect(audienceFactor).toBeLessThan((4 / 0.99) * 1.02);
    expect(failsBy).toBe('ceiling');
  });

  test('with a zone lost is what the other zones bear: requests that fail until that is noticed do not make it nothing', () => {
    const { audienceFactor, failsBy } = marginOf(flat({ whatIf: { ...spec().whatIf, loseZone: true } }), 'plan');
    const borne = (4 * 2) / 3;
    expect(audienceFactor).toBeGreaterThan(borne);
    expect(audienceFactor).toBeLessThan((borne / 0.99) * 1.02);
    expect(failsBy).toBe('not-ready-yet');
  });

  test('is at most sixteen, and nothing when not even a twentieth is borne', () => {
    expect(marginOf(flat({ floors: floors(200, 200) }), 'plan')).toEqual({ audienceFactor: 16 });
    const broken = flat({ baselineRequestsPerSecond: 5000 });
    expect(marginOf(broken, 'plan')).toEqual({ audienceFactor: 0, failsBy: 'ceiling' });
  });
});

test('an environment of its own units and zones is rehearsed with them', () => {
  const small = environment(
    { baseline: 4, baselineRequestsPerSecond: 500, maximum: 40 },
    { zoneIds: ['use1-az1', 'use1-az2'] },
  );
  const of = rehearsed([release({ id: 'first', premiereAt: FINALE.premiereAt, audience: { peakViewers: 100_000 } })], {
    environment: small,
  });
  expect(of.zones).toBe(2);
  expect(playExact(of, { policies: ['plan'], zoneLost: false }).plan!.outageMinutes).toBe(0);
});
