import { toSchedule } from '../../lib/capacity/instants';
import {
  type EnvironmentFacts,
  known,
  type RegisteredAction,
  type RegisteredTarget,
  type StackFacts,
  type TargetFacts,
  unknown,
} from '../../lib/live/facts';
import {
  alarm,
  drillText,
  ENVIRONMENT,
  foundBy,
  GUARD_ALARM,
  judgeNight,
  mendOf,
  type Night,
  notGo,
  overrideText,
  PASSED,
  planOf,
  calendarOf,
  TARGET,
  TOPIC,
} from './night';

const denied = unknown({ kind: 'permission', message: 'AccessDenied: not you', mend: 'allow it' });

const held: RegisteredTarget = {
  min: 500,
  max: 1600,
  scaleInSuspended: true,
  scaleOutSuspended: false,
  scheduledSuspended: false,
};

/** The actions of the healthy night, but for the rise, which has been. */
const registeredActions = (): RegisteredAction[] =>
  planOf(calendarOf(), '2026-12-01T00:00:00Z')
    .targets[0]!.actions.filter(({ at }) => at > '2026-12-04T18:40:00Z')
    .map(({ name, at, min, max }) => ({ name, schedule: toSchedule(at), bounded: false, min, max }));

/** The rise, ahead again and to nothing. */
const moved: RegisteredAction = {
  name: 'floor-20261204T1825Z',
  schedule: 'at(2026-12-04T19:05:00)',
  bounded: false,
  min: 1,
  max: 1600,
};

/** The stacks of a healthy prod, one of them changed. */
function stacks(name: string, change: Partial<StackFacts>): Pick<EnvironmentFacts, 'stacks'> {
  return {
    stacks: ['prod-Playback', 'prod-Capacity', 'prod-Edge'].map((one) => ({
      name: one,
      region: 'us-east-1',
      state: known({ status: 'CREATE_COMPLETE', attached: [] }),
      alarms: known(one === 'prod-Capacity' ? [alarm(GUARD_ALARM)] : []),
      ...(one === name && change),
    })),
  };
}

test.each([
  ['days before, at the baseline', '2026-12-02T12:00:00Z'],
  ['in the middle of the window', '2026-12-04T18:40:00Z'],
  ['while capacity is given back', '2026-12-04T20:19:00Z'],
  ['an hour after the window, with nothing ahead', '2026-12-04T21:20:00Z'],
])('a healthy environment is a go %s', (_, now) => {
  expect(notGo(judgeNight({ now }))).toEqual({});
  expect(judgeNight({ now }).verdict).toBe('go');
});

test('no release is a go, too, and is said', () => {
  const after = judgeNight({ now: '2026-12-06T00:00:00Z' });
  expect(after.releases).toEqual([]);
  expect([foundBy(after, 'release'), foundBy(after, 'drill')]).toEqual(['none is coming', 'no release needs one']);
});

