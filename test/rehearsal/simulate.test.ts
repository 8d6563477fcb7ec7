import type { Cause, Night } from '../../lib/rehearsal/simulate';
import { AT_ONCE, conditions, floors, night, play, START } from './fixtures';

const QUICK = conditions(AT_ONCE);
const IDLE = (minutes: number, fields: Partial<Night> = {}): Night => night(minutes, () => 0, fields);
const TRACKING = {
  kind: 'target-tracking',
  target: 50,
  scaleOutCooldownSeconds: 60,
  scaleInCooldownSeconds: 300,
} as const;

describe('a scheduled action', () => {
  test('sets the minimum, and units are launched up to it; the last writer wins', () => {
    const schedule = floors(10, 100, { after: 600, min: 50 }, { after: 1200, min: 80 }, { after: 1800, min: 20 });
    const { minutes } = play(IDLE(40), { floors: schedule }, QUICK);
    expect(minutes.floor).toEqual([
      ...Array(10).fill(10),
      ...Array(10).fill(50),
      ...Array(10).fill(80),
      ...Array(10).fill(20),
    ]);
    expect(minutes.ready[9]).toBe(10);
    expect(minutes.ready[11]).toBe(50);
    expect(minutes.ready[21]).toBe(80);
  });

  test('that lowers the minimum removes nothing by itself: policies do, when their alarm goes off', () => {
    const schedule = floors(10, 100, { after: 600, min: 50 }, { after: 1800, min: 20 });
    expect(play(IDLE(60), { floors: schedule }, QUICK).minutes.ready.at(-1)).toBe(50);
    const { minutes } = play(IDLE(60), { floors: schedule, scaling: TRACKING }, QUICK);
    // The fleet is idle, so the alarm is in breach before: all goes with the floor.
    expect(minutes.ready.slice(28, 32)).toEqual([50, 50, 20, 20]);
  });

  test('clamps what runs into its bounds at once, down to the maximum and up to the minimum', () => {
    const schedule = floors(
      10,
      100,
      { after: 600, min: 50 },
      { after: 1200, min: 5, max: 30 },
      { after: 1800, min: 5, max: 100 },
    );
    const { minutes } = play(IDLE(40), { floors: schedule }, QUICK);
    expect(minutes.ready[19]).toBe(50);
    expect(minutes.ready[20]).toBe(30);
    // Nothing takes it back.
    expect(minutes.ready.at(-1)).toBe(30);
  });

  test('is as late as the scheduler is', () => {
    const schedule = floors(10, 100, { after: 600, min: 50 });
    const unitHours = (late: number): number =>
      play(IDLE(40, { latenessOf: () => late }), { floors: schedule }, QUICK).result.unitHours;
    expect(unitHours(0) - unitHours(40)).toBeCloseTo((40 * 40) / 3600, 9);
  });

  test('never overtakes the one before it', () => {
    const schedule = floors(10, 100, { after: 600, min: 50 }, { after: 660, min: 20 });
    const late = IDLE(20, { latenessOf: (at) => (at === START + 600 ? 90 : 0) });
    expect(play(late, { floors: schedule }, QUICK).minutes.floor.slice(9)).toEqual([10, 10, ...Array(9).fill(20)]);
  });

  test('of before the night is in force when it begins', () => {
    const schedule = floors(10, 100, { after: -600, min: 40 }, { after: 0, min: 50 }, { after: 60, min: 30 });
    const { minutes } = play(IDLE(2), { floors: schedule }, QUICK);
    expect(minutes.floor).toEqual([50, 30]);
    expect(minutes.ready[0]).toBe(50);
  });
});

