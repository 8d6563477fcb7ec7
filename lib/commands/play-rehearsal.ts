import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { Diagnostic } from '../calendar/diagnostic';
import type { ReleaseCalendar } from '../calendar/release';
import type { CapacityPlan, EnvironmentPlan, TargetPlan } from '../capacity/capacity-plan';
import type { Environment } from '../capacity/environment';
import { floorScheduleOf } from '../rehearsal/floor-schedule';
import type { RunningRehearsal } from '../rehearsal/rehearsal';
import { rehearsalOf, type RehearsalSpec } from '../rehearsal/spec';
import type { Output } from './common';

/** What a rehearsal needs of the world. */
export interface RehearseWorld {
  readonly now: () => Date;
  /** Stops the draws. */
  readonly signal: AbortSignal;
}

/** Between two events of the process, such as a Ctrl-C, and between two lines of progress. Milliseconds. */
const YIELD_MS = 50;
const PROGRESS_MS = 2000;

/** Plays the draws until all are played or the signal is aborted. */
export async function playAll(
  running: RunningRehearsal,
  what: string,
  { err }: Output,
  { now, signal }: RehearseWorld,
): Promise<void> {
  let yieldedAt = now().getTime();
  let toldAt = yieldedAt;
  while (!signal.aborted && running.playNext()) {
    const at = now().getTime();
    if (at - toldAt >= PROGRESS_MS) {
      err(`${what}: ${running.played} of ${running.draws.length} draws\n`);
      toldAt = at;
    }
    if (at - yieldedAt >= YIELD_MS) {
      // oxlint-disable-next-line no-await-in-loop
      await yieldToEvents();
      yieldedAt = now().getTime();
    }
  }
  if (signal.aborted) err(`${what}: stopped after ${running.played} of ${running.draws.length} draws\n`);
}

/** The targets of an environment that a planned release asks something of. */
export function targetsOfRelease(planned: EnvironmentPlan, release: string): TargetPlan[] {
  const ids = planned.releases.find(({ id }) => id === release)!.targets.map(({ id }) => id);
  return planned.targets.filter(({ id }) => ids.includes(id));
}

/** Of each environment what there is to rehearse: releases that state an audience and premiere from the plan's instant on, target by target. */
export function* comingRehearsals(
  plan: CapacityPlan,
  calendar: ReleaseCalendar,
  environments: readonly Environment[],
  { releases, seed }: { readonly releases?: readonly string[]; readonly seed?: number } = {},
): Generator<{ readonly environment: Environment; readonly release: string; readonly spec: RehearsalSpec }> {
  for (const environment of environments) {
    const planned = plan.environments.find(({ name }) => name === environment.name)!;
    const coming = planned.releases.filter(
      ({ id, premiereAt, audience }) => audience && premiereAt >= plan.asOf && (releases?.includes(id) ?? true),
    );
    for (const { id: release } of coming) {
      for (const target of targetsOfRelease(planned, release)) {
        const floors = floorScheduleOf(target);
        const spec = rehearsalOf({ calendar, environment, plan: target, asOf: plan.asOf, release, seed, floors });
        if (!('reason' in spec)) yield { environment, release, spec };
      }
    }
  }
}

/** That a release has outages more often than its environment accepts. */
export function aboveBudget(
  calendar: ReleaseCalendar,
  environment: string,
  release: string,
  message: string,
): Diagnostic {
  return {
    severity: 'error',
    code: 'rehearsal/outage-budget',
    message,
    mend: `npm run -s prescale -- rehearse --env ${environment} --release ${release} says what breaks first`,
    ...calendar.releases.find(({ id }) => id === release)!.location,
  };
}
