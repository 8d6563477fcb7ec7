import { readFileSync } from 'node:fs';
import { REHEARSAL_CHART, renderRehearsalChart } from '../../bin/write-chart';
import { type Rehearsal, RunningRehearsal } from '../../lib/rehearsal/rehearsal';
import { NOTHING_UNUSUAL } from '../../lib/rehearsal/spec';
import { renderRehearsalSvg } from '../../lib/report/chart-svg';
import { rehearsalLegend, type RehearsalNight, rehearsalNight } from '../../lib/report/rehearsal-chart';
import { type Steps, valueAt } from '../../lib/report/timeline';
import { environment } from '../capacity/fixtures';
import { FINALE, rehearsed } from '../rehearsal/fixtures';
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

const MINUTE = 60;
const HOUR = 3600;

/** As forecast, on a service that does not shed load: no draw is shown, so none is played. */
const REHEARSAL = new RunningRehearsal(rehearsed([FINALE], { environment: environment({ shedsLoad: false }) }), 1, [
  'plan',
  'target-tracking-60',
]).report();
const { spec, recordings } = REHEARSAL;
const NIGHT = rehearsalNight(REHEARSAL);
const SVG = renderRehearsalSvg(NIGHT);
const [DRAWING] = drawingsOf(SVG);
const PER_UNIT = spec.conditions.requestsPerSecondPerUnit * spec.conditions.usableShare;

const CURVES = {
  demand: ['stroke-demand', /./],
  plan: ['stroke-floor', /stroke-width="3"/],
  reactive: ['stroke-other', /^(?!.*stroke-dasharray).*stroke-width="1.5"/],
  reactiveTries: ['stroke-other', /stroke-dasharray/],
} as const;

/** What lies in the upper plot, and what in the lower one. */
function valuesOf(drawing: string, label: RegExp, value: (content: string) => number): (drawn: number) => number {
  const labels = textsOf(drawing).filter(({ anchor, content }) => anchor === 'end' && label.test(content));
  return axisOf(labels.map(({ y, content }) => ({ drawn: y, value: value(content) })));
}

function requestsOf(drawing: string): (drawn: number) => number {
  return valuesOf(drawing, /^(\d[\d.]*)( [kM])?$/, (content) => {
    const [number, unit] = content.split(' ');
    return Number(number) * ({ k: 1e3, M: 1e6 }[unit ?? ''] ?? 1);
  });
}

function sharesOf(drawing: string): (drawn: number) => number {
  return valuesOf(drawing, /^\d+ %$/, (content) => Number(content.replace(' %', '')) / 100);
}

/** Pixels across to seconds from the premiere, and back. */
function timesOf(drawing: string): { secondsAt: (x: number) => number; xAt: (seconds: number) => number } {
  const ticks = ticksOf(drawing);
  const premiere = ticks.findIndex(({ content }) => content === '01:00');
  const [first, second] = ticks.map(({ content }) => Date.parse(`2027-01-01T${content}:00Z`) / 1000);
  const step = (second! - first! + 24 * HOUR) % (24 * HOUR);
  const labels = ticks.map(({ x }, index) => ({ drawn: x, value: (index - premiere) * step }));
  return {
    secondsAt: axisOf(labels),
    xAt: axisOf(labels.map(({ drawn, value }) => ({ drawn: value, value: drawn }))),
  };
}

function recordedAt(values: readonly number[], after: number): number {
  return values[Math.floor((spec.premiereAt + after - spec.from) / MINUTE)]!;
}

