import assert from 'node:assert/strict';
import fc from 'fast-check';
import { floorAt } from '../../lib/capacity/floor-at';
import { toCompactIso, toIso } from '../../lib/capacity/instants';
import { type Override, withOverrides } from '../../lib/capacity/override';
import { decide, type Decision, type Registration } from '../../lib/guard/decide';
import type { GuardPlan } from '../../lib/guard/guard-plan';
import type { LiveState } from '../../lib/guard/live-state';
import { situations } from '../capacity/arbitraries';
import { at, plan, targetOf } from '../capacity/fixtures';
import { PLACE } from './fixtures';
import { type ModelState, ScalingModel } from './scaling-model';

/** Seconds. */
const STEP = 10;
const TROUBLE = 90 * 60;
const CALM = 30 * 60;
const MOST_SKEW = 90;
const MOST_LATENCY = 5;

type Hand =
  | { readonly does: 'lower minimum' | 'lower maximum'; readonly share: number }
  | { readonly does: 'raise minimum' | 'raise maximum'; readonly by: number }
  | { readonly does: 'delete action' | 'move action' | 'change action' | 'change zone'; readonly pick: number }
  | { readonly does: 'register older floor'; readonly pick: number }
  | { readonly does: 'add floor'; readonly inMinutes: number; readonly share: number }
  | {
      readonly does: 'resume scale-in' | 'suspend scale-out' | 'suspend scheduled scaling' | 'roll back' | 'scale out';
    };

