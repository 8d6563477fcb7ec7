import { Autoscaler, type ScalingBounds, type StepScaling, type TargetTracking } from '../../lib/rehearsal/autoscaler';
import { conditions, floors, night, play } from './fixtures';

const TRACKING: TargetTracking = {
  kind: 'target-tracking',
  target: 60,
  scaleOutCooldownSeconds: 300,
  scaleInCooldownSeconds: 300,
};

const STEPS: StepScaling = {
  kind: 'step-scaling',
  target: 60,
  out: [
    { from: 1, add: 0.2 },
    { from: 1.5, add: 1 },
  ],
  outMinutes: 2,
  in: { below: 0.75, remove: 0.1, minutes: 15 },
  cooldownSeconds: 60,
};

/** Minutes after which units change, and to what, when the metric of minute `m` (the first is 1) is `metricOf(m, units)`. */
function changes(
  policy: TargetTracking | StepScaling,
  units: number,
  minutes: number,
  metricOf: (minute: number, units: number) => number,
  { delayMinutes = 1, ...bounds }: Partial<ScalingBounds> & { readonly delayMinutes?: number } = {},
): [number, number][] {
  const autoscaler = new Autoscaler(policy, delayMinutes);
  const found: [number, number][] = [];
  let desired = units;
  for (let minute = 1; minute <= minutes; minute += 1) {
    const before = desired;
    desired = autoscaler.evaluate(60 * minute, metricOf(minute, desired), desired, {
      min: 1,
      max: 1000,
      scaleInSuspended: false,
      ...bounds,
    });
    if (desired !== before) found.push([minute, desired]);
  }
  return found;
}

describe('target tracking scales out', () => {
  test('when three minutes above the target can be read: to units · metric / target, rounded up', () => {
    // Minutes 1 to 3 are in breach, and the third can be read a minute after its end. 10 · 91 / 60 = 15.2.
    expect(changes(TRACKING, 10, 8, () => 91)).toEqual([[4, 16]]);
    expect(changes(TRACKING, 10, 7, () => 91, { delayMinutes: 0 })).toEqual([[3, 16]]);
    expect(changes(TRACKING, 10, 8, () => 91, { delayMinutes: 3 })).toEqual([[6, 16]]);
  });

  test('on the newest minute that can be read, not on the mean of the three', () => {
    expect(changes(TRACKING, 10, 4, (minute) => (minute === 3 ? 120 : 61))).toEqual([[4, 20]]);
  });

  test('not at the target, nor for two minutes above it', () => {
    expect(changes(TRACKING, 10, 30, () => 60)).toEqual([]);
    expect(changes(TRACKING, 10, 12, (minute) => (minute % 3 === 0 ? 60 : 90))).toEqual([]);
  });

  test('within a cooldown only when more is asked for, and from the units before it', () => {
    // Load doubles the metric again in minute 5, read at the end of 6: 20 in place of 15, not 15 · 2.
    expect(changes(TRACKING, 10, 8, (minute) => (minute < 5 ? 90 : 120))).toEqual([
      [4, 15],
      [6, 20],
    ]);
  });

  test('again from what there is when the cooldown is over', () => {
    expect(changes(TRACKING, 10, 10, () => 90)).toEqual([
      [4, 15],
      [9, 23],
    ]);
    const quick = { ...TRACKING, scaleOutCooldownSeconds: 60 };
    expect(changes(quick, 10, 6, () => 90)).toEqual([
      [4, 15],
      [5, 23],
      [6, 35],
    ]);
  });

  test('no further than the maximum', () => {
    expect(changes(TRACKING, 10, 30, () => 600, { max: 12 })).toEqual([[4, 12]]);
    expect(changes(TRACKING, 10, 30, () => 600, { max: 10 })).toEqual([]);
  });

  test('reaches what a constant load needs in one step, and stays there, when the cooldown is longer than the delay', () => {
    expect(changes(TRACKING, 10, 60, (_, units) => 1000 / units)).toEqual([[4, 17]]);
  });

  test('goes too far when the cooldown is over before the metric shows what was added, and comes back', () => {
    // 17 · 100 / 60, on the minute before the first step.
    expect(changes({ ...TRACKING, scaleOutCooldownSeconds: 60 }, 10, 60, (_, units) => 1000 / units)).toEqual([
      [4, 17],
      [5, 29],
      [21, 17],
    ]);
  });
});

