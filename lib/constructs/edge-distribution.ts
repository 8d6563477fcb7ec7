import { join } from 'node:path';
import { Certificate, CertificateValidation, type ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
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
  type DistributionProps,
  type ErrorResponse,
  type IOrigin,
} from 'aws-cdk-lib/aws-cloudfront';
import {
  OriginGroup,
  S3BucketOrigin,
  VpcOrigin as VpcOriginOrigin,
  type VpcOriginProps,
} from 'aws-cdk-lib/aws-cloudfront-origins';
import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { AaaaRecord, ARecord, HttpsRecord, type IHostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Duration, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { AccessLogs } from './access-logs';
import { CONTENT_KINDS, type Caching, type ContentKinds } from './content-kinds';
import { originShieldRegion } from './origin-shield';
import { PublishedFiles } from './published-files';
import { requireUsEast1 } from './us-east-1';

/** Folder of the bucket, and path of the distribution, that holds the error page. */
const ERROR_PAGE_FOLDER = 'error-page';
const ERROR_PAGE_FILE = '5xx.html';

const ASSETS = join(__dirname, '..', '..', 'assets');

/** Statuses that mean the service is down or overloaded, with those that CloudFront answers itself. */
const SERVER_ERRORS = [500, 502, 503, 504];

/** Names of your own. */
export interface DistributionDomain {
  readonly names: readonly string[];
  /** For all names, in us-east-1. @default - a new one, validated in `hostedZone` */
  readonly certificate?: ICertificate;
  /** Public zone that holds all names: gets alias records for each (A, AAAA and HTTPS). @default - records are yours to make */
  readonly hostedZone?: IHostedZone;
}

export interface EdgeDistributionProps {
  /** The internal load balancer of the playback service, in any region. Its name, scheme and listener must not change while it is in use here. */
  readonly playback: IApplicationLoadBalancer;
  /** Port of its listener. @default 80 */
  readonly playbackPort?: number;
  /** Paths, and how long the edge keeps what lies there. @default CONTENT_KINDS */
  readonly content?: ContentKinds;
  /** What stands in for the shared page while the service fails: a JSON file on this machine. @default - an empty page that says `"reduced": true` */
  readonly reducedPageFile?: string;
  /**
   * One more cache, in front of the bucket and of the shared page, which collapses the requests of all regions. Not in front of personal
   * answers: it would be charged for each and could keep none.
   *
   * @default false
   */
  readonly originShield?: boolean;
  /** Where access logs go: those of the bucket under `bucket/`, those of the distribution under `cloudfront/`. A bucket of the same stack. */
  readonly logBucket: IBucket;
  /** Access logs of the distribution, with a table for Athena. @default true */
  readonly accessLogs?: boolean;
  /** How long the log of the function is kept that copies two files at deploy. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** @default - a name under cloudfront.net, which accepts TLS 1.0 */
  readonly domain?: DistributionDomain;
  /** A `WebAcl`, or any other with scope CLOUDFRONT. @default - none */
  readonly webAcl?: { readonly arn: string };
}

/**
 * What viewers reach: a distribution in front of a private bucket and of the playback service in its private network.
 *
 * When the service fails, the shared page falls back to a reduced one; elsewhere viewers get a plain page that depends on nothing, with the
 * status kept and cached for 10 s, so that an error does not outlive its cause. Must stand in a stack in us-east-1.
 *
 * @throws Error in a stack of another region, for a domain without a certificate or with names outside of its zone, and for a load
 * balancer in a region that Origin Shield does not know.
 */
export class EdgeDistribution extends Construct {
  readonly distribution: Distribution;
  /** Static content; the error page lies under `error-page/`, the reduced page under the path of the shared one. Kept when its stack goes. */
  readonly bucket: Bucket;
  /** Absent without access logs. */
  readonly accessLogs?: AccessLogs;

  constructor(scope: Construct, id: string, props: EdgeDistributionProps) {
    super(scope, id);
    requireUsEast1(this);
    const { content = CONTENT_KINDS, domain, logBucket, accessLogs = true } = props;

    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      serverAccessLogsBucket: logBucket,
      serverAccessLogsPrefix: 'bucket/',
    });
    const { defaultBehavior, additionalBehaviors } = this.behaviors(content, props);

    this.distribution = new Distribution(this, 'Distribution', {
      defaultRootObject: 'index.html',
      defaultBehavior,
      additionalBehaviors,
      errorResponses: SERVER_ERRORS.map(errorResponse),
      httpVersion: HttpVersion.HTTP2_AND_3,
      // With a domain only: for its own name CloudFront fixes the minimum.
      ...(domain && {
        domainNames: [...domain.names],
        certificate: this.certificate(domain),
        minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      }),
      ...(props.webAcl && { webAclId: props.webAcl.arn }),
    });

    // What stands in for the service must be there before viewers are.
    this.distribution.node.addDependency(this.publishFiles(content, props));
    if (domain?.hostedZone) this.addRecords(domain.names, domain.hostedZone);
    if (accessLogs) {
      this.accessLogs = new AccessLogs(this, 'AccessLogs', { distribution: this.distribution, bucket: logBucket });
    }
    this.acknowledgeFindings(props);
  }

  private behaviors(
    { sharedPage, personal, manifests, segments, artwork, appShell }: ContentKinds,
    { playback, playbackPort = 80, originShield = false }: EdgeDistributionProps,
  ): Required<Pick<DistributionProps, 'defaultBehavior' | 'additionalBehaviors'>> {
    const responseHeadersPolicy = this.securityHeaders();
    const vpcOrigin = new VpcOrigin(this, 'PlaybackOrigin', {
      endpoint: VpcOriginEndpoint.applicationLoadBalancer(playback),
      protocolPolicy: OriginProtocolPolicy.HTTP_ONLY,
      httpPort: playbackPort,
    });
    // Any change of a VPC origin in use fails, a changed tag too: tags of an app or a stack must not reach it.
    (vpcOrigin.node.defaultChild as CfnVpcOrigin).addPropertyDeletionOverride('Tags');
    const playbackOrigin = (options: VpcOriginProps): IOrigin =>
      VpcOriginOrigin.withVpcOrigin(vpcOrigin, {
        domainName: playback.loadBalancerDnsName,
        connectionTimeout: Duration.seconds(3),
        // Below the load balancer's idle timeout of 60 s, so that it never closes a connection that CloudFront is about to use.
        keepaliveTimeout: Duration.seconds(30),
        ...options,
      });
    const bucketOrigin = S3BucketOrigin.withOriginAccessControl(
      this.bucket,
      originShield ? { originShieldRegion: 'us-east-1' } : {},
    );
    const fromBucket = (id: string, caching: Caching): BehaviorOptions => ({
      origin: bucketOrigin,
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: this.cachePolicy(id, caching),
      compress: caching.compress,
      responseHeadersPolicy,
    });

    const sharedPageBehavior: BehaviorOptions = {
      origin: new OriginGroup({
        primaryOrigin: playbackOrigin({
          // One short try: the reduced page at once is better than the full one after a retry, and retries feed an overload.
          connectionAttempts: 1,
          readTimeout: Duration.seconds(3),
          ...(originShield && { originShieldRegion: originShieldRegion(playback.env.region) }),
        }),
        fallbackOrigin: bucketOrigin,
        fallbackStatusCodes: SERVER_ERRORS,
      }),
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      // CloudFront fails over for no other method.
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
      // Without an origin request policy cookies, credentials and query strings stay here: the answer cannot be anybody's own.
      cachePolicy: this.cachePolicy('SharedPage', sharedPage.caching),
      compress: sharedPage.caching.compress,
      responseHeadersPolicy,
    };
    const personalBehavior: BehaviorOptions = {
      origin: playbackOrigin({
        // The default of 3 attempts of 10 s keeps a viewer waiting for half a minute before the error page.
        connectionAttempts: 2,
        // Playback answers in milliseconds; with the default a stalled answer keeps a viewer for half a minute as well.
        readTimeout: Duration.seconds(10),
      }),
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      allowedMethods: AllowedMethods.ALLOW_ALL,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER,
      responseHeadersPolicy,
    };
    const shell = fromBucket('AppShell', appShell.caching);
    return {
      defaultBehavior: shell,
      // CloudFront takes the first that matches.
      additionalBehaviors: Object.fromEntries([
        // A behaviour of its own, so that no change of the others can send CloudFront to a failing origin for the error page.
        [`/${ERROR_PAGE_FOLDER}/*`, shell],
        [sharedPage.path, sharedPageBehavior],
        ...eachWith(personal.paths, personalBehavior),
        ...eachWith(manifests.paths, fromBucket('Manifests', manifests.caching)),
        ...eachWith(segments.paths, fromBucket('Segments', segments.caching)),
        ...eachWith(artwork.paths, fromBucket('Artwork', artwork.caching)),
      ]),
    };
  }

  private cachePolicy(id: string, { minSeconds, defaultSeconds, maxSeconds, compress }: Caching): CachePolicy {
    return new CachePolicy(this, `${id}Caching`, {
      minTtl: Duration.seconds(minSeconds),
      defaultTtl: Duration.seconds(defaultSeconds),
      maxTtl: Duration.seconds(maxSeconds),
      enableAcceptEncodingGzip: compress,
      enableAcceptEncodingBrotli: compress,
    });
  }

  private securityHeaders(): ResponseHeadersPolicy {
    return new ResponseHeadersPolicy(this, 'SecurityHeaders', {
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
  }

  private publishFiles(
    { sharedPage: { path } }: ContentKinds,
    { reducedPageFile, logRetention = RetentionDays.ONE_MONTH }: EdgeDistributionProps,
  ): PublishedFiles {
    if (!/^\/[^*?]+$/.test(path)) {
      throw new Error(
        `sharedPage.path of EdgeDistribution must begin with "/" and name one page, got ${JSON.stringify(path)}; ` +
          `mend: write a path without wildcards, for example "/api/open"`,
      );
    }
    return new PublishedFiles(this, 'PublishedFiles', {
      bucket: this.bucket,
      files: {
        ErrorPage: {
          file: join(ASSETS, ERROR_PAGE_FOLDER, ERROR_PAGE_FILE),
          key: `${ERROR_PAGE_FOLDER}/${ERROR_PAGE_FILE}`,
          contentType: 'text/html; charset=utf-8',
          // Browsers keep an error for its max-age, and a plain link to try again would find it there. The edge keeps it no longer
          // than the error itself.
          cacheControl: 'public, max-age=0, s-maxage=10, stale-if-error=86400',
        },
        ReducedPage: {
          file: reducedPageFile ?? join(ASSETS, 'fallback', 'open.json'),
          key: path.slice(1),
          contentType: 'application/json',
          // Under the same key of the cache as the full page, so forgotten soon, and never stale.
          cacheControl: 'public, max-age=10',
        },
      },
      logRetention,
    });
  }

  private certificate({ names, certificate, hostedZone }: DistributionDomain): ICertificate {
    if (certificate) return certificate;
    const [domainName, ...subjectAlternativeNames] = names;
    if (domainName === undefined || hostedZone === undefined) {
      throw new Error(
        `domain of EdgeDistribution "${this.node.path}" must have a name, and a certificate or a hosted zone to validate one in, ` +
          `got the names ${JSON.stringify(names)} ${hostedZone ? 'and a hosted zone' : 'and neither'}; ` +
          `mend: add names and a hostedZone, or a certificate in us-east-1`,
      );
    }
    return new Certificate(this, 'Certificate', {
      domainName,
      subjectAlternativeNames,
      validation: CertificateValidation.fromDns(hostedZone),
    });
  }

  private addRecords(names: readonly string[], zone: IHostedZone): void {
    const outside = names.filter((name) => name !== zone.zoneName && !name.endsWith(`.${zone.zoneName}`));
    if (outside.length > 0) {
      // The zone's name would be appended, silently.
      throw new Error(
        `names of EdgeDistribution "${this.node.path}" must lie in the hosted zone ${zone.zoneName}, got ${outside.join(', ')}; ` +
          `mend: give their own zone, or leave hostedZone out and make the records yourself`,
      );
    }
    for (const name of names) {
      const records = new Construct(this, `Records-${name}`);
      const props = {
        zone,
        recordName: name,
        target: RecordTarget.fromAlias(new CloudFrontTarget(this.distribution)),
      };
      new ARecord(records, 'A', props);
      new AaaaRecord(records, 'Aaaa', props);
      // Says that HTTP/3 is there before the first connection.
      new HttpsRecord(records, 'Https', props);
    }
  }

  private acknowledgeFindings({ domain, webAcl, accessLogs = true }: EdgeDistributionProps): void {
    const findings = [
      {
        id: 'AwsSolutions-CFR1',
        reason: 'Releases premiere worldwide; rights per country are enforced by the playback service, per title.',
      },
      {
        id: 'AwsSolutions-CFR3',
        reason: accessLogs
          ? 'Access logs are on, through CloudWatch Logs delivery to S3; the rule knows only the older logging with bucket ACLs.'
          : 'Access logs are turned off where this is deployed, to log nobody while trying things out; accessLogs turns them on.',
      },
    ];
    if (webAcl === undefined) {
      findings.push({
        id: 'AwsSolutions-CFR2',
        reason:
          'No web ACL is asked for where this is deployed; the origin is private and the bucket closed without it. WebAcl has one to be ' +
          'tuned in count mode first, because limits can turn viewers away on a premiere night.',
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

function eachWith(paths: readonly string[], behavior: BehaviorOptions): [string, BehaviorOptions][] {
  return paths.map((path) => [path, behavior]);
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
