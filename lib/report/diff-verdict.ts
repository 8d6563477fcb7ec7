import { floorAt } from '../capacity/floor-at';
import { fromIso } from '../capacity/instants';
import { formatCount } from '../capacity/words';
import {
  type CalendarDiff,
  changedCount,
  deferredIn,
  type DiffRelease,
  type EnvironmentDiff,
  mostChanged,
  type TargetDiff,
} from './diff-model';
import { countWords, moneyWords } from './diff-words';
import { localTime } from './times';

const DAY_SECONDS = 86_400;

/** What the change comes to, in one line without markup: errors first, then what changed and what that does. */
export function diffVerdict(diff: CalendarDiff): string {
  const errors = diff.problems.filter(({ severity }) => severity === 'error').length;
  const prefix = errors > 0 ? `${countWords(errors, 'error')}. ` : '';
  const number = changedCount(diff.releases);
  const { ref, commit } = diff.base;
  if (number === 0) {
    return `${prefix}${errors > 0 ? 'The' : 'No difference: the'} calendar says the same as at ${ref} (${commit.slice(0, 12)}).`;
  }
  const effects = [floorClause(diff), costClause(diff), deferredClause(diff), rehearsalClause(diff)].filter(
    (clause) => clause !== undefined,
  );
  return `${prefix}${countsOf(diff)}: ${effects.join('; ')}.`;
}

/** `1 release added, 2 moved`; of one that moved, from when to when. */
function countsOf({ releases, asOf }: CalendarDiff): string {
  const { added, moved, changed, removed } = releases;
  const counts = [
    [added.length, 'added'],
    [moved.length, moved.length === 1 ? `moved from ${moveWords(moved[0]!, asOf)}` : 'moved'],
    [changed.length, 'changed'],
    [removed.length, 'removed'],
  ] as const;
  return counts
    .filter(([count]) => count > 0)
    .map(([count, what], index) => (index === 0 ? `${countWords(count, 'release')} ${what}` : `${count} ${what}`))
    .join(', ');
}

/** `12 to 13 March`, or `20:00 to 21:00 on 12 March`, by the clock of the new premiere. */
function moveWords({ premiereAt, premiereZone, movedFrom }: DiffRelease, asOf: string): string {
  const [from, to] = [localTime(movedFrom!.premiereAt, premiereZone), localTime(premiereAt, premiereZone)];
  const day = dayWords(premiereAt, premiereZone, asOf);
  if (from.slice(0, 10) === to.slice(0, 10)) return `${from.slice(11)} to ${to.slice(11)} on ${day}`;
  const isSameMonth = from.slice(0, 7) === to.slice(0, 7);
  const first = isSameMonth ? Number(from.slice(8, 10)) : dayWords(movedFrom!.premiereAt, premiereZone, asOf);
  return `${first} to ${day}`;
}

function floorClause({ environments, asOf }: CalendarDiff): string {
  const most = mostChanged(environments);
  if (!most) return `no floor changes within ${countWords(coveredDays(environments, asOf), 'day')}`;
  const { environment, target } = most;
  const { before, after } = target.highestFloor;
  const where = environment.targets.length > 1 ? `${target.id} in ${environment.name}` : environment.name;
  if (before === after) {
    const [own, changed] = [highestIn(target.before, target.span!), highestIn(target.after, target.span!)];
    const stays = `the highest floor of ${where} stays ${countWords(after, target.unit)}`;
    if (own === changed) return stays;
    return `in the hours that change the floor of ${where} goes from ${formatCount(own)} to ${countWords(changed, target.unit)}; its highest stays ${formatCount(after)}`;
  }
  const on = after > before ? dayOfPeak(environment, target, asOf) : '';
  return `the highest floor of ${where} goes from ${formatCount(before)} to ${countWords(after, target.unit)}${on}`;
}

/** The highest floor of a plan in a half-open span. */
function highestIn(plan: TargetDiff['before'], { from, to }: NonNullable<TargetDiff['span']>): number {
  const within = plan.actions.filter(({ at }) => from <= fromIso(at) && fromIso(at) < to);
  return Math.max(floorAt(plan, from), ...within.map(({ min }) => min));
}

/** The day, in its own zone, of the premiere that the highest floor is for; a drill asks for the same floor before it. */
function dayOfPeak({ after }: EnvironmentDiff, { id, highestFloor }: TargetDiff, asOf: string): string {
  const release = after.releases.find(({ targets }) =>
    targets.some((target) => target.id === id && target.floor === highestFloor.after),
  );
  return release ? ` on ${dayWords(release.premiereAt, release.premiereZone, asOf)}` : '';
}

