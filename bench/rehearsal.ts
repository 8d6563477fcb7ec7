import { formatCount, percent } from '../lib/capacity/words';
import { floorScheduleOf } from '../lib/rehearsal/floor-schedule';
import { POLICY_WORDS } from '../lib/rehearsal/policies';
import { ZONE_LOSS_POLICIES } from '../lib/rehearsal/rehearse';
import { RunningRehearsal } from '../lib/rehearsal/rehearsal';
import { rehearsalOf, type RehearsalSpec } from '../lib/rehearsal/spec';
import { BenchmarkError, digits, progress, table } from './measure';
import { PROD, readProd } from './prod';

const FINALE = { release: 'stranger-things-5-finale', asOf: '2025-12-28T00:00:00Z' };
const DRAWS = 1000;
const HOUR = 3600;

/** What a rehearsal of a release has to take less than ten seconds for: 200 draws of eight policies over a day. */
const WANTED_HOURS = 200 * 8 * 24;

/**
 * The finale with prod's profile: outages and cost of every policy, at exact forecast and over 1,000 stratified draws, and how fast that is played.
 *
 * But for the last line nothing is measured: the same seed gives the same figures on every machine.
 */
export function benchRehearsal(): string {
  const spec = finaleSpec();
  progress(`rehearsal: ${DRAWS} draws`);
  const running = new RunningRehearsal(spec, DRAWS);
  const startedAt = performance.now();
  while (running.playNext());
  const seconds = (performance.now() - startedAt) / 1000;
  const { exact, policies } = running.report();

  const spanHours = (spec.to - spec.from) / HOUR;
  // A zone that is lost is played beside the policies.
  const hoursPerSecond = (DRAWS * (policies.length + ZONE_LOSS_POLICIES.length) * spanHours) / seconds;
  const handWritten = policies.find(({ policy }) => policy === 'hand-written')!;
  const plan = policies.find(({ policy }) => policy === 'plan')!;
  const exactPlan = exact.find(({ policy }) => policy === 'plan')!;
  const { baseline } = spec.profile;
  const iso = (at: number): string => `${new Date(at * 1000).toISOString().slice(0, 16)}Z`;
  return [
    table(
      `rehearsal: ${spec.release} in ${spec.environment}, ${iso(spec.from)} to ${iso(spec.to)}, above the baseline of ${baseline} ${spec.unit}s, q ${spec.quantile}, ceiling ${formatCount(spec.floors.max)}, seed ${spec.seed}`,
      [
        'policy',
        'exact: outage, min',
        `${spec.unit}-hours`,
        'to oracle',
        `${formatCount(DRAWS)} draws: P(outage)`,
        'at most',
        'outage, min',
        `${spec.unit}-hours`,
        'p95',
        'to oracle',
      ],
      policies.map((summary, index) => {
        const ofExact = exact[index]!;
        return [
          POLICY_WORDS[summary.policy].label,
          String(ofExact.outageMinutes),
          formatCount(ofExact.unitHoursAbove),
          `× ${ofExact.toOracle!.toFixed(2)}`,
          percent(summary.outage.estimate),
          percent(summary.outage.high),
          summary.outageMinutes.mean.toFixed(1),
          formatCount(summary.unitHoursAbove.mean),
          formatCount(summary.unitHoursAbove.p95),
          `× ${summary.toOracle!.toFixed(2)}`,
        ];
      }),
    ),
    `  the plan: ${exactPlan.outageMinutes} outage minutes at exact forecast; P(any outage) at most ${percent(plan.outage.high)}, with 95 % confidence;`,
    `  ${percent(1 - plan.unitHoursAbove.mean / handWritten.unitHoursAbove.mean)} fewer ${spec.unit}-hours above the baseline than the hand-written window of the same quantile, drill included`,
    `  played: ${digits(hoursPerSecond)} simulated hours per second on one core; 200 draws × 8 policies × 24 h take ${digits(WANTED_HOURS / hoursPerSecond)} s`,
    '',
  ].join('\n');
}

function finaleSpec(): RehearsalSpec {
  const { release, asOf } = FINALE;
  const { calendar, target } = readProd(asOf);
  const floors = floorScheduleOf(target);
  const spec = rehearsalOf({ calendar, environment: PROD, plan: target, asOf, release, floors });
  if ('reason' in spec) throw new BenchmarkError(spec.reason);
  return spec;
}
