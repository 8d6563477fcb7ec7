import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { CfnResource, Validations, type App } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { stringify } from 'yaml';
import { environments } from '../../lib/environments';
import { EnvironmentStage } from '../../lib/stages/environment-stage';
import { targetPlan } from '../fixtures/plan';
import { environmentNamed, planFor, testApp, testStage } from './test-app';

const STACKS = ['playback', 'edge', 'capacity'] as const;

function allStages(app: App): EnvironmentStage[] {
  return environments.map(({ name }) => testStage(name, { app }));
}

/** The template as it is written to disk. */
function templateText(stage: EnvironmentStage, stack: (typeof STACKS)[number]): string {
  const { templateFullPath } = stage.synth().getStackArtifact(stage[stack].artifactId);
  return readFileSync(templateFullPath, 'utf8');
}

describe('an environment', () => {
  test.each(STACKS)('has this %s stack', (stack) => {
    const template: unknown = JSON.parse(templateText(testStage('prod'), stack).replace(/[0-9a-f]{64}/g, '<asset>'));
    expect(stringify(template, { lineWidth: 0, aliasDuplicateObjects: false })).toMatchSnapshot();
  });

  test('changes Capacity and nothing else when the calendar changes', () => {
    const before = testStage('prod');
    const after = testStage('prod', { calendar: 'past' });
    expect(templateText(after, 'playback')).toBe(templateText(before, 'playback'));
    expect(templateText(after, 'edge')).toBe(templateText(before, 'edge'));
    expect(templateText(after, 'capacity')).not.toBe(templateText(before, 'capacity'));
  });

  test('refers from Edge and Capacity to Playback only, so that Capacity can be deployed alone', () => {
    for (const stage of [testStage('prod'), testStage('dev')]) {
      const assembly = stage.synth();
      const stacksBehind = (artifactId: string): string[] =>
        assembly
          .getStackArtifact(artifactId)
          .dependencies.map(({ id }) => id)
          .filter((id) => assembly.stacks.some((stack) => stack.id === id));
      expect(stacksBehind(stage.playback.artifactId)).toEqual([]);
      expect(stacksBehind(stage.edge.artifactId)).toEqual([stage.playback.artifactId]);
      expect(stacksBehind(stage.capacity.artifactId)).toEqual([stage.playback.artifactId]);
    }
  });

  test('has its edge in us-east-1 wherever it plays', () => {
    const { playback, edge, capacity } = testStage('staging');
    expect([playback.region, edge.region, capacity.region]).toEqual(['eu-west-1', 'us-east-1', 'eu-west-1']);
  });

  test('looks nothing up, with and without a known account', () => {
    for (const account of [undefined, '111111111111']) {
      const stage = testStage('prod', { account });
      expect(stage.synth().manifest.missing).toBeUndefined();
      expect(templateText(stage, 'playback')).not.toContain('dummy');
    }
  });

  test('refuses the plan of another environment', () => {
    expect(
      () =>
        new EnvironmentStage(testApp(), {
          environment: environmentNamed('dev'),
          plan: planFor(environmentNamed('prod')),
        }),
    ).toThrow(
      'environment "dev" needs a layer "playback" and a plan of its own with the target "us-east-2/playback", got ',
    );
  });

  test('refuses a plan with a target that no stack registers, whose floors would be lost', () => {
    const environment = environmentNamed('prod');
    const plan = planFor(environment);
    const targets = [...plan.targets, { ...targetPlan, id: 'us-east-1/sign-in' }];
    expect(() => new EnvironmentStage(testApp(), { environment, plan: { ...plan, targets } })).toThrow(
      'environment "prod" has no stack that registers "us-east-1/sign-in"; mend: ',
    );
  });
});

describe('Capacity', () => {
  const capacity = (): Template => Template.fromStack(testStage('prod').capacity);

  test('follows requests per task at the share of full use that the environment allows', () => {
    capacity().hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      TargetTrackingScalingPolicyConfiguration: {
        PredefinedMetricSpecification: { PredefinedMetricType: 'ALBRequestCountPerTarget' },
        TargetValue: 36_000,
        ScaleOutCooldown: 60,
        ScaleInCooldown: 300,
      },
    });
  });

  test('follows CPU at 60 %', () => {
    capacity().hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      TargetTrackingScalingPolicyConfiguration: {
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
        TargetValue: 60,
      },
    });
  });

  test('scales through the service-linked role and needs none of its own', () => {
    const template = capacity();
    template.resourceCountIs('AWS::IAM::Role', 0);
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { RoleARN: Match.anyValue() });
  });
});

