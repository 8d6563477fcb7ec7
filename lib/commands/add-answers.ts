import { Temporal } from 'temporal-polyfill';
import type { NewAudience, NewRelease } from '../calendar/append-release';
import type { Diagnostic } from '../calendar/diagnostic';
import { parseDuration } from '../calendar/duration';
import { findZones, suggestCity, type ZoneOfCity } from '../calendar/find-zone';
import { parsePremiere } from '../calendar/premiere';
import { joinChoices, type Problem, showValue } from '../calendar/problem';
import type { ReleaseCalendar, ReleaseKind, ReleaseStatus } from '../calendar/release';
import { LENGTH_BOUNDS, NAME_PATTERN, toName } from '../calendar/schema';
import { formatWholeNumber, parseWholeNumber } from '../calendar/whole-number';
import type { AddOptions } from './add';
import type { Asker, Choice } from './asker';
import { UsageError } from './common';
import { readTypedCount } from './typed-count';

/** What is known of the entry: from the options, then from the answers. */
export interface Draft {
  readonly title?: string;
  readonly id?: string;
  readonly premiere?: PremiereParts;
  readonly zone?: string;
  /** What was typed for a city that may be several, or none. */
  readonly city?: string;
  readonly kind?: ReleaseKind;
  readonly audience?: NewAudience;
  readonly floors?: Readonly<Record<string, number>>;
  readonly length?: string;
  readonly status?: ReleaseStatus;
  readonly environments?: readonly string[];
  readonly weekly?: number;
}

/** A premiere as it was written; what was left out may be known from elsewhere. */
interface PremiereParts {
  readonly date: string;
  readonly time: string;
  readonly offset?: string;
  readonly zone?: string;
}

const PREMIERE =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)\s*(Z|[+-]\d{2}:\d{2})?(?:\s*\[([^\]\s]+)\]|\s+([^\s[\]]+))?$/;

/** These are for the calendar to tell, at their place in the file: the text is fine, but clocks were turned that day. */
const CLOCK_PROBLEMS = ['calendar/premiere-skipped', 'calendar/premiere-ambiguous', 'calendar/premiere-offset'];

const MOST_WEEKS = 104;
const MOST_CITIES = 8;

function readNumber(text: string): number | undefined {
  return /^\d*\.?\d+$/.test(text.trim()) ? Number(text) : undefined;
}

/** `playback=160`, several of them separated by commas or spaces. */
function readFloors(texts: readonly string[]): Record<string, number> | undefined {
  const floors: Record<string, number> = {};
  for (const part of texts.flatMap((text) => text.trim().split(/[\s,]+/))) {
    const [layer = '', units = '', ...rest] = part.split('=');
    const number = readTypedCount(units);
    if (!NAME_PATTERN.test(layer) || number === undefined || rest.length > 0 || Object.hasOwn(floors, layer)) {
      return undefined;
    }
    floors[layer] = number;
  }
  return floors;
}

function readPremiere(text: string): PremiereParts | undefined {
  const match = PREMIERE.exec(text.trim());
  if (!match) return undefined;
  const [, date, time, offset, bracketZone, spaceZone] = match;
  return { date: date!, time: time!, offset, zone: bracketZone ?? spaceZone };
}

/** As the calendar has it: `2026-12-31 17:00 America/Los_Angeles`, `2027-01-01T01:00Z`. */
function statePremiere({ date, time, offset, zone }: PremiereParts): string {
  if (zone === undefined) return `${date}T${time}${offset ?? ''}`;
  return offset === undefined ? `${date} ${time} ${zone}` : `${date}T${time}${offset}[${zone}]`;
}

/** A week later at the same local time. What offset the clocks have then is not said by the first one's. */
function weeksLater(parts: PremiereParts, weeks: number): PremiereParts {
  if (weeks === 0) return parts;
  const date = Temporal.PlainDate.from(parts.date).add({ weeks }).toString();
  return { ...parts, date, offset: parts.offset === 'Z' ? 'Z' : undefined };
}

/** What can be seen at once to be wrong with a premiere, or undefined; without a zone only what no zone would mend. */
function premiereProblem(parts: PremiereParts, key: string): Problem | undefined {
  const isComplete = parts.zone !== undefined || parts.offset === 'Z';
  const parsed = parsePremiere(statePremiere(isComplete ? parts : { ...parts, offset: undefined, zone: 'UTC' }), key);
  return 'code' in parsed ? parsed : undefined;
}

/**
 * What the options say.
 *
 * @param asks whether a city that may be several can be asked about
 * @throws UsageError with everything that cannot be read
 */
