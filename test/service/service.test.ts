import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../service/src/config';
import { MemorySessions } from '../../service/src/sessions';

const ROOT = path.join(__dirname, '..', '..');
const SERVICE = path.join(ROOT, 'service');
// What is parsed is judged by the assertions.
const readJson = (...names: string[]): ReturnType<typeof JSON.parse> =>
  JSON.parse(readFileSync(path.join(...names), 'utf8'));

const FOLDER = mkdtempSync(path.join(tmpdir(), 'prescale-service-'));
const BUNDLE = path.join(FOLDER, 'server.js');
const SESSION = '3f2b8c1e-6d55-4b0a-9c37-1f0e8a7d2b64';

// It takes a few seconds; a busy machine is no reason to fail.
jest.setTimeout(60_000);

/** A line of the log, as far as tests read it. */
interface Line {
  readonly msg: string;
  readonly pid: number;
  readonly err?: { readonly stack: string };
}

/** A running service. */
interface Service {
  readonly process: ChildProcess;
  readonly url: string;
  readonly port: number;
  /** The lines of its log so far. */
  readonly log: readonly Line[];
  /** The exit code. */
  readonly ended: Promise<number | null>;
  /** Waits for the line of the log with this message. */
  readonly says: (message: string) => Promise<Line>;
}

const processes: ChildProcess[] = [];

/** Nothing of the environment that the tests run in, credentials and regions above all. */
const bare = (env: Record<string, string>): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: FOLDER,
  // The SDK warns of the Node that the tests may run with, which is not the one of the image.
  NODE_NO_WARNINGS: '1',
  ...env,
});

/** A busy machine is no reason to refuse a play; the test of that sets a limit of its own. */
const PATIENT = { MAX_EVENT_LOOP_DELAY_MS: '10000' };

async function start(env: Record<string, string> = {}, ...nodeOptions: string[]): Promise<Service> {
  const child = spawn(process.execPath, [...nodeOptions, BUNDLE], {
    env: bare({ PORT: '0', WORKERS: '1', ...PATIENT, ...env }),
  });
  processes.push(child);
  const log: Line[] = [];
  let rest = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop()!;
    log.push(...lines.map((line) => JSON.parse(line) as Line));
  });
  child.stderr.on('data', (chunk) => (errors += chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const says = async (message: string): Promise<Line> => {
    let line: Line | undefined;
    await until(() => {
      line = log.find(({ msg }) => msg.startsWith(message));
      if (!line && child.exitCode !== null) throw new Error(`ended with ${child.exitCode} first: ${errors}`);
      return line !== undefined;
    });
    return line!;
  };
  const url = (await says('Server listening at http://127.0.0.1:')).msg.replace('Server listening at ', '');
  return { process: child, url, port: Number(new URL(url).port), log, ended, says };
}

/** Runs the service with a configuration that it refuses. */
function startRefused(env: Record<string, string>): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [BUNDLE], {
    env: bare({ WORKERS: '1', ...env }),
    encoding: 'utf8',
    timeout: 30_000,
  });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it did not come so far within 20 s');
    await sleep(20);
  }
}

/** Posts JSON, or nothing. */
const post = (
  { url }: Service,
  route: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`${url}${route}`, {
    method: 'POST',
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
  });

const play = (service: Service, title = 'night-train'): Promise<Response> => post(service, '/api/play', { title });
const sessionOf = async (response: Response): Promise<{ session: string }> =>
  (await response.json()) as { session: string };
const exit = (service: Service, session = SESSION): Promise<Response> =>
  post(service, '/api/exit', undefined, { 'x-session-id': session });

/** A connection on which a test writes by itself; what comes back collects in `received`. */
async function open({ port }: Service): Promise<{ socket: Socket; received: () => string; closed: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk) => (received += String(chunk)));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  await once(socket, 'connect');
  return { socket, received: () => received, closed };
}

const PLAY_BODY = '{"title":"night-train"}';

