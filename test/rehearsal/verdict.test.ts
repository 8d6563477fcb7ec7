import { toIso } from '../../lib/capacity/instants';
import type { PolicyName } from '../../lib/rehearsal/policies';
import { type Rehearsal, RunningRehearsal } from '../../lib/rehearsal/rehearsal';
import type { Cause } from '../../lib/rehearsal/simulate';
import { NOTHING_UNUSUAL, type RehearsalSpec, type WhatIf } from '../../lib/rehearsal/spec';
import { type PolicySummary, probabilityOf, type Spread, type ZoneLossSummary } from '../../lib/rehearsal/summary';
import { formatProbability, othersOf, unusualOf, type Verdict, verdictOf } from '../../lib/rehearsal/verdict';
import { environment, plan, release } from '../capacity/fixtures';
import { FINALE, rehearsed } from './fixtures';

const BUDGET = 0.01;

/** A finale that nobody prepares for, on a service that does not shed load: what it says is replaced, not made. */
const FINALE_SPEC = rehearsed([FINALE], { environment: environment({ shedsLoad: false }) });
const running = new RunningRehearsal(FINALE_SPEC, 1);
running.playNext();
const PLAYED = running.report();

/** What is said of one policy; the rest is as it was played. */
interface Said {
  readonly happened?: number;
  readonly firstCauses?: Partial<Record<Cause, number>>;
  readonly hours?: number;
  readonly toOracle?: number;
}

/** The rehearsal as if so many draws had been played, and this had come of it. No policy has an outage, unless it is said. */
function drawn(
  draws: number,
  said: Partial<Record<PolicyName, Said>> = {},
  fields: Partial<Rehearsal> = {},
): Rehearsal {
  const policies = PLAYED.policies.map((summary): PolicySummary => {
    const { happened = 0, firstCauses = {}, hours, toOracle } = said[summary.policy] ?? {};
    return {
      ...summary,
      outage: probabilityOf(happened, draws),
      firstCauses,
      ...(hours !== undefined && { unitHoursAbove: { mean: hours, p95: hours } }),
      ...(toOracle !== undefined && { toOracle }),
    };
  });
  const none = zoneLoss({ mean: 1, p95: 1 }, 0, draws);
  const zoneLost = { plan: none, 'target-tracking-60': none };
  return { ...PLAYED, asked: draws, played: draws, policies, zoneLost, ...fields };
}

function zoneLoss(failoverMinutes: Spread, happened: number, draws: number): ZoneLossSummary {
  return { failoverMinutes, outageAfterFailover: probabilityOf(happened, draws) };
}

function codes({ sentences }: Verdict): string[] {
  return sentences.map(({ code }) => code);
}

function said(verdict: Verdict, code: Verdict['sentences'][number]['code']): string | undefined {
  return verdict.sentences.find((sentence) => sentence.code === code)?.text;
}

function asked(whatIf: Partial<WhatIf>): Rehearsal {
  return drawn(1000, {}, { spec: { ...FINALE_SPEC, whatIf: { ...NOTHING_UNUSUAL, ...whatIf } } });
}

