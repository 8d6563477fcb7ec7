const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A whole number as messages and tables print it: `1,600`. */
export function formatCount(value: number): string {
  return WHOLE.format(value);
}

/** Names in a sentence: `a`, `a and b`, `a, b and 3 more`. */
export function listNames(names: readonly string[], most = 3): string {
  if (names.length <= 1) return names.join('');
  const rest = names.length - most;
  if (rest > 0) return `${names.slice(0, most).join(', ')} and ${rest} more`;
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** The verb for so many releases. */
export function needs(releases: readonly string[]): string {
  return releases.length === 1 ? 'needs' : 'need';
}

/** A share as per cent, with one decimal where it has one, or its first digit where it is smaller: `1.5 %`, `0.02 %`. */
export function percent(share: number): string {
  return `${Number(share < 0.001 ? (100 * share).toPrecision(1) : (100 * share).toFixed(1))} %`;
}
