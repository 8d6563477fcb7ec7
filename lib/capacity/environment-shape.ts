import { z } from 'zod';
import { DEFAULT_DEMAND_MODEL } from './demand-model';
import type { AlarmSettings, Dependency, Environment, LayerProfile, LeadTime, StackEnvironment } from './environment';
import { DEFAULT_QUOTAS } from './limits';

/** Something in an environment that no plan could be made from. */
export interface EnvironmentProblem {
  /** Where, from the environment's name on: `prod.layers.playback.maximum`. */
  readonly path: string;
  /** What is wrong, with the value. */
  readonly message: string;
  readonly mend: string;
}

type Fields<T> = Readonly<Record<keyof T, z.ZodType>>;

const OPTIONAL_NUMBER = z.number().optional();

/** Any part of a model of which every part has a default. */
function partOf(model: object): z.ZodType {
  const fields = Object.entries(model).map(([key, value]: [string, unknown]): [string, z.ZodType] => {
    if (Array.isArray(value)) return [key, z.tuple([z.number(), z.number()]).optional()];
    return [key, typeof value === 'object' && value !== null ? partOf(value) : OPTIONAL_NUMBER];
  });
  return z.strictObject(Object.fromEntries(fields)).optional();
}

const LEAD_TIME: Fields<LeadTime> = {
  schedulerDelaySeconds: OPTIONAL_NUMBER,
  startLatencySeconds: OPTIONAL_NUMBER,
  unitsPerMinute: OPTIONAL_NUMBER,
};

const DEPENDENCY: Fields<Dependency> = {
  name: z.string(),
  perTask: OPTIONAL_NUMBER,
  perPlay: OPTIONAL_NUMBER,
  limit: z.number(),
};

const LAYER: Fields<LayerProfile> = {
  namespace: z.string(),
  dimension: z.string(),
  unit: z.string().min(1),
  baseline: z.number(),
  baselineRequestsPerSecond: z.number(),
  maximum: z.number(),
  requestsPerSecondPerUnit: z.number(),
  requestsPerSecondSource: z.string().optional(),
  utilisationNormal: OPTIONAL_NUMBER,
  utilisationZoneLost: OPTIONAL_NUMBER,
  planningQuantile: OPTIONAL_NUMBER,
  leadTime: z.strictObject(LEAD_TIME).optional(),
  maxStepsPerWindow: OPTIONAL_NUMBER,
  actionBudget: OPTIONAL_NUMBER,
  maximumPercent: OPTIONAL_NUMBER,
  vcpuPerUnit: OPTIONAL_NUMBER,
  pricePerUnitHour: z.number(),
  shedsLoad: z.boolean().optional(),
  retries: z.strictObject({ count: z.number(), persistence: z.number() }).optional(),
  dependencies: z.array(z.strictObject(DEPENDENCY)).optional(),
  demand: partOf(DEFAULT_DEMAND_MODEL),
};

const ENVIRONMENT: Fields<Environment> = {
  name: z.string(),
  region: z.string(),
  zoneIds: z.array(z.string()),
  deployWindowSeconds: OPTIONAL_NUMBER,
  demandFactor: OPTIONAL_NUMBER,
  outageBudget: OPTIONAL_NUMBER,
  layers: z.record(z.string(), z.strictObject(LAYER)),
  quotas: partOf(DEFAULT_QUOTAS),
  prices: z.strictObject({ currency: z.string(), source: z.string(), readOn: z.string() }),
};

/** Of the fields that only the reference stacks need. */
const STACKS: Fields<Omit<StackEnvironment, keyof Environment>> = {
  vpcCidr: z.string(),
  account: z.string(),
  egress: z.strictObject({ via: z.string(), gateways: OPTIONAL_NUMBER }),
  task: z.strictObject({
    image: z.strictObject({
      repository: z.string().optional(),
      digest: z.string().optional(),
      folder: z.string().optional(),
    }),
    port: z.number(),
    healthCheckPath: z.string(),
    cpu: z.number(),
    memoryMiB: z.number(),
  } satisfies Fields<StackEnvironment['task']>),
  sessionTable: z.strictObject({
    warmThroughput: z.strictObject({ readUnitsPerSecond: z.number(), writeUnitsPerSecond: z.number() }).optional(),
    pointInTimeRecovery: z.boolean(),
  } satisfies Fields<StackEnvironment['sessionTable']>),
  edge: z.strictObject({
    webAcl: z.string(),
    originShield: z.boolean(),
    accessLogs: z.boolean(),
    domain: z
      .strictObject({
        names: z.array(z.string()),
        certificateArn: z.string().optional(),
        hostedZone: z.strictObject({ id: z.string(), name: z.string() }).optional(),
      })
      .optional(),
  } satisfies Fields<StackEnvironment['edge']>),
  alarms: z.strictObject({
    wake: z.array(z.string()),
    inform: z.array(z.string()),
    latencyP99Seconds: z.number(),
  } satisfies Fields<AlarmSettings>),
  logRetentionDays: z.number(),
  deletionProtection: z.boolean(),
};

