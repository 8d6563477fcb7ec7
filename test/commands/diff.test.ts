import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { addDiffCommand } from '../../lib/commands/diff';
import { CHECK_DRAWS } from '../../lib/commands/outage-gate';
import { runCommandLine } from '../../lib/commands/run';
import { environment } from '../capacity/fixtures';
import { NOW } from './run';

const ROOT = path.join(__dirname, '..', '..');
const GOLDEN = path.join(__dirname, '..', 'fixtures', 'diff', 'adding-the-finale.md');
const AS_OF = '2025-12-28T00:00:00Z';
/** The same commits everywhere, whatever the machine's own configuration is. */
const GIT_ENV = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_AUTHOR_DATE: '2025-12-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.com',
  GIT_COMMITTER_DATE: '2025-12-01T00:00:00Z',
};

const VOLUME = `
  - id: volume-2
    title: Volume 2
    premiere: 2025-12-25 17:00 America/Los_Angeles
    kind: season
    audience: { peakViewers: 3_500_000, uncertainty: 0.3 }
`;
const FINALE = `
  - id: stranger-things-5-finale
    title: 'Stranger Things 5: the finale'
    premiere: 2025-12-31 17:00 America/Los_Angeles
    kind: finale
    length: PT2H8M
    audience: { peakViewers: 9_000_000, low: 6_000_000, high: 14_000_000 }
`;
const MOVED = FINALE.replace('2025-12-31 17:00', '2026-01-02 17:00');
const STATED = `
  - id: small
    title: Small
    premiere: 2026-01-10T19:00Z
    kind: episode
    floors: { playback: 200 }
    environments: [prod]
`;

jest.setTimeout(60_000);

let scratch: string;
beforeAll(() => {
  scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'prescale-diff-')));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A clone of nobody's: a repository with a calendar in its first commit, on main. */
class Repository {
  private static count = 0;
  readonly folder = path.join(scratch, `repository-${(Repository.count += 1)}`);
  readonly calendar = path.join(this.folder, 'release-calendar');

  constructor(...entries: string[]) {
    mkdirSync(this.folder);
    this.git('init', '--quiet', '--object-format=sha1', '--initial-branch=main');
    this.write('README.md', 'text\n');
    if (entries.length > 0) this.releases(...entries);
    this.commit();
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.folder, env: GIT_ENV, encoding: 'utf8', stdio: 'pipe' });
  }

  commit(): void {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message=change');
  }

  write(name: string, text: string): string {
    const file = path.join(this.folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** The one file of the calendar with these entries. */
  releases(...entries: string[]): void {
    this.write('release-calendar/2025.yaml', `releases:${entries.join('')}`);
  }

  diff(...args: string[]): ReturnType<typeof run> {
    return run('--calendar', this.calendar, '--base', 'main', '--as-of', AS_OF, '--no-rehearse', ...args);
  }

  async json(...args: string[]): Promise<{ code: number; err: string; document: Document }> {
    const { code, out, err } = await this.diff('--json', ...args);
    return { code, err, document: JSON.parse(out) as Document };
  }
}

interface Entry {
  readonly id: string;
  readonly changes: readonly { readonly field: string; readonly before: string; readonly after: string }[];
  readonly movedFrom?: { readonly premiereAt: string };
  readonly plays?: { readonly firstHour: number };
  readonly playsBefore?: { readonly firstHour: number };
}

interface Document {
  readonly schemaVersion: number;
  readonly asOf: string;
  readonly verdict: string;
  readonly base: { readonly ref: string; readonly commit: string; readonly calendarDigest: string };
  readonly head: { readonly calendarDigest: string };
  readonly releases: Readonly<Record<'added' | 'changed' | 'moved' | 'removed', readonly Entry[]>>;
  readonly environments: readonly {
    readonly name: string;
    readonly targets: readonly {
      readonly highestFloor: { readonly before: number; readonly after: number };
      readonly floorNow: { readonly before: number; readonly after: number };
      readonly actions: { readonly before: number; readonly after: number; readonly added: readonly unknown[] };
    }[];
    readonly cost: { readonly before: number; readonly after: number };
    readonly findings: Readonly<Record<'added' | 'removed', readonly { readonly code: string }[]>>;
    readonly rehearsals?: readonly { readonly release: string; readonly outage: { readonly draws: number } }[];
  }[];
  readonly diagnostics: readonly {
    readonly severity: string;
    readonly code: string;
    readonly message: string;
    readonly file?: string;
  }[];
}

const idsOf = ({ releases: { added, changed, moved, removed } }: Document): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries({ added, changed, moved, removed })
      .filter(([, list]) => list.length > 0)
      .map(([what, list]) => [what, list.map(({ id }) => id)]),
  );

