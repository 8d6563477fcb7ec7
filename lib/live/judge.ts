import type { EnvironmentPlan, PlanOrigin, TargetPlan } from '../capacity/capacity-plan';
import { DEFAULT_DEMAND_MODEL } from '../capacity/demand-model';
import { type Environment, type LayerProfile, PROFILE_DEFAULTS, type StackEnvironment } from '../capacity/environment';
import { floorAt } from '../capacity/floor-at';
import { fromIso, toIso } from '../capacity/instants';
import { rollingTasks } from '../capacity/network';
import { withOverrides } from '../capacity/override';
import type { QuotaNeed } from '../capacity/quota-needs';
import { formatCount, listNames } from '../capacity/words';
import { type Check, go, type Judgement, noGo, overallVerdict, unknownCheck, type Verification } from './check';
import { allOf, type EnvironmentFacts, type StackFacts, type TargetFacts } from './facts';
import { type JudgedRelease, judgeDrill, judgeOverrides, judgeReleases, readOverrides } from './judge-night';
import { type ComparedTarget, judge, judgeActions, judgeHealthy, judgeRegistration } from './judge-target';
import { planUntil, type VerifyScope } from './scope';
import type { Trouble } from './trouble';

export interface JudgeInput {
  readonly environment: Environment | StackEnvironment;
  /** The plan of the work tree's calendar, as of now. */
  readonly plan: EnvironmentPlan & PlanOrigin;
  /** The same as of another instant: what a deploy of that instant has registered, if it had the same calendar. */
  readonly planAsOf: (asOf: string) => EnvironmentPlan;
  readonly scope: VerifyScope;
  /** Entries of the releases of the scope. */
  readonly releases: readonly JudgedRelease[];
  /** The release that was asked for. @default the next window was meant */
  readonly release?: string;
  /** What the coming windows need of quotas, by target. */
  readonly needs: ReadonlyMap<string, readonly QuotaNeed[]>;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly facts: EnvironmentFacts;
}

/**
 * Whether an environment is ready, as far as the facts tell.
 *
 * Pure: the clock and what was read are handed in. What could not be read makes what hangs on it unknown, and nothing else.
 */
export function judgeEnvironment(input: JudgeInput): Verification {
  const { environment, plan, release, releases, now, facts } = input;
  const ofEnvironment = (judgement: Judgement): Check => ({ ...judgement, target: null });
  const checks: Check[] = [
    ofEnvironment(judgeAccount(environment, facts)),
    ofEnvironment(judgeStacks(environment, facts.stacks)),
    ofEnvironment(judgeReleases(releases, now)),
    ...plan.targets.flatMap((target) => {
      const { id } = target;
      const ofTarget = facts.targets.find((candidate) => candidate.id === id)!;
      return judgeTarget(input, target, ofTarget).map((judgement): Check => ({ ...judgement, target: id }));
    }),
    ofEnvironment(judgeAlarms(environment, facts)),
  ];
  return {
    schemaVersion: 1,
    asOf: toIso(now),
    environment: environment.name,
    release: release ?? null,
    releases: releases.map(({ id, premiereAt, premiereZone }) => ({ id, premiereAt: toIso(premiereAt), premiereZone })),
    verdict: overallVerdict(checks),
    checks,
  };
}

/** Stacks of the reference are known by name, and their stage by the environment's. */
function deployCommand(environment: Environment | StackEnvironment, everything = false): string {
  if (!('vpcCidr' in environment)) return 'deploy the stack that attaches the floors';
  return everything
    ? `npx cdk deploy '${environment.name}/*'`
    : `npx cdk deploy '${environment.name}/Capacity' --exclusively`;
}

function judgeAccount(environment: Environment | StackEnvironment, { account }: EnvironmentFacts): Judgement {
  const stated = 'account' in environment && environment.account !== 'any' ? environment.account : undefined;
  const expected = stated ?? 'any account';
  if (!account.known) return unknownCheck('account', expected, account.trouble);
  if (!/^\d{12}$/.test(account.value))
    return unknownCheck('account', expected, nothingSaid('whose credentials these are'));
  if (stated === undefined || account.value === stated) return go('account', expected, account.value);
  return noGo(
    'account',
    expected,
    account.value,
    `use credentials of ${stated}: all other checks looked at ${account.value}`,
  );
}

