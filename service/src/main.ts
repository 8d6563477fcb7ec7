import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { buildApp } from './app';
import { type Config, readConfig } from './config';
import { MemorySessions, TableSessions, type SessionStore } from './sessions';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What no try can mend without a change of the configuration. */
function refuse(problems: readonly string[]): void {
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = 2;
}

/**
 * One process for each vCPU, because one alone would leave the rest of a task idle, and scaling policies watch the task. They share the port.
 * A signal reaches all of them; one that dies ends the task, so that ECS replaces it whole.
 */
function runWorkers(count: number): void {
  let isStopping = false;
  const stop = (): void => {
    isStopping = true;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  cluster.on('exit', (_, code, signal: string | null) => {
    // It was told to stop before it had begun to listen for that.
    if (isStopping && signal === 'SIGTERM') return;
    if (code !== 0 || !isStopping) process.exitCode = code || 1;
    if (!isStopping) stop();
  });
  for (let worker = 0; worker < count; worker += 1) cluster.fork();
}

function main(): Promise<void> | void {
  const config = readConfig(process.env, availableParallelism());
  if ('problems' in config) return refuse(config.problems);

  if (cluster.isPrimary && config.workers > 1) return runWorkers(config.workers);
  return serve(config);
}

async function serve({ port, sessionTable, drainSeconds, maxEventLoopDelayMs }: Config): Promise<void> {
  let sessions: SessionStore = new MemorySessions();
  if (sessionTable !== undefined) {
    try {
      sessions = await TableSessions.open(sessionTable);
    } catch (error) {
      cluster.worker?.disconnect();
      return refuse([`SESSION_TABLE ${sessionTable} cannot be used: ${messageOf(error)}; mend: set AWS_REGION`]);
    }
  }
  const app = buildApp({ sessions, maxEventLoopDelayMs });

  const giveUp = (reason: string): void => {
    app.log.error({ reason }, 'ended before all requests were');
    // What is stuck would keep the process; the log is written as it is called.
    // oxlint-disable-next-line no-restricted-properties -- see above
    process.exit(1);
  };
  let isStopping = false;
  const stop = (signal: string): void => {
    if (isStopping) return giveUp(`another ${signal}`);
    isStopping = true;
    app.log.info({ signal, drainSeconds }, 'draining');
    setTimeout(() => giveUp(`${drainSeconds} s have passed`), drainSeconds * 1000).unref();
    app.close().then(
      () => {
        app.log.info('stopped');
        cluster.worker?.disconnect();
      },
      (error: unknown) => giveUp(messageOf(error)),
    );
  };
  process.on('SIGTERM', stop);
  // A terminal sends this to all processes; the one that started the others passes it on.
  process.on('SIGINT', cluster.isWorker ? () => undefined : stop);

  app.log.info({ sessions: sessionTable ?? 'memory', drainSeconds, maxEventLoopDelayMs }, 'starting');
  try {
    await app.listen({ port, host: '0.0.0.0' });
  } catch (error) {
    // A signal during the start.
    if (isStopping) return;
    await app.close();
    cluster.worker?.disconnect();
    refuse([`PORT ${port} cannot be listened on: ${messageOf(error)}; mend: another port`]);
  }
}

void main();
