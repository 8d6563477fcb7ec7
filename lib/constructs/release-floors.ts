import { CfnScalableTarget } from 'aws-cdk-lib/aws-applicationautoscaling';
import type { CfnService } from 'aws-cdk-lib/aws-ecs';
import type { ITargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnOutput, CfnResource, Lazy, Stack, Token, Validations } from 'aws-cdk-lib/core';
import { Construct, type IConstruct } from 'constructs';
import { ATTACHED_OUTPUT, type AttachedFloors } from '../capacity/attached-floors';
import type { DeployPlan, ScheduledAction, TargetPlan } from '../capacity/capacity-plan';
import { toSchedule } from '../capacity/instants';
import { resourceIdForm } from '../capacity/resource-ids';
import { targetOf } from '../capacity/target-of';
import { FloorGuard } from './floor-guard';

/** Scheduled actions of one scalable target; a fixed limit of Application Auto Scaling. */
const MAXIMUM_ACTIONS = 200;

/** Two plans on one target would overwrite each other, action by action. */
const attachedTo = new WeakMap<CfnResource, ReleaseFloors>();

/** What each layer of each environment of an app is attached to. */
const attachedLayers = new WeakMap<IConstruct, Map<string, ReleaseFloors>>();

/** Something that Application Auto Scaling can scale, and that is not defined in this app. */
export interface ScalableResource {
  /**
   * As Application Auto Scaling writes it: names, not ARNs, for example `service/CLUSTER/SERVICE`, `function:NAME:ALIAS`,
   * `table/NAME`, `table/NAME/index/INDEX`, `cluster:NAME`, `replication-group/NAME`. May hold tokens, for example the
   * names of a service that was imported by its attributes.
   */
  readonly resourceId: string;
  /** For the few dimensions without a service-linked role, such as those of EMR. @default - the service-linked role */
  readonly roleArn?: string;
}

export interface ReleaseFloorsProps {
  /** The environment's plan, as `loadPlan()` returns it. */
  readonly plan: DeployPlan;
  /** The layer whose timeline this target gets. Minimum, maximum and actions are registered unchanged. */
  readonly layer: string;
  /**
   * Defined in this app: the scalable target, or a construct that holds exactly one. That is an `appscaling.ScalableTarget`,
   * what `service.autoScaleTaskCount()`, `table.autoScaleWriteCapacity()` or `alias.addAutoScaling()` return, or a
   * `CfnScalableTarget`. Its scaling policies stay as they are.
   *
   * Defined elsewhere: its resource id, or what `ScalableTarget.fromScalableTargetId()` returns. A scalable target of
   * the plan's namespace and dimension is made for it.
   */
  readonly target: IConstruct | ScalableResource;
  /** The load balancer's target group of a service, whose healthy targets the guard counts. @default - healthy units are not published */
  readonly targetGroup?: ITargetGroup;
  /** How long the logs of the guard and of the deploy's steps are kept. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
}

/**
 * Attaches the floors of a plan to a scalable target, and a guard to the floors.
 *
 * Sets `MinCapacity`, `MaxCapacity` and `ScheduledActions` of the target to the plan's. Each action carries both
 * minimum and maximum, at an instant in UTC. What scales above the floors is left alone. Each registration by CloudFormation suspends
 * scale-in; the guard resumes it where the plan does not hold the floor.
 *
 * The guard is three Lambda functions with the plan in their code: the first step of a deploy, which refuses a plan that would do harm; the
 * last one; and a run every minute, which mends what differs from the plan and publishes metrics. See docs/guard.md.
 *
 * ```ts
 * const service = new ecs.FargateService(this, 'Service', { cluster, taskDefinition });
 * const scaling = service.autoScaleTaskCount({ maxCapacity: 1600 });
 * scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60 });
 * new ReleaseFloors(this, 'ReleaseFloors', { plan, layer: 'playback', target: scaling });
 *
 * new ReleaseFloors(this, 'SearchFloors', { plan, layer: 'search', target: { resourceId: 'service/media/search' } });
 * ```
 *
 * By resource id the scalable target belongs to this stack. CloudFormation refuses to create one that is registered
 * already ("already exists"), by another stack, another tool or by hand: attach in the stack that owns it; or remove it
 * there first, which leaves the running capacity as it is and deletes the policies and actions of that target; or bring
 * it into this stack with `cdk import`, as a `CfnScalableTarget` of its own, and attach to that. Deleting this stack removes the scalable target with its policies.
 *
 * @throws Error when the plan could not be registered (minimum above maximum, a name or an instant twice, more than 200
 * actions), when `target` holds no scalable target or several, when it scales something else than the plan, when its
 * resource id does not fit the dimension, when it stands in another stack, when it has scheduled actions or a plan already, and when the
 * layer is attached to something else. Actions that are added
 * after this construct, and a second target for its resource id in the same stack, are found at synthesis.
 * Warns when the target is a service of the same stack whose template states a desired count.
 */
export class ReleaseFloors extends Construct {
  /** The name of the planned environment: a dimension of the guard's metrics. */
  readonly environment: string;
  /** The plan of the target, as attached. */
  readonly plan: TargetPlan;
  /** The output that tells which plan is deployed: its `asOf`. */
  readonly planAsOf: CfnOutput;
  /** The output by which `prescale verify` and the commands for the night find all of this. */
  readonly attached: CfnOutput;
  /** The resource that carries it, to which scaling policies can be added. */
  readonly scalableTarget: CfnScalableTarget;
  /** Whose healthy targets the guard counts, if any. */
  readonly targetGroup?: ITargetGroup;
  /** Where the guard and the steps of a deploy log. */
  readonly guardLog: ILogGroup;
  private readonly guard: FloorGuard;

