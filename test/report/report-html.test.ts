import { createHash } from 'node:crypto';
import { demandTimeline } from '../../lib/capacity/demand-timeline';
import { environments } from '../../lib/environments';
import { loadPlans } from '../../lib/load-plan';
import type { VerdictCode } from '../../lib/rehearsal/verdict';
import { type ReportData, type ReportRehearsal, reportOf } from '../../lib/report/report-data';
import { renderReportHtml } from '../../lib/report/report-html';
import { html, jsonMarkup } from '../../lib/report/report-markup';
import { phaseAt, readingOf } from '../../lib/report/report-reading';
import { timelineOf } from '../../lib/report/timeline';

const CALENDAR = `releases:
  - id: the-finale
    title: "The finale </script><b>"
    premiere: 2026-12-31 17:00 America/Los_Angeles
    kind: finale
    audience: { peakViewers: 9_000_000, low: 6_000_000, high: 14_000_000 }
  - id: a-small-premiere
    title: A small premiere
    premiere: 2026-12-04T19:00Z
    kind: episode
    floors: { playback: 160 }
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** As of an instant, in prod. */
function reportAt(asOf: string, text = CALENDAR): ReportData {
  const prod = environments.filter(({ name }) => name === 'prod');
  const { plan, calendar } = loadPlans({
    calendarDir: 'calendar',
    calendarFiles: { files: [{ file: 'calendar/releases.yaml', text }], diagnostics: [] },
    environments: prod,
    known: environments,
    asOf,
  });
  const [environment] = plan!.environments;
  const span = { from: asOf, to: environment!.horizonEnd, stepSeconds: 300 };
  const demand = demandTimeline({ calendar: calendar!, environment: prod[0]!, layer: 'playback', ...span });
  return reportOf({ plan: plan!, timelines: [timelineOf(plan!, environment!, demand)] });
}

const pageOf = (data: ReportData): string => renderReportHtml({ data, script: 'run();', hashOf });
const textOf = (markup: string): string => markup.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');

const data = reportAt('2026-11-21T00:00:00Z');
const page = pageOf(data);

describe('the page', () => {
  test('admits its own script and style by their hashes, and names no other address', () => {
    const style = /<style>([^]*?)<\/style>/.exec(page)![1]!;
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hashOf('run();')}`,
      `style-src ${hashOf(style)}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(page.match(/<(script|style)\b/g)).toEqual(['<style', '<script', '<script']);
    expect(page).not.toMatch(/https?:|<iframe|@import|url\(|\ssrc=|\sstyle=|\son\w+=/i);
  });

  test('escapes what comes from the calendar, in content and in data', () => {
    expect(page).not.toContain('<b>');
    expect(page).toContain('The finale &lt;/script&gt;&lt;b&gt;');
    expect(page).toContain(String.raw`The finale \u003c/script>\u003cb>`);
  });

  test('has what a screen reader goes by: one first heading, landmarks, captions, scopes, no id twice', () => {
    expect(page.match(/<h1>/g)).toHaveLength(1);
    for (const landmark of ['header', 'main', 'nav', 'footer']) expect(page).toMatch(new RegExp(`<${landmark}[ >]`));
    expect(page.match(/<caption>/g)).toHaveLength(page.match(/<table>/g)!.length);
    expect(page).not.toMatch(/<th>/);
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('says of each release when it premieres, here and there, and what it takes', () => {
    const row = /<tr data-zone=America\/Los_Angeles><th scope=row>The finale[^]*?(?=<tr|<\/tbody)/.exec(page)![0];
    expect(textOf(row)).toMatchInlineSnapshot(
      `" The finale &lt;/script&gt;&lt;b&gt; the-finale, finale 2026-12-31 17:00 Los Angeles 2027-01-01 01:00 9.0 M 14 M 951 951 2026-12-31 23:55 2027-01-01 04:55 "`,
    );
    expect(textOf(page)).toContain('A small premiere a-small-premiere, episode 2026-12-04 19:00 UTC');
  });

  test('shows errors first, and says that there will be no template', () => {
    const many = CALENDAR.replace('9_000_000, low: 6_000_000, high: 14_000_000', '90_000_000, uncertainty: 0.3');
    const failing = pageOf(reportAt('2026-11-21T00:00:00Z', many));
    expect(textOf(failing)).toContain('prod gets no template until mended');
    expect(failing.indexOf('<h3>Errors</h3>')).toBeGreaterThan(0);
    expect(failing.indexOf('<h3>Errors</h3>')).toBeLessThan(failing.indexOf('<figure'));
    expect(page).not.toContain('<h3>Errors</h3>');
  });

  test('says on top what is on, what comes next, from when on it is warm, and which environment has an error', () => {
    const top = (asOf: string, text = CALENDAR): string =>
      textOf(/<nav[^]*?<\/nav>/.exec(pageOf(reportAt(asOf, text)))![0]).trim();
    expect(top('2026-11-21T00:00:00Z')).toMatchInlineSnapshot(
      `"prod 2 warnings us-east-1/playback: floor 120 tasks now. Next A small premiere , 2026-12-04 19:00 UTC : floor 160 from 2026-12-04 18:25 UTC on ."`,
    );
    // A premiere that was is not the next one, even while its window is open.
    expect(top('2026-12-04T19:30:00Z')).toMatchInlineSnapshot(
      `"prod 3 warnings us-east-1/playback: floor 160 tasks now, raised for a-small-premiere until 2026-12-04 20:20 UTC . Next The finale &lt;/script&gt;&lt;b&gt; , 2027-01-01 01:00 UTC : floor 951 from 2026-12-31 23:55 UTC on ."`,
    );
    expect(top('2027-01-01T02:00:00Z')).toMatchInlineSnapshot(
      `"prod 1 warning us-east-1/playback: floor 383 tasks now, giving back after the-finale until 2027-01-01 04:55 UTC . No release is coming."`,
    );
    expect(top('2026-11-21T00:00:00Z', CALENDAR.replace('playback: 160', 'playback: 6000'))).toMatchInlineSnapshot(
      `"prod 1 error: no template until mended 5 warnings us-east-1/playback: floor 120 tasks now. Next A small premiere , 2026-12-04 19:00 UTC : floor 6,000 from 2026-12-04 18:15 UTC on ."`,
    );
  });

  test('keeps a title that writes from right to left from turning what is around it', () => {
    expect(pageOf(reportAt('2026-12-01T00:00:00Z', CALENDAR.replace('A small', '\u202eA small')))).toContain(
      '<bdi>\u202eA small premiere</bdi>',
    );
  });

  test('says what to do when nothing is coming', () => {
    const empty = textOf(pageOf(reportAt('2027-06-01T00:00:00Z')));
    expect(empty).toContain('No release is coming until 2027-08-30 00:00 UTC : the baseline stays.');
    expect(empty).toContain('prescale report --as-of INSTANT');
  });
});

describe('releases that the plan defers', () => {
  const [environment] = data.environments;
  const [target] = environment!.targets;
  const coveredUntil = '2026-12-20T00:00:00Z';
  /** What the page says at the top and in the summary, when targets are like these. */
  const saidOf = (...targets: Partial<typeof target>[]): [top: string, summary: string] => {
    const changed = targets.map((change, index) => ({ ...target!, id: `t${index}`, ...change }));
    const shown = pageOf({ ...data, environments: [{ ...environment!, targets: changed }] });
    const [, summary] = /<\/h2>\s*<p>([^]*?)<\/p>/.exec(shown)!;
    return [textOf(/<nav[^]*?<\/nav>/.exec(shown)![0]).trim(), textOf(summary!).trim()];
  };

  test('are counted beside those that it covers, until the first target is covered no more', () => {
    const [finale, small] = [...target!.releases].toSorted((a, b) => (a.id > b.id ? -1 : 1));
    const [, summary] = saidOf(
      { releases: [small!], deferred: ['the-finale', 'x'], coveredUntil },
      { releases: [finale!, small!], deferred: ['x'] },
    );
    expect(summary).toMatch(/^1 release until 2026-12-20 00:00 UTC ; 2 more are deferred\. The highest floor/);
    const [, one] = saidOf({ releases: [small!], deferred: ['the-finale'], coveredUntil });
    expect(one).toContain('; 1 more is deferred.');
    expect(saidOf({})[1]).not.toContain('deferred');
  });

  test('are coming, when none is covered', () => {
    const [top, summary] = saidOf({ releases: [], deferred: ['the-finale', 'x'], coveredUntil });
    expect(summary).toBe('No release is planned until 2026-12-20 00:00 UTC : 2 are deferred.');
    expect(top).toContain('No release is planned until 2026-12-20 00:00 UTC : 2 are deferred.');
    const shown = pageOf({
      ...data,
      environments: [{ ...environment!, targets: [{ ...target!, releases: [], deferred: ['x'], coveredUntil }] }],
    });
    expect(textOf(shown)).not.toContain('No release is coming');
  });
});

describe('the verdict of a rehearsal', () => {
  const outage = { draws: 20, happened: 0, estimate: 0, low: 0, high: 0.14 };
  const rehearsalOf = (verdict: VerdictCode, high: number, outageBudget = 0.01): ReportRehearsal => {
    const policy = {
      policy: 'plan',
      label: 'the plan',
      does: '',
      outage: { ...outage, high },
      outageWords: `0 % (≤ ${Math.round(100 * high)} %)`,
    } as const;
    const means = { outageMinutes: 0, lostRequests: 0, unitHoursAbove: 0, amountAbove: 0 };
    return {
      environment: 'prod',
      target: 'us-east-1/playback',
      unit: 'task',
      release: 'the-finale',
      premiereAt: '2027-01-01T01:00:00Z',
      currency: 'USD',
      draws: { asked: 20, played: 20 },
      seed: 1,
      outageBudget,
      verdict,
      sentences: ['So it is.'],
      policies: [{ ...policy, ...means }],
    };
  };
  const verdictOf = (...of: Parameters<typeof rehearsalOf>): string => {
    const rehearsal = rehearsalOf(...of);
    const [environment] = data.environments;
    const shown = pageOf({ ...data, environments: [{ ...environment!, rehearsals: [rehearsal] }] });
    return /<h4>[^<]*<span class="verdict ([^<]*)<\/span>/.exec(shown)![1]!;
  };

  test('is good only when the draws are enough to say so', () => {
    expect(verdictOf('enough', 0.009)).toBe('enough">enough');
    expect(verdictOf('enough', 0.14)).toBe('unknown">enough so far');
    expect(verdictOf('not-needed', 0.14)).toBe('unknown">not needed so far');
    expect(verdictOf('not-enough', 0.9)).toBe('not-enough">not enough');
  });

  test('is in a row where there are many, and in full where it is not enough', () => {
    const named = (release: string, verdict: VerdictCode): ReportRehearsal => ({
      ...rehearsalOf(verdict, 0.14),
      release,
    });
    const stopped: ReportRehearsal = { ...named('stopped', 'enough'), policies: [] };
    const rehearsals = [named('first', 'enough'), named('second', 'enough'), stopped, named('last', 'not-enough')];
    const environments = [{ ...data.environments[0]!, rehearsals }];
    const headings = (rehearsalsInFull?: number): string[] => {
      const shown = renderReportHtml({
        data: { ...data, environments },
        script: '',
        hashOf,
        ...(rehearsalsInFull !== undefined && { rehearsalsInFull }),
      });
      const [brief = ''] = /<h4>The others in brief[^]*<\/table>/.exec(shown) ?? [];
      const rows = [...brief.matchAll(/<tr><th scope=row>[^]*?(?=<tr|<\/tbody)/g)].map(([row]) => textOf(row));
      return [...shown.matchAll(/<h4>\s*(\S+) on/g)]
        .map(([, release]) => release!)
        .concat(rows.map((row) => row.trim()));
    };
    expect(headings()).toEqual(['first', 'second', 'stopped', 'last']);
    expect(headings(2).map((row) => row.replaceAll(/\s+/g, ' '))).toMatchInlineSnapshot(`
     [
       "first",
       "last",
       "second us-east-1/playback enough so far 0 % (≤ 14 %)",
       "stopped us-east-1/playback enough –",
     ]
    `);
  });
});

describe('what is read at an instant', () => {
  const { timeline, windows } = data.environments[0]!.targets[0]!;
  const read = (instant: string): unknown => {
    const { values, window } = readingOf(timeline, phaseAt(windows, instant), Date.parse(instant) / 1000);
    return [...values.map(({ key, value }) => `${key}: ${value}`), window];
  };

  test('is what holds then, and the window that is open', () => {
    expect([
      read('2026-12-04T18:24:59Z'),
      read('2026-12-31T00:00:00Z'),
      read('2026-12-31T01:00:00Z'),
      read('2027-01-01T01:00:00Z'),
      read('2027-01-01T02:30:00Z'),
      read('2027-03-01T00:00:00Z'),
    ]).toMatchInlineSnapshot(`
     [
       [
         "planned: 120 tasks",
         "median: 120 tasks",
         "floor: 120 tasks",
         "required: 120 tasks",
         "No window is open: the baseline",
       ],
       [
         "planned: 120 tasks",
         "median: 120 tasks",
         "floor: 120 tasks",
         "required: 120 tasks",
         "No window is open: the baseline",
       ],
       [
         "planned: 120 tasks",
         "median: 120 tasks",
         "floor: 951 tasks",
         "required: 951 tasks",
         "Drill for The finale </script><b>",
       ],
       [
         "planned: 951 tasks",
         "median: 664 tasks",
         "floor: 951 tasks",
         "required: 951 tasks",
         "Raised for The finale </script><b>",
       ],
       [
         "planned: 527 tasks",
         "median: 387 tasks",
         "floor: 396 tasks",
         "required: 387 tasks",
         "Giving back after The finale </script><b>",
       ],
       [
         "planned: not planned",
         "median: not planned",
         "floor: not planned",
         "required: not planned",
         "Not planned",
       ],
     ]
    `);
  });

  test('is of the window from its first second to the last before its end', () => {
    const window = { releases: ['x'], drill: false, risingAt: 'T1', givingBackAt: 'T2', endsAt: 'T3' };
    expect(['T0', 'T1', 'T19', 'T2', 'T29', 'T3'].map((at) => phaseAt([window], at).name)).toEqual([
      'baseline',
      'raised',
      'raised',
      'giving back',
      'giving back',
      'baseline',
    ]);
    expect(phaseAt([{ ...window, drill: true }], 'T1')).toEqual({ name: 'drill', releases: ['x'] });
  });
});

describe('markup', () => {
  test('escapes texts and keeps markup, in lists, too', () => {
    const list = ['<i>', html`<b>${'"&'}</b>`, undefined, 3];
    expect(html`<p title="${'a"b'}">${list}</p>`.text).toBe('<p title="a&quot;b">&lt;i&gt;<b>&quot;&amp;</b>3</p>');
    expect(html`${'\u0000\ud800'}`.text).toBe('\ufffd\ufffd');
  });

  test('writes JSON that cannot end its element', () => {
    const document = { title: '</script><!--<script>' };
    expect(jsonMarkup(document).text).not.toContain('<');
    expect(JSON.parse(jsonMarkup(document).text)).toEqual(document);
  });
});
