import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { renderDiagnostics } from '../../lib/calendar/render-diagnostics';
import { type ParsedTrace, parseTrace, readTrace } from '../../lib/commands/trace-file';

const ERRORS = path.join(__dirname, '..', 'fixtures', 'err-traces');
const EVENING = path.join(__dirname, '..', 'fixtures', 'traces', 'evening.csv');

const HEADER = 'unix_seconds,value';
const HOUR = 3600;

function outputOf({ diagnostics }: ParsedTrace): string {
  return renderDiagnostics(diagnostics);
}

/** Rows at a distance, as text. */
function csv(stepSeconds: number, values: readonly number[], start = 1_798_758_000): string {
  return [HEADER, ...values.map((value, index) => `${start + index * stepSeconds},${value}`)].join('\n');
}

describe('a mistake in a trace is shown at its place, with the mend', () => {
  const cases = readdirSync(ERRORS)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => name.replace(/\.csv$/, ''));

  // `GOLDEN=write npx jest test/commands/trace-file` refreshes the outputs; read the difference before you commit it.
  test.each(cases)('%s', (name) => {
    const { shape, diagnostics } = parseTrace(readFileSync(path.join(ERRORS, `${name}.csv`), 'utf8'), `${name}.csv`);
    const golden = path.join(ERRORS, `${name}.txt`);
    if (process.env['GOLDEN'] === 'write') writeFileSync(golden, renderDiagnostics(diagnostics));
    expect(renderDiagnostics(diagnostics)).toBe(readFileSync(golden, 'utf8'));
    expect(diagnostics).not.toEqual([]);
    expect(shape === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
    for (const { code, message, mend } of diagnostics) {
      expect(code).toMatch(/^trace\/[a-z-]+$/);
      expect(message).toMatch(/^(?:[a-z]|\d).*[^.]$/);
      expect(mend).toMatch(/^[a-z].*[^.]$/);
    }
  });

  test('every output belongs to a bad trace', () => {
    const outputs = readdirSync(ERRORS).filter((name) => name.endsWith('.txt'));
    expect(outputs.map((name) => name.replace(/\.txt$/, '')).sort()).toEqual([...cases].sort());
  });

  test('a line that is all of a large file is shown by its beginning', () => {
    const output = outputOf(parseTrace(`${HEADER}\n${',1'.repeat(100_000)}`, 'one-line.csv'));
    expect(output.split('\n')[0]).toBe('one-line.csv:2:1: the line has 200,000 characters [trace/long-line]');
    expect(output.length).toBeLessThan(600);
  });

  test('what is no trace at all is not read to its end', () => {
    const output = outputOf(parseTrace(`${HEADER}\n${'log line\n'.repeat(5000)}`, 'app.log'));
    expect(output).toContain('app.log: 980 more errors are not shown, and the rest of the file is not read');
    expect(output.match(/trace\/columns\]/g)).toHaveLength(20);
  });
});

describe('a file that cannot be read is told by its name', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'prescale-trace-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  function read(name: string, content?: Uint8Array): string {
    const file = path.join(folder, name);
    if (content) writeFileSync(file, content);
    return outputOf(readTrace(file)).replaceAll(folder, '.');
  }

  test.each([
    ['gone.csv', undefined, './gone.csv: the file does not exist [trace/file]'],
    ['binary.csv', Uint8Array.of(31, 139, 8, 0, 255), './binary.csv: the file is not text in UTF-8 [trace/file]'],
    ['zeros.csv', new Uint8Array(100), './zeros.csv: the file is not text in UTF-8 [trace/file]'],
    ['none.csv', new Uint8Array(), './none.csv: the file is empty [trace/empty]'],
  ])('%s', (name, content, expected) => {
    const [first, mend] = read(name, content).split('\n');
    expect(first).toBe(expected);
    expect(mend).toMatch(/^ {3}= mend: /);
  });

  test('a folder', () => {
    mkdirSync(path.join(folder, 'traces'));
    expect(read('traces')).toBe(
      './traces: this is a folder [trace/file]\n   = mend: name the CSV file of the trace, with the header unix_seconds,value; two days around its peak are enough\n',
    );
  });

  test('a device that never ends', () => {
    expect(outputOf(readTrace('/dev/zero'))).toContain('/dev/zero: this is not a file [trace/file]');
  });

  test('a file that is too large for the memory', () => {
    const output = read('large.csv', new Uint8Array(64 * 1024 * 1024 + 1));
    expect(output).toContain('./large.csv: the file is larger than 64 MiB, got 67108865 bytes [trace/file]');
    expect(output).toContain('two days');
  });
});

