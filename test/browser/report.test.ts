import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import type { CapacityPlan, TargetPlan } from '../../lib/capacity/capacity-plan';
import { prescale } from '../commands/run';

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
    const made = await prescale(...args);
    if (!existsSync(file)) throw new Error(made.err);
    html = readFileSync(file, 'utf8');
    url = pathToFileURL(file).href;
    plan = JSON.parse((await prescale('plan', '--calendar', folder, ...OPTIONS, '--json')).out) as CapacityPlan;
    server = createServer((request, response) => {
      response.writeHead(request.url === '/' ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
      response.end(request.url === '/' ? html : '');
    }).listen(0, 'localhost');
    await once(server, 'listening');
    browser = await chromium.launch({
      executablePath: chromiumPath,
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    });
  });

  afterEach(async () => {
    for (const page of open) await page.context().close();
    open = [];
  });

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function visit(options: BrowserContextOptions = {}, address = url): Promise<Tab> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
    const page = await context.newPage();
    open.push(page);
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

  const prod = (): TargetPlan => plan.environments.find(({ name }) => name === 'prod')!.targets[0]!;
  /** The chart of prod. */
  const figureOf = (page: Page) => page.locator('figure', { hasText: 'in prod' }).first();
  const numberIn = (text: string | undefined): number => Number(text?.replaceAll(/[^\d]/g, ''));

  /** What the page reads: its time, and each value as a number. */
  async function readingOf(page: Page): Promise<{ time: string; [key: string]: number | string }> {
    const reading = figureOf(page).locator('.reading');
    const rows = await reading.locator('tr').all();
    const values = await Promise.all(
      rows.map(async (row) => [await row.getAttribute('data-key'), numberIn(await row.locator('td').innerText())]),
    );
    return {
      time: await reading.locator('strong').innerText(),
      window: await reading.locator('p').innerText(),
      ...Object.fromEntries(values),
    };
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
    await settle(page);
  }

  /** Until what was asked for is drawn and told. */
  const settle = (page: Page): Promise<void> => page.waitForTimeout(250);

  test.each(['a file', 'localhost'])(
    'loads nothing but itself, and has nothing to complain of, from %s',
    async (from) => {
      const address = from === 'a file' ? url : `http://localhost:${(server.address() as AddressInfo).port}/`;
      const { page, requests, complaints } = await visit({}, address);
      for (const figure of await page.locator('figure:has(.plot)').all()) {
        await figure.scrollIntoViewIfNeeded();
        await expectSoon(() => figure.locator('svg').count(), 1);
      }
      expect(requests.filter((request) => !request.startsWith('data:image/svg+xml'))).toEqual([address]);
      expect(complaints).toEqual([]);
    },
  );

  test('shows a hostile title as text, wherever it stands', async () => {
    const { page, complaints } = await visit();
    expect(await page.title()).toBe('Release capacity: dev and prod as of 2026-11-21 00:00 UTC');
    expect(await page.locator('th', { hasText: HOSTILE }).count()).toBe(2);
    expect(await page.locator('option', { hasText: HOSTILE }).count()).toBe(2);
    await goTo(page, HOSTILE);
    expect((await readingOf(page)).window).toContain(HOSTILE);
    expect(await page.locator('img:not([src^="data:image/svg+xml"])').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  /** Before the floors rise, while they are held, and while they are given back; minutes from the premiere. */
  const PHASES = [
    ['before the floors rise', -80, /^No window/],
    ['at the held peak', 10, /^Raised for The finale$/],
    ['while capacity is given back', 45, /^Giving back after The finale$/],
  ] as const;
  const PREMIERE = Date.parse('2027-01-01T01:00:00Z') / 1000;

  test.each(PHASES)('hover reads the values of the plan %s', async (_, minutes, window) => {
    const { page } = await visit();
    await goTo(page, 'The finale');
    const { left, right, from, to } = await viewOf(page);
    const at = PREMIERE + 60 * minutes;
    const box = (await figureOf(page).locator('.handle').boundingBox())!;
    await page.mouse.move(left + ((at - from) / (to - from)) * (right - left), box.y + box.height / 2);
    await settle(page);
    const { time, floor, required: needed, window: open, median, planned } = await readingOf(page);
    const instant = instantOf(time);
    // A pixel is a minute or two wide here.
    expect(Math.abs(Date.parse(instant) / 1000 - at)).toBeLessThanOrEqual(120);
    expect({ floor, required: needed }).toEqual(plannedAt(instant));
    expect(open).toMatch(window);
    expect(Number(median)).toBeLessThanOrEqual(Number(planned));
  });

  /** Where the plot of prod begins and ends on the screen, and what it shows: the window with an hour around it. */
  async function viewOf(page: Page): Promise<{ left: number; right: number; from: number; to: number }> {
    const box = (await figureOf(page).locator('.handle').boundingBox())!;
    const window = prod().windows.find(({ drill, releases }) => !drill && releases.includes('the-finale'))!;
    const seconds = (instant: string): number => Date.parse(instant) / 1000;
    return {
      left: box.x + 64,
      right: box.x + box.width - 24,
      from: seconds(window.risingAt) - 3600,
      to: seconds(window.endsAt) + 3600,
    };
  }

  test('reads the same by keyboard alone, and tells it to a screen reader', async () => {
    const { page } = await visit();
    // From the link of the environment by Tab: the link moves the focus to its section.
    await page.locator('nav a', { hasText: 'prod' }).focus();
    await page.keyboard.press('Enter');
    const handle = figureOf(page).locator('.handle');
    const isReached = (): Promise<boolean> =>
      handle
        .and(page.locator(':focus'))
        .count()
        .then((count) => count === 1);
    for (let tabs = 0; tabs < 30 && !(await isReached()); tabs += 1) await page.keyboard.press('Tab');
    expect(await isReached()).toBe(true);
    expect(await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');

    // From one change of the floor to the next, until the highest.
    const highest = Math.max(...prod().actions.map(({ min }) => min));
    for (const action of prod().actions) {
      await page.keyboard.press('PageDown');
      const { time, floor } = await readingOf(page);
      expect([instantOf(time), floor]).toEqual([action.at, action.min]);
      if (action.min === highest && !prod().windows.some(({ drill, risingAt }) => drill && risingAt === action.at))
        break;
    }
    for (let strokes = 0; strokes < 10; strokes += 1) await page.keyboard.press('+');
    await settle(page);
    for (const [keys, [, minutes, window]] of [
      ['ArrowLeft', PHASES[0]],
      ['ArrowRight', PHASES[1]],
      ['ArrowRight', PHASES[2]],
    ] as const) {
      const wanted = PREMIERE + 60 * minutes;
      const isThere = async (): Promise<boolean> => {
        const at = Number(await handle.getAttribute('aria-valuenow'));
        return keys === 'ArrowLeft' ? at <= wanted : at >= wanted;
      };
      for (let strokes = 0; strokes < 200 && !(await isThere()); strokes += 1) await page.keyboard.press(keys);
      const reading = await readingOf(page);
      expect({ floor: reading['floor'], required: reading['required'] }).toEqual(plannedAt(instantOf(reading.time)));
      expect(reading['window']).toMatch(window);
      await settle(page);
      const news = await figureOf(page).locator('[role=status]').innerText();
      expect(news).toContain(reading.time);
      expect(news).toContain(`floor: registered minimum: ${Number(reading['floor']).toLocaleString('en-US')} tasks`);
      expect(await handle.getAttribute('aria-valuetext')).toBe(reading.time);
    }
    await page.keyboard.press('End');
    expect((await readingOf(page)).time).toBe('2027-01-19 23:59 UTC');
    await page.keyboard.press('Home');
    expect((await readingOf(page)).time).toBe('2026-11-21 00:00 UTC');
    await page.keyboard.press('Shift+ArrowRight');
    expect((await readingOf(page)).time).not.toBe('2026-11-21 00:00 UTC');
  });

  /** Labels of the time axis, as they stand in the drawing. */
  const axisOf = (page: Page): Promise<string> => figureOf(page).locator('.canvas').innerText();

  test('is zoomed by keyboard, by buttons and by the wheel with Ctrl, and never scrolls away under a plain wheel', async () => {
    const { page } = await visit();
    await goTo(page, 'The finale');
    const near = await axisOf(page);
    const handle = figureOf(page).locator('.handle');
    await handle.focus();
    await page.keyboard.press('Escape');
    await settle(page);
    const all = await axisOf(page);
    expect(all).not.toBe(near);
    await page.keyboard.press('+');
    await settle(page);
    const zoomed = await axisOf(page);
    expect(zoomed).not.toBe(all);
    await page.keyboard.press('-');
    await settle(page);
    expect(await axisOf(page)).toBe(all);
    await figureOf(page).getByRole('button', { name: 'Zoom in' }).click();
    await settle(page);
    expect(await axisOf(page)).not.toBe(all);
    await figureOf(page).getByRole('button', { name: 'Show all' }).click();
    await settle(page);
    expect(await axisOf(page)).toBe(all);

    await handle.hover();
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -400);
    await page.keyboard.up('Control');
    await settle(page);
    expect(await axisOf(page)).not.toBe(all);
    const [before, scrolled] = [await axisOf(page), await page.evaluate<number>('window.scrollY')];
    await page.mouse.wheel(0, 200);
    await settle(page);
    expect(await axisOf(page)).toBe(before);
    expect(await page.evaluate<number>('window.scrollY')).toBeGreaterThan(scrolled);
  });

  test('hides and shows what the legend names', async () => {
    const { page } = await visit();
    const lines = figureOf(page).locator('.canvas path[stroke="var(--chart-floor)"]:not([d=""])');
    await figureOf(page).scrollIntoViewIfNeeded();
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

  async function expectSoon<Value>(read: () => Promise<Value>, value: Value): Promise<void> {
    for (let tries = 0; tries < 20 && (await read()) !== value; tries += 1) await pause(50);
    expect(await read()).toBe(value);
  }

  test('shows the time of UTC, of the viewer and of each premiere', async () => {
    const { page } = await visit({ timezoneId: 'Asia/Dhaka' });
    await goTo(page, 'The finale');
    const row = page.locator('#env-prod').locator('..').locator('tr', { hasText: 'The finale' }).first();
    const cells = async (): Promise<string[]> => (await row.locator('time').allInnerTexts()).slice(0, 1);
    expect(await cells()).toEqual(['2027-01-01 01:00']);
    await page.getByLabel('your time').check();
    expect(await cells()).toEqual(['2027-01-01 07:00']);
    expect((await readingOf(page)).time).toBe('2027-01-01 07:00 Dhaka');
    await expectSoon(async () => (await axisOf(page)).includes('Dhaka'), true);
    expect(await page.locator('thead .zone').first().innerText()).toBe('Dhaka');
    await page.getByLabel('premiere’s time').check();
    expect(await cells()).toEqual(['2026-12-31 17:00 Los Angeles']);
    expect((await readingOf(page)).time).toBe('2026-12-31 17:00 Los Angeles');
    await page.getByLabel('UTC', { exact: true }).check();
    expect(await cells()).toEqual(['2027-01-01 01:00']);
  });

  test('is light or dark as the system is, or as the reader chooses, and stays so', async () => {
    const { page } = await visit({ colorScheme: 'dark' });
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

  test.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 360],
    ['dark', 360],
  ] as const)('has no finding of axe-core and no sideways scroll: %s, %d pixels wide', async (colorScheme, width) => {
    // The policy would stop the checker, too.
    const { page } = await visit({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
    await goTo(page, 'The finale');
    await page.screenshot({ path: join(SCREENSHOTS, `${colorScheme}-${width}.png`) });
    await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
    await settle(page);
    await page.screenshot({ path: join(SCREENSHOTS, `${colorScheme}-${width}-whole.png`), fullPage: true });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
    await page.evaluate(AXE);
    const { violations, passes } = await page.evaluate<{
      violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
      passes: unknown[];
    }>('axe.run(document, { resultTypes: ["violations"] })');
    expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => [node.html, node.failureSummary])])).toEqual([]);
    expect(passes.length).toBeGreaterThan(20);
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
    await settle(page);
    await page.screenshot({ path: join(SCREENSHOTS, 'print.png'), fullPage: true });
    expect(await page.locator('.canvas svg').count()).toBe(2);
    expect(await page.locator('button:visible, select:visible, input:visible').count()).toBe(0);
    expect(await page.locator('details:not(.words):not([open])').count()).toBe(0);
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
