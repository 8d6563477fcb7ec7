import { type EChartsType, init } from 'echarts/core';
import { toIso } from '../../capacity/instants';
import { PLOT } from '../chart-parts';
import type { Figure } from '../report-packed';
import { phaseAt, readingOf, type SeriesKey } from '../report-reading';
import { describeTimeline, legendOf, timelineChart } from '../timeline-chart';
import type { Steps, Timeline, TimelineRelease } from '../timeline';
import { zoneLabel } from '../times';
import type { Clock } from './clock';

const MINUTE = 60;
const HOUR = 3600;
/** Nobody needs to see less than this. Seconds. */
const LEAST_SPAN = 900;
const ZOOM = 2;
/** Seconds that an arrow key moves; the first that crosses the view in few enough strokes is taken. */
const STROKES = [60, 300, 900, 1800, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];
const MOST_STROKES = 240;
/** With Shift an arrow key goes so many times as far. */
const FURTHER = 10;
/** A page of A4 or Letter within its margins, in pixels. */
const PRINT_WIDTH = 680;
/** A screen reader hears where somebody stopped, not each instant that they pass. Milliseconds. */
const SETTLED = 150;
/** Beside the line of the instant, in pixels. */
const READING_GAP = 12;

interface Span {
  readonly from: number;
  readonly to: number;
}

