import { resolveLeadTime } from '../capacity/lead-time';
import { formatCount, listNames } from '../capacity/words';
import type { PolicyName } from './policies';
import type { Rehearsal } from './rehearsal';
import type { Margin } from './rehearse';
import type { Cause } from './simulate';
import type { RehearsalSpec } from './spec';
import { CONFIDENCE, type Probability } from './summary';

/**
 * Whether the plan is enough for the release:
 *
 * - `unknown`: no draw was played;
 * - `not-enough`: the share of draws with an outage is above the budget;
 * - `not-needed`: enough, and so would be target tracking alone, with room to spare;
 * - `enough`: otherwise. It may take more draws to be sure, which is one of the sentences then.
 */
export type VerdictCode = 'not-needed' | 'enough' | 'not-enough' | 'unknown';

/** One thing to know, for people. */
export interface VerdictSentence {
  readonly code:
    | 'outage'
    | 'more-draws'
    | 'not-needed'
    | 'breaks-first'
    | 'overload-lasts'
    | 'zone-lost'
    | 'cost'
    | 'reactive'
    | 'limits';
  readonly text: string;
}

/** What a rehearsal comes to. */
export interface Verdict {
  readonly code: VerdictCode;
  /** Only what is true of this rehearsal, the most important first. */
  readonly sentences: readonly VerdictSentence[];
}

/** Target tracking alone is let off when it bears so many times the median audience: a judgement. The draws alone know too little of the tail. */
const SAFE_MARGIN = 2;

/**
 * What a rehearsal comes to, in words.
 *
 * @param outageBudget the probability of any outage that the environment accepts, 0 to 1
 * @throws RangeError when the budget is no probability
 */
export function verdictOf(rehearsal: Rehearsal, outageBudget: number): Verdict {
  if (!(outageBudget >= 0 && outageBudget <= 1)) {
    throw new RangeError(`outageBudget must be a probability from 0 to 1, got ${outageBudget}`);
  }
  const code = codeOf(rehearsal, outageBudget);
  const sentences: [VerdictSentence['code'], string | undefined][] = [
    ['outage', capitalised(outageSentence(rehearsal, outageBudget))],
    ['more-draws', moreDrawsSentence(rehearsal, outageBudget)],
    ['not-needed', code === 'not-needed' ? notNeededSentence(rehearsal) : undefined],
    ['breaks-first', breaksFirstSentence(rehearsal)],
    ['overload-lasts', overloadSentence(rehearsal)],
    ['zone-lost', zoneSentence(rehearsal)],
    ['cost', costSentence(rehearsal)],
    ['reactive', reactiveSentence(rehearsal)],
    ['limits', LIMITS],
  ];
  return {
    code,
    sentences: sentences.flatMap(([sentence, text]) => (text === undefined ? [] : [{ code: sentence, text }])),
  };
}

/** What was asked for besides the plan and its forecast, in words; empty when nothing was. */
export function unusualOf({ whatIf, conditions, profile, releases }: RehearsalSpec): string[] {
  const planned = resolveLeadTime(profile.leadTime).startLatencySeconds;
  const happens = conditions.leadTime.startLatencySeconds;
  const { audienceFactor, earlySeconds } = whatIf;
  const unusual: [boolean, string][] = [
    [audienceFactor !== 1, `an audience of × ${trimmed(audienceFactor)} the forecast`],
    [earlySeconds > 0, `everybody ${durationWords(earlySeconds)} early`],
    [earlySeconds < 0, `everybody ${durationWords(-earlySeconds)} late`],
    [whatIf.loseZone, 'a zone lost at the peak'],
    [!whatIf.guard, 'no guard'],
    [whatIf.missRaise, 'the first raise of each window missed'],
    [happens !== planned, `a start latency of ${happens} s, planned for ${planned} s`],
    [
      releases.some(({ audiences }) => audiences.some(({ trace }) => trace)),
      'a recorded night in place of the modelled one',
    ],
  ];
  return unusual.filter(([isSet]) => isSet).map(([, words]) => words);
}

/**
 * An estimate with its bounds: `0 % (≤ 1.5 %)`, `91 % (87–95 %)`. Bounds are rounded outwards, and what is neither never nor always is not
 * rounded to it.
 */