describe('the guard', () => {
  const schedule = floors(10, 100, { after: 600, min: 50 }, { after: 1800, min: 20 });
  const missed = [START + 600];

  test('raises what the scheduler has missed, a minute after it saw it; nobody does without it', () => {
    const guarded = play(IDLE(40), { floors: schedule, missed, guard: { held: [] } }, QUICK);
    expect(guarded.minutes.floor.slice(9, 13)).toEqual([10, 10, 50, 50]);
    expect(guarded.minutes.ready.slice(10, 13)).toEqual([10, expect.closeTo(46 + 2 / 3, 9), 50]);
    expect(guarded.minutes.floor[30]).toBe(20);
    const alone = play(IDLE(40), { floors: schedule, missed }, QUICK);
    expect(alone.minutes.floor.slice(0, 30)).toEqual(Array(30).fill(10));
    expect(alone.minutes.floor[30]).toBe(20);
  });

  test('does not make the scheduler punctual', () => {
    const late = IDLE(40, { latenessOf: () => 40 });
    const unitHours = (guard?: { held: [] }): number =>
      play(late, { floors: schedule, ...(guard && { guard }) }, QUICK).result.unitHours;
    expect(unitHours({ held: [] })).toBe(unitHours());
  });

  test('never fights a closing action, be it late or near', () => {
    for (const lateness of [0, 25, 59]) {
      for (const closing of [660, 690, 720, 750]) {
        const near = floors(10, 100, { after: 600, min: 50 }, { after: closing, min: 20 });
        const late = IDLE(20, { latenessOf: () => lateness });
        const { minutes } = play(late, { floors: near, missed, guard: { held: [] } }, QUICK);
        // Closed in spite of the guard, and never raised again.
        const closedFrom = Math.ceil((closing + lateness) / 60);
        expect(minutes.floor.slice(closedFrom)).toEqual(Array(20 - closedFrom).fill(20));
      }
    }
    // A missed raise that is given back within two minutes is not made up for.
    const short = floors(10, 100, { after: 600, min: 50 }, { after: 700, min: 20 });
    expect(Math.max(...play(IDLE(20), { floors: short, missed, guard: { held: [] } }, QUICK).minutes.floor)).toBe(20);
  });

  test('suspends scale-in in the held spans alone', () => {
    const held = [{ from: START + 600, to: START + 2400 }];
    const idle = floors(10, 100, { after: 300, min: 50 }, { after: 900, min: 20 });
    const { minutes } = play(IDLE(60), { floors: idle, scaling: TRACKING, guard: { held } }, QUICK);
    // The alarm is in breach since minute 16; the span ends with minute 40.
    expect(minutes.ready[39]).toBe(50);
    expect(minutes.ready[40]).toBe(20);
    const without = play(IDLE(60), { floors: idle, scaling: TRACKING }, QUICK);
    expect(without.minutes.ready[16]).toBe(20);
  });
});

