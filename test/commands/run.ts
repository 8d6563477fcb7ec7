import { runProgram } from '../../lib/commands/program';

/** The clock of all command tests. */
export const NOW = new Date('2026-11-21T00:00:00Z');

/** Runs `prescale` in this process. */
export async function prescale(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const output = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
  };
  return { code: await runProgram(args, output, () => NOW), ...written };
}
