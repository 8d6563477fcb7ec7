import type { CapacityPlan, EnvironmentPlan, Finding, ScheduledAction, TargetPlan } from '../capacity/capacity-plan';
import { diffPlans, type ListChange, type ValueChange } from '../capacity/difference';
import { type Environment, PROFILE_DEFAULTS } from '../capacity/environment';
import { floorAt } from '../capacity/floor-at';
import { fromIso } from '../capacity/instants';
import type { Probability } from '../rehearsal/summary';
import { floorSteps } from './timeline';

/** A field of an entry that is not the same, in words. */
export interface FieldChange {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** One entry that is not the same on both sides; a removed one as it was. Plain JSON. */
export interface DiffRelease {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly status: string;
  readonly premiereAt: string;
  readonly premiereZone: string;
  readonly audience?: { readonly peakViewers: number; readonly low?: number; readonly high?: number };
  /** Stated units by layer. */
  readonly floors?: Readonly<Record<string, number>>;
  /** All when left out. */
  readonly environments?: readonly string[];
  /** Plays that the whole audience implies, planned now or not. Absent without an audience. */
  readonly plays?: { readonly firstHour: number; readonly firstDay: number };
  readonly playsBefore?: DiffRelease['plays'];
  /** When it would have premiered; of moved releases alone. */
  readonly movedFrom?: {
    readonly premiereAt: string;
    readonly premiereZone: string;
    /** The entry says that it had been announced for then. */
    readonly announced: boolean;
  };
  /** Empty for what was added or removed. */
  readonly changes: readonly FieldChange[];
}

export interface ReleaseChanges {
  readonly added: readonly DiffRelease[];
  /** All but those whose premiere moved. */
  readonly changed: readonly DiffRelease[];
  readonly moved: readonly DiffRelease[];
  readonly removed: readonly DiffRelease[];
}

/** How likely an outage of a changed release is under the plan. */
export interface RehearsedRelease {
  readonly target: string;
  readonly release: string;
  readonly outage: Probability;
  readonly outageBudget: number;
}

/** What the change does to one target. */
export interface TargetDiff {
  readonly id: string;
  readonly unit: string;
  readonly before: TargetPlan;
  readonly after: TargetPlan;
  readonly highestFloor: ValueChange<number>;
  /** Highest demand of any one release, at the planning quantile; without a release that states an audience there is none. */
  readonly peakRequestsPerSecond: ValueChange<number | undefined>;
  readonly actions: ListChange<ScheduledAction>;
  readonly actionBudget: number;
  /** The half-open span in which floors differ, in seconds since the epoch; absent when none does. */
  readonly span?: { readonly from: number; readonly to: number };
}

/** What the change does to one environment. */
export interface EnvironmentDiff {
  readonly name: string;
  readonly after: EnvironmentPlan;
  readonly targets: readonly TargetDiff[];
  /** Money above the baseline. */
  readonly cost: { readonly currency: string } & ValueChange<number>;
  readonly findings: ListChange<Finding>;
  /** Of changed releases; absent when nothing was rehearsed. */
  readonly rehearsals?: readonly RehearsedRelease[];
}

/** A problem, as documents and comments show it. */
export interface DiffProblem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly mend?: string;
}

/** What a change of the calendar does to the plan. */
export interface CalendarDiff {
  readonly asOf: string;
  readonly toolVersion: string;
  readonly base: { readonly ref: string; readonly commit: string; readonly calendarDigest: string };
  readonly head: { readonly calendarDigest: string };
  readonly releases: ReleaseChanges;
  readonly environments: readonly EnvironmentDiff[];
  readonly problems: readonly DiffProblem[];
}

