import type { Environment, LayerProfile } from './environment';
import {
  appearancesOf,
  cellAt,
  cellFrom,
  cellRequests,
  heldCells,
  type DemandForecaster,
  type ReleaseDemand,
} from './release-demand';
import { ceilUnits, unitsFor } from './units';

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
  /** Place in the order of the releases: sums are made in it, so that they do not depend on the order of entries. */
  readonly order: number;
  /** False for an announced time that was moved: no drill goes ahead of it. */
  readonly premiere: boolean;
  readonly from: number;
  readonly to: number;
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
  const appearances = demands
    .flatMap((demand) =>
      appearancesOf(demand.release, forecaster.model).map(({ at, share }) => appearanceAt(at, share, demand)),
    )
    .map((appearance, order) => ({ ...appearance, order }));
  const zones = environment.zoneIds.length;
  const endsAt = profile.baseline * forecaster.model.windowEndsAtBaselineTimes;
  const units = (requests: number): number => unitsFor(requests + profile.baselineRequestsPerSecond, profile, zones);

  const pieces: RequiredPiece[] = [];
  const drills: RequiredPiece[] = [];
  for (const cluster of clustersOf(appearances)) {
    const cells = sumCluster(cluster, units, profile.baseline, endsAt);
    appendPieces(pieces, cells, cluster, profile);
    for (const appearance of cluster) {
      const drill = drillOf(appearance, cells, forecaster, profile);
      if (drill) drills.push(drill);
    }
  }
  return combineByMaximum(pieces, drills);
}

function appearanceAt(premiereAt: number, share: number, demand: ReleaseDemand): Omit<Appearance, 'order'> {
  const { audience } = demand;
  const held = heldCells(demand, premiereAt);
  const stated = {
    demand,
    premiere: premiereAt === demand.release.premiereAt,
    from: held.from,
    heldTo: held.audienceTo,
    statedTo: held.statedTo,
    statedUnits: ceilUnits(share * (demand.statedUnits ?? 0)),
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

/** What a cluster needs, by cell from `from` on. */
interface ClusterCells {
  readonly from: number;
  readonly requests: Float64Array;
  readonly units: Float64Array;
  readonly held: Uint8Array;
}

function sumCluster(
  cluster: readonly Appearance[],
  units: (requests: number) => number,
  baseline: number,
  endsAt: number,
): ClusterCells {
  const from = cluster[0]!.from;
  const length = cluster.reduce((to, appearance) => Math.max(to, appearance.to), from) - from;
  const requests = new Float64Array(length);
  const needed = new Float64Array(length).fill(baseline);
  const held = new Uint8Array(length);
  // Inside the window of a release: from its warm-up to the last cell in which its own median needs more than the limit.
  const open = new Uint8Array(length);
  for (const appearance of cluster.toSorted((a, b) => a.order - b.order)) {
    const first = appearance.from - from;
    let openTo = Math.max(appearance.heldTo, appearance.statedTo) - from;
    for (let at = appearance.from; at < appearance.to; at += 1) {
      const cell = at - from;
      const own = requestsIn(appearance, at);
      requests[cell]! += own;
      if (isHeld(appearance, at)) held[cell] = 1;
      if (at < appearance.statedTo) needed[cell] = Math.max(needed[cell]!, appearance.statedUnits);
      if (at >= appearance.heldTo && units(own) > endsAt) openTo = cell + 1;
    }
    open.fill(1, first, Math.max(first, openTo));
  }
  requests.forEach((sum, cell) => {
    const all = units(sum);
    if (open[cell] || all > endsAt) needed[cell] = Math.max(needed[cell]!, all);
  });
  return { from, requests, units: needed, held };
}

function requestsIn(appearance: Appearance, cell: number): number {
  return cell < appearance.heldTo ? appearance.heldRequests : appearance.medianRequests(cell);
}

function isHeld(appearance: Appearance, cell: number): boolean {
  return cell < appearance.heldTo || cell < appearance.statedTo;
}

/** Adds the cells of a cluster that need more than the baseline, joined where nothing but the time differs. */
function appendPieces(
  pieces: RequiredPiece[],
  cells: ClusterCells,
  cluster: readonly Appearance[],
  profile: LayerProfile,
): void {
  let next = 0;
  let active: Appearance[] = [];
  cells.units.forEach((units, index) => {
    const at = cells.from + index;
    while (next < cluster.length && cluster[next]!.from <= at) active.push(cluster[next++]!);
    if (units <= profile.baseline) return;
    active = active.filter((appearance) => appearance.to > at);
    append(pieces, {
      from: at,
      to: at + 1,
      units,
      requestsPerSecond: cells.requests[index]! + profile.baselineRequestsPerSecond,
      releases: namesIn(active, at, cells.requests[index]!),
      held: cells.held[index] === 1,
      drill: false,
    });
  });
}

/** The releases that a cell is for: those that are held in it, and those with a share of its demand worth naming. */
function namesIn(active: readonly Appearance[], cell: number, requests: number): string[] {
  const present = active.filter((a) => isHeld(a, cell) || requestsIn(a, cell) > 0).sort((a, b) => a.order - b.order);
  const named = present.filter((a) => isHeld(a, cell) || requestsIn(a, cell) >= NAMED_SHARE * requests);
  return [...new Set((named.length > 0 ? named : present).map(({ demand }) => demand.release.id))];
}

/** The full floor of the release's night, overlapping releases included, ready for a quarter of an hour the day before. */
function drillOf(
  appearance: Appearance,
  cells: ClusterCells,
  forecaster: DemandForecaster,
  profile: LayerProfile,
): RequiredPiece | undefined {
  const { release } = appearance.demand;
  if (release.drillSeconds === null || !appearance.premiere) return undefined;
  const fullTo = Math.max(appearance.heldTo, appearance.statedTo);
  let units = 0;
  for (let at = appearance.from; at < fullTo; at += 1) units = Math.max(units, cells.units[at - cells.from]!);
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
      releases: unionOfReleases(active),
      held: active.some(({ held }) => held),
      drill: active.every(({ drill }) => drill),
    });
  }
  return combined;
}

/** Adds a piece, or lengthens the last one when nothing but the time differs; both belong to the list alone. */
function append(pieces: RequiredPiece[], piece: RequiredPiece): void {
  const last: { -readonly [key in keyof RequiredPiece]: RequiredPiece[key] } | undefined = pieces.at(-1);
  const same =
    last?.to === piece.from &&
    last.units === piece.units &&
    last.held === piece.held &&
    last.drill === piece.drill &&
    last.releases.length === piece.releases.length &&
    last.releases.every((id, index) => id === piece.releases[index]);
  if (same) {
    last.to = piece.to;
    last.requestsPerSecond = Math.max(last.requestsPerSecond, piece.requestsPerSecond);
  } else {
    pieces.push(piece);
  }
}

/** The releases of all pieces, each once, in the order of the pieces. */
export function unionOfReleases(pieces: readonly RequiredPiece[]): string[] {
  return [...new Set(pieces.flatMap(({ releases }) => releases))];
}