// Unknown fields are refused everywhere: a misspelt one would be missed in silence.
const OF_PLAN = z.strictObject(ENVIRONMENT);
const OF_STACKS = z.strictObject({ ...ENVIRONMENT, ...STACKS });
/** Apart, because messages about a choice of two shapes could name neither. */
const OF_STACKS_WITHOUT_ALARMS = OF_STACKS.extend({ alarms: z.literal('off') });

/** What the schema expects, as messages name it, and the mend. */
const TYPES: Readonly<Record<string, readonly [must: string, mend: string]>> = {
  string: ['text', 'put it in quotes'],
  number: ['a number', 'write digits without quotes'],
  boolean: ['true or false', 'write it without quotes'],
  array: ['a list', 'put it in brackets'],
  tuple: ['a list', 'put two numbers in brackets'],
  object: ['a mapping', 'write its fields in braces'],
  record: ['a mapping', 'write its entries in braces'],
};

/** Fields that are missing, of another type or unknown; empty when all that is planned with can be compared. */
export function shapeProblems(given: unknown): EnvironmentProblem[] {
  const isMapping = typeof given === 'object' && given !== null;
  const name = isMapping && 'name' in given && typeof given.name === 'string' ? given.name : 'environment';
  const hasAlarms = !(isMapping && 'alarms' in given && given.alarms === 'off');
  const schema = isMapping && 'vpcCidr' in given ? (hasAlarms ? OF_STACKS : OF_STACKS_WITHOUT_ALARMS) : OF_PLAN;
  const { error } = schema.safeParse(given);
  return (error?.issues ?? []).flatMap((issue): EnvironmentProblem[] => {
    const value = valueAt(given, issue.path);
    if (issue.code === 'unrecognized_keys') {
      const known = Object.keys(fieldsAt(schema, issue.path)).join(', ');
      return issue.keys.map((key) => {
        const path = [...issue.path, key];
        return problemAt(name, pathText(path), 'a known field', valueAt(given, path), `there are ${known}`);
      });
    }
    if (value === undefined) {
      return [
        problemAt(name, pathText(issue.path), 'given', value, 'add it; docs/attach.md says what an environment needs'),
      ];
    }
    if (issue.code === 'invalid_type') {
      const [must, mend] = TYPES[issue.expected]!;
      return [problemAt(name, pathText(issue.path), must, value, mend)];
    }
    // Too short or too long.
    return [
      problemAt(
        name,
        pathText(issue.path),
        Array.isArray(value) ? 'two numbers' : 'text with letters',
        value,
        'see docs/attach.md',
      ),
    ];
  });
}

/** The fields that the schema knows at a path. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): Readonly<Record<string, z.ZodType>> {
  let inner = schema;
  for (const key of [...path, undefined]) {
    while (inner instanceof z.ZodOptional) inner = inner.unwrap() as z.ZodType;
    if (key === undefined) break;
    if (inner instanceof z.ZodObject) inner = inner.shape[String(key)] as z.ZodType;
    else if (inner instanceof z.ZodRecord) inner = inner.valueType as z.ZodType;
    else if (inner instanceof z.ZodArray) inner = inner.element as z.ZodType;
  }
  return inner instanceof z.ZodObject ? inner.shape : {};
}

/** A problem of an environment; what JSON cannot hold is shown by its type. */
export function problemAt(
  environment: string,
  path: string,
  must: string,
  value: unknown,
  mend: string,
): EnvironmentProblem {
  return { path: `${environment}.${path}`, message: `${path} must be ${must}, got ${show(value)}`, mend };
}

/** `layers.playback.dependencies[0].limit`. */
function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return text.replace(/^\./, '') || 'environment';
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value: unknown, key) => (value as Record<PropertyKey, unknown>)[key], given);
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return typeof value;
  }
}
