import type { ReleaseCalendar } from '../../lib/calendar/release';
import type { Environment } from '../../lib/capacity/environment';
import { toIso } from '../../lib/capacity/instants';
import type { NightRecord, RecordedTarget } from '../../lib/capacity/night-record';
import { planNight } from '../../lib/capacity/planned-night';
import { floorScheduleOf } from '../../lib/rehearsal/floor-schedule';
import { AS_FORECAST, type Surprise } from '../../lib/rehearsal/draws';
import { nightOf } from '../../lib/rehearsal/night';
import { record } from '../../lib/rehearsal/rehearse';
import { rehearsalOf } from '../../lib/rehearsal/spec';

/** A night as a load balancer in front of the first target would have counted it. */
export interface SimulatedNight {
  readonly record: NightRecord;
  /** Outage minutes of the simulator, by users' requests. */
  readonly outageMinutes: number;
}

/**
 * Plays a release against its plan, with an audience that is so many times its median forecast, and writes down what a load balancer counts: every
 * try, and those that were refused.
 *
 * @param surprise how people come, of every release
 */
export function simulateNight(
  calendar: ReleaseCalendar,
  environment: Environment,
  id: string,
  audienceFactor: number,
  surprise: Surprise = AS_FORECAST,
): SimulatedNight {
  const release = calendar.releases.find((one) => one.id === id)!;
  const night = planNight({ calendar, environment, toolVersion: 'test' }, release)!;
  const plan = night.plan.targets[0]!;
  const spec = rehearsalOf({
    calendar: night.calendar,
    environment,
    plan,
    asOf: night.asOf,
    release: id,
    floors: floorScheduleOf(plan),
    whatIf: { audienceFactor },
  });
  if ('reason' in spec) throw new Error(spec.reason);
  const { plan: minutes } = record(spec, nightOf(spec, { surprises: spec.releases.map(() => surprise), seed: 1 }), [
    'plan',
  ]);
  const first = (night.from - spec.from) / 60;
  const count = (night.to - night.from) / 60;
  const inNight = (value: (minute: number) => number): number[] =>
    Array.from({ length: count }, (_, minute) => Math.round(value(first + minute)));
  const series: RecordedTarget['series'] = {
    requests: inNight((minute) => 60 * minutes.tries[minute]!),
    failures: inNight((minute) => 60 * minutes.tries[minute]! * minutes.failedShare[minute]!),
    ready: inNight((minute) => minutes.ready[minute]!),
    running: inNight((minute) => minutes.ready[minute]!),
    floor: inNight((minute) => minutes.floor[minute]!),
  };
  return {
    record: {
      schemaVersion: 1,
      account: '123456789012',
      environment: environment.name,
      from: toIso(night.from),
      to: toIso(night.to),
      periodSeconds: 60,
      targets: [{ id: plan.id, unit: plan.unit, series, activities: [] }],
    },
    outageMinutes: minutes.failedShare.slice(first, first + count).filter((share) => share > 0.01).length,
  };
}
