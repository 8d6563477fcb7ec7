import { z } from 'zod';
import { calendarFileSchema } from './schema';

const WIDEST_LINE = 120;

/** Lists of plain values, and lists of such lists; undefined for what holds an object. */
function formatOnOneLine(value: unknown): string | undefined {
  if (!Array.isArray(value)) return typeof value === 'object' && value !== null ? undefined : JSON.stringify(value);
  const members = value.map(formatOnOneLine);
  return members.includes(undefined) ? undefined : `[${members.join(', ')}]`;
}

/** JSON as prettier formats it: objects on lines of their own, lists of plain values on one line where they fit. */
function formatJson(value: unknown, indent: string, keyWidth: number): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const line = formatOnOneLine(value);
    // One more for the comma behind it.
    if (line !== undefined && indent.length + keyWidth + line.length + 1 <= WIDEST_LINE) return line;
    return `[\n${value.map((member) => inner + formatJson(member, inner, 0)).join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    const members = Object.entries(value).map(([key, member]) => {
      const name = `${JSON.stringify(key)}: `;
      return inner + name + formatJson(member, inner, name.length);
    });
    return `{\n${members.join(',\n')}\n${indent}}`;
  }
  return JSON.stringify(value);
}

/**
 * The JSON Schema (draft-07, which yaml-language-server reads) of a calendar file, as text that ends with a newline.
 *
 * An editor completes, documents and checks entries with it. What needs the whole calendar or the clock of a time zone
 * is left to `check`: unique ids, `like`, daylight saving.
 */
export function calendarJsonSchema(): string {
  const schema = z.toJSONSchema(calendarFileSchema, { io: 'input', target: 'draft-07' });
  return `${formatJson(schema, '', 0)}\n`;
}
