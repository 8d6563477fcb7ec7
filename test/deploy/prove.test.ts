import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import {
  DescribeClustersCommand,
  DescribeServicesCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
  ListTaskDefinitionsCommand,
} from '@aws-sdk/client-ecs';
import { STSClient } from '@aws-sdk/client-sts';
import { longestSeconds, PERMISSIONS, plannedSeconds } from '../../prove/help';
import { runProve } from '../../prove/program';
import { type Clients, ProvingAccount } from '../../prove/proving-account';
import { QUESTIONS } from '../../prove/questions';
import {
  ACCOUNT_ID,
  describeDeploys,
  type LocalAccount,
  ROOT,
  startLocalAccount,
  type Switches,
  SWITCHES,
  SWITCH_POSITIONS,
} from './local-account';

const NOW = '2026-12-01T00:00:20Z';
const CLUSTER = 'prescale-prove-0a1b2c3d';

interface Document {
  readonly questions: readonly {
    readonly id: string;
    readonly answer?: string;
    readonly means?: string;
    readonly position?: string;
    readonly switch?: string;
    readonly unanswered?: string;
  }[];
  readonly left: readonly { readonly what: string; readonly why: string; readonly command: string }[];
}

interface Proof {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** By the account's clock. */
  readonly seconds: number;
}

interface Meanwhile {
  /** Called whenever the run sleeps, before the clock moves. */
  readonly onSleep?: (interrupt: () => void, slept: number) => Promise<void> | void;
  readonly latenessSeconds?: number;
  readonly connect?: (region: string) => Clients;
}

let account: LocalAccount;

function connect(region: string): Clients {
  const settings = { ...account.client(region), maxAttempts: 4 };
  return {
    identity: new STSClient(settings),
    services: new ECSClient(settings),
    scaling: new ApplicationAutoScalingClient(settings),
    stacks: new CloudFormationClient(settings),
  };
}

/** In this process, with the account's clock. */
async function prove(args: readonly string[], meanwhile: Meanwhile = {}): Promise<Proof> {
  const { onSleep, latenessSeconds = 0 } = meanwhile;
  const start = Date.parse(NOW) / 1000;
  let now = start;
  let slept = 0;
  const interruption = new AbortController();
  await account.tick(NOW);
  const written = { out: '', err: '' };
  const code = await runProve(
    args,
    { out: (text) => void (written.out += text), err: (text) => void (written.err += text) },
    {
      connect: meanwhile.connect ?? connect,
      clock: {
        now: () => now,
        sleep: async (seconds) => {
          slept += 1;
          await onSleep?.(() => interruption.abort(), slept);
          now += seconds;
          await account.tick(new Date(now * 1000).toISOString(), { latenessSeconds });
        },
      },
      signal: interruption.signal,
      suffix: '0a1b2c3d',
    },
  );
  return { code, ...written, seconds: now - start };
}

/** In a process of its own, with the clock of this machine. */
function proveForReal(
  args: readonly string[],
  {
    env = {},
    onErr,
  }: {
    readonly env?: Readonly<Record<string, string>>;
    readonly onErr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  } = {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'prove', 'run.ts'), ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...account.env, ...env },
  });
  const written = { out: '', err: '' };
  child.stdout.on('data', (data: Buffer) => (written.out += data.toString()));
  child.stderr.on('data', (data: Buffer) => {
    written.err += data.toString();
    onErr?.(written.err, (signal) => child.kill(signal));
  });
  return once(child, 'close').then(([code]) => ({ code: code as number | null, ...written }));
}

