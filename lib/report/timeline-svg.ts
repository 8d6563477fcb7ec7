import type { CapacityPlan, EnvironmentPlan, PlannedRelease, TargetPlan } from '../capacity/capacity-plan';
import type { DemandTimeline } from '../capacity/demand-timeline';
import { floorAt } from '../capacity/floor-at';
import { fromIso, toIso } from '../capacity/instants';
import { formatCount } from '../capacity/words';
import { localTime, utcTime, zoneLabel } from './times';

const WIDTH = 900;
const PLOT = { left: 64, right: 876, height: 210 } as const;
const HEADER_HEIGHT = 62;
const FOOTER_HEIGHT = 104;
const LABEL_ROW_HEIGHT = 34;
/** More premieres on top of each other than this are drawn as lines without a label; the description names them all. */
const MOST_LABEL_ROWS = 4;
const LONGEST_TITLE = 60;

/** Seconds between two ticks; the first that gives few enough is taken. */
const TIME_STEPS = [
  60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_419_200,
];
const MOST_TIME_TICKS = 12;
const MOST_UNIT_TICKS = 6;

/** Colours that stay apart in print and for colour-blind readers; the second set is for dark surroundings. */
const LIGHT = {
  ground: '#ffffff',
  text: '#1f2328',
  muted: '#59636e',
  grid: '#d8dee4',
  demand: '#e09b2d',
  floor: '#0b62c4',
};
const DARK: typeof LIGHT = {
  ground: '#0d1117',
  text: '#e6edf3',
  muted: '#9aa4af',
  grid: '#2d333b',
  demand: '#d2922b',
  floor: '#62aeff',
};

/** A value from an instant on, in seconds since the epoch. */
interface Step {
  readonly at: number;
  readonly units: number;
}

