import { Fleet, type FleetSettings, startShares } from './fleet';
import { type FloorSchedule, scheduledFloor } from './floor-schedule';
import { Autoscaler, type DynamicScaling } from './autoscaler';
import { Station, type StationSettings } from './station';

/** What is the same for all policies of a rehearsal, besides the night itself. */
export interface Conditions extends StationSettings, FleetSettings {
  /** Requests per second of one unit at full use. */
  readonly requestsPerSecondPerUnit: number;
  /** Share of the units' full use that can be reached, because a load balancer does not spread evenly. */
  readonly usableShare: number;
  /** Whole minutes after its end at which a minute's metric can be read. */
  readonly metricDelayMinutes: number;
  /** Seconds after which the load balancer sends nothing more to units of a zone that is lost. */
  readonly failoverSeconds: number;
}

/** One realised night of one target: what comes, and what goes wrong. The same for every policy. */
export interface Night {
  /** Seconds since the epoch; a whole minute. */
  readonly startAt: number;
  /** Users' requests per second, first tries alone, by step. */
  readonly demand: Float64Array;
  /** Ready units that this demand needs, by step. */
  readonly required: Float64Array;
  /** Seconds by which the scheduler runs an action after its instant. */
  readonly latenessOf: (at: number) => number;
  /** A zone that is lost with its share of the units. */
  readonly zoneLoss?: { readonly at: number; readonly share: number };
}

/** One way to have capacity: floors, what scales above them, and who watches. */
export interface Policy {
  readonly floors: FloorSchedule;
  /** @default none: capacity is the floor */
  readonly scaling?: DynamicScaling;
  /** Present when a guard runs: in these half-open spans it suspends scale-in, and each minute it raises a minimum that is too low. */
  readonly guard?: { readonly held: readonly { readonly from: number; readonly to: number }[] };
  /** Instants of actions that the scheduler never runs. */
  readonly missed?: readonly number[];
}

/**
 * Why users' requests failed in a minute, by what would have had to be different first of all at the last shortage of the two minutes before
 * it ends:
 *
 * - `retries`: there was none; the units would bear the users' own requests, and not what has queued up and is tried again;
 * - `ceiling`: more units are needed than the maximum;
 * - `not-ready-yet`: enough units are asked for, and are not ready: launch rate and start latency;
 * - `asked-too-little`: neither floors nor policies ask for enough.
 */
export type Cause = 'ceiling' | 'asked-too-little' | 'not-ready-yet' | 'retries';

/** What came of a night. */
export interface RunResult {
  /** Minutes in which fewer than 99 % of the users' requests that ended were answered, but for those of `failoverMinutes`. */
  readonly outageMinutes: number;
  /** The same while the load balancer still sends requests to a zone that is lost: no floor changes those. */
  readonly failoverMinutes: number;
  /** Start of the first of them, and of the last one's end; seconds since the epoch. */
  readonly firstOutageAt?: number;
  readonly lastOutageEndsAt?: number;
  /** Starts of the outage minutes that follow a minute without one. Seconds since the epoch. */
  readonly outageStarts: readonly number[];
  /** Of the first outage minute. */
  readonly firstCause?: Cause;
  /** Outage minutes by their cause. */
  readonly causes: Readonly<Partial<Record<Cause, number>>>;
  /** Minutes in which fewer units were ready than required. */
  readonly shortMinutes: number;
  /** Users' requests; `arrived = answered + failed + inFlight`. */
  readonly requests: {
    readonly arrived: number;
    readonly answered: number;
    readonly failed: number;
    readonly inFlight: number;
    /** First tries and retries. */
    readonly tries: number;
  };
  /** From launch to stop. */
  readonly unitHours: number;
  readonly accuracy: Accuracy;
}

/**
 * How closely ready units followed required ones; per cent. The divisor is what is required at each instant, and the time of the whole span.
 *
 * Elasticity metrics of the SPEC research group's cloud working group.
 */
export interface Accuracy {
  /** Mean shortage, and mean excess: per cent of required. */
  readonly thetaUnder: number;
  readonly thetaOver: number;
  /** Share of time with a shortage, and with an excess. */
  readonly tauUnder: number;
  readonly tauOver: number;
}

