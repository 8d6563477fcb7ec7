import { readFileSync } from 'node:fs';
import { FINALE_CHART, renderFinaleChart } from '../../bin/write-chart';
import type { Release } from '../../lib/calendar/release';
import { demandTimeline } from '../../lib/capacity/demand-timeline';
import { toIso } from '../../lib/capacity/instants';
import { renderDiffSvg, renderTimelineSvg } from '../../lib/report/chart-svg';
import { type DemandOf, diffTimelines } from '../../lib/report/diff-chart';
import { type CalendarDiff, diffEnvironments } from '../../lib/report/diff-model';
import { type Steps, type Timeline, timelineOf, valueAt } from '../../lib/report/timeline';
import { at, calendar, environment, plan, release } from '../capacity/fixtures';
import {
  axisOf,
  cornersOf,
  curvesOf,
  drawingsOf,
  expectSelfContained,
  expectWellFormed,
  heightAt,
  textsOf,
  ticksOf,
} from './drawing';

const FROM = '2025-12-31T23:00:00Z';
const TO = '2026-01-01T06:00:00Z';
const AS_OF = '2025-12-20T00:00:00Z';
const finale = release({
  id: 'finale',
  title: 'The finale',
  premiereAt: at('2026-01-01T01:00:00Z'),
  premiereZone: 'America/Los_Angeles',
});

function timeline(releases: readonly Release[], from = FROM, to = TO): Timeline {
  const of = plan(releases, AS_OF);
  const demand = demandTimeline({
    calendar: calendar(...releases),
    environment: environment(),
    layer: 'playback',
    from,
    to,
  });
  return timelineOf(of, of.environments[0]!, demand);
}

/** How the curves of a timeline are told apart. */
const CURVES = {
  planned: ['stroke-demand', /stroke-opacity/],
  median: ['stroke-demand', /^(?!.*stroke-opacity)/],
  floor: ['stroke-floor', /stroke-width="3"/],
  required: ['stroke-text', /stroke-dasharray="5,3"/],
  before: ['stroke-other', /stroke-dasharray="6,4"/],
} as const;

/** What somebody reads who has nothing but the axes: units, and minutes since the first tick. */
function axesOf(drawing: string): { units: (y: number) => number; minutes: (x: number) => number } {
  const labels = textsOf(drawing).filter(({ anchor, content }) => anchor === 'end' && /^[\d,]+$/.test(content));
  return {
    units: axisOf(labels.map(({ y, content }) => ({ drawn: y, value: Number(content.replaceAll(',', '')) }))),
    minutes: axisOf(ticksOf(drawing).map(({ x }, index) => ({ drawn: x, value: 60 * index }))),
  };
}

function readSteps(drawing: string, curve: keyof typeof CURVES): { minute: number; units: number }[] {
  const { units, minutes } = axesOf(drawing);
  const [className, attributes] = CURVES[curve];
  const [found, ...others] = curvesOf(drawing, className, attributes);
  expect(others).toEqual([]);
  return cornersOf(found ?? []).map(({ x, y }) => ({ minute: Math.round(minutes(x)), units: Math.round(units(y)) }));
}

/** At any place across it is as high as the value then; returns the highest. */
function expectDrawn(drawing: string, curve: keyof typeof CURVES, steps: Steps, firstTick: string): number {
  const { units, minutes } = axesOf(drawing);
  const [className, attributes] = CURVES[curve];
  const [points] = curvesOf(drawing, className, attributes);
  const pixel = Math.abs(units(1) - units(0));
  let highest = 0;
  for (let x = 65; x < 876; x += 3.1) {
    // So near to a step it may be on either side of it.
    const near = [x - 0.2, x + 0.2].map((beside) => valueAt(steps, at(firstTick) + 60 * minutes(beside))!);
    const drawn = units(heightAt(points!, x));
    expect(drawn).toBeGreaterThan(Math.min(...near) - pixel);
    expect(drawn).toBeLessThan(Math.max(...near) + pixel);
    highest = Math.max(highest, drawn);
  }
  return highest;
}

