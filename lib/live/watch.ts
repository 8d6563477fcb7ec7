/** Between two looks. Seconds. */
export const WATCH_SECONDS = 30;

export interface WatchInput<T> {
  /** Looks once. What it throws ends the watch. */
  readonly look: () => Promise<T>;
  /** Told of each look, with the one before. */
  readonly tell: (seen: T, before: T | undefined) => void;
  /** When the watch is over, as far as a look tells; undefined keeps what the look before told. Seconds since the epoch. */
  readonly untilOf: (seen: T) => number | undefined;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** Returns early, and without an error, when the signal is aborted. */
  readonly sleep: (seconds: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Looks again and again until the instant that the looks name, or until it is interrupted. Without an instant it looks once.
 *
 * @returns what was seen last; undefined when it was interrupted before the first look had ended
 */
export async function watch<T>({ look, tell, untilOf, now, sleep, signal }: WatchInput<T>): Promise<T | undefined> {
  const interrupted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
  });
  let before: T | undefined;
  let until: number | undefined;
  for (;;) {
    // One look after the other is what a watch is.
    // oxlint-disable-next-line no-await-in-loop
    const seen = await Promise.race([look(), interrupted]);
    if (seen === undefined) return before;
    tell(seen, before);
    before = seen;
    until = untilOf(seen) ?? until;
    const left = (until ?? now()) - now();
    if (left <= 0) return before;
    // oxlint-disable-next-line no-await-in-loop
    await sleep(Math.min(WATCH_SECONDS, left), signal);
    if (signal.aborted) return before;
  }
}
