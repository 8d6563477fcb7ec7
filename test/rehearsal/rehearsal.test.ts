import { AS_FORECAST, type Surprise } from '../../lib/rehearsal/draws';
import { largestDemandAt } from '../../lib/rehearsal/night';
import { RunningRehearsal } from '../../lib/rehearsal/rehearsal';
import type { RehearsalSpec } from '../../lib/rehearsal/spec';
import { release } from '../capacity/fixtures';
import { FINALE, floors, rehearsed } from './fixtures';

const HOUR = 3600;
const DRAWS = 12;

/** Far smaller than the finale, and in the same evening. */
const EPISODE = release({
  id: 'episode',
  premiereAt: FINALE.premiereAt - 2 * HOUR,
  kind: 'episode',
  audience: { peakViewers: 1_000_000, uncertainty: 0.2 },
});

/** The baseline all day: target tracking bears an episode, and no finale. */
const NO_FLOORS = floors(120, 1600);

function rehearsalOf(id: string): RehearsalSpec {
  const asOf = '2026-12-31T00:00:00Z';
  return rehearsed([FINALE, EPISODE], { release: id, floors: NO_FLOORS }, asOf);
}

function played(spec: RehearsalSpec): RunningRehearsal {
  const running = new RunningRehearsal(spec, DRAWS, ['plan']);
  while (running.playNext());
  return running;
}

describe('an outage in hours in which two releases come', () => {
  test('is charged to the one with the largest demand when it begins, and to no other', () => {
    const ofFinale = played(rehearsalOf('finale'));
    const ofEpisode = played(rehearsalOf('episode'));
    for (const running of [ofFinale, ofEpisode]) {
      expect(running.spec.releases.map(({ id }) => id)).toEqual(['episode', 'finale']);
      const [plan] = running.report().policies;
      // What is reported of the policy is the whole night.
      expect(plan!.outage.happened).toBeGreaterThan(DRAWS / 2);
    }
    expect(ofFinale.outage()).toEqual(ofFinale.report().policies[0]!.outage);
    expect(ofEpisode.outage()).toMatchObject({ draws: DRAWS, happened: 0, estimate: 0 });
  });

  test('is charged to the smaller release where it begins before the large one comes', () => {
    // The baseline alone is borne, and nothing of the episode: not even its lobby.
    const { premiereAt } = EPISODE;
    const spec = rehearsalOf('episode');
    const broken = (id: string): RehearsalSpec => ({
      ...spec,
      release: id,
      floors: {
        min: 120,
        max: 120,
        actions: [
          { at: premiereAt - HOUR, min: 72, max: 72 },
          { at: premiereAt + HOUR, min: 1600, max: 1600 },
        ],
      },
    });
    expect(played(broken('episode')).outage().happened).toBe(DRAWS);
    expect(played(broken('finale')).outage().happened).toBe(0);
  });

  test('is charged to each of them where both fail, one after the other', () => {
    const small = { min: 60, max: 60, actions: [] };
    for (const id of ['episode', 'finale']) {
      expect(played({ ...rehearsalOf(id), floors: small }).outage().happened).toBe(DRAWS);
    }
  });

  test('is charged to a release that comes alone in any case', () => {
    const alone = played(rehearsed([FINALE], { floors: NO_FLOORS }));
    expect(alone.outage()).toEqual(alone.report().policies[0]!.outage);
    expect(alone.outage().happened).toBeGreaterThan(0);
  });
});

describe('the largest demand', () => {
  const spec = rehearsalOf('finale');
  const drawn = (surprises: readonly Partial<Surprise>[]): Parameters<typeof largestDemandAt>[1] => ({
    surprises: surprises.map((surprise) => ({ ...AS_FORECAST, ...surprise })),
    seed: 1,
  });

  test('is that of the release that comes at the instant, be it the smaller one', () => {
    const asForecast = drawn([{}, {}]);
    expect(largestDemandAt(spec, asForecast, EPISODE.premiereAt).id).toBe('episode');
    expect(largestDemandAt(spec, asForecast, FINALE.premiereAt).id).toBe('finale');
    // What was there before it does not count.
    const after = { ...EPISODE, premiereAt: FINALE.premiereAt + 10 * HOUR };
    expect(largestDemandAt(rehearsed([FINALE, after]), asForecast, after.premiereAt).id).toBe('episode');
  });

  test('is that of the night as it was drawn, not of the forecast', () => {
    const late = { ...EPISODE, premiereAt: FINALE.premiereAt, audience: { peakViewers: 8_000_000, uncertainty: 0.2 } };
    const same = rehearsed([FINALE, late]);
    expect(same.releases.map(({ id }) => id)).toEqual(['episode', 'finale']);
    const at = FINALE.premiereAt + 120;
    expect(largestDemandAt(same, drawn([{}, {}]), at).id).toBe('finale');
    expect(largestDemandAt(same, drawn([{ audience: 0.99 }, { audience: 0.01 }]), at).id).toBe('episode');
  });

  test('is that of the minute from the instant on', () => {
    // In the last minute before the drop the lobby waits; in the next one the plays are there.
    const asForecast = drawn([{}, {}]);
    const early = rehearsed([FINALE, { ...EPISODE, premiereAt: FINALE.premiereAt - 45 * 60 }]);
    const turnsAt = Array.from({ length: 60 }, (_, minute) => FINALE.premiereAt + 60 * (minute - 59));
    const largest = turnsAt.map((at) => largestDemandAt(early, asForecast, at).id);
    expect(largest[0]).toBe('episode');
    expect(largest.at(-1)).toBe('finale');
    // It turns once.
    expect(largest.filter((id, index) => index > 0 && id !== largest[index - 1])).toHaveLength(1);
  });
});

test('a rehearsal says what a lost zone does to the plan and to target tracking alone, unless it is lost in all nights', () => {
  const rehearsal = (fields: Partial<RehearsalSpec> = {}): ReturnType<RunningRehearsal['report']> => {
    const running = new RunningRehearsal({ ...rehearsed([FINALE]), ...fields }, 2);
    while (running.playNext());
    return running.report();
  };
  const { zoneLost, spec, exact } = rehearsal();
  expect(Object.keys(zoneLost!)).toEqual(['plan', 'target-tracking-60']);
  expect(zoneLost!.plan.outageAfterFailover).toMatchObject({ draws: 2, happened: 0 });
  expect(zoneLost!.plan.failoverMinutes.mean).toBeGreaterThanOrEqual(1);
  expect(exact.map(({ failoverMinutes }) => failoverMinutes)).toEqual(exact.map(() => 0));
  const always = rehearsal({ whatIf: { ...spec.whatIf, loseZone: true } });
  expect(always).not.toHaveProperty('zoneLost');
  const plan = always.exact.find(({ policy }) => policy === 'plan')!;
  expect(plan).toMatchObject({ failoverMinutes: 1, outageMinutes: 0 });
  expect(always.margins.plan.audienceFactor).toBeGreaterThan(0.5);
});
