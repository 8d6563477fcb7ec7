import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse } from 'yaml';
import { type AppendedRelease, appendRelease, type NewRelease } from '../../lib/calendar/append-release';
import { parseCalendar } from '../../lib/calendar/parse-calendar';

const FINALE: NewRelease = {
  id: 'the-finale',
  title: 'The Finale',
  premiere: '2026-12-31 17:00 America/Los_Angeles',
  kind: 'finale',
  audience: { peakViewers: 9_000_000 },
};

function append(text: string, release: Partial<NewRelease> = {}): AppendedRelease {
  const result = appendRelease(text, { ...FINALE, ...release });
  if ('code' in result) throw new Error(`${result.message}: ${result.mend}`);
  return result;
}

/** The ids of a text, in its order. */
function ids(text: string): string[] {
  return (parse(text) as { releases: { id: string }[] }).releases.map(({ id }) => id);
}

function entry(id: string, day: number, rest = ''): string {
  const digits = String(day).padStart(2, '0');
  return `  - id: ${id}\n    title: ${id}\n    premiere: 2026-12-${digits}T19:00Z\n    kind: episode\n    audience: { peakViewers: 1_000 }\n${rest}`;
}

test('what nobody sees in a title is written as its number', () => {
  const title = 'safe\u202Eevil \u{E0041}';
  const { text } = append('releases:\n', { title });
  expect(text).toContain('title: "safe\\u202eevil \\U000e0041"');
  expect((parse(text) as { releases: { title: string }[] }).releases[0]!.title).toBe(title);
});

describe('the place of an entry', () => {
  const sorted = `releases:\n${entry('early', 1)}\n${entry('middle', 15)}\n${entry('late', 30)}`;

  test.each([
    ['2026-11-01T00:00Z', ['the-finale', 'early', 'middle', 'late']],
    ['2026-12-15T19:00Z', ['early', 'middle', 'the-finale', 'late']],
    ['2026-12-20T00:00Z', ['early', 'middle', 'the-finale', 'late']],
    ['2027-01-01T00:00Z', ['early', 'middle', 'late', 'the-finale']],
  ])('in a file that is sorted by premiere %s goes to its place', (premiere, expected) => {
    expect(ids(append(sorted, { premiere }).text)).toEqual(expected);
  });

  test.each([
    ['the file is not sorted', `releases:\n${entry('late', 30)}\n${entry('early', 1)}`, '2026-12-02T00:00Z'],
    ['a premiere of the file cannot be read', sorted.replace('2026-12-30T19:00Z', 'soon'), '2026-12-02T00:00Z'],
    ['its own cannot be read', sorted, 'soon'],
  ])('it is the end when %s', (_, text, premiere) => {
    expect(ids(append(text, { premiere }).text).at(-1)).toBe('the-finale');
  });

  test('it is after comments of the entry above and before those of the entry below', () => {
    const text = [
      'releases:',
      entry('early', 1, '    # about early, indented as it is\n\n    # and this too\n'),
      '  # A part of its own.',
      '',
      '  # about late',
      entry('late', 30),
    ].join('\n');
    expect(append(text, { premiere: '2026-12-10T00:00Z', audience: undefined, floors: { playback: 60 } }).text)
      .toMatchInlineSnapshot(`
"releases:
  - id: early
    title: early
    premiere: 2026-12-01T19:00Z
    kind: episode
    audience: { peakViewers: 1_000 }
    # about early, indented as it is

    # and this too

  - id: the-finale
    title: The Finale
    premiere: 2026-12-10T00:00Z
    kind: finale
    floors: { playback: 60 }

  # A part of its own.

  # about late
  - id: late
    title: late
    premiere: 2026-12-30T19:00Z
    kind: episode
    audience: { peakViewers: 1_000 }
"
`);
  });

  test('before the first entry it is above the comments of that entry, and below those of the list', () => {
    const text = `releases:\n  # all of them\n\n  # about late\n${entry('late', 30)}`;
    expect(append(text, { premiere: '2026-12-10T00:00Z' }).text).toMatch(
      /^releases:\n {2}# all of them\n\n {2}- id: the-finale\n[^#]+\n\n {2}# about late\n {2}- id: late\n/,
    );
  });
});

