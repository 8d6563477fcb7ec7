import { PROFILE_DEFAULTS } from '../capacity/environment';
import { CELL_SECONDS } from '../capacity/release-demand';
import { dilateByLeadTime } from '../capacity/lead-time';
import type { StepScaling, TargetTracking } from './autoscaler';
import type { FloorSchedule } from './floor-schedule';
import type { Night, Policy } from './simulate';
import type { RehearsalSpec } from './spec';

/** Every way to have capacity that a rehearsal compares, in the order in which it is shown. */
export const POLICY_NAMES = [
  'static-peak',
  'target-tracking-60',
  'target-tracking-300',
  'step-scaling',
  'predictive',
  'hand-written',
  'cron',
  'plan',
  'oracle',
] as const;

export type PolicyName = (typeof POLICY_NAMES)[number];

/** What each is called before an audience, and what it does. */
export const POLICY_WORDS: Readonly<Record<PolicyName, { readonly label: string; readonly does: string }>> = {
  'static-peak': { label: 'static peak', does: 'the highest floor of the plan, all day' },
  'target-tracking-60': { label: 'target tracking, 60 s', does: 'reacts; cooldown 60 s out and 300 s in' },
  'target-tracking-300': { label: 'target tracking, 300 s', does: 'reacts; cooldown 300 s, the default, out and in' },
  'step-scaling': { label: 'step scaling', does: 'reacts; two minutes above the target, then by 20 %, 50 % or 100 %' },
  predictive: { label: 'predictive', does: 'hourly floors from the means of the last 14 days: no one-off is in them' },
  'hand-written': {
    label: 'hand-written',
    does: 'what each release needs by itself, from an hour before to four hours after its premiere',
  },
  cron: { label: 'cron, 18–24 h', does: "the highest floor from 18:00 to 24:00 each day, in the region's time" },
  plan: { label: 'the plan', does: 'the floors that would be deployed' },
  oracle: {
    label: 'oracle',
    does: 'knows the night: the floors that its own demand needs, a new one each five minutes',
  },
};

/** What people write by hand: from an hour before the premiere until four hours after it. */
const HAND_WRITTEN = { leadSeconds: 3600, tailSeconds: 4 * 3600 } as const;

/** AWS launches for a forecast so much ahead of its hour, when nothing else is set. */
const PREDICTIVE_BUFFER_SECONDS = 300;

/** A policy for the night of a draw. All have the ceiling of the plan and the same target of dynamic scaling. */
export function policyOf(name: PolicyName, spec: RehearsalSpec, night: Night): Policy {
  const { profile, floors, peakUnits, whatIf } = spec;
  const target = (profile.utilisationNormal ?? PROFILE_DEFAULTS.utilisationNormal) * profile.requestsPerSecondPerUnit;
  const scaling = trackingOf(target, name === 'target-tracking-300' ? 300 : 60);
  const reactive: Policy = { floors: scheduleOf(spec, []), scaling };
  const scheduled = (schedule: FloorSchedule): Policy => ({
    floors: schedule,
    scaling,
    ...(whatIf.missRaise && { missed: firstRaises(schedule) }),
  });
  switch (name) {
    case 'static-peak':
      return { floors: { min: peakUnits, max: floors.max, actions: [] }, scaling };
    case 'target-tracking-60':
    case 'target-tracking-300':
      return reactive;
    case 'step-scaling':
      return { ...reactive, scaling: stepsOf(target) };
    case 'predictive':
      return scheduled(
        scheduleOf(
          spec,
          spec.predictedUnits.map(({ from, to, units }) => ({ from: from - PREDICTIVE_BUFFER_SECONDS, to, units })),
        ),
      );
    case 'hand-written':
      return scheduled(
        scheduleOf(
          spec,
          spec.releases.map(({ premiereAt, units }) => ({
            from: premiereAt - HAND_WRITTEN.leadSeconds,
            to: premiereAt + HAND_WRITTEN.tailSeconds,
            units,
          })),
        ),
      );
    case 'cron':
      return scheduled(
        scheduleOf(
          spec,
          spec.evenings.map((evening) => ({ ...evening, units: peakUnits })),
        ),
      );
    case 'plan':
      return { ...scheduled(floors), ...(whatIf.guard && { guard: { held: spec.held } }) };
    case 'oracle':
      return { floors: oracleFloors(spec, night), scaling };
    default:
      throw new RangeError('there is no such policy', { cause: name satisfies never });
  }
}

function trackingOf(target: number, scaleOutCooldownSeconds: number): TargetTracking {
  return { kind: 'target-tracking', target, scaleOutCooldownSeconds, scaleInCooldownSeconds: 300 };
}

/** What a careful team writes: judgements, all of them. */
function stepsOf(target: number): StepScaling {
  return {
    kind: 'step-scaling',
    target,
    out: [
      { from: 1, add: 0.2 },
      { from: 1.2, add: 0.5 },
      { from: 1.5, add: 1 },
    ],
    outMinutes: 2,
    in: { below: 0.75, remove: 0.1, minutes: 15 },
    cooldownSeconds: 60,
  };
}

/** Floors in half-open spans above the baseline; where they overlap the larger one holds. */
function scheduleOf(
  { profile, floors, from }: RehearsalSpec,
  spans: readonly { readonly from: number; readonly to: number; readonly units: number }[],
): FloorSchedule {
  const floorAt = (at: number): number =>
    Math.max(profile.baseline, ...spans.filter((span) => span.from <= at && at < span.to).map(({ units }) => units));
  const instants = [...new Set(spans.flatMap((span) => [span.from, span.to]))].toSorted((a, b) => a - b);
  const { max } = floors;
  const actions = instants.filter((at) => at > from).map((at) => ({ at, min: Math.min(max, floorAt(at)), max }));
  return { min: Math.min(max, floorAt(from)), max, actions };
}

/** For each window of raised floors the instant of its first. */
function firstRaises({ min, actions }: FloorSchedule): number[] {
  const lowest = Math.min(min, ...actions.map((action) => action.min));
  return actions
    .filter((action, index) => action.min > lowest && (index === 0 ? min : actions[index - 1]!.min) === lowest)
    .map(({ at }) => at);
}

/** The planner's own lead time in front of what the night needs, with as many floors as it takes. */
function oracleFloors({ floors, profile, conditions, from }: RehearsalSpec, { required }: Night): FloorSchedule {
  const stepsPerCell = CELL_SECONDS / conditions.stepSeconds;
  const cells = Array.from({ length: Math.ceil(required.length / stepsPerCell) }, (_, cell) => {
    let most = profile.baseline;
    for (let step = cell * stepsPerCell; step < Math.min(required.length, (cell + 1) * stepsPerCell); step += 1) {
      most = Math.max(most, required[step]!);
    }
    return most;
  });
  const { max } = floors;
  const units = dilateByLeadTime(cells, CELL_SECONDS, conditions.leadTime).map((cell) => Math.min(max, cell));
  const actions = units
    .map((min, cell) => ({ at: from + cell * CELL_SECONDS, min, max }))
    .filter(({ min }, cell) => cell > 0 && min !== units[cell - 1]);
  return { min: units[0]!, max, actions };
}
