// The ban sweep: lifts bans that have ended, and applies service bans where they are missing.
import type { Redis } from 'ioredis'
import type { Board } from '../../leaderboard/boards/board.ts'
import type { RedisClock } from '../clock.ts'
import { boardKeys } from '../keys.ts'

/** A user who does not play comes back that late at most. */
export const SWEEP_EVERY_MS = 2000
/** Of one board at a time, and boards asked in one round trip: some 2 ms of Redis. */
const MAX_ENDED = 100
const MAX_BOARDS = 500

interface EndedBan {
  readonly board: Board
  readonly userId: string
}

export type ReadEndedBans = (boards: readonly Board[]) => Promise<EndedBan[]>

/** Whose bans have ended and are not lifted, at most 100 of each board. */
export function createReadEndedBans ({ redis, clock }: { redis: Redis, clock: RedisClock }): ReadEndedBans {
  return async (boards) => {
    const ended: EndedBan[] = []
    for (let from = 0; from < boards.length; from += MAX_BOARDS) {
      const asked = boards.slice(from, from + MAX_BOARDS)
      const pipeline = redis.pipeline()
      for (const { name } of asked) {
        pipeline.zrangebyscore(boardKeys(name).banEnds, '-inf', clock.now(), 'LIMIT', 0, MAX_ENDED)
      }
      for (const [n, [error, userIds]] of (await pipeline.exec() ?? []).entries()) {
        if (error !== null) throw error
        for (const userId of userIds as string[]) ended.push({ board: asked[n]!, userId })
      }
    }
    return ended
  }
}

interface BanSweepOptions {
  readonly read: ReadEndedBans
  readonly boards: () => readonly Board[]
  readonly lift: (board: Board, userId: string) => Promise<void>
  /** Tries again what failed when a board was new. */
  readonly takeOver: (boards: readonly Board[]) => Promise<void>
  readonly everyMs: number
  /** Between 0 and 1. */
  readonly random: () => number
  readonly onError: (error: unknown) => void
}

/**
 * Lifts bans that have ended, and bans from new boards who is banned from all, again and again; every node does, at
 * random times, and the scripts do each once. Returns the stop.
 */
export function startBanSweep (
  { read, boards, lift, takeOver, everyMs, random, onError }: BanSweepOptions
): () => void {
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const later = () => {
    if (stopped) return
    timer = setTimeout(sweep, everyMs * (0.8 + 0.4 * random()))
    timer.unref()
  }
  const sweep = async () => {
    try {
      for (const { board, userId } of await read(boards())) {
        if (stopped) return
        await lift(board, userId)
      }
    } catch (error) {
      onError(error)
    }
    if (!stopped) await takeOver(boards()).catch(onError)
    later()
  }
  later()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