/** Runs `diff` in this process. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const output = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
  };
  const code = await runCommandLine(
    (done) => {
      const program = new Command('prescale');
      addDiffCommand(program, output, () => NOW, done);
      return program;
    },
    ['diff', ...args],
    output,
  );
  return { code, ...written };
}

/** The same in a process of its own, all at once: Jest can import no module, and is slow at simulating. */
function spawnEach(runs: readonly (readonly string[])[]): { code: number; out: string; err: string }[] {
  const script = `
    const { Command } = require('commander');
    const { addDiffCommand } = require('./lib/commands/diff');
    const { runCommandLine } = require('./lib/commands/run');
    (async () => {
      const results = [];
      for (const args of JSON.parse(process.env.RUNS)) {
        const result = { out: '', err: '' };
        const output = { out: (text) => { result.out += text; }, err: (text) => { result.err += text; } };
        result.code = await runCommandLine((done) => {
          const program = new Command('prescale');
          addDiffCommand(program, output, () => new Date(), done);
          return program;
        }, ['diff', ...args], output);
        results.push(result);
      }
      console.log(JSON.stringify(results));
    })();`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--eval', script], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], RUNS: JSON.stringify(runs) },
    maxBuffer: 2 ** 26,
  });
  if (!stdout.startsWith('[')) throw new Error(`the runs failed:\n${stdout}${stderr}`);
  return JSON.parse(stdout) as { code: number; out: string; err: string }[];
}

