import { toIso } from '../capacity/instants';
import { formatCount, listNames } from '../capacity/words';
import type { Rehearsal } from '../rehearsal/rehearsal';
import type { RehearsalSpec } from '../rehearsal/spec';
import { othersOf, unusualOf } from '../rehearsal/verdict';
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
import { utcTime } from './times';

const MINUTE = 60;
const HOUR = 3600;
/** What is shown around the premiere, in which minutes can be told apart; more only where a failure would be left out. */
const BEFORE_SECONDS = 2 * HOUR;
const AFTER_SECONDS = 5 * HOUR;
/** When a rehearsal begins behind the premiere, at least so much is shown. */
const LEAST_SECONDS = 4 * HOUR;
/** Beside a failure that is further away. */
const AROUND_FAILURE_SECONDS = 15 * MINUTE;

const HEADER_HEIGHT = 64;
const LINE_HEIGHT = 17;
const UPPER_HEIGHT = 210;
const LOWER_HEIGHT = 80;
const GAP = 42;
const FOOTER_HEIGHT = 124;
const LONGEST_HEADING = 90;
const LONGEST_LINE = 119;

/** Less than this share of the requests is nothing to see. */
const VISIBLE_SHARE = 0.001;
/** Tries are drawn where retries make them more than this times the users' requests. */
const RETRIED_FROM = 1.01;

/** The minutes from one instant to another of what was recorded. */
interface Shown {
  readonly from: number;
  readonly to: number;
  readonly steps: (values: readonly number[]) => Step[];
}

/**
 * The night in which everything is as forecast, as the plan and target tracking alone would bear it: one self-contained SVG, 900 wide.
 *
 * Above, in requests per second: what users send, what ready units can answer, and what is sent with retries where that is more. Below the
 * share of users' requests that fail, by minute. Pure: the same input gives the same text.
 */
export function renderRehearsalSvg(rehearsal: Rehearsal): string {
  const { spec, recordings } = rehearsal;
  const { plan, 'target-tracking-60': reactive } = recordings;
  const shown = shownOf(rehearsal);
  const { from, to, steps } = shown;
  const perUnit = spec.conditions.requestsPerSecondPerUnit * spec.conditions.usableShare;
  const capacityOf = (ready: readonly number[]): Step[] => steps(ready.map((units) => units * perUnit));
  const demand = steps(plan.demand);
  const planCapacity = capacityOf(plan.ready);
  const reactiveCapacity = capacityOf(reactive.ready);
  const tries = [plan, reactive].map((recording) =>
    stretches(steps(recording.tries), ({ value }, index) => value > RETRIED_FROM * demand[index]!.value),
  );

  const unusual = lined(unusualOf(spec));
  const others = othersOf(spec);
  const besides = others.length > 0 ? [shorten(`with ${listNames(others)}, in the same hours`, LONGEST_LINE)] : [];
  const x = timeScale(from, to);
  const upperTop = HEADER_HEIGHT + LINE_HEIGHT * (besides.length + unusual.length + 2);
  const upperBottom = upperTop + UPPER_HEIGHT;
  const lowerTop = upperBottom + GAP;
  const lowerBottom = lowerTop + LOWER_HEIGHT;
  const height = lowerBottom + FOOTER_HEIGHT;
  const highest = highestOf([demand, planCapacity, reactiveCapacity, ...tries.flat()].flat().map(({ value }) => value));
  const top = highest * 1.05;
  const upper: Frame = {
    x,
    y: (requests) => upperBottom - (requests / top) * UPPER_HEIGHT,
    top: upperTop,
    bottom: upperBottom,
  };
  const lower: Frame = { x, y: (share) => lowerBottom - share * LOWER_HEIGHT, top: lowerTop, bottom: lowerBottom };

  const scope = scopeOf('rehearsal', spec.environment, spec.target, spec.release);
  const heading = shorten(
    `${spec.release} in ${spec.environment}, ${spec.target}${unusual.length > 0 ? ': a what-if night' : ': the night as forecast'}`,
    LONGEST_HEADING,
  );
  const facts = [
    `baseline ${formatCount(spec.profile.baseline)} ${spec.unit}s`,
    `highest floor ${formatCount(spec.peakUnits)}`,
    `ceiling ${formatCount(spec.floors.max)}`,
    `${formatCount(perUnit)} requests/s per ready ${spec.unit}`,
  ];
  const clip = (name: string, { top, bottom }: { top: number; bottom: number }): string =>
    `<clipPath id="${scope}-${name}"><rect x="${PLOT.left}" y="${top}" width="${PLOT.right - PLOT.left}" height="${bottom - top}"/></clipPath>`;
  const failures = (name: string, { failedShare }: { readonly failedShare: readonly number[] }): string[] =>
    stretches(steps(failedShare), ({ value }) => value > VISIBLE_SHARE).map((part) => {
      const outline = stairs([{ at: part[0]!.at, value: 0 }, ...part], endOf(part), lower);
      return `<path class="${name}" d="${outline}V${lower.bottom}"/>`;
    });

  return svgDocument(scope, height, { title: heading, desc: describe(rehearsal, shown) }, { shapes: SHAPES, colours }, [
    clip('upper', upper),
    ground(height),
    text(PLOT.left, 28, heading, 'heading'),
    ...[facts.join(' · '), ...besides, ...unusual].map((line, index) =>
      text(PLOT.left, 47 + LINE_HEIGHT * index, line, 'muted'),
    ),
    text(PLOT.left, upper.top - 9, 'requests per second', 'strong'),
    ...valueAxis(
      valueTicks(highest).filter((value) => value <= top),
      upper,
      formatRequests,
    ),
    ...valueAxis([0, 0.5, 1], lower, (share) => `${100 * share} %`),
    ...timeAxis(from, to, { ...lower, top: upper.top }),
    `<path class="axis" d="M${PLOT.left} ${upper.bottom}H${PLOT.right}"/>`,
    `<g clip-path="url(#${scope}-upper)">`,
    `<path class="demand" d="${stairsArea(demand, to, upper)}"/>`,
    '</g>',
    `<path class="plan" d="${stairs(planCapacity, to, upper)}"/>`,
    `<path class="reactive" d="${stairs(reactiveCapacity, to, upper)}"/>`,
    ...TRIES.flatMap((name, index) =>
      tries[index]!.map((part) => `<path class="${name}" d="${stairs(part, endOf(part), upper)}"/>`),
    ),
    ...failures('plan-failures', plan),
    ...failures('reactive-failures', reactive),
    ...premiereMark(spec.premiereAt, shown, { ...lower, top: upper.top - 24 }),
    text(PLOT.left, lower.top - 9, "share of users' requests that fail, by minute", 'strong halo'),
    ...legend(
      [
        { name: "users' requests", mark: 'demand', isLine: false },
        { name: 'capacity: the plan', mark: 'plan', isLine: true },
        { name: 'capacity: target tracking alone, 60 s', mark: 'reactive', isLine: true },
      ],
      lower.bottom + 64,
    ),
    ...legend(
      [
        { name: 'failures: the plan', mark: 'plan-failures', isLine: false },
        { name: 'failures: target tracking alone, 60 s', mark: 'reactive-failures', isLine: false },
        ...TRIES.filter((_, index) => tries[index]!.length > 0)
          .slice(-1)
          .map((mark) => ({ name: 'tries, with retries', mark, isLine: true })),
      ],
      lower.bottom + 86,
    ),
    text(PLOT.left, lower.bottom + 106, noteOf(spec), 'muted'),
  ]);
}

