import { Peer, Port, SecurityGroup, type IPeer, type IVpc, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import {
  AvailabilityZoneRebalancing,
  Cluster,
  ContainerInsights,
  FargateService,
  FargateTaskDefinition,
  CpuArchitecture,
  LogDriver,
  OperatingSystemFamily,
  type ContainerImage,
} from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

/** Port of the load balancer's one listener. */
const LISTENER_PORT = 80;

export interface PlaybackTierProps {
  /** Network from whose private subnets the image registry and CloudWatch Logs can be reached, through NAT or endpoints. */
  readonly vpc: IVpc;
  /** Where load balancer and tasks stand. @default - the private subnets, or the isolated ones where there are no private ones */
  readonly subnets?: SubnetSelection;
  /** Who may reach the load balancer, and nobody else; for example the prefix list of CloudFront. */
  readonly ingress: readonly IPeer[];
  /** Where the load balancer's access logs go, under `load-balancer/`. Its stack must have a literal region. */
  readonly logBucket: IBucket;
  readonly image: ContainerImage;
  /** Port on which the container listens. */
  readonly port: number;
  /** CPU units of a task, 1024 for one vCPU. */
  readonly cpu: number;
  readonly memoryMiB: number;
  /** Environment variables of the container. @default - none */
  readonly containerEnvironment?: Readonly<Record<string, string>>;
  /** Path that answers 200 when a task can serve. @default '/' */
  readonly healthCheckPath?: string;
  /** Most tasks in per cent of the desired count while a deployment rolls; above 100. @default 110 */
  readonly maximumPercent?: number;
  /** How long task logs are kept. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** Whether the load balancer refuses to be deleted. A distribution holds on to it: a new one would be another origin. @default true */
  readonly deletionProtection?: boolean;
}

/**
 * The playback service: an internal load balancer in front of Fargate tasks in private subnets.
 *
 * The template never states how many tasks run: a desired count in it would overwrite the live one at each update of the
 * service, in the middle of a release too. A scalable target elsewhere sets it.
 *
 * @throws Error when `ingress` is empty or `maximumPercent` is not above 100.
 */
export class PlaybackTier extends Construct {
  readonly cluster: Cluster;
  readonly service: FargateService;
  readonly loadBalancer: ApplicationLoadBalancer;
  readonly targetGroup: ApplicationTargetGroup;

  constructor(scope: Construct, id: string, props: PlaybackTierProps) {
    super(scope, id);
    const { vpc, ingress, port, healthCheckPath = '/', maximumPercent = 110, deletionProtection = true } = props;
    if (ingress.length === 0) {
      throw new Error(`PlaybackTier "${this.node.path}" has no ingress, so nobody could reach it; mend: name a peer`);
    }
    if (!(maximumPercent > 100)) {
      throw new Error(
        `PlaybackTier "${this.node.path}" must have a maximumPercent above 100, got ${maximumPercent}; all tasks stay up ` +
          `while a deployment rolls, so it needs room for more; mend: 110`,
      );
    }
    const { privateSubnets, isolatedSubnets } = vpc;
    const { subnets = { subnets: privateSubnets.length > 0 ? privateSubnets : isolatedSubnets } } = props;

    const loadBalancerGroup = new SecurityGroup(this, 'LoadBalancerGroup', {
      vpc,
      description: 'Playback load balancer: viewers in through the edge, out to tasks',
      allowAllOutbound: false,
    });
    for (const peer of ingress) {
      loadBalancerGroup.addIngressRule(peer, Port.tcp(LISTENER_PORT), 'Requests of viewers');
    }
    // Name, scheme and protocol are what a CloudFront VPC origin holds on to: while it is in use a change of them fails. The
    // name is therefore left to CloudFormation, which never changes it.
    this.loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      vpcSubnets: subnets,
      internetFacing: false,
      securityGroup: loadBalancerGroup,
      dropInvalidHeaderFields: true,
      deletionProtection,
    });
    this.loadBalancer.logAccessLogs(props.logBucket, 'load-balancer');

    this.cluster = new Cluster(this, 'Cluster', {
      vpc,
      // Running and desired task counts are published only with it.
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    const taskDefinition = new FargateTaskDefinition(this, 'Task', {
      cpu: props.cpu,
      memoryLimitMiB: props.memoryMiB,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.X86_64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    taskDefinition.addContainer('Playback', {
      image: props.image,
      portMappings: [{ containerPort: port }],
      environment: props.containerEnvironment,
      // What a task writes belongs into a table: the next task knows nothing of it.
      readonlyRootFilesystem: true,
      // A stopping task has left the load balancer before it gets SIGTERM; this is what it has to end the last requests and connections.
      stopTimeout: Duration.seconds(30),
      logging: LogDriver.awsLogs({
        streamPrefix: 'playback',
        logGroup: new LogGroup(this, 'TaskLogs', { retention: props.logRetention ?? RetentionDays.ONE_MONTH }),
      }),
    });
    const taskGroup = new SecurityGroup(this, 'TaskGroup', {
      vpc,
      description: 'Playback tasks: requests in from the load balancer, out to AWS services over TLS',
      allowAllOutbound: false,
    });
    taskGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'Image registry, logs and AWS services');

    this.service = new FargateService(this, 'Service', {
      cluster: this.cluster,
      taskDefinition,
      vpcSubnets: subnets,
      securityGroups: [taskGroup],
      assignPublicIp: false,
      // No desired count; see above.
      minHealthyPercent: 100,
      maxHealthyPercent: maximumPercent,
      // A bad image ends its own deployment and the last good one comes back, without anybody awake.
      circuitBreaker: { rollback: true },
      // No failed health check counts while a task boots: as long as the start latency that floors lead by.
      healthCheckGracePeriod: Duration.seconds(120),
      // The sizing bears the loss of a zone while tasks are spread evenly; a new one is ready before the one that it replaces goes.
      availabilityZoneRebalancing: AvailabilityZoneRebalancing.ENABLED,
    });

    this.targetGroup = new ApplicationTargetGroup(this, 'Targets', {
      vpc,
      protocol: ApplicationProtocol.HTTP,
      port,
      targetType: TargetType.IP,
      targets: [this.service],
      healthCheck: {
        path: healthCheckPath,
        // Two answers 10 s apart: 20 s of the start latency that floors lead by. Three misses take a task out within 30 s.
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 3,
      },
      // Playback requests take milliseconds: half a minute lets those in flight end, and gives capacity back soon.
      deregistrationDelay: Duration.seconds(30),
    });
    this.loadBalancer.addListener('Http', {
      port: LISTENER_PORT,
      // TLS ends at the edge. The way from there stays on the network of AWS and in this VPC; a listener with TLS needs
      // a name and a certificate of the team's own.
      protocol: ApplicationProtocol.HTTP,
      open: false,
      defaultTargetGroups: [this.targetGroup],
    });
  }
}