  constructor(scope: Construct, id: string, props: ReleaseFloorsProps) {
    super(scope, id);
    const { target } = props;
    const plan = this.planOfLayer(props);
    this.environment = props.plan.name;
    this.plan = plan;
    this.targetGroup = props.targetGroup;
    this.throwOn(planProblems(plan));
    this.throwOn(regionProblems(plan, Stack.of(this)));
    const cfnTarget = this.findScalableTarget(target) ?? this.makeScalableTarget(target);
    this.scalableTarget = cfnTarget;
    this.throwOn(mismatches(plan, `scalable target ${quote(cfnTarget.node.path)}`, cfnTarget));
    if (Stack.of(cfnTarget) !== Stack.of(this)) {
      this.fail(
        `scalable target ${quote(cfnTarget.node.path)} stands in another stack, so no step of a deploy could come before and after it; ` +
          `mend: create ReleaseFloors in the scope of that stack`,
      );
    }
    this.claimLayer(props);

    const other = attachedTo.get(cfnTarget);
    if (other !== undefined) {
      this.fail(
        `scalable target ${quote(cfnTarget.node.path)} has the floors of ${quote(other.node.path)} already; ` +
          `mend: keep one ReleaseFloors per target, its plan holds all releases`,
      );
    }
    attachedTo.set(cfnTarget, this);

    // The L2 constructs hand over a list that is read at synthesis and can still grow: look now and look again then.
    const ownActions = cfnTarget.scheduledActions;
    const foreignActions = (): string[] => foreignActionProblems(cfnTarget, ownActions);
    this.throwOn(foreignActions());

    const service = serviceWithDesiredCount(cfnTarget);
    if (service !== undefined) {
      Validations.of(this).addWarning(
        'prescale:desiredCount',
        `service ${quote(service.node.path)} states a desired count of ${service.desiredCount}, which overwrites the live ` +
          `count at each of its updates, below the floor too; mend: leave desiredCount out`,
      );
    }

    const minCapacity = plan.min;
    const maxCapacity = plan.max;
    const scheduledActions = Lazy.any({ produce: () => plan.actions.map(renderAction) }, { omitEmptyArray: true });
    cfnTarget.minCapacity = minCapacity;
    cfnTarget.maxCapacity = maxCapacity;
    cfnTarget.scheduledActions = scheduledActions;
    // So that whatever CloudFormation registers, the minimum of the plan before in a rollback too, no policy gives anything back until
    // the last step or the guard has looked at it.
    cfnTarget.suspendedState = {
      dynamicScalingInSuspended: true,
      dynamicScalingOutSuspended: false,
      scheduledScalingSuspended: false,
    };

    this.planAsOf = new CfnOutput(this, 'PlanAsOf', {
      value: props.plan.asOf,
      description: `prescale: the deployed plan of ${plan.id} was made as of this instant`,
    });
    this.guard = new FloorGuard(this, 'Guard', {
      plan: props.plan,
      targetPlan: plan,
      scalableTarget: cfnTarget,
      targetGroup: props.targetGroup,
      planAsOf: this.planAsOf,
      logRetention: props.logRetention,
    });
    this.guardLog = this.guard.log;
    const { asOf, calendarDigest, toolVersion } = props.plan;
    const attached: AttachedFloors = {
      prescale: 1,
      environment: this.environment,
      target: plan.id,
      resourceId: cfnTarget.resourceId,
      asOf,
      calendarDigest,
      toolVersion,
      guardFunction: this.guard.functionName,
      ...(props.targetGroup && { targetGroupArn: props.targetGroup.targetGroupArn }),
    };
    this.attached = new CfnOutput(this, ATTACHED_OUTPUT, {
      value: Stack.of(this).toJsonString(attached),
      description: `prescale: where the floors of ${plan.id} are, for the command line`,
    });

    this.node.addValidation({
      validate: () => {
        const problems = [...foreignActions(), ...this.rivalProblems()];
        const untouched =
          cfnTarget.minCapacity === minCapacity &&
          cfnTarget.maxCapacity === maxCapacity &&
          cfnTarget.scheduledActions === scheduledActions;
        if (!untouched) {
          problems.push(
            `minimum, maximum or scheduled actions of ${quote(cfnTarget.node.path)} were changed after the plan was ` +
              `attached; mend: change the release calendar or the environment instead`,
          );
        }
        return problems;
      },
    });
  }

