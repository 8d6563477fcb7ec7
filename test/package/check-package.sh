#!/usr/bin/env bash
# Builds the package, installs it into a project of its own, and uses it as its users do: in a CDK app beside a service that
# was there before, and on the command line. Needs the registry for what the project installs.
set -euo pipefail

repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

say() { printf '\n== %s\n' "$*"; }
# The exact version that this repository is developed with.
pin() { node -p "const name = '$1'; name + '@' + require('$repository/package.json').devDependencies[name]"; }

say 'building and packing'
cd "$repository"
npm run --silent build
tarball="$work/$(npm pack --silent --pack-destination "$work")"

say "installing $(basename "$tarball") into a fresh project"
mkdir "$work/project"
cd "$work/project"
echo '{ "name": "somebody-elses-app", "version": "1.0.0", "private": true }' >package.json
npm install --silent --prefer-offline --no-audit --no-fund --save-exact \
  "$tarball" "$(pin aws-cdk-lib)" "$(pin constructs)" "$(pin typescript)" "$(pin @types/node)"

mkdir release-calendar
cat >release-calendar/releases.yaml <<'YAML'
# yaml-language-server: $schema=../node_modules/prescale/release-calendar/schema.json
releases:
  - id: a-small-premiere
    title: A small premiere
    premiere: 2026-12-04 19:00 Europe/Paris
    kind: episode
    floors: { playback: 150 }
YAML

cat >tsconfig.json <<'JSON'
{
  "compilerOptions": {
    "target": "ES2022",
    "module": "node16",
    "types": ["node"],
    "strict": true,
    "skipLibCheck": true,
    "outDir": "built"
  },
  "include": ["*.ts"]
}
JSON

cat >environment.ts <<'TS'
import type { Environment } from 'prescale';

export const live: Environment = {
  name: 'live',
  region: 'eu-west-1',
  zoneIds: ['euw1-az1', 'euw1-az2', 'euw1-az3'],
  layers: {
    playback: {
      namespace: 'ecs',
      dimension: 'ecs:service:DesiredCount',
      unit: 'task',
      baseline: 4,
      baselineRequestsPerSecond: 200,
      maximum: 200,
      requestsPerSecondPerUnit: 100,
      pricePerUnitHour: 0.05,
    },
  },
  prices: { currency: 'EUR', source: 'an offer', readOn: '2026-11-01' },
};
TS

cat >service.ts <<'TS'
import { App, Stack, type StackProps } from 'aws-cdk-lib/core';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { loadPlan, ReleaseFloors } from 'prescale';
import { live } from './environment';

export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cluster = new Cluster(this, 'Cluster', { vpc: new Vpc(this, 'Vpc') });
    const taskDefinition = new FargateTaskDefinition(this, 'Task');
    taskDefinition.addContainer('web', { image: ContainerImage.fromRegistry('nginx') });
    const service = new FargateService(this, 'Service', { cluster, taskDefinition });

    // All that a user of the package adds.
    const plan = loadPlan({ calendarDir: 'release-calendar', environment: live, asOf: '2026-11-21T00:00:00Z' });
    const scaling = service.autoScaleTaskCount({ maxCapacity: 200 });
    scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60 });
    new ReleaseFloors(this, 'ReleaseFloors', { plan: plan.targets[0]!, target: scaling });
  }
}
TS

cat >edge.ts <<'TS'
import { Stack } from 'aws-cdk-lib/core';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { EdgeDistribution } from 'prescale';

/** Its error page lies in the package. */
export class EdgeStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id, { env: { region: 'us-east-1' } });
    const playback = new ApplicationLoadBalancer(this, 'Balancer', { vpc: new Vpc(this, 'Vpc') });
    new EdgeDistribution(this, 'Edge', { playback, logBucket: new Bucket(this, 'Logs') });
  }
}
TS

cat >main.ts <<'TS'
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { App } from 'aws-cdk-lib/core';
import { floorAt, loadPlan } from 'prescale';
import { EdgeStack } from './edge';
import { live } from './environment';
import { ServiceStack } from './service';

const app = new App();
new ServiceStack(app, 'Service');
new EdgeStack(app, 'Edge');
const assembly = app.synth();

const plan = loadPlan({ calendarDir: 'release-calendar', environment: live, asOf: '2026-11-21T00:00:00Z' }).targets[0]!;
assert.equal(floorAt(plan, '2026-12-04T18:00:00Z'), 150, 'the floor stands at the premiere');

const { Resources } = assembly.getStackByName('Service').template;
const targets = Object.values<any>(Resources).filter(
  ({ Type }) => Type === 'AWS::ApplicationAutoScaling::ScalableTarget',
);
assert.equal(targets.length, 1);
const { MinCapacity, MaxCapacity, ScheduledActions } = targets[0].Properties;
assert.deepEqual({ MinCapacity, MaxCapacity }, { MinCapacity: plan.min, MaxCapacity: plan.max });
assert.ok(plan.actions.length > 0);
assert.deepEqual(
  ScheduledActions,
  plan.actions.map(({ name, at, min, max }) => ({
    ScheduledActionName: name,
    Schedule: `at(${at.replace('Z', '')})`,
    ScalableTargetAction: { MinCapacity: min, MaxCapacity: max },
  })),
);
console.log(`minimum ${MinCapacity}, maximum ${MaxCapacity}, ${ScheduledActions.length} scheduled actions as planned`);

const files = readdirSync(assembly.directory).filter((file) => file.endsWith('.html'));
assert.equal(files.length, 1, 'the error page is an asset');
console.log(`error page ${files[0]}`);
TS

say 'checking its types'
npx --no-install tsc

say 'synthesizing it'
node built/main.js

say 'importing it from an ES module'
node --input-type=module --eval "
  import { floorAt, loadPlan, planCapacity, EdgeDistribution, PlaybackTier, ReleaseFloors, ZonedVpc } from 'prescale';
  import schema from 'prescale/release-calendar/schema.json' with { type: 'json' };
  if (![floorAt, loadPlan, planCapacity, EdgeDistribution, PlaybackTier, ReleaseFloors, ZonedVpc].every((it) => typeof it === 'function')) throw new Error('an export is missing');
  if (schema.type !== 'object') throw new Error('the schema is missing');
" 2> >(grep -v -e ExperimentalWarning -e 'node --trace-warnings' >&2)

say 'prescale check'
npx --no-install prescale check --as-of 2026-11-21T00:00:00Z

say 'prescale plan --json'
npx --no-install prescale plan --as-of 2026-11-21T00:00:00Z --json >plan.json
node --eval "
  const assert = require('node:assert/strict');
  const plan = JSON.parse(require('node:fs').readFileSync('plan.json', 'utf8'));
  assert.equal(plan.schemaVersion, 1);
  assert.equal(plan.toolVersion, require('prescale/package.json').version);
  const prod = plan.environments.find(({ name }) => name === 'prod');
  assert.ok(prod.targets[0].actions.some(({ min }) => min === 150), 'prod plans the floor that the calendar states');
  for (const { name, targets } of plan.environments) console.log(name + ': ' + targets[0].actions.length + ' scheduled actions');
"

say 'the package works'
