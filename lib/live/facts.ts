import type { AttachedFloors } from '../capacity/attached-floors';
import type { Trouble } from './trouble';

/** What was read. */
export interface Known<T> {
  readonly known: true;
  readonly value: T;
}

/** What could not be read, and why. It is not the same as missing. */
export interface Unknown {
  readonly known: false;
  readonly trouble: Trouble;
}

export type Fact<T> = Known<T> | Unknown;

export const known = <T>(value: T): Known<T> => ({ known: true, value });

export const unknown = (trouble: Trouble): Unknown => ({ known: false, trouble });

/** One fact of many: unknown as soon as one of them is. */
export function allOf<T>(facts: readonly Fact<T>[]): Fact<readonly T[]> {
  const values: T[] = [];
  for (const fact of facts) {
    if (!fact.known) return fact;
    values.push(fact.value);
  }
  return known(values);
}

/** What AWS says that there is not. */
export type Missing = 'missing';

/** What one look at an environment's account found. */
export interface EnvironmentFacts {
  /** The account of the credentials. */
  readonly account: Fact<string>;
  /** The stacks of the environment. */
  readonly stacks: readonly StackFacts[];
  /** One for each target of the plan. */
  readonly targets: readonly TargetFacts[];
  /** Confirmed subscriptions of each topic that an alarm tells, by its ARN. */
  readonly subscribers: Fact<ReadonlyMap<string, number>>;
}

export interface StackFacts {
  readonly name: string;
  readonly region: string;
  readonly state: Fact<StackState | Missing>;
  /** Alarms that the stack made. */
  readonly alarms: Fact<readonly AlarmFacts[]>;
}

export interface StackState {
  /** For example `UPDATE_COMPLETE`. */
  readonly status: string;
  /** The floors that it attaches. */
  readonly attached: readonly AttachedFloors[];
}

export interface AlarmFacts {
  readonly name: string;
  /** Undefined when somebody deleted it. */
  readonly state?: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  readonly actionsEnabled: boolean;
  /** ARNs of topics. */
  readonly topics: readonly string[];
  /** Whom an alarm woke is told when it is over, too. */
  readonly tellsWhenOver: boolean;
}

/** What hangs on a target. Everything is missing while nothing is deployed. */
export interface TargetFacts {
  /** Region and layer, for example `us-east-1/playback`. */
  readonly id: string;
  readonly attached: Fact<AttachedFloors | Missing>;
  readonly registered: Fact<RegisteredTarget | Missing>;
  readonly actions: Fact<readonly RegisteredAction[] | Missing>;
  /** Absent for what is no ECS service. */
  readonly service?: Fact<ServiceFacts | Missing>;
  /** Healthy targets; absent where no target group is named. */
  readonly healthy?: Fact<number | Missing>;
  /** Absent for what is no ECS service. */
  readonly subnets?: Fact<readonly SubnetFacts[] | Missing>;
  /** Absent for what is no ECS service. */
  readonly images?: Fact<readonly ImageFacts[] | Missing>;
  readonly guard: Fact<FunctionFacts | Missing>;
  /** Texts of the records. */
  readonly overrides: Fact<readonly RecordText[]>;
  readonly drills: Fact<readonly RecordText[]>;
  /** What is granted, by the id of the need. */
  readonly quotas: ReadonlyMap<string, Fact<QuotaFacts>>;
}

export interface RegisteredTarget {
  readonly min: number;
  readonly max: number;
  readonly scaleInSuspended: boolean;
  readonly scaleOutSuspended: boolean;
  readonly scheduledSuspended: boolean;
}

export interface RegisteredAction {
  readonly name: string;
  /** `at(…)`, `rate(…)` or `cron(…)`. */
  readonly schedule: string;
  /** @default UTC */
  readonly timezone?: string;
  /** True when a start or an end bounds it. */
  readonly bounded: boolean;
  readonly min?: number;
  readonly max?: number;
}

export interface ServiceFacts {
  readonly running: number;
  readonly desired: number;
  readonly taskDefinition: string;
  readonly subnetIds: readonly string[];
}

export interface SubnetFacts {
  readonly id: string;
  readonly freeAddresses: number;
}

export interface ImageFacts {
  /** As the task definition names it. */
  readonly image: string;
  /** `elsewhere`: in no private repository of ECR, where nobody looks. */
  readonly found: 'present' | Missing | 'elsewhere';
}

export interface FunctionFacts {
  /** For example `Active`. */
  readonly state: string;
}

/** A parameter of Systems Manager. */
export interface RecordText {
  readonly name: string;
  readonly text: string;
}

export interface QuotaFacts {
  readonly value: number;
  /** True when the account has no value of its own. */
  readonly isDefault: boolean;
}
