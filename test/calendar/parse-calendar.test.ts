import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { type CalendarFile, parseCalendar } from '../../lib/calendar/parse-calendar';
import type { Release, ReleaseCalendar } from '../../lib/calendar/release';
import { renderDiagnostics } from '../../lib/calendar/render-diagnostics';

/** The example of the documentation, every key of the format in use. */
const EXAMPLE = `# yaml-language-server: $schema=./schema.json
releases:
  - id: stranger-things-5-finale          # unique in the whole calendar; [a-z0-9-]
    title: "Stranger Things 5: the finale"
    premiere: 2025-12-31 17:00 America/Los_Angeles
    kind: finale                          # season | episode | finale | live
    audience:
      peakViewers: 9_000_000              # expected peak concurrent viewers, median forecast
      low: 6_000_000
      high: 14_000_000
    length: PT2H8M
    warmUp: PT1H
    hold: PT20M
    drill: P1D
    status: confirmed
    environments: [prod]
    previously: [2025-12-28 17:00 America/Los_Angeles]
    observed:
      peakViewers: 11_200_000
      assumed: true
      outageMinutes: 1
      source: "press, January 2026"
  - id: a-small-premiere
    title: A small premiere
    premiere: 2026-12-04T19:00Z
    kind: episode
    floors: { playback: 60 }
  - id: next-year
    title: Calibrated on an earlier release
    premiere: 2026-12-31T17:00[America/Los_Angeles]
    kind: finale
    audience: { like: stranger-things-5-finale, growth: 1.3 }
`;

function entry(id: string, fields = 'floors: { playback: 60 }', kind = 'season'): string {
  return `  - { id: ${id}, title: ${id}, premiere: 2026-12-04T19:00Z, kind: ${kind}, ${fields} }\n`;
}

function parse(entries: string, options = {}) {
  return parseCalendar([{ file: 'a.yaml', text: `releases:\n${entries}` }], options);
}

function calendarOf(entries: string): ReleaseCalendar {
  const { calendar, diagnostics } = parse(entries);
  if (!calendar) throw new Error(renderDiagnostics(diagnostics));
  return calendar;
}

function releaseOf(fields: string, kind?: string): Release {
  return calendarOf(entry('a', fields, kind)).releases[0]!;
}

/** `code at LINE: MARKED TEXT`, in order. */
function placesOf(entries: string, options = {}): string[] {
  return parse(entries, options).diagnostics.map(({ code, line, column = 1, sourceLine = '', length = 1 }) => {
    return `${code} at ${line}: ${sourceLine.slice(column - 1, column - 1 + length)}`;
  });
}

