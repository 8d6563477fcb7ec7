/** Text that is markup already. */
export class Markup {
  constructor(readonly text: string) {}
}

type Value = Markup | string | number | undefined | readonly Value[];

/**
 * Markup from a template: what is put in is escaped, unless it is markup; lists are joined, and what is undefined is left out. The template's own
 * lines lose what indents them.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const [first, ...rest] = parts.map((part) => part.replaceAll(/\n\s+/g, '\n'));
  return new Markup(rest.reduce((text, part, index) => text + render(values[index]) + part, first!));
}

function render(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return escapeHtml(String(value));
}

/** For content and for attributes in double quotes. What HTML cannot hold becomes a replacement character. */
function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text
    .replaceAll(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replaceAll(/[&<>"]/g, (character) => entities[character]!);
}

/** A JSON document that no content can end early, for a script element that is not run. */
export function jsonMarkup(document: object): Markup {
  return new Markup(JSON.stringify(document).replaceAll('<', '\\u003c'));
}
