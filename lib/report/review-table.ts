import { fromIso } from '../capacity/instants';
import type { NightReview, ReviewedTarget } from '../capacity/review-night';
import { formatCount, percent } from '../capacity/words';
import { type Column, renderTable } from './table';
import { utcTime } from './times';

/** How far off the forecasts of a kind have been. */
export interface KindErrors {
  readonly kind: string;
  /** Measured releases. */
  readonly count: number;
  readonly sigma: number;
  /** Sigma that forecasts of the kind have which state no spread. */
  readonly configured: number;
}

export interface ReviewTableOptions {
  /** The lines that the entry gets. */
  readonly observed: string;
  /** With this release in it; absent while none of the kind was measured. */
  readonly errors?: KindErrors;
}

const left = (head: string): Column => ({ head });
const right = (head: string): Column => ({ head, right: true });

/** Planned against observed for people, and what the entry gets. Ends with a newline. */
export function renderReview(review: NightReview, { observed, errors }: ReviewTableOptions): string {
  const { environment, release, premiereAt, from, to, plannedAsOf, notes } = review;
  const heading =
    `${release} in ${environment}: premiere ${utcTime(premiereAt)} UTC, reviewed from ${utcTime(from)} to ${utcTime(to)} UTC\n` +
    `planned as of ${utcTime(plannedAsOf)} UTC, from the calendar and the environment as they are now, without what was observed since\n`;
  const sections = [
    heading,
    renderTable([left('audience'), right('planned'), right('observed'), left('')], audienceRows(review)),
    ...review.targets.map(targetTable),
    ...(errors ? [errorsLine(errors)] : []),
    ...(notes.length > 0 ? [notes.map((note) => `note: ${note}\n`).join('')] : []),
    `${observed}\n`,
  ];
  return sections.join('\n');
}

function audienceRows({ forecast, requests, viewers, outage }: NightReview): string[][] {
  const rows: string[][] = [];
  const counted = viewers?.from === 'viewers' ? 'counted' : 'estimated from requests';
  if (forecast) {
    rows.push(
      [
        'viewers at the peak',
        formatCount(forecast.peakViewers),
        viewers ? formatCount(viewers.peakViewers) : '–',
        viewers ? counted : '',
      ],
      [
        '1 in 10 below, above',
        `${formatCount(forecast.low)} to ${formatCount(forecast.high)}`,
        viewers?.inRange === undefined ? '–' : viewers.inRange ? 'inside' : 'outside',
        '',
      ],
      [
        `viewers at q ${forecast.quantile}`,
        formatCount(forecast.plannedPeakViewers),
        '',
        'what floors were planned for',
      ],
    );
    if (viewers?.error !== undefined) {
      rows.push([
        'forecast error',
        '',
        signedPercent(viewers.relativeError!),
        errorWords(viewers.error, forecast.sigma, viewers.quantile!),
      ]);
    }
  } else if (viewers) {
    rows.push([
      'viewers at the peak',
      '–',
      formatCount(viewers.peakViewers),
      `${counted}; the release states floors and no audience`,
    ]);
  }
  if (requests) {
    rows.push(
      [
        'requests/s at the peak',
        `${formatCount(requests.median)} to ${formatCount(requests.planned)}`,
        formatCount(requests.observed),
        `above the ordinary day, in a minute${requests.failing ? '; some failed then, and retries are counted, too' : ''}`,
      ],
      ['in the minute (UTC)', utcTime(requests.modelledAt), utcTime(requests.observedAt), laterWords(requests)],
    );
  }
  const { minutes, seen, firstAt, missingMinutes } = outage;
  const first = firstAt === undefined ? '' : `from ${utcTime(firstAt)} on`;
  rows.push([
    'outage minutes',
    '0',
    minutes === undefined ? 'unknown' : formatCount(minutes),
    minutes === undefined
      ? `${formatCount(seen)} seen, ${formatCount(missingMinutes)} minutes are missing`
      : ['more than 1 % of the requests failed', first].filter(Boolean).join(', '),
  ]);
  return rows;
}

function targetTable({ id, unit, planned, observed }: ReviewedTarget): string {
  const rows = [
    [
      'highest',
      `${formatCount(planned.floor)} floor`,
      `${formatCount(observed.highest)} ${observed.counted}`,
      utcTime(observed.highestAt),
    ],
    [
      'fewer ready than required',
      '0 min',
      `${formatCount(observed.belowRequiredMinutes)} min`,
      `the release by itself was planned to need ${formatCount(planned.units)}; known in ${formatCount(observed.readyMinutes)} min`,
    ],
    [
      'fewer ready than the floor',
      '0 min',
      `${formatCount(observed.belowFloorMinutes)} min`,
      'that had stood for its lead time',
    ],
    ...(observed.lowFloorMinutes === undefined
      ? []
      : [['live floor below the plan', '0 min', `${formatCount(observed.lowFloorMinutes)} min`, '']]),
    [
      'above the floor, while held',
      '',
      observed.aboveFloor ? `+${formatCount(observed.aboveFloor.units)}` : '0',
      observed.aboveFloor ? `at ${utcTime(observed.aboveFloor.at)}, by policies or by hand` : 'nothing was added',
    ],
    [
      'unit-hours',
      formatCount(planned.unitHours),
      formatCount(observed.unitHours),
      'over the minutes in which units are known',
    ],
    ['scaling activities', '', formatCount(observed.activities), `${formatCount(observed.byPolicies)} by policies`],
  ];
  return renderTable([left(`${id}, ${unit}s`), right('planned'), right('observed'), left('')], rows);
}

function errorsLine({ kind, count, sigma, configured }: KindErrors): string {
  const measured = count === 1 ? '1 measured' : `${count} measured`;
  return `forecasts of kind ${kind} so far: σ ${sigma.toFixed(2)} from ${measured}, ${configured.toFixed(2)} configured\n`;
}

function errorWords(error: number, sigma: number, quantile: number): string {
  return `ln ${error < 0 ? '−' : '+'}${Math.abs(error).toFixed(2)} with σ ${sigma.toFixed(2)}: ${quantileWords(quantile)}`;
}

/** An error of several sigmas is no figure of two digits. */
function quantileWords(quantile: number): string {
  if (quantile < 0.01) return 'below the 0.01 quantile of the forecast';
  if (quantile > 0.99) return 'above the 0.99 quantile of the forecast';
  return `at the ${quantile.toFixed(2)} quantile of the forecast`;
}

function signedPercent(share: number): string {
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}

function laterWords({ modelledAt, observedAt }: NonNullable<NightReview['requests']>): string {
  const minutes = (fromIso(observedAt) - fromIso(modelledAt)) / 60;
  if (minutes === 0) return 'as modelled';
  return `${Math.abs(minutes)} min ${minutes > 0 ? 'later' : 'earlier'} than modelled`;
}
