import { existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../calendar/diagnostic';

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
  let temporary: string | undefined;
  try {
    const isThere = existsSync(target);
    if ((isThere ? readFileSync(target, 'utf8') : undefined) !== before) {
      return failed('the file was changed in the meantime', `run ${command} again`);
    }
    // Through a link to what it names, and with its permissions.
    const real = isThere ? realpathSync(target) : target;
    temporary = path.join(path.dirname(real), `.${path.basename(real)}.${process.pid}.tmp`);
    writeFileSync(temporary, after, { flag: 'wx', mode: isThere ? statSync(real).mode : 0o666 });
    renameSync(temporary, real);
    return undefined;
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return failed(`the file cannot be written (${code})`, 'give write access to it and to its folder');
  }
}
