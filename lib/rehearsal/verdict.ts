import { retryAmplification } from '../capacity/findings';
import { resolveLeadTime } from '../capacity/lead-time';
import { formatCount, listNames } from '../capacity/words';
import type { PolicyName } from './policies';
import type { Rehearsal } from './rehearsal';
import { type Margin, SMALLEST_MARGIN } from './rehearse';
import type { Cause } from './simulate';
import type { RehearsalSpec, RehearsedAudience } from './spec';
import { CONFIDENCE, type Probability } from './summary';

/**
 * Whether the plan is enough for the release:
 *
 * - `unknown`: no draw was played;
 * - `not-enough`: the share of draws with an outage is above the budget;
 * - `not-needed`: enough, and so would be target tracking alone, with room to spare and with a zone lost;
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

/** A margin is known to 1 %. */
const MARGIN_PRECISION = 1.01;

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
    ['limits', limitsSentence(rehearsal.spec)],
  ];
  return {
    code,
    sentences: sentences.flatMap(([sentence, text]) => (text === undefined ? [] : [{ code: sentence, text }])),
  };
}

/** What was asked for besides the plan and its forecast, in words; empty when nothing was. */
export function unusualOf(spec: RehearsalSpec): string[] {
  const { whatIf, conditions, profile } = spec;
  const planned = resolveLeadTime(profile.leadTime).startLatencySeconds;
  const happens = conditions.leadTime.startLatencySeconds;
  const { audienceFactor, earlySeconds } = whatIf;
  const unusual: [boolean, string][] = [
    [audienceFactor !== 1, `an audience of × ${trimmed(audienceFactor)} the forecast`],
    [earlySeconds > 0, `everybody ${durationWords(earlySeconds)} early`],
    [whatIf.loseZone, 'a zone lost at the peak'],
    [!whatIf.guard, 'no guard'],
    [whatIf.missRaise, 'the first raise of each window missed'],
    [happens !== planned, `a start latency of ${happens} s, planned for ${planned} s`],
    [recordedOf(spec) !== undefined, 'a recorded night in place of the modelled one'],
  ];
  return unusual.filter(([isSet]) => isSet).map(([, words]) => words);
}

/** Ids of the releases whose audiences come besides that of the rehearsed one. */
export function othersOf({ release, releases }: RehearsalSpec): string[] {
  return releases.filter(({ id, audiences }) => id !== release && audiences.length > 0).map(({ id }) => id);
}

