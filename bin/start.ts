#!/usr/bin/env node
import { Command } from 'commander';
import { addCalendarOptions, readAsOf } from '../lib/commands/common';
import { runMain } from '../lib/commands/main';
import { runCommandLine } from '../lib/commands/run';
import { runStart } from '../lib/commands/start';

runMain((args, output, now) =>
  runCommandLine(
    (done) =>
      addCalendarOptions(new Command('npm start --'), now)
        .description(
          'Checks the calendar, synthesizes all environments, and shows their coming floors, cost and findings.',
        )
        .action(async ({ calendar, asOf }: { calendar: string; asOf: string }) => {
          done(await runStart({ calendarDir: calendar, asOf: readAsOf(asOf) }, output));
        }),
    args,
    output,
  ),
);
