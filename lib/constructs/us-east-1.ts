import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

/**
 * Refuses a construct for CloudFront in a stack that CloudFront could not use it from.
 *
 * @throws Error in a stack of another region than us-east-1.
 */
export function requireUsEast1(construct: Construct): void {
  const { region } = Stack.of(construct);
  if (region === 'us-east-1') return;
  throw new Error(
    `${construct.constructor.name} "${construct.node.path}" must stand in a stack in us-east-1, where CloudFront's logs, ` +
      `certificates and web ACLs live, got ${JSON.stringify(region)}; mend: give it a stack of its own`,
  );
}
