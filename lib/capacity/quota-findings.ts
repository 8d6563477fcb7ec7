import type { Finding } from './capacity-plan';
import { type Environment, type GrantedQuotas, PROFILE_DEFAULTS } from './environment';
import { DEFAULT_QUOTAS, FARGATE_LAUNCH_BURST } from './limits';
import type { PlannedTarget } from './planned-target';
import { peakOf, releasesOf, type Stretch, worstOf } from './stretches';
import { formatCount, listNames, needs } from './words';

/** A target with the stretches that are judged. */
export interface JudgedTarget extends PlannedTarget {
  readonly stretches: readonly Stretch[];
}

interface QuotaCheck {
  readonly quota: keyof GrantedQuotas;
  readonly code: string;
  /** What a stretch of a target needs of the quota. */
  readonly need: (target: JudgedTarget, stretch: Stretch) => number;
  /** One quota for all targets of the account in the region. */
  readonly shared: boolean;
  readonly what: string;
  readonly name: string;
}

const rolling = ({ profile }: JudgedTarget, { units }: Stretch): number =>
  Math.floor((units * (profile.maximumPercent ?? PROFILE_DEFAULTS.maximumPercent)) / 100);

const CHECKS: readonly QuotaCheck[] = [
  {
    quota: 'loadBalancerTargets',
    code: 'quota/load-balancer-targets',
    need: rolling,
    shared: false,
    what: 'targets of one load balancer with a rolling deploy',
    name: 'elasticloadbalancing L-7E6692B2 and L-A0D0B863',
  },
  {
    quota: 'networkInterfaces',
    code: 'quota/network-interfaces',
    need: rolling,
    shared: true,
    what: 'network interfaces with a rolling deploy',
    name: 'vpc L-DF5E4CA3',
  },
  {
    quota: 'cloudFrontRequestsPerSecond',
    code: 'quota/cloudfront-requests',
    need: (_, { requestsPerSecond }) => requestsPerSecond,
    shared: false,
    what: 'requests per second of one distribution',
    name: 'cloudfront L-A2C80159',
  },
  {
    quota: 'fargateVcpu',
    code: 'quota/fargate-vcpu',
    need: (target, stretch) => rolling(target, stretch) * (target.profile.vcpuPerUnit ?? 0),
    shared: true,
    what: 'Fargate vCPU with a rolling deploy',
    name: 'fargate L-3032A538',
  },
  {
    quota: 'fargateLaunchesPerSecond',
    code: 'quota/fargate-launches',
    // Below the burst nothing is limited; above it the plan counts on its own rate.
    need: ({ profile, plan }, { units }) =>
      profile.vcpuPerUnit !== undefined && units - profile.baseline > FARGATE_LAUNCH_BURST
        ? plan.leadTime.unitsPerMinute / 60
        : 0,
    shared: true,
    what: 'task launches per second, sustained',
    name: 'fargate L-551A4E9D',
  },
];

/**
 * Quotas as granted to the account that the windows pass, one finding for each quota and target, for its worst window.
 *
 * A quota of the account counts the other targets at the highest that the plan needs of them, which is on the safe side.
 */
export function quotaFindings(environment: Required<Environment>, targets: readonly JudgedTarget[]): Finding[] {
  const onEcs = targets.filter(({ profile }) => profile.namespace === 'ecs');
  return onEcs.flatMap((target) =>
    CHECKS.flatMap((check): Finding[] => {
      const others = check.shared ? onEcs.filter((other) => other !== target) : [];
      const ofOthers = others.reduce((sum, other) => sum + highestPlanned(check, other), 0);
      const need = (stretch: Stretch): number => {
        const own = check.need(target, stretch);
        return own === 0 ? 0 : own + ofOthers;
      };
      const granted = environment.quotas[check.quota] ?? DEFAULT_QUOTAS[check.quota];
      const passing = target.stretches.filter((stretch) => need(stretch) > granted);
      const planned = passing.filter((stretch) => stretch.planned);
      const judged = planned.length > 0 ? planned : passing;
      if (judged.length === 0) return [];
      const worst = worstOf(judged, need);
      const { releases } = peakOf(worst);
      const isDefault = environment.quotas[check.quota] === undefined;
      const region = check.quota === 'cloudFrontRequestsPerSecond' ? 'us-east-1' : environment.region;
      return [
        {
          code: check.code,
          severity: 'warning',
          message: `${listNames(releases)} ${needs(releases)} ${formatCount(Math.ceil(need(worst)))} ${check.what}${ofOthers > 0 ? ', the other layers at their peaks included' : ''}, granted are ${formatCount(granted)}${isDefault ? " (AWS's default)" : ''}`,
          mend: `request an increase of ${check.name} in ${region}${worst.planned ? '' : ' before a plan covers it'}`,
          releases: [
            ...new Set(judged.flatMap((stretch) => releasesOf([stretch], ({ units }) => units === stretch.units))),
          ],
        },
      ];
    }),
  );
}

function highestPlanned(check: QuotaCheck, target: JudgedTarget): number {
  return target.stretches.reduce(
    (most, stretch) => Math.max(most, stretch.planned ? check.need(target, stretch) : 0),
    0,
  );
}
