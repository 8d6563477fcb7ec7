import type { EChartsOption, LineSeriesOption, XAXisComponentOption, YAXisComponentOption } from 'echarts';
import { toIso } from '../capacity/instants';
import { utcTime } from './times';
import type { Steps } from './timeline';

/** Left and right of every plot, in pixels. */
export const PLOT = { left: 64, right: 24 } as const;
/** Of the time axis below a plot in UTC, in pixels: times, and dates below them. */
export const AXIS_HEIGHT = 44;
/** Of each row of them. */
const AXIS_ROW_HEIGHT = 15;
/** From the plot to the first row. */
const AXIS_MARGIN = 12;
/** From the plot to the name of a clock that stands on the left of the first label. */
const CLOCK_GAP = 25;
/** From the left edge to whatever begins there. */
const EDGE = 4;

const DAY = 86_400;
const WEEK = 7 * DAY;
/** Weeks begin here, the first Monday since the epoch. */
const MONDAY = 4 * DAY;
/** Seconds between two ticks; the first that gives few enough is taken. */
const TIME_STEPS = [
  60,
  300,
  900,
  1800,
  3600,
  7200,
  10_800,
  21_600,
  43_200,
  DAY,
  2 * DAY,
  WEEK,
  2 * WEEK,
  4 * WEEK,
  8 * WEEK,
];
const MOST_TIME_TICKS = 12;
const TICK_WIDTH = 67;
const MOST_VALUE_TICKS = 6;

/** Without quotes, which would end the attribute that echarts writes it into. */
export const FONT = 'system-ui,-apple-system,Segoe UI,Roboto,sans-serif';

/** Colours that stay apart in print and for colour-blind readers; the second set is for dark surroundings. */
export const LIGHT = {
  ground: '#ffffff',
  text: '#1f2328',
  muted: '#59636e',
  grid: '#d8dee4',
  demand: '#e09b2d',
  floor: '#0b62c4',
  other: '#a3357a',
};
type Colour = keyof typeof LIGHT;
export type Palette = Readonly<Record<Colour, string>>;
export const DARK: Palette = {
  ground: '#0d1117',
  text: '#e6edf3',
  muted: '#9aa4af',
  grid: '#2d333b',
  demand: '#d2922b',
  floor: '#62aeff',
  other: '#ee8fca',
};

/** What of a chart is shown, and how wide. */
export interface View {
  /** Seconds since the epoch; the half-open span that is seen. */
  readonly from: number;
  readonly to: number;
  /** Pixels. */
  readonly width: number;
  /** An instant as the reader's clock shows it, as `2026-01-01 01:00`. @default in UTC */
  readonly label?: (at: number) => string;
  /** The short name of that clock. @default `UTC` */
  readonly clock?: string;
}

/** What echarts draws, and how high. Heading and legend are for whoever shows it. */
export interface Chart {
  readonly option: EChartsOption;
  /** Pixels. */
  readonly height: number;
}

/** How one thing is drawn, and what a legend calls it. */
export interface Mark {
  readonly name: string;
  readonly colour: Colour;
  /** Of the line, in pixels; zero for none. */
  readonly width: number;
  readonly lineOpacity?: number;
  /** Lengths of strokes and gaps. */
  readonly dash?: readonly number[];
  /** Of the area below; absent where none is filled. */
  readonly opacity?: number;
}

/** A text at a place beside a line of `marks`. */
interface Label {
  readonly text: string;
  readonly colour: Colour;
  readonly bold?: boolean;
  readonly align?: 'left' | 'right' | 'center';
  /** Pixels from where its line ends. */
  readonly offset: readonly [x: number, y: number];
}

/** From a point of the plot to another one, or straight to a height in pixels below the top of the drawing. */
export interface Line {
  readonly from: readonly [at: number, value: number];
  readonly to: { readonly y: number } | readonly [at: number, value: number];
  /** Where none is drawn, the line places its label. */
  readonly isDrawn: boolean;
  readonly label?: Label;
}

type MarkLines = NonNullable<LineSeriesOption['markLine']>;

/** The custom properties that charts are drawn in, for light and for dark surroundings; print is light. */
export function chartColours(selector: string): string {
  const rule = (palette: Palette): string => {
    const properties = Object.entries(palette).map(([name, value]) => `--chart-${name}:${value}`);
    return `${selector}{${properties.join(';')}}`;
  };
  return `${rule(LIGHT)}@media screen and (prefers-color-scheme:dark){${rule(DARK)}}`;
}

