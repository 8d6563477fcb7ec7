import type { Release } from '../../lib/calendar/release';
import type { Environment } from '../../lib/capacity/environment';
import { fromIso, toIso } from '../../lib/capacity/instants';
import type { NightRecord, RecordedTarget } from '../../lib/capacity/night-record';
import { lastNight, planNight } from '../../lib/capacity/planned-night';
import { type NightReview, type ReviewInput, reviewNight } from '../../lib/capacity/review-night';
import { AS_FORECAST } from '../../lib/rehearsal/draws';
import { at, calendar, environment, playback, release } from './fixtures';
import { simulateNight } from './simulated-night';

const PREMIERE = at('2026-11-08T20:00:00Z');
const FINALE = release({
  id: 'finale',
  premiereAt: PREMIERE,
  audience: { peakViewers: 3_000_000, low: 2_000_000, high: 4_500_000 },
});

interface Given extends Partial<Pick<ReviewInput, 'viewers' | 'outageMinutes' | 'source'>> {
  /** The first is reviewed. */
  readonly releases?: readonly Release[];
  readonly environment?: Environment;
  readonly record: NightRecord;
}

function review({
  releases = [FINALE],
  environment: given = environment(),
  ...rest
}: Given): ReturnType<typeof reviewNight> {
  const input = { calendar: calendar(...releases), environment: given, toolVersion: 'test' };
  return reviewNight({ ...input, release: releases[0]!, night: planNight(input, releases[0]!)!, ...rest });
}

/** @throws when nothing is proposed */
function reviewed(given: Given): NightReview {
  const found = review(given);
  if ('code' in found) throw new Error(found.message);
  return found;
}

function simulated(factor: number, releases: readonly Release[] = [FINALE], given = environment()): NightRecord {
  return simulateNight(calendar(...releases), given, 'finale', factor).record;
}

/** The record with changes of its only target; `change` gets minutes since the premiere. */
function changing(
  record: NightRecord,
  name: keyof RecordedTarget['series'],
  change: (minute: number, value: number) => number | null,
): NightRecord {
  const [target] = record.targets;
  const first = (fromIso(record.from) - PREMIERE) / 60;
  const values = target!.series[name]!.map((value, minute) => change(first + minute, value ?? 0));
  return { ...record, targets: [{ ...target!, series: { ...target!.series, [name]: values } }] };
}

