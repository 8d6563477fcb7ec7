import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Stack } from 'aws-cdk-lib/core';
import {
  AwsCustomResource,
  AwsCustomResourcePolicy,
  PhysicalResourceId,
  type AwsSdkCall,
} from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';

export interface PublishedFile {
  /** Path of the file on this machine. */
  readonly file: string;
  /** Where it lies in the bucket. */
  readonly key: string;
  readonly contentType: string;
  readonly cacheControl: string;
}

export interface PublishedFilesProps {
  readonly bucket: IBucket;
  /** By their construct id, in PascalCase. */
  readonly files: Readonly<Record<string, PublishedFile>>;
  /** How long the log of the copying function is kept. */
  readonly logRetention: RetentionDays;
}

/**
 * A few small files that must lie in a bucket before viewers come: copied from the assets at deploy, with leave to read exactly these
 * objects and to write exactly those.
 *
 * They are copied again when they change, and stay in the bucket when they are taken out here.
 */
export class PublishedFiles extends Construct {
  constructor(scope: Construct, id: string, { bucket, files, logRetention }: PublishedFilesProps) {
    super(scope, id);
    const { partition } = Stack.of(this);
    const logGroup = new LogGroup(this, 'Logs', { retention: logRetention });
    // One for all files, because all custom resources of a stack share one function, and it has one role.
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Copies a few fixed files to the bucket of the distribution',
    });
    logGroup.grantWrite(role);

    for (const [name, { file, key, contentType, cacheControl }] of Object.entries(files)) {
      const asset = new Asset(this, name, { path: file });
      const copy: AwsSdkCall = {
        service: 'S3',
        action: 'copyObject',
        parameters: {
          CopySource: `${asset.s3BucketName}/${asset.s3ObjectKey}`,
          Bucket: bucket.bucketName,
          Key: key,
          MetadataDirective: 'REPLACE',
          TaggingDirective: 'REPLACE',
          ContentType: contentType,
          CacheControl: cacheControl,
        },
        physicalResourceId: PhysicalResourceId.of(key),
        outputPaths: [],
      };
      new AwsCustomResource(this, `${name}Copy`, {
        resourceType: 'Custom::PublishedFile',
        // Again whenever the file changes, because the asset's key does. Nothing on delete: the bucket stays, too.
        onCreate: copy,
        onUpdate: copy,
        installLatestAwsSdk: false,
        role,
        logGroup,
        policy: AwsCustomResourcePolicy.fromStatements([
          new PolicyStatement({
            actions: ['s3:GetObject'],
            resources: [`arn:${partition}:s3:::${asset.s3BucketName}/${asset.s3ObjectKey}`],
          }),
          new PolicyStatement({ actions: ['s3:PutObject'], resources: [bucket.arnForObjects(key)] }),
        ]),
      });
    }
  }
}
