import type { Diagnostic } from './calendar/diagnostic';
import { parsePremiere } from './calendar/premiere';
import { compareDiagnostics } from './calendar/parse-calendar';
import { type CalendarFiles, loadCalendar } from './calendar/read-calendar';
import type { ReleaseCalendar } from './calendar/release';
import { renderDiagnostics } from './calendar/render-diagnostics';
import { suggest } from './calendar/suggest';
import type { CapacityPlan, DeployPlan, EnvironmentPlan } from './capacity/capacity-plan';
import type { Environment } from './capacity/environment';
import { toIso } from './capacity/instants';
import { planCapacity } from './capacity/plan-capacity';
import { validateEnvironment } from './capacity/validate-environment';
import { TOOL_VERSION } from './version';

export interface LoadPlansInput {
  /** Folder with the `*.yaml` files of the calendar. */
  readonly calendarDir: string;
  /** What is planned in place of what the folder holds. @default the folder is read */
  readonly calendarFiles?: CalendarFiles;
  /** Those to plan. */
  readonly environments: readonly Environment[];
  /** All that there are: entries may name these and their layers, and no others. @default names of environments are not checked, and layers are those of `environments` */
  readonly known?: readonly Environment[];
  /** ISO 8601 in UTC, whole seconds. */
  readonly asOf: string;
  /** @default 90 days */
  readonly horizonSeconds?: number;
  /** Where the environments are written, for messages. @default none */
  readonly environmentsFile?: string;
}

export interface LoadedPlans {
  /** Absent when the calendar or an environment has an error. */
  readonly plan?: CapacityPlan;
  readonly calendar?: ReleaseCalendar;
  /** Problems of the calendar and of the environments, and error findings, located at their releases. Sorted by place. */
  readonly diagnostics: readonly Diagnostic[];
  /** True when no diagnostic is an error: only then may a template be made of the plan. */
  readonly ok: boolean;
}

/** Reads a calendar and plans it. Every mistake is a diagnostic; nothing is thrown for one. */
export function loadPlans(input: LoadPlansInput): LoadedPlans {
  const { environments, known, asOf, horizonSeconds } = input;
  const problems = environments.flatMap((environment) =>
    validateEnvironment(environment).map(({ path, message, mend }): Diagnostic => {
      const [name, ...fields] = path.split('.');
      return {
        severity: 'error',
        code: `environment/${fields
          .at(-1)!
          .replace(/\[.*/, '')
          .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        message: `${name}: ${message}`,
        mend,
        file: input.environmentsFile,
      };
    }),
  );
  const names = {
    environments: known?.map(({ name }) => name),
    // An environment with a problem may have no layers to compare with, nor may one that is known and not planned.
    layers:
      problems.length > 0
        ? undefined
        : [...new Set((known ?? environments).flatMap(({ layers }) => Object.keys(layers ?? {})))],
  };
  const { calendar, diagnostics } = loadCalendar(input.calendarDir, names, input.calendarFiles);
  if (!calendar || problems.length > 0) {
    return { calendar, diagnostics: sortDiagnostics([...diagnostics, ...problems]), ok: false };
  }
  const plan = planCapacity({ calendar, environments, asOf, horizonSeconds, toolVersion: TOOL_VERSION });
  const errors = plan.environments.flatMap((environment) =>
    findingDiagnostics(environment, calendar, input.environmentsFile).filter(({ severity }) => severity === 'error'),
  );
  return { plan, calendar, diagnostics: sortDiagnostics([...diagnostics, ...errors]), ok: errors.length === 0 };
}

/** By file, line and column; the same place in the order given. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(compareDiagnostics);
}

/** The findings of an environment, each located at the first of its releases, or else in the file of the environments. */
export function findingDiagnostics(
  environment: EnvironmentPlan,
  calendar: ReleaseCalendar,
  environmentsFile?: string,
): Diagnostic[] {
  return environment.findings.map(({ severity, code, message, mend, releases }) => {
    const release = calendar.releases.find(({ id }) => id === releases[0]);
    return {
      severity,
      code,
      message: `${environment.name}: ${message}`,
      mend,
      ...(release?.location ?? { file: environmentsFile }),
    };
  });
}

export interface LoadPlanInput extends Pick<LoadPlansInput, 'calendarDir' | 'known'> {
  readonly environment: Environment;
  /** An instant in any form that a premiere may have, for example `new Date().toISOString()`. */
  readonly asOf: string;
}

/**
 * The capacity plan of one environment, for use at synth in somebody else's app.
 *
 * @throws Error with all located problems when the calendar, the environment or the plan has an error
 */
export function loadPlan(input: LoadPlanInput): DeployPlan {
  const asOf = parseInstant(input.asOf, 'asOf');
  if (typeof asOf !== 'string') throw new Error(renderDiagnostics([asOf]));
  const { environment, calendarDir, known } = input;
  const { plan, diagnostics, ok } = loadPlans({ calendarDir, environments: [environment], known, asOf });
  if (!plan || !ok) throw new Error(`no plan for ${environment.name}:\n${renderDiagnostics(diagnostics)}`);
  return deployPlanOf(plan, environment.name);
}

/**
 * The plan of one environment with what it was made from, for a stack.
 *
 * @throws Error when the plan has no such environment
 */
export function deployPlanOf(
  { asOf, calendarDigest, toolVersion, environments }: CapacityPlan,
  name: string,
): DeployPlan {
  const environment = environments.find((candidate) => candidate.name === name);
  if (environment === undefined) throw new Error(`no plan was made for environment "${name}"`);
  return { ...environment, asOf, calendarDigest, toolVersion };
}

/** An instant in any of the calendar's forms as ISO 8601 in UTC, fractions of a second dropped, or what is wrong with it. */
export function parseInstant(text: string, name: string): string | Diagnostic {
  const parsed = parsePremiere(text.replace(/(:\d\d)\.\d+/, '$1'), name);
  if ('at' in parsed) return toIso(parsed.at);
  return { severity: 'error', ...parsed, code: 'usage/as-of' };
}

/** A diagnostic for each name that no environment has. */
export function unknownEnvironments(names: readonly string[], environments: readonly Environment[]): Diagnostic[] {
  const known = environments.map(({ name }) => name);
  return names
    .filter((name) => !known.includes(name))
    .map((name) => {
      const nearest = suggest(name, known);
      return {
        severity: 'error',
        code: 'usage/unknown-environment',
        message: `there is no environment "${name}"`,
        mend: nearest ? `write ${nearest}; there are ${known.join(', ')}` : `choose from ${known.join(', ')}`,
      };
    });
}
