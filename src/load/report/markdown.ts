// The Markdown of a section as HTML: tables, paragraphs and `code`.
import { escapeXml } from './chart.ts'

/** The words that a reader must not miss. */
const BAD = /\b(INVALID|DISTURBED|MISSED|REGRESSION|NOT EXACTLY ONCE|INTERRUPTED)\b/g

const cellsOf = (line: string) => line.replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim())

/** Converts tables and paragraphs, which empty lines divide. */
export function markdownHtml (text: string): string {
  const blocks = text.split(/\n{2,}/).filter((block) => block.trim() !== '')
  const paragraph = (block: string) => `<p>${inlineHtml(block.replaceAll('\n', ' '))}</p>`
  return blocks.map((block) => block.startsWith('|') ? tableHtml(block) : paragraph(block)).join('\n')
}

function inlineHtml (text: string): string {
  return escapeXml(text)
    .replace(/`([^`]*)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replace(BAD, '<strong class="bad">$1</strong>')
    .replace(/\b(improvement)\b/g, '<strong class="good">$1</strong>')
}

/** A wide table scrolls by itself, also by the keyboard. */
function tableHtml (block: string): string {
  const [head = '', , ...rows] = block.split('\n')
  const cells = (line: string, tag: 'td' | 'th') =>
    cellsOf(line).map((cell, n) => {
      const kind = tag === 'th' ? ' scope="col"' : ''
      const html = inlineHtml(cell)
      return n === 0 && tag === 'td' ? `<th scope="row">${html}</th>` : `<${tag}${kind}>${html}</${tag}>`
    }).join('')
  const label = escapeXml(cellsOf(head).filter((cell) => cell !== '').slice(0, 3).join(', '))
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')
  return `<div class="wide" tabindex="0" role="region" aria-label="${label}">` +
    `<table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${body}</tbody></table></div>`
}