/** One chart with all that it can be read by: pointer, keyboard and screen reader. Drawn when it is first seen. */
export class ChartFigure {
  private readonly plot: HTMLElement;
  private readonly canvas: HTMLElement;
  private readonly handle: HTMLElement;
  private readonly cursor: HTMLElement;
  private readonly reading: HTMLElement;
  private readonly news: HTMLElement;
  private readonly goTo: HTMLSelectElement;
  private readonly hidden = new Set<SeriesKey>();
  private chart: EChartsType | undefined;
  private view: Span;
  private width = 0;
  /** Height of the labels above the plot. Never shrinks on the screen, or what is below would jump while somebody zooms. */
  private top = 0;
  private instant: number | undefined;
  private lastInstant: number | undefined;
  private isDue = false;
  private isPrinting = false;
  private settling = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly figure: Figure,
    private readonly clock: Clock,
  ) {
    this.plot = this.find('.plot');
    this.canvas = this.find('.canvas');
    this.handle = this.find('.handle');
    this.cursor = this.find('.cursor');
    this.reading = this.find('.reading');
    this.news = this.find('.news');
    this.goTo = root.querySelector('select')!;
    const { from, to } = figure.timeline;
    this.view = { from, to };
    for (const element of root.querySelectorAll<HTMLElement>('.tools, .plot, .keys, .words')) element.hidden = false;
    this.handle.ariaValueMin = `${from}`;
    this.handle.ariaValueMax = `${to - 1}`;
    this.handle.ariaValueNow = `${from}`;
    this.handle.ariaValueText = this.timeText(from);
    this.goTo.append(...this.timeline.releases.map(({ id, title }) => new Option(title, id)));
    this.goTo.disabled = this.timeline.releases.length === 0;
    this.listen();
    new ResizeObserver(() => this.fit()).observe(this.plot);
    const seen = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        seen.disconnect();
        this.start();
      },
      { rootMargin: '600px' },
    );
    seen.observe(this.plot);
  }

  /** After the clock was changed. */
  refresh(): void {
    this.redraw();
    this.tell();
  }

  /** Draws all of it on paper, now: a page is printed as soon as this returns. */
  print(): void {
    this.start();
    this.isPrinting = true;
    this.draw({ from: this.timeline.from, to: this.timeline.to }, PRINT_WIDTH);
  }

  /** Draws for the screen again. */
  endPrint(): void {
    this.isPrinting = false;
    this.draw(this.view, this.width);
  }

  private get timeline(): Timeline {
    return this.figure.timeline;
  }

  private find(selector: string): HTMLElement {
    return this.root.querySelector<HTMLElement>(selector)!;
  }

  private start(): void {
    if (this.chart) return;
    this.width = this.plot.clientWidth || PRINT_WIDTH;
    this.chart = init(this.canvas, null, { renderer: 'svg', width: this.width, height: 300 });
    this.draw(this.view, this.width);
  }

  private fit(): void {
    const width = this.plot.clientWidth;
    if (!this.chart || this.isPrinting || width === 0 || width === this.width) return;
    this.width = width;
    this.top = 0;
    this.redraw();
  }

  /** Draws with the next frame, however often it was asked for until then. */
  private redraw(): void {
    if (this.isDue || !this.chart) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      if (!this.isPrinting) this.draw(this.view, this.width);
    });
  }

  private draw(view: Span, width: number): void {
    if (!this.chart) return;
    const shown = shownOf(this.timeline, this.hidden, view, width);
    const zone = this.zoneAt((view.from + view.to) / 2);
    const label = (at: number): string => this.clock.show(toIso(at), zone);
    const { option, height } = timelineChart(shown, { ...view, width, label, clock: zoneLabel(zone) });
    const { top, height: room } = option.grid as { top: number; height: number };
    this.top = Math.max(this.top, top);
    // Fewer labels leave room above them: the axis stays where it is.
    const above = this.isPrinting ? 0 : this.top - top;
    this.canvas.style.paddingTop = `${above}px`;
    this.cursor.style.top = `${above + top}px`;
    this.cursor.style.height = `${room}px`;
    this.chart.resize({ width, height });
    this.chart.setOption(option, { notMerge: true });
    this.chart.getZr().flush();
    this.place();
  }

  private listen(): void {
    const { root, handle, plot } = this;
    for (const button of root.querySelectorAll<HTMLButtonElement>('[data-series]')) {
      button.addEventListener('click', () => {
        const key = button.dataset.series as SeriesKey;
        if (!this.hidden.delete(key)) this.hidden.add(key);
        button.ariaPressed = `${!this.hidden.has(key)}`;
        this.redraw();
      });
    }
    const zooms: Readonly<Record<string, () => void>> = {
      in: () => this.zoom(1 / ZOOM),
      out: () => this.zoom(ZOOM),
      reset: () => this.show(this.timeline),
    };
    for (const button of root.querySelectorAll<HTMLButtonElement>('[data-zoom]')) {
      button.addEventListener('click', zooms[button.dataset.zoom!]!);
    }
    this.goTo.addEventListener('change', () => {
      const release = this.timeline.releases.find(({ id }) => id === this.goTo.value);
      if (release) this.showRelease(release);
    });
    handle.addEventListener('keydown', (event) => this.press(event));
    handle.addEventListener('focus', () => {
      // A pointer reads where it is.
      if (this.instant === undefined && handle.matches(':focus-visible')) this.moveTo(this.resumeAt);
    });
    handle.addEventListener('blur', () => this.leave());
    plot.addEventListener(
      'wheel',
      (event) => {
        // Without Ctrl a wheel scrolls the page. Browsers send a pinch as a wheel with Ctrl.
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 200))), this.instantAt(event.clientX));
      },
      { passive: false },
    );
    this.listenToPointer();
    const words = this.find('.words');
    words.addEventListener('toggle', () => {
      words.querySelector('p')!.textContent = describeTimeline(this.timeline);
    });
  }

  private listenToPointer(): void {
    const { handle, plot } = this;
    let dragged: { readonly x: number; readonly view: Span } | undefined;
    handle.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      dragged = { x: event.clientX, view: this.view };
      handle.setPointerCapture(event.pointerId);
      plot.classList.add('dragging');
      this.moveTo(this.instantAt(event.clientX));
    });
    handle.addEventListener('pointermove', (event) => {
      // A second finger zooms the page.
      if (!event.isPrimary) return;
      if (!dragged) return this.moveTo(this.instantAt(event.clientX));
      const { from, to } = dragged.view;
      const by = ((dragged.x - event.clientX) / this.plotWidth) * (to - from);
      this.show({ from: from + by, to: to + by });
    });
    const drop = (): void => {
      dragged = undefined;
      plot.classList.remove('dragging');
    };
    handle.addEventListener('pointerup', drop);
    handle.addEventListener('pointercancel', () => {
      drop();
      this.leave();
    });
    handle.addEventListener('pointerleave', ({ pointerType }) => {
      // A finger that is lifted leaves, too: what it tapped stays until something else is tapped.
      if (pointerType !== 'touch' && document.activeElement !== handle) this.leave();
    });
    handle.addEventListener('dblclick', (event) => this.zoom(1 / ZOOM, this.instantAt(event.clientX)));
  }

  private press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { from, to } = this.timeline;
    const now = this.instant ?? this.resumeAt;
    const span = this.view.to - this.view.from;
    const stroke =
      (STROKES.find((seconds) => span / seconds <= MOST_STROKES) ?? STROKES.at(-1)!) * (event.shiftKey ? FURTHER : 1);
    const keys: Readonly<Record<string, () => void>> = {
      // To round times, from wherever it is.
      ArrowRight: () => this.moveTo(stroke * Math.floor(now / stroke + 1)),
      ArrowLeft: () => this.moveTo(stroke * Math.ceil(now / stroke - 1)),
      PageDown: () => this.moveTo(this.timeline.floor.find(([at]) => at > now)?.[0] ?? now),
      PageUp: () => this.moveTo(this.timeline.floor.findLast(([at]) => at < now)?.[0] ?? now),
      Home: () => this.moveTo(from),
      End: () => this.moveTo(to - MINUTE),
      '+': () => this.zoom(1 / ZOOM),
      '=': () => this.zoom(1 / ZOOM),
      '-': () => this.zoom(ZOOM),
      Escape: () => this.show(this.timeline),
    };
    // The keys of a slider: up is more.
    const act = keys[{ ArrowUp: 'ArrowRight', ArrowDown: 'ArrowLeft' }[event.key] ?? event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Where the keyboard goes on: at what was read last if it is still in sight. */
  private get resumeAt(): number {
    const { from, to } = this.view;
    const last = this.lastInstant ?? -Infinity;
    return last >= from && last < to ? last : Math.max(from, this.timeline.asOf);
  }

  private get plotWidth(): number {
    return this.width - PLOT.left - PLOT.right;
  }

  private instantAt(clientX: number): number {
    const share = (clientX - this.plot.getBoundingClientRect().left - PLOT.left) / this.plotWidth;
    const { from, to } = this.view;
    return MINUTE * Math.floor((from + Math.max(0, Math.min(1, share)) * (to - from)) / MINUTE);
  }

  /** Keeps the point that is zoomed about where it is; by default the instant that is read, else the middle. */
  private zoom(factor: number, about = this.instant ?? (this.view.from + this.view.to) / 2): void {
    const { from, to } = this.view;
    const span = Math.max(LEAST_SPAN, factor * (to - from));
    const start = about - ((about - from) / (to - from)) * span;
    this.show({ from: start, to: start + span });
  }

  /** Shows a span, moved into that of the timeline where it is not. */
  private show({ from, to }: Span): void {
    const { timeline } = this;
    const span = Math.min(to - from, timeline.to - timeline.from);
    const start = Math.round(Math.max(timeline.from, Math.min(timeline.to - span, from)));
    this.view = { from: start, to: Math.round(start + span) };
    this.redraw();
    this.place();
  }

  private showRelease({ premiereAt }: TimelineRelease): void {
    const instant = toIso(premiereAt);
    const window = this.figure.windows.find(({ risingAt, endsAt }) => risingAt <= instant && instant < endsAt);
    const from = window ? Date.parse(window.risingAt) / 1000 : premiereAt - HOUR;
    const to = window ? Date.parse(window.endsAt) / 1000 : premiereAt + 4 * HOUR;
    this.show({ from: from - HOUR, to: to + HOUR });
    this.moveTo(premiereAt);
  }

  /** Reads the values of an instant; the view follows where it leaves it. */
  private moveTo(instant: number): void {
    const { timeline } = this;
    this.instant = Math.max(timeline.from, Math.min(timeline.to - 1, instant));
    this.lastInstant = this.instant;
    const { from, to } = this.view;
    if (this.instant < from) this.show({ from: this.instant, to: this.instant + to - from });
    if (this.instant >= to) this.show({ from: this.instant + MINUTE - (to - from), to: this.instant + MINUTE });
    this.tell();
  }

  private leave(): void {
    this.instant = undefined;
    this.place();
  }

  private tell(): void {
    const at = this.instant;
    if (at === undefined) return;
    const { values, window } = readingOf(this.timeline, phaseAt(this.figure.windows, toIso(at)), at);
    const time = this.timeText(at);
    this.handle.ariaValueNow = `${at}`;
    this.handle.ariaValueText = time;
    const heading = document.createElement('strong');
    heading.textContent = time;
    const table = document.createElement('table');
    for (const { name, value, key } of values) {
      const row = table.insertRow();
      row.dataset.key = key;
      const head = document.createElement('th');
      head.textContent = name;
      row.append(head);
      row.insertCell().textContent = value;
    }
    const where = document.createElement('p');
    where.textContent = window;
    this.reading.replaceChildren(heading, table, where);
    clearTimeout(this.settling);
    if (document.activeElement !== this.handle && document.activeElement !== this.goTo) return this.place();
    this.settling = setTimeout(() => {
      this.news.textContent = `${time}. ${values.map(({ name, value }) => `${name}: ${value}`).join('; ')}. ${window}.`;
    }, SETTLED);
    return this.place();
  }

  /** Puts line and values where the instant is. */
  private place(): void {
    const { from, to } = this.view;
    const at = this.instant;
    const isSeen = this.chart !== undefined && at !== undefined && at >= from && at < to;
    this.cursor.hidden = !isSeen;
    this.reading.hidden = !isSeen;
    if (!isSeen) return;
    const x = PLOT.left + ((at - from) / (to - from)) * this.plotWidth;
    this.cursor.style.left = `${x}px`;
    const width = this.reading.offsetWidth;
    const isRoomRight = x + READING_GAP + width < this.width;
    this.reading.style.left = `${Math.max(0, isRoomRight ? x + READING_GAP : x - READING_GAP - width)}px`;
    this.reading.style.top = this.cursor.style.top;
  }

  private timeText(at: number): string {
    const zone = this.zoneAt(at);
    return `${this.clock.show(toIso(at), zone)} ${zoneLabel(zone)}`;
  }

  /** The zone for an instant: where premieres have their own times, that of the nearest. */
  private zoneAt(at: number): string {
    const distance = ({ premiereAt }: TimelineRelease): number => Math.abs(premiereAt - at);
    const nearest = this.timeline.releases.reduce<TimelineRelease | undefined>(
      (best, release) => (best && distance(best) <= distance(release) ? best : release),
      undefined,
    );
    return this.clock.zoneFor(nearest?.zone);
  }
}