describe('how likely an outage is, against the budget', () => {
  test('no outage in enough draws is enough', () => {
    const verdict = verdictOf(drawn(1000), BUDGET);
    expect(verdict.code).toBe('enough');
    expect(verdict.sentences[0]).toEqual({
      code: 'outage',
      text: 'Under the plan none of 1,000 draws has an outage. How likely one is: at most 0.3 %, with 95 % confidence, within the outage budget of 1 %.',
    });
    expect(codes(verdict)).not.toContain('more-draws');
  });

  test('no outage in too few draws is enough as far as it goes, and says how many would show it', () => {
    const verdict = verdictOf(drawn(200), BUDGET);
    expect(verdict.code).toBe('enough');
    expect(said(verdict, 'outage')).toMatch(
      /: at most 1\.5 %, with 95 % confidence; whether that is within the outage budget of 1 % these draws cannot tell\.$/,
    );
    expect(said(verdict, 'more-draws')).toBe('More draws are needed to tell: 299 without an outage would show it.');
  });

  test.each([0.0005, 0.01, 0.05, 0.3])(
    'the draws that would show a budget of %d are no more and no fewer than it takes',
    (budget) => {
      const needed = Number(
        /: ([\d,]+) without/.exec(said(verdictOf(drawn(1), budget), 'more-draws')!)![1]!.replaceAll(',', ''),
      );
      expect(codes(verdictOf(drawn(needed), budget))).not.toContain('more-draws');
      expect(codes(verdictOf(drawn(needed - 1), budget))).toContain('more-draws');
    },
  );

  test('a share of outages above the budget is not enough, and more draws are no way out', () => {
    const verdict = verdictOf(drawn(200, { plan: { happened: 3, firstCauses: { ceiling: 3 } } }), BUDGET);
    expect(verdict.code).toBe('not-enough');
    expect(said(verdict, 'outage')).toBe(
      'Under the plan 3 of 200 draws have an outage. How likely one is: 1.5 % (0.4–3.9 %), above the outage budget of 1 %.',
    );
    expect(codes(verdict)).not.toContain('more-draws');
  });

  test('a share below the budget whose bound is above it is not sure', () => {
    const verdict = verdictOf(drawn(200, { plan: { happened: 1, firstCauses: { ceiling: 1 } } }), BUDGET);
    expect(verdict.code).toBe('enough');
    expect(said(verdict, 'outage')).toContain('1 of 200 draws has an outage');
    expect(said(verdict, 'outage')).toMatch(
      /0\.5 % \(0\.025–2\.4 %\); whether that is within .* these draws cannot tell\.$/,
    );
    expect(said(verdict, 'more-draws')).toBe(
      'More draws are needed to tell: 299 would have shown it if none had an outage, and with some it takes more.',
    );
  });

  test('a share at the budget is within it', () => {
    expect(verdictOf(drawn(200, { plan: { happened: 2 } }), BUDGET).code).toBe('enough');
  });

  test('no number of draws shows a budget of zero', () => {
    const verdict = verdictOf(drawn(1000), 0);
    expect(verdict.code).toBe('enough');
    expect(said(verdict, 'more-draws')).toContain('No number of draws can show that an outage is impossible');
  });

  test('nothing is known when no draw was played, but for the night as forecast', () => {
    const verdict = verdictOf({ ...PLAYED, asked: 200, played: 0, policies: [], zoneLost: undefined }, BUDGET);
    expect(verdict.code).toBe('unknown');
    expect(said(verdict, 'outage')).toBe(
      'No draw was played, so how likely an outage is cannot be told. Under the plan there is no outage at exact forecast.',
    );
    expect(said(verdict, 'cost')).toContain('task-hours at exact forecast');
    const drawsAlone = ['more-draws', 'not-needed', 'zone-lost'];
    expect(codes(verdict).filter((code) => drawsAlone.includes(code))).toEqual([]);
  });

  test.each([-0.1, 1.1, Number.NaN])('a budget of %d is refused', (budget) => {
    expect(() => verdictOf(drawn(1), budget)).toThrow(`outageBudget must be a probability from 0 to 1, got ${budget}`);
  });
});

