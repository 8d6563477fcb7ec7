import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderDiagnostics } from '../lib/calendar/render-diagnostics';
import { demandTimeline } from '../lib/capacity/demand-timeline';
import { environments } from '../lib/environments';
import { loadPlans } from '../lib/load-plan';
import { renderTimelineSvg } from '../lib/report/timeline-svg';

const ROOT = path.join(__dirname, '..');

/** The chart in the README. */
export const FINALE_CHART = path.join(ROOT, 'docs', 'charts', 'finale.svg');

/** The night of the finale in prod, as the repository's own calendar plans it. */
export function renderFinaleChart(): string {
  const environment = environments.find(({ name }) => name === 'prod')!;
  const { plan, calendar, diagnostics, ok } = loadPlans({
    calendarDir: path.join(ROOT, 'release-calendar'),
    environments: [environment],
    known: environments,
    asOf: '2025-11-20T00:00:00Z',
  });
  if (!ok || !plan || !calendar) throw new Error(`no chart without a plan:\n${renderDiagnostics(diagnostics)}`);
  const span = { from: '2025-12-31T23:00:00Z', to: '2026-01-01T06:00:00Z' };
  const demand = demandTimeline({ calendar, environment, layer: 'playback', ...span });
  return renderTimelineSvg(plan, plan.environments[0]!, demand);
}

if (require.main === module) writeFileSync(FINALE_CHART, renderFinaleChart());
