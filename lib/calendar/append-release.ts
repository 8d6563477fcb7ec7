import { type Document, isMap, isNode, isScalar, isSeq, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { parsePremiere } from './premiere';
import { type Problem, showValue } from './problem';
import type { ReleaseKind, ReleaseStatus } from './release';
import { formatWholeNumber } from './whole-number';
import {
  applyEdits,
  type Edit,
  endWithComments,
  inFlow,
  type Item,
  itemsOf,
  keyOf,
  lineAt,
  lineEnd,
  lineEndOf,
  lineStart,
  parseYaml,
  plain,
  unfit,
  valueOf,
} from './yaml-text';

/** An entry that is to be written. What is left out is not written. */
export interface NewRelease {
  readonly id: string;
  readonly title: string;
  /** As the file will state it, for example `2026-12-31 17:00 America/Los_Angeles`. */
  readonly premiere: string;
  readonly kind: ReleaseKind;
  /** ISO 8601. */
  readonly length?: string;
  readonly audience?: NewAudience;
  /** Units by layer. */
  readonly floors?: Readonly<Record<string, number>>;
  readonly status?: ReleaseStatus;
  readonly environments?: readonly string[];
}

/** The keys of an audience, in the order in which they are written. */
export interface NewAudience {
  readonly peakViewers?: number;
  readonly low?: number;
  readonly high?: number;
  readonly uncertainty?: number;
  readonly like?: string;
  readonly growth?: number;
}

/** A file with an entry more. */
export interface AppendedRelease {
  readonly text: string;
  /** The lines of the entry as they stand in the text, without what is around them. */
  readonly entry: string;
}

interface Insertion extends Edit {
  readonly entry: string;
  /** Index of the entry in the list. */
  readonly index: number;
}

/** How the entries of a file are written. */
interface Style {
  /** Column of the hyphen, from 0. */
  readonly hyphen: number;
  /** Spaces between the hyphen and the first key. */
  readonly gap: number;
  readonly audience: 'flow' | 'block';
  readonly floors: 'flow' | 'block';
}

/**
 * Puts an entry into the text of a calendar file and keeps every other byte: comments, order, line ends, whether the text ends with a newline. In
 * a file that is sorted by premiere it goes to its place, else to the end; it is written as its neighbours are. An empty file, one of comments
 * alone, `releases:` without a list and `releases: []` get their list.
 *
 * What cannot be kept so is a problem: a file that is no YAML, a list in brackets. Never throws. Says nothing about the sense of the entry.
 */
export function appendRelease(text: string, release: NewRelease): AppendedRelease | Problem {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const body = text.slice(mark.length);
  const document = parseYaml(body);
  const before = document && valueOf(document);
  if (!document || !before) {
    return unfit('the file cannot be read as YAML', 'mend it as prescale check says, or name another file');
  }
  const place = placeIn(document, body, before.value, release);
  if ('code' in place) return place;
  const after = applyEdits(body, [place]);
  // Whatever stands in the file that nobody thought of: the other entries mean what they meant.
  if (!isExpected(after, before.value, place, release)) {
    return unfit(
      `the file is written in a way that an entry cannot be put into, at ${showValue(lineAt(body, place.at))}`,
      'write the entry by hand, or name another file',
    );
  }
  return { text: mark + after, entry: place.entry };
}

function placeIn(document: Document, body: string, value: unknown, release: NewRelease): Insertion | Problem {
  const eol = lineEndOf(body);
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null && contents.source === '')) {
    const lines = render(release, styleOf(release, [], 0, 2, body), eol);
    const isOpen = body !== '' && !body.endsWith('\n');
    const text = `${isOpen ? eol : ''}releases:${eol}${lines}${isOpen ? '' : eol}`;
    return { at: body.length, remove: 0, text, entry: lines, index: 0 };
  }
  const pair = isMap(contents) && !contents.flow ? contents.items.find(({ key }) => keyOf(key) === 'releases') : null;
  const keyStart = isNode(pair?.key) ? pair.key.range?.[0] : undefined;
  if (!pair || keyStart === undefined || lineAt(body, keyStart).trimStart().startsWith('?')) {
    return unfit('the file has no list releases on lines of its own', 'write releases: and list the entries below it');
  }
  const list = pair.value;
  const keyEnd = (pair.key as Node).range![1];
  const column = keyStart - lineStart(body, keyStart);
  if (isScalar(list) && list.value === null && list.source === '' && !list.anchor && !list.tag) {
    return firstEntry(body, eol, release, { column, after: keyEnd, from: keyEnd, to: keyEnd });
  }
  if (!isSeq(list) || list.anchor || list.tag) {
    return unfit('releases is not a plain list', 'write releases: and list the entries below it');
  }
  if (list.flow) {
    const [from, to] = list.range!;
    if (/^\[\s*\]$/.test(body.slice(from, to)))
      return firstEntry(body, eol, release, { column, after: keyEnd, from, to });
    return unfit(
      `the list releases is written in brackets, got ${showValue(lineAt(body, from).trim())}`,
      'write each entry on lines of its own that begin with a hyphen, or name another file',
    );
  }
  return nextEntry(list, body, eol, (value as { releases: readonly unknown[] }).releases, release);
}

