import type { Release } from '../../lib/calendar/release';
import type { Finding } from '../../lib/capacity/capacity-plan';
import type { Environment, LayerProfile, StackEnvironment } from '../../lib/capacity/environment';
import { retryAmplification } from '../../lib/capacity/findings';
import { zoneIdPrefix } from '../../lib/capacity/regions';
import { validateEnvironment } from '../../lib/capacity/validate-environment';
import { ScalableDimension } from '@aws-sdk/client-application-auto-scaling';
import { SCALABLE_DIMENSIONS } from '../../lib/capacity/limits';
import { environments } from '../../lib/environments';
import { at, environment, plan, release } from './fixtures';

const PREMIERE = at('2026-01-01T01:00:00Z');
const FINALE = release({ id: 'finale', premiereAt: PREMIERE });
const AS_OF = '2025-12-20T00:00:00Z';

function findings(releases: readonly Release[], where: Environment = environment(), asOf = AS_OF): readonly Finding[] {
  return plan(releases, asOf, where).environments[0]!.findings;
}

/** The one finding of a code, as a reader sees it. */
function only(code: string, all: readonly Finding[]): string {
  const found = all.filter((finding) => finding.code === code);
  expect(found).toHaveLength(1);
  return `${found[0]!.severity}: ${found[0]!.message}; ${found[0]!.mend} (${found[0]!.releases.join(', ')})`;
}

test('a release within all limits, with a measured profile, has no findings', () => {
  expect(findings([FINALE])).toEqual([]);
});

describe('an error is', () => {
  test('a release that needs more than the ceiling', () => {
    expect(only('capacity/ceiling', findings([FINALE], environment({ maximum: 900 })))).toBe(
      'error: finale needs 972 tasks in us-east-1/playback from 2026-01-01T00:00:00Z on, above the ceiling of 900; ' +
        'raise maximum in prod.layers.playback or lower the audience (finale)',
    );
  });

  test('a release that needs more tasks than an ECS service can have, whatever the ceiling', () => {
    const huge = { ...FINALE, audience: { peakViewers: 60_000_000, uncertainty: 0.35 } };
    expect(only('limit/ecs-tasks-per-service', findings([huge]))).toBe(
      'error: finale needs 5,799 tasks in us-east-1/playback from 2026-01-01T00:00:00Z on, above the 5,000 tasks of an ECS ' +
        'service, which AWS does not raise; use larger tasks or a second service (finale)',
    );
  });

  test('not what is planned only later: that is a warning until a plan holds it', () => {
    const all = findings([FINALE], environment({ maximum: 900 }), '2025-09-01T00:00:00Z');
    expect(only('capacity/ceiling', all)).toMatch(/^warning: .* before a plan covers it \(finale\)$/);
  });

  test('not a peak that is past, in a window that is still open', () => {
    expect(findings([FINALE], environment({ maximum: 500 }), '2026-01-01T03:35:00Z')).toEqual([]);
  });

  test('named for each release that passes the ceiling, in one night or in two', () => {
    const other = { ...FINALE, id: 'other', premiereAt: PREMIERE + 10 * 86_400 };
    const all = findings([FINALE, other], environment({ maximum: 900 }));
    expect(all.map(({ code, releases }) => [code, releases])).toEqual([
      ['capacity/ceiling', ['finale']],
      ['capacity/ceiling', ['other']],
    ]);
  });

  test('not what is past', () => {
    expect(findings([FINALE], environment({ maximum: 900 }), '2026-01-02T00:00:00Z')).toEqual([]);
  });
});

