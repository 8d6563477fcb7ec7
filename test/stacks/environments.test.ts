import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ScalableDimension, ServiceNamespace } from '@aws-sdk/client-application-auto-scaling';
import type { AlarmSettings, RepositoryImage, StackEnvironment } from '../../lib/capacity/environment';
import { NEW_TABLE_WRITES } from '../../lib/capacity/limits';
import { validateEnvironment } from '../../lib/capacity/validate-environment';
import { environments } from '../../lib/environments';
import { environmentNamed } from './test-app';

describe.each(environments.map((environment) => [environment.name, environment] as const))('%s', (_, environment) => {
  const { layers, quotas, task, zoneIds } = environment;
  const playback = layers['playback']!;
  const rolling = Math.ceil((playback.maximum * playback.maximumPercent!) / 100);

  test('bears its ordinary peak on the baseline after the loss of a zone', () => {
    const left = (zoneIds.length - 1) / zoneIds.length;
    const borne = playback.baseline * playback.requestsPerSecondPerUnit * 0.85 * left;
    expect(playback.baselineRequestsPerSecond).toBeLessThanOrEqual(Math.round(borne));
  });

  test('is granted what its ceiling takes while a deployment rolls', () => {
    expect(rolling * playback.vcpuPerUnit!).toBeLessThanOrEqual(quotas.fargateVcpu!);
    expect(rolling).toBeLessThanOrEqual(quotas.loadBalancerTargets!);
    expect(rolling).toBeLessThanOrEqual(quotas.networkInterfaces!);
  });

  test('has a session table that bears what the plan counts on from its first minute', () => {
    const writes = playback.dependencies!.find(({ name }) => name === 'session table writes');
    expect(writes!.limit).toBe(environment.sessionTable.warmThroughput?.writeUnitsPerSecond ?? NEW_TABLE_WRITES);
  });

  test('runs an image that is in a private repository, or is built from a folder with a Dockerfile', () => {
    const { image } = task;
    const isPrivate = 'repository' in image || existsSync(join(__dirname, '..', '..', image.folder, 'Dockerfile'));
    expect(isPrivate).toBe(true);
    expect(validateEnvironment(environment)).toEqual([]);
  });

  test('scales what Application Auto Scaling can scale', () => {
    for (const { namespace, dimension } of Object.values(layers)) {
      expect(Object.values<string>(ServiceNamespace)).toContain(namespace);
      expect(Object.values<string>(ScalableDimension)).toContain(dimension);
      expect(dimension.startsWith(`${namespace}:`)).toBe(true);
    }
  });

  test('plans with the vCPU that its task has', () => {
    expect(playback.vcpuPerUnit).toBe(task.cpu / 1024);
  });
});

test('environments can be connected: their networks do not overlap', () => {
  const ranges = environments
    .map(({ vpcCidr }) => {
      const [address = '', mask] = vpcCidr.split('/');
      const start = address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
      return { start, end: start + 2 ** (32 - Number(mask)) };
    })
    .sort((a, b) => a.start - b.start);
  ranges.slice(1).forEach((range, index) => expect(range.start).toBeGreaterThanOrEqual(ranges[index]!.end));
});

