import fc from 'fast-check';
import type { DynamicScaling } from '../../lib/rehearsal/autoscaler';
import type { Conditions, Night, Policy } from '../../lib/rehearsal/simulate';
import { conditions, START } from './fixtures';

/** Pieces of a demand: nothing, a level, a ramp, or a step that ends at once. */
const piece = fc.record({
  seconds: fc.constantFrom(20, 60, 300, 900),
  from: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true })),
  to: fc.oneof(fc.constant(undefined), fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
});

/** Requests per second, step by step, over at least a minute. */
const demandOf = (stepSeconds: number): fc.Arbitrary<Float64Array> =>
  fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => {
    const demand = pieces.flatMap(({ seconds, from, to = from }) =>
      Array.from({ length: seconds / stepSeconds }, (_, step) => from + (to - from) * ((step * stepSeconds) / seconds)),
    );
    const stepsPerMinute = 60 / stepSeconds;
    const whole = stepsPerMinute * Math.ceil(demand.length / stepsPerMinute);
    return Float64Array.from({ length: whole }, (_, step) => demand[step] ?? 0);
  });

/** How clients and units behave, from the mild to the absurd. */
const someConditions = fc
  .record({
    stepSeconds: fc.constantFrom(1, 4, 5),
    timeoutSeconds: fc.constantFrom(5, 10, 33),
    retries: fc.record({ count: fc.integer({ min: 0, max: 4 }), persistence: fc.constantFrom(0, 0.3, 0.8, 1) }),
    backoffSeconds: fc.constantFrom(0, 1, 5, 17),
    shedsLoad: fc.boolean(),
    shedAboveSeconds: fc.constantFrom(0, 1, 9),
    idleTimeoutSeconds: fc.constantFrom(10, 60),
    requestsPerSecondPerUnit: fc.constantFrom(0.7, 10, 100),
    usableShare: fc.constantFrom(0.5, 0.95, 1),
    startLatencySigma: fc.constantFrom(0, 0.35),
    drainSeconds: fc.constantFrom(0, 60),
    failoverSeconds: fc.constantFrom(0, 30, 32),
    metricDelayMinutes: fc.constantFrom(0, 1, 3),
    unitsPerMinute: fc.constantFrom(3, 500),
    startLatencySeconds: fc.constantFrom(0, 40, 120),
  })
  .map(({ unitsPerMinute, startLatencySeconds, ...fields }) =>
    conditions({ ...fields, leadTime: { schedulerDelaySeconds: 60, startLatencySeconds, unitsPerMinute } }),
  );

const cooldown = fc.constantFrom(0, 60, 300);
const scalingOf = (mu: number): fc.Arbitrary<DynamicScaling | undefined> =>
  fc.option(
    fc.oneof(
      fc.record({
        kind: fc.constant('target-tracking' as const),
        target: fc.constantFrom(0.5 * mu, 0.9 * mu),
        scaleOutCooldownSeconds: cooldown,
        scaleInCooldownSeconds: cooldown,
      }),
      fc.record({
        kind: fc.constant('step-scaling' as const),
        target: fc.constant(0.6 * mu),
        out: fc.constant([
          { from: 1, add: 0.2 },
          { from: 1.5, add: 1 },
        ]),
        outMinutes: fc.integer({ min: 1, max: 4 }),
        in: fc.constant({ below: 0.75, remove: 0.1, minutes: 3 }),
        cooldownSeconds: cooldown,
      }),
    ),
    { nil: undefined },
  );

/** Floors in any order of heights, with maxima that fall and rise. */
const floorsWithin = (seconds: number): fc.Arbitrary<Policy['floors']> => {
  const bounds = fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 200 }));
  return fc
    .record({
      first: bounds,
      actions: fc.uniqueArray(fc.record({ at: fc.integer({ min: -5, max: seconds / 60 + 5 }), bounds }), {
        maxLength: 6,
        selector: ({ at }) => at,
      }),
    })
    .map(({ first, actions }) => ({
      min: Math.min(...first),
      max: Math.max(...first),
      actions: actions
        .toSorted((a, b) => a.at - b.at)
        .map(({ at, bounds: both }) => ({ at: START + 60 * at, min: Math.min(...both), max: Math.max(...both) })),
    }));
};

/** A night, a policy, and the conditions of both. */
export interface Scenario {
  readonly night: Night;
  readonly policy: Policy;
  readonly conditions: Conditions;
}

export const scenarios: fc.Arbitrary<Scenario> = someConditions.chain((under) =>
  demandOf(under.stepSeconds).chain((demand) => {
    const seconds = demand.length * under.stepSeconds;
    const instant = fc.integer({ min: 0, max: seconds - 1 });
    return fc
      .record({
        floors: floorsWithin(seconds),
        scaling: scalingOf(under.requestsPerSecondPerUnit),
        held: fc.option(fc.tuple(instant, instant), { nil: undefined }),
        isMissed: fc.boolean(),
        lateness: fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 5 }),
        zoneLoss: fc.option(fc.record({ at: instant, share: fc.constantFrom(1 / 3, 0.5, 1) }), { nil: undefined }),
        required: fc.integer({ min: 1, max: 200 }),
      })
      .map(({ floors, scaling, held, isMissed, lateness, zoneLoss, required }): Scenario => ({
        conditions: under,
        night: {
          startAt: START,
          demand,
          required: demand.map(() => required),
          latenessOf: (at) => lateness[(at / 60) % lateness.length]!,
          ...(zoneLoss && { zoneLoss: { at: START + zoneLoss.at, share: zoneLoss.share } }),
        },
        policy: {
          floors,
          ...(scaling && { scaling }),
          ...(held && { guard: { held: [{ from: START + Math.min(...held), to: START + Math.max(...held) }] } }),
          ...(isMissed && { missed: floors.actions.slice(0, 1).map(({ at }) => at) }),
        },
      }));
  }),
);
