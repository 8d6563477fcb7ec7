import { POLICY_NAMES } from '../../lib/rehearsal/policies';
import type { DrawResult } from '../../lib/rehearsal/rehearse';
import type { Cause, RunResult } from '../../lib/rehearsal/simulate';
import { probabilityOf, summarise, summariseExact, summariseZoneLoss } from '../../lib/rehearsal/summary';
import { floors, IDLE_NIGHT, play, profile, spec } from './fixtures';

/** Probability of at most so many of `draws`. */
function binomialUpTo(happened: number, draws: number, probability: number): number {
  let sum = 0;
  let logChoose = 0;
  for (let count = 0; count <= happened; count += 1) {
    if (count > 0) logChoose += Math.log((draws - count + 1) / count);
    sum += Math.exp(logChoose + count * Math.log(probability) + (draws - count) * Math.log1p(-probability));
  }
  return sum;
}

describe('the interval of a probability', () => {
  test.each([
    // None in n: 1 − 0.05^(1/n), of which 3/n is the rule of three.
    { happened: 0, draws: 200, low: 0, high: 0.014867 },
    { happened: 0, draws: 299, low: 0, high: 0.009969 },
    { happened: 0, draws: 1000, low: 0, high: 0.002991 },
    { happened: 200, draws: 200, low: 0.985133, high: 1 },
    { happened: 0, draws: 1, low: 0, high: 0.95 },
    // Of tables of the two-sided 90 % interval of Clopper and Pearson.
    { happened: 5, draws: 10, low: 0.2224, high: 0.7776 },
    { happened: 1, draws: 10, low: 0.0051, high: 0.3942 },
    { happened: 1, draws: 20, low: 0.0026, high: 0.2161 },
  ])('is that of Clopper and Pearson for $happened of $draws', ({ happened, draws, low, high }) => {
    const found = probabilityOf(happened, draws);
    expect(found).toMatchObject({ happened, draws, estimate: happened / draws });
    expect(found.low).toBeCloseTo(low, happened === 0 || happened === draws ? 6 : 4);
    expect(found.high).toBeCloseTo(high, happened === 0 || happened === draws ? 6 : 4);
  });

  test('leaves one in twenty on each side, for few draws and for many', () => {
    for (const draws of [7, 200, 1000]) {
      for (const happened of [1, 2, Math.floor(draws / 3), draws - 1]) {
        const { low, high } = probabilityOf(happened, draws);
        expect(binomialUpTo(happened, draws, high)).toBeCloseTo(0.05, 6);
        expect(1 - binomialUpTo(happened - 1, draws, low)).toBeCloseTo(0.05, 6);
      }
    }
  });

  test('is the same seen from the other side', () => {
    const rare = probabilityOf(3, 40);
    const common = probabilityOf(37, 40);
    expect(rare.low).toBeCloseTo(1 - common.high, 9);
    expect(rare.high).toBeCloseTo(1 - common.low, 9);
  });

  test('is everything when nothing was played', () => {
    expect(probabilityOf(0, 0)).toEqual({ draws: 0, happened: 0, estimate: 0, low: 0, high: 1 });
  });
});

/** A run with so many unit-hours, in a day of which the baseline is 240. */
function run(unitHours: number, fields: Partial<RunResult> = {}): RunResult {
  const { result } = play(IDLE_NIGHT, { floors: floors(1, 1) });
  return { ...result, unitHours, ...fields };
}

