import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compileFunction } from 'node:vm';
import { transformSync } from '@swc/core';
import fc from 'fast-check';
import { audienceCurve } from '../../lib/capacity/demand';
import { DEFAULT_DEMAND_MODEL } from '../../lib/capacity/demand-model';
import { type LoadProfile, renderK6Script } from '../../lib/report/k6-script';

const ROOT = path.join(__dirname, '..', '..');
const FOLDER = mkdtempSync(path.join(tmpdir(), 'prescale-k6-'));
const TSC = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const TARGET = 'https://staging.example.com';

// A busy machine is no reason to fail.
jest.setTimeout(120_000);

afterAll(() => rmSync(FOLDER, { recursive: true }));

const finale = audienceCurve('finale', 7680, DEFAULT_DEMAND_MODEL);

/** The finale before nine million viewers in an environment whose baseline is 68,000 requests per second. */
function profile(fields: Partial<LoadProfile> = {}): LoadProfile {
  return {
    release: 'the-finale',
    title: 'The finale',
    environment: 'prod',
    premiereAt: '2026-01-01T01:00:00Z',
    startSeconds: finale.startSeconds,
    stepSeconds: finale.stepSeconds,
    requestsPerSecond: Array.from(finale.requests, (rate) => 68_000 + 9_000_000 * rate),
    scale: 1,
    timeoutSeconds: 10,
    toolVersion: '1.2.3',
    ...fields,
  };
}

/** Half a minute that a small service and a small machine bear: from 20 requests per second to 60 and back. */
const SHORT: Partial<LoadProfile> = { startSeconds: -10, requestsPerSecond: [20, 40, 60, 40, 20, 20, 20] };

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly timeout: string;
  readonly tags: { readonly name: string; readonly from: string };
}

interface Loaded {
  readonly scenario: {
    readonly startRate: number;
    readonly stages: readonly { readonly duration: string; readonly target: number }[];
    readonly [option: string]: unknown;
  };
  readonly thresholds: Readonly<Record<string, readonly string[]>>;
  /** What one iteration asks for, `seconds` after the start of the test. */
  readonly iterate: (iterationInTest: number, seconds?: number) => Asked;
}

/** Runs what k6 runs, with stand-ins for its modules. */
function load(script: string, env: Record<string, string> = { BASE_URL: TARGET }): Loaded {
  const { code } = transformSync(script, { module: { type: 'commonjs' }, jsc: { target: 'es2022' } });
  const asked: Asked[] = [];
  const scenario = { iterationInTest: 0, startTime: 1_000_000 };
  let now = 0;
  const modules: Record<string, unknown> = {
    'k6/execution': { scenario },
    'k6/http': {
      setResponseCallback: () => undefined,
      expectedStatuses: () => undefined,
      request: (method: string, url: string, body: string | undefined, params: object) =>
        asked.push({ method, url, body, ...params } as Asked),
    },
  };
  const exported = {} as {
    options: { scenarios: { release: Loaded['scenario'] }; thresholds: Loaded['thresholds'] };
    default: () => void;
  };
  const run = compileFunction(code, ['require', 'exports', '__ENV', 'Date']);
  run((name: string) => ({ __esModule: true, default: modules[name] }), exported, env, { now: () => now });
  return {
    thresholds: exported.options.thresholds,
    scenario: exported.options.scenarios.release,
    iterate: (iterationInTest, seconds = 0) => {
      scenario.iterationInTest = iterationInTest;
      now = scenario.startTime + seconds * 1000;
      exported.default();
      return asked.pop()!;
    },
  };
}

const secondsOf = (duration: string): number => {
  expect(duration).toMatch(/^\d+ms$/);
  return Number(duration.slice(0, -2)) / 1000;
};

/** The rate of the stages at each sample. */
function rates({ scenario }: Loaded, samples: number, stepSeconds: number): number[] {
  const found = [scenario.startRate];
  let rate = scenario.startRate;
  for (const { duration, target } of scenario.stages) {
    const steps = secondsOf(duration) / stepSeconds;
    for (let step = 1; step <= steps; step += 1) found.push(rate + ((target - rate) * step) / steps);
    rate = target;
  }
  expect(found).toHaveLength(samples);
  return found;
}

