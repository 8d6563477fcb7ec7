import { type Command, Option } from 'commander';
import type { Diagnostic } from '../calendar/diagnostic';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import type { CapacityPlan, EnvironmentPlan } from '../capacity/capacity-plan';
import type { Environment } from '../capacity/environment';
import { fromIso } from '../capacity/instants';
import { isActive, type Override, withOverrides } from '../capacity/override';
import { renderAwsCli } from '../report/aws-cli';
import { renderEnvironmentPlan } from '../report/plan-table';
import {
  addPlanOptions,
  diagnosticJson,
  EXIT,
  loadFromOptions,
  type Output,
  type PlanOptions,
  renderJson,
  UsageError,
} from './common';
import { describeLine } from './apply-override';
import { troubleProblem } from './night';
import { foreignAccount } from './quotas';
import type { Done } from './run';

const HELP = `
Prints what a deploy would register: the floor of every release, each scheduled action, cost and findings.

  premiere     the release's own local time
  floor        highest minimum while the release is warm, overlapping releases included
  rising at    the first raised floor (UTC): lead time before the warm-up begins
  baseline at  the return to the baseline (UTC)

Examples:
  $ prescale plan --env prod
  $ prescale plan --as-of 2025-11-20T00:00:00Z        the plan of another day
  $ prescale plan --environments infra/environments.js     your own, for the floors in your own stack
  $ prescale plan --json | jq '.environments[].targets[].actions[]'
  $ prescale plan --env prod --live                   with what people have overridden in the account
  $ prescale plan --env prod --format aws-cli         commands for the AWS CLI, for when nothing else works

--live needs ssm:GetParametersByPath, and sts:GetCallerIdentity where the environment states its account. What it cannot read is told as
unknown, and the exit code stays; credentials of another account are an error.

Exit codes: 0 fine, 1 an error in the calendar or the plan, 2 wrong usage, 3 the tool itself failed.`;

interface Options extends PlanOptions {
  readonly format: 'table' | 'aws-cli';
  /** @default ENV-Capacity */
  readonly stack?: string;
  readonly live?: boolean;
}

/** `plan`: the capacity plan as a table, as JSON or as commands. */
export function addPlanCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addPlanOptions(program.command('plan').description('the capacity plan: floors, scheduled actions, cost'), now)
    .addOption(
      new Option('--format <format>', 'a table for people, or break-glass commands')
        .choices(['table', 'aws-cli'])
        .default('table'),
    )
    .option('--stack <name>', 'stack that attaches the floors, for --format aws-cli (default: ENV-Capacity)')
    .option('--live', 'show overrides of the account, too')
    .addHelpText('after', HELP)
    .action(async (options: Options) => done(await runPlan(options, output)));
}

async function runPlan(options: Options, { out, err, columns }: Output): Promise<number> {
  if (options.json && options.format !== 'table') {
    throw new UsageError([
      {
        severity: 'error',
        code: 'usage/format',
        message: `--json and --format ${options.format} are two forms of one output`,
        mend: 'leave one of them out',
      },
    ]);
  }
  const { plan, environments, diagnostics, ok } = await loadFromOptions(options);
  err(renderDiagnostics(diagnostics));
  const { live, foreign = [] } = plan && options.live ? await readLive(plan, environments) : {};
  err(renderDiagnostics(foreign));
  if (options.json) {
    out(
      renderJson({
        schemaVersion: 1,
        ...plan,
        ...(live && { live }),
        diagnostics: [...diagnostics, ...foreign].map(diagnosticJson),
      }),
    );
  } else if (plan) {
    const commands = options.format === 'aws-cli';
    out(
      plan.environments
        .map((environment) => {
          const found = (live ?? []).filter((one) => one.environment === environment.name);
          const lines = found.map(liveLines).join('');
          return commands
            ? `${lines.replaceAll(/^/gm, '# ').replace(/# $/, '')}${renderAwsCli(withLive(environment, found), plan.asOf, options.stack ?? `${environment.name}-Capacity`)}`
            : `${renderEnvironmentPlan(plan, environment, { actions: true, columns })}${lines}`;
        })
        .join('\n'),
    );
  }
  return ok && foreign.length === 0 ? EXIT.fine : EXIT.problems;
}

/** The floors with what is overridden now: whoever breaks the glass does not take it back. */
function withLive(environment: EnvironmentPlan, live: readonly LiveOverrides[]): EnvironmentPlan {
  const overridesOf = (id: string): readonly Override[] => live.find(({ target }) => target === id)?.overrides ?? [];
  return {
    ...environment,
    targets: environment.targets.map((target) => withOverrides(target, overridesOf(target.id))),
  };
}

/** What people have overridden of one target, as of the plan; `unknown` says why it could not be read. */
interface LiveOverrides {
  readonly environment: string;
  readonly target: string;
  readonly unit: string;
  readonly overrides?: readonly Override[];
  readonly unknown?: string;
}

/** What the account holds; `foreign` tells of credentials that are of another account than the environment states. */
async function readLive(
  plan: CapacityPlan,
  environments: readonly Environment[],
): Promise<{ readonly live: readonly LiveOverrides[]; readonly foreign: readonly Diagnostic[] }> {
  // The SDK takes longer to load than a plan to be made.
  const [{ liveClients }, { readOverrides }, { isTrouble }] = await Promise.all([
    import('../live/clients.js'),
    import('../live/overrides.js'),
    import('../live/attempt.js'),
  ]);
  const targets = plan.environments.flatMap(({ name, targets }) =>
    targets.map(({ id, unit }) => ({ environment: name, target: id, unit })),
  );
  const foreign = new Map<string, Diagnostic>();
  const live = await Promise.all(
    targets.map(async (target): Promise<LiveOverrides> => {
      const clients = liveClients(target.target.split('/')[0]!);
      const wrong = await foreignAccount(
        environments.find(({ name }) => name === target.environment)!,
        clients,
      );
      if (wrong?.foreign) {
        foreign.set(target.environment, { severity: 'error', ...troubleProblem(wrong) });
      }
      const found = wrong ?? (await readOverrides(clients, target));
      if (isTrouble(found)) return { ...target, unknown: found.message };
      return { ...target, overrides: found.overrides.filter((override) => isActive(override, fromIso(plan.asOf))) };
    }),
  );
  return { live, foreign: [...foreign.values()] };
}

function liveLines({ target, unit, overrides = [], unknown }: LiveOverrides): string {
  if (unknown !== undefined) return `overrides of ${target}: unknown: ${unknown}\n`;
  if (overrides.length === 0) return `overrides of ${target}: none is active\n`;
  return overrides.map((override) => `override of ${target}: ${describeLine(override, unit)}\n`).join('');
}
