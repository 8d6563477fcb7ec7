import type { CapacityWindow, EnvironmentPlan, PlannedRelease, TargetPlan } from '../capacity/capacity-plan';
import { fromIso } from '../capacity/instants';

/** What a verification is about: releases, and until when their windows last. */
export interface VerifyScope {
  /** Ids of releases, by premiere; empty when none is coming. */
  readonly releases: readonly string[];
  /** Windows of the releases, by target. */
  readonly windows: ReadonlyMap<string, readonly CapacityWindow[]>;
}

/** The releases of the next window that is not over, or of the one that is open. */
export function nextReleases(plan: EnvironmentPlan, now: number): string[] {
  const coming = plan.targets
    .flatMap(({ windows }) => windows)
    .filter((window) => !window.drill && fromIso(window.endsAt) > now && premieresIn(window, plan.releases).length > 0)
    .toSorted((a, b) => fromIso(a.risingAt) - fromIso(b.risingAt));
  const [first] = coming;
  return first === undefined ? [] : premieresIn(first, plan.releases).map(({ id }) => id);
}

/** The scope of some releases of a plan that was made as of now. */
export function scopeOf(plan: EnvironmentPlan, releases: readonly string[]): VerifyScope {
  const meant = plan.releases.filter(({ id }) => releases.includes(id));
  const windowsOf = ({ windows }: TargetPlan): readonly CapacityWindow[] =>
    windows.filter((window) => !window.drill && premieresIn(window, meant).length > 0);
  return { releases, windows: new Map(plan.targets.map((target) => [target.id, windowsOf(target)])) };
}

/** The part of a target's plan that lasts until the last of some windows is over; without any, what holds now. */
export function planUntil(target: TargetPlan, windows: readonly CapacityWindow[], now: number): TargetPlan {
  const until = Math.max(now, ...windows.map(({ endsAt }) => fromIso(endsAt)));
  return {
    ...target,
    actions: target.actions.filter(({ at }) => fromIso(at) <= until),
    required: target.required.filter(({ from }) => fromIso(from) < until),
    windows: target.windows.filter(({ risingAt }) => fromIso(risingAt) < until),
  };
}

function premieresIn({ risingAt, endsAt }: CapacityWindow, releases: readonly PlannedRelease[]): PlannedRelease[] {
  return releases.filter(
    ({ premiereAt }) => fromIso(risingAt) <= fromIso(premiereAt) && fromIso(premiereAt) < fromIso(endsAt),
  );
}
