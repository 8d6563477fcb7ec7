import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type * as esbuild from 'esbuild';

/** What `npm run build` writes beside the compiled form of this file, so that the package brings it along. */
export const BUILT_FILE = 'bundled-handlers.js';

let bundle: string | undefined;

/**
 * The handlers and all that they import as one JavaScript file, which needs nothing beside it but `plan.json`.
 *
 * The published package holds it; in the repository it is made of the sources, once in a process.
 */
export function bundleGuard(): string {
  const built = path.join(__dirname, BUILT_FILE);
  bundle ??= existsSync(built) ? readFileSync(built, 'utf8') : buildGuard().code;
  return bundle;
}

/** Bundles the sources anew; `inputs` are the files that went in, from the root of the repository. */
export function buildGuard(): { readonly code: string; readonly inputs: readonly string[] } {
  // Here, because a package that brings the bundle along has no need of esbuild.
  // oxlint-disable-next-line typescript/no-require-imports
  const { buildSync } = require('esbuild') as typeof esbuild;
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: path.join(__dirname, '..', '..'),
    entryPoints: [path.join(__dirname, 'handlers.ts')],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    // Lambda's, as FloorGuard states it.
    target: 'node24',
    format: 'cjs',
    minify: true,
  });
  return { code: outputFiles[0]!.text, inputs: Object.keys(metafile.inputs) };
}
