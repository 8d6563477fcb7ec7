import { readFileSync } from 'node:fs';
import { FINALE_CHART, renderFinaleChart } from '../../bin/write-chart';
import type { Release } from '../../lib/calendar/release';
import type { CapacityPlan, TargetPlan } from '../../lib/capacity/capacity-plan';
import { demandTimeline } from '../../lib/capacity/demand-timeline';
import { floorAt } from '../../lib/capacity/floor-at';
import { renderTimelineSvg } from '../../lib/report/timeline-svg';
import { at, calendar, environment, plan, release, targetOf } from '../capacity/fixtures';

const FROM = '2025-12-31T23:00:00Z';
const TO = '2026-01-01T06:00:00Z';
const AS_OF = '2025-12-20T00:00:00Z';
const finale = release({
  id: 'finale',
  title: 'The finale',
  premiereAt: at('2026-01-01T01:00:00Z'),
  premiereZone: 'America/Los_Angeles',
});

/** The drawing of some releases, beside the plan that it is of. */
function draw(releases: readonly Release[], from = FROM, to = TO): { svg: string; of: CapacityPlan } {
  const of = plan(releases, AS_OF);
  const demand = demandTimeline({
    calendar: calendar(...releases),
    environment: environment(),
    layer: 'playback',
    from,
    to,
  });
  return { svg: renderTimelineSvg(of, of.environments[0]!, demand), of };
}

interface Text {
  readonly x: number;
  readonly y: number;
  readonly classes: string;
  readonly content: string;
}

function textsOf(svg: string): Text[] {
  return [...svg.matchAll(/<text x="([\d.-]+)" y="([\d.-]+)"(?: class="([^"]*)")?>([^<]*)<\/text>/g)].map(
    ([, x, y, classes = '', content]) => ({ x: Number(x), y: Number(y), classes, content: content! }),
  );
}

function withClass(svg: string, name: string): Text[] {
  return textsOf(svg).filter(({ classes }) => classes.split(' ').includes(name));
}

/** A line that maps what is drawn to what the labels of an axis say. */
function axis(labels: readonly { readonly drawn: number; readonly value: number }[]): (drawn: number) => number {
  const [first, last] = [labels[0]!, labels.at(-1)!];
  return (drawn) => first.value + ((drawn - first.drawn) * (last.value - first.value)) / (last.drawn - first.drawn);
}