/** A play of which the service has the headers and half of the body. */
async function openSlowPlay(service: Service): Promise<Awaited<ReturnType<typeof open>> & { finish: () => void }> {
  const connection = await open(service);
  connection.socket.write(
    `POST /api/play HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${PLAY_BODY.length}\r\n` +
      `Expect: 100-continue\r\n\r\n${PLAY_BODY.slice(0, 10)}`,
  );
  // The answer to the expectation says that the request is under way.
  await until(() => connection.received().startsWith('HTTP/1.1 100 Continue'));
  return { ...connection, finish: () => void connection.socket.write(PLAY_BODY.slice(10)) };
}

const works = (response: ServerResponse): void => {
  response.end('{}');
};
const refuses =
  (status: number, type: string): typeof works =>
  (response) => {
    response.writeHead(status).end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}` }));
  };

/** Stands for DynamoDB: keeps what it is asked for and answers as it is told. */
class Table {
  readonly calls: { operation: string; body: ReturnType<typeof JSON.parse> }[] = [];
  answer = works;
  readonly server = createServer((request, response) => void this.take(request, response));

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const operation = String(request.headers['x-amz-target']).replace('DynamoDB_20120810.', '');
    this.calls.push({ operation, body: JSON.parse(body) });
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    this.answer(response);
  }
}

const table = new Table();
let inMemory: Service;
let withTable: Service;

beforeAll(async () => {
  // The command of the image, with another place for what it writes.
  const build: string = readJson(SERVICE, 'package.json').scripts.build;
  const { status, stderr } = spawnSync(build.replace('dist/server.js', BUNDLE), {
    shell: true,
    cwd: SERVICE,
    encoding: 'utf8',
    env: { PATH: `${path.join(ROOT, 'node_modules', '.bin')}${path.delimiter}${process.env.PATH}` },
  });
  if (status !== 0) throw new Error(`the build ended with ${status}: ${stderr}`);

  await once(table.server.listen(0, '127.0.0.1'), 'listening');
  const { port } = table.server.address() as AddressInfo;
  [inMemory, withTable] = await Promise.all([
    start(),
    start({
      SESSION_TABLE: 'sessions-of-a-test',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'key',
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`,
    }),
  ]);
});

afterAll(() => {
  for (const child of processes) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  table.server.close();
  table.server.closeAllConnections();
  rmSync(FOLDER, { recursive: true });
});