/** Requests from the first to the last of evenly spaced samples, linear between them. */
const areaOf = (samples: readonly number[], stepSeconds: number): number =>
  samples.slice(1).reduce((sum, rate, index) => sum + ((rate + samples[index]!) / 2) * stepSeconds, 0);

describe('the stages', () => {
  test.each(['finale', 'episode', 'season', 'live'] as const)(
    'replay the curve of a %s within 1 %% of each sample and of all requests, in tens of stages, its peak included',
    (kind) => {
      const curve = audienceCurve(kind, 7200, DEFAULT_DEMAND_MODEL);
      const samples = Array.from(curve.requests, (rate) => 9_000_000 * rate);
      const script = load(renderK6Script(profile({ startSeconds: curve.startSeconds, requestsPerSecond: samples })));
      const replayed = rates(script, samples.length, 5);
      expect(samples.length).toBeGreaterThan(3000);
      expect(script.scenario.stages.length).toBeLessThan(100);
      for (const [index, rate] of samples.entries()) {
        expect(Math.abs(replayed[index]! - rate)).toBeLessThanOrEqual(Math.max(1, 0.01 * rate) + 1e-6);
      }
      expect(areaOf(replayed, 5) / areaOf(samples, 5)).toBeCloseTo(1, 2);
      expect(Math.max(...replayed)).toBe(Math.round(Math.max(...samples)));
    },
  );

  test('stay within 1 % or one request per second of any demand, in whole seconds and whole requests', () => {
    const demand = fc.record({
      stepSeconds: fc.integer({ min: 5, max: 60 }),
      scale: fc.double({ min: 0.001, max: 1, noNaN: true }),
      requestsPerSecond: fc.array(fc.double({ min: 0, max: 400_000, noNaN: true }), { minLength: 2, maxLength: 200 }),
      smooth: fc.boolean(),
    });
    fc.assert(
      fc.property(demand, ({ stepSeconds, scale, requestsPerSecond, smooth }) => {
        // The mean of what came so far is as smooth as curves are.
        let sum = 0;
        const rough = smooth ? requestsPerSecond.map((rate, index) => (sum += rate) / (index + 1)) : requestsPerSecond;
        const samples = rough.map((rate) => rate * scale);
        fc.pre(Math.max(...samples) >= 1);
        const script = load(renderK6Script(profile({ stepSeconds, scale, requestsPerSecond: rough })));
        const replayed = rates(script, samples.length, stepSeconds);
        for (const [index, rate] of samples.entries()) {
          expect(Math.abs(replayed[index]! - rate)).toBeLessThanOrEqual(Math.max(1, 0.01 * rate) + 1e-6);
        }
        expect(Math.max(...replayed)).toBeCloseTo(Math.round(Math.max(...samples)), 6);
        for (const { target } of script.scenario.stages) expect(Number.isInteger(target)).toBe(true);
      }),
    );
  });

  test('a straight line is one stage', () => {
    const requestsPerSecond = Array.from({ length: 1000 }, (_, index) => 100 + index);
    const { scenario } = load(renderK6Script(profile({ requestsPerSecond, stepSeconds: 10 })));
    expect([scenario.startRate, scenario.stages]).toEqual([100, [{ duration: '9990000ms', target: 1099 }]]);
  });

  test('are scaled, and so are the virtual users, whom Little’s law counts', () => {
    const requestsPerSecond = [1000, 4000, 1000];
    const { scenario } = load(renderK6Script(profile({ requestsPerSecond, scale: 0.1 })));
    expect(scenario).toEqual({
      executor: 'ramping-arrival-rate',
      startRate: 100,
      timeUnit: '1s',
      stages: [
        { duration: '5000ms', target: 400 },
        { duration: '5000ms', target: 100 },
      ],
      // 400 a second for 0.25 s and for 1 s, and ten to spare.
      preAllocatedVUs: 110,
      maxVUs: 410,
      gracefulStop: '10s',
    });
  });

  test.each([
    ['one sample', { requestsPerSecond: [100] }, 'requestsPerSecond must hold at least 2 samples, got 1'],
    [
      'less than a request per second',
      { requestsPerSecond: [4, 4], scale: 0.1 },
      'scale must leave at least 1 request per second at the peak, got 0.1; mend: raise it',
    ],
  ])('%s is refused', (_, fields, message) => {
    expect(() => renderK6Script(profile(fields))).toThrow(new RangeError(message));
  });
});

