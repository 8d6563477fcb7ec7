import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { digits, median, progress, table } from './measure';

const ROOT = path.join(__dirname, '..');
const PRESCALE = path.join(ROOT, 'bin', 'prescale.ts');

const PROCESSES: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'bare: yaml, zod, temporal-polyfill, commander', args: [path.join(__dirname, 'bare.ts')] },
  { name: 'prescale --help', args: [PRESCALE, '--help'] },
  { name: 'prescale plan --env prod', args: [PRESCALE, 'plan', '--env', 'prod', '--as-of', '2025-11-20T00:00:00Z'] },
];

/**
 * Wall time of whole processes, as ratios to a bare one that loads the same packages in the same way. The processes take
 * turns, and a ratio is the median over the turns, so that a machine that slows down meanwhile slows down all of them.
 */
export function benchStartup(runs: number): string {
  const turns: number[][] = [];
  // One turn more than counted: the first fills the caches of tsx and of the file system.
  for (let turn = 0; turn <= runs; turn += 1) {
    progress(`startup: turn ${turn} of ${runs}`);
    turns.push(PROCESSES.map(({ args }) => timeProcess(args)));
  }
  const counted = turns.slice(1);
  const rows = PROCESSES.map(({ name }, index) => [
    name,
    digits(median(counted.map((turn) => turn[index]!))),
    `× ${median(counted.map((turn) => turn[index]! / turn[0]!)).toFixed(2)}`,
  ]);
  return table(`startup: whole processes through tsx, median of ${runs} turns`, ['process', 'ms', 'to bare'], rows);
}

function timeProcess(args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr, error } = spawnSync(process.execPath, ['--import', 'tsx', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${error?.message ?? stderr.toString()}`);
  return ms;
}