  /** Grants the guard what AWS asks of whoever registers a target, for namespaces other than `ecs`, `lambda` and `dynamodb`. */
  addToGuardPolicy(statement: PolicyStatement): void {
    this.guard.addToPolicy(statement);
  }

  private planOfLayer({ plan, layer }: ReleaseFloorsProps): TargetPlan {
    // Types are not checked in plain JavaScript.
    const given = plan as Partial<DeployPlan> | undefined;
    if (!Array.isArray(given?.targets) || typeof given.asOf !== 'string') {
      return this.fail(
        `plan must be what loadPlan() returns, got ${JSON.stringify(plan)?.slice(0, 60) ?? 'nothing'}; mend: plan: loadPlan({ … })`,
      );
    }
    try {
      return targetOf(plan, layer);
    } catch (error) {
      return this.fail((error as Error).message);
    }
  }

  /** Metrics and alarms of a layer are known by environment and target: two services would mix theirs. */
  private claimLayer({ plan: { name } }: ReleaseFloorsProps): void {
    const app = this.node.root;
    const layers = attachedLayers.get(app) ?? new Map<string, ReleaseFloors>();
    attachedLayers.set(app, layers);
    const layer = `${name}/${this.plan.id}`;
    const other = layers.get(layer);
    if (other !== undefined) {
      this.fail(
        `the floors of ${quote(layer)} are attached by ${quote(other.node.path)} already, and what the guards of both see would be one; ` +
          `mend: plan a layer of its own for each service`,
      );
    }
    layers.set(layer, this);
  }

  /** The one that is defined in this app; undefined when `target` is defined elsewhere. */
  private findScalableTarget(target: ReleaseFloorsProps['target']): CfnScalableTarget | undefined {
    if (!Construct.isConstruct(target)) return undefined;
    const found = target.node.findAll().filter(isScalableTarget);
    if (found.length > 1) {
      return this.fail(
        `${found.length} scalable targets found under ${quote(target.node.path)}: ` +
          `${found.map((construct) => quote(construct.node.path)).join(', ')}; mend: pass the one to be scaled`,
      );
    }
    return found[0];
  }

