import { createHash } from 'node:crypto';
import type { Diagnostic } from '../calendar/diagnostic';
import type { ReleaseCalendar } from '../calendar/release';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import { suggest } from '../calendar/suggest';
import type { CapacityPlan } from '../capacity/capacity-plan';
import { demandTimeline } from '../capacity/demand-timeline';
import { type Environment, resolveEnvironment } from '../capacity/environment';
import { fromIso, toIso } from '../capacity/instants';
import { formatCount } from '../capacity/words';
import { LARGEST_SEED } from '../rehearsal/random';
import { RunningRehearsal } from '../rehearsal/rehearsal';
import { verdictOf } from '../rehearsal/verdict';
import { rehearsalNight } from '../report/rehearsal-chart';
import { type ReportData, reportOf, type ReportRehearsal, reportRehearsalOf } from '../report/report-data';
import { renderReportHtml } from '../report/report-html';
import { reportScript } from '../report/report-script';
import { type Timeline, timelineOf } from '../report/timeline';
import { diagnosticJson, EXIT, loadFromOptions, type Output, renderJson, UsageError } from './common';
import { aboveBudget, comingRehearsals, playAll, type RehearseWorld } from './play-rehearsal';
import type { ReportOptions } from './report';
import { replaceFile } from './text-file';

const HOUR = 3600;

/** Demand of all targets is shown in the first of these with which it changes few enough times to take some 200 kB of the page. Seconds. */
const DEMAND_STEPS = [300, 600, 900, 1800, HOUR];
const MOST_CHANGES = 50_000;

/** So many rehearsals are drawn, the first ones: a drawing takes some 30 kB. */
const MOST_DRAWINGS = 8;

/** A page of no more bytes than this opens at once, and can be sent. */
const MOST_BYTES = 1_000_000;
/** Rehearsals of each environment that are shown in full, 4 to 5 kB each, and drawings. */
const DETAILS = [
  { rehearsalsInFull: Infinity, drawings: MOST_DRAWINGS },
  { rehearsalsInFull: 12, drawings: MOST_DRAWINGS },
  { rehearsalsInFull: 12, drawings: 2 },
  { rehearsalsInFull: 3, drawings: 0 },
];

/** Makes the report; returns the exit code. */
export async function runReport(options: ReportOptions, output: Output, world: RehearseWorld): Promise<number> {
  const asked = readAsked(options, output);
  const { plan, calendar, environments, diagnostics, ok } = await loadFromOptions(options);
  if (!plan || !calendar) {
    output.err(renderDiagnostics(diagnostics));
    if (options.json) output.out(renderJson({ schemaVersion: 1, diagnostics: diagnostics.map(diagnosticJson) }));
    return EXIT.problems;
  }
  const played = options.rehearse
    ? await rehearse(plan, calendar, environments, options, asked, output, world)
    : undefined;
  const found = [...diagnostics, ...(played?.diagnostics ?? [])];
  const data = reportOf({
    plan,
    timelines: timelinesOf(plan, calendar, environments),
    ...(played && { rehearsals: played.rehearsals }),
  });
  const text = options.json
    ? renderJson({ ...data, diagnostics: found.map(diagnosticJson) })
    : renderPage(data, played?.charts ?? new Map());
  const unwritten = options.output === undefined ? undefined : writePage(options.output, text);
  output.err(renderDiagnostics([...found, ...(unwritten ? [unwritten] : [])]));
  if (options.output === undefined) output.out(text);
  else if (!unwritten) output.err(`${options.output}: ${formatCount(Buffer.byteLength(text))} bytes\n`);
  return ok && !unwritten && (played?.ok ?? true) ? EXIT.fine : EXIT.problems;
}

/** The page in the first of the details with which it is small enough; else in the last one. */
export function renderPage(data: ReportData, charts: ReadonlyMap<ReportRehearsal, string>): string {
  const script = reportScript();
  let text = '';
  for (const { rehearsalsInFull, drawings } of DETAILS) {
    text = renderReportHtml({
      data,
      script,
      hashOf: (content) => `'sha256-${createHash('sha256').update(content).digest('base64')}'`,
      charts: new Map([...charts].slice(0, drawings)),
      rehearsalsInFull,
    });
    if (Buffer.byteLength(text) < MOST_BYTES) break;
  }
  return text;
}

interface Asked {
  readonly draws: number;
  readonly seed: number;
}

function readAsked(options: ReportOptions, { columns }: Output): Asked {
  const problems: Diagnostic[] = [];
  const usage = (option: string, message: string, mend: string): void => {
    problems.push({ severity: 'error', code: `usage/${option}`, message, mend });
  };
  const whole = (option: 'draws' | 'seed', most: number, mend: string): number => {
    const text = options[option];
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= 1 && value <= most)) {
      usage(option, `--${option} must be a whole number from 1 to ${most}, got "${text}"`, mend);
    }
    return value;
  };
  const asked = {
    draws: whole('draws', 100_000, '300 takes seconds'),
    seed: whole('seed', LARGEST_SEED, 'any will do'),
  };
  if (options.release && !options.rehearse) {
    usage('release', '--release goes with --rehearse alone', 'add --rehearse, or leave --release out');
  }
  if (columns !== undefined && options.output === undefined && !options.json) {
    usage('output', 'half a megabyte of HTML is not for a terminal', 'add --output report.html');
  }
  if (problems.length > 0) throw new UsageError(problems);
  return asked;
}

