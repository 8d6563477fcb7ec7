import { type Document, isMap, isNode, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { type Problem, showValue } from './problem';
import { suggest } from './suggest';
import { formatWholeNumber, parseWholeNumber } from './whole-number';
import {
  applyEdits,
  type Edit,
  inFlow,
  itemsOf,
  keyOf,
  lineAt,
  lineEnd,
  lineEndOf,
  lineStart,
  parseYaml,
  plain,
  quoted,
  singleQuoted,
  unfit,
  valueEnd,
  valueOf,
} from './yaml-text';

/** What was measured, as the file will state it. What is left out is not written. */
export interface NewObservation {
  readonly peakViewers?: number;
  readonly outageMinutes?: number;
  readonly source: string;
}

/** A file with an observation more. */
export interface WrittenObservation {
  readonly text: string;
  /** The lines of `observed` as they stand in the text. */
  readonly observed: string;
  /** Where `observed` begins, from 1. */
  readonly line: number;
}

/** The keys of an observation, in the order in which they are written. */
const KEYS = ['peakViewers', 'assumed', 'outageMinutes', 'source'] as const;

type Key = (typeof KEYS)[number];
type Mapping = Readonly<Record<string, unknown>>;

/** How observations are written around an entry. */
interface Style {
  readonly form: 'flow' | 'block';
  /** Columns by which a mapping inside an entry is indented. */
  readonly step: number;
  readonly quote: (text: string) => string;
}

/** The entry that the observation is of. */
interface Entry {
  readonly list: YAMLSeq;
  readonly index: number;
  readonly node: YAMLMap;
  /** Its `observed` as it is read; empty when there is none. */
  readonly was: Mapping;
}

/**
 * Puts an observation into the entry of a release in the text of a calendar file, and keeps every other byte and every comment. An
 * `observed` that is there gets the values in their places and the keys that it lacks; what the observation does not state stays, but an assumed
 * peak becomes a measured one. A new one comes after the last key of the entry, written as its neighbours are.
 *
 * What cannot be kept so is a problem, and so is a release that the file does not hold. Never throws. Says nothing about the sense of the figures.
 *
 * @param file its name, for messages
 */
export function writeObserved(
  text: string,
  file: string,
  id: string,
  observation: NewObservation,
): WrittenObservation | Problem {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const body = text.slice(mark.length);
  const document = parseYaml(body);
  const before = document && valueOf(document);
  if (!document || !before) return unfit('the file cannot be read as YAML', 'mend it as prescale check says');
  const entry = findEntry(document, before.value, file, id);
  if ('code' in entry) return entry;
  const edits = new ObservedEditor(body, entry, observation).edits();
  const after = edits && applyEdits(body, edits);
  const place = after === undefined ? undefined : placeIn(after, before.value, entry, observation);
  // Whatever stands in the file that nobody thought of, be it an anchor that others use: all else means what it meant.
  if (after === undefined || !place) {
    const line = lineAt(body, entry.node.range![0]).trim();
    return unfit(
      `release ${showValue(id)} is written in a way that observed cannot be put into, at ${showValue(line)}`,
      `write it by hand: observed: ${braces(membersOf(observation, {}, singleQuoted))}`,
    );
  }
  const line = after.slice(0, place.from).split('\n').length;
  return { text: mark + after, observed: after.slice(place.from, place.to), line };
}

function findEntry(document: Document, value: unknown, file: string, id: string): Entry | Problem {
  const list = pairOf(document.contents, 'releases')?.value;
  const values = releasesOf(value);
  const ids = values.map((release) => release?.['id']);
  const index = ids.indexOf(id);
  if (!isSeq(list) || index === -1) {
    const near = suggest(
      id,
      ids.filter((other) => typeof other === 'string'),
    );
    return {
      code: 'calendar/unknown-release',
      message: `${file} has no release ${showValue(id)}`,
      mend: near === undefined ? 'write the id of an entry of that file' : `did you mean ${near}`,
    };
  }
  const node = list.items[index];
  if (ids.lastIndexOf(id) !== index || !isMap(node)) {
    return unfit(`release ${showValue(id)} does not stand once and as an entry of its own in ${file}`, 'write it out');
  }
  const was = values[index]!['observed'];
  return { list, index, node, was: typeof was === 'object' && was !== null ? (was as Mapping) : {} };
}

function pairOf(node: unknown, name: string): Pair | undefined {
  return isMap(node) ? node.items.find(({ key }) => keyOf(key) === name) : undefined;
}

/** The values that are to be written, as text, in their order. An assumed peak is measured now. */
function membersOf(observation: NewObservation, was: Mapping, quote: (text: string) => string): [Key, string][] {
  const { peakViewers, outageMinutes, source } = observation;
  const members: [Key, string][] = [];
  if (peakViewers !== undefined) members.push(['peakViewers', formatNumber(peakViewers)]);
  if (peakViewers !== undefined && isAssumed(was)) members.push(['assumed', 'false']);
  if (outageMinutes !== undefined) members.push(['outageMinutes', formatNumber(outageMinutes)]);
  return [...members, ['source', quote(source)]];
}

function isAssumed({ assumed = false }: Mapping): boolean {
  return assumed !== false;
}

function formatNumber(value: number): string {
  return Number.isInteger(value) ? formatWholeNumber(value) : String(value);
}

function braces(members: readonly (readonly [string, string])[]): string {
  return `{ ${members.map((member) => member.join(': ')).join(', ')} }`;
}

/** Finds what has to change in a text; undefined for what it cannot change. */
class ObservedEditor {
  private readonly eol: string;
  private readonly style: Style;

  constructor(
    private readonly body: string,
    private readonly entry: Entry,
    private readonly observation: NewObservation,
  ) {
    this.eol = lineEndOf(body);
    this.style = this.styleOf();
  }

  edits(): Edit[] | undefined {
    const pair = pairOf(this.entry.node, 'observed');
    if (!pair) return this.entry.node.flow ? this.addedInFlow() : this.addedInBlock();
    if (isMap(pair.value)) return this.changed(pair, pair.value);
    if (!isNode(pair.value) || (isScalar(pair.value) && pair.value.value === null)) return this.filled(pair);
    return undefined;
  }

  /** After the last line of an entry on lines of its own. */
  private addedInBlock(): Edit[] {
    const { list, index, node } = this.entry;
    const at = itemsOf(list, this.body)[index]!.end;
    const lines = this.linesOf(columnOf(this.body, node.items.at(-1)!));
    return [{ at, remove: 0, text: this.eol + lines.join(this.eol) }];
  }

  private addedInFlow(): Edit[] {
    const { node } = this.entry;
    return this.intoFlow(node, node.items.at(-1), [`observed: ${braces(this.members(true))}`]);
  }

  /** An `observed` without a value. */
  private filled(pair: Pair): Edit[] | undefined {
    if (this.entry.node.flow || this.style.form === 'flow' || !isEmpty(pair.value)) {
      return this.replaced(pair, braces(this.members(true)));
    }
    const [, ...lines] = this.linesOf(columnOf(this.body, pair));
    return [{ at: lineEnd(this.body, rangeOf(pair.key)[1]), remove: 0, text: this.eol + lines.join(this.eol) }];
  }

  /** Values in their places, and the keys that are missing after those that they follow. */
  private changed(pair: Pair, observed: YAMLMap): Edit[] | undefined {
    const { was } = this.entry;
    const edits: Edit[] = [];
    let previous: Pair | undefined;
    let missing: string[] = [];
    const add = (): void => {
      if (missing.length === 0) return;
      if (observed.flow) {
        edits.push(...this.intoFlow(observed, previous, missing));
      } else {
        const at = lineEnd(this.body, previous ? this.pairEnd(previous) : rangeOf(pair.key)[1]);
        const indent = this.eol + ' '.repeat(columnOf(this.body, observed.items[0]!));
        edits.push({ at, remove: 0, text: missing.map((line) => indent + line).join('') });
      }
      missing = [];
    };
    const members = new Map(this.members(observed.flow === true));
    for (const key of KEYS) {
      const there = pairOf(observed, key);
      const value = members.get(key);
      if (there) {
        add();
        previous = there;
        if (value === undefined || isStated(was[key], key, this.observation)) continue;
        const replacement = this.replaced(there, value);
        if (!replacement) return undefined;
        edits.push(...replacement);
      } else if (value !== undefined) {
        missing.push(`${key}: ${value}`);
      }
    }
    add();
    return edits;
  }

  /** A value in the place of another one, on one line; what stands beside it stays. */
  private replaced(pair: Pair, text: string): Edit[] | undefined {
    const { value } = pair;
    if (isEmpty(value)) {
      const at = this.pairEnd(pair);
      return [{ at, remove: 0, text: this.body[at - 1] === ':' ? ` ${text}` : `: ${text}` }];
    }
    if (!isNode(value) || isMap(value) || isSeq(value)) return undefined;
    const [from, to] = rangeOf(value);
    if (!isScalar(value) || value.type?.startsWith('BLOCK_') !== true) return [{ at: from, remove: to - from, text }];
    // A comment may stand behind the sign of a text of several lines, and blank lines below the text.
    const sign = /^[|>][-+0-9]*/.exec(this.body.slice(from, to))![0].length;
    const first = lineEnd(this.body, from);
    const last = Math.max(first, this.pairEnd(pair));
    return [
      { at: from, remove: sign, text },
      { at: first, remove: last - first, text: '' },
    ];
  }

  /** Members of a mapping in braces, after one of its pairs, or before all of them. */
  private intoFlow(map: YAMLMap, previous: Pair | undefined, members: readonly string[]): Edit[] {
    const { body } = this;
    const first = map.items[0];
    if (!first) {
      const close = rangeOf(map)[1] - 1;
      return [{ at: close, remove: 0, text: ` ${members.join(', ')} ` }];
    }
    const beside = previous ?? first;
    const keyStart = rangeOf(beside.key)[0];
    const line = lineStart(body, keyStart);
    const isOnItsOwn = body.slice(line, keyStart).trim() === '';
    const gap = isOnItsOwn ? this.eol + body.slice(line, keyStart) : ' ';
    const text = members.join(`,${gap}`);
    if (!previous) return [{ at: keyStart, remove: 0, text: `${text},${gap}` }];
    const end = this.pairEnd(previous);
    const comma = /^(?:\s|#[^\n]*\n)*,/.exec(body.slice(end, rangeOf(map)[1]));
    const behind = end + (comma?.[0].length ?? 0);
    const isLast = /^[ \t]*(?:$|[ \t]#)/.test(body.slice(behind, lineEnd(body, behind)));
    if (!isOnItsOwn || !isLast) return [{ at: end, remove: 0, text: `,${gap}${text}` }];
    // Below the line, so that a comment behind the pair stays with it.
    const below = { at: lineEnd(body, behind), remove: 0, text: gap + text + (comma ? ',' : '') };
    return comma ? [below] : [{ at: end, remove: 0, text: ',' }, below];
  }

  /** The lines of a new `observed`, whose key is in a column. */
  private linesOf(column: number): string[] {
    const indent = ' '.repeat(column);
    if (this.style.form === 'flow') return [`${indent}observed: ${braces(this.members(true))}`];
    const inner = ' '.repeat(column + this.style.step);
    return [`${indent}observed:`, ...this.members(false).map((member) => inner + member.join(': '))];
  }

  private members(isInFlow: boolean): [Key, string][] {
    const { quote } = this.style;
    return membersOf(this.observation, this.entry.was, isInFlow && quote === plain ? inFlow : quote);
  }

  /** The end of a pair's last value; of its colon where there is none. */
  private pairEnd({ key, value }: Pair): number {
    if (!isEmpty(value) && isNode(value)) {
      const [from] = rangeOf(value);
      return from + this.body.slice(from, valueEnd(value)).trimEnd().length;
    }
    const end = rangeOf(key)[1];
    return end + (/^\s*:/.exec(this.body.slice(end))?.[0].length ?? 0);
  }

  /** As the entry itself is written, or else the nearest one that shows it. */
  private styleOf(): Style {
    const { list, index, node } = this.entry;
    const nearest = [
      node,
      ...list.items
        .map((item, at) => ({ item, distance: at < index ? index - at : at - index + 0.5 }))
        .toSorted((a, b) => a.distance - b.distance)
        .flatMap(({ item }) => (isMap(item) && item !== node ? [item] : [])),
    ];
    const observed = nearest.map((entry) => pairOf(entry, 'observed')?.value).filter((value) => isMap(value));
    const steps = nearest
      .filter((entry) => !entry.flow)
      .flatMap((entry) =>
        entry.items.flatMap((pair) => {
          const inner = isMap(pair.value) && !pair.value.flow ? pair.value.items[0] : undefined;
          return inner ? [columnOf(this.body, inner) - columnOf(this.body, pair)] : [];
        }),
      );
    const quotes = observed.map((value) => {
      const source = pairOf(value, 'source')?.value;
      return isScalar(source) ? source.type : undefined;
    });
    const quote = quotes.find((type) => type === 'PLAIN' || type?.startsWith('QUOTE_'));
    return {
      form: observed[0]?.flow ? 'flow' : 'block',
      step: steps.find((step) => step > 0) ?? 2,
      quote: quote === 'PLAIN' ? plain : quote === 'QUOTE_DOUBLE' ? quoted : singleQuoted,
    };
  }
}

function isEmpty(value: unknown): boolean {
  if (!isScalar(value)) return !isNode(value);
  return value.range?.[0] === value.range?.[1];
}

/** @param node one that was parsed */
function rangeOf(node: unknown): readonly [start: number, end: number] {
  const [start, end] = (node as Node).range!;
  return [start, end];
}

function columnOf(body: string, { key }: Pair): number {
  const [start] = rangeOf(key);
  return start - lineStart(body, start);
}

/** Whether a value says what the observation does, however it is written. */
function isStated(value: unknown, key: Key, observation: NewObservation): boolean {
  if (key === 'assumed') return value === false;
  if (key === 'source') return value === observation.source;
  return (typeof value === 'number' ? value : parseWholeNumber(value)) === observation[key];
}

/** Where `observed` stands after the edits; undefined unless the file says the observation, and else what it said. */
function placeIn(
  after: string,
  before: unknown,
  { index, was }: Entry,
  observation: NewObservation,
): { readonly from: number; readonly to: number } | undefined {
  const document = parseYaml(after);
  const value = document && valueOf(document)?.value;
  if (!document || !isSame(withoutObserved(before, index), withoutObserved(value, index))) return undefined;
  const now = releasesOf(value)[index]?.['observed'] as Mapping | null | undefined;
  const stated = new Map(membersOf(observation, was, String));
  for (const key of new Set([...Object.keys(was), ...Object.keys(now ?? {}), ...KEYS])) {
    const isRight = stated.has(key as Key)
      ? isStated(now?.[key], key as Key, observation)
      : isSame(now?.[key], was[key]);
    if (!isRight) return undefined;
  }
  const list = pairOf(document.contents, 'releases')!.value as YAMLSeq;
  const pair = pairOf(list.items[index], 'observed')!;
  const [keyStart] = rangeOf(pair.key);
  const [start] = rangeOf(pair.value);
  const end = start + after.slice(start, valueEnd(pair.value as Node)).trimEnd().length;
  return { from: lineStart(after, keyStart), to: lineEnd(after, end) };
}

function releasesOf(value: unknown): readonly (Mapping | null)[] {
  const releases = (value as { releases?: unknown } | null | undefined)?.releases;
  return Array.isArray(releases) ? (releases as (Mapping | null)[]) : [];
}

function withoutObserved(value: unknown, index: number): unknown {
  const releases = releasesOf(value).map((release, at) =>
    at === index ? { ...release, observed: undefined } : release,
  );
  return { ...(value as Mapping | null | undefined), releases };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
