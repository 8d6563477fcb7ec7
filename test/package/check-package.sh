#!/usr/bin/env bash
# Builds the package, installs it into a project of its own, and uses it as its users do: the example that attaches floors to
# services that were there before, a construct of its own, and the command line with the example's environments. Needs the
# registry for what the project installs.
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
  "include": ["*.ts", "attach/*.ts"]
}
JSON

# As a team's own folder of infrastructure, beside the package.
cp -R "$repository/examples/attach" attach

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
import { EdgeStack } from './edge';

const app = new App();
new EdgeStack(app, 'Edge');
const files = readdirSync(app.synth().directory).filter((file) => file.endsWith('.html'));
assert.equal(files.length, 1, 'the error page is an asset');
console.log(`error page ${files[0]}`);
TS

cat >compare.ts <<'TS'
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { EnvironmentPlan } from 'prescale';

// What the command line plans for the example's environments is what the example's templates register.
const read = (file: string): any => JSON.parse(readFileSync(file, 'utf8'));
const plan: EnvironmentPlan = read('attach-plan.json').environments[0];
const targets = ['Playback', 'SharedServices'].flatMap((stack) =>
  Object.values<any>(read(`attach-out/${stack}.template.json`).Resources)
    .filter(({ Type }) => Type === 'AWS::ApplicationAutoScaling::ScalableTarget')
    .map(({ Properties }) => Properties),
);
const registered = ({ MinCapacity, MaxCapacity, ScheduledActions }: any): unknown => [
  [MinCapacity, MaxCapacity],
  ...ScheduledActions.map(({ ScheduledActionName: name, Schedule: at, ScalableTargetAction: to }: any) => [
    name,
    at,
    to.MinCapacity,
    to.MaxCapacity,
  ]),
];
const planned = plan.targets.map(({ min, max, actions }) => [
  [min, max],
  ...actions.map((action) => [action.name, `at(${action.at.replace('Z', '')})`, action.min, action.max]),
]);
assert.deepEqual(targets.map(registered), planned);
assert.deepEqual(
  plan.targets.map(({ actions }) => Math.max(...actions.map(({ min }) => min))),
  [156, 36, 84],
);
// Their guards came with the package: nothing here could bundle them.
const guarded = readdirSync('attach-out', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('/plan.json'))
  .filter((file) => readFileSync(`attach-out/${file.replace('plan.json', 'index.js')}`, 'utf8').includes('beforeDeploy'))
  .map((file): string => read(`attach-out/${file}`).target.id);
assert.deepEqual(guarded.sort(), plan.targets.map(({ id }) => id).sort());
console.log(`${targets.length} scalable targets as planned: ${plan.targets.map(({ id }) => id).join(', ')}`);
TS

say 'checking its types'
npx --no-install tsc

say 'synthesizing the construct and the example'
as_of=2027-02-15T00:00:00Z
node built/main.js
(
  cd attach
  flags=$(node -p "JSON.stringify({ ...require('./cdk.json').context, asOf: '$as_of' })")
  CDK_OUTDIR=../attach-out CDK_CONTEXT_JSON="$flags" node ../built/attach/app.js
)

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

say 'prescale add'
npx --no-install prescale add --as-of 2026-11-21T00:00:00Z --title 'A Finale' --premiere '2027-01-29 17:00' --city 'los angeles' \
  --kind finale --peak-viewers 2M --yes

say 'prescale rehearse, from the plan that is printed'
npx --no-install prescale plan --as-of 2026-11-21T00:00:00Z --env prod --json >finale-plan.json
npx --no-install prescale rehearse --as-of 2026-11-21T00:00:00Z --env prod --release a-finale --draws 2 --floors finale-plan.json --json >rehearsal.json
node --eval "
  const { rehearsals } = JSON.parse(require('node:fs').readFileSync('rehearsal.json', 'utf8'));
  require('node:assert/strict').equal(rehearsals[0].draws.played, 2);
  console.log(rehearsals[0].release + ': ' + rehearsals[0].verdict.code);
"

say 'prescale report, with the script that the package brings along'
npx --no-install prescale report --as-of 2026-11-21T00:00:00Z --output report.html
grep -q 'The Apache Software Foundation' report.html

say 'prescale ics'
npx --no-install prescale ics --as-of 2026-11-21T00:00:00Z --env prod --output prod.ics
grep -q 'UID:window.prod.a-finale@prescale' prod.ics

say 'prescale plan --environments'
example=(--calendar attach/release-calendar --as-of "$as_of" --environments)
npx --no-install prescale plan --json "${example[@]}" built/attach/environments.js >attach-plan.json
node built/compare.js
node -p "JSON.stringify(require('./built/attach/environments.js').environments)" >environments.json
npx --no-install prescale check "${example[@]}" environments.json
# TypeScript as it stands, where Node can; else what to do about it.
if node -e 'process.exit(process.features.typescript ? 0 : 1)'; then
  npx --no-install prescale check "${example[@]}" attach/environments.ts
else
  status=0
  said=$(npx --no-install prescale check "${example[@]}" attach/environments.ts 2>&1) || status=$?
  printf '%s\n' "$said"
  [[ $status -eq 2 && $said == *'this Node does not run TypeScript'*'mend: compile it'* ]]
fi

say 'the package works'
