import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  paginateDescribeScheduledActions,
  type SuspendedState,
} from '@aws-sdk/client-application-auto-scaling';
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs';

export const ROOT = join(__dirname, '..', '..');
export const ACCOUNT_ID = '123456789012';

/** As `SWITCHES` in account/state.py; the first position is the default. */
export const SWITCHES = {
  past_action: ['refuse', 'ignore'],
  fired_action: ['listed', 'removed'],
  reregister_on_actions_change: ['yes', 'no'],
  puts_on_actions_change: ['all', 'changed'],
  suspension_on_register: ['kept', 'cleared'],
  equal_instants: ['put_order', 'reverse'],
  minimum_above_maximum: ['fails', 'raises_maximum'],
} as const;

export type Switches = { readonly [Name in keyof typeof SWITCHES]?: (typeof SWITCHES)[Name][number] };

export interface Settings extends Switches {
  /** Most entries that Application Auto Scaling describes at once. @default 50 */
  readonly page_size?: number;
  /** How far the clock of functions is ahead of the account's. @default 0 */
  readonly lambda_clock_skew_seconds?: number;
  /** Nothing asks for units: policies give back what they may as soon as they may. @default false */
  readonly idle?: boolean;
}

/** All defaults, then each other position by itself: for `test.each`. */
export const SWITCH_POSITIONS: readonly (readonly [title: string, switches: Switches])[] = [
  ['the defaults', {}],
  ...Object.entries(SWITCHES).flatMap(([name, [, ...others]]) =>
    others.map((position) => [`${name}=${position}`, { [name]: position }] as const),
  ),
];

/** Answers matching API calls with an error; see `Fault` in account/state.py. */
export interface Fault {
  /** As AWS names it, for example `ThrottlingException`, `AccessDeniedException`, `ExpiredTokenException`. */
  readonly code: string;
  /** Name of the operation. @default all */
  readonly action?: string;
  /** Prefix of IAM, for example `application-autoscaling`. @default all */
  readonly service?: string;
  /** @default 'any' */
  readonly caller?: 'any' | 'lambda';
  /** @default every call */
  readonly times?: number;
  /** @default 400 */
  readonly status?: number;
}

/** Fails a resource in a deploy: by the start of its logical id, or by its type. */
export type Failure = ({ readonly logical_id: string } | { readonly type: string }) & {
  /** @default 1 */
  readonly times?: number;
  /** When it was made or changed already, as a resource that does not become stable. @default false */
  readonly after?: boolean;
};

/** Happens in the middle of a deploy, when a resource was changed, or was tried in vain; see `Interlude` in account/state.py. */
export interface Interlude {
  /** Start of the resource's logical id. @default any */
  readonly after?: string;
  /** Moves the clock there, once, and runs what is due. */
  readonly tick?: string;
  /** Runs the function of the stack that has this handler, as it is by then. */
  readonly handler?: string;
  /** @default each time */
  readonly times?: number;
}

/** What a registration or an action that ran left behind. */
export interface Moment {
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** `registered`, or the name of the action. */
  readonly cause: string;
  readonly min: number;
  readonly max: number;
  readonly scaleInSuspended: boolean;
  /** Units that run, after policies gave back what they could, if the service is idle. */
  readonly capacity: number;
}

export interface TargetId {
  readonly region: string;
  /** For example `service/CLUSTER/SERVICE`. */
  readonly resourceId: string;
  /** @default 'ecs:service:DesiredCount' */
  readonly dimension?: string;
}

/** A scalable target as the SDK reads it. */
export interface LiveTarget {
  readonly min: number;
  readonly max: number;
  readonly suspended: SuspendedState;
  /** As a plan writes them, by name. */
  readonly actions: readonly {
    readonly name: string;
    readonly at: string;
    readonly min?: number;
    readonly max?: number;
  }[];
}

export interface AccountResource {
  readonly stack: string;
  readonly region: string;
  readonly logicalId: string;
  readonly type: string;
  /** Who carries it out; a stub only keeps its properties. */
  readonly by: 'moto' | 'account' | 'stub';
  readonly physicalId: string;
  /** As the template states them, references resolved. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly properties: any;
}

export interface Invocation {
  readonly function: string;
  readonly version: string;
  readonly at: string;
  readonly result?: unknown;
  readonly error?: { readonly errorType: string; readonly errorMessage: string };
  readonly logs: string;
}

export interface ApiCall {
  readonly service: string;
  readonly action: string;
  readonly caller: 'client' | 'lambda' | 'cloudformation';
  readonly region: string;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly params: any;
  /** Code of an injected or refused call. */
  readonly error?: string;
}

export interface FiredAction {
  readonly name: string;
  readonly outcome: 'ran' | 'failed' | 'suspended';
  readonly capacity: number;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
}

