import { toIso } from '../capacity/instants';
import { formatCount } from '../capacity/words';
import {
  axisHeight,
  type Chart,
  curve,
  FONT,
  highestOf,
  type Line,
  type Mark,
  marks,
  PLOT,
  pointsOf,
  shorten,
  textWidth,
  timeAxis,
  timeScale,
  utcLabel,
  valueAxis,
  valueTicks,
  type View,
} from './chart-parts';
import { localTime, zoneLabel } from './times';
import type { Timeline, TimelineRelease } from './timeline';

const PLOT_HEIGHT = 210;
const LABEL_ROW_HEIGHT = 34;
/** More premieres on top of each other than this are counted; the description names them all. */
const MOST_LABEL_ROWS = 4;
const LONGEST_TITLE = 60;
/** Of the line that counts those without a label. */
const COUNT_HEIGHT = 18;
/** Of more premieres in sight than this, labels stand only where no line runs behind them. */
const MOST_CROSSED = 8;
/** Lines that are closer, in pixels, are drawn as one. */
const LEAST_APART = 3;

/** A mark of what the timeline holds by this key. */
export interface TimelineMark extends Mark {
  readonly key: 'planned' | 'median' | 'floor' | 'before' | 'required';
}

/** What is drawn, from the ground up. */
const LEGEND: readonly TimelineMark[] = [
  {
    key: 'planned',
    name: 'demand at the planning quantile',
    colour: 'demand',
    width: 1,
    lineOpacity: 0.6,
    opacity: 0.25,
  },
  { key: 'median', name: 'demand, median forecast', colour: 'demand', width: 1, opacity: 0.55 },
  { key: 'floor', name: 'floor: registered minimum', colour: 'floor', width: 3 },
  { key: 'before', name: 'floor before the change', colour: 'other', width: 2, dash: [6, 4] },
  { key: 'required', name: 'required', colour: 'text', width: 1.25, dash: [5, 3] },
];

/** The marks of what a timeline holds. */
export function legendOf(timeline: Timeline): TimelineMark[] {
  return LEGEND.filter(({ key }) => timeline[key]).map((mark) =>
    mark.key === 'planned' ? { ...mark, name: `demand at the ${timeline.quantile} quantile` } : mark,
  );
}

/**
 * Demand and floors of one target: demand is a band from the median forecast to the planning quantile; required and
 * floors are steps, drawn where the plan knows them; premieres are lines with labels above the plot.
 *
 * Ticks, labels and numbers are placed for the view: after a zoom, ask again.
 */
export function timelineChart(timeline: Timeline, view: View): Chart {
  const x = timeScale(view);
  const { labels, unnamed } = placeLabels(timeline.releases, view);
  const rows = labels.reduce((most, { row }) => Math.max(most, row + 1), 0);
  const top = (unnamed > 0 ? COUNT_HEIGHT : 0) + rows * LABEL_ROW_HEIGHT + 12;
  const coveredTo = Math.min(timeline.to, timeline.coveredUntil);
  const drawn = legendOf(timeline).map((mark) => {
    const until = mark.opacity === undefined ? coveredTo : timeline.to;
    return { mark, data: pointsOf(timeline[mark.key]!, until, view) };
  });
  const highest = Math.max(1, highestOf(drawn.flatMap(({ data }) => data.map(([, value]) => value))));
  // A tenth of room above, for the number on the highest floor.
  const upperEdge = highest * 1.1;

  const premieres = labels.flatMap(({ at, textX, row, title, when }): Line[] => {
    const base = top - 8 - LABEL_ROW_HEIGHT * row;
    // Without a name it is a mark on the upper edge: many lines would hide the curves.
    if (row < 0) return [{ from: [at, upperEdge], to: { y: top - 6 }, isDrawn: true }];
    const across = textX - x(at);
    // Beside its label where there is room, else from below it.
    const lineTop = across > 0 ? base - 30 : base + 3;
    const label = { colour: 'text', bold: true, text: title, offset: [across, base - 22 - lineTop] } as const;
    return [
      { from: [at, 0], to: { y: lineTop }, isDrawn: true, label },
      {
        from: [at, 0],
        to: { y: lineTop },
        isDrawn: false,
        label: { ...label, bold: false, text: when, offset: [across, base - 7 - lineTop] },
      },
    ];
  });
  const count: Line = {
    from: [view.to, 0],
    to: { y: 10 },
    isDrawn: false,
    label: {
      colour: 'muted',
      text: `and ${formatCount(unnamed)} more ${unnamed === 1 ? 'premiere' : 'premieres'}`,
      align: 'right',
      offset: [0, 0],
    },
  };
  const lines = [...numbersOf(timeline, coveredTo, view), ...premieres, ...(unnamed > 0 ? [count] : [])];
  return {
    option: {
      animation: false,
      textStyle: { fontFamily: FONT },
      grid: { left: PLOT.left, right: PLOT.right, top, height: PLOT_HEIGHT, outerBoundsMode: 'none' },
      xAxis: timeAxis(view),
      yAxis: valueAxis(valueTicks(highest), upperEdge, formatCount),
      // Lines and texts stand above all curves.
      series: drawn.map(({ mark, data }, index) => ({
        ...curve(mark.key, mark, data),
        ...(index === 0 && { markLine: marks(lines) }),
      })),
    },
    height: top + PLOT_HEIGHT + axisHeight(view),
  };
}

