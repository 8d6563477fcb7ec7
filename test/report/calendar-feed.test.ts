import fc from 'fast-check';
import ICAL from 'ical.js';
import type { Release } from '../../lib/calendar/release';
import type { Environment } from '../../lib/capacity/environment';
import { calendarFeed, type CalendarFeed, type FeedEvent, renderCalendarFeed } from '../../lib/report/calendar-feed';
import { situations } from '../capacity/arbitraries';
import { at, calendar, environment, plan, release } from '../capacity/fixtures';

const AS_OF = '2026-11-21T00:00:00Z';
const DAY = 86_400;

const finale = release({
  id: 'finale',
  title: 'The finale',
  premiereAt: at('2027-01-01T01:00:00Z'),
  premiereZone: 'America/Los_Angeles',
  drillSeconds: DAY,
});

/** Starts at 19:00 in New York, while the finale's window is open only when it is moved to New Year's Eve. */
const episode = release({
  id: 'episode',
  title: 'An episode',
  kind: 'episode',
  premiereAt: at('2026-12-29T00:00:00Z'),
  premiereZone: 'America/New_York',
  audience: { peakViewers: 2_000_000, uncertainty: 0.3 },
});

function feedOf(
  releases: readonly Release[],
  asOf = AS_OF,
  environments: readonly Environment[] = [environment()],
  horizonSeconds?: number,
): CalendarFeed {
  const sorted = calendar(...releases.toSorted((a, b) => a.premiereAt - b.premiereAt));
  return calendarFeed({ plan: plan(sorted, asOf, environments, horizonSeconds), calendar: sorted, environments });
}

function eventOf({ events }: CalendarFeed, uid: string): FeedEvent {
  const found = events.filter((event) => event.uid === `${uid}@prescale`);
  expect(found).toHaveLength(1);
  return found[0]!;
}

const uidsOf = ({ events }: CalendarFeed): string[] => events.map(({ uid }) => uid);

function secondsLater(instant: string, seconds: number): string {
  return new Date(Date.parse(instant) + 1000 * seconds).toISOString().replace('.000', '');
}

/** How often a property stands in a component: by RFC 5545 sections 3.6, 3.6.1 and 3.6.6, of those that a feed has. */
const ONCE = {
  vcalendar: ['prodid', 'version', 'method', 'name', 'x-wr-calname', 'refresh-interval', 'x-published-ttl'],
  vevent: [
    'uid',
    'dtstamp',
    'dtstart',
    'dtend',
    'sequence',
    'summary',
    'description',
    'status',
    'transp',
    'last-modified',
  ],
  valarm: ['action', 'trigger', 'description'],
};

function expectOnce(component: ICAL.Component): void {
  const names = component.getAllProperties().map(({ name }) => name);
  expect(names.toSorted()).toEqual(ONCE[component.name as keyof typeof ONCE].toSorted());
}

/** Parses a feed with a parser of others, and checks what that lets pass. */
function parseFeed(text: string): ICAL.Component[] {
  expect(text.endsWith('END:VCALENDAR\r\n')).toBe(true);
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\p{Cc}\p{Cs}]/u);
  for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
  // Alarms stand behind all properties of their event.
  expect(text).not.toMatch(/\r\nEND:VALARM\r\n(?!BEGIN:VALARM|END:VEVENT)/);
  const root = new ICAL.Component(ICAL.parse(text) as unknown[]);
  expect(root.name).toBe('vcalendar');
  expectOnce(root);
  expect(root.getFirstPropertyValue('version')).toBe('2.0');
  const events = root.getAllSubcomponents();
  for (const event of events) {
    expect(event.name).toBe('vevent');
    expectOnce(event);
    for (const name of ['dtstamp', 'dtstart', 'dtend', 'last-modified']) {
      expect((event.getFirstPropertyValue(name) as ICAL.Time).zone.tzid).toBe('UTC');
    }
    expect(endOf(event) > startOf(event)).toBe(true);
    const sequence = event.getFirstPropertyValue('sequence') as unknown as number;
    expect(Number.isInteger(sequence) && sequence >= 0 && sequence < 2 ** 31).toBe(true);
    expect(['CONFIRMED', 'TENTATIVE', 'CANCELLED']).toContain(event.getFirstPropertyValue('status'));
    expect(['OPAQUE', 'TRANSPARENT']).toContain(event.getFirstPropertyValue('transp'));
    for (const alarm of event.getAllSubcomponents()) {
      expect(alarm.name).toBe('valarm');
      expectOnce(alarm);
      expect(alarm.getFirstPropertyValue('action')).toBe('DISPLAY');
    }
  }
  const uids = events.map((event) => event.getFirstPropertyValue('uid'));
  expect(new Set(uids).size).toBe(uids.length);
  return events;
}

