import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BenchmarkError, table } from './measure';
import { ratioRows, ROOT, takeTurns, throughTsx, type TimedProcess } from './processes';

const AS_OF = '2026-11-21T00:00:00Z';

/** Templates that both apps must write: `Playback`, `Capacity` and `Edge`. */
const STACKS = 3;

/** The command of an app, as `--app` takes it. Paths are relative: the CLI hands it to a shell. */
const APPS = { prescale: 'bin/app.ts', bare: 'bench/bare-app.ts' } as const;

/**
 * Wall time of a synth of prod, as a ratio to a bare app with the same resources: through the CDK CLI, and the app's process by itself.
 *
 * Validation is off, in which both apps would spend the same time.
 *
 * @throws BenchmarkError when the two apps do not make the same number of resources of each type
 */
export function benchSynth(runs: number): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'prescale-bench-'));
  try {
    const output = (name: string): string => path.join(folder, name);
    const processes = [
      throughCli('bare, through the CDK CLI', APPS.bare, output('bare-cli')),
      throughCli('prescale, through the CDK CLI', APPS.prescale, output('prescale-cli')),
      alone('bare, the app alone', APPS.bare, output('bare-app')),
      alone('prescale, the app alone', APPS.prescale, output('prescale-app')),
    ];
    const turns = takeTurns('synth', runs, processes, () => {
      compareResources(output('prescale-cli'), output('bare-cli'));
      compareResources(output('prescale-app'), output('bare-app'));
    });
    const rows = ratioRows(processes, turns, (index) => index - (index % 2));
    const title = `synth: prod, validation off, median of ${runs} turns`;
    return table(title, ['process', 'ms', 'to bare'], rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function throughCli(name: string, app: string, output: string): TimedProcess {
  const cli = path.join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const context = ['-c', 'env=prod', '-c', `asOf=${AS_OF}`];
  const command = `node --import tsx ${app}`;
  const args = [cli, 'synth', '--quiet', '--no-validation', '--app', command, '--output', output, ...context];
  return { name, args, env: environment() };
}

/** As the CLI runs it. */
function alone(name: string, app: string, output: string): TimedProcess {
  const { context: flags } = JSON.parse(readFileSync(path.join(ROOT, 'cdk.json'), 'utf8')) as { context: object };
  const env = {
    ...environment(),
    CDK_OUTDIR: output,
    CDK_CONTEXT_JSON: JSON.stringify({ ...flags, env: 'prod', asOf: AS_OF }),
    CDK_VALIDATION: 'false',
  };
  return { name, args: throughTsx(app), env };
}

/** No credentials of the person who measures: the CLI would ask AWS whose they are. */
function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** A ratio means something only while the same is made. */
function compareResources(prescale: string, bare: string): void {
  const ours = countResources(prescale);
  const theirs = countResources(bare);
  if (ours.stacks !== STACKS || theirs.stacks !== STACKS) {
    throw new BenchmarkError(
      `${STACKS} stacks must be compared, got ${ours.stacks} and ${theirs.stacks} of ${APPS.bare}`,
    );
  }
  const differences = [...new Set([...ours.counts.keys(), ...theirs.counts.keys()])]
    .toSorted()
    .map((type) => ({ type, ours: ours.counts.get(type) ?? 0, theirs: theirs.counts.get(type) ?? 0 }))
    .filter(({ ours: count, theirs: bareCount }) => count !== bareCount)
    .map(({ type, ours: count, theirs: bareCount }) => `  ${type}: ${count} in prescale, ${bareCount} in bare`);
  if (differences.length > 0) {
    throw new BenchmarkError(
      `the two apps do not make the same resources:\n${differences.join('\n')}\n   = mend: bring ${APPS.bare} in step with lib/stacks`,
    );
  }
}

/** How many resources, and scheduled actions with them, of each type the templates of an output hold, by stack and type: `prodEdge AWS::S3::Bucket`. */
function countResources(output: string): { stacks: number; counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const files = readdirSync(output, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.template.json'),
  );
  for (const file of files) {
    const stack = path.basename(file).replace(/[0-9A-F]{8}\.template\.json$/, '');
    const template = JSON.parse(readFileSync(path.join(output, file), 'utf8')) as {
      Resources: Record<string, { Type: string; Properties?: { ScheduledActions?: unknown[] } }>;
    };
    for (const { Type, Properties } of Object.values(template.Resources)) {
      const key = `${stack} ${Type}`;
      // Actions are most of what the target is made of.
      counts.set(key, (counts.get(key) ?? 0) + 1 + (Properties?.ScheduledActions?.length ?? 0));
    }
  }
  return { stacks: files.length, counts };
}