describe('the shape of a trace', () => {
  test('is shares of its peak at equal steps', () => {
    const { shape, diagnostics } = readTrace(EVENING);
    expect(diagnostics).toEqual([]);
    expect(shape).toMatchObject({ startSeconds: -HOUR, stepSeconds: 300 });
    expect(shape!.shares).toHaveLength(49);
    // Of 6,000 at the peak.
    expect(shape!.shares.slice(9, 13)).toEqual([0.03, 0.07, 0.15, 1]);
  });

  test('does not depend on how the file is written', () => {
    const text = readFileSync(EVENING, 'utf8');
    const { shape } = parseTrace(text, 'evening.csv');
    const rewritten: Readonly<Record<string, string>> = {
      'byte order mark': `\uFEFF${text}`,
      'line ends of Windows': text.replaceAll('\n', '\r\n'),
      'line ends of old': text.replaceAll('\n', '\r'),
      'no header': text.slice(HEADER.length + 1),
      'no last line end': text.trimEnd(),
      'empty lines at the end': `${text}\n\n  \n,\n`,
      'empty lines between': text.replaceAll('\n', '\n\n'),
      quotes: text.replaceAll(/^(.*),(.*)$/gm, '"$1","$2"'),
      'header in capitals': text.replace(HEADER, HEADER.toUpperCase()),
      spaces: text.replaceAll(',', ' ,\t'),
      fractions: text.replaceAll(/\d$/gm, '$&.0'),
      exponents: text.replaceAll(/\d$/gm, '$&e0'),
      signs: text.replaceAll(/,(?=\d)/g, ',+'),
    };
    for (const [how, variant] of Object.entries(rewritten)) {
      expect(variant).not.toBe(text);
      expect([how, parseTrace(variant, 'evening.csv')]).toEqual([how, { shape, diagnostics: [] }]);
    }
  });

  test('does not depend on when the night was, nor on whether values are counts or rates', () => {
    const values = [1, 2, 8, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1];
    const { shape } = parseTrace(csv(300, values), 'a');
    expect(parseTrace(csv(300, values, 0), 'b').shape).toEqual(shape);
    expect(parseTrace(csv(300, values, -900), 'b').shape).toEqual(shape);
    const rates = values.map((value) => value / 256);
    expect(parseTrace(csv(300, rates), 'c').shape).toEqual(shape);
  });

  test('has its peak at the first of equal values', () => {
    const { shape } = parseTrace(csv(300, [1, 4, 2, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1]), 'twin.csv');
    expect(shape).toMatchObject({ startSeconds: -300 });
    expect(shape!.shares.slice(0, 4)).toEqual([0.25, 1, 0.5, 1]);
  });

  test('fills gaps with lines, and keeps the peak of rows that are not at whole steps', () => {
    // At minutes 0, 5, 10, 12, 15, 20, then nothing until 35, then each fifth to 60.
    const minutes = [0, 5, 10, 12, 15, 20, 35, 40, 45, 50, 55, 60];
    const values = [0, 0, 5, 10, 8, 6, 3, 2, 1, 0, 0, 0];
    const text = minutes.map((minute, row) => `${minute * 60},${values[row]}`).join('\n');
    const { shape, diagnostics } = parseTrace(text, 'gap.csv');
    expect(diagnostics.map(({ code, line }) => [code, line])).toEqual([['trace/filled-gaps', 7]]);
    expect(shape).toMatchObject({ startSeconds: -600, stepSeconds: 300 });
    const rounded = shape!.shares.map((share) => Math.round(share * 1000) / 1000);
    // At minutes 2, 7, 12, 17, 22, 27, 32, 37, …
    expect(rounded).toEqual([0, 0.2, 1, 0.72, 0.56, 0.46, 0.36, 0.26, 0.16, 0.06, 0, 0]);
  });

  test('reaches 48 hours to either side of the peak', () => {
    const hours = Array.from({ length: 24 * 10 * 12 }, (_, row) => (row === 1500 ? 100 : row % 7));
    const { shape, diagnostics } = parseTrace(csv(300, hours), 'ten-days.csv');
    expect(diagnostics).toEqual([]);
    expect(shape).toMatchObject({ startSeconds: -48 * HOUR });
    expect(shape!.shares).toHaveLength(2 * 48 * 12 + 1);
    expect(shape!.shares[48 * 12]).toBe(1);
  });

  test('is not spoilt by a gap that is further than 48 hours from the peak', () => {
    const evening = csv(300, [1, 2, 8, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1], 1_000_000);
    const { shape } = parseTrace(evening, 'evening.csv');
    expect(parseTrace(`1,1\n301,1\n${evening.slice(HEADER.length + 1)}`, 'with-others.csv')).toEqual({
      shape,
      diagnostics: [],
    });
  });

  test('comes of a million rows', () => {
    const values = Array.from({ length: 1_000_000 }, (_, row) => 1 + ((row * 7919) % 104_729));
    const { shape, diagnostics } = parseTrace(csv(5, values), 'million.csv');
    expect(diagnostics).toEqual([]);
    expect(shape!.stepSeconds).toBe(5);
    expect(shape!.shares.length).toBeLessThanOrEqual((2 * 48 * HOUR) / 5 + 1);
  }, 60_000);
});

