import fc from 'fast-check';
import { Station } from '../../lib/rehearsal/station';
import { scenarios } from './arbitraries';
import { play } from './fixtures';

/** Rounding of sums, relative to what is summed. */
const ROUNDING = 1e-9;

/** All numbers in a value, however deep. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

test('in any night every request is answered, has failed or is in flight; nothing is negative or not a number', () => {
  fc.assert(
    fc.property(scenarios, ({ night, policy, conditions }) => {
      const { result, minutes } = play(night, policy, conditions);
      const { arrived, answered, failed, inFlight } = result.requests;
      const sent = night.demand.reduce((sum, rate) => sum + rate * conditions.stepSeconds, 0);
      expect(Math.abs(arrived - sent)).toBeLessThanOrEqual(ROUNDING * sent);
      expect(Math.abs(arrived - answered - failed - inFlight)).toBeLessThanOrEqual(ROUNDING * arrived);
      // Not a number is neither.
      const isSound = (value: number): boolean => value >= -ROUNDING * Math.max(1, arrived) && value < Infinity;
      expect(numbersIn({ result, minutes }).filter((value) => !isSound(value))).toEqual([]);
    }),
    { numRuns: 400 },
  );
});

test('in any night each minute with failures is an outage with a cause, or one in which a lost zone is not noticed yet', () => {
  fc.assert(
    fc.property(scenarios, ({ night, policy, conditions }) => {
      // Of the smallest numbers there are, one in a hundred is none.
      fc.pre(night.demand.every((requests) => requests === 0 || requests > 1e-200));
      const { result, minutes } = play(night, policy, conditions);
      const { outageMinutes, failoverMinutes, causes, firstCause, firstOutageAt } = result;
      // One in a hundred, give or take rounding.
      const above = (share: number): number => minutes.failedShare.filter((failed) => failed > share).length;
      expect(outageMinutes + failoverMinutes).toBeGreaterThanOrEqual(above(0.010001));
      expect(outageMinutes + failoverMinutes).toBeLessThanOrEqual(above(0.009999));
      expect(Object.values(causes).reduce((sum, count) => sum + count, 0)).toBe(outageMinutes);
      expect([firstCause !== undefined, firstOutageAt !== undefined]).toEqual(Array(2).fill(outageMinutes > 0));
      // A span touches one minute of the clock more than it fills.
      const most = night.zoneLoss ? Math.ceil(conditions.failoverSeconds / 60) + 1 : 0;
      expect(failoverMinutes).toBeLessThanOrEqual(most);
    }),
    { numRuns: 200 },
  );
});

test('in any night tries are the users’ requests and at most so many retries of each', () => {
  fc.assert(
    fc.property(scenarios, ({ night, policy, conditions }) => {
      const { arrived, tries } = play(night, policy, conditions).result.requests;
      expect(tries).toBeGreaterThanOrEqual(arrived * (1 - ROUNDING));
      expect(tries).toBeLessThanOrEqual(arrived * (1 + conditions.retries.count) * (1 + ROUNDING));
    }),
    { numRuns: 200 },
  );
});

test('in any night units stay below the maximum, are paid while they are ready, and answer no more than they can', () => {
  fc.assert(
    fc.property(scenarios, ({ night, policy, conditions }) => {
      const { result, minutes } = play(night, policy, conditions);
      const most = Math.max(policy.floors.max, ...policy.floors.actions.map(({ max }) => max));
      const readySeconds = minutes.ready.reduce((sum, ready) => sum + ready * 60, 0);
      for (const ready of minutes.ready) expect(ready).toBeLessThanOrEqual(most + 1e-6);
      expect(result.unitHours * 3600).toBeGreaterThanOrEqual(readySeconds * (1 - ROUNDING));
      const { usableShare, requestsPerSecondPerUnit } = conditions;
      const mostAnswered = readySeconds * usableShare * requestsPerSecondPerUnit;
      expect(result.requests.answered).toBeLessThanOrEqual(mostAnswered * (1 + ROUNDING) + 1e-6);
    }),
    { numRuns: 200 },
  );
});

test('in no step does a station end more tries than it has capacity', () => {
  fc.assert(
    fc.property(
      scenarios,
      fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 20 }),
      fc.constantFrom(0, 0.2, 1),
      ({ night, conditions }, capacities, deadShare) => {
        const station = new Station(conditions);
        const isSound = night.demand.every((users, step) => {
          const capacity = capacities[step % capacities.length]!;
          station.advance(users, capacity, step % 3 === 0 ? deadShare : 0);
          const { answeredNow, failedNow, inFlight } = station;
          return answeredNow <= capacity * (1 + ROUNDING) && Math.min(answeredNow, failedNow, inFlight) >= 0;
        });
        expect(isSound).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});

test('a service that sheds load answers no fewer requests when it has more units', () => {
  fc.assert(
    fc.property(
      scenarios,
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 1, max: 100 }),
      (scenario, few, more) => {
        const conditions = { ...scenario.conditions, shedsLoad: true };
        const { zoneLoss: _, ...night } = scenario.night;
        const answered = (units: number): number =>
          play(night, { floors: { min: units, max: units, actions: [] } }, conditions).result.requests.answered;
        const withFew = answered(few);
        expect(answered(few + more)).toBeGreaterThanOrEqual(withFew * (1 - ROUNDING));
      },
    ),
    { numRuns: 200 },
  );
});

test('floors above a baseline cost at least the baseline, and what they add', () => {
  fc.assert(
    fc.property(scenarios, fc.integer({ min: 0, max: 100 }), ({ night, policy, conditions }, baseline) => {
      const { zoneLoss: _, ...whole } = night;
      const { floors } = policy;
      const raised = {
        min: floors.min + baseline,
        max: floors.max + baseline,
        actions: floors.actions.map(({ at, min, max }) => ({ at, min: min + baseline, max: max + baseline })),
      };
      const hours = (night.demand.length * conditions.stepSeconds) / 3600;
      const cost = play(whole, { ...policy, floors: raised }, conditions).result.unitHours;
      expect(cost).toBeGreaterThanOrEqual(baseline * hours * (1 - ROUNDING));
    }),
    { numRuns: 100 },
  );
});
