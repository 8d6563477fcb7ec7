import type { Diagnostic } from './diagnostic';
import { digestReleases } from './digest';
import { parseDrill, parseDuration } from './duration';
import { parsePremiere, type Premiere } from './premiere';
import { joinChoices, mendComma, type Problem, showValue } from './problem';
import type { Audience, Observation, Release, ReleaseCalendar, ReleaseKind, ReleaseStatus } from './release';
import {
  calendarFileSchema,
  DRILL_BOUNDS,
  fieldWords,
  HOLD_BOUNDS,
  LENGTH_BOUNDS,
  MOST_VIEWERS,
  NAME_PATTERN,
  schemaAt,
  WARM_UP_BOUNDS,
} from './schema';
import { type Part, type Place, SourceFile } from './source-file';
import { suggest } from './suggest';
import { formatWholeNumber, parseWholeNumber } from './whole-number';
import { z } from 'zod';

/** A file of the calendar: its name as diagnostics show it, and its text. */
export interface CalendarFile {
  readonly file: string;
  readonly text: string;
}

/** What the entries may name. What is left out is not checked. */
export interface CalendarOptions {
  /** Known names of environments. */
  readonly environments?: readonly string[];
  /** Known names of layers, for `floors`. */
  readonly layers?: readonly string[];
}

/** A calendar, unless there is an error, and everything that was found. */
export interface CalendarResult {
  /** Present if and only if no diagnostic is an error. */
  readonly calendar?: ReleaseCalendar;
  /** Errors and warnings of all files, sorted by file, line and column. */
  readonly diagnostics: readonly Diagnostic[];
}

type Path = readonly PropertyKey[];
type Mapping = Readonly<Record<string, unknown>>;

/** A peak more than this many times the largest observed one is probably a slip. */
const FAR_ABOVE_OBSERVED = 3;

/** Suggestions compare each unknown name with all known ones; a calendar with more slips than this gets none for the rest. */
const MOST_SUGGESTIONS = 200;

const DEFAULT_DRILL_SECONDS = 86_400;

/** What is known of an entry when its own file has been read; problems of single fields leave the field out. */
interface Draft {
  readonly source: SourceFile;
  readonly path: Path;
  readonly location: Place;
  readonly idPlace?: Place;
  readonly id?: string;
  readonly title?: string;
  readonly premiere?: Premiere;
  readonly kind?: ReleaseKind;
  readonly status: ReleaseStatus;
  readonly audience?: AudienceDraft;
  readonly floors: Readonly<Record<string, number>>;
  readonly lengthSeconds?: number;
  readonly warmUpSeconds?: number;
  readonly holdSeconds?: number;
  readonly drillSeconds: number | null;
  readonly environments?: readonly string[];
  readonly previouslyAt: readonly number[];
  readonly observed?: Observation;
  /** Whether the entry has an `observed` that states a peak, be it well written or not. */
  readonly statesObservedPeak: boolean;
}

interface AudienceDraft {
  readonly peakViewers?: number;
  readonly low?: number;
  readonly high?: number;
  readonly uncertainty?: number;
  readonly like?: string;
  readonly growth: number;
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[step];
  }
  return current;
}

function keyOf(path: Path): string {
  return path.findLast((step) => typeof step === 'string') ?? 'the file';
}

/** Collects the problems of all files; one for each place and message. */
class Findings {
  readonly diagnostics: Diagnostic[] = [];
  private readonly seen = new Set<string>();
  private suggestions = 0;

  add(place: Place, problem: Problem, severity: Diagnostic['severity'] = 'error'): void {
    // An anchor that is used often is read often; its problem is told once.
    const key = JSON.stringify([place.file, place.line, place.column, problem.code, problem.message]);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.diagnostics.push({ severity, ...problem, ...place });
  }

  didYouMean(name: string, known: Iterable<string>, otherwise: string): string {
    const near = this.suggestions++ < MOST_SUGGESTIONS ? suggest(name, known) : undefined;
    return near === undefined ? otherwise : `did you mean ${near}`;
  }
}

/** One file: what the schema refuses is reported, what it accepts can be asked for by path. */
class FileReader {
  private readonly refused = new Set<string>();

