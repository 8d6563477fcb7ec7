import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Stack, Tags, Validations } from 'aws-cdk-lib/core';
import { buildApp } from '../../service/src/app';
import { MemorySessions } from '../../service/src/sessions';
import type { StackEnvironment } from '../../lib/capacity/environment';
import { ORIGIN_FACING_PREFIX_LISTS } from '../../lib/capacity/regions';
import { CONTENT_KINDS, type ContentKinds } from '../../lib/constructs/content-kinds';
import { EdgeDistribution, type EdgeDistributionProps } from '../../lib/constructs/edge-distribution';
import { LogBucket } from '../../lib/constructs/log-bucket';
import { originShieldRegion } from '../../lib/constructs/origin-shield';
import { WebAcl, type WebAclProps } from '../../lib/constructs/web-acl';
import { EdgeStack } from '../../lib/stacks/edge-stack';
import { environmentNamed, OtherStack, testApp } from '../stacks/test-app';

const ROOT = join(__dirname, '..', '..');

/** A part of a template, as it is parsed: what it holds is judged by the assertions. */
type Json = ReturnType<typeof JSON.parse>;

const DISTRIBUTION = 'AWS::CloudFront::Distribution';
const WEB_ACL = 'AWS::WAFv2::WebACL';
const LOG_GROUP = 'AWS::Logs::LogGroup';

const loadBalancer = (stack: Stack): ApplicationLoadBalancer =>
  new ApplicationLoadBalancer(stack, 'LoadBalancer', { vpc: new Vpc(stack, 'Vpc') });

/** The only resource of a type. */
function only(template: Template, type: string): Json {
  const found = Object.values(template.findResources(type));
  expect(found).toHaveLength(1);
  return found[0]!['Properties'];
}

