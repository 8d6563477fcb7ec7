import type { Release, ReleaseCalendar } from '../lib/calendar/release';
import type { TargetPlan } from '../lib/capacity/capacity-plan';
import { fromIso, toIso } from '../lib/capacity/instants';
import { planCapacity } from '../lib/capacity/plan-capacity';
import { type FloorSchedule, floorScheduleOf } from '../lib/rehearsal/floor-schedule';
import { exactNight } from '../lib/rehearsal/night';
import { policyOf } from '../lib/rehearsal/policies';
import { type Night, type Recording, type RunResult, simulate } from '../lib/rehearsal/simulate';
import { rehearsalOf, type RehearsalSpec } from '../lib/rehearsal/spec';
import { TOOL_VERSION } from '../lib/version';
import { BenchmarkError, table } from './measure';
import { PROD, readProd } from './prod';

type Range = readonly [from: number, to: number];

/** What a night may have been like. All else is as the calendar and prod say. */
interface Setting {
  /** Viewers, as a multiple of the assumed ones. */
  readonly audience: number;
  /** Whether the service refuses at once what it could not answer in time. */
  readonly shedsLoad: boolean;
  /** From the premiere until plays are at their most. */
  readonly playsPeakMinutes?: number;
  /** Requests of the lobby, as a multiple of the modelled ones: more people, or people who refresh as many times as often. */
  readonly lobby?: number;
  /** Everybody comes so much before the calendar's time. */
  readonly earlyMinutes?: number;
}

/** A way in which a night may have failed, with what is scanned to find it. */
interface Way {
  readonly words: string;
  /** By a multiple that is scanned upwards from 1. */
  readonly setting: (times: number) => Setting;
  /** The multiples end here. */
  readonly mostTimes: number;
  /** Tasks that are tried with each: as constant floor, or as maximum above a floor of the baseline. */
  readonly varies: 'warm' | 'ceiling';
  /** Outage minutes that count as the reported ones, and minutes from the premiere to the start of the first; both ends included. */
  readonly minutes: Range;
  readonly begins: Range;
}

interface ReportedNight {
  readonly id: string;
  readonly name: string;
  readonly reported: string;
  readonly ways: readonly Way[];
}

/** Where a search ends: beyond it nobody would call it a forecast's error. */
const MOST_AUDIENCE = 10;
const MOST_LOBBY = 40;

const AT_THE_DROP: Range = [0, 10];
/** In the first minute of the drop, or in the second: a try that fails is first tried again. */
const AT_THE_EXACT_DROP: Range = [0, 1];
const BEFORE_THE_DROP: Range = [-22, -18];
const ANY_TIME: Range = [-60, 300];

/** Minutes are those of the clock: an outage of one minute lies in one of them or in two. */
const ABOUT_ONE: Range = [1, 2];
const ABOUT_FIVE: Range = [4, 6];
const ABOUT_TWO_HOURS: Range = [110, 130];
/** How long it was is not reported: an assumption. */
const BRIEF: Range = [1, 5];

const larger = (words: string, minutes: Range, begins: Range, setting: Omit<Setting, 'audience'>): Way => ({
  words,
  setting: (times) => ({ ...setting, audience: times }),
  mostTimes: MOST_AUDIENCE,
  varies: 'warm',
  minutes,
  begins,
});

const demandingLobby = (words: string, shedsLoad: boolean): Way => ({
  words,
  setting: (times) => ({ audience: 1, lobby: times, shedsLoad }),
  mostTimes: MOST_LOBBY,
  varies: 'warm',
  minutes: ABOUT_FIVE,
  begins: BEFORE_THE_DROP,
});

const lowCeiling = (words: string, shedsLoad: boolean): Way => ({
  ...larger(words, ABOUT_TWO_HOURS, ANY_TIME, { shedsLoad }),
  varies: 'ceiling',
});

