import { readFile, writeFile } from 'node:fs/promises'
import { QUESTIONS, type Question } from './options.ts'

const README = new URL('../README.md', import.meta.url)
const MARKERS = ['<!-- bench:begin -->', '<!-- bench:end -->'] as const

export async function writeReadme (answers: ReadonlyMap<Question, string>): Promise<void> {
  await writeFile(README, withAnswers(await readFile(README, 'utf8'), answers))
}

/** Puts the answers between the markers, one section a question; a question that was not asked this time keeps its section. */
export function withAnswers (readme: string, answers: ReadonlyMap<Question, string>): string {
  const [begin, end] = [readme.indexOf(MARKERS[0]) + MARKERS[0].length, readme.indexOf(MARKERS[1])]
  if (begin < MARKERS[0].length || end < begin) throw new Error(`README.md has no ${MARKERS.join(' and ')}`)
  const present = readme.slice(begin, end)
  const sections = QUESTIONS.flatMap((question) => {
    const mark = `<!-- bench:${question} -->`
    const text = answers.get(question) ?? present.split(mark)[1]?.split('<!-- bench:')[0]?.trim()
    return text === undefined ? [] : [`${mark}\n${foldParagraphs(text)}\n`]
  })
  return `${readme.slice(0, begin)}\n${sections.join('\n')}${readme.slice(end)}`
}

/** One line for each paragraph, since the README has a bound of lines; tables stay as they are. */
function foldParagraphs (text: string): string {
  return text.replace(/^(?!\|)(.+)\n(?=[^|\n])/gm, '$1 ')
}
