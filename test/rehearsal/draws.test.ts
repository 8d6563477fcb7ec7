import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { audienceCurve, CURVE_STEP_SECONDS } from '../../lib/capacity/demand';
import { demandTimeline } from '../../lib/capacity/demand-timeline';
import { toIso } from '../../lib/capacity/instants';
import { AS_FORECAST, type Surprise, stratifiedDraws } from '../../lib/rehearsal/draws';
import { exactNight, nightOf, zoneLossAtPeak } from '../../lib/rehearsal/night';
import { POLICY_NAMES, policyOf } from '../../lib/rehearsal/policies';
import { randomStream } from '../../lib/rehearsal/random';
import { RunningRehearsal } from '../../lib/rehearsal/rehearsal';
import { playDraw } from '../../lib/rehearsal/rehearse';
import { type Night, simulate } from '../../lib/rehearsal/simulate';
import type { RehearsalSpec } from '../../lib/rehearsal/spec';
import { calendar, environment, release } from '../capacity/fixtures';
import { FINALE, rehearsalJson, rehearsed } from './fixtures';

const EPISODE = release({
  id: 'episode',
  premiereAt: FINALE.premiereAt - 7200,
  kind: 'episode',
  audience: { peakViewers: 1_000_000, uncertainty: 0.2 },
  previouslyAt: [FINALE.premiereAt - 4 * 3600],
});

const BOTH = rehearsed([FINALE, EPISODE]);

const ALONE = rehearsed([FINALE]);

/** The night in which the first release turns out so. */
function surprised(spec: RehearsalSpec, surprise: Partial<Surprise>): Night {
  const surprises = spec.releases.map(({ id }) => (id === 'finale' ? { ...AS_FORECAST, ...surprise } : AS_FORECAST));
  return nightOf(spec, { surprises, seed: 1 });
}

/** What comes besides the baseline's own, and when it is most. */
function peakOf(spec: RehearsalSpec, { demand, startAt }: Night): { above: number; at: number } {
  let peak = 0;
  demand.forEach((requests, step) => {
    if (requests > demand[peak]!) peak = step;
  });
  return { above: demand[peak]! - spec.baselineRequestsPerSecond, at: startAt + peak * CURVE_STEP_SECONDS };
}

/** Pearson's. */
function correlationOf(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanOfA, meanOfB] = [mean(a), mean(b)];
  const product = (left: readonly number[], of: number, right: readonly number[], other: number): number =>
    left.reduce((sum, value, index) => sum + (value - of) * (right[index]! - other), 0);
  return product(a, meanOfA, b, meanOfB) / Math.sqrt(product(a, meanOfA, a, meanOfA) * product(b, meanOfB, b, meanOfB));
}

describe('random numbers', () => {
  test('are spread evenly, from one seed and over seeds', () => {
    const { next } = randomStream(5);
    const count = (numbers: number[]): number[] => {
      const tenths = Array<number>(10).fill(0);
      for (const number of numbers) tenths[Math.floor(10 * number)]! += 1;
      return tenths;
    };
    const tenths = [
      ...count(Array.from({ length: 5000 }, next)),
      ...count(Array.from({ length: 5000 }, (_, seed) => randomStream(seed).next())),
    ];
    // 500 of each are expected, give or take 21.
    expect(Math.min(...tenths)).toBeGreaterThan(400);
    expect(Math.max(...tenths)).toBeLessThan(600);
  });

  test('permute what they are given', () => {
    const order = randomStream(3).permutation(50);
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(order).not.toEqual(randomStream(4).permutation(50));
  });
});