/** The reports of the calendar, each with the ways in which it is looked for. The control has none. */
export const REPORTED_NIGHTS: readonly ReportedNight[] = [
  {
    id: 'luke-cage-1',
    name: 'Luke Cage',
    reported: 'about 2 hours',
    ways: [
      larger('audience', ABOUT_TWO_HOURS, ANY_TIME, { shedsLoad: false }),
      larger('audience, sheds', ABOUT_TWO_HOURS, ANY_TIME, { shedsLoad: true }),
      lowCeiling('audience, low ceiling', false),
      lowCeiling('audience, low ceiling, sheds', true),
    ],
  },
  {
    id: 'stranger-things-4-volume-2',
    name: 'ST 4, volume 2',
    reported: 'brief',
    ways: [
      larger('audience', BRIEF, AT_THE_DROP, { shedsLoad: false }),
      larger('audience, sheds', BRIEF, AT_THE_DROP, { shedsLoad: true }),
    ],
  },
  {
    id: 'tyson-paul',
    name: 'Tyson–Paul',
    reported: 'in the stream',
    ways: [
      larger('audience, in the stream', BRIEF, [0, 240], { shedsLoad: false }),
      larger('audience, in the stream, sheds', BRIEF, [0, 240], { shedsLoad: true }),
      larger('audience, at any time', BRIEF, ANY_TIME, { shedsLoad: false }),
      larger('audience, at any time, sheds', BRIEF, ANY_TIME, { shedsLoad: true }),
    ],
  },
  {
    id: 'stranger-things-5-volume-1',
    name: 'ST 5, volume 1',
    reported: 'about 5 min',
    ways: [
      larger('audience', ABOUT_FIVE, AT_THE_DROP, { shedsLoad: false }),
      larger('audience, sheds', ABOUT_FIVE, AT_THE_DROP, { shedsLoad: true }),
      demandingLobby('lobby, at T−20', false),
      demandingLobby('lobby, at T−20, sheds', true),
      larger('audience, 24 min early', ABOUT_FIVE, BEFORE_THE_DROP, { shedsLoad: false, earlyMinutes: 24 }),
    ],
  },
  { id: 'stranger-things-5-volume-2', name: 'ST 5, volume 2', reported: 'none (control)', ways: [] },
  {
    id: 'stranger-things-5-finale',
    name: 'ST 5, finale',
    reported: 'about 1 min',
    ways: [
      larger('audience', ABOUT_ONE, AT_THE_DROP, { shedsLoad: false }),
      larger('audience, sheds', ABOUT_ONE, AT_THE_DROP, { shedsLoad: true }),
      larger('audience, exact drop', ABOUT_ONE, AT_THE_EXACT_DROP, { shedsLoad: false, playsPeakMinutes: 1 }),
      larger('audience, exact drop, sheds', ABOUT_ONE, AT_THE_EXACT_DROP, { shedsLoad: true, playsPeakMinutes: 1 }),
    ],
  },
];

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

/** Days from the plan to the premiere. */
const AS_OF_DAYS = 4;
/** A night without its drill and the days around it: all that was reported, and the raise of the plan's floors. */
const BEFORE_SECONDS = 75 * MINUTE;
const AFTER_SECONDS = 5 * HOUR;

/** From one multiple to the next that is tried: of ways, of tasks, of plans, and of what is borne. */
const WAY_STEP = 1.1;
const TASK_STEP = 1.01;
const PLAN_STEP = 1.1;
const BORNE_STEP = 1.05;
/** A plan for more than twice those who came is no answer. */
const LARGEST_PLAN = 2;
const SMALLEST_SHARE = 0.02;
const GROWTH_SECONDS = 600;

/** One reported night, read from the calendar and planned for prod. */
interface Scene {
  readonly release: Release;
  readonly calendar: ReleaseCalendar;
  readonly asOf: string;
  readonly plan: TargetPlan;
  readonly spec: RehearsalSpec;
}

/** A night as it may have been: its demand, and what is the same for whatever is played in it. */
interface Staged {
  readonly spec: RehearsalSpec;
  readonly night: Night;
}

/** A number of tasks with which a night has the reported outage. */
interface Hit {
  /** Of the floor, or of the ceiling. */
  readonly tasks: number;
  readonly run: RunResult;
}

/** The smallest multiple with which any number of tasks gives the reported outage. */
interface Found {
  readonly way: Way;
  readonly times: number;
  /** Numbers of tasks that were tried, hits included. */
  readonly tried: number;
  readonly hits: readonly Hit[];
}

/** What came nearest where nothing gives it: the longest that is shorter, the shortest that is longer, and whether the length occurs at another time. */
interface NotFound {
  readonly way: Way;
  readonly shorter: number;
  readonly longer?: number;
  readonly atAnotherTime: boolean;
}

const { baseline } = PROD.layers['playback']!;

/**
 * Under which growth and with which warm capacity reactive scaling alone would have given what was reported, and what a plan would have needed
 * to know. An illustration: causes were never published, and audiences are assumed.
 *
 * Nothing is measured: the same calendar gives the same figures on every machine.
 */
