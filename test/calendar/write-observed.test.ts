import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { isMap, isScalar, isSeq, Lexer, parse, parseDocument, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { parseCalendar } from '../../lib/calendar/parse-calendar';
import type { Release } from '../../lib/calendar/release';
import { type NewObservation, writeObserved, type WrittenObservation } from '../../lib/calendar/write-observed';

const MEASURED: NewObservation = { peakViewers: 9_400_000, outageMinutes: 0, source: 'CloudWatch' };

function write(text: string, observation: NewObservation = MEASURED, id = 'a'): WrittenObservation {
  const result = writeObserved(text, 'calendar.yaml', id, observation);
  if ('code' in result) throw new Error(`${result.message}: ${result.mend}`);
  return result;
}

describe('an entry without an observation gets one', () => {
  test('after its last line, before what belongs to the next entry', () => {
    const text = [
      'releases:',
      '  - id: a',
      '    title: A # why',
      '    # about a, indented as it is',
      '',
      '  # A part of its own.',
      '',
      '  # about b',
      '  - id: b',
      '',
    ].join('\n');
    const { text: after, observed, line } = write(text);
    expect(after).toMatchInlineSnapshot(`
     "releases:
       - id: a
         title: A # why
         # about a, indented as it is
         observed:
           peakViewers: 9_400_000
           outageMinutes: 0
           source: 'CloudWatch'

       # A part of its own.

       # about b
       - id: b
     "
    `);
    expect(line).toBe(5);
    expect(after.split('\n').slice(4, 8).join('\n')).toBe(observed);
  });

  test.each([
    [
      'on lines of its own',
      '  - id: a\n    drill: none\n',
      '    drill: none\n    observed:\n      peakViewers: 9_400_000\n',
    ],
    ['hyphens in the column of the key', '- id: a\n', '- id: a\n  observed:\n    peakViewers: 9_400_000\n'],
    ['wide hyphens', '  -   id: a\n', '  -   id: a\n      observed:\n        peakViewers: 9_400_000\n'],
    ['a hyphen alone', '  -\n    id: a\n', '  -\n    id: a\n    observed:\n      peakViewers: 9_400_000\n'],
    [
      'four columns for a mapping',
      '  - id: a\n    audience:\n        peakViewers: 5\n',
      '\n    observed:\n        peakViewers: 9_400_000\n',
    ],
    [
      'a last key without a value',
      '  - id: a\n    drill: # none\n',
      '    drill: # none\n    observed:\n      peakViewers',
    ],
    ['line ends of Windows', '  - id: a\r\n', '  - id: a\r\n    observed:\r\n      peakViewers: 9_400_000\r\n'],
    [
      'no newline at the end',
      '  - id: a',
      "  - id: a\n    observed:\n      peakViewers: 9_400_000\n      outageMinutes: 0\n      source: 'CloudWatch'",
    ],
    [
      'one in braces',
      '  - { id: a } # c\n',
      "  - { id: a, observed: { peakViewers: 9_400_000, outageMinutes: 0, source: 'CloudWatch' } } # c\n",
    ],
    [
      'one with a comma at its end',
      '  - { id: a, }\n',
      "{ id: a, observed: { peakViewers: 9_400_000, outageMinutes: 0, source: 'CloudWatch' }, }\n",
    ],
    [
      'braces over several lines',
      '  - {\n      id: a,\n      title: A # c, # d\n    }\n',
      "title: A, # c, # d\n      observed: { peakViewers: 9_400_000, outageMinutes: 0, source: 'CloudWatch' }\n    }\n",
    ],
    [
      'braces over several lines with a comma at the end',
      '  - {\n      id: a,\n      title: A, # c\n    }\n',
      "title: A, # c\n      observed: { peakViewers: 9_400_000, outageMinutes: 0, source: 'CloudWatch' },\n    }\n",
    ],
    [
      'a key without a value in braces',
      '  - { id: a, observed }\n',
      "{ id: a, observed: { peakViewers: 9_400_000, outageMinutes: 0, source: 'CloudWatch' } }\n",
    ],
    [
      'nothing behind the key',
      '  - id: a\n    observed: # soon\n    drill: none\n',
      '    observed: # soon\n      peakViewers: 9_400_000\n',
    ],
    [
      'null',
      '  - id: a\n    observed: null # soon\n',
      "    observed: { peakViewers: 9_400_000, outageMinutes: 0, source: 'CloudWatch' } # soon\n",
    ],
    [
      'an empty mapping',
      '  - id: a\n    observed: {} # soon\n',
      "    observed: { peakViewers: 9_400_000, outageMinutes: 0, source: 'CloudWatch' } # soon\n",
    ],
    [
      'others in braces and with other quotes',
      '  - id: b\n    observed: { source: "press" }\n  - id: a\n',
      '  - id: a\n    observed: { peakViewers: 9_400_000, outageMinutes: 0, source: "CloudWatch" }\n',
    ],
    [
      'a neighbour without quotes',
      '  - id: a\n  - id: b\n    observed:\n      source: press\n',
      '      source: CloudWatch\n  - id: b\n',
    ],
  ])('written as its file is: %s', (_, entries, expected) => {
    const eol = entries.includes('\r') ? '\r\n' : '\n';
    const { text } = write(`releases:${eol}${entries}`);
    expect(text).toContain(expected);
    expect(
      (parse(text) as { releases: { id: string; observed: unknown }[] }).releases.find(({ id }) => id === 'a')!
        .observed,
    ).toEqual({ peakViewers: '9_400_000', outageMinutes: 0, source: 'CloudWatch' });
  });

  test('what was not measured is not written, and minutes may have a fraction', () => {
    expect(write('releases:\n  - id: a\n', { source: 'ours' }).observed).toBe("    observed:\n      source: 'ours'");
    expect(write('releases:\n  - id: a\n', { outageMinutes: 1234.5678, source: 'ours' }).observed).toContain(
      'outageMinutes: 1234.5678\n',
    );
  });

  test('a text of several lines at its end keeps its blank lines', () => {
    for (const last of ['|+\n      A\n\n\n', '|\n      A\n      # no comment\n', '"A\n\n      B" # c\n']) {
      const text = `releases:\n  - id: a\n    title: ${last}  - id: b\n`;
      const [a, b] = (parse(write(text).text) as { releases: unknown[] }).releases;
      expect(a).toEqual({ ...(parse(text) as { releases: object[] }).releases[0], observed: expect.anything() });
      expect(b).toEqual({ id: 'b' });
    }
  });
});

describe('an observation that is there', () => {
  test('is measured in place, and its comments stay', () => {
    const file = readFileSync('release-calendar/2016-2026-observed.yaml', 'utf8');
    const { text, observed } = write(file, { ...MEASURED, outageMinutes: undefined }, 'stranger-things-5-finale');
    expect(observed).toMatchInlineSnapshot(`
     "    observed:
           peakViewers: 9_400_000 # assumption, see above
           assumed: false
           outageMinutes: 1
           source: 'CloudWatch'"
    `);
    expect(text.startsWith(file.slice(0, file.lastIndexOf('    observed:')))).toBe(true);
  });

  test('gets the keys that it lacks where they belong', () => {
    const text = [
      'releases:',
      '  - id: a',
      '    observed: # last week',
      '      # as told on the phone',
      '      source: >- # who',
      '        the operations',
      '        of the night',
      '',
      '      # assumption',
      '      assumed: true # not for long',
      '    title: A',
      '',
    ].join('\n');
    expect(write(text).text).toMatchInlineSnapshot(`
     "releases:
       - id: a
         observed: # last week
           peakViewers: 9_400_000
           # as told on the phone
           source: 'CloudWatch' # who

           # assumption
           assumed: false # not for long
           outageMinutes: 0
         title: A
     "
    `);
  });

  test('keeps what the new one does not state: an assumed peak stays assumed', () => {
    const text = "releases:\n  - id: a\n    observed: { peakViewers: 5_000, assumed: true, source: 'press' } # p\n";
    expect(write(text, { outageMinutes: 5, source: 'ours' }).text).toBe(
      "releases:\n  - id: a\n    observed: { peakViewers: 5_000, assumed: true, outageMinutes: 5, source: 'ours' } # p\n",
    );
    expect(write(text, { peakViewers: 5000, source: 'press' }).text).toBe(text.replace('true', 'false'));
  });

  test('that says the same is not touched, however it is written', () => {
    const text =
      'releases:\n  - id: a\n    observed:\n      outageMinutes: 0x0\n      peakViewers: 9400000\n      source: Cloud\\\n'
        .replace('0x0', '"0"')
        .replace('Cloud\\', '"\\x43loudWatch"');
    expect(write(text).text).toBe(text);
  });

  test.each([
    [
      '{ peakViewers: 5, # f\n       source: "x" }',
      '{ peakViewers: 9_400_000, outageMinutes: 0, # f\n       source: "CloudWatch" }',
    ],
    [
      '{\n      source: x, # s\n    }',
      '{\n      peakViewers: 9_400_000,\n      outageMinutes: 0,\n      source: CloudWatch, # s\n    }',
    ],
    ['{ source: x, peakViewers: 5 }', '{ source: CloudWatch, peakViewers: 9_400_000, outageMinutes: 0 }'],
    ['{ peakViewers: , source: x }', '{ peakViewers: 9_400_000, outageMinutes: 0 , source: CloudWatch }'],
    [
      '\n      peakViewers: # p\n      source: |\n        x\n        y',
      "\n      peakViewers: 9_400_000 # p\n      outageMinutes: 0\n      source: 'CloudWatch'\n",
    ],
    [
      '\n      source: two\n        lines # s',
      '\n      peakViewers: 9_400_000\n      outageMinutes: 0\n      source: CloudWatch # s\n',
    ],
    [
      '\n      source: |+ # s\n        x\n\n\n      outageMinutes: 5',
      "\n      peakViewers: 9_400_000\n      source: 'CloudWatch' # s\n\n\n      outageMinutes: 0\n",
    ],
  ])('%j', (observed, expected) => {
    expect(
      write(`releases:\n  - id: a\n    observed: ${observed}\n    title: A\n`.replace(': \n', ':\n')).text,
    ).toContain(expected);
  });
});

test.each(["it's", "a: 'b' # c", 'two\nlines', 'a, b [c] {d}', '\u202Eevil', '5', ' ', "'"])(
  'a source is read back as it was: %j',
  (source) => {
    for (const observed of [
      '',
      '    observed: { source: x }\n',
      "    observed:\n      source: 'x'\n",
      '    observed:\n      source: >-\n        x\n',
    ]) {
      const { text } = write(`releases:\n  - id: a\n${observed}`, { source });
      expect(parse(text)).toEqual({ releases: [{ id: 'a', observed: { source } }] });
    }
  },
);

test('a figure behind a tag is a figure all the same', () => {
  const text = 'releases:\n  - id: a\n    observed: { source: x, outageMinutes: !!str 5 }\n';
  expect(write(text, { outageMinutes: 7, source: 'x' }).text).toBe(text.replace('5', '7'));
});

test('an anchor that nobody else uses is no hindrance, and an alias gives way to the figure', () => {
  const text =
    'releases:\n  - &a\n    id: a\n    length: &l PT1H\n  - id: b\n    length: *l\n    observed: { peakViewers: *l, source: x }\n';
  expect(write(text).text).toContain('length: &l PT1H\n    observed: { peakViewers: 9_400_000, ');
  expect(write(text, MEASURED, 'b').text).toContain('{ peakViewers: 9_400_000, outageMinutes: 0, source: CloudWatch }');
});

describe('is left alone, and named', () => {
  const byHand = "write it by hand: observed: { peakViewers: 9_400_000, outageMinutes: 0, source: 'CloudWatch' }";

  test.each([
    [
      'an entry that others repeat',
      '  - &a\n    id: a\n  - *a\n',
      /does not stand once and as an entry of its own in calendar.yaml/,
    ],
    ['an entry that is repeated', '  - x: &a\n      id: a\n  - *a\n', /does not stand once and as an entry of its own/],
    ['an id that stands twice', '  - id: a\n  - id: a\n', /does not stand once/],
    [
      'an observation that others repeat',
      '  - id: a\n    observed: &o { source: x }\n  - id: b\n    observed: *o\n',
      /is written in a way that observed cannot be put into, at "- id: a"/,
    ],
    [
      'an observation that repeats another',
      '  - id: b\n    observed: &o { source: x }\n  - id: a\n    observed: *o\n',
      /cannot be put into/,
    ],
    [
      'a figure that others repeat',
      '  - id: a\n    observed: { peakViewers: &p 5, source: x }\n  - id: b\n    audience: { peakViewers: *p }\n',
      /cannot be put into/,
    ],
    ['an observation that is none', '  - id: a\n    observed: 5\n', /cannot be put into/],
    ['a figure that is a list', '  - id: a\n    observed: { source: [x] }\n', /cannot be put into/],
    ['keys with question marks', '  - id: a\n    ? title\n    : A\n', /cannot be put into/],
  ])('%s', (_, entries, message) => {
    const result = writeObserved(`releases:\n${entries}`, 'calendar.yaml', 'a', MEASURED);
    expect(result).toEqual({
      code: 'calendar/file-form',
      message: expect.stringMatching(message),
      mend: message.source.includes('cannot') ? byHand : 'write it out',
    });
  });

  test.each([
    ['releases: [\n', 'calendar/file-form', 'the file cannot be read as YAML'],
    ['', 'calendar/unknown-release', 'calendar.yaml has no release "a"'],
    ['- id: a\n', 'calendar/unknown-release', 'calendar.yaml has no release "a"'],
    ['releases: 5\n', 'calendar/unknown-release', 'calendar.yaml has no release "a"'],
    ['releases:\n  - 5\n  -\n  - id: b\n', 'calendar/unknown-release', 'calendar.yaml has no release "a"'],
  ])('%j', (text, code, message) => {
    expect(writeObserved(text, 'calendar.yaml', 'a', MEASURED)).toEqual({ code, message, mend: expect.any(String) });
  });

  test('a slip in the id, with the one that was probably meant', () => {
    expect(writeObserved('releases:\n  - id: the-finale\n', 'calendar.yaml', 'the-finle', MEASURED)).toEqual({
      code: 'calendar/unknown-release',
      message: 'calendar.yaml has no release "the-finle"',
      mend: 'did you mean the-finale',
    });
  });
});

// A calendar as somebody might have written it: entries on lines and in braces, keys in any order, comments anywhere.

const note = fc.constantFrom('', '', ' # note', ' # a, b: {c} "d"');
const above = fc.constantFrom('', '', '# above\n', '\n', '\n# above\n\n');

const observations = fc.constantFrom(
  undefined,
  undefined,
  '{ peakViewers: 7_000, assumed: true, source: "press: it\'s said" }',
  '{ source: press, outageMinutes: 5 }',
  '{\n    source: press, # who\n    # nothing more\n  }',
  '# soon\n  peakViewers: 7_000 # assumption\n  assumed: true # yes\n  # why\n  outageMinutes: 1\n  source: press',
  '\n    # deep\n    source: >- # who\n      press, 2026: # no comment\n      down\n\n    # more\n    assumed: true\n    peakViewers: 7',
  "\n  source: 'it''s\n\n    said' # who\n  peakViewers: 7000",
  '\n  assumed: false\n  source: |+\n    press\n    # no comment\n\n\n  outageMinutes: 5.5',
  '\n  outageMinutes: 3\n  source: "press" # who',
);

const entries = fc.record({
  above,
  isFlow: fc.boolean(),
  start: fc.constantFrom(' ', '   ', '\n'),
  order: fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
  audience: fc.constantFrom(
    '{ peakViewers: 5_000 }',
    '\n  peakViewers: 5000 # assumed\n  # why\n  low: 4_000',
    '\n    peakViewers: 5_000',
  ),
  more: fc.constantFrom('', 'status: tentative', 'drill: none', 'environments: [prod, # one\n  dev]'),
  observed: observations,
  notes: fc.array(note, { minLength: 8, maxLength: 8 }),
  between: fc.array(above, { minLength: 8, maxLength: 8 }),
  end: fc.constantFrom('', '# nothing more\n', '\n# nothing more\n\n'),
  isLong: fc.boolean(),
  comma: fc.constantFrom('', ','),
});

type EntryStyle = typeof entries extends fc.Arbitrary<infer T> ? T : never;

function indented(text: string, by: string): string {
  return text.replaceAll(/^(?=.)/gm, by);
}

function renderEntry(style: EntryStyle, index: number, hyphen: string): string {
  const { isFlow, start, order, audience, more, observed, notes, between, end, isLong, comma } = style;
  const fields = [
    `id: no-${index}`,
    `title: 'no ${index}: it''s'`,
    `premiere: 2026-12-${10 + index} 17:00 Asia/Tokyo`,
    'kind: finale',
    `audience: ${isFlow ? '{ peakViewers: 5_000 }' : audience}`,
    more.replace('# one\n  ', isFlow ? '' : '# one\n  '),
    observed === undefined || (isFlow && !observed.startsWith('{')) ? '' : `observed: ${observed}`,
  ]
    .map((field, at) => ({ field: field.replace(': \n', ':\n'), at }))
    .filter(({ field }) => field !== '')
    .toSorted((a, b) => order[a.at]! - order[b.at]! || a.at - b.at)
    .map(({ field }) => field);
  const first = `${hyphen}-${start === '\n' ? `\n${hyphen}  ` : start}`;
  const by = hyphen + ' '.repeat(start === '\n' ? 2 : 1 + start.length);
  if (isFlow) {
    const isApart = isLong || fields.some((field) => field.includes('\n'));
    const members = fields.map((field, at) => {
      const tail = at < fields.length - 1 ? ',' : comma;
      return isApart ? `${indented(field, `${by}  `)}${tail}${notes[at]}\n` : `${field}${tail}`;
    });
    return isApart
      ? `${first}{\n${members.join('')}${by}}${notes[7]}\n`
      : `${first}{ ${members.join(' ')} }${notes[7]}\n`;
  }
  const lines = fields.map((field, at) => {
    // A note fits behind the last line of a value that is no text of several lines.
    const noted = /[|>]/.test(field) || field.includes('#') ? field : field + notes[at];
    return `${at === 0 ? '' : indented(between[at]!, by)}${indented(noted, by)}\n`;
  });
  return first + lines.join('').slice(by.length) + indented(end, by);
}

const calendars = fc
  .record({
    head: fc.constantFrom('', '# ours\n', '\uFEFF# ours\n', '---\n# ours\n\n'),
    hyphen: fc.constantFrom('', '  ', '    '),
    eol: fc.constantFrom('\n', '\r\n'),
    isOpen: fc.boolean(),
    tail: fc.constantFrom('', '# end\n', '\n# end\n\n'),
    styles: fc.array(entries, { minLength: 1, maxLength: 5 }),
  })
  .map(({ head, hyphen, eol, isOpen, tail, styles }) => {
    const blocks = styles.map((style, index) => indented(style.above, hyphen) + renderEntry(style, index, hyphen));
    const text = `${head}releases: # all\n${blocks.join('')}${tail}`;
    return { text: (isOpen ? text.replace(/\n+$/, '') : text).replaceAll('\n', eol), count: styles.length };
  });

const measurements = fc.array(
  fc.record({
    at: fc.nat(),
    peakViewers: fc.option(fc.integer({ min: 1, max: 1_000_000_000 }), { nil: undefined }),
    outageMinutes: fc.option(fc.constantFrom(0, 5, 1200, 0.5), { nil: undefined }),
    source: fc.oneof(
      fc.constantFrom('CloudWatch', "it's: # a, {b}", 'press'),
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== ''),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

function commentsOf(text: string): string[] {
  const tokens = [...new Lexer().lex(text)];
  // Behind this sign stands the text of a value.
  return tokens.filter((token, at) => token.startsWith('#') && tokens[at - 1] !== '\u001F');
}

function releasesOf(text: string): Release[] {
  const { calendar, diagnostics } = parseCalendar([{ file: 'calendar.yaml', text }]);
  if (!calendar) throw new Error(JSON.stringify(diagnostics));
  return calendar.releases.map((release) => ({ ...release, location: { file: '', line: 0, column: 0 } }));
}

/** Whether the release is written in braces, and from where to where its `observed` stands, key included. */
function placeOf(text: string, id: string): { isFlow: boolean; observed?: [from: number, to: number] } {
  const mark = text.startsWith('\uFEFF') ? 1 : 0;
  const { contents } = parseDocument(text.slice(mark), { stringKeys: true });
  const list = (contents as YAMLMap).get('releases');
  if (!isSeq(list)) throw new Error('no list');
  const entry = list.items.find((item) => isMap(item) && item.get('id') === id) as YAMLMap;
  const pair = entry.items.find(({ key }) => isScalar(key) && key.value === 'observed') as
    Pair<Scalar, Scalar> | undefined;
  return {
    isFlow: entry.flow === true,
    observed: pair && [pair.key.range![0] + mark, pair.value!.range![1] + mark],
  };
}

function isSubsequence(kept: string, text: string): boolean {
  let at = 0;
  for (const character of text) if (at < kept.length && kept.startsWith(character, at)) at += character.length;
  return at === kept.length;
}

test('any sequence of observations keeps every comment and every other byte, and says what was measured and nothing else', () => {
  fc.assert(
    fc.property(calendars, measurements, ({ text: before, count }, measured) => {
      let text = before;
      for (const { at, ...observation } of measured) {
        const id = `no-${at % count}`;
        const was = releasesOf(text);
        const { text: after, observed, line } = write(text, observation, id);

        const expected = was.map((release) => {
          if (release.id !== id) return release;
          const { peakViewers = release.observed?.peakViewers, outageMinutes = release.observed?.outageMinutes } =
            observation;
          const assumed = observation.peakViewers === undefined && (release.observed?.assumed ?? false);
          return { ...release, observed: { peakViewers, assumed, outageMinutes, source: observation.source } };
        });
        expect(releasesOf(after)).toEqual(expected);
        expect(commentsOf(after)).toEqual(commentsOf(text));

        const place = placeOf(text, id);
        if (place.observed) {
          const [from, to] = place.observed;
          expect(after.slice(0, from)).toBe(text.slice(0, from));
          expect(after.endsWith(text.slice(to))).toBe(true);
        } else if (place.isFlow) {
          expect(isSubsequence(text, after)).toBe(true);
        } else {
          expect(after.replace((text.includes('\r') ? '\r\n' : '\n') + observed, '')).toBe(text);
        }
        expect(after.split('\n')[line - 1]).toContain('observed');
        expect(after).toContain(observed);
        if (text.includes('\r')) expect(/[^\r]\n/.test(after)).toBe(false);
        else expect(after).not.toContain('\r');
        text = after;
      }
    }),
    { numRuns: 200 },
  );
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(
      calendars,
      fc.nat(),
      fc.nat({ max: 30 }),
      fc.constantFrom('', '{', '&a ', '*a', '- ', '"', ': ', '\n'),
      (from, at, length, put) => {
        const cut = at % from.text.length;
        const text = from.text.slice(0, cut) + put + from.text.slice(cut + length);
        expect(Object.keys(writeObserved(text, 'calendar.yaml', 'no-0', MEASURED))).toHaveLength(3);
      },
    ),
    { numRuns: 200 },
  );
});