/** What is drawn of a timeline: what is not hidden, no finer than pixels are. */
function shownOf(timeline: Timeline, hidden: ReadonlySet<SeriesKey>, view: Span, width: number): Timeline {
  const drawn = Object.fromEntries(
    legendOf(timeline).map(({ key }) => [key, hidden.has(key) ? [] : highestOfPixels(timeline[key]!, view, width)]),
  );
  return { ...timeline, ...drawn };
}

/** The highest value of each pixel in place of more changes than there are pixels: a path of ten thousand steps is slow to draw. */
function highestOfPixels(steps: Steps, { from, to }: Span, width: number): Steps {
  if (steps.filter(([at]) => at > from && at < to).length <= 2 * width) return steps;
  const pixel = (to - from) / width;
  const highest: [number, number][] = [];
  for (const [index, [at, value]] of steps.entries()) {
    const until = steps[index + 1]?.[0] ?? to;
    if (until <= from || at >= to) continue;
    const last = Math.floor((Math.min(until, to) - from - 1) / pixel);
    for (let bucket = Math.max(0, Math.floor((at - from) / pixel)); bucket <= last; bucket += 1) {
      const known = highest[bucket];
      if (known) known[1] = Math.max(known[1], value);
      else highest[bucket] = [from + bucket * pixel, value];
    }
  }
  return Object.values(highest);
}
