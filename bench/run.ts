import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchCost } from './cost';
import { benchParse, benchPlanner } from './growth';
import { BenchmarkError } from './measure';
import { benchNights } from './nights';
import { benchRehearsal } from './rehearsal';
import { benchStartup } from './startup';
import { benchSynth } from './synth';
import { benchTests } from './tests';

const HELP = `Usage: npm run -s bench -- [options]

Measures in one run and prints ratios. Asserts nothing about time. Tables go to stdout, progress to stderr.

  --only NAME   cost, rehearsal, nights, planner, parse, startup, synth or tests
                (default: all but tests, which runs the whole of npm test)
  --runs N      least number of counted runs; the median is printed
                (default: planner and parse 5, startup 15, synth 5, tests 1; cost, rehearsal and nights take none)
  --help        prints this

bench/README.md says how to read it.
`;

interface Benchmark {
  /** Runs that make its median steady: whole processes vary most. Absent when it measures no time. */
  readonly runs?: number;
  /** Too long for those who want all the others. */
  readonly onlyWhenNamed?: true;
  readonly measure: (runs: number) => string;
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  cost: { measure: benchCost },
  rehearsal: { measure: benchRehearsal },
  nights: { measure: benchNights },
  planner: { runs: 5, measure: benchPlanner },
  parse: { runs: 5, measure: benchParse },
  startup: { runs: 15, measure: benchStartup },
  // Last of those that run by themselves: it ends with an error when the app that it compares with is out of step.
  synth: { runs: 5, measure: benchSynth },
  tests: { runs: 1, onlyWhenNamed: true, measure: benchTests },
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
  if (runs !== undefined && only !== undefined && BENCHMARKS[only]!.runs === undefined) {
    return `--runs does not go with --only ${only}, which measures no time`;
  }
  return {
    help,
    names: only === undefined ? names.filter((name) => !BENCHMARKS[name]!.onlyWhenNamed) : [only],
    ...(runs !== undefined && { runs: Number(runs) }),
  };
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
  try {
    for (const name of read.names) {
      const { runs = 1, measure } = BENCHMARKS[name]!;
      process.stdout.write(`\n${measure(read.runs ?? runs)}`);
    }
  } catch (error) {
    if (!(error instanceof BenchmarkError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
