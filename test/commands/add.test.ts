import {
  chmodSync,
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
import { Command } from 'commander';
import fc from 'fast-check';
import { addAddCommand } from '../../lib/commands/add';
import type { Asker, Choice } from '../../lib/commands/asker';
import { addCheckCommand } from '../../lib/commands/check';
import { runCommandLine } from '../../lib/commands/run';
import { NOW } from './run';

const ROOT = mkdtempSync(path.join(tmpdir(), 'prescale-add-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

const TWO = `# yaml-language-server: $schema=./schema.json
releases: # ours
  - id: opening
    title: The Opening
    premiere: 2026-12-05T19:00Z # a Saturday
    kind: episode
    floors: { playback: 60 }

  # the second
  - id: second
    title: The Second
    premiere: 2026-12-19T19:00Z
    kind: finale
    audience: { peakViewers: 200_000 }
`;

const OLD = `releases:
  - id: measured
    title: Measured
    premiere: 2025-12-19T19:00Z
    kind: finale
    audience: { peakViewers: 2_000_000 }
    observed: { peakViewers: 1_000_000, source: ours }
`;

let folders = 0;
function folderWith(files: Readonly<Record<string, string>>): string {
  folders += 1;
  const folder = path.join(ROOT, String(folders));
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
}

async function run(person: (() => Promise<Asker>) | undefined, args: readonly string[], columns?: number) {
  const written = { out: '', err: '' };
  const output = {
    columns,
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
  };
  const code = await runCommandLine(
    (done) => {
      const program = new Command('prescale');
      addCheckCommand(program, output, () => NOW, done);
      // The terminal that these tests may run in is nobody's.
      addAddCommand(program, output, () => NOW, done, person ?? null);
      return program;
    },
    args,
    output,
  );
  return { code, ...written };
}

const NEW = ['--title', 'New Year', '--premiere', '2026-12-31 17:00', '--city', 'los angeles', '--kind', 'finale'];
const FULL = [...NEW, '--peak-viewers', '900k'];

const add = (folder: string, ...args: string[]) => run(undefined, ['add', '--calendar', folder, ...args]);
const check = (folder: string) => run(undefined, ['check', '--calendar', folder]);

test('an entry is shown with what it does, written, and passes check', async () => {
  const folder = folderWith({ '2026.yaml': TWO });
  const { code, out, err } = await add(folder, ...FULL, '--length', 'PT2H8M');
  expect([code, err]).toEqual([0, '']);
  expect(out.replaceAll(folder, 'FOLDER')).toMatchInlineSnapshot(`
   "  - id: new-year
       title: New Year
       premiere: 2026-12-31 17:00 America/Los_Angeles
       kind: finale
       length: PT2H8M
       audience: { peakViewers: 900_000 }

   release   UTC               local                         New York          London            Kolkata
   new-year  2027-01-01 01:00  2026-12-31 17:00 Los Angeles  2026-12-31 20:00  2027-01-01 01:00  2027-01-01 06:30

   release   environment  viewers  plays 1 h  plays 24 h  target              highest floor  rising at (UTC)   reason
   new-year  dev              9 k       10 k        12 k  us-east-2/playback        3 tasks  2026-12-31 23:55  audience at q 0.9
   new-year  staging         90 k      104 k       124 k  eu-west-1/playback       26 tasks  2026-12-31 23:55  audience at q 0.9
   new-year  prod           900 k      1.0 M       1.2 M  us-east-1/playback      253 tasks  2026-12-31 23:55  audience at q 0.9

   wrote new-year to FOLDER/2026.yaml:16
   next: prescale check --calendar FOLDER, and prescale diff --calendar FOLDER for what a reviewer will see
   "
  `);
  expect(contents(folder)['2026.yaml']).toBe(
    `${TWO}
  - id: new-year
    title: New Year
    premiere: 2026-12-31 17:00 America/Los_Angeles
    kind: finale
    length: PT2H8M
    audience: { peakViewers: 900_000 }
`,
  );
  expect((await check(folder)).code).toBe(0);
  expect(readdirSync(folder)).toEqual(['2026.yaml']);
});

test('every option ends up in the entry', async () => {
  const folder = folderWith({ '2026.yaml': TWO, 'old.yaml': OLD });
  const stated = [
    ['--id', 'night', '--title', 'Night: live', '--premiere', '2026-12-24T20:00', '--zone', 'Asia/Tokyo'],
    [
      '--kind',
      'live',
      '--length',
      'PT3H',
      '--status',
      'tentative',
      '--environment',
      'prod',
      '--environment',
      'staging',
    ],
    ['--peak-viewers', '1.5 million', '--low', '1,000,000', '--high', '2_000_000', '--floor', 'playback=1_200'],
    ['--file', '2026.yaml', '--as-of', '2026-12-01T00:00:00Z', '--yes'],
  ];
  const { code, out } = await add(folder, ...stated.flat());
  expect([code, contents(folder)['2026.yaml']!.slice(TWO.length)]).toEqual([
    0,
    `
  - id: night
    title: 'Night: live'
    premiere: 2026-12-24 20:00 Asia/Tokyo
    kind: live
    length: PT3H
    audience: { peakViewers: 1_500_000, low: 1_000_000, high: 2_000_000 }
    floors: { playback: 1_200 }
    status: tentative
    environments: [prod, staging]
`,
  ]);
  expect(out).not.toContain('dev ');
  const like = await add(folder, ...NEW, '--like', 'measured', '--growth', '1.3', '--uncertainty', '0.4');
  expect([like.code, contents(folder)['2026.yaml']]).toEqual([
    0,
    expect.stringContaining('    audience: { uncertainty: 0.4, like: measured, growth: 1.3 }\n'),
  ]);
});

test.each([
  ['2026-12-31T17:00[America/Los_Angeles]', '2026-12-31 17:00 America/Los_Angeles'],
  ['2026-12-31 17:00 America/Los_Angeles', '2026-12-31 17:00 America/Los_Angeles'],
  ['2027-01-01T01:00Z', '2027-01-01T01:00Z'],
  ['2027-11-07T01:30-08:00[America/Los_Angeles]', '2027-11-07T01:30-08:00[America/Los_Angeles]'],
])('a premiere with a zone of its own is taken as it is: %s', async (premiere, stated) => {
  const folder = folderWith({ '2026.yaml': TWO });
  const args = ['--title', 'A', '--premiere', premiere, '--kind', 'episode', '--floor', 'playback=130'];
  expect((await add(folder, ...args)).code).toBe(0);
  expect(contents(folder)['2026.yaml']).toContain(`    premiere: ${stated}\n`);
});

test('a weekly series keeps its local hour when clocks change', async () => {
  const folder = folderWith({ '2026.yaml': TWO });
  const args = ['--title', 'Harbour', '--premiere', '2027-03-01 19:00', '--city', 'boston', '--kind', 'episode'];
  const { code, out } = await add(folder, ...args, '--peak-viewers', '300k', '--weekly', '3', '--json');
  const document = JSON.parse(out);
  expect([code, document.written, document.line]).toEqual([0, true, 16]);
  expect(document.releases.map((one: { id: string; premiereAt: string }) => [one.id, one.premiereAt])).toEqual([
    ['harbour-1', '2027-03-02T00:00:00Z'],
    ['harbour-2', '2027-03-09T00:00:00Z'],
    ['harbour-3', '2027-03-15T23:00:00Z'],
  ]);
  expect(contents(folder)['2026.yaml']).toContain(
    '  - id: harbour-3\n    title: Harbour, episode 3\n    premiere: 2027-03-15 19:00 America/New_York\n',
  );
  // Beyond what a deploy of today plans, and shown all the same.
  const prod = document.releases[2].environments.find(({ name }: { name: string }) => name === 'prod');
  expect(prod.targets[0]).toMatchObject({ id: 'us-east-1/playback', floor: expect.any(Number) });
  expect(document.diagnostics.map(({ code }: { code: string }) => code)).toEqual(
    expect.arrayContaining(['release/deferred']),
  );
  expect((await check(folder)).code).toBe(0);
});

test('the offset of the first week is not that of the others', async () => {
  const folder = folderWith({ '2026.yaml': TWO });
  const args = ['--title', 'Late', '--premiere', '2027-11-07T01:30-08:00[America/Los_Angeles]', '--kind', 'finale'];
  expect((await add(folder, ...args, '--floor', 'playback=130', '--weekly', '2')).code).toBe(0);
  expect(contents(folder)['2026.yaml']).toMatch(
    /title: Late, part 1\n {4}premiere: 2027-11-07T01:30-08:00\[America\/Los_Angeles\]\n[^]*premiere: 2027-11-14 01:30 America\/Los_Angeles\n/,
  );
});

describe('the file', () => {
  test.each([
    ['of the entry that is nearest in time', { 'a.yaml': OLD, 'b.yaml': TWO }, [], 'b.yaml'],
    ['that there is', { 'b.yaml': 'releases: []\n' }, [], 'b.yaml'],
    ['of the year, where there is none', {}, [], '2026.yaml'],
    ['that is named', { 'a.yaml': OLD, 'b.yaml': TWO }, ['--file', 'a.yaml'], 'a.yaml'],
    ['that is named and new', { 'a.yaml': OLD }, ['--file', 'c.yaml'], 'c.yaml'],
    ['that is empty', { 'a.yaml': '' }, [], 'a.yaml'],
    ['without a list', { 'a.yaml': 'releases:\n' }, [], 'a.yaml'],
  ])('is that %s', async (_, files, args, name) => {
    const folder = folderWith(files);
    expect((await add(folder, ...FULL, ...args)).code).toBe(0);
    expect(contents(folder)[name]).toContain('id: new-year');
    expect((await check(folder)).code).toBe(0);
  });

  test('that is new has the line for the editor', async () => {
    const folder = folderWith({ 'schema.json': '{}' });
    await add(folder, ...FULL);
    expect(contents(folder)['2026.yaml']).toMatch(
      /^# yaml-language-server: \$schema=\.\/schema\.json\nreleases:\n {2}- id: new-year\n/,
    );
    const installed = folderWith({});
    const schema = path.join(installed, 'node_modules', 'prescale', 'release-calendar');
    mkdirSync(schema, { recursive: true });
    writeFileSync(path.join(schema, 'schema.json'), '{}');
    const calendar = path.join(installed, 'release-calendar');
    mkdirSync(calendar);
    await add(calendar, ...FULL);
    expect(contents(calendar)['2026.yaml']).toContain(
      '$schema=../node_modules/prescale/release-calendar/schema.json\n',
    );
  });

  test('keeps its permissions, and a link to it stays one', async () => {
    const folder = folderWith({});
    const real = path.join(ROOT, 'real.yaml');
    writeFileSync(real, TWO);
    chmodSync(real, 0o640);
    symlinkSync(real, path.join(folder, '2026.yaml'));
    expect((await add(folder, ...FULL)).code).toBe(0);
    expect(readFileSync(real, 'utf8')).toContain('new-year');
    expect(statSync(real).mode % 0o1000).toBe(0o640);
  });
});

describe('nothing is written', () => {
  const files = { '2026.yaml': TWO, 'old.yaml': OLD };
  const rest = ['--kind', 'finale', '--peak-viewers', '1M'];

  test.each([
    [
      'the id is taken',
      [...FULL, '--id', 'opening'],
      '2026.yaml:16:9: id "opening" is taken, first in F/2026.yaml:3 [calendar/duplicate-id]',
    ],
    [
      'the local time does not exist',
      ['--title', 'A', '--premiere', '2027-03-14 02:30', '--city', 'boston', ...rest],
      '2026.yaml:18:15: premiere does not exist in America/New_York, where clocks go from 02:00 to 03:00',
    ],
    [
      'the local time exists twice',
      ['--title', 'A', '--premiere', '2027-11-07 01:30', '--city', 'boston', ...rest],
      '2026.yaml:18:15: premiere exists twice in America/New_York',
    ],
    [
      'a week of a series has such a time',
      ['--title', 'A', '--premiere', '2027-03-07 02:30', '--city', 'boston', ...rest, '--weekly', '2'],
      '2026.yaml:24:15: premiere does not exist',
    ],
    [
      'low is above the peak',
      [...FULL, '--low', '2M'],
      '2026.yaml:20:44: low must be at most peakViewers 900_000, got 2_000_000 [calendar/low]',
    ],
    [
      'an environment is unknown',
      [...FULL, '--environment', 'prodd'],
      'environments names an unknown environment "prodd" [calendar/unknown-environment]',
    ],
    ['the layer is unknown', [...NEW, '--floor', 'paiback=60'], 'floors names an unknown layer "paiback"'],
    ['like is unknown', [...NEW, '--like', 'opening'], 'like names a release without observed.peakViewers'],
    ['the ceiling would be passed', [...NEW, '--peak-viewers', '90M'], '2026.yaml:16:5: prod: new-year needs'],
  ])('when %s', async (_, args, message) => {
    const folder = folderWith(files);
    const { code, out, err } = await add(folder, ...args, '--yes');
    expect([code, out]).toEqual([1, '']);
    expect(err.replaceAll(folder, 'F')).toContain(message);
    expect(err).toContain('nothing was written; lines of');
    expect(contents(folder)).toEqual(files);
    const json = await add(folder, ...args, '--yes', '--json');
    expect(JSON.parse(json.out)).toMatchObject({
      written: false,
      diagnostics: expect.arrayContaining([expect.objectContaining({ severity: 'error' })]),
    });
  });

  test.each([
    [
      'the list is in brackets',
      {
        'a.yaml':
          'releases: [{ id: a, title: a, premiere: 2026-12-05T19:00Z, kind: finale, floors: { playback: 60 } }]\n',
      },
      'the list releases is written in brackets',
    ],
    ['the file is no YAML', { 'a.yaml': 'releases: [\n' }, 'invalid YAML'],
    [
      'another entry is wrong',
      { 'a.yaml': TWO.replace('kind: finale', 'kind: final') },
      'kind must be season, episode, finale or live, got "final"',
    ],
    ['a file has a wrong name', { 'a.yaml': TWO, 'b.yml': TWO }, 'only *.yaml files belong to the calendar'],
  ])('when %s', async (_, broken, message) => {
    const folder = folderWith(broken);
    const { code, err } = await add(folder, ...FULL);
    expect([code, err]).toEqual([1, expect.stringContaining(message)]);
    expect(contents(folder)).toEqual(broken);
  });

  test('in a folder that is missing', async () => {
    const { code, err } = await add(path.join(ROOT, 'missing'), ...FULL);
    expect([code, err]).toEqual([1, expect.stringContaining('the calendar folder does not exist')]);
  });

  test('with --dry-run, which shows the same', async () => {
    const folder = folderWith(files);
    const dry = await add(folder, ...FULL, '--dry-run');
    expect(contents(folder)).toEqual(files);
    const wet = await add(folder, ...FULL);
    expect([dry.code, wet.code]).toEqual([0, 0]);
    const shown = (text: string): string => text.slice(0, text.lastIndexOf('\n\n'));
    expect(shown(dry.out)).toBe(shown(wet.out));
    expect(dry.out).toContain(`dry run: nothing was written; it would go to ${folder}/2026.yaml:16\n`);
  });

  test('where another entry breaks the plan already, that is no reason', async () => {
    const folder = folderWith({ 'a.yaml': TWO.replace('200_000', '90_000_000') });
    expect((await check(folder)).code).toBe(1);
    expect((await add(folder, ...FULL, '--premiere', '2027-01-20 17:00')).code).toBe(0);
  });
});

test('an error of a plan that is far away is a warning in its time', async () => {
  const folder = folderWith({ '2026.yaml': TWO });
  const { code, err } = await add(folder, ...NEW, '--peak-viewers', '90M', '--premiere', '2027-12-31 17:00');
  expect(code).toBe(0);
  expect(err).toContain('warning: prod: new-year needs');
  expect((await check(folder)).code).toBe(0);
});

test.each([
  ['2026-11-10 17:00', [], 'its premiere is before 2026-11-21 00:00 UTC'],
  ['2026-12-31 17:00', ['--status', 'cancelled'], 'it is cancelled'],
])('an entry that raises no floor says why: %s %j', async (premiere, args, reason) => {
  const { code, out } = await add(folderWith({ '2026.yaml': TWO }), ...FULL, '--premiere', premiere, ...args);
  expect([code, out]).toEqual([0, expect.stringContaining(`new-year raises no floor: ${reason}\n`)]);
});

describe('wrong usage', () => {
  test('all that is missing is named at once', async () => {
    const { code, err } = await add(folderWith({}), '--kind', 'live');
    expect([code, err.split('\n').filter((line) => line.includes('['))]).toEqual([
      2,
      [
        '--title is missing [usage/title]',
        '--premiere is missing [usage/premiere]',
        '--peak-viewers is missing [usage/peak-viewers]',
        '--length is missing [usage/length]',
      ],
    ]);
  });

  test.each([
    [['--title', ' '], 'usage/title', 'must be text'],
    [['--title', '雪の夜'], 'usage/id', 'write an id of lower case'],
    [['--id', 'My Id'], 'usage/id', 'write for example my-id'],
    [['--premiere', 'tomorrow'], 'usage/premiere', 'a date and a time of day'],
    [['--premiere', '2026-02-30 17:00'], 'usage/premiere', '2026-02 has 28 days'],
    [['--premiere', '2026-12-31 17:00 Asia/Tokyo'], 'usage/premiere', 'leave one of them out'],
    [
      ['--city', 'portland'],
      'usage/city',
      'write --zone America/Los_Angeles for Portland, Oregon or --zone America/New_York for Portland, Maine',
    ],
    [['--city', 'bostn'], 'usage/city', 'did you mean Boston'],
    [['--city', 'qqqq'], 'usage/city', 'write a larger city'],
    [['--city', 'san'], 'usage/city', '; there are '],
    [['--zone', 'Asia/Tokyo'], 'usage/arguments', 'cannot be used with'],
    [['--kind', 'film'], 'usage/arguments', 'Allowed choices'],
    [['--peak-viewers', '1,5M'], 'usage/peak-viewers', 'got "1,5M"'],
    [['--peak-viewers', 'many'], 'usage/peak-viewers', 'write for example 9_000_000 or 9M'],
    [['--like', 'opening'], 'usage/arguments', 'cannot be used with'],
    [['--uncertainty', 'x'], 'usage/uncertainty', 'must be a number'],
    [['--growth', '-1'], 'usage/growth', 'must be a number'],
    [['--floor', 'playback'], 'usage/floor', 'write for example --floor playback=160'],
    [['--floor', 'playback=1', '--floor', 'playback=2'], 'usage/floor', 'each layer once'],
    [['--length', '2h'], 'usage/length', 'write PT2H'],
    [['--status', 'maybe'], 'usage/arguments', 'Allowed choices'],
    [['--weekly', '1'], 'usage/weekly', 'from 2 to 104'],
    [['--file', '/elsewhere/2026.yaml'], 'usage/file', 'must be a *.yaml file of the calendar folder'],
    [['--file', '2026.yml'], 'usage/file', 'must be a *.yaml file of the calendar folder'],
    [['--file', '.hidden.yaml'], 'usage/file', 'must be a *.yaml file of the calendar folder'],
    [['--as-of', 'now'], 'usage/as-of', '--as-of'],
  ])('%j', async (args, code, words) => {
    const files = { '2026.yaml': TWO };
    const folder = folderWith(files);
    const result = await add(folder, ...FULL, ...args);
    expect([result.code, result.err]).toEqual([2, expect.stringContaining(`[${code}]`)]);
    expect(result.err).toContain(words);
    expect(contents(folder)).toEqual(files);
  });
});

/** Somebody who gives these answers, one after the other; a wrong one first, where two are given. */
function somebody(answers: readonly (string | boolean | readonly string[])[]) {
  const asked: string[] = [];
  const left = [...answers];
  const next = (message: string): unknown => {
    asked.push(message);
    if (left.length === 0) throw new Error(`nobody expected to be asked: ${message}`);
    return left.shift();
  };
  const asker: Asker = {
    input: (question) => {
      const answer = next(question.message) as string | readonly string[];
      const [last, ...wrong] = (typeof answer === 'string' ? [answer] : answer).toReversed();
      for (const text of wrong) {
        const said = question.validate?.(text);
        if (said === true || said === undefined) throw new Error(`${text} was taken for: ${question.message}`);
        asked.push(said);
      }
      const text = last === '' ? (question.default ?? '') : last!;
      expect(question.validate?.(text) ?? true).toBe(true);
      return Promise.resolve(text);
    },
    select: (question) => {
      const value = next(question.message) as string;
      expect(question.choices.map((choice) => choice.value)).toContain(value);
      return Promise.resolve(value);
    },
    search: (question) => {
      const [term, name] = (next(question.message) as string).split(/ ?→ /);
      const choices: readonly Choice[] = question.source(term === '' ? undefined : term);
      return Promise.resolve(choices.find((choice) => choice.name === name)!.value);
    },
    confirm: (question) => Promise.resolve(next(question.message) as boolean),
  };
  return { asked, left, person: () => Promise.resolve(asker) };
}

describe('in a terminal', () => {
  test('it asks for everything, tells what is wrong with an answer, shows the entry and writes it', async () => {
    const folder = folderWith({ '2026.yaml': TWO });
    const { asked, left, person } = somebody([
      [' ', 'The Long Night'],
      ['opening', 'No', ''],
      'finale',
      'los ang → Los Angeles (America/Los_Angeles)',
      ['soon', '2027-03-14 02:30', '2027-02-28 17:00'],
      'peak',
      ['lots', '0', '2M'],
      ['3M', '1.5M'],
      ['1M', '3M'],
      ['2h', 'PT2H'],
      true,
    ]);
    const { code, out } = await run(person, ['add', '--calendar', folder]);
    expect([code, left]).toEqual([0, []]);
    expect(asked.map((text) => text.replace(folder, 'FOLDER'))).toMatchInlineSnapshot(`
     [
       "Title, as people call it",
       "write the title",
       "Id, unique in the calendar",
       "write lower case letters, digits and hyphens",
       "another release has this id",
       "How does its audience arrive?",
       "City whose clocks the time is of",
       "Premiere, local time in America/Los_Angeles",
       "premiere does not exist in America/Los_Angeles, where clocks go from 02:00 to 03:00, got "2027-03-14 02:30 America/Los_Angeles": write 2027-03-14T01:30-08:00[America/Los_Angeles] or 2027-03-14T03:30-07:00[America/Los_Angeles]",
       "write a date and a time, for example 2026-12-31 17:00",
       "What do you know about its audience?",
       "Peak of viewers at the same time, as likely to be passed as not",
       "write a number, for example 9_000_000 or 9M",
       "write a number, for example 9_000_000 or 9M",
       "1 in 10 chance that it is below (empty: how certain is left to the kind)",
       "write at most 2_000_000",
       "1 in 10 chance that it is above",
       "write at least 2_000_000",
       "Length, for example PT2H8M (empty: by kind)",
       "length must be an ISO 8601 duration of whole numbers, got "2h": write PT2H",
       "Write the-long-night to FOLDER/2026.yaml:16?",
     ]
    `);
    expect(out).toContain('rising at (UTC)');
    expect(contents(folder)['2026.yaml']!.slice(TWO.length)).toBe(`
  - id: the-long-night
    title: The Long Night
    premiere: 2027-02-28 17:00 America/Los_Angeles
    kind: finale
    length: PT2H
    audience: { peakViewers: 2_000_000, low: 1_500_000, high: 3_000_000 }
`);
    expect((await check(folder)).code).toBe(0);
  });

  test('it asks for what no option says, and a series when it is an episode', async () => {
    const folder = folderWith({ '2026.yaml': TWO, 'old.yaml': OLD });
    const { asked, person } = somebody(['', '2', 'like', 'measured', ['0', '1.3'], '', true]);
    const args = ['--title', 'Harbour', '--premiere', '2027-01-05 19:00', '--city', 'boston', '--kind', 'episode'];
    expect((await run(person, ['add', '--calendar', folder, ...args])).code).toBe(0);
    expect(asked[1]).toBe('How many episodes, a week apart?');
    expect(contents(folder)['2026.yaml']!.slice(TWO.length)).toMatch(
      /id: harbour-1\n[^]*audience: { like: measured, growth: 1.3 }\n[^]*id: harbour-2\n/,
    );
  });

  test('a city that may be several is searched, the zones of the calendar come first, and units can be stated', async () => {
    const folder = folderWith({ '2026.yaml': TWO });
    const { asked, person } = somebody([
      'a-night',
      ' → Portland, Maine (America/New_York)',
      'floors',
      ['playback', 'playback=130'],
      'PT1H',
      true,
    ]);
    const args = ['--title', 'A Night', '--premiere', '2027-01-05 19:00', '--city', 'portland', '--kind', 'live'];
    expect((await run(person, ['add', '--calendar', folder, ...args])).code).toBe(0);
    expect(asked).toContain('City whose clocks the time is of');
    expect(contents(folder)['2026.yaml']).toContain('premiere: 2027-01-05 19:00 America/New_York\n');
    const other = somebody(['a-day', ' → UTC (UTC)', 'floors', 'playback=130', '', true]);
    const rest = ['--title', 'A Day', '--premiere', '2027-01-06 19:00', '--kind', 'finale'];
    expect((await run(other.person, ['add', '--calendar', folder, ...rest])).code).toBe(0);
  });

  test('what is complete is only confirmed, and not even that with --yes', async () => {
    const folder = folderWith({ '2026.yaml': TWO });
    const { asked, person } = somebody([false]);
    const declined = await run(person, ['add', '--calendar', folder, ...FULL]);
    expect([declined.code, declined.err]).toEqual([1, 'nothing was written\n']);
    expect(asked).toEqual([`Write new-year to ${folder}/2026.yaml:16?`]);
    expect(contents(folder)).toEqual({ '2026.yaml': TWO });
    const nobody = () => Promise.reject(new Error('nobody is to be asked'));
    expect((await run(nobody, ['add', '--calendar', folder, ...FULL, '--dry-run'])).code).toBe(0);
    expect((await run(nobody, ['add', '--calendar', folder, ...FULL, '--yes'])).code).toBe(0);
    expect((await run(nobody, ['add', '--calendar', folder, '--yes'])).code).toBe(2);
  });

  test('whoever goes away has written nothing', async () => {
    const gone = Object.assign(new Error('User force closed the prompt'), { name: 'ExitPromptError' });
    const folder = folderWith({ '2026.yaml': TWO });
    const { code, err } = await run(() => Promise.reject(gone), ['add', '--calendar', folder]);
    expect([code, err]).toEqual([1, 'nothing was written\n']);
  });

  test('a calendar with an error is told before any question', async () => {
    const folder = folderWith({ '2026.yaml': TWO.replace('kind: finale', 'kind: final') });
    const { asked, person } = somebody([]);
    expect((await run(person, ['add', '--calendar', folder])).code).toBe(1);
    expect(asked).toEqual([]);
  });

  test('a file that was changed while somebody thought is left alone', async () => {
    const folder = folderWith({ '2026.yaml': TWO });
    const file = path.join(folder, '2026.yaml');
    const { person } = somebody([true]);
    const slow = (): Promise<Asker> => {
      writeFileSync(file, OLD);
      return person();
    };
    const { code, err } = await run(slow, ['add', '--calendar', folder, ...FULL]);
    expect([code, err]).toEqual([1, expect.stringContaining('the file was changed in the meantime')]);
    expect(readFileSync(file, 'utf8')).toBe(OLD);
  });
});

test('add, then check always passes, and every comment stays', async () => {
  const entry = fc.record({
    day: fc.integer({ min: 0, max: 500 }),
    hour: fc.integer({ min: 0, max: 23 }),
    zone: fc.constantFrom('America/New_York', 'Europe/London', 'Asia/Kolkata', 'Pacific/Chatham'),
    kind: fc.constantFrom('season', 'episode', 'finale', 'live'),
    viewers: fc.integer({ min: 1, max: 2_000_000 }),
    weekly: fc.constantFrom([], ['--weekly', '2']),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 3 }), async (entries) => {
      const folder = folderWith({ '2026.yaml': TWO, 'old.yaml': OLD });
      for (const [index, { day, hour, zone, kind, viewers, weekly }] of entries.entries()) {
        const date = new Date(Date.UTC(2026, 10, 10 + day)).toISOString().slice(0, 10);
        const premiere = `${date} ${String(hour).padStart(2, '0')}:30`;
        const before = contents(folder);
        const args = [
          ['--id', `new-${index}`, '--title', `New: ${index}`, '--premiere', premiere, '--zone', zone],
          ['--kind', kind, '--peak-viewers', String(viewers), '--length', 'PT2H', ...weekly],
        ];
        const { code } = await add(folder, ...args.flat());
        if (code === 1) expect(contents(folder)).toEqual(before);
        else expect([code, (await check(folder)).code]).toEqual([0, 0]);
      }
      for (const comment of ['$schema=./schema.json', '# ours', '# a Saturday', '\n\n  # the second\n']) {
        expect(contents(folder)['2026.yaml']).toContain(comment);
      }
      expect(contents(folder)['old.yaml']!.startsWith(OLD.trimEnd())).toBe(true);
    }),
    { numRuns: 8 },
  );
});