/** Everything in the account that is not deleted, through the SDK. */
async function leftInAccount(): Promise<string[]> {
  const services = new ECSClient(account.client());
  const names: string[] = [];
  const { clusterArns = [] } = await services.send(new ListClustersCommand({}));
  const { clusters = [] } = await services.send(new DescribeClustersCommand({ clusters: clusterArns }));
  for (const { clusterName, status } of clusters) {
    if (status === 'ACTIVE') names.push(clusterName!);
    const { serviceArns = [] } = await services.send(
      new ListServicesCommand({ cluster: clusterName, maxResults: 100 }),
    );
    for (const service of serviceArns) {
      const described = await services.send(new DescribeServicesCommand({ cluster: clusterName, services: [service] }));
      if (described.services![0]!.status === 'ACTIVE') names.push(service.split('/').slice(-2).join('/'));
    }
  }
  const { taskDefinitionArns = [] } = await services.send(new ListTaskDefinitionsCommand({ status: 'ACTIVE' }));
  names.push(...taskDefinitionArns.map((arn) => arn.split('/')[1]!));
  const { ScalableTargets = [] } = await new ApplicationAutoScalingClient(account.client()).send(
    new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs' }),
  );
  names.push(...ScalableTargets.map(({ ResourceId }) => ResourceId!));
  const { Stacks = [] } = await new CloudFormationClient(account.client()).send(new DescribeStacksCommand({}));
  names.push(...Stacks.map(({ StackName }) => StackName!));
  return names;
}

const documentOf = ({ out }: { readonly out: string }): Document => JSON.parse(out) as Document;

/** Ids and reasons of the questions without an answer. */
function unansweredOf(proof: Proof): Record<string, string> {
  return Object.fromEntries(
    documentOf(proof).questions.flatMap(({ id, unanswered }) => (unanswered === undefined ? [] : [[id, unanswered]])),
  );
}

const positionsOf = (proof: Proof): Record<string, string | undefined> =>
  Object.fromEntries(
    documentOf(proof)
      .questions.filter((question) => question.switch !== undefined)
      .map(({ switch: name, position }) => [name!, position]),
  );

const ALL = ['--account', ACCOUNT_ID, '--json'];