describe('stratified draws', () => {
  const DRAWS = 200;
  const draws = stratifiedDraws(11, DRAWS, 3);

  test('have each of the equally likely strata once, in every dimension of every release', () => {
    for (const place of [0, 1, 2]) {
      for (const dimension of ['audience', 'rise', 'lobby', 'start'] as const) {
        const quantiles = draws.map(({ surprises }) => surprises[place]![dimension]);
        const strata = quantiles.map((quantile) => Math.floor(quantile * DRAWS)).toSorted((a, b) => a - b);
        expect(strata).toEqual(Array.from({ length: DRAWS }, (_, stratum) => stratum));
      }
    }
  });

  test('are drawn in an order of their own in each dimension', () => {
    const of = (dimension: keyof Surprise, place = 0): number[] =>
      draws.map(({ surprises }) => surprises[place]![dimension]);
    const correlation = (a: number[], b: number[]): number =>
      (12 / DRAWS) * a.reduce((sum, value, index) => sum + (value - 0.5) * (b[index]! - 0.5), 0);
    for (const dimension of ['rise', 'lobby', 'start'] as const) {
      expect(Math.abs(correlation(of('audience'), of(dimension)))).toBeLessThan(0.25);
    }
    expect(Math.abs(correlation(of('audience'), of('audience', 1)))).toBeLessThan(0.25);
  });

  test('are decided by their seed', () => {
    expect(stratifiedDraws(11, DRAWS, 3)).toEqual(draws);
    expect(stratifiedDraws(12, DRAWS, 3)).not.toEqual(draws);
    expect(new Set(draws.map(({ seed }) => seed)).size).toBe(DRAWS);
  });
});

describe('the night in which everything is as forecast', () => {
  test('is that of the median quantiles', () => {
    expect(surprised(BOTH, {}).demand).toEqual(exactNight(BOTH).demand);
  });

  test('needs what the planner says that the median needs, step by step', () => {
    const releases = calendar(FINALE, EPISODE);
    const { medianUnits } = demandTimeline({
      calendar: releases,
      environment: environment(),
      layer: 'playback',
      from: toIso(BOTH.from),
      to: toIso(BOTH.to),
      stepSeconds: CURVE_STEP_SECONDS,
    });
    const { required, startAt } = exactNight(BOTH);
    expect(startAt).toBe(BOTH.from);
    expect(Array.from(required)).toEqual(medianUnits);
    // Section 1 of the capacity model: the finale alone asks for 308,000 requests per second, three minutes after the drop.
    const { above, at } = peakOf(ALONE, exactNight(ALONE));
    expect(above / 1000).toBeCloseTo(308, 0);
    expect(at).toBe(FINALE.premiereAt + 180);
    expect(ALONE.peakSeconds).toBe(180);
  });

  test('does not depend on the order of the entries', () => {
    const swapped = rehearsed([FINALE, EPISODE].toReversed(), { release: 'finale' }, toIso(FINALE.premiereAt - 86_400));
    expect(swapped).toEqual(BOTH);
    expect(exactNight(swapped).demand).toEqual(exactNight(BOTH).demand);
  });
});

