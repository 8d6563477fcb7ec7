import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Diagnostic } from '../calendar/diagnostic';
import type { CalendarFile } from '../calendar/parse-calendar';
import { showValue } from '../calendar/problem';
import type { Environment } from '../capacity/environment';
import { UsageError } from './common';
import { readEnvironments } from './environments-file';

/** The calendar as another commit has it. */
export interface GitBase {
  /** As it was asked for: a branch, a tag or a commit. */
  readonly ref: string;
  /** The commit that was read: where the history of the work tree left the ref. Full hash. */
  readonly commit: string;
  /** What `git show NAME:path` takes for that commit: the ref where it is there, else the short hash. */
  readonly name: string;
  /** The folder of the repository's work tree. */
  readonly root: string;
  /** The `*.yaml` files of the folder, named as `git show` takes them; none where the folder is absent. */
  readonly files: readonly CalendarFile[];
  /** Errors at files that cannot be read. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Environments at the base, or why they cannot be read. */
export type BaseEnvironments = { readonly environments: readonly Environment[] } | { readonly reason: string };

/** A calendar of a hundred thousand entries takes 30 MB. */
const MOST_BYTES = 256 * 1024 * 1024;

/** A hook of git names its repository and its index; the folder of the calendar decides here. */
const LOCAL_VARIABLES = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX', 'GIT_COMMON_DIR'];

interface GitResult {
  readonly code: number;
  readonly out: Buffer;
  readonly err: string;
}

/**
 * Reads the calendar of the commit at which the history of `HEAD` left `ref`, so that what others have merged since is not shown as a change.
 * Only objects of the repository are read: work tree and index are not touched, and nothing is fetched.
 *
 * @param dir folder of the calendar; its repository is the one that `ref` is of
 * @throws UsageError when there is no repository, no such ref, or no common history
 */
export async function readGitBase(dir: string, ref: string): Promise<GitBase> {
  const place = await placeOf(dir);
  if (!place) {
    throw usage(
      'no-repository',
      `the calendar folder is in no git repository, got ${showValue(dir)}`,
      'name a folder in a clone of your repository with --calendar',
    );
  }
  const { root, prefix } = place;
  const tip = await findCommit(root, ref);
  const commit = await findMergeBase(root, ref, tip);
  const name = commit === tip ? ref : commit.slice(0, 12);
  return { ref, commit, name, root, ...(await readFiles(root, { commit, name, prefix })) };
}

/**
 * The environments that a file of the same repository states at the base. A module is run from a temporary copy of its folder, and of the
 * repository's package.json: what it imports from elsewhere is not there, and is the reason then.
 *
 * @returns undefined when the file is of no repository or of another one, or was not there
 */
export async function readBaseEnvironments(base: GitBase, file: string): Promise<BaseEnvironments | undefined> {
  const { root, commit } = base;
  const place = await placeOf(path.dirname(file));
  if (place?.root !== root) return undefined;
  const name = `${place.prefix}${path.basename(file)}`;
  const has = async (wanted: string): Promise<boolean> =>
    (await git(root, ['cat-file', '-e', `${commit}:${wanted}`])).code === 0;
  if (!(await has(name))) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), 'prescale-base-'));
  try {
    const archive = path.join(folder, 'base.tar');
    const tree = path.join(folder, 'tree');
    mkdirSync(tree);
    const wanted = place.prefix === '' ? [] : [place.prefix, ...((await has('package.json')) ? ['package.json'] : [])];
    const packed = await git(root, ['archive', '--format=tar', `--output=${archive}`, commit, '--', ...wanted]);
    if (packed.code !== 0) return { reason: firstLine(packed.err) };
    const unpacked = await run('tar', ['-xf', archive, '-C', tree]);
    if (unpacked.code !== 0) return { reason: firstLine(unpacked.err) };
    const { environments, diagnostics } = await readEnvironments(path.join(tree, name));
    if (diagnostics.length > 0) return { reason: diagnostics[0]!.message.replaceAll(`${tree}/`, '') };
    return { environments };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The repository of a folder, and the folder in it: `''`, or a path that ends with a slash. Undefined when there is none. */
async function placeOf(dir: string): Promise<{ readonly root: string; readonly prefix: string } | undefined> {
  const { code, out, err } = await git(dir, ['rev-parse', '--show-toplevel', '--show-prefix']);
  if (code !== 0) {
    if (err.includes('dubious ownership')) {
      throw usage(
        'git-ownership',
        `git does not trust the repository of ${showValue(dir)}, because another user owns it`,
        `git config --global --add safe.directory "$(pwd)"`,
      );
    }
    return undefined;
  }
  const [root = '', prefix = ''] = out.toString().split('\n');
  return { root, prefix };
}

async function findCommit(root: string, ref: string): Promise<string> {
  // What begins with a dash would be an option of git.
  const isName = ref !== '' && !ref.startsWith('-');
  const found = isName && (await git(root, ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]));
  if (found && found.code === 0) return found.out.toString().trim();
  const message = `--base must be a branch, a tag or a commit of the repository, got ${showValue(ref)}`;
  if (isName && (await isShallow(root))) throw usage('base', `${message}, and the clone is shallow`, unshallowed(ref));
  const remote = /^origin\/(.+)$/.exec(ref)?.[1];
  throw usage(
    'base',
    message,
    `${remote ? `git fetch origin ${remote}, or name` : 'name'} another one, for example --base HEAD~1`,
  );
}

