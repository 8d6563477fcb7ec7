import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib/core';
import type { DeployPlan } from '../../lib/capacity/capacity-plan';
import type { StackEnvironment } from '../../lib/capacity/environment';
import { environments } from '../../lib/environments';
import { loadPlan } from '../../lib/load-plan';
import { EnvironmentStage } from '../../lib/stages/environment-stage';

const { context } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};

// The CDK prints what an app warns of, such as prod's placeholder for an image; tests read warnings from the tree.
beforeEach(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});

const outdirs: string[] = [];
afterAll(() => outdirs.forEach((outdir) => rmSync(outdir, { recursive: true })));

/** An app as the CLI would start it: jest does not read the feature flags of `cdk.json`. */
export function testApp({ validateTemplates = false } = {}): App {
  const outdir = mkdtempSync(join(tmpdir(), 'prescale-test-'));
  outdirs.push(outdir);
  return new App({
    context,
    autoSynth: false,
    analyticsReporting: false,
    // Seconds of start-up: on in the one test that is about it.
    builtinCloudFormationValidation: validateTemplates,
    outdir,
  });
}

/** A stack of somebody else, in a region with two zones that are known. */
export class OtherStack extends Stack {
  constructor(
    app = testApp(),
    private readonly zones = ['use1-az1', 'use1-az2'],
    region = 'us-east-1',
  ) {
    super(app, 'Other', { env: { region } });
  }

  override get availabilityZones(): string[] {
    return this.zones;
  }
}

export function environmentNamed(name: string): StackEnvironment {
  const environment = environments.find((candidate) => candidate.name === name);
  if (environment === undefined) throw new Error(`no environment "${name}"`);
  return environment;
}

/** A small calendar at a fixed instant, planned for the environment. */
export function planFor(environment: StackEnvironment, calendar = 'overlap'): DeployPlan {
  const calendarDir = join(__dirname, '..', 'fixtures', 'plans', calendar);
  return loadPlan({ calendarDir, environment, asOf: '2026-12-01T00:00:00Z' });
}

export function testStage(
  name: string,
  { app = testApp(), account, calendar }: { app?: App; account?: string; calendar?: string } = {},
): EnvironmentStage {
  const environment = environmentNamed(name);
  return new EnvironmentStage(app, { environment, plan: planFor(environment, calendar), account });
}
