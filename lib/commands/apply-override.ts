import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Diagnostic } from '../calendar/diagnostic';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import type { TargetPlan } from '../capacity/capacity-plan';
import { floorAt } from '../capacity/floor-at';
import { fromIso, toCompactIso, toIso } from '../capacity/instants';
import { isActive, type Override, withOverrides } from '../capacity/override';
import { overridesPath } from '../capacity/parameter-paths';
import { round } from '../capacity/units';
import { formatCount } from '../capacity/words';
import type { ScaledThing } from '../live/effect';
import { renderOverrideAwsCli, type WantedOverride } from '../report/aws-cli';
import { utcTime } from '../report/times';
import { diagnosticJson, EXIT, type Output, renderJson } from './common';
import { type Night, type Place, type Problem, type TargetOptions, troubleProblem } from './night';

/** How long the live minimum is looked at until it is as expected. Seconds. */
const LOOK_SECONDS = 10;

/** What is due within this time the guard leaves to happen. Seconds. */
const DUE_SECONDS = 120;

/** What is done to one record. */
export interface Change {
  readonly action: 'write' | 'replace' | 'delete';
  /** As it is written, or as it was. */
  readonly override: Override;
  /** One line for people, such as `raise to 1,200 tasks`. */
  readonly headline: string;
  readonly warnings: readonly Problem[];
  /** The same as of the consent, which may come minutes later. @default it does not depend on it */
  readonly renew?: () => { readonly override: Override; readonly now: number };
}

/** Of several the one that lasts longest. */
export function activePause(overrides: readonly Override[], now: number): Override | undefined {
  return overrides
    .filter((override) => override.kind === 'pause' && isActive(override, now))
    .toSorted((a, b) => fromIso(b.until) - fromIso(a.until))[0];
}

/** One line, such as `raise to 1,200 tasks until 2026-12-02 14:00 UTC`. */
export function describeOverride({ kind, min = 0, from, until }: Override, unit: string): string {
  const units = `${formatCount(min)} ${unit}s`;
  const times =
    kind === 'end-window' ? `from ${utcTime(from)} until ${utcTime(until)} UTC` : `until ${utcTime(until)} UTC`;
  return {
    raise: `raise to ${units} ${times}`,
    drill: `drill at ${units} ${times}`,
    'end-window': `baseline ${times}`,
    pause: `the guard stands back ${times}`,
  }[kind];
}

