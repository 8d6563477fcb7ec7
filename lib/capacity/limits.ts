import type { GrantedQuotas } from './environment';

/** What AWS grants a new account, for quotas that an environment does not state. Adjustable on request. */
export const DEFAULT_QUOTAS: Required<GrantedQuotas> = {
  fargateVcpu: 6,
  fargateLaunchesPerSecond: 20,
  loadBalancerTargets: 1000,
  networkInterfaces: 5000,
  cloudFrontRequestsPerSecond: 250_000,
};

/** Launches at once, before the sustained rate counts (`fargate` L-6BAD92DD). */
export const FARGATE_LAUNCH_BURST = 100;

/** Tasks of one ECS service; fixed. */
export const ECS_TASKS_PER_SERVICE = 5000;

/** Fargate task launches per service and minute; fixed (125 in regions opened after 2025-05-20). */
export const FARGATE_LAUNCHES_PER_MINUTE = 500;

/** Scheduled actions of one scalable target; fixed. */
export const SCHEDULED_ACTIONS_PER_TARGET = 200;

/** Replicas of an Aurora cluster; fixed. */
export const AURORA_REPLICAS = 15;

/** Reads and writes per second of a new on-demand table of DynamoDB, before it has grown or was warmed. */
export const NEW_TABLE_READS = 12_000;
export const NEW_TABLE_WRITES = 4000;

/** What Application Auto Scaling can scale; the part before the first colon is the namespace. */
export const SCALABLE_DIMENSIONS: readonly string[] = [
  'appstream:fleet:DesiredCapacity',
  'cassandra:table:ReadCapacityUnits',
  'cassandra:table:WriteCapacityUnits',
  'comprehend:document-classifier-endpoint:DesiredInferenceUnits',
  'comprehend:entity-recognizer-endpoint:DesiredInferenceUnits',
  'custom-resource:ResourceType:Property',
  'dynamodb:index:ReadCapacityUnits',
  'dynamodb:index:WriteCapacityUnits',
  'dynamodb:table:ReadCapacityUnits',
  'dynamodb:table:WriteCapacityUnits',
  'ec2:spot-fleet-request:TargetCapacity',
  'ecs:service:DesiredCount',
  'elasticache:cache-cluster:Nodes',
  'elasticache:replication-group:NodeGroups',
  'elasticache:replication-group:Replicas',
  'elasticmapreduce:instancegroup:InstanceCount',
  'kafka:broker-storage:VolumeSize',
  'lambda:function:ProvisionedConcurrency',
  'neptune:cluster:ReadReplicaCount',
  'rds:cluster:ReadReplicaCount',
  'sagemaker:inference-component:DesiredCopyCount',
  'sagemaker:variant:DesiredInstanceCount',
  'sagemaker:variant:DesiredProvisionedConcurrency',
  'workspaces:workspacespool:DesiredUserSessions',
];