export interface DeployOptions {
  /** Values of `-c KEY=VALUE`. */
  readonly context?: Readonly<Record<string, string>>;
  /** Command of another app than this repository's. */
  readonly app?: string;
  /** Only the stacks that are named. @default false */
  readonly exclusively?: boolean;
}

/** `describe`, or `describe.skip` where there is no Python with moto. */
export const describeDeploys: jest.Describe =
  process.env['LOCAL_ACCOUNT_PYTHON'] === undefined ? describe.skip : describe;

/** A fresh account on a free port of localhost; end it with `stop`. */
export async function startLocalAccount(settings: Settings = {}): Promise<LocalAccount> {
  const folder = mkdtempSync(join(tmpdir(), 'prescale-account-'));
  const logFile = join(folder, 'server.log');
  const server = spawn(process.env['LOCAL_ACCOUNT_PYTHON']!, ['-m', 'account.server'], {
    cwd: __dirname,
    env: {
      PATH: process.env['PATH'],
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUNBUFFERED: '1',
      MOTO_ACCOUNT_ID: ACCOUNT_ID,
    },
    // It ends when its standard input does, so it does not outlive a killed test.
    stdio: ['pipe', 'pipe', openSync(logFile, 'w')],
  });
  const ended = once(server, 'exit');
  // A test that fails before it ends the server must not keep Jest from ending.
  server.unref();
  for (const stream of [server.stdin!, server.stdout!]) (stream as Socket).unref();
  const first = await Promise.race([
    once(createInterface(server.stdout!), 'line') as Promise<[string]>,
    ended.then(() => {
      throw new Error(`the local account did not start:\n${readFileSync(logFile, 'utf8')}`);
    }),
  ]);
  const { url } = JSON.parse(first[0]) as { url: string };
  const account = new LocalAccount(url, folder, async () => {
    server.stdin!.end();
    await ended;
    const log = readFileSync(logFile, 'utf8');
    rmSync(folder, { recursive: true });
    return log;
  });
  await account.configure(settings);
  return account;
}

export class LocalAccount {
  constructor(
    /** Endpoint of all services. */
    readonly url: string,
    private readonly folder: string,
    private readonly end: () => Promise<string>,
  ) {}

  /** For a process that talks to the account. */
  get env(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.url,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
  }

  /** For a client of the SDK. A refused call is not tried again, so that a test sees it. */
  client(region = 'us-east-1'): {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
    maxAttempts: number;
  } {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    return { endpoint: this.url, region, credentials, maxAttempts: 1 };
  }

  /** Sets switches and numbers; what is left out stays. */
  async configure(settings: Settings): Promise<void> {
    await this.admin('switches', settings);
  }

  /** Moves the account's clock, which then stands, and runs the actions that are due by then, in order. */
  async tick(now: string, { latenessSeconds = 0 } = {}): Promise<FiredAction[]> {
    return (await this.admin('tick', { now, latenessSeconds })) as FiredAction[];
  }

  /** A scaling policy wants so many units: within the bounds, and not where that direction is suspended. */
  async attempt(target: TargetId, desired: number): Promise<{ before: number; after: number; why: string }> {
    return (await this.admin('attempt', { ...describeTarget(target), region: target.region, desired })) as {
      before: number;
      after: number;
      why: string;
    };
  }

  /** Tasks stop or start by themselves; what is wanted stays. */
  async setRunning({ region, resourceId }: TargetId, count: number): Promise<void> {
    await this.admin('running', { region, resourceId, count });
  }

  /** So many targets are healthy; undefined: all that run. */
  async setHealthy(targetGroupArn: string, count?: number): Promise<void> {
    await this.admin('healthy', { targetGroupArn, count: count ?? null });
  }

  /** Replaces the faults of API calls; none clears them. */
  async failCalls(...faults: readonly Fault[]): Promise<void> {
    await this.admin('faults', faults);
  }

  /** Replaces the failures of resources; none clears them. */
  async failResources(...failures: readonly Failure[]): Promise<void> {
    await this.admin('failures', failures);
  }

  /** Replaces what happens in the middle of deploys; none clears it. */
  async during(...interludes: readonly Interlude[]): Promise<void> {
    await this.admin('interludes', interludes);
  }

  /** Of all targets, in order. */
  async moments(): Promise<Moment[]> {
    return (await this.admin('moments')) as Moment[];
  }

  /** Runs a function, as its schedule would. */
  async invoke(
    functionName: string,
    { region = 'us-east-1', event = {} }: { region?: string; event?: unknown } = {},
  ): Promise<Invocation> {
    return (await this.admin('invoke', { function: functionName, region, event })) as Invocation;
  }

  async resources(): Promise<AccountResource[]> {
    return (await this.admin('resources')) as AccountResource[];
  }

