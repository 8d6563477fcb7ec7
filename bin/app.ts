#!/usr/bin/env node
import { rmSync } from 'node:fs';
import path from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { renderDiagnostics } from '../lib/calendar/render-diagnostics';
import type { StackEnvironment } from '../lib/capacity/environment';
import { environments } from '../lib/environments';
import { deployPlanOf, loadPlans, parseInstant, unknownEnvironments } from '../lib/load-plan';
import { EnvironmentStage } from '../lib/stages/environment-stage';

/** Mistakes in how the app was called, in contrast to problems in the calendar or the plan. */
class UsageError extends Error {}

function main(): void {
  // Synthesized below and only when all is well: left to itself, the app would write templates on exit, beside an error.
  const app = new App({ autoSynth: false });
  const context = (key: string): string | undefined => readText(key, app.node.tryGetContext(key));

  // What an earlier run wrote must not be deployed in place of what this one refuses or leaves out.
  for (const { name } of environments)
    rmSync(path.join(app.outdir, `assembly-${name}`), { recursive: true, force: true });
  rmSync(path.join(app.outdir, 'manifest.json'), { force: true });

  const selected = selectEnvironments(context('env'));
  const asOf = readAsOf(context('asOf'));
  const { plan, diagnostics, ok } = loadPlans({
    calendarDir: context('calendar') ?? 'release-calendar',
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
    new EnvironmentStage(app, {
      environment,
      plan: deployPlanOf(plan, environment.name),
      // Set by the CDK CLI when there are credentials; without them the templates fit any account.
      account: process.env['CDK_DEFAULT_ACCOUNT'],
    });
  }
  app.synth();
}

/** Context as it comes from `-c KEY=VALUE`; in a file it could be anything. */
function readText(key: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new UsageError(`context ${key} must be text, got ${JSON.stringify(value)}\n   = mend: put it in quotes\n`);
}

/** The environments named in `-c env=NAME[,NAME]`, or all; in their own order. */
function selectEnvironments(value: string | undefined): readonly StackEnvironment[] {
  if (value === undefined) return environments;
  const names = value.split(',').map((name) => name.trim());
  const unknown = unknownEnvironments(names, environments);
  if (unknown.length > 0) throw new UsageError(renderDiagnostics(unknown));
  return environments.filter(({ name }) => names.includes(name));
}

/** The instant of `-c asOf=INSTANT`, or now. */
function readAsOf(value: string | undefined): string {
  const asOf = parseInstant(value ?? new Date().toISOString(), 'asOf');
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
