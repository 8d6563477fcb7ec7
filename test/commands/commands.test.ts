import { readFileSync, writeFileSync } from 'node:fs';
import type { CapacityPlan } from '../../lib/capacity/capacity-plan';
import { NOW, prescale, prescaleIn } from './run';

const OVERLAP = 'test/fixtures/plans/overlap';
const CEILING = 'test/fixtures/plans/ceiling';
const BROKEN = 'test/fixtures/plans/broken';

/** Compares with a file beside the calendar, which GOLDEN=write refreshes. */
function expectGolden(file: string, text: string): void {
  if (process.env.GOLDEN === 'write') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

describe('plan', () => {
  test.each([
    ['a night with overlapping releases', OVERLAP, 'plan', ['--as-of', '2026-12-01T00:00:00Z', '--horizon', 'P120D']],
    ['the same in the middle of the window', OVERLAP, 'mid-window', ['--as-of', '2027-01-01T02:31:30Z']],
    ['the reported season', 'release-calendar', '', ['--as-of', '2025-11-20T00:00:00Z']],
  ])('prints %s as a table', async (_, calendar, name, args) => {
    const { code, out, err } = await prescale('plan', '--calendar', calendar, '--env', 'prod', ...args);
    expect([code, err]).toEqual([0, '']);
    expectGolden(name ? `${calendar}/${name}.txt` : 'test/fixtures/plans/season-2025.txt', out);
  });

  test('shows capacity full before both reported premieres, and Christmas at what its own audience needs', async () => {
    const { out } = await prescale('plan', '--json', '--env', 'prod', '--as-of', '2025-11-20T00:00:00Z');
    const [environment] = (JSON.parse(out) as CapacityPlan).environments;
    const [target] = environment!.targets;
    const highest = (from: string, to: string): number =>
      Math.max(...target!.actions.filter(({ at }) => at >= from && at < to).map(({ min }) => min));
    const need = (id: string) => environment!.releases.find((release) => release.id === id)!.targets[0]!.units;
    expect(highest('2025-11-26T23:00', '2025-11-27T00:00')).toBe(need('stranger-things-5-volume-1'));
    expect(highest('2025-12-25T20:00', '2025-12-26T12:00')).toBe(need('stranger-things-5-volume-2'));
    expect(highest('2025-12-31T23:00', '2026-01-01T00:00')).toBe(need('stranger-things-5-finale'));
    // 3.5 M viewers of a season, q 0.9 of low 2.3 M and high 5.3 M: 1.7647 · (3.5/9 · 168,351 · e^(1.2816 · 0.3257) + 68,000) / 1000
    expect(need('stranger-things-5-volume-2')).toBe(296);
  });

  test('leaves columns out where the terminal is narrow, and none where there is no terminal', async () => {
    const tables = ({ out }: { out: string }): string[] =>
      out.split('\n').filter((line) => /^(premiere|action|20)/.test(line));
    const narrow = tables(await prescaleIn(80, 'plan', '--calendar', OVERLAP, '--env', 'prod'));
    const wide = tables(await prescale('plan', '--calendar', OVERLAP, '--env', 'prod'));
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(narrow.filter((line) => /^(premiere|action)/.test(line))).toEqual([
      expect.stringMatching(/^premiere +UTC +release +floor$/),
      expect.stringMatching(/^action at \(UTC\) +(local +)?floor +change +why/),
    ]);
    expect(wide[0]).toMatch(/plays 24 h .*reason$/);
  });

  test('prints one JSON document that keeps the contract', async () => {
    const { code, out, err } = await prescale('plan', '--json', '--calendar', OVERLAP);
    const document = JSON.parse(out) as CapacityPlan & { diagnostics: unknown[] };
    expect([code, err]).toEqual([0, '']);
    expect(Object.keys(document)).toEqual([
      'schemaVersion',
      'asOf',
      'calendarDigest',
      'toolVersion',
      'environments',
      'diagnostics',
    ]);
    expect(document.asOf).toBe('2026-11-21T00:00:00Z');
    expect(document.calendarDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(document.environments.map(({ name }) => name)).toEqual(['dev', 'staging', 'prod']);
    for (const { targets, cost, horizonEnd } of document.environments) {
      expect(horizonEnd).toBe('2027-02-19T00:00:00Z');
      expect(Object.keys(cost).toSorted()).toEqual([
        'amount',
        'baselineAmount',
        'baselineUnitHours',
        'currency',
        'unitHours',
      ]);
      expect(Object.keys(targets[0]!)).toEqual([
        'id',
        'namespace',
        'dimension',
        'unit',
        'baseline',
        'min',
        'max',
        'leadTime',
        'actions',
        'required',
        'windows',
        'deferred',
        'coveredUntil',
        'cost',
      ]);
    }
  });

  test('keeps the environments asked for in their own order', async () => {
    const { out } = await prescale('plan', '--json', '--env', 'prod', '--env', 'dev');
    expect((JSON.parse(out) as CapacityPlan).environments.map(({ name }) => name)).toEqual(['dev', 'prod']);
  });

  test('of a calendar with nothing to come says that the baseline stays', async () => {
    const { code, out } = await prescale('plan', '--env', 'dev', '--calendar', 'test/fixtures/plans/past');
    expect(code).toBe(0);
    expect(out).toContain('no release is coming: the baseline stays');
  });
});

describe('check', () => {
  test('counts what it found, on the real calendar without an error', async () => {
    const { code, out } = await prescale('check');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^release-calendar: \d+ releases, 0 errors, 0 warnings\ndev: 0 errors, \d+ warnings?, planned until/,
    );
  });

  test('validates entries of the past, and names what is wrong with each', async () => {
    const { code, out, err } = await prescale('check', '--calendar', BROKEN);
    expect([code, out]).toEqual([1, `${BROKEN}: 4 errors, 0 warnings\n`]);
    expectGolden(`${BROKEN}/check.txt`, err);
  });

  test('and plan agree in their exit codes, and a plan that is impossible is located at its release', async () => {
    for (const command of ['check', 'plan']) {
      const { code, err } = await prescale(command, '--calendar', CEILING, '--env', 'prod');
      expect(code).toBe(1);
      expect(err).toContain(
        `${CEILING}/releases.yaml:2:5: prod: one-zero-too-many needs 6,304 tasks in us-east-1/playback from ` +
          '2027-01-01T00:00:00Z on, above the 5,000 tasks of an ECS service, which AWS does not raise [limit/ecs-tasks-per-service]',
      );
      expect((await prescale(command, '--calendar', CEILING, '--env', 'dev')).code).toBe(0);
    }
  });

  test('prints findings as JSON, without floors', async () => {
    const { code, out } = await prescale('check', '--json', '--calendar', CEILING);
    const document = JSON.parse(out) as Record<string, unknown> & CapacityPlan;
    expect(code).toBe(1);
    expect(document.environments.map((environment) => Object.keys(environment))).toEqual(
      Array<string[]>(3).fill(['name', 'findings']),
    );
    expect(document.environments[2]!.findings[0]).toMatchObject({ severity: 'error', releases: ['one-zero-too-many'] });
    expect(document.diagnostics).toMatchObject([{ code: 'limit/ecs-tasks-per-service', line: 2, column: 5 }]);
  });
});

describe('a mistake', () => {
  test.each([
    [['plan', '--env', 'pord'], 'there is no environment "pord" [usage/unknown-environment]', 'write prod'],
    [['plan', '--as-of', 'yesterday'], '--as-of must be a date, a time and a zone, got "yesterday"', 'mend:'],
    [['check', '--as-of', '2026-02-30T00:00:00Z'], '2026-02-30', 'mend:'],
    [['plan', '--horizon', '3 months'], 'horizon must be an ISO 8601 duration', 'mend:'],
    [['plan', '--horizn', 'P1D'], "unknown option '--horizn'", 'Did you mean --horizon?'],
    [['plan', '--env'], "option '--env <name>' argument missing", 'prescale plan --help'],
    [['paln'], "unknown command 'paln'", 'Did you mean plan?'],
    [[], 'Usage: prescale', 'Commands:'],
  ])('in the usage, %j, has exit code 2, a mend, and no stack trace', async (args, message, mend) => {
    const { code, out, err } = await prescale(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err).toContain(mend);
    expect(err).not.toMatch(/^ +at /m);
  });

  test.each([
    [['plan', '--json', '--env', 'pord'], 2, 'usage/unknown-environment'],
    [['plan', '--json', '--horizon', '3d'], 2, 'usage/horizon'],
    [['plan', '--json', '--calendar', BROKEN], 1, 'calendar/premiere-skipped'],
    [['check', '--json', '--calendar', 'nowhere'], 1, 'calendar/folder'],
  ])('with --json is one document on stdout, too: %j', async (args, exitCode, problem) => {
    const { code, out } = await prescale(...args);
    const document = JSON.parse(out) as {
      schemaVersion: number;
      diagnostics: { code: string }[];
      environments?: unknown;
    };
    expect([code, document.schemaVersion, document.environments]).toEqual([exitCode, 1, undefined]);
    expect(document.diagnostics.map((diagnostic) => diagnostic.code)).toContain(problem);
  });

  test('in the calendar has nothing on stdout but what was found', async () => {
    const { code, out, err } = await prescale('plan', '--calendar', BROKEN);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`${BROKEN}/releases.yaml:5:11:`);
  });
});

test.each([['--help'], ['plan', '--help'], ['check', '--help']])(
  '%s %s teaches, with examples and exit codes',
  async (...args) => {
    const { code, out, err } = await prescale(...args);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('Examples:');
    expect(out).toMatch(/Exit codes: 0 fine, 1 .*, 2 wrong usage, 3 the tool itself failed\./);
  },
);

test('now is the default of --as-of', async () => {
  const { out } = await prescale('plan', '--json', '--env', 'dev');
  expect((JSON.parse(out) as CapacityPlan).asOf).toBe(NOW.toISOString().replace('.000', ''));
});
