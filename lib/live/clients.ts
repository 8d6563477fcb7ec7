import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';

export type LiveClients = ReturnType<typeof liveClients>;

/** Clients of one region. Credentials, profile and endpoint are the SDK's to find. */
export function liveClients(region: string) {
  const options = {
    region,
    retryMode: 'adaptive',
    maxAttempts: 3,
    // Somebody waits for the answer.
    requestHandler: { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true },
  };
  return {
    region,
    identity: new STSClient(options),
    stacks: new CloudFormationClient(options),
    scaling: new ApplicationAutoScalingClient(options),
    services: new ECSClient(options),
    loadBalancers: new ElasticLoadBalancingV2Client(options),
    parameters: new SSMClient(options),
    functions: new LambdaClient(options),
    // A run of the guard takes a few seconds, and one that is under way is not to be started twice.
    guard: new LambdaClient({
      ...options,
      maxAttempts: 1,
      requestHandler: { ...options.requestHandler, requestTimeout: 60_000 },
    }),
    quotas: new ServiceQuotasClient(options),
    network: new EC2Client(options),
    images: new ECRClient(options),
    alarms: new CloudWatchClient(options),
    topics: new SNSClient(options),
  };
}
