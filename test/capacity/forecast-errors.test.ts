import fc from 'fast-check';
import type { Observation, Release } from '../../lib/calendar/release';
import {
  type ForecastErrors,
  forecastErrors,
  statedSpreadErrors,
  tooOptimistic,
} from '../../lib/capacity/forecast-errors';
import { calendar, release } from './fixtures';

/** A release that was forecast and seen, in millions. */
function night(id: string, forecast: number, observed: number, fields: Partial<Release> = {}): Release {
  return release({
    id,
    premiereAt: 0,
    audience: { peakViewers: forecast * 1e6 },
    observed: { peakViewers: observed * 1e6, assumed: false, source: 'ours' },
    ...fields,
  });
}

function only(...releases: Release[]): ForecastErrors {
  const all = forecastErrors(calendar(...releases));
  expect(all).toHaveLength(1);
  return all[0]!;
}

test('errors are those of the logarithm about the forecast, with the bounds of chi-square', () => {
  // By hand: ln 1.5 = 0.405465 and ln 0.5 = −0.693147; their squares sum to 0.644855. With 2 degrees of freedom the
  // 0.95 and 0.05 quantiles of χ² are 5.991465 and 0.102587.
  const errors = only(night('a', 1, 1.5), night('b', 2, 1));
  expect(errors).toMatchObject({
    kind: 'finale',
    count: 2,
    releases: [
      { id: 'a', forecast: 1_000_000, observed: 1_500_000 },
      { id: 'b', forecast: 2_000_000, observed: 1_000_000 },
    ],
  });
  expect(errors.releases[0]!.error).toBeCloseTo(0.405465, 6);
  expect(errors.releases[1]!.error).toBeCloseTo(-Math.LN2, 12);
  expect(errors.sigma).toBeCloseTo(0.567827, 5);
  expect(errors.bias).toBeCloseTo(-0.143841, 6);
  expect(errors.low).toBeCloseTo(0.328067, 5);
  expect(errors.high).toBeCloseTo(2.507175, 4);
});

test('a forecast that is always too low is no good one: the bias counts', () => {
  const errors = only(night('a', 1, 2), night('b', 1, 2), night('c', 1, 2));
  expect(errors.sigma).toBeCloseTo(Math.LN2, 12);
  expect(errors.bias).toBeCloseTo(Math.LN2, 12);
});

test('kinds are apart and in a fixed order; what was assumed, not seen or not forecast is left out', () => {
  const assumed: Observation = { peakViewers: 9, assumed: true, source: 'press' };
  const all = forecastErrors(
    calendar(
      night('live', 1, 1, { kind: 'live' }),
      night('season', 1, 1, { kind: 'season' }),
      night('finale', 1, 1),
      night('assumed', 1, 1, { observed: assumed }),
      night('outage alone', 1, 1, { observed: { outageMinutes: 5, assumed: false, source: 'ours' } }),
      night('not seen', 1, 1, { observed: undefined }),
      night('floors', 1, 1, { audience: undefined, floors: { playback: 5 } }),
    ),
  );
  expect(all.map(({ kind, releases }) => [kind, releases.map(({ id }) => id)])).toEqual([
    ['finale', ['finale']],
    ['season', ['season']],
    ['live', ['live']],
  ]);
  expect(all[0]).toMatchObject({ count: 1, sigma: 0, bias: 0, low: 0, high: 0 });
});

describe('a configured sigma is too optimistic', () => {
  // Both nights off by ln 2: the squares sum to 0.960906, and σ = √(0.960906/5.991465) = 0.400473 is just believable.
  const two = only(night('a', 1, 2), night('b', 2, 1));

  test('when errors so large come with less than 1 in 20', () => {
    expect(tooOptimistic(two, 0.4004)).toBe(true);
    expect(tooOptimistic(two, 0.4005)).toBe(false);
    expect(two.high).toBeCloseTo(3.06, 2);
  });

  test('but not by one night, however far off', () => {
    expect(tooOptimistic(only(night('a', 1, 100)), 0.35)).toBe(false);
    expect(tooOptimistic(only(night('a', 1, 100), night('b', 1, 1)), 0.35)).toBe(true);
  });

  test('and never the one that was estimated', () => {
    const peaks = fc.array(fc.tuple(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1e9 })), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(peaks, (pairs) => {
        const errors = only(
          ...pairs.map(([forecast, observed], at) => night(`no-${at}`, forecast / 1e6, observed / 1e6)),
        );
        expect(tooOptimistic(errors, errors.sigma)).toBe(false);
        expect(errors.low).toBeLessThanOrEqual(errors.sigma);
        expect(errors.high).toBeGreaterThanOrEqual(errors.sigma);
      }),
    );
  });
});

test('spreads that entries state are judged in multiples of themselves', () => {
  const stated = (id: string, observed: number, spread: object): Release =>
    night(id, 1, observed, { audience: { peakViewers: 1e6, ...spread } });
  // ln 2/0.2 = 3.4657 and ln 2/0.4 = 1.7329; the root of their mean square is 2.7399.
  const errors = only(
    stated('a', 2, { uncertainty: 0.2 }),
    stated('b', 0.5, { uncertainty: 0.4 }),
    stated('none', 2, {}),
    // As likely passed as not, and never passed: such a spread has no multiples.
    stated('nothing', 2, { low: 1e6 }),
  );
  const spread = statedSpreadErrors(errors)!;
  expect(spread.count).toBe(2);
  expect(spread.sigma).toBeCloseTo(2.7399, 4);
  expect(tooOptimistic(spread, 1)).toBe(true);
  expect(statedSpreadErrors(only(night('a', 1, 2)))).toBeUndefined();
});

test('low and high state the spread by their ratio', () => {
  const audience = { peakViewers: 1e6, low: 0.5e6, high: 2e6 };
  // ln 4/2.563103 = 0.540862, and ln 2 is 1.281552 times that.
  expect(statedSpreadErrors(only(night('a', 1, 2, { audience })))!.sigma).toBeCloseTo(1.281552, 5);
});