describe('the requests', () => {
  const { iterate } = load(renderK6Script(profile()));
  const mixOf = (iterations: readonly number[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const iteration of iterations) {
      const { name } = iterate(iteration).tags;
      counts[name] = (counts[name] ?? 0) + 100 / iterations.length;
    }
    return counts;
  };

  test('are mixed as those of the finale at its peak are in the demand model', () => {
    const model = DEFAULT_DEMAND_MODEL;
    const peak = (finale.requestsPeakSeconds - finale.startSeconds) / finale.stepSeconds;
    const percent = (requests: number): number => (100 * requests) / finale.requestsPeak;
    const play = percent(finale.plays[peak]!);
    const refresh = percent((finale.lobby[peak]! * model.requestsPerRefresh) / model.refreshSeconds);
    const heartbeat = percent(finale.viewers[peak]! * model.heartbeatsPerSecond);
    const expected = {
      open: play + refresh,
      play,
      // Ten of the twelve requests of a play have no route of their own.
      heartbeat: heartbeat + (model.requestsPerPlay - 2) * play,
      exit: percent(finale.exits[peak]! * model.requestsPerExit),
    };
    const mix = mixOf(Array.from({ length: 10_000 }, (_, iteration) => iteration));
    expect(Object.keys(mix).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, share] of Object.entries(expected)) expect(Math.abs(mix[name]! - share)).toBeLessThan(1);
  });

  test.each([1, 2, 3, 4, 7, 10, 1000])(
    'are mixed alike for each load generator that runs every %i. iteration',
    (every) => {
      const mix = mixOf(Array.from({ length: 2000 }, (_, index) => 1_000_000_000 + every * index));
      for (const [name, share] of Object.entries({ open: 22, play: 6, heartbeat: 71, exit: 1 })) {
        expect(Math.abs(mix[name]! - share)).toBeLessThan(1);
      }
    },
  );

  test('each carry a session of their own, the same in each run', () => {
    const sessions = Array.from(
      { length: 5000 },
      (_, iteration) => iterate(iteration).headers?.['x-session-id'],
    ).filter((session) => session !== undefined);
    expect(sessions.length).toBeGreaterThan(3000);
    expect(new Set(sessions).size).toBe(sessions.length);
    for (const session of sessions)
      expect(session).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);
    const again = load(renderK6Script(profile()));
    expect(again.iterate(4242)).toEqual(iterate(4242));
  });

  test('belong to quarters of an hour from the premiere, each of which must be answered', () => {
    const { thresholds } = load(renderK6Script(profile()));
    expect(iterate(0, 0).tags.from).toBe('T-00h30');
    expect(iterate(0, 899).tags.from).toBe('T-00h30');
    expect(iterate(0, 900).tags.from).toBe('T-00h15');
    expect(iterate(0, 1800).tags.from).toBe('T+00h00');
    expect(iterate(0, 1800 + 8100).tags.from).toBe('T+02h15');
    // What is under way at the end comes after it.
    expect(iterate(0, 1e6).tags.from).toBe('T+14h15');
    const {
      dropped_iterations: dropped,
      http_req_failed: failed,
      http_req_duration: duration,
      ...quarters
    } = thresholds;
    expect([dropped, failed, duration]).toEqual([['count==0'], ['rate<=0.01'], ['p(99)<=10000']]);
    expect(Object.keys(quarters)).toHaveLength(60);
    expect(quarters['http_req_failed{from:T+00h00}']).toEqual(['rate<=0.01']);
  });

  test('time out as the rehearsal says', () => {
    const { thresholds, iterate } = load(renderK6Script(profile({ timeoutSeconds: 2.5 })));
    expect(iterate(0).timeout).toBe('2.5s');
    expect(thresholds.http_req_duration).toEqual(['p(99)<=2500']);
  });
});

