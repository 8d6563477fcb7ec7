import {
  DescribeScalableTargetsCommand,
  DescribeScheduledActionsCommand,
  type ScalableDimension,
  type ServiceNamespace,
} from '@aws-sdk/client-application-auto-scaling';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { attempt } from './attempt';
import type { LiveClients } from './clients';
import type { Trouble } from './trouble';

/** What is scaled, as Application Auto Scaling names it. */
export interface ScaledThing {
  readonly namespace: string;
  readonly dimension: string;
  readonly resourceId: string;
}

/** The ARN of whoever calls. */
export function readCaller({ identity }: Pick<LiveClients, 'identity'>): Promise<string | Trouble> {
  return attempt(async () => (await identity.send(new GetCallerIdentityCommand({}))).Arn ?? 'unknown');
}

/** One run of the guard, at once and to its end; what was in the way, if anything. It runs each minute by itself, too. */
export function invokeGuard({ guard }: Pick<LiveClients, 'guard'>, functionName: string): Promise<Trouble | undefined> {
  return attempt(async () => {
    const { FunctionError, Payload } = await guard.send(
      new InvokeCommand({ FunctionName: functionName, InvocationType: 'RequestResponse', LogType: 'None' }),
    );
    if (FunctionError === undefined) return undefined;
    const said = Payload?.transformToString() ?? '';
    return {
      kind: 'refused',
      message: `the guard failed: ${errorMessageOf(said)}`,
      mend: `read the log of ${functionName}; it tries again within a minute`,
    } as const;
  });
}

/** What Lambda says of a handler that threw. */
function errorMessageOf(payload: string): string {
  try {
    const { errorMessage } = JSON.parse(payload) as { errorMessage?: unknown };
    if (typeof errorMessage === 'string') return errorMessage;
  } catch {
    // Whatever else it is, it is shown as it came.
  }
  return payload;
}

/** The live minimum; undefined when nothing is registered. */
export function readLiveMinimum(
  { scaling }: Pick<LiveClients, 'scaling'>,
  thing: ScaledThing,
): Promise<number | undefined | Trouble> {
  return attempt(async () => {
    // One resource id and dimension is one target at most.
    const { ScalableTargets = [] } = await scaling.send(
      new DescribeScalableTargetsCommand({ ...scaled(thing), ResourceIds: [thing.resourceId] }),
    );
    return ScalableTargets[0]?.MinCapacity;
  });
}

/** The minimum that an action sets; undefined when there is no such action. */
export function readActionMinimum(
  { scaling }: Pick<LiveClients, 'scaling'>,
  thing: ScaledThing,
  name: string,
): Promise<number | undefined | Trouble> {
  return attempt(async () => {
    const { ScheduledActions = [] } = await scaling.send(
      new DescribeScheduledActionsCommand({
        ...scaled(thing),
        ResourceId: thing.resourceId,
        ScheduledActionNames: [name],
      }),
    );
    return ScheduledActions[0]?.ScalableTargetAction?.MinCapacity;
  });
}

/** The SDK lists the values that AWS knows today. */
function scaled({ namespace, dimension }: ScaledThing): {
  ServiceNamespace: ServiceNamespace;
  ScalableDimension: ScalableDimension;
} {
  return { ServiceNamespace: namespace as ServiceNamespace, ScalableDimension: dimension as ScalableDimension };
}
