import type { Diagnostic } from './diagnostic';

/** Columns of a source line that are shown; longer ones are cut around the caret. */
const MOST_COLUMNS = 120;
const COLUMNS_BEFORE_CARET = 60;

/** Code units on either side of the caret that can matter; a line may be a megabyte long. */
const MOST_UNITS_ASIDE = 400;

// Costs 10 ms of start-up, so it is made when there is something to report.
let graphemes: Intl.Segmenter | undefined;

// East Asian wide and fullwidth blocks, as terminals show them: two columns each.
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|\ufe0f/u;

interface Cell {
  readonly shown: string;
  readonly columns: number;
  /** Offset of the first code unit in the line. */
  readonly offset: number;
}

function toCells(line: string, from: number): Cell[] {
  // Nearly every line is plain, and finding graphemes is slow.
  if (/^[\t\x20-\x7e]*$/.test(line)) {
    return Array.from(line, (letter, index) => ({ shown: letter, columns: 1, offset: from + index }));
  }
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return [...graphemes.segment(line)].map(({ segment, index }) => {
    const offset = from + index;
    if (segment === '\t') return { shown: '\t', columns: 1, offset };
    // Control characters and halves of a pair would garble the terminal.
    if (/^[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(segment))
      return { shown: '\ufffd', columns: 1, offset };
    if (/^[\p{M}\p{Cf}]+$/u.test(segment)) return { shown: segment, columns: 0, offset };
    return { shown: segment, columns: WIDE.test(segment) ? 2 : 1, offset };
  });
}

/** The part of the line around the caret, and the caret line below it. */
function renderLine(line: string, column: number, length: number): { source: string; caret: string } {
  const start = Math.max(0, column - 1);
  const from = Math.max(0, start - MOST_UNITS_ASIDE);
  const cells = toCells(line.slice(from, start + length + MOST_UNITS_ASIDE), from);
  const caretCell = cells.findIndex((cell) => cell.offset + cell.shown.length > start);
  const caretIndex = caretCell === -1 ? cells.length : caretCell;

  const total = cells.reduce((sum, cell) => sum + cell.columns, 0);
  let first = 0;
  let end = cells.length;
  if (total > MOST_COLUMNS) {
    first = caretIndex;
    for (let columns = 0; first > 0 && columns + cells[first - 1]!.columns <= COLUMNS_BEFORE_CARET; first--) {
      columns += cells[first - 1]!.columns;
    }
    end = first;
    for (let columns = 0; end < cells.length && columns + cells[end]!.columns <= MOST_COLUMNS; end++) {
      columns += cells[end]!.columns;
    }
  }
  const cutBefore = first > 0 || from > 0;
  const cutAfter = end < cells.length || start + length + MOST_UNITS_ASIDE < line.length;
  const shown = cells.slice(first, end);
  // Tabs stay tabs in both lines, so that they align wherever the terminal's tab stops are.
  const pad = cells
    .slice(first, Math.min(caretIndex, end))
    .map((cell) => (cell.shown === '\t' ? '\t' : ' '.repeat(cell.columns)))
    .join('');
  const marked = shown.filter((cell) => cell.offset >= start && cell.offset < start + length);
  const carets = marked.reduce((sum, cell) => sum + cell.columns, 0);
  return {
    source: `${cutBefore ? '…' : ''}${shown.map((cell) => cell.shown).join('')}${cutAfter ? '…' : ''}`.trimEnd(),
    caret: `${cutBefore ? ' ' : ''}${pad}${'^'.repeat(Math.max(1, carets))}`,
  };
}

/** One diagnostic as `file:line:col: message [code]`, the line with a caret, and the mend. Ends with a newline. */
function renderDiagnostic(diagnostic: Diagnostic): string {
  const { line, column, severity, message, code, sourceLine, mend } = diagnostic;
  // A name may hold anything; what moves a terminal's cursor is not shown.
  const file = diagnostic.file?.replaceAll(/\p{Cc}/gu, '\ufffd');
  const location = [file, ...(file === undefined || line === undefined ? [] : [line, column ?? 1])].filter(
    (part) => part !== undefined,
  );
  const header = `${location.length > 0 ? `${location.join(':')}: ` : ''}${severity === 'warning' ? 'warning: ' : ''}${message} [${code}]`;
  const lines = [header];
  const showsLine = line !== undefined && sourceLine !== undefined;
  const margin = showsLine ? ' '.repeat(String(line).length + 1) : '   ';
  if (showsLine) {
    const { source, caret } = renderLine(sourceLine, column ?? 1, diagnostic.length ?? 1);
    lines.push(`${line} | ${source}`.trimEnd(), `${margin}| ${caret}`);
  }
  if (mend !== undefined) lines.push(`${margin}= mend: ${mend}`);
  return `${lines.join('\n')}\n`;
}

/** Diagnostics one below the other in the order given, without colour; empty text for none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(renderDiagnostic).join('');
}
