import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseSync } from '@swc/core';

const ROOT = path.join(__dirname, '..');
const CONFIG = '.oxlintrc.json';

/** A run of oxlint takes a quarter of a second; a busy machine is no reason to fail. Milliseconds. */
const TIMEOUT = 60_000;

/** The rules that carry the import table and the ban on clocks; what else is linted is no matter of architecture. */
const RULES = ['no-restricted-imports', 'no-restricted-globals', 'no-restricted-properties', 'no-require-imports'];

interface Offence {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
}

/** What oxlint reports of those rules for the sources under a folder, with the configuration that stands in it. */
function lint(root: string): Offence[] {
  const oxlint = path.join(ROOT, 'node_modules', 'oxlint', 'bin', 'oxlint');
  // Without types: none of these rules needs them.
  const { stdout, stderr } = spawnSync(process.execPath, [oxlint, '--format', 'json', '.'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (!stdout.startsWith('{')) throw new Error(`oxlint did not run:\n${stdout}${stderr}`);
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { code: string; filename: string; labels: { span: { line: number } }[] }[];
  };
  return diagnostics
    .map(({ code, filename, labels }) => ({
      file: filename.split(path.sep).join('/'),
      line: labels[0]!.span.line,
      rule: /\((.*)\)/.exec(code)?.[1] ?? code,
    }))
    .filter(({ rule }) => RULES.includes(rule));
}

/** Lines of a source that read the clock through `Date` without an argument, which no rule of oxlint expresses. */
function clockReads(source: string): number[] {
  // Offsets of swc count bytes, and go on from one call to the next.
  const start = parseSync('', { syntax: 'typescript' }).span.end;
  const bytes = Buffer.from(source);
  const lines: number[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, callee, arguments: args, span } = node as Record<string, unknown>;
    const isDate = (callee as { value?: unknown } | undefined)?.value === 'Date';
    const isBare = !Array.isArray(args) || args.length === 0;
    if (isDate && ((type === 'NewExpression' && isBare) || type === 'CallExpression')) {
      const offset = (span as { start: number }).start - start;
      lines.push(bytes.subarray(0, offset).toString().split('\n').length);
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseSync(source, { syntax: 'typescript' }));
  return lines;
}

function sources(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')));
}

/** Each line of a file must break the rule that it is listed under. */
const OFFENCES: readonly (readonly [file: string, rule: string, lines: readonly string[]])[] = [
  [
    'lib/calendar/offender.ts',
    'no-restricted-imports',
    [
      "import { planCapacity } from '../capacity/plan-capacity';",
      "import type { CapacityPlan } from '../capacity/capacity-plan';",
      "import { environments } from '../environments';",
      "import { request } from 'node:https';",
      "import { env } from 'node:process';",
      "import { Command } from 'commander';",
      "import { App } from 'aws-cdk-lib/core';",
      "import { z } from 'zod/v3';",
      "export * from '../report/times';",
      "void import('../load-plan');",
    ],
  ],
  [
    'lib/capacity/offender.ts',
    'no-restricted-imports',
    [
      "import { readFileSync } from 'node:fs';",
      "import fs from 'fs';",
      "import path from 'node:path';",
      "import { parseCalendar } from '../calendar/parse-calendar';",
      "import { type Release, RELEASE_KINDS } from '../calendar/release';",
      "export { digestReleases } from '../calendar/digest';",
      "import { environments } from '../environments';",
      "import type { TargetPlanProps } from '../constructs/release-floors';",
      "import { Duration } from 'aws-cdk-lib/core';",
      "import type { Construct } from 'constructs';",
      "import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';",
      "import normal from '@stdlib/stats-base-dists-normal-cdf';",
      "import { z } from 'zod';",
      "import { times } from '../calendar/../report/times';",
      "void import('node:fs');",
    ],
  ],
  [
    'lib/capacity/requires.ts',
    'no-require-imports',
    ["const fs = require('node:fs');", "import path = require('path');"],
  ],
  [
    'lib/capacity/clock.ts',
    'no-restricted-properties',
    ['Date.now();', 'Math.random();', "Math['random']();", 'const { now } = Date;', 'Temporal.Now.instant();'],
  ],
  [
    'lib/capacity/globals.ts',
    'no-restricted-globals',
    [
      'process.env;',
      'const { env } = process;',
      'performance.now();',
      'globalThis.Date.now();',
      'crypto.randomUUID();',
      "fetch('https://example.com');",
      'setTimeout(() => undefined, 1);',
    ],
  ],
  [
    'lib/environments.ts',
    'no-restricted-imports',
    [
      "import { DEFAULT_QUOTAS } from './capacity/limits';",
      "import { type Environment, DEFAULTS } from './capacity/environment';",
      "import { readFileSync } from 'node:fs';",
    ],
  ],
  [
    'lib/load-plan.ts',
    'no-restricted-imports',
    [
      "import { ReleaseFloors } from './constructs/release-floors';",
      "import { environments } from './environments';",
      "import { readFileSync } from 'node:fs';",
      "import { App } from 'aws-cdk-lib/core';",
    ],
  ],
  [
    'lib/index.ts',
    'no-restricted-imports',
    [
      "export { environments } from './environments';",
      "export { EnvironmentStage } from './stages/environment-stage';",
      "export { CapacityStack } from './stacks/capacity-stack';",
      "export { runProgram } from './commands/program';",
    ],
  ],
  [
    'lib/constructs/offender.ts',
    'no-restricted-imports',
    [
      "import { Stack } from 'aws-cdk-lib';",
      "import type { StackProps } from 'aws-cdk-lib';",
      "import { loadCalendar } from '../calendar/read-calendar';",
      "import { environments } from '../environments';",
      "import { CapacityStack } from '../stacks/capacity-stack';",
      "import { toIso } from '../capacity/instants';",
      "import { handlers } from '../guard/handlers';",
      "import { ClientRequest } from 'node:http';",
      "import { ECSClient } from '@aws-sdk/client-ecs';",
    ],
  ],
  [
    'lib/stacks/offender.ts',
    'no-restricted-imports',
    [
      "import { Stack } from 'aws-cdk-lib';",
      "import { loadPlans } from '../load-plan';",
      "import { loadCalendar } from '../calendar/read-calendar';",
      "import { utcTime } from '../report/times';",
    ],
  ],
  [
    'lib/stages/offender.ts',
    'no-restricted-imports',
    [
      "import { Stage } from 'aws-cdk-lib';",
      "import { loadPlan } from '../load-plan';",
      "import { runProgram } from '../commands/program';",
    ],
  ],
  [
    'lib/rehearsal/offender.ts',
    'no-restricted-imports',
    [
      "import { loadCalendar } from '../calendar/read-calendar';",
      "import { environments } from '../environments';",
      "import { renderPlan } from '../report/plan-table';",
      "import { readFileSync } from 'node:fs';",
      "import { Worker } from 'node:worker_threads';",
      "import { parse } from 'csv-parse/sync';",
      "import { z } from 'zod';",
    ],
  ],
  [
    'lib/report/offender.ts',
    'no-restricted-imports',
    [
      "import { loadCalendar } from '../calendar/read-calendar';",
      "import { environments } from '../environments';",
      "import { writeFileSync } from 'node:fs';",
      "import { Token } from 'aws-cdk-lib/core';",
      "import { Command } from 'commander';",
    ],
  ],
  ['lib/report/page/offender.ts', 'no-restricted-imports', ["import { readFileSync } from 'node:fs';"]],
  ['lib/report/report-script.ts', 'no-restricted-imports', ["import { html } from './report-markup';"]],
  [
    'lib/commands/offender.ts',
    'no-restricted-imports',
    [
      "import { App } from 'aws-cdk-lib';",
      "import { Stack } from 'aws-cdk-lib/core';",
      "import type { Construct } from 'constructs';",
      "import { ReleaseFloors } from '../constructs/release-floors';",
      "import { CapacityStack } from '../stacks/capacity-stack';",
      "import { EnvironmentStage } from '../stages/environment-stage';",
      "import { loadPlan } from '../index';",
      "import { loadPlans } from '..';",
    ],
  ],
  [
    'bin/offender.ts',
    'no-restricted-imports',
    [
      "import { App } from 'aws-cdk-lib/core';",
      "import { EnvironmentStage } from '../lib/stages/environment-stage';",
      "import { ReleaseFloors } from '../lib/constructs/release-floors';",
      "import { loadPlan } from '../lib';",
      "import { floorAt } from '../lib/index';",
    ],
  ],
  ['bin/app.ts', 'no-restricted-imports', ["import { App } from 'aws-cdk-lib';"]],
  ['test/offender.test.ts', 'no-restricted-imports', ["import { App } from 'aws-cdk-lib';", "import 'cdk-nag';"]],
  // Only entry points read the clock and the environment, and nobody ends the process.
  ...['lib/calendar', 'lib/constructs', 'lib/stacks', 'lib/stages', 'lib/rehearsal', 'lib/report', 'lib'].flatMap(
    (folder) =>
      [
        [`${folder}/clock.ts`, 'no-restricted-properties', ['Date.now();', 'Temporal.Now.instant();']],
        [`${folder}/globals.ts`, 'no-restricted-globals', ['process.env;', 'process.exit(1);', 'performance.now();']],
      ] as const,
  ),
  [
    'examples/attach/offender.ts',
    'no-restricted-imports',
    [
      "import { loadPlan } from '../../lib/load-plan';",
      "import { App } from 'aws-cdk-lib';",
      "import { z } from 'zod';",
    ],
  ],
  [
    'lib/guard/offender.ts',
    'no-restricted-imports',
    ["import { z } from 'zod';", "import { parse } from 'yaml';", "import { Duration } from 'aws-cdk-lib/core';"],
  ],
  [
    'lib/live/offender.ts',
    'no-restricted-imports',
    ["import { Duration } from 'aws-cdk-lib/core';", "import { decide } from '../guard/decide';"],
  ],
  ['lib/guard/decides.ts', 'no-restricted-properties', ['Date.now();']],
  ['lib/guard/bundle-guard.ts', 'no-restricted-imports', ["import { guard } from './handlers';"]],
  ['lib/capacity/environment-shape.ts', 'no-restricted-imports', ["import { readFileSync } from 'node:fs';"]],
  ...['lib/commands', 'bin', 'bench', 'test'].map(
    (folder) => [`${folder}/exits.ts`, 'no-restricted-properties', ['process.exit(1);']] as const,
  ),
];

/** What the table allows, as far as nothing in the tree shows it. */
const ALLOWED: readonly (readonly [file: string, lines: readonly string[]])[] = [
  [
    'lib/constructs/allowed.ts',
    [
      "import { planCapacity } from '../capacity/plan-capacity';",
      "import { renderGuardPlan } from '../guard/guard-plan';",
    ],
  ],
  ['lib/stages/allowed.ts', ["import { environments } from '../environments';"]],
  ['lib/capacity/allowed.ts', ["import { jStat } from 'jstat';"]],
  [
    'lib/rehearsal/allowed.ts',
    [
      "import { floorAt } from '../capacity/floor-at';",
      "import type { Release } from '../calendar/release';",
      "import { uniformInt } from 'pure-rand/distribution/uniformInt';",
      "import { jStat } from 'jstat';",
    ],
  ],
  [
    'lib/report/allowed.ts',
    [
      "import Table from 'cli-table3';",
      "import { init } from 'echarts';",
      "import { ICalCalendar } from 'ical-generator';",
      "import { toIso } from '../capacity/instants';",
    ],
  ],
  ['lib/report/page/allowed.ts', ["import { init } from 'echarts/core';"]],
  ['lib/commands/allowed.ts', ['Date.now();', 'process.env;', "import { readFileSync } from 'node:fs';"]],
  [
    'examples/attach/allowed.ts',
    [
      "import { loadPlan } from 'prescale';",
      "import { App } from 'aws-cdk-lib/core';",
      "import { live } from './environments';",
    ],
  ],
  [
    'lib/guard/allowed.ts',
    ["import { floorAt } from '../capacity/floor-at';", "import { Logger } from '@aws-lambda-powertools/logger';"],
  ],
  [
    'lib/live/allowed.ts',
    ["import { ECSClient } from '@aws-sdk/client-ecs';", "import { floorAt } from '../capacity/floor-at';"],
  ],
  ['lib/guard/handlers.ts', ['Date.now();', 'process.env;']],
  ['bin/allowed.ts', ['Date.now();', 'process.env;', 'process.exitCode = 1;']],
];

let folder: string;
let offences: readonly Offence[];

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prescale-architecture-'));
  copyFileSync(path.join(ROOT, CONFIG), path.join(folder, CONFIG));
  for (const [file, lines] of [...OFFENCES.map(([name, , text]) => [name, text] as const), ...ALLOWED]) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    // A block around each statement, so that names may repeat.
    const text = lines.map((line) => (/^(import|export) /.test(line) ? line : `{ ${line} }`)).join('\n');
    writeFileSync(path.join(folder, file), `${text}\n`);
  }
  offences = lint(folder);
}, TIMEOUT);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the import table', () => {
  test.each(
    OFFENCES.flatMap(([file, rule, lines]) => lines.map((line, index) => [file, line, rule, index + 1] as const)),
  )('%s must not say %s', (file, _, rule, line) => {
    expect(offences).toContainEqual({ file, line, rule });
  });

  test.each(ALLOWED.map(([file, lines]) => [file, lines.join(' ')]))('%s may say %s', (file) => {
    expect(offences.filter((offence) => offence.file === file)).toEqual([]);
  });

  test(
    'is kept by the whole tree',
    () => {
      expect(lint(ROOT)).toEqual([]);
    },
    TIMEOUT,
  );

  test('has a row for each folder of lib', () => {
    // The file has comments on lines of their own; everything else of it is JSON.
    const text = readFileSync(path.join(ROOT, CONFIG), 'utf8').replaceAll(/^ *\/\/.*$/gm, '');
    const { overrides } = JSON.parse(text) as { overrides: { files: string[]; rules: Record<string, unknown> }[] };
    const rows = overrides.filter(({ rules }) => 'no-restricted-imports' in rules).flatMap(({ files }) => files);
    const folders = readdirSync(path.join(ROOT, 'lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rows).toEqual(expect.arrayContaining(folders.map(({ name }) => `lib/${name}/**`)));
  });
});

describe('the clock', () => {
  test('is seen in every form of a date without an argument', () => {
    expect(clockReads('const é = 1;\nnew Date();\nnew Date;\nDate();\nnew Date(0);\nDate.UTC(2026, 0);')).toEqual([
      2, 3, 4,
    ]);
  });

  test('is read by no file of lib but entry points', () => {
    const reads = sources('lib')
      .filter((file) => !file.startsWith('lib/commands/') && file !== 'lib/guard/handlers.ts')
      .flatMap((file) => clockReads(readFileSync(path.join(ROOT, file), 'utf8')).map((line) => `${file}:${line}`));
    expect(reads).toEqual([]);
  });
});
