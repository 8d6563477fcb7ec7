import type { Command } from 'commander';
import { addPlanOptions, interruptible, type Output, type PlanOptions } from './common';
import type { Done } from './run';

const HELP = `
Prints one HTML page that needs nothing else, and asks no network: send it, publish it, print it. For each environment and target it shows

  demand       units that it needs: the median forecast, and at the planning quantile
  required     ready units that the plan holds against it
  floor        the registered minimum, in front of required by the lead time
  releases     their premieres in local time and in UTC, audience, floor, when it rises and when the baseline is back
  findings     errors and warnings of the plan, with their mends
  cost         of the floors, above the baseline
  rehearsal    with --rehearse: how likely an outage is, under the plan and under the alternatives, and what they cost

The chart is read by pointer or by keyboard (arrows, + and −, Home, End, Page Up and Page Down); times are shown in UTC, in the reader's zone or in that
of each premiere. An environment with an error is shown, too, its error on top.

--rehearse plays every coming release that states an audience in each environment, a few seconds for each, or those that --release names.
Ctrl-C stops: what is known by then is in the page, with exit code 1.

Examples:
  $ prescale report --output report.html
  $ prescale report --env prod --rehearse --output report.html
  $ prescale report --env prod --rehearse --release the-finale > finale.html
  $ prescale report --as-of 2025-12-24T00:00:00Z --horizon P14D > christmas.html
  $ prescale report --json | jq '.environments[].targets[].releases[]'     what the page shows

Exit codes: 0 fine, 1 an error in the calendar or the plan (the page is written if there is a plan), or a rehearsal above the outage budget or stopped,
2 wrong usage, 3 the tool itself failed.`;

/** So many without an outage show with 95 % confidence that it is less likely than 1 %, the default outage budget. */
const DEFAULT_DRAWS = '300';
const DEFAULT_SEED = '1';

export interface ReportOptions extends PlanOptions {
  /** @default stdout */
  readonly output?: string;
  readonly rehearse?: boolean;
  /** Ids. @default every coming one */
  readonly release?: readonly string[];
  readonly draws: string;
  readonly seed: string;
}

/** `report`: the plan as one self-contained HTML page. */
export function addReportCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  const collect = (id: string, ids: readonly string[] = []): string[] => [...ids, id];
  addPlanOptions(
    program
      .command('report')
      .description('one self-contained HTML page: timeline of demand and capacity, releases, cost'),
    now,
  )
    .option('--output <file>', 'write to this file, all or nothing (default: stdout)')
    .option('--rehearse', 'rehearse the coming releases, and show how likely an outage is')
    .option('--release <id>', 'release to rehearse, repeatable (default: every coming one)', collect)
    .option('--draws <n>', 'nights to play for each release, from 1 to 100000', DEFAULT_DRAWS)
    .option('--seed <n>', 'decides every draw: the same seed gives the same page', DEFAULT_SEED)
    .addHelpText('after', HELP)
    .action(async (options: ReportOptions) => {
      const report = async (signal: AbortSignal): Promise<number> => {
        // The simulator and the page are loaded by those commands alone that need them.
        const { runReport } = await import('./run-report.js');
        return runReport(options, output, { now, signal });
      };
      done(await interruptible(report));
    });
}
