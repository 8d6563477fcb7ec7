import type { Finding } from '../capacity/capacity-plan';
import type { ValueChange } from '../capacity/difference';
import { formatCount } from '../capacity/words';
import { formatProbability } from '../rehearsal/verdict';
import { renderMermaidChart } from './diff-chart';
import {
  type CalendarDiff,
  changedCount,
  deferredIn,
  type DiffProblem,
  type DiffRelease,
  type EnvironmentDiff,
  mostChanged,
  type RehearsedRelease,
  type ReleaseChanges,
  type TargetDiff,
} from './diff-model';
import { diffVerdict } from './diff-verdict';
import {
  announcedNote,
  changeWords,
  countWords,
  entryWords,
  laterViewWords,
  movedWords,
  outageCell,
} from './diff-words';
import { shorten } from './chart-parts';
import { utcTime } from './times';

/** The first line of every comment, by which a workflow finds the one to update. */
export const DIFF_MARKER = '<!-- prescale-diff -->';

/** More entries than these are folded, and more than those are left out: a comment of GitHub holds 65,536 characters. */
const MOST_SHOWN = 5;
const MOST_LISTED = 60;
const LONGEST_TITLE = 80;
const LONGEST_TEXT = 400;

/** The comment of a pull request: verdict first, on one screen, the rest folded. Ends with a newline. */
export function renderDiffMarkdown(diff: CalendarDiff): string {
  const { environments, problems } = diff;
  const sections = [
    `**${escapeMarkdown(diffVerdict(diff))}**`,
    problemList(problems),
    releaseList(diff),
    laterViewWords(diff) ?? '',
    ...(changedCount(diff.releases) === 0 ? [] : [effectTable(environments, diff.releases), mainChart(diff)]),
    findingsList(environments),
    ...(changedCount(diff.releases) === 0 ? [] : [detailsOf(diff)]),
  ];
  return `${DIFF_MARKER}\n${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** The comment where there is nothing to compare, because a calendar or an environment is broken. */
export function renderFailedDiffMarkdown(problems: readonly DiffProblem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return `${DIFF_MARKER}\n**${countWords(errors, 'error')}: nothing can be compared.**\n\n${problemList(problems)}\n`;
}

/**
 * Text that GitHub shows as it is: no markup, no entity, no table cell, no line of its own; and nobody is notified and nothing linked, which a zero-width space
 * behind the sign prevents.
 */
export function escapeMarkdown(text: string): string {
  return (
    text
      // Control characters, line ends of all sorts, and what turns the direction of the text.
      .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+/gu, ' ')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll(/[\\`*_{}[\]|~$]/g, String.raw`\$&`)
      .replaceAll(/@|#|www(?=\.)|GH(?=-\d)|:(?=\/\/|[a-z+-][\w+-]*:)/gi, '$&\u200B')
  );
}

/** With another bullet than the releases below, which would make them one list. */
function problemList(problems: readonly DiffProblem[]): string {
  const lines = problems
    .slice(0, MOST_LISTED)
    .map(
      ({ severity, message, code, mend }) =>
        `* **${severity}**: ${inline(message)} \`${code}\`${mend === undefined ? '' : `<br>mend: ${inline(mend)}`}`,
    );
  return withRest(lines, problems.length);
}

function releaseList({ asOf, releases: { added, moved, changed, removed } }: CalendarDiff): string {
  const lines = [
    ...added.map((release) => `- added: ${nameOf(release)}: ${inline(entryWords(release))}`),
    ...moved.map((release) => {
      const note = announcedNote(release, asOf);
      return `- moved: ${nameOf(release)}: ${inline(movedWords(release))}${note === undefined ? '' : `<br>${inline(note)}`}`;
    }),
    ...changed.map((release) => `- changed: ${nameOf(release)}: ${inline(changeWords(release).join('; '))}`),
    ...removed.map((release) => `- removed: ${nameOf(release)}: ${inline(entryWords(release))}`),
  ];
  if (lines.length <= MOST_SHOWN) return lines.join('\n');
  const rest = lines.slice(MOST_SHOWN, MOST_LISTED);
  return `${lines.slice(0, MOST_SHOWN).join('\n')}\n\n${folded(`${lines.length - MOST_SHOWN} more`, withRest(rest, lines.length - MOST_SHOWN))}`;
}

