import {
  ICalAlarmType,
  ICalCalendar,
  ICalCalendarMethod,
  ICalEventStatus,
  ICalEventTransparency,
} from 'ical-generator';
import type {
  CapacityPlan,
  CapacityWindow,
  EnvironmentPlan,
  Finding,
  PlannedRelease,
  TargetPlan,
} from '../capacity/capacity-plan';
import { resolveDemandModel } from '../capacity/demand-model';
import type { Environment } from '../capacity/environment';
import { floorAt } from '../capacity/floor-at';
import { fromIso, toCompactIso, toIso } from '../capacity/instants';
import { planCapacity, type PlanCapacityInput } from '../capacity/plan-capacity';
import { cellAt, cellFrom, cellStart } from '../capacity/release-demand';
import { formatCount } from '../capacity/words';
import { localTime, utcTime, zoneLabel } from './times';

type Calendar = PlanCapacityInput['calendar'];
type Release = Calendar['releases'][number];

const MINUTE = 60;
const DAY = 86_400;

/** The runbook's last go or no-go; later only where the floor is full later. Seconds before the premiere. */
const LAST_LOOK_SECONDS = 45 * MINUTE;

/** Less is no time to act in: a floor that is to be full still later is looked at now. Seconds before the premiere. */
const LEAST_TO_ACT_SECONDS = 15 * MINUTE;

/** Until then a drill is run again, as the runbook says. Seconds before the premiere. */
const LAST_DRILL_SECONDS = 4 * 3600;

/** How long a decision takes. */
const DECISION_SECONDS = 15 * MINUTE;

/** Time to get to a desk. The decision after the drill is by day or evening, and its drill has just ended: no time ahead of it. */
const ALARM_BEFORE_LAST_LOOK_SECONDS = 15 * MINUTE;

/** Premieres move at night. Calendars that take their own time ignore it. */
const REFRESH_SECONDS = 3600;

/**
 * What an event is of its release:
 *
 * - `window` from the first raised floor to the return to the baseline, around the premiere
 * - `drill`
 * - `day-before` the first go or no-go: at T−24 h, or after the drill
 * - `last-look` the last one: at T−45 min, or when the floor is full
 * - `previously-INSTANT` the window of an announced time that was moved
 * - `wave-DAYS` a window of its own so many whole days after the premiere, or before it
 */
export type FeedEventKind = 'window' | 'drill' | 'day-before' | 'last-look' | `previously-${string}` | `wave-${number}`;

/** One event of the on-call's calendar. Instants are ISO 8601 in UTC, whole seconds. */
export interface FeedEvent {
  /** Of the environment, the release and the kind alone, so that an event stays itself when anything about it changes. */
  readonly uid: string;
  readonly environment: string;
  /** Id of the release. */
  readonly release: string;
  readonly kind: FeedEventKind;
  /** That of the release. */
  readonly status: Release['status'];
  readonly startAt: string;
  readonly endAt: string;
  readonly summary: string;
  readonly description: string;
  /** True where somebody has something to do. */
  readonly busy: boolean;
  /** When to remind; null for no reminder. */
  readonly alarmAt: string | null;
}

/** All events of a feed, and what each of them carries. */
export interface CalendarFeed {
  readonly asOf: string;
  /** See `sequenceAt`. */
  readonly sequence: number;
  readonly environments: readonly string[];
  /** By start, then by uid. */
  readonly events: readonly FeedEvent[];
}

export interface CalendarFeedInput {
  readonly plan: CapacityPlan;
  /** What the plan was made of. */
  readonly calendar: Calendar;
  readonly environments: readonly Environment[];
  /** More of the command lines in the events, quoted for a shell. @default none */
  readonly commandOptions?: readonly string[];
}

/**
 * The events of a plan: for each environment and release its window, its drill, and when the on-call decides.
 *
 * Events are of releases and not of windows, because windows merge and split when a premiere moves. A release that raises no floor has none. One
 * that is cancelled has those that it would have otherwise, as cancelled, so that imported copies go away. What is over leaves the feed with the
 * release's window; a drill leaves it when it has ended.
 *
 * Pure: the same plan and calendar give the same feed.
 */
