import fc from 'fast-check';
import { Fleet, type FleetSettings, startShares } from '../../lib/rehearsal/fleet';
import { conditions } from './fixtures';

const STEP = 5;
const LATENCY = 120;
const UNITS_PER_SECOND = 10;

function fleet(ready: number, fields: Partial<FleetSettings> = {}): Fleet {
  return new Fleet(conditions(fields), ready);
}

describe('units that are launched', () => {
  test('come at the launch rate, a start latency later: min(N, rate · (t − L))', () => {
    const units = fleet(100);
    units.desired = 1100;
    for (let seconds = STEP; seconds <= 600; seconds += STEP) {
      units.advance();
      const more = Math.min(1000, Math.max(0, UNITS_PER_SECOND * (seconds - LATENCY)));
      expect(units.ready).toBeCloseTo(100 + more, 9);
    }
  });

  test('are paid from their launch', () => {
    const units = fleet(100);
    units.desired = 1100;
    for (let seconds = 0; seconds < 100; seconds += STEP) units.advance();
    // 100 units for 100 s, and 50 more with each of 20 steps: 5 s · 50 · (1 + 2 + … + 20).
    expect(units.unitSeconds).toBeCloseTo(100 * 100 + STEP * 50 * ((20 * 21) / 2), 6);
    units.advance();
    expect(units.unitSeconds).toBeCloseTo(62_500 + STEP * 1100, 6);
  });

  test('take times that are lognormal: one in twenty takes longer than the 95th percentile, half of them e^(−1.645 σ) of it', () => {
    const stepSeconds = 1;
    const units = fleet(0, {
      startLatencySigma: 0.35,
      stepSeconds,
      leadTime: { ...conditions().leadTime, unitsPerMinute: 60_000 },
    });
    units.desired = 1000;
    units.advance();
    const ready: number[] = [0];
    for (let seconds = 1; seconds <= 300; seconds += 1) {
      units.advance();
      ready.push(units.ready);
    }
    // The slowest unit in a thousand is left out, which moves quantiles by less than a second.
    expect(ready[LATENCY]! / 1000).toBeCloseTo(0.951, 3);
    const median = LATENCY * Math.exp(-1.6449 * 0.35);
    expect(ready.findIndex((amount) => amount >= 500)).toBe(Math.ceil(median));
    expect(ready.at(-1)).toBeCloseTo(1000, 6);
  });

  test.each([0, 0.35])('are all ready in the end, none before its launch, with a sigma of %d', (startLatencySigma) => {
    for (const startLatencySeconds of [0, 1, 60, 7200]) {
      const leadTime = { ...conditions().leadTime, startLatencySeconds };
      const shares = startShares(conditions({ startLatencySigma, leadTime }));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('units that are not wanted any more', () => {
  test('answer nothing at once, and are paid until they have drained', () => {
    const units = fleet(1100);
    units.desired = 100;
    units.advance();
    expect(units.ready).toBe(100);
    for (let seconds = STEP; seconds < 600; seconds += STEP) units.advance();
    expect(units.unitSeconds).toBeCloseTo(600 * 100 + conditions().drainSeconds * 1000, 6);
  });

  test('go before those that are still starting, which is the worse case', () => {
    const units = fleet(100);
    units.desired = 150;
    units.advance();
    units.desired = 140;
    units.advance();
    expect(units).toMatchObject({ ready: 90, starting: 50 });
    units.desired = 20;
    units.advance();
    expect(units.ready).toBe(0);
    expect(units.starting).toBeCloseTo(20, 9);
    for (let seconds = 0; seconds < LATENCY; seconds += STEP) units.advance();
    expect(units.ready).toBeCloseTo(20, 9);
  });
});

test('a zone takes its share of what is ready and of what starts, and units come back at the launch rate', () => {
  const units = fleet(100);
  units.desired = 150;
  units.advance();
  units.loseShare(0.5);
  expect(units.ready).toBe(50);
  expect(units.starting).toBe(25);
  for (let seconds = STEP; seconds < LATENCY; seconds += STEP) units.advance();
  expect(units.ready).toBeCloseTo(50, 9);
  units.advance();
  expect(units.ready).toBeCloseTo(75, 9);
  units.advance();
  expect(units.ready).toBeCloseTo(125, 9);
  units.advance();
  expect(units.ready).toBeCloseTo(150, 9);
});

test('whatever is asked for: launches keep to the rate, nothing is negative, all that exists is paid, and what is asked for comes', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          desired: fc.integer({ min: 0, max: 2000 }),
          steps: fc.integer({ min: 1, max: 40 }),
          lost: fc.boolean(),
        }),
        { minLength: 1, maxLength: 8 },
      ),
      fc.constantFrom(0, 0.35, 1),
      fc.constantFrom(3, 125, 500),
      fc.constantFrom(0, 60, 63),
      (asked, startLatencySigma, unitsPerMinute, drainSeconds) => {
        const leadTime = { schedulerDelaySeconds: 60, startLatencySeconds: 60, unitsPerMinute };
        const units = fleet(50, { startLatencySigma, leadTime, drainSeconds });
        const perStep = (unitsPerMinute / 60) * STEP;
        const advance = (): void => {
          const { ready, starting, unitSeconds } = units;
          units.advance();
          const before = ready + starting;
          const after = units.ready + units.starting;
          const isSound =
            after <= before + perStep + 1e-6 &&
            units.ready <= before + 1e-6 &&
            after <= Math.max(units.desired, before) + 1e-6 &&
            Math.min(units.ready, units.starting) >= 0 &&
            units.unitSeconds - unitSeconds >= after * STEP - 1e-3;
          if (!isSound) expect({ before, after, units }).toBe('sound');
        };
        for (const { desired, steps, lost } of asked) {
          units.desired = desired;
          if (lost) units.loseShare(1 / 3);
          for (let step = 0; step < steps; step += 1) advance();
        }
        units.desired = 60;
        for (let step = 0; step < 60 / perStep + 200; step += 1) advance();
        expect(units.ready).toBeCloseTo(60, 6);
        expect(units.starting).toBeCloseTo(0, 6);
      },
    ),
    { numRuns: 60 },
  );
});
