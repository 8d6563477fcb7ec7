import type { Command } from 'commander';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import type { ReleaseCalendar } from '../calendar/release';
import type { CapacityPlan, EnvironmentPlan } from '../capacity/capacity-plan';
import { coverOf } from '../capacity/cover';
import type { Environment } from '../capacity/environment';
import { percent } from '../capacity/words';
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
import type { rehearseAll, ReleaseOutage } from './outage-gate';
import type { Done } from './run';

const HELP = `
Validates every entry of the calendar, past ones included, and the plan of each environment. All problems are reported
at once, sorted, as file:line:col with the mend. Warnings do not fail the check; errors do, and a deploy would refuse them.

--rehearse also plays 300 nights of every coming release of the plan that states an audience, and is an error where an outage is likelier than the
outageBudget of the environment; see prescale rehearse --help.

Examples:
  $ prescale check
  $ prescale check --env prod --as-of 2026-12-01T00:00:00Z
  $ prescale check --environments infra/environments.js     your own, for the floors in your own stack
  $ prescale check --env prod --rehearse               is every coming release within the outage budget?
  $ prescale check --json | jq '.environments[].findings[].code'

Exit codes: 0 fine, 1 an error in the calendar or the plan, 2 wrong usage, 3 the tool itself failed.`;

interface Options extends PlanOptions {
  readonly rehearse?: boolean;
}

/** `check`: errors and findings, without floors. */
export function addCheckCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addPlanOptions(program.command('check').description('validates the calendar and the plan of each environment'), now)
    .option('--rehearse', 'fail when an outage of a coming release is likelier than the outage budget')
    .addHelpText('after', HELP)
    .action(async (options: Options) => done(await runCheck(options, output, now)));
}

async function runCheck(options: Options, output: Output, now: () => Date): Promise<number> {
  const { out, err } = output;
  const { plan, calendar, diagnostics, ok, environments, environmentsFile } = await loadFromOptions(options);
  const findings =
    plan && calendar ? plan.environments.flatMap((e) => findingDiagnostics(e, calendar, environmentsFile)) : [];
  // Error findings are among the diagnostics already.
  const others = diagnostics.filter(({ message }) => !findings.some((finding) => finding.message === message));
  err(renderDiagnostics(sortDiagnostics([...others, ...findings])));
  const gate =
    plan && calendar && options.rehearse ? await rehearse(plan, calendar, environments, output, now) : undefined;
  err(renderDiagnostics(sortDiagnostics(gate?.diagnostics ?? [])));
  if (options.json) {
    const { environments: planned, ...head } = plan ?? { environments: undefined };
    out(
      renderJson({
        schemaVersion: 1,
        ...head,
        ...(planned && { environments: planned.map(({ name, findings }) => ({ name, findings })) }),
        ...(gate && { rehearsals: gate.outages }),
        diagnostics: [...diagnostics, ...(gate?.diagnostics ?? [])].map(diagnosticJson),
      }),
    );
  } else {
    const { length } = calendar?.releases ?? [];
    const entries = calendar ? `${length} ${length === 1 ? 'release' : 'releases'}, ` : '';
    out(`${options.calendar}: ${entries}${countProblems(others)}\n`);
    for (const environment of plan?.environments ?? []) {
      const until = coverOf(environment).coveredUntil;
      out(`${environment.name}: ${countProblems(environment.findings)}, planned until ${utcTime(until)} UTC\n`);
      if (gate)
        out(
          rehearsedLine(
            gate.outages.filter((outage) => outage.environment === environment.name),
            environment,
          ),
        );
    }
  }
  return ok && (gate?.diagnostics ?? []).length === 0 ? EXIT.fine : EXIT.problems;
}

async function rehearse(
  plan: CapacityPlan,
  calendar: ReleaseCalendar,
  environments: readonly Environment[],
  output: Output,
  now: () => Date,
): ReturnType<typeof rehearseAll> {
  // The simulator is loaded when it is asked for.
  const gate = await import('./outage-gate.js');
  return gate.rehearseAll(plan, calendar, environments, output, { now, signal: new AbortController().signal });
}

function rehearsedLine(outages: readonly ReleaseOutage[], { targets }: EnvironmentPlan): string {
  const deferred = new Set(targets.flatMap((target) => target.deferred)).size;
  const later = deferred > 0 ? `; ${deferred} deferred, to be rehearsed when a plan holds them` : '';
  const [worst] = outages.toSorted((a, b) => b.outage.estimate - a.outage.estimate);
  if (!worst) return `  rehearsed: no release with an audience is coming${later}\n`;
  const { outage, release, outageBudget } = worst;
  const number = outages.length === 1 ? '1 release' : `${outages.length} releases`;
  const times = outage.happened === 1 ? 'an outage in 1' : `outages in ${outage.happened}`;
  const found =
    outage.happened === 0
      ? `no outage in ${outage.draws} nights of each`
      : `most likely in ${release}, with ${times} of ${outage.draws} nights`;
  return `  rehearsed: ${number}, ${found} (up to ${percent(outage.high)}), outage budget ${percent(outageBudget)}${later}\n`;
}

function countProblems(problems: readonly { readonly severity: string }[]): string {
  const count = (severity: string): string => {
    const number = problems.filter((problem) => problem.severity === severity).length;
    return `${number} ${severity}${number === 1 ? '' : 's'}`;
  };
  return `${count('error')}, ${count('warning')}`;
}
