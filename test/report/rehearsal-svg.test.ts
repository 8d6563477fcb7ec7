import { readFileSync } from 'node:fs';
import { REHEARSAL_CHART, renderRehearsalChart } from '../../bin/write-chart';
import type { Rehearsal } from '../../lib/rehearsal/rehearsal';
import { RunningRehearsal } from '../../lib/rehearsal/rehearsal';
import { NOTHING_UNUSUAL } from '../../lib/rehearsal/spec';
import { renderRehearsalSvg } from '../../lib/report/rehearsal-svg';
import { environment } from '../capacity/fixtures';
import { FINALE, rehearsed } from '../rehearsal/fixtures';

const MINUTE = 60;
const HOUR = 3600;

/** As forecast, on a service that does not shed load: no draw is shown, so none is played. */
const REHEARSAL = new RunningRehearsal(rehearsed([FINALE], { environment: environment({ shedsLoad: false }) }), 1, [
  'plan',
  'target-tracking-60',
]).report();
const { spec, recordings } = REHEARSAL;
const SVG = renderRehearsalSvg(REHEARSAL);
const PER_UNIT = spec.conditions.requestsPerSecondPerUnit * spec.conditions.usableShare;

interface Text {
  readonly x: number;
  readonly y: number;
  readonly content: string;
}

function textsOf(svg: string): Text[] {
  return [...svg.matchAll(/<text x="([\d.-]+)" y="([\d.-]+)"[^>]*>([^<]*)<\/text>/g)].map(([, x, y, content]) => ({
    x: Number(x),
    y: Number(y),
    content: content!,
  }));
}

/** A line through what two labels of an axis say. */
function axis(labels: readonly { readonly drawn: number; readonly value: number }[]): (drawn: number) => number {
  const [first, last] = [labels[0]!, labels.at(-1)!];
  return (drawn) => first.value + ((drawn - first.drawn) * (last.value - first.value)) / (last.drawn - first.drawn);
}

/** Labels stand a little below their lines. */
function valuesOf(svg: string, label: RegExp, value: (content: string) => number): (drawn: number) => number {
  return axis(
    textsOf(svg)
      .filter(({ x, content }) => x < 60 && label.test(content))
      .map(({ y, content }) => ({ drawn: y - 4, value: value(content) })),
  );
}

function sharesOf(svg: string): (drawn: number) => number {
  return valuesOf(svg, /^\d+ %$/, (content) => Number(content.replace(' %', '')) / 100);
}

function ticksOf(svg: string): Text[] {
  return textsOf(svg).filter(({ content }) => /^\d\d:\d\d$/.test(content));
}

/** Seconds from the premiere of what is drawn, by the ticks of the time. */
function secondsOf(svg: string): (drawn: number) => number {
  const ticks = ticksOf(svg);
  const [first, second] = ticks.map(({ content }) => Date.parse(`2027-01-01T${content}:00Z`) / 1000);
  const step = (second! - first! + 24 * HOUR) % (24 * HOUR);
  const premiere = ticks.findIndex(({ content }) => content === '01:00');
  return axis(ticks.map(({ x }, index) => ({ drawn: x, value: (index - premiere) * step })));
}

/** Corners of each path of a class: seconds from the premiere, and what is read at the axis. */
function cornersOf(svg: string, name: string, value: (drawn: number) => number): { after: number; value: number }[][] {
  const seconds = secondsOf(svg);
  return [...svg.matchAll(new RegExp(`<path class="${name}" d="M([\\d.]+) ([\\d.]+)([^"h]*)`, 'g'))]
    .filter(([, x]) => x !== undefined)
    .map(([, x, y, rest]) => {
      const corners = [{ after: seconds(Number(x)), value: value(Number(y)) }];
      for (const [, across, down] of rest!.matchAll(/H([\d.]+)V([\d.]+)/g)) {
        corners.push({ after: seconds(Number(across)), value: value(Number(down)) });
      }
      return corners;
    });
}

/** What a line says at an instant. */
function readAt(svg: string, name: string, after: number): number {
  const requests = valuesOf(svg, /^(\d[\d.]*)( [kM])?$/, (content) => {
    const [number, unit] = content.split(' ');
    return Number(number) * ({ k: 1e3, M: 1e6 }[unit ?? ''] ?? 1);
  });
  return cornersOf(svg, name, requests)[0]!.findLast((corner) => corner.after <= after)!.value;
}