describe('what is drawn is what was recorded', () => {
  test.each([-90, -30, 1, 3, 60, 180])('at %d min from the premiere', (minutes) => {
    const after = minutes * MINUTE + 30;
    const requests = requestsOf(DRAWING!);
    const x = timesOf(DRAWING!).xAt(after);
    const drawn = Object.fromEntries(
      (['demand', 'plan', 'reactive'] as const).map((name) => {
        const [className, attributes] = CURVES[name];
        const curve = curvesOf(DRAWING!, className, attributes).find((points) => points.length > 2);
        return [name, requests(heightAt(curve!, x))];
      }),
    );
    const recorded = {
      demand: recordedAt(recordings.plan.demand, after),
      plan: recordedAt(recordings.plan.ready, after) * PER_UNIT,
      reactive: recordedAt(recordings['target-tracking-60'].ready, after) * PER_UNIT,
    };
    const pixel = requests(0) - requests(1);
    for (const [name, value] of Object.entries(recorded)) {
      expect(Math.abs(drawn[name]! - value)).toBeLessThan(pixel);
    }
  });

  test('what fails, minute by minute', () => {
    const { failedShare } = recordings['target-tracking-60'];
    const shares = sharesOf(DRAWING!);
    const { secondsAt } = timesOf(DRAWING!);
    // The premiere and the curves above are higher than the lower plot.
    const failures = curvesOf(DRAWING!, 'stroke-other', /./).find((points) => shares(points[0]!.y) < 1.01);
    const corners = cornersOf(failures!).map(({ x, y }) => ({ after: secondsAt(x), share: shares(y) }));
    const first = failedShare.findIndex((share) => share > 0.001);
    expect(Math.round(corners[0]!.after / MINUTE)).toBe(first - (spec.premiereAt - spec.from) / MINUTE);
    expect(corners[0]!.share).toBeCloseTo(0, 2);
    expect(corners[1]!.share).toBeCloseTo(failedShare[first]!, 2);
    expect(Math.max(...corners.map(({ share }) => share))).toBeCloseTo(Math.max(...failedShare), 2);
    expect(Math.max(...recordings.plan.failedShare)).toBe(0);
    expect(DRAWING).not.toContain('class="fill-floor"');
  });

  test('tries, where retries make them more', () => {
    const { tries, demand } = recordings['target-tracking-60'];
    const retried = tries.filter((number, minute) => number > 1.01 * demand[minute]!);
    expect(retried.length).toBeGreaterThan(3);
    const [className, attributes] = CURVES.reactiveTries;
    expect(curvesOf(DRAWING!, className, attributes).length).toBeGreaterThan(0);
    expect(SVG).toContain('tries, with retries');
    expect(curvesOf(DRAWING!, 'stroke-floor', /stroke-dasharray/)).toEqual([]);
    const calm: RehearsalNight = { ...NIGHT, tries: { plan: NIGHT.demand, reactive: NIGHT.demand } };
    expect(rehearsalLegend(calm).map(({ name }) => name)).not.toContain('tries, with retries');
    expect(curvesOf(drawingsOf(renderRehearsalSvg(calm))[0]!, className, attributes)).toEqual([]);
  });

  test('the premiere, at its instant', () => {
    const [line] = curvesOf(DRAWING!, 'stroke-text', /stroke-dasharray="2,3"/);
    expect(Math.abs(timesOf(DRAWING!).xAt(0) - line![0]!.x)).toBeLessThan(1);
    expect(textsOf(DRAWING!).map(({ content }) => content)).toContain('premiere 2027-01-01 01:00 UTC');
  });

  test('as plain JSON, minute by minute', () => {
    const text = JSON.stringify(NIGHT);
    expect(JSON.parse(text)).toEqual(NIGHT);
    const curves: [Steps, readonly number[], number][] = [
      [NIGHT.demand, recordings.plan.demand, 1],
      [NIGHT.capacity.plan, recordings.plan.ready, PER_UNIT],
      [NIGHT.capacity.reactive, recordings['target-tracking-60'].ready, PER_UNIT],
      [NIGHT.tries.reactive, recordings['target-tracking-60'].tries, 1],
      [NIGHT.failures.reactive, recordings['target-tracking-60'].failedShare, 1],
    ];
    for (let instant = NIGHT.from; instant < NIGHT.to; instant += MINUTE) {
      for (const [steps, recorded, factor] of curves) {
        expect(valueAt(steps, instant)).toBe(recordedAt(recorded, instant - spec.premiereAt) * factor);
      }
    }
  });

  test('and in words, for those who cannot see it', () => {
    const words = /<desc[^>]*>([^<]*)<\/desc>/.exec(SVG)![1]!;
    const minutes = REHEARSAL.exact.find(({ policy }) => policy === 'target-tracking-60')!.outageMinutes;
    const peak = Math.round(Math.max(...recordings.plan.demand)).toLocaleString('en-US');
    expect(minutes).toBeGreaterThan(0);
    expect(words).toContain('The premiere is at 2027-01-01 01:00 UTC.');
    expect(words).toContain(`Users send at most ${peak} requests per second, at 2027-01-01 01:0`);
    expect(words).toMatch(
      /Under the plan ready tasks can answer [\d,]+ per second then; 0 outage minutes: no request fails\./,
    );
    expect(words).toMatch(
      new RegExp(
        `Under target tracking alone .* then; ${minutes} outage minutes: at worst \\d+\\.\\d % of the requests fail`,
      ),
    );
  });
});

