import { table } from './measure';
import { ratioRows, takeTurns, throughTsx } from './processes';

const PROCESSES = [
  { name: 'bare: yaml, zod, temporal-polyfill, commander', args: throughTsx('bench/bare.ts') },
  { name: 'prescale --help', args: throughTsx('bin/prescale.ts', '--help') },
  {
    name: 'prescale plan --env prod',
    args: throughTsx('bin/prescale.ts', 'plan', '--env', 'prod', '--as-of', '2025-11-20T00:00:00Z'),
  },
];

/** Wall time of whole processes, as ratios to a bare one that loads the same packages in the same way: medians over the turns. */
export function benchStartup(runs: number): string {
  const turns = takeTurns('startup', runs, PROCESSES);
  const rows = ratioRows(PROCESSES, turns, () => 0);
  return table(`startup: whole processes through tsx, median of ${runs} turns`, ['process', 'ms', 'to bare'], rows);
}
