import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CapacityPlan } from '../../lib/capacity/capacity-plan';
import { environment } from '../capacity/fixtures';
import { prescale } from './run';

const ROOT = path.join(__dirname, '..', '..');

const live = environment({}, { name: 'live', region: 'eu-west-1' });
const preview = environment({}, { name: 'preview', demandFactor: 0.1 });

let folder: string;
let calendar: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prescale-environments-'));
  calendar = path.join(folder, 'release-calendar');
  mkdirSync(calendar);
  const small = {
    id: 'small',
    title: 'Small',
    premiere: '2026-12-04T19:00Z',
    kind: 'episode',
    floors: { playback: 150 },
  };
  write('release-calendar/releases.yaml', { releases: [small] });
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: unknown): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

/** Of all files at once, because Jest itself cannot import a module: what `check` says of each, by this Node with or without tsx. */
function checkEach(files: readonly string[], tsx = true): { code: number; out: string; err: string }[] {
  const script = `
    const { runProgram } = require('./lib/commands/program');
    (async () => {
      const results = [];
      for (const file of JSON.parse(process.env.FILES)) {
        const result = { out: '', err: '' };
        const output = { out: (text) => { result.out += text; }, err: (text) => { result.err += text; } };
        const args = ['check', '--calendar', process.env.CALENDAR, '--environments', file];
        result.code = await runProgram(args, output, () => new Date('2026-12-01T00:00:00Z'));
        results.push(result);
      }
      console.log(JSON.stringify(results));
    })();`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...(tsx ? ['--import', 'tsx'] : ['--require', 'tsx/cjs']), '--eval', script],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], CALENDAR: calendar, FILES: JSON.stringify(files) },
    },
  );
  if (!stdout.startsWith('[')) throw new Error(`the runs failed:\n${stdout}${stderr}`);
  return JSON.parse(stdout) as { code: number; out: string; err: string }[];
}

const names = (out: string): string[] => (JSON.parse(out) as CapacityPlan).environments.map(({ name }) => name);

describe('--environments', () => {
  test.each([
    ['a list', [live, preview]],
    ['a list under its name', { environments: [live, preview] }],
  ])('plans the environments of %s in JSON, and no others', async (_, content) => {
    const file = write('environments.json', content);
    const { code, out, err } = await prescale('plan', '--json', '--calendar', calendar, '--environments', file);
    expect([code, err, names(out)]).toEqual([0, '', ['live', 'preview']]);
  });

  test('is what --env selects among', async () => {
    const file = write('environments.json', [live, preview]);
    const args = ['--json', '--calendar', calendar, '--environments', file];
    expect(names((await prescale('plan', ...args, '--env', 'preview')).out)).toEqual(['preview']);
    const { code, err } = await prescale('plan', ...args, '--env', 'prod');
    expect(code).toBe(2);
    expect(err).toContain(
      'there is no environment "prod" [usage/unknown-environment]\n   = mend: choose from live, preview',
    );
  });

  test('names that file where a message names the repository’s own otherwise', async () => {
    const file = write('environments.json', [
      { ...live, layers: { playback: { ...live.layers['playback'], maximum: 1 } } },
    ]);
    const broken = await prescale('check', '--calendar', calendar, '--environments', file);
    expect(broken.code).toBe(1);
    expect(broken.err).toContain(
      `${file}: live: layers.playback.maximum must be a whole number of at least the baseline`,
    );

    const { requestsPerSecondSource: _, ...unmeasured } = live.layers['playback']!;
    write('environments.json', [{ ...live, layers: { playback: unmeasured } }]);
    const placeholder = await prescale('check', '--calendar', calendar, '--environments', file);
    expect(placeholder.code).toBe(0);
    expect(placeholder.err).toContain(`${file}: warning: live: 1,000 requests per second of one task`);
  });

  test('reports what is wrong in an environment as a problem of it, and not in one that is not planned', async () => {
    const file = write('environments.json', [live, { name: 'half', region: 'eu-west-1' }]);
    const all = await prescale('check', '--calendar', calendar, '--environments', file);
    expect([all.code, all.out]).toEqual([1, `${calendar}: 1 release, 3 errors, 0 warnings\n`]);
    expect(all.err).toContain(`${file}: half: layers must be given, got nothing [environment/layers]`);
    expect((await prescale('check', '--calendar', calendar, '--environments', file, '--env', 'live')).code).toBe(0);
  });

  test.each<[string, string, unknown, string, string]>([
    ['is not JSON', 'a.json', '[{]', 'the file cannot be loaded: ', 'mend the JSON'],
    ['holds no list', 'b.json', { live }, 'there is no export environments', 'export const environments = '],
    ['names no list', 'c.json', { environments: live }, 'environments must be a list, got a mapping', 'export const'],
    ['holds an empty list', 'd.json', [], 'environments must hold at least one', 'export const'],
    [
      'holds something else',
      'e.json',
      [live, 'prod'],
      'environments[1] must be an environment with a name, got "prod"',
      'export const',
    ],
    ['holds one without a name', 'f.json', [{}], 'environments[0] must be an environment with a name', 'export const'],
    ['holds two of one name', 'g.json', [live, live], 'two environments are named "live"', 'rename or remove one'],
  ])('is refused when the file %s', async (_, name, content, message, mend) => {
    const file = write(name, content);
    for (const command of ['check', 'plan']) {
      const { code, out, err } = await prescale(command, '--environments', file);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(`${file}: ${message}`);
      expect(err).toContain(`[usage/environments]\n   = mend: ${mend}`);
      expect(err).not.toMatch(/^ +at /m);
    }
  });

  test('is refused when there is no such file, also as one JSON document', async () => {
    mkdirSync(path.join(folder, 'folder.js'));
    const missing = await prescale('check', '--environments', path.join(folder, 'none.js'));
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('none.js: the file does not exist [')]);
    const isFolder = await prescale('check', '--json', '--environments', path.join(folder, 'folder.js'));
    expect(isFolder.code).toBe(2);
    expect(JSON.parse(isFolder.out)).toMatchObject({
      diagnostics: [
        { code: 'usage/environments', message: 'this is not a file', file: path.join(folder, 'folder.js') },
      ],
    });
  });
});

