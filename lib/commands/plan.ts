import type { Command } from 'commander';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import { renderEnvironmentPlan } from '../report/plan-table';
import {
  addPlanOptions,
  diagnosticJson,
  EXIT,
  loadFromOptions,
  type Output,
  type PlanOptions,
  renderJson,
} from './common';
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

Exit codes: 0 fine, 1 an error in the calendar or the plan, 2 wrong usage, 3 the tool itself failed.`;

/** `plan`: the capacity plan as a table or as JSON. */
export function addPlanCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addPlanOptions(program.command('plan').description('the capacity plan: floors, scheduled actions, cost'), now)
    .addHelpText('after', HELP)
    .action(async (options: PlanOptions) => done(await runPlan(options, output)));
}

async function runPlan(options: PlanOptions, { out, err, columns }: Output): Promise<number> {
  const { plan, diagnostics, ok } = await loadFromOptions(options);
  err(renderDiagnostics(diagnostics));
  if (options.json) {
    out(renderJson({ schemaVersion: 1, ...plan, diagnostics: diagnostics.map(diagnosticJson) }));
  } else if (plan) {
    out(
      plan.environments
        .map((environment) => renderEnvironmentPlan(plan, environment, { actions: true, columns }))
        .join('\n'),
    );
  }
  return ok ? EXIT.fine : EXIT.problems;
}
