// The style of a report's page.

/** Readers tell them apart in both schemes, also readers who see red and green alike. */
const LINE_COLOURS = {
  light: ['#0060a8', '#c04a00', '#00795c', '#8a3ea0', '#7a6200', '#b0004e'],
  dark: ['#6cb8ff', '#ff9d5c', '#4cd0a8', '#d59bee', '#e0c341', '#ff86b3']
}
const colours = (list: readonly string[]) => list.map((colour, n) => `--c${n}:${colour}`).join(';')
const lineRules = (n: number) =>
  `.line.c${n}{stroke:var(--c${n})}.dot.c${n}{fill:var(--c${n})}.legend .c${n}{color:var(--c${n})}`

/** The style of the page, for light and dark schemes, phones and paper. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1d21;--dim:#5a6068;--rule:#d9dce1;--bad:#b3001b;
  --good:#00663d;--soft:#f3f4f6;${colours(LINE_COLOURS.light)}}
@media (prefers-color-scheme:dark){:root{--paper:#15171a;--ink:#e8eaed;--dim:#a2a9b3;--rule:#363b42;--bad:#ff8896;
  --good:#62d69b;--soft:#1e2125;${colours(LINE_COLOURS.dark)}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem;background:var(--paper);color:var(--ink);
  font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.25rem;margin:2.5rem 0 .5rem;border-top:1px solid var(--rule);padding-top:1rem}
p{max-width:60rem}
code{font:.875em ui-monospace,monospace;background:var(--soft);padding:.1em .3em;border-radius:.2em}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:1rem 0}
dt{color:var(--dim)}
dd{margin:0}
@media (max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
.wide{overflow-x:auto;margin:1rem 0;overflow-wrap:normal}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .8rem .3rem 0;text-align:start;vertical-align:top;border-bottom:1px solid var(--rule)}
thead th{color:var(--dim);font-weight:600;vertical-align:bottom}
tbody th{font-weight:400;min-width:9rem}
td{white-space:nowrap}
.flaw{border-inline-start:.3rem solid var(--bad);padding-inline-start:.7rem}
.bad{color:var(--bad)}
.good{color:var(--good)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem}
figure{margin:0;max-width:36rem}
figcaption{font-weight:600}
svg{width:100%;height:auto;display:block}
.grid{stroke:var(--rule);stroke-width:1}
.tick{fill:var(--dim);font-size:10.5px}
.axis{fill:var(--dim);font-size:11px}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.2rem 0;padding:0;font-size:.9rem}
.legend li::before{content:"";display:inline-block;width:1.2em;height:.25em;margin-inline-end:.4em;
  vertical-align:middle;background:currentColor}
${LINE_COLOURS.light.map((_, n) => lineRules(n)).join('')}
@media print{.wide{overflow:visible}section{break-inside:avoid}}`
