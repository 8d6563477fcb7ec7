import type { CapacityWindow, PlannedRelease } from '../capacity/capacity-plan';
import { type DrillRecord, readDrillRecord } from '../capacity/drill-record';
import { fromIso, toIso } from '../capacity/instants';
import { type Override, readOverride } from '../capacity/override';
import { formatCount } from '../capacity/words';
import { go, type Judgement, noGo, overallVerdict, unknownCheck } from './check';
import type { Fact, RecordText } from './facts';

const DAY_SECONDS = 86_400;

/** The guard sees every minute what came of a drill, and writes it down. Seconds. */
const RECORD_SLACK_SECONDS = 300;

/** A drill outside the calendar counts for what premieres within these days after it; a judgement. Seconds. */
const DRILL_COUNTS_SECONDS = 7 * DAY_SECONDS;

/** What a release's entry in the calendar says, beyond what its plan does. */
export interface JudgedRelease {
  readonly id: string;
  readonly status: string;
  /** Seconds since the epoch. */
  readonly premiereAt: number;
  readonly premiereZone: string;
  /** From the start of the drill to the premiere; null for no drill. */
  readonly drillSeconds: number | null;
}

/** Whether the releases will happen, as far as the calendar says. */
export function judgeReleases(releases: readonly JudgedRelease[], now: number): Judgement {
  const expected = 'confirmed, at the latest a day before the premiere';
  if (releases.length === 0) return go('release', 'confirmed, where one is coming', 'none is coming');
  const found = releases
    .map(({ id, status, premiereAt }) => `${id} is ${status}, premiere ${toIso(premiereAt)}`)
    .join('; ');
  const cancelled = releases.filter(({ status }) => status === 'cancelled');
  if (cancelled.length > 0) {
    return noGo(
      'release',
      expected,
      found,
      'a cancelled release plans nothing: name another, or confirm it and deploy',
    );
  }
  const late = releases.filter(({ status, premiereAt }) => status === 'tentative' && premiereAt - now <= DAY_SECONDS);
  if (late.length === 0) return go('release', expected, found);
  return noGo('release', expected, found, 'write status: confirmed into its entry, or cancel it, and deploy');
}

/** The overrides that are not over, and what none of the records says. */
export function readOverrides(
  records: readonly RecordText[],
  now: number,
): { readonly overrides: readonly Override[]; readonly unreadable: readonly { name: string; problem: string }[] } {
  const overrides: Override[] = [];
  const unreadable: { name: string; problem: string }[] = [];
  for (const { name, text } of records) {
    const override = readOverride(text);
    if (typeof override === 'string') unreadable.push({ name, problem: override });
    else overrides.push(override);
  }
  overrides.sort((a, b) => fromIso(a.from) - fromIso(b.from));
  return { overrides: overrides.filter(({ until }) => fromIso(until) > now), unreadable };
}

/** Lists what people have changed for the night; what takes the floor or the guard away from a window is no go. */
export function judgeOverrides(
  fact: Fact<readonly RecordText[]>,
  windows: readonly CapacityWindow[],
  now: number,
  region: string,
): Judgement {
  const expected = 'no pause and no end-window that reaches into the window';
  if (!fact.known) return unknownCheck('overrides', expected, fact.trouble);
  const { overrides, unreadable } = readOverrides(fact.value, now);
  const remove = (name: string): string => `aws ssm delete-parameter --name ${name} --region ${region}`;
  const texts = [
    ...overrides.map(
      ({ kind, min, from, until, who, why }) =>
        `${kind}${min === undefined ? '' : ` to ${formatCount(min)}`} from ${from} until ${until} by ${who}: ${why}`,
    ),
    ...unreadable.map(({ name, problem }) => `${name} ${problem}`),
  ];
  const found = texts.length > 0 ? texts.join('; ') : 'none';
  const inTheWay = overrides.filter(
    ({ kind, from, until }) =>
      (kind === 'pause' || kind === 'end-window') &&
      windows.some(({ risingAt, endsAt }) => fromIso(from) < fromIso(endsAt) && fromIso(until) > fromIso(risingAt)),
  );
  const names = [
    ...fact.value.filter(({ text }) => inTheWay.some((override) => readsAs(text, override))).map(({ name }) => name),
    ...unreadable.map(({ name }) => name),
  ];
  if (names.length === 0) return go('overrides', expected, found);
  return noGo('overrides', expected, found, `ask who wrote it, and end it: ${names.map(remove).join('; ')}`);
}

