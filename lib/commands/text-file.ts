import {
  chmodSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../calendar/diagnostic';

/** A million rows of a trace take 20 MB, a template at most 1 MB. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What reading a file gives: its text, or why there is none. */
export type TextFile = { readonly text: string } | { readonly problem: Diagnostic };

/**
 * Reads a file that was named on the command line as UTF-8, without a byte order mark. What a user can mend is a problem: no such file, a
 * folder, a pipe (which may never end), bytes that are no text, more than 64 MiB. Never throws.
 *
 * @param code of every problem
 * @param named what the file should be, for the mend: `the CSV file of the trace`
 */
export function readTextFile(file: string, code: string, named: string): TextFile {
  const problem = (message: string, mend: string): TextFile => ({
    problem: { severity: 'error', code, message, mend, file },
  });
  const mend = `name ${named}`;
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat) return problem('the file does not exist', mend);
    if (stat.isDirectory()) return problem('this is a folder', mend);
    if (!stat.isFile()) return problem('this is not a file', `write it to a file, and ${mend}`);
    if (stat.size > MOST_BYTES) return problem(`the file is larger than 64 MiB, got ${stat.size} bytes`, mend);
    const bytes = readFileSync(file);
    let text: string | undefined;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      // Said below.
    }
    if (text === undefined || text.includes('\0')) return problem('the file is not text in UTF-8', mend);
    return { text };
  } catch (error) {
    const { code: reason = String(error) } = error as NodeJS.ErrnoException;
    if (reason === 'ENOTDIR') return problem('the file does not exist', mend);
    return problem(`the file cannot be read (${reason})`, 'give read access to it');
  }
}

/**
 * Writes all or nothing, in place of what the file held: whoever reads it meanwhile sees the old text or the new one. Through a link to what it
 * names, and with its permissions. Never throws.
 *
 * @returns why it could not be written, for example `EACCES`
 */
export function replaceFile(file: string, text: string): string | undefined {
  let temporary: string | undefined;
  try {
    const isThere = existsSync(file);
    const real = isThere ? realpathSync(file) : file;
    const stat = isThere ? statSync(real) : undefined;
    // A device or a pipe cannot be replaced, only written to.
    if (stat && !stat.isFile() && !stat.isDirectory()) {
      writeFileSync(real, text);
      return undefined;
    }
    const name = path.join(path.dirname(real), `.${path.basename(real)}.${process.pid}.tmp`);
    writeFileSync(name, text, { flag: 'wx' });
    temporary = name;
    // The mode of a new file goes through the umask, which would take the group's right to write.
    if (stat) chmodSync(name, stat.mode);
    renameSync(name, real);
    return undefined;
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