  constructor(
    private readonly source: SourceFile,
    private readonly findings: Findings,
  ) {
    const checked = calendarFileSchema.safeParse(source.value);
    for (const issue of checked.error?.issues ?? []) this.report(issue);
    this.refuseProto(source.value, []);
  }

  /** The value at a path when the schema accepts it; undefined when it is absent or was reported. */
  accepted(path: Path): unknown {
    return this.refused.has(JSON.stringify(path)) ? undefined : valueAt(this.source.value, path);
  }

  place(path: Path, part: Part): Place {
    return this.source.place(path, part);
  }

  private report(issue: z.core.$ZodIssue): void {
    const { path } = issue;
    const value = valueAt(this.source.value, path);
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) this.reportUnknownKey(path, key);
      return;
    }
    this.refused.add(JSON.stringify(path));
    if (issue.code === 'invalid_key') {
      this.reportLayer(path, String(path.at(-1)));
      return;
    }
    const schema = schemaAt(path);
    const words = schema && fieldWords.get(schema);
    if (!words) throw new Error(`the schema has no words for ${path.join('.')}: ${issue.message}`);
    const parent = valueAt(this.source.value, path.slice(0, -1));
    if (path.length > 0 && isMapping(parent) && !Object.hasOwn(parent, path.at(-1)!)) {
      const key = String(path.at(-1));
      this.findings.add(
        this.source.place(path.slice(0, -1), path.length === 1 || isIndex(path.at(-2)) ? 'start' : 'key'),
        {
          code: 'calendar/missing-key',
          message: `${this.nameOf(path.slice(0, -1), parent)} has no ${key}`,
          mend: `add ${key}, for example ${key}: ${words.example}`,
        },
      );
      return;
    }
    const { code, message, mend } = words.explain(value, keyOf(path));
    this.findings.add(this.source.place(path, isMapping(value) || Array.isArray(value) ? placePart(path) : 'value'), {
      code,
      message,
      mend,
    });
  }

  private nameOf(path: Path, parent: Mapping): string {
    if (path.length === 0) return 'the file';
    if (!isIndex(path.at(-1))) return keyOf(path);
    return typeof parent['id'] === 'string' ? `release ${showValue(parent['id'])}` : 'the release';
  }

  private reportUnknownKey(path: Path, key: string): void {
    const schema = schemaAt(path);
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    const where = path.length === 0 ? 'a calendar file' : isIndex(path.at(-1)) ? 'a release' : keyOf(path);
    this.findings.add(this.source.place([...path, key], 'key'), {
      code: 'calendar/unknown-key',
      message: `${where} has no key ${showValue(key)}`,
      mend: mendComma(key) ?? this.findings.didYouMean(key, known, `use ${joinChoices(known)}`),
    });
  }

  reportLayer(path: Path, layer: string): void {
    this.findings.add(this.source.place(path, 'key'), {
      code: 'calendar/layer',
      message: `a layer of floors must be lower case letters, digits and hyphens, got ${showValue(layer)}`,
      mend: 'write for example playback: 60',
    });
  }

  /** zod passes over a key `__proto__`; here it is as unknown as any other. */
  private refuseProto(value: unknown, path: Path, visited = new Set<unknown>()): void {
    if (path.length > 4 || typeof value !== 'object' || value === null || visited.has(value)) return;
    visited.add(value);
    if (!Array.isArray(value) && Object.hasOwn(value, '__proto__')) {
      if (path.at(-1) === 'floors') this.reportLayer([...path, '__proto__'], '__proto__');
      else this.reportUnknownKey(path, '__proto__');
    }
    for (const [key, member] of Object.entries(value)) {
      if (key !== '__proto__') this.refuseProto(member, [...path, Array.isArray(value) ? Number(key) : key], visited);
    }
  }
}

function isIndex(step: PropertyKey | undefined): boolean {
  return typeof step === 'number';
}

/** Where a value that should not be a list or mapping is pointed at: its key, or its beginning in a list or file. */
function placePart(path: Path): Part {
  return path.length === 0 || isIndex(path.at(-1)) ? 'start' : 'key';
}

/** The number of a whole-number field; floats are taken as they are. */
function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : parseWholeNumber(value);
}

/** A number as it was written; `_` makes it text to YAML, but not to people. */
function showNumber(value: unknown): string {
  return typeof value === 'string' && parseWholeNumber(value) !== undefined ? value : showValue(value);
}

