import type { ReleaseKind } from '../calendar/release';

/** How the audience of one kind of release arrives. Minutes unless the name says otherwise. */
export interface KindModel {
  /** Minutes from the premiere until the rate of plays peaks (`tp`). Unused for live. */
  readonly playsPeakMinutes: number;
  /** Scale in minutes of the decline after the peak (`c`). Unused for live. */
  readonly declineMinutes: number;
  /** Exponent of the decline after the peak (`p`). Unused for live. */
  readonly declineExponent: number;
  /** Length in minutes of what is watched in one sitting, when the release states none. */
  readonly lengthMinutes: number;
  /** Hours after the premiere at which plays are cut off; for live, hours after its end. */
  readonly endHours: number;
  /** Lognormal sigma of the forecast, when the release states no spread and an entry of the kind has been observed. */
  readonly sigma: number;
  /** Minutes before the premiere by which all units are ready, when the release states none. */
  readonly warmUpMinutes: number;
}

/**
 * From an audience to requests per second. Every number is a judgement unless its source is named;
 * an environment overrides single numbers through `demand` of its layer.
 */
export interface DemandModel {
  /** Requests of one play, opening the app included. @default 12 (judgement) */
  readonly requestsPerPlay: number;
  /** Requests per second of one viewer who watches. @default 1/60 (judgement; a live service published 0.04–0.1 in total) */
  readonly heartbeatsPerSecond: number;
  /** Requests of one viewer who stops and returns to the home page. @default 4 (judgement) */
  readonly requestsPerExit: number;
  /** Requests of one refresh in the lobby. @default 2 (judgement) */
  readonly requestsPerRefresh: number;
  /** Seconds between two refreshes of somebody who waits in the lobby. @default 60 (judgement) */
  readonly refreshSeconds: number;
  /** Lobby just before the premiere, as a share of the plays of `lobbyPlaysMinutes`. @default 0.3 (judgement) */
  readonly lobbyShare: number;
  /** Minutes before the premiere at which the lobby starts to fill, linearly. @default 30 (judgement) */
  readonly lobbyLeadMinutes: number;
  /** Minutes after the premiere until the lobby is empty. @default 15 (judgement) */
  readonly lobbyPlaysMinutes: number;
  /** Share of viewers who leave early. @default 0.2 (judgement) */
  readonly earlyShare: number;
  /** Mean minutes that those who leave early watch; exponential. @default 10 (judgement) */
  readonly earlyMeanMinutes: number;
  /** The others leave uniformly between these multiples of the length. @default [0.9, 1.15] (judgement) */
  readonly stayRange: readonly [number, number];
  /** Live: the logistic arrivals' midpoint, minutes before the premiere. @default 5 (two published live records rose by 4–5 % of their peak per minute) */
  readonly liveMidpointMinutes: number;
  /** Live: the scale of the logistic arrivals in minutes, so that at most 1/(4·scale) of them come per minute. @default 5 */
  readonly liveScaleMinutes: number;
  /** Live: half-life in minutes of those who leave after its end. @default 12 (half of a match's requests were gone 9–31 min after its end) */
  readonly liveExitHalfLifeMinutes: number;
  /** Minutes that floors stay at the peak after the demand's own peak, when the release states none. @default 20 (judgement) */
  readonly holdMinutes: number;
  /** Minutes that a drill keeps the full floor ready. @default 15 (judgement) */
  readonly drillMinutes: number;
  /** Share of the demand that still comes at an announced time that was moved. @default 0.2 (judgement) */
  readonly previouslyShare: number;
  /** A window ends when the median needs at most this multiple of the baseline. @default 1.15 (judgement: within the headroom) */
  readonly windowEndsAtBaselineTimes: number;
  /** Sigma when no entry of the kind has been observed and the release states no spread. @default 0.7 (judgement) */
  readonly sigmaUnobserved: number;
  /** One per kind; see `DEFAULT_DEMAND_MODEL` for the defaults. */
  readonly kinds: Readonly<Record<ReleaseKind, KindModel>>;
}

/** From asking for units to having them ready. */
export interface LeadTime {
  /** Seconds until the scheduler has acted on a due action. @default 60 (upper end of what is seen; no SLA) */
  readonly schedulerDelaySeconds: number;
  /** Seconds from the launch of a unit until it is ready: p95 of image pull, boot and health checks. @default 120 (judgement) */
  readonly startLatencySeconds: number;
  /** Units launched per minute. @default 500 (Fargate, per service; 125 in regions opened after 2025-05-20) */
  readonly unitsPerMinute: number;
}

/** Something behind the layer that warm units or arriving viewers could melt. Checked, never scaled. */
export interface Dependency {
  /** What it is called by those who run it, for example `session database connections`. */
  readonly name: string;
  /** Load of one warm unit; give either this or `perPlay`. */
  readonly perTask?: number;
  /** Load of one play per second; give either this or `perTask`. */
  readonly perPlay?: number;
  /** What it bears, in the unit of `perTask` or of `perPlay` times plays per second. */
  readonly limit: number;
}

