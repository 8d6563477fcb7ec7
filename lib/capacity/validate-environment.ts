import {
  type Environment,
  type GrantedQuotas,
  type LayerProfile,
  LOG_RETENTION_DAYS,
  PROFILE_DEFAULTS,
  resolveEnvironment,
  type StackEnvironment,
} from './environment';
import {
  AURORA_REPLICAS,
  DEFAULT_QUOTAS,
  ECS_TASKS_PER_SERVICE,
  FARGATE_LAUNCHES_PER_MINUTE,
  NEW_TABLE_READS,
  NEW_TABLE_WRITES,
  SCALABLE_DIMENSIONS,
  SCHEDULED_ACTIONS_PER_TARGET,
} from './limits';
import { resolveDemandModel } from './demand-model';
import { type EnvironmentProblem, problemAt, shapeProblems } from './environment-shape';
import { privateSubnets, rollingTasks } from './network';
import { unitsFor } from './units';
import { ORIGIN_FACING_PREFIX_LISTS, zoneIdPrefix, ZONES_WITHOUT_VPC_ORIGINS } from './regions';

/** All nonsense in an environment, in the order of its fields; empty for a sound one. */
export function validateEnvironment(given: Environment | StackEnvironment): EnvironmentProblem[] {
  // Types are not checked in plain JavaScript and JSON, and without these nothing else can be.
  const mistaken = shapeProblems(given);
  if (mistaken.length > 0) return mistaken;
  const problems: EnvironmentProblem[] = [];
  const expect = (ok: boolean, path: string, must: string, value: unknown, mend: string): void => {
    if (!ok) problems.push(problemAt(given.name, path, must, value, mend));
  };
  const environment = resolveEnvironment(given);
  expect(
    /^[a-z][a-z0-9-]*$/.test(environment.name),
    'name',
    'lower case letters, digits and hyphens',
    environment.name,
    'it becomes the name of a stage, for example prod',
  );
  expect(
    /^[a-z]{2}(-[a-z]+)+-\d$/.test(environment.region),
    'region',
    'an AWS region',
    environment.region,
    'for example us-east-1',
  );
  const { zoneIds } = environment;
  expect(
    zoneIds.length >= 2,
    'zoneIds',
    'at least two zones',
    zoneIds,
    'one zone cannot bear the loss of a zone; three are usual',
  );
  expect(new Set(zoneIds).size === zoneIds.length, 'zoneIds', 'different zones', zoneIds, 'name each zone once');
  expect(
    zoneIds.every((id) => /^[a-z0-9]+-az\d+$/.test(id)),
    'zoneIds',
    'zone ids, not zone names',
    zoneIds,
    'for example use1-az1: names differ between accounts, ids do not',
  );
  expect(
    Number.isInteger(environment.deployWindowSeconds) && isWithin(environment.deployWindowSeconds, 60, 86_400),
    'deployWindowSeconds',
    'whole seconds from 60 to 86400',
    environment.deployWindowSeconds,
    'take the slowest deploy that you have seen; 900 is usual',
  );
  expect(
    environment.demandFactor > 0 && environment.demandFactor <= 10,
    'demandFactor',
    'above 0 and at most 10',
    environment.demandFactor,
    '1 plans for the whole audience, 0.1 for a tenth of it',
  );
  expect(
    environment.outageBudget > 0 && environment.outageBudget < 1,
    'outageBudget',
    'a probability above 0 and below 1',
    environment.outageBudget,
    '0.01 accepts an outage in one of a hundred such releases; 0 can never be shown',
  );
  expect(
    Object.keys(environment.layers).length > 0,
    'layers',
    'at least one layer',
    environment.layers,
    'prod.layers.playback shows one',
  );
  for (const quota of Object.keys(environment.quotas) as (keyof GrantedQuotas)[]) {
    expect(
      (environment.quotas[quota] ?? 0) > 0,
      `quotas.${quota}`,
      'above 0',
      environment.quotas[quota],
      "leave it out for AWS's default",
    );
  }
  expect(
    /^[A-Z]{3}$/.test(environment.prices.currency),
    'prices.currency',
    'an ISO 4217 code',
    environment.prices.currency,
    'for example USD',
  );
  expect(
    /^\d{4}-\d\d-\d\d$/.test(environment.prices.readOn),
    'prices.readOn',
    'a day',
    environment.prices.readOn,
    'for example 2026-11-21',
  );
  if ('vpcCidr' in given) expectStacks({ ...given, ...environment }, expect);
  for (const [layer, profile] of Object.entries(environment.layers)) {
    const isName = /^[a-z0-9-]+$/.test(layer);
    expect(isName, 'layers', 'named with lower case letters, digits and hyphens', layer, 'releases name them so');
    const expectInLayer: Expect = (ok, path, must, value, mend) =>
      expect(ok, `layers.${layer}.${path}`, must, value, mend);
    expectProfile(profile, expectInLayer);
    const load = profile.baselineRequestsPerSecond;
    const needed = zoneIds.length < 2 ? 0 : unitsFor(load, profile, zoneIds.length);
    const must = `no more than ${profile.baseline} ${profile.unit}s bear after the loss of a zone`;
    expectInLayer(
      !(needed > profile.baseline),
      'baselineRequestsPerSecond',
      must,
      load,
      `raise the baseline to ${needed}`,
    );
  }
  return problems;
}