describe('target tracking scales in', () => {
  test('when fifteen minutes below nine tenths of the target can be read, in proportion', () => {
    expect(changes(TRACKING, 20, 16, () => 30)).toEqual([[16, 10]]);
    expect(changes(TRACKING, 20, 40, () => 54)).toEqual([]);
    expect(changes(TRACKING, 20, 29, (minute) => (minute === 14 ? 54 : 30))).toEqual([]);
  });

  test('again when its cooldown is over', () => {
    expect(changes(TRACKING, 20, 26, () => 30)).toEqual([
      [16, 10],
      [21, 5],
      [26, 3],
    ]);
  });

  test('no further than the minimum, and not while it is suspended', () => {
    expect(changes(TRACKING, 20, 60, () => 1, { min: 12 })).toEqual([[16, 12]]);
    expect(changes(TRACKING, 20, 60, () => 1, { scaleInSuspended: true })).toEqual([]);
    expect(changes(TRACKING, 10, 4, () => 90, { scaleInSuspended: true })).toEqual([[4, 15]]);
  });

  test('not within the cooldown of a scale-out', () => {
    const slow = { ...TRACKING, scaleOutCooldownSeconds: 3600 };
    expect(changes(slow, 10, 70, (minute) => (minute <= 3 ? 90 : 30))).toEqual([
      [4, 15],
      [64, 8],
      [69, 4],
    ]);
  });

  test('in a cooldown that ends when units are added in between', () => {
    const slow = { ...TRACKING, scaleOutCooldownSeconds: 60, scaleInCooldownSeconds: 3600 };
    expect(changes(slow, 20, 70, (minute) => (minute >= 16 && minute <= 18 ? 90 : 30))).toEqual([
      [16, 10],
      [19, 15],
      [34, 8],
    ]);
  });
});

describe('step scaling', () => {
  test('adds by how far the metric is above the target, when enough minutes in a row are', () => {
    expect(changes(STEPS, 10, 3, () => 61)).toEqual([[3, 12]]);
    expect(changes(STEPS, 10, 3, () => 89.9)).toEqual([[3, 12]]);
    expect(changes(STEPS, 10, 3, () => 90)).toEqual([[3, 20]]);
    expect(changes(STEPS, 10, 30, (minute) => (minute % 2 === 0 ? 600 : 60))).toEqual([]);
  });

  test('rounds a share of the units as AWS does: down, but to one at least', () => {
    expect(changes(STEPS, 14, 3, () => 61)).toEqual([[3, 16]]);
    expect(changes(STEPS, 3, 3, () => 61)).toEqual([[3, 4]]);
    expect(changes({ ...STEPS, in: { ...STEPS.in, minutes: 1 } }, 19, 2, () => 1)).toEqual([[2, 18]]);
    expect(changes({ ...STEPS, in: { ...STEPS.in, minutes: 1 } }, 5, 2, () => 1)).toEqual([[2, 4]]);
  });

  test('counts what a cooldown has added as part of a larger step', () => {
    const slow = { ...STEPS, cooldownSeconds: 300 };
    expect(changes(slow, 10, 8, (minute) => (minute < 4 ? 61 : 120))).toEqual([
      [3, 12],
      [5, 20],
    ]);
  });

  test('removes a share after its minutes below the lower bound, down to the minimum', () => {
    expect(changes(STEPS, 100, 18, () => 40, { min: 75 })).toEqual([
      [16, 90],
      [17, 81],
      [18, 75],
    ]);
    expect(changes(STEPS, 100, 40, () => 45)).toEqual([]);
  });

  test('waits for its own minutes above the target, also when those below it are fewer', () => {
    const patient = { ...STEPS, outMinutes: 5, in: { ...STEPS.in, minutes: 1 } };
    expect(changes(patient, 10, 30, (minute) => (minute % 4 === 0 ? 50 : 61))).toEqual([]);
    expect(changes(patient, 10, 6, () => 61)).toEqual([[6, 12]]);
  });
});

describe('from a spike to ready units', () => {
  const half: TargetTracking = { ...TRACKING, target: 50, scaleOutCooldownSeconds: 60 };

  /** Seconds from a spike, so long after a full minute, to the eleventh unit; it is launched in one step. */
  function reaction(offset: number): number {
    const spikeAt = 600 + offset;
    const { minutes } = play(
      night(20, (second) => (second < spikeAt ? 500 : 612)),
      { floors: floors(10, 100), scaling: TRACKING },
    );
    const unitSeconds = minutes.ready.reduce((sum, ready) => sum + (ready - 10) * 60, 0);
    expect(minutes.ready.at(-1)).toBeCloseTo(11, 9);
    return 1200 - unitSeconds - spikeAt;
  }

  test('it takes six to seven minutes: three in breach, one until the metric can be read, two to start', () => {
    const reactions = Array.from({ length: 12 }, (_, index) => reaction(5 * index));
    expect(reaction(0)).toBeCloseTo(360, 6);
    // Of a minute of which less than a tenth is before the spike the mean is above the target, too.
    expect(Math.min(...reactions)).toBeGreaterThan(354);
    expect(Math.max(...reactions)).toBeLessThanOrEqual(420);
    expect(reactions.filter((seconds) => seconds >= 360)).toHaveLength(11);
  });

  test('growth below two times is borne at half of full use, and more is an outage of that time', () => {
    const outage = (growth: number): number =>
      play(
        night(30, (second) => (second < 600 ? 500 : 500 * growth)),
        { floors: floors(10, 100), scaling: half },
      ).result.outageMinutes;
    expect(outage(1.95)).toBe(0);
    expect(outage(2.2)).toBe(6);
    // With a start latency that varies, in which half of the units are ready after 67 s, not much changes.
    const varied = play(
      night(30, (second) => (second < 610 ? 500 : 1100)),
      { floors: floors(10, 100), scaling: half },
      conditions({ startLatencySigma: 0.35 }),
    );
    expect(varied.result.outageMinutes).toBeGreaterThanOrEqual(5);
    expect(varied.result.outageMinutes).toBeLessThanOrEqual(7);
  });
});
