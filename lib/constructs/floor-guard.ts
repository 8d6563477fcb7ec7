import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CfnScalableTarget } from 'aws-cdk-lib/aws-applicationautoscaling';
import type { ITargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  ArnFormat,
  type CfnOutput,
  type CfnResource,
  Duration,
  FileSystem,
  Fn,
  Stack,
  Token,
  Validations,
} from 'aws-cdk-lib/core';
import { Trigger } from 'aws-cdk-lib/triggers';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import type { DeployPlan, TargetPlan } from '../capacity/capacity-plan';
import { bundleGuard } from '../guard/bundle-guard';
import { drillsPath, overridesPath } from '../capacity/parameter-paths';
import { renderGuardPlan } from '../guard/guard-plan';

/** What AWS asks of whoever registers a target, by its namespace: that they may do what they let Application Auto Scaling do. */
const SCALING_PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  ecs: ['ecs:DescribeServices', 'ecs:UpdateService'],
  lambda: [
    'lambda:GetProvisionedConcurrencyConfig',
    'lambda:PutProvisionedConcurrencyConfig',
    'lambda:DeleteProvisionedConcurrencyConfig',
  ],
  dynamodb: ['dynamodb:DescribeTable', 'dynamodb:UpdateTable'],
};

export interface FloorGuardProps {
  /** The plan of the environment, for its name and origin. */
  readonly plan: DeployPlan;
  /** The plan of the target. */
  readonly targetPlan: TargetPlan;
  readonly scalableTarget: CfnScalableTarget;
  /** Whose healthy targets are counted. @default - healthy units are not published */
  readonly targetGroup?: ITargetGroup;
  /** The output of the stack that tells the plan's `asOf`. */
  readonly planAsOf: CfnOutput;
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
}

/**
 * The guard of one scalable target: before a deploy touches the target it refuses a plan that would do harm, every minute and at the end of
 * each deploy it mends what differs from the plan. See docs/guard.md.
 *
 * Code and plan are one asset, so that each is as new as the other; and the target depends on both.
 */
