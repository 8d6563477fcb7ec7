const formats = new Map<string, Intl.DateTimeFormat>();

/** An instant of a plan as a clock in the zone shows it, to the minute: `2025-12-31 17:00`. */
export function localTime(instant: string, zone: string): string {
  let format = formats.get(zone);
  if (!format) {
    const digits = '2-digit';
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: digits,
      day: digits,
      hour: digits,
      minute: digits,
    });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(Date.parse(instant)).map(({ type, value }) => [type, value]));
  return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}`;
}

/** An instant of a plan in UTC, to the minute: `2026-01-01 01:00`. */
export function utcTime(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}

/** The city of a zone, as people name it: `Los Angeles`. */
export function zoneLabel(zone: string): string {
  return zone.split('/').at(-1)!.replaceAll('_', ' ');
}
