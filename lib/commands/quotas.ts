import type { Command } from 'commander';
import type { Diagnostic } from '../calendar/diagnostic';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import type { CapacityPlan, DeployPlan } from '../capacity/capacity-plan';
import { coverOf } from '../capacity/cover';
import type { Environment, StackEnvironment } from '../capacity/environment';
import { fromIso, toIso } from '../capacity/instants';
import { type QuotaNeed, quotaNeeds } from '../capacity/quota-needs';
import { formatCount } from '../capacity/words';
import type { LiveClients } from '../live/clients';
import type { Fact, QuotaFacts } from '../live/facts';
import type { QuotaRequest } from '../live/quotas';
import type { Trouble } from '../live/trouble';
import { deployPlanOf } from '../load-plan';
import { utcTime } from '../report/times';
import {
  addPlanOptions,
  diagnosticJson,
  EXIT,
  loadFromOptions,
  type Output,
  type PlanOptions,
  renderJson,
  UsageError,
} from './common';
import type { Done } from './run';

/** AWS takes days where a person looks at a request: it is to be asked, and at the latest to be granted, so many days ahead. Judgements. */
const ASK_DAYS = 14;
const GRANTED_DAYS = 7;

const DAY = 86_400;

const HELP = `
Lists what the coming windows need of each quota, against what lib/environments.ts states and what the account has.

  needed   at the highest floor, with a rolling deploy; quotas of the account with all layers at their peaks
  when     the first floor (UTC) that needs more than is stated, or else the highest one
  stated   in quotas of the environment, which check judges by
  granted  as Service Quotas tells, in the environment's region; CloudFront's in us-east-1
  default  what AWS gives a new account
  ask by, granted by   ${ASK_DAYS} and ${GRANTED_DAYS} days before: AWS takes days where a person looks at a request. What is not granted by
           then needs another plan: a smaller audience, larger tasks, a second service

--request shows the increases that it would ask for, and with --yes asks for them: as much as is needed, or as stated if that is more. It never
asks for less than is granted, nor for what is asked for already, nor for what AWS does not raise. AWS decides, in hours or days;
whoever answers wants a reason: the lines say it.

Permissions: servicequotas:GetServiceQuota, GetAWSDefaultServiceQuota and ListRequestedServiceQuotaChangeHistoryByQuota; to ask
servicequotas:RequestServiceQuotaIncrease, and iam:CreateServiceLinkedRole for the first request of an account.

Examples:
  $ prescale quotas --env prod
  $ prescale quotas --env prod --as-of 2026-12-20T00:00:00Z     the plan of another day, the account of today
  $ prescale quotas --env prod --request                        what would be asked for
  $ prescale quotas --env prod --request --yes                  asks for it
  $ prescale quotas --json | jq '.environments[].quotas[] | select(.verdict != "fits")'

Exit codes: 0 all fit, 1 something is short or unknown (also when it was just asked for) or the plan has an error, 2 wrong usage,
3 the tool itself failed.`;

interface QuotasOptions extends PlanOptions {
  readonly request?: boolean;
  readonly yes?: boolean;
}

/** `quotas`: what the coming windows need of each quota, and by when; with `--request` asks for it. */
export function addQuotasCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addPlanOptions(program.command('quotas').description('what the coming windows need of each quota, and by when'), now)
    .option('--request', 'show the increases to ask AWS for; needs one --env')
    .option('--yes', 'with --request: really ask')
    .addHelpText('after', HELP)
    .action(async (options: QuotasOptions) => done(await runQuotas(options, output)));
}

/** One quota of one target, or of all of them, with what is known of it. */
interface QuotaRow {
  readonly need: QuotaNeed;
  /** Region and layer; absent where all layers share the quota. */
  readonly target?: string;
  /** Absent for a fixed limit. */
  readonly granted?: Fact<QuotaFacts>;
  readonly verdict: 'fits' | 'short' | 'unknown';
  /** By how much, at least 1; 0 unless it is short. */
  readonly shortBy: number;
  /** To ask for: whole. */
  readonly desired: number;
  /** An increase that AWS has not answered yet. */
  readonly open?: QuotaRequest;
  readonly mend?: string;
}

