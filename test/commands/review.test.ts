import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadCalendar } from '../../lib/calendar/read-calendar';
import type { NightRecord } from '../../lib/capacity/night-record';
import { planCapacity } from '../../lib/capacity/plan-capacity';
import type { Asker } from '../../lib/commands/asker';
import { UsageError } from '../../lib/commands/common';
import { type ReviewOptions, runReview } from '../../lib/commands/run-review';
import { environments } from '../../lib/environments';
import { simulateNight } from '../capacity/simulated-night';
import { FakeNight } from '../live/fake-night';
import { useAddress } from '../live/fake-quotas';
import { prescale } from './run';

const NOW = '2026-11-21T00:00:00Z';
const PROD = environments.find(({ name }) => name === 'prod')!;

const CALENDAR = `# The harbour, and what follows.
releases:
  # The night that is reviewed.
  - id: harbour-finale # beside the id
    title: 'Harbour: the finale'
    premiere: 2026-11-08T20:00Z
    kind: finale
    audience:
      peakViewers: 1_500_000 # what marketing says
      uncertainty: 0.15
    observed: # until somebody measures it
      peakViewers: 1_500_000
      assumed: true
      source: nobody has measured it
    # at the end of the entry

  - id: harbour-2-finale
    title: 'Harbour 2: the finale'
    premiere: 2027-01-15T20:00Z
    kind: finale
    audience: { like: harbour-finale, growth: 1.2 } # the next one
`;

const folders: string[] = [];

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function folderOf(text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'prescale-review-'));
  folders.push(folder);
  writeFileSync(path.join(folder, '2026.yaml'), text);
  return folder;
}

/** The calendar as a team has it, and the night of the finale when so many times the forecast came. */
function nightOf(
  audienceFactor: number,
  text = CALENDAR,
): { readonly calendar: string; readonly from: string; readonly record: NightRecord; readonly outageMinutes: number } {
  const folder = folderOf(text);
  const night = simulateNight(loadCalendar(folder).calendar!, PROD, 'harbour-finale', audienceFactor);
  return { calendar: folder, from: keep(folder, night.record), ...night };
}

/** Keeps a record beside the calendar. */
function keep(folder: string, record: unknown, name = 'night.json'): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof record === 'string' ? record : JSON.stringify(record));
  return file;
}

/** The record with each series of its target changed. */
function withSeries(
  record: NightRecord,
  change: (series: NightRecord['targets'][number]['series']) => NightRecord['targets'][number]['series'],
): NightRecord {
  return { ...record, targets: record.targets.map((target) => ({ ...target, series: change(target.series) })) };
}

const fileOf = (calendar: string): string => readFileSync(path.join(calendar, '2026.yaml'), 'utf8');

async function review(
  options: Partial<ReviewOptions> & Pick<ReviewOptions, 'calendar'>,
  person: Asker | null = null,
): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const output = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text.replaceAll(options.calendar, 'CALENDAR')),
  };
  const world = { now: () => new Date(NOW), person: person && (() => Promise.resolve(person)) };
  const code = await runReview({ env: 'prod', asOf: NOW, ...options }, output, world);
  return { code, ...written };
}

/** What the next release of the calendar needs, and its highest floor. */
function nextFinale(folder: string): { units: number; floor: number } {
  const calendar = loadCalendar(folder).calendar!;
  const asOf = '2027-01-10T00:00:00Z';
  const plan = planCapacity({ calendar, environments: [PROD], asOf, toolVersion: 'test' });
  const { units, floor } = plan.environments[0]!.releases.find(({ id }) => id === 'harbour-2-finale')!.targets[0]!;
  return { units, floor };
}

/** Lines that only one of two texts has. */
function changed(before: string, after: string): { readonly gone: string[]; readonly come: string[] } {
  const lines = { before: before.split('\n'), after: after.split('\n') };
  return {
    gone: lines.before.filter((line) => !lines.after.includes(line)),
    come: lines.after.filter((line) => !lines.before.includes(line)),
  };
}

