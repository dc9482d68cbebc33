// Reads past events from the stream, for a service without PostgreSQL and for `scorewire audit`.
import { resolve } from 'node:path'
import type { Redis } from 'ioredis'
import type { Log } from '../../leaderboard/log.ts'
import { readEntry, type Position, type ReadEvents, type ScoreEvent } from '../../leaderboard/ledger/ledger.ts'
import { closeConnection, connectFirst, openConnection } from '../connection.ts'
import { socketPath } from '../embedded.ts'
import { boardKeys } from '../keys.ts'

/** About 2 ms of Redis. */
const CHUNK = 1000
/** A request looks at so many chunks at most; a page ends there, and the next one goes on. */
const MAX_CHUNKS = 20

/** Reads events from the ledger's stream, the newest first: for services without a ledger that lasts. */
export function createReadEvents (redis: Redis): ReadEvents {
  return async (board, { userId, fromMs = 0, toMs, before, limit }) => {
    const events: ScoreEvent[] = []
    const newest = toMs === undefined ? undefined : { ms: toMs, seq: 0 }
    let below = earlierOf(before, newest)
    for (let chunk = 0; chunk < MAX_CHUNKS; chunk++) {
      const end = below === undefined ? '+' : `(${below.ms}-${below.seq}`
      const entries = await redis.xrevrange(boardKeys(board.name).ledger, end, `${fromMs}-0`, 'COUNT', CHUNK)
      for (const [id, fields] of entries) {
        const event = eventOf(id, fields)
        if (event === undefined) continue
        if (userId !== undefined && event.userId !== userId) continue
        if (events.length === limit) return { events, next: events.at(-1) }
        events.push(event)
      }
      if (entries.length < CHUNK) return { events, next: undefined }
      const [ms, seq] = entries.at(-1)![0].split('-').map(Number) as [number, number]
      below = { ms, seq }
    }
    return { events, next: below }
  }
}

/**
 * Opens the stream of a service for an audit: at `url`, or else of the service that keeps its data in `dataDir`.
 * @throws Error when Redis cannot be reached
 */
export async function openAudit (
  { url, dataDir, timeoutMs, log }: {
    url: string | undefined,
    dataDir: string,
    timeoutMs?: number | undefined,
    log: Log
  }
) {
  const address = url ?? socketPath(resolve(dataDir))
  const redis = openConnection({ url: address, name: 'scorewire-audit', timeoutMs, log })
  const close = async () => closeConnection(redis)
  try {
    await connectFirst(redis, address)
  } catch (error) {
    await close()
    throw error
  }
  return { readEvents: createReadEvents(redis), close }
}

function earlierOf (a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a.ms < b.ms || (a.ms === b.ms && a.seq < b.seq) ? a : b
}

/** Undefined for an entry that scorewire has not written: an audit shows what it can. */
function eventOf (id: string, fields: readonly string[]): ScoreEvent | undefined {
  try {
    return readEntry({ id, fields })
  } catch {
    return undefined
  }
}
