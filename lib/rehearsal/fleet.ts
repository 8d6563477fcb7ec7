import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { jStat } from 'jstat';
import type { LeadTime } from '../capacity/environment';

/** How units come and go. */
export interface FleetSettings {
  readonly stepSeconds: number;
  /** Start latency is its 95th percentile. */
  readonly leadTime: LeadTime;
  /** Lognormal sigma of the start latency; 0 when all units take the same time. */
  readonly startLatencySigma: number;
  /** Seconds from leaving the load balancer until a unit has stopped: it answers no new requests then, and is paid. */
  readonly drainSeconds: number;
}

/** Units that start later than all but one in a thousand start with these. */
const LATEST_SHARE = 0.999;

/** A missing part of a unit that is smaller than this is rounding. */
const NOTHING = 1e-9;

/** Shares of the units that are ready so many steps after their launch, from the first step on; their sum is one. */
export function startShares({ stepSeconds, leadTime, startLatencySigma }: FleetSettings): number[] {
  const latest = leadTime.startLatencySeconds;
  if (startLatencySigma === 0) {
    const steps = Math.max(1, Math.round(latest / stepSeconds));
    return Array.from({ length: steps }, (_, index) => (index === steps - 1 ? 1 : 0));
  }
  // Lognormal, given by its 95th percentile.
  const mu = Math.log(latest) - normalQuantile(0.95, 0, 1) * startLatencySigma;
  const shares: number[] = [];
  let before = 0;
  while (before < LATEST_SHARE) {
    const within = jStat.lognormal.cdf((shares.length + 1) * stepSeconds, mu, startLatencySigma);
    shares.push(within - before);
    before = within;
  }
  return shares.map((share) => share / before);
}

/**
 * The units of one target: launched at a limited rate, ready after their start latency, drained before they stop.
 *
 * Units are amounts, not single ones: half of a unit may be ready. What was launched and has not stopped is paid.
 */
export class Fleet {
  /** Units that answer requests. */
  ready: number;
  /** Units that were launched and are not ready yet. */
  starting = 0;
  /** Units that are asked for. */
  desired: number;
  /** From launch to stop. */
  unitSeconds = 0;

  private draining = 0;
  private readonly shares: readonly number[];
  /** Units that become ready, and that stop, by step: rings. */
  private readonly arriving: Float64Array;
  private readonly stopping: Float64Array;
  private readonly launchedPerStep: number;
  private step = 0;

  constructor(
    private readonly settings: FleetSettings,
    ready: number,
    shares = startShares(settings),
  ) {
    this.ready = ready;
    this.desired = ready;
    this.shares = shares;
    this.arriving = new Float64Array(this.shares.length + 1);
    this.stopping = new Float64Array(Math.max(1, Math.ceil(settings.drainSeconds / settings.stepSeconds)) + 1);
    this.launchedPerStep = (settings.leadTime.unitsPerMinute / 60) * settings.stepSeconds;
  }

  /** One step on: units that have started are ready, and units are launched or drained towards `desired`. */
  advance(): void {
    const { arriving, stopping } = this;
    this.step += 1;
    if (this.starting > 0) {
      const slot = this.step % arriving.length;
      const started = arriving[slot]!;
      arriving[slot] = 0;
      this.ready += started;
      this.starting -= started;
      if (this.starting < NOTHING) this.starting = 0;
    }
    if (this.draining > 0) {
      const slot = this.step % stopping.length;
      this.draining -= stopping[slot]!;
      stopping[slot] = 0;
      if (this.draining < NOTHING) this.draining = 0;
    }
    const missing = this.desired - this.ready - this.starting;
    if (missing > NOTHING) this.launch(Math.min(missing, this.launchedPerStep));
    else if (missing < -NOTHING) this.drain(-missing);
    this.unitSeconds += (this.ready + this.starting + this.draining) * this.settings.stepSeconds;
  }

  /** A zone is gone at once, with this share of all units. */
  loseShare(share: number): void {
    this.ready *= 1 - share;
    this.starting *= 1 - share;
    this.arriving.set(this.arriving.map((units) => units * (1 - share)));
  }

  private launch(units: number): void {
    this.starting += units;
    for (let ahead = 1; ahead <= this.shares.length; ahead += 1) {
      this.arriving[(this.step + ahead) % this.arriving.length]! += units * this.shares[ahead - 1]!;
    }
  }

  /** Ready units go first: what is known of the order says nothing better, and it is the worse case. */
  private drain(units: number): void {
    const ready = Math.min(units, this.ready);
    this.ready -= ready;
    this.draining += ready;
    this.stopping[(this.step + this.stopping.length - 1) % this.stopping.length]! += ready;
    const cancelled = units - ready;
    if (cancelled <= 0) return;
    const kept = Math.max(0, 1 - cancelled / this.starting);
    this.arriving.set(this.arriving.map((starting) => starting * kept));
    this.starting *= kept;
  }
}
