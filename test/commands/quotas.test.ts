import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { environments } from '../../lib/environments';
import { FakeQuotas, useAddress } from '../live/fake-quotas';
import { prescale, prescaleIn } from './run';

// Commands import these by the names that they have when they are built.
jest.mock('../../lib/live/clients.js', () => jest.requireActual('../../lib/live/clients'), { virtual: true });
jest.mock('../../lib/live/quotas.js', () => jest.requireActual('../../lib/live/quotas'), { virtual: true });

const ROOT = path.join(__dirname, '..', '..');
const AS_OF = '2026-12-20T00:00:00Z';
const VCPU = 'L-3032A538';
const CDN = 'L-A2C80159';

let aws: FakeQuotas;
let undo: () => void;

beforeEach(async () => {
  aws = new FakeQuotas();
  undo = useAddress(await aws.start());
  aws.defaults = {
    'L-551A4E9D': 20,
    'L-6BAD92DD': 100,
    'L-DF5E4CA3': 5000,
    'L-CF0CBE56': 40_000,
    'L-AB614373': 40_000,
  };
  aws.applied = { [VCPU]: 8000, 'L-7E6692B2': 2000, 'L-A0D0B863': 2000, [CDN]: 1_000_000 };
});

afterEach(async () => {
  undo();
  await aws.stop();
});

const quotas = (...args: string[]) => prescale('quotas', '--env', 'prod', '--as-of', AS_OF, ...args);

interface Row {
  readonly id: string;
  readonly verdict: string;
  readonly [key: string]: unknown;
}

async function json(...args: string[]): Promise<{ code: number; rows: Row[]; requests?: Row[]; diagnostics: Row[] }> {
  const { code, out } = await quotas('--json', ...args);
  const { environments: all, diagnostics } = JSON.parse(out);
  return { code, rows: all[0].quotas, requests: all[0].requests, diagnostics };
}

const asked = (): unknown[] =>
  aws.calls.filter(({ operation }) => operation === 'RequestServiceQuotaIncrease').map(({ input }) => input);

test('an account that has all of it fits', async () => {
  const { code, out, err } = await quotas();
  expect(err).toBe('');
  expect(out).toMatchInlineSnapshot(`
   "prod: quotas as of 2026-12-20 00:00, for all windows until 2027-03-20 00:00 UTC
   quota                            counts                                               needed  when (UTC)           stated    granted  default  verdict  ask by  granted by
   fargate L-3032A538               Fargate vCPU with a rolling deploy                    4,344  2026-12-31 00:55      8,000      8,000        6  fits
   fargate L-551A4E9D               task launches per second, sustained                       9  2026-12-25 00:55         20         20       20  fits
   fargate L-6BAD92DD               task launches at once                                     0                                     100      100  fits
   elasticloadbalancing L-7E6692B2  targets of one load balancer with a rolling deploy    1,086  2026-12-31 00:55      2,000      2,000    1,000  fits
   elasticloadbalancing L-A0D0B863  targets of one target group with a rolling deploy     1,086  2026-12-31 00:55      2,000      2,000    1,000  fits
   vpc L-DF5E4CA3                   network interfaces with a rolling deploy              1,086  2026-12-31 00:55      5,000      5,000    5,000  fits
   cloudfront L-A2C80159            requests per second of one distribution             559,867  2027-01-01 00:00  1,000,000  1,000,000  250,000  fits
   ecs, fixed                       tasks of one service                                    988  2026-12-31 00:55                 5,000    5,000  fits
   dynamodb L-CF0CBE56              read units per second of one table                   12,000  2026-12-20 00:00                40,000   40,000  fits
   dynamodb L-AB614373              write units per second of one table                  35,000  2026-12-20 00:00                40,000   40,000  fits
   "
  `);
  expect(code).toBe(0);
});

