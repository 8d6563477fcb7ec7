import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { prescale } from './run';

const ROOT = path.join(__dirname, '..', '..');
const DOCS = path.join(ROOT, 'docs');
const RUNBOOK = readFileSync(path.join(DOCS, 'runbook.md'), 'utf8');
const ALARMS = readFileSync(path.join(DOCS, 'alarms.md'), 'utf8');

/** Command lines of `prescale` in blocks and in running text, as a shell would split them. */
const lines = [
  ...new Set(
    [...RUNBOOK.matchAll(/^```sh\n([^]*?)^```/gm)]
      .flatMap(([, block]) => block!.replaceAll('\\\n', ' ').split('\n'))
      .concat([...RUNBOOK.matchAll(/`(prescale [^`\n]+)`/g)].map(([, code]) => code!))
      .filter((line) => line.startsWith('prescale '))
      .map((line) => line.replace(/ +#.*$/, '').replace(/ > \S+$/, '')),
  ),
];

const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);

test('the runbook has a line of each command of the night', () => {
  const commands = new Set(lines.map((line) => wordsOf(line)[1]));
  expect(commands).toEqual(
    new Set(['check', 'plan', 'quotas', 'verify', 'drill', 'raise', 'pause', 'end-window', 'overrides']),
  );
});

/** Runs `prescale` in a process of its own. */
function prescaleAlone(...args: string[]): { code: number | null; err: string } {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'bin/prescale.ts', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { code: status, err: stderr };
}

// What is wrong with the last option is found after the command line has been parsed, and before anybody is asked.
test.each(lines)('%s is understood', async (line) => {
  const [, ...args] = wordsOf(line);
  // A wait takes no instant.
  const [option, value, code] = args.includes('--wait')
    ? ['--env', 'nowhere', 'usage/unknown-environment']
    : ['--as-of', 'never', 'usage/as-of'];
  // verify loads the SDK before it reads its options, by a name that Jest does not know.
  const run = args[0] === 'verify' ? prescaleAlone(...args, option, value) : await prescale(...args, option, value);
  expect(run.err).toContain(`"${value}"`);
  expect(run.err).toContain(`[${code}]`);
  expect(run.code).toBe(2);
});

test('a line with an option that does not exist would be found', async () => {
  const { err } = await prescale(
    'raise',
    '--env',
    'prod',
    '--minimum',
    '5',
    '--as-of',
    'the-instant-that-nobody-knows',
  );
  expect(err).toContain('[usage/arguments]');
});

test('every alarm of alarms.md has its next step', () => {
  const rowsOf = (text: string): string[] => [...text.matchAll(/^\| `([A-Z][A-Za-z0-9]+)`/gm)].map(([, name]) => name!);
  const alarms = new Set(rowsOf(ALARMS));
  expect(alarms.size).toBeGreaterThan(10);
  expect(new Set(rowsOf(RUNBOOK))).toEqual(alarms);
});

test('every link leads to a heading or a file', () => {
  const anchorOf = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-');
  const headings = (text: string): Set<string> =>
    new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!)));
  const files = new Set(readdirSync(DOCS));
  const links = [...RUNBOOK.matchAll(/\]\(([^)]+)\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !link.startsWith('../'));
  expect(links.length).toBeGreaterThan(20);
  const broken = links.filter((link) => {
    const [file = '', anchor] = link.split('#');
    if (file !== '' && !files.has(file)) return true;
    const text = file === '' ? RUNBOOK : readFileSync(path.join(DOCS, file), 'utf8');
    return anchor !== undefined && !headings(text).has(anchor);
  });
  expect(broken).toEqual([]);
});