/** `31 December`; with the year when it is not that of `asOf`. */
function dayWords(instant: string, timeZone: string, asOf: string): string {
  const dayIn = (options: Intl.DateTimeFormatOptions, at: string): string =>
    new Intl.DateTimeFormat('en-GB', { ...options, timeZone }).format(Date.parse(at));
  const isThisYear = dayIn({ year: 'numeric' }, instant) === dayIn({ year: 'numeric' }, asOf);
  return dayIn({ day: 'numeric', month: 'long', ...(!isThisYear && { year: 'numeric' }) }, instant);
}

/** Of the environment that the line is about, and of all when the others pay, too. */
function costClause({ environments, asOf }: CalendarDiff): string | undefined {
  const named = mostChanged(environments)?.environment ?? environments[0]!;
  const more = named.cost.after - named.cost.before;
  const paid = environments.filter(({ cost }) => Math.abs(cost.after - cost.before) >= 0.5);
  if (paid.length === 0) return undefined;
  const days = countWords(coveredDays(environments, asOf), 'day');
  const isComparable = paid.every(({ cost }) => cost.currency === named.cost.currency);
  const all = paid.reduce((sum, { cost }) => sum + cost.after - cost.before, 0);
  const inAll = paid.length > 1 && isComparable ? ` (${moreWords(all, named.cost.currency)} in all environments)` : '';
  return `${moreWords(more, named.cost.currency)} over ${days}${inAll}`;
}

/** `423 USD more`. */
function moreWords(more: number, currency: string): string {
  return `${moneyWords(Math.abs(more), currency)} ${more < 0 ? 'less' : 'more'}`;
}

function coveredDays(environments: readonly EnvironmentDiff[], asOf: string): number {
  const ends = environments.flatMap(({ targets }) => targets.map(({ after }) => fromIso(after.coveredUntil)));
  return Math.round((Math.min(...ends) - fromIso(asOf)) / DAY_SECONDS);
}

/** Which environments do not hold all that changed: the rest of the line does not speak of it there. */
function deferredClause({ environments, releases }: CalendarDiff): string | undefined {
  const coming = releases.added.length + releases.moved.length + releases.changed.length;
  const byCount = new Map<number, string[]>();
  for (const environment of environments.toReversed()) {
    const count = deferredIn(environment, releases).length;
    if (count > 0) byCount.set(count, [...(byCount.get(count) ?? []), environment.name]);
  }
  if (byCount.size === 0) return undefined;
  const clauses = [...byCount].map(
    ([count, names]) =>
      `${listWords(names)} ${names.length === 1 ? 'does' : 'do'} not plan ${coming === 1 ? 'it' : `${formatCount(count)} of them`} yet`,
  );
  const them = coming === 1 || Math.max(...byCount.keys()) === 1 ? 'it' : 'them';
  return `${clauses.join(', ')} (beyond what one plan holds; a later deploy brings ${them} in)`;
}

/** `prod, staging and dev`. */
function listWords(names: readonly string[]): string {
  return new Intl.ListFormat('en-GB').format(names);
}

function rehearsalClause({ environments, releases }: CalendarDiff): string | undefined {
  const all = environments.flatMap(({ name, rehearsals = [] }) => rehearsals.map((one) => ({ name, ...one })));
  if (all.length === 0) return undefined;
  const above = [
    ...new Set(all.filter(({ outage, outageBudget }) => outage.estimate > outageBudget).map((one) => one.name)),
  ];
  if (above.length > 0) return `above the outage budget in ${above.join(' and ')}`;
  // Where one environment could not rehearse all, the others are named.
  const isPartial = environments.some((environment) => deferredIn(environment, releases).length > 0);
  const where = isPartial ? ` in ${listWords([...new Set(all.map(({ name }) => name))].toReversed())}` : '';
  if (all.every(({ outage }) => outage.happened === 0)) {
    return `no outage in ${countWords(all[0]!.outage.draws, 'rehearsal')}${all.length > 1 ? ' each' : ''}${where}`;
  }
  const isSure = all.every(({ outage, outageBudget }) => outage.high <= outageBudget);
  return `${isSure ? 'within the outage budget' : 'the outage budget is not exceeded'}${where}`;
}
