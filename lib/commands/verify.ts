import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { addCalendarOptions, interruptible, type Output } from './common';
import type { Done } from './run';
import type { VerifyOptions } from './run-verify';

const HELP = `
Answers whether an environment is ready: compares the plan of the calendar in the work tree with the live account, and says for each check
what is expected, what was found and what to do. Changes nothing.

  go       everything is as it should be
  no-go    something is not; the mend says what to type
  unknown  something could not be read: credentials, permissions, throttling, the network. That is never a go

Checks: account, stacks, release, plan, target, actions, healthy, guard, overrides, drill, image, addresses, quota/*, alarms.
docs/verify.md says what each looks at, and has a table of every fault.

Without --release the releases of the windows that are open are meant, or of the next one; both, when that opens within a day.
--wait looks every 30 seconds until the premiere, prints a line for each change, and ends with the last verdict; Ctrl-C ends it earlier.

Credentials, profile and endpoint are found as the AWS SDK does. Permissions, all of them to read:
  sts:GetCallerIdentity
  cloudformation:DescribeStacks, cloudformation:ListStackResources
  application-autoscaling:DescribeScalableTargets, application-autoscaling:DescribeScheduledActions
  ecs:DescribeServices, ecs:DescribeTaskDefinition
  elasticloadbalancing:DescribeTargetHealth
  ec2:DescribeSubnets
  ecr:DescribeImages
  lambda:GetFunctionConfiguration
  ssm:GetParametersByPath
  cloudwatch:DescribeAlarms
  sns:ListSubscriptionsByTopic
  servicequotas:GetServiceQuota, servicequotas:GetAWSDefaultServiceQuota

Examples:
  $ prescale verify --env prod                                       is the next premiere a go?
  $ prescale verify --env prod --release the-finale --wait           from T-45 min to the premiere
  $ prescale verify --env prod --json | jq -r '.checks[] | select(.verdict != "go") | .id'
  $ prescale verify --env live --environments infra/environments.js --stack Playback     floors in your own stack

Exit codes: 0 go, 1 no-go or unknown, 2 wrong usage, 3 the tool itself failed.`;

/** `verify`: go, no-go or unknown, each with evidence. */
export function addVerifyCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addCalendarOptions(
    program.command('verify').description('compares the plan with a live account: go, no-go or unknown'),
    now,
  )
    .requiredOption('--env <name>', 'environment to verify')
    .option('--environments <file>', 'module that exports environments, or a .json list (default: those of prescale)')
    .option('--release <id>', 'release to verify (default: those of the next window)')
    .option('--stack <name>', 'stack that attaches the floors, looked at alone (default: the stacks of prescale)')
    .option('--wait', 'look every 30 seconds until the premiere, and tell what changes')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (options: VerifyOptions & { readonly asOf: string }, command: Command) => {
      const isStated = command.getOptionValueSource('asOf') !== 'default';
      const verify = async (signal: AbortSignal): Promise<number> => {
        // The SDK is loaded by those commands alone that need it.
        const { runVerify } = await import('./run-verify.js');
        return runVerify({ ...options, asOf: isStated ? options.asOf : undefined }, output, { now, sleep, signal });
      };
      done(await (options.wait ? interruptible(verify) : verify(new AbortController().signal)));
    });
}

async function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(seconds * 1000, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
