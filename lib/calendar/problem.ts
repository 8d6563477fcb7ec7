/** What is wrong with one value, before anybody knows where it stands. */
export interface Problem {
  /** `area/problem`, for example `calendar/premiere-ambiguous`. */
  readonly code: string;
  /** What is wrong, with the value. Lower case, no period. */
  readonly message: string;
  /** What to write instead. */
  readonly mend: string;
}

const LONGEST_SHOWN = 60;

/** A value as a message shows it: text in quotes and cut to a readable length, collections by their name. */
export function showValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') {
    const letters = Array.from(value.slice(0, 2 * LONGEST_SHOWN));
    return JSON.stringify(letters.length > LONGEST_SHOWN ? `${letters.slice(0, LONGEST_SHOWN - 1).join('')}…` : value);
  }
  if (Array.isArray(value)) return value.length > 0 ? 'a list' : 'an empty list';
  if (typeof value === 'object') return Object.keys(value).length > 0 ? 'a mapping' : 'an empty mapping';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}

/** The mend for a key that is the rest of a number: in braces a comma ends a value. Undefined for any other key. */
export function mendComma(key: string): string | undefined {
  return /^\d{3}$/.test(key) ? 'write the number without commas, for example 2_000_000' : undefined;
}

/** `a`, `a or b`, `a, b or c`. */
export function joinChoices(choices: readonly string[], word: 'or' | 'and' = 'or'): string {
  if (choices.length < 2) return choices.join('');
  return `${choices.slice(0, -1).join(', ')} ${word} ${choices.at(-1)}`;
}