/** What comes as it was recorded; undefined where all is modelled. Its median peak is 0 where the release states no audience. */
export function recordedOf({ releases }: RehearsalSpec): RehearsedAudience | undefined {
  return releases.flatMap(({ audiences }) => audiences).find(({ trace }) => trace);
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

function codeOf({ policies, margins, zoneLost }: Rehearsal, outageBudget: number): VerdictCode {
  const plan = policies.find(({ policy }) => policy === 'plan');
  if (!plan) return 'unknown';
  if (plan.outage.estimate > outageBudget) return 'not-enough';
  const reactive = policies.find(({ policy }) => policy === 'target-tracking-60');
  const isSafe =
    reactive?.outage.happened === 0 &&
    !zoneLost?.['target-tracking-60'].outageAfterFailover.happened &&
    margins.reactive.audienceFactor >= SAFE_MARGIN;
  return isSafe ? 'not-needed' : 'enough';
}

function outageSentence({ spec, policies, exact }: Rehearsal, outageBudget: number): string {
  const unusual = unusualOf(spec);
  const given = unusual.length > 0 ? `With ${listNames(unusual, unusual.length)}: ` : '';
  const outage = policies.find(({ policy }) => policy === 'plan')?.outage;
  if (!outage) {
    const minutes = exact.find(({ policy }) => policy === 'plan')!.outageMinutes;
    const night =
      minutes === 0 ? 'there is no outage' : `${countOf(minutes, 'minute')} ${minutes === 1 ? 'is' : 'are'} an outage`;
    return `${given}no draw was played, so how likely an outage is cannot be told. Under the plan ${night} ${exactWords(spec)}.`;
  }
  const { draws, happened, high, estimate } = outage;
  const budget = `the outage budget of ${trimmed(100 * outageBudget)} %`;
  const against =
    estimate > outageBudget
      ? `, above ${budget}`
      : high <= outageBudget
        ? `, within ${budget}`
        : `; whether that is within ${budget} these draws cannot tell`;
  const others = othersOf(spec).length;
  const ofAny = others === 0 ? '' : others === 1 ? ' of either release' : ` of any of the ${others + 1} releases`;
  if (happened === 0) {
    const bound = `at most ${inPercent(high, Math.ceil)} %, with ${CONFIDENCE * 100} % confidence`;
    return `${given}under the plan none of ${countOf(draws, 'draw')} has an outage${ofAny}. How likely one is: ${bound}${against}.`;
  }
  return `${given}under the plan ${formatCount(happened)} of ${countOf(draws, 'draw')} ${happened === 1 ? 'has' : 'have'} an outage${ofAny}. How likely one is: ${formatProbability(outage)}${against}.`;
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
  return `More draws are needed to tell: ${draws}.`;
}

function notNeededSentence({ spec, policies, margins, zoneLost }: Rehearsal): string {
  const summaryOf = (name: PolicyName) => policies.find(({ policy }) => policy === name);
  const reactive = summaryOf('target-tracking-60')!;
  const slow = summaryOf('target-tracking-300')?.outage;
  const more = summaryOf('plan')!.unitHoursAbove.mean - reactive.unitHoursAbove.mean;
  const zone = zoneLost ? ', none besides the failover with a zone lost' : '';
  const cost = more > 0 ? ` The floors would cost ${formatCount(more)} ${spec.unit}-hours more on average.` : '';
  const byDefault = slow?.happened
    ? ` But with AWS's default cooldown of 300 s it has an outage in ${formatProbability(slow)} of the draws.`
    : '';
  return `Pre-scaling is not needed, as far as this tells: target tracking alone (cooldown 60 s) has no outage in these draws either (${inPercent(reactive.outage.high, Math.ceil)} % at most)${zone}, and bears ${marginWords(margins.reactive)} ${audienceWords(spec)}.${byDefault}${cost}`;
}

function breaksFirstSentence({ spec, policies, exact, margins }: Rehearsal): string {
  const { firstCauses = {}, outage } = policies.find(({ policy }) => policy === 'plan') ?? {};
  const counts = Object.entries(firstCauses) as [Cause, number][];
  if (counts.length > 0) {
    const draws = countOf(outage!.happened, 'draw');
    if (counts.length === 1) {
      const where = outage!.happened === 1 ? 'the draw' : `all ${draws}`;
      return `What breaks first in ${where} with an outage: ${causeWords(counts[0]![0], spec)}`;
    }
    const parts = counts
      .toSorted(([, a], [, b]) => b - a)
      .map(([cause, happened]) => `${formatCount(happened)}: ${causeWords(cause, spec)}`);
    return `What breaks first in the ${draws} with an outage, in ${parts.join(' In ')}`;
  }
  const exactCause = exact.find(({ policy }) => policy === 'plan')!.firstCause;
  if (exactCause) return `What breaks first ${exactWords(spec)}: ${causeWords(exactCause, spec)}`;
  const { failsBy } = margins.plan;
  const holds = `The plan ${holdsWords(margins.plan, spec)}, when all else is as ${isForecast(spec) ? 'forecast' : 'recorded'}`;
  return failsBy
    ? `${holds}. What breaks first beyond that: ${causeWords(failsBy, spec)}`
    : `${holds}: no more was tried.`;
}

/** Why requests fail, and what to do about it. */
function causeWords(cause: Cause, spec: RehearsalSpec): string {
  const { floors, quantile, conditions, unit, whatIf } = spec;
  const { leadTime, shedsLoad } = conditions;
  switch (cause) {
    case 'ceiling':
      return `more is needed than the maximum of ${countOf(floors.max, unit)}. Raise the maximum, and the quotas behind it.`;
    case 'asked-too-little':
      if (whatIf.missRaise && !whatIf.guard) {
        return 'a raise was missed, and target tracking did not make up for it in time. Run the guard, which does within a minute.';
      }
      return `neither floors nor target tracking ask for enough in time. Raise ${isForecast(spec) ? `the forecast in the calendar, or the planning quantile (now ${quantile})` : 'the floors that the entry states, or give it an audience'}${whatIf.earlySeconds > 0 ? ', or lengthen the warm-up' : ''}.`;
    case 'not-ready-yet':
      return `enough ${unit}s are asked for, and are not ready in time: 95 of 100 start within ${leadTime.startLatencySeconds} s, and at most ${formatCount(leadTime.unitsPerMinute)} are launched per minute. Lengthen the warm-up, or make ${unit}s start faster.`;
    case 'retries':
      return `the ${unit}s that are ready would bear the users' own requests, and not what has queued up and is tried again on top. ${shedsLoad ? 'Let' : 'Refuse early what cannot be answered in time (load shedding), or let'} clients retry less and later.`;
    default:
      throw new RangeError('there is no such cause', { cause: cause satisfies never });
  }
}

/** Without load shedding retries keep an overload alive, unless the maximum bears them, too. The same rule as that of the plan's finding. */
function overloadSentence({ spec }: Rehearsal): string | undefined {
  const { floors, peakUnits, unit, conditions } = spec;
  const { count, persistence } = conditions.retries;
  const amplification = retryAmplification(count, persistence);
  if (conditions.shedsLoad || peakUnits * amplification <= floors.max) return undefined;
  return `An overload, once it begins, could feed itself: ${count === 1 ? '1 retry' : `${count} retries`} can make ${formatCount(peakUnits)} ${unit}s' worth of requests, the highest floor, ${amplification.toFixed(2)} times as many, above the maximum of ${formatCount(floors.max)}. Shed load, let clients retry less, or raise the maximum.`;
}

function zoneSentence({ spec, zoneLost, exact }: Rehearsal): string | undefined {
  const noticed = `until the load balancer has noticed after ${spec.conditions.failoverSeconds} s`;
  if (spec.whatIf.loseZone) {
    const { failoverMinutes: minutes } = exact.find(({ policy }) => policy === 'plan')!;
    if (minutes === 0) return `The lost zone makes no outage minute ${noticed}.`;
    return `All outages here leave out the failover of the lost zone: ${exactWords(spec)} ${countOf(minutes, 'more minute')} ${minutes === 1 ? 'is' : 'are'} an outage ${noticed}. No floor changes ${minutes === 1 ? 'that' : 'those'}.`;
  }
  if (!zoneLost) return undefined;
  const { failoverMinutes, outageAfterFailover: besides } = zoneLost.plan;
  const minutes = Math.round(10 * failoverMinutes.mean) / 10;
  const lasts = minutes === 0 ? 'no outage minute' : `${countOf(minutes, 'outage minute')} on average`;
  const then =
    besides.happened === 0
      ? `and no outage besides in ${countOf(besides.draws, 'draw')} (≤ ${inPercent(besides.high, Math.ceil)} %)`
      : `and an outage besides in ${formatProbability(besides)} of the draws`;
  return `With a zone lost at the peak of each night, which the figures above leave out: ${lasts} ${noticed}, which no floor changes, ${then}.`;
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
  let text = `The plan takes ${hours} ${policies.length > 0 ? 'on average' : exactWords(spec)} (${scope})`;
  // A hand-written window has one raise: without it nothing is left to compare.
  if (written && written.hours > 0 && !spec.whatIf.missRaise) {
    const fewer = Math.round(100 * (1 - plan.hours / written.hours));
    const compared = fewer === 0 ? 'as many as' : `${Math.abs(fewer)} % ${fewer > 0 ? 'fewer' : 'more'} than`;
    text += `, ${compared} hand-written windows of what each release needs by itself. Outages, by the plan and by hand: ${plan.outage} and ${written.outage}`;
  }
  if (plan.toOracle !== undefined) {
    const price = plan.toOracle > 1 ? ': what is above that is the price of certainty' : '';
    text += `. It is × ${plan.toOracle.toFixed(1)} of what the oracle takes, which knows the night before${price}`;
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
      : [minutes > 0 ? `is out for ${minutes} min ${exactWords(spec)}` : `has no outage ${exactWords(spec)}`]),
    ...(outage ? [`has an outage in ${formatProbability(outage)} of the draws`] : []),
    // A short stretch of multiples in which it fails may lie between two that were tried.
    ...(minutes && reactive.audienceFactor >= spec.whatIf.audienceFactor
      ? []
      : [holdsWords(reactive, spec, minutes === 0)]),
  ];
  return `Target tracking alone (cooldown 60 s) ${listNames(parts)}.`;
}

