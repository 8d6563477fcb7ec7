import {
  type CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  type StackEvent,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import type { Inventory } from './inventory';
import { type Clock, poll, type Steps, Unanswered } from './steps';
import { type Action, actionProperties, type Bounds, type Target } from './target';
import { codeOf } from './trouble';

/** Seconds that one operation on a stack is given; a stack of one target takes less than a minute. */
export const STACK_LIMIT_SECONDS = 300;

const STACK_POLL_SECONDS = 10;

/** How an operation ended. */
export interface StackEnd {
  readonly status: string;
  readonly isDone: boolean;
  /** What failed first, in CloudFormation's words; empty when nothing did. */
  readonly reason: string;
}

interface StackProps {
  readonly client: CloudFormationClient;
  readonly clock: Clock;
  readonly inventory: Inventory;
  readonly name: string;
  readonly region: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A stack of nothing but the scalable target of one service. */
export class Stack {
  constructor(private readonly props: StackProps) {}

  async *create(template: string): Steps<StackEnd> {
    const { client, inventory, name, region, tags } = this.props;
    inventory.add({
      kind: 'stack',
      name,
      command: `aws cloudformation delete-stack --region ${region} --stack-name ${name}`,
      remove: () => this.remove(),
    });
    await client.send(
      new CreateStackCommand({
        StackName: name,
        TemplateBody: template,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    return yield* this.end(/^(CREATE|ROLLBACK)_/);
  }

  /** @throws Unanswered when the stack was not made, which the question needs */
  async *createWell(template: string): Steps<void> {
    const { status, isDone, reason } = yield* this.create(template);
    if (!isDone) throw new Unanswered(`the stack could not be made, it is ${status}: ${reason}`);
  }

  async *update(template: string): Steps<StackEnd> {
    const { client, name } = this.props;
    await client.send(new UpdateStackCommand({ StackName: name, TemplateBody: template }));
    return yield* this.end(/^UPDATE_/);
  }

  /** @throws Unanswered when the update failed, which the question needs */
  async *updateWell(template: string): Steps<void> {
    const { status, isDone, reason } = yield* this.update(template);
    if (!isDone) throw new Unanswered(`the stack could not be updated, it is ${status}: ${reason}`);
  }

  /** @param operation what the statuses of the operation begin with: one from before it may still be read for a moment */
  private async *end(operation: RegExp): Steps<StackEnd> {
    const { clock, name } = this.props;
    const { value: status, met } = yield* poll(
      clock,
      () => this.status(),
      (read) => operation.test(read) && !isMoving(read),
      { limit: STACK_LIMIT_SECONDS, every: STACK_POLL_SECONDS },
    );
    if (!met) throw new Unanswered(`the stack ${name} was still ${status} after ${STACK_LIMIT_SECONDS} s`);
    const isDone = status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE';
    return { status, isDone, reason: isDone ? '' : await this.firstFailure() };
  }

  private async status(): Promise<string> {
    const { Stacks = [] } = await this.props.client.send(new DescribeStacksCommand({ StackName: this.props.name }));
    return Stacks[0]?.StackStatus ?? '';
  }

  /** Of the last operation. */
  private async firstFailure(): Promise<string> {
    const events = await this.events();
    const start = events.findIndex(
      ({ LogicalResourceId, ResourceStatus }) =>
        LogicalResourceId === this.props.name && /^(CREATE|UPDATE)_IN_PROGRESS$/.test(ResourceStatus ?? ''),
    );
    const failed = events
      .slice(0, start === -1 ? undefined : start)
      .findLast(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED'));
    return failed?.ResourceStatusReason ?? 'no event gives a reason';
  }

  /** The newest, newest first; more than an operation of such a stack has. */
  private async events(): Promise<StackEvent[]> {
    const { StackEvents = [] } = await this.props.client.send(
      new DescribeStackEventsCommand({ StackName: this.props.name }),
    );
    return StackEvents;
  }

  private async remove(): Promise<boolean> {
    const { client, name } = this.props;
    let status: string;
    try {
      status = await this.status();
    } catch (error) {
      if (codeOf(error) === 'ValidationError' && (error as Error).message.includes('does not exist')) return true;
      throw error;
    }
    if (status === 'DELETE_COMPLETE') return true;
    if (isMoving(status)) return false;
    const events = status === 'DELETE_FAILED' ? await this.events() : [];
    // What would not go is left to the removal of targets, which comes next.
    const stuck = new Set(
      events
        .filter((event) => event.ResourceStatus === 'DELETE_FAILED' && event.LogicalResourceId !== name)
        .map(({ LogicalResourceId }) => LogicalResourceId!),
    );
    await client.send(
      new DeleteStackCommand({ StackName: name, ...(stuck.size > 0 && { RetainResources: [...stuck] }) }),
    );
    return false;
  }
}

/** The template of a stack with the target of a service. */
export function targetTemplate(
  target: Target,
  { min, max, actions }: Bounds & { readonly actions: readonly Action[] },
  more: Readonly<Record<string, object>> = {},
): string {
  return JSON.stringify({
    Description: 'Made by npm run prove:aws of prescale, and deleted by it',
    Resources: {
      Target: {
        Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
        Properties: {
          ...target.id,
          MinCapacity: min,
          MaxCapacity: max,
          ScheduledActions: actions.map(actionProperties),
        },
      },
      ...more,
    },
  });
}

function isMoving(status: string): boolean {
  return status.endsWith('_IN_PROGRESS');
}
