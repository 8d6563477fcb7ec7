import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Duration } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

export interface LogBucketProps {
  /** How long a log file is kept. @default 90 days */
  readonly retention?: Duration;
}

/**
 * A private bucket for access and flow logs, emptied by age.
 *
 * Kept when its stack goes, so that the logs of an incident outlive what caused it. Encrypted with S3's own keys: load balancers cannot
 * deliver to a bucket with a customer's key.
 */
export class LogBucket extends Bucket {
  constructor(scope: Construct, id: string, { retention = Duration.days(90) }: LogBucketProps = {}) {
    super(scope, id, {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ expiration: retention, abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    });
  }
}
