import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BenchmarkError, digits, median, progress, table } from './measure';
import { ROOT } from './processes';

/** Test files in the table, slowest first. */
const SLOWEST = 10;

/** What is read of the report that `jest --json` writes. */
interface JestReport {
  readonly testResults: readonly { readonly name: string; readonly startTime: number; readonly endTime: number }[];
}

/**
 * Where the time of `npm test` goes: wall time of its commands, and the slowest test files.
 *
 * @throws BenchmarkError when a command fails, because it could have ended early
 */
export function benchTests(runs: number): string {
  const commands = commandsOf('test');
  const folder = mkdtempSync(path.join(tmpdir(), 'prescale-bench-'));
  try {
    const report = path.join(folder, 'jest.json');
    const turns: number[][] = [];
    const files = new Map<string, number[]>();
    for (let turn = 1; turn <= runs; turn += 1) {
      turns.push(
        commands.map((command) => {
          progress(`tests: ${command}, turn ${turn} of ${runs}`);
          return timeCommand(command === 'jest' ? `jest --json --outputFile='${report}'` : command);
        }),
      );
      const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as JestReport;
      for (const { name, startTime, endTime } of testResults) {
        const file = path.relative(ROOT, name);
        files.set(file, [...(files.get(file) ?? []), endTime - startTime]);
      }
    }
    const parts = commands.map((command, index) => [command, median(turns.map((turn) => turn[index]!))] as const);
    const byFile = [...files].map(([file, times]) => [file, median(times)] as const);
    const slowest = byFile.toSorted(([, a], [, b]) => b - a).slice(0, SLOWEST);
    const of = runs === 1 ? 'one run' : `median of ${runs} runs`;
    return [
      shareTable(`tests: the commands of npm test, ${of}`, 'command', parts, totalOf(parts)),
      shareTable(
        `tests: the ${slowest.length} slowest of ${byFile.length} test files, which run side by side`,
        'file',
        slowest,
        totalOf(byFile),
      ),
    ].join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The commands of a script of package.json, with those of the scripts that it runs. */
function commandsOf(script: string): string[] {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  return scripts[script]!.split(' && ').flatMap((command) => {
    const [, inner] = /^npm run -s (\S+)$/.exec(command) ?? [];
    return inner === undefined ? [command] : commandsOf(inner);
  });
}

/** Wall time in milliseconds. In a shell, with the commands of the packages, as npm runs it. */
function timeCommand(command: string): number {
  const start = performance.now();
  const { status, signal } = spawnSync(command, {
    shell: true,
    cwd: ROOT,
    env: { ...process.env, PATH: `${path.join(ROOT, 'node_modules', '.bin')}${path.delimiter}${process.env['PATH']}` },
    stdio: 'ignore',
  });
  const ms = performance.now() - start;
  if (status !== 0) {
    throw new BenchmarkError(
      `${command} ended with ${status ?? signal}\n   = mend: npm test has to pass before it is timed`,
    );
  }
  return ms;
}

function totalOf(parts: readonly (readonly [name: string, ms: number])[]): number {
  return parts.reduce((total, [, ms]) => total + ms, 0);
}

/** Each part in seconds, its share of the whole, and the whole at the end. */
function shareTable(
  title: string,
  head: string,
  parts: readonly (readonly [name: string, ms: number])[],
  wholeMs: number,
): string {
  const rows = [...parts, [`all ${head}s`, wholeMs] as const].map(([name, ms]) => [
    name,
    digits(ms / 1000),
    `${((100 * ms) / wholeMs).toFixed(0)} %`,
  ]);
  return table(title, [head, 's', 'share'], rows);
}