describe('whatever the text', () => {
  function check(text: string): void {
    const { shape, diagnostics } = parseTrace(text, 'any.csv');
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect(shape === undefined).toBe(errors.length > 0);
    const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
    for (const { line, column = 1, sourceLine } of diagnostics) {
      if (line === undefined) continue;
      expect(sourceLine).toBe(lines[line - 1]);
      expect(column).toBeLessThanOrEqual(sourceLine!.length + 1);
    }
    expect(errors.length).toBeLessThanOrEqual(21);
    renderDiagnostics(diagnostics);
    if (!shape) return;
    expect(shape.stepSeconds).toBeGreaterThanOrEqual(1);
    expect(shape.startSeconds).toBeLessThanOrEqual(0);
    expect(shape.startSeconds).toBeGreaterThanOrEqual(-48 * HOUR);
    expect(shape.shares.every((share) => share >= 0 && share <= 1)).toBe(true);
    expect(Math.max(...shape.shares)).toBe(1);
    // The peak is where the shape says it is.
    expect(shape.shares[Math.round(-shape.startSeconds / shape.stepSeconds)]).toBe(1);
  }

  const number = fc.oneof(
    fc.integer({ min: -10, max: 2_000_000_000 }).map(String),
    fc.double().map(String),
    fc.constantFrom('', '"', '"5"', '1e999', 'NaN', '-0', '.5', '5.', 'x', '1,5', ' 7 '),
  );
  const anyRow = fc.oneof(
    fc.tuple(number, number).map((row) => row.join(',')),
    fc.constantFrom('', HEADER, ',', ';', '"', '\t'),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r', '\n\n');

  test('there is a shape or an error, at a place that exists', () => {
    const anyText = fc
      .array(fc.tuple(anyRow, lineEnd), { maxLength: 40 })
      .map((rows) => rows.map((row) => row.join('')).join(''));
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), anyText), check), { numRuns: 500 });
  });

  test('an error is at the line of its row, whatever ends the lines and stands between them', () => {
    const filler = fc.constantFrom('', ' ', ',', '1,2', '3,4', 'é,5');
    fc.assert(
      fc.property(fc.array(fc.tuple(filler, lineEnd), { maxLength: 12 }), fc.boolean(), (before, mark) => {
        const above = `${HEADER}\r${before.map((line) => line.join('')).join('')}`;
        const { diagnostics } = parseTrace(`${mark ? '\uFEFF' : ''}${above} 9 , here\n7,8`, 'any.csv');
        const found = diagnostics.find(({ message }) => message.includes('"here"'));
        const line = above.split(/\r\n|\n|\r/).length;
        expect(found).toMatchObject({ line, column: 6, length: 4, sourceLine: ' 9 , here' });
      }),
    );
  });

  test('there is a shape of rows in order, however far apart and however large', () => {
    const row = fc.tuple(
      fc.double({ min: 0.001, max: 100_000, noNaN: true }),
      fc.oneof(fc.integer({ min: 0, max: 10 }), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })),
    );
    const distances = fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 3600 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 3, maxLength: 200 }), distances, (rows, step) => {
        let time = 0;
        const lines = rows.map(([distance, value]) => `${(time += step ?? distance)},${value}`);
        check(lines.join('\n'));
        // Equal steps: nothing but a trace of nothing, or one with too few rows near its peak, is refused.
        if (step === undefined || rows.every(([, value]) => value === 0)) return;
        expect(parseTrace(lines.join('\n'), 'any.csv').shape).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });
});