describe('whether pre-scaling is needed', () => {
  const easy = { margins: { ...PLAYED.margins, reactive: { audienceFactor: 2.4, failsBy: 'retries' as const } } };
  const costs = { plan: { hours: 1500 }, 'target-tracking-60': { hours: 1100 } };

  const zoneLost = (plan: number, reactive: number): Rehearsal['zoneLost'] => ({
    plan: zoneLoss({ mean: 1, p95: 1 }, plan, 1000),
    'target-tracking-60': zoneLoss({ mean: 1, p95: 1 }, reactive, 1000),
  });

  test('it is not when target tracking alone bears every draw, a lost zone and twice the median', () => {
    const verdict = verdictOf(drawn(1000, costs, { ...easy, zoneLost: zoneLost(3, 0) }), BUDGET);
    expect(verdict.code).toBe('not-needed');
    expect(said(verdict, 'not-needed')).toBe(
      'Pre-scaling is not needed, as far as this tells: target tracking alone (cooldown 60 s) has no outage in these draws either (0.3 % at most), none besides the failover with a zone lost, and bears up to × 2.40 of the median audience. The floors would cost 400 task-hours more on average.',
    );
  });

  test('a zone that is lost in every draw is not lost once more', () => {
    const verdict = verdictOf(drawn(1000, costs, { ...easy, zoneLost: undefined }), BUDGET);
    expect(verdict.code).toBe('not-needed');
    expect(said(verdict, 'not-needed')).not.toContain('a zone lost');
  });

  test('it is not, and the default cooldown would be another matter', () => {
    const verdict = verdictOf(drawn(1000, { ...costs, 'target-tracking-300': { happened: 380 } }, easy), BUDGET);
    expect(verdict.code).toBe('not-needed');
    expect(said(verdict, 'not-needed')).toContain(
      "of the median audience. But with AWS's default cooldown of 300 s it has an outage in 38 % (35–41 %) of the draws. The floors",
    );
  });

  test.each([
    ['it fails in a draw with a zone lost', drawn(1000, {}, { ...easy, zoneLost: zoneLost(0, 1) })],
    ['it fails in a draw', drawn(1000, { 'target-tracking-60': { happened: 1 } }, easy)],
    [
      'it bears less than twice the median',
      drawn(1000, {}, { margins: { ...easy.margins, reactive: { audienceFactor: 1.99 } } }),
    ],
    [
      'it was not played',
      { ...drawn(1000, {}, easy), policies: drawn(1000).policies.filter(({ policy }) => policy === 'plan') },
    ],
  ])('it is when %s', (_, rehearsal) => {
    const verdict = verdictOf(rehearsal, BUDGET);
    expect(verdict.code).toBe('enough');
    expect(codes(verdict)).not.toContain('not-needed');
  });

  test('a plan that is not enough is never called unneeded', () => {
    const verdict = verdictOf(drawn(100, { plan: { happened: 50, firstCauses: { ceiling: 50 } } }, easy), BUDGET);
    expect(verdict.code).toBe('not-enough');
    expect(codes(verdict)).not.toContain('not-needed');
  });
});

