import type { TargetPlan } from '../../lib/capacity/capacity-plan';
import { at } from './fixtures';

/** An instant at which fewer units are ready than required. */
export interface Shortage {
  readonly at: string;
  readonly ready: number;
  readonly required: number;
}

/**
 * What AWS would do with a plan, written without any of the planner's code: `min` is ready at `asOf`; a raise is seen
 * after the scheduler's delay, units launch at the rate, each is ready after the start latency; a lowering is immediate.
 *
 * Launched units are piecewise linear: they follow the lowest floor of the last `delay` seconds, up at the rate, down at
 * once. Ready are the fewest that were launched over the last start latency. Both are checked where they can be lowest.
 */
export function findShortage(plan: TargetPlan, asOf: string): Shortage | undefined {
  const start = at(asOf);
  const end = at(plan.coveredUntil);
  const { schedulerDelaySeconds: delay, startLatencySeconds: latency, unitsPerMinute } = plan.leadTime;
  const floors = [{ at: start, units: plan.min }, ...plan.actions.map((a) => ({ at: at(a.at), units: a.min }))];

  // The lowest floor seen over [t − delay, t] changes at a floor's own instant and a delay after it.
  const instants = [...new Set(floors.flatMap((floor) => [floor.at, floor.at + delay]))].sort((a, b) => a - b);
  const followed: { at: number; target: number; launched: number }[] = [];
  let first = 0;
  let launched = plan.min;
  let before = start;
  let target = plan.min;
  for (const instant of instants) {
    launched = Math.min(target, launched + ((instant - before) * unitsPerMinute) / 60);
    // Floors that ended before `instant − delay` are out of sight.
    while (first + 1 < floors.length && floors[first + 1]!.at <= instant - delay) first += 1;
    target = Infinity;
    for (let i = first; i < floors.length && floors[i]!.at <= instant; i += 1)
      target = Math.min(target, floors[i]!.units);
    launched = Math.min(launched, target);
    followed.push({ at: instant, target, launched });
    before = instant;
  }

  let hint = 0;
  const launchedAt = (instant: number): number => {
    if (instant <= start) return plan.min;
    while (hint > 0 && followed[hint]!.at > instant) hint -= 1;
    while (hint + 1 < followed.length && followed[hint + 1]!.at <= instant) hint += 1;
    const { at: from, target: to, launched: units } = followed[hint]!;
    return Math.min(to, units + ((instant - from) * unitsPerMinute) / 60);
  };
  let lowering = 0;
  for (const { from, to, units } of plan.required) {
    const since = at(from) - latency;
    const until = Math.min(at(to), end);
    const candidates = [since];
    while (lowering > 0 && followed[lowering - 1]!.at > since) lowering -= 1;
    while (lowering < followed.length && followed[lowering]!.at < until) candidates.push(followed[lowering++]!.at);
    for (const candidate of candidates.filter((instant) => instant >= since && instant < until)) {
      const ready = launchedAt(candidate);
      if (ready < units - 1e-6) return { at: new Date(candidate * 1000).toISOString(), ready, required: units };
    }
  }
  return undefined;
}
