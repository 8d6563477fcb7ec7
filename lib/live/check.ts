import type { Trouble } from './trouble';

/** `unknown`: it could not be read. That is no `go`, and says nothing about the account. */
export type Verdict = 'go' | 'no-go' | 'unknown';

/** One thing that has to be as it should before a premiere. */
export interface Check {
  /** For example `actions` or `quota/fargate-vcpu`; docs/verify.md lists them. */
  readonly id: string;
  /** Region and layer, of a check of one target; null of one of the whole environment. */
  readonly target: string | null;
  readonly verdict: Verdict;
  readonly expected: string;
  readonly found: string;
  /** What to do about it; null when there is nothing to do. */
  readonly mend: string | null;
}

/** A check before it is known to which target it belongs. */
export type Judgement = Omit<Check, 'target'>;

/** All checks of an environment at an instant: what `verify --json` prints. */
export interface Verification {
  readonly schemaVersion: 1;
  readonly asOf: string;
  readonly environment: string;
  /** The release that was asked for; null when the next window was meant. */
  readonly release: string | null;
  /** Those whose readiness was judged, by premiere; empty when none is coming. */
  readonly releases: readonly VerifiedRelease[];
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
}

export interface VerifiedRelease {
  readonly id: string;
  readonly premiereAt: string;
  readonly premiereZone: string;
}

export function go(id: string, expected: string, found: string): Judgement {
  return { id, verdict: 'go', expected, found, mend: null };
}

export function noGo(id: string, expected: string, found: string, mend: string): Judgement {
  return { id, verdict: 'no-go', expected, found, mend };
}

export function unknownCheck(id: string, expected: string, { message, mend }: Trouble): Judgement {
  return { id, verdict: 'unknown', expected, found: message, mend };
}

/** No-go as soon as one check is, else unknown as soon as one is. */
export function overallVerdict(checks: readonly Pick<Check, 'verdict'>[]): Verdict {
  const verdicts = new Set(checks.map(({ verdict }) => verdict));
  if (verdicts.has('no-go')) return 'no-go';
  return verdicts.has('unknown') ? 'unknown' : 'go';
}