function secondsOf<T>(parsed: T | Problem): T | undefined {
  return typeof parsed === 'object' && parsed !== null ? undefined : parsed;
}

/** Reads one entry and checks what concerns it alone. Fields that were refused are left out. */
function readDraft(
  reader: FileReader,
  source: SourceFile,
  path: Path,
  findings: Findings,
  options: CalendarOptions,
): Draft | undefined {
  const entry = reader.accepted(path);
  if (!isMapping(entry)) return undefined;
  const get = (...steps: PropertyKey[]) => reader.accepted([...path, ...steps]);
  const has = (...steps: PropertyKey[]) => valueAt(entry, steps) !== undefined;
  const add = (steps: readonly PropertyKey[], part: Part, problem: Problem) =>
    findings.add(reader.place([...path, ...steps], part), problem);

  const id = get('id') as string | undefined;
  const name = id === undefined ? 'the release' : `release ${showValue(id)}`;
  const kind = get('kind') as ReleaseKind | undefined;
  const premiereText = get('premiere');
  const premiere = premiereText === undefined ? undefined : toPremiere(premiereText);

  if (!has('audience') && !has('floors')) {
    add([], 'start', {
      code: 'calendar/missing-key',
      message: `${name} has neither audience nor floors`,
      mend: 'add audience: { peakViewers: 2_000_000 }, or floors: { playback: 60 }',
    });
  }
  if (kind === 'live' && !has('length')) {
    add([], 'start', {
      code: 'calendar/missing-key',
      message: `${name} is live and has no length`,
      mend: 'add length, for example length: PT3H',
    });
  }

  const floors: Record<string, number> = {};
  const floorsValue = get('floors');
  for (const layer of isMapping(floorsValue) ? Object.keys(floorsValue) : []) {
    const units = numberOf(get('floors', layer));
    if (!NAME_PATTERN.test(layer)) continue;
    if (options.layers && !options.layers.includes(layer)) {
      add(['floors', layer], 'key', {
        code: 'calendar/unknown-layer',
        message: `floors names an unknown layer ${showValue(layer)}`,
        mend: findings.didYouMean(layer, options.layers, `use ${joinChoices(options.layers)}`),
      });
    }
    if (units !== undefined) floors[layer] = units;
  }

  const environmentsValue = get('environments');
  let environments: string[] | undefined;
  if (Array.isArray(environmentsValue)) {
    environments = [];
    for (let index = 0; index < environmentsValue.length; index++) {
      const environment = get('environments', index) as string | undefined;
      if (environment === undefined) continue;
      if (environments.includes(environment)) {
        add(['environments', index], 'value', {
          code: 'calendar/environment',
          message: `environments names ${showValue(environment)} twice`,
          mend: 'keep one of them',
        });
      } else if (options.environments && !options.environments.includes(environment)) {
        add(['environments', index], 'value', {
          code: 'calendar/unknown-environment',
          message: `environments names an unknown environment ${showValue(environment)}`,
          mend: findings.didYouMean(environment, options.environments, `use ${joinChoices(options.environments)}`),
        });
      }
      environments.push(environment);
    }
    environments.sort();
  }

  const previouslyAt: number[] = [];
  const previouslyValue = get('previously');
  for (let index = 0; Array.isArray(previouslyValue) && index < previouslyValue.length; index++) {
    const text = get('previously', index);
    const moment = text === undefined ? undefined : toPremiere(text);
    if (!moment) continue;
    if (moment.at === premiere?.at) {
      add(['previously', index], 'value', {
        code: 'calendar/previously',
        message: `previously must differ from the premiere, got ${showValue(text)}`,
        mend: 'write the time that was announced before, or leave it out',
      });
    } else if (previouslyAt.includes(moment.at)) {
      add(['previously', index], 'value', {
        code: 'calendar/previously',
        message: `previously has the same instant twice, got ${showValue(text)}`,
        mend: 'keep one of them',
      });
    }
    previouslyAt.push(moment.at);
  }
  previouslyAt.sort((a, b) => a - b);

  const length = get('length');
  const warmUp = get('warmUp');
  const hold = get('hold');
  const drill = get('drill');
  const observedValue = get('observed');
  return {
    source,
    path,
    location: reader.place(path, 'start'),
    idPlace: has('id') ? reader.place([...path, 'id'], 'value') : undefined,
    id,
    title: get('title') as string | undefined,
    premiere,
    kind,
    status: (get('status') as ReleaseStatus | undefined) ?? 'confirmed',
    audience: readAudience(reader, [...path, 'audience'], findings),
    floors,
    lengthSeconds: length === undefined ? undefined : secondsOf(parseDuration(length, LENGTH_BOUNDS)),
    warmUpSeconds: warmUp === undefined ? undefined : secondsOf(parseDuration(warmUp, WARM_UP_BOUNDS)),
    holdSeconds: hold === undefined ? undefined : secondsOf(parseDuration(hold, HOLD_BOUNDS)),
    drillSeconds: drill === undefined ? DEFAULT_DRILL_SECONDS : (secondsOf(parseDrill(drill, DRILL_BOUNDS)) ?? null),
    environments,
    previouslyAt,
    observed: isMapping(observedValue)
      ? {
          peakViewers: numberOf(get('observed', 'peakViewers')),
          assumed: get('observed', 'assumed') === true,
          outageMinutes: numberOf(get('observed', 'outageMinutes')),
          source: (get('observed', 'source') as string | undefined) ?? '',
        }
      : undefined,
    statesObservedPeak: has('observed', 'peakViewers'),
  };
}

