/** Where the guard publishes: namespace of CloudWatch. */
export type GuardNamespace = 'prescale';

/** The dimensions of its metrics, in this order. */
export interface GuardDimensions {
  /** The name of the environment. */
  readonly environment: string;
  /** Region and layer, for example `us-east-1/playback`. */
  readonly target: string;
}

/** What the guard publishes each minute; docs/guard.md says what each counts. Alarms and dashboard read it. */
export type GuardMetric =
  | 'PlannedFloor'
  | 'LiveFloor'
  | 'Running'
  | 'Healthy'
  | 'ScaleInSuspended'
  | 'ScaleInHeld'
  | 'Repairs'
  | 'Problems'
  | 'HoursCovered'
  | 'GuardFailed'
  | 'Overrides'
  | 'Paused'
  | 'DrillSeconds'
  | 'DrillFailed';