describe('a night that was written down', () => {
  test('with four times the forecast: what came and the outage are written, and the next one is planned on it', async () => {
    const { calendar, from, outageMinutes } = nightOf(4);
    // 1.2 · 1,500,000 viewers; assumed, so σ is 0.7: 1.7647 · (308,235/9 M · 1.8 M · e^(1.2816 · 0.7) + 68,000) / 1000 = 386.8
    expect(nextFinale(calendar).units).toBe(387);
    const { code, out, err } = await review({ calendar, from });
    expect([code, err]).toEqual([0, '']);
    expect(changed(CALENDAR, fileOf(calendar))).toEqual({
      gone: ['      peakViewers: 1_500_000', '      assumed: true', '      source: nobody has measured it'],
      // The truth is 4 · 1,500,000.
      come: [
        '      peakViewers: 6_000_000',
        '      assumed: false',
        `      outageMinutes: ${outageMinutes}`,
        '      source: requests at the load balancer, CloudWatch, 8 November 2026; fitted on 172 minutes',
      ],
    });
    expect(outageMinutes).toBeGreaterThan(1);
    // 1.2 · 6,000,000; measured, so σ is 0.35: 1.7647 · (308,235/9 M · 7.2 M · e^(1.2816 · 0.35) + 68,000) / 1000 = 801.5
    expect(nextFinale(calendar)).toEqual({ units: 802, floor: 802 });
    expect(out).toMatch(/forecast error +\+300 % +ln \+1\.39 with σ 0\.15: above the 0\.99 quantile/);
    expect(out).toMatch(/forecasts of kind finale so far: σ 1\.39 from 1 measured, 0\.35 configured/);
    expect(out).toMatch(/some failed then, and retries are counted, too/);
  });

  test('with six tenths of the forecast: no outage, and the next one is planned smaller', async () => {
    const { calendar, from } = nightOf(0.6);
    const { code, out } = await review({ calendar, from });
    expect(code).toBe(0);
    expect(changed(CALENDAR, fileOf(calendar)).come).toEqual([
      '      peakViewers: 900_000',
      '      assumed: false',
      '      outageMinutes: 0',
      '      source: requests at the load balancer, CloudWatch, 8 November 2026; fitted on 180 minutes',
    ]);
    // 1.2 · 900,000: 1.7647 · (308,235/9 M · 1.08 M · e^(1.2816 · 0.35) + 68,000) / 1000 = 222.2
    expect(nextFinale(calendar)).toEqual({ units: 223, floor: 223 });
    expect(out.replaceAll(calendar, 'CALENDAR')).toMatchInlineSnapshot(`
     "harbour-finale in prod: premiere 2026-11-08 20:00 UTC, reviewed from 2026-11-08 18:55 to 2026-11-09 00:00 UTC
     planned as of 2026-11-08 18:39 UTC, from the calendar and the environment as they are now, without what was observed since

     audience                               planned          observed
     viewers at the peak                  1,500,000           900,000  estimated from requests
     1 in 10 below, above    1,237,672 to 1,817,929           outside
     viewers at q 0.9                     1,817,929                    what floors were planned for
     forecast error                                             −40 %  ln −0.51 with σ 0.15: below the 0.01 quantile of the forecast
     requests/s at the peak        49,783 to 60,334            29,870  above the ordinary day, in a minute
     in the minute (UTC)           2026-11-08 20:02  2026-11-08 20:02  as modelled
     outage minutes                               0                 0  more than 1 % of the requests failed

     us-east-1/playback, tasks      planned     observed
     highest                      230 floor  230 running  2026-11-08 18:58
     fewer ready than required        0 min        0 min  the release by itself was planned to need 230; known in 305 min
     fewer ready than the floor       0 min        0 min  that had stood for its lead time
     live floor below the plan        0 min        0 min
     above the floor, while held                       0  nothing was added
     unit-hours                         860          863  over the minutes in which units are known
     scaling activities                                0  0 by policies

     forecasts of kind finale so far: σ 0.51 from 1 measured, 0.35 configured

     note: comments in observed stay as they are: read again what they say of an assumption

         observed: # until somebody measures it
           peakViewers: 900_000
           assumed: false
           outageMinutes: 0
           source: requests at the load balancer, CloudWatch, 8 November 2026; fitted on 180 minutes

     wrote observed of harbour-finale to CALENDAR/2026.yaml:11
     next: prescale check --env prod --calendar CALENDAR, and prescale diff --calendar CALENDAR for what it does to coming releases
     "
    `);
  });

  test('with gaps: the audience is written, and outage minutes only when somebody counted them', async () => {
    const { calendar, record } = nightOf(1.3);
    // 20:10 to 20:14, and 20:30 to 20:33.
    const from = keep(
      calendar,
      withSeries(record, (series) =>
        Object.fromEntries(
          Object.entries(series).map(([name, values]) => [
            name,
            (values as (number | null)[]).map((value, minute) => {
              const at = Date.parse(record.from) / 60_000 + minute - Date.parse('2026-11-08T20:00:00Z') / 60_000;
              return (at >= 10 && at < 14) || (at >= 30 && at < 33) ? null : value;
            }),
          ]),
        ),
      ),
    );
    const before = fileOf(calendar);
    const shown = await review({ calendar, from, dryRun: true });
    expect(shown.code).toBe(0);
    expect(fileOf(calendar)).toBe(before);
    expect(shown.out).toContain(
      'note: 7 minutes of the night are missing (2026-11-08T20:10Z to 20:14Z and 2026-11-08T20:30Z to 20:33Z), and a load balancer counts nothing while no target is healthy: outageMinutes is left out; state it with --outage-minutes\n',
    );
    expect(await review({ calendar, from, outageMinutes: '4', source: 'support: four minutes' })).toMatchObject({
      code: 0,
    });
    expect(changed(CALENDAR, fileOf(calendar)).come).toEqual([
      '      peakViewers: 1_950_000',
      '      assumed: false',
      '      outageMinutes: 4',
      "      source: 'support: four minutes'",
    ]);
    // Measured now, so it takes a word.
    expect((await review({ calendar, from })).err).toContain('[review/observed]');
    expect((await review({ calendar, from, replace: true })).code).toBe(0);
    expect(fileOf(calendar)).toContain('fitted on 173 minutes');
  });

  test('with viewers that somebody counted: they are better than any estimate', async () => {
    const { calendar, record } = nightOf(1.3);
    const counted = { ...record, viewers: record.targets[0]!.series.ready!.map((_, minute) => 10_000 + minute) };
    const last = 10_000 + counted.viewers.length - 1;
    const from = keep(calendar, counted);
    const { out } = await review({ calendar, from, dryRun: true, json: true });
    expect(JSON.parse(out)).toMatchObject({
      written: false,
      review: { viewers: { from: 'viewers', peakViewers: last }, proposal: { peakViewers: last } },
    });
    await review({ calendar, from, viewers: '2.1M' });
    expect(changed(CALENDAR, fileOf(calendar)).come).toContain('      peakViewers: 2_100_000');
    expect(fileOf(calendar)).toContain('source: viewers as counted by the service, 8 November 2026');
  });
});

