import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ReportOptions } from '../../lib/commands/report';
import { renderPage, runReport } from '../../lib/commands/run-report';
import type { CapacityPlan } from '../../lib/capacity/capacity-plan';
import type { ReportData, ReportRehearsal } from '../../lib/report/report-data';
import { blocksOf, brokenLinksOf, expectUnderstood, readPage, scriptLines, wordsOf } from './pages';
import { NOW, prescale, prescaleIn } from './run';

const ROOT = path.join(__dirname, '..', '..');

jest.setTimeout(60_000);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prescale-report-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

let calendars = 0;

/** A folder with this calendar. */
function calendarOf(text: string): string {
  calendars += 1;
  const dir = mkdtempSync(path.join(folder, `calendar-${calendars}-`));
  writeFileSync(path.join(dir, 'releases.yaml'), text);
  return dir;
}

/** Some 4 kB of a page, as a rehearsal is. */
function rehearsalOf(environment: string, target: string, release: string): ReportRehearsal {
  const outage = { draws: 300, happened: 0, estimate: 0, low: 0, high: 0.0099 };
  return {
    environment,
    target,
    unit: 'task',
    release,
    premiereAt: '2026-12-01T19:00:00Z',
    currency: 'USD',
    draws: { asked: 300, played: 300 },
    seed: 1,
    outageBudget: 0.01,
    verdict: 'enough',
    sentences: Array.from({ length: 6 }, () =>
      `${release} has an audience for which the floors are enough. `.repeat(4),
    ),
    policies: (['plan', 'target-tracking-60'] as const).map((policy) => ({
      policy,
      label: policy,
      does: 'keeps what it has until demand comes, and then adds some more of it. '.repeat(4),
      outage,
      outageWords: '0 % (≤ 1.0 %)',
      outageMinutes: 0,
      lostRequests: 0,
      unitHoursAbove: 0,
      amountAbove: 0,
    })),
  };
}

const inFolder = (name: string): string => path.join(folder, name);