describe('a zone that is lost', () => {
  const lost = (usersPerSecond: number, after = 600): Night =>
    night(30, () => usersPerSecond, { zoneLoss: { at: START + after, share: 1 / 3 } });

  test('takes its share of units at once; they come back at the launch rate, after the start latency', () => {
    const slow = conditions({ leadTime: { schedulerDelaySeconds: 60, startLatencySeconds: 120, unitsPerMinute: 10 } });
    const { minutes } = play(lost(0), { floors: floors(90, 100) }, slow);
    expect(minutes.ready[9]).toBe(90);
    expect(minutes.ready[10]).toBeCloseTo(60, 9);
    expect(minutes.ready[11]).toBeCloseTo(60, 9);
    // Ten a minute: the mean of a minute lies in the middle, half a step ahead.
    expect(minutes.ready[12]).toBeCloseTo(65 + 5 / 12, 9);
    expect(minutes.ready[13]).toBeCloseTo(75 + 5 / 12, 9);
    expect(minutes.ready.at(-1)).toBeCloseTo(90, 6);
  });

  test('fails the requests that are sent to it until the load balancer notices, and none after it when there is room', () => {
    const { result } = play(lost(3000), { floors: floors(90, 100) });
    expect(result.requests.failed).toBeCloseTo((3000 * conditions().failoverSeconds) / 3, 3);
    // No floor changes that: it is not counted as an outage, and has no cause.
    expect(result).toMatchObject({ failoverMinutes: 1, outageMinutes: 0, causes: {} });
    expect(result).not.toHaveProperty('firstOutageAt');
    expect(result).not.toHaveProperty('firstCause');
  });

  test.each([0, 5, 25, 30, 35, 55])(
    'fails requests in each minute of the clock until it is noticed, lost at second %i',
    (second) => {
      const { result, minutes } = play(lost(3000, 600 + second), { floors: floors(90, 100) });
      expect(result).toMatchObject({ failoverMinutes: second <= 30 ? 1 : 2, outageMinutes: 0 });
      expect(minutes.failedShare.filter((share) => share > 0.01)).toHaveLength(result.failoverMinutes);
    },
  );

  test('is an outage until units are back when the rest cannot bear the load', () => {
    const { result, minutes } = play(lost(8400), { floors: floors(90, 100) });
    expect(minutes.failedShare[11]).toBeCloseTo(1 - 60 / 84, 2);
    expect(minutes.failedShare[13]).toBe(0);
    expect(result).toMatchObject({ failoverMinutes: 1, outageMinutes: 1, firstOutageAt: START + 660 });
    expect(result.causes).toEqual({ 'not-ready-yet': 1 });
  });

  test('is an outage from the first minute on in which the load balancer has noticed', () => {
    // Noticed at the end of its minute; units are back in the middle of the second after it.
    const { result, minutes } = play(lost(8400, 630), { floors: floors(90, 100) });
    expect(minutes.failedShare.slice(10, 14).map((share) => share > 0.01)).toEqual([true, true, true, false]);
    expect(result).toMatchObject({ failoverMinutes: 1, outageMinutes: 2, firstOutageAt: START + 660 });
    expect(result.causes).toEqual({ 'not-ready-yet': 2 });
  });

  test('leaves the outages before it as they are', () => {
    const rush = night(30, (second) => (second >= 300 && second < 360 ? 20_000 : 3000), {
      zoneLoss: { at: START + 600, share: 1 / 3 },
    });
    expect(play(rush, { floors: floors(90, 100) }).result).toMatchObject({
      failoverMinutes: 1,
      outageMinutes: 1,
      firstOutageAt: START + 300,
      lastOutageEndsAt: START + 360,
      causes: { ceiling: 1 },
    });
  });
});

describe('an outage minute', () => {
  test('is one in which more than one in a hundred of the users’ requests that end are not answered', () => {
    const outage = (load: number): number =>
      play(
        night(10, (second) => (second >= 300 && second < 360 ? load : 100)),
        { floors: floors(10, 10) },
      ).result.outageMinutes;
    // Of 1,005 a second the admitted 1,000 are answered; the queue takes the first second of the rest.
    expect(outage(1005)).toBe(0);
    expect(outage(1030)).toBe(1);
  });

  test('is placed in time from its start to its end', () => {
    const { result } = play(
      night(20, (second) => (second >= 300 && second < 480 ? 5000 : 100)),
      { floors: floors(10, 10) },
    );
    expect(result).toMatchObject({ outageMinutes: 3, firstOutageAt: START + 300, lastOutageEndsAt: START + 480 });
    expect(
      play(
        night(20, () => 100),
        { floors: floors(10, 10) },
      ).result,
    ).not.toHaveProperty('firstOutageAt');
  });

  test.each<{ cause: Cause; max: number; asked: number; load: number; rush?: number; shedsLoad?: boolean }>([
    { cause: 'ceiling', max: 20, asked: 20, load: 3000 },
    { cause: 'asked-too-little', max: 100, asked: 10, load: 3000 },
    { cause: 'not-ready-yet', max: 100, asked: 40, load: 3000 },
  ])('has the cause that would have had to be different first: $cause', ({ cause, max, asked, load }) => {
    const schedule = floors(10, max, { after: 600, min: asked });
    const { result } = play(
      night(12, (second) => (second < 600 ? 500 : load)),
      { floors: schedule },
    );
    expect(result.causes).toEqual({ [cause]: 2 });
    expect(result.firstCause).toBe(cause);
  });

  test('is not for retries when units became ready within it, and there is nobody who tries again', () => {
    // Asked for at 480 s, ready at 600 s and a half minute; the load comes at 600 s.
    const { result } = play(
      night(12, (second) => (second < 600 ? 500 : 3000)),
      { floors: floors(10, 100, { after: 510, min: 40 }) },
    );
    expect(result.causes).toEqual({ 'not-ready-yet': 1 });
  });

  test('goes on for retries when a rush has gone that the units would not have borne', () => {
    const { result } = play(
      night(60, (second) => (second >= 600 && second < 660 ? 3000 : 600)),
      { floors: floors(10, 10) },
      conditions({ shedsLoad: false, retries: { count: 3, persistence: 0.8 } }),
    );
    expect(result).toMatchObject({ firstCause: 'ceiling', outageMinutes: 50, lastOutageEndsAt: START + 3600 });
    // What meets a full service may fail a minute later, for the same reason.
    expect(result.causes).toEqual({ ceiling: 2, retries: 48 });
  });
});

