/** Digits, with single `_` between digits: YAML 1.2 reads `9_000_000` as text. */
export const WHOLE_NUMBER_PATTERN = /^[0-9]+(_[0-9]+)*$/;

/** The whole number that a YAML value stands for, or undefined when it is none. Exact: at most 2^53 − 1. */
export function parseWholeNumber(value: unknown): number | undefined {
  const number =
    typeof value === 'string' && WHOLE_NUMBER_PATTERN.test(value) ? Number(value.replaceAll('_', '')) : value;
  return Number.isSafeInteger(number) ? (number as number) : undefined;
}

/** Digits in groups of three as the calendar writes them: `9_000_000`. */
export function formatWholeNumber(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, '_');
}
