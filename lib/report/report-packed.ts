import type { CapacityWindow } from '../capacity/capacity-plan';
import { fromIso, toIso } from '../capacity/instants';
import type { Steps, Timeline, TimelineRelease } from './timeline';

/** What one chart of the page is drawn from. */
export interface Figure {
  readonly timeline: Timeline;
  readonly windows: readonly CapacityWindow[];
}

/** The figures as the page carries them: a tenth of their size as plain JSON. */
export interface PackedPage {
  /** Of all figures: most are of all environments. */
  readonly releases: readonly TimelineRelease[];
  readonly figures: readonly PackedFigure[];
}

interface PackedFigure {
  readonly timeline: Omit<Timeline, 'releases' | (typeof STEPS)[number]>;
  /** Changes of median, planned, required and floor. */
  readonly steps: readonly string[];
  /** Indexes of releases. */
  readonly releases: string;
  /** Of each: how far it begins after the one before, lasts until giving back, and from there to its end; whether it is a drill; how many releases, and which. */
  readonly windows: string;
}

const STEPS = ['median', 'planned', 'required', 'floor'] as const;

/** Figures, small enough for a page. Values must be whole numbers. */
export function packFigures(all: readonly Figure[]): PackedPage {
  const known = new Map<string, { index: number; release: TimelineRelease }>();
  const indexOf = (release: TimelineRelease): number => {
    const found = known.get(release.id);
    if (found) return found.index;
    known.set(release.id, { index: known.size, release });
    return known.size - 1;
  };
  // First those that premiere in a figure, because a window of another may know no more of one than its id.
  for (const { timeline } of all) for (const release of timeline.releases) indexOf(release);
  const figures = all.map(({ timeline, windows }): PackedFigure => {
    const { releases, median, planned, required, floor, ...rest } = timeline;
    const indexes = releases.map(indexOf);
    // A window may be of releases that premiere outside of the span, and are told by their ids.
    const nameOf = (id: string): number =>
      indexOf(
        releases.find((release) => release.id === id) ?? { id, title: id, status: '', premiereAt: 0, zone: 'UTC' },
      );
    let before = 0;
    return {
      timeline: rest,
      steps: [median, planned, required, floor].map(packSteps),
      releases: packNumbers(indexes),
      windows: packNumbers(
        windows.flatMap((window) => {
          const [rising, givingBack, ends] = [window.risingAt, window.givingBackAt, window.endsAt].map(fromIso) as [
            number,
            number,
            number,
          ];
          const numbers = [rising - before, givingBack - rising, ends - givingBack, Number(window.drill)];
          before = rising;
          return [...numbers, window.releases.length, ...window.releases.map(nameOf)];
        }),
      ),
    };
  });
  return { releases: [...known.values()].map(({ release }) => release), figures };
}

/** The figures that were packed. */
export function unpackFigures({ releases, figures }: PackedPage): Figure[] {
  return figures.map((figure) => {
    const [median, planned, required, floor] = figure.steps.map(unpackSteps) as [Steps, Steps, Steps, Steps];
    const numbers = unpackNumbers(figure.windows);
    const windows: CapacityWindow[] = [];
    let before = 0;
    for (let index = 0; index < numbers.length;) {
      const [rising, held, giving, drill, count] = numbers.slice(index, index + 5) as [
        number,
        number,
        number,
        number,
        number,
      ];
      before += rising;
      windows.push({
        releases: numbers.slice(index + 5, index + 5 + count).map((release) => releases[release]!.id),
        drill: drill === 1,
        risingAt: toIso(before),
        givingBackAt: toIso(before + held),
        endsAt: toIso(before + held + giving),
      });
      index += 5 + count;
    }
    return {
      timeline: {
        ...figure.timeline,
        releases: unpackNumbers(figure.releases).map((index) => releases[index]!),
        median,
        planned,
        required,
        floor,
      },
      windows,
    };
  });
}

/** Differences from one change to the next, in multiples of the seconds that all instants have in common. */
function packSteps(steps: Steps): string {
  const gaps = steps.slice(1).map(([at], index) => at - steps[index]![0]);
  const unit = gaps.reduce(commonDivisor, 0) || 1;
  let [beforeAt, beforeValue] = [0, 0];
  const numbers = steps.flatMap(([at, value], index) => {
    const pair = [index === 0 ? at : (at - beforeAt) / unit, value - beforeValue];
    [beforeAt, beforeValue] = [at, value];
    return pair;
  });
  return packNumbers([unit, ...numbers]);
}

function unpackSteps(packed: string): Steps {
  const [unit = 1, ...numbers] = unpackNumbers(packed);
  const steps: [number, number][] = [];
  let [at, value] = [0, 0];
  for (let index = 0; index < numbers.length; index += 2) {
    at += index === 0 ? numbers[index]! : unit * numbers[index]!;
    value += numbers[index + 1]!;
    steps.push([at, value]);
  }
  return steps;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const MORE = 32;

/** Whole numbers as source maps write them (base 64 VLQ): a small one takes one character. */
function packNumbers(numbers: readonly number[]): string {
  return numbers
    .map((number) => {
      // The lowest digit carries the sign.
      let rest = 2 * Math.abs(number) + Number(number < 0);
      let text = '';
      do {
        const digit = rest % MORE;
        rest = Math.floor(rest / MORE);
        text += DIGITS[digit + (rest > 0 ? MORE : 0)]!;
      } while (rest > 0);
      return text;
    })
    .join('');
}

function unpackNumbers(text: string): number[] {
  const numbers: number[] = [];
  let [number, scale] = [0, 1];
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    number += scale * (digit % MORE);
    scale *= MORE;
    if (digit >= MORE) continue;
    numbers.push(number % 2 === 0 ? number / 2 : -(number - 1) / 2);
    [number, scale] = [0, 1];
  }
  return numbers;
}
