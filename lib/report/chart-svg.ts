import { init } from 'echarts';
import { formatCount } from '../capacity/words';
import {
  type Chart,
  DARK,
  FONT,
  LIGHT,
  type Mark,
  type Palette,
  PLOT,
  shorten,
  textWidth,
  utcLabel,
} from './chart-parts';
import type { CalendarDiff } from './diff-model';
import { diffVerdict } from './diff-verdict';
import { rehearsalChart, type RehearsalNight, rehearsalLegend } from './rehearsal-chart';
import type { Timeline } from './timeline';
import { describeTimeline, legendOf, noteOf, stepsWords, timelineChart } from './timeline-chart';

const WIDTH = 900;
/** Of the heading and one line of facts. */
const HEADER_HEIGHT = 54;
const LINE_HEIGHT = 17;
const LEGEND_ROW_HEIGHT = 22;

/** What is drawn below what came before, and how high it is. */
interface Part {
  readonly drawn: (top: number) => string;
  readonly height: number;
}

/**
 * Demand and floors of one target: one self-contained SVG, 900 wide, that a page or a README can show as it is, in light and in dark.
 *
 * Pure: the same input gives the same text.
 */
export function renderTimelineSvg(timeline: Timeline): string {
  const { environment, target, unit, from, to, asOf, baseline, max, coveredUntil } = timeline;
  const scope = scopeOf('timeline', environment, target, utcLabel(from));
  const heading = `${environment}, ${target}: demand and floors`;
  const facts = [
    `${unit}s`,
    `planned as of ${utcLabel(asOf)} UTC`,
    `baseline ${formatCount(baseline)}`,
    `ceiling ${formatCount(max)}`,
    ...(coveredUntil < to ? [`covered until ${utcLabel(coveredUntil)} UTC`] : []),
  ];
  return svgOf(scope, { title: heading, desc: describeTimeline(timeline) }, [
    header(heading, [facts.join(' · ')]),
    drawingOf(timelineChart(timeline, { from, to, width: WIDTH }), scope),
    legend(legendOf(timeline)),
    note(noteOf(timeline)),
  ]);
}

/**
 * The same drawing of each target whose floors a change moves, those before beside them, below each other over one span of time.
 *
 * @param timelines of one span, with `before`
 */
export function renderDiffSvg(diff: CalendarDiff, timelines: readonly Timeline[]): string {
  const { ref, commit } = diff.base;
  const scope = scopeOf('diff', commit.slice(0, 12), diff.head.calendarDigest.slice(-12));
  const heading = `Floors before and after, compared with ${shorten(ref, 60)}`;
  const panels = timelines.map((timeline, index) => {
    const { environment, target, unit, from, to, floor, before } = timeline;
    const name = `${environment}, ${target}, in ${unit}s`;
    return {
      parts: [caption(name), drawingOf(timelineChart(timeline, { from, to, width: WIDTH }), `${scope}-${index}`)],
      words: `${name}: before ${stepsWords(before!)}; after ${stepsWords(floor)}.`,
    };
  });
  const names: Partial<Record<string, string>> = {
    before: `floor before, as at ${shorten(ref, 40)}`,
    floor: 'floor after',
  };
  return svgOf(scope, { title: heading, desc: [diffVerdict(diff), ...panels.map(({ words }) => words)].join(' ') }, [
    header(heading, [`planned as of ${diff.asOf.slice(0, 16).replace('T', ' ')} UTC · ${commit.slice(0, 12)} before`]),
    ...panels.flatMap(({ parts }) => parts),
    legend(legendOf(timelines[0]!).map((mark) => ({ ...mark, name: names[mark.key] ?? mark.name }))),
  ]);
}

/** A night as it was rehearsed, everything as forecast or as asked: one self-contained SVG, 900 wide. Pure. */
export function renderRehearsalSvg(night: RehearsalNight): string {
  const { environment, target, release, from, to, heading, facts, description } = night;
  const scope = scopeOf('rehearsal', environment, target, release);
  return svgOf(scope, { title: heading, desc: description }, [
    header(heading, facts),
    drawingOf(rehearsalChart(night, { from, to, width: WIDTH }), scope),
    legend(rehearsalLegend(night)),
    note(night.note),
  ]);
}

