import { Command } from 'commander';
import { TOOL_VERSION } from '../version';
import { addAddCommand } from './add';
import { addCheckCommand } from './check';
import type { Output } from './common';
import { addDiffCommand } from './diff';
import { addDrillCommand } from './drill';
import { addEndWindowCommand } from './end-window';
import { addIcsCommand } from './ics';
import { addOverridesCommand } from './overrides';
import { addPauseCommand } from './pause';
import { addPlanCommand } from './plan';
import { addQuotasCommand } from './quotas';
import { addRaiseCommand } from './raise';
import { addRehearseCommand } from './rehearse';
import { addReportCommand } from './report';
import { addReviewCommand } from './review';
import { type Done, runCommandLine } from './run';
import { addVerifyCommand } from './verify';

const HELP = `
Examples:
  $ prescale check                          is the calendar valid, and can it be planned?
  $ prescale plan --env prod                what would a deploy register?
  $ prescale add                            writes a new, valid entry
  $ prescale diff --base origin/main        what does my change of the calendar do?
  $ prescale rehearse --env prod            is the plan enough for the next release?
  $ prescale report --output report.html    the coming releases as a page to look at
  $ prescale verify --env prod              go or no-go, from the live account
  $ prescale ics --env prod > prod.ics      the on-call's calendar
  $ prescale raise --help                   the night: raise, pause, end-window, drill, overrides
  $ prescale review --env prod              the day after: what was planned, what came, what the next plan learns
  $ prescale COMMAND --help                 every option, with examples

Data goes to stdout, everything else to stderr. Exit codes: 0 fine, 1 problems found, 2 wrong usage, 3 the tool itself failed.`;

/** `prescale` with all its commands, which report their exit codes through `done`. */
export function buildProgram(output: Output, now: () => Date, done: Done): Command {
  const program = new Command('prescale')
    .description('A release calendar in git becomes capacity that is warm before the premiere and given back after it.')
    .version(TOOL_VERSION)
    .addHelpText('after', HELP);
  addCheckCommand(program, output, now, done);
  addPlanCommand(program, output, now, done);
  addAddCommand(program, output, now, done);
  addDiffCommand(program, output, now, done);
  addRehearseCommand(program, output, now, done);
  addReportCommand(program, output, now, done);
  addRaiseCommand(program, output, now, done);
  addPauseCommand(program, output, now, done);
  addEndWindowCommand(program, output, now, done);
  addDrillCommand(program, output, now, done);
  addOverridesCommand(program, output, now, done);
  addQuotasCommand(program, output, now, done);
  addVerifyCommand(program, output, now, done);
  addIcsCommand(program, output, now, done);
  addReviewCommand(program, output, now, done);
  return program;
}

/** Runs `prescale` and returns the exit code; see `runCommandLine`. */
export function runProgram(args: readonly string[], output: Output, now: () => Date): Promise<number> {
  return runCommandLine((done) => buildProgram(output, now, done), args, output);
}
