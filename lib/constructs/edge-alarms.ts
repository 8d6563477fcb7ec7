import { ComparisonOperator, MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { ExplainedAlarm } from './explained-alarm';
import { requireUsEast1 } from './us-east-1';

export interface EdgeAlarmsProps {
  /** How the distribution is called in the name of its alarm, unique in the account, for example `prod`. */
  readonly name: string;
  readonly distribution: IDistribution;
  /** Who is woken; a topic in us-east-1. */
  readonly wake: ITopic;
}

/** Per cent of all requests; a judgement. Most are answered by caches, so a failing service shows as a small share. */
const ERROR_PERCENT = 1;

/** Below so many requests a minute a single error would be a share: ten a second, a judgement. */
const REQUESTS_PER_MINUTE = 600;

/**
 * An alarm over what viewers get from a distribution. Must stand in a stack in us-east-1, where CloudFront publishes.
 *
 * Server errors alone: 4xx of players that probe and of links that are old come at all times and have nobody who would act on them.
 *
 * @throws Error in a stack of another region.
 */
export class EdgeAlarms extends Construct {
  readonly serverErrors: ExplainedAlarm;

  constructor(scope: Construct, id: string, { name, distribution, wake }: EdgeAlarmsProps) {
    super(scope, id);
    requireUsEast1(this);
    const metric = (metricName: string, statistic: string): Metric =>
      new Metric({
        namespace: 'AWS/CloudFront',
        metricName,
        dimensionsMap: { DistributionId: distribution.distributionId, Region: 'Global' },
        statistic,
        period: Duration.minutes(1),
      });
    this.serverErrors = new ExplainedAlarm(this, 'ServerErrors', {
      name: `prescale-${name}-edge-ServerErrors`,
      metric: new MathExpression({
        expression: `IF(requests >= ${REQUESTS_PER_MINUTE}, errors, 0)`,
        usingMetrics: { requests: metric('Requests', Stats.SUM), errors: metric('5xxErrorRate', Stats.AVERAGE) },
        label: 'errors, % of requests',
        period: Duration.minutes(1),
      }),
      comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
      threshold: ERROR_PERCENT,
      breaching: 3,
      minutes: 5,
      // Nothing is published without requests.
      missing: TreatMissingData.NOT_BREACHING,
      topic: wake,
      tellsWhenOver: true,
      means: `In 3 of 5 minutes more than ${ERROR_PERCENT} % of all requests at the edge ended with a 5xx: viewers see the error page`,
      look: "the environment's dashboard: errors at the load balancer, too, are the service's; errors here alone are of the way there or of the bucket, and the access logs say which paths",
      first: `aws cloudfront get-distribution --id ${distribution.distributionId} --query 'Distribution.[Status,LastModifiedTime]'`,
    });
  }
}
