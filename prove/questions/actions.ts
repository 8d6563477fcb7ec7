import type { ScalingActivity } from '@aws-sdk/client-application-auto-scaling';
import { LATE_LIMIT_SECONDS, type Question, UNTIL_DUE_SECONDS } from '../question';
import { poll, settle, Unanswered } from '../steps';
import { codeOf } from '../trouble';

/** How long ago a past action was due, in seconds: a deploy that outlasts its window. More than clocks are apart. */
const PAST_SECONDS = 300;

/** Seconds after an action ran until it is looked for in the list. */
const LISTED_AFTER_SECONDS = 120;

/** Actions of which the lateness is measured, and the seconds between them. */
const MEASURED_ACTIONS = 12;
const MEASURED_APART_SECONDS = 10;

/** Seconds after which two actions of one instant surely have both run, once one has. */
const BOTH_RAN_SECONDS = 60;

const MAXIMUM = { max: 20 } as const;

/** What scheduled actions do. */
export const ACTION_QUESTIONS: readonly Question[] = [
  {
    id: 'past_action',
    asks: 'Is an action refused whose at() is past when it is put, and if it is not, does it run?',
    positions: ['refuse', 'ignore'],
    waits: LATE_LIMIT_SECONDS,
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 0, ...MAXIMUM });
      const at = Math.floor(context.now()) - PAST_SECONDS;
      try {
        await target.put({ name: 'past', at, min: 4, ...MAXIMUM });
      } catch (error) {
        if (codeOf(error) !== 'ValidationException') throw error;
        return {
          answer: `refused: ${(error as Error).message}`,
          means:
            'a deploy that reaches the target after an action was due fails and rolls back; keep to the deploy window',
          position: 'refuse',
        };
      }
      const put = context.now();
      const { met, at: seenAt } = yield* poll(
        context.clock,
        () => target.bounds(),
        ({ min }) => min === 4,
        { limit: LATE_LIMIT_SECONDS },
      );
      const isListed = (await target.findAction('past')) !== undefined;
      const listed = isListed ? 'it stays listed' : 'it is not listed any more';
      return met
        ? {
            answer: `accepted, and it ran within ${Math.ceil(seenAt - put)} s; ${listed}`,
            means: 'an action that falls due during a deploy comes late and is not lost',
          }
        : {
            answer: `accepted, and it did not run within ${LATE_LIMIT_SECONDS} s; ${listed}`,
            means: 'an action that falls due during a deploy is lost until the next one; keep to the deploy window',
            position: 'ignore',
          };
    },
  },
  {
    id: 'fired_action',
    asks: 'Does a one-time action that has run stay listed?',
    positions: ['listed', 'removed'],
    waits: UNTIL_DUE_SECONDS + LISTED_AFTER_SECONDS,
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 0, ...MAXIMUM });
      const at = context.nextDue();
      await target.put({ name: 'once', at, min: 3, ...MAXIMUM });
      const { met } = yield* context.after(
        at,
        () => target.bounds(),
        ({ min }) => min === 3,
      );
      if (!met) return didNotRun();
      yield context.now() + LISTED_AFTER_SECONDS;
      return (await target.findAction('once')) !== undefined
        ? {
            answer: `still listed ${LISTED_AFTER_SECONDS} s after it ran`,
            means: 'actions that ran may count against the 200 of a target until an update removes them',
            position: 'listed',
          }
        : {
            answer: `gone within ${LISTED_AFTER_SECONDS} s after it ran`,
            means: 'actions that ran do not count against the 200 of a target, and an update deletes what is not there',
            position: 'removed',
          };
    },
  },
  {
    id: 'lateness',
    asks: `How late do actions run? (${MEASURED_ACTIONS} of them, ${MEASURED_APART_SECONDS} s apart)`,
    waits: UNTIL_DUE_SECONDS + MEASURED_ACTIONS * MEASURED_APART_SECONDS,
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 0, ...MAXIMUM });
      const first = context.nextDue();
      const actions = Array.from({ length: MEASURED_ACTIONS }, (_, index) => ({
        name: `step-${index + 1}`,
        at: first + index * MEASURED_APART_SECONDS,
        min: index + 1,
      }));
      for (const action of actions) await target.put({ ...action, ...MAXIMUM });
      const seenAt = new Map<number, number>();
      const { met } = yield* context.after(
        first,
        () => target.bounds(),
        ({ min }) => {
          for (const action of actions) {
            if (min >= action.min && !seenAt.has(action.min)) seenAt.set(action.min, context.now());
          }
          return min === MEASURED_ACTIONS;
        },
        MEASURED_ACTIONS * MEASURED_APART_SECONDS + LATE_LIMIT_SECONDS,
      );
      if (seenAt.size === 0) return didNotRun();
      const activities = await target.activities();
      const started = actions.flatMap(({ name, at }) => {
        const startAt = activityOf(activities, name)?.StartTime?.getTime();
        return startAt === undefined ? [] : [startAt / 1000 - at];
      });
      // Without activities that name the actions it is what the polls saw, by this machine's clock.
      const isByActivities = started.length === actions.length;
      const late = isByActivities
        ? started
        : actions.flatMap(({ min, at }) => (seenAt.has(min) ? [seenAt.get(min)! - at] : []));
      const best = Math.floor(Math.min(...late));
      const worst = Math.ceil(Math.max(...late));
      const source = isByActivities ? 'by the scaling activities' : 'as seen by polling every 5 s';
      const missing = met ? '' : `; ${MEASURED_ACTIONS - seenAt.size} did not run within ${LATE_LIMIT_SECONDS} s`;
      return {
        answer: `${best === worst ? '' : `${best} to `}${worst} s late, ${source}${missing}`,
        means:
          met && worst <= 60
            ? 'schedulerDelaySeconds of 60 in the lead time covers it'
            : `set schedulerDelaySeconds in lib/environments.ts above ${met ? worst : LATE_LIMIT_SECONDS}`,
      };
    },
  },
  {
    id: 'raise_without_metric',
    asks: 'Does a raised minimum raise the desired count at once, without a metric or a policy?',
    waits: UNTIL_DUE_SECONDS,
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 0, ...MAXIMUM });
      const at = context.nextDue();
      await target.put({ name: 'raise', at, min: 3, ...MAXIMUM });
      const raised = yield* context.after(
        at,
        () => target.bounds(),
        ({ min }) => min === 3,
      );
      if (!raised.met) return didNotRun();
      const { value, met, seconds } = yield* context.after(
        context.now(),
        () => target.desired(),
        (desired) => desired === 3,
      );
      return met
        ? {
            answer: `the desired count is 3 within ${seconds} s of the minimum, ${raised.seconds + seconds} s after the instant`,
            means: 'the lead time counts from the action, as the planner assumes',
          }
        : {
            answer: `the desired count is still ${value} ${LATE_LIMIT_SECONDS} s after the minimum`,
            means:
              'a floor brings no tasks by itself: the plan needs a policy whose alarm does, and a longer lead time',
          };
    },
  },
  {
    id: 'equal_instants',
    asks: 'In which order do two actions of one target and one instant run?',
    positions: ['put_order', 'reverse'],
    waits: UNTIL_DUE_SECONDS + BOTH_RAN_SECONDS,
    async *ask(context) {
      // Two targets, so that the order of names is told from the order of puts.
      const targets = [
        yield* context.makeTarget({ min: 0, ...MAXIMUM }),
        yield* context.makeTarget({ min: 0, ...MAXIMUM }),
      ];
      const at = context.nextDue();
      for (const [index, target] of targets.entries()) {
        const [first, second] = index === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const);
        await target.put({ name: first, at, min: 2, ...MAXIMUM });
        await target.put({ name: second, at, min: 4, ...MAXIMUM });
      }
      const last: string[] = [];
      for (const target of targets) {
        const { met } = yield* context.after(
          at,
          () => target.bounds(),
          ({ min }) => min > 0,
        );
        if (!met) return didNotRun();
      }
      yield context.now() + BOTH_RAN_SECONDS;
      for (const target of targets) last.push((await target.bounds()).min === 4 ? 'second' : 'first');
      const means = 'nothing: the planner never writes two actions at one instant';
      if (last[0] !== last[1]) {
        const byName = last[0] === 'second' ? 'names' : 'names, backwards';
        return { answer: `neither the order of puts nor its reverse; perhaps that of their ${byName}`, means };
      }
      return last[0] === 'second'
        ? { answer: 'the one that was put last ran last, on both targets', means, position: 'put_order' }
        : { answer: 'the one that was put first ran last, on both targets', means, position: 'reverse' };
    },
  },
  {
    id: 'minimum_above_maximum',
    asks: 'What does an action with nothing but a minimum above the live maximum do?',
    positions: ['fails', 'raises_maximum'],
    waits: UNTIL_DUE_SECONDS + LATE_LIMIT_SECONDS,
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 0, max: 5 });
      const control = yield* context.makeTarget({ min: 0, ...MAXIMUM });
      const at = context.nextDue();
      await control.put({ name: 'control', at, min: 1, ...MAXIMUM });
      const means = 'nothing: every action carries minimum and maximum together';
      try {
        await target.put({ name: 'above', at, min: 8 });
      } catch (error) {
        if (codeOf(error) !== 'ValidationException') throw error;
        return { answer: `it is refused when it is put: ${(error as Error).message}`, means };
      }
      const {
        value: { min, max },
        met,
      } = yield* context.after(
        at,
        () => target.bounds(),
        (bounds) => bounds.min !== 0 || bounds.max !== 5,
      );
      if (met) {
        const answer = `the bounds became ${min} to ${max}`;
        return { answer, means, ...(max >= 8 && { position: 'raises_maximum' }) };
      }
      if ((await control.bounds()).min !== 1) return didNotRun();
      const failure = activityOf(await target.activities(), 'above')?.StatusMessage;
      const why = failure === undefined ? 'no activity tells why' : `the activity says: ${failure}`;
      return {
        answer: `the bounds stay 0 to 5 for ${LATE_LIMIT_SECONDS} s after its instant; ${why}`,
        means,
        position: 'fails',
      };
    },
  },
  {
    id: 'action_while_suspended',
    asks: 'Do actions raise and lower the bounds while scale-in is suspended (DynamicScalingInSuspended)?',
    waits: UNTIL_DUE_SECONDS + 60,
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 1, ...MAXIMUM });
      const control = yield* context.makeTarget({ min: 0, ...MAXIMUM });
      await target.register({ suspendScaleIn: true });
      yield* settle(
        context.clock,
        'the suspension',
        () => target.bounds(),
        (read) => read.isScaleInSuspended,
      );
      const at = context.nextDue();
      for (const [start, min] of [
        [at, 1],
        [at + 60, 2],
      ] as const) {
        await control.put({ name: `control-${min}`, at: start, min, ...MAXIMUM });
      }
      await target.put({ name: 'raise', at, min: 4, ...MAXIMUM });
      await target.put({ name: 'lower', at: at + 60, min: 1, max: 3 });
      const raised = yield* context.after(
        at,
        () => target.bounds(),
        ({ min }) => min === 4,
        60 + LATE_LIMIT_SECONDS,
      );
      const lowered = yield* context.after(
        at + 60,
        () => target.bounds(),
        ({ max }) => max === 3,
      );
      if ((!raised.met || !lowered.met) && (await control.bounds()).min !== 2) return didNotRun();
      const desired = yield* context.after(
        context.now(),
        () => target.desired(),
        (count) => count === 3,
        60,
      );
      const suspended = lowered.value.isScaleInSuspended
        ? 'scale-in stays suspended'
        : 'scale-in is suspended no longer';
      const rose = raised.met ? 'the minimum is raised' : 'the minimum is not raised';
      const fell = lowered.met ? 'both bounds are lowered' : 'the bounds are not lowered';
      const means =
        raised.met && lowered.met
          ? 'the guard may keep scale-in suspended through a window: floors rise and fall all the same'
          : 'floors do not follow the plan while the guard suspends scale-in: suspend by a policy instead, or not at all';
      return {
        answer: `${rose}, ${fell}, the desired count is ${desired.value} with a maximum of ${lowered.value.max}; ${suspended}`,
        means,
      };
    },
  },
  {
    id: 'same_name',
    asks: 'Is an action with the name of another replaced, and are StartTime and Timezone kept that the second put leaves out?',
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 0, ...MAXIMUM });
      const action = { name: 'same', at: context.never(), min: 2, ...MAXIMUM };
      const read = () => target.findAction('same');
      await target.put({ ...action, timezone: 'Etc/GMT+1', startAt: context.never(1) });
      const first = yield* settle(context.clock, 'the first put', read, (found) => found?.min === 2);
      const schedule = first!.schedule;
      await target.put({ ...action, at: context.never(3), min: 3 });
      const second = yield* settle(context.clock, 'the second put', read, (found) => found?.min === 3);
      await target.put({ ...action, at: context.never(3), min: 4, timezone: 'UTC' });
      const third = yield* settle(context.clock, 'the third put', read, (found) => found?.min === 4);
      const actions = await target.actions();
      const isReplaced = actions.length === 1 && second!.schedule !== schedule;
      const kept = (name: string, before: unknown, after: unknown): string => {
        if (before === undefined) return `${name} was not shown after the first put, either`;
        if (after === undefined) return `${name} is deleted`;
        return after === before ? `${name} is kept` : `${name} becomes ${JSON.stringify(after)}`;
      };
      const isZoneKept = first!.timezone !== undefined && second!.timezone === first!.timezone;
      return {
        answer: [
          isReplaced
            ? 'it is replaced'
            : `there are ${actions.length} actions now, and the schedule is ${second!.schedule}`,
          kept('StartTime', first!.startAt, second!.startAt),
          kept('Timezone', first!.timezone, second!.timezone),
          `with Timezone UTC it is accepted and shows ${JSON.stringify(third!.timezone ?? null)}`,
        ].join('; '),
        means: isZoneKept
          ? 'who puts an action of the plan again must send Timezone UTC, as the guard does'
          : 'the Timezone that the guard sends is not needed, and does no harm',
      };
    },
  },
];

/** Of an action without such a hindrance on another target, where there is one: so an action without effect is not taken for one that is late. */
function didNotRun(): never {
  throw new Unanswered(`the action did not run within ${LATE_LIMIT_SECONDS} s of its instant`);
}

/** The first activity whose cause names the action. */
function activityOf(activities: readonly ScalingActivity[], name: string): ScalingActivity | undefined {
  return activities.find(({ Cause = '' }) => Cause.split(/[^\w-]+/).includes(name));
}
