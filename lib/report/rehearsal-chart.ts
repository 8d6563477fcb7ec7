import { formatCount, listNames } from '../capacity/words';
import type { Rehearsal } from '../rehearsal/rehearsal';
import type { RehearsalSpec } from '../rehearsal/spec';
import { othersOf, unusualOf } from '../rehearsal/verdict';
import {
  AXIS_HEIGHT,
  type Chart,
  colour,
  curve,
  FONT,
  highestOf,
  type Mark,
  marks,
  PLOT,
  type Points,
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
import { type Steps, valueAt } from './timeline';

const MINUTE = 60;
const HOUR = 3600;
/** What is shown around the premiere, in which minutes can be told apart; more only where a failure would be left out. */
const BEFORE_SECONDS = 2 * HOUR;
const AFTER_SECONDS = 5 * HOUR;
/** When a rehearsal begins behind the premiere, at least so much is shown. */
const LEAST_SECONDS = 4 * HOUR;
/** Beside a failure that is further away. */
const AROUND_FAILURE_SECONDS = 15 * MINUTE;

/** Of the label of the premiere and the name of the axis. */
const TOP_HEIGHT = 40;
const UPPER_HEIGHT = 210;
const LOWER_HEIGHT = 80;
const GAP = 42;
const LONGEST_HEADING = 90;
const LONGEST_LINE = 119;
/** Of the lines of facts, in pixels. */
const LINE_WIDTH = 812;

/** Less than this share of the requests is nothing to see. */
const VISIBLE_SHARE = 0.001;
/** Tries are drawn where retries make them more than this times the users' requests. */
const RETRIED_FROM = 1.01;

/**
 * The night in which everything is as forecast, or as asked, as the plan and target tracking alone would bear it: plain JSON. Curves go minute by
 * minute through the half-open span `[from, to)`; instants are seconds since the epoch.
 */
export interface RehearsalNight {
  readonly environment: string;
  readonly target: string;
  readonly release: string;
  readonly from: number;
  readonly to: number;
  readonly premiereAt: number;
  /** Requests per second that users send. */
  readonly demand: Steps;
  /** Requests per second that ready units can answer. */
  readonly capacity: BothPolicies;
  /** Requests per second that are sent, retries included. */
  readonly tries: BothPolicies;
  /** Share of users' requests that fail, from 0 to 1. */
  readonly failures: BothPolicies;
  readonly heading: string;
  /** Lines below the heading. */
  readonly facts: readonly string[];
  readonly note: string;
  /** The chart in words, for those who cannot see it. */
  readonly description: string;
}

interface BothPolicies {
  readonly plan: Steps;
  /** Target tracking alone, with a cooldown of 60 s. */
  readonly reactive: Steps;
}

const REACTIVE = 'target tracking alone, 60 s';
const MARKS = {
  demand: { name: "users' requests", colour: 'demand', width: 1, opacity: 0.55 },
  reactiveTries: { name: 'tries, with retries', colour: 'other', width: 1.5, dash: [3, 2] },
  planTries: { name: 'tries, with retries', colour: 'floor', width: 1.5, dash: [3, 2] },
  plan: { name: 'capacity: the plan', colour: 'floor', width: 3 },
  reactive: { name: `capacity: ${REACTIVE}`, colour: 'other', width: 1.5 },
  planFailures: { name: 'failures: the plan', colour: 'floor', width: 0, opacity: 0.7 },
  reactiveFailures: { name: `failures: ${REACTIVE}`, colour: 'other', width: 1.5, opacity: 0.3 },
} as const satisfies Record<string, Mark>;

/** What a chart of a rehearsal shows: from two hours before the premiere until its floors are given back, at most five hours after it; and every failure. */
export function rehearsalNight(rehearsal: Rehearsal): RehearsalNight {
  const { spec, recordings } = rehearsal;
  const { plan, 'target-tracking-60': reactive } = recordings;
  const span = spanOf(rehearsal);
  const first = (span.from - spec.from) / MINUTE;
  const end = (span.to - spec.from) / MINUTE;
  const perUnit = spec.conditions.requestsPerSecondPerUnit * spec.conditions.usableShare;
  const steps = (values: readonly number[], factor = 1): Steps =>
    values
      .slice(first, end)
      .map((value, index) => [span.from + index * MINUTE, value * factor] as const)
      .filter(([, value], index, all) => value !== all[index - 1]?.[1]);
  const unusual = unusualOf(spec);
  const others = othersOf(spec);
  const curves = {
    demand: steps(plan.demand),
    capacity: { plan: steps(plan.ready, perUnit), reactive: steps(reactive.ready, perUnit) },
    tries: { plan: steps(plan.tries), reactive: steps(reactive.tries) },
    failures: { plan: steps(plan.failedShare), reactive: steps(reactive.failedShare) },
  };
  const facts = [
    `baseline ${formatCount(spec.profile.baseline)} ${spec.unit}s`,
    `highest floor ${formatCount(spec.peakUnits)}`,
    `ceiling ${formatCount(spec.floors.max)}`,
    `${formatCount(perUnit)} requests/s per ready ${spec.unit}`,
  ];
  const besides = others.length > 0 ? [shorten(`with ${listNames(others)}, in the same hours`, LONGEST_LINE)] : [];
  const note = noteOf(spec);
  return {
    environment: spec.environment,
    target: spec.target,
    release: spec.release,
    ...span,
    premiereAt: spec.premiereAt,
    ...curves,
    heading: shorten(
      `${spec.release} in ${spec.environment}, ${spec.target}${unusual.length > 0 ? ': a what-if night' : ': the night as forecast'}`,
      LONGEST_HEADING,
    ),
    facts: [facts.join(' · '), ...besides, ...lined(unusual)],
    note,
    description: `${describe(rehearsal, span, curves)} ${note}`,
  };
}

/** The marks of what a night holds. */
export function rehearsalLegend(night: RehearsalNight): Mark[] {
  const tries = (['plan', 'reactive'] as const).filter((policy) => retried(night, policy).length > 0);
  const { demand, plan, reactive, planFailures, reactiveFailures } = MARKS;
  return [
    demand,
    plan,
    reactive,
    ...tries.slice(-1).map((policy) => (policy === 'plan' ? MARKS.planTries : MARKS.reactiveTries)),
    planFailures,
    reactiveFailures,
  ];
}

/**
 * A rehearsed night. Above, in requests per second: what users send, what ready units can answer, and what is sent with retries where that is more.
 * Below the share of users' requests that fail, by minute.
 */
export function rehearsalChart(night: RehearsalNight, view: View): Chart {
  const { to, premiereAt, demand, capacity, failures } = night;
  const upper = { top: TOP_HEIGHT, height: UPPER_HEIGHT };
  const lower = { top: TOP_HEIGHT + UPPER_HEIGHT + GAP, height: LOWER_HEIGHT };
  const bottom = lower.top + LOWER_HEIGHT;
  const tries = { plan: retried(night, 'plan'), reactive: retried(night, 'reactive') };
  const above = [
    ['demand', demand],
    ['plan', capacity.plan],
    ['reactive', capacity.reactive],
  ] as const;
  const retries = [
    ['planTries', tries.plan],
    ['reactiveTries', tries.reactive],
  ] as const;
  const below = [
    ['planFailures', failures.plan],
    ['reactiveFailures', failures.reactive],
  ] as const;
  const highest = highestOf(
    [...above.map(([, steps]) => steps), ...Object.values(tries).flat()].flat().map(([, value]) => value),
  );
  const top = highest * 1.05;
  const grid = { left: PLOT.left, right: PLOT.right, outerBoundsMode: 'none' } as const;
  const across = timeAxis(view);
  const named = { nameLocation: 'end', nameGap: 9, nameMoveOverlap: false } as const;
  const nameStyle = {
    color: colour('text'),
    fontSize: 12,
    fontWeight: 600,
    align: 'left',
    verticalAlign: 'bottom',
  } as const;
  const { label = utcLabel, clock = 'UTC' } = view;
  const words = `premiere ${label(premiereAt)} ${clock}`;
  const x = timeScale(view)(premiereAt);
  const room = view.width - PLOT.right - 1.08 * textWidth(words);
  const premiere = {
    from: [premiereAt, 0],
    to: { y: 8 },
    isDrawn: true,
    label: { text: words, colour: 'text', bold: true, offset: [Math.min(6, room - x), 4] },
  } as const;
  const isInView = premiereAt >= view.from && premiereAt < view.to;
  // A name of the axis would stand below the line of the premiere.
  const share = {
    from: [view.from, 0],
    to: { y: lower.top - 15 },
    isDrawn: false,
    label: { text: "share of users' requests that fail, by minute", colour: 'text', bold: true, offset: [0, 0] },
  } as const;
  return {
    option: {
      animation: false,
      textStyle: { fontFamily: FONT },
      grid: [
        { ...grid, ...upper },
        { ...grid, ...lower },
      ],
      xAxis: [
        { ...across, axisLabel: { show: false }, axisTick: { ...across.axisTick, show: false }, name: '' },
        { ...across, gridIndex: 1 },
      ],
      yAxis: [
        {
          ...valueAxis(
            valueTicks(highest).filter((value) => value <= top),
            top,
            formatRequests,
          ),
          name: 'requests per second',
          ...named,
          nameTextStyle: nameStyle,
        },
        {
          ...valueAxis([0, 0.5, 1], 1, (share) => `${100 * share} %`),
          gridIndex: 1,
        },
      ],
      series: [
        ...above.map(([id, steps]) => curve(id, MARKS[id], pointsOf(steps, to, view))),
        ...retries.flatMap(([id, stretches]) =>
          stretches.length > 0 ? [curve(id, MARKS[id], withGaps(stretches))] : [],
        ),
        ...below.map(([id, steps], index) => ({
          ...curve(id, MARKS[id], withGaps(failing(night, steps))),
          xAxisIndex: 1,
          yAxisIndex: 1,
          ...(index === 0 && { markLine: marks([...(isInView ? [premiere] : []), share]) }),
        })),
      ],
    },
    height: bottom + AXIS_HEIGHT,
  };
}

/** Where retries make tries visibly more than the users' requests. */
function retried({ from, to, demand, tries }: RehearsalNight, policy: keyof BothPolicies): Steps[] {
  return stretches(tries[policy], { from, to }, (value, at) => value > RETRIED_FROM * valueAt(demand, at)!);
}

/** Where something fails, from the ground to the ground. */
function failing(span: Span, failures: Steps): Steps[] {
  return stretches(failures, span, (share) => share > VISIBLE_SHARE).map((points) => [
    [points[0]![0], 0],
    ...points,
    [points.at(-1)![0], 0],
  ]);
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Minutes in a row of which something is true, each until its last one ends. */
function stretches(steps: Steps, { from, to }: Span, isIn: (value: number, at: number) => boolean): Steps[] {
  const found: (readonly [number, number])[][] = [];
  let open: (readonly [number, number])[] | undefined;
  for (let at = from; at < to; at += MINUTE) {
    const value = valueAt(steps, at)!;
    if (!isIn(value, at)) {
      open = undefined;
      continue;
    }
    if (!open) found.push((open = []));
    // The point before was only the end of its minute.
    else open.pop();
    open.push([at, value], [at + MINUTE, value]);
  }
  return found;
}

function withGaps(parts: readonly Steps[]): Points {
  return parts.flatMap((points) => [...points, [points.at(-1)![0], null] as const]);
}

function spanOf({ spec, recordings }: Rehearsal): Span {
  const { floors, premiereAt } = spec;
  const lowest = Math.min(floors.min, ...floors.actions.map(({ min }) => min));
  const givenBackAt = floors.actions.find(({ at, min }) => at > premiereAt && min === lowest)?.at ?? Infinity;
  const failures = Object.values(recordings).flatMap(({ failedShare }) =>
    failedShare.flatMap((share, minute) => (share > VISIBLE_SHARE ? [spec.from + minute * MINUTE] : [])),
  );
  const firstFailure = failures.reduce((first, at) => Math.min(first, at), Infinity);
  const lastFailure = failures.reduce((last, at) => Math.max(last, at), -Infinity);
  const wantedFrom = Math.min(premiereAt - BEFORE_SECONDS, firstFailure - AROUND_FAILURE_SECONDS);
  const first = Math.max(0, Math.floor((wantedFrom - spec.from) / MINUTE));
  const from = spec.from + first * MINUTE;
  const wantedTo = Math.max(
    Math.min(givenBackAt, premiereAt + AFTER_SECONDS),
    from + LEAST_SECONDS,
    lastFailure + AROUND_FAILURE_SECONDS,
  );
  const end = Math.min((spec.to - spec.from) / MINUTE, Math.ceil((wantedTo - spec.from) / MINUTE));
  return { from, to: spec.from + end * MINUTE };
}

/** In as few lines as fit. */
function lined(facts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const longer = `${lines.at(-1) ?? ''} · ${fact}`;
    if (lines.length > 0 && textWidth(longer) <= LINE_WIDTH) lines[lines.length - 1] = longer;
    else lines.push(lines.length === 0 ? `what if: ${fact}` : fact);
  }
  return lines;
}

function describe(
  { spec, exact }: Rehearsal,
  { from, to }: Span,
  { demand, capacity, failures }: Pick<RehearsalNight, 'demand' | 'capacity' | 'failures'>,
): string {
  const [peakAt, peak] = highestStep(demand);
  const policies = [
    ['plan', 'the plan', 'plan'],
    ['target-tracking-60', 'target tracking alone', 'reactive'],
  ] as const;
  return [
    `From ${utcLabel(from)} to ${utcLabel(to)} UTC.`,
    `The premiere is at ${utcLabel(spec.premiereAt)} UTC.`,
    `Users send at most ${formatCount(peak)} requests per second, at ${utcLabel(peakAt)}.`,
    ...policies.map(([policy, name, key]) => {
      const [worstAt, worst] = highestStep(failures[key]);
      const night = exact.find((summary) => summary.policy === policy);
      const failover = night?.failoverMinutes ? `, and ${formatCount(night.failoverMinutes)} of the failover` : '';
      const outage = night ? ` ${formatCount(night.outageMinutes)} outage minutes${failover}:` : '';
      const failed =
        worst > VISIBLE_SHARE
          ? `at worst ${(100 * worst).toFixed(1)} % of the requests fail, at ${utcLabel(worstAt)}`
          : 'no request fails';
      return `Under ${name} ready ${spec.unit}s can answer ${formatCount(valueAt(capacity[key], peakAt)!)} per second then;${outage} ${failed}.`;
    }),
  ].join(' ');
}

function noteOf({ whatIf }: RehearsalSpec): string {
  const outage = whatIf.loseZone
    ? 'Outage minutes are those, but for the failover, in which more than 1 % fail.'
    : 'An outage minute is one in which more than 1 % fail.';
  return `${outage} Capacity is of ready units; above it requests queue.`;
}

function highestStep(steps: Steps): Steps[number] {
  return steps.reduce((highest, step) => (step[1] > highest[1] ? step : highest));
}

/** `400 k`, `1.2 M`, as short as the left edge asks for. */
function formatRequests(count: number): string {
  if (count >= 1e9) return `${count / 1e9} G`;
  if (count >= 1e6) return `${count / 1e6} M`;
  return count >= 1000 ? `${count / 1000} k` : formatCount(count);
}
