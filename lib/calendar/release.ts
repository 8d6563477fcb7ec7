/** What becomes available decides how its audience arrives. */
export type ReleaseKind = 'season' | 'episode' | 'finale' | 'live';

/** `tentative` plans like `confirmed`; `cancelled` plans nothing. */
export type ReleaseStatus = 'tentative' | 'confirmed' | 'cancelled';

/** The forecast of concurrent viewers: lognormal, stated by its median and optionally its spread. */
export interface Audience {
  /** Median forecast of the peak of concurrent viewers. For `like` entries: the observed peak times the growth. */
  readonly peakViewers: number;
  /** 1 in 10 chance that the peak is below this. */
  readonly low?: number;
  /** 1 in 10 chance that the peak is above this. */
  readonly high?: number;
  /** Standard deviation of the logarithm of the peak; excludes `low` and `high`. */
  readonly uncertainty?: number;
  /** Where the figure comes from, when it was calibrated on an earlier release. */
  readonly like?: { readonly id: string; readonly growth: number; readonly assumed: boolean };
}

/** What was measured, or at least reported, after the event. */
export interface Observation {
  readonly peakViewers?: number;
  /** True when `peakViewers` is an assumption and not a measurement. @default false */
  readonly assumed: boolean;
  readonly outageMinutes?: number;
  readonly source: string;
}

/** A place in a text file; lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One calendar entry. All instants are whole seconds since the Unix epoch; local times were converted once, by the parser. */
export interface Release {
  readonly id: string;
  readonly title: string;
  readonly premiereAt: number;
  /** IANA time zone in which the premiere was stated; `UTC` for an instant. */
  readonly premiereZone: string;
  readonly kind: ReleaseKind;
  /** At least one of `audience` and `floors` is given. */
  readonly audience?: Audience;
  /** Total ready units by layer, stated instead of, or besides, an audience. Empty when none is stated. */
  readonly floors: Readonly<Record<string, number>>;
  /** @default by kind, in the demand model; always given for live */
  readonly lengthSeconds?: number;
  /** Full capacity this long before the premiere. @default by kind, in the demand model */
  readonly warmUpSeconds?: number;
  /** Floors stay at the peak this long after required has peaked. @default in the demand model */
  readonly holdSeconds?: number;
  /** Elapsed time from the drill's start to the premiere; `null` for no drill. @default 86400 */
  readonly drillSeconds: number | null;
  readonly status: ReleaseStatus;
  /** Names of environments that plan it; all when left out. */
  readonly environments?: readonly string[];
  /** Announced instants that were moved: some of the audience still comes then. */
  readonly previouslyAt: readonly number[];
  readonly observed?: Observation;
  readonly location: SourceLocation;
}

/** All valid entries of all files. */
export interface ReleaseCalendar {
  /** Sorted by premiere, then by id, so that the order of entries and files changes nothing. */
  readonly releases: readonly Release[];
  /** `sha256:` over what the entries mean: comments, order and the split into files do not change it. */
  readonly digest: string;
}
