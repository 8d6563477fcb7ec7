import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

export interface SessionTableProps {
  /**
   * Reads and writes per second that it serves from the first minute. DynamoDB charges once when it is raised, and never lowers it.
   *
   * @default - what a new on-demand table serves: 12,000 reads and 4,000 writes
   */
  readonly warmThroughput?: { readonly readUnitsPerSecond: number; readonly writeUnitsPerSecond: number };
  /** Whether it can be restored to any second of the last 35 days. @default true */
  readonly pointInTimeRecovery?: boolean;
  /** Whether it refuses to be deleted and is kept when its stack goes. @default true */
  readonly deletionProtection?: boolean;
}

/**
 * Who plays what: one item for each session, by `session`, gone by itself after `expiresAt` (seconds since 1970).
 *
 * On demand, because it is idle between releases. At a premiere on-demand alone is too slow: a table doubles within half an hour, the
 * plays of a premiere come within a minute. So it is warmed once, for good. Session ids are random, which spreads them over all partitions.
 */
export class SessionTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, props: SessionTableProps = {}) {
    super(scope, id);
    const { warmThroughput, pointInTimeRecovery = true, deletionProtection = true } = props;
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'session', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      warmThroughput,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
      deletionProtection,
      removalPolicy: deletionProtection ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  /** Lets a service open and close sessions, and do nothing else: no scan, no read of other viewers' sessions. */
  grantSessions(service: IGrantable): Grant {
    return this.table.grant(service, 'dynamodb:PutItem', 'dynamodb:DeleteItem');
  }
}