export function calendarFeed(input: CalendarFeedInput): CalendarFeed {
  const { plan, calendar } = input;
  const events = plan.environments.flatMap((environment) => environmentEvents(environment, input));
  return {
    asOf: plan.asOf,
    sequence: sequenceAt(plan.asOf),
    environments: plan.environments.map(({ name }) => name),
    events: [...events, ...(hasCancelled(calendar) ? cancelledEvents(input) : [])].toSorted(
      (a, b) => a.startAt.localeCompare(b.startAt) || (a.uid < b.uid ? -1 : 1),
    ),
  };
}

/**
 * The SEQUENCE of all events of a feed: minutes from 1970 to `asOf`.
 *
 * A calendar takes an event that it has for a newer one only when its SEQUENCE is higher, or its DTSTAMP at the same SEQUENCE. Nobody keeps what
 * an earlier feed said, so it cannot be counted: it grows with the clock. In minutes, because seconds would pass 31 bits in 2038.
 */
function sequenceAt(asOf: string): number {
  return Math.max(0, Math.floor(fromIso(asOf) / MINUTE));
}

/** The feed as iCalendar (RFC 5545): in UTC, lines of at most 75 octets that end with CR LF. Without an event it holds no component. */
export function renderCalendarFeed({ asOf, sequence, environments, events }: CalendarFeed): string {
  const stamp = new Date(asOf);
  const feed = new ICalCalendar({
    // The library does not escape it: names of environments need no escaping, a comma between them would.
    name: ['prescale', ...environments].join(' '),
    prodId: { company: 'prescale', product: 'release calendar' },
    method: ICalCalendarMethod.PUBLISH,
    ttl: REFRESH_SECONDS,
  });
  for (const event of events) {
    const created = feed.createEvent({
      id: event.uid,
      sequence,
      stamp,
      lastModified: stamp,
      start: new Date(event.startAt),
      end: new Date(event.endAt),
      summary: event.summary,
      description: event.description,
      status: STATUS[event.status],
      transparency: event.busy ? ICalEventTransparency.OPAQUE : ICalEventTransparency.TRANSPARENT,
    });
    if (event.alarmAt === null) continue;
    created.createAlarm({
      type: ICalAlarmType.display,
      triggerBefore: fromIso(event.startAt) - fromIso(event.alarmAt),
      description: event.summary,
    });
  }
  // The library writes alarms before the last properties and leaves out the last line end. RFC 5545 wants alarms last, and some calendars refuse
  // the event or drop the rest of it otherwise. No text can look like these lines: one that is folded goes on behind a space.
  const text = feed
    .toString()
    .replaceAll(/(?<=\r\n)(BEGIN:VALARM\r\n[^]*?\r\nEND:VALARM\r\n)([^]*?)(?<=\r\n)(?=END:VEVENT\r\n)/g, '$2$1');
  return `${text}\r\n`;
}

const STATUS: Readonly<Record<Release['status'], ICalEventStatus>> = {
  confirmed: ICalEventStatus.CONFIRMED,
  tentative: ICalEventStatus.TENTATIVE,
  cancelled: ICalEventStatus.CANCELLED,
};

function hasCancelled({ releases }: Calendar): boolean {
  return releases.some(({ status }) => status === 'cancelled');
}

