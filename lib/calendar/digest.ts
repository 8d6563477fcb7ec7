import { createHash } from 'node:crypto';
import type { Release } from './release';

/** JSON with the keys of every object sorted and undefined left out, so that equal values give equal text. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}

/**
 * `sha256:` over what the entries mean, defaults filled in. Comments, spelling of times and numbers, order, the split
 * into files and locations do not change it.
 *
 * @param releases Sorted as in `ReleaseCalendar`.
 */
export function digestReleases(releases: readonly Release[]): string {
  const meaning = releases.map((release) => ({ ...release, location: undefined }));
  return `sha256:${createHash('sha256').update(canonicalJson(meaning)).digest('hex')}`;
}
