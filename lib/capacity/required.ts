import type { Environment, LayerProfile } from './environment';
import { cellAt, cellFrom, cellRequests, heldCells, type DemandForecaster, type ReleaseDemand } from './release-demand';
import { unitsFor } from './units';

/** Ready units that are needed over the grid cells `[from, to)`, before any lead time. */
export interface RequiredPiece {
  readonly from: number;
  readonly to: number;
  readonly units: number;
  /** Highest requests per second in it, the baseline's own included; of a drill none but those. */
  readonly requestsPerSecond: number;
  /** Ids of the releases that need them, by premiere. */
  readonly releases: readonly string[];
  /** Floors stay at the peak here; in the rest of a window they are given back. */
  readonly held: boolean;
  /** Nothing but drills needs them. */
  readonly drill: boolean;
}

/** Below this share of a cell's demand a release is not named as a reason for the cell. */
const NAMED_SHARE = 0.05;

/** One appearance of a release on the timeline: its premiere, or an announced time that was moved. */
interface Appearance {
  readonly demand: ReleaseDemand;
  /** False for an announced time that was moved: no drill goes ahead of it. */
  readonly premiere: boolean;
  readonly from: number;
  readonly to: number;
  readonly heldFrom: number;
  readonly heldTo: number;
  /** Requests per second while held. */
  readonly heldRequests: number;
  /** Cells in which stated units are needed; empty when none are stated. */
  readonly statedTo: number;
  readonly statedUnits: number;
  /** Median requests per second in a cell. */
  readonly medianRequests: (cell: number) => number;
}

/**
 * What the releases need, on one timeline: demands of overlapping releases are added, stated floors and drills are
 * combined by maximum. In cells that no piece names the baseline is needed.
 *
 * @param demands in a fixed order, so that sums do not depend on the order of entries
 * @returns sorted and disjoint
 */
export function requiredPieces(
  demands: readonly ReleaseDemand[],
  forecaster: DemandForecaster,
  environment: Required<Environment>,
  profile: LayerProfile,
): RequiredPiece[] {
  const appearances = demands.flatMap((demand) => appearancesOf(demand, forecaster));
  const zones = environment.zoneIds.length;
  const endsAt = profile.baseline * forecaster.model.windowEndsAtBaselineTimes;
  const units = (requests: number): number => unitsFor(requests + profile.baselineRequestsPerSecond, profile, zones);

  const pieces: RequiredPiece[] = [];
  const drills: RequiredPiece[] = [];
  for (const cluster of clustersOf(appearances)) {
    const { from, cells } = sumCluster(cluster, units, profile.baseline, endsAt);
    pieces.push(...mergeCells(from, cells, profile));
    for (const appearance of cluster) {
      const drill = drillOf(appearance, from, cells, forecaster, profile);
      if (drill) drills.push(drill);
    }
  }
  return combineByMaximum(pieces, drills);
}

function appearancesOf(demand: ReleaseDemand, forecaster: DemandForecaster): Appearance[] {
  const { release } = demand;
  const share = forecaster.model.previouslyShare;
  return [
    { ...appearanceAt(release.premiereAt, 1, demand, forecaster), premiere: true },
    ...release.previouslyAt.map((instant) => ({
      ...appearanceAt(instant, share, demand, forecaster),
      premiere: false,
    })),
  ];
}

function appearanceAt(
  premiereAt: number,
  share: number,
  demand: ReleaseDemand,
  forecaster: DemandForecaster,
): Omit<Appearance, 'premiere'> {
  const { audience } = demand;
  const held = heldCells(demand, premiereAt);
  const stated = {
    demand,
    from: held.from,
    heldFrom: held.from,
    heldTo: held.audienceTo,
    statedTo: held.statedTo,
    statedUnits: Math.ceil(share * (demand.statedUnits ?? 0)),
  };
  if (!audience) return { ...stated, to: held.statedTo, heldRequests: 0, medianRequests: () => 0 };
  const { firstCell, maxima } = cellRequests(audience.curve, premiereAt);
  const scale = share * audience.medianPeak;
  return {
    ...stated,
    to: Math.max(held.audienceTo, held.statedTo, firstCell + maxima.length),
    heldRequests: share * audience.plannedPeak * audience.curve.requestsPeak,
    medianRequests: (cell) => scale * (maxima[cell - firstCell] ?? 0),
  };
}

/** Groups of appearances whose cells touch: demands of different groups never meet. */
function clustersOf(appearances: readonly Appearance[]): Appearance[][] {
  const clusters: Appearance[][] = [];
  let clusterTo = -Infinity;
  for (const appearance of appearances.toSorted((a, b) => a.from - b.from)) {
    if (appearance.from > clusterTo) clusters.push([]);
    clusters.at(-1)!.push(appearance);
    clusterTo = Math.max(clusterTo, appearance.to);
  }
  return clusters;
}

interface Cell {
  requests: number;
  units: number;
  held: boolean;
  /** Inside the window of a release, from its warm-up to the last cell in which its own median needs more than the end's limit. */
  open: boolean;
  named: { readonly id: string; readonly requests: number; readonly held: boolean }[];
}

