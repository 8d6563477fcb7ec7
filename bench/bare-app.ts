import path from 'node:path';
import { PredefinedMetric, ScalableTarget, Schedule, ServiceNamespace } from 'aws-cdk-lib/aws-applicationautoscaling';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  HeadersFrameOption,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  ViewerProtocolPolicy,
  VpcOrigin,
  VpcOriginEndpoint,
  type BehaviorOptions,
  type DistributionProps,
  type IOrigin,
} from 'aws-cdk-lib/aws-cloudfront';
import { OriginGroup, S3BucketOrigin, VpcOrigin as VpcOriginOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import {
  Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import {
  CfnInternetGateway,
  CfnVPCGatewayAttachment,
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition, LogDriver } from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  HttpCodeElb,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Rule, Schedule as EventSchedule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { CfnDelivery, CfnDeliveryDestination, CfnDeliverySource, LogGroup } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { CfnLoggingConfiguration, CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { App, Duration, Stack, Stage, type StackProps } from 'aws-cdk-lib/core';
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import { Trigger } from 'aws-cdk-lib/triggers';
import type { Construct } from 'constructs';

// The resources of prod as somebody would write them with the CDK's own constructs, and nothing of lib: the price of a synth without
// ours. Only their number by type has to agree, which the benchmark checks, so properties are few. Stages and stacks have the
// names of ours, because resources are compared by stack.

const ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1d'];

/** Scheduled actions of the season, which are an array in one resource. */
const ACTIONS = 93;
const FIRST_ACTION_AT = Date.UTC(2026, 10, 26);

function privateBucket(scope: Construct, id: string, logBucket?: Bucket): Bucket {
  return new Bucket(scope, id, {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    ...(logBucket
      ? { serverAccessLogsBucket: logBucket, serverAccessLogsPrefix: 'bucket/' }
      : { lifecycleRules: [{ expiration: Duration.days(90) }] }),
  });
}

class Playback extends Stack {
  readonly loadBalancer: ApplicationLoadBalancer;
  readonly targetGroup: ApplicationTargetGroup;
  readonly service: FargateService;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const logBucket = privateBucket(this, 'Logs');
    const vpc = this.network(logBucket);
    const sessions = new TableV2(this, 'Sessions', {
      partitionKey: { name: 'session', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      warmThroughput: { readUnitsPerSecond: 12_000, writeUnitsPerSecond: 35_000 },
    });

    const vpcSubnets = { subnetType: SubnetType.PRIVATE_ISOLATED };
    const loadBalancerGroup = new SecurityGroup(this, 'LoadBalancerGroup', { vpc, allowAllOutbound: false });
    loadBalancerGroup.addIngressRule(Peer.prefixList('pl-3b927c52'), Port.tcp(80));
    this.loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      vpcSubnets,
      internetFacing: false,
      securityGroup: loadBalancerGroup,
    });
    this.loadBalancer.logAccessLogs(logBucket, 'load-balancer');

    const taskDefinition = new FargateTaskDefinition(this, 'Task', { cpu: 4096, memoryLimitMiB: 8192 });
    taskDefinition.addContainer('Playback', {
      image: ContainerImage.fromEcrRepository(Repository.fromRepositoryName(this, 'Images', 'prescale/playback')),
      portMappings: [{ containerPort: 8080 }],
      environment: { SESSION_TABLE: sessions.tableName },
      logging: LogDriver.awsLogs({ streamPrefix: 'playback', logGroup: new LogGroup(this, 'TaskLogs') }),
    });
    sessions.grant(taskDefinition.taskRole, 'dynamodb:PutItem', 'dynamodb:DeleteItem');
    const taskGroup = new SecurityGroup(this, 'TaskGroup', { vpc, allowAllOutbound: false });
    taskGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443));
    this.service = new FargateService(this, 'Service', {
      cluster: new Cluster(this, 'Cluster', { vpc }),
      taskDefinition,
      vpcSubnets,
      securityGroups: [taskGroup],
      minHealthyPercent: 100,
      circuitBreaker: { rollback: true },
    });
    this.targetGroup = new ApplicationTargetGroup(this, 'Targets', {
      vpc,
      protocol: ApplicationProtocol.HTTP,
      port: 8080,
      targetType: TargetType.IP,
      targets: [this.service],
    });
    this.loadBalancer.addListener('Http', {
      protocol: ApplicationProtocol.HTTP,
      open: false,
      defaultTargetGroups: [this.targetGroup],
    });
  }

  /** With the account known, the CDK would look them up with credentials. */
  override get availabilityZones(): string[] {
    return ZONES;
  }

  private network(logBucket: Bucket): Vpc {
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.40.0.0/16'),
      maxAzs: ZONES.length,
      natGateways: 0,
      subnetConfiguration: [{ name: 'Private', subnetType: SubnetType.PRIVATE_ISOLATED }],
    });
    const gateway = new CfnInternetGateway(this, 'InternetGateway');
    new CfnVPCGatewayAttachment(this, 'InternetGatewayAttachment', {
      vpcId: vpc.vpcId,
      internetGatewayId: gateway.ref,
    });
    vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
    vpc.addGatewayEndpoint('DynamoDb', { service: GatewayVpcEndpointAwsService.DYNAMODB });
    const securityGroup = new SecurityGroup(this, 'EndpointGroup', { vpc, allowAllOutbound: false });
    securityGroup.addIngressRule(Peer.ipv4('10.40.0.0/16'), Port.tcp(443));
    for (const [id, service] of Object.entries({
      EcrApi: InterfaceVpcEndpointAwsService.ECR,
      EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
      Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    })) {
      vpc.addInterfaceEndpoint(id, { service, securityGroups: [securityGroup], open: false });
    }
    vpc.addFlowLog('FlowLog', { destination: FlowLogDestination.toS3(logBucket, 'flow-logs') });
    new LogGroup(this, 'DefaultGroupLogs');
    return vpc;
  }
}

