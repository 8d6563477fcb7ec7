import type { Diagnostic } from '../calendar/diagnostic';
import type { Release, ReleaseCalendar } from '../calendar/release';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import { suggest } from '../calendar/suggest';
import type { CapacityPlan, DeployPlan, EnvironmentPlan } from '../capacity/capacity-plan';
import type { Environment, StackEnvironment } from '../capacity/environment';
import { fromIso, toIso } from '../capacity/instants';
import { planCapacity } from '../capacity/plan-capacity';
import { type QuotaNeed, quotaNeeds } from '../capacity/quota-needs';
import type { Verdict, Verification } from '../live/check';
import { type LiveClients, liveClients } from '../live/clients';
import { judgeEnvironment } from '../live/judge';
import type { JudgedRelease } from '../live/judge-night';
import { readFacts, type StackName } from '../live/read-facts';
import { nextReleases, planUntil, scopeOf } from '../live/scope';
import { watch } from '../live/watch';
import { deployPlanOf } from '../load-plan';
import { type Paint, renderChanges, renderVerification } from '../report/verify-table';
import { TOOL_VERSION } from '../version';
import { EXIT, loadFromOptions, type Output, painter, renderJson, UsageError } from './common';

// What loads the SDK: `verify.ts` imports it when the command runs, so that the others start without.

export interface VerifyOptions {
  readonly calendar: string;
  readonly env: string;
  readonly environments?: string;
  readonly release?: string;
  readonly stack?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
  /** @default now, read again at each look */
  readonly asOf?: string;
}

/** What a verification needs of the world. */
export interface VerifyWorld {
  /** Clients of a region. @default those that the SDK makes of the process's environment */
  readonly connect?: (region: string) => LiveClients;
  readonly now: () => Date;
  /** Returns early when the signal is aborted. */
  readonly sleep: (seconds: number, signal: AbortSignal) => Promise<void>;
  /** Ends a wait. */
  readonly signal: AbortSignal;
}

/** Verifies once, or until the premiere; returns the exit code. */
export async function runVerify(options: VerifyOptions, output: Output, world: VerifyWorld): Promise<number> {
  if (options.wait && options.asOf !== undefined) {
    throw usage('--wait and --as-of exclude each other', 'leave --as-of out: a wait reads the clock');
  }
  const paint: Paint = painter(output, COLOURS);
  const connect = world.connect ?? connector();
  const startedAt = world.now().getTime() / 1000;
  let said = '';
  let hasLooked = false;
  const look = async (): Promise<Verification> => {
    const asOf = options.asOf ?? world.now().toISOString();
    const { verification, diagnostics } = await verifyOnce(options, asOf, connect).catch((error: unknown): Looked => {
      // A file that is being written, or a release that is renamed, in the middle of a wait.
      if (!(error instanceof UsageError) || !hasLooked) throw error;
      return { verification: withoutPlan(options, asOf, error.diagnostics), diagnostics: error.diagnostics };
    });
    hasLooked = true;
    const text = renderDiagnostics(diagnostics);
    // A wait says it once.
    if (text !== said) output.err(text);
    said = text;
    return verification;
  };
  const seen = await watch({
    look,
    tell: (after, before) => {
      // Data is the one document, or the lines and the table after them.
      if (options.wait) (options.json ? output.err : output.out)(renderChanges(after, before, paint));
    },
    untilOf: ({ releases }) => {
      const premieres = releases.map(({ premiereAt }) => fromIso(premiereAt)).filter((at) => at > startedAt);
      return options.wait && premieres.length > 0 ? Math.min(...premieres) : undefined;
    },
    now: () => world.now().getTime() / 1000,
    sleep: world.sleep,
    signal: world.signal,
  });
  if (seen === undefined) {
    output.err('interrupted before the first look had ended: unknown\n');
    return EXIT.problems;
  }
  if (options.json) output.out(renderJson(seen));
  else output.out(`${options.wait ? '\n' : ''}${renderVerification(seen, paint)}`);
  return seen.verdict === 'go' ? EXIT.fine : EXIT.problems;
}

const COLOURS = { go: 'green', 'no-go': 'red', unknown: 'yellow' } as const satisfies Record<Verdict, string>;

/** Clients are made once: they learn from throttling. */
function connector(): (region: string) => LiveClients {
  const made = new Map<string, LiveClients>();
  return (region) => {
    const clients = made.get(region) ?? liveClients(region);
    made.set(region, clients);
    return clients;
  };
}

interface Looked {
  readonly verification: Verification;
  readonly diagnostics: readonly Diagnostic[];
}

