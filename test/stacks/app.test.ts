import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environments } from '../../lib/environments';
import { loadPlan } from '../../lib/load-plan';
import { registered } from '../fixtures/registered';

const root = join(__dirname, '..', '..');
const { context: flags } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { context: object };

const STACK_TRACE = /^ +at /m;

/** Whole processes, on a machine that may be busy. Milliseconds. */
jest.setTimeout(60_000);

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescale-app-'));
  folders.push(folder);
  return folder;
}

/** Runs the app as the CDK CLI does, without credentials. */
function runApp(
  context: Record<string, string>,
  outdir = temporaryFolder(),
): Promise<{ exitCode: number; stderr: string; templates: Record<string, string>; outdir: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', 'bin/app.ts'],
      {
        cwd: root,
        env: {
          PATH: process.env['PATH'],
          CDK_OUTDIR: outdir,
          CDK_CONTEXT_JSON: JSON.stringify({ ...flags, ...context }),
          CDK_VALIDATION: 'false',
        },
      },
      (_, __, stderr) => {
        const files = readdirSync(outdir, { recursive: true, encoding: 'utf8' });
        const templates = files.filter((file) => file.endsWith('.template.json')).sort();
        resolve({
          exitCode: child.exitCode ?? -1,
          stderr,
          outdir,
          templates: Object.fromEntries(templates.map((file) => [file, readFileSync(join(outdir, file), 'utf8')])),
        });
      },
    );
  });
}

/** A folder with one small release. */
function calendarWith(premiere: string): string {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, '2026.yaml'),
    `releases:\n  - { id: small, title: Small, premiere: ${premiere}, kind: episode, floors: { playback: 500 } }\n`,
  );
  return folder;
}

describe('the app', () => {
  test('writes the templates of the environments that were asked for, and no others', async () => {
    const calendar = calendarWith('2026-12-04T19:00Z');
    const { exitCode, stderr, templates } = await runApp({ env: 'dev', asOf: '2026-11-20T00:00:00Z', calendar });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(Object.keys(templates).map((file) => file.replace(/[0-9A-F]{8}/, ''))).toEqual([
      'assembly-dev/devCapacity.template.json',
      'assembly-dev/devEdge.template.json',
      'assembly-dev/devPlayback.template.json',
    ]);
  });

  test.each(['2026-11-21T00:00:00Z', '2026-12-26T01:20:30Z'])(
    'registers exactly the numbers of the plan, in every environment, as of %s',
    async (asOf) => {
      const { templates } = await runApp({ asOf });
      for (const environment of environments) {
        const { targets } = loadPlan({ calendarDir: join(root, 'release-calendar'), environment, asOf });
        const [, text] = Object.entries(templates).find(([file]) => file.includes(`/${environment.name}Capacity`))!;
        const { Resources } = JSON.parse(text) as { Resources: Record<string, { Type: string; Properties: object }> };
        const found = Object.values(Resources).filter(({ Type }) => Type.endsWith('::ScalableTarget'));
        expect(found.map(({ Properties }) => Properties)).toMatchObject([registered(targets[0]!)]);
      }
    },
  );

  test.each([
    ['an unknown environment', { env: 'dev,production' }, '"production"'],
    ['a day that does not exist', { asOf: '2026-02-30T00:00:00Z' }, '"2026-02-30T00:00:00Z"'],
    ['a date without a time', { asOf: '2026-02-03' }, '"2026-02-03"'],
  ])('answers %s with exit code 2, its value, the mend and no template', async (_, context, value) => {
    const { exitCode, stderr, templates } = await runApp(context);
    expect({ exitCode, templates }).toEqual({ exitCode: 2, templates: {} });
    expect(stderr).toContain(value);
    expect(stderr).toContain('mend: ');
    expect(stderr).not.toMatch(STACK_TRACE);
  });

  test('answers a bad calendar with exit code 1, its location and no template', async () => {
    const { exitCode, stderr, templates } = await runApp({ env: 'dev', calendar: calendarWith('tomorrow') });
    expect({ exitCode, templates }).toEqual({ exitCode: 1, templates: {} });
    expect(stderr).toMatch(/2026\.yaml:2:\d+: /);
    expect(stderr).not.toMatch(STACK_TRACE);
  });
});

test('templates of an earlier run are gone when this one refuses or leaves them out', async () => {
  const first = await runApp({ env: 'dev,prod', asOf: '2026-11-21T00:00:00Z' });
  expect(Object.keys(first.templates)).toHaveLength(6);
  const left = async (context: Record<string, string>): Promise<string[]> => {
    const { templates } = await runApp(context, first.outdir);
    return [...new Set(Object.keys(templates).map((file) => file.split('/')[0]!))];
  };
  expect(await left({ env: 'dev', asOf: '2026-11-21T00:00:00Z' })).toEqual(['assembly-dev']);
  expect(await left({ env: 'dev', calendar: calendarWith('tomorrow') })).toEqual([]);
});