/** The events that cancelled releases would have in a plan of today, to be taken out of calendars that have them. */
function cancelledEvents(input: CalendarFeedInput): FeedEvent[] {
  const { plan, calendar, environments } = input;
  const [first] = plan.environments;
  if (!first) return [];
  const revived: Calendar = {
    ...calendar,
    releases: calendar.releases.map((release) => ({
      ...release,
      ...(release.status === 'cancelled' && { status: 'confirmed' as const }),
    })),
  };
  const would = planCapacity({
    calendar: revived,
    environments,
    asOf: plan.asOf,
    horizonSeconds: fromIso(first.horizonEnd) - fromIso(plan.asOf),
    toolVersion: plan.toolVersion,
  });
  const cancelled = new Set(calendar.releases.filter(({ status }) => status === 'cancelled').map(({ id }) => id));
  return would.environments
    .flatMap((environment) => environmentEvents(environment, { ...input, plan: would, calendar: revived }))
    .filter(({ release }) => cancelled.has(release))
    .map((event) => ({
      ...event,
      status: 'cancelled',
      summary: `Called off: ${event.summary}`,
      description: `Called off: its entry in the calendar says status: cancelled.\n${asOfLine(plan.asOf)}`,
      busy: false,
      alarmAt: null,
    }));
}

/** A stretch of one target that an event is about. */
interface Span {
  readonly startAt: number;
  readonly endAt: number;
  /** What happens in it, in words. */
  readonly line: string;
}

/** One release in one environment. */
interface Context {
  readonly release: Release;
  readonly environment: Environment;
  readonly plan: EnvironmentPlan;
  readonly asOf: string;
  readonly commandOptions: readonly string[];
}

function environmentEvents(plan: EnvironmentPlan, input: CalendarFeedInput): FeedEvent[] {
  const { calendar, environments, commandOptions = [] } = input;
  const environment = environments.find(({ name }) => name === plan.name);
  if (!environment) throw new Error(`there is no environment "${plan.name}" beside the plan`);
  return calendar.releases
    .filter(({ status }) => status !== 'cancelled')
    .flatMap((release) => releaseEvents({ release, environment, plan, asOf: input.plan.asOf, commandOptions }));
}

function releaseEvents(context: Context): FeedEvent[] {
  const { plan, release } = context;
  const drill = drillEvent(context);
  const planned = plan.releases.find(({ id }) => id === release.id);
  const main = plan.targets.flatMap((target) => {
    const need = planned?.targets.find(({ id }) => id === target.id);
    const window = target.windows.find((one) => !one.drill && holds(one, release.premiereAt));
    return need && window ? [{ target, window, floor: need.floor }] : [];
  });
  const around = main.length === 0 ? [] : [windowEvent(context, main), ...decisions(context)];
  return [...around, ...(drill ? [drill] : []), ...otherWindows(context)];
}

interface TargetWindow {
  readonly target: TargetPlan;
  readonly window: CapacityWindow;
  /** The highest of it for the release. */
  readonly floor: number;
}

function windowEvent(context: Context, windows: readonly TargetWindow[]): FeedEvent {
  return eventOf(context, 'window', 'Window', windows.map(spanOf), [
    ...overlapLines(context, windows),
    ...findingLines(context),
    `Every step: ${['prescale plan', `--env ${context.plan.name}`, ...context.commandOptions].join(' ')}`,
  ]);
}

/** Windows in which nothing premieres: around announced times that were moved, and of second waves. */
function otherWindows(context: Context): FeedEvent[] {
  const { plan, release } = context;
  const byKind = new Map<FeedEventKind, { label: string; windows: TargetWindow[] }>();
  for (const target of plan.targets) {
    for (const window of target.windows) {
      if (window.drill || !window.releases.includes(release.id)) continue;
      if (plan.releases.some(({ premiereAt }) => holds(window, fromIso(premiereAt)))) continue;
      const moved = release.previouslyAt.find((at) => holds(window, at));
      const days = Math.floor((fromIso(window.risingAt) - release.premiereAt) / DAY);
      const [kind, label]: [FeedEventKind, string] =
        moved === undefined
          ? [`wave-${days}`, 'Window beside the premiere']
          : [`previously-${toCompactIso(moved)}`, `Window of the time announced before, ${utcTime(toIso(moved))} UTC`];
      const same = byKind.get(kind) ?? { label, windows: [] };
      same.windows.push({ target, window, floor: highestFloor(target, window) });
      byKind.set(kind, same);
    }
  }
  return [...byKind].map(([kind, { label, windows }]) =>
    eventOf(context, kind, label, windows.map(spanOf), overlapLines(context, windows)),
  );
}