/** What the reference stacks could not be synthesized or deployed with. */
function expectStacks(environment: StackEnvironment, expect: Expect): void {
  const { region, zoneIds, vpcCidr, layers } = environment;
  const regions = Object.keys(ORIGIN_FACING_PREFIX_LISTS);
  expect(
    regions.includes(region),
    'region',
    'one of those that the edge can reach',
    region,
    `choose from ${regions.join(', ')}, or add its prefix list to lib/capacity/regions.ts`,
  );
  const prefix = zoneIdPrefix(region);
  expect(
    zoneIds.every((id) => id.startsWith(`${prefix}-`)),
    'zoneIds',
    `zones of ${region}`,
    zoneIds,
    `they begin with ${prefix}-`,
  );
  const unreachable = zoneIds.filter((id) => ZONES_WITHOUT_VPC_ORIGINS.includes(id));
  expect(
    unreachable.length === 0,
    'zoneIds',
    'zones with VPC origins of CloudFront',
    unreachable,
    'choose other zones of the region',
  );
  expect(
    /^(any|\d{12})$/.test(environment.account),
    'account',
    'twelve digits or any',
    environment.account,
    'write the account that may be deployed to, for example 123456789012',
  );
  const subnets = privateSubnets(vpcCidr, zoneIds.length);
  expect(subnets !== undefined, 'vpcCidr', 'an IPv4 range of /16 to /28', vpcCidr, 'for example 10.40.0.0/16');
  expect(
    'playback' in layers,
    'layers',
    'with a layer playback',
    Object.keys(layers),
    'Playback and Capacity stand on it',
  );
  const { baseline = 0, maximum = 0, maximumPercent = PROFILE_DEFAULTS.maximumPercent } = layers.playback ?? {};
  expect(
    Math.floor((baseline * maximumPercent) / 100) > baseline || baseline === 0,
    'layers.playback.maximumPercent',
    `above ${baseline} tasks when ECS rounds it down, or no deployment could ever start one`,
    maximumPercent,
    `at least ${Math.ceil((100 * (baseline + 1)) / baseline)}`,
  );
  const tasks = rollingTasks(maximum, maximumPercent);
  expect(
    !subnets || subnets.tasksAfterZoneLoss >= tasks,
    'vpcCidr',
    `large enough for ${tasks} tasks after the loss of a zone`,
    vpcCidr,
    `it holds ${subnets?.tasksAfterZoneLoss}: choose a larger range or a lower maximum`,
  );
  const { loadBalancerTargets = DEFAULT_QUOTAS.loadBalancerTargets } = environment.quotas;
  expect(
    tasks <= loadBalancerTargets,
    'layers.playback.maximum',
    `at most ${loadBalancerTargets} tasks with ${maximumPercent} % of them while a deployment rolls`,
    maximum,
    'lower maximumPercent or the maximum, or have more targets per load balancer granted',
  );
  const { egress, task, sessionTable, edge, alarms, logRetentionDays } = environment;
  expect(
    egress.via === 'endpoints' || (isWhole(egress.gateways, 1) && egress.gateways <= zoneIds.length),
    'egress',
    `endpoints, or nat with 1 to ${zoneIds.length} gateways`,
    egress,
    'at most one gateway for each zone',
  );
  const { image } = task;
  expect(
    'folder' in image !== ('repository' in image && 'digest' in image),
    'task.image',
    'given either a repository with a digest or a folder',
    image,
    'for example { folder: "service" }',
  );
  if ('repository' in image && 'digest' in image) {
    expect(
      /^[a-z0-9]+([._/-][a-z0-9]+)*$/.test(image.repository),
      'task.image.repository',
      'the name of a repository in ECR',
      image.repository,
      'without account, region and tag, for example prescale/playback',
    );
    expect(
      /^sha256:[0-9a-f]{64}$/.test(image.digest),
      'task.image.digest',
      'sha256: and 64 hexadecimal digits',
      image.digest,
      'take the digest that docker push prints: a tag could be moved to an image that nobody has tested',
    );
  }
  expect(
    isWhole(task.port, 1) && task.port <= 65_535,
    'task.port',
    'a port from 1 to 65535',
    task.port,
    'the one on which the container listens',
  );
  expect(
    task.healthCheckPath.startsWith('/'),
    'task.healthCheckPath',
    'a path that begins with /',
    task.healthCheckPath,
    'for example /health',
  );
  expectTaskSize(task, layers.playback, expect);
  for (const key of ['readUnitsPerSecond', 'writeUnitsPerSecond'] as const) {
    const least = key === 'readUnitsPerSecond' ? NEW_TABLE_READS : NEW_TABLE_WRITES;
    const value = sessionTable.warmThroughput?.[key] ?? least;
    expect(
      isWhole(value, least),
      `sessionTable.warmThroughput.${key}`,
      `a whole number of at least ${least}`,
      value,
      'that is what a new table serves; leave warmThroughput out for it',
    );
  }
  expect(
    ['off', 'count', 'block'].includes(edge.webAcl),
    'edge.webAcl',
    'off, count or block',
    edge.webAcl,
    'start with count and read its log',
  );
  if (edge.domain) {
    const { names, certificateArn, hostedZone } = edge.domain;
    expect(
      names.length > 0 && (certificateArn !== undefined || hostedZone !== undefined),
      'edge.domain',
      'given a name, and a certificate or a hosted zone that validates one',
      edge.domain,
      'add certificateArn of a certificate in us-east-1, or hostedZone with its id and name',
    );
    expect(
      certificateArn === undefined || /^arn:[a-z-]+:acm:us-east-1:\d{12}:certificate\/.+/.test(certificateArn),
      'edge.domain.certificateArn',
      'a certificate in us-east-1',
      certificateArn,
      'CloudFront takes certificates of that region only',
    );
    const outside = names.filter(
      (name) => hostedZone && name !== hostedZone.name && !name.endsWith(`.${hostedZone.name}`),
    );
    expect(outside.length === 0, 'edge.domain.names', 'names of the hosted zone', outside, 'name its own zone');
  }
  if (alarms !== 'off') {
    for (const list of ['wake', 'inform'] as const) {
      const wrong = alarms[list].filter((subscriber) => !/^(https:\/\/[^\s/]+|[^\s@:/]+@[^\s@:/]+$)/.test(subscriber));
      expect(
        wrong.length === 0,
        `alarms.${list}`,
        'e-mail addresses and https URLs',
        wrong,
        'for example oncall@example.com',
      );
      expect(
        new Set(alarms[list]).size === alarms[list].length,
        `alarms.${list}`,
        'different subscribers',
        alarms[list],
        'name each once',
      );
    }
    expect(
      isWithin(alarms.latencyP99Seconds, 0.001, 60),
      'alarms.latencyP99Seconds',
      'from 0.001 to 60',
      alarms.latencyP99Seconds,
      'the slowest answer that viewers would not notice, for example 1',
    );
  }
  expect(
    LOG_RETENTION_DAYS.includes(logRetentionDays),
    'logRetentionDays',
    'days that CloudWatch Logs knows',
    logRetentionDays,
    `choose from ${LOG_RETENTION_DAYS.join(', ')}`,
  );
}

