import {
  paginateDescribeScalableTargets,
  paginateDescribeScheduledActions,
  type ScalableDimension,
  type ServiceNamespace,
} from '@aws-sdk/client-application-auto-scaling';
import { DescribeStacksCommand, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import { DescribeImagesCommand } from '@aws-sdk/client-ecr';
import { DescribeServicesCommand, DescribeTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { paginateListSubscriptionsByTopic } from '@aws-sdk/client-sns';
import { paginateGetParametersByPath } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { ATTACHED_OUTPUT, type AttachedFloors, readAttachedFloors } from '../capacity/attached-floors';
import type { TargetPlan } from '../capacity/capacity-plan';
import { fromIso } from '../capacity/instants';
import { drillsPath, overridesPath } from '../capacity/parameter-paths';
import type { QuotaNeed } from '../capacity/quota-needs';
import type { LiveClients } from './clients';
import {
  type AlarmFacts,
  allOf,
  type EnvironmentFacts,
  type Fact,
  type FunctionFacts,
  type ImageFacts,
  known,
  type Missing,
  type QuotaFacts,
  type RecordText,
  type RegisteredAction,
  type RegisteredTarget,
  type ServiceFacts,
  type StackFacts,
  type StackState,
  type SubnetFacts,
  type TargetFacts,
  unknown,
} from './facts';
import { readQuotas } from './quotas';
import { codeOf, troubleOf } from './trouble';

/** What the credentials must be allowed to do, to read everything. All on `*`, or as narrow as AWS lets you. */
export const VERIFY_PERMISSIONS = {
  account: 'sts:GetCallerIdentity',
  stacks: 'cloudformation:DescribeStacks',
  resources: 'cloudformation:ListStackResources',
  targets: 'application-autoscaling:DescribeScalableTargets',
  actions: 'application-autoscaling:DescribeScheduledActions',
  services: 'ecs:DescribeServices',
  tasks: 'ecs:DescribeTaskDefinition',
  health: 'elasticloadbalancing:DescribeTargetHealth',
  subnets: 'ec2:DescribeSubnets',
  images: 'ecr:DescribeImages',
  functions: 'lambda:GetFunctionConfiguration',
  records: 'ssm:GetParametersByPath',
  alarms: 'cloudwatch:DescribeAlarms',
  topics: 'sns:ListSubscriptionsByTopic',
  quotas: 'servicequotas:GetServiceQuota and servicequotas:GetAWSDefaultServiceQuota',
} as const;

/** A stack to look at. */
export interface StackName {
  readonly name: string;
  readonly region: string;
}

export interface ReadFactsInput {
  readonly environment: string;
  readonly stacks: readonly StackName[];
  readonly targets: readonly TargetPlan[];
  /** What is asked of quotas, by target. */
  readonly needs: ReadonlyMap<string, readonly QuotaNeed[]>;
  /** Clients of a region, the same each time. */
  readonly connect: (region: string) => LiveClients;
}

/**
 * Reads what `verify` judges, everything that can be at once.
 *
 * @throws what is a mistake of this tool; what AWS, the network or the credentials have against a call is an unknown fact
 */
export async function readFacts(input: ReadFactsInput): Promise<EnvironmentFacts> {
  const { stacks, targets, connect } = input;
  const account = ask(VERIFY_PERMISSIONS.account, async () => {
    const [first] = targets;
    const { Account = '' } = await connect(regionOf(first!)).identity.send(new GetCallerIdentityCommand({}));
    return Account;
  });
  const states = await Promise.all(stacks.map((stack) => readStack(connect(stack.region), stack)));
  const [alarms, ofTargets, identity] = await Promise.all([
    Promise.all(stacks.map((stack, index) => readAlarms(connect(stack.region), stack, states[index]!))),
    Promise.all(targets.map((target) => readTarget(input, target, attachedOf(input, target, states)))),
    account,
  ]);
  const facts = stacks.map(({ name, region }, index): StackFacts => ({
    name,
    region,
    state: states[index]!,
    alarms: alarms[index]!,
  }));
  return { account: identity, stacks: facts, targets: ofTargets, subscribers: await readSubscribers(facts, connect) };
}

/** Asks AWS. What it does not answer without a mistake of ours is unknown. */
async function ask<T>(permission: string, call: () => Promise<T>): Promise<Fact<T>> {
  try {
    return known(await call());
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === undefined) throw error;
    return unknown(trouble.kind === 'permission' ? { ...trouble, mend: `allow ${permission}` } : trouble);
  }
}

/** What AWS says that there is not, by the names of its errors. */
function askFor<T>(
  permission: string,
  absences: readonly string[],
  call: () => Promise<T>,
): Promise<Fact<T | Missing>> {
  return ask(permission, async (): Promise<T | Missing> => {
    try {
      return await call();
    } catch (error) {
      if (absences.includes(codeOf(error))) return 'missing';
      throw error;
    }
  });
}

/** Of a fact that the next one hangs on. */
function then<T, U>(
  fact: Fact<T | Missing>,
  read: (value: Exclude<T, Missing>) => Promise<Fact<U | Missing>>,
): Promise<Fact<U | Missing>> {
  if (!fact.known) return Promise.resolve(fact);
  return fact.value === 'missing' ? Promise.resolve(known('missing')) : read(fact.value as Exclude<T, Missing>);
}

function regionOf({ id }: Pick<TargetPlan, 'id'>): string {
  return id.split('/')[0]!;
}

function readStack({ stacks }: LiveClients, { name }: StackName): Promise<Fact<StackState | Missing>> {
  return ask(VERIFY_PERMISSIONS.stacks, async () => {
    try {
      const { Stacks = [] } = await stacks.send(new DescribeStacksCommand({ StackName: name }));
      const { StackStatus = '', Outputs = [] } = Stacks[0] ?? {};
      const attached = Outputs.filter(({ OutputKey = '' }) => OutputKey.includes(ATTACHED_OUTPUT))
        .map(({ OutputValue = '' }) => readAttachedFloors(OutputValue))
        .filter((floors) => floors !== undefined)
        .filter(({ asOf }) => Number.isInteger(fromIso(asOf)));
      return { status: StackStatus, attached };
    } catch (error) {
      // CloudFormation has no name of its own for it.
      if (codeOf(error) === 'ValidationError' && (error as Error).message.includes('does not exist')) return 'missing';
      throw error;
    }
  });
}

/** Where the floors of a target are: in the stack that tells of them. */
function attachedOf(
  { environment }: ReadFactsInput,
  { id }: TargetPlan,
  states: readonly Fact<StackState | Missing>[],
): Fact<AttachedFloors | Missing> {
  for (const state of states) {
    const attached = state.known && state.value !== 'missing' ? state.value.attached : [];
    const found = attached.find((floors) => floors.environment === environment && floors.target === id);
    if (found !== undefined) return known(found);
  }
  // A stack that could not be read may hold them.
  return states.find((state) => !state.known) ?? known('missing');
}

async function readTarget(
  { environment, needs, connect }: ReadFactsInput,
  target: TargetPlan,
  attached: Fact<AttachedFloors | Missing>,
): Promise<TargetFacts> {
  const { id, namespace, dimension } = target;
  const clients = connect(regionOf(target));
  const isService = namespace === 'ecs';
  const hasGroup = !(attached.known && attached.value !== 'missing' && attached.value.targetGroupArn === undefined);
  const owner = { environment, target: id };
  const service = then(attached, ({ resourceId }) => readService(clients, resourceId));
  const [registered, actions, ofService, healthy, subnets, images, guard, overrides, drills, quotas] =
    await Promise.all([
      then(attached, ({ resourceId }) => readRegistration(clients, { namespace, dimension, resourceId })),
      then(attached, ({ resourceId }) => readActions(clients, { namespace, dimension, resourceId })),
      isService ? service : undefined,
      hasGroup ? then(attached, ({ targetGroupArn }) => countHealthy(clients, targetGroupArn!)) : undefined,
      isService ? service.then((fact) => then(fact, ({ subnetIds }) => readSubnets(clients, subnetIds))) : undefined,
      isService
        ? service.then((fact) => then(fact, ({ taskDefinition }) => readImages(connect, clients, taskDefinition)))
        : undefined,
      then(attached, ({ guardFunction }) => readFunction(clients, guardFunction)),
      readRecords(clients, overridesPath(owner)),
      readRecords(clients, drillsPath(owner)),
      readGranted(clients, needs.get(id) ?? []),
    ]);
  return {
    id,
    attached,
    registered,
    actions,
    ...(ofService && { service: ofService }),
    ...(healthy && { healthy }),
    ...(subnets && { subnets }),
    ...(images && { images }),
    guard,
    overrides,
    drills,
    quotas,
  };
}

interface TargetName {
  readonly namespace: string;
  readonly dimension: string;
  readonly resourceId: string;
}

function readRegistration(
  { scaling }: LiveClients,
  { namespace, dimension, resourceId }: TargetName,
): Promise<Fact<RegisteredTarget | Missing>> {
  return ask(VERIFY_PERMISSIONS.targets, async () => {
    const pages = paginateDescribeScalableTargets(
      { client: scaling },
      {
        ServiceNamespace: namespace as ServiceNamespace,
        ScalableDimension: dimension as ScalableDimension,
        ResourceIds: [resourceId],
      },
    );
    for await (const { ScalableTargets = [] } of pages) {
      const [found] = ScalableTargets;
      if (found?.MinCapacity === undefined || found.MaxCapacity === undefined) continue;
      return {
        min: found.MinCapacity,
        max: found.MaxCapacity,
        scaleInSuspended: found.SuspendedState?.DynamicScalingInSuspended ?? false,
        scaleOutSuspended: found.SuspendedState?.DynamicScalingOutSuspended ?? false,
        scheduledSuspended: found.SuspendedState?.ScheduledScalingSuspended ?? false,
      };
    }
    return 'missing';
  });
}

function readActions(
  { scaling }: LiveClients,
  { namespace, dimension, resourceId }: TargetName,
): Promise<Fact<readonly RegisteredAction[] | Missing>> {
  return ask(VERIFY_PERMISSIONS.actions, async () => {
    const actions: RegisteredAction[] = [];
    const pages = paginateDescribeScheduledActions(
      { client: scaling },
      {
        ServiceNamespace: namespace as ServiceNamespace,
        ScalableDimension: dimension as ScalableDimension,
        ResourceId: resourceId,
      },
    );
    for await (const { ScheduledActions = [] } of pages) {
      for (const {
        ScheduledActionName,
        Schedule,
        Timezone,
        StartTime,
        EndTime,
        ScalableTargetAction,
      } of ScheduledActions) {
        actions.push({
          name: ScheduledActionName ?? '',
          schedule: Schedule ?? '',
          timezone: Timezone,
          bounded: StartTime !== undefined || EndTime !== undefined,
          min: ScalableTargetAction?.MinCapacity,
          max: ScalableTargetAction?.MaxCapacity,
        });
      }
    }
    return actions;
  });
}

function readService({ services }: LiveClients, resourceId: string): Promise<Fact<ServiceFacts | Missing>> {
  const [, cluster, service] = resourceId.split('/');
  return askFor(
    VERIFY_PERMISSIONS.services,
    ['ClusterNotFoundException'],
    async (): Promise<ServiceFacts | Missing> => {
      const answer = await services.send(new DescribeServicesCommand({ cluster, services: [service!] }));
      const found = answer.services?.find(({ status }) => status !== 'INACTIVE');
      if (found === undefined) return 'missing';
      return {
        running: found.runningCount ?? 0,
        desired: found.desiredCount ?? 0,
        taskDefinition: found.taskDefinition ?? '',
        subnetIds: found.networkConfiguration?.awsvpcConfiguration?.subnets ?? [],
      };
    },
  );
}

function countHealthy({ loadBalancers }: LiveClients, targetGroupArn: string): Promise<Fact<number | Missing>> {
  return askFor(VERIFY_PERMISSIONS.health, ['TargetGroupNotFoundException'], async () => {
    const command = new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn });
    const { TargetHealthDescriptions = [] } = await loadBalancers.send(command);
    return TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth?.State === 'healthy').length;
  });
}

