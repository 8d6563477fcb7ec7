import { floorAt } from '../../lib/capacity/floor-at';
import { describeDeploys, type LocalAccount, startLocalAccount, SWITCH_POSITIONS } from './local-account';
import { deployPlan, planOf, type Plan, planned, playbackTarget, removeCalendars, writeCalendar } from './product';

const PREMIERE = '2026-12-04T19:00:00Z';

/** Registered before the window, and again in the middle of it with another release after it. */
const FIRST: Plan = {
  environment: 'prod',
  asOf: '2026-12-04T00:00:00Z',
  calendar: writeCalendar({ [PREMIERE]: 500 }),
};
const SECOND: Plan = {
  ...FIRST,
  asOf: '2026-12-04T19:10:00Z',
  calendar: writeCalendar({ [PREMIERE]: 500, '2026-12-06T19:00:00Z': 300 }),
};

afterAll(removeCalendars);

describeDeploys('the floor of prod, whatever AWS does', () => {
  let account: LocalAccount;
  afterEach(() => account.stop());

  test.each(SWITCH_POSITIONS)('holds through a window and a deploy in the middle of it: %s', async (_, switches) => {
    account = await startLocalAccount(switches);
    await account.tick(FIRST.asOf);
    await account.bootstrap('us-east-1');
    for (const stacks of ['prod/Playback', 'prod/Capacity']) {
      expect(await deployPlan(account, stacks, FIRST)).toMatchObject({ exitCode: 0 });
    }
    const target = await playbackTarget(account);
    const [first, second] = [planOf(FIRST), planOf(SECOND)];
    const follow = async (plan: typeof first, from: string, to: string): Promise<void> => {
      for (const { at, min, max } of plan.actions.filter((action) => action.at > from && action.at <= to)) {
        await account.tick(at);
        expect(await account.readTarget(target)).toMatchObject({ min, max });
        // Nothing asks for tasks: a policy gives back all that it may.
        expect(await account.attempt(target, 0)).toMatchObject({ after: min });
      }
    };

    await follow(first, FIRST.asOf, SECOND.asOf);
    expect(floorAt(first, SECOND.asOf)).toBe(500);
    await account.tick(SECOND.asOf);
    expect(await deployPlan(account, 'prod/Capacity', SECOND)).toMatchObject({ exitCode: 0 });
    expect(await account.readTarget(target)).toMatchObject(planned(second));
    await follow(second, SECOND.asOf, '2027-01-01T00:00:00Z');
    expect(await account.readTasks(target)).toMatchObject({ running: second.baseline });
  });
});