export class FloorGuard extends Construct {
  /** Of all handlers. */
  readonly log: LogGroup;
  /** Of the function that runs each minute. */
  readonly functionName: string;
  private readonly functions: readonly LambdaFunction[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: FloorGuardProps,
  ) {
    super(scope, id);
    const { scalableTarget, targetGroup, logRetention = RetentionDays.ONE_MONTH } = props;
    this.log = new LogGroup(this, 'Log', { retention: logRetention });
    const { folder, code } = this.writeCode();
    const { reads, registers, puts, countsHealthy, readsStack, records } = this.statements();
    const makeHandler = (id: string, handler: string, statements: readonly PolicyStatement[]): LambdaFunction => {
      const role = new Role(this, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
      this.log.grantWrite(role);
      for (const statement of statements) role.addToPolicy(statement);
      return new LambdaFunction(this, id, {
        runtime: Runtime.NODEJS_24_X,
        architecture: Architecture.ARM_64,
        // A share of a processor comes with it, and on the biggest night a thousand targets are read.
        memorySize: 512,
        // The next run comes within a minute, and two at once would only meet each other.
        timeout: Duration.seconds(50),
        code,
        handler: `index.${handler}`,
        role,
        logGroup: this.log,
        environment: {
          RESOURCE_ID: scalableTarget.resourceId,
          STACK_ID: Stack.of(this).stackId,
          PLAN_OUTPUT: props.planAsOf.logicalId,
          ...(targetGroup && handler !== 'beforeDeploy' && { TARGET_GROUP_ARN: targetGroup.targetGroupArn }),
        },
      });
    };

    const beforeDeploy = makeHandler('BeforeDeploy', 'beforeDeploy', [...reads, ...registers, readsStack]);
    const guard = makeHandler('Guard', 'guard', [
      ...reads,
      ...registers,
      ...puts,
      ...countsHealthy,
      ...records,
      readsStack,
    ]);
    const afterDeploy = makeHandler('AfterDeploy', 'afterDeploy', [
      ...reads,
      ...registers,
      ...puts,
      ...countsHealthy,
      ...records,
    ]);
    this.functions = [beforeDeploy, guard, afterDeploy];
    this.functionName = guard.functionName;
    if (!this.node.tryGetContext(DISABLE_ASSET_STAGING_CONTEXT)) rmSync(folder, { recursive: true });

    // A refused deploy leaves the guard that is there with the plan that is there.
    new Trigger(this, 'FirstStep', { handler: beforeDeploy, executeBefore: [guard, scalableTarget] });
    // An old guard never meets a new target.
    scalableTarget.node.addDependency(guard);
    new Trigger(this, 'LastStep', { handler: afterDeploy, executeAfter: [scalableTarget] });
    this.keepLogOfTriggers(logRetention);

    guard.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.seconds(60) });
    new Rule(this, 'EveryMinute', {
      description: 'prescale: compares the live floor with the plan',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaTarget(guard, { retryAttempts: 0, maxEventAge: Duration.seconds(60) })],
    });
  }

  /** Grants the handlers what AWS asks for the kind of resource that is scaled. */
  addToPolicy(statement: PolicyStatement): void {
    for (const handler of this.functions) handler.addToRolePolicy(statement);
  }

  private writeCode(): { readonly folder: string; readonly code: Code } {
    const { plan, targetPlan } = this.props;
    const { account } = Stack.of(this);
    const [region = ''] = targetPlan.id.split('/');
    // Until the asset has been staged.
    const folder = FileSystem.mkdtemp('prescale-guard-');
    writeFileSync(path.join(folder, 'index.js'), bundleGuard());
    writeFileSync(
      path.join(folder, 'plan.json'),
      renderGuardPlan({
        environment: plan.name,
        ...(!Token.isUnresolved(account) && { account }),
        region,
        asOf: plan.asOf,
        deployWindowSeconds: plan.deployWindowSeconds,
        calendarDigest: plan.calendarDigest,
        toolVersion: plan.toolVersion,
        target: targetPlan,
      }),
    );
    return { folder, code: Code.fromAsset(folder) };
  }

  private statements(): {
    readonly reads: readonly PolicyStatement[];
    readonly registers: readonly PolicyStatement[];
    readonly puts: readonly PolicyStatement[];
    readonly countsHealthy: readonly PolicyStatement[];
    readonly readsStack: PolicyStatement;
    readonly records: readonly PolicyStatement[];
  } {
    const { plan, targetPlan, targetGroup } = this.props;
    const { namespace, dimension } = targetPlan;
    const stack = Stack.of(this);
    const owner = { environment: plan.name, target: targetPlan.id };
    const parameters = (path: string): string =>
      stack.formatArn({ service: 'ssm', resource: 'parameter', resourceName: path.slice(1) });
    const anyOverride = parameters(`${overridesPath(owner)}/*`);
    const anyDrill = parameters(`${drillsPath(owner)}/*`);
    // The ids of scalable targets are random.
    const anyTarget = stack.formatArn({
      service: 'application-autoscaling',
      resource: 'scalable-target',
      resourceName: '*',
    });
    const scaling = (...actions: string[]): PolicyStatement =>
      new PolicyStatement({
        actions: actions.map((action) => `application-autoscaling:${action}`),
        resources: [anyTarget],
        conditions: {
          StringEquals: {
            'application-autoscaling:service-namespace': namespace,
            'application-autoscaling:scalable-dimension': dimension,
          },
        },
      });
    Validations.of(this).acknowledge(
      {
        id: `AwsSolutions-IAM5[Resource::${this.asNagWritesIt(anyTarget)}]`,
        reason:
          'The id of a scalable target is random and known only after it was made; conditions limit the actions to its namespace and dimension.',
      },
      ...[anyOverride, anyDrill].map((records) => ({
        id: `AwsSolutions-IAM5[Resource::${this.asNagWritesIt(records)}]`,
        reason:
          'Records of one target: overrides that people make on the night, and results of drills, have names of their own.',
      })),
      {
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason: 'What describes scalable targets, scheduled actions and target health cannot be limited to a resource.',
      },
    );
    const asked = SCALING_PERMISSIONS[namespace];
    if (asked === undefined) {
      Validations.of(this).addWarning(
        'prescale:guardPermissions',
        `the guard may not be allowed to register a target of ${namespace}: AWS asks for permissions of that service, which are not known here; ` +
          `mend: grant them with addToGuardPolicy() of ReleaseFloors, then acknowledge this`,
      );
    }
    return {
      reads: [
        new PolicyStatement({
          actions: [
            'application-autoscaling:DescribeScalableTargets',
            'application-autoscaling:DescribeScheduledActions',
          ],
          resources: ['*'],
        }),
      ],
      registers: [
        scaling('RegisterScalableTarget'),
        ...(asked ? [new PolicyStatement({ actions: [...asked], resources: [this.scaledArn()] })] : []),
      ],
      puts: [scaling('PutScheduledAction', 'DeleteScheduledAction')],
      countsHealthy: targetGroup
        ? [new PolicyStatement({ actions: ['elasticloadbalancing:DescribeTargetHealth'], resources: ['*'] })]
        : [],
      records: [
        // Listed by their path.
        new PolicyStatement({ actions: ['ssm:GetParametersByPath'], resources: [parameters(overridesPath(owner))] }),
        new PolicyStatement({ actions: ['ssm:DeleteParameter'], resources: [anyOverride] }),
        new PolicyStatement({ actions: ['ssm:PutParameter'], resources: [anyDrill] }),
      ],
      readsStack: new PolicyStatement({
        actions: ['cloudformation:DescribeStacks'],
        resources: [stack.stackId],
      }),
    };
  }

  /** Of what is scaled. For ECS and Lambda a resource id is the end of the ARN; an index is a part of its table. */
  private scaledArn(): string {
    const { scalableTarget, targetPlan } = this.props;
    const { resourceId } = scalableTarget;
    const resource =
      targetPlan.namespace === 'dynamodb' ? `table/${Fn.select(1, Fn.split('/', resourceId))}` : resourceId;
    return Stack.of(this).formatArn({
      service: targetPlan.namespace,
      resource,
      arnFormat: ArnFormat.NO_RESOURCE_NAME,
    });
  }

  /** The function that the CDK runs triggers with, one for a stack, writes a log that would be kept for ever. */
  private keepLogOfTriggers(retention: RetentionDays): void {
    const provider = Stack.of(this).node.findChild('AWSCDK.TriggerCustomResourceProviderCustomResourceProvider');
    if (provider.node.tryFindChild('Log')) return;
    const { logGroupName } = new LogGroup(provider, 'Log', { retention });
    const handler = provider.node.findChild('Handler') as CfnResource;
    handler.addPropertyOverride('LoggingConfig', { LogGroup: logGroupName });
  }

  /** Pseudo parameters in angle brackets. */
  private asNagWritesIt(arn: string): string {
    const resolved = Stack.of(this).resolve(arn) as string | { 'Fn::Join': [string, (string | { Ref: string })[]] };
    const parts = typeof resolved === 'string' ? [resolved] : resolved['Fn::Join'][1];
    return parts.map((part) => (typeof part === 'string' ? part : `<${part.Ref}>`)).join('');
  }
}