  private makeScalableTarget(target: ReleaseFloorsProps['target']): CfnScalableTarget {
    const { namespace, dimension, min, max } = this.plan;
    // Types are not checked in plain JavaScript.
    const resource: Partial<ScalableResource> | undefined = Construct.isConstruct(target)
      ? this.importedResource(target)
      : target;
    if (typeof resource?.resourceId !== 'string') {
      return this.fail(
        `target must be a construct or have a resourceId, got ${typeof target === 'object' ? 'neither' : String(target)}; ` +
          `mend: pass the scalable target itself, or { resourceId: 'service/CLUSTER/SERVICE' }`,
      );
    }
    const { resourceId, roleArn } = resource;
    const known = resourceIdForm(dimension);
    if (!Token.isUnresolved(resourceId) && known !== undefined && !known.form.test(resourceId)) {
      this.fail(
        `resourceId must be ${known.shown} for ${dimension}, got ${quote(resourceId)}; mend: write it as ` +
          `"aws application-autoscaling describe-scalable-targets --service-namespace ${namespace}" does, with names and no ARN`,
      );
    }
    return new CfnScalableTarget(this, 'Target', {
      serviceNamespace: namespace,
      scalableDimension: dimension,
      resourceId,
      roleArn,
      minCapacity: min,
      maxCapacity: max,
    });
  }

  /** What a construct of another stack or tool names, such as `service/a/b|ecs:service:DesiredCount|ecs`. */
  private importedResource(target: IConstruct): ScalableResource {
    const id: unknown = 'scalableTargetId' in target ? target.scalableTargetId : undefined;
    if (typeof id !== 'string') {
      return this.fail(
        `no scalable target found under ${quote(target.node.path)}; mend: pass what autoScaleTaskCount() or ` +
          `addAutoScaling() returned, or { resourceId } of what is defined elsewhere`,
      );
    }
    const [resourceId, scalableDimension, serviceNamespace, ...rest] = id.split('|');
    if (Token.isUnresolved(id) || !resourceId || !scalableDimension || !serviceNamespace || rest.length > 0) {
      return this.fail(
        `the id of ${quote(target.node.path)} must be known here and be RESOURCE|DIMENSION|NAMESPACE, for example ` +
          `service/CLUSTER/SERVICE|ecs:service:DesiredCount|ecs, got ${Token.isUnresolved(id) ? 'a token' : quote(id)}; ` +
          `mend: pass { resourceId } instead`,
      );
    }
    this.throwOn(mismatches(this.plan, quote(id), { scalableDimension, serviceNamespace }));
    return { resourceId };
  }

  /** AWS knows one target for a resource id and dimension, so a second in the stack could not be created. */
  private rivalProblems(): string[] {
    const own = this.scalableTarget;
    if (own.node.scope !== this) return [];
    const stack = Stack.of(this);
    const scales = ({ resourceId, scalableDimension }: CfnScalableTarget): string =>
      JSON.stringify(stack.resolve([resourceId, scalableDimension]));
    return stack.node
      .findAll()
      .filter(isScalableTarget)
      .filter((other) => other !== own && Stack.of(other) === stack && scales(other) === scales(own))
      .map(
        ({ node }) =>
          `${quote(node.path)} scales the resource id of ${quote(own.node.path)}, too, and AWS knows one target for it; ` +
          `mend: pass that one as target`,
      );
  }

  private throwOn(problems: readonly string[]): void {
    if (problems.length > 0) this.fail(problems.join('; also: '));
  }

