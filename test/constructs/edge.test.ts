import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Tags } from 'aws-cdk-lib/core';
import { EdgeDistribution, type EdgeDistributionProps } from '../../lib/constructs/edge-distribution';
import { LogBucket } from '../../lib/constructs/log-bucket';
import { OtherStack, testApp } from '../stacks/test-app';

describe('EdgeDistribution', () => {
  const build = (
    props: (stack: OtherStack) => Partial<EdgeDistributionProps> = () => ({}),
    stack = new OtherStack(),
  ) => {
    new EdgeDistribution(stack, 'Edge', {
      playback: new ApplicationLoadBalancer(stack, 'LoadBalancer', { vpc: new Vpc(stack, 'Vpc') }),
      logBucket: new LogBucket(stack, 'Logs'),
      ...props(stack),
    });
    return Template.fromStack(stack);
  };
  const DISTRIBUTION = 'AWS::CloudFront::Distribution';

  test('shows a page of its own for server errors, with the status kept and forgotten after 10 s', () => {
    build().hasResourceProperties(DISTRIBUTION, {
      DistributionConfig: {
        CustomErrorResponses: [500, 502, 503, 504].map((status) => ({
          ErrorCode: status,
          ResponseCode: status,
          ResponsePagePath: '/error-page/5xx.html',
          ErrorCachingMinTTL: 10,
        })),
        CacheBehaviors: Match.arrayWith([Match.objectLike({ PathPattern: '/error-page/*' })]),
      },
    });
  });

  test('sends playback requests to the private load balancer, uncached', () => {
    const template = build(() => ({ playbackPaths: ['/play/*'], playbackPort: 8080 }));
    template.hasResourceProperties(DISTRIBUTION, {
      DistributionConfig: {
        CacheBehaviors: Match.arrayWith([
          Match.objectLike({ PathPattern: '/play/*', CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad' }),
        ]),
        Origins: Match.arrayWith([
          Match.objectLike({ VpcOriginConfig: Match.anyValue(), ConnectionAttempts: 2, ConnectionTimeout: 3 }),
        ]),
      },
    });
    template.hasResourceProperties('AWS::CloudFront::VpcOrigin', {
      VpcOriginEndpointConfig: { HTTPPort: 8080, OriginProtocolPolicy: 'http-only' },
    });
  });

  test('keeps tags off the VPC origin, which cannot change while it is in use', () => {
    const app = testApp();
    Tags.of(app).add('release', '1');
    const template = build(undefined, new OtherStack(app));
    template.hasResourceProperties('AWS::CloudFront::VpcOrigin', { Tags: Match.absent() });
    template.hasResourceProperties(DISTRIBUTION, { Tags: [{ Key: 'release', Value: '1' }] });
  });

  test('speaks HTTP/3, and sends security headers from every path', () => {
    const template = build();
    template.hasResourceProperties(DISTRIBUTION, {
      DistributionConfig: {
        HttpVersion: 'http2and3',
        DefaultCacheBehavior: { ResponseHeadersPolicyId: Match.anyValue() },
        CacheBehaviors: [
          Match.objectLike({ ResponseHeadersPolicyId: Match.anyValue() }),
          Match.objectLike({ ResponseHeadersPolicyId: Match.anyValue() }),
        ],
      },
    });
    template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: {
        SecurityHeadersConfig: {
          StrictTransportSecurity: { AccessControlMaxAgeSec: 31_536_000 },
          FrameOptions: { FrameOption: 'DENY' },
        },
      },
    });
  });

  test('requires TLS 1.2 under names of its own', () => {
    const names = ['watch.example.com'];
    build((stack) => ({
      domain: {
        names,
        certificate: Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:us-east-1:1:certificate/a'),
      },
    })).hasResourceProperties(DISTRIBUTION, {
      DistributionConfig: { Aliases: names, ViewerCertificate: { MinimumProtocolVersion: 'TLSv1.2_2021' } },
    });
  });

  test('takes a web ACL', () => {
    const webAclArn = 'arn:aws:wafv2:us-east-1:1:global/webacl/a/b';
    build(() => ({ webAclArn })).hasResourceProperties(DISTRIBUTION, { DistributionConfig: { WebACLId: webAclArn } });
  });

  test('delivers access logs as Parquet', () => {
    const template = build();
    template.hasResourceProperties('AWS::Logs::DeliverySource', { LogType: 'ACCESS_LOGS' });
    template.hasResourceProperties('AWS::Logs::DeliveryDestination', { OutputFormat: 'parquet' });
  });

  test('warns of nothing', () => {
    const stack = new OtherStack();
    build(undefined, stack);
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('refuses a region where CloudFront has no logs', () => {
    const stack = new OtherStack(testApp(), ['euw1-az1', 'euw1-az2'], 'eu-west-1');
    expect(() => build(undefined, stack)).toThrow('must stand in a stack in us-east-1, ');
  });
});