describe('what an entry says becomes a release', () => {
  test('the documented example is read in full, with one warning for the assumed figure', () => {
    const { calendar, diagnostics } = parseCalendar([{ file: 'release-calendar/2026.yaml', text: EXAMPLE }], {
      environments: ['dev', 'staging', 'prod'],
      layers: ['playback'],
    });
    expect(diagnostics.map(({ severity, code, line, column }) => [severity, code, line, column])).toEqual([
      ['warning', 'calendar/like-assumed', 32, 23],
    ]);
    expect(calendar?.releases).toEqual([
      {
        id: 'stranger-things-5-finale',
        title: 'Stranger Things 5: the finale',
        premiereAt: Date.UTC(2026, 0, 1, 1) / 1000,
        premiereZone: 'America/Los_Angeles',
        kind: 'finale',
        audience: { peakViewers: 9_000_000, low: 6_000_000, high: 14_000_000 },
        floors: {},
        lengthSeconds: 7680,
        warmUpSeconds: 3600,
        holdSeconds: 1200,
        drillSeconds: 86_400,
        status: 'confirmed',
        environments: ['prod'],
        previouslyAt: [Date.UTC(2025, 11, 29, 1) / 1000],
        observed: { peakViewers: 11_200_000, assumed: true, outageMinutes: 1, source: 'press, January 2026' },
        location: { file: 'release-calendar/2026.yaml', line: 3, column: 5 },
      },
      {
        id: 'a-small-premiere',
        title: 'A small premiere',
        premiereAt: Date.UTC(2026, 11, 4, 19) / 1000,
        premiereZone: 'UTC',
        kind: 'episode',
        floors: { playback: 60 },
        drillSeconds: 86_400,
        status: 'confirmed',
        previouslyAt: [],
        location: { file: 'release-calendar/2026.yaml', line: 23, column: 5 },
      },
      {
        id: 'next-year',
        title: 'Calibrated on an earlier release',
        premiereAt: Date.UTC(2027, 0, 1, 1) / 1000,
        premiereZone: 'America/Los_Angeles',
        kind: 'finale',
        audience: {
          peakViewers: 14_560_000,
          like: { id: 'stranger-things-5-finale', growth: 1.3, assumed: true },
        },
        floors: {},
        drillSeconds: 86_400,
        status: 'confirmed',
        previouslyAt: [],
        location: { file: 'release-calendar/2026.yaml', line: 28, column: 5 },
      },
    ]);
  });

  test.each([
    ['audience: { peakViewers: 5 }', { peakViewers: 5 }],
    ['audience: { peakViewers: 1_0, low: 10 }', { peakViewers: 10, low: 10 }],
    ['audience: { peakViewers: "2_000", high: 3000 }', { peakViewers: 2000, high: 3000 }],
    ['audience: { peakViewers: 2e6, uncertainty: 3 }', { peakViewers: 2_000_000, uncertainty: 3 }],
  ])('{ %s }', (fields, audience) => {
    expect(releaseOf(fields).audience).toEqual(audience);
  });

  test('an audience and floors may be stated together', () => {
    expect(releaseOf('audience: { peakViewers: 5 }, floors: { playback: 1_000, edge: 2 }')).toMatchObject({
      audience: { peakViewers: 5 },
      floors: { playback: 1000, edge: 2 },
    });
  });

  test('drill: none plans no drill', () => {
    expect(releaseOf('floors: { playback: 1 }, drill: none').drillSeconds).toBeNull();
  });

  test('a cancelled or tentative release stays in the calendar with its status', () => {
    expect(releaseOf('floors: { playback: 1 }, status: cancelled').status).toBe('cancelled');
    expect(releaseOf('floors: { playback: 1 }, status: tentative').status).toBe('tentative');
  });

  test('an outage may be part of a minute, and none at all', () => {
    const outage = (minutes: string) =>
      releaseOf(`floors: { playback: 1 }, observed: { outageMinutes: ${minutes}, source: us }`).observed;
    expect(outage('0.5')).toEqual({ assumed: false, outageMinutes: 0.5, source: 'us' });
    expect(outage('0')).toEqual({ assumed: false, outageMinutes: 0, source: 'us' });
    expect(outage('1_440')).toEqual({ assumed: false, outageMinutes: 1440, source: 'us' });
  });

  test('anchors are read, and a calendar may be empty', () => {
    expect(releaseOf('audience: { peakViewers: &peak 5, high: 6 }, floors: { playback: *peak }').floors).toEqual({
      playback: 5,
    });
    expect(parseCalendar([{ file: 'a.yaml', text: 'releases: []' }]).calendar?.releases).toEqual([]);
    expect(parseCalendar([]).calendar?.releases).toEqual([]);
  });
});

