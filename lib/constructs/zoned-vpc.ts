import {
  CfnInternetGateway,
  type CfnFlowLog,
  CfnSubnet,
  CfnVPCGatewayAttachment,
  FlowLogDestination,
  FlowLogFileFormat,
  type GatewayVpcEndpoint,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
  type ISubnet,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { CfnResource, Stack } from 'aws-cdk-lib/core';
import { Construct, DependencyGroup } from 'constructs';
import { privateSubnets } from '../capacity/network';

export interface ZonedVpcProps {
  /** Zones by id, for example `use1-az1`: the same places in all accounts, which names such as `us-east-1a` are not. */
  readonly zoneIds: readonly string[];
  /** IPv4 range, for example `10.40.0.0/16`. */
  readonly cidr: string;
  /** Most tasks that run at a time, a rolling deployment included; each takes one address. */
  readonly maximumTasks: number;
  /**
   * How what runs in the private subnets reaches AWS. With `endpoints` there is no way to the internet, only to ECR with its images, CloudWatch
   * Logs and the tables of this account; with `nat` it leads through so many gateways, at most one for each zone.
   *
   * @default - a NAT gateway for each zone
   */
  readonly egress?: { readonly via: 'endpoints' } | { readonly via: 'nat'; readonly gateways: number };
  /** Where flow logs go, under `flow-logs/`. */
  readonly logBucket: IBucket;
  /** How long the log of closing the default security group is kept. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
}

/** What a service does with the items of a table. */
const TABLE_ACTIONS = [
  'BatchGetItem',
  'BatchWriteItem',
  'ConditionCheckItem',
  'DeleteItem',
  'DescribeTable',
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
].map((action) => `dynamodb:${action}`);

/** What tasks on Fargate need without a way to the internet, beside S3, which holds the layers of images. */
const INTERFACE_ENDPOINTS = {
  EcrApi: InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
};

/**
 * A network over zones that are given by id, with private subnets that hold all tasks after the loss of a zone.
 *
 * The stack around it must return the same `zoneIds` from `availabilityZones` (`PlaybackStack` does): without that the CDK
 * looks zones up with credentials as soon as the account is known.
 *
 * @throws Error when `cidr` cannot hold `maximumTasks`, or there are more NAT gateways than zones.
 */
export class ZonedVpc extends Construct {
  readonly vpc: Vpc;
  /** What must be there before a task can pull its image: let a service depend on it. */
  readonly egressReady = new DependencyGroup();
  /** With `endpoints` it lets through the layers of images and nothing else: add what your service reads. */
  readonly s3Endpoint: GatewayVpcEndpoint;
  /** With `endpoints` it leads to the tables of this account alone. */
  readonly dynamoDbEndpoint: GatewayVpcEndpoint;

  constructor(scope: Construct, id: string, { zoneIds, cidr, maximumTasks, logBucket, ...props }: ZonedVpcProps) {
    super(scope, id);
    const { logRetention = RetentionDays.ONE_MONTH, egress = { via: 'nat', gateways: zoneIds.length } } = props;
    const zones = Stack.of(this).availabilityZones;
    if (zoneIds.length < 2 || zoneIds.some((zoneId) => !zones.includes(zoneId))) {
      throw new Error(
        `ZonedVpc "${this.node.path}" must span at least 2 of the stack's availabilityZones (${zones.join(', ')}), got ` +
          `${zoneIds.join(', ') || 'none'}; mend: return the zone ids from "get availabilityZones()" of the stack`,
      );
    }
    const subnets = privateSubnets(cidr, zoneIds.length);
    if (subnets === undefined) {
      throw new Error(`the VPC's range must be written with a mask of /16 to /28, got "${cidr}"; mend: 10.40.0.0/16`);
    }
    if (subnets.tasksAfterZoneLoss < maximumTasks) {
      throw new Error(
        `ZonedVpc "${this.node.path}" must hold ${maximumTasks} tasks after the loss of one of ${zoneIds.length} zones, ` +
          `${cidr} holds ${subnets.tasksAfterZoneLoss}; mend: choose a larger vpcCidr`,
      );
    }

    if (egress.via === 'nat' && !(egress.gateways >= 1 && egress.gateways <= zoneIds.length)) {
      throw new Error(
        `ZonedVpc "${this.node.path}" must have 1 to ${zoneIds.length} NAT gateways, one for each zone at most, got ${egress.gateways}; ` +
          `mend: ${zoneIds.length}, so that no zone depends on another`,
      );
    }
    const isolated = egress.via === 'endpoints';
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(cidr),
      availabilityZones: [...zoneIds],
      natGateways: isolated ? 0 : egress.gateways,
      // Private subnets first: they are aligned blocks, and the public ones, which hold NAT gateways only, take what is left.
      subnetConfiguration: isolated
        ? [{ name: 'Private', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: subnets.mask }]
        : [
            { name: 'Private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: subnets.mask },
            { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 28, mapPublicIpOnLaunch: false },
          ],
    });
    this.keepLogOfDefaultGroup(logRetention);
    if (isolated) this.addInternetGateway();
    this.s3Endpoint = this.vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
    this.dynamoDbEndpoint = this.vpc.addGatewayEndpoint('DynamoDb', { service: GatewayVpcEndpointAwsService.DYNAMODB });
    this.addEndpoints(cidr, isolated);
    // Parquet in S3: thousands of tasks would make flow logs in CloudWatch Logs dearer than the network.
    const flowLog = this.vpc.addFlowLog('FlowLog', {
      destination: FlowLogDestination.toS3(logBucket, 'flow-logs', {
        fileFormat: FlowLogFileFormat.PARQUET,
        hiveCompatiblePartitions: true,
        perHourPartition: true,
      }),
    });
    // The CDK spells their names in a way that the schema of the resource refuses: https://github.com/aws/aws-cdk/issues/25432
    (flowLog.node.defaultChild as CfnFlowLog).destinationOptions = {
      FileFormat: FlowLogFileFormat.PARQUET,
      HiveCompatiblePartitions: true,
      PerHourPartition: true,
    };
    for (const subnet of [...this.vpc.isolatedSubnets, ...this.vpc.privateSubnets, ...this.vpc.publicSubnets])
      placeByZoneId(subnet);
  }

  /** The function with which the CDK closes the default security group would leave a log that nobody ever empties. */
  private keepLogOfDefaultGroup(retention: RetentionDays): void {
    const provider = Stack.of(this).node.tryFindChild('Custom::VpcRestrictDefaultSGCustomResourceProvider');
    const handler = provider?.node.tryFindChild('Handler');
    if (!CfnResource.isCfnResource(handler)) return;
    const { logGroupName } = new LogGroup(this, 'DefaultGroupLogs', { retention });
    handler.addPropertyOverride('LoggingConfig', { LogGroup: logGroupName });
  }

  /** CloudFront reaches a VPC origin only in a VPC with an internet gateway. No subnet has a route to it. */
  private addInternetGateway(): void {
    const gateway = new CfnInternetGateway(this, 'InternetGateway');
    new CfnVPCGatewayAttachment(this, 'InternetGatewayAttachment', {
      vpcId: this.vpc.vpcId,
      internetGatewayId: gateway.ref,
    });
  }

  /** Gateway endpoints cost nothing and carry the layers of images, so both ways out have them. */
  private addEndpoints(cidr: string, isolated: boolean): void {
    this.egressReady.add(
      // Their routes to the NAT gateways, where there are any.
      ...this.vpc.privateSubnets.map((subnet) => subnet.internetConnectivityEstablished),
      this.s3Endpoint,
      this.dynamoDbEndpoint,
    );
    if (!isolated) return;
    const { account, partition, region } = Stack.of(this);
    // Without these anybody in the network could carry anything to buckets and tables of any account.
    this.s3Endpoint.addToPolicy(
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: ['s3:GetObject'],
        // Where ECR keeps the layers of images.
        resources: [`arn:${partition}:s3:::prod-${region}-starport-layer-bucket/*`],
      }),
    );
    this.dynamoDbEndpoint.addToPolicy(
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: TABLE_ACTIONS,
        resources: [`arn:${partition}:dynamodb:${region}:${account}:table/*`],
      }),
    );
    const group = new SecurityGroup(this, 'EndpointGroup', {
      vpc: this.vpc,
      description: 'Interface endpoints: TLS from the network',
      allowAllOutbound: false,
    });
    group.addIngressRule(Peer.ipv4(cidr), Port.tcp(443), 'What runs in the network');
    for (const [id, service] of Object.entries(INTERFACE_ENDPOINTS)) {
      this.egressReady.add(this.vpc.addInterfaceEndpoint(id, { service, securityGroups: [group], open: false }));
    }
  }
}

/** The CDK writes a zone as `AvailabilityZone`, which takes names only. */
function placeByZoneId(subnet: ISubnet): void {
  const resource = subnet.node.defaultChild;
  if (!CfnSubnet.isCfnSubnet(resource)) throw new Error(`subnet "${subnet.node.path}" has no resource of its own`);
  resource.availabilityZoneId = resource.availabilityZone;
  resource.availabilityZone = undefined;
}
