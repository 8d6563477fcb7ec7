import { parse } from 'csv-parse/sync';
import type { Diagnostic } from '../calendar/diagnostic';
import { formatDuration } from '../calendar/duration';
import { showValue } from '../calendar/problem';
import { formatCount } from '../capacity/words';
import type { TraceShape } from '../rehearsal/trace';
import { readTextFile } from './text-file';

/** A trace, or what is wrong with it. `shape` is present if and only if no diagnostic is an error. */
export interface ParsedTrace {
  readonly shape?: TraceShape;
  /** By their lines. */
  readonly diagnostics: readonly Diagnostic[];
}

const HEADER = 'unix_seconds,value';

/** Errors that are shown; of more, their number. */
const MOST_SHOWN = 20;

/** Errors after which the rest of the file is not read: it is something else than a trace. */
const MOST_ERRORS = 1000;

/** What is further from the peak is not looked at. Seconds. */
const NEAR_PEAK_SECONDS = 48 * 3600;

/** Steps between two rows up to which what is between them is drawn as a line. */
const MOST_STEPS_APART = 10;

/** Rows are seldom exactly one step apart; from so many steps on, one is missing. */
const GAP_STEPS = 1.5;

const SHORT_SECONDS = 3600;

/** Target tracking needs six to seven minutes to react: what happens within a step that long decides the night. */
const COARSE_SECONDS = 300;

/** The year 2200. */
const MOST_UNIX_SECONDS = 7_258_118_400;

/** More columns than a terminal shows, of a line that may be all of the file. */
const MOST_MARKED = 200;

/** Two numbers are shorter; a line without an end would be millions of columns. */
const MOST_LINE_LENGTH = 10_000;

/**
 * Reads a trace from a CSV file; see `parseTrace`. A file that does not exist, a folder, a pipe, bytes that are no text and more than 64 MiB
 * are errors. Never throws.
 */
export function readTrace(file: string): ParsedTrace {
  const read = readTextFile(
    file,
    'trace/file',
    `the CSV file of the trace, with the header ${HEADER}; two days around its peak are enough`,
  );
  return 'problem' in read ? { diagnostics: [read.problem] } : parseTrace(read.text, file);
}

/**
 * The shape of a recorded night, from CSV with the columns `unix_seconds,value`: times in UTC that grow, and what was counted, at equal steps.
 *
 * Only the shape matters: a value may be a count per step or a rate, and the times may count from anywhere. The step is the median
 * distance between rows; samples lie at whole steps from the highest value (the first of equals), linear between rows. What is further than 48
 * hours from it is dropped. Rows up to ten steps apart are joined by a line, with a warning.
 *
 * The header may be missing. Line ends of all systems, a byte order mark, empty lines, fractions, exponents and quoted numbers are fine.
 * The first twenty errors are shown, and after a thousand the rest is not read. A million rows take a few seconds. Never throws.
 */
export function parseTrace(text: string, file: string): ParsedTrace {
  const source = new TraceSource(file, text.startsWith('\uFEFF') ? text.slice(1) : text);
  if (source.text.trim() === '') {
    return {
      diagnostics: [
        {
          severity: 'error',
          code: 'trace/empty',
          message: 'the file is empty',
          mend: `write ${HEADER}, and a row for every 5 minutes or less`,
          file,
        },
      ],
    };
  }
  const rows = readRows(source);
  if ('diagnostics' in rows) return rows;
  return shapeOf(rows, source);
}

/** One problem and where it is, as long as nobody has to see it. */
interface Found {
  readonly line: number;
  /** The column of the file that the caret marks; from the third on all of them. @default the whole row */
  readonly field?: 0 | 1 | 2;
  readonly code: string;
  readonly message: string;
  readonly mend: string;
}

type Words = Pick<Found, 'code' | 'message' | 'mend'>;

/** Problems in the order of their lines, of which the first are kept. */
class FoundList {
  readonly first: Found[] = [];
  count = 0;

  /** Of a million problems most are not even put into words. */
  add(find: () => Found): void {
    this.count += 1;
    if (this.first.length < MOST_SHOWN) this.first.push(find());
  }
}

/** The text, and places in it. */
class TraceSource {
  constructor(
    readonly file: string,
    readonly text: string,
  ) {}

