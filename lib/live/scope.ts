import type { CapacityWindow, EnvironmentPlan, PlannedRelease, TargetPlan } from '../capacity/capacity-plan';
import { fromIso } from '../capacity/instants';

const DAY_SECONDS = 86_400;

/** What a verification is about: releases, and until when their windows last. */
export interface VerifyScope {
  /** Ids of releases, by premiere; empty when none is coming. */
  readonly releases: readonly string[];
  /** Windows of the releases, by target. */
  readonly windows: ReadonlyMap<string, readonly CapacityWindow[]>;
}

/**
 * The releases of the windows that are open, on any target, and of the next one: while none is open, or when it opens within a day and none of
 * those is still to premiere.
 */
export function nextReleases(plan: EnvironmentPlan, now: number): string[] {
  const coming = plan.targets
    .flatMap(({ windows }) => windows)
    .filter((window) => !window.drill && fromIso(window.endsAt) > now && premieresIn(window, plan.releases).length > 0)
    .toSorted((a, b) => fromIso(a.risingAt) - fromIso(b.risingAt));
  const open = coming.filter(({ risingAt }) => fromIso(risingAt) <= now);
  const isAhead = open.some((window) =>
    premieresIn(window, plan.releases).some(({ premiereAt }) => fromIso(premiereAt) >= now),
  );
  const next = coming[open.length];
  const isNear = next !== undefined && (open.length === 0 || fromIso(next.risingAt) <= now + DAY_SECONDS);
  const meant = !isAhead && isNear ? [...open, next] : open;
  const releases = new Map(meant.flatMap((window) => premieresIn(window, plan.releases)).map((one) => [one.id, one]));
  return [...releases.values()].toSorted((a, b) => a.premiereAt.localeCompare(b.premiereAt)).map(({ id }) => id);
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
