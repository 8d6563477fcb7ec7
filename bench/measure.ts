/** Why a benchmark has no result, in words that need no stack trace. */
export class BenchmarkError extends Error {}

/** Long enough for the compiler to have seen the hot paths, and for the garbage collector to have its share of short work. */
const LEAST_MS = 1000;

/** Milliseconds of each run: at least so many, and for at least a second, after a second that warms up and is not counted. */
export function timeRuns(runs: number, work: () => unknown): number[] {
  const warmUpAt = performance.now();
  do work();
  while (performance.now() - warmUpAt < LEAST_MS);
  const times: number[] = [];
  const startedAt = performance.now();
  while (times.length < runs || performance.now() - startedAt < LEAST_MS) {
    const start = performance.now();
    work();
    times.push(performance.now() - start);
  }
  return times;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Three digits, because more are noise: `0.0123`, `1.23`, `123`, `1234`. */
export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Progress goes to stderr: stdout holds the tables and nothing else. */
export function progress(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** Right-aligned columns, two spaces apart; the first is left-aligned. Ends with a newline. */
export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const lines = [head, ...rows].map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
  );
  return `${title}\n${lines.map((line) => `  ${line.trimEnd()}\n`).join('')}`;
}