function limitsSentence(spec: RehearsalSpec): string {
  const assumed = 'assumed: no number of draws tells whether it is right';
  const all = 'how many come, how fast, how many wait in the app before, and when they begin';
  const recorded = recordedOf(spec);
  if (!recorded) {
    return `What is drawn is ${all}. The rest of the demand's shape, and how clients and units behave, is ${assumed}.`;
  }
  const drawn = recorded.sigma > 0 ? 'how many come and when they begin' : 'when people come';
  const rest = recorded.sigma > 0 ? 'how fast they come and how many wait before' : 'how many, and how fast,';
  const others = othersOf(spec).length > 0 ? ` Of the other releases it is ${all}.` : '';
  return `What is drawn of ${spec.release} is ${drawn}; ${rest} is as recorded.${others} How clients and units behave is ${assumed}.`;
}

/** Whether the release has a forecast; without one, a recorded night is all that is known of its demand. */
function isForecast(spec: RehearsalSpec): boolean {
  return recordedOf(spec)?.medianPeak !== 0;
}

/** The night in which nothing is drawn. */
function exactWords(spec: RehearsalSpec): string {
  const others = othersOf(spec).length;
  if (!isForecast(spec)) return `in the night as recorded${others > 0 ? ', with the others as forecast' : ''}`;
  return others === 0 ? 'at exact forecast' : `when ${allWords(others + 1)} are as forecast`;
}

