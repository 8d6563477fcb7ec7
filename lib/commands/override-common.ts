import type { Command } from 'commander';
import { formatDuration, parseDuration } from '../calendar/duration';
import { showValue } from '../calendar/problem';
import { parseWholeNumber } from '../calendar/whole-number';
import { fromIso, toCompactIso, toIso } from '../capacity/instants';
import { DEFAULT_QUOTAS } from '../capacity/limits';
import { endedWindow, LONGEST_OVERRIDE_SECONDS, type Override } from '../capacity/override';
import { formatCount } from '../capacity/words';
import { floorAt } from '../capacity/floor-at';
import { loadPlans, parseInstant } from '../load-plan';
import type { WantedOverride } from '../report/aws-cli';
import { activePause, applyChange, type Change, describeOverride, refuse, refuseAtNight } from './apply-override';
import { ENVIRONMENTS_FILE, type Output, readAsOf, UsageError } from './common';
import {
  addTargetOptions,
  checkConsent,
  findPlace,
  type Night,
  openNight,
  type Place,
  type Problem,
  type TargetOptions,
  usage,
} from './night';

const MINUTE = 60;

/** Shorter than this, an override would be over before the guard could bring about its end. Seconds. */
export const SHORTEST_SECONDS = 300;

/** So much earlier it begins, so that a guard whose clock is behind follows it at once. Seconds. */
const CLOCK_SECONDS = 60;

/** The guard leaves alone what is due within two minutes, so a lowering is set to a minute after those. Seconds. */
const LOWERING_SECONDS = 180;

/** A parameter holds 4 KB. */
const LONGEST_WHY = 500;

/** What `--help` of a command that changes a floor says of permissions and outcomes. */
export const OVERRIDE_HELP = `
It shows what will change, asks, writes one parameter of Systems Manager, has the guard act at once, and reads back what came of
it. Nothing is deployed. Without a terminal it asks nobody and needs --yes. docs/overrides.md tells more.

Permissions: sts:GetCallerIdentity, cloudformation:DescribeStacks, ssm:GetParametersByPath, ssm:PutParameter, ssm:GetParameter,
ssm:DeleteParameter, lambda:InvokeFunction, application-autoscaling:DescribeScalableTargets and DescribeScheduledActions.

Exit codes: 0 fine, 1 not written, or not seen to act, 2 wrong usage, 3 the tool itself failed.`;

/** The options of a command that writes an override. */
export interface OverrideOptions extends TargetOptions {
  readonly why: string;
}

/** The same, and `--why`. */
export function addOverrideOptions(command: Command, now: () => Date): Command {
  return addTargetOptions(command, now).requiredOption('--why <text>', 'why, for whoever comes next: one line');
}

/** What a command wants, before anything of the account is known. */
export interface Wish {
  readonly kind: Override['kind'];
  readonly min?: number;
  /** When it ends, if it begins at an instant; seconds since the epoch, a full minute. @default the end of the window that is open */
  readonly until?: (now: number) => number;
}

/** Whole units of an option. */
export function readUnits(text: string, option: string): number {
  const units = parseWholeNumber(text);
  if (units !== undefined) return units;
  throw usage(
    'usage/units',
    `${option} must be a whole number of units, got ${showValue(text)}`,
    'write for example 1200',
  );
}

/** The end of an override: an instant, or a duration from when it begins; seconds since the epoch, rounded up to a full minute. */
export function readUntil(text: string, option: '--until' | '--for', asOf: string): (now: number) => number {
  const now = fromIso(readAsOf(asOf));
  const isDuration = text.startsWith('P');
  const until = isDuration ? now + readDuration(text, option) : readInstant(text, option);
  const lasts = until - now;
  const example =
    option === '--for'
      ? 'write for example --for PT15M'
      : `write for example --until PT2H, or --until ${toIso(now + 7200)}`;
  if (lasts <= 0) {
    throw usage('usage/until', `${option} must be ahead, got ${toIso(until)}, and it is ${toIso(now)} now`, example);
  }
  if (lasts < SHORTEST_SECONDS) {
    throw usage(
      'usage/until',
      `${option} must be at least ${formatDuration(SHORTEST_SECONDS)} ahead, got ${text}`,
      example,
    );
  }
  if (lasts > LONGEST_OVERRIDE_SECONDS) {
    throw usage(
      'usage/until',
      `${option} must be at most ${formatDuration(LONGEST_OVERRIDE_SECONDS)} ahead, got ${text}`,
      'what is needed for longer belongs into the calendar: add a release with floors, and deploy',
    );
  }
  return (begins) => roundUp(isDuration ? begins + lasts : until);
}