const hand: fc.Arbitrary<Hand> = fc.oneof(
  fc.record({
    does: fc.constantFrom('lower minimum' as const, 'lower maximum' as const),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({
    does: fc.constantFrom('raise minimum' as const, 'raise maximum' as const),
    by: fc.integer({ min: 1, max: 500 }),
  }),
  fc.record({
    does: fc.constantFrom(
      'delete action' as const,
      'move action' as const,
      'change action' as const,
      'change zone' as const,
      'register older floor' as const,
    ),
    pick: fc.nat(5),
  }),
  fc.record({
    does: fc.constant('add floor' as const),
    inMinutes: fc.integer({ min: -5, max: 60 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({
    does: fc.constantFrom(
      'resume scale-in' as const,
      'suspend scale-out' as const,
      'suspend scheduled scaling' as const,
      'roll back' as const,
      'scale out' as const,
    ),
  }),
);

const chance = fc.constantFrom(0, 0, 0.1, 0.4);

export const histories = fc.record({
  situation: situations,
  /** Where in the plan: the minutes around one of its actions. */
  action: fc.nat(40),
  minutesBefore: fc.integer({ min: -5, max: 60 }),
  hands: fc.array(fc.record({ second: fc.integer({ min: 0, max: TROUBLE - 1 }), hand }), { maxLength: 8 }),
  switches: fc.record({ keepsFired: fc.boolean(), runsPast: fc.boolean(), keepsSuspension: fc.boolean() }),
  lost: chance,
  late: fc.constantFrom(0, 20, 55),
  /** Per call and per read. */
  failing: chance,
  /** Per run: how often a pause of up to ten runs begins. */
  missing: fc.constantFrom(0, 0, 0.05),
  /** Of the guard's clock: the same for all runs, or another for each. */
  skew: fc.option(fc.integer({ min: -MOST_SKEW, max: MOST_SKEW }), { freq: 3 }),
  /** Of people, known from the start; minutes around it. */
  overrides: fc.array(
    fc.record({
      kind: fc.constantFrom('raise' as const, 'drill' as const, 'end-window' as const),
      from: fc.integer({ min: -90, max: 60 }),
      minutes: fc.integer({ min: 1, max: 120 }),
      min: fc.integer({ min: 0, max: 5000 }),
    }),
    { maxLength: 2 },
  ),
  seed: fc.integer(),
});

type History = typeof histories extends fc.Arbitrary<infer T> ? T : never;

function floors({ target }: GuardPlan, from: number, to: number): number[] {
  return [
    floorAt(target, from),
    ...target.actions.filter((action) => at(action.at) > from && at(action.at) <= to).map(({ min }) => min),
  ];
}

function changes({ register, put, remove }: Decision): object {
  return { register, put: put.map(({ name }) => name), remove };
}

const NOTHING = { register: undefined, put: [], remove: [] };

/** Random numbers of [0, 1), the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.abs(state / 4_294_967_296);
  };
}

function planOf([releases, environment, asOf]: History['situation']): GuardPlan {
  return {
    schemaVersion: 1,
    environment: environment.name,
    region: 'us-east-1',
    asOf,
    deployWindowSeconds: environment.deployWindowSeconds,
    toolVersion: 'test',
    target: targetOf(plan(releases, asOf, environment)),
  };
}

function overridesOf({ overrides }: History, start: number): Override[] {
  const minute = (minutes: number): string => toIso(60 * (Math.floor(start / 60) + minutes));
  return overrides.map(({ kind, from, minutes, min }, index) => ({
    schemaVersion: 1,
    id: `${kind}-${index}`,
    kind,
    from: minute(from),
    until: minute(from + minutes),
    ...(kind !== 'end-window' && { min }),
    who: 'ada',
    why: 'property',
  }));
}

/** Lives through a history, and checks each run of the guard in it. */
export class Life {
  readonly plan: GuardPlan;
  readonly model: ScalingModel;
  readonly end: number;
  /** What happened, and how often: without it nothing would be tried. */
  readonly counts = { raised: 0, recovered: 0, put: 0, removed: 0, held: 0, maximumLowered: 0 };

  private now: number;
  private readonly start: number;
  private readonly calm: number;
  private readonly random: () => number;
  private pausedUntil: number;
  /** The last good run of the guard, unless somebody else has changed the suspension since. */
  private suspendedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly history: History) {
    const deployed = planOf(history.situation);
    const { actions, max } = deployed.target;
    this.random = seeded(history.seed);
    const around = actions[history.action % Math.max(1, actions.length)];
    this.start = Math.max(at(deployed.asOf), around ? at(around.at) - 60 * history.minutesBefore : 0);
    this.plan = { ...deployed, target: withOverrides(deployed.target, overridesOf(history, this.start)) };
    this.calm = this.start + TROUBLE;
    this.end = this.calm + CALM;
    this.now = this.start;
    this.pausedUntil = this.start;
    this.model = new ScalingModel(
      history.switches,
      { min: floorAt(this.plan.target, this.start), max },
      actions.filter((action) => history.switches.keepsFired || at(action.at) > this.start),
      () => (this.happens(history.lost) ? undefined : this.random() * history.late),
      this.start,
    );
  }

  live(): void {
    const { hands, missing } = this.history;
    const runAt = this.start + Math.floor(this.random() * 60);
    for (; this.now < this.end; this.now += STEP) {
      this.model.advance(this.now);
      for (const { second, hand: one } of hands) {
        if (this.start + second < this.now || this.start + second >= this.now + STEP) continue;
        if (one.does === 'resume scale-in' || one.does === 'roll back') this.suspendedAt = Number.NEGATIVE_INFINITY;
        interfere(this.model, one, this.plan, this.now);
      }
      this.scaleIn();
      if (this.now < runAt || (this.now - runAt) % 60 >= STEP) continue;
      if (this.happens(missing)) this.pausedUntil = this.now + 60 * Math.ceil(this.random() * 10);
      if (this.now >= Math.min(this.pausedUntil, this.calm)) this.run();
    }
  }

  /** Something with a chance of its own, until calm returns. */
  private happens(share: number): boolean {
    return this.now < this.calm && this.random() < share;
  }

  /** Policies want nothing left. A fleet that is to be held by any clock is held from its first good run on. */
  private scaleIn(): void {
    const taken = this.model.scaleIn();
    const isHeld = this.plan.target.windows.some(
      ({ risingAt, givingBackAt }) =>
        at(risingAt) + MOST_SKEW <= Math.min(this.now, this.suspendedAt) && this.now < at(givingBackAt) - MOST_SKEW,
    );
    if (!isHeld) return;
    assert.equal(taken, 0, 'a policy scaled in while the fleet was to be held');
    this.counts.held += 1;
  }

  /** A run: reads, reads the clock, decides; the world moves on; acts, as far as it goes. */
  private run(): void {
    const { failing, skew } = this.history;
    const read = this.model.snapshot();
    const state: LiveState = {
      ...read,
      target: this.happens(failing) ? 'unknown' : read.target,
      actions: this.happens(failing) ? 'unknown' : read.actions,
      ...(this.happens(failing) && { running: undefined, desired: undefined }),
    };
    const clock = this.now + (skew ?? Math.round((2 * this.random() - 1) * MOST_SKEW));
    const input = { plan: this.plan, place: PLACE, live: state, now: clock, phase: 'settled' as const };
    const decision = decide(input);
    const endedBefore = this.model.ended;
    const acting = this.now + this.random() * MOST_LATENCY;
    this.model.advance(acting);
    const succeeded = this.act(decision, read, acting) && state.target !== 'unknown' && state.actions !== 'unknown';
    if (!succeeded) return;
    this.suspendedAt = this.now;
    // What fires between reading and acting, or is lost then, is for the next run.
    if (this.model.ended > endedBefore) return;
    // A second run changes nothing.
    const counted = { running: state.running, desired: state.desired };
    const again = decide({ ...input, live: { ...this.model.snapshot(), ...counted } });
    assert.deepEqual(changes(again), NOTHING, `a second run at ${clock}: ${JSON.stringify(changes(again))}`);
    // Live is at the plan, as far as clocks agree.
    const lowest = Math.min(...floors(this.plan, this.now - MOST_SKEW, this.now + MOST_SKEW + 120));
    assert.ok(this.model.target.min >= lowest, `live ${this.model.target.min} below planned ${lowest} at ${this.now}`);
  }

  /** Does what was decided, and checks it against what was there. Returns whether each call succeeded. */
  private act({ register, put, remove }: Decision, read: ModelState, acting: number): boolean {
    const { target } = this.plan;
    let succeeded = true;
    const call = (does: () => void): void => {
      if (this.happens(this.history.failing)) succeeded = false;
      else does();
    };
    if (register) {
      this.checkBounds(register, read, acting);
      call(() => this.model.register(register));
    }
    for (const action of put) {
      // Not due already, by any clock, and nothing but the plan's floor.
      assert.ok(at(action.at) > acting, `${action.name} is put at ${acting}`);
      assert.equal(action.min, floorAt(target, at(action.at)), action.name);
      if (target.actions.some(({ name }) => name === action.name)) this.counts.put += 1;
      else {
        // Lowers what was a floor, and nobody's own minimum.
        const held = [target.min, ...target.actions.map(({ min }) => min)];
        assert.ok(held.includes(read.target.min), `${action.name} lowers ${read.target.min}, which was no floor`);
        this.counts.recovered += 1;
      }
      call(() => this.model.put(action));
    }
    for (const name of remove) {
      this.counts.removed += 1;
      call(() => this.model.remove(name));
    }
    return succeeded;
  }

  private checkBounds({ bounds }: Registration, { target, running }: ModelState, acting: number): void {
    if (!bounds) return;
    // Never lowers a minimum, and never ends units.
    assert.ok(bounds.min >= target.min, `minimum ${target.min} is lowered to ${bounds.min}`);
    if (bounds.max < target.max) {
      assert.ok(bounds.max >= running, `maximum ${bounds.max} ends some of ${running}`);
      this.counts.maximumLowered += 1;
    }
    if (bounds.min > target.min) {
      // Not past what the plan holds now, or within the error of the clock: no closing action is undone.
      const highest = Math.max(...floors(this.plan, acting, acting + MOST_SKEW));
      assert.ok(bounds.min <= highest, `minimum is raised to ${bounds.min}, past ${highest}, at ${acting}`);
      this.counts.raised += 1;
    }
  }
}

/** What people, other tools and CloudFormation do. */
function interfere(model: ScalingModel, one: Hand, { target }: GuardPlan, now: number): void {
  const { min, max, suspended } = model.target;
  const pick = (index: number): string | undefined => {
    const names = [...model.actions.keys()];
    return names[index % Math.max(1, names.length)];
  };
  switch (one.does) {
    case 'lower minimum': {
      model.register({ bounds: { min: Math.floor(min * one.share), max }, suspended });
      break;
    }
    case 'lower maximum': {
      const lower = Math.floor(max * one.share);
      model.register({ bounds: { min: Math.min(min, lower), max: lower }, suspended });
      break;
    }
    case 'raise minimum': {
      model.register({ bounds: { min: min + one.by, max: Math.max(max, min + one.by) }, suspended });
      break;
    }
    case 'raise maximum': {
      model.register({ bounds: { min, max: max + one.by }, suspended });
      break;
    }
    case 'delete action':
    case 'move action':
    case 'change action':
    case 'change zone': {
      const name = pick(one.pick);
      const action = name === undefined ? undefined : model.actions.get(name);
      if (!action) break;
      if (one.does === 'delete action') model.remove(action.name);
      else if (one.does === 'change action') model.place({ ...action, min: 0 });
      else if (one.does === 'change zone') model.place({ ...action, timezone: 'Pacific/Chatham' });
      else model.place({ ...action, schedule: `at(${toIso(now + 600).slice(0, 19)})` });
      break;
    }
    case 'add floor': {
      const instant = 60 * Math.ceil(now / 60) + 60 * one.inMinutes;
      if (target.actions.some((action) => at(action.at) === instant)) break;
      const floor = Math.floor(target.max * one.share);
      model.put({
        name: `floor-${toCompactIso(instant)}`,
        at: toIso(instant),
        min: floor,
        max: target.max,
        releases: [],
      });
      break;
    }
    case 'register older floor': {
      const held = target.actions.filter((action) => at(action.at) <= now).slice(-3);
      const floor = held[one.pick % Math.max(1, held.length)]?.min ?? target.min;
      model.register({ bounds: { min: floor, max: Math.max(max, floor) }, suspended });
      break;
    }
    case 'scale out': {
      model.scaleOut();
      break;
    }
    case 'resume scale-in': {
      model.register({ suspended: { ...suspended, scaleIn: false } });
      break;
    }
    case 'suspend scale-out': {
      model.register({ suspended: { ...suspended, scaleOut: true } });
      break;
    }
    case 'suspend scheduled scaling': {
      model.register({ suspended: { ...suspended, scheduled: true } });
      break;
    }
    case 'roll back': {
      // CloudFormation registers what stands in the template.
      model.register({ bounds: { min: target.min, max: target.max } });
      break;
    }
  }
}

/** What must be true when the last trouble is half an hour ago: all is as planned, or it is reported. */
export function expectCalm({ model, plan: guardPlan, end }: Life): void {
  const { target } = guardPlan;
  const state = model.snapshot();
  // Of the last run, by any clock.
  const reported = [end - 60 - MOST_SKEW, end + MOST_SKEW].flatMap((now) =>
    decide({ plan: guardPlan, place: PLACE, live: state, now, phase: 'settled' }).problems.map(({ code }) => code),
  );

  const recent = floors(guardPlan, end - 300, end + 120);
  expect(model.target.min).toBeGreaterThanOrEqual(Math.min(...recent));
  if (!reported.includes('guard/live-above-plan') && !reported.includes('guard/maximum-above-plan')) {
    expect(model.target.min).toBeLessThanOrEqual(Math.max(...recent));
  }
  if (!reported.includes('guard/maximum-above-plan')) expect(model.target.max).toBe(target.max);
  expect(model.target.suspended).toMatchObject({ scaleOut: false, scheduled: false });
  const settled = target.windows.every(({ risingAt, givingBackAt }) =>
    [risingAt, givingBackAt].every((edge) => Math.abs(at(edge) - end) > 300),
  );
  const isHeld = target.windows.some(({ risingAt, givingBackAt }) => at(risingAt) <= end && end < at(givingBackAt));
  if (settled) expect(model.target.suspended.scaleIn).toBe(isHeld);

  // Every action that is ahead is listed with its values, and none is that the plan does not know.
  for (const { name, at: instant, min, max } of target.actions.filter((action) => at(action.at) > end + 300)) {
    const listed = model.actions.get(name);
    expect({ name, ...listed }).toMatchObject({ schedule: `at(${instant.slice(0, 19)})`, min, max });
    expect(listed!.timezone).toBeUndefined();
  }
  const known = new Set(target.actions.map(({ name }) => name));
  const unknown = [...model.actions.keys()].filter((name) => !known.has(name));
  if (model.target.min <= Math.max(...recent)) expect(unknown).toEqual([]);
}
