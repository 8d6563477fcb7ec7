import { join } from 'node:path';
import { environments } from '../../lib/environments';
import { loadPlans } from '../../lib/load-plan';
import { floorScheduleOf } from '../../lib/rehearsal/floor-schedule';
import { POLICY_NAMES, POLICY_WORDS, type PolicyName } from '../../lib/rehearsal/policies';
import { type Rehearsal, RunningRehearsal } from '../../lib/rehearsal/rehearsal';
import { NOTHING_UNUSUAL, rehearsalOf, type RehearsalSpec } from '../../lib/rehearsal/spec';
import { type Verdict, verdictOf } from '../../lib/rehearsal/verdict';
import { renderRehearsal } from '../../lib/report/rehearsal-table';
import type { Release } from '../../lib/calendar/release';
import { environment, release } from '../capacity/fixtures';
import { FINALE, rehearsed } from '../rehearsal/fixtures';

const SPEC = rehearsed([FINALE]);

function rehearse(spec: RehearsalSpec, draws: number): Rehearsal {
  const running = new RunningRehearsal(spec, draws);
  while (running.playNext());
  return running.report();
}

/** Played once: what is said of it is in the words of other rehearsals, too. */
const PLAYED = rehearse(SPEC, 1);

function only(name: PolicyName): Pick<Rehearsal, 'exact' | 'policies'> {
  return {
    exact: PLAYED.exact.filter(({ policy }) => policy === name),
    policies: PLAYED.policies.filter(({ policy }) => policy === name),
  };
}

function render(fields: Partial<Rehearsal> = {}): string {
  const rehearsal = { ...PLAYED, ...fields };
  return renderRehearsal(rehearsal, verdictOf(rehearsal, 0.01), { currency: 'EUR' });
}

