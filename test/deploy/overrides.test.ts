import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeScalableTargetsCommand } from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetParametersByPathCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Override } from '../../lib/capacity/override';
import { environments } from '../../lib/environments';
import { describeDeploys, describeTarget, type Fault, ROOT } from './local-account';
import { enterWindow, follow, HELD, type Plan, Prod, writeEvenings } from './product';

const CALENDAR = writeEvenings();

/** A release at 19:00 with 500 tasks, warm from 18:25 to 20:20; the next one two days later. */
const PLAN: Plan = { environment: 'prod', asOf: '2026-12-02T12:00:00Z', calendar: CALENDAR };

const BASELINE = 120;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `prescale` as a process against the account, by the clock of the account. */
function run(command: string, args: readonly string[], env: Record<string, string>, typed?: string): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      { cwd: ROOT, env: { PATH: process.env['PATH'], HOME: '/nowhere', ...env } },
      (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    );
    if (typed !== undefined) child.stdin!.end(typed);
  });
}

function commandLine(now: string, args: readonly string[]): string[] {
  const common = ['--env', 'prod', '--calendar', CALENDAR, '--as-of', now];
  return ['--no-warnings', '--import', 'tsx', join('bin', 'prescale.ts'), args[0]!, ...common, ...args.slice(1)];
}

function prescale({ account }: Prod, now: string, ...args: readonly string[]): Promise<Ran> {
  return run(process.execPath, commandLine(now, args), account.env);
}

/** The same on a terminal, on which somebody types; what is printed comes as one. */
function prescaleOnTerminal({ account }: Prod, typed: string, now: string, ...args: readonly string[]): Promise<Ran> {
  const python = process.env['LOCAL_ACCOUNT_PYTHON']!;
  const spawn = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';
  return run(python, ['-c', spawn, process.execPath, ...commandLine(now, args)], account.env, typed);
}

const RAISE = ['raise', '--min', '1200', '--why', 'the trailer went viral'];
const YES = ['--why', 'a test', '--yes'];

function ssm({ account }: Prod): SSMClient {
  return new SSMClient(account.client());
}

/** The records of the account, by name. */
async function records(prod: Prod): Promise<Override[]> {
  const { Parameters } = await ssm(prod).send(new GetParametersByPathCommand({ Path: '/prescale', Recursive: true }));
  return Parameters!.map(({ Value }) => JSON.parse(Value!) as Override).toSorted((a, b) => a.id.localeCompare(b.id));
}

/** Runs a minute of the account: what is due, then the guard. */
async function at(prod: Prod, instant: string): Promise<{ min: number; running: number; scaleIn: boolean }> {
  await prod.account.tick(instant);
  expect(await prod.runGuard()).toMatchObject({ failures: [], problems: [] });
  const { min, running, suspended } = await prod.read();
  return { min, running, scaleIn: !suspended.DynamicScalingInSuspended };
}

