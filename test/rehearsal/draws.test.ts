import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { audienceCurve, CURVE_STEP_SECONDS } from '../../lib/capacity/demand';
import { demandTimeline } from '../../lib/capacity/demand-timeline';
import { toIso } from '../../lib/capacity/instants';
import { AS_FORECAST, type Surprise, stratifiedDraws } from '../../lib/rehearsal/draws';
import { exactNight, nightOf } from '../../lib/rehearsal/night';
import { POLICY_NAMES } from '../../lib/rehearsal/policies';
import { randomStream } from '../../lib/rehearsal/random';
import { RunningRehearsal } from '../../lib/rehearsal/rehearsal';
import { playDraw } from '../../lib/rehearsal/rehearse';
import type { Night } from '../../lib/rehearsal/simulate';
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

  test('a recorded night comes instead: its peak where the model has one, linear between its samples, nothing around it', () => {
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
    for (const outside of [-125, 60, 65]) expect(above(outside)).toBe(0);
    expect(peakOf(traced, exactNight(traced))).toEqual({ above: 1000, at: FINALE.premiereAt + 180 });
    // Without a peak of its own it is as high as the forecast.
    const scaled = rehearsed([FINALE], { trace: { shape } });
    expect(peakOf(scaled, exactNight(scaled)).above).toBeCloseTo(peakOf(ALONE, exactNight(ALONE)).above, 3);
  });
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
