import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runVerify, type VerifyOptions } from '../../lib/commands/run-verify';
import type { Verification } from '../../lib/live/check';

const folders: string[] = [];

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function write(text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'prescale-verify-'));
  folders.push(folder);
  writeFileSync(path.join(folder, '2026.yaml'), text);
  return folder;
}

const RELEASES = `releases:
  - { id: over, title: Over, premiere: 2026-11-01T19:00Z, kind: episode, floors: { playback: 500 } }
  - { id: night, title: Night, premiere: 2026-12-04T19:00Z, kind: episode, floors: { playback: 500 } }
  - { id: trial, title: Trial, premiere: 2026-12-05T19:00Z, kind: episode, floors: { playback: 20 }, environments: [staging] }
`;

/** Nothing here gets as far as to ask AWS. */
async function verify(options: Partial<VerifyOptions>): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const output = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
  };
  const world = {
    connect: () => {
      throw new Error('AWS was asked');
    },
    now: () => new Date('2026-12-04T18:40:00Z'),
    sleep: () => Promise.resolve(),
    signal: new AbortController().signal,
  };
  const code = await runVerify({ calendar: write(RELEASES), env: 'prod', ...options }, output, world);
  return { code, ...written };
}

test.each<[mistake: string, options: Partial<VerifyOptions>, message: string, mend: string]>([
  ['an environment that is not there', { env: 'prd' }, 'there is no environment "prd"', 'write prod'],
  ['a release that is not there', { release: 'nigth' }, 'there is no release "nigth"', 'write night'],
  ['a release of another environment', { release: 'trial' }, 'the release "trial" is not of prod', '--env staging'],
  [
    'a release that is over',
    { release: 'over' },
    'the release "over" is over, its premiere was 2026-11-01',
    'leave --release out',
  ],
  ['an instant that is none', { asOf: 'tonight' }, '--as-of', 'write'],
  ['--wait at an instant', { asOf: '2026-12-04T18:40:00Z', wait: true }, 'exclude each other', 'leave --as-of out'],
])('%s is wrong usage', async (_, options, message, mend) => {
  await expect(verify(options)).rejects.toMatchObject({
    diagnostics: [
      { message: expect.stringContaining(message) as string, mend: expect.stringContaining(mend) as string },
    ],
  });
});

test('a calendar that cannot be read is a no-go, with the place and the mend', async () => {
  const calendar = write('releases:\n  - { id: night, title: Night, premiere: soon, kind: episode }\n');
  const { code, out, err } = await verify({ calendar, json: true });
  const verification = JSON.parse(out) as Verification;
  expect(verification).toMatchObject({
    environment: 'prod',
    verdict: 'no-go',
    asOf: '2026-12-04T18:40:00Z',
    releases: [],
  });
  expect(verification.checks).toEqual([
    {
      id: 'calendar',
      target: null,
      verdict: 'no-go',
      expected: 'a calendar and an environment without errors',
      found: expect.stringMatching(/2026\.yaml:2: .*, and 1 more$/) as string,
      mend: expect.any(String) as string,
    },
  ]);
  expect(err).toContain('2026.yaml:2:');
  expect(code).toBe(1);
});
