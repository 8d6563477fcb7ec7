import type { Command } from 'commander';
import { floorAt } from '../capacity/floor-at';
import { fromIso } from '../capacity/instants';
import { type Override, withOverrides } from '../capacity/override';
import { formatCount } from '../capacity/words';
import type { Output } from './common';
import {
  addOverrideOptions,
  OVERRIDE_HELP,
  type OverrideOptions,
  readUnits,
  readUntil,
  runOverride,
} from './override-common';
import type { Night } from './night';
import type { Done } from './run';

const HELP = `
Raises the minimum above the plan until an instant, at most a day ahead. Then the plan's floor comes back by itself. What the plan
asks for meanwhile counts, too: the higher one holds, and so it is with two raises. Scale-in is suspended as long.

Examples:
  $ prescale raise --env prod --min 1200 --until PT2H --why 'the trailer went viral'
  $ prescale raise --env prod --min 1200 --until 2026-12-31T23:30-08:00[America/Los_Angeles] --why 'second drop'
  $ prescale raise --env live --environments infra/environments.js --stack media --layer search --min 60 --until PT30M --why test
  $ prescale overrides --env prod                     who has overridden what
  $ prescale overrides --env prod --cancel ID         ends one early
${OVERRIDE_HELP}`;

interface RaiseOptions extends OverrideOptions {
  readonly min: string;
  readonly until: string;
}

/** `raise`: a higher floor for a while. */
export function addRaiseCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addOverrideOptions(program.command('raise').description('raises the minimum for a while'), now)
    .requiredOption('--min <units>', 'the least that the minimum is meanwhile')
    .requiredOption('--until <when>', 'an instant, or a duration from now such as PT2H; rounded up to a minute')
    .addHelpText('after', HELP)
    .action(async (options: RaiseOptions) => {
      const wish = {
        kind: 'raise',
        min: readUnits(options.min, '--min'),
        until: readUntil(options.until, '--until', options.asOf),
      } as const;
      done(await runOverride(options, wish, judgeRaise, output, now));
    });
}

/** A raise that raises nothing is a mistake, such as a digit that was lost. */
export function judgeRaise(night: Night, override: Override): ReturnType<Parameters<typeof runOverride>[2]> {
  const { plan, overrides, now } = night;
  if (changes(plan, [], override, now) || changes(plan, overrides, override, now)) return {};
  const lowest = lowestFloor(plan, now, fromIso(override.until));
  const problem = {
    code: 'override/no-effect',
    message: `${plan.id}: --min ${override.min} would do nothing: the plan holds at least ${formatCount(lowest)} until ${override.until}`,
    mend: `write --min ${lowest + 1} or more`,
  };
  // The deployed plan may hold less than the one that is known here.
  return night.sameCalendar ? { refusal: problem } : { warnings: [problem] };
}

function changes(plan: Night['plan'], others: readonly Override[], override: Override, now: number): boolean {
  const before = withOverrides(plan, others);
  const after = withOverrides(plan, [...others, override]);
  return [now, ...after.actions.map(({ at }) => fromIso(at)).filter((at) => at > now)].some(
    (at) => floorAt(before, at) !== floorAt(after, at),
  );
}

function lowestFloor(plan: Night['plan'], from: number, until: number): number {
  const within = plan.actions.filter(({ at }) => from < fromIso(at) && fromIso(at) < until);
  return Math.min(floorAt(plan, from), ...within.map(({ min }) => min));
}