  /** What a template asked for and nothing here carries out. */
  async gaps(): Promise<{ stack: string; logicalId: string; what: string }[]> {
    return (await this.admin('gaps')) as { stack: string; logicalId: string; what: string }[];
  }

  async invocations(): Promise<Invocation[]> {
    return (await this.admin('invocations')) as Invocation[];
  }

  async calls(): Promise<ApiCall[]> {
    return (await this.admin('calls')) as ApiCall[];
  }

  /** Through the SDK, page by page; undefined when it is not registered. */
  async readTarget({ region, resourceId, dimension }: TargetId): Promise<LiveTarget | undefined> {
    const client = new ApplicationAutoScalingClient(this.client(region));
    const { ServiceNamespace, ScalableDimension } = describeTarget({ region, resourceId, dimension });
    const actions = [];
    for await (const page of paginateDescribeScheduledActions(
      { client },
      { ServiceNamespace, ScalableDimension, ResourceId: resourceId },
    )) {
      for (const { ScheduledActionName, Schedule, ScalableTargetAction } of page.ScheduledActions!) {
        const at = `${/^at\((.*)\)$/.exec(Schedule!)?.[1]}Z`;
        const { MinCapacity: min, MaxCapacity: max } = ScalableTargetAction!;
        actions.push({ name: ScheduledActionName!, at, min, max });
      }
    }
    // One resource id and dimension is one target at most.
    const { ScalableTargets } = await client.send(
      new DescribeScalableTargetsCommand({ ServiceNamespace, ScalableDimension, ResourceIds: [resourceId] }),
    );
    if (ScalableTargets!.length === 0) return undefined;
    const { MinCapacity, MaxCapacity, SuspendedState } = ScalableTargets![0]!;
    actions.sort((a, b) => a.name.localeCompare(b.name));
    return { min: MinCapacity!, max: MaxCapacity!, suspended: SuspendedState!, actions };
  }

  /** Tasks of a service that run and that are wanted, through the SDK. */
  async readTasks({ region, resourceId }: TargetId): Promise<{ running: number; desired: number }> {
    const [, cluster, service] = resourceId.split('/');
    const { services } = await new ECSClient(this.client(region)).send(
      new DescribeServicesCommand({ cluster, services: [service!] }),
    );
    const { runningCount, desiredCount } = services![0]!;
    return { running: runningCount!, desired: desiredCount! };
  }

  /** Runs the CDK's real command line in this repository. */
  cdk(args: readonly string[]): Promise<CommandResult> {
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk'), '--output', join(this.folder, 'cdk.out'), ...args],
        {
          cwd: ROOT,
          maxBuffer: 100_000_000,
          env: { PATH: process.env['PATH'], HOME: this.folder, CDK_HOME: this.folder, NO_COLOR: '1', ...this.env },
        },
        (_, stdout, stderr) => resolve({ exitCode: child.exitCode ?? -1, output: `${stdout}${stderr}` }),
      );
    });
  }

  /** @throws Error with the output when it fails */
  async bootstrap(...regions: readonly string[]): Promise<void> {
    const environments = regions.map((region) => `aws://${ACCOUNT_ID}/${region}`);
    // Environments named, it needs no app.
    const { exitCode, output } = await this.cdk(['--app', '', 'bootstrap', ...environments]);
    if (exitCode !== 0) throw new Error(output);
  }

  /** `cdk deploy`, without asking. */
  deploy(stacks: string, { context = {}, app, exclusively = false }: DeployOptions = {}): Promise<CommandResult> {
    return this.cdk([
      ...(app === undefined ? [] : ['--app', app]),
      'deploy',
      stacks,
      // As long as nothing waits for review, a change set only costs time.
      '--method=direct',
      '--require-approval=never',
      ...(exclusively ? ['--exclusively'] : []),
      ...Object.entries(context).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ]);
  }

  /**
   * Ends the server.
   *
   * @throws Error with the server's log when it holds a traceback or another error, whatever the test saw
   */
  async stop(): Promise<void> {
    const log = await this.end();
    const at = log.search(/^ERROR |Traceback/m);
    if (at >= 0) {
      throw new Error(`the server met what it does not imitate:\n${log.slice(Math.max(0, at - 500), at + 4000)}`);
    }
  }

  private async admin(what: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/account-admin/${what}`, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`account-admin/${what}: ${await response.text()}`);
    return response.json();
  }
}

/** The three that name a target in each call of Application Auto Scaling. */
export function describeTarget({ resourceId, dimension = 'ecs:service:DesiredCount' }: TargetId): {
  ServiceNamespace: 'ecs';
  ResourceId: string;
  ScalableDimension: 'ecs:service:DesiredCount';
} {
  // The SDK lists the values that AWS knows today.
  return {
    ServiceNamespace: dimension.split(':')[0] as 'ecs',
    ResourceId: resourceId,
    ScalableDimension: dimension as 'ecs:service:DesiredCount',
  };
}