function readsAs(text: string, { id }: Override): boolean {
  const override = readOverride(text);
  return typeof override !== 'string' && override.id === id;
}

export interface JudgeDrillInput {
  readonly fact: Fact<readonly RecordText[]>;
  readonly releases: readonly JudgedRelease[];
  /** Of the plan as of now. */
  readonly planned: readonly PlannedRelease[];
  readonly target: string;
  readonly baseline: number;
  readonly drillMinutes: number;
  readonly environment: string;
  readonly now: number;
}

/** Whether the full floor was seen healthy before the night. */
export function judgeDrill({ fact, releases, ...input }: JudgeDrillInput): Judgement {
  const expected = "a drill that passed, at least as high as the release's floor";
  if (!fact.known) return unknownCheck('drill', expected, fact.trouble);
  const records = fact.value.map(({ text }) => readDrillRecord(text)).filter((record) => record !== undefined);
  const judgements = releases.flatMap((release): Judgement[] => {
    const need = input.planned
      .find(({ id }) => id === release.id)
      ?.targets.find(({ id }) => id === input.target)?.floor;
    return need === undefined ? [] : [judgeDrillOf(release, need, records, expected, input)];
  });
  if (judgements.length === 0) return go('drill', expected, 'no release needs one');
  const mends = judgements.flatMap(({ mend }) => mend ?? []);
  const found = judgements.map((judgement) => judgement.found).join('; ');
  return overallVerdict(judgements) === 'go'
    ? go('drill', expected, found)
    : noGo('drill', expected, found, [...new Set(mends)].join('; '));
}

function judgeDrillOf(
  { id, premiereAt, drillSeconds }: JudgedRelease,
  need: number,
  records: readonly DrillRecord[],
  expected: string,
  { baseline, drillMinutes, environment, now }: Omit<JudgeDrillInput, 'fact' | 'releases'>,
): Judgement {
  const again = `find out what was in the way, then: npx prescale drill --now --env ${environment}`;
  // Of an earlier premiere under the same name it says nothing.
  const counts = Math.max(DRILL_COUNTS_SECONDS, (drillSeconds ?? 0) + DAY_SECONDS);
  // One that is not high enough says something only when it failed.
  const [latest] = records
    .filter(
      ({ releases, raisedAt, floor, outcome }) =>
        isWithin(raisedAt, premiereAt - (releases.includes(id) ? counts : DRILL_COUNTS_SECONDS), premiereAt) &&
        (floor >= need || outcome === 'failed'),
    )
    .toSorted((a, b) => fromIso(b.seenAt) - fromIso(a.seenAt));
  if (latest?.outcome === 'passed') {
    const took = latest.seconds === undefined ? '' : ` after ${latest.seconds} s`;
    const text = `${id}: passed, ${formatCount(latest.floor)} healthy${took}, at ${latest.seenAt}`;
    return go('drill', expected, text);
  }
  if (latest !== undefined) {
    const count = latest.healthy === undefined ? 'nobody could count how many' : formatCount(latest.healthy);
    const inTheWay = latest.inTheWay.length > 0 ? `; in the way: ${latest.inTheWay.join(' | ')}` : '';
    return noGo(
      'drill',
      expected,
      `${id}: failed, ${count} of ${formatCount(latest.floor)} healthy at ${latest.seenAt}${inTheWay}`,
      again,
    );
  }
  if (need <= baseline) return go('drill', expected, `${id}: none, the baseline covers it`);
  if (drillSeconds === null) return go('drill', expected, `${id}: the calendar plans none`);
  const startsAt = premiereAt - drillSeconds;
  const recordedBy = startsAt + 60 * drillMinutes + RECORD_SLACK_SECONDS;
  if (now < startsAt) return go('drill', expected, `${id}: due at ${toIso(startsAt)}`);
  if (now < recordedBy)
    return go('drill', expected, `${id}: runs since ${toIso(startsAt)}, known by ${toIso(recordedBy)}`);
  return noGo(
    'drill',
    expected,
    `${id}: was due at ${toIso(startsAt)} at ${formatCount(need)}, and no record says how it ended`,
    `run one: npx prescale drill --now --env ${environment}`,
  );
}

function isWithin(instant: string, from: number, to: number): boolean {
  return from <= fromIso(instant) && fromIso(instant) < to;
}
