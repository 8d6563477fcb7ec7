import { REMOVAL_LIMIT_SECONDS } from './inventory';
import { TAG } from './proving-account';
import { LATE_LIMIT_SECONDS, type Question } from './question';
import { STACK_LIMIT_SECONDS } from './stack';

/** What the credentials must be allowed to do, by service. A role that CloudFormation assumes is not used. */
export const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  sts: ['GetCallerIdentity'],
  ecs: [
    'CreateCluster',
    'CreateService',
    'DeleteCluster',
    'DeleteService',
    'DeleteTaskDefinitions',
    'DeregisterTaskDefinition',
    'DescribeServices',
    'RegisterTaskDefinition',
    'TagResource',
    'UpdateService',
  ],
  'application-autoscaling': [
    'DeleteScheduledAction',
    'DeregisterScalableTarget',
    'DescribeScalableTargets',
    'DescribeScalingActivities',
    'DescribeScheduledActions',
    'ListTagsForResource',
    'PutScheduledAction',
    'RegisterScalableTarget',
    'TagResource',
  ],
  cloudformation: ['CreateStack', 'DeleteStack', 'DescribeStackEvents', 'DescribeStacks', 'TagResource', 'UpdateStack'],
  iam: ['CreateServiceLinkedRole'],
};

/** Seconds of waiting that the questions need together, when AWS does everything at once: they wait at the same time. */
export function plannedSeconds(questions: readonly Question[]): number {
  return Math.max(...questions.map(({ waits = 0 }) => waits));
}

/** Seconds of waiting after which the last question gives up, and the last deletion. */
export function longestSeconds(questions: readonly Question[]): number {
  const longest = Math.max(
    ...questions.map(
      // Minutes for reads that lag behind, and twice the time that a late action is given.
      ({ waits = 0, stackOperations = 0 }) =>
        waits + stackOperations * STACK_LIMIT_SECONDS + 2 * LATE_LIMIT_SECONDS + 180,
    ),
  );
  return longest + 3 * REMOVAL_LIMIT_SECONDS;
}

const minutes = (seconds: number): number => Math.ceil(seconds / 60);

/** What stands below the options. */
export function renderHelp(questions: readonly Question[]): string {
  const operations = Math.max(...questions.map(({ stackOperations = 0 }) => stackOperations));
  const permissions = Object.entries(PERMISSIONS)
    .map(([service, actions]) => wrap(`${service}:`, actions.join(', ')))
    .join('\n');
  return `
Asks a real AWS account the ${questions.length} questions on which docs/unverified.md is unsure, and says what the answers mean.

What it makes, and deletes again, also after Ctrl-C and when a question fails:
  an ECS cluster without instances, a task definition, services that want no tasks, their scalable targets with
  scheduled actions, and CloudFormation stacks that hold one scalable target each. All of it has ${TAG} and
  a random suffix in its name, or stands in a cluster that has, and carries the tag ${TAG} where AWS takes
  tags. What could not be deleted is listed with the commands that do it. It needs no VPC, and touches nothing that
  is there already.
  What stays: names in the lists of deleted stacks, clusters and services, and the service-linked roles of ECS and of
  Application Auto Scaling. Where the account had none, the first run may fail for them; run it again.

What it costs:
  nothing by itself: a minimum only raises the desired count of tasks that no instance can take. Where AWS Config
  records, it bills some hundred changes.

How long it takes:
  about ${minutes(plannedSeconds(questions))} minutes of waiting for scheduled actions, all questions at the same time. CloudFormation works meanwhile,
  at most ${operations} operations in a row on a stack, and then deletes. It gives up after ${minutes(longestSeconds(questions))} minutes at most.
  The clock of this machine must be right to within half a minute.

Which permissions it needs, for the usual credentials of the SDK (AWS_PROFILE and the like):
${permissions}

Progress goes to stderr, the result to stdout. Exit codes: 0 every question is answered and everything deleted,
1 something is not, or the account was refused, 2 wrong usage, 3 the tool itself failed.

Example:
  $ npm run -s prove:aws -- --account 123456789012 --region eu-west-1 --out answers.md`;
}

function wrap(head: string, text: string): string {
  const lines = [`  ${head}`];
  for (const word of text.split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > 120) lines.push(`    ${word}`);
    else lines[lines.length - 1] += ` ${word}`;
  }
  return lines.join('\n');
}
