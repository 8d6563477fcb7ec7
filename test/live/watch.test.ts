import { watch } from '../../lib/live/watch';

/** A world in which each look and each sleep takes its time at once. */
function world(lookSeconds = 0): {
  clock: { now: number };
  input: Pick<Parameters<typeof watch>[0], 'now' | 'sleep'>;
  looked: number[];
  look: () => Promise<number>;
} {
  const clock = { now: 1000 };
  const looked: number[] = [];
  return {
    clock,
    looked,
    look: () => {
      looked.push(clock.now);
      clock.now += lookSeconds;
      return Promise.resolve(clock.now);
    },
    input: {
      now: () => clock.now,
      sleep: (seconds) => {
        clock.now += seconds;
        return Promise.resolve();
      },
    },
  };
}

test('looks every 30 seconds, and once more at the end', async () => {
  const { input, look, looked } = world();
  const told: [number, number | undefined][] = [];
  const { signal } = new AbortController();
  const tell = (seen: number, before: number | undefined): void => void told.push([seen, before]);
  expect(await watch({ ...input, look, tell, untilOf: () => 1070, signal })).toBe(1070);
  expect(looked).toEqual([1000, 1030, 1060, 1070]);
  expect(told).toEqual([
    [1000, undefined],
    [1030, 1000],
    [1060, 1030],
    [1070, 1060],
  ]);
});

test('looks once where there is nothing to wait for, and where it is over', async () => {
  const { signal } = new AbortController();
  for (const untilOf of [() => undefined, () => 900]) {
    const { input, look, looked } = world();
    await watch({ ...input, look, tell: () => undefined, untilOf, signal });
    expect(looked).toEqual([1000]);
  }
});

test('ends when a look that took long comes back after the instant', async () => {
  const { input, look, looked } = world(100);
  const { signal } = new AbortController();
  await watch({ ...input, look, tell: () => undefined, untilOf: () => 1070, signal });
  expect(looked).toEqual([1000]);
});

test('goes by the instant that was told last', async () => {
  const { input, look, looked, clock } = world();
  const { signal } = new AbortController();
  const untils = [1200, undefined, 1060];
  await watch({ ...input, look, tell: () => undefined, untilOf: () => untils.shift() ?? undefined, signal });
  expect(looked).toEqual([1000, 1030, 1060]);
  expect(clock.now).toBe(1060);
});

test('interrupted between two looks, it returns the last', async () => {
  const { input, look } = world();
  const interruption = new AbortController();
  const sleep = (): Promise<void> => {
    interruption.abort();
    return Promise.resolve();
  };
  const { signal } = interruption;
  expect(await watch({ ...input, sleep, look, tell: () => undefined, untilOf: () => 9999, signal })).toBe(1000);
});

const never = new Promise<number>(() => {
  // A call that hangs.
});

test('interrupted in a look that hangs, it returns the one before, or nothing', async () => {
  const { input } = world();
  for (const before of [[], [7]]) {
    const interruption = new AbortController();
    const looks = [...before];
    const look = (): Promise<number> => {
      const seen = looks.shift();
      if (seen !== undefined) return Promise.resolve(seen);
      setImmediate(() => interruption.abort());
      return never;
    };
    const { signal } = interruption;
    expect(await watch({ ...input, look, tell: () => undefined, untilOf: () => 9999, signal })).toBe(before[0]);
  }
});

test('a look that throws ends it', async () => {
  const { input } = world();
  const { signal } = new AbortController();
  const look = (): Promise<number> => Promise.reject(new Error('a mistake of ours'));
  await expect(watch({ ...input, look, tell: () => undefined, untilOf: () => 9999, signal })).rejects.toThrow(
    'mistake',
  );
});
