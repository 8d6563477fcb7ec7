import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { EnvironmentPlan, TargetPlan } from '../capacity/capacity-plan';
import type { RunningRehearsal } from '../rehearsal/rehearsal';
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
