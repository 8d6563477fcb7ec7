import fc from 'fast-check';
import type { Release } from '../../lib/calendar/release';
import type { Environment } from '../../lib/capacity/environment';
import { environment, release } from './fixtures';

/** All random releases premiere within 60 days of this instant. */
export const EPOCH = Date.UTC(2027, 0, 1) / 1000;
const MINUTE = 60;
const DAY = 86_400;

const premiereAt = fc
  .record({
    // Mostly on the quarter of an hour, as premieres are; sometimes on any second, and often close together.
    day: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constantFrom(10, 11, 12)),
    second: fc.oneof(
      fc.integer({ min: 0, max: 95 }).map((quarter) => quarter * 15 * MINUTE),
      fc.integer({ min: 0, max: DAY - 1 }),
      fc.constantFrom(0, DAY - MINUTE),
    ),
  })
  .map(({ day, second }) => EPOCH + day * DAY + second);

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });

/** The longest values that an entry may have make windows of days, which are slow to replay: one in ten is enough. */
const rarely = <T>(seldom: T, ...often: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(seldom) }, { weight: 9, arbitrary: fc.constantFrom(...often) });

const audience = fc.record({
  peakViewers: fc.oneof(fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 200_000, max: 12_000_000 })),
  uncertainty: optional(fc.constantFrom(0.05, 0.2, 0.35, 0.7)),
});

/** What a release may state, without its id. */
export const oneRelease = fc
  .record({
    premiereAt,
    kind: fc.constantFrom('season', 'episode', 'finale', 'live'),
    length: rarely(3 * DAY, undefined, 45 * MINUTE, 128 * MINUTE),
    asks: fc.oneof(
      { weight: 3, arbitrary: fc.record({ audience }) },
      { weight: 1, arbitrary: fc.record({ floors: fc.record({ playback: fc.integer({ min: 1, max: 1500 }) }) }) },
      {
        weight: 1,
        arbitrary: fc.record({ audience, floors: fc.record({ playback: fc.integer({ min: 1, max: 600 }) }) }),
      },
    ),
    warmUpSeconds: optional(rarely(2 * DAY, 0, 5 * MINUTE, 17 * MINUTE, 180 * MINUTE)),
    holdSeconds: optional(rarely(DAY, 0, 7 * MINUTE, 120 * MINUTE)),
    drillSeconds: fc.constantFrom(null, 3600, DAY, 2 * DAY, 30 * DAY),
    status: fc.constantFrom('confirmed', 'confirmed', 'confirmed', 'tentative', 'cancelled'),
    previouslyAt: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.tuple(premiereAt) }),
  })
  .map(({ length, asks, ...fields }): Omit<Parameters<typeof release>[0], 'id'> => ({
    ...fields,
    ...(asks as Partial<Release>),
    lengthSeconds: length ?? (fields.kind === 'live' ? 7200 : undefined),
  }));

/** A calendar's releases in no particular order. */
export const releases = fc
  .array(oneRelease, { minLength: 1, maxLength: 6 })
  .map((all) => all.map((fields, index): Release => release({ ...fields, id: `release-${index}` })));

/** Environments with launch rates from a crawl to what Fargate allows, and latencies beyond a cell. */
export const environments = fc
  .record({
    zones: fc.integer({ min: 2, max: 4 }),
    deployWindowSeconds: fc.constantFrom(60, 900, 931, 3600),
    demandFactor: fc.constantFrom(1, 0.1, 0.003),
    baseline: fc.constantFrom(1, 2, 120),
    baselineLoad: fc.constantFrom(0, 0.5, 1),
    schedulerDelaySeconds: fc.constantFrom(0, 60, 95),
    startLatencySeconds: fc.constantFrom(0, 120, 181, 420),
    unitsPerMinute: fc.constantFrom(3, 20, 125, 500),
    maxStepsPerWindow: fc.constantFrom(1, 2, 5, 8),
    actionBudget: fc.constantFrom(10, 20, 100),
  })
  .map(({ zones, deployWindowSeconds, demandFactor, baseline, baselineLoad, ...rest }): Required<Environment> => {
    const { schedulerDelaySeconds, startLatencySeconds, unitsPerMinute, ...profile } = rest;
    const bears = (baseline * 600 * (zones - 1)) / zones;
    return environment(
      {
        ...profile,
        baseline,
        maximum: 5000,
        baselineRequestsPerSecond: Math.floor(bears * baselineLoad),
        leadTime: { schedulerDelaySeconds, startLatencySeconds, unitsPerMinute },
      },
      {
        deployWindowSeconds,
        demandFactor,
        outageBudget: 0.01,
        zoneIds: ['use1-az1', 'use1-az2', 'use1-az4', 'use1-az6'].slice(0, zones),
      },
    );
  });

/** Any instant: often within a day of a premiere, so that the plan is made in the middle of a window. */
export function asOfNear(all: readonly Release[]): fc.Arbitrary<string> {
  const near = fc
    .tuple(fc.constantFrom(...all), fc.integer({ min: -DAY, max: DAY / 2 }))
    .map(([{ premiereAt: premiere }, seconds]) => premiere + seconds);
  const any = fc.integer({ min: EPOCH - 40 * DAY, max: EPOCH + 70 * DAY });
  return fc.oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: any }).map((seconds) => {
    return new Date(seconds * 1000).toISOString().replace('.000', '');
  });
}

/** A whole situation: what is planned, where, and when. */
export const situations = fc
  .tuple(releases, environments)
  .chain(([all, where]) => fc.tuple(fc.constant(all), fc.constant(where), asOfNear(all)));