describe('the audience of a night', () => {
  test.each([0.5, 0.8, 1, 1.25, 1.6])('of %s times the forecast is found to 1 %', (factor) => {
    const { viewers, outage } = reviewed({ record: simulated(factor) });
    const off = viewers!.peakViewers / (3_000_000 * factor);
    expect(off).toBeGreaterThan(0.99);
    expect(off).toBeLessThan(1.01);
    expect(viewers!.fit!.residual).toBeLessThan(0.01);
    expect(outage.minutes).toBe(0);
  });

  test('is judged by the forecast: error, quantile, and whether it was in the range', () => {
    const { forecast, viewers } = reviewed({ record: simulated(1), viewers: 4_500_000 });
    // ln(4.5/2)/2.563 = 0.3164
    expect(forecast).toMatchObject({ peakViewers: 3_000_000, low: 2_000_000, high: 4_500_000, sigma: 0.3164 });
    // ln 1.5 = 0.4055, and 0.4055/0.3164 = 1.2816 deviations are the 0.9 quantile.
    expect(viewers).toEqual({
      peakViewers: 4_500_000,
      from: 'viewers',
      error: 0.4055,
      relativeError: 0.5,
      quantile: expect.closeTo(0.9, 4) as number,
      inRange: true,
    });
    expect(reviewed({ record: simulated(1), viewers: 1_999_999 }).viewers).toMatchObject({
      error: -0.4055,
      quantile: expect.closeTo(0.1, 3) as number,
      inRange: false,
    });
    // One end at the median is a range without a width.
    const sure = release({ ...FINALE, audience: { peakViewers: 3_000_000, low: 3_000_000 } });
    const judge = (viewers: number) => reviewed({ releases: [sure], record: simulated(1), viewers }).viewers!.quantile;
    expect([judge(2_999_999), judge(3_000_000), judge(3_000_001)]).toEqual([0, 0.5, 1]);
  });

  test('that came in another shape is found less well, and the note says how the highest minute reads', () => {
    const slow = { ...AS_FORECAST, rise: 0.95, start: 0.99 };
    const { record } = simulateNight(calendar(FINALE), environment(), 'finale', 1, slow);
    const { viewers, notes, requests } = reviewed({ record });
    const off = viewers!.peakViewers / 3_000_000;
    expect(off).toBeGreaterThan(0.75);
    expect(off).toBeLessThan(1.35);
    expect(viewers!.fit!.residual).toBeGreaterThan(0.15);
    expect(notes[0]).toMatch(
      /^the night had another shape than the model, .* % off: .* viewers fit all of it, its highest minute alone would be .*; say which with --viewers/,
    );
    expect(Date.parse(requests!.observedAt)).toBeGreaterThan(Date.parse(requests!.modelledAt));
  });

  test('that lost its peak to an outage is read from what is left, and the note says how far that carries', () => {
    const record = simulated(1.6);
    const requests = record.targets[0]!.series.requests!;
    const first = (fromIso(record.from) - PREMIERE) / 60;
    const lost = changing(record, 'failures', (minute) => (minute >= 0 && minute < 40 ? requests[minute - first]! : 0));
    const { viewers, notes, outage } = reviewed({ record: lost });
    expect(outage.minutes).toBe(40);
    expect(viewers!.peakViewers).toBe(4_800_000);
    expect(viewers!.fit!.highestShare).toBeLessThan(2 / 3);
    expect(notes).toEqual([
      expect.stringMatching(/^minutes with failures, and two after each, are left out/) as string,
      expect.stringMatching(/^no minute above [\d.]+ % of the modelled peak is left: /) as string,
    ]);
  });

  test('of an evening below the ordinary day reads too small: the note says by how much, from before anybody came', () => {
    const quiet = changing(simulated(1), 'requests', (_, value) => value - 60 * 5000);
    const { viewers, notes } = reviewed({ record: quiet });
    expect(viewers!.peakViewers).toBeLessThan(2_850_000);
    const { beforehand } = viewers!.fit!;
    // What the lobby of the last minutes before it brings is below a hundredth of the peak.
    expect(beforehand!.requestsPerSecond / -5000).toBeCloseTo(1, 1);
    expect(beforehand!.peakViewers / 3_000_000).toBeCloseTo(1, 2);
    expect(notes[0]).toMatch(
      /^before anybody came for it the requests were [45],\d{3}\/s below those of the ordinary day \(.*\): if they were all night, .* viewers fit; say which with --viewers$/,
    );
    const usual = reviewed({ record: simulated(1) });
    expect([usual.notes, usual.viewers!.fit!.beforehand!.peakViewers]).toEqual([[], 3_000_000]);
  });

  test('is that of the whole calendar, where the environment plans for a share of it', () => {
    const tenth = environment({ baseline: 12, baselineRequestsPerSecond: 6800, maximum: 160 }, { demandFactor: 0.1 });
    const { viewers, forecast, notes } = reviewed({ environment: tenth, record: simulated(1.2, [FINALE], tenth) });
    expect(notes).toEqual([
      'prod has 10 % of the demand: what is written, of the whole audience, is read from that alone',
    ]);
    expect(viewers!.peakViewers).toBe(3_600_000);
    expect(forecast!.peakViewers).toBe(3_000_000);
  });

  test('is read from all layers that answer requests', () => {
    const layers = environment(
      {},
      { layers: { playback: playback(), sign: playback({ demand: { requestsPerPlay: 3 } }) } },
    );
    const one = simulated(1.2, [FINALE], layers);
    // The same audience at another layer: what it asks there is in the model, to which the ordinary day is added.
    const other = environment({ demand: { requestsPerPlay: 3 } });
    const two = simulated(1.2, [FINALE], other);
    const sameSpan = { ...one.targets[0]!, id: 'us-east-1/sign', series: two.targets[0]!.series };
    expect(two.from).toBe(one.from);
    expect(two.to).toBe(one.to);
    const { viewers, targets } = reviewed({
      environment: layers,
      record: { ...one, targets: [one.targets[0]!, sameSpan] },
    });
    expect(viewers!.peakViewers).toBe(3_600_000);
    expect(targets.map(({ id }) => id)).toEqual(['us-east-1/playback', 'us-east-1/sign']);
    const half = reviewed({ environment: layers, record: one });
    expect(half.viewers!.peakViewers).toBe(3_600_000);
    expect(half.notes).toContain('the record holds nothing of us-east-1/sign: it is left out');
  });
});