describe('what breaks first', () => {
  const MENDS: readonly (readonly [Cause, RegExp])[] = [
    ['ceiling', /more is needed than the maximum of 1,600 tasks\. Raise the maximum/],
    [
      'asked-too-little',
      /neither floors nor target tracking ask for enough in time\. Raise the forecast .*planning quantile \(now 0\.9\)/,
    ],
    ['not-ready-yet', /95 of 100 start within 120 s, and at most 500 are launched per minute\. Lengthen the warm-up/],
    ['retries', /what has queued up and is tried again on top\. Refuse early/],
  ];

  test.each(MENDS)('%s, with what to do about it, from the draws', (cause, mend) => {
    const verdict = verdictOf(drawn(10, { plan: { happened: 4, firstCauses: { [cause]: 4 } } }), BUDGET);
    expect(said(verdict, 'breaks-first')).toMatch(/^What breaks first in all 4 draws with an outage: /);
    expect(said(verdict, 'breaks-first')).toMatch(mend);
  });

  test.each(MENDS)('%s, with what to do about it, beyond the margin', (failsBy, mend) => {
    const margins = { ...PLAYED.margins, plan: { audienceFactor: 2.969, failsBy } };
    const text = said(verdictOf(drawn(10, {}, { margins }), BUDGET), 'breaks-first');
    expect(text).toMatch(/^The plan holds up to × 2\.96 of the median audience, .* What breaks first beyond that: /);
    expect(text).toMatch(mend);
  });

  test('the most frequent cause comes first', () => {
    const firstCauses = { retries: 1, ceiling: 3 };
    const text = said(verdictOf(drawn(10, { plan: { happened: 4, firstCauses } }), BUDGET), 'breaks-first')!;
    expect(text).toMatch(
      /^What breaks first in the 4 draws with an outage, in 3: more is needed .* In 1: the tasks that are ready/,
    );
  });

  test('one draw is one', () => {
    const verdict = verdictOf(drawn(10, { plan: { happened: 1, firstCauses: { ceiling: 1 } } }), BUDGET);
    expect(said(verdict, 'breaks-first')).toMatch(/^What breaks first in the draw with an outage: more is needed/);
  });

  test('in the night as forecast, when no draw was played', () => {
    const exact = PLAYED.exact.map((summary) =>
      summary.policy === 'plan' ? { ...summary, outageMinutes: 2, firstCause: 'ceiling' as const } : summary,
    );
    const verdict = verdictOf({ ...PLAYED, played: 0, policies: [], exact }, BUDGET);
    expect(said(verdict, 'outage')).toMatch(/ Under the plan 2 minutes are an outage at exact forecast\.$/);
    expect(said(verdict, 'breaks-first')).toMatch(/^What breaks first at exact forecast: more is needed/);
  });

  test('nothing does where no more was tried', () => {
    const margins = { ...PLAYED.margins, plan: { audienceFactor: 16 } };
    expect(said(verdictOf(drawn(10, {}, { margins }), BUDGET), 'breaks-first')).toBe(
      'The plan holds at least × 16.00 of the median audience, when all else is as forecast: no more was tried.',
    );
  });

  test('a service that sheds load is not told to', () => {
    const spec = { ...FINALE_SPEC, conditions: { ...FINALE_SPEC.conditions, shedsLoad: true } };
    const verdict = verdictOf(drawn(10, { plan: { happened: 1, firstCauses: { retries: 1 } } }, { spec }), BUDGET);
    expect(said(verdict, 'breaks-first')).toMatch(/on top\. Let clients retry less and later\.$/);
  });

  test('a missed raise without a guard is not the fault of the forecast', () => {
    const spec = { ...FINALE_SPEC, whatIf: { ...NOTHING_UNUSUAL, missRaise: true, guard: false } };
    const outages = { plan: { happened: 1, firstCauses: { 'asked-too-little': 1 } } };
    expect(said(verdictOf(drawn(10, outages, { spec }), BUDGET), 'breaks-first')).toContain('a raise was missed');
  });
});

describe('whether retries keep an overload alive', () => {
  /** 3 retries at 80 % multiply by 2.952; the maximum is 1,600. */
  const withFloor = (peakUnits: number, shedsLoad = false): Rehearsal =>
    drawn(1000, {}, { spec: { ...FINALE_SPEC, peakUnits, conditions: { ...FINALE_SPEC.conditions, shedsLoad } } });

  test('they do when the maximum is below the amplified highest floor', () => {
    expect(said(verdictOf(withFloor(543), BUDGET), 'overload-lasts')).toBe(
      "An overload, once it begins, could feed itself: 3 retries can make 543 tasks' worth of requests, the highest floor, 2.95 times as many, above the maximum of 1,600. Shed load, let clients retry less, or raise the maximum.",
    );
  });

  test('they do not when the maximum bears it, or when load is shed', () => {
    expect(codes(verdictOf(withFloor(542), BUDGET))).not.toContain('overload-lasts');
    expect(codes(verdictOf(withFloor(543, true), BUDGET))).not.toContain('overload-lasts');
  });

  test.each([900_000, 4_000_000, 8_000_000])('as the plan finds it, for %d viewers', (peakViewers) => {
    const finale = { ...FINALE, audience: { ...FINALE.audience!, peakViewers } };
    const played = environment({ shedsLoad: false });
    const found = plan([finale], toIso(FINALE.premiereAt - 86_400), played).environments[0]!.findings;
    const spec = rehearsed([finale], { environment: played });
    expect(codes(verdictOf(drawn(1000, {}, { spec }), BUDGET)).includes('overload-lasts')).toBe(
      found.some(({ code }) => code === 'capacity/retry-amplification'),
    );
  });
});