describe('the span', () => {
  /** Minutes from the premiere. */
  const edgesOf = ({ from, to }: RehearsalNight): number[] =>
    [from, to].map((edge) => (edge - spec.premiereAt) / MINUTE);

  test('is from two hours before the premiere until its floors are given back', () => {
    const givenBackAt = spec.floors.actions.at(-1)!.at;
    expect(givenBackAt - spec.premiereAt).toBeLessThan(5 * HOUR);
    expect(edgesOf(NIGHT)).toEqual([-120, (givenBackAt - spec.premiereAt) / MINUTE]);
    const { secondsAt } = timesOf(DRAWING!);
    expect([64, 876].map((edge) => Math.round(secondsAt(edge) / MINUTE))).toEqual(edgesOf(NIGHT));
  });

  test('ends five hours after the premiere where floors are held for longer', () => {
    const actions = spec.floors.actions.slice(0, -1);
    const held = { ...REHEARSAL, spec: { ...spec, floors: { ...spec.floors, actions } } };
    expect(edgesOf(rehearsalNight(held))).toEqual([-120, 300]);
  });

  test('is longer where a failure would be left out', () => {
    const failedShare = recordings.plan.failedShare.map((share, minute) =>
      spec.from + minute * MINUTE === spec.premiereAt + 9 * HOUR ? 0.5 : share,
    );
    const late: Rehearsal = {
      ...REHEARSAL,
      recordings: { ...recordings, plan: { ...recordings.plan, failedShare } },
    };
    const night = rehearsalNight(late);
    expect(edgesOf(night)).toEqual([-120, 9 * 60 + 15]);
    const [drawing] = drawingsOf(renderRehearsalSvg(night));
    const [, area] = /<path class="fill-floor" d="([^"]*)"/.exec(drawing!)!;
    const points = [...area!.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
    const shares = sharesOf(drawing!);
    expect(Math.max(...points.map(({ y }) => shares(y)))).toBeCloseTo(0.5, 2);
    const pixels = (876 - 64) / (night.to - night.from);
    const [first, last] = [9 * HOUR, 9 * HOUR + MINUTE].map(
      (after) => 64 + (spec.premiereAt + after - night.from) * pixels,
    );
    expect(Math.min(...points.map(({ x }) => x))).toBeCloseTo(first!, 0);
    expect(Math.max(...points.map(({ x }) => x))).toBeCloseTo(last!, 0);
  });

  test('begins with the rehearsal where that is later, and then has no premiere to mark', () => {
    const minutes = (spec.premiereAt + 5 * HOUR - spec.from) / MINUTE;
    const rest = <T extends object>(recording: T): T =>
      Object.fromEntries(
        Object.entries(recording).map(([key, values]) => [key, (values as number[]).slice(minutes)]),
      ) as T;
    const svg = renderRehearsalSvg(
      rehearsalNight({
        ...REHEARSAL,
        spec: { ...spec, from: spec.premiereAt + 5 * HOUR },
        recordings: { plan: rest(recordings.plan), 'target-tracking-60': rest(recordings['target-tracking-60']) },
      }),
    );
    const [drawing] = drawingsOf(svg);
    expect(ticksOf(drawing!)[0]!.content).toBe('06:00');
    expect(textsOf(drawing!).filter(({ content }) => content.startsWith('premiere'))).toEqual([]);
    expectSelfContained(svg);
  });
});