/** Nothing but what a person is asked; `before` runs while they think. */
function person(answer: boolean, before: () => void = () => undefined): { asker: Asker; asked: string[] } {
  const asked: string[] = [];
  const never = (): never => {
    throw new Error('only asked to confirm');
  };
  const confirm: Asker['confirm'] = ({ message }) => {
    asked.push(message);
    before();
    return Promise.resolve(answer);
  };
  return { asker: { input: never, select: never, search: never, confirm }, asked };
}

describe('nothing is written, and why is said', () => {
  const { calendar, record } = nightOf(1.3);
  const NONE = record.targets[0]!.series.ready!.map(() => null);
  const OVER = '2026-11-09T00:00:00Z';
  const MEND_RECORD = 'name a record that "prescale review --record FILE" wrote';
  const COUNT = 'count viewers, and add --viewers N';

  afterEach(() => {
    if (fileOf(calendar) !== CALENDAR) throw new Error(`the calendar was changed:\n${fileOf(calendar)}`);
  });

  test.each<[night: string, record: unknown, message: string, mend: string]>([
    [
      'no data',
      withSeries(record, (series) => Object.fromEntries(Object.keys(series).map((name) => [name, NONE]))),
      `the record holds no data of 2026-11-08T18:55:00Z to ${OVER} [review/no-data]`,
      'see that the service ran in this account and region then; CloudWatch keeps minutes for 15 days',
    ],
    [
      'half of the metrics: no requests',
      withSeries(record, ({ ready, failures, running }) => ({ ready, failures, running })),
      'the record holds no requests of us-east-1/playback [review/half-the-data]',
      'see that its target group is behind an Application Load Balancer that served the night, or add what is missing to the record',
    ],
    [
      'half of the metrics: nothing of the load balancer',
      withSeries(record, ({ running }) => ({ ready: NONE, running })),
      'the record holds no requests and no failures and no ready units of us-east-1/playback [review/half-the-data]',
      'see that its target group is behind an Application Load Balancer that served the night, or add what is missing to the record',
    ],
    [
      'half of the metrics: nothing of failures',
      withSeries(record, ({ requests, ready }) => ({ requests, ready })),
      'the record holds no failures of us-east-1/playback [review/half-the-data]',
      'see that its target group is behind an Application Load Balancer that served the night, or add what is missing to the record',
    ],
    [
      'half of the metrics: hardly anything of ready units',
      withSeries(record, (series) => ({ ...series, ready: [120, ...NONE.slice(1)] })),
      'ready units of us-east-1/playback are known for far fewer minutes than requests, 1 against 305 [review/half-the-data]',
      'read the night again, or add what is missing to the record',
    ],
    [
      "another account's",
      { ...record, account: '999999999999' },
      'the record is of account 999999999999, and prod is in 123456789012 [review/other-record]',
      'name the record of 123456789012, or correct account of prod',
    ],
    [
      "another environment's",
      { ...record, environment: 'staging' },
      'the record is of the environment staging, and prod is reviewed [review/other-record]',
      'name the record of prod, or write --env staging',
    ],
    [
      "another target's",
      { ...record, targets: [{ ...record.targets[0]!, id: 'eu-west-1/playback' }] },
      'the record holds eu-west-1/playback, and harbour-finale was planned for us-east-1/playback [review/other-record]',
      'name the record of the environment as it is planned',
    ],
    [
      "another night's",
      { ...record, from: '2026-11-01T18:55:00Z', to: '2026-11-02T00:00:00Z' },
      'the record is of 2026-11-01T18:55:00Z to 2026-11-02T00:00:00Z, and the premiere of harbour-finale was at 2026-11-08T20:00:00Z [review/other-record]',
      `name a record of 2026-11-08T18:55:00Z to ${OVER}, or another release`,
    ],
    [
      'too little around the peak',
      // Of the hour around 20:02, which begins 37 minutes after the record, 16 minutes are missing.
      withSeries(record, (series) => ({
        ...series,
        requests: series.requests!.map((value, minute) => (minute >= 60 && minute < 76 ? null : value)),
      })),
      'requests are known in 44 of the 60 minutes around the modelled peak at 2026-11-08T20:02:00Z, which is too few to read an audience from [review/too-few-minutes]',
      COUNT,
    ],
    [
      'nothing but failures',
      withSeries(record, (series) => ({ ...series, failures: series.requests })),
      '0 minutes of the release are without gaps and failures, which is too few to read an audience from [review/too-few-minutes]',
      COUNT,
    ],
    [
      'an ordinary evening',
      withSeries(record, (series) => ({ ...series, requests: series.requests!.map(() => 60 * 67_000) })),
      "the requests of the night are not above the ordinary day's (68,000/s) [review/no-demand]",
      `correct baselineRequestsPerSecond of the layer, or ${COUNT}`,
    ],
    [
      'another shape',
      // Half an hour late.
      withSeries(record, (series) => {
        const { requests } = series;
        return { ...series, requests: requests!.map((_, minute) => requests![Math.max(0, minute - 30)]!) };
      }),
      'the night had another shape than the model, 54.7 % off: 1,600,000 viewers fit all of it, its highest minute alone would be 1,950,000 [review/other-shape]',
      COUNT,
    ],
    [
      'another ordinary day',
      withSeries(record, (series) => ({ ...series, requests: series.requests!.map((value) => value! - 60 * 30_000) })),
      'the night had another shape than the model, 99.1 % off: 97,600 viewers fit all of it, its highest minute alone would be 1,050,000; before anybody came for it the requests were 29,993/s below those of the ordinary day (baselineRequestsPerSecond, and other releases): if they were all night, 1,950,000 viewers fit [review/other-shape]',
      `correct baselineRequestsPerSecond of the layer, or ${COUNT}`,
    ],
    [
      'viewers that somebody counted long before the peak',
      { ...record, viewers: [400_000, ...NONE.slice(1)] },
      'viewers are known in 0 of the 60 minutes around the modelled peak at 2026-11-08T20:02:00Z, which is too few to read an audience from [review/too-few-minutes]',
      COUNT,
    ],
    ['what is no JSON', '{ "schemaVersion": 1, ', 'the file is not JSON [review/not-json]', MEND_RECORD],
    [
      'another document',
      { schemaVersion: 1 },
      'the file is not the record of a night, got a mapping [review/not-a-record]',
      MEND_RECORD,
    ],
  ])('%s', async (_, night, message, mend) => {
    const { code, out, err } = await review({ calendar, from: keep(calendar, night), yes: true });
    expect(err).toBe(`CALENDAR/night.json: ${message}\n   = mend: ${mend}\nnothing was written\n`);
    expect([code, out]).toEqual([1, '']);
  });

  test.each<[value: string, change: object, problem: string]>([
    ['an unknown key', { extra: 1 }, 'has no key "extra"'],
    ['another version', { schemaVersion: 2 }, 'schemaVersion must be 1, got 2'],
    [
      'half a minute',
      { to: '2026-11-09T00:00:30Z' },
      'to must be a whole minute in UTC such as 2026-01-01T00:00:00Z, got "2026-11-09T00:00:30Z"',
    ],
    ['no time', { to: record.from }, 'to must be after 2026-11-08T18:55:00Z, got "2026-11-08T18:55:00Z"'],
    ['a short series', { viewers: [1, 2] }, 'viewers must have 305 values, one for each minute, and has 2, got a list'],
    ['a value that is none', { viewers: [-1] }, 'viewers[0] must be a number of at least 0, or null, got -1'],
  ])('%s in a record is told where it stands', async (_, change, problem) => {
    const text = JSON.stringify({ ...record, ...change }, null, 1);
    const { code, err } = await review({ calendar, from: keep(calendar, text) });
    expect(code).toBe(1);
    expect(err).toMatch(/^CALENDAR\/night\.json:\d+:\d+: /);
    expect(err).toContain(`: ${problem} [review/record]\n`);
    expect(err).toMatch(/\^/);
  });

  test('a record that is not there', async () => {
    const { code, err } = await review({ calendar, from: path.join(calendar, 'no.json') });
    expect([code, err]).toEqual([
      1,
      `CALENDAR/no.json: the file does not exist [review/file]\n   = mend: ${MEND_RECORD}\nnothing was written\n`,
    ]);
  });

  test('figures that the calendar refuses', async () => {
    const { code, err } = await review({ calendar, from: keep(calendar, record), viewers: '2bn' });
    expect(code).toBe(1);
    expect(err).toMatch(/^CALENDAR\/2026\.yaml:12:20: peakViewers must be at most 1000000000, got "2_000_000_000" /);
    expect(err).toContain('nothing was written; lines of CALENDAR/2026.yaml are counted as if it had been\n');
  });

  test('a night that is not over', async () => {
    const { code, err } = await review({
      calendar,
      from: keep(calendar, record),
      release: 'harbour-finale',
      asOf: '2026-11-08T23:59:59Z',
    });
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(
        /^CALENDAR\/2026\.yaml:4:5: the night of harbour-finale is not over: it is reviewed up to 2026-11-09T00:00:00Z \[review\/not-over\]/,
      ),
    ]);
  });

  test('nor when the person says no, with --dry-run, or as JSON', async () => {
    const from = keep(calendar, record);
    const { asker, asked } = person(false);
    expect(await review({ calendar, from }, asker)).toMatchObject({ code: 1, err: 'nothing was written\n' });
    expect(asked).toEqual([`Write observed of harbour-finale to ${calendar}/2026.yaml:11?`]);
    const dry = await review({ calendar, from, dryRun: true }, asker);
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out).toContain(`\ndry run: nothing was written; it would go to ${calendar}/2026.yaml:11\n`);
    expect(asked).toHaveLength(1);
    // What is asked about is shown beside the document.
    const shown = await review({ calendar, from, json: true }, asker);
    expect(JSON.parse(shown.out)).toEqual({ schemaVersion: 1, written: false, diagnostics: [] });
    expect(shown.err).toBe(`${(await review({ calendar, from }, asker)).out}nothing was written\n`);
    const refused = await review({ calendar, from: keep(calendar, '', 'empty.json'), json: true });
    expect(JSON.parse(refused.out)).toMatchObject({
      schemaVersion: 1,
      written: false,
      diagnostics: [{ severity: 'error', code: 'review/not-json' }],
    });
  });
});