/** The steps of a line as somebody reads them who has nothing but the axes: minutes since the first tick, and units. */
function readSteps(svg: string, line: string): { minute: number; units: number }[] {
  const units = axis(
    withClass(svg, 'end')
      .filter(({ content }) => content !== 'UTC')
      // A label stands a little below its line.
      .map(({ y, content }) => ({ drawn: y - 4, value: Number(content.replaceAll(',', '')) })),
  );
  const hours = withClass(svg, 'middle').filter(({ content }) => /^\d\d:\d\d$/.test(content));
  const minutes = axis(hours.map(({ x }, index) => ({ drawn: x, value: 60 * index })));
  // What follows the last step closes an area, outside of the plot.
  const path = new RegExp(`<path class="${line}" d="M([\\d.]+) ([\\d.]+)([^"h]*)`).exec(svg)!;
  const steps = [...path[3]!.matchAll(/H([\d.]+)V([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
  return [[Number(path[1]), Number(path[2])] as const, ...steps].map(([x, y]) => ({
    minute: Math.round(minutes(x)),
    units: Math.round(units(y)),
  }));
}

function minuteOf(instant: string): number {
  return (at(instant) - at(FROM)) / 60;
}

test('the committed chart is what the planner says today; `npm run chart` refreshes it', () => {
  expect(readFileSync(FINALE_CHART, 'utf8')).toBe(renderFinaleChart());
});

test('the chart is small and needs nothing else', () => {
  const svg = renderFinaleChart();
  expect(Buffer.byteLength(svg)).toBeLessThan(30_000);
  expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|href|@import|<script|url\((?!#)/);
  expect(svg).toContain('@media(prefers-color-scheme:dark)');
});

describe('what is drawn is what is planned', () => {
  const { svg, of } = draw([finale]);
  const target: TargetPlan = targetOf(of);

  test('floors', () => {
    const changes = target.actions.filter(({ at: due }) => due > FROM && due < TO);
    expect(changes.length).toBeGreaterThan(5);
    expect(readSteps(svg, 'floor')).toEqual([
      { minute: 0, units: floorAt(target, FROM) },
      ...changes.map(({ at: due, min }) => ({ minute: minuteOf(due), units: min })),
    ]);
  });

  test('required units, and the baseline where none are required', () => {
    const inSpan = target.required.filter(({ from, to }) => from < TO && to > FROM);
    const expected = [{ minute: 0, units: target.baseline }];
    for (const { from, to, units } of inSpan) {
      if (expected.at(-1)!.minute === minuteOf(from)) expected.pop();
      expected.push({ minute: minuteOf(from), units }, { minute: minuteOf(to), units: target.baseline });
    }
    expect(readSteps(svg, 'required')).toEqual(expected);
  });

  test('numbers on the floors', () => {
    const floors = [FROM, ...target.actions.map(({ at: due }) => due)]
      .filter((due) => due >= FROM && due < TO)
      .map((due) => String(floorAt(target, due)));
    const drawn = withClass(svg, 'number').map(({ content }) => content);
    expect(drawn).toContain(String(target.required[0]!.units));
    expect(drawn.filter((number) => !floors.includes(number))).toEqual([]);
  });

  test('the peak of the demand', () => {
    const [planned] = of.environments[0]!.releases;
    expect(Math.max(...readSteps(svg, 'planned').map(({ units }) => units))).toBe(planned!.targets[0]!.units);
  });

  test('the premiere, in local time and in UTC', () => {
    const labels = withClass(svg, 'halo').map(({ content }) => content);
    expect(labels).toContain('The finale');
    expect(labels).toContain('2025-12-31 17:00 Los Angeles · 2026-01-01 01:00 UTC');
    const [, line] = /class="premiere" d="M([\d.]+)/.exec(svg)!;
    const tick = withClass(svg, 'middle').find(({ content }) => content === '01:00')!;
    expect(Number(line)).toBeCloseTo(tick.x, 0);
  });

  test('all of it in words, for those who cannot see it', () => {
    const words = /<desc[^>]*>([^<]*)<\/desc>/.exec(svg)![1]!;
    expect(words).toContain('The finale premieres at 2025-12-31 17:00 Los Angeles, 2026-01-01 01:00 UTC.');
    for (const action of target.actions) {
      if (action.at <= FROM || action.at >= TO) continue;
      expect(words).toContain(`${action.min} from ${action.at.slice(0, 16).replace('T', ' ')}`);
    }
  });
});

test('no title can break out of the drawing', () => {
  const title = `</text><script>alert("1")</script> & 'x'\u0007\ud800`;
  const { svg } = draw([{ ...finale, title }]);
  expect(svg).toContain(
    '&lt;/text&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;\ufffd\ufffd</text>',
  );
  expect(svg).not.toContain('<script');
  // Every ampersand begins an entity, and every element that is opened is closed.
  expect(svg).not.toMatch(/&(?!(amp|lt|gt|quot|#39);)/);
  const open: string[] = [];
  for (const [, close, name, single] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else if (!single) open.push(name!);
  }
  expect(open).toEqual([]);
});

test('a long title is cut, so that it stays in the drawing', () => {
  const { svg } = draw([{ ...finale, title: 'The finale of finales '.repeat(20) }]);
  expect(withClass(svg, 'strong').every(({ content }) => content.length <= 60)).toBe(true);
});

test('a span without a release shows the baseline', () => {
  const { svg, of } = draw([finale], '2026-01-20T00:00:00Z', '2026-01-21T00:00:00Z');
  const { baseline } = targetOf(of);
  for (const line of ['floor', 'required', 'planned', 'median']) {
    expect(readSteps(svg, line)).toEqual([{ minute: 0, units: baseline }]);
  }
  expect(svg).toContain('No release premieres.');
  expect(svg).not.toContain('class="premiere"');
});

test('floors end where the plan ends, and the drawing says so', () => {
  const { svg, of } = draw([finale], '2026-03-19T00:00:00Z', '2026-03-21T00:00:00Z');
  expect(targetOf(of).coveredUntil).toBe('2026-03-20T00:00:00Z');
  expect(svg).toContain('covered until 2026-03-20 00:00 UTC');
  const [, end] = /class="floor" d="M[\d.]+ [\d.]+H([\d.]+)"/.exec(svg)!;
  expect(Number(end)).toBe((64 + 876) / 2);
  const beyond = draw([finale], '2026-04-19T00:00:00Z', '2026-04-21T00:00:00Z').svg;
  expect(beyond).toContain('class="floor" d=""');
  expect(beyond).toContain('The plan does not cover this time.');
});

test('labels of premieres keep apart, and the words name those for which there is no room', () => {
  const premieres = Array.from({ length: 8 }, (_, index) =>
    release({ id: `release-${index}`, premiereAt: at(FROM) + index * 1800 }),
  );
  const { svg } = draw(premieres);
  expect(svg.match(/class="premiere"/g)).toHaveLength(8);
  const labels = withClass(svg, 'strong').toSorted((a, b) => a.y - b.y || a.x - b.x);
  expect(labels.length).toBeGreaterThan(3);
  for (const [index, label] of labels.slice(1).entries()) {
    const before = labels[index]!;
    // As wide as `2026-01-01 01:00 UTC` is in a wide font.
    if (before.y === label.y) expect(label.x - before.x).toBeGreaterThan(140);
  }
  for (const { title } of premieres) expect(svg).toContain(`${title} premieres at`);
});

test('a drawing of a target that the environment does not have is refused', () => {
  const of = plan([finale], AS_OF);
  const demand = demandTimeline({
    calendar: calendar(finale),
    environment: environment({}, { region: 'eu-west-1' }),
    layer: 'playback',
    from: FROM,
    to: TO,
  });
  expect(() => renderTimelineSvg(of, of.environments[0]!, demand)).toThrow(
    'demand must be of one of us-east-1/playback, got "eu-west-1/playback"',
  );
});