/** A colour as the custom property that holds it. */
export function colour(name: Colour): string {
  return `var(--chart-${name})`;
}

/** Where an instant is across, in pixels. */
export function timeScale({ from, to, width }: View): (at: number) => number {
  return (at) => PLOT.left + ((at - from) / (to - from)) * (width - PLOT.left - PLOT.right);
}

/** Points of a curve; there is none to the next one where the value is null. */
export type Points = readonly (readonly [at: number, value: number | null])[];

/** A curve of steps. It is silent: what is below the pointer is said for all curves at once. */
export function curve(id: string, { name, colour: of, width, lineOpacity, dash, opacity }: Mark, data: Points) {
  return {
    id,
    name,
    type: 'line',
    // Each value holds until the next one.
    step: 'end',
    data: data.map(([at, value]) => [at, value]),
    symbol: 'none',
    silent: true,
    animation: false,
    emphasis: { disabled: true },
    lineStyle: {
      color: colour(of),
      width,
      opacity: width > 0 ? (lineOpacity ?? 1) : 0,
      type: dash ? [...dash] : 'solid',
      join: 'round',
    },
    ...(opacity !== undefined && { areaStyle: { color: colour(of), opacity, origin: 'start' } }),
  } satisfies LineSeriesOption;
}

/** The points of steps within a span, the last value held until it ends. */
export function pointsOf(
  steps: Steps,
  until: number,
  { from, to }: { readonly from: number; readonly to: number },
): Steps {
  const end = Math.min(until, to);
  const inside = steps.filter(([at]) => at > from && at < end);
  const first = steps.findLast(([at]) => at <= from);
  const points = first ? [[from, first[1]] as const, ...inside] : inside;
  const last = points.at(-1);
  return last && end > from ? [...points, [end, last[1]]] : [];
}

/** Straight lines and texts of a plot. */
export function marks(lines: readonly Line[]): MarkLines {
  return {
    silent: true,
    animation: false,
    symbol: 'none',
    emphasis: { disabled: true },
    data: lines.map(({ from, to, isDrawn, label }) => [
      {
        coord: [...from],
        lineStyle: isDrawn ? { color: colour('text'), width: 1, type: [2, 3] } : { width: 0, opacity: 0 },
        label: label ? textOf(label, 'y' in to) : { show: false },
      },
      'y' in to ? { coord: [...from], y: to.y } : { coord: [...to] },
    ]),
  };
}

function textOf({ text, colour: of, bold, align = 'left', offset }: Label, isAtEnd: boolean) {
  return {
    show: true,
    position: isAtEnd ? ('end' as const) : ('middle' as const),
    distance: 0,
    // A function: a text could be taken for a template.
    formatter: () => text,
    color: colour(of),
    opacity: 1,
    fontSize: 12,
    fontWeight: bold ? 600 : 400,
    align,
    verticalAlign: 'middle' as const,
    offset: [...offset],
    textBorderColor: colour('ground'),
    textBorderWidth: 3,
  };
}

/** Of the time axis below a plot by any clock, in pixels. */
export function axisHeight(view: View): number {
  return AXIS_HEIGHT + (isClockBeside(view) ? 0 : AXIS_ROW_HEIGHT);
}

/** The name of the clock is short enough to stand on the left of the times; else it has a row of its own, below the dates. */
function isClockBeside({ clock = 'UTC' }: View): boolean {
  return textWidth(clock) <= PLOT.left - CLOCK_GAP - EDGE;
}

