import type { AlarmSettings, Dependency, RepositoryImage, StackEnvironment } from './capacity/environment';

const PRICE_SOURCE =
  'AWS Fargate price list, Linux/x86, us-east-1, us-east-2 and eu-west-1 alike, as restated by third parties: 0.04048 per vCPU-hour, 0.004445 per GB-hour';

/** One task of 4 vCPU and 8 GiB for an hour, USD; see `PRICE_SOURCE`. */
const PRICE_PER_TASK_HOUR = 4 * 0.04048 + 8 * 0.004445;

const PRICES = { currency: 'USD', source: PRICE_SOURCE, readOn: '2026-11-21' } as const;

/** The same task everywhere, so that what is measured in staging holds in prod. */
const TASK = {
  port: 8080,
  healthCheckPath: '/health',
  cpu: 4096,
  memoryMiB: 8192,
} as const;

/**
 * What staging and prod run: the image that was built once, in the private repository of each account.
 *
 * The digest stands for the one that your own pipeline pushes; nothing can be pulled by it.
 */
const IMAGE: RepositoryImage = {
  repository: 'prescale/playback',
  digest: `sha256:${'0'.repeat(64)}`,
};

/** What the playback layer has in common in all environments. */
const PLAYBACK = {
  namespace: 'ecs',
  dimension: 'ecs:service:DesiredCount',
  unit: 'task',
  // A placeholder for a task of 4 vCPU until a load test is named in `requestsPerSecondSource`.
  requestsPerSecondPerUnit: 1000,
  // 200, the usual choice, would double the fleet for a while: past the load balancer's targets and the granted vCPU.
  maximumPercent: 110,
  vcpuPerUnit: 4,
  pricePerUnitHour: PRICE_PER_TASK_HOUR,
} as const;

/** Writes per second that the session table bears. Each play writes once, and at the peak of plays a tenth as many exits do. */
const sessionWrites = (limit: number): Dependency => ({ name: 'session table writes', perPlay: 1.1, limit });

/** What a new table bears without being warmed. */
const NEW_TABLE_WRITES = 4000;

/** Writes of the largest premiere in the calendar, with the 40,000 that a table may have by default above them. */
const PROD_TABLE_WRITES = 35_000;

/**
 * Seconds that a deploy may take until the scalable target is updated: a quiet `Playback` and one update take a few minutes. A new image takes
 * longer: it is deployed first, by itself.
 */
const DEPLOY_WINDOW_SECONDS = 900;

/** Of staging and prod. Nobody is told until you name somebody: each synthesis warns of it. */
const ALARMS: AlarmSettings = {
  wake: [],
  inform: [],
  // A judgement: a request of playback takes milliseconds, and a viewer waits for a dozen of them.
  latencyP99Seconds: 1,
};

/** Tries a change out: a hundredth of the demand on the smallest fleet that survives the loss of a task. */
const dev: StackEnvironment = {
  name: 'dev',
  region: 'us-east-2',
  zoneIds: ['use2-az1', 'use2-az2', 'use2-az3'],
  deployWindowSeconds: DEPLOY_WINDOW_SECONDS,
  demandFactor: 0.01,
  // Nobody watches dev and staging: what fails here is to be known, not to be paid for.
  outageBudget: 0.05,
  layers: {
    playback: {
      ...PLAYBACK,
      baseline: 2,
      // ECS rounds down: 110 % of two tasks leave no room for a third, and no deployment would ever end.
      maximumPercent: 150,
      // Two thirds of the 1,133 that 2 tasks bear after the loss of one of three zones: 2 · 1,000 · 0.85 · 2/3.
      baselineRequestsPerSecond: 750,
      maximum: 20,
      dependencies: [sessionWrites(NEW_TABLE_WRITES)],
    },
  },
  quotas: {
    // maximum · 150 % · 4 vCPU
    fargateVcpu: 120,
    fargateLaunchesPerSecond: 20,
    loadBalancerTargets: 1000,
    networkInterfaces: 5000,
    cloudFrontRequestsPerSecond: 250_000,
  },
  prices: PRICES,
  vpcCidr: '10.42.0.0/20',
  account: 'any',
  // One gateway costs less than three endpoints in three zones, and dev may fail with a zone.
  egress: { via: 'nat', gateways: 1 },
  // The sample service as it stands in the work tree.
  task: { ...TASK, image: { folder: 'service' } },
  sessionTable: { pointInTimeRecovery: false },
  edge: { webAcl: 'off', originShield: false, accessLogs: false },
  // Whoever tries something out looks at it.
  alarms: 'off',
  logRetentionDays: 7,
  deletionProtection: false,
};