describe('what changed', () => {
  test('a release that was added is told first, with what it does', async () => {
    const repository = new Repository(VOLUME);
    repository.releases(VOLUME, FINALE);
    const { code, out, err } = await repository.diff('--env', 'prod');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatchInlineSnapshot(`
     "1 release added: the highest floor of prod goes from 120 to 947 tasks on 31 December; 423 USD more over 90 days.

     added    stranger-things-5-finale: 2025-12-31 17:00 Los Angeles (2026-01-01 01:00 UTC), finale; 9.0 M viewers at the peak (1 in 10 below 6.0 M, 1 in 10 above 14 M); 10 M plays in the first hour, 12 M in a day

     environment  target                highest floor        actions  cost above the baseline  peak requests/s
     prod         us-east-1/playback  120 → 947 tasks  0 → 11 of 100              0 → 423 USD   none → 468,122

     findings:
       new warning: prod: stranger-things-5-finale: an overload could feed itself, because 3 retries can make 947 tasks' worth of requests 2.95 times as many, above the ceiling of 1,600 [capacity/retry-amplification]
     "
    `);
  });

  test('the comment that adds the finale is verdict first, and short', () => {
    const repository = new Repository(VOLUME);
    repository.releases(VOLUME, FINALE);
    const [result] = spawnEach([
      ['--calendar', repository.calendar, '--base', 'main', '--as-of', AS_OF, '--format', 'markdown'],
    ]);
    // A slow machine is told how far the draws are.
    expect([result!.code, result!.err.replaceAll(/^.* draws\n/gm, '')]).toEqual([0, '']);
    // GOLDEN=write writes it anew: look at it as GitHub renders it, then.
    if (process.env['GOLDEN'] === 'write') writeFileSync(GOLDEN, result!.out);
    expect(result!.out).toBe(readFileSync(GOLDEN, 'utf8'));
  });

  test('a release that moved has not been removed and added', async () => {
    const repository = new Repository(VOLUME, FINALE);
    repository.releases(MOVED, VOLUME);
    const { code, document } = await repository.json();
    expect([code, idsOf(document)]).toEqual([0, { moved: ['stranger-things-5-finale'] }]);
    expect(document.releases.moved[0]).toMatchObject({
      premiereAt: '2026-01-03T01:00:00Z',
      movedFrom: { premiereAt: '2026-01-01T01:00:00Z' },
      changes: [
        {
          field: 'premiere',
          before: '2025-12-31 17:00 Los Angeles (2026-01-01 01:00 UTC)',
          after: '2026-01-02 17:00 Los Angeles (2026-01-03 01:00 UTC)',
        },
      ],
    });
    expect(document.verdict).toBe(
      '1 release moved from 31 December to 2 January 2026: the highest floor of prod stays 947 tasks.',
    );
    const { out } = await repository.diff('--format', 'markdown');
    expect(out).toContain(
      '- moved: **Stranger Things 5: the finale** (`stranger-things-5-finale`): from 2025-12-31 17:00 Los Angeles (2026-01-01 01:00 UTC) to 2026-01-02 17:00 Los Angeles (2026-01-03 01:00 UTC)<br>was 2025-12-31 17:00 Los Angeles announced? add previously: ' +
        String.raw`\['2025-12-31 17:00 America/Los\_Angeles'\], and the floors wait for those who come then` +
        '\n',
    );
  });

  test('a moved release whose old instant is announced, or past, asks nothing', async () => {
    const announced = MOVED.replace('kind:', "previously: ['2025-12-31 17:00 America/Los_Angeles']\n    kind:");
    const repository = new Repository(VOLUME, FINALE);
    repository.releases(VOLUME, announced);
    const { out } = await repository.diff('--env', 'prod');
    expect(out).toContain('(2026-01-03 01:00 UTC); announced before: 2025-12-31 17:00 Los Angeles\n');
    expect(out).not.toContain('announced?');
    repository.commit();
    repository.releases(VOLUME, MOVED);
    expect((await repository.diff('--env', 'prod', '--base', 'HEAD')).out).toContain(
      ': no longer announced before: 2025-12-31 17:00 Los Angeles\n',
    );
    repository.releases(VOLUME, FINALE);
    repository.commit();
    repository.releases(VOLUME, MOVED);
    const later = ['--env', 'prod', '--base', 'HEAD', '--as-of', '2026-01-01T12:00:00Z'];
    expect((await repository.diff(...later)).out).not.toContain('announced?');
  });

  test('plays are those of the whole audience, whichever environment plans it', async () => {
    const repository = new Repository(VOLUME);
    repository.releases(VOLUME, FINALE);
    const playsFor = async (...args: string[]): Promise<unknown> =>
      (await repository.json(...args)).document.releases.added[0]!.plays;
    const plays = await playsFor();
    expect(plays).toMatchObject({ firstHour: expect.closeTo(10.2e6, -6) });
    expect(await playsFor('--env', 'staging')).toEqual(plays);
    repository.releases(VOLUME, FINALE.replace('2025-12-31', '2026-12-31'));
    expect(await playsFor()).toEqual(plays);
    repository.releases(VOLUME, `${FINALE}    environments: [dev]\n`);
    expect(await playsFor()).toEqual(plays);
  });

  test('a changed audience says which plays it implies, a removed release what it was', async () => {
    const repository = new Repository(VOLUME, FINALE, STATED);
    const larger = FINALE.replace('9_000_000', '11_000_000').replace('PT2H8M', 'PT2H30M\n    status: tentative');
    repository.releases(VOLUME, larger);
    const { document } = await repository.json('--env', 'prod');
    expect(idsOf(document)).toEqual({ changed: ['stranger-things-5-finale'], removed: ['small'] });
    const [finale] = document.releases.changed;
    expect(finale!.plays!.firstHour).toBeGreaterThan(finale!.playsBefore!.firstHour);
    const { out } = await repository.diff('--env', 'prod');
    expect(out).toContain(
      'changed  stranger-things-5-finale: peakViewers from 9,000,000 to 11,000,000; length from PT2H8M to PT2H30M; status from confirmed to tentative; which implies 13 M plays in the first hour, 15 M in a day, before 10 M and 12 M\n',
    );
    expect(out).toContain(
      'removed  small: 2026-01-10 19:00 UTC, episode; a stated floor of 200 in playback; in prod only\n',
    );
  });

  test.each([
    [
      'a renamed file',
      (it: Repository) => renameSync(path.join(it.calendar, '2025.yaml'), path.join(it.calendar, 'a.yaml')),
    ],
    ['other order and comments', (it: Repository) => it.releases(FINALE, '\n  # a comment', VOLUME)],
    ['another file', (it: Repository) => void it.write('README.md', 'other\n')],
    ['nothing', () => undefined],
  ])('%s is no difference, which one line says', async (_, change) => {
    const repository = new Repository(VOLUME, FINALE);
    change(repository);
    const { code, out, err } = await repository.diff();
    const commit = repository.git('rev-parse', 'HEAD').slice(0, 12);
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(`No difference: the calendar says the same as at main (${commit}).\n`);
    const { document } = await repository.json();
    expect(document.base.calendarDigest).toBe(document.head.calendarDigest);
    expect(document.environments.map(({ findings }) => findings)).toEqual(
      [...Array(3)].map(() => ({ removed: [], added: [] })),
    );
    expect((await repository.diff('--format', 'markdown')).out).toBe(
      `<!-- prescale-diff -->\n**No difference: the calendar says the same as at main (${commit}).**\n`,
    );
  });

  test('a release beyond the horizon changes no floor yet', async () => {
    const repository = new Repository(VOLUME);
    repository.releases(VOLUME, FINALE.replace('2025-12-31', '2026-12-31'));
    const { document } = await repository.json('--env', 'prod');
    expect(document.verdict).toBe(
      '1 release added: no floor changes within 90 days; prod does not plan it yet (beyond what one plan holds; a later deploy brings it in).',
    );
    const line = 'to see it as it will be planned: `prescale diff --as-of 2026-12-02T00:00:00Z`\n';
    expect((await repository.diff('--env', 'prod')).out).toContain(`\n\n${line}\n`);
    expect((await repository.diff('--env', 'prod', '--format', 'markdown')).out).toContain(`\n\n${line}\n`);
    expect(document.environments[0]!.findings.added.map(({ code }) => code)).toContain('release/deferred');
  });

  test('what others merged since is not shown as ours', async () => {
    const repository = new Repository(VOLUME, FINALE);
    repository.git('checkout', '--quiet', '-b', 'ours');
    repository.releases(VOLUME, FINALE, STATED);
    repository.commit();
    const left = repository.git('rev-parse', 'main').trim();
    repository.git('checkout', '--quiet', 'main');
    repository.releases(FINALE);
    repository.commit();
    repository.git('checkout', '--quiet', 'ours');
    const { document } = await repository.json();
    expect(idsOf(document)).toEqual({ added: ['small'] });
    expect(document.base).toMatchObject({ ref: 'main', commit: left });
  });

  test('a folder that was not there had no releases', async () => {
    const repository = new Repository();
    repository.releases(VOLUME, FINALE);
    expect(idsOf((await repository.json()).document)).toEqual({ added: ['volume-2', 'stranger-things-5-finale'] });
  });

  test('a link is followed within the commit, and a hidden file, a folder and another ending are left alone', async () => {
    const repository = new Repository();
    repository.write('shared/all.yaml', `releases:${FINALE}`);
    repository.write('release-calendar/.hidden.yaml', 'nonsense');
    repository.write('release-calendar/notes.txt', 'nonsense');
    repository.write('release-calendar/folder.yaml/file.yaml', 'nonsense');
    symlinkSync('../shared/all.yaml', path.join(repository.calendar, 'linked.yaml'));
    repository.commit();
    rmSync(path.join(repository.calendar, 'folder.yaml'), { recursive: true });
    repository.releases(VOLUME);
    expect(idsOf((await repository.json()).document)).toEqual({ added: ['volume-2'] });
  });
});

