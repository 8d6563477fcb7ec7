import type { LayerProfile, LeadTime } from './environment';
import { dilateByLeadTime, leadSeconds } from './lead-time';
import { CELL_SECONDS, cellStart } from './release-demand';
import { type RequiredPiece, unionOfReleases } from './required';
import { buildStaircase, type Step } from './staircase';

/** Three days: longer than the window of any one release, or of a night with several. */
const CELLS_PER_STAIRCASE = (3 * 86_400) / CELL_SECONDS;

/** From the first raised floor to the return to the baseline. Instants in seconds since the epoch. */
export interface Window {
  readonly risingAt: number;
  readonly givingBackAt: number;
  readonly endsAt: number;
  readonly releases: readonly string[];
  readonly drill: boolean;
  /** What has to be ready in it; at least one piece. */
  readonly required: readonly RequiredPiece[];
  /** The floors of the window, in order and without gaps; the baseline follows at `endsAt`. */
  readonly floors: () => readonly Floor[];
}

/** A floor that is registered over `[at, until)`. */
export interface Floor {
  readonly at: number;
  readonly until: number;
  readonly units: number;
  readonly releases: readonly string[];
}

/** Launch rates and latencies of the layer. */
interface WindowProfile extends Pick<LayerProfile, 'baseline'> {
  readonly leadTime: LeadTime;
  readonly maxStepsPerWindow: number;
}

/**
 * The windows of a timeline: required units are dilated by the lead time, and each stretch above the baseline is one
 * window. Windows do not touch, so each has its own staircase, which is built when it is asked for.
 */
export function buildWindows(pieces: readonly RequiredPiece[], profile: WindowProfile): Window[] {
  const windows: Window[] = [];
  for (const group of groupByLead(pieces, profile)) {
    const from = group.from;
    const required = new Array<number>(group.pieces.at(-1)!.to - from).fill(profile.baseline);
    for (const piece of group.pieces) required.fill(piece.units, piece.from - from, piece.to - from);
    const dilated = dilateByLeadTime(required, CELL_SECONDS, profile.leadTime);
    let next = 0;
    let cell = 0;
    while (cell < dilated.length) {
      if (dilated[cell]! <= profile.baseline) {
        cell += 1;
        continue;
      }
      let end = cell;
      while (end < dilated.length && dilated[end]! > profile.baseline) end += 1;
      // A window covers its pieces whole, because a floor is never below what is required.
      const firstPiece = next;
      while (next < group.pieces.length && group.pieces[next]!.from < from + end) next += 1;
      windows.push(windowOf(from + cell, dilated.slice(cell, end), group.pieces.slice(firstPiece, next), profile));
      cell = end;
    }
  }
  return windows;
}

/** Pieces whose lead reaches back to the piece before belong together. */
function groupByLead(
  pieces: readonly RequiredPiece[],
  profile: WindowProfile,
): { from: number; pieces: RequiredPiece[] }[] {
  const groups: { from: number; pieces: RequiredPiece[] }[] = [];
  for (const piece of pieces) {
    const lead = Math.ceil(leadSeconds(piece.units - profile.baseline, profile.leadTime) / CELL_SECONDS) + 1;
    let from = piece.from - lead;
    // A steep rise may need its first floor before the group ahead of it began, so groups are joined from behind.
    const joined: RequiredPiece[][] = [];
    while (groups.length > 0 && groups.at(-1)!.pieces.at(-1)!.to >= from) {
      const before = groups.pop()!;
      from = Math.min(before.from, from);
      joined.unshift(before.pieces);
    }
    const [first = [], ...rest] = joined;
    for (const more of rest) for (const one of more) first.push(one);
    first.push(piece);
    groups.push({ from, pieces: first });
  }
  return groups;
}

function windowOf(first: number, dilated: number[], required: RequiredPiece[], profile: WindowProfile): Window {
  const risingAt = cellStart(first);
  const endsAt = cellStart(first + dilated.length);
  const highest = required.reduce((most, { units }) => Math.max(most, units), 0);
  const longestLead = leadSeconds(highest - profile.baseline, profile.leadTime);
  const held = required.filter((piece) => piece.held);
  // The second wave of a small release can stand alone, with nothing held in it: its own peak is what is held then.
  const lastHeld = held.at(-1) ?? required.findLast(({ units }) => units === highest)!;
  let floors: Floor[] | undefined;
  let ended = 0;
  return {
    risingAt,
    givingBackAt: cellStart(lastHeld.to),
    endsAt,
    releases: unionOfReleases(required),
    drill: required.every((piece) => piece.drill),
    required,
    floors: () =>
      (floors ??= staircasesOf(dilated, profile.maxStepsPerWindow).map((step) => {
        const at = cellStart(first + step.from);
        const until = cellStart(first + step.to);
        // A floor is for what needs it while it lasts, and for what has to be launched in it.
        const needing: RequiredPiece[] = [];
        while (required[ended] && cellStart(required[ended]!.to) <= at) ended += 1;
        for (let index = ended; index < required.length; index += 1) {
          const piece = required[index]!;
          const startsAt = cellStart(piece.from);
          if (startsAt - longestLead >= until) break;
          if (startsAt - leadSeconds(piece.units - profile.baseline, profile.leadTime) < until) needing.push(piece);
        }
        return { at, until, units: step.units, releases: unionOfReleases(needing) };
      })),
  };
}

/**
 * The floors of a window. Where releases follow each other so closely that a window lasts for days, each three days
 * have a staircase of their own: k steps would be a flat floor over weeks, and the search would take their square.
 */
function staircasesOf(dilated: readonly number[], maxSteps: number): Step[] {
  const steps: Step[] = [];
  for (let from = 0; from < dilated.length; from += CELLS_PER_STAIRCASE) {
    for (const step of buildStaircase(dilated.slice(from, from + CELLS_PER_STAIRCASE), maxSteps)) {
      const last = steps.at(-1);
      if (last?.units === step.units) steps[steps.length - 1] = { ...last, to: from + step.to };
      else steps.push({ from: from + step.from, to: from + step.to, units: step.units });
    }
  }
  return steps;
}

/** Windows are sorted and do not touch: the first one that can hold an instant, by halving. */
export function firstEndingAfter(windows: readonly Pick<Window, 'endsAt'>[], instant: number): number {
  let low = 0;
  let high = windows.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (windows[middle]!.endsAt > instant) high = middle;
    else low = middle + 1;
  }
  return low;
}
