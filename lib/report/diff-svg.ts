import { fromIso, toIso } from '../capacity/instants';
import { formatCount } from '../capacity/words';
import { chartSpan } from './diff-chart';
import { type CalendarDiff, floorSteps, type TargetDiff } from './diff-model';
import { diffVerdict } from './diff-verdict';
import {
  type Frame,
  ground,
  highestOf,
  legend,
  type Palette,
  PLOT,
  type Rule,
  shorten,
  stairs,
  type Step,
  svgDocument,
  text,
  timeAxis,
  timeScale,
  valueAxis,
  valueTicks,
} from './svg';
import { utcTime } from './times';

const HEADER_HEIGHT = 62;
const PLOT_HEIGHT = 150;
/** Of one panel: its heading, the plot and the axis. */
const PANEL_HEIGHT = 30 + PLOT_HEIGHT + 58;
const FOOTER_HEIGHT = 34;

/**
 * Floors before and after as two step curves, one panel for each target whose floors differ, over the span in which they do; where none differs, the
 * first target over what is planned. One self-contained SVG, light and dark. Pure.
 */
export function renderDiffSvg(diff: CalendarDiff): string {
  const all = diff.environments
    .toReversed()
    .flatMap(({ name, targets }) => targets.map((target) => ({ name, target })));
  const changed = all.filter(({ target }) => target.span);
  const shown = changed.length > 0 ? changed : all.slice(0, 1);
  const height = HEADER_HEIGHT + shown.length * PANEL_HEIGHT + FOOTER_HEIGHT;
  const scope = 'calendar-diff';
  const title = `Floors before and after, compared with ${shorten(diff.base.ref, 60)}`;
  const spans = shown.map(
    ({ target }) =>
      chartSpan(target, diff.asOf) ?? { from: fromIso(diff.asOf), to: fromIso(target.after.coveredUntil) },
  );
  // One time scale for all, so that they are read below each other.
  const span = { from: Math.min(...spans.map(({ from }) => from)), to: Math.max(...spans.map(({ to }) => to)) };
  const panels = shown.map(({ name, target }, index) =>
    panelOf(name, target, span, HEADER_HEIGHT + index * PANEL_HEIGHT),
  );
  const desc = [diffVerdict(diff), ...panels.map(({ words }) => words)].join(' ');
  return svgDocument(scope, height, { title, desc }, { shapes: SHAPES, colours: coloursOf }, [
    ground(height),
    text(PLOT.left, 28, title, 'heading'),
    text(PLOT.left, 47, `planned as of ${utcTime(diff.asOf)} UTC · ${diff.base.commit.slice(0, 12)} before`, 'muted'),
    ...panels.flatMap(({ drawn }) => drawn),
    ...legend(
      [
        { name: `before, as at ${shorten(diff.base.ref, 40)}`, mark: 'before', isLine: true },
        { name: 'after', mark: 'after', isLine: true },
      ],
      height - 18,
    ),
  ]);
}

function panelOf(
  name: string,
  target: TargetDiff,
  { from, to }: { readonly from: number; readonly to: number },
  at: number,
): { readonly drawn: readonly string[]; readonly words: string } {
  const [before, after] = [floorSteps(target.before, from, to), floorSteps(target.after, from, to)];
  const highest = highestOf([...before, ...after].map(({ value }) => value));
  const top = at + 30;
  const bottom = top + PLOT_HEIGHT;
  const frame: Frame = {
    x: timeScale(from, to),
    y: (units) => bottom - (units * PLOT_HEIGHT) / (highest * 1.1),
    top,
    bottom,
  };
  const heading = `${name}, ${target.id}, in ${target.unit}s`;
  return {
    drawn: [
      text(PLOT.left, at + 18, heading, 'strong'),
      ...valueAxis(valueTicks(highest), frame, formatCount),
      ...timeAxis(from, to, frame),
      `<path class="after" d="${stairs(after, to, frame)}"/>`,
      `<path class="before" d="${stairs(before, to, frame)}"/>`,
    ],
    words: `${heading}: before ${stepsWords(before)}; after ${stepsWords(after)}.`,
  };
}

function stepsWords([first, ...changes]: readonly Step[]): string {
  return [
    formatCount(first!.value),
    ...changes.map(({ at, value }) => `${formatCount(value)} from ${utcTime(toIso(at))}`),
  ].join(', ');
}

const SHAPES: readonly Rule[] = [
  ['.before', 'stroke-width:2px;stroke-dasharray:6 4;stroke-linejoin:round'],
  ['.after', 'stroke-width:3px;stroke-linejoin:round'],
];

function coloursOf({ text: ink, floor }: Palette): readonly Rule[] {
  return [
    ['.before', `stroke:${ink}`],
    ['.after', `stroke:${floor}`],
  ];
}