describe('a zone lost at the peak', () => {
  test('of each draw once more: until the load balancer notices, and what comes besides', () => {
    const lost = (plan: ZoneLossSummary): Rehearsal['zoneLost'] => ({
      plan,
      'target-tracking-60': zoneLoss({ mean: 9, p95: 9 }, 200, 200),
    });
    const none = drawn(200, {}, { zoneLost: lost(zoneLoss({ mean: 1, p95: 1 }, 0, 200)) });
    expect(said(verdictOf(none, BUDGET), 'zone-lost')).toBe(
      'With a zone lost at the peak of each night, which the figures above leave out: 1 outage minute on average until the load balancer has noticed after 30 s, which no floor changes, and no outage besides in 200 draws (≤ 1.5 %).',
    );
    const worse = drawn(200, {}, { zoneLost: lost(zoneLoss({ mean: 1.25, p95: 2 }, 20, 200)) });
    expect(said(verdictOf(worse, BUDGET), 'zone-lost')).toMatch(
      /: 1\.3 outage minutes on average .* and an outage besides in 10 % \(6\.7–15 %\) of the draws\.$/,
    );
    expect(codes(verdictOf(drawn(200, {}, { zoneLost: undefined }), BUDGET))).not.toContain('zone-lost');
  });

  test.each([
    [0, 'The lost zone makes no outage minute until the load balancer has noticed after 30 s.'],
    [
      1,
      'All outages here leave out the failover of the lost zone: at exact forecast 1 more minute is an outage until the load balancer has noticed after 30 s. No floor changes that.',
    ],
    [
      2,
      'All outages here leave out the failover of the lost zone: at exact forecast 2 more minutes are an outage until the load balancer has noticed after 30 s. No floor changes those.',
    ],
  ])('as asked for: what is judged is beside %d minutes of failover', (failoverMinutes, text) => {
    const rehearsal = {
      ...asked({ loseZone: true }),
      zoneLost: undefined,
      exact: PLAYED.exact.map((summary) => (summary.policy === 'plan' ? { ...summary, failoverMinutes } : summary)),
    };
    const verdict = verdictOf(rehearsal, BUDGET);
    expect(verdict.code).toBe('enough');
    expect(said(verdict, 'zone-lost')).toBe(text);
  });

  test('as asked for, it is played so: an outage of the failover alone is none', () => {
    const lost = new RunningRehearsal(rehearsed([FINALE], { whatIf: { loseZone: true } }), 1);
    lost.playNext();
    expect(said(verdictOf(lost.report(), 1), 'zone-lost')).toMatch(/ 1 more minute is an outage until/);
  });
});

describe('what it costs', () => {
  test.each([
    [1100, '45 % fewer than'],
    [2500, '25 % more than'],
    [2001, 'as many as'],
  ])('%d task-hours against 2,000 of a hand-written window: %s', (hours, compared) => {
    const outages = { plan: { hours, toOracle: 2.16 }, 'hand-written': { hours: 2000, happened: 7 } };
    const text = said(verdictOf(drawn(200, outages), BUDGET), 'cost')!;
    expect(text).toContain(
      `${compared} hand-written windows of what each release needs by itself. Outages, by the plan and by hand: 0 % (≤ 1.5 %) and 3.5 % (1.6–6.5 %).`,
    );
    expect(text).toContain('× 2.2 of what the oracle takes');
    expect(text).toMatch(/above the baseline of 120, over [\d.]+ h and planned for the 0\.9 quantile/);
  });

  test('that is below what the oracle takes has no price', () => {
    const text = said(verdictOf(drawn(200, { plan: { toOracle: 0.83 } }), BUDGET), 'cost')!;
    expect(text).toMatch(/It is × 0\.8 of what the oracle takes, which knows the night before\.$/);
  });

  test('is not compared with a window whose only raise was missed', () => {
    const spec = { ...FINALE_SPEC, whatIf: { ...NOTHING_UNUSUAL, missRaise: true } };
    const outages = { plan: { hours: 1100 }, 'hand-written': { hours: 2000 } };
    const text = said(verdictOf(drawn(200, outages, { spec }), BUDGET), 'cost')!;
    expect(text).toMatch(/^The plan takes 1,100 task-hours on average/);
    expect(text).not.toContain('hand');
  });

  test('is not compared with what was not played', () => {
    const only = <T extends { policy: PolicyName }>(list: readonly T[]): T[] =>
      list.filter(({ policy }) => policy === 'plan').map((each) => ({ ...each, toOracle: undefined }));
    const rehearsal = drawn(200, { plan: { hours: 1100 } });
    const text = said(
      verdictOf({ ...rehearsal, policies: only(rehearsal.policies), exact: only(rehearsal.exact) }, BUDGET),
      'cost',
    )!;
    expect(text).toMatch(/^The plan takes 1,100 task-hours on average \([^)]*\)\.$/);
  });
});

