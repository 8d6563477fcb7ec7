import type { TargetPlan } from './capacity-plan';
import { fromIso } from './instants';

/** The year 5138 in seconds, and 1973 in milliseconds. */
const MOST_SECONDS = 1e11;

/**
 * The floor that the plan has registered at an instant: `min` until the first action, then the value of the last
 * action that is due.
 *
 * Pure: the clock is handed in. Before the plan's `asOf` the answer is `min`; after `coveredUntil` it is the last
 * floor, which is what stays registered until a later deploy.
 *
 * @param at ISO 8601 in UTC, or seconds since the epoch
 */
export function floorAt(target: Pick<TargetPlan, 'min' | 'actions'>, at: string | number): number {
  const seconds = typeof at === 'number' ? at : fromIso(at);
  // Milliseconds would be taken for a year far from now, whose floor is the last one.
  if (!Number.isFinite(seconds) || seconds > MOST_SECONDS) throw new RangeError(`at must be an instant, got "${at}"`);
  let floor = target.min;
  for (const action of target.actions) {
    if (fromIso(action.at) > seconds) break;
    floor = action.min;
  }
  return floor;
}
