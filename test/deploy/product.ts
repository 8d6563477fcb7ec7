import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ApplicationAutoScalingClient,
  DeleteScheduledActionCommand,
  RegisterScalableTargetCommand,
  type RegisterScalableTargetCommandInput,
} from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { Validations } from 'aws-cdk-lib/core';
import type { DeployPlan, TargetPlan } from '../../lib/capacity/capacity-plan';
import type { StackEnvironment } from '../../lib/capacity/environment';
import { floorAt } from '../../lib/capacity/floor-at';
import { environments } from '../../lib/environments';
import { loadPlan } from '../../lib/load-plan';
import { EnvironmentStage } from '../../lib/stages/environment-stage';
import { testApp } from '../stacks/test-app';
import {
  type CommandResult,
  describeTarget,
  type Interlude,
  type Invocation,
  type LiveTarget,
  type LocalAccount,
  type Moment,
  ROOT,
  type Settings,
  startLocalAccount,
  SWITCH_POSITIONS,
  type Switches,
  type TargetId,
} from './local-account';

/** One deploy of this repository's app: of which environment, as of when, from which calendar. */
export interface Plan {
  readonly environment: 'staging' | 'prod';
  readonly asOf: string;
  /** Folder. @default the repository's own calendar */
  readonly calendar?: string;
  /** Maximum of the playback layer, in what `synthesize` makes. @default the environment's */
  readonly maximum?: number;
}

/** The positions of the switches in which a deploy could end differently; in one the two that our actions never meet. */
export const POSITIONS: readonly (readonly [title: string, switches: Switches])[] = [
  ...SWITCH_POSITIONS.filter(([, switches]) => !('equal_instants' in switches || 'minimum_above_maximum' in switches)),
  [
    'equal_instants=reverse, minimum_above_maximum=raises_maximum',
    { equal_instants: 'reverse', minimum_above_maximum: 'raises_maximum' },
  ],
];

const folders: string[] = [];

/**
 * A calendar of small releases with stated floors, by premiere.
 *
 * @param more further fields of each, for example `drill: none`
 */
export function writeCalendar(floors: Readonly<Record<string, number>>, more = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescale-calendar-'));
  folders.push(folder);
  const releases = Object.entries(floors).map(
    ([premiere, units], index) =>
      `  - { id: small-${index}, title: Small, premiere: ${premiere}, kind: episode, floors: { playback: ${units} }${more && `, ${more}`} }\n`,
  );
  writeFileSync(join(folder, '2026.yaml'), `releases:\n${releases.join('')}`);
  return folder;
}

/** Evenings with a day between them, so that each is followed by a quiet time: a release at 19:00, warm from 18:25 to 20:20. */
export const EVENINGS: readonly string[] = Array.from({ length: 30 }, (_, index) =>
  new Date(Date.UTC(2026, 11, 2 + 2 * index)).toISOString().slice(0, 10),
);

/** The calendar of `EVENINGS`, with 500 tasks each. */
export function writeEvenings(): string {
  return writeCalendar(Object.fromEntries(EVENINGS.map((day) => [`${day}T19:00:00Z`, 500])), 'drill: none');
}

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** As the app plans it. */
export function planOf(plan: Plan): TargetPlan {
  return load(plan).plan.targets[0]!;
}

/** The floor that the plan holds at an instant. */
export function floorOf(plan: Plan, at: string): number {
  return floorAt(planOf(plan), at);
}

const loaded = new Map<string, { readonly environment: StackEnvironment; readonly plan: DeployPlan }>();

function load(planned: Plan): { readonly environment: StackEnvironment; readonly plan: DeployPlan } {
  const key = JSON.stringify(planned);
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const { environment: name, asOf, calendar = join(ROOT, 'release-calendar'), maximum } = planned;
  const found = environments.find((candidate) => candidate.name === name)!;
  const playback = { ...found.layers['playback']!, ...(maximum !== undefined && { maximum }) };
  const environment = { ...found, layers: { ...found.layers, playback } };
  const plan = loadPlan({ calendarDir: calendar, environment, known: environments, asOf });
  loaded.set(key, { environment, plan });
  return { environment, plan };
}