describe('like takes the observed peak of another release, whatever file it is in', () => {
  const earlier = (observed: string) => entry('earlier', `audience: { peakViewers: 10 }, observed: { ${observed} }`);
  const later = (audience: string, more = '') => entry('later', `audience: { ${audience} }${more}`);

  test('times growth, rounded to whole viewers', () => {
    const { releases } = calendarOf(
      earlier('peakViewers: 11, source: us') + later('like: earlier, growth: 1.5, uncertainty: 0.2'),
    );
    expect(releases[1]?.audience).toEqual({
      peakViewers: 17,
      uncertainty: 0.2,
      like: { id: 'earlier', growth: 1.5, assumed: false },
    });
  });

  test('as it is without growth, and never less than one viewer', () => {
    const peak = (audience: string) =>
      calendarOf(earlier('peakViewers: 11, source: us') + later(audience)).releases[1]?.audience?.peakViewers;
    expect(peak('like: earlier')).toBe(11);
    expect(peak('like: earlier, growth: 0.001')).toBe(1);
  });

  test('an assumed figure is a warning, and the calendar is still there', () => {
    const entries = earlier('peakViewers: 11, assumed: true, source: us') + later('like: earlier');
    expect(placesOf(entries)).toEqual(['calendar/like-assumed at 3: earlier']);
    expect(calendarOf(entries).releases[1]?.audience?.like).toEqual({ id: 'earlier', growth: 1, assumed: true });
  });

  test('nothing is said about like when the release may stand in a file that cannot be read', () => {
    const files = [
      { file: 'a.yaml', text: 'releases: [' },
      { file: 'b.yaml', text: `releases:\n${later('like: earlier')}` },
    ];
    expect(parseCalendar(files).diagnostics.map(({ code, file }) => [file, code])).toEqual([
      ['a.yaml', 'calendar/yaml'],
    ]);
  });

  test('a badly written observed peak is reported once, at itself', () => {
    expect(placesOf(earlier('peakViewers: many, source: us') + later('like: earlier'))).toEqual([
      'calendar/peak-viewers at 2: many',
    ]);
  });

  test('growth beyond any believable audience is refused', () => {
    expect(placesOf(earlier('peakViewers: 900_000_000, source: us') + later('like: earlier, growth: 2'))).toEqual([
      'calendar/growth at 3: 2',
    ]);
  });
});

describe('an audience far above anything observed is a warning at its figure', () => {
  const seen = (peak: number) =>
    entry('seen', `audience: { peakViewers: 5 }, observed: { peakViewers: ${peak}, source: us }`);

  test('from more than three times the largest observed peak on', () => {
    const places = (peak: number) =>
      placesOf(
        seen(50) + entry('less', 'audience: { peakViewers: 5 }') + entry('far', `audience: { peakViewers: ${peak} }`),
      );
    expect(places(150)).toEqual([]);
    expect(places(151)).toEqual(['calendar/far-above-observed at 4: 151']);
  });

  test('not for what is cancelled, has itself been observed, or when nothing was observed', () => {
    const far = (more: string) => placesOf(seen(50) + entry('b', `audience: { peakViewers: 1_000 }${more}`));
    expect(far(', status: cancelled')).toEqual([]);
    expect(far(', observed: { outageMinutes: 1, source: us }')).toEqual([]);
    expect(
      placesOf(entry('a', 'audience: { peakViewers: 1_000_000 }') + entry('b', 'audience: { peakViewers: 1 }')),
    ).toEqual([]);
  });

  test('at growth, or else at like, when the figure was calibrated', () => {
    const low = entry('low', 'audience: { peakViewers: 5 }, observed: { peakViewers: 10, source: us }');
    expect(placesOf(low + entry('b', 'audience: { like: low, growth: 4 }'))).toEqual([
      'calendar/far-above-observed at 3: 4',
    ]);
  });
});

describe('names are checked where the caller knows them', () => {
  const fields = 'floors: { edge: 5 }, environments: [moon]';
  test('and only there', () => {
    expect(placesOf(entry('a', fields))).toEqual([]);
    expect(placesOf(entry('a', fields), { environments: ['prod'] })).toEqual([
      'calendar/unknown-environment at 2: moon',
    ]);
    expect(placesOf(entry('a', fields), { layers: ['playback'] })).toEqual(['calendar/unknown-layer at 2: edge']);
  });
});

