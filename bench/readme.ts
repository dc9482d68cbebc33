// The table of the README: the headlines of a report, and where the report is.
import { readFile, writeFile } from 'node:fs/promises'
import type { Result } from '../src/load/report/result.ts'

const README = new URL('../README.md', import.meta.url)
const MARKERS = ['<!-- bench:begin -->', '<!-- bench:end -->'] as const

export async function writeReadme (result: Result): Promise<void> {
  await writeFile(README, withHeadlines(await readFile(README, 'utf8'), result))
}

/** Puts the result's headlines between the markers, as one table. */
export function withHeadlines (readme: string, { sections, machine, date, command }: Result): string {
  const [begin, end] = [readme.indexOf(MARKERS[0]) + MARKERS[0].length, readme.indexOf(MARKERS[1])]
  if (begin < MARKERS[0].length || end < begin) throw new Error(`README.md has no ${MARKERS.join(' and ')}`)
  const rows = sections.flatMap(({ headlines, flaws }) => headlines.map(({ what, measured, beside }) => `| ${what} | ${measured}${flaws.length > 0 ? ' (INVALID)' : ''} | ${beside} |`))
  if (rows.length === 0) throw new Error('none of the questions has a line for README.md')
  const table = ['| | median (least to most) | beside |', '| --- | --- | --- |', ...rows]
  return `${readme.slice(0, begin)}\n${table.join('\n')}\n\n${machine}, ${date.slice(0, 10)}: \`${command}\`\n${readme.slice(end)}`
}
