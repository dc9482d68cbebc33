import { readFile, writeFile } from 'node:fs/promises'
import { QUESTIONS, type Question } from './options.ts'

const README = new URL('../README.md', import.meta.url)
const MARKERS = ['<!-- bench:begin -->', '<!-- bench:end -->'] as const

/** Puts the answers between the markers, one section a question; a question that was not asked this time keeps its section. */
export async function writeReadme (texts: ReadonlyMap<Question, string>): Promise<void> {
  const readme = await readFile(README, 'utf8')
  const [begin, end] = [readme.indexOf(MARKERS[0]), readme.indexOf(MARKERS[1])]
  if (begin < 0 || end < begin) throw new Error(`README.md has no ${MARKERS.join(' and ')}`)
  const present = readme.slice(begin + MARKERS[0].length, end)
  const sections = QUESTIONS.flatMap((question) => {
    const mark = `<!-- bench:${question} -->`
    const text = texts.get(question) ?? present.split(mark)[1]?.split('<!-- bench:')[0]?.trim()
    return text === undefined ? [] : [`${mark}\n${text}\n`]
  })
  await writeFile(README, `${readme.slice(0, begin + MARKERS[0].length)}\n${sections.join('\n')}${readme.slice(end)}`)
}