/** Memory in GiB that Fargate gives to a number of vCPU: from, to, in steps of. */
const FARGATE_MEMORY: Readonly<Record<number, readonly [from: number, to: number, step: number]>> = {
  256: [0.5, 2, 0.5],
  512: [1, 4, 1],
  1024: [2, 8, 1],
  2048: [4, 16, 1],
  4096: [8, 30, 1],
  8192: [16, 60, 4],
  16384: [32, 120, 8],
};

function expectTaskSize(task: StackEnvironment['task'], playback: LayerProfile | undefined, expect: Expect): void {
  const { cpu, memoryMiB } = task;
  const sizes = Object.keys(FARGATE_MEMORY).join(', ');
  const memory = FARGATE_MEMORY[cpu];
  expect(memory !== undefined, 'task.cpu', 'a size of Fargate', cpu, `choose from ${sizes}`);
  if (memory) {
    const [from, to, step] = memory;
    const gib = memoryMiB / 1024;
    expect(
      isWithin(gib, from, to) && Number.isInteger((gib - from) / step),
      'task.memoryMiB',
      `from ${from * 1024} to ${to * 1024} in steps of ${step * 1024} beside ${cpu} CPU units`,
      memoryMiB,
      'choose a size of Fargate',
    );
  }
  expect(
    playback?.vcpuPerUnit === undefined || playback.vcpuPerUnit === cpu / 1024,
    'layers.playback.vcpuPerUnit',
    `${cpu / 1024}, as the task has ${cpu} CPU units`,
    playback?.vcpuPerUnit,
    'the quota of vCPU is compared with it',
  );
}

