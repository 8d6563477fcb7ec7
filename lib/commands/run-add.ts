import { existsSync } from 'node:fs';
import path from 'node:path';
import { appendRelease, type NewRelease } from '../calendar/append-release';
import type { Diagnostic } from '../calendar/diagnostic';
import type { CalendarFile } from '../calendar/parse-calendar';
import { parsePremiere } from '../calendar/premiere';
import { type Problem, showValue } from '../calendar/problem';
import { type CalendarFiles, readCalendar, withFile } from '../calendar/read-calendar';
import type { Release, ReleaseCalendar } from '../calendar/release';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import type { CapacityPlan } from '../capacity/capacity-plan';
import { fromIso, toIso } from '../capacity/instants';
import { findingDiagnostics, sortDiagnostics } from '../load-plan';
import { type AddedRelease, addedRelease, audienceZones, renderAddedReleases } from '../report/added-releases';
import { utcTime } from '../report/times';
import { askMissing, readDraft, refuseIncomplete, toNewReleases } from './add-answers';
import type { AddOptions } from './add';
import { type Asker, isGone } from './asker';
import {
  diagnosticJson,
  EXIT,
  loadFromOptions,
  type LoadedFromOptions,
  type Output,
  type PlanOptions,
  renderJson,
  UsageError,
} from './common';
import { type CalendarChange, writeCalendarFile } from './write-calendar-file';

/** What `check` looks ahead. */
const HORIZON = 'P90D';

/** A plan as of so many seconds before a premiere has its whole window, and has room for it. */
const SHOWN_BEFORE = 8 * 86_400;

/** A file without a list is mended by its first entry. */
const MENDED_BY_ENTRY = new Set(['calendar/empty-file', 'calendar/releases', 'calendar/no-files']);

/** What is about to be written. */
interface Change extends CalendarChange {
  /** The lines of each new entry. */
  readonly entries: readonly string[];
}

/**
 * Adds entries as the options and the answers say; returns the exit code. Writes only what `check` accepts.
 *
 * @param person gives who can be asked; null where there is no terminal
 */
export async function runAdd(
  options: AddOptions,
  output: Output,
  person: (() => Promise<Asker>) | null,
): Promise<number> {
  const asker = person && !options.yes ? lazily(person) : undefined;
  try {
    return await add(options, output, asker);
  } catch (error) {
    if (!isGone(error)) throw error;
    return refuse(options, output, undefined, []);
  }
}

/** Prompts are loaded for the first question, not before. */
function lazily(person: () => Promise<Asker>): Asker {
  let asker: Promise<Asker> | undefined;
  const get = (): Promise<Asker> => (asker ??= person());
  return {
    input: async (question) => (await get()).input(question),
    select: async (question) => (await get()).select(question),
    search: async (question) => (await get()).search(question),
    confirm: async (question) => (await get()).confirm(question),
  };
}

