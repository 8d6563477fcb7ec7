import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import {
  CloudWatchClient,
  DisableAlarmActionsCommand,
  EnableAlarmActionsCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { BatchDeleteImageCommand, CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import {
  ApplicationAutoScalingClient,
  DeleteScheduledActionCommand,
  PutScheduledActionCommand,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { DrillRecord } from '../../lib/capacity/drill-record';
import type { Override } from '../../lib/capacity/override';
import { drillsPath, overridesPath } from '../../lib/capacity/parameter-paths';
import { runVerify, type VerifyOptions } from '../../lib/commands/run-verify';
import type { Check, Verification } from '../../lib/live/check';
import { type LiveClients, liveClients } from '../../lib/live/clients';
import {
  describeDeploys,
  describeTarget,
  type LocalAccount,
  ROOT,
  startLocalAccount,
  type TargetId,
} from './local-account';
import { playbackTarget, synthesize, writeCalendar } from './product';

/** A release at 19:00 with its floor of 500 from 18:25 on, and its drill at noon the day before. */
const PREMIERE = '2026-12-04T19:00:00Z';
const NOW = '2026-12-04T18:40:00Z';
const OWNER = { environment: 'prod', target: 'us-east-1/playback' };

const DRILL: DrillRecord = {
  schemaVersion: 1,
  id: '20261203T1851Z',
  releases: ['small-0'],
  floor: 500,
  raisedAt: '2026-12-03T18:51:00Z',
  outcome: 'passed',
  seenAt: '2026-12-03T18:56:00Z',
  seconds: 300,
  healthy: 500,
  inTheWay: [],
};

/** As AWS granted them to prod. */
const GRANTED = {
  'fargate/L-3032A538': 8000,
  'elasticloadbalancing/L-7E6692B2': 2000,
  'elasticloadbalancing/L-A0D0B863': 2000,
  'cloudfront/L-A2C80159': 1_000_000,
};

describeDeploys('verify', () => {
  let account: LocalAccount;
  let before: NodeJS.ProcessEnv;
  let target: TargetId;
  let calendar: string;
  let targetGroupArn: string;
  let digest: string;
  let subnets: readonly string[];
  let guardAlarm: string;

  beforeAll(async () => {
    calendar = writeCalendar({ [PREMIERE]: 500 });
    const plan = { environment: 'prod', asOf: '2026-12-01T00:00:00Z', calendar } as const;
    account = await startLocalAccount();
    before = { ...process.env };
    // In this process the SDK finds the account as it would any other.
    Object.assign(process.env, account.env);
    await account.tick(plan.asOf);
    await account.bootstrap('us-east-1');
    const images = new ECRClient(account.client());
    await images.send(new CreateRepositoryCommand({ repositoryName: 'prescale/playback' }));
    digest = await pushImage();
    const { exitCode, output } = await account.deploy('prod/*', { app: synthesize(plan, digest) });
    if (exitCode !== 0) throw new Error(output);
    target = await playbackTarget(account);
    const resources = await account.resources();
    targetGroupArn = resources.find(({ type }) => type.endsWith('::TargetGroup'))!.physicalId;
    subnets = resources.find(({ type }) => type === 'AWS::ECS::Service')!.properties.NetworkConfiguration
      .AwsvpcConfiguration.Subnets;
    const topics = new SNSClient(account.client());
    for (const { physicalId } of resources.filter(({ type }) => type === 'AWS::SNS::Topic')) {
      await topics.send(
        new SubscribeCommand({ TopicArn: physicalId, Protocol: 'https', Endpoint: 'https://example.com' }),
      );
    }
    guardAlarm = resources.find(({ physicalId }) => physicalId.endsWith('-GuardFailed'))!.physicalId;
    await setAlarm(guardAlarm, 'OK');
    await record(`${drillsPath(OWNER)}/${DRILL.id}`, DRILL);
    await admin('quotas', GRANTED);
    // Into the middle of the window, with a run of the guard in it: scale-in is its to suspend.
    await account.tick(NOW);
    const guard = resources.find(({ properties }) => properties.Handler === 'index.guard')!;
    const { error } = await account.invoke(guard.physicalId);
    if (error) throw new Error(error.errorMessage);
  });

  afterAll(async () => {
    process.env = before;
    await account.stop();
  });

  /** What `local-account.ts` has no method for. */
  async function admin(what: string, body: unknown): Promise<void> {
    const response = await fetch(`${account.url}/account-admin/${what}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  async function pushImage(): Promise<string> {
    const { image } = await new ECRClient(account.client()).send(
      new PutImageCommand({
        repositoryName: 'prescale/playback',
        imageManifest: JSON.stringify({ schemaVersion: 2, layers: [] }),
        imageManifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
        imageTag: 'tested',
      }),
    );
    return image!.imageId!.imageDigest!;
  }

  async function setAlarm(name: string, state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'): Promise<void> {
    await new CloudWatchClient(account.client()).send(
      new SetAlarmStateCommand({ AlarmName: name, StateValue: state, StateReason: 'the test says so' }),
    );
  }

  async function record(name: string, value: Override | DrillRecord, overwrite = false): Promise<void> {
    await new SSMClient(account.client()).send(
      new PutParameterCommand({ Name: name, Type: 'String', Value: JSON.stringify(value), Overwrite: overwrite }),
    );
  }

  async function remove(name: string): Promise<void> {
    await new SSMClient(account.client()).send(new DeleteParameterCommand({ Name: name }));
  }

  /** The real process. */
  function start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): ChildProcessByStdio<null, Readable, Readable> {
    return spawn(process.execPath, ['--import', 'tsx', 'bin/prescale.ts', 'verify', '--env', 'prod', ...args], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], ...account.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Runs it to its end. */
  async function prescale(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ code: number; out: string; err: string }> {
    const child = start(['--calendar', calendar, ...args], env);
    let out = '';
    let err = '';
    child.stdout.on('data', (text) => (out += String(text)));
    child.stderr.on('data', (text) => (err += String(text)));
    const [code] = (await once(child, 'close')) as [number];
    return { code, out, err };
  }

  /** In this process, as of `NOW` unless the options say otherwise. */
  async function verify(options: Partial<VerifyOptions> = {}): Promise<Verification> {
    let out = '';
    const output = { out: (text: string) => void (out += text), err: () => undefined };
    const world = { now: () => new Date(NOW), sleep: () => Promise.resolve(), signal: new AbortController().signal };
    const code = await runVerify({ calendar, env: 'prod', asOf: NOW, json: true, ...options }, output, world);
    const verification = JSON.parse(out) as Verification;
    expect(code).toBe(verification.verdict === 'go' ? 0 : 1);
    return verification;
  }

  function notGo({ checks }: Verification): Record<string, string> {
    return Object.fromEntries(checks.filter(({ verdict }) => verdict !== 'go').map(({ id, verdict }) => [id, verdict]));
  }

  function checkOf({ checks }: Verification, id: string): Check {
    return checks.find((check) => check.id === id)!;
  }

  const scaling = (): ApplicationAutoScalingClient => new ApplicationAutoScalingClient(account.client());
  const alarms = (): CloudWatchClient => new CloudWatchClient(account.client());

  async function register(
    min: number,
    max: number,
    scaleInSuspended = true,
    scheduledSuspended = false,
  ): Promise<void> {
    await scaling().send(
      new RegisterScalableTargetCommand({
        ...describeTarget(target),
        MinCapacity: min,
        MaxCapacity: max,
        SuspendedState: {
          DynamicScalingInSuspended: scaleInSuspended,
          DynamicScalingOutSuspended: false,
          ScheduledScalingSuspended: scheduledSuspended,
        },
      }),
    );
  }

  async function put(name: string, schedule: string, min: number, timezone?: string): Promise<void> {
    await scaling().send(
      new PutScheduledActionCommand({
        ...describeTarget(target),
        ScheduledActionName: name,
        Schedule: schedule,
        Timezone: timezone,
        ScalableTargetAction: { MinCapacity: min, MaxCapacity: 1600 },
      }),
    );
  }

  async function takeAway(name: string): Promise<void> {
    await scaling().send(new DeleteScheduledActionCommand({ ...describeTarget(target), ScheduledActionName: name }));
  }

  const healthyAlarm = 'prescale-prod-us-east-1-playback-HealthyBelowFloor';
  const closing = { name: 'floor-20261204T2020Z', schedule: 'at(2026-12-04T20:20:00)' };
  const pause: Override = {
    schemaVersion: 1,
    id: '20261204T1835Z-pause-k3v9',
    kind: 'pause',
    from: '2026-12-04T18:35:00Z',
    until: '2026-12-04T19:30:00Z',
    who: 'arn:aws:sts::123456789012:assumed-role/oncall/ann',
    why: 'trying something out',
  };

  /** What goes wrong, which check says so, what it found, what is to be done, and how it is put right again. */
  const FAULTS: readonly (readonly [
    fault: string,
    id: string,
    found: RegExp,
    mend: RegExp,
    breakIt: () => Promise<unknown>,
    undo: () => Promise<unknown>,
  ])[] = [
    [
      'an action is missing',
      'actions',
      /^floor-20261204T2020Z is missing$/,
      /prod\/Capacity/,
      () => takeAway(closing.name),
      () => put(closing.name, closing.schedule, 120),
    ],
    [
      'an action has another height',
      'actions',
      /^floor-20261204T2020Z differs: at\(2026-12-04T20:20:00\), minimum 119, maximum 1600$/,
      /prod\/Capacity/,
      () => put(closing.name, closing.schedule, 119),
      () => put(closing.name, closing.schedule, 120),
    ],
    [
      'an action is of somebody else',
      'actions',
      /^nightly is foreign: at\(2026-12-04T18:50:00\), minimum 5, maximum 1600$/,
      /delete-scheduled-action/,
      () => put('nightly', 'at(2026-12-04T18:50:00)', 5),
      () => takeAway('nightly'),
    ],
    [
      'the minimum is low',
      'target',
      /^minimum 120, maximum 1,600, scale-in suspended$/,
      /register-scalable-target .* --min-capacity 500 --max-capacity 1600 /,
      () => register(120, 1600),
      () => register(500, 1600),
    ],
    [
      'the maximum is low',
      'target',
      /^minimum 500, maximum 1,000, scale-in suspended$/,
      /--max-capacity 1600 /,
      () => register(500, 1000),
      () => register(500, 1600),
    ],
    [
      'scale-in is not suspended in the window',
      'target',
      /^minimum 500, maximum 1,600, nothing suspended$/,
      /DynamicScalingInSuspended=true/,
      () => register(500, 1600, false),
      () => register(500, 1600),
    ],
    [
      'scheduled scaling is suspended',
      'target',
      /^minimum 500, maximum 1,600, scale-in and scheduled scaling suspended$/,
      /ScheduledScalingSuspended=false/,
      () => register(500, 1600, true, true),
      () => register(500, 1600),
    ],
    [
      'too few are healthy',
      'healthy',
      /^312 healthy tasks$/,
      /describe-services --cluster \S+ --services \S+ /,
      () => account.setHealthy(targetGroupArn, 312),
      () => account.setHealthy(targetGroupArn),
    ],
    [
      'a quota is short',
      'quota/fargate/L-3032A538',
      /^1,000 is granted, 2,200 needed: Fargate vCPU with a rolling deploy$/,
      /prescale quotas --env prod --request/,
      () => admin('quotas', { 'fargate/L-3032A538': 1000 }),
      () => admin('quotas', GRANTED),
    ],
    [
      'a quota was never granted',
      'quota/fargate/L-3032A538',
      /^6 is AWS's default, 2,200 needed/,
      /fargate L-3032A538/,
      () => admin('quotas', { 'fargate/L-3032A538': null }),
      () => admin('quotas', GRANTED),
    ],
    [
      'an alarm is disabled',
      'alarms',
      new RegExp(`^disabled: ${healthyAlarm}$`),
      new RegExp(`enable-alarm-actions --alarm-names ${healthyAlarm} --region us-east-1`),
      () => alarms().send(new DisableAlarmActionsCommand({ AlarmNames: [healthyAlarm] })),
      () => alarms().send(new EnableAlarmActionsCommand({ AlarmNames: [healthyAlarm] })),
    ],
    [
      'an alarm that wakes is in ALARM',
      'alarms',
      new RegExp(`^in ALARM: ${healthyAlarm}$`),
      /describe-alarms/,
      () => setAlarm(healthyAlarm, 'ALARM'),
      () => setAlarm(healthyAlarm, 'OK'),
    ],
    [
      'the guard fails',
      'guard',
      /-GuardFailed is ALARM$/,
      /describe-alarms/,
      () => setAlarm(guardAlarm, 'ALARM'),
      () => setAlarm(guardAlarm, 'OK'),
    ],
    [
      'the guard is silent',
      'guard',
      /-GuardFailed is INSUFFICIENT_DATA$/,
      /describe-alarms/,
      () => setAlarm(guardAlarm, 'INSUFFICIENT_DATA'),
      () => setAlarm(guardAlarm, 'OK'),
    ],
    [
      'the image is gone',
      'image',
      /prescale\/playback@sha256:[0-9a-f]{64} is missing$/,
      /describe-images --repository-name prescale\/playback /,
      () =>
        new ECRClient(account.client()).send(
          new BatchDeleteImageCommand({ repositoryName: 'prescale/playback', imageIds: [{ imageDigest: digest }] }),
        ),
      async () => expect(await pushImage()).toBe(digest),
    ],
    [
      'a subnet is full',
      'addresses',
      /^free addresses: (16,209 in \S+, )*3 in subnet-/,
      /describe-network-interfaces --filters Name=subnet-id,Values=subnet-\w+ /,
      () => admin('addresses', { subnetId: subnets[0], count: 3 }),
      () => admin('addresses', { subnetId: subnets[0], count: null }),
    ],
    [
      'the drill failed',
      'drill',
      /^small-0: failed, 312 of 500 healthy at 2026-12-03T19:06:00Z; in the way: unable to place a task$/,
      /prescale drill --now --env prod/,
      () => {
        const failed: DrillRecord = {
          ...DRILL,
          id: '20261203T1852Z',
          outcome: 'failed',
          seenAt: '2026-12-03T19:06:00Z',
          seconds: undefined,
          healthy: 312,
          inTheWay: ['unable to place a task'],
        };
        return record(`${drillsPath(OWNER)}/20261203T1852Z`, failed);
      },
      () => remove(`${drillsPath(OWNER)}/20261203T1852Z`),
    ],
    [
      'no drill was recorded',
      'drill',
      /^small-0: was due at 2026-12-03T19:00:00Z at 500, and no record says how it ended$/,
      /prescale drill --now --env prod/,
      () => remove(`${drillsPath(OWNER)}/${DRILL.id}`),
      () => record(`${drillsPath(OWNER)}/${DRILL.id}`, DRILL),
    ],
    [
      'the guard is paused in the window',
      'overrides',
      /^pause from 2026-12-04T18:35:00Z until 2026-12-04T19:30:00Z by \S+ann: trying something out$/,
      /delete-parameter --name \/prescale\/prod\/us-east-1\/playback\/overrides\/20261204T1835Z-pause-k3v9 /,
      () => record(`${overridesPath(OWNER)}/${pause.id}`, pause),
      () => remove(`${overridesPath(OWNER)}/${pause.id}`),
    ],
  ];

  test('a healthy environment is a go', async () => {
    const verification = await verify();
    expect(verification).toMatchObject({
      schemaVersion: 1,
      asOf: NOW,
      environment: 'prod',
      release: null,
      releases: [{ id: 'small-0', premiereAt: PREMIERE, premiereZone: 'UTC' }],
      verdict: 'go',
    });
    expect(verification.checks.map(({ id }) => id)).toEqual([
      'account',
      'stacks',
      'release',
      'plan',
      'target',
      'actions',
      'healthy',
      'guard',
      'overrides',
      'drill',
      'image',
      'addresses',
      'quota/fargate/L-3032A538',
      'quota/fargate/L-551A4E9D',
      'quota/fargate/L-6BAD92DD',
      'quota/elasticloadbalancing/L-7E6692B2',
      'quota/elasticloadbalancing/L-A0D0B863',
      'quota/vpc/L-DF5E4CA3',
      'quota/cloudfront/L-A2C80159',
      'quota/ecs/tasks-per-service',
      'quota/dynamodb/L-CF0CBE56',
      'quota/dynamodb/L-AB614373',
      'alarms',
    ]);
    expect(verification.checks.map(({ mend }) => mend)).toEqual(verification.checks.map(() => null));
  });

  test.each(FAULTS)('%s: %s is no go, and nothing else', async (_, id, found, mend, breakIt, undo) => {
    await breakIt();
    const verification = await verify();
    await undo();
    expect(notGo(verification)).toEqual({ [id]: 'no-go' });
    expect(checkOf(verification, id)).toMatchObject({
      found: expect.stringMatching(found) as string,
      mend: expect.stringMatching(mend) as string,
    });
    expect(notGo(await verify())).toEqual({});
  });

  /** What hangs on a stack that cannot be read. */
  const DEPLOYED = ['stacks', 'plan', 'target', 'actions', 'healthy', 'guard', 'image', 'addresses', 'alarms'];
  /** All that is read in this window. */
  const QUOTAS = [
    'quota/fargate/L-3032A538',
    'quota/fargate/L-551A4E9D',
    'quota/elasticloadbalancing/L-7E6692B2',
    'quota/elasticloadbalancing/L-A0D0B863',
    'quota/vpc/L-DF5E4CA3',
    'quota/cloudfront/L-A2C80159',
    'quota/dynamodb/L-CF0CBE56',
    'quota/dynamodb/L-AB614373',
  ];

  const DENIALS: readonly (readonly [service: string, action: string, code: string, unknown: readonly string[]])[] = [
    ['sts', 'GetCallerIdentity', 'AccessDenied', ['account']],
    ['cloudformation', 'DescribeStacks', 'AccessDenied', DEPLOYED],
    ['cloudformation', 'ListStackResources', 'AccessDenied', ['guard', 'alarms']],
    ['application-autoscaling', 'DescribeScalableTargets', 'AccessDeniedException', ['target']],
    ['application-autoscaling', 'DescribeScheduledActions', 'AccessDeniedException', ['actions']],
    ['ecs', 'DescribeServices', 'AccessDeniedException', ['image', 'addresses']],
    ['ecs', 'DescribeTaskDefinition', 'AccessDeniedException', ['image']],
    ['elasticloadbalancing', 'DescribeTargetHealth', 'AccessDenied', ['healthy']],
    ['ec2', 'DescribeSubnets', 'UnauthorizedOperation', ['addresses']],
    ['ecr', 'DescribeImages', 'AccessDeniedException', ['image']],
    ['lambda', 'GetFunctionConfiguration', 'AccessDeniedException', ['guard']],
    ['ssm', 'GetParametersByPath', 'AccessDeniedException', ['overrides', 'drill']],
    ['cloudwatch', 'DescribeAlarms', 'AccessDenied', ['guard', 'alarms']],
    ['sns', 'ListSubscriptionsByTopic', 'AuthorizationError', ['alarms']],
    ['servicequotas', 'GetServiceQuota', 'AccessDeniedException', QUOTAS],
  ];

  test.each(DENIALS)('without %s:%s exactly what hangs on it is unknown', async (service, action, code, unknown) => {
    await account.failCalls({ code, service, action, status: 403 });
    const verification = await verify();
    await account.failCalls();
    expect(notGo(verification)).toEqual(Object.fromEntries(unknown.map((id) => [id, 'unknown'])));
    expect(verification.verdict).toBe('unknown');
    for (const id of unknown) expect(checkOf(verification, id).mend).toContain(`allow ${service}:${action}`);
  });

  test('each permission is one that the help lists', async () => {
    const { out } = await prescale(['--help']);
    for (const [service, action] of DENIALS) expect(out).toContain(`${service}:${action}`);
  });

  test('a no-go is one, whatever else is unknown', async () => {
    await account.setHealthy(targetGroupArn, 3);
    await account.failCalls({ code: 'AccessDeniedException', service: 'ecr' });
    const verification = await verify();
    await account.failCalls();
    await account.setHealthy(targetGroupArn);
    expect(notGo(verification)).toEqual({ healthy: 'no-go', image: 'unknown' });
    expect(verification.verdict).toBe('no-go');
  });

  test('what differs from the plan is unknown while overrides cannot be read', async () => {
    await register(120, 1600);
    await account.failCalls({ code: 'AccessDeniedException', service: 'ssm' });
    const verification = await verify();
    await account.failCalls();
    await register(500, 1600);
    expect(notGo(verification)).toEqual({ target: 'unknown', overrides: 'unknown', drill: 'unknown' });
  });

  test('expired credentials make all unknown that is read', async () => {
    await account.failCalls({ code: 'ExpiredTokenException', status: 403 });
    const verification = await verify();
    await account.failCalls();
    const read = verification.checks.map(({ id }) => id).filter((id) => id !== 'release' && !id.startsWith('quota/'));
    expect(notGo(verification)).toEqual(Object.fromEntries([...read, ...QUOTAS].map((id) => [id, 'unknown'])));
    expect(checkOf(verification, 'target').mend).toContain('sign in again');
  });

  test('a call that is throttled for a moment is tried again', async () => {
    await account.failCalls({ code: 'ThrottlingException', action: 'DescribeScheduledActions', times: 2 });
    const verification = await verify();
    await account.failCalls();
    expect(notGo(verification)).toEqual({});
  });

  test('a call that is throttled for longer is unknown', async () => {
    await account.failCalls({ code: 'ThrottlingException', action: 'DescribeScheduledActions' });
    const verification = await verify();
    await account.failCalls();
    expect(notGo(verification)).toEqual({ actions: 'unknown' });
    expect(checkOf(verification, 'actions').mend).toBe('try again in a minute');
  });

  test('a stack of its own is looked at alone', async () => {
    const verification = await verify({ stack: 'prod-Capacity' });
    expect(notGo(verification)).toEqual({});
    expect(checkOf(verification, 'stacks')).toMatchObject({
      expected: 'prod-Capacity deployed and settled',
      found: 'CREATE_COMPLETE',
    });
  });

  test('a calendar that was changed since the deploy is to be deployed', async () => {
    const verification = await verify({ calendar: writeCalendar({ [PREMIERE]: 600 }) });
    expect(checkOf(verification, 'plan')).toMatchObject({
      verdict: 'no-go',
      mend: "npx cdk deploy 'prod/Capacity' --exclusively; or check out what is deployed",
    });
    // Measured by what the work tree says, the floor is too low.
    expect(Object.keys(notGo(verification))).toEqual(['plan', 'target', 'healthy', 'drill']);
  });

  describe('a wait', () => {
    /** Lets no request of a client through while there is no network. */
    function cutOff(
      config: Pick<LiveClients['scaling']['config'], 'requestHandler' | 'maxAttempts'>,
      isLost: () => boolean,
    ): void {
      const { requestHandler } = config;
      const handle = requestHandler.handle.bind(requestHandler);
      const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      requestHandler.handle = (...request) => (isLost() ? Promise.reject(refused) : handle(...request));
      // The SDK would wait in earnest before it tries again.
      Object.assign(config, { maxAttempts: () => Promise.resolve(1) });
    }

    /** Runs one from `from` on; each sleep is over at once, and an hour of it meets no network. */
    async function waitFrom(
      from: string,
      lost: { from: string; until: string },
    ): Promise<{ code: number; out: string }> {
      let clock = Date.parse(from);
      let out = '';
      const clients = liveClients('us-east-1');
      const isLost = (): boolean => Date.parse(lost.from) <= clock && clock < Date.parse(lost.until);
      for (const client of Object.values(clients)) {
        if (typeof client !== 'string') cutOff(client.config, isLost);
      }
      const code = await runVerify(
        { calendar, env: 'prod', wait: true },
        { out: (text) => void (out += text), err: (text) => void (out += text) },
        {
          connect: () => clients,
          now: () => new Date(clock),
          sleep: (seconds) => {
            clock += seconds * 1000;
            return Promise.resolve();
          },
          signal: new AbortController().signal,
        },
      );
      expect(new Date(clock).toISOString()).toBe('2026-12-04T19:00:00.000Z');
      return { code, out };
    }

    test('survives an hour without a network, and says so once', async () => {
      const { code, out } = await waitFrom('2026-12-04T17:50:10Z', {
        from: '2026-12-04T17:52:00Z',
        until: '2026-12-04T18:52:00Z',
      });
      const [changes = '', table = ''] = out.split('\n\n');
      expect(changes).toMatchInlineSnapshot(`
       "2026-12-04 17:50:10 UTC  go       all 23 checks
       2026-12-04 17:52:10 UTC  unknown  account, stacks, plan, target and 16 more: AWS cannot be reached: ECONNREFUSED: connect ECONNREFUSED; mend: see that the region is right and that nothing between here and AWS blocks HTTPS
       2026-12-04 18:52:10 UTC  go       all 23 checks"
      `);
      expect(table).toMatch(/^go: prod is ready for small-0 \(2026-12-04 19:00 UTC, now\); all 23 checks are go$/);
      expect(code).toBe(0);
    });
  });

  describe('the process', () => {
    test('ends with 0 on a go', async () => {
      const { code, out } = await prescale(['--as-of', NOW]);
      expect(out).toMatch(
        /^go: prod is ready for small-0 \(2026-12-04 19:00 UTC, in 20 min\); all 23 checks are go\n\ngo  /,
      );
      expect(code).toBe(0);
    });

    test('ends with 1 on a no-go', async () => {
      await account.setHealthy(targetGroupArn, 312);
      const { code, out } = await prescale(['--as-of', NOW, '--release', 'small-0']);
      await account.setHealthy(targetGroupArn);
      expect(out).toMatch(/^no-go: prod is not ready for small-0 \(.*\); no-go: healthy\n/);
      expect(out).toMatch(
        /^no-go {4}healthy +312 healthy tasks\n +expected: at least 500 healthy tasks\n +mend: see why/m,
      );
      expect(code).toBe(1);
    });

    test('ends with 1 and no stack trace where nothing can be reached', async () => {
      const { code, out, err } = await prescale(['--as-of', NOW, '--json'], { AWS_ENDPOINT_URL: 'http://localhost:1' });
      const verification = JSON.parse(out) as Verification;
      expect(verification.verdict).toBe('unknown');
      expect(checkOf(verification, 'account')).toMatchObject({
        verdict: 'unknown',
        found: /cannot be reached: ECONNREFUSED/,
      });
      expect(err).not.toMatch(/^ +at /m);
      expect(code).toBe(1);
    });

    test('ends a wait by Ctrl-C with the last verdict', async () => {
      const later = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 16);
      const child = start(['--wait', '--calendar', writeCalendar({ [`${later}Z`]: 500 })]);
      let out = '';
      child.stdout.on('data', (text) => (out += String(text)));
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      const [code] = (await once(child, 'close')) as [number];
      // Another calendar than the one that is deployed.
      expect(out).toMatch(/^[-\d]{10} [:\d]{8} UTC {2}no-go {4}plan: /m);
      expect(out).toMatch(/^no-go: prod is not ready for small-0 \(.*, in 1 d 23 h\); no-go: plan/m);
      expect(code).toBe(1);
    });

    test('ends with 2 for --wait with --as-of', async () => {
      const { code, err } = await prescale(['--as-of', NOW, '--wait']);
      expect(err).toContain('--wait and --as-of exclude each other');
      expect(code).toBe(2);
    });

    test('ends with 2 for a release that is not there', async () => {
      const { code, out, err } = await prescale(['--as-of', NOW, '--release', 'smal-0']);
      expect(err).toContain('there is no release "smal-0"');
      expect(err).toContain('write small-0');
      expect([code, out]).toEqual([2, '']);
    });

    test('prints one document with --json', async () => {
      const { code, out } = await prescale(['--as-of', NOW, '--release', 'small-0', '--json']);
      const { checks, ...head } = JSON.parse(out) as Verification;
      expect(head).toEqual({
        schemaVersion: 1,
        asOf: NOW,
        environment: 'prod',
        release: 'small-0',
        releases: [{ id: 'small-0', premiereAt: PREMIERE, premiereZone: 'UTC' }],
        verdict: 'go',
      });
      expect(checks[0]).toEqual({
        id: 'account',
        target: null,
        verdict: 'go',
        expected: '123456789012',
        found: '123456789012',
        mend: null,
      });
      expect(code).toBe(0);
    });
  });

  describe('in an empty account', () => {
    test('names what is missing', async () => {
      const empty = await startLocalAccount();
      const url = process.env['AWS_ENDPOINT_URL'];
      try {
        process.env['AWS_ENDPOINT_URL'] = empty.url;
        const verification = await verify();
        expect(notGo(verification)).toMatchObject({
          stacks: 'no-go',
          plan: 'no-go',
          target: 'no-go',
          actions: 'no-go',
          healthy: 'no-go',
          guard: 'no-go',
          drill: 'no-go',
          image: 'no-go',
          addresses: 'no-go',
          'quota/fargate/L-3032A538': 'no-go',
          alarms: 'no-go',
        });
        expect(checkOf(verification, 'stacks')).toMatchObject({
          found:
            'prod-Playback is missing in us-east-1; prod-Capacity is missing in us-east-1; prod-Edge is missing in us-east-1',
          mend: "npx cdk deploy 'prod/*'",
        });
        expect(checkOf(verification, 'target')).toMatchObject({ mend: "npx cdk deploy 'prod/*'" });
        expect(verification.checks.filter(({ verdict }) => verdict === 'unknown')).toEqual([]);
      } finally {
        process.env['AWS_ENDPOINT_URL'] = url;
        await empty.stop();
      }
    });
  });
});