test('a calendar file that was changed while somebody thought is left as it is', async () => {
  const { calendar, from } = nightOf(1.3);
  const file = path.join(calendar, '2026.yaml');
  const { asker } = person(true, () => writeFileSync(file, `${CALENDAR}# changed\n`));
  const { code, err } = await review({ calendar, from }, asker);
  expect(code).toBe(1);
  expect(err).toContain(
    'the file was changed in the meantime [calendar/not-written]\n   = mend: run prescale review again',
  );
  expect(fileOf(calendar)).toBe(`${CALENDAR}# changed\n`);
});

test('a person who agrees is asked once, and --yes asks nobody', async () => {
  const { calendar, from } = nightOf(1.3);
  const { asker, asked } = person(true);
  expect((await review({ calendar, from }, asker)).code).toBe(0);
  expect((await review({ calendar, from, yes: true, replace: true }, asker)).code).toBe(0);
  expect(asked).toHaveLength(1);
});

describe('without --release', () => {
  const TWO = `${CALENDAR}
  - id: pier-episode
    title: Pier
    premiere: 2026-11-15T20:00Z
    kind: episode
    audience: { peakViewers: 2_000_000 }
`;

  test('the release whose night ended last is meant, as of any instant', async () => {
    const calendar = folderOf(TWO);
    const asked = async (asOf: string): Promise<string> =>
      (await review({ calendar, from: path.join(calendar, 'no.json'), asOf })).err;
    // Both get as far as to their record.
    expect(await asked('2026-11-15T22:00:00Z')).toContain('does not exist');
    const { err } = await review({ calendar, from: keep(calendar, nightOf(1.3, TWO).record), asOf: NOW });
    expect(err).toContain('the premiere of pier-episode was at 2026-11-15T20:00:00Z');
    expect((await review({ calendar, from: nightOf(1.3, TWO).from, asOf: '2026-11-15T22:00:00Z' })).code).toBe(0);
    expect(fileOf(calendar)).toContain('peakViewers: 1_950_000');
  });

  test('and none is over, that is wrong usage', async () => {
    const calendar = folderOf(TWO);
    await expect(review({ calendar, asOf: '2026-11-01T00:00:00Z' })).rejects.toMatchObject({
      diagnostics: [
        { message: 'no release of prod was over at 2026-11-01T00:00:00Z', mend: 'name one with --release' },
      ],
    });
  });
});

