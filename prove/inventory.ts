import { type Clock, POLL_SECONDS } from './steps';
import { type Trouble, troubleOf } from './trouble';

/** In this order things are deleted: each may hold the next. */
const KINDS = ['stack', 'scalable target', 'service', 'cluster', 'task definition'] as const;

/** Seconds after which a thing that does not go is left. */
export const REMOVAL_LIMIT_SECONDS = 300;

/** A thing that was made, or whose making was tried. */
export interface Made {
  readonly kind: (typeof KINDS)[number];
  readonly name: string;
  /** Deletes it by hand. */
  readonly command: string;
  /** Deletes it, or looks how far that is; true when it is gone, or was never there. Called again until then, after errors, too. */
  readonly remove: () => Promise<boolean>;
}

/** A thing that could not be deleted. */
export interface Left {
  readonly what: string;
  readonly why: string;
  readonly command: string;
}

/** Everything that this run has made. */
export class Inventory {
  private readonly made: Made[] = [];

  /** To be called before a thing is made: a call that fails may have made it. */
  add(made: Made): void {
    this.made.push(made);
  }

  /** Deletes everything. Never throws: what does not go is told. */
  async removeAll(clock: Clock): Promise<Left[]> {
    const left: Left[] = [];
    // Without a network or credentials each try would take its time, and fail.
    let hopeless: Trouble | undefined;
    for (const kind of KINDS) {
      const end = clock.now() + REMOVAL_LIMIT_SECONDS;
      let pending = this.made.filter((made) => made.kind === kind);
      while (pending.length > 0) {
        const isLate = clock.now() >= end;
        const still: Made[] = [];
        for (const made of pending) {
          const trouble = hopeless ?? (await tryToRemove(made));
          if (trouble === undefined) continue;
          if (trouble.scope === 'everything') hopeless = trouble;
          if (trouble.scope === 'moment' && !isLate) still.push(made);
          else left.push({ what: `${kind} ${made.name}`, why: trouble.message, command: made.command });
        }
        pending = still;
        if (pending.length > 0) await clock.sleep(POLL_SECONDS);
      }
    }
    return left;
  }
}

/** Undefined when it is gone. */
async function tryToRemove(made: Made): Promise<Trouble | undefined> {
  try {
    if (await made.remove()) return undefined;
    return { message: `it was still there after ${REMOVAL_LIMIT_SECONDS} s`, scope: 'moment' };
  } catch (error) {
    return troubleOf(error) ?? { message: String(error), scope: 'call' };
  }
}
