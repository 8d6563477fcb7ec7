import type { PlanOrigin } from './capacity-plan';

/** What a stack tells of the floors that it attaches: one output of the stack, as JSON. */
export interface AttachedFloors extends PlanOrigin {
  /** Version of this form. */
  readonly prescale: 1;
  readonly environment: string;
  /** Region and layer, for example `us-east-1/playback`. */
  readonly target: string;
  /** As Application Auto Scaling writes it. */
  readonly resourceId: string;
  /** Name of the Lambda function that runs each minute. */
  readonly guardFunction: string;
  /** Whose healthy targets are counted. */
  readonly targetGroupArn?: string;
}

/** Part of the key of the output. */
export const ATTACHED_OUTPUT = 'AttachedFloors';

/** Reads the value of such an output; undefined for anything else. */
export function readAttachedFloors(text: string): AttachedFloors | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('prescale' in value) || value.prescale !== 1) return undefined;
  const fields = value as Record<string, unknown>;
  const needed = ['environment', 'target', 'resourceId', 'guardFunction', 'asOf', 'calendarDigest', 'toolVersion'];
  return needed.every((key) => typeof fields[key] === 'string') ? (value as AttachedFloors) : undefined;
}