describe('EdgeDistribution', () => {
  const build = (
    props: (stack: OtherStack) => Partial<EdgeDistributionProps> = () => ({}),
    stack = new OtherStack(),
  ) => {
    new EdgeDistribution(stack, 'Edge', {
      playback: loadBalancer(stack),
      logBucket: new LogBucket(stack, 'Logs'),
      ...props(stack),
    });
    return Template.fromStack(stack);
  };
  let defaults: Template;
  beforeAll(() => {
    defaults = build();
  });
  const config = (template: Template): Json => only(template, DISTRIBUTION).DistributionConfig;
  const behavior = (template: Template, path: string): Json => {
    const { CacheBehaviors, DefaultCacheBehavior } = config(template);
    return path === '*'
      ? DefaultCacheBehavior
      : CacheBehaviors.find((candidate: Json) => candidate.PathPattern === path);
  };
  /** The origins, or the members of the origin group, that answer for a path. */
  const originsOf = (template: Template, path: string): Json[] => {
    const { Origins, OriginGroups } = config(template);
    const { TargetOriginId } = behavior(template, path);
    const group = OriginGroups.Items.find((candidate: Json) => candidate.Id === TargetOriginId);
    const ids = group ? group.Members.Items.map((member: Json) => member.OriginId) : [TargetOriginId];
    return ids.map((id: string) => Origins.find((origin: Json) => origin.Id === id));
  };

  test('shows a page of its own for server errors, with the status kept and forgotten after 10 s', () => {
    defaults.hasResourceProperties(DISTRIBUTION, {
      DistributionConfig: {
        CustomErrorResponses: [500, 502, 503, 504].map((status) => ({
          ErrorCode: status,
          ResponseCode: status,
          ResponsePagePath: '/error-page/5xx.html',
          ErrorCachingMinTTL: 10,
        })),
      },
    });
  });

  test('takes the error page from the bucket, whatever else matches, and manifests before the segments beside them', () => {
    const template = defaults;
    expect(config(template).CacheBehaviors.map((candidate: Json) => candidate.PathPattern)).toEqual([
      '/error-page/*',
      '/api/open',
      '/api/*',
      '*.m3u8',
      '*.mpd',
      '/video/*',
      '/artwork/*',
    ]);
    expect(originsOf(template, '/error-page/*')).toEqual([
      expect.objectContaining({ S3OriginConfig: expect.anything() }),
    ]);
  });

  test('answers the root with index.html', () => {
    expect(config(defaults).DefaultRootObject).toBe('index.html');
  });

  test.each([
    ['/api/open', CONTENT_KINDS.sharedPage],
    ['*.m3u8', CONTENT_KINDS.manifests],
    ['*.mpd', CONTENT_KINDS.manifests],
    ['/video/*', CONTENT_KINDS.segments],
    ['/artwork/*', CONTENT_KINDS.artwork],
    ['*', CONTENT_KINDS.appShell],
  ])('keeps %s as long as its kind says, by the path and nothing of the viewer', (path, { caching }) => {
    const template = defaults;
    const { CachePolicyId, Compress, OriginRequestPolicyId } = behavior(template, path);
    const policy = template.findResources('AWS::CloudFront::CachePolicy')[CachePolicyId.Ref]!;
    expect(policy['Properties'].CachePolicyConfig).toMatchObject({
      MinTTL: caching.minSeconds,
      DefaultTTL: caching.defaultSeconds,
      MaxTTL: caching.maxSeconds,
      ParametersInCacheKeyAndForwardedToOrigin: {
        CookiesConfig: { CookieBehavior: 'none' },
        HeadersConfig: { HeaderBehavior: 'none' },
        QueryStringsConfig: { QueryStringBehavior: 'none' },
        EnableAcceptEncodingGzip: caching.compress,
        EnableAcceptEncodingBrotli: caching.compress,
      },
    });
    expect({ Compress, OriginRequestPolicyId }).toEqual({
      Compress: caching.compress,
      OriginRequestPolicyId: undefined,
    });
  });

  test('takes other paths and times', () => {
    const template = build(() => ({
      content: {
        ...CONTENT_KINDS,
        personal: { ...CONTENT_KINDS.personal, paths: ['/play/*', '/me/*'] },
        artwork: {
          ...CONTENT_KINDS.artwork,
          paths: ['/img/*'],
          caching: { ...CONTENT_KINDS.artwork.caching, maxSeconds: 90_000 },
        },
      },
    }));
    expect(behavior(template, '/api/*')).toBeUndefined();
    expect(behavior(template, '/me/*')).toEqual({ ...behavior(template, '/play/*'), PathPattern: '/me/*' });
    template.hasResourceProperties('AWS::CloudFront::CachePolicy', {
      CachePolicyConfig: { Name: Match.stringLikeRegexp('Artwork'), MaxTTL: 90_000 },
    });
  });

  test('sends personal requests to the private load balancer, uncached and whole, in two short tries', () => {
    const template = build(() => ({ playbackPort: 8080 }));
    expect(behavior(template, '/api/*')).toMatchObject({
      // CachingDisabled and AllViewer of CloudFront.
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      OriginRequestPolicyId: '216adef6-5c7f-47e4-b989-5492eafa07d3',
      AllowedMethods: expect.arrayContaining(['POST', 'DELETE']),
    });
    expect(originsOf(template, '/api/*')).toEqual([
      expect.objectContaining({
        ConnectionAttempts: 2,
        ConnectionTimeout: 3,
        VpcOriginConfig: expect.objectContaining({ OriginReadTimeout: 10 }),
      }),
    ]);
    template.hasResourceProperties('AWS::CloudFront::VpcOrigin', {
      VpcOriginEndpointConfig: { HTTPPort: 8080, OriginProtocolPolicy: 'http-only' },
    });
  });

  test('falls back to the bucket for the shared page after one try of 3 s, for the methods that CloudFront retries', () => {
    const template = defaults;
    expect(behavior(template, '/api/open').AllowedMethods).toEqual(['GET', 'HEAD', 'OPTIONS']);
    expect(originsOf(template, '/api/open')).toEqual([
      expect.objectContaining({
        ConnectionAttempts: 1,
        ConnectionTimeout: 3,
        VpcOriginConfig: expect.objectContaining({ OriginReadTimeout: 3 }),
      }),
      expect.objectContaining({ S3OriginConfig: expect.anything() }),
    ]);
    expect(config(template).OriginGroups.Items).toEqual([
      expect.objectContaining({ FailoverCriteria: { StatusCodes: { Items: [500, 502, 503, 504], Quantity: 4 } } }),
    ]);
  });

  test('makes one VPC origin for both ways to the service', () => {
    const template = defaults;
    template.resourceCountIs('AWS::CloudFront::VpcOrigin', 1);
    const ids = ['/api/*', '/api/open'].map((path) => originsOf(template, path)[0].VpcOriginConfig.VpcOriginId);
    expect(ids[0]).toEqual(ids[1]);
  });

  test('keeps tags off the VPC origin, which cannot change while it is in use', () => {
    const app = testApp();
    Tags.of(app).add('release', '1');
    const template = build(undefined, new OtherStack(app));
    template.hasResourceProperties('AWS::CloudFront::VpcOrigin', { Tags: Match.absent() });
    template.hasResourceProperties(DISTRIBUTION, { Tags: [{ Key: 'release', Value: '1' }] });
  });

  describe('files that stand in for the service', () => {
    /** What each custom resource copies, by the key. */
    const copies = (template: Template): Record<string, Json> =>
      Object.fromEntries(
        Object.entries(template.findResources('Custom::PublishedFile')).map(([id, { Properties }]) => {
          const parts: unknown[] = Properties.Create['Fn::Join'][1];
          const call = JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'REF')).join(''));
          return [call.parameters.Key, { id, ...call.parameters }];
        }),
      );

    test('are there before viewers are, as what they are', () => {
      const template = defaults;
      const published = copies(template);
      expect(published).toMatchObject({
        // Not kept by browsers, whose plain link to try again would find it, and at the edge no longer than the error.
        'error-page/5xx.html': {
          ContentType: 'text/html; charset=utf-8',
          CacheControl: 'public, max-age=0, s-maxage=10, stale-if-error=86400',
        },
        'api/open': { ContentType: 'application/json', CacheControl: 'public, max-age=10' },
      });
      const [distribution] = Object.values(template.findResources(DISTRIBUTION));
      expect(distribution!['DependsOn']).toEqual(
        expect.arrayContaining([published['error-page/5xx.html'].id, published['api/open'].id]),
      );
    });

    test('are copied with leave to write exactly these', () => {
      const written = Object.values(defaults.findResources('AWS::IAM::Policy'))
        .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
        .filter(({ Action }) => Action === 's3:PutObject')
        .map(({ Resource }) => Resource['Fn::Join'][1][1]);
      expect(new Set(written)).toEqual(new Set(['/api/open', '/error-page/5xx.html']));
    });

    test('follow the shared page to its path', () => {
      const content = { ...CONTENT_KINDS, sharedPage: { ...CONTENT_KINDS.sharedPage, path: '/home' } };
      expect(Object.keys(copies(build(() => ({ content }))))).toEqual(['error-page/5xx.html', 'home']);
    });

    test('include a reduced page of your own', () => {
      const reducedPageFile = join(ROOT, 'package.json');
      const source = (props?: Partial<EdgeDistributionProps>): string =>
        copies(build(() => props ?? {}))['api/open'].CopySource;
      expect(source({ reducedPageFile })).not.toBe(source());
    });

    test.each(['/home/*', 'home', '/'])('refuse to stand in for %s, which is no one page', (path) => {
      const content = { ...CONTENT_KINDS, sharedPage: { ...CONTENT_KINDS.sharedPage, path } };
      expect(() => build(() => ({ content }))).toThrow(`must begin with "/" and name one page, got "${path}"`);
    });

    test('are logged for as long as is asked, a month without', () => {
      defaults.hasResourceProperties(LOG_GROUP, { RetentionInDays: 30 });
      build(() => ({ logRetention: 7 })).hasResourceProperties(LOG_GROUP, { RetentionInDays: 7 });
    });
  });

  describe('with Origin Shield', () => {
    const shields = (template: Template, path: string): unknown[] =>
      originsOf(template, path).map(({ OriginShield }) => OriginShield?.OriginShieldRegion);

    test('has one near each origin whose answers are kept, and none before personal ones', () => {
      const app = testApp();
      const playback = loadBalancer(new Stack(app, 'Far', { env: { region: 'eu-north-1' } }));
      const template = build(() => ({ playback, originShield: true }), new OtherStack(app));
      expect(shields(template, '/api/open')).toEqual(['eu-west-2', 'us-east-1']);
      expect(shields(template, '/video/*')).toEqual(['us-east-1']);
      expect(shields(template, '/api/*')).toEqual([undefined]);
    });

    test('has it only where it is asked for', () => {
      expect(JSON.stringify(defaults.toJSON())).not.toContain('OriginShield');
    });

    test('has one for each region that can play, in a region that has one itself', () => {
      const regions = Object.keys(ORIGIN_FACING_PREFIX_LISTS).map(originShieldRegion);
      expect(regions).toHaveLength(16);
      for (const region of regions) expect(originShieldRegion(region)).toBe(region);
    });

    test.each([
      ['af-south-1', '"af-south-1"'],
      [undefined, 'one that is known at deploy only'],
    ])('refuses a load balancer in %s', (region, got) => {
      const app = testApp();
      const playback = loadBalancer(new Stack(app, 'Far', { env: { region } }));
      expect(() => build(() => ({ playback, originShield: true }), new OtherStack(app))).toThrow(`got ${got}; mend: `);
    });
  });

  test('speaks HTTP/3, and sends security headers from every path', () => {
    const template = defaults;
    const { HttpVersion, CacheBehaviors, DefaultCacheBehavior } = config(template);
    expect(HttpVersion).toBe('http2and3');
    for (const { ResponseHeadersPolicyId } of [DefaultCacheBehavior, ...CacheBehaviors]) {
      expect(ResponseHeadersPolicyId).toEqual({ Ref: expect.stringContaining('SecurityHeaders') });
    }
    template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: {
        SecurityHeadersConfig: {
          StrictTransportSecurity: { AccessControlMaxAgeSec: 31_536_000 },
          FrameOptions: { FrameOption: 'DENY' },
        },
      },
    });
  });

  test('keeps its content when its stack goes', () => {
    const template = defaults;
    const buckets = template.findResources('AWS::S3::Bucket');
    expect(Object.keys(buckets)).toHaveLength(2);
    template.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });

  describe('under names of its own', () => {
    const names = ['watch.example.com', 'example.com'];
    const zone = (stack: Stack) =>
      HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' });
    const existing = (stack: Stack) =>
      Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:us-east-1:1:certificate/a');

    test('requires TLS 1.2, with a certificate that exists, and leaves the records to you', () => {
      const template = build((stack) => ({ domain: { names, certificate: existing(stack) } }));
      template.hasResourceProperties(DISTRIBUTION, {
        DistributionConfig: {
          Aliases: names,
          ViewerCertificate: {
            AcmCertificateArn: 'arn:aws:acm:us-east-1:1:certificate/a',
            MinimumProtocolVersion: 'TLSv1.2_2021',
          },
        },
      });
      template.resourceCountIs('AWS::CertificateManager::Certificate', 0);
      template.resourceCountIs('AWS::Route53::RecordSet', 0);
    });

    test('validates a certificate for all of them in their zone, and gives each its records', () => {
      const template = build((stack) => ({ domain: { names, hostedZone: zone(stack) } }));
      template.hasResourceProperties('AWS::CertificateManager::Certificate', {
        DomainName: 'watch.example.com',
        SubjectAlternativeNames: ['example.com'],
        DomainValidationOptions: names.map((DomainName) => ({ DomainName, HostedZoneId: 'Z1' })),
      });
      const records = Object.values(template.findResources('AWS::Route53::RecordSet'));
      expect(records.map(({ Properties: { Name, Type } }) => `${Name} ${Type}`)).toEqual(
        names.flatMap((name) => ['A', 'AAAA', 'HTTPS'].map((type) => `${name}. ${type}`)),
      );
    });

    test('uses a certificate that exists beside a zone', () => {
      const template = build((stack) => ({
        domain: { names, certificate: existing(stack), hostedZone: zone(stack) },
      }));
      template.resourceCountIs('AWS::CertificateManager::Certificate', 0);
      template.resourceCountIs('AWS::Route53::RecordSet', 6);
    });

    test.each([[names], [[]]])('refuses to go without a certificate (%j)', (given) => {
      expect(() => build(() => ({ domain: { names: given } }))).toThrow(
        `must have a name, and a certificate or a hosted zone to validate one in, got the names ${JSON.stringify(given)} and neither; `,
      );
    });

    test('refuses names of another zone, to which the zone would be appended', () => {
      const domain = (stack: Stack) => ({ names: ['example.com', 'notexample.com'], hostedZone: zone(stack) });
      expect(() => build((stack) => ({ domain: domain(stack) }))).toThrow(
        'must lie in the hosted zone example.com, got notexample.com; mend: ',
      );
    });
  });

  test('takes any web ACL', () => {
    const arn = 'arn:aws:wafv2:us-east-1:1:global/webacl/a/b';
    expect(config(build(() => ({ webAcl: { arn } }))).WebACLId).toBe(arn);
  });

  test.each([
    ['alone', {}, ['CFR1', 'CFR2', 'CFR3', 'CFR4']],
    ['with a web ACL', { webAcl: { arn: 'arn:aws:wafv2:us-east-1:1:global/webacl/a/b' } }, ['CFR1', 'CFR3', 'CFR4']],
    ['without access logs', { accessLogs: false }, ['CFR1', 'CFR2', 'CFR3', 'CFR4']],
  ])('%s acknowledges what cdk-nag finds then, and no more', (_, props, rules) => {
    const stack = new OtherStack();
    build(() => props, stack);
    const acknowledged = stack.node
      .findAll()
      .flatMap(({ node }) => node.metadata)
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .filter(([id]) => id.includes('AwsSolutions-CFR'));
    expect(acknowledged.map(([id]) => id.replace(/.*-/, '')).sort()).toEqual(rules);
    const [, reason] = acknowledged.find(([id]) => id.endsWith('CFR3'))!;
    expect(reason).toMatch('accessLogs' in props ? /turned off/ : /are on/);
  });

  test('warns of nothing', () => {
    const stack = new OtherStack();
    build(undefined, stack);
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('refuses a region where CloudFront has no logs', () => {
    const stack = new OtherStack(testApp(), ['euw1-az1', 'euw1-az2'], 'eu-west-1');
    expect(() => build(undefined, stack)).toThrow('EdgeDistribution "Other/Edge" must stand in a stack in us-east-1, ');
  });

  describe('access logs', () => {
    const TABLE = 'AWS::Glue::Table';

    test('are Parquet under Hive paths, which the service of AWS may write for this account alone', () => {
      const template = defaults;
      template.hasResourceProperties('AWS::Logs::DeliverySource', { LogType: 'ACCESS_LOGS' });
      template.hasResourceProperties('AWS::Logs::DeliveryDestination', {
        OutputFormat: 'parquet',
        DestinationResourceArn: { 'Fn::Join': ['', [Match.anyValue(), '/cloudfront']] },
      });
      template.hasResourceProperties('AWS::Logs::Delivery', { S3EnableHiveCompatiblePath: true });
      template.hasResourceProperties('AWS::S3::BucketPolicy', {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Principal: { Service: 'delivery.logs.amazonaws.com' },
              Action: 's3:PutObject',
              Resource: { 'Fn::Join': ['', [Match.anyValue(), '/cloudfront/*']] },
              Condition: Match.objectLike({
                StringEquals: Match.objectLike({ 'aws:SourceAccount': { Ref: 'AWS::AccountId' } }),
              }),
            }),
          ]),
        },
      });
    });

    test('are found by the table where they are written', () => {
      const template = defaults;
      // As the CloudFront developer guide says that each variable is written with Hive-compatible paths.
      const hive: Record<string, string> = {
        '{distributionid}': 'distributionid',
        '{yyyy}': 'year',
        '{MM}': 'month',
        '{dd}': 'day',
        '{HH}': 'hour',
      };
      const written: string[] = only(template, 'AWS::Logs::Delivery')
        .S3SuffixPath.split('/')
        .map((part: string) => hive[part]);
      const { TableInput } = only(template, TABLE);
      expect(TableInput.PartitionKeys.map(({ Name }: { Name: string }) => Name)).toEqual(written);
      const path = written.map((name) => `${name}=\${${name}}/`).join('');
      expect(TableInput.Parameters).toMatchObject({
        'projection.enabled': 'true',
        'storage.location.template': { 'Fn::Join': ['', ['s3://', expect.anything(), `/cloudfront/${path}`]] },
        'projection.distributionid.values': { Ref: expect.stringContaining('Distribution') },
        // Padded as in the path, and a whole day of hours.
        'projection.month.digits': '2',
        'projection.hour.range': '0,23',
        'projection.hour.digits': '2',
      });
    });

    test('have a column for each field, and neither cookies nor query strings nor referrers', () => {
      const template = defaults;
      const fields: string[] = only(template, 'AWS::Logs::Delivery').RecordFields;
      const columns: { Name: string; Type: string }[] = only(template, TABLE).TableInput.StorageDescriptor.Columns;
      expect(columns.map(({ Name }) => Name.replaceAll('_', ''))).toEqual(
        fields.map((field) => field.replaceAll(/[-()]/g, '').toLowerCase()),
      );
      expect(columns).toContainEqual({ Name: 'cs_user_agent', Type: 'string' });
      expect(fields.filter((field) => /cookie|query|referer|forwarded/i.test(field))).toEqual([]);
    });

    test('are off where they are turned off, with their table', () => {
      const template = build(() => ({ accessLogs: false }));
      template.resourceCountIs('AWS::Logs::DeliverySource', 0);
      template.resourceCountIs('AWS::Glue::Database', 0);
    });
  });
});

