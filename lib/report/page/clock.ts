import { localTime, utcTime, zoneLabel } from '../times';

/** Whose time the page shows. */
export type ClockMode = 'utc' | 'viewer' | 'premiere';

/** Shows instants in the time that the reader chose. */
export class Clock {
  private mode: ClockMode = 'utc';

  /** @param zone the reader's own, for example `Asia/Dhaka` */
  constructor(private readonly zone = new Intl.DateTimeFormat().resolvedOptions().timeZone) {}

  /**
   * Chooses whose time is shown, and rewrites every instant of the page and the names beside it.
   *
   * What belongs to no premiere stays in UTC when premieres have their own times.
   */
  choose(mode: ClockMode): void {
    this.mode = mode;
    for (const element of document.querySelectorAll('time')) {
      // The page comes with the instant in UTC; a page that is saved later keeps it here.
      element.dateTime ||= `${element.textContent.replace(' ', 'T')}Z`;
      const premiereZone = premiereZoneOf(element);
      const zone = this.zoneFor(premiereZone);
      const text = this.show(element.dateTime, zone);
      const isNamedBeside = element.nextElementSibling?.className === 'zone';
      element.textContent = mode === 'premiere' && premiereZone && !isNamedBeside ? `${text} ${zoneLabel(zone)}` : text;
    }
    for (const element of document.querySelectorAll('.zone')) {
      const isOfPremieres = mode === 'premiere' && element.closest('thead') !== null;
      element.textContent = isOfPremieres ? 'premiere’s time' : zoneLabel(this.zoneFor(premiereZoneOf(element)));
    }
  }

  /** The zone that an instant is shown in, given that of the premiere that it is about. */
  zoneFor(premiereZone: string | undefined): string {
    if (this.mode === 'viewer') return this.zone;
    return this.mode === 'premiere' && premiereZone !== undefined ? premiereZone : 'UTC';
  }

  /** An instant in ISO 8601, as a clock in the zone shows it. */
  show(instant: string, zone: string): string {
    return zone === 'UTC' ? utcTime(instant) : localTime(instant, zone);
  }
}

/** The zone of the premiere that something stands beside. */
function premiereZoneOf(element: Element): string | undefined {
  return element.closest<HTMLElement>('[data-zone]')?.dataset.zone;
}