/** A first entry below a key without a list, or in place of the empty list in `[from, to)`. */
function firstEntry(
  body: string,
  eol: string,
  release: NewRelease,
  { column, after, from, to }: { column: number; after: number; from: number; to: number },
): Insertion | Problem {
  const lines = render(release, styleOf(release, [], 0, column + 2, body), eol);
  const isEmptyList = to > from;
  if (isEmptyList && body.slice(after, from).includes('\n')) {
    // On a line of its own, which the entry replaces.
    const start = lineStart(body, from);
    if (body.slice(start, from).trim() !== '' || body.slice(to, lineEnd(body, to)).trim() !== '') {
      return unfit('the list releases cannot be told from what is around it', 'write releases: [] on one line');
    }
    return { at: start, remove: lineEnd(body, to) - start, text: lines, entry: lines, index: 0 };
  }
  // The rest of the line is a comment or nothing; comments below it that are indented belong to the list.
  const end = endWithComments(body, lineEnd(body, to), column);
  const at = isEmptyList ? body.indexOf(':', after) + 1 : end;
  const text = `${isEmptyList ? body.slice(to, end) : ''}${eol}${lines}`;
  return { at, remove: end - at, text, entry: lines, index: 0 };
}

/** An entry beside others. */
function nextEntry(
  list: YAMLSeq,
  body: string,
  eol: string,
  values: readonly unknown[],
  release: NewRelease,
): Insertion | Problem {
  const items = itemsOf(list, body);
  if (items.some(({ hyphen }) => body.slice(lineStart(body, hyphen), hyphen).trim() !== '')) {
    return unfit('an entry does not begin on a line of its own', 'begin each entry below releases with a hyphen');
  }
  const index = indexOf(values, release);
  const neighbour = items[Math.max(0, index - 1)]!;
  const column = neighbour.hyphen - lineStart(body, neighbour.hyphen);
  const style = styleOf(release, items, index, column, body);
  const lines = render(release, style, eol);
  const blank = isApart(items, index, body) ? eol : '';
  if (index > 0) {
    const text = neighbour.keepsBlankLines ? `${eol}${lines}` : `${eol}${blank}${lines}`;
    return { at: neighbour.end, remove: 0, text, entry: lines, index };
  }
  // Comments right above the first entry are its own.
  let at = lineStart(body, neighbour.hyphen);
  while (at > 0 && /^[ \t]*#/.test(lineAt(body, at - 1))) at = lineStart(body, at - 1);
  return { at, remove: 0, text: `${lines}${eol}${blank}`, entry: lines, index };
}

/** After all that premiere before it or with it, in a list that is sorted by premiere; else the end. */
function indexOf(values: readonly unknown[], release: NewRelease): number {
  const instants = [...values.map((value) => (value as { premiere?: unknown } | null)?.premiere), release.premiere].map(
    (premiere) => {
      const parsed = parsePremiere(premiere);
      return 'at' in parsed ? parsed.at : Number.NaN;
    },
  );
  const at = instants.pop()!;
  const isSorted = instants.every((instant, index) => index === 0 || instants[index - 1]! <= instant);
  if (!isSorted || Number.isNaN(at) || instants.some(Number.isNaN)) return values.length;
  return instants.filter((instant) => instant <= at).length;
}

/** Whether there is a blank line between entries, where the new one comes. */
function isApart(items: readonly Item[], index: number, body: string): boolean {
  const first = Math.min(Math.max(0, index - 1), items.length - 2);
  if (first < 0) return true;
  return /\n[ \t]*\r?\n/.test(body.slice(items[first]!.end, items[first + 1]!.hyphen));
}

/** As the neighbours are written. */
function styleOf(release: NewRelease, items: readonly Item[], index: number, hyphen: number, body: string): Style {
  const nearest = items
    .map(({ node }, at) => ({ node, distance: at < index ? index - 1 - at : at - index + 0.5 }))
    .toSorted((a, b) => a.distance - b.distance)
    .flatMap(({ node }) => (isMap(node) ? [node] : []));
  const beside = items[Math.max(0, index - 1)];
  const start = beside && isMap(beside.node) ? beside.node.range![0] : undefined;
  const between = beside && start !== undefined ? body.slice(beside.hyphen + 1, start) : ' ';
  return {
    hyphen,
    gap: /^ +$/.test(between) ? between.length : 1,
    audience: formOf(nearest, 'audience', membersOf(release.audience)),
    floors: formOf(nearest, 'floors', membersOf(release.floors)),
  };
}

function membersOf(mapping: object | undefined): number {
  return Object.values(mapping ?? {}).filter((value) => value !== undefined).length;
}

/** How the nearest entry with as many members writes a mapping, or all do; among several forms that which suits its size. */
function formOf(nearest: readonly YAMLMap[], key: string, size: number): 'flow' | 'block' {
  const forms: { readonly size: number; readonly form: 'flow' | 'block' }[] = [];
  for (const map of nearest) {
    const value = map.items.find((pair) => keyOf(pair.key) === key)?.value;
    if (isMap(value)) forms.push({ size: value.items.length, form: value.flow ? 'flow' : 'block' });
  }
  const same = forms.find((other) => other.size === size);
  if (same) return same.form;
  if (forms.every(({ form }) => form === forms[0]!.form)) return forms[0]?.form ?? 'flow';
  return size > 2 ? 'block' : 'flow';
}

function render(release: NewRelease, style: Style, eol: string): string {
  const indent = ' '.repeat(style.hyphen + 1 + style.gap);
  const lines = [
    `id: ${plain(release.id)}`,
    `title: ${plain(release.title)}`,
    `premiere: ${plain(release.premiere)}`,
    `kind: ${release.kind}`,
  ];
  const mapping = (key: string, form: 'flow' | 'block', entries: readonly (readonly [string, string])[]): void => {
    const members = entries.map(([name, value]) => `${name}: ${value}`);
    if (form === 'flow') lines.push(`${key}: { ${members.join(', ')} }`);
    else lines.push(`${key}:`, ...members.map((member) => `  ${member}`));
  };
  if (release.length !== undefined) lines.push(`length: ${plain(release.length)}`);
  if (release.audience) {
    const { peakViewers, low, high, uncertainty, like, growth } = release.audience;
    const values = { peakViewers, low, high, uncertainty, like, growth };
    const entries = Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, audienceValue(name, value)] as const],
    );
    mapping('audience', style.audience, entries);
  }
  if (release.floors) {
    const entries = Object.entries(release.floors).map(
      ([layer, units]) => [inFlow(layer), formatWholeNumber(units)] as const,
    );
    mapping('floors', style.floors, entries);
  }
  if (release.status !== undefined) lines.push(`status: ${release.status}`);
  if (release.environments) lines.push(`environments: [${release.environments.map(inFlow).join(', ')}]`);
  const first = `${' '.repeat(style.hyphen)}-${' '.repeat(style.gap)}`;
  return lines.map((line, index) => `${index === 0 ? first : indent}${line}`).join(eol);
}

function audienceValue(name: string, value: string | number): string {
  if (typeof value === 'string') return inFlow(value);
  return name === 'growth' || name === 'uncertainty' ? String(value) : formatWholeNumber(value);
}

function isExpected(after: string, before: unknown, { index, entry }: Insertion, release: NewRelease): boolean {
  const document = parseYaml(after);
  const value = document && valueOf(document)?.value;
  const alone = parseYaml(entry);
  const [written] = (alone && (valueOf(alone)?.value as unknown[] | undefined)) ?? [];
  const { id, title, premiere } = (written ?? {}) as Partial<NewRelease>;
  if (id !== release.id || title !== release.title || premiere !== release.premiere) return false;
  const file = (before ?? {}) as { readonly releases?: readonly unknown[] | null };
  const releases = (file.releases ?? []).toSpliced(index, 0, written);
  return JSON.stringify(value) === JSON.stringify({ ...file, releases });
}