function inMinutes(steps: Steps): { minute: number; units: number }[] {
  return steps.map(([instant, units]) => ({ minute: (instant - at(FROM)) / 60, units }));
}

describe('the chart of the README', () => {
  test('is what the planner says today; `npm run chart` refreshes it', () => {
    expect(readFileSync(FINALE_CHART, 'utf8')).toBe(renderFinaleChart());
  });

  test('is small', () => {
    expect(Buffer.byteLength(renderFinaleChart())).toBeLessThan(30_000);
  });
});

describe('what is drawn is what is planned', () => {
  const shown = timeline([finale]);
  const svg = renderTimelineSvg(shown);
  const [drawing] = drawingsOf(svg);

  test('floors', () => {
    expect(shown.floor.length).toBeGreaterThan(5);
    expect(readSteps(drawing!, 'floor')).toEqual(inMinutes(shown.floor));
  });

  test.each(['planned', 'median', 'floor', 'required'] as const)('%s, at any time', (curve) => {
    const steepest = expectDrawn(drawing!, curve, shown[curve], FROM);
    expect(steepest).toBeGreaterThan(300);
  });

  test('numbers on the floors', () => {
    const floors = shown.floor.map(([, units]) => String(units));
    const numbers = textsOf(drawing!).flatMap(({ classes, content }) =>
      classes.includes('fill-floor') ? [content] : [],
    );
    expect(numbers).toContain(String(Math.max(...shown.floor.map(([, units]) => units))));
    expect(numbers.filter((number) => !floors.includes(number))).toEqual([]);
  });

  test('the premiere, in local time and in UTC, at its instant', () => {
    const texts = textsOf(drawing!).map(({ content }) => content);
    expect(texts).toContain('The finale');
    expect(texts).toContain('2025-12-31 17:00 Los Angeles · 2026-01-01 01:00 UTC');
    const [line] = curvesOf(drawing!, 'stroke-text', /stroke-dasharray="2,3"/);
    expect(Math.abs(line![0]!.x - ticksOf(drawing!).find(({ content }) => content === '01:00')!.x)).toBeLessThan(1);
  });

  test('in words as well, and with a name for each curve', () => {
    expect(/<desc[^>]*>([^<]*)<\/desc>/.exec(svg)![1]).toContain(
      'The finale premieres at 2025-12-31 17:00 Los Angeles',
    );
    expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 900 (\d+)" width="900" height="\1" role="img"/);
    const texts = textsOf(svg).map(({ content }) => content);
    for (const name of [
      'demand at the 0.9 quantile',
      'demand, median forecast',
      'floor: registered minimum',
      'required',
    ]) {
      expect(texts).toContain(name);
    }
  });
});

test('a drawing needs nothing else, and the same timeline is the same text, whatever was drawn before', () => {
  const svg = renderTimelineSvg(timeline([finale]));
  expectSelfContained(svg);
  expectWellFormed(svg);
  const other = renderTimelineSvg(timeline([finale], FROM, '2026-01-02T06:00:00Z'));
  expect(other).not.toBe(svg);
  expect(renderTimelineSvg(timeline([finale]))).toBe(svg);
});

test('no title can break out of the drawing', () => {
  const title = `</text><script>alert("1")</script> & 'x' {b} {a|c}\u0007\ud800`;
  const svg = renderTimelineSvg(timeline([{ ...finale, title }]));
  const escaped =
    '&lt;/text&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39; {b} {a|c}\ufffd\ufffd';
  expect(textsOf(svg).map(({ content }) => content)).toContain(escaped);
  expect(svg).toContain(`${escaped} premieres at`);
  expectWellFormed(svg);
});

test('a span without a release shows the baseline', () => {
  const svg = renderTimelineSvg(timeline([finale], '2026-01-20T00:00:00Z', '2026-01-20T07:00:00Z'));
  const [drawing] = drawingsOf(svg);
  const { baseline } = timeline([finale]);
  for (const curve of ['planned', 'median', 'floor', 'required'] as const) {
    expect(readSteps(drawing!, curve)).toEqual([{ minute: 0, units: baseline }]);
  }
  expect(curvesOf(drawing!, 'stroke-text', /stroke-dasharray="2,3"/)).toEqual([]);
});

