import { fromIso, toIso } from '../capacity/instants';
import { formatCount } from '../capacity/words';
import { type CalendarDiff, deferredIn, type DiffRelease, type FieldChange } from './diff-model';
import { formatViewers } from './plan-table';
import { localTime, utcTime, zoneLabel } from './times';

const DAY_SECONDS = 86_400;
/** So long before its premiere a release is well within the horizon, and few others are ahead of it. */
const LATER_DAYS = 30;

/** What a field is when an entry leaves it out. */
export const LEFT_OUT = 'left out';

/** A premiere as its city's clock shows it: `2025-12-31 17:00 Los Angeles`. */
export function clockWords({ premiereAt, premiereZone }: Pick<DiffRelease, 'premiereAt' | 'premiereZone'>): string {
  return `${localTime(premiereAt, premiereZone)} ${zoneLabel(premiereZone)}`;
}

/** A premiere as its city's clock shows it, and in UTC: `2025-12-31 17:00 Los Angeles (2026-01-01 01:00 UTC)`. */
export function premiereWords(premiere: Pick<DiffRelease, 'premiereAt' | 'premiereZone'>): string {
  const clock = clockWords(premiere);
  return premiere.premiereZone === 'UTC' ? clock : `${clock} (${utcTime(premiere.premiereAt)} UTC)`;
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
  const words = changes.map((change) =>
    change.field === 'previously'
      ? previouslyWords(change)
      : `${change.field} from ${change.before} to ${change.after}`,
  );
  if (plays && playsBefore && plays.firstDay !== playsBefore.firstDay) {
    words.push(
      `which implies ${playsWords(plays)}, before ${formatViewers(playsBefore.firstHour)} and ${formatViewers(playsBefore.firstDay)}`,
    );
  }
  return words;
}

function previouslyWords({ before, after }: FieldChange): string {
  if (after === LEFT_OUT) return `no longer announced before: ${before}`;
  return `announced before: ${after}${before === LEFT_OUT ? '' : `, instead of ${before}`}`;
}

/** When from, when to, and what else changed. */
export function movedWords(release: DiffRelease): string {
  const others = { ...release, changes: release.changes.filter(({ field }) => field !== 'premiere') };
  return [`from ${premiereWords(release.movedFrom!)} to ${premiereWords(release)}`, ...changeWords(others)].join('; ');
}

/** For a moved release whose old instant is still to come, and which does not say that it had been announced. */
export function announcedNote({ movedFrom, status }: DiffRelease, asOf: string): string | undefined {
  if (!movedFrom || movedFrom.announced || status === 'cancelled') return undefined;
  const { premiereAt, premiereZone } = movedFrom;
  if (fromIso(premiereAt) <= fromIso(asOf)) return undefined;
  const entry = `previously: ['${localTime(premiereAt, premiereZone)} ${premiereZone}']`;
  return `was ${clockWords(movedFrom)} announced? add ${entry}, and the floors wait for those who come then`;
}

/** How to see the first release that no environment plans yet as it will be planned; undefined where that is now. */
export function laterViewWords({ releases, environments, asOf }: CalendarDiff): string | undefined {
  const planned = new Set(environments.flatMap(({ after }) => after.releases.map(({ id }) => id)));
  const deferred = new Set(environments.flatMap((environment) => deferredIn(environment, releases)));
  const instants = [...releases.added, ...releases.moved, ...releases.changed]
    .filter(({ id }) => deferred.has(id) && !planned.has(id))
    .map(({ premiereAt }) => fromIso(premiereAt) - LATER_DAYS * DAY_SECONDS);
  if (instants.length === 0) return undefined;
  const first = Math.min(...instants);
  const midnight = first - (first % DAY_SECONDS);
  return midnight > fromIso(asOf)
    ? `to see it as it will be planned: \`prescale diff --as-of ${toIso(midnight)}\``
    : undefined;
}

/** What was rehearsed for a target, and how many releases it does not plan yet. */
export function outageCell(worst: string | undefined, deferred: number): string {
  if (deferred === 0) return worst ?? '';
  return worst === undefined ? 'not planned' : `${worst}; ${formatCount(deferred)} not planned`;
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