function readDuration(text: string, option: string): number {
  const seconds = parseDuration(text, { key: option, zero: false, most: 'P366D', example: 'PT2H' });
  if (typeof seconds === 'number') return seconds;
  throw new UsageError([{ severity: 'error', ...seconds, code: 'usage/until' }]);
}

function readInstant(text: string, option: string): number {
  const instant = parseInstant(text, option);
  if (typeof instant === 'string') return fromIso(instant);
  throw new UsageError([
    { ...instant, code: 'usage/until', mend: `${instant.mend}; or a duration from now, for example PT2H` },
  ]);
}

/** Writes an override, once the plan, the others and a person agree. Returns the exit code. */
export async function runOverride(
  options: OverrideOptions,
  wish: Wish,
  judge: (night: Night, override: Override) => { readonly refusal?: Problem; readonly warnings?: readonly Problem[] },
  output: Output,
  clock: () => Date,
): Promise<number> {
  const started = clock().getTime();
  const why = readWhy(options.why);
  const place = await findPlace(options);
  const { environment, profile, attachment } = place;
  if (wish.min !== undefined && wish.min > profile.maximum) {
    throw usage(
      'usage/min',
      `--min must be at most ${formatCount(profile.maximum)}, the ceiling of ${attachment.owner.target}, got ${formatCount(wish.min)}`,
      `raise maximum of the layer in ${environment.name} and deploy, or ask for less`,
    );
  }
  checkConsent(options);

  const recordOf = (who: string, until: number, now: number): Override => makeOverride(wish, { who, why, until, now });
  const wanted = (record?: Override): WantedOverride => ({
    kind: wish.kind,
    max: profile.maximum,
    ...(wish.min !== undefined && { min: wish.min }),
    ...(record && { record }),
  });
  const night = await openNight(options, place);
  if ('problems' in night) {
    const record = wish.until && recordOf('break glass', wish.until(place.now), place.now);
    return refuse(night.problems, { place, options, wanted: withPlanned(wanted(record), place, options) }, output);
  }
  const windowEnd = wish.until ? 0 : endOfOpenWindow(night);
  if (typeof windowEnd !== 'number') return refuseAtNight(night, windowEnd, options, output);
  const recordAt = (now: number): Override => recordOf(night.who, wish.until?.(now) ?? windowEnd, now);
  const override = recordAt(night.now);
  const { refusal, warnings = [] } = judge(night, override);
  if (refusal) return refuseAtNight(night, refusal, options, output);
  const change: Change = {
    action: 'write',
    override,
    headline: describeOverride(override, profile.unit),
    warnings: [...vcpuWarnings(night, override), ...pausedWarnings(night, override), ...warnings],
    renew: () => {
      const now = night.now + Math.floor((clock().getTime() - started) / 1000);
      return { override: recordAt(now), now };
    },
  };
  return applyChange(night, change, options, output);
}

/** A minimum by hand is not to take away what the plan holds now. Where AWS cannot be asked, the plan is made here. */
function withPlanned(
  wanted: WantedOverride,
  { environment, known, attachment, now }: Place,
  options: TargetOptions,
): WantedOverride {
  if (wanted.min === undefined) return wanted;
  const { plan } = loadPlans({
    calendarDir: options.calendar,
    environments: [environment],
    known,
    asOf: toIso(now),
    environmentsFile: options.environments ?? ENVIRONMENTS_FILE,
  });
  const target = plan?.environments[0]!.targets.find(({ id }) => id === attachment.owner.target);
  if (target === undefined) return { ...wanted, unplanned: true };
  return { ...wanted, min: Math.max(wanted.min, floorAt(target, now)) };
}

function readWhy(text: string): string {
  const why = text.trim();
  if (why !== '' && why.length <= LONGEST_WHY && !/\p{Cc}/u.test(why)) return why;
  throw usage(
    'usage/why',
    `--why must be one line of 1 to ${LONGEST_WHY} letters, got ${showValue(text)}`,
    "write for example --why 'the trailer went viral, ticket 4711'",
  );
}

