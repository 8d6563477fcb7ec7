/** Addresses of a subnet that AWS keeps for itself. */
const RESERVED_ADDRESSES = 5;

/** Addresses per zone for the load balancer's nodes; AWS takes up to 100 in all while it scales, we leave them in each zone. */
const LOAD_BALANCER_ADDRESSES = 100;

/** The private subnets that a range has room for. */
export interface PrivateSubnets {
  /** Mask of each: the largest equal blocks that leave at least one such block for everything else. */
  readonly mask: number;
  /** Tasks, of one address each, that they hold after the loss of a zone. */
  readonly tasksAfterZoneLoss: number;
}

/** Private subnets, one for each zone, of an IPv4 range; undefined when it is no range of /16 to /28. */
export function privateSubnets(cidr: string, zones: number): PrivateSubnets | undefined {
  const [address = '', bits = ''] = cidr.split('/');
  const octets = address.split('.');
  const isAddress = octets.length === 4 && octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255);
  if (!isAddress || !/^(1[6-9]|2[0-8])$/.test(bits)) return undefined;
  const mask = Number(bits) + Math.ceil(Math.log2(zones + 1));
  const perZone = Math.max(0, 2 ** (32 - mask) - RESERVED_ADDRESSES - LOAD_BALANCER_ADDRESSES);
  return { mask, tasksAfterZoneLoss: perZone * (zones - 1) };
}

/** Most tasks that run at a time, a rolling deployment included. */
export function rollingTasks(tasks: number, maximumPercent: number): number {
  return Math.ceil((tasks * maximumPercent) / 100);
}
