import { toIso } from '../capacity/instants';
import { formatCount, listNames } from '../capacity/words';
import { POLICY_WORDS } from '../rehearsal/policies';
import type { Rehearsal } from '../rehearsal/rehearsal';
import type { RehearsalSpec } from '../rehearsal/spec';
import type { Accuracy } from '../rehearsal/simulate';
import { CONFIDENCE } from '../rehearsal/summary';
import {
  formatProbability,
  othersOf,
  recordedOf,
  unusualOf,
  type Verdict,
  type VerdictCode,
} from '../rehearsal/verdict';
import { utcTime } from './times';
import { type Column, renderTable } from './table';

const MONEY = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export interface RehearsalTableOptions {
  /** ISO 4217 code of the profile's price. */
  readonly currency: string;
  /** Colours a text as its verdict, for a terminal. @default plain */
  readonly paint?: (verdict: VerdictCode, text: string) => string;
}

const VERDICT_WORDS: Readonly<Record<VerdictCode, string>> = {
  'not-needed': 'not needed: the release would be well without a plan',
  enough: 'the plan is enough',
  'not-enough': 'the plan is not enough',
  unknown: 'unknown: nothing was drawn',
};

/** Columns at which sentences are wrapped. Tables are as wide as they are. */
const WIDTH = 120;

/** A rehearsal for people: the verdict first, then every policy, then what it rests on. Ends with a newline. */
export function renderRehearsal(
  rehearsal: Rehearsal,
  verdict: Verdict,
  { currency, paint = (_, text) => text }: RehearsalTableOptions,
): string {
  const sentences = verdict.sentences.map(({ text }) => wrapped(text, '- ')).join('');
  const sections = [
    headingOf(rehearsal),
    `${paint(verdict.code, headlineOf(verdict, rehearsal))}\n${sentences}`,
    ...(rehearsal.policies.length > 0 ? [drawsTable(rehearsal, currency)] : []),
    exactTable(rehearsal, currency),
    accuracyTable(rehearsal),
    listOf(
      'policies',
      rehearsal.exact.map(({ policy }) => [POLICY_WORDS[policy].label, POLICY_WORDS[policy].does]),
    ),
    assumptionsOf(rehearsal.spec),
  ];
  return sections.join('\n');
}

function headlineOf({ code, sentences }: Verdict, { asked, played }: Rehearsal): string {
  const isSure = sentences.every((sentence) => sentence.code !== 'more-draws');
  const stopped = played < asked ? `; ${drawsWords(asked, played)}` : '';
  return `${VERDICT_WORDS[code]}${isSure ? '' : ', as far as these draws tell'}${stopped}`;
}

function headingOf({ spec, asked, played }: Rehearsal): string {
  const { unit, profile, floors } = spec;
  const facts = [
    `premiere ${utc(spec.premiereAt)} UTC, rehearsed from ${utc(spec.from)} to ${utc(spec.to)} UTC (${hoursOf(spec)} h)`,
    [
      `baseline ${formatCount(profile.baseline)} ${unit}s`,
      `highest floor ${formatCount(spec.peakUnits)}`,
      `ceiling ${formatCount(floors.max)}`,
      `planned for the ${spec.quantile} quantile`,
    ].join(', '),
    `${drawsWords(asked, played)}, seed ${spec.seed}`,
  ];
  const others = othersOf(spec);
  if (others.length > 0)
    facts.unshift(`with ${listNames(others)}, which ${others.length === 1 ? 'comes' : 'come'} in the same hours`);
  const unusual = unusualOf(spec);
  if (unusual.length > 0) facts.push(`what if: ${unusual.join('; ')}`);
  return `${spec.release} in ${spec.environment}: ${spec.target}\n${facts.map((fact) => wrapped(fact, '', '  ')).join('')}`;
}

function drawsWords(asked: number, played: number): string {
  const draws = (count: number): string => `${formatCount(count)} ${count === 1 ? 'draw' : 'draws'}`;
  return played < asked ? `stopped after ${formatCount(played)} of ${draws(asked)}` : draws(played);
}

