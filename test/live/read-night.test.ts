import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { Command } from 'commander';
import { addReviewCommand } from '../../lib/commands/review';
import type { RecordedTarget } from '../../lib/capacity/night-record';
import { liveClients } from '../../lib/live/clients';
import { readNight, type ReadNightInput, REVIEW_PERMISSIONS } from '../../lib/live/read-night';
import { useAddress } from './fake-quotas';
import { FakeNight } from './fake-night';

const GROUP = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/playback/0123456789abcdef';
const BALANCER = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/fedcba9876543210';
const ELB = 'TargetGroup=targetgroup/playback/0123456789abcdef LoadBalancer=app/front/fedcba9876543210';
const TARGET = {
  id: 'us-east-1/playback',
  namespace: 'ecs',
  dimension: 'ecs:service:DesiredCount',
  unit: 'task',
} as const;
const ATTACHED = {
  prescale: 1,
  environment: 'prod',
  target: TARGET.id,
  resourceId: 'service/cluster-a/service-b',
  guardFunction: 'guard',
  targetGroupArn: GROUP,
  asOf: '2026-11-08T00:00:00Z',
  calendarDigest: 'sha256:x',
  toolVersion: 'test',
};

/** The first minute of the night, and how many there are: more than a page holds. */
const FROM = Date.parse('2026-11-08T19:00:00Z') / 1000;
const COUNT = 240;

let aws: FakeNight;
let undo: () => void;

/** A metric with a value in each minute, but for those of which `at` knows none. */
function metric(key: string, at: (minute: number) => number | undefined): void {
  const values = Array.from({ length: COUNT }, (_, minute) => [FROM / 60 + minute, at(minute)] as const);
  aws.metrics[key] = new Map(values.filter((value): value is [number, number] => value[1] !== undefined));
}

beforeEach(async () => {
  aws = new FakeNight();
  undo = useAddress(await aws.start());
  aws.stacks = { 'prod-Capacity': [{ ...ATTACHED, environment: 'staging' }, ATTACHED] };
  aws.loadBalancers = { [GROUP]: BALANCER };
  metric(`AWS/ApplicationELB RequestCount ${ELB} Sum`, (minute) => (minute === 50 ? undefined : 1000 + minute));
  metric(`AWS/ApplicationELB HTTPCode_Target_5XX_Count ${ELB} Sum`, (minute) => (minute === 30 ? 7 : undefined));
  metric('AWS/ApplicationELB HTTPCode_ELB_5XX_Count LoadBalancer=app/front/fedcba9876543210 Sum', (minute) =>
    minute === 30 || minute === 50 ? 100 : undefined,
  );
  metric('AWS/ApplicationELB RejectedConnectionCount LoadBalancer=app/front/fedcba9876543210 Sum', (minute) =>
    minute === 31 ? 5 : undefined,
  );
  metric(`AWS/ApplicationELB HealthyHostCount ${ELB} Average`, () => 119.6);
  metric('ECS/ContainerInsights DesiredTaskCount ClusterName=cluster-a ServiceName=service-b Average', () => 120);
  metric('ECS/ContainerInsights RunningTaskCount ClusterName=cluster-a ServiceName=service-b Average', () => 121);
  metric('prescale LiveFloor environment=prod target=us-east-1/playback Average', (minute) => 100 + minute);
});

afterEach(async () => {
  undo();
  await aws.stop();
});

const read = (fields: Partial<ReadNightInput> = {}): ReturnType<typeof readNight> =>
  readNight({
    environment: 'prod',
    stack: 'prod-Capacity',
    targets: [TARGET],
    from: FROM,
    to: FROM + COUNT * 60,
    clients: liveClients('us-east-1'),
    ...fields,
  });

/** The series of the only target. */
async function series(): Promise<RecordedTarget['series']> {
  const night = await read();
  if ('mend' in night) throw new Error(night.message);
  return night.targets[0]!.series;
}

test('a night is read over all pages, in the region of the environment, for the account of the credentials', async () => {
  const night = await read();
  expect(night).toMatchObject({
    schemaVersion: 1,
    account: '123456789012',
    environment: 'prod',
    from: '2026-11-08T19:00:00Z',
    to: '2026-11-08T23:00:00Z',
    periodSeconds: 60,
    targets: [{ id: 'us-east-1/playback', unit: 'task', activities: [] }],
  });
  // 8 metrics with 1,203 values, a hundred on a page.
  expect(aws.count('GetMetricData')).toBe(13);
  expect(new Set(aws.calls.map(({ region }) => region))).toEqual(new Set(['us-east-1']));
  const { floor } = await series();
  expect(floor).toEqual(Array.from({ length: COUNT }, (_, minute) => 100 + minute));
});

test('what is counted only above zero is zero where requests are known, and failures of all kinds are added', async () => {
  const { requests, failures, ready, desired, running } = await series();
  expect(requests!.slice(48, 52)).toEqual([1048, 1049, null, 1051]);
  // Turned away at 19:50, when there was no target: a failure, and no request.
  expect(failures!.slice(48, 52)).toEqual([0, 0, 100, 0]);
  expect(failures!.slice(29, 33)).toEqual([0, 107, 5, 0]);
  expect([ready![0], desired![0], running![0]]).toEqual([120, 120, 121]);
});