describe('one fault is one no-go', () => {
  test.each<[fault: string, id: string, night: Night, found: string]>([
    ['another account', 'account', { facts: { account: known('999999999999') } }, '999999999999'],
    [
      'a stack that is missing in part',
      'stacks',
      {
        facts: stacks('prod-Playback', { state: known('missing') }),
        environment: { ...ENVIRONMENT, alarms: 'off' },
      },
      'prod-Playback is missing in us-east-1',
    ],
    [
      'a deploy under way',
      'stacks',
      { facts: stacks('prod-Edge', { state: known({ status: 'UPDATE_IN_PROGRESS', attached: [] }) }) },
      'prod-Edge is UPDATE_IN_PROGRESS',
    ],
    [
      'a deploy that was rolled back',
      'stacks',
      { facts: stacks('prod-Edge', { state: known({ status: 'UPDATE_ROLLBACK_COMPLETE', attached: [] }) }) },
      'prod-Edge is UPDATE_ROLLBACK_COMPLETE',
    ],
    [
      'a release that is tentative on its last day',
      'release',
      { entry: 'status: tentative' },
      'night is tentative, premiere 2026-12-04T19:00:00Z',
    ],
    [
      'a calendar that is not deployed',
      'plan',
      { digest: 'sha256:000000000000000' },
      'calendar sha256:000000000000 by 0.1.0',
    ],
    [
      'a minimum below the floor',
      'target',
      { target: { registered: known({ ...held, min: 499 }) } },
      'minimum 499, maximum 1,600, scale-in suspended',
    ],
    [
      'a target that nobody registers',
      'target',
      { target: { registered: known('missing') } },
      'nothing is registered for service/cluster/service',
    ],
    [
      'scale-out that is suspended',
      'target',
      { target: { registered: known({ ...held, scaleOutSuspended: true }) } },
      'minimum 500, maximum 1,600, scale-in and scale-out suspended',
    ],
    ['one healthy task too few', 'healthy', { target: { healthy: known(499) } }, '499 healthy tasks'],
    ['no function', 'guard', { target: { guard: known('missing') } }, 'there is no function'],
    [
      'a function that is not active',
      'guard',
      { target: { guard: known({ state: 'Failed' }) } },
      'the function is Failed',
    ],
    [
      'an image that is not there',
      'image',
      { target: { images: known([{ image: '1.dkr.ecr.us-east-1.amazonaws.com/a/b:c', found: 'missing' }]) } },
      '1.dkr.ecr.us-east-1.amazonaws.com/a/b:c is missing',
    ],
    [
      // 550 tasks while a deployment rolls, 500 of them run: 17 in each of three subnets.
      'one address too few in one subnet',
      'addresses',
      {
        target: {
          subnets: known([
            { id: 'a', freeAddresses: 17 },
            { id: 'b', freeAddresses: 16 },
            { id: 'c', freeAddresses: 17 },
          ]),
        },
      },
      'free addresses: 17 in a, 16 in b, 17 in c',
    ],
    [
      'a topic to which nobody has confirmed',
      'alarms',
      { facts: { subscribers: known(new Map([[TOPIC, 0]])) } },
      'without a confirmed subscriber: wake',
    ],
    [
      'an alarm that was deleted',
      'alarms',
      { facts: stacks('prod-Edge', { alarms: known([alarm('edge', { state: undefined, actionsEnabled: false })]) }) },
      'deleted: edge',
    ],
    [
      'an alarm whose actions somebody has taken away, and that rings unheard',
      'alarms',
      {
        facts: stacks('prod-Edge', {
          alarms: known([alarm('edge', { state: 'ALARM', topics: [], tellsWhenOver: false })]),
        }),
      },
      'tells nobody: edge',
    ],
    [
      'an action that was due and is set to another instant',
      'actions',
      { target: { actions: known([...registeredActions(), moved]) } },
      'floor-20261204T1825Z is foreign',
    ],
    [
      'a drill of a premiere of last year under the same name',
      'drill',
      {
        target: {
          drills: known([drillText({ ...PASSED, raisedAt: '2025-12-03T18:51:00Z', seenAt: '2025-12-03T18:56:00Z' })]),
        },
        entry: 'drill: P1D',
      },
      'no record says how it ended',
    ],
    [
      'no alarm where the environment wants some',
      'alarms',
      { facts: { ...stacks('prod-Capacity', { alarms: known([]) }), subscribers: known(new Map()) } },
      'the stacks have none',
    ],
    [
      'an end-window in the window',
      'overrides',
      {
        now: '2026-12-04T17:00:00Z',
        target: {
          overrides: known([
            overrideText({ kind: 'end-window', from: '2026-12-04T20:19:00Z', until: '2026-12-04T20:30:00Z' }),
          ]),
          // The guard has put what follows of it.
          actions: known([
            { name: 'floor-20261204T1825Z', schedule: 'at(2026-12-04T18:25:00)', bounded: false, min: 500, max: 1600 },
            { name: 'floor-20261204T2019Z', schedule: 'at(2026-12-04T20:19:00)', bounded: false, min: 120, max: 1600 },
            { name: 'floor-20261204T2020Z', schedule: 'at(2026-12-04T20:20:00)', bounded: false, min: 120, max: 1600 },
          ]),
        },
      },
      'end-window from 2026-12-04T20:19:00Z until 2026-12-04T20:30:00Z by ann: a reason',
    ],
    [
      'an override that nobody can read',
      'overrides',
      { target: { overrides: known([{ name: '/prescale/prod/x', text: '{}' }]) } },
      '/prescale/prod/x must have schemaVersion 1, got undefined',
    ],
    [
      'a drill that was not high enough',
      'drill',
      { target: { drills: known([drillText({ ...PASSED, floor: 499 })]) } },
      'night: was due at 2026-12-03T19:00:00Z at 500, and no record says how it ended',
    ],
    [
      'a drill that failed where nobody could count',
      'drill',
      { target: { drills: known([drillText({ ...PASSED, outcome: 'failed', healthy: undefined })]) } },
      'night: failed, nobody could count how many of 500 healthy at 2026-12-03T18:56:00Z',
    ],
  ])('%s: %s', (_, id, night, found) => {
    const verification = judgeNight(night);
    expect(notGo(verification)).toEqual({ [id]: 'no-go' });
    expect(foundBy(verification, id)).toContain(found);
    expect(mendOf(verification, id)).not.toBe('');
  });

  test('a quota that is one short', () => {
    const quotas = new Map([['fargate/L-3032A538', known({ value: 2199, isDefault: false })]]);
    const verification = judgeNight({ target: { quotas } });
    expect(verification.checks.find(({ id }) => id === 'quota/fargate/L-3032A538')).toMatchObject({
      verdict: 'no-go',
      found: '2,199 is granted, 2,200 needed: Fargate vCPU with a rolling deploy',
    });
  });
});

