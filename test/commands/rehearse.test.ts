import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RehearseOptions } from '../../lib/commands/rehearse';
import { runRehearse } from '../../lib/commands/run-rehearse';
import type { Environment } from '../../lib/capacity/environment';
import { environments } from '../../lib/environments';
import type { ExactSummary, PolicySummary } from '../../lib/rehearsal/summary';
import { NOW, prescale } from './run';

const ROOT = path.join(__dirname, '..', '..');
const AS_OF = '2025-12-28T00:00:00Z';
/** The finale of 2025 in prod, few draws: a second of the simulator. */
const FINALE = ['--env', 'prod', '--as-of', AS_OF, '--draws', '4'];

jest.setTimeout(60_000);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prescale-rehearse-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Document {
  readonly rehearsals: readonly {
    readonly environment: string;
    readonly release: string;
    readonly premiereAt: string;
    readonly highestFloor: number;
    readonly draws: { readonly asked: number; readonly played: number };
    readonly outageBudget: number;
    readonly verdict: { readonly code: string; readonly sentences: readonly { readonly text: string }[] };
    readonly exact: readonly ExactSummary[];
    readonly policies: readonly PolicySummary[];
  }[];
  readonly diagnostics: readonly { readonly code: string; readonly message: string; readonly line?: number }[];
}

const runs = new Map<string, ReturnType<typeof spawn>>();

/** Runs `rehearse` in a process of its own, once for the same arguments: the simulator is ten times as slow inside Jest. */
function run(args: readonly string[]): ReturnType<typeof spawn> {
  const key = args.join(' ');
  if (!runs.has(key)) runs.set(key, spawn(args));
  return runs.get(key)!;
}

