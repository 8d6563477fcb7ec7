import { parseWholeNumber } from '../calendar/whole-number';

const SCALES: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, b: 1e9 };

/** A number as people type it, `9_000_000`, `9,000,000`, `9M`, `1.5 million`, `800k`; undefined for anything else. */
export function readTypedCount(text: string): number | undefined {
  const trimmed = text.trim();
  const whole = parseWholeNumber(/^\d{1,3}(,\d{3})+$/.test(trimmed) ? trimmed.replaceAll(',', '') : trimmed);
  if (whole !== undefined) return whole;
  // A comma may be a decimal sign, too: 1,5M is left alone.
  const match = /^(\d+(?:\.\d+)?)\s*(k|thousand|m|million|bn|billion)$/i.exec(trimmed);
  if (!match) return undefined;
  const number = Math.round(Number(match[1]) * SCALES[match[2]![0]!.toLowerCase().replace('t', 'k')]!);
  return Number.isSafeInteger(number) ? number : undefined;
}
