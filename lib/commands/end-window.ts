import type { Command } from 'commander';
import { fromIso } from '../capacity/instants';
import { isActive } from '../capacity/override';
import { listNames } from '../capacity/words';
import type { Output } from './common';
import { addOverrideOptions, OVERRIDE_HELP, type OverrideOptions, runOverride } from './override-common';
import type { Done } from './run';

const HELP = `
Brings the floor of the window that is open down to the baseline, in three to four minutes, and resumes scale-in: for a release that was called
off, or an audience that has left. Policies give units back from then on; none that is busy is ended. What the plan would still raise
in this window stays down, and the next window comes as planned. A raise stays above it.

Examples:
  $ prescale end-window --env prod --why 'the premiere was moved to tomorrow'
  $ prescale overrides --env prod --cancel ID         brings the floor of the window back
${OVERRIDE_HELP}`;

/** `end-window`: the baseline for the rest of the window that is open. */
export function addEndWindowCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addOverrideOptions(program.command('end-window').description('ends the window that is open'), now)
    .addHelpText('after', HELP)
    .action(async (options: OverrideOptions) => {
      const code = await runOverride(
        options,
        { kind: 'end-window' },
        ({ plan, overrides, now: at }, override) => {
          const open = plan.windows.find(({ risingAt, endsAt }) => isActive({ from: risingAt, until: endsAt }, at))!;
          const raises = overrides.filter(
            ({ kind, until }) => (kind === 'raise' || kind === 'drill') && fromIso(until) > fromIso(override.from),
          );
          return {
            warnings: [
              {
                code: 'override/ends-releases',
                message: `this ends the ${open.drill ? 'drill' : 'window'} of ${listNames(open.releases, 10)}`,
              },
              ...raises.map(({ id, who, min }) => ({
                code: 'override/raise-stays',
                message: `the raise to ${min} by ${who} stays above it`,
                mend: `prescale overrides --cancel ${id}`,
              })),
            ],
          };
        },
        output,
        now,
      );
      done(code);
    });
}
