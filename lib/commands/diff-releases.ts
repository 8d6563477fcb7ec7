import { formatDuration } from '../calendar/duration';
import type { Release } from '../calendar/release';
import { type Environment, resolveEnvironment } from '../capacity/environment';
import { toIso } from '../capacity/instants';
import { DemandForecaster } from '../capacity/release-demand';
import { formatCount } from '../capacity/words';
import type { DiffRelease, FieldChange, ReleaseChanges } from '../report/diff-model';
import { clockWords, LEFT_OUT, premiereWords } from '../report/diff-words';

/** The releases that are not the same on both sides, each by premiere: told apart by their ids, so that order and files do not matter. */
export function compareReleases(
  before: readonly Release[],
  after: readonly Release[],
  environments: readonly Environment[],
): ReleaseChanges {
  const earlier = new Map(before.map((release) => [release.id, release]));
  const later = new Map(after.map((release) => [release.id, release]));
  const kept = after.flatMap((release) => {
    const old = earlier.get(release.id);
    const changes = old ? changesOf(old, release) : [];
    if (!old || changes.length === 0) return [];
    const isMoved = old.premiereAt !== release.premiereAt;
    const playsBefore = playsOf(old, environments);
    const entry: DiffRelease = {
      ...describe(release, environments),
      changes,
      ...(isMoved && {
        movedFrom: {
          premiereAt: toIso(old.premiereAt),
          premiereZone: old.premiereZone,
          announced: release.previouslyAt.includes(old.premiereAt),
        },
      }),
      ...(playsBefore && { playsBefore }),
    };
    return [{ isMoved, entry }];
  });
  return {
    added: after.filter(({ id }) => !earlier.has(id)).map((release) => describe(release, environments)),
    changed: kept.filter(({ isMoved }) => !isMoved).map(({ entry }) => entry),
    moved: kept.filter(({ isMoved }) => isMoved).map(({ entry }) => entry),
    removed: before.filter(({ id }) => !later.has(id)).map((release) => describe(release, environments)),
  };
}

function describe(release: Release, all: readonly Environment[]): DiffRelease {
  const { id, title, kind, status, premiereAt, premiereZone, audience, floors, environments } = release;
  const plays = playsOf(release, all);
  return {
    id,
    title,
    kind,
    status,
    premiereAt: toIso(premiereAt),
    premiereZone,
    ...(audience && {
      audience: {
        peakViewers: audience.peakViewers,
        ...(audience.low !== undefined && { low: audience.low }),
        ...(audience.high !== undefined && { high: audience.high }),
      },
    }),
    ...(Object.keys(floors).length > 0 && { floors }),
    ...(environments && { environments }),
    ...(plays && { plays }),
    changes: [],
  };
}

/**
 * What the whole audience of the entry implies, planned now or not, by the demand model of the environment with the largest share of it; nothing for what is
 * cancelled, or where no environment is to plan it.
 */
function playsOf(release: Release, environments: readonly Environment[]): DiffRelease['plays'] {
  const [largest] = environments
    .filter(({ name }) => release.environments?.includes(name) ?? true)
    .map(resolveEnvironment)
    .toSorted((a, b) => b.demandFactor - a.demandFactor);
  const [layer] = Object.entries(largest?.layers ?? {});
  if (!largest || !layer) return undefined;
  const whole = new DemandForecaster({ releases: [], digest: '' }, { ...largest, demandFactor: 1 }, ...layer);
  const audience = whole.forecast(release)?.audience;
  return (
    audience && {
      firstHour: Math.round(audience.medianPeak * audience.curve.playsFirstHour),
      firstDay: Math.round(audience.medianPeak * audience.curve.playsFirstDay),
    }
  );
}

function changesOf(before: Release, after: Release): FieldChange[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .map((field) => ({ field, before: old[field] ?? LEFT_OUT, after: now[field] ?? LEFT_OUT }))
    .filter(({ before, after }) => before !== after);
}

/** Every field that has a meaning, in words and in the order of an entry; what is left out is undefined. */
function fieldsOf(release: Release): Record<string, string | undefined> {
  const { audience, observed, drillSeconds, previouslyAt, premiereZone } = release;
  const count = (value?: number): string | undefined => (value === undefined ? undefined : formatCount(value));
  const duration = (seconds?: number): string | undefined =>
    seconds === undefined ? undefined : formatDuration(seconds);
  const words: Record<keyof Omit<Release, 'id' | 'location'>, Record<string, string | undefined>> = {
    title: { title: release.title },
    premiereAt: { premiere: premiereWords({ premiereAt: toIso(release.premiereAt), premiereZone }) },
    premiereZone: {},
    kind: { kind: release.kind },
    audience: {
      peakViewers: count(audience?.peakViewers),
      low: count(audience?.low),
      high: count(audience?.high),
      uncertainty: audience?.uncertainty?.toString(),
      like:
        audience?.like && `${audience.like.id} × ${audience.like.growth}${audience.like.assumed ? ', assumed' : ''}`,
    },
    floors: Object.fromEntries(
      Object.entries(release.floors).map(([layer, units]) => [`floor of ${layer}`, count(units)]),
    ),
    lengthSeconds: { length: duration(release.lengthSeconds) },
    warmUpSeconds: { warmUp: duration(release.warmUpSeconds) },
    holdSeconds: { hold: duration(release.holdSeconds) },
    drillSeconds: { drill: drillSeconds === null ? 'none' : duration(drillSeconds) },
    status: { status: release.status },
    environments: { environments: release.environments?.toSorted().join(', ') ?? 'all' },
    previouslyAt: {
      previously:
        previouslyAt.length === 0
          ? undefined
          : previouslyAt.map((at) => clockWords({ premiereAt: toIso(at), premiereZone })).join(' and '),
    },
    observed: {
      'observed peakViewers':
        observed?.peakViewers === undefined
          ? undefined
          : `${formatCount(observed.peakViewers)}${observed.assumed ? ', assumed' : ''}`,
      'observed outageMinutes': observed?.outageMinutes?.toString(),
      'observed source': observed?.source,
    },
  };
  return Object.assign({}, ...Object.values(words)) as Record<string, string | undefined>;
}
