import { PredefinedMetric, TargetTrackingScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { loadPlan, ReleaseFloors } from 'prescale';
import { environments, live } from './environments';

/**
 * Floors for what other tools deploy, by resource id. This stack owns their scalable targets, so nobody else may register
 * them, and their policies stand here, too: floors carry what is planned, policies what is not.
 */
export class SharedServicesStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    const asOf = String(this.node.tryGetContext('asOf') ?? new Date().toISOString());
    const plan = loadPlan({ calendarDir: 'release-calendar', environment: live, known: environments, asOf });

    // An ECS service that Terraform owns.
    const catalogue = new ReleaseFloors(this, 'CatalogueFloors', {
      plan,
      layer: 'catalogue',
      target: { resourceId: 'service/media/catalogue' },
    });
    new TargetTrackingScalingPolicy(this, 'CatalogueCpu', {
      scalingTarget: catalogue.scalableTarget,
      predefinedMetric: PredefinedMetric.ECS_SERVICE_AVERAGE_CPU_UTILIZATION,
      targetValue: 60,
      scaleInCooldown: Duration.minutes(5),
    });

    // The alias `live` of a function: not $LATEST, which cannot have provisioned concurrency.
    const signIn = new ReleaseFloors(this, 'SignInFloors', {
      plan,
      layer: 'sign-in',
      target: { resourceId: 'function:sign-in:live' },
    });
    new TargetTrackingScalingPolicy(this, 'SignInUse', {
      scalingTarget: signIn.scalableTarget,
      predefinedMetric: PredefinedMetric.LAMBDA_PROVISIONED_CONCURRENCY_UTILIZATION,
      targetValue: 0.7,
    });
  }
}
