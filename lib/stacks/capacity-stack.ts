import { PredefinedMetric, ScalableTarget, type ServiceNamespace } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { ATTACHED_OUTPUT } from '../capacity/attached-floors';
import type { DeployPlan } from '../capacity/capacity-plan';
import { type LayerProfile, PROFILE_DEFAULTS, type StackEnvironment } from '../capacity/environment';
import { targetOf } from '../capacity/target-of';
import { AlarmTopic } from '../constructs/alarm-topic';
import { FloorAlarms } from '../constructs/floor-alarms';
import { LaunchDashboard } from '../constructs/launch-dashboard';
import type { PlaybackTier } from '../constructs/playback-tier';
import { ReleaseFloors } from '../constructs/release-floors';
import { ServiceAlarms } from '../constructs/service-alarms';

/** Per cent of CPU that target tracking aims at: catches what requests do not tell, such as requests that got dearer. */
const CPU_TARGET_PERCENT = 60;

export interface CapacityStackProps extends StackProps {
  readonly tier: PlaybackTier;
  /** The environment's layer `playback`. */
  readonly layer: LayerProfile;
  readonly environment: StackEnvironment;
  /** The plan of the environment. */
  readonly plan: DeployPlan;
}

/** What the calendar changes, and nothing else: the scalable target with the plan's floors, its guard, and the policies above the floors. */
export class CapacityStack extends Stack {
  constructor(scope: Construct, id: string, { tier, layer, environment, plan, ...props }: CapacityStackProps) {
    super(scope, id, props);
    const resourceId = `service/${tier.cluster.clusterName}/${tier.service.serviceName}`;

    const { namespace, dimension, min, max } = targetOf(plan, 'playback');
    const target = new ScalableTarget(this, 'PlaybackTarget', {
      serviceNamespace: namespace as ServiceNamespace,
      scalableDimension: dimension,
      resourceId,
      // The plan's, as ReleaseFloors sets them below.
      minCapacity: min,
      maxCapacity: max,
      // Application Auto Scaling uses its service-linked role for ECS, whatever is named; naming it spares a role.
      role: Role.fromRoleArn(
        this,
        'EcsScalingRole',
        this.formatArn({
          service: 'iam',
          region: '',
          resource: 'role/aws-service-role/ecs.application-autoscaling.amazonaws.com',
          resourceName: 'AWSServiceRoleForApplicationAutoScaling_ECSService',
        }),
        { mutable: false },
      ),
    });
    const floors = new ReleaseFloors(this, 'ReleaseFloors', {
      plan,
      layer: 'playback',
      target,
      targetGroup: tier.targetGroup,
      logRetention: environment.logRetentionDays,
    });
    // Whoever looks into the stack finds them by these names.
    floors.planAsOf.overrideLogicalId('PlanAsOf');
    floors.attached.overrideLogicalId(ATTACHED_OUTPUT);

    const cooldowns = {
      // Out again after a minute: the metrics have that resolution, and a spike has no patience.
      scaleOutCooldown: Duration.seconds(60),
      // In at most every five minutes: people come back in waves, and a task that was given back takes minutes to return.
      scaleInCooldown: Duration.seconds(300),
    };
    target.scaleToTrackMetric('RequestsPerTask', {
      predefinedMetric: PredefinedMetric.ALB_REQUEST_COUNT_PER_TARGET,
      resourceLabel: `${tier.loadBalancer.loadBalancerFullName}/${tier.targetGroup.targetGroupFullName}`,
      // The metric counts requests per minute.
      targetValue:
        60 * (layer.utilisationNormal ?? PROFILE_DEFAULTS.utilisationNormal) * layer.requestsPerSecondPerUnit,
      ...cooldowns,
    });
    target.scaleToTrackMetric('Cpu', {
      predefinedMetric: PredefinedMetric.ECS_SERVICE_AVERAGE_CPU_UTILIZATION,
      targetValue: CPU_TARGET_PERCENT,
      ...cooldowns,
    });

    // What can fail comes before the target: an update that fails after it registers the plan before again.
    target.node.addDependency(...this.watch(environment, floors, tier, plan));
  }

  private watch(
    { name, alarms, logRetentionDays }: StackEnvironment,
    floors: ReleaseFloors,
    tier: PlaybackTier,
    plan: DeployPlan,
  ): Construct[] {
    if (alarms === 'off') return [];
    const displayName = `prescale ${name}`;
    const topics = {
      wake: new AlarmTopic(this, 'Wake', { displayName, subscribers: alarms.wake }),
      inform: new AlarmTopic(this, 'Inform', { displayName, subscribers: alarms.inform }),
    };
    const floorAlarms = new FloorAlarms(this, 'FloorAlarms', { floors, topics });
    const serviceAlarms = new ServiceAlarms(this, 'ServiceAlarms', {
      name: `${name}-playback`,
      service: tier.service,
      loadBalancer: tier.loadBalancer,
      latencyP99Seconds: alarms.latencyP99Seconds,
      logRetention: logRetentionDays,
      topics,
    });
    const dashboard = new LaunchDashboard(this, 'LaunchDashboard', {
      plan,
      alarms: [...floorAlarms.alarms, ...serviceAlarms.alarms],
      loadBalancer: tier.loadBalancer,
    });
    return [floorAlarms, serviceAlarms, dashboard];
  }
}
