import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { EdgeDistribution } from '../constructs/edge-distribution';
import { LogBucket } from '../constructs/log-bucket';

export interface EdgeStackProps extends StackProps {
  /** Load balancer of the playback service, in this or another region. */
  readonly playback: IApplicationLoadBalancer;
}

/** What viewers reach. Stands in us-east-1, whatever the environment's region. */
export class EdgeStack extends Stack {
  constructor(scope: Construct, id: string, { playback, ...props }: EdgeStackProps) {
    super(scope, id, props);
    const edge = new EdgeDistribution(this, 'Edge', { playback, logBucket: new LogBucket(this, 'Logs') });
    new CfnOutput(this, 'DomainName', { value: edge.distribution.distributionDomainName });
  }
}
