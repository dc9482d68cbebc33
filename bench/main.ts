// `npm run bench`: asks the questions in this folder and prints what was measured, with everything needed to repeat it.
import { writeFile } from 'node:fs/promises'
import { askArchive } from './archive.ts'
import { askFanOut } from './fan-out.ts'
import { askGrowth } from './growth.ts'
import { askIncrement } from './increment.ts'
import { askLimits } from './limits.ts'
import { mostOpenFiles } from './machine.ts'
import { fitOptions, HELP, readOptions, USAGE, type Options, type Question } from './options.ts'
import { askPeers } from './peers.ts'
import { askReads } from './reads.ts'
import { askRebuild } from './rebuild.ts'
import { writeReadme } from './readme.ts'
import { askWriteToScreen } from './write-to-screen.ts'

/** What was measured, and how a reader is told. */
interface Answer { readonly result: object, readonly text: string }

const ASK: Record<Question, (options: Options, onProgress: (message: string) => void) => Promise<Answer>> = {
  increment: askIncrement,
  reads: askReads,
  'fan-out': askFanOut,
  'write-to-screen': askWriteToScreen,
  growth: askGrowth,
  archive: askArchive,
  rebuild: askRebuild,
  peers: askPeers,
  limits: askLimits
}

async function ask (asked: Options): Promise<void> {
  const { options, lowered } = fitOptions(asked, mostOpenFiles())
  for (const sentence of lowered) process.stderr.write(`bench: ${sentence}\n`)
  const onProgress = (message: string) => { if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${message}`) }
  const results: Partial<Record<Question, object>> = {}
  const texts = new Map<Question, string>()
  for (const question of options.only) {
    const { result, text } = await ASK[question](options, onProgress)
    onProgress('')
    console.log(`${text}\n`)
    results[question] = result
    texts.set(question, text)
  }
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify({ options, results }, null, 2))
  if (options.readme) await writeReadme(texts)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) console.log(HELP)
  else await ask(options)
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\nusage: ${USAGE}\n`)
  process.exitCode = 2
}
