import type { DeployPlan, TargetPlan } from './capacity-plan';
import {
  type Environment,
  type GrantedQuotas,
  type LayerProfile,
  PROFILE_DEFAULTS,
  type StackEnvironment,
} from './environment';
import { fromIso, toIso } from './instants';
import { DEFAULT_QUOTAS, ECS_TASKS_PER_SERVICE, FARGATE_LAUNCH_BURST } from './limits';

/** Read units and write units per second of one table of DynamoDB, each, in a new account. */
const TABLE_THROUGHPUT = 40_000;

/** What a layer asks of AWS at a time. */
export interface QuotaLoad {
  /** Ready units. */
  readonly units: number;
  /** Requests per second, the baseline's own included. */
  readonly requestsPerSecond: number;
}

/** A quota that AWS raises on request, and how much of it a layer on ECS needs. */
export interface QuotaRule {
  /** Under which an environment states what was granted; absent where it cannot. */
  readonly quota?: keyof GrantedQuotas;
  /** As Service Quotas names it. */
  readonly service: string;
  /** Codes of Service Quotas with what each counts; one need for all of them. */
  readonly counts: Readonly<Record<string, string>>;
  readonly region: 'own' | 'us-east-1';
  /** One quota for all layers of the account in the region. */
  readonly shared: boolean;
  /** What AWS grants a new account. */
  readonly byDefault: number;
  /** Whether the layer touches it at all. */
  readonly applies: (profile: LayerProfile) => boolean;
  readonly need: (
    profile: LayerProfile,
    leadTime: TargetPlan['leadTime'],
    load: QuotaLoad,
    granted: Required<GrantedQuotas>,
  ) => number;
}

/** Tasks while a deployment rolls: ECS rounds the most that it may run down. */
const rolling = ({ maximumPercent = PROFILE_DEFAULTS.maximumPercent }: LayerProfile, units: number): number =>
  Math.floor((units * maximumPercent) / 100);

const always = (): boolean => true;
const onFargate = ({ vcpuPerUnit }: LayerProfile): boolean => vcpuPerUnit !== undefined;

/** The quotas that a layer on ECS can run out of. Findings judge by them before a deploy, `verify` and `quotas` against the account. */
export const QUOTA_RULES: readonly QuotaRule[] = [
  {
    quota: 'fargateVcpu',
    service: 'fargate',
    counts: { 'L-3032A538': 'Fargate vCPU with a rolling deploy' },
    region: 'own',
    shared: true,
    byDefault: DEFAULT_QUOTAS.fargateVcpu,
    applies: onFargate,
    need: (profile, _, { units }) => rolling(profile, units) * (profile.vcpuPerUnit ?? 0),
  },
  {
    quota: 'fargateLaunchesPerSecond',
    service: 'fargate',
    counts: { 'L-551A4E9D': 'task launches per second, sustained' },
    region: 'own',
    shared: true,
    byDefault: DEFAULT_QUOTAS.fargateLaunchesPerSecond,
    applies: onFargate,
    // Below the burst nothing is limited; above it the plan counts on its own rate.
    need: (profile, { unitsPerMinute }, { units }) =>
      units - profile.baseline > FARGATE_LAUNCH_BURST ? unitsPerMinute / 60 : 0,
  },
  {
    service: 'fargate',
    counts: { 'L-6BAD92DD': 'task launches at once' },
    region: 'own',
    shared: true,
    byDefault: FARGATE_LAUNCH_BURST,
    applies: onFargate,
    // What the sustained rate does not refill while a small rise is launched; a larger one is judged by that rate alone.
    need: ({ baseline }, { unitsPerMinute }, { units }, { fargateLaunchesPerSecond }) => {
      const rise = units - baseline;
      if (rise > FARGATE_LAUNCH_BURST) return 0;
      return Math.max(0, rise * (1 - (60 * fargateLaunchesPerSecond) / unitsPerMinute));
    },
  },
  {
    quota: 'loadBalancerTargets',
    service: 'elasticloadbalancing',
    counts: {
      'L-7E6692B2': 'targets of one load balancer with a rolling deploy',
      'L-A0D0B863': 'targets of one target group with a rolling deploy',
    },
    region: 'own',
    shared: false,
    byDefault: DEFAULT_QUOTAS.loadBalancerTargets,
    applies: always,
    need: (profile, _, { units }) => rolling(profile, units),
  },
  {
    quota: 'networkInterfaces',
    service: 'vpc',
    counts: { 'L-DF5E4CA3': 'network interfaces with a rolling deploy' },
    region: 'own',
    shared: true,
    byDefault: DEFAULT_QUOTAS.networkInterfaces,
    applies: always,
    need: (profile, _, { units }) => rolling(profile, units),
  },
  {
    quota: 'cloudFrontRequestsPerSecond',
    service: 'cloudfront',
    counts: { 'L-A2C80159': 'requests per second of one distribution' },
    region: 'us-east-1',
    shared: false,
    byDefault: DEFAULT_QUOTAS.cloudFrontRequestsPerSecond,
    applies: always,
    need: (_profile, _leadTime, { requestsPerSecond }) => requestsPerSecond,
  },
];