export function formatProbability({ draws, happened, estimate, low, high }: Probability): string {
  if (happened === 0) return `0 % (≤ ${inPercent(high, Math.ceil)} %)`;
  if (happened === draws) return `100 % (≥ ${inPercent(low, Math.floor)} %)`;
  return `${inPercent(estimate)} % (${inPercent(low, Math.floor)}–${inPercent(high, Math.ceil)} %)`;
}

/** Per cent in few digits, more of them near never and always. */
function inPercent(share: number, to: (value: number) => number = Math.round): string {
  const value = share * 100;
  const isNearEnd = value < 10 || value > 98;
  const steps = value > 0 && value < 0.1 ? 1000 : isNearEnd ? 10 : 1;
  const rounded = to(value * steps) / steps;
  return `${share < 1 && to !== Math.ceil ? Math.min(99.9, rounded) : rounded}`;
}

function codeOf({ policies, margins }: Rehearsal, outageBudget: number): VerdictCode {
  const plan = policies.find(({ policy }) => policy === 'plan');
  if (!plan) return 'unknown';
  if (plan.outage.estimate > outageBudget) return 'not-enough';
  const reactive = policies.find(({ policy }) => policy === 'target-tracking-60');
  const isSafe = reactive?.outage.happened === 0 && margins.reactive.audienceFactor >= SAFE_MARGIN;
  return isSafe ? 'not-needed' : 'enough';
}

function outageSentence({ spec, policies, exact }: Rehearsal, outageBudget: number): string {
  const unusual = unusualOf(spec);
  const given = unusual.length > 0 ? `With ${listNames(unusual, unusual.length)}: ` : '';
  const outage = policies.find(({ policy }) => policy === 'plan')?.outage;
  if (!outage) {
    const minutes = exact.find(({ policy }) => policy === 'plan')!.outageMinutes;
    const night = minutes === 0 ? 'no outage' : countOf(minutes, 'outage minute');
    return `${given}no draw was played, so how likely an outage is cannot be told. The night that goes exactly as forecast has ${night} under the plan.`;
  }
  const { draws, happened, high, estimate } = outage;
  const budget = `the outage budget of ${trimmed(100 * outageBudget)} %`;
  if (happened === 0) {
    const bound = `at most ${inPercent(high, Math.ceil)} %, with ${CONFIDENCE * 100} % confidence`;
    const against = high <= outageBudget ? `, within ${budget}` : `; ${budget} is not exceeded`;
    return `${given}under the plan none of ${countOf(draws, 'draw')} has an outage. How likely one is: ${bound}${against}.`;
  }
  const against =
    estimate > outageBudget
      ? `, above ${budget}`
      : high <= outageBudget
        ? `, within ${budget}`
        : `; ${budget} is not exceeded`;
  return `${given}under the plan ${formatCount(happened)} of ${countOf(draws, 'draw')} ${happened === 1 ? 'has' : 'have'} an outage. How likely one is: ${formatProbability(outage)}${against}.`;
}

/** By so many draws, all without an outage, a probability is shown to be within a budget: `ln 0.05 / ln(1 − budget)`. */
function moreDrawsSentence({ policies }: Rehearsal, outageBudget: number): string | undefined {
  const outage = policies.find(({ policy }) => policy === 'plan')?.outage;
  if (!outage || outage.estimate > outageBudget || outage.high <= outageBudget) return undefined;
  if (outageBudget === 0) {
    return 'No number of draws can show that an outage is impossible: state a budget above 0.';
  }
  const needed = Math.ceil(Math.log(1 - CONFIDENCE) / Math.log1p(-outageBudget));
  const draws =
    outage.happened === 0
      ? `${formatCount(needed)} without an outage would show it`
      : `${formatCount(needed)} would have shown it if none had an outage, and with some it takes more`;
  return `More draws are needed to be sure of that, because up to ${inPercent(outage.high, Math.ceil)} % is possible: ${draws}.`;
}

function notNeededSentence({ spec, policies, margins }: Rehearsal): string {
  const reactive = policies.find(({ policy }) => policy === 'target-tracking-60')!;
  const plan = policies.find(({ policy }) => policy === 'plan')!;
  const more = plan.unitHoursAbove.mean - reactive.unitHoursAbove.mean;
  const bears = `bears ${marginWords(margins.reactive)} the median audience`;
  const cost =
    more > 0 ? ` The floors would cost ${formatCount(more)} ${spec.unit}-hours more on average, for nothing.` : '';
  return `Pre-scaling is not needed, as far as this tells: target tracking alone (cooldown 60 s) has no outage in these draws, too (${formatProbability(reactive.outage)}), and ${bears}.${cost}`;
}