test('what is short is told with what to do and by when, and exits 1', async () => {
  aws.applied = { ...aws.applied, [VCPU]: 4000, [CDN]: 250_000 };
  const { code, out } = await quotas('--as-of', '2026-12-16T00:00:00Z');
  expect(code).toBe(1);
  expect(out).toMatchInlineSnapshot(`
   "prod: quotas as of 2026-12-16 00:00, for all windows until 2027-03-16 00:00 UTC
   quota                            counts                                               needed  when (UTC)           stated  granted  default  verdict           ask by      granted by
   fargate L-3032A538               Fargate vCPU with a rolling deploy                    4,344  2026-12-31 00:55      8,000    4,000        6  short by 344      2026-12-17  2026-12-24
   fargate L-551A4E9D               task launches per second, sustained                       9  2026-12-25 00:55         20       20       20  fits
   fargate L-6BAD92DD               task launches at once                                     0                                   100      100  fits
   elasticloadbalancing L-7E6692B2  targets of one load balancer with a rolling deploy    1,086  2026-12-31 00:55      2,000    2,000    1,000  fits
   elasticloadbalancing L-A0D0B863  targets of one target group with a rolling deploy     1,086  2026-12-31 00:55      2,000    2,000    1,000  fits
   vpc L-DF5E4CA3                   network interfaces with a rolling deploy              1,086  2026-12-31 00:55      5,000    5,000    5,000  fits
   cloudfront L-A2C80159            requests per second of one distribution             559,867  2027-01-01 00:00  1,000,000  250,000  250,000  short by 309,867  2026-12-18  2026-12-25
   ecs, fixed                       tasks of one service                                    988  2026-12-31 00:55               5,000    5,000  fits
   dynamodb L-CF0CBE56              read units per second of one table                   12,000  2026-12-16 00:00              40,000   40,000  fits
   dynamodb L-AB614373              write units per second of one table                  35,000  2026-12-16 00:00              40,000   40,000  fits

   what to do:
     fargate L-3032A538: ask AWS for 8,000: prescale quotas --env prod --request
     cloudfront L-A2C80159: ask AWS for 1,000,000: prescale quotas --env prod --request
   "
  `);
});

test('a narrow terminal gets the columns that decide', async () => {
  aws.applied = { ...aws.applied, [VCPU]: 4000 };
  const { out } = await prescaleIn(100, 'quotas', '--env', 'prod', '--as-of', AS_OF);
  const [, ...table] = out.split('\n\n')[0]!.split('\n');
  expect(table[0]).toBe(
    'quota                             needed  when (UTC)          granted  verdict       granted by',
  );
  expect(Math.max(...table.map(({ length }) => length))).toBeLessThanOrEqual(100);
});

test('one quota that may not be read is unknown and exits 1, and the others are known', async () => {
  aws.failures = { [`GetServiceQuota ${VCPU}`]: { code: 'AccessDeniedException' } };
  const { code, rows, diagnostics } = await json();
  expect(code).toBe(1);
  expect(rows.filter(({ verdict }) => verdict !== 'fits')).toEqual([
    expect.objectContaining({ id: `fargate/${VCPU}`, verdict: 'unknown', granted: null, needed: 4344, stated: 8000 }),
  ]);
  expect(diagnostics).toEqual([
    expect.objectContaining({
      code: 'quotas/permission',
      message: expect.stringMatching(/^prod: what is granted of 1 quota is unknown: AccessDeniedException/),
    }),
  ]);
});

test("credentials of another account tell nothing of this environment's", async () => {
  aws.account = '999999999999';
  const { code, rows, diagnostics } = await json();
  expect(code).toBe(1);
  expect(aws.count('GetServiceQuota')).toBe(0);
  expect(rows.filter(({ verdict }) => verdict === 'fits').map(({ id }) => id)).toEqual([
    // Nothing is needed, and a limit that is the same everywhere.
    'fargate/L-6BAD92DD',
    'ecs/tasks-per-service',
  ]);
  expect(diagnostics[0]!.message).toMatch(/the credentials are of account 999999999999, and prod is in 123456789012$/);
});

test('what is needed, stated and granted is told apart where they disagree', async () => {
  aws.applied = { ...aws.applied, [VCPU]: 5000 };
  const { code, rows } = await json();
  expect(code).toBe(0);
  expect(rows.find(({ id }) => id === `fargate/${VCPU}`)).toEqual({
    id: 'fargate/L-3032A538',
    service: 'fargate',
    code: 'L-3032A538',
    region: 'us-east-1',
    target: null,
    what: 'Fargate vCPU with a rolling deploy',
    needed: 4344,
    neededAt: '2026-12-31T00:55:00Z',
    stated: 8000,
    granted: 5000,
    grantedIsDefault: false,
    default: 6,
    adjustable: true,
    verdict: 'fits',
    shortBy: 0,
    askBy: '2026-12-17T00:55:00Z',
    grantedBy: '2026-12-24T00:55:00Z',
    request: null,
    mend: 'write the 5,000 that are granted in quotas of prod in lib/environments.ts',
  });
});

