import { writeFileSync } from 'node:fs';
import type { Diagnostic } from '../calendar/diagnostic';
import { parseDuration } from '../calendar/duration';
import type { ReleaseCalendar } from '../calendar/release';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import { suggest } from '../calendar/suggest';
import type { CapacityPlan, EnvironmentPlan, TargetPlan } from '../capacity/capacity-plan';
import { type Environment, resolveEnvironment } from '../capacity/environment';
import { fromIso, toIso } from '../capacity/instants';
import { CURVE_STEP_SECONDS } from '../capacity/demand';
import { type FloorSchedule, floorScheduleOf } from '../rehearsal/floor-schedule';
import { LARGEST_SEED } from '../rehearsal/random';
import { exactNight } from '../rehearsal/night';
import { type Rehearsal, RunningRehearsal } from '../rehearsal/rehearsal';
import { type NoRehearsal, rehearsalOf, type RehearsalSpec, type WhatIf } from '../rehearsal/spec';
import { type Verdict, verdictOf } from '../rehearsal/verdict';
import { renderK6Script } from '../report/k6-script';
import { rehearsalNight } from '../report/rehearsal-chart';
import { renderRehearsal } from '../report/rehearsal-table';
import { TOOL_VERSION } from '../version';
import { diagnosticJson, EXIT, loadFromOptions, type Output, painter, renderJson, UsageError } from './common';
import { readFloors } from './floors-file';
import { playAll, type RehearseWorld, targetsOfRelease } from './play-rehearsal';
import { DEFAULT_DRAWS, DEFAULT_SEED, type RehearseOptions } from './rehearse';
import { readTrace } from './trace-file';

/** What was asked for, checked. */
interface Asked {
  readonly draws: number;
  readonly seed: number;
  readonly whatIf: WhatIf;
  readonly startLatencySeconds?: number;
  readonly peak?: number;
  readonly scale: number;
}

/** Of the verdicts, in a terminal. */
const COLOURS = { enough: 'green', 'not-needed': 'green', 'not-enough': 'red', unknown: 'yellow' } as const;

/** So long before its premiere a release is sure to be in a plan, unless the nights before it use up the budget. */
const LATER_SECONDS = 8 * 86_400;

/** A load test begins before the lobby fills, and ends when the worst is over. Seconds around the premiere. */
const LOAD_TEST = { before: 45 * 60, after: 3 * 3600 } as const;