type Expect = (ok: boolean, path: string, must: string, value: unknown, mend: string) => void;

/** Where somebody who does not run on ECS finds a number. */
const FIGURES = 'docs/attach.md has a figure to start with for each dimension';

function expectProfile(profile: LayerProfile, expect: Expect): void {
  const {
    baseline,
    maximum,
    leadTime = {},
    maxStepsPerWindow: steps = PROFILE_DEFAULTS.maxStepsPerWindow,
    actionBudget: budget = PROFILE_DEFAULTS.actionBudget,
  } = profile;
  expect(
    isWhole(baseline, 1),
    'baseline',
    'a whole number of at least 1',
    baseline,
    'the units that you keep without any release',
  );
  expect(
    profile.baselineRequestsPerSecond >= 0,
    'baselineRequestsPerSecond',
    'at least 0',
    profile.baselineRequestsPerSecond,
    "the ordinary day's peak",
  );
  expect(
    isWhole(maximum, 1) && maximum >= baseline,
    'maximum',
    `a whole number of at least the baseline, ${baseline}`,
    maximum,
    'the ceiling of the whole plan',
  );
  const isOnEcs = profile.namespace === 'ecs';
  if (isOnEcs) {
    expect(
      maximum <= ECS_TASKS_PER_SERVICE,
      'maximum',
      `at most ${ECS_TASKS_PER_SERVICE} tasks, which AWS does not raise`,
      maximum,
      'use larger tasks or a second service',
    );
    expect(
      (leadTime.unitsPerMinute ?? 1) <= FARGATE_LAUNCHES_PER_MINUTE,
      'leadTime.unitsPerMinute',
      `at most ${FARGATE_LAUNCHES_PER_MINUTE}, which Fargate does not exceed per service`,
      leadTime.unitsPerMinute,
      'leave it out for 500',
    );
  } else {
    // The defaults are those of Fargate tasks: too quick for a replica, too slow for a table.
    for (const key of ['startLatencySeconds', 'unitsPerMinute'] as const) {
      expect(
        leadTime[key] !== undefined,
        `leadTime.${key}`,
        `given for ${profile.dimension}`,
        leadTime[key],
        `the default is that of ECS tasks; ${FIGURES}`,
      );
    }
  }
  const dimensions = SCALABLE_DIMENSIONS.filter((dimension) => dimension.startsWith(`${profile.namespace}:`));
  const namespaces = [...new Set(SCALABLE_DIMENSIONS.map((dimension) => dimension.split(':')[0]))];
  expect(
    dimensions.length > 0,
    'namespace',
    'one of Application Auto Scaling',
    profile.namespace,
    `choose from ${namespaces.join(', ')}`,
  );
  expect(
    dimensions.length === 0 || dimensions.includes(profile.dimension),
    'dimension',
    `one of the namespace ${profile.namespace}`,
    profile.dimension,
    `choose from ${dimensions.join(', ')}`,
  );
  expect(
    profile.dimension !== 'rds:cluster:ReadReplicaCount' || maximum <= AURORA_REPLICAS,
    'maximum',
    `at most ${AURORA_REPLICAS} replicas, which AWS does not raise`,
    maximum,
    'use larger instances',
  );
  expect(
    isWithin(profile.requestsPerSecondPerUnit, 1e-6, 1e9),
    'requestsPerSecondPerUnit',
    'above 0',
    profile.requestsPerSecondPerUnit,
    'measure it with a load test',
  );
  for (const key of ['utilisationNormal', 'utilisationZoneLost'] as const) {
    expect(isShare(profile[key] ?? 0.5), key, 'above 0 and below 1', profile[key], 'leave it out for the default');
  }
  const quantile = profile.planningQuantile ?? PROFILE_DEFAULTS.planningQuantile;
  expect(quantile >= 0.5 && quantile < 1, 'planningQuantile', 'from 0.5 to below 1', quantile, 'leave it out for 0.9');
  expect(
    isWithin(leadTime.schedulerDelaySeconds ?? 0, 0, 3600),
    'leadTime.schedulerDelaySeconds',
    'from 0 to 3600',
    leadTime.schedulerDelaySeconds,
    'leave it out for 60',
  );
  expect(
    isWithin(leadTime.startLatencySeconds ?? 0, 0, 86_400),
    'leadTime.startLatencySeconds',
    'from 0 to 86400',
    leadTime.startLatencySeconds,
    isOnEcs ? 'leave it out for 120' : FIGURES,
  );
  expect(
    isWithin(leadTime.unitsPerMinute ?? 1, 0.1, 1e6),
    'leadTime.unitsPerMinute',
    'from 0.1 to 1000000',
    leadTime.unitsPerMinute,
    isOnEcs ? 'leave it out for 500' : FIGURES,
  );
  expect(isWhole(steps, 1), 'maxStepsPerWindow', 'a whole number of at least 1', steps, 'leave it out for 8');
  // The nearest window must always fit: its floors, the return to the baseline, and the end of the deploy window.
  expect(
    isWhole(budget, steps + 2),
    'actionBudget',
    `a whole number of at least ${steps + 2}, so that one window fits`,
    budget,
    'leave it out for 100',
  );
  expect(
    budget <= SCHEDULED_ACTIONS_PER_TARGET,
    'actionBudget',
    `at most ${SCHEDULED_ACTIONS_PER_TARGET}, which AWS does not raise`,
    budget,
    'leave it out for 100',
  );
  expect(
    isWithin(profile.maximumPercent ?? PROFILE_DEFAULTS.maximumPercent, 101, 200),
    'maximumPercent',
    'from 101 to 200',
    profile.maximumPercent,
    'leave it out for 110',
  );
  expect(
    isWithin(profile.pricePerUnitHour, 0, 1e9),
    'pricePerUnitHour',
    'at least 0',
    profile.pricePerUnitHour,
    'in the currency of prices',
  );
  const { count, persistence } = profile.retries ?? PROFILE_DEFAULTS.retries;
  expect(
    isWhole(count, 0) && count <= 100,
    'retries.count',
    'a whole number from 0 to 100',
    count,
    'leave retries out for 3',
  );
  expect(isWithin(persistence, 0, 1), 'retries.persistence', 'from 0 to 1', persistence, 'leave retries out for 0.8');
  expect(
    isWithin(profile.vcpuPerUnit ?? 1, 0.25, 1024),
    'vcpuPerUnit',
    'from 0.25 to 1024',
    profile.vcpuPerUnit,
    'leave it out where the layer does not run on Fargate',
  );
  for (const [index, dependency] of (profile.dependencies ?? []).entries()) {
    const { perTask, perPlay, limit, name } = dependency;
    const path = `dependencies[${index}]`;
    expect(
      (perTask === undefined) !== (perPlay === undefined),
      path,
      'given either perTask or perPlay',
      dependency,
      `say what loads ${name}: warm units or plays`,
    );
    expect(
      (perTask ?? perPlay ?? 1) > 0 && limit > 0,
      path,
      'above 0 in its load and its limit',
      dependency,
      'leave out what has no limit',
    );
  }
  expectDemand(profile, expect);
}

