import { decide, type DecideInput, type Decision, type Phase } from '../../lib/guard/decide';
import type { LiveAction, LiveState } from '../../lib/guard/live-state';
import { apply, at, listed, live, PLACE, PLAN } from './fixtures';

const OPEN = { scaleIn: false, scaleOut: false, scheduled: false };
const HELD = { ...OPEN, scaleIn: true };
const [RISE, PEAK, GIVE_BACK, CLOSE] = [actionAt(0), actionAt(1), actionAt(2), actionAt(3)];
const LATER = PLAN.target.actions.slice(4);

function actionAt(index: number): (typeof PLAN.target.actions)[number] {
  return PLAN.target.actions[index]!;
}

function decideAt(time: string, state: LiveState, fields: Partial<DecideInput> = {}): Decision {
  return decide({ plan: PLAN, place: PLACE, live: state, now: at(time), phase: 'settled', ...fields });
}

/** What is done and said, without the figures. */
function outcome({ register, put, remove, problems }: Decision): object {
  return {
    ...(register && { register }),
    ...(put.length > 0 && { put: put.map(({ name, min, max }) => `${name} ${min}..${max}`) }),
    ...(remove.length > 0 && { remove }),
    ...(problems.length > 0 && { problems: problems.map(({ code }) => code) }),
  };
}

interface Case {
  readonly what: string;
  readonly time: string;
  readonly live: LiveState;
  readonly phase?: Phase;
  readonly does: ReturnType<typeof outcome>;
  readonly repairs?: number;
}

const without = (...gone: { name: string }[]): LiveAction[] =>
  PLAN.target.actions.filter(({ name }) => !gone.some((one) => one.name === name)).map(listed);
const RECOVERY = listed({ name: 'floor-20270101T1334Z', at: '2027-01-01T13:34:00Z', min: 10, max: 1600 });

