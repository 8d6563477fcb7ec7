import { writeFileSync } from 'node:fs';
import type { Diagnostic } from '../calendar/diagnostic';
import { type Problem, showValue } from '../calendar/problem';
import { readCalendar, withFile } from '../calendar/read-calendar';
import type { Release, ReleaseCalendar } from '../calendar/release';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import { suggest } from '../calendar/suggest';
import { writeObserved } from '../calendar/write-observed';
import type { Environment } from '../capacity/environment';
import { forecastErrors } from '../capacity/forecast-errors';
import { fromIso, toIso } from '../capacity/instants';
import type { NightRecord } from '../capacity/night-record';
import { lastNight, type PlannedNight, planNight, type PlanNightInput } from '../capacity/planned-night';
import { type NightReview, reviewNight } from '../capacity/review-night';
import { resolveDemandModel } from '../capacity/demand-model';
import { sortDiagnostics } from '../load-plan';
import { type KindErrors, renderReview } from '../report/review-table';
import { TOOL_VERSION } from '../version';
import { type Asker, isGone } from './asker';
import {
  diagnosticJson,
  EXIT,
  loadFromOptions,
  type LoadedFromOptions,
  type Output,
  type PlanOptions,
  readAsOf,
  renderJson,
  UsageError,
} from './common';
import { readNightFile } from './night-file';
import { troubleProblem } from './night';
import { foreignAccount } from './quotas';
import { readTypedCount } from './typed-count';
import { writeCalendarFile } from './write-calendar-file';

/** As commander hands them over; nothing is checked yet. */
export interface ReviewOptions {
  readonly calendar: string;
  readonly env: string;
  readonly environments?: string;
  readonly release?: string;
  readonly from?: string;
  readonly record?: string;
  readonly stack?: string;
  readonly viewers?: string;
  readonly outageMinutes?: string;
  readonly source?: string;
  readonly replace?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly asOf: string;
}

/** What a review needs of the world. */
export interface ReviewWorld {
  readonly now: () => Date;
  /** Gives who can be asked; null where there is no terminal. */
  readonly person: (() => Promise<Asker>) | null;
}

const DAY = 86_400;

/** For so long CloudWatch keeps values of a minute. */
const MINUTES_KEPT_DAYS = 15;

/** Reviews a night, and writes what was observed; returns the exit code. */
export async function runReview(options: ReviewOptions, output: Output, world: ReviewWorld): Promise<number> {
  try {
    return await review(options, output, world);
  } catch (error) {
    if (!isGone(error)) throw error;
    return refuse(options, output, []);
  }
}

async function review(options: ReviewOptions, output: Output, world: ReviewWorld): Promise<number> {
  const viewers = readCount(options.viewers, '--viewers', 1, '10_200_000 or 10.2M');
  const outageMinutes = readCount(options.outageMinutes, '--outage-minutes', 0, '3');
  if (options.source?.trim() === '') {
    throw usage(`--source must be text, got ${showValue(options.source)}`, 'say where the figures come from');
  }
  const planOptions: PlanOptions = { ...options, env: [options.env], horizon: 'P90D' };
  const asOf = fromIso(readAsOf(options.asOf));
  const files = readCalendar(options.calendar);
  const loaded = await loadFromOptions(planOptions, files);
  const { calendar } = loaded;
  if (!calendar || !loaded.plan) return refuse(options, output, errorsOf(loaded));
  const environment = loaded.environments[0]!;

  const input: PlanNightInput = { calendar, environment, toolVersion: TOOL_VERSION };
  const chosen = choose(options.release, input, asOf);
  const { release, night } = chosen;
  const early = refuseEarly(release, night, asOf, options);
  if (early) return refuse(options, output, [early]);

  const read =
    options.from === undefined ? await readLive(options, environment, night, world) : readNightFile(options.from);
  if (!read.record) return refuse(options, output, read.diagnostics);
  const { record } = read;
  if (options.record !== undefined) {
    const failure = keep(record, options.record);
    if (failure) return refuse(options, output, [failure]);
    output.err(`kept the night in ${options.record}\n`);
  }

  const reviewed = reviewNight({
    ...input,
    release,
    night,
    record,
    viewers,
    outageMinutes,
    source: options.source,
  });
  if ('code' in reviewed) {
    // About the record if one was named, else about the release.
    const place =
      options.from === undefined || reviewed.code === 'review/nothing' ? release.location : { file: options.from };
    return refuse(options, output, [{ severity: 'error', ...reviewed, ...place }]);
  }

  const { file } = release.location;
  const before = files.files.find((one) => one.file === file)!.text;
  const written = writeObserved(before, file, release.id, reviewed.proposal);
  if ('code' in written) return refuse(options, output, [{ severity: 'error', ...release.location, ...written }]);
  const after = await loadFromOptions(planOptions, withFile(files, { file, text: written.text }));
  if (!after.calendar)
    return refuse(options, output, errorsOf(after), `; lines of ${file} are counted as if it had been`);
  const errors = errorsOfKind(after.calendar, release, environment);
  const isStale = release.observed?.assumed === true && hasComment(written.observed, reviewed.proposal.source);
  const shown: Shown = {
    review: isStale ? { ...reviewed, notes: [...reviewed.notes, STALE_COMMENTS] } : reviewed,
    observed: written.observed,
    errors,
    file,
    line: written.line,
    found: newDiagnostics(loaded, after),
  };
  const person = options.dryRun || options.yes ? null : world.person;
  const table = renderReview(shown.review, { observed: written.observed, errors });
  if (!options.json) output.out(table);
  // Whoever is asked has seen what about.
  else if (person) output.err(table);
  output.err(renderDiagnostics(shown.found));

  const isAgreed =
    !person ||
    (await (
      await person()
    ).confirm({ message: `Write observed of ${release.id} to ${file}:${written.line}?`, default: true }));
  if (!isAgreed) return refuse(options, output, []);
  if (!options.dryRun) {
    const failure = writeCalendarFile(options.calendar, { file, before, after: written.text }, 'prescale review');
    if (failure) return refuse(options, output, [failure]);
  }
  tell(options, output, shown);
  return EXIT.fine;
}