async function add(options: AddOptions, output: Output, asker: Asker | undefined): Promise<number> {
  const draft = readDraft(options, asker !== undefined);
  if (!asker) refuseIncomplete(draft);
  const planOptions: PlanOptions = { ...options, horizon: HORIZON };
  const files = readCalendar(options.calendar);
  const before = await loadFromOptions(planOptions, files);
  const broken = before.plan ? [] : errorsOf(before).filter(({ code }) => !MENDED_BY_ENTRY.has(code));
  // What is wrong already would be told only after all questions, and hides what the entry does.
  if (broken.length > 0) return refuse(options, output, undefined, broken);

  const complete = asker ? await askMissing(draft, asker, before.calendar) : draft;
  const releases = toNewReleases(complete);
  const file = fileFor(options, files, before.calendar, releases[0]!);
  const change = changeOf(file, files, releases);
  if ('code' in change) {
    return refuse(options, output, undefined, [{ severity: 'error', ...change, file }]);
  }
  const after = withFile(files, { file, text: change.after });
  const loaded = await loadFromOptions(planOptions, after);
  const news = newDiagnostics(before, loaded);
  if (!loaded.plan || !loaded.calendar) return refuse(options, output, change, errorsOf(loaded));
  const errors = news.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return refuse(options, output, change, errors);
  const ids = releases.map(({ id }) => id);
  const added = loaded.calendar.releases.filter(({ id }) => ids.includes(id));
  const shown = await showReleases(planOptions, after, loaded.plan, added);
  const found = sortDiagnostics([...news, ...shown.later]);
  if (!options.json) {
    output.out(`${change.entries.join('\n\n')}\n\n${renderAddedReleases(shown.releases, output.columns)}`);
    output.out(unplanned(shown.releases, added, loaded.plan.asOf));
  }
  output.err(renderDiagnostics(found));

  const where = `${file}:${added[0]!.location.line}`;
  const isAgreed =
    options.dryRun === true ||
    !asker ||
    (await asker.confirm({ message: `Write ${countEntries(releases)} to ${where}?`, default: true }));
  if (!isAgreed) return refuse(options, output, undefined, []);
  const failure = options.dryRun ? undefined : writeCalendarFile(options.calendar, change, 'prescale add');
  if (failure) return refuse(options, output, undefined, [failure]);
  if (options.json) {
    output.out(
      renderJson({
        schemaVersion: 1,
        asOf: loaded.plan.asOf,
        file,
        line: added[0]!.location.line,
        written: options.dryRun !== true,
        text: change.entries.join('\n\n'),
        releases: shown.releases,
        diagnostics: found.map(diagnosticJson),
      }),
    );
  } else if (options.dryRun) {
    output.out(`\ndry run: nothing was written; it would go to ${where}\n`);
  } else {
    const calendar = options.calendar === 'release-calendar' ? '' : ` --calendar ${options.calendar}`;
    output.out(
      `\nwrote ${countEntries(releases)} to ${where}\n` +
        `next: prescale check${calendar}, and prescale diff${calendar} for what a reviewer will see\n`,
    );
  }
  return EXIT.fine;
}

function countEntries(releases: readonly NewRelease[]): string {
  return releases.length === 1 ? releases[0]!.id : `${releases.length} entries`;
}

/** Tells what is wrong, and that the calendar is as it was. */
function refuse(
  { json }: AddOptions,
  { out, err }: Output,
  change: Change | undefined,
  diagnostics: readonly Diagnostic[],
): number {
  err(renderDiagnostics(diagnostics));
  const where = change ? `; lines of ${change.file} are counted as if it had been` : '';
  if (json) out(renderJson({ schemaVersion: 1, written: false, diagnostics: diagnostics.map(diagnosticJson) }));
  err(`nothing was written${where}\n`);
  return EXIT.problems;
}

function errorsOf({ diagnostics }: LoadedFromOptions): Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === 'error');
}

/** All that `check` tells. */
function checkDiagnostics({ plan, calendar, diagnostics, environmentsFile }: LoadedFromOptions): Diagnostic[] {
  const findings =
    plan && calendar ? plan.environments.flatMap((one) => findingDiagnostics(one, calendar, environmentsFile)) : [];
  return [
    ...diagnostics.filter(({ message }) => !findings.some((finding) => finding.message === message)),
    ...findings,
  ];
}

/** Where a line stands is no part of it: the entry moves those below. */
function keyOf({ severity, code, message, file }: Diagnostic): string {
  return JSON.stringify([severity, code, message, file]);
}

/** What the entry brings. */
function newDiagnostics(before: LoadedFromOptions, after: LoadedFromOptions): Diagnostic[] {
  const known = new Set(checkDiagnostics(before).map(keyOf));
  return sortDiagnostics(checkDiagnostics(after).filter((diagnostic) => !known.has(keyOf(diagnostic))));
}

/**
 * What the plan makes of the entries. One that a plan of today leaves for later is shown as a plan shortly before it has it; errors there are
 * warnings here: there is time to mend them.
 */