const SETTLED = /^(CREATE|UPDATE|IMPORT)_COMPLETE(_CLEANUP_IN_PROGRESS)?$/;

function judgeStacks(environment: Environment | StackEnvironment, stacks: readonly StackFacts[]): Judgement {
  const expected = `${listNames(
    stacks.map(({ name }) => name),
    stacks.length,
  )} deployed and settled`;
  const mends = new Set<string>();
  const problems = stacks.flatMap(({ name, region, state }): string[] => {
    if (!state.known) return [];
    if (state.value === 'missing') {
      mends.add(deployCommand(environment, true));
      return [`${name} is missing in ${region}`];
    }
    const { status } = state.value;
    if (SETTLED.test(status)) return [];
    mends.add(
      /ROLLBACK_COMPLETE$|FAILED$/.test(status)
        ? `the last deploy failed: read aws cloudformation describe-stack-events --stack-name ${name} --region ${region}, and deploy again`
        : 'wait until the deploy has ended',
    );
    return [`${name} is ${status}`];
  });
  if (problems.length > 0) return noGo('stacks', expected, problems.join('; '), [...mends].join('; '));
  const lost = stacks.find(({ state }) => !state.known);
  if (lost !== undefined && !lost.state.known) return unknownCheck('stacks', expected, lost.state.trouble);
  return go('stacks', expected, stacks.map(({ state }) => statusOf(state)).join(', '));
}

function statusOf(state: StackFacts['state']): string {
  return state.known && state.value !== 'missing' ? state.value.status : 'unknown';
}

function judgeTarget(input: JudgeInput, current: TargetPlan, facts: TargetFacts): Judgement[] {
  const { environment, plan, planAsOf, scope, releases, needs, now } = input;
  const { id } = current;
  const [region, layer] = id.split('/') as [string, string];
  const windows = scope.windows.get(id) ?? [];
  const profile = environment.layers[layer]!;
  const isMissing = facts.attached.known && facts.attached.value === 'missing';
  const deploy = deployCommand(environment, isMissing);
  const attached = facts.attached.known && facts.attached.value !== 'missing' ? facts.attached.value : undefined;
  const records = facts.overrides.known ? facts.overrides.value : [];
  // What is over stays, so that a floor that it left behind is known for what it is.
  const { overrides } = readOverrides(records, Number.NEGATIVE_INFINITY);
  // Without a plan that is deployed nothing can be compared; then all of it is missing or unknown.
  const deployed = attached ? planAsOf(attached.asOf).targets.find((target) => target.id === id) : undefined;
  const compared: ComparedTarget = {
    floors: withOverrides(deployed ?? current, overrides),
    facts,
    resourceId: attached?.resourceId ?? id,
    now,
    ...(!facts.overrides.known && { overridesTrouble: facts.overrides.trouble }),
    deploy,
  };
  const healthy = judgeHealthy(compared);
  const peak = peakOf(planUntil(withOverrides(current, overrides), windows, now), now);
  return [
    judgePlan(input, current, facts, deployed),
    judgeRegistration(compared),
    judgeActions(compared),
    ...(healthy ? [healthy] : []),
    judgeGuard(input, compared),
    judgeOverrides(facts.overrides, windows, now, region),
    judgeDrill({
      fact: facts.drills,
      releases,
      planned: plan.releases,
      target: id,
      baseline: current.baseline,
      drillMinutes: profile.demand?.drillMinutes ?? DEFAULT_DEMAND_MODEL.drillMinutes,
      environment: environment.name,
      now,
    }),
    ...judgeImages(compared),
    ...judgeAddresses(compared, profile, peak),
    ...(needs.get(id) ?? []).map((need) => judgeQuota(environment.name, need, facts)),
  ];
}

