import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { playReactive, readScene, REPORTED_NIGHTS, search, stage } from '../../bench/nights';

const ROOT = path.join(__dirname, '..', '..');
const HOUR = 3600;

// The searches of the page take ten seconds in a process of their own, and many times that where Jest stands between a program and its globals.
jest.setTimeout(120_000);

test('docs/reported-nights.md shows what the benchmark prints', async () => {
  const page = readFileSync(path.join(ROOT, 'docs', 'reported-nights.md'), 'utf8');
  const shown = [...page.matchAll(/```text\n([^`]+)```/g)].map(([, block]) => block!);
  const bench = ['--import', 'tsx', 'bench/run.ts', '--only', 'nights'];
  const { stdout } = await promisify(execFile)(process.execPath, bench, { cwd: ROOT });
  // The first line names the machine.
  expect(`\n${shown.join('\n')}`).toBe(stdout.slice(stdout.indexOf('\n') + 1));
});

test('each night of the calendar that was reported is looked for, and the control alone is not', () => {
  const { calendar } = readScene('luke-cage-1');
  const observed = calendar.releases.filter((release) => release.observed);
  expect(REPORTED_NIGHTS.map(({ id }) => id)).toEqual(observed.map(({ id }) => id));
  const withoutOutage = observed.filter((release) => release.observed!.outageMinutes === 0).map(({ id }) => id);
  expect(REPORTED_NIGHTS.filter(({ ways }) => ways.length === 0).map(({ id }) => id)).toEqual(withoutOutage);
});

test('what is found in the hours around the drop happens in a span of two days, too', () => {
  const night = REPORTED_NIGHTS.find(({ id }) => id === 'stranger-things-5-finale')!;
  const scene = readScene(night.id);
  const way = night.ways.find(({ words }) => words === 'audience, sheds')!;
  const found = search(scene, way);
  if (!('hits' in found)) throw new Error('nothing was found');
  const { spec } = scene;
  const days = stage(
    { spec: { ...spec, from: spec.from - 24 * HOUR, to: spec.to + 19 * HOUR } },
    way.setting(found.times),
  );
  for (const { tasks, run } of found.hits) {
    const { outageMinutes, firstOutageAt } = playReactive(days, tasks);
    expect({ tasks, outageMinutes, firstOutageAt }).toEqual({
      tasks,
      outageMinutes: run.outageMinutes,
      firstOutageAt: run.firstOutageAt,
    });
  }
});
