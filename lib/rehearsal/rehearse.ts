import type { Draw } from './draws';
import { exactNight, nightOf, zoneLossAtPeak } from './night';
import { type PolicyName, policyOf } from './policies';
import { type Cause, type Night, type Recording, type RunResult, simulate } from './simulate';
import type { RehearsalSpec } from './spec';

/** What came of one draw, by policy. */
export type DrawResult = Readonly<Partial<Record<PolicyName, RunResult>>> & {
  /** The same night with a zone lost at its peak. */
  readonly zoneLost?: Readonly<Record<ZoneLossPolicy, RunResult>>;
};

/** Policies that are also played with a zone lost: the plan, and the one that says whether it is needed at all. */
export const ZONE_LOSS_POLICIES = ['plan', 'target-tracking-60'] as const satisfies readonly PolicyName[];

export type ZoneLossPolicy = (typeof ZONE_LOSS_POLICIES)[number];

/** Which policies are played, and whether also with a zone lost. */
export interface Casting {
  readonly policies: readonly PolicyName[];
  readonly zoneLost: boolean;
}

/** Plays the night of a draw with each policy. Depends on nothing but its arguments, so draws may be played anywhere and in any order. */
export function playDraw(spec: RehearsalSpec, draw: Draw, casting: Casting): DrawResult {
  return playNight(spec, nightOf(spec, draw), casting);
}

/** Plays the night in which everything is as forecast. */
export function playExact(spec: RehearsalSpec, casting: Casting): DrawResult {
  return playNight(spec, exactNight(spec), casting);
}

function playNight(spec: RehearsalSpec, night: Night, { policies, zoneLost }: Casting): DrawResult {
  const results = playPolicies(spec, night, policies);
  if (!zoneLost) return results;
  const lost = { ...night, zoneLoss: zoneLossAtPeak(night, spec.zones) };
  return { ...results, zoneLost: playPolicies(spec, lost, ZONE_LOSS_POLICIES) };
}

function playPolicies<Name extends PolicyName>(
  spec: RehearsalSpec,
  night: Night,
  policies: readonly Name[],
): Record<Name, RunResult> {
  return Object.fromEntries(
    policies.map((name) => [name, simulate(night, policyOf(name, spec, night), spec.conditions)]),
  ) as Record<Name, RunResult>;
}

/** A night minute by minute under some policies, for a chart. */
export function record<Name extends PolicyName>(
  spec: RehearsalSpec,
  night: Night,
  policies: readonly Name[],
): Record<Name, Recording> {
  return Object.fromEntries(
    policies.map((name) => {
      const recording: Recording = { demand: [], tries: [], required: [], ready: [], floor: [], failedShare: [] };
      simulate(night, policyOf(name, spec, night), spec.conditions, recording);
      return [name, recording];
    }),
  ) as Record<Name, Recording>;
}

/** What a policy bears, and what it fails by. */
export interface Margin {
  /** Multiple of the median audience, in its modelled shape, up to which there is no outage minute; to 1 %, at most 16. Zero when it does not bear a twentieth. */
  readonly audienceFactor: number;
  /** Why the first outage minute just above it is one; absent at 16. */
  readonly failsBy?: Cause;
}

/** The smallest multiple of the median audience that is tried. */
export const SMALLEST_MARGIN = 0.05;
const LARGEST_MARGIN = 16;
/** Multiples are tried so far apart from below, and halved so often where the first one fails. */
const MARGIN_STEP = 1.1;
const MARGIN_HALVINGS = 4;

/**
 * How many times the median audience a policy bears, when all else is as forecast.
 *
 * Tried from below: a larger audience may be borne again, because more people in the lobby make target tracking begin earlier.
 */
export function marginOf(spec: RehearsalSpec, policy: PolicyName): Margin {
  const causeAt = (audienceFactor: number): Cause | undefined => {
    const asked = { ...spec, whatIf: { ...spec.whatIf, audienceFactor } };
    const night = exactNight(asked);
    return simulate(night, policyOf(policy, asked, night), asked.conditions).firstCause;
  };
  let borne = 0;
  let tried = SMALLEST_MARGIN;
  let failsBy = causeAt(tried);
  while (!failsBy && tried < LARGEST_MARGIN) {
    borne = tried;
    tried = Math.min(LARGEST_MARGIN, tried * MARGIN_STEP);
    failsBy = causeAt(tried);
  }
  if (!failsBy) return { audienceFactor: LARGEST_MARGIN };
  for (let halving = 0; borne > 0 && halving < MARGIN_HALVINGS; halving += 1) {
    const middle = Math.sqrt(borne * tried);
    const cause = causeAt(middle);
    if (cause) {
      tried = middle;
      failsBy = cause;
    } else {
      borne = middle;
    }
  }
  return { audienceFactor: borne, failsBy };
}