function breaksFirstSentence({ spec, policies, exact, margins }: Rehearsal): string {
  const { firstCauses = {}, outage } = policies.find(({ policy }) => policy === 'plan') ?? {};
  const counts = Object.entries(firstCauses) as [Cause, number][];
  if (counts.length > 0) {
    const parts = counts
      .toSorted(([, a], [, b]) => b - a)
      .map(([cause, draws]) => `${formatCount(draws)}: ${causeWords(cause, spec)}`);
    return `What breaks first in the ${countOf(outage!.happened, 'draw')} with an outage, in ${parts.join(' In ')}`;
  }
  const exactCause = exact.find(({ policy }) => policy === 'plan')!.firstCause;
  if (exactCause) return `What breaks first: ${causeWords(exactCause, spec)}`;
  const { failsBy } = margins.plan;
  const holds = `The plan holds ${marginWords(margins.plan)} the median audience, when all else is as forecast`;
  return failsBy
    ? `${holds}. What breaks first beyond that: ${causeWords(failsBy, spec)}`
    : `${holds}: no more was tried.`;
}

/** Why requests fail, and what to do about it. */
function causeWords(cause: Cause, { floors, quantile, conditions, unit, whatIf }: RehearsalSpec): string {
  const { leadTime, shedsLoad, failoverSeconds } = conditions;
  switch (cause) {
    case 'ceiling':
      return `more is needed than the maximum of ${countOf(floors.max, unit)}. Raise the maximum, and the quotas behind it.`;
    case 'asked-too-little':
      if (whatIf.missRaise && !whatIf.guard) {
        return 'a raise was missed, and target tracking did not make up for it in time. Run the guard, which does within a minute.';
      }
      return `neither floors nor target tracking ask for enough in time. Raise the forecast in the calendar, or the planning quantile (now ${quantile})${whatIf.earlySeconds > 0 ? ', or lengthen the warm-up' : ''}.`;
    case 'not-ready-yet':
      return `enough ${unit}s are asked for, and are not ready in time: 95 of 100 start within ${leadTime.startLatencySeconds} s, and at most ${formatCount(leadTime.unitsPerMinute)} are launched per minute. Lengthen the warm-up, or make ${unit}s start faster.`;
    case 'retries':
      return `the ${unit}s that are ready would bear the users' own requests, and not what has queued up and is tried again on top. ${shedsLoad ? 'Let' : 'Refuse early what cannot be answered in time (load shedding), or let'} clients retry less and later.`;
    case 'zone-lost':
      return `a zone is gone, and for ${failoverSeconds} s the load balancer still sends requests to it. No floor mends that; faster health checks shorten it.`;
    default:
      throw new RangeError('there is no such cause', { cause: cause satisfies never });
  }
}

/** Retries multiply what comes as long as tries fail: with enough units below that, an overload ends by itself. */
function overloadSentence({ spec, recordings }: Rehearsal): string | undefined {
  const { floors, unit, conditions } = spec;
  const { shedsLoad, retries, requestsPerSecondPerUnit, usableShare } = conditions;
  if (shedsLoad) return undefined;
  let amplification = 0;
  for (let retry = 0; retry <= retries.count; retry += 1) amplification += retries.persistence ** retry;
  const peak = recordings.plan.demand.reduce((highest, requests) => Math.max(highest, requests), 0);
  const units = Math.ceil((peak * amplification) / (requestsPerSecondPerUnit * usableShare));
  if (units <= floors.max) return undefined;
  return `An overload, once it begins, is kept alive by retries: when every try fails, the peak of ${formatCount(peak)} requests/s becomes × ${amplification.toFixed(2)} as many tries, which takes ${countOf(units, unit)}, and the maximum is ${formatCount(floors.max)}. Shed load, let clients retry less, or raise the maximum.`;
}

