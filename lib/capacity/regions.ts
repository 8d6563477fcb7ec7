/**
 * The managed prefix list `com.amazonaws.global.cloudfront.origin-facing` of each region, from which CloudFront reaches
 * origins there.
 *
 * Its id is the same in all accounts of a region and would otherwise need a look-up with credentials at synthesis.
 * Read on 2026-11-21 from lists that third parties publish; compare with `aws ec2 describe-managed-prefix-lists`. A wrong
 * id fails the deploy, it opens nothing.
 */
export const ORIGIN_FACING_PREFIX_LISTS: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'pl-58a04531',
  'ap-northeast-2': 'pl-22a6434b',
  'ap-south-1': 'pl-9aa247f3',
  'ap-southeast-1': 'pl-31a34658',
  'ap-southeast-2': 'pl-b8a742d1',
  'ca-central-1': 'pl-38a64351',
  'eu-central-1': 'pl-a3a144ca',
  'eu-north-1': 'pl-fab65393',
  'eu-west-1': 'pl-4fa04526',
  'eu-west-2': 'pl-93a247fa',
  'eu-west-3': 'pl-75b1541c',
  'sa-east-1': 'pl-5da64334',
  'us-east-1': 'pl-3b927c52',
  'us-east-2': 'pl-b6a144df',
  'us-west-1': 'pl-4ea04527',
  'us-west-2': 'pl-82a045eb',
};

/** Zones in which CloudFront cannot reach a VPC origin, by zone id. Not every account sees them. */
export const ZONES_WITHOUT_VPC_ORIGINS: readonly string[] = [
  'apne1-az3',
  'apne2-az1',
  'cac1-az3',
  'use1-az3',
  'usw1-az2',
];

/** What the ids of a region's zones begin with: `use1` for `us-east-1`, `apne1` for `ap-northeast-1`. */
export function zoneIdPrefix(region: string): string {
  const [area = '', ...rest] = region.split('-');
  const directions = rest
    .slice(0, -1)
    .map((word) => word.replace(/^(north|south|central)(east|west)?$|^(east|west)$/, abbreviate));
  return `${area}${directions.join('')}${rest.at(-1) ?? ''}`;
}

function abbreviate(...[, first, second, only]: (string | undefined)[]): string {
  return `${first?.[0] ?? ''}${second?.[0] ?? ''}${only?.[0] ?? ''}`;
}

/** The clock of those who live around a region, as an IANA zone; undefined for a region that is not listed. */
export function regionZone(region: string): string | undefined {
  return REGION_ZONES[region];
}

const REGION_ZONES: Readonly<Record<string, string>> = {
  'af-south-1': 'Africa/Johannesburg',
  'ap-east-1': 'Asia/Hong_Kong',
  'ap-northeast-1': 'Asia/Tokyo',
  'ap-northeast-2': 'Asia/Seoul',
  'ap-northeast-3': 'Asia/Tokyo',
  'ap-south-1': 'Asia/Kolkata',
  'ap-south-2': 'Asia/Kolkata',
  'ap-southeast-1': 'Asia/Singapore',
  'ap-southeast-2': 'Australia/Sydney',
  'ap-southeast-3': 'Asia/Jakarta',
  'ap-southeast-4': 'Australia/Melbourne',
  'ca-central-1': 'America/Toronto',
  'ca-west-1': 'America/Edmonton',
  'eu-central-1': 'Europe/Berlin',
  'eu-central-2': 'Europe/Zurich',
  'eu-north-1': 'Europe/Stockholm',
  'eu-south-1': 'Europe/Rome',
  'eu-south-2': 'Europe/Madrid',
  'eu-west-1': 'Europe/Dublin',
  'eu-west-2': 'Europe/London',
  'eu-west-3': 'Europe/Paris',
  'il-central-1': 'Asia/Jerusalem',
  'me-central-1': 'Asia/Dubai',
  'me-south-1': 'Asia/Bahrain',
  'sa-east-1': 'America/Sao_Paulo',
  'us-east-1': 'America/New_York',
  'us-east-2': 'America/New_York',
  'us-west-1': 'America/Los_Angeles',
  'us-west-2': 'America/Los_Angeles',
};