export function readDraft(options: AddOptions, asks: boolean): Draft {
  const problems: Diagnostic[] = [];
  const usage = (option: string, message: string, mend: string): undefined => {
    problems.push({ severity: 'error', code: `usage/${option}`, message, mend });
    return undefined;
  };
  const read = <T>(
    option: string,
    text: string | undefined,
    reader: (text: string) => T | undefined,
    must: string,
    example: string,
  ): T | undefined => {
    if (text === undefined) return undefined;
    const value = reader(text);
    return (
      value ?? usage(option, `--${option} must be ${must}, got ${showValue(text)}`, `write for example ${example}`)
    );
  };
  const count = (option: string, text: string | undefined): number | undefined =>
    read(option, text, readTypedCount, 'a number of viewers', '9_000_000 or 9M');
  const number = (option: string, text: string | undefined, example: string): number | undefined =>
    read(option, text, readNumber, 'a number', example);

  const zone = options.city === undefined ? options.zone : zoneOf(options.city, asks, usage);
  const when = read(
    'premiere',
    options.premiere,
    readPremiere,
    'a date and a time of day',
    '"2026-12-31 17:00" with --zone or --city',
  );
  if (when?.zone !== undefined && (options.zone ?? options.city) !== undefined) {
    usage(
      'premiere',
      `--premiere states a zone of its own, got ${showValue(options.premiere)}`,
      'leave one of them out',
    );
  }
  const premiere = when && { ...when, zone: when.zone ?? zone };
  const wrong = premiere && premiereProblem(premiere, '--premiere');
  if (wrong && !CLOCK_PROBLEMS.includes(wrong.code)) {
    usage(
      wrong.code === 'calendar/premiere-zone' && zone !== undefined ? 'zone' : 'premiere',
      wrong.message,
      wrong.mend,
    );
  }
  const length = options.length === undefined ? undefined : parseDuration(options.length, LENGTH_BOUNDS);
  if (typeof length === 'object') usage('length', `--${length.message}`, length.mend);
  const title = options.title?.trim();
  if (title === '') usage('title', '--title must be text that is not empty', 'write for example --title "The Finale"');
  if (options.id !== undefined && !NAME_PATTERN.test(options.id)) {
    const must = `--id must be lower case letters, digits and hyphens, got ${showValue(options.id)}`;
    usage('id', must, `write for example ${toName(options.id) ?? 'the-finale'}`);
  }
  const audience: NewAudience = {
    peakViewers: count('peak-viewers', options.peakViewers),
    low: count('low', options.low),
    high: count('high', options.high),
    uncertainty: number('uncertainty', options.uncertainty, '0.35'),
    like: options.like,
    growth: number('growth', options.growth, '1.3'),
  };
  const weeks = (text: string): number | undefined => {
    const value = parseWholeNumber(text);
    return value !== undefined && value >= 2 && value <= MOST_WEEKS ? value : undefined;
  };
  const draft: Draft = {
    title,
    id: options.id,
    premiere,
    zone,
    city: zone === undefined ? options.city : undefined,
    kind: options.kind as ReleaseKind | undefined,
    audience: Object.values(audience).some((value) => value !== undefined) ? audience : undefined,
    floors: options.floor && readFloorOption(options.floor, usage),
    length: options.length,
    status: options.status as ReleaseStatus | undefined,
    environments: options.environment,
    weekly: read('weekly', options.weekly, weeks, `a number of entries from 2 to ${MOST_WEEKS}`, '--weekly 8'),
  };
  if (problems.length > 0) throw new UsageError(problems);
  return draft;
}

type Usage = (option: string, message: string, mend: string) => undefined;

function readFloorOption(texts: readonly string[], usage: Usage): Readonly<Record<string, number>> | undefined {
  const floors = readFloors(texts);
  if (floors) return floors;
  return usage(
    'floor',
    `--floor must be a layer and its units, each layer once, got ${texts.map(showValue).join(' ')}`,
    'write for example --floor playback=160',
  );
}

function zoneOf(city: string, asks: boolean, usage: Usage): string | undefined {
  const found = findZones(city);
  const zones = [...new Set(found.map(({ zone }) => zone))];
  if (zones.length === 1) return zones[0]!;
  if (asks) return undefined;
  if (zones.length === 0) {
    const near = suggestCity(city);
    return usage(
      'city',
      `no time zone is known for --city ${showValue(city)}`,
      near ? `did you mean ${near}` : 'write a larger city that has the same time, or --zone with an IANA name',
    );
  }
  const shown = found.slice(0, MOST_CITIES).map((one) => `--zone ${one.zone} for ${one.city}`);
  const more = found.length > MOST_CITIES ? `; there are ${found.length - MOST_CITIES} more` : '';
  return usage('city', `--city may be any of several, got ${showValue(city)}`, `write ${joinChoices(shown)}${more}`);
}