/** The highest floor from now on. */
function peakOf(target: TargetPlan, now: number): number {
  return Math.max(floorAt(target, now), ...target.actions.filter(({ at }) => fromIso(at) > now).map(({ min }) => min));
}

/** Whether what is deployed is what the work tree says, and reaches far enough. */
function judgePlan(
  { environment, plan, scope }: JudgeInput,
  current: TargetPlan,
  { attached }: TargetFacts,
  deployed: TargetPlan | undefined,
): Judgement {
  const until = scope.windows.get(current.id)?.at(-1)?.endsAt;
  const expected = `calendar ${shorten(plan.calendarDigest)} by ${plan.toolVersion}${until === undefined ? '' : `, covered until ${until}`}`;
  const deploy = deployCommand(environment);
  const nothing = 'no plan is deployed';
  return judge('plan', expected, attached, nothing, { deploy: deployCommand(environment, true) }, (live) => {
    const { asOf, calendarDigest, toolVersion } = live;
    const coveredUntil = deployed?.coveredUntil ?? asOf;
    const found = `calendar ${shorten(calendarDigest)} by ${toolVersion}, as of ${asOf}, covered until ${coveredUntil}`;
    const errors = plan.findings.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) {
      const texts = errors.map(({ message }) => message).join('; ');
      return noGo(
        'plan',
        expected,
        `${found}; a deploy would be refused: ${texts}`,
        errors.map(({ mend }) => mend).join('; '),
      );
    }
    if (calendarDigest !== plan.calendarDigest || toolVersion !== plan.toolVersion) {
      return noGo('plan', expected, found, `${deploy}; or check out what is deployed`);
    }
    const beyond = scope.releases.filter((release) => current.deferred.includes(release));
    if (beyond.length > 0) {
      const mend = `a plan covers 90 days at most: deploy again nearer to the premiere, then verify`;
      return noGo(
        'plan',
        expected,
        `${found}; ${listNames(beyond)} ${beyond.length === 1 ? 'is' : 'are'} beyond it`,
        mend,
      );
    }
    if (until !== undefined && fromIso(until) > fromIso(coveredUntil)) return noGo('plan', expected, found, deploy);
    return go('plan', expected, found);
  });
}