const instantOf = (event: ICAL.Component, name: string): string =>
  secondsLater((event.getFirstPropertyValue(name) as ICAL.Time).toJSDate().toISOString(), 0);
const startOf = (event: ICAL.Component): string => instantOf(event, 'dtstart');
const endOf = (event: ICAL.Component): string => instantOf(event, 'dtend');

describe('the events of a release', () => {
  test('are its window, its drill, and when the on-call decides', () => {
    const { events } = feedOf([finale]);
    expect(`\n${events.map(({ startAt, endAt, summary }) => `${startAt} ${endAt} ${summary}`).join('\n')}\n`)
      .toMatchInlineSnapshot(`
     "
     2026-12-31T00:55:00Z 2026-12-31T01:15:00Z Drill: The finale (prod)
     2026-12-31T01:15:00Z 2026-12-31T01:30:00Z Go or no-go, after the drill: The finale (prod)
     2026-12-31T23:55:00Z 2027-01-01T04:55:00Z Window: The finale (prod)
     2027-01-01T00:15:00Z 2027-01-01T00:30:00Z Last go or no-go, T−45 min: The finale (prod)
     "
    `);
  });

  test('say in words what the on-call needs', () => {
    const feed = feedOf([finale]);
    expect(`\n${feed.events.map(({ description }) => description).join('\n\n')}\n`).toMatchInlineSnapshot(`
     "
     The finale (finale), finale, confirmed
     Premiere: 2026-12-31 17:00 Los Angeles, 2027-01-01 01:00 UTC
     us-east-1/playback: 972 tasks ready from 2026-12-31 01:00 to 2026-12-31 01:15 UTC
     It runs by itself. What came of it, under "drill":
     prescale verify --env prod --release finale
     As of 2026-11-21 00:00 UTC

     The finale (finale), finale, confirmed
     Premiere: 2026-12-31 17:00 Los Angeles, 2027-01-01 01:00 UTC
     prescale verify --env prod --release finale
     Go: the drill passed, and verify is a go.
     No-go: mend what it names and drill again, until 2026-12-31 21:00 UTC; then tell whoever owns the release.
     Unknown is no go. docs/runbook.md, T−24 h
     As of 2026-11-21 00:00 UTC

     The finale (finale), finale, confirmed
     Premiere: 2026-12-31 17:00 Los Angeles, 2027-01-01 01:00 UTC
     us-east-1/playback: at most 972 tasks for it, baseline 120; rising from 2026-12-31 23:55, giving back from 2027-01-01 01:25, baseline at 2027-01-01 04:55 UTC
     Every step: prescale plan --env prod
     As of 2026-11-21 00:00 UTC

     The finale (finale), finale, confirmed
     Premiere: 2026-12-31 17:00 Los Angeles, 2027-01-01 01:00 UTC
     prescale verify --env prod --release finale --wait
     Go: the floor is up and healthy, and verify is a go. Touch nothing, and watch the dashboard.
     No-go: more capacity, or the premiere moves.
     Unknown is no go. docs/runbook.md, T−45 min
     As of 2026-11-21 00:00 UTC
     "
    `);
  });

  test('are none for a release that raises no floor', () => {
    const small = release({ id: 'small', premiereAt: finale.premiereAt, floors: { playback: 80 }, drillSeconds: DAY });
    expect(feedOf([small]).events).toEqual([]);
    expect(feedOf([{ ...small, floors: { playback: 200 } }]).events).toHaveLength(4);
  });

  test('have no drill where none is wanted', () => {
    expect(uidsOf(feedOf([{ ...finale, drillSeconds: null }]))).toEqual([
      'day-before.prod.finale@prescale',
      'window.prod.finale@prescale',
      'last-look.prod.finale@prescale',
    ]);
  });

  test('name what else is in the window, and what the plan warns of', () => {
    const early = { ...episode, premiereAt: at('2027-01-01T02:30:00Z'), status: 'tentative' as const };
    const window = eventOf(feedOf([finale, early], '2026-12-30T00:00:00Z'), 'window.prod.finale');
    expect(window.description).toContain('Overlaps: An episode (episode), premiere 2027-01-01 02:30 UTC');
    const tentative = eventOf(feedOf([finale, early], '2026-12-30T00:00:00Z'), 'window.prod.episode');
    expect(tentative.description).toMatch(/^warning: .*tentative.*; mend: /m);
    expect(tentative.description).toContain('Overlaps: The finale (finale), premiere 2027-01-01 01:00 UTC');
    expect(window.description).not.toContain('warning: episode');
  });

  test('have one window for the time that was announced before, too', () => {
    const moved = { ...finale, previouslyAt: [finale.premiereAt - 7 * DAY] };
    const feed = feedOf([moved]);
    const before = eventOf(feed, 'previously-20261225t0100z.prod.finale');
    expect(before.startAt < '2026-12-25T01:00:00Z' && before.endAt > '2026-12-25T01:00:00Z').toBe(true);
    expect(before.summary).toBe('Window of the time announced before, 2026-12-25 01:00 UTC: The finale (prod)');
    expect(feed.events).toHaveLength(5);
    const { startAt, endAt } = eventOf(feedOf([finale]), 'window.prod.finale');
    expect(eventOf(feed, 'window.prod.finale')).toMatchObject({ startAt, endAt });
    // In the window of the premiere it is no event of its own.
    expect(feedOf([{ ...finale, previouslyAt: [finale.premiereAt + 3600] }]).events).toHaveLength(4);
  });

  test('have one for a second wave that stands alone', () => {
    const small = { ...finale, drillSeconds: null, lengthSeconds: 2700, audience: { peakViewers: 19_320 } };
    const where = environment({ baseline: 1, baselineRequestsPerSecond: 200 });
    const [, window, , wave, ...others] = feedOf([small], AS_OF, [where]).events;
    expect(wave).toMatchObject({ uid: 'wave-0.prod.finale@prescale', startAt: '2027-01-01T01:35:00Z' });
    expect(wave!.summary).toBe('Window beside the premiere: The finale (prod)');
    expect(window!.kind).toBe('window');
    expect(window!.endAt < wave!.startAt).toBe(true);
    expect(others).toEqual([]);
  });

  test('have a drill of its own inside the window of another release', () => {
    // A day before the episode the finale's window is open.
    const next = { ...episode, premiereAt: finale.premiereAt + DAY + 1800, drillSeconds: DAY };
    expect(eventOf(feedOf([finale, next]), 'drill.prod.episode')).toMatchObject({
      startAt: '2027-01-01T01:30:00Z',
      endAt: '2027-01-01T01:45:00Z',
    });
    // One that raises no floor has no drill, whatever is open then.
    const small = { ...next, audience: undefined, floors: { playback: 80 } };
    expect(uidsOf(feedOf([finale, small]))).toEqual(uidsOf(feedOf([finale])));
  });

  test('span all targets of the environment', () => {
    const { playback } = environment().layers;
    const slow = { ...playback!, baseline: 60, unit: 'unit', leadTime: { unitsPerMinute: 20 } };
    const feed = feedOf([finale], AS_OF, [environment({}, { layers: { playback: playback!, sessions: slow } })]);
    const alone = eventOf(feedOf([finale]), 'window.prod.finale');
    const window = eventOf(feed, 'window.prod.finale');
    expect(window.startAt < alone.startAt).toBe(true);
    expect(window.description).toMatch(/^us-east-1\/playback: at most \d+ tasks for it, baseline 120/m);
    expect(window.description).toMatch(/^us-east-1\/sessions: at most \d+ units for it, baseline 60/m);
    expect(feed.events).toHaveLength(4);
  });
});

