#!/usr/bin/env node
import { App } from 'aws-cdk-lib/core';
import { renderDiagnostics } from '../lib/calendar/render-diagnostics';
import type { StackEnvironment } from '../lib/capacity/environment';
import { environments } from '../lib/environments';
import { loadPlans, parseInstant, unknownEnvironments } from '../lib/load-plan';
import { EnvironmentStage } from '../lib/stages/environment-stage';

/** Mistakes in how the app was called, in contrast to problems in the calendar or the plan. */
class UsageError extends Error {}

function main(): void {
  // Synthesized below and only when all is well: left to itself, the app would write templates on exit, beside an error.
  const app = new App({ autoSynth: false });
  const context = (key: string): unknown => app.node.tryGetContext(key);

  const selected = selectEnvironments(context('env'));
  const asOf = readAsOf(context('asOf'));
  const { plan, diagnostics, ok } = loadPlans({
    calendarDir: String(context('calendar') ?? 'release-calendar'),
    environments: selected,
    known: environments,
    asOf,
    environmentsFile: 'lib/environments.ts',
  });
  if (!ok || plan === undefined) {
    process.stderr.write(renderDiagnostics(diagnostics));
    process.exitCode = 1;
    return;
  }

  for (const environment of selected) {
    const environmentPlan = plan.environments.find(({ name }) => name === environment.name);
    if (environmentPlan === undefined) throw new Error(`no plan was made for environment "${environment.name}"`);
    new EnvironmentStage(app, {
      environment,
      plan: environmentPlan,
      // Set by the CDK CLI when there are credentials; without them the templates fit any account.
      account: process.env['CDK_DEFAULT_ACCOUNT'],
    });
  }
  app.synth();
}

/** The environments named in `-c env=NAME[,NAME]`, or all; in their own order. */
function selectEnvironments(value: unknown): readonly StackEnvironment[] {
  if (value === undefined) return environments;
  const names = String(value)
    .split(',')
    .map((name) => name.trim());
  const unknown = unknownEnvironments(names, environments);
  if (unknown.length > 0) throw new UsageError(renderDiagnostics(unknown));
  return environments.filter(({ name }) => names.includes(name));
}

/** The instant of `-c asOf=INSTANT`, or now. */
function readAsOf(value: unknown): string {
  const asOf = parseInstant(value === undefined ? new Date().toISOString() : String(value), 'asOf');
  if (typeof asOf !== 'string') throw new UsageError(renderDiagnostics([asOf]));
  return asOf;
}

try {
  main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(error.message);
  process.exitCode = 2;
}
