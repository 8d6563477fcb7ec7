import type {
  CapacityPlan,
  CapacityWindow,
  EnvironmentPlan,
  Finding,
  PlannedRelease,
  RequiredInterval,
  ScheduledAction,
  TargetPlan,
} from './capacity-plan';

/** A value that is not the same in both plans. */
export interface ValueChange<T> {
  readonly before: T;
  readonly after: T;
}

/** Members of a sorted list that only one of the plans has. One that was changed is in both. */
export interface ListChange<T> {
  readonly removed: readonly T[];
  readonly added: readonly T[];
}

type PlanValues = Omit<CapacityPlan, 'environments'>;
type EnvironmentValues = Omit<EnvironmentPlan, 'name' | 'targets' | 'findings' | 'releases'>;
type TargetValues = Omit<TargetPlan, 'id' | 'actions' | 'required' | 'windows'>;
type Changes<T> = { readonly [key in keyof T]?: ValueChange<T[key]> };

/** What differs between two plans of one target. */
export interface TargetDifference {
  readonly id: string;
  readonly values: Changes<TargetValues>;
  readonly actions: ListChange<ScheduledAction>;
  readonly required: ListChange<RequiredInterval>;
  readonly windows: ListChange<CapacityWindow>;
}

/** What differs between two plans of one environment. */
export interface EnvironmentDifference {
  readonly name: string;
  readonly values: Changes<EnvironmentValues>;
  readonly targets: MembersChange<TargetPlan, TargetDifference>;
  readonly findings: ListChange<Finding>;
  readonly releases: ListChange<PlannedRelease>;
}

/** Members that are told apart by a key: those that only one plan has, and what differs in those that both have. */
export interface MembersChange<T, D> {
  readonly removed: readonly T[];
  readonly added: readonly T[];
  readonly changed: readonly D[];
  /** Keys in the order of the later plan, where they differ in number or order. */
  readonly order?: readonly string[];
}

/** What turns one plan into another. */
export interface PlanDifference {
  readonly values: Changes<PlanValues>;
  readonly environments: MembersChange<EnvironmentPlan, EnvironmentDifference>;
}

/** What differs between two plans: nothing for equal ones, and enough for `applyDifference` to make the later from the earlier. */
export function diffPlans(before: CapacityPlan, after: CapacityPlan): PlanDifference {
  return {
    values: changesOf<PlanValues>(before, after, ['environments']),
    environments: membersChange(before.environments, after.environments, nameOf, diffEnvironments, isEnvironmentSame),
  };
}

/** True when nothing differs. */
export function isEmptyDifference({ values, environments }: PlanDifference): boolean {
  return isEmpty(values) && areMembersSame(environments);
}

/** The later plan, from the earlier one and what differs. */
export function applyDifference(plan: CapacityPlan, difference: PlanDifference): CapacityPlan {
  return {
    ...apply<PlanValues>(plan, difference.values),
    environments: applyMembers(plan.environments, difference.environments, nameOf, nameOf, (environment, changed) => ({
      name: environment.name,
      ...apply<EnvironmentValues>(environment, changed.values),
      targets: applyMembers(environment.targets, changed.targets, idOf, idOf, (target, inTarget) => ({
        ...apply<TargetValues>(target, inTarget.values),
        id: target.id,
        actions: applyList(target.actions, inTarget.actions, ({ at }) => at),
        required: applyList(target.required, inTarget.required, ({ from }) => from),
        windows: applyList(target.windows, inTarget.windows, ({ risingAt }) => risingAt),
      })),
      findings: applyList(environment.findings, changed.findings, findingKey),
      releases: applyList(environment.releases, changed.releases, ({ premiereAt, id }) => `${premiereAt} ${id}`),
    })),
  };
}

/** Sort key of findings: errors first, then by code and message. */
export function findingKey({ severity, code, message }: Finding): string {
  return `${severity === 'error' ? 0 : 1} ${code} ${message}`;
}

function diffEnvironments(before: EnvironmentPlan, after: EnvironmentPlan): EnvironmentDifference {
  return {
    name: after.name,
    values: changesOf<EnvironmentValues>(before, after, ['name', 'targets', 'findings', 'releases']),
    targets: membersChange(before.targets, after.targets, idOf, diffTargets, isTargetSame),
    findings: listChange(before.findings, after.findings),
    releases: listChange(before.releases, after.releases),
  };
}

