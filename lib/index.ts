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
export { targetOf } from './capacity/target-of';
export { AccessLogs, type AccessLogsProps } from './constructs/access-logs';
export { CONTENT_KINDS, type CachedContent, type Caching, type ContentKinds } from './constructs/content-kinds';
export { EdgeDistribution, type DistributionDomain, type EdgeDistributionProps } from './constructs/edge-distribution';
export { LogBucket, type LogBucketProps } from './constructs/log-bucket';
export { PlaybackTier, type PlaybackTierProps } from './constructs/playback-tier';
export { ReleaseFloors, type ReleaseFloorsProps, type ScalableResource } from './constructs/release-floors';
export { SessionTable, type SessionTableProps } from './constructs/session-table';
export { WebAcl, type RateLimits, type WebAclProps } from './constructs/web-acl';
export { ZonedVpc, type ZonedVpcProps } from './constructs/zoned-vpc';
export { loadPlan, type LoadPlanInput } from './load-plan';
