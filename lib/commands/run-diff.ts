import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../calendar/diagnostic';
import { parseCalendar } from '../calendar/parse-calendar';
import type { ReleaseCalendar } from '../calendar/release';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import type { CapacityPlan } from '../capacity/capacity-plan';
import { demandTimeline } from '../capacity/demand-timeline';
import { fromIso, toIso } from '../capacity/instants';
import { validateEnvironment } from '../capacity/validate-environment';
import { planCapacity } from '../capacity/plan-capacity';
import { sortDiagnostics } from '../load-plan';
import { type DemandOf, diffTimelines } from '../report/diff-chart';
import { renderDiffMarkdown, renderFailedDiffMarkdown } from '../report/diff-markdown';
import { type CalendarDiff, diffEnvironments, type DiffProblem, type ReleaseChanges } from '../report/diff-model';
import { renderDiffTable } from '../report/diff-table';
import { diffVerdict } from '../report/diff-verdict';
import { demandStepSeconds } from '../report/timeline';
import { TOOL_VERSION } from '../version';
import {
  diagnosticJson,
  EXIT,
  type LoadedFromOptions,
  loadFromOptions,
  type Output,
  renderJson,
  UsageError,
} from './common';
import type { DiffOptions } from './diff';
import { compareReleases } from './diff-releases';
import { type GitBase, readBaseEnvironments, readGitBase } from './git-base';
import { type Compared, judgeLowerCeilings, judgeLowerFloors, judgeTooLate } from './judge-diff';
import { rehearseAll } from './outage-gate';

/** The file of the environments that are planned by default; a published package has none. */
const OWN_ENVIRONMENTS = path.join(__dirname, '..', 'environments.ts');

/** Compares the calendar of the work tree with that of a commit; returns the exit code. */
export async function runDiff(options: DiffOptions, output: Output, now: () => Date): Promise<number> {
  if (options.json && options.format === 'markdown') {
    throw new UsageError([
      {
        severity: 'error',
        code: 'usage/format',
        message: '--json and --format markdown are two forms of one output',
        mend: 'leave one of them out',
      },
    ]);
  }
  const loaded = await loadFromOptions(options);
  const { plan, calendar, environments } = loaded;
  if (!plan || !calendar) return fail(options, output, loaded.diagnostics);
  const base = await readGitBase(options.calendar, options.base);
  const earlier = readCalendarOf(base);
  if (!earlier.calendar) return fail(options, output, [...loaded.diagnostics, ...earlier.diagnostics]);

  const compared: Compared = {
    before: { calendar: earlier.calendar, plan: planLike(plan, earlier.calendar, environments) },
    after: { calendar, plan },
  };
  const releases = compareReleases(earlier.calendar.releases, calendar.releases, environments);
  const gate = options.rehearse ? await rehearseChanged(releases, compared, loaded, output, now) : undefined;
  const read = await readBaseEnvironments(base, options.environments ?? OWN_ENVIRONMENTS);
  const found = sortDiagnostics([
    ...loaded.diagnostics,
    ...judgeLowerFloors(asDeployed(compared, read), options.acceptLower ?? false),
    ...judgeTooLate(compared),
    ...judgeCeilings(base, compared, read, loaded),
    ...(gate?.diagnostics ?? []),
  ]);
  const diff: CalendarDiff = {
    asOf: plan.asOf,
    toolVersion: plan.toolVersion,
    base: { ref: base.ref, commit: base.commit, calendarDigest: earlier.calendar.digest },
    head: { calendarDigest: calendar.digest },
    releases,
    environments: diffEnvironments(compared.before.plan, plan, environments).map((environment) => {
      const rehearsals = (gate?.outages ?? [])
        .filter((rehearsed) => rehearsed.environment === environment.name)
        .map(({ target, release, outage, outageBudget }) => ({ target, release, outage, outageBudget }));
      return { ...environment, ...(rehearsals.length > 0 && { rehearsals }) };
    }),
    // What was wrong before and is no error is no matter of the change.
    problems: found.filter(({ severity, code }) => severity === 'error' || code.startsWith('diff/')).map(toProblem),
  };
  const demandOf: DemandOf = (name, target, from, to) =>
    demandTimeline({
      calendar,
      environment: environments.find((environment) => environment.name === name)!,
      layer: target.split('/')[1]!,
      from: toIso(from),
      to: toIso(to),
      stepSeconds: demandStepSeconds(from, to),
    });
  const unwritten = options.svg === undefined ? [] : await writeChart(options.svg, diff, demandOf);
  output.err(renderDiagnostics([...found, ...unwritten]));
  output.out(render(diff, options, output, [...found, ...unwritten]));
  return [...found, ...unwritten].some(({ severity }) => severity === 'error') ? EXIT.problems : EXIT.fine;
}

/** Where the folder is not at the base, its calendar was empty. Names of environments and layers are those of its time, and are not checked. */
function readCalendarOf(base: GitBase): {
  readonly calendar?: ReleaseCalendar;
  readonly diagnostics: readonly Diagnostic[];
} {
  const parsed = parseCalendar(base.files);
  const errors = [...base.diagnostics, ...parsed.diagnostics].filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return { calendar: parsed.calendar!, diagnostics: [] };
  const unusable: Diagnostic = {
    severity: 'error',
    code: 'diff/base-calendar',
    message: `the calendar at ${base.name} has ${errors.length === 1 ? 'an error' : `${errors.length} errors`}, so there is nothing to compare with`,
    mend: 'name an earlier commit with --base, whose calendar is valid',
  };
  return { diagnostics: [...sortDiagnostics(errors), unusable] };
}

