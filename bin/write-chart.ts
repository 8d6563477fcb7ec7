import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderDiagnostics } from '../lib/calendar/render-diagnostics';
import type { ReleaseCalendar } from '../lib/calendar/release';
import type { CapacityPlan } from '../lib/capacity/capacity-plan';
import type { Environment } from '../lib/capacity/environment';
import { demandTimeline } from '../lib/capacity/demand-timeline';
import { environments } from '../lib/environments';
import { loadPlans } from '../lib/load-plan';
import { floorScheduleOf } from '../lib/rehearsal/floor-schedule';
import { RunningRehearsal } from '../lib/rehearsal/rehearsal';
import { rehearsalOf } from '../lib/rehearsal/spec';
import { renderRehearsalSvg, renderTimelineSvg } from '../lib/report/chart-svg';
import { rehearsalNight } from '../lib/report/rehearsal-chart';
import { timelineOf } from '../lib/report/timeline';

const ROOT = path.join(__dirname, '..');

/** The chart in the README. */
export const FINALE_CHART = path.join(ROOT, 'docs', 'charts', 'finale.svg');

/** The repository's own calendar, planned for prod. */
function planProd(asOf: string): { environment: Environment; plan: CapacityPlan; calendar: ReleaseCalendar } {
  const environment = environments.find(({ name }) => name === 'prod')!;
  const { plan, calendar, diagnostics, ok } = loadPlans({
    calendarDir: path.join(ROOT, 'release-calendar'),
    environments: [environment],
    known: environments,
    asOf,
  });
  if (!ok || !plan || !calendar) throw new Error(`no chart without a plan:\n${renderDiagnostics(diagnostics)}`);
  return { environment, plan, calendar };
}

/** The night of the finale in prod, as the repository's own calendar plans it. */
export function renderFinaleChart(): string {
  const { environment, plan, calendar } = planProd('2025-11-20T00:00:00Z');
  const span = { from: '2025-12-31T23:00:00Z', to: '2026-01-01T06:00:00Z' };
  const demand = demandTimeline({ calendar, environment, layer: 'playback', ...span });
  return renderTimelineSvg(timelineOf(plan, plan.environments[0]!, demand));
}

/** The chart in docs/rehearse.md. */
export const REHEARSAL_CHART = path.join(ROOT, 'docs', 'charts', 'rehearsal.svg');

/** The same night as it is rehearsed, everything as forecast. */
export function renderRehearsalChart(): string {
  const asOf = '2025-12-28T00:00:00Z';
  const { environment, plan, calendar } = planProd(asOf);
  const [target] = plan.environments[0]!.targets;
  const floors = floorScheduleOf(target!);
  const spec = rehearsalOf({ calendar, environment, plan: target!, asOf, release: 'stranger-things-5-finale', floors });
  if ('reason' in spec) throw new Error(spec.reason);
  return renderRehearsalSvg(rehearsalNight(new RunningRehearsal(spec, 0).report()));
}

if (require.main === module) {
  writeFileSync(FINALE_CHART, renderFinaleChart());
  writeFileSync(REHEARSAL_CHART, renderRehearsalChart());
}
