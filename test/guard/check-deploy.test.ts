import { checkDeploy, type CheckDeployInput, type DeployCheck } from '../../lib/guard/check-deploy';
import type { LiveState } from '../../lib/guard/live-state';
import { at, listed, live, PLACE, PLAN } from './fixtures';

function check(fields: Partial<CheckDeployInput> = {}): DeployCheck {
  return checkDeploy({
    plan: PLAN,
    place: PLACE,
    live: live(),
    now: at('00:05'),
    stackStatus: 'UPDATE_IN_PROGRESS',
    ...fields,
  });
}

const codes = ({ refusals }: DeployCheck): string[] => refusals.map(({ code }) => code);

/** A plan whose next window is far away, with the maximum of the fixture lowered. */
const QUIET = { ...PLAN, target: { ...PLAN.target, max: 1000, windows: [], actions: [] } };
const CLOSING = listed({ name: 'floor-20270105T0000Z', at: '2027-01-05T00:00:00Z', min: 10, max: 1600 });
const RISING = listed({ name: 'floor-20270102T0000Z', at: '2027-01-02T00:00:00Z', min: 900, max: 1600 });

describe('a deploy is refused', () => {
  test.each<[string, string[], Partial<CheckDeployInput>]>([
    ['not, when all is well', [], {}],
    ['not, when it is the first', [], { live: { target: 'missing', actions: [] }, stackStatus: 'CREATE_IN_PROGRESS' }],
    ['not, when the same plan is deployed again', [], { deployedAsOf: PLAN.asOf }],
    ['not, hours after its window while nothing of it is due', [], { now: at('09:57:59') }],
    ['two minutes before an action of it', ['deploy/plan-stale'], { now: at('09:58') }],
    ['when an action of it is due', ['deploy/plan-stale'], { now: at('10:00') }],
    ['when its plan is of the future', ['guard/plan-from-future'], { now: at('00:00') - 121 }],
    ['when a newer one is deployed', ['deploy/plan-older'], { deployedAsOf: '2027-01-01T00:00:01Z' }],
    ['not for an output that is no instant', [], { deployedAsOf: 'none' }],
    ['for another account', ['guard/plan-foreign'], { place: { ...PLACE, account: '999999999999' } }],
    ['for another region', ['guard/plan-foreign'], { place: { ...PLACE, region: 'eu-west-1' } }],
    ['not, when more run than are meant to stay, as while a deployment rolls', [], { live: live({ running: 1601 }) }],
    ['when more are asked for than its maximum', ['deploy/maximum-below-running'], { live: live({ desired: 1601 }) }],
    [
      'so before there is a target',
      ['deploy/maximum-below-running'],
      { live: { target: 'missing', actions: [], running: 1601 } },
    ],
    [
      'when it lowers the maximum with a window within a day',
      ['deploy/maximum-lowered'],
      { live: live({ max: 1601 }) },
    ],
    ['not, when it raises the maximum', [], { live: live({ max: 1599 }) }],
    ['not, when it lowers the maximum in quiet times', [], { plan: QUIET, live: live({ actions: [] }) }],
    [
      'when it lowers the maximum while a window of the plan before is open',
      ['deploy/maximum-lowered'],
      { plan: QUIET, live: live({ min: 850, actions: [CLOSING] }) },
    ],
    [
      'when it lowers the maximum while a window of the plan before opens within a day',
      ['deploy/maximum-lowered'],
      { plan: QUIET, live: live({ actions: [RISING] }) },
    ],
    [
      'not, when that window opens later',
      [],
      { plan: QUIET, live: live({ actions: [{ ...RISING, schedule: 'at(2027-01-02T00:05:01)' }, CLOSING] }) },
    ],
    [
      'not for actions that have fired',
      [],
      { plan: QUIET, live: live({ min: 850, actions: [{ ...CLOSING, schedule: 'at(2027-01-01T00:05:00)' }] }) },
    ],
    [
      'not for a maximum when nothing can be read',
      [],
      { plan: QUIET, live: { target: 'unknown', actions: 'unknown' } },
    ],
  ])('%s', (_, expected, fields) => {
    const checked = check(fields);
    expect(codes(checked)).toEqual(expected);
    for (const { message } of checked.refusals) expect(message).toMatch(/\d.*; mend: \S/);
  });

  test('for all reasons at once', () => {
    const checked = check({
      place: { ...PLACE, region: 'eu-west-1' },
      now: at('11:00'),
      deployedAsOf: '2027-01-01T01:00:00Z',
      live: live({ desired: 1601 }),
    });
    expect(codes(checked)).toEqual([
      'guard/plan-foreign',
      'deploy/plan-stale',
      'deploy/plan-older',
      'deploy/maximum-below-running',
    ]);
    expect(checked).not.toHaveProperty('register');
  });
});

describe('a rollback', () => {
  const stale = { now: at('11:00'), deployedAsOf: '2027-01-01T01:00:00Z', live: live({ desired: 1601 }) };

  test.each(['UPDATE_ROLLBACK_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS', 'DELETE_IN_PROGRESS'])(
    'is never refused: %s',
    (stackStatus) => {
      expect(check({ ...stale, stackStatus })).toEqual({
        refusals: [],
        warnings: [],
        register: { suspended: { scaleIn: true, scaleOut: false, scheduled: false } },
      });
    },
  );

  test('may be under way when the status is unknown, so that only a foreign plan is refused', () => {
    const unknown = check({ ...stale, stackStatus: undefined });
    expect(codes(unknown)).toEqual([]);
    expect(unknown.warnings.map(({ code }) => code)).toEqual([
      'deploy/plan-stale',
      'deploy/plan-older',
      'deploy/maximum-below-running',
    ]);
    expect(codes(check({ ...stale, stackStatus: undefined, place: { ...PLACE, account: '999999999999' } }))).toEqual([
      'guard/plan-foreign',
    ]);
  });
});

test.each<[string, LiveState, object | undefined]>([
  [
    'is suspended, and nothing else is changed',
    live(),
    { suspended: { scaleIn: true, scaleOut: false, scheduled: false } },
  ],
  [
    'is suspended beside what else is',
    live({ target: { min: 1, max: 2, suspended: { scaleIn: false, scaleOut: true, scheduled: true } } }),
    { suspended: { scaleIn: true, scaleOut: true, scheduled: true } },
  ],
  ['stays suspended', live({ scaleIn: true }), undefined],
  ['of no target cannot be suspended', { target: 'missing', actions: [] }, undefined],
])('before a deploy scale-in %s', (_, state, register) => {
  expect(check({ live: state }).register).toEqual(register);
});