type BaseEnvironments = Awaited<ReturnType<typeof readBaseEnvironments>>;

/** The plan of another calendar for the same environments, as of the same instant and as far. */
function planLike(
  plan: CapacityPlan,
  calendar: ReleaseCalendar,
  environments: LoadedFromOptions['environments'],
): CapacityPlan {
  const horizonSeconds = fromIso(plan.environments[0]!.horizonEnd) - fromIso(plan.asOf);
  return planCapacity({ calendar, environments, asOf: plan.asOf, horizonSeconds, toolVersion: TOOL_VERSION });
}

/** The comparison with the floors that the base has with its own environments, where they can be read: those are live. */
function asDeployed(compared: Compared, read: BaseEnvironments): Compared {
  if (!read || !('environments' in read)) return compared;
  const { plan, calendar } = compared.before;
  const known = plan.environments.map(({ name }) => name);
  const earlier = read.environments.filter(
    (environment) => validateEnvironment(environment).length === 0 && known.includes(environment.name),
  );
  if (earlier.length === 0) return compared;
  return { ...compared, before: { calendar, plan: planLike(plan, calendar, earlier) } };
}

function judgeCeilings(
  base: GitBase,
  compared: Compared,
  read: BaseEnvironments,
  { environmentsFile }: LoadedFromOptions,
): Diagnostic[] {
  if (!read) return [];
  if ('environments' in read) return judgeLowerCeilings(compared, read.environments, environmentsFile);
  return [
    {
      severity: 'warning',
      code: 'diff/ceiling-not-compared',
      message: `the environments at ${base.name} cannot be read, so maximums are not compared: ${read.reason}`,
      mend: 'see in the change itself that no maximum falls while a window is open or due within a day',
      file: environmentsFile,
    },
  ];
}

/** Rehearses the plan for what was added, moved or changed, and for nothing else. */
function rehearseChanged(
  { added, moved, changed }: ReleaseChanges,
  { after: { plan, calendar } }: Compared,
  { environments }: LoadedFromOptions,
  output: Output,
  now: () => Date,
): ReturnType<typeof rehearseAll> {
  const ids = new Set([...added, ...moved, ...changed].map(({ id }) => id));
  const some: CapacityPlan = {
    ...plan,
    environments: plan.environments.map((environment) => ({
      ...environment,
      releases: environment.releases.filter(({ id }) => ids.has(id)),
    })),
  };
  return rehearseAll(some, calendar, environments, output, { now, signal: new AbortController().signal });
}

function render(diff: CalendarDiff, options: DiffOptions, { columns }: Output, found: readonly Diagnostic[]): string {
  if (options.json || options.format === 'json') return renderJson(documentOf(diff, found));
  return options.format === 'markdown' ? renderDiffMarkdown(diff) : renderDiffTable(diff, columns);
}

/** What can be said when there is nothing to compare: one document, or a comment that replaces the one before. */
function fail(options: DiffOptions, { out, err }: Output, found: readonly Diagnostic[]): number {
  err(renderDiagnostics(found));
  if (options.json || options.format === 'json') {
    out(renderJson({ schemaVersion: 1, diagnostics: found.map(diagnosticJson) }));
  } else if (options.format === 'markdown') out(renderFailedDiffMarkdown(found.map(toProblem)));
  return EXIT.problems;
}

/** A comment names the place in front of what is wrong there. */
function toProblem({ severity, code, message, mend, file, line }: Diagnostic): DiffProblem {
  const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `;
  return { severity, code, message: `${place}${message}`, ...(mend !== undefined && { mend }) };
}

function documentOf(diff: CalendarDiff, found: readonly Diagnostic[]): object {
  const { asOf, toolVersion, base, head, releases, environments } = diff;
  return {
    schemaVersion: 1,
    asOf,
    toolVersion,
    base,
    head,
    verdict: diffVerdict(diff),
    releases,
    environments: environments.map(({ name, targets, cost, findings, rehearsals }) => ({
      name,
      targets: targets.map(
        ({ id, unit, before, after, highestFloor, peakRequestsPerSecond, actions, actionBudget }) => ({
          id,
          unit,
          baseline: after.baseline,
          floorNow: { before: before.min, after: after.min },
          highestFloor,
          peakRequestsPerSecond,
          coveredUntil: { before: before.coveredUntil, after: after.coveredUntil },
          actions: { before: before.actions.length, after: after.actions.length, budget: actionBudget, ...actions },
        }),
      ),
      cost,
      findings,
      ...(rehearsals && { rehearsals }),
    })),
    diagnostics: found.map(diagnosticJson),
  };
}

async function writeChart(file: string, diff: CalendarDiff, demandOf: DemandOf): Promise<Diagnostic[]> {
  const { renderDiffSvg } = await import('../report/chart-svg.js');
  const svg = renderDiffSvg(diff, diffTimelines(diff, demandOf));
  try {
    writeFileSync(file, svg);
    return [];
  } catch (error) {
    return [
      {
        severity: 'error',
        code: 'diff/svg',
        message: `the chart could not be written: ${(error as Error).message}`,
        mend: 'name a file in a folder that exists',
        file,
      },
    ];
  }
}
