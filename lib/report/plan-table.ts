import type {
  CapacityPlan,
  CapacityWindow,
  EnvironmentPlan,
  PlannedRelease,
  ScheduledAction,
  TargetPlan,
} from '../capacity/capacity-plan';
import { formatCount, listNames } from '../capacity/words';
import { type Column, renderTable } from './table';
import { localTime, utcTime, zoneLabel } from './times';

const MONEY = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export interface PlanTableOptions {
  /** Whether each scheduled action is listed, below the releases. */
  readonly actions: boolean;
  /** Width to fit into, by leaving columns out. @default as wide as it takes */
  readonly columns?: number;
}

/** The plan of one environment for people: releases, floors, cost and findings. Ends with a newline. */
export function renderEnvironmentPlan(
  plan: CapacityPlan,
  environment: EnvironmentPlan,
  options: PlanTableOptions,
): string {
  const sections = environment.targets.flatMap((target) => {
    const releases = environment.releases.filter(({ targets }) => targets.some(({ id }) => id === target.id));
    return [
      headingOf(plan, environment, target),
      releases.length > 0
        ? releasesTable(releases, target, options.columns)
        : 'no release is coming: the baseline stays\n',
      ...(options.actions && target.actions.length > 0 ? [actionsTable(target, releases, options.columns)] : []),
    ];
  });
  return [...sections, costOf(environment), findingsOf(environment)].join('\n');
}

function headingOf(plan: CapacityPlan, environment: EnvironmentPlan, target: TargetPlan): string {
  const facts = [
    `as of ${utcTime(plan.asOf)}`,
    `covered until ${utcTime(target.coveredUntil)} UTC`,
    `baseline ${formatCount(target.baseline)} ${target.unit}s`,
    `ceiling ${formatCount(target.max)}`,
    `a deploy registers at least ${formatCount(target.min)}`,
  ];
  return `${environment.name}: ${target.id}\n${facts.join(', ')}\n`;
}

function releasesTable(releases: readonly PlannedRelease[], target: TargetPlan, width?: number): string {
  const rows = releases.map((release) => {
    const need = release.targets.find(({ id }) => id === target.id)!;
    const window = target.windows.find(
      ({ drill, risingAt, endsAt }) => !drill && risingAt <= release.premiereAt && release.premiereAt < endsAt,
    );
    const { audience } = release;
    return [
      `${localTime(release.premiereAt, release.premiereZone)} ${zoneLabel(release.premiereZone)}`,
      utcTime(release.premiereAt),
      release.status === 'tentative' ? `${release.id} (tentative)` : release.id,
      audience ? formatViewers(audience.peakViewers) : '',
      audience ? formatViewers(audience.playsFirstHour) : '',
      audience ? formatViewers(audience.playsFirstDay) : '',
      formatCount(need.floor),
      window ? utcTime(window.risingAt) : '',
      window ? utcTime(window.endsAt) : '',
      need.floor > need.units ? `${need.reason}; ${formatCount(need.units)} without overlapping releases` : need.reason,
    ];
  });
  const columns: Column[] = [
    { head: 'premiere' },
    { head: 'UTC', drop: 7 },
    { head: 'release' },
    { head: 'viewers', right: true, drop: 3 },
    { head: 'plays 1 h', right: true, drop: 2 },
    { head: 'plays 24 h', right: true, drop: 1 },
    { head: 'floor', right: true },
    { head: 'rising at', drop: 6 },
    { head: 'baseline at', drop: 5 },
    { head: 'reason', drop: 4 },
  ];
  return renderTable(columns, rows, width);
}

function actionsTable(target: TargetPlan, releases: readonly PlannedRelease[], width?: number): string {
  const zones = new Map(releases.map(({ id, premiereZone }) => [id, premiereZone]));
  let before = target.min;
  const rows = target.actions.map((action) => {
    const change = action.min - before;
    before = action.min;
    const zone = zones.get(action.releases[0]!) ?? 'UTC';
    return [
      utcTime(action.at),
      `${localTime(action.at, zone)} ${zoneLabel(zone)}`,
      formatCount(action.min),
      change > 0 ? `+${formatCount(change)}` : `−${formatCount(-change)}`,
      stageOf(action, change, target),
      listNames(action.releases),
    ];
  });
  const columns: Column[] = [
    { head: 'action at (UTC)' },
    { head: 'local', drop: 1 },
    { head: 'floor', right: true },
    { head: 'change', right: true },
    { head: 'why' },
    { head: 'releases', drop: 2 },
  ];
  return renderTable(columns, rows, width);
}

/** What an action does in its window. */
function stageOf(action: ScheduledAction, change: number, target: TargetPlan): string {
  const isIn = ({ risingAt, endsAt }: CapacityWindow): boolean => risingAt <= action.at && action.at < endsAt;
  const window = target.windows.find(isIn);
  if (!window) return 'back to the baseline';
  if (window.drill) return 'drill';
  if (action.at >= window.givingBackAt) return change > 0 ? 'second wave' : 'giving back';
  return change > 0 ? 'warm-up' : 'held';
}

function costOf({ cost, targets }: EnvironmentPlan): string {
  const unit = targets[0]!.unit;
  const hours =
    cost.unitHours === undefined
      ? ''
      : `${formatCount(cost.unitHours)} ${unit}-hours, of which ${formatCount(cost.unitHours - cost.baselineUnitHours!)} above the baseline; `;
  const above = MONEY.format(cost.amount - cost.baselineAmount);
  return `cost of the floors: ${hours}${MONEY.format(cost.amount)} ${cost.currency}, of which ${above} above the baseline\n`;
}

function findingsOf({ findings }: EnvironmentPlan): string {
  if (findings.length === 0) return 'findings: none\n';
  const lines = findings.map(
    ({ severity, code, message, mend }) => `  ${severity}: ${message} [${code}]\n    mend: ${mend}\n`,
  );
  return `findings: ${findings.length}\n${lines.join('')}`;
}

/** Viewers or plays in three digits: `9.5 M`, `380 k`, `42`. */
export function formatViewers(count: number): string {
  if (count >= 999_500) return `${(count / 1e6).toPrecision(count >= 99_950_000 ? 3 : 2)} M`;
  if (count >= 1000) return `${Math.round(count / 1000)} k`;
  return formatCount(count);
}