test('what was asked besides the forecast stands on it, above the drawing', () => {
  const whatIf = {
    ...NOTHING_UNUSUAL,
    audienceFactor: 2,
    earlySeconds: 900,
    loseZone: true,
    guard: false,
    missRaise: true,
  };
  const night = rehearsalNight({ ...REHEARSAL, spec: { ...spec, whatIf } });
  const svg = renderRehearsalSvg(night);
  const lines = textsOf(svg).filter(({ x, y }) => x === 64 && y < 100);
  expect(lines.map(({ content }) => content)).toContain('the first raise of each window missed');
  expect(svg).toContain('what if: an audience of × 2 the forecast · everybody 15 min early');
  expect(night.heading).toMatch(/: a what-if night$/);
  const top = Number(/<g transform="translate\(0 (\d+)\)"/.exec(svg)![1]);
  expect(lines.every(({ y }) => y < top)).toBe(true);
});

test('who else comes stands on it, and a long list is cut', () => {
  const lineWith = (...ids: string[]): string => {
    const releases = [...spec.releases, ...ids.map((id) => ({ ...spec.releases[0]!, id }))];
    const { facts } = rehearsalNight({ ...REHEARSAL, spec: { ...spec, releases } });
    return facts.find((fact) => fact.startsWith('with '))!;
  };
  expect(lineWith('other')).toBe('with other, in the same hours');
  expect(lineWith('a'.repeat(60), 'b'.repeat(60))).toMatch(/^with a{60} and b{48}…$/);
  expect(SVG).not.toContain('in the same hours');
});

test('a lost zone: its failover is told apart in words', () => {
  const lost = new RunningRehearsal(
    rehearsed([FINALE], { environment: environment({ shedsLoad: false }), whatIf: { loseZone: true } }),
    1,
    ['plan', 'target-tracking-60'],
  ).report();
  const { description } = rehearsalNight(lost);
  const { failoverMinutes } = lost.exact.find(({ policy }) => policy === 'plan')!;
  expect(failoverMinutes).toBeGreaterThan(0);
  expect(description).toContain(`; 0 outage minutes, and ${failoverMinutes} of the failover: at worst `);
  expect(description).toContain('Outage minutes are those, but for the failover, in which more than 1 % fail.');
  expect(NIGHT.description).not.toContain('failover');
});

test('the drawing is small, needs nothing else, and is the same text every time', () => {
  expect(Buffer.byteLength(SVG)).toBeLessThan(30_000);
  expectSelfContained(SVG);
  expectWellFormed(SVG);
  expect(renderRehearsalSvg(NIGHT)).toBe(SVG);
});

test('no name can break out of the drawing', () => {
  const release = `</text><script>"x"</script> & 'y'\u0007`;
  const svg = renderRehearsalSvg(rehearsalNight({ ...REHEARSAL, spec: { ...spec, release } }));
  expect(svg).toContain('&lt;/text&gt;&lt;script&gt;&quot;x&quot;&lt;/script&gt; &amp; &#39;y&#39;\ufffd in prod');
  expectWellFormed(svg);
});

test('a long name is cut, so that it stays in the drawing', () => {
  const { heading } = rehearsalNight({ ...REHEARSAL, spec: { ...spec, release: 'finale-of-finales-'.repeat(20) } });
  expect(heading).toMatch(/^finale-of-.{79}…$/);
});

test('the chart of docs/rehearse.md is what npm run chart draws', () => {
  expect(readFileSync(REHEARSAL_CHART, 'utf8')).toBe(renderRehearsalChart());
});