describe('other releases of the same hours', () => {
  const beside = (peakViewers: number, fields: Partial<Release> = {}): Release =>
    release({
      id: 'beside',
      premiereAt: PREMIERE + 3600,
      kind: 'episode',
      audience: { peakViewers, uncertainty: 0.2 },
      ...fields,
    });

  test('are subtracted as forecast, or as observed where that was measured', () => {
    const releases = [FINALE, beside(800_000)];
    // The simulator multiplies both.
    const asForecast = reviewed({ releases, record: simulated(1, releases) });
    expect(asForecast.viewers!.peakViewers).toBe(3_000_000);
    expect(asForecast.viewers!.fit!.others).toEqual(['beside']);
    expect(asForecast.notes).toEqual([
      expect.stringMatching(/^[\d.]+ % of the demand is taken as that of beside, as observed or forecast$/),
    ]);
    const observed = { peakViewers: 1_200_000, assumed: false, source: 'test' };
    const measured = [FINALE, beside(800_000, { observed })];
    expect(reviewed({ releases: measured, record: simulated(1.5, releases) }).viewers!.peakViewers).toBe(4_500_000);
    // An assumption is no better than the forecast.
    const assumed = [FINALE, beside(800_000, { observed: { ...observed, assumed: true } })];
    expect(reviewed({ releases: assumed, record: simulated(1, releases) }).viewers!.peakViewers).toBe(3_000_000);
  });

  test('that are most of the demand leave nothing to read; viewers that were counted do', () => {
    const releases = [FINALE, beside(9_000_000)];
    const record = simulated(1, releases);
    expect(review({ releases, record })).toEqual({
      code: 'review/other-releases',
      message:
        'most of the demand in the hours of finale is that of beside: what is left of it would be their forecast error',
      mend: 'count viewers, and add --viewers N',
    });
    expect(reviewed({ releases, record, viewers: 3_300_000 }).proposal.peakViewers).toBe(3_300_000);
  });
});

describe('the source', () => {
  const record = simulated(1);
  const gap = changing(record, 'requests', (minute, value) => (minute === 90 ? null : value));

  test('says of each figure where it is from', () => {
    const sourceOf = (given: Partial<Parameters<typeof reviewNight>[0]>): string =>
      reviewed({ record, ...given }).proposal.source;
    expect(sourceOf({})).toMatch(/^requests at the load balancer, CloudWatch, 8 November 2026; fitted on \d+ minutes$/);
    expect(sourceOf({ outageMinutes: 7 })).toMatch(/ fitted on \d+ minutes; outage minutes as counted$/);
    expect(sourceOf({ viewers: 3_000_000 })).toBe('viewers as counted by the service, 8 November 2026');
    expect(sourceOf({ outageMinutes: 7, source: 'our own' })).toBe('our own');
  });

  test('of outage minutes that stay in the entry stays, too, and one note says so', () => {
    const known = { ...FINALE, observed: { assumed: true, outageMinutes: 1, source: 'press, 2026' } };
    const { proposal, notes } = reviewed({ releases: [known], record: gap });
    expect(proposal).toEqual({
      peakViewers: 3_000_000,
      source: expect.stringMatching(/ minutes; outage minutes: press, 2026$/) as string,
    });
    expect(notes.filter((note) => note.includes('outageMinutes'))).toEqual([
      expect.stringMatching(/outageMinutes: 1 of the entry stays; state it with --outage-minutes$/) as string,
    ]);
  });
});

