import type { TargetPlan } from '../capacity/capacity-plan';
import { fromIso } from '../capacity/instants';
import { resourceIdForm } from '../capacity/resource-ids';

/** What the guard needs of a plan: plain JSON that stands beside the code in the Lambda's asset, as `plan.json`. */
export interface GuardPlan {
  readonly schemaVersion: 1;
  /** The name of the environment: a dimension of the metrics. */
  readonly environment: string;
  /** The account that the plan may act in: twelve digits. @default any */
  readonly account?: string;
  readonly region: string;
  readonly asOf: string;
  readonly deployWindowSeconds: number;
  /** For the log. @default none */
  readonly calendarDigest?: string;
  /** For the log. */
  readonly toolVersion: string;
  readonly target: GuardTarget;
}

export type GuardTarget = Pick<
  TargetPlan,
  'id' | 'namespace' | 'dimension' | 'baseline' | 'min' | 'max' | 'actions' | 'windows' | 'coveredUntil'
>;

/** Where the guard runs, and what it scales there. */
export interface Place {
  readonly account: string;
  readonly region: string;
  /** As Application Auto Scaling writes it, for example `service/CLUSTER/SERVICE`. */
  readonly resourceId: string;
}

/** What is not as planned. */
export interface Problem {
  /** `guard/…` or `deploy/…`. */
  readonly code: string;
  /** What is wrong, the value, and the mend. */
  readonly message: string;
}

/** The text of `plan.json`: compact, and without what the guard does not read. */
export function renderGuardPlan({
  target,
  ...fields
}: Omit<GuardPlan, 'schemaVersion' | 'target'> & { readonly target: TargetPlan }): string {
  const { id, namespace, dimension, baseline, min, max, actions, windows, coveredUntil } = target;
  const plan: GuardPlan = {
    schemaVersion: 1,
    ...fields,
    target: { id, namespace, dimension, baseline, min, max, actions, windows, coveredUntil },
  };
  return JSON.stringify(plan);
}

/** Reads `plan.json`. Whatever is not a plan of this version is a problem, and never half a plan. */
export function readGuardPlan(text: string): GuardPlan | Problem {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable(`is no JSON, it begins with ${JSON.stringify(text.slice(0, 40))}`);
  }
  if (!isFields(value)) return unreadable(`is no plan, got ${JSON.stringify(value)}`);
  if (value.schemaVersion !== 1) {
    return unreadable(`must have schemaVersion 1, got ${JSON.stringify(value.schemaVersion)}`);
  }
  const problem = shapeProblem(value);
  return problem === undefined ? (value as unknown as GuardPlan) : unreadable(problem);
}

export function isProblem(value: GuardPlan | Problem): value is Problem {
  return 'code' in value;
}

/** Why a plan must not be acted on here: it was made for another account, region or resource. */
export function foreignProblems({ account, region, target }: GuardPlan, place: Place): Problem[] {
  const problems: string[] = [];
  if (account !== undefined && account !== place.account) {
    problems.push(
      `the plan is for account ${account}, and this is ${place.account}; mend: deploy with credentials of ${account}`,
    );
  }
  if (region !== place.region) {
    problems.push(`the plan is for region ${region}, and this is ${place.region}; mend: deploy the stack to ${region}`);
  }
  const known = resourceIdForm(target.dimension);
  if (known !== undefined && !known.form.test(place.resourceId)) {
    problems.push(
      `the plan ${target.id} is for ${target.dimension}, whose resource ids are ${known.shown}, and RESOURCE_ID is ` +
        `"${place.resourceId}"; mend: hand the guard the plan and the resource id of one target`,
    );
  }
  return problems.map((message) => ({ code: 'guard/plan-foreign', message }));
}

function unreadable(problem: string): Problem {
  return {
    code: 'guard/plan-unreadable',
    message: `plan.json ${problem}; mend: deploy again with one version of prescale`,
  };
}

/** The first thing about an object that the guard could not work with. */
function shapeProblem({ target, ...fields }: Fields): string | undefined {
  for (const key of ['environment', 'region', 'toolVersion']) {
    if (!isText(fields[key])) return `must have text in ${key}, got ${JSON.stringify(fields[key])}`;
  }
  if (fields.account !== undefined && !(isText(fields.account) && /^\d{12}$/.test(fields.account))) {
    return `must have an account of twelve digits or none, got ${JSON.stringify(fields.account)}`;
  }
  if (!isInstant(fields.asOf)) return `must have an instant in asOf, got ${JSON.stringify(fields.asOf)}`;
  if (!isCount(fields.deployWindowSeconds)) {
    return `must have whole seconds in deployWindowSeconds, got ${JSON.stringify(fields.deployWindowSeconds)}`;
  }
  return isFields(target) ? targetProblem(target) : `must have a target, got ${JSON.stringify(target)}`;
}

function targetProblem({ actions, windows, ...fields }: Fields): string | undefined {
  for (const key of ['id', 'namespace', 'dimension']) {
    if (!isText(fields[key])) return `must have text in target.${key}, got ${JSON.stringify(fields[key])}`;
  }
  if (!hasBounds(fields)) {
    return `must have whole numbers with min at most max in target, got ${JSON.stringify(fields.min)} and ${JSON.stringify(fields.max)}`;
  }
  if (!isCount(fields.baseline)) {
    return `must have whole units in target.baseline, got ${JSON.stringify(fields.baseline)}`;
  }
  if (!isInstant(fields.coveredUntil)) {
    return `must have an instant in target.coveredUntil, got ${JSON.stringify(fields.coveredUntil)}`;
  }
  if (!Array.isArray(actions)) return 'must have a list in target.actions';
  let before = Number.NEGATIVE_INFINITY;
  for (const action of actions as unknown[]) {
    const at = isFields(action) && isText(action.name) && hasBounds(action) ? action.at : undefined;
    if (!isInstant(at)) return `has an action that is none: ${JSON.stringify(action)}`;
    // The floor of an instant is that of the last action due, in this order.
    if (fromIso(at) <= before) return `has an action out of order: ${JSON.stringify(action)}`;
    before = fromIso(at);
  }
  if (!Array.isArray(windows)) return 'must have a list in target.windows';
  const wrong = (windows as unknown[]).find(
    (window) =>
      !isFields(window) || !['risingAt', 'givingBackAt', 'endsAt'].every((instant) => isInstant(window[instant])),
  );
  return wrong === undefined ? undefined : `has a window that is none: ${JSON.stringify(wrong)}`;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isInstant(value: unknown): value is string {
  return typeof value === 'string' && Number.isInteger(fromIso(value));
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

function hasBounds({ min, max }: Fields): boolean {
  return isCount(min) && isCount(max) && min <= max;
}
