import type { ProvingAccount } from './proving-account';
import type { Stack } from './stack';
import { type Clock, poll, POLL_SECONDS, type Steps, Unanswered } from './steps';
import type { Bounds, Target } from './target';
import { codeOf } from './trouble';

/** Seconds until a service that was just made is known to Application Auto Scaling, as a rule. */
const SERVICE_SETTLES_SECONDS = 5;

/** Seconds until it surely is. */
const SERVICE_LIMIT_SECONDS = 60;

/** Least seconds from a put to the instant of its action. Instants are whole minutes, so it is up to a minute more. */
const DUE_AHEAD_SECONDS = 60;

/** Seconds from the start of a question that it waits at most until its first actions are due. */
export const UNTIL_DUE_SECONDS = SERVICE_SETTLES_SECONDS + DUE_AHEAD_SECONDS + 60;

/** Seconds after its instant that an action is given to run. */
export const LATE_LIMIT_SECONDS = 180;

/** What a question found out. */
export interface Answer {
  /** What was seen. */
  readonly answer: string;
  /** What follows from it for prescale. */
  readonly means: string;
  /** The position of the local account's switch that does the same. @default there is no such switch, or none of its positions does */
  readonly position?: string;
}

/** What is unknown about AWS, and how to find it out. */
export interface Question {
  /** The name of the local account's switch where `positions` says that there is one. */
  readonly id: string;
  readonly asks: string;
  /** Of the switch, as `SWITCHES` in test/deploy/account/state.py has them. @default there is no switch */
  readonly positions?: readonly string[];
  /** Seconds of waiting when AWS does everything at once. @default 0 */
  readonly waits?: number;
  /** How many operations on a stack it waits for, one after the other. @default 0 */
  readonly stackOperations?: number;
  /** @throws Unanswered, or the error of a call */
  readonly ask: (context: Context) => Steps<Answer>;
}

/** What a question may use: services and a stack of its own, and a clock. */
export class Context {
  readonly clock: Clock;
  private services = 0;

  constructor(
    private readonly account: ProvingAccount,
    clock: Clock,
    private readonly id: string,
  ) {
    this.clock = clock;
  }

  now(): number {
    return this.clock.now();
  }

  /** A service that wants no tasks; without bounds nothing is registered for it. */
  async *makeTarget(bounds?: Bounds): Steps<Target> {
    this.services += 1;
    const name = this.id.replaceAll('_', '-');
    const target = await this.account.makeService(this.services === 1 ? name : `${name}-${this.services}`);
    yield this.now() + SERVICE_SETTLES_SECONDS;
    if (bounds === undefined) return target;
    const { met } = yield* poll(
      this.clock,
      () => isRegistered(target, bounds),
      (done) => done,
      { limit: SERVICE_LIMIT_SECONDS },
    );
    if (!met) {
      throw new Unanswered(
        `Application Auto Scaling did not know the service ${target.service} after ${SERVICE_LIMIT_SECONDS} s`,
      );
    }
    return target;
  }

  makeStack(): Stack {
    return this.account.stack(this.id.replaceAll('_', '-'));
  }

  /** A whole minute that is near and not too near: questions that ask for it at about the same time wait for the same one. */
  nextDue(): number {
    return 60 * Math.ceil((this.now() + DUE_AHEAD_SECONDS) / 60);
  }

  /** An instant at which nothing is left of this run. */
  never(days = 2): number {
    return 60 * Math.ceil(this.now() / 60) + days * 86_400;
  }

  /** Reads from an instant on until it is what is waited for. */
  async *after<T>(
    instant: number,
    read: () => Promise<T>,
    isMet: (value: T) => boolean,
    limit = LATE_LIMIT_SECONDS,
  ): Steps<{ value: T; met: boolean; seconds: number }> {
    if (this.now() < instant) yield instant;
    const { value, met, at } = yield* poll(this.clock, read, isMet, { limit, every: POLL_SECONDS });
    return { value, met, seconds: Math.round(at - instant) };
  }
}

/** ECS tells others of a new service a little later. */
async function isRegistered(target: Target, bounds: Bounds): Promise<boolean> {
  try {
    await target.registerFirst(bounds);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ValidationException' && /doesn't exist|not found/i.test((error as Error).message))
      return false;
    throw error;
  }
}
