/** How clients wait and come back, and what a service does with more requests than it can answer. */
export interface StationSettings {
  readonly stepSeconds: number;
  /** A client hangs up on a try after so long. At least one step. */
  readonly timeoutSeconds: number;
  /** Most tries after the first, and the share of failed tries that are tried again. */
  readonly retries: { readonly count: number; readonly persistence: number };
  /** Longest pause before the first retry; it doubles with each. Clients spread over the pause (full jitter). */
  readonly backoffSeconds: number;
  /** Whether the service refuses at once what it could not answer in time, and drops a request whose client has left. */
  readonly shedsLoad: boolean;
  /** Longest wait for which a service that sheds load still admits a request. */
  readonly shedAboveSeconds: number;
  /** Seconds after which a request that nobody has answered is dropped by the load balancer. */
  readonly idleTimeoutSeconds: number;
}

/** A shortage of less than this share of a step's requests is rounding, not a queue. */
const NOTHING = 1e-12;

/**
 * The service as one queue: users' requests come, are answered first come, first served, and are tried again when they fail.
 *
 * Requests are a fluid: amounts, not single ones, so nothing is random here. Every user's request ends once, as answered or as
 * failed, however many tries it took: `arrived = answered + failed + inFlight` at any step.
 *
 * Overload can feed itself: a service that does not shed load goes on to work for clients that have hung up, while those come back with a new
 * try. Refusing costs the service nothing here.
 */
export class Station {
  /** Users' requests since the start. */
  arrived = 0;
  answered = 0;
  failed = 0;
  /** Tries since the start, first ones included. */
  tries = 0;
  /** Request-seconds of waiting of the tries that were answered. */
  waitedSeconds = 0;
  /** Of the last step: users' requests that ended, and tries that were sent to units. */
  answeredNow = 0;
  failedNow = 0;
  triesNow = 0;

  private readonly kinds: number;
  private readonly persistence: number;
  private readonly timeoutSteps: number;
  /** Tries in the queue by the step in which they came (a ring over the time-out) and by their number. */
  private readonly waiting: Float64Array;
  private readonly waitingInStep: Float64Array;
  /** Tries in the queue whose clients still wait. */
  private waitingSum = 0;
  /** The oldest step of the ring that may hold somebody, counted back from the current one. */
  private oldest = 0;
  /** Tries in the queue whose clients have hung up: they are first in it. */
  private abandoned = 0;
  /** Tries to come, by step (a ring over the longest pause) and by their number. */
  private readonly returning: Float64Array;
  private readonly returningSteps: number;
  private returningSum = 0;
  private readonly pauseSteps: readonly number[];
  private step = 0;

  constructor(private readonly settings: StationSettings) {
    const { stepSeconds, timeoutSeconds, retries, backoffSeconds } = settings;
    if (!(stepSeconds > 0 && timeoutSeconds >= stepSeconds)) {
      throw new RangeError(`timeoutSeconds must be at least one step of ${stepSeconds} s, got ${timeoutSeconds}`);
    }
    this.kinds = retries.count + 1;
    this.persistence = retries.persistence;
    this.timeoutSteps = Math.round(timeoutSeconds / stepSeconds);
    this.waiting = new Float64Array((this.timeoutSteps + 1) * this.kinds);
    this.waitingInStep = new Float64Array(this.timeoutSteps + 1);
    this.pauseSteps = Array.from({ length: retries.count }, (_, retry) =>
      Math.max(1, Math.ceil((backoffSeconds * 2 ** retry) / stepSeconds)),
    );
    this.returningSteps = Math.max(1, ...this.pauseSteps) + 1;
    this.returning = new Float64Array(this.returningSteps * this.kinds);
  }

  /** Tries that are at the service: waiting for it, or abandoned and still in its queue. */
  get inSystem(): number {
    return this.waitingSum + this.abandoned;
  }

  /** Users' requests that have not ended: in the queue, or about to be tried again. */
  get inFlight(): number {
    return this.waitingSum + this.returningSum;
  }

  /**
   * Tries that workers can end in one step: a worker that has nothing to do ends nothing.
   *
   * At steps far shorter than a request it is what an M/M/c station ends on average; at steps far longer every worker takes one request after
   * the other.
   *
   * @param arrivals users' requests of the step
   * @param rate requests per second of one worker
   */
  capacity(workers: number, rate: number, arrivals: number): number {
    const wanted = this.inSystem + arrivals + this.dueSum();
    return (workers < wanted ? workers : wanted) * rate * this.settings.stepSeconds;
  }

  /**
   * One step on.
   *
   * @param users users' requests that are sent for the first time
   * @param capacity tries that can be ended in the step
   * @param deadShare share of tries that are sent to units that are no more, and fail at once
   * @param workers a service that sheds load refuses nobody while one of them has nothing to do
   */
  advance(users: number, capacity: number, deadShare: number, workers = 0): void {
    this.arrived += users;
    if (
      deadShare === 0 &&
      this.waitingSum === 0 &&
      this.abandoned === 0 &&
      this.returningSum === 0 &&
      users <= capacity
    ) {
      // By far the most steps of a day: everybody is answered in the step in which they came.
      this.tries += users;
      this.answered += users;
      this.answeredNow = users;
      this.failedNow = 0;
      this.triesNow = users;
      this.step += 1;
      return;
    }
    this.advanceBusy(users, capacity, deadShare, workers);
    this.step += 1;
  }

