import { formatCount } from '../capacity/words';
import type { DiffRelease } from './diff-model';
import { formatViewers } from './plan-table';
import { localTime, utcTime, zoneLabel } from './times';

/** A premiere as its city's clock shows it, and in UTC: `2025-12-31 17:00 Los Angeles (2026-01-01 01:00 UTC)`. */
export function premiereWords({ premiereAt, premiereZone }: Pick<DiffRelease, 'premiereAt' | 'premiereZone'>): string {
  const utc = `${utcTime(premiereAt)} UTC`;
  return premiereZone === 'UTC' ? utc : `${localTime(premiereAt, premiereZone)} ${zoneLabel(premiereZone)} (${utc})`;
}

/** What an entry asks for: when, how many, and which plays that implies. */
export function entryWords(release: DiffRelease): string {
  const { kind, status, audience, floors = {}, environments } = release;
  const range = [
    ...(audience?.low === undefined ? [] : [`1 in 10 below ${formatViewers(audience.low)}`]),
    ...(audience?.high === undefined ? [] : [`1 in 10 above ${formatViewers(audience.high)}`]),
  ];
  return [
    `${premiereWords(release)}, ${kind}`,
    ...(status === 'confirmed' ? [] : [status]),
    ...(audience
      ? [
          `${formatViewers(audience.peakViewers)} viewers at the peak${range.length > 0 ? ` (${range.join(', ')})` : ''}`,
        ]
      : []),
    ...Object.entries(floors).map(([layer, units]) => `a stated floor of ${formatCount(units)} in ${layer}`),
    ...(release.plays ? [playsWords(release.plays)] : []),
    ...(environments ? [`in ${environments.join(', ')} only`] : []),
  ].join('; ');
}

/** What changed in an entry, field by field: `peakViewers from 9,000,000 to 11,000,000`. */
export function changeWords({ changes, plays, playsBefore }: DiffRelease): string[] {
  const words = changes.map(({ field, before, after }) => `${field} from ${before} to ${after}`);
  if (plays && playsBefore && plays.firstDay !== playsBefore.firstDay) {
    words.push(
      `which implies ${playsWords(plays)}, before ${formatViewers(playsBefore.firstHour)} and ${formatViewers(playsBefore.firstDay)}`,
    );
  }
  return words;
}

/** Money without cents: `1,234 USD`. */
export function moneyWords(amount: number, currency: string): string {
  return `${formatCount(Math.round(amount))} ${currency}`;
}

/** So many of what is counted: `1 release`, `2 releases`. */
export function countWords(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function playsWords({ firstHour, firstDay }: NonNullable<DiffRelease['plays']>): string {
  return `${formatViewers(firstHour)} plays in the first hour, ${formatViewers(firstDay)} in a day`;
}