async function showReleases(
  options: PlanOptions,
  files: CalendarFiles,
  today: CapacityPlan,
  added: readonly Release[],
): Promise<{ readonly releases: readonly AddedRelease[]; readonly later: readonly Diagnostic[] }> {
  const asOf = fromIso(today.asOf);
  const zones = audienceZones(toStated(added[0]!));
  const shown = await Promise.all(
    added.map(async (release): Promise<{ release: AddedRelease; later: readonly Diagnostic[] }> => {
      const { id, premiereAt } = release;
      const isDeferred = today.environments.some(({ targets }) =>
        targets.some(({ deferred }) => deferred.includes(id)),
      );
      const before = premiereAt - SHOWN_BEFORE;
      if (!isDeferred || before <= asOf) return { release: addedRelease(toStated(release), zones, today), later: [] };
      const { plan, calendar, environmentsFile } = await loadFromOptions({ ...options, asOf: toIso(before) }, files);
      const later = plan!.environments.flatMap((environment) => {
        const findings = environment.findings.filter(
          ({ severity, releases }) => severity === 'error' && releases.includes(id),
        );
        return findingDiagnostics({ ...environment, findings }, calendar!, environmentsFile);
      });
      return { release: addedRelease(toStated(release), zones, plan!), later };
    }),
  );
  return {
    releases: shown.map(({ release }) => release),
    later: shown.flatMap(({ later }) => later).map((error) => ({ ...error, severity: 'warning' })),
  };
}

function toStated({ id, premiereAt, premiereZone }: Release): Pick<AddedRelease, 'id' | 'premiereAt' | 'premiereZone'> {
  return { id, premiereAt: toIso(premiereAt), premiereZone };
}

/** Why no environment is shown for an entry. */
function unplanned(shown: readonly AddedRelease[], added: readonly Release[], asOf: string): string {
  const left = shown.filter(({ environments }) => environments.every(({ targets }) => targets.length === 0));
  return left
    .map(({ id, premiereAt }) => {
      const status = added.find((release) => release.id === id)?.status;
      const reason =
        status === 'cancelled'
          ? 'it is cancelled'
          : premiereAt < asOf
            ? `its premiere is before ${utcTime(asOf)} UTC`
            : 'none of the environments plans it';
      return `${id} raises no floor: ${reason}\n`;
    })
    .join('');
}

/** The file to write to, named as the calendar names its files. */
function fileFor(
  options: AddOptions,
  { files }: CalendarFiles,
  calendar: ReleaseCalendar | undefined,
  release: NewRelease,
): string {
  const folder = path
    .normalize(options.calendar)
    .replaceAll('\\', '/')
    .replace(/(?<=.)\/+$/, '');
  if (options.file !== undefined) {
    const name = path.basename(options.file);
    const isInFolder =
      name === options.file || path.resolve(path.dirname(options.file)) === path.resolve(options.calendar);
    if (isInFolder && /^[^.].*\.yaml$/.test(name)) return path.posix.join(folder, name);
    throw new UsageError([
      {
        severity: 'error',
        code: 'usage/file',
        message: `--file must be a *.yaml file of the calendar folder, got ${showValue(options.file)}`,
        mend: `write for example --file ${path.posix.join(folder, '2027.yaml')}`,
      },
    ]);
  }
  const parsed = parsePremiere(release.premiere);
  const at = 'at' in parsed ? parsed.at : Date.parse(release.premiere.slice(0, 10)) / 1000;
  const [nearest] = (calendar?.releases ?? []).toSorted(
    (a, b) => Math.abs(a.premiereAt - at) - Math.abs(b.premiereAt - at),
  );
  return nearest?.location.file ?? files[0]?.file ?? path.posix.join(folder, `${release.premiere.slice(0, 4)}.yaml`);
}

/** The file with the entries in it, or why they cannot be put there. */
function changeOf(file: string, { files }: CalendarFiles, releases: readonly NewRelease[]): Change | Problem {
  const before = files.find((one: CalendarFile) => one.file === file)?.text;
  let after = before ?? schemaLine(path.dirname(file));
  const entries: string[] = [];
  for (const release of releases) {
    const appended = appendRelease(after, release);
    if ('code' in appended) return appended;
    after = appended.text;
    entries.push(appended.entry.replaceAll('\r', ''));
  }
  return { file, before, after, entries };
}

/** What gives an editor the schema: beside the calendar, or that of the installed package. */
function schemaLine(dir: string): string {
  const found = ['schema.json', ...parents(dir)].find((name) => existsSync(path.join(dir, name)));
  const schema = found ?? 'schema.json';
  return `# yaml-language-server: $schema=${schema.startsWith('.') ? schema : `./${schema}`}\n`;
}

/** Where a package that is installed above a folder has the schema, seen from the folder. */
function parents(dir: string): string[] {
  const depth = path.resolve(dir).split(path.sep).length;
  return Array.from(
    { length: depth },
    (_, up) => `${'../'.repeat(up)}node_modules/prescale/release-calendar/schema.json`,
  );
}