export function benchNights(): string {
  const scenes = REPORTED_NIGHTS.map((night) => ({ night, scene: readScene(night.id) }));
  const searched = scenes.map(({ night, scene }) => ({
    night,
    scene,
    results: night.ways.map((way) => search(scene, way)),
  }));
  return [
    table(
      `nights: an illustration. As assumed in release-calendar/2016-2026-observed.yaml, prod, target tracking alone above ${baseline} warm tasks`,
      [
        'night',
        'reported',
        'viewers',
        'grows in 10 min',
        'outage, min',
        'fails from',
        'sheds',
        'the plan: from',
        'sheds',
      ],
      scenes.map(({ night, scene }) => assumedRow(night, scene)),
    ),
    table(
      'nights: an illustration. The smallest multiple with which some number of tasks gives the reported outage',
      [
        'night: what is multiplied',
        'times',
        'viewers',
        'grows in 10 min',
        'tasks',
        'of them',
        'ready',
        'most to ready',
        'outage, min',
        'begins',
      ],
      searched.flatMap(({ night, scene, results }) => results.map((result) => wayRow(night, scene, result))),
    ),
    table(
      'nights: an illustration. What a plan would have needed to know, q 0.9',
      ['night: what is multiplied', 'viewers', 'plan for', 'of them', 'floor', 'raised', 'then'],
      searched.flatMap(({ night, scene, results }) =>
        results.flatMap((result) => ('hits' in result ? [knowledgeRow(night, scene, result)] : [])),
      ),
    ),
  ].join('\n');
}

/** @throws BenchmarkError when the calendar cannot be planned */
export function readScene(id: string): Scene {
  const release = readProd('2026-01-01T00:00:00Z').calendar.releases.find((candidate) => candidate.id === id);
  if (!release?.audience) throw new BenchmarkError(`the calendar has no entry ${id} with an audience`);
  const asOf = toIso(release.premiereAt - AS_OF_DAYS * DAY);
  const { calendar, target } = readProd(asOf);
  return { release, calendar, asOf, plan: target, spec: specOf(calendar, target, asOf, release) };
}

function specOf(calendar: ReleaseCalendar, plan: TargetPlan, asOf: string, { id, premiereAt }: Release): RehearsalSpec {
  const spec = rehearsalOf({ calendar, environment: PROD, plan, asOf, release: id, floors: floorScheduleOf(plan) });
  if ('reason' in spec) throw new BenchmarkError(`${spec.reason}: ${spec.mend}`);
  return { ...spec, from: premiereAt - BEFORE_SECONDS, to: premiereAt + AFTER_SECONDS };
}

export function stage({ spec }: Pick<Scene, 'spec'>, setting: Setting): Staged {
  const { audience, shedsLoad, playsPeakMinutes, lobby = 1, earlyMinutes = 0 } = setting;
  const { model } = spec;
  const { kind } = spec.releases.find(({ id }) => id === spec.release)!.audiences[0]!;
  const staged: RehearsalSpec = {
    ...spec,
    model: {
      ...model,
      refreshSeconds: model.refreshSeconds / lobby,
      kinds: {
        ...model.kinds,
        ...(playsPeakMinutes !== undefined && { [kind]: { ...model.kinds[kind], playsPeakMinutes } }),
      },
    },
    whatIf: { ...spec.whatIf, audienceFactor: audience, earlySeconds: earlyMinutes * MINUTE },
    conditions: { ...spec.conditions, shedsLoad },
  };
  return { spec: staged, night: exactNight(staged) };
}

/** Target tracking alone above a constant floor. */
export function playReactive(
  { spec, night }: Staged,
  warm: number,
  max = spec.floors.max,
  recording?: Recording,
): RunResult {
  const policy = policyOf('target-tracking-60', spec, night);
  return simulate(night, { ...policy, floors: { min: warm, max, actions: [] } }, spec.conditions, recording);
}

/** The floors of a plan, where they are above what is warm in any case. */
function playPlan({ spec, night }: Staged, floors: FloorSchedule, warm: number): RunResult {
  const atLeast = {
    ...floors,
    min: Math.max(warm, floors.min),
    actions: floors.actions.map((action) => ({ ...action, min: Math.max(warm, action.min) })),
  };
  return simulate(night, policyOf('plan', { ...spec, floors: atLeast }, night), spec.conditions);
}