function guardMetric(metricName: string): Metric {
  return new Metric({ namespace: 'bare', metricName, dimensionsMap: { environment: 'prod', target: 'playback' } });
}

function alarmOn(stack: Stack, id: string, metric: IMetric, topic: Topic): Alarm {
  const alarm = new Alarm(stack, id, { metric, threshold: 0, evaluationPeriods: 3 });
  alarm.addAlarmAction(new SnsAction(topic));
  return alarm;
}

interface OnPlayback extends StackProps {
  readonly playback: Playback;
}

class Capacity extends Stack {
  constructor(scope: Construct, id: string, { playback, ...props }: OnPlayback) {
    super(scope, id, props);
    const { service, loadBalancer, targetGroup } = playback;
    const target = new ScalableTarget(this, 'Target', {
      serviceNamespace: ServiceNamespace.ECS,
      scalableDimension: 'ecs:service:DesiredCount',
      resourceId: `service/${service.cluster.clusterName}/${service.serviceName}`,
      minCapacity: 120,
      maxCapacity: 1600,
      role: Role.fromRoleArn(this, 'ScalingRole', `arn:aws:iam::${this.account}:role/scaling`, { mutable: false }),
    });
    for (let action = 0; action < ACTIONS; action += 1) {
      const at = new Date(FIRST_ACTION_AT + action * 3_600_000);
      target.scaleOnSchedule(`Floor${action}`, {
        schedule: Schedule.at(at),
        minCapacity: 120 + action,
        maxCapacity: 1600,
      });
    }
    target.scaleToTrackMetric('RequestsPerTask', {
      predefinedMetric: PredefinedMetric.ALB_REQUEST_COUNT_PER_TARGET,
      resourceLabel: `${loadBalancer.loadBalancerFullName}/${targetGroup.targetGroupFullName}`,
      targetValue: 36_000,
    });
    target.scaleToTrackMetric('Cpu', {
      predefinedMetric: PredefinedMetric.ECS_SERVICE_AVERAGE_CPU_UTILIZATION,
      targetValue: 60,
    });
    this.guard(target);
    this.watch(loadBalancer);
  }