/** What became of a row that is short or unknown. */
interface Asked {
  readonly row: QuotaRow;
  readonly outcome: 'would-ask' | 'asked' | 'pending' | 'not-asked';
  readonly request?: QuotaRequest;
  /** Why, in words. */
  readonly note: string;
}

interface EnvironmentQuotas {
  readonly name: string;
  readonly coveredUntil: string;
  readonly rows: readonly QuotaRow[];
  readonly asked?: readonly Asked[];
}

async function runQuotas(options: QuotasOptions, { out, err, columns }: Output): Promise<number> {
  refuse(options);
  const { plan, environments, diagnostics, ok, environmentsFile } = await loadFromOptions(options);
  const judged: EnvironmentQuotas[] = [];
  const problems: Diagnostic[] = [...diagnostics];
  for (const { name } of plan?.environments ?? []) {
    const environment = environments.find((one) => one.name === name)!;
    // One after the other: Service Quotas answers a few calls a second.
    // oxlint-disable-next-line no-await-in-loop
    const quotas = await judge(environment, plan!, environmentsFile, options);
    judged.push(quotas);
    problems.push(...troublesOf(quotas));
  }
  err(renderDiagnostics(problems));
  if (options.json) {
    out(
      renderJson({
        schemaVersion: 1,
        ...(plan && { asOf: plan.asOf, environments: judged.map((one) => environmentJson(one)) }),
        diagnostics: problems.map(diagnosticJson),
      }),
    );
  } else if (plan) {
    out(judged.map((one) => render(one, plan.asOf, columns)).join('\n'));
  }
  return ok && judged.every(({ rows }) => rows.every(({ verdict }) => verdict === 'fits')) ? EXIT.fine : EXIT.problems;
}

function refuse({ request, yes, env = [] }: QuotasOptions): void {
  const problem = (message: string, mend: string): UsageError =>
    new UsageError([{ severity: 'error', code: 'usage/arguments', message, mend }]);
  if (yes && !request)
    throw problem('--yes means nothing without --request', 'write --request --yes, or leave both out');
  if (request && env.length !== 1) {
    throw problem(`--request asks for one environment, got ${env.length}`, 'name one, for example --env prod');
  }
}

async function judge(
  environment: Environment | StackEnvironment,
  plan: CapacityPlan,
  environmentsFile: string,
  { request, yes }: QuotasOptions,
): Promise<EnvironmentQuotas> {
  const deployPlan = deployPlanOf(plan, environment.name);
  const needs = needsOf(environment, deployPlan);
  // The SDK is loaded by those commands alone that need it.
  const { liveClients } = await import('../live/clients.js');
  const live = await import('../live/quotas.js');
  const clients = liveClients(environment.region);
  const foreign = await foreignAccount(environment, clients);
  const facts = foreign
    ? new Map(needs.map(({ need }) => [need.id, { known: false, trouble: foreign } as const]))
    : await live.readQuotas(
        clients,
        needs.map(({ need }) => need),
      );
  const rows: QuotaRow[] = [];
  for (const { need, target } of needs) {
    const row = judgeNeed(need, target, facts.get(need.id), environmentsFile, environment.name);
    // oxlint-disable-next-line no-await-in-loop
    const open = row.verdict === 'short' && need.adjustable ? await live.openRequest(clients, need) : undefined;
    rows.push(open?.known && open.value ? withOpen(row, open.value) : row);
  }
  const asked: Asked[] = [];
  for (const row of request ? rows : []) {
    // oxlint-disable-next-line no-await-in-loop
    if (row.verdict !== 'fits') asked.push(await ask(row, clients, yes === true));
  }
  const { coveredUntil } = coverOf(deployPlan);
  return { name: environment.name, coveredUntil, rows, ...(request && { asked }) };
}