test('a cancelled release is no go, and has no window', () => {
  const verification = judgeNight({ entry: 'status: cancelled', release: 'night', now: '2026-12-02T00:00:00Z' });
  expect(notGo(verification)).toEqual({ release: 'no-go' });
});

test('a tentative release is a go more than a day before', () => {
  expect(notGo(judgeNight({ entry: 'status: tentative', now: '2026-12-03T18:59:59Z' }))).toEqual({});
});

test('a release beyond the plan is told to wait for another plan', () => {
  const verification = judgeNight({ release: 'night', now: '2026-08-01T00:00:00Z' });
  expect(foundBy(verification, 'plan')).toContain('night is beyond it');
});

test('an error of the plan is told before a deploy meets it', () => {
  const low = { ...ENVIRONMENT, layers: { playback: { ...ENVIRONMENT.layers['playback']!, maximum: 400 } } };
  const verification = judgeNight({ environment: low, now: '2026-12-02T00:00:00Z' });
  expect(foundBy(verification, 'plan')).toContain('a deploy would be refused');
});

describe('what is not a fault', () => {
  test.each<[what: string, id: string, night: Night, found: string]>([
    [
      'a minimum above the plan costs money and no viewers',
      'target',
      { target: { registered: known({ ...held, min: 700 }) } },
      'minimum 700, above the plan, maximum 1,600, scale-in suspended',
    ],
    [
      'a maximum above the plan',
      'target',
      { target: { registered: known({ ...held, max: 1700 }) } },
      'minimum 500, maximum 1,700, above the plan, scale-in suspended',
    ],
    [
      'an action that runs a minute late',
      'target',
      { now: '2026-12-04T18:26:00Z', target: { registered: known({ ...held, min: 120, scaleInSuspended: false }) } },
      'minimum 120, maximum 1,600, nothing suspended',
    ],
    [
      'actions that have run, and one that states the floor once more',
      'actions',
      {
        target: {
          actions: known([
            { name: 'floor-20261204T1825Z', schedule: 'at(2026-12-04T18:25:00)', bounded: false, min: 7, max: 7 },
            { name: 'floor-20261204T1843Z', schedule: 'at(2026-12-04T18:43:00)', bounded: false, min: 500, max: 1600 },
            {
              name: 'floor-20261204T2020Z',
              schedule: 'at(2026-12-04T20:20:00)',
              timezone: 'UTC',
              bounded: false,
              min: 120,
              max: 1600,
            },
            {
              name: 'once',
              schedule: 'at(2026-12-03T18:00:00)',
              timezone: 'Asia/Tokyo',
              bounded: false,
              min: 1,
              max: 1,
            },
          ]),
        },
      },
      'all of them, and no others',
    ],
    [
      'an alarm by day that is in ALARM',
      'alarms',
      {
        facts: stacks('prod-Edge', {
          alarms: known([alarm('GuardRepaired', { state: 'ALARM', tellsWhenOver: false })]),
        }),
      },
      '2 alarms, and somebody hears each; told by day: GuardRepaired',
    ],
    [
      'an environment without alarms',
      'alarms',
      {
        environment: { ...ENVIRONMENT, alarms: 'off' },
        facts: { ...stacks('prod-Capacity', { alarms: known([]) }), subscribers: known(new Map()) },
      },
      'the environment has none',
    ],
    [
      'a pause that ends before the window',
      'overrides',
      {
        now: '2026-12-04T17:00:00Z',
        target: {
          overrides: known([
            overrideText({ kind: 'pause', from: '2026-12-04T16:00:00Z', until: '2026-12-04T18:00:00Z' }),
          ]),
        },
      },
      'pause from 2026-12-04T16:00:00Z until 2026-12-04T18:00:00Z by ann: a reason',
    ],
    [
      'overrides that are over',
      'overrides',
      {
        target: {
          overrides: known([
            overrideText({ kind: 'pause', from: '2026-12-04T18:25:00Z', until: '2026-12-04T18:40:00Z' }),
          ]),
        },
      },
      'none',
    ],
    [
      'a drill that is due later',
      'drill',
      { now: '2026-12-02T12:00:00Z', target: { drills: known([]) } },
      'night: due at 2026-12-03T19:00:00Z',
    ],
    [
      'a drill that runs',
      'drill',
      { now: '2026-12-03T19:19:00Z', target: { drills: known([]) } },
      'night: runs since 2026-12-03T19:00:00Z, known by 2026-12-03T19:20:00Z',
    ],
    [
      'no drill where the calendar wants none',
      'drill',
      { entry: 'drill: none', target: { drills: known([]) } },
      'night: the calendar plans none',
    ],
    [
      'a drill outside the calendar, which counts for a week',
      'drill',
      { target: { drills: known([drillText({ ...PASSED, releases: [], raisedAt: '2026-11-27T19:00:00Z' })]) } },
      'night: passed, 500 healthy after 300 s, at 2026-12-03T18:56:00Z',
    ],
    [
      'a drill that failed and then passed',
      'drill',
      {
        target: {
          drills: known([
            drillText({ ...PASSED, seenAt: '2026-12-04T10:00:00Z' }),
            drillText({ ...PASSED, outcome: 'failed' }),
          ]),
        },
      },
      'night: passed, 500 healthy after 300 s, at 2026-12-04T10:00:00Z',
    ],
  ])('%s', (_, id, night, found) => {
    const verification = judgeNight(night);
    expect(notGo(verification)).toEqual({});
    expect(foundBy(verification, id)).toBe(found);
  });

  test('quotas of which nothing is needed, whatever could be read', () => {
    const verification = judgeNight({ target: { quotas: new Map([['fargate/L-6BAD92DD', denied]]) } });
    expect(verification.checks.find(({ id }) => id === 'quota/fargate/L-6BAD92DD')?.verdict).toBe('go');
  });
});