describe('--request', () => {
  test('shows what it would ask for, and asks for nothing', async () => {
    aws.applied = { ...aws.applied, [VCPU]: 6, [CDN]: 250_000 };
    const { code, out } = await quotas('--request');
    expect(code).toBe(1);
    expect(out.slice(out.indexOf('requests'))).toMatchInlineSnapshot(`
     "requests per second of one distribution             559,867  2027-01-01 00:00  1,000,000  250,000  250,000  short by 309,867  now     2026-12-25
     ecs, fixed                       tasks of one service                                    988  2026-12-31 00:55               5,000    5,000  fits
     dynamodb L-CF0CBE56              read units per second of one table                   12,000  2026-12-20 00:00              40,000   40,000  fits
     dynamodb L-AB614373              write units per second of one table                  35,000  2026-12-20 00:00              40,000   40,000  fits

     what to do:
       fargate L-3032A538: ask AWS for 8,000: prescale quotas --env prod --request
       cloudfront L-A2C80159: ask AWS for 1,000,000: prescale quotas --env prod --request

     requests, none of which was made: add --yes:
       would ask for fargate L-3032A538 in us-east-1: 8,000; 4,344 Fargate vCPU with a rolling deploy are needed from 2026-12-31T00:55:00Z on
       would ask for cloudfront L-A2C80159 in us-east-1: 1,000,000; 559,867 requests per second of one distribution are needed from 2027-01-01T00:00:00Z on
     "
    `);
    expect(asked()).toEqual([]);
  });

  test('with --yes asks for what is needed, or stated if that is more, and says the ids', async () => {
    aws.applied = { ...aws.applied, [VCPU]: 6, 'L-7E6692B2': 1000 };
    const { code, out } = await quotas('--request', '--yes');
    expect(code).toBe(1);
    expect(asked()).toEqual([
      { ServiceCode: 'fargate', QuotaCode: VCPU, DesiredValue: 8000 },
      { ServiceCode: 'elasticloadbalancing', QuotaCode: 'L-7E6692B2', DesiredValue: 2000 },
    ]);
    expect(out).toMatch(/asked for fargate L-3032A538 in us-east-1: 8,000, request request-\d+ is PENDING/);
  });

  test('twice asks once: what is pending is skipped, and the table knows of it', async () => {
    aws.applied = { ...aws.applied, [VCPU]: 6 };
    await quotas('--request', '--yes');
    const again = await json('--request', '--yes');
    expect(asked()).toHaveLength(1);
    expect(again.requests).toEqual([
      expect.objectContaining({ id: 'fargate/L-3032A538', outcome: 'pending', desired: 8000 }),
    ]);
    const row = again.rows.find(({ id }) => id === 'fargate/L-3032A538')!;
    expect(row.request).toMatchObject({ status: 'PENDING', desired: 8000 });
    expect(row.mend).toMatch(/^wait for AWS: request request-\d+ for 8,000 is PENDING$/);
  });

  test('is not made while a smaller one is pending: its support case is where to ask for more', async () => {
    aws.applied = { ...aws.applied, [VCPU]: 6 };
    aws.requests[VCPU] = [{ Id: 'small', Status: 'CASE_OPENED', DesiredValue: 1000 }];
    const { requests } = await json('--request', '--yes');
    expect(asked()).toEqual([]);
    expect(requests![0]!.note).toBe(
      'request small for 1,000 is CASE_OPENED, which is too little: ask for 8,000 in its support case',
    );
  });

  test('is not made where what is granted, or whether it is asked for already, is unknown', async () => {
    aws.applied = { ...aws.applied, [CDN]: 250_000 };
    aws.failures = {
      [`GetServiceQuota ${VCPU}`]: { code: 'AccessDeniedException' },
      ListRequestedServiceQuotaChangeHistoryByQuota: { code: 'AccessDeniedException' },
    };
    const { code, requests } = await json('--request', '--yes');
    expect(code).toBe(1);
    expect(asked()).toEqual([]);
    expect(requests!.map(({ id, outcome, note }) => [id, outcome, note])).toEqual([
      [
        'fargate/L-3032A538',
        'not-asked',
        'what is granted is unknown; asked for are 8,000 where fewer than 4,344 are granted',
      ],
      ['cloudfront/L-A2C80159', 'not-asked', expect.stringMatching(/^whether it is asked for already is unknown: /)],
    ]);
  });

  test('that AWS refuses is told', async () => {
    aws.applied = { ...aws.applied, [VCPU]: 6 };
    aws.failures = { RequestServiceQuotaIncrease: { code: 'QuotaExceededException' } };
    const { requests } = await json('--request', '--yes');
    expect(requests![0]).toMatchObject({
      outcome: 'not-asked',
      note: expect.stringContaining('QuotaExceededException'),
    });
  });

  test('is never made of a limit that AWS does not raise, nor to have less', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'prescale-quotas-'));
    try {
      const file = path.join(folder, 'environments.json');
      // States far less than is granted.
      const stated = environments.map((one) => ({ ...one, quotas: { ...one.quotas, fargateVcpu: 100 } }));
      writeFileSync(file, JSON.stringify(stated));
      const entry = 'id: huge, title: Huge, premiere: 2027-01-10T19:00Z, kind: episode, floors: { playback: 5500 }';
      writeFileSync(path.join(folder, 'huge.yaml'), `releases: [{ ${entry} }]\n`);
      aws.applied = { [VCPU]: 90_000, 'L-7E6692B2': 9000, 'L-A0D0B863': 9000, [CDN]: 9_000_000, 'L-DF5E4CA3': 9000 };
      const { code, requests, rows } = await json('--environments', file, '--calendar', folder, '--request', '--yes');
      expect(code).toBe(1);
      expect(asked()).toEqual([]);
      expect(rows.filter(({ verdict }) => verdict === 'short')).toEqual([
        expect.objectContaining({ id: 'ecs/tasks-per-service', shortBy: 500, granted: 5000, code: null }),
      ]);
      expect(requests).toEqual([
        expect.objectContaining({
          id: 'ecs/tasks-per-service',
          outcome: 'not-asked',
          note: 'AWS does not raise it: use larger tasks or a second service',
        }),
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    ['for all environments at once', ['--request'], '--request asks for one environment, got 0'],
    ['for two', ['--request', '--env', 'prod', '--env', 'dev'], '--request asks for one environment, got 2'],
    ['as --yes alone', ['--yes', '--env', 'prod'], '--yes means nothing without --request'],
  ])('is refused %s', async (_, args, message) => {
    const { code, err } = await prescale('quotas', ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(aws.calls).toEqual([]);
  });
});

test('without --env all environments are listed', async () => {
  aws.applied = { [VCPU]: 8000, 'L-7E6692B2': 2000, 'L-A0D0B863': 2000, [CDN]: 1_000_000 };
  const { code, out } = await prescale('quotas', '--as-of', AS_OF);
  expect(out.match(/^\w+: quotas/gm)).toEqual(['dev: quotas', 'staging: quotas', 'prod: quotas']);
  expect(code).toBe(0);
});

// In a process of its own: errors of sockets are those of Node, not of Jest.
test.each([
  [
    'nobody answers',
    { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    'quotas/network',
  ],
  ['there are no credentials', { AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent' }, 'quotas/credentials'],
])(
  'when %s, what is needed and stated is shown all the same',
  async (_, environment, diagnostic) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'bin/prescale.ts', 'quotas', '--env', 'staging', '--as-of', AS_OF],
      { cwd: ROOT, env: { PATH: process.env.PATH, ...environment } },
    );
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((resolve) => {
      child.on('close', resolve);
    });
    expect(out).toMatch(/^fargate L-3032A538 .* 800  unknown  .* unknown /m);
    expect(err).toContain(`[${diagnostic}]`);
    expect(err).not.toMatch(/^ +at /m);
    expect(code).toBe(1);
  },
  60_000,
);