/** The capacity profile of one scalable layer of an environment. */
export interface LayerProfile {
  /** Namespace of Application Auto Scaling, for example `ecs`. */
  readonly namespace: string;
  /** Scalable dimension, for example `ecs:service:DesiredCount`. */
  readonly dimension: string;
  /** What one unit is called, for example `task`. */
  readonly unit: string;
  /** Units that the environment keeps without any release. */
  readonly baseline: number;
  /** Requests per second of the ordinary day's peak, which the baseline bears. */
  readonly baselineRequestsPerSecond: number;
  /** The one ceiling of the whole plan, in units. */
  readonly maximum: number;
  /** Requests per second of one unit at full use (`μ`). Must come from a load test. */
  readonly requestsPerSecondPerUnit: number;
  /** Where `requestsPerSecondPerUnit` was measured; while it is left out, `check` calls the number a placeholder. */
  readonly requestsPerSecondSource?: string;
  /** Share of full use that a unit may reach with all zones. @default 0.6 (judgement) */
  readonly utilisationNormal?: number;
  /** Share of full use that a unit may reach after the loss of a zone. @default 0.85 (judgement) */
  readonly utilisationZoneLost?: number;
  /** Quantile of the forecast that floors are planned for. @default 0.9 */
  readonly planningQuantile?: number;
  /** Other dimensions than ECS tasks state latency and rate themselves. @default 60 s, 120 s, 500 units/min for ECS */
  readonly leadTime?: Partial<LeadTime>;
  /** Floors of a window, of each three days of one that is longer; the return to the baseline not counted. @default 8 (the knee of cost over steps) */
  readonly maxStepsPerWindow?: number;
  /** Scheduled actions of one deploy. @default 100 (AWS allows 200 per target; an update may hold old and new ones together) */
  readonly actionBudget?: number;
  /** Most units in per cent of the desired count while a deployment rolls. @default 110 */
  readonly maximumPercent?: number;
  /** vCPU of one unit, where the layer runs on Fargate. */
  readonly vcpuPerUnit?: number;
  /** Price of one unit for an hour, in the currency of the environment's prices. */
  readonly pricePerUnitHour: number;
  /** Whether the layer answers overload by refusing early, so that retries cannot feed it. @default false */
  readonly shedsLoad?: boolean;
  /** Most retries of a client per request, and the share of failed tries that are tried again. @default 3 and 0.8: 2.95 times the requests */
  readonly retries?: { readonly count: number; readonly persistence: number };
  /** @default none */
  readonly dependencies?: readonly Dependency[];
  /** Numbers of the demand model that differ from the defaults. */
  readonly demand?: Partial<Omit<DemandModel, 'kinds'>> & {
    readonly kinds?: { readonly [kind in ReleaseKind]?: Partial<KindModel> };
  };
}

/** Quotas as granted to the account, per region. A quota left out is taken as AWS's default for a new account. */
export interface GrantedQuotas {
  /** Fargate on-demand vCPU, `fargate` L-3032A538. @default 6 */
  readonly fargateVcpu?: number;
  /** Fargate task launches per second, sustained, `fargate` L-551A4E9D. @default 20 */
  readonly fargateLaunchesPerSecond?: number;
  /** Targets of one Application Load Balancer and of one target group, `elasticloadbalancing` L-7E6692B2 and L-A0D0B863. @default 1000 */
  readonly loadBalancerTargets?: number;
  /** Network interfaces per region, `vpc` L-DF5E4CA3. @default 5000 */
  readonly networkInterfaces?: number;
  /** CloudFront requests per second of one distribution, L-A2C80159. @default 250000 */
  readonly cloudFrontRequestsPerSecond?: number;
}

/** What a plan of one environment is made from. */
export interface Environment {
  /** Lower case letters, digits and hyphens. */
  readonly name: string;
  /** AWS region of the layers, for example `us-east-1`. */
  readonly region: string;
  /** Availability zones by id, which is the same in all accounts. Their number is the `z` of the sizing. */
  readonly zoneIds: readonly string[];
  /** How long a deploy may take until the scalable target is updated; no action falls due in this time. Seconds. @default 900 */
  readonly deployWindowSeconds?: number;
  /** Share of the calendar's demand that this environment plans for. @default 1 */
  readonly demandFactor?: number;
  /** Probability of any outage minute that is accepted for one release; `check --rehearse` fails above it. @default 0.01 (judgement) */
  readonly outageBudget?: number;
  /** Scalable layers by name; releases state `floors` by the same names. */
  readonly layers: Readonly<Record<string, LayerProfile>>;
  /** @default AWS's defaults for a new account */
  readonly quotas?: GrantedQuotas;
  readonly prices: {
    /** ISO 4217 code. */
    readonly currency: string;
    /** Where the prices of the layers were read. */
    readonly source: string;
    /** The day on which they were read, for example `2026-11-21`. */
    readonly readOn: string;
  };
}

/** Days for which CloudWatch Logs can keep a log. */
export const LOG_RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;

