/** A constant floor over the grid cells `[from, to)`. */
export interface Step {
  readonly from: number;
  readonly to: number;
  readonly units: number;
}

/**
 * The cheapest cover of `required` from above with at most `maxSteps` constant floors.
 *
 * Never below `required` in any cell; of equally cheap covers one with the fewest steps. Exact: dynamic programming
 * over waste, `f_k(j) = min_i f_{k−1}(i) + (j−i)·max required[i..j) − Σ required[i..j)`. The waste of a segment never
 * falls as it grows, so the inner loop ends at the best found; the quadrangle inequality does not hold for several
 * peaks, so divide-and-conquer shortcuts would be wrong. O(k·n²) in the worst case, near linear on release curves.
 *
 * @param required units by grid cell, at least one cell
 * @param maxSteps a whole number of at least 1
 */
export function buildStaircase(required: readonly number[], maxSteps: number): Step[] {
  if (required.length === 0) throw new RangeError('required must have at least one cell');
  if (!Number.isInteger(maxSteps) || maxSteps < 1) {
    throw new RangeError(`maxSteps must be a whole number of at least 1, got ${maxSteps}`);
  }
  // A step never needs to begin inside a run of equal cells, so only the runs' borders are candidates.
  const borders = [0];
  for (let cell = 1; cell < required.length; cell += 1) {
    if (required[cell] !== required[cell - 1]) borders.push(cell);
  }
  const runs = borders.length;
  borders.push(required.length);
  const runUnits = borders.slice(0, -1).map((cell) => required[cell]!);
  const area = new Float64Array(runs + 1);
  for (let run = 0; run < runs; run += 1) {
    area[run + 1] = area[run]! + runUnits[run]! * (borders[run + 1]! - borders[run]!);
  }

  const layers = Math.min(maxSteps, runs);
  let previous = new Float64Array(runs + 1).fill(Infinity);
  previous[0] = 0;
  let fewest = { waste: Infinity, layer: 0 };
  const choices: Int32Array[] = [];
  for (let layer = 1; layer <= layers; layer += 1) {
    const current = new Float64Array(runs + 1).fill(Infinity);
    const choice = new Int32Array(runs + 1).fill(-1);
    for (let end = layer; end <= runs; end += 1) {
      let highest = 0;
      for (let start = end - 1; start >= layer - 1; start -= 1) {
        highest = Math.max(highest, runUnits[start]!);
        const waste = highest * (borders[end]! - borders[start]!) - (area[end]! - area[start]!);
        if (waste >= current[end]!) break;
        if (previous[start]! + waste < current[end]!) {
          current[end] = previous[start]! + waste;
          choice[end] = start;
        }
      }
    }
    choices.push(choice);
    if (current[runs]! < fewest.waste) fewest = { waste: current[runs]!, layer };
    previous = current;
  }

  const steps: Step[] = [];
  for (let layer = fewest.layer, end = runs; layer > 0; layer -= 1) {
    const start = choices[layer - 1]![end]!;
    const units = Math.max(...runUnits.slice(start, end));
    steps.unshift({ from: borders[start]!, to: borders[end]!, units });
    end = start;
  }
  return steps;
}