function drawsTable({ spec, policies, asked, played }: Rehearsal, currency: string): string {
  const heads = [
    left(drawsWords(asked, played)),
    right('P(any outage)'),
    right('outage min:\nmean'),
    right('\np95'),
    right('lost requests:\nmean'),
    right(`${spec.unit}-h above\nbaseline: mean`),
    right('\np95'),
    right(`${currency}:\nmean`),
    right('\np95'),
    right('× oracle'),
  ];
  const rows = policies.map((summary) => [
    POLICY_WORDS[summary.policy].label,
    formatProbability(summary.outage),
    summary.outageMinutes.mean.toFixed(1),
    formatCount(summary.outageMinutes.p95),
    formatRequests(summary.lostRequests.mean),
    formatCount(summary.unitHoursAbove.mean),
    formatCount(summary.unitHoursAbove.p95),
    MONEY.format(summary.amountAbove.mean),
    MONEY.format(summary.amountAbove.p95),
    timesOf(summary.toOracle),
  ]);
  const bounds = `Each bound in brackets holds with ${CONFIDENCE * 100} % confidence.`;
  return `${renderTable(heads, rows)}${wrapped(`${outageWords(spec)} ${bounds} ${scopeOf(spec)}`)}`;
}

function exactTable({ spec, exact, policies }: Rehearsal, currency: string): string {
  const heads = [
    left('everything as forecast'),
    right('outage min'),
    right('lost requests'),
    right(`${spec.unit}-h above\nbaseline`),
    right(currency),
    right('× oracle'),
  ];
  const rows = exact.map((summary) => [
    POLICY_WORDS[summary.policy].label,
    formatCount(summary.outageMinutes),
    formatRequests(summary.lostRequests),
    formatCount(summary.unitHoursAbove),
    MONEY.format(summary.amountAbove),
    timesOf(summary.toOracle),
  ]);
  const unusual = unusualOf(spec).length > 0 ? 'As forecast, but for what was asked above. ' : '';
  const reading = policies.length > 0 ? unusual : `${unusual}${outageWords(spec)} ${scopeOf(spec)}`;
  return `${renderTable(heads, rows)}${reading === '' ? '' : wrapped(reading.trimEnd())}`;
}

function outageWords({ whatIf }: RehearsalSpec): string {
  const failover = whatIf.loseZone ? ', but for those of the failover' : '';
  return `An outage minute is one in which fewer than 99 % of the users' requests that ended were answered${failover}; a lost request is one that was never answered, however often it was tried${whatIf.loseZone ? ', in the failover, too' : ''}.`;
}

function scopeOf({ unit, profile, quantile, ...spec }: RehearsalSpec): string {
  const baseline = `the ${formatCount(profile.baseline)} of the baseline over the ${hoursOf(spec)} h`;
  return `A ${unit} costs from its launch until it has stopped; above the baseline is without ${baseline}; × oracle is the mean of these hours over that of floors made by somebody who knows each night before. Floors are for the ${quantile} quantile.`;
}

function accuracyTable({ spec, policies, exact }: Rehearsal): string {
  const summaries = policies.length > 0 ? policies : exact;
  const [scope, mean] =
    policies.length > 0 ? ['accuracy, mean of the draws', 'mean'] : ['accuracy, as forecast', 'mean over time'];
  const keys: readonly [keyof Accuracy, string][] = [
    ['thetaUnder', 'θU %'],
    ['thetaOver', 'θO %'],
    ['tauUnder', 'τU %'],
    ['tauOver', 'τO %'],
  ];
  const heads = [left(scope), ...keys.map(([, name]) => right(name))];
  const rows = summaries.map(({ policy, accuracy }) => [
    POLICY_WORDS[policy].label,
    ...keys.map(([key]) => accuracy[key].toFixed(1)),
  ]);
  const divisors = `θU and θO: ${mean === 'mean' ? 'mean' : 'time average of'} shortage and excess of ready ${spec.unit}s, divided by those that the night requires at each instant. τU and τO: time with a shortage and with an excess, divided by the ${hoursOf(spec)} h. Required has the planner's headroom, so a shortage is not yet an outage.`;
  return `${renderTable(heads, rows)}${wrapped(divisors)}`;
}

