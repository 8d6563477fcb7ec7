import type { CapacityWindow, ScheduledAction, TargetPlan } from './capacity-plan';
import { floorAt } from './floor-at';
import { fromIso, toCompactIso, toIso } from './instants';

/**
 * - `raise`: the floor is at least `min`.
 * - `drill`: the same, and what becomes healthy is recorded.
 * - `end-window`: the floor is the baseline, for the rest of the window that was open when it was made.
 * - `pause`: the guard stands back; scheduled actions go on.
 */
export const OVERRIDE_KINDS = ['raise', 'drill', 'end-window', 'pause'] as const;

/** A change of the floor of one target by a person: it expires, and says who made it and why. */
export interface Override {
  readonly schemaVersion: 1;
  /** Unique on its target: when it was made, its kind, and some letters by chance. */
  readonly id: string;
  readonly kind: (typeof OVERRIDE_KINDS)[number];
  /** From here on, a full minute; ISO 8601 in UTC. */
  readonly from: string;
  /** It is over at this instant, a full minute, by itself. */
  readonly until: string;
  /** Units, of a `raise` or a `drill`. */
  readonly min?: number;
  readonly who: string;
  readonly why: string;
  /** Who ended it before its time. @default nobody */
  readonly endedBy?: string;
}

/** Longest that an override may last: what is needed for longer belongs in the calendar. Seconds. */
export const LONGEST_OVERRIDE_SECONDS = 86_400;

/** What an override changes of a plan. */
export type Floors = Pick<TargetPlan, 'baseline' | 'min' | 'max' | 'actions' | 'windows'>;

/** Reads one record. Whatever is not an override of this version is a text that says why. */
export function readOverride(text: string): Override | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `is no JSON, it begins with ${JSON.stringify(text.slice(0, 40))}`;
  }
  if (typeof value !== 'object' || value === null) return `is no override, got ${JSON.stringify(value)}`;
  const { schemaVersion, id, kind, from, until, min, who, why } = value as Record<string, unknown>;
  if (schemaVersion !== 1) return `must have schemaVersion 1, got ${JSON.stringify(schemaVersion)}`;
  for (const [key, given] of Object.entries({ id, who, why })) {
    if (typeof given !== 'string' || given === '') return `must have text in ${key}, got ${JSON.stringify(given)}`;
  }
  if (!(OVERRIDE_KINDS as readonly unknown[]).includes(kind)) {
    return `must have a kind of ${OVERRIDE_KINDS.join(', ')}, got ${JSON.stringify(kind)}`;
  }
  for (const [key, given] of Object.entries({ from, until })) {
    if (typeof given !== 'string' || !Number.isInteger(fromIso(given))) {
      return `must have an instant in ${key}, got ${JSON.stringify(given)}`;
    }
  }
  const lasts = fromIso(until as string) - fromIso(from as string);
  const areMinutes = [from, until].every((given) => fromIso(given as string) % 60 === 0);
  if (!areMinutes || lasts <= 0 || lasts > LONGEST_OVERRIDE_SECONDS) {
    return `must be of full minutes and end within a day after it begins, got ${JSON.stringify(from)} to ${JSON.stringify(until)}`;
  }
  const raises = kind === 'raise' || kind === 'drill';
  if (raises && !(Number.isInteger(min) && (min as number) >= 0)) {
    return `must have whole units in min, got ${JSON.stringify(min)}`;
  }
  return value as Override;
}

/** True from `from` until just before `until`. */
export function isActive({ from, until }: Pick<Override, 'from' | 'until'>, at: number): boolean {
  return fromIso(from) <= at && at < fromIso(until);
}

/**
 * The window of a plan that an `end-window` ends: the one that is open when it begins and over when it ends. Undefined when the plan has none
 * such, because it was deployed since with that window moved or grown: then nothing is ended, since nobody decided on that.
 */
export function endedWindow(
  { windows }: Pick<Floors, 'windows'>,
  { from, until }: Override,
): CapacityWindow | undefined {
  return windows.find(
    ({ risingAt, endsAt }) =>
      fromIso(risingAt) <= fromIso(from) && fromIso(from) < fromIso(endsAt) && fromIso(endsAt) <= fromIso(until),
  );
}

/**
 * The floors of a plan with the overrides of its target: what wins at each instant, as one timeline.
 *
 * An `end-window` brings the floor of its window down to the baseline, what raises comes on top of it, up to the ceiling, and a pause
 * changes no floor.
 * Where the floor changes because an override begins or ends there is an action as the plan would have one, so that the end happens
 * without anybody's help. Windows are those in which scale-in is to be suspended: an `end-window` ends them, a raise or drill is one.
 *
 * What is over stays in the timeline, so that a floor that it left behind is known for what it is.
 *
 * Pure; the order of the overrides does not matter.
 */
export function withOverrides<T extends Floors>(plan: T, overrides: readonly Override[]): T {
  const floors = overrides.flatMap((override): Override[] => {
    if (override.kind === 'pause') return [];
    if (override.kind !== 'end-window') return [override];
    const window = endedWindow(plan, override);
    return window === undefined ? [] : [{ ...override, until: window.endsAt }];
  });
  if (floors.length === 0) return plan;
  const { baseline, min: registered, max } = plan;
  const effective = (at: number): number => {
    const active = floors.filter((override) => isActive(override, at));
    const planned = floorAt(plan, at);
    const ended = active.some(({ kind }) => kind === 'end-window') ? Math.min(planned, baseline) : planned;
    return Math.min(max, Math.max(ended, ...active.map(({ min = 0 }) => min)));
  };
  const planned = new Map(plan.actions.map((action) => [fromIso(action.at), action]));
  const boundaries = floors.flatMap(({ from, until }) => [fromIso(from), fromIso(until)]);
  const instants = [...new Set([...planned.keys(), ...boundaries])].toSorted((a, b) => a - b);
  const actions: ScheduledAction[] = [];
  let before = registered;
  for (const at of instants) {
    const floor = effective(at);
    const action = planned.get(at);
    // The plan's own actions stay, also where they change nothing any more: the deploy knows them by their names.
    if (action) actions.push({ ...action, min: floor });
    else if (floor !== before) {
      actions.push({ name: `floor-${toCompactIso(at)}`, at: toIso(at), min: floor, max, releases: [] });
    }
    before = floor;
  }
  return { ...plan, actions, windows: windowsWith(plan.windows, floors) };
}

function windowsWith(windows: readonly CapacityWindow[], overrides: readonly Override[]): CapacityWindow[] {
  const ends = overrides
    .filter(({ kind }) => kind === 'end-window')
    .toSorted((a, b) => fromIso(a.from) - fromIso(b.from));
  const left = windows.map((window) => {
    const end = ends.find((override) => endedWindow({ windows: [window] }, override) !== undefined);
    if (end === undefined) return window;
    const { from } = end;
    const givingBackAt = fromIso(window.givingBackAt) < fromIso(from) ? window.givingBackAt : from;
    // What was ended before its time says nothing about a drill.
    return { ...window, drill: false, givingBackAt, endsAt: from };
  });
  const raised = overrides
    .filter(({ kind }) => kind === 'raise' || kind === 'drill')
    .map(({ kind, from, until, endedBy }) => ({
      releases: [],
      drill: kind === 'drill' && endedBy === undefined,
      risingAt: from,
      givingBackAt: until,
      endsAt: until,
    }));
  return [...left, ...raised].toSorted(
    (a, b) =>
      fromIso(a.risingAt) - fromIso(b.risingAt) ||
      fromIso(a.endsAt) - fromIso(b.endsAt) ||
      Number(a.drill) - Number(b.drill),
  );
}
