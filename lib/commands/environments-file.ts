import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Diagnostic } from '../calendar/diagnostic';
import { showValue } from '../calendar/problem';
import type { Environment } from '../capacity/environment';

/** What a file of environments holds, or what is wrong with the file; what is wrong within an environment is not looked at. */
export interface EnvironmentsFile {
  /** Each has a name of its own; empty when there is a diagnostic. */
  readonly environments: readonly Environment[];
  readonly diagnostics: readonly Diagnostic[];
}

/** A mistake of whoever wrote the file or named it. */
class FileProblem extends Error {
  constructor(
    message: string,
    readonly mend: string,
  ) {
    super(message);
  }
}

const MEND = "export const environments = [{ name: 'live', … }], or write the list as JSON";

/**
 * Reads the environments of somebody else's repository: a module that exports `environments`, or a list as its default
 * export; or JSON.
 *
 * A module is imported and so runs. TypeScript needs a loader such as tsx, or a Node that strips types (22.18).
 */
export async function readEnvironments(file: string): Promise<EnvironmentsFile> {
  try {
    return { environments: toEnvironments(await readValue(file)), diagnostics: [] };
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    const { message, mend } = error;
    return { environments: [], diagnostics: [{ severity: 'error', code: 'usage/environments', message, mend, file }] };
  }
}

async function readValue(file: string): Promise<unknown> {
  const isTypeScript = /\.[cm]?ts$/.test(file);
  const isJson = file.endsWith('.json');
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat) throw new FileProblem('the file does not exist', 'name the file with the environments');
    if (!stat.isFile()) throw new FileProblem('this is not a file', 'name the file with the environments');
    if (isJson) return JSON.parse(readFileSync(file, 'utf8'));
    return await import(pathToFileURL(path.resolve(file)).href);
  } catch (error) {
    if (error instanceof FileProblem) throw error;
    // What a module throws can be anything, and what compilers say has several lines.
    const { code, message = String(error) } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
    const problem = `the file cannot be loaded: ${message.replaceAll(/\s+/g, ' ')}`;
    if (isJson) throw new FileProblem(problem, 'mend the JSON, or write a module');
    if (code !== 'ERR_UNKNOWN_FILE_EXTENSION') {
      throw new FileProblem(problem, `"${isTypeScript ? 'npx tsx' : 'node'} ${file}" shows where it fails`);
    }
    if (!isTypeScript) throw new FileProblem(problem, 'name a module, .js or .ts, or a .json file');
    throw new FileProblem(
      'this Node does not run TypeScript',
      'compile it and name the .js file, or run prescale under tsx; Node 22.18 and later need neither',
    );
  }
}

/** The list that a module exports. */
function exportedList(module: unknown): unknown {
  let exported = module;
  // A CommonJS module arrives as the default export of itself, and its own default export one further down.
  for (let depth = 0; depth < 3 && isMapping(exported); depth += 1) {
    if ('environments' in exported) return exported['environments'];
    exported = exported['default'];
  }
  return exported;
}

function toEnvironments(module: unknown): Environment[] {
  const list = exportedList(module);
  if (list === undefined) throw new FileProblem('there is no export environments', MEND);
  if (!Array.isArray(list)) throw new FileProblem(`environments must be a list, got ${showValue(list)}`, MEND);
  if (list.length === 0) throw new FileProblem('environments must hold at least one', MEND);
  const names = new Set<string>();
  for (const [index, entry] of list.entries()) {
    const name: unknown = isMapping(entry) ? entry['name'] : undefined;
    if (typeof name !== 'string') {
      throw new FileProblem(`environments[${index}] must be an environment with a name, got ${showValue(entry)}`, MEND);
    }
    if (names.has(name)) throw new FileProblem(`two environments are named "${name}"`, 'rename or remove one of them');
    names.add(name);
  }
  try {
    // A copy: a getter that throws, or what is no data, is a mistake of the file and found here.
    return structuredClone(list) as Environment[];
  } catch (error) {
    throw new FileProblem(`environments must be plain data: ${(error as Error).message}`, MEND);
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
