import type { TargetPlan } from './capacity-plan';
import type { LayerProfile } from './environment';
import type { DemandForecaster, ReleaseDemand } from './release-demand';
import type { Window } from './windows';

/** A target's plan with what it was made from: the planner's working data, which findings and explanations read. */
export interface PlannedTarget {
  readonly profile: LayerProfile;
  readonly zones: number;
  readonly forecaster: DemandForecaster;
  /** Sorted by premiere, then by id. */
  readonly demands: readonly ReleaseDemand[];
  /** All windows that end after `asOf`; the first of them are `included` in the plan. */
  readonly windows: readonly Window[];
  readonly included: readonly Window[];
  /** True when the last of `included` is not whole: its last floor stays until a later plan. */
  readonly cut: boolean;
  readonly plan: TargetPlan;
}