describe('the style of an entry', () => {
  test.each([
    ['hyphens in the column of the key', 'releases:\n- id: a\n', '\n- id: the-finale\n  title: The Finale\n'],
    ['wide hyphens', 'releases:\n   -   id: a\n', '\n   -   id: the-finale\n       title: The Finale\n'],
    [
      'a block below the entry',
      'releases:\n  - id: a\n    audience:\n      peakViewers: 1\n',
      '\n    audience:\n      peakViewers: 9_000_000\n',
    ],
    ['line ends of Windows', 'releases:\r\n  - id: a\r\n', '\r\n  - id: the-finale\r\n    title: The Finale\r\n'],
    ['a byte order mark', '\uFEFFreleases:\n  - id: a\n', '\n  - id: the-finale\n'],
  ])('is that of the file: %s', (_, text, expected) => {
    const { text: after } = append(text);
    expect(after.startsWith(text.trimEnd())).toBe(true);
    expect(after).toContain(expected);
    expect(after.replaceAll('\r\n', '').includes('\n')).toBe(!text.includes('\r'));
  });

  test('keeps entries together that no blank line parts, and apart those that one does', () => {
    const together = `releases:\n${entry('a', 1)}${entry('b', 2)}`;
    expect(append(together).text).not.toContain('\n\n');
    expect(append(together.replace('  - id: b', '\n  - id: b')).text).toContain('}\n\n  - id: the-finale');
  });

  test('a text without a newline at its end stays one', () => {
    expect(append('releases:\n  - id: a').text).toMatch(
      /^releases:\n {2}- id: a\n\n {2}- id: the-finale\n[^]*9_000_000 }$/,
    );
  });

  test('everything that can be stated, in the order of the other entries', () => {
    const { entry: lines } = append('', {
      kind: 'live',
      length: 'PT2H8M',
      audience: { peakViewers: 9_000_000, low: 6_000_000, high: 14_000_000 },
      floors: { playback: 1_600, packager: 2 },
      status: 'tentative',
      environments: ['prod', '123'],
    });
    expect(lines).toMatchInlineSnapshot(`
"  - id: the-finale
    title: The Finale
    premiere: 2026-12-31 17:00 America/Los_Angeles
    kind: live
    length: PT2H8M
    audience: { peakViewers: 9_000_000, low: 6_000_000, high: 14_000_000 }
    floors: { playback: 1_600, packager: 2 }
    status: tentative
    environments: [prod, '123']"
`);
  });

  test.each([
    "It's: new",
    '# one',
    '5',
    'null',
    '- a',
    '- ',
    'a, b [c] {d}',
    '"quoted"',
    'two\nlines',
    'tab\there',
    '雪の夜',
    '&a',
    '!',
    '@x',
    ' a:',
    '%',
    '',
    'é\u0085\u2028',
    '\u{1F389}',
  ])('a title is read back as it was: %j', (title) => {
    const { text } = append(`releases:\n${entry('a', 1)}`, { title });
    expect((parse(text) as { releases: { title: string }[] }).releases[1]!.title).toBe(title);
  });

  test('quotes stand only where they are needed', () => {
    const title = (text: string): string => /title: (.*)/.exec(append('', { title: text }).text)![1]!;
    expect(['The Finale, part 1', 'The Finale: part 1', '24'].map(title)).toEqual([
      'The Finale, part 1',
      "'The Finale: part 1'",
      "'24'",
    ]);
  });
});

