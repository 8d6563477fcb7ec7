import { Alarm, type ComparisonOperator, type IMetric, type TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

/** What somebody reads who was woken at three: whole sentences, without a full stop at the end. */
export interface AlarmText {
  /** What has happened, and what it means for viewers. */
  readonly means: string;
  /** Where to look for the cause. */
  readonly look: string;
  /** The first command to type. */
  readonly first: string;
}

export interface ExplainedAlarmProps extends AlarmText {
  /** Unique in account and region. */
  readonly name: string;
  /** With a period of a minute. */
  readonly metric: IMetric;
  readonly comparison: ComparisonOperator;
  readonly threshold: number;
  /** It fires when so many of the last `minutes` breach. @default - all of them */
  readonly breaching?: number;
  /** Minutes that are looked at. */
  readonly minutes: number;
  readonly missing: TreatMissingData;
  /** Percentiles of few samples are noise and do not change the state. @default false */
  readonly ignoresLowSamples?: boolean;
  /** Who is told. */
  readonly topic: ITopic;
  /** Whether they are also told when it is over, as somebody is who was woken. */
  readonly tellsWhenOver: boolean;
}

/** An alarm that says what it means, where to look and what to type. */
export class ExplainedAlarm extends Alarm {
  constructor(scope: Construct, id: string, props: ExplainedAlarmProps) {
    const { means, look, first, minutes } = props;
    super(scope, id, {
      alarmName: props.name,
      alarmDescription: `${means}. Look: ${look}. First: ${first}`,
      metric: props.metric,
      comparisonOperator: props.comparison,
      threshold: props.threshold,
      evaluationPeriods: minutes,
      datapointsToAlarm: props.breaching ?? minutes,
      treatMissingData: props.missing,
      ...(props.ignoresLowSamples && { evaluateLowSampleCountPercentile: 'ignore' }),
    });
    const action = new SnsAction(props.topic);
    this.addAlarmAction(action);
    if (props.tellsWhenOver) this.addOkAction(action);
  }
}