describe('the target', () => {
  const script = renderK6Script(profile());

  test.each([
    ['https://staging.example.com', 'https://staging.example.com/api/'],
    ['https://staging.example.com/', 'https://staging.example.com/api/'],
    ['http://localhost:8080', 'http://localhost:8080/api/'],
    ['http://[::1]:8080/v2/', 'http://[::1]:8080/v2/api/'],
  ])('%s is loaded', (url, prefix) => {
    expect(load(script, { BASE_URL: url }).iterate(7).url).toMatch(prefix);
  });

  test.each([undefined, ''])('none, as %p, is refused', (url) => {
    expect(() => load(script, url === undefined ? {} : { BASE_URL: url })).toThrow(
      'BASE_URL must name what to load, and is missing; mend: k6 run -e BASE_URL=https://staging.example.com script.js',
    );
  });

  test.each([
    'staging.example.com',
    'ftp://staging.example.com',
    'https://',
    'https:///path',
    'https://staging example.com',
    'https://user:secret@staging.example.com',
    'https://staging.example.com?stage=1',
    'https://staging.example.com/#top',
    'https://-example.com',
    'javascript:https://staging.example.com',
    ' https://staging.example.com',
  ])('%p is refused', (url) => {
    expect(() => load(script, { BASE_URL: url })).toThrow(
      `BASE_URL must be an http or https URL without credentials, query and fragment, got "${url}"; mend: `,
    );
  });
});

describe('SPEED', () => {
  const script = renderK6Script(profile());

  test('shortens the stages and keeps their rates, and requests belong to the same quarters', () => {
    const real = load(script);
    const fast = load(script, { BASE_URL: TARGET, SPEED: '600' });
    expect(fast.scenario.stages.map(({ target }) => target)).toEqual(real.scenario.stages.map(({ target }) => target));
    for (const [index, { duration }] of fast.scenario.stages.entries()) {
      expect(secondsOf(duration)).toBeCloseTo(secondsOf(real.scenario.stages[index]!.duration) / 600, 3);
    }
    expect(fast.iterate(0, 3).tags.from).toBe('T+00h00');
  });

  test.each(['0', '-1', '0.5', 'fast', 'NaN', 'Infinity', '10001'])('%s is refused', (speed) => {
    expect(() => load(script, { BASE_URL: TARGET, SPEED: speed })).toThrow(
      `SPEED must be a number from 1 to 10000, got "${speed}"; mend: leave it out`,
    );
  });
});

describe('the head of the script', () => {
  const headOf = (script: string): string => script.slice(0, script.indexOf('\nimport '));

  test('says what it is, how it is run, and what to know before', () => {
    expect(headOf(renderK6Script(profile({ scale: 0.25 })))).toMatchInlineSnapshot(`
     "// @ts-check
     //
     // The demand of a release as a load test, written by prescale 1.2.3 (rehearse --emit k6).
     //
     //   release      the-finale: The finale
     //   premiere     2026-01-01T01:00:00Z (T); the test begins at T-0:30:00
     //   environment  prod: its demand, baseline included
     //   scale        0.25 of that demand
     //   sends        1,323,257,860 requests in 15.0 h, at most 93,614 per second
     //
     //   k6 run -e BASE_URL=https://staging.example.com script.js
     //
     // Try it first, all of it in a minute, with a part of the requests. That proves the script and not the service, for the rises are as much
     // steeper as time is shorter.
     //
     //   k6 run -e BASE_URL=https://staging.example.com -e SPEED=898 --execution-segment 0:1/937 script.js
     //
     // Above what one load generator bears, start k6 on several at the same time, each with its segment, here the first of four:
     //
     //   k6 run -e BASE_URL=https://staging.example.com --execution-segment 0:1/4 --execution-segment-sequence 0,1/4,2/4,3/4,1 script.js
     //
     // k6 keeps the durations of all requests in memory until it ends: about 124 GiB over all generators. One that is too busy sends
     // late without a word: the iterations of all generators must add up to the requests above.
     //
     // To test the planned floors, begin at 2026-01-01T00:30:00Z where this release is deployed for that premiere, or raise the floor first.
     //
     // Exit codes of k6: 0 when 99 of 100 requests, in each quarter of an hour, were answered within the timeout and none was left out; 99 when
     // not.
     //
     // Before you run it:
     // - Load only what is yours, never production, and with the leave of whoever owns the account and pays for it.
     // - From EC2 instances the network stress test policy of AWS holds, https://aws.amazon.com/ec2/testing/: read whether your rate falls under
     //   it. Traffic that is meant to overwhelm a target is no load test to AWS, but a simulated attack, with a policy of its own.
     // - All of it comes from few addresses: a web ACL that limits addresses must count and not block.
     //
     // What it leaves out: retries of clients, new connections (a virtual user keeps its own), and that the mix changes over the night.
     "
    `);
  });

  test('tries a small load as it is', () => {
    expect(headOf(renderK6Script(profile(SHORT)))).toContain(' -e SPEED=1 script.js\n');
  });

  test.each(['\n', '\r', '\u2028', '\u2029', '*/ ', '\u0085'])('stays a comment when a title holds %j', (text) => {
    const script = renderK6Script(profile({ title: `The${text}throw new Error()`, environment: `prod${text}throw 1` }));
    for (const line of headOf(script).split(/[\n\r\u2028\u2029]/)) expect(line).toMatch(/^(\/\/|$)/);
    expect(load(script).scenario.startRate).toBe(68_000);
  });
});

