import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { ECSClient } from '@aws-sdk/client-ecs';
import { STSClient } from '@aws-sdk/client-sts';
import { runMain } from '../lib/commands/main';
import { runProve } from './program';
import type { Clients } from './proving-account';
import type { Clock } from './steps';

/** A call that AWS throttles is tried again, more slowly each time. */
function connect(region: string): Clients {
  const settings = {
    region,
    retryMode: 'adaptive',
    maxAttempts: 8,
    requestHandler: { connectionTimeout: 5000, requestTimeout: 30_000, throwOnRequestTimeout: true },
  };
  return {
    // The first call tells soon that nothing can be reached.
    identity: new STSClient({ ...settings, maxAttempts: 3 }),
    services: new ECSClient(settings),
    scaling: new ApplicationAutoScalingClient(settings),
    stacks: new CloudFormationClient(settings),
  };
}

const clock: Clock = {
  now: () => Date.now() / 1000,
  sleep: async (seconds, signal) => {
    try {
      await wait(seconds * 1000, undefined, { signal });
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    }
  },
};

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Once is enough, and npm hands a Ctrl-C on a second time: what was made is deleted all the same.
  process.on(name, () => interruption.abort());
}

const suffix = randomBytes(4).toString('hex');
runMain((args, output) => runProve(args, output, { connect, clock, signal: interruption.signal, suffix }));
