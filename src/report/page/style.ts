const LIGHT = `
  --paper: #ffffff; --panel: #f5f6f8; --ink: #1b1f24; --soft: #555c66; --rule: #d8dce2; --link: #0b5ea8;
  --certified: #0a6b50; --certified-pale: #d9efe6; --open: #7d5200; --open-pale: #fbebc8; --wrong: #a2282c; --wrong-pale: #f8dedd;
  --bar: #2f6ea3; --grid: #e3e6eb;
  --c0: #0067a8; --c1: #b34a00; --c2: #00775a; --c3: #a23b78; --c4: #7f6400; --c5: #5a5fc7; --c6: #3d4148;`;

const DARK = `
  --paper: #14171b; --panel: #1d2127; --ink: #e7e9ec; --soft: #a9b1bb; --rule: #363c45; --link: #7db9f0;
  --certified: #63cda9; --certified-pale: #1d3d33; --open: #e6b853; --open-pale: #43371a; --wrong: #f2958e; --wrong-pale: #4a2726;
  --bar: #74aede; --grid: #2b3038;
  --c0: #62b4ee; --c1: #ef9560; --c2: #4bc59b; --c3: #e39ac4; --c4: #dcbf55; --c5: #a9acf7; --c6: #cfd3d9;`;

/** The page's style sheet. Colours are variables, so that drawings follow the theme as text does. */
export const STYLE = `
:root { color-scheme: light; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { color-scheme: dark; ${DARK} } }
:root[data-theme="dark"] { color-scheme: dark; ${DARK} }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-behavior: smooth; scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
body > header, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
p, .notes { max-width: 44rem; }
p { margin: .6rem 0; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .3rem .6rem; z-index: 3; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.aside, .note, .kind, figcaption .aside { color: var(--soft); }
.note { font-size: .9rem; }
code { font: .9em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }

body > header { padding-top: 2rem; padding-bottom: .75rem; position: relative; }
.kind { margin: 0; font-size: .85rem; letter-spacing: .04em; text-transform: uppercase; }
h1 { font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.2; margin: .1rem 0 .3rem; padding-right: 8rem; overflow-wrap: anywhere; font-weight: 650; }
h2 { font-size: 1.3rem; margin: 0 0 .5rem; font-weight: 650; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; font-weight: 650; }
.status { color: var(--open); display: block; }
button { font: inherit; font-size: .85rem; color: var(--ink); background: var(--panel); border: 1px solid var(--rule); border-radius: 6px; padding: .3rem .7rem; cursor: pointer; }
button:hover { border-color: var(--soft); }
.theme { position: absolute; top: 2rem; right: 1.25rem; }
nav { position: sticky; top: 0; z-index: 2; background: var(--paper); border-block: 1px solid var(--rule); }
nav ul { max-width: 70rem; margin: 0 auto; padding: .25rem .75rem; display: flex; flex-wrap: wrap; list-style: none; }
nav a { display: block; padding: .25rem .5rem; text-decoration: none; font-size: .9rem; }
nav a:hover { text-decoration: underline; }
main > section { padding: 2rem 0; border-bottom: 1px solid var(--rule); }
footer { padding-block: 1.5rem 3rem; color: var(--soft); font-size: .9rem; }
.notes { margin: 1.25rem 0 0; padding: .75rem 1rem .75rem 2rem; background: var(--open-pale); border-radius: 8px; overflow-wrap: anywhere; }

.claim { border-left: 4px solid var(--certified); background: var(--panel); border-radius: 0 8px 8px 0; padding: .9rem 1.25rem 1.1rem; }
.claim.none { border-color: var(--open); }
.claim strong { font-size: 1.12rem; line-height: 1.5; font-weight: 600; }
.claim p { max-width: 52rem; margin: .2rem 0 .5rem; }
.share-bar { display: flex; gap: 2px; height: 1.1rem; margin-top: 1rem; border-radius: 4px; overflow: hidden; }
.share-bar span { flex-basis: 0; min-width: 3px; }
.share-bar .certified { background: var(--certified); }
.share-bar .open { background: repeating-linear-gradient(135deg, var(--open) 0 4px, var(--open-pale) 4px 8px); }
.share-bar .wrong { background: var(--wrong); }
.share-names, .legend { list-style: none; margin: .5rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; font-size: .9rem; }
.share-names .certified, h3.certified span, td .certified { color: var(--certified); }
.share-names .open, h3.open span, td .open { color: var(--open); }
.share-names .wrong, h3.wrong span { color: var(--wrong); }

.figures { display: flex; flex-wrap: wrap; gap: 1px; background: var(--rule); border: 1px solid var(--rule); border-radius: 8px; overflow: hidden; margin: 1rem 0; }
.figures > div { flex: 1 1 13rem; background: var(--paper); padding: .8rem 1rem; }
.figures dt { color: var(--soft); font-size: .9rem; }
.figures dd { margin: 0; }
.value { display: block; font-size: 1.9rem; line-height: 1.3; font-weight: 600; }
.worth { font-size: .85rem; line-height: 1.45; color: var(--soft); }
.missing { background: var(--panel); border: 1px dashed var(--soft); border-radius: 8px; padding: .5rem .8rem; color: var(--ink); max-width: 60rem; overflow-wrap: anywhere; }
.figures .missing { border: 0; background: none; padding: 0; margin: 0; font-size: .85rem; }
.command code { background: var(--panel); border: 1px solid var(--rule); border-radius: 5px; padding: .1rem .4rem; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
.copy { margin-left: .5rem; padding: .05rem .5rem; }
.figures .command code { display: block; margin: .3rem 0; }
.figures .copy { margin-left: 0; }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem 2.5rem; margin-top: 1rem; }
.chart { margin: 0; min-width: 0; }
figcaption { font-weight: 600; }
figcaption .aside { font-weight: 400; }
.legend { margin: .3rem 0 .5rem; font-size: .85rem; }
.legend li { display: flex; align-items: center; gap: .4rem; }
.plot { display: grid; grid-template-columns: 3.4rem minmax(0, 1fr); }
.drawing { grid-column: 2; height: 15rem; border: 1px solid var(--rule); }
.plot.low .drawing { height: 7.5rem; }
.drawing svg { display: block; width: 100%; height: 100%; overflow: hidden; }
.y-marks, .x-marks { position: relative; font-size: .78rem; color: var(--soft); line-height: 1; }
.y-marks span { position: absolute; right: .5rem; transform: translateY(50%); white-space: nowrap; }
.x-marks { grid-column: 2; height: 1.2rem; }
.x-marks span { position: absolute; top: .35rem; white-space: nowrap; }
.x-label { grid-column: 2; text-align: center; font-size: .82rem; color: var(--soft); margin: .3rem auto 0; }
.grid { stroke: var(--grid); stroke-width: 1; vector-effect: non-scaling-stroke; fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.line.dashed { stroke-dasharray: 5 4; }
.line.dot { stroke-width: 8; stroke-linecap: round; stroke-dasharray: none; }
${Array.from({ length: 7 }, (_, i) => `.c${i} { stroke: var(--c${i}); }`).join("\n")}
.bar { fill: var(--bar); stroke: var(--bar); stroke-width: 1; vector-effect: non-scaling-stroke; }
.bar.below { fill: var(--open-pale); stroke: var(--open); }
.zero { stroke: var(--ink); stroke-width: 1; vector-effect: non-scaling-stroke; fill: none; }

details > summary { cursor: pointer; color: var(--link); font-size: .88rem; width: fit-content; }
.data { margin-top: .4rem; }
.data .scroll { max-height: 22rem; }
.scroll { overflow: auto; max-width: 100%; position: relative; }
table { border-collapse: collapse; font-size: .9rem; }
caption { text-align: left; color: var(--soft); font-size: .88rem; padding: .3rem 0; }
th, td { padding: .25rem .8rem .25rem 0; text-align: right; font-weight: 400; white-space: nowrap; }
thead th { color: var(--soft); border-bottom: 1px solid var(--rule); vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
tr > :first-child { text-align: left; }
.confusion th, .confusion td { padding: .25rem .5rem; text-align: center; min-width: 3.4rem; }
.confusion tbody th { font-weight: 600; }
@media (max-width: 40rem) {
  .wide thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .wide, .wide tbody, .wide tr { display: block; }
  .wide caption { display: block; }
  .wide tr { padding: .4rem 0; border-top: 1px solid var(--rule); }
  .wide tbody tr > * { display: flex; justify-content: space-between; gap: 1rem; padding: .1rem 0; border: 0; white-space: normal; }
  .wide tbody th { font-weight: 600; }
  .wide [data-title]::before { content: attr(data-title); color: var(--soft); font-weight: 400; text-align: left; }
  .confusion { font-size: .72rem; width: 100%; }
  table.confusion th, table.confusion td { padding: .2rem .05rem; min-width: 0; }
}
.confusion td span { display: block; line-height: 1.3; }
.confusion .same { background: var(--panel); }
.empty { color: var(--soft); }

.ball { list-style: none; padding: 0; margin: .6rem 0 0; display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; }
.ball figure { margin: 0; width: 10rem; font-size: .85rem; line-height: 1.4; }
.ball figcaption { font-weight: normal; }
.ball img { display: block; image-rendering: pixelated; border-radius: 3px; margin-bottom: .4rem; }
.gallery { list-style: none; padding: 0; margin: .6rem 0 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(9.6rem, 1fr)); gap: .75rem; }
.card { border: 1px solid var(--rule); border-radius: 8px; padding: .6rem; font-size: .85rem; line-height: 1.4; min-width: 0; }
.card img { display: block; image-rendering: pixelated; border-radius: 3px; margin: 0 auto .4rem; }
.card p { margin: 0; text-align: center; }
.card p span { display: inline-block; }
.card p .aside { display: inline; }
.card summary { margin: .15rem auto 0; font-size: .85rem; }
.card table { width: 100%; font-size: .82rem; }
.card th, .card td { padding: .1rem 0; }
.margin-bars { display: block; max-width: 100%; height: auto; margin: .35rem auto 0; }
.margin-bars text { font-size: 9px; text-anchor: middle; fill: var(--soft); }
.filter select { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: 5px; padding: .15rem .4rem; }

.pairs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 3rem; }
.pairs dl { margin: 0; font-size: .92rem; }
.pairs dl > div { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr); gap: 1rem; padding: .2rem 0; border-bottom: 1px solid var(--grid); }
.pairs dt { color: var(--soft); }
.pairs dd { margin: 0; overflow-wrap: anywhere; }

@media (max-width: 40rem) {
  body > header { padding-top: 1.25rem; }
  h1 { padding-right: 0; }
  .theme { position: static; }
  nav { position: static; }
  .claim strong { font-size: 1rem; }
  .gallery { grid-template-columns: repeat(auto-fill, minmax(8.6rem, 1fr)); }
  .pairs dl > div { grid-template-columns: 8rem minmax(0, 1fr); }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  :root, :root[data-theme="dark"], :root:not([data-theme="light"]) { color-scheme: light; ${LIGHT} }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10.5pt; }
  nav, button, .skip, .filter, .data, .card details { display: none !important; }
  body > header, main, footer { max-width: none; padding-inline: 0; }
  main > section { padding: 1rem 0; }
  .chart, .card, .ball li, .claim, .figures > div, tr { break-inside: avoid; }
  h2, h3, figcaption { break-after: avoid; }
  .scroll { overflow: visible; }
}
`;
