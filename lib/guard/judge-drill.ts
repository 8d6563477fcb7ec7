import type { DrillRecord } from '../capacity/drill-record';
import { floorAt } from '../capacity/floor-at';
import { fromIso, toCompactIso, toIso } from '../capacity/instants';
import type { GuardTarget } from './guard-plan';
import type { LiveState } from './live-state';

/** So long after a drill its failure is still recorded, by a guard that did not run at its end. Seconds. */
const LATE_SECONDS = 900;

/** Characters of one message that are kept: a parameter holds 4 KB. */
const MESSAGE_LENGTH = 500;

/** What a service says when tasks do not start, or do not stay. */
const TROUBLE =
  /unable|fail|error|throttl|unhealthy|insufficient|not enough|limit|capacity is unavailable|deregistered/i;

/**
 * What is to be recorded of a drill at an instant: that all of its units are healthy, or that they were not when it ended. Undefined
 * while neither is certain, and outside of drills.
 *
 * Units are the healthy targets of the target group, else the running tasks of an ECS service. A drill that falls into the window of a
 * release is none of its own. Says the same in each run, so that only the first needs to be kept.
 *
 * Pure: the clock is handed in.
 */
export function judgeDrill(target: GuardTarget, live: LiveState, now: number): DrillRecord | undefined {
  // The newest: one that was run again by hand comes after the one that failed.
  const window = target.windows.findLast(
    ({ drill, risingAt, givingBackAt }) =>
      drill && fromIso(risingAt) <= now && now < fromIso(givingBackAt) + LATE_SECONDS,
  );
  if (window === undefined) return undefined;
  const from = fromIso(window.risingAt);
  const to = fromIso(window.givingBackAt);
  const raises = [
    { at: from, floor: floorAt(target, from) },
    ...target.actions.map(({ at, min }) => ({ at: fromIso(at), floor: min })).filter(({ at }) => from < at && at < to),
  ];
  const floor = Math.max(...raises.map((raise) => raise.floor));
  const raisedAt = raises.find((raise) => raise.floor === floor)!.at;
  const healthy = live.healthy ?? live.running;
  const record = {
    schemaVersion: 1,
    id: toCompactIso(from),
    releases: window.releases,
    floor,
    raisedAt: toIso(raisedAt),
    seenAt: toIso(now),
    ...(healthy !== undefined && { healthy }),
  } as const;
  const inTheWay = (live.events ?? [])
    .filter(({ at, message }) => at >= raisedAt && TROUBLE.test(message))
    .map(({ message }) => message.slice(0, MESSAGE_LENGTH))
    .slice(0, 5);
  if (now >= raisedAt && now < to && healthy !== undefined && healthy >= floor) {
    return { ...record, outcome: 'passed', seconds: now - raisedAt, inTheWay };
  }
  if (now < to) return undefined;
  return {
    ...record,
    outcome: 'failed',
    inTheWay: healthy === undefined ? ['nobody could count healthy units', ...inTheWay].slice(0, 5) : inTheWay,
  };
}
