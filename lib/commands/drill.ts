import type { Command } from 'commander';
import { formatDuration } from '../calendar/duration';
import { fromIso } from '../capacity/instants';
import { leadSeconds } from '../capacity/lead-time';
import { type Override, withOverrides } from '../capacity/override';
import { formatCount } from '../capacity/words';
import { activePause } from './apply-override';
import { type Output, UsageError } from './common';
import type { Night } from './night';
import {
  addOverrideOptions,
  OVERRIDE_HELP,
  type OverrideOptions,
  readUnits,
  readUntil,
  runOverride,
} from './override-common';
import { judgeRaise } from './raise';
import type { Done } from './run';

const HELP = `
Raises the minimum for a short while, and the guard records how many seconds it took until all units were healthy, or what was in the
way: a drill that fails is alarmed. It is paid for like any other capacity. Drills of releases come by themselves, from the calendar.

Examples:
  $ prescale drill --now --env prod --min 950 --why 'new image, premiere on Friday'
  $ prescale drill --now --env prod --min 950 --for PT30M --why 'tasks start slowly'
  $ prescale overrides --env prod --cancel ID         ends it early
${OVERRIDE_HELP}`;

interface DrillOptions extends OverrideOptions {
  readonly now?: boolean;
  readonly min: string;
  readonly for: string;
}

/** `drill --now`: a drill outside the calendar. */
export function addDrillCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addOverrideOptions(program.command('drill').description('rehearses a floor now, outside the calendar'), now)
    .option('--now', 'now; drills at other times are for the calendar')
    .requiredOption('--min <units>', 'the floor to rehearse')
    .option('--for <duration>', 'how long, start of the units included', 'PT15M')
    .addHelpText('after', HELP)
    .action(async (options: DrillOptions) => {
      if (!options.now) {
        throw new UsageError([
          {
            severity: 'error',
            code: 'usage/now',
            message: 'a drill from here is one of now, and --now is missing',
            mend: 'add --now; a drill before a release is a line in the calendar: drill: P1D',
          },
        ]);
      }
      if (!options.for.startsWith('P')) {
        throw new UsageError([
          {
            severity: 'error',
            code: 'usage/for',
            message: `--for must be an ISO 8601 duration, got "${options.for}"`,
            mend: 'write for example PT15M',
          },
        ]);
      }
      const wish = {
        kind: 'drill',
        min: readUnits(options.min, '--min'),
        until: readUntil(options.for, '--for', options.asOf),
      } as const;
      done(await runOverride(options, wish, judgeDrill, output, now));
    });
}

/** Beside an open window nobody could tell whose units became healthy. */
function judgeDrill(night: Night, override: Override): ReturnType<typeof judgeRaise> {
  const { plan, overrides, now } = night;
  const until = fromIso(override.until);
  const other = withOverrides(plan, overrides).windows.find(
    ({ risingAt, endsAt }) => fromIso(risingAt) < until && fromIso(endsAt) > now,
  );
  if (other) {
    return {
      refusal: {
        code: 'override/window-meanwhile',
        message: `a window is open from ${other.risingAt} until ${other.endsAt}, and a drill beside it would prove nothing`,
        mend: 'drill before or after it; prescale raise raises the floor in it',
      },
    };
  }
  const pause = activePause(overrides, now);
  if (pause) {
    return {
      refusal: {
        code: 'override/paused',
        message: `the guard is paused until ${pause.until} by ${pause.who}: ${pause.why}; it would raise nothing, and the drill would fail`,
        mend: `wait, or prescale overrides --cancel ${pause.id}`,
      },
    };
  }
  const raise = judgeRaise(night, override);
  const rise = override.min! - plan.baseline;
  if (raise.refusal || rise <= 0) return raise;
  const lead = Math.ceil(leadSeconds(rise, plan.leadTime) / 60) * 60;
  if (until - now >= lead) return raise;
  return {
    warnings: [
      ...(raise.warnings ?? []),
      {
        code: 'override/drill-short',
        message: `${formatCount(rise)} more units are planned to be healthy after ${formatDuration(lead)}, and the drill ends before`,
        mend: `write --for ${formatDuration(lead + 300)}`,
      },
    ],
  };
}