  private advanceBusy(users: number, capacity: number, deadShare: number, workers: number): void {
    const { kinds, timeoutSteps, waiting, waitingInStep, returning, settings } = this;
    this.answeredNow = 0;
    this.failedNow = 0;
    this.triesNow = 0;
    this.hangUp();

    // What comes now: first tries, and those whose pause is over.
    const due = (this.step % this.returningSteps) * kinds;
    const ring = timeoutSteps + 1;
    const slot = this.step % ring;
    const place = slot * kinds;
    let arriving = users;
    for (let kind = 1; kind < kinds; kind += 1) arriving += returning[due + kind]!;
    this.tries += arriving;
    this.triesNow = arriving;
    const ahead = this.inSystem;
    let admitted = 1 - deadShare;
    if (settings.shedsLoad && arriving > 0) {
      const queue = (capacity * settings.shedAboveSeconds) / settings.stepSeconds;
      const room = Math.max(capacity, workers) + queue - ahead;
      admitted = Math.min(admitted, Math.max(0, room / arriving));
    }
    waitingInStep[slot] = 0;
    for (let kind = 0; kind < kinds; kind += 1) {
      const amount = kind === 0 ? users : returning[due + kind]!;
      if (kind > 0) {
        returning[due + kind] = 0;
        this.returningSum -= amount;
      }
      const enters = amount * admitted;
      waiting[place + kind] = enters;
      waitingInStep[slot] += enters;
      this.waitingSum += enters;
      if (admitted < 1) this.fail(kind, amount - enters);
    }
    if (this.returningSum < NOTHING * arriving) this.settleReturning();

    // First come, first served: the abandoned are the oldest, unless a service that sheds load has dropped them.
    let left = capacity;
    const wasted = Math.min(this.abandoned, left);
    this.abandoned -= wasted;
    left -= wasted;
    while (this.oldest > 0 && waitingInStep[(this.step - this.oldest) % ring] === 0) this.oldest -= 1;
    for (let age = this.oldest; age >= 0 && left > 0; age -= 1) {
      const at = (this.step - age) % ring;
      const amount = waitingInStep[at]!;
      if (amount > 0) left -= this.answer(at, Math.min(amount, left), age);
    }
    const longest = (capacity * settings.idleTimeoutSeconds) / settings.stepSeconds;
    this.abandoned = Math.min(this.abandoned, longest);
    this.oldest = Math.min(this.oldest + 1, timeoutSteps, this.step + 1);
    if (this.waitingSum <= NOTHING * (arriving + 1)) this.settleWaiting();
  }

  /** Clients of the tries that have waited for the whole time-out hang up. */
  private hangUp(): void {
    const { kinds, timeoutSteps, waiting, waitingInStep } = this;
    if (this.step < timeoutSteps) return;
    const slot = (this.step - timeoutSteps) % (timeoutSteps + 1);
    const amount = waitingInStep[slot]!;
    if (amount <= 0) return;
    for (let kind = 0; kind < kinds; kind += 1) {
      const tries = waiting[slot * kinds + kind]!;
      if (tries > 0) this.fail(kind, tries);
      waiting[slot * kinds + kind] = 0;
    }
    waitingInStep[slot] = 0;
    this.waitingSum -= amount;
    if (!this.settings.shedsLoad) this.abandoned += amount;
  }

  private answer(slot: number, amount: number, age: number): number {
    const { kinds, waiting, waitingInStep } = this;
    const all = waitingInStep[slot]!;
    const kept = amount >= all ? 0 : 1 - amount / all;
    for (let kind = 0; kind < kinds; kind += 1) waiting[slot * kinds + kind]! *= kept;
    waitingInStep[slot] = all * kept;
    this.waitingSum -= amount;
    this.answered += amount;
    this.answeredNow += amount;
    this.waitedSeconds += amount * age * this.settings.stepSeconds;
    return amount;
  }

  /** Tries that failed: some come again, spread over their pause, the others have given up. */
  private fail(kind: number, amount: number): void {
    const again = kind < this.pauseSteps.length ? amount * this.persistence : 0;
    this.failed += amount - again;
    this.failedNow += amount - again;
    if (again === 0) return;
    const steps = this.pauseSteps[kind]!;
    for (let ahead = 1; ahead <= steps; ahead += 1) {
      this.returning[((this.step + ahead) % this.returningSteps) * this.kinds + kind + 1]! += again / steps;
    }
    this.returningSum += again;
  }

  private dueSum(): number {
    if (this.returningSum === 0) return 0;
    const due = (this.step % this.returningSteps) * this.kinds;
    let sum = 0;
    for (let kind = 1; kind < this.kinds; kind += 1) sum += this.returning[due + kind]!;
    return sum;
  }

  /** Sums that are kept beside their parts drift by the last bits; an empty queue is made empty. What is lost so is counted as answered. */
  private settleWaiting(): void {
    this.answered += this.waitingSum;
    this.waitingSum = 0;
    this.waiting.fill(0);
    this.waitingInStep.fill(0);
    this.oldest = 0;
  }

  private settleReturning(): void {
    this.answered += this.returningSum;
    this.returningSum = 0;
    this.returning.fill(0);
  }
}
