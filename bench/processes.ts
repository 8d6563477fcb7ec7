import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { BenchmarkError, digits, median, progress } from './measure';

/** Root of the repository, where every process is started. */
export const ROOT = path.join(__dirname, '..');

export interface TimedProcess {
  readonly name: string;
  /** What follows `node`. */
  readonly args: readonly string[];
  /** @default - the environment of the benchmark */
  readonly env?: NodeJS.ProcessEnv;
}

/** TypeScript run directly, as every entry point of the repository is. */
export function throughTsx(file: string, ...args: string[]): string[] {
  return ['--import', 'tsx', path.join(ROOT, file), ...args];
}

/**
 * Milliseconds of each process, by turn. The processes take turns, so that a machine that slows down meanwhile slows down all of
 * them. One turn more than counted comes first: it fills the caches of tsx and of the file system.
 *
 * @param afterFirst looks at what the first turn has made, before time is spent on the others
 */
export function takeTurns(
  benchmark: string,
  runs: number,
  processes: readonly TimedProcess[],
  afterFirst?: () => void,
): number[][] {
  const turns: number[][] = [];
  for (let turn = 0; turn <= runs; turn += 1) {
    progress(`${benchmark}: turn ${turn} of ${runs}`);
    turns.push(processes.map(timeProcess));
    if (turn === 0) afterFirst?.();
  }
  return turns.slice(1);
}

/**
 * A row for each process: its name, its median in milliseconds, and the median over the turns of its ratio to another.
 *
 * @param bareOf index of the process that the one of an index is compared with
 */
export function ratioRows(
  processes: readonly TimedProcess[],
  turns: readonly (readonly number[])[],
  bareOf: (index: number) => number,
): string[][] {
  return processes.map(({ name }, index) => [
    name,
    digits(median(turns.map((turn) => turn[index]!))),
    `× ${median(turns.map((turn) => turn[index]! / turn[bareOf(index)]!)).toFixed(2)}`,
  ]);
}

/** Wall time of a process in milliseconds, its start included. */
function timeProcess({ name, args, env = process.env }: TimedProcess): number {
  const start = performance.now();
  const { status, signal, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ms = performance.now() - start;
  if (status !== 0) throw new BenchmarkError(`${name} ended with ${status ?? signal}:\n${stderr.toString()}`);
  return ms;
}
