import type { CapacityWindow, TargetPlan } from '../capacity/capacity-plan';
import { floorAt } from '../capacity/floor-at';
import { fromIso, toIso, toSchedule } from '../capacity/instants';
import { leadSeconds } from '../capacity/lead-time';
import { formatCount, listNames } from '../capacity/words';
import { go, type Judgement, noGo, unknownCheck } from './check';
import type { Fact, Missing, RegisteredAction, RegisteredTarget, TargetFacts } from './facts';
import type { Trouble } from './trouble';

/** How late an action may run before it matters; as the guard has it. Seconds. */
const TOLERANCE_SECONDS = 120;

/** Clocks of the world are at most so far apart from UTC. Seconds. */
const FARTHEST_ZONE_SECONDS = 14 * 3600;

/** CloudFormation does not miss what was deregistered by hand. */
const DEREGISTERED =
  'wait a minute for the guard, which registers it again without its scaling policies; take these out of the template, deploy, and put them back';

/** What is to be compared of one target. */
export interface ComparedTarget {
  /** The plan as of the deployed one's instant, overrides applied. */
  readonly floors: TargetPlan;
  readonly facts: TargetFacts;
  /** As Application Auto Scaling writes it. */
  readonly resourceId: string;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Why the overrides are not known: then what differs from the plan may be meant. */
  readonly overridesTrouble?: Trouble;
  /** What is typed to deploy the plan. */
  readonly deploy: string;
}

/** Minimum, maximum and suspensions. */
export function judgeRegistration(target: ComparedTarget): Judgement {
  const { floors, facts, now } = target;
  const isHeld = (at: number): boolean => floors.windows.some((window) => holds(window, at));
  const held = isHeld(now);
  const floor = floorAt(floors, now);
  const expected = `minimum ${formatCount(floor)}, maximum ${formatCount(floors.max)}, scale-in ${held ? 'suspended' : 'as it likes'}, the rest on`;
  const isDeployed = facts.attached.known && facts.attached.value !== 'missing';
  return judge(
    'target',
    expected,
    facts.registered,
    `nothing is registered for ${target.resourceId}`,
    { deploy: isDeployed ? DEREGISTERED : target.deploy },
    (live) => {
      const found = describeRegistration(live, floor, floors.max);
      // What ran late, or is about to run, is no fault: the lowest of the last minutes is enough.
      const lowest = Math.min(floorAt(floors, now - TOLERANCE_SECONDS), floor);
      const mustSuspend = held && isHeld(now - TOLERANCE_SECONDS);
      const isFine =
        live.min >= lowest &&
        live.max >= floors.max &&
        !live.scaleOutSuspended &&
        !live.scheduledSuspended &&
        (live.scaleInSuspended || !mustSuspend);
      return isFine
        ? go('target', expected, found)
        : soften(target, noGo('target', expected, found, byHand(target, Math.max(live.min, floor), live, held)));
    },
  );
}

function describeRegistration({ min, max, ...suspended }: RegisteredTarget, floor: number, planned: number): string {
  const off = [
    ...(suspended.scaleInSuspended ? ['scale-in'] : []),
    ...(suspended.scaleOutSuspended ? ['scale-out'] : []),
    ...(suspended.scheduledSuspended ? ['scheduled scaling'] : []),
  ];
  return [
    `minimum ${formatCount(min)}${min > floor ? ', above the plan' : ''}`,
    `maximum ${formatCount(max)}${max > planned ? ', above the plan' : ''}`,
    off.length > 0 ? `${listNames(off)} suspended` : 'nothing suspended',
  ].join(', ');
}

/** The guard mends all of it, unless it is paused or broken. */
function byHand(
  { floors, resourceId, deploy }: ComparedTarget,
  min: number,
  live: RegisteredTarget,
  held: boolean,
): string {
  const [region] = floors.id.split('/');
  const suspended = `DynamicScalingInSuspended=${held},DynamicScalingOutSuspended=false,ScheduledScalingSuspended=false`;
  return (
    'wait a minute for the guard to mend it; by hand: aws application-autoscaling register-scalable-target ' +
    `--service-namespace ${floors.namespace} --scalable-dimension ${floors.dimension} --resource-id ${resourceId} ` +
    `--min-capacity ${min} --max-capacity ${Math.max(live.max, floors.max)} --suspended-state ${suspended} --region ${region}; ` +
    `if the calendar or the environment was changed since the deploy: ${deploy}`
  );
}

/** Every action that is still to come: none missing, none different, none of anybody else. */
export function judgeActions(target: ComparedTarget): Judgement {
  const { floors, facts, now, deploy } = target;
  const ahead = floors.actions.filter(({ at }) => fromIso(at) > now);
  const [next] = ahead;
  const expected =
    next === undefined
      ? 'no action ahead'
      : `${formatCount(ahead.length)} ${ahead.length === 1 ? 'action' : 'actions'} ahead, the next at ${next.at} to ${formatCount(next.min)}`;
  const nothing = `nothing is registered for ${target.resourceId}`;
  return judge('actions', expected, facts.actions, nothing, target, (actions) => {
    const live = new Map(actions.map((action) => [action.name, action]));
    const planned = new Set(floors.actions.map(({ name }) => name));
    const problems = ahead.flatMap((action): string[] => {
      const found = live.get(action.name);
      if (found === undefined) return [`${action.name} is missing`];
      const { min, max } = found;
      const isSame =
        actsOnceInUtc(found) && found.schedule === toSchedule(action.at) && min === action.min && max === action.max;
      return isSame ? [] : [`${action.name} differs: ${describeAction(found)}`];
    });
    for (const action of actions) {
      const isDue = planned.has(action.name) && !ahead.some(({ name }) => name === action.name);
      if ((isDue || !planned.has(action.name)) && !isHarmless(action, floors, now)) {
        problems.push(`${action.name} is foreign: ${describeAction(action)}`);
      }
    }
    if (problems.length === 0) return go('actions', expected, 'all of them, and no others');
    const mend =
      'wait a minute for the guard, which puts its own again; remove those of others with aws application-autoscaling ' +
      `delete-scheduled-action; if they stay: ${deploy}`;
    return soften(target, noGo('actions', expected, listNames(problems, 5), mend));
  });
}

