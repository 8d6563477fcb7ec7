import { ComparisonOperator, type IMetric, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { TargetPlan } from '../capacity/capacity-plan';
import type { GuardDimensions, GuardMetric } from '../capacity/guard-metrics';
import type { AlarmTopics } from './alarm-topic';
import { type AlarmText, ExplainedAlarm } from './explained-alarm';
import { guardMetric } from './guard-metric';
import type { ReleaseFloors } from './release-floors';

export interface FloorAlarmsProps {
  /** Whose guard publishes. */
  readonly floors: ReleaseFloors;
  readonly topics: AlarmTopics;
}

/** Minutes beyond the lead time before too few units are an alarm: the guard's minute, the metric's, and a slow health check. */
const SLACK_MINUTES = 3;

/** So long before a plan ends somebody is told. */
const DAYS_AHEAD = 7;

/** CloudWatch looks back a day at most. */
const LONGEST_MINUTES = 24 * 60;

/**
 * Alarms over what the guard of one target publishes: docs/alarms.md has them in a table.
 *
 * Healthy targets are counted where `ReleaseFloors` was given a target group, else the running tasks of an ECS service. Of other resources
 * nobody counts units: then there is no `HealthyBelowFloor`.
 */
export class FloorAlarms extends Construct {
  /** All of them: for a dashboard. */
  readonly alarms: readonly ExplainedAlarm[];
  private readonly dimensions: GuardDimensions;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: FloorAlarmsProps,
  ) {
    super(scope, id);
    const { plan: target, environment, scalableTarget, targetGroup, guardLog } = props.floors;
    const { resourceId } = scalableTarget;
    this.dimensions = { environment, target: target.id };
    const { region } = Stack.of(this);
    const log = `aws logs tail ${guardLog.logGroupName} --since 1h --region ${region}`;
    const deploy = `npx cdk deploy '${Stack.of(this).node.path}' --exclusively`;
    const ofTarget = `--service-namespace ${target.namespace} --region ${region}`;
    const units = `${target.unit}s`;
    const counted = targetGroup ? 'Healthy' : target.namespace === 'ecs' ? 'Running' : undefined;
    const lag = lagMinutes(target);

    this.alarms = [
      ...(counted
        ? [
            this.alarm('HealthyBelowFloor', {
              tells: 'wake',
              metric: this.math('planned - counted', { planned: 'PlannedFloor', counted }, `${units} missing`),
              minutes: lag,
              // Unknown is not too few: the guard could not count, and GuardFailed says so.
              missing: TreatMissingData.MISSING,
              means:
                `For ${lag} minutes, longer than they take to start, fewer ${units} have been ${counted.toLowerCase()} than the plan's floor: ` +
                'a premiere would meet too few',
              look: `why ${units} do not start or do not get healthy: ${target.namespace === 'ecs' ? 'events and stopped tasks of the service, quota of vCPU' : 'events of what is scaled, its quotas'}`,
              first: `aws application-autoscaling describe-scaling-activities ${ofTarget} --resource-id ${resourceId} --max-items 5`,
            }),
          ]
        : []),
      this.alarm('LiveBelowFloor', {
        tells: 'wake',
        metric: this.math('planned - live', { planned: 'PlannedFloor', live: 'LiveFloor' }, `${units} below the plan`),
        // The guard mends it within one.
        minutes: 3,
        missing: TreatMissingData.MISSING,
        means:
          "For 3 minutes the registered minimum has been below the plan's floor, and the guard could not raise it: nothing holds the fleet",
        look: "the guard's log; if it may not register, register the planned floor by hand",
        first: log,
      }),
      this.alarm('LiveAbovePlan', {
        tells: 'inform',
        metric: this.math('live - planned', { planned: 'PlannedFloor', live: 'LiveFloor' }, `${units} above the plan`),
        // A lowering that was lost is made up for within five.
        minutes: 15,
        // There may be no live minimum, and GuardFailed tells of one that could not be read.
        missing: TreatMissingData.NOT_BREACHING,
        means:
          "For 15 minutes the registered minimum has been above the plan's floor, so somebody raised it: that costs money and no viewers",
        look: 'who raised it and whether they still need it; the next action of the plan overwrites it',
        first: `aws application-autoscaling describe-scalable-targets ${ofTarget} --resource-ids ${resourceId}`,
      }),
      this.alarm('SuspendedTooLong', {
        tells: 'inform',
        metric: this.math(
          'suspended - held',
          { suspended: 'ScaleInSuspended', held: 'ScaleInHeld' },
          'suspended without a window',
        ),
        // Longer than a deploy, which suspends it, too.
        minutes: 30,
        missing: TreatMissingData.NOT_BREACHING,
        means:
          'For 30 minutes scale-in has been suspended although no window of the plan holds it, so no capacity is given back: that costs money and no viewers',
        look: "a deploy that is stuck: the guard resumes scale-in when the target's stack has settled",
        first: `aws cloudformation describe-stacks --stack-name ${Stack.of(this).stackName} --query 'Stacks[0].StackStatus' --region ${region}`,
      }),
      this.alarm('GuardFailed', {
        tells: 'wake',
        metric: this.metric('GuardFailed'),
        threshold: 1,
        breaching: 2,
        minutes: 3,
        // A guard that is silent does not guard.
        missing: TreatMissingData.BREACHING,
        means:
          'Twice in 3 minutes the guard has failed or was silent: floors are raised by scheduled actions alone, and what is lost is not mended',
        look: "the guard's log: expired credentials, a missing permission, throttling, a plan that is not for this account",
        first: log,
      }),
      this.alarm('GuardRepaired', {
        tells: 'inform',
        metric: this.metric('Repairs'),
        threshold: 1,
        minutes: 1,
        // No run is no repair; GuardFailed tells of silence.
        missing: TreatMissingData.NOT_BREACHING,
        means: 'The guard has mended something that was not as planned: a minimum or maximum, an action, a suspension',
        look: "what it was in the guard's log, and who changed it; after guard/target-missing the scaling policies are gone, and a deploy without --revert-drift does not bring them back",
        first: log,
      }),
      this.alarm('PlanEnding', {
        tells: 'inform',
        metric: this.metric('HoursCovered'),
        atMost: 24 * DAYS_AHEAD,
        minutes: 3,
        // Silence is no end; GuardFailed tells of it.
        missing: TreatMissingData.NOT_BREACHING,
        means: `The deployed plan promises nothing any more in ${DAYS_AHEAD} days: premieres after that have no floor until a new plan is deployed`,
        look: 'whether the daily deploy runs, and why the plan defers what comes later',
        first: deploy,
      }),
      this.alarm('PlanExpired', {
        tells: 'wake',
        metric: this.metric('HoursCovered'),
        atMost: 0,
        minutes: 3,
        missing: TreatMissingData.NOT_BREACHING,
        means:
          'The deployed plan promises nothing any more and holds its last floor: premieres from now on have no floor until a new plan is deployed',
        look: 'the next premiere in the release calendar',
        first: deploy,
      }),
      this.alarm('DrillFailed', {
        tells: 'wake',
        metric: this.metric('DrillFailed'),
        threshold: 1,
        minutes: 1,
        // Published when a drill ends.
        missing: TreatMissingData.NOT_BREACHING,
        means: `In a drill not all ${units} became healthy: the premiere that it was for would meet too few`,
        look: 'what was in the way, in the record of the drill, which verify shows; and the events of the service',
        first: `npx prescale verify --env ${environment}`,
      }),
      this.alarm('GuardPaused', {
        tells: 'inform',
        metric: this.metric('Paused'),
        threshold: 1,
        minutes: 1,
        missing: TreatMissingData.NOT_BREACHING,
        means: 'Somebody has paused the guard: what is lost or changed is not mended until the pause ends by itself',
        look: 'who and why, until when',
        first: `npx prescale overrides --env ${environment}`,
      }),
      this.alarm('OverrideActive', {
        tells: 'inform',
        metric: this.metric('Overrides'),
        threshold: 1,
        minutes: 1,
        missing: TreatMissingData.NOT_BREACHING,
        means: 'Somebody has changed the floor for the night. It ends by itself',
        look: 'who and why, until when',
        first: `npx prescale overrides --env ${environment}`,
      }),
      this.alarm('GuardProblems', {
        tells: 'inform',
        // What has an alarm of its own is no second one.
        metric: this.math(
          'problems - IF(covered <= 0, 1, 0) - IF(live > planned, 1, 0)',
          { problems: 'Problems', covered: 'HoursCovered', live: 'LiveFloor', planned: 'PlannedFloor' },
          'other problems',
        ),
        minutes: 15,
        missing: TreatMissingData.NOT_BREACHING,
        means:
          "For 15 minutes the guard has reported something that it leaves alone: scheduled actions of others, which overwrite floors, or a maximum that is not the plan's",
        look: "the problems in the guard's log, each with its mend",
        first: log,
      }),
    ];
  }

  private alarm(
    name: string,
    alarm: AlarmText & {
      readonly tells: keyof AlarmTopics;
      readonly metric: IMetric;
      /** It fires from here on. @default - above 0 */
      readonly threshold?: number;
      /** It fires from here on downwards. */
      readonly atMost?: number;
      readonly breaching?: number;
      readonly minutes: number;
      readonly missing: TreatMissingData;
    },
  ): ExplainedAlarm {
    const { environment, target } = this.dimensions;
    return new ExplainedAlarm(this, name, {
      threshold: alarm.atMost ?? 0,
      comparison:
        alarm.atMost !== undefined
          ? ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD
          : alarm.threshold === undefined
            ? ComparisonOperator.GREATER_THAN_THRESHOLD
            : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      ...alarm,
      name: `prescale-${environment}-${target.replaceAll('/', '-')}-${name}`,
      topic: this.props.topics[alarm.tells],
      tellsWhenOver: alarm.tells === 'wake',
    });
  }

  private metric(name: GuardMetric): IMetric {
    return guardMetric(this.dimensions, name);
  }

  private math(expression: string, metrics: Readonly<Record<string, GuardMetric>>, label: string): MathExpression {
    return new MathExpression({
      expression,
      usingMetrics: Object.fromEntries(Object.entries(metrics).map(([id, name]) => [id, this.metric(name)])),
      label,
      period: Duration.minutes(1),
    });
  }
}

