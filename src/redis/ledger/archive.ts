// The ledger's streams as a consumer group of Redis sees them: the archive's side of `sw:{board}:ledger`.
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import type { Log } from '../../leaderboard/log.ts'
import type { LedgerStream } from '../../leaderboard/ledger/archive.ts'
import type { LedgerEntry } from '../../leaderboard/ledger/ledger.ts'
import { closeConnection, connectFirst, isReply, openConnection } from '../connection.ts'
import { ARCHIVE_GROUP, ARCHIVED_KEY, boardKeys, WORKERS_KEY } from '../keys.ts'
import { createReadBacklog } from './read-backlog.ts'
import { bindScript } from '../scripts.ts'
import { createLeases } from '../boards/lease.ts'

/** `live/` reads what has just happened from the stream. */
const KEPT_MS = 60_000

const Count = Type.Integer({ minimum: 0 })

type RawEntry = [id: string, fields: string[] | null]

/** Entries that share a transaction, and some 3 ms of Redis. */
const BATCH = 1000

export interface ArchiveConnection {
  readonly stream: LedgerStream
  isReady(): boolean
  close(): void
}

/**
 * Opens a connection for the archive, under a name that no other worker has.
 * @throws Error when Redis cannot be reached
 */
export async function openArchive (
  { url, timeoutMs, log, worker }: { url: string, timeoutMs?: number | undefined, log: Log, worker: string }
): Promise<ArchiveConnection> {
  const redis = openConnection({ url, name: 'scorewire-archive', timeoutMs, log })
  const close = () => closeConnection(redis)
  try {
    await connectFirst(redis, url)
  } catch (error) {
    close()
    throw error
  }
  return { stream: createArchive(redis, { worker, batch: BATCH }), isReady: () => redis.status === 'ready', close }
}

/** The streams of the ledger as one worker sees them. `batch` is how many entries are taken at a time. */
export function createArchive (redis: Redis, { worker, batch }: { worker: string, batch: number }): LedgerStream {
  const ackEntries = bindScript(redis, 'ledger/archive-ack', { reply: Count })
  const deadLetterEntry = bindScript(redis, 'ledger/archive-dead-letter', {
    reply: Type.Enum(['dead_lettered', 'gone'])
  })
  const endLedger = bindScript(redis, 'ledger/archive-end', { reply: Type.Enum(['ended', 'board', 'waiting']) })
  const sendHeartbeat = bindScript(redis, 'ledger/archive-heartbeat', { reply: Count })
  const leases = createLeases(redis)

  return {
    batch,
    async open (board) {
      await redis.sadd(ARCHIVED_KEY, board)
      try {
        await redis.xgroup('CREATE', boardKeys(board).ledger, ARCHIVE_GROUP, '0', 'MKSTREAM')
      } catch (error) {
        if (!isReply(error, 'BUSYGROUP ')) throw error // it is there already
      }
    },
    opened: async () => await redis.smembers(ARCHIVED_KEY),
    async end (board) {
      const { rules, ledger } = boardKeys(board)
      return await endLedger([rules, ledger], []) === 'ended'
    },
    async forget (board) {
      await redis.srem(ARCHIVED_KEY, board)
    },
    lease: async (board, lastsMs) => await leases.hold(boardKeys(board).archiver, worker, lastsMs),
    async release (board) {
      await leases.release(boardKeys(board).archiver, worker)
      // A consumer with unacknowledged entries stays, so that another worker can claim them.
      const pending = await redis.xpending(boardKeys(board).ledger, ARCHIVE_GROUP, '-', '+', 1, worker)
      if (pending.length === 0) await redis.xgroup('DELCONSUMER', boardKeys(board).ledger, ARCHIVE_GROUP, worker)
    },
    heartbeat: async (lastsMs) => await sendHeartbeat([WORKERS_KEY], [worker, lastsMs]),
    async claim (board, from) {
      // The holder of the lease is the only worker: it takes over at once what others left, in the order of the ledger.
      const [next, entries, lost] = await redis.xautoclaim(
        boardKeys(board).ledger,
        ARCHIVE_GROUP,
        worker,
        0,
        from,
        'COUNT',
        batch
      ) as [string, RawEntry[], string[]]
      return { entries: entries.map(entryOf), lost, next: next === '0-0' ? undefined : next }
    },
    async read (board) {
      const streams = await redis.xreadgroup(
        'GROUP',
        ARCHIVE_GROUP,
        worker,
        'COUNT',
        batch,
        'STREAMS',
        boardKeys(board).ledger,
        '>'
      ) as [string, RawEntry[]][] | null
      return streams?.[0]?.[1].map(entryOf) ?? []
    },
    async deliveriesOf (board, id) {
      const [row] = await redis.xpending(boardKeys(board).ledger, ARCHIVE_GROUP, id, id, 1) as [
        string,
        string,
        number,
        number
      ][]
      return row?.[3] ?? 0
    },
    async ack (board, ids) {
      if (ids.length > 0) await ackEntries([boardKeys(board).ledger], [ARCHIVE_GROUP, KEPT_MS, ...ids])
    },
    async deadLetter (board, { id, why }) {
      const { ledger, deadLetters } = boardKeys(board)
      await deadLetterEntry([ledger, deadLetters], [ARCHIVE_GROUP, id, why])
    },
    async namesOf (board, userIds) {
      if (userIds.length === 0) return []
      const names = await redis.hmget(boardKeys(board).names, ...userIds)
      return names.map((name, n) => name || userIds[n]!)
    },
    backlog: createReadBacklog(redis)
  }
}

function entryOf ([id, fields]: RawEntry): LedgerEntry {
  return { id, fields: fields ?? [] }
}