function toPremiere(text: unknown): Premiere | undefined {
  const parsed = parsePremiere(text);
  return 'code' in parsed ? undefined : parsed;
}

/** Reads a forecast and checks how its figures fit together. */
function readAudience(reader: FileReader, path: Path, findings: Findings): AudienceDraft | undefined {
  const audience = reader.accepted(path);
  if (!isMapping(audience)) return undefined;
  const has = (key: string) => Object.hasOwn(audience, key);
  const number = (key: string) => numberOf(reader.accepted([...path, key]));
  const add = (key: string | undefined, part: Part, problem: Problem) =>
    findings.add(reader.place(key === undefined ? path : [...path, key], part), problem);
  const show = (key: string) => showNumber(audience[key]);

  const peakViewers = number('peakViewers');
  const low = number('low');
  const high = number('high');

  if (!has('peakViewers') && !has('like')) {
    add(undefined, 'key', {
      code: 'calendar/missing-key',
      message: 'audience has neither peakViewers nor like',
      mend: 'add peakViewers, for example peakViewers: 2_000_000, or like with the id of an earlier release',
    });
  }
  if (has('peakViewers') && has('like')) {
    add('like', 'key', {
      code: 'calendar/like',
      message: `audience has both peakViewers ${show('peakViewers')} and like ${show('like')}`,
      mend: 'keep one of them',
    });
  }
  if (has('growth') && !has('like')) {
    add('growth', 'key', {
      code: 'calendar/growth',
      message: `growth needs like, got growth ${show('growth')} alone`,
      mend: 'add like with the id of an earlier release, or leave growth out',
    });
  }
  if (has('like') && !has('peakViewers')) {
    for (const key of ['low', 'high']) {
      if (!has(key)) continue;
      add(key, 'key', {
        code: `calendar/${key}`,
        message: `${key} does not go with like, got ${show(key)}`,
        mend: 'write uncertainty, for example uncertainty: 0.35, or leave it out',
      });
    }
  }
  if (has('uncertainty') && (has('low') || has('high'))) {
    const others = joinChoices(['low', 'high'].filter(has), 'and');
    add('uncertainty', 'key', {
      code: 'calendar/uncertainty',
      message: `uncertainty ${show('uncertainty')} does not go with ${others}, which say the same`,
      mend: `keep uncertainty or ${others}`,
    });
  }
  const lowFits = low === undefined || peakViewers === undefined || low <= peakViewers;
  const highFits = high === undefined || peakViewers === undefined || high >= peakViewers;
  if (!lowFits) {
    add('low', 'value', {
      code: 'calendar/low',
      message: `low must be at most peakViewers ${show('peakViewers')}, got ${show('low')}`,
      mend: 'write what the peak stays below with a chance of 1 in 10',
    });
  }
  if (!highFits) {
    add('high', 'value', {
      code: 'calendar/high',
      message: `high must be at least peakViewers ${show('peakViewers')}, got ${show('high')}`,
      mend: 'write what the peak rises above with a chance of 1 in 10',
    });
  }
  if (lowFits && highFits && low !== undefined && high !== undefined && low >= high) {
    add('low', 'value', {
      code: 'calendar/low',
      message: `low must be below high ${show('high')}, got ${show('low')}`,
      mend: 'widen the range: each end has a chance of 1 in 10',
    });
  }
  return {
    peakViewers,
    low,
    high,
    uncertainty: number('uncertainty'),
    like: has('peakViewers') ? undefined : (reader.accepted([...path, 'like']) as string | undefined),
    growth: number('growth') ?? 1,
  };
}

