import type { Command } from 'commander';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import { fromIso, toIso } from '../capacity/instants';
import { isActive, type Override } from '../capacity/override';
import { utcTime } from '../report/times';
import { diagnosticJson, EXIT, type Output, renderJson } from './common';
import { applyChange, type Change, describeLine, describeOverride, refuse, refuseAtNight } from './apply-override';
import { addTargetOptions, checkConsent, findPlace, openNight, type TargetOptions, troubleProblem } from './night';
import { OVERRIDE_HELP, soonestEnd } from './override-common';
import { foreignAccount } from './quotas';
import type { Done } from './run';

const HELP = `
Lists what people have overridden: what holds now, and what was over within the last day. Each ends by itself; --cancel ends one early.
A raise or a drill is cut short to three to four minutes from now, so that the guard lowers what it raised; an end-window or a pause is
deleted, and the plan's floor is back at once.

Examples:
  $ prescale overrides --env prod
  $ prescale overrides --env prod --cancel 20270101T1000Z-raise-k3v9
  $ prescale overrides --env prod --json | jq '.overrides[] | select(.state == "active")'
${OVERRIDE_HELP}`;

interface ListOptions extends TargetOptions {
  readonly cancel?: string;
}

/** `overrides`: lists them, or ends one early. */
export function addOverridesCommand(program: Command, output: Output, now: () => Date, done: Done): void {
  addTargetOptions(program.command('overrides').description('lists overrides, and ends them early'), now)
    .option('--cancel <id>', 'end this one')
    .addHelpText('after', HELP)
    .action(async (options: ListOptions) => {
      done(
        await (options.cancel === undefined
          ? runList(options, output)
          : runCancel(options, options.cancel, output, now)),
      );
    });
}

type State = 'active' | 'coming' | 'over';

function stateOf(override: Override, now: number): State {
  if (isActive(override, now)) return 'active';
  return fromIso(override.from) > now ? 'coming' : 'over';
}

async function runList(options: ListOptions, output: Output): Promise<number> {
  const place = await findPlace(options);
  const { environment, profile, attachment, now } = place;
  const [{ liveClients }, { readOverrides }, { isTrouble }] = await Promise.all([
    import('../live/clients.js'),
    import('../live/overrides.js'),
    import('../live/attempt.js'),
  ]);
  const clients = liveClients(environment.region);
  // In another account there are none, which would be taken for an answer.
  const found = (await foreignAccount(environment, clients)) ?? (await readOverrides(clients, attachment.owner));
  if (isTrouble(found)) {
    const diagnostic = { severity: 'error' as const, ...troubleProblem(found) };
    output.err(renderDiagnostics([diagnostic]));
    if (options.json) output.out(renderJson({ schemaVersion: 1, diagnostics: [diagnosticJson(diagnostic)] }));
    return EXIT.problems;
  }
  const overrides = found.overrides.map((override) => ({ state: stateOf(override, now), ...override }));
  const diagnostics = found.unreadable.map(({ name, problem }) => ({
    severity: 'error' as const,
    code: 'override/unreadable',
    message: `parameter ${name} ${problem}; the guard does not follow it`,
    mend: `aws ssm delete-parameter --region ${environment.region} --name ${name}`,
  }));
  output.err(renderDiagnostics(diagnostics));
  if (options.json) {
    const { environment: name, target } = attachment.owner;
    const document = { schemaVersion: 1, environment: name, target, asOf: toIso(now), overrides };
    output.out(renderJson({ ...document, diagnostics: diagnostics.map(diagnosticJson) }));
  } else {
    output.out(`${environment.name}: ${attachment.owner.target}, ${utcTime(toIso(now))} UTC\n`);
    if (overrides.length === 0) output.out('no overrides, now or within the last day\n');
    for (const state of ['active', 'coming', 'over'] as const) {
      for (const override of overrides.filter((one) => one.state === state)) {
        output.out(`${state}: ${describeLine(override, profile.unit)}\n`);
      }
    }
  }
  return diagnostics.length === 0 ? EXIT.fine : EXIT.problems;
}

async function runCancel(options: ListOptions, id: string, output: Output, clock: () => Date): Promise<number> {
  const started = clock().getTime();
  const place = await findPlace(options);
  checkConsent(options);
  const night = await openNight(options, place);
  if ('problems' in night) return refuse(night.problems, { place, options }, output);
  const { overrides, now, profile, who } = night;
  const override = overrides.find((candidate) => candidate.id === id);
  const ends = soonestEnd(now);
  if (override === undefined || fromIso(override.until) <= now) {
    const there = overrides.filter(({ until }) => fromIso(until) > now).map((one) => one.id);
    const problem = {
      code: 'override/not-there',
      message: override ? `${id} is over since ${override.until}` : `there is no override "${id}"`,
      mend: there.length > 0 ? `choose from ${there.join(', ')}` : 'there is none to end',
    };
    return refuseAtNight(night, problem, options, output);
  }
  const was = describeOverride(override, profile.unit);
  const raises = override.kind === 'raise' || override.kind === 'drill';
  if (!raises) {
    return applyChange(
      night,
      { action: 'delete', override, headline: `take back: ${was}`, warnings: [] },
      options,
      output,
    );
  }
  if (fromIso(override.until) <= ends) {
    const problem = {
      code: 'override/ends',
      message: `${id} ends by itself at ${override.until}, before it could be ended`,
      mend: 'wait for it',
    };
    return refuseAtNight(night, problem, options, output);
  }
  // Deleted, the floor that it leaves behind would be taken for one that somebody raised by hand, and stay.
  const shortenedAt = (at: number): Override => ({
    ...override,
    until: toIso(Math.min(soonestEnd(at), fromIso(override.until))),
    endedBy: who,
    why: `${override.why} (ended early by ${who})`,
  });
  const shorter = shortenedAt(now);
  const renew = (): ReturnType<NonNullable<Change['renew']>> => {
    const at = now + Math.floor((clock().getTime() - started) / 1000);
    return { override: shortenedAt(at), now: at };
  };
  const headline = `end at ${utcTime(shorter.until)} UTC: ${was}`;
  return applyChange(night, { action: 'replace', override: shorter, headline, warnings: [], renew }, options, output);
}
