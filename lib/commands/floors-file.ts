import { z } from 'zod';
import type { Diagnostic } from '../calendar/diagnostic';
import { compareDiagnostics } from '../calendar/parse-calendar';
import { joinChoices, showValue } from '../calendar/problem';
import { type Part, SourceFile } from '../calendar/source-file';
import { fromIso, toIso } from '../capacity/instants';
import { formatCount } from '../capacity/words';
import type { FloorSchedule } from '../rehearsal/floor-schedule';
import { readTextFile } from './text-file';

/** The floors of one target, or what is wrong with the file. `floors` is present if and only if there is no diagnostic. */
export interface FloorsFile {
  readonly floors?: FloorSchedule;
  readonly diagnostics: readonly Diagnostic[];
}

/** Whose floors are wanted. */
export interface WantedFloors {
  readonly environment: string;
  /** Region and layer, for example `us-east-1/playback`. */
  readonly targetId: string;
  /** For example `ecs:service:DesiredCount`. */
  readonly dimension: string;
}

const NAMED = 'the output of "prescale plan --json", or a template of cdk synth: cdk.out/assembly-ENV/*.template.json';

/**
 * Reads what a deploy would register from a file that was made before: a document of `prescale plan --json`, or a CloudFormation template with
 * one scalable target of the wanted dimension, such as that of `Capacity` in `cdk.out`.
 *
 * A template does not say which environment it is of, nor which region. Its actions must be what the rehearsal knows: one-time, in UTC, with minimum and
 * maximum. A file that cannot be read, is something else, or has no such target or several is an error. Never throws.
 */
export function readFloors(file: string, wanted: WantedFloors): FloorsFile {
  const read = readTextFile(file, 'floors/file', NAMED);
  return 'problem' in read ? { diagnostics: [read.problem] } : parseFloors(read.text, file, wanted);
}

function parseFloors(text: string, file: string, wanted: WantedFloors): FloorsFile {
  const source = new FloorsSource(file, text);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return source.error('floors/not-json', 'the file is not JSON', `name ${NAMED}`);
  }
  if (isMapping(document)) {
    if ('Resources' in document) return floorsOfTemplate(document, source, wanted);
    if ('environments' in document) return floorsOfPlan(document, source, wanted);
    if (document['schemaVersion'] === 1 && 'diagnostics' in document) {
      const mend = 'run "prescale check", mend the calendar, and plan again';
      return source.error('floors/no-plan', 'the document holds no plan, only what is wrong with the calendar', mend);
    }
  }
  const message = `the file is neither a plan nor a template, got ${showValue(document)}`;
  return source.error('floors/wrong-document', message, `name ${NAMED}`);
}

type Path = readonly PropertyKey[];

/** The text, and places in it by paths. JSON is YAML, whose parser knows where everything stands. */
class FloorsSource {
  private source?: SourceFile;

  constructor(
    private readonly file: string,
    private readonly text: string,
  ) {}

  /** About the whole file. */
  error(code: string, message: string, mend: string): FloorsFile {
    return { diagnostics: [{ severity: 'error', code, message, mend, file: this.file }] };
  }

  at(path: Path, code: string, message: string, mend: string, part: Part = 'value'): Diagnostic {
    this.source ??= new SourceFile(this.file, this.text);
    return { severity: 'error', code, message, mend, ...this.source.place(path, part) };
  }
}

/** What is registered from an instant on, or from the deploy on, and where the file says so. */
interface Setting {
  readonly at?: { readonly seconds: number; readonly path: Path };
  readonly min: { readonly units: number; readonly path: Path };
  readonly max: number;
}

/** The schedule of sound settings; Application Auto Scaling refuses a minimum above its maximum, and knows no order of two at one instant. */
function scheduleOf(now: Setting, later: readonly Setting[], source: FloorsSource): FloorsFile {
  const diagnostics: Diagnostic[] = [];
  for (const { min, max } of [now, ...later]) {
    if (min.units <= max) continue;
    const message = `the minimum must be at most the maximum, got ${formatCount(min.units)} and ${formatCount(max)}`;
    const mend = 'lower the minimum, or raise the maximum in all actions';
    diagnostics.push(source.at(min.path, 'floors/bounds', message, mend));
  }
  const seen = new Set<number>();
  const actions: { at: number; min: number; max: number }[] = [];
  for (const { at, min, max } of later) {
    const { seconds, path } = at!;
    if (seen.has(seconds)) {
      const message = `there is another action at ${toIso(seconds)}, and nobody knows which would be the last`;
      diagnostics.push(source.at(path, 'floors/same-instant', message, 'keep one of them'));
    }
    seen.add(seconds);
    actions.push({ at: seconds, min: min.units, max });
  }
  if (diagnostics.length > 0) return { diagnostics: diagnostics.toSorted(compareDiagnostics) };
  return {
    floors: { min: now.min.units, max: now.max, actions: actions.toSorted((a, b) => a.at - b.at) },
    diagnostics,
  };
}