/** From two hours before the premiere until its floors are given back, at most five hours after it; and every failure. */
function shownOf({ spec, recordings }: Rehearsal): Shown {
  const { floors, premiereAt } = spec;
  const lowest = Math.min(floors.min, ...floors.actions.map(({ min }) => min));
  const givenBackAt = floors.actions.find(({ at, min }) => at > premiereAt && min === lowest)?.at ?? Infinity;
  const failing = Object.values(recordings).flatMap(({ failedShare }) =>
    failedShare.flatMap((share, minute) => (share > VISIBLE_SHARE ? [spec.from + minute * MINUTE] : [])),
  );
  const firstFailure = failing.reduce((first, at) => Math.min(first, at), Infinity);
  const lastFailure = failing.reduce((last, at) => Math.max(last, at), -Infinity);
  const wantedFrom = Math.min(premiereAt - BEFORE_SECONDS, firstFailure - AROUND_FAILURE_SECONDS);
  const first = Math.max(0, Math.floor((wantedFrom - spec.from) / MINUTE));
  const from = spec.from + first * MINUTE;
  const wantedTo = Math.max(
    Math.min(givenBackAt, premiereAt + AFTER_SECONDS),
    from + LEAST_SECONDS,
    lastFailure + AROUND_FAILURE_SECONDS,
  );
  const end = Math.min((spec.to - spec.from) / MINUTE, Math.ceil((wantedTo - spec.from) / MINUTE));
  return {
    from,
    to: spec.from + end * MINUTE,
    steps: (values) => values.slice(first, end).map((value, index) => ({ at: from + index * MINUTE, value })),
  };
}

/** Minutes in a row of which something is true. */
function stretches(steps: readonly Step[], isIn: (step: Step, index: number) => boolean): Step[][] {
  const found: Step[][] = [];
  let wasIn = false;
  for (const [index, step] of steps.entries()) {
    const isInNow = isIn(step, index);
    if (isInNow && wasIn) found.at(-1)!.push(step);
    else if (isInNow) found.push([step]);
    wasIn = isInNow;
  }
  return found;
}

