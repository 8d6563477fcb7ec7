/** What a plan was made from: as of when, of which calendar, by which version. */
export interface PlanOrigin {
  readonly asOf: string;
  /** `sha256:` and the digest of the calendar as it was understood. */
  readonly calendarDigest: string;
  readonly toolVersion: string;
}

/** All floors of the environments as of an instant: plain JSON, which everything else reads. Instants are ISO 8601 in UTC, whole seconds. */
export interface CapacityPlan extends PlanOrigin {
  readonly schemaVersion: 1;
  readonly environments: readonly EnvironmentPlan[];
}

export interface EnvironmentPlan {
  readonly name: string;
  readonly deployWindowSeconds: number;
  readonly horizonEnd: string;
  readonly targets: readonly TargetPlan[];
  /** Money of all targets. Unit-hours are summed only while all targets have the same unit. */
  readonly cost: { readonly currency: string; readonly amount: number; readonly baselineAmount: number } & Partial<
    Pick<TargetCost, 'unitHours' | 'baselineUnitHours'>
  >;
  readonly findings: readonly Finding[];
  /** The releases that the plan holds, by premiere: what their audience implies. */
  readonly releases: readonly PlannedRelease[];
}

/** The plan of one environment by itself, as it is deployed. */
export interface DeployPlan extends EnvironmentPlan, PlanOrigin {}

/** One layer in one region of one environment: what is scaled. */
export interface TargetPlan {
  /** Region and layer, for example `us-east-1/playback`. */
  readonly id: string;
  readonly namespace: string;
  readonly dimension: string;
  readonly unit: string;
  /** Units that the environment keeps without any release. */
  readonly baseline: number;
  /** Minimum to register with the deploy: the highest floor in `[asOf, asOf + deployWindowSeconds, rounded up to the minute)`. */
  readonly min: number;
  /** Maximum to register: the ceiling, the same in all actions. */
  readonly max: number;
  readonly leadTime: {
    readonly schedulerDelaySeconds: number;
    readonly startLatencySeconds: number;
    readonly unitsPerMinute: number;
  };
  /** Sorted, at most one per instant, all after the deploy window. */
  readonly actions: readonly ScheduledAction[];
  /** Ready units needed, before any lead time; sorted, disjoint, half-open. In the gaps `baseline` is needed. */
  readonly required: readonly RequiredInterval[];
  readonly windows: readonly CapacityWindow[];
  /** Ids of the releases that premiere beyond `coveredUntil`. */
  readonly deferred: readonly string[];
  /** The promise holds before this instant; at most `horizonEnd`. */
  readonly coveredUntil: string;
  readonly cost: TargetCost;
}

/** One scheduled scaling action. It sets minimum and maximum; nothing is restored on its own. */
export interface ScheduledAction {
  /** `floor-` and its instant in UTC, for example `floor-20251231T2355Z`. */
  readonly name: string;
  readonly at: string;
  readonly min: number;
  readonly max: number;
  /** The releases that the floor is for; for a return to the baseline, those that it ends. */
  readonly releases: readonly string[];
}

export interface RequiredInterval {
  readonly from: string;
  readonly to: string;
  readonly units: number;
  readonly releases: readonly string[];
}

/** From the first raised floor to the return to the baseline. */
export interface CapacityWindow {
  readonly releases: readonly string[];
  /** True when nothing but drills is in it. */
  readonly drill: boolean;
  readonly risingAt: string;
  /** The end of the time for which the peak is held; what follows is given back in steps. */
  readonly givingBackAt: string;
  readonly endsAt: string;
}

/** Cost of the floors over `[asOf, coveredUntil)`. */
export interface TargetCost {
  readonly currency: string;
  readonly unitHours: number;
  /** What the baseline alone would be over the same time. */
  readonly baselineUnitHours: number;
  readonly amount: number;
  readonly baselineAmount: number;
}

export interface Finding {
  /** `area/problem`, for example `quota/fargate-vcpu`. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** What to do about it. */
  readonly mend: string;
  /** Ids of the releases that it is about; empty when it is about the environment. */
  readonly releases: readonly string[];
}

/** What one release asks of an environment. */
export interface PlannedRelease {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly status: string;
  readonly premiereAt: string;
  readonly premiereZone: string;
  /** Where the audience model is used; viewers and plays are those of this environment, its demand factor applied. */
  readonly audience?: {
    readonly peakViewers: number;
    readonly sigma: number;
    /** Peak concurrent viewers at the planning quantile. */
    readonly plannedPeakViewers: number;
    readonly playsFirstHour: number;
    readonly playsFirstDay: number;
  };
  /** Targets that do not defer it. */
  readonly targets: readonly {
    readonly id: string;
    /** Ready units that the release needs by itself, the baseline's demand included. */
    readonly units: number;
    /** Highest floor while the release is warm, overlapping releases included. */
    readonly floor: number;
    /** Peak requests per second of the release alone: median, and at the planning quantile. */
    readonly requestsPerSecond?: { readonly median: number; readonly planned: number };
    /** Why this many, in words. */
    readonly reason: string;
  }[];
}
