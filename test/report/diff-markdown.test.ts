import { escapeMarkdown, renderDiffMarkdown, renderFailedDiffMarkdown } from '../../lib/report/diff-markdown';
import type { CalendarDiff, DiffRelease, RehearsedRelease } from '../../lib/report/diff-model';
import { diffEnvironments } from '../../lib/report/diff-model';
import { renderDiffTable } from '../../lib/report/diff-table';
import { diffVerdict } from '../../lib/report/diff-verdict';
import { at, environment, plan, release } from '../capacity/fixtures';

const AS_OF = '2025-12-28T00:00:00Z';
const ZERO_WIDTH = '\u200B';

const entry = (fields: Partial<DiffRelease> = {}): DiffRelease => ({
  id: 'a',
  title: 'A',
  kind: 'finale',
  status: 'confirmed',
  premiereAt: '2026-01-01T01:00:00Z',
  premiereZone: 'America/Los_Angeles',
  changes: [],
  ...fields,
});

const rehearsal = (happened: number, high: number, outageBudget = 0.01): RehearsedRelease => ({
  target: 'us-east-1/playback',
  release: 'a',
  outage: { draws: 200, happened, estimate: happened / 200, low: 0, high },
  outageBudget,
});

/** The release `a` is added to an empty calendar of prod. */
function diffWith(fields: Partial<CalendarDiff> = {}, rehearsals?: readonly RehearsedRelease[]): CalendarDiff {
  const [before, after] = [
    plan([], AS_OF),
    plan([release({ id: 'a', premiereAt: at('2026-01-01T01:00:00Z') })], AS_OF),
  ];
  return {
    asOf: AS_OF,
    toolVersion: 'test',
    base: { ref: 'origin/main', commit: 'a'.repeat(40), calendarDigest: '' },
    head: { calendarDigest: '' },
    releases: { added: [entry()], changed: [], moved: [], removed: [] },
    environments: diffEnvironments(before, after, [environment()]).map((one) => ({
      ...one,
      ...(rehearsals && { rehearsals }),
    })),
    problems: [],
    ...fields,
  };
}