const CASES: readonly Case[] = [
  // Nothing to do.
  { what: 'all is as planned before a window', time: '09:00', live: live(), does: {} },
  { what: 'all is as planned at the peak', time: '11:00', live: live({ min: 850, scaleIn: true }), does: {} },
  { what: 'all is as planned while giving back', time: '13:10', live: live({ min: 300 }), does: {} },

  // The minimum.
  {
    what: 'a minimum that was lowered by hand is raised',
    time: '11:00',
    live: live({ min: 50, scaleIn: true }),
    does: { register: { bounds: { min: 850, max: 1600 }, suspended: HELD } },
    repairs: 1,
  },
  {
    what: 'a rise that has not run is made up for, which is no repair while it may be late',
    time: '10:05:20',
    live: live({ min: 400, scaleIn: true }),
    does: { register: { bounds: { min: 850, max: 1600 }, suspended: HELD } },
    repairs: 0,
  },
  {
    what: 'a rise that is lost for more than two minutes is a repair',
    time: '10:07:01',
    live: live({ min: 400, scaleIn: true }),
    does: { register: { bounds: { min: 850, max: 1600 }, suspended: HELD } },
    repairs: 1,
  },
  { what: 'a rise is not anticipated', time: '09:59:59', live: live(), does: {} },
  {
    what: 'a minimum is raised to what a closing action two minutes ahead leaves, and no further',
    time: '12:58',
    live: live({ min: 50, scaleIn: true }),
    does: { register: { bounds: { min: 300, max: 1600 }, suspended: HELD } },
    repairs: 1,
  },
  {
    what: 'a minimum is raised fully while the closing action is further ahead',
    time: '12:57:59',
    live: live({ min: 50, scaleIn: true }),
    does: { register: { bounds: { min: 850, max: 1600 }, suspended: HELD } },
    repairs: 1,
  },
  {
    what: 'a closing action that fired is not undone by a clock that is 90 s behind',
    time: '12:58:30',
    live: live({ min: 300, scaleIn: true }),
    does: {},
  },

  // A lowering that was lost.
  {
    what: 'a lowering that is due for less than two minutes may still come',
    time: '13:31:59',
    live: live({ min: 300 }),
    does: {},
  },
  {
    what: 'a lowering that was lost is put again at the next minute that no clock takes for past',
    time: '13:32',
    live: live({ min: 300, actions: without(CLOSE) }),
    does: { put: ['floor-20270101T1334Z 10..1600'] },
    repairs: 1,
  },
  {
    what: 'so when its action stays listed, and when both lowerings were lost',
    time: '13:45',
    live: live({ min: 850 }),
    does: { put: ['floor-20270101T1347Z 10..1600'] },
    repairs: 1,
  },
  {
    what: 'a lowering is put again at a minute that no other action has',
    time: '13:45',
    live: live({
      min: 300,
      actions: [
        ...without(),
        { name: 'theirs', schedule: 'at(2027-01-01T13:47:00)', min: 1, max: 2 },
        { name: 'theirs too', schedule: 'at(2027-01-01T13:48:00)', timezone: 'UTC', min: 1, max: 2 },
      ],
    }),
    does: { put: ['floor-20270101T1349Z 10..1600'], problems: ['guard/foreign-actions'] },
    repairs: 1,
  },
  {
    what: 'one that was put again is waited for',
    time: '13:33',
    live: live({ min: 300, actions: [...without(CLOSE), RECOVERY] }),
    does: {},
  },
  {
    what: 'one that was put again and is due has three minutes to run',
    time: '13:36:59',
    live: live({ min: 300, actions: [...without(CLOSE), RECOVERY] }),
    does: {},
  },
  {
    what: 'one that was put again and was lost, too, is replaced',
    time: '13:37',
    live: live({ min: 300, actions: [...without(CLOSE), RECOVERY] }),
    does: { put: ['floor-20270101T1339Z 10..1600'], remove: [RECOVERY.name] },
    repairs: 1,
  },
  {
    what: 'one that was put again and has run is cleaned up, which is no repair',
    time: '13:35',
    live: live({ min: 10, actions: [...without(CLOSE), RECOVERY] }),
    does: { remove: [RECOVERY.name] },
    repairs: 0,
  },
  {
    what: 'a lowering is not put again when an action of the plan comes first',
    time: '13:28:30',
    live: live({ min: 850 }),
    does: {},
  },
  {
    what: 'the floor of the deploy counts as one that was held, whatever came after',
    time: '14:00',
    live: live({ min: 20 }),
    does: { put: ['floor-20270101T1402Z 10..1600'] },
    repairs: 1,
  },
  {
    what: 'a minimum that was raised by hand is left alone and reported',
    time: '11:00',
    live: live({ min: 1000, scaleIn: true }),
    does: { problems: ['guard/live-above-plan'] },
  },
  {
    what: 'so is one at a floor that is still ahead',
    time: '10:02',
    live: live({ min: 850, scaleIn: true }),
    does: { problems: ['guard/live-above-plan'] },
  },
  {
    what: 'a lost lowering waits while the maximum is above the plan, because an action sets both',
    time: '13:45',
    live: live({ min: 300, max: 2000, desired: 1700 }),
    does: { problems: ['guard/maximum-above-plan'] },
  },
  {
    what: 'a lost lowering does not wait for a maximum that is lowered in the same run',
    time: '13:45',
    live: live({ min: 300, max: 2000 }),
    does: {
      register: { bounds: { min: 300, max: 1600 }, suspended: OPEN },
      put: ['floor-20270101T1347Z 10..1600'],
    },
    repairs: 2,
  },

  // The maximum.
  {
    what: 'a maximum that was lowered by hand is raised',
    time: '09:00',
    live: live({ max: 100 }),
    does: { register: { bounds: { min: 10, max: 1600 }, suspended: OPEN } },
    repairs: 1,
  },
  {
    what: 'minimum and maximum are raised together',
    time: '11:00',
    live: live({ min: 50, max: 100, scaleIn: true }),
    does: { register: { bounds: { min: 850, max: 1600 }, suspended: HELD } },
    repairs: 2,
  },
  {
    what: 'a maximum above the plan stays while a window is open',
    time: '11:00',
    live: live({ min: 850, max: 2000, scaleIn: true }),
    does: { problems: ['guard/maximum-above-plan'] },
  },
  {
    what: 'a maximum above the plan stays while a window opens within a day',
    time: '20:00',
    live: live({ max: 2000 }),
    does: { problems: ['guard/maximum-above-plan'] },
  },
  {
    what: 'a maximum above the plan stays while the closing action may be late, which would be overwritten',
    time: '13:31:59',
    live: live({ max: 2000 }),
    does: { problems: ['guard/maximum-above-plan'] },
  },
  {
    what: 'a maximum above the plan is lowered in quiet times',
    time: '19:59',
    live: live({ max: 2000 }),
    does: { register: { bounds: { min: 10, max: 1600 }, suspended: OPEN } },
    repairs: 1,
  },
  {
    what: 'a maximum is not lowered below what runs',
    time: '19:59',
    live: live({ max: 2000, desired: 1601 }),
    does: { problems: ['guard/maximum-above-plan'] },
  },
  {
    what: 'a maximum is not lowered below what is asked for',
    time: '19:59',
    live: live({ max: 2000, desired: 1601 }),
    does: { problems: ['guard/maximum-above-plan'] },
  },
  {
    what: 'a maximum is not lowered when nobody knows what runs',
    time: '19:59',
    live: live({ max: 2000, running: undefined, desired: undefined }),
    does: { problems: ['guard/maximum-above-plan'] },
  },
  {
    what: 'a maximum is not lowered below the live minimum',
    time: '19:59',
    live: live({ min: 1700, max: 2000 }),
    does: { problems: ['guard/maximum-above-plan', 'guard/live-above-plan'] },
  },

  // Suspension.
  {
    what: 'scale-in is suspended from the first rise on, and the bounds are left as they are',
    time: '10:00',
    live: live({ min: 400 }),
    does: { register: { suspended: HELD } },
    repairs: 0,
  },
  {
    what: 'scale-in is suspended until giving back begins',
    time: '12:59:59',
    live: live({ min: 850 }),
    does: { register: { suspended: HELD } },
    repairs: 0,
  },
  {
    what: 'scale-in is resumed when giving back begins',
    time: '13:00',
    live: live({ min: 300, scaleIn: true }),
    does: { register: { suspended: OPEN } },
    repairs: 0,
  },
  {
    what: 'scale-out and scheduled scaling that somebody suspended are resumed',
    time: '11:00',
    live: live({ target: { min: 850, max: 1600, suspended: { scaleIn: true, scaleOut: true, scheduled: true } } }),
    does: {
      register: { suspended: HELD },
      problems: ['guard/scale-out-suspended', 'guard/scheduled-suspended'],
    },
    repairs: 1,
  },

  // Actions.
  {
    what: 'an action that was deleted by hand is put again',
    time: '09:00',
    live: live({ actions: without(PEAK) }),
    does: { put: [`${PEAK.name} 850..1600`] },
    repairs: 1,
  },
  ...(
    [
      ['minimum', { min: 1 }],
      ['maximum', { max: 850 }],
      ['instant', { schedule: 'at(2027-01-01T10:06:00)' }],
      ['kind of schedule', { schedule: 'cron(5 10 * * ? *)' }],
      ['time zone', { timezone: 'Asia/Kolkata' }],
      ['start', { startTime: at('09:00') }],
      ['end', { endTime: at('10:00') }],
    ] as const
  ).map(([what, fields]): Case => ({
    what: `an action with another ${what} is put again`,
    time: '09:00',
    live: live({ actions: [...without(PEAK), { ...listed(PEAK), ...fields }] }),
    does: { put: [`${PEAK.name} 850..1600`] },
    repairs: 1,
  })),
  {
    what: 'an action in UTC is the same whether it says so or not',
    time: '09:00',
    live: live({ actions: PLAN.target.actions.map((one) => ({ ...listed(one), timezone: 'UTC' })) }),
    does: {},
  },
  {
    what: 'an action that by another clock is due already is not put',
    time: '09:58',
    live: live({ actions: without(RISE) }),
    does: {},
  },
  {
    what: 'an action is put until two minutes before it is due',
    time: '09:57:59',
    live: live({ actions: without(RISE) }),
    does: { put: [`${RISE.name} 400..1600`] },
    repairs: 1,
  },
  {
    what: 'actions that have fired may stay listed or not',
    time: '11:00',
    live: live({ min: 850, scaleIn: true, actions: without(RISE) }),
    does: {},
  },
  {
    what: 'an action that should be due and was set to another instant is removed',
    time: '11:00',
    live: live({
      min: 850,
      scaleIn: true,
      actions: [...without(RISE), { ...listed(RISE), schedule: 'at(2027-01-01T12:00:00)' }],
    }),
    does: { remove: [RISE.name] },
    repairs: 1,
  },
  {
    what: 'an action of the plan before is removed',
    time: '09:00',
    live: live({
      actions: [...without(), listed({ name: 'floor-20270101T1100Z', at: '2027-01-01T11:00:00Z', min: 5, max: 1600 })],
    }),
    does: { remove: ['floor-20270101T1100Z'] },
    repairs: 1,
  },
  {
    what: "one of the plan before that would set what this plan holds is removed, too: it is nobody's recovery",
    time: '09:00',
    live: live({
      actions: [...without(), listed({ name: 'floor-20270101T0905Z', at: '2027-01-01T09:05:00Z', min: 10, max: 1600 })],
    }),
    does: { remove: ['floor-20270101T0905Z'] },
    repairs: 1,
  },
  {
    what: "other people's actions are reported and left alone",
    time: '09:00',
    live: live({ actions: [...without(), { name: 'night', schedule: 'cron(0 3 * * ? *)', min: 1, max: 2 }] }),
    does: { problems: ['guard/foreign-actions'] },
  },
  {
    what: "other people's actions of the past are nobody's concern",
    time: '09:00',
    live: live({
      actions: [...without(), { name: 'once', schedule: 'at(2026-12-31T09:00:00)', timezone: 'Asia/Kolkata' }],
    }),
    does: {},
  },

  // What could not be read.
  {
    what: 'without a list of actions the floor is held, and no action is put or removed',
    time: '11:00',
    live: live({ min: 50, scaleIn: true, actions: 'unknown' }),
    does: { register: { bounds: { min: 850, max: 1600 }, suspended: HELD } },
    repairs: 1,
  },
  {
    what: 'without the target its actions are mended, and nothing is registered blindly',
    time: '11:00',
    live: live({ target: 'unknown', actions: without(GIVE_BACK) }),
    does: { put: [`${GIVE_BACK.name} 300..1600`] },
    repairs: 1,
  },
  {
    what: 'a lowering that was put again is kept while the target is unknown',
    time: '13:33',
    live: live({ target: 'unknown', actions: [...without(CLOSE), RECOVERY] }),
    does: {},
  },
  {
    what: 'a target that is missing is registered, with all that is ahead',
    time: '11:00',
    live: live({ target: 'missing', actions: [] }),
    does: {
      register: { bounds: { min: 850, max: 1600 }, suspended: HELD },
      put: [GIVE_BACK, CLOSE, ...LATER].map(({ name, min, max }) => `${name} ${min}..${max}`),
      problems: ['guard/target-missing'],
    },
    repairs: 5,
  },
  {
    what: 'a target that is missing is not registered with a maximum below what runs',
    time: '09:00',
    live: live({ target: 'missing', desired: 1700 }),
    does: { register: { bounds: { min: 10, max: 1700 }, suspended: OPEN }, problems: ['guard/target-missing'] },
    repairs: 1,
  },

  // While CloudFormation is at work.
  {
    what: 'during a deploy a floor is raised',
    time: '11:00',
    phase: 'deploying',
    live: live({ min: 50, scaleIn: true }),
    does: { register: { bounds: { min: 850, max: 1600 }, suspended: HELD } },
    repairs: 1,
  },
  {
    what: 'during a deploy its suspension of scale-in stays',
    time: '09:00',
    phase: 'deploying',
    live: live({ scaleIn: true }),
    does: {},
  },
  {
    what: "during a deploy actions are CloudFormation's",
    time: '09:00',
    phase: 'deploying',
    live: live({ actions: [RECOVERY] }),
    does: {},
  },
  {
    what: 'during a deploy a lost lowering waits',
    time: '14:00',
    phase: 'deploying',
    live: live({ min: 300 }),
    does: {},
  },
  {
    what: 'during a deploy a maximum is not lowered',
    time: '19:59',
    phase: 'deploying',
    live: live({ max: 2000 }),
    does: { problems: ['guard/maximum-above-plan'] },
  },
  {
    what: 'after a deploy a minimum that no floor of the plan was is lowered, because the plan before may have left it',
    time: '09:00',
    phase: 'deployed',
    live: live({ min: 700 }),
    does: { put: ['floor-20270101T0902Z 10..1600'] },
    repairs: 1,
  },
  {
    what: 'and is not reported while that is waited for',
    time: '09:01',
    live: live({
      min: 700,
      actions: [...without(), listed({ name: 'floor-20270101T0902Z', at: '2027-01-01T09:02:00Z', min: 10, max: 1600 })],
    }),
    does: {},
  },
  {
    what: 'after a deploy its suspension of scale-in ends',
    time: '09:00',
    phase: 'deployed',
    live: live({ scaleIn: true }),
    does: { register: { suspended: OPEN } },
  },
  {
    what: 'after a deploy a target that is missing is registered',
    time: '09:00',
    phase: 'deployed',
    live: live({ target: 'missing' }),
    does: { register: { bounds: { min: 10, max: 1600 }, suspended: OPEN }, problems: ['guard/target-missing'] },
    repairs: 1,
  },
  {
    what: 'during a deploy a missing target may be about to be made',
    time: '09:00',
    phase: 'deploying',
    live: live({ target: 'missing', actions: [] }),
    does: {},
  },
];

