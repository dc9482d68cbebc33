// `scorewire export`: writes a board in its order.
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { exportPages, type ExportPage } from '../../leaderboard/transfer/export.ts'
import { rankingAsked } from '../../leaderboard/ranking/ranking.ts'
import { writeRows } from '../../leaderboard/transfer/transfer-format.ts'
import { windowNameAt } from '../../leaderboard/boards/window.ts'
import { misuse, readWords } from '../arguments.ts'
import type { Command } from '../command.ts'
import { createProgress, type Progress } from '../progress.ts'
import { storedBoard, STORE_VARIABLES, withRunningStore } from '../running-store.ts'
import { formatOf } from '../transfer-options.ts'
import type { Usage } from '../usage.ts'

/** How `scorewire export` is used. */
export const usage: Usage = {
  summary: 'write the entries of a board in its order, while the service goes on',
  forms: ['export BOARD [--window W] [--segment NAME:VALUE] [--format ndjson|csv] [--out FILE]'],
  options: [
    ['--window W', 'a running window such as day, or one by its name such as day:2026-11-20 (the first window)'],
    ['--segment NAME:VALUE', 'only users in this segment, such as region:eu'],
    ['--format F', 'ndjson or csv (as the name of the file ends, else ndjson)'],
    ['--out FILE', 'the file to write (the standard output)']
  ],
  variables: STORE_VARIABLES
}

/** Writes a board to a file or to the standard output, while the service goes on. */
export const exportBoard: Command = async (words, { env, stdout, showProgress }) => {
  const { name, format, out, ...asked } = parseWords(words)
  return await withRunningStore(env, async (store) => {
    const board = await storedBoard(store, name)
    const ranking = rankingAsked(board, asked, store.now())
    const window = windowNameAt(ranking.window, board, store.now())
    const progress = createProgress(showProgress, 'entries')
    const pages = counted(exportPages(board, { ...ranking, window }, store), progress.show)
    try {
      const target = out === undefined ? stdout : createWriteStream(out)
      await pipeline(Readable.from(writeRows(format, pages)), target, { end: out !== undefined })
    } catch (error) {
      // The reader of the output, such as head, has closed it.
      if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error
    } finally {
      progress.end()
    }
    return 0
  })
}

async function * counted (pages: AsyncIterable<ExportPage>, show: Progress['show']): AsyncGenerator<ExportPage> {
  let done = 0
  for await (const page of pages) {
    done += page.rows.length
    show(done, page.total === 0 ? undefined : done / page.total)
    yield page
  }
}

function parseWords (words: string[]) {
  const text = { type: 'string' } as const
  const { positionals: [name, ...more], values: { format, out, window, segment } } = readWords({
    args: words,
    allowPositionals: true,
    options: { window: text, segment: text, format: text, out: text }
  }, usage)
  if (name === undefined || more.length > 0) throw misuse('name one board', usage)
  return { name, out, window, segment, format: formatOf(format, out, usage) }
}
