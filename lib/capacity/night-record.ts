/** One value for each minute; null where nothing was published. */
export type MinuteSeries = readonly (number | null)[];

/**
 * What a live account tells of one night, minute by minute: plain JSON, so that it can be kept for longer than CloudWatch keeps minutes. Every
 * series begins at `from` and has a value for each minute before `to`.
 */
export interface NightRecord {
  readonly schemaVersion: 1;
  /** Twelve digits. */
  readonly account: string;
  /** The name of the environment. */
  readonly environment: string;
  /** The half-open span `[from, to)`, whole minutes: ISO 8601 in UTC. */
  readonly from: string;
  readonly to: string;
  readonly periodSeconds: 60;
  /** Concurrent viewers as a team's own analytics count them; CloudWatch knows none. @default not known */
  readonly viewers?: MinuteSeries;
  readonly targets: readonly RecordedTarget[];
}

/** What one target did. */
export interface RecordedTarget {
  /** Region and layer, for example `us-east-1/playback`. */
  readonly id: string;
  /** What one unit is called. */
  readonly unit: string;
  readonly series: {
    /** Requests in each minute, as the load balancer counts them: those for which it could choose a target. */
    readonly requests?: MinuteSeries;
    /** Requests in each minute that the load balancer or a unit answered with a 5xx, and rejected connections. Null counts as none where requests are known; without the series a night is not judged. */
    readonly failures?: MinuteSeries;
    /** Healthy units. */
    readonly ready?: MinuteSeries;
    readonly desired?: MinuteSeries;
    readonly running?: MinuteSeries;
    /** The live minimum, as the guard publishes it. */
    readonly floor?: MinuteSeries;
  };
  /** By time. */
  readonly activities: readonly RecordedActivity[];
}

/** One scaling activity of the target. */
export interface RecordedActivity {
  /** ISO 8601 in UTC, whole seconds. */
  readonly at: string;
  /** Why, in the words of Application Auto Scaling. */
  readonly cause: string;
  /** Desired units that it asked for; absent where it changed bounds alone. */
  readonly toUnits?: number;
}

/** Whether a minute holds anything at all. */
export function hasValues(series: MinuteSeries | undefined): series is MinuteSeries {
  return series?.some((value) => value !== null) ?? false;
}
