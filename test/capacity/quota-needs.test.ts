import type { Release } from '../../lib/calendar/release';
import type { DeployPlan } from '../../lib/capacity/capacity-plan';
import type { Environment, StackEnvironment } from '../../lib/capacity/environment';
import { type QuotaNeed, quotaNeeds } from '../../lib/capacity/quota-needs';
import { formatCount } from '../../lib/capacity/words';
import { environments } from '../../lib/environments';
import { deployPlanOf } from '../../lib/load-plan';
import { at, environment, plan, playback, release } from './fixtures';

const PREMIERE = at('2026-01-01T01:00:00Z');
const FINALE = release({ id: 'finale', premiereAt: PREMIERE });
const AS_OF = '2025-12-20T00:00:00Z';

function planned(releases: readonly Release[], where: Environment, asOf = AS_OF): DeployPlan {
  return deployPlanOf(plan(releases, asOf, where), where.name);
}

/** The needs of a layer, by id. */
function needs(
  releases: readonly Release[],
  where: Environment | StackEnvironment = environment(),
  { asOf = AS_OF, layer = 'playback' } = {},
): Record<string, QuotaNeed> {
  const whole = planned(releases, where, asOf);
  const target = whole.targets.find(({ id }) => id.endsWith(`/${layer}`))!;
  return Object.fromEntries(quotaNeeds(where, target, whole).map((need) => [need.id, need]));
}

test('a finale needs of each quota what its highest floor takes, from the first floor on that passes what is granted', () => {
  const rows = Object.values(needs([FINALE])).map(
    ({ id, region, needed, neededAt, granted, byDefault, shared, adjustable }) =>
      [
        id.padEnd(32),
        region,
        formatCount(needed).padStart(7),
        neededAt,
        `stated ${granted ?? 'none'}, default ${byDefault}`,
        ...(shared ? ['shared'] : []),
        ...(adjustable ? [] : ['fixed']),
      ].join(' '),
  );
  expect(rows.join('\n')).toMatchInlineSnapshot(`
   "fargate/L-3032A538               us-east-1   4,276 2025-12-31T23:55:00Z stated 8000, default 6 shared
   fargate/L-551A4E9D               us-east-1       9 2025-12-31T23:55:00Z stated none, default 20 shared
   fargate/L-6BAD92DD               us-east-1       0 2025-12-20T00:00:00Z stated none, default 100 shared
   elasticloadbalancing/L-7E6692B2  us-east-1   1,069 2025-12-31T23:55:00Z stated 2000, default 1000
   elasticloadbalancing/L-A0D0B863  us-east-1   1,069 2025-12-31T23:55:00Z stated 2000, default 1000
   vpc/L-DF5E4CA3                   us-east-1   1,069 2025-12-31T23:55:00Z stated none, default 5000 shared
   cloudfront/L-A2C80159            us-east-1 550,800 2026-01-01T00:00:00Z stated 1000000, default 250000
   ecs/tasks-per-service            us-east-1     972 2025-12-31T23:55:00Z stated 5000, default 5000 fixed"
  `);
});

test('the needs are those that the findings tell of', () => {
  const overlapping = { ...FINALE, id: 'other', premiereAt: PREMIERE + 3600 };
  const small = release({ id: 'small', premiereAt: PREMIERE, audience: { peakViewers: 2_500_000, uncertainty: 0.35 } });
  const quotas = {
    fargateVcpu: 6,
    fargateLaunchesPerSecond: 5,
    loadBalancerTargets: 10,
    networkInterfaces: 10,
    cloudFrontRequestsPerSecond: 1,
  };
  const one = environment({ maximum: 3000 }, { quotas });
  const two = environment(
    {},
    {
      quotas,
      layers: { playback: playback({ maximum: 3000 }), 'sign-in': playback({ baseline: 40, vcpuPerUnit: 1 }) },
    },
  );
  const codes = {
    'quota/fargate-vcpu': 'fargate/L-3032A538',
    'quota/fargate-launches': 'fargate/L-551A4E9D',
    'quota/load-balancer-targets': 'elasticloadbalancing/L-A0D0B863',
    'quota/network-interfaces': 'vpc/L-DF5E4CA3',
  };
  for (const where of [one, two]) {
    for (const releases of [[FINALE], [small], [FINALE, overlapping], [FINALE, small]]) {
      const whole = planned(releases, where);
      const told = whole.findings.filter(({ code }) => code in codes);
      expect(told.map(({ code }) => code)).toEqual(expect.arrayContaining(Object.keys(codes).slice(0, 1)));
      const counted = new Set(
        whole.targets.flatMap((target) =>
          quotaNeeds(where, target, whole).map(({ id, needed }) => `${id} ${formatCount(needed)}`),
        ),
      );
      for (const { code, message } of told) {
        const [, needed] = /needs? ([\d,]+) /.exec(message)!;
        expect(counted).toContain(`${codes[code as keyof typeof codes]} ${needed}`);
      }
    }
  }
});