const COUNT = 'must be a whole number of at least 0';
const count = z.int(COUNT).min(0, COUNT);

const INSTANT = 'must be an instant in UTC such as 2026-01-01T00:00:00Z';
const instant = z.string(INSTANT).refine(isInstant, INSTANT);

const name = z.string('must be text');

const planned = z.object({
  schemaVersion: z.literal(1, 'must be 1'),
  environments: z.array(
    z.object(
      {
        name,
        targets: z.array(
          z.object(
            {
              id: name,
              dimension: name,
              min: count,
              max: count,
              actions: z.array(
                z.object({ at: instant, min: count, max: count }, 'must be an action'),
                'must be a list of actions',
              ),
            },
            'must be a target',
          ),
          'must be a list of targets',
        ),
      },
      'must be the plan of an environment',
    ),
    'must be a list of environments',
  ),
});

const PLAN_MEND = 'name the output of "prescale plan --json" of this version, as it was printed';

function floorsOfPlan(document: unknown, source: FloorsSource, wanted: WantedFloors): FloorsFile {
  const parsed = planned.safeParse(document);
  if (!parsed.success) {
    const words = { code: 'floors/plan', mend: PLAN_MEND };
    return { diagnostics: explain(parsed.error, document, [], () => words, source) };
  }
  const { environments } = parsed.data;
  const environmentIndex = environments.findIndex((environment) => environment.name === wanted.environment);
  if (environmentIndex === -1) {
    const message = `the plan has no environment "${wanted.environment}", ${itHas(environments.map((one) => one.name))}`;
    const mend = `plan it, too: prescale plan --env ${wanted.environment} --json`;
    return { diagnostics: [source.at(['environments'], 'floors/no-environment', message, mend, 'key')] };
  }
  const { targets } = environments[environmentIndex]!;
  const targetsPath = ['environments', environmentIndex, 'targets'];
  const targetIndex = targets.findIndex((target) => target.id === wanted.targetId);
  if (targetIndex === -1) {
    const message = `the plan of ${wanted.environment} has no target "${wanted.targetId}", ${itHas(targets.map(({ id }) => id))}`;
    const mend = 'plan the environment as it is now: prescale plan --json';
    return { diagnostics: [source.at(targetsPath, 'floors/no-target', message, mend, 'key')] };
  }
  const { dimension, min, max, actions } = targets[targetIndex]!;
  const path = [...targetsPath, targetIndex];
  if (dimension !== wanted.dimension) {
    const message = `dimension must be ${wanted.dimension}, got ${showValue(dimension)}`;
    return { diagnostics: [source.at([...path, 'dimension'], 'floors/plan', message, PLAN_MEND)] };
  }
  const settings = actions.map((action, index): Setting => {
    const actionPath = [...path, 'actions', index];
    return {
      at: { seconds: fromIso(action.at), path: [...actionPath, 'at'] },
      min: { units: action.min, path: [...actionPath, 'min'] },
      max: action.max,
    };
  });
  return scheduleOf({ min: { units: min, path: [...path, 'min'] }, max }, settings, source);
}

const SCHEDULE = 'must be one instant, at(yyyy-mm-ddThh:mm:ss)';
const schedule = z.string(SCHEDULE).refine((text) => isInstant(scheduledInstant(text)), SCHEDULE);

const absent = z.undefined('must be left out');

const capacities = { MinCapacity: count, MaxCapacity: count };

const registered = z.object(
  {
    ...capacities,
    ScheduledActions: z
      .array(
        z.object(
          {
            Schedule: schedule,
            Timezone: z.literal('UTC', 'must be UTC, or be left out').optional(),
            // Of schedules that repeat.
            StartTime: absent.optional(),
            EndTime: absent.optional(),
            ScalableTargetAction: z.object(capacities, 'must hold MinCapacity and MaxCapacity'),
          },
          'must be an action',
        ),
        'must be a list of actions',
      )
      .default([]),
  },
  'must be a mapping',
);

