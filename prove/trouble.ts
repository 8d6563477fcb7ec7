import { troubleOf as troubleOfCall, type Trouble as TroubleOfCall } from '../lib/live/trouble';
import { Unanswered } from './steps';

export { codeOf } from '../lib/live/trouble';

/** What can go wrong with a question without anybody's mistake in this tool. */
export interface Trouble {
  /** Why, with AWS's words. */
  readonly message: string;
  readonly mend?: string;
  /** What it holds for: everything else as well, this call whenever it is made, or this call now. */
  readonly scope: 'everything' | 'call' | 'moment';
}

const SCOPES: Readonly<Record<TroubleOfCall['kind'], Trouble['scope']>> = {
  credentials: 'everything',
  network: 'everything',
  permission: 'call',
  // The SDK has given up trying again.
  throttled: 'moment',
  refused: 'moment',
};

/** Undefined for what is a mistake in this tool. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof Unanswered) return { message: error.message, scope: 'moment' };
  const trouble = troubleOfCall(error);
  if (trouble === undefined) return undefined;
  const { kind, message, mend } = trouble;
  const scope = SCOPES[kind];
  return { message, scope, ...(scope !== 'moment' && { mend }) };
}