const STALE_COMMENTS = 'comments in observed stay as they are: read again what they say of an assumption';

/** Whether lines of an entry hold a comment; what the source says is none. */
function hasComment(lines: string, source: string): boolean {
  return /(^|\s)#/m.test(lines.replace(source, ''));
}

interface Shown {
  readonly review: NightReview;
  /** The lines as they stand in the file. */
  readonly observed: string;
  readonly errors?: KindErrors;
  readonly file: string;
  readonly line: number;
  /** What check would tell besides what it tells now. */
  readonly found: readonly Diagnostic[];
}

function tell(
  options: ReviewOptions,
  { out }: Output,
  { review: reviewed, observed, errors, file, line, found }: Shown,
): void {
  const { asOf, calendar, dryRun, env, json } = options;
  if (json) {
    out(
      renderJson({
        schemaVersion: 1,
        asOf: readAsOf(asOf),
        file,
        line,
        written: dryRun !== true,
        text: observed,
        review: reviewed,
        ...(errors && { errors }),
        diagnostics: found.map(diagnosticJson),
      }),
    );
    return;
  }
  if (dryRun) {
    out(`\ndry run: nothing was written; it would go to ${file}:${line}\n`);
    return;
  }
  const named = calendar === 'release-calendar' ? '' : ` --calendar ${calendar}`;
  out(
    `\nwrote observed of ${reviewed.release} to ${file}:${line}\n` +
      `next: prescale check --env ${env}${named}, and prescale diff${named} for what it does to coming releases\n`,
  );
}

/** Tells what is wrong, and that the calendar is as it was. */
function refuse({ json }: ReviewOptions, { out, err }: Output, diagnostics: readonly Diagnostic[], where = ''): number {
  err(renderDiagnostics(diagnostics));
  if (json) out(renderJson({ schemaVersion: 1, written: false, diagnostics: diagnostics.map(diagnosticJson) }));
  err(`nothing was written${where}\n`);
  return EXIT.problems;
}

/** The release that was asked for, or the last one. */
function choose(
  id: string | undefined,
  input: PlanNightInput,
  asOf: number,
): { readonly release: Release; readonly night: PlannedNight } {
  const { calendar, environment } = input;
  if (id === undefined) {
    const last = lastNight(input, asOf);
    if (last) return last;
    throw usage(`no release of ${environment.name} was over at ${toIso(asOf)}`, 'name one with --release');
  }
  const release = calendar.releases.find((one) => one.id === id);
  if (release === undefined) {
    const ids = calendar.releases.map((one) => one.id);
    const nearest = suggest(id, ids);
    throw usage(
      `there is no release "${id}"`,
      nearest === undefined ? 'write the id of an entry of the calendar' : `write ${nearest}`,
    );
  }
  const night = planNight(input, release);
  if (night) return { release, night };
  const names = release.environments?.join(', ');
  const reason = release.status === 'cancelled' ? 'it is cancelled' : `its environments are ${names ?? 'all'}`;
  throw usage(`${environment.name} does not plan the release "${id}": ${reason}`, 'choose another release or --env');
}