/** The highest floor from an instant of the plan on; before its `asOf` that is not known any more. */
function highestFloor(target: TargetPlan, { risingAt, endsAt }: CapacityWindow): number {
  const later = target.actions.filter(({ at }) => at > risingAt && at < endsAt).map(({ min }) => min);
  return Math.max(floorAt(target, risingAt), ...later);
}

function spanOf({ target, window, floor }: TargetWindow): Span {
  const { id, unit, baseline } = target;
  const line =
    `${id}: at most ${formatCount(floor)} ${unit}s for it, baseline ${formatCount(baseline)}; rising from ${utcTime(window.risingAt)}, ` +
    `giving back from ${utcTime(window.givingBackAt)}, baseline at ${utcTime(window.endsAt)} UTC`;
  return { startAt: fromIso(window.risingAt), endAt: fromIso(window.endsAt), line };
}

/** The other releases of the windows: those that the floors are for, and those that premiere in them. */
function overlapLines({ plan, release }: Context, windows: readonly TargetWindow[]): string[] {
  const isOther = ({ id, premiereAt }: PlannedRelease): boolean =>
    id !== release.id &&
    windows.some(({ window }) => window.releases.includes(id) || holds(window, fromIso(premiereAt)));
  const others = plan.releases.filter(isOther);
  return others.map(({ id, title, premiereAt }) => `Overlaps: ${title} (${id}), premiere ${utcTime(premiereAt)} UTC`);
}

function findingLines({ plan, release }: Context): string[] {
  return plan.findings
    .filter(({ releases }) => releases.includes(release.id))
    .map(({ severity, message, code, mend }: Finding) => `${severity}: ${message} [${code}]; mend: ${mend}`);
}

/** The drill, as long as it is to come or under way: from its first raised floor, where a window of drills alone holds it. */
function drillEvent(context: Context): FeedEvent | undefined {
  const { release, plan, commandOptions } = context;
  if (release.drillSeconds === null) return undefined;
  const startAt = cellStart(cellAt(release.premiereAt - release.drillSeconds));
  const endAt = drillEndOf(context)!;
  const spans = plan.targets.flatMap((target): Span[] => {
    const pieces = target.required.filter(
      ({ from, to, releases }) => releases.includes(release.id) && fromIso(from) < endAt && startAt < fromIso(to),
    );
    const window = target.windows.find((one) => holds(one, startAt));
    if (!window || pieces.length === 0) return [];
    const units = Math.max(...pieces.map((piece) => piece.units));
    const line = `${target.id}: ${formatCount(units)} ${target.unit}s ready from ${utcTime(toIso(startAt))} to ${utcTime(toIso(endAt))} UTC`;
    return [{ startAt: window.drill ? fromIso(window.risingAt) : startAt, endAt, line }];
  });
  if (spans.length === 0) return undefined;
  return eventOf(context, 'drill', 'Drill', spans, [
    'It runs by itself. What came of it, under "drill":',
    verifyCommand(plan.name, release, commandOptions),
  ]);
}

/** The end of the drill in the layer that drills longest; undefined without one. */
function drillEndOf({ release, environment }: Context): number | undefined {
  if (release.drillSeconds === null) return undefined;
  const minutes = Object.values(environment.layers).map((profile) => resolveDemandModel(profile).drillMinutes);
  return cellStart(cellFrom(release.premiereAt - release.drillSeconds + Math.max(...minutes) * MINUTE));
}