describe('all environments', () => {
  test('fit the schemas of their resources', () => {
    const app = testApp({ validateTemplates: true });
    allStages(app);
    app.synth();
    const { pluginReports } = JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8')) as {
      pluginReports: { pluginName: string; conclusion: string; violations: unknown[] }[];
    };
    expect(pluginReports).toEqual([
      expect.objectContaining({ pluginName: 'CloudFormation Validate', conclusion: 'success', violations: [] }),
    ]);

    // A property that does not exist is found: the check looks.
    const mistaken = testApp({ validateTemplates: true });
    const { capacity } = testStage('dev', { app: mistaken });
    new CfnResource(capacity, 'Mistake', { type: 'AWS::Logs::LogGroup', properties: { RetentionDays: 30 } });
    expect(() => mistaken.synth()).toThrow(/RetentionDays/);
  });

  test('log with retention and open nothing', () => {
    for (const stage of allStages(testApp())) {
      for (const stack of STACKS) {
        const { Resources } = JSON.parse(templateText(stage, stack)) as {
          Resources: Record<string, CfnTemplateResource>;
        };
        for (const [id, { Type, Properties }] of Object.entries(Resources)) {
          if (Type === 'AWS::Logs::LogGroup')
            expect([id, Properties]).toEqual([id, { RetentionInDays: expect.any(Number) }]);
          if (Type === 'AWS::S3::Bucket') {
            expect([id, Properties]).toEqual([
              id,
              expect.objectContaining({
                BucketEncryption: expect.anything(),
                PublicAccessBlockConfiguration: {
                  BlockPublicAcls: true,
                  BlockPublicPolicy: true,
                  IgnorePublicAcls: true,
                  RestrictPublicBuckets: true,
                },
              }),
            ]);
          }
          for (const statement of allowStatements(Properties))
            expect(JSON.stringify(statement.Action)).not.toContain('*');
        }
      }
    }
  });
});

describe('cdk-nag', () => {
  const app = testApp();
  allStages(app);
  const acknowledgements = app.node.findAll().flatMap(acknowledgementsOf);

  test('finds nothing that is not acknowledged', () => {
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations.map(({ ruleName, violatingResources }) => [ruleName, violatingResources])).toEqual([]);
  });

  test('finds something behind every acknowledgement, and a reason before it', () => {
    const checks = new AwsSolutionsChecks(app);
    // Without what was acknowledged, all findings are there.
    Object.assign(checks, { isAcknowledged: () => false });
    const findings = checks
      .validateScope(app)
      .violations.flatMap(({ ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath }) => ({ ruleName, path: constructPath ?? '' })),
      );
    expect(acknowledgements.length).toBeGreaterThan(0);
    for (const { id, reason, path } of acknowledgements) {
      const behind = findings.filter((finding) => finding.ruleName === id && `${finding.path}/`.startsWith(`${path}/`));
      expect({ id, path, needed: behind.length > 0 }).toEqual({ id, path, needed: true });
      expect(reason.split(' ').length).toBeGreaterThan(8);
    }
  });
});

interface CfnTemplateResource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}

interface Statement {
  readonly Effect: string;
  readonly Action: unknown;
}

/** All statements that allow something, wherever they are in the properties of a resource. */
function allowStatements(value: unknown): Statement[] {
  if (typeof value !== 'object' || value === null) return [];
  const nested = Object.values(value).flatMap(allowStatements);
  return 'Effect' in value && value.Effect === 'Allow' ? [value as Statement, ...nested] : nested;
}

/** Acknowledged rules of ours; the library acknowledges quirks of its own schemas under a prefix. */
function acknowledgementsOf(construct: IConstruct): { id: string; reason: string; path: string }[] {
  return construct.node.metadata
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries(data as Record<string, string>))
    .filter(([id]) => !id.startsWith('CloudFormation-Validate::'))
    .map(([id, reason]) => ({ id: id.replace(/^annotation::/i, ''), reason, path: construct.node.path }));
}