describe('a surprise', () => {
  const forecast = peakOf(ALONE, exactNight(ALONE));

  test('of the audience scales it by its lognormal forecast', () => {
    // The ninth decile of a sigma of 0.35.
    expect(peakOf(ALONE, surprised(ALONE, { audience: 0.9 })).above / forecast.above).toBeCloseTo(
      Math.exp(1.28155 * 0.35),
      5,
    );
    expect(peakOf(ALONE, surprised(ALONE, { audience: 0.1 })).above / forecast.above).toBeCloseTo(
      Math.exp(-1.28155 * 0.35),
      5,
    );
  });

  test('of the start shifts the whole night, by five minutes at most', () => {
    for (const [start, shift] of [
      [0, -300],
      [0.25, -150],
      [1, 300],
    ] as const) {
      const { demand } = surprised(ALONE, { start });
      const steps = shift / CURVE_STEP_SECONDS;
      const exact = exactNight(ALONE).demand;
      const inside = demand.slice(Math.max(0, steps), demand.length + Math.min(0, steps));
      expect(inside).toEqual(exact.slice(Math.max(0, -steps), exact.length - Math.max(0, steps)));
    }
  });

  test('of the rise takes the peak of the plays from one minute to nine after the drop, and of the requests nearly so far', () => {
    // With those who watch and those who wait: their number grows and falls while plays hardly change around their peak.
    const peakAfter = (rise: number): number => peakOf(ALONE, surprised(ALONE, { rise })).at - FINALE.premiereAt;
    expect([60, 65]).toContain(peakAfter(0));
    expect(peakAfter(1)).toBeGreaterThan(450);
    expect(peakAfter(1)).toBeLessThanOrEqual(540);
  });

  test('of the rise is three times as fast and as slow at its ends, and eleven of them are as likely', () => {
    const { model } = ALONE;
    const times = (slower: number): Float64Array => {
      const { finale } = model.kinds;
      const kinds = {
        ...model.kinds,
        finale: { ...finale, playsPeakMinutes: finale.playsPeakMinutes * slower },
      };
      const shaped = { ...model, liveScaleMinutes: model.liveScaleMinutes * slower, kinds };
      return exactNight({ ...ALONE, model: shaped }).demand;
    };
    const drawn = (rise: number): Float64Array => surprised(ALONE, { rise }).demand;
    const [fastest, slowest] = [3 ** -1, 3];
    // An eleventh of the draws is at each end.
    for (const rise of [0.001, 0.09]) expect(drawn(rise)).toEqual(times(fastest));
    for (const rise of [0.91, 0.999]) expect(drawn(rise)).toEqual(times(slowest));
    for (const rise of [0.46, 0.54]) expect(drawn(rise)).toEqual(times(1));
    const count = 220;
    const often = new Map<number, number>();
    for (let stratum = 0; stratum < count; stratum += 1) {
      const aMinuteLater = drawn((stratum + 0.5) / count)[(FINALE.premiereAt + 60 - ALONE.from) / CURVE_STEP_SECONDS]!;
      often.set(aMinuteLater, (often.get(aMinuteLater) ?? 0) + 1);
    }
    expect([...often.values()]).toEqual(Array(11).fill(count / 11));
  });

  test('of the lobby is up to twice the people who wait, and half of them', () => {
    const { model } = ALONE;
    const curve = audienceCurve('finale', ALONE.releases[0]!.audiences[0]!.lengthSeconds, model);
    const waiting = Math.max(...curve.lobby) * 9_000_000 * (model.requestsPerRefresh / model.refreshSeconds);
    const beforeDrop = (lobby: number): number => {
      const { demand } = surprised(ALONE, { lobby });
      return demand[(FINALE.premiereAt - ALONE.from) / CURVE_STEP_SECONDS - 1]! - ALONE.baselineRequestsPerSecond;
    };
    expect(beforeDrop(0.5) / waiting).toBeCloseTo(1, 1);
    expect(beforeDrop(1) / beforeDrop(0.5)).toBeCloseTo(2, 6);
    expect(beforeDrop(0) / beforeDrop(0.5)).toBeCloseTo(0.5, 6);
  });

  test('of the scheduler is a lateness of each action by itself, within the delay that was planned for', () => {
    const delay = ALONE.conditions.leadTime.schedulerDelaySeconds;
    const { latenessOf } = surprised(ALONE, {});
    const late = Array.from({ length: 60 }, (_, action) => latenessOf(ALONE.from + 300 * action));
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(delay);
    // Evenly spread: actions one after the other are no more alike than any two.
    expect(Math.min(...late)).toBeLessThan(0.2 * delay);
    expect(Math.max(...late)).toBeGreaterThan(0.8 * delay);
    const apart = late.slice(1).map((seconds, action) => Math.abs(seconds - late[action]!) / delay);
    expect(apart.reduce((sum, distance) => sum + distance, 0) / apart.length).toBeGreaterThan(0.2);
    // As late under one policy as under the next.
    expect(latenessOf(ALONE.from + 300)).toBe(late[1]);
  });

  test('of the scheduler at instants five minutes apart has nothing to do with one another, in a draw and over draws', () => {
    const count = 2000;
    // Three standard errors of the correlation of so many independent pairs are 0.067.
    const most = 0.06;
    for (const seed of [1, 77, 12_345_678, 2_000_000_000]) {
      const { latenessOf } = nightOf(ALONE, { surprises: [AS_FORECAST], seed });
      const late = Array.from({ length: count + 3 }, (_, action) => latenessOf(ALONE.from + 300 * action));
      for (const apart of [1, 2, 3]) {
        expect(Math.abs(correlationOf(late.slice(0, count), late.slice(apart, count + apart)))).toBeLessThan(most);
      }
    }
    const nights = stratifiedDraws(5, count, 0).map(({ seed }) =>
      nightOf({ ...ALONE, releases: [] }, { surprises: [], seed }),
    );
    const at = (instant: number): number[] => nights.map(({ latenessOf }) => latenessOf(instant));
    const first = at(FINALE.premiereAt);
    for (const apart of [60, 300, 600, 3600]) {
      expect(Math.abs(correlationOf(first, at(FINALE.premiereAt + apart)))).toBeLessThan(most);
    }
  });
});

