import { execFile } from 'node:child_process';
import path from 'node:path';
import type { CapacityPlan } from '../../lib/capacity/capacity-plan';
import { prescale } from './run';

const ROOT = path.join(__dirname, '..', '..');
const OVERLAP = ['--calendar', 'test/fixtures/plans/overlap', '--env', 'prod'];

const RAISE = ['raise', '--env', 'prod', '--min', '1200', '--why', 'a test', '--yes'];
const HOUR = ['--until', 'PT1H'];

describe('a mistake', () => {
  // The clock says 2026-11-21T00:00:00Z.
  test.each([
    [['raise', ...HOUR, '--min', '1', '--why', 'x'], "required option '--env <name>' not specified", 'raise --help'],
    [
      ['raise', '--env', 'prod', ...HOUR, '--why', 'x'],
      "required option '--min <units>' not specified",
      'raise --help',
    ],
    [['raise', '--env', 'prod', '--min', '1', ...HOUR], "required option '--why <text>' not specified", 'raise --help'],
    [[...RAISE, ...HOUR, '--env', 'pord'], 'there is no environment "pord"', 'write prod'],
    [[...RAISE, ...HOUR, '--layer', 'serach'], 'prod has no layer "serach"', 'choose from playback'],
    [
      [...RAISE, ...HOUR, '--min', '1,200'],
      '--min must be a whole number of units, got "1,200"',
      'write for example 1200',
    ],
    [
      [...RAISE, ...HOUR, '--min', '1601'],
      '--min must be at most 1,600, the ceiling of us-east-1/playback',
      'raise maximum',
    ],
    [[...RAISE, ...HOUR, '--why', ' '], '--why must be one line of 1 to 500 letters', '--why'],
    [[...RAISE, ...HOUR, '--why', 'a\nb'], '--why must be one line of 1 to 500 letters', '--why'],
    [[...RAISE, '--until', '2 hours'], '--until must be a date, a time and a zone', 'for example PT2H'],
    [[...RAISE, '--until', 'P2D'], '--until must be at most P1D ahead, got P2D', 'belongs into the calendar'],
    [[...RAISE, '--until', 'PT1.5H'], '--until must be an ISO 8601 duration of whole numbers', 'write PT1H30M'],
    [[...RAISE, '--until', 'PT2M'], '--until must be at least PT5M ahead, got PT2M', '--until PT2H'],
    [
      [...RAISE, '--until', '2026-11-20T23:00:00Z'],
      '--until must be ahead, got 2026-11-20T23:00:00Z',
      '2026-11-21T02:00',
    ],
    [['end-window', '--env', 'prod', '--why', 'x', '--min', '5'], "unknown option '--min'", 'end-window --help'],
    [
      ['drill', '--now', '--env', 'prod', '--min', '900', '--why', 'x', '--for', 'PT1M'],
      '--for must be at least PT5M ahead, got PT1M',
      'write for example --for PT15M',
    ],
    [['drill', '--env', 'prod', '--min', '900', '--why', 'x'], '--now is missing', 'drill: P1D'],
    [['drill', '--now', '--env', 'prod', '--min', '900', '--why', 'x', '--for', '15 min'], '--for must be', 'PT15M'],
    [['plan', '--format', 'yaml'], "argument 'yaml' is invalid", 'plan --help'],
  ])('in the usage, %j, has exit code 2 and a mend', async (args, message, mend) => {
    const { code, out, err } = await prescale(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err).toContain(mend);
  });

  test('of two forms at once is one document, too', async () => {
    const { code, out } = await prescale('plan', '--json', '--format', 'aws-cli');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ diagnostics: [{ code: 'usage/format', mend: 'leave one of them out' }] });
  });

  test.each([
    ['raise', '--min', '1200', ...HOUR],
    ['pause', ...HOUR],
    ['end-window'],
    ['drill', '--now', '--min', '900'],
  ])('%s without a terminal and without --yes writes nothing', async (...args) => {
    // Whoever runs one test by hand may sit at one.
    Object.defineProperty(process.stdin, 'isTTY', { value: false, configurable: true });
    const { code, err } = await prescale(...args, '--env', 'prod', '--why', 'x');
    expect([code, err]).toEqual([
      2,
      'there is no terminal to ask on, and nothing was written [usage/yes]\n   = mend: add --yes, if nobody is to be asked\n',
    ]);
  });
});

test.each(['raise', 'pause', 'end-window', 'drill', 'overrides'])('%s --help teaches', async (command) => {
  const { code, out } = await prescale(command, '--help');
  expect(code).toBe(0);
  expect(out).toMatch(/Examples:\n( +\$ prescale .*\n)+/);
  expect(out).toContain('Permissions: sts:GetCallerIdentity, ');
  expect(out).toMatch(/Exit codes: 0 fine, 1 .*, 2 wrong usage, 3 the tool itself failed\./);
});

/** Runs a process of its own, without an account. */
function run(command: string, args: readonly string[], env = {}): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { cwd: ROOT, env: { PATH: process.env['PATH'], ...env } }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