describeDeploys('overrides of prod', () => {
  test('a raise acts at once, survives a deploy, the guard and clocks that differ, and ends by itself', async () => {
    const prod = await Prod.start(PLAN, { idle: true });
    const { account } = prod;
    await account.tick('2026-12-02T13:00:00Z');
    const ran = await prescale(prod, '2026-12-02T13:00:20Z', ...RAISE, '--until', '2026-12-02T15:29:30Z', '--yes');
    expect(ran).toEqual({ code: 0, out: expect.any(String), err: '' });
    expect(ran.out.replace(/raise-\w{4}/, 'raise-ID')).toBe(
      [
        'prod: us-east-1/playback',
        'raise to 1,200 tasks until 2026-12-02 15:30 UTC',
        'by arn:aws:sts::123456789012:user/moto: the trailer went viral',
        '',
        'from (UTC)        floor   then',
        '2026-12-02 13:00    120  1,200',
        '2026-12-02 15:30    120    120',
        '',
        'cost: 2,694 task-hours more, 532.01 USD',
        'written: /prescale/prod/us-east-1/playback/overrides/20261202T1300Z-raise-ID',
        'live minimum is 1,200 until 15:30 UTC, then 120 again by itself',
        '',
      ].join('\n'),
    );
    const raised = { min: 1200, running: 1200, scaleIn: false };
    expect(await at(prod, '2026-12-02T13:01:00Z')).toEqual(raised);

    // Another deploy of the same calendar states the plan's floor, and the guard the raise.
    expect(await at(prod, '2026-12-02T13:10:00Z')).toEqual(raised);
    expect(await prod.deploy({ ...PLAN, asOf: '2026-12-02T13:10:00Z' })).toMatchObject({ exitCode: 0 });
    expect(await prod.read()).toMatchObject({ min: 1200, running: 1200 });
    for (const skew of [-90, 90, 0]) {
      await account.configure({ lambda_clock_skew_seconds: skew });
      expect(await at(prod, '2026-12-02T13:30:00Z')).toEqual(raised);
    }
    expect(await at(prod, '2026-12-02T15:29:00Z')).toEqual(raised);
    expect(await at(prod, '2026-12-02T15:30:00Z')).toEqual({ min: BASELINE, running: BASELINE, scaleIn: true });
    expect(await at(prod, '2026-12-02T15:34:00Z')).toMatchObject({ min: BASELINE });
    // It is told for a day, and the window comes as planned.
    const list = await prescale(prod, '2026-12-02T15:34:00Z', 'overrides');
    expect(list.out).toMatch(
      /^prod: .*\nover: raise to 1,200 tasks until 2026-12-02 15:30 UTC, by arn:.*: the trailer/,
    );
    await follow(prod, PLAN, '2026-12-02T18:25:00Z', '2026-12-02T19:00:00Z');
    await account.tick('2026-12-03T15:30:00Z');
    await prod.runGuard();
    expect(await records(prod)).toEqual([]);
    await account.stop();
  });

  test.each([-90, 90])('a raise acts and ends with a guard whose clock is %d s off', async (skew) => {
    const prod = await Prod.start(PLAN, { lambda_clock_skew_seconds: skew, idle: true });
    await prod.account.tick('2026-12-02T13:00:00Z');
    const { out } = await prescale(prod, '2026-12-02T13:00:00Z', ...RAISE, '--until', 'PT30M', '--yes');
    expect(out).toContain('written: ');
    // One that is behind may need another minute.
    await at(prod, '2026-12-02T13:01:00Z');
    expect(await at(prod, '2026-12-02T13:02:00Z')).toMatchObject({ min: 1200, scaleIn: false });
    expect(await at(prod, '2026-12-02T13:29:00Z')).toMatchObject({ min: 1200 });
    for (const minute of ['13:30', '13:31', '13:32', '13:33']) await at(prod, `2026-12-02T${minute}:00Z`);
    expect(await prod.read()).toMatchObject({ min: BASELINE, suspended: { DynamicScalingInSuspended: false } });
    await prod.account.stop();
  });

  test('paused, the guard leaves a lowered minimum alone, and mends it when the pause is over', async () => {
    const prod = await Prod.start(PLAN);
    await enterWindow(prod, PLAN, '2026-12-02T18:50:00Z');
    const paused = await prescale(prod, '2026-12-02T18:50:00Z', 'pause', '--until', 'PT20M', ...YES);
    expect(paused.code).toBe(0);
    expect(paused.err).toContain('a window is open until 2026-12-02T20:20:00Z');
    expect(paused.out).toMatch(
      /the guard stands back until 19:10 UTC, then it mends again by itself; live minimum is 500\n$/,
    );
    await prod.register({ MinCapacity: 300 });
    for (const minute of ['18:51', '19:09']) {
      expect(await at(prod, `2026-12-02T${minute}:00Z`)).toMatchObject({ min: 300 });
    }
    // Nothing comes of a raise meanwhile, and it says so.
    const raise = await prescale(prod, '2026-12-02T19:00:00Z', ...RAISE, '--until', 'PT1H', '--yes');
    expect(raise).toMatchObject({ code: 1, err: expect.stringContaining('until then nothing comes of this') });
    expect(raise.err).toContain('the live minimum is 300, and 1,200 was expected');
    const drill = await prescale(prod, '2026-12-02T19:00:00Z', 'drill', '--now', '--min', '1500', ...YES);
    expect(drill).toMatchObject({ code: 1, err: expect.stringContaining('a drill beside it would prove nothing') });
    expect(await records(prod)).toHaveLength(2);
    expect(await at(prod, '2026-12-02T19:10:00Z')).toMatchObject({ min: 1200 });
    await prod.account.stop();
  });

  test('a window that is ended stays at the baseline, and taking it back brings its floor back', async () => {
    const prod = await Prod.start(PLAN, { idle: true });
    const { account } = prod;
    const early = await prescale(prod, '2026-12-02T13:00:00Z', 'end-window', ...YES);
    expect(early).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        'no window of us-east-1/playback is open at 2026-12-02T13:00:00Z, and the next one opens at 2026-12-02T18:25:00Z',
      ),
    });
    await enterWindow(prod, PLAN, '2026-12-02T18:50:00Z');
    const ended = await prescale(prod, '2026-12-02T18:50:00Z', 'end-window', ...YES);
    expect(ended).toMatchObject({
      code: 0,
      err: 'warning: this ends the window of small-0 [override/ends-releases]\n',
    });
    expect(ended.out).toMatch(/less, .* USD\nwritten: .*\nlive minimum is 500 until 18:53 UTC, then 120 by itself\n$/);
    expect(await at(prod, '2026-12-02T18:52:00Z')).toMatchObject({ min: 500 });
    const low = { min: BASELINE, running: BASELINE, scaleIn: true };
    expect(await at(prod, '2026-12-02T18:53:00Z')).toEqual(low);
    expect(await at(prod, '2026-12-02T19:30:00Z')).toEqual(low);
    const again = await prescale(prod, '2026-12-02T19:30:00Z', 'end-window', ...YES);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('the window is ended already') });

    const [{ id }] = (await records(prod)) as [Override];
    const back = await prescale(prod, '2026-12-02T19:31:00Z', 'overrides', '--cancel', id, '--yes');
    expect(back).toMatchObject({ code: 0, err: '' });
    expect(back.out).toMatch(/deleted: .*\nlive minimum is 500 until 20:20 UTC, then 120 again by itself\n$/);
    expect(await records(prod)).toEqual([]);
    expect(await at(prod, '2026-12-02T19:32:00Z')).toEqual({ min: 500, running: 500, scaleIn: false });
    expect(await at(prod, '2026-12-02T20:20:00Z')).toMatchObject({ min: BASELINE });
    await account.stop();
  });

  test('two people at once lose nothing: the higher one wins, and one can be ended early', async () => {
    const prod = await Prod.start(PLAN, { idle: true });
    const { account } = prod;
    await account.tick('2026-12-02T13:00:00Z');
    const now = '2026-12-02T13:00:00Z';
    const both = await Promise.all([
      prescale(prod, now, 'raise', '--min', '800', '--until', 'PT3H', '--why', 'anna', '--yes'),
      prescale(prod, now, 'raise', '--min', '1200', '--until', 'PT2H', '--why', 'ben', '--yes'),
    ]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(new Set((await records(prod)).map(({ min }) => min))).toEqual(new Set([800, 1200]));
    expect(await prod.read()).toMatchObject({ min: 1200 });
    const { out } = await prescale(prod, now, 'plan', '--live');
    expect(out.match(/^override of us-east-1\/playback: raise to .*$/gm)).toHaveLength(2);

    const high = (await records(prod)).find(({ min }) => min === 1200)!;
    const refused = await prescale(prod, now, 'overrides', '--cancel', `${high.id}x`, '--yes');
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(`choose from `) });
    const ended = await prescale(prod, '2026-12-02T13:10:00Z', 'overrides', '--cancel', high.id, '--yes', '--json');
    expect(JSON.parse(ended.out)).toMatchObject({
      action: 'replace',
      override: {
        id: high.id,
        until: '2026-12-02T13:13:00Z',
        why: expect.stringContaining('ben (ended early by arn:'),
      },
      floors: [
        { from: '2026-12-02T13:10:00Z', before: 1200, after: 1200 },
        { from: '2026-12-02T13:13:00Z', before: 1200, after: 800 },
        { from: '2026-12-02T15:00:00Z', before: 800, after: 800 },
      ],
      written: true,
      live: { minimum: 1200, asExpected: true },
      alsoActive: [{ min: 800 }],
    });
    await account.tick('2026-12-02T13:10:00Z');
    await prod.runGuard();
    expect(await at(prod, '2026-12-02T13:13:00Z')).toEqual({ min: 800, running: 1200, scaleIn: false });
    expect(await at(prod, '2026-12-02T16:00:00Z')).toEqual({ min: BASELINE, running: BASELINE, scaleIn: true });
    await account.stop();
  });

  test('a drill outside the calendar raises for its time, and the guard records what came of it', async () => {
    const prod = await Prod.start(PLAN, { idle: true });
    await prod.account.tick('2026-12-02T13:00:00Z');
    const drill = await prescale(prod, '2026-12-02T13:00:00Z', 'drill', '--now', '--min', '900', ...YES);
    expect(drill).toMatchObject({ code: 0, err: '' });
    expect(drill.out).toMatch(/live minimum is 900 until 13:15 UTC, then 120 again by itself\n$/);
    expect(await at(prod, '2026-12-02T13:01:00Z')).toMatchObject({ min: 900, running: 900, scaleIn: false });
    expect(await at(prod, '2026-12-02T13:15:00Z')).toMatchObject({ min: BASELINE, scaleIn: true });
    expect(await records(prod)).toEqual([
      expect.objectContaining({ outcome: 'passed', floor: 900, seconds: expect.any(Number) }),
      expect.objectContaining({ kind: 'drill', min: 900 }),
    ]);
    // A window opens at 18:25.
    const late = await prescale(prod, '2026-12-02T18:15:00Z', 'drill', '--now', '--min', '900', ...YES);
    expect(late).toMatchObject({ code: 1, err: expect.stringContaining('a drill beside it would prove nothing') });
    await prod.account.stop();
  });

  test('whoever sits at a terminal is asked, and without a yes nothing is written', async () => {
    const prod = await Prod.start(PLAN);
    const now = '2026-12-02T13:00:00Z';
    await prod.account.tick(now);
    for (const typed of ['n\n', '\n']) {
      const ran = await prescaleOnTerminal(prod, typed, now, ...RAISE, '--until', 'PT1H');
      expect(ran.code).toBe(1);
      expect(ran.out).toContain('Do it? [y/N]');
      expect(ran.out).toContain('nothing was written');
      expect(await records(prod)).toEqual([]);
    }
    const ran = await prescaleOnTerminal(prod, 'y\n', now, ...RAISE, '--until', 'PT1H');
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('live minimum is 1,200 until 14:00 UTC') });
    expect(await records(prod)).toHaveLength(1);
    await prod.account.stop();
  });

  test('what cannot be done is told with its mend, and nothing is written', async () => {
    const prod = await Prod.start(PLAN);
    const { account } = prod;
    const now = '2026-12-02T13:00:00Z';
    await account.tick(now);
    const faults: readonly (readonly [Fault, string])[] = [
      [{ code: 'ExpiredTokenException' }, 'AWS does not accept the credentials: ExpiredTokenException'],
      [{ code: 'AccessDeniedException', service: 'ssm', action: 'PutParameter' }, 'AccessDeniedException'],
      [{ code: 'AccessDeniedException', service: 'ssm', action: 'GetParametersByPath' }, 'AccessDeniedException'],
      [{ code: 'AccessDenied', service: 'cloudformation', action: 'DescribeStacks' }, 'AccessDenied'],
      [{ code: 'ThrottlingException', service: 'ssm', action: 'PutParameter' }, 'ThrottlingException'],
    ];
    for (const [fault, message] of faults) {
      await account.failCalls(fault);
      const ran = await prescale(prod, now, ...RAISE, '--until', 'PT1H', '--yes');
      expect(ran).toMatchObject({ code: 1, err: expect.stringContaining(message) });
      expect(ran.err).toContain('= mend: ');
      expect(ran.err).toContain('nothing was written; by hand it is:\n# The same record by the AWS CLI');
      expect(ran.err).toContain('aws application-autoscaling register-scalable-target --region us-east-1 ');
      expect(ran.err).not.toMatch(/^ +at /m);
      await account.failCalls();
      expect(await records(prod)).toEqual([]);
    }

    const nowhere = await prescale(prod, now, ...RAISE, '--until', 'PT1H', '--yes', '--stack', 'nowhere', '--json');
    expect(nowhere.code).toBe(1);
    expect(JSON.parse(nowhere.out)).toMatchObject({
      written: false,
      breakGlass: expect.stringContaining('--stack-name nowhere'),
      diagnostics: [{ code: 'live/missing', message: 'there is no stack nowhere in us-east-1' }],
    });
    const other = await prescale(prod, now, ...RAISE, '--until', 'PT1H', '--yes', '--stack', 'prod-Playback');
    expect(other).toMatchObject({
      code: 1,
      err: expect.stringContaining('attaches no floors of prod us-east-1/playback'),
    });

    // The plan is shown all the same.
    await account.failCalls({ code: 'ExpiredTokenException' });
    const plan = await prescale(prod, now, 'plan', '--live');
    expect(plan).toMatchObject({
      code: 0,
      out: expect.stringContaining('overrides of us-east-1/playback: unknown: AWS'),
    });
    const list = await prescale(prod, now, 'overrides');
    expect(list).toMatchObject({ code: 1, out: '', err: expect.stringContaining('= mend: sign in again') });
    await account.failCalls();

    // Without the guard the record stands, and acts when it runs.
    await account.failCalls({ code: 'AccessDeniedException', service: 'lambda', action: 'InvokeFunction' });
    const alone = await prescale(prod, now, ...RAISE, '--until', 'PT1H', '--yes');
    expect(alone).toMatchObject({ code: 1, err: expect.stringContaining('it acts on it within a minute by itself') });
    expect(alone.err).toContain('the live minimum is 120 after 10 s, and 1,200 was expected');
    await account.failCalls();
    await account.tick('2026-12-02T13:01:00Z');
    await prod.runGuard();
    expect(await prod.read()).toMatchObject({ min: 1200 });

    // What is no record is told, by who looks and by the guard.
    const name = '/prescale/prod/us-east-1/playback/overrides/note';
    await ssm(prod).send(new PutParameterCommand({ Name: name, Type: 'String', Value: 'call Anna' }));
    const odd = await prescale(prod, '2026-12-02T13:02:00Z', 'overrides');
    expect(odd).toMatchObject({ code: 1, err: expect.stringContaining(`parameter ${name} is no JSON`) });
    expect(odd.out).toContain('active: raise to 1,200 tasks');
    await account.stop();
  });

  test('what would do nothing is refused, and what may surprise is warned of', async () => {
    const prod = await Prod.start(PLAN);
    const now = '2026-12-02T13:00:00Z';
    await prod.account.tick(now);
    const low = await prescale(prod, now, 'raise', '--min', '100', '--until', 'PT1H', ...YES);
    expect(low).toMatchObject({
      code: 1,
      out: '',
      err: 'us-east-1/playback: --min 100 would do nothing: the plan holds at least 120 until 2026-12-02T14:00:00Z [override/no-effect]\n   = mend: write --min 121 or more\nnothing was written\n',
    });
    expect(await records(prod)).toEqual([]);

    const production = environments.find(({ name }) => name === 'prod')!;
    const file = join(CALENDAR, 'environments.json');
    writeFileSync(file, JSON.stringify([{ ...production, quotas: { ...production.quotas, fargateVcpu: 4000 } }]));
    const drill = ['drill', '--now', '--min', '1600', '--for', 'PT5M', '--environments', file];
    const warned = await prescale(prod, now, ...drill, '--calendar', 'release-calendar', ...YES);
    expect(warned.code).toBe(0);
    for (const warning of [
      'warning: release-calendar is not the calendar that was deployed as of 2026-12-02T12:00:00Z',
      'warning: 1,600 tasks need 6,400 Fargate vCPU, and 4,000 are granted, as prod states it: 1,000 would start',
      'warning: 1,480 more units are planned to be healthy after PT6M, and the drill ends before',
    ]) {
      expect(warned.err).toContain(warning);
    }
    expect(await prod.read()).toMatchObject({ min: 1600 });
    await prod.account.stop();
  });

  test('more records than a page holds are all seen', async () => {
    const prod = await Prod.start(PLAN);
    for (let index = 0; index < 12; index += 1) {
      const id = `20261202T1200Z-raise-${String(index).padStart(4, '0')}`;
      const override = { schemaVersion: 1, id, kind: 'raise', min: 200 + index, who: 'somebody', why: 'many' };
      await ssm(prod).send(
        new PutParameterCommand({
          Name: `/prescale/prod/us-east-1/playback/overrides/${id}`,
          Type: 'String',
          Value: JSON.stringify({ ...override, from: '2026-12-02T12:00:00Z', until: '2026-12-02T18:00:00Z' }),
        }),
      );
    }
    const { out } = await prescale(prod, '2026-12-02T13:00:00Z', 'overrides', '--json');
    expect((JSON.parse(out) as { overrides: object[] }).overrides).toHaveLength(12);
    await prod.account.stop();
  });

  test('the break-glass commands find what is scaled in the output of the stack', async () => {
    const prod = await Prod.start(PLAN);
    await enterWindow(prod, PLAN, '2026-12-02T18:50:00Z');
    const { out } = await prescale(prod, '2026-12-02T18:50:00Z', 'plan', '--format', 'aws-cli');
    // The CLI of AWS is Python as moto is, and not here: its answer is the output of the stack as it stands.
    const { Stacks } = await new CloudFormationClient(prod.account.client()).send(
      new DescribeStacksCommand({ StackName: 'prod-Capacity' }),
    );
    const value = Stacks![0]!.Outputs!.find(({ OutputKey }) => OutputKey === 'AttachedFloors')!.OutputValue!;
    const stub = `date() { echo 2026-12-02T18:50:00Z; }
aws() { printf '%s\\n' "$*" >&2; case "$1" in cloudformation) printf '%s\\n' "$VALUE";; esac; }`;
    const ran = await run('sh', ['-euc', `${stub}\n${out}`], { VALUE: value });
    expect(ran.code).toBe(0);
    expect(ran.err).toContain(`--resource-id ${prod.target.resourceId} --min-capacity 500 --max-capacity 1600`);
    const { ScalableTargets } = await prod.byHand.send(
      new DescribeScalableTargetsCommand({
        ServiceNamespace: describeTarget(prod.target).ServiceNamespace,
        ResourceIds: [/--resource-id (\S+)/.exec(ran.err)![1]!],
      }),
    );
    expect(ScalableTargets).toMatchObject([{ MinCapacity: HELD.min }]);
    await prod.account.stop();
  });
});
