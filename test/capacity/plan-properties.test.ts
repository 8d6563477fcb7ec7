import fc from 'fast-check';
import { applyDifference, diffPlans, isEmptyDifference } from '../../lib/capacity/difference';
import { floorAt } from '../../lib/capacity/floor-at';
import { environments, EPOCH, oneRelease, situations } from './arbitraries';
import { at, plan, release, targetOf } from './fixtures';
import { findShortage } from './replay';

/** CI asks for ten times as many. */
const RUNS = Number(process.env.PRESCALE_PROPERTY_RUNS ?? 2000);

test('ready units are never below required, for any calendar, environment and asOf', () => {
  fc.assert(
    fc.property(situations, ([releases, environment, asOf]) => {
      expect(findShortage(targetOf(plan(releases, asOf, environment)), asOf)).toBeUndefined();
    }),
    { numRuns: RUNS },
  );
});

test('so for a service with a release every day, whose windows never close', () => {
  const daily = fc
    .tuple(fc.array(oneRelease, { minLength: 60, maxLength: 60 }), environments)
    .map(([all, environment]) => {
      const releases = all.map((fields, day) => {
        const premiereAt = EPOCH + day * 86_400 + (fields.premiereAt % 86_400);
        return release({ ...fields, id: `day-${day}`, premiereAt, drillSeconds: 86_400 });
      });
      return { releases, environment };
    });
  fc.assert(
    fc.property(daily, fc.integer({ min: -5 * 86_400, max: 60 * 86_400 }), ({ releases, environment }, seconds) => {
      const asOf = new Date((EPOCH + seconds) * 1000).toISOString().replace('.000', '');
      const target = targetOf(plan(releases, asOf, environment));
      expect(findShortage(target, asOf)).toBeUndefined();
      expect(target.actions.length).toBeLessThanOrEqual(environment.layers.playback!.actionBudget!);
      expect(at(target.coveredUntil)).toBeGreaterThan(at(asOf));
      expect(target.deferred).toEqual(
        releases
          .filter(({ status, premiereAt }) => status !== 'cancelled' && premiereAt >= at(target.coveredUntil))
          .toSorted((a, b) => a.premiereAt - b.premiereAt)
          .map(({ id }) => id),
      );
    }),
    { numRuns: RUNS / 40 },
  );
});

test('a plan keeps the form that AWS and the contract ask for', () => {
  fc.assert(
    fc.property(situations, ([releases, environment, asOf]) => {
      const result = plan(releases, asOf, environment);
      const target = targetOf(result);
      const deployEnd = 60 * Math.ceil((at(asOf) + environment.deployWindowSeconds) / 60);
      const instants = target.actions.map((action) => at(action.at));
      const { baseline, actionBudget } = environment.layers.playback!;
      expect(instants).toEqual([...new Set(instants)].sort((a, b) => a - b));
      expect(new Set(target.actions.map(({ name }) => name)).size).toBe(instants.length);
      expect(instants.every((instant) => instant >= deployEnd && instant <= at(target.coveredUntil))).toBe(true);
      expect(instants.every((instant) => instant % 60 === 0)).toBe(true);
      expect(target.actions.every(({ max }) => max === target.max)).toBe(true);
      const highest = Math.max(target.min, ...target.actions.map(({ min }) => min));
      const isImpossible = result.environments[0]!.findings.some(({ severity }) => severity === 'error');
      expect(highest <= target.max || isImpossible).toBe(true);
      expect(target.actions.every(({ releases: ids }) => ids.length > 0)).toBe(true);
      expect(Math.min(target.min, ...target.actions.map(({ min }) => min))).toBeGreaterThanOrEqual(baseline);
      expect(instants.length).toBeLessThanOrEqual(actionBudget!);
      expect(at(target.coveredUntil)).toBeLessThanOrEqual(at(asOf) + 90 * 86_400);
      for (const [index, interval] of target.required.entries()) {
        expect(at(interval.from)).toBeLessThan(at(interval.to));
        expect(at(interval.from)).toBeGreaterThanOrEqual(at(target.required[index - 1]?.to ?? asOf));
        expect(interval.units).toBeGreaterThan(baseline);
        expect(interval.releases.length).toBeGreaterThan(0);
      }
      for (const window of target.windows) {
        expect(at(window.risingAt)).toBeLessThan(at(window.givingBackAt));
        expect(at(window.givingBackAt)).toBeLessThanOrEqual(at(window.endsAt));
        // Whole windows only: after each, the baseline is registered again.
        if (at(window.endsAt) > at(target.coveredUntil)) continue;
        expect(floorAt(target, window.endsAt)).toBe(at(window.endsAt) < deployEnd ? floorAt(target, asOf) : baseline);
      }
    }),
    { numRuns: RUNS / 4 },
  );
});

test('a deploy at any instant continues the floors of the deploy before it', () => {
  fc.assert(
    fc.property(situations, fc.integer({ min: 60, max: 86_400 }), ([releases, environment, asOf], later) => {
      const laterAsOf = new Date((at(asOf) + later) * 1000).toISOString().replace('.000', '');
      const before = targetOf(plan(releases, asOf, environment));
      const after = targetOf(plan(releases, laterAsOf, environment));
      const from = Math.max(at(laterAsOf) + environment.deployWindowSeconds + 60, at(asOf) + 3660);
      const until = Math.min(at(before.coveredUntil), at(after.coveredUntil));
      for (const action of [...before.actions, ...after.actions]) {
        if (at(action.at) < from || at(action.at) >= until) continue;
        expect([action.at, floorAt(after, action.at)]).toEqual([action.at, floorAt(before, action.at)]);
      }
    }),
    { numRuns: RUNS / 4 },
  );
});

test('the order of entries changes nothing', () => {
  fc.assert(
    fc.property(
      situations.chain(([releases, environment, asOf]) =>
        fc.tuple(
          fc.constant({ releases, environment, asOf }),
          fc.shuffledSubarray(releases, { minLength: releases.length, maxLength: releases.length }),
        ),
      ),
      ([{ releases, environment, asOf }, shuffled]) => {
        expect(plan(shuffled, asOf, environment)).toEqual(plan(releases, asOf, environment));
      },
    ),
    { numRuns: RUNS / 10 },
  );
});

test('a cancelled release plans nothing', () => {
  fc.assert(
    fc.property(situations, ([releases, environment, asOf]) => {
      const withoutCancelled = releases.filter(({ status }) => status !== 'cancelled');
      expect(plan(withoutCancelled, asOf, environment)).toEqual(plan(releases, asOf, environment));
    }),
    { numRuns: RUNS / 10 },
  );
});

test('the difference of two plans turns one into the other, and is empty only for equal ones', () => {
  fc.assert(
    fc.property(situations, situations, ([releases, environment, asOf], [others, , otherAsOf]) => {
      const renamed = { ...environment, name: 'staging' };
      const a = plan(releases, asOf, [environment, renamed]);
      const b = plan([...releases.slice(1), ...others.map((r) => ({ ...r, id: `other-${r.id}` }))], otherAsOf, [
        { ...renamed, region: 'eu-west-1' },
        environment,
      ]);
      expect(isEmptyDifference(diffPlans(a, structuredClone(a)))).toBe(true);
      expect(isEmptyDifference(diffPlans(a, b))).toBe(JSON.stringify(a) === JSON.stringify(b));
      expect(applyDifference(a, diffPlans(a, b))).toEqual(b);
      expect(applyDifference(b, diffPlans(b, a))).toEqual(a);
    }),
    { numRuns: RUNS / 10 },
  );
});