async function findMergeBase(root: string, ref: string, tip: string): Promise<string> {
  const { code, out } = await git(root, ['merge-base', tip, 'HEAD']);
  if (code === 0) return out.toString().trim();
  const message = `HEAD and ${ref} have no commit in common`;
  if (await isShallow(root)) {
    throw usage('base', `${message} as far as this clone knows, because it is shallow`, unshallowed(ref));
  }
  throw usage('base', message, 'name the branch that yours was made from with --base');
}

async function isShallow(root: string): Promise<boolean> {
  return (await git(root, ['rev-parse', '--is-shallow-repository'])).out.toString().trim() === 'true';
}

function unshallowed(ref: string): string {
  const more = ref.startsWith('origin/') ? '' : `, and git fetch origin ${ref} where it is no branch of yours`;
  return `git fetch --unshallow origin${more}; in a workflow, fetch-depth: 0 of actions/checkout`;
}

/** One `*.yaml` file as the commit lists it. */
interface Entry {
  readonly file: string;
  /** What `git cat-file` finds it by. */
  readonly object: string;
}

async function readFiles(
  root: string,
  { commit, name, prefix }: { readonly commit: string; readonly name: string; readonly prefix: string },
): Promise<Pick<GitBase, 'files' | 'diagnostics'>> {
  const listed = await git(root, ['ls-tree', '-z', '--full-tree', commit, ...(prefix === '' ? [] : [prefix])]);
  if (listed.code !== 0) throw new Error(`git ls-tree failed: ${firstLine(listed.err)}`);
  const entries = listed.out
    .toString()
    .split('\0')
    .flatMap((line): Entry[] => {
      const [mode, type, id, file] = /^(\d+) (\w+) (\w+)\t(.*)$/s.exec(line)?.slice(1) ?? [];
      const base = path.posix.basename(file ?? '');
      if (type !== 'blob' || base.startsWith('.') || !base.endsWith('.yaml')) return [];
      // A link is followed within the commit, by its path.
      return [{ file: file!, object: mode === '120000' ? `${commit}:${file}` : id! }];
    });
  const files: CalendarFile[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const [index, bytes] of (await readObjects(root, entries)).entries()) {
    const file = `${name}:${entries[index]!.file}`;
    const text = bytes && textOf(bytes);
    if (text !== undefined) files.push({ file, text });
    else {
      diagnostics.push({
        severity: 'error',
        code: 'calendar/unreadable-file',
        message: bytes ? 'the file is not text in UTF-8' : 'the link leads to no file of the repository',
        file,
      });
    }
  }
  return { files, diagnostics };
}

/** The bytes of each, in their order; undefined for a link that leads nowhere. */
async function readObjects(root: string, entries: readonly Entry[]): Promise<(Buffer | undefined)[]> {
  if (entries.length === 0) return [];
  const input = entries.map(({ object }) => `${object}\n`).join('');
  const { code, out, err } = await git(root, ['cat-file', '--batch', '--follow-symlinks'], input);
  if (code !== 0) throw new Error(`git cat-file failed: ${firstLine(err)}`);
  let at = 0;
  return entries.map(() => {
    const end = out.indexOf('\n', at);
    // `HASH blob SIZE`, `dangling SIZE` and its like, or `NAME missing`.
    const [, isBlob, size] = /( blob|^[a-z]+) (\d+)$/.exec(out.toString('utf8', at, end)) ?? [];
    const start = end + 1;
    at = size === undefined ? start : start + Number(size) + 1;
    return isBlob === ' blob' ? out.subarray(start, at - 1) : undefined;
  });
}

function textOf(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function git(folder: string, args: readonly string[], input?: string): Promise<GitResult> {
  const { env } = process;
  const inherited = Object.entries(env).filter(([name]) => !LOCAL_VARIABLES.includes(name));
  return run('git', ['-C', folder, ...args], input, {
    ...Object.fromEntries(inherited),
    // Messages that can be recognised, paths as they are, no refreshed index, no question.
    LC_ALL: 'C',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
  });
}

function run(
  command: string,
  args: readonly string[],
  input = '',
  env: NodeJS.ProcessEnv = process.env,
): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { encoding: 'buffer', env, maxBuffer: MOST_BYTES }, (error, out, err) => {
      if (error && typeof error.code !== 'number') {
        const isMissing = error.code === 'ENOENT';
        if (isMissing) reject(usage('git', `${command} is not installed`, `install ${command}`));
        else reject(new Error(`${command} failed: ${error.message}`, { cause: error }));
      } else resolve({ code: Number(error?.code ?? 0), out, err: err.toString() });
    });
    // A process that ends before it has read all says so by its exit code.
    child.stdin!.on('error', () => undefined).end(input);
  });
}

function firstLine(text: string): string {
  return text.split('\n')[0]!.replace(/^(fatal|error|tar): /, '');
}

function usage(problem: string, message: string, mend: string): UsageError {
  return new UsageError([{ severity: 'error', code: `usage/${problem}`, message, mend }]);
}
