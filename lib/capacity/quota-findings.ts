import type { Finding } from './capacity-plan';
import type { Environment, GrantedQuotas } from './environment';
import type { PlannedTarget } from './planned-target';
import { grantedQuotas, QUOTA_RULES, type QuotaRule } from './quota-needs';
import { peakOf, releasesOf, type Stretch, worstOf } from './stretches';
import { formatCount, listNames, needs } from './words';

/** A target with the stretches that are judged. */
export interface JudgedTarget extends PlannedTarget {
  readonly stretches: readonly Stretch[];
}

/** The codes of the findings, by what an environment states as granted. */
const CODES: Record<keyof GrantedQuotas, string> = {
  fargateVcpu: 'quota/fargate-vcpu',
  fargateLaunchesPerSecond: 'quota/fargate-launches',
  loadBalancerTargets: 'quota/load-balancer-targets',
  networkInterfaces: 'quota/network-interfaces',
  cloudFrontRequestsPerSecond: 'quota/cloudfront-requests',
};

/**
 * Quotas as granted to the account that the windows pass, one finding for each quota and target, for its worst window.
 *
 * A quota of the account counts the other targets at the highest that the plan needs of them, which is on the safe side.
 */
export function quotaFindings(environment: Required<Environment>, targets: readonly JudgedTarget[]): Finding[] {
  const onEcs = targets.filter(({ profile }) => profile.namespace === 'ecs');
  const granted = grantedQuotas(environment);
  const needOf = (rule: QuotaRule, { profile, plan }: JudgedTarget, stretch: Stretch): number =>
    rule.applies(profile) ? rule.need(profile, plan.leadTime, stretch, granted) : 0;
  return onEcs.flatMap((target) =>
    QUOTA_RULES.flatMap((rule): Finding[] => {
      if (rule.quota === undefined) return [];
      const others = rule.shared ? onEcs.filter((other) => other !== target) : [];
      const ofOthers = others.reduce((sum, other) => sum + highestPlanned(other, (one) => needOf(rule, other, one)), 0);
      const need = (stretch: Stretch): number => {
        const own = needOf(rule, target, stretch);
        return own === 0 ? 0 : own + ofOthers;
      };
      const limit = granted[rule.quota];
      const passing = target.stretches.filter((stretch) => need(stretch) > limit);
      const planned = passing.filter((stretch) => stretch.planned);
      const judged = planned.length > 0 ? planned : passing;
      if (judged.length === 0) return [];
      const worst = worstOf(judged, need);
      const { releases } = peakOf(worst);
      const isDefault = environment.quotas[rule.quota] === undefined;
      const [what] = Object.values(rule.counts);
      return [
        {
          code: CODES[rule.quota],
          severity: 'warning',
          message: `${listNames(releases)} ${needs(releases)} ${formatCount(Math.ceil(need(worst)))} ${what}${ofOthers > 0 ? ', the other layers at their peaks included' : ''}, granted are ${formatCount(limit)}${isDefault ? " (AWS's default)" : ''}`,
          mend: `request an increase of ${rule.service} ${Object.keys(rule.counts).join(' and ')} in ${rule.region === 'own' ? environment.region : rule.region}${worst.planned ? '' : ' before a plan covers it'}`,
          releases: [
            ...new Set(judged.flatMap((stretch) => releasesOf([stretch], ({ units }) => units === stretch.units))),
          ],
        },
      ];
    }),
  );
}

function highestPlanned({ stretches }: JudgedTarget, need: (stretch: Stretch) => number): number {
  return stretches.reduce((most, stretch) => Math.max(most, stretch.planned ? need(stretch) : 0), 0);
}