describeDeploys('prove:aws', () => {
  beforeEach(async () => {
    account = await startLocalAccount();
  });
  afterEach(() => account.stop());

  test('knows the switches of the local account', () => {
    const known = QUESTIONS.flatMap(({ id, positions }) => (positions === undefined ? [] : [[id, positions]]));
    expect(Object.fromEntries(known)).toEqual(SWITCHES);
  });

  test.each(SWITCH_POSITIONS)('names the position of every switch, and leaves nothing: %s', async (_, switches) => {
    await account.configure(switches);
    const proof = await prove(ALL);
    expect(unansweredOf(proof)).toEqual({});
    const defaults: Switches = Object.fromEntries(Object.entries(SWITCHES).map(([name, [first]]) => [name, first]));
    expect(positionsOf(proof)).toEqual({ ...defaults, ...switches });
    expect(proof.code).toBe(0);
    expect(await leftInAccount()).toEqual([]);
    expect(proof.seconds).toBeLessThanOrEqual(longestSeconds(QUESTIONS));
  });

  test('waits for no longer than its help says, when the account does everything at once', async () => {
    const { seconds } = await prove(ALL);
    // A minute for looking every few seconds, and for deleting.
    expect(seconds).toBeLessThanOrEqual(plannedSeconds(QUESTIONS) + 60);
    expect(seconds).toBeGreaterThan(plannedSeconds(QUESTIONS) / 2);
  });

  test('calls nothing but what its help asks permission for, and asks for no more', async () => {
    await prove(ALL);
    const calls = (await account.calls()).filter(({ caller }) => caller === 'client');
    const called = [...new Set(calls.map(({ service, action }) => `${service}:${action}`))].toSorted();
    const asked = Object.entries(PERMISSIONS).flatMap(([service, actions]) =>
      actions.map((action) => `${service}:${action}`),
    );
    // What AWS checks beside: tags, and roles of its own.
    const byAws = asked.filter((permission) => /TagResource|TagsForResource|ServiceLinkedRole/.test(permission));
    expect(called).toEqual(asked.filter((permission) => !byAws.includes(permission)).toSorted());
  });

  test('tags all that it makes, and runs no task', async () => {
    await prove(ALL);
    const calls = await account.calls();
    const made = calls.filter(
      ({ service, action, caller }) =>
        caller === 'client' && service === 'ecs' && /^(Create|RegisterTask)/.test(action),
    );
    expect(made.length).toBeGreaterThan(QUESTIONS.length);
    for (const { params } of made) expect(params.tags).toEqual([{ key: 'prescale-prove', value: '0a1b2c3d' }]);
    for (const { params } of made.filter(({ action }) => action === 'CreateService')) {
      expect(params).toMatchObject({ launchType: 'EC2', desiredCount: 0 });
    }
    // Tags of a target are refused when it is registered again.
    const first = new Set<string>();
    for (const { params } of calls.filter(
      (call) => call.caller === 'client' && call.action === 'RegisterScalableTarget',
    )) {
      const { ResourceId, Tags } = params as { ResourceId: string; Tags?: object };
      if (Tags !== undefined) {
        expect(Tags).toEqual({ 'prescale-prove': '0a1b2c3d' });
        expect(first).not.toContain(ResourceId);
      }
      first.add(ResourceId);
    }
  });

  test('prints a table without the number of the account, and writes it to a file as well', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prescale-prove-'));
    const file = join(folder, 'answers.md');
    const { code, out, err } = await prove(['--account', ACCOUNT_ID, '--out', file]);
    const written = readFileSync(file, 'utf8');
    rmSync(folder, { recursive: true });
    expect(code).toBe(0);
    expect(written).toBe(out);
    expect(out).not.toContain(ACCOUNT_ID);
    const rows = out.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows).toHaveLength(QUESTIONS.length);
    for (const row of rows) expect(row.replaceAll(String.raw`\|`, '').split('|')).toHaveLength(6);
    expect(rows.find((row) => row.includes('`fired_action`'))).toBe(
      '| `fired_action`: Does a one-time action that has run stay listed? | still listed 120 s after it ran | ' +
        'actions that ran may count against the 200 of a target until an update removes them | `fired_action=listed` |',
    );
    expect(err).toContain(`[${QUESTIONS.length}/${QUESTIONS.length}]`);
  });

  test('sees what the local account does apart from its switches', async () => {
    const { questions } = documentOf(await prove(ALL, { latenessSeconds: 7 }));
    const seen = Object.fromEntries(
      questions.filter((question) => question.switch === undefined).map(({ id, answer }) => [id, answer]),
    );
    expect(seen).toMatchInlineSnapshot(`
     {
       "action_while_suspended": "the minimum is raised, both bounds are lowered, the desired count is 3 with a maximum of 3; scale-in stays suspended",
       "bounds_on_suspension": "minimum and maximum stay",
       "deleted_action_changed": "no, the update succeeds and puts it again",
       "deleted_action_removed": "no, the update succeeds",
       "deregistered_target": "no, the update succeeds, and the target is registered again",
       "lateness": "7 s late, by the scaling activities",
       "maximum_below_desired": "the desired count went from 4 to 2 within 0 s",
       "raise_without_metric": "the desired count is 3 within 0 s of the minimum, 10 s after the instant",
       "registered_by_hand": "yes: service/prescale-prove-0a1b2c3d/registered-by-hand|ecs:service:DesiredCount|ecs already exists; afterwards registered is 2 to 7, 2 to 7 before",
       "rollback_minimum": "that of the old template: 1, after 1 in the old template, 3 in the new one and 5 live; the stack is UPDATE_ROLLBACK_COMPLETE",
       "same_name": "it is replaced; StartTime is deleted; Timezone is kept; with Timezone UTC it is accepted and shows "UTC"",
       "suspension_in_deploy": "yes",
       "unchanged_target": "yes: a raised minimum stays, and a deleted action stays deleted",
     }
    `);
  });

  test('answers nothing about actions that do not run, and gives up when its help says', async () => {
    const proof = await prove(ALL, { latenessSeconds: 1_000_000 });
    expect(unansweredOf(proof)).toEqual(
      Object.fromEntries(
        [
          'fired_action',
          'lateness',
          'raise_without_metric',
          'equal_instants',
          'minimum_above_maximum',
          'action_while_suspended',
        ].map((id) => [id, 'the action did not run within 180 s of its instant']),
      ),
    );
    expect(proof.code).toBe(1);
    expect(proof.seconds).toBeLessThanOrEqual(longestSeconds(QUESTIONS));
    expect(await leftInAccount()).toEqual([]);
  });

  test('says so when an account does what no position of a switch does', async () => {
    await account.configure({ past_action: 'ignore' });
    const scaling = new ApplicationAutoScalingClient(account.client());
    let isDone = false;
    const { out, code } = await prove(['--account', ACCOUNT_ID], {
      onSleep: async () => {
        // As if the action of the past ran late.
        const resourceId = `service/${CLUSTER}/past-action`;
        const put = (await account.calls()).some(
          ({ action, params }) => action === 'PutScheduledAction' && params.ResourceId === resourceId,
        );
        if (!put || isDone) return;
        isDone = true;
        await scaling.send(
          new RegisterScalableTargetCommand({
            ServiceNamespace: 'ecs',
            ScalableDimension: 'ecs:service:DesiredCount',
            ResourceId: resourceId,
            MinCapacity: 4,
          }),
        );
      },
    });
    expect(code).toBe(0);
    expect(out.split('\n').find((line) => line.startsWith('| `past_action`'))).toMatch(
      /accepted, and it ran within \d+ s; it stays listed .* none of refuse, ignore: give `past_action` another position/,
    );
  });

  test('answers all questions but the one that lacks a permission, and deletes everything', async () => {
    await account.failCalls({ code: 'AccessDeniedException', service: 'ecs', action: 'UpdateService' });
    const proof = await prove(ALL);
    expect(unansweredOf(proof)).toEqual({
      maximum_below_desired: 'AccessDeniedException: injected by the test',
    });
    expect(proof.code).toBe(1);
    expect(proof.err).toContain('= mend: allow the permissions that --help lists');
    expect(proof.err).not.toMatch(/\n +at /);
    expect(await leftInAccount()).toEqual([]);
  });

  test('answers what needs no stack where stacks are not allowed', async () => {
    await account.failCalls({ code: 'AccessDenied', service: 'cloudformation', action: 'CreateStack' });
    const proof = await prove(ALL);
    const withStack = QUESTIONS.filter(({ stackOperations }) => stackOperations !== undefined).map(({ id }) => id);
    expect(Object.keys(unansweredOf(proof))).toEqual(withStack);
    expect(await leftInAccount()).toEqual([]);
  });

  test('tries again what is throttled', async () => {
    await account.failCalls(
      { code: 'ThrottlingException', service: 'application-autoscaling', times: 2 },
      { code: 'ThrottlingException', service: 'ecs', action: 'CreateService', times: 2 },
    );
    expect(await prove(ALL)).toMatchObject({ code: 0 });
  });

  test('asks nothing when it may not make the cluster', async () => {
    await account.failCalls({ code: 'AccessDeniedException', service: 'ecs', action: 'CreateCluster' });
    const { code, out, err } = await prove(ALL);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ diagnostics: [{ code: 'prove/preparation' }] });
    expect(err).toContain('nothing could be asked: AccessDeniedException: injected by the test [prove/preparation]');
    expect(await leftInAccount()).toEqual([]);
  });

  test('lists what it could not delete, with the command that does', async () => {
    await account.failCalls({ code: 'AccessDeniedException', service: 'ecs', action: 'DeleteService' });
    const proof = await prove(ALL);
    expect(proof.code).toBe(1);
    const { left } = documentOf(proof);
    const services = left.filter(({ what }) => what.startsWith('service '));
    expect(services.length).toBeGreaterThan(QUESTIONS.length);
    expect(services[0]).toEqual({
      what: `service ${CLUSTER}/past-action`,
      why: 'AccessDeniedException: injected by the test',
      command: `aws ecs delete-service --region us-east-1 --cluster ${CLUSTER} --service past-action --force`,
    });
    expect(proof.err).toContain(services[0]!.command);
  });

  test('keeps trying to delete what AWS does not let go at once', async () => {
    // More often than the SDK tries.
    await account.failCalls({ code: 'ThrottlingException', service: 'ecs', action: 'DeleteCluster', times: 9 });
    const proof = await prove(ALL);
    expect(proof.code).toBe(0);
    expect(await leftInAccount()).toEqual([]);
  });

  test('deletes a stack that would not go without its target, and the target after it', async () => {
    const name = `${CLUSTER}-unchanged-target`;
    const deletions: unknown[] = [];
    /** Does not delete one stack as long as it is to delete its target. */
    class Stuck extends CloudFormationClient {
      override send = ((command: { input: { StackName?: string; RetainResources?: string[] } }) => {
        const isIt = command.input.StackName === name;
        if (isIt && command instanceof DeleteStackCommand) {
          deletions.push(command.input);
          if (command.input.RetainResources === undefined) return Promise.resolve({});
        }
        if (isIt && deletions.length === 1 && command instanceof DescribeStacksCommand) {
          return Promise.resolve({ Stacks: [{ StackStatus: 'DELETE_FAILED' }] });
        }
        if (isIt && deletions.length === 1 && command instanceof DescribeStackEventsCommand) {
          return Promise.resolve({
            StackEvents: [
              { LogicalResourceId: name, ResourceStatus: 'DELETE_FAILED' },
              { LogicalResourceId: 'Target', ResourceStatus: 'DELETE_FAILED' },
            ],
          });
        }
        return super.send(command as unknown as DescribeStacksCommand);
      }) as CloudFormationClient['send'];
    }
    const proof = await prove(ALL, {
      connect: (region) => ({ ...connect(region), stacks: new Stuck(account.client(region)) }),
    });
    expect(proof.code).toBe(0);
    expect(deletions).toEqual([{ StackName: name }, { StackName: name, RetainResources: ['Target'] }]);
    expect(await leftInAccount()).toEqual([]);
  });

  test('tells of every thing that is left when credentials expire in the middle', async () => {
    const proof = await prove(ALL, {
      onSleep: (_, slept) =>
        slept === 5 ? account.failCalls({ code: 'ExpiredTokenException', status: 403 }) : undefined,
    });
    expect(proof.code).toBe(1);
    expect(proof.err).toContain('= mend: sign in again');
    expect(proof.err).not.toMatch(/\n +at /);
    const { left } = documentOf(proof);
    expect(left.map(({ why }) => why)).toEqual(
      left.map(() => 'AWS does not accept the credentials: ExpiredTokenException: injected by the test'),
    );
    await account.failCalls();
    const remaining = await leftInAccount();
    expect(remaining).toContain(`${CLUSTER}-rollback-minimum`);
    const listed = left.map(({ what }) => what.split(' ').at(-1));
    expect(remaining.filter((name) => !listed.includes(name))).toEqual([]);
  });

  test('deletes everything when it is interrupted in the middle', async () => {
    const proof = await prove(ALL, {
      onSleep: async (interrupt, slept) => {
        if (slept !== 8) return;
        expect((await leftInAccount()).length).toBeGreaterThan(QUESTIONS.length);
        interrupt();
      },
    });
    expect(proof.code).toBe(1);
    expect(Object.values(unansweredOf(proof))).toContain('interrupted');
    expect(proof.err).toContain('interrupted: what was made is deleted');
    expect(documentOf(proof).left).toEqual([]);
    expect(await leftInAccount()).toEqual([]);
  });

  test('makes nothing in another account than the one that is named', async () => {
    const { code, out, err } = await prove(['--account', '999999999999']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe(
      `the credentials are of account ${ACCOUNT_ID}, and --account is 999999999999; nothing was made [prove/account]\n` +
        '   = mend: sign in to the account that may be used, or name the one that you are signed in to\n',
    );
    expect((await account.calls()).map(({ action }) => action)).toEqual(['GetCallerIdentity']);
  });

  test('says what to do when the credentials have expired', async () => {
    await account.failCalls({ code: 'ExpiredToken', service: 'sts', status: 403 });
    const { code, out, err } = await prove(['--account', ACCOUNT_ID]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe(
      'AWS does not accept the credentials: ExpiredToken: injected by the test [prove/identity]\n' +
        '   = mend: sign in again, for example with aws sso login, and see that aws sts get-caller-identity answers\n',
    );
  });

  test.each([
    ['no account', [], 'usage/account'],
    ['a name for an account', ['--account', 'media'], 'usage/account'],
    ['eleven digits', ['--account', '12345678901'], 'usage/account'],
    ['no region', ['--account', ACCOUNT_ID, '--region', 'Virginia'], 'usage/region'],
    ['a file in no folder', ['--account', ACCOUNT_ID, '--out', '/dev/null/answers.md'], 'usage/out'],
    ['an unknown option', ['--account', ACCOUNT_ID, '--force'], 'usage/arguments'],
  ])('refuses %s as wrong usage, with the mend', async (_, args, code) => {
    const proof = await prove(args);
    expect(proof).toMatchObject({ code: 2, out: '' });
    expect(proof.err).toContain(`[${code}]\n   = mend: `);
    expect(await account.calls()).toEqual([]);
  });

  test('teaches in its help what it makes, costs, takes and needs', async () => {
    const { code, out } = await prove(['--help']);
    expect(code).toBe(0);
    for (const permission of Object.values(PERMISSIONS).flat()) expect(out).toContain(permission);
    expect(out).toContain(`about ${Math.ceil(plannedSeconds(QUESTIONS) / 60)} minutes`);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test('ends with exit code 3 and its stack when it is itself at fault, and deletes everything', async () => {
    class Broken extends ApplicationAutoScalingClient {
      override send = (() => Promise.reject(new TypeError('a mistake'))) as ApplicationAutoScalingClient['send'];
    }
    const broken = new Broken(account.client());
    const proof = await prove(ALL, { connect: (region) => ({ ...connect(region), scaling: broken }) });
    expect(proof.code).toBe(3);
    expect(unansweredOf(proof)['past_action']).toBe('the tool failed: TypeError: a mistake');
    expect(proof.err).toMatch(/TypeError: a mistake\n +at /);
    expect(await leftInAccount()).toEqual([]);
  });

  test.each([
    ['UTC', '10:00:00', true],
    // An hour behind UTC.
    ['Etc/GMT+1', '10:59:59', false],
    ['Etc/GMT+1', '11:00:00', true],
  ])('asks an account that runs actions by their zone: %s at %s', async (zone, time, isDue) => {
    await account.tick(NOW);
    const clients = connect('us-east-1');
    const proving = new ProvingAccount({
      clients,
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      region: 'us-east-1',
      suffix: '0a1b2c3d',
    });
    await proving.prepare();
    const target = await proving.makeService('zone');
    await target.registerFirst({ min: 0, max: 5 });
    const at = Date.parse('2026-12-01T10:00:00Z') / 1000;
    await target.put({ name: 'zoned', at, min: 2, max: 5, timezone: zone });
    await account.tick(`2026-12-01T${time}Z`);
    expect((await target.bounds()).min).toBe(isDue ? 2 : 0);
    expect(await proving.removeAll()).toEqual([]);
  });

  describe('as a process', () => {
    test('does not run without an account', async () => {
      const { code, out, err } = await proveForReal([]);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(/^--account must be the twelve digits .*, got none \[usage\/account\]\n {3}= mend: write /);
    });

    test('says so when AWS cannot be reached', async () => {
      const { code, out, err } = await proveForReal(['--account', ACCOUNT_ID], {
        env: { AWS_ENDPOINT_URL: 'http://localhost:9' },
      });
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(
        /^AWS cannot be reached: ECONNREFUSED.* \[prove\/identity\]\n {3}= mend: see that the region /m,
      );
      expect(err).not.toMatch(/\n +at /);
    });

    test.each(['SIGINT', 'SIGTERM'] as const)('deletes everything at %s, and at a second one', async (signal) => {
      let sent = 0;
      const { code, err } = await proveForReal(['--account', ACCOUNT_ID], {
        onErr: (text, kill) => {
          if ((sent === 0 && text.includes('[1/')) || (sent === 1 && text.includes('deleting'))) {
            sent += 1;
            kill(signal);
          }
        },
      });
      expect(sent).toBe(2);
      expect(err).toContain('interrupted: what was made is deleted');
      expect(code).toBe(1);
      expect((await account.calls()).some(({ action }) => action === 'CreateService')).toBe(true);
      expect(await leftInAccount()).toEqual([]);
    });
  });
});
