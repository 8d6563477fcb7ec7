import { toIso } from '../lib/capacity/instants';

const FIRST_PREMIERE = Date.UTC(2027, 0, 1, 1) / 1000;
const DAY = 86_400;

/** One release in three days, so every size has the same density and only the number of them grows. */
const GAP_SECONDS = 3 * DAY;

/** A week before the first premiere, so that its drill is ahead, too. */
export const AS_OF = toIso(FIRST_PREMIERE - 7 * DAY);

/** From `AS_OF` until the last window of so many releases is over. */
export function horizonFor(releases: number): number {
  return releases * GAP_SECONDS + 30 * DAY;
}

/**
 * A calendar file of so many releases of all kinds: audiences, spreads and lengths repeat with periods that are prime to
 * each other, so entries differ. The same text for the same number.
 */
export function calendarText(releases: number): string {
  const kinds = ['episode', 'season', 'episode', 'finale', 'episode', 'live'] as const;
  const lengths = ['PT45M', 'PT1H', 'PT1H30M', 'PT2H', 'PT2H8M'];
  const entries = Array.from({ length: releases }, (_, index) => {
    const kind = kinds[index % kinds.length]!;
    const peak = 1_000_000 + 250_000 * (index % 23);
    return [
      `  - id: release-${index}`,
      `    title: Release ${index}`,
      `    premiere: ${toIso(FIRST_PREMIERE + index * GAP_SECONDS)}`,
      `    kind: ${kind}`,
      `    length: ${lengths[index % lengths.length]}`,
      '    audience:',
      `      peakViewers: ${peak}`,
      `      low: ${Math.round(peak / 1.5)}`,
      `      high: ${Math.round(peak * 1.5)}`,
    ].join('\n');
  });
  return `releases:\n${entries.join('\n')}\n`;
}
