import { randomInt, randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import fastify, { LogController, type FastifyError, type FastifyInstance, type onRequestHookHandler } from 'fastify';
import type { SessionStore } from './sessions';

/** How long a session lives when nobody ends it. */
const SESSION_SECONDS = 8 * 3600;

/** How often a player says that it still plays. */
const HEARTBEAT_SECONDS = 60;

/** The load balancer closes idle connections after 60 s. A task that did so first would answer a request in flight with a reset. */
const KEEP_ALIVE_MS = 65_000;

/** Least time between two log lines about failures. A broken table fails thousands of requests a second in each task. */
const FAILURE_LOG_MS = 10_000;

/** What everybody sees on opening the application. `reduced` says whether rows were left out to spare what makes them. */
const HOME_PAGE = {
  rows: [
    { name: 'New this week', titles: ['the-harbour', 'low-tide'] },
    { name: 'Everybody watches', titles: ['the-harbour', 'night-train', 'six-letters'] },
  ],
  reduced: false,
};

const SESSION_HEADER = {
  type: 'object',
  required: ['x-session-id'],
  properties: { 'x-session-id': { type: 'string', format: 'uuid' } },
} as const;

export interface AppOptions {
  readonly sessions: SessionStore;
  /** See `Config`. */
  readonly maxEventLoopDelayMs: number;
}

/**
 * The HTTP API. Errors are JSON with `statusCode`, `error` and `message`; see the README for the routes.
 *
 * `close()` drains: `/health` answers 503, no connection is accepted, requests under way are answered, and each connection is closed as
 * soon as none of its requests is. It resolves when all are closed, however long that takes.
 */
export function buildApp({ sessions, maxEventLoopDelayMs }: AppOptions): FastifyInstance {
  const app = fastify({
    logger: true,
    // A line for each request of thousands of tasks costs more than the tasks' work; the load balancer has a log of them.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 4096,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Above the time that a connection may be idle, so that neither ends a connection that the load balancer still uses.
    http: { headersTimeout: KEEP_ALIVE_MS + 1000 },
    requestTimeout: KEEP_ALIVE_MS + 5000,
    // A request that arrives while the task drains is served: it can be, and a refusal would reach a viewer.
    return503OnClosing: false,
    // A number is no title, and is not made one.
    ajv: { customOptions: { coerceTypes: false } },
  });
  const loop = watchEventLoop(maxEventLoopDelayMs);
  const drain = watchDrain(app);
  const logFailure = sparsely(FAILURE_LOG_MS, (error: unknown, failures: number) =>
    app.log.error({ err: error, failures }, 'requests fail'),
  );
  app.addHook('onClose', (_, done) => {
    loop.stop();
    sessions.close();
    done();
  });

  app.addHook('onRequest', (_, reply, done) => {
    void reply.header('cache-control', 'no-store');
    done();
  });

  app.setErrorHandler((error: FastifyError, _, reply) => {
    const statusCode = error.statusCode !== undefined && error.statusCode >= 400 ? error.statusCode : 500;
    if (statusCode >= 500) logFailure(error);
    // Spread, so that those who were refused do not come back together.
    if (statusCode === 503) reply.header('retry-after', randomInt(1, 6));
    // What broke in here is nobody else's business.
    const message = statusCode === 500 ? 'something went wrong' : error.message;
    return reply.code(statusCode).send({ statusCode, error: STATUS_CODES[statusCode], message });
  });

  /** For the routes that cost more than their refusal does: retries of what is refused cannot feed the overload. */
  const refuseWhenOverloaded: onRequestHookHandler = (_request, _reply, done) => {
    done(loop.isLagging() ? unavailable('overloaded, try again later') : undefined);
  };

  // Says nothing about the table: a table in trouble would otherwise take all tasks out of service.
  app.get('/health', (_, reply) => {
    const isDraining = drain.isDraining();
    void reply.code(isDraining ? 503 : 200).send({ status: isDraining ? 'draining' : 'ok' });
  });

  // The same for everybody, so that the CDN asks once for all who open the application in the same seconds, and has an answer
  // when this service has none.
  app.get('/api/open', (_, reply) => {
    void reply
      .header('cache-control', 'public, max-age=10, stale-while-revalidate=60, stale-if-error=86400')
      .send(HOME_PAGE);
  });

  app.post<{ Body: { title: string } }>(
    '/api/play',
    {
      onRequest: refuseWhenOverloaded,
      schema: {
        body: {
          type: 'object',
          required: ['title'],
          properties: { title: { type: 'string', minLength: 1, maxLength: 200 } },
        },
      },
    },
    async ({ body: { title } }, reply) => {
      const session = randomUUID();
      const now = Date.now();
      // A play that is not recorded is not allowed: limits on concurrent plays and billing would stand on these records.
      await stored(
        sessions.put({
          session,
          title,
          startedAt: new Date(now).toISOString(),
          expiresAt: Math.floor(now / 1000) + SESSION_SECONDS,
        }),
      );
      return reply.code(201).send({ session, heartbeatSeconds: HEARTBEAT_SECONDS });
    },
  );

  // Writes and reads nothing: at nine million viewers a write for each minute of each would be 150,000 a second. So writes grow with
  // plays, not with viewers; a session lives until its exit, or as long as `SESSION_SECONDS`.
  app.post('/api/heartbeat', { schema: { headers: SESSION_HEADER } }, (_, reply) => {
    void reply.code(204).send();
  });

  app.post<{ Headers: { 'x-session-id': string } }>(
    '/api/exit',
    { onRequest: refuseWhenOverloaded, schema: { headers: SESSION_HEADER } },
    async ({ headers }, reply) => {
      await stored(sessions.delete(headers['x-session-id']));
      return reply.code(204).send();
    },
  );

  return app;
}

function unavailable(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { statusCode: 503 });
}

