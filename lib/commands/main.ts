import { EXIT, type Output } from './common';

/**
 * Gives a command line the process: its arguments, its streams and its clock. Sets the exit code and leaves the process
 * to end by itself, so that output is drained.
 */
export function runMain(run: (args: string[], output: Output, now: () => Date) => Promise<number>): void {
  let failure: number | undefined;
  const onError = (error: NodeJS.ErrnoException): void => {
    // A reader that has seen enough, like `head`, closes the pipe: that is no failure of ours.
    if (error.code === 'EPIPE') return;
    failure = EXIT.failure;
    process.exitCode = failure;
    process.stderr.write(`the output could not be written: ${error.message}\n`);
  };
  process.stdout.on('error', onError);
  // Nobody is left to be told about an error of this one.
  process.stderr.on('error', () => undefined);
  const output: Output = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  };
  // What never ends by itself, such as a file of environments that waits for ever, has not succeeded when the process runs out of work.
  process.exitCode = EXIT.failure;
  void run(process.argv.slice(2), output, () => new Date()).then((code) => {
    process.exitCode = failure ?? code;
  });
}
