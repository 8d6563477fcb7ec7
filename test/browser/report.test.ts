import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import type { CapacityPlan, TargetPlan } from '../../lib/capacity/capacity-plan';

const ROOT = join(__dirname, '..', '..');
const AXE = readFileSync(join(ROOT, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
/** Where a person can look at what the tests saw. */
const SCREENSHOTS = join(ROOT, 'test-results', 'report');

// A busy machine takes its time for a new tab.
jest.setTimeout(60_000);

const candidates = process.env.CHROMIUM_PATH
  ? [process.env.CHROMIUM_PATH]
  : ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const chromiumPath = candidates.find((path) => existsSync(path));
const required = process.env.REQUIRE_BROWSER === '1';
const missing = `no Chromium at ${candidates.join(', ')}; mend: install it, or set CHROMIUM_PATH`;
if (chromiumPath === undefined && !required) {
  // oxlint-disable-next-line no-console -- a skipped test says why
  console.warn(`the report is not tested in a browser: ${missing}`);
}

/** A title that would break out of wherever it is written without care. */
const HOSTILE = `</script><img src=x onerror="document.title='owned'"> "quoted" & 'single' <!--`;

/** One evening in three parts in prod: a drill, a premiere that is held, and another beside it whose title is hostile. */
const CALENDAR = `releases:
  - id: the-finale
    title: The finale
    premiere: 2026-12-31 17:00 America/Los_Angeles
    kind: finale
    audience: { peakViewers: 9_000_000, low: 6_000_000, high: 14_000_000 }
  - id: hostile
    title: ${JSON.stringify(HOSTILE)}
    premiere: 2026-12-04T19:00Z
    kind: episode
    status: tentative
    floors: { playback: 160 }
`;

const OPTIONS = ['--as-of', '2026-11-21T00:00:00Z', '--horizon', 'P60D'];

const WIDE = { width: 1440, height: 900 };

interface Tab {
  readonly page: Page;
  readonly requests: string[];
  /** Console errors, exceptions and what the policy stopped. */
  readonly complaints: string[];
}

const WATCH = `document.addEventListener('securitypolicyviolation', (event) => {
  console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI);
});`;

(chromiumPath === undefined && !required ? describe.skip : describe)('the report in Chromium', () => {
  let folder: string;
  let url: string;
  let html: string;
  let browser: Browser;
  let server: Server;
  let plan: CapacityPlan;
  /** What most tests look at: a page that takes half a second to open. */
  let shared: Tab;
  let open: Page[] = [];

  beforeAll(async () => {
    if (chromiumPath === undefined) throw new Error(`REQUIRE_BROWSER is 1, and there is ${missing}`);
    folder = mkdtempSync(join(tmpdir(), 'prescale-report-'));
    mkdirSync(SCREENSHOTS, { recursive: true });
    writeFileSync(join(folder, 'releases.yaml'), CALENDAR);
    const file = join(folder, 'report.html');
    const args = [
      'report',
      '--calendar',
      folder,
      ...OPTIONS,
      '--env',
      'prod',
      '--env',
      'dev',
      '--rehearse',
      '--release',
      'the-finale',
      '--draws',
      '2',
      '--output',
      file,
    ];
    const launched = chromium.launch({
      executablePath: chromiumPath,
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    });
    // In processes of their own: the simulator is slow inside Jest.
    const run = (...command: string[]): Promise<{ stdout: string }> =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', 'bin/prescale.ts', ...command], { cwd: ROOT });
    const [planned] = await Promise.all([run('plan', '--calendar', folder, ...OPTIONS, '--json'), run(...args)]);
    plan = JSON.parse(planned.stdout) as CapacityPlan;
    html = readFileSync(file, 'utf8');
    url = pathToFileURL(file).href;
    server = createServer((request, response) => {
      response.writeHead(request.url === '/' ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
      response.end(request.url === '/' ? html : '');
    }).listen(0, 'localhost');
    await once(server, 'listening');
    browser = await launched;
    shared = await openTab();
  });

  afterEach(async () => {
    if (shared.complaints.length > 0) throw new Error(shared.complaints.join('\n'));
    for (const page of open) await page.context().close();
    open = [];
  });

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function openTab(options: BrowserContextOptions = {}, address = url): Promise<Tab> {
    const context = await browser.newContext({
      viewport: WIDE,
      locale: 'en-GB',
      timezoneId: 'Asia/Dhaka',
      ...options,
    });
    const page = await context.newPage();
    const tab: Tab = { page, requests: [], complaints: [] };
    page.on('request', (request) => tab.requests.push(request.url()));
    page.on('pageerror', (error) => tab.complaints.push(error.message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) tab.complaints.push(message.text());
    });
    if (options.javaScriptEnabled !== false) await page.addInitScript(WATCH);
    await page.goto(address);
    return tab;
  }

  /** The address of the page on localhost. */
  function servedAt(): string {
    return `http://localhost:${(server.address() as AddressInfo).port}/`;
  }

  /** A page of its own, for one test. */
  async function visit(options: BrowserContextOptions = {}, address = url): Promise<Tab> {
    const tab = await openTab(options, address);
    open.push(tab.page);
    return tab;
  }

  /** The shared page as if it had just been opened, its charts drawn. */
  async function fresh(): Promise<Page> {
    const { page } = shared;
    await page.setViewportSize(WIDE);
    await page.mouse.move(0, 0);
    await page.evaluate(`(() => {
      document.activeElement.blur();
      document.querySelector('input[name=zone][value=utc]').click();
      for (const button of document.querySelectorAll('[data-zoom=reset], [aria-pressed=false]')) button.click();
      for (const list of document.querySelectorAll('select')) list.selectedIndex = 0;
    })()`);
    await figureOf(page).scrollIntoViewIfNeeded();
    await drawn(page);
    return page;
  }

  const prod = (): TargetPlan => plan.environments.find(({ name }) => name === 'prod')!.targets[0]!;
  /** The chart of prod. */
  const figureOf = (page: Page) => page.locator('figure', { hasText: 'in prod' }).first();

  /** What the page reads: its time, and each value as a number. */
  function readingOf(page: Page): Promise<{ time: string; [key: string]: number | string }> {
    return page.evaluate(`(() => {
      const reading = [...document.querySelectorAll('figure')].find((one) => one.textContent.includes('in prod')).querySelector('.reading');
      const rows = [...reading.querySelectorAll('tr')].map((row) => [
        row.dataset.key, Number(row.querySelector('td').textContent.replaceAll(/[^\\d]/g, '')),
      ]);
      const [time, window] = ['strong', 'p'].map((name) => reading.querySelector(name).textContent);
      return { time, window, ...Object.fromEntries(rows) };
    })()`);
  }

  /** From the plan alone, by hand: the last action that is due, and the interval that holds. */
  function plannedAt(instant: string): { floor: number; required: number } {
    const { min, actions, required, baseline } = prod();
    return {
      floor: actions.findLast(({ at }) => at <= instant)?.min ?? min,
      required: required.find(({ from, to }) => from <= instant && instant < to)?.units ?? baseline,
    };
  }

  const instantOf = (time: string): string => `${time.replace(' UTC', '').replace(' ', 'T')}:00Z`;

  async function goTo(page: Page, title: string): Promise<void> {
    const figure = figureOf(page);
    await figure.scrollIntoViewIfNeeded();
    await figure.locator('select').selectOption({ label: title });
    await drawn(page);
  }

  /** Until what was asked for is drawn: with the next frame. */
  const drawn = (page: Page): Promise<void> =>
    page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))');

  async function expectSoon<Value>(read: () => Promise<Value>, value: Value): Promise<void> {
    for (let tries = 0; tries < 100 && (await read()) !== value; tries += 1) await pause(10);
    expect(await read()).toBe(value);
  }

  test('loads nothing but itself, and has nothing to complain of, from a file and from localhost', async () => {
    const address = servedAt();
    for (const [{ page, requests, complaints }, from] of [
      [shared, url],
      [await visit({}, address), address],
    ] as const) {
      for (const figure of await page.locator('figure:has(.plot)').all()) {
        await figure.scrollIntoViewIfNeeded();
        await expectSoon(() => figure.locator('svg').count(), 1);
      }
      expect(requests.filter((request) => !request.startsWith('data:image/svg+xml'))).toEqual([from]);
      expect(complaints).toEqual([]);
    }
  });

  test('shows a hostile title as text, wherever it stands', async () => {
    const page = await fresh();
    expect(await page.title()).toBe('Release capacity: dev and prod as of 2026-11-21 00:00 UTC');
    expect(await page.locator('th', { hasText: HOSTILE }).count()).toBe(2);
    expect(await page.locator('bdi', { hasText: HOSTILE }).count()).toBe(2);
    expect(await page.locator('option', { hasText: HOSTILE }).count()).toBe(2);
    await goTo(page, HOSTILE);
    expect((await readingOf(page))['window']).toContain(HOSTILE);
    expect(await page.locator('img:not([src^="data:image/svg+xml"])').count()).toBe(0);
  });

  /** Before the floors rise, while they are held, and while they are given back; minutes from the premiere. */
  const PHASES = [
    ['before the floors rise', -80, /^No window/],
    ['at the held peak', 10, /^Raised for The finale$/],
    ['while capacity is given back', 45, /^Giving back after The finale$/],
  ] as const;
  const PREMIERE = Date.parse('2027-01-01T01:00:00Z') / 1000;

  test('hover reads the values of the plan, before, at and after the peak, zoomed or not', async () => {
    const page = await fresh();
    await goTo(page, 'The finale');
    const box = (await figureOf(page).locator('.handle').boundingBox())!;
    const [left, right] = [box.x + 64, box.x + box.width - 24];
    let { from, to } = shownSpan();
    const read = async (at: number): Promise<{ [key: string]: number | string }> => {
      await page.mouse.move(left + ((at - from) / (to - from)) * (right - left), box.y + box.height - 100);
      const { time, floor, required: needed, ...rest } = await readingOf(page);
      const instant = instantOf(time);
      // A pixel is a minute or two wide here.
      expect(Math.abs(Date.parse(instant) / 1000 - at)).toBeLessThanOrEqual(120);
      expect({ floor, required: needed }).toEqual(plannedAt(instant));
      return rest;
    };
    for (const [, minutes, window] of PHASES) {
      const { window: open, median, planned } = await read(PREMIERE + 60 * minutes);
      expect(open).toMatch(window);
      expect(Number(median)).toBeLessThanOrEqual(Number(planned));
    }
    // About the middle, and then dragged to the right by a quarter of what is seen.
    await page.mouse.move(0, 0);
    await figureOf(page).getByRole('button', { name: 'Zoom in' }).click();
    const quarter = (to - from) / 4;
    [from, to] = [from + quarter, to - quarter];
    await read(PREMIERE + 45 * 60);
    const middle = (left + right) / 2;
    await page.mouse.move(middle, box.y + box.height - 100);
    await page.mouse.down();
    await page.mouse.move(middle + (right - left) / 4, box.y + box.height - 100, { steps: 3 });
    await page.mouse.up();
    [from, to] = [from - quarter / 2, to - quarter / 2];
    await drawn(page);
    for (const [, minutes] of PHASES.slice(1)) await read(PREMIERE + 60 * minutes);
  });

  /** What the chart of prod shows after "go to": the window with an hour around it. */
  function shownSpan(): { from: number; to: number } {
    const window = prod().windows.find(({ drill, releases }) => !drill && releases.includes('the-finale'))!;
    return { from: Date.parse(window.risingAt) / 1000 - 3600, to: Date.parse(window.endsAt) / 1000 + 3600 };
  }

  test('a tap reads, and what it read stays until something else is tapped', async () => {
    const { page, complaints } = await visit({ viewport: { width: 360, height: 800 }, hasTouch: true, isMobile: true });
    await figureOf(page).scrollIntoViewIfNeeded();
    await drawn(page);
    await figureOf(page).locator('.handle').tap();
    const { time, floor } = await readingOf(page);
    expect(floor).toBe(plannedAt(instantOf(time)).floor);
    expect(await figureOf(page).locator('.reading').isVisible()).toBe(true);
    await page.locator('#env-prod').tap();
    expect(await figureOf(page).locator('.reading').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  test('reads the same by keyboard alone, and tells it to a screen reader', async () => {
    const page = await fresh();
    // From the link of the environment by Tab: the link moves the focus to its section.
    await page.locator('nav a', { hasText: 'prod' }).focus();
    await page.keyboard.press('Enter');
    const handle = figureOf(page).locator('.handle');
    const isReached = async (): Promise<boolean> => (await handle.and(page.locator(':focus')).count()) === 1;
    for (let tabs = 0; tabs < 30 && !(await isReached()); tabs += 1) await page.keyboard.press('Tab');
    expect(await isReached()).toBe(true);
    expect(await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Home');
    expect((await readingOf(page)).time).toBe('2026-11-21 00:00 UTC');

    // From one change of the floor to the next, until the highest.
    const highest = Math.max(...prod().actions.map(({ min }) => min));
    for (const action of prod().actions) {
      await page.keyboard.press('PageDown');
      const { time, floor } = await readingOf(page);
      expect([instantOf(time), floor]).toEqual([action.at, action.min]);
      if (action.min === highest && !prod().windows.some(({ drill, risingAt }) => drill && risingAt === action.at))
        break;
    }
    // Until a stroke is of five minutes.
    for (let strokes = 0; strokes < 7; strokes += 1) await page.keyboard.press('+');
    for (const [keys, [, minutes, window]] of [
      ['ArrowLeft', PHASES[0]],
      ['ArrowRight', PHASES[1]],
      ['ArrowUp', PHASES[2]],
    ] as const) {
      const wanted = PREMIERE + 60 * minutes;
      const isThere = async (): Promise<boolean> => {
        const at = Number(await handle.getAttribute('aria-valuenow'));
        return keys === 'ArrowLeft' ? at <= wanted : at >= wanted;
      };
      for (let strokes = 0; strokes < 50 && !(await isThere()); strokes += 1) await page.keyboard.press(keys);
      const reading = await readingOf(page);
      expect(reading.time).toBe(new Date(1000 * wanted).toISOString().slice(0, 16).replace('T', ' ') + ' UTC');
      expect({ floor: reading['floor'], required: reading['required'] }).toEqual(plannedAt(instantOf(reading.time)));
      expect(reading['window']).toMatch(window);
      const news = figureOf(page).locator('[role=status]');
      await expectSoon(async () => (await news.innerText()).includes(reading.time), true);
      const told = `floor: registered minimum: ${Number(reading['floor']).toLocaleString('en-US')} tasks`;
      expect(await news.innerText()).toContain(told);
      expect(await handle.getAttribute('aria-valuetext')).toBe(reading.time);
    }
    // Whoever goes to a button and back reads on where they were.
    await page.keyboard.press('Shift+Tab');
    expect(await figureOf(page).locator('.reading').isVisible()).toBe(false);
    await page.keyboard.press('Tab');
    expect(await figureOf(page).locator('.reading').isVisible()).toBe(true);
    expect((await readingOf(page)).time).toBe('2027-01-01 01:45 UTC');

    await page.keyboard.press('End');
    expect((await readingOf(page)).time).toBe('2027-01-19 23:59 UTC');
    await page.keyboard.press('Home');
    expect((await readingOf(page)).time).toBe('2026-11-21 00:00 UTC');
    await page.keyboard.press('Shift+ArrowRight');
    expect((await readingOf(page)).time).toBe('2026-11-21 00:30 UTC');
  });

  /** Labels of the time axis, as they stand in the drawing. */
  const axisOf = async (page: Page): Promise<string> => {
    await drawn(page);
    return figureOf(page).locator('.canvas').innerText();
  };

  test('is zoomed by keyboard, by buttons and by the wheel with Ctrl, and never scrolls away under a plain wheel', async () => {
    const page = await fresh();
    await goTo(page, 'The finale');
    const near = await axisOf(page);
    const handle = figureOf(page).locator('.handle');
    await handle.focus();
    await page.keyboard.press('Escape');
    const all = await axisOf(page);
    expect(all).not.toBe(near);
    await page.keyboard.press('+');
    expect(await axisOf(page)).not.toBe(all);
    await page.keyboard.press('-');
    expect(await axisOf(page)).toBe(all);
    await figureOf(page).getByRole('button', { name: 'Zoom in' }).click();
    expect(await axisOf(page)).not.toBe(all);
    await figureOf(page).getByRole('button', { name: 'Show all' }).click();
    expect(await axisOf(page)).toBe(all);

    await handle.hover();
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -400);
    await page.keyboard.up('Control');
    await expectSoon(async () => (await axisOf(page)) !== all, true);
    const [before, scrolled] = [await axisOf(page), await page.evaluate<number>('window.scrollY')];
    await page.mouse.wheel(0, 200);
    await expectSoon(async () => (await page.evaluate<number>('window.scrollY')) > scrolled, true);
    expect(await axisOf(page)).toBe(before);
  });

  test('keeps the axis where it is while somebody zooms', async () => {
    const page = await fresh();
    await page.setViewportSize({ width: 700, height: 900 });
    const bottom = async (): Promise<number> => {
      await drawn(page);
      return page.evaluate<number>(`(() => {
        const plot = [...document.querySelectorAll('.plot')].at(-1);
        return plot.querySelector('svg').getBoundingClientRect().bottom - plot.getBoundingClientRect().top;
      })()`);
    };
    const height = async (): Promise<number> => (await figureOf(page).locator('.canvas svg').boundingBox())!.height;
    const [all, high] = [await bottom(), await height()];
    await goTo(page, 'The finale');
    expect(await height()).toBeLessThan(high);
    expect(await bottom()).toBe(all);
  });

  test('hides and shows what the legend names', async () => {
    const page = await fresh();
    const lines = figureOf(page).locator('.canvas path[stroke="var(--chart-floor)"]:not([d=""])');
    await expectSoon(() => lines.count(), 1);
    const button = figureOf(page).getByRole('button', { name: 'floor: registered minimum' });
    await button.click();
    await expectSoon(() => lines.count(), 0);
    expect(await button.getAttribute('aria-pressed')).toBe('false');
    // With nothing left to draw it stays usable.
    for (const key of ['planned', 'median', 'required']) await figureOf(page).locator(`[data-series=${key}]`).click();
    await button.click();
    await expectSoon(() => lines.count(), 1);
  });

  test('shows the time of UTC, of the viewer and of each premiere', async () => {
    const page = await fresh();
    await goTo(page, 'The finale');
    const row = page.locator('#env-prod').locator('..').locator('tr', { hasText: 'The finale' }).first();
    const next = page.locator('nav li', { hasText: 'prod' }).locator('[data-zone]');
    const shown = async (): Promise<[string, string, boolean]> => [
      await row.locator('time').first().innerText(),
      (await next.innerText()).slice(`Next ${HOSTILE} (tentative), `.length),
      // Ticks, and labels of premieres.
      (await axisOf(page)).includes((await readingOf(page)).time),
    ];
    const utc = ['2027-01-01 01:00', '2026-12-04 19:00 UTC: floor 160 from 2026-12-04 18:25 UTC on.', true];
    expect(await shown()).toEqual(utc);
    expect((await readingOf(page)).time).toBe('2027-01-01 01:00 UTC');
    await page.getByLabel('your time').check();
    const there = ['2027-01-01 07:00', '2026-12-05 01:00 Dhaka: floor 160 from 2026-12-05 00:25 Dhaka on.', true];
    expect(await shown()).toEqual(there);
    expect((await readingOf(page)).time).toBe('2027-01-01 07:00 Dhaka');
    expect(await axisOf(page)).not.toContain('UTC');
    expect(await page.locator('thead .zone').first().innerText()).toBe('Dhaka');
    // No instant is left behind.
    const left = `[...document.querySelectorAll('time')].filter((time) => {
      const shift = Date.parse(time.textContent.replace(' ', 'T') + 'Z') - Date.parse(time.dateTime);
      return shift !== 6 * 3600 * 1000;
    }).length`;
    expect(await page.evaluate<number>(left)).toBe(0);
    await page.getByLabel('premiere’s time').check();
    expect((await shown()).slice(0, 2)).toEqual(['2026-12-31 17:00 Los Angeles', utc[1]]);
    expect((await readingOf(page)).time).toBe('2026-12-31 17:00 Los Angeles');
    await page.getByLabel('UTC', { exact: true }).check();
    expect(await shown()).toEqual(utc);
  });

  test.each(['America/Los_Angeles', 'America/Port-au-Prince'])(
    'names the clock of %s below the chart, where nothing covers it or cuts it off',
    async (timezoneId) => {
      const { page } = await visit({ timezoneId });
      await page.getByLabel('your time').check();
      for (const width of [1440, 360]) {
        await page.setViewportSize({ width, height: 900 });
        await figureOf(page).scrollIntoViewIfNeeded();
        await expectSoon(() => figureOf(page).locator('.canvas svg').count(), 1);
        await drawn(page);
        for (const release of [undefined, 'The finale']) {
          if (release) await goTo(page, release);
          const { svg, name, others } = await page.evaluate<{ svg: number[]; name: number[]; others: number[][] }>(
            `((name) => {
              const box = (element) => {
                const { left, top, right, bottom } = element.getBoundingClientRect();
                return [left, top, right, bottom];
              };
              const svg = [...document.querySelectorAll('figure')].find((one) => one.textContent.includes('in prod')).querySelector('.canvas svg');
              const texts = [...svg.querySelectorAll('text')];
              const clock = texts.find((text) => text.textContent === name);
              return { svg: box(svg), name: box(clock), others: texts.filter((text) => text !== clock).map(box) };
            })(${JSON.stringify(timezoneId.split('/').at(-1)!.replace('_', ' '))})`,
          );
          expect(name[0]).toBeGreaterThanOrEqual(svg[0]!);
          expect(name[1]).toBeGreaterThanOrEqual(svg[1]!);
          expect(name[2]).toBeLessThanOrEqual(svg[2]!);
          expect(name[3]).toBeLessThanOrEqual(svg[3]!);
          const covers = ([left, top, right, bottom]: number[]): boolean =>
            left! < name[2]! && right! > name[0]! && top! < name[3]! - 1 && bottom! > name[1]! + 1;
          expect(others.filter(covers)).toEqual([]);
        }
      }
    },
  );

  test('is light or dark as the system is, or as the reader chooses, and stays so', async () => {
    // Chromium now and then forgets what a file had it keep, when it is reloaded in the same moment.
    const { page } = await visit({ colorScheme: 'dark' }, servedAt());
    const ground = (): Promise<string> =>
      page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const [dark, light] = ['rgb(13, 17, 23)', 'rgb(255, 255, 255)'];
    expect(await ground()).toBe(dark);
    await page.getByLabel('light', { exact: true }).check();
    expect(await ground()).toBe(light);
    await page.reload();
    expect(await ground()).toBe(light);
    await page.getByLabel('dark', { exact: true }).check();
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await ground()).toBe(dark);
    await page.emulateMedia({ media: 'print' });
    expect(await ground()).toBe(light);
  });

  test('has no finding of axe-core and no sideways scroll, zoomed, unfolded, with a curve hidden, in light and dark, wide and narrow', async () => {
    // The policy would stop the checker, too.
    const { page } = await visit({ bypassCSP: true });
    await page.evaluate(AXE);
    await goTo(page, 'The finale');
    await figureOf(page).locator('[data-series=median]').click();
    await figureOf(page).locator('.handle').focus();
    await page.keyboard.press('+');
    await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
    // Each scheme is checked once, and each width.
    for (const [colorScheme, width, isChecked] of [
      ['light', 1440, true],
      ['dark', 1440, false],
      ['light', 360, false],
      ['dark', 360, true],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await drawn(page);
      await page.screenshot({ path: join(SCREENSHOTS, `${colorScheme}-${width}.png`) });
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
      if (!isChecked) continue;
      await page.screenshot({ path: join(SCREENSHOTS, `${colorScheme}-${width}-whole.png`), fullPage: true });
      const { violations, passes } = await page.evaluate<{
        violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
        passes: unknown[];
      }>('axe.run(document, { resultTypes: ["violations"], rules: { "color-contrast-enhanced": { enabled: true } } })');
      expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => [node.html, node.failureSummary])])).toEqual(
        [],
      );
      expect(passes.length).toBeGreaterThan(20);
    }
  });

  test('is printed in light, with every chart and table and without controls', async () => {
    const { page, complaints } = await visit({ colorScheme: 'dark', viewport: { width: 720, height: 1000 } });
    // Nothing has been scrolled to: what was not seen is drawn for paper.
    expect(await page.locator('.canvas svg').count()).toBeLessThan(2);
    const pdf = await page.pdf({ path: join(SCREENSHOTS, 'report.pdf'), format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(await page.locator('.canvas svg').count()).toBe(2);
    await expectSoon(() => page.locator('details[open]').count(), 0);
    await page.emulateMedia({ media: 'print' });
    await expectSoon(() => page.locator('details:not(.words):not([open])').count(), 0);
    await page.screenshot({ path: join(SCREENSHOTS, 'print.png'), fullPage: true });
    expect(await page.locator('.canvas svg').count()).toBe(2);
    expect(await page.locator('button:visible, select:visible, input:visible').count()).toBe(0);
    expect(await page.locator('nav p:visible').count()).toBe(2);
    // Paper does not scroll.
    const tooWide =
      '[...document.querySelectorAll(".table")].filter((one) => one.scrollWidth > one.clientWidth).length';
    expect(await page.evaluate<number>(tooWide)).toBe(0);
    for (const svg of await page.locator('.canvas svg').all()) {
      expect((await svg.boundingBox())!.width).toBeLessThanOrEqual(700);
    }
    await page.emulateMedia({ media: 'screen' });
    await expectSoon(() => page.locator('details[open]').count(), 0);
    expect(complaints).toEqual([]);
  });

  test('holds all but the charts without its script', async () => {
    const { page } = await visit({ javaScriptEnabled: false });
    const text = await page.locator('main').innerText();
    expect(text).toContain('The chart is drawn by the page’s script.');
    expect(text).toContain('2026-12-31 17:00 Los Angeles');
    expect(await page.locator('.rehearsal td', { hasText: '%' }).count()).toBeGreaterThan(0);
    expect(await page.locator('.switches:visible, .tools:visible, .plot:visible').count()).toBe(0);
  });
});
