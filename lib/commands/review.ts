import { type Command, Option } from 'commander';
import { type Asker, personAtTerminal } from './asker';
import { addCalendarOptions, type Output } from './common';
import type { Done } from './run';
import type { ReviewOptions } from './run-review';

const HELP = `
The day after: what was planned, what came, and by how much the forecast was off. Reads the night from CloudWatch and Application Auto Scaling, shows it
beside the plan, and writes observed into the entry of the calendar; every other byte of the file stays. In a terminal it asks before it writes.

CloudWatch knows no viewers. Unless somebody counted them, the peak is read from the requests at the load balancer: those above the ordinary day and
above other releases, fitted with the release's own curve. docs/review.md has the formulas, the limits and the format of a record.

Nothing is written while the release is not over, without data or with half of it, or when the record is of another account, environment or night. With
minutes missing outageMinutes is left out: a load balancer counts nothing while no target is healthy.

  --release       default: the release whose window ended last
  --record FILE   keeps what was read. CloudWatch has minutes for 15 days; --from FILE reviews a record at any time
  --viewers N     the peak as your own analytics counted it, of the whole audience; better than any estimate
  --replace       an observed that was measured; one that was assumed is replaced without it

Credentials, profile and endpoint are found as the AWS SDK does. Permissions, all of them to read:
  sts:GetCallerIdentity
  cloudformation:DescribeStacks
  ecs:DescribeServices, where the floors name no target group
  elasticloadbalancing:DescribeTargetGroups
  cloudwatch:GetMetricData
  application-autoscaling:DescribeScalingActivities

Examples:
  $ prescale review --env prod --dry-run                                     what came last, and what it would write
  $ prescale review --env prod --release the-finale --record finale.json     keeps the night, and asks
  $ prescale review --env prod --release the-finale --from finale.json --viewers 10_200_000 --source "heartbeats" --yes
  $ prescale review --env prod --dry-run --json | jq .review.viewers

Exit codes: 0 written, or with --dry-run fit to be written; 1 refused or declined, nothing was written; 2 wrong usage, 3 the tool itself failed.`;

/** `review`: planned against observed, and `observed` for the entry. */
export function addReviewCommand(
  program: Command,
  output: Output,
  now: () => Date,
  done: Done,
  person: (() => Promise<Asker>) | null = personAtTerminal(),
): void {
  addCalendarOptions(
    program.command('review').description('compares planned with observed, and writes observed into the entry'),
    now,
  )
    .requiredOption('--env <name>', 'environment whose night is reviewed')
    .option('--environments <file>', 'module that exports environments, or a .json list (default: those of prescale)')
    .option('--release <id>', 'release to review (default: the one whose window ended last)')
    .option('--from <file>', 'review a record that was kept, in place of the live account')
    .addOption(new Option('--record <file>', 'keep what was read from the account in a new file').conflicts('from'))
    .addOption(new Option('--stack <name>', 'stack that attaches the floors (default: ENV-Capacity)').conflicts('from'))
    .option('--viewers <n>', 'peak of concurrent viewers as somebody counted it')
    .option('--outage-minutes <n>', 'minutes in which viewers could not get in, as somebody counted them')
    .option('--source <text>', 'where the figures come from (default: what they were read from)')
    .option('--replace', 'replace what was measured before')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'show what would be written, write nothing')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (options: ReviewOptions) => {
      // The planner and the SDK are loaded by those commands alone that need them.
      const { runReview } = await import('./run-review.js');
      done(await runReview(options, output, { now, person }));
    });
}