/** Rehearses prod at a tenth of its size. */
const staging: StackEnvironment = {
  name: 'staging',
  region: 'eu-west-1',
  zoneIds: ['euw1-az1', 'euw1-az2', 'euw1-az3'],
  deployWindowSeconds: DEPLOY_WINDOW_SECONDS,
  demandFactor: 0.1,
  outageBudget: 0.05,
  layers: {
    playback: {
      ...PLAYBACK,
      baseline: 12,
      // As in prod: exactly what the baseline bears after the loss of a zone.
      baselineRequestsPerSecond: 6800,
      maximum: 160,
      dependencies: [sessionWrites(NEW_TABLE_WRITES)],
    },
  },
  quotas: {
    // maximum · 110 % · 4 vCPU = 704
    fargateVcpu: 800,
    fargateLaunchesPerSecond: 20,
    loadBalancerTargets: 1000,
    networkInterfaces: 5000,
    cloudFrontRequestsPerSecond: 250_000,
  },
  prices: PRICES,
  vpcCidr: '10.41.0.0/18',
  account: 'any',
  // As in prod, so that a missing endpoint is found here.
  egress: { via: 'endpoints' },
  task: { ...TASK, image: IMAGE },
  sessionTable: { pointInTimeRecovery: false },
  edge: { webAcl: 'count', originShield: true, accessLogs: true },
  // As in prod, so that an alarm is tried out before it is needed.
  alarms: ALARMS,
  logRetentionDays: 30,
  deletionProtection: false,
};

const prod: StackEnvironment = {
  name: 'prod',
  region: 'us-east-1',
  // Not use1-az3: CloudFront has no VPC origins there.
  zoneIds: ['use1-az1', 'use1-az2', 'use1-az4'],
  deployWindowSeconds: DEPLOY_WINDOW_SECONDS,
  demandFactor: 1,
  outageBudget: 0.01,
  layers: {
    playback: {
      ...PLAYBACK,
      baseline: 120,
      // 120 tasks bear exactly this after the loss of one of three zones: 120 · 1,000 · 0.85 · 2/3.
      baselineRequestsPerSecond: 68_000,
      // 1,760 tasks while a deployment rolls: below the 2,000 granted targets of the load balancer.
      maximum: 1600,
      dependencies: [sessionWrites(PROD_TABLE_WRITES)],
    },
  },
  quotas: {
    // maximum · 110 % · 4 vCPU = 7,040; granted on request, a new account has 6
    fargateVcpu: 8000,
    // AWS's default
    fargateLaunchesPerSecond: 20,
    // granted on request, AWS's default is 1,000
    loadBalancerTargets: 2000,
    // AWS's default
    networkInterfaces: 5000,
    // granted on request, AWS's default is 250,000
    cloudFrontRequestsPerSecond: 1_000_000,
  },
  prices: PRICES,
  vpcCidr: '10.40.0.0/16',
  // The example account of AWS's documentation stands for your own.
  account: '123456789012',
  // Images come through the gateway endpoint of S3, which costs nothing and has no limit that a cold fleet could meet.
  egress: { via: 'endpoints' },
  task: { ...TASK, image: IMAGE },
  sessionTable: {
    warmThroughput: { readUnitsPerSecond: 12_000, writeUnitsPerSecond: PROD_TABLE_WRITES },
    pointInTimeRecovery: true,
  },
  // Count until the log of a premiere night has shown whom the limits would have turned away.
  edge: { webAcl: 'count', originShield: true, accessLogs: true },
  alarms: ALARMS,
  logRetentionDays: 90,
  deletionProtection: true,
};

/** All environments, smallest first; each becomes one stage of the app, by its name. */
export const environments: readonly StackEnvironment[] = [dev, staging, prod];