/** What needs no look at the night. */
function refuseEarly(
  release: Release,
  { to }: PlannedNight,
  asOf: number,
  { replace }: ReviewOptions,
): Diagnostic | undefined {
  const at = (problem: Problem): Diagnostic => ({ severity: 'error', ...problem, ...release.location });
  if (asOf < to) {
    return at({
      code: 'review/not-over',
      message: `the night of ${release.id} is not over: it is reviewed up to ${toIso(to)}`,
      mend: `review it after that`,
    });
  }
  const { observed } = release;
  if (observed && !observed.assumed && !replace) {
    return at({
      code: 'review/observed',
      message: `${release.id} has an observed that was measured: ${observed.source}`,
      mend: 'add --replace, if this review is better',
    });
  }
  return undefined;
}

/** What the account tells of the night. */
async function readLive(
  options: ReviewOptions,
  environment: Environment,
  { from, to, plan }: PlannedNight,
  { now }: ReviewWorld,
): Promise<{ readonly record?: NightRecord; readonly diagnostics: readonly Diagnostic[] }> {
  const refused = (problem: Omit<Diagnostic, 'severity'>): { readonly diagnostics: readonly Diagnostic[] } => ({
    diagnostics: [{ severity: 'error', ...problem }],
  });
  const clock = now().getTime() / 1000;
  if (clock < to) {
    return refused({
      code: 'review/not-over',
      message: `the night ends at ${toIso(to)}, and CloudWatch knows nothing of what is to come`,
      mend: 'review it after that, whatever --as-of says',
    });
  }
  if (from < clock - MINUTES_KEPT_DAYS * DAY) {
    return refused({
      code: 'review/too-old',
      message: `the night began at ${toIso(from)}, and CloudWatch keeps minutes for ${MINUTES_KEPT_DAYS} days`,
      mend: 'name a record that was kept: --from FILE',
    });
  }
  const [{ liveClients }, { readNight }] = await Promise.all([
    import('../live/clients.js'),
    import('../live/read-night.js'),
  ]);
  const clients = liveClients(environment.region);
  const foreign = await foreignAccount(environment, clients);
  if (foreign) return refused(troubleProblem(foreign));
  const record = await readNight({
    environment: environment.name,
    stack: options.stack ?? `${environment.name}-Capacity`,
    targets: plan.targets,
    from,
    to,
    clients,
  });
  return 'mend' in record ? refused(troubleProblem(record)) : { record, diagnostics: [] };
}

/** Keeps a record in a new file: an older one may be all that is left of another night. */
function keep(record: NightRecord, file: string): Diagnostic | undefined {
  try {
    writeFileSync(file, renderRecord(record), { flag: 'wx' });
    return undefined;
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    const isThere = code === 'EEXIST';
    return {
      severity: 'error',
      code: 'review/not-kept',
      message: isThere ? 'the file is there already' : `the record cannot be written (${code})`,
      mend: isThere ? 'name a new one, or review it with --from' : 'name a file in a folder that you may write to',
      file,
    };
  }
}

/** One line for each series. */
function renderRecord(record: NightRecord): string {
  return `${JSON.stringify(record, null, 2).replaceAll(/\[\s+((?:-?[\d.e+]+|null)(?:,\s+(?:-?[\d.e+]+|null))*)\s+\]/g, (_, list: string) => `[${list.replaceAll(/\s+/g, '')}]`)}\n`;
}

/** How far off forecasts of the release's kind have been, this one included. */
function errorsOfKind(calendar: ReleaseCalendar, { kind }: Release, { layers }: Environment): KindErrors | undefined {
  const errors = forecastErrors(calendar).find((one) => one.kind === kind);
  if (!errors) return undefined;
  const [profile] = Object.values(layers);
  const { count, sigma } = errors;
  return { kind, count, sigma, configured: resolveDemandModel(profile!).kinds[kind].sigma };
}

function errorsOf({ diagnostics }: LoadedFromOptions): Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === 'error');
}

/** What the observation brings, by its words: lines below it move. */
function newDiagnostics(before: LoadedFromOptions, after: LoadedFromOptions): Diagnostic[] {
  const known = new Set(before.diagnostics.map(({ code, message }) => `${code} ${message}`));
  return sortDiagnostics(after.diagnostics.filter(({ code, message }) => !known.has(`${code} ${message}`)));
}

function readCount(text: string | undefined, option: string, least: number, example: string): number | undefined {
  if (text === undefined) return undefined;
  const number = readTypedCount(text);
  if (number !== undefined && number >= least) return number;
  throw usage(`${option} must be a whole number of at least ${least}, got ${showValue(text)}`, `write ${example}`);
}

function usage(message: string, mend: string): UsageError {
  return new UsageError([{ severity: 'error', code: 'usage/arguments', message, mend }]);
}
