import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { live } from '../../examples/attach/environments';
import type { TargetPlan } from '../../lib/capacity/capacity-plan';
import { loadPlan } from '../../lib/load-plan';
import { registered } from '../fixtures/registered';

const ROOT = path.join(__dirname, '..', '..');
const EXAMPLE = path.join(ROOT, 'examples', 'attach');
const AS_OF = '2027-02-15T00:00:00Z';

interface CdkJson {
  readonly app: string;
  readonly context: Record<string, unknown>;
}

const readJson = (...parts: string[]): unknown => JSON.parse(readFileSync(path.join(...parts), 'utf8'));
const { app, context } = readJson(EXAMPLE, 'cdk.json') as CdkJson;

type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>>;

const TARGET = 'AWS::ApplicationAutoScaling::ScalableTarget';
const POLICY = 'AWS::ApplicationAutoScaling::ScalingPolicy';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prescale-example-'));
  const [, ...args] = app.split(' ');
  // As the CDK CLI runs it, without credentials, by this Node.
  execFileSync(process.execPath, args, {
    cwd: EXAMPLE,
    env: {
      PATH: process.env['PATH'],
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, asOf: AS_OF }),
      CDK_VALIDATION: 'false',
    },
  });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

function ofType(stack: string, type: string): Resources {
  const { Resources } = readJson(folder, `${stack}.template.json`) as { Resources: Resources };
  return Object.fromEntries(Object.entries(Resources).filter(([, { Type }]) => Type === type));
}

function planOf(layer: string): TargetPlan {
  const { targets } = loadPlan({
    calendarDir: path.join(EXAMPLE, 'release-calendar'),
    environment: live,
    asOf: AS_OF,
  });
  return targets.find(({ id }) => id === `eu-west-1/${layer}`)!;
}

/** What a plan registers, and of what. */
function target(plan: TargetPlan): object {
  return { ServiceNamespace: plan.namespace, ScalableDimension: plan.dimension, ...registered(plan) };
}

describe('the example that attaches floors', () => {
  test('brings them to a stack in five lines', () => {
    const source = readFileSync(path.join(EXAMPLE, 'app.ts'), 'utf8');
    const blocks = [...source.matchAll(/\/\/ Floors for the releases.*\n([^]*?)\/\/ End of the floors\./g)];
    const lines = blocks.flatMap(([, block]) => block!.split('\n').filter((line) => line.trim() !== ''));
    expect(blocks).toHaveLength(2);
    expect(lines).toHaveLength(5);
    for (const file of ['docs/attach.md', 'README.md']) {
      const guide = readFileSync(path.join(ROOT, file), 'utf8');
      expect([file, lines.filter((line) => !guide.includes(`${line.trim()}\n`))]).toEqual([file, []]);
    }
    // Nothing else in the file knows of them.
    const rest = blocks.reduce((text, [block]) => text.replace(block, ''), source);
    expect(rest).not.toMatch(/prescale|loadPlan|ReleaseFloors|environments'|\bplan(ned)?\b|asOf/);
  });

  test('registers the numbers of the plan for the service of its own stack, whose policies stay', () => {
    const plan = planOf('playback');
    // The finale, by its audience, is what the fleet is raised for; the small premiere states its floor.
    expect(plan.actions.map(({ min }) => min)).toEqual(expect.arrayContaining([156, 60, 20]));
    const targets = ofType('Playback', TARGET);
    expect(Object.values(targets).map(({ Properties }) => Properties)).toMatchObject([target(plan)]);
    const [logicalId] = Object.keys(targets);
    const policies = Object.values(ofType('Playback', POLICY)).map(({ Properties }) => Properties);
    expect(policies.map(({ ScalingTargetId }) => ScalingTargetId)).toEqual([{ Ref: logicalId }, { Ref: logicalId }]);
    expect(
      policies.map(
        ({ TargetTrackingScalingPolicyConfiguration: configuration }) =>
          (configuration as { PredefinedMetricSpecification: { PredefinedMetricType: string } })
            .PredefinedMetricSpecification.PredefinedMetricType,
      ),
    ).toEqual(['ECSServiceAverageCPUUtilization', 'ALBRequestCountPerTarget']);
    const [service] = Object.values(ofType('Playback', 'AWS::ECS::Service'));
    expect(service!.Properties).not.toHaveProperty('DesiredCount');
  });

  test.each([
    ['catalogue', 'service/media/catalogue', 36],
    ['sign-in', 'function:sign-in:live', 84],
  ])('makes a scalable target with a policy for %s, which another tool owns', (layer, resourceId, floor) => {
    const plan = planOf(layer);
    expect(Math.max(...plan.actions.map(({ min }) => min))).toBe(floor);
    const targets = Object.entries(ofType('SharedServices', TARGET));
    expect(targets).toHaveLength(2);
    const [logicalId, { Properties }] = targets.find(([, { Properties }]) => Properties['ResourceId'] === resourceId)!;
    expect(Properties).toMatchObject({ ...target(plan), ResourceId: resourceId });
    const policies = Object.values(ofType('SharedServices', POLICY));
    expect(policies.filter(({ Properties }) => JSON.stringify(Properties).includes(logicalId))).toHaveLength(1);
  });

  test('synthesizes with the flags of this repository', () => {
    expect(context).toEqual((readJson(ROOT, 'cdk.json') as CdkJson).context);
  });
});