describe('WebAcl', () => {
  const build = (props: Partial<WebAclProps> = {}, stack = new OtherStack()) => {
    new WebAcl(stack, 'WebAcl', { mode: 'block', ...props });
    return Template.fromStack(stack);
  };
  const rules = (template: Template): Json[] => only(template, WEB_ACL).Rules;
  const rateRule = (template: Template, name: string): Json =>
    rules(template).find((rule) => rule.Name === name).Statement.RateBasedStatement;
  const paths = (statement: unknown): string[] =>
    [...JSON.stringify(statement).matchAll(/"SearchString":"([^"]+)"/g)].map(([, path]) => path!);

  test('turns nobody away in count mode', () => {
    const template = build({ mode: 'count' });
    template.hasResourceProperties(WEB_ACL, { Scope: 'CLOUDFRONT', DefaultAction: { Allow: {} } });
    expect(rules(template).map((rule) => rule.OverrideAction ?? rule.Action)).toEqual(
      [1, 2, 3, 4, 5].map(() => ({ Count: {} })),
    );
  });

  test('in block mode lets the rules of AWS decide, and asks callers above a limit to wait', () => {
    const answered = rules(build()).map(({ Name, OverrideAction, Action }) => [Name, OverrideAction ?? Action]);
    const wait = {
      Block: { CustomResponse: { ResponseCode: 429, ResponseHeaders: [{ Name: 'Retry-After', Value: '60' }] } },
    };
    expect(answered).toEqual([
      ['AmazonIpReputationList', { None: {} }],
      ['KnownBadInputsRuleSet', { None: {} }],
      ['CommonRuleSet', { None: {} }],
      ['RequestsPerSession', wait],
      ['RequestsPerAddress', wait],
    ]);
  });

  test('only counts what television apps and players trip over, in block mode too', () => {
    const { RuleActionOverrides } = rules(build())[2].Statement.ManagedRuleGroupStatement;
    expect(RuleActionOverrides).toEqual(
      expect.arrayContaining(
        ['NoUserAgent_HEADER', 'SizeRestrictions_BODY'].map((Name) => ({ Name, ActionToUse: { Count: {} } })),
      ),
    );
  });

  test('limits a session at an address, on the paths that decide who may play', () => {
    const rule = rateRule(build(), 'RequestsPerSession');
    expect(rule).toMatchObject({
      AggregateKeyType: 'CUSTOM_KEYS',
      CustomKeys: [{ IP: {} }, { Header: { Name: 'x-session-id' } }],
      Limit: 400,
      EvaluationWindowSec: 300,
    });
    expect(paths(rule)).toEqual(['/api/play', '/api/heartbeat', '/api/exit']);
  });

  test('limits an address widely, with any session, on all paths of the service', () => {
    const rule = rateRule(build(), 'RequestsPerAddress');
    expect(rule).toMatchObject({ AggregateKeyType: 'IP', Limit: 31_000, EvaluationWindowSec: 300 });
    expect(rule.CustomKeys).toBeUndefined();
    expect(paths(rule)).toEqual(['/api/']);
  });

  test('holds no empty list, which CloudFormation refuses', () => {
    expect(JSON.stringify(build().toJSON())).not.toContain('"RuleActionOverrides":[]');
  });

  test('takes other limits and paths, a single one too', () => {
    const template = build({ limits: { perSession: 60 }, entitlementPaths: ['/license'], servicePath: '/v2/' });
    expect(rateRule(template, 'RequestsPerSession')).toMatchObject({ Limit: 60 });
    expect(rateRule(template, 'RequestsPerSession').ScopeDownStatement.ByteMatchStatement.SearchString).toBe(
      '/license',
    );
    expect(rateRule(template, 'RequestsPerAddress').Limit).toBe(31_000);
    expect(paths(rateRule(template, 'RequestsPerAddress'))).toEqual(['/v2/']);
  });

  test('refuses to limit sessions nowhere', () => {
    expect(() => build({ entitlementPaths: [] })).toThrow(
      'entitlementPaths must name at least one path, got none; mend: ',
    );
  });

  test('logs what it counts and blocks, without credentials, under a name that WAF accepts', () => {
    const template = build();
    const { LogGroupName, RetentionInDays } = only(template, LOG_GROUP);
    expect(LogGroupName).toMatch(/^aws-waf-logs-[\w-]+$/);
    expect(RetentionInDays).toBe(90);
    const [logGroup] = Object.keys(template.findResources(LOG_GROUP));
    const { LogDestinationConfigs, RedactedFields, LoggingFilter } = only(template, 'AWS::WAFv2::LoggingConfiguration');
    // The group's own ARN would end with `:*`.
    expect(LogDestinationConfigs).toEqual([
      { 'Fn::Join': ['', expect.arrayContaining([':log-group:', { Ref: logGroup }])] },
    ]);
    expect(LogDestinationConfigs[0]['Fn::Join'][1].at(-1)).toEqual({ Ref: logGroup });
    expect(RedactedFields.map((field: Json) => field.SingleHeader.Name)).toEqual([
      'cookie',
      'authorization',
      'x-session-id',
    ]);
    expect(LoggingFilter.DefaultBehavior).toBe('DROP');
    expect(LoggingFilter.Filters[0].Conditions.map((condition: Json) => condition.ActionCondition.Action)).toEqual(
      expect.arrayContaining(['BLOCK', 'COUNT']),
    );
  });

  test('keeps its log as long as is asked, and gives its name back', () => {
    const template = build({ logRetention: 7 });
    template.hasResource(LOG_GROUP, { Properties: { RetentionInDays: 7 }, DeletionPolicy: 'Delete' });
  });

  test('shows no samples of requests, whose headers nobody redacts', () => {
    const { VisibilityConfig, Rules } = only(build(), WEB_ACL);
    for (const { SampledRequestsEnabled } of [VisibilityConfig, ...Rules.map((rule: Json) => rule.VisibilityConfig)]) {
      expect(SampledRequestsEnabled).toBe(false);
    }
  });

  test('refuses a region where CloudFront takes no web ACL from', () => {
    const stack = new OtherStack(testApp(), ['euw1-az1', 'euw1-az2'], 'eu-west-1');
    expect(() => build({}, stack)).toThrow('WebAcl "Other/WebAcl" must stand in a stack in us-east-1, ');
  });
});