test('a minute without any data stays unknown', async () => {
  aws.metrics[`AWS/ApplicationELB RequestCount ${ELB} Sum`] = new Map([[FROM / 60 + 1, 900]]);
  const { requests, failures } = await series();
  expect(requests!.slice(0, 3)).toEqual([null, 900, null]);
  expect(failures!.slice(0, 3)).toEqual([null, 0, null]);
});

test('scaling activities of the night are read over all pages, oldest first, with what they asked for', async () => {
  const activity = (minute: number, Cause: string, Description: string) => ({
    StartTime: FROM + minute * 60 + 0.5,
    Cause,
    Description,
  });
  aws.activities = [
    activity(300, 'afterwards', 'Setting desired count to 1.'),
    activity(200, 'monitor alarm a in state ALARM triggered policy p', 'Setting desired count to 700.'),
    activity(10, 'minimum capacity was set to 487', 'Setting desired count to 487.'),
    activity(9, 'scheduled action name floor-1 was triggered', 'Setting min capacity to 487 and max capacity to 1600'),
    activity(-1, 'before', 'Setting desired count to 2.'),
  ];
  expect(await read()).toMatchObject({
    targets: [
      {
        activities: [
          { at: '2026-11-08T19:09:00Z', cause: 'scheduled action name floor-1 was triggered' },
          { at: '2026-11-08T19:10:00Z', cause: 'minimum capacity was set to 487', toUnits: 487 },
          {
            at: '2026-11-08T22:20:00Z',
            cause: 'monitor alarm a in state ALARM triggered policy p',
            toUnits: 700,
          },
        ],
      },
    ],
  });
  expect(aws.count('DescribeScalingActivities')).toBe(3);
});

test('where the floors name no target group, the one that the service is registered in is read', async () => {
  aws.stacks = { 'prod-Capacity': [{ ...ATTACHED, targetGroupArn: undefined }] };
  aws.services = { 'service-b': GROUP };
  expect((await series()).requests![0]).toBe(1000);
});

test('what is behind no load balancer has neither requests nor ready units', async () => {
  aws.stacks = { 'prod-Capacity': [{ ...ATTACHED, targetGroupArn: undefined }] };
  expect(Object.keys(await series())).toEqual(['desired', 'running', 'floor']);
});

test('throttling is borne, and told when it does not end', async () => {
  // Once throttled, the SDK asks for a page every two seconds.
  aws.valuesOnAPage = 10_000;
  aws.failures = { GetMetricData: { code: 'ThrottlingException', times: 1 } };
  expect((await series()).requests![0]).toBe(1000);
  aws.failures = { GetMetricData: { code: 'ThrottlingException' } };
  const impatient = {
    ...liveClients('us-east-1'),
    alarms: new CloudWatchClient({ region: 'us-east-1', maxAttempts: 1 }),
  };
  expect(await read({ clients: impatient })).toMatchObject({ kind: 'throttled', mend: 'try again in a minute' });
});

test.each([
  ['GetCallerIdentity', 'AccessDenied', REVIEW_PERMISSIONS.account],
  ['DescribeStacks', 'AccessDenied', REVIEW_PERMISSIONS.stacks],
  ['DescribeServices', 'AccessDeniedException', REVIEW_PERMISSIONS.services],
  ['DescribeTargetGroups', 'AccessDenied', REVIEW_PERMISSIONS.targetGroups],
  ['GetMetricData', 'AccessDeniedException', REVIEW_PERMISSIONS.metrics],
  ['DescribeScalingActivities', 'AccessDeniedException', REVIEW_PERMISSIONS.activities],
])('without the permission for %s the mend names it', async (operation, code, permission) => {
  if (operation === 'DescribeServices') aws.stacks = { 'prod-Capacity': [{ ...ATTACHED, targetGroupArn: undefined }] };
  aws.failures = { [operation]: { code } };
  expect(await read()).toMatchObject({ kind: 'permission', mend: `allow ${permission}` });
});

test.each([
  ['Forbidden', { kind: 'permission', message: 'CloudWatch: no', mend: 'allow cloudwatch:GetMetricData' }],
  ['InternalError', { kind: 'refused', message: 'CloudWatch could not read a metric: no' }],
])('a metric that CloudWatch answers with %s is no gap', async (StatusCode, trouble) => {
  aws.statuses = { HealthyHostCount: { StatusCode, Messages: [{ Code: StatusCode, Value: 'no' }] } };
  expect(await read()).toMatchObject(trouble);
});

test('a stack that is not there, or attaches other floors, is told with what it attaches', async () => {
  expect(await read({ stack: 'Other' })).toMatchObject({ message: 'there is no stack Other in us-east-1' });
  aws.stacks = { 'prod-Capacity': [{ ...ATTACHED, environment: 'staging' }] };
  expect(await read()).toMatchObject({
    message:
      'stack prod-Capacity attaches no floors of prod us-east-1/playback, it attaches staging us-east-1/playback',
  });
});

test('the help lists every permission', () => {
  const program = new Command().exitOverride();
  let help = '';
  program.configureOutput({ writeOut: (text) => void (help += text) });
  addReviewCommand(
    program,
    { out: () => undefined, err: () => undefined },
    () => new Date(0),
    () => undefined,
    null,
  );
  program.commands[0]!.copyInheritedSettings(program).outputHelp();
  for (const permission of Object.values(REVIEW_PERMISSIONS)) expect(help).toContain(permission);
});
