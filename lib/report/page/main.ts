import { LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import { use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { type PackedPage, unpackFigures } from '../report-packed';
import { Clock, type ClockMode } from './clock';
import { ChartFigure } from './figure';
import { setUpTheme } from './theme';

// The parts of the library that the charts use, and nothing else of it.
use([LineChart, GridComponent, MarkLineComponent, SVGRenderer]);

const clock = new Clock();
setUpTheme();

const packed = JSON.parse(document.querySelector('#data')!.textContent) as PackedPage;
const figures = unpackFigures(packed).map(
  (figure, index) => new ChartFigure(document.querySelector<HTMLElement>(`#figure-${index}`)!, figure, clock),
);

for (const input of document.querySelectorAll<HTMLInputElement>('input[name=zone]')) {
  const choose = (): void => {
    if (!input.checked) return;
    clock.choose(input.value as ClockMode);
    for (const figure of figures) figure.refresh();
  };
  input.addEventListener('change', choose);
  // A browser may bring back what was chosen before a reload.
  if (input.value !== 'utc') choose();
}
document.querySelector<HTMLElement>('.switches')!.hidden = false;

/** Paper shows all of it: every chart is drawn, and what is folded is open. */
let folded: HTMLDetailsElement[] = [];
function startPrint(): void {
  folded.push(...document.querySelectorAll<HTMLDetailsElement>('details:not([open]):not(.words)'));
  for (const details of folded) details.open = true;
  for (const figure of figures) figure.print();
}
function endPrint(): void {
  for (const details of folded) details.open = false;
  folded = [];
  for (const figure of figures) figure.endPrint();
}
window.addEventListener('beforeprint', startPrint);
window.addEventListener('afterprint', endPrint);
window.matchMedia('print').addEventListener('change', ({ matches }) => (matches ? startPrint() : endPrint()));
