import type { Context, Question } from '../question';
import { targetTemplate } from '../stack';
import { settle, type Steps } from '../steps';
import type { Action, Target } from '../target';

/** In the template. */
const BOUNDS = { min: 1, max: 10 } as const;

/** As a window has set it since the last deploy. */
const RAISED = 5;

/** Changes a stack without touching its target, and costs nothing. */
const ANOTHER_RESOURCE = { Nothing: { Type: 'AWS::CloudFormation::WaitConditionHandle' } } as const;

/** Fails a second after the target was updated: nobody signals. */
const FAILURE_AFTER_TARGET = {
  Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
  Failure: {
    Type: 'AWS::CloudFormation::WaitCondition',
    DependsOn: 'Target',
    Properties: { Handle: { Ref: 'Handle' }, Timeout: '1' },
  },
} as const;

/** What CloudFormation does with a scalable target and its actions. */
export const DEPLOY_QUESTIONS: readonly Question[] = [
  {
    id: 'reregister_on_actions_change',
    asks: 'Does an update that changes only actions register the minimum of the template again?',
    positions: ['yes', 'no'],
    stackOperations: 2,
    async *ask(context) {
      const { target, stack, first, other } = yield* deployed(context);
      yield* raise(context, target);
      yield* stack.updateWell(targetTemplate(target, { ...BOUNDS, actions: [{ ...first, min: 3 }, other] }));
      const { min } = yield* afterUpdate(context, target, first.name, 3);
      if (min === RAISED) {
        return {
          answer: 'no, a minimum that was raised since stays',
          means:
            'a deploy in a window does not lower the floor; min of a plan as the highest floor of the deploy window is only careful',
          position: 'no',
        };
      }
      return {
        answer: `yes, the minimum goes from ${RAISED} to ${min}`,
        means:
          'a deploy in a window sets the floor of the template: min of a plan must be the highest floor of the deploy window',
        ...(min === BOUNDS.min && { position: 'yes' }),
      };
    },
  },
  {
    id: 'puts_on_actions_change',
    asks: 'Does an update put all actions of the template, or only those that changed?',
    positions: ['all', 'changed'],
    stackOperations: 2,
    async *ask(context) {
      const { target, stack, first, other } = yield* deployed(context);
      await target.put({ ...other, min: 9 });
      yield* settle(
        context.clock,
        'the action that was changed by hand',
        () => target.findAction(other.name),
        (found) => found?.min === 9,
      );
      yield* stack.updateWell(targetTemplate(target, { ...BOUNDS, actions: [{ ...first, min: 3 }, other] }));
      yield* afterUpdate(context, target, first.name, 3);
      const found = await target.findAction(other.name);
      return found?.min === other.min
        ? {
            answer: 'all: an action that was changed by hand is as in the template again',
            means: 'every deploy of a changed plan repairs all actions',
            position: 'all',
          }
        : {
            answer: 'only those that changed: an action that was changed by hand stays',
            means: 'a deploy repairs no action that the plan did not change; the guard does',
            ...(found?.min === 9 && { position: 'changed' }),
          };
    },
  },
  {
    id: 'unchanged_target',
    asks: 'Does an update that changes nothing of the target leave it alone?',
    stackOperations: 2,
    async *ask(context) {
      const { target, stack, first, other } = yield* deployed(context);
      yield* raise(context, target);
      await target.deleteAction(other.name);
      yield* settle(
        context.clock,
        'the deletion by hand',
        () => target.findAction(other.name),
        (found) => found === undefined,
      );
      yield* stack.updateWell(targetTemplate(target, { ...BOUNDS, actions: [first, other] }, ANOTHER_RESOURCE));
      const { min } = await target.bounds();
      const isBack = (await target.findAction(other.name)) !== undefined;
      return min === RAISED && !isBack
        ? {
            answer: 'yes: a raised minimum stays, and a deleted action stays deleted',
            means: 'a deploy of an unchanged plan neither lowers a floor nor repairs one',
          }
        : {
            answer: `no: the minimum went from ${RAISED} to ${min}, a deleted action is ${isBack ? 'there again' : 'still gone'}`,
            means: 'every deploy of the stack sets the floor of the template, even one of an unchanged plan',
          };
    },
  },
  {
    id: 'suspension_in_deploy',
    asks: 'Does an update that changes the minimum keep a suspension that was set by hand?',
    stackOperations: 2,
    async *ask(context) {
      const { target, stack, first, other } = yield* deployed(context);
      await target.register({ suspendScaleIn: true });
      yield* settle(
        context.clock,
        'the suspension',
        () => target.bounds(),
        (read) => read.isScaleInSuspended,
      );
      yield* stack.updateWell(targetTemplate(target, { ...BOUNDS, min: 2, actions: [first, other] }));
      const { isScaleInSuspended } = yield* settle(
        context.clock,
        'the update',
        () => target.bounds(),
        ({ min }) => min === 2,
      );
      return isScaleInSuspended
        ? { answer: 'yes', means: 'a deploy in a window does not end the suspension of scale-in' }
        : {
            answer: 'no, scale-in is suspended no longer',
            means: 'a deploy in a window ends the suspension of scale-in; the guard suspends again within a minute',
          };
    },
  },
  {
    id: 'rollback_minimum',
    asks: 'Which minimum does a failed update leave behind: that of the old template, of the new one, or the live one?',
    stackOperations: 2,
    async *ask(context) {
      const { target, stack, first, other } = yield* deployed(context);
      yield* raise(context, target);
      const end = yield* stack.update(
        targetTemplate(target, { ...BOUNDS, min: 3, actions: [first, other] }, FAILURE_AFTER_TARGET),
      );
      const { min } = await target.bounds();
      const answer = `${min}, after ${BOUNDS.min} in the old template, 3 in the new one and ${RAISED} live; the stack is ${end.status}`;
      if (min === BOUNDS.min) {
        return {
          answer: `that of the old template: ${answer}`,
          means:
            'a failed deploy in a window drops the floor: deploy again, or register the minimum by hand; keep Capacity free of what fails',
        };
      }
      return {
        answer: `${min === RAISED ? 'the live one' : min === 3 ? 'that of the new template' : 'none of them'}: ${answer}`,
        means: 'a failed deploy does not drop the floor to the old template',
      };
    },
  },
  {
    id: 'deleted_action_removed',
    asks: 'Does an update fail that removes an action which was deleted by hand?',
    stackOperations: 2,
    async *ask(context) {
      const { target, stack, first, other } = yield* deployed(context);
      yield* deleteByHand(context, target, other.name);
      const end = yield* stack.update(targetTemplate(target, { ...BOUNDS, actions: [first] }));
      return end.isDone
        ? {
            answer: 'no, the update succeeds',
            means: 'the guard may remove actions that the plan does not know, and AWS those that ran',
          }
        : {
            answer: `yes, it is ${end.status}: ${end.reason}`,
            means:
              'a deploy fails over an action that ran or was deleted: the guard must not delete actions of the template',
          };
    },
  },
  {
    id: 'deleted_action_changed',
    asks: 'Does an update fail that changes an action which was deleted by hand?',
    stackOperations: 2,
    async *ask(context) {
      const { target, stack, first, other } = yield* deployed(context);
      yield* deleteByHand(context, target, other.name);
      const end = yield* stack.update(targetTemplate(target, { ...BOUNDS, actions: [first, { ...other, min: 6 }] }));
      if (!end.isDone) {
        return {
          answer: `yes, it is ${end.status}: ${end.reason}`,
          means: 'a deploy fails over an action that was deleted: put it again before',
        };
      }
      const isThere = (await target.findAction(other.name)) !== undefined;
      return isThere
        ? { answer: 'no, the update succeeds and puts it again', means: 'a deploy repairs what was deleted by hand' }
        : {
            answer: 'no, the update succeeds, and the action is missing all the same',
            means: 'a green deploy may leave a floor out; the guard puts it again',
          };
    },
  },
  {
    id: 'deregistered_target',
    asks: 'Does an update that changes an action fail when the target was deregistered by hand?',
    stackOperations: 2,
    async *ask(context) {
      const { target, stack, first, other } = yield* deployed(context);
      await target.deregister();
      yield* settle(
        context.clock,
        'the deregistration',
        () => target.findBounds(),
        (found) => found === undefined,
      );
      const end = yield* stack.update(targetTemplate(target, { ...BOUNDS, actions: [{ ...first, min: 3 }, other] }));
      const isThere = (await target.findBounds()) !== undefined;
      const now = isThere ? 'the target is registered again' : 'nothing is registered';
      return end.isDone
        ? {
            answer: `no, the update succeeds, and ${now}`,
            means: isThere
              ? 'a deploy brings back a target that somebody deregistered'
              : 'a green deploy may leave nothing registered; the guard registers it',
          }
        : {
            answer: `yes, it is ${end.status}, and ${now}: ${end.reason}`,
            means: 'after a deregistration by hand register the target again before a deploy, or delete the stack',
          };
    },
  },
  {
    id: 'registered_by_hand',
    asks: 'Does CloudFormation refuse a target that is registered already?',
    stackOperations: 1,
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 2, max: 7 });
      const end = yield* context.makeStack().create(targetTemplate(target, { ...BOUNDS, actions: actionsOf(context) }));
      const live = await target.findBounds();
      const now = live === undefined ? 'nothing is registered' : `registered is ${live.min} to ${live.max}`;
      return end.isDone
        ? {
            answer: `no, it takes it over: ${now} after 2 to 7 before`,
            means: 'two owners of a target overwrite each other silently: docs/attach.md must warn of it',
          }
        : {
            answer: `yes: ${end.reason}; afterwards ${now}, 2 to 7 before`,
            means:
              live?.min === 2 && live.max === 7
                ? 'ReleaseFloors cannot take over a target by mistake'
                : 'the deploy fails, and its rollback harms the target that was there: look before ReleaseFloors is attached',
          };
    },
  },
];