describe('prescale report', () => {
  test('prints one page of every environment, and says nothing else', async () => {
    const { code, out, err } = await prescale('report');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect([...out.matchAll(/<h2 id="env-(\w+)"/g)].map(([, name]) => name)).toEqual(['dev', 'staging', 'prod']);
    expect(out.trimEnd().endsWith('</html>')).toBe(true);
    // What is written in the docs.
    expect(Buffer.byteLength(out)).toBeLessThan(640_000);
    const [, script] = /<script>([^]*)<\/script>/.exec(out)!;
    expect(script).not.toMatch(/<\/script|<!--/i);
    expect(script).not.toMatch(/\beval\(|new Function/);
    // Their licences ask for it.
    for (const owner of ['The Apache Software Foundation', 'Baidu Inc.', 'Mike Bostock']) {
      expect(script).toContain(owner);
    }
  });

  test('writes a page of 200 planned releases in three environments below 900,000 bytes', async () => {
    // As many of an evening as a plan holds: each has a row of its own in every environment.
    const text = Array.from({ length: 200 }, (_, index) => {
      const at = new Date(Date.UTC(2026, 10, 28 + 7 * Math.floor(index / 20), 19, 2 * (index % 20)));
      return [
        `  - id: a-release-with-a-long-name-${index}`,
        `    title: A Release with a Long Name, season ${Math.floor(index / 10)}, episode ${index}`,
        `    premiere: ${at.toISOString().slice(0, 16).replace('T', ' ')} Africa/Abidjan`,
        '    kind: season',
        '    drill: none',
        `    audience: { peakViewers: ${300_000 + 17_713 * (index % 20)}, uncertainty: 0.35 }`,
      ].join('\n');
    });
    const calendar = calendarOf(`releases:\n${text.join('\n')}\n`);
    const { out, err } = await prescale('report', '--calendar', calendar, '--as-of', '2026-11-21T00:00:00Z');
    expect(err).not.toContain('[prescale/');
    expect(out.match(/<tr data-zone=Africa\/Abidjan><th scope=row>A Release/g)).toHaveLength(600);
    expect(Buffer.byteLength(out)).toBeLessThan(900_000);

    // All of them rehearsed, in as many words as a rehearsal has: to play them takes half an hour.
    const data = JSON.parse(
      (await prescale('report', '--calendar', calendar, '--as-of', '2026-11-21T00:00:00Z', '--json')).out,
    ) as ReportData;
    const rehearsed = {
      ...data,
      environments: data.environments.map((environment) => ({
        ...environment,
        rehearsals: environment.targets.flatMap((target) =>
          target.releases.map(({ id }) => rehearsalOf(environment.name, target.id, id)),
        ),
      })),
    };
    const all = rehearsed.environments.flatMap(({ rehearsals }) => rehearsals);
    const charts = new Map(all.slice(0, 8).map((one) => [one, `<svg><desc>Night</desc>${' '.repeat(20_000)}</svg>`]));
    const page = renderPage(rehearsed, charts);
    expect(all).toHaveLength(600);
    for (const { release } of all) expect(page).toContain(release);
    expect(page.match(/<tr><th scope=row>a-release-with-a-long-name-/g)!.length).toBeGreaterThan(500);
    expect(page).toContain('<section class="rehearsal">');
    expect(Buffer.byteLength(page)).toBeLessThan(1_000_000);
    // A few are shown in full, with what is drawn.
    const few = rehearsed.environments.map((environment) => ({
      ...environment,
      targets: [],
      rehearsals: environment.rehearsals.slice(0, 10),
    }));
    const small = renderPage({ ...rehearsed, environments: few }, charts);
    expect(small.match(/<section class="rehearsal">/g)).toHaveLength(30);
    expect(small.match(/<img/g)).toHaveLength(8);
    expect(small).not.toContain('The others in brief');
  });

  test('shows demand in coarser steps rather than a page that is too large', async () => {
    const text = Array.from({ length: 365 }, (_, day) => {
      const at = new Date(Date.UTC(2026, 10, 22 + day, 19)).toISOString().slice(0, 16);
      return `  - { id: r-${day}, title: R, premiere: ${at}Z, kind: season, drill: none, audience: { peakViewers: 3000000 } }`;
    });
    const calendar = calendarOf(`releases:\n${text.join('\n')}\n`);
    const { out } = await prescale('report', '--calendar', calendar, '--env', 'prod', '--horizon', 'P366D');
    const minutes = Number(/Demand is the highest of each\s(\d+) minutes/.exec(out)![1]);
    expect(minutes).toBeGreaterThan(5);
    expect(Buffer.byteLength(out)).toBeLessThan(1_000_000);
  });

  test('prints what the page shows as JSON, which agrees with the plan', async () => {
    const [report, planned] = [await prescale('report', '--json'), await prescale('plan', '--json')];
    const data = JSON.parse(report.out) as ReportData & { diagnostics: unknown[] };
    const plan = JSON.parse(planned.out) as CapacityPlan;
    expect(data.calendarDigest).toBe(plan.calendarDigest);
    expect(data.diagnostics).toEqual([]);
    for (const [index, { targets, cost, rehearsals }] of data.environments.entries()) {
      const environment = plan.environments[index]!;
      expect(cost).toEqual(environment.cost);
      expect(rehearsals).toBeUndefined();
      const [target] = environment.targets;
      expect(targets[0]!.actions.map(({ at, floor }) => [at, floor])).toEqual(
        target!.actions.map(({ at, min }) => [at, min]),
      );
      expect(targets[0]!.releases.map(({ id, floor }) => [id, floor])).toEqual(
        environment.releases.map(({ id, targets: [need] }) => [id, need!.floor]),
      );
    }
  });

  test('writes a file, all or nothing, and says how large it is', async () => {
    const file = inFolder('report.html');
    writeFileSync(file, 'the page of yesterday');
    const { code, out, err } = await prescale('report', '--env', 'prod', '--output', file);
    expect([code, out]).toEqual([0, '']);
    expect(err).toMatch(/report\.html: \d{3},\d{3} bytes\n$/);
    expect(readFileSync(file, 'utf8')).toMatch(/^<!doctype html>/);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const nowhere = await prescale('report', '--env', 'prod', '--output', inFolder('no-folder/report.html'));
    expect(nowhere.code).toBe(1);
    expect(nowhere.err).toContain('the report cannot be written (ENOENT) [report/not-written]');
  });

  test('touches no file when the calendar has an error', async () => {
    const calendar = calendarOf('releases:\n  - id: x\n    title: X\n    premiere: tomorrow\n    kind: episode\n');
    const file = inFolder('untouched.html');
    const { code, out, err } = await prescale('report', '--calendar', calendar, '--output', file);
    expect([code, out, existsSync(file)]).toEqual([1, '', false]);
    expect(err).toContain('[calendar/');
    const json = await prescale('report', '--calendar', calendar, '--json');
    expect(Object.keys(JSON.parse(json.out) as object)).toEqual(['schemaVersion', 'diagnostics']);
  });

  test('writes the page of a plan with an error, and ends as plan does', async () => {
    const entry = '{ id: x, title: X, premiere: 2026-12-04T19:00Z, kind: episode, floors: { playback: 5000 } }';
    const calendar = calendarOf(`releases:\n  - ${entry}\n`);
    const { code, out, err } = await prescale('report', '--calendar', calendar, '--env', 'prod');
    expect(code).toBe(1);
    expect(code).toBe((await prescale('plan', '--calendar', calendar, '--env', 'prod')).code);
    expect(err).toContain('releases.yaml:2:');
    expect(out).toContain('<h3>Errors</h3>');
  });

  test.each([
    [['--draws', '0'], 'usage/draws'],
    [['--seed', 'x'], 'usage/seed'],
    [['--release', 'lantern-night'], 'usage/release'],
    [['--rehearse', '--release', 'lantern-nigth'], 'usage/unknown-release'],
    [['--env', 'nowhere'], 'usage/unknown-environment'],
  ])('refuses %j as wrong usage', async (args, code) => {
    const run = await prescale('report', ...args);
    expect([run.code, run.out]).toEqual([2, '']);
    expect(run.err).toContain(`[${code}]`);
  });

  test('does not pour a page into a terminal', async () => {
    const { code, err } = await prescaleIn(120, 'report');
    expect(code).toBe(2);
    expect(err).toContain('mend: add --output report.html');
  });

  test('says that a release is over, and still writes the page', async () => {
    const { code, out, err } = await prescale('report', '--env', 'prod', '--rehearse', '--release', 'luke-cage-1');
    expect(code).toBe(1);
    expect(err).toMatch(/2016-2026-observed\.yaml:\d+:\d+: luke-cage-1 is not rehearsed: .*\[rehearsal\/not-planned\]/);
    expect(out).toContain('Nothing was rehearsed');
  });

  test('shows how likely an outage is under each policy, and the night as a drawing', async () => {
    const file = inFolder('rehearsed.html');
    // In a process of its own: the simulator is slow inside Jest.
    const args = ['--as-of', '2026-12-28T00:00:00Z', '--env', 'dev', '--rehearse', '--release', 'salt-meridian-finale'];
    const err = await new Promise<string>((resolve) => {
      execFile(
        process.execPath,
        ['--import', 'tsx', 'bin/prescale.ts', 'report', ...args, '--draws', '4', '--output', file],
        { cwd: ROOT, encoding: 'utf8' },
        (_, __, stderr) => resolve(stderr),
      );
    });
    expect(err).toContain('rehearsed.html: ');
    const page = readFileSync(file, 'utf8');
    expect(page).toMatch(/<h4>\s*salt-meridian-finale on us-east-2\/playback <span class="verdict/);
    expect(page).toMatch(/<tr class=plan><th scope=row>the plan<td class=n>0 % \(≤ 53 %\)/);
    const [, drawing] = /src="data:image\/svg\+xml;base64,([^"]*)"/.exec(page)!;
    expect(Buffer.from(drawing!, 'base64').toString()).toMatch(/^<svg [^]*<\/svg>\s*$/);
    expect(page).toMatch(/<img[^>]*\salt="From 20\d\d-/);
    expect(page).not.toContain('Not rehearsed.');
  });

  test('stops at Ctrl-C, shows what is known, and is no success', async () => {
    let out = '';
    let err = '';
    const stop = new AbortController();
    stop.abort();
    const options: ReportOptions = {
      calendar: 'release-calendar',
      asOf: NOW.toISOString(),
      horizon: 'P90D',
      env: ['dev'],
      rehearse: true,
      draws: '300',
      seed: '1',
    };
    const code = await runReport(
      options,
      { out: (text) => void (out += text), err: (text) => void (err += text) },
      { now: () => NOW, signal: stop.signal },
    );
    expect(code).toBe(1);
    expect(err).toContain('stopped before');
    expect(out).toContain('</html>');
  });
});

describe('docs/report.md', () => {
  const page = readPage('docs/report.md');

  test('has commands that are understood, and links that lead somewhere', async () => {
    const lines = blocksOf(page, 'sh').flatMap(scriptLines);
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      const words = wordsOf(line.replace(/ > .*/, ''));
      expect(words.slice(0, 5)).toEqual(['npm', 'run', '-s', 'prescale', '--']);
      await expectUnderstood(words.slice(5));
    }
    expect(brokenLinksOf('docs/report.md')).toEqual([]);
  });

  test('names the keys that the page names', async () => {
    const { out } = await prescale('report', '--env', 'dev');
    const keys = /<p class="keys"[^>]*>([^<]*)/.exec(out)![1]!;
    for (const key of ['Shift', 'Page Up', 'Page Down', 'Home', 'End', 'Escape', '+', '−']) {
      expect(keys).toContain(key);
      expect(page).toContain(key);
    }
  });
});