describe('errors', () => {
  const LIVE = ['--env', 'prod', '--as-of', '2026-01-01T00:30:00Z'];

  test('a floor that is live now would fall, unless that is meant', async () => {
    const repository = new Repository(VOLUME, FINALE);
    repository.releases(VOLUME, MOVED);
    const { code, out, err } = await repository.diff(...LIVE);
    expect(code).toBe(1);
    expect(err.replace(repository.folder, '')).toMatchInlineSnapshot(`
     "/release-calendar/2025.yaml:8:5: prod: the floor of us-east-1/playback that is live now would fall from 947 to 120 tasks, in the window of stranger-things-5-finale, which is open until 2026-01-01T05:05:00Z [diff/lower-floor]
        = mend: leave the entry as it is until then, or say with --accept-lower that it is meant
     "
    `);
    expect(out).toContain('1 error. 1 release moved from 31 December to 2 January 2026: ');
    const comment = await repository.diff(...LIVE, '--format', 'markdown');
    expect(comment.out).toMatch(
      /^<!-- prescale-diff -->\n\*\*1 error\. .*\n\n\* \*\*error\*\*: .*would fall from 947 to 120/,
    );

    const accepted = await repository.json(...LIVE, '--accept-lower');
    expect(accepted.code).toBe(0);
    expect(accepted.document.diagnostics).toMatchObject([{ severity: 'warning', code: 'diff/lower-floor' }]);
    expect(accepted.document.environments[0]!.targets[0]!.floorNow).toEqual({ before: 947, after: 120 });
  });

  test('a release below the highest floor of the season is told by what it changes', async () => {
    const repository = new Repository(FINALE);
    repository.releases(VOLUME, FINALE);
    const { out } = await repository.diff('--env', 'prod', '--as-of', '2025-12-20T00:00:00Z', '--no-rehearse');
    expect(out).toMatch(
      /^1 release added: in the hours that change the floor of prod goes from 120 to \d+ tasks; its highest stays 947; \d+ USD more/,
    );
  });

  test('a premiere that moves by a day, whose drill is warm now, falls with the rest of the open window', async () => {
    const repository = new Repository(VOLUME, FINALE);
    repository.releases(VOLUME, FINALE.replace('2025-12-31 17:00', '2026-01-01 17:00'));
    // In the middle of the window: the new entry's drill holds the same floor for a quarter of an hour.
    const { code, err } = await repository.diff('--env', 'prod', '--as-of', '2026-01-01T01:05:00Z');
    expect(code).toBe(1);
    expect(err).toMatch(
      /the floor of us-east-1\/playback of the window that is open now would fall at 2026-01-01T01:\d\d:00Z from \d+ to 120 tasks/,
    );
  });

  test('a floor that is live falls by a change of the environment, too', async () => {
    const live = (planningQuantile: number): string =>
      JSON.stringify([environment({ planningQuantile }, { name: 'live' })]);
    const repository = new Repository(VOLUME, FINALE);
    const file = repository.write('infra/environments.json', live(0.9));
    repository.commit();
    const asked = ['--environments', file, '--as-of', '2026-01-01T00:30:00Z'];
    repository.write('infra/environments.json', live(0.8));
    const { code, err } = await repository.diff(...asked);
    expect([code, err]).toEqual([1, expect.stringContaining('that is live now would fall from 947 to')]);
    repository.write('infra/environments.json', live(0.95));
    expect((await repository.diff(...asked)).code).toBe(0);
  });

  test('a floor that falls later is none', async () => {
    const repository = new Repository(VOLUME, FINALE);
    repository.releases(VOLUME, MOVED);
    // The first floor of the night rises at 23:55, and a deploy window takes 15 minutes.
    const codeAt = async (asOf: string): Promise<number> =>
      (await repository.diff('--env', 'prod', '--as-of', asOf)).code;
    expect([await codeAt('2025-12-31T23:30:00Z'), await codeAt('2025-12-31T23:50:00Z')]).toEqual([0, 1]);
  });

  test('a removed entry is named where it was', async () => {
    const repository = new Repository(VOLUME, FINALE);
    repository.releases(VOLUME);
    const { err } = await repository.diff(...LIVE);
    expect(err).toContain(
      'main:release-calendar/2025.yaml:8:5: prod: the floor of us-east-1/playback that is live now',
    );
  });

  test('a release that comes too late is one where the base has no floor for it, and a warning where it has', async () => {
    const repository = new Repository(VOLUME);
    repository.releases(VOLUME, FINALE);
    const late = await repository.json(...LIVE);
    expect(late.code).toBe(1);
    expect(late.document.diagnostics).toMatchObject([{ severity: 'error', code: 'capacity/too-late' }]);
    expect(late.document.diagnostics[0]!.message).toContain(
      'us-east-1/playback has a floor of 120 tasks now where 947 are needed',
    );
    repository.commit();
    repository.releases(VOLUME, FINALE.replace('the finale', 'the last one'));
    const warm = await repository.json(...LIVE, '--base', 'HEAD');
    expect([warm.code, warm.document.diagnostics, idsOf(warm.document)]).toEqual([
      0,
      [],
      { changed: ['stranger-things-5-finale'] },
    ]);
  });

  describe('a ceiling that falls', () => {
    const live = (maximum: number): string => JSON.stringify([environment({ maximum }, { name: 'live' })]);
    const CLOSE = ['--as-of', '2025-12-31T12:00:00Z'];

    test('while a window is due within a day', async () => {
      const repository = new Repository(VOLUME, FINALE);
      const file = repository.write('infra/environments.json', live(1600));
      repository.commit();
      repository.write('infra/environments.json', live(1500));
      const { code, err } = await repository.diff('--environments', file, ...CLOSE);
      expect(code).toBe(1);
      expect(err).toContain(
        `${file}: live: the maximum of us-east-1/playback falls from 1,600 to 1,500 tasks, while a window of stranger-things-5-finale is open or due within a day [diff/lower-ceiling]\n   = mend: keep it at 1600 until 2026-01-01T`,
      );
      // The day before the drill, and when it rises.
      expect((await repository.diff('--environments', file)).code).toBe(0);
      repository.write('infra/environments.json', live(1700));
      expect((await repository.diff('--environments', file, ...CLOSE)).code).toBe(0);
    });

    test('is not looked for where the file was not there, or is of no repository', async () => {
      const repository = new Repository(VOLUME, FINALE);
      const outside = path.join(scratch, 'environments.json');
      writeFileSync(outside, live(1500));
      for (const file of [outside, repository.write('infra/environments.json', live(1500))]) {
        expect(await repository.diff('--environments', file, ...CLOSE)).toMatchObject({ code: 0, err: '' });
      }
    });

    test('is looked for in modules of their folder, and a warning says when that cannot be', () => {
      const repository = new Repository(VOLUME, FINALE);
      repository.write('sizes.ts', 'export const maximum = 1600;\n');
      repository.write('infra/sizes.ts', 'export const maximum: number = 1600;\n');
      const text = (from: string): string =>
        `import { maximum } from '${from}';\nexport const environments = ${live(1600).replace('1600', 'maximum')};\n`;
      const files = [
        repository.write('infra/near.ts', text('./sizes')),
        repository.write('infra/far.ts', text('../sizes')),
      ];
      repository.commit();
      repository.write('sizes.ts', 'export const maximum = 1500;\n');
      repository.write('infra/sizes.ts', 'export const maximum: number = 1500;\n');
      const [near, far] = spawnEach(
        files.map((file) => [
          '--calendar',
          repository.calendar,
          '--base',
          'main',
          '--no-rehearse',
          '--environments',
          file,
          ...CLOSE,
        ]),
      );
      expect(near!.err).toContain('falls from 1,600 to 1,500 tasks');
      expect(near!.code).toBe(1);
      expect(far!.code).toBe(0);
      expect(far!.err).toMatch(
        /far\.ts: warning: the environments at main cannot be read, so maximums are not compared: .*sizes.* \[diff\/ceiling-not-compared\]/,
      );
      expect(far!.err).not.toContain(tmpdir() + path.sep + 'prescale-base-');
    });
  });

  test('an outage of what changed that is likelier than the budget, and of nothing else', () => {
    const other = FINALE.replace('stranger-things-5-finale', 'unchanged').replace('2025-12-31', '2026-01-20');
    const repository = new Repository(VOLUME, other);
    repository.releases(VOLUME, other, FINALE.replace('low: 6_000_000, high: 14_000_000', 'uncertainty: 0.9'));
    // Floors for the median of a forecast that is worth little.
    const file = repository.write('environments.json', JSON.stringify([environment({ planningQuantile: 0.5 })]));
    const [result] = spawnEach([
      ['--calendar', repository.calendar, '--base', 'main', '--as-of', AS_OF, '--environments', file, '--json'],
    ]);
    const document = JSON.parse(result!.out) as Document;
    expect(result!.code).toBe(1);
    expect(document.environments[0]!.rehearsals).toMatchObject([
      { release: 'stranger-things-5-finale', outage: { draws: CHECK_DRAWS } },
    ]);
    expect(document.diagnostics).toMatchObject([{ severity: 'error', code: 'rehearsal/outage-budget' }]);
    expect(document.verdict).toMatch(/^1 error\. 1 release added: .*; above the outage budget in prod\.$/);
  });

  test('a calendar that is broken at the base names the file there', async () => {
    const repository = new Repository(VOLUME.replace('season', 'seasn'));
    repository.releases(VOLUME, FINALE);
    const { code, out, err } = await repository.diff();
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatchInlineSnapshot(`
     "main:release-calendar/2025.yaml:5:11: kind must be season, episode, finale or live, got "seasn" [calendar/kind]
     5 |     kind: seasn
       |           ^^^^^
       = mend: did you mean season
     the calendar at main has an error, so there is nothing to compare with [diff/base-calendar]
        = mend: name an earlier commit with --base, whose calendar is valid
     "
    `);
    const { document } = await repository.json();
    expect(document.diagnostics.map((one) => one.code)).toEqual(['calendar/kind', 'diff/base-calendar']);
  });

  test('a calendar that is broken now is a comment, too, so that the one before goes', async () => {
    const repository = new Repository(VOLUME);
    repository.releases(FINALE.replace('peakViewers', 'peakViewer'));
    const { code, out } = await repository.diff('--format', 'markdown');
    expect(code).toBe(1);
    expect(out).toMatch(
      /^<!-- prescale-diff -->\n\*\*\d errors?: nothing can be compared\.\*\*\n\n\* \*\*error\*\*: .*2025\.yaml:/,
    );
  });

  test('a chart that cannot be written', async () => {
    const repository = new Repository(VOLUME);
    repository.releases(VOLUME, FINALE);
    const { code, err } = await repository.diff('--svg', path.join(scratch, 'none', 'a.svg'));
    expect(code).toBe(1);
    expect(err).toContain('[diff/svg]\n   = mend: name a file in a folder that exists');
  });
});

