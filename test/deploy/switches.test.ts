import { describeDeploys } from './local-account';
import {
  enterWindow,
  floorOf,
  follow,
  GUARD_RUNS,
  type Plan,
  planned,
  planOf,
  POSITIONS,
  Prod,
  writeCalendar,
} from './product';

// A release on each of some Fridays, of which each is in another kind of trouble: warm from 18:25, premiere at 19:00, given back at 20:20.
const FRIDAYS = ['2026-12-04', '2026-12-11', '2026-12-18', '2026-12-25'];

/** The calendar with those Fridays changed that are named: other premieres, or none. */
const planAt = (asOf: string, changes: Readonly<Record<string, Readonly<Record<string, number>>>> = {}): Plan => {
  const evenings = FRIDAYS.map((day) => changes[day] ?? { [`${day}T19:00:00Z`]: 500 });
  return {
    environment: 'prod',
    asOf,
    calendar: writeCalendar(Object.assign({}, ...evenings) as Record<string, number>, 'drill: none'),
  };
};

const later = { '2026-12-04': { '2026-12-04T21:00:00Z': 500 } };
const more = { ...later, '2026-12-11': { '2026-12-11T19:00:00Z': 500, '2026-12-12T19:00:00Z': 300 } };
const earlier = { ...more, '2026-12-18': { '2026-12-18T18:50:00Z': 500 } };
const cancelled = { ...earlier, '2026-12-25': {} };

const FIRST = planAt('2026-12-04T00:00:00Z');
const LATER = planAt('2026-12-04T19:10:00Z', later);
const BEFORE_RISE = planAt('2026-12-11T18:20:00Z', later);
const MORE = planAt('2026-12-11T19:10:00Z', more);
const IMAGED: Plan = { ...MORE, asOf: '2026-12-11T19:40:00Z' };
const BEFORE_CLOSE = planAt('2026-12-11T20:15:00Z', more);
const EARLIER = planAt('2026-12-18T18:40:00Z', earlier);
const CANCELLED = planAt('2026-12-25T19:10:00Z', cancelled);

const IMAGE = `sha256:${'2'.repeat(64)}`;

describeDeploys('the floor of prod, whatever AWS does', () => {
  let prod: Prod;
  afterEach(() => prod.account.stop());

  /** A deploy, and one run of the guard, at `now`. */
  async function deploy(before: Plan, after: Plan, now = after.asOf): Promise<void> {
    expect(await prod.deploy(after)).toMatchObject({ exitCode: 0, status: 'UPDATE_COMPLETE' });
    expect(await prod.lapses(before, after)).toEqual([]);
    const { before: running, after: left } = await prod.account.attempt(prod.target, 0);
    expect(left).toBe(running);
    const { actions, max } = planned(planOf(after));
    const live = await prod.read();
    expect(live.max).toBe(max);
    expect(live.actions).toEqual(expect.arrayContaining([...actions]));
    // What else may be listed is a lowering, put in the place of one that CloudFormation left out.
    const others = live.actions.filter(({ name }) => !actions.some((action) => action.name === name));
    const floor = floorOf(after, now);
    expect(others).toEqual(live.min > floor ? [expect.objectContaining({ min: floor })] : []);
    await follow(prod, after, now, ...others.map(({ at }) => at));
  }

  test.each(POSITIONS)('holds through deploys in the middle of windows: %s', async (_, switches) => {
    prod = await Prod.start(FIRST, { ...switches, idle: true });
    const { account } = prod;
    expect(await prod.read()).toMatchObject(planned(planOf(FIRST)));

    // The premiere slips by two hours: back to the baseline, and up again.
    await enterWindow(prod, FIRST, LATER.asOf);
    await deploy(FIRST, LATER);
    await follow(prod, LATER, '2026-12-04T20:25:00Z', '2026-12-04T22:20:00Z');

    // The floor rises while a deploy is under way.
    await follow(prod, LATER, BEFORE_RISE.asOf);
    await account.during({ after: 'ReleaseFloorsGuardFirstStep', tick: '2026-12-11T18:25:00Z' });
    await deploy(LATER, BEFORE_RISE, '2026-12-11T18:25:00Z');

    // One release more; the guard runs whenever a resource was changed.
    await enterWindow(prod, BEFORE_RISE, MORE.asOf);
    await account.during(...GUARD_RUNS);
    await deploy(BEFORE_RISE, MORE);

    // A new image that does not become stable, and one that does. The capacity comes after it.
    await account.during();
    await account.failResources({ type: 'AWS::ECS::Service', after: true });
    const both = { stacks: 'prod/{Playback,Capacity}', image: IMAGE };
    expect(await prod.deploy({ ...MORE, asOf: '2026-12-11T19:20:00Z' }, both)).toMatchObject({ exitCode: 1 });
    expect(await prod.status('prod-Playback')).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await prod.read()).toMatchObject({ min: 500, running: 500 });
    await follow(prod, MORE, IMAGED.asOf);
    expect(await prod.deploy(IMAGED, both)).toMatchObject({ exitCode: 0 });
    await follow(prod, IMAGED, IMAGED.asOf);

    // The floor is given back while a deploy is under way: it holds for the time of a deploy.
    await follow(prod, IMAGED, BEFORE_CLOSE.asOf);
    await account.during({ after: 'ReleaseFloorsGuardFirstStep', tick: '2026-12-11T20:20:00Z' });
    await deploy(IMAGED, BEFORE_CLOSE, '2026-12-11T20:20:00Z');
    await account.during();
    await follow(prod, BEFORE_CLOSE, '2026-12-11T20:31:00Z', '2026-12-12T18:25:00Z', '2026-12-12T20:20:00Z');

    await enterWindow(prod, BEFORE_CLOSE, EARLIER.asOf);
    await deploy(BEFORE_CLOSE, EARLIER);
    await follow(prod, EARLIER, '2026-12-18T20:10:00Z');

    await enterWindow(prod, EARLIER, CANCELLED.asOf);
    await deploy(EARLIER, CANCELLED);
    expect(await prod.read()).toMatchObject({
      min: 120,
      running: 120,
      suspended: { DynamicScalingInSuspended: false },
    });
  });
});