describe('a release that states floors alone', () => {
  const stated = release({ id: 'finale', premiereAt: PREMIERE, kind: 'episode', floors: { playback: 300 } });
  const night = planNight({ calendar: calendar(stated), environment: environment(), toolVersion: 'test' }, stated)!;
  const count = (night.to - night.from) / 60;
  const constant = (value: number): number[] => Array.from({ length: count }, () => value);
  const record: NightRecord = {
    schemaVersion: 1,
    account: '123456789012',
    environment: 'prod',
    from: toIso(night.from),
    to: toIso(night.to),
    periodSeconds: 60,
    targets: [
      {
        id: 'us-east-1/playback',
        unit: 'task',
        series: { requests: constant(60 * 90_000), failures: constant(0), ready: constant(310) },
        activities: [],
      },
    ],
  };

  test('is compared, and gets the outage; viewers only as counted', () => {
    const { forecast, viewers, requests, proposal, targets } = reviewed({ releases: [stated], record });
    expect([forecast, viewers, requests]).toEqual([undefined, undefined, undefined]);
    expect(proposal).toEqual({
      outageMinutes: 0,
      source: 'failures at the load balancer, CloudWatch, 8 November 2026',
    });
    expect(targets[0]!.planned).toMatchObject({ units: 300, floor: 300 });
    expect(targets[0]!.observed).toMatchObject({ highest: 310, counted: 'ready', belowRequiredMinutes: 0 });
    expect(reviewed({ releases: [stated], record, viewers: 400_000 }).viewers).toEqual({
      peakViewers: 400_000,
      from: 'viewers',
    });
  });

  test('gets nothing where minutes are missing and nobody counted', () => {
    const gap = changing(record, 'requests', (minute, value) => (minute === 5 ? null : value));
    expect(review({ releases: [stated], record: gap })).toMatchObject({ code: 'review/nothing' });
    expect(reviewed({ releases: [stated], record: gap, outageMinutes: 1 }).proposal).toEqual({
      outageMinutes: 1,
      source: 'outage minutes as counted, 8 November 2026',
    });
  });
});

describe('outage minutes', () => {
  const record = simulated(1);

  test('are those with more than 1 % of failures, those without a single answer among them', () => {
    const failing = changing(record, 'failures', (minute) => {
      const requests = record.targets[0]!.series.requests![minute + (PREMIERE - fromIso(record.from)) / 60]!;
      return minute === 4 ? Math.ceil(requests * 0.011) : minute === 5 ? Math.floor(requests * 0.009) : 0;
    });
    expect(reviewed({ record: failing }).outage).toEqual({
      minutes: 1,
      seen: 1,
      firstAt: '2026-11-08T20:04:00Z',
      missing: [],
      missingMinutes: 0,
    });
    // Turned away for want of a target: counted as failures, and not as requests.
    const away = changing(
      changing(record, 'requests', (minute, value) => (minute === 7 ? null : value)),
      'failures',
      (minute) => (minute === 7 ? 90_000 : 0),
    );
    expect(reviewed({ record: away }).outage).toMatchObject({ minutes: 1, missingMinutes: 0 });
  });

  test('are unknown while minutes are, which a record that is too short leaves, too', () => {
    const { outage, proposal } = reviewed({
      record: changing(record, 'requests', (minute, value) => (minute >= 40 && minute < 43 ? null : value)),
    });
    expect(outage).toMatchObject({
      seen: 0,
      missing: [{ from: '2026-11-08T20:40:00Z', to: '2026-11-08T20:43:00Z' }],
      missingMinutes: 3,
    });
    expect(proposal).not.toHaveProperty('outageMinutes');
    const late: NightRecord = {
      ...record,
      from: toIso(fromIso(record.from) + 600),
      targets: record.targets.map((target) => ({
        ...target,
        series: Object.fromEntries(
          Object.entries(target.series).map(([name, values]) => [name, (values as number[]).slice(10)]),
        ),
      })),
    };
    expect(reviewed({ record: late })).toMatchObject({
      outage: { missingMinutes: 10 },
      viewers: { peakViewers: 3_000_000 },
    });
  });
});

