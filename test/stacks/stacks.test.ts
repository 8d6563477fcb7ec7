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
    const text = templateText(testStage('prod'), stack)
      .replaceAll(/[0-9a-f]{64}/g, '<asset>')
      // Ids of Lambda versions hold a digest of the code and the plan.
      .replaceAll(/(?<=CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '<version>');
    const template: unknown = JSON.parse(text);
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

  test('is deployed in an order in which no floor waits for the distribution', () => {
    const ids = testStage('prod')
      .synth()
      .stacks.map(({ stackName }) => stackName);
    expect(ids).toEqual(['prod-Playback', 'prod-Capacity', 'prod-Edge']);
  });

  test('looks nothing up, with and without a known account', () => {
    for (const account of [undefined, '111111111111']) {
      const stage = testStage('prod', { account });
      expect(stage.synth().manifest.missing).toBeUndefined();
      expect(templateText(stage, 'playback')).not.toContain('dummy');
    }
  });

  test('stands in the account that its environment states, or in that of the credentials where any will do', () => {
    const accounts = (name: string): string[] => {
      const { playback, edge, capacity } = testStage(name, { account: '222222222222' });
      return [playback.account, edge.account, capacity.account];
    };
    expect(new Set(accounts('prod'))).toEqual(new Set([environmentNamed('prod').account]));
    expect(new Set(accounts('dev'))).toEqual(new Set(['222222222222']));
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
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { RoleARN: Match.anyValue() });
    expect(JSON.stringify(template.findResources('AWS::IAM::Role'))).not.toContain('application-autoscaling');
  });
});