function readSubnets(
  { network }: LiveClients,
  ids: readonly string[],
): Promise<Fact<readonly SubnetFacts[] | Missing>> {
  return askFor(VERIFY_PERMISSIONS.subnets, ['InvalidSubnetID.NotFound'], async () => {
    // Without ids AWS would describe all that there are.
    if (ids.length === 0) return [];
    const { Subnets = [] } = await network.send(new DescribeSubnetsCommand({ SubnetIds: [...ids] }));
    return Subnets.map(({ SubnetId = '', AvailableIpAddressCount = 0 }) => ({
      id: SubnetId,
      freeAddresses: AvailableIpAddressCount,
    })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  });
}

/** ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@DIGEST or :TAG */
const PRIVATE_IMAGE = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/([^@:]+)(?:@(sha256:[0-9a-f]+)|:([^@]+))?$/;

async function readImages(
  connect: (region: string) => LiveClients,
  { services }: LiveClients,
  taskDefinition: string,
): Promise<Fact<readonly ImageFacts[] | Missing>> {
  const names = await ask(VERIFY_PERMISSIONS.tasks, async () => {
    const answer = await services.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
    return (answer.taskDefinition?.containerDefinitions ?? []).map(({ image = '' }) => image);
  });
  if (!names.known) return names;
  return allOf(
    await Promise.all(
      names.value.map(async (image): Promise<Fact<ImageFacts>> => {
        const [, registryId, region, repositoryName, imageDigest, imageTag = 'latest'] =
          PRIVATE_IMAGE.exec(image) ?? [];
        if (registryId === undefined || region === undefined) return known({ image, found: 'elsewhere' });
        const found = await askFor(
          VERIFY_PERMISSIONS.images,
          ['ImageNotFoundException', 'RepositoryNotFoundException'],
          async () => {
            const imageIds = [imageDigest === undefined ? { imageTag } : { imageDigest }];
            await connect(region).images.send(new DescribeImagesCommand({ registryId, repositoryName, imageIds }));
            return 'present' as const;
          },
        );
        return found.known ? known({ image, found: found.value }) : found;
      }),
    ),
  );
}

function readFunction({ functions }: LiveClients, name: string): Promise<Fact<FunctionFacts | Missing>> {
  return askFor(VERIFY_PERMISSIONS.functions, ['ResourceNotFoundException'], async () => {
    const { State = 'Active' } = await functions.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    return { state: State };
  });
}

function readRecords({ parameters }: LiveClients, path: string): Promise<Fact<readonly RecordText[]>> {
  return ask(VERIFY_PERMISSIONS.records, async () => {
    const records: RecordText[] = [];
    for await (const { Parameters = [] } of paginateGetParametersByPath({ client: parameters }, { Path: path })) {
      for (const { Name = '', Value = '' } of Parameters) records.push({ name: Name, text: Value });
    }
    return records.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  });
}

async function readGranted(
  clients: LiveClients,
  needs: readonly QuotaNeed[],
): Promise<ReadonlyMap<string, Fact<QuotaFacts>>> {
  const quotas = await readQuotas(clients, needs);
  const named = [...quotas].map(([id, fact]): [string, Fact<QuotaFacts>] => {
    if (fact.known || fact.trouble.kind !== 'permission') return [id, fact];
    return [id, unknown({ ...fact.trouble, mend: `allow ${VERIFY_PERMISSIONS.quotas}` })];
  });
  return new Map(named);
}

/** Alarms that DescribeAlarms tells of at once. */
const ALARMS_AT_ONCE = 100;

async function readAlarms(
  { stacks, alarms }: LiveClients,
  { name }: StackName,
  state: Fact<StackState | Missing>,
): Promise<Fact<readonly AlarmFacts[]>> {
  if (!state.known) return state;
  if (state.value === 'missing') return known([]);
  const names = await ask(VERIFY_PERMISSIONS.resources, async () => {
    const found: string[] = [];
    for await (const { StackResourceSummaries = [] } of paginateListStackResources(
      { client: stacks },
      { StackName: name },
    )) {
      for (const { ResourceType, PhysicalResourceId } of StackResourceSummaries) {
        if (ResourceType === 'AWS::CloudWatch::Alarm' && PhysicalResourceId !== undefined)
          found.push(PhysicalResourceId);
      }
    }
    return found.toSorted();
  });
  if (!names.known) return names;
  const chunks = Array.from({ length: Math.ceil(names.value.length / ALARMS_AT_ONCE) }, (_, index) =>
    names.value.slice(index * ALARMS_AT_ONCE, (index + 1) * ALARMS_AT_ONCE),
  );
  return ask(VERIFY_PERMISSIONS.alarms, async () => {
    const found = new Map(
      (await Promise.all(chunks.map((chunk) => describeAlarms(alarms, chunk))))
        .flat()
        .map((alarm) => [alarm.name, alarm]),
    );
    const deleted = (alarm: string): AlarmFacts => ({
      name: alarm,
      actionsEnabled: false,
      topics: [],
      tellsWhenOver: false,
    });
    return names.value.map((alarm) => found.get(alarm) ?? deleted(alarm));
  });
}

async function describeAlarms(client: LiveClients['alarms'], names: string[]): Promise<AlarmFacts[]> {
  const found: AlarmFacts[] = [];
  for await (const { MetricAlarms = [] } of paginateDescribeAlarms(
    { client },
    { AlarmNames: names, AlarmTypes: ['MetricAlarm'] },
  )) {
    for (const {
      AlarmName = '',
      StateValue,
      ActionsEnabled = false,
      AlarmActions = [],
      OKActions = [],
    } of MetricAlarms) {
      found.push({
        name: AlarmName,
        state: StateValue,
        actionsEnabled: ActionsEnabled,
        topics: AlarmActions.filter((arn) => arn.split(':')[2] === 'sns'),
        tellsWhenOver: OKActions.length > 0,
      });
    }
  }
  return found;
}

/** Confirmed subscriptions of the topics that the alarms tell. */
async function readSubscribers(
  stacks: readonly StackFacts[],
  connect: (region: string) => LiveClients,
): Promise<Fact<ReadonlyMap<string, number>>> {
  const topics = stacks.flatMap(({ region, alarms }) =>
    alarms.known ? alarms.value.flatMap((alarm) => alarm.topics.map((arn) => ({ arn, region }))) : [],
  );
  const regions = new Map(topics.map(({ arn, region }) => [arn, region]));
  const counted = await Promise.all(
    [...regions].map(([arn, region]) =>
      askFor(VERIFY_PERMISSIONS.topics, ['NotFoundException', 'NotFound'], async () => {
        let confirmed = 0;
        const pages = paginateListSubscriptionsByTopic({ client: connect(region).topics }, { TopicArn: arn });
        for await (const { Subscriptions = [] } of pages) {
          // Until somebody confirms, there is a word in the place of the ARN.
          confirmed += Subscriptions.filter(({ SubscriptionArn = '' }) => SubscriptionArn.startsWith('arn:')).length;
        }
        return [arn, confirmed] as const;
      }).then((fact) => (fact.known && fact.value === 'missing' ? known([arn, 0] as const) : fact)),
    ),
  );
  const all = allOf(counted as readonly Fact<readonly [string, number]>[]);
  return all.known ? known(new Map(all.value)) : all;
}
