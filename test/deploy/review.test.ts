import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient, type MetricDatum, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { loadCalendar } from '../../lib/calendar/read-calendar';
import { floorAt } from '../../lib/capacity/floor-at';
import type { NightRecord } from '../../lib/capacity/night-record';
import { planNight } from '../../lib/capacity/planned-night';
import { environments } from '../../lib/environments';
import { type SimulatedNight, simulateNight } from '../capacity/simulated-night';
import { ACCOUNT_ID, describeDeploys, ROOT } from './local-account';
import { type Plan, planOf, Prod } from './product';

const PROD = environments.find(({ name }) => name === 'prod')!;

/** CloudWatch keeps minutes for 15 days: the nights have to be of late, by the clock of the process that reviews them. */
const TODAY = Date.now();

/** A day in UTC. */
function daysAgo(count: number): string {
  return new Date(TODAY - count * 86_400_000).toISOString().slice(0, 10);
}

/** By what the nights left in CloudWatch. */
const PREMIERES = {
  measured: `${daysAgo(2)}T20:00:00Z`,
  'without-units': `${daysAgo(4)}T20:00:00Z`,
  'half-the-minutes': `${daysAgo(6)}T20:00:00Z`,
  'without-metrics': `${daysAgo(8)}T20:00:00Z`,
} as const;

type ReleaseId = keyof typeof PREMIERES;

const CALENDAR = `# Four finales, all forecast too low.
releases:
${Object.entries(PREMIERES)
  .map(
    ([id, premiere]) => `  - id: ${id}
    title: 'Harbour: ${id}'
    premiere: ${premiere}
    kind: finale
    drill: none
    audience: { peakViewers: 1_500_000, uncertainty: 0.15 } # what marketing says
`,
  )
  .join('')}`;

/** So many times the median forecast came. */
const AUDIENCE_FACTOR = 4;

/** All nights are over by then. */
const AS_OF = `${daysAgo(1)}T12:00:00Z`;

const folders: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescale-review-'));
  folders.push(folder);
  return folder;
}

/** A copy of the calendar. */
function copyCalendar(): string {
  const folder = newFolder();
  writeFileSync(join(folder, 'nights.yaml'), CALENDAR);
  return folder;
}

const fileOf = (calendar: string): string => readFileSync(join(calendar, 'nights.yaml'), 'utf8');