  private fail(problem: string): never {
    throw new Error(`ReleaseFloors ${quote(this.node.path)}: ${problem}`);
  }
}

function isScalableTarget(construct: IConstruct): construct is CfnScalableTarget {
  return (
    CfnResource.isCfnResource(construct) && construct.cfnResourceType === 'AWS::ApplicationAutoScaling::ScalableTarget'
  );
}

function renderAction({ name, at, min, max }: ScheduledAction): CfnScalableTarget.ScheduledActionProperty {
  return {
    scheduledActionName: name,
    schedule: toSchedule(at),
    // Always together, because a minimum above the live maximum is undocumented.
    scalableTargetAction: { minCapacity: min, maxCapacity: max },
  };
}

function planProblems(plan: TargetPlan): string[] {
  const problems = boundsProblems(`plan ${quote(plan.id)}`, plan);
  if (plan.actions.length > MAXIMUM_ACTIONS) {
    problems.push(
      `plan ${quote(plan.id)} has ${plan.actions.length} actions, at most ${MAXIMUM_ACTIONS} fit on a scalable target; ` +
        `mend: lower actionBudget of the layer`,
    );
  }
  const names = new Set<string>();
  const instants = new Set<string>();
  for (const action of plan.actions) {
    const what = `action ${quote(action.name)}`;
    problems.push(...boundsProblems(what, action));
    if (!/^[^:/|]{1,256}$/.test(action.name)) {
      problems.push(`${what} must be named with 1 to 256 characters other than ":", "/" and "|"; mend: rename it`);
    }
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(action.at)) {
      problems.push(
        `${what} must be due at whole seconds in UTC such as 2026-01-01T00:10:00Z, got ${quote(action.at)}; ` +
          `mend: convert the instant to UTC`,
      );
    }
    if (names.has(action.name)) problems.push(`${what} exists twice, the later would replace it; mend: name it once`);
    if (instants.has(action.at)) {
      problems.push(`two actions are due at ${action.at}, their order is undocumented; mend: merge them`);
    }
    names.add(action.name);
    instants.add(action.at);
  }
  return problems;
}

function regionProblems(plan: TargetPlan, { region }: Stack): string[] {
  const [planned] = plan.id.split('/');
  if (Token.isUnresolved(region) || region === planned) return [];
  return [
    `plan ${quote(plan.id)} is for ${planned}, and its stack stands in ${region}, where that target is not; ` +
      `mend: attach it in a stack of ${planned}, or set the region of the environment`,
  ];
}

function boundsProblems(what: string, { min, max }: { readonly min: number; readonly max: number }): string[] {
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0) {
    return [`${what} must have whole numbers of at least 0, got min ${min} and max ${max}; mend: round them up`];
  }
  if (min > max) return [`${what} has min ${min} above max ${max}; mend: raise the maximum of the layer`];
  return [];
}

function mismatches(
  plan: TargetPlan,
  what: string,
  target: Pick<CfnScalableTarget, 'serviceNamespace' | 'scalableDimension'>,
): string[] {
  const problems: string[] = [];
  for (const [property, planned, actual] of [
    ['namespace', plan.namespace, target.serviceNamespace],
    ['dimension', plan.dimension, target.scalableDimension],
  ] as const) {
    // A token cannot be compared before the deploy; CloudFormation refuses nonsense there.
    if (!Token.isUnresolved(actual) && actual !== planned) {
      problems.push(
        `${what} has ${property} ${quote(actual)}, the plan ${quote(plan.id)} is for ${quote(planned)}; mend: attach the plan of this target's layer`,
      );
    }
  }
  return problems;
}

function foreignActionProblems(target: CfnScalableTarget, actions: CfnScalableTarget['scheduledActions']): string[] {
  const resolved: unknown = Stack.of(target).resolve(actions);
  if (!Array.isArray(resolved) || resolved.length === 0) return [];
  const names = resolved.map((action: { scheduledActionName?: unknown }) => String(action.scheduledActionName));
  return [
    `scalable target ${quote(target.node.path)} has scheduled actions of its own: ${names.join(', ')}; the last to fire ` +
      `would win; mend: remove them, or state them as releases with floors in the calendar`,
  ];
}

/** The ECS service of the same stack that the target scales, if its template states how many tasks run. */
function serviceWithDesiredCount(target: CfnScalableTarget): CfnService | undefined {
  const stack = Stack.of(target);
  const resourceId = JSON.stringify(stack.resolve(target.resourceId));
  return stack.node
    .findAll()
    .filter(isEcsService)
    .find(
      (service) =>
        service.desiredCount !== undefined && resourceId.includes(JSON.stringify(stack.resolve(service.attrName))),
    );
}

function isEcsService(construct: IConstruct): construct is CfnService {
  return CfnResource.isCfnResource(construct) && construct.cfnResourceType === 'AWS::ECS::Service';
}

function quote(value: string): string {
  return JSON.stringify(value);
}
