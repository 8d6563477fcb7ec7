import {
  paginateDescribeScalingActivities,
  type ScalableDimension,
  type ScalingActivity,
  type ServiceNamespace,
} from '@aws-sdk/client-application-auto-scaling';
import { type MetricDataQuery, paginateGetMetricData } from '@aws-sdk/client-cloudwatch';
import { DescribeServicesCommand } from '@aws-sdk/client-ecs';
import { DescribeTargetGroupsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { AttachedFloors } from '../capacity/attached-floors';
import type { TargetPlan } from '../capacity/capacity-plan';
import type { GuardMetric, GuardNamespace } from '../capacity/guard-metrics';
import { toIso } from '../capacity/instants';
import type { NightRecord, RecordedActivity, RecordedTarget } from '../capacity/night-record';
import { attempt, isTrouble } from './attempt';
import { findAttached, type MissingStack } from './attached';
import type { LiveClients } from './clients';
import type { Trouble } from './trouble';

/** What the credentials must be allowed to do, to read a night. All on `*`, or as narrow as AWS lets you. */
export const REVIEW_PERMISSIONS = {
  account: 'sts:GetCallerIdentity',
  stacks: 'cloudformation:DescribeStacks',
  services: 'ecs:DescribeServices',
  targetGroups: 'elasticloadbalancing:DescribeTargetGroups',
  metrics: 'cloudwatch:GetMetricData',
  activities: 'application-autoscaling:DescribeScalingActivities',
} as const;

export interface ReadNightInput {
  readonly environment: string;
  /** The stack that attaches the floors. */
  readonly stack: string;
  /** Those to read, all in the region of the clients. */
  readonly targets: readonly Pick<TargetPlan, 'id' | 'namespace' | 'dimension' | 'unit'>[];
  /** Seconds since the epoch: the half-open span, whole minutes, none of them older than CloudWatch keeps minutes. */
  readonly from: number;
  readonly to: number;
  readonly clients: LiveClients;
}

/** Why a night cannot be read. */
export type NoNight = Trouble | MissingStack;

const MINUTE = 60;

/** Metrics that one call of GetMetricData takes. */
const QUERIES_AT_ONCE = 500;

const GUARD_NAMESPACE: GuardNamespace = 'prescale';
const LIVE_FLOOR: GuardMetric = 'LiveFloor';

/**
 * Reads a night of an environment, minute by minute, and what scaled in it. A target without a load balancer has no requests and no ready units
 * in the record.
 *
 * @throws what is a mistake of this tool; what AWS, the network or the credentials have against a call is returned
 */
export async function readNight(input: ReadNightInput): Promise<NightRecord | NoNight> {
  const { environment, stack, targets, from, to, clients } = input;
  const account = await asking(REVIEW_PERMISSIONS.account, async () => {
    const { Account = '' } = await clients.identity.send(new GetCallerIdentityCommand({}));
    return Account;
  });
  if (isTrouble(account)) return account;
  const found = await findAttached(clients, stack);
  if ('mend' in found) return found.kind === 'permission' ? allow(found, REVIEW_PERMISSIONS.stacks) : found;

  const places: Place[] = [];
  for (const target of targets) {
    const attached = found.find((one) => one.environment === environment && one.target === target.id);
    if (!attached) {
      const others = found.map((one) => `${one.environment} ${one.target}`).join(', ') || 'none';
      return {
        kind: 'missing',
        message: `stack ${stack} attaches no floors of ${environment} ${target.id}, it attaches ${others}`,
        mend: 'name the stack with --stack, or deploy it with this version of prescale',
      };
    }
    // One at a time: whoever may not ask is told once.
    // oxlint-disable-next-line no-await-in-loop
    const balanced = await loadBalancerOf(clients, target, attached);
    if (isTrouble(balanced)) return balanced;
    places.push({ target, attached, ...(balanced && { balanced }) });
  }
  const asked = places.flatMap((place, index) => queriesOf(place, environment, index));
  const series = await readMetrics(clients, asked, from, to);
  if (isTrouble(series)) return series;
  const recorded: RecordedTarget[] = [];
  for (const [index, { target, attached }] of places.entries()) {
    // oxlint-disable-next-line no-await-in-loop
    const activities = await readActivities(clients, target, attached, from, to);
    if (isTrouble(activities)) return activities;
    recorded.push({ id: target.id, unit: target.unit, series: recordedSeries(series, index), activities });
  }
  return {
    schemaVersion: 1,
    account,
    environment,
    from: toIso(from),
    to: toIso(to),
    periodSeconds: MINUTE,
    targets: recorded,
  };
}

/** A target, and what is known of it before its metrics are read. */
interface Place {
  readonly target: ReadNightInput['targets'][number];
  readonly attached: AttachedFloors;
  readonly balanced?: Balanced;
}

/** As CloudWatch names them in dimensions. */
interface Balanced {
  readonly targetGroup: string;
  readonly loadBalancer: string;
}

/** Asks AWS; a missing permission is named. */
async function asking<T>(permission: string, call: () => Promise<T>): Promise<T | Trouble> {
  const answer = await attempt(call);
  return isTrouble(answer) && answer.kind === 'permission' ? allow(answer, permission) : answer;
}

function allow(trouble: Trouble, permission: string): Trouble {
  return { ...trouble, mend: `allow ${permission}` };
}

/** The load balancer whose target group the floors name, or the service is registered in; undefined where there is none. */
async function loadBalancerOf(
  clients: LiveClients,
  { namespace }: Place['target'],
  { targetGroupArn, resourceId }: AttachedFloors,
): Promise<Balanced | undefined | Trouble> {
  let arn: string | undefined | Trouble = targetGroupArn;
  if (arn === undefined && namespace === 'ecs') {
    arn = await asking(REVIEW_PERMISSIONS.services, async () => {
      const [, cluster, service] = resourceId.split('/');
      const answer = await clients.services.send(new DescribeServicesCommand({ cluster, services: [service!] }));
      return answer.services?.[0]?.loadBalancers?.find((one) => one.targetGroupArn !== undefined)?.targetGroupArn;
    });
    if (isTrouble(arn)) return arn;
  }
  if (arn === undefined) return undefined;
  const group = arn;
  return asking(REVIEW_PERMISSIONS.targetGroups, async () => {
    const command = new DescribeTargetGroupsCommand({ TargetGroupArns: [group] });
    const { TargetGroups = [] } = await clients.loadBalancers.send(command);
    const loadBalancer = TargetGroups[0]?.LoadBalancerArns?.[0];
    if (loadBalancer === undefined) return undefined;
    return {
      // arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID
      targetGroup: group.slice(group.indexOf(':targetgroup/') + 1),
      // arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID
      loadBalancer: loadBalancer.slice(loadBalancer.indexOf(':loadbalancer/') + ':loadbalancer/'.length),
    };
  });
}

/** A metric, and what it is of which target. */
interface Asked {
  readonly index: number;
  readonly name: keyof RecordedTarget['series'];
  readonly query: Omit<MetricDataQuery, 'Id'>;
}

function queriesOf({ target, attached, balanced }: Place, environment: string, index: number): Asked[] {
  const ask = (
    name: Asked['name'],
    namespace: string,
    metric: string,
    dimensions: Readonly<Record<string, string>>,
    statistic: 'Sum' | 'Average',
  ): Asked => ({
    index,
    name,
    query: {
      MetricStat: {
        Metric: {
          Namespace: namespace,
          MetricName: metric,
          Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        },
        Period: MINUTE,
        Stat: statistic,
      },
    },
  });
  const asked = [ask('floor', GUARD_NAMESPACE, LIVE_FLOOR, { environment, target: target.id }, 'Average')];
  if (balanced) {
    const { loadBalancer, targetGroup } = balanced;
    const ofGroup = { TargetGroup: targetGroup, LoadBalancer: loadBalancer };
    const elb = 'AWS/ApplicationELB';
    asked.push(
      // Of the group: a load balancer may serve others, too. What it turns away by itself is counted for all of it.
      ask('requests', elb, 'RequestCount', ofGroup, 'Sum'),
      ask('failures', elb, 'HTTPCode_Target_5XX_Count', ofGroup, 'Sum'),
      ask('failures', elb, 'HTTPCode_ELB_5XX_Count', { LoadBalancer: loadBalancer }, 'Sum'),
      ask('failures', elb, 'RejectedConnectionCount', { LoadBalancer: loadBalancer }, 'Sum'),
      // A sum would count each target once for each node of the load balancer that looks after it.
      ask('ready', elb, 'HealthyHostCount', ofGroup, 'Average'),
    );
  }
  const [, cluster, service] = attached.resourceId.split('/');
  if (target.namespace === 'ecs' && cluster !== undefined && service !== undefined) {
    const ofService = { ClusterName: cluster, ServiceName: service };
    asked.push(
      ask('desired', 'ECS/ContainerInsights', 'DesiredTaskCount', ofService, 'Average'),
      ask('running', 'ECS/ContainerInsights', 'RunningTaskCount', ofService, 'Average'),
    );
  }
  return asked;
}

/** Series of all targets, by index and name. */
type Read = ReadonlyMap<string, (number | null)[]>;

function keyOf({ index, name }: Pick<Asked, 'index' | 'name'>): string {
  return `${index} ${name}`;
}

async function readMetrics(
  { alarms: client }: LiveClients,
  asked: readonly Asked[],
  from: number,
  to: number,
): Promise<Read | Trouble> {
  const count = (to - from) / MINUTE;
  const series = new Map(asked.map((one) => [keyOf(one), Array.from({ length: count }, (): number | null => null)]));
  for (let first = 0; first < asked.length; first += QUERIES_AT_ONCE) {
    const chunk = asked.slice(first, first + QUERIES_AT_ONCE);
    // oxlint-disable-next-line no-await-in-loop
    const trouble = await asking(REVIEW_PERMISSIONS.metrics, async (): Promise<Trouble | undefined> => {
      const pages = paginateGetMetricData(
        { client },
        {
          MetricDataQueries: chunk.map(({ query }, index) => ({ ...query, Id: `m${index}` })),
          StartTime: new Date(from * 1000),
          EndTime: new Date(to * 1000),
          ScanBy: 'TimestampAscending',
        },
      );
      for await (const { MetricDataResults = [] } of pages) {
        for (const { Id = '', StatusCode, Timestamps = [], Values = [], Messages = [] } of MetricDataResults) {
          if (StatusCode === 'InternalError' || StatusCode === 'Forbidden')
            return untold(StatusCode, Messages[0]?.Value);
          const values = series.get(keyOf(chunk[Number(Id.slice(1))]!))!;
          Timestamps.forEach((at, index) => {
            const minute = Math.floor((at.getTime() / 1000 - from) / MINUTE);
            if (minute < 0 || minute >= count) return;
            values[minute] = (values[minute] ?? 0) + Math.round(Values[index] ?? 0);
          });
        }
      }
      return undefined;
    });
    if (trouble) return trouble;
  }
  return series;
}

function untold(status: string, message = 'no reason given'): Trouble {
  return status === 'Forbidden'
    ? { kind: 'permission', message: `CloudWatch: ${message}`, mend: `allow ${REVIEW_PERMISSIONS.metrics}` }
    : { kind: 'refused', message: `CloudWatch could not read a metric: ${message}`, mend: 'try again in a minute' };
}

function recordedSeries(read: Read, index: number): RecordedTarget['series'] {
  const names = ['requests', 'failures', 'ready', 'desired', 'running', 'floor'] as const;
  const found = Object.fromEntries(
    names.flatMap((name) => {
      const values = read.get(keyOf({ index, name }));
      return values ? [[name, values]] : [];
    }),
  ) as { -readonly [name in (typeof names)[number]]?: (number | null)[] };
  const { requests, failures } = found;
  // Published while there are some.
  if (requests && failures) {
    found.failures = failures.map((failed, minute) => failed ?? (requests[minute] === null ? null : 0));
  }
  return found;
}

function readActivities(
  { scaling }: LiveClients,
  { namespace, dimension }: Place['target'],
  { resourceId }: AttachedFloors,
  from: number,
  to: number,
): Promise<RecordedActivity[] | Trouble> {
  return asking(REVIEW_PERMISSIONS.activities, async () => {
    const found: (ScalingActivity & { readonly seconds: number })[] = [];
    const pages = paginateDescribeScalingActivities(
      { client: scaling },
      {
        ServiceNamespace: namespace as ServiceNamespace,
        ScalableDimension: dimension as ScalableDimension,
        ResourceId: resourceId,
      },
    );
    for await (const { ScalingActivities = [] } of pages) {
      for (const activity of ScalingActivities) {
        const seconds = Math.floor((activity.StartTime?.getTime() ?? 0) / 1000);
        if (seconds >= from && seconds < to) found.push({ ...activity, seconds });
      }
    }
    return found
      .toSorted((a, b) => a.seconds - b.seconds)
      .map(({ seconds, Cause = '', Description = '' }): RecordedActivity => {
        // Not "Setting min capacity to 40 and max capacity to 100": that changes bounds.
        const asked = /^Setting (?!min |max ).* to (\d+)\.?$/.exec(Description)?.[1];
        return { at: toIso(seconds), cause: Cause, ...(asked !== undefined && { toUnits: Number(asked) }) };
      });
  });
}
