// `npm run bench`: asks the questions in this folder and prints what was measured, with everything needed to repeat it.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareResults, comparisonText } from '../src/load/report/compare.ts'
import { reportHtml, reportMarkdown } from '../src/load/report/report.ts'
import { parseResult, type Result, type Section } from '../src/load/report/result.ts'
import { machine, mostOpenFiles, OWN_VERSION } from './machine.ts'
import { fitOptions, help, readOptions, usage, type Options } from './options.ts'
import { QUESTIONS, type Question } from './benchmarks.ts'
import { writeReadme } from './readme.ts'

/** `save` is called after each answer, so that an end before the end loses none. */
async function ask (options: Options, save: (sections: Section[]) => Promise<void>): Promise<Section[]> {
  const onProgress = (message: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${message}`)
  }
  const sections: Section[] = []
  for (
    const { name, ask } of options.only.map((name) => QUESTIONS.find((question) => question.name === name) as Question)
  ) {
    const answer = await ask(options, onProgress).catch((error) => {
      // What was measured before it, and after, is worth having.
      process.stderr.write(
        `\nbench: ${name} could not be answered: ${error instanceof Error ? error.stack : String(error)}\n`
      )
      process.exitCode = 1
    })
    onProgress('')
    if (answer === undefined) continue
    console.log(`${answer.text}\n`)
    const command = /`(npm run bench [^`]+)`/.exec(answer.text)?.[1] ?? `npm run bench -- --only ${name}`
    sections.push({
      flaws: [],
      headlines: [],
      figures: [],
      latencies: [],
      throughput: [],
      curves: [],
      ...answer,
      name,
      command,
      date: new Date().toISOString()
    })
    await save(sections)
  }
  return sections
}

async function readResult (file: string): Promise<Result> {
  return parseResult(await readFile(file, 'utf8'), file)
}

/** The answers of several results: of two to the same question the later one. */
async function readSections (files: readonly string[]): Promise<Section[]> {
  const results = await Promise.all(files.map(readResult))
  const sections = results.flatMap((result) => result.sections)
  const newest = ({ name }: Question) =>
    sections.filter((section) => section.name === name).sort((a, b) => a.date < b.date ? 1 : -1).slice(0, 1)
  return QUESTIONS.flatMap(newest)
}

function resultOf (options: Options, sections: Section[], words: readonly string[]): Result {
  return {
    format: 1,
    title: 'scorewire, measured',
    command: ['npm run bench', ...words.length > 0 ? ['--'] : [], ...words].join(' '),
    date: new Date().toISOString(),
    machine: machine(),
    versions: { scorewire: OWN_VERSION, node: process.version },
    asked: { ...options },
    sections
  }
}

async function main (words: string[]): Promise<void> {
  const asked = readOptions(words, QUESTIONS)
  if (asked.help) return console.log(help(QUESTIONS))
  const { options, lowered } = fitOptions(asked, mostOpenFiles())
  for (const sentence of lowered) process.stderr.write(`bench: ${sentence}\n`)
  const earlier = options.compare === undefined ? undefined : await readResult(options.compare)
  const save = async (sections: Section[]) => await writeFiles(resultOf(options, sections, words), earlier, options)
  const sections = options.from === undefined ? await ask(options, save) : await readSections(options.from)
  const result = resultOf(options, sections, words)
  await writeFiles(result, earlier, options)
  if (earlier !== undefined) console.log(comparisonText(compareResults(earlier, result)))
  if (options.readme) await writeReadme(result)
}

async function writeFiles (result: Result, earlier: Result | undefined, options: Options): Promise<void> {
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(result, null, 2))
  if (options.report !== undefined) {
    await mkdir(options.report, { recursive: true })
    const files = {
      'report.html': reportHtml(result, earlier),
      'report.md': reportMarkdown(result, earlier),
      'report.json': JSON.stringify(result, null, 2)
    }
    for (const [name, text] of Object.entries(files)) await writeFile(join(options.report, name), text)
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\nusage: ${usage(QUESTIONS)}\n`)
  process.exitCode = 2
}
