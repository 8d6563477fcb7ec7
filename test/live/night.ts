import { parseCalendar } from '../../lib/calendar/parse-calendar';
import type { ReleaseCalendar } from '../../lib/calendar/release';
import type { DeployPlan } from '../../lib/capacity/capacity-plan';
import type { DrillRecord } from '../../lib/capacity/drill-record';
import type { StackEnvironment } from '../../lib/capacity/environment';
import { fromIso, toSchedule } from '../../lib/capacity/instants';
import type { Override } from '../../lib/capacity/override';
import { planCapacity } from '../../lib/capacity/plan-capacity';
import { quotaNeeds } from '../../lib/capacity/quota-needs';
import { environments } from '../../lib/environments';
import type { Verdict, Verification } from '../../lib/live/check';
import { type AlarmFacts, type EnvironmentFacts, known, type TargetFacts } from '../../lib/live/facts';
import { judgeEnvironment } from '../../lib/live/judge';
import { nextReleases, scopeOf } from '../../lib/live/scope';
import { deployPlanOf } from '../../lib/load-plan';

/** A release at 19:00 that needs 500 tasks from 18:25 on, until 20:20. */
export const PREMIERE = '2026-12-04T19:00:00Z';

/** When the night was deployed. */
const DEPLOYED_AT = '2026-12-01T00:00:00Z';

export const ENVIRONMENT: StackEnvironment = environments.find(({ name }) => name === 'prod')!;
export const TARGET = 'us-east-1/playback';
export const GUARD_ALARM = 'prescale-prod-us-east-1-playback-GuardFailed';
export const TOPIC = 'arn:aws:sns:us-east-1:123456789012:wake';

export const PASSED: DrillRecord = {
  schemaVersion: 1,
  id: '20261203T1851Z',
  releases: ['night'],
  floor: 500,
  raisedAt: '2026-12-03T18:51:00Z',
  outcome: 'passed',
  seenAt: '2026-12-03T18:56:00Z',
  seconds: 300,
  healthy: 500,
  inTheWay: [],
};

export function calendarOf(entry = ''): ReleaseCalendar {
  const text = `releases:\n  - { id: night, title: Night, premiere: ${PREMIERE}, kind: episode, floors: { playback: 500 }${entry && `, ${entry}`} }\n`;
  return parseCalendar([{ file: '2026.yaml', text }]).calendar!;
}

export function planOf(
  calendar: ReleaseCalendar,
  asOf: string,
  environment: StackEnvironment = ENVIRONMENT,
): DeployPlan {
  return deployPlanOf(planCapacity({ calendar, environments: [environment], asOf, toolVersion: '0.1.0' }), 'prod');
}

export function overrideText(override: Partial<Override> & Pick<Override, 'kind' | 'from' | 'until'>): {
  name: string;
  text: string;
} {
  const id = `${override.kind}-k3v9`;
  return {
    name: `/prescale/prod/${TARGET}/overrides/${id}`,
    text: JSON.stringify({ schemaVersion: 1, id, who: 'ann', why: 'a reason', ...override }),
  };
}

export function drillText(record: DrillRecord): { name: string; text: string } {
  return { name: `/prescale/prod/${TARGET}/drills/${record.id}`, text: JSON.stringify(record) };
}

export const alarm = (name: string, changes: Partial<AlarmFacts> = {}): AlarmFacts => ({
  name,
  state: 'OK',
  actionsEnabled: true,
  topics: [TOPIC],
  tellsWhenOver: true,
  ...changes,
});

export interface Night {
  /** @default in the middle of the window */
  readonly now?: string;
  readonly environment?: StackEnvironment;
  /** Further fields of the release, for example `status: tentative`. */
  readonly entry?: string;
  /** Of the deployed plan, where it is not that of the calendar. */
  readonly digest?: string;
  readonly release?: string;
  /** What differs from the facts of a healthy environment. */
  readonly target?: Partial<TargetFacts>;
  readonly facts?: Partial<EnvironmentFacts>;
}

/** Judges a healthy prod in the middle of a window, but for what is named. */
export function judgeNight(night: Night = {}): Verification {
  const { now = '2026-12-04T18:40:00Z', environment = ENVIRONMENT, release } = night;
  const calendar = calendarOf(night.entry);
  const plan = planOf(calendar, now, environment);
  const deployed = planOf(calendar, DEPLOYED_AT, environment).targets[0]!;
  const at = fromIso(now);
  const due = deployed.actions.filter((action) => fromIso(action.at) <= at);
  const floor = due.at(-1)?.min ?? deployed.min;
  const isHeld = deployed.windows.some(
    ({ risingAt, givingBackAt }) => fromIso(risingAt) <= at && at < fromIso(givingBackAt),
  );
  const needs = new Map([[TARGET, quotaNeeds(environment, plan.targets[0]!, plan)]]);
  const target: TargetFacts = {
    id: TARGET,
    attached: known({
      prescale: 1,
      environment: 'prod',
      target: TARGET,
      resourceId: 'service/cluster/service',
      asOf: DEPLOYED_AT,
      calendarDigest: night.digest ?? calendar.digest,
      toolVersion: '0.1.0',
      guardFunction: 'guard',
      targetGroupArn: 'arn:of:group',
    }),
    registered: known({
      min: floor,
      max: 1600,
      scaleInSuspended: isHeld,
      scaleOutSuspended: false,
      scheduledSuspended: false,
    }),
    actions: known(
      deployed.actions.map(({ name, at: when, min, max }) => ({
        name,
        schedule: toSchedule(when),
        bounded: false,
        min,
        max,
      })),
    ),
    service: known({ running: floor, desired: floor, taskDefinition: 'arn:of:task', subnetIds: ['a', 'b', 'c'] }),
    healthy: known(floor),
    subnets: known(['a', 'b', 'c'].map((id) => ({ id, freeAddresses: 1000 }))),
    images: known([{ image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/playback@sha256:1', found: 'present' }]),
    guard: known({ state: 'Active' }),
    overrides: known([]),
    drills: known([drillText(PASSED)]),
    quotas: new Map(needs.get(TARGET)!.map(({ id, needed }) => [id, known({ value: needed, isDefault: false })])),
    ...night.target,
  };
  const facts: EnvironmentFacts = {
    account: known('123456789012'),
    stacks: ['prod-Playback', 'prod-Capacity', 'prod-Edge'].map((name) => ({
      name,
      region: 'us-east-1',
      state: known({ status: 'UPDATE_COMPLETE', attached: [] }),
      alarms: known(name === 'prod-Capacity' ? [alarm('LiveBelowFloor'), alarm(GUARD_ALARM)] : []),
    })),
    targets: [target],
    subscribers: known(new Map([[TOPIC, 1]])),
    ...night.facts,
  };
  const ids = release === undefined ? nextReleases(plan, at) : [release];
  return judgeEnvironment({
    environment,
    plan,
    planAsOf: (asOf) => planOf(calendar, asOf, environment),
    scope: scopeOf(plan, ids),
    releases: calendar.releases.filter(({ id }) => ids.includes(id)),
    ...(release !== undefined && { release }),
    needs,
    now: at,
    facts,
  });
}

/** The checks that are no go, or unknown, by id. */
export function notGo({ checks }: Verification): Record<string, Verdict> {
  return Object.fromEntries(checks.filter(({ verdict }) => verdict !== 'go').map(({ id, verdict }) => [id, verdict]));
}

export function foundBy({ checks }: Verification, id: string): string {
  return checks.find((check) => check.id === id)!.found;
}

export function mendOf({ checks }: Verification, id: string): string | null {
  return checks.find((check) => check.id === id)!.mend;
}
