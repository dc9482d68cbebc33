// The share of the bound from which on it is worth a warning, and how often it is repeated.
import type { Log } from '../leaderboard/log.ts'
import type { LedgerStream } from '../leaderboard/ledger/archive.ts'

const EVERY_MS = 5000
/** The share of the bound from which on it is worth a warning, and how often it is repeated. */
const SHARE = 0.5
const AGAIN_MS = 60_000

interface AlarmOptions {
  readonly stream: Pick<LedgerStream, 'backlog'>
  readonly boards: () => readonly string[]
  /** Entries of a stream beyond which writes are refused. */
  readonly maxEntries: number
  readonly log: Log
  readonly everyMs?: number
}

/**
 * Warns while a ledger's stream is filling up, long before writes are refused, and says when that is over. Returns
 * the stop.
 */
export function startAlarm ({ stream, boards, maxEntries, log, everyMs = EVERY_MS }: AlarmOptions): () => void {
  const warnedMs = new Map<string, number>()

  async function look (board: string): Promise<void> {
    const { entries, waiting, lagMs } = await stream.backlog(board)
    const last = warnedMs.get(board)
    if (entries < maxEntries * SHARE) {
      if (warnedMs.delete(board)) log.info({ board, entries, maxEntries }, 'the ledger stream has room again')
    } else if (last === undefined || performance.now() - last >= AGAIN_MS) {
      warnedMs.set(board, performance.now())
      log.warn(
        { board, entries, waiting, lagMs, maxEntries },
        'the ledger stream is filling up because it is not archived fast enough: writes are refused when it is full'
      )
    }
  }

  const timer = setInterval(() => {
    for (const board of boards()) look(board).catch(() => {}) // a store that is away is told of elsewhere
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