/** When the on-call decides: docs/runbook.md. Both follow from the entry alone, so that they stay where they are when the drill is over. */
function decisions(context: Context): FeedEvent[] {
  const { release, plan, commandOptions, environment } = context;
  const { premiereAt } = release;
  const warmUps = Object.values(environment.layers).map(
    (profile) => release.warmUpSeconds ?? resolveDemandModel(profile).kinds[release.kind].warmUpMinutes * MINUTE,
  );
  const before = Math.max(LEAST_TO_ACT_SECONDS, Math.min(LAST_LOOK_SECONDS, ...warmUps));
  const lastAt = premiereAt - before;
  const drillEnd = drillEndOf(context) ?? -Infinity;
  const isAfterDrill = drillEnd > premiereAt - DAY && drillEnd < lastAt;
  const firstAt = isAfterDrill ? drillEnd : premiereAt - DAY;
  const minutes = Math.round(before / MINUTE);
  const command = verifyCommand(plan.name, release, commandOptions);
  const hasDrill = release.drillSeconds !== null;
  const lastDrill = premiereAt - LAST_DRILL_SECONDS;
  return [
    eventOf(
      context,
      'day-before',
      `Go or no-go, ${isAfterDrill ? 'after the drill' : 'T−24 h'}`,
      [{ startAt: firstAt, endAt: firstAt + DECISION_SECONDS, line: command }],
      [
        hasDrill ? 'Go: the drill passed, and verify is a go.' : 'Go: verify is a go.',
        hasDrill && firstAt < lastDrill
          ? `No-go: mend what it names and drill again, until ${utcTime(toIso(lastDrill))} UTC; then tell whoever owns the release.`
          : 'No-go: mend what it names; else tell whoever owns the release.',
        'Unknown is no go. docs/runbook.md, T−24 h',
        ...findingLines(context),
      ],
      firstAt,
    ),
    eventOf(
      context,
      'last-look',
      `Last go or no-go, T−${minutes} min`,
      [{ startAt: lastAt, endAt: lastAt + DECISION_SECONDS, line: `${command} --wait` }],
      [
        'Go: the floor is up and healthy, and verify is a go. Touch nothing, and watch the dashboard.',
        'No-go: more capacity, or the premiere moves.',
        'Unknown is no go. docs/runbook.md, T−45 min',
        ...findingLines(context),
      ],
      lastAt - ALARM_BEFORE_LAST_LOOK_SECONDS,
    ),
  ];
}

function verifyCommand(environment: string, { id }: Release, options: readonly string[]): string {
  return ['prescale verify', `--env ${environment}`, `--release ${id}`, ...options].join(' ');
}

/** @param alarmAt of what somebody has to do */
function eventOf(
  { release, plan, asOf }: Context,
  kind: FeedEventKind,
  label: string,
  spans: readonly Span[],
  lines: readonly string[],
  alarmAt?: number,
): FeedEvent {
  const { id, premiereAt, premiereZone, status } = release;
  const premiere = toIso(premiereAt);
  const local = premiereZone === 'UTC' ? '' : `${localTime(premiere, premiereZone)} ${zoneLabel(premiereZone)}, `;
  return {
    // A dot is in none of them, so no two are the same.
    uid: `${kind.toLowerCase()}.${plan.name}.${id}@prescale`,
    environment: plan.name,
    release: id,
    kind,
    status,
    startAt: toIso(Math.min(...spans.map(({ startAt }) => startAt))),
    endAt: toIso(Math.max(...spans.map(({ endAt }) => endAt))),
    summary: oneLine(`${label}: ${release.title} (${plan.name}${status === 'tentative' ? ', tentative' : ''})`),
    description: [
      `${release.title} (${id}), ${release.kind}, ${status}`,
      `Premiere: ${local}${utcTime(premiere)} UTC`,
      ...spans.map(({ line }) => line),
      ...lines,
      asOfLine(asOf),
    ]
      .map(oneLine)
      .join('\n'),
    busy: alarmAt !== undefined,
    alarmAt: alarmAt === undefined ? null : toIso(alarmAt),
  };
}

/** Who reads a copy sees how old it is. */
function asOfLine(asOf: string): string {
  return `As of ${utcTime(asOf)} UTC`;
}

/** Text of one line, without what iCalendar and UTF-8 cannot carry: control characters and halves of letters. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .replaceAll(/\p{Cs}/gu, '\uFFFD')
    .trim();
}

function holds({ risingAt, endsAt }: CapacityWindow, at: number): boolean {
  return fromIso(risingAt) <= at && at < fromIso(endsAt);
}
