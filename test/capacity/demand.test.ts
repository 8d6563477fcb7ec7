import type { ReleaseKind } from '../../lib/calendar/release';
import { audienceCurve } from '../../lib/capacity/demand';
import { DEFAULT_DEMAND_MODEL as MODEL, resolveDemandModel } from '../../lib/capacity/demand-model';
import { forecastSigma, quantileFactor } from '../../lib/capacity/forecast';
import { unitsFor } from '../../lib/capacity/units';
import { playback } from './fixtures';

const PROFILE = playback();

function forecast(kind: ReleaseKind, viewers: number) {
  const curve = audienceCurve(kind, MODEL.kinds[kind].lengthMinutes * 60, MODEL);
  const requestsAt = (minutes: number): number =>
    viewers * curve.requests[Math.round((minutes * 60 - curve.startSeconds) / curve.stepSeconds)]!;
  const peak = viewers * curve.requestsPeak;
  const planned = peak * quantileFactor(0.9, MODEL.kinds[kind].sigma);
  return {
    curve,
    peak,
    peakMinutes: curve.requestsPeakSeconds / 60,
    requestsAt,
    lobby: viewers * Math.max(...curve.lobby),
    tasks: unitsFor(planned + PROFILE.baselineRequestsPerSecond, PROFILE, 3),
    medianTasksAt: (minutes: number) => unitsFor(requestsAt(minutes) + PROFILE.baselineRequestsPerSecond, PROFILE, 3),
  };
}

describe('the check column of the capacity model, for 9 million viewers in prod', () => {
  test('finale', () => {
    const finale = forecast('finale', 9e6);
    expect(finale.lobby / 1e6).toBeCloseTo(2.26, 2);
    expect(Math.round(finale.requestsAt(-1 / 12) / 1000)).toBe(75);
    expect(Math.round(finale.peak / 1000)).toBe(308);
    expect(finale.peakMinutes).toBe(3);
    expect(finale.tasks).toBe(972);
    expect(finale.medianTasksAt(60)).toBe(379);
  });

  test('episode', () => {
    const episode = forecast('episode', 9e6);
    expect(Math.round(episode.peak / 1000)).toBe(173);
    expect(episode.peakMinutes).toBeCloseTo(60.6, 1);
    expect(episode.tasks).toBe(515);
    expect(forecast('episode', 2e6).tasks).toBe(208);
  });

  test('season', () => {
    const season = forecast('season', 9e6);
    expect(Math.round(season.peak / 1000)).toBe(168);
    expect(Math.round(season.peakMinutes)).toBe(90);
    expect(season.tasks).toBe(684);
  });
});

test('a live event of two hours needs most at its end, when its audience leaves', () => {
  const { requestsPeak, requestsPeakSeconds } = audienceCurve('live', 7200, MODEL);
  expect(Math.round((9e6 * requestsPeak) / 1000)).toBe(185);
  expect(requestsPeakSeconds).toBe(7200);
  expect(unitsFor(9e6 * requestsPeak * quantileFactor(0.9, 0.5) + 68_000, PROFILE, 3)).toBe(739);
});

test.each(['season', 'episode', 'finale'] as const)('everybody who plays a %s leaves it in the end', (kind) => {
  const { plays, exits, viewers, stepSeconds } = audienceCurve(kind, 3600, MODEL);
  const total = (curve: Float64Array): number => curve.reduce((sum, rate) => sum + rate * stepSeconds, 0);
  expect(total(exits) / total(plays)).toBeCloseTo(1, 2);
  expect(Math.max(...viewers)).toBeCloseTo(1, 10);
  // Little's law: viewers integrate to plays times the mean time watched, 0.2 · 10 min + 0.8 · 1.025 · 60 min.
  expect(total(viewers) / total(plays) / 60).toBeCloseTo(0.2 * 10 + 0.8 * 1.025 * 60, 0);
});

test('nobody comes before the lobby opens, and the lobby is empty when its plays have started', () => {
  const { lobby, plays, requests, startSeconds, stepSeconds } = audienceCurve('finale', 7200, MODEL);
  const at = (minutes: number): number => (minutes * 60 - startSeconds) / stepSeconds;
  expect(startSeconds).toBe(-30 * 60);
  expect(requests[0]).toBe(0);
  expect(lobby[at(-15)]! / lobby[at(0)]!).toBeCloseTo(0.5, 1);
  expect(lobby[at(15)]).toBe(0);
  expect(plays[at(0)]).toBe(0);
  expect(plays[at(1)]).toBeGreaterThan(0);
});

test('a live audience rises by at most 5 % a minute, stays to the end, then halves every 12 minutes', () => {
  const { viewers, lobby, startSeconds, stepSeconds } = audienceCurve('live', 7200, MODEL);
  const at = (minutes: number): number => viewers[(minutes * 60 - startSeconds) / stepSeconds]!;
  for (let minute = -60; minute < 60; minute += 1) expect(at(minute + 1) - at(minute)).toBeLessThanOrEqual(0.05);
  expect(at(-4) - at(-6)).toBeGreaterThan(0.099);
  expect(at(120)).toBeCloseTo(1, 6);
  expect(at(132)).toBeCloseTo(0.5, 2);
  expect(at(144)).toBeCloseTo(0.25, 2);
  expect(Math.max(...lobby)).toBe(0);
});

test('a profile overrides single numbers of the model and keeps the others', () => {
  const model = resolveDemandModel(playback({ demand: { requestsPerPlay: 6, kinds: { finale: { sigma: 0.1 } } } }));
  expect(model).toEqual({
    ...MODEL,
    requestsPerPlay: 6,
    kinds: { ...MODEL.kinds, finale: { ...MODEL.kinds.finale, sigma: 0.1 } },
  });
});

test.each([
  ['both bounds by their ratio', { low: 6_000_000, high: 14_000_000 }, 0.3306],
  ['the upper bound and the median', { high: 14_000_000 }, 0.3448],
  ['the lower bound and the median', { low: 6_000_000 }, 0.3164],
  ['what is stated', { uncertainty: 0.5 }, 0.5],
  ['the fallback', {}, 0.7],
])('the spread of a forecast comes from %s', (_, fields, sigma) => {
  expect(forecastSigma({ peakViewers: 9_000_000, ...fields }, 0.7)).toBeCloseTo(sigma, 4);
});

test('one in ten peaks is above the planned one', () => {
  expect(quantileFactor(0.9, 0.35)).toBeCloseTo(Math.exp(1.2815515655 * 0.35), 9);
  expect(quantileFactor(0.5, 0.35)).toBeCloseTo(1, 12);
});

describe('units for a rate of requests', () => {
  test('the loss of one of three zones decides, and of five zones the ordinary load', () => {
    expect(unitsFor(340_000, PROFILE, 3)).toBe(600);
    expect(unitsFor(340_000, PROFILE, 5)).toBe(567);
  });

  test('the baseline bears its own demand exactly, without a unit for the last bits of the product', () => {
    expect(unitsFor(68_000, PROFILE, 3)).toBe(120);
    expect(unitsFor(68_001, PROFILE, 3)).toBe(121);
  });

  test('never below the baseline', () => {
    expect(unitsFor(0, PROFILE, 3)).toBe(120);
  });
});
