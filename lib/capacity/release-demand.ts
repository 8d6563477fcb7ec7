import type { Release, ReleaseCalendar } from '../calendar/release';
import { audienceCurve, type AudienceCurve } from './demand';
import { resolveDemandModel } from './demand-model';
import { type DemandModel, type Environment, type LayerProfile, PROFILE_DEFAULTS } from './environment';
import { forecastSigma, quantileFactor } from './forecast';
import { ceilUnits } from './units';

/** Length of a cell of the action grid. Actions have minute resolution; five minutes keep their number small. */
export const CELL_SECONDS = 300;

/** Cells count from the Unix epoch, so the grid is the same for every plan. */
export function cellAt(seconds: number): number {
  return Math.floor(seconds / CELL_SECONDS);
}

/** The first cell that begins at the instant or after it. */
export function cellFrom(seconds: number): number {
  return Math.ceil(seconds / CELL_SECONDS);
}

/** The instant at which a cell begins. */
export function cellStart(cell: number): number {
  return cell * CELL_SECONDS;
}

/** The default of `drill` in a calendar entry is applied by the parser; the rest of an entry's defaults are resolved here. */
export interface ReleaseDemand {
  readonly release: Release;
  readonly lengthSeconds: number;
  readonly warmUpSeconds: number;
  readonly holdSeconds: number;
  /** Where the release has an audience. */
  readonly audience?: {
    readonly curve: AudienceCurve;
    readonly sigma: number;
    /** Peak concurrent viewers in this environment: median, and at the planning quantile. */
    readonly medianPeak: number;
    readonly plannedPeak: number;
  };
  /** Stated total ready units of the layer in this environment. */
  readonly statedUnits?: number;
}

/** Turns the releases of a calendar into what one layer of one environment has to bear. */
export class DemandForecaster {
  readonly model: DemandModel;
  readonly quantile: number;
  /** Kinds of which at least one release was measured: their sigma may be used. */
  private readonly observedKinds: ReadonlySet<string>;

  constructor(
    calendar: ReleaseCalendar,
    private readonly environment: Required<Environment>,
    private readonly layer: string,
    profile: LayerProfile,
  ) {
    this.model = resolveDemandModel(profile);
    this.quantile = profile.planningQuantile ?? PROFILE_DEFAULTS.planningQuantile;
    this.observedKinds = new Set(
      calendar.releases
        .filter(({ observed }) => observed?.peakViewers !== undefined && !observed.assumed)
        .map(({ kind }) => kind),
    );
  }

  /** What the release asks of the layer; undefined when it is cancelled, not for this environment, or of other layers alone. */
  forecast(release: Release): ReleaseDemand | undefined {
    if (release.status === 'cancelled') return undefined;
    if (release.environments && !release.environments.includes(this.environment.name)) return undefined;
    const kind = this.model.kinds[release.kind];
    const lengthSeconds = release.lengthSeconds ?? kind.lengthMinutes * 60;
    const stated = Object.hasOwn(release.floors, this.layer) ? release.floors[this.layer] : undefined;
    if (!release.audience && stated === undefined) return undefined;
    return {
      release,
      lengthSeconds,
      warmUpSeconds: release.warmUpSeconds ?? kind.warmUpMinutes * 60,
      holdSeconds: release.holdSeconds ?? this.model.holdMinutes * 60,
      audience: release.audience && this.forecastAudience(release, lengthSeconds),
      statedUnits: stated === undefined ? undefined : Math.max(1, ceilUnits(stated * this.environment.demandFactor)),
    };
  }

  private forecastAudience(release: Release, lengthSeconds: number): ReleaseDemand['audience'] {
    const audience = release.audience!;
    const curve = audienceCurve(release.kind, lengthSeconds, this.model);
    const observed = this.observedKinds.has(release.kind);
    const sigma = forecastSigma(audience, observed ? this.model.kinds[release.kind].sigma : this.model.sigmaUnobserved);
    const medianPeak = audience.peakViewers * this.environment.demandFactor;
    return {
      curve,
      sigma,
      medianPeak,
      plannedPeak: medianPeak * quantileFactor(this.quantile, sigma),
    };
  }
}

/** Cell maxima by the premiere's offset in its cell, for as long as the curve is kept. */
const cellMaxima = new WeakMap<AudienceCurve, Map<number, { firstCell: number; maxima: Float64Array }>>();

/**
 * The highest requests per second in each cell of an audience that peaks at one viewer and whose premiere is at
 * `premiereAt`. A curve is linear between samples, so a cell is bounded by its samples and those around its borders.
 */
export function cellRequests(curve: AudienceCurve, premiereAt: number): { firstCell: number; maxima: Float64Array } {
  const offset = ((premiereAt % CELL_SECONDS) + CELL_SECONDS) % CELL_SECONDS;
  const byOffset = cellMaxima.get(curve) ?? new Map<number, { firstCell: number; maxima: Float64Array }>();
  cellMaxima.set(curve, byOffset);
  let relative = byOffset.get(offset);
  if (!relative) {
    const startSeconds = offset + curve.startSeconds;
    const firstCell = cellAt(startSeconds);
    const lastCell = cellAt(startSeconds + (curve.requests.length - 1) * curve.stepSeconds);
    const maxima = new Float64Array(lastCell - firstCell + 1);
    const reach = curve.stepSeconds - 1;
    curve.requests.forEach((requests, sample) => {
      const seconds = startSeconds + sample * curve.stepSeconds;
      const from = Math.max(firstCell, cellAt(seconds - reach));
      const to = Math.min(lastCell, cellAt(seconds + reach));
      for (let cell = from; cell <= to; cell += 1) {
        maxima[cell - firstCell] = Math.max(maxima[cell - firstCell]!, requests);
      }
    });
    relative = { firstCell, maxima };
    byOffset.set(offset, relative);
  }
  return { firstCell: relative.firstCell + cellAt(premiereAt), maxima: relative.maxima };
}

/** By premiere, then by id: the one order of releases, so that nothing depends on the order of entries. */
export function compareReleases(a: Release, b: Release): number {
  return a.premiereAt - b.premiereAt || (a.id < b.id ? -1 : 1);
}

/** When people come, and which share of the demand: at the premiere, and at announced times that were moved. */
export function appearancesOf(
  { premiereAt, previouslyAt }: Release,
  model: DemandModel,
): { at: number; share: number }[] {
  return [{ at: premiereAt, share: 1 }, ...previouslyAt.map((at) => ({ at, share: model.previouslyShare }))];
}

/** The cells in which a release that appears at `at` keeps its peak: until then for its audience, and for stated floors. */
export function heldCells(demand: ReleaseDemand, at: number): { from: number; audienceTo: number; statedTo: number } {
  const from = cellAt(at - demand.warmUpSeconds);
  const { audience, holdSeconds } = demand;
  return {
    from,
    audienceTo: audience ? cellFrom(at + audience.curve.requestsPeakSeconds + holdSeconds) : from,
    statedTo: demand.statedUnits === undefined ? from : cellFrom(at + demand.lengthSeconds + holdSeconds),
  };
}
