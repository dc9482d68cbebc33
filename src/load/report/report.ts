// A result as a page without any other file, and as Markdown.
import { COLOURS, escapeXml } from './chart.ts'
import { compareResults, comparisonText } from './compare.ts'
import { markdownHtml } from './markdown.ts'
import { plotsOf } from './plots.ts'
import type { Result, Section } from './result.ts'

/** Readers tell them apart in both schemes, also readers who see red and green alike. */
const LINE_COLOURS = {
  light: ['#0060a8', '#c04a00', '#00795c', '#8a3ea0', '#7a6200', '#b0004e'],
  dark: ['#6cb8ff', '#ff9d5c', '#4cd0a8', '#d59bee', '#e0c341', '#ff86b3']
}
const colours = (list: readonly string[]) => list.slice(0, COLOURS).map((colour, n) => `--c${n}:${colour}`).join(';')

const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1d21;--dim:#5a6068;--rule:#d9dce1;--bad:#b3001b;--good:#00663d;--soft:#f3f4f6;${colours(LINE_COLOURS.light)}}
@media (prefers-color-scheme:dark){:root{--paper:#15171a;--ink:#e8eaed;--dim:#a2a9b3;--rule:#363b42;--bad:#ff8896;--good:#62d69b;--soft:#1e2125;${colours(LINE_COLOURS.dark)}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.25rem;margin:2.5rem 0 .5rem;border-top:1px solid var(--rule);padding-top:1rem}
p{max-width:60rem}code{font:.875em ui-monospace,monospace;background:var(--soft);padding:.1em .3em;border-radius:.2em}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:1rem 0}dt{color:var(--dim)}dd{margin:0}
@media (max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
.wide{overflow-x:auto;margin:1rem 0;overflow-wrap:normal}table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .8rem .3rem 0;text-align:start;vertical-align:top;border-bottom:1px solid var(--rule)}thead th{color:var(--dim);font-weight:600;vertical-align:bottom}tbody th{font-weight:400;min-width:9rem}
td{white-space:nowrap}.flaw{border-inline-start:.3rem solid var(--bad);padding-inline-start:.7rem}.bad{color:var(--bad)}.good{color:var(--good)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem}figure{margin:0;max-width:36rem}figcaption{font-weight:600}svg{width:100%;height:auto;display:block}
.grid{stroke:var(--rule);stroke-width:1}.tick{fill:var(--dim);font-size:10.5px}.axis{fill:var(--dim);font-size:11px}.line{fill:none;stroke-width:1.8;stroke-linejoin:round}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.2rem 0;padding:0;font-size:.9rem}.legend li::before{content:"";display:inline-block;width:1.2em;height:.25em;margin-inline-end:.4em;vertical-align:middle;background:currentColor}
${Array.from({ length: COLOURS }, (_, n) => `.line.c${n}{stroke:var(--c${n})}.dot.c${n}{fill:var(--c${n})}.legend .c${n}{color:var(--c${n})}`).join('')}
@media print{.wide{overflow:visible}section{break-inside:avoid}}`

const CSP = "default-src 'none'; style-src 'unsafe-inline'"

/** One self-contained page; `earlier` is the result that it is compared with. */
export function reportHtml (result: Result, earlier?: Result): string {
  const { title, sections } = result
  const comparison = earlier && `<section id="comparison"><h2>Compared</h2>${markdownHtml(comparisonText(compareResults(earlier, result)))}</section>`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${CSP}">
<title>${escapeXml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeXml(title)}</h1>
<dl>${factsOf(result).map(factHtml).join('')}</dl>
${comparison ?? ''}
${sections.map(sectionHtml).join('\n')}
</main></body></html>
`
}

type Fact = readonly [name: string, value: string]

function factHtml ([name, value]: Fact): string {
  const text = escapeXml(value)
  return `<dt>${escapeXml(name)}</dt><dd>${name === 'Command' ? `<code>${text}</code>` : text}</dd>`
}

function sectionHtml (section: Section): string {
  const flaws = section.flaws.map((flaw) => `<p class="flaw"><strong class="bad">INVALID</strong>: ${escapeXml(flaw)}.</p>`).join('')
  const name = escapeXml(section.name)
  const plots = plotsOf(section)
  const figures = plots === '' ? '' : `<div class="plots">${plots}</div>`
  return `<section id="${name}"><h2>${name}</h2>${flaws}${markdownHtml(section.text)}${figures}</section>`
}

function factsOf ({ command, date, machine, versions, asked }: Result): Fact[] {
  const isSaid = ([, value]: [string, unknown]) => value !== undefined && value !== null && value !== false
  return [
    ['Command', command],
    ['Date', `${date.slice(0, 16).replace('T', ' ')} UTC`],
    ['Machine', machine],
    ['Versions', Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')],
    ['Options', Object.entries(asked).filter(isSaid).map(optionText).join('; ')]
  ]
}

function optionText ([name, value]: [string, unknown]): string {
  return `${name} ${Array.isArray(value) ? value.join(', ') : String(value)}`
}

/** A result without the plots. */
export function reportMarkdown (result: Result, earlier?: Result): string {
  return [
    `# ${result.title}`,
    '',
    ...factsOf(result).map(([name, value]) => `- ${name}: ${name === 'Command' ? `\`${value}\`` : value}`),
    ...earlier === undefined ? [] : ['', '## Compared', '', comparisonText(compareResults(earlier, result))],
    ...result.sections.flatMap(({ name, text, flaws }) => ['', `## ${name}`, '', ...flaws.flatMap((flaw) => [`**INVALID: ${flaw}.**`, '']), text])
  ].join('\n') + '\n'
}