describe('the base in git', () => {
  test('is read while the work tree, the index and what is staged stay as they are', async () => {
    const repository = new Repository(VOLUME);
    repository.write('staged.txt', 'staged\n');
    repository.git('add', 'staged.txt');
    const readme = repository.write('README.md', 'not staged\n');
    repository.releases(VOLUME, FINALE);
    const look = (): unknown => [
      readFileSync(path.join(repository.folder, '.git', 'index')).toString('hex'),
      execFileSync('git', ['for-each-ref'], { cwd: repository.folder, env: GIT_ENV, encoding: 'utf8' }),
      readFileSync(readme, 'utf8'),
    ];
    const before = look();
    expect((await repository.diff('--svg', path.join(scratch, 'floors.svg'))).code).toBe(0);
    expect(look()).toEqual(before);
    expect(repository.git('status', '--porcelain')).toBe(
      ' M README.md\n M release-calendar/2025.yaml\nA  staged.txt\n',
    );
  });

  test('is that of the calendar, also in a hook of another repository', async () => {
    const [repository, other] = [new Repository(VOLUME), new Repository()];
    repository.releases(VOLUME, FINALE);
    process.env['GIT_DIR'] = path.join(other.folder, '.git');
    process.env['GIT_INDEX_FILE'] = path.join(other.folder, '.git', 'index');
    try {
      expect(idsOf((await repository.json()).document)).toEqual({ added: ['stranger-things-5-finale'] });
    } finally {
      delete process.env['GIT_DIR'];
      delete process.env['GIT_INDEX_FILE'];
    }
  });

  test('must be a commit that is there', async () => {
    const repository = new Repository(VOLUME);
    for (const [ref, mend] of [
      ['origin/main', 'git fetch origin main, or name another one'],
      ['none', 'name another one, for example --base HEAD~1'],
      ['', 'name another one'],
      ['HEAD:README.md', 'name another one'],
    ] as const) {
      const { code, out, err } = await repository.diff('--base', ref);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(`--base must be a branch, a tag or a commit of the repository, got "${ref}" [usage/base]`);
      expect(err).toContain(`= mend: ${mend}`);
    }
    expect((await repository.diff('--base=--output=x')).err).toContain('got "--output=x" [usage/base]');
  });

  test('is missing in a shallow clone, which says how to fetch it', async () => {
    const repository = new Repository(VOLUME);
    repository.git('checkout', '--quiet', '-b', 'ours');
    repository.releases(VOLUME, FINALE);
    repository.commit();
    repository.git('checkout', '--quiet', 'main');
    repository.releases(VOLUME, STATED);
    repository.commit();
    const clone = path.join(scratch, 'shallow');
    repository.git('clone', '--quiet', '--depth=1', '--branch=ours', `file://${repository.folder}`, clone);
    const calendar = ['--calendar', path.join(clone, 'release-calendar'), '--as-of', AS_OF, '--no-rehearse'];
    const unfetched = await run(...calendar);
    expect(unfetched.code).toBe(2);
    expect(unfetched.err).toContain('got "origin/main", and the clone is shallow [usage/base]');
    expect(unfetched.err).toContain('git fetch --unshallow origin; in a workflow, fetch-depth: 0 of actions/checkout');
    execFileSync('git', ['fetch', '--quiet', '--depth=1', 'origin', 'main:refs/remotes/origin/main'], {
      cwd: clone,
      env: GIT_ENV,
    });
    const apart = await run(...calendar);
    expect([apart.code, apart.out]).toEqual([2, '']);
    expect(apart.err).toContain('HEAD and origin/main have no commit in common as far as this clone knows');
  });

  test('must have a history in common', async () => {
    const repository = new Repository(VOLUME);
    repository.git('checkout', '--quiet', '--orphan', 'other');
    repository.git('commit', '--quiet', '--message=other');
    const { code, err } = await repository.diff();
    expect(code).toBe(2);
    expect(err).toContain('HEAD and main have no commit in common [usage/base]\n   = mend: name the branch');
  });

  test('needs a repository', async () => {
    const repository = new Repository(VOLUME);
    const outside = path.join(scratch, 'outside');
    cpSync(repository.calendar, outside, { recursive: true });
    const { code, err } = await run('--calendar', outside);
    expect(code).toBe(2);
    expect(err).toContain(`the calendar folder is in no git repository, got "${outside}" [usage/no-repository]`);
  });
});

