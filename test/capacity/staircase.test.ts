import fc from 'fast-check';
import { dilateByLeadTime } from '../../lib/capacity/lead-time';
import { buildStaircase, type Step } from '../../lib/capacity/staircase';

function areaOf(steps: readonly Step[]): number {
  return steps.reduce((area, { from, to, units }) => area + (to - from) * units, 0);
}

/** The least area of a cover with at most `steps` floors, by trying every cut. */
function cheapestByTrying(required: readonly number[], steps: number): number {
  if (required.length === 0) return 0;
  if (steps === 1) return required.length * Math.max(...required);
  let best = Infinity;
  for (let cut = 1; cut <= required.length; cut += 1) {
    const first = cut * Math.max(...required.slice(0, cut));
    best = Math.min(best, first + cheapestByTrying(required.slice(cut), steps - 1));
  }
  return best;
}

describe('the staircase', () => {
  test('covers required from above, without gaps, with at most so many steps, at the least cost', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 4 }),
        (required, maxSteps) => {
          const steps = buildStaircase(required, maxSteps);
          expect(steps.length).toBeLessThanOrEqual(maxSteps);
          expect(steps[0]!.from).toBe(0);
          expect(steps.at(-1)!.to).toBe(required.length);
          steps.slice(1).forEach((step, index) => expect(step.from).toBe(steps[index]!.to));
          for (const { from, to, units } of steps) expect(units).toBe(Math.max(...required.slice(from, to)));
          expect(areaOf(steps)).toBe(cheapestByTrying(required, maxSteps));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('is exact for several peaks, where cuts do not move in one direction', () => {
    // Divide and conquer, which takes for granted that cuts move in one direction, finds 78.
    const required = [10, 3, 5, 1, 1, 1, 6, 6, 1, 6, 3];
    expect(areaOf(buildStaircase(required, 2))).toBe(70);
  });

  test('takes no more steps than pay off', () => {
    expect(buildStaircase([5, 5, 5], 8)).toEqual([{ from: 0, to: 3, units: 5 }]);
    expect(buildStaircase([5, 3], 8)).toHaveLength(2);
  });

  test('refuses what cannot be covered', () => {
    expect(() => buildStaircase([], 8)).toThrow('at least one cell');
    expect(() => buildStaircase([1], 0)).toThrow('maxSteps must be a whole number of at least 1, got 0');
  });
});

describe('the lead time', () => {
  const CELL = 300;

  const TICK = 15;

  /** The formula as written, at the instants of the cell, taking its highest value. */
  function dilatedByFormula(required: readonly number[], cell: number, lead: number, perSecond: number): number {
    const at = (second: number): number => required[Math.floor(second / CELL)] ?? 0;
    let highest = 0;
    for (let t = cell * CELL; t < (cell + 1) * CELL; t += TICK) {
      for (let s = t; s <= t + lead; s += TICK) highest = Math.max(highest, at(s));
      for (let u = t; u + lead < required.length * CELL; u += TICK) {
        highest = Math.max(highest, at(u + lead) - perSecond * (u - t));
      }
    }
    return highest;
  }

  test('asks for no less than the formula, and for hardly more than a cell allows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(0, 45, 60, 300),
        fc.constantFrom(0, 120, 240),
        fc.constantFrom(12, 125, 500),
        (required, schedulerDelaySeconds, startLatencySeconds, unitsPerMinute) => {
          const leadTime = { schedulerDelaySeconds, startLatencySeconds, unitsPerMinute };
          const dilated = dilateByLeadTime(required, CELL, leadTime);
          dilated.forEach((units, cell) => {
            const exact = dilatedByFormula(
              required,
              cell,
              schedulerDelaySeconds + startLatencySeconds,
              unitsPerMinute / 60,
            );
            expect(units).toBeGreaterThanOrEqual(exact - 1e-6);
            // The last instant tried is not the end of the cell: the rest is rounding up.
            expect(units).toBeLessThanOrEqual(exact + (TICK * unitsPerMinute) / 60 + 1);
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a rise starts three minutes and the launches ahead, on the grid', () => {
    const required = [120, 120, 120, 120, 3120];
    const leadTime = { schedulerDelaySeconds: 60, startLatencySeconds: 120, unitsPerMinute: 500 };
    // Launches may start no later than 3 minutes ahead; 2 minutes before that, at the end of a cell, 1,000 may be missing.
    expect(dilateByLeadTime(required, CELL, leadTime)).toEqual([120, 120, 2120, 3120, 3120]);
  });

  test('a floor is lowered no earlier than units stop being needed', () => {
    const leadTime = { schedulerDelaySeconds: 60, startLatencySeconds: 120, unitsPerMinute: 500 };
    expect(dilateByLeadTime([900, 120, 120], CELL, leadTime)).toEqual([900, 120, 120]);
  });
});