/** The chart in words, for those who cannot see it. */
export function describeTimeline(timeline: Timeline): string {
  const { from, to, unit, floor, before, median, planned, quantile, releases } = timeline;
  const premieres = releases.map(({ title, premiereAt, zone }) => {
    return `${title} premieres at ${localTime(toIso(premiereAt), zone)} ${zoneLabel(zone)}, ${utcLabel(premiereAt)} UTC.`;
  });
  const highest = (steps: Timeline['floor']): string => formatCount(highestOf(steps.map(([, value]) => value)));
  return [
    `From ${utcLabel(from)} to ${utcLabel(to)} UTC, in ${unit}s.`,
    ...(premieres.length > 0 ? premieres : ['No release premieres.']),
    `Demand needs at most ${highest(median)} at the median forecast and ${highest(planned)} at the ${quantile} quantile.`,
    floor.length > 0 ? `The floor is ${stepsWords(floor)}.` : 'The plan does not cover this time.',
    ...(before ? [`Before the change it was ${stepsWords(before)}.`] : []),
    noteOf(timeline),
  ].join(' ');
}

/** Why demand may be above the floors when a peak is over. */
export function noteOf({ quantile }: Timeline): string {
  return `Floors hold the ${quantile} quantile from the warm-up until after the peak, then follow the median: target tracking carries what exceeds it.`;
}

/** `120, 947 from 2025-12-31 23:55, …`, in UTC. */
export function stepsWords(steps: Timeline['floor']): string {
  return steps
    .map(([at, value], index) => (index === 0 ? formatCount(value) : `${formatCount(value)} from ${utcLabel(at)}`))
    .join(', ');
}

interface PlacedLabel {
  readonly at: number;
  /** Where its texts begin, in pixels. */
  readonly textX: number;
  /** Rows count from the plot upwards; −1 where there is no room. */
  readonly row: number;
  readonly title: string;
  readonly when: string;
}

/**
 * Right of its line and within the plot, in the lowest row where texts do not overlap and, if that can be, no line runs
 * behind a text. From right to left, because a line comes down on the left of its label.
 */
export function placeLabels(
  releases: readonly TimelineRelease[],
  view: View,
): { readonly labels: readonly PlacedLabel[]; readonly unnamed: number } {
  const { label = utcLabel, clock = 'UTC', width: viewWidth } = view;
  const x = timeScale(view);
  const [left, right] = [PLOT.left, viewWidth - PLOT.right];
  const placed: { row: number; at: number; from: number; to: number }[] = [];
  const labels: PlacedLabel[] = [];
  const seen = releases.filter(({ premiereAt }) => premiereAt >= view.from && premiereAt < view.to);
  let unnamed = 0;
  let lastLine = Infinity;
  for (const release of seen.toReversed()) {
    const { premiereAt, zone, status } = release;
    const full = status === 'tentative' ? `${release.title} (tentative)` : release.title;
    const title = fit(full.replaceAll(/\s/g, ' '), right - left);
    const here = `${label(premiereAt)} ${clock}`;
    const both = `${localTime(toIso(premiereAt), zone)} ${zoneLabel(zone)} · ${here}`;
    const when = zoneLabel(zone) === clock || textWidth(both) > right - left ? here : both;
    const width = Math.max(1.08 * textWidth(title), textWidth(when));
    const at = x(premiereAt);
    const from = Math.max(left, Math.min(at + 6, right - width));
    const to = from + width;
    const isFree = (row: number): boolean =>
      placed.every((other) => other.row !== row || to + 12 <= other.from || from >= other.to + 12);
    const isClear = (row: number): boolean =>
      placed.every((other) => other.row >= row || at <= other.from || at >= other.to) &&
      placed.every((other) => other.row <= row || other.at <= from || other.at >= to);
    const rows = Array.from({ length: MOST_LABEL_ROWS }, (_, row) => row).filter(isFree);
    const row = rows.find(isClear) ?? (seen.length > MOST_CROSSED ? undefined : rows[0]) ?? -1;
    if (row >= 0) placed.push({ row, at, from, to });
    else unnamed += 1;
    if (row < 0 && lastLine - at < LEAST_APART) continue;
    lastLine = at;
    labels.push({ at: premiereAt, textX: from, row, title, when });
  }
  return { labels, unnamed };
}

function fit(title: string, room: number): string {
  let longest = LONGEST_TITLE;
  while (longest > 1 && 1.08 * textWidth(shorten(title, longest)) > room) longest -= 1;
  return shorten(title, longest);
}

/** The number on every floor that is long enough for it, and on the highest one however short it is. */
function numbersOf({ floor }: Timeline, until: number, view: View): Line[] {
  const x = timeScale(view);
  const seen = pointsOf(floor, until, view);
  const highest = highestOf(seen.map(([, value]) => value));
  const highestAt = seen.find(([, value]) => value === highest)?.[0];
  return seen.slice(0, -1).flatMap(([at, value], index): Line[] => {
    const text = formatCount(value);
    const end = seen[index + 1]![0];
    if (x(end) - x(at) < textWidth(text) + 10 && at !== highestAt) return [];
    const label = { text, colour: 'floor', bold: true, align: 'center', offset: [0, -11] } as const;
    return [{ from: [at, value], to: [end, value], isDrawn: false, label }];
  });
}