describe('check refuses an environment of the stacks', () => {
  const prod = environmentNamed('prod');
  const inTask = (task: Partial<StackEnvironment['task']>) => ({ task: { ...prod.task, ...task } });
  const inEdge = (edge: Partial<StackEnvironment['edge']>) => ({ edge: { ...prod.edge, ...edge } });
  const inAlarms = (alarms: Partial<AlarmSettings>) => ({
    alarms: { wake: [], inform: [], latencyP99Seconds: 1, ...alarms },
  });
  const digest = `sha256:${'a'.repeat(64)}`;
  const hostedZone = { id: 'Z1', name: 'example.com' };

  test.each<[string, Partial<StackEnvironment>]>([
    ['account must be twelve digits or any, got "1234"', { account: '1234' }],
    [
      'egress must be endpoints, or nat with 1 to 3 gateways, got {"via":"nat","gateways":4}',
      { egress: { via: 'nat', gateways: 4 } },
    ],
    [
      'task.image.digest must be sha256: and 64 hexadecimal digits, got "latest"',
      inTask({ image: { repository: 'playback', digest: 'latest' } }),
    ],
    [
      'task.image.repository must be the name of a repository in ECR, got "1.dkr.ecr.us-east-1.amazonaws.com/playback:1"',
      inTask({ image: { repository: '1.dkr.ecr.us-east-1.amazonaws.com/playback:1', digest } }),
    ],
    [
      'task.image must be given either a repository with a digest or a folder, got {"repository":"playback"}',
      inTask({ image: { repository: 'playback' } as RepositoryImage }),
    ],
    [
      'task.cpu must be a size of Fargate, got 6144',
      {
        ...inTask({ cpu: 6144, memoryMiB: 16_384 }),
        layers: { playback: { ...prod.layers['playback']!, vcpuPerUnit: 6 } },
      },
    ],
    [
      'task.memoryMiB must be from 8192 to 30720 in steps of 1024 beside 4096 CPU units, got 9000',
      inTask({ memoryMiB: 9000 }),
    ],
    ['layers.playback.vcpuPerUnit must be 2, as the task has 2048 CPU units, got 4', inTask({ cpu: 2048 })],
    [
      'layers.playback.maximumPercent must be above 5 tasks when ECS rounds it down, or no deployment could ever start one, got 110',
      { layers: { playback: { ...prod.layers['playback']!, baseline: 5, baselineRequestsPerSecond: 1 } } },
    ],
    ['layers must be with a layer playback, got ["web"]', { layers: { web: prod.layers['playback']! } }],
    [
      'edge.accesLogs must be a known field, got true',
      inEdge({ accesLogs: true } as Partial<StackEnvironment['edge']>),
    ],
    ['task.port must be a port from 1 to 65535, got 0', inTask({ port: 0 })],
    ['task.healthCheckPath must be a path that begins with /, got "health"', inTask({ healthCheckPath: 'health' })],
    [
      'sessionTable.warmThroughput.writeUnitsPerSecond must be a whole number of at least 4000, got 1000',
      {
        sessionTable: {
          warmThroughput: { readUnitsPerSecond: 12_000, writeUnitsPerSecond: 1000 },
          pointInTimeRecovery: true,
        },
      },
    ],
    ['edge.webAcl must be off, count or block, got "on"', inEdge({ webAcl: 'on' as 'count' })],
    [
      'edge.domain must be given a name, and a certificate or a hosted zone that validates one, got {"names":["watch.example.com"]}',
      inEdge({ domain: { names: ['watch.example.com'] } }),
    ],
    [
      'edge.domain.certificateArn must be a certificate in us-east-1, got "arn:aws:acm:eu-west-1:123456789012:certificate/a"',
      inEdge({
        domain: { names: ['a.example.com'], certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/a' },
      }),
    ],
    [
      'edge.domain.names must be names of the hosted zone, got ["watch.example.org"]',
      inEdge({ domain: { names: ['watch.example.org', 'example.com'], hostedZone } }),
    ],
    [
      'alarms.wake must be e-mail addresses and https URLs, got ["http://pager.example.com","oncall"]',
      inAlarms({ wake: ['http://pager.example.com', 'oncall@example.com', 'https://pager.example.com/k', 'oncall'] }),
    ],
    [
      'alarms.inform must be different subscribers, got ["a@example.com","a@example.com"]',
      inAlarms({ inform: ['a@example.com', 'a@example.com'] }),
    ],
    ['alarms.latencyP99Seconds must be from 0.001 to 60, got 0', inAlarms({ latencyP99Seconds: 0 })],
    ['alarms must be a mapping, got "on"', { alarms: 'on' as 'off' }],
    ['alarms.pager must be a known field, got "x"', inAlarms({ pager: 'x' } as Partial<AlarmSettings>)],
    ['logRetentionDays must be days that CloudWatch Logs knows, got 10', { logRetentionDays: 10 as 7 }],
    [
      'layers.playback.maximum must be at most 1000 tasks with 110 % of them while a deployment rolls, got 1600',
      { quotas: { fargateVcpu: 8000 } },
    ],
  ])('%s', (message, change) => {
    const problems = validateEnvironment({ ...prod, ...change });
    expect(problems.map((problem) => problem.message)).toEqual([message]);
  });

  test('but none that has its alarms off', () => {
    expect(validateEnvironment({ ...prod, alarms: 'off' })).toEqual([]);
  });

  test('that lacks a part, as plain JavaScript allows', () => {
    const { egress: _, ...rest } = prod;
    expect(validateEnvironment(rest as StackEnvironment).map(({ path }) => path)).toEqual(['prod.egress']);
  });
});
