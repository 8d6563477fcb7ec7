/** Keeps requests per unit at a target, as Application Auto Scaling does it. */
export interface TargetTracking {
  readonly kind: 'target-tracking';
  /** Requests per second of one unit that are aimed at. */
  readonly target: number;
  readonly scaleOutCooldownSeconds: number;
  readonly scaleInCooldownSeconds: number;
}

/** Adds or removes a share of the units by how far requests per unit are from a target. */
export interface StepScaling {
  readonly kind: 'step-scaling';
  /** Requests per second of one unit above which units are added. */
  readonly target: number;
  /** By bounds of the metric over the target, lowest first: from `from` on `add` times the units are added. */
  readonly out: readonly { readonly from: number; readonly add: number }[];
  /** Minutes in a row above the target until units are added. */
  readonly outMinutes: number;
  /** Below this multiple of the target for `inMinutes` in a row, `remove` times the units go. */
  readonly in: { readonly below: number; readonly remove: number; readonly minutes: number };
  readonly cooldownSeconds: number;
}

export type DynamicScaling = TargetTracking | StepScaling;

/** Alarms of target tracking: three minutes in a row above the target, fifteen below nine tenths of it. */
const TRACKING_OUT_MINUTES = 3;
const TRACKING_IN_MINUTES = 15;
const TRACKING_IN_BELOW = 0.9;

/** Bounds of what may be asked for now. */
export interface ScalingBounds {
  readonly min: number;
  readonly max: number;
  readonly scaleInSuspended: boolean;
}

/**
 * One scaling policy with its alarms, evaluated once a minute on a metric of one-minute points that come late.
 *
 * Semantics, of the documentation of Application Auto Scaling and CloudWatch:
 * - an alarm goes off when its points in a row are all in breach, and asks again every minute while they are;
 * - target tracking asks for `⌈units · metric / target⌉`, and scales in only when the metric stays below the target by a margin;
 * - in a scale-out cooldown what was added counts as part of the next step: more is added only when that is larger. So the step is taken from the
 *   units before it;
 * - a scale-in waits for both cooldowns, a scale-out does not wait for a scale-in's, and ends it;
 * - a share of the units is rounded down, and is at least one of them;
 * - what is asked for is clamped to minimum and maximum.
 *
 * How target tracking scales in is not published; it is taken as proportional, too.
 */
export class Autoscaler {
  /** Points of the metric: requests per second of one ready unit, newest last. A ring. */
  private readonly points: Float64Array;
  private known = 0;
  private outUntil = -Infinity;
  private inUntil = -Infinity;
  private unitsBeforeOut = 0;

  /** @param delayMinutes whole minutes after its end at which a point of the metric can be read */
  constructor(
    private readonly policy: DynamicScaling,
    private readonly delayMinutes: number,
  ) {
    const minutes =
      policy.kind === 'target-tracking' ? TRACKING_IN_MINUTES : Math.max(policy.in.minutes, policy.outMinutes);
    this.points = new Float64Array(minutes + delayMinutes + 1);
  }

  /**
   * The end of a minute: its point is taken up, and the alarms are evaluated on those that can be read by now.
   *
   * @param at seconds, growing by 60 with each call
   * @param requestsPerUnit the point of the minute that ends
   * @param desired units that are asked for now
   * @returns units to ask for from now on; `desired` when nothing is to change
   */
  evaluate(at: number, requestsPerUnit: number, desired: number, bounds: ScalingBounds): number {
    this.points[this.known % this.points.length] = requestsPerUnit;
    this.known += 1;
    const out = this.scaleOut(at, desired);
    if (out !== undefined) {
      const units = Math.min(bounds.max, out);
      if (units <= desired) return desired;
      if (at >= this.outUntil) this.unitsBeforeOut = desired;
      this.outUntil = at + this.outCooldown();
      this.inUntil = -Infinity;
      return units;
    }
    if (bounds.scaleInSuspended || at < this.inUntil || at < this.outUntil) return desired;
    const smaller = this.scaleIn(desired);
    if (smaller === undefined) return desired;
    const units = Math.max(bounds.min, smaller);
    if (units >= desired) return desired;
    this.inUntil = at + this.inCooldown();
    return units;
  }

  private scaleOut(at: number, desired: number): number | undefined {
    const { policy } = this;
    const minutes = policy.kind === 'target-tracking' ? TRACKING_OUT_MINUTES : policy.outMinutes;
    if (!this.all(minutes, (point) => point > policy.target)) return undefined;
    const times = this.newest() / policy.target;
    const units = at < this.outUntil ? this.unitsBeforeOut : desired;
    if (policy.kind === 'target-tracking') return Math.ceil(units * times);
    const step = policy.out.findLast(({ from }) => times >= from);
    return step && units + Math.max(1, Math.floor(units * step.add));
  }

  private scaleIn(desired: number): number | undefined {
    const { policy } = this;
    if (policy.kind === 'target-tracking') {
      const isLow = this.all(TRACKING_IN_MINUTES, (point) => point < policy.target * TRACKING_IN_BELOW);
      return isLow ? Math.ceil((desired * this.newest()) / policy.target) : undefined;
    }
    const { below, remove, minutes } = policy.in;
    return this.all(minutes, (point) => point < policy.target * below)
      ? desired - Math.max(1, Math.floor(desired * remove))
      : undefined;
  }

  private outCooldown(): number {
    return this.policy.kind === 'target-tracking' ? this.policy.scaleOutCooldownSeconds : this.policy.cooldownSeconds;
  }

  private inCooldown(): number {
    return this.policy.kind === 'target-tracking' ? this.policy.scaleInCooldownSeconds : this.policy.cooldownSeconds;
  }

  private newest(): number {
    return this.points[(this.known - 1 - this.delayMinutes) % this.points.length]!;
  }

  /** Whether so many points in a row, from the newest that can be read on back, are all in breach. */
  private all(minutes: number, breaches: (point: number) => boolean): boolean {
    const newest = this.known - 1 - this.delayMinutes;
    if (newest < minutes - 1) return false;
    for (let back = 0; back < minutes; back += 1) {
      if (!breaches(this.points[(newest - back) % this.points.length]!)) return false;
    }
    return true;
  }
}
