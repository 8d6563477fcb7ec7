import { Match, Template } from 'aws-cdk-lib/assertions';
import { Peer, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { LogBucket } from '../../lib/constructs/log-bucket';
import { PlaybackTier, type PlaybackTierProps } from '../../lib/constructs/playback-tier';
import { ZonedVpc, type ZonedVpcProps } from '../../lib/constructs/zoned-vpc';
import { OtherStack } from '../stacks/test-app';

describe('ZonedVpc', () => {
  const build = (props: Partial<ZonedVpcProps> = {}, stack = new OtherStack()) => {
    new ZonedVpc(stack, 'Network', {
      zoneIds: ['use1-az1', 'use1-az2'],
      cidr: '10.0.0.0/20',
      maximumTasks: 900,
      logBucket: new LogBucket(stack, 'Logs'),
      ...props,
    });
    return Template.fromStack(stack);
  };

  test('places subnets by zone id, never by a name that means another zone in another account', () => {
    const subnets = Object.values(build().findResources('AWS::EC2::Subnet')).map(({ Properties }) => Properties);
    expect(subnets.map(({ AvailabilityZoneId, CidrBlock }) => `${AvailabilityZoneId} ${CidrBlock}`)).toEqual([
      'use1-az1 10.0.0.0/22',
      'use1-az2 10.0.4.0/22',
      'use1-az1 10.0.8.0/28',
      'use1-az2 10.0.8.16/28',
    ]);
    expect(subnets.some((properties) => 'AvailabilityZone' in properties)).toBe(false);
  });

  test('has a way out in each zone, and an internet gateway, which VPC origins need', () => {
    const template = build();
    template.resourceCountIs('AWS::EC2::NatGateway', 2);
    template.resourceCountIs('AWS::EC2::InternetGateway', 1);
  });

  test('logs all flows and closes the default security group', () => {
    const template = build();
    template.hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'ALL', LogDestinationType: 's3' });
    template.resourceCountIs('Custom::VpcRestrictDefaultSG', 1);
  });

  test.each<[string, Partial<ZonedVpcProps>, string]>([
    [
      'a range that cannot hold the tasks after the loss of a zone',
      { maximumTasks: 920 },
      'must hold 920 tasks after the loss of one of 2 zones, 10.0.0.0/20 holds 919; mend: ',
    ],
    ['a range without mask', { cidr: '10.0.0.0' }, 'with a mask of /16 to /28, got "10.0.0.0"; mend: '],
    ['a single zone', { zoneIds: ['use1-az1'] }, "must span at least 2 of the stack's availabilityZones"],
    [
      'zones that the stack does not name, which would be looked up',
      { zoneIds: ['use1-az1', 'use1-az4'] },
      '(use1-az1, use1-az2), got use1-az1, use1-az4; mend: ',
    ],
  ])('refuses %s', (_, props, message) => {
    expect(() => build(props)).toThrow(message);
  });
});

describe('PlaybackTier', () => {
  const build = (props: Partial<PlaybackTierProps> = {}) => {
    const stack = new OtherStack();
    new PlaybackTier(stack, 'PlaybackTier', {
      vpc: new Vpc(stack, 'Vpc'),
      ingress: [Peer.prefixList('pl-1')],
      logBucket: new LogBucket(stack, 'Logs'),
      image: ContainerImage.fromRegistry('app'),
      port: 8080,
      cpu: 1024,
      memoryMiB: 2048,
      ...props,
    });
    return Template.fromStack(stack);
  };

  test('never states a number of tasks, which would overwrite the live one', () => {
    build().hasResourceProperties('AWS::ECS::Service', { DesiredCount: Match.absent() });
  });

  test('keeps all tasks while a deployment rolls, in the room that the layer has, and rolls back a bad one', () => {
    const deployment = (maximum: number) => ({
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100,
        MaximumPercent: maximum,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
    });
    build().hasResourceProperties('AWS::ECS::Service', deployment(110));
    build({ maximumPercent: 150 }).hasResourceProperties('AWS::ECS::Service', deployment(150));
  });

  test('has a private load balancer that drops invalid headers and logs access', () => {
    build().hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
      Scheme: 'internal',
      LoadBalancerAttributes: Match.arrayWith([
        { Key: 'routing.http.drop_invalid_header_fields.enabled', Value: 'true' },
        { Key: 'access_logs.s3.enabled', Value: 'true' },
      ]),
    });
  });

  test('lets in only the named peer, and to tasks only the load balancer', () => {
    const rules = Object.values(build().findResources('AWS::EC2::SecurityGroupIngress'));
    expect(rules.map(({ Properties }) => [Properties.FromPort, Properties.ToPort])).toEqual([
      [80, 80],
      [8080, 8080],
    ]);
    expect(rules.map(({ Properties }) => Properties.SourcePrefixListId ?? 'a group')).toEqual(['pl-1', 'a group']);
    expect(rules.every(({ Properties }) => Properties.CidrIp === undefined)).toBe(true);
  });

  test('lets tasks out over TLS only', () => {
    build().hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: [Match.objectLike({ CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: 443, ToPort: 443 })],
    });
  });

  test('checks health at the root unless another path is given', () => {
    build().hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', { HealthCheckPath: '/', Port: 8080 });
    build({ healthCheckPath: '/health' }).hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      HealthCheckPath: '/health',
    });
  });

  test('publishes task counts and keeps task logs for a month', () => {
    const template = build();
    template.hasResourceProperties('AWS::ECS::Cluster', {
      ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }],
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  test.each<[string, Partial<PlaybackTierProps>, string]>([
    [
      'no ingress',
      { ingress: [] },
      'PlaybackTier "Other/PlaybackTier" has no ingress, so nobody could reach it; mend: ',
    ],
    ['no room for a deployment', { maximumPercent: 100 }, 'must have a maximumPercent above 100, got 100; '],
  ])('refuses %s', (_, props, message) => {
    expect(() => build(props)).toThrow(message);
  });
});
