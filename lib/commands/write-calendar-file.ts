import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../calendar/diagnostic';
import { replaceFile } from './text-file';

/** What is about to be written to a file of the calendar. */
export interface CalendarChange {
  /** As the calendar names it. */
  readonly file: string;
  /** Undefined for a new file. */
  readonly before: string | undefined;
  readonly after: string;
}

/**
 * Writes all or nothing: a file that is half written would be deployed by the next synthesis. Refuses a file that is not as it was read.
 *
 * @param dir the folder of the calendar
 * @param command to run again, for the mend
 * @returns why it could not be written
 */
export function writeCalendarFile(
  dir: string,
  { file, before, after }: CalendarChange,
  command: string,
): Diagnostic | undefined {
  const target = path.join(dir, path.basename(file));
  const failed = (message: string, mend: string): Diagnostic => ({
    severity: 'error',
    code: 'calendar/not-written',
    message,
    mend,
    file,
  });
  const unwritable = (reason: string): Diagnostic =>
    failed(`the file cannot be written (${reason})`, 'give write access to it and to its folder');
  try {
    if ((existsSync(target) ? readFileSync(target, 'utf8') : undefined) !== before) {
      return failed('the file was changed in the meantime', `run ${command} again`);
    }
  } catch (error) {
    return unwritable((error as NodeJS.ErrnoException).code ?? String(error));
  }
  const reason = replaceFile(target, after);
  return reason === undefined ? undefined : unwritable(reason);
}
