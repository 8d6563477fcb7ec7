import fc from 'fast-check';
import type { CapacityWindow } from '../../lib/capacity/capacity-plan';
import { toIso } from '../../lib/capacity/instants';
import { type Figure, packFigures, type PackedPage, unpackFigures } from '../../lib/report/report-packed';
import type { Steps, Timeline, TimelineRelease } from '../../lib/report/timeline';

const releases: readonly TimelineRelease[] = ['the-finale', 'an-episode', 'läßt-grüßen'].map((id, index) => ({
  id,
  title: `A title of ${id}`,
  status: 'confirmed',
  premiereAt: 1_767_000_000 + 86_400 * index,
  zone: 'Asia/Dhaka',
}));

const timeline: Timeline = {
  environment: 'prod',
  target: 'us-east-1/playback',
  unit: 'task',
  from: 1_766_000_000,
  to: 1_769_000_000,
  asOf: 1_766_000_017,
  coveredUntil: 1_768_999_999,
  baseline: 120,
  max: 1600,
  quantile: 0.9,
  stepSeconds: 300,
  median: [],
  planned: [],
  required: [],
  floor: [],
  releases,
};

/** Changes at any seconds, of any whole values. */
const anySteps: fc.Arbitrary<Steps> = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: 0, max: 2 ** 40 })), {
    selector: ([at]) => at,
    maxLength: 20,
  })
  .map((steps) => steps.toSorted(([a], [b]) => a - b));

const anyWindows: fc.Arbitrary<CapacityWindow[]> = fc
  .array(
    fc.record({
      gap: fc.nat(1e6),
      held: fc.nat(1e6),
      giving: fc.nat(1e6),
      drill: fc.boolean(),
      of: fc.subarray([...releases.map(({ id }) => id), 'premieres-elsewhere'], { minLength: 1 }),
    }),
    { maxLength: 5 },
  )
  .map((spans) => {
    let at = 1_766_000_000;
    return spans.map(({ gap, held, giving, drill, of }) => {
      const [rising, givingBack] = [at + gap, at + gap + held];
      at = givingBack + giving;
      return {
        releases: of,
        drill,
        risingAt: toIso(rising),
        givingBackAt: toIso(givingBack),
        endsAt: toIso(at),
      };
    });
  });

describe('figures in the page', () => {
  test('are the same when they are unpacked, whatever they hold', () => {
    const anyFigure: fc.Arbitrary<Figure> = fc
      .record({
        steps: fc.tuple(anySteps, anySteps, anySteps, anySteps),
        windows: anyWindows,
        of: fc.subarray([...releases]),
      })
      .map(({ steps: [median, planned, required, floor], windows, of }) => ({
        timeline: { ...timeline, median, planned, required, floor, releases: of },
        windows,
      }));
    fc.assert(
      fc.property(fc.array(anyFigure, { maxLength: 3 }), (figures) => {
        const carried = JSON.stringify(packFigures(figures));
        expect(unpackFigures(JSON.parse(carried) as PackedPage)).toEqual(figures);
      }),
    );
  });

  test('name a release once, however many of them have it', () => {
    const figure: Figure = { timeline, windows: [] };
    const text = JSON.stringify(packFigures([figure, figure, figure]));
    expect(text.split('A title of the-finale')).toHaveLength(2);
  });

  test('take at most three characters for a step of demand that changes as demand does', () => {
    const median: Steps = Array.from({ length: 1000 }, (_, index) => [1_766_000_000 + 300 * index, 500 + (index % 13)]);
    const { figures } = packFigures([{ timeline: { ...timeline, median }, windows: [] }]);
    expect(figures[0]!.steps[0]!.length).toBeLessThan(3000);
  });
});
