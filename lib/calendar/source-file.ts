import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Diagnostic } from './diagnostic';
import { mendComma, type Problem, showValue } from './problem';

/** Where a diagnostic points, and the line to show. */
export type Place = Required<Pick<Diagnostic, 'file' | 'line' | 'column' | 'sourceLine' | 'length'>>;

/** Which part of an entry a diagnostic points at: a value, the key before it, or where the mapping or list begins. */
export type Part = 'value' | 'key' | 'start';

/**
 * Uses of anchors that one file may have, nested uses multiplied. Many entries may well share one anchor; a file that
 * multiplies itself passes this at once.
 */
const MAX_ALIAS_COUNT = 10_000;

/** Plainer words for the errors of the YAML library that a calendar most often meets. */
const YAML_MENDS: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'define the anchor above, or put the text in quotes',
  BAD_COLLECTION_TYPE: 'leave the tag out',
  BAD_DQ_ESCAPE: 'write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: 'indent with spaces, keys of one entry in one column',
  BAD_SCALAR_START: 'put the text in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'put text that holds a colon and a space in quotes, and give each key its own line',
  BLOCK_IN_FLOW: 'write the list or mapping in brackets on one line, or all of it on lines of its own',
  COMMENT_SPACE: 'put a space before #',
  KEY_OVER_1024_CHARS: 'close the quotes or brackets, and put a colon and a space after the key',
  MISSING_CHAR: 'close the quotes or brackets, and put text that holds brackets or quotes in quotes',
  MULTILINE_IMPLICIT_KEY: 'put a colon and a space after the key, and long text in quotes',
  NON_STRING_KEY: 'write a plain word as the key',
  TAB_AS_INDENT: 'indent with spaces',
  TAG_RESOLVE_FAILED: 'leave the tag out',
  UNEXPECTED_TOKEN: 'check the indentation, and put text with special characters in quotes',
};

interface Found {
  readonly key?: unknown;
  readonly value?: unknown;
}

type Range = readonly [start: number, valueEnd: number, nodeEnd: number];

function rangeOf(node: unknown): Range | undefined {
  return (node as { range?: Range | null } | null | undefined)?.range ?? undefined;
}

/** One YAML file of the calendar: its value, its syntax errors, and where everything stands. Never throws on any text. */
export class SourceFile {
  /** Errors of the YAML itself; where they leave no value, nothing else can be said about the file. */
  readonly diagnostics: readonly Diagnostic[];
  /** The file as plain values; undefined when it cannot be read. */
  readonly value: unknown;
  /** Whether `value` holds all that the file says. */
  readonly readable: boolean;

  private readonly text: string;
  private readonly lines = new LineCounter();
  private readonly document?: Document;
  private readonly pairs = new WeakMap<YAMLMap, Map<string, Pair>>();

  constructor(
    readonly file: string,
    text: string,
  ) {
    // Some editors put a byte order mark first; it is no character of the first line.
    this.text = text.startsWith('\uFEFF') ? text.slice(1) : text;
    const diagnostics: Diagnostic[] = [];
    this.diagnostics = diagnostics;
    this.readable = false;
    try {
      this.document = parseDocument(this.text, {
        lineCounter: this.lines,
        prettyErrors: false,
        stringKeys: true,
        schema: 'core',
        logLevel: 'error',
      });
    } catch (error) {
      diagnostics.push(this.unreadable(error));
      return;
    }
    const errors = [...this.document.errors, ...this.document.warnings];
    diagnostics.push(...this.explainAll(errors));
    if (errors.some((error) => error.code !== 'DUPLICATE_KEY')) return;
    try {
      this.value = this.document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
      this.readable = true;
    } catch (error) {
      diagnostics.push(this.explainAlias(error));
    }
  }

  /** Where the value at a path of keys and indexes, its key, or its beginning stands. Falls back to what encloses it. */
  place(path: readonly PropertyKey[], part: Part): Place {
    const found = this.find(path);
    if (part === 'key' && rangeOf(found.key)) return this.placeOf(rangeOf(found.key)!);
    const range = rangeOf(found.value);
    // `key:` with nothing behind it has no value to point at.
    if (range && (range[1] > range[0] || !rangeOf(found.key))) {
      return part === 'start' ? this.placeAt(range[0], 1) : this.placeOf(range);
    }
    const key = rangeOf(found.key);
    if (key) return this.placeOf(key);
    return path.length > 0 ? this.place(path.slice(0, -1), 'start') : this.placeAt(0, 1);
  }

  /** A place by its offset in the text; `length` ends with the line. */
  placeAt(offset: number, length: number): Place {
    const start = Math.min(Math.max(0, offset), this.text.length);
    const { line, col } = this.lines.linePos(start);
    const lineStart = start - Math.max(0, col - 1);
    const newline = this.text.indexOf('\n', lineStart);
    const sourceLine = this.text.slice(lineStart, newline === -1 ? this.text.length : newline).replace(/\r$/, '');
    const column = Math.max(1, col);
    return {
      file: this.file,
      line: Math.max(1, line),
      column,
      sourceLine,
      length: Math.max(1, Math.min(length, sourceLine.length - column + 1)),
    };
  }

  private placeOf(range: Range): Place {
    return this.placeAt(range[0], range[1] - range[0]);
  }

