/** The shape of a recorded night: shares of its peak at equal steps. Plain data. */
export interface TraceShape {
  /** Seconds from the peak to the first sample; zero or negative. */
  readonly startSeconds: number;
  readonly stepSeconds: number;
  /** Shares of the peak, 0 to 1. Linear between samples; the first and the last hold before and after them. */
  readonly shares: readonly number[];
}
