import type { ScheduledAction } from '../../lib/capacity/capacity-plan';
import type { Registration } from '../../lib/guard/decide';
import {
  instantOf,
  type LiveAction,
  type LiveState,
  type LiveTarget,
  type Suspension,
} from '../../lib/guard/live-state';
import { listed } from './fixtures';

const NOTHING: Suspension = { scaleIn: false, scaleOut: false, scheduled: false };

/** What AWS does where it is not documented. */
export interface Switches {
  /** Whether an action that has fired stays listed. */
  readonly keepsFired: boolean;
  /** Whether an action that is put when it is past runs at once, or never. */
  readonly runsPast: boolean;
  /** Whether a registration that does not state a suspension keeps it. */
  readonly keepsSuspension: boolean;
}

/** All of it is known. */
export type ModelState = LiveState & { readonly target: LiveTarget; readonly running: number };

/** One scalable target with its actions and policies, as Application Auto Scaling is documented to treat them. */
export class ScalingModel {
  target: LiveTarget;
  desired: number;
  readonly actions = new Map<string, LiveAction>();
  /** Names of actions that have fired since the model was made, in order. */
  readonly fired: string[] = [];
  /** How many actions had their turn, be it that they were lost. */
  ended = 0;
  private readonly done = new Set<string>();
  private readonly late = new Map<string, number | undefined>();
  private lastFiringAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly switches: Switches,
    { min, max }: { min: number; max: number },
    actions: readonly ScheduledAction[],
    /** Seconds that an action runs late, or undefined when it does not run at all. */
    private readonly lateness: () => number | undefined,
    private now: number,
  ) {
    this.target = { min, max, suspended: NOTHING };
    this.desired = min;
    for (const action of actions) this.actions.set(action.name, listed(action));
    for (const action of this.actions.values()) if (instantOf(action)! <= now) this.done.add(keyOf(action));
  }

  snapshot(): ModelState {
    return { target: this.target, actions: [...this.actions.values()], running: this.desired, desired: this.desired };
  }

  /** Runs what is due by an instant, one after the other. */
  advance(to: number): void {
    this.now = to;
    const due = [...this.actions.values()]
      .flatMap((action) => {
        const at = instantOf(action);
        return at !== undefined && at <= to && !this.done.has(keyOf(action)) ? [{ action, at }] : [];
      })
      .sort((a, b) => a.at - b.at);
    for (const { action, at } of due) {
      const late = this.lateFor(action);
      if (late === undefined) this.finish(action);
      else if (Math.max(at + late, this.lastFiringAt) <= to) {
        this.lastFiringAt = Math.max(at + late, this.lastFiringAt);
        if (!this.target.suspended.scheduled) {
          this.fired.push(action.name);
          this.setBounds(action.min ?? this.target.min, action.max ?? this.target.max);
        }
        this.finish(action);
      } else {
        // Those after it wait for their turn.
        break;
      }
    }
  }

  register({ bounds, suspended }: Partial<Registration>): void {
    if (bounds) this.setBounds(bounds.min, bounds.max);
    this.target = {
      ...this.target,
      suspended: suspended ?? (this.switches.keepsSuspension ? this.target.suspended : NOTHING),
    };
  }

  put(action: ScheduledAction): void {
    this.place(listed(action));
  }

  place(action: LiveAction): void {
    const at = instantOf(action);
    if (at === undefined || at > this.now || this.switches.runsPast) this.done.delete(keyOf(action));
    else this.done.add(keyOf(action));
    this.actions.set(action.name, action);
  }

  remove(name: string): void {
    this.actions.delete(name);
  }

  /** A policy that wants nothing left: an idle fleet in front of a premiere. Returns how many units it took away. */
  scaleIn(): number {
    if (this.target.suspended.scaleIn) return 0;
    const before = this.desired;
    this.desired = Math.min(this.desired, this.target.min);
    return before - this.desired;
  }

  /** A policy that wants everything. */
  scaleOut(): void {
    if (!this.target.suspended.scaleOut) this.desired = this.target.max;
  }

  private lateFor(action: LiveAction): number | undefined {
    const key = keyOf(action);
    if (!this.late.has(key)) this.late.set(key, this.lateness());
    return this.late.get(key);
  }

  private finish(action: LiveAction): void {
    this.ended += 1;
    this.done.add(keyOf(action));
    if (!this.switches.keepsFired) this.actions.delete(action.name);
  }

  private setBounds(min: number, max: number): void {
    if (min > max) throw new Error(`ValidationException: minimum ${min} above maximum ${max}`);
    this.target = { ...this.target, min, max };
    this.desired = Math.min(Math.max(this.desired, min), max);
  }
}

function keyOf({ name, schedule }: LiveAction): string {
  return `${name} ${schedule}`;
}