describe('target tracking alone', () => {
  const withExact = (outageMinutes: number): Rehearsal['exact'] =>
    PLAYED.exact.map((summary) => (summary.policy === 'target-tracking-60' ? { ...summary, outageMinutes } : summary));
  const low = (audienceFactor: number): Rehearsal['margins'] => ({
    ...PLAYED.margins,
    reactive: { audienceFactor, failsBy: 'retries' },
  });
  const margins = low(1.5);

  test('is said to fail, how long, how often, and beyond which audience', () => {
    const rehearsal = drawn(
      200,
      { 'target-tracking-60': { happened: 180 } },
      { exact: withExact(8), margins: low(0.333) },
    );
    expect(said(verdictOf(rehearsal, BUDGET), 'reactive')).toBe(
      'Target tracking alone (cooldown 60 s) is out for 8 min at exact forecast, has an outage in 90 % (85–94 %) of the draws and holds up to × 0.33 of the median audience.',
    );
  });

  test('is said to fail when only draws do', () => {
    const rehearsal = drawn(200, { 'target-tracking-60': { happened: 2 } }, { exact: withExact(0), margins });
    expect(said(verdictOf(rehearsal, BUDGET), 'reactive')).toContain(
      'has no outage at exact forecast, has an outage in 1 %',
    );
  });

  test('is not mentioned when it does not fail', () => {
    expect(codes(verdictOf(drawn(200, {}, { exact: withExact(0), margins }), BUDGET))).not.toContain('reactive');
  });

  test.each([
    [0.4267, 'already fails just above × 0.42 of the median audience, though not at × 1, where a fuller lobby sets'],
    [0, 'already fails at × 0.05 of the median audience, though not at × 1, where a fuller lobby sets'],
    [0.995, 'holds up to × 0.99 of the median audience.'],
  ])('that bears the forecast and no more than × %d says no contradiction', (audienceFactor, words) => {
    const rehearsal = drawn(200, {}, { exact: withExact(0), margins: low(audienceFactor) });
    const text = said(verdictOf(rehearsal, BUDGET), 'reactive');
    expect(text).toContain(`has no outage at exact forecast, has an outage in 0 % (≤ 1.5 %) of the draws and ${words}`);
  });

  test('that bears not even the least that is tried', () => {
    const text = said(verdictOf(drawn(200, {}, { exact: withExact(8), margins: low(0) }), BUDGET), 'reactive');
    expect(text).toMatch(/ and holds not even × 0\.05 of the median audience\.$/);
  });

  test('that fails at the forecast alone, between two multiples that were tried, has no margin', () => {
    const text = said(verdictOf(drawn(200, {}, { exact: withExact(8), margins }), BUDGET), 'reactive');
    expect(text).toMatch(/is out for 8 min at exact forecast and has an outage in 0 % \(≤ 1\.5 %\) of the draws\.$/);
  });
});

describe('a plan that fails with a smaller audience', () => {
  test('is not said to hold up to it', () => {
    const margins = { ...PLAYED.margins, plan: { audienceFactor: 0.8, failsBy: 'asked-too-little' as const } };
    expect(said(verdictOf(drawn(200, {}, { margins }), BUDGET), 'breaks-first')).toMatch(
      /^The plan already fails just above × 0\.80 of the median audience, though not at × 1, .* earlier, when all else is as forecast\. What breaks first beyond that: neither/,
    );
  });
});