/** A night minute by minute, for a chart: the mean of each minute, and at its end. */
export interface Recording {
  readonly demand: number[];
  /** Tries per second, retries included. */
  readonly tries: number[];
  readonly required: number[];
  readonly ready: number[];
  readonly floor: number[];
  /** Share of the users' requests that ended in the minute unanswered. */
  readonly failedShare: number[];
}

const MINUTE = 60;
/** A minute is an outage when fewer than this share of the users' requests in it are answered. */
const ANSWERED_SHARE = 0.99;
/** The guard runs once a minute, at no particular second of it: what it sees takes effect a minute later, which is the worst case. */
const GUARD_EVERY_SECONDS = 60;
/** How far ahead the guard looks, so that it never raises what is about to be given back. */
const GUARD_AHEAD_SECONDS = 120;
/** A request may fail so long after the shortage that it met: its client tries again for more than a minute. */
const REMEMBERED_SECONDS = 120;
/** Less than this part of a unit is rounding. */
const UNIT_ROUNDING = 1e-6;

/**
 * Plays a night against a policy, step by step, until the demand ends.
 *
 * Within a step: scheduled actions that are due, at the end of each minute guard and scaling policy, units, then requests. A scheduled action
 * *sets* minimum and maximum, and clamps what is asked for; nothing takes it back. Everything is deterministic.
 *
 * @param recording when given, a value for each minute is appended to its lists
 */
