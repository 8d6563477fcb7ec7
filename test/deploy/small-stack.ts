import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import type { LocalAccount, TargetId } from './local-account';

export const SERVICE: TargetId = { region: 'us-east-1', resourceId: 'service/media/web' };

export interface SmallAction {
  readonly name: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly min?: number;
  readonly max?: number;
}

export interface SmallTarget {
  readonly min: number;
  readonly max: number;
  readonly actions?: readonly SmallAction[];
  readonly suspended?: { readonly DynamicScalingInSuspended: boolean };
}

/** As the API takes it. */
export function scheduledAction({ name, at, min, max }: SmallAction): {
  ScheduledActionName: string;
  Schedule: string;
  ScalableTargetAction: { MinCapacity?: number; MaxCapacity?: number };
} {
  return {
    ScheduledActionName: name,
    Schedule: `at(${at.replace('Z', '')})`,
    ScalableTargetAction: {
      ...(min !== undefined && { MinCapacity: min }),
      ...(max !== undefined && { MaxCapacity: max }),
    },
  };
}

/** A service with a scalable target, in plain CloudFormation; no target, none in the template. */
export function smallTemplate(target?: SmallTarget, more: Readonly<Record<string, object>> = {}): string {
  return JSON.stringify({
    Resources: {
      Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: 'media' } },
      Task: {
        Type: 'AWS::ECS::TaskDefinition',
        Properties: { Family: 'web', ContainerDefinitions: [{ Name: 'web', Image: 'web', Memory: 128 }] },
      },
      Service: {
        Type: 'AWS::ECS::Service',
        Properties: { ServiceName: 'web', Cluster: { Ref: 'Cluster' }, TaskDefinition: { Ref: 'Task' } },
      },
      ...(target && {
        Target: {
          Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
          Properties: {
            ServiceNamespace: 'ecs',
            ScalableDimension: 'ecs:service:DesiredCount',
            ResourceId: { 'Fn::Join': ['/', ['service', { Ref: 'Cluster' }, { 'Fn::GetAtt': ['Service', 'Name'] }]] },
            MinCapacity: target.min,
            MaxCapacity: target.max,
            ...(target.suspended && { SuspendedState: target.suspended }),
            ...(target.actions && { ScheduledActions: target.actions.map(scheduledAction) }),
          },
        },
      }),
      ...more,
    },
  });
}

/** Creates or updates the stack `small`, and tells how it ended and which resources failed, with reasons. */
export async function putStack(
  account: LocalAccount,
  template: string,
): Promise<{ status: string; failed: Record<string, string> }> {
  const client = new CloudFormationClient(account.client());
  const input = { StackName: 'small', TemplateBody: template };
  const exists = await client.send(new DescribeStacksCommand({ StackName: 'small' })).then(
    () => true,
    () => false,
  );
  const before = exists ? await eventIds(client) : [];
  await (exists ? client.send(new UpdateStackCommand(input)) : client.send(new CreateStackCommand(input)));
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: 'small' }));
  const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: 'small' }));
  const failed = StackEvents!
    .filter(({ EventId, ResourceStatus }) => !before.includes(EventId!) && ResourceStatus!.endsWith('_FAILED'))
    .map(({ LogicalResourceId, ResourceStatusReason }) => [LogicalResourceId!, ResourceStatusReason!]);
  return { status: Stacks![0]!.StackStatus!, failed: Object.fromEntries(failed) };
}

async function eventIds(client: CloudFormationClient): Promise<string[]> {
  const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: 'small' }));
  return StackEvents!.map(({ EventId }) => EventId!);
}
