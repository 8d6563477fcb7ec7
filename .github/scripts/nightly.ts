import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fenced, prescale, type RunCommand, runCommand } from './run-command';
import { runScript } from './run-script';

const HELP = `node --import tsx .github/scripts/nightly.ts --env ENV [--output FILE] [--verify-only]

Rolls the horizon of an environment on, and asks whether the coming week is a go:

  1. stops when the environment holds another calendar than the work tree: somebody deployed by hand, and would lose it
  2. deploys Capacity alone, planned as of now
  3. verifies each release whose window opens within seven days; what is no go yet is looked at again, for ten minutes in all
  4. asks whether all quotas of the horizon are granted

  --verify-only    leaves 1 and 2 out, and looks once
  --output FILE    where the report goes, as Markdown (default: stdout)

Needs the credentials of a deploy, and those of prescale verify and prescale quotas. Exit codes: 0 all is a go, 1 it is not.
`;

const DAY_MS = 86_400_000;

/** Further looks at what is no go yet, a minute apart. */
const LOOKS = 10;

export interface NightlyInput {
  readonly environment: string;
  readonly verifyOnly: boolean;
  readonly run: RunCommand;
  readonly now: Date;
  /** Waits until the next look. */
  readonly pause: () => Promise<void>;
}

export interface Nightly {
  readonly ok: boolean;
  /** The report. */
  readonly markdown: string;
}

interface Check {
  readonly id: string;
  readonly verdict: string;
  readonly expected: string;
  readonly found: string;
  readonly mend: string | null;
}

/** The part of `verify --json` that is read here. */
interface Verification {
  readonly verdict: string;
  readonly checks: readonly Check[];
}

/** The part of `plan --json` that is read here. */
interface Plan {
  readonly environments?: readonly {
    readonly targets: readonly {
      readonly windows: readonly {
        readonly releases: readonly string[];
        readonly drill: boolean;
        readonly risingAt: string;
        readonly endsAt: string;
      }[];
    }[];
  }[];
}

/** Runs the night; every problem is in the report. */
export async function nightly(input: NightlyInput): Promise<Nightly> {
  const { environment, verifyOnly, run, now } = input;
  const parts: string[] = [];
  let ok = true;
  const problem = (text: string): void => {
    ok = false;
    parts.push(text);
  };

  if (!verifyOnly) {
    const foreign = foreignCalendar(environment, await verify(input));
    if (foreign !== undefined) {
      problem(`**Not deployed:** ${foreign}\n`);
    } else {
      const deploy = await run('.github/scripts/deploy', [environment, 'capacity']);
      if (deploy.code === 0) parts.push('The horizon was rolled on.\n');
      else problem(`**The deploy of Capacity failed:**\n\n${fenced(lastLines(deploy.out + deploy.err))}`);
    }
  }

  const planned = await prescale(run, 'plan', '--env', environment, '--json');
  const releases = planned.code === 0 ? comingWeek(JSON.parse(planned.out) as Plan, now) : [];
  if (planned.code !== 0) problem(`**There is no plan:**\n\n${fenced(planned.err)}`);
  // The minutes are for what settles after a deploy: shared, so that a week of no-gos takes no hour.
  const looks = { left: verifyOnly ? 0 : LOOKS };
  // Without a release in sight the environment itself is looked at.
  for (const release of releases.length > 0 ? releases : [undefined]) {
    const title = release ?? 'no release opens within seven days';
    // oxlint-disable-next-line no-await-in-loop -- each look asks one account
    const seen = await verifyUntilGo(input, release, looks);
    if (seen?.verdict === 'go') parts.push(`- go: ${title}\n`);
    else problem(`- **${seen?.verdict ?? 'unknown'}**: ${title}\n${listChecks(seen)}`);
  }

  const quotas = await prescale(run, 'quotas', '--env', environment);
  if (quotas.code !== 0) problem(`\n**Quotas are short, or could not be read:**\n\n${fenced(quotas.out + quotas.err)}`);

  const head = ok ? `${environment} is a go for the coming week.` : `**${environment} is no go for the coming week.**`;
  return { ok, markdown: `${head}\n\n${parts.join('')}` };
}

async function verify({ environment, run }: NightlyInput, release?: string): Promise<Verification | undefined> {
  const asked = release === undefined ? [] : ['--release', release];
  const { code, out } = await prescale(run, 'verify', '--env', environment, ...asked, '--json');
  // Wrong usage and a fault of the tool print no document.
  return code <= 1 ? (JSON.parse(out) as Verification) : undefined;
}

async function verifyUntilGo(
  input: NightlyInput,
  release: string | undefined,
  looks: { left: number },
): Promise<Verification | undefined> {
  let seen = await verify(input, release);
  while (seen !== undefined && seen.verdict !== 'go' && looks.left > 0) {
    looks.left -= 1;
    // oxlint-disable no-await-in-loop -- one look after the other
    await input.pause();
    seen = await verify(input, release);
    // oxlint-enable no-await-in-loop
  }
  return seen;
}

/** Why a deploy of this work tree would undo another one; undefined when it holds the calendar that is deployed. */
function foreignCalendar(environment: string, verification: Verification | undefined): string | undefined {
  const digestIn = (text: string): string | undefined => /calendar (sha256:[0-9a-f]+)/.exec(text)?.[1];
  const checks = (verification?.checks ?? []).filter(({ id }) => id === 'plan');
  if (checks.length === 0) return `it cannot be told which calendar ${environment} holds`;
  for (const { expected, found } of checks) {
    const held = digestIn(found);
    if (held === undefined) return `it cannot be told which calendar ${environment} holds: ${found}`;
    if (held !== digestIn(expected)) {
      return (
        `${environment} holds ${held}, and the commit that the workflow deployed last has ${digestIn(expected) ?? 'none'}. Somebody ` +
        'deployed by hand: merge that calendar and deploy it by the workflow, or deploy the last commit again'
      );
    }
  }
  return undefined;
}

/** Releases whose window is open or opens within seven days, each once. */
function comingWeek({ environments = [] }: Plan, now: Date): string[] {
  const windows = environments
    .flatMap(({ targets }) => targets.flatMap((target) => target.windows))
    .filter(({ drill, risingAt, endsAt }) => {
      const opensSoon = Date.parse(risingAt) < now.getTime() + 7 * DAY_MS;
      return !drill && opensSoon && Date.parse(endsAt) > now.getTime();
    });
  return [...new Set(windows.flatMap(({ releases }) => releases))];
}

function listChecks(verification: Verification | undefined): string {
  if (!verification) return '  - `prescale verify` printed no verdict\n';
  return verification.checks
    .filter(({ verdict }) => verdict !== 'go')
    .map(({ id, verdict, expected, found, mend }) => {
      const what = `  - ${verdict} \`${id}\`: ${found}; expected: ${expected}`;
      return `${what}${mend === null ? '' : `; mend: ${mend}`}\n`;
    })
    .join('');
}

/** Of a log: what it ended with. */
function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-40).join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      env: { type: 'string' },
      output: { type: 'string' },
      'verify-only': { type: 'boolean', default: false },
    },
  });
  if (values.help || !values.env) {
    (values.help ? process.stdout : process.stderr).write(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const { ok, markdown } = await nightly({
    environment: values.env,
    verifyOnly: values['verify-only'],
    run: runCommand,
    now: new Date(),
    pause: () => wait(60_000),
  });
  if (values.output === undefined) process.stdout.write(markdown);
  else writeFileSync(values.output, markdown);
  process.exitCode = ok ? 0 : 1;
}

if (require.main === module) runScript(main);