const assemblies = new Map<string, string>();

/**
 * What the app synthesizes, as a folder for `--app`: made in this process, which takes a tenth of the time, and once.
 *
 * @param image digest of the service's image
 */
export function synthesize(plan: Plan, image = `sha256:${'1'.repeat(64)}`): string {
  const key = JSON.stringify([plan, image]);
  const known = assemblies.get(key);
  if (known !== undefined) return known;
  const { environment, plan: planned } = load(plan);
  const { task } = environment;
  const app = testApp();
  const stage = new EnvironmentStage(app, {
    environment: { ...environment, task: { ...task, image: { ...task.image, digest: image } } },
    plan: planned,
  });
  Validations.of(stage).acknowledge({ id: 'Annotation::prescale:alarms', reason: 'Nobody is woken by a test.' });
  const { directory } = app.synth();
  assemblies.set(key, directory);
  return directory;
}

/** `cdk deploy`, the account's clock left alone. */
export function deployPlan(
  account: LocalAccount,
  stacks: string,
  { environment, asOf, calendar }: Plan,
): Promise<CommandResult> {
  return account.deploy(stacks, {
    context: { env: environment, asOf, ...(calendar !== undefined && { calendar }) },
    exclusively: !stacks.includes('*'),
  });
}

/** Where an environment's playback service stands, from what its Capacity stack tells. */
export async function playbackTarget(account: LocalAccount): Promise<TargetId> {
  const resources = await account.resources();
  const { region, properties } = resources.find(({ type }) => type.endsWith('::ScalableTarget'))!;
  return { region, resourceId: properties.ResourceId };
}

/** What an account must hold of a plan, in the form in which it is read. */
export function planned({ min, max, actions }: TargetPlan): Omit<LiveTarget, 'suspended'> {
  return { min, max, actions: actions.map(({ name, at, min: from, max: to }) => ({ name, at, min: from, max: to })) };
}

/** What one run of the guard decided, from its log. */
export interface GuardRun {
  /** Which handler ran. */
  readonly message: string;
  readonly plan: { readonly asOf: string };
  /** True of the last step of a deploy. */
  readonly deployed: boolean;
  readonly register?: { readonly bounds?: { readonly min: number; readonly max: number } };
  readonly put: readonly { readonly name: string; readonly at: string; readonly min: number }[];
  readonly remove: readonly string[];
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly metrics: { readonly plannedFloor: number; readonly liveFloor?: number; readonly repairs: number };
  readonly failures: readonly string[];
}

/** Prod's Playback and Capacity, deployed into an account of their own. */
export class Prod {
  private looked = 0;

  private constructor(
    readonly account: LocalAccount,
    readonly target: TargetId,
    private readonly guardName: string,
  ) {}

  /** An account as of the plan, which is deployed; end it with `account.stop()`. */
  static async start(plan: Plan, settings: Settings = {}): Promise<Prod> {
    const account = await startLocalAccount(settings);
    await account.tick(plan.asOf);
    await account.bootstrap('us-east-1');
    const { exitCode, output } = await account.deploy('prod/{Playback,Capacity}', {
      app: synthesize(plan),
      exclusively: true,
    });
    if (exitCode !== 0) throw new Error(output);
    const functions = (await account.resources()).filter(({ type }) => type === 'AWS::Lambda::Function');
    const guard = functions.find(({ properties }) => properties.Handler === GUARD)!;
    return new Prod(account, await playbackTarget(account), guard.physicalId);
  }

  /** `cdk deploy` of what is synthesized now; the clock stands. Tells how it and the stack ended. */
  deploy(
    plan: Plan,
    { stacks = 'prod/Capacity', image }: { stacks?: string; image?: string } = {},
  ): Promise<CommandResult & { status: string }> {
    return this.deployFrom(synthesize(plan, image), stacks);
  }

  /** The same, of a folder that was synthesized. */
  async deployFrom(app: string, stacks = 'prod/Capacity'): Promise<CommandResult & { status: string }> {
    const result = await this.account.deploy(stacks, { app, exclusively: true });
    return { ...result, status: await this.status() };
  }

