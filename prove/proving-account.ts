import type { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DeleteClusterCommand,
  DeleteServiceCommand,
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  type ECSClient,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import type { STSClient } from '@aws-sdk/client-sts';
import { Inventory, type Left } from './inventory';
import { Stack } from './stack';
import type { Clock } from './steps';
import { Target } from './target';
import { codeOf } from './trouble';

/** Key of the tag on everything that is made; its value is the run's suffix. */
export const TAG = 'prescale-prove';

export interface Clients {
  readonly identity: STSClient;
  readonly services: ECSClient;
  readonly scaling: ApplicationAutoScalingClient;
  readonly stacks: CloudFormationClient;
}

interface ProvingAccountProps {
  readonly clients: Clients;
  readonly clock: Clock;
  readonly region: string;
  /** Makes all names this run's own. */
  readonly suffix: string;
}

/** An account in which things are made that cost nothing, and deleted again. */
export class ProvingAccount {
  /** Of the cluster and the task definition, and the start of the names of stacks. */
  readonly name: string;

  private readonly inventory = new Inventory();
  private readonly tags: Readonly<Record<string, string>>;

  constructor(private readonly props: ProvingAccountProps) {
    this.name = `${TAG}-${props.suffix}`;
    this.tags = { [TAG]: props.suffix };
  }

  /** Makes what all questions share: a cluster without instances, and a task that fits nowhere there. */
  async prepare(): Promise<void> {
    const { clients, region } = this.props;
    const { name } = this;
    this.inventory.add({
      kind: 'cluster',
      name,
      command: `aws ecs delete-cluster --region ${region} --cluster ${name}`,
      remove: async () => {
        // Refused while its services are draining.
        await unlessAbsent(
          clients.services.send(new DeleteClusterCommand({ cluster: name })),
          'ClusterNotFoundException',
        );
        return true;
      },
    });
    await clients.services.send(
      new CreateClusterCommand({
        clusterName: name,
        // An account may have it on by default, and its metrics cost money.
        settings: [{ name: 'containerInsights', value: 'disabled' }],
        tags: this.ecsTags,
      }),
    );
    // The first of a new family.
    const revision = `${name}:1`;
    let state: 'unknown' | 'registered' | 'deregistered' = 'unknown';
    this.inventory.add({
      kind: 'task definition',
      name: revision,
      command:
        `aws ecs deregister-task-definition --region ${region} --task-definition ${revision}; ` +
        `aws ecs delete-task-definitions --region ${region} --task-definitions ${revision}`,
      remove: async () => {
        if (state !== 'deregistered') {
          const isGone = await unlessAbsent(
            clients.services.send(new DeregisterTaskDefinitionCommand({ taskDefinition: revision })),
            // So AWS answers for a revision that was never registered, and for other mistakes.
            ...(state === 'unknown' ? ['ClientException', 'InvalidParameterException'] : []),
          );
          if (isGone) return true;
          state = 'deregistered';
        }
        await clients.services.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: [revision] }));
        return true;
      },
    });
    await clients.services.send(
      new RegisterTaskDefinitionCommand({
        family: name,
        requiresCompatibilities: ['EC2'],
        networkMode: 'bridge',
        // Never pulled: there is no instance to run it on.
        containerDefinitions: [{ name: 'nothing', image: 'scratch', memory: 16, essential: true }],
        tags: this.ecsTags,
      }),
    );
    state = 'registered';
  }

  /** Makes a service that wants no tasks. */
  async makeService(service: string): Promise<Target> {
    const { clients, region } = this.props;
    const { name: cluster } = this;
    const target = new Target(clients, cluster, service, this.tags);
    this.inventory.add({
      kind: 'service',
      name: `${cluster}/${service}`,
      command: `aws ecs delete-service --region ${region} --cluster ${cluster} --service ${service} --force`,
      remove: async () => {
        await unlessAbsent(
          clients.services.send(new DeleteServiceCommand({ cluster, service, force: true })),
          'ServiceNotFoundException',
          'ServiceNotActiveException',
          'ClusterNotFoundException',
        );
        return true;
      },
    });
    // By hand or by a stack, and possibly what a stack leaves behind.
    this.inventory.add({
      kind: 'scalable target',
      name: target.resourceId,
      command:
        `aws application-autoscaling deregister-scalable-target --region ${region} --service-namespace ecs ` +
        `--scalable-dimension ecs:service:DesiredCount --resource-id ${target.resourceId}`,
      remove: async () => {
        await unlessAbsent(target.deregister(), 'ObjectNotFoundException');
        return true;
      },
    });
    await clients.services.send(
      new CreateServiceCommand({
        cluster,
        serviceName: service,
        taskDefinition: this.name,
        launchType: 'EC2',
        desiredCount: 0,
        tags: this.ecsTags,
      }),
    );
    return target;
  }

  /** A stack that is made by the question. */
  stack(name: string): Stack {
    const { clients, clock, region } = this.props;
    const { inventory, tags } = this;
    return new Stack({ client: clients.stacks, clock, inventory, name: `${this.name}-${name}`, region, tags });
  }

  /** Deletes everything; what does not go is told. */
  removeAll(): Promise<Left[]> {
    return this.inventory.removeAll(this.props.clock);
  }

  private get ecsTags(): { key: string; value: string }[] {
    return Object.entries(this.tags).map(([key, value]) => ({ key, value }));
  }
}

/** True when the call fails with one of the codes, which mean that there is nothing to delete. */
async function unlessAbsent(call: Promise<unknown>, ...codes: readonly string[]): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    if (codes.includes(codeOf(error))) return true;
    throw error;
  }
}
