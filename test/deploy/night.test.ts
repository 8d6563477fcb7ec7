import { floorAt } from '../../lib/capacity/floor-at';
import { describeDeploys, type Fault } from './local-account';
import { type Plan, planOf, Prod, writeCalendar } from './product';

const PLAN: Plan = {
  environment: 'prod',
  asOf: '2026-12-04T00:00:00Z',
  // Warm from 18:45; the floor is given back at 19:30.
  calendar: writeCalendar({ '2026-12-04T19:00:00Z': 500 }, 'drill: none, warmUp: PT10M, length: PT20M, hold: PT10M'),
};
const SECONDS_PER_MINUTE = 60;

/** The same whole numbers from 0 to below, each time; Park and Miller. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

describeDeploys('a night of prod', () => {
  test('keeps its floor, minute by minute, whatever goes wrong', async () => {
    const prod = await Prod.start(PLAN, { idle: true });
    const { account } = prod;
    const plan = planOf(PLAN);
    const random = randomFrom(20_261_204);

    const throttled: Fault = {
      service: 'application-autoscaling',
      caller: 'lambda',
      code: 'ThrottlingException',
      times: 2,
    };
    const faults: Readonly<Record<string, () => Promise<unknown>>> = {
      'the minimum is lowered': () => prod.register({ MinCapacity: random(120) }),
      'the maximum is lowered': () => prod.register({ MinCapacity: 0, MaxCapacity: 1 + random(400) }),
      'scale-in is resumed': () => prod.register({ SuspendedState: { DynamicScalingInSuspended: false } }),
      'scheduled scaling is suspended': () => prod.register({ SuspendedState: { ScheduledScalingSuspended: true } }),
      'an action is deleted': async () => {
        const { actions } = await prod.read();
        if (actions.length > 0) await prod.deleteAction(actions[random(actions.length)]!.name);
      },
      'a call is denied': () =>
        account.failCalls({
          code: 'AccessDeniedException',
          caller: 'lambda',
          action: ['RegisterScalableTarget', 'DescribeScalableTargets', 'DescribeStacks', 'PutScheduledAction'][
            random(4)
          ]!,
        }),
      'credentials have expired': () => account.failCalls({ code: 'ExpiredTokenException', caller: 'lambda' }),
    };

    const names = Object.keys(faults);
    const history: string[] = [];
    let succeeded = 0;
    const from = Date.parse('2026-12-04T18:36:00Z') / 1000;
    const last = Date.parse('2026-12-04T19:43:00Z') / 1000;
    for (let now = from; now <= last; now += SECONDS_PER_MINUTE) {
      const instant = new Date(now * 1000).toISOString().replace('.000', '');
      await account.failCalls();
      await account.tick(instant, { latenessSeconds: random(60) });
      // The last ten minutes are calm.
      const troubles =
        now < last - 10 * SECONDS_PER_MINUTE
          ? Array.from({ length: random(3) }, () => names[random(names.length)]!)
          : [];
      for (const trouble of troubles) await faults[trouble]!();
      // When everybody's actions are due.
      if (plan.actions.some(({ at }) => at === instant)) await account.failCalls(throttled);
      const { failures, put, remove } = await prod.runGuard();
      const { min, running } = await prod.read();
      history.push(
        `${instant} ${troubles.join(', ')}: ${min}, ${running} run, ${failures.length} failed, put ${put.length}, removed ${remove.length}`,
      );

      // What is due within two minutes is left to happen by itself.
      const floor = Math.min(floorAt(plan, now), floorAt(plan, now + 2 * SECONDS_PER_MINUTE));
      const holds = min >= floor && running >= floor;
      if (failures.length === 0) succeeded += 1;
      expect({ holds: holds || failures.length > 0, history }).toEqual({ holds: true, history });
    }
    expect(succeeded).toBeGreaterThan(40);
    expect(history.filter((line) => !line.includes('Z :')).length).toBeGreaterThan(20);
    expect(await prod.read()).toMatchObject({
      min: plan.baseline,
      max: plan.max,
      running: plan.baseline,
      suspended: {
        DynamicScalingInSuspended: false,
        DynamicScalingOutSuspended: false,
        ScheduledScalingSuspended: false,
      },
    });
    await account.stop();
  });
});
