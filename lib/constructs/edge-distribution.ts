import { join } from 'node:path';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
  VpcOrigin,
  VpcOriginEndpoint,
  type BehaviorOptions,
  type CfnVpcOrigin,
  type ErrorResponse,
} from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin, VpcOrigin as VpcOriginOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDelivery, CfnDeliveryDestination, CfnDeliverySource, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Duration, Names, Stack, Validations } from 'aws-cdk-lib/core';
import {
  AwsCustomResource,
  AwsCustomResourcePolicy,
  PhysicalResourceId,
  type AwsSdkCall,
} from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';

/** Folder of the bucket, and path of the distribution, that holds the error page. */
const ERROR_PAGE_FOLDER = 'error-page';
const ERROR_PAGE_FILE = '5xx.html';

/** Statuses that mean the service is down or overloaded, with those that CloudFront answers itself. */
const SERVER_ERRORS = [500, 502, 503, 504];

export interface EdgeDistributionProps {
  /** The internal load balancer of the playback service, in any region. Its name, scheme and listener must not change while it is in use here. */
  readonly playback: IApplicationLoadBalancer;
  /** Port of its listener. @default 80 */
  readonly playbackPort?: number;
  /** Paths that the playback service answers; everything else comes from the bucket. @default ['/api/*'] */
  readonly playbackPaths?: readonly string[];
  /** Where access logs go, under `cloudfront/`; a bucket of the same stack. */
  readonly logBucket: IBucket;
  /** Names of your own, with a certificate for them in us-east-1. @default - a name under cloudfront.net, which accepts TLS 1.0 */
  readonly domain?: { readonly names: readonly string[]; readonly certificate: ICertificate };
  /** ARN of a web ACL with scope CLOUDFRONT. @default - none */
  readonly webAclArn?: string;
}

/**
 * What viewers reach: a distribution in front of a private bucket and of the playback service in its private network.
 *
 * When the service fails, viewers get a plain page that depends on nothing, with the status kept and cached for 10 s, so that an error
 * does not outlive its cause. Must stand in a stack in us-east-1.
 *
 * @throws Error in a stack of another region.
 */