  private watch(loadBalancer: ApplicationLoadBalancer): void {
    const [wake, inform] = ['Wake', 'Inform'].map((id) => new Topic(this, id, { enforceSSL: true }));
    const events = new LogGroup(this, 'Events', { logGroupName: '/aws/events/bare' });
    const metrics: IMetric[] = [
      ...['HoursCovered', 'PlanExpired', 'GuardFailed', 'Repairs', 'Overrides', 'DrillFailed', 'Paused'].map((name) =>
        guardMetric(name),
      ),
      ...['Healthy', 'LiveFloor', 'Running', 'ScaleInSuspended', 'Problems'].map(
        (name) =>
          new MathExpression({
            expression: 'planned - live',
            usingMetrics: { planned: guardMetric('PlannedFloor'), live: guardMetric(name) },
          }),
      ),
      loadBalancer.metrics.targetResponseTime({ statistic: 'p99' }),
      new MathExpression({
        expression: '100 * errors / requests',
        usingMetrics: {
          errors: loadBalancer.metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT),
          requests: loadBalancer.metrics.requestCount(),
        },
      }),
      ...['ScaledToMax', 'PlacementFailed', 'Throttled'].map((eventName) => {
        const { ruleName } = new Rule(this, eventName, {
          eventPattern: { source: ['aws.ecs'], detail: { eventName: [eventName] } },
          targets: [{ bind: () => ({ arn: events.logGroupArn }) }],
        });
        return new Metric({
          namespace: 'AWS/Events',
          metricName: 'TriggeredRules',
          dimensionsMap: { RuleName: ruleName },
        });
      }),
    ];
    events.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['logs:PutLogEvents'],
        resources: [events.logGroupArn],
      }),
    );
    const alarms = metrics.map((metric, index) => alarmOn(this, `Alarm${index}`, metric, index % 2 ? wake! : inform!));
    new Dashboard(this, 'Dashboard', {
      widgets: [
        [new AlarmStatusWidget({ alarms })],
        ...metrics.slice(0, 8).map((metric) => [new GraphWidget({ left: [metric] })]),
      ],
    });
  }

  private guard(target: ScalableTarget): void {
    const logGroup = new LogGroup(this, 'GuardLog');
    const makeHandler = (handler: string): NodejsFunction => {
      const made = new NodejsFunction(this, handler, {
        entry: path.join(__dirname, '..', 'lib', 'guard', 'handlers.ts'),
        handler,
        logGroup,
        bundling: { minify: true, externalModules: [] },
      });
      made.addToRolePolicy(
        new PolicyStatement({ actions: ['application-autoscaling:RegisterScalableTarget'], resources: ['*'] }),
      );
      return made;
    };
    const guard = makeHandler('guard');
    guard.configureAsyncInvoke({ retryAttempts: 0 });
    new Trigger(this, 'FirstStep', { handler: makeHandler('beforeDeploy'), executeBefore: [guard, target] });
    new Trigger(this, 'LastStep', { handler: makeHandler('afterDeploy'), executeAfter: [target] });
    new LogGroup(this, 'TriggerLog');
    new Rule(this, 'EveryMinute', {
      schedule: EventSchedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(guard)],
    });
  }
}

class Edge extends Stack {
  constructor(scope: Construct, id: string, { playback, ...props }: OnPlayback) {
    super(scope, id, props);
    const logBucket = privateBucket(this, 'Logs');
    const content = privateBucket(this, 'Bucket', logBucket);
    const distribution = new Distribution(this, 'Distribution', {
      ...this.behaviors(content, playback.loadBalancer),
      defaultRootObject: 'index.html',
      errorResponses: [500, 502, 503, 504].map((httpStatus) => ({
        httpStatus,
        responsePagePath: '/error-page/5xx.html',
      })),
      webAclId: this.webAcl(),
    });
    alarmOn(this, 'Errors', distribution.metric5xxErrorRate(), new Topic(this, 'Wake', { enforceSSL: true }));
    this.publishFiles(content, distribution);
    this.deliverLogs(distribution, logBucket);
  }

  private behaviors(
    content: Bucket,
    loadBalancer: ApplicationLoadBalancer,
  ): Pick<DistributionProps, 'defaultBehavior' | 'additionalBehaviors'> {
    const responseHeadersPolicy = new ResponseHeadersPolicy(this, 'SecurityHeaders', {
      securityHeadersBehavior: {
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
      },
    });
    const vpcOrigin = new VpcOrigin(this, 'PlaybackOrigin', {
      endpoint: VpcOriginEndpoint.applicationLoadBalancer(loadBalancer),
      protocolPolicy: OriginProtocolPolicy.HTTP_ONLY,
    });
    const fromPlayback = (): IOrigin =>
      VpcOriginOrigin.withVpcOrigin(vpcOrigin, { domainName: loadBalancer.loadBalancerDnsName });
    const bucketOrigin = S3BucketOrigin.withOriginAccessControl(content);
    const cachePolicy = (name: string, seconds: number): CachePolicy =>
      new CachePolicy(this, `${name}Caching`, { defaultTtl: Duration.seconds(seconds) });
    const fromBucket = (name: string, seconds: number): BehaviorOptions => ({
      origin: bucketOrigin,
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: cachePolicy(name, seconds),
      responseHeadersPolicy,
    });
    const shell = fromBucket('AppShell', 60);
    const manifests = fromBucket('Manifests', 2);
    return {
      defaultBehavior: shell,
      additionalBehaviors: {
        '/error-page/*': shell,
        '/api/open': {
          origin: new OriginGroup({ primaryOrigin: fromPlayback(), fallbackOrigin: bucketOrigin }),
          viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
          cachePolicy: cachePolicy('SharedPage', 10),
          responseHeadersPolicy,
        },
        '/api/*': {
          origin: fromPlayback(),
          viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
          allowedMethods: AllowedMethods.ALLOW_ALL,
          cachePolicy: CachePolicy.CACHING_DISABLED,
          originRequestPolicy: OriginRequestPolicy.ALL_VIEWER,
          responseHeadersPolicy,
        },
        '*.m3u8': manifests,
        '*.mpd': manifests,
        '/video/*': fromBucket('Segments', 31_536_000),
        '/artwork/*': fromBucket('Artwork', 86_400),
      },
    };
  }

