import type { Draw } from './draws';
import { exactNight, nightOf } from './night';
import { type PolicyName, policyOf } from './policies';
import { type Cause, type Night, type Recording, type RunResult, simulate } from './simulate';
import type { RehearsalSpec } from './spec';

/** What came of one draw, by policy. */
export type DrawResult = Readonly<Partial<Record<PolicyName, RunResult>>> & {
  /** The plan in the same night, with a zone lost at its peak. */
  readonly zoneLost?: RunResult;
};

/** Which policies are played, and whether the plan is also played with a zone lost. */
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
  const results: Partial<Record<PolicyName | 'zoneLost', RunResult>> = {};
  for (const name of policies) results[name] = simulate(night, policyOf(name, spec, night), spec.conditions);
  if (zoneLost) {
    const lost = { ...night, zoneLoss: { at: spec.premiereAt + spec.peakSeconds, share: 1 / spec.zones } };
    results.zoneLost = simulate(lost, policyOf('plan', spec, lost), spec.conditions);
  }
  return results;
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
  /** Largest multiple of the median audience, in its modelled shape, without an outage minute; to 1 %, at most 16. Zero when it does not bear a hundredth. */
  readonly audienceFactor: number;
  /** Why the first outage minute just above it is one; absent at 16. */
  readonly failsBy?: Cause;
}

const SMALLEST_MARGIN = 0.01;
const LARGEST_MARGIN = 16;
/** Halvings of the logarithm between them, to 1 %. */
const MARGIN_STEPS = 10;

/** How many times the median audience a policy bears, when all else is as forecast. */
export function marginOf(spec: RehearsalSpec, policy: PolicyName): Margin {
  const play = (audienceFactor: number): RunResult => {
    const asked = { ...spec, whatIf: { ...spec.whatIf, audienceFactor } };
    const night = exactNight(asked);
    return simulate(night, policyOf(policy, asked, night), asked.conditions);
  };
  let low = SMALLEST_MARGIN;
  let high = LARGEST_MARGIN;
  const { firstCause } = play(low);
  if (firstCause) return { audienceFactor: 0, failsBy: firstCause };
  let failsBy = play(high).firstCause;
  if (!failsBy) return { audienceFactor: high };
  for (let step = 0; step < MARGIN_STEPS; step += 1) {
    const middle = Math.sqrt(low * high);
    const { firstCause: cause } = play(middle);
    if (cause) {
      high = middle;
      failsBy = cause;
    } else {
      low = middle;
    }
  }
  return { audienceFactor: low, failsBy };
}