describe('what if', () => {
  test('everybody comes earlier, or more of them, or a zone is lost at the peak', () => {
    const whatIf = { audienceFactor: 2, earlySeconds: 900, loseZone: true };
    const played = rehearsed([FINALE], { whatIf });
    const { above, at } = peakOf(played, exactNight(played));
    const forecast = peakOf(ALONE, exactNight(ALONE));
    expect(above).toBeCloseTo(2 * forecast.above, 3);
    expect(at).toBe(forecast.at - 900);
    expect(exactNight(played).zoneLoss).toEqual({ at: FINALE.premiereAt + 180 - 900, share: 1 / 3 });
    expect(exactNight(ALONE)).not.toHaveProperty('zoneLoss');
  });

  test('a zone is lost at the peak of each night, whenever that is', () => {
    const loseZone = rehearsed([FINALE], { whatIf: { loseZone: true } });
    const peaks = [{}, { rise: 0 }, { rise: 1, start: 1 }, { lobby: 1, start: 0 }].map((surprise) => {
      const played = surprised(loseZone, surprise);
      const { at } = peakOf(loseZone, played);
      expect(played.zoneLoss).toEqual({ at, share: 1 / 3 });
      return at;
    });
    expect(new Set(peaks).size).toBe(4);

    // Under every policy that is played with a zone lost besides, too.
    const draw = { surprises: [{ ...AS_FORECAST, rise: 1, start: 1 }], seed: 1 };
    const { zoneLost } = playDraw(ALONE, draw, { policies: ['plan'], zoneLost: true });
    for (const name of ['plan', 'target-tracking-60'] as const) {
      const lostAt = (at: number): unknown => {
        const played = { ...nightOf(ALONE, draw), zoneLoss: { at, share: 1 / 3 } };
        return simulate(played, policyOf(name, ALONE, played), ALONE.conditions);
      };
      expect(zoneLost![name]).toEqual(lostAt(peakOf(ALONE, nightOf(ALONE, draw)).at));
      expect(zoneLost![name]).not.toEqual(lostAt(FINALE.premiereAt + ALONE.peakSeconds));
    }
  });

  test('a zone is lost at the first of peaks that are as high', () => {
    const demand = Float64Array.from([1, 5, 2, 5]);
    expect(zoneLossAtPeak({ startAt: ALONE.from, demand }, 2)).toEqual({
      at: ALONE.from + CURVE_STEP_SECONDS,
      share: 1 / 2,
    });
  });

  test('a recorded night comes instead: its peak where the model has one, linear between its samples', () => {
    const shape = { startSeconds: -120, stepSeconds: 60, shares: [0.5, 0.25, 1, 0] };
    const traced = rehearsed([FINALE], { trace: { shape, peakRequestsPerSecond: 1000 } });
    const { demand } = exactNight(traced);
    const above = (seconds: number): number =>
      demand[(FINALE.premiereAt + 180 + seconds - traced.from) / CURVE_STEP_SECONDS]! -
      traced.baselineRequestsPerSecond;
    const tolerance = 6;
    expect(above(0)).toBeCloseTo(1000, tolerance);
    expect(above(-60)).toBeCloseTo(250, tolerance);
    expect(above(-120)).toBeCloseTo(500, tolerance);
    expect(above(-30)).toBeCloseTo(625, tolerance);
    expect(above(15)).toBeCloseTo(750, tolerance);
    // Before the first sample and after the last as much as in them.
    for (const before of [-125, -3600]) expect(above(before)).toBeCloseTo(500, tolerance);
    for (const after of [60, 65, 3600]) expect(above(after)).toBe(0);
    expect(peakOf(traced, exactNight(traced))).toEqual({ above: 1000, at: FINALE.premiereAt + 180 });
    // Without a peak of its own it is as high as the forecast.
    const scaled = rehearsed([FINALE], { trace: { shape } });
    expect(peakOf(scaled, exactNight(scaled)).above).toBeCloseTo(peakOf(ALONE, exactNight(ALONE)).above, 3);
  });
});