/** Where instants and units are in the drawing, and the edges of the plot. */
interface Frame {
  readonly x: (at: number) => number;
  readonly y: (units: number) => number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * Demand and floors of one target over the span of `demand`: one self-contained SVG, 900 wide, that a page or a README
 * can show as it is. Demand is a band from the median forecast to the planning quantile; required and floors are steps,
 * drawn where the plan knows them, from `asOf` until `coveredUntil`. All numbers are the plan's.
 *
 * Pure: the same input gives the same text.
 *
 * @throws RangeError when the environment has no target of the timeline's id
 */
export function renderTimelineSvg(plan: CapacityPlan, environment: EnvironmentPlan, demand: DemandTimeline): string {
  const target = environment.targets.find(({ id }) => id === demand.targetId);
  if (!target) {
    const ids = environment.targets.map(({ id }) => id).join(', ');
    throw new RangeError(`demand must be of one of ${ids}, got "${demand.targetId}"`);
  }
  const from = fromIso(demand.from);
  const to = fromIso(demand.to);
  const coveredFrom = Math.max(from, fromIso(plan.asOf));
  const coveredTo = Math.min(to, fromIso(target.coveredUntil));
  const floors = floorSteps(target, coveredFrom, coveredTo);
  const required = requiredSteps(target, coveredFrom, coveredTo);
  const releases = environment.releases.filter(
    ({ premiereAt, targets }) =>
      fromIso(premiereAt) >= from && fromIso(premiereAt) < to && targets.some(({ id }) => id === target.id),
  );

  const x = (at: number): number => PLOT.left + ((at - from) / (to - from)) * (PLOT.right - PLOT.left);
  const labels = placeLabels(releases, x);
  const rows = Math.max(0, ...labels.map(({ row }) => row + 1));
  const top = HEADER_HEIGHT + rows * LABEL_ROW_HEIGHT + 8;
  const bottom = top + PLOT.height;
  const height = bottom + FOOTER_HEIGHT;
  const highest = highestOf([highestOf(demand.plannedUnits), ...[...floors, ...required].map(({ units }) => units)]);
  // A tenth of room above, for the number on the highest floor.
  const scale = PLOT.height / (highest * 1.1);
  const frame: Frame = { x, y: (units) => bottom - units * scale, top, bottom };
  const area = (units: readonly number[]): string => {
    const steps = units.map((value, index) => ({ at: from + index * demand.stepSeconds, units: value }));
    // Closed outside of the plot, so that only the curve itself is outlined.
    return `${stairs(steps, to, frame)}h4V${bottom + 4}H${PLOT.left - 4}V${round(frame.y(units[0]!))}Z`;
  };

  const scope = `timeline-${environment.name}-${target.id}-${demand.from}`.replaceAll(/[^A-Za-z0-9]+/g, '-');
  const heading = `${environment.name}, ${target.id}: demand and floors`;
  const facts = [
    `${target.unit}s`,
    `planned as of ${utcTime(plan.asOf)} UTC`,
    `baseline ${formatCount(target.baseline)}`,
    `ceiling ${formatCount(target.max)}`,
    ...(coveredTo < to ? [`covered until ${utcTime(target.coveredUntil)} UTC`] : []),
  ];
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" id="${scope}" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="${scope}-title ${scope}-desc">`,
    `<title id="${scope}-title">${escapeXml(heading)}</title>`,
    `<desc id="${scope}-desc">${escapeXml(describe(target, floors, releases, demand))}</desc>`,
    `<style>${styles(`#${scope}`)}</style>`,
    `<clipPath id="${scope}-plot"><rect x="${PLOT.left}" y="${top}" width="${PLOT.right - PLOT.left}" height="${PLOT.height}"/></clipPath>`,
    `<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>`,
    text(PLOT.left, 28, heading, 'heading'),
    text(PLOT.left, 47, facts.join(' · '), 'muted'),
    ...unitTicks(highest).map((units) => {
      const at = round(frame.y(units));
      const line = `<path class="grid" d="M${PLOT.left} ${at}H${PLOT.right}"/>`;
      return line + text(PLOT.left - 8, at + 4, formatCount(units), 'muted end');
    }),
    ...timeAxis(from, to, frame),
    `<g clip-path="url(#${scope}-plot)">`,
    `<path class="planned" d="${area(demand.plannedUnits)}"/>`,
    `<path class="median" d="${area(demand.medianUnits)}"/>`,
    '</g>',
    ...labels.map(({ at, textAt, row }) => {
      const base = top - 8 - LABEL_ROW_HEIGHT * row;
      // Beside its label where there is room, else from below it.
      const start = row < 0 ? top : textAt > at ? base - 30 : base + 3;
      return `<path class="premiere" d="M${round(at)} ${start}V${bottom}"/>`;
    }),
    `<path class="floor" d="${stairs(floors, coveredTo, frame)}"/>`,
    `<path class="required" d="${stairs(required, coveredTo, frame)}"/>`,
    ...floorNumbers(floors, coveredTo, frame),
    ...labels
      .filter(({ row }) => row >= 0)
      .flatMap(({ textAt, row, title, when }) => {
        const base = top - 8 - LABEL_ROW_HEIGHT * row;
        return [text(textAt, base - 18, title, 'strong halo'), text(textAt, base - 3, when, 'halo')];
      }),
    ...legend(demand, bottom + 64),
    text(PLOT.left, bottom + 88, noteOf(demand), 'muted'),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function floorSteps(target: TargetPlan, from: number, to: number): Step[] {
  if (from >= to) return [];
  const changes = target.actions.map(({ at }) => fromIso(at)).filter((at) => at > from && at < to);
  return [from, ...changes].map((at) => ({ at, units: floorAt(target, at) }));
}

/** Required units, and the baseline in the gaps. */
function requiredSteps(target: TargetPlan, from: number, to: number): Step[] {
  if (from >= to) return [];
  const steps: Step[] = [{ at: from, units: target.baseline }];
  for (const interval of target.required) {
    const [startsAt, endsAt] = [Math.max(from, fromIso(interval.from)), Math.min(to, fromIso(interval.to))];
    if (startsAt >= endsAt) continue;
    // It begins where the one before ended, or where the span does.
    if (steps.at(-1)!.at === startsAt) steps.pop();
    steps.push({ at: startsAt, units: interval.units });
    if (endsAt < to) steps.push({ at: endsAt, units: target.baseline });
  }
  return steps;
}

/** A path along the steps, each until the next one; empty for none. */
function stairs(steps: readonly Step[], until: number, { x, y }: Frame): string {
  if (steps.length === 0) return '';
  let path = `M${round(x(steps[0]!.at))} ${round(y(steps[0]!.units))}`;
  for (const [index, { at, units }] of steps.entries()) {
    if (index > 0 && units !== steps[index - 1]!.units) path += `H${round(x(at))}V${round(y(units))}`;
  }
  return `${path}H${round(x(until))}`;
}

interface Label {
  readonly at: number;
  readonly textAt: number;
  /** Rows count from the plot upwards; −1 when there is no room. */
  readonly row: number;
  readonly title: string;
  readonly when: string;
}

/**
 * Right of its line and within the plot, in the lowest row where texts do not overlap and, if that can be, no line runs
 * behind a text. From right to left, because a line comes down on the left of its label.
 */
function placeLabels(releases: readonly PlannedRelease[], x: (at: number) => number): Label[] {
  const placed: { row: number; at: number; from: number; to: number }[] = [];
  return releases.toReversed().map(({ title: full, premiereAt, premiereZone, status }) => {
    const title = shorten(status === 'tentative' ? `${full} (tentative)` : full);
    const local = `${localTime(premiereAt, premiereZone)} ${zoneLabel(premiereZone)}`;
    const when = premiereZone === 'UTC' ? `${utcTime(premiereAt)} UTC` : `${local} · ${utcTime(premiereAt)} UTC`;
    const width = Math.max(1.08 * textWidth(title), textWidth(when));
    const at = x(fromIso(premiereAt));
    const from = Math.min(at + 6, PLOT.right - width);
    const to = from + width;
    const isFree = (row: number): boolean =>
      placed.every((other) => other.row !== row || to + 12 <= other.from || from >= other.to + 12);
    const isClear = (row: number): boolean =>
      placed.every((other) => other.row >= row || at <= other.from || at >= other.to) &&
      placed.every((other) => other.row <= row || other.at <= from || other.at >= to);
    const rows = Array.from({ length: MOST_LABEL_ROWS }, (_, row) => row).filter(isFree);
    const row = rows.find(isClear) ?? rows[0] ?? -1;
    if (row >= 0) placed.push({ row, at, from, to });
    return { at, textAt: from, row, title, when };
  });
}

function timeAxis(from: number, to: number, { x, top, bottom }: Frame): string[] {
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

/** Round numbers from zero on, few enough to be read. */
function unitTicks(highest: number): number[] {
  const magnitude = 10 ** Math.floor(Math.log10(highest / MOST_UNIT_TICKS));
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((n) => n * magnitude).find((n) => highest / n < MOST_UNIT_TICKS)!,
  );
  return Array.from({ length: Math.floor((highest * 1.1) / step) + 1 }, (_, index) => index * step);
}

/** The number on every floor that is long enough for it. */
function floorNumbers(floors: readonly Step[], until: number, { x, y }: Frame): string[] {
  return floors.flatMap(({ at, units }, index) => {
    const [left, right] = [x(at), x(floors[index + 1]?.at ?? until)];
    const label = formatCount(units);
    if (right - left < textWidth(label) + 10) return [];
    return [text(round((left + right) / 2), round(y(units)) - 7, label, 'number halo middle')];
  });
}

function legend({ quantile }: DemandTimeline, at: number): string[] {
  const entries = [
    { name: 'demand, median forecast', mark: 'median' },
    { name: `demand at the ${quantile} quantile`, mark: 'planned' },
    { name: 'required', mark: 'required' },
    { name: 'floor: registered minimum', mark: 'floor' },
  ];
  let left: number = PLOT.left;
  return entries.flatMap(({ name, mark }) => {
    const start = round(left);
    left += 34 + textWidth(name) + 14;
    const isLine = mark === 'required' || mark === 'floor';
    const shape = isLine
      ? `<path class="${mark}" d="M${start} ${at - 4}h26"/>`
      : `<rect class="${mark}" x="${start}" y="${at - 10}" width="26" height="12"/>`;
    return [shape, text(start + 34, at, name)];
  });
}

/** Why demand may be above the floors when a peak is over. */
function noteOf({ quantile }: DemandTimeline): string {
  return `Floors hold the ${quantile} quantile from the warm-up until after the peak, then follow the median: target tracking carries what exceeds it.`;
}

/** The chart in words, for those who cannot see it. */
function describe(
  target: TargetPlan,
  floors: readonly Step[],
  releases: readonly PlannedRelease[],
  demand: DemandTimeline,
): string {
  const [first, ...changes] = floors;
  const peak = formatCount(highestOf(demand.plannedUnits));
  const premieres = releases.map(({ title, premiereAt, premiereZone }) => {
    return `${title} premieres at ${localTime(premiereAt, premiereZone)} ${zoneLabel(premiereZone)}, ${utcTime(premiereAt)} UTC.`;
  });
  return [
    `From ${utcTime(demand.from)} to ${utcTime(demand.to)} UTC, in ${target.unit}s.`,
    ...(premieres.length > 0 ? premieres : ['No release premieres.']),
    `Demand needs at most ${formatCount(highestOf(demand.medianUnits))} at the median forecast and ${peak} at the ${demand.quantile} quantile.`,
    first
      ? `The floor is ${[formatCount(first.units), ...changes.map(({ at, units }) => `${formatCount(units)} from ${utcTime(toIso(at))}`)].join(', ')}.`
      : 'The plan does not cover this time.',
    noteOf(demand),
  ].join(' ');
}

/** Rules of this drawing alone, because a page may hold several and styles of its own. */
function styles(scope: string): string {
  const rules = ({ ground, text: ink, muted, grid, demand, floor }: typeof LIGHT): [string, string][] => [
    ['.ground', `fill:${ground}`],
    ['text', `fill:${ink}`],
    ['.muted', `fill:${muted}`],
    ['.number', `fill:${floor}`],
    ['.halo', `stroke:${ground}`],
    ['.grid', `stroke:${grid}`],
    ['.axis', `stroke:${muted}`],
    ['.planned', `fill:${demand};stroke:${demand}`],
    ['.median', `fill:${demand};stroke:${demand}`],
    ['.premiere', `stroke:${ink}`],
    ['.required', `stroke:${ink}`],
    ['.floor', `stroke:${floor}`],
  ];
  const css = (list: readonly [string, string][]): string =>
    list.map(([selector, rule]) => `${scope} ${selector}{${rule}}`).join('');
  const shapes: [string, string][] = [
    ['text', 'font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums'],
    ['.heading', 'font-size:16px;font-weight:600'],
    ['.strong', 'font-weight:600'],
    ['.number', 'font-weight:600'],
    ['.middle', 'text-anchor:middle'],
    ['.end', 'text-anchor:end'],
    ['.halo', 'paint-order:stroke;stroke-width:3px;stroke-linejoin:round'],
    ['path', 'fill:none'],
    ['.planned', 'fill-opacity:.25;stroke-opacity:.6'],
    ['.median', 'fill-opacity:.55'],
    ['.premiere', 'stroke-dasharray:2 3'],
    ['.required', 'stroke-width:1.25px;stroke-dasharray:5 3'],
    ['.floor', 'stroke-width:3px;stroke-linejoin:round'],
  ];
  return `${css(shapes)}${css(rules(LIGHT))}@media(prefers-color-scheme:dark){${css(rules(DARK))}}`;
}

function text(x: number, y: number, content: string, classes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${classes && ` class="${classes}"`}>${escapeXml(content)}</text>`;
}

/** Markup is escaped; what XML cannot hold at all becomes a replacement character. */
function escapeXml(content: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return content
    .replaceAll(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

function shorten(title: string): string {
  const characters = [...title];
  return characters.length > LONGEST_TITLE
    ? `${characters
        .slice(0, LONGEST_TITLE - 1)
        .join('')
        .trimEnd()}…`
    : title;
}

/** Generous, because the reader's font is not known: ideographs are as wide as the font is high. */
function textWidth(content: string): number {
  return [...content].reduce((width, character) => width + (character > '\u2e80' ? 12 : 6.8), 0);
}

/** For lists of any length: a call cannot take a hundred thousand arguments. */
function highestOf(values: readonly number[]): number {
  return values.reduce((highest, value) => Math.max(highest, value), 0);
}

function round(coordinate: number): number {
  return Math.round(coordinate * 10) / 10;
}
