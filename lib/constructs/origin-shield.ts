import { Token } from 'aws-cdk-lib/core';

/**
 * Where the Origin Shield of an origin stands: its own region where CloudFront has one, otherwise the region that the CloudFront
 * developer guide names as the nearest ("Choosing the AWS Region for Origin Shield").
 */
const ORIGIN_SHIELD_REGIONS: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'ap-northeast-1',
  'ap-northeast-2': 'ap-northeast-2',
  'ap-south-1': 'ap-south-1',
  'ap-southeast-1': 'ap-southeast-1',
  'ap-southeast-2': 'ap-southeast-2',
  'ca-central-1': 'us-east-1',
  'eu-central-1': 'eu-central-1',
  'eu-north-1': 'eu-west-2',
  'eu-west-1': 'eu-west-1',
  'eu-west-2': 'eu-west-2',
  'eu-west-3': 'eu-west-2',
  'sa-east-1': 'sa-east-1',
  'us-east-1': 'us-east-1',
  'us-east-2': 'us-east-2',
  'us-west-1': 'us-west-2',
  'us-west-2': 'us-west-2',
};

/**
 * Region of the Origin Shield for an origin in `region`.
 *
 * @throws Error for a region that is not known at synthesis or is none of the sixteen known ones.
 */
export function originShieldRegion(region: string): string {
  const shield = ORIGIN_SHIELD_REGIONS[region];
  if (shield === undefined) {
    const got = Token.isUnresolved(region) ? 'one that is known at deploy only' : JSON.stringify(region);
    throw new Error(
      `Origin Shield needs an origin in one of ${Object.keys(ORIGIN_SHIELD_REGIONS).join(', ')}, got ${got}; ` +
        `mend: give the load balancer's stack a region, or leave originShield out`,
    );
  }
  return shield;
}