describe('the go or no-go', () => {
  const first = (fields: Partial<Release>): string =>
    eventOf(feedOf([{ ...finale, ...fields }]), 'day-before.prod.finale').startAt;
  const last = (fields: Partial<Release>): FeedEvent =>
    eventOf(feedOf([{ ...finale, ...fields }]), 'last-look.prod.finale');

  test('of the day before comes after the drill, or a day before', () => {
    expect(first({})).toBe('2026-12-31T01:15:00Z');
    expect(first({ drillSeconds: 6 * 3600 })).toBe('2026-12-31T19:15:00Z');
    expect(first({ drillSeconds: null })).toBe('2026-12-31T01:00:00Z');
    expect(first({ drillSeconds: 2 * DAY })).toBe('2026-12-31T01:00:00Z');
    // A drill that ends when the last one is due is nothing to wait for.
    expect(first({ drillSeconds: 1800 })).toBe('2026-12-31T01:00:00Z');
  });

  test('of the night comes when the floor is full, with time to act', () => {
    expect(last({}).startAt).toBe('2027-01-01T00:15:00Z');
    expect(last({ warmUpSeconds: 2 * DAY }).startAt).toBe('2027-01-01T00:15:00Z');
    expect(last({ warmUpSeconds: 1800 }).startAt).toBe('2027-01-01T00:30:00Z');
    expect(last({ warmUpSeconds: 1800 }).summary).toBe('Last go or no-go, T−30 min: The finale (prod)');
    expect(last({ warmUpSeconds: 0 }).startAt).toBe('2027-01-01T00:45:00Z');
    expect(last({ kind: 'episode' }).startAt).toBe('2027-01-01T00:30:00Z');
  });

  test('has an alarm, and makes busy; windows and drills do not', () => {
    const feed = feedOf([finale]);
    expect(feed.events.map(({ kind, busy, alarmAt }) => [kind, busy, alarmAt])).toEqual([
      ['drill', false, null],
      ['day-before', true, '2026-12-31T01:15:00Z'],
      ['window', false, null],
      ['last-look', true, '2027-01-01T00:00:00Z'],
    ]);
    const parsed = parseFeed(renderCalendarFeed(feed));
    expect(parsed.map((event) => event.getFirstPropertyValue('transp'))).toEqual([
      'TRANSPARENT',
      'OPAQUE',
      'TRANSPARENT',
      'OPAQUE',
    ]);
    const triggers = parsed.map((event) => event.getFirstSubcomponent('valarm')?.getFirstPropertyValue('trigger'));
    expect(triggers.map((trigger) => trigger && (trigger as ICAL.Duration).toSeconds())).toEqual([
      undefined,
      0,
      undefined,
      -900,
    ]);
  });
});

