import { z } from 'zod';
import { DURATION_PATTERN, type DurationBounds, parseDrill, parseDuration } from './duration';
import { parsePremiere, PREMIERE_PATTERN } from './premiere';
import { joinChoices, type Problem, showValue } from './problem';
import type { ReleaseKind, ReleaseStatus } from './release';
import { suggest } from './suggest';
import { parseWholeNumber, WHOLE_NUMBER_PATTERN } from './whole-number';

/** What the parser says about a field beside what zod checks. Every described field of the schema has one. */
export interface FieldWords {
  /** A valid value as YAML, for the mend of a missing key. */
  readonly example: string;
  /** Says what is wrong with a value that the field's schema refuses. */
  readonly explain: (value: unknown, key: string) => Problem;
}

/** The words of each field, by its schema. */
export const fieldWords = z.registry<FieldWords>();

interface Description {
  title: string;
  description: string;
  examples?: unknown[];
  /** Only for what JSON Schema can say and zod cannot: keywords between several keys. */
  [keyword: string]: unknown;
}

/**
 * A field with what an editor shows (`meta`) and what the parser says (`words`).
 *
 * Descriptions are Markdown: without the second key yaml-language-server would show their backticks.
 */
function field<T extends z.ZodType>(schema: T, meta: Description, words: FieldWords): T {
  const isMarkdown = meta.description.includes('`');
  const described = schema.meta({ ...meta, ...(isMarkdown && { markdownDescription: meta.description }) });
  fieldWords.add(described, words);
  return described;
}

/** Most viewers and most units that are believed; more is a slip, and would only fill tables with nonsense. */
export const MOST_VIEWERS = 1_000_000_000;
const MOST_UNITS = 1_000_000;
const MOST_OUTAGE_MINUTES = 100_000;

const KINDS = ['season', 'episode', 'finale', 'live'] as const satisfies readonly ReleaseKind[];
const STATUSES = ['tentative', 'confirmed', 'cancelled'] as const satisfies readonly ReleaseStatus[];

/** What an editor shows beside each kind. */
const KIND_WORDS: Readonly<Record<ReleaseKind, string>> = {
  season: 'Many episodes at once: people arrive over hours.',
  episode: 'One episode: people arrive over a quarter of an hour.',
  finale: 'The end of it: all arrive at once.',
  live: 'A live event: people arrive before the start and stay to the end. Needs `length`.',
};

/** What an editor shows beside each status. */
const STATUS_WORDS: Readonly<Record<ReleaseStatus, string>> = {
  tentative: 'Plans like `confirmed`, warns from seven days before, and is a no-go from one day before.',
  confirmed: 'Plans capacity.',
  cancelled: 'Plans nothing.',
};

export const LENGTH_BOUNDS: DurationBounds = { key: 'length', zero: false, most: 'P7D', example: 'PT2H8M' };
export const WARM_UP_BOUNDS: DurationBounds = { key: 'warmUp', zero: true, most: 'P2D', example: 'PT1H' };
export const HOLD_BOUNDS: DurationBounds = { key: 'hold', zero: true, most: 'P1D', example: 'PT20M' };
export const DRILL_BOUNDS: DurationBounds = { key: 'drill', zero: false, most: 'P30D', example: 'P1D' };

/** `[a-z0-9-]`, for ids, environments and layers. */
export const NAME_PATTERN = /^[a-z0-9-]+$/;

function isProblem(result: unknown): result is Problem {
  return typeof result === 'object' && result !== null && 'code' in result;
}

/** Bad values of these are named by the parser of the value itself. */
function explainWith(parse: (value: unknown, key: string) => unknown, example: string): FieldWords {
  return {
    example,
    explain: (value, key) => {
      const result = parse(value, key);
      if (isProblem(result)) return result;
      throw new Error(`the schema refuses ${key} ${showValue(value)}, which its parser accepts`);
    },
  };
}

