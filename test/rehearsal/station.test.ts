import { randomStream } from '../../lib/rehearsal/random';
import { Station } from '../../lib/rehearsal/station';
import { stationSettings } from './fixtures';

/** Probability that a customer of an M/M/c station waits, from Erlang's recursion for lost calls. */
function erlangC(servers: number, load: number): number {
  let blocked = 1;
  for (let server = 1; server <= servers; server += 1) blocked = (load * blocked) / (server + load * blocked);
  return blocked / (1 - (load / servers) * (1 - blocked));
}

/** A Poisson number, by the product of uniform ones: for small means. */
function poisson(mean: number, next: () => number): number {
  let product = next();
  // e^−m is at least 1 − m, and most steps see nobody.
  if (product <= 1 - mean) return 0;
  const least = Math.exp(-mean);
  let count = 0;
  for (; product > least; product *= next()) count += 1;
  return count;
}

interface Estimate {
  readonly mean: number;
  /** Of batch means. */
  readonly standardError: number;
}

const BATCHES = 40;
const SERVICES_PER_STEP = 0.02;

/** Plays single customers of mean service time 1 s; what is estimated is taken over time, without a warm-up of 200 s. */
function playMarkov(
  servers: number,
  utilisation: number,
  seconds: number,
): Record<'present' | 'waits' | 'sojourn', Estimate> {
  const { next } = randomStream(7);
  const stepSeconds = SERVICES_PER_STEP;
  const station = new Station(stationSettings({ stepSeconds, timeoutSeconds: 300 }));
  const step = (): { before: number; after: number } => {
    const arrivals = poisson(servers * utilisation * stepSeconds, next);
    const before = Math.round(station.inSystem) + arrivals;
    const ended = before === 0 ? 0 : poisson(station.capacity(servers, 1, arrivals), next);
    station.advance(arrivals, ended, 0);
    return { before, after: Math.round(station.inSystem) };
  };
  for (let warmUp = 0; warmUp < 200 / stepSeconds; warmUp += 1) step();
  const batches = Array.from({ length: BATCHES }, () => {
    const steps = Math.round(seconds / BATCHES / stepSeconds);
    const { answered, waitedSeconds } = station;
    let present = 0;
    let waiting = 0;
    // What is present falls within a step from `before` to `after`: its mean over time lies between them.
    for (let count = 0; count < steps; count += 1) {
      const { before, after } = step();
      present += (before + after) / 2;
      waiting += (Number(before >= servers) + Number(after >= servers)) / 2;
    }
    return {
      present: present / steps,
      waits: waiting / steps,
      // Ages are counted in whole steps: on average a customer stays half of one longer.
      sojourn: (station.waitedSeconds - waitedSeconds) / (station.answered - answered) + stepSeconds / 2,
    };
  });
  expect(station.failed).toBe(0);
  const estimate = (key: 'present' | 'waits' | 'sojourn'): Estimate => {
    const mean = batches.reduce((sum, batch) => sum + batch[key], 0) / BATCHES;
    const variance = batches.reduce((sum, batch) => sum + (batch[key] - mean) ** 2, 0) / (BATCHES - 1);
    return { mean, standardError: Math.sqrt(variance / BATCHES) };
  };
  return { present: estimate('present'), waits: estimate('waits'), sojourn: estimate('sojourn') };
}

describe('Erlang C, against which the station is held', () => {
  test.each([
    // A single server is busy for its utilisation.
    { servers: 1, load: 0.8, published: 0.8, digits: 12 },
    { servers: 2, load: 1, published: 1 / 3, digits: 12 },
    // The clinic of Gross and Harris, Fundamentals of Queueing Theory: 6 an hour, 20 minutes each, 3 doctors: 8/9 wait on average.
    { servers: 3, load: 2, published: 4 / 9, digits: 12 },
    // The worked example of call centres: 360 calls of 4 minutes in half an hour, 55 agents.
    { servers: 55, load: 48, published: 0.239, digits: 3 },
  ])('is $published for $servers servers and $load erlangs, as published', ({ servers, load, published, digits }) => {
    expect(erlangC(servers, load)).toBeCloseTo(published, digits);
  });
});