describe('forms', () => {
  test('one JSON document tells what both sides were made from and what differs', async () => {
    const repository = new Repository(VOLUME);
    repository.releases(VOLUME, FINALE);
    const { document } = await repository.json('--env', 'prod');
    expect(document).toMatchObject({ schemaVersion: 1, asOf: AS_OF, base: { ref: 'main' }, diagnostics: [] });
    const [prod] = document.environments;
    const [target] = prod!.targets;
    expect(target).toMatchObject({ highestFloor: { before: 120, after: 947 }, actions: { before: 0, budget: 100 } });
    expect(target!.actions.added).toHaveLength(target!.actions.after);
    expect(prod!.cost).toMatchObject({ before: 0, currency: 'USD' });
    expect(prod!.rehearsals).toBeUndefined();
    expect(await repository.diff('--format', 'json', '--env', 'prod')).toEqual(
      await repository.diff('--json', '--env', 'prod'),
    );
  });

  test('--json and a comment are two', async () => {
    const { code, err } = await new Repository(VOLUME).diff('--json', '--format', 'markdown');
    expect(code).toBe(2);
    expect(err).toContain('[usage/format]');
  });

  test('the chart as SVG says in words what it shows', async () => {
    const repository = new Repository(VOLUME);
    repository.releases(VOLUME, FINALE);
    const file = path.join(scratch, 'chart.svg');
    await repository.diff('--env', 'prod', '--svg', file);
    const svg = readFileSync(file, 'utf8');
    expect(svg).toContain('before 120; after 120, 947 from 2025-12-31 00:55, 120 from 2025-12-31 01:15');
    expect(svg).toContain('prefers-color-scheme:dark');
  });
});