function recordedAt(values: readonly number[], after: number): number {
  return values[Math.floor((spec.premiereAt + after - spec.from) / MINUTE)]!;
}

/** Half of a drawn tenth of a pixel, in requests per second. */
const READABLE = 1600 * 950 * 0.002;

describe('what is drawn is what was recorded', () => {
  test.each([-90, -30, 1, 3, 60, 180])('at %d min from the premiere', (minutes) => {
    const after = minutes * MINUTE + 30;
    const near = (drawn: number, recorded: number): void => {
      expect(Math.abs(drawn - recorded)).toBeLessThan(READABLE);
    };
    near(readAt(SVG, 'demand', after), recordedAt(recordings.plan.demand, after));
    near(readAt(SVG, 'plan', after), recordedAt(recordings.plan.ready, after) * PER_UNIT);
    near(readAt(SVG, 'reactive', after), recordedAt(recordings['target-tracking-60'].ready, after) * PER_UNIT);
  });

  test('what fails, minute by minute', () => {
    const { failedShare } = recordings['target-tracking-60'];
    const shares = sharesOf(SVG);
    const [failures] = cornersOf(SVG, 'reactive-failures', shares);
    const first = failedShare.findIndex((share) => share > 0.001);
    expect(Math.round(failures![0]!.after / MINUTE)).toBe(first - (spec.premiereAt - spec.from) / MINUTE);
    expect(failures![0]!.value).toBe(0);
    // By the tenth of a pixel.
    expect(failures![1]!.value).toBeCloseTo(failedShare[first]!, 2);
    expect(Math.max(...failures!.map(({ value }) => value))).toBeCloseTo(Math.max(...failedShare), 2);
    expect(Math.max(...recordings.plan.failedShare)).toBe(0);
    expect(SVG).not.toContain('<path class="plan-failures"');
  });

  test('tries, where retries make them more', () => {
    const { tries, demand } = recordings['target-tracking-60'];
    const retried = tries.filter((number, minute) => number > 1.01 * demand[minute]!);
    expect(retried.length).toBeGreaterThan(3);
    expect(SVG.match(/<path class="reactive-tries" d="M[\d.]+ [\d.]+[HV]/g)!.length).toBeGreaterThan(0);
    expect(SVG).toContain('tries, with retries');
    // No line of it, and no mark of it in the legend.
    expect(SVG).not.toContain('<path class="plan-tries"');
  });

  test('the premiere, at its instant', () => {
    const [, line] = /class="premiere" d="M([\d.]+)/.exec(SVG)!;
    const tick = textsOf(SVG).find(({ content }) => content === '01:00')!;
    expect(Number(line)).toBeCloseTo(tick.x, 0);
    expect(SVG).toContain('premiere 2027-01-01 01:00 UTC');
  });

  test('all of it in words, for those who cannot see it', () => {
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
  /** What a drawing begins and ends with. */
  const edgesOf = (svg: string): number[] => [64, 876].map((edge) => Math.round(secondsOf(svg)(edge) / MINUTE));

  test('is from two hours before the premiere until its floors are given back', () => {
    const givenBackAt = spec.floors.actions.at(-1)!.at;
    expect(givenBackAt - spec.premiereAt).toBeLessThan(5 * HOUR);
    expect(edgesOf(SVG)).toEqual([-120, (givenBackAt - spec.premiereAt) / MINUTE]);
  });

  test('ends five hours after the premiere where floors are held for longer', () => {
    const actions = spec.floors.actions.slice(0, -1);
    const svg = renderRehearsalSvg({ ...REHEARSAL, spec: { ...spec, floors: { ...spec.floors, actions } } });
    expect(edgesOf(svg)).toEqual([-120, 300]);
  });

  test('is longer where a failure would be left out', () => {
    const failedShare = recordings.plan.failedShare.map((share, minute) =>
      spec.from + minute * MINUTE === spec.premiereAt + 9 * HOUR ? 0.5 : share,
    );
    const late: Rehearsal = {
      ...REHEARSAL,
      recordings: { ...recordings, plan: { ...recordings.plan, failedShare } },
    };
    const svg = renderRehearsalSvg(late);
    expect(edgesOf(svg)).toEqual([-120, 9 * 60 + 15]);
    const shares = sharesOf(svg);
    const [failure] = cornersOf(svg, 'plan-failures', shares);
    expect(Math.max(...failure!.map(({ value }) => value))).toBeCloseTo(0.5, 2);
    expect(Math.round(failure![0]!.after / MINUTE)).toBe(9 * 60);
    expect(Math.round(failure!.at(-1)!.after / MINUTE)).toBe(9 * 60 + 1);
  });

  test('begins with the rehearsal where that is later, and then has no premiere to mark', () => {
    const minutes = (spec.premiereAt + 5 * HOUR - spec.from) / MINUTE;
    const rest = <T extends object>(recording: T): T =>
      Object.fromEntries(
        Object.entries(recording).map(([key, values]) => [key, (values as number[]).slice(minutes)]),
      ) as T;
    const svg = renderRehearsalSvg({
      ...REHEARSAL,
      spec: { ...spec, from: spec.premiereAt + 5 * HOUR },
      recordings: { plan: rest(recordings.plan), 'target-tracking-60': rest(recordings['target-tracking-60']) },
    });
    expect(ticksOf(svg)[0]!.content).toBe('06:00');
    expect(svg).not.toContain('class="premiere"');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});

test('what was asked besides the forecast stands on it, within its edges', () => {
  const whatIf = {
    ...NOTHING_UNUSUAL,
    audienceFactor: 2,
    earlySeconds: 900,
    loseZone: true,
    guard: false,
    missRaise: true,
  };
  const svg = renderRehearsalSvg({ ...REHEARSAL, spec: { ...spec, whatIf } });
  const lines = textsOf(svg).filter(({ x, y }) => x === 64 && y < 100);
  expect(lines.map(({ content }) => content)).toContain('the first raise of each window missed');
  expect(svg).toContain('what if: an audience of × 2 the forecast · everybody 15 min early');
  expect(svg).not.toContain('as forecast');
  // The plot begins below them.
  const top = Number(/<clipPath[^>]*><rect x="64" y="(\d+)"/.exec(svg)![1]);
  expect(lines.every(({ y }) => y < top)).toBe(true);
});

test('who else comes stands on it, and a long list is cut', () => {
  const lineWith = (...ids: string[]): string => {
    const releases = [...spec.releases, ...ids.map((id) => ({ ...spec.releases[0]!, id }))];
    const texts = textsOf(renderRehearsalSvg({ ...REHEARSAL, spec: { ...spec, releases } }));
    return texts.find(({ content }) => content.startsWith('with '))!.content;
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
  const svg = renderRehearsalSvg(lost);
  const { failoverMinutes } = lost.exact.find(({ policy }) => policy === 'plan')!;
  expect(failoverMinutes).toBeGreaterThan(0);
  expect(svg).toContain(`; 0 outage minutes, and ${failoverMinutes} of the failover: at worst `);
  expect(svg).toContain('Outage minutes are those, but for the failover, in which more than 1 % fail.');
  expect(SVG).not.toContain('failover');
});

test('the drawing is small and needs nothing else', () => {
  expect(Buffer.byteLength(SVG)).toBeLessThan(30_000);
  expect(SVG.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|href|@import|<script|url\((?!#)/);
  expect(SVG).toContain('@media(prefers-color-scheme:dark)');
  expect(renderRehearsalSvg(REHEARSAL)).toBe(SVG);
});

test('every number of it is one', () => {
  expect(SVG).not.toMatch(/NaN|Infinity|undefined|null/);
});

test('no name can break out of the drawing', () => {
  const svg = renderRehearsalSvg({
    ...REHEARSAL,
    spec: { ...spec, release: `</text><script>"x"</script> & 'y'\u0007` },
  });
  expect(svg).toContain('&lt;/text&gt;&lt;script&gt;&quot;x&quot;&lt;/script&gt; &amp; &#39;y&#39;\ufffd in prod');
  expect(svg).not.toContain('<script');
  expect(svg).not.toMatch(/&(?!(amp|lt|gt|quot|#39);)/);
  const open: string[] = [];
  for (const [, close, name, single] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else if (!single) open.push(name!);
  }
  expect(open).toEqual([]);
});

test('a long name is cut, so that it stays in the drawing', () => {
  const svg = renderRehearsalSvg({ ...REHEARSAL, spec: { ...spec, release: 'finale-of-finales-'.repeat(20) } });
  expect(textsOf(svg)[0]!.content).toMatch(/^finale-of-.{79}…$/);
});

test('the chart of docs/rehearse.md is what npm run chart draws', () => {
  expect(readFileSync(REHEARSAL_CHART, 'utf8')).toBe(renderRehearsalChart());
});
