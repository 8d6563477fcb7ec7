import { type Command, Option } from 'commander';
import type { Diagnostic } from '../calendar/diagnostic';
import type { AttachedFloors } from '../capacity/attached-floors';
import type { CapacityPlan, TargetPlan } from '../capacity/capacity-plan';
import type { Environment, LayerProfile } from '../capacity/environment';
import { fromIso } from '../capacity/instants';
import type { Override } from '../capacity/override';
import { validateEnvironment } from '../capacity/validate-environment';
import { environments } from '../environments';
import type { LiveClients } from '../live/clients';
import type { FoundOverrides } from '../live/overrides';
import type { Trouble } from '../live/trouble';
import { loadPlans, unknownEnvironments } from '../load-plan';
import type { Attachment } from '../report/aws-cli';
import { ENVIRONMENTS_FILE, readAsOf, UsageError } from './common';
import { readEnvironments } from './environments-file';
import { foreignAccount } from './quotas';

/** The options of all commands on overrides, as commander hands them over. */
export interface TargetOptions {
  readonly env: string;
  /** File of the environments. @default those of this repository */
  readonly environments?: string;
  readonly calendar: string;
  readonly layer: string;
  /** @default ENV-Capacity */
  readonly stack?: string;
  readonly asOf: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Adds `--env`, `--layer`, `--stack`, `--calendar`, `--environments`, `--as-of`, `--yes` and `--json`. The clock is read here, once. */
export function addTargetOptions(command: Command, now: () => Date): Command {
  return command
    .requiredOption('--env <name>', 'environment')
    .option('--layer <name>', 'which of its layers', 'playback')
    .option('--stack <name>', 'stack that attaches the floors (default: ENV-Capacity)')
    .option('--calendar <dir>', 'folder with the *.yaml files of the release calendar', 'release-calendar')
    .option('--environments <file>', 'module that exports environments, or a .json list (default: those of prescale)')
    .addOption(
      new Option('--as-of <instant>', 'take this instant for now, where the account has a clock of its own').default(
        now().toISOString(),
        'now',
      ),
    )
    .option('--yes', 'ask nobody')
    .option('--json', 'print one JSON document');
}

/** What is wrong, as far as a command knows it. */
export type Problem = Omit<Diagnostic, 'severity'>;

/** A target in somebody's account, as far as it is known without asking AWS. */
export interface Place {
  readonly environment: Environment;
  /** All that there are: the calendar may name these. */
  readonly known: readonly Environment[];
  readonly profile: LayerProfile;
  readonly attachment: Attachment;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** A target in a live account, with what people have decided for it. */
export interface Night extends Place {
  readonly clients: LiveClients;
  readonly attached: AttachedFloors;
  /** ARN of the caller. */
  readonly who: string;
  /** As the deployed plan is, if the calendar of the work tree is the one that was deployed. */
  readonly plan: TargetPlan;
  /** True when it is. */
  readonly sameCalendar: boolean;
  /** All that are kept, also those that are over. */
  readonly overrides: readonly Override[];
  readonly warnings: readonly Problem[];
}

/** One mistake in how a command was called. */
export function usage(code: string, message: string, mend: string): UsageError {
  return new UsageError([{ severity: 'error', code, message, mend }]);
}

/** Finds environment and layer, and refuses what nobody could be asked about. */
export async function findPlace(options: TargetOptions): Promise<Place> {
  const all = await readKnown(options);
  const unknown = unknownEnvironments([options.env], all);
  if (unknown.length > 0) throw new UsageError(unknown);
  const environment = all.find(({ name }) => name === options.env)!;
  const [problem] = validateEnvironment(environment);
  if (problem) throw usage('usage/environments', `${environment.name}: ${problem.message}`, problem.mend);
  const profile = environment.layers[options.layer];
  if (profile === undefined) {
    throw usage(
      'usage/layer',
      `${environment.name} has no layer "${options.layer}"`,
      `choose from ${Object.keys(environment.layers).join(', ')}`,
    );
  }
  return {
    environment,
    known: all,
    profile,
    attachment: {
      owner: { environment: environment.name, target: `${environment.region}/${options.layer}` },
      stack: options.stack ?? `${environment.name}-Capacity`,
    },
    now: fromIso(readAsOf(options.asOf)),
  };
}

async function readKnown({ environments: file }: TargetOptions): Promise<readonly Environment[]> {
  if (file === undefined) return environments;
  const { environments: found, diagnostics } = await readEnvironments(file);
  if (diagnostics.length > 0) throw new UsageError(diagnostics);
  return found;
}

/** Nobody can be asked where no person sits: then it has to be said beforehand. */
export function checkConsent({ yes }: TargetOptions): void {
  if (yes || canAsk()) return;
  throw usage(
    'usage/yes',
    'there is no terminal to ask on, and nothing was written',
    'add --yes, if nobody is to be asked',
  );
}

/** True where a person sits. */
function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks AWS for all that has to be known; what cannot be is a problem. */
export async function openNight(
  options: TargetOptions,
  place: Place,
): Promise<Night | { readonly problems: readonly Problem[] }> {
  const { environment, known, attachment } = place;
  const { owner, stack } = attachment;
  // The SDK is loaded by the commands that need it.
  const [{ liveClients }, { findAttached }, { readOverrides }, { readCaller }, { isTrouble }] = await Promise.all([
    import('../live/clients.js'),
    import('../live/attached.js'),
    import('../live/overrides.js'),
    import('../live/effect.js'),
    import('../live/attempt.js'),
  ]);
  const clients = liveClients(environment.region);
  // One at a time: whoever may not sign in is told once.
  const who = await readCaller(clients);
  if (isTrouble(who)) return { problems: [troubleProblem(who)] };
  // Parameters of the same names in another account would be somebody else's.
  const foreign = await foreignAccount(environment, clients);
  if (foreign) return { problems: [troubleProblem(foreign)] };
  const [found, records] = await Promise.all([findAttached(clients, stack), readOverrides(clients, owner)]);
  if ('mend' in found) return { problems: [troubleProblem(found)] };
  if (isTrouble(records)) return { problems: [troubleProblem(records)] };
  const attached = found.find(({ environment: name, target }) => name === owner.environment && target === owner.target);
  if (attached === undefined) {
    const others = found.map(({ environment: name, target }) => `${name} ${target}`).join(', ') || 'none';
    return {
      problems: [
        {
          code: 'override/not-attached',
          message: `stack ${stack} attaches no floors of ${owner.environment} ${owner.target}, it attaches ${others}`,
          mend: 'name the stack with --stack and the layer with --layer, or deploy it with this version of prescale',
        },
      ],
    };
  }
  const { plan, diagnostics } = loadPlans({
    calendarDir: options.calendar,
    environments: [environment],
    known,
    asOf: attached.asOf,
    environmentsFile: options.environments ?? ENVIRONMENTS_FILE,
  });
  if (plan === undefined) return { problems: diagnostics };
  return {
    ...place,
    clients,
    attached,
    who,
    plan: plan.environments[0]!.targets.find(({ id }) => id === owner.target)!,
    sameCalendar: plan.calendarDigest === attached.calendarDigest,
    overrides: records.overrides,
    warnings: [...digestWarnings(plan, attached, options), ...unreadableWarnings(records)],
  };
}

function digestWarnings(
  { calendarDigest }: CapacityPlan,
  attached: AttachedFloors,
  { calendar }: TargetOptions,
): Problem[] {
  if (attached.calendarDigest === calendarDigest) return [];
  return [
    {
      code: 'override/other-calendar',
      message: `${calendar} is not the calendar that was deployed as of ${attached.asOf}: floors are shown as planned here, and the guard follows the deployed ones`,
      mend: 'check out what was deployed, to see exactly what will happen',
    },
  ];
}

function unreadableWarnings({ unreadable }: FoundOverrides): Problem[] {
  return unreadable.map(({ name, problem }) => ({
    code: 'override/unreadable',
    message: `parameter ${name} ${problem}; the guard does not follow it`,
    mend: `aws ssm delete-parameter --name ${name}`,
  }));
}

/** Why something could not be done in the account. */
export function troubleProblem({ kind, message, mend }: Pick<Trouble, 'message' | 'mend'> & { kind: string }): Problem {
  return { code: `live/${kind}`, message, mend };
}
