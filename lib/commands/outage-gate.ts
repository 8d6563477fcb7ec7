import type { Diagnostic } from '../calendar/diagnostic';
import type { ReleaseCalendar } from '../calendar/release';
import type { CapacityPlan } from '../capacity/capacity-plan';
import { type Environment, resolveEnvironment } from '../capacity/environment';
import { percent } from '../capacity/words';
import { floorScheduleOf } from '../rehearsal/floor-schedule';
import { RunningRehearsal } from '../rehearsal/rehearsal';
import { rehearsalOf } from '../rehearsal/spec';
import type { Probability } from '../rehearsal/summary';
import type { Output } from './common';
import { playAll, type RehearseWorld, targetsOfRelease } from './play-rehearsal';

/** How likely an outage of one coming release is under the plan. */
export interface ReleaseOutage {
  readonly environment: string;
  readonly target: string;
  readonly release: string;
  readonly outage: Probability;
  readonly outageBudget: number;
}

/** Draws of each release in `check --rehearse`: without an outage they show 1 % with 95 % confidence. */
export const CHECK_DRAWS = 300;

/**
 * Rehearses the plan alone for every release whose premiere is to come and that states an audience.
 *
 * @returns what was found for each, and an error at each release that is above the budget of its environment
 */
export async function rehearseAll(
  plan: CapacityPlan,
  calendar: ReleaseCalendar,
  environments: readonly Environment[],
  output: Output,
  world: RehearseWorld,
): Promise<{ outages: ReleaseOutage[]; diagnostics: Diagnostic[] }> {
  const outages: ReleaseOutage[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const environment of environments) {
    const { outageBudget } = resolveEnvironment(environment);
    const planned = plan.environments.find(({ name }) => name === environment.name)!;
    const coming = planned.releases.filter(({ premiereAt, audience }) => audience && premiereAt >= plan.asOf);
    for (const { id } of coming) {
      for (const target of targetsOfRelease(planned, id)) {
        const input = { calendar, environment, plan: target, asOf: plan.asOf, release: id };
        const spec = rehearsalOf({ ...input, floors: floorScheduleOf(target) });
        if ('reason' in spec) continue;
        const running = new RunningRehearsal(spec, CHECK_DRAWS, ['plan']);
        // oxlint-disable-next-line no-await-in-loop
        await playAll(running, `${id} in ${environment.name}`, output, world);
        const outage = running.outage();
        outages.push({ environment: environment.name, target: target.id, release: id, outage, outageBudget });
        if (outage.estimate > outageBudget) {
          diagnostics.push({
            severity: 'error',
            code: 'rehearsal/outage-budget',
            message:
              `${environment.name}: ${id} has an outage in ${outage.happened} of ${outage.draws} rehearsals, ` +
              `${percent(outage.estimate)} (at least ${percent(outage.low)}), above the outage budget of ${percent(outageBudget)}`,
            mend: `npm run -s prescale -- rehearse --env ${environment.name} --release ${id} says what breaks first`,
            ...calendar.releases.find((release) => release.id === id)!.location,
          });
        }
      }
    }
  }
  return { outages, diagnostics };
}