/** Reports ids that are given twice, and returns the first draft of each id. */
function indexIds(drafts: readonly Draft[], findings: Findings): Map<string, Draft> {
  const byId = new Map<string, Draft>();
  for (const draft of drafts) {
    if (draft.id === undefined) continue;
    const first = byId.get(draft.id);
    if (!first) {
      byId.set(draft.id, draft);
      continue;
    }
    findings.add(draft.idPlace!, {
      code: 'calendar/duplicate-id',
      message: `id ${showValue(draft.id)} is taken, first in ${first.idPlace!.file}:${first.idPlace!.line}`,
      mend: 'write another id',
    });
  }
  return byId;
}

/** The forecast with `like` resolved; undefined when there is none or it was reported. */
function resolveAudience(
  draft: Draft,
  byId: ReadonlyMap<string, Draft>,
  complete: boolean,
  findings: Findings,
): Audience | undefined {
  const { audience } = draft;
  if (!audience) return undefined;
  const { peakViewers, low, high, uncertainty, like, growth } = audience;
  if (peakViewers !== undefined) return { peakViewers, low, high, uncertainty };
  if (like === undefined) return undefined;

  const report = (key: string, problem: Problem, severity?: Diagnostic['severity']) =>
    findings.add(draft.source.place([...draft.path, 'audience', key], 'value'), problem, severity);
  if (like === draft.id) {
    report('like', {
      code: 'calendar/like',
      message: `like must name another release, got its own id ${showValue(like)}`,
      mend: 'write the id of an earlier release, or peakViewers',
    });
    return undefined;
  }
  const earlier = byId.get(like);
  if (!earlier) {
    // The release may stand in a file that could not be read.
    if (!complete) return undefined;
    const known = [...byId.values()]
      .filter((other) => other !== draft && other.statesObservedPeak)
      .map((other) => other.id!);
    report('like', {
      code: 'calendar/unknown-like',
      message: `like names an unknown release ${showValue(like)}`,
      mend: findings.didYouMean(
        like,
        known,
        known.length > 0 && known.length <= 8
          ? `use ${joinChoices(known)}`
          : 'write the id of a release with observed.peakViewers',
      ),
    });
    return undefined;
  }
  const observed = earlier.observed;
  if (observed?.peakViewers === undefined) {
    if (earlier.statesObservedPeak) return undefined;
    report('like', {
      code: 'calendar/like-without-observed',
      message: `like names a release without observed.peakViewers, got ${showValue(like)}`,
      mend: `add observed.peakViewers in ${earlier.location.file}:${earlier.location.line}, or write peakViewers here`,
    });
    return undefined;
  }
  if (observed.assumed) {
    report(
      'like',
      {
        code: 'calendar/like-assumed',
        message: `like names a release whose observed peak ${formatWholeNumber(observed.peakViewers)} was assumed, got ${showValue(like)}`,
        mend: `measure it and correct ${earlier.location.file}:${earlier.location.line}, or state peakViewers with low and high`,
      },
      'warning',
    );
  }
  const expected = Math.max(1, Math.round(observed.peakViewers * growth));
  if (expected > MOST_VIEWERS) {
    report('growth', {
      code: 'calendar/growth',
      message: `growth makes the expected peak more than ${MOST_VIEWERS}, got ${growth}`,
      mend: 'check the number of zeros',
    });
    return undefined;
  }
  return { peakViewers: expected, uncertainty, like: { id: like, growth, assumed: observed.assumed } };
}