function sumCluster(
  cluster: readonly Appearance[],
  units: (requests: number) => number,
  baseline: number,
  endsAt: number,
): { from: number; cells: Cell[] } {
  const from = cluster[0]!.from;
  const to = Math.max(...cluster.map((appearance) => appearance.to));
  const cells = Array.from({ length: to - from }, (): Cell => {
    return { requests: 0, units: baseline, held: false, open: false, named: [] };
  });
  // In the order of the releases, so that sums of floating point numbers are the same for every asOf and order of entries.
  for (const appearance of cluster.toSorted((a, b) => compareReleases(a, b) || a.from - b.from)) {
    const { id } = appearance.demand.release;
    let lastOpen = Math.max(appearance.heldTo, appearance.statedTo) - 1;
    for (let at = appearance.from; at < appearance.to; at += 1) {
      const cell = cells[at - from]!;
      const held = at < appearance.heldTo;
      const requests = held ? appearance.heldRequests : appearance.medianRequests(at);
      const stated = at < appearance.statedTo;
      cell.requests += requests;
      cell.held ||= held || stated;
      if (stated) cell.units = Math.max(cell.units, appearance.statedUnits);
      if (requests > 0 || stated) cell.named.push({ id, requests, held: held || stated });
      if (!held && units(requests) > endsAt) lastOpen = at;
    }
    for (let at = appearance.from; at <= lastOpen; at += 1) cells[at - from]!.open = true;
  }
  for (const cell of cells) {
    const needed = units(cell.requests);
    if (cell.open || needed > endsAt) cell.units = Math.max(cell.units, needed);
  }
  return { from, cells };
}

function compareReleases(a: Appearance, b: Appearance): number {
  const [first, second] = [a.demand.release, b.demand.release];
  return first.premiereAt - second.premiereAt || (first.id < second.id ? -1 : Number(first.id > second.id));
}

function mergeCells(from: number, cells: readonly Cell[], profile: LayerProfile): RequiredPiece[] {
  const pieces: RequiredPiece[] = [];
  cells.forEach((cell, index) => {
    if (cell.units <= profile.baseline) return;
    const at = from + index;
    const threshold = NAMED_SHARE * cell.requests;
    let named = cell.named.filter(({ held, requests }) => held || requests >= threshold);
    if (named.length === 0) named = cell.named;
    const releases = [...new Set(named.map(({ id }) => id))];
    append(pieces, {
      from: at,
      to: at + 1,
      units: cell.units,
      requestsPerSecond: cell.requests + profile.baselineRequestsPerSecond,
      releases,
      held: cell.held,
      drill: false,
    });
  });
  return pieces;
}

/** The full floor of the release's night, overlapping releases included, ready for a quarter of an hour the day before. */
function drillOf(
  appearance: Appearance,
  clusterFrom: number,
  cells: readonly Cell[],
  forecaster: DemandForecaster,
  profile: LayerProfile,
): RequiredPiece | undefined {
  const { release } = appearance.demand;
  if (release.drillSeconds === null || !appearance.premiere) return undefined;
  const fullTo = Math.max(appearance.heldTo, appearance.statedTo);
  let units = 0;
  for (let at = appearance.heldFrom; at < fullTo; at += 1) units = Math.max(units, cells[at - clusterFrom]!.units);
  if (units <= profile.baseline) return undefined;
  const startAt = release.premiereAt - release.drillSeconds;
  return {
    from: cellAt(startAt),
    to: cellFrom(startAt + forecaster.model.drillMinutes * 60),
    units,
    requestsPerSecond: profile.baselineRequestsPerSecond,
    releases: [release.id],
    held: true,
    drill: true,
  };
}

function combineByMaximum(pieces: readonly RequiredPiece[], drills: readonly RequiredPiece[]): RequiredPiece[] {
  if (drills.length === 0) return [...pieces];
  const all = [...pieces, ...drills].toSorted((a, b) => a.from - b.from);
  const borders = [...new Set(all.flatMap(({ from, to }) => [from, to]))].toSorted((a, b) => a - b);
  const combined: RequiredPiece[] = [];
  let next = 0;
  let active: RequiredPiece[] = [];
  for (let index = 0; index + 1 < borders.length; index += 1) {
    const from = borders[index]!;
    const to = borders[index + 1]!;
    while (next < all.length && all[next]!.from <= from) active.push(all[next++]!);
    active = active.filter((piece) => piece.to > from);
    if (active.length === 0) continue;
    append(combined, {
      from,
      to,
      units: Math.max(...active.map(({ units }) => units)),
      requestsPerSecond: Math.max(...active.map(({ requestsPerSecond }) => requestsPerSecond)),
      releases: [...new Set(active.flatMap(({ releases }) => releases))],
      held: active.some(({ held }) => held),
      drill: active.every(({ drill }) => drill),
    });
  }
  return combined;
}

/** Adds a piece, or lengthens the last one when nothing but the time differs. */
function append(pieces: RequiredPiece[], piece: RequiredPiece): void {
  const last = pieces.at(-1);
  const same =
    last?.to === piece.from &&
    last.units === piece.units &&
    last.held === piece.held &&
    last.drill === piece.drill &&
    last.releases.length === piece.releases.length &&
    last.releases.every((id, index) => id === piece.releases[index]);
  if (!same) {
    pieces.push(piece);
    return;
  }
  const requestsPerSecond = Math.max(last.requestsPerSecond, piece.requestsPerSecond);
  pieces[pieces.length - 1] = { ...last, to: piece.to, requestsPerSecond };
}
