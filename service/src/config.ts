/** What the environment of the process says. */
export interface Config {
  /** Port to listen on; 0 takes a free one, which the log names. @default 8080 */
  readonly port: number;
  /** DynamoDB table of sessions. @default - sessions are kept in memory, for trying the service out */
  readonly sessionTable?: string;
  /** Seconds that requests under way may take after the signal to stop. @default 25, below the 30 s after which ECS kills a task */
  readonly drainSeconds: number;
  /** Processes that serve. @default one for each processor */
  readonly workers: number;
  /** Average delay of the event loop, in milliseconds, above which plays and exits are refused. @default 100 (judgement) */
  readonly maxEventLoopDelayMs: number;
}

/**
 * The configuration, or all that is wrong with it.
 *
 * @param processors those that the process may use
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  processors: number,
): Config | { readonly problems: string[] } {
  const problems: string[] = [];
  const readWhole = (name: string, least: number, most: number, fallback: number): number => {
    const text = env[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      problems.push(
        `${name} must be a whole number from ${least} to ${most}, got ${JSON.stringify(text)}; mend: ${fallback}`,
      );
    }
    return value;
  };
  const port = readWhole('PORT', 0, 65_535, 8080);
  // ECS on Fargate waits 120 s at most.
  const drainSeconds = readWhole('DRAIN_SECONDS', 1, 120, 25);
  const maxEventLoopDelayMs = readWhole('MAX_EVENT_LOOP_DELAY_MS', 1, 10_000, 100);
  const workers = readWhole('WORKERS', 1, 64, processors);
  const sessionTable = env.SESSION_TABLE;
  if (sessionTable !== undefined && !/^[\w.-]{3,255}$/.test(sessionTable)) {
    problems.push(
      `SESSION_TABLE must be the name of a DynamoDB table, got ${JSON.stringify(sessionTable)}; ` +
        'mend: its name, or leave the variable out to keep sessions in memory',
    );
  }
  return problems.length > 0 ? { problems } : { port, sessionTable, drainSeconds, workers, maxEventLoopDelayMs };
}
