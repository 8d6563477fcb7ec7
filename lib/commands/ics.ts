import type { Command } from 'commander';
import { addPlanOptions, type Output, type PlanOptions } from './common';
import type { Done } from './run';

const HELP = `
Prints the on-call's calendar as iCalendar, in UTC. For each environment and release that raises a floor:

  window       from the first raised floor to the return to the baseline: highest floors, premiere, overlapping releases, warnings
  drill        until it is over
  day-before   go or no-go: after the drill, or at T-24 h, with an alarm and the verify command to type
  last-look    the last go or no-go, at T-45 min, or when the floor is full: with an alarm, too

An event keeps its identity when a premiere moves: a calendar that has it takes it for an update. Of a release with status: cancelled the events are
cancelled; an entry that is deleted leaves copies in calendars that import. The feed is a file: publish it where calendars can fetch it, and
again whenever the calendar changes, at least daily. docs/guides/on-call.md says how.

Titles and times that nobody else may know are in it.

Examples:
  $ prescale ics --env prod > prod.ics                 to import
  $ prescale ics --env prod --output public/prod.ics   to publish: replaced at once, and left alone on an error
  $ prescale ics --env live --environments infra/environments.js --stack Playback     floors in your own stack
  $ prescale ics --env prod --json | jq -r '.events[] | select(.kind == "last-look") | [.startAt, .release] | @tsv'

Exit codes: 0 fine, 1 an error in the calendar or the plan, or the file cannot be written, 2 wrong usage, 3 the tool itself failed.`;

export interface IcsOptions extends PlanOptions {
  readonly output?: string;
  /** Of the commands in the events. */
  readonly stack?: string;
}

/** `ics`: windows, drills and go/no-go times as iCalendar. */
export function addIcsCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addPlanOptions(program.command('ics').description('windows, drills and go/no-go times as iCalendar'), now)
    .option('--output <file>', 'write the calendar to this file (default: stdout)')
    .option('--stack <name>', 'stack that attaches the floors, for the commands in the events')
    .addHelpText('after', HELP)
    .action(async (options: IcsOptions) => {
      // The library is loaded by this command alone.
      const { runIcs } = await import('./run-ics.js');
      done(await runIcs(options, output));
    });
}