describe('a warning is', () => {
  test('each quota that a new account has and the finale passes, with a rolling deploy', () => {
    const all = findings([FINALE], environment({}, { quotas: {} }));
    expect(all.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      "quota/cloudfront-requests: finale needs 550,705 requests per second of one distribution, granted are 250,000 (AWS's default)",
      "quota/fargate-vcpu: finale needs 4,276 Fargate vCPU with a rolling deploy, granted are 6 (AWS's default)",
      "quota/load-balancer-targets: finale needs 1,069 targets of one load balancer with a rolling deploy, granted are 1,000 (AWS's default)",
    ]);
    expect(all[1]!.mend).toBe('request an increase of fargate L-3032A538 in us-east-1');
  });

  test('network interfaces and launches beyond what was granted', () => {
    const quotas = { ...environment().quotas, networkInterfaces: 1000, fargateLaunchesPerSecond: 5 };
    expect(findings([FINALE], environment({}, { quotas })).map(({ message }) => message)).toEqual([
      'finale needs 9 task launches per second, sustained, granted are 5',
      'finale needs 1,069 network interfaces with a rolling deploy, granted are 1,000',
    ]);
  });

  test('a quota that a release passes only later', () => {
    const all = findings([FINALE], environment({}, { quotas: {} }), '2025-09-01T00:00:00Z');
    expect(only('quota/fargate-vcpu', all)).toMatch(
      /^warning: finale needs 4,276 .* before a plan covers it \(finale\)$/,
    );
  });

  test('a quota of the account that two layers pass together', () => {
    const { layers } = environment();
    const two = environment({}, { layers: { ...layers, 'sign-in': layers.playback! } });
    const messages = findings([FINALE], two).map(({ code, message }) => `${code}: ${message}`);
    expect(messages).toEqual([
      'quota/fargate-vcpu: finale needs 8,552 Fargate vCPU with a rolling deploy, the other layers at their peaks included, granted are 8,000',
    ]);
  });

  test('an overload that retries could keep alive, unless the service sheds load', () => {
    expect(only('capacity/retry-amplification', findings([FINALE], environment({ shedsLoad: false })))).toBe(
      "warning: finale: an overload could feed itself, because 3 retries can make 972 tasks' " +
        'worth of requests 2.95 times as many, above the ceiling of 1,600; shed load in the service, then set shedsLoad in prod.layers.playback (finale)',
    );
    expect(retryAmplification(3, 0.8)).toBeCloseTo(2.952, 6);
  });

  test('a dependency that warm tasks or arriving viewers would melt', () => {
    const dependencies = [
      { name: 'session database connections', perTask: 20, limit: 10_000 },
      { name: 'licence service', perPlay: 1, limit: 10_000 },
      { name: 'sign-in', perPlay: 1, limit: 1_000_000 },
    ];
    expect(findings([FINALE], environment({ dependencies })).map(({ message }) => message)).toEqual([
      'plays of finale put 28,095 on licence service, which bears 10,000',
      'warm tasks of finale put 19,440 on session database connections, which bears 10,000',
    ]);
  });

  test('not lost in a curve of a week, with its hundred thousand samples', () => {
    const week = release({ id: 'week', kind: 'season', premiereAt: PREMIERE, lengthSeconds: 7 * 86_400 });
    const dependencies = [{ name: 'sign-in', perPlay: 1, limit: 10 }];
    expect(findings([week], environment({ dependencies })).map(({ code }) => code)).toEqual(['dependency/limit']);
  });

  test('a throughput that nobody measured', () => {
    expect(
      only('assumption/requests-per-unit', findings([], environment({ requestsPerSecondSource: undefined }))),
    ).toBe(
      'warning: 1,000 requests per second of one task in us-east-1/playback is a placeholder; measure it with a load ' +
        'test and name the test as requestsPerSecondSource in prod.layers.playback ()',
    );
  });

  test('an audience calibrated on a figure that was assumed', () => {
    const audience = { peakViewers: 9_000_000, uncertainty: 0.3, like: { id: 'past', growth: 1.2, assumed: true } };
    expect(only('assumption/audience', findings([{ ...FINALE, audience }]))).toMatch(
      /^warning: finale is calibrated on past, whose peak was assumed/,
    );
    expect(findings([{ ...FINALE, audience: { ...audience, like: { ...audience.like, assumed: false } } }])).toEqual(
      [],
    );
  });

  describe('a forecast that claims more than past ones have held', () => {
    const past = (id: string, peakViewers: number, spread: object = {}): Release =>
      release({
        id,
        premiereAt: at('2025-03-01T00:00:00Z'),
        audience: { peakViewers: 9_000_000, ...spread },
        observed: { peakViewers, assumed: false, source: 'test' },
      });
    // Off by a factor of two, either way: ln 2 is 0.693, and with 4 of them the lower bound is 0.45.
    const nights = [past('a', 18e6), past('b', 4.5e6), past('c', 18e6), past('d', 4.5e6)];
    const usual = { ...FINALE, audience: { peakViewers: 9_000_000 } };

    test('by the sigma that is configured for the kind', () => {
      const all = findings([...nights, usual, { ...FINALE, id: 'stated' }]);
      expect(only('assumption/forecast-sigma', all)).toBe(
        'warning: 4 measured finales were off from their forecasts by a sigma of 0.7, and 0.35 is configured: by chance that ' +
          'happens less than 1 time in 20; set prod.layers.playback.demand.kinds.finale.sigma to 0.7, or state low and ' +
          'high in the entries (finale)',
      );
      const mended = environment({ demand: { kinds: { finale: { sigma: 0.7 } } } });
      expect(findings([...nights, usual], mended)).toEqual([]);
    });

    test('also when no release is coming, and once for layers that share it', () => {
      const { layers } = environment();
      const wide = { ...layers.playback!, demand: { kinds: { finale: { sigma: 0.5 } } } };
      const three = environment({}, { layers: { ...layers, 'sign-in': layers.playback!, wide } });
      expect(only('assumption/forecast-sigma', findings(nights, three))).toMatch(
        / set prod\.layers\.playback\.demand\.kinds\.finale\.sigma and prod\.layers\.sign-in\.demand\.kinds\.finale\.sigma to 0\.7, .* \(\)$/,
      );
    });

    test('not by one night, nor by peaks that were assumed, nor of another kind', () => {
      expect(findings([past('a', 36e6), usual])).toEqual([]);
      const assumed = nights.map((night) => ({ ...night, observed: { ...night.observed!, assumed: true } }));
      expect(findings([...assumed, usual]).filter(({ code }) => code.startsWith('assumption/forecast'))).toEqual([]);
      const seasons = nights.map((night) => ({
        ...night,
        kind: 'season' as const,
        observed: { ...night.observed!, peakViewers: 15e6 },
      }));
      // ln(15/9) is 0.51: what the 0.5 of seasons lets expect.
      expect(findings([...seasons, usual]).filter(({ code }) => code.startsWith('assumption/forecast'))).toEqual([]);
    });

    test('by low and high, or by uncertainty, that entries state', () => {
      // 0.693 is 1.981 times 0.35, and 2.772 times the 0.25 that a ratio of e^(0.25·2.563) from low to high says.
      const ratio = Math.exp((0.25 * 2.563_103) / 2);
      const stated = [
        past('a', 18e6, { uncertainty: 0.35 }),
        past('b', 4.5e6, { low: 9e6 / ratio, high: 9e6 * ratio }),
      ];
      const all = findings([...stated, usual, { ...FINALE, id: 'stated' }]);
      expect(only('assumption/forecast-spread', all)).toBe(
        'warning: 2 measured finales were off from their forecasts by 2.41 times the spread that their entries state: by ' +
          'chance that happens less than 1 time in 20; make uncertainty 2.41 times as large in coming ' +
          'finales, or raise the ratio of high to low to the power of 2.41 (stated)',
      );
      const wide = stated.map((night) => ({ ...night, audience: { peakViewers: 9e6, uncertainty: 0.7 } }));
      expect(findings([...wide, usual]).map(({ code }) => code)).toEqual(['assumption/forecast-sigma']);
    });
  });

  test('a release that is still tentative in the last seven days', () => {
    const tentative = { ...FINALE, status: 'tentative' as const };
    expect(findings([tentative], environment(), '2025-12-25T00:59:59Z')).toEqual([]);
    expect(only('release/tentative', findings([tentative], environment(), '2025-12-25T01:00:00Z'))).toBe(
      'warning: finale premieres at 2026-01-01T01:00:00Z and is still tentative; set its status to confirmed or cancelled (finale)',
    );
    expect(findings([tentative], environment(), '2026-01-01T01:30:00Z')).toEqual([]);
  });

  test('a warm-up shorter than the time that people wait in the app', () => {
    expect(only('release/short-warm-up', findings([{ ...FINALE, warmUpSeconds: 300 }]))).toMatch(
      /^warning: finale is warm 5 min before its premiere, but people come from 30 min before it, which is not planned for/,
    );
  });

  test('a live event that is warm only when most of its audience has come', () => {
    const live = release({ id: 'live', kind: 'live', premiereAt: PREMIERE, lengthSeconds: 7200, warmUpSeconds: 300 });
    expect(only('release/short-warm-up', findings([live]))).toMatch(/but people come from 25 min before it/);
    expect(findings([{ ...live, warmUpSeconds: 1500 }])).toEqual([]);
  });

  test('said of a release once, however many layers it has', () => {
    const { layers } = environment();
    const two = environment({}, { layers: { ...layers, 'sign-in': { ...layers.playback!, vcpuPerUnit: undefined } } });
    const tentative = { ...FINALE, status: 'tentative' as const, warmUpSeconds: 300 };
    expect(findings([tentative], two, '2025-12-30T00:00:00Z').map(({ code }) => code)).toEqual([
      'release/short-warm-up',
      'release/tentative',
    ]);
  });

  test('a release beyond the horizon, and one that the budget of actions cannot hold', () => {
    expect(only('release/deferred', findings([FINALE], environment(), '2025-09-01T00:00:00Z'))).toBe(
      'warning: finale is beyond the horizon, and the plan covers until 2025-11-30T00:00:00Z; deploy again before then: a ' +
        'later plan brings it in (finale)',
    );
    const later = { ...FINALE, id: 'later', premiereAt: PREMIERE + 86_400 };
    expect(only('release/deferred', findings([FINALE, later], environment({ actionBudget: 10 })))).toBe(
      'warning: later is in a window that the plan cannot hold whole, and the plan covers until 2026-01-01T23:55:00Z; ' +
        'deploy again before then: a later plan brings it in (later)',
    );
  });

  test('a window that the horizon cuts, because it is open', () => {
    const { findings: all } = plan([FINALE], '2026-01-01T01:30:00Z', environment(), 3600).environments[0]!;
    expect(only('capacity/cut', all)).toBe(
      'warning: the window of finale goes on after 2026-01-01T02:30:00Z, until which the plan covers: the last floor stays ' +
        'from then on; deploy again before then: a later plan knows how it goes on (finale)',
    );
  });

  test('a first floor that was due before the plan, until its release gives back', () => {
    expect(findings([FINALE], environment(), '2025-12-31T23:55:00Z')).toEqual([]);
    expect(only('capacity/too-late', findings([FINALE], environment(), '2025-12-31T23:56:00Z'))).toBe(
      'warning: the first floor for finale was due at 2025-12-31T23:55:00Z, before this plan; see in the account whether ' +
        'an earlier deploy had it: only then is it warm (finale)',
    );
    expect(findings([FINALE], environment(), '2026-01-01T01:25:00Z')).toEqual([]);
  });

  test('not a later release of the same night, whose own first floor is still planned', () => {
    const later = { ...FINALE, id: 'later', premiereAt: PREMIERE + 4 * 3600 };
    const late = findings([FINALE, later], environment(), '2026-01-01T00:30:00Z');
    expect(late.map(({ code, releases }) => [code, releases])).toEqual([['capacity/too-late', ['finale']]]);
    expect(findings([FINALE, later], environment(), '2026-01-01T02:00:00Z')).toEqual([]);
  });
});