describe('releases that come in the same hours', () => {
  const other = (id: string): RehearsalSpec['releases'][number] => ({ ...FINALE_SPEC.releases[0]!, id });
  const withOthers = (...ids: string[]): Rehearsal => {
    const spec = { ...FINALE_SPEC, releases: [...FINALE_SPEC.releases, ...ids.map(other)] };
    return drawn(200, { 'target-tracking-60': { happened: 3 } }, { spec });
  };

  test('are those with an audience, without the rehearsed one', () => {
    const silent = { ...other('silent'), audiences: [] };
    const { spec } = withOthers('a', 'b');
    expect(othersOf({ ...spec, releases: [...spec.releases, silent] })).toEqual(['a', 'b']);
    expect(othersOf(FINALE_SPEC)).toEqual([]);
  });

  test.each([
    [['a'], 'of either release', 'the median audiences of both releases', 'when both releases are as forecast'],
    [
      ['a', 'b'],
      'of any of the 3 releases',
      'the median audiences of all 3 releases',
      'when all 3 releases are as forecast',
    ],
  ])('%j: outages, margins and the exact night are of all of them', (ids, ofAny, audiences, exactly) => {
    const rehearsal = withOthers(...ids);
    const verdict = verdictOf(rehearsal, BUDGET);
    expect(said(verdict, 'outage')).toMatch(`Under the plan none of 200 draws has an outage ${ofAny}. How likely`);
    expect(said(verdict, 'breaks-first')).toContain(`of ${audiences}, when all else`);
    expect(said(verdict, 'reactive')).toContain(exactly);
    expect(said(verdict, 'reactive')).toContain(`of ${audiences}.`);
    const some = { ...rehearsal, policies: drawn(200, { plan: { happened: 2 } }).policies };
    expect(said(verdictOf(some, BUDGET), 'outage')).toContain(`2 of 200 draws have an outage ${ofAny}. How likely`);
    expect(said(verdictOf({ ...rehearsal, played: 0, policies: [] }, BUDGET), 'cost')).toContain(exactly);
  });
});

describe('a recorded night', () => {
  const shape = { startSeconds: -60, stepSeconds: 60, shares: [0, 1, 0] };
  const traced = rehearsed([FINALE], { trace: { shape } });
  const unforecast = rehearsed(
    [
      { ...FINALE, audience: undefined, floors: { playback: 300 } },
      release({ id: 'other', premiereAt: FINALE.premiereAt }),
    ],
    { trace: { shape, peakRequestsPerSecond: 100_000 } },
  );
  const alone = { ...unforecast, releases: unforecast.releases.filter(({ id }) => id === FINALE.id) };
  const outages = {
    'target-tracking-60': { happened: 3 },
    plan: { happened: 2, firstCauses: { 'asked-too-little': 2 } },
  } as const;

  test('of a release with a forecast: how many come is drawn, and neither how fast nor the lobby', () => {
    const verdict = verdictOf(drawn(200, {}, { spec: traced }), BUDGET);
    expect(said(verdict, 'limits')).toBe(
      'What is drawn of finale is how many come and when they begin; how fast they come and how many wait before is as recorded. How clients and units behave is assumed: no number of draws tells whether it is right.',
    );
    expect(said(verdict, 'breaks-first')).toContain('of the median audience, when all else is as forecast');
  });

  test('of a release without one: only the start is drawn, and there is no median', () => {
    const verdict = verdictOf(drawn(200, outages, { spec: alone }), BUDGET);
    expect(said(verdict, 'limits')).toMatch(
      /^What is drawn of finale is when people come; how many, and how fast, is as recorded\. How clients/,
    );
    expect(said(verdict, 'reactive')).toMatch(/ in the night as recorded, .* of the recorded night\.$/);
    expect(said(verdict, 'breaks-first')).toMatch(/Raise the floors that the entry states, or give it an audience\.$/);
    const holds = said(verdictOf(drawn(200, {}, { spec: alone }), BUDGET), 'breaks-first');
    expect(holds).toMatch(/of the recorded night, when all else is as recorded/);
    expect(JSON.stringify(verdict)).not.toMatch(/forecast|median/);
  });

  test('with others, which are drawn as ever', () => {
    const verdict = verdictOf(drawn(200, { 'target-tracking-60': { happened: 3 } }, { spec: unforecast }), BUDGET);
    expect(said(verdict, 'limits')).toContain(
      'is as recorded. Of the other releases it is how many come, how fast, how many wait in the app before, and when they begin. How',
    );
    expect(said(verdict, 'reactive')).toMatch(
      / in the night as recorded, with the others as forecast, .* of the recorded night and of the median audiences of the others\.$/,
    );
  });

  test('has no lobby that would set target tracking going', () => {
    const margins = { ...PLAYED.margins, plan: { audienceFactor: 0.8, failsBy: 'asked-too-little' as const } };
    const text = said(verdictOf(drawn(200, {}, { spec: traced, margins }), BUDGET), 'breaks-first');
    expect(text).toContain('where more requests before the premiere set target tracking going earlier');
  });
});

