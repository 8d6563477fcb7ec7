import fc from 'fast-check';
import type { Release } from '../../lib/calendar/release';
import { compareReleases } from '../../lib/commands/diff-releases';
import { floorAt } from '../../lib/capacity/floor-at';
import { fromIso } from '../../lib/capacity/instants';
import { renderMermaidChart } from '../../lib/report/diff-chart';
import { type CalendarDiff, changedCount, diffEnvironments, mostChanged } from '../../lib/report/diff-model';
import { diffVerdict } from '../../lib/report/diff-verdict';
import { EPOCH, oneRelease } from '../capacity/arbitraries';
import { environment, plan, release } from '../capacity/fixtures';

const AS_OF = new Date(EPOCH * 1000).toISOString().replace('.000', '');

const releases = fc
  .array(oneRelease, { maxLength: 4 })
  .map((list) => list.map((fields, index) => release({ ...fields, id: `release-${index}` })));

/** What `diff` makes of two calendars, without git. */
function diffOf(before: readonly Release[], after: readonly Release[]): CalendarDiff {
  const [old, now] = [plan(before, AS_OF), plan(after, AS_OF)];
  return {
    asOf: AS_OF,
    toolVersion: 'test',
    base: { ref: 'main', commit: 'a'.repeat(40), calendarDigest: '' },
    head: { calendarDigest: '' },
    releases: compareReleases(before, after, [environment()]),
    environments: diffEnvironments(old, now, [environment()]),
    problems: [],
  };
}

/** The numbers of the chart's lines: before and after. */
const linesOf = (text: string): number[][] =>
  [...text.matchAll(/^ {2}line \[(.*)\]$/gm)].map(([, numbers]) => numbers!.split(', ').map(Number));

test('a calendar does not differ from itself in another order', () => {
  fc.assert(
    fc.property(releases, (list) => {
      const diff = diffOf(list, list.toReversed());
      expect(changedCount(diff.releases)).toBe(0);
      expect(mostChanged(diff.environments)).toBeUndefined();
      expect(diff.environments[0]!.findings).toEqual({ removed: [], added: [] });
      expect(diff.environments[0]!.targets[0]!.actions).toEqual({ removed: [], added: [] });
      expect(diffVerdict(diff)).toMatch(/^No difference: /);
    }),
    { numRuns: 20 },
  );
});

test('each entry is told of once, and told the other way round what was added is removed', () => {
  fc.assert(
    fc.property(releases, releases, (before, after) => {
      const ids = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id).sort();
      const [there, back] = [diffOf(before, after).releases, diffOf(after, before).releases];
      expect([ids(there.added), ids(there.removed)]).toEqual([ids(back.removed), ids(back.added)]);
      expect([ids(there.moved), ids(there.changed)]).toEqual([ids(back.moved), ids(back.changed)]);
      const all = Object.values(there).flatMap(ids);
      expect(new Set(all).size).toBe(all.length);
    }),
    { numRuns: 20 },
  );
});

test('the chart has at most 40 points, loses no peak, and spans all that differs', () => {
  fc.assert(
    fc.property(releases, releases, (before, after) => {
      const diff = diffOf(before, after);
      const [target] = diff.environments[0]!.targets;
      const chart = renderMermaidChart(diff, 'prod', target!);
      expect(chart === undefined).toBe(target!.span === undefined);
      if (!chart) return;
      const { from, to } = target!.span!;
      const lines = linesOf(chart.text);
      for (const [index, of] of [target!.before, target!.after].entries()) {
        const instants = [from, ...of.actions.map(({ at }) => fromIso(at)).filter((at) => at > from && at < to)];
        expect(Math.max(...lines[index]!)).toBeGreaterThanOrEqual(Math.max(...instants.map((at) => floorAt(of, at))));
        expect(lines[index]!.length).toBeLessThanOrEqual(40);
      }
      expect(lines[0]).toHaveLength(lines[1]!.length);
      const end = Math.min(fromIso(target!.before.coveredUntil), fromIso(target!.after.coveredUntil));
      expect(to).toBeLessThanOrEqual(end);
      // Outside of the span the floors are the same.
      for (const { at } of [...target!.before.actions, ...target!.after.actions]) {
        const seconds = fromIso(at);
        if (seconds >= end || (seconds >= from && seconds < to)) continue;
        expect(floorAt(target!.before, seconds)).toBe(floorAt(target!.after, seconds));
      }
    }),
    { numRuns: 30 },
  );
});

test('the axis of the chart counts from the one premiere, else from a midnight', () => {
  const axisOf = (...after: Release[]): string => {
    const diff = diffOf([], after);
    return /x-axis (.*)/.exec(renderMermaidChart(diff, 'prod', diff.environments[0]!.targets[0]!)!.text)![1]!;
  };
  const first = release({ id: 'first', premiereAt: EPOCH + 5 * 86_400, premiereZone: 'Asia/Dhaka' });
  expect(axisOf(first)).toBe('"hours from the premiere, 2027-01-06 06:00 Dhaka (2027-01-06 00:00 UTC)" -2.25 --> 5');
  expect(axisOf(first, release({ id: 'second', premiereAt: EPOCH + 12 * 86_400 }))).toBe(
    '"days from 2027-01-05 00:00 UTC" 0.5 --> 8.75',
  );
});