/** Tries multiple after multiple, and with each the numbers of tasks from the baseline to what bears the peak. */
export function search(scene: Scene, way: Way): Found | NotFound {
  let shorter = 0;
  let longer: number | undefined;
  let atAnotherTime = false;
  for (let times = 1; times <= way.mostTimes; times *= WAY_STEP) {
    const staged = stage(scene, way.setting(times));
    const enough = Math.ceil(mostOf(staged.night.demand) / perTask(staged.spec));
    const most = Math.min(enough, scene.plan.max);
    const hits: Hit[] = [];
    let tried = 0;
    for (let tasks = baseline; tasks <= most; tasks = Math.max(tasks + 1, Math.round(tasks * TASK_STEP))) {
      tried += 1;
      const run = way.varies === 'warm' ? playReactive(staged, tasks) : playReactive(staged, baseline, tasks);
      const { outageMinutes, firstOutageAt } = run;
      if (outageMinutes < way.minutes[0]) shorter = Math.max(shorter, outageMinutes);
      else if (outageMinutes > way.minutes[1]) longer = Math.min(longer ?? Infinity, outageMinutes);
      else if (isWithin((firstOutageAt! - scene.spec.premiereAt) / MINUTE, way.begins)) hits.push({ tasks, run });
      else atAnotherTime = true;
    }
    if (hits.length > 0) return { way, times, tried, hits };
  }
  return { way, shorter, ...(longer !== undefined && { longer }), atAnotherTime };
}

function assumedRow({ name, reported }: ReportedNight, scene: Scene): string[] {
  const asAssumed = stage(scene, { audience: 1, shedsLoad: false });
  const { outageMinutes } = playReactive(asAssumed, baseline);
  const reactive = (shedsLoad: boolean): string =>
    failsFrom(scene, shedsLoad, (staged) => playReactive(staged, baseline));
  const planned = (shedsLoad: boolean): string =>
    failsFrom(scene, shedsLoad, (staged) => playPlan(staged, scene.spec.floors, baseline));
  return [
    name,
    reported,
    viewers(scene, 1),
    growthOf(asAssumed),
    String(outageMinutes),
    reactive(false),
    reactive(true),
    planned(false),
    planned(true),
  ];
}

/** Tasks that were ready in the minute before the premiere, or before an earlier outage. */
function readyBefore(staged: Staged, way: Way, { tasks, run }: Hit): number {
  const recording: Recording = { demand: [], tries: [], required: [], ready: [], floor: [], failedShare: [] };
  if (way.varies === 'warm') playReactive(staged, tasks, undefined, recording);
  else playReactive(staged, baseline, tasks, recording);
  const before = Math.min(run.firstOutageAt!, staged.spec.premiereAt);
  return recording.ready[(before - staged.spec.from) / MINUTE - 1]!;
}

/** The smallest multiple of the assumed audience with an outage. */
function failsFrom(scene: Scene, shedsLoad: boolean, play: (staged: Staged) => RunResult): string {
  for (let audience = 0.1; audience <= MOST_AUDIENCE; audience *= BORNE_STEP) {
    if (play(stage(scene, { audience, shedsLoad })).outageMinutes > 0) return `× ${audience.toFixed(1)}`;
  }
  return `above × ${MOST_AUDIENCE}`;
}

function wayRow({ name }: ReportedNight, scene: Scene, result: Found | NotFound): string[] {
  const { way } = result;
  const title = `${name}: ${way.words}`;
  if (!('hits' in result)) {
    const { shorter, longer, atAnotherTime } = result;
    const nearest = [
      `to ${shorter}`,
      ...(longer === undefined ? [] : [`from ${longer}`]),
      ...(atAnotherTime ? ['another time'] : []),
    ].join(', ');
    return [title, `1–${way.mostTimes}`, '', '', '', '', '', '', `none: ${nearest}`, ''];
  }
  const { times, tried, hits } = result;
  const setting = way.setting(times);
  const staged = stage(scene, setting);
  const { spec, night } = staged;
  const tasks = hits.map((hit) => hit.tasks);
  const ready = hits.map((hit) => readyBefore(staged, way, hit));
  const toReady = hits.map(({ run }, index) => {
    const until = (run.lastOutageEndsAt! - spec.from) / spec.conditions.stepSeconds;
    return mostOf(night.demand.subarray(0, until)) / (ready[index]! * perTask(spec));
  });
  const begins = hits.map(({ run }) => (run.firstOutageAt! - spec.premiereAt) / MINUTE);
  return [
    title,
    `× ${times.toFixed(1)}`,
    viewers(scene, setting.audience),
    growthOf(staged),
    spanOf(tasks, String),
    `${hits.length} of ${tried}`,
    spanOf(ready, (value) => value.toFixed(0)),
    `× ${spanOf(toReady, (value) => value.toFixed(2))}`,
    spanOf(
      hits.map(({ run }) => run.outageMinutes),
      String,
    ),
    spanOf(begins, fromPremiere),
  ];
}

