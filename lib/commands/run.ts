import { type Command, CommanderError } from 'commander';
import { diagnosticJson, EXIT, type Output, renderJson, UsageError } from './common';

/** What a command's action calls with its exit code. */
export type Done = (code: number) => void;

/**
 * Parses a command line, runs its command, and returns the exit code. Never throws and never ends the process, so that
 * output is drained.
 *
 * @param build makes the program; its commands report their exit code through `done`
 * @param args without the executable and the script
 */
export async function runCommandLine(
  build: (done: Done) => Command,
  args: readonly string[],
  output: Output,
): Promise<number> {
  let code: number = EXIT.fine;
  const program = build((result) => {
    code = result;
  });
  program.exitOverride().showSuggestionAfterError();
  program.configureOutput({ writeOut: output.out, writeErr: () => undefined });
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return reportFailure(error, program, args, output);
  }
}

function reportFailure(error: unknown, program: Command, args: readonly string[], { out, err }: Output): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.fine;
  const isUsage = error instanceof CommanderError || error instanceof UsageError;
  const isHelp = error instanceof CommanderError && error.code === 'commander.help';
  const text = error instanceof Error ? error.message.replace(/^error: /, '').trim() : String(error);
  const message = isHelp ? 'name a command' : text;
  const diagnostics =
    error instanceof UsageError
      ? error.diagnostics
      : [{ severity: 'error', code: isUsage ? 'usage/arguments' : 'prescale/failure', message } as const];
  if (args.includes('--json')) out(renderJson({ schemaVersion: 1, diagnostics: diagnostics.map(diagnosticJson) }));
  if (isHelp) err(program.helpInformation());
  else if (error instanceof UsageError) err(`${message}\n`);
  else if (isUsage) err(`${message}\n   = mend: see ${program.name()} --help\n`);
  // A fault of ours: the stack is what a report of it needs.
  else err(`prescale itself failed, please report this:\n${error instanceof Error ? error.stack : message}\n`);
  return isUsage ? EXIT.usage : EXIT.failure;
}
