import type { EnvironmentPlan, TargetPlan } from './capacity-plan';

/** What an environment's plan promises in all its targets, and what it leaves for later in any of them. */
export function coverOf({
  targets,
  horizonEnd,
}: Pick<EnvironmentPlan, 'horizonEnd'> & {
  readonly targets: readonly Pick<TargetPlan, 'coveredUntil' | 'deferred'>[];
}): { readonly coveredUntil: string; readonly deferred: readonly string[] } {
  return {
    coveredUntil: targets.map(({ coveredUntil }) => coveredUntil).toSorted()[0] ?? horizonEnd,
    deferred: [...new Set(targets.flatMap(({ deferred }) => deferred))],
  };
}
