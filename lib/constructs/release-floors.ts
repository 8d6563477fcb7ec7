import type { CfnScalableTarget } from 'aws-cdk-lib/aws-applicationautoscaling';
import type { CfnService } from 'aws-cdk-lib/aws-ecs';
import { CfnResource, Lazy, Stack, Token, Validations } from 'aws-cdk-lib/core';
import { Construct, type IConstruct } from 'constructs';
import type { ScheduledAction, TargetPlan } from '../capacity/capacity-plan';

/** Scheduled actions of one scalable target; a fixed limit of Application Auto Scaling. */
const MAXIMUM_ACTIONS = 200;

/** Two plans on one target would overwrite each other, action by action. */
const attachedTo = new WeakMap<CfnResource, ReleaseFloors>();

export interface ReleaseFloorsProps {
  /** The timeline of this one target, as planned. Its minimum, maximum and actions are registered unchanged. */
  readonly plan: TargetPlan;
  /**
   * The existing scalable target, or a construct that holds exactly one: an `appscaling.ScalableTarget`, what
   * `service.autoScaleTaskCount()`, `table.autoScaleWriteCapacity()` or `alias.addAutoScaling()` return, or a
   * `CfnScalableTarget`. It must be defined in the same app, because its minimum, maximum and actions are
   * properties of its one CloudFormation resource. Its scaling policies stay as they are.
   */
  readonly target: IConstruct;
}

/**
 * Attaches the floors of a plan to a scalable target.
 *
 * Sets `MinCapacity`, `MaxCapacity` and `ScheduledActions` of the target to the plan's. Each action carries both
 * minimum and maximum, at an instant in UTC. What scales above the floors is left alone.
 *
 * ```ts
 * const service = new ecs.FargateService(this, 'Service', { cluster, taskDefinition });
 * const scaling = service.autoScaleTaskCount({ maxCapacity: 1600 });
 * scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60 });
 * new ReleaseFloors(this, 'ReleaseFloors', { target: scaling, plan });
 * ```
 *
 * @throws Error when the plan could not be registered (minimum above maximum, a name or an instant twice, more than 200
 * actions), when `target` holds no scalable target or several, when it scales something else than the plan, and when
 * it has scheduled actions or a plan already. Actions that are added after this construct are found at synthesis.
 * Warns when the target is a service of the same stack whose template states a desired count.
 */
export class ReleaseFloors extends Construct {
  /** The plan, as attached. */
  readonly plan: TargetPlan;
  /** The resource that carries it. */
  readonly scalableTarget: CfnScalableTarget;

  constructor(scope: Construct, id: string, { plan, target }: ReleaseFloorsProps) {
    super(scope, id);
    this.plan = plan;
    this.throwOn(planProblems(plan));
    const cfnTarget = this.findScalableTarget(target);
    this.scalableTarget = cfnTarget;
    this.throwOn(mismatches(plan, cfnTarget));

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

    this.node.addValidation({
      validate: () => {
        const problems = foreignActions();
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

  private findScalableTarget(target: IConstruct): CfnScalableTarget {
    if (!Construct.isConstruct(target)) {
      this.fail(`target must be a construct, got ${String(target)}; mend: pass the scalable target itself`);
    }
    const found = target.node.findAll().filter(isScalableTarget);
    const [only] = found;
    if (only === undefined) {
      return this.fail(
        `no scalable target found under ${quote(target.node.path)}; mend: pass what autoScaleTaskCount() or ` +
          `addAutoScaling() returned, or define a ScalableTarget for its resource id in this app (one that is only ` +
          `imported by id cannot be changed)`,
      );
    }
    if (found.length > 1) {
      return this.fail(
        `${found.length} scalable targets found under ${quote(target.node.path)}: ` +
          `${found.map((construct) => quote(construct.node.path)).join(', ')}; mend: pass the one to be scaled`,
      );
    }
    return only;
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
    // The digits are UTC: without a time zone beside them that is how they are read. Minimum and maximum always
    // together, because a minimum above the live maximum is undocumented.
    schedule: `at(${at.slice(0, 19)})`,
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

function boundsProblems(what: string, { min, max }: { readonly min: number; readonly max: number }): string[] {
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0) {
    return [`${what} must have whole numbers of at least 0, got min ${min} and max ${max}; mend: round them up`];
  }
  if (min > max) return [`${what} has min ${min} above max ${max}; mend: raise the maximum of the layer`];
  return [];
}

function mismatches(plan: TargetPlan, target: CfnScalableTarget): string[] {
  const problems: string[] = [];
  for (const [property, planned, actual] of [
    ['namespace', plan.namespace, target.serviceNamespace],
    ['dimension', plan.dimension, target.scalableDimension],
  ] as const) {
    // A token cannot be compared before the deploy; CloudFormation refuses nonsense there.
    if (!Token.isUnresolved(actual) && actual !== planned) {
      problems.push(
        `scalable target ${quote(target.node.path)} has ${property} ${quote(actual)}, the plan ${quote(plan.id)} is for ` +
          `${quote(planned)}; mend: attach the plan of this target's layer`,
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