/** The needs of all targets; a quota that they share once, from the first that needs too much of it. */
function needsOf(
  environment: Environment | StackEnvironment,
  plan: DeployPlan,
): { readonly need: QuotaNeed; readonly target?: string }[] {
  const rows: { need: QuotaNeed; target?: string }[] = [];
  for (const target of plan.targets) {
    for (const need of quotaNeeds(environment, target, plan)) {
      const same = need.shared ? rows.find((row) => row.need.id === need.id) : undefined;
      if (same === undefined) rows.push(need.shared ? { need } : { need, target: target.id });
      else if (need.neededAt < same.need.neededAt) same.need = need;
    }
  }
  return rows;
}

/** Why the credentials tell nothing of this environment; undefined when they may. */
export async function foreignAccount(
  environment: Environment | StackEnvironment,
  clients: Pick<LiveClients, 'identity'>,
): Promise<(Trouble & { readonly foreign?: true }) | undefined> {
  if (!('account' in environment) || environment.account === 'any') return undefined;
  const { readAccount } = await import('../live/quotas.js');
  const account = await readAccount(clients);
  if (!account.known) return account.trouble;
  if (account.value === environment.account) return undefined;
  return {
    foreign: true,
    kind: 'credentials',
    message: `the credentials are of account ${account.value}, and ${environment.name} is in ${environment.account}`,
    mend: `sign in to ${environment.account}, or correct account of ${environment.name}`,
  };
}

function judgeNeed(
  need: QuotaNeed,
  target: string | undefined,
  granted: Fact<QuotaFacts> | undefined,
  environmentsFile: string,
  name: string,
): QuotaRow {
  const desired = Math.max(need.needed, need.adjustable ? (need.granted ?? 0) : 0);
  const row = { need, target, granted, desired, shortBy: 0 };
  const limit = need.code === '' ? need.granted : granted?.known ? granted.value.value : undefined;
  if (limit === undefined) {
    // Whatever is granted, nothing is little enough.
    if (need.needed === 0) return { ...row, verdict: 'fits' };
    const trouble = granted?.known === false ? granted.trouble : undefined;
    return { ...row, verdict: 'unknown', ...(trouble && { mend: trouble.mend }) };
  }
  if (need.needed > limit) {
    const mend = need.adjustable
      ? `ask AWS for ${formatCount(desired)}: prescale quotas --env ${name} --request`
      : 'AWS does not raise it: use larger tasks or a second service';
    return { ...row, verdict: 'short', shortBy: Math.ceil(need.needed - limit), mend };
  }
  const isOverstated = need.adjustable && need.granted !== undefined && need.granted > limit;
  const isUnderstated = need.granted !== undefined && need.needed > need.granted;
  const mend = `write the ${formatCount(limit)} that are granted in quotas of ${name} in ${environmentsFile}`;
  return { ...row, verdict: 'fits', ...((isOverstated || isUnderstated) && { mend }) };
}

function withOpen(row: QuotaRow, open: QuotaRequest): QuotaRow {
  const enough = open.desired >= row.need.needed;
  const mend = enough
    ? `wait for AWS: ${describeRequest(open)}`
    : `${describeRequest(open)}, which is too little: ask for ${formatCount(row.desired)} in its support case`;
  return { ...row, open, mend };
}

function describeRequest({ id, status, desired }: QuotaRequest): string {
  return `request ${id} for ${formatCount(desired)} is ${status}`;
}