/** What has run already, and what sets the very floor that holds then, as the guard puts it to make up for a lost step. */
function isHarmless(action: RegisteredAction, floors: TargetPlan, now: number): boolean {
  const at = clockReading(action.schedule);
  if (at === undefined) return false;
  if (!actsOnceInUtc(action)) return at + FARTHEST_ZONE_SECONDS <= now;
  return at <= now || (action.min === floorAt(floors, at) && action.max === floors.max);
}

/** What `at(…)` says, read as UTC. */
function clockReading(schedule: string): number | undefined {
  const [, digits] = /^at\((.*)\)$/.exec(schedule) ?? [];
  const at = fromIso(`${digits}Z`);
  return Number.isNaN(at) ? undefined : at;
}

function actsOnceInUtc({ schedule, timezone, bounded }: RegisteredAction): boolean {
  const isUtc = timezone === undefined || ['', 'UTC', 'Etc/UTC'].includes(timezone);
  return isUtc && !bounded && clockReading(schedule) !== undefined;
}

function describeAction({ schedule, timezone, bounded, min, max }: RegisteredAction): string {
  const zone = timezone === undefined || timezone === '' ? '' : ` ${timezone}`;
  return `${schedule}${zone}${bounded ? ' within a start or an end' : ''}, minimum ${min ?? 'none'}, maximum ${max ?? 'none'}`;
}

/** Healthy targets, not promises; running tasks where no target group is named. Undefined where nobody could count. */
export function judgeHealthy(target: ComparedTarget): Judgement | undefined {
  const { floors, facts, now, resourceId } = target;
  const counted =
    facts.healthy ??
    (facts.service && mapFact(facts.service, (service) => (service === 'missing' ? service : service.running)));
  if (counted === undefined) return undefined;
  const what = facts.healthy ? `healthy ${floors.unit}s` : `running ${floors.unit}s`;
  const floor = floorAt(floors, now);
  const expected = `at least ${formatCount(floor)} ${what}`;
  return judge('healthy', expected, counted, `nothing that runs ${resourceId}`, target, (count) => {
    const found = `${formatCount(count)} ${what}`;
    if (count >= floor) return go('healthy', expected, found);
    const readyAt = readyBy(floors, now);
    const [, cluster, service] = resourceId.split('/');
    const [region] = floors.id.split('/');
    const why =
      service === undefined
        ? `see why ${floors.unit}s do not start: aws application-autoscaling describe-scaling-activities --service-namespace ${floors.namespace} --resource-id ${resourceId} --max-items 5 --region ${region}`
        : `see why they do not start or get healthy: aws ecs describe-services --cluster ${cluster} --services ${service} --query 'services[0].events[:10]' --region ${region}`;
    const mend = readyAt > now ? `the floor has just risen: wait until ${toIso(readyAt)}, then ${why}` : why;
    return soften(target, noGo('healthy', expected, found, mend));
  });
}

/** When the units of the last rise are ready by the plan's lead time. Seconds since the epoch. */
function readyBy(floors: TargetPlan, now: number): number {
  let readyAt = 0;
  let before = floors.min;
  for (const { at, min } of floors.actions) {
    const from = fromIso(at);
    if (from > now) break;
    if (min > before) readyAt = Math.max(readyAt, from + Math.ceil(leadSeconds(min - before, floors.leadTime)));
    before = min;
  }
  return readyAt;
}

function holds({ risingAt, givingBackAt }: CapacityWindow, at: number): boolean {
  return fromIso(risingAt) <= at && at < fromIso(givingBackAt);
}

/** What can be judged of a fact; what is not known is unknown, what is not there is no go. */
export function judge<T>(
  id: string,
  expected: string,
  fact: Fact<T | Missing>,
  nothing: string,
  { deploy }: Pick<ComparedTarget, 'deploy'>,
  decide: (value: T) => Judgement,
): Judgement {
  if (!fact.known) return unknownCheck(id, expected, fact.trouble);
  return fact.value === 'missing' ? noGo(id, expected, nothing, deploy) : decide(fact.value);
}

/** While overrides cannot be read, what differs from the plan may be somebody's wish. */
function soften({ overridesTrouble }: ComparedTarget, judgement: Judgement): Judgement {
  if (overridesTrouble === undefined) return judgement;
  const { id, expected, found } = judgement;
  return unknownCheck(id, expected, {
    ...overridesTrouble,
    message: `${found}; whether an override says so is unknown: ${overridesTrouble.message}`,
  });
}

function mapFact<T, U>(fact: Fact<T>, map: (value: T) => U): Fact<U> {
  return fact.known ? { known: true, value: map(fact.value) } : fact;
}