describe('a raise', () => {
  const raise = overrideText({ kind: 'raise', min: 700, from: '2026-12-04T18:30:00Z', until: '2026-12-04T19:30:00Z' });
  const closing = { schedule: 'at(2026-12-04T20:20:00)', bounded: false, min: 120, max: 1600 };
  const actions = known([
    { name: 'floor-20261204T1930Z', schedule: 'at(2026-12-04T19:30:00)', bounded: false, min: 500, max: 1600 },
    { name: 'floor-20261204T2020Z', ...closing },
  ]);
  const room = { service: known({ running: 700, desired: 700, taskDefinition: 't', subnetIds: ['a'] }) };

  test('is the floor that is expected', () => {
    const done = { registered: known({ ...held, min: 700 }), healthy: known(700), actions, ...room };
    expect(notGo(judgeNight({ target: { overrides: known([raise]), ...done } }))).toEqual({});
  });

  test('that nobody has carried out is no go', () => {
    expect(notGo(judgeNight({ target: { overrides: known([raise]) } }))).toEqual({
      target: 'no-go',
      actions: 'no-go',
      healthy: 'no-go',
    });
  });
});

describe('what could not be read', () => {
  test.each<[keyof TargetFacts, string]>([
    ['registered', 'target'],
    ['actions', 'actions'],
    ['healthy', 'healthy'],
    ['guard', 'guard'],
    ['overrides', 'overrides'],
    ['drills', 'drill'],
    ['images', 'image'],
    ['subnets', 'addresses'],
    ['attached', 'plan'],
  ])('%s makes %s unknown, and nothing else', (fact, id) => {
    const verification = judgeNight({ target: { [fact]: denied } });
    expect(notGo(verification)).toEqual({ [id]: 'unknown' });
    expect([foundBy(verification, id), mendOf(verification, id)]).toEqual(['AccessDenied: not you', 'allow it']);
    expect(verification.verdict).toBe('unknown');
  });

  test('of the environment', () => {
    expect(notGo(judgeNight({ facts: { account: denied } }))).toEqual({ account: 'unknown' });
    expect(notGo(judgeNight({ facts: { subscribers: denied } }))).toEqual({ alarms: 'unknown' });
    expect(notGo(judgeNight({ facts: stacks('prod-Edge', { state: denied }) }))).toEqual({ stacks: 'unknown' });
    expect(notGo(judgeNight({ facts: stacks('prod-Edge', { alarms: denied }) }))).toEqual({ alarms: 'unknown' });
    expect(notGo(judgeNight({ facts: stacks('prod-Capacity', { alarms: denied }) }))).toEqual({
      guard: 'unknown',
      alarms: 'unknown',
    });
  });

  test('is what AWS answers nothing about', () => {
    expect(notGo(judgeNight({ target: { images: known([]), subnets: known([]) } }))).toEqual({
      image: 'unknown',
      addresses: 'unknown',
    });
    const environment = { ...ENVIRONMENT, account: 'any' } as const;
    expect(notGo(judgeNight({ environment, facts: { account: known('') } }))).toEqual({ account: 'unknown' });
  });

  test('hides no fault that could be', () => {
    const facts = {
      subscribers: denied,
      ...stacks('prod-Edge', { alarms: known([alarm('a', { actionsEnabled: false })]) }),
    };
    expect(notGo(judgeNight({ facts }))).toEqual({ alarms: 'no-go' });
  });

  test('of overrides leaves go what is as the plan has it, and unknown what is not', () => {
    expect(notGo(judgeNight({ target: { overrides: denied, registered: known({ ...held, min: 120 }) } }))).toEqual({
      overrides: 'unknown',
      target: 'unknown',
    });
  });

  test('is an image of a registry that is not ECR', () => {
    const images = known([{ image: 'docker.io/library/nginx:1', found: 'elsewhere' as const }]);
    expect(notGo(judgeNight({ target: { images } }))).toEqual({ image: 'unknown' });
  });
});