describe('EdgeStack', () => {
  const build = (edge: Partial<StackEnvironment['edge']>, overrides: Partial<StackEnvironment> = {}) => {
    const app = testApp();
    const playback = loadBalancer(new Stack(app, 'Playback', { env: { region: 'eu-west-1' } }));
    const base = environmentNamed('staging');
    const environment = { ...base, ...overrides, edge: { ...base.edge, ...edge } };
    return Template.fromStack(new EdgeStack(app, 'Edge', { env: { region: 'us-east-1' }, playback, environment }));
  };

  test.each([
    ['count', { Count: {} }],
    ['block', { None: {} }],
  ] as const)('puts a web ACL in mode %s before the distribution', (webAcl, OverrideAction) => {
    const template = build({ webAcl });
    expect(only(template, WEB_ACL).Rules[0].OverrideAction).toEqual(OverrideAction);
    const [id] = Object.keys(template.findResources(WEB_ACL));
    expect(only(template, DISTRIBUTION).DistributionConfig.WebACLId).toEqual({ 'Fn::GetAtt': [id, 'Arn'] });
  });

  test('turns off what the environment turns off', () => {
    const template = build({ webAcl: 'off', originShield: false, accessLogs: false });
    template.resourceCountIs(WEB_ACL, 0);
    template.resourceCountIs('AWS::Glue::Table', 0);
    expect(JSON.stringify(template.toJSON())).not.toContain('OriginShield');
    expect(Object.keys(template.findOutputs('*'))).toEqual(['DomainName']);
  });

  test('has Origin Shield near the load balancer where the environment wants one', () => {
    const { Origins } = only(build({ originShield: true }), DISTRIBUTION).DistributionConfig;
    expect(Origins.map((origin: Json) => origin.OriginShield?.OriginShieldRegion)).toEqual([
      'us-east-1',
      'eu-west-1',
      undefined,
    ]);
  });

  test('says where to query the access logs', () => {
    const template = build({ accessLogs: true });
    const { Name: database } = only(template, 'AWS::Glue::Database').DatabaseInput;
    const { Name: table } = only(template, 'AWS::Glue::Table').TableInput;
    expect(template.findOutputs('AccessLogTable')).toEqual({ AccessLogTable: { Value: `${database}.${table}` } });
    // Athena knows lower case alone.
    expect(database).toMatch(/^[a-z0-9_]+$/);
  });

  test('keeps all logs as long as the environment says', () => {
    const template = build({ webAcl: 'count' }, { logRetentionDays: 14 });
    template.resourceCountIs(LOG_GROUP, 2);
    template.allResourcesProperties(LOG_GROUP, { RetentionInDays: 14 });
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 14 })] },
    });
  });

  test('takes a domain with a zone, and one with a certificate', () => {
    const hostedZone = { id: 'Z1', name: 'example.com' };
    const zoned = build({ domain: { names: ['watch.example.com'], hostedZone } });
    zoned.resourceCountIs('AWS::Route53::RecordSet', 3);
    const certificateArn = 'arn:aws:acm:us-east-1:1:certificate/a';
    const own = build({ domain: { names: ['watch.example.com'], certificateArn } });
    expect(only(own, DISTRIBUTION).DistributionConfig.ViewerCertificate.AcmCertificateArn).toBe(certificateArn);
    own.resourceCountIs('AWS::Route53::RecordSet', 0);
  });
});