describe('an environment', () => {
  test.each(environments.map((shipped) => [shipped.name, shipped] as const))('%s as shipped is sound', (_, shipped) => {
    expect(validateEnvironment(shipped)).toEqual([]);
  });

  const withProfile = (fields: object): Environment => environment(fields);
  const prod = environments.find(({ name }) => name === 'prod')!;
  const inProd = (fields: Partial<StackEnvironment>): StackEnvironment => ({ ...prod, ...fields });
  test.each<[string, Environment]>([
    ['name must be lower case letters, digits and hyphens, got "Prod 1"', environment({}, { name: 'Prod 1' })],
    ['region must be an AWS region, got "virginia"', environment({}, { region: 'virginia' })],
    ['zoneIds must be at least two zones, got ["use1-az1"]', environment({}, { zoneIds: ['use1-az1'] })],
    [
      'zoneIds must be different zones, got ["use1-az1","use1-az1"]',
      environment({}, { zoneIds: ['use1-az1', 'use1-az1'] }),
    ],
    [
      'zoneIds must be zone ids, not zone names, got ["us-east-1a","use1-az1"]',
      environment({}, { zoneIds: ['us-east-1a', 'use1-az1'] }),
    ],
    ['deployWindowSeconds must be whole seconds from 60 to 86400, got 0', environment({}, { deployWindowSeconds: 0 })],
    [
      'deployWindowSeconds must be whole seconds from 60 to 86400, got 60.5',
      environment({}, { deployWindowSeconds: 60.5 }),
    ],
    [
      'layers.playback.leadTime.schedulerDelaySeconds must be a number, got Infinity',
      withProfile({ leadTime: { schedulerDelaySeconds: Infinity } }),
    ],
    [
      'layers.playback.leadTime.unitsPerMinute must be from 0.1 to 1000000, got 1e-7',
      withProfile({ leadTime: { unitsPerMinute: 1e-7 } }),
    ],
    [
      'layers.playback.retries.count must be a whole number from 0 to 100, got -5',
      withProfile({ retries: { count: -5, persistence: 1 } }),
    ],
    ['layers.playback.vcpuPerUnit must be from 0.25 to 1024, got -1', withProfile({ vcpuPerUnit: -1 })],
    ['layers.playback.pricePerUnitHour must be a number, got Infinity', withProfile({ pricePerUnitHour: Infinity })],
    [
      'layers.playback.baselineRequestsPerSecond must be no more than 10 tasks bear after the loss of a zone, got 68000',
      withProfile({ baseline: 10 }),
    ],
    ['demandFactor must be above 0 and at most 10, got 0', environment({}, { demandFactor: 0 })],
    ['outageBudget must be a probability above 0 and below 1, got 0', environment({}, { outageBudget: 0 })],
    ['outageBudget must be a probability above 0 and below 1, got 1', environment({}, { outageBudget: 1 })],
    ['layers must be at least one layer, got {}', environment({}, { layers: {} })],
    ['quotas.fargateVcpu must be above 0, got 0', environment({}, { quotas: { fargateVcpu: 0 } })],
    [
      'prices.currency must be an ISO 4217 code, got "$"',
      environment({}, { prices: { currency: '$', source: 's', readOn: '2026-01-01' } }),
    ],
    ['vpcCidr must be an IPv4 range of /16 to /28, got "10.0.0.0"', inProd({ vpcCidr: '10.0.0.0' })],
    ['vpcCidr must be an IPv4 range of /16 to /28, got "999.40.0.0/16"', inProd({ vpcCidr: '999.40.0.0/16' })],
    [
      'vpcCidr must be large enough for 1760 tasks after the loss of a zone, got "10.40.0.0/24"',
      inProd({ vpcCidr: '10.40.0.0/24' }),
    ],
    ['region must be one of those that the edge can reach, got "xx-nowhere-1"', inProd({ region: 'xx-nowhere-1' })],
    ['zoneIds must be zones of us-east-1, got ["use1-az1","euw1-az1"]', inProd({ zoneIds: ['use1-az1', 'euw1-az1'] })],
    [
      'zoneIds must be zones with VPC origins of CloudFront, got ["use1-az3"]',
      inProd({ zoneIds: ['use1-az1', 'use1-az3'] }),
    ],
    ['layers.playback.baseline must be a whole number of at least 1, got 0.5', withProfile({ baseline: 0.5 })],
    [
      'layers.playback.maximum must be a whole number of at least the baseline, 120, got 100',
      withProfile({ maximum: 100 }),
    ],
    [
      'layers.playback.maximum must be at most 5000 tasks, which AWS does not raise, got 6000',
      withProfile({ maximum: 6000 }),
    ],
    [
      'layers.playback.leadTime.unitsPerMinute must be at most 500, which Fargate does not exceed per service, got 900',
      withProfile({ leadTime: { unitsPerMinute: 900 } }),
    ],
    ['layers.playback.requestsPerSecondPerUnit must be above 0, got -1', withProfile({ requestsPerSecondPerUnit: -1 })],
    ['layers.playback.utilisationNormal must be above 0 and below 1, got 1', withProfile({ utilisationNormal: 1 })],
    ['layers.playback.planningQuantile must be from 0.5 to below 1, got 90', withProfile({ planningQuantile: 90 })],
    [
      'layers.playback.actionBudget must be a whole number of at least 10, so that one window fits, got 5',
      withProfile({ actionBudget: 5 }),
    ],
    [
      'layers.playback.actionBudget must be at most 200, which AWS does not raise, got 300',
      withProfile({ actionBudget: 300 }),
    ],
    ['layers.playback.maximumPercent must be from 101 to 200, got 100', withProfile({ maximumPercent: 100 })],
    [
      'layers.playback.dependencies[0] must be given either perTask or perPlay, got {"name":"db","limit":5}',
      withProfile({ dependencies: [{ name: 'db', limit: 5 }] }),
    ],
    ['layers.playback.demand.refreshSeconds must be above 0, got 0', withProfile({ demand: { refreshSeconds: 0 } })],
    [
      'layers.playback.demand.lobbyShare must be a share of at most 1, got 30',
      withProfile({ demand: { lobbyShare: 30 } }),
    ],
    [
      'layers.playback.demand.kinds.finale.sigma must be above 0, got -1',
      withProfile({ demand: { kinds: { finale: { sigma: -1 } } } }),
    ],
  ])('%s', (message, broken) => {
    const problems = validateEnvironment(broken);
    expect(problems.map((problem) => problem.message)).toContain(message);
    expect(problems.every(({ mend }) => mend.length > 0)).toBe(true);
  });
});