/** Shows what a change does, asks, does it, and says what came of it. Returns the exit code. */
export async function applyChange(
  night: Night,
  change: Change,
  options: TargetOptions,
  output: Output,
): Promise<number> {
  const { clients, plan, overrides, attachment, attached, profile } = night;
  const { action } = change;
  let { override } = change;
  let { now } = night;
  const others = overrides.filter(({ id }) => id !== override.id);
  const after = (): readonly Override[] => (action === 'delete' ? others : [...others, override]);
  const preview = previewOf(night, overrides, after(), override);
  const warnings = asWarnings([...night.warnings, ...change.warnings]);
  const document = (): object => ({
    schemaVersion: 1,
    environment: attachment.owner.environment,
    target: attachment.owner.target,
    action,
    override,
    floors: preview.floors,
    cost: preview.cost,
    alsoActive: others.filter((other) => isActive(other, night.now)),
  });
  // With --json only who is asked needs it.
  const show = options.json ? (options.yes ? undefined : output.err) : output.out;
  show?.(renderPreview(night, change, preview, others));
  output.err(renderDiagnostics(warnings));
  if (!options.yes && !(await confirm('Do it?', output))) {
    const problem = { code: 'override/declined', message: 'it was not confirmed' };
    return refuse([problem], { place: night, options, document: document(), warnings }, output);
  }
  if (!options.yes && change.renew) ({ override, now } = change.renew());
  if (action === 'write' && fromIso(override.until) <= Math.max(now, fromIso(override.from))) {
    const problem = {
      code: 'override/too-late',
      message: `it was confirmed too late: it would have been over at ${override.until}`,
      mend: 'run the command again, and answer sooner',
    };
    return refuse([problem], { place: night, options, document: document(), warnings }, output);
  }
  const wanted = after();

  const { deleteOverride, readOverrides, replaceOverride, writeOverride } = await import('../live/overrides.js');
  const { isTrouble } = await import('../live/attempt.js');
  const call = { write: writeOverride, replace: replaceOverride, delete: deleteOverride }[action];
  const trouble = await call(clients, attachment.owner, override);
  if (trouble) {
    const glass: WantedOverride = {
      ...override,
      ...(override.min !== undefined && { min: floorAt(withOverrides(plan, wanted), now) }),
      record: override,
      max: plan.max,
      ...(action !== 'write' && { change: action }),
    };
    // A request that was sent may have done its work, whether its answer came or not.
    const unknown = trouble.kind === 'network';
    const problem = troubleProblem(trouble);
    return refuse([problem], { place: night, options, wanted: glass, document: document(), warnings, unknown }, output);
  }
  const parameter = `${overridesPath(attachment.owner)}/${override.id}`;
  const say = options.json ? undefined : output.out;
  say?.(`${{ write: 'written', replace: 'rewritten', delete: 'deleted' }[action]}: ${parameter}\n`);

  const { invokeGuard } = await import('../live/effect.js');
  const failed = await invokeGuard(clients, attached.guardFunction);
  // Somebody else may have been here meanwhile.
  const records = await readOverrides(clients, attachment.owner);
  // A list may be a moment behind, and ours is known to be written.
  const kept = isTrouble(records) ? others : records.overrides.filter(({ id }) => id !== override.id);
  const newest = action === 'delete' ? kept : [...kept, override];
  const came = newest.filter(({ id }) => !wanted.some((known) => known.id === id));
  const thing = { ...plan, resourceId: attached.resourceId };
  const paused = activePause(newest, now);
  const seen = await lookAtEffect(
    { ...night, now },
    thing,
    withOverrides(plan, newest),
    withOverrides(plan, others),
    paused,
  );
  // Whoever has the guard stand back may have lowered the minimum before.
  const effect = override.id === paused?.id && seen.minimum !== undefined ? { ...seen, problem: undefined } : seen;
  const result = sentenceOf(effect, paused, now);
  const unseen: Diagnostic[] = asWarnings([
    ...(failed
      ? [
          {
            code: 'override/guard-not-run',
            message: `the guard could not be run at once: ${failed.message}; the record is written, and it acts on it within a minute by itself`,
            mend: failed.mend,
          },
        ]
      : []),
    ...(effect.problem ? [effect.problem] : []),
  ]);
  output.err(renderDiagnostics(unseen));
  for (const other of came) say?.(`meanwhile: ${describeLine(other, profile.unit)}\n`);
  say?.(`${result}\n`);
  if (options.json) {
    const diagnostics = [...warnings, ...unseen].map(diagnosticJson);
    const live = { minimum: effect.minimum ?? null, asExpected: effect.problem === undefined, summary: result };
    output.out(renderJson({ ...document(), written: true, parameter, meanwhile: came, live, diagnostics }));
  }
  return effect.problem === undefined ? EXIT.fine : EXIT.problems;
}

export function asWarnings(problems: readonly Problem[]): Diagnostic[] {
  return problems.map((problem) => ({ severity: 'warning', ...problem }));
}

interface Preview {
  /** Floors from now until after the end, where one of them changes. */
  readonly floors: readonly { readonly from: string; readonly before: number; readonly after: number }[];
  readonly cost: { readonly currency: string; readonly unitHours: number; readonly amount: number };
}

