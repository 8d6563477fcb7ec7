import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type * as esbuild from 'esbuild';

/** What `npm run build` writes beside the compiled form of this file, so that the package brings it along. */
export const BUILT_FILE = 'bundled-report-script.js';

let script: string | undefined;

/**
 * What runs in the report's page, with the library of its charts, as one script.
 *
 * The published package holds it; in the repository it is made of the sources, once in a process.
 */
export function reportScript(): string {
  const built = path.join(__dirname, BUILT_FILE);
  script ??= existsSync(built) ? readFileSync(built, 'utf8') : buildReportScript();
  return script;
}

/** Bundles the sources anew. */
export function buildReportScript(): string {
  // Here, because a package that brings the bundle along has no need of esbuild.
  // oxlint-disable-next-line typescript/no-require-imports
  const { buildSync } = require('esbuild') as typeof esbuild;
  const { outputFiles } = buildSync({
    absWorkingDir: path.join(__dirname, '..', '..'),
    entryPoints: [path.join(__dirname, 'page', 'main.ts')],
    tsconfig: path.join(__dirname, 'page', 'tsconfig.json'),
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    minify: true,
    banner: { js: noticeOfLibraries() },
    // What the library checks for its developers is left out.
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0]!.text.trimEnd();
}

/** What the licences of the libraries in the script ask to be passed on: their notices, in a comment in front of it. */
function noticeOfLibraries(): string {
  const echarts = path.dirname(require.resolve('echarts/package.json'));
  const zrender = path.dirname(require.resolve('zrender/package.json', { paths: [echarts] }));
  const read = (...parts: readonly string[]): string => readFileSync(path.join(...parts), 'utf8').trim();
  const notices = [
    read(echarts, 'NOTICE'),
    'Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0',
    `With parts of D3:\n${read(echarts, 'licenses', 'LICENSE-d3')}`,
    `With ZRender:\n${read(zrender, 'LICENSE')}`,
  ];
  return `/*!\n${notices.join('\n\n').replaceAll('*/', '* /')}\n*/`;
}
