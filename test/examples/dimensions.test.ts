import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { leadSeconds } from '../../lib/capacity/lead-time';
import { ReleaseFloors } from '../../lib/constructs/release-floors';
import { loadPlan } from '../../lib/load-plan';
import { environment } from '../capacity/fixtures';
import { OtherStack } from '../stacks/test-app';

const DOC = readFileSync(path.join(__dirname, '..', '..', 'docs', 'attach.md'), 'utf8');

const leadingNumber = (text: string): number => Number(/^[\d.]+/.exec(text)![0]);

/** Rows of the table of dimensions: one for each dimension, with the figures that it says to start with. */
const ROWS = [...DOC.matchAll(/^\| `([a-z]+)` (`\1:[^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].flatMap(
  ([, namespace, dimensions, resourceId, , startLatencySeconds, unitsPerMinute]) =>
    [...dimensions!.matchAll(/`([^`]+)`/g)].map(
      ([, dimension]) =>
        [
          dimension!,
          namespace!,
          /`([^`]+)`/.exec(resourceId!)![1]!,
          { startLatencySeconds: leadingNumber(startLatencySeconds!), unitsPerMinute: leadingNumber(unitsPerMinute!) },
        ] as const,
    ),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prescale-dimensions-'));
  writeFileSync(
    path.join(folder, 'a.yaml'),
    `releases:
  - { id: finale, title: Finale, premiere: 2026-12-31T17:00Z, kind: finale, audience: { peakViewers: 12_000, uncertainty: 0.3 } }
  - { id: small, title: Small, premiere: 2027-01-15T17:00Z, kind: episode, floors: { playback: 9 } }
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the table of dimensions in docs/attach.md', () => {
  test('has a row for each that the guide tells of', () => {
    expect(ROWS.map(([dimension]) => dimension)).toEqual([
      'ecs:service:DesiredCount',
      'lambda:function:ProvisionedConcurrency',
      'dynamodb:table:ReadCapacityUnits',
      'dynamodb:table:WriteCapacityUnits',
      'dynamodb:index:ReadCapacityUnits',
      'dynamodb:index:WriteCapacityUnits',
      'rds:cluster:ReadReplicaCount',
      'elasticache:replication-group:Replicas',
      'elasticache:replication-group:NodeGroups',
    ]);
  });

  test.each(ROWS)('plans and attaches %s with its figures', (dimension, namespace, resourceId, leadTime) => {
    const live = environment({
      namespace,
      dimension,
      unit: 'unit',
      leadTime,
      baseline: 2,
      baselineRequestsPerSecond: 50,
      maximum: 15,
      requestsPerSecondPerUnit: 100,
      vcpuPerUnit: undefined,
      maxStepsPerWindow: 1,
    });
    const plan = loadPlan({ calendarDir: folder, environment: live, asOf: '2026-12-01T00:00:00Z' });
    const [target] = plan.targets;
    // No findings about what only tasks have; the quotas of the environment are those of a large account.
    expect(plan.findings).toEqual([]);
    const { units } = plan.releases.find(({ id }) => id === 'finale')!.targets[0]!;
    expect(units).toBeGreaterThan(9);
    // Drill, window, drill, window: up and down, once each.
    expect(target!.actions.map(({ min }) => min)).toEqual([units, 2, units, 2, 9, 2, 9, 2]);
    // An hour of warm-up before the premiere, and before it the lead time, on the five-minute grid.
    const lead = leadSeconds(units - 2, { schedulerDelaySeconds: 60, ...leadTime });
    const dueAt = Date.parse('2026-12-31T16:00:00Z') / 1000 - lead;
    const raisedAt = Date.parse(target!.actions[2]!.at) / 1000;
    expect(raisedAt).toBeLessThanOrEqual(dueAt);
    expect(dueAt - raisedAt).toBeLessThan(600);

    const stack = new OtherStack();
    new ReleaseFloors(stack, 'ReleaseFloors', { plan, layer: target!.id.split('/')[1]!, target: { resourceId } });
    Template.fromStack(stack).hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
      ServiceNamespace: namespace,
      ScalableDimension: dimension,
      ResourceId: resourceId,
      MinCapacity: 2,
      MaxCapacity: 15,
    });
  });
});

test('utilisationZoneLost 0.9 asks a regional service for no more than 0.6 without a loss, with three zones', () => {
  const units = (utilisationZoneLost: number): number =>
    loadPlan({
      calendarDir: folder,
      environment: environment({
        baseline: 1,
        baselineRequestsPerSecond: 0,
        requestsPerSecondPerUnit: 1,
        maximum: 5000,
        utilisationZoneLost,
      }),
      asOf: '2026-12-01T00:00:00Z',
    }).releases.find(({ id }) => id === 'finale')!.targets[0]!.units;
  // A lower share adds for a zone; a higher one takes nothing more away.
  expect(units(0.89)).toBeGreaterThan(units(0.9));
  expect(units(0.99)).toBe(units(0.9));
});
