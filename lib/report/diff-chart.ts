import { fromIso, toIso } from '../capacity/instants';
import type { TargetPlan } from '../capacity/capacity-plan';
import type { DemandTimeline } from '../capacity/demand-timeline';
import { highestOf, valueTicks } from './chart-parts';
import type { CalendarDiff, TargetDiff } from './diff-model';
import { premiereWords } from './diff-words';
import { floorSteps, type Timeline, timelineOf } from './timeline';
import { utcTime } from './times';

const MOST_POINTS = 40;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
/** Seconds between two points; the first that gives few enough is taken. A horizon is at most 366 days. */
const POINT_STEPS = [
  300,
  600,
  900,
  1800,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  4 * DAY,
  7 * DAY,
  14 * DAY,
];
/** A longer chart counts days. */
const LONGEST_IN_HOURS = 3 * DAY;

/** Of the lines before and after: both are seen on white and on black. */
const COLOURS = ['#8b949e', '#2f81f7'] as const;

/** A chart that GitHub draws in a comment, and how to read it. */
export interface MermaidChart {
  readonly text: string;
  /** One sentence. */
  readonly caption: string;
}

/** The span around what differs that is worth showing, within what both plans cover. */
export function chartSpan({ span, before, after }: TargetDiff, asOf: string): { from: number; to: number } | undefined {
  if (!span) return undefined;
  const margin = Math.max(HOUR, MINUTE * Math.ceil((span.to - span.from) / 20 / MINUTE));
  const end = Math.min(fromIso(before.coveredUntil), fromIso(after.coveredUntil));
  return { from: Math.max(fromIso(asOf), span.from - margin), to: Math.min(end, span.to + margin) };
}

/** What demand needs of a target of an environment over a span, in seconds since the epoch. */
export type DemandOf = (environment: string, target: string, from: number, to: number) => DemandTimeline;

/**
 * Demand and floors of each target whose floors differ, those before beside them, over the span in which any does; where none differs, of the first
 * target over what is planned.
 */
export function diffTimelines(diff: CalendarDiff, demandOf: DemandOf): Timeline[] {
  const all = diff.environments
    .toReversed()
    .flatMap((environment) => environment.targets.map((target) => ({ environment, target })));
  const changed = all.filter(({ target }) => target.span);
  const shown = changed.length > 0 ? changed : all.slice(0, 1);
  const spans = shown.map(
    ({ target }) =>
      chartSpan(target, diff.asOf) ?? { from: fromIso(diff.asOf), to: fromIso(target.after.coveredUntil) },
  );
  // One time scale for all, so that they are read below each other.
  const [from, to] = [Math.min(...spans.map((span) => span.from)), Math.max(...spans.map((span) => span.to))];
  return shown.map(({ environment: { name, after }, target }) => {
    const timeline = timelineOf(diff, after, demandOf(name, target.id, from, to));
    const coveredUntil = Math.min(timeline.coveredUntil, fromIso(target.before.coveredUntil));
    return { ...timeline, coveredUntil, before: floorSteps(target.before, from, Math.min(to, coveredUntil)) };
  });
}

/**
 * Floors of one target before and after as a Mermaid `xychart-beta`, over the span in which they differ; undefined when they do not.
 *
 * The axis counts hours from the premiere when one release changed, else hours or days from the beginning of a day in UTC. A point is the highest
 * floor from halfway to the point before until halfway to the next, so that no peak is lost.
 */
export function renderMermaidChart(
  diff: CalendarDiff,
  environment: string,
  target: TargetDiff,
): MermaidChart | undefined {
  const span = chartSpan(target, diff.asOf);
  if (!span) return undefined;
  const step = POINT_STEPS.find((seconds) => (span.to - span.from) / seconds <= MOST_POINTS - 2) ?? POINT_STEPS.at(-1)!;
  const origin = originOf(diff, span);
  const [unit, unitSeconds] = span.to - span.from > LONGEST_IN_HOURS ? ['days', DAY] : ['hours', HOUR];
  // Points lie on a grid through the origin; before the plan and after it floors are what they are at its ends.
  const first = Math.floor((span.from - origin.at) / step);
  const last = Math.ceil((span.to - origin.at) / step);
  const points = Array.from({ length: last - first + 1 }, (_, index) => origin.at + (first + index) * step);
  const floors = (plan: TargetPlan): number[] =>
    points.map((at) => highestOf(floorSteps(plan, at - step / 2, at + step / 2).map(([, value]) => value)));
  const [before, after] = [floors(target.before), floors(target.after)];
  const ticks = valueTicks(highestOf([...before, ...after]));
  const top = ticks.at(-1)! + (ticks[1]! - ticks[0]!);
  const x = (index: number): number => Math.round(((points[index]! - origin.at) / unitSeconds) * 100) / 100;
  const lines = [
    '---',
    'config:',
    '  xyChart:',
    '    width: 860',
    '    height: 320',
    '  themeVariables:',
    '    xyChart:',
    `      plotColorPalette: "${COLOURS.join(', ')}"`,
    '---',
    'xychart-beta',
    `  title "${environment}, ${target.id}: floor before (grey) and after (blue)"`,
    `  x-axis "${unit} from ${origin.words}" ${x(0)} --> ${x(points.length - 1)}`,
    `  y-axis "${target.unit}s" 0 --> ${top}`,
    `  line [${before.join(', ')}]`,
    `  line [${after.join(', ')}]`,
  ];
  return {
    text: `${lines.join('\n')}\n`,
    caption: `each point is the highest floor of the ${stepWords(step)} around it.`,
  };
}

function originOf(
  { releases: { added, changed, moved, removed } }: CalendarDiff,
  { from, to }: { readonly from: number; readonly to: number },
): { readonly at: number; readonly words: string } {
  const all = [...added, ...changed, ...moved, ...removed];
  const [only] = all;
  const at = only && fromIso(only.premiereAt);
  if (only && at !== undefined && all.length === 1 && from <= at && at < to) {
    return { at, words: `the premiere, ${premiereWords(only)}` };
  }
  const midnight = Math.floor(from / DAY) * DAY;
  return { at: midnight, words: `${utcTime(toIso(midnight))} UTC` };
}

function stepWords(seconds: number): string {
  const [count, unit] =
    seconds >= DAY ? [seconds / DAY, 'day'] : seconds >= HOUR ? [seconds / HOUR, 'hour'] : [seconds / 60, 'minute'];
  return count === 1 ? unit : `${count} ${unit}s`;
}