test('short minutes and accuracy are those of the definition', () => {
  // 10 units for ten minutes: required 8 for five of them, then 16 for two and a half, 10 for the rest.
  const required = Float64Array.from({ length: 120 }, (_, step) => (step < 60 ? 8 : step < 90 ? 16 : 10));
  const { result } = play(IDLE(10, { required }), { floors: floors(10, 10) });
  expect(result.shortMinutes).toBe(3);
  expect(result.accuracy.tauUnder).toBeCloseTo(25, 9);
  expect(result.accuracy.tauOver).toBeCloseTo(50, 9);
  expect(result.accuracy.thetaUnder).toBeCloseTo((25 * 6) / 16, 9);
  expect(result.accuracy.thetaOver).toBeCloseTo((50 * 2) / 8, 9);
  expect(result.unitHours).toBeCloseTo(10 / 6, 9);
});

test('a load balancer that spreads unevenly leaves a part of the units unused', () => {
  const failedShare = (load: number): number =>
    play(
      night(5, () => load),
      { floors: floors(10, 10) },
      conditions({ usableShare: 0.9 }),
    ).minutes.failedShare[2]!;
  expect(failedShare(899)).toBe(0);
  expect(failedShare(1000)).toBeCloseTo(0.1, 6);
});

test('units that take longer than a step for a request refuse nobody while there are idle ones', () => {
  // Two a second of ten seconds each keep twenty of a hundred busy.
  const slow = conditions({ requestsPerSecondPerUnit: 0.1, timeoutSeconds: 300 });
  const failed = (load: number): number =>
    play(
      night(30, () => load),
      { floors: floors(100, 100) },
      slow,
    ).result.requests.failed;
  expect(failed(2)).toBe(0);
  expect(failed(9)).toBe(0);
  // Half of 20 a second is refused, once all are busy.
  expect(failed(20) / (20 * 1800)).toBeCloseTo(0.5, 1);
});

test('a recording tells each minute: what came, what was tried, what was needed, and what was there', () => {
  const { minutes } = play(
    night(3, (second) => (second < 60 ? 100 : second < 120 ? 2000 : 0)),
    { floors: floors(10, 10) },
    conditions({ retries: { count: 1, persistence: 1 } }),
  );
  expect(minutes.demand).toEqual([100, 2000, 0]);
  expect(minutes.required).toEqual([1, 1, 1]);
  expect(minutes.ready).toEqual([10, 10, 10]);
  expect(minutes.tries[0]).toBe(100);
  // Of 12 steps all but the last send what they refuse once more in the next one.
  expect(minutes.tries[1]).toBeGreaterThan(2900);
  expect(minutes.failedShare[0]).toBe(0);
  expect(minutes.failedShare[1]).toBeGreaterThan(0.4);
});

test('steps must divide a minute', () => {
  expect(() => play(IDLE(1), { floors: floors(1, 1) }, conditions({ stepSeconds: 7 }))).toThrow(
    'stepSeconds must divide a minute, got 7',
  );
});
