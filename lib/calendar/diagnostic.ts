import type { SourceLocation } from './release';

/** One problem in one place, with its mend. A user's mistake is collected and returned, never thrown. */
export interface Diagnostic extends Partial<SourceLocation> {
  readonly severity: 'error' | 'warning';
  /** `area/problem`, for example `calendar/unknown-key`. */
  readonly code: string;
  /** What is wrong, with the value. Lower case, no period. */
  readonly message: string;
  /** What to write instead. */
  readonly mend?: string;
  /** The line of the file that the location points into. */
  readonly sourceLine?: string;
  /** How many characters the caret marks. @default 1 */
  readonly length?: number;
}
