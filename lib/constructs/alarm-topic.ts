import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, UrlSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { ArnFormat, Stack, Validations } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

/** Who is told of an alarm. The same topic twice tells all of everything. */
export interface AlarmTopics {
  /** For what cannot wait until the morning: viewers are turned away, or will be at the next premiere. */
  readonly wake: ITopic;
  /** For causes, money, and what mended itself. */
  readonly inform: ITopic;
}

export interface AlarmTopicProps {
  /** From whom the mails are, for example `prescale prod`; at most 100 characters. */
  readonly displayName: string;
  /** E-mail addresses, which each confirm once, and https URLs, for example of a paging service. None: a warning at synthesis. */
  readonly subscribers: readonly string[];
}

/**
 * Where the alarms of one region and account go. Messages come over TLS alone, and from CloudWatch alone.
 *
 * Not encrypted with a key of KMS: alarms cannot use the one that AWS manages, and fail to with no other sign than a line in their history;
 * one of your own costs 1 USD a month and makes the same trap of its policy. SNS stores on encrypted disks in any case, and what an alarm says
 * is a name and figures, which mail carries in the clear.
 *
 * @throws Error for a subscriber that is neither an e-mail address nor an https URL.
 */
export class AlarmTopic extends Topic {
  constructor(scope: Construct, id: string, { displayName, subscribers }: AlarmTopicProps) {
    super(scope, id, { displayName, enforceSSL: true });
    const { account } = Stack.of(this);
    // A policy takes the place of the default one, which would have let alarms publish.
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: {
            'aws:SourceArn': Stack.of(this).formatArn({
              service: 'cloudwatch',
              resource: 'alarm',
              resourceName: '*',
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          },
        },
      }),
    );
    for (const subscriber of subscribers) {
      if (subscriber.startsWith('https://')) this.addSubscription(new UrlSubscription(subscriber));
      else if (/^[^\s@:/]+@[^\s@:/]+$/.test(subscriber)) this.addSubscription(new EmailSubscription(subscriber));
      else {
        throw new Error(
          `AlarmTopic "${this.node.path}": a subscriber must be an e-mail address or an https URL, got ${JSON.stringify(subscriber)}; ` +
            `mend: oncall@example.com`,
        );
      }
    }
    if (subscribers.length === 0) {
      Validations.of(this).addWarning(
        'prescale:alarms',
        `the topic "${this.node.path}" has no subscriber, so its alarms reach nobody; mend: name e-mail addresses or https URLs`,
      );
    }
  }
}