test('a target that was deregistered comes back without its policies', () => {
  expect(mendOf(judgeNight({ target: { registered: known('missing') } }), 'target')).toContain(
    'without its scaling policies',
  );
});

test('tells how long the units of a rise may take', () => {
  const verification = judgeNight({ now: '2026-12-04T18:26:00Z', target: { healthy: known(120) } });
  // 60 s for the scheduler, 120 s to start, 380 at 500 a minute.
  expect(mendOf(verification, 'healthy')).toContain('wait until 2026-12-04T18:28:46Z, then see why');
});

test('without a target group running tasks are counted', () => {
  const service = known({ running: 499, desired: 500, taskDefinition: 't', subnetIds: ['a', 'b', 'c'] });
  const verification = judgeNight({ target: { healthy: undefined, service } });
  expect(notGo(verification)).toEqual({ healthy: 'no-go' });
  expect(foundBy(verification, 'healthy')).toBe('499 running tasks');
});

test('a plan of an hour ago and one of now have the same floors', () => {
  // What the comparison with the deployed plan stands on.
  const calendar = calendarOf();
  const floors = (asOf: string): unknown =>
    planOf(calendar, asOf)
      .targets.find(({ id }) => id === TARGET)!
      .actions.filter(({ at }) => at > '2026-12-04T18:00:00Z');
  expect(floors('2026-12-04T17:00:00Z')).toEqual(floors('2026-12-01T00:00:00Z'));
});
