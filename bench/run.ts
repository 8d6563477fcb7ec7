import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchParse, benchPlanner } from './growth';
import { benchStartup } from './startup';

const HELP = `Usage: npm run -s bench -- [options]

Measures in one run and prints ratios. Asserts nothing about time. Tables go to stdout, progress to stderr.

  --only NAME   planner, parse or startup (default: all)
  --runs N      least number of counted runs; the median is printed (default: 5, startup 15)
  --help        prints this

bench/README.md says how to read it.
`;

/** Each with the number of runs that makes its median steady: whole processes vary most. */
const BENCHMARKS: Readonly<Record<string, { runs: number; measure: (runs: number) => string }>> = {
  planner: { runs: 5, measure: benchPlanner },
  parse: { runs: 5, measure: benchParse },
  startup: { runs: 15, measure: benchStartup },
};

/** What to measure, or what is wrong with the arguments. */
function readArguments(args: string[]): { help: boolean; names: string[]; runs?: number } | string {
  const options = { only: { type: 'string' }, runs: { type: 'string' }, help: { type: 'boolean' } } as const;
  let values: { only?: string; runs?: string; help?: boolean };
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    return (error as Error).message;
  }
  const { only, runs, help = false } = values;
  const names = Object.keys(BENCHMARKS);
  if (only !== undefined && !names.includes(only)) return `--only must be one of ${names.join(', ')}, got "${only}"`;
  if (runs !== undefined && !/^[1-9]\d{0,3}$/.test(runs)) {
    return `--runs must be a whole number from 1 to 9999, got "${runs}"`;
  }
  return { help, names: only === undefined ? names : [only], ...(runs !== undefined && { runs: Number(runs) }) };
}

const read = readArguments(process.argv.slice(2));
if (typeof read === 'string') {
  process.stderr.write(`${read}\n   = mend: see npm run -s bench -- --help\n`);
  process.exitCode = 2;
} else if (read.help) {
  process.stdout.write(HELP);
} else {
  const processors = cpus();
  process.stdout.write(`Node ${process.version}, ${processors.length} × ${processors[0]?.model ?? 'unknown'}\n`);
  for (const name of read.names) {
    const { runs, measure } = BENCHMARKS[name]!;
    process.stdout.write(`\n${measure(read.runs ?? runs)}`);
  }
}
