import { PredefinedMetric, ScalableTarget, type ServiceNamespace } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Role } from 'aws-cdk-lib/aws-iam';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { TargetPlan } from '../capacity/capacity-plan';
import { type LayerProfile, PROFILE_DEFAULTS } from '../capacity/environment';
import type { PlaybackTier } from '../constructs/playback-tier';
import { ReleaseFloors } from '../constructs/release-floors';

/** Per cent of CPU that target tracking aims at: catches what requests do not tell, such as requests that got dearer. */
const CPU_TARGET_PERCENT = 60;

export interface CapacityStackProps extends StackProps {
  readonly tier: PlaybackTier;
  /** The environment's layer `playback`. */
  readonly layer: LayerProfile;
  /** Its timeline as planned. */
  readonly plan: TargetPlan;
}

/** What the calendar changes, and nothing else: the scalable target with the plan's floors, and the policies above them. */
export class CapacityStack extends Stack {
  constructor(scope: Construct, id: string, { tier, layer, plan, ...props }: CapacityStackProps) {
    super(scope, id, props);
    const resourceId = `service/${tier.cluster.clusterName}/${tier.service.serviceName}`;

    const target = new ScalableTarget(this, 'PlaybackTarget', {
      serviceNamespace: plan.namespace as ServiceNamespace,
      scalableDimension: plan.dimension,
      resourceId,
      // The plan's, as ReleaseFloors sets them below.
      minCapacity: plan.min,
      maxCapacity: plan.max,
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
    new ReleaseFloors(this, 'ReleaseFloors', { plan, target });

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

    // Whoever compares the plan with the live account finds the target by it.
    new CfnOutput(this, 'PlaybackResourceId', { value: resourceId });
  }
}