test('floors end where the plan ends, and the drawing says so', () => {
  const svg = renderTimelineSvg(timeline([finale], '2026-03-19T00:00:00Z', '2026-03-21T00:00:00Z'));
  expect(svg).toContain('covered until 2026-03-20 00:00 UTC');
  expect(svg).toMatch(/<path class="stroke-floor" d="M64 [\d.]+L470 [\d.]+"/);
  const beyond = renderTimelineSvg(timeline([finale], '2026-04-19T00:00:00Z', '2026-04-21T00:00:00Z'));
  expect(curvesOf(drawingsOf(beyond)[0]!, ...CURVES.floor)).toEqual([]);
});

describe('a comparison', () => {
  const larger = { ...finale, audience: { peakViewers: 4_000_000 } } as Release;

  function compare(
    before: readonly Release[],
    after: readonly Release[],
    names = ['prod'],
  ): { svg: string; timelines: Timeline[] } {
    const environments = names.map((name) => environment({}, { name }));
    const [earlier, later] = [before, after].map((releases) => plan(releases, AS_OF, environments));
    const diff: CalendarDiff = {
      asOf: AS_OF,
      toolVersion: '0.0.0',
      base: { ref: 'main', commit: 'c'.repeat(40), calendarDigest: 'sha256:base' },
      head: { calendarDigest: 'sha256:head' },
      releases: { added: [], changed: [], moved: [], removed: [] },
      environments: diffEnvironments(earlier!, later!, environments),
      problems: [],
    };
    const demandOf: DemandOf = (name, _target, from, to) =>
      demandTimeline({
        calendar: calendar(...after),
        environment: environments.find((one) => one.name === name)!,
        layer: 'playback',
        from: toIso(from),
        to: toIso(to),
      });
    const timelines = diffTimelines(diff, demandOf);
    return { svg: renderDiffSvg(diff, timelines), timelines };
  }

  test('is the same drawing, with the floors before beside those after', () => {
    const { svg, timelines } = compare([finale], [larger]);
    const [shown] = timelines;
    expect(timelines).toHaveLength(1);
    const highest = (steps: Steps): number => Math.max(...steps.map(([, units]) => units));
    expect(highest(shown!.floor)).not.toBe(highest(shown!.before!));
    const [drawing] = drawingsOf(svg);
    const first = ticksOf(drawing!)[0]!.content;
    const start = toIso(Math.ceil(shown!.from / 3600) * 3600);
    expect(start.slice(11, 16)).toBe(first);
    for (const curve of ['floor', 'before', 'required', 'planned', 'median'] as const) {
      expect(expectDrawn(drawing!, curve, shown![curve]!, start)).toBeGreaterThan(200);
    }
    const texts = textsOf(svg).map(({ content }) => content);
    expect(texts).toEqual(expect.arrayContaining(['floor before, as at main', 'floor after', 'The finale']));
    expect(svg).toContain('prod, us-east-1/playback, in tasks: before ');
    expectSelfContained(svg);
    expectWellFormed(svg);
  });

  test('has a panel for each target that changed, all over the same time', () => {
    const { svg, timelines } = compare([finale], [larger], ['dev', 'prod']);
    expect(timelines.map(({ environment: name }) => name)).toEqual(['prod', 'dev']);
    expect(new Set(timelines.map(({ from, to }) => `${from} ${to}`)).size).toBe(1);
    expect(drawingsOf(svg)).toHaveLength(2);
    expectSelfContained(svg);
  });

  test('of nothing shows the first target over what is planned, both sides the same', () => {
    const { svg, timelines } = compare([finale], [finale]);
    const [shown] = timelines;
    expect(shown!.before).toEqual(shown!.floor);
    expect([toIso(shown!.from), toIso(shown!.to)]).toEqual([AS_OF, toIso(shown!.coveredUntil)]);
    const [drawing] = drawingsOf(svg);
    expect(curvesOf(drawing!, ...CURVES.before)).toEqual(curvesOf(drawing!, ...CURVES.floor));
  });
});
