import { parseCalendar } from '../lib/calendar/parse-calendar';
import type { ReleaseCalendar } from '../lib/calendar/release';
import type { Environment } from '../lib/capacity/environment';
import { planCapacity } from '../lib/capacity/plan-capacity';
import { environments } from '../lib/environments';
import { AS_OF, calendarText, horizonFor } from './calendar';
import { BenchmarkError, digits, median, progress, table, timeRuns } from './measure';

const SIZES = [10, 100, 1000, 10_000];

/** Time of the planner over calendars of 10 to 10,000 releases, all of them planned, and its growth from row to row. */
export function benchPlanner(runs: number): string {
  return growthTable('planner: planCapacity, prod, horizon and budget of actions opened', runs, (releases) => {
    const calendar = parse(releases);
    const environment = openedProd();
    const input = {
      calendar,
      environments: [environment],
      asOf: AS_OF,
      horizonSeconds: horizonFor(releases),
      toolVersion: 'bench',
    };
    const { length } = planCapacity(input).environments[0]!.releases;
    if (length !== releases)
      throw new BenchmarkError(`${length} of ${releases} releases were planned: the rest was deferred`);
    return () => planCapacity(input);
  });
}

/** Time from the YAML text of such calendars to releases, all checks included. */
export function benchParse(runs: number): string {
  return growthTable('parse: parseCalendar of one YAML file', runs, (releases) => {
    const files = [{ file: 'bench.yaml', text: calendarText(releases) }];
    return () => parseCalendar(files);
  });
}

function growthTable(title: string, runs: number, prepare: (releases: number) => () => unknown): string {
  let before: number | undefined;
  const rows = SIZES.map((releases) => {
    progress(`${title.split(':')[0]}: ${releases} releases`);
    const ms = median(timeRuns(runs, prepare(releases)));
    const growth = before === undefined ? '' : `× ${(ms / before).toFixed(1)}`;
    before = ms;
    return [String(releases), digits(ms), digits((1000 * ms) / releases), growth];
  });
  return table(title, ['releases', 'ms', 'µs per release', 'growth for 10 times the entries'], rows);
}

function parse(releases: number): ReleaseCalendar {
  const { calendar, diagnostics } = parseCalendar([{ file: 'bench.yaml', text: calendarText(releases) }]);
  if (!calendar) throw new BenchmarkError(`the calendar of the benchmark is invalid: ${diagnostics[0]!.message}`);
  return calendar;
}

/** prod with room for every action and every audience, so that the planner has the same work for each release. */
function openedProd(): Environment {
  const prod = environments.find(({ name }) => name === 'prod')!;
  const layers = Object.entries(prod.layers).map(([layer, profile]) => [
    layer,
    { ...profile, actionBudget: Number.MAX_SAFE_INTEGER },
  ]);
  return { ...prod, layers: Object.fromEntries(layers) as Environment['layers'] };
}
