/** Seconds between two looks at something that is expected to change. */
export const POLL_SECONDS = 5;

/** Seconds that a read may lag behind a write. */
const SETTLE_LIMIT_SECONDS = 30;

/** Time as the runner and the questions know it; a test hands in its own. */
export interface Clock {
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** Ends early, and without an error, when the signal is given. */
  readonly sleep: (seconds: number, signal?: AbortSignal) => Promise<void>;
}

/**
 * Work with waits in it: yields the instant, in seconds since the epoch, before which it need not go on. One runner goes round
 * all that do so, so that they wait at the same time and never call AWS at the same time.
 */
export type Steps<T> = AsyncGenerator<number, T, undefined>;

/** What cannot be found out, and why. */
export class Unanswered extends Error {}

export interface Polled<T> {
  /** As it was read last. */
  readonly value: T;
  /** Whether it became what was waited for. */
  readonly met: boolean;
  /** When it was read last, in seconds since the epoch. */
  readonly at: number;
}

/** Reads until the value is what is waited for, or for so many seconds; once at least. */
export async function* poll<T>(
  clock: Clock,
  read: () => Promise<T>,
  isMet: (value: T) => boolean,
  { limit, every = POLL_SECONDS }: { readonly limit: number; readonly every?: number },
): Steps<Polled<T>> {
  const end = clock.now() + limit;
  for (;;) {
    const value = await read();
    const at = clock.now();
    const met = isMet(value);
    if (met || at >= end) return { value, met, at };
    yield Math.min(at + every, end);
  }
}

/**
 * Reads until a write shows.
 *
 * @param what is expected to show, for the message
 * @throws Unanswered when it does not
 */
export async function* settle<T>(
  clock: Clock,
  what: string,
  read: () => Promise<T>,
  isMet: (value: T) => boolean,
): Steps<T> {
  const { value, met } = yield* poll(clock, read, isMet, { limit: SETTLE_LIMIT_SECONDS });
  if (!met)
    throw new Unanswered(`${what} did not show within ${SETTLE_LIMIT_SECONDS} s, read was ${JSON.stringify(value)}`);
  return value;
}
