import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/** Writes the files of all modules that were loaded by the time the process ends. */
const HOOK = `process.on('exit', () => {
  require('node:fs').writeFileSync(process.env.LOADED_MODULES_FILE, JSON.stringify(Object.keys(require.cache)));
});`;

/** What `prescale` loads to run a command, by paths under the repository. */
function loadedBy(args: readonly string[]): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'prescale-start-up-'));
  try {
    const hook = path.join(folder, 'hook.cjs');
    const list = path.join(folder, 'loaded.json');
    writeFileSync(hook, HOOK);
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--require', hook, '--import', 'tsx', 'bin/prescale.ts', ...args],
      { cwd: ROOT, encoding: 'utf8', env: { PATH: process.env.PATH, LOADED_MODULES_FILE: list } },
    );
    if (status !== 0) throw new Error(`prescale ended with ${status}:\n${stderr}`);
    const files = JSON.parse(readFileSync(list, 'utf8')) as string[];
    // Behind `?` tsx notes how it loaded a file.
    return files.map((file) => path.relative(ROOT, file.replace(/\?.*$/, '')).split(path.sep).join('/'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const EXAMPLE = 'examples/attach';

test.each([
  ['plan', ['plan', '--as-of', '2025-11-20T00:00:00Z'], 'lib/commands/plan.ts'],
  [
    'check of environments whose file imports types alone',
    ['check', '--environments', `${EXAMPLE}/environments.ts`, '--calendar', `${EXAMPLE}/release-calendar`],
    `${EXAMPLE}/environments.ts`,
  ],
])(
  '%s starts without the CDK, the SDK, the simulator and what only tests need',
  (_, args, ofItsOwn) => {
    const loaded = loadedBy(args);
    // The list is a real one.
    expect(loaded).toEqual(
      expect.arrayContaining([ofItsOwn, 'lib/capacity/plan-capacity.ts', 'node_modules/commander/index.js']),
    );
    expect(
      loaded.filter((file) =>
        /(^|\/)node_modules\/(aws-cdk-lib|constructs|cdk-nag|@aws-sdk|jest|@jest|echarts|ical-generator|pure-rand|csv-parse)\//.test(
          file,
        ),
      ),
    ).toEqual([]);
    expect(loaded.filter((file) => /^(lib\/(constructs|stacks|stages|rehearsal)|test)\//.test(file))).toEqual([]);
    // It takes half a second; a busy machine is no reason to fail.
  },
  60_000,
);
