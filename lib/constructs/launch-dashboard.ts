import {
  AlarmStatusWidget,
  AlarmStatusWidgetSortBy,
  Color,
  Dashboard,
  GraphWidget,
  type GraphWidgetProps,
  type IAlarm,
  type IWidget,
  type Metric,
  PeriodOverride,
  SearchExpression,
  Stats,
  type VerticalAnnotation,
} from 'aws-cdk-lib/aws-cloudwatch';
import { HttpCodeElb, HttpCodeTarget, type IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { DeployPlan, TargetPlan } from '../capacity/capacity-plan';
import type { GuardMetric } from '../capacity/guard-metrics';
import { guardMetric } from './guard-metric';

export interface LaunchDashboardProps {
  /** The environment's plan: each of its targets has a row, and its premieres are lines in the graphs. */
  readonly plan: DeployPlan;
  /** Whose state stands at the top, red first. */
  readonly alarms: readonly IAlarm[];
  /** What answers the requests of viewers. @default - no graphs of requests */
  readonly loadBalancer?: IApplicationLoadBalancer;
}

const MINUTE = { period: Duration.minutes(1) };

/** Columns of a dashboard. */
const FULL_WIDTH = 24;

/** In all graphs what should be is grey. */
const PLANNED = Color.GREY;

/**
 * One page for the night of a premiere: floors against what runs, requests, errors, and the state of the alarms, minute by minute.
 *
 * Called `prescale-ENVIRONMENT`; the names of dashboards are the account's, whatever the region. What CloudFront serves stands in it for all
 * distributions of the account, found by a search, so that its stack needs to know of none.
 */
export class LaunchDashboard extends Dashboard {
  constructor(scope: Construct, id: string, { plan, alarms, loadBalancer }: LaunchDashboardProps) {
    super(scope, id, {
      dashboardName: `prescale-${plan.name}`,
      defaultInterval: Duration.hours(3),
      // A minute stays a minute when somebody looks at a whole day.
      periodOverride: PeriodOverride.INHERIT,
      widgets: [
        [
          new AlarmStatusWidget({
            title: 'Alarms',
            alarms: [...alarms],
            sortBy: AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
            width: FULL_WIDTH,
            height: 4,
          }),
        ],
        ...plan.targets.map((target) => targetRow(plan, target)),
        ...(loadBalancer ? [serviceRow(loadBalancer)] : []),
        edgeRow(),
      ],
    });
  }
}

function targetRow(plan: DeployPlan, target: TargetPlan): IWidget[] {
  const metric = (name: GuardMetric, label: string, color?: string): Metric =>
    guardMetric({ environment: plan.name, target: target.id }, name, { label, color });
  const verticalAnnotations = annotations(plan, target);
  return [
    graph({
      title: `${target.id}: ${target.unit}s against the plan`,
      width: 12,
      left: [
        metric('PlannedFloor', 'planned floor', PLANNED),
        metric('LiveFloor', 'live floor', Color.BLUE),
        metric('Running', 'running', Color.ORANGE),
        metric('Healthy', 'healthy', Color.GREEN),
      ],
      verticalAnnotations,
    }),
    graph({
      title: `${target.id}: scale-in, 1 while suspended`,
      width: 6,
      left: [
        metric('ScaleInHeld', 'as the plan holds it', PLANNED),
        metric('ScaleInSuspended', 'suspended', Color.BLUE),
      ],
      verticalAnnotations,
    }),
    graph({
      title: `${target.id}: guard, overrides, drills`,
      width: 6,
      left: [
        metric('Repairs', 'repairs', Color.BLUE),
        metric('Problems', 'problems', Color.ORANGE),
        metric('GuardFailed', 'failed', Color.RED),
        metric('Overrides', 'overrides', Color.PURPLE),
        metric('DrillFailed', 'drill failed', Color.BROWN),
      ],
      right: [metric('DrillSeconds', 'seconds until a drill was healthy', Color.GREEN)],
      rightYAxis: { min: 0, showUnits: false },
    }),
  ];
}

function serviceRow({ metrics }: IApplicationLoadBalancer): IWidget[] {
  return [
    graph({
      title: 'Requests a minute at the load balancer',
      width: 8,
      left: [metrics.requestCount({ ...MINUTE, label: 'requests' })],
    }),
    graph({
      title: 'Seconds until the answer',
      width: 8,
      left: [50, 99].map((percentile) =>
        metrics.targetResponseTime({
          ...MINUTE,
          statistic: Stats.percentile(percentile),
          label: `p${percentile}`,
        }),
      ),
    }),
    graph({
      title: '5xx a minute at the load balancer',
      width: 8,
      left: [
        metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, { ...MINUTE, label: 'turned away', color: Color.RED }),
        metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, { ...MINUTE, label: 'of tasks', color: Color.ORANGE }),
      ],
    }),
  ];
}

/** CloudFront publishes in us-east-1, whatever the region of the environment. */
function edgeRow(): IWidget[] {
  const region = 'us-east-1';
  const search = (metricName: string, statistic: string): SearchExpression =>
    new SearchExpression({
      ...MINUTE,
      expression: `SEARCH('{AWS/CloudFront,DistributionId,Region} MetricName="${metricName}" Region="Global"', '${statistic}', 60)`,
      searchRegion: region,
    });
  return [
    graph({
      title: 'CloudFront, each distribution of the account: requests a minute',
      width: 12,
      region,
      left: [search('Requests', 'Sum')],
    }),
    graph({
      title: 'CloudFront, each distribution of the account: 5xx, % of requests',
      width: 12,
      region,
      left: [search('5xxErrorRate', 'Average')],
    }),
  ];
}

function graph(props: GraphWidgetProps): GraphWidget {
  return new GraphWidget({ ...MINUTE, height: 7, leftYAxis: { min: 0, showUnits: false }, ...props });
}

/** A line at each premiere whose units the target has, and where a drill begins. CloudWatch shows those within its time range. */
function annotations({ releases }: DeployPlan, target: TargetPlan): VerticalAnnotation[] {
  const titles = new Map(releases.map(({ id, title }) => [id, title]));
  return [
    ...releases
      .filter(({ targets }) => targets.some(({ id }) => id === target.id))
      .map(({ premiereAt, title }) => ({ date: premiereAt, label: title, color: Color.PURPLE })),
    ...target.windows
      .filter(({ drill }) => drill)
      .map(({ risingAt, releases }) => ({
        date: risingAt,
        label: `drill: ${releases.map((id) => titles.get(id) ?? id).join(', ')}`,
        color: Color.BROWN,
      })),
  ];
}
