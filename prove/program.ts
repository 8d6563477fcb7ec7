import { closeSync, openSync, writeFileSync } from 'node:fs';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { Command } from 'commander';
import type { Diagnostic } from '../lib/calendar/diagnostic';
import { renderDiagnostics } from '../lib/calendar/render-diagnostics';
import { diagnosticJson, EXIT, type Output, renderJson, UsageError } from '../lib/commands/common';
import { runCommandLine } from '../lib/commands/run';
import { type Asked, askAll, type Outcome } from './ask-all';
import { plannedSeconds, renderHelp } from './help';
import { type Clients, ProvingAccount } from './proving-account';
import { Context } from './question';
import { QUESTIONS } from './questions/index';
import { countAnswered, renderMarkdown, renderResultJson } from './report';
import type { Clock } from './steps';
import { type Trouble, troubleOf } from './trouble';

/** What the process hands in. */
export interface Surroundings {
  /** Clients for a region, with the credentials of the surroundings. */
  readonly connect: (region: string) => Clients;
  readonly clock: Clock;
  /** Given at Ctrl-C: nothing more is asked, and what was made is deleted. */
  readonly signal: AbortSignal;
  /** Makes the names of this run its own: letters in lower case and digits. */
  readonly suffix: string;
}

interface Options {
  readonly account?: string;
  readonly region: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Runs `prove:aws` and returns the exit code; see `runCommandLine`. */
export function runProve(args: readonly string[], output: Output, surroundings: Surroundings): Promise<number> {
  return runCommandLine(
    (done) =>
      new Command('npm run -s prove:aws --')
        .description('Proves on your AWS account what the design of prescale assumes about AWS.')
        .option('--account <id>', 'the AWS account that may be used, twelve digits; needed')
        .option('--region <region>', 'where in it', 'us-east-1')
        .option('--out <file>', 'write the result as Markdown to this file, too')
        .option('--json', 'print one JSON document in place of Markdown')
        .addHelpText('after', renderHelp(QUESTIONS))
        .action(async (options: Options) => done(await prove(options, output, surroundings))),
    args,
    output,
  );
}

async function prove(options: Options, output: Output, surroundings: Surroundings): Promise<number> {
  const { region, out, json = false } = options;
  const { connect, clock, signal, suffix } = surroundings;
  const expected = readAccount(options.account);
  checkRegion(region);
  if (out !== undefined) checkWritable(out);
  const refuse = (diagnostic: Omit<Diagnostic, 'severity'>): number => {
    const diagnostics: Diagnostic[] = [{ severity: 'error', ...diagnostic }];
    if (json) output.out(renderJson({ schemaVersion: 1, diagnostics: diagnostics.map(diagnosticJson) }));
    output.err(renderDiagnostics(diagnostics));
    return EXIT.problems;
  };

  const clients = connect(region);
  const identity = await readIdentity(clients);
  if (typeof identity !== 'string') {
    return refuse({ code: 'prove/identity', message: identity.message, mend: identity.mend });
  }
  if (identity !== expected) {
    return refuse({
      code: 'prove/account',
      message: `the credentials are of account ${identity}, and --account is ${expected}; nothing was made`,
      mend: 'sign in to the account that may be used, or name the one that you are signed in to',
    });
  }

  const startedAt = clock.now();
  const account = new ProvingAccount({ clients, clock, region, suffix });
  const minutes = Math.ceil(plannedSeconds(QUESTIONS) / 60);
  output.err(
    `asking ${QUESTIONS.length} questions in ${region}, about ${minutes} minutes; all names have ${account.name}\n`,
  );
  const onAbort = (): void => output.err('interrupted: what was made is deleted\n');
  signal.addEventListener('abort', onAbort, { once: true });

  let preparation: unknown;
  let asked: Asked | undefined;
  let concluded = 0;
  try {
    await account.prepare();
    asked = await askAll({
      questions: QUESTIONS,
      contextOf: ({ id }) => new Context(account, clock, id),
      clock,
      signal,
      onOutcome: (outcome) => {
        concluded += 1;
        const text = 'answer' in outcome ? outcome.answer.answer : `unanswered: ${outcome.unanswered}`;
        output.err(`[${concluded}/${QUESTIONS.length}] ${outcome.question.id}: ${text}\n`);
      },
    });
  } catch (error) {
    preparation = error;
  }
  output.err('deleting what was made\n');
  const left = await account.removeAll();
  signal.removeEventListener('abort', onAbort);
  if (left.length > 0) {
    output.err('not deleted:\n');
    for (const { what, why, command } of left) output.err(`  ${what}: ${why}\n    ${command}\n`);
  }

  if (asked === undefined) {
    const trouble = troubleOf(preparation);
    if (trouble === undefined) throw preparation;
    return refuse({
      code: 'prove/preparation',
      message: `nothing could be asked: ${trouble.message}`,
      mend: trouble.mend ?? 'see the message of AWS, and run it again',
    });
  }
  const { outcomes, failures } = asked;
  const result = { account: expected, region, startedAt, endedAt: clock.now(), outcomes, left };
  const markdown = renderMarkdown(result);
  output.out(json ? renderResultJson(result) : markdown);
  if (out !== undefined) writeFileSync(out, markdown);
  output.err(renderDiagnostics(mendsOf(outcomes)));
  for (const failure of failures) output.err(`${failure instanceof Error ? failure.stack : String(failure)}\n`);
  if (failures.length > 0) return EXIT.failure;
  return countAnswered(outcomes) === outcomes.length && left.length === 0 ? EXIT.fine : EXIT.problems;
}

function readAccount(text: string | undefined): string {
  if (text !== undefined && /^\d{12}$/.test(text)) return text;
  throw new UsageError([
    {
      severity: 'error',
      code: 'usage/account',
      message: `--account must be the twelve digits of the AWS account that may be used, got ${text === undefined ? 'none' : JSON.stringify(text)}`,
      mend: 'write --account 123456789012; aws sts get-caller-identity --query Account shows the one that you are signed in to',
    },
  ]);
}

function checkRegion(region: string): void {
  if (/^[a-z]{2}(-[a-z]+)+-\d+$/.test(region)) return;
  throw new UsageError([
    {
      severity: 'error',
      code: 'usage/region',
      message: `--region must be the name of an AWS region, got ${JSON.stringify(region)}`,
      mend: 'write for example --region eu-west-1',
    },
  ]);
}

/** Before anything is made: the answers take minutes. */
function checkWritable(file: string): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw new UsageError([
      {
        severity: 'error',
        code: 'usage/out',
        message: `--out cannot be written: ${error instanceof Error ? error.message : String(error)}`,
        mend: 'name a file in a folder that exists and may be written',
      },
    ]);
  }
}

/** The account of the credentials. */
async function readIdentity({ identity }: Clients): Promise<string | Trouble> {
  try {
    const { Account } = await identity.send(new GetCallerIdentityCommand({}));
    return Account ?? '';
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === undefined) throw error;
    return trouble;
  }
}

/** One warning for each mend, however many questions it would help. */
function mendsOf(outcomes: readonly Outcome[]): Diagnostic[] {
  const unanswered = outcomes.filter((outcome) => 'unanswered' in outcome);
  return [...new Set(unanswered.map(({ mend }) => mend))].flatMap((mend) => {
    if (mend === undefined) return [];
    const ids = unanswered.filter((outcome) => outcome.mend === mend).map(({ question }) => question.id);
    return [{ severity: 'warning', code: 'prove/unanswered', message: `unanswered: ${ids.join(', ')}`, mend }];
  });
}