describe('a module of environments', () => {
  const list = JSON.stringify([live]);

  test('may export them by name or by default, in every form that Node loads, and in TypeScript', () => {
    const files = [
      write('named.mjs', `export const environments = ${list};`),
      write('default.mjs', `export default ${list};`),
      write('named.cjs', `exports.environments = ${list};`),
      write('default.cjs', `module.exports = ${list};`),
      // What compilers make of a default export.
      write(
        'compiled.cjs',
        `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = ${list};`,
      ),
      write('typed.ts', `const environments: readonly object[] = ${list};\nexport { environments };`),
      write('typed-default.mts', `export default ${list} satisfies object[];`),
      path.relative(ROOT, write('relative.js', `module.exports = { environments: ${list} };`)),
      'examples/attach/environments.ts',
      'lib/environments.ts',
    ];
    const results = checkEach(files);
    expect(results.map(({ code, err }) => [code, err.includes('error')])).toEqual(files.map(() => [0, false]));
    expect(results.slice(0, -1).map(({ out }) => /^live: /m.test(out))).toEqual(files.slice(0, -1).map(() => true));
    expect(results.at(-1)!.out).toMatch(/^dev: .*\nstaging: .*\nprod: /m);
  }, 60_000);

  test('that does not load is a mistake of usage, with its message and where to look', () => {
    const cases: [string, string, string][] = [
      ['syntax.mjs', 'export const environments = [', 'the file cannot be loaded: Unexpected end of input'],
      ['syntax.ts', 'export const environments: = [];', 'the file cannot be loaded: '],
      ['throws.mjs', "throw new Error('no\\nnetwork');", 'the file cannot be loaded: no network'],
      ['throws-nothing.cjs', 'throw null;', 'the file cannot be loaded: null'],
      ['lacks.mjs', "import './nowhere.mjs';", 'the file cannot be loaded: Cannot find module'],
      ['other.mjs', `export const environment = ${list};`, 'there is no export environments'],
      ['itself.cjs', 'module.exports.default = module.exports;', 'environments must be a list, got a mapping'],
      ['promise.mjs', `export const environments = async () => ${list};`, 'environments must be a list, got function'],
      ['notes.txt', 'live', 'the file cannot be loaded: '],
    ];
    const files = cases.map(([name, content]) => write(name, content));
    for (const [index, { code, out, err }] of checkEach(files).entries()) {
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(`${files[index]}: ${cases[index]![2]}`);
      expect(err).toMatch(/\[usage\/environments\]\n {3}= mend: .+\n$/);
    }
  }, 60_000);

  test('holds plain data, and a file that never ends has not succeeded', () => {
    const list = JSON.stringify([live]);
    const getter = `const list = ${list}; Object.defineProperty(list[0], 'region', { enumerable: true, get() { throw new Error('no'); } });`;
    const [throws, functions] = checkEach([
      write('getter.cjs', `${getter} exports.environments = list;`),
      write('function.cjs', `exports.environments = [{ ...${list}[0], region: () => 1 }];`),
    ]);
    expect(throws).toMatchObject({ code: 2, err: expect.stringContaining('environments must be plain data: no') });
    expect(functions).toMatchObject({ code: 2, err: expect.stringContaining('environments must be plain data: ') });

    const waiting = write('waiting.mjs', 'await new Promise(() => {}); export const environments = [];');
    const args = ['--import', 'tsx', 'bin/prescale.ts', 'check', '--calendar', calendar, '--environments', waiting];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    expect([status, stdout]).toEqual([3, '']);
  });

  test('in TypeScript is loaded by a Node that can, and refused with a way out by one that cannot', () => {
    const file = write('typed.ts', `export const environments: readonly object[] = ${list};`);
    const [result] = checkEach([file], false);
    if ('typescript' in process.features && process.features.typescript) expect(result!.code).toBe(0);
    else {
      expect([result!.code, result!.out]).toEqual([2, '']);
      expect(result!.err).toBe(
        `${file}: this Node does not run TypeScript [usage/environments]\n` +
          '   = mend: compile it and name the .js file, or run prescale under tsx; Node 22.18 and later need neither\n',
      );
    }
  }, 60_000);
});