describe('the summary of a policy', () => {
  const day = spec({ profile: profile({ pricePerUnitHour: 0.5 }) });

  test('has the mean and the 95th percentile of the draws', () => {
    const results = Array.from({ length: 40 }, (_, index): DrawResult => ({ plan: run(240 + index + 1) }));
    const { unitHours, unitHoursAbove, amountAbove } = summarise(day, 'plan', results);
    expect(unitHours).toEqual({ mean: 260.5, p95: 278 });
    expect(unitHoursAbove).toEqual({ mean: 20.5, p95: 38 });
    expect(amountAbove).toEqual({ mean: 10.25, p95: 19 });
    expect(summarise(day, 'plan', results.slice(0, 1)).unitHours).toEqual({ mean: 241, p95: 241 });
  });

  test('has its cost above the baseline as a multiple of the oracle’s', () => {
    const results: DrawResult[] = [
      { plan: run(240 + 30), oracle: run(240 + 10) },
      { plan: run(240 + 30), oracle: run(240 + 30) },
    ];
    expect(summarise(day, 'plan', results).toOracle).toBeCloseTo(1.5, 12);
    expect(summarise(day, 'oracle', results).toOracle).toBe(1);
    expect(summariseExact(day, 'plan', results[0]!).toOracle).toBe(3);
    // Nothing to compare with.
    expect(summarise(day, 'plan', [{ plan: run(270) }])).not.toHaveProperty('toOracle');
    expect(summarise(day, 'plan', [{ plan: run(270), oracle: run(240) }])).not.toHaveProperty('toOracle');
    expect(summariseExact(day, 'plan', { plan: run(270), oracle: run(240) })).not.toHaveProperty('toOracle');
  });

  test('counts draws with an outage, and why the first minute of each was one', () => {
    const outage = (outageMinutes: number, firstCause: Cause): DrawResult => ({
      plan: run(240, { outageMinutes, firstCause }),
    });
    const results = [outage(3, 'ceiling'), outage(1, 'ceiling'), outage(2, 'retries'), { plan: run(240) }];
    const found = summarise(day, 'plan', results);
    expect(found.outage).toMatchObject({ happened: 3, draws: 4, estimate: 0.75 });
    expect(found.outageMinutes).toEqual({ mean: 1.5, p95: 3 });
    expect(found.firstCauses).toEqual({ ceiling: 2, retries: 1 });
  });

  test('has the means of what was lost, of short minutes and of the accuracy', () => {
    const of = (value: number): DrawResult => {
      const sound = run(240);
      return {
        plan: {
          ...sound,
          shortMinutes: value,
          requests: { ...sound.requests, failed: 100 * value },
          accuracy: { thetaUnder: value, thetaOver: 2 * value, tauUnder: 3 * value, tauOver: 4 * value },
        },
      };
    };
    expect(summarise(day, 'plan', [of(1), of(3)])).toMatchObject({
      shortMinutes: { mean: 2, p95: 3 },
      lostRequests: { mean: 200, p95: 300 },
      accuracy: { thetaUnder: 2, thetaOver: 4, tauUnder: 6, tauOver: 8 },
    });
  });

  test('of a lost zone tells the minutes until the load balancer noticed from those after it', () => {
    const minutes = (failoverMinutes: number, outageMinutes: number): RunResult =>
      run(240, { failoverMinutes, outageMinutes });
    const lost = (plan: RunResult, reactive: RunResult): DrawResult => ({
      zoneLost: { plan, 'target-tracking-60': reactive },
    });
    expect(
      summariseZoneLoss([
        lost(minutes(1, 0), minutes(1, 3)),
        lost(minutes(2, 2), minutes(2, 9)),
        lost(minutes(0, 0), minutes(1, 0)),
      ]),
    ).toMatchObject({
      plan: { outageAfterFailover: { happened: 1, draws: 3 }, failoverMinutes: { mean: 1, p95: 2 } },
      'target-tracking-60': {
        outageAfterFailover: { happened: 2, draws: 3 },
        failoverMinutes: { mean: 4 / 3, p95: 2 },
      },
    });
  });

  test('leaves the minutes until a lost zone was noticed out of its outages, and the exact night shows them apart', () => {
    const results: DrawResult[] = [{ plan: run(240, { failoverMinutes: 2 }) }];
    expect(summarise(day, 'plan', results)).toMatchObject({ outage: { happened: 0 }, outageMinutes: { mean: 0 } });
    expect(summariseExact(day, 'plan', results[0]!)).toMatchObject({ outageMinutes: 0, failoverMinutes: 2 });
  });

  test('can be made of any policy that was played', () => {
    const all = Object.fromEntries(POLICY_NAMES.map((name, index) => [name, run(240 + index)])) as DrawResult;
    POLICY_NAMES.forEach((name, index) => {
      expect(summarise(day, name, [all])).toMatchObject({ policy: name, unitHours: { mean: 240 + index } });
      expect(summariseExact(day, name, all)).toMatchObject({ policy: name, unitHoursAbove: index, lostRequests: 0 });
    });
  });
});