  private webAcl(): string {
    const visibilityConfig = { cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false, metricName: 'bare' };
    const webAcl = new CfnWebACL(this, 'WebAcl', {
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      rules: ['AmazonIpReputationList', 'KnownBadInputsRuleSet', 'CommonRuleSet'].map((name, priority) => ({
        name,
        priority,
        statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: `AWSManagedRules${name}` } },
        overrideAction: { count: {} },
        visibilityConfig,
      })),
      visibilityConfig,
    });
    const { logGroupName } = new LogGroup(this, 'WebAclLogs', { logGroupName: 'aws-waf-logs-bare' });
    new CfnLoggingConfiguration(this, 'WebAclLogging', {
      resourceArn: webAcl.attrArn,
      logDestinationConfigs: [`arn:aws:logs:${this.region}:${this.account}:log-group:${logGroupName}`],
    });
    return webAcl.attrArn;
  }

  private publishFiles(content: Bucket, distribution: Distribution): void {
    const logGroup = new LogGroup(this, 'PublishedLogs');
    const role = new Role(this, 'PublishedRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    for (const [name, file] of Object.entries({
      ErrorPage: 'error-page/5xx.html',
      ReducedPage: 'fallback/open.json',
    })) {
      const asset = new Asset(this, name, { path: path.join(__dirname, '..', 'assets', file) });
      const copy = new AwsCustomResource(this, `${name}Copy`, {
        resourceType: 'Custom::PublishedFile',
        onUpdate: {
          service: 'S3',
          action: 'copyObject',
          parameters: {
            CopySource: `${asset.s3BucketName}/${asset.s3ObjectKey}`,
            Bucket: content.bucketName,
            Key: file,
          },
          physicalResourceId: PhysicalResourceId.of(file),
        },
        installLatestAwsSdk: false,
        role,
        logGroup,
        policy: AwsCustomResourcePolicy.fromSdkCalls({ resources: [content.arnForObjects(file)] }),
      });
      distribution.node.addDependency(copy);
    }
  }

  private deliverLogs(distribution: Distribution, logBucket: Bucket): void {
    const source = new CfnDeliverySource(this, 'LogSource', {
      name: 'bare-edge',
      logType: 'ACCESS_LOGS',
      resourceArn: distribution.distributionArn,
    });
    const destination = new CfnDeliveryDestination(this, 'LogDestination', {
      name: 'bare-edge',
      destinationResourceArn: logBucket.arnForObjects('cloudfront'),
      outputFormat: 'parquet',
    });
    new CfnDelivery(this, 'LogDelivery', {
      deliverySourceName: source.ref,
      deliveryDestinationArn: destination.attrArn,
    });
    const database = new CfnDatabase(this, 'LogDatabase', {
      catalogId: this.account,
      databaseInput: { name: 'bare_edge' },
    });
    new CfnTable(this, 'LogTable', {
      catalogId: this.account,
      databaseName: database.ref,
      tableInput: {
        name: 'access_logs',
        tableType: 'EXTERNAL_TABLE',
        storageDescriptor: {
          columns: ['date', 'time', 'sc_status'].map((name) => ({ name, type: 'string' })),
          location: logBucket.s3UrlForObject('cloudfront/'),
        },
      },
    });
  }
}

const stage = new Stage(new App(), 'prod', { env: { account: '123456789012', region: 'us-east-1' } });
const playback = new Playback(stage, 'Playback');
new Capacity(stage, 'Capacity', { playback });
new Edge(stage, 'Edge', { playback });