/**
 * The smallest audience that had to be in the calendar for the plan's floors to prevent it, or for `check` to refuse the ceiling. Every larger
 * one that was tried does, too.
 */
function knowledgeRow({ name }: ReportedNight, scene: Scene, { way, times, hits }: Found): string[] {
  const setting = way.setting(times);
  const staged = stage(scene, setting);
  const { tasks } = hits[Math.floor(hits.length / 2)]!;
  const isEnough = (planned: Planned): boolean =>
    way.varies === 'ceiling'
      ? planned.refused
      : playPlan(staged, floorScheduleOf(planned.target), tasks).outageMinutes === 0;
  const maximum = way.varies === 'ceiling' ? tasks : undefined;
  let smallest: { share: number; planned: Planned } | undefined;
  for (let share = LARGEST_PLAN; share >= SMALLEST_SHARE; share /= PLAN_STEP) {
    const planned = planFor(scene, share * setting.audience, maximum);
    if (!isEnough(planned)) break;
    smallest = { share, planned };
  }
  const title = `${name}: ${way.words}`;
  const came = viewers(scene, setting.audience);
  if (!smallest) return [title, came, 'none', '', '', '', 'an outage'];
  const { share, planned } = smallest;
  const { target } = planned;
  const window = target.windows.find(({ drill, releases }) => !drill && releases.includes(scene.release.id))!;
  return [
    title,
    came,
    viewers(scene, share * setting.audience),
    `${share < SMALLEST_SHARE * PLAN_STEP ? 'at most ' : ''}${(100 * share).toFixed(0)} %`,
    String(Math.max(target.min, ...target.actions.map(({ min }) => min))),
    fromPremiere((fromIso(window.risingAt) - scene.release.premiereAt) / MINUTE),
    way.varies === 'ceiling' ? 'check refuses the ceiling' : 'no outage',
  ];
}

interface Planned {
  readonly target: TargetPlan;
  /** Whether it has a finding that is an error. */
  readonly refused: boolean;
}

/** The plan of the night for a multiple of its assumed audience. */
function planFor({ calendar, asOf, release }: Scene, audience: number, maximum?: number): Planned {
  const releases = calendar.releases.map((candidate) => {
    if (candidate.id !== release.id) return candidate;
    const { peakViewers, low, high } = candidate.audience!;
    return {
      ...candidate,
      audience: {
        ...candidate.audience!,
        peakViewers: peakViewers * audience,
        ...(low !== undefined && { low: low * audience }),
        ...(high !== undefined && { high: high * audience }),
      },
    };
  });
  const playback = PROD.layers['playback']!;
  const environment = { ...PROD, layers: { playback: { ...playback, maximum: maximum ?? playback.maximum } } };
  const [planned] = planCapacity({
    calendar: { ...calendar, releases },
    environments: [environment],
    asOf,
    horizonSeconds: 2 * AS_OF_DAYS * DAY,
    toolVersion: TOOL_VERSION,
  }).environments;
  return {
    target: planned!.targets[0]!,
    refused: planned!.findings.some(({ severity }) => severity === 'error'),
  };
}

/** Requests per second that one task bears at the utmost. */
function perTask({ conditions }: RehearsalSpec): number {
  return conditions.requestsPerSecondPerUnit * conditions.usableShare;
}

function mostOf(demand: Float64Array): number {
  return demand.reduce((most, value) => Math.max(most, value), 0);
}

/** The largest growth of the demand within ten minutes. */
function growthOf({ spec, night: { demand } }: Staged): string {
  const steps = GROWTH_SECONDS / spec.conditions.stepSeconds;
  let most = 1;
  for (let step = steps; step < demand.length; step += 1) most = Math.max(most, demand[step]! / demand[step - steps]!);
  return `× ${most.toFixed(1)}`;
}

function viewers({ release }: Scene, times: number): string {
  return `${((release.audience!.peakViewers * times) / 1e6).toFixed(1)} M`;
}

function fromPremiere(minutes: number): string {
  return `T${minutes < 0 ? '−' : '+'}${Math.abs(minutes)}`;
}

function spanOf(values: readonly number[], words: (value: number) => string): string {
  const first = words(Math.min(...values));
  const last = words(Math.max(...values));
  return first === last ? first : `${first}–${last}`;
}

function isWithin(value: number, [from, to]: Range): boolean {
  return from <= value && value <= to;
}
