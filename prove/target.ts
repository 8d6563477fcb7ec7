import {
  type ApplicationAutoScalingClient,
  DeleteScheduledActionCommand,
  DeregisterScalableTargetCommand,
  DescribeScalableTargetsCommand,
  paginateDescribeScalingActivities,
  paginateDescribeScheduledActions,
  PutScheduledActionCommand,
  RegisterScalableTargetCommand,
  type ScalingActivity,
} from '@aws-sdk/client-application-auto-scaling';
import { DescribeServicesCommand, type ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { toIso, toSchedule } from '../lib/capacity/instants';
import { Unanswered } from './steps';

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export interface LiveBounds extends Bounds {
  /** Whether policies may not scale in. */
  readonly isScaleInSuspended: boolean;
}

export interface Action {
  readonly name: string;
  /** Whole seconds since the epoch. */
  readonly at: number;
  readonly min?: number;
  readonly max?: number;
  readonly timezone?: string;
  readonly startAt?: number;
}

export interface ListedAction {
  readonly name: string;
  readonly schedule: string;
  readonly min?: number;
  readonly max?: number;
  readonly timezone?: string;
  /** Seconds since the epoch. */
  readonly startAt?: number;
}

interface Clients {
  readonly scaling: ApplicationAutoScalingClient;
  readonly services: ECSClient;
}

/** An ECS service without tasks, and what is registered for its desired count. */
export class Target {
  readonly resourceId: string;
  /** The three that name it in calls and templates. */
  readonly id: {
    readonly ServiceNamespace: 'ecs';
    readonly ScalableDimension: 'ecs:service:DesiredCount';
    readonly ResourceId: string;
  };

  constructor(
    private readonly clients: Clients,
    private readonly cluster: string,
    readonly service: string,
    private readonly tags: Readonly<Record<string, string>>,
  ) {
    this.resourceId = `service/${cluster}/${service}`;
    this.id = {
      ServiceNamespace: 'ecs',
      ScalableDimension: 'ecs:service:DesiredCount',
      ResourceId: this.resourceId,
    };
  }

  /** Registers it for the first time: tags are refused later. */
  async registerFirst({ min, max }: Bounds): Promise<void> {
    await this.clients.scaling.send(
      new RegisterScalableTargetCommand({ ...this.id, MinCapacity: min, MaxCapacity: max, Tags: this.tags }),
    );
  }

  /** Registers it again; what is not stated is left out of the call. */
  async register({ min, max, suspendScaleIn }: Partial<Bounds> & { readonly suspendScaleIn?: boolean }): Promise<void> {
    await this.clients.scaling.send(
      new RegisterScalableTargetCommand({
        ...this.id,
        ...(min !== undefined && { MinCapacity: min }),
        ...(max !== undefined && { MaxCapacity: max }),
        ...(suspendScaleIn !== undefined && { SuspendedState: { DynamicScalingInSuspended: suspendScaleIn } }),
      }),
    );
  }

  async deregister(): Promise<void> {
    await this.clients.scaling.send(new DeregisterScalableTargetCommand(this.id));
  }

  async put(action: Action): Promise<void> {
    await this.clients.scaling.send(new PutScheduledActionCommand({ ...this.id, ...actionProperties(action) }));
  }

  async deleteAction(name: string): Promise<void> {
    await this.clients.scaling.send(new DeleteScheduledActionCommand({ ...this.id, ScheduledActionName: name }));
  }

  /** Undefined when nothing is registered. */
  async findBounds(): Promise<LiveBounds | undefined> {
    const { ResourceId, ...dimension } = this.id;
    // One resource id and dimension is one target at most.
    const { ScalableTargets = [] } = await this.clients.scaling.send(
      new DescribeScalableTargetsCommand({ ...dimension, ResourceIds: [ResourceId] }),
    );
    const [found] = ScalableTargets;
    if (found?.MinCapacity === undefined || found.MaxCapacity === undefined) return undefined;
    const isScaleInSuspended = found.SuspendedState?.DynamicScalingInSuspended ?? false;
    return { min: found.MinCapacity, max: found.MaxCapacity, isScaleInSuspended };
  }

  /** @throws Unanswered when nothing is registered */
  async bounds(): Promise<LiveBounds> {
    const found = await this.findBounds();
    if (found === undefined) throw new Unanswered(`nothing is registered for ${this.resourceId} any more`);
    return found;
  }

  async actions(): Promise<ListedAction[]> {
    const actions: ListedAction[] = [];
    for await (const { ScheduledActions = [] } of paginateDescribeScheduledActions(
      { client: this.clients.scaling },
      this.id,
    )) {
      for (const { ScheduledActionName, Schedule, ScalableTargetAction, Timezone, StartTime } of ScheduledActions) {
        actions.push({
          name: ScheduledActionName ?? '',
          schedule: Schedule ?? '',
          min: ScalableTargetAction?.MinCapacity,
          max: ScalableTargetAction?.MaxCapacity,
          timezone: Timezone,
          startAt: StartTime === undefined ? undefined : StartTime.getTime() / 1000,
        });
      }
    }
    return actions;
  }

  async findAction(name: string): Promise<ListedAction | undefined> {
    const actions = await this.actions();
    return actions.find((action) => action.name === name);
  }

  /** What the activities tell of actions that ran, oldest first: the cause names the action. */
  async activities(): Promise<ScalingActivity[]> {
    const activities: ScalingActivity[] = [];
    for await (const page of paginateDescribeScalingActivities({ client: this.clients.scaling }, this.id)) {
      activities.push(...(page.ScalingActivities ?? []));
    }
    return activities.toReversed();
  }

  async desired(): Promise<number> {
    const { services = [] } = await this.clients.services.send(
      new DescribeServicesCommand({ cluster: this.cluster, services: [this.service] }),
    );
    const [found] = services;
    if (found?.desiredCount === undefined) throw new Unanswered(`the service ${this.service} is gone`);
    return found.desiredCount;
  }

  async setDesired(desiredCount: number): Promise<void> {
    await this.clients.services.send(
      new UpdateServiceCommand({ cluster: this.cluster, service: this.service, desiredCount }),
    );
  }
}

/** An action as calls and templates take it. */
export function actionProperties({ name, at, min, max, timezone, startAt }: Action): {
  readonly ScheduledActionName: string;
  readonly Schedule: string;
  readonly Timezone?: string;
  readonly StartTime?: Date;
  readonly ScalableTargetAction: { readonly MinCapacity?: number; readonly MaxCapacity?: number };
} {
  return {
    ScheduledActionName: name,
    Schedule: toSchedule(toIso(at)),
    ...(timezone !== undefined && { Timezone: timezone }),
    ...(startAt !== undefined && { StartTime: new Date(startAt * 1000) }),
    ScalableTargetAction: {
      ...(min !== undefined && { MinCapacity: min }),
      ...(max !== undefined && { MaxCapacity: max }),
    },
  };
}
