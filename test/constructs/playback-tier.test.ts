import { Match, Template } from 'aws-cdk-lib/assertions';
import { Peer, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogBucket } from '../../lib/constructs/log-bucket';
import { PlaybackTier, type PlaybackTierProps } from '../../lib/constructs/playback-tier';
import { SessionTable, type SessionTableProps } from '../../lib/constructs/session-table';
import { ZonedVpc, type ZonedVpcProps } from '../../lib/constructs/zoned-vpc';
import { CfnResource } from 'aws-cdk-lib/core';
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

  test('has a single NAT gateway where that is asked for', () => {
    build({ egress: { via: 'nat', gateways: 1 } }).resourceCountIs('AWS::EC2::NatGateway', 1);
  });

  test('leads to AWS and nowhere else through endpoints, with an internet gateway that no route leads to', () => {
    const template = build({ egress: { via: 'endpoints' } });
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    template.resourceCountIs('AWS::EC2::Route', 0);
    template.resourceCountIs('AWS::EC2::Subnet', 2);
    template.resourceCountIs('AWS::EC2::VPCGatewayAttachment', 1);
    const endpoints = Object.values(template.findResources('AWS::EC2::VPCEndpoint')).map(({ Properties }) => [
      Properties.VpcEndpointType,
      /(s3|dynamodb|ecr\.\w+|logs)\W*$/.exec(JSON.stringify(Properties.ServiceName))?.[1],
      Properties.SubnetIds?.length ?? Properties.RouteTableIds.length,
    ]);
    expect(new Set(endpoints)).toEqual(
      new Set([
        ['Gateway', 'dynamodb', 2],
        ['Gateway', 's3', 2],
        ['Interface', 'ecr.api', 2],
        ['Interface', 'ecr.dkr', 2],
        ['Interface', 'logs', 2],
      ]),
    );
  });

  test('lets the network reach its interface endpoints over TLS, and nobody else', () => {
    build({ egress: { via: 'endpoints' } }).hasResourceProperties('AWS::EC2::SecurityGroup', {
      GroupDescription: 'Interface endpoints: TLS from the network',
      SecurityGroupIngress: [Match.objectLike({ CidrIp: '10.0.0.0/20', FromPort: 443, ToPort: 443 })],
    });
  });

  test('carries nothing to buckets and tables of others through endpoints', () => {
    const template = build({ egress: { via: 'endpoints' } });
    const policies = Object.values(
      template.findResources('AWS::EC2::VPCEndpoint', { Properties: { VpcEndpointType: 'Gateway' } }),
    );
    expect(policies.map(({ Properties }) => JSON.stringify(Properties.PolicyDocument.Statement[0].Resource))).toEqual([
      expect.stringContaining(':s3:::prod-us-east-1-starport-layer-bucket/*'),
      expect.stringMatching(/:dynamodb:us-east-1:.*AccountId.*:table\/\*/),
    ]);
  });

  test.each([
    [
      'its routes to NAT gateways',
      { via: 'nat', gateways: 1 },
      ['AWS::EC2::Route', 'AWS::EC2::SubnetRouteTableAssociation', 'AWS::EC2::VPCEndpoint'],
    ],
    ['its endpoints', { via: 'endpoints' }, ['AWS::EC2::VPCEndpoint']],
  ] as const)('is ready for a service when %s are there', (_, egress, types) => {
    const stack = new OtherStack();
    const { egressReady } = new ZonedVpc(stack, 'Network', {
      zoneIds: ['use1-az1', 'use1-az2'],
      cidr: '10.0.0.0/20',
      maximumTasks: 900,
      logBucket: new LogBucket(stack, 'Logs'),
      egress,
    });
    const service = new CfnResource(stack, 'Service', { type: 'AWS::CloudFormation::WaitConditionHandle' });
    service.node.addDependency(egressReady);
    const { Resources } = Template.fromStack(stack).toJSON() as {
      Resources: Record<string, { Type: string; DependsOn?: string[] }>;
    };
    const awaited = Resources['Service']!.DependsOn!.map((id) => Resources[id]!.Type);
    expect(new Set(awaited)).toEqual(new Set(types));
    expect(awaited.filter((type) => type === 'AWS::EC2::VPCEndpoint')).toHaveLength(egress.via === 'nat' ? 2 : 5);
  });

  test('carries images and sessions past its NAT gateways', () => {
    build().resourcePropertiesCountIs('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' }, 2);
  });

  test('logs all flows and closes the default security group', () => {
    const template = build();
    template.hasResourceProperties('AWS::EC2::FlowLog', {
      TrafficType: 'ALL',
      LogDestinationType: 's3',
      DestinationOptions: { FileFormat: 'parquet', HiveCompatiblePartitions: true, PerHourPartition: true },
    });
    template.resourceCountIs('Custom::VpcRestrictDefaultSG', 1);
  });

  test('keeps the log of what closed the default group for a month', () => {
    const template = build();
    const [logGroup] = Object.keys(
      template.findResources('AWS::Logs::LogGroup', { Properties: { RetentionInDays: 30 } }),
    );
    template.hasResourceProperties('AWS::Lambda::Function', { LoggingConfig: { LogGroup: { Ref: logGroup } } });
  });

  test.each<[string, Partial<ZonedVpcProps>, string]>([
    [
      'a range that cannot hold the tasks after the loss of a zone',
      { maximumTasks: 920 },
      'must hold 920 tasks after the loss of one of 2 zones, 10.0.0.0/20 holds 919; mend: ',
    ],
    ['a range without mask', { cidr: '10.0.0.0' }, 'with a mask of /16 to /28, got "10.0.0.0"; mend: '],
    [
      'more NAT gateways than zones',
      { egress: { via: 'nat', gateways: 3 } },
      'must have 1 to 2 NAT gateways, one for each zone at most, got 3; mend: ',
    ],
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
  const PRIVATE = { name: 'Private', subnetType: SubnetType.PRIVATE_WITH_EGRESS };
  const build = (props: Partial<PlaybackTierProps> = {}, stack = new OtherStack()) => {
    new PlaybackTier(stack, 'PlaybackTier', {
      vpc: props.vpc ?? new Vpc(stack, 'Vpc'),
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

  test('spreads tasks over zones again after one was lost, and lets them boot', () => {
    build().hasResourceProperties('AWS::ECS::Service', {
      AvailabilityZoneRebalancing: 'ENABLED',
      HealthCheckGracePeriodSeconds: 120,
    });
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

  test('gives a stopping task half a minute, and no disk to write on', () => {
    build({ containerEnvironment: { SESSION_TABLE: 'sessions' } }).hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          StopTimeout: 30,
          ReadonlyRootFilesystem: true,
          Environment: [{ Name: 'SESSION_TABLE', Value: 'sessions' }],
        }),
      ],
    });
  });

  test('drains a target for half a minute', () => {
    build().hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      TargetGroupAttributes: Match.arrayWith([{ Key: 'deregistration_delay.timeout_seconds', Value: '30' }]),
    });
  });

  test('has a load balancer that cannot be deleted by mistake, unless that is wanted', () => {
    const attribute = (value: string) => ({
      LoadBalancerAttributes: Match.arrayWith([{ Key: 'deletion_protection.enabled', Value: value }]),
    });
    build().hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', attribute('true'));
    build({ deletionProtection: false }).hasResourceProperties(
      'AWS::ElasticLoadBalancingV2::LoadBalancer',
      attribute('false'),
    );
  });

  test('stands in isolated subnets where a network has no other private ones, or where it is told to', () => {
    const stack = new OtherStack();
    const subnetConfiguration = [
      { name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED },
      { name: 'Public', subnetType: SubnetType.PUBLIC },
    ];
    const vpc = new Vpc(stack, 'Own', { subnetConfiguration });
    const isolated = stack.resolve(vpc.isolatedSubnets.map(({ subnetId }) => subnetId)) as object[];
    build({ vpc }, stack).hasResourceProperties('AWS::ECS::Service', {
      NetworkConfiguration: { AwsvpcConfiguration: { Subnets: isolated, AssignPublicIp: 'DISABLED' } },
    });

    const other = new OtherStack();
    const wide = new Vpc(other, 'Own', { subnetConfiguration: [...subnetConfiguration, PRIVATE] });
    const chosen = other.resolve(wide.isolatedSubnets.map(({ subnetId }) => subnetId)) as object[];
    build({ vpc: wide, subnets: { subnetType: SubnetType.PRIVATE_ISOLATED } }, other).hasResourceProperties(
      'AWS::ECS::Service',
      { NetworkConfiguration: { AwsvpcConfiguration: { Subnets: chosen } } },
    );
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

describe('SessionTable', () => {
  const build = (props?: SessionTableProps) => {
    const stack = new OtherStack();
    new SessionTable(stack, 'Sessions', props);
    return Template.fromStack(stack);
  };
  const TABLE = 'AWS::DynamoDB::GlobalTable';

  test('forgets sessions by itself, is encrypted, and can be restored', () => {
    build().hasResource(TABLE, {
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        SSESpecification: { SSEEnabled: true },
        Replicas: [
          {
            Region: 'us-east-1',
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
            DeletionProtectionEnabled: true,
          },
        ],
        WarmThroughput: Match.absent(),
      },
      DeletionPolicy: 'Retain',
    });
  });

  test('serves a premiere from its first minute', () => {
    const warmThroughput = { readUnitsPerSecond: 12_000, writeUnitsPerSecond: 35_000 };
    build({ warmThroughput }).hasResourceProperties(TABLE, {
      WarmThroughput: { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 35_000 },
    });
  });

  test('goes with its stack where it may', () => {
    build({ deletionProtection: false, pointInTimeRecovery: false }).hasResource(TABLE, {
      Properties: { Replicas: [Match.objectLike({ DeletionProtectionEnabled: false })] },
      DeletionPolicy: 'Delete',
    });
  });

  test('lets a service open and close sessions, and read nobody', () => {
    const stack = new OtherStack();
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    new SessionTable(stack, 'Sessions').grantSessions(role);
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          {
            Action: ['dynamodb:DeleteItem', 'dynamodb:PutItem'],
            Effect: 'Allow',
            Resource: { 'Fn::GetAtt': [Match.anyValue(), 'Arn'] },
          },
        ],
      },
    });
  });
});
