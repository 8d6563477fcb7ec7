import type { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDelivery, CfnDeliveryDestination, CfnDeliverySource } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Names, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { requireUsEast1 } from './us-east-1';

export interface AccessLogsProps {
  readonly distribution: IDistribution;
  /** Where the logs go, under `cloudfront/`; a bucket of the same stack. Its lifecycle says how long they are kept. */
  readonly bucket: IBucket;
}

/**
 * What is logged of each request, by CloudFront's names. Left out are cookies, query strings and referrers, which carry tokens and what
 * people do elsewhere; of an address there is only the viewer's own.
 */
const FIELDS = [
  'date',
  'time',
  'x-edge-location',
  'x-edge-request-id',
  'x-edge-result-type',
  'x-edge-response-result-type',
  'x-edge-detailed-result-type',
  'c-ip',
  'c-port',
  'cs-method',
  'cs-protocol',
  'cs-protocol-version',
  'cs(Host)',
  'x-host-header',
  'cs-uri-stem',
  'cs(User-Agent)',
  'cs-bytes',
  'sc-status',
  'sc-bytes',
  'sc-content-type',
  'sc-content-len',
  'sc-range-start',
  'sc-range-end',
  'time-taken',
  'time-to-first-byte',
  'ssl-protocol',
  'ssl-cipher',
] as const;

/** Folder of the bucket. With one, CloudFront does not put `AWSLogs/ACCOUNT/CloudFront/` before the path. */
const FOLDER = 'cloudfront';

/**
 * Parts of the path of a log file: the variable that CloudFront fills in, and the column that it becomes as `column=value`.
 *
 * Lower case, because Glue knows no other column names.
 */
const PARTITIONS = [
  { variable: '{distributionid}', column: 'distributionid', type: 'string' },
  { variable: '{yyyy}', column: 'year', type: 'int', digits: 4, range: '2026,2040' },
  { variable: '{MM}', column: 'month', type: 'int', digits: 2, range: '1,12' },
  { variable: '{dd}', column: 'day', type: 'int', digits: 2, range: '1,31' },
  { variable: '{HH}', column: 'hour', type: 'int', digits: 2, range: '0,23' },
] as const;

/**
 * Access logs of a distribution as Parquet, and the table over them that Athena queries at once: its partitions are computed from the
 * query, so that nothing has to add them each hour.
 *
 * Delivered through CloudWatch Logs, whose bucket needs no ACLs; best effort and some minutes late. Must stand in a stack in us-east-1.
 *
 * @throws Error in a stack of another region.
 */
export class AccessLogs extends Construct {
  /** What to write after `FROM`: database and table. */
  readonly table: string;

  constructor(scope: Construct, id: string, { distribution, bucket }: AccessLogsProps) {
    super(scope, id);
    requireUsEast1(this);
    this.deliver(distribution, bucket);
    this.table = this.describe(distribution, bucket);
  }

  private deliver(distribution: IDistribution, bucket: IBucket): void {
    const { account, partition, region } = Stack.of(this);
    const name = Names.uniqueResourceName(this, { maxLength: 60 });
    const source = new CfnDeliverySource(this, 'Source', {
      name,
      logType: 'ACCESS_LOGS',
      resourceArn: distribution.distributionArn,
    });
    const destination = new CfnDeliveryDestination(this, 'Destination', {
      name,
      destinationResourceArn: bucket.arnForObjects(FOLDER),
      outputFormat: 'parquet',
    });
    const delivery = new CfnDelivery(this, 'Delivery', {
      deliverySourceName: source.ref,
      deliveryDestinationArn: destination.attrArn,
      recordFields: [...FIELDS],
      s3EnableHiveCompatiblePath: true,
      s3SuffixPath: PARTITIONS.map(({ variable }) => variable).join('/'),
    });
    const { policyDependable } = bucket.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('delivery.logs.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [bucket.arnForObjects(`${FOLDER}/*`)],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account, 's3:x-amz-acl': 'bucket-owner-full-control' },
          ArnLike: { 'aws:SourceArn': `arn:${partition}:logs:${region}:${account}:delivery-source:${name}` },
        },
      }),
    );
    if (policyDependable) delivery.node.addDependency(policyDependable);
  }

  private describe(distribution: IDistribution, bucket: IBucket): string {
    const { account } = Stack.of(this);
    const databaseName = Names.uniqueResourceName(this, {
      maxLength: 60,
      separator: '_',
      allowedSpecialCharacters: '_',
    }).toLowerCase();
    const database = new CfnDatabase(this, 'Database', { catalogId: account, databaseInput: { name: databaseName } });
    const location = bucket.s3UrlForObject(`${FOLDER}/`);
    const path = PARTITIONS.map(({ column }) => `${column}=\${${column}}`).join('/');
    const parquet = 'org.apache.hadoop.hive.ql.io.parquet';
    const name = 'access_logs';
    new CfnTable(this, 'Table', {
      catalogId: account,
      databaseName: database.ref,
      tableInput: {
        name,
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: PARTITIONS.map(({ column, type }) => ({ name: column, type })),
        storageDescriptor: {
          // Parquet of CloudFront holds everything as text.
          columns: FIELDS.map((field) => ({ name: columnOf(field), type: 'string' })),
          location,
          inputFormat: `${parquet}.MapredParquetInputFormat`,
          outputFormat: `${parquet}.MapredParquetOutputFormat`,
          serdeInfo: { serializationLibrary: `${parquet}.serde.ParquetHiveSerDe` },
        },
        parameters: {
          EXTERNAL: 'TRUE',
          classification: 'parquet',
          'projection.enabled': 'true',
          'storage.location.template': `${location}${path}/`,
          ...projectionOf(distribution.distributionId),
        },
      },
    });
    return `${databaseName}.${name}`;
  }
}

/** Which values the columns of the path can have. */
function projectionOf(distributionId: string): Record<string, string> {
  const properties = PARTITIONS.flatMap((part): (readonly [string, string])[] =>
    'range' in part
      ? [
          [`${part.column}.type`, 'integer'],
          [`${part.column}.range`, part.range],
          [`${part.column}.digits`, String(part.digits)],
        ]
      : [
          [`${part.column}.type`, 'enum'],
          [`${part.column}.values`, distributionId],
        ],
  );
  return Object.fromEntries(properties.map(([key, value]) => [`projection.${key}`, value]));
}

/** How CloudFront calls a field in Parquet, in the lower case that Athena uses: `cs_user_agent` for `cs(User-Agent)`. */
function columnOf(field: string): string {
  return field.replace(/\W+/g, '_').replace(/_$/, '').toLowerCase();
}