/** An image in a private repository of the environment's account and region, by digest: what was tested is what runs. */
export interface RepositoryImage {
  /** Name of the repository in ECR. */
  readonly repository: string;
  /** `sha256:` and 64 hexadecimal digits, as `docker push` prints it. */
  readonly digest: string;
}

/** An image that `cdk deploy` builds with Docker and pushes to the private repository of the bootstrap, named by its content. */
export interface BuiltImage {
  /** Folder with a Dockerfile, from the root of the repository. */
  readonly folder: string;
}

/** Names of your own for the distribution. A certificate that exists, or a hosted zone in which one is validated, or both. */
export interface EdgeDomain {
  readonly names: readonly string[];
  /** In us-east-1. @default - a certificate for `names`, validated in `hostedZone` */
  readonly certificateArn?: string;
  /** Public hosted zone of Route 53 that holds `names`: gets an alias record for each. @default - records are yours to make */
  readonly hostedZone?: { readonly id: string; readonly name: string };
}

/** Who is told by alarms, and of what is slow. Each is an e-mail address, such as `oncall@example.com`, or an https URL of a paging service. */
export interface AlarmSettings {
  /** For what cannot wait until the morning. Empty: alarms wake nobody, and a synthesis warns. */
  readonly wake: readonly string[];
  /** For causes, money, and what mended itself; may be the same as `wake`. Empty: a synthesis warns. */
  readonly inform: readonly string[];
  /** Seconds that the playback service may take for all but one request in a hundred. */
  readonly latencyP99Seconds: number;
}

/**
 * An environment of the reference stacks, complete: what differs between dev, staging and prod stands in it and nowhere else.
 */
export interface StackEnvironment extends Required<Environment> {
  /** Twelve digits: `cdk deploy` refuses every other account before it changes anything. Or `any`: that of the credentials. */
  readonly account: `${number}` | 'any';
  /** IPv4 range of the VPC, for example `10.40.0.0/16`. */
  readonly vpcCidr: string;
  /**
   * How tasks reach the image registry, logs and tables. Through `endpoints` they need no way to the internet and have none; through
   * `nat` they go out by so many gateways, one for each zone or a single one, which is cheaper and fails with its zone.
   */
  readonly egress: { readonly via: 'endpoints' } | { readonly via: 'nat'; readonly gateways: number };
  /** The playback service's task. */
  readonly task: {
    readonly image: RepositoryImage | BuiltImage;
    /** Port on which the container listens. */
    readonly port: number;
    /** Path that answers 200 when a task can serve. */
    readonly healthCheckPath: string;
    /** CPU units, 1024 for one vCPU. */
    readonly cpu: number;
    readonly memoryMiB: number;
  };
  /** The table of who plays what. */
  readonly sessionTable: {
    /**
     * Reads and writes per second that it serves from the first minute; a new table serves 12,000 and 4,000. Charged once when it is
     * raised, and can never be lowered.
     *
     * @default - what DynamoDB gives a new table
     */
    readonly warmThroughput?: { readonly readUnitsPerSecond: number; readonly writeUnitsPerSecond: number };
    /** Whether it can be restored to any second of the last 35 days. */
    readonly pointInTimeRecovery: boolean;
  };
  readonly edge: {
    /** `count` and `block` are what the rules of the web ACL do; start with `count` and read its log. */
    readonly webAcl: 'off' | 'count' | 'block';
    /** One more cache in front of the bucket and the shared page, which collapses the requests of all regions. Costs per request. */
    readonly originShield: boolean;
    /** Access logs of the distribution, as Parquet for Athena. */
    readonly accessLogs: boolean;
    /** @default - a name under cloudfront.net, which accepts TLS 1.0 */
    readonly domain?: EdgeDomain;
  };
  /** Alarms, and the dashboard that shows them: docs/alarms.md says what they cost. `off` has neither. */
  readonly alarms: 'off' | AlarmSettings;
  /** One of `LOG_RETENTION_DAYS`; for all logs, in CloudWatch and in buckets. */
  readonly logRetentionDays: (typeof LOG_RETENTION_DAYS)[number];
  /** Whether load balancer and session table refuse to be deleted. Buckets are kept in any case. */
  readonly deletionProtection: boolean;
}

/** What a layer's profile leaves out; meanings and sources are at the fields of `LayerProfile`. */
export const PROFILE_DEFAULTS = {
  utilisationNormal: 0.6,
  utilisationZoneLost: 0.85,
  planningQuantile: 0.9,
  maxStepsPerWindow: 8,
  actionBudget: 100,
  maximumPercent: 110,
  retries: { count: 3, persistence: 0.8 },
} as const satisfies Partial<LayerProfile>;

/** An environment with the defaults of what it leaves out. */
export function resolveEnvironment(environment: Environment): Required<Environment> {
  const { deployWindowSeconds = 900, demandFactor = 1, outageBudget = 0.01, quotas = {} } = environment;
  return { ...environment, deployWindowSeconds, demandFactor, outageBudget, quotas };
}
