import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { prescale } from './run';

export const ROOT = path.join(__dirname, '..', '..');

const PRESCALE = 'bin/prescale.ts';

export function readPage(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8');
}

/** Contents of the fenced blocks of a page in one of these languages, without what indents them. */
export function blocksOf(text: string, ...languages: readonly string[]): string[] {
  return [...text.matchAll(/^( *)```(\w+)\n([^]*?)^\1```$/gm)]
    .filter(([, , language]) => languages.includes(language!))
    .map(([, indent, , block]) => block!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

/** Text of code in running text. */
export function inlineCodeOf(text: string): string[] {
  return [...text.replaceAll(/^( *)```[^]*?^\1```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
}

/** Whole lines of a script for a shell: continued lines joined, without comments. */
export function scriptLines(script: string): string[] {
  return script
    .replaceAll(/(\\|(?<=\|))\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^| +)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** As a shell would split it, quotes taken away; no variables, no escapes. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''),
  );
}

function runAlone(script: string, ...args: string[]): { code: number | null; err: string } {
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { code: status, err: stderr };
}

/**
 * Proves that a script takes these arguments, and does nothing: what is wrong with one more option is found after the command line has been parsed,
 * and before anybody is asked.
 *
 * @param script run in a process of its own where it is another than `prescale`
 */
export async function expectUnderstood(args: readonly string[], script = PRESCALE): Promise<void> {
  // A wait takes no instant.
  const [option, value, code] = args.includes('--wait')
    ? ['--env', 'nowhere', 'usage/unknown-environment']
    : ['--as-of', 'never', 'usage/as-of'];
  // verify loads the SDK before it reads its options, by a name that Jest does not know.
  const isAlone = script !== PRESCALE || args[0] === 'verify';
  const run = isAlone ? runAlone(script, ...args, option, value) : await prescale(...args, option, value);
  expect(run.err).toContain(`"${value}"`);
  expect(run.err).toContain(`[${code}]`);
  expect(run.code).toBe(2);
}

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (text: string): Set<string> =>
  new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!)));

/** Links between the files of this repository. */
export function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link));
}

/** Links of a page that lead to no file, or to no heading of it. */
export function brokenLinksOf(page: string): string[] {
  return linksOf(readPage(page)).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = path.join(ROOT, file === '' ? page : path.join(path.dirname(page), file));
    if (!existsSync(target)) return true;
    return (
      anchor !== undefined && (statSync(target).isDirectory() || !anchorsOf(readFileSync(target, 'utf8')).has(anchor))
    );
  });
}