describe('an event stays itself', () => {
  /** Later, the same release at another time. */
  function expectMoved(before: readonly Release[], after: readonly Release[], seconds: number): void {
    const id = before[0]!.id;
    const texts = [renderCalendarFeed(feedOf(before)), renderCalendarFeed(feedOf(after, '2026-11-21T00:01:00Z'))];
    const [earlier, later] = texts.map((text) =>
      parseFeed(text).filter((event) => String(event.getFirstPropertyValue('uid')).endsWith(`.${id}@prescale`)),
    );
    const byUid = (events: ICAL.Component[]): Map<unknown, ICAL.Component> =>
      new Map(events.map((event) => [event.getFirstPropertyValue('uid'), event]));
    const old = byUid(earlier!);
    const moved = byUid(later!);
    expect(new Set(moved.keys())).toEqual(new Set(old.keys()));
    expect(old.size).toBeGreaterThanOrEqual(3);
    for (const [uid, event] of old) {
      const next = moved.get(uid)!;
      const [was, is] = [event, next].map((one) => Number(one.getFirstPropertyValue('sequence')));
      expect(is).toBeGreaterThan(was!);
      if (!String(uid).startsWith('window')) expect(startOf(next)).toBe(secondsLater(startOf(event), seconds));
      expect(startOf(next)).not.toBe(startOf(event));
    }
  }

  test('when its premiere moves', () => {
    expectMoved([finale], [{ ...finale, premiereAt: finale.premiereAt + 3 * 3600 }], 3 * 3600);
    expectMoved([finale], [{ ...finale, premiereAt: finale.premiereAt - 5 * DAY }], -5 * DAY);
  });

  test('when it moves from alone into the window of another, and out of it', () => {
    const drilled = { ...episode, drillSeconds: DAY };
    const moved = { ...drilled, premiereAt: at('2027-01-01T02:30:00Z') };
    const seconds = moved.premiereAt - drilled.premiereAt;
    expectMoved([drilled, finale], [moved, finale], seconds);
    expectMoved([moved, finale], [drilled, finale], -seconds);
    const windows = feedOf([moved, finale]).events.filter(({ kind }) => kind === 'window');
    expect(new Set(windows.map(({ startAt, endAt }) => `${startAt} ${endAt}`)).size).toBe(1);
  });

  test('when it moves across a change to daylight saving', () => {
    // 20:00 in London on the Saturday, and on the Sunday in summer time: 23 hours later.
    const saturday = { ...finale, premiereAt: at('2027-03-27T20:00:00Z'), premiereZone: 'Europe/London' };
    const sunday = { ...saturday, premiereAt: at('2027-03-28T19:00:00Z') };
    const asOf = '2027-03-01T00:00:00Z';
    const uids = uidsOf(feedOf([saturday], asOf));
    const feed = feedOf([sunday], asOf);
    expect(uidsOf(feed)).toEqual(uids);
    expect(uids).toHaveLength(4);
    const window = eventOf(feed, 'window.prod.finale');
    expect(window.description).toContain('Premiere: 2027-03-28 20:00 London, 2027-03-28 19:00 UTC');
    // The drill is 24 hours before, at 19:00 on London's clock.
    expect(eventOf(feed, 'drill.prod.finale').endAt).toBe('2027-03-27T19:15:00Z');
  });

  test('in each environment', () => {
    const both = [environment(), environment({}, { name: 'staging', demandFactor: 0.4 })];
    const feed = feedOf([finale], AS_OF, both);
    parseFeed(renderCalendarFeed(feed));
    expect(uidsOf(feed)).toEqual(
      expect.arrayContaining(['window.prod.finale@prescale', 'window.staging.finale@prescale']),
    );
    expect(feed.events).toHaveLength(8);
    expect(eventOf(feed, 'last-look.staging.finale').description).toContain(
      'prescale verify --env staging --release finale --wait',
    );
    const prodAlone = feedOf([{ ...finale, environments: ['prod'] }], AS_OF, both);
    expect(uidsOf(prodAlone).toSorted()).toEqual(uidsOf(feedOf([finale])).toSorted());
    expect(renderCalendarFeed(feed)).toContain('X-WR-CALNAME:prescale prod staging\r\n');
  });

  test('until its window is over: a drill that has ended is gone, and what was decided stays', () => {
    const before = feedOf([finale]);
    for (const asOf of ['2026-12-31T12:00:00Z', '2027-01-01T00:45:00Z', '2027-01-01T02:00:00Z']) {
      const feed = feedOf([finale], asOf);
      expect(uidsOf(feed)).toEqual(uidsOf(before).filter((uid) => !uid.startsWith('drill')));
      for (const { uid, startAt, endAt } of feed.events) {
        expect(before.events.find((event) => event.uid === uid)).toMatchObject({ startAt, endAt });
      }
    }
    const { endAt } = eventOf(before, 'window.prod.finale');
    expect(feedOf([finale], secondsLater(endAt, -1)).events).toHaveLength(3);
    expect(feedOf([finale], endAt).events).toEqual([]);
  });
});

