/** A choice of a list. */
export interface Choice {
  readonly name: string;
  readonly value: string;
  readonly description?: string;
}

/** Asks a person, one question after the other. What it throws when the person goes away is an `isGone`. */
export interface Asker {
  /** @param validate true, or what is wrong with the text */
  readonly input: (question: {
    readonly message: string;
    readonly default?: string;
    readonly validate?: (text: string) => true | string;
  }) => Promise<string>;
  readonly select: (question: { readonly message: string; readonly choices: readonly Choice[] }) => Promise<string>;
  /** @param source the choices for what has been typed, undefined for nothing */
  readonly search: (question: {
    readonly message: string;
    readonly source: (term: string | undefined) => readonly Choice[];
  }) => Promise<string>;
  readonly confirm: (question: { readonly message: string; readonly default: boolean }) => Promise<boolean>;
}

/** Whoever sits at the terminal, or null where nobody does. */
export function personAtTerminal(): (() => Promise<Asker>) | null {
  return process.stdin.isTTY && process.stderr.isTTY ? terminalAsker : null;
}

/** Asks in the terminal, on stderr: stdout is for data. Only whoever is asked waits for the prompts to be loaded. */
async function terminalAsker(): Promise<Asker> {
  const { confirm, input, search, select } = await import('@inquirer/prompts');
  const context = { output: process.stderr };
  return {
    input: (question) => input(question, context),
    select: (question) => select(question, context),
    search: (question) => search(question, context),
    confirm: (question) => confirm(question, context),
  };
}

/** Whether somebody was asked and pressed Ctrl-C, or closed the terminal. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && error.name === 'ExitPromptError';
}
