import {
  type CST,
  type Document,
  isCollection,
  isNode,
  isScalar,
  type Node,
  parseDocument,
  stringify,
  visit,
  type YAMLSeq,
} from 'yaml';
import type { Problem } from './problem';

// The text of a YAML file as what changes it needs to see it: what stands where, lines, and how a value is written.

/** A piece of text in place of `remove` characters. */
export interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly text: string;
}

/** An entry of a list on lines of its own. */
export interface Item {
  readonly node: Node | undefined;
  /** Offset of its hyphen. */
  readonly hyphen: number;
  /** Offset of the end of its last line, comments that are indented as parts of it included. */
  readonly end: number;
  /** Whether blank lines after it would be text of its last value. */
  readonly keepsBlankLines: boolean;
}

/** Uses of anchors that the comparison of before and after bears; a calendar with more is refused by its parser, too. */
const MAX_ALIAS_COUNT = 10_000;

/** The text with all edits, which do not overlap; those at one place in the order given. */
export function applyEdits(body: string, edits: readonly Edit[]): string {
  let after = '';
  let from = 0;
  for (const { at, remove, text } of edits.toSorted((a, b) => a.at - b.at)) {
    after += body.slice(from, at) + text;
    from = at + remove;
  }
  return after + body.slice(from);
}

/** The problem of a file that cannot be changed as text. */
export function unfit(message: string, mend: string): Problem {
  return { code: 'calendar/file-form', message, mend };
}

/** A file of one document without errors and warnings, or nothing. */
export function parseYaml(body: string): Document | undefined {
  try {
    const document = parseDocument(body, {
      keepSourceTokens: true,
      prettyErrors: false,
      stringKeys: true,
      schema: 'core',
      logLevel: 'error',
    });
    return document.errors.length + document.warnings.length > 0 ? undefined : document;
  } catch {
    // Nested too deeply.
    return undefined;
  }
}

/** What the document says, or nothing when its aliases multiply. */
export function valueOf(document: Document): { readonly value: unknown } | undefined {
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIAS_COUNT }) };
  } catch {
    return undefined;
  }
}

/** The text of a key that is a plain word. */
export function keyOf(key: unknown): unknown {
  return isScalar(key) ? key.value : undefined;
}

/** The end of the last value in a node, comments and blank lines behind it left out; 0 when it has no text. */
export function valueEnd(node: Node): number {
  let last = 0;
  visit(node, {
    Node: (_, part) => {
      // The range of a block collection goes on to what follows it.
      if (part.range && !(isCollection(part) && !part.flow)) last = Math.max(last, part.range[1]);
    },
  });
  return last;
}

/** The entries of a list on lines of its own. */
export function itemsOf(list: YAMLSeq, body: string): Item[] {
  const tokens = (list.srcToken as CST.BlockSequence).items;
  const hyphens = tokens.flatMap(({ start }) => start.filter(({ type }) => type === 'seq-item-ind'));
  return hyphens.map(({ offset }, index) => {
    const item = list.items[index];
    const node = isNode(item) ? item : undefined;
    const last = Math.max(offset + 1, node ? valueEnd(node) : 0);
    let keepsBlankLines = false;
    if (node) {
      visit(node, {
        Scalar: (_, { range, type }) => {
          if (range?.[1] !== last || type?.startsWith('BLOCK_') !== true) return;
          keepsBlankLines = /^[|>][0-9]*\+/.test(body.slice(range[0], last));
        },
      });
    }
    if (keepsBlankLines) {
      const end = body.slice(0, last).replace(/\r?\n$/, '').length;
      return { node, hyphen: offset, end, keepsBlankLines };
    }
    const end = offset + body.slice(offset, last).trimEnd().length;
    const column = offset - lineStart(body, offset);
    return { node, hyphen: offset, end: endWithComments(body, lineEnd(body, end), column), keepsBlankLines };
  });
}

/** The end of the last comment below a line that is indented deeper than the column, or else of the line itself. */
export function endWithComments(body: string, end: number, column: number): number {
  let last = end;
  for (let at = nextLine(body, end); at < body.length; at = nextLine(body, lineEnd(body, at))) {
    const line = body.slice(at, lineEnd(body, at));
    if (line.trim() === '') continue;
    if (!/^[ \t]*#/.test(line) || line.indexOf('#') <= column) break;
    last = lineEnd(body, at);
  }
  return last;
}

/** What nobody sees, or what ends a line. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Text as a value on one line, in quotes only where it needs them. */
export function plain(text: string): string {
  // Text with line breaks would go on several lines.
  if (INVISIBLE.test(text)) return quoted(text);
  const written = stringify(text, { schema: 'core', singleQuote: true, lineWidth: 0 }).trimEnd();
  // The library writes some texts plain that it reads as something else, such as "- ".
  const document = parseYaml(`key: ${written}`);
  const value = document && (valueOf(document)?.value as { key?: unknown } | undefined)?.key;
  return value === text ? written : quoted(text);
}

/** In double quotes; what nobody sees is written as its number, so that a reviewer reads what the calendar reads. */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const digits = character.codePointAt(0)!.toString(16);
    return digits.length > 4 ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
  });
}

/** In single quotes, where they can hold the text. */
export function singleQuoted(text: string): string {
  return INVISIBLE.test(text) ? quoted(text) : `'${text.replaceAll("'", "''")}'`;
}

/** Like `plain`, between brackets, where a comma ends a value. */
export function inFlow(text: string): string {
  const written = plain(text);
  return written === text && !/^[\w-]+$/.test(text) ? quoted(text) : written;
}

/** That of most lines. */
export function lineEndOf(body: string): string {
  const windows = body.match(/\r\n/g)?.length ?? 0;
  return windows * 2 > (body.match(/\n/g)?.length ?? 0) ? '\r\n' : '\n';
}

export function lineStart(body: string, offset: number): number {
  return offset === 0 ? 0 : body.lastIndexOf('\n', offset - 1) + 1;
}

/** The offset before the line's end, be it LF or CRLF. */
export function lineEnd(body: string, offset: number): number {
  const newline = body.indexOf('\n', offset);
  if (newline === -1) return body.length;
  return newline > offset && body[newline - 1] === '\r' ? newline - 1 : newline;
}

/** The offset of the next line, or of the end of the text. */
export function nextLine(body: string, end: number): number {
  const newline = body.indexOf('\n', end);
  return newline === -1 ? body.length : newline + 1;
}

export function lineAt(body: string, offset: number): string {
  return body.slice(lineStart(body, offset), lineEnd(body, offset));
}