/** The floor of the deploy, for the one case in which a window lies between. */
function planOf(what: string): typeof PLAN {
  return what.startsWith('the floor of the deploy') ? { ...PLAN, target: { ...PLAN.target, min: 20 } } : PLAN;
}

describe('the guard', () => {
  test.each(CASES)('$what', ({ what, time, live: state, phase = 'settled', does, repairs = 0 }) => {
    const decision = decideAt(time, state, { plan: planOf(what), phase });
    expect(outcome(decision)).toEqual(does);
    expect(decision.metrics.repairs).toBe(repairs);
  });

  test.each(CASES)('decides nothing more once it is done: $what', ({ what, time, live: state, phase = 'settled' }) => {
    const fields = { plan: planOf(what), phase };
    const again = decideAt(time, apply(state, decideAt(time, state, fields)), fields);
    expect(outcome({ ...again, problems: [] })).toEqual({});
  });

  test.each(CASES)('says what is wrong, the value and the mend: $what', ({ what, time, live: state }) => {
    for (const { message } of decideAt(time, state, { plan: planOf(what) }).problems) {
      expect(message).toMatch(/; mend: \S/);
      expect(message).not.toMatch(/undefined|NaN|\[object/);
    }
  });
});

describe('a plan that must not be acted on', () => {
  test.each([
    [
      'another account',
      { place: { ...PLACE, account: '999999999999' } },
      'guard/plan-foreign',
      /123456789012.*999999999999/,
    ],
    ['another region', { place: { ...PLACE, region: 'eu-west-1' } }, 'guard/plan-foreign', /us-east-1.*eu-west-1/],
    ['another kind of resource', { place: { ...PLACE, resourceId: 'table/x' } }, 'guard/plan-foreign', /"table\/x"/],
    ['the future', { now: at('00:00') - 121 }, 'guard/plan-from-future', /2027-01-01T00:00:00Z.*2026-12-31T23:57:59Z/],
  ])('is one of %s', (_, fields, code, message) => {
    const decision = decideAt('11:00', live({ min: 50, actions: [] }), fields);
    expect(outcome(decision)).toEqual({ problems: [code] });
    expect(decision.problems[0]!.message).toMatch(message);
    expect(decision.metrics).toMatchObject({ refused: true, repairs: 0 });
  });

  test('is not one that any account may have', () => {
    const decision = decideAt('11:00', live({ min: 850, scaleIn: true }), {
      plan: { ...PLAN, account: undefined },
      place: { ...PLACE, account: '999999999999' },
    });
    expect(outcome(decision)).toEqual({});
  });

  test('is not one that was made two minutes ahead of this clock', () => {
    const decision = decideAt('00:00', live({ min: 1 }), { now: at('00:00') - 120 });
    expect(outcome(decision)).toEqual({ register: { bounds: { min: 10, max: 1600 }, suspended: OPEN } });
  });
});

test('a plan past its horizon holds its last floor, and is reported', () => {
  const before = decideAt('11:00', live({ min: 1 }), { now: Date.parse('2027-02-28T23:59:59Z') / 1000 });
  const after = decideAt('11:00', live({ min: 1 }), { now: Date.parse('2027-03-01T00:00:00Z') / 1000 });
  expect(outcome(before)).toEqual({ register: { bounds: { min: 10, max: 1600 }, suspended: OPEN } });
  expect(outcome(after)).toEqual({ ...outcome(before), problems: ['guard/plan-expired'] });
  expect([before.metrics.secondsCovered, after.metrics.secondsCovered]).toEqual([1, 0]);
});

test('a dip between two actions is not filled', () => {
  const plan = {
    ...PLAN,
    target: {
      ...PLAN.target,
      actions: [
        actionAt(0),
        { ...actionAt(1), at: '2027-01-01T10:01:00Z', min: 10 },
        { ...actionAt(2), at: '2027-01-01T10:02:00Z', min: 850 },
      ],
    },
  };
  // Both ends of the two minutes hold 400 at least; the clock may be behind, and the minute of 10 be now.
  const decision = decideAt('10:00:30', live({ scaleIn: true, actions: plan.target.actions.map(listed) }), { plan });
  expect(outcome(decision)).toEqual({});
});

test.each([
  ['09:59:59', false],
  ['10:00', true],
  ['12:59:59', true],
  ['13:00', false],
])('at %s the plan holds scale-in: %s', (time, held) => {
  // Whether it is suspended is another question: a deploy suspends it, too.
  for (const scaleIn of [false, true]) {
    expect(decideAt(time, live({ scaleIn }), { phase: 'deploying' }).metrics.scaleInHeld).toBe(held);
  }
});

test('the figures are what was read, and the floor of now', () => {
  const { metrics } = decideAt('10:02', live({ min: 400, scaleIn: true, running: 380, healthy: 350 }));
  expect(metrics).toEqual({
    plannedFloor: 400,
    liveFloor: 400,
    running: 380,
    healthy: 350,
    scaleInSuspended: true,
    scaleInHeld: true,
    repairs: 0,
    secondsCovered: Date.parse(PLAN.target.coveredUntil) / 1000 - at('10:02'),
    refused: false,
  });
  const unknown = decideAt('10:02', { target: 'unknown', actions: 'unknown' }).metrics;
  expect(Object.keys(unknown).sort()).toEqual(['plannedFloor', 'refused', 'repairs', 'scaleInHeld', 'secondsCovered']);
});
