/** What is used of it; the package brings no types. */
declare module 'jstat' {
  export const jStat: {
    readonly beta: { readonly inv: (probability: number, alpha: number, beta: number) => number };
    readonly chisquare: { readonly inv: (probability: number, degreesOfFreedom: number) => number };
    readonly lognormal: { readonly cdf: (x: number, mu: number, sigma: number) => number };
  };
}