export class EdgeDistribution extends Construct {
  readonly distribution: Distribution;
  /** Static content; the error page lies under `error-page/`. */
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, props: EdgeDistributionProps) {
    super(scope, id);
    const { region } = Stack.of(this);
    if (region !== 'us-east-1') {
      throw new Error(
        `EdgeDistribution "${this.node.path}" must stand in a stack in us-east-1, where CloudFront's logs and web ACLs live, ` +
          `got ${JSON.stringify(region)}; mend: give it a stack of its own`,
      );
    }
    const { playbackPaths = ['/api/*'], domain, logBucket } = props;

    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      serverAccessLogsBucket: logBucket,
      serverAccessLogsPrefix: 'bucket/',
    });
    const responseHeadersPolicy = new ResponseHeadersPolicy(this, 'SecurityHeaders', {
      securityHeadersBehavior: {
        strictTransportSecurity: {
          accessControlMaxAge: Duration.days(365),
          includeSubdomains: true,
          override: true,
        },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN, override: true },
      },
    });
    const staticContent: BehaviorOptions = {
      origin: S3BucketOrigin.withOriginAccessControl(this.bucket),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: CachePolicy.CACHING_OPTIMIZED,
      responseHeadersPolicy,
    };
    const playback = this.playbackBehavior(props, responseHeadersPolicy);

    this.distribution = new Distribution(this, 'Distribution', {
      defaultBehavior: staticContent,
      additionalBehaviors: {
        // A behaviour of its own, so that no change of the others can send CloudFront to a failing origin for the error page.
        [`/${ERROR_PAGE_FOLDER}/*`]: staticContent,
        ...Object.fromEntries(playbackPaths.map((path) => [path, playback])),
      },
      errorResponses: SERVER_ERRORS.map(errorResponse),
      httpVersion: HttpVersion.HTTP2_AND_3,
      // With a domain only: for its own name CloudFront fixes the minimum.
      ...(domain && {
        domainNames: [...domain.names],
        certificate: domain.certificate,
        minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      }),
      ...(props.webAclArn !== undefined && { webAclId: props.webAclArn }),
    });

    this.deployErrorPage();
    this.deliverAccessLogs(logBucket);
    this.acknowledgeFindings(props);
  }

  private playbackBehavior(
    { playback, playbackPort = 80 }: EdgeDistributionProps,
    responseHeadersPolicy: ResponseHeadersPolicy,
  ): BehaviorOptions {
    const vpcOrigin = new VpcOrigin(this, 'PlaybackOrigin', {
      endpoint: VpcOriginEndpoint.applicationLoadBalancer(playback),
      protocolPolicy: OriginProtocolPolicy.HTTP_ONLY,
      httpPort: playbackPort,
    });
    // Any change of a VPC origin in use fails, a changed tag too: tags of an app or a stack must not reach it.
    (vpcOrigin.node.defaultChild as CfnVpcOrigin).addPropertyDeletionOverride('Tags');
    return {
      origin: VpcOriginOrigin.withVpcOrigin(vpcOrigin, {
        domainName: playback.loadBalancerDnsName,
        // The default of 3 attempts of 10 s keeps a viewer waiting for half a minute before the error page.
        connectionAttempts: 2,
        connectionTimeout: Duration.seconds(3),
        // Playback answers in milliseconds; with the default a stalled answer keeps a viewer for half a minute as well.
        readTimeout: Duration.seconds(10),
        // Below the load balancer's idle timeout of 60 s, so that it never closes a connection that CloudFront is about to use.
        keepaliveTimeout: Duration.seconds(30),
      }),
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      allowedMethods: AllowedMethods.ALLOW_ALL,
      // Answers are personal. What can be shared needs cache policies by kind of content.
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER,
      responseHeadersPolicy,
    };
  }

  /** Copies the page from the assets to the bucket, with leave to read this one object and to write that one. */
  private deployErrorPage(): void {
    const page = new Asset(this, 'ErrorPage', {
      path: join(__dirname, '..', '..', 'assets', ERROR_PAGE_FOLDER, ERROR_PAGE_FILE),
    });
    const { partition } = Stack.of(this);
    const key = `${ERROR_PAGE_FOLDER}/${ERROR_PAGE_FILE}`;
    const logGroup = new LogGroup(this, 'ErrorPageLogs', { retention: RetentionDays.ONE_MONTH });
    const role = new Role(this, 'ErrorPageRole', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Copies the error page to the bucket of the distribution',
    });
    logGroup.grantWrite(role);
    const copy: AwsSdkCall = {
      service: 'S3',
      action: 'copyObject',
      parameters: {
        CopySource: `${page.s3BucketName}/${page.s3ObjectKey}`,
        Bucket: this.bucket.bucketName,
        Key: key,
        MetadataDirective: 'REPLACE',
        TaggingDirective: 'REPLACE',
        ContentType: 'text/html; charset=utf-8',
        // A new page is live within minutes, without an invalidation.
        CacheControl: 'public, max-age=60, s-maxage=300',
      },
      physicalResourceId: PhysicalResourceId.of(key),
      outputPaths: [],
    };
    const published = new AwsCustomResource(this, 'ErrorPageCopy', {
      resourceType: 'Custom::ErrorPageCopy',
      // Again whenever the page changes, because its key does. Nothing on delete: the bucket stays, too.
      onCreate: copy,
      onUpdate: copy,
      installLatestAwsSdk: false,
      role,
      logGroup,
      policy: AwsCustomResourcePolicy.fromStatements([
        new PolicyStatement({
          actions: ['s3:GetObject'],
          resources: [`arn:${partition}:s3:::${page.s3BucketName}/${page.s3ObjectKey}`],
        }),
        new PolicyStatement({ actions: ['s3:PutObject'], resources: [this.bucket.arnForObjects(key)] }),
      ]),
    });
    // The page must be there before viewers are.
    this.distribution.node.addDependency(published);
  }

  /** Access logs through CloudWatch Logs' delivery: its bucket needs no ACLs, and Athena reads the partitioned Parquet. */
  private deliverAccessLogs(logBucket: IBucket): void {
    const { account, partition, region } = Stack.of(this);
    const name = Names.uniqueResourceName(this, { maxLength: 60 });
    const source = new CfnDeliverySource(this, 'AccessLogSource', {
      name,
      logType: 'ACCESS_LOGS',
      resourceArn: this.distribution.distributionArn,
    });
    const destination = new CfnDeliveryDestination(this, 'AccessLogDestination', {
      name,
      destinationResourceArn: logBucket.arnForObjects('cloudfront'),
      outputFormat: 'parquet',
    });
    const delivery = new CfnDelivery(this, 'AccessLogDelivery', {
      deliverySourceName: source.ref,
      deliveryDestinationArn: destination.attrArn,
      s3EnableHiveCompatiblePath: true,
      s3SuffixPath: '{DistributionId}/{yyyy}/{MM}/{dd}/{HH}',
    });
    const { policyDependable } = logBucket.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('delivery.logs.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [logBucket.arnForObjects('cloudfront/*')],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account, 's3:x-amz-acl': 'bucket-owner-full-control' },
          ArnLike: { 'aws:SourceArn': `arn:${partition}:logs:${region}:${account}:delivery-source:${name}` },
        },
      }),
    );
    if (policyDependable) delivery.node.addDependency(policyDependable);
  }

  private acknowledgeFindings({ domain, webAclArn }: EdgeDistributionProps): void {
    const findings = [
      {
        id: 'AwsSolutions-CFR1',
        reason: 'Releases premiere worldwide; rights per country are enforced by the playback service, per title.',
      },
      {
        id: 'AwsSolutions-CFR3',
        reason:
          'Access logs are on, through CloudWatch Logs delivery to S3; the rule knows only the older logging with bucket ACLs.',
      },
    ];
    if (webAclArn === undefined) {
      findings.push({
        id: 'AwsSolutions-CFR2',
        reason:
          'No web ACL by default: limits by address block whole households behind carrier NAT on a premiere night, so a team attaches ' +
          'its own, tuned in count mode, as webAclArn. The origin is private and the bucket closed without it.',
      });
    }
    if (domain === undefined) {
      findings.push({
        id: 'AwsSolutions-CFR4',
        reason:
          'Without a domain CloudFront fixes the TLS minimum of its own name; with one this construct sets TLS 1.2 (2021).',
      });
    }
    Validations.of(this.distribution).acknowledge(...findings);
  }
}

function errorResponse(httpStatus: number): ErrorResponse {
  return {
    httpStatus,
    // Kept: a 200 would be taken for an answer by players, caches and alarms.
    responseHttpStatus: httpStatus,
    responsePagePath: `/${ERROR_PAGE_FOLDER}/${ERROR_PAGE_FILE}`,
    // Longer would outlast short trouble, shorter would send every retry to an origin that struggles.
    ttl: Duration.seconds(10),
  };
}