/** One zero too many is a fleet ten times larger. */
function warnFarAbove(draft: Draft, audience: Audience, largest: Draft | undefined, findings: Findings): void {
  const observed = largest?.observed?.peakViewers;
  if (observed === undefined || draft.status === 'cancelled' || draft.observed) return;
  if (audience.peakViewers <= FAR_ABOVE_OBSERVED * observed) return;
  const audiencePath = [...draft.path, 'audience'];
  const grown = audience.like && valueAt(draft.source.value, [...audiencePath, 'growth']) !== undefined;
  const key = audience.like ? (grown ? 'growth' : 'like') : 'peakViewers';
  const times = Math.round((audience.peakViewers / observed) * 10) / 10;
  findings.add(
    draft.source.place([...audiencePath, key], 'value'),
    {
      code: 'calendar/far-above-observed',
      message:
        `the expected peak is ${times} times the largest observed one, ${formatWholeNumber(observed)} of ` +
        `${showValue(largest!.id ?? '')}, got ${formatWholeNumber(audience.peakViewers)}`,
      mend: 'check the number of zeros',
    },
    'warning',
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By file, line and column. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    compareText(a.file ?? '', b.file ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0) ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  );
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

function toRelease(draft: Draft, audience: Audience | undefined): Release | undefined {
  const { id, title, premiere, kind } = draft;
  if (id === undefined || title === undefined || !premiere || kind === undefined) return undefined;
  return withoutUndefined<Release>({
    id,
    title,
    premiereAt: premiere.at,
    premiereZone: premiere.zone,
    kind,
    audience: audience && withoutUndefined(audience),
    floors: draft.floors,
    lengthSeconds: draft.lengthSeconds,
    warmUpSeconds: draft.warmUpSeconds,
    holdSeconds: draft.holdSeconds,
    drillSeconds: draft.drillSeconds,
    status: draft.status,
    environments: draft.environments,
    previouslyAt: draft.previouslyAt,
    observed: draft.observed && withoutUndefined(draft.observed),
    location: { file: draft.location.file, line: draft.location.line, column: draft.location.column },
  });
}

/**
 * Reads all files of a calendar at once: `like` and unique ids go across files.
 *
 * Every problem of every file is collected; no text throws. Pure: no clock, no files.
 */
export function parseCalendar(files: readonly CalendarFile[], options: CalendarOptions = {}): CalendarResult {
  const findings = new Findings();
  const sortedFiles = [...files].sort((a, b) => compareText(a.file, b.file));
  const drafts: Draft[] = [];
  const broken: Diagnostic[] = [];
  let complete = true;
  for (const { file, text } of sortedFiles) {
    const source = new SourceFile(file, text);
    broken.push(...source.diagnostics);
    if (!source.readable) {
      complete = false;
      continue;
    }
    if (source.value === null || source.value === undefined) {
      findings.add(source.placeAt(0, 1), {
        code: 'calendar/empty-file',
        message: 'the file holds no calendar',
        mend: 'write releases: and list the entries below it, or delete the file',
      });
      continue;
    }
    const reader = new FileReader(source, findings);
    const entries = reader.accepted(['releases']);
    if (!Array.isArray(entries)) complete = false;
    for (let index = 0; Array.isArray(entries) && index < entries.length; index++) {
      const draft = readDraft(reader, source, ['releases', index], findings, options);
      if (draft) drafts.push(draft);
    }
  }

  const byId = indexIds(drafts, findings);
  let largest: Draft | undefined;
  for (const draft of drafts) {
    const peak = draft.observed?.peakViewers ?? 0;
    if (peak > (largest?.observed?.peakViewers ?? 0)) largest = draft;
  }
  const releases: Release[] = [];
  for (const draft of drafts) {
    const audience = resolveAudience(draft, byId, complete, findings);
    if (audience) warnFarAbove(draft, audience, largest, findings);
    const release = toRelease(draft, audience);
    if (release) releases.push(release);
  }

  const diagnostics = [...broken, ...findings.diagnostics].sort(compareDiagnostics);
  if (diagnostics.some((diagnostic) => diagnostic.severity === 'error')) return { diagnostics };
  releases.sort((a, b) => a.premiereAt - b.premiereAt || compareText(a.id, b.id));
  return { calendar: { releases, digest: digestReleases(releases) }, diagnostics };
}