/** Of the parts below each other. What it shows is also said to those who cannot see it. */
function svgOf(
  scope: string,
  words: { readonly title: string; readonly desc: string },
  parts: readonly Part[],
): string {
  let height = 0;
  const drawn = parts.map((part) => {
    const top = height;
    height += part.height;
    return part.drawn(top);
  });
  height += 14;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" id="${scope}" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="${scope}-title ${scope}-desc">`,
    `<title id="${scope}-title">${escapeXml(words.title)}</title>`,
    `<desc id="${scope}-desc">${escapeXml(words.desc)}</desc>`,
    `<style>${stylesheet(`#${scope}`)}</style>`,
    `<rect class="fill-ground" width="${WIDTH}" height="${height}" rx="6"/>`,
    ...drawn,
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

/** Its place in the page is a drawing's alone: others there have styles of their own. */
function stylesheet(scope: string): string {
  const colours = (palette: Palette): string =>
    Object.entries(palette)
      .map(([name, value]) => `${scope} .fill-${name}{fill:${value}}${scope} .stroke-${name}{stroke:${value}}`)
      .join('');
  return [
    `${scope} text{font:12px ${FONT};font-variant-numeric:tabular-nums}`,
    `${scope} .bold{font-weight:600}${scope} .heading{font-size:16px;font-weight:600}`,
    colours(LIGHT),
    `@media screen and (prefers-color-scheme:dark){${colours(DARK)}}`,
  ].join('');
}

/** What echarts draws, without what only a page with scripts would use, in classes instead of custom properties: not every viewer of files knows those. */
function drawingOf({ option, height }: Chart, scope: string): Part {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  // Else its timers keep the process alive.
  let svg: string;
  try {
    chart.setOption(option);
    svg = chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
  const inner = svg
    .replace(/^<svg[^>]*>\s*<rect[^>]*><\/rect>\n/, '')
    .replace(/<style[^>]*>[\s\S]*<\/style>\n<\/svg>$/, '')
    .replaceAll(/<path([^>]*)><\/path>\n/g, (_, path: string) => (isSeen(path) ? `<path${classed(path)}/>\n` : ''))
    .replaceAll(/<text([^>]*)>/g, (_, text: string) => `<text${classed(text)}>`)
    // Counted through the life of a process.
    .replaceAll(/(<clipPath id="| clip-path="url\(#)zr\d+-/g, `$1${scope}-`)
    .replaceAll('<defs >', '<defs>');
  return { drawn: (top) => `<g transform="translate(0 ${top})">\n${withoutControls(inner.trim())}\n</g>`, height };
}

/** Not so are curves without a point, lines that only place a text, and areas that wait for a pointer. */
function isSeen(path: string): boolean {
  if (path.includes(' d=""') || path.includes(' stroke-width="0"')) return false;
  return path.includes(' stroke="') || !path.includes(' fill="none"');
}

function classed(attributes: string): string {
  const classes: string[] = [];
  const rest = attributes
    .replaceAll(/ (fill|stroke)="var\(--chart-(\w+)\)"/g, (_, kind: string, name: string) => {
      classes.push(`${kind}-${name}`);
      return '';
    })
    .replace(/ style="[^"]*"/, (style) => {
      if (style.includes('font-weight:600')) classes.push('bold');
      return '';
    })
    .replaceAll(/ (class|pointer-events|ecmeta_\w+|xml:space)="[^"]*"/g, '');
  return classes.length > 0 ? ` class="${classes.join(' ')}"${rest}` : rest;
}

function header(heading: string, facts: readonly string[]): Part {
  const lines = facts.map((fact, index) => text(PLOT.left, 47 + LINE_HEIGHT * index, fact, 'fill-muted'));
  return {
    drawn: () => [text(PLOT.left, 28, heading, 'heading fill-text'), ...lines].join('\n'),
    height: HEADER_HEIGHT + LINE_HEIGHT * (facts.length - 1),
  };
}

function caption(words: string): Part {
  return { drawn: (top) => text(PLOT.left, top + 28, words, 'bold fill-text'), height: 30 };
}

function note(words: string): Part {
  return { drawn: (top) => text(PLOT.left, top + 12, words, 'fill-muted'), height: 14 };
}

/** Marks and their names, in as many rows as they need. */
function legend(entries: readonly Mark[]): Part {
  let [left, row] = [PLOT.left as number, 0];
  const placed = entries.map((mark) => {
    const width = 34 + textWidth(mark.name);
    if (left > PLOT.left && left + width > WIDTH - PLOT.right) [left, row] = [PLOT.left, row + 1];
    const place = { mark, x: Math.round(left), y: 20 + LEGEND_ROW_HEIGHT * row };
    left += width + 14;
    return place;
  });
  const height = LEGEND_ROW_HEIGHT * (row + 1) + 10;
  const drawn = (top: number): string =>
    placed
      .map(({ mark, x, y }) => `${swatch(mark, x, top + y)}\n${text(x + 34, top + y, mark.name, 'fill-text')}`)
      .join('\n');
  return { drawn, height };
}

/** A small area, or a piece of the line. */
function swatch({ colour, width, lineOpacity = 1, dash, opacity }: Mark, x: number, baseline: number): string {
  const line = ` stroke-width="${width}"${lineOpacity < 1 ? ` stroke-opacity="${lineOpacity}"` : ''}`;
  if (opacity === undefined) {
    const dashes = dash ? ` stroke-dasharray="${dash.join(' ')}"` : '';
    return `<path class="stroke-${colour}" d="M${x} ${baseline - 4}h26"${line}${dashes}/>`;
  }
  const [outline, drawn] = width > 0 ? [` stroke-${colour}`, line] : ['', ''];
  return `<rect class="fill-${colour}${outline}" x="${x}" y="${baseline - 10}" width="26" height="12" fill-opacity="${opacity}"${drawn}/>`;
}

function text(x: number, y: number, content: string, classes: string): string {
  return `<text x="${x}" y="${y}" class="${classes}">${escapeXml(content)}</text>`;
}

/** The id of a drawing, and of its parts, made from what it is of. */
function scopeOf(...names: readonly string[]): string {
  return names.join('-').replaceAll(/[^A-Za-z0-9]+/g, '-');
}

/** Markup is escaped; what XML cannot hold at all becomes a replacement character. */
function escapeXml(content: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return withoutControls(content.replaceAll('\n', ' ')).replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

function withoutControls(content: string): string {
  return content.replaceAll(/[^\P{Cc}\n]|[\p{Cs}\ufffe\uffff]/gu, '\ufffd');
}