/** What an entry cannot be without, with the options that say it. */
function missingOf(draft: Draft): readonly (readonly [option: string, mend: string])[] {
  const { premiere, kind, audience, floors } = draft;
  const needs: [missing: boolean, option: string, mend: string][] = [
    [draft.title === undefined, 'title', 'write for example --title "The Finale"'],
    [premiere === undefined, 'premiere', 'write for example --premiere "2026-12-31 17:00"'],
    [
      premiere !== undefined && premiere.zone === undefined && premiere.offset !== 'Z',
      'zone',
      'write --city with a city, or --zone with an IANA name, for example America/Los_Angeles',
    ],
    [kind === undefined, 'kind', 'write --kind season, episode, finale or live'],
    [
      !floors && audience?.peakViewers === undefined && audience?.like === undefined,
      'peak-viewers',
      'write the viewers that you expect, or --like with an earlier release, or --floor with units',
    ],
    [kind === 'live' && draft.length === undefined, 'length', 'write for example --length PT3H; live needs it'],
    [
      draft.id === undefined && draft.title !== undefined && toName(draft.title) === undefined,
      'id',
      'write an id of lower case letters, digits and hyphens',
    ],
  ];
  return needs.filter(([missing]) => missing).map(([, option, mend]) => [option, mend]);
}

/** @throws UsageError with all that is missing, where nobody can be asked */
export function refuseIncomplete(draft: Draft): void {
  const problems = missingOf(draft).map(([option, mend]): Diagnostic => {
    return { severity: 'error', code: `usage/${option}`, message: `--${option} is missing`, mend };
  });
  if (problems.length > 0) throw new UsageError(problems);
}

/** Asks for what is missing, and then for what is worth stating besides; asks nothing when the draft is complete. */
export async function askMissing(draft: Draft, asker: Asker, calendar: ReleaseCalendar | undefined): Promise<Draft> {
  if (missingOf(draft).length === 0) return draft;
  const taken = (calendar?.releases ?? []).map(({ id }) => id);
  const title =
    draft.title ??
    (
      await asker.input({
        message: 'Title, as people call it',
        validate: (text) => text.trim() !== '' || 'write the title',
      })
    ).trim();
  const id =
    draft.id ??
    (await asker.input({
      message: 'Id, unique in the calendar',
      default: toName(title),
      validate: (text) => {
        if (!NAME_PATTERN.test(text)) return 'write lower case letters, digits and hyphens';
        return taken.includes(text) ? 'another release has this id' : true;
      },
    }));
  const kind =
    draft.kind ?? ((await asker.select({ message: 'How does its audience arrive?', choices: KINDS })) as ReleaseKind);
  const premiere = await askPremiere(draft, asker, calendar);
  const weekly = draft.weekly ?? (kind === 'episode' ? await askWeekly(asker) : undefined);
  const known = draft.floors ?? draft.audience?.peakViewers ?? draft.audience?.like;
  const need = known === undefined ? await askNeed(asker, calendar, draft.audience) : {};
  const length = draft.length ?? (await askLength(asker, kind));
  return { ...draft, title, id, kind, premiere, weekly, length, ...need };
}

const KINDS: readonly Choice[] = [
  { value: 'season', name: 'season', description: 'over hours: many episodes or a film at once' },
  { value: 'episode', name: 'episode', description: 'over a quarter of an hour' },
  { value: 'finale', name: 'finale', description: 'all at once, in the same minutes' },
  { value: 'live', name: 'live', description: 'before the start, staying to the end' },
];

