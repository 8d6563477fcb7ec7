import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const ROOT = join(__dirname, '..', '..');
const PAGE = readFileSync(join(ROOT, 'assets', 'error-page', '5xx.html'), 'utf8');
/** Where a person can look at what the tests saw. */
const SCREENSHOTS = join(ROOT, 'test-results', 'error-page');

const inner = (tag: string): string => new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(PAGE)![1]!;

// A busy machine takes its time for a new tab.
jest.setTimeout(30_000);

describe('the error page as a file', () => {
  test('is small and names no other address, because nothing else may load', () => {
    expect(Buffer.byteLength(PAGE)).toBeLessThan(30_000);
    // Without an icon of its own browsers ask for /favicon.ico.
    expect(PAGE).toContain('<link rel="icon" href="data:," />');
    expect(PAGE).not.toMatch(/https?:|\/\/[a-z]|<img|<iframe|@import|url\(|src=/i);
  });

  test('admits its own style and script and nothing else', () => {
    const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(PAGE)![1]!;
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hash(inner('script'))}`,
      `style-src ${hash(inner('style'))}`,
      'img-src data:',
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(PAGE.match(/<(script|style)\b/g)).toHaveLength(2);
    expect(PAGE).not.toMatch(/\son\w+=|\sstyle=/i);
  });

  test('is written in ES5, so that the browser of an old television runs it', () => {
    const print = (target: 'es5' | 'es2022'): string =>
      transformSync(inner('script'), { jsc: { parser: { syntax: 'ecmascript' }, target, externalHelpers: false } })
        .code;
    expect(print('es5')).toBe(print('es2022'));
    // A comma after the last argument is ES2017, and no printer keeps it.
    expect(inner('script')).not.toMatch(/,\s*\)/);
  });

  test('stays out of search results', () => {
    expect(PAGE).toContain('<meta name="robots" content="noindex" />');
  });
});

const candidates = process.env.CHROMIUM_PATH
  ? [process.env.CHROMIUM_PATH]
  : ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const chromiumPath = candidates.find((path) => existsSync(path));
const required = process.env.REQUIRE_BROWSER === '1';
const missing = `no Chromium at ${candidates.join(', ')}; mend: install it, or set CHROMIUM_PATH`;
if (chromiumPath === undefined && !required) {
  // oxlint-disable-next-line no-console -- a skipped test says why
  console.warn(`the error page is not tested in a browser: ${missing}`);
}

/** What the server answers at a path, one after the other, the last for good; HANG is no answer at all. */
type Answers = readonly number[];
const HANG = 0;
const DOWN: Answers = [503];

interface Tab {
  readonly page: Page;
  /** Method and address of what the page asked for, its document first. */
  readonly requests: string[];
  /** Console errors, exceptions and what the policy stopped. */
  readonly complaints: string[];
}

interface Visit extends Tab {
  /** Status of the document. */
  readonly status: number;
  /** Milliseconds from the load, or from the failure before, to each probe so far. */
  readonly waits: () => Promise<number[]>;
}

interface Visitor {
  /** What Math.random answers. @default 0 */
  readonly random?: number;
  /** Runs in the browser before the page does. */
  readonly before?: string;
  /** A browser context of their own. @default - the tab that most tests share, one after the other */
  readonly context?: BrowserContextOptions;
}

/** Logs the instants of probes by the page's clock, and what the policy stops. */
const WATCH = `
  window.probes = [];
  const ask = window.fetch;
  window.fetch = (...args) => { window.probes.push(Date.now()); return ask(...args); };
  document.addEventListener('securitypolicyviolation', (event) => {
    console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI);
  });
`;
const EXPECTED = /the server responded with a status of (?:429|503|504)|net::ERR_INTERNET_DISCONNECTED/;

/** The text of a node with plain spaces. */
const lineOf = async (page: Page, selector: string): Promise<string> =>
  (await page.locator(selector).innerText()).replace(/\s+/g, ' ');
const countdown = (page: Page): Promise<string> => lineOf(page, '#countdown');
/** Goes on- or offline, and waits until the page has noticed. */
async function setOffline(page: Page, offline: boolean): Promise<void> {
  const before = await countdown(page);
  await page.context().setOffline(offline);
  await page.locator('#countdown').filter({ hasNotText: before }).waitFor();
}

(chromiumPath === undefined && !required ? describe.skip : describe)('the error page in Chromium', () => {
  const plans = new Map<string, Answers>();
  /** Method and address of all that reached the server in a test, the browser's own requests included. */
  let served: string[] = [];
  let server: Server;
  let origin: string;
  let browser: Browser;
  let shared: Tab;
  let afterwards: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    if (chromiumPath === undefined) throw new Error(`REQUIRE_BROWSER is 1, and there is ${missing}`);
    server = createServer((request, response) => {
      served.push(`${request.method} ${request.url}`);
      const path = request.url!.split('?')[0]!;
      const [status = 404, ...next] = plans.get(path) ?? [];
      if (next.length > 0) plans.set(path, next);
      if (status === HANG) return;
      if (status === 302) response.setHeader('location', 'http://sign-in.invalid/');
      // As CloudFront answers: the status of the failure, with the page and the headers of its object. A browser that kept it would
      // follow the link without a script from its cache.
      response.writeHead(status, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'public, max-age=0, s-maxage=10',
      });
      response.end(
        status >= 500 ? PAGE : `<link rel="icon" href="data:,"><title>${status}</title><h1>The premiere</h1>`,
      );
    }).listen(0, 'localhost');
    await once(server, 'listening');
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({
      executablePath: chromiumPath,
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    shared = await openTab({ locale: 'en-GB' });
  });

  afterEach(async () => {
    for (const undo of afterwards) await undo();
    afterwards = [];
    served = [];
  });

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  /** A tab in which time stands still until a test runs it. */
  async function openTab(options: BrowserContextOptions): Promise<Tab> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    if (options.javaScriptEnabled !== false) {
      await page.clock.install({ time: '2026-01-01T00:59:00Z' });
      await page.clock.pauseAt('2026-01-01T01:00:00Z');
    }
    const tab: Tab = { page, requests: [], complaints: [] };
    page.on('request', (request) => tab.requests.push(`${request.method()} ${request.url().replace(origin, '')}`));
    page.on('pageerror', (error) => tab.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !EXPECTED.test(message.text())) tab.complaints.push(message.text());
    });
    return tab;
  }

  /** Each test has a path of its own: the page counts its tries by path. */
  async function visit(path: string, answers: Answers, visitor: Visitor = {}): Promise<Visit> {
    plans.set(path.split('?')[0]!, answers);
    const tab = visitor.context ? await openTab({ locale: 'en-GB', ...visitor.context }) : shared;
    const { page } = tab;
    const prepared = await page.addInitScript(
      `Math.random = () => ${visitor.random ?? 0}; ${WATCH} ${visitor.before ?? ''}`,
    );
    afterwards.push(visitor.context ? () => page.context().close() : () => prepared.dispose());
    tab.requests.length = 0;
    tab.complaints.length = 0;
    const response = await page.goto(origin + path);
    const loadedAt = visitor.context?.javaScriptEnabled === false ? 0 : await page.evaluate<number>('Date.now()');
    const waits = async (): Promise<number[]> => {
      const probes = await page.evaluate<number[]>('window.probes');
      return probes.map((at, index) => at - (probes[index - 1] ?? loadedAt));
    };
    return { ...tab, status: response!.status(), waits };
  }

  test('is shown where the failure was, with its status, and asks for nothing', async () => {
    const { page, status, requests, complaints } = await visit('/watch/finale?t=42', DOWN);
    expect([status, page.url()]).toEqual([503, `${origin}/watch/finale?t=42`]);
    expect(await page.locator('h1').allInnerTexts()).toEqual(['One moment, please']);
    await page.clock.runFor(9000);
    expect(requests).toEqual(['GET /watch/finale?t=42']);
    expect(served).toEqual(requests);
    expect(complaints).toEqual([]);
  });

  describe('speaks the language of the viewer', () => {
    const LANGUAGES = [
      ['en-US', 'en', 'One moment, please', 'We will try again for you in 12 seconds.', 'Try now'],
      [
        'fr-CA',
        'fr',
        'Un instant, s’il vous plaît',
        'Nous réessaierons pour vous dans 12 secondes.',
        'Réessayer maintenant',
      ],
      ['bn-IN', 'bn', 'একটু অপেক্ষা করুন', '১২ সেকেন্ড পরে আমরা আপনার জন্য আবার চেষ্টা করব।', 'এখনই চেষ্টা করুন'],
      [
        'es-419',
        'es',
        'Un momento, por favor',
        'Volveremos a intentarlo por ti dentro de 12 segundos.',
        'Intentar ahora',
      ],
      ['hi-IN', 'hi', 'कृपया थोड़ा इंतज़ार करें', 'हम 12 सेकंड में आपके लिए फिर से कोशिश करेंगे।', 'अभी कोशिश करें'],
    ] as const;

    test.each<readonly string[]>(LANGUAGES)(
      '%s reads %s, and nothing moves at 320 px',
      async (locale, lang, title, wait, button) => {
        // 10 s and a fifteenth of 30 s.
        const { page, complaints } = await visit(`/language/${locale}`, [503, HANG], {
          random: 1 / 15,
          context: { locale, viewport: { width: 320, height: 640 } },
        });
        expect(await page.getAttribute('html', 'lang')).toBe(lang);
        expect(await page.title()).toBe(title);
        expect(await page.locator('section').count()).toBe(1);
        expect(await page.getAttribute('section', 'lang')).toBe(lang);
        expect(await lineOf(page, 'h1')).toBe(title);
        expect(await countdown(page)).toBe(wait);
        expect(await lineOf(page, 'button')).toBe(button);

        const seen = [wait];
        const places = [await page.locator('button').boundingBox()];
        const look = async (): Promise<void> => {
          seen.push(await countdown(page));
          places.push(await page.locator('button').boundingBox());
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
        };
        await page.clock.runFor(11_500);
        await look(); // The last second.
        await setOffline(page, true);
        await look();
        await setOffline(page, false);
        await page.clock.runFor(700);
        await look(); // A try, a fifteenth of 10 s later.
        expect(new Set(seen).size).toBe(4);
        expect(places).toEqual(places.map(() => places[0]));
        expect(complaints).toEqual([]);
      },
    );

    test.each([
      ['the first of the list that it knows', ['de', 'hi', 'fr'], 'hi'],
      ['a language whatever the region', ['BN_bd'], 'bn'],
      ['no other language of the same beginning', ['fil', 'est', 'es'], 'es'],
      ['English for others', ['de-DE', 'pt'], 'en'],
      ['English for an empty list', [], 'en'],
    ])('takes %s', async (_, languages, lang) => {
      const { page } = await visit('/order', DOWN, {
        before: `Object.defineProperty(navigator, 'languages', { get: () => ${JSON.stringify(languages)} });`,
      });
      expect(await page.getAttribute('html', 'lang')).toBe(lang);
    });
  });

  describe('comes back by itself', () => {
    test('with the real page, once the service answers, and without a reload before', async () => {
      const { page, requests, complaints } = await visit('/comes-back?t=42', [503, 503, 504, 200]);
      const loads: string[] = [];
      page.on('framenavigated', (frame) => loads.push(frame.url()));
      for (let tries = 2; tries <= 3; tries += 1) {
        await page.clock.runFor(10_000);
        await page.getByText('in 10 seconds').waitFor();
        expect(loads).toEqual([]);
      }
      await page.clock.runFor(10_000);
      await page.getByText('The premiere').waitFor();
      expect(page.url()).toBe(`${origin}/comes-back?t=42`);
      // The document, three probes, and the document again.
      expect(requests).toEqual(Array.from({ length: 5 }, () => 'GET /comes-back?t=42'));
      expect(complaints).toEqual([]);
    });

    test.each([
      ['a page that is not found', [503, 404], '404'],
      ['a redirect, wherever it leads', [503, 302, 200], '200'],
    ] as const)('for %s, which is an answer, too', async (name, answers, title) => {
      const { page } = await visit(`/answer/${name.length}`, answers);
      await page.clock.runFor(10_000);
      await page.getByText('The premiere').waitFor();
      expect(await page.title()).toBe(title);
    });

    test('not for too many requests', async () => {
      const { page, waits } = await visit('/too-many', [503, 429, 503]);
      await page.clock.runFor(10_000);
      await page.getByText('in 10 seconds').waitFor();
      expect(await waits()).toEqual([10_000]);
    });

    test('after an answer that does not come within 20 s', async () => {
      const { page } = await visit('/hangs', [503, HANG, 200]);
      await page.clock.runFor(10_000 + 19_999);
      expect(await countdown(page)).toBe('Trying again now…');
      await page.clock.runFor(1);
      expect(await countdown(page)).toBe('We will try again for you in 10 seconds.');
      await page.clock.runFor(10_000);
      await page.getByText('The premiere').waitFor();
    });

    test('in a browser without fetch, Intl, performance, languages and storage', async () => {
      const { page, requests, complaints } = await visit('/old', [503, 503, 200], {
        context: { locale: 'fr-FR' },
        before: `
          delete window.fetch;
          delete window.AbortController;
          delete window.Intl;
          Object.defineProperty(window, 'performance', { value: undefined });
          Object.defineProperty(navigator, 'languages', { get: () => undefined });
          Object.defineProperty(window, 'sessionStorage', { get: () => { throw new Error('shut'); } });
        `,
      });
      expect(await countdown(page)).toBe('Nous réessaierons pour vous dans 10 secondes.');
      await page.clock.runFor(10_000);
      await page.getByText('dans 10 secondes').waitFor();
      expect(await page.title()).toBe('Un instant, s’il vous plaît');
      await page.clock.runFor(10_000);
      await page.getByText('The premiere').waitFor();
      expect(requests).toHaveLength(3);
      expect(complaints).toEqual([]);
    });
  });

  describe('spreads its tries', () => {
    test.each([
      ['least', 0, [10_000, 10_000, 10_000, 10_000]],
      ['mean', 0.5, [25_000, 40_000, 65_000, 65_000]],
      // Just below 40, 70 and 120 s.
      ['most', 0.9999, [39_997, 69_994, 119_989, 119_989]],
    ])('with the %s wait of each round', async (name, random, expected) => {
      const { page, waits } = await visit(`/rounds/${name}`, DOWN, { random });
      for (const [round, wait] of expected.entries()) {
        await page.clock.runFor(wait - 1);
        expect(await waits()).toHaveLength(round);
        await page.clock.runFor(1);
        expect(await waits()).toHaveLength(round + 1);
        const next = expected[round + 1] ?? expected[round]!;
        await page.getByText(`in ${Math.ceil(next / 1000)} seconds`).waitFor();
      }
      expect(await waits()).toEqual(expected);
    });

    test('over the tabs and viewers that fail in the same second', async () => {
      plans.set('/spread/tab', DOWN);
      const frames = Array.from({ length: 30 }, (_, seed) => `<iframe src="/spread/tab?${seed + 1}"></iframe>`);
      const { page } = await visit('/spread', [200], {
        // Mulberry32, seeded by the address of the frame, so that the test is the same each time.
        before: `
          let state = Number(location.search.slice(1)) * 2654435761;
          Math.random = () => {
            state = (state + 0x6D2B79F5) | 0;
            let t = Math.imul(state ^ (state >>> 15), 1 | state);
            t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
            return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
          };
        `,
      });
      await page.evaluate(`new Promise((resolve) => {
        document.body.innerHTML = ${JSON.stringify(frames.join(''))};
        let left = ${frames.length};
        for (const frame of document.querySelectorAll('iframe')) frame.onload = () => { if (--left === 0) resolve(); };
      })`);
      const seconds = await page.evaluate<number[]>(`[...document.querySelectorAll('iframe')].map((frame) =>
        Number(/\\d+/.exec(frame.contentDocument.getElementById('countdown').textContent)[0]))`);
      expect(Math.min(...seconds)).toBeGreaterThanOrEqual(10);
      expect(Math.max(...seconds)).toBeLessThanOrEqual(40);
      const between = (from: number, to: number): number => seconds.filter((s) => s > from && s <= to).length;
      for (const from of [10, 20, 30]) expect(between(from, from + 10)).toBeGreaterThan(3);
      expect(new Set(seconds).size).toBeGreaterThan(15);
    });

    test('counting on over a reload, by path, and for five minutes', async () => {
      const { page } = await visit('/counts', DOWN, { random: 0.5 });
      await page.clock.runFor(25_000);
      await page.getByText('in 40 seconds').waitFor();
      await page.reload();
      expect(await countdown(page)).toContain('in 40 seconds');

      plans.set('/counts/other', DOWN);
      await page.goto(`${origin}/counts/other`);
      expect(await countdown(page)).toContain('in 25 seconds');
      await page.clock.runFor(24_000);

      await page.goto(`${origin}/counts?t=42`);
      expect(await countdown(page)).toContain('in 40 seconds');
      await page.goto(`${origin}/counts/other`);
      // Both visits were 24 s apart.
      await page.clock.setSystemTime((await page.evaluate<number>('Date.now()')) + 276_000);
      await page.goto(`${origin}/counts`);
      expect(await countdown(page)).toContain('in 25 seconds');
    });

    test.each(['null', '{', '{"at":0,"tries":3}', '{"tries":3}'])(
      'from the start after %s in its storage',
      async (kept) => {
        const path = `/kept/${kept.length}`;
        const { page } = await visit(path, DOWN, {
          random: 0.5,
          before: `sessionStorage.setItem('tries ${path}', ${JSON.stringify(kept)});`,
        });
        expect(await countdown(page)).toContain('in 25 seconds');
      },
    );
  });

  describe('lets the viewer', () => {
    test('try at once by the key of a remote control, and rest for 10 s', async () => {
      const { page, waits, complaints } = await visit('/by-hand', DOWN, { random: 0.5 });
      const button = page.locator('button');
      expect(await page.evaluate('document.activeElement.id')).toBe('now');
      expect(await button.getAttribute('aria-disabled')).toBe('false');
      await page.clock.runFor(1000);
      await page.keyboard.press('Enter');
      await page.getByText('in 40 seconds').waitFor();
      expect(await lineOf(page, '#news')).toBe('Not yet. We will keep trying for you.');

      for (const key of ['Enter', ' ', 'Enter']) await page.keyboard.press(key);
      await page.clock.runFor(9999);
      await page.keyboard.press('Enter');
      expect(await button.getAttribute('aria-disabled')).toBe('true');
      expect(await waits()).toEqual([1000]);
      expect(await page.evaluate('document.activeElement.id')).toBe('now');

      await page.clock.runFor(1);
      expect(await button.getAttribute('aria-disabled')).toBe('false');
      await page.keyboard.press(' ');
      await page.getByText('in 65 seconds').waitFor();
      expect(await waits()).toEqual([1000, 10_000]);
      expect(complaints).toEqual([]);
    });

    test('try while a try is under way, without a second request', async () => {
      const { page, waits } = await visit('/under-way', [503, HANG]);
      await page.clock.runFor(10_000);
      await page.keyboard.press('Enter');
      await page.clock.runFor(15_000);
      await page.keyboard.press('Enter');
      expect(await waits()).toEqual([10_000]);
    });

    test('be offline, and waits until they are back', async () => {
      const { page, waits, complaints } = await visit('/offline', [503, 200], { random: 0.5 });
      await setOffline(page, true);
      expect(await countdown(page)).toBe('You seem to be offline. We will try again as soon as you are back.');
      expect(await lineOf(page, '#news')).toBe(await countdown(page));
      await page.clock.runFor(600_000);
      expect(await waits()).toEqual([]);

      // The whole street comes back at once, so within 10 s, not at once.
      await setOffline(page, false);
      expect(await countdown(page)).toBe('We will try again for you in 5 seconds.');
      expect(await lineOf(page, '#news')).toBe('You are back online. We will try again in a moment.');
      await page.clock.runFor(4999);
      expect(await waits()).toEqual([]);
      await page.clock.runFor(1);
      await page.getByText('The premiere').waitFor();
      expect(complaints).toEqual([]);
    });

    test('be back before the wait is over, and keeps to it', async () => {
      const { page } = await visit('/blink', DOWN, { random: 0.5 });
      await setOffline(page, true);
      await page.clock.runFor(3000);
      await setOffline(page, false);
      expect(await countdown(page)).toContain('in 22 seconds');
    });

    test('hear what changes, not each second and not each try of its own', async () => {
      const { page } = await visit('/heard', DOWN);
      expect(await page.getAttribute('#news', 'role')).toBe('status');
      await page.evaluate(`window.heard = 0;
        new MutationObserver(() => { window.heard += 1; })
          .observe(document.getElementById('news'), { childList: true, characterData: true, subtree: true });`);
      await page.clock.runFor(10_000);
      await page.getByText('in 10 seconds').waitFor();
      await page.clock.runFor(9000);
      expect(await page.evaluate('window.heard')).toBe(0);
      expect(await page.locator('#countdown[aria-live], main[aria-live], [role=status] #countdown').count()).toBe(0);
      expect(await lineOf(page, `#${await page.getAttribute('button', 'aria-describedby')}`)).toMatch(
        /^We cannot show/,
      );
    });

    test('do without motion', async () => {
      const { page } = await visit('/motion', DOWN);
      const duration = 'getComputedStyle(document.getElementById("bar")).transitionDuration';
      expect(await page.evaluate(duration)).toBe('1s');
      afterwards.push(() => page.emulateMedia({ reducedMotion: null }));
      await page.emulateMedia({ reducedMotion: 'reduce' });
      expect(await page.evaluate(duration)).toBe('0s');
    });
  });

  test('is read in all languages without a script, English first, with a link', async () => {
    const { page, requests } = await visit('/no-script?t=42', [503, 200], {
      context: { javaScriptEnabled: false },
    });
    const languages: (string | null)[] = [];
    for (const section of await page.locator('section').all()) {
      languages.push(await section.getAttribute('lang'));
      for (const part of ['h1', 'p', 'a']) {
        expect(await section.locator(part).isVisible()).toBe(true);
        expect((await section.locator(part).innerText()).length).toBeGreaterThan(8);
      }
    }
    expect(languages).toEqual(['en', 'fr', 'bn', 'es', 'hi']);
    expect(await page.locator('#retry').isVisible()).toBe(false);
    // An element only where there is no script: every minute is far above the 10 s of the error's cache.
    expect(await page.getAttribute('meta[http-equiv=refresh]', 'content')).toBe('60');
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.getByText('The premiere').waitFor();
    expect(requests).toEqual(['GET /no-script?t=42', 'GET /no-script?t=42']);
  });

  describe('looks right', () => {
    /** WCAG's contrast of two colours as the browser computes them: 1 to 21. */
    function contrast(a: string, b: string): number {
      const luminance = (color: string): number => {
        const [red, green, blue] = color.match(/\d+/g)!.map((part) => {
          const value = Number(part) / 255;
          return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
      };
      const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
      return (light! + 0.05) / (dark! + 0.05);
    }

    const color = (page: Page, selector: string, name: 'color' | 'backgroundColor' | 'outlineColor'): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector('${selector}')).${name}`);

    afterEach(async () => {
      await shared.page.setViewportSize({ width: 1280, height: 720 });
      await shared.page.emulateMedia({ colorScheme: null });
    });

    test.each([
      [320, 568, 'light'],
      [360, 740, 'light'],
      [360, 740, 'dark'],
      [1280, 720, 'light'],
      [1280, 720, 'dark'],
      [1920, 1080, 'dark'],
    ] as const)('at %i x %i, %s', async (width, height, colorScheme) => {
      await shared.page.setViewportSize({ width, height });
      await shared.page.emulateMedia({ colorScheme });
      const { page } = await visit(`/looks/${width}/${colorScheme}`, DOWN, { random: 0.5 });
      await page.clock.runFor(9000);
      mkdirSync(SCREENSHOTS, { recursive: true });
      const path = join(SCREENSHOTS, `${width}-${colorScheme}.png`);
      const png = await page.screenshot({ path, animations: 'disabled' });
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([width, height]);
      // One flat colour takes about 1 kB.
      expect(png.length).toBeGreaterThan(8000);

      for (const part of ['h1', 'section p', '#countdown', '#track', 'button', '#note']) {
        const { x, y, ...size } = (await page.locator(part).boundingBox())!;
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(size.width * size.height).toBeGreaterThan(0);
        expect(x + size.width).toBeLessThanOrEqual(width);
        expect(y + size.height).toBeLessThanOrEqual(height);
      }
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(await page.evaluate('document.documentElement.scrollHeight')).toBe(height);

      const background = await color(page, 'body', 'backgroundColor');
      expect(contrast(background, colorScheme === 'dark' ? 'rgb(255, 255, 255)' : 'rgb(0, 0, 0)')).toBeGreaterThan(15);
      expect(contrast(await color(page, 'h1', 'color'), background)).toBeGreaterThan(7);
      expect(contrast(await color(page, '#note', 'color'), background)).toBeGreaterThan(4.5);
      expect(contrast(await color(page, '#bar', 'backgroundColor'), background)).toBeGreaterThan(3);
      expect(contrast(await color(page, 'button', 'outlineColor'), background)).toBeGreaterThan(3);
      for (const state of ['false', 'true']) {
        await page.evaluate(`document.getElementById('now').setAttribute('aria-disabled', '${state}')`);
        const [text, face] = [await color(page, 'button', 'color'), await color(page, 'button', 'backgroundColor')];
        expect(contrast(text, face)).toBeGreaterThan(4.5);
      }
    });
  });
});
