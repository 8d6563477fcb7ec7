import fc from 'fast-check';
import { expectCalm, histories, Life } from './life';

/** CI asks for ten times as many. A history is two hours, with a run of the guard in each minute. */
const RUNS = Number(process.env.PRESCALE_PROPERTY_RUNS ?? 2000) / 20;

test('whatever happens, the floor holds after each run that succeeds, a second run changes nothing, and calm returns', () => {
  const total: Record<string, number> = {};
  fc.assert(
    fc.property(histories, (history) => {
      const life = new Life(history);
      life.live();
      expectCalm(life);
      for (const [what, count] of Object.entries(life.counts)) total[what] = (total[what] ?? 0) + count;
    }),
    { numRuns: RUNS },
  );
  expect(Object.entries(total).filter(([, count]) => count === 0)).toEqual([]);
});