/** The quotas as an environment states them, and AWS's defaults for what it leaves out. */
export function grantedQuotas({ quotas = {} }: Environment): Required<GrantedQuotas> {
  const stated = Object.entries(quotas).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_QUOTAS, ...Object.fromEntries(stated) };
}

/** What the coming windows need of one quota. */
export interface QuotaNeed {
  /** Service and code, for example `fargate/L-3032A538`; of a target each once. */
  readonly id: string;
  /** As Service Quotas names it. */
  readonly service: string;
  /** As Service Quotas names it; empty for a fixed limit, which is not read. */
  readonly code: string;
  /** Where the quota is read and raised. */
  readonly region: string;
  /** One quota for all layers of the account in the region: `needed` has the others at their peaks. */
  readonly shared: boolean;
  /** What is counted, for example `Fargate vCPU with a rolling deploy`. */
  readonly what: string;
  /** Whole. 0: nothing of it. */
  readonly needed: number;
  /** From when on more is needed than is granted, or else from when on `needed` is. ISO 8601 in UTC; `asOf` when it is so already. */
  readonly neededAt: string;
  /** What was granted, as the environment states it; for a fixed limit the limit. @default the environment states nothing */
  readonly granted?: number;
  /** What AWS grants a new account. */
  readonly byDefault: number;
  /** False when AWS does not raise it. */
  readonly adjustable: boolean;
}

/**
 * What the plan of an environment needs of each quota that a target of it applies to, in a fixed order.
 *
 * Counted are the floors that the plan registers, from `asOf` on. Requests per second are what the units are sized for, so up to one
 * unit more than the demand; of a night with a stated floor beside an audience they are what the floor bears. The session table
 * is counted where the environment states its throughput.
 *
 * @param plan the plan that holds the target; its other targets share the quotas of the account
 */
export function quotaNeeds(
  environment: Environment | StackEnvironment,
  target: TargetPlan,
  plan: Pick<DeployPlan, 'asOf' | 'targets' | 'releases'>,
): QuotaNeed[] {
  const needs: QuotaNeed[] = [];
  const profile = profileOf(environment, target);
  if (profile.namespace === 'ecs') {
    const granted = grantedQuotas(environment);
    const others = plan.targets.filter(({ id, namespace }) => id !== target.id && namespace === 'ecs');
    for (const rule of QUOTA_RULES) {
      if (!rule.applies(profile)) continue;
      const curves = [target, ...(rule.shared ? others : [])]
        .filter((one) => rule.applies(profileOf(environment, one)))
        .map((one) => curveOf(rule, environment, one, plan, granted));
      const stated = rule.quota && environment.quotas?.[rule.quota];
      const region = rule.region === 'own' ? environment.region : rule.region;
      for (const [code, what] of Object.entries(rule.counts)) {
        needs.push({
          id: `${rule.service}/${code}`,
          service: rule.service,
          code,
          region,
          shared: rule.shared,
          what,
          ...needOf(curves, stated ?? rule.byDefault),
          ...(stated !== undefined && { granted: stated }),
          byDefault: rule.byDefault,
          adjustable: true,
        });
      }
    }
    needs.push({
      id: 'ecs/tasks-per-service',
      service: 'ecs',
      code: '',
      region: environment.region,
      shared: false,
      what: 'tasks of one service',
      ...needOf([floorsOf(target, plan).map(({ at, units }) => ({ at, needed: units }))], ECS_TASKS_PER_SERVICE),
      granted: ECS_TASKS_PER_SERVICE,
      byDefault: ECS_TASKS_PER_SERVICE,
      adjustable: false,
    });
  }
  return [...needs, ...tableNeeds(environment, plan.asOf)];
}

