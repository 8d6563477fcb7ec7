import { runProgram } from '../../lib/commands/program';

/** The clock of all command tests. */
export const NOW = new Date('2026-11-21T00:00:00Z');

/** Runs `prescale` in this process, in a terminal of so many columns. */
export function prescaleIn(columns: number, ...args: string[]): ReturnType<typeof prescale> {
  return runWith({ columns }, args);
}

/** Runs `prescale` in this process. */
export function prescale(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return runWith({}, args);
}

async function runWith(
  terminal: { columns?: number },
  args: readonly string[],
): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const output = {
    ...terminal,
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
  };
  return { code: await runProgram(args, output, () => NOW), ...written };
}