describe('the types of k6', () => {
  /** What TypeScript says of a script for k6. */
  function check(name: string, script: string): { status: number | null; stdout: string } {
    const types = path.join(ROOT, 'node_modules', '@types');
    const [file, config] = [path.join(FOLDER, `${name}.js`), path.join(FOLDER, `${name}.json`)];
    writeFileSync(file, script);
    const compilerOptions = {
      target: 'ES2022',
      lib: ['ES2023'],
      module: 'esnext',
      moduleResolution: 'bundler',
      types: ['k6'],
      typeRoots: [types],
      paths: { k6: [path.join(types, 'k6')], 'k6/*': [path.join(types, 'k6', '*')] },
      allowJs: true,
      // The script asks for the check by itself.
      checkJs: false,
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    };
    writeFileSync(config, JSON.stringify({ compilerOptions, files: [file] }));
    return spawnSync(process.execPath, [TSC, '--project', config], { encoding: 'utf8' });
  }

  test('hold for the script', () => {
    const { status, stdout } = check('good', renderK6Script(profile()));
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  test('would find a mistake in it', () => {
    const script = renderK6Script(profile());
    const wrong = [
      ["executor: 'ramping-arrival-rate'", "executor: 'ramping-arrival-rat'"],
      ['exec.scenario.iterationInTest', 'exec.scenario.iterationsInTest'],
      ["method: 'GET'", 'method: 7'],
    ] as const;
    let bad = script;
    for (const [good, mistake] of wrong) {
      expect(bad).toContain(good);
      bad = bad.replace(good, mistake);
    }
    const { status, stdout } = check('bad', bad);
    expect(stdout.match(/error TS/g)).toHaveLength(wrong.length);
    expect(status).not.toBe(0);
  });
});

describe('against the sample service', () => {
  const SERVICE = path.join(ROOT, 'service');
  const BUNDLE = path.join(FOLDER, 'server.js');
  const k6 = process.env.K6_PATH ?? 'k6';
  const isThere = spawnSync(k6, ['version']).status === 0;
  const isRequired = process.env.REQUIRE_K6 === '1';
  const missing = `no k6 at ${k6}; mend: install it, or set K6_PATH`;
  if (!isThere && !isRequired) {
    // oxlint-disable-next-line no-console -- a skipped test says why
    console.warn(`the load test is not run by k6 itself: ${missing}`);
  }

  let service: ChildProcess | undefined;
  let url: string;

  beforeAll(async () => {
    if (isRequired && !isThere) throw new Error(`REQUIRE_K6 is 1, and there is ${missing}`);
    // The command of the image, with another place for what it writes.
    const build: string = JSON.parse(readFileSync(path.join(SERVICE, 'package.json'), 'utf8')).scripts.build;
    const { status, stderr } = spawnSync(build.replace('dist/server.js', BUNDLE), {
      shell: true,
      cwd: SERVICE,
      encoding: 'utf8',
      env: { PATH: `${path.join(ROOT, 'node_modules', '.bin')}${path.delimiter}${process.env.PATH}` },
    });
    if (status !== 0) throw new Error(`the build ended with ${status}: ${stderr}`);
    const started = spawn(process.execPath, [BUNDLE], {
      // A busy machine is no reason to refuse a play.
      env: { PATH: process.env.PATH, PORT: '0', WORKERS: '1', MAX_EVENT_LOOP_DELAY_MS: '10000', NODE_NO_WARNINGS: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    service = started;
    let log = '';
    url = await new Promise((resolve, reject) => {
      started.stdout.on('data', (chunk) => {
        log += String(chunk);
        const found = /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(log);
        if (found) resolve(found[1]!);
      });
      started.once('close', () => reject(new Error(`the service does not listen: ${log}`)));
    });
  });

  afterAll(async () => {
    if (service?.exitCode !== null || service.signalCode !== null) return;
    service.kill('SIGKILL');
    await once(service, 'close');
  });

  test('each kind of request is one that it answers', async () => {
    const { iterate } = load(renderK6Script(profile()), { BASE_URL: url });
    const answers: Record<string, number> = {};
    for (let iteration = 0; Object.keys(answers).length < 4; iteration += 1) {
      const { method, url: address, body, headers, tags } = iterate(iteration);
      const response = await fetch(address, { method, body, headers });
      await response.text();
      answers[tags.name] = response.status;
    }
    expect(answers).toEqual({ open: 200, play: 201, heartbeat: 204, exit: 204 });
  });

  (isThere || isRequired ? describe : describe.skip)('by k6', () => {
    /** What k6 reports at the end, as far as tests read it. */
    interface Summary {
      readonly metrics: Record<string, Record<string, number> & { readonly thresholds?: Record<string, boolean> }>;
    }

    function run(
      name: string,
      script: string,
      ...args: string[]
    ): { status: number | null; stderr: string; summary: Summary } {
      const [file, report] = [path.join(FOLDER, `${name}.js`), path.join(FOLDER, `${name}-summary.json`)];
      writeFileSync(file, script);
      const { status, stderr } = spawnSync(
        k6,
        ['run', '--quiet', '--no-usage-report', '--address', '', '--summary-export', report, ...args, file],
        { encoding: 'utf8', cwd: FOLDER, env: { PATH: process.env.PATH, HOME: FOLDER } },
      );
      const summary = status === 0 || status === 99 ? JSON.parse(readFileSync(report, 'utf8')) : { metrics: {} };
      return { status, stderr, summary };
    }

    test('a short night is sent as its stages say, and passes', () => {
      const script = renderK6Script(profile(SHORT));
      const { status, summary } = run('short', script, '-e', `BASE_URL=${url}`, '-e', 'SPEED=5');
      const { http_reqs: requests, http_req_failed: failed, dropped_iterations: dropped } = summary.metrics;
      // A thousand of half a minute, in a fifth of it.
      const expected = areaOf(SHORT.requestsPerSecond!, 5) / 5;
      expect(Math.abs(requests!.count! - expected)).toBeLessThan(0.05 * expected);
      expect([failed!.value, dropped?.count ?? 0]).toEqual([0, 0]);
      expect(Object.keys(summary.metrics)).toContain('http_req_failed{from:T+00h00}');
      expect(status).toBe(0);
    });

    test('one of four load generators sends a quarter', () => {
      const script = renderK6Script(
        profile({ ...SHORT, requestsPerSecond: SHORT.requestsPerSecond!.map((rate) => 4 * rate) }),
      );
      const segment = ['--execution-segment', '1/4:2/4', '--execution-segment-sequence', '0,1/4,2/4,3/4,1'];
      const { status, summary } = run('segment', script, '-e', `BASE_URL=${url}`, '-e', 'SPEED=5', ...segment);
      const expected = areaOf(SHORT.requestsPerSecond!, 5) / 5;
      expect(Math.abs(summary.metrics.http_reqs!.count! - expected)).toBeLessThan(0.05 * expected);
      expect(status).toBe(0);
    });

    test('a service that answers nothing of it fails the test', () => {
      const script = renderK6Script(profile(SHORT));
      const { status, summary } = run('failing', script, '-e', `BASE_URL=${url}/elsewhere`, '-e', 'SPEED=10');
      expect(summary.metrics.http_req_failed!.value).toBe(1);
      expect(status).toBe(99);
    });

    test('without a target k6 sends nothing and says what is missing', () => {
      const { status, stderr } = run('targetless', renderK6Script(profile(SHORT)));
      expect(stderr).toContain('BASE_URL must name what to load, and is missing; mend: ');
      expect([0, 99]).not.toContain(status);
    });

    test('k6 accepts the whole finale', () => {
      const file = path.join(FOLDER, 'finale.js');
      writeFileSync(file, renderK6Script(profile()));
      const { status, stdout } = spawnSync(k6, ['inspect', '-e', `BASE_URL=${url}`, file], { encoding: 'utf8' });
      expect(status).toBe(0);
      expect(JSON.parse(stdout).scenarios.release.stages).toHaveLength(
        load(renderK6Script(profile())).scenario.stages.length,
      );
    });
  });
});