/** Demand and floors of every target, from the hour of the plan's instant until its horizon, in steps of the same length. */
function timelinesOf(
  plan: CapacityPlan,
  calendar: ReleaseCalendar,
  environments: readonly Environment[],
): readonly Timeline[] {
  const from = toIso(HOUR * Math.floor(fromIso(plan.asOf) / HOUR));
  let timelines: readonly Timeline[] = [];
  for (const stepSeconds of DEMAND_STEPS) {
    timelines = plan.environments.flatMap((planned) => {
      const environment = environments.find(({ name }) => name === planned.name)!;
      return planned.targets.map(({ id }) => {
        const layer = id.split('/').at(-1)!;
        const span = { from, to: planned.horizonEnd, stepSeconds };
        return timelineOf(plan, planned, demandTimeline({ calendar, environment, layer, ...span }));
      });
    });
    const changes = timelines.reduce((sum, { median, planned }) => sum + median.length + planned.length, 0);
    if (changes <= MOST_CHANGES) break;
  }
  return timelines;
}

interface Played {
  readonly rehearsals: readonly ReportRehearsal[];
  readonly charts: ReadonlyMap<ReportRehearsal, string>;
  readonly diagnostics: readonly Diagnostic[];
  /** All were played to the end, and none is above the outage budget of its environment. */
  readonly ok: boolean;
}

/** Rehearses each release that was asked for and has an audience to come, in every environment that plans it. */
async function rehearse(
  plan: CapacityPlan,
  calendar: ReleaseCalendar,
  environments: readonly Environment[],
  { release: wanted }: ReportOptions,
  { draws, seed }: Asked,
  output: Output,
  world: RehearseWorld,
): Promise<Played> {
  const diagnostics = (wanted ?? []).flatMap((id) => notComing(id, plan, calendar));
  const rehearsals: ReportRehearsal[] = [];
  const charts = new Map<ReportRehearsal, string>();
  let isWhole = true;
  // The drawing library is slow to load.
  const { renderRehearsalSvg } = await import('../report/chart-svg.js');
  for (const { environment, release, spec } of comingRehearsals(plan, calendar, environments, {
    releases: wanted,
    seed,
  })) {
    const { name } = environment;
    if (world.signal.aborted) {
      output.err(`${release} in ${name}: stopped before its first draw\n`);
      isWhole = false;
      continue;
    }
    const running = new RunningRehearsal(spec, draws);
    // One after the other, so that progress can be told and the rest left out.
    // oxlint-disable-next-line no-await-in-loop
    await playAll(running, `${release} in ${name}`, output, world);
    const rehearsal = running.report();
    const { outageBudget } = resolveEnvironment(environment);
    const verdict = verdictOf(rehearsal, outageBudget);
    const row = reportRehearsalOf(rehearsal, verdict, { outageBudget, currency: environment.prices.currency });
    rehearsals.push(row);
    if (charts.size < MOST_DRAWINGS) charts.set(row, renderRehearsalSvg(rehearsalNight(rehearsal)));
    isWhole &&= rehearsal.played === rehearsal.asked;
    if (verdict.code !== 'not-enough') continue;
    const why = row.sentences[0]!.replace(/\.$/, '').replace(/^[A-Z]/, (letter) => letter.toLowerCase());
    diagnostics.push(aboveBudget(calendar, name, release, `${name}: ${release}: ${why}`));
  }
  return { rehearsals, charts, diagnostics, ok: isWhole && diagnostics.length === 0 };
}

/** What is wrong with a release that was named: it is not to be rehearsed anywhere. */
function notComing(id: string, plan: CapacityPlan, calendar: ReleaseCalendar): Diagnostic[] {
  const isComing = plan.environments.some(({ releases }) =>
    releases.some((release) => release.id === id && release.audience && release.premiereAt >= plan.asOf),
  );
  if (isComing) return [];
  const known = calendar.releases.find((release) => release.id === id);
  if (known) {
    return [
      {
        severity: 'error',
        code: 'rehearsal/not-planned',
        message: `${id} is not rehearsed: as of ${plan.asOf} no environment has it to come with an audience; its premiere is at ${toIso(known.premiereAt)}`,
        mend: 'name another instant with --as-of, give the entry an audience, or leave the release out',
        ...known.location,
      },
    ];
  }
  const ids = calendar.releases.map((release) => release.id);
  const nearest = suggest(id, ids);
  throw new UsageError([
    {
      severity: 'error',
      code: 'usage/unknown-release',
      message: `there is no release "${id}" in the calendar`,
      mend: nearest ? `write ${nearest}` : `choose from ${ids.join(', ')}`,
    },
  ]);
}

/** All or nothing: half a page would be published. */
function writePage(file: string, text: string): Diagnostic | undefined {
  const reason = replaceFile(file, text);
  if (reason === undefined) return undefined;
  return {
    severity: 'error',
    code: 'report/not-written',
    message: `the report cannot be written (${reason})`,
    mend: 'name a file in a folder that exists, with write access to both',
    file,
  };
}