/** What a margin is a multiple of. */
function audienceWords(spec: RehearsalSpec): string {
  const others = othersOf(spec).length;
  if (!isForecast(spec)) return `the recorded night${others > 0 ? ' and of the median audiences of the others' : ''}`;
  return others === 0 ? 'the median audience' : `the median audiences of ${allWords(others + 1)}`;
}

function allWords(releases: number): string {
  return releases === 2 ? 'both releases' : `all ${releases} releases`;
}

/** A hundredth below what was found is still borne; above it may not be. */
function marginWords({ audienceFactor, failsBy }: Margin): string {
  if (audienceFactor === 0) return `not even × ${SMALLEST_MARGIN} of`;
  return `${failsBy ? 'up to' : 'at least'} × ${hundredths(audienceFactor)} of`;
}

/**
 * What a policy holds.
 *
 * @param isFine whether it has no outage with the audience that was asked for, which may be a larger one @default true
 */
function holdsWords(margin: Margin, spec: RehearsalSpec, isFine = true): string {
  const { audienceFactor } = margin;
  const asked = spec.whatIf.audienceFactor;
  if (!isFine || audienceFactor * MARGIN_PRECISION >= asked) {
    return `holds ${marginWords(margin)} ${audienceWords(spec)}`;
  }
  const fails = audienceFactor === 0 ? `at × ${SMALLEST_MARGIN}` : `just above × ${hundredths(audienceFactor)}`;
  const more = recordedOf(spec) ? 'more requests before the premiere set' : 'a fuller lobby sets';
  return `already fails ${fails} of ${audienceWords(spec)}, though not at × ${trimmed(asked)}, where ${more} target tracking going earlier`;
}

function hundredths(value: number): string {
  return (Math.floor(100 * value) / 100).toFixed(2);
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
