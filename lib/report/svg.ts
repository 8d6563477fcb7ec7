import { toIso } from '../capacity/instants';
import { utcTime } from './times';

export const WIDTH = 900;
/** Left and right edge of every plot. */
export const PLOT = { left: 64, right: 876 } as const;

/** Seconds between two ticks; the first that gives few enough is taken. */
const TIME_STEPS = [
  60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_419_200,
];
const MOST_TIME_TICKS = 12;
const MOST_VALUE_TICKS = 6;

/** Colours that stay apart in print and for colour-blind readers; the second set is for dark surroundings. */
const LIGHT = {
  ground: '#ffffff',
  text: '#1f2328',
  muted: '#59636e',
  grid: '#d8dee4',
  demand: '#e09b2d',
  floor: '#0b62c4',
  other: '#a3357a',
};
const DARK: typeof LIGHT = {
  ground: '#0d1117',
  text: '#e6edf3',
  muted: '#9aa4af',
  grid: '#2d333b',
  demand: '#d2922b',
  floor: '#62aeff',
  other: '#ee8fca',
};

/** One set of the colours. */
export type Palette = Readonly<typeof LIGHT>;

/** A selector and what holds for it. */
export type Rule = readonly [selector: string, rule: string];

/** A value from an instant on, in seconds since the epoch. */
export interface Step {
  readonly at: number;
  readonly value: number;
}

/** Where instants and values are in the drawing, and the edges of the plot. */
export interface Frame {
  readonly x: (at: number) => number;
  readonly y: (value: number) => number;
  readonly top: number;
  readonly bottom: number;
}

/** The place of an instant between the edges of a plot that shows `[from, to)`. */
export function timeScale(from: number, to: number): (at: number) => number {
  return (at) => PLOT.left + ((at - from) / (to - from)) * (PLOT.right - PLOT.left);
}

/**
 * A drawing that needs nothing else, and says what it shows to those who cannot see it. Its ground is the first of what is drawn.
 *
 * @param scope id of the drawing: a page may hold several, and styles of its own
 * @param shapes and colours of this drawing, besides the common ones
 */
