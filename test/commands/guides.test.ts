import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { parse, stringify } from 'yaml';
import type { LayerProfile, StackEnvironment } from '../../lib/capacity/environment';
import { validateEnvironment } from '../../lib/capacity/validate-environment';
import { environments } from '../../lib/environments';
import packageJson from '../../package.json';
import {
  blocksOf,
  brokenLinksOf,
  expectUnderstood,
  inlineCodeOf,
  linksOf,
  readPage,
  ROOT,
  scriptLines,
  wordsOf,
} from './pages';
import { prescale } from './run';

const GUIDES = readdirSync(path.join(ROOT, 'docs', 'guides')).map((file) => `docs/guides/${file}`);
const PAGES = ['README.md', ...GUIDES];
const CALENDAR = path.join(ROOT, 'release-calendar');
const SEASON = '2026-2027-season.yaml';

// Some start a process.
jest.setTimeout(30_000);

const FOLDER = mkdtempSync(path.join(tmpdir(), 'prescale-guides-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

/** A copy of the shipped calendar that a test may write to. */
function copyCalendar(): string {
  const folder = mkdtempSync(path.join(FOLDER, 'calendar-'));
  cpSync(CALENDAR, folder, { recursive: true });
  return folder;
}

/** Commands of a line, apart from each other, and those within `X=$(…)` in place of it. */
function commandsOf(line: string): string[] {
  const commands = [''];
  let quote = '';
  let depth = 0;
  for (const part of line.match(/&&|\$\(|[^]/g)!) {
    if (quote === '' && depth === 0 && ['&&', '|', ';'].includes(part)) {
      commands.push('');
      continue;
    }
    if (quote === '' && (part === '"' || part === "'")) quote = part;
    else if (part === quote) quote = '';
    else if (quote === '' && part.endsWith('(')) depth += 1;
    else if (quote === '' && part === ')') depth -= 1;
    commands.push(commands.pop()! + part);
  }
  return commands.flatMap((command) => {
    const inner = /^[A-Z]+=\$\((.*)\)$/.exec(command.trim())?.[1];
    return inner === undefined ? [command.replace(/ >>? ?\S+/, '').trim()] : commandsOf(inner);
  });
}

/** Command lines that readers type: of blocks, and those in running text that say more than a name. */
const lines = [
  ...new Map(
    PAGES.flatMap((page) => {
      const text = readPage(page);
      const sessions = blocksOf(text, 'console').flatMap((block) =>
        [...block.matchAll(/^\$ (.+)$/gm)].map(([, line]) => line!),
      );
      const inline = inlineCodeOf(text).filter((code) => /^(npm|npx|prescale) .*-/.test(code));
      return [...blocksOf(text, 'sh').flatMap(scriptLines), ...sessions, ...inline]
        .flatMap(commandsOf)
        .map((line) => [line, page] as const);
    }),
  ),
];

/** Programs of others. */
const FOREIGN = [
  'alias',
  'aws',
  'cd',
  'cut',
  'echo',
  'export',
  'git',
  'jq',
  'k6',
  'sed',
  'sort',
  'tail',
  'uniq',
  'xargs',
];

/** Shows what an entry does; then writes it, to a copy. */
async function tryAdd(args: readonly string[]): Promise<void> {
  const calendar = ['--calendar', copyCalendar()];
  if (args.length === 1) {
    // It would ask.
    const { code, err } = await prescale('add', '--yes', ...calendar);
    expect(err).toContain('[usage/title]');
    expect(code).toBe(2);
    return;
  }
  for (const line of [args, [...args.filter((arg) => arg !== '--dry-run'), '--yes'], ['check']]) {
    const { code, err } = await prescale(...line, ...calendar);
    expect(`${code}: ${err}`).toMatch(/^0: /);
  }
}

/** Runs the commands that ask no account and take no second, where their files are there, and parses all others. */
async function tryPrescale(args: readonly string[]): Promise<void> {
  const isMissing = ['infra/', '../'].some((folder) => args.some((arg) => arg.startsWith(folder)));
  if (args[0] === 'add') await tryAdd(args);
  else if (args.includes('--help')) expect((await prescale(...args)).code).toBe(0);
  else if (!['check', 'plan', 'diff'].includes(args[0]!) || isMissing) await expectUnderstood(args);
  else {
    // The base that every clone has; and what a rehearsal says is not of these pages.
    const { code, out, err } = await prescale(
      ...args,
      ...(args[0] === 'diff' ? ['--base', 'HEAD', '--no-rehearse'] : []),
    );
    expect(`${code}: ${err}`).toMatch(args.includes('test/fixtures/plans/broken') ? /^1: / : /^0: /);
    expect(out).not.toBe('');
  }
}

const SCRIPTS: Readonly<Record<string, string>> = packageJson.scripts;

async function tryNpm([command, ...args]: readonly string[]): Promise<void> {
  if (command === 'ci') return;
  const rest = args.filter((arg) => arg !== '-s');
  const name = command === 'run' ? rest.shift()! : command!;
  expect(Object.keys(SCRIPTS)).toContain(name);
  if (rest.length > 0) expect(rest.shift()).toBe('--');
  if (name === 'prescale') await tryPrescale(rest);
  // bench and prove:aws are run, or asked for their help, by tests of their own.
  else if (name === 'start' && rest.length > 0) await expectUnderstood(rest, 'bin/start.ts');
}

const STACKS = [
  ...readFileSync(path.join(ROOT, 'lib/stages/environment-stage.ts'), 'utf8').matchAll(/new \w+Stack\(this, '(\w+)'/g),
].flatMap(([, stack]) => environments.map(({ name }) => `${name}/${stack}`));

function tryCdk([command, ...args]: readonly string[]): void {
  expect(['synth', 'diff', 'deploy', 'rollback']).toContain(command);
  const [names, options] = [args.filter((arg) => !arg.startsWith('-')), args.filter((arg) => arg.startsWith('-'))];
  expect(['--quiet', '--exclusively']).toEqual(expect.arrayContaining(options));
  // Without a name only synth knows which are meant: all.
  if (command !== 'synth') expect(names).not.toEqual([]);
  for (const name of names) {
    const [environment, stack] = name.split('/');
    expect(STACKS).toContain(stack === '*' ? `${environment}/Capacity` : name);
  }
}

const isOurs = ([line]: readonly [string, string]): boolean => /^(npm|npx|prescale) /.test(line);

test.each(lines.filter(isOurs))('"%s" of %s works', async (line, page) => {
  const [program, ...args] = wordsOf(line);
  if (program === 'npm') await tryNpm(args);
  else if (program === 'prescale') {
    expect(readPage(page)).toContain("alias prescale='npm run -s prescale --'");
    await tryPrescale(args);
  } else {
    expect(['prescale', 'cdk']).toContain(args[0]);
    if (args[0] === 'cdk') tryCdk(args.slice(1));
    else await tryPrescale(args.slice(1));
  }
});

test('all other lines are of programs that readers have', () => {
  const programs = lines.filter((line) => !isOurs(line)).map(([line]) => wordsOf(line)[0]!);
  expect(programs.filter((program) => !FOREIGN.includes(program))).toEqual([]);
});

test('each guide has command lines', () => {
  const pages = new Set(lines.map(([, page]) => page));
  expect([...pages].toSorted()).toEqual(PAGES.toSorted());
});

test.each(PAGES)('every link of %s leads to a heading or a file', (page) => {
  expect(linksOf(readPage(page)).length).toBeGreaterThan(4);
  expect(brokenLinksOf(page)).toEqual([]);
});

test('codes that the guides explain are those of the tool', () => {
  const sources = readdirSync(path.join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(path.join(ROOT, 'lib', file), 'utf8'))
    .join('\n');
  const codes = GUIDES.flatMap((page) => inlineCodeOf(readPage(page))).filter((code) =>
    /^(calendar|capacity|diff|rehearsal|release|guard|deploy)\/[a-z-]+$/.test(code),
  );
  expect(codes.length).toBeGreaterThan(3);
  expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
});

test('the newcomer is told what check says', async () => {
  const page = readPage('docs/guides/newcomer.md');
  const folder = copyCalendar();
  const file = path.join(folder, SEASON);
  const season = readFileSync(file, 'utf8');
  const finale = season.slice(season.indexOf('- id: salt-meridian-finale'));
  const doubled = ['peakViewers', 'low', 'high'].reduce((text, field) => {
    const wanted = new RegExp(`\`${field}: ([0-9_]+)\``).exec(page)![1]!;
    const before = new RegExp(`${field}: ([0-9_]+)`).exec(text)![1]!;
    expect(Number(wanted.replaceAll('_', ''))).toBe(2 * Number(before.replaceAll('_', '')));
    return text.replace(before, wanted);
  }, finale);
  const checkWith = async (text: string): Promise<string> => {
    writeFileSync(file, season.replace(finale, text));
    const { code, err } = await prescale('check', '--env', 'prod', '--calendar', folder);
    expect(code).toBe(1);
    return err;
  };
  expect(await checkWith(doubled)).toMatch(
    /salt-meridian-finale needs [\d,]+ tasks .* above the ceiling .*\[capacity\/ceiling\]/,
  );
  expect(page).toContain('Write `peakViewers: 9.5m`');
  expect(await checkWith(finale.replace(/peakViewers: \d+_\d+_\d+/, 'peakViewers: 9.5m'))).toMatch(
    /peakViewers: 9\.5m\n.*\^\^\^\^\n.*mend: write digits, for example 9500000/,
  );
});

interface Entry {
  readonly id: string;
}

test('entries of the guides pass check, and like comes to what the day after says', async () => {
  const folder = copyCalendar();
  const file = path.join(folder, SEASON);
  // Whole entries, and fields for an entry.
  const blocks = GUIDES.flatMap((page) =>
    blocksOf(readPage(page), 'yaml').map((block) => parse(block) as { releases?: Entry[]; observed?: object }),
  );
  const entries = blocks.flatMap((block) => block.releases ?? []);
  const fields = blocks.filter((block) => !block.releases);
  expect(entries.length).toBeGreaterThanOrEqual(2);
  expect(fields.length).toBeGreaterThanOrEqual(3);
  const { releases } = parse(readFileSync(file, 'utf8')) as { releases: Entry[] };
  const observed = fields.find((block) => block.observed)!;
  const base = {
    title: 'Of a guide',
    premiere: '2027-02-20T20:00Z',
    kind: 'finale',
    audience: { peakViewers: 1_000_000 },
  };
  const last = { ...base, id: 'last-years-finale', observed: { peakViewers: 1_000_000, source: 'measured' } };
  writeFileSync(
    file,
    stringify({
      releases: [
        ...releases.map((entry) => (entry.id === 'salt-meridian-finale' ? { ...entry, ...observed } : entry)),
        last,
        ...entries,
        ...fields.map((block, index) => ({ ...base, id: `fields-${index}`, ...block })),
      ],
    }),
  );
  expect((await prescale('check', '--calendar', folder)).code).toBe(0);
  const { out } = await prescale(
    'plan',
    '--env',
    'prod',
    '--calendar',
    folder,
    '--as-of',
    '2027-11-01T00:00:00Z',
    '--json',
  );
  const plan = JSON.parse(out) as { environments: { releases: { id: string; audience: { peakViewers: number } }[] }[] };
  const next = plan.environments[0]!.releases.find(({ id }) => id === 'salt-meridian-2-finale')!;
  expect(readPage('docs/guides/day-after.md')).toContain(
    `here ${next.audience.peakViewers.toLocaleString('en-US')} viewers`,
  );
});

test('the release manager divides by the plays of the demand model', async () => {
  const folder = path.join(FOLDER, 'kinds');
  const kinds = ['finale', 'episode', 'season', 'live'];
  const releases = kinds.map((kind, index) => ({
    id: kind,
    title: kind,
    premiere: `2026-12-0${index + 1}T20:00Z`,
    kind,
    length: kind === 'live' ? 'PT2H' : undefined,
    audience: { peakViewers: 1_000_000 },
  }));
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'kinds.yaml'), stringify({ releases }));
  const { out } = await prescale('plan', '--env', 'prod', '--calendar', folder, '--json');
  const plan = JSON.parse(out) as {
    environments: { releases: { kind: string; audience: { playsFirstHour: number; playsFirstDay: number } }[] }[];
  };
  const rows = plan.environments[0]!.releases.map(({ kind, audience: { playsFirstHour, playsFirstDay } }) => [
    `\`${kind}\``,
    String(Math.round(playsFirstHour / 1e4)),
    String(Math.round(playsFirstDay / 1e4)),
    String(Math.round(playsFirstDay / 1e5) / 10),
  ]);
  const table = readPage('docs/guides/release-manager.md')
    .split('\n')
    .filter((line) => /^ *\| `(finale|episode|season|live)` +\| +\d/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  expect(rows).toEqual(table);
});

const PLATFORM = 'docs/guides/platform-engineer.md';

test('the platform engineer finds each field of an environment', () => {
  const source = readFileSync(path.join(ROOT, 'lib/capacity/environment.ts'), 'utf8');
  const fields = ['LayerProfile', 'Environment', 'StackEnvironment'].flatMap((name) => {
    const body = new RegExp(`^export interface ${name} .*\\{$([^]*?)^\\}$`, 'm').exec(source)![1]!;
    return [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(([, field]) => field!);
  });
  expect(fields.length).toBeGreaterThan(30);
  const named = new Set(inlineCodeOf(readPage(PLATFORM)));
  expect(fields.filter((field) => !named.has(field))).toEqual([]);
});

test('what the platform engineer measured fits into an environment, and asks for the baseline that bears it', () => {
  const measured = blocksOf(readPage(PLATFORM), 'ts').map(
    (block) => runInNewContext(`({${block}})`) as Partial<LayerProfile>,
  );
  expect(measured).toHaveLength(2);
  const prod = environments.find(({ name }) => name === 'prod')!;
  const playback: LayerProfile = { ...prod.layers['playback']!, ...measured[0], ...measured[1] };
  const changed: StackEnvironment = { ...prod, layers: { playback: structuredClone(playback) } };
  expect(validateEnvironment(changed).map((problem) => problem.path)).toEqual([
    'prod.layers.playback.baselineRequestsPerSecond',
  ]);
});

test('the staircase of the platform engineer fits into the load test, a quarter of an hour for each rate', async () => {
  const [staircase] = blocksOf(readPage(PLATFORM), 'js');
  const { code, out } = await prescale('rehearse', '--env', 'staging', '--emit', 'k6');
  expect(code).toBe(0);
  const names = [...staircase!.matchAll(/^const (\w+)/gm)].map(([, name]) => name!).filter((name) => name !== 'RATES');
  const without = names.reduce((script, name) => {
    const declaration = new RegExp(`^const ${name} = [^]*?;$`, 'm');
    expect(script).toMatch(declaration);
    return script.replace(declaration, '');
  }, out);
  const script = without
    .replaceAll(/^import .*$/gm, '')
    .replace('export default function', 'function test')
    .replaceAll(/^export /gm, '');
  const context = {
    http: { setResponseCallback: () => undefined, expectedStatuses: () => undefined },
    __ENV: { BASE_URL: 'https://staging.example.com' },
  };
  const { rates, stages, thresholds } = runInNewContext(
    `${staircase}\n${script}\n({ rates: RATES, stages: options.scenarios.release.stages, thresholds: Object.keys(options.thresholds) })`,
    context,
  ) as { rates: number[]; stages: { duration: string; target: number }[]; thresholds: string[] };
  expect(stages.map(({ target }) => target)).toEqual(rates.flatMap((rate) => [rate, rate]));
  expect(stages.reduce((sum, { duration }) => sum + Number(duration.replace('ms', '')), 0)).toBe(
    rates.length * 900_000,
  );
  const quarters = thresholds.filter((name) => name.startsWith('http_req_failed{'));
  expect(quarters).toHaveLength(rates.length);
  expect(quarters[1]).toBe('http_req_failed{from:T+00h15}');
});
