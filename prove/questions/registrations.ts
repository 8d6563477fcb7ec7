import type { Question } from '../question';
import { poll, settle } from '../steps';

/** Seconds that AWS is given to lower a desired count. */
const LOWERING_LIMIT_SECONDS = 120;

/** What a call of RegisterScalableTarget does beside what it says. */
export const REGISTRATION_QUESTIONS: readonly Question[] = [
  {
    id: 'suspension_on_register',
    asks: 'Does a registration without SuspendedState keep a suspension of scale-in?',
    positions: ['kept', 'cleared'],
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 1, max: 10 });
      await target.register({ suspendScaleIn: true });
      yield* settle(
        context.clock,
        'the suspension',
        () => target.bounds(),
        (read) => read.isScaleInSuspended,
      );
      await target.register({ min: 2, max: 10 });
      const { isScaleInSuspended } = yield* settle(
        context.clock,
        'the second registration',
        () => target.bounds(),
        ({ min }) => min === 2,
      );
      return isScaleInSuspended
        ? {
            answer: 'scale-in stays suspended',
            means: 'whoever registers bounds by hand on the night does not end a suspension',
            position: 'kept',
          }
        : {
            answer: 'scale-in is no longer suspended',
            means: 'a registration of bounds ends a suspension; the guard suspends again within a minute',
            position: 'cleared',
          };
    },
  },
  {
    id: 'bounds_on_suspension',
    asks: 'Does a registration with SuspendedState alone keep minimum and maximum?',
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 2, max: 7 });
      await target.register({ suspendScaleIn: true });
      const { min, max } = yield* settle(
        context.clock,
        'the suspension',
        () => target.bounds(),
        (read) => read.isScaleInSuspended,
      );
      return min === 2 && max === 7
        ? { answer: 'minimum and maximum stay', means: 'the guard may suspend and resume without knowing the bounds' }
        : {
            answer: `the bounds of 2 to 7 became ${min} to ${max}`,
            means: 'LiveAccount.register of the guard must send both bounds with every suspension',
          };
    },
  },
  {
    id: 'maximum_below_desired',
    asks: 'Does a registration with a maximum below the desired count lower the desired count at once?',
    async *ask(context) {
      const target = yield* context.makeTarget({ min: 0, max: 10 });
      await target.setDesired(4);
      yield* settle(
        context.clock,
        'the desired count of 4',
        () => target.desired(),
        (desired) => desired === 4,
      );
      await target.register({ min: 0, max: 2 });
      const start = context.now();
      const { value, met, at } = yield* poll(
        context.clock,
        () => target.desired(),
        (desired) => desired <= 2,
        { limit: LOWERING_LIMIT_SECONDS },
      );
      return met
        ? {
            answer: `the desired count went from 4 to ${value} within ${Math.ceil(at - start)} s`,
            means: 'a lowered maximum ends running tasks at once: rightly refused while a window is open or near',
          }
        : {
            answer: `the desired count is still ${value} after ${LOWERING_LIMIT_SECONDS} s`,
            means:
              'a lowered maximum ends no running task by itself; the refusals of a lowered maximum are only careful',
          };
    },
  },
];
