import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { ATTACHED_OUTPUT, type AttachedFloors, readAttachedFloors } from '../capacity/attached-floors';
import { attempt } from './attempt';
import type { LiveClients } from './clients';
import type { Trouble } from './trouble';

/** There is no such stack: nobody has deployed it, or its name, region or account is another. */
export interface MissingStack extends Omit<Trouble, 'kind'> {
  readonly kind: 'missing';
}

/** What one stack tells of the floors that it attaches; an empty list where it attaches none. */
export function findAttached(
  { region, stacks }: Pick<LiveClients, 'region' | 'stacks'>,
  stackName: string,
): Promise<readonly AttachedFloors[] | Trouble | MissingStack> {
  return attempt(async () => {
    try {
      const { Stacks = [] } = await stacks.send(new DescribeStacksCommand({ StackName: stackName }));
      return (Stacks[0]?.Outputs ?? [])
        .filter(({ OutputKey = '' }) => OutputKey.includes(ATTACHED_OUTPUT))
        .map(({ OutputValue = '' }) => readAttachedFloors(OutputValue))
        .filter((attached) => attached !== undefined);
    } catch (error) {
      // CloudFormation has no name of its own for it.
      if (!(error instanceof Error && error.name === 'ValidationError' && error.message.includes('does not exist'))) {
        throw error;
      }
      return {
        kind: 'missing',
        message: `there is no stack ${stackName} in ${region}`,
        mend: 'deploy it, sign in to the account that holds it, or name it with --stack',
      } as const;
    }
  });
}
