import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Diagnostic } from '../calendar/diagnostic';
import type { Release, ReleaseCalendar } from '../calendar/release';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import type { CapacityPlan } from '../capacity/capacity-plan';
import { toIso } from '../capacity/instants';
import { listNames } from '../capacity/words';
import { environments } from '../environments';
import { type LoadedPlans, loadPlans } from '../load-plan';
import { renderEnvironmentPlan } from '../report/plan-table';
import { utcTime } from '../report/times';
import { ENVIRONMENTS_FILE, EXIT, type Output } from './common';

const DAY = 86_400;

/** Releases further apart than this belong to different seasons. */
const CLUSTER_GAP_SECONDS = 45 * DAY;

/** How long before a season's first premiere it is shown. */
const CLUSTER_LEAD_SECONDS = 7 * DAY;

export interface StartOptions {
  readonly calendarDir: string;
  /** ISO 8601 in UTC, whole seconds. */
  readonly asOf: string;
}

/**
 * The main job for a newcomer without an AWS account: checks the calendar, synthesizes all environments, and shows each
 * environment's coming floors, cost and findings. When nothing is coming it shows the last season as of its start.
 *
 * @returns the exit code, which is that of `check`
 */
export async function runStart({ calendarDir, asOf }: StartOptions, output: Output): Promise<number> {
  const load = (instant: string): LoadedPlans => {
    return loadPlans({
      calendarDir,
      environments,
      known: environments,
      asOf: instant,
      environmentsFile: ENVIRONMENTS_FILE,
    });
  };
  let loaded = load(asOf);
  if (!loaded.plan || !loaded.calendar) {
    output.err(renderDiagnostics(loaded.diagnostics));
    return EXIT.problems;
  }
  const { releases } = loaded.calendar;
  output.out(`check: ${releases.length} ${releases.length === 1 ? 'release' : 'releases'} in ${calendarDir}\n`);

  let shownAsOf = asOf;
  if (loaded.plan.environments.every((environment) => environment.releases.length === 0)) {
    const season = lastSeason(loaded.calendar, asOf);
    output.out(`nothing is coming in the 90 days from ${utcTime(asOf)} UTC`);
    if (!season) {
      output.out('; add a release to the calendar\n');
    } else {
      shownAsOf = toIso(season[0]!.premiereAt - CLUSTER_LEAD_SECONDS);
      output.out(
        `; shown is the last season as of ${utcTime(shownAsOf)} UTC: ${listNames(season.map(({ id }) => id))}\n`,
      );
      loaded = load(shownAsOf);
    }
  }

  output.err(renderDiagnostics(loaded.diagnostics));
  const plan = loaded.plan!;
  const failed = new Set(namesWithErrors(plan));
  const sound = plan.environments.map(({ name }) => name).filter((name) => !failed.has(name));
  const failure = sound.length === 0 ? undefined : await synthesize(sound, calendarDir, shownAsOf, output);
  for (const environment of plan.environments) {
    output.out(`\n${renderEnvironmentPlan(plan, environment, { actions: false, columns: output.columns })}`);
  }
  if (failure !== undefined) {
    output.err(`\nthe templates of ${listNames(sound)} could not be synthesized:\n${failure}`);
    return EXIT.failure;
  }
  if (failed.size > 0) {
    output.out(`\nno template was written for ${listNames([...failed])}: see the errors above\n`);
    return EXIT.problems;
  }
  output.out(
    '\nnext: npm run -s prescale -- plan --env prod shows every scheduled action; npm run -s prescale -- add writes a release\n',
  );
  return EXIT.fine;
}

/** The last releases before an instant that follow each other within the gap, in the order of their premieres. */
function lastSeason({ releases }: ReleaseCalendar, asOf: string): Release[] | undefined {
  const past = releases.filter(({ premiereAt, status }) => status !== 'cancelled' && toIso(premiereAt) < asOf);
  let first = past.length - 1;
  while (first > 0 && past[first]!.premiereAt - past[first - 1]!.premiereAt < CLUSTER_GAP_SECONDS) first -= 1;
  return past.length > 0 ? past.slice(first) : undefined;
}

function namesWithErrors(plan: CapacityPlan): string[] {
  const hasError = ({ severity }: Pick<Diagnostic, 'severity'>): boolean => severity === 'error';
  return plan.environments.filter(({ findings }) => findings.some(hasError)).map(({ name }) => name);
}

/** Runs `cdk synth` for the environments, schema validation included; what it printed when it failed, else undefined. */
async function synthesize(
  names: readonly string[],
  calendarDir: string,
  asOf: string,
  output: Output,
): Promise<string | undefined> {
  output.err(`synthesizing ${listNames(names)} …\n`);
  const manifest = createRequire(__filename).resolve('aws-cdk/package.json');
  const args = [path.join(path.dirname(manifest), 'bin', 'cdk'), 'synth', '--quiet'];
  for (const context of [`asOf=${asOf}`, `calendar=${calendarDir}`, `env=${names.join(',')}`]) args.push('-c', context);
  const printed: Buffer[] = [];
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => printed.push(chunk));
    child.on('error', reject).on('close', resolve);
  });
  if (code !== 0) return Buffer.concat(printed).toString();
  const stacks = listNames(['Playback', 'Edge', 'Capacity']);
  output.out(`synth: ${stacks} of ${listNames(names)}, templates in ${process.env.CDK_OUTPUT ?? 'cdk.out'}\n`);
  return undefined;
}
