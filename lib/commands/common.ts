import { styleText } from 'node:util';
import { type Command, Option } from 'commander';
import type { Diagnostic } from '../calendar/diagnostic';
import { parseDuration } from '../calendar/duration';
import type { CalendarFiles } from '../calendar/read-calendar';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import type { Environment } from '../capacity/environment';
import { environments } from '../environments';
import { type LoadedPlans, loadPlans, parseInstant, unknownEnvironments } from '../load-plan';
import { readEnvironments } from './environments-file';

/** 0 fine, 1 problems found, 2 wrong usage, 3 the tool itself failed. */
export const EXIT = { fine: 0, problems: 1, usage: 2, failure: 3 } as const;

/** Where the environments are written that are planned when no other file is named, as messages name it. */
export const ENVIRONMENTS_FILE = 'lib/environments.ts';

/** Where a command writes. Data goes to `out`, everything else to `err`. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Width of the terminal; absent when `out` is not one. */
  readonly columns?: number;
}

/** A mistake in how a command was called: the command ends with exit code 2. */
export class UsageError extends Error {
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(renderDiagnostics(diagnostics));
  }
}

/** The options that commands on the calendar share, as commander hands them over. */
export interface PlanOptions {
  readonly calendar: string;
  readonly env?: readonly string[];
  /** File of the environments. @default those of this repository */
  readonly environments?: string;
  readonly asOf: string;
  /** ISO 8601. */
  readonly horizon: string;
  readonly json?: boolean;
}

/** Adds `--calendar` and `--as-of`. The clock is read here, once. */
export function addCalendarOptions(command: Command, now: () => Date): Command {
  return command
    .option('--calendar <dir>', 'folder with the *.yaml files of the release calendar', 'release-calendar')
    .addOption(
      new Option('--as-of <instant>', 'plan as of this instant, for example 2025-12-20T00:00:00Z').default(
        now().toISOString(),
        'now',
      ),
    );
}

/** Adds `--calendar`, `--as-of`, `--env`, `--environments`, `--horizon` and `--json`. */
export function addPlanOptions(command: Command, now: () => Date): Command {
  const collect = (name: string, names: readonly string[] = []): string[] => [...names, name];
  return addCalendarOptions(command, now)
    .option('--env <name>', 'environment to plan, repeatable (default: all)', collect)
    .option('--environments <file>', 'module that exports environments, or a .json list (default: those of prescale)')
    .option('--horizon <duration>', 'how far to look ahead, in ISO 8601; a deploy looks 90 days ahead', 'P90D')
    .option('--json', 'print one JSON document');
}

/** The instant of `--as-of`: ISO 8601 in UTC, whole seconds. */
export function readAsOf(text: string): string {
  const asOf = parseInstant(text, '--as-of');
  if (typeof asOf !== 'string') throw new UsageError([asOf]);
  return asOf;
}

/** Seconds of `--horizon`. */
function readHorizon(text: string): number {
  const seconds = parseDuration(text, { key: '--horizon', zero: false, most: 'P366D', example: 'P90D' });
  if (typeof seconds === 'number') return seconds;
  throw new UsageError([{ severity: 'error', ...seconds, code: 'usage/horizon' }]);
}

/** The plans, what they were made from, and the file that messages name for what is wrong in an environment. */
export interface LoadedFromOptions extends LoadedPlans {
  /** Those that were planned. */
  readonly environments: readonly Environment[];
  readonly environmentsFile: string;
}

/**
 * Checks the options and plans the calendar for the environments asked for.
 *
 * @param calendarFiles what is planned in place of what the folder of the calendar holds
 */
export async function loadFromOptions(options: PlanOptions, calendarFiles?: CalendarFiles): Promise<LoadedFromOptions> {
  const asOf = readAsOf(options.asOf);
  const horizonSeconds = readHorizon(options.horizon);
  const environmentsFile = options.environments ?? ENVIRONMENTS_FILE;
  const all = options.environments === undefined ? environments : await readFrom(options.environments);
  const unknown = unknownEnvironments(options.env ?? [], all);
  if (unknown.length > 0) throw new UsageError(unknown);
  const asked = options.env ? all.filter(({ name }) => options.env!.includes(name)) : all;
  const loaded = loadPlans({
    calendarDir: options.calendar,
    calendarFiles,
    environments: asked,
    known: all,
    asOf,
    horizonSeconds,
    environmentsFile,
  });
  return { ...loaded, environments: asked, environmentsFile };
}

async function readFrom(file: string): Promise<readonly Environment[]> {
  const { environments, diagnostics } = await readEnvironments(file);
  if (diagnostics.length > 0) throw new UsageError(diagnostics);
  return environments;
}

/** A diagnostic as `--json` prints it. */
export function diagnosticJson({ severity, code, message, mend, file, line, column }: Diagnostic): object {
  return { severity, code, message, mend, file, line, column };
}

/** One JSON document, ready to be read by another tool. */
export function renderJson(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** What Ctrl-C and SIGTERM stop, from the first interruptible work on. */
let interruption: AbortController | undefined;

/**
 * Does work that Ctrl-C or SIGTERM asks to stop: what is known by then is printed all the same. Later signals do nothing more, because npm hands a
 * Ctrl-C on a second time.
 */
export function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (!interruption) {
    const interrupt = (): void => interruption?.abort();
    process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  }
  interruption = new AbortController();
  return work(interruption.signal);
}

/** Colours texts by a key, in a terminal that wants colours. */
export function painter<Key extends string>(
  { columns }: Output,
  colours: Readonly<Record<Key, Parameters<typeof styleText>[0]>>,
): (key: Key, text: string) => string {
  const isColourful = columns !== undefined && !process.env['NO_COLOR'];
  return (key, text) => (isColourful ? styleText(colours[key], text, { validateStream: false }) : text);
}
