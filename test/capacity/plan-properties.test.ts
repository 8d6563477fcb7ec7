import fc from 'fast-check';
import type { Release } from '../../lib/calendar/release';
import { audienceCurve } from '../../lib/capacity/demand';
import { applyDifference, diffPlans, isEmptyDifference } from '../../lib/capacity/difference';
import type { DemandModel, Environment } from '../../lib/capacity/environment';
import { floorAt } from '../../lib/capacity/floor-at';
import { quantileFactor } from '../../lib/capacity/forecast';
import { toIso } from '../../lib/capacity/instants';
import { DemandForecaster } from '../../lib/capacity/release-demand';
import { environments, EPOCH, oneRelease, situations } from './arbitraries';
import { at, calendar, plan, release, targetOf } from './fixtures';
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

test('so at the edges of actions and windows, for any horizon', () => {
  fc.assert(
    fc.property(
      situations,
      fc.nat(),
      fc.constantFrom(-1, 0, 1),
      fc.constantFrom(600, 7200, 86_400, 90 * 86_400),
      (...given) => {
        const [[releases, environment, asOf], pick, seconds, horizon] = given;
        const { actions, windows } = targetOf(plan(releases, asOf, environment));
        const edges = [...actions.map((a) => a.at), ...windows.flatMap((w) => [w.risingAt, w.givingBackAt, w.endsAt])];
        const edge = edges.length > 0 ? at(edges[pick % edges.length]!) : at(asOf);
        for (const shift of [0, environment.deployWindowSeconds]) {
          const edgeAsOf = toIso(edge - shift + seconds);
          const target = targetOf(plan(releases, edgeAsOf, environment, horizon));
          expect(findShortage(target, edgeAsOf)).toBeUndefined();
          expect(target.min).toBe(targetOf(plan(releases, edgeAsOf, environment)).min);
        }
      },
    ),
    { numRuns: Math.ceil(RUNS / 20) },
  );
});

test('required is what the model asks for, at any instant', () => {
  fc.assert(
    fc.property(situations, fc.integer({ min: 0, max: 20_000 }), ([releases, environment, asOf], seed) => {
      const target = targetOf(plan(releases, asOf, environment));
      const requiredAt = (instant: number): number =>
        target.required.find(({ from, to }) => at(from) <= instant && instant < at(to))?.units ?? target.baseline;
      const { model, quantile } = new DemandForecaster(
        calendar(...releases),
        environment,
        'playback',
        environment.layers.playback!,
      );
      const coming = releases.filter(({ status }) => status !== 'cancelled');
      for (const { premiereAt, kind, warmUpSeconds } of coming) {
        const instant = premiereAt - (warmUpSeconds ?? model.kinds[kind].warmUpMinutes * 60) + (seed % (40 * 3600));
        if (instant < at(asOf) || instant >= at(target.coveredUntil)) continue;
        const expected = unitsAt(instant, coming, environment, model, quantile);
        expect(requiredAt(instant)).toBeGreaterThanOrEqual(expected.least);
        // Cells of five minutes take the highest of what is in them, and of a window what its end allows.
        expect(requiredAt(instant)).toBeLessThanOrEqual(expected.most);
      }
    }),
    { numRuns: Math.ceil(RUNS / 8) },
  );
});

/**
 * What the model asks for at an instant, and the most that cells of five minutes can make of it: held demand at the
 * quantile, else the median, added up; stated floors and drills by maximum. Written from the model, not from the planner.
 */
