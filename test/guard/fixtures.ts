import type { ScheduledAction } from '../../lib/capacity/capacity-plan';
import { toCompactIso } from '../../lib/capacity/instants';
import type { Decision } from '../../lib/guard/decide';
import type { GuardPlan, Place } from '../../lib/guard/guard-plan';
import type { LiveAction, LiveState } from '../../lib/guard/live-state';

/** Seconds of a time of 1 January 2027, for example `10:00` or `10:00:30`. */
export function at(time: string): number {
  return Date.parse(`2027-01-01T${time.length === 5 ? `${time}:00` : time}Z`) / 1000;
}

function action(instant: string, min: number): ScheduledAction {
  return {
    name: `floor-${toCompactIso(Date.parse(instant) / 1000)}`,
    at: instant,
    min,
    max: 1600,
    releases: ['finale'],
  };
}

/** Two windows: one that rises from 10 to 850 in two steps and gives back in two, and one on the next day. */
export const PLAN: GuardPlan = {
  schemaVersion: 1,
  environment: 'prod',
  account: '123456789012',
  region: 'us-east-1',
  asOf: '2027-01-01T00:00:00Z',
  deployWindowSeconds: 900,
  calendarDigest: 'sha256:test',
  toolVersion: 'test',
  target: {
    id: 'us-east-1/playback',
    namespace: 'ecs',
    dimension: 'ecs:service:DesiredCount',
    baseline: 10,
    min: 10,
    max: 1600,
    actions: [
      action('2027-01-01T10:00:00Z', 400),
      action('2027-01-01T10:05:00Z', 850),
      action('2027-01-01T13:00:00Z', 300),
      action('2027-01-01T13:30:00Z', 10),
      action('2027-01-02T20:00:00Z', 700),
      action('2027-01-02T23:00:00Z', 10),
    ],
    windows: [
      {
        releases: ['finale'],
        drill: false,
        risingAt: '2027-01-01T10:00:00Z',
        givingBackAt: '2027-01-01T13:00:00Z',
        endsAt: '2027-01-01T13:30:00Z',
      },
      {
        releases: ['finale'],
        drill: false,
        risingAt: '2027-01-02T20:00:00Z',
        givingBackAt: '2027-01-02T23:00:00Z',
        endsAt: '2027-01-02T23:00:00Z',
      },
    ],
    coveredUntil: '2027-03-01T00:00:00Z',
  },
};

export const PLACE: Place = { account: '123456789012', region: 'us-east-1', resourceId: 'service/media/playback' };

/** An action as AWS lists what the guard, or CloudFormation, has put. */
export function listed({ name, at: instant, min, max }: Omit<ScheduledAction, 'releases'>): LiveAction {
  return { name, schedule: `at(${instant.slice(0, 19)})`, min, max };
}

/** The live state in which nothing is to be done at an instant, with everything that is ahead listed. */
export function live(fields: Partial<LiveState> & { min?: number; max?: number; scaleIn?: boolean } = {}): LiveState {
  const { min = 10, max = 1600, scaleIn = false, ...rest } = fields;
  return {
    target: { min, max, suspended: { scaleIn, scaleOut: false, scheduled: false } },
    actions: PLAN.target.actions.map(listed),
    running: 10,
    desired: 10,
    ...rest,
  };
}

/** What a live state becomes when everything succeeds that a decision wants. */
export function apply(state: LiveState, { register, put, remove }: Decision): LiveState {
  const before = typeof state.target === 'object' ? state.target : undefined;
  const bounds = register?.bounds ?? before;
  const names = new Set([...put.map(({ name }) => name), ...remove]);
  return {
    ...state,
    target: register && bounds ? { min: bounds.min, max: bounds.max, suspended: register.suspended } : state.target,
    actions:
      state.actions === 'unknown'
        ? 'unknown'
        : [...state.actions.filter(({ name }) => !names.has(name)), ...put.map(listed)],
  };
}