/** Rehearses a release in each environment asked for; returns the exit code. */
export async function runRehearse(options: RehearseOptions, output: Output, world: RehearseWorld): Promise<number> {
  const asked = readAsked(options);
  const loaded = await loadFromOptions(options);
  const { plan, calendar, environments } = loaded;
  if (!plan || !calendar) return fail(options, output, undefined, loaded.diagnostics);
  const trace = options.trace === undefined ? undefined : readTrace(options.trace);
  const found: Diagnostic[] = [...loaded.diagnostics, ...(trace?.diagnostics ?? [])];
  if (trace && !trace.shape) return fail(options, output, plan, found);

  const specs: { spec: RehearsalSpec; environment: Environment }[] = [];
  for (const environment of environments) {
    const planned = plan.environments.find(({ name }) => name === environment.name)!;
    const release = chooseRelease(options, calendar, planned, plan.asOf, trace !== undefined);
    if (typeof release !== 'string') {
      found.push(release);
      continue;
    }
    for (const target of targetsOfRelease(planned, release)) {
      const floors = floorsOf(options, environment.name, target);
      found.push(...floors.diagnostics);
      if (!floors.schedule) continue;
      const spec = rehearsalOf({
        calendar,
        environment,
        plan: target,
        asOf: plan.asOf,
        release,
        floors: floors.schedule,
        whatIf: asked.whatIf,
        startLatencySeconds: asked.startLatencySeconds,
        seed: asked.seed,
        ...(trace?.shape && { trace: { shape: trace.shape, peakRequestsPerSecond: asked.peak } }),
      });
      if ('reason' in spec) {
        found.push(noRehearsal(spec, environment.name));
        continue;
      }
      if (options.floors !== undefined && !spec.floors.actions.some(({ at }) => spec.from <= at && at < spec.to)) {
        found.push(noFloors(options.floors, spec));
      }
      specs.push({ spec, environment });
    }
  }
  if (specs.length === 0) return fail(options, output, plan, found);
  output.err(renderDiagnostics(found));
  const isSound = loaded.ok && found.every(({ severity }) => severity !== 'error');
  if (options.emit === 'k6') {
    emitLoadTest(specs[0]!.spec, specs.length, calendar, asked, output);
    return isSound ? EXIT.fine : EXIT.problems;
  }

  const paint = painter(output, COLOURS);
  const done: { rehearsal: Rehearsal; verdict: Verdict; environment: Environment }[] = [];
  for (const { spec, environment } of specs) {
    // Who has stopped the first does not wait for the others.
    if (world.signal.aborted && done.length > 0) break;
    const running = new RunningRehearsal(spec, asked.draws);
    // One after the other, so that the first can be read while the second is played.
    // oxlint-disable-next-line no-await-in-loop
    await playAll(running, `${spec.release} in ${spec.environment}`, output, world);
    const rehearsal = running.report();
    const { outageBudget } = resolveEnvironment(environment);
    const verdict = verdictOf(rehearsal, outageBudget);
    if (!options.json) {
      const { currency } = environment.prices;
      output.out(`${done.length > 0 ? '\n' : ''}${renderRehearsal(rehearsal, verdict, { currency, paint })}`);
    }
    done.push({ rehearsal, verdict, environment });
  }
  if (options.json) output.out(renderJson(documentOf(plan, done, found)));
  const unwritten = options.svg === undefined ? undefined : await writeChart(options.svg, done[0]!.rehearsal);
  if (unwritten) output.err(renderDiagnostics([unwritten]));
  const isWhole = done.length === specs.length && done.every(({ rehearsal }) => rehearsal.played === rehearsal.asked);
  const isWithin = done.every(({ verdict }) => verdict.code === 'enough' || verdict.code === 'not-needed');
  return isSound && isWhole && isWithin && !unwritten ? EXIT.fine : EXIT.problems;
}