describe('a release that may not happen', () => {
  test('is tentative', () => {
    const feed = feedOf([{ ...finale, status: 'tentative' }]);
    const parsed = parseFeed(renderCalendarFeed(feed));
    expect(parsed.map((event) => event.getFirstPropertyValue('status'))).toEqual(new Array(4).fill('TENTATIVE'));
    expect(eventOf(feed, 'window.prod.finale').summary).toBe('Window: The finale (prod, tentative)');
  });

  test('is taken out of calendars when it is cancelled', () => {
    const before = feedOf([finale, episode]);
    const after = feedOf([{ ...finale, status: 'cancelled' }, episode], '2026-11-21T00:05:00Z');
    expect(uidsOf(after)).toEqual(uidsOf(before));
    expect(after.sequence).toBe(before.sequence + 5);
    const parsed = parseFeed(renderCalendarFeed(after));
    for (const event of parsed) {
      const isFinale = String(event.getFirstPropertyValue('uid')).endsWith('.finale@prescale');
      expect(event.getFirstPropertyValue('status')).toBe(isFinale ? 'CANCELLED' : 'CONFIRMED');
      if (!isFinale) continue;
      expect(event.getFirstSubcomponent('valarm')).toBeNull();
      expect(event.getFirstPropertyValue('transp')).toBe('TRANSPARENT');
      expect(event.getFirstPropertyValue('summary')).toMatch(/^Called off: /);
    }
    // What stays is as if the other had never been.
    const alone = feedOf([episode], '2026-11-21T00:05:00Z');
    expect(after.events.filter((event) => event.release === 'episode')).toEqual(alone.events);
  });

  test('is not in the feed when it would not have been', () => {
    const cancelled = { ...finale, status: 'cancelled' as const };
    expect(feedOf([cancelled], AS_OF, undefined, 10 * DAY).events).toEqual([]);
    expect(feedOf([{ ...cancelled, environments: ['staging'] }]).events).toEqual([]);
    expect(feedOf([cancelled], '2027-01-02T00:00:00Z').events).toEqual([]);
  });
});