test('where AWS cannot be reached, the commands for it by hand are printed, and nothing else', async () => {
  const env = {
    // Port 9 discards, where anything listens at all.
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_ACCESS_KEY_ID: 'none',
    AWS_SECRET_ACCESS_KEY: 'none',
  };
  const args = ['--no-warnings', '--import', 'tsx', 'bin/prescale.ts', ...RAISE, ...HOUR, '--why', "it's on"];
  const { code, out, err } = await run(process.execPath, args, env);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(
    /^AWS cannot be reached: .*ECONNREFUSED.* \[live\/network\]\n {3}= mend: .*\nnothing was written;/,
  );
  // What is printed can be pasted: the record is one argument, whatever stands in it.
  const commands = err.slice(err.indexOf('# The same record'));
  const stub = `aws() { for word in "$@"; do printf '%s\\n' "$word"; done; printf -- '---\\n'; }`;
  const pasted = await run('sh', ['-euc', `${stub}\n${commands}`]);
  expect(pasted.code).toBe(0);
  const [put, register] = pasted.out.split('---\n').map((words) => words.split('\n'));
  expect(put!.slice(0, 2)).toEqual(['ssm', 'put-parameter']);
  expect(JSON.parse(put![put!.indexOf('--value') + 1]!)).toMatchObject({ kind: 'raise', min: 1200, why: "it's on" });
  expect(register!.slice(0, 2)).toEqual(['application-autoscaling', 'register-scalable-target']);
});

describe('plan --format aws-cli', () => {
  const AS_OF = ['--as-of', '2027-01-01T02:31:30Z'];

  test('registers the floor of now and puts every action ahead, as the plan holds them', async () => {
    const { out, code } = await prescale(
      'plan',
      ...OVERLAP,
      ...AS_OF,
      '--format',
      'aws-cli',
      '--stack',
      "some 'stack'",
    );
    expect(code).toBe(0);
    const json = await prescale('plan', ...OVERLAP, ...AS_OF, '--json');
    const [{ min, max, actions }] = (JSON.parse(json.out) as CapacityPlan).environments[0]!.targets as [
      CapacityPlan['environments'][0]['targets'][0],
    ];
    // The AWS CLI itself is no dependency: its arguments are what is looked at.
    const answer = `{"prescale":1,"environment":"prod","resourceId":"service/media/playback"}`;
    const [first] = actions;
    const clock = (instant: string): string => `date() { echo ${instant}; }\n`;
    const late = await run('sh', ['-euc', `${clock(first!.at)}${out}`]);
    expect(late).toEqual({
      code: 1,
      out: '',
      err: `printed for before ${first!.at}; print it anew: prescale plan --format aws-cli\n`,
    });
    const stub = `${clock('2027-01-01T02:31:30Z')}aws() { printf '%s~' "$@" >&2; printf '\\n' >&2; case "$1" in cloudformation) printf '%s\\n' '${answer}';; esac; }`;
    const { err, code: ended } = await run('sh', ['-euc', `${stub}\n${out}`]);
    expect(ended).toBe(0);
    const calls = err
      .trim()
      .split('\n')
      .map((line) => line.split('~').slice(0, -1));
    const scaled =
      '--region us-east-1 --service-namespace ecs --scalable-dimension ecs:service:DesiredCount --resource-id service/media/playback'.split(
        ' ',
      );
    expect(calls[0]!.slice(0, 6)).toEqual([
      'cloudformation',
      'describe-stacks',
      '--region',
      'us-east-1',
      '--stack-name',
      "some 'stack'",
    ]);
    expect(calls[1]).toEqual([
      'application-autoscaling',
      'register-scalable-target',
      ...scaled,
      '--min-capacity',
      String(min),
      '--max-capacity',
      String(max),
      '--suspended-state',
      expect.stringMatching(
        /^DynamicScalingInSuspended=(true|false),DynamicScalingOutSuspended=false,ScheduledScalingSuspended=false$/,
      ),
    ]);
    expect(calls.slice(2)).toEqual(
      actions.map((action) => [
        'application-autoscaling',
        'put-scheduled-action',
        ...scaled,
        '--scheduled-action-name',
        action.name,
        '--schedule',
        `at(${action.at.slice(0, 19)})`,
        '--timezone',
        'UTC',
        '--scalable-target-action',
        `MinCapacity=${action.min},MaxCapacity=${action.max}`,
      ]),
    );
    expect(actions.length).toBeGreaterThan(3);
  });

  test.each([
    ['before', '2026-12-31T00:00:00Z', 'false'],
    ['in', '2027-01-01T00:40:00Z', 'true'],
  ])('suspends scale-in while a window rises or is held: %s it', async (_, asOf, suspended) => {
    const { out } = await prescale('plan', ...OVERLAP, '--as-of', asOf, '--format', 'aws-cli');
    expect(out).toContain(`--suspended-state DynamicScalingInSuspended=${suspended},`);
  });
});
