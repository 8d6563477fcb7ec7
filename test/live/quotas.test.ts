import { liveClients } from '../../lib/live/clients';
import { openRequest, readAccount, readQuotas, requestIncrease } from '../../lib/live/quotas';
import { FakeQuotas, useAddress } from './fake-quotas';

const VCPU = { id: 'fargate/L-3032A538', service: 'fargate', code: 'L-3032A538', region: 'eu-west-1' };
const TARGETS = {
  id: 'elasticloadbalancing/L-7E6692B2',
  service: 'elasticloadbalancing',
  code: 'L-7E6692B2',
  region: 'eu-west-1',
};
const REQUESTS = { id: 'cloudfront/L-A2C80159', service: 'cloudfront', code: 'L-A2C80159', region: 'us-east-1' };
const FIXED = { id: 'ecs/tasks-per-service', service: 'ecs', code: '', region: 'eu-west-1' };
const NEEDS = [VCPU, TARGETS, REQUESTS, FIXED];

let aws: FakeQuotas;
let undo: () => void;

beforeEach(async () => {
  aws = new FakeQuotas();
  undo = useAddress(await aws.start());
  aws.defaults = { 'L-3032A538': 6, 'L-7E6692B2': 1000, 'L-A2C80159': 250_000 };
});

afterEach(async () => {
  undo();
  await aws.stop();
});

const read = () => readQuotas(liveClients('eu-west-1'), NEEDS);

/** What went wrong with each that is not known. */
async function troubles(): Promise<Record<string, string>> {
  const facts = await read();
  return Object.fromEntries([...facts].flatMap(([id, fact]) => (fact.known ? [] : [[id, fact.trouble.kind]])));
}

describe('what is granted', () => {
  test("is the account's own value, or AWS's default where it has none; fixed limits are in no account", async () => {
    aws.applied = { 'L-3032A538': 8000 };
    expect([...(await read())]).toEqual([
      [VCPU.id, { known: true, value: { value: 8000, isDefault: false } }],
      [TARGETS.id, { known: true, value: { value: 1000, isDefault: true } }],
      [REQUESTS.id, { known: true, value: { value: 250_000, isDefault: true } }],
    ]);
  });

  test("is read in the environment's region, CloudFront's in us-east-1", async () => {
    await read();
    const regions = aws.calls
      .filter(({ operation }) => operation === 'GetServiceQuota')
      .map(({ region, input }) => [input.QuotaCode, region]);
    expect(regions).toEqual([
      ['L-3032A538', 'eu-west-1'],
      ['L-7E6692B2', 'eu-west-1'],
      ['L-A2C80159', 'us-east-1'],
    ]);
  });

  test('is unknown for the one quota that may not be read, and known of the others', async () => {
    aws.failures = { 'GetServiceQuota L-7E6692B2': { code: 'AccessDeniedException' } };
    expect(await troubles()).toEqual({ [TARGETS.id]: 'permission' });
  });

  test('is unknown when the default may not be read, and never taken for none', async () => {
    aws.failures = { GetAWSDefaultServiceQuota: { code: 'AccessDeniedException' } };
    aws.applied = { 'L-3032A538': 8000 };
    expect(await troubles()).toEqual({ [TARGETS.id]: 'permission', [REQUESTS.id]: 'permission' });
  });

  test('is unknown of a quota that AWS does not know, and of one of which it cannot tell', async () => {
    aws.defaults = { 'L-A2C80159': 250_000 };
    aws.withoutValue = ['L-7E6692B2'];
    const facts = await read();
    expect(await troubles()).toEqual({ [VCPU.id]: 'refused', [TARGETS.id]: 'refused' });
    expect(facts.get(TARGETS.id)).toMatchObject({
      trouble: {
        message: expect.stringMatching(/elasticloadbalancing L-7E6692B2: SERVICE_QUOTA_NOT_AVAILABLE_ERROR: try later/),
      },
    });
  });

  test('is not asked again of a region in which the credentials have expired', async () => {
    aws.failures = { '*': { code: 'ExpiredTokenException' } };
    expect(await troubles()).toEqual({
      [VCPU.id]: 'credentials',
      [TARGETS.id]: 'credentials',
      [REQUESTS.id]: 'credentials',
    });
    expect(aws.calls.map(({ region }) => region)).toEqual(['eu-west-1', 'us-east-1']);
  });

  test('is read when throttling passes, and unknown while it lasts', async () => {
    aws.failures = { GetServiceQuota: { code: 'TooManyRequestsException', times: 1 } };
    expect(await troubles()).toEqual({});
    aws.failures = { 'GetServiceQuota L-7E6692B2': { code: 'TooManyRequestsException' } };
    expect(await troubles()).toEqual({ [TARGETS.id]: 'throttled' });
    // Adaptive retries wait.
  }, 30_000);
});

describe('a request for an increase', () => {
  const clients = () => liveClients('eu-west-1');

  test('is made in the region of the quota', async () => {
    expect(await requestIncrease(clients(), REQUESTS, 600_000)).toEqual({
      known: true,
      value: { id: 'request-1', status: 'PENDING', desired: 600_000 },
    });
    expect(aws.calls[0]).toEqual({
      operation: 'RequestServiceQuotaIncrease',
      region: 'us-east-1',
      input: { ServiceCode: 'cloudfront', QuotaCode: 'L-A2C80159', DesiredValue: 600_000 },
    });
  });

  test('that AWS has not answered is found, on whatever page', async () => {
    const past = { Status: 'APPROVED', DesiredValue: 100 };
    aws.requests['L-3032A538'] = [
      { Id: 'a', ...past },
      { Id: 'b', ...past },
      { Id: 'c', Status: 'CASE_OPENED', DesiredValue: 8000 },
    ];
    expect(await openRequest(clients(), VCPU)).toEqual({
      known: true,
      value: { id: 'c', status: 'CASE_OPENED', desired: 8000 },
    });
    expect(aws.calls).toHaveLength(2);
  });

  test.each(['APPROVED', 'DENIED', 'NOT_APPROVED', 'CASE_CLOSED', 'INVALID_REQUEST'])(
    'that is %s is over',
    async (Status) => {
      aws.requests['L-3032A538'] = [{ Id: 'a', Status, DesiredValue: 8000 }];
      expect(await openRequest(clients(), VCPU)).toEqual({ known: true, value: undefined });
    },
  );

  test('that AWS refuses says what AWS says', async () => {
    aws.failures = { RequestServiceQuotaIncrease: { code: 'ResourceAlreadyExistsException' } };
    expect(await requestIncrease(clients(), VCPU, 8000)).toMatchObject({
      known: false,
      trouble: { kind: 'refused', message: expect.stringContaining('ResourceAlreadyExistsException') },
    });
  });
});

test('the account is that of the credentials', async () => {
  expect(await readAccount(liveClients('eu-west-1'))).toEqual({ known: true, value: '123456789012' });
  aws.failures = { GetCallerIdentity: { code: 'ExpiredToken' } };
  expect(await readAccount(liveClients('eu-west-1'))).toMatchObject({ known: false, trouble: { kind: 'credentials' } });
});