  private find(path: readonly PropertyKey[]): Found {
    let found: Found = { value: this.document?.contents };
    for (const step of path) {
      const node = isAlias(found.value) ? found.value.resolve(this.document!) : found.value;
      if (isMap(node)) {
        const pair = this.pairsOf(node).get(String(step));
        found = { key: pair?.key, value: pair?.value };
      } else if (isSeq(node)) {
        found = { value: node.items[Number(step)] };
      } else {
        return {};
      }
    }
    return found;
  }

  /** The last pair of a key counts, as in the value. */
  private pairsOf(map: YAMLMap): Map<string, Pair> {
    let pairs = this.pairs.get(map);
    if (!pairs) {
      pairs = new Map(map.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : '', pair]));
      this.pairs.set(map, pairs);
    }
    return pairs;
  }

  private report(place: Place, problem: Problem): Diagnostic {
    return { severity: 'error', ...problem, ...place };
  }

  private unreadable(error: unknown): Diagnostic {
    return this.report(this.placeAt(0, 1), {
      code: 'calendar/yaml',
      message:
        error instanceof RangeError
          ? 'the file cannot be read, lists or mappings are nested too deeply'
          : `the file cannot be read, ${showValue(error instanceof Error ? error.message : error)}`,
      mend: 'compare it with an entry of another file',
    });
  }

  private explainAll(errors: readonly YAMLError[]): Diagnostic[] {
    const firsts = errors.some((error) => error.code === 'DUPLICATE_KEY') ? this.firstKeys() : new Map<number, Pair>();
    const linesWithError = new Set<number>();
    const diagnostics: Diagnostic[] = [];
    for (const error of errors) {
      const place = this.placeAt(error.pos[0], error.pos[1] - error.pos[0]);
      if (error.code === 'DUPLICATE_KEY') {
        const first = firsts.get(error.pos[0]);
        const key = isScalar(first?.key) ? first.key : undefined;
        const firstLine = rangeOf(key) ? this.placeOf(rangeOf(key)!).line : undefined;
        diagnostics.push(
          this.report(
            { ...place, length: Math.max(1, (rangeOf(key)?.[1] ?? 0) - (rangeOf(key)?.[0] ?? 0)) },
            {
              code: 'calendar/duplicate-key',
              message: `key ${showValue(key ? String(key.value) : undefined)} is given twice${firstLine ? `, first in ${this.file}:${firstLine}` : ''}`,
              mend: mendComma(String(key?.value)) ?? 'keep one of them',
            },
          ),
        );
      } else if (error.code === 'MULTIPLE_DOCS') {
        diagnostics.push(
          this.report(this.placeAt(error.pos[0], 3), {
            code: 'calendar/several-documents',
            message: 'the file holds several YAML documents, got "---"',
            mend: 'put all entries under one releases, or each document into a file of its own',
          }),
        );
      } else if (!linesWithError.has(place.line)) {
        // One slip makes the library stumble over the rest of its line.
        linesWithError.add(place.line);
        diagnostics.push(
          this.report(place, {
            code: 'calendar/yaml',
            message: `invalid YAML: ${this.plainMessage(error)}`,
            mend: YAML_MENDS[error.code] ?? 'compare it with an entry of another file',
          }),
        );
      }
    }
    return diagnostics;
  }

  private plainMessage(error: YAMLError): string {
    const message = error.message.replace(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 200);
    return message.charAt(0).toLowerCase() + message.slice(1);
  }

  /** For each key that is given again, by its offset, the first pair of that key in the same mapping. */
  private firstKeys(): Map<number, Pair> {
    const firsts = new Map<number, Pair>();
    visit(this.document!, {
      Map: (_, map) => {
        const seen = new Map<string, Pair>();
        for (const pair of map.items) {
          if (!isPair(pair) || !isScalar(pair.key)) continue;
          const name = String(pair.key.value);
          const first = seen.get(name);
          if (!first) seen.set(name, pair);
          else if (pair.key.range) firsts.set(pair.key.range[0], first);
        }
      },
    });
    return firsts;
  }

  /** The YAML library refuses aliases while it builds the value, and does not say where. */
  private explainAlias(error: unknown): Diagnostic {
    if (!(error instanceof ReferenceError)) return this.unreadable(error);
    let first: Range | undefined;
    let unresolved: { range: Range; source: string } | undefined;
    const anchors = new Set<string>();
    visit(this.document!, {
      Alias: (_, alias) => {
        if (!alias.range) return undefined;
        first ??= alias.range;
        if (anchors.has(alias.source)) return undefined;
        unresolved = { range: alias.range, source: alias.source };
        return visit.BREAK;
      },
      Value: (_, node) => {
        if (node.anchor) anchors.add(node.anchor);
      },
    });
    if (unresolved) {
      return this.report(this.placeOf(unresolved.range), {
        code: 'calendar/yaml',
        message: `invalid YAML: alias of an unknown anchor, got "*${unresolved.source}"`,
        mend: YAML_MENDS['BAD_ALIAS']!,
      });
    }
    return this.report(first ? this.placeOf(first) : this.placeAt(0, 1), {
      code: 'calendar/aliases',
      message: `aliases repeat anchors more than ${MAX_ALIAS_COUNT} times`,
      mend: 'write the entries out',
    });
  }
}