function readAsked(options: RehearseOptions): Asked {
  const problems: Diagnostic[] = [];
  const usage = (option: string, message: string, mend: string): void => {
    problems.push({ severity: 'error', code: `usage/${option}`, message, mend });
  };
  const number = (option: string, text: string, must: string, mend: string, ok: (value: number) => boolean): number => {
    const digits = option === 'audience' ? text.replace(/^x/, '') : text;
    const value = /^\d+(\.\d+)?$/.test(digits) ? Number(digits) : Number.NaN;
    if (!ok(value)) usage(option, `--${option} must be ${must}, got "${text}"`, mend);
    return value;
  };
  const duration = (option: string, text: string, most: string): number => {
    const seconds = parseDuration(text, { key: `--${option}`, zero: false, most, example: 'PT5M' });
    if (typeof seconds === 'number') return seconds;
    usage(option, seconds.message, seconds.mend);
    return Number.NaN;
  };
  const isWhole = (most: number) => (value: number) => Number.isInteger(value) && value >= 1 && value <= most;
  const asked: Asked = {
    draws: number('draws', options.draws, 'a whole number from 1 to 100000', '300 takes seconds', isWhole(100_000)),
    seed: number(
      'seed',
      options.seed,
      `a whole number from 1 to ${LARGEST_SEED}`,
      'any will do',
      isWhole(LARGEST_SEED),
    ),
    whatIf: {
      audienceFactor:
        options.audience === undefined
          ? 1
          : number(
              'audience',
              options.audience,
              'a multiple above 0 and at most 100',
              'for example x2',
              (value) => value > 0 && value <= 100,
            ),
      earlySeconds: options.early === undefined ? 0 : duration('early', options.early, 'PT6H'),
      loseZone: options.loseZone ?? false,
      guard: options.guard,
      missRaise: options.missRaise ?? false,
    },
    ...(options.startLatency !== undefined && {
      startLatencySeconds: duration('start-latency', options.startLatency, 'PT2H'),
    }),
    ...(options.peak !== undefined && {
      peak: number('peak', options.peak, 'requests per second above 0', 'for example 250000', (value) => value > 0),
    }),
    scale:
      options.scale === undefined
        ? 1
        : number(
            'scale',
            options.scale,
            'above 0 and at most 1',
            'for example 0.1',
            (value) => value > 0 && value <= 1,
          ),
  };
  const needs = (option: string, given: boolean, other: string, has: boolean): void => {
    if (given && !has) usage(option, `--${option} goes with ${other} alone`, `add ${other}, or leave --${option} out`);
  };
  needs('peak', options.peak !== undefined, '--trace', options.trace !== undefined);
  needs('scale', options.scale !== undefined, '--emit k6', options.emit === 'k6');
  if (options.emit === 'k6') {
    for (const option of ['json', 'svg'] as const) {
      if (options[option]) usage(option, `--${option} and --emit k6 are two outputs`, 'leave one of them out');
    }
    if (options.env?.length !== 1) usage('env', '--emit k6 is for one environment', 'name it with --env');
    const others = {
      'lose-zone': options.loseZone,
      'no-guard': !options.guard,
      'miss-raise': options.missRaise,
      'start-latency': options.startLatency,
      floors: options.floors,
      draws: options.draws !== DEFAULT_DRAWS,
      seed: options.seed !== DEFAULT_SEED,
    };
    for (const [option, given] of Object.entries(others)) {
      if (given)
        usage(option, `--${option} changes no demand, and --emit k6 prints nothing else`, 'leave one of them out');
    }
  }
  for (const option of ['svg', 'floors'] as const) {
    if (options[option] !== undefined && options.env?.length !== 1) {
      usage('env', `--${option} is for one environment`, 'name it with --env');
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
  return asked;
}

/** The release that is meant, or why there is none. */
function chooseRelease(
  { release: wanted }: RehearseOptions,
  calendar: ReleaseCalendar,
  planned: EnvironmentPlan,
  asOf: string,
  hasTrace: boolean,
): string | Diagnostic {
  if (wanted === undefined) {
    const next = planned.releases.find(({ premiereAt, audience }) => premiereAt >= asOf && (audience ?? hasTrace));
    if (next) return next.id;
    return {
      severity: 'error',
      code: 'rehearsal/no-release',
      message: `${planned.name}: no release with an audience is coming before ${planned.horizonEnd}`,
      mend: 'name another instant with --as-of, for example a week before a premiere that is over',
    };
  }
  // When a premiere is over, what is left of its window is no comparison: whoever reacts alone would be there as well.
  if (planned.releases.some(({ id, premiereAt }) => id === wanted && premiereAt >= asOf)) return wanted;
  const known = calendar.releases.find(({ id }) => id === wanted);
  if (!known) {
    const ids = calendar.releases.map(({ id }) => id);
    const nearest = suggest(wanted, ids);
    throw new UsageError([
      {
        severity: 'error',
        code: 'usage/unknown-release',
        message: `there is no release "${wanted}" in the calendar`,
        mend: nearest ? `write ${nearest}` : `choose from ${planned.releases.map(({ id }) => id).join(', ')}`,
      },
    ]);
  }
  const isOver = known.premiereAt < fromIso(asOf);
  return {
    severity: 'error',
    code: isOver ? 'rehearsal/over' : 'rehearsal/not-planned',
    message: `${planned.name}: ${wanted} ${isOver ? 'has premiered' : 'is not in the plan'} as of ${asOf}; its premiere is at ${toIso(known.premiereAt)}`,
    mend: isOver
      ? 'name an instant before it with --as-of, for example a week'
      : planned.targets.some(({ deferred }) => deferred.includes(wanted))
        ? `it is deferred, for the horizon or for the budget of actions: see it as planned later, with --as-of ${toIso(known.premiereAt - LATER_SECONDS)}`
        : 'it is cancelled, or not for this environment: look at the entry',
    ...known.location,
  };
}

function floorsOf(
  { floors: file }: RehearseOptions,
  environment: string,
  target: TargetPlan,
): { schedule?: FloorSchedule; diagnostics: readonly Diagnostic[] } {
  if (file === undefined) return { schedule: floorScheduleOf(target), diagnostics: [] };
  const { floors, diagnostics } = readFloors(file, { environment, targetId: target.id, dimension: target.dimension });
  return { schedule: floors, diagnostics };
}

function noRehearsal({ reason, mend }: NoRehearsal, environment: string): Diagnostic {
  return { severity: 'error', code: 'rehearsal/no-demand', message: `${environment}: ${reason}`, mend };
}

function noFloors(file: string, { release, from, to, floors }: RehearsalSpec): Diagnostic {
  const last = floors.actions.at(-1);
  return {
    severity: 'warning',
    code: 'floors/outside',
    message:
      `the file changes no floor from ${toIso(from)} to ${toIso(to)}, in which ${release} is rehearsed; ` +
      (last ? `its last action is at ${toIso(last.at)}` : 'it holds no action at all'),
    mend: 'name what is deployed for this release: synthesize it again, or give plan --json the same --as-of',
    file,
  };
}

function emitLoadTest(
  spec: RehearsalSpec,
  count: number,
  calendar: ReleaseCalendar,
  { scale }: Asked,
  { out, err }: Output,
): void {
  if (count > 1) err(`${spec.target} alone: a load test drives one target\n`);
  const { premiereAt, from, conditions } = spec;
  const { demand } = exactNight(spec);
  const first = Math.max(0, Math.round((premiereAt - LOAD_TEST.before - from) / CURVE_STEP_SECONDS));
  const end = Math.round((premiereAt + LOAD_TEST.after - from) / CURVE_STEP_SECONDS);
  const profile = {
    release: spec.release,
    title: calendar.releases.find(({ id }) => id === spec.release)!.title,
    environment: spec.environment,
    premiereAt: toIso(premiereAt),
    startSeconds: from + first * CURVE_STEP_SECONDS - premiereAt,
    stepSeconds: CURVE_STEP_SECONDS,
    requestsPerSecond: [...demand.subarray(first, end)],
    scale,
    timeoutSeconds: conditions.timeoutSeconds,
    toolVersion: TOOL_VERSION,
  };
  try {
    out(renderK6Script(profile));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError([
      { severity: 'error', code: 'usage/scale', message: error.message, mend: 'replay a larger share with --scale' },
    ]);
  }
}

async function writeChart(file: string, rehearsal: Rehearsal): Promise<Diagnostic | undefined> {
  const { renderRehearsalSvg } = await import('../report/chart-svg.js');
  const svg = renderRehearsalSvg(rehearsalNight(rehearsal));
  try {
    writeFileSync(file, svg);
    return undefined;
  } catch (error) {
    return {
      severity: 'error',
      code: 'rehearsal/svg',
      message: `the chart could not be written: ${(error as Error).message}`,
      mend: 'name a file in a folder that exists',
      file,
    };
  }
}

/** One document, also when nothing could be rehearsed. */
function fail(
  options: RehearseOptions,
  { out, err }: Output,
  plan: CapacityPlan | undefined,
  found: Diagnostic[] | readonly Diagnostic[],
): number {
  err(renderDiagnostics(found));
  if (options.json) out(renderJson(documentOf(plan, [], found)));
  return EXIT.problems;
}

function documentOf(
  plan: CapacityPlan | undefined,
  done: readonly { rehearsal: Rehearsal; verdict: Verdict; environment: Environment }[],
  diagnostics: readonly Diagnostic[],
): object {
  return {
    schemaVersion: 1,
    ...(plan && { asOf: plan.asOf, calendarDigest: plan.calendarDigest, toolVersion: plan.toolVersion }),
    rehearsals: done.map(({ rehearsal, verdict, environment }) => {
      const { spec, asked, played, exact, policies, zoneLost, margins } = rehearsal;
      return {
        environment: spec.environment,
        target: spec.target,
        unit: spec.unit,
        release: spec.release,
        premiereAt: toIso(spec.premiereAt),
        from: toIso(spec.from),
        to: toIso(spec.to),
        baseline: spec.profile.baseline,
        ceiling: spec.floors.max,
        highestFloor: spec.peakUnits,
        quantile: spec.quantile,
        seed: spec.seed,
        draws: { asked, played },
        outageBudget: resolveEnvironment(environment).outageBudget,
        currency: environment.prices.currency,
        whatIf: spec.whatIf,
        conditions: spec.conditions,
        verdict,
        exact,
        policies,
        ...(zoneLost && { zoneLost }),
        margins,
      };
    }),
    diagnostics: diagnostics.map(diagnosticJson),
  };
}
