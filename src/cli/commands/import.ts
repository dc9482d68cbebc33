// `scorewire import`: sets scores from a file, the standard input or a plain sorted set.
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { readConfig } from '../../config.ts'
import type { Board } from '../../leaderboard/boards/board.ts'
import {
  importRows,
  importWindow,
  judgeRow,
  type ImportLine,
  type ImportReport
} from '../../leaderboard/transfer/import.ts'
import { readRows } from '../../leaderboard/transfer/transfer-format.ts'
import { openSortedSet } from '../../redis/transfer/sorted-set.ts'
import { misuse, readWords } from '../arguments.ts'
import type { Command, Process } from '../command.ts'
import { createProgress } from '../progress.ts'
import { storedBoard, STORE_VARIABLES, withRunningStore } from '../running-store.ts'
import { formatOf } from '../transfer-options.ts'
import type { Usage } from '../usage.ts'

/** How `scorewire import` is used. */
export const usage: Usage = {
  summary: 'set scores from a file, the standard input or a plain sorted set, while the service goes on',
  forms: [
    'import BOARD [FILE] [--window W] [--format ndjson|csv]',
    'import BOARD --from-zset KEY [--from-url REDIS_URL] [--window W]'
  ],
  options: [
    ['FILE', 'the file to read; - or nothing for the standard input'],
    ['--window W', 'a running window such as day, or one by its name that is kept (the first window)'],
    ['--format F', 'ndjson or csv (as the name of the file ends, else ndjson)'],
    ['--from-zset KEY', 'takes the members and scores of a sorted set in Redis instead'],
    ['--from-url URL', 'the Redis of that sorted set (the Redis of the service)']
  ],
  variables: STORE_VARIABLES,
  notes: ['Exits with 1 where lines were refused; the other lines are imported.']
}

/** Sets scores, while the service goes on. */
export const importBoard: Command = async (words, { env, stdin, write, showProgress }) => {
  const options = parseWords(words)
  return await withRunningStore(env, async (store) => {
    const board = await storedBoard(store, options.name)
    const window = importWindow(board, options.window, store.now())
    const progress = createProgress(showProgress, 'lines')
    const source = await openSource(board, options, { env, stdin })
    try {
      const report = await importRows(source.lines, {
        applyImport: store.applyImport,
        board,
        window,
        origin: { actor: 'scorewire import', ip: 'local', requestId: randomUUID() },
        renewBoard: async (name) => await storedBoard(store, name),
        onProgress: (lines) => progress.show(lines, source.share(lines))
      })
      progress.end()
      write(sentence(board, window, report))
      return report.rejected > 0 ? 1 : 0
    } finally {
      progress.end()
      source.close()
    }
  })
}

interface Source {
  readonly lines: AsyncIterable<ImportLine>
  /** The share of the whole that these lines are, from 0 to 1, where it is known. */
  share(lines: number): number | undefined
  close(): void
}

type Options = ReturnType<typeof parseWords>

async function openSource (
  board: Board,
  { file, format, key, url }: Options,
  { env, stdin }: Pick<Process, 'env' | 'stdin'>
): Promise<Source> {
  if (key !== undefined) {
    const { redisUrl, redisTimeoutMs: timeoutMs, dataDir } = readConfig({ ...env, BOARDS_FILE: undefined }, [])
    const set = await openSortedSet({ url: url ?? redisUrl, dataDir, key, timeoutMs })
    return { lines: linesOf(board, set.members()), share: (lines) => lines / Math.max(1, set.size), close: set.close }
  }
  if (file === undefined) return { lines: readRows(board, format, stdin), share: () => undefined, close () {} }
  const { size } = await stat(file)
  if (size === 0) throw new Error(`${file} is empty`)
  const text = createReadStream(file)
  return { lines: readRows(board, format, text), share: () => text.bytesRead / size, close: () => text.destroy() }
}

async function * linesOf (board: Board, members: AsyncIterable<readonly [string, string]>): AsyncGenerator<ImportLine> {
  let line = 0
  for await (const [userId, score] of members) {
    yield judgeRow(board, { user_id: userId, score: /^\d{1,16}$/.test(score) ? Number(score) : score }, ++line)
  }
}

function sentence (board: Board, window: string, { set, same, hidden, rejected, errors }: ImportReport): string {
  const banned = hidden === 0 ? '' : `, ${hidden} of banned users`
  const lines = errors.map(({ line, message }) => `  line ${line}: ${message}\n`).join('')
  const more = rejected > errors.length ? `  and ${rejected - errors.length} more\n` : ''
  const counts = `${set} scores set, ${same} were so already${banned}, ${rejected} lines refused`
  return `${board.name}, ${window}: ${counts}\n${lines}${more}`
}

function parseWords (words: string[]) {
  const text = { type: 'string' } as const
  const { positionals: [name, operand, ...more], values } = readWords({
    args: words,
    allowPositionals: true,
    options: { window: text, format: text, 'from-zset': text, 'from-url': text }
  }, usage)
  const { window, format, 'from-zset': key, 'from-url': url } = values
  if (name === undefined || more.length > 0) throw misuse('name one board', usage)
  if (key !== undefined && (operand !== undefined || format !== undefined)) {
    throw misuse('--from-zset takes no file and no format', usage)
  }
  if (key === undefined && url !== undefined) throw misuse('--from-url needs --from-zset', usage)
  const file = operand === '-' ? undefined : operand
  return { name, file, window, key, url, format: formatOf(format, file, usage) }
}