export function simulate(night: Night, policy: Policy, conditions: Conditions, recording?: Recording): RunResult {
  const { startAt, demand, required, zoneLoss } = night;
  const { stepSeconds, requestsPerSecondPerUnit, usableShare } = conditions;
  const stepsPerMinute = MINUTE / stepSeconds;
  if (!Number.isInteger(stepsPerMinute)) throw new RangeError(`stepSeconds must divide a minute, got ${stepSeconds}`);

  const due = dueActions(policy, night);
  const floorNow = floorReader(policy.floors);
  const floorAhead = floorReader(policy.floors);
  let next = 0;
  let max = policy.floors.max;
  let min = scheduledFloor(policy.floors, startAt);
  // It begins as target tracking has settled on the demand before: a night that begins in the middle of a load is no spike.
  const settled = policy.scaling ? Math.ceil((demand[0] ?? 0) / policy.scaling.target) : 0;
  const fleet = new Fleet(conditions, Math.min(max, Math.max(min, settled)), startShares(conditions));
  const station = new Station(conditions);
  const autoscaler = policy.scaling && new Autoscaler(policy.scaling, conditions.metricDelayMinutes);
  const lostFrom = zoneLoss ? Math.ceil((zoneLoss.at - startAt) / stepSeconds) : Infinity;
  const deadUntil = lostFrom + conditions.failoverSeconds / stepSeconds;

  let outageMinutes = 0;
  let failoverMinutes = 0;
  let shortMinutes = 0;
  let lastOutageEndsAt: number | undefined;
  const outageStarts: number[] = [];
  let firstCause: RunResult['firstCause'];
  // The last step in which the users' own requests were more than the ready units bear.
  let shortage: Cause = 'retries';
  let shortageAt = -Infinity;
  const causes: Partial<Record<Cause, number>> = {};
  let under = 0;
  let over = 0;
  let shortSteps = 0;
  let excessSteps = 0;

  let ended = 0;
  let failed = 0;
  let tries = 0;
  let readySum = 0;
  let users = 0;
  let requiredSum = 0;
  let isShort = false;

  for (let step = 0; step < demand.length; step += 1) {
    const at = startAt + step * stepSeconds;
    while (next < due.length && due[next]!.at <= at) {
      ({ min, max } = due[next]!);
      fleet.desired = Math.min(max, Math.max(min, fleet.desired));
      next += 1;
    }
    if (step % stepsPerMinute === 0 && step > 0) {
      const { guard } = policy;
      if (guard) {
        const seenAt = at - GUARD_EVERY_SECONDS;
        const floor = Math.min(floorNow(seenAt), floorAhead(seenAt + GUARD_AHEAD_SECONDS));
        if (min < floor) {
          min = floor;
          fleet.desired = Math.max(min, fleet.desired);
        }
      }
      if (autoscaler) {
        const perUnit = tries / MINUTE / Math.max(1, readySum / stepsPerMinute);
        const scaleInSuspended = guard?.held.some(({ from, to }) => from <= at && at < to) ?? false;
        fleet.desired = autoscaler.evaluate(at, perUnit, fleet.desired, { min, max, scaleInSuspended });
      }
      tries = 0;
      readySum = 0;
    }
    if (step === lostFrom) fleet.loseShare(zoneLoss!.share);
    fleet.advance();

    const arriving = demand[step]! * stepSeconds;
    const deadShare = step >= lostFrom && step < deadUntil ? zoneLoss!.share : 0;
    const workers = fleet.ready * usableShare;
    const capacity = station.capacity(workers, requestsPerSecondPerUnit, arriving);
    station.advance(arriving, capacity, deadShare, workers);
    if (arriving > workers * requestsPerSecondPerUnit * stepSeconds) {
      const unitsNeeded = arriving / stepSeconds / (requestsPerSecondPerUnit * usableShare);
      shortage = shortageCause(unitsNeeded, fleet.desired, max);
      shortageAt = at;
    }

    const need = required[step]!;
    const { ready } = fleet;
    if (ready < need - UNIT_ROUNDING) {
      under += (need - ready) / need;
      shortSteps += 1;
      isShort = true;
    } else if (ready > need + UNIT_ROUNDING) {
      over += (ready - need) / need;
      excessSteps += 1;
    }
    ended += station.answeredNow + station.failedNow;
    failed += station.failedNow;
    tries += station.triesNow;
    readySum += ready;
    users += arriving;
    requiredSum += need;

    if ((step + 1) % stepsPerMinute === 0) {
      if (isShort) shortMinutes += 1;
      const isOutage = failed > (1 - ANSWERED_SHARE) * ended;
      const isFailover = step >= lostFrom && step < deadUntil + stepsPerMinute - 1;
      if (isOutage && isFailover) failoverMinutes += 1;
      if (isOutage && !isFailover) {
        const endsAt = at + stepSeconds;
        const cause = endsAt - shortageAt <= REMEMBERED_SECONDS ? shortage : 'retries';
        outageMinutes += 1;
        if (lastOutageEndsAt !== endsAt - MINUTE) outageStarts.push(endsAt - MINUTE);
        lastOutageEndsAt = endsAt;
        firstCause ??= cause;
        causes[cause] = (causes[cause] ?? 0) + 1;
      }
      if (recording) {
        recording.demand.push(users / MINUTE);
        recording.tries.push(tries / MINUTE);
        recording.required.push(requiredSum / stepsPerMinute);
        recording.ready.push(readySum / stepsPerMinute);
        recording.floor.push(min);
        recording.failedShare.push(ended > 0 ? failed / ended : 0);
      }
      ended = 0;
      failed = 0;
      users = 0;
      requiredSum = 0;
      isShort = false;
    }
  }

  const share = 100 / Math.max(1, demand.length);
  return {
    outageMinutes,
    failoverMinutes,
    ...(firstCause && { firstOutageAt: outageStarts[0], lastOutageEndsAt, firstCause }),
    outageStarts,
    causes,
    shortMinutes,
    requests: {
      arrived: station.arrived,
      answered: station.answered,
      failed: station.failed,
      inFlight: station.inFlight,
      tries: station.tries,
    },
    unitHours: fleet.unitSeconds / 3600,
    accuracy: {
      thetaUnder: under * share,
      thetaOver: over * share,
      tauUnder: shortSteps * share,
      tauOver: excessSteps * share,
    },
  };
}

/** `scheduledFloor` for instants that only grow. */
function floorReader({ min, actions }: FloorSchedule): (at: number) => number {
  let floor = min;
  let next = 0;
  return (at) => {
    while (next < actions.length && actions[next]!.at <= at) {
      floor = actions[next]!.min;
      next += 1;
    }
    return floor;
  };
}

/** The actions that the scheduler runs in the night, late as they are and in their order. */
function dueActions({ floors, missed = [] }: Policy, { startAt, latenessOf }: Night): FloorSchedule['actions'] {
  let earliest = startAt;
  return floors.actions
    .filter(({ at }) => at > startAt && !missed.includes(at))
    .map((action) => {
      earliest = Math.max(earliest, action.at + latenessOf(action.at));
      return { ...action, at: earliest };
    });
}

/** What would have had to be different for enough units to be ready, first of all. */
function shortageCause(unitsNeeded: number, desired: number, max: number): Cause {
  if (unitsNeeded > max) return 'ceiling';
  return desired >= unitsNeeded ? 'not-ready-yet' : 'asked-too-little';
}