async function verifyOnce(
  options: VerifyOptions,
  asOfText: string,
  connect: (region: string) => LiveClients,
): Promise<Looked> {
  const { env, release: asked } = options;
  const loaded = await loadFromOptions({
    calendar: options.calendar,
    environments: options.environments,
    env: [env],
    asOf: asOfText,
    horizon: 'P90D',
  });
  const { calendar, plan, diagnostics } = loaded;
  if (!calendar || !plan) {
    return { verification: withoutPlan(options, asOfText, diagnostics), diagnostics };
  }
  const now = fromIso(plan.asOf);
  // The one that was asked for.
  const environment = loaded.environments[0]!;
  const deployPlan = deployPlanOf(plan, env);
  const ids = asked === undefined ? nextReleases(deployPlan, now) : [releaseNamed(asked, calendar, deployPlan).id];
  const scope = scopeOf(deployPlan, ids);
  // All until the same end: quotas are shared, also with layers whose window is another release's.
  const windows = [...scope.windows.values()].flat();
  const targets = deployPlan.targets.map((target) => planUntil(target, windows, now));
  const needs = new Map<string, readonly QuotaNeed[]>(
    targets.map((target) => [target.id, quotaNeeds(environment, target, { ...deployPlan, targets })]),
  );
  const facts = await readFacts({
    environment: env,
    stacks: stacksOf(environment, options.stack),
    targets: deployPlan.targets,
    needs,
    connect,
  });
  const verification = judgeEnvironment({
    environment,
    plan: deployPlan,
    planAsOf: (asOf) => planAsOf(calendar, environment, asOf),
    scope,
    releases: ids.map((id) => judged(calendar.releases.find((release) => release.id === id)!)),
    ...(asked !== undefined && { release: asked }),
    needs,
    now,
    facts,
  });
  return { verification, diagnostics };
}

/** What a deploy as of an instant would register. */
function planAsOf(calendar: ReleaseCalendar, environment: Environment, asOf: string): EnvironmentPlan {
  const plan: CapacityPlan = planCapacity({ calendar, environments: [environment], asOf, toolVersion: TOOL_VERSION });
  return plan.environments[0]!;
}

/** Nothing can be compared with a calendar that cannot be read: the one check says so. */
function withoutPlan({ env, release }: VerifyOptions, asOf: string, diagnostics: readonly Diagnostic[]): Verification {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [{ message, mend = 'see prescale check', file, line }] = errors as [Diagnostic];
  const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `;
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
  return {
    schemaVersion: 1,
    asOf: toIso(Math.floor(Date.parse(asOf) / 1000)),
    environment: env,
    release: release ?? null,
    releases: [],
    verdict: 'no-go',
    checks: [
      {
        id: 'calendar',
        target: null,
        verdict: 'no-go',
        expected: 'a calendar and an environment without errors',
        found: `${place}${message}${more}`,
        mend,
      },
    ],
  };
}

/** @throws UsageError for a release that is not there, not of this environment, or over */
function releaseNamed(id: string, { releases }: ReleaseCalendar, plan: DeployPlan): Release {
  const release = releases.find((candidate) => candidate.id === id);
  if (release === undefined) {
    const nearest = suggest(
      id,
      releases.map((candidate) => candidate.id),
    );
    const choice =
      plan.releases.length > 0
        ? `choose from ${plan.releases.map((planned) => planned.id).join(', ')}`
        : 'none is coming';
    throw usage(`there is no release "${id}"`, nearest === undefined ? choice : `write ${nearest}; or ${choice}`);
  }
  if (release.environments !== undefined && !release.environments.includes(plan.name)) {
    const names = release.environments.join(', ');
    throw usage(
      `the release "${id}" is not of ${plan.name}, its environments are ${names}`,
      `--env ${release.environments[0]}`,
    );
  }
  const isPlanned = plan.releases.some((planned) => planned.id === id);
  if (!isPlanned && release.premiereAt < fromIso(plan.asOf)) {
    throw usage(
      `the release "${id}" is over, its premiere was ${toIso(release.premiereAt)}`,
      'leave --release out for the next',
    );
  }
  return release;
}

function judged({ id, status, premiereAt, premiereZone, drillSeconds }: Release): JudgedRelease {
  return { id, status, premiereAt, premiereZone, drillSeconds };
}

/** The reference stacks have names; somebody else's stack is named. */
function stacksOf(
  { name, region, ...environment }: Environment | StackEnvironment,
  stack: string | undefined,
): StackName[] {
  if (stack !== undefined) return [{ name: stack, region }];
  if (!('vpcCidr' in environment)) return [{ name: `${name}-Capacity`, region }];
  return [
    { name: `${name}-Playback`, region },
    { name: `${name}-Capacity`, region },
    // CloudFront's stack stands there, whatever the region.
    { name: `${name}-Edge`, region: 'us-east-1' },
  ];
}

function usage(message: string, mend: string): UsageError {
  return new UsageError([{ severity: 'error', code: 'usage/arguments', message, mend }]);
}