describe('requests per second', () => {
  const requests = (releases: readonly Release[], where = environment()): QuotaNeed =>
    needs(releases, where)['cloudfront/L-A2C80159']!;

  test('are never below those that the findings tell of, and at most one unit above', () => {
    const quotas = { cloudFrontRequestsPerSecond: 1 };
    const others = [0, 600, 3600, 5 * 3600].map((later) => ({ ...FINALE, id: 'other', premiereAt: PREMIERE + later }));
    for (const releases of [[FINALE], ...others.map((other) => [FINALE, other])]) {
      const where = environment({ maximum: 3000 }, { quotas });
      const { message } = planned(releases, where).findings.find(({ code }) => code === 'quota/cloudfront-requests')!;
      const told = Number(/needs? ([\d,]+) /.exec(message)![1]!.replaceAll(',', ''));
      const { needed } = requests(releases, where);
      expect(needed).toBeGreaterThanOrEqual(told);
      expect(needed).toBeLessThanOrEqual(told + 567);
    }
  });

  test('come with the audience, not with its drill or its warm-up', () => {
    const where = environment({}, { quotas: { fargateVcpu: 1000, cloudFrontRequestsPerSecond: 250_000 } });
    const { neededAt } = requests([{ ...FINALE, drillSeconds: 86_400 }], where);
    expect(neededAt).toBe('2026-01-01T00:00:00Z');
    expect(needs([{ ...FINALE, drillSeconds: 86_400 }], where)['fargate/L-3032A538']!.neededAt).toBe(
      '2025-12-31T00:55:00Z',
    );
  });

  test('of a stated floor are not known: those of the baseline count', () => {
    const stated = release({ id: 'stated', premiereAt: PREMIERE, floors: { playback: 900 } });
    expect(requests([stated]).needed).toBe(68_000);
  });
});

describe('the instant', () => {
  const STEP = release({
    id: 'early',
    premiereAt: PREMIERE - 6 * 3600,
    floors: { playback: 300 },
    lengthSeconds: 4 * 3600,
  });
  const vcpu = (granted: number, asOf = AS_OF): string =>
    needs([STEP, FINALE], environment({}, { quotas: { fargateVcpu: granted } }), { asOf })['fargate/L-3032A538']!
      .neededAt;

  test('is that of the first step that passes what is granted, or else of the peak', () => {
    expect([vcpu(1000), vcpu(2000), vcpu(9000)]).toEqual([
      '2025-12-31T17:55:00Z',
      '2025-12-31T23:55:00Z',
      '2025-12-31T23:55:00Z',
    ]);
  });

  test('is now where the baseline passes it, and in the middle of a window', () => {
    expect(vcpu(6)).toBe(AS_OF);
    expect(vcpu(2000, '2026-01-01T00:30:00Z')).toBe('2026-01-01T00:30:00Z');
  });

  test('of a quota that two layers share is the first at which both together pass it', () => {
    const first = release({ id: 'first', premiereAt: PREMIERE, floors: { playback: 900 } });
    const second = release({ id: 'second', premiereAt: PREMIERE + 1800, floors: { 'sign-in': 300 } });
    const layers = { playback: playback(), 'sign-in': playback({ baseline: 40 }) };
    const where = environment({}, { layers, quotas: { fargateVcpu: 4500 } });
    for (const layer of ['playback', 'sign-in']) {
      expect(needs([first, second], where, { layer })['fargate/L-3032A538']).toMatchObject({
        // (990 + 330) · 4, at the rise of the second: the first alone stays within 4,500.
        needed: 5280,
        neededAt: '2026-01-01T00:25:00Z',
      });
    }
  });
});

describe('launches at once', () => {
  const burst = (units: number, granted?: number): [atOnce: number, sustained: number] => {
    const where = environment({}, { quotas: { ...environment().quotas, fargateLaunchesPerSecond: granted } });
    const all = needs([release({ id: 'small', premiereAt: PREMIERE, floors: { playback: units } })], where);
    return [all['fargate/L-6BAD92DD']!.needed, all['fargate/L-551A4E9D']!.needed];
  };

  test('of a small rise are those that the sustained rate does not refill meanwhile', () => {
    // 80 tasks at 500 a minute, of which 5 a second are refilled: 80 · (1 − 5 · 60/500).
    expect(burst(200, 5)).toEqual([32, 0]);
    expect(burst(200)).toEqual([0, 0]);
  });

  test('of a large rise are what the sustained rate allows', () => {
    expect(burst(900, 5)).toEqual([0, 9]);
  });
});

test('the session table is counted where the environment states its throughput', () => {
  const prod = environments.find(({ name }) => name === 'prod')!;
  const staging = environments.find(({ name }) => name === 'staging')!;
  const ofTable = (where: StackEnvironment): (string | number)[][] =>
    Object.values(needs([FINALE], where))
      .filter(({ service }) => service === 'dynamodb')
      .map(({ id, needed, neededAt, byDefault }) => [id, needed, neededAt, byDefault]);
  expect(ofTable(prod)).toEqual([
    ['dynamodb/L-CF0CBE56', 12_000, AS_OF, 40_000],
    ['dynamodb/L-AB614373', 35_000, AS_OF, 40_000],
  ]);
  expect(ofTable(staging)).toEqual([]);
});

test('a layer on other capacity than Fargate needs neither vCPU nor launches, and what is no ECS service needs nothing', () => {
  expect(Object.keys(needs([FINALE], environment({ vcpuPerUnit: undefined })))).toEqual([
    'elasticloadbalancing/L-7E6692B2',
    'elasticloadbalancing/L-A0D0B863',
    'vpc/L-DF5E4CA3',
    'cloudfront/L-A2C80159',
    'ecs/tasks-per-service',
  ]);
  const table = { namespace: 'dynamodb', dimension: 'dynamodb:table:ReadCapacityUnits', unit: 'read unit' };
  expect(needs([FINALE], environment({ ...table, vcpuPerUnit: undefined }))).toEqual({});
});
