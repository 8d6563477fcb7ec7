import { spawn } from 'node:child_process';
import path from 'node:path';

/** What a command printed, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in the repository. Tests hand in their own. */
export type RunCommand = (command: string, args: readonly string[]) => Promise<Ran>;

const ROOT = path.join(__dirname, '..', '..');

/** Runs a command at the root of the repository, and shows what it prints while it runs. */
export const runCommand: RunCommand = (command, args) =>
  new Promise((resolve, reject) => {
    process.stderr.write(`$ ${[command, ...args].join(' ')}\n`);
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const printed = { out: '', err: '' };
    for (const [stream, key] of [
      [child.stdout, 'out'],
      [child.stderr, 'err'],
    ] as const) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed[key] += text;
        process.stderr.write(text);
      });
    }
    child.on('error', reject);
    // Ended by a signal there is no code, and it is no success.
    child.on('close', (code) => resolve({ code: code ?? 3, ...printed }));
  });

/** Runs `prescale`. */
export function prescale(run: RunCommand, ...args: readonly string[]): Promise<Ran> {
  return run('npm', ['run', '-s', 'prescale', '--', ...args]);
}

/** A block of text in which Markdown is not read, whatever stands in it. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text.trimEnd()}\n${fence}\n`;
}
