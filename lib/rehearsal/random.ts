import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { skipN } from 'pure-rand/utils/skipN';

/** A stream of random numbers that the seed alone decides, on every machine. */
export interface RandomStream {
  /** In [0, 1). */
  readonly next: () => number;
  /** A permutation of `0 … length − 1`. */
  readonly permutation: (length: number) => number[];
}

/** Seeds are whole numbers of 31 bits. */
export const LARGEST_SEED = 2 ** 31 - 1;

/** The first numbers of seeds that are near each other are near each other, too, and these are left out. */
const LEFT_OUT = 20;

/** @param seed from 0 to `LARGEST_SEED` */
export function randomStream(seed: number): RandomStream {
  const generator = xoroshiro128plus(seed);
  skipN(generator, LEFT_OUT);
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
