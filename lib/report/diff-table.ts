import type { ValueChange } from '../capacity/difference';
import { formatCount } from '../capacity/words';
import { formatProbability } from '../rehearsal/verdict';
import { type CalendarDiff, changedCount, deferredIn } from './diff-model';
import { diffVerdict } from './diff-verdict';
import { announcedNote, changeWords, entryWords, laterViewWords, movedWords, outageCell } from './diff-words';
import { type Column, renderTable } from './table';

/** The difference for a terminal: verdict first. Ends with a newline. */
export function renderDiffTable(diff: CalendarDiff, columns?: number): string {
  const { added, moved, changed, removed } = diff.releases;
  const releases = [
    ...added.map((release) => `added    ${release.id}: ${entryWords(release)}`),
    ...moved.flatMap((release) => {
      const note = announcedNote(release, diff.asOf);
      return [`moved    ${release.id}: ${movedWords(release)}`, ...(note === undefined ? [] : [`         ${note}`])];
    }),
    ...changed.map((release) => `changed  ${release.id}: ${changeWords(release).join('; ')}`),
    ...removed.map((release) => `removed  ${release.id}: ${entryWords(release)}`),
  ];
  const findings = diff.environments.flatMap(({ name, findings: { added, removed } }) => [
    ...added.map(({ severity, message, code }) => `  new ${severity}: ${name}: ${message} [${code}]`),
    ...removed.map(({ message, code }) => `  gone: ${name}: ${message} [${code}]`),
  ]);
  const later = laterViewWords(diff);
  const sections = [
    [diffVerdict(diff)],
    later === undefined ? [] : [later],
    releases.map((line) => line.replaceAll(/\p{Cc}/gu, ' ')),
    changedCount(diff.releases) === 0 ? [] : [effectTable(diff, columns).trimEnd()],
    findings.length === 0 ? [] : ['findings:', ...findings],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function effectTable({ environments, releases }: CalendarDiff, width?: number): string {
  const isRehearsed = environments.some(({ rehearsals }) => rehearsals);
  const columns: Column[] = [
    { head: 'environment' },
    { head: 'target', drop: 1 },
    { head: 'highest floor', right: true },
    { head: 'actions', right: true },
    { head: 'cost above the baseline', right: true },
    { head: 'peak requests/s', right: true, drop: 2 },
    ...(isRehearsed ? [{ head: 'outage, rehearsed', right: true }] : []),
  ];
  const rows = environments.flatMap(({ name, targets, cost, rehearsals = [] }) =>
    targets.map((target, index) => {
      const { id, unit, highestFloor, before, after, actionBudget, peakRequestsPerSecond } = target;
      const outages = rehearsals.filter((rehearsal) => rehearsal.target === id).map(({ outage }) => outage);
      const worst = outages.toSorted((a, b) => b.estimate - a.estimate)[0];
      return [
        name,
        id,
        `${arrow(highestFloor, formatCount)} ${unit}s`,
        `${arrow({ before: before.actions.length, after: after.actions.length }, formatCount)} of ${actionBudget}`,
        index === 0 ? `${arrow(cost, (amount) => formatCount(Math.round(amount)))} ${cost.currency}` : '',
        arrow(peakRequestsPerSecond, (requests) => (requests === undefined ? 'none' : formatCount(requests))),
        ...(isRehearsed
          ? [outageCell(worst && formatProbability(worst), deferredIn({ targets: [target] }, releases).length)]
          : []),
      ];
    }),
  );
  return renderTable(columns, rows, width);
}

function arrow<T>({ before, after }: ValueChange<T>, words: (value: T) => string): string {
  const [from, to] = [words(before), words(after)];
  return from === to ? to : `${from} → ${to}`;
}