describe('routes', () => {
  test('a task that can serve is healthy', async () => {
    const response = await fetch(`${inMemory.url}/health`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('the home page is the same for everybody and may be cached', async () => {
    const response = await fetch(`${inMemory.url}/api/open`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe(
      'public, max-age=10, stale-while-revalidate=60, stale-if-error=86400',
    );
    expect(response.headers.has('set-cookie')).toBe(false);
    expect(await response.json()).toEqual({
      rows: expect.arrayContaining([
        { name: expect.any(String), titles: expect.arrayContaining([expect.any(String)]) },
      ]),
      reduced: false,
    });
  });

  test('a play opens a session of its own, which no cache keeps', async () => {
    const [first, second] = await Promise.all([play(inMemory), play(inMemory)]);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.headers.get('cache-control')).toBe('no-store');
    const [one, other] = [await sessionOf(first), await sessionOf(second)];
    expect(one).toEqual({
      session: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
      heartbeatSeconds: 60,
    });
    expect(other.session).not.toBe(one.session);
  });

  test('a heartbeat and an exit have no content, and an exit may come twice', async () => {
    const beat = await post(inMemory, '/api/heartbeat', undefined, { 'x-session-id': SESSION });
    const exits = [await exit(inMemory), await exit(inMemory)];
    expect([beat, ...exits].map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(beat.headers.get('cache-control')).toBe('no-store');
  });

  test.each([
    ['a play without a body', 400, 'body must be object', '/api/play', undefined, {}],
    ['a play without a title', 400, "body must have required property 'title'", '/api/play', {}, {}],
    ['a title that is a number', 400, 'body/title must be string', '/api/play', { title: 7 }, {}],
    ['an empty title', 400, 'body/title must NOT have fewer than 1 characters', '/api/play', { title: '' }, {}],
    ['a body that is no JSON', 400, expect.stringContaining('JSON'), '/api/play', '{"title":', {}],
    ['a body of another type', 415, 'Unsupported Media Type', '/api/play', 'a', { 'content-type': 'text/csv' }],
    ['a large body', 413, 'Request body is too large', '/api/play', { title: 'x'.repeat(5000) }, {}],
    [
      'a heartbeat of no session',
      400,
      "headers must have required property 'x-session-id'",
      '/api/heartbeat',
      undefined,
      {},
    ],
    ['an exit of no session', 400, "headers must have required property 'x-session-id'", '/api/exit', undefined, {}],
    [
      'a session that is none',
      400,
      'headers/x-session-id must match format "uuid"',
      '/api/exit',
      undefined,
      { 'x-session-id': '1' },
    ],
    ['a route that is none', 404, 'Route POST:/api/pause not found', '/api/pause', {}, {}],
  ])('%s is refused with %i and a message', async (_, statusCode, message, route, body, headers) => {
    const response = await post(inMemory, route, body, headers);
    expect(response.status).toBe(statusCode);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ statusCode, error: expect.any(String), message });
  });
});

describe('the table of sessions', () => {
  test('a play writes one item that expires after eight hours, an exit deletes it, a heartbeat does nothing', async () => {
    table.answer = works;
    table.calls.length = 0;
    const before = Date.now();
    const { session } = await sessionOf(await play(withTable, 'low-tide'));
    const beat = await post(withTable, '/api/heartbeat', undefined, { 'x-session-id': session });
    const end = await exit(withTable, session);
    expect([beat.status, end.status]).toEqual([204, 204]);
    const [put, ...others] = table.calls;
    expect(put).toEqual({
      operation: 'PutItem',
      body: {
        TableName: 'sessions-of-a-test',
        Item: {
          session: { S: session },
          title: { S: 'low-tide' },
          startedAt: { S: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) },
          expiresAt: { N: expect.stringMatching(/^\d{10}$/) },
        },
      },
    });
    const startedAt = Date.parse(put!.body.Item.startedAt.S);
    expect(startedAt).toBeGreaterThanOrEqual(before);
    expect(startedAt).toBeLessThanOrEqual(Date.now());
    expect(Number(put!.body.Item.expiresAt.N)).toBe(Math.floor(startedAt / 1000) + 8 * 3600);
    expect(others).toEqual([
      { operation: 'DeleteItem', body: { TableName: 'sessions-of-a-test', Key: { session: { S: session } } } },
    ]);
  });

  test('a table that fails costs two tries and makes clients back off; the log says so sparsely, the task stays healthy', async () => {
    table.answer = refuses(500, 'InternalServerError');
    table.calls.length = 0;
    const response = await play(withTable);
    expect(response.status).toBe(503);
    expect(['1', '2', '3', '4', '5']).toContain(response.headers.get('retry-after'));
    expect(await response.json()).toEqual({
      statusCode: 503,
      error: 'Service Unavailable',
      message: 'sessions cannot be stored now, try again later',
    });
    expect(table.calls).toHaveLength(2);

    table.answer = refuses(400, 'ResourceNotFoundException');
    const exits = await Promise.all(Array.from({ length: 5 }, () => exit(withTable)));
    expect(exits.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
    expect((await fetch(`${withTable.url}/health`)).status).toBe(200);
    const { err } = await withTable.says('requests fail');
    expect(err?.stack).toMatch(/caused by: (InternalServerError|TimeoutError)/);
    // Of six failures at least, with room for a machine on which they take more than ten seconds.
    expect(withTable.log.filter(({ msg }) => msg === 'requests fail').length).toBeLessThan(4);
  });

  test('a table that does not answer holds a play for two tries of a second', async () => {
    table.answer = () => undefined;
    const before = performance.now();
    const { status } = await play(withTable);
    const seconds = (performance.now() - before) / 1000;
    expect(status).toBe(503);
    expect(seconds).toBeGreaterThan(1.9);
    expect(seconds).toBeLessThan(4);
  });

  test('in memory, sessions that have expired make room', async () => {
    const sessions = new MemorySessions();
    const session = { title: 'low-tide', startedAt: '2026-11-21T00:00:00Z' };
    const now = Math.floor(Date.now() / 1000);
    await sessions.put({ ...session, session: 'old', expiresAt: now - 1 });
    await sessions.put({ ...session, session: 'one', expiresAt: now + 60 });
    await sessions.put({ ...session, session: 'two', expiresAt: now + 60 });
    await sessions.delete('two');
    expect([...sessions.byId.keys()]).toEqual(['one']);
  });
});

test('while the event loop lags, what costs work is refused early, the rest is answered, and it ends by itself', async () => {
  // Holds the event loop most of the time, until it is told to stop.
  const blocker = path.join(FOLDER, 'blocker.cjs');
  writeFileSync(
    blocker,
    `const timer = setInterval(() => { const end = Date.now() + 80; while (Date.now() < end); }, 90).unref();
     process.on('SIGUSR2', () => clearInterval(timer));`,
  );
  const lagging = await start({ MAX_EVENT_LOOP_DELAY_MS: '20' }, '--require', blocker);
  await until(async () => (await play(lagging)).status === 503);
  const refused = await play(lagging);
  expect([refused.status, await refused.json()]).toEqual([
    503,
    { statusCode: 503, error: 'Service Unavailable', message: 'overloaded, try again later' },
  ]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const others = await Promise.all([
    exit(lagging),
    post(lagging, '/api/heartbeat', undefined, { 'x-session-id': SESSION }),
    fetch(`${lagging.url}/api/open`),
    fetch(`${lagging.url}/health`),
  ]);
  expect(others.map(({ status }) => status)).toEqual([503, 204, 200, 200]);
  lagging.process.kill('SIGUSR2');
  await until(async () => (await play(lagging)).status === 201);
});

describe('a signal to stop', () => {
  test('lets requests under way end, tells health checks, closes what is idle, and ends with 0', async () => {
    const service = await start();
    const [idle, silent, another, slow] = await Promise.all([
      open(service),
      open(service),
      open(service),
      openSlowPlay(service),
    ]);
    idle.socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => idle.received().endsWith('{"status":"ok"}'));
    expect(idle.received()).toContain('Connection: keep-alive\r\nKeep-Alive: timeout=65\r\n');

    service.process.kill('SIGTERM');
    await idle.closed;
    await until(() =>
      open(service).then(
        ({ socket }) => {
          socket.destroy();
          return false;
        },
        (error: unknown) => (error as NodeJS.ErrnoException).code === 'ECONNREFUSED',
      ),
    );
    // The load balancer may have opened a connection that it uses only now.
    silent.socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await silent.closed;
    expect(silent.received()).toMatch(/^HTTP\/1\.1 503 [^]*\r\nconnection: close\r\n[^]*\{"status":"draining"\}$/i);

    // Others have come to their end in the meantime, and this one has not been cut.
    await sleep(150);
    slow.finish();
    await Promise.all([slow.closed, another.closed]);
    expect(slow.received()).toMatch(
      /\r\n\r\nHTTP\/1\.1 201 [^]*\r\nconnection: close\r\n[^]*"heartbeatSeconds":60\}$/i,
    );
    expect(await service.ended).toBe(0);
    expect(service.log.at(-1)?.msg).toBe('stopped');
  });

  test('ends with 1 when it comes twice, or when requests outlast the limit', async () => {
    const [impatient, limited] = await Promise.all([start(), start({ DRAIN_SECONDS: '1' })]);
    await Promise.all([openSlowPlay(impatient), openSlowPlay(limited)]);
    limited.process.kill('SIGTERM');
    impatient.process.kill('SIGTERM');
    await impatient.says('draining');
    impatient.process.kill('SIGTERM');
    expect(await impatient.ended).toBe(1);
    expect(impatient.log.at(-1)).toMatchObject({ reason: 'another SIGTERM', msg: 'ended before all requests were' });
    expect(await limited.ended).toBe(1);
    expect(limited.log.at(-1)).toMatchObject({ reason: '1 s have passed', msg: 'ended before all requests were' });
  });
});

describe('a task of two processors', () => {
  test('serves with two processes, which end with 0 together', async () => {
    const service = await start({ WORKERS: '2' });
    await until(() => service.log.filter(({ msg }) => msg.startsWith('Server listening at http://127')).length === 2);
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    service.process.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.log.filter(({ msg }) => msg === 'stopped')).toHaveLength(2);
  });

  test('ends with 1 when one of them dies, so that the task is replaced', async () => {
    const service = await start({ WORKERS: '2' });
    const { pid } = await service.says('starting');
    process.kill(pid, 'SIGKILL');
    expect(await service.ended).toBe(1);
  });
});

