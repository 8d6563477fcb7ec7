import type { Output } from './common';

/**
 * Gives a command line the process: its arguments, its streams and its clock. Sets the exit code and leaves the process
 * to end by itself, so that output is drained.
 */
export function runMain(run: (args: string[], output: Output, now: () => Date) => Promise<number>): void {
  // A reader that has seen enough, like `head`, closes the pipe: that is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const output: Output = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  };
  void run(process.argv.slice(2), output, () => new Date()).then((code) => {
    process.exitCode = code;
  });
}
