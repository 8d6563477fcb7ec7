import type { Finding } from '../capacity/capacity-plan';
import { coverOf } from '../capacity/cover';
import { formatCount, listNames, percent } from '../capacity/words';
import { CONFIDENCE } from '../rehearsal/summary';
import { formatViewers } from './plan-table';
import type {
  ReportAction,
  ReportData,
  ReportEnvironment,
  ReportPolicy,
  ReportRehearsal,
  ReportRelease,
  ReportTarget,
} from './report-data';
import { html, jsonMarkup, Markup } from './report-markup';
import { packFigures } from './report-packed';
import { phaseAt } from './report-reading';
import { REPORT_STYLE } from './report-style';
import { legendOf, noteOf } from './timeline-chart';
import { localTime, utcTime, zoneLabel } from './times';

const MONEY = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export interface ReportPage {
  readonly data: ReportData;
  /** What runs in the page, as one script. */
  readonly script: string;
  /** The Content-Security-Policy's word for a text: `'sha256-…'`. */
  readonly hashOf: (text: string) => string;
  /** Drawings of rehearsals, as SVG. @default none is drawn */
  readonly charts?: ReadonlyMap<ReportRehearsal, string>;
  /** So many rehearsals of each environment are shown in full, those that are not enough first; the others have a row each. @default all */
  readonly rehearsalsInFull?: number;
}

/** What of rehearsals is shown. */
type Detail = Required<Pick<ReportPage, 'charts' | 'rehearsalsInFull'>>;

/**
 * The report as one HTML page that needs nothing else: no other file, no network. Its policy admits its own script and style and nothing besides.
 *
 * Everything but the timelines is there without the script. Pure: the same input gives the same page.
 */
