// A result as a page without any other file, and as Markdown.
import { escapeXml } from './chart.ts'
import { compareResults, comparisonText } from './compare.ts'
import { markdownHtml } from './markdown.ts'
import { plotsOf } from './plots.ts'
import type { Result, Section } from './result.ts'
import { STYLE } from './style.ts'

const CSP = "default-src 'none'; style-src 'unsafe-inline'"

/** One self-contained page; `earlier` is the result that it is compared with. */
export function reportHtml (result: Result, earlier?: Result): string {
  const { title, sections } = result
  const compared = earlier && markdownHtml(comparisonText(compareResults(earlier, result)))
  const comparison = compared && `<section id="comparison"><h2>Compared</h2>${compared}</section>`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${CSP}">
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
  const flaws = section.flaws.map((flaw) =>
    `<p class="flaw"><strong class="bad">INVALID</strong>: ${escapeXml(flaw)}.</p>`
  ).join('')
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
    ...result.sections.flatMap(({ name, text, flaws }) => {
      const warnings = flaws.flatMap((flaw) => [`**INVALID: ${flaw}.**`, ''])
      return ['', `## ${name}`, '', ...warnings, text]
    })
  ].join('\n') + '\n'
}