test('an environment without its parts, as plain JavaScript allows, is named part by part', () => {
  const bare = { name: 'live', region: 'eu-west-1', zoneIds: [] } as unknown as Environment;
  expect(validateEnvironment(bare).map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'live.layers: layers must be given, got nothing',
    'live.prices: prices must be given, got nothing',
  ]);
});

test.each([
  ['us-east-1', 'use1'],
  ['us-west-2', 'usw2'],
  ['eu-central-1', 'euc1'],
  ['ap-northeast-1', 'apne1'],
  ['ap-southeast-2', 'apse2'],
  ['sa-east-1', 'sae1'],
])('zones of %s begin with %s', (region, prefix) => {
  expect(zoneIdPrefix(region)).toBe(prefix);
});

describe('an environment in plain JavaScript or JSON', () => {
  const whole: Environment = environment({
    requestsPerSecondSource: 'a load test',
    utilisationNormal: 0.6,
    leadTime: { startLatencySeconds: 90 },
    retries: { count: 2, persistence: 0.5 },
    dependencies: [{ name: 'table', perPlay: 1, limit: 1e6 }],
    demand: { refreshSeconds: 45, stayRange: [0.8, 1.2], kinds: { finale: { sigma: 0.4 } } },
  });
  const prod = environments.find(({ name }) => name === 'prod')!;

  /** The environment with another value at a path of keys. */
  function withValue(value: unknown, path: readonly string[], within: object): object {
    const [key, ...rest] = path as [string, ...string[]];
    const inner = (within as Record<string, object>)[key];
    return { ...within, [key]: rest.length > 0 ? withValue(value, rest, inner!) : value };
  }

  function pathsIn(value: object): string[][] {
    return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => [
      [key],
      ...(typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? pathsIn(inner).map((path) => [key, ...path])
        : []),
    ]);
  }

  test.each<[string, string[], unknown]>([
    ['zoneIds must be a list, got "use1-az1"', ['zoneIds'], 'use1-az1'],
    ['zoneIds[0] must be text, got 1', ['zoneIds'], [1]],
    ['layers must be a mapping, got []', ['layers'], []],
    ['layers.playback must be a mapping, got 120', ['layers', 'playback'], 120],
    ['layers.playback.baseline must be given, got nothing', ['layers', 'playback', 'baseline'], undefined],
    ['layers.playback.baseline must be a number, got "120"', ['layers', 'playback', 'baseline'], '120'],
    ['layers.playback.baseline must be a number, got bigint', ['layers', 'playback', 'baseline'], 120n],
    ['layers.playback.shedsLoad must be true or false, got "yes"', ['layers', 'playback', 'shedsLoad'], 'yes'],
    ['layers.playback.leadTime must be a mapping, got null', ['layers', 'playback', 'leadTime'], null],
    ['layers.playback.dependencies[0].limit must be given, got nothing', ['layers', 'playback', 'dependencies'], [{}]],
    ['layers.playback.demand.kinds must be a mapping, got 1', ['layers', 'playback', 'demand', 'kinds'], 1],
    ['layers.playback.demand.stayRange must be a list, got 1', ['layers', 'playback', 'demand', 'stayRange'], 1],
    ['quotas must be a mapping, got null', ['quotas'], null],
    ['prices.readOn must be text, got 20261121', ['prices', 'readOn'], 20_261_121],
    ['name must be text, got 7', ['name'], 7],
  ])('is told %s', (message, path, value) => {
    const problems = validateEnvironment(withValue(value, path, whole) as Environment);
    expect(problems.map((problem) => problem.message)).toContain(message);
  });

  test.each([
    [['layers', 'playback', 'utilizationNormal']],
    [['layers', 'playback', 'demand', 'lobbyshare']],
    [['quotas', 'fargateVCPU']],
  ])('is told of a misspelt field, which would be missed in silence: %j', (path) => {
    const problems = validateEnvironment(withValue(0.5, path, whole) as Environment);
    expect(problems.map(({ message }) => message)).toEqual([`${path.join('.')} must be a known field, got 0.5`]);
  });

  test('names its layers as releases can name them', () => {
    const [problem] = validateEnvironment({ ...whole, layers: { signIn: whole.layers['playback']! } });
    expect(problem!.message).toBe('layers must be named with lower case letters, digits and hyphens, got "signIn"');
  });

  test('says nothing that is not planned with: it could be meant for something that is', () => {
    const given = { ...whole, demandFaktor: 0.1 } as Environment;
    expect(validateEnvironment(given)).toMatchObject([
      { message: 'demandFaktor must be a known field, got 0.1', mend: expect.stringContaining('demandFactor') },
    ]);
  });

  test.each([
    ['layers.playback.demand.stayRange must be two numbers, got [0.9,1.1,5]', ['demand', 'stayRange'], [0.9, 1.1, 5]],
    ['layers.playback.unit must be text with letters, got ""', ['unit'], ''],
    ['layers.playback.namespace must be one of Application Auto Scaling, got "ecss"', ['namespace'], 'ecss'],
    [
      'layers.playback.dimension must be one of the namespace ecs, got "ecs:service:DesiredCounts"',
      ['dimension'],
      'ecs:service:DesiredCounts',
    ],
  ])('is told %s', (message, path, value) => {
    const problems = validateEnvironment(withValue(value, ['layers', 'playback', ...path], whole) as Environment);
    expect(problems.map((problem) => problem.message)).toContain(message);
  });

  test('knows the dimensions of Application Auto Scaling, all of them', () => {
    expect(SCALABLE_DIMENSIONS).toEqual(Object.values(ScalableDimension).toSorted());
  });

  test.each([[null], [undefined], ['live'], [[]]])('that is none at all, %j, is refused', (value) => {
    const [problem] = validateEnvironment(value as unknown as Environment);
    expect(problem!.message).toMatch(/^environment must be (a mapping|given), got /);
  });

  test('never crashes the check, whatever stands in place of a value', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const others = [null, undefined, 'x', '', 5, -1, Number.NaN, true, [], [null], {}, { x: 1 }, circular, () => 1];
    for (const sound of [whole, prod]) {
      expect(validateEnvironment(sound)).toEqual([]);
      for (const path of pathsIn(sound)) {
        for (const value of others) {
          expect(() => validateEnvironment(withValue(value, path, sound) as Environment)).not.toThrow();
        }
      }
    }
    for (const path of pathsIn(whole)) {
      expect([path, validateEnvironment(withValue(null, path, whole) as Environment)]).not.toEqual([path, []]);
    }
  });
});

