import type { CapacityWindow, EnvironmentPlan, PlannedRelease, TargetPlan } from '../../lib/capacity/capacity-plan';
import { fromIso } from '../../lib/capacity/instants';
import { nextReleases } from '../../lib/live/scope';

const day = (date: string, time: string): string => `2026-12-${date}T${time}:00Z`;

function window(risingAt: string, endsAt: string): CapacityWindow {
  return { releases: [], drill: false, risingAt, givingBackAt: endsAt, endsAt };
}

/** Targets by their windows, and premieres by release. */
function planOf(
  targets: readonly (readonly CapacityWindow[])[],
  premieres: Readonly<Record<string, string>>,
): EnvironmentPlan {
  const releases = Object.entries(premieres).map(([id, premiereAt]) => ({ id, premiereAt }) as PlannedRelease);
  return { targets: targets.map((windows) => ({ windows }) as TargetPlan), releases } as unknown as EnvironmentPlan;
}

const OLD = window(day('03', '18:00'), day('04', '19:30'));
const TONIGHT = window(day('04', '18:30'), day('04', '23:00'));
const LATER = window(day('20', '18:00'), day('20', '23:00'));
const PREMIERES = { old: day('03', '19:00'), tonight: day('04', '19:00'), later: day('20', '19:00') };

test.each<[what: string, targets: CapacityWindow[][], now: string, expected: string[]]>([
  ['the next window while none is open', [[TONIGHT, LATER]], day('04', '10:00'), ['tonight']],
  ['all that are open, on any target', [[OLD], [TONIGHT]], day('04', '18:40'), ['old', 'tonight']],
  ['tonight, too, while yesterday is given back', [[OLD], [TONIGHT]], day('04', '17:00'), ['old', 'tonight']],
  ['not what is weeks ahead while one is open', [[TONIGHT, LATER]], day('04', '22:00'), ['tonight']],
  ['nothing when nothing is coming', [[OLD]], day('05', '10:00'), []],
])('the night is about %s', (_, targets, now, expected) => {
  expect(nextReleases(planOf(targets, PREMIERES), fromIso(now))).toEqual(expected);
});
