import { type Command, Option } from 'commander';
import { addCalendarOptions, type Output } from './common';
import { type Asker, personAtTerminal } from './asker';
import { runAdd } from './run-add';
import type { Done } from './run';

const HELP = `
Writes one entry, or a series of them, into a file of the calendar. In a terminal it asks for what no option says. Before it writes it shows what the
entry does: the premiere in UTC and for three audiences, the plays that the audience implies, the highest floor in each environment, and what check
would warn of. What check would refuse is not written. Everything else in the file stays as it is, comments included; in a file that is sorted by
premiere the entry goes to its place, else to the end.

  --premiere    local time with --zone or --city, or complete: "2026-12-31 17:00 America/Los_Angeles", 2027-01-01T01:00Z
  --city        a city that a time zone is named after, or a well-known one: "los angeles", seattle, mumbai
  numbers       9_000_000, 9M, 1.5M, 800k
  --weekly 8    eight entries, a week apart at the same local time, with ids and titles that count from 1
  --file        default: the file with the entry that is nearest in time; in an empty folder YEAR.yaml

Examples:
  $ prescale add                                  asks, shows, and writes when you say yes
  $ prescale add --title "The Finale" --premiere "2027-03-05 20:00" --city "new york" --kind finale --peak-viewers 6M --yes
  $ prescale add --title "Harbour Lights 2" --premiere "2027-01-15 19:00" --city boston --kind episode --peak-viewers 2M --weekly 8 --dry-run
  $ prescale add --title "Small Premiere" --premiere 2027-02-01T19:00Z --kind episode --floor playback=160 --environment prod --yes

Exit codes: 0 written or, with --dry-run, fit to be written; 1 refused or declined, nothing was written; 2 wrong usage, 3 the tool itself failed.`;

/** As commander hands them over; nothing is checked yet. */
export interface AddOptions {
  readonly calendar: string;
  readonly environments?: string;
  readonly asOf: string;
  readonly json?: boolean;
  readonly id?: string;
  readonly title?: string;
  readonly premiere?: string;
  readonly zone?: string;
  readonly city?: string;
  readonly kind?: string;
  readonly peakViewers?: string;
  readonly low?: string;
  readonly high?: string;
  readonly uncertainty?: string;
  readonly like?: string;
  readonly growth?: string;
  readonly floor?: readonly string[];
  readonly length?: string;
  readonly status?: string;
  readonly environment?: readonly string[];
  readonly weekly?: string;
  readonly file?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** `add`: a new entry of the calendar. */
export function addAddCommand(
  program: Command,
  output: Output,
  now: () => Date,
  done: Done,
  person: (() => Promise<Asker>) | null = personAtTerminal(),
): void {
  const collect = (value: string, values: readonly string[] = []): string[] => [...values, value];
  addCalendarOptions(
    program.command('add').description('writes a new entry into the calendar, after showing what it does'),
    now,
  )
    .option('--environments <file>', 'module that exports environments, or a .json list (default: those of prescale)')
    .option('--json', 'print one JSON document')
    .option('--title <text>', 'what people call the release')
    .option('--id <id>', 'unique in the calendar: lower case letters, digits, hyphens (default: from the title)')
    .option('--premiere <time>', 'local time of the premiere, or a time with its zone')
    .option('--zone <name>', 'IANA time zone of the premiere')
    .addOption(new Option('--city <name>', 'city whose time zone it is').conflicts('zone'))
    .addOption(new Option('--kind <kind>', 'how the audience arrives').choices(['season', 'episode', 'finale', 'live']))
    .option('--peak-viewers <n>', 'expected peak of concurrent viewers, as likely to be passed as not')
    .option('--low <n>', '1 in 10 chance that the peak is below this')
    .option('--high <n>', '1 in 10 chance that the peak is above this')
    .option('--uncertainty <sigma>', 'in place of --low and --high: standard deviation of the logarithm of the peak')
    .addOption(
      new Option('--like <id>', 'release with an observed peak to calibrate on, in place of --peak-viewers').conflicts(
        'peakViewers',
      ),
    )
    .option('--growth <times>', 'times the observed peak of --like')
    .option(
      '--floor <layer=units>',
      'units to have ready, stated besides or instead of an audience; repeatable',
      collect,
    )
    .option('--length <duration>', 'how long it is, for example PT2H8M; needed for live (default: by kind)')
    .addOption(
      new Option('--status <status>', 'confirmed when left out').choices(['tentative', 'confirmed', 'cancelled']),
    )
    .option('--environment <name>', 'environment that plans it, repeatable (default: all)', collect)
    .option('--weekly <n>', 'write so many entries, a week apart in local time')
    .option('--file <name>', 'file of the calendar to write to')
    .option('--yes', 'do not ask anything')
    .option('--dry-run', 'show the entry and what it does, write nothing')
    .addHelpText('after', HELP)
    .action(async (options: AddOptions) => done(await runAdd(options, output, person)));
}
