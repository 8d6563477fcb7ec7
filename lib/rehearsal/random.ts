import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random numbers that the seed alone decides, on every machine. */
export interface RandomStream {
  /** In [0, 1). */
  readonly next: () => number;
  /** A permutation of `0 … length − 1`. */
  readonly permutation: (length: number) => number[];
}

/** @param seed a whole number of 32 bits */
export function randomStream(seed: number): RandomStream {
  const generator = xoroshiro128plus(seed);
  return {
    next: () => uniformFloat64(generator),
    permutation: (length) => {
      const order = Array.from({ length }, (_, index) => index);
      for (let last = length - 1; last > 0; last -= 1) {
        const other = uniformInt(generator, 0, last);
        [order[last], order[other]] = [order[other]!, order[last]!];
      }
      return order;
    },
  };
}
