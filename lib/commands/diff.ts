import { type Command, Option } from 'commander';
import { addPlanOptions, type Output, type PlanOptions } from './common';
import type { Done } from './run';

const HELP = `
Plans the calendar of the work tree and that of another commit as of the same instant, in the same environments (those of the work tree), and says what the
difference does. The other commit is where the history of HEAD left REF, so what others have merged there since is not shown as yours. It is read
from the repository that holds the calendar; work tree and index are not touched, and nothing is fetched.

  highest floor       the highest minimum that a deploy would schedule within the horizon
  actions             scheduled scaling actions, of the budget of the target
  cost                of the floors within the horizon, above that of the baseline
  peak requests/s     of the one release with the most, at the planning quantile
  outage, rehearsed   how likely an outage of an added, moved or changed release is, from some hundred nights; see prescale rehearse --help

Errors, besides those of prescale check:
  diff/lower-floor           a floor that is live, or needed in the rest of a window that is open, would fall; --accept-lower says that it is
                             meant; the base counts with its own environments
  diff/lower-ceiling         the maximum of a target falls while a window is open or due within a day
  capacity/too-late          the first floor of a release was due already, and the floor of the other commit is lower: it cannot be warm
  rehearsal/outage-budget    an outage of a changed release is likelier than the outageBudget of the environment

The maximum of the other commit is read from the file of --environments (lib/environments.ts by default) where that is in the same repository. A
module is run from a copy of its folder: where it imports from elsewhere, a warning says that the maximum was not compared.

Examples:
  $ prescale diff                                    what do my changes do, compared with origin/main?
  $ prescale diff --base HEAD~1 --env prod --no-rehearse
  $ prescale diff --base main --format markdown > comment.md     for a pull request; its first line never changes
  $ prescale diff --svg floors.svg                   also draw the floors before and after

Exit codes: 0 fine, whether or not something differs, 1 errors, 2 wrong usage, no such REF included, 3 the tool itself failed.`;

export const DIFF_FORMATS = ['table', 'markdown', 'json'] as const;

export interface DiffOptions extends PlanOptions {
  readonly base: string;
  readonly format: (typeof DIFF_FORMATS)[number];
  readonly svg?: string;
  readonly acceptLower?: boolean;
  readonly rehearse: boolean;
}

/** `diff`: what a change of the calendar does to the plan. */
export function addDiffCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addPlanOptions(program.command('diff').description('what a change of the calendar does to the plan'), now)
    .option('--base <ref>', 'branch, tag or commit to compare with', 'origin/main')
    .addOption(
      new Option('--format <format>', 'for a terminal, a pull request or a program')
        .choices(DIFF_FORMATS)
        .default('table'),
    )
    .option('--svg <file>', 'also write a chart of the floors before and after')
    .option('--accept-lower', 'a floor that is live now is meant to fall: a warning in place of the error')
    .option('--no-rehearse', 'leave the rehearsal out')
    .addHelpText('after', HELP)
    .action(async (options: DiffOptions) => {
      // The simulator is loaded by those commands alone that need it.
      const { runDiff } = await import('./run-diff.js');
      done(await runDiff(options, output, now));
    });
}
