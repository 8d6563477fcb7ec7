import {
  CfnSubnet,
  FlowLogDestination,
  FlowLogFileFormat,
  IpAddresses,
  SubnetType,
  Vpc,
  type ISubnet,
} from 'aws-cdk-lib/aws-ec2';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { privateSubnets } from '../capacity/network';

export interface ZonedVpcProps {
  /** Zones by id, for example `use1-az1`: the same places in all accounts, which names such as `us-east-1a` are not. */
  readonly zoneIds: readonly string[];
  /** IPv4 range, for example `10.40.0.0/16`. */
  readonly cidr: string;
  /** Most tasks that run at a time, a rolling deployment included; each takes one address. */
  readonly maximumTasks: number;
  /** Where flow logs go, under `flow-logs/`. */
  readonly logBucket: IBucket;
}

/**
 * A network over zones that are given by id, with private subnets that hold all tasks after the loss of a zone.
 *
 * The stack around it must return the same `zoneIds` from `availabilityZones` (`PlaybackStack` does): without that the CDK
 * looks zones up with credentials as soon as the account is known.
 *
 * @throws Error when `cidr` cannot hold `maximumTasks`.
 */
export class ZonedVpc extends Construct {
  readonly vpc: Vpc;

  constructor(scope: Construct, id: string, { zoneIds, cidr, maximumTasks, logBucket }: ZonedVpcProps) {
    super(scope, id);
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

    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(cidr),
      availabilityZones: [...zoneIds],
      // One for each zone, so that the loss of a zone does not cut the others off from their image registry.
      natGateways: zoneIds.length,
      // Private subnets first: they are aligned blocks, and the public ones, which hold NAT gateways only, take what is left.
      subnetConfiguration: [
        { name: 'Private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: subnets.mask },
        { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 28, mapPublicIpOnLaunch: false },
      ],
    });
    // Parquet in S3: thousands of tasks would make flow logs in CloudWatch Logs dearer than the network.
    this.vpc.addFlowLog('FlowLog', {
      destination: FlowLogDestination.toS3(logBucket, 'flow-logs', {
        fileFormat: FlowLogFileFormat.PARQUET,
        hiveCompatiblePartitions: true,
        perHourPartition: true,
      }),
    });
    for (const subnet of [...this.vpc.privateSubnets, ...this.vpc.publicSubnets]) placeByZoneId(subnet);
  }
}

/** The CDK writes a zone as `AvailabilityZone`, which takes names only. */
function placeByZoneId(subnet: ISubnet): void {
  const resource = subnet.node.defaultChild;
  if (!CfnSubnet.isCfnSubnet(resource)) throw new Error(`subnet "${subnet.node.path}" has no resource of its own`);
  resource.availabilityZoneId = resource.availabilityZone;
  resource.availabilityZone = undefined;
}
