import type { TargetPlan } from '../capacity/capacity-plan';
import { fromIso } from '../capacity/instants';

/** What is registered: minimum and maximum now, and each scheduled action, by its instant. Seconds since the epoch. */
export interface FloorSchedule {
  readonly min: number;
  readonly max: number;
  readonly actions: readonly { readonly at: number; readonly min: number; readonly max: number }[];
}

/** The floors of a plan, as they are deployed. */
export function floorScheduleOf({ min, max, actions }: Pick<TargetPlan, 'min' | 'max' | 'actions'>): FloorSchedule {
  return { min, max, actions: actions.map((action) => ({ at: fromIso(action.at), min: action.min, max: action.max })) };
}

/** The floor that a schedule has registered at an instant. */
export function scheduledFloor({ min, actions }: FloorSchedule, at: number): number {
  return actions.findLast((action) => action.at <= at)?.min ?? min;
}
