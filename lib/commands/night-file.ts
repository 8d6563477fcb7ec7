import { z } from 'zod';
import type { Diagnostic } from '../calendar/diagnostic';
import { compareDiagnostics } from '../calendar/parse-calendar';
import { showValue } from '../calendar/problem';
import { SourceFile } from '../calendar/source-file';
import { fromIso, toIso } from '../capacity/instants';
import type { NightRecord } from '../capacity/night-record';
import { readTextFile } from './text-file';

/** A record, or what is wrong with the file. `record` is present if and only if there is no diagnostic. */
export interface NightFile {
  readonly record?: NightRecord;
  readonly diagnostics: readonly Diagnostic[];
}

const NAMED = 'a record that "prescale review --record FILE" wrote';

/** A series of wrong values is wrong in every minute: of so many problems the rest is like them. */
const MOST_SHOWN = 20;

const MINUTE = 60;

const INSTANT = 'must be a whole minute in UTC such as 2026-01-01T00:00:00Z';
const minute = z.string(INSTANT).refine((text) => isInstant(text) && fromIso(text) % MINUTE === 0, INSTANT);
const SECOND = 'must be an instant in UTC such as 2026-01-01T00:00:00Z';
const second = z.string(SECOND).refine(isInstant, SECOND);

const VALUE = 'must be a number of at least 0, or null';
const values = z.array(z.number(VALUE).min(0, VALUE).nullable(), 'must be a list with a value for each minute');

const text = z.string('must be text').min(1, 'must be text');
const COUNT = 'must be a whole number of at least 0';
const units = z.int(COUNT).min(0, COUNT);

const shape = z.strictObject({
  schemaVersion: z.literal(1, 'must be 1'),
  account: z.string('must be twelve digits in quotes').regex(/^\d{12}$/, 'must be twelve digits in quotes'),
  environment: text,
  from: minute,
  to: minute,
  periodSeconds: z.literal(MINUTE, 'must be 60'),
  viewers: values.optional(),
  targets: z
    .array(
      z.strictObject(
        {
          id: text,
          unit: text,
          series: z.strictObject(
            {
              requests: values.optional(),
              failures: values.optional(),
              ready: values.optional(),
              desired: values.optional(),
              running: values.optional(),
              floor: values.optional(),
            },
            'must be a mapping of series',
          ),
          activities: z.array(
            z.strictObject(
              {
                at: second,
                cause: z.string('must be text'),
                toUnits: units.optional(),
              },
              'must be a scaling activity',
            ),
            'must be a list of scaling activities',
          ),
        },
        'must be a target',
      ),
      'must be a list of targets',
    )
    .min(1, 'must be a list of targets'),
});

/** One thing that is wrong, as zod tells it. */
interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Those that nobody knows, where that is what is wrong. */
  readonly keys?: readonly string[];
}

/** Reads the record of a night that was kept. A file that cannot be read or is something else is an error, each at its place. Never throws. */
export function readNightFile(file: string): NightFile {
  const read = readTextFile(file, 'review/file', NAMED);
  return 'problem' in read ? { diagnostics: [read.problem] } : parseNight(read.text, file);
}

function parseNight(content: string, file: string): NightFile {
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch {
    const message = 'the file is not JSON';
    return { diagnostics: [{ severity: 'error', code: 'review/not-json', message, mend: `name ${NAMED}`, file }] };
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document) || !('periodSeconds' in document)) {
    const message = `the file is not the record of a night, got ${showValue(document)}`;
    return { diagnostics: [{ severity: 'error', code: 'review/not-a-record', message, mend: `name ${NAMED}`, file }] };
  }
  const parsed = shape.safeParse(document);
  const issues: readonly Issue[] = parsed.success ? lengthIssues(parsed.data) : parsed.error.issues;
  if (parsed.success && issues.length === 0) return { record: parsed.data, diagnostics: [] };
  const source = new SourceFile(file, content);
  const diagnostics = issues.slice(0, MOST_SHOWN).map((issue): Diagnostic => {
    const { path, message } = issue;
    // zod tells of unknown keys at what holds them.
    const [key] = issue.keys ?? [];
    if (key !== undefined) {
      const unknown = `${labelOf(path)}${path.length > 0 ? ' ' : ''}has no key ${showValue(key)}`;
      return problem(unknown, source.place([...path, key], 'key'));
    }
    let found: unknown = document;
    for (const step of path) found = (found as Readonly<Record<PropertyKey, unknown>> | undefined)?.[step];
    return problem(`${labelOf(path)} ${message}, got ${showValue(found)}`, source.place(path, 'value'));
  });
  return { diagnostics: diagnostics.toSorted(compareDiagnostics) };
}

function problem(message: string, place: ReturnType<SourceFile['place']>): Diagnostic {
  return { severity: 'error', code: 'review/record', message, mend: `name ${NAMED}, or mend it by hand`, ...place };
}

/** What a shape cannot say: each series has a value for each minute of the span. */
function lengthIssues(record: NightRecord): Issue[] {
  const minutes = (fromIso(record.to) - fromIso(record.from)) / MINUTE;
  if (minutes <= 0) return [{ path: ['to'], message: `must be after ${record.from}` }];
  const lists: [readonly PropertyKey[], readonly unknown[] | undefined][] = [
    [['viewers'], record.viewers],
    ...record.targets.flatMap(({ series }, index) =>
      Object.entries(series).map(([name, list]): [readonly PropertyKey[], readonly unknown[] | undefined] => [
        ['targets', index, 'series', name],
        list as readonly unknown[] | undefined,
      ]),
    ),
  ];
  return lists.flatMap(([path, list]) =>
    list === undefined || list.length === minutes
      ? []
      : [{ path, message: `must have ${minutes} values, one for each minute, and has ${list.length}` }],
  );
}

function labelOf(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

/** Whether it is a day that exists. */
function isInstant(instant: string): boolean {
  const seconds = fromIso(instant);
  return Number.isFinite(seconds) && toIso(seconds).slice(0, 19) === instant.slice(0, 19);
}