  /** The first line that is wanted, from `start` to before `end`. Keeps none of a million lines. */
  findLine(
    isWanted: (line: number, start: number, end: number) => boolean,
  ): { readonly line: number; readonly text: string } | undefined {
    const { text } = this;
    let line = 1;
    let start = 0;
    for (let at = 0; at <= text.length; at += 1) {
      if (at < text.length && text[at] !== '\n' && text[at] !== '\r') continue;
      if (isWanted(line, start, at)) return { line, text: text.slice(start, at) };
      if (text[at] === '\r' && text[at + 1] === '\n') at += 1;
      line += 1;
      start = at + 1;
    }
    return undefined;
  }

  locate({ line, field, ...words }: Found, severity: Diagnostic['severity']): Diagnostic {
    const sourceLine = this.findLine((candidate) => candidate === line)?.text ?? '';
    const [start, end] = spanOf(sourceLine, field);
    return {
      severity,
      ...words,
      file: this.file,
      line,
      column: start + 1,
      sourceLine,
      length: Math.min(Math.max(1, end - start), MOST_MARKED),
    };
  }

  /** Errors by their lines, the first of them, and how many there are besides. */
  errors(...lists: readonly FoundList[]): ParsedTrace {
    const shown = lists
      .flatMap(({ first }) => first)
      .toSorted((a, b) => a.line - b.line)
      .slice(0, MOST_SHOWN);
    const more = lists.reduce((sum, { count }) => sum + count, 0) - shown.length;
    const diagnostics = shown.map((found) => this.locate(found, 'error'));
    if (more > 0) {
      diagnostics.push({
        severity: 'error',
        code: 'trace/more-errors',
        message:
          more + shown.length < MOST_ERRORS
            ? `${formatCount(more)} more ${more === 1 ? 'error is' : 'errors are'} not shown`
            : `${formatCount(more)} more errors are not shown, and the rest of the file is not read`,
        mend: 'mend those above first',
        file: this.file,
      });
    }
    return { diagnostics };
  }

  error(found: Found): ParsedTrace {
    return { diagnostics: [this.locate(found, 'error')] };
  }
}

/** From where to where a field, or all from the third on, or the whole row stands in its line. */
function spanOf(line: string, field: Found['field']): [start: number, end: number] {
  let start = 0;
  for (let before = 0; before < (field ?? 0); before += 1) start = line.indexOf(',', start) + 1;
  const comma = field === 2 || field === undefined ? -1 : line.indexOf(',', start);
  const part = line.slice(start, comma === -1 ? line.length : comma);
  const from = start + part.length - part.trimStart().length;
  // A field with nothing in it is where something should stand.
  return part.trim() === '' ? [start, start] : [from, from + part.trim().length];
}

/** The rows, each later than the one before. */
interface Rows {
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly lines: readonly number[];
}

