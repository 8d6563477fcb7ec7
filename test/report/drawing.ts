/** One text of a drawing; `x` and `y` are where it is anchored. */
export interface Text {
  readonly x: number;
  readonly y: number;
  readonly anchor: string;
  readonly classes: readonly string[];
  readonly content: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What echarts drew within an SVG, each in coordinates of its own. */
export function drawingsOf(svg: string): string[] {
  return svg
    .split(/<g transform="translate\(0 \d+\)">/)
    .slice(1)
    .map((rest) => rest.slice(0, rest.indexOf('</defs>')));
}

export function textsOf(svg: string): Text[] {
  return [...svg.matchAll(/<text([^>]*)>([^<]*)<\/text>/g)].map(([, attributes, content]) => {
    const of = (name: string): string => new RegExp(` ${name}="([^"]*)"`).exec(attributes!)?.[1] ?? '';
    const [across = 0, down = 0] = /translate\(([^)]*)\)/.exec(of('transform'))?.[1]!.split(' ').map(Number) ?? [];
    return {
      x: across + Number(of('x')),
      y: down + Number(of('y')),
      anchor: of('text-anchor'),
      classes: of('class').split(' '),
      content: content!,
    };
  });
}

/** The points of each curve that is drawn in this class with these attributes. */
export function curvesOf(drawing: string, className: string, attributes: RegExp): Point[][] {
  return [...drawing.matchAll(/<path class="([^"]*)" d="M([^"]*)"([^>]*)>/g)]
    .filter(([, of, , rest]) => of === className && attributes.test(rest!))
    .flatMap(([, , path]) => path!.split('M'))
    .map((part) =>
      part.split('L').map((point) => {
        const [x, y] = point.split(' ').map(Number);
        return { x: x!, y: y! };
      }),
    );
}

/** Where a curve of steps begins, and each point where it has come to another value. */
export function cornersOf(points: readonly Point[]): Point[] {
  return points.filter(({ y }, index) => y !== points[index - 1]?.y);
}

/** How high a curve is drawn; echarts leaves out steps that are smaller than a pixel. */
export function heightAt(points: readonly Point[], x: number): number {
  const after = points.findIndex((point) => point.x > x);
  const [from, to] = [points[after - 1]!, points[after]!];
  return from.y + ((to.y - from.y) * (x - from.x)) / (to.x - from.x);
}

/** A line that maps what is drawn to what the labels of an axis say. */
export function axisOf(
  labels: readonly { readonly drawn: number; readonly value: number }[],
): (drawn: number) => number {
  const [first, last] = [labels[0]!, labels.at(-1)!];
  return (drawn) => first.value + ((drawn - first.drawn) * (last.value - first.value)) / (last.drawn - first.drawn);
}

/** The labels of times below a plot, without the dates. */
export function ticksOf(drawing: string): Text[] {
  return textsOf(drawing).filter(({ content }) => /^\d\d:\d\d$/.test(content));
}

/** Markup is closed in the order in which it was opened, and every ampersand begins an entity. */
export function expectWellFormed(svg: string): void {
  expect(svg).not.toMatch(/&(?!(amp|lt|gt|quot|#39|#34);)/);
  expect(svg).not.toMatch(/[^\P{Cc}\n]|\p{Cs}/u);
  const open: string[] = [];
  for (const [, close, name, single] of svg.matchAll(/<(\/?)(\w+)(?:"[^"]*"|[^">])*?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else if (!single) open.push(name!);
  }
  expect(open).toEqual([]);
}

/** It needs nothing else, in light and in dark, and its ids are its own. */
export function expectSelfContained(svg: string): void {
  expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|href|@import|<script|url\((?!#)|var\(/);
  expect(svg).toContain('(prefers-color-scheme:dark)');
  const [, scope] = /^<svg [^>]*id="([^"]+)"/.exec(svg)!;
  const ids = [...svg.matchAll(/<[^>]* id="([^"]+)"/g)].map(([, id]) => id!);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !id.startsWith(scope!))).toEqual([]);
  const used = [...svg.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id!);
  expect(used.filter((id) => !ids.includes(id))).toEqual([]);
  // What a page with scripts would use, and what an instance of echarts counts.
  expect(svg).not.toMatch(/\bzr\d|ecmeta|:hover|NaN|Infinity|undefined|null/);
}