/** Waits for the store; its failure is one that passes, and whose details are for the log. */
async function stored(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw unavailable('sessions cannot be stored now, try again later', error);
  }
}

/**
 * Measures how late the event loop runs what is due, which is the wait of a request before any work: an average that forgets within half
 * a second, each delay weighing as much as the time it took. A lone pause for garbage collection passes, a stuck loop does not.
 */
function watchEventLoop(limitMs: number): { isLagging: () => boolean; stop: () => void } {
  const periodMs = 20;
  const memoryMs = 500;
  let delayMs = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const elapsedMs = now - last;
    last = now;
    delayMs += (Math.max(0, elapsedMs - periodMs) - delayMs) * (1 - Math.exp(-elapsedMs / memoryMs));
  }, periodMs).unref();
  return { isLagging: () => delayMs > limitMs, stop: () => clearInterval(timer) };
}

/**
 * Closes the connections of an app that is closing.
 *
 * Node closes those that are idle at that moment, and would wait for what comes later: a connection on which nothing was ever sent, and one
 * whose request ends meanwhile and which the client keeps alive.
 */
function watchDrain(app: FastifyInstance): { isDraining: () => boolean } {
  let requests = 0;
  let isDraining = false;
  let timer: NodeJS.Timeout | undefined;
  app.server.on('request', (_, response) => {
    requests += 1;
    response.once('close', () => (requests -= 1));
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining) void reply.header('connection', 'close');
    done();
  });
  app.addHook('preClose', (done) => {
    isDraining = true;
    timer = setInterval(() => {
      if (requests === 0) app.server.closeAllConnections();
    }, 50);
    done();
  });
  app.addHook('onClose', (_, done) => {
    clearInterval(timer);
    done();
  });
  return { isDraining: () => isDraining };
}

/** Calls `log` with the first failure and then at most once in `everyMs`, with the number of failures since the last call. */
function sparsely(everyMs: number, log: (error: unknown, failures: number) => void): (error: unknown) => void {
  let failures = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    failures += 1;
    const now = performance.now();
    if (now - loggedAt < everyMs) return;
    log(error, failures);
    failures = 0;
    loggedAt = now;
  };
}