/** All rows, or what is wrong with any of them. */
function readRows(source: TraceSource): Rows | ParsedTrace {
  const long = source.findLine((_, start, end) => end - start > MOST_LINE_LENGTH);
  if (long) {
    return source.error({
      line: long.line,
      code: 'trace/long-line',
      message: `the line has ${formatCount(long.text.length)} characters`,
      mend: 'write each row on a line of its own: a time, a comma and a value',
    });
  }
  const times: number[] = [];
  const values: number[] = [];
  const lines: number[] = [];
  const wrong = new FoundList();
  const unordered = new FoundList();
  const far = new FoundList();
  let valuesGrow = true;
  let swappedHeader: number | undefined;
  let isFirst = true;

  const readRow = (row: readonly string[], line: number): void => {
    const fields = row.map(unquote);
    if (isFirst) {
      isFirst = false;
      const problem = headerProblem(fields);
      if (problem === SWAPPED) swappedHeader = line;
      else if (problem) wrong.add(() => ({ line, ...problem }));
      if (problem || isHeader(fields)) return;
    }
    const [timeText = '', valueText = ''] = fields;
    if (fields.length !== 2) {
      wrong.add(() => ({ line, ...columnsProblem(fields) }));
      return;
    }
    const time = readNumber(timeText);
    const value = readNumber(valueText);
    if (!isFiniteNumber(time)) wrong.add(() => ({ line, field: 0, ...timeProblem(timeText, time) }));
    if (!isFiniteNumber(value)) wrong.add(() => ({ line, field: 1, ...valueProblem(valueText, value) }));
    else if (value < 0) wrong.add(() => ({ line, field: 1, ...negativeProblem(valueText) }));
    if (!isFiniteNumber(time) || !isFiniteNumber(value) || value < 0) return;
    if (Math.abs(time) > MOST_UNIX_SECONDS) {
      far.add(() => ({ line, field: 0, ...farProblem(timeText, time) }));
      return;
    }
    const last = times.length - 1;
    if (last >= 0) {
      if (value <= values[last]!) valuesGrow = false;
      const before = { time: times[last]!, line: lines[last]! };
      if (time <= before.time) unordered.add(() => ({ line, field: 0, ...orderProblem(time, before) }));
    }
    times.push(time);
    values.push(value);
    lines.push(line);
  };

  const isHopeless = (): boolean => wrong.count + unordered.count >= MOST_ERRORS;
  try {
    parse(source.text, {
      // A row is a line: a quote that is not closed spoils that row, and not all that follow.
      quote: false,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      // Spreadsheets end a sheet with lines of nothing but commas.
      skip_records_with_empty_values: true,
      on_record: (row: string[], { lines: line }) => {
        readRow(row, line);
        if (isHopeless()) throw new Error('enough');
        // Nothing is kept twice.
        return null;
      },
    });
  } catch (error) {
    if (!isHopeless()) throw error;
  }

  // Every row would be wrong.
  const swapped = swappedHeader ?? (unordered.count > 0 && valuesGrow && times.length > 2 ? lines[0] : undefined);
  if (swapped !== undefined) return source.error({ line: swapped, ...SWAPPED });
  const notSeconds = new FoundList();
  if (far.count > 0) notSeconds.add(() => withMore(far));
  if (wrong.count + unordered.count + far.count > 0) return source.errors(wrong, unordered, notSeconds);
  return { times, values, lines };
}

/** The first of several problems that one slip has made. */
function withMore({ first: [found], count }: FoundList): Found {
  const rows = count === 2 ? '1 more row' : `${formatCount(count - 1)} more rows`;
  return count === 1 ? found! : { ...found!, message: `${found!.message}, and the same in ${rows}` };
}

/** The shape of sound rows. */
function shapeOf({ times, values, lines }: Rows, source: TraceSource): ParsedTrace {
  const fewRows = (row: number, message: string): ParsedTrace => {
    const mend = 'take an hour or more around the peak, at steps of 5 minutes or less';
    return source.error({ line: lines[row] ?? 1, code: 'trace/few-rows', message, mend });
  };
  if (times.length < 3) return fewRows(times.length - 1, `a trace must have at least 3 rows, got ${times.length}`);
  let peak = 0;
  for (let row = 1; row < values.length; row += 1) if (values[row]! > values[peak]!) peak = row;
  if (values[peak] === 0) {
    return source.error({
      line: lines[0]!,
      field: 1,
      code: 'trace/all-zero',
      message: 'all values are 0',
      mend: 'take a trace in which something was counted',
    });
  }

  const peakTime = times[peak]!;
  let first = peak;
  let last = peak;
  while (first > 0 && peakTime - times[first - 1]! <= NEAR_PEAK_SECONDS) first -= 1;
  while (last < times.length - 1 && times[last + 1]! - peakTime <= NEAR_PEAK_SECONDS) last += 1;
  const kept = last - first + 1;
  if (kept < 3) return fewRows(peak, `at least 3 rows must be within 48 hours of the peak, got ${kept}`);

  const step = medianDistance(times, first, last);
  if (step < 1) {
    return source.error({
      line: lines[first + 1]!,
      field: 0,
      code: 'trace/fine-step',
      message: `rows must be at least 1 s apart, got a median of ${showSeconds(step)}`,
      mend: 'add up the values of each second or minute',
    });
  }
  const { tooLong, filled } = gapsOf({ times, values, lines }, first, last, step);
  if (tooLong.count > 0) return source.errors(tooLong);
  const warnings = [...filled, ...spanWarnings(times[last]! - times[first]!, step, lines[first]!)];
  return {
    shape: resample(times, values, { first, last, peak }, step),
    diagnostics: warnings.toSorted((a, b) => a.line - b.line).map((found) => source.locate(found, 'warning')),
  };
}