function previewOf(
  { plan, now, environment, profile }: Night,
  before: readonly Override[],
  after: readonly Override[],
  override: Override,
): Preview {
  const old = withOverrides(plan, before);
  const next = withOverrides(plan, after);
  const former = before.find(({ id }) => id === override.id);
  const end = Math.max(fromIso(override.until), former ? fromIso(former.until) : 0);
  const instants = [...old.actions, ...next.actions].map(({ at }) => fromIso(at)).filter((at) => now < at && at <= end);
  const floors: { from: string; before: number; after: number }[] = [];
  let unitSeconds = 0;
  let since = now;
  for (const at of [now, ...[...new Set(instants)].toSorted((a, b) => a - b)]) {
    const last = floors.at(-1);
    if (last) unitSeconds += (last.after - last.before) * (at - since);
    since = at;
    const [was, is] = [floorAt(old, at), floorAt(next, at)];
    floors.push({ from: toIso(at), before: was, after: is });
  }
  const last = floors.at(-1)!;
  if (since < end) unitSeconds += (last.after - last.before) * (end - since);
  const unitHours = unitSeconds / 3600;
  return {
    floors: floors.filter(
      ({ before: was, after: is }, index) =>
        index === 0 || was !== floors[index - 1]!.before || is !== floors[index - 1]!.after,
    ),
    cost: {
      currency: environment.prices.currency,
      unitHours: round(unitHours, 2),
      amount: round(unitHours * profile.pricePerUnitHour, 2),
    },
  };
}

function renderPreview(
  { attachment, profile, who, now }: Night,
  { action, override, headline }: Change,
  { floors, cost }: Preview,
  others: readonly Override[],
): string {
  const rows = [
    ['from (UTC)', 'floor', 'then'],
    ...floors.map(({ from, before, after }) => [utcTime(from), formatCount(before), formatCount(after)]),
  ];
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]!.length));
  const table = rows.map(
    ([from = '', before = '', after = '']) =>
      `${from.padEnd(width(0))}  ${before.padStart(width(1))}  ${after.padStart(width(2))}\n`,
  );
  const hours = formatCount(Math.abs(cost.unitHours));
  const money = `${Math.abs(cost.amount).toFixed(2)} ${cost.currency}`;
  const costs =
    cost.unitHours === 0
      ? 'cost: none'
      : `cost: ${hours} ${profile.unit}-hours ${cost.unitHours > 0 ? 'more' : 'less'}, ${money}`;
  const active = others.filter((other) => isActive(other, now));
  return [
    `${attachment.owner.environment}: ${attachment.owner.target}\n`,
    `${headline}\n`,
    `by ${action === 'write' ? override.who : who}: ${override.why}\n`,
    '\n',
    ...table,
    '\n',
    `${costs}\n`,
    ...active.map((other) => `also active: ${describeLine(other, profile.unit)}\n`),
  ].join('');
}

/** An override with its author, in one line. */
export function describeLine(override: Override, unit: string): string {
  return `${describeOverride(override, unit)}, by ${override.who}: ${override.why} [${override.id}]`;
}

interface Effect {
  /** As it was read last; absent when it could not be. */
  readonly minimum?: number;
  /** The next change of the floor. */
  readonly next?: { readonly at: number; readonly floor: number; readonly again: boolean };
  /** What is not as expected, or unknown. */
  readonly problem?: Problem;
}

/** Reads the live minimum back until it is as expected, for a while, and whether the next change of it is in place. */
async function lookAtEffect(
  { clients, now }: Night,
  thing: ScaledThing,
  effective: TargetPlan,
  without: TargetPlan,
  paused: Override | undefined,
): Promise<Effect> {
  const { readActionMinimum, readLiveMinimum } = await import('../live/effect.js');
  const { isTrouble } = await import('../live/attempt.js');
  const expected = floorAt(effective, now);
  const change = effective.actions.find(({ at, min }) => fromIso(at) > now && min !== expected);
  const next = change && {
    at: fromIso(change.at),
    floor: change.min,
    again: change.min === floorAt(without, change.at),
  };
  let minimum = await readLiveMinimum(clients, thing);
  // Nobody raises it while the guard stands back.
  const looks = paused ? 0 : LOOK_SECONDS;
  for (let second = 0; second < looks && !isTrouble(minimum) && !(minimum! >= expected); second += 1) {
    // One look after the other is what is waited for.
    // oxlint-disable-next-line no-await-in-loop
    await sleep(1000);
    // oxlint-disable-next-line no-await-in-loop
    minimum = await readLiveMinimum(clients, thing);
  }
  const code = 'override/not-seen';
  if (isTrouble(minimum)) {
    const { message, mend } = minimum;
    return { next, problem: { code, message: `the live minimum could not be read: ${message}`, mend } };
  }
  if (minimum === undefined) {
    return {
      next,
      problem: {
        code,
        message: `nothing is registered for ${thing.resourceId}`,
        mend: 'the guard registers it within a minute; its policies are gone, and only a deploy with --revert-drift brings them back',
      },
    };
  }
  if (minimum < expected) {
    return {
      minimum,
      next,
      problem: {
        code,
        message: `the live minimum is ${formatCount(minimum)}${paused ? '' : ` after ${LOOK_SECONDS} s`}, and ${formatCount(expected)} was expected`,
        mend: paused
          ? `prescale overrides --cancel ${paused.id} lets the guard raise it`
          : 'look again in two minutes with prescale verify; if it stays, see the log of the guard',
      },
    };
  }
  // What is due within two minutes is left to happen.
  if (next === undefined || next.at <= now + DUE_SECONDS) return { minimum, next };
  const planned = await readActionMinimum(clients, thing, `floor-${toCompactIso(next.at)}`);
  if (planned === next.floor) return { minimum, next };
  return {
    minimum,
    next,
    problem: {
      code,
      message: `the action that sets ${formatCount(next.floor)} at ${toIso(next.at)} is not seen: ${isTrouble(planned) ? planned.message : 'there is none'}`,
      mend: 'the guard puts it within a minute; while a deploy is under way it waits for its end',
    },
  };
}