describe('a station of steps far shorter than a request', () => {
  test.each([
    { servers: 1, utilisation: 0.5, seconds: 10_000 },
    { servers: 1, utilisation: 0.7, seconds: 24_000 },
    { servers: 2, utilisation: 0.8, seconds: 24_000 },
    { servers: 10, utilisation: 0.8, seconds: 6000 },
    { servers: 50, utilisation: 0.9, seconds: 6000 },
  ])(
    'with $servers servers at $utilisation is an M/M/c station: who is in it, who waits, how long, and Little’s law',
    ({ servers, utilisation, seconds }) => {
      const rate = servers * utilisation;
      const waits = erlangC(servers, rate);
      const present = rate + (waits * utilisation) / (1 - utilisation);
      const found = playMarkov(servers, utilisation, seconds);
      // Four standard errors, and the length of a step for what steps leave out.
      const expectNear = ({ mean, standardError }: Estimate, value: number): void => {
        expect(standardError).toBeLessThan(0.05 * value);
        expect(Math.abs(mean - value)).toBeLessThan(4 * standardError + SERVICES_PER_STEP * value);
      };
      expectNear(found.present, present);
      expectNear(found.waits, waits);
      expectNear(found.sojourn, present / rate);
      expect(found.present.mean / (rate * found.sojourn.mean)).toBeCloseTo(1, 1);
    },
  );
});

describe('a station of many requests in a step', () => {
  test('keeps Little’s law to the last digits over rushes that all are answered', () => {
    const station = new Station(stationSettings({ timeoutSeconds: 60 }));
    let present = 0;
    for (let second = 0; second < 600; second += 1) {
      station.advance(second < 500 && second % 100 < 20 ? 220 : 40, 100, 0);
      present += station.inSystem;
    }
    // 120 more come than go in each of 20 s, then 60 more go than come: 40 s until all are gone. Five triangles of 60 s · 2,400 / 2.
    expect(station.failed).toBe(0);
    expect(station.inSystem).toBe(0);
    expect(station.waitedSeconds).toBeCloseTo(present, 6);
    expect(present).toBeCloseTo((5 * 60 * 2400) / 2, 6);
  });

  test('answers each request in the step in which it came while there is capacity', () => {
    const station = new Station(stationSettings());
    station.advance(100, 100, 0);
    expect(station).toMatchObject({ answered: 100, waitedSeconds: 0, inSystem: 0 });
  });

  test('an idle worker ends nothing', () => {
    const station = new Station(stationSettings());
    expect(station.capacity(50, 2, 3)).toBe(6);
    expect(station.capacity(50, 2, 300)).toBe(100);
  });

  test('falls behind by what it lacks, and the first clients hang up when the closed form says so', () => {
    // 150 come and 100 go each second, so who is served at second s came at 2/3 · s. The requests of second a are served from 1.5 · a to
    // 1.5 · (a + 1), and their clients leave at a + 10: the first who are late are the last of second 18, of whom 50 wait still at 28.
    const station = new Station(stationSettings());
    for (let second = 0; second < 28; second += 1) {
      station.advance(150, 100, 0);
      expect(station.inSystem).toBeCloseTo(50 * (second + 1), 9);
      expect(station.failed).toBeCloseTo(0, 9);
    }
    station.advance(150, 100, 0);
    expect(station.failed).toBeCloseTo(50, 9);
  });

  test('that does not shed load goes on to work for clients who have left; one that does drops their requests', () => {
    const answeredAfterALull = (shedsLoad: boolean): number => {
      // Admits a long queue, so that shedding differs by nothing but what it does with those who left.
      const station = new Station(stationSettings({ shedsLoad, shedAboveSeconds: 1e6 }));
      station.advance(1000, 0, 0);
      for (let second = 1; second < 10; second += 1) station.advance(0, 0.5, 0);
      station.advance(50, 50, 0);
      return station.answeredNow;
    };
    expect(answeredAfterALull(true)).toBe(50);
    expect(answeredAfterALull(false)).toBe(0);
  });

  test('the load balancer drops what nobody has answered within its idle time-out', () => {
    const station = new Station(stationSettings());
    for (let second = 0; second < 3600; second += 1) station.advance(1000, 100, 0);
    // Ten seconds of clients who wait, and sixty seconds of work for those who left.
    expect(station.inSystem).toBeCloseTo(10 * 1000 + 60 * 100, 6);
  });

  test('requests to units that are no more fail at once, and are tried again', () => {
    const station = new Station(stationSettings({ retries: { count: 1, persistence: 0.5 } }));
    station.advance(90, 1000, 1 / 3);
    expect(station.answeredNow).toBeCloseTo(60, 9);
    expect(station.failedNow).toBeCloseTo(15, 9);
    expect(station.inFlight).toBeCloseTo(15, 9);
  });
});

