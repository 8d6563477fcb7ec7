import path from 'node:path';
import type { ReleaseCalendar } from '../lib/calendar/release';
import type { EnvironmentPlan, TargetPlan } from '../lib/capacity/capacity-plan';
import { environments } from '../lib/environments';
import { loadPlans } from '../lib/load-plan';
import { BenchmarkError } from './measure';

/** The environment that is measured. */
export const PROD = environments.find(({ name }) => name === 'prod')!;

/**
 * The repository's own calendar, planned for prod.
 *
 * @throws BenchmarkError when it cannot be planned
 */
export function readProd(asOf: string): { calendar: ReleaseCalendar; plan: EnvironmentPlan; target: TargetPlan } {
  const { plan, calendar, diagnostics, ok } = loadPlans({
    calendarDir: path.join(__dirname, '..', 'release-calendar'),
    environments: [PROD],
    known: environments,
    asOf,
  });
  if (!plan || !calendar || !ok) {
    const { message } = diagnostics.find(({ severity }) => severity === 'error')!;
    throw new BenchmarkError(`there is no plan as of ${asOf}: ${message}`);
  }
  const [ofProd] = plan.environments;
  const target = ofProd!.targets.find(({ id }) => id === `${PROD.region}/playback`)!;
  return { calendar, plan: ofProd!, target };
}