test('the finale of the calendar, on prod', () => {
  const prod = environments.find(({ name }) => name === 'prod')!;
  const asOf = '2025-12-28T00:00:00Z';
  const calendarDir = join(__dirname, '..', '..', 'release-calendar');
  const { plan, calendar } = loadPlans({ calendarDir, environments: [prod], known: environments, asOf });
  const target = plan!.environments[0]!.targets[0]!;
  const spec = rehearsalOf({
    calendar: calendar!,
    environment: prod,
    plan: target,
    asOf,
    release: 'stranger-things-5-finale',
    floors: floorScheduleOf(target),
  });
  const rehearsal = rehearse(spec as RehearsalSpec, 40);
  const text = renderRehearsal(rehearsal, verdictOf(rehearsal, prod.outageBudget), { currency: 'USD' });
  expect(text).toMatchInlineSnapshot(`
   "stranger-things-5-finale in prod: us-east-1/playback
   premiere 2026-01-01 01:00 UTC, rehearsed from 2025-12-30 23:55 to 2026-01-01 19:00 UTC (43.1 h)
   baseline 120 tasks, highest floor 947, ceiling 1,600, planned for the 0.9 quantile
   40 draws, seed 1

   the plan is enough, as far as these draws tell
   - Under the plan none of 40 draws has an outage. How likely one is: at most 7.3 %, with 95 % confidence; whether that is
     within the outage budget of 1 % these draws cannot tell.
   - More draws are needed to tell: 299 without an outage would show it.
   - The plan holds up to × 2.95 of the median audience, when all else is as forecast. What breaks first beyond that:
     neither floors nor target tracking ask for enough in time. Raise the forecast in the calendar, or the planning
     quantile (now 0.9).
   - An overload, once it begins, could feed itself: 3 retries can make 947 tasks' worth of requests, the highest floor,
     2.95 times as many, above the maximum of 1,600. Shed load, let clients retry less, or raise the maximum.
   - With a zone lost at the peak of each night, which the figures above leave out: 1.3 outage minutes on average until the
     load balancer has noticed after 30 s, which no floor changes, and an outage besides in 2.5 % (0.1–12 %) of the draws.
   - The plan takes 2,310 task-hours on average (above the baseline of 120, over 43.1 h and planned for the 0.9 quantile),
     45 % fewer than hand-written windows of what each release needs by itself. Outages, by the plan and by hand: 0 %
     (≤ 7.3 %) and 0 % (≤ 7.3 %). It is × 2.1 of what the oracle takes, which knows the night before: what is above that is
     the price of certainty.
   - Target tracking alone (cooldown 60 s) is out for 8 min at exact forecast, has an outage in 90 % (78–97 %) of the draws
     and holds up to × 0.33 of the median audience.
   - What is drawn is how many come, how fast, how many wait in the app before, and when they begin. The rest of the
     demand's shape, and how clients and units behave, is assumed: no number of draws tells whether it is right.

   40 draws                   P(any outage)  outage min:       lost requests:    task-h above              USD:            × oracle
                                                    mean  p95            mean  baseline: mean     p95      mean       p95
   static peak                0 % (≤ 7.3 %)          0.0    0               0          35,635  35,630  7,037.18  7,036.20     33.02
   target tracking, 60 s     90 % (78–97 %)          7.1   10           120 M           1,214   1,682    239.73    332.17      1.12
   target tracking, 300 s  95 % (85–99.2 %)          8.2   11           140 M           1,155   1,663    227.99    328.35      1.07
   step scaling              57 % (43–71 %)          4.6    9            81 M           1,693   2,191    334.40    432.58      1.57
   predictive                88 % (75–95 %)          7.0   10           119 M           1,230   1,705    242.96    336.73      1.14
   hand-written               0 % (≤ 7.3 %)          0.0    0               0           4,205   4,245    830.44    838.27      3.90
   cron, 18–24 h              0 % (≤ 7.3 %)          0.0    0               0           9,264   9,297  1,829.37  1,836.06      8.58
   the plan                   0 % (≤ 7.3 %)          0.0    0               0           2,310   2,617    456.12    516.86      2.14
   oracle                     0 % (≤ 7.3 %)          0.0    0               0           1,079   1,681    213.15    332.06      1.00
   An outage minute is one in which fewer than 99 % of the users' requests that ended were answered; a lost request is one
   that was never answered, however often it was tried. Each bound in brackets holds with 95 % confidence. A task costs
   from its launch until it has stopped; above the baseline is without the 120 of the baseline over the 43.1 h; × oracle is
   the mean of these hours over that of floors made by somebody who knows each night before. Floors are for the 0.9
   quantile.

   everything as forecast  outage min  lost requests  task-h above       USD  × oracle
                                                          baseline
   static peak                      0              0        35,630  7,036.20     35.17
   target tracking, 60 s            8          113 M         1,165    230.13      1.15
   target tracking, 300 s           7          109 M         1,120    221.09      1.11
   step scaling                     7          112 M         1,750    345.59      1.73
   predictive                       8          113 M         1,188    234.58      1.17
   hand-written                     0              0         4,185    826.40      4.13
   cron, 18–24 h                    0              0         9,247  1,826.03      9.13
   the plan                         0              0         2,209    436.27      2.18
   oracle                           0              0         1,013    200.06      1.00

   accuracy, mean of the draws  θU %   θO %  τU %   τO %
   static peak                   0.0  640.3   0.0  100.0
   target tracking, 60 s         0.7    2.6  20.9   14.9
   target tracking, 300 s        0.8    2.3  21.0   14.7
   step scaling                  0.1    8.7   0.8   42.1
   predictive                    0.7    3.0  20.6   67.4
   hand-written                  0.3   39.0  13.3   24.2
   cron, 18–24 h                 0.3  136.6  13.3   38.3
   the plan                      0.4   21.2  15.7   22.8
   oracle                        0.0    2.1   0.0   40.3
   θU and θO: mean shortage and excess of ready tasks, divided by those that the night requires at each instant. τU and τO:
   time with a shortage and with an excess, divided by the 43.1 h. Required has the planner's headroom, so a shortage is
   not yet an outage.

   policies
     static peak             the highest floor of the plan, all day
     target tracking, 60 s   reacts; cooldown 60 s out and 300 s in
     target tracking, 300 s  reacts; cooldown 300 s, the default, out and in
     step scaling            reacts; two minutes above the target, then by 20 %, 50 % or 100 %
     predictive              hourly floors from the means of the last 14 days: no one-off is in them
     hand-written            what each release needs by itself, from an hour before to four hours after its premiere
     cron, 18–24 h           the highest floor from 18:00 to 24:00 each day, in the region's time
     the plan                the floors that would be deployed
     oracle                  knows the night: the floors that its own demand needs, a new one each five minutes

   assumptions
     clients   hang up after 10 s (judgement) and try again up to 3 times, 80 % of them each time, after a pause of up to
               5, 10, 20 s (judgement)
     overload  is not refused: requests queue, first come, first served, also those whose clients have hung up, for up to
               60 s (default of an Application Load Balancer)
     tasks     answer 1,000 requests/s each at full use (a placeholder until a load test is named), of which 95 % can be
               reached (judgement); 95 of 100 are ready 120 s after their launch (judgement); 500 are launched per minute
               (the limit of Fargate per service)
     scaling   actions run up to 60 s late; a minute's metric can be read 1 min after its end (judgement); above its floors
               every policy scales by target tracking with a cooldown of 60 s, where its name says no other
     zones     3; a lost one gets requests for 30 s more (three health checks)
     demand    audience, rise, lobby and start are drawn; the rest of the curve is modelled
   "
  `);
});

