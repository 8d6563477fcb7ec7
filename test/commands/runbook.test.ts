import {
  blocksOf,
  brokenLinksOf,
  expectUnderstood,
  inlineCodeOf,
  linksOf,
  readPage,
  scriptLines,
  wordsOf,
} from './pages';
import { prescale } from './run';

const RUNBOOK = readPage('docs/runbook.md');
const ALARMS = readPage('docs/alarms.md');

/** Command lines of `prescale` in blocks and in running text. */
const lines = [
  ...new Set(
    blocksOf(RUNBOOK, 'sh')
      .flatMap(scriptLines)
      .concat(inlineCodeOf(RUNBOOK))
      .filter((line) => line.startsWith('prescale '))
      .map((line) => line.replace(/ > \S+$/, '')),
  ),
];

test('the runbook has a line of each command of the night', () => {
  const commands = new Set(lines.map((line) => wordsOf(line)[1]));
  expect(commands).toEqual(
    new Set(['check', 'plan', 'quotas', 'verify', 'drill', 'raise', 'pause', 'end-window', 'overrides']),
  );
});

test.each(lines)('%s is understood', async (line) => {
  const [, ...args] = wordsOf(line);
  await expectUnderstood(args);
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
  expect(linksOf(RUNBOOK).length).toBeGreaterThan(20);
  expect(brokenLinksOf('docs/runbook.md')).toEqual([]);
});
