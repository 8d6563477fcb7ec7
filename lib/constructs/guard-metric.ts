import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';
import type { GuardDimensions, GuardMetric, GuardNamespace } from '../capacity/guard-metrics';

const NAMESPACE: GuardNamespace = 'prescale';

/** What stands for a minute in which the guard ran twice, as at the end of a deploy. */
const STATISTICS: Readonly<Record<GuardMetric, string>> = {
  PlannedFloor: Stats.AVERAGE,
  LiveFloor: Stats.AVERAGE,
  Running: Stats.AVERAGE,
  Healthy: Stats.AVERAGE,
  ScaleInSuspended: Stats.MAXIMUM,
  ScaleInHeld: Stats.MAXIMUM,
  Repairs: Stats.SUM,
  Problems: Stats.MAXIMUM,
  HoursCovered: Stats.MINIMUM,
  GuardFailed: Stats.MAXIMUM,
  Overrides: Stats.MAXIMUM,
  Paused: Stats.MAXIMUM,
  DrillSeconds: Stats.MAXIMUM,
  DrillFailed: Stats.MAXIMUM,
};

/** A metric of the guard, minute by minute. */
export function guardMetric(
  { environment, target }: GuardDimensions,
  metricName: GuardMetric,
  { label, color }: { readonly label?: string; readonly color?: string } = {},
): Metric {
  return new Metric({
    namespace: NAMESPACE,
    metricName,
    dimensionsMap: { environment, target },
    statistic: STATISTICS[metricName],
    period: Duration.minutes(1),
    label,
    color,
  });
}
