import { chartColours, FONT } from './chart-parts';

/** Everything that the page looks like. The script turns rules for a dark scheme on and off; nothing dark is printed. */
export const REPORT_STYLE = `
${chartColours(':root')}
:root {
  --ground: #fff; --raised: #f6f8fa; --text: #1f2328; --muted: #4b5560; --line: #d1d9e0; --link: #0a53a8; --focus: #0b62c4;
  --error: #971a11; --error-ground: #fdecea; --warning: #6f4300; --warning-ground: #fff6e0; --good: #085824; --good-ground: #e6f6ea;
  color-scheme: light; font: 100%/1.5 ${FONT}; font-variant-numeric: tabular-nums;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --raised: #161b22; --text: #e6edf3; --muted: #a9b3be; --line: #363d47; --link: #7cb8ff; --focus: #62aeff;
    --error: #ff9a90; --error-ground: #33141a; --warning: #f0c06a; --warning-ground: #2c2210; --good: #6fd58c; --good-ground: #10281a;
    color-scheme: dark;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { background: var(--ground); color: var(--text); scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { max-width: 84rem; margin: 0 auto; padding: 0 1.25rem 3rem; }
h1 { margin: 1.5rem 0 .5rem; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 2.5rem 0 .5rem; padding-top: 1.25rem; border-top: 2px solid var(--line); font-size: 1.5rem; line-height: 1.25; }
h3 { margin: 1.75rem 0 .5rem; font-size: 1.125rem; }
h4 { margin: 1.5rem 0 .25rem; font-size: 1rem; }
p { margin: .5rem 0; max-width: 60rem; overflow-wrap: anywhere; }
a { color: var(--link); }
code { font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
small { display: block; color: var(--muted); font-size: .8125rem; font-weight: 400; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
main:focus-visible, h2:focus-visible { outline: none; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: .5rem 1rem; background: var(--ground); z-index: 3; }
.skip:focus { top: 0; }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0 0 .75rem; }
.facts div { display: flex; gap: .4rem; }
dt { color: var(--muted); }
dd { margin: 0; }
.switches { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; }
fieldset { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .875rem; margin: 0; padding: 0; border: 0; min-width: 0; }
legend { float: left; padding: 0; margin-right: .5rem; color: var(--muted); }
label { display: inline-flex; align-items: center; gap: .375rem; min-height: 1.75rem; }
input, select { accent-color: var(--focus); }
nav ul { margin: .75rem 0 0; padding: 0; list-style: none; }
nav li { margin: .5rem 0; padding-left: .75rem; border-left: 4px solid var(--line); }
nav p { margin: 0; max-width: none; }
nav a { display: inline-block; padding: .25rem .5rem .25rem 0; font-weight: 600; }
nav li > span { color: var(--muted); }
figure { margin: .5rem 0 1rem; }
figcaption { color: var(--muted); font-size: .9375rem; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin: .5rem 0; }
.legend, .zoom { display: flex; flex-wrap: wrap; align-items: center; gap: .375rem; }
button, select {
  min-height: 2rem; max-width: 100%; padding: .25rem .625rem; border: 1px solid var(--line); border-radius: .375rem; background: var(--raised);
  color: var(--text); font: inherit; font-size: .875rem;
}
select { max-width: 14rem; }
button { display: inline-flex; align-items: center; gap: .5rem; text-align: left; cursor: pointer; }
button:hover { border-color: var(--muted); }
.legend button[aria-pressed='true'] { background: var(--ground); }
.legend button[aria-pressed='false'] { text-decoration: line-through; color: var(--muted); }
.legend button[aria-pressed='false'] .mark { opacity: .25; }
.mark { flex: none; width: 1.5rem; height: .75rem; forced-color-adjust: none; }
.ink-demand { color: var(--chart-demand); } .ink-floor { color: var(--chart-floor); } .ink-text { color: var(--chart-text); }
.mark-planned { background: color-mix(in srgb, currentColor 25%, transparent); border: 1px solid currentColor; }
.mark-median { background: color-mix(in srgb, currentColor 65%, transparent); }
.mark-floor { height: 0; border-top: 3px solid; }
.mark-required { height: 0; border-top: 2px dashed; }
.plot { position: relative; overflow: hidden; border-radius: .375rem; touch-action: pan-y pinch-zoom; }
.handle { position: absolute; inset: 0; cursor: crosshair; }
.handle:focus-visible { outline-offset: -3px; border-radius: .375rem; }
.dragging .handle { cursor: grabbing; }
.cursor { position: absolute; border-left: 1px solid var(--text); pointer-events: none; }
.reading {
  position: absolute; z-index: 2; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .375rem; background: var(--ground);
  box-shadow: 0 2px 8px rgb(0 0 0 / .15); font-size: .8125rem; line-height: 1.4; pointer-events: none; max-width: 23rem;
}
.reading strong { display: block; }
.reading table { border-collapse: collapse; }
.reading th { min-width: 0; padding: 0 1rem 0 0; border: 0; font-weight: 400; color: var(--muted); white-space: nowrap; }
.reading td { padding: 0; border: 0; text-align: right; white-space: nowrap; }
.reading p { margin: .25rem 0 0; }
.news { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.keys { color: var(--muted); font-size: .8125rem; }
.table { position: relative; overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .875rem; }
caption { padding: 0 0 .375rem; text-align: left; color: var(--muted); }
th, td { padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
tbody th { min-width: 11rem; font-weight: 600; overflow-wrap: anywhere; }
td, time { white-space: nowrap; }
.t { min-width: 12rem; white-space: normal; }
.n, .releases :is(th, td):nth-last-child(-n + 6):nth-last-child(n + 3):not(.t) { text-align: right; }
tr.plan > * { background: var(--raised); }
details { margin: .5rem 0; }
summary { padding: .25rem 0; cursor: pointer; color: var(--link); }
.findings { margin: 0; padding: 0; list-style: none; }
.findings li { max-width: 64rem; margin: .5rem 0; padding: .5rem .75rem; border-left: 4px solid; border-radius: .25rem; overflow-wrap: anywhere; }
.findings .error { border-color: var(--error); background: var(--error-ground); }
.findings .warning { border-color: var(--warning); background: var(--warning-ground); }
.findings .error strong { color: var(--error); }
.findings .warning strong { color: var(--warning); }
.verdict { display: inline-block; padding: 0 .5rem; border-radius: .75rem; font-size: .8125rem; }
.verdict.enough, .verdict.not-needed { color: var(--good); background: var(--good-ground); }
.verdict.not-enough { color: var(--error); background: var(--error-ground); }
.verdict.unknown { color: var(--warning); background: var(--warning-ground); }
.drawing img { display: block; width: 100%; max-width: 900px; height: auto; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); color: var(--muted); font-size: .875rem; }
@media (max-width: 40rem) {
  body { padding: 0 .875rem 2rem; }
  .reading { position: static; max-width: none; margin-top: .5rem; box-shadow: none; }
  tbody th { min-width: 9rem; }
}
@media print {
  :root { font-size: 12px; }
  body { max-width: none; padding: 0; }
  .skip, .switches, .tools, .keys, .cursor, .reading, .words { display: none !important; }
  h2, h3, h4 { break-after: avoid; }
  .environment + .environment { break-before: page; }
  figure, tr, .findings li { break-inside: avoid; }
  thead { display: table-header-group; }
  .table { overflow: visible; }
  .table table { width: 100%; font-size: .72rem; }
  th, td { padding: .25rem .4rem .25rem 0; }
  tbody th { min-width: 8rem; }
  .t { min-width: 0; }
  td { white-space: normal; }
  .n, time { white-space: nowrap; }
  .plot { border: 1px solid var(--line); }
  summary { list-style: none; }
}
`;