describe('the kinds of content', () => {
  const directives = (cacheControl: string): Record<string, number> =>
    Object.fromEntries([...cacheControl.matchAll(/([a-z-]+)=(\d+)/g)].map(([, name, value]) => [name!, Number(value)]));

  test.each(
    Object.entries(CONTENT_KINDS).flatMap(([name, kind]) => ('caching' in kind ? [[name, kind] as const] : [])),
  )('ask for no more than their policy allows, stale time included (%s)', (_, { cacheControl, caching }) => {
    const asked = directives(cacheControl);
    const stale = Math.max(asked['stale-if-error'] ?? 0, asked['stale-while-revalidate'] ?? 0);
    expect(asked['max-age']! + stale).toBeLessThanOrEqual(caching.maxSeconds);
    expect(asked['max-age']).toBe(caching.defaultSeconds);
  });

  test('stand in the guide as they are deployed', () => {
    const guide = readFileSync(join(ROOT, 'docs', 'edge.md'), 'utf8');
    const rows = guide.split('\n').filter((line) => line.startsWith('|'));
    const kinds: readonly ContentKinds[keyof ContentKinds][] = Object.values(CONTENT_KINDS);
    for (const kind of kinds) {
      const paths = 'path' in kind ? [kind.path] : 'paths' in kind ? kind.paths : ['all else'];
      const row = rows.find((line) => paths.every((path) => line.includes(path)) && line.includes(kind.cacheControl));
      expect({ paths, stands: row !== undefined }).toEqual({ paths, stands: true });
      if ('caching' in kind) {
        const { minSeconds, defaultSeconds, maxSeconds } = kind.caching;
        expect(row).toContain(`${minSeconds} / ${defaultSeconds} / ${maxSeconds}`);
      }
    }
  });

  test('are what the sample service sends with the shared page, and the reduced page has its shape', async () => {
    const app = buildApp({ sessions: new MemorySessions(), maxEventLoopDelayMs: 1000 });
    try {
      app.log.level = 'silent';
      const answer = await fetch((await app.listen({ port: 0, host: '127.0.0.1' })) + CONTENT_KINDS.sharedPage.path);
      expect(answer.headers.get('cache-control')).toBe(CONTENT_KINDS.sharedPage.cacheControl);
      const page = (await answer.json()) as object;
      const reduced = JSON.parse(readFileSync(join(ROOT, 'assets', 'fallback', 'open.json'), 'utf8'));
      // The same fields, so that a client reads both alike.
      expect({ ...page, ...reduced }).toEqual(reduced);
      expect(reduced.reduced).toBe(true);
    } finally {
      await app.close();
    }
  });
});
