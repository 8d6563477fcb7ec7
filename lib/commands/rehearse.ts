import { type Command, Option } from 'commander';
import { addPlanOptions, interruptible, type Output, type PlanOptions } from './common';
import type { Done } from './run';

const HELP = `
Plays a release against exactly the floors that would be deployed, and against what people do without a plan, in the same nights: how likely is an
outage, what breaks first, what does it cost? Nothing is deployed and no account is asked.

  outage     a minute in which fewer than 99 % of the users' requests are answered, retries counted with their users
  draws      nights in which audience, shape and start differ from the forecast as its uncertainty says; the same nights for every policy
  exact      the one night in which everything is as the median forecast

An outage budget (outageBudget of the environment) says how likely an outage may be: above it the command ends with exit code 1. Ctrl-C stops, and
shows what is known by then, with exit code 1.

What if:
  --audience x2          twice the audience comes, the plan stays
  --early PT15M          everybody comes a quarter of an hour early
  --lose-zone            a zone is lost at the peak, in every night
  --start-latency PT5M   units take so long to start (95 of 100), the plan's lead time stays
  --miss-raise           the scheduler never runs the first raise of a window; with --no-guard nobody repairs it
  --trace night.csv      a recorded night in place of the curve: unix_seconds,value, scaled to the peak of the forecast or to --peak; the
                         baseline of the environment is added

Examples:
  $ prescale rehearse --env prod                                        the next release
  $ prescale rehearse --env prod --release the-finale --draws 1000
  $ prescale rehearse --env prod --release the-finale --audience x2 --svg night.svg
  $ prescale rehearse --env prod --floors cdk.out/assembly-prod/prodCapacity*.template.json    what was synthesized
  $ prescale rehearse --env staging --emit k6 --scale 0.1 > night.js    the same demand for a real load test

Exit codes: 0 the plan is within the outage budget, 1 it is not, the calendar has an error or not all draws were played, 2 wrong usage, 3 the tool itself failed.`;

/** So many without an outage show with 95 % confidence that it is less likely than 1 %, the default outage budget. */
export const DEFAULT_DRAWS = '300';
export const DEFAULT_SEED = '1';

export interface RehearseOptions extends PlanOptions {
  readonly release?: string;
  readonly draws: string;
  readonly seed: string;
  readonly audience?: string;
  readonly early?: string;
  readonly loseZone?: boolean;
  readonly guard: boolean;
  readonly missRaise?: boolean;
  readonly startLatency?: string;
  readonly trace?: string;
  readonly peak?: string;
  readonly floors?: string;
  readonly svg?: string;
  readonly emit?: 'k6';
  readonly scale?: string;
}

/** `rehearse`: a release against the plan and its alternatives. */
export function addRehearseCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addPlanOptions(
    program.command('rehearse').description('simulates a release against the plan and against the alternatives'),
    now,
  )
    .option('--release <id>', 'release to rehearse (default: the next one of the plan that states an audience)')
    .option('--draws <n>', 'nights to play, from 1 to 100000', DEFAULT_DRAWS)
    .option('--seed <n>', 'decides every draw: the same seed gives the same output', DEFAULT_SEED)
    .option('--audience <times>', 'multiply the audience that comes, for example x2')
    .option('--early <duration>', 'everybody comes so much earlier, for example PT15M')
    .option('--lose-zone', 'lose a zone at the peak of the demand')
    .option('--no-guard', 'no guard runs: scale-in is not suspended, and what is missed is not repaired')
    .option('--miss-raise', 'the scheduler never runs the first raise of each window')
    .option('--start-latency <duration>', 'what 95 of 100 units need to start, for example PT5M')
    .option('--trace <file>', 'CSV with unix_seconds,value in place of the demand curve')
    .option('--peak <requests>', 'requests per second that the peak of --trace is scaled to')
    .option('--floors <file>', 'take the floors from a document of plan --json or from a synthesized template')
    .option('--svg <file>', 'also write a chart of the exact night')
    .addOption(
      new Option('--emit <format>', 'print a load test of the same demand, and rehearse nothing').choices(['k6']),
    )
    .option('--scale <share>', 'share of the demand in the load test, above 0 and at most 1 (default: 1)')
    .addHelpText('after', HELP)
    .action(async (options: RehearseOptions) => {
      const rehearse = async (signal: AbortSignal): Promise<number> => {
        // The simulator is loaded by those commands alone that need it.
        const { runRehearse } = await import('./run-rehearse.js');
        return runRehearse(options, output, { now, signal });
      };
      done(await interruptible(rehearse));
    });
}
