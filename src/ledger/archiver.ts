// A worker that has died keeps its boards so long, and no longer.
import { setTimeout as delay } from 'node:timers/promises'
import type { LedgerEntry } from '../leaderboard/ledger/ledger.ts'
import { archiveEntries, archivePending, type ArchiveOptions } from './archive-board.ts'
import { removeScores } from './keep-events.ts'

/** A worker that has died keeps its boards so long, and no longer. */
const LEASE_MS = 12_000
const RENEW_MS = 3000
/**
 * How long an idle board is left alone: so long an event waits at most when there is little to do, and so many share
 * a transaction.
 */
const POLL_MS = 200
/** How long to wait after a failure, and before entries that could not be kept are tried again. */
const RETRY_MS = 500

export interface ArchiverOptions extends ArchiveOptions {
  /** The boards there are now. Those that were deleted are archived to their end. */
  readonly boards: () => readonly string[]
  /** Between 0 and 1. */
  readonly random: () => number
}

export interface Archiver {
  /** Boards that this worker archives at the moment. */
  readonly held: ReadonlySet<string>
  /** Ends after what is under way, and leaves its boards to the others. */
  stop(): Promise<void>
}

/**
 * Archives ledgers until it is stopped. A board is archived by one worker at a time, so its events go in order; the
 * workers share the boards evenly, and those of one that died go to the others when its lease has run out. Failures
 * are told once and tried again.
 */
export function startArchiver (options: ArchiverOptions): Archiver {
  const { stream, boards, stats, log, random } = options
  const stopping = new AbortController()
  const running = new Map<string, Promise<void>>()
  const held = new Set<string>()
  let share = Infinity
  let isAway = false

  const pause = async (ms: number) => {
    await delay(ms * (0.75 + random() / 2), undefined, { signal: stopping.signal }).catch(() => {})
  }
  const isStopping = () => stopping.signal.aborted

  function onFailure (error: unknown): void {
    stats.failures++
    if (!isAway) log.warn({ err: error }, 'archiver paused: Redis or PostgreSQL is unavailable, retrying')
    isAway = true
  }
  function onSuccess (): void {
    if (isAway) log.info({}, 'archiver resumed')
    isAway = false
  }

  /** Archives one board for as long as it is this worker's. */
  async function archive (board: string): Promise<void> {
    let renewedMs = 0
    let retryMs = 0
    let leftOver = true
    const isKept = async () => {
      if (performance.now() - renewedMs < RENEW_MS) return true
      renewedMs = performance.now()
      return held.size <= share && await stream.lease(board, LEASE_MS)
    }
    // The next entries are on their way while the database works. Where that fails they are claimed like everybody's.
    let next: Promise<readonly LedgerEntry[]> | undefined
    while (!isStopping() && await isKept()) {
      const isDue = leftOver && performance.now() >= retryMs
      if (isDue && next === undefined) {
        leftOver = await archivePending(options, board) > 0
        retryMs = performance.now() + RETRY_MS
      }
      const entries = await (next ?? stream.read(board))
      const isFull = entries.length === stream.batch
      next = isFull && !isDue ? stream.read(board) : undefined
      next?.catch(() => {}) // told where it is waited for
      leftOver = await archiveEntries(options, board, entries) > 0 || leftOver
      onSuccess()
      if (entries.length === 0 && !leftOver && !boards().includes(board) && await end(board)) return
      if (!isFull) await pause(POLL_MS)
    }
    if (next !== undefined) await archiveEntries(options, board, await next)
  }

  /**
   * Ends the ledger of a board that was deleted; what was broken off here is begun again, for the board is forgotten
   * last.
   */
  async function end (board: string): Promise<boolean> {
    if (!await stream.end(board)) return false
    await removeScores(options.database, board)
    await stream.forget(board)
    log.info({ board }, 'the ledger of a deleted board is archived to its end')
    return true
  }

  /** One board from the lease to its return, whatever happens in between. */
  async function serve (board: string): Promise<void> {
    held.add(board)
    try {
      await archive(board)
    } catch (error) {
      onFailure(error)
      await pause(RETRY_MS)
    } finally {
      held.delete(board)
      await stream.release(board).catch(() => {}) // it runs out by itself
    }
  }

  async function look (): Promise<void> {
    const names = [...new Set([...boards(), ...await stream.opened()])]
    const workers = await stream.heartbeat(LEASE_MS)
    share = Math.ceil(names.length / Math.max(1, workers))
    for (const board of names) {
      if (isStopping() || held.size >= share) return
      if (running.has(board) || !await stream.lease(board, LEASE_MS)) continue
      await stream.open(board)
      running.set(board, serve(board).finally(() => running.delete(board)))
    }
  }

  const watching = (async () => {
    while (!isStopping()) {
      await look().catch(onFailure)
      await pause(running.size === 0 ? RETRY_MS : RENEW_MS / 3)
    }
  })()

  return {
    held,
    async stop () {
      stopping.abort()
      await watching
      await Promise.all(running.values())
      await stream.heartbeat(0).catch(() => {})
    }
  }
}