/** Of a digest: enough to tell two apart. */
function shorten(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

/** The guard's function, and whether its alarm says that it runs. */
function judgeGuard({ environment, facts }: JudgeInput, { floors, facts: target, deploy }: ComparedTarget): Judgement {
  const expected = 'a function that runs every minute and does not fail';
  return judge('guard', expected, target.guard, 'there is no function', { deploy }, ({ state }) => {
    if (state !== 'Active') return noGo('guard', expected, `the function is ${state}`, deploy);
    const alarms = allOf(facts.stacks.map((stack) => stack.alarms));
    const name = `prescale-${environment.name}-${floors.id.replaceAll('/', '-')}-GuardFailed`;
    const alarm = facts.stacks
      .flatMap((stack) => (stack.alarms.known ? stack.alarms.value : []))
      .find((candidate) => candidate.name === name);
    if (alarm === undefined) {
      if (!alarms.known) return unknownCheck('guard', expected, alarms.trouble);
      // Without alarms nobody is told by anything.
      return go('guard', expected, 'the function is Active; no alarm tells whether it fails');
    }
    const found = `the function is Active, ${name} is ${alarm.state ?? 'missing'}`;
    if (alarm.state === 'OK') return go('guard', expected, found);
    const [region] = floors.id.split('/');
    const mend =
      alarm.state === undefined
        ? deploy
        : `look why it fails or is silent: aws cloudwatch describe-alarms --alarm-names ${name} --region ${region} names its log`;
    return noGo('guard', expected, found, mend);
  });
}

/** Whether the image of the service's tasks can be pulled. */
function judgeImages({ facts, deploy, resourceId, floors }: ComparedTarget): Judgement[] {
  if (facts.images === undefined) return [];
  const expected = 'the image of the service is in ECR';
  const [region] = floors.id.split('/');
  return [
    judge('image', expected, facts.images, `nothing that runs ${resourceId}`, { deploy }, (images) => {
      if (images.length === 0) return unknownCheck('image', expected, nothingSaid('which image the service runs'));
      const found = images.map(({ image, found: where }) => `${image} is ${where}`).join('; ');
      const gone = images.find((image) => image.found === 'missing');
      if (gone !== undefined) {
        const mend =
          `push it again, or deploy the service with one that is there: no new task can start; ` +
          `aws ecr describe-images --repository-name ${repositoryOf(gone.image)} --region ${region}`;
        return noGo('image', expected, found, mend);
      }
      if (images.some((image) => image.found === 'elsewhere')) {
        return unknownCheck('image', expected, {
          kind: 'refused',
          message: `${found}: whether that registry lets the fleet pull it cannot be known here`,
          mend: 'copy it into ECR, and name it by its digest',
        });
      }
      return go('image', expected, found);
    }),
  ];
}

/** An answer without what was asked for is no answer. */
function nothingSaid(about: string): Trouble {
  return { kind: 'refused', message: `AWS did not say ${about}`, mend: 'try again, and look by hand' };
}

function repositoryOf(image: string): string {
  return image.replace(/^[^/]*\//, '').replace(/[@:].*$/, '');
}

/** Whether the subnets hold the peak while a deployment rolls. Tasks are spread over them evenly. */
function judgeAddresses(
  { facts, deploy, resourceId, floors }: ComparedTarget,
  profile: LayerProfile,
  peak: number,
): Judgement[] {
  if (facts.subnets === undefined || facts.service === undefined) return [];
  const most = rollingTasks(peak, profile.maximumPercent ?? PROFILE_DEFAULTS.maximumPercent);
  const running = facts.service.known && facts.service.value !== 'missing' ? facts.service.value.running : 0;
  const more = Math.max(0, most - running);
  const expected = `room for ${formatCount(most)} tasks with a rolling deploy, ${formatCount(running)} of them run`;
  return [
    judge('addresses', expected, facts.subnets, `nothing that runs ${resourceId}`, { deploy }, (subnets) => {
      if (subnets.length === 0)
        return unknownCheck('addresses', expected, nothingSaid('in which subnets the service is'));
      const each = Math.ceil(more / subnets.length);
      const found = `free addresses: ${subnets.map(({ id, freeAddresses }) => `${formatCount(freeAddresses)} in ${id}`).join(', ')}`;
      const short = subnets.filter(({ freeAddresses }) => freeAddresses < each);
      if (short.length === 0) return go('addresses', `${expected}: ${formatCount(each)} in each subnet`, found);
      const [region] = floors.id.split('/');
      const filters = `--filters Name=subnet-id,Values=${short.map(({ id }) => id).join(',')} --region ${region}`;
      return noGo(
        'addresses',
        `${expected}: ${formatCount(each)} in each subnet`,
        found,
        `remove what nobody uses, or give the service further subnets: aws ec2 describe-network-interfaces ${filters}`,
      );
    }),
  ];
}

function judgeQuota(environment: string, need: QuotaNeed, { quotas }: TargetFacts): Judgement {
  const { service, code, what, needed, neededAt, adjustable } = need;
  const id = `quota/${need.id}`;
  const expected = `at least ${formatCount(needed)} ${what}, from ${neededAt}`;
  // A fixed limit is nothing that could be read.
  const fact = quotas.get(need.id);
  // However little is granted, nothing is little enough.
  if (needed === 0) return go(id, expected, `nothing is needed: ${what}`);
  if (fact !== undefined && !fact.known) return unknownCheck(id, expected, fact.trouble);
  const granted = fact?.value.value ?? need.granted ?? need.byDefault;
  const whose = !adjustable ? 'is fixed' : fact?.value.isDefault === true ? "is AWS's default" : 'is granted';
  const found = `${formatCount(granted)} ${whose}, ${formatCount(needed)} needed: ${what}`;
  if (granted >= needed) return go(id, expected, found);
  const mend = adjustable
    ? `request an increase of ${service} ${code}: npx prescale quotas --env ${environment} --request`
    : 'lower the floors, or spread them over several services';
  return noGo(id, expected, found, mend);
}

/** Whether somebody is told when something goes wrong, and whether something does. */
function judgeAlarms(environment: Environment | StackEnvironment, facts: EnvironmentFacts): Judgement {
  const expected = 'all are there, enabled and reach somebody; none that wakes is in ALARM';
  const isOff = 'alarms' in environment && environment.alarms === 'off';
  const stacks = facts.stacks.map(({ region, alarms }) => ({ region, alarms: alarms.known ? alarms.value : [] }));
  const all = stacks.flatMap(({ region, alarms }) => alarms.map((alarm) => ({ ...alarm, region })));
  const mends = new Set<string>();
  const problems: string[] = [];
  const complain = (names: readonly string[], problem: string, mend: string): void => {
    if (names.length === 0) return;
    problems.push(`${problem}: ${listNames(names, 5)}`);
    mends.add(mend);
  };
  const deploy = deployCommand(environment);
  const lacking = facts.stacks.filter(({ state }) => state.known && state.value === 'missing').map(({ name }) => name);
  if (!isOff) complain(lacking, 'not deployed', deployCommand(environment, true));
  const restore =
    'delete it from the template, deploy, and take it back: CloudFormation does not miss what was deleted by hand';
  complain(namesOf(all.filter(({ state }) => state === undefined)), 'deleted', restore);
  for (const { region, alarms } of stacks) {
    const disabled = namesOf(alarms.filter(({ state, actionsEnabled }) => state !== undefined && !actionsEnabled));
    const enable = `aws cloudwatch enable-alarm-actions --alarm-names ${disabled.join(' ')} --region ${region}`;
    complain(disabled, 'disabled', enable);
    const mute = namesOf(alarms.filter(({ state, topics }) => state !== undefined && topics.length === 0));
    complain(mute, 'tells nobody', `somebody has taken its actions away: ${restore}`);
    // Whether the guard fails is a check of its own.
    const ringing = namesOf(
      alarms.filter(
        ({ name, state, tellsWhenOver }) => state === 'ALARM' && tellsWhenOver && !name.endsWith('-GuardFailed'),
      ),
    );
    const read = `read what it means: aws cloudwatch describe-alarms --alarm-names ${ringing.join(' ')} --region ${region}`;
    complain(ringing, 'in ALARM', read);
  }
  if (facts.subscribers.known) {
    const { value: confirmed } = facts.subscribers;
    const deaf = [...confirmed].filter(([, count]) => count === 0).map(([arn]) => arn.split(':').at(-1)!);
    const name = 'name subscribers in alarms of the environment and deploy; who is named by mail confirms it once';
    complain(deaf, 'without a confirmed subscriber', name);
  }
  if (problems.length > 0) return noGo('alarms', expected, problems.join('; '), [...mends].join('; '));
  const read = allOf(facts.stacks.map(({ alarms }) => alarms));
  if (!read.known) return unknownCheck('alarms', expected, read.trouble);
  if (!facts.subscribers.known) return unknownCheck('alarms', expected, facts.subscribers.trouble);
  if (all.length === 0) {
    const isStated = 'alarms' in environment && !isOff;
    return isStated
      ? noGo('alarms', expected, 'the stacks have none', deploy)
      : go(
          'alarms',
          'none',
          isOff ? 'the environment has none' : 'the stack has none of prescale; others are not looked at',
        );
  }
  const told = namesOf(all.filter(({ state }) => state === 'ALARM'));
  const also = told.length > 0 ? `; told by day: ${told.join(', ')}` : '';
  return go('alarms', expected, `${formatCount(all.length)} alarms, and somebody hears each${also}`);
}

function namesOf(alarms: readonly { readonly name: string }[]): string[] {
  return alarms.map(({ name }) => name);
}