const CAPACITIES: ReadonlySet<unknown> = new Set(['MinCapacity', 'MaxCapacity', 'ScalableTargetAction']);
const WHEN: ReadonlySet<unknown> = new Set(['Schedule', 'Timezone', 'StartTime', 'EndTime']);

/** What to say about a value of a template. */
function templateWords(path: Path): { readonly code: string; readonly mend: string } {
  if (WHEN.has(path.at(-1))) {
    return { code: 'floors/schedule', mend: 'write at(…) in UTC: only one-time floors in UTC are rehearsed' };
  }
  const mend = CAPACITIES.has(path.at(-1))
    ? 'write minimum and maximum, both as plain numbers: references are not resolved here'
    : 'write the list of actions itself: conditions are not resolved here';
  return { code: 'floors/template', mend };
}

function floorsOfTemplate(template: Mapping, source: FloorsSource, wanted: WantedFloors): FloorsFile {
  const targets = Object.entries(template['Resources'] ?? {}).flatMap(([id, resource]: [string, unknown]) =>
    isMapping(resource) && resource['Type'] === 'AWS::ApplicationAutoScaling::ScalableTarget'
      ? [{ id, properties: isMapping(resource['Properties']) ? resource['Properties'] : {} }]
      : [],
  );
  const found = targets.filter(({ properties }) => properties['ScalableDimension'] === wanted.dimension);
  const [only, second] = found;
  if (!only) {
    const others = targets.map(({ id, properties }) => `${id} of ${showValue(properties['ScalableDimension'])}`);
    const message = `the template has no scalable target of ${wanted.dimension}, ${itHas(others)}`;
    const mend = 'name the template of the stack that attaches the floors: Capacity, or your own';
    return { diagnostics: [source.at(['Resources'], 'floors/no-target', message, mend, 'key')] };
  }
  if (second) {
    const ids = joinChoices(
      found.map(({ id }) => id),
      'and',
    );
    const message = `the template has ${found.length} scalable targets of ${wanted.dimension}: ${ids}`;
    const mend = 'name the output of "prescale plan --json" instead, which says whose floors they are';
    return { diagnostics: [source.at(['Resources', second.id], 'floors/several-targets', message, mend, 'key')] };
  }
  const path = ['Resources', only.id, 'Properties'];
  const parsed = registered.safeParse(only.properties);
  if (!parsed.success) {
    return { diagnostics: explain(parsed.error, only.properties, path, templateWords, source) };
  }
  const { MinCapacity, MaxCapacity, ScheduledActions } = parsed.data;
  const settings = ScheduledActions.map(({ Schedule, ScalableTargetAction: action }, index): Setting => {
    const actionPath = [...path, 'ScheduledActions', index];
    return {
      at: { seconds: fromIso(scheduledInstant(Schedule)), path: [...actionPath, 'Schedule'] },
      min: { units: action.MinCapacity, path: [...actionPath, 'ScalableTargetAction', 'MinCapacity'] },
      max: action.MaxCapacity,
    };
  });
  const now = { min: { units: MinCapacity, path: [...path, 'MinCapacity'] }, max: MaxCapacity };
  return scheduleOf(now, settings, source);
}

/** Each issue of a value at its place, in the words of its schema. */
function explain(
  error: z.ZodError,
  value: unknown,
  base: Path,
  wordsOf: (path: Path) => { readonly code: string; readonly mend: string },
  source: FloorsSource,
): Diagnostic[] {
  const diagnostics = error.issues.map(({ path, message }) => {
    let found = value;
    for (const step of path) found = (found as Readonly<Record<PropertyKey, unknown>> | undefined)?.[step];
    const label = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
    const { code, mend } = wordsOf(path);
    return source.at([...base, ...path], code, `${label.replace(/^\./, '')} ${message}, got ${showValue(found)}`, mend);
  });
  return diagnostics.toSorted(compareDiagnostics);
}

/** The instant of `at(…)` with its digits read as UTC; for any other schedule no instant. */
function scheduledInstant(schedule: string): string {
  return schedule.replace(/^at\((.*)\)$/, '$1Z');
}

/** Whether it is a day that exists. */
function isInstant(text: string): boolean {
  const seconds = fromIso(text);
  return Number.isFinite(seconds) && toIso(seconds).slice(0, 19) === text.slice(0, 19);
}

function itHas(names: readonly string[]): string {
  return `it has ${joinChoices(names, 'and') || 'none'}`;
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
