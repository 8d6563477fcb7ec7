export type { Diagnostic } from './calendar/diagnostic';
export type * from './calendar/release';
export type * from './capacity/capacity-plan';
export { applyDifference, diffPlans, isEmptyDifference, type PlanDifference } from './capacity/difference';
export type {
  Dependency,
  DemandModel,
  Environment,
  GrantedQuotas,
  KindModel,
  LayerProfile,
  LeadTime,
} from './capacity/environment';
export { floorAt } from './capacity/floor-at';
export { planCapacity, type PlanCapacityInput } from './capacity/plan-capacity';
export { EdgeDistribution, type EdgeDistributionProps } from './constructs/edge-distribution';
export { PlaybackTier, type PlaybackTierProps } from './constructs/playback-tier';
export { ReleaseFloors, type ReleaseFloorsProps } from './constructs/release-floors';
export { ZonedVpc, type ZonedVpcProps } from './constructs/zoned-vpc';
export { loadPlan, type LoadPlanInput } from './load-plan';
