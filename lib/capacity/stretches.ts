import type { PlannedTarget } from './planned-target';
import { cellStart } from './release-demand';
import type { RequiredPiece } from './required';

/** What a window needs over the time that the plan covers, or over the time after it: what findings judge. */
export interface Stretch {
  /** True for what is between `asOf` and `coveredUntil`; what is after it is for a later plan. */
  readonly planned: boolean;
  /** Nothing but drills is in it. */
  readonly drill: boolean;
  readonly pieces: readonly RequiredPiece[];
  readonly units: number;
  readonly requestsPerSecond: number;
}

/** The stretches of all windows, in order; what is over at `asOf` is in none. */
export function stretchesOf(
  { windows }: Pick<PlannedTarget, 'windows'>,
  asOf: number,
  coveredUntil: number,
): Stretch[] {
  return windows.flatMap(({ required }) => {
    const ahead = required.filter((piece) => cellStart(piece.to) > asOf);
    return [
      stretchOf(
        ahead.filter((piece) => cellStart(piece.from) < coveredUntil),
        true,
      ),
      stretchOf(
        ahead.filter((piece) => cellStart(piece.from) >= coveredUntil),
        false,
      ),
    ].filter(({ pieces }) => pieces.length > 0);
  });
}

function stretchOf(pieces: readonly RequiredPiece[], planned: boolean): Stretch {
  let units = 0;
  let requestsPerSecond = 0;
  for (const piece of pieces) {
    units = Math.max(units, piece.units);
    requestsPerSecond = Math.max(requestsPerSecond, piece.requestsPerSecond);
  }
  return { planned, drill: pieces.every(({ drill }) => drill), pieces, units, requestsPerSecond };
}

/** The first piece that needs most: when the peak begins, and for which releases. */
export function peakOf({ pieces, units }: Stretch): RequiredPiece {
  return pieces.find((piece) => piece.units === units)!;
}

/** The releases of all pieces of the stretches that the condition holds for, each once. */
export function releasesOf(stretches: readonly Stretch[], isMeant: (piece: RequiredPiece) => boolean): string[] {
  const releases = new Set<string>();
  for (const { pieces } of stretches) {
    for (const piece of pieces) {
      if (isMeant(piece)) for (const id of piece.releases) releases.add(id);
    }
  }
  return [...releases];
}

/** The stretch with the highest value; at least one is given. */
export function worstOf(stretches: readonly Stretch[], value: (stretch: Stretch) => number): Stretch {
  return stretches.reduce((worst, stretch) => (value(stretch) > value(worst) ? stretch : worst));
}
