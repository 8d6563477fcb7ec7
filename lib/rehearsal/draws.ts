import { LARGEST_SEED, randomStream } from './random';

/** How one release turns out differently from its forecast: quantiles, each in (0, 1). One half is as forecast. */
export interface Surprise {
  /** Of the audience. */
  readonly audience: number;
  /** Of how fast people come: a low one is faster. */
  readonly rise: number;
  /** Of the lobby's size. */
  readonly lobby: number;
  /** Of the instant at which people come: a low one is early. */
  readonly start: number;
}

/** One draw: a surprise for each release, and the seed of what is random within the night. */
export interface Draw {
  readonly surprises: readonly Surprise[];
  readonly seed: number;
}

/** Everything is as forecast. */
export const AS_FORECAST: Surprise = { audience: 0.5, rise: 0.5, lobby: 0.5, start: 0.5 };

/**
 * Stratified draws (a Latin hypercube): in each dimension every one of `count` equally likely strata is drawn once, so that a tail is
 * represented as often as it occurs. Every subset of them is a random sample.
 *
 * @param seed decides all of them
 */
export function stratifiedDraws(seed: number, count: number, releases: number): Draw[] {
  const { next, permutation } = randomStream(seed);
  const dimension = (): number[] => permutation(count).map((stratum) => (stratum + next()) / count);
  const dimensions = Array.from({ length: releases }, () => ({
    audience: dimension(),
    rise: dimension(),
    lobby: dimension(),
    start: dimension(),
  }));
  return Array.from({ length: count }, (_, index) => ({
    surprises: dimensions.map(({ audience, rise, lobby, start }) => ({
      audience: audience[index]!,
      rise: rise[index]!,
      lobby: lobby[index]!,
      start: start[index]!,
    })),
    seed: Math.floor(next() * LARGEST_SEED),
  }));
}