describe('what was asked besides the forecast', () => {
  test('is nothing, and the first sentence names nothing', () => {
    expect(unusualOf(FINALE_SPEC)).toEqual([]);
    expect(said(verdictOf(asked({}), BUDGET), 'outage')).toMatch(/^Under the plan/);
  });

  test.each<[Partial<WhatIf>, string]>([
    [{ audienceFactor: 2 }, 'an audience of × 2 the forecast'],
    [{ earlySeconds: 900 }, 'everybody 15 min early'],
    [{ earlySeconds: 90 }, 'everybody 90 s early'],
    [{ loseZone: true }, 'a zone lost at the peak'],
    [{ guard: false }, 'no guard'],
    [{ missRaise: true }, 'the first raise of each window missed'],
  ])('%j is named', (whatIf, words) => {
    const rehearsal = asked(whatIf);
    expect(unusualOf(rehearsal.spec)).toEqual([words]);
    expect(said(verdictOf(rehearsal, BUDGET), 'outage')).toMatch(new RegExp(`^With ${words}: under the plan none`));
  });

  test('a start that takes longer than planned, and a recorded night', () => {
    const slow = rehearsed([FINALE], { startLatencySeconds: 300 });
    expect(unusualOf(slow)).toEqual(['a start latency of 300 s, planned for 120 s']);
    const shape = { startSeconds: -60, stepSeconds: 60, shares: [0, 1, 0] };
    expect(unusualOf(rehearsed([FINALE], { trace: { shape } }))).toEqual([
      'a recorded night in place of the modelled one',
    ]);
  });
});

test('every sentence is one, and they come in the order of what matters', () => {
  const order = [
    'outage',
    'more-draws',
    'not-needed',
    'breaks-first',
    'overload-lasts',
    'zone-lost',
    'cost',
    'reactive',
    'limits',
  ];
  const margins = { plan: { audienceFactor: 3 }, reactive: { audienceFactor: 2 } };
  const spec = { ...FINALE_SPEC, floors: { ...FINALE_SPEC.floors, max: 200 } };
  const all = [
    verdictOf(drawn(20, {}, { margins, spec }), BUDGET),
    verdictOf(drawn(20, { 'target-tracking-60': { happened: 3 } }, { spec }), BUDGET),
  ];
  expect(new Set(all.flatMap(codes))).toEqual(new Set(order));
  for (const verdict of all) {
    expect(codes(verdict)).toEqual(order.filter((code) => codes(verdict).includes(code)));
    for (const { text } of verdict.sentences) {
      expect(text).toMatch(/^[A-Z].*\.$/);
      expect(text).not.toMatch(/NaN|undefined|Infinity/);
    }
  }
});

test('probabilities are not rounded to never or always, and bounds are rounded outwards', () => {
  const format = (happened: number, draws: number): string => formatProbability(probabilityOf(happened, draws));
  expect(format(0, 200)).toBe('0 % (≤ 1.5 %)');
  expect(format(182, 200)).toBe('91 % (86–95 %)');
  expect(format(200, 200)).toBe('100 % (≥ 98.5 %)');
  expect(format(1, 10_000)).toBe('0.01 % (0–0.048 %)');
  expect(format(9999, 10_000)).toMatch(/^99\.9 % \(99\.9–100 %\)$/);
});