/** Asks for one increase, or says what it would ask for, or why not. */
async function ask(row: QuotaRow, clients: LiveClients, really: boolean): Promise<Asked> {
  const { need, open, mend = '' } = row;
  const notAsked = (note: string): Asked => ({ row, outcome: 'not-asked', note });
  if (row.verdict === 'unknown') {
    const wish = `asked for are ${formatCount(row.desired)} where fewer than ${formatCount(need.needed)} are granted`;
    return notAsked(`what is granted is unknown; ${wish}`);
  }
  if (!need.adjustable) return notAsked(mend);
  if (open) return { row, outcome: 'pending', request: open, note: mend };
  const reason = `${formatCount(need.needed)} ${need.what} are needed from ${need.neededAt} on`;
  if (!really) return { row, outcome: 'would-ask', note: reason };
  const { openRequest, requestIncrease } = await import('../live/quotas.js');
  // What could not be looked up before must not be asked for twice.
  const pending = await openRequest(clients, need);
  if (!pending.known) return notAsked(`whether it is asked for already is unknown: ${pending.trouble.message}`);
  if (pending.value)
    return { row, outcome: 'pending', request: pending.value, note: withOpen(row, pending.value).mend! };
  const request = await requestIncrease(clients, need, row.desired);
  if (!request.known) return notAsked(`${request.trouble.message}; mend: ${request.trouble.mend}`);
  return { row, outcome: 'asked', request: request.value, note: reason };
}

/** What could not be read, said once for all quotas that it kept from being read. */
function troublesOf({ name, rows }: EnvironmentQuotas): Diagnostic[] {
  const troubles = new Map<string, { trouble: Trouble; count: number }>();
  for (const { granted } of rows) {
    if (granted === undefined || granted.known) continue;
    const { trouble } = granted;
    troubles.set(trouble.message, { trouble, count: (troubles.get(trouble.message)?.count ?? 0) + 1 });
  }
  return [...troubles.values()].map(({ trouble, count }) => ({
    severity: 'warning',
    code: `quotas/${trouble.kind}`,
    message: `${name}: what is granted of ${count} ${count === 1 ? 'quota' : 'quotas'} is unknown: ${trouble.message}`,
    mend: trouble.mend,
  }));
}

/** When an increase is to be asked for, and when it is to be granted at the latest. */
function deadlines({ neededAt }: QuotaNeed): { readonly askBy: string; readonly grantedBy: string } {
  const at = fromIso(neededAt);
  return { askBy: toIso(at - ASK_DAYS * DAY), grantedBy: toIso(at - GRANTED_DAYS * DAY) };
}

/** The day of a deadline, while it is ahead. */
function dayOf(deadline: string, asOf: string): string {
  return deadline <= asOf ? 'now' : deadline.slice(0, 10);
}

function render({ name, coveredUntil, rows, asked }: EnvironmentQuotas, asOf: string, width?: number): string {
  const several = new Set(rows.map(({ target }) => target)).size > 2;
  const table = rows.map((row) => cellsOf(row, several, asOf));
  const mends = rows
    .filter(({ mend, verdict }) => mend !== undefined && verdict !== 'unknown')
    .map(({ need, mend }) => `  ${nameOf(need)}: ${mend}\n`);
  return [
    `${name}: quotas as of ${utcTime(asOf)}, for all windows until ${utcTime(coveredUntil)} UTC\n`,
    align(COLUMNS, table, width),
    ...(mends.length > 0 ? ['\nwhat to do:\n', ...mends] : []),
    ...(asked ? [`\n${renderAsked(asked)}`] : []),
  ].join('');
}

/** As people look for it: service and code. */
function nameOf({ service, code, what }: QuotaNeed): string {
  return code === '' ? `${service} ${what}` : `${service} ${code}`;
}

function cellsOf({ need, target, granted, verdict, shortBy }: QuotaRow, several: boolean, asOf: string): string[] {
  const { code, what, needed, neededAt, byDefault } = need;
  const isFixed = code === '';
  const { askBy, grantedBy } = deadlines(need);
  // What AWS grants everybody is hardly missing where it could not be read.
  const isDue = verdict === 'short' || (verdict === 'unknown' && needed > byDefault);
  return [
    isFixed ? `${need.service}, fixed` : nameOf(need),
    several && target !== undefined ? `${what}, ${target}` : what,
    formatCount(needed),
    needed > 0 ? utcTime(neededAt) : '',
    isFixed || need.granted === undefined ? '' : formatCount(need.granted),
    isFixed ? formatCount(byDefault) : granted?.known ? formatCount(granted.value.value) : 'unknown',
    formatCount(byDefault),
    verdict === 'short' ? `short by ${formatCount(shortBy)}` : verdict,
    isDue ? dayOf(askBy, asOf) : '',
    isDue ? dayOf(grantedBy, asOf) : '',
  ];
}