test.each<[mistake: string, options: Partial<ReviewOptions>, message: string, mend: string]>([
  ['an unknown release', { release: 'harbor-finale' }, 'there is no release "harbor-finale"', 'write harbour-finale'],
  [
    'an unknown environment',
    { env: 'prd' },
    'there is no environment "prd"',
    'write prod; there are dev, staging, prod',
  ],
  [
    'viewers that are no number',
    { viewers: 'two' },
    '--viewers must be a whole number of at least 1, got "two"',
    'write 10_200_000 or 10.2M',
  ],
  ['nobody', { viewers: '0' }, '--viewers must be a whole number of at least 1, got "0"', 'write 10_200_000 or 10.2M'],
  [
    'a release like no other',
    { release: 'zz' },
    'there is no release "zz"',
    'write the id of an entry of the calendar',
  ],
  [
    'half a minute',
    { outageMinutes: '0.5' },
    '--outage-minutes must be a whole number of at least 0, got "0.5"',
    'write 3',
  ],
  ['no source', { source: ' ' }, '--source must be text, got " "', 'say where the figures come from'],
])('%s is wrong usage', async (_, options, message, mend) => {
  const failure = review({ calendar: folderOf(CALENDAR), ...options });
  await expect(failure).rejects.toBeInstanceOf(UsageError);
  await expect(failure).rejects.toMatchObject({ diagnostics: [{ message, mend }] });
});

