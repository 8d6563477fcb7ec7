import type { EnvironmentPlan, TargetPlan } from './capacity-plan';

/**
 * The plan of one layer, by its name in the environment.
 *
 * @throws Error that names the layers of the plan when it has no such layer, or several of that name in different regions
 */
export function targetOf(plan: EnvironmentPlan, layer: string): TargetPlan {
  const found = plan.targets.filter(({ id }) => id.endsWith(`/${layer}`));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Error(
      `the plan of "${plan.name}" has ${found.length === 0 ? 'no layer' : 'several layers'} "${layer}"; ` +
        `mend: choose from ${plan.targets.map(({ id }) => `"${id.split('/')[1]}"`).join(', ')}`,
    );
  }
  return only;
}