export function svgDocument(
  scope: string,
  height: number,
  words: { readonly title: string; readonly desc: string },
  styles: { readonly shapes: readonly Rule[]; readonly colours: (palette: Palette) => readonly Rule[] },
  drawn: readonly string[],
): string {
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" id="${scope}" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="${scope}-title ${scope}-desc">`,
    `<title id="${scope}-title">${escapeXml(words.title)}</title>`,
    `<desc id="${scope}-desc">${escapeXml(words.desc)}</desc>`,
    `<style>${stylesheet(`#${scope}`, styles.shapes, styles.colours)}</style>`,
    ...drawn,
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

/** What the drawing stands on. */
export function ground(height: number): string {
  return `<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>`;
}

/** The id of a drawing, and of its parts, made from what it is of. */
export function scopeOf(...names: readonly string[]): string {
  return names.join('-').replaceAll(/[^A-Za-z0-9]+/g, '-');
}

/** A path along the steps, each until the next one; empty for none. */
export function stairs(steps: readonly Step[], until: number, { x, y }: Frame): string {
  if (steps.length === 0) return '';
  let path = `M${round(x(steps[0]!.at))} ${round(y(steps[0]!.value))}`;
  for (const [index, { at, value }] of steps.entries()) {
    if (index > 0 && value !== steps[index - 1]!.value) path += `H${round(x(at))}V${round(y(value))}`;
  }
  return `${path}H${round(x(until))}`;
}

/** The same as an area. It is closed outside of the plot, so that only the curve itself is outlined: clip it. */
export function stairsArea(steps: readonly Step[], until: number, frame: Frame): string {
  const path = stairs(steps, until, frame);
  return `${path}h4V${frame.bottom + 4}H${PLOT.left - 4}V${round(frame.y(steps[0]!.value))}Z`;
}

/** Ticks and labels in UTC below a plot. */
export function timeAxis(from: number, to: number, { x, top, bottom }: Frame): string[] {
  const step = TIME_STEPS.find((seconds) => (to - from) / seconds <= MOST_TIME_TICKS) ?? TIME_STEPS.at(-1)!;
  const first = step * Math.ceil(from / step);
  const lines = [`<path class="axis" d="M${PLOT.left} ${bottom}H${PLOT.right}"/>`];
  let before = '';
  for (let at = first; at < to; at += step) {
    const tick = round(x(at));
    const day = utcTime(toIso(at)).slice(0, 10);
    const [label, below] = step < 86_400 ? [utcTime(toIso(at)).slice(11), day] : [day.slice(5), day.slice(0, 4)];
    lines.push(
      `<path class="grid" d="M${tick} ${top}V${bottom + 5}"/>`,
      text(tick, bottom + 19, label, 'muted middle'),
    );
    if (below !== before) lines.push(text(tick, bottom + 34, below, 'muted middle'));
    before = below;
  }
  lines.push(text(PLOT.left - 24, bottom + 19, 'UTC', 'muted end'));
  return lines;
}

/** Lines across a plot at these values, with their labels on its left. */
export function valueAxis(values: readonly number[], { y }: Frame, label: (value: number) => string): string[] {
  return values.map((value) => {
    const at = round(y(value));
    const line = `<path class="grid" d="M${PLOT.left} ${at}H${PLOT.right}"/>`;
    return line + text(PLOT.left - 8, at + 4, label(value), 'muted end');
  });
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

/** Marks and their names in a row. A mark is drawn as a line or as a small area, by its class. */
export function legend(
  entries: readonly { readonly name: string; readonly mark: string; readonly isLine: boolean }[],
  at: number,
): string[] {
  let left: number = PLOT.left;
  return entries.flatMap(({ name, mark, isLine }) => {
    const start = round(left);
    left += 34 + textWidth(name) + 14;
    const shape = isLine
      ? `<path class="${mark}" d="M${start} ${at - 4}h26"/>`
      : `<rect class="${mark}" x="${start}" y="${at - 10}" width="26" height="12"/>`;
    return [shape, text(start + 34, at, name)];
  });
}

export function text(x: number, y: number, content: string, classes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${classes && ` class="${classes}"`}>${escapeXml(content)}</text>`;
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

export function round(coordinate: number): number {
  return Math.round(coordinate * 10) / 10;
}

/** Rules of one drawing alone. */
function stylesheet(scope: string, shapes: readonly Rule[], colours: (palette: Palette) => readonly Rule[]): string {
  const css = (list: readonly Rule[]): string =>
    list.map(([selector, rule]) => `${scope} ${selector}{${rule}}`).join('');
  const common: Rule[] = [
    ['text', 'font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums'],
    ['.heading', 'font-size:16px;font-weight:600'],
    ['.strong', 'font-weight:600'],
    ['.number', 'font-weight:600'],
    ['.middle', 'text-anchor:middle'],
    ['.end', 'text-anchor:end'],
    ['.halo', 'paint-order:stroke;stroke-width:3px;stroke-linejoin:round'],
    ['path', 'fill:none'],
  ];
  const rules = (palette: Palette): Rule[] => [
    ['.ground', `fill:${palette.ground}`],
    ['text', `fill:${palette.text}`],
    ['.muted', `fill:${palette.muted}`],
    ['.number', `fill:${palette.floor}`],
    ['.halo', `stroke:${palette.ground}`],
    ['.grid', `stroke:${palette.grid}`],
    ['.axis', `stroke:${palette.muted}`],
    ...colours(palette),
  ];
  return `${css([...common, ...shapes])}${css(rules(LIGHT))}@media(prefers-color-scheme:dark){${css(rules(DARK))}}`;
}

/** Markup is escaped; what XML cannot hold at all becomes a replacement character. */
function escapeXml(content: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return content
    .replaceAll(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => entities[character]!);
}