/** What the rehearsal rests on, and where it comes from. */
function assumptionsOf(spec: RehearsalSpec): string {
  const { unit, profile, conditions, zones } = spec;
  const { retries, leadTime, shedsLoad } = conditions;
  const measured = profile.requestsPerSecondSource ?? 'a placeholder until a load test is named';
  const pauses = Array.from({ length: retries.count }, (_, retry) => conditions.backoffSeconds * 2 ** retry);
  const again =
    retries.count === 0
      ? 'and do not try again'
      : `and try again up to ${retries.count} ${retries.count === 1 ? 'time' : 'times'}, ${Math.round(100 * retries.persistence)} % of them${retries.count === 1 ? '' : ' each time'}, after a pause of up to ${pauses.join(', ')} s`;
  const lines: [string, string][] = [
    [
      'clients',
      `hang up after ${conditions.timeoutSeconds} s (judgement) ${again} (${profile.retries ? 'of the profile' : 'judgement'})`,
    ],
    [
      'overload',
      shedsLoad
        ? `is refused when it would wait for more than ${conditions.shedAboveSeconds} s (of the profile)`
        : `is not refused: requests queue, first come, first served, also those whose clients have hung up, for up to ${conditions.idleTimeoutSeconds} s (default of an Application Load Balancer)`,
    ],
    [
      `${unit}s`,
      `answer ${formatCount(conditions.requestsPerSecondPerUnit)} requests/s each at full use (${measured}), of which ${Math.round(100 * conditions.usableShare)} % can be reached (judgement); 95 of 100 are ready ${leadTime.startLatencySeconds} s after their launch (${profile.leadTime?.startLatencySeconds === undefined ? 'judgement' : 'of the profile'}); ${formatCount(leadTime.unitsPerMinute)} are launched per minute (${profile.leadTime?.unitsPerMinute === undefined ? 'the limit of Fargate per service' : 'of the profile'})`,
    ],
    [
      'scaling',
      `actions run up to ${leadTime.schedulerDelaySeconds} s late; a minute's metric can be read ${conditions.metricDelayMinutes} min after its end (judgement); above its floors every policy scales by target tracking with a cooldown of 60 s, where its name says no other`,
    ],
    ['zones', `${zones}; a lost one gets requests for ${conditions.failoverSeconds} s more (three health checks)`],
    ['demand', demandWords(spec)],
  ];
  return listOf('assumptions', lines);
}

function demandWords(spec: RehearsalSpec): string {
  const modelled = 'audience, rise, lobby and start are drawn; the rest of the curve is modelled';
  const recorded = recordedOf(spec);
  if (!recorded) return modelled;
  const drawn = recorded.sigma > 0 ? 'audience and start are drawn' : 'the start is drawn';
  const others = othersOf(spec).length > 0 ? `; of the other releases ${modelled}` : '';
  return `${drawn}; the rest of ${spec.release} is as recorded${others}`;
}

function listOf(title: string, lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([name]) => name.length)) + 2;
  return `${title}\n${lines.map(([name, words]) => wrapped(words, `  ${name.padEnd(width)}`)).join('')}`;
}

/** Requests in at most three digits: `5.2 G`, `9.5 M`, `380 k`, `42`. */
function formatRequests(count: number): string {
  if (count >= 999_500_000) return `${(count / 1e9).toFixed(count < 9_950_000_000 ? 1 : 0)} G`;
  if (count >= 999_500) return `${(count / 1e6).toFixed(count < 9_950_000 ? 1 : 0)} M`;
  if (count >= 1000) return `${Math.round(count / 1000)} k`;
  return formatCount(count);
}

function timesOf(multiple: number | undefined): string {
  return multiple === undefined ? '–' : multiple.toFixed(2);
}

function utc(seconds: number): string {
  return utcTime(toIso(seconds));
}

function hoursOf({ from, to }: Pick<RehearsalSpec, 'from' | 'to'>): string {
  return `${Math.round((to - from) / 360) / 10}`;
}

/** Lines of at most `WIDTH` columns, those after the first as far in as its text. A number stays with its sign. Each ends with a newline. */
function wrapped(text: string, mark = '', indent = ' '.repeat(mark.length)): string {
  const lines: string[] = [];
  let line = mark;
  let isEmpty = true;
  for (const word of text.split(/(?<![×≤≥]) (?!%)/)) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].map((each) => `${each}\n`).join('');
}

const left = (head: string): Column => ({ head });
const right = (head: string): Column => ({ head, right: true });
