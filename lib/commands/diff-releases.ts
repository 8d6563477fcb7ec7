import { formatDuration } from '../calendar/duration';
import type { Release } from '../calendar/release';
import type { CapacityPlan, PlannedRelease } from '../capacity/capacity-plan';
import { toIso } from '../capacity/instants';
import { formatCount } from '../capacity/words';
import type { DiffRelease, FieldChange, ReleaseChanges } from '../report/diff-model';
import { premiereWords } from '../report/diff-words';

/** One side of the comparison. */
export interface Side {
  readonly releases: readonly Release[];
  readonly plan: CapacityPlan;
}

/** What a field is when an entry leaves it out. */
const LEFT_OUT = 'left out';

/** The releases that are not the same on both sides, each by premiere: told apart by their ids, so that order and files do not matter. */
export function compareReleases(before: Side, after: Side): ReleaseChanges {
  const earlier = new Map(before.releases.map((release) => [release.id, release]));
  const later = new Map(after.releases.map((release) => [release.id, release]));
  const kept = after.releases.flatMap((release) => {
    const old = earlier.get(release.id);
    const changes = old ? changesOf(old, release) : [];
    if (!old || changes.length === 0) return [];
    const isMoved = old.premiereAt !== release.premiereAt;
    const entry: DiffRelease = {
      ...describe(release, after.plan),
      changes,
      ...(isMoved && { movedFrom: { premiereAt: toIso(old.premiereAt), premiereZone: old.premiereZone } }),
      ...playsBefore(release.id, before.plan),
    };
    return [{ isMoved, entry }];
  });
  return {
    added: after.releases.filter(({ id }) => !earlier.has(id)).map((release) => describe(release, after.plan)),
    changed: kept.filter(({ isMoved }) => !isMoved).map(({ entry }) => entry),
    moved: kept.filter(({ isMoved }) => isMoved).map(({ entry }) => entry),
    removed: before.releases.filter(({ id }) => !later.has(id)).map((release) => describe(release, before.plan)),
  };
}

function describe(release: Release, plan: CapacityPlan): DiffRelease {
  const { id, title, kind, status, premiereAt, premiereZone, audience, floors, environments } = release;
  const plays = playsOf(id, plan);
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

/** What the audience implies in the environment with the largest share of it; nothing where no environment plans it now. */
function playsOf(id: string, plan: CapacityPlan): DiffRelease['plays'] {
  const audiences = plan.environments.flatMap(({ releases }) => {
    const audience = releases.find((release) => release.id === id)?.audience;
    return audience ? [audience] : [];
  });
  const largest = audiences.reduce<PlannedRelease['audience']>(
    (most, audience) => (most && most.playsFirstDay >= audience.playsFirstDay ? most : audience),
    undefined,
  );
  return largest && { firstHour: largest.playsFirstHour, firstDay: largest.playsFirstDay };
}

function playsBefore(id: string, plan: CapacityPlan): Pick<DiffRelease, 'playsBefore'> {
  const plays = playsOf(id, plan);
  return plays ? { playsBefore: plays } : {};
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
          : previouslyAt.map((at) => premiereWords({ premiereAt: toIso(at), premiereZone })).join(' and '),
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