function sentenceOf({ minimum, next, problem }: Effect, pause: Override | undefined, now: number): string {
  const time = (instant: string): string =>
    instant.slice(0, 10) === toIso(now).slice(0, 10) ? `${instant.slice(11, 16)} UTC` : `${utcTime(instant)} UTC`;
  const is = minimum === undefined ? 'live minimum is unknown' : `live minimum is ${formatCount(minimum)}`;
  const then =
    next === undefined || problem !== undefined
      ? is
      : `${is} until ${time(toIso(next.at))}, then ${formatCount(next.floor)} ${next.again ? 'again ' : ''}by itself`;
  return pause ? `the guard stands back until ${time(pause.until)}, then it mends again by itself; ${is}` : then;
}

async function confirm(question: string, { err }: Output): Promise<boolean> {
  err(`${question} [y/N] `);
  const lines = createInterface({ input: process.stdin });
  try {
    const { value = '' } = (await lines[Symbol.asyncIterator]().next()) as { value?: string };
    return /^y(es)?$/i.test(value.trim());
  } finally {
    lines.close();
  }
}

/** The same after AWS was asked: what is odd in the account comes first, since a refusal may follow from it. */
export function refuseAtNight(night: Night, problem: Problem, options: TargetOptions, output: Output): number {
  const warnings = asWarnings(night.warnings);
  output.err(renderDiagnostics(warnings));
  return refuse([problem], { place: night, options, warnings }, output);
}

/** Says why nothing was written, and how it can be done without us. */
export function refuse(
  problems: readonly Problem[],
  {
    place,
    options,
    wanted,
    document,
    warnings = [],
    unknown = false,
  }: {
    readonly place: Place;
    readonly options: TargetOptions;
    /** For commands that do it all the same. @default none are printed */
    readonly wanted?: WantedOverride;
    /** What `--json` tells beside it. */
    readonly document?: object;
    /** Printed already. */
    readonly warnings?: readonly Diagnostic[];
    /** The answer to a write was lost. @default nothing was written */
    readonly unknown?: boolean;
  },
  { out, err }: Output,
): number {
  const errors = problems.map((problem): Diagnostic => ({ severity: 'error', ...problem }));
  const breakGlass = wanted && renderOverrideAwsCli(place.attachment, place.profile, wanted);
  err(renderDiagnostics(errors));
  const outcome = unknown
    ? `it is unknown whether it was written: prescale overrides --env ${options.env} shows it`
    : 'nothing was written';
  err(breakGlass ? `${outcome}; by hand it is:\n${breakGlass}` : `${outcome}\n`);
  if (options.json) {
    const diagnostics = [...warnings, ...errors].map(diagnosticJson);
    const written = unknown ? null : false;
    out(renderJson({ schemaVersion: 1, ...document, written, ...(breakGlass && { breakGlass }), diagnostics }));
  }
  return EXIT.problems;
}