describe('all environments', () => {
  test('fit the schemas of their resources', () => {
    const app = testApp({ validateTemplates: true });
    allStages(app);
    app.synth();
    const { pluginReports } = JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8')) as {
      pluginReports: { pluginName: string; violations: unknown[] }[];
    };
    // Warnings of our own make a report, too.
    const ofSchemas = pluginReports.filter(({ pluginName }) => pluginName !== 'Construct Annotations');
    expect(ofSchemas.flatMap(({ violations }) => violations)).toEqual([]);

    // A property that does not exist is found: the check looks.
    const mistaken = testApp({ validateTemplates: true });
    const { capacity } = testStage('dev', { app: mistaken });
    new CfnResource(capacity, 'Mistake', { type: 'AWS::Logs::LogGroup', properties: { RetentionDays: 30 } });
    expect(() => mistaken.synth()).toThrow(/RetentionDays/);
  });

  /** Every resource of every template, named by environment, stack and logical id. */
  const resources = (): [string, CfnTemplateResource][] =>
    allStages(testApp()).flatMap((stage) =>
      STACKS.flatMap((stack) => {
        const { Resources } = JSON.parse(templateText(stage, stack)) as {
          Resources: Record<string, CfnTemplateResource>;
        };
        return Object.entries(Resources).map(([id, resource]): [string, CfnTemplateResource] => [
          `${stage.node.id}/${stack}/${id}`,
          resource,
        ]);
      }),
    );
  let all: [string, CfnTemplateResource][] = [];
  beforeAll(() => {
    all = resources();
  });
  const ofType = (type: string): [string, Record<string, unknown>][] => {
    const found = all.filter(([, { Type }]) => Type === type);
    // A type that is not there would make the test below it say nothing.
    expect(found.length).toBeGreaterThanOrEqual(environments.length);
    return found.map(([id, { Properties }]) => [id, Properties]);
  };

  test('allow no action by a wildcard', () => {
    const statements = all.flatMap(([id, { Properties }]) =>
      allowStatements(Properties).map(({ Action }) => [id, Action]),
    );
    expect(statements.length).toBeGreaterThan(0);
    expect(statements.filter(([, actions]) => JSON.stringify(actions).includes('*'))).toEqual([]);
  });

  test('have a private load balancer, and let nobody in from everywhere', () => {
    for (const [id, { Scheme }] of ofType('AWS::ElasticLoadBalancingV2::LoadBalancer')) {
      expect([id, Scheme]).toEqual([id, 'internal']);
    }
    const rules = [
      ...ofType('AWS::EC2::SecurityGroup').flatMap(([id, { SecurityGroupIngress = [] }]) =>
        (SecurityGroupIngress as object[]).map((rule) => [id, JSON.stringify(rule)]),
      ),
      ...ofType('AWS::EC2::SecurityGroupIngress').map(([id, rule]) => [id, JSON.stringify(rule)]),
    ];
    expect(rules.filter(([, rule]) => /0\.0\.0\.0\/0|::\/0/.test(rule!))).toEqual([]);
    for (const [id, { NetworkConfiguration }] of ofType('AWS::ECS::Service')) {
      expect([id, JSON.stringify(NetworkConfiguration)]).toEqual([id, expect.stringContaining('"DISABLED"')]);
    }
  });

  test('hold no secret', () => {
    // What a task is told, all of it: anything else has to be looked at first.
    for (const [id, { ContainerDefinitions }] of ofType('AWS::ECS::TaskDefinition')) {
      for (const { Environment, Secrets } of ContainerDefinitions as {
        Environment: { Name: string }[];
        Secrets?: object;
      }[]) {
        expect([id, Environment.map(({ Name }) => Name), Secrets]).toEqual([id, ['PORT', 'SESSION_TABLE'], undefined]);
      }
    }
    const told = ['RESOURCE_ID', 'STACK_ID', 'PLAN_OUTPUT', 'TARGET_GROUP_ARN'];
    for (const [id, { Environment }] of ofType('AWS::Lambda::Function')) {
      const { Variables = {} } = (Environment ?? {}) as { Variables?: object };
      expect([id, Object.keys(Variables).filter((name) => !told.includes(name))]).toEqual([id, []]);
    }
    const secret =
      /\b(AKIA|ASIA)[A-Z0-9]{16}\b|BEGIN [A-Z ]*PRIVATE KEY|\{\{resolve:|"\w*(Password|Secret|SecretString|Token)":"/i;
    expect(JSON.stringify({ DbPassword: 'hunter2' })).toMatch(secret);
    expect(JSON.stringify(all).match(secret)).toBeNull();
  });

  test('encrypt what they store, and what they carry to and from viewers', () => {
    for (const [id, bucket] of ofType('AWS::S3::Bucket')) {
      expect([id, bucket]).toEqual([
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
    expect(ofType('AWS::S3::BucketPolicy')).toHaveLength(ofType('AWS::S3::Bucket').length);
    for (const [id, policy] of ofType('AWS::S3::BucketPolicy')) {
      expect([id, JSON.stringify(policy)]).toEqual([id, expect.stringContaining('"aws:SecureTransport":"false"')]);
    }
    for (const [id, { SSESpecification }] of ofType('AWS::DynamoDB::GlobalTable')) {
      expect([id, SSESpecification]).toEqual([id, expect.objectContaining({ SSEEnabled: true })]);
    }
    for (const [id, { DistributionConfig }] of ofType('AWS::CloudFront::Distribution')) {
      const { DefaultCacheBehavior, CacheBehaviors } = DistributionConfig as Record<string, Record<string, unknown>[]>;
      for (const behavior of [DefaultCacheBehavior, CacheBehaviors].flat()) {
        expect([id, behavior!.ViewerProtocolPolicy]).toEqual([
          id,
          expect.stringMatching(/^(redirect-to-https|https-only)$/),
        ]);
      }
    }
  });

  test('keep every log, and none for ever', () => {
    for (const [id, { RetentionInDays }] of ofType('AWS::Logs::LogGroup')) {
      const environment = environmentNamed(id.split('/')[0]!);
      expect([id, RetentionInDays]).toEqual([id, environment.logRetentionDays]);
    }
    // A function without a log group of its own makes one that is never emptied.
    for (const [id, { LoggingConfig }] of ofType('AWS::Lambda::Function')) {
      expect([id, LoggingConfig]).toEqual([id, { LogGroup: expect.anything() }]);
    }
    const logBuckets = ofType('AWS::S3::Bucket').filter(([id]) => /\/Logs[0-9A-F]{8}$/.test(id));
    expect(logBuckets).toHaveLength(2 * environments.length);
    for (const [id, { LifecycleConfiguration }] of logBuckets) {
      const { Rules } = LifecycleConfiguration as { Rules: { ExpirationInDays: number }[] };
      expect([id, Rules[0]!.ExpirationInDays]).toEqual([id, environmentNamed(id.split('/')[0]!).logRetentionDays]);
    }
  });

  test('refuse the placeholder for an image before they make anything', () => {
    const rules = (name: string, digest?: string): object => {
      const given = environmentNamed(name);
      const environment = digest ? { ...given, task: { ...given.task, image: { repository: 'own', digest } } } : given;
      const stage = new EnvironmentStage(testApp(), { environment, plan: planFor(environment) });
      const { Rules } = JSON.parse(templateText(stage, 'playback')) as { Rules: object };
      return Rules;
    };
    expect(rules('prod')).toHaveProperty('ImageIsYourOwn');
    expect(rules('prod', `sha256:${'a'.repeat(64)}`)).not.toHaveProperty('ImageIsYourOwn');
    expect(rules('dev')).not.toHaveProperty('ImageIsYourOwn');
  });
});

describe.each(environments.map((environment) => [environment.name, environment] as const))(
  '%s',
  (name, environment) => {
    const stage = testStage(name);
    const count = (stack: (typeof STACKS)[number], type: string): number =>
      Object.keys(Template.fromStack(stage[stack]).findResources(type)).length;

    test('has the way out that it states', () => {
      const { egress } = environment;
      expect(count('playback', 'AWS::EC2::NatGateway')).toBe(egress.via === 'nat' ? egress.gateways : 0);
      expect(count('playback', 'AWS::EC2::VPCEndpoint')).toBe(egress.via === 'nat' ? 2 : 5);
    });

    test('protects, restores and warms what it states', () => {
      const template = Template.fromStack(stage.playback);
      const { deletionProtection, sessionTable } = environment;
      template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
        LoadBalancerAttributes: Match.arrayWith([
          { Key: 'deletion_protection.enabled', Value: String(deletionProtection) },
        ]),
      });
      const warm = sessionTable.warmThroughput;
      template.hasResource('AWS::DynamoDB::GlobalTable', {
        DeletionPolicy: deletionProtection ? 'Retain' : 'Delete',
        Properties: {
          Replicas: [
            Match.objectLike({
              DeletionProtectionEnabled: deletionProtection,
              PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: sessionTable.pointInTimeRecovery },
            }),
          ],
          WarmThroughput: warm
            ? { ReadUnitsPerSecond: warm.readUnitsPerSecond, WriteUnitsPerSecond: warm.writeUnitsPerSecond }
            : Match.absent(),
        },
      });
    });

    test('has the web ACL, the shield and the logs that it states', () => {
      const { webAcl, originShield, accessLogs } = environment.edge;
      expect(count('edge', 'AWS::WAFv2::WebACL')).toBe(webAcl === 'off' ? 0 : 1);
      expect(count('edge', 'AWS::Logs::Delivery')).toBe(accessLogs ? 1 : 0);
      expect(count('edge', 'AWS::Glue::Table')).toBe(accessLogs ? 1 : 0);
      expect(JSON.stringify(Template.fromStack(stage.edge).toJSON()).includes('"OriginShieldRegion"')).toBe(
        originShield,
      );
    });

    test('runs the image that it states', () => {
      const { image } = environment.task;
      const [{ Properties }] = Object.values(
        Template.fromStack(stage.playback).findResources('AWS::ECS::TaskDefinition'),
      ) as [CfnTemplateResource];
      const shown = JSON.stringify((Properties['ContainerDefinitions'] as { Image: unknown }[])[0]!.Image);
      expect(shown).toContain('repository' in image ? `/${image.repository}@${image.digest}` : 'container-assets');
    });
  },
);

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