describe('retries', () => {
  test.each([
    { count: 3, persistence: 0.8, times: 2.952 },
    { count: 3, persistence: 1, times: 4 },
    { count: 3, persistence: 0, times: 1 },
    { count: 0, persistence: 0.8, times: 1 },
    { count: 1, persistence: 0.5, times: 1.5 },
  ])(
    'of $count at most and $persistence of the failed make $times tries of a request',
    ({ count, persistence, times }) => {
      for (const shedsLoad of [true, false]) {
        const station = new Station(stationSettings({ retries: { count, persistence }, shedsLoad }));
        for (let second = 0; second < 200; second += 1) station.advance(second < 60 ? 100 : 0, 0, 0);
        expect(station.tries / station.arrived).toBeCloseTo(times, 9);
        expect(station.failed).toBeCloseTo(6000, 6);
        expect(station.inFlight).toBeCloseTo(0, 6);
      }
    },
  );

  test('come spread over a pause that doubles', () => {
    const station = new Station(stationSettings({ retries: { count: 2, persistence: 1 }, shedsLoad: true }));
    const tries = Array.from({ length: 20 }, (_, second) => {
      station.advance(second === 0 ? 50 : 0, 0, 0);
      return station.triesNow;
    });
    // Ten in each of five seconds; of each ten one in each of the ten seconds after it.
    const expected = [50, 10, 11, 12, 13, 14, 5, 5, 5, 5, 5, 5, 4, 3, 2, 1, 0, 0, 0, 0];
    tries.forEach((amount, second) => expect(amount).toBeCloseTo(expected[second]!, 9));
  });

  /** Answered share of the users' requests in the last ten of 90 minutes; for one of them, an hour ago, three times the capacity came. */
  function answeredLongAfter(usersPerSecond: number, shedsLoad: boolean, rush = 300): number {
    const station = new Station(stationSettings({ retries: { count: 3, persistence: 0.8 }, shedsLoad }));
    let answered = 0;
    for (let second = 0; second < 5400; second += 1) {
      station.advance(second >= 1740 && second < 1800 ? rush : usersPerSecond, 100, 0);
      if (second >= 4800) answered += station.answeredNow;
    }
    return answered / (600 * usersPerSecond);
  }

  test('keep an overload alive long after the rush: 60 users a second are 177 tries when all fail', () => {
    expect(answeredLongAfter(60, false)).toBe(0);
    expect(answeredLongAfter(60, false, 60)).toBeCloseTo(1, 9);
  });

  test('let an overload end when all of them are within the capacity: 30 users a second are 89 tries', () => {
    expect(answeredLongAfter(30, false)).toBeCloseTo(1, 9);
  });

  test('are borne by a service that sheds load: it answers what it can in the rush, and all after it', () => {
    expect(answeredLongAfter(60, true)).toBeCloseTo(1, 9);
    const station = new Station(stationSettings({ retries: { count: 3, persistence: 0.8 }, shedsLoad: true }));
    for (let second = 0; second < 300; second += 1) {
      station.advance(300, 100, 0);
      expect(station.answeredNow).toBeCloseTo(100, 9);
      expect(station.inSystem).toBeLessThanOrEqual(100 + 1e-6);
    }
  });
});

test('a client that hangs up within a step cannot be told from one that waits', () => {
  expect(() => new Station(stationSettings({ stepSeconds: 5, timeoutSeconds: 4 }))).toThrow(
    'timeoutSeconds must be at least one step of 5 s, got 4',
  );
});
