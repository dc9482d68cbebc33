// The tables of README.md and docs/benchmarks.md: the headlines of a report, the few for the README and all of them.
import { readFile, writeFile } from 'node:fs/promises'
import type { Headline, Result } from '../src/load/report/result.ts'

const README = new URL('../README.md', import.meta.url)
const BENCHMARKS = new URL('../docs/benchmarks.md', import.meta.url)
const MARKERS = ['<!-- bench:begin -->', '<!-- bench:end -->'] as const

/**
 * Writes the headlines of a result into both documents.
 * @throws Error where one of them has no markers, or would get no row
 */
export async function writeReadme (result: Result): Promise<void> {
  await rewrite(BENCHMARKS, result, () => true)
  await rewrite(README, result, ({ inReadme }) => inReadme === true)
}

async function rewrite (file: URL, result: Result, isWanted: (headline: Headline) => boolean): Promise<void> {
  await writeFile(file, withHeadlines(await readFile(file, 'utf8'), result, isWanted))
}

/** Puts the wanted headlines of a result between the markers of a document, as one table. */
export function withHeadlines (
  document: string,
  { sections, machine, date, command }: Result,
  isWanted: (headline: Headline) => boolean = () => true
): string {
  const [begin, end] = [document.indexOf(MARKERS[0]) + MARKERS[0].length, document.indexOf(MARKERS[1])]
  if (begin < MARKERS[0].length || end < begin) throw new Error(`the document has no ${MARKERS.join(' and ')}`)
  const rows = sections.flatMap(({ headlines, flaws }) =>
    headlines.filter(isWanted).map(({ what, measured, beside }) =>
      `| ${what} | ${measured}${flaws.length > 0 ? ' (INVALID)' : ''} | ${beside} |`
    )
  )
  if (rows.length === 0) throw new Error('none of the questions has a row for the document')
  const table = ['| figure | median (least to most) | beside |', '| --- | --- | --- |', ...rows]
  return `${document.slice(0, begin)}\n${table.join('\n')}\n\n${machine}, ${date.slice(0, 10)}: \`${command}\`\n${
    document.slice(end)
  }`
}
