import type { Command } from 'commander';
import { fromIso } from '../capacity/instants';
import { withOverrides } from '../capacity/override';
import type { Output } from './common';
import {
  addOverrideOptions,
  OVERRIDE_HELP,
  type OverrideOptions,
  readUntil,
  runOverride,
  SHORTEST_SECONDS,
} from './override-common';
import type { Done } from './run';

const HELP = `
The guard stands back: it looks, and publishes what it sees, and mends nothing, so that you can set the minimum, the maximum or the
suspension by hand. Scheduled actions go on, and so does every deploy. Afterwards it mends what differs from the plan.

Examples:
  $ prescale pause --env prod --until PT30M --why 'trying a lower minimum by hand'
  $ prescale pause --env prod --until 2026-12-04T21:30Z --why 'ticket 4711'
  $ prescale overrides --env prod --cancel ID         the guard mends again at once
${OVERRIDE_HELP}`;

interface PauseOptions extends OverrideOptions {
  readonly until: string;
}

/** `pause`: the guard leaves everything alone for a while. */
export function addPauseCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addOverrideOptions(program.command('pause').description('has the guard stand back for a while'), now)
    .requiredOption('--until <when>', 'an instant, or a duration from now such as PT30M; rounded up to a minute')
    .addHelpText('after', HELP)
    .action(async (options: PauseOptions) => {
      const wish = { kind: 'pause', until: readUntil(options.until, '--until', options.asOf) } as const;
      const code = await runOverride(
        options,
        wish,
        ({ plan, overrides, now: at }, { until }) => ({
          warnings: withOverrides(plan, overrides)
            .windows.filter(({ risingAt, endsAt }) => fromIso(risingAt) < fromIso(until) && fromIso(endsAt) > at)
            .map(({ risingAt, endsAt }) => ({
              code: 'override/window-meanwhile',
              message:
                fromIso(risingAt) <= at
                  ? `a window is open until ${endsAt}: a floor that is lost meanwhile is not mended, nor scale-in resumed`
                  : `a window opens at ${risingAt}, before the pause is over: scale-in is not suspended for it, and a floor that is lost is not mended`,
              mend:
                fromIso(risingAt) >= at + SHORTEST_SECONDS
                  ? `pause for less, for example --until ${risingAt}`
                  : `pause after it, from ${endsAt} on, or look after the floor yourself meanwhile`,
            })),
        }),
        output,
        now,
      );
      done(code);
    });
}
