import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { App, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { SharedServicesStack } from './shared-services';
// Floors for the releases: two lines here, three below.
import { loadPlan, ReleaseFloors } from 'prescale';
import { environments, live } from './environments';
// End of the floors.

/** The team's own stack, as it was before: a service, and what scales it. */
class PlaybackStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    const vpc = new Vpc(this, 'Vpc', { availabilityZones: ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'] });
    const taskDefinition = new FargateTaskDefinition(this, 'Task', { cpu: 1024, memoryLimitMiB: 2048 });
    taskDefinition.addContainer('web', {
      image: ContainerImage.fromRegistry('public.ecr.aws/nginx/nginx:stable'),
      portMappings: [{ containerPort: 80 }],
    });
    const service = new FargateService(this, 'Service', {
      cluster: new Cluster(this, 'Cluster', { vpc }),
      taskDefinition,
      minHealthyPercent: 100,
      maxHealthyPercent: 110,
      circuitBreaker: { rollback: true },
    });
    const listener = new ApplicationLoadBalancer(this, 'Balancer', { vpc }).addListener('Http', { port: 80 });
    const targetGroup = listener.addTargets('Tasks', { port: 80, targets: [service] });

    const scaling = service.autoScaleTaskCount({ minCapacity: 20, maxCapacity: 400 });
    scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60 });
    scaling.scaleOnRequestCount('Requests', { requestsPerTarget: 3600, targetGroup });

    // Floors for the releases: minimum, maximum and scheduled actions of `scaling`, and their guard. Its policies stay.
    const asOf = String(this.node.tryGetContext('asOf') ?? new Date().toISOString());
    const plan = loadPlan({ calendarDir: 'release-calendar', environment: live, known: environments, asOf });
    new ReleaseFloors(this, 'ReleaseFloors', { plan, layer: 'playback', target: scaling, targetGroup });
    // End of the floors.
  }
}

const app = new App();
const env = { region: 'eu-west-1' };
new PlaybackStack(app, 'Playback', { env });
new SharedServicesStack(app, 'SharedServices', { env });
