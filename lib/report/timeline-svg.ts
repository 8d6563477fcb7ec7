import type { CapacityPlan, EnvironmentPlan, PlannedRelease, TargetPlan } from '../capacity/capacity-plan';
import type { DemandTimeline } from '../capacity/demand-timeline';
import { floorAt } from '../capacity/floor-at';
import { fromIso, toIso } from '../capacity/instants';
import { formatCount } from '../capacity/words';
import {
  type Frame,
  ground,
  highestOf,
  legend,
  type Palette,
  PLOT,
  round,
  type Rule,
  scopeOf,
  shorten,
  stairs,
  stairsArea,
  type Step,
  svgDocument,
  text,
  textWidth,
  timeAxis,
  timeScale,
  valueAxis,
  valueTicks,
} from './svg';
import { localTime, utcTime, zoneLabel } from './times';

const PLOT_HEIGHT = 210;
const HEADER_HEIGHT = 62;
const FOOTER_HEIGHT = 104;
const LABEL_ROW_HEIGHT = 34;
/** More premieres on top of each other than this are drawn as lines without a label; the description names them all. */
const MOST_LABEL_ROWS = 4;
const LONGEST_TITLE = 60;

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

  const x = timeScale(from, to);
  const labels = placeLabels(releases, x);
  const rows = Math.max(0, ...labels.map(({ row }) => row + 1));
  const top = HEADER_HEIGHT + rows * LABEL_ROW_HEIGHT + 8;
  const bottom = top + PLOT_HEIGHT;
  const height = bottom + FOOTER_HEIGHT;
  const highest = highestOf([highestOf(demand.plannedUnits), ...[...floors, ...required].map(({ value }) => value)]);
  // A tenth of room above, for the number on the highest floor.
  const scale = PLOT_HEIGHT / (highest * 1.1);
  const frame: Frame = { x, y: (units) => bottom - units * scale, top, bottom };
  const area = (units: readonly number[]): string => {
    const steps = units.map((value, index) => ({ at: from + index * demand.stepSeconds, value }));
    return stairsArea(steps, to, frame);
  };

  const scope = scopeOf('timeline', environment.name, target.id, demand.from);
  const heading = `${environment.name}, ${target.id}: demand and floors`;
  const facts = [
    `${target.unit}s`,
    `planned as of ${utcTime(plan.asOf)} UTC`,
    `baseline ${formatCount(target.baseline)}`,
    `ceiling ${formatCount(target.max)}`,
    ...(coveredTo < to ? [`covered until ${utcTime(target.coveredUntil)} UTC`] : []),
  ];
  const words = { title: heading, desc: describe(target, floors, releases, demand) };
  return svgDocument(scope, height, words, { shapes: SHAPES, colours: coloursOf }, [
    `<clipPath id="${scope}-plot"><rect x="${PLOT.left}" y="${top}" width="${PLOT.right - PLOT.left}" height="${PLOT_HEIGHT}"/></clipPath>`,
    ground(height),
    text(PLOT.left, 28, heading, 'heading'),
    text(PLOT.left, 47, facts.join(' · '), 'muted'),
    ...valueAxis(valueTicks(highest), frame, formatCount),
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
    ...legend(
      [
        { name: 'demand, median forecast', mark: 'median', isLine: false },
        { name: `demand at the ${demand.quantile} quantile`, mark: 'planned', isLine: false },
        { name: 'required', mark: 'required', isLine: true },
        { name: 'floor: registered minimum', mark: 'floor', isLine: true },
      ],
      bottom + 64,
    ),
    text(PLOT.left, bottom + 88, noteOf(demand), 'muted'),
  ]);
}

function floorSteps(target: TargetPlan, from: number, to: number): Step[] {
  if (from >= to) return [];
  const changes = target.actions.map(({ at }) => fromIso(at)).filter((at) => at > from && at < to);
  return [from, ...changes].map((at) => ({ at, value: floorAt(target, at) }));
}

/** Required units, and the baseline in the gaps. */
function requiredSteps(target: TargetPlan, from: number, to: number): Step[] {
  if (from >= to) return [];
  const steps: Step[] = [{ at: from, value: target.baseline }];
  for (const interval of target.required) {
    const [startsAt, endsAt] = [Math.max(from, fromIso(interval.from)), Math.min(to, fromIso(interval.to))];
    if (startsAt >= endsAt) continue;
    // It begins where the one before ended, or where the span does.
    if (steps.at(-1)!.at === startsAt) steps.pop();
    steps.push({ at: startsAt, value: interval.units });
    if (endsAt < to) steps.push({ at: endsAt, value: target.baseline });
  }
  return steps;
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
    const title = shorten(status === 'tentative' ? `${full} (tentative)` : full, LONGEST_TITLE);
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

/** The number on every floor that is long enough for it. */
function floorNumbers(floors: readonly Step[], until: number, { x, y }: Frame): string[] {
  return floors.flatMap(({ at, value }, index) => {
    const [left, right] = [x(at), x(floors[index + 1]?.at ?? until)];
    const label = formatCount(value);
    if (right - left < textWidth(label) + 10) return [];
    return [text(round((left + right) / 2), round(y(value)) - 7, label, 'number halo middle')];
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
      ? `The floor is ${[formatCount(first.value), ...changes.map(({ at, value }) => `${formatCount(value)} from ${utcTime(toIso(at))}`)].join(', ')}.`
      : 'The plan does not cover this time.',
    noteOf(demand),
  ].join(' ');
}

const SHAPES: readonly Rule[] = [
  ['.planned', 'fill-opacity:.25;stroke-opacity:.6'],
  ['.median', 'fill-opacity:.55'],
  ['.premiere', 'stroke-dasharray:2 3'],
  ['.required', 'stroke-width:1.25px;stroke-dasharray:5 3'],
  ['.floor', 'stroke-width:3px;stroke-linejoin:round'],
];

function coloursOf({ text: ink, demand, floor }: Palette): readonly Rule[] {
  return [
    ['.planned', `fill:${demand};stroke:${demand}`],
    ['.median', `fill:${demand};stroke:${demand}`],
    ['.premiere', `stroke:${ink}`],
    ['.required', `stroke:${ink}`],
    ['.floor', `stroke:${floor}`],
  ];
}