/** Time along a plot, with ticks at round times of the reader's clock; dates stand below the times, where they change. */
export function timeAxis(view: View): XAXisComponentOption {
  const ticks = timeTicks(view);
  const labels = new Map(ticks.map(({ at, label }) => [at, label]));
  const instants = [...labels.keys()];
  const isBeside = isClockBeside(view);
  return {
    type: 'value',
    min: view.from,
    max: view.to,
    axisLine: { onZero: false, lineStyle: { color: colour('muted') } },
    axisTick: { show: true, customValues: instants, lineStyle: { color: colour('grid') } },
    splitLine: { show: true, lineStyle: { color: colour('grid') } },
    axisLabel: {
      customValues: instants,
      formatter: (at: number) => labels.get(at) ?? '',
      color: colour('muted'),
      fontSize: 12,
      lineHeight: AXIS_ROW_HEIGHT,
      margin: AXIS_MARGIN,
      hideOverlap: false,
    },
    name: view.clock ?? 'UTC',
    nameLocation: 'start',
    nameGap: isBeside ? CLOCK_GAP : PLOT.left - EDGE,
    nameMoveOverlap: false,
    nameTextStyle: {
      color: colour('muted'),
      fontSize: 12,
      lineHeight: AXIS_ROW_HEIGHT,
      align: isBeside ? 'right' : 'left',
      verticalAlign: 'top',
      padding: [isBeside ? AXIS_MARGIN : AXIS_MARGIN + 2 * AXIS_ROW_HEIGHT, 0, 0, 0],
    },
  };
}

/** Units or requests beside a plot, from zero to `top`. */
export function valueAxis(
  ticks: readonly number[],
  top: number,
  label: (value: number) => string,
): YAXisComponentOption {
  return {
    type: 'value',
    min: 0,
    max: top,
    axisLine: { show: false },
    axisTick: { show: false, customValues: [...ticks] },
    splitLine: { show: true, lineStyle: { color: colour('grid') } },
    axisLabel: { customValues: [...ticks], formatter: label, color: colour('muted'), fontSize: 12, margin: 8 },
  };
}

interface TimeTick {
  readonly at: number;
  readonly label: string;
}

/** Round times of the reader's clock, few enough to be read. */
export function timeTicks(view: View): TimeTick[] {
  const { from, to, width, label = utcLabel } = view;
  const most = Math.max(2, Math.min(MOST_TIME_TICKS, Math.floor((width - PLOT.left - PLOT.right) / TICK_WIDTH)));
  const step = TIME_STEPS.find((seconds) => (to - from) / seconds <= most) ?? TIME_STEPS.at(-1)!;
  // What the clock shows, read as if it were UTC: its zone may change the offset in between.
  const offsetAt = (at: number): number =>
    Date.parse(`${label(at).replace(' ', 'T')}:00Z`) / 1000 - 60 * Math.floor(at / 60);
  const phase = step >= WEEK ? MONDAY : 0;
  const ticks: TimeTick[] = [];
  let before = '';
  let shown = phase + step * Math.ceil((from + offsetAt(from) - phase) / step);
  for (; ; shown += step) {
    const at = shown - offsetAt(shown - offsetAt(from));
    if (at >= to) return ticks;
    // An hour that the clock leaves out is no tick.
    if (at < from || at <= (ticks.at(-1)?.at ?? -Infinity)) continue;
    const [day, time] = label(at).split(' ') as [string, string];
    const [above, below] = step < DAY ? [time, day] : [day.slice(5), day.slice(0, 4)];
    ticks.push({ at, label: below === before ? above : `${above}\n${below}` });
    before = below;
  }
}

/** Round numbers from zero on, few enough to be read, up to a tenth above the highest. */
export function valueTicks(highest: number): number[] {
  const magnitude = 10 ** Math.floor(Math.log10(highest / MOST_VALUE_TICKS));
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((n) => n * magnitude).find((n) => highest / n < MOST_VALUE_TICKS)!,
  );
  return Array.from({ length: Math.floor((highest * 1.1) / step) + 1 }, (_, index) => index * step);
}

/** An instant in UTC, as `2026-01-01 01:00`. */
export function utcLabel(at: number): string {
  return utcTime(toIso(at));
}

/** Generous, because the reader's font is not known: ideographs are as wide as the font is high. */
export function textWidth(content: string): number {
  return [...content].reduce((width, character) => width + (character > '\u2e80' ? 12 : 6.8), 0);
}

/** A title of at most so many characters. */
export function shorten(title: string, longest: number): string {
  const characters = [...title];
  return characters.length > longest
    ? `${characters
        .slice(0, longest - 1)
        .join('')
        .trimEnd()}…`
    : title;
}

/** For lists of any length: a call cannot take a hundred thousand arguments. */
export function highestOf(values: readonly number[]): number {
  return values.reduce((highest, value) => Math.max(highest, value), 0);
}
