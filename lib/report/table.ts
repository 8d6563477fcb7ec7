import Table from 'cli-table3';

/** A column of a table. */
export interface Column {
  readonly head: string;
  /** Aligned to the right, as numbers are. @default to the left */
  readonly right?: boolean;
  /** Columns with a number are left out, lowest first, while the table is too wide. @default never left out */
  readonly drop?: number;
}

/** A table without borders, two spaces between its columns, not wider than `width` as far as columns may be left out. Ends with a newline. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Infinity,
): string {
  const lines = new Table({
    head: columns.map(({ head }) => head),
    chars: NO_BORDERS,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: columns.map(({ right }) => (right ? 'right' : 'left')),
  });
  lines.push(...rows.map((row) => [...row]));
  const text = lines.toString().split('\n');
  const next = Math.min(...columns.map(({ drop = Infinity }) => drop));
  if (next < Infinity && text.some((line) => line.trimEnd().length > width)) {
    const kept = columns.map(({ drop }) => drop !== next);
    const narrower = rows.map((row) => row.filter((_, index) => kept[index]));
    return renderTable(
      columns.filter((_, index) => kept[index]),
      narrower,
      width,
    );
  }
  return `${text.map((line) => line.trimEnd()).join('\n')}\n`;
}

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};