function expectDemand(profile: LayerProfile, expect: Expect): void {
  const { kinds, stayRange, ...numbers } = resolveDemandModel(profile);
  for (const [key, value] of Object.entries(numbers)) {
    const positive = [
      'refreshSeconds',
      'earlyMeanMinutes',
      'liveScaleMinutes',
      'liveExitHalfLifeMinutes',
      'drillMinutes',
      'lobbyPlaysMinutes',
    ];
    const ok = Number.isFinite(value) && (positive.includes(key) ? value > 0 : value >= 0);
    expect(
      ok,
      `demand.${key}`,
      positive.includes(key) ? 'above 0' : 'at least 0',
      value,
      'leave it out for the default',
    );
  }
  for (const key of ['lobbyShare', 'earlyShare', 'previouslyShare'] as const) {
    expect(numbers[key] <= 1, `demand.${key}`, 'a share of at most 1', numbers[key], 'leave it out for the default');
  }
  expect(
    numbers.windowEndsAtBaselineTimes >= 1,
    'demand.windowEndsAtBaselineTimes',
    'at least 1',
    numbers.windowEndsAtBaselineTimes,
    'leave it out for 1.15',
  );
  expect(
    // Stated as undefined it takes the place of the default.
    stayRange?.[0] > 0 && stayRange[0] < stayRange[1],
    'demand.stayRange',
    'two rising multiples of the length',
    stayRange,
    'leave it out for [0.9, 1.15]',
  );
  for (const [kind, model] of Object.entries(kinds)) {
    for (const [key, value] of Object.entries(model)) {
      const unused =
        kind === 'live' && ['playsPeakMinutes', 'declineMinutes', 'declineExponent', 'lengthMinutes'].includes(key);
      expect(
        unused || (Number.isFinite(value) && value > 0),
        `demand.kinds.${kind}.${key}`,
        'above 0',
        value,
        'leave it out for the default',
      );
    }
  }
}

function isWhole(value: number, least: number): boolean {
  return Number.isInteger(value) && value >= least;
}

function isWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function isShare(value: number): boolean {
  return value > 0 && value < 1;
}
