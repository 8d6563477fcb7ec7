import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');
/** Pages that show what commands print. */
const PAGES = ['README.md', 'docs/rehearse.md'];
const SCRIPTS: Readonly<Record<string, string>> = {
  'npm start --': 'bin/start.ts',
  'npm run -s prescale --': 'bin/prescale.ts',
  'npm run -s bench --': 'bench/run.ts',
};

// The main job synthesizes with the real CLI.
jest.setTimeout(60_000);

const printed = new Map<string, Promise<string>>();

/** What a command of a page prints, on stdout and stderr, as its script in package.json would. Run once, however many pages show it. */
function run(command: string): Promise<string> {
  if (!printed.has(command)) printed.set(command, spawn(command));
  return printed.get(command)!;
}

function spawn(command: string): Promise<string> {
  const [prefix, script] = Object.entries(SCRIPTS).find(([start]) => command.startsWith(start))!;
  const args = command.slice(prefix.length).trim().split(' ');
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', script, ...args], { cwd: ROOT }, (_, out, err) =>
      resolve(out + err),
    );
  });
}

const sessions = PAGES.flatMap((page) =>
  [...readFileSync(path.join(ROOT, page), 'utf8').matchAll(/```console\n\$ (.+)\n([^`]+)```/g)].map(
    ([, command, shown]) => [command!, page, shown!.trimEnd().split('\n')] as const,
  ),
);

test('README and pages show what commands print', () => {
  expect(sessions.map(([command, page]) => [page, command.split(' -- ')[0]])).toEqual([
    ['README.md', 'npm start'],
    ['README.md', 'npm run -s prescale'],
    ['README.md', 'npm run -s bench'],
    ['README.md', 'npm run -s prescale'],
    ['docs/rehearse.md', 'npm run -s prescale'],
  ]);
});

test.each(sessions)('"%s" prints what %s says', async (command, _, shown) => {
  const lines = (await run(command)).split('\n');
  // A line with an ellipsis stands for lines that are left out; all others follow each other as printed.
  let at = 0;
  let gap = false;
  for (const line of shown) {
    if (line === '…') {
      gap = true;
      continue;
    }
    const found = gap || at === 0 ? lines.indexOf(line, at) : at;
    expect(lines[found]).toBe(line);
    at = found + 1;
    gap = false;
  }
});
