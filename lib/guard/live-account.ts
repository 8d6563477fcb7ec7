import {
  type ApplicationAutoScalingClient,
  DeleteScheduledActionCommand,
  paginateDescribeScalableTargets,
  paginateDescribeScheduledActions,
  PutScheduledActionCommand,
  RegisterScalableTargetCommand,
  type ScalableDimension,
  type ServiceNamespace,
} from '@aws-sdk/client-application-auto-scaling';
import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeServicesCommand, type ECSClient } from '@aws-sdk/client-ecs';
import {
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  DeleteParameterCommand,
  paginateGetParametersByPath,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { ScheduledAction } from '../capacity/capacity-plan';
import type { DrillRecord } from '../capacity/drill-record';
import { toSchedule } from '../capacity/instants';
import { type Override, readOverride } from '../capacity/override';
import { drillsPath, overridesPath, type RecordOwner } from '../capacity/parameter-paths';
import type { Registration } from './decide';
import type { GuardPlan } from './guard-plan';
import type { LiveAction, LiveState, LiveTarget } from './live-state';

export interface Clients {
  readonly scaling: ApplicationAutoScalingClient;
  readonly stacks: CloudFormationClient;
  readonly services: ECSClient;
  readonly loadBalancers: ElasticLoadBalancingV2Client;
  readonly parameters: SSMClient;
}

/** What the guard looks after. */
export interface Scope {
  readonly resourceId: string;
  /** The stack that holds the target, by its ARN. */
  readonly stackId: string;
  /** The output of the stack that tells the plan's `asOf`. */
  readonly planOutput: string;
  /** Whose healthy targets are counted. @default healthy units are unknown */
  readonly targetGroupArn?: string;
}

export interface StackState {
  readonly status: string;
  /** When its last change began, in seconds since the epoch. */
  readonly changedAt?: number;
  /** `asOf` of the plan that was deployed last. @default none */
  readonly planAsOf?: string;
}

/** A live account, as far as one target is concerned. */
export class LiveAccount {
  /** Every call that failed: what was asked, the name of the error, and AWS's words. */
  readonly failures: string[] = [];

  private readonly owner: RecordOwner;
  private readonly id: { readonly ServiceNamespace: ServiceNamespace; readonly ScalableDimension: ScalableDimension };

  constructor(
    private readonly clients: Clients,
    private readonly scope: Scope,
    { environment, target: { id, namespace, dimension } }: GuardPlan,
  ) {
    this.owner = { environment, target: id };
    this.id = {
      ServiceNamespace: namespace as ServiceNamespace,
      ScalableDimension: dimension as ScalableDimension,
    };
  }

  /** Reads everything at once. What cannot be read is unknown, and a failure. */
  async readLiveState(): Promise<LiveState> {
    const [target, actions, counts, healthy] = await Promise.all([
      this.attempt('DescribeScalableTargets', () => this.readTarget()),
      this.attempt('DescribeScheduledActions', () => this.readActions()),
      this.attempt('DescribeServices', () => this.readCounts()),
      this.attempt('DescribeTargetHealth', () => this.countHealthy()),
    ]);
    return { target: target ?? 'unknown', actions: actions ?? 'unknown', ...counts, healthy };
  }

  /** The stack that holds the target; undefined when it cannot be read, which is a failure. */
  readStack(): Promise<StackState | undefined> {
    return this.attempt('DescribeStacks', async () => {
      const { Stacks = [] } = await this.clients.stacks.send(
        new DescribeStacksCommand({ StackName: this.scope.stackId }),
      );
      const [stack] = Stacks;
      if (stack?.StackStatus === undefined) throw new Error(`there is no stack ${this.scope.stackId}`);
      return {
        status: stack.StackStatus,
        changedAt: secondsOf(stack.LastUpdatedTime ?? stack.CreationTime),
        planAsOf: stack.Outputs?.find(({ OutputKey }) => OutputKey === this.scope.planOutput)?.OutputValue,
      };
    });
  }

  async register({ bounds, suspended }: Registration): Promise<void> {
    await this.attempt('RegisterScalableTarget', () =>
      this.clients.scaling.send(
        new RegisterScalableTargetCommand({
          ...this.id,
          ResourceId: this.scope.resourceId,
          ...(bounds && { MinCapacity: bounds.min, MaxCapacity: bounds.max }),
          SuspendedState: {
            DynamicScalingInSuspended: suspended.scaleIn,
            DynamicScalingOutSuspended: suspended.scaleOut,
            ScheduledScalingSuspended: suspended.scheduled,
          },
        }),
      ),
    );
  }

  async put({ name, at, min, max }: ScheduledAction): Promise<void> {
    await this.attempt(`PutScheduledAction ${name}`, () =>
      this.clients.scaling.send(
        new PutScheduledActionCommand({
          ...this.id,
          ResourceId: this.scope.resourceId,
          ScheduledActionName: name,
          Schedule: toSchedule(at),
          // What is left out of an update may stay as it was; only a start and an end are known to be deleted by that.
          Timezone: 'UTC',
          ScalableTargetAction: { MinCapacity: min, MaxCapacity: max },
        }),
      ),
    );
  }

  async remove(name: string): Promise<void> {
    await this.attempt(`DeleteScheduledAction ${name}`, async () => {
      try {
        await this.clients.scaling.send(
          new DeleteScheduledActionCommand({
            ...this.id,
            ResourceId: this.scope.resourceId,
            ScheduledActionName: name,
          }),
        );
      } catch (error) {
        // Somebody was faster.
        if (!(error instanceof Error && error.name === 'ObjectNotFoundException')) throw error;
      }
    });
  }

  /** What people have decided for the night; undefined when it cannot be read, which is a failure. What is no override is one, too. */
  readOverrides(): Promise<Override[] | undefined> {
    return this.attempt('GetParametersByPath', async () => {
      const found: Override[] = [];
      const pages = paginateGetParametersByPath(
        { client: this.clients.parameters },
        { Path: overridesPath(this.owner) },
      );
      for await (const { Parameters = [] } of pages) {
        for (const { Name, Value = '' } of Parameters) {
          const override = readOverride(Value);
          if (typeof override !== 'string') found.push(override);
          else this.failures.push(`parameter ${Name}: ${override}; mend: delete it, and override again`);
        }
      }
      return found;
    });
  }

  async removeOverride({ id }: Override): Promise<void> {
    await this.attempt(`DeleteParameter ${id}`, async () => {
      try {
        await this.clients.parameters.send(new DeleteParameterCommand({ Name: `${overridesPath(this.owner)}/${id}` }));
      } catch (error) {
        if (!(error instanceof Error && error.name === 'ParameterNotFound')) throw error;
      }
    });
  }

  /** True when this is the first record of the drill: the next runs see the same. */
  async recordDrill(record: DrillRecord): Promise<boolean> {
    const isFirst = await this.attempt(`PutParameter ${record.id}`, async () => {
      try {
        await this.clients.parameters.send(
          new PutParameterCommand({
            Name: `${drillsPath(this.owner)}/${record.id}`,
            Type: 'String',
            Value: JSON.stringify(record),
            Overwrite: false,
          }),
        );
        return true;
      } catch (error) {
        if (!(error instanceof Error && error.name === 'ParameterAlreadyExists')) throw error;
        return false;
      }
    });
    return isFirst ?? false;
  }

  private async readTarget(): Promise<LiveTarget | 'missing'> {
    const pages = paginateDescribeScalableTargets(
      { client: this.clients.scaling },
      { ...this.id, ResourceIds: [this.scope.resourceId] },
    );
    for await (const { ScalableTargets = [] } of pages) {
      const [found] = ScalableTargets;
      if (found?.MinCapacity === undefined || found.MaxCapacity === undefined) continue;
      return {
        min: found.MinCapacity,
        max: found.MaxCapacity,
        suspended: {
          scaleIn: found.SuspendedState?.DynamicScalingInSuspended ?? false,
          scaleOut: found.SuspendedState?.DynamicScalingOutSuspended ?? false,
          scheduled: found.SuspendedState?.ScheduledScalingSuspended ?? false,
        },
      };
    }
    return 'missing';
  }

  private async readActions(): Promise<LiveAction[]> {
    const actions: LiveAction[] = [];
    const pages = paginateDescribeScheduledActions(
      { client: this.clients.scaling },
      { ...this.id, ResourceId: this.scope.resourceId },
    );
    for await (const { ScheduledActions = [] } of pages) {
      for (const action of ScheduledActions) {
        actions.push({
          name: action.ScheduledActionName ?? '',
          schedule: action.Schedule ?? '',
          timezone: action.Timezone,
          startTime: secondsOf(action.StartTime),
          endTime: secondsOf(action.EndTime),
          min: action.ScalableTargetAction?.MinCapacity,
          max: action.ScalableTargetAction?.MaxCapacity,
        });
      }
    }
    return actions;
  }

  /** Counts of the ECS service that the resource id names; none for anything else. */
  private async readCounts(): Promise<Pick<LiveState, 'running' | 'desired' | 'events'>> {
    const [, cluster, service] = /^service\/([^/]+)\/([^/]+)$/.exec(this.scope.resourceId) ?? [];
    if (cluster === undefined || service === undefined) return {};
    const { services = [], failures = [] } = await this.clients.services.send(
      new DescribeServicesCommand({ cluster, services: [service] }),
    );
    if (services[0] === undefined) {
      throw new Error(`no service ${service} in cluster ${cluster}: ${failures[0]?.reason ?? 'nothing was returned'}`);
    }
    const { runningCount, desiredCount, events = [] } = services[0];
    return {
      running: runningCount,
      desired: desiredCount,
      events: events.map(({ createdAt, message = '' }) => ({ at: secondsOf(createdAt) ?? 0, message })),
    };
  }

  private async countHealthy(): Promise<number | undefined> {
    const { targetGroupArn } = this.scope;
    if (targetGroupArn === undefined) return undefined;
    const { TargetHealthDescriptions = [] } = await this.clients.loadBalancers.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }),
    );
    return TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth?.State === 'healthy').length;
  }

  /** A call on its own: what fails is collected, and the rest goes on. */
  private async attempt<T>(what: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
      this.failures.push(`${what}: ${name}: ${message}`);
      return undefined;
    }
  }
}

function secondsOf(date: Date | undefined): number | undefined {
  return date === undefined ? undefined : date.getTime() / 1000;
}
