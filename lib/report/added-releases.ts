import type { CapacityPlan, PlannedRelease } from '../capacity/capacity-plan';
import { formatCount } from '../capacity/words';
import { formatViewers } from './plan-table';
import { type Column, renderTable } from './table';
import { localTime, utcTime, zoneLabel } from './times';

/** An entry that is to be added, with what the plan makes of it. */
export interface AddedRelease {
  readonly id: string;
  readonly premiereAt: string;
  readonly premiereZone: string;
  /** What clocks of three audiences show then. */
  readonly audiences: readonly { readonly zone: string; readonly time: string }[];
  /** Those that plan it; none when it is past, cancelled, or beyond what was planned. */
  readonly environments: readonly AddedInEnvironment[];
}

export interface AddedInEnvironment {
  readonly name: string;
  readonly audience?: PlannedRelease['audience'];
  readonly targets: readonly {
    readonly id: string;
    readonly unit: string;
    /** Highest floor while it is warm, overlapping releases included. */
    readonly floor: number;
    /** First raised floor of its window; absent where the baseline covers it. */
    readonly risingAt?: string;
    readonly reason: string;
  }[];
}

/** Where large audiences are, each far from the others; the first three that have another time than the premiere's own zone are shown. */
const AUDIENCE_ZONES = ['America/New_York', 'Europe/London', 'Asia/Kolkata', 'Asia/Tokyo'];
const SHOWN_ZONES = 3;

/** The zones of three audiences for a series that begins with this release. */
export function audienceZones({
  premiereAt,
  premiereZone,
}: Pick<AddedRelease, 'premiereAt' | 'premiereZone'>): string[] {
  const own = localTime(premiereAt, premiereZone);
  return AUDIENCE_ZONES.filter((zone) => localTime(premiereAt, zone) !== own).slice(0, SHOWN_ZONES);
}

/** What a plan makes of an entry. */
export function addedRelease(
  { id, premiereAt, premiereZone }: Pick<AddedRelease, 'id' | 'premiereAt' | 'premiereZone'>,
  zones: readonly string[],
  plan: CapacityPlan,
): AddedRelease {
  const audiences = zones.map((zone) => ({ zone, time: localTime(premiereAt, zone) }));
  const environments = plan.environments.flatMap((environment): AddedInEnvironment[] => {
    const planned = environment.releases.find((release) => release.id === id);
    if (!planned) return [];
    const targets = planned.targets.map((need) => {
      const target = environment.targets.find((other) => other.id === need.id)!;
      const window = target.windows.find(
        ({ drill, risingAt, endsAt }) => !drill && risingAt <= premiereAt && premiereAt < endsAt,
      );
      const { floor, reason } = need;
      return { id: need.id, unit: target.unit, floor, ...(window && { risingAt: window.risingAt }), reason };
    });
    return [{ name: environment.name, ...(planned.audience && { audience: planned.audience }), targets }];
  });
  return { id, premiereAt, premiereZone, audiences, environments };
}

/** When the entries premiere, and what each environment does for them. Ends with a newline. */
export function renderAddedReleases(releases: readonly AddedRelease[], width?: number): string {
  const [first] = releases;
  const times = renderTable(
    [
      { head: 'release' },
      { head: 'UTC' },
      { head: 'local' },
      ...(first?.audiences ?? []).map(({ zone }, index): Column => ({ head: zoneLabel(zone), drop: index + 1 })),
    ],
    releases.map(({ id, premiereAt, premiereZone, audiences }) => [
      id,
      utcTime(premiereAt),
      `${localTime(premiereAt, premiereZone)} ${zoneLabel(premiereZone)}`,
      ...audiences.map(({ time }) => time),
    ]),
    width,
  );
  const rows = releases.flatMap(({ id, environments }) =>
    environments.flatMap(({ name, audience, targets }) =>
      targets.map((target) => [
        id,
        name,
        audience ? formatViewers(audience.peakViewers) : '',
        audience ? formatViewers(audience.playsFirstHour) : '',
        audience ? formatViewers(audience.playsFirstDay) : '',
        target.id,
        `${formatCount(target.floor)} ${target.unit}s`,
        target.risingAt === undefined ? '' : utcTime(target.risingAt),
        target.reason,
      ]),
    ),
  );
  if (rows.length === 0) return times;
  const needs = renderTable(
    [
      { head: 'release' },
      { head: 'environment' },
      { head: 'viewers', right: true, drop: 3 },
      { head: 'plays 1 h', right: true, drop: 5 },
      { head: 'plays 24 h', right: true, drop: 4 },
      { head: 'target', drop: 1 },
      { head: 'highest floor', right: true },
      { head: 'rising at (UTC)' },
      { head: 'reason', drop: 2 },
    ],
    rows,
    width,
  );
  return `${times}\n${needs}`;
}
