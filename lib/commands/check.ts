import type { Command } from 'commander';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import { utcTime } from '../report/times';
import { findingDiagnostics, sortDiagnostics } from '../load-plan';
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
Validates every entry of the calendar, past ones included, and the plan of each environment. All problems are reported
at once, sorted, as file:line:col with the mend. Warnings do not fail the check; errors do, and a deploy would refuse them.

Examples:
  $ prescale check
  $ prescale check --env prod --as-of 2026-12-01T00:00:00Z
  $ prescale check --environments infra/environments.js     your own, for the floors in your own stack
  $ prescale check --json | jq '.environments[].findings[].code'

Exit codes: 0 fine, 1 an error in the calendar or the plan, 2 wrong usage, 3 the tool itself failed.`;

/** `check`: errors and findings, without floors. */
export function addCheckCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addPlanOptions(program.command('check').description('validates the calendar and the plan of each environment'), now)
    .addHelpText('after', HELP)
    .action(async (options: PlanOptions) => done(await runCheck(options, output)));
}

async function runCheck(options: PlanOptions, { out, err }: Output): Promise<number> {
  const { plan, calendar, diagnostics, ok, environmentsFile } = await loadFromOptions(options);
  const findings =
    plan && calendar ? plan.environments.flatMap((e) => findingDiagnostics(e, calendar, environmentsFile)) : [];
  // Error findings are among the diagnostics already.
  const others = diagnostics.filter(({ message }) => !findings.some((finding) => finding.message === message));
  err(renderDiagnostics(sortDiagnostics([...others, ...findings])));
  if (options.json) {
    const { environments, ...head } = plan ?? { environments: undefined };
    out(
      renderJson({
        schemaVersion: 1,
        ...head,
        ...(environments && { environments: environments.map(({ name, findings }) => ({ name, findings })) }),
        diagnostics: diagnostics.map(diagnosticJson),
      }),
    );
  } else {
    const { length } = calendar?.releases ?? [];
    const entries = calendar ? `${length} ${length === 1 ? 'release' : 'releases'}, ` : '';
    out(`${options.calendar}: ${entries}${countProblems(others)}\n`);
    for (const environment of plan?.environments ?? []) {
      const until = environment.targets.map(({ coveredUntil }) => coveredUntil).toSorted()[0]!;
      out(`${environment.name}: ${countProblems(environment.findings)}, planned until ${utcTime(until)} UTC\n`);
    }
  }
  return ok ? EXIT.fine : EXIT.problems;
}

function countProblems(problems: readonly { readonly severity: string }[]): string {
  const count = (severity: string): string => {
    const number = problems.filter((problem) => problem.severity === severity).length;
    return `${number} ${severity}${number === 1 ? '' : 's'}`;
  };
  return `${count('error')}, ${count('warning')}`;
}