test('a recorded night with a background has no cliff at its ends, be it early, late or of another size', () => {
  const shares = [0.4, 0.4, 0.7, 1, 0.6, 0.3];
  const stepSeconds = 300;
  const peakRequestsPerSecond = 1000;
  const traced = rehearsed([FINALE], {
    trace: { shape: { startSeconds: -900, stepSeconds, shares }, peakRequestsPerSecond },
  });
  for (const surprise of [{}, { start: 0.01 }, { start: 0.99, audience: 0.9 }]) {
    const played = surprised(traced, surprise);
    const { demand } = played;
    const { above } = peakOf(traced, played);
    const inFirst = demand.at(0)! - traced.baselineRequestsPerSecond;
    const inLast = demand.at(-1)! - traced.baselineRequestsPerSecond;
    expect(inFirst / above).toBeCloseTo(0.4, 2);
    expect(inLast / above).toBeCloseTo(0.3, 2);
    // The steepest part falls by 0.4 of the peak in five minutes.
    const steepest = (0.4 * above * CURVE_STEP_SECONDS) / stepSeconds;
    const changes = demand.slice(1).map((requests, step) => Math.abs(requests - demand[step]!));
    expect(Math.max(...changes)).toBeLessThan(steepest * 1.02);
  }
});

describe('the same seed', () => {
  test('is the same bytes, also in another process and in other time zones', async () => {
    const here = rehearsalJson();
    expect(rehearsalJson()).toBe(here);
    const script = `process.stdout.write(require(${JSON.stringify(join(__dirname, 'fixtures.ts'))}).rehearsalJson())`;
    const there = await Promise.all(
      ['Pacific/Chatham', 'UTC'].map((zone) =>
        promisify(execFile)(process.execPath, ['--import', 'tsx', '--eval', script], {
          cwd: join(__dirname, '..', '..'),
          env: { PATH: process.env['PATH'], TZ: zone },
          maxBuffer: 1e8,
        }),
      ),
    );
    for (const { stdout } of there) expect(stdout === here).toBe(true);
    expect(here.length).toBeGreaterThan(10_000);
  }, 60_000);

  test('is the same results, whatever was played before a draw', () => {
    const casting = { policies: POLICY_NAMES, zoneLost: true };
    const draws = stratifiedDraws(3, 3, BOTH.releases.length);
    const inOrder = draws.map((draw) => playDraw(BOTH, draw, casting));
    const backwards = draws.toReversed().map((draw) => playDraw(BOTH, draw, casting));
    expect(backwards.toReversed()).toEqual(inOrder);
    expect(playDraw(structuredClone(BOTH), structuredClone(draws[2]!), casting)).toEqual(inOrder[2]);
  });

  test('is not what another one plays', () => {
    const drawsOf = (seed: number): unknown => new RunningRehearsal({ ...BOTH, seed }, 4).draws;
    expect(drawsOf(1)).not.toEqual(drawsOf(2));
  });
});