/** `got 5` is text to YAML only in quotes. */
function textMend(value: unknown, otherwise: string): string {
  return typeof value === 'number' || typeof value === 'boolean' ? `put it in quotes: "${value}"` : otherwise;
}

function text(code: string, example: string): FieldWords {
  return {
    example,
    explain: (value, key) => ({
      code,
      message: `${key} must be text that is not empty, got ${showValue(value)}`,
      mend: textMend(value, `write for example ${example}`),
    }),
  };
}

/** What a name would be in lower case letters, digits and hyphens, or undefined when nothing of it is left. */
export function toName(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const name = value
    .slice(0, 200)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name === '' ? undefined : name;
}

function name(code: string, example: string): FieldWords {
  return {
    example,
    explain: (value, key) => ({
      code,
      message: `${key} must be lower case letters, digits and hyphens, got ${showValue(value)}`,
      mend: textMend(value, `write for example ${toName(value) ?? example}`),
    }),
  };
}

function choice(code: string, choices: readonly string[]): FieldWords {
  return {
    example: choices[0]!,
    explain: (value, key) => {
      const near = typeof value === 'string' ? suggest(value, choices) : undefined;
      return {
        code,
        message: `${key} must be ${joinChoices(choices)}, got ${showValue(value)}`,
        mend: near ? `did you mean ${near}` : `write ${joinChoices(choices)}`,
      };
    },
  };
}

