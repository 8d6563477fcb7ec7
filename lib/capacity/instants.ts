/** Whole seconds since the Unix epoch as ISO 8601 in UTC, for example `2025-12-31T23:55:00Z`. */
export function toIso(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** Whole seconds since the Unix epoch of an instant of a plan; NaN for anything else, such as a time without `Z`. */
export function fromIso(instant: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.0+)?Z$/.test(instant) ? Date.parse(instant) / 1000 : Number.NaN;
}

/** The instant without punctuation and to the minute, as in the names of actions: `20251231T2355Z`. */
export function toCompactIso(seconds: number): string {
  return `${toIso(seconds).slice(0, 16).replaceAll(/[-:]/g, '')}Z`;
}

/** An instant of a plan as Application Auto Scaling takes it. Without a time zone beside them its digits are read as UTC. */
export function toSchedule(instant: string): string {
  return `at(${instant.slice(0, 19)})`;
}