function diffTargets(before: TargetPlan, after: TargetPlan): TargetDifference {
  return {
    id: after.id,
    values: changesOf<TargetValues>(before, after, ['id', 'actions', 'required', 'windows']),
    actions: listChange(before.actions, after.actions),
    required: listChange(before.required, after.required),
    windows: listChange(before.windows, after.windows),
  };
}

function isEnvironmentSame({ values, targets, findings, releases }: EnvironmentDifference): boolean {
  return isEmpty(values) && areMembersSame(targets) && isListSame(findings) && isListSame(releases);
}

function isTargetSame({ values, actions, required, windows }: TargetDifference): boolean {
  return isEmpty(values) && [actions, required, windows].every(isListSame);
}

const nameOf = ({ name }: { readonly name: string }): string => name;
const idOf = ({ id }: { readonly id: string }): string => id;

/** All values but those that are compared in their own way, so that none is forgotten when plans learn more. */
function changesOf<T extends object>(before: T, after: T, others: readonly string[]): Changes<T> {
  const changes: { [key in keyof T]?: ValueChange<T[key]> } = {};
  for (const key of Object.keys({ ...before, ...after }) as (keyof T & string)[]) {
    if (others.includes(key) || toText(before[key]) === toText(after[key])) continue;
    changes[key] = { before: before[key], after: after[key] };
  }
  return changes;
}

function apply<T extends object>(value: T, changes: Changes<T>): T {
  const result = { ...value };
  for (const key of Object.keys(changes) as (keyof T)[]) result[key] = changes[key]!.after;
  return result;
}

function listChange<T>(before: readonly T[], after: readonly T[]): ListChange<T> {
  const texts = { before: new Set(before.map(toText)), after: new Set(after.map(toText)) };
  return {
    removed: before.filter((value) => !texts.after.has(toText(value))),
    added: after.filter((value) => !texts.before.has(toText(value))),
  };
}

function applyList<T>(list: readonly T[], change: ListChange<T>, keyOf: (value: T) => string): T[] {
  const removed = new Set(change.removed.map(toText));
  const all = [...list.filter((value) => !removed.has(toText(value))), ...change.added];
  return sortByKey(all, keyOf);
}

/** A copy that is sorted by the text of a key. */
export function sortByKey<T>(list: readonly T[], keyOf: (value: T) => string): T[] {
  return list.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : Number(keyOf(a) > keyOf(b))));
}

function membersChange<T, D>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (member: T) => string,
  diff: (before: T, after: T) => D,
  isSame: (difference: D) => boolean,
): MembersChange<T, D> {
  const earlier = new Map(before.map((member) => [keyOf(member), member]));
  const keys = after.map(keyOf);
  const kept = after.filter((member) => earlier.has(keyOf(member)));
  const changed = kept.map((member) => diff(earlier.get(keyOf(member))!, member)).filter((d) => !isSame(d));
  return {
    removed: before.filter((member) => !keys.includes(keyOf(member))),
    added: after.filter((member) => !earlier.has(keyOf(member))),
    changed,
    ...(toText([...earlier.keys()]) !== toText(keys) && { order: keys }),
  };
}

function applyMembers<T, D>(
  members: readonly T[],
  change: MembersChange<T, D>,
  keyOf: (member: T) => string,
  keyOfDifference: (difference: D) => string,
  applyOne: (member: T, difference: D) => T,
): T[] {
  const differences = new Map(change.changed.map((difference) => [keyOfDifference(difference), difference]));
  const results = new Map<string, T>();
  for (const member of [...members, ...change.added]) {
    const difference = differences.get(keyOf(member));
    results.set(keyOf(member), difference ? applyOne(member, difference) : member);
  }
  return (change.order ?? members.map(keyOf)).map((key) => results.get(key)!);
}

function isEmpty(values: object): boolean {
  return Object.keys(values).length === 0;
}

function isListSame({ removed, added }: ListChange<unknown>): boolean {
  return removed.length === 0 && added.length === 0;
}

function areMembersSame({ removed, added, changed, order }: MembersChange<unknown, unknown>): boolean {
  return removed.length === 0 && added.length === 0 && changed.length === 0 && order === undefined;
}

/** Plans are plain JSON whose keys are always written in the same order, so equal texts are equal values. */
function toText(value: unknown): string {
  return JSON.stringify(value);
}
