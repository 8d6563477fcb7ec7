import { ComparisonOperator, MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IBaseService } from 'aws-cdk-lib/aws-ecs';
import { HttpCodeElb, HttpCodeTarget, type IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ArnFormat, Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { AlarmTopics } from './alarm-topic';
import { type AlarmText, ExplainedAlarm } from './explained-alarm';

export interface ServiceAlarmsProps {
  /** How the service is called in the names of its alarms, unique in account and region, for example `prod-playback`. */
  readonly name: string;
  /** In the account and region of this stack. */
  readonly service: IBaseService;
  /** All of whose requests are the service's. */
  readonly loadBalancer: IApplicationLoadBalancer;
  /** Seconds from the load balancer to the answer that all but one request in a hundred may take. */
  readonly latencyP99Seconds: number;
  /** How long the events are kept that stood in the way of tasks. @default RetentionDays.THREE_MONTHS */
  readonly logRetention?: RetentionDays;
  readonly topics: AlarmTopics;
}

/** Per cent of all requests; a judgement. A healthy service answers none with an error of its own. */
const ERROR_PERCENT = 1;

/** Below so many requests a minute a single error would be a share: ten a second, a judgement. */
const REQUESTS_PER_MINUTE = 600;

const MINUTE = { period: Duration.minutes(1) };

/** What is counted of what a load balancer answers. It does not count as a request what it turned away for want of a target, and
 * publishes counts of errors while there are some. */
const ALL_REQUESTS = '(FILL(requests, 0) + FILL(turnedAway, 0))';

/**
 * Alarms over a service on ECS behind a load balancer: errors, latency, and what keeps its tasks from starting. docs/alarms.md has them in a
 * table. Events that keep tasks from starting are kept in a log group, so that next morning can be read what was in the way.
 */
export class ServiceAlarms extends Construct {
  /** All of them: for a dashboard. */
  readonly alarms: readonly ExplainedAlarm[];
  /** Placement failures, throttling and the ceiling of the service, as EventBridge delivered them. */
  readonly eventLog: LogGroup;
  private readonly rules: Rule[] = [];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ServiceAlarmsProps,
  ) {
    super(scope, id);
    const { service, loadBalancer, latencyP99Seconds, logRetention = RetentionDays.THREE_MONTHS } = props;
    const { region } = Stack.of(this);
    const { clusterName } = service.cluster;
    const { serviceName } = service;
    this.eventLog = new LogGroup(this, 'Events', {
      // EventBridge delivers to no other beginning.
      logGroupName: `/aws/events/${Names.uniqueResourceName(this, { maxLength: 100, separator: '-' })}`,
      retention: logRetention,
      // Kept, its name would stand in the way when the alarms are turned on again.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const describeService = `aws ecs describe-services --cluster ${clusterName} --services ${serviceName} --query 'services[0].events[:10]' --region ${region}`;
    const events = `aws logs tail ${this.eventLog.logGroupName} --since 1h --region ${region}`;

    this.alarms = [
      this.alarm('ServerErrors', {
        tells: 'wake',
        metric: new MathExpression({
          ...MINUTE,
          expression: `IF(${ALL_REQUESTS} >= ${REQUESTS_PER_MINUTE}, 100 * (FILL(turnedAway, 0) + FILL(failed, 0)) / ${ALL_REQUESTS}, 0)`,
          usingMetrics: {
            requests: loadBalancer.metrics.requestCount(MINUTE),
            turnedAway: loadBalancer.metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, MINUTE),
            failed: loadBalancer.metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, MINUTE),
          },
          label: 'errors, % of requests',
        }),
        threshold: ERROR_PERCENT,
        breaching: 3,
        minutes: 5,
        means: `In 3 of 5 minutes more than ${ERROR_PERCENT} % of all requests ended with a 5xx of the load balancer or the service: viewers see errors`,
        look: 'the dashboard: with too few healthy tasks the load balancer turns requests away; with enough, read the log of the tasks and what they depend on',
        first: describeService,
      }),
      this.alarm('LatencyP99', {
        tells: 'wake',
        metric: loadBalancer.metrics.targetResponseTime({ ...MINUTE, statistic: Stats.percentile(99) }),
        threshold: latencyP99Seconds,
        breaching: 3,
        minutes: 5,
        ignoresLowSamples: true,
        means: `In 3 of 5 minutes one request in a hundred took longer than ${latencyP99Seconds} s: the fleet is near its limit, or something behind it is`,
        look: 'requests and healthy tasks on the dashboard; if they are as ever, the session table and what else the tasks wait for',
        first: describeService,
      }),
      this.eventAlarm('ScaledToMax', {
        tells: 'wake',
        pattern: {
          source: ['aws.application-autoscaling'],
          detailType: ['Application Auto Scaling Scaling Activity State Change'],
          detail: {
            scaledToMax: [true],
            resourceId: [`service/${clusterName}/${serviceName}`],
            scalableDimension: ['ecs:service:DesiredCount'],
          },
        },
        means:
          'The service was scaled out to its maximum: if demand grows on, nothing follows it, and viewers are turned away',
        look: 'whether demand still grows; if so raise the maximum of the layer, within the quotas, and deploy',
        first: `aws application-autoscaling describe-scaling-activities --service-namespace ecs --resource-id service/${clusterName}/${serviceName} --max-items 5 --region ${region}`,
      }),
      this.eventAlarm('PlacementFailed', {
        tells: 'inform',
        pattern: this.serviceAction('SERVICE_TASK_PLACEMENT_FAILURE'),
        means:
          'A task could not be placed. ECS goes on trying, and HealthyBelowFloor wakes somebody if that takes too long',
        look: 'the reason in the event: quota of vCPU, addresses of the subnets, capacity of Fargate in a zone',
        first: events,
      }),
      this.eventAlarm('Throttled', {
        tells: 'inform',
        pattern: this.serviceAction('ECS_OPERATION_THROTTLED'),
        means:
          'ECS was throttled while it started or registered tasks. It goes on trying, and HealthyBelowFloor wakes somebody if that takes too long',
        look: 'whether other services of the account start at the same time',
        first: events,
      }),
    ];
    this.letEventsIn();
  }

  private alarm(
    name: string,
    alarm: AlarmText & {
      readonly tells: keyof AlarmTopics;
      readonly metric: Metric | MathExpression;
      readonly threshold: number;
      readonly breaching: number;
      readonly minutes: number;
      readonly ignoresLowSamples?: boolean;
    },
  ): ExplainedAlarm {
    const { name: service, topics } = this.props;
    return new ExplainedAlarm(this, name, {
      ...alarm,
      name: `prescale-${service}-${name}`,
      comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
      // Without requests, errors or events there is nothing to publish.
      missing: TreatMissingData.NOT_BREACHING,
      topic: topics[alarm.tells],
      tellsWhenOver: alarm.tells === 'wake',
    });
  }

  /** An alarm for each minute with an event, which is kept in the log. */
  private eventAlarm(
    name: string,
    { pattern, ...alarm }: AlarmText & { readonly tells: keyof AlarmTopics; readonly pattern: EventPattern },
  ): ExplainedAlarm {
    const rule = new Rule(this, `${name}Rule`, {
      description: `prescale: keeps the events behind the alarm ${name}`,
      eventPattern: pattern,
      targets: [
        {
          // Not the group's own ARN: that ends with `:*`, which EventBridge accepts and cannot deliver to. And not the CDK's target for
          // logs, which brings a function to write the policy below.
          bind: () => ({
            arn: Stack.of(this).formatArn({
              service: 'logs',
              resource: 'log-group',
              resourceName: this.eventLog.logGroupName,
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          }),
        },
      ],
    });
    this.rules.push(rule);
    return this.alarm(name, {
      ...alarm,
      metric: new Metric({
        ...MINUTE,
        namespace: 'AWS/Events',
        // Counted when an event matches, whether it could be delivered or not.
        metricName: 'TriggeredRules',
        dimensionsMap: { RuleName: rule.ruleName },
        statistic: Stats.SUM,
      }),
      threshold: 0,
      breaching: 1,
      minutes: 1,
    });
  }

  private serviceAction(eventName: string): EventPattern {
    return {
      source: ['aws.ecs'],
      detailType: ['ECS Service Action'],
      resources: [this.props.service.serviceArn],
      detail: { eventName: [eventName] },
    };
  }

  /** EventBridge delivers without a role. */
  private letEventsIn(): void {
    const principals = ['events', 'delivery.logs'].map((service) => new ServicePrincipal(`${service}.amazonaws.com`));
    const resources = [this.eventLog.logGroupArn];
    this.eventLog.addToResourcePolicy(
      new PolicyStatement({ principals, actions: ['logs:CreateLogStream'], resources }),
    );
    this.eventLog.addToResourcePolicy(
      new PolicyStatement({
        principals,
        actions: ['logs:PutLogEvents'],
        resources,
        conditions: { ArnEquals: { 'aws:SourceArn': this.rules.map(({ ruleArn }) => ruleArn) } },
      }),
    );
  }
}