/** Of an even number of distances the lower of the two in the middle, which is one that occurs. */
function medianDistance(times: readonly number[], first: number, last: number): number {
  const distances = new Float64Array(last - first);
  for (let row = first + 1; row <= last; row += 1) distances[row - first - 1] = times[row]! - times[row - 1]!;
  return distances.sort()[Math.floor((distances.length - 1) / 2)]!;
}

/** Times without rows: those that nobody should guess, and a warning about those that are filled in. */
function gapsOf(
  { times, lines }: Rows,
  first: number,
  last: number,
  step: number,
): { readonly tooLong: FoundList; readonly filled: readonly Found[] } {
  const tooLong = new FoundList();
  let count = 0;
  let longest = 0;
  let longestRow = first;
  for (let row = first + 1; row <= last; row += 1) {
    const distance = times[row]! - times[row - 1]!;
    if (distance > MOST_STEPS_APART * step) {
      tooLong.add(() => ({
        line: lines[row]!,
        field: 0,
        code: 'trace/gap',
        message: `there is no row for ${showSeconds(distance)} before this one, more than ${MOST_STEPS_APART} steps of ${showSeconds(step)}`,
        mend: 'add the rows, or cut the trace before or after the gap',
      }));
    } else if (distance > GAP_STEPS * step) {
      count += 1;
      if (distance > longest) {
        longest = distance;
        longestRow = row;
      }
    }
  }
  if (count === 0) return { tooLong, filled: [] };
  const message =
    count === 1
      ? `a gap of ${showSeconds(longest)} before this row is filled in with a line`
      : `${formatCount(count)} gaps are filled in with lines, the longest of ${showSeconds(longest)} before this row`;
  const mend = `add the rows if you have them, one for every ${showSeconds(step)}`;
  return { tooLong, filled: [{ line: lines[longestRow]!, field: 0, code: 'trace/filled-gaps', message, mend }] };
}

function spanWarnings(seconds: number, step: number, line: number): Found[] {
  const warnings: Found[] = [];
  if (seconds < SHORT_SECONDS) {
    warnings.push({
      line,
      code: 'trace/short',
      message: `the trace lasts ${showSeconds(seconds)}, and nothing comes before and after it`,
      mend: 'take an hour or more around the peak',
    });
  }
  if (step > COARSE_SECONDS) {
    warnings.push({
      line,
      code: 'trace/coarse-step',
      message: `rows are ${showSeconds(step)} apart, and a rise within that time is not seen`,
      mend: 'take rows of 5 minutes or less: what scales by itself looks better here than it is',
    });
  }
  return warnings;
}

/** Samples at whole steps from the peak, which so is one of them. */
function resample(
  times: readonly number[],
  values: readonly number[],
  { first, last, peak }: { readonly first: number; readonly last: number; readonly peak: number },
  stepSeconds: number,
): TraceShape {
  const peakTime = times[peak]!;
  const most = values[peak]!;
  const before = Math.floor((peakTime - times[first]!) / stepSeconds);
  const after = Math.floor((times[last]! - peakTime) / stepSeconds);
  const shares: number[] = [];
  let row = first;
  for (let sample = -before; sample <= after; sample += 1) {
    const time = peakTime + sample * stepSeconds;
    while (row < last - 1 && times[row + 1]! <= time) row += 1;
    const part = (time - times[row]!) / (times[row + 1]! - times[row]!);
    const from = values[row]! / most;
    const share = from + (values[row + 1]! / most - from) * part;
    // Rounding leads past the ends by a bit.
    shares.push(sample === 0 ? 1 : Math.min(1, Math.max(0, share)));
  }
  return { startSeconds: before === 0 ? 0 : -before * stepSeconds, stepSeconds, shares };
}

function isFiniteNumber(value: number | undefined): value is number {
  return Number.isFinite(value);
}

/** `"104"` as spreadsheets write it. */
function unquote(field: string): string {
  const text = field.trim();
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).trim() : text;
}

/** Undefined for what is no number in decimal digits; NaN and infinities as they are. */
function readNumber(text: string): number | undefined {
  if (/^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i.test(text)) return Number(text);
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  return undefined;
}

