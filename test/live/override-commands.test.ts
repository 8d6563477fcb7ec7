import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import type { Override } from '../../lib/capacity/override';
import { runProgram } from '../../lib/commands/program';
import { environments } from '../../lib/environments';
import { NOW, prescale } from '../commands/run';

// A command looks ten times, a second apart: here without the seconds.
jest.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

const ROOT = path.join(__dirname, '..', '..');

/** The clock of the commands says 2026-11-21T00:00:00Z. */
const ATTACHED = {
  prescale: 1,
  environment: 'prod',
  target: 'us-east-1/playback',
  resourceId: 'service/media/playback',
  asOf: '2026-11-20T00:00:00Z',
  calendarDigest: 'sha256:of-another-calendar',
  toolVersion: '0.1.0',
  guardFunction: 'guard',
};

/** As much of an account as the commands ask for; records are kept by name. */
class Account {
  account = '123456789012';
  readonly records = new Map<string, string>();
  /** The write is done, and the connection breaks instead of an answer. */
  loseAnswers = false;
  minimum = 1200;
  listed: readonly Override[] = [];
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const target = String(request.headers['x-amz-target'] ?? '').split('.')[1];
      const body = Buffer.concat(chunks).toString();
      const action = target ?? new URLSearchParams(body).get('Action') ?? 'Invoke';
      const answer = this.answer(action, target === undefined ? {} : (JSON.parse(body) as Record<string, unknown>));
      if (answer === undefined) response.destroy();
      else response.end(answer);
    });
  });

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private answer(action: string, input: Record<string, unknown>): string | undefined {
    switch (action) {
      case 'GetCallerIdentity': {
        return `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::${this.account}:user/anna</Arn><Account>${this.account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
      }
      case 'DescribeStacks': {
        const value = JSON.stringify(ATTACHED).replaceAll('"', '&quot;');
        return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>prod-Capacity</StackName><Outputs><member><OutputKey>AttachedFloors</OutputKey><OutputValue>${value}</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
      }
      case 'PutParameter': {
        this.records.set(String(input['Name']), String(input['Value']));
        return this.loseAnswers ? undefined : '{"Version":1}';
      }
      case 'DescribeScalableTargets': {
        return JSON.stringify({ ScalableTargets: [{ MinCapacity: this.minimum }] });
      }
      case 'GetParametersByPath': {
        // A list that is behind: what was written just now is not in it.
        return JSON.stringify({ Parameters: this.listed.map((one) => ({ Name: one.id, Value: JSON.stringify(one) })) });
      }
      default: {
        return '{}';
      }
    }
  }
}

const account = new Account();
const before = { ...process.env };

beforeAll(async () => {
  process.env['AWS_ENDPOINT_URL'] = await account.start();
  process.env['AWS_ACCESS_KEY_ID'] = 'none';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'none';
});

beforeEach(() => {
  account.account = '123456789012';
  account.loseAnswers = false;
  account.records.clear();
  account.listed = [];
});

afterAll(() => {
  account.stop();
  process.env = before;
});

const CALENDAR = ['--calendar', 'test/fixtures/plans/overlap', '--env', 'prod'];
const YES = ['--why', 'a test', '--yes'];
const DIFFERS = 'is not the calendar that was deployed as of 2026-11-20T00:00:00Z';

function written(): Override[] {
  return [...account.records.values()].map((text) => JSON.parse(text) as Override);
}

test('credentials of another account are an error that names both, not an empty list', async () => {
  account.account = '999999999999';
  const both = 'the credentials are of account 999999999999, and prod is in 123456789012';
  const list = await prescale('overrides', ...CALENDAR);
  expect(list).toMatchObject({ code: 1, out: '', err: expect.stringContaining(both) });
  const plan = await prescale('plan', ...CALENDAR, '--live');
  expect(plan).toMatchObject({ code: 1, err: expect.stringContaining(both) });
  expect(plan.out).toContain(`overrides of us-east-1/playback: unknown: ${both}`);
  const raise = await prescale('raise', ...CALENDAR, '--min', '1200', '--until', 'PT1H', ...YES);
  expect(raise).toMatchObject({ code: 1, err: expect.stringContaining(both) });
  expect(written()).toEqual([]);
});

test("an entry for another environment's layer is no mistake", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'prescale-known-'));
  const prod = environments.find(({ name }) => name === 'prod')!;
  const { playback } = prod.layers;
  const other = { ...prod, name: 'other', layers: { playback, search: playback } };
  writeFileSync(path.join(folder, 'environments.json'), JSON.stringify([prod, other]));
  const release = { id: 'one', title: 'One', premiere: '2026-12-31T19:00Z', kind: 'live', length: 'PT2H' };
  const entry = { ...release, floors: { search: 150 }, environments: ['other'] };
  writeFileSync(path.join(folder, 'calendar.yaml'), JSON.stringify({ releases: [entry] }));
  const files = ['--calendar', folder, '--environments', path.join(folder, 'environments.json')];
  const { code, err } = await prescale('raise', '--env', 'prod', ...files, '--min', '1200', '--until', 'PT1H', ...YES);
  rmSync(folder, { recursive: true });
  expect(err).not.toContain('unknown layer');
  // The account of this test has no action that ends it.
  expect(code).toBe(1);
  expect(written()).toMatchObject([{ kind: 'raise', min: 1200 }]);
});

describe('where the deployed calendar is another one', () => {
  test('a raise that does nothing by the one at hand goes on, with both warnings', async () => {
    const { err } = await prescale('raise', ...CALENDAR, '--min', '1', '--until', 'PT1H', ...YES);
    expect(err).toContain(`warning: test/fixtures/plans/overlap ${DIFFERS}`);
    expect(err).toContain('warning: us-east-1/playback: --min 1 would do nothing');
    expect(written()).toMatchObject([{ kind: 'raise', min: 1 }]);
  });

  test('a window that is not open here is no window, and what to do is said', async () => {
    const { code, err } = await prescale('end-window', ...CALENDAR, ...YES);
    expect(code).toBe(1);
    expect(err.indexOf(DIFFERS)).toBeGreaterThan(-1);
    expect(err.indexOf('no window of us-east-1/playback is open')).toBeGreaterThan(err.indexOf(DIFFERS));
    expect(err).toContain('the deployed calendar differs, and may hold one');
    expect(err).toMatch(/= mend: deploy this calendar, or check out .*prescale plan --format aws-cli/);
    expect(written()).toEqual([]);
  });
});

test('a list that is behind does not hide what was just written', async () => {
  account.minimum = 1199;
  const { code, err } = await prescale('raise', ...CALENDAR, '--min', '1200', '--until', 'PT1H', ...YES);
  account.minimum = 1200;
  expect(code).toBe(1);
  expect(err).toContain('the live minimum is 1,199 after 10 s, and 1,200 was expected');
}, 30_000);

test('a write whose answer was lost is unknown, and by hand the floor of the plan is kept', async () => {
  account.loseAnswers = true;
  // A process of its own: here the errors of Node's sockets are none of this realm's.
  const args = ['--no-warnings', '--import', 'tsx', 'bin/prescale.ts', 'raise', ...CALENDAR, '--until', 'PT1H', ...YES];
  const { code, err } = await new Promise<{ code: number | null; err: string }>((resolve) => {
    const child = execFile(process.execPath, [...args, '--min', '1'], { cwd: ROOT, env: process.env }, (_, __, text) =>
      resolve({ code: child.exitCode, err: text }),
    );
  });
  expect(code).toBe(1);
  expect(err).toContain(
    'it is unknown whether it was written: prescale overrides --env prod shows it; by hand it is:\n',
  );
  expect(err).not.toContain('nothing was written');
  const [, least] = /--min-capacity (\d+)/.exec(err)!;
  expect(Number(least)).toBeGreaterThan(1);
  expect(written()).toHaveLength(1);
}, 30_000);

const RAISE: Override = {
  schemaVersion: 1,
  id: '20261120T2359Z-raise-k3v9',
  kind: 'raise',
  from: '2026-11-20T23:58:00Z',
  until: '2026-11-21T02:00:00Z',
  min: 1300,
  who: 'anna',
  why: 'a test',
};

test('the break-glass script keeps a raise that holds now, and is good until it ends', async () => {
  account.listed = [RAISE];
  const { out } = await prescale('plan', ...CALENDAR, '--live', '--format', 'aws-cli');
  expect(out).toContain('--min-capacity 1300 ');
  expect(out).toContain(`printed for before ${RAISE.until};`);
});

test('a raise that is cancelled is cut short, and says by whom', async () => {
  account.listed = [RAISE];
  await prescale('overrides', ...CALENDAR, '--cancel', RAISE.id, '--yes');
  expect(written()).toMatchObject([
    { id: RAISE.id, until: '2026-11-21T00:03:00Z', endedBy: 'arn:aws:iam::123456789012:user/anna' },
  ]);
}, 30_000);

test('a drill begins, and its time is counted, when it is agreed to', async () => {
  let now = NOW;
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const terminal = jest.spyOn(process, 'stdin', 'get').mockReturnValue(stdin as unknown as typeof process.stdin);
  const { isTTY } = process.stderr;
  process.stderr.isTTY = true;
  const output = {
    out: () => undefined,
    err: (text: string) => {
      if (!text.startsWith('Do it?')) return;
      now = new Date(NOW.getTime() + 600_000);
      stdin.write('y\n');
    },
  };
  const args = ['drill', '--now', ...CALENDAR, '--min', '1200', '--for', 'PT15M', '--why', 'a test'];
  expect(await runProgram(args, output, () => now)).toBe(1);
  terminal.mockRestore();
  process.stderr.isTTY = isTTY;
  expect(written()).toMatchObject([{ from: '2026-11-21T00:10:00Z', until: '2026-11-21T00:25:00Z' }]);
}, 30_000);

test('an end-window lasts to the end of its window, and begins within it', async () => {
  const asOf = ['--as-of', '2027-01-01T00:40:00Z'];
  const { err } = await prescale('end-window', ...CALENDAR, ...asOf, ...YES);
  expect(err).toContain('this ends the window of ');
  const [override] = written();
  const plan = await prescale('plan', ...CALENDAR, '--as-of', ATTACHED.asOf, '--json');
  const { windows } = (
    JSON.parse(plan.out) as { environments: { targets: { windows: { risingAt: string; endsAt: string }[] }[] }[] }
  ).environments[0]!.targets[0]!;
  const open = windows.find(({ risingAt, endsAt }) => risingAt <= override!.from && override!.from < endsAt)!;
  expect(override).toMatchObject({ from: '2027-01-01T00:43:00Z', until: open.endsAt });
}, 30_000);