/** Compares two plans of the same environments as of the same instant. */
export function diffEnvironments(
  before: CapacityPlan,
  after: CapacityPlan,
  environments: readonly Environment[],
): EnvironmentDiff[] {
  const { changed } = diffPlans(before, after).environments;
  return after.environments.map((environment, index) => {
    const earlier = before.environments[index]!;
    const difference = changed.find(({ name }) => name === environment.name);
    const { layers } = environments.find(({ name }) => name === environment.name)!;
    const above = ({ cost }: EnvironmentPlan): number => cost.amount - cost.baselineAmount;
    return {
      name: environment.name,
      after: environment,
      targets: environment.targets.map((target, place) => {
        const layer = layers[target.id.split('/')[1]!]!;
        return {
          ...diffTarget(earlier.targets[place]!, target, fromIso(after.asOf)),
          peakRequestsPerSecond: { before: peakOf(earlier, target.id), after: peakOf(environment, target.id) },
          actions: difference?.targets.changed.find(({ id }) => id === target.id)?.actions ?? {
            removed: [],
            added: [],
          },
          actionBudget: layer.actionBudget ?? PROFILE_DEFAULTS.actionBudget,
        };
      }),
      cost: { currency: environment.cost.currency, before: above(earlier), after: above(environment) },
      findings: difference?.findings ?? { removed: [], added: [] },
    };
  });
}

/**
 * Ids of the releases that are added, moved or changed, and that the environment, or the one target of it, is to plan but does not yet: they premiere beyond
 * the horizon or the budget of actions.
 */
export function deferredIn(
  { targets }: { readonly targets: readonly TargetDiff[] },
  { added, moved, changed }: ReleaseChanges,
): string[] {
  const deferred = new Set(targets.flatMap(({ after }) => after.deferred));
  return [...added, ...moved, ...changed].map(({ id }) => id).filter((id) => deferred.has(id));
}

/** How many releases are not the same. */
export function changedCount({ added, changed, moved, removed }: ReleaseChanges): number {
  return added.length + changed.length + moved.length + removed.length;
}

/** The target that the change does most to: by its highest floor, then the one with the highest, before or after; undefined when no floor differs. */
export function mostChanged(
  environments: readonly EnvironmentDiff[],
): { readonly environment: EnvironmentDiff; readonly target: TargetDiff } | undefined {
  const rise = ({ highestFloor: { before, after } }: TargetDiff): number => Math.abs(after - before);
  const height = ({ highestFloor: { before, after } }: TargetDiff): number => Math.max(before, after);
  return environments
    .flatMap((environment) => environment.targets.map((target) => ({ environment, target })))
    .filter(({ target }) => target.span !== undefined)
    .toSorted((a, b) => rise(b.target) - rise(a.target) || height(b.target) - height(a.target))[0];
}

function diffTarget(
  before: TargetPlan,
  after: TargetPlan,
  asOf: number,
): Pick<TargetDiff, 'id' | 'unit' | 'before' | 'after' | 'highestFloor' | 'span'> {
  const span = differingSpan(before, after, asOf);
  return {
    id: after.id,
    unit: after.unit,
    before,
    after,
    highestFloor: { before: highestFloor(before), after: highestFloor(after) },
    ...(span && { span }),
  };
}

function highestFloor({ min, actions }: TargetPlan): number {
  return actions.reduce((highest, action) => Math.max(highest, action.min), min);
}

function peakOf({ releases }: EnvironmentPlan, target: string): number | undefined {
  const peaks = releases.flatMap(({ targets }) => {
    const planned = targets.find(({ id }) => id === target)?.requestsPerSecond?.planned;
    return planned === undefined ? [] : [planned];
  });
  return peaks.length === 0 ? undefined : peaks.reduce((highest, peak) => Math.max(highest, peak));
}

/** Compared as far as both plans reach. */
function differingSpan(before: TargetPlan, after: TargetPlan, asOf: number): TargetDiff['span'] {
  const end = Math.min(fromIso(before.coveredUntil), fromIso(after.coveredUntil));
  const instants = [...floorSteps(before, asOf, end), ...floorSteps(after, asOf, end)].map(([at]) => at);
  const sorted = [...new Set(instants)].sort((a, b) => a - b);
  const differs = sorted.map((at) => floorAt(before, at) !== floorAt(after, at));
  const first = differs.indexOf(true);
  if (first === -1) return undefined;
  return { from: sorted[first]!, to: sorted[differs.lastIndexOf(true) + 1] ?? end };
}
