import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ICAL from 'ical.js';
import { parse, stringify } from 'yaml';
import { prescale } from './run';

const OVERLAP = path.join('test', 'fixtures', 'plans', 'overlap');
const BROKEN = path.join('test', 'fixtures', 'plans', 'broken');
const CEILING = path.join('test', 'fixtures', 'plans', 'ceiling');
const AS_OF = ['--as-of', '2026-12-29T00:00:00Z'];

const FOLDER = mkdtempSync(path.join(tmpdir(), 'prescale-ics-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

let next = 0;
/** A folder of its own for a test. */
function folder(): string {
  const name = path.join(FOLDER, `${(next += 1)}`);
  mkdirSync(name);
  return name;
}

function eventsOf(text: string): ICAL.Event[] {
  const root = new ICAL.Component(ICAL.parse(text) as unknown[]);
  return root.getAllSubcomponents('vevent').map((event) => new ICAL.Event(event));
}

const uidsOf = (text: string): string[] => eventsOf(text).map(({ uid }) => uid);

test('prints a calendar, and nothing beside it', async () => {
  const { code, out, err } = await prescale('ics', '--env', 'prod', '--calendar', OVERLAP, ...AS_OF);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const events = eventsOf(out);
  const texts = events.map(
    ({ startDate, endDate, summary }) => `${startDate.toString()} ${endDate.toString()} ${summary}`,
  );
  expect(`\n${texts.join('\n')}\n`).toMatchInlineSnapshot(`
   "
   2026-12-30T18:55:00Z 2026-12-30T19:15:00Z Called off: Drill: Called off (prod)
   2026-12-30T19:15:00Z 2026-12-30T19:30:00Z Called off: Go or no-go, after the drill: Called off (prod)
   2026-12-31T00:55:00Z 2026-12-31T01:15:00Z Drill: The finale (prod)
   2026-12-31T01:15:00Z 2026-12-31T01:30:00Z Go or no-go, after the drill: The finale (prod)
   2026-12-31T01:55:00Z 2026-12-31T03:55:00Z Window of the time announced before, 2026-12-31 02:30 UTC: A late episode (prod)
   2026-12-31T02:30:00Z 2026-12-31T02:45:00Z Go or no-go, T−24 h: A late episode (prod)
   2026-12-31T17:55:00Z 2026-12-31T21:55:00Z Called off: Window: Called off (prod)
   2026-12-31T18:15:00Z 2026-12-31T18:30:00Z Called off: Last go or no-go, T−45 min: Called off (prod)
   2026-12-31T23:55:00Z 2027-01-01T05:50:00Z Window: The finale (prod)
   2026-12-31T23:55:00Z 2027-01-01T05:50:00Z Window: A late episode (prod)
   2027-01-01T00:15:00Z 2027-01-01T00:30:00Z Last go or no-go, T−45 min: The finale (prod)
   2027-01-01T02:00:00Z 2027-01-01T02:15:00Z Last go or no-go, T−30 min: A late episode (prod)
   2027-03-27T19:25:00Z 2027-03-27T19:45:00Z Drill: A small premiere (prod)
   2027-03-27T19:45:00Z 2027-03-27T20:00:00Z Go or no-go, after the drill: A small premiere (prod)
   2027-03-28T00:55:00Z 2027-03-28T02:50:00Z Window: A small premiere (prod)
   2027-03-28T01:00:00Z 2027-03-28T01:15:00Z Last go or no-go, T−30 min: A small premiere (prod)
   "
  `);
});

test('gives the same for the same instant, and a higher sequence for a later one', async () => {
  const at = async (asOf: string): Promise<string> =>
    (await prescale('ics', '--env', 'prod', '--calendar', OVERLAP, '--as-of', asOf)).out;
  const first = await at('2026-12-01T00:00:00Z');
  expect(await at('2026-12-01T00:00:00Z')).toBe(first);
  const later = await at('2026-12-01T00:01:00Z');
  expect(uidsOf(later)).toEqual(uidsOf(first));
  eventsOf(later).forEach(({ sequence }, index) => {
    expect(sequence).toBe(eventsOf(first)[index]!.sequence + 1);
  });
});

test('holds the environments asked for, and all without', async () => {
  const environmentsOf = (text: string): string[] =>
    [...new Set(uidsOf(text).map((uid) => uid.split('.')[1]!))].toSorted();
  const all = await prescale('ics', '--calendar', OVERLAP, ...AS_OF);
  expect(environmentsOf(all.out)).toEqual(['dev', 'prod', 'staging']);
  const two = await prescale('ics', '--env', 'prod', '--env', 'staging', '--calendar', OVERLAP, ...AS_OF);
  expect(environmentsOf(two.out)).toEqual(['prod', 'staging']);
});

test('the commands in the events name what they were asked with', async () => {
  const plain = await prescale('ics', '--env', 'prod', ...AS_OF);
  expect(
    eventsOf(plain.out)
      .map(({ description }) => description)
      .join('\n'),
  ).toMatch(/^prescale verify --env prod --release salt-meridian-finale --wait$/m);
  const calendar = path.join(folder(), "the lead's calendar");
  mkdirSync(calendar);
  writeFileSync(path.join(calendar, 'releases.yaml'), readFileSync(path.join(OVERLAP, 'releases.yaml')));
  const own = await prescale('ics', '--env', 'prod', '--calendar', calendar, '--stack', 'Playback', ...AS_OF);
  const quoted = `'${calendar.replace("'", String.raw`'\''`)}'`;
  const descriptions = eventsOf(own.out).map(({ description }) => description);
  expect(descriptions.join('\n')).toContain(
    `prescale verify --env prod --release finale --calendar ${quoted} --stack Playback --wait\n`,
  );
  expect(descriptions.join('\n')).toContain(`prescale plan --env prod --calendar ${quoted} --stack Playback\n`);
});

test('says where the feed ends before a release', async () => {
  const { code, out, err } = await prescale(
    'ics',
    '--env',
    'prod',
    '--calendar',
    OVERLAP,
    ...AS_OF,
    '--horizon',
    'P40D',
  );
  expect(code).toBe(0);
  expect(err).toBe(
    'warning: prod: the feed ends at 2027-02-07T00:00:00Z, before the premiere of small [ics/deferred]\n' +
      '   = mend: look further with --horizon, or make it again later: daily is best\n',
  );
  expect(uidsOf(out)).not.toContain('window.prod.small@prescale');
});

test('prints one JSON document of the same events', async () => {
  const args = ['ics', '--env', 'prod', '--calendar', OVERLAP, ...AS_OF, '--horizon', 'P40D'];
  const { code, out } = await prescale(...args, '--json');
  expect(code).toBe(0);
  const document = JSON.parse(out);
  expect(document).toMatchObject({
    schemaVersion: 1,
    asOf: '2026-12-29T00:00:00Z',
    calendarDigest: expect.stringMatching(/^sha256:/),
    sequence: Date.parse('2026-12-29T00:00:00Z') / 60_000,
    environments: [{ name: 'prod', coveredUntil: '2027-02-07T00:00:00Z', deferred: ['small'] }],
    diagnostics: [{ severity: 'warning', code: 'ics/deferred' }],
  });
  const feed = eventsOf((await prescale(...args)).out);
  expect(document.events.map(({ uid }: { uid: string }) => uid)).toEqual(feed.map(({ uid }) => uid));
  expect(document.events.find(({ uid }: { uid: string }) => uid === 'last-look.prod.finale@prescale')).toMatchObject({
    environment: 'prod',
    release: 'finale',
    kind: 'last-look',
    status: 'confirmed',
    startAt: '2027-01-01T00:15:00Z',
    endAt: '2027-01-01T00:30:00Z',
    busy: true,
    alarmAt: '2027-01-01T00:00:00Z',
  });
});

describe('with --output', () => {
  test('writes the file, and says so on stderr', async () => {
    const file = path.join(folder(), 'prod.ics');
    const { code, out, err } = await prescale(
      'ics',
      '--env',
      'prod',
      '--calendar',
      OVERLAP,
      ...AS_OF,
      '--output',
      file,
    );
    const printed = await prescale('ics', '--env', 'prod', '--calendar', OVERLAP, ...AS_OF);
    expect(readFileSync(file, 'utf8')).toBe(printed.out);
    const { length } = uidsOf(printed.out);
    expect({ code, out, err }).toEqual({ code: 0, out: '', err: `wrote ${length} events to ${file}\n` });
    expect(readdirSync(path.dirname(file))).toEqual(['prod.ics']);
  });

  test('replaces a file, its permissions kept, through a link', async () => {
    const dir = folder();
    const file = path.join(dir, 'real.ics');
    const link = path.join(dir, 'link.ics');
    writeFileSync(file, 'before');
    // More than the umask would leave.
    chmodSync(file, 0o660);
    symlinkSync(file, link);
    const { code } = await prescale('ics', '--env', 'prod', '--calendar', OVERLAP, ...AS_OF, '--output', link);
    expect(code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, 'utf8')).toMatch(/^BEGIN:VCALENDAR\r\n/);
    expect(statSync(file).mode % 0o1000).toBe(0o660);
  });

  test('and --json writes the one and prints the other', async () => {
    const file = path.join(folder(), 'prod.ics');
    const args = ['ics', '--env', 'prod', '--calendar', OVERLAP, ...AS_OF, '--json', '--output', file];
    const { code, out } = await prescale(...args);
    expect(code).toBe(0);
    expect(uidsOf(readFileSync(file, 'utf8'))).toEqual(JSON.parse(out).events.map(({ uid }: { uid: string }) => uid));
  });

  test.each([
    ['a folder that is not there', (dir: string): string => path.join(dir, 'nowhere', 'prod.ics')],
    ['a folder', (dir: string): string => dir],
  ])('is an error for %s', async (_, fileIn) => {
    const dir = folder();
    const { code, out, err } = await prescale(
      'ics',
      '--env',
      'prod',
      '--calendar',
      OVERLAP,
      ...AS_OF,
      '--output',
      fileIn(dir),
    );
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(
      /the calendar cannot be written \(E\w+\) \[ics\/not-written\]\n.*mend: name a file in a folder/,
    );
    expect(err).not.toContain('wrote');
    expect(readdirSync(dir)).toEqual([]);
    expect(readdirSync(path.dirname(dir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('an error', () => {
  test.each([
    ['in the calendar', BROKEN, '[calendar/'],
    ['in the plan', CEILING, '[limit/ecs-tasks-per-service]'],
  ])('%s leaves stdout and the file alone', async (_, calendar, code) => {
    const dir = folder();
    const old = path.join(dir, 'old.ics');
    writeFileSync(old, 'before');
    for (const file of [old, path.join(dir, 'new.ics')]) {
      const run = await prescale('ics', '--env', 'prod', '--calendar', calendar, ...AS_OF, '--output', file);
      expect({ code: run.code, out: run.out }).toEqual({ code: 1, out: '' });
      expect(run.err).toContain(code);
    }
    const printed = await prescale('ics', '--env', 'prod', '--calendar', calendar, ...AS_OF);
    expect({ code: printed.code, out: printed.out }).toEqual({ code: 1, out: '' });
    expect(readFileSync(old, 'utf8')).toBe('before');
    expect(existsSync(path.join(dir, 'new.ics'))).toBe(false);
    const json = await prescale('ics', '--env', 'prod', '--calendar', calendar, ...AS_OF, '--json');
    expect(json.code).toBe(1);
    expect(Object.keys(JSON.parse(json.out))).toEqual(['schemaVersion', 'diagnostics']);
  });

  test('of usage is told as everywhere', async () => {
    const { code, err } = await prescale('ics', '--env', 'nowhere');
    expect(code).toBe(2);
    expect(err).toContain('[usage/unknown-environment]');
  });
});

test('an entry that is moved, then called off, updates what was imported', async () => {
  const dir = folder();
  const file = path.join(dir, 'releases.yaml');
  const entries = (parse(readFileSync(path.join(OVERLAP, 'releases.yaml'), 'utf8')) as { releases: { id: string }[] })
    .releases;
  // What a calendar does that imports one feed after the other: by UID, and only what is newer.
  const imported = new Map<string, ICAL.Event>();
  const importWith = async (asOf: string, fields: object): Promise<void> => {
    const releases = entries.map((entry) => (entry.id === 'finale' ? { ...entry, ...fields } : entry));
    writeFileSync(file, stringify({ releases }));
    const { code, out } = await prescale('ics', '--env', 'prod', '--calendar', dir, '--as-of', asOf);
    expect(code).toBe(0);
    for (const event of eventsOf(out)) {
      const known = imported.get(event.uid);
      if (known === undefined || event.sequence > known.sequence) imported.set(event.uid, event);
    }
  };
  const state = (): string[] =>
    [...imported.values()]
      .filter(({ uid }) => uid.endsWith('.finale@prescale'))
      .map(({ uid, startDate, component }) => {
        return `${uid} ${startDate.toString()} ${String(component.getFirstPropertyValue('status'))}`;
      });
  await importWith('2026-12-01T00:00:00Z', {});
  const before = state();
  expect(before).toHaveLength(4);
  await importWith('2026-12-02T00:00:00Z', { premiere: '2027-01-02 17:00 America/Los_Angeles' });
  const moved = state();
  expect(moved).toEqual(
    before.map((event) =>
      event.replaceAll(/2026-12-(\d\d)|2027-01-01/g, (day) => {
        return new Date(Date.parse(day) + 2 * 86_400_000).toISOString().slice(0, 10);
      }),
    ),
  );
  await importWith('2026-12-03T00:00:00Z', { premiere: '2027-01-02 17:00 America/Los_Angeles', status: 'cancelled' });
  expect(state()).toEqual(moved.map((event) => event.replace('CONFIRMED', 'CANCELLED')));
});

test('help teaches with examples', async () => {
  const { code, out } = await prescale('ics', '--help');
  expect(code).toBe(0);
  expect(out).toContain('$ prescale ics --env prod --output public/prod.ics');
  expect(out).toMatch(/Exit codes: 0 fine, 1 /);
});
