import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from './diagnostic';
import {
  type CalendarFile,
  type CalendarOptions,
  type CalendarResult,
  compareDiagnostics,
  parseCalendar,
} from './parse-calendar';
import { showValue } from './problem';

/** What reading a folder gives: the files that could be read, and what is wrong with the others. */
export interface CalendarFiles {
  readonly files: readonly CalendarFile[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Ten thousand entries take 3 MB. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Plain words for the errors of the file system that a user can mend. */
const FILE_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  EISDIR: 'is a folder',
  ELOOP: 'is a link that leads to itself',
  ENOENT: 'does not exist',
  ENOTDIR: 'is not a folder',
};

function describe(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return FILE_ERRORS[code] ?? `cannot be read (${code || showValue(String(error))})`;
}

function fileError(file: string, code: string, message: string, mend: string): Diagnostic {
  return { severity: 'error', code, message, mend, file };
}

/** The text of a file, or why it can be none: a pipe would never end, and bytes that are no text would be garbled. */
function readText(file: string): string | { readonly message: string; readonly mend: string } {
  const stat = statSync(file);
  if (!stat.isFile()) return { message: 'this is not a file', mend: 'move it away' };
  if (stat.size > MOST_BYTES) {
    return {
      message: `the file is too large for a calendar, got ${stat.size} bytes`,
      mend: 'split it, or move it away',
    };
  }
  const bytes = readFileSync(file);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Said below.
  }
  return { message: 'the file is not text in UTF-8', mend: 'save it as UTF-8, or move it away' };
}

/**
 * Reads every `*.yaml` file of a folder, sorted by name; hidden files and subfolders are left alone.
 *
 * Names in the result are as given: `release-calendar/2026.yaml` for the folder `release-calendar`. A missing folder, a
 * folder without a calendar, a file that cannot be read, and a `*.yml` that would silently be ignored are diagnostics.
 */
export function readCalendar(dir: string): CalendarFiles {
  // Slashes in names on every system, so that output and digests of output are the same.
  const folder = path
    .normalize(dir)
    .replaceAll('\\', '/')
    .replace(/(?<=.)\/+$/, '');
  let names: string[];
  try {
    names = readdirSync(dir).sort();
  } catch (error) {
    const message = `the calendar folder ${describe(error)}, got ${showValue(dir)}`;
    return {
      files: [],
      diagnostics: [fileError(folder, 'calendar/folder', message, 'name the folder that holds the *.yaml files')],
    };
  }
  const files: CalendarFile[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const name of names) {
    if (name.startsWith('.')) continue;
    const file = path.posix.join(folder, name);
    if (name.endsWith('.yaml')) {
      try {
        const text = readText(path.join(dir, name));
        if (typeof text === 'string') files.push({ file, text });
        else diagnostics.push(fileError(file, 'calendar/unreadable-file', text.message, text.mend));
      } catch (error) {
        const mend = 'give read access to it, or move it away';
        diagnostics.push(fileError(file, 'calendar/unreadable-file', `the file ${describe(error)}`, mend));
      }
    } else if (/\.ya?ml$/i.test(name)) {
      const renamed = name.replace(/\.ya?ml$/i, '.yaml');
      diagnostics.push(
        fileError(
          file,
          'calendar/file-name',
          `only *.yaml files belong to the calendar, got ${showValue(name)}`,
          `rename it to ${renamed}`,
        ),
      );
    }
  }
  if (files.length === 0 && diagnostics.length === 0) {
    diagnostics.push(
      fileError(
        folder,
        'calendar/no-files',
        'the calendar folder holds no *.yaml file',
        `add one, for example ${path.posix.join(folder, 'releases.yaml')}`,
      ),
    );
  }
  return { files, diagnostics };
}

/** The same folder with a file changed or added. */
export function withFile({ files, diagnostics }: CalendarFiles, changed: CalendarFile): CalendarFiles {
  return {
    files: [...files.filter(({ file }) => file !== changed.file), changed],
    diagnostics: diagnostics.filter(({ code }) => code !== 'calendar/no-files'),
  };
}

/**
 * The calendar of a folder: `readCalendar`, then `parseCalendar`.
 *
 * `calendar` is present if and only if no diagnostic is an error.
 *
 * @param read what was read of the folder already, or is to be taken in its place
 */
export function loadCalendar(
  dir: string,
  options: CalendarOptions = {},
  read: CalendarFiles = readCalendar(dir),
): CalendarResult {
  const parsed = parseCalendar(read.files, options);
  const diagnostics = [...read.diagnostics, ...parsed.diagnostics].sort(compareDiagnostics);
  return read.diagnostics.length > 0 ? { diagnostics } : { ...parsed, diagnostics };
}