/**
 * Minutes for which units may be fewer than the planned floor while all goes as the plan reckons, and the slack. Units of a rise are launched
 * one after the other, after those of the rise before; while rises follow each other within their lead time they are one stretch.
 */
function lagMinutes({ baseline, min, actions, leadTime }: TargetPlan): number {
  const { schedulerDelaySeconds, startLatencySeconds, unitsPerMinute } = leadTime;
  const launchSeconds = (units: number): number => (60 * units) / unitsPerMinute;
  // A deploy in a window raises at once; and what is lost in between is launched again.
  let longest = schedulerDelaySeconds + launchSeconds(Math.max(0, min - baseline)) + startLatencySeconds;
  let floor = min;
  let behindAt = 0;
  let launchedAt = Number.NEGATIVE_INFINITY;
  for (const action of actions) {
    const at = Date.parse(action.at) / 1000;
    if (action.min > floor) {
      if (at > launchedAt + startLatencySeconds) behindAt = at;
      launchedAt = Math.max(launchedAt, at + schedulerDelaySeconds) + launchSeconds(action.min - floor);
      longest = Math.max(longest, launchedAt + startLatencySeconds - behindAt);
    }
    floor = action.min;
  }
  // Of instants in seconds a fraction is lost, and a whole minute must not become two.
  return Math.min(Math.ceil(Math.round(longest) / 60) + SLACK_MINUTES, LONGEST_MINUTES);
}