describe('the digest says whether the calendar means something else', () => {
  const digest = (text: string) => {
    const { calendar, diagnostics } = parseCalendar([{ file: 'a.yaml', text }]);
    if (!calendar) throw new Error(renderDiagnostics(diagnostics));
    return calendar.digest;
  };

  test.each([
    ['comments', (text: string) => text.replaceAll(/ +#.*/g, '')],
    ['the spelling of numbers', (text: string) => text.replace('9_000_000', '9000000')],
    [
      'the spelling of times',
      (text: string) =>
        text.replace('2025-12-31 17:00 America/Los_Angeles', '2025-12-31T17:00-08:00[America/Los_Angeles]'),
    ],
    ['the spelling of durations', (text: string) => text.replace('PT2H8M', 'PT128M')],
    ['stated defaults', (text: string) => text.replace(/ +drill: P1D\n +status: confirmed\n/, '')],
    ['line ends', (text: string) => text.replaceAll('\n', '\r\n')],
  ])('it does not depend on %s', (_, change) => {
    expect(change(EXAMPLE)).not.toBe(EXAMPLE);
    expect(digest(change(EXAMPLE))).toBe(digest(EXAMPLE));
  });

  test.each([
    ['the time', 'premiere: 2026-12-04T19:00Z', 'premiere: 2026-12-04T19:01Z'],
    ['the audience', '9_000_000', '9_000_001'],
    ['the status', 'status: confirmed', 'status: cancelled'],
    ['the drill', 'drill: P1D', 'drill: none'],
    ['floors', 'playback: 60', 'playback: 61'],
    ['what was observed', 'outageMinutes: 1', 'outageMinutes: 2'],
    ['growth', 'growth: 1.3', 'growth: 1.31'],
  ])('it changes with %s', (_, from, to) => {
    expect(EXAMPLE).toContain(from);
    expect(digest(EXAMPLE.replace(from, to))).not.toBe(digest(EXAMPLE));
  });

  test('it looks as the plan shows it', () => {
    expect(digest(EXAMPLE)).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});

test('the order of entries and their split into files change nothing', () => {
  const entries = [
    entry('a'),
    entry('b', 'audience: { peakViewers: 10 }, observed: { peakViewers: 12, source: us }'),
    entry('c', 'audience: { like: b, growth: 2 }'),
    entry('d', 'audience: { like: b }, environments: [prod, dev]').replace('12-04', '11-04'),
    entry('e', 'floors: { y: 2, x: 1 }').replace('12-04', '10-04'),
    entry('f', 'floors: { x: 1 }, previously: [2026-12-01T00:00Z, 2026-11-01T00:00Z]'),
  ];
  const meaning = (files: CalendarFile[]) => {
    const { calendar } = parseCalendar(files);
    return {
      digest: calendar?.digest,
      releases: calendar?.releases.map((release) => ({ ...release, location: undefined })),
    };
  };
  const text = (some: string[]) => (some.length > 0 ? `releases:\n${some.join('')}` : 'releases: []\n');
  const expected = meaning([{ file: 'a.yaml', text: text(entries) }]);
  expect(expected.releases?.map(({ id }) => id)).toEqual(['e', 'd', 'a', 'b', 'c', 'f']);
  fc.assert(
    fc.property(
      fc.shuffledSubarray(entries, { minLength: entries.length }),
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: entries.length, maxLength: entries.length }),
      fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
      (shuffled, fileOf, fileOrder) => {
        const files = fileOrder.map((index) => ({
          file: `${index}.yaml`,
          text: text(shuffled.filter((_, place) => fileOf[place] === index)),
        }));
        expect(meaning(files)).toEqual(expected);
      },
    ),
  );
});

test('problems of all files are reported at once, sorted by file, line and column', () => {
  const { calendar, diagnostics } = parseCalendar([
    { file: 'c.yaml', text: '' },
    { file: 'b.yaml', text: `releases:\n${entry('b', 'lenght: PT1H, hold: 5')}` },
    { file: 'a.yaml', text: 'releases:\n  - id: "open\n' },
  ]);
  expect(calendar).toBeUndefined();
  expect(diagnostics.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`)).toEqual([
    'a.yaml:3:1 calendar/yaml',
    'b.yaml:2:5 calendar/missing-key',
    'b.yaml:2:67 calendar/unknown-key',
    'b.yaml:2:87 calendar/duration',
    'c.yaml:1:1 calendar/empty-file',
  ]);
});

test('a problem behind an anchor that is used often is told once', () => {
  const base = entry('a', 'audience: &wrong { peakViewers: 0 }');
  expect(placesOf(base + entry('b', 'audience: *wrong') + entry('c', 'audience: *wrong'))).toEqual([
    'calendar/peak-viewers at 2: 0',
  ]);
});

describe('no text makes the parser fail', () => {
  function check(text: string): void {
    const { calendar, diagnostics } = parseCalendar([{ file: 'a.yaml', text }], {
      environments: ['prod'],
      layers: ['playback'],
    });
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect(calendar === undefined).toBe(errors.length > 0);
    const lines = text.replace(/^\uFEFF/, '').split('\n').length;
    const outside = diagnostics.filter(({ line = 0, column = 0 }) => line < 1 || line > lines || column < 1);
    expect(outside).toEqual([]);
    expect(typeof renderDiagnostics(diagnostics)).toBe('string');
  }

  test.each([
    ['deep nesting', `releases: ${'['.repeat(20_000)}`],
    ['deep indentation', Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['a list that contains itself', 'releases: &all [*all]'],
    ['a mapping that contains itself', 'releases: [&all { audience: *all, floors: *all }]'],
    ['an alias as a key', 'releases: []\n&a x: 1\n*a : 2'],
    ['a mapping as a key', '? { a: 1 }\n: 2'],
    [
      'keys of every object',
      'releases: [{ __proto__: 1, constructor: 2, toString: 3, floors: { __proto__: 1, constructor: 2 } }]',
    ],
    ['unknown tags', 'releases: !!binary aGk=\nx: !foo [1]'],
    ['another version of YAML', '%YAML 1.1\n---\nreleases: yes'],
    ['merge keys', 'releases: [{ <<: { id: a } }]'],
    [
      'numbers of every sort',
      'releases: [{ id: .nan, title: -.inf, kind: 0x1F, length: 1e999, floors: { a: 99999999999999999999 } }]',
    ],
    ['only a byte order mark', '\uFEFF'],
    ['only a tab', '\t'],
    ['a text without end', 'releases: |\n  - id: x\n    title'],
    ['half a letter', 'releases: "\uD83E"'],
    ['a null byte', 'releases: \0'],
  ])('not %s', (_, text) => {
    check(text);
  });

  const seeds = readdirSync(path.join(__dirname, '..', 'fixtures', 'err'))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(path.join(__dirname, '..', 'fixtures', 'err', name), 'utf8'));
  const fragment = fc.oneof(
    fc.constantFrom(
      '\n',
      '  ',
      '\t',
      ': ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '|',
      '>-',
      '&a ',
      '*a',
      '!!map ',
      '<<: ',
      '? ',
      '# ',
      '---\n',
      '%',
      '_',
      'null',
      '~',
      '\r',
      '\uFEFF',
      'releases:',
      '__proto__: ',
    ),
    fc.string({ maxLength: 6, unit: 'binary' }),
  );
  const edit = fc.record({ at: fc.nat(2000), remove: fc.nat(12), insert: fragment });

  test('not a calendar with random slips of the keyboard', () => {
    fc.assert(
      fc.property(fc.constantFrom(EXAMPLE, ...seeds), fc.array(edit, { maxLength: 6 }), (seed, edits) => {
        let text = seed;
        for (const { at, remove, insert } of edits) {
          const start = at % (text.length + 1);
          text = text.slice(0, start) + insert + text.slice(start + remove);
        }
        check(text);
      }),
      { numRuns: 800 },
    );
  });

  test('not values of any type in any place', () => {
    const value = fc.oneof(
      fc.constantFrom(null, true, 0, -1, 1.5, 1e21, '', 'a', '9_000_000', '2026-12-04T19:00Z', 'PT1H', [], {}, [null], {
        a: null,
      }),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const keys = [
      'id',
      'title',
      'premiere',
      'kind',
      'audience',
      'floors',
      'length',
      'drill',
      'environments',
      'previously',
      'observed',
      'peakViewers',
      'low',
      'high',
      'like',
      'growth',
      'source',
    ];
    const mapping = fc.dictionary(
      fc.constantFrom(...keys),
      fc.oneof(value, fc.dictionary(fc.constantFrom(...keys), value)),
    );
    fc.assert(
      fc.property(fc.array(mapping, { maxLength: 4 }), (releases) => {
        check(JSON.stringify({ releases }));
      }),
      { numRuns: 300 },
    );
  });
});

test('ten thousand releases are read within seconds', () => {
  const many = Array.from({ length: 10_000 }, (_, index) =>
    entry(`release-${index}`, 'audience: { peakViewers: 1_000_000 }'),
  ).join('');
  expect(calendarOf(many).releases).toHaveLength(10_000);
});

test('ten thousand slips are reported within seconds', () => {
  const many = Array.from({ length: 10_000 }, (_, index) =>
    entry(`release-${index}`, 'audience: { like: relaese }, warmup: PT1H'),
  ).join('');
  expect(parse(many).diagnostics).toHaveLength(20_000);
});

describe('the calendar of this repository', () => {
  const folder = path.join(__dirname, '..', '..', 'release-calendar');
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => ({ file: `release-calendar/${name}`, text: readFileSync(path.join(folder, name), 'utf8') }));
  const { calendar, diagnostics } = parseCalendar(files, {
    environments: ['dev', 'staging', 'prod'],
    layers: ['playback'],
  });
  const premieres = Object.fromEntries(
    calendar?.releases.map(({ id, premiereAt }) => [id, new Date(premiereAt * 1000).toISOString()]) ?? [],
  );

  test('has neither errors nor warnings', () => {
    expect(renderDiagnostics(diagnostics)).toBe('');
    expect(existsSync(path.join(folder, 'schema.json'))).toBe(true);
  });

  test('holds what happened at the reported times, each with its source', () => {
    expect(premieres).toMatchObject({
      'tyson-paul': '2024-11-16T01:00:00.000Z',
      'stranger-things-5-volume-1': '2025-11-27T01:00:00.000Z',
      'stranger-things-5-volume-2': '2025-12-26T01:00:00.000Z',
      'stranger-things-5-finale': '2026-01-01T01:00:00.000Z',
    });
    const past = calendar?.releases.filter(({ observed }) => observed) ?? [];
    expect(past.map(({ id, observed }) => [id, observed?.outageMinutes])).toEqual([
      ['luke-cage-1', 120],
      ['stranger-things-4-volume-2', undefined],
      ['tyson-paul', undefined],
      ['stranger-things-5-volume-1', 5],
      ['stranger-things-5-volume-2', 0],
      ['stranger-things-5-finale', 1],
    ]);
  });

  test('calls every audience of the past an assumption, because nobody published one', () => {
    for (const { observed } of calendar?.releases ?? []) if (observed) expect(observed.assumed).toBe(true);
  });

  test('has a coming season with a night on which releases overlap', () => {
    expect(premieres).toMatchObject({
      'salt-meridian-volume-1': '2026-11-27T01:00:00.000Z',
      'harbour-lights-3': '2026-12-26T00:00:00.000Z',
      'salt-meridian-volume-2': '2026-12-26T01:00:00.000Z',
      'salt-meridian-finale': '2027-01-01T01:00:00.000Z',
    });
  });

  test('begins each file with the line by which an editor finds the schema', () => {
    for (const { text } of files) expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/schema\.json\n/);
  });
});

test('a number with commas in braces is named as such, though YAML takes the rest for keys', () => {
  const text = (number: string): string =>
    `releases:\n  - { id: a, title: A, premiere: 2026-01-01T00:00Z, kind: finale, audience: { peakViewers: ${number} } }\n`;
  for (const number of ['2,000', '2,000,000', '12,345,678']) {
    const { diagnostics } = parseCalendar([{ file: 'a.yaml', text: text(number) }]);
    expect(diagnostics.map(({ mend }) => mend)).toContain('write the number without commas, for example 2_000_000');
  }
});