describe('units', () => {
  const record = simulated(1);
  const floor = Math.max(...record.targets[0]!.series.floor!.map(Number));
  const observed = (changed: NightRecord) => reviewed({ record: changed }).targets[0]!.observed;

  test('below the floor and below what was required are counted, not while they start', () => {
    expect(observed(record)).toMatchObject({ belowFloorMinutes: 0, belowRequiredMinutes: 0, lowFloorMinutes: 0 });
    // Five minutes with a tenth of the units gone, while the peak is held.
    const lost = changing(record, 'ready', (minute, value) => (minute >= 0 && minute < 5 ? floor - 50 : value));
    expect(observed(lost)).toMatchObject({ belowFloorMinutes: 5, belowRequiredMinutes: 5 });
    const late = changing(record, 'floor', (minute, value) => (minute >= -60 && minute < -50 ? 120 : value));
    expect(observed(late).lowFloorMinutes).toBe(10);
  });

  test('that were added above the floor, unit-hours and activities are told', () => {
    const more = changing(record, 'running', (minute, value) => (minute === 12 ? floor + 77 : value));
    const [target] = more.targets;
    const activities = [
      { at: '2026-11-08T20:10:00Z', cause: 'monitor alarm x in state ALARM triggered policy y', toUnits: floor + 77 },
      { at: '2026-11-08T20:20:00Z', cause: 'scheduled action name floor-1 was triggered' },
      { at: '2026-11-09T20:20:00Z', cause: 'monitor alarm of the next day triggered policy y' },
    ];
    const found = observed({ ...more, targets: [{ ...target!, activities }] });
    expect(found).toMatchObject({
      aboveFloor: { units: 77, at: '2026-11-08T20:12:00Z' },
      highest: floor + 77,
      highestAt: '2026-11-08T20:12:00Z',
      counted: 'running',
      activities: 2,
      byPolicies: 1,
    });
    // Where desired units are published they are what was asked for; where nobody publishes them, those that ran.
    const desired = target!.series.running!.map(() => null);
    const unpublished = { ...more, targets: [{ ...target!, series: { ...target!.series, desired } }] };
    expect(observed(unpublished).aboveFloor).toEqual(found.aboveFloor);
    const whole = observed(record).unitHours;
    expect(found.unitHours - whole).toBeCloseTo(77 / 60, 0);
    // An hour that nobody knows is in neither of the two that are compared.
    const gap = changing(record, 'running', (minute, value) => (minute >= 0 && minute < 60 ? null : value));
    const { planned, observed: known } = reviewed({ record: gap }).targets[0]!;
    expect(reviewed({ record }).targets[0]!.planned.unitHours - planned.unitHours).toBeGreaterThan(120);
    expect(known.unitHours / planned.unitHours).toBeCloseTo(1, 1);
    expect(whole).toBeGreaterThan(120 * 4);
  });
});

describe('the plan that a night is compared with', () => {
  const input = (...releases: Release[]) => ({
    calendar: calendar(...releases),
    environment: environment(),
    toolVersion: 'test',
  });

  test('is that of before the night: what was observed of it, and later, has not been observed', () => {
    const observed = { peakViewers: 6_000_000, assumed: false, source: 'test' };
    const bare = release({ id: 'finale', premiereAt: PREMIERE, audience: { peakViewers: 3_000_000 } });
    const later = release({ id: 'later', premiereAt: PREMIERE + 30 * 86_400, observed });
    const earlier = release({ id: 'earlier', premiereAt: PREMIERE - 30 * 86_400, observed });
    const planned = (one: Release, ...others: Release[]) =>
      planNight(input(one, ...others), one)!.plan.releases.find(({ id }) => id === 'finale')!.audience!.sigma;
    // A finale that was measured before allows σ 0.35 in place of 0.7.
    expect(planned(bare)).toBe(0.7);
    expect(planned({ ...bare, observed }, later)).toBe(0.7);
    expect(planned(bare, earlier)).toBe(0.35);
  });

  test('covers the window and the hours around the release, also where no floor was raised', () => {
    const small = release({ id: 'small', premiereAt: PREMIERE, audience: { peakViewers: 1000, uncertainty: 0.1 } });
    const roomy = environment({ baselineRequestsPerSecond: 60_000 });
    const night = planNight({ ...input(small), environment: roomy }, small)!;
    expect([toIso(night.from), toIso(night.to)]).toEqual(['2026-11-08T19:00:00Z', '2026-11-09T00:00:00Z']);
    // A deploy window of 15 minutes, and one minute.
    expect(night.asOf).toBe('2026-11-08T18:44:00Z');
  });

  test('there is none of a release that the environment does not plan', () => {
    const cancelled = release({ id: 'gone', premiereAt: PREMIERE, status: 'cancelled' });
    expect(planNight(input(cancelled), cancelled)).toBeUndefined();
    expect(lastNight(input(cancelled), PREMIERE + 86_400 * 3)).toBeUndefined();
  });

  test('the last night is the one that ended last, not the one that began last', () => {
    const long = release({ id: 'long', premiereAt: PREMIERE, kind: 'live', lengthSeconds: 6 * 3600 });
    const short = release({
      id: 'short',
      premiereAt: PREMIERE + 3600,
      audience: { peakViewers: 1000, uncertainty: 0.1 },
    });
    expect(lastNight(input(long, short), PREMIERE + 86_400)!.release.id).toBe('long');
    expect(lastNight(input(long, short), PREMIERE + 3600)).toBeUndefined();
  });
});
