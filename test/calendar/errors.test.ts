import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type CalendarFile, parseCalendar } from '../../lib/calendar/parse-calendar';
import { renderDiagnostics } from '../../lib/calendar/render-diagnostics';

const FOLDER = path.join(__dirname, '..', 'fixtures', 'err');

/** Each `NAME.yaml`, or the files of each folder `NAME`, has its exact output beside it in `NAME.txt`. */
const cases = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() || entry.name.endsWith('.yaml'))
  .map((entry) => entry.name.replace(/\.yaml$/, ''));

function filesOf(name: string): CalendarFile[] {
  const folder = path.join(FOLDER, name);
  if (!existsSync(folder)) return [{ file: `${name}.yaml`, text: readFileSync(`${folder}.yaml`, 'utf8') }];
  return readdirSync(folder).map((file) => ({
    file: `${name}/${file}`,
    text: readFileSync(path.join(folder, file), 'utf8'),
  }));
}

describe('a mistake in the calendar is shown at its place, with the mend', () => {
  // `GOLDEN=write npx jest test/calendar/errors` refreshes the outputs; read the difference before you commit it.
  test.each(cases)('%s', (name) => {
    const options = { environments: ['dev', 'staging', 'prod'], layers: ['playback'] };
    const { calendar, diagnostics } = parseCalendar(filesOf(name), options);
    const output = renderDiagnostics(diagnostics);
    const golden = path.join(FOLDER, `${name}.txt`);
    if (process.env['GOLDEN'] === 'write') writeFileSync(golden, output);
    expect(output).toBe(readFileSync(golden, 'utf8'));
    expect(calendar === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
  });

  test('every output belongs to a bad file', () => {
    const outputs = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
    expect(outputs.map((name) => name.replace(/\.txt$/, '')).sort()).toEqual([...cases].sort());
  });

  test('every problem has a mend, and its message is lower case without a period', () => {
    const { diagnostics } = parseCalendar(cases.flatMap(filesOf));
    for (const { code, message, mend } of diagnostics) {
      expect(code).toMatch(/^calendar\/[a-z-]+$/);
      expect(message).toMatch(/^[a-z].*[^.]$/);
      expect(mend).toMatch(/^[a-z].*[^.]$/);
    }
  });
});