/** Seconds to three digits behind the point, as ISO 8601 when they are whole. */
function showSeconds(seconds: number): string {
  return Number.isInteger(seconds) ? formatDuration(seconds) : `${Math.round(seconds * 1000) / 1000} s`;
}

const SWAPPED: Words = {
  code: 'trace/columns-swapped',
  message: 'the columns are swapped: times, which grow from row to row, are in the second',
  mend: `write the time first: ${HEADER}`,
};

function isHeader(fields: readonly string[]): boolean {
  return fields.join(',').toLowerCase() === HEADER;
}

/** What is wrong with the first row as a header; a row of numbers is none, and needs none. */
function headerProblem(fields: readonly string[]): Words | undefined {
  if (isHeader(fields) || fields.some((field) => readNumber(field) !== undefined)) return undefined;
  if (fields.toReversed().join(',').toLowerCase() === HEADER) return SWAPPED;
  const separator = separatorMend(fields[0]!);
  return {
    code: 'trace/header',
    message: `the header must be ${HEADER}, got ${showValue(fields.join(','))}`,
    mend: separator ?? 'write it so, with times in seconds since 1970 in UTC first',
  };
}

function separatorMend(field: string): string | undefined {
  return /[;\t]/.test(field) ? 'separate the columns by a comma' : undefined;
}

function columnsProblem(fields: readonly string[]): Words & Pick<Found, 'field'> {
  const message = `a row must have two columns, got ${formatCount(fields.length)}`;
  if (fields.length < 2) {
    const mend = separatorMend(fields[0]!) ?? 'write a time, a comma and a value, for example 1767225600,104';
    return { code: 'trace/columns', message, mend };
  }
  const mend = 'keep the time and the value alone, and write numbers without commas in them';
  return { field: 2, code: 'trace/columns', message, mend };
}

function timeProblem(text: string, time: number | undefined): Words {
  const words = numberProblem('the time', text, time, '1767225600');
  const iso = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  if (!iso) return words;
  const [, day, clock, zone] = iso;
  const seconds = Date.parse(`${day}T${clock}${zone ?? 'Z'}`) / 1000;
  if (!Number.isFinite(seconds)) return words;
  return { ...words, mend: `write seconds since 1970 in UTC: ${seconds}${zone === undefined ? ' if it is UTC' : ''}` };
}

function valueProblem(text: string, value: number | undefined): Words {
  return numberProblem('the value', text, value, '104.5');
}

function numberProblem(what: string, text: string, number: number | undefined, example: string): Words {
  if (number !== undefined) {
    return {
      code: 'trace/not-finite',
      message: `${what} must be finite, got ${showValue(text)}`,
      mend: 'leave the row out: short gaps are filled in',
    };
  }
  return {
    code: 'trace/number',
    message: `${what} must be a number, got ${text === '' ? 'nothing' : showValue(text)}`,
    mend: text.includes('"')
      ? 'close the quotes, or leave them out'
      : `write digits, for example ${example}, or leave the row out`,
  };
}

function negativeProblem(text: string): Words {
  return {
    code: 'trace/negative',
    message: `the value must not be negative, got ${text}`,
    mend: 'write how many were counted, or leave the row out',
  };
}

function farProblem(text: string, time: number): Words {
  const divisor = [1e3, 1e6, 1e9].find((candidate) => Math.abs(time) / candidate <= MOST_UNIX_SECONDS);
  return {
    code: 'trace/not-seconds',
    message: `the time must be in seconds since 1970, and before the year 2200, got ${text}`,
    mend:
      divisor === undefined
        ? 'write seconds since 1970 in UTC'
        : `divide the times by ${formatCount(divisor)}: ${time / divisor} here`,
  };
}

function orderProblem(time: number, before: { readonly time: number; readonly line: number }): Words {
  if (time === before.time) {
    return {
      code: 'trace/time-repeats',
      message: `the time must grow from row to row, got ${time} again after line ${before.line}`,
      mend: 'keep one of the two rows, or add up their values',
    };
  }
  return {
    code: 'trace/time-backwards',
    message: `the time must grow from row to row, got ${time} after ${before.time} in line ${before.line}`,
    mend: 'sort the rows by their times',
  };
}
