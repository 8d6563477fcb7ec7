import { type Command, CommanderError } from 'commander';
import type { Diagnostic } from '../calendar/diagnostic';
import { renderDiagnostics } from '../calendar/render-diagnostics';
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
  // The help that lists the options of what was called.
  const called = program.commands.find((command) => command.name() === args[0]);
  const help = `see ${[program.name(), called?.name()].filter((name) => name !== undefined).join(' ')} --help`;
  const diagnostics: readonly Diagnostic[] =
    error instanceof UsageError
      ? error.diagnostics
      : isUsage
        ? [{ severity: 'error', code: 'usage/arguments', message: isHelp ? 'name a command' : text, mend: help }]
        : [{ severity: 'error', code: 'prescale/failure', message: text, mend: 'please report this' }];
  if (args.includes('--json')) out(renderJson({ schemaVersion: 1, diagnostics: diagnostics.map(diagnosticJson) }));
  if (isHelp) err(program.helpInformation());
  else err(renderDiagnostics(diagnostics));
  // A fault of ours: the stack is what a report of it needs.
  if (!isUsage && error instanceof Error) err(`${error.stack}\n`);
  return isUsage ? EXIT.usage : EXIT.failure;
}