// A night of prod that was forecast too low: its floors were deployed and ran, its minutes are in CloudWatch, and each review is a process of its own.
describeDeploys('review', () => {
  const plan: Plan = { environment: 'prod', asOf: `${daysAgo(10)}T00:00:00Z`, calendar: copyCalendar() };
  let prod: Prod;
  let measured: SimulatedNight;
  /** As CloudWatch names them in dimensions. */
  let targetGroup: string;
  let loadBalancer: string;

  beforeAll(async () => {
    prod = await Prod.start(plan, { idle: true });
    const resources = await prod.account.resources();
    const idOf = (type: string): string => resources.find((one) => one.type.endsWith(type))!.physicalId;
    targetGroup = idOf('::TargetGroup').split(':').at(-1)!;
    loadBalancer = idOf('::LoadBalancer').split(':loadbalancer/')[1]!;

    measured = simulate('measured');
    await publish(measured.record);
    await publish(simulate('without-units').record, ({ MetricName }) => MetricName !== 'HealthyHostCount');
    await publish(simulate('half-the-minutes').record, ({ Timestamp }) => Timestamp!.getTime() % 120_000 === 0);

    // Floors rise and fall as they were deployed. Five minutes into the premiere a policy adds to them, and takes that back when it may.
    await prod.account.tick(minutesIn(5));
    await prod.account.attempt(prod.target, 500);
    await prod.account.tick(AS_OF);
  });

  afterAll(async () => {
    folders.forEach((folder) => rmSync(folder, { recursive: true }));
    await prod.account.stop();
  });

  /** So many minutes after the premiere of `measured`. */
  function minutesIn(minutes: number): string {
    return new Date(Date.parse(PREMIERES.measured) + 60_000 * minutes).toISOString().replace('.000', '');
  }

  function simulate(id: ReleaseId): SimulatedNight {
    return simulateNight(loadCalendar(plan.calendar!).calendar!, PROD, id, AUDIENCE_FACTOR);
  }

  /** Puts what a night left into CloudWatch, as a load balancer, Container Insights and the guard would; of it what is kept. */
  async function publish(record: NightRecord, keeps: (datum: MetricDatum) => boolean = () => true): Promise<void> {
    const client = new CloudWatchClient(prod.account.client());
    for (const [Namespace, data] of Object.entries(metricsOf(record))) {
      const kept = data.filter(keeps);
      for (let first = 0; first < kept.length; first += 1000) {
        await client.send(new PutMetricDataCommand({ Namespace, MetricData: kept.slice(first, first + 1000) }));
      }
    }
  }

  /** By namespace. */
  function metricsOf({ from, targets: [target] }: NightRecord): Record<string, MetricDatum[]> {
    const { requests, failures, ready, running, floor } = target!.series as Record<string, readonly number[]>;
    const [, cluster, service] = prod.target.resourceId.split('/');
    const ofBalancer = { LoadBalancer: loadBalancer };
    const ofGroup = { TargetGroup: targetGroup, ...ofBalancer };
    const ofService = { ClusterName: cluster!, ServiceName: service! };
    const found: Record<string, MetricDatum[]> = {};
    const put = (
      namespace: string,
      name: string,
      dimensions: Readonly<Record<string, string>>,
      minute: number,
      ...Values: number[]
    ): void => {
      (found[namespace] ??= []).push({
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
        Timestamp: new Date(Date.parse(from) + 60_000 * minute),
        Values,
      });
    };
    for (const [minute, count] of requests!.entries()) {
      const elb = 'AWS/ApplicationELB';
      // Each of two nodes tells of its half of the requests, and of all targets.
      put(elb, 'RequestCount', ofGroup, minute, Math.floor(count / 2), Math.ceil(count / 2));
      put(elb, 'HealthyHostCount', ofGroup, minute, ready![minute]!, ready![minute]!);
      // What other target groups of the load balancer serve is in it, too.
      put(elb, 'RequestCount', ofBalancer, minute, 3 * count);
      // None of them is published while it is zero.
      const failed = failures![minute]!;
      const rejected = Math.floor(failed / 5);
      const unanswered = Math.floor(failed / 3);
      if (rejected > 0) put(elb, 'RejectedConnectionCount', ofBalancer, minute, rejected);
      if (unanswered > 0) put(elb, 'HTTPCode_ELB_5XX_Count', ofBalancer, minute, unanswered);
      if (failed > 0) put(elb, 'HTTPCode_Target_5XX_Count', ofGroup, minute, failed - rejected - unanswered);
      put('ECS/ContainerInsights', 'RunningTaskCount', ofService, minute, running![minute]!);
      put('ECS/ContainerInsights', 'DesiredTaskCount', ofService, minute, running![minute]!);
      put('prescale', 'LiveFloor', { environment: 'prod', target: 'us-east-1/playback' }, minute, floor![minute]!);
      // Another environment of the account.
      put('prescale', 'LiveFloor', { environment: 'staging', target: 'us-east-1/playback' }, minute, 1);
      // The same name and dimensions, in a namespace of somebody's own.
      put('SomebodyElse', 'RequestCount', ofGroup, minute, count);
    }
    return found;
  }

  /** The real process. Nobody sits at a terminal: what may be written is. */
  async function review(
    release: ReleaseId,
    calendar: string,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = prod.account.env,
  ): Promise<{ code: number; out: string; err: string }> {
    const which = ['--env', 'prod', '--release', release, '--calendar', calendar, '--as-of', AS_OF];
    const child = spawn(process.execPath, ['--import', 'tsx', 'bin/prescale.ts', 'review', ...which, ...args], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (text) => (out += String(text)));
    child.stderr.on('data', (text) => (err += String(text)));
    const [code] = (await once(child, 'close')) as [number];
    return { code, out, err };
  }

  /** The calendar with what the night of `measured` left in it. */
  function written(): string {
    const day = new Date(PREMIERES.measured).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
    const entry = CALENDAR.indexOf('  - id: without-units');
    const observed = `    observed:
      peakViewers: 6_000_000
      outageMinutes: ${measured.outageMinutes}
      source: 'requests at the load balancer, CloudWatch, ${day}; fitted on 172 minutes'
`;
    return `${CALENDAR.slice(0, entry)}${observed}${CALENDAR.slice(entry)}`;
  }

  const WHO = 'sts:GetCallerIdentity';

  /** What was asked of the account since then, each once. */
  async function asks(before: number): Promise<string[]> {
    const calls = (await prod.account.calls()).slice(before);
    return [...new Set(calls.map(({ service, action }) => `${service}:${action}`))];
  }

  test('writes the audience and the outage of a night into its entry, and nothing else', async () => {
    const calendar = copyCalendar();
    const { code, out, err } = await review('measured', calendar);
    expect([code, err]).toEqual([0, '']);
    // The truth is 4 · 1,500,000.
    expect(fileOf(calendar)).toBe(written());
    expect(measured.outageMinutes).toBeGreaterThan(1);
    expect(out).toMatch(/^viewers at the peak +1,500,000 +6,000,000 +estimated from requests$/m);
    expect(out).toMatch(/^forecast error +\+300 %/m);
    expect(out).toMatch(/^highest +230 floor +1,600 running /m);
    expect(out).toMatch(/^live floor below the plan +0 min +0 min$/m);
    expect(out).toMatch(/^scaling activities +19 +7 by policies$/m);
    expect(out).toContain(`wrote observed of measured to ${calendar}/nights.yaml:`);
  });

  test('keeps the night as it was, and needs no account to review it again', async () => {
    const file = join(newFolder(), 'night.json');
    const live = copyCalendar();
    const first = await review('measured', live, ['--record', file]);
    expect([first.code, first.err]).toEqual([0, `kept the night in ${file}\n`]);
    const kept = JSON.parse(readFileSync(file, 'utf8')) as NightRecord;
    const { record } = measured;
    const { series } = record.targets[0]!;
    expect(kept).toEqual({
      ...record,
      account: ACCOUNT_ID,
      targets: [
        { ...record.targets[0]!, series: { ...series, desired: series.running! }, activities: expect.any(Array) },
      ],
    });
    expect(activitiesOf(kept)).toMatchInlineSnapshot(`
     "-65 230 minimum capacity was set to 230
     -65 - scheduled action name floor-T1855Z was triggered
     5 500 monitor alarm TargetTracking-SERVICE in state ALARM triggered policy prodCapacityPlaybackTargetRequestsPerTask119EDC92
     25 164 monitor alarm TargetTracking-SERVICE in state ALARM triggered policy prodCapacityPlaybackTargetRequestsPerTask119EDC92
     25 - scheduled action name floor-T2025Z was triggered
     75 165 minimum capacity was set to 165
     75 - scheduled action name floor-T2115Z was triggered
     100 166 minimum capacity was set to 166
     100 - scheduled action name floor-T2140Z was triggered
     125 159 monitor alarm TargetTracking-SERVICE in state ALARM triggered policy prodCapacityPlaybackTargetRequestsPerTask119EDC92
     125 - scheduled action name floor-T2205Z was triggered
     130 154 monitor alarm TargetTracking-SERVICE in state ALARM triggered policy prodCapacityPlaybackTargetRequestsPerTask119EDC92
     130 - scheduled action name floor-T2210Z was triggered
     135 148 monitor alarm TargetTracking-SERVICE in state ALARM triggered policy prodCapacityPlaybackTargetRequestsPerTask119EDC92
     135 - scheduled action name floor-T2215Z was triggered
     140 142 monitor alarm TargetTracking-SERVICE in state ALARM triggered policy prodCapacityPlaybackTargetRequestsPerTask119EDC92
     140 - scheduled action name floor-T2220Z was triggered
     145 120 monitor alarm TargetTracking-SERVICE in state ALARM triggered policy prodCapacityPlaybackTargetRequestsPerTask119EDC92
     145 - scheduled action name floor-T2225Z was triggered"
    `);

    const again = copyCalendar();
    const second = await review('measured', again, ['--from', file], { AWS_ENDPOINT_URL: 'http://localhost:1' });
    expect([second.code, second.err]).toEqual([0, '']);
    expect(second.out).toBe(first.out.replaceAll(live, again));
    expect(fileOf(again)).toBe(written());
  });

  /** A line each: minutes after the premiere, what was asked for, why. */
  function activitiesOf({ targets: [target] }: NightRecord): string {
    return target!.activities
      .map(({ at, cause, toUnits = '-' }) => {
        const minutes = (Date.parse(at) - Date.parse(PREMIERES.measured)) / 60_000;
        return `${minutes} ${toUnits} ${cause.replace(prod.target.resourceId, 'SERVICE').replace(/\d{8}T/, 'T')}`;
      })
      .join('\n');
  }

  test('plans the floors that were deployed', () => {
    const { calendar } = loadCalendar(plan.calendar!);
    const release = calendar!.releases.find(({ id }) => id === 'measured')!;
    const night = planNight({ calendar: calendar!, environment: PROD, toolVersion: 'test' }, release)!;
    const minutes = Array.from({ length: (night.to - night.from) / 60 }, (_, minute) => night.from + 60 * minute);
    const deployed = minutes.map((minute) => floorAt(planOf(plan), minute));
    expect(minutes.map((minute) => floorAt(night.plan.targets[0]!, minute))).toEqual(deployed);
    expect(Math.max(...deployed)).toBe(230);
  });

  test.each([
    ['without-units', /the record holds no ready units of us-east-1\/playback \[review\/half-the-data\]/],
    ['half-the-minutes', /requests are known in 30 of the 60 minutes around .* \[review\/too-few-minutes\]/],
    ['without-metrics', /the record holds no data of \S+ to \S+ \[review\/no-data\]/],
  ] as const)('writes nothing of a night %s', async (release, said) => {
    const calendar = copyCalendar();
    const { code, out, err } = await review(release, calendar);
    expect(err).toMatch(said);
    expect(err).toMatch(/\nnothing was written\n$/);
    expect([code, out, fileOf(calendar)]).toEqual([1, '', CALENDAR]);
  });

  test('writes nothing with credentials of another account', async () => {
    const { Credentials } = await new STSClient(prod.account.client()).send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::210987654321:role/oncall', RoleSessionName: 'ann' }),
    );
    const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
    const before = (await prod.account.calls()).length;
    const calendar = copyCalendar();
    const { code, out, err } = await review('measured', calendar, [], {
      ...prod.account.env,
      AWS_ACCESS_KEY_ID: AccessKeyId!,
      AWS_SECRET_ACCESS_KEY: SecretAccessKey!,
      AWS_SESSION_TOKEN: SessionToken!,
    });
    expect(err).toContain('the credentials are of account 210987654321, and prod is in 123456789012');
    expect(err).toMatch(/\nnothing was written\n$/);
    expect([code, out, fileOf(calendar)]).toEqual([1, '', CALENDAR]);
    expect(await asks(before)).toEqual([WHO]);
  });

  const DENIALS = [
    ['cloudformation', 'DescribeStacks', 'AccessDenied'],
    ['elasticloadbalancing', 'DescribeTargetGroups', 'AccessDenied'],
    ['cloudwatch', 'GetMetricData', 'AccessDenied'],
    ['application-autoscaling', 'DescribeScalingActivities', 'AccessDeniedException'],
  ] as const;

  test.each(DENIALS)('writes nothing without %s:%s, and names it', async (service, action, code) => {
    const calendar = copyCalendar();
    await prod.account.failCalls({ service, action, code, status: 403 });
    const { code: exitCode, out, err } = await review('measured', calendar);
    await prod.account.failCalls();
    expect(err).toContain(`allow ${service}:${action}`);
    expect([exitCode, out, fileOf(calendar)]).toEqual([1, '', CALENDAR]);
  });

  test('asks for nothing else than these and who it is', async () => {
    const before = (await prod.account.calls()).length;
    await review('measured', copyCalendar(), ['--dry-run']);
    const asked = (await asks(before)).toSorted();
    expect(asked).toEqual([...DENIALS.map(([service, action]) => `${service}:${action}`), WHO].toSorted());
  });
});