describe('text of a calendar in a comment', () => {
  test.each([
    ['a | b', String.raw`a \| b`],
    ['<img src=x onerror=alert(1)> & &lt;', '&lt;img src=x onerror=alert(1)&gt; &amp; &amp;lt;'],
    ['`code` *bold* _it_ ~no~ [a](b) $x$ \\', String.raw`\`code\` \*bold\* \_it\_ \~no\~ \[a\](b) \$x\$ ` + '\\\\'],
    ['@everybody, see #12 and GH-12', `@${ZERO_WIDTH}everybody, see #${ZERO_WIDTH}12 and GH${ZERO_WIDTH}-12`],
    [
      'https://example.com www.example.com :tada:',
      `https:${ZERO_WIDTH}//example.com www${ZERO_WIDTH}.example.com :${ZERO_WIDTH}tada:`,
    ],
    ['one\ntwo\r\nthree\u2028four', 'one two three four'],
    ['from left \u202Eto right', 'from left  to right'],
    ['at 17:00: the finale', 'at 17:00: the finale'],
  ])('%j is shown as it is', (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });

  test('stays on its line, wherever it comes from', () => {
    const evil = 'x\n\n| @a | <b>\n```\n</details>';
    const changes = [{ field: 'title', before: evil, after: evil }];
    const { added } = { added: [entry({ title: evil })] };
    const comment = renderDiffMarkdown(
      diffWith({
        base: { ref: evil, commit: 'a'.repeat(40), calendarDigest: '' },
        releases: { added, removed: [], changed: [entry({ changes })], moved: [] },
        problems: [{ severity: 'error', code: 'diff/x', message: evil, mend: evil }],
      }),
    );
    expect(comment).not.toMatch(/@a|<b>|^\| \\?@/m);
    expect(comment.match(/```/g)).toHaveLength(2);
    expect(comment.match(/<details>/g)).toHaveLength(comment.match(/<\/details>/g)!.length);
  });
});

describe('the comment', () => {
  test('fits into one of GitHub, however many entries change', () => {
    const added = Array.from({ length: 1000 }, (_, index) => entry({ id: `release-${index}`, title: 'T'.repeat(500) }));
    const problems = added.map(({ title }) => ({
      severity: 'error' as const,
      code: 'diff/x',
      message: title,
      mend: title,
    }));
    const comment = renderDiffMarkdown(
      diffWith({ releases: { added, changed: [], moved: [], removed: [] }, problems }),
    );
    expect(comment.length).toBeLessThan(65_536);
    expect(comment).toContain('<summary>995 more</summary>');
    expect(comment).toContain('- and 940 more\n');
    expect(renderFailedDiffMarkdown(problems).length).toBeLessThan(65_536);
  });
});

describe('the verdict', () => {
  test.each([
    ['none', undefined, '90 days.'],
    ['no outage', [rehearsal(0, 0.015)], 'no outage in 200 rehearsals.'],
    ['no outage of several', [rehearsal(0, 0.015), rehearsal(0, 0.015)], 'no outage in 200 rehearsals each.'],
    ['some, surely below the budget', [rehearsal(1, 0.03, 0.05)], 'within the outage budget.'],
    ['some, perhaps above it', [rehearsal(1, 0.03)], 'the outage budget is not exceeded.'],
    ['too many', [rehearsal(0, 0.015), rehearsal(5, 0.06)], 'above the outage budget in prod.'],
  ])('ends with what was rehearsed: %s', (_, rehearsals, end) => {
    const verdict = diffVerdict(diffWith({}, rehearsals));
    expect(verdict.endsWith(` ${end}`)).toBe(true);
  });

  test.each([
    ['one of two', ['prod'], 'prod does not plan it yet', 'no outage in 200 rehearsals in staging.'],
    ['both', ['prod', 'staging'], 'prod and staging do not plan it yet', 'brings it in).'],
  ])('names the environments that do not plan the release yet: %s', (_, deferring, words, end) => {
    const base = diffWith();
    const [prod] = base.environments;
    const named = ['staging', 'prod'].map((name) => {
      const isDeferred = deferring.includes(name);
      const targets = prod!.targets.map((target) => ({
        ...target,
        after: { ...target.after, deferred: isDeferred ? ['a'] : [] },
      }));
      const after = { ...prod!.after, releases: isDeferred ? [] : prod!.after.releases };
      return { ...prod!, name, targets, after, ...(!isDeferred && { rehearsals: [rehearsal(0, 0.015)] }) };
    });
    const diff = { ...base, environments: named };
    expect(diffVerdict(diff)).toContain(`; ${words} (beyond what one plan holds; a later deploy brings it in)`);
    expect(diffVerdict(diff).endsWith(` ${end}`)).toBe(true);
    const isRehearsed = deferring.length === 1;
    for (const text of [renderDiffMarkdown(diff), renderDiffTable(diff)]) {
      expect(/^(\| )?prod .*not planned/m.test(text)).toBe(isRehearsed);
      expect(text).not.toMatch(/^(\| )?staging .*not planned/m);
      // The premiere is four days ahead: there is no earlier plan to look at.
      expect(text).not.toContain('to see it');
    }
  });

  test('counts the releases that are not planned yet, and says which were rehearsed', () => {
    const base = diffWith({ releases: { added: [entry(), entry({ id: 'b' })], changed: [], moved: [], removed: [] } });
    const environments = base.environments.map((one) => ({
      ...one,
      targets: one.targets.map((target) => ({ ...target, after: { ...target.after, deferred: ['b', 'other'] } })),
      rehearsals: [rehearsal(0, 0.015)],
    }));
    const diff = { ...base, environments };
    expect(diffVerdict(diff)).toContain('prod does not plan 1 of them yet (');
    expect(renderDiffMarkdown(diff)).toContain('budget 1 %; 1 not planned |');
  });

  test.each([
    ['the day', '2026-03-13T01:00:00Z', '2026-03-14T01:00:00Z', '12 to 13 March 2026'],
    ['the month', '2026-03-31T01:00:00Z', '2026-04-02T01:00:00Z', '30 March 2026 to 1 April 2026'],
    ['the hour', '2026-03-13T01:00:00Z', '2026-03-13T02:30:00Z', '20:00 to 21:30 on 12 March 2026'],
  ])('says from when to when a release moved: another %s', (_, from, premiereAt, words) => {
    const premiereZone = 'America/Chicago';
    const movedFrom = { premiereAt: from, premiereZone, announced: false };
    const moved = [entry({ premiereAt, premiereZone, movedFrom })];
    expect(diffVerdict(diffWith({ releases: { added: [], changed: [], moved, removed: [] } }))).toContain(
      `1 release moved from ${words}: `,
    );
  });

  test('counts what changed, and errors first', () => {
    const some = [entry(), entry()];
    const problems = [{ severity: 'error' as const, code: 'diff/x', message: 'x' }];
    expect(
      diffVerdict(diffWith({ problems, releases: { added: [], changed: some, moved: some, removed: some } })),
    ).toMatch(
      /^1 error\. 2 releases moved, 2 changed, 2 removed: the highest floor of prod goes from 120 to 972 tasks on 1 January 2026; \d+ USD more over 90 days\.$/,
    );
  });
});