/** One row for each target: what the platform engineer looks for. */
function effectTable(environments: readonly EnvironmentDiff[], releases: ReleaseChanges): string {
  const isRehearsed = environments.some(({ rehearsals }) => rehearsals);
  const heads = [
    '',
    'highest floor',
    'actions',
    'cost above the baseline',
    'peak requests/s',
    ...(isRehearsed ? ['outage, rehearsed'] : []),
  ];
  const rows = environments.toReversed().flatMap((environment) =>
    environment.targets.map((target, index) => {
      const { highestFloor, before, after, actionBudget, peakRequestsPerSecond, id, unit } = target;
      const { cost, name, rehearsals = [] } = environment;
      return [
        environment.targets.length > 1 ? `${name}, ${id}` : name,
        `${arrow(highestFloor, formatCount)} ${unit}s`,
        `${arrow({ before: before.actions.length, after: after.actions.length }, formatCount)} of ${actionBudget}`,
        // Money is of the environment, not of one of its targets.
        index === 0 ? `${arrow(cost, (amount) => formatCount(Math.round(amount)))} ${cost.currency}` : '',
        arrow(peakRequestsPerSecond, (requests) => (requests === undefined ? 'none' : formatCount(requests))),
        ...(isRehearsed
          ? [
              outageCell(
                worstOf(rehearsals.filter((rehearsal) => rehearsal.target === id)),
                deferredIn({ targets: [target] }, releases).length,
              ),
            ]
          : []),
      ];
    }),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

function worstOf(rehearsals: readonly RehearsedRelease[]): string | undefined {
  const worst = rehearsals.toSorted((a, b) => b.outage.estimate - a.outage.estimate)[0];
  return worst && `${formatProbability(worst.outage)}, budget ${percentOf(worst.outageBudget)}`;
}

function percentOf(share: number): string {
  return `${Math.round(share * 1e5) / 1e3} %`;
}

/** `120 → **947**`, or the one value that stays. */
function arrow<T>({ before, after }: ValueChange<T>, words: (value: T) => string): string {
  const [from, to] = [words(before), words(after)];
  return from === to ? to : `${from} → **${to}**`;
}

function mainChart(diff: CalendarDiff): string {
  const most = mostChanged(diff.environments);
  return most ? chartOf(diff, most.environment, most.target) : '';
}

function chartOf(diff: CalendarDiff, { name }: EnvironmentDiff, target: TargetDiff): string {
  const chart = renderMermaidChart(diff, name, target);
  return chart ? `\`\`\`mermaid\n${chart.text}\`\`\`` : '';
}

/** New findings are what a reviewer has to weigh; errors stand above already. */
function findingsList(environments: readonly EnvironmentDiff[]): string {
  const added = environments
    .toReversed()
    .flatMap(({ name, findings }) =>
      findings.added.filter(({ severity }) => severity === 'warning').map((finding) => ({ name, finding })),
    );
  if (added.length === 0) return '';
  return folded(countWords(added.length, 'new warning'), findingLines(added));
}

function findingLines(found: readonly { readonly name: string; readonly finding: Finding }[]): string {
  const lines = found
    .slice(0, MOST_LISTED)
    .map(
      ({ name, finding: { message, mend, code } }) =>
        `- ${name}: ${inline(message)} \`${code}\`<br>mend: ${inline(mend)}`,
    );
  return withRest(lines, found.length);
}

/** What few look for: what went, the other charts, each rehearsal, and what was compared. */
function detailsOf(diff: CalendarDiff): string {
  const { environments, base, asOf, toolVersion } = diff;
  const most = mostChanged(environments);
  const gone = environments.flatMap(({ name, findings }) => findings.removed.map((finding) => ({ name, finding })));
  const rehearsals = environments.flatMap(({ name, rehearsals = [] }) => rehearsals.map((one) => ({ name, ...one })));
  const caption = most && renderMermaidChart(diff, most.environment.name, most.target)?.caption;
  const charts = environments
    .toReversed()
    .flatMap((environment) =>
      environment.targets
        .filter((target) => target !== most?.target)
        .map((target) => chartOf(diff, environment, target)),
    )
    .slice(0, 4);
  const parts = [
    gone.length > 0 ? `Findings that went:\n\n${findingLines(gone)}` : '',
    rehearsals.length > environments.length
      ? `Outages in rehearsals of the plan:\n\n${withRest(
          rehearsals
            .slice(0, MOST_LISTED)
            .map(
              ({ name, release, outage, outageBudget }) =>
                `- ${name}, \`${release}\`: ${formatProbability(outage)}, budget ${percentOf(outageBudget)}`,
            ),
          rehearsals.length,
        )}`
      : '',
    [
      '- Floors: the minimum that is registered; actions: what the deploy schedules, of the budget; cost: of the floors within the horizon.',
      '- Peak requests/s: of the one release with the most, at the planning quantile.',
      ...(rehearsals.length > 0
        ? ['- Outage, rehearsed: how likely any outage is under the plan; `prescale rehearse` says more.']
        : []),
      ...(caption ? [`- Chart: ${caption}`] : []),
      `- As of ${utcTime(asOf)} UTC, compared with ${inline(base.ref)} at ${base.commit.slice(0, 12)}, by prescale ${toolVersion}.`,
    ].join('\n'),
    ...charts,
  ];
  return folded('How to read this, and the rest', parts.filter((part) => part !== '').join('\n\n'));
}

/** GitHub reads Markdown inside, after an empty line. */
function folded(summary: string, content: string): string {
  return `<details><summary>${summary}</summary>\n\n${content}\n\n</details>`;
}

function nameOf({ id, title }: DiffRelease): string {
  return `**${escapeMarkdown(shorten(title, LONGEST_TITLE))}** (\`${id}\`)`;
}

function inline(text: string): string {
  return escapeMarkdown(shorten(text, LONGEST_TEXT));
}

function withRest(lines: readonly string[], all: number): string {
  const rest = all - lines.length;
  return [...lines, ...(rest > 0 ? [`- and ${formatCount(rest)} more`] : [])].join('\n');
}
