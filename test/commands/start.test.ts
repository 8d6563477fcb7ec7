import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

// A folder of its own, because the CLI locks the one that it writes to.
const OUTPUT = mkdtempSync(path.join(tmpdir(), 'prescale-start-'));
afterAll(() => rmSync(OUTPUT, { recursive: true }));

// Each of these synthesizes with the real CLI.
jest.setTimeout(60_000);

/** The main job as `npm start` runs it, without credentials. */
function start(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const environment = { PATH: process.env.PATH, HOME: process.env.HOME, CDK_OUTPUT: OUTPUT };
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', 'bin/start.ts', ...args],
      { cwd: ROOT, env: environment },
      (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

test('with nothing to come, the last season is shown as of a week before its first premiere', async () => {
  const { code, out } = await start('--calendar', 'test/fixtures/plans/past', '--as-of', '2026-11-21T00:00:00Z');
  expect(code).toBe(0);
  expect(out).toContain(
    'nothing is coming in the 90 days from 2026-11-21 00:00 UTC; shown is the last season as of 2023-12-25 12:00 UTC: ' +
      'first and second\n',
  );
  expect(out).toContain(`synth: Playback, Edge and Capacity of dev, staging and prod, templates in ${OUTPUT}\n`);
  expect(out).toContain('prod: us-east-1/playback\nas of 2023-12-25 12:00, covered until');
  expect(out).not.toContain('long-ago');
});

test('an environment whose plan is impossible gets no template, the others do, and the exit code is that of check', async () => {
  const { code, out, err } = await start(
    '--calendar',
    'test/fixtures/plans/ceiling',
    '--as-of',
    '2026-11-21T00:00:00Z',
  );
  expect(code).toBe(1);
  expect(err).toContain('test/fixtures/plans/ceiling/releases.yaml:2:5: prod: one-zero-too-many needs 6,304 tasks');
  expect(out).toContain(`synth: Playback, Edge and Capacity of dev and staging, templates in ${OUTPUT}\n`);
  expect(out).toContain('no template was written for prod: see the errors above\n');
});

test('a broken calendar is reported at once, and nothing is synthesized', async () => {
  const { code, out, err } = await start('--calendar', 'test/fixtures/plans/broken');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('releases.yaml:4:15: premiere does not exist in America/Los_Angeles');
  expect(err).not.toContain('synthesizing');
});

test('an empty calendar is no mistake: the baseline is synthesized', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'prescale-empty-'));
  try {
    writeFileSync(path.join(folder, 'releases.yaml'), 'releases: []\n');
    const { code, out } = await start('--calendar', folder, '--as-of', '2026-11-21T00:00:00Z');
    expect(code).toBe(0);
    expect(out).toContain(
      'nothing is coming in the 90 days from 2026-11-21 00:00 UTC; add a release to the calendar\n',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a mistake in its options has exit code 2', async () => {
  const { code, err } = await start('--as-of', 'tomorrow');
  expect(code).toBe(2);
  expect(err).toContain('--as-of must be a date, a time and a zone, got "tomorrow" [usage/as-of]');
});
