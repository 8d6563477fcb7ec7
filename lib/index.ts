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
export { AccessLogs, type AccessLogsProps } from './constructs/access-logs';
export { AlarmTopic, type AlarmTopicProps, type AlarmTopics } from './constructs/alarm-topic';
export { CONTENT_KINDS, type CachedContent, type Caching, type ContentKinds } from './constructs/content-kinds';
export { EdgeAlarms, type EdgeAlarmsProps } from './constructs/edge-alarms';
export { EdgeDistribution, type DistributionDomain, type EdgeDistributionProps } from './constructs/edge-distribution';
export type { ExplainedAlarm } from './constructs/explained-alarm';
export { FloorAlarms, type FloorAlarmsProps } from './constructs/floor-alarms';
export { LaunchDashboard, type LaunchDashboardProps } from './constructs/launch-dashboard';
export { LogBucket, type LogBucketProps } from './constructs/log-bucket';
export { PlaybackTier, type PlaybackTierProps } from './constructs/playback-tier';
export { ReleaseFloors, type ReleaseFloorsProps, type ScalableResource } from './constructs/release-floors';
export { ServiceAlarms, type ServiceAlarmsProps } from './constructs/service-alarms';
export { SessionTable, type SessionTableProps } from './constructs/session-table';
export { WebAcl, type RateLimits, type WebAclProps } from './constructs/web-acl';
export { ZonedVpc, type ZonedVpcProps } from './constructs/zoned-vpc';
export { loadPlan, type LoadPlanInput } from './load-plan';