describe('configuration', () => {
  test('has defaults', () => {
    expect(readConfig({}, 4)).toEqual({ port: 8080, drainSeconds: 25, workers: 4, maxEventLoopDelayMs: 100 });
  });

  test.each([
    ['PORT', '65536', 'a whole number from 0 to 65535'],
    ['PORT', '', 'a whole number from 0 to 65535'],
    ['DRAIN_SECONDS', '0', 'a whole number from 1 to 120'],
    ['DRAIN_SECONDS', '1e2', 'a whole number from 1 to 120'],
    ['WORKERS', '0', 'a whole number from 1 to 64'],
    ['MAX_EVENT_LOOP_DELAY_MS', '-5', 'a whole number from 1 to 10000'],
    ['SESSION_TABLE', '', 'the name of a DynamoDB table'],
    ['SESSION_TABLE', 'my table', 'the name of a DynamoDB table'],
  ])('%s %j is refused', (name, value, allowed) => {
    expect(readConfig({ [name]: value }, 4)).toEqual({
      problems: [expect.stringMatching(`^${name} must be ${allowed}, got ${JSON.stringify(value)}; mend: `)],
    });
  });

  test('mistakes are all named, without a stack, with exit code 2', () => {
    expect(startRefused({ PORT: 'http', DRAIN_SECONDS: '600' })).toMatchObject({
      status: 2,
      stdout: '',
      stderr:
        'PORT must be a whole number from 0 to 65535, got "http"; mend: 8080\n' +
        'DRAIN_SECONDS must be a whole number from 1 to 120, got "600"; mend: 25\n',
    });
  });

  test('a table without a region, and a port that is taken, are mistakes of that kind', () => {
    expect(startRefused({ SESSION_TABLE: 'sessions' })).toMatchObject({
      status: 2,
      stderr: 'SESSION_TABLE sessions cannot be used: Region is missing; mend: set AWS_REGION\n',
    });
    expect(startRefused({ PORT: String(inMemory.port) })).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^PORT \d+ cannot be listened on: listen EADDRINUSE[^\n]+; mend: another port\n$/),
    });
  });
});

