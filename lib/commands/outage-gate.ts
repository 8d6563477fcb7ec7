import type { Diagnostic } from '../calendar/diagnostic';
import type { ReleaseCalendar } from '../calendar/release';
import type { CapacityPlan } from '../capacity/capacity-plan';
import { type Environment, resolveEnvironment } from '../capacity/environment';
import { percent } from '../capacity/words';
import { RunningRehearsal } from '../rehearsal/rehearsal';
import type { Probability } from '../rehearsal/summary';
import type { Output } from './common';
import { aboveBudget, comingRehearsals, playAll, type RehearseWorld } from './play-rehearsal';

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
  for (const { environment, release, spec } of comingRehearsals(plan, calendar, environments)) {
    const { outageBudget } = resolveEnvironment(environment);
    const running = new RunningRehearsal(spec, CHECK_DRAWS, ['plan']);
    // oxlint-disable-next-line no-await-in-loop
    await playAll(running, `${release} in ${environment.name}`, output, world);
    const outage = running.outage();
    outages.push({ environment: environment.name, target: spec.target, release, outage, outageBudget });
    if (outage.estimate > outageBudget) {
      const message =
        `${environment.name}: ${release} has an outage in ${outage.happened} of ${outage.draws} rehearsals, ` +
        `${percent(outage.estimate)} (at least ${percent(outage.low)}), above the outage budget of ${percent(outageBudget)}`;
      diagnostics.push(aboveBudget(calendar, environment.name, release, message));
    }
  }
  return { outages, diagnostics };
}