test('what excludes each other is wrong usage', async () => {
  for (const option of [
    ['--record', 'b.json'],
    ['--stack', 'Playback'],
  ]) {
    const { code, err } = await prescale('review', '--env', 'prod', '--from', 'a.json', ...option);
    expect([code, err]).toEqual([2, expect.stringContaining("cannot be used with option '--from <file>'")]);
  }
});

describe('the live account', () => {
  let aws: FakeNight;
  let undo: () => void;

  beforeEach(async () => {
    aws = new FakeNight();
    undo = useAddress(await aws.start());
    aws.valuesOnAPage = 10_000;
  });

  afterEach(async () => {
    undo();
    await aws.stop();
  });

  /** What CloudWatch would have of the record. */
  function publish({ from, targets }: NightRecord): void {
    const group = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/playback/1';
    aws.stacks = {
      'prod-Capacity': [
        {
          prescale: 1,
          environment: 'prod',
          target: 'us-east-1/playback',
          resourceId: 'service/cluster/service',
          guardFunction: 'guard',
          targetGroupArn: group,
          asOf: NOW,
          calendarDigest: 'sha256:x',
          toolVersion: 'test',
        },
      ],
    };
    aws.loadBalancers = { [group]: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/2' };
    const first = Date.parse(from) / 60_000;
    const { requests, ready, failures } = targets[0]!.series;
    const above = (values: readonly (number | null)[]): Map<number, number> =>
      new Map(
        values.map((value, minute): [number, number] => [first + minute, value!]).filter(([, value]) => value > 0),
      );
    const elb = 'TargetGroup=targetgroup/playback/1 LoadBalancer=app/front/2';
    aws.metrics = {
      [`AWS/ApplicationELB RequestCount ${elb} Sum`]: above(requests!),
      [`AWS/ApplicationELB HealthyHostCount ${elb} Average`]: above(ready!),
      [`AWS/ApplicationELB HTTPCode_Target_5XX_Count ${elb} Sum`]: above(failures!),
    };
  }

  test('is read, kept, and reviewed; the record says the same later', async () => {
    const { calendar, record } = nightOf(4);
    publish(record);
    const kept = path.join(calendar, 'kept.json');
    const live = await review({ calendar, record: kept, dryRun: true, json: true });
    expect(live).toMatchObject({ code: 0, err: 'kept the night in CALENDAR/kept.json\n' });
    const { review: reviewed } = JSON.parse(live.out) as { review: { proposal: object } };
    expect(reviewed.proposal).toMatchObject({ peakViewers: 6_000_000, outageMinutes: 6 });
    // A line for each series: a record is looked at in a pull request.
    const { series } = (JSON.parse(readFileSync(kept, 'utf8')) as NightRecord).targets[0]!;
    expect(series).toMatchObject({
      requests: record.targets[0]!.series.requests,
      running: series.ready!.map(() => null),
    });
    expect(readFileSync(kept, 'utf8').split('\n').length).toBeLessThan(30);
    // Years later.
    const later = await review({
      calendar,
      from: kept,
      dryRun: true,
      json: true,
      asOf: '2029-01-01T00:00:00Z',
      release: 'harbour-finale',
    });
    expect((JSON.parse(later.out) as { review: object }).review).toEqual(reviewed);
    // It is all that is left of the night.
    const again = await review({ calendar, record: kept });
    expect([again.code, again.err]).toEqual([
      1,
      'CALENDAR/kept.json: the file is there already [review/not-kept]\n   = mend: name a new one, or review it with --from\nnothing was written\n',
    ]);
    expect(fileOf(calendar)).toBe(CALENDAR);
  });

  test('that is not the one of the environment is not asked for its metrics', async () => {
    aws.account = '999999999999';
    const calendar = folderOf(CALENDAR);
    const { code, err } = await review({ calendar });
    expect([code, err]).toEqual([
      1,
      'the credentials are of account 999999999999, and prod is in 123456789012 [live/credentials]\n   = mend: sign in to 123456789012, or correct account of prod\nnothing was written\n',
    ]);
    expect(aws.calls.map(({ operation }) => operation)).toEqual(['GetCallerIdentity']);
    expect(fileOf(calendar)).toBe(CALENDAR);
  });

  test('that has nothing of the night: no data, and nothing is written', async () => {
    const { calendar, record } = nightOf(1.3);
    publish(record);
    aws.metrics = {};
    const { code, err } = await review({ calendar });
    expect(code).toBe(1);
    expect(err).toMatch(/^CALENDAR\/2026\.yaml:4:5: the record holds no data of .* \[review\/no-data\]/);
    expect(fileOf(calendar)).toBe(CALENDAR);
  });

  test('is not asked for minutes that are to come, whatever --as-of says', async () => {
    const { code, err } = await review({
      calendar: folderOf(CALENDAR.replace('2026-11-08T20', '2026-11-20T22')),
      asOf: '2026-12-01T00:00:00Z',
    });
    expect([code, err]).toEqual([
      1,
      'the night ends at 2026-11-21T02:00:00Z, and CloudWatch knows nothing of what is to come [review/not-over]\n   = mend: review it after that, whatever --as-of says\nnothing was written\n',
    ]);
    expect(aws.calls).toEqual([]);
  });

  test('is not asked for minutes that CloudWatch no longer keeps', async () => {
    const calendar = folderOf(CALENDAR.replace('2026-11-08', '2026-11-05'));
    const { code, err } = await review({ calendar });
    expect([code, err]).toEqual([
      1,
      'the night began at 2026-11-05T18:55:00Z, and CloudWatch keeps minutes for 15 days [review/too-old]\n   = mend: name a record that was kept: --from FILE\nnothing was written\n',
    ]);
    expect(aws.calls).toEqual([]);
  });
});