describe('a layer that does not run on ECS', () => {
  const onLambda = (fields: Partial<LayerProfile> = {}): Environment =>
    environment({
      namespace: 'lambda',
      dimension: 'lambda:function:ProvisionedConcurrency',
      unit: 'instance',
      leadTime: { startLatencySeconds: 180, unitsPerMinute: 6000 },
      vcpuPerUnit: undefined,
      ...fields,
    });
  const messages = (where: Environment): string[] => validateEnvironment(where).map(({ message }) => message);

  test('states how fast it scales, because the defaults are those of Fargate', () => {
    expect(messages(onLambda())).toEqual([]);
    expect(messages(onLambda({ leadTime: undefined }))).toEqual([
      'layers.playback.leadTime.startLatencySeconds must be given for lambda:function:ProvisionedConcurrency, got nothing',
      'layers.playback.leadTime.unitsPerMinute must be given for lambda:function:ProvisionedConcurrency, got nothing',
    ]);
    expect(messages(onLambda({ leadTime: { startLatencySeconds: 90_000, unitsPerMinute: 6000 } }))).toEqual([
      'layers.playback.leadTime.startLatencySeconds must be from 0 to 86400, got 90000',
    ]);
    // A mend that says to leave it out would only lead to the next error.
    for (const leadTime of [undefined, { startLatencySeconds: 90_000, unitsPerMinute: 0 }]) {
      for (const { mend } of validateEnvironment(onLambda({ leadTime }))) expect(mend).toContain('docs/attach.md');
    }
  });

  test('names a dimension of its own namespace', () => {
    expect(messages(onLambda({ dimension: 'ecs:service:DesiredCount' }))).toContain(
      'layers.playback.dimension must be one of the namespace lambda, got "ecs:service:DesiredCount"',
    );
  });

  test('has at most the replicas that an Aurora cluster can have', () => {
    const aurora = { namespace: 'rds', dimension: 'rds:cluster:ReadReplicaCount', unit: 'replica' };
    const sizes = { baseline: 2, baselineRequestsPerSecond: 0 };
    expect(messages(onLambda({ ...aurora, ...sizes, maximum: 15 }))).toEqual([]);
    expect(messages(onLambda({ ...aurora, ...sizes, maximum: 16 }))).toEqual([
      'layers.playback.maximum must be at most 15 replicas, which AWS does not raise, got 16',
    ]);
  });

  test('has findings in its own unit, and none about tasks, load balancers or Fargate', () => {
    // AWS's defaults for a new account, all of which the finale would pass as tasks.
    const where = { ...onLambda({ maximum: 8000, shedsLoad: false }), quotas: {} };
    expect(findings([FINALE], where)).toEqual([]);
    expect(findings([FINALE], { ...environment({ maximum: 4000 }), quotas: {} }).map(({ code }) => code)).toEqual([
      'quota/cloudfront-requests',
      'quota/fargate-vcpu',
      'quota/load-balancer-targets',
    ]);

    const tooSmall = findings(
      [FINALE],
      onLambda({ maximum: 500, shedsLoad: false, requestsPerSecondSource: undefined }),
    );
    expect(tooSmall.map(({ message }) => message)).toEqual([
      'finale needs 972 instances in us-east-1/playback from 2026-01-01T00:00:00Z on, above the ceiling of 500',
      '1,000 requests per second of one instance in us-east-1/playback is a placeholder',
    ]);
  });
});