/** Throughput that the session table is to serve from its first minute. */
function tableNeeds(environment: Environment | StackEnvironment, asOf: string): QuotaNeed[] {
  if (!('sessionTable' in environment) || environment.sessionTable.warmThroughput === undefined) return [];
  const { readUnitsPerSecond, writeUnitsPerSecond } = environment.sessionTable.warmThroughput;
  const ofTable = (code: string, what: string, needed: number): QuotaNeed => ({
    id: `dynamodb/${code}`,
    service: 'dynamodb',
    code,
    region: environment.region,
    // One table, whichever of the layers is asked for.
    shared: true,
    what,
    needed,
    neededAt: asOf,
    byDefault: TABLE_THROUGHPUT,
    adjustable: true,
  });
  return [
    ofTable('L-CF0CBE56', 'read units per second of one table', readUnitsPerSecond),
    ofTable('L-AB614373', 'write units per second of one table', writeUnitsPerSecond),
  ];
}

/** What is needed from each instant on, sorted; the first is `asOf`. */
type Curve = readonly { readonly at: number; readonly needed: number }[];

function curveOf(
  rule: QuotaRule,
  environment: Environment,
  target: TargetPlan,
  plan: Pick<DeployPlan, 'asOf' | 'releases'>,
  granted: Required<GrantedQuotas>,
): Curve {
  const profile = profileOf(environment, target);
  const need = (load: QuotaLoad): number => rule.need(profile, target.leadTime, load, granted);
  // Requests come with the audience, not with the floor that is warm ahead of it, nor with a drill.
  if (rule.quota === 'cloudFrontRequestsPerSecond') {
    return requestsOf(environment, target, plan).map(({ at, requestsPerSecond }) => ({
      at,
      needed: need({ units: 0, requestsPerSecond }),
    }));
  }
  return floorsOf(target, plan).map(({ at, units }) => ({ at, needed: need({ units, requestsPerSecond: 0 }) }));
}

function floorsOf({ min, actions }: TargetPlan, { asOf }: Pick<DeployPlan, 'asOf'>): { at: number; units: number }[] {
  return [
    { at: fromIso(asOf), units: min },
    ...actions.map((action) => ({ at: fromIso(action.at), units: action.min })),
  ];
}

/** Requests per second as far as the plan knows them: where a release with an audience is named, what the ready units bear. */
function requestsOf(
  environment: Environment,
  target: TargetPlan,
  plan: Pick<DeployPlan, 'asOf' | 'releases'>,
): { at: number; requestsPerSecond: number }[] {
  const profile = profileOf(environment, target);
  const withAudience = new Set(plan.releases.filter(({ audience }) => audience).map(({ id }) => id));
  const isDrill = (at: string): boolean =>
    target.windows.some(({ drill, risingAt, endsAt }) => drill && risingAt <= at && at < endsAt);
  const ofReleases = target.required
    .filter(({ from, releases }) => !isDrill(from) && releases.some((id) => withAudience.has(id)))
    .map(({ from, units }) => ({
      at: fromIso(from),
      requestsPerSecond: unitsBear(units, profile, environment.zoneIds.length),
    }));
  return [{ at: fromIso(plan.asOf), requestsPerSecond: profile.baselineRequestsPerSecond }, ...ofReleases];
}

/** Requests per second that so many units are sized for at most: the other way round of `unitsFor`. */
function unitsBear(units: number, profile: LayerProfile, zones: number): number {
  const {
    utilisationNormal = PROFILE_DEFAULTS.utilisationNormal,
    utilisationZoneLost = PROFILE_DEFAULTS.utilisationZoneLost,
  } = profile;
  return units * profile.requestsPerSecondPerUnit * Math.min(utilisationNormal, utilisationZoneLost * (1 - 1 / zones));
}

function profileOf({ layers }: Environment, { id }: TargetPlan): LayerProfile {
  return layers[id.split('/')[1]!]!;
}

/** The peaks of all curves, and when their sum first passes the limit; when it never does, when the first of them peaks. */
function needOf(curves: readonly Curve[], limit: number): Pick<QuotaNeed, 'needed' | 'neededAt'> {
  const peaks = curves.map((curve) => Math.max(...curve.map(({ needed }) => needed)));
  const instants = curves.flatMap((curve) => curve.map(({ at }) => at)).toSorted((a, b) => a - b);
  const passedAt = instants.find(
    (at) => curves.reduce((sum, curve) => sum + curve.findLast((one) => one.at <= at)!.needed, 0) > limit,
  );
  const peakAt = curves[0]!.find(({ needed }) => needed === peaks[0])!.at;
  return {
    // Without the last bits of a product that is a whole number on paper.
    needed: Math.max(0, Math.ceil(peaks.reduce((sum, peak) => sum + peak, 0) - 1e-6)),
    neededAt: toIso(passedAt ?? peakAt),
  };
}
