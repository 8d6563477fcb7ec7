import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { calendarJsonSchema } from '../../lib/calendar/json-schema';
import { fieldWords, calendarFileSchema, schemaAt } from '../../lib/calendar/schema';

const CALENDAR = path.join(__dirname, '..', '..', 'release-calendar');

interface Schema {
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
}

test('the committed schema is the one that validates; `npm run schema` refreshes it', () => {
  expect(readFileSync(path.join(CALENDAR, 'schema.json'), 'utf8')).toBe(calendarJsonSchema());
});

function fields(schema: Schema, at: string): [string, Schema][] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([key, field]) =>
    fields(field, at === '' ? key : `${at}.${key}`),
  );
  return [[at, schema], ...below, ...(schema.items ? fields(schema.items, `${at}[]`) : [])];
}

test('an editor shows a title and a description for every field', () => {
  const all = fields(JSON.parse(calendarJsonSchema()) as Schema, '');
  expect(all.length).toBeGreaterThan(25);
  expect(all.filter(([, field]) => !field.title || !field.description).map(([at]) => at)).toEqual([]);
});

test('the parser has words for every field', () => {
  const missing: string[] = [];
  const visit = (where: (string | number)[]) => {
    const schema = schemaAt(where)!;
    if (!fieldWords.has(schema)) missing.push(where.join('.'));
    if (schema instanceof z.ZodObject) for (const key of Object.keys(schema.shape)) visit([...where, key]);
    if (schema instanceof z.ZodArray) visit([...where, 0]);
    if (schema instanceof z.ZodRecord) visit([...where, 'playback']);
  };
  visit([]);
  expect(missing).toEqual([]);
});

/** The schema as an editor applies it, without the rules between keys, which zod does not read back. */
function editorSchema(): z.ZodType {
  const schema: unknown = JSON.parse(calendarJsonSchema(), (key, value: unknown) => {
    const betweenKeys = Array.isArray(value) && value.every((rule: object) => 'required' in Object(rule));
    return betweenKeys || key === 'if' || key === 'then' || key === 'dependencies' ? undefined : value;
  });
  return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
}

function entry(fields: string): unknown {
  return parse(`releases:\n  - { id: a, title: A, premiere: 2026-12-04 19:00 UTC, kind: season, ${fields} }\n`);
}

describe('an editor agrees with the parser on the shape', () => {
  const editor = editorSchema();

  test.each(['2016-2026-observed.yaml', '2026-2027-season.yaml'])('%s has no squiggles', (name) => {
    const value: unknown = parse(readFileSync(path.join(CALENDAR, name), 'utf8'));
    expect(editor.safeParse(value).error?.issues ?? []).toEqual([]);
  });

  test.each([
    ['audience: { peakViewers: 9_000_000 }', true],
    ['audience: { peakViewers: 9000000, low: 6_000_000, high: 14000000 }', true],
    ['audience: { like: b, growth: 1.3 }', true],
    ['floors: { playback: 1_000 }', true],
    ['floors: { playback: 60 }, drill: none, length: PT2H8M, status: tentative', true],
    ['audience: { peakViewers: 2m }', false],
    ['audience: { peakViewers: 9__000 }', false],
    ['audience: { peakViewers: 0 }', false],
    ['audience: { peakViewers: 9, uncertainty: 4 }', false],
    ['floors: { Playback: 60 }', false],
    ['floors: { playback: 60 }, lenght: PT1H', false],
    ['floors: { playback: 60 }, length: 2h', false],
    ['floors: { playback: 60 }, environments: []', false],
    ['floors: { playback: 60 }, observed: { outageMinutes: 1 }', false],
  ])('{ %s } is right: %p', (fields, right) => {
    expect(editor.safeParse(entry(fields)).success).toBe(right);
    expect(calendarFileSchema.safeParse(entry(fields)).success).toBe(right);
  });
});