function unitsAt(
  instant: number,
  releases: readonly Release[],
  environment: Required<Environment>,
  model: DemandModel,
  quantile: number,
): { least: number; most: number } {
  const profile = environment.layers.playback!;
  const zones = environment.zoneIds.length;
  const size = (requests: number): number => {
    const load = requests + profile.baselineRequestsPerSecond;
    const perTask = Math.max(1 / 0.6, zones / (zones - 1) / 0.85) / profile.requestsPerSecondPerUnit;
    return Math.max(profile.baseline, Math.ceil(load * perTask * (1 - 1e-9)));
  };
  const night = (when: number, slack: number): { sum: number; held: boolean; stated: number } => {
    let sum = 0;
    let stated = 0;
    let held = false;
    for (const release of releases) {
      const kind = model.kinds[release.kind];
      const length = release.lengthSeconds ?? kind.lengthMinutes * 60;
      const hold = release.holdSeconds ?? model.holdMinutes * 60;
      const warmUp = release.warmUpSeconds ?? kind.warmUpMinutes * 60;
      for (const [index, appearsAt] of [release.premiereAt, ...release.previouslyAt].entries()) {
        const share = index === 0 ? 1 : model.previouslyShare;
        const x = when - appearsAt;
        const units = Math.max(1, Math.ceil((release.floors.playback ?? 0) * environment.demandFactor - 1e-6));
        if (release.floors.playback && x >= -warmUp - slack && x < length + hold + slack) {
          stated = Math.max(stated, Math.ceil(share * units - 1e-6));
        }
        if (!release.audience) continue;
        const curve = audienceCurve(release.kind, length, model);
        const sigma = release.audience.uncertainty ?? model.sigmaUnobserved;
        const peak = share * release.audience.peakViewers * environment.demandFactor;
        const isHeld = x >= -warmUp - slack && x < curve.requestsPeakSeconds + hold + slack;
        held ||= isHeld;
        const samples = curve.requests.slice(
          Math.max(0, Math.floor((x - slack - curve.startSeconds) / curve.stepSeconds)),
          Math.max(0, Math.ceil((x + slack - curve.startSeconds) / curve.stepSeconds) + 1),
        );
        const median = x < -warmUp - slack ? 0 : samples.reduce((most, value) => Math.max(most, value), 0);
        sum += peak * (isHeld ? Math.max(curve.requestsPeak * quantileFactor(quantile, sigma), median) : median);
      }
    }
    return { sum, held, stated };
  };
  const now = night(instant, 0);
  const around = night(instant, 300);
  const ends = profile.baseline * model.windowEndsAtBaselineTimes;
  // Interpolated samples on both sides can be a hair above the curve itself.
  const needed = size(now.sum * 0.98);
  const least = Math.max(now.stated, now.held || needed > ends ? needed : profile.baseline);
  const drills = releases.some(({ premiereAt, drillSeconds }) => {
    const x = drillSeconds === null ? Infinity : instant - (premiereAt - drillSeconds);
    return x > -300 && x < model.drillMinutes * 60 + 300;
  });
  return { least, most: drills ? Infinity : Math.max(around.stated, size(around.sum * 1.001)) };
}

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
    { numRuns: Math.ceil(RUNS / 80) },
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
      const isCut = result.environments[0]!.findings.some(({ code }) => code === 'capacity/cut');
      for (const window of target.windows) {
        expect(at(window.risingAt)).toBeLessThan(at(window.givingBackAt));
        expect(at(window.givingBackAt)).toBeLessThanOrEqual(at(window.endsAt));
        // Whole windows only: after each, the baseline is registered again.
        if (isCut && window === target.windows.at(-1)) continue;
        expect(floorAt(target, window.endsAt)).toBe(at(window.endsAt) < deployEnd ? floorAt(target, asOf) : baseline);
      }
    }),
    { numRuns: Math.ceil(RUNS / 8) },
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
    { numRuns: Math.ceil(RUNS / 8) },
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
    { numRuns: Math.ceil(RUNS / 20) },
  );
});

test('a cancelled release plans nothing', () => {
  fc.assert(
    fc.property(situations, ([releases, environment, asOf]) => {
      const withoutCancelled = releases.filter(({ status }) => status !== 'cancelled');
      expect(plan(withoutCancelled, asOf, environment)).toEqual(plan(releases, asOf, environment));
    }),
    { numRuns: Math.ceil(RUNS / 20) },
  );
});

test('the difference of two plans turns one into the other, and is empty only for equal ones', () => {
  fc.assert(
    fc.property(situations, situations, ([releases, environment, asOf], [others, , otherAsOf]) => {
      const renamed = {
        ...environment,
        name: 'staging',
        layers: { ...environment.layers, 'sign-in': environment.layers.playback! },
      };
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
    { numRuns: Math.ceil(RUNS / 20) },
  );
});