describe('the text', () => {
  test('carries any title', () => {
    const titles = [
      String.raw`A, b; c: "d" \ e \n f`,
      'two\nlines\r\nand\ta tab',
      '👩‍👩‍👧‍👦🎬'.repeat(30),
      'ä'.repeat(200),
      '\u0007bell \uD83D half',
      `${'x'.repeat(58)}\r\nBEGIN:VALARM\r\nEND:VEVENT`,
    ];
    for (const title of titles) {
      const feed = feedOf([{ ...finale, title }]);
      const parsed = parseFeed(renderCalendarFeed(feed));
      expect(parsed).toHaveLength(4);
      parsed.forEach((event, index) => {
        expect(event.getFirstPropertyValue('summary')).toBe(feed.events[index]!.summary);
        expect(event.getFirstPropertyValue('description')).toBe(feed.events[index]!.description);
      });
    }
    const [comma, lines, , , bell] = titles.map((title) =>
      eventOf(feedOf([{ ...finale, title }]), 'window.prod.finale'),
    );
    expect(comma!.summary).toBe(String.raw`Window: A, b; c: "d" \ e \n f (prod)`);
    expect(lines!.summary).toBe('Window: two lines and a tab (prod)');
    expect(bell!.summary).toBe('Window: bell \uFFFD half (prod)');
  });

  test('is the same for the same calendar and instant', () => {
    expect(renderCalendarFeed(feedOf([finale, episode]))).toBe(renderCalendarFeed(feedOf([episode, finale])));
  });

  test('says when it was made, and that it is to be fetched every hour', () => {
    const text = renderCalendarFeed(feedOf([finale]));
    expect(text.match(/^DTSTAMP:.*$/gm)).toEqual(new Array(4).fill('DTSTAMP:20261121T000000Z'));
    expect(text.match(/^LAST-MODIFIED:.*$/gm)).toEqual(new Array(4).fill('LAST-MODIFIED:20261121T000000Z'));
    expect(text).toContain('METHOD:PUBLISH\r\nNAME:prescale prod\r\nX-WR-CALNAME:prescale prod\r\n');
    expect(text).toContain('REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n');
  });

  test('is an empty calendar when nothing comes', () => {
    expect(parseFeed(renderCalendarFeed(feedOf([])))).toEqual([]);
  });
});

test('any plan gives a feed that can be parsed, with an event for each window', () => {
  fc.assert(
    fc.property(situations, ([releases, where, asOf]) => {
      const sorted = calendar(...releases.toSorted((a, b) => a.premiereAt - b.premiereAt));
      const planned = plan(sorted, asOf, where);
      const feed = calendarFeed({ plan: planned, calendar: sorted, environments: [where] });
      const parsed = parseFeed(renderCalendarFeed(feed));
      expect(parsed.map((event) => [startOf(event), endOf(event)])).toEqual(
        feed.events.map(({ startAt, endAt }) => [startAt, endAt]),
      );
      const ahead = feed.events.filter(({ status }) => status !== 'cancelled');
      for (const window of planned.environments[0]!.targets[0]!.windows) {
        const isTold = ahead.some(({ startAt, endAt, kind }) =>
          window.drill
            ? kind === 'drill' && startAt === window.risingAt
            : startAt <= window.risingAt && endAt >= window.endsAt,
        );
        expect({ window, isTold }).toEqual({ window, isTold: true });
      }
    }),
    { numRuns: 60 },
  );
});