describe('the image', () => {
  const own = readJson(SERVICE, 'package.json');
  const lock = readJson(SERVICE, 'package-lock.json');

  test('holds the versions that the tests here run with', () => {
    const { devDependencies } = readJson(ROOT, 'package.json');
    const pinned = { ...own.dependencies, ...own.devDependencies };
    expect(Object.keys(pinned).length).toBeGreaterThan(0);
    for (const [name, version] of Object.entries(pinned)) {
      expect([name, version]).toEqual([name, devDependencies[name]]);
      expect([name, lock.packages[`node_modules/${name}`].version]).toEqual([name, version]);
    }
  });

  test('is locked to the contents of packages, from no registry of anybody', () => {
    const { '': root, ...packages } = lock.packages;
    expect(root.dependencies).toEqual(own.dependencies);
    for (const [name, { integrity, resolved }] of Object.entries<{ integrity: string; resolved?: string }>(packages)) {
      expect([name, integrity]).toEqual([name, expect.stringMatching(/^sha512-/)]);
      if (resolved !== undefined) expect([name, new URL(resolved).host]).toEqual([name, 'registry.npmjs.org']);
    }
  });

  test('is built by the Node that runs it, for the Node that runs it', () => {
    const dockerfile = readFileSync(path.join(SERVICE, 'Dockerfile'), 'utf8');
    const versions = [
      /^FROM node:(\d+)-/m.exec(dockerfile)?.[1],
      /^FROM gcr\.io\/distroless\/nodejs(\d+)-/m.exec(dockerfile)?.[1],
      /--target=node(\d+) /.exec(own.scripts.build)?.[1],
    ];
    expect(versions).toEqual(new Array(3).fill(expect.stringMatching(/^\d+$/)));
    expect(new Set(versions).size).toBe(1);
  });
});
