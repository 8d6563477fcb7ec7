import type { Release, ReleaseCalendar } from '../calendar/release';
import { audienceCurve, type AudienceCurve } from './demand';
import { resolveDemandModel } from './demand-model';
import type { DemandModel, Environment, LayerProfile } from './environment';
import { forecastSigma, quantileFactor } from './forecast';

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

/** Turns the releases of a calendar into what one layer of one environment has to bear. Curves are made once per shape. */
export class DemandForecaster {
  readonly model: DemandModel;
  readonly quantile: number;
  private readonly curves = new Map<string, AudienceCurve>();
  private readonly cellMaxima = new Map<string, { firstCell: number; maxima: Float64Array }>();
  /** Kinds of which at least one release was measured: their sigma may be used. */
  private readonly observedKinds: ReadonlySet<string>;

  constructor(
    calendar: ReleaseCalendar,
    private readonly environment: Environment,
    private readonly layer: string,
    profile: LayerProfile,
  ) {
    this.model = resolveDemandModel(profile);
    this.quantile = profile.planningQuantile ?? 0.9;
    this.observedKinds = new Set(
      calendar.releases
        .filter(({ observed }) => observed?.peakViewers !== undefined && !observed.assumed)
        .map(({ kind }) => kind),
    );
  }

  /** What the release asks of the layer; undefined when it is cancelled or not for this environment. */
  forecast(release: Release): ReleaseDemand | undefined {
    if (release.status === 'cancelled') return undefined;
    if (release.environments && !release.environments.includes(this.environment.name)) return undefined;
    const kind = this.model.kinds[release.kind];
    const lengthSeconds = release.lengthSeconds ?? kind.lengthMinutes * 60;
    const stated = Object.hasOwn(release.floors, this.layer) ? release.floors[this.layer] : undefined;
    return {
      release,
      lengthSeconds,
      warmUpSeconds: release.warmUpSeconds ?? kind.warmUpMinutes * 60,
      holdSeconds: release.holdSeconds ?? this.model.holdMinutes * 60,
      audience: release.audience && this.forecastAudience(release, lengthSeconds),
      statedUnits: stated === undefined ? undefined : Math.max(1, Math.ceil(stated * this.environment.demandFactor)),
    };
  }

  private forecastAudience(release: Release, lengthSeconds: number): ReleaseDemand['audience'] {
    const audience = release.audience!;
    const curve = this.curveOf(release, lengthSeconds);
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

  /**
   * The highest requests per second in each cell of an audience that peaks at one viewer and whose premiere is at
   * `premiereAt`. A sample on the border of two cells counts in both.
   */
  cellRequests(demand: ReleaseDemand, premiereAt: number): { firstCell: number; maxima: Float64Array } {
    const curve = demand.audience!.curve;
    const offset = ((premiereAt % CELL_SECONDS) + CELL_SECONDS) % CELL_SECONDS;
    const premiereCell = cellAt(premiereAt);
    const key = `${demand.release.kind} ${demand.lengthSeconds} ${offset}`;
    let cached = this.cellMaxima.get(key);
    if (!cached) {
      const firstCell = cellAt(offset + curve.startSeconds);
      const lastSeconds = offset + curve.startSeconds + (curve.requests.length - 1) * curve.stepSeconds;
      const maxima = new Float64Array(cellAt(lastSeconds) - firstCell + 1);
      for (let i = 0; i < curve.requests.length; i += 1) {
        const seconds = offset + curve.startSeconds + i * curve.stepSeconds;
        // A curve is linear between samples, so a cell is bounded by its samples and those that surround its borders.
        const reach = curve.stepSeconds - 1;
        for (const cell of new Set([cellAt(seconds - reach), cellAt(seconds), cellAt(seconds + reach)])) {
          const index = cell - firstCell;
          if (index >= 0 && index < maxima.length) maxima[index] = Math.max(maxima[index]!, curve.requests[i]!);
        }
      }
      cached = { firstCell, maxima };
      this.cellMaxima.set(key, cached);
    }
    return { firstCell: cached.firstCell + premiereCell, maxima: cached.maxima };
  }

  private curveOf(release: Release, lengthSeconds: number): AudienceCurve {
    const key = `${release.kind} ${lengthSeconds}`;
    let curve = this.curves.get(key);
    if (!curve) {
      curve = audienceCurve(release.kind, lengthSeconds, this.model);
      this.curves.set(key, curve);
    }
    return curve;
  }
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