describe('what was played', () => {
  test('every policy has a row in every table, in the order in which policies are shown', () => {
    const text = render();
    const labels = POLICY_NAMES.map((name) => POLICY_WORDS[name].label);
    const rows = text.split('\n').flatMap((line) => labels.filter((label) => line.startsWith(`${label}  `)));
    expect(rows).toEqual([...labels, ...labels, ...labels]);
  });

  test('the numbers of a row are those of its policy', () => {
    const { exact, policies } = only('plan');
    const summary = {
      ...policies[0]!,
      outageMinutes: { mean: 2.25, p95: 1234 },
      lostRequests: { mean: 9_949_999, p95: 0 },
      unitHoursAbove: { mean: 1234.4, p95: 2345.6 },
      amountAbove: { mean: 1234.567, p95: 0.4 },
      toOracle: 1.987,
      accuracy: { thetaUnder: 1.04, thetaOver: 20.06, tauUnder: 3.3, tauOver: 44 },
    };
    const lines = render({ exact, policies: [summary] }).split('\n');
    const rows = lines.filter((line) => line.startsWith('the plan  ')).map((line) => line.split(/ {2,}/));
    expect(rows[0]).toEqual([
      'the plan',
      '0 % (≤ 95 %)',
      '2.3',
      '1,234',
      '9.9 M',
      '1,234',
      '2,346',
      '1,234.57',
      '0.40',
      '1.99',
    ]);
    expect(rows[2]).toEqual(['the plan', '1.0', '20.1', '3.3', '44.0']);
  });

  test('money is in the currency of the prices', () => {
    const text = render();
    expect(text).toContain('EUR:');
    expect(text).not.toContain('USD');
  });

  test.each([
    [42.4, '42'],
    [9_949_999, '9.9 M'],
    [999_499_999, '999 M'],
    [999_500_000, '1.0 G'],
    [5_190_000_000, '5.2 G'],
    [51_900_000_000, '52 G'],
  ])('%d lost requests are %s', (mean, words) => {
    const { exact, policies } = only('plan');
    const text = render({ exact, policies: [{ ...policies[0]!, lostRequests: { mean, p95: 0 } }] });
    expect(/^the plan {2}.*$/m.exec(text)![0].split(/ {2,}/)[4]).toBe(words);
  });

  test('what has no multiple of the oracle shows none', () => {
    const { exact, policies } = only('plan');
    const without = <T extends object>(summaries: readonly T[]): T[] =>
      summaries.map((each) => ({ ...each, toOracle: undefined }));
    const row = render({ exact: without(exact), policies: without(policies) })
      .split('\n')
      .find((line) => line.startsWith('the plan  '));
    expect(row).toMatch(/ –$/);
  });

  test('who stopped it reads after how many draws', () => {
    const text = render({ asked: 1000, played: 2 });
    expect(text).toContain('\nstopped after 2 of 1,000 draws, seed 1\n');
    expect(text).toContain('\nthe plan is enough, as far as these draws tell; stopped after 2 of 1,000 draws\n- Under');
    expect(text).toMatch(/^stopped after 2 of 1,000 draws +P\(any outage\)/m);
  });

  test('stopped at once, the night as forecast is all there is', () => {
    const text = render({ asked: 1000, played: 0, policies: [], zoneLost: undefined });
    expect(text).toContain('\nstopped after 0 of 1,000 draws, seed 1\n');
    expect(text).toContain('\nunknown: nothing was drawn; stopped after 0 of 1,000 draws\n- No draw was played');
    expect(text).not.toContain('P(any outage)');
    expect(text).toMatch(/^everything as forecast +outage min/m);
    expect(text).toMatch(/^accuracy, as forecast +θU %/m);
    expect(text).toContain('An outage minute is one in which');
  });

  test('no line is wider than a wide terminal', () => {
    const widths = render()
      .split('\n')
      .map((line) => line.length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(150);
  });

  test('it ends with one newline, and no line with a space', () => {
    const text = render();
    expect(text).toMatch(/[^\n]\n$/);
    expect(text).not.toMatch(/ \n/);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('the verdict', () => {
  const verdict = (code: Verdict['code'], ...codes: Verdict['sentences'][number]['code'][]): Verdict => ({
    code,
    sentences: codes.map((each) => ({ code: each, text: `About ${each}.` })),
  });
  const headline = (of: Verdict): string =>
    renderRehearsal(PLAYED, of, { currency: 'EUR', paint: (code, text) => `<${code}>${text}</>` });

  test.each<[Verdict, string]>([
    [verdict('enough', 'outage'), '<enough>the plan is enough</>\n- About outage.\n'],
    [
      verdict('enough', 'outage', 'more-draws'),
      '<enough>the plan is enough, as far as these draws tell</>\n- About outage.\n- About more-draws.\n',
    ],
    [verdict('not-enough', 'outage'), '<not-enough>the plan is not enough</>\n'],
    [verdict('not-needed', 'outage'), '<not-needed>not needed: the release would be well without a plan</>\n'],
    [verdict('unknown', 'outage'), '<unknown>unknown: nothing was drawn</>\n'],
  ])('$0.code stands above the tables, in its colour', (of, expected) => {
    const text = headline(of);
    expect(text).toContain(expected);
    expect(text.indexOf(expected)).toBeLessThan(text.indexOf('P(any outage)'));
  });

  test('a long sentence is wrapped below its own text, and numbers stay with their signs', () => {
    const text = renderRehearsal(
      PLAYED,
      { code: 'enough', sentences: [{ code: 'cost', text: `${'ten or so '.repeat(11)}more % ≤ 10 % and × 2 of it.` }] },
      { currency: 'EUR' },
    );
    expect(text).toContain(`- ${'ten or so '.repeat(11)}more %\n  ≤ 10 % and × 2 of it.\n`);
  });
});

describe('who else comes', () => {
  const episode = (id: string): Release => release({ id, kind: 'episode', premiereAt: FINALE.premiereAt - 7200 });

  test('is named at the head', () => {
    expect(render({ spec: rehearsed([FINALE, episode('a')]) })).toMatch(
      /^finale in prod: .*\nwith a, which comes in the same hours\npremiere /,
    );
    const many = ['a', 'b', 'c', 'd', 'e'].map((id) => episode(id));
    expect(render({ spec: rehearsed([FINALE, ...many]) })).toContain(
      '\nwith a, b, c and 2 more, which come in the same hours\npremiere ',
    );
    expect(render()).not.toContain('in the same hours');
  });
});

describe('what it rests on', () => {
  test('a recorded night is not drawn, and the others are', () => {
    const trace = { shape: { startSeconds: -60, stepSeconds: 60, shares: [0, 1, 0] }, peakRequestsPerSecond: 1e5 };
    const demand = (releases: readonly Release[]): string =>
      /^ {2}demand +(.*(\n {5}.*)*)/m
        .exec(render({ spec: rehearsed(releases, { trace }) }))![1]!
        .replaceAll(/\n +/g, ' ');
    const stated = { ...FINALE, audience: undefined, floors: { playback: 300 } };
    const other = release({ id: 'other', premiereAt: FINALE.premiereAt });
    expect(demand([FINALE])).toBe('audience and start are drawn; the rest of finale is as recorded');
    expect(demand([stated])).toBe('the start is drawn; the rest of finale is as recorded');
    expect(demand([stated, other])).toBe(
      'the start is drawn; the rest of finale is as recorded; of the other releases audience, rise, lobby and start are drawn; the rest of the curve is modelled',
    );
  });

  test('what is an outage and what is lost when a zone is', () => {
    const lost = render({ spec: { ...SPEC, whatIf: { ...NOTHING_UNUSUAL, loseZone: true } } }).replaceAll('\n', ' ');
    expect(lost).toContain('were answered, but for those of the failover; a lost request');
    expect(lost).toContain('however often it was tried, in the failover, too.');
    expect(render()).not.toContain('failover');
  });

  test('what was asked besides the forecast is at the head, and qualifies the night as forecast', () => {
    const text = render({ spec: { ...SPEC, whatIf: { ...NOTHING_UNUSUAL, audienceFactor: 2, guard: false } } });
    expect(text).toContain('\nwhat if: an audience of × 2 the forecast; no guard\n');
    expect(text).toContain('As forecast, but for what was asked above.');
    expect(render()).not.toMatch(/what if|but for what was asked/);
  });

  test('what the profile states is told from judgements', () => {
    const judged = render().replaceAll(/\n +/g, ' ');
    expect(judged).toContain(
      'try again up to 3 times, 80 % of them each time, after a pause of up to 5, 10, 20 s (judgement)',
    );
    expect(judged).toContain('95 of 100 are ready 120 s after their launch (judgement)');
    expect(judged).toContain('500 are launched per minute (the limit of Fargate per service)');
    const stated = environment({
      shedsLoad: false,
      retries: { count: 1, persistence: 0.5 },
      leadTime: { startLatencySeconds: 60, unitsPerMinute: 200 },
    });
    const text = render({ spec: rehearsed([FINALE], { environment: stated }) }).replaceAll(/\n +/g, ' ');
    expect(text).toContain('try again up to 1 time, 50 % of them, after a pause of up to 5 s (of the profile)');
    expect(text).toContain('95 of 100 are ready 60 s after their launch (of the profile)');
    expect(text).toContain('200 are launched per minute (of the profile)');
  });

  test('whether load is shed', () => {
    const shed = /^ {2}overload {2}(.*)$/m;
    expect(shed.exec(render())![1]).toBe('is refused when it would wait for more than 1 s (of the profile)');
    const queues = rehearsed([FINALE], { environment: environment({ shedsLoad: false }) });
    expect(shed.exec(render({ spec: queues }))![1]).toMatch(
      /^is not refused: requests queue, first come, first served/,
    );
  });

  test('clients that never try again', () => {
    const once = environment({ retries: { count: 0, persistence: 0 } });
    expect(render({ spec: rehearsed([FINALE], { environment: once }) })).toContain(
      'hang up after 10 s (judgement) and do not try again (of the profile)',
    );
  });

  test('a throughput that nobody measured is called a placeholder', () => {
    expect(render()).not.toContain('placeholder');
    const unmeasured = environment({ requestsPerSecondSource: undefined });
    expect(render({ spec: rehearsed([FINALE], { environment: unmeasured }) })).toContain(
      '1,000 requests/s each at full use (a placeholder until a load test',
    );
  });
});