function makeOverride(
  { kind, min }: Wish,
  {
    who,
    why,
    until,
    now,
  }: { readonly who: string; readonly why: string; readonly until: number; readonly now: number },
): Override {
  const minute = now - (now % MINUTE);
  const from = {
    raise: minute - CLOCK_SECONDS,
    pause: minute - CLOCK_SECONDS,
    // Its seconds are counted from here on.
    drill: minute,
    'end-window': roundUp(now + LOWERING_SECONDS),
  }[kind];
  const letters = Math.random().toString(36).slice(2, 6).padEnd(4, '0');
  return {
    schemaVersion: 1,
    id: `${toCompactIso(now)}-${kind}-${letters}`,
    kind,
    from: toIso(from),
    until: toIso(Math.min(until, from + LONGEST_OVERRIDE_SECONDS)),
    ...(min !== undefined && { min }),
    who,
    why,
  };
}

/** When an override that left a floor behind is ended early: soon, and late enough for the guard to put the lowering. */
export function soonestEnd(now: number): number {
  return roundUp(now + LOWERING_SECONDS);
}

function roundUp(seconds: number): number {
  return Math.ceil(seconds / MINUTE) * MINUTE;
}

/** The end of the window that is open, or why there is nothing to end. */
function endOfOpenWindow({ plan, overrides, now, sameCalendar, attached }: Night): number | Problem {
  const open = plan.windows.find(({ risingAt, endsAt }) => fromIso(risingAt) <= now && now < fromIso(endsAt));
  if (open === undefined) {
    const next = plan.windows.find(({ risingAt }) => fromIso(risingAt) > now);
    return {
      code: 'override/no-window',
      message: `no window of ${plan.id} is open at ${toIso(now)}${next ? `, and the next one opens at ${next.risingAt}` : ''}${sameCalendar ? '' : '; the deployed calendar differs, and may hold one'}`,
      mend: sameCalendar
        ? 'prescale plan shows the windows; an override is ended with prescale overrides --cancel'
        : `deploy this calendar, or check out the one deployed as of ${attached.asOf} and run this again; prescale plan --format aws-cli prints the floors of this one, for by hand`,
    };
  }
  const ended = overrides.find(
    (override) => override.kind === 'end-window' && endedWindow({ windows: [open] }, override) !== undefined,
  );
  if (ended) {
    return {
      code: 'override/window-ended',
      message: `the window is ended already: ${ended.id} by ${ended.who}, from ${ended.from} on`,
      mend: 'nothing is left to do; prescale overrides --cancel takes it back',
    };
  }
  if (soonestEnd(now) >= fromIso(open.endsAt)) {
    return {
      code: 'override/window-ends',
      message: `the window ends by itself at ${open.endsAt}, before it could be ended`,
      mend: 'wait for it',
    };
  }
  const until = roundUp(fromIso(open.endsAt));
  if (until - soonestEnd(now) > LONGEST_OVERRIDE_SECONDS) {
    return {
      code: 'override/window-longer',
      message: `the window lasts until ${open.endsAt}, and an override at most ${formatDuration(LONGEST_OVERRIDE_SECONDS)}`,
      mend: 'take the releases out of the calendar, and deploy',
    };
  }
  return until;
}

function vcpuWarnings({ environment, profile }: Night, { min }: Override): Problem[] {
  const { vcpuPerUnit } = profile;
  const granted = environment.quotas?.fargateVcpu ?? DEFAULT_QUOTAS.fargateVcpu;
  if (min === undefined || vcpuPerUnit === undefined || min * vcpuPerUnit <= granted) return [];
  return [
    {
      code: 'quota/fargate-vcpu',
      message: `${formatCount(min)} ${profile.unit}s need ${formatCount(min * vcpuPerUnit)} Fargate vCPU, and ${formatCount(granted)} are granted, as ${environment.name} states it: ${formatCount(Math.floor(granted / vcpuPerUnit))} would start`,
      mend: 'prescale quotas --request asks for more, which takes hours to days; less would start all the same',
    },
  ];
}

function pausedWarnings({ overrides, now }: Night, { kind }: Override): Problem[] {
  if (kind === 'pause') return [];
  const pause = activePause(overrides, now);
  if (pause === undefined) return [];
  return [
    {
      code: 'override/paused',
      message: `the guard is paused until ${pause.until} by ${pause.who}: ${pause.why}; until then nothing comes of this`,
      mend: `prescale overrides --cancel ${pause.id}`,
    },
  ];
}
