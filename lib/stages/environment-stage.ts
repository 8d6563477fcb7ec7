import { Stage, Validations } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { DeployPlan } from '../capacity/capacity-plan';
import type { StackEnvironment } from '../capacity/environment';
import { CapacityStack } from '../stacks/capacity-stack';
import { EdgeStack } from '../stacks/edge-stack';
import { PlaybackStack } from '../stacks/playback-stack';

export interface EnvironmentStageProps {
  readonly environment: StackEnvironment;
  /** The plan of the same environment. */
  readonly plan: DeployPlan;
  /** Account of the credentials, for an environment that may be deployed to `any`. @default - found at deploy */
  readonly account?: string;
}

/**
 * All stacks of one environment; its id is the environment's name.
 *
 * References point from `Edge` and from `Capacity` to `Playback` and nowhere else, so that `Capacity` is deployed alone
 * when a premiere moves.
 *
 * @throws Error when the plan is another environment's, lacks the playback target, or has targets that no stack here registers.
 */
export class EnvironmentStage extends Stage {
  readonly playback: PlaybackStack;
  readonly edge: EdgeStack;
  readonly capacity: CapacityStack;

  constructor(scope: Construct, { environment, plan, ...props }: EnvironmentStageProps) {
    const { name, region } = environment;
    // A stated account stands in every stack: the CDK CLI then refuses credentials of another before it changes anything.
    const account = environment.account === 'any' ? props.account : environment.account;
    super(scope, name, { env: { account, region } });
    const layer = environment.layers['playback'];
    const targetId = `${region}/playback`;
    const targetPlan = plan.targets.find((target) => target.id === targetId);
    if (plan.name !== name || layer === undefined || targetPlan === undefined) {
      throw new Error(
        `environment "${name}" needs a layer "playback" and a plan of its own with the target "${targetId}", got the plan ` +
          `"${plan.name}" with ${plan.targets.map((target) => `"${target.id}"`).join(', ') || 'no target'}; ` +
          `mend: plan the environment that is synthesized`,
      );
    }
    const unregistered = plan.targets.filter((target) => target !== targetPlan);
    if (unregistered.length > 0) {
      throw new Error(
        `environment "${name}" has no stack that registers ${unregistered.map((target) => `"${target.id}"`).join(', ')}; ` +
          `mend: attach the target's plan with ReleaseFloors, or remove the layer`,
      );
    }

    this.playback = new PlaybackStack(this, 'Playback', {
      environment,
      layer,
      description: `prescale ${name}: network, load balancer and playback service`,
    });
    // Before the edge, because stacks that could be deployed next are deployed in this order: a distribution takes longer
    // than the deploy window that the plan counts on.
    this.capacity = new CapacityStack(this, 'Capacity', {
      tier: this.playback.tier,
      layer,
      environment,
      plan,
      description: `prescale ${name}: capacity floors of the release calendar`,
    });
    this.edge = new EdgeStack(this, 'Edge', {
      env: { account, region: 'us-east-1' },
      playback: this.playback.tier.loadBalancer,
      environment,
      description: `prescale ${name}: what viewers reach`,
    });
    if (props.account !== undefined && account !== props.account) {
      for (const stack of [this.playback, this.capacity, this.edge]) {
        Validations.of(stack).addWarning(
          'prescale:account',
          `environment "${name}" belongs to account ${account}, the credentials to ${props.account}; a deploy is refused unless they may ` +
            `become the deployment roles of ${account}; mend: use its credentials, or change account in lib/environments.ts`,
        );
      }
    }
  }
}
