import { type Draw, stratifiedDraws } from './draws';
import { exactNight, largestDemandAt } from './night';
import { POLICY_NAMES, type PolicyName } from './policies';
import {
  type Casting,
  type DrawResult,
  type Margin,
  marginOf,
  playDraw,
  playExact,
  record,
  type ZoneLossPolicy,
} from './rehearse';
import type { Recording } from './simulate';
import type { RehearsalSpec } from './spec';
import {
  type ExactSummary,
  type PolicySummary,
  type Probability,
  probabilityOf,
  summarise,
  summariseExact,
  summariseZoneLoss,
  type ZoneLossSummary,
} from './summary';

/** What a rehearsal says of one release on one target. Plain JSON but for the recordings' length. */
export interface Rehearsal {
  readonly spec: RehearsalSpec;
  /** Draws that were asked for; fewer were played when it was stopped. */
  readonly asked: number;
  readonly played: number;
  readonly exact: readonly ExactSummary[];
  /** Empty when no draw was played. */
  readonly policies: readonly PolicySummary[];
  /** Absent when no draw was played, or when the zone is lost in all of them. */
  readonly zoneLost?: Readonly<Record<ZoneLossPolicy, ZoneLossSummary>>;
  /** How many times the median audience is borne: by the plan, and by target tracking alone with a cooldown of 60 s. */
  readonly margins: { readonly plan: Margin; readonly reactive: Margin };
  /** The exact night minute by minute, from `spec.from` on. */
  readonly recordings: Readonly<Record<'plan' | 'target-tracking-60', Recording>>;
}

/** A rehearsal that is played draw by draw, so that whoever plays it may tell how far it is and stop. */
export class RunningRehearsal {
  readonly draws: readonly Draw[];
  private readonly results: DrawResult[] = [];
  private readonly casting: Casting;

  /** @param policies those to compare; the plan is among them */
  constructor(
    readonly spec: RehearsalSpec,
    draws: number,
    private readonly names: readonly PolicyName[] = POLICY_NAMES,
  ) {
    this.draws = stratifiedDraws(spec.seed, draws, spec.releases.length);
    this.casting = { policies: names, zoneLost: names.length > 1 && !spec.whatIf.loseZone };
  }

  get played(): number {
    return this.results.length;
  }

  /** Plays the next draw; false when all are played. */
  playNext(): boolean {
    const draw = this.draws[this.results.length];
    if (!draw) return false;
    this.results.push(playDraw(this.spec, draw, this.casting));
    return true;
  }

  /**
   * How likely an outage of the release is under the plan, as far as the draws were played. An outage that begins while another release of the
   * same hours has more demand counts for that one, in its own rehearsal.
   */
  outage(): Probability {
    const { spec, draws } = this;
    const happened = this.results.filter(({ plan }, index) =>
      plan!.outageStarts.some((at) => {
        const owner = largestDemandAt(spec, draws[index]!, at);
        // One whose premiere is at another time, such as the old instant of one that was moved, is judged here or nowhere.
        return owner.id === spec.release || owner.premiereAt < spec.from || owner.premiereAt >= spec.to;
      }),
    );
    return probabilityOf(happened.length, this.results.length);
  }

  /** What is known from the draws that were played. */
  report(): Rehearsal {
    const { spec, results, names } = this;
    const exact = playExact(spec, { ...this.casting, zoneLost: false });
    return {
      spec,
      asked: this.draws.length,
      played: results.length,
      exact: names.map((name) => summariseExact(spec, name, exact)),
      policies: results.length === 0 ? [] : names.map((name) => summarise(spec, name, results)),
      ...(results.length > 0 && this.casting.zoneLost && { zoneLost: summariseZoneLoss(results) }),
      margins: { plan: marginOf(spec, 'plan'), reactive: marginOf(spec, 'target-tracking-60') },
      recordings: record(spec, exactNight(spec), ['plan', 'target-tracking-60']),
    };
  }
}