function spawn(args: readonly string[], env = {}): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'bin/prescale.ts', 'rehearse', ...args],
      { cwd: ROOT, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

async function rehearse(...args: string[]): Promise<{ code: number; document: Document; err: string }> {
  const { code, out, err } = await run(['--json', ...args]);
  return { code, document: JSON.parse(out) as Document, err };
}

/** Rehearses the finale and returns its one rehearsal. */
async function finale(...args: string[]): Promise<Document['rehearsals'][number] & { exit: number }> {
  const { code, document } = await rehearse(...FINALE, ...args);
  expect(document.diagnostics.filter(({ code: found }) => !found.startsWith('assumption'))).toEqual([]);
  return { ...document.rehearsals[0]!, exit: code };
}

const outageOf = (policies: readonly PolicySummary[], name: string): number =>
  policies.find(({ policy }) => policy === name)!.outage.happened;
const exactOf = (exact: readonly ExactSummary[], name: string): ExactSummary =>
  exact.find(({ policy }) => policy === name)!;

describe('rehearse', () => {
  test('takes the next release of the plan, and says that the plan holds where reacting alone does not', async () => {
    const rehearsal = await finale();
    expect(rehearsal).toMatchObject({
      exit: 0,
      environment: 'prod',
      release: 'stranger-things-5-finale',
      premiereAt: '2026-01-01T01:00:00Z',
      highestFloor: 947,
      draws: { asked: 4, played: 4 },
      outageBudget: 0.01,
      verdict: { code: 'enough' },
    });
    expect(exactOf(rehearsal.exact, 'plan').outageMinutes).toBe(0);
    expect(exactOf(rehearsal.exact, 'target-tracking-60').outageMinutes).toBeGreaterThan(3);
    expect(outageOf(rehearsal.policies, 'plan')).toBe(0);
  });

  test('says that pre-scaling is not needed where reacting alone bears the release', async () => {
    const { code, document } = await rehearse('--env', 'prod', '--as-of', '2025-12-20T00:00:00Z', '--draws', '4');
    expect([code, document.rehearsals[0]!.release, document.rehearsals[0]!.verdict.code]).toEqual([
      0,
      'stranger-things-5-volume-2',
      'not-needed',
    ]);
  });

  test('prints the same bytes for the same seed, in another process and another time zone, and others for another seed', async () => {
    const { out } = await run(FINALE);
    expect((await spawn([...FINALE, '--seed', '1'], { TZ: 'Pacific/Chatham' })).out).toBe(out);
    expect((await run([...FINALE, '--seed', '2'])).out).not.toBe(out);
  });

  test('ends with exit code 1 when the audience is far above the forecast', async () => {
    const rehearsal = await finale('--audience', 'x6');
    expect([rehearsal.exit, rehearsal.verdict.code]).toEqual([1, 'not-enough']);
    expect(outageOf(rehearsal.policies, 'plan')).toBeGreaterThan(1);
  });

  test('shows what a missed raise costs with a guard and without one', async () => {
    expect(exactOf((await finale('--miss-raise')).exact, 'plan').outageMinutes).toBe(0);
    const alone = await finale('--miss-raise', '--no-guard');
    expect(alone.exit).toBe(1);
    expect(exactOf(alone.exact, 'plan').outageMinutes).toBeGreaterThan(3);
  });

  test('plays people who come before the floors are up, units that start slowly, and a lost zone', async () => {
    // Floors are up an hour before: nobody may come three hours early.
    expect(exactOf((await finale('--early', 'PT3H')).exact, 'plan').outageMinutes).toBeGreaterThan(3);
    const slow = await finale('--start-latency', 'PT10M');
    const usual = exactOf((await finale()).exact, 'target-tracking-60').outageMinutes;
    expect(exactOf(slow.exact, 'target-tracking-60').outageMinutes).toBeGreaterThan(usual);
    expect(exactOf(slow.exact, 'plan').outageMinutes).toBe(0);
    const lost = await finale('--lose-zone');
    expect(exactOf(lost.exact, 'plan')).toMatchObject({ outageMinutes: 0, failoverMinutes: 1 });
    // No floor changes the failover: it is not judged.
    expect(lost.exit).toBe(0);
    expect(lost).not.toHaveProperty('zoneLost');
  });

  test('takes the floors from what is deployed, and not from the calendar', async () => {
    const { out } = await prescale('plan', '--json', '--env', 'prod', '--as-of', AS_OF);
    const file = path.join(folder, 'plan.json');
    writeFileSync(file, out);
    expect(await finale('--floors', file)).toEqual(await finale());
    // A plan that somebody has cut down.
    const document = JSON.parse(out) as { environments: { targets: { actions: { min: number }[] }[] }[] };
    for (const action of document.environments[0]!.targets[0]!.actions) action.min = Math.min(action.min, 200);
    const cutDown = path.join(folder, 'cut-down.json');
    writeFileSync(cutDown, JSON.stringify(document));
    const small = await finale('--floors', cutDown);
    expect([small.highestFloor, small.exit]).toEqual([200, 1]);
    const season = await run(['--env', 'prod', '--as-of', '2026-11-21T00:00:00Z', '--draws', '1', '--floors', file]);
    expect(season.err).toContain('[floors/outside]');
    expect(exactOf(small.exact, 'plan').outageMinutes).toBeGreaterThan(0);
  });

  test('plays a recorded night in place of the curve, and a release without an audience with its peak', async () => {
    const trace = 'test/fixtures/traces/evening.csv';
    const played = await finale('--trace', trace);
    expect(played.exact).not.toEqual((await finale()).exact);
    const asked = [
      '--env',
      'prod',
      '--as-of',
      '2026-12-01T00:00:00Z',
      '--draws',
      '2',
      '--release',
      'the-small-lighthouse',
    ];
    const without = await rehearse(...asked);
    expect([without.code, without.document.rehearsals, without.document.diagnostics.at(-1)?.code]).toEqual([
      1,
      [],
      'rehearsal/no-demand',
    ]);
    const scaled = await rehearse(...asked, '--trace', trace, '--peak', '150000');
    expect(scaled.document.rehearsals).toHaveLength(1);
    const broken = await rehearse(...FINALE, '--trace', 'test/fixtures/err-traces/text.csv');
    expect([broken.code, broken.document.rehearsals]).toEqual([1, []]);
    expect(broken.document.diagnostics[0]).toMatchObject({
      code: expect.stringMatching(/^trace\//),
      line: expect.any(Number),
    });
  });

  test('shows a table for people, and writes a chart', async () => {
    const svg = path.join(folder, 'night.svg');
    const { code, out } = await run([...FINALE, '--svg', svg]);
    expect(code).toBe(0);
    expect(out).toMatch(/^stranger-things-5-finale in prod: us-east-1\/playback\n/);
    expect(out).toMatch(/^the plan +0 % /m);
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg /);
    const unwritten = await run([...FINALE, '--svg', path.join(folder, 'nowhere', 'night.svg')]);
    expect([unwritten.code, unwritten.err]).toEqual([1, expect.stringContaining('[rehearsal/svg]')]);
  });

  test('prints a load test of the demand, and rehearses nothing', async () => {
    const asked = ['rehearse', '--env', 'staging', '--as-of', AS_OF, '--emit', 'k6', '--scale', '0.01'];
    const { code, out } = await prescale(...asked);
    expect(code).toBe(0);
    expect(out).toContain("executor: 'ramping-arrival-rate'");
    // A tenth of prod's demand, and a hundredth of that: 308,000 requests per second at the peak, and the baseline's 68,000.
    expect(out).toMatch(/^const PEAK_RATE = 37\d;$/m);
    const tooSmall = await prescale(...asked.slice(0, -1), '0.000001');
    expect([tooSmall.code, tooSmall.err]).toEqual([2, expect.stringContaining('scale must leave at least')]);
  });

  test('stops when it is interrupted, and tells what is known by then', async () => {
    const interruption = new AbortController();
    let calls = 0;
    const options: RehearseOptions = {
      calendar: 'release-calendar',
      env: ['prod'],
      asOf: AS_OF,
      horizon: 'P90D',
      draws: '100000',
      seed: '1',
      guard: true,
      json: true,
    };
    const written = { out: '', err: '' };
    const output = {
      out: (text: string) => void (written.out += text),
      err: (text: string) => void (written.err += text),
    };
    const world = {
      // Two seconds pass from one look at the clock to the next.
      now: () => {
        calls += 1;
        if (calls === 8) interruption.abort();
        return new Date(NOW.getTime() + calls * 2000);
      },
      signal: interruption.signal,
    };
    // What is known so far says enough, and a gate that was cut short has not passed.
    expect(await runRehearse(options, output, world)).toBe(1);
    const { rehearsals } = JSON.parse(written.out) as Document;
    expect(rehearsals[0]!.draws.asked).toBe(100_000);
    expect(rehearsals[0]!.draws.played).toBeGreaterThan(0);
    expect(rehearsals[0]!.draws.played).toBeLessThan(10);
    expect(written.err).toMatch(/finale in prod: 1 of 100000 draws\n/);
    expect(written.err).toMatch(/stopped after \d of 100000 draws\n$/);
  });

  test('is unknown, and no success, when nothing was played', async () => {
    const interruption = new AbortController();
    interruption.abort();
    const written: string[] = [];
    const code = await runRehearse(
      { calendar: 'release-calendar', env: ['prod'], asOf: AS_OF, horizon: 'P90D', draws: '5', seed: '1', guard: true },
      { out: (text) => void written.push(text), err: () => undefined },
      { now: () => NOW, signal: interruption.signal },
    );
    expect(code).toBe(1);
    expect(written.join('')).toContain('unknown');
  });

  test.each([
    [['--draws', '0'], '--draws must be a whole number from 1 to 100000, got "0"'],
    [['--draws', '1e3'], '--draws must be a whole number from 1 to 100000, got "1e3"'],
    [['--seed', '-1'], '--seed must be a whole number from 1 to 2147483647, got "-1"'],
    [['--audience', 'twice'], '--audience must be a multiple above 0 and at most 100, got "twice"'],
    [['--audience', 'x0'], '--audience must be a multiple above 0 and at most 100, got "x0"'],
    [['--early', '15m'], '--early must be an ISO 8601 duration of whole numbers, got "15m"'],
    [['--start-latency', 'PT3H'], '--start-latency must be at most PT2H, got "PT3H"'],
    [['--peak', '5'], '--peak goes with --trace alone'],
    [['--scale', '0.5'], '--scale goes with --emit k6 alone'],
    [['--emit', 'k6', '--scale', '2'], '--scale must be above 0 and at most 1, got "2"'],
    [['--emit', 'k6'], '--emit k6 is for one environment'],
    [['--emit', 'k6', '--env', 'prod', '--json'], '--json and --emit k6 are two outputs'],
    [['--emit', 'k6', '--env', 'prod', '--lose-zone', '--draws', '5'], '--lose-zone changes no demand'],
    [['--svg', 'night.svg'], '--svg is for one environment'],
    [['--floors', 'plan.json'], '--floors is for one environment'],
    [['--emit', 'gatling'], 'Allowed choices are k6'],
    [['--release', 'stranger-things-5-final'], 'there is no release "stranger-things-5-final" in the calendar'],
  ])('%j is wrong usage', async (args, message) => {
    const { code, out, err } = await prescale('rehearse', '--as-of', AS_OF, ...args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    if (!args.includes('--json')) expect(out).toBe('');
  });

  test('names a release that is over, and an environment without a coming one', async () => {
    const over = await rehearse(...FINALE, '--release', 'luke-cage-1');
    expect([over.code, over.document.diagnostics.at(-1)]).toEqual([
      1,
      expect.objectContaining({ code: 'rehearsal/over', line: expect.any(Number) }),
    ]);
    const later = await rehearse(...FINALE, '--release', 'salt-meridian-finale');
    expect(later.document.diagnostics.at(-1)!.code).toBe('rehearsal/not-planned');
    const open = await rehearse(
      '--env',
      'prod',
      '--as-of',
      '2026-01-01T01:30:00Z',
      '--release',
      'stranger-things-5-finale',
    );
    expect([open.code, open.document.diagnostics.at(-1)!.code]).toEqual([1, 'rehearsal/over']);
    const none = await rehearse('--env', 'prod', '--as-of', '2023-01-01T00:00:00Z');
    expect([none.code, none.document.diagnostics.at(-1)!.code]).toEqual([1, 'rehearsal/no-release']);
  });
});

describe('check --rehearse', () => {
  /** prod alone, with another ceiling of what its floors may be. */
  function environmentsFile(name: string, change: Partial<Environment>): string {
    const file = path.join(folder, `${name}.json`);
    const { layers, quotas, region, zoneIds, prices } = environments.find(
      (environment) => environment.name === 'prod',
    )!;
    writeFileSync(file, JSON.stringify([{ name: 'prod', region, zoneIds, layers, quotas, prices, ...change }]));
    return file;
  }

  const asked = ['check', '--rehearse', '--as-of', AS_OF, '--horizon', 'P10D', '--environments'];

  test('passes where every coming release is within the outage budget, and says how likely an outage may be', async () => {
    const { code, out } = await prescale(...asked, environmentsFile('enough', {}));
    expect(code).toBe(0);
    expect(out).toContain('rehearsed: 1 release, no outage in 300 nights of each (up to 1 %), outage budget 1 %');
  });

  test('fails at the release whose outage is likelier than the budget', async () => {
    // A plan for a small audience, on units that are sized without headroom.
    const { layers } = environments.find(({ name }) => name === 'prod')!;
    const playback = {
      ...layers['playback']!,
      planningQuantile: 0.5,
      utilisationNormal: 0.99,
      utilisationZoneLost: 0.99,
      baselineRequestsPerSecond: 60_000,
    };
    const file = environmentsFile('tight', { layers: { playback } });
    const { code, out, err } = await prescale(...asked, file, '--json');
    expect(code).toBe(1);
    const document = JSON.parse(out) as { rehearsals: object[]; diagnostics: object[] };
    expect(document.rehearsals).toEqual([
      expect.objectContaining({ release: 'stranger-things-5-finale', outageBudget: 0.01 }),
    ]);
    expect(document.diagnostics.at(-1)).toMatchObject({
      code: 'rehearsal/outage-budget',
      severity: 'error',
      file: 'release-calendar/2016-2026-observed.yaml',
      message: expect.stringMatching(
        /^prod: stranger-things-5-finale has an outage in \d+ of 300 rehearsals, \d+(\.\d)? % \(at least .* %\), above the outage budget of 1 %$/,
      ),
    });
    expect(err).toContain('[rehearsal/outage-budget]');
    const generous = environmentsFile('generous', { layers: { playback }, outageBudget: 0.99 });
    expect((await prescale(...asked, generous)).code).toBe(0);
  });

  test('is asked for: a check without it plays nothing', async () => {
    const { out } = await prescale('check', '--as-of', AS_OF, '--json', '--env', 'prod');
    expect(JSON.parse(out)).not.toHaveProperty('rehearsals');
  });
});