function zoneSentence({ spec, zoneLost }: Rehearsal): string | undefined {
  if (!zoneLost) return undefined;
  const { failoverMinutes, outageAfterFailover: besides } = zoneLost;
  const minutes = Math.round(10 * failoverMinutes.mean) / 10;
  const until = minutes === 0 ? 'no outage minute' : `${countOf(minutes, 'outage minute')} on average`;
  const then =
    besides.happened === 0
      ? `and no outage besides in ${countOf(besides.draws, 'draw')} (≤ ${inPercent(besides.high, Math.ceil)} %)`
      : `and an outage besides in ${formatProbability(besides)} of the draws`;
  return `With a zone lost at the peak, which the figures above leave out: ${until} until the load balancer has noticed after ${spec.conditions.failoverSeconds} s, ${then}.`;
}

function costSentence({ spec, policies, exact }: Rehearsal): string | undefined {
  const costOf = (name: PolicyName): { hours: number; toOracle?: number; outage: string } | undefined => {
    const drawn = policies.find(({ policy }) => policy === name);
    if (drawn)
      return {
        hours: drawn.unitHoursAbove.mean,
        toOracle: drawn.toOracle,
        outage: formatProbability(drawn.outage),
      };
    const night = exact.find(({ policy }) => policy === name);
    return (
      night && {
        hours: night.unitHoursAbove,
        toOracle: night.toOracle,
        outage: countOf(night.outageMinutes, 'outage minute'),
      }
    );
  };
  const plan = costOf('plan')!;
  const written = costOf('hand-written');
  const hours = `${formatCount(plan.hours)} ${spec.unit}-hours`;
  const scope = `above the baseline of ${formatCount(spec.profile.baseline)}, over ${Math.round((spec.to - spec.from) / 360) / 10} h and planned for the ${spec.quantile} quantile`;
  let text = `The plan takes ${hours} ${policies.length > 0 ? 'on average' : 'at exact forecast'} (${scope})`;
  if (written && written.hours > 0) {
    const fewer = Math.round(100 * (1 - plan.hours / written.hours));
    const compared = fewer === 0 ? 'as many as' : `${Math.abs(fewer)} % ${fewer > 0 ? 'fewer' : 'more'} than`;
    text += `, ${compared} a hand-written window of the same highest floor. Outages, by the plan and by hand: ${plan.outage} and ${written.outage}`;
  }
  if (plan.toOracle !== undefined) {
    text += `. It is × ${plan.toOracle.toFixed(1)} of what the oracle takes, which knows the night before: what is above that is the price of certainty`;
  }
  return `${text}.`;
}

function reactiveSentence({ spec, policies, exact, margins }: Rehearsal): string | undefined {
  const outage = policies.find(({ policy }) => policy === 'target-tracking-60')?.outage;
  const minutes = exact.find(({ policy }) => policy === 'target-tracking-60')?.outageMinutes;
  const { reactive } = margins;
  if (!minutes && !outage?.happened && reactive.audienceFactor >= spec.whatIf.audienceFactor) return undefined;
  const parts = [
    ...(minutes === undefined
      ? []
      : [minutes > 0 ? `is out for ${minutes} min at exact forecast` : 'has no outage at exact forecast']),
    ...(outage ? [`has an outage in ${formatProbability(outage)} of the draws`] : []),
    // A zone that is lost is an outage with any audience.
    ...(reactive.failsBy === 'zone-lost' ? [] : [`holds ${marginWords(reactive)} the median audience`]),
  ];
  return `Target tracking alone (cooldown 60 s) ${listNames(parts)}.`;
}

const LIMITS =
  "What is drawn is how many come, how fast, how many wait in the app before, and when they begin. The rest of the demand's shape, and how clients and units behave, is assumed: no number of draws tells whether it is right.";

/** A hundredth below what was found is still borne; above it may not be. */
function marginWords({ audienceFactor, failsBy }: Margin): string {
  if (audienceFactor === 0) return 'not even × 0.01 of';
  return `${failsBy ? 'up to' : 'at least'} × ${(Math.floor(100 * audienceFactor) / 100).toFixed(2)} of`;
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function countOf(count: number, noun: string): string {
  return `${Number.isInteger(count) ? formatCount(count) : count} ${noun}${count === 1 ? '' : 's'}`;
}

function durationWords(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** As many digits as it takes, at most three behind the point. */
function trimmed(value: number): string {
  return `${Math.round(1000 * value) / 1000}`;
}