describe('a file without entries gets its list', () => {
  test.each([
    ['empty', '', /^releases:\n {2}- id: the-finale\n[^]*}\n$/],
    ['of comments', '# ours\n', /^# ours\nreleases:\n {2}- id/],
    ['of a comment without a newline', '# ours', /^# ours\nreleases:\n {2}- id[^]*}$/],
    ['a document that is empty', '---\n', /^---\nreleases:\n {2}- id/],
    ['nothing below the key', 'releases:\n', /^releases:\n {2}- id/],
    [
      'comments below the key',
      'releases: # ours\n  # list\n\n# end\n',
      /^releases: # ours\n {2}# list\n {2}- id[^#]*\n\n# end\n$/,
    ],
    ['an empty list', 'releases: []\n', /^releases:\n {2}- id/],
    [
      'an empty list with a comment',
      'releases: [ ] # none\r\n# end\r\n',
      /^releases: # none\r\n {2}- id[^#]*\r\n# end\r\n$/,
    ],
    [
      'an empty list on a line of its own',
      'releases:\n  # ours\n  []\n# end\n',
      /^releases:\n {2}# ours\n {2}- id[^#[]*\n# end\n$/,
    ],
  ])('%s', (_, text, expected) => {
    const { text: after } = append(text);
    expect(after).toMatch(expected);
    expect(parseCalendar([{ file: 'a.yaml', text: after }]).diagnostics).toEqual([]);
  });
});

test.each([
  [
    'a list in brackets',
    'releases: [{ id: a }]\n',
    'the list releases is written in brackets, got "releases: [{ id: a }]"',
  ],
  [
    'an empty list with a comment inside',
    'releases: [ # none\n]\n',
    'the list releases is written in brackets, got "releases: [ # none"',
  ],
  ['a mapping in braces', '{ releases: [] }\n', 'the file has no list releases on lines of its own'],
  ['a list without a key', '- id: a\n', 'the file has no list releases on lines of its own'],
  ['a key with a question mark', '? releases\n: - id: a\n', 'the file has no list releases on lines of its own'],
  ['a list with an anchor', 'releases: &all\n  - id: a\n', 'releases is not a plain list'],
  ['something else', 'releases: 5\n', 'releases is not a plain list'],
  ['no YAML', 'releases: [\n', 'the file cannot be read as YAML'],
  ['several documents', 'releases:\n---\nreleases:\n', 'the file cannot be read as YAML'],
  [
    'aliases that multiply',
    `releases:\n  - id: a\nx: [&a [1], &b [${'*a,'.repeat(300)}], [${'*b,'.repeat(300)}]]\n`,
    'the file cannot be read as YAML',
  ],
])('%s is left alone, and named', (_, text, message) => {
  expect(appendRelease(text, FINALE)).toEqual({ code: 'calendar/file-form', message, mend: expect.any(String) });
});

test('a text of several lines at the end of an entry keeps its blank lines and what looks like comments', () => {
  for (const last of [
    '|+\n      a\n\n\n',
    '|\n      a\n      # no comment\n',
    '>-\n      a\n\n      b\n',
    '"a\n\n      b" # c\n',
  ]) {
    const text = `releases:\n${entry('a', 1, `    source: ${last}`)}`;
    const { text: after } = append(text);
    expect((parse(after) as { releases: unknown[] }).releases[0]).toEqual(
      (parse(text) as { releases: unknown[] }).releases[0],
    );
    expect(ids(after)).toEqual(['a', 'the-finale']);
  }
});

test('the calendars of this repository keep every line', () => {
  for (const file of ['2016-2026-observed', '2026-2027-season']) {
    const before = readFileSync(`release-calendar/${file}.yaml`, 'utf8');
    const { text, entry: lines } = append(before);
    expect(text.replace(`\n${lines}\n`, '')).toBe(before);
  }
});

// A calendar as somebody might have written it: comments anywhere, blank lines, two kinds of indentation, of line ends and of mappings.
const calendars = fc
  .record({
    head: fc.constantFrom('', '# ours\n', '---\n# ours\n\n'),
    hyphen: fc.constantFrom('', '  ', '    '),
    eol: fc.constantFrom('\n', '\r\n'),
    isOpen: fc.boolean(),
    tail: fc.constantFrom('', '# end\n', '\n# end\n\n', '      # deep\n'),
    entries: fc.array(
      fc.record({
        above: fc.constantFrom(
          '',
          '# about it\n',
          '\n',
          '\n# about it\n',
          '\n# a part\n\n# about it\n',
          '      # deep\n',
        ),
        day: fc.integer({ min: 1, max: 28 }),
        audience: fc.constantFrom(
          ' { peakViewers: 5 } # assumed',
          '\n    peakViewers: 5 # assumed\n    # why\n    low: 4',
        ),
        more: fc.constantFrom(
          '',
          'status: tentative # not sure\n',
          '# nothing more\n',
          'observed:\n    outageMinutes: 1\n    source: |+\n      a\n      # no comment\n\n',
          'drill:\n',
          'environments: [prod] # one\n\n\n',
        ),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ head, hyphen, eol, isOpen, tail, entries }) => {
    const blocks = entries.map(({ above, day, audience, more }, index) => {
      const rest = `title: 'no ${index}'\npremiere: 2026-12-${String(day).padStart(2, '0')} 17:00 Asia/Tokyo # local\nkind: finale\naudience:${audience}\n${more}`;
      const body = rest.replaceAll(/^(?=.)/gm, `${hyphen}  `);
      return `${above.replaceAll(/^(?=.)/gm, hyphen)}${hyphen}- id: no-${index} # id\n${body}`;
    });
    const text = `${head}releases:${entries.length === 0 ? ' []' : ''} # all\n${blocks.join('')}${tail}`;
    return (isOpen ? text.replace(/\n+$/, '') : text).replaceAll('\n', eol);
  });

const additions = fc.array(
  fc.record({
    day: fc.integer({ min: 1, max: 28 }),
    form: fc.constantFrom({ peakViewers: 9_000 }, { peakViewers: 9_000, low: 1, high: 10_000 }, undefined),
    title: fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== ''),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Whether all of `kept` is in `text`, in its order: what is left are insertions. */
function isSubsequence(kept: readonly string[], text: readonly string[]): boolean {
  let at = 0;
  for (const line of text) if (line === kept[at]) at += 1;
  return at === kept.length;
}

/** How many characters two texts begin with alike. */
function sharedStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function reversed(text: string): string {
  return text.split('').toReversed().join('');
}

test('any sequence of additions keeps every comment, every other byte, and what every other entry says', () => {
  fc.assert(
    fc.property(calendars, additions, (before, added) => {
      let text = before;
      const expected = new Map(
        ((parse(before) as { releases: { id: string }[] }).releases ?? []).map((release) => [release.id, release]),
      );
      for (const [index, { day, form, title }] of added.entries()) {
        const premiere = `2026-12-${String(day).padStart(2, '0')} 17:00 Asia/Tokyo`;
        const release = { ...FINALE, id: `new-${index}`, title, premiere, audience: form, floors: { playback: 60 } };
        const { text: after, entry: lines } = append(text, release);
        // One piece was put in, and nothing else is different; an empty list gives way to the entry.
        const without = text.replace('releases: [] #', 'releases: #');
        expect(sharedStart(without, after) + sharedStart(reversed(without), reversed(after))).toBeGreaterThanOrEqual(
          without.length,
        );
        expect(after.length - without.length - lines.length).toBeLessThanOrEqual(4);
        expect(after.endsWith('\n')).toBe(text.endsWith('\n'));
        if (text.includes('\n')) expect(/[^\r]\n/.test(after)).toBe(/[^\r]\n/.test(text));
        text = after;
      }
      const now = (parse(text) as { releases: { id: string }[] }).releases;
      expect(now.filter(({ id }) => !id.startsWith('new-'))).toEqual([...expected.values()]);
      expect(now.map(({ id }) => id).filter((id) => id.startsWith('new-'))).toHaveLength(added.length);
      const comments = (of: string): string[] => of.match(/#.*/g) ?? [];
      expect(isSubsequence(comments(before), comments(text))).toBe(true);
    }),
    { numRuns: 100 },
  );
});