/** Until the end of its last minute. */
function endOf(stretch: readonly Step[]): number {
  return stretch.at(-1)!.at + MINUTE;
}

/** A line with its label at the top; nothing where the premiere is over. */
function premiereMark(premiereAt: number, { from, to }: Shown, { x, top, bottom }: Frame): string[] {
  if (premiereAt < from || premiereAt >= to) return [];
  const at = round(x(premiereAt));
  const label = `premiere ${utc(premiereAt)} UTC`;
  return [
    `<path class="premiere" d="M${at} ${top}V${bottom}"/>`,
    text(Math.min(at + 6, PLOT.right - 1.08 * textWidth(label)), top, label, 'strong halo'),
  ];
}

/** In as few lines as fit between the edges. */
function lined(facts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const longer = `${lines.at(-1) ?? ''} · ${fact}`;
    if (lines.length > 0 && textWidth(longer) <= PLOT.right - PLOT.left) lines[lines.length - 1] = longer;
    else lines.push(lines.length === 0 ? `what if: ${fact}` : fact);
  }
  return lines;
}

/** The drawing in words, for those who cannot see it. */
function describe({ spec, exact, recordings }: Rehearsal, { from, to, steps }: Shown): string {
  const peak = highestStep(steps(recordings.plan.demand));
  const perUnit = spec.conditions.requestsPerSecondPerUnit * spec.conditions.usableShare;
  const policies = [
    ['plan', 'the plan'],
    ['target-tracking-60', 'target tracking alone'],
  ] as const;
  return [
    `From ${utc(from)} to ${utc(to)} UTC.`,
    `The premiere is at ${utc(spec.premiereAt)} UTC.`,
    `Users send at most ${formatCount(peak.value)} requests per second, at ${utc(peak.at)}.`,
    ...policies.map(([policy, name]) => {
      const recording = recordings[policy];
      const ready = steps(recording.ready).find(({ at }) => at === peak.at)!.value;
      const worst = highestStep(steps(recording.failedShare));
      const night = exact.find((summary) => summary.policy === policy);
      const failover = night?.failoverMinutes ? `, and ${formatCount(night.failoverMinutes)} of the failover` : '';
      const outage = night ? ` ${formatCount(night.outageMinutes)} outage minutes${failover}:` : '';
      const failed =
        worst.value > VISIBLE_SHARE
          ? `at worst ${(100 * worst.value).toFixed(1)} % of the requests fail, at ${utc(worst.at)}`
          : 'no request fails';
      return `Under ${name} ready ${spec.unit}s can answer ${formatCount(ready * perUnit)} per second then;${outage} ${failed}.`;
    }),
    noteOf(spec),
  ].join(' ');
}

function noteOf({ whatIf }: RehearsalSpec): string {
  const outage = whatIf.loseZone
    ? 'Outage minutes are those, but for the failover, in which more than 1 % fail.'
    : 'An outage minute is one in which more than 1 % fail.';
  return `${outage} Capacity is of ready units; above it requests queue.`;
}

function highestStep(steps: readonly Step[]): Step {
  return steps.reduce((highest, step) => (step.value > highest.value ? step : highest));
}

const TRIES = ['plan-tries', 'reactive-tries'] as const;

const SHAPES: readonly Rule[] = [
  ['.demand', 'fill-opacity:.55'],
  ['.premiere', 'stroke-dasharray:2 3'],
  ['.plan', 'stroke-width:3px;stroke-linejoin:round'],
  ['.reactive', 'stroke-width:1.5px;stroke-linejoin:round'],
  ['.plan-tries', 'stroke-width:1.5px;stroke-dasharray:3 2'],
  ['.reactive-tries', 'stroke-width:1.5px;stroke-dasharray:3 2'],
  ['.plan-failures', 'fill-opacity:.7'],
  ['.reactive-failures', 'fill-opacity:.3;stroke-width:1.5px'],
];

function colours({ text: ink, demand, floor, other }: Palette): readonly Rule[] {
  return [
    ['.demand', `fill:${demand};stroke:${demand}`],
    ['.premiere', `stroke:${ink}`],
    ['.plan', `stroke:${floor}`],
    ['.reactive', `stroke:${other}`],
    ['.plan-tries', `stroke:${floor}`],
    ['.reactive-tries', `stroke:${other}`],
    ['.plan-failures', `fill:${floor}`],
    ['.reactive-failures', `fill:${other};stroke:${other}`],
  ];
}

/** `400 k`, `1.2 M`, as short as the left edge asks for. */
function formatRequests(count: number): string {
  if (count >= 1e9) return `${count / 1e9} G`;
  if (count >= 1e6) return `${count / 1e6} M`;
  return count >= 1000 ? `${count / 1000} k` : formatCount(count);
}

function utc(seconds: number): string {
  return utcTime(toIso(seconds));
}