async function askPremiere(draft: Draft, asker: Asker, calendar: ReleaseCalendar | undefined): Promise<PremiereParts> {
  const { premiere } = draft;
  const isComplete = premiere && (premiere.zone !== undefined || premiere.offset === 'Z');
  if (isComplete) return premiere;
  // The zones of the calendar come first: a service mostly premieres in one of them.
  const used: ZoneOfCity[] = [...new Set((calendar?.releases ?? []).map(({ premiereZone }) => premiereZone))].map(
    (zone) => ({ zone, city: zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ') }),
  );
  const zone =
    draft.zone ??
    (await asker.search({
      message: 'City whose clocks the time is of',
      source: (term) => {
        const wanted = term ?? draft.city;
        const found = wanted === undefined ? used : findZones(wanted);
        return found.map(({ city, zone }) => ({ name: `${city} (${zone})`, value: zone }));
      },
    }));
  if (premiere) return { ...premiere, zone };
  const text = await asker.input({
    message: `Premiere, local time in ${zone}`,
    validate: (text) => {
      const parts = readPremiere(text);
      if (!parts) return 'write a date and a time, for example 2026-12-31 17:00';
      const wrong = premiereProblem({ ...parts, zone: parts.zone ?? zone }, 'premiere');
      return wrong ? `${wrong.message}: ${wrong.mend}` : true;
    },
  });
  const parts = readPremiere(text)!;
  return { ...parts, zone: parts.zone ?? zone };
}

async function askWeekly(asker: Asker): Promise<number | undefined> {
  const weeks = await asker.input({
    message: 'How many episodes, a week apart?',
    default: '1',
    validate: (text) => {
      const number = parseWholeNumber(text);
      return (number !== undefined && number >= 1 && number <= MOST_WEEKS) || `write a number from 1 to ${MOST_WEEKS}`;
    },
  });
  return weeks === '1' ? undefined : parseWholeNumber(weeks);
}

/** The audience, or the units that somebody has measured. */
async function askNeed(
  asker: Asker,
  calendar: ReleaseCalendar | undefined,
  stated: NewAudience | undefined,
): Promise<Pick<Draft, 'audience' | 'floors'>> {
  const observed = (calendar?.releases ?? []).filter((release) => release.observed?.peakViewers !== undefined);
  const way = await asker.select({
    message: 'What do you know about its audience?',
    choices: [
      { value: 'peak', name: 'how many will watch at the same time' },
      ...(observed.length > 0 ? [{ value: 'like', name: 'it is like an earlier release' }] : []),
      { value: 'floors', name: 'nothing, but the capacity that it needs' },
    ],
  });
  const positive = (text: string): true | string =>
    (readNumber(text) ?? 0) > 0 || 'write a number above 0, for example 1.3';
  if (way === 'floors') {
    const text = await asker.input({
      message: 'Units to have ready, by layer',
      default: 'playback=60',
      validate: (text) => readFloors([text]) !== undefined || 'write for example playback=60',
    });
    return { floors: readFloors([text]) };
  }
  if (way === 'like') {
    const like = await asker.select({
      message: 'Which one?',
      choices: observed.map(({ id, title }) => ({ value: id, name: title })),
    });
    const growth =
      stated?.growth ??
      readNumber(await asker.input({ message: 'Times its observed peak', default: '1', validate: positive }));
    return { audience: { ...stated, like, growth: growth === 1 ? undefined : growth } };
  }
  const countFrom = (least: number, most: number, isNeeded: boolean) => (text: string) => {
    if (text.trim() === '' && !isNeeded) return true;
    const count = readTypedCount(text);
    if (count === undefined || count < 1) return 'write a number, for example 9_000_000 or 9M';
    if (count < least) return `write at least ${formatWholeNumber(least)}`;
    return count <= most || `write at most ${formatWholeNumber(most)}`;
  };
  const peakViewers = readTypedCount(
    await asker.input({
      message: 'Peak of viewers at the same time, as likely to be passed as not',
      validate: countFrom(1, Infinity, true),
    }),
  )!;
  if (stated?.uncertainty !== undefined) return { audience: { ...stated, peakViewers } };
  const low =
    stated?.low ??
    readTypedCount(
      await asker.input({
        message: '1 in 10 chance that it is below (empty: how certain is left to the kind)',
        validate: countFrom(1, peakViewers, false),
      }),
    );
  const high =
    stated?.high ??
    (low === undefined
      ? undefined
      : readTypedCount(
          await asker.input({
            message: '1 in 10 chance that it is above',
            validate: countFrom(Math.max(peakViewers, low + 1), Infinity, true),
          }),
        ));
  return { audience: { ...stated, peakViewers, low, high } };
}

async function askLength(asker: Asker, kind: ReleaseKind): Promise<string | undefined> {
  const isNeeded = kind === 'live';
  const text = await asker.input({
    message: `Length, for example PT2H8M${isNeeded ? '' : ' (empty: by kind)'}`,
    validate: (text) => {
      if (text.trim() === '' && !isNeeded) return true;
      const length = parseDuration(text.trim(), LENGTH_BOUNDS);
      return typeof length === 'number' || `${length.message}: ${length.mend}`;
    },
  });
  return text.trim() === '' ? undefined : text.trim();
}

/** The entries of a complete draft: one, or as many as there are weeks. */
export function toNewReleases(draft: Draft): readonly NewRelease[] {
  const { title, premiere, kind, length, audience, floors, status, environments, weekly } = draft;
  const id = draft.id ?? toName(title)!;
  return Array.from({ length: weekly ?? 1 }, (_, week): NewRelease => {
    const number = week + 1;
    return {
      id: weekly === undefined ? id : `${id}-${number}`,
      title: weekly === undefined ? title! : `${title}, ${kind === 'episode' ? 'episode' : 'part'} ${number}`,
      premiere: statePremiere(weeksLater(premiere!, week)),
      kind: kind!,
      length,
      audience,
      floors,
      status,
      environments,
    };
  });
}