interface Column {
  readonly head: string;
  readonly right?: boolean;
  /** Columns with a number are left out, lowest first, while the table is too wide. @default never left out */
  readonly drop?: number;
}

const COLUMNS: readonly Column[] = [
  { head: 'quota' },
  { head: 'counts', drop: 4 },
  { head: 'needed', right: true },
  { head: 'when (UTC)' },
  { head: 'stated', right: true, drop: 2 },
  { head: 'granted', right: true },
  { head: 'default', right: true, drop: 1 },
  { head: 'verdict' },
  { head: 'ask by', drop: 3 },
  { head: 'granted by' },
];

/** Columns two blanks apart. */
function align(columns: readonly Column[], rows: readonly (readonly string[])[], width = Infinity): string {
  const widths = columns.map(({ head }, index) => Math.max(head.length, ...rows.map((row) => row[index]!.length)));
  const next = Math.min(...columns.map(({ drop = Infinity }) => drop));
  if (next < Infinity && widths.reduce((sum, one) => sum + one + 2, -2) > width) {
    const kept = columns.map(({ drop }) => drop !== next);
    const narrower = rows.map((row) => row.filter((_, index) => kept[index]));
    return align(
      columns.filter((_, index) => kept[index]),
      narrower,
      width,
    );
  }
  return [columns.map(({ head }) => head), ...rows]
    .map((row) => {
      const cells = row.map((cell, index) =>
        columns[index]!.right ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!),
      );
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}

function renderAsked(asked: readonly Asked[]): string {
  if (asked.length === 0) return 'requests: none, all quotas fit\n';
  const lines = asked.map(({ row, outcome, request, note }) => {
    const { need, desired } = row;
    const what = `${nameOf(need)} in ${need.region}`;
    if (outcome === 'would-ask') return `  would ask for ${what}: ${formatCount(desired)}; ${note}\n`;
    if (outcome === 'asked') {
      return `  asked for ${what}: ${formatCount(desired)}, request ${request!.id} is ${request!.status}; ${note}\n`;
    }
    return `  not asked for ${what}: ${note}\n`;
  });
  const dry = asked.some(({ outcome }) => outcome === 'would-ask');
  return `requests${dry ? ', none of which was made: add --yes' : ''}:\n${lines.join('')}`;
}

function environmentJson({ name, coveredUntil, rows, asked }: EnvironmentQuotas): object {
  return {
    name,
    coveredUntil,
    quotas: rows.map(({ need, target, granted, verdict, shortBy, open, mend }) => ({
      id: need.id,
      service: need.service,
      code: need.code === '' ? null : need.code,
      region: need.region,
      target: target ?? null,
      what: need.what,
      needed: need.needed,
      neededAt: need.neededAt,
      stated: need.code === '' ? null : (need.granted ?? null),
      granted: need.code === '' ? need.granted : granted?.known ? granted.value.value : null,
      grantedIsDefault: granted?.known ? granted.value.isDefault : null,
      default: need.byDefault,
      adjustable: need.adjustable,
      verdict,
      shortBy,
      ...deadlines(need),
      request: open ?? null,
      mend: mend ?? null,
    })),
    ...(asked && {
      requests: asked.map(({ row, outcome, request, note }) => ({
        id: row.need.id,
        region: row.need.region,
        target: row.target ?? null,
        desired: row.desired,
        outcome,
        request: request ?? null,
        note,
      })),
    }),
  };
}