interface Deployed {
  readonly target: Target;
  readonly stack: ReturnType<Context['makeStack']>;
  readonly first: Action;
  readonly other: Action;
}

/** A service with a stack that registers 1 to 10 and two actions that never come due. */
async function* deployed(context: Context): Steps<Deployed> {
  const target = yield* context.makeTarget();
  const stack = context.makeStack();
  const [first, other] = actionsOf(context);
  yield* stack.createWell(targetTemplate(target, { ...BOUNDS, actions: [first, other] }));
  return { target, stack, first, other };
}

function actionsOf(context: Context): [Action, Action] {
  return [
    { name: 'first', at: context.never(2), min: 2, max: BOUNDS.max },
    { name: 'other', at: context.never(3), min: 4, max: BOUNDS.max },
  ];
}

/** As an action of a window would have. */
async function* raise(context: Context, target: Target): Steps<void> {
  await target.register({ min: RAISED });
  yield* settle(
    context.clock,
    'the minimum that was raised by hand',
    () => target.bounds(),
    ({ min }) => min === RAISED,
  );
}

async function* deleteByHand(context: Context, target: Target, name: string): Steps<void> {
  await target.deleteAction(name);
  yield* settle(
    context.clock,
    'the deletion by hand',
    () => target.findAction(name),
    (found) => found === undefined,
  );
}

/** The bounds once an action shows that the update has arrived. */
async function* afterUpdate(
  context: Context,
  target: Target,
  name: string,
  min: number,
): Steps<{ readonly min: number; readonly max: number }> {
  yield* settle(
    context.clock,
    'the update',
    () => target.findAction(name),
    (found) => found?.min === min,
  );
  return target.bounds();
}
