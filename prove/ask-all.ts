import type { Answer, Context, Question } from './question';
import type { Clock, Steps } from './steps';
import { type Trouble, troubleOf } from './trouble';

/** A question with its answer, or with the reason why it has none. */
export type Outcome = { readonly question: Question } & (
  { readonly answer: Answer } | { readonly unanswered: string; readonly mend?: string }
);

export interface Asked {
  /** In the order of the questions, one each. */
  readonly outcomes: readonly Outcome[];
  /** Mistakes in this tool. */
  readonly failures: readonly unknown[];
}

interface AskAllProps {
  readonly questions: readonly Question[];
  readonly contextOf: (question: Question) => Context;
  readonly clock: Clock;
  /** Ends the asking at the next step. */
  readonly signal: AbortSignal;
  /** Told as soon as a question is done. */
  readonly onOutcome: (outcome: Outcome) => void;
}

/**
 * Asks all questions at once, by going round: one goes on until it waits, then the next. One that fails does not stop the others,
 * unless nothing else could work either.
 */
export async function askAll({ questions, contextOf, clock, signal, onOutcome }: AskAllProps): Promise<Asked> {
  const outcomes = new Map<Question, Outcome>();
  const failures: unknown[] = [];
  const conclude = (outcome: Outcome): void => {
    outcomes.set(outcome.question, outcome);
    onOutcome(outcome);
  };
  let open: { readonly question: Question; readonly steps: Steps<Answer>; wakeAt: number }[] = questions.map(
    (question) => ({ question, steps: question.ask(contextOf(question)), wakeAt: 0 }),
  );
  let fatal: Trouble | undefined;

  while (open.length > 0 && fatal === undefined && !signal.aborted) {
    const next = open.reduce((earliest, each) => (each.wakeAt < earliest.wakeAt ? each : earliest));
    const seconds = next.wakeAt - clock.now();
    if (seconds > 0) {
      await clock.sleep(seconds, signal);
      continue;
    }
    const { question, steps } = next;
    try {
      const step = await steps.next();
      if (step.done !== true) {
        next.wakeAt = step.value;
        continue;
      }
      conclude({ question, answer: step.value });
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === undefined) failures.push(error);
      if (trouble?.scope === 'everything') fatal = trouble;
      conclude({
        question,
        unanswered: trouble?.message ?? `the tool failed: ${String(error)}`,
        mend: trouble?.mend,
      });
    }
    open = open.filter((each) => each !== next);
  }

  for (const { question } of open)
    conclude({ question, unanswered: fatal?.message ?? 'interrupted', mend: fatal?.mend });
  return { outcomes: questions.map((question) => outcomes.get(question)!), failures };
}