/** `2m`, `1.5 million`, `500k`, `2,000,000`: what people write for a number, as digits. */
function guessNumber(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^([0-9][0-9_,' ]*(?:\.[0-9]+)?)\s*(k|thousand|m|mio|million|bn|billion)?$/i.exec(
    value.trim().slice(0, 40),
  );
  if (!match) return undefined;
  const scale = { k: 1e3, t: 1e3, m: 1e6, b: 1e9 }[match[2]?.[0]?.toLowerCase() ?? ''] ?? 1;
  const number = Math.round(Number(match[1]!.replaceAll(/[_,' ]/g, '')) * scale);
  return Number.isSafeInteger(number) ? number : undefined;
}

function wholeNumberWords(code: string, least: number, most: number, example: string): FieldWords {
  return {
    example,
    explain: (value, key) => {
      const number = parseWholeNumber(value);
      const got = `got ${showValue(value)}`;
      if (number !== undefined && number > most) {
        return { code, message: `${key} must be at most ${most}, ${got}`, mend: 'check the number of zeros' };
      }
      const guess = number === undefined ? guessNumber(value) : undefined;
      const usable = guess !== undefined && guess >= least && guess <= most;
      return {
        code,
        message: `${key} must be a whole number of at least ${least}, ${got}`,
        mend: `write digits, for example ${usable ? guess : example}`,
      };
    },
  };
}

/** Text of digits with `_` between them, within bounds. */
function digits(least: number, most: number) {
  return z
    .string()
    .regex(WHOLE_NUMBER_PATTERN)
    .refine((text) => {
      const number = parseWholeNumber(text);
      return number !== undefined && number >= least && number <= most;
    });
}

/** An integer, or text with `_` between digits, within bounds. */
function wholeNumber(least: number, most: number) {
  return z.union([z.int().min(least).max(most), digits(least, most)]);
}

/**
 * The same bounds for an editor, as one schema: of several yaml-language-server shows the title once for each, and of text that is no number it
 * says which pattern does not match.
 */
function wholeNumberMeta(least: number, most: number, type: 'integer' | 'number' = 'integer') {
  return {
    anyOf: undefined,
    type: [type, 'string'],
    minimum: least,
    maximum: most,
    pattern: WHOLE_NUMBER_PATTERN.source,
    patternErrorMessage: 'write digits, for example 2_000_000',
  };
}

function numberWords(code: string, rule: string, example: string): FieldWords {
  return {
    example,
    explain: (value, key) => ({
      code,
      message: `${key} must be ${rule}, got ${showValue(value)}`,
      mend: `write for example ${example}`,
    }),
  };
}

function shape(code: string, kind: 'a mapping' | 'a list', example: string, rule: string = kind): FieldWords {
  return {
    example,
    explain: (value, key) => ({
      code,
      message: `${key} must be ${rule}, got ${showValue(value)}`,
      mend: `write for example ${example}`,
    }),
  };
}

function moment(key: string) {
  return z
    .string()
    .regex(PREMIERE_PATTERN)
    .refine((value) => !isProblem(parsePremiere(value, key)));
}

function duration(bounds: DurationBounds) {
  return z
    .string()
    .regex(DURATION_PATTERN)
    .refine((value) => !isProblem(parseDuration(value, bounds)));
}

/** What an editor says of text that is no duration. */
function durationError({ example }: DurationBounds): string {
  return `write an ISO 8601 duration, for example ${example}`;
}

/** What an editor says of text that is no instant. */
const MOMENT_ERROR =
  'write a local time and its zone, for example 2025-12-31 17:00 America/Los_Angeles, or an instant in UTC, for example 2026-01-01T01:00Z';

/** What an editor says of text that is no id, or no name of an environment. */
const NAME_ERROR = 'write lower case letters, digits and hyphens';

const audienceSchema = field(
  z.strictObject({
    peakViewers: field(
      wholeNumber(1, MOST_VIEWERS),
      {
        ...wholeNumberMeta(1, MOST_VIEWERS),
        title: 'Peak of concurrent viewers',
        description:
          'Expected peak of concurrent viewers: the median forecast, as likely to be passed as not. `_` may stand between digits.',
        examples: [2_000_000, '9_000_000'],
      },
      wholeNumberWords('calendar/peak-viewers', 1, MOST_VIEWERS, '2000000'),
    ).optional(),
    low: field(
      wholeNumber(1, MOST_VIEWERS),
      {
        ...wholeNumberMeta(1, MOST_VIEWERS),
        title: 'Low forecast',
        description: '1 in 10 chance that the peak is below this. With `high` it says how certain the forecast is.',
        examples: [1_500_000, '6_000_000'],
      },
      wholeNumberWords('calendar/low', 1, MOST_VIEWERS, '1500000'),
    ).optional(),
    high: field(
      wholeNumber(1, MOST_VIEWERS),
      {
        ...wholeNumberMeta(1, MOST_VIEWERS),
        title: 'High forecast',
        description: '1 in 10 chance that the peak is above this. With `low` it says how certain the forecast is.',
        examples: [3_000_000, '14_000_000'],
      },
      wholeNumberWords('calendar/high', 1, MOST_VIEWERS, '3000000'),
    ).optional(),
    uncertainty: field(
      z.number().gt(0).max(3),
      {
        title: 'Uncertainty of the forecast',
        description:
          'Standard deviation of the logarithm of the peak (lognormal sigma), instead of `low` and `high`. Left out: by kind.',
        examples: [0.2, 0.35, 0.5],
      },
      numberWords('calendar/uncertainty', 'a number above 0 and at most 3', '0.35'),
    ).optional(),
    like: field(
      z.string().regex(NAME_PATTERN),
      {
        patternErrorMessage: NAME_ERROR,
        title: 'Like an earlier release',
        description:
          'Id of a release with `observed.peakViewers`, on which this one is calibrated, instead of `peakViewers`.',
        examples: ['stranger-things-5-finale'],
      },
      name('calendar/like', 'an-earlier-release'),
    ).optional(),
    growth: field(
      z.number().gt(0).max(100),
      {
        title: 'Growth',
        description: 'The observed peak of the release named by `like` times this is the expected peak. Left out: 1.',
        examples: [0.8, 1.3],
      },
      numberWords('calendar/growth', 'a number above 0 and at most 100', '1.3'),
    )
      .default(1)
      // An editor writes defaults into a new mapping, and growth without like is a mistake.
      .meta({ default: undefined }),
  }),
  {
    title: 'Audience',
    description: 'The forecast of the audience: either `peakViewers`, or `like` an earlier release with `growth`.',
    examples: [
      { peakViewers: 2_000_000, uncertainty: 0.35 },
      { like: 'stranger-things-5-finale', growth: 1.3 },
    ],
    oneOf: [{ required: ['peakViewers'] }, { required: ['like'] }],
    dependencies: { growth: ['like'] },
  },
  shape('calendar/audience', 'a mapping', '{ peakViewers: 2_000_000 }'),
);

const observedSchema = field(
  z.strictObject({
    peakViewers: field(
      wholeNumber(1, MOST_VIEWERS),
      {
        ...wholeNumberMeta(1, MOST_VIEWERS),
        title: 'Observed peak',
        description: 'Peak of concurrent viewers that was measured.',
        examples: [2_000_000, '9_000_000'],
      },
      wholeNumberWords('calendar/peak-viewers', 1, MOST_VIEWERS, '2000000'),
    ).optional(),
    assumed: field(
      z.boolean(),
      {
        title: 'Assumed',
        description:
          'true when `peakViewers` is an assumption and not a measurement. A release that is `like` this one then warns.',
        examples: [true],
      },
      choice('calendar/assumed', ['true', 'false']),
    ).default(false),
    outageMinutes: field(
      z.union([z.number().min(0).max(MOST_OUTAGE_MINUTES), digits(0, MOST_OUTAGE_MINUTES)]),
      {
        ...wholeNumberMeta(0, MOST_OUTAGE_MINUTES, 'number'),
        patternErrorMessage: 'write minutes in digits, for example 5',
        title: 'Outage',
        description: 'Minutes in which viewers could not get in; 0 when it was watched for and there were none.',
        examples: [0, 5],
      },
      numberWords('calendar/outage-minutes', `a number from 0 to ${MOST_OUTAGE_MINUTES}`, '5'),
    ).optional(),
    source: field(
      z.string().regex(/\S/),
      { title: 'Source', description: 'Where the figures come from.', examples: ['press, January 2026'] },
      text('calendar/source', '"press, January 2026"'),
    ),
  }),
  {
    title: 'Observed',
    description: 'After the event: what was measured or reported, and by whom.',
    examples: [{ peakViewers: 11_200_000, outageMinutes: 1, source: 'press, January 2026' }],
  },
  shape('calendar/observed', 'a mapping', '{ outageMinutes: 0, source: "our dashboards" }'),
);

const releaseSchema = field(
  z.strictObject({
    id: field(
      z.string().regex(NAME_PATTERN),
      {
        patternErrorMessage: NAME_ERROR,
        title: 'Id',
        description: 'Unique in the whole calendar: lower case letters, digits and hyphens.',
        examples: ['stranger-things-5-finale'],
      },
      name('calendar/id', 'a-new-release'),
    ),
    title: field(
      z.string().regex(/\S/),
      { title: 'Title', description: 'What people call the release.', examples: ['Stranger Things 5: the finale'] },
      text('calendar/title', '"A new release"'),
    ),
    premiere: field(
      moment('premiere'),
      {
        patternErrorMessage: MOMENT_ERROR,
        title: 'Premiere',
        description:
          'The instant at which it becomes available: an instant in UTC, or a local time with its IANA time zone. ' +
          'An offset decides an hour that exists twice: `2027-11-07T01:30-08:00[America/Los_Angeles]`.',
        examples: [
          '2025-12-31 17:00 America/Los_Angeles',
          '2025-12-31T17:00[America/Los_Angeles]',
          '2026-01-01T01:00Z',
        ],
      },
      explainWith(parsePremiere, '2025-12-31 17:00 America/Los_Angeles'),
    ),
    kind: field(
      z.enum(KINDS),
      {
        title: 'Kind',
        description: 'How the audience arrives.',
        markdownEnumDescriptions: KINDS.map((kind) => KIND_WORDS[kind]),
      },
      choice('calendar/kind', KINDS),
    ),
    audience: audienceSchema.optional(),
    floors: field(
      z
        .record(
          z.string().regex(NAME_PATTERN),
          field(
            wholeNumber(1, MOST_UNITS),
            {
              ...wholeNumberMeta(1, MOST_UNITS),
              title: 'Units',
              description: 'Total ready units of this layer while the release is on.',
              examples: [60, 180],
            },
            wholeNumberWords('calendar/floor', 1, MOST_UNITS, '60'),
          ),
        )
        .refine((floors) => Object.keys(floors).length > 0),
      {
        title: 'Floors',
        description:
          'Total ready units by layer, instead of an audience or besides it: from the warm-up until length and hold have passed.',
        examples: [{ playback: 60 }],
        minProperties: 1,
      },
      shape(
        'calendar/floors',
        'a mapping',
        '{ playback: 60 }',
        'a mapping from layers to units, with at least one layer',
      ),
    ).optional(),
    length: field(
      duration(LENGTH_BOUNDS),
      {
        patternErrorMessage: durationError(LENGTH_BOUNDS),
        title: 'Length',
        description:
          'How long it is, or one sitting of a season, as an ISO 8601 duration of at most P7D. Required for live; by default ' +
          'PT2H for a finale, PT1H for an episode, PT1H30M for a season.',
        examples: ['PT2H8M', 'PT3H'],
      },
      explainWith((value) => parseDuration(value, LENGTH_BOUNDS), 'PT3H'),
    ).optional(),
    warmUp: field(
      duration(WARM_UP_BOUNDS),
      {
        patternErrorMessage: durationError(WARM_UP_BOUNDS),
        title: 'Warm-up',
        description: 'Full capacity this long before the premiere; at most P2D. By default PT1H, for an episode PT30M.',
        examples: ['PT1H', 'PT30M'],
      },
      explainWith((value) => parseDuration(value, WARM_UP_BOUNDS), 'PT1H'),
    ).optional(),
    hold: field(
      duration(HOLD_BOUNDS),
      {
        patternErrorMessage: durationError(HOLD_BOUNDS),
        title: 'Hold',
        description: 'Floors stay at the peak this long after the need has peaked; at most P1D. By default PT20M.',
        examples: ['PT20M'],
      },
      explainWith((value) => parseDuration(value, HOLD_BOUNDS), 'PT20M'),
    ).optional(),
    drill: field(
      z.union([z.literal('none'), duration(DRILL_BOUNDS)]),
      {
        anyOf: undefined,
        type: 'string',
        pattern: `^none$|${DURATION_PATTERN.source}`,
        patternErrorMessage: `${durationError(DRILL_BOUNDS)}, or none`,
        title: 'Drill',
        description:
          'Rehearse the full floor for 15 minutes this long (elapsed time, P1D is 24 hours) before the premiere; at most P30D. ' +
          '`none` for no drill.',
        examples: ['P1D', 'PT20H', 'none'],
      },
      explainWith((value) => parseDrill(value, DRILL_BOUNDS), 'P1D'),
    ).default('P1D'),
    status: field(
      z.enum(STATUSES),
      {
        title: 'Status',
        description: 'How certain the premiere is. Left out: `confirmed`.',
        markdownEnumDescriptions: STATUSES.map((status) => STATUS_WORDS[status]),
      },
      choice('calendar/status', STATUSES),
    ).default('confirmed'),
    environments: field(
      z
        .array(
          field(
            z.string().regex(NAME_PATTERN),
            {
              patternErrorMessage: NAME_ERROR,
              title: 'Environment',
              description: 'Name of an environment.',
              examples: ['prod'],
            },
            name('calendar/environment', 'prod'),
          ),
        )
        .min(1),
      {
        title: 'Environments',
        description: 'Environments that plan this release; all of them when left out.',
        examples: [['prod']],
      },
      shape('calendar/environments', 'a list', '[prod]', 'a list of at least one environment'),
    ).optional(),
    previously: field(
      z.array(
        field(
          moment('previously'),
          {
            patternErrorMessage: MOMENT_ERROR,
            title: 'Earlier announced premiere',
            description: 'Written like `premiere`.',
            examples: ['2025-12-28 17:00 America/Los_Angeles'],
          },
          explainWith(parsePremiere, '2025-12-28 17:00 America/Los_Angeles'),
        ),
      ),
      {
        title: 'Previously announced',
        description: 'Announced times that were moved: some people come then, so a smaller window is planned.',
        examples: [['2025-12-28 17:00 America/Los_Angeles']],
      },
      shape('calendar/previously', 'a list', '[2025-12-28 17:00 America/Los_Angeles]', 'a list of announced times'),
    ).optional(),
    observed: observedSchema.optional(),
  }),
  {
    title: 'Release',
    description: 'One release: what becomes available, when, and who is expected.',
    anyOf: [{ required: ['audience'] }, { required: ['floors'] }],
    if: { properties: { kind: { const: 'live' } }, required: ['kind'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { required: ['length'] },
    // What yaml-language-server offers for a new entry.
    defaultSnippets: [
      {
        label: 'a new release',
        description: 'A release with the forecast of its audience.',
        body: {
          id: '${1:a-new-release}',
          title: '${2:A new release}',
          premiere: '${3:2026-12-31 17:00 America/Los_Angeles}',
          kind: '${4|season,episode,finale,live|}',
          audience: { peakViewers: '${5:2_000_000}', low: '${6:1_400_000}', high: '${7:2_800_000}' },
        },
      },
    ],
  },
  {
    example: '{ id: …, title: …, premiere: …, kind: … }',
    explain: (value) => ({
      code: 'calendar/release',
      message: `a release must be a mapping, got ${showValue(value)}`,
      mend: 'write "- id: a-new-release", and title, premiere and kind on lines of their own below id',
    }),
  },
);

/** A file of the calendar, as YAML or JSON values. Validation and the editor's JSON Schema both come from here. */
export const calendarFileSchema = field(
  z.strictObject({
    releases: field(
      z.array(releaseSchema),
      { title: 'Releases', description: 'The releases of this file, in any order.' },
      {
        example: '[]',
        explain: (value, key) => ({
          code: 'calendar/releases',
          message: `${key} must be a list, got ${showValue(value)}`,
          mend:
            value === null
              ? 'write releases: [] or list entries below it'
              : 'begin each entry below releases with a hyphen',
        }),
      },
    ),
  }),
  {
    title: 'Release calendar',
    description: 'A file of the release calendar. Every *.yaml file of the folder belongs to the one calendar.',
  },
  {
    example: 'releases: []',
    explain: (value) => ({
      code: 'calendar/file',
      message: `a calendar file must be a mapping with the key releases, got ${showValue(value)}`,
      mend: Array.isArray(value) ? 'put releases: above the list' : 'write releases: and list the entries below it',
    }),
  },
);

/** Follows a path of keys and indexes from the file's schema to that of a field; undefined when there is none. */
export function schemaAt(path: readonly PropertyKey[]): z.ZodType | undefined {
  let schema: z.ZodType | undefined = calendarFileSchema;
  for (const step of path) {
    schema = unwrap(schema);
    if (schema instanceof z.ZodObject) schema = schema.shape[String(step)] as z.ZodType | undefined;
    else if (schema instanceof z.ZodArray) schema = schema.element as z.ZodType;
    else if (schema instanceof z.ZodRecord) schema = schema.valueType as z.ZodType;
    else return undefined;
    if (schema === undefined) return undefined;
  }
  return unwrap(schema);
}

function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap() as z.ZodType;
  return inner;
}