export function renderReportHtml(asked: ReportPage): string {
  const { data, script, hashOf, charts = new Map(), rehearsalsInFull = Infinity } = asked;
  const detail: Detail = { charts, rehearsalsInFull };
  const style = REPORT_STYLE;
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const figures = jsonMarkup(packFigures(data.environments.flatMap(({ targets }) => targets))).text;
  const offset = figureOffsets(data);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="data:," />
        <title>Release capacity: ${listNames(namesOf(data))} as of ${utcTime(data.asOf)} UTC</title>
        ${element('style', style)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the report</a>
        ${headerOf(data)}
        <main id="main" tabindex="-1">
          ${data.environments.map((environment, index) => environmentOf(environment, offset[index]!, detail))}
        </main>
        ${footerOf(data)} ${element('script type="application/json" id="data"', figures)} ${element('script', script)}
      </body>
    </html> `;
  return page.text;
}

/** An element whose text is taken as it is: a hash is of each of its characters. */
function element(tag: string, text: string): Markup {
  return new Markup(`<${tag}>${text}</${tag.split(' ')[0]!}>`);
}

/** Of each environment, which figure of the page is its first. */
function figureOffsets({ environments }: ReportData): number[] {
  let next = 0;
  return environments.map(({ targets }) => {
    next += targets.length;
    return next - targets.length;
  });
}

function namesOf({ environments }: ReportData): string[] {
  return environments.map(({ name }) => name);
}

function headerOf(data: ReportData): Markup {
  return html`<header>
    <h1>Release capacity</h1>
    <dl class="facts">
      <div>
        <dt>as of</dt>
        <dd>${timeOf(data.asOf)} ${ZONE}</dd>
      </div>
      <div>
        <dt>calendar</dt>
        <dd><code>${data.calendarDigest.replace(/^(sha256:.{12}).*$/, '$1')}</code></dd>
      </div>
      <div>
        <dt>made by</dt>
        <dd>prescale ${data.toolVersion}</dd>
      </div>
    </dl>
    <div class="switches" hidden>
      ${switchOf('zone', 'Times in', [
        ['utc', 'UTC'],
        ['viewer', 'your time'],
        ['premiere', 'premiere’s time'],
      ])}
      ${switchOf('theme', 'Colours', [
        ['auto', 'as the system'],
        ['light', 'light'],
        ['dark', 'dark'],
      ])}
    </div>
    <nav aria-label="Environments">
      <ul>
        ${data.environments.map(
          (environment) =>
            html`<li>
              <a href="#${idOf(environment.name)}">${environment.name}</a> ${countsOf(environment)}
              ${environment.targets.map((target) => html`<p>${nextOf(target, data.asOf)}</p>`)}
            </li>`,
        )}
      </ul>
    </nav>
  </header>`;
}

function switchOf(name: string, legend: string, choices: readonly (readonly [string, string])[]): Markup {
  return html`<fieldset>
    <legend>${legend}</legend>
    ${choices.map(
      ([value, label], index) =>
        html`<label
          ><input type="radio" name="${name}" value="${value}" ${new Markup(index === 0 ? ' checked' : '')} />
          ${label}</label
        >`,
    )}
  </fieldset>`;
}

function countsOf({ findings }: ReportEnvironment): Markup {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  const stop =
    errors > 0
      ? html`<strong class="verdict not-enough">${plural(errors, 'error')}: no template until mended</strong>`
      : undefined;
  return html`${stop} <span>${warnings > 0 ? plural(warnings, 'warning') : 'no warning'}</span>`;
}

/** What somebody on call asks first of a target: the floor now, what comes next, and from when on it is warm. */
function nextOf(target: ReportTarget, asOf: string): Markup {
  const { id, unit, windows, releases, timeline, deferred, coveredUntil } = target;
  const phase = phaseAt(windows, asOf);
  const until = windows.find(({ risingAt, endsAt }) => risingAt <= asOf && asOf < endsAt)?.endsAt;
  const now = timeline.floor[0]?.[1] ?? 0;
  const open = until
    ? html`, ${phase.name} ${phase.name === 'giving back' ? 'after' : 'for'} ${listNames(phase.releases)} until
      ${timeOf(until)} ${ZONE}`
    : undefined;
  const next = releases
    .toSorted((a, b) => (a.premiereAt < b.premiereAt ? -1 : 1))
    .find((one) => one.premiereAt >= asOf);
  if (!next) {
    const none =
      deferred.length > 0
        ? html`No release is planned until ${timeOf(coveredUntil)} ${ZONE}: ${deferralOf(deferred.length)}.`
        : 'No release is coming.';
    return html`${id}: floor ${plural(now, unit)} now${open}. ${none}`;
  }
  const rising = next.risingAt
    ? html`floor ${formatCount(next.floor)} from ${timeOf(next.risingAt)} ${ZONE} on`
    : html`the baseline is enough`;
  const status = next.status === 'confirmed' ? '' : ` (${next.status})`;
  return html`${id}: floor ${plural(now, unit)} now${open}.
    <span data-zone="${next.zone}"
      >Next <strong><bdi>${next.title}</bdi>${status}</strong>, ${timeOf(next.premiereAt)} ${ZONE}:
      <strong>${rising}</strong>.</span
    >`;
}

function environmentOf(environment: ReportEnvironment, firstFigure: number, detail: Detail): Markup {
  const { name, targets, findings } = environment;
  const errors = findings.filter(({ severity }) => severity === 'error');
  const warnings = findings.filter(({ severity }) => severity !== 'error');
  return html`<section class="environment" aria-labelledby="${idOf(name)}">
    <h2 id="${idOf(name)}" tabindex="-1">${name}</h2>
    <p>${summaryOf(environment)}</p>
    ${errors.length > 0 ? findingsOf('Errors', errors) : undefined}
    ${targets.map((target, index) => targetOf(environment, target, firstFigure + index))}
    ${warnings.length > 0 ? findingsOf('Warnings', warnings) : undefined}
    ${
      findings.length === 0
        ? html`<h3>Findings</h3>
            <p>None.</p>`
        : undefined
    }
    ${costOf(environment)} ${rehearsalsOf(environment, detail)}
  </section> `;
}

/** What to know of an environment at a glance. */
function summaryOf({ name, targets, findings, horizonEnd }: ReportEnvironment): Markup {
  const cover = coverOf({ targets, horizonEnd });
  const deferred = new Set(cover.deferred);
  // What is deferred on one target is not planned yet.
  const planned = targets.flatMap((target) => target.releases.map(({ id }) => id)).filter((id) => !deferred.has(id));
  const releases = new Set(planned).size;
  const until = cover.coveredUntil;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const highest = targets.map((target) => {
    const top = Math.max(target.min, ...target.actions.map(({ floor }) => floor));
    return html` The highest floor of ${target.id} is ${plural(top, target.unit)}, with a baseline of
    ${formatCount(target.baseline)} and a ceiling of ${formatCount(target.max)}.`;
  });
  const coming =
    releases > 0
      ? html`${plural(releases, 'release')} until ${timeOf(until)}
        ${ZONE}${deferred.size > 0 ? `; ${deferralOf(deferred.size, ' more')}` : ''}.`
      : deferred.size > 0
        ? html`No release is planned until ${timeOf(until)} ${ZONE}: ${deferralOf(deferred.size)}.`
        : html`No release is coming until ${timeOf(until)} ${ZONE}: the baseline stays.`;
  const stop =
    errors > 0 ? html` <strong>${plural(errors, 'error')}: ${name} gets no template until mended.</strong>` : undefined;
  return html`${coming}${releases > 0 ? highest : undefined}${stop}`;
}

/** `3 are deferred`, or `3 more are deferred`. */
function deferralOf(count: number, more = ''): string {
  return `${formatCount(count)}${more} ${count === 1 ? 'is' : 'are'} deferred`;
}

function targetOf(environment: ReportEnvironment, target: ReportTarget, figure: number): Markup {
  const { releases, actions, deferred } = target;
  const id = `figure-${figure}`;
  return html`<section aria-labelledby="${id}-target">
    <h3 id="${id}-target">${target.id}</h3>
    ${figureOf(environment.name, target, id)}
    ${
      releases.length > 0
        ? releasesTable(environment.name, target, releases)
        : html`<p>
            ${deferred.length > 0 ? 'No release is planned.' : 'No release is coming: the baseline stays.'} To see
            another day: <code>prescale report --as-of INSTANT</code>.
          </p>`
    }
    ${
      deferred.length > 0
        ? html`<p>
            Deferred, beyond what the plan covers (${timeOf(target.coveredUntil)} ${ZONE}): ${deferred.join(', ')}.
          </p>`
        : undefined
    }
    ${actions.length > 0 ? actionsTable(environment.name, target, actions) : undefined}
  </section> `;
}

function figureOf(environment: string, { id: target, timeline }: ReportTarget, id: string): Markup {
  const minutes = timeline.stepSeconds / 60;
  return html`<figure id="${id}">
    <figcaption id="${id}-caption">
      Demand and floors of ${target} in ${environment}, in ${timeline.unit}s. Demand is the highest of each
      ${plural(minutes, 'minute')}. ${noteOf(timeline)}
    </figcaption>
    <noscript><p>The chart is drawn by the page’s script. The tables below hold the same plan.</p></noscript>
    <div class="tools" hidden>
      <div class="legend" role="group" aria-label="Shown in the chart">
        ${legendOf(timeline).map(({ key, name, colour }) => html`<button type="button" aria-pressed="true" data-series="${key}"><span class="mark mark-${key} ink-${colour}"></span>${name}</button>`)}
      </div>
      <div class="zoom" role="group" aria-label="Zoom">
        <button type="button" data-zoom="in">Zoom in</button><button type="button" data-zoom="out">Zoom out</button
        ><button type="button" data-zoom="reset">Show all</button
        ><label
          >Go to
          <select>
            <option value="">choose a release</option>
          </select></label
        >
      </div>
    </div>
    <div class="plot" hidden>
      <div class="canvas" aria-hidden="true"></div>
      <div class="cursor" hidden></div>
      <div
        class="handle"
        role="slider"
        tabindex="0"
        aria-label="Instant in the chart of ${target} in ${environment}"
        aria-describedby="${id}-keys"
        aria-valuemin="0"
        aria-valuemax="0"
        aria-valuenow="0"
      ></div>
      <div class="reading" hidden></div>
    </div>
    <div class="news" role="status"></div>
    <p class="keys" id="${id}-keys" hidden>
      Arrow keys move the instant, with Shift further; Page Up and Page Down go to the change of the floor before and
      after, Home and End to the ends; + and − zoom, Escape shows all. By mouse: drag to move, Ctrl and the wheel to
      zoom.
    </p>
    <details class="words" hidden>
      <summary>The chart in words</summary>
      <p></p>
    </details>
  </figure>`;
}

function releasesTable(environment: string, target: ReportTarget, releases: readonly ReportRelease[]): Markup {
  const caption = `Releases of ${target.id} in ${environment}`;
  const quantile = target.timeline.quantile;
  return tableOf(
    caption,
    html`<tr>
      <th scope="col">release</th>
      <th scope="col">premiere, its own time</th>
      <th scope="col">premiere, ${ZONE}</th>
      <th scope="col">viewers, median</th>
      <th scope="col">at quantile ${quantile}</th>
      <th scope="col">${target.unit}s alone</th>
      <th scope="col">floor</th>
      <th scope="col">rising at, ${ZONE}</th>
      <th scope="col">baseline at, ${ZONE}</th>
    </tr>`,
    releases.map(({ zone, audience, ...release }) => {
      const kind = release.status === 'confirmed' ? release.kind : `${release.kind}, ${release.status}`;
      const viewers = audience
        ? [audience.median, audience.planned].map((count) => html`<td>${formatViewers(count)}</td>`)
        : html`<td class="t" colspan="2">${release.reason}</td>`;
      return html`<tr data-zone="${zone}">
        <th scope="row">${release.title} <small>${release.id}, ${kind}</small></th>
        <td>${localTime(release.premiereAt, zone)} ${zoneLabel(zone)}</td>
        <td>${timeOf(release.premiereAt)}</td>
        ${viewers}
        <td>${formatCount(release.units)}</td>
        <td>${formatCount(release.floor)}</td>
        <td>${release.risingAt ? timeOf(release.risingAt) : '–'}</td>
        <td>${release.baselineAt ? timeOf(release.baselineAt) : '–'}</td>
      </tr>`;
    }),
    'table releases',
  );
}

function actionsTable(environment: string, target: ReportTarget, actions: readonly ReportAction[]): Markup {
  const caption = `Scheduled actions of ${target.id} in ${environment}`;
  const zones = new Map(target.releases.map(({ id, zone }) => [id, zone]));
  const table = tableOf(
    caption,
    html`<tr>
      <th scope="col">at, ${ZONE}</th>
      <th scope="col" class="n">floor</th>
      <th scope="col" class="n">change</th>
      <th scope="col">from then on</th>
      <th scope="col">releases</th>
    </tr>`,
    actions.map(({ at, floor, change, phase, releases }) => {
      const zone = zones.get(releases[0] ?? '') ?? 'UTC';
      return html`<tr data-zone="${zone}">
        <th scope="row">${timeOf(at)}</th>
        <td class="n">${formatCount(floor)}</td>
        <td class="n">${change < 0 ? '−' : '+'}${formatCount(Math.abs(change))}</td>
        <td>${phase}</td>
        <td class="t">${listNames(releases)}</td>
      </tr>`;
    }),
  );
  return html`<details>
    <summary>${plural(actions.length, 'scheduled action')}</summary>
    ${table}
  </details>`;
}

function findingsOf(heading: string, findings: readonly Finding[]): Markup {
  return html`<h3>${heading}</h3>
    <ul class="findings">
      ${findings.map(
        ({ severity, code, message, mend }) =>
          html`<li class="${severity}">
            <strong>${severity}</strong> <code>${code}</code> ${message}<br /><span>mend: ${mend}</span>
          </li>`,
      )}
    </ul>`;
}

function costOf({ name, targets, cost }: ReportEnvironment): Markup {
  const row = (head: string, unit: string, one: ReportEnvironment['cost']): Markup => {
    const [hours, baseline] = [one.unitHours, one.baselineUnitHours];
    const units =
      hours === undefined || baseline === undefined
        ? html`<td>–</td>
            <td>–</td>`
        : html`<td class="n">${formatCount(hours)} ${unit}-h</td>
            <td class="n">${formatCount(hours - baseline)} ${unit}-h</td>`;
    return html`<tr>
      <th scope="row">${head}</th>
      ${units}
      <td class="n">${MONEY.format(one.amount)}</td>
      <td class="n">${MONEY.format(one.baselineAmount)}</td>
      <td class="n">${MONEY.format(one.amount - one.baselineAmount)}</td>
    </tr>`;
  };
  const { currency } = cost;
  return html`<h3>Cost of the floors</h3>
    ${tableOf(
      `Cost of the floors in ${name}, until the plan ends`,
      html`<tr>
        <th scope="col">target</th>
        <th scope="col" class="n">hours</th>
        <th scope="col" class="n">above the baseline</th>
        <th scope="col" class="n">${currency}</th>
        <th scope="col" class="n">of it the baseline, ${currency}</th>
        <th scope="col" class="n">above the baseline, ${currency}</th>
      </tr>`,
      [
        ...targets.map((target) => row(target.id, target.unit, target.cost)),
        ...(targets.length > 1 ? [row('all', targets[0]!.unit, cost)] : []),
      ],
    )}`;
}

function rehearsalsOf({ name, rehearsals }: ReportEnvironment, { charts, rehearsalsInFull }: Detail): Markup {
  if (!rehearsals) {
    return html`<h3>Rehearsal</h3>
      <p>
        Not rehearsed. How likely an outage of each coming release is:
        <code>prescale report --env ${name} --rehearse</code>.
      </p>`;
  }
  if (rehearsals.length === 0) {
    return html`<h3>Rehearsal</h3>
      <p>Nothing was rehearsed: no release with an audience is coming, or it was stopped.</p>`;
  }
  const isShort = ({ verdict }: ReportRehearsal): boolean => verdict === 'not-enough';
  const inFull = new Set(
    rehearsals.toSorted((a, b) => Number(isShort(b)) - Number(isShort(a))).slice(0, rehearsalsInFull),
  );
  const others = rehearsals.filter((rehearsal) => !inFull.has(rehearsal));
  return html`<h3>Rehearsal</h3>
    <p>
      Nights that differ from the forecast as its uncertainty says, the same for every policy. An outage is a minute in
      which fewer than 99 % of the users’ requests are answered; each bound in brackets holds with ${100 * CONFIDENCE} %
      confidence. Other figures are means of the draws, above the baseline.
    </p>
    ${rehearsals.filter((one) => inFull.has(one)).map((rehearsal) => rehearsalOf(rehearsal, charts.get(rehearsal)))}
    ${others.length > 0 ? briefOf(name, others) : undefined}`;
}

/** A row each. */
function briefOf(environment: string, rehearsals: readonly ReportRehearsal[]): Markup {
  const table = tableOf(
    `The other rehearsals in ${environment} in brief, under the plan`,
    html`<tr>
      <th scope="col">release</th>
      <th scope="col">target</th>
      <th scope="col">verdict</th>
      <th scope="col" class="n">any outage</th>
    </tr>`,
    rehearsals.map(
      (rehearsal) =>
        html`<tr>
          <th scope="row">${rehearsal.release}</th>
          <td class="t">${rehearsal.target}</td>
          <td class="t">${verdictOf(rehearsal)}</td>
          <td class="n">${rehearsal.policies.find(({ policy }) => policy === 'plan')?.outageWords ?? '–'}</td>
        </tr>`,
    ),
  );
  return html`<h4>The others in brief</h4>
    <p>In full: <code>prescale report --env ${environment} --rehearse --release ID</code>.</p>
    ${table}`;
}

function rehearsalOf(rehearsal: ReportRehearsal, chart: string | undefined): Markup {
  const { release, target, environment, unit, draws, outageBudget, sentences, policies, currency, seed } = rehearsal;
  const played =
    draws.played < draws.asked
      ? `stopped after ${formatCount(draws.played)} of ${plural(draws.asked, 'draw')}`
      : plural(draws.asked, 'draw');
  const [first, ...rest] = sentences;
  return html`<section class="rehearsal">
    <h4>${release} on ${target} ${verdictOf(rehearsal)}</h4>
    <p>${first}</p>
    ${
      rest.length > 0
        ? html`<details>
            <summary>What it rests on and what breaks first</summary>
            <ul>
              ${rest.map((sentence) => html`<li>${sentence}</li>`)}
            </ul>
          </details>`
        : undefined
    }
    ${
      policies.length > 0
        ? tableOf(
            `Rehearsal of ${release} on ${target} in ${environment}: ${played}, seed ${seed}, outage budget ${percent(outageBudget)}`,
            html`<tr>
              <th scope="col">policy</th>
              <th scope="col" class="n">any outage</th>
              <th scope="col" class="n">outage minutes</th>
              <th scope="col" class="n">${unit}-hours</th>
              <th scope="col" class="n">${currency}</th>
              <th scope="col">what it does</th>
            </tr>`,
            policies.map(policyRow),
          )
        : undefined
    }
    ${
      chart === undefined
        ? undefined
        : html`<figure class="drawing">
            <img
              alt="${descriptionOf(chart)}"
              src="data:image/svg+xml;base64,${Buffer.from(chart).toString('base64')}"
            />
            <figcaption>The night in which everything is as forecast.</figcaption>
          </figure>`
    }
  </section>`;
}

/** In green only what the draws are enough to say. */
function verdictOf({ verdict, policies, outageBudget }: ReportRehearsal): Markup {
  const plan = policies.find(({ policy }) => policy === 'plan');
  const isOpen = verdict !== 'not-enough' && plan !== undefined && plan.outage.high > outageBudget;
  const words = verdict.replace('-', ' ');
  return html`<span class="verdict ${isOpen ? 'unknown' : verdict}">${isOpen ? `${words} so far` : words}</span>`;
}

function policyRow(policy: ReportPolicy): Markup {
  return html`<tr class="${policy.policy}">
    <th scope="row">${policy.label}</th>
    <td class="n">${policy.outageWords}</td>
    <td class="n">${policy.outageMinutes.toFixed(1)}</td>
    <td class="n">${formatCount(policy.unitHoursAbove)}</td>
    <td class="n">${MONEY.format(policy.amountAbove)}</td>
    <td class="t">${policy.does}</td>
  </tr>`;
}

/** What a drawing says of itself, for those who cannot see it. */
function descriptionOf(svg: string): Markup {
  return new Markup(/<desc[^>]*>([^<]*)<\/desc>/.exec(svg)?.[1] ?? '');
}

function footerOf(data: ReportData): Markup {
  return html`<footer>
    <p>
      A floor is the registered minimum; target tracking stays on above it. Required is what must be ready at an
      instant; floors lead it by the lead time. Digest of the calendar: <code>${data.calendarDigest}</code>
    </p>
  </footer>`;
}

/**
 * Scrolls by itself where it is wider than the page, and can be reached by keyboard. Rows go without the end tags and the quotes that HTML lets them
 * leave out: a tenth of a long page.
 */
function tableOf(caption: string, head: Markup, rows: readonly Markup[], classes = 'table'): Markup {
  return html`<div class="${classes}" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        ${head}
      </thead>
      <tbody>
        ${rows.map(({ text }) => new Markup(text.replaceAll(/\n|<\/t[dhr]>/g, '').replaceAll(/="([\w/+-]+)"/g, '=$1')))}
      </tbody>
    </table>
  </div>`;
}

/** An instant that the page may show in another zone. Its text is the instant in UTC: an attribute with the same would be a tenth of a long page. */
function timeOf(instant: string): Markup {
  return html`<time>${utcTime(instant)}</time>`;
}

/** The zone in which such instants are shown. */
const ZONE = new Markup('<span class="zone">UTC</span>');

function idOf(environment: string): string {
  return `env-${environment}`;
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