  async status(stack = 'prod-Capacity'): Promise<string> {
    const client = new CloudFormationClient(this.account.client());
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return Stacks![0]!.StackStatus!;
  }

  /** One run of the guard, as it is deployed; a run that fails is told by its failures. */
  async runGuard(): Promise<GuardRun> {
    const invocation = await this.account.invoke(this.guardName);
    const run = logged(invocation);
    if (run === undefined || (invocation.error === undefined) !== (run.failures.length === 0)) {
      throw new Error(`${JSON.stringify(invocation.error)}\n${invocation.logs}`);
    }
    return run;
  }

  async read(): Promise<LiveTarget & { readonly running: number }> {
    const [target, { running }] = await Promise.all([
      this.account.readTarget(this.target),
      this.account.readTasks(this.target),
    ]);
    return { ...target!, running };
  }

  /** Actions of the plan that are still to come, in the order of their names. */
  static ahead(plan: Plan, now: string): LiveTarget['actions'] {
    return planned(planOf(plan)).actions.filter(({ at }) => at > now);
  }

  /** For what somebody does by hand. */
  get byHand(): ApplicationAutoScalingClient {
    return new ApplicationAutoScalingClient(this.account.client());
  }

  /** Registers the target by hand; what is left out stays. */
  async register(
    settings: Pick<RegisterScalableTargetCommandInput, 'MinCapacity' | 'MaxCapacity' | 'SuspendedState'>,
  ): Promise<void> {
    await this.byHand.send(new RegisterScalableTargetCommand({ ...describeTarget(this.target), ...settings }));
  }

  /** Deletes an action by hand. */
  async deleteAction(name: string): Promise<void> {
    await this.byHand.send(
      new DeleteScheduledActionCommand({ ...describeTarget(this.target), ScheduledActionName: name }),
    );
  }

  /**
   * Moments since the last call at which fewer units ran than the lowest of the plans holds at that instant, or policies could have
   * brought that about: a minimum below it, and scale-in not suspended.
   */
  async lapses(...plans: readonly Plan[]): Promise<(Moment & { planned: number })[]> {
    const moments = await this.account.moments();
    const fresh = moments.slice(this.looked);
    this.looked = moments.length;
    return fresh
      .map((moment) => ({ ...moment, planned: Math.min(...plans.map((plan) => floorOf(plan, moment.at))) }))
      .filter(
        ({ planned: floor, capacity, min, scaleInSuspended }) => capacity < floor || (min < floor && !scaleInSuspended),
      );
  }
}

/** Instants of a night, each with a run of the guard, and no moment without the floor; at the last all must be as planned. */
export async function follow(prod: Prod, plan: Plan, ...instants: readonly string[]): Promise<void> {
  for (const instant of instants) {
    await prod.account.tick(instant);
    expect(await prod.runGuard()).toMatchObject({ failures: [], problems: [] });
    expect(await prod.lapses(plan)).toEqual([]);
  }
  const floor = floorOf(plan, instants.at(-1)!);
  expect(await prod.read()).toMatchObject({ min: floor, running: floor });
}

/** Through the rise at 18:25 to an instant of that evening at which 500 are held. */
export async function enterWindow(prod: Prod, plan: Plan, instant: string): Promise<void> {
  await follow(prod, plan, `${instant.slice(0, 10)}T18:25:00Z`, instant);
  expect(await prod.read()).toMatchObject(HELD);
}

/** In the middle of a window of a calendar of `EVENINGS`. */
export const HELD = { min: 500, max: 1600, running: 500, suspended: { DynamicScalingInSuspended: true } };

/** As the template of the guard names it. */
const GUARD = 'index.guard';

/** The guard runs in the middle of a deploy, each time that something around the target was changed. */
export const GUARD_RUNS: readonly Interlude[] = [
  { after: 'ReleaseFloorsGuard', handler: GUARD },
  { after: 'PlaybackTarget', handler: GUARD },
];

/** The one line of a handler's log that says what was decided. */
export function logged({ logs }: Invocation): GuardRun | undefined {
  const lines = logs.split('\n').filter((line) => line.startsWith('{"level"'));
  return lines.length === 0 ? undefined : (JSON.parse(lines.at(-1)!) as GuardRun);
}
