import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApplicationAutoScalingClient, DescribeScalableTargetsCommand } from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { type Trouble, troubleOf } from '../../lib/live/trouble';

/** What answers in AWS's place. */
let server: Server;
let answer: { readonly status: number; readonly type: string; readonly body: string };

beforeAll(async () => {
  server = createServer((_, response) => {
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterAll(() => once(server.close(), 'close'));

const options = (): {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  maxAttempts: number;
} => ({
  endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
});

test.each([
  [{ code: 'HPE_INVALID_CONSTANT' }],
  [{ code: 'EPROTO', syscall: 'write' }],
  [{ code: 'ENETDOWN', syscall: 'connect' }],
  [{ code: 'ERR_STREAM_PREMATURE_CLOSE' }],
])('the network fails in more than one way: %j', (fields) => {
  expect(troubleOf(Object.assign(new Error('broken'), fields))?.kind).toBe('network');
});

test('a mistake of this tool is no trouble', () => {
  expect(troubleOf(Object.assign(new Error('no file'), { code: 'ENOENT', syscall: 'open' }))).toBeUndefined();
  expect(troubleOf(new TypeError('x is not a function'))).toBeUndefined();
});

async function troubleIn(call: () => Promise<unknown>): Promise<Trouble | undefined> {
  try {
    await call();
  } catch (error) {
    return troubleOf(error);
  }
  throw new Error('the call went well');
}

const describeTargets = (): Promise<unknown> =>
  new ApplicationAutoScalingClient(options()).send(new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs' }));
const describeStacks = (): Promise<unknown> =>
  new CloudFormationClient(options()).send(new DescribeStacksCommand({ StackName: 'prod-Capacity' }));
const listSubscriptions = (): Promise<unknown> =>
  new SNSClient(options()).send(new ListSubscriptionsByTopicCommand({ TopicArn: 'arn:aws:sns:us-east-1:1:a' }));

test("SNS's word for a missing permission is one", async () => {
  const code =
    '<ErrorResponse><Error><Code>AuthorizationError</Code><Message>not you</Message></Error></ErrorResponse>';
  answer = { status: 403, type: 'text/xml', body: code };
  expect(await troubleIn(listSubscriptions)).toMatchObject({ kind: 'permission' });
});

test.each([
  ['of JSON', describeTargets],
  ['of XML', describeStacks],
])('the sign-in page of a network, in the place of an answer %s, is no fault of ours', async (_, call) => {
  answer = { status: 200, type: 'text/html', body: '<!doctype html><html><p>Welcome<br>Sign in</html>' };
  expect(await troubleIn(call)).toMatchObject({ kind: 'network' });
});

test('a page of a proxy with an error is no fault of ours', async () => {
  answer = { status: 502, type: 'text/html', body: '<html><body><h1>502 Bad Gateway</h1></body></html>' };
  expect(await troubleIn(describeTargets)).toBeDefined();
  expect(await troubleIn(describeStacks)).toBeDefined();
});

test("a certificate that is not AWS's is a trouble of the network", () => {
  const error = Object.assign(new Error('self-signed certificate in certificate chain'), {
    code: 'SELF_SIGNED_CERT_IN_CHAIN',
  });
  expect(troubleOf(error)).toMatchObject({ kind: 'network' });
});

test('a mistake of ours is none', () => {
  expect(troubleOf(new TypeError('x is not a function'))).toBeUndefined();
  expect(troubleOf('a text')).toBeUndefined();
});
