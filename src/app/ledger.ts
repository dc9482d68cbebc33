// The ledger of a process: PostgreSQL where DATABASE_URL names one, else the bounded stream in Redis.
import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import type { EventsSource, ReadEvents } from '../leaderboard/ledger/ledger.ts'
import { startAlarm } from '../ledger/alarm.ts'
import { startArchiver, type ArchiverOptions } from '../ledger/archiver.ts'
import { openDatabase } from '../ledger/database.ts'
import { startRuleKeeper } from '../ledger/keep-rules.ts'
import { LedgerStats } from '../ledger/ledger-stats.ts'
import { makeMonthsAhead, migrateWhenReachable } from '../ledger/migrate.ts'
import { createReadEvents } from '../ledger/read-events.ts'
import { registerLedgerMetrics } from '../metrics/ledger-metrics.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { openArchive } from '../redis/ledger/archive.ts'
import { Closers, openAll } from './closers.ts'
import type { Core } from './core.ts'

interface LedgerOptions {
  readonly config: Config
  readonly redisUrl: string
  readonly core: Core
  readonly metrics: Metrics
  readonly log: FastifyBaseLogger
  /** Between 0 and 1. */
  readonly random: () => number
}

/** What is read of past events, and from where. */
interface Ledger {
  readonly readEvents: ReadEvents
  readonly source: EventsSource
  /** Whether the connection to the streams stands. */
  isReady(): boolean
  /** Ends after what is under way. */
  close(): Promise<void>
}

/**
 * Opens the ledger. With PostgreSQL, no stream of a board is trimmed from now on before it is archived. A worker
 * archives, as soon as PostgreSQL is there.
 * @throws Error when Redis cannot be reached
 */
export async function openLedger (options: LedgerOptions): Promise<Ledger> {
  const { config: { databaseUrl }, core: { store } } = options
  if (databaseUrl !== undefined) return await openArchivedLedger({ ...options, databaseUrl })
  return { readEvents: store.readEvents, source: 'stream', isReady: () => true, async close () {} }
}

type ArchivedOptions = LedgerOptions & { readonly databaseUrl: string }

async function openArchivedLedger (options: ArchivedOptions): Promise<Ledger> {
  const { config, redisUrl, databaseUrl, core, metrics, log } = options
  const isWorker = config.roles.has('worker')
  const maxEntries = config.ledgerMaxEntries
  const boards = () => core.feed.boards.all.map(({ name }) => name)
  return await openAll(async ({ defer, close }) => {
    const database = openDatabase({ url: databaseUrl, log })
    defer(database.close)
    const archive = await openArchive({ url: redisUrl, timeoutMs: config.redisTimeoutMs, log, worker: randomUUID() })
    defer(archive.close)
    const { stream } = archive
    for (const board of boards()) await stream.open(board)

    const stats = new LedgerStats()
    registerLedgerMetrics(metrics, {
      boards,
      readBacklog: stream.backlog,
      maxEntries,
      ...(isWorker && { archived: stats })
    })
    if (isWorker) {
      defer(startArchive(options, { stream, database, stats, boards }))
      defer(makeMonthsAhead(database, log))
    }
    defer(startAlarm({ stream, boards, maxEntries, log }))
    return { readEvents: createReadEvents(database), source: 'ledger', isReady: archive.isReady, close }
  })
}

/**
 * Brings the database up to date, and then archives rules and events.
 * Returns the stop, which ends after what is under way.
 */
function startArchive (
  { core: { store, feed: { boards } }, databaseUrl, log, random }: ArchivedOptions,
  { boards: boardNames, ...parts }: Pick<ArchiverOptions, 'stream' | 'database' | 'stats' | 'boards'>
): () => Promise<void> {
  const stopping = new AbortController()
  const { defer, close } = new Closers()
  async function begin (): Promise<void> {
    await migrateWhenReachable(databaseUrl, { log, signal: stopping.signal })
    if (stopping.signal.aborted) return
    defer(startRuleKeeper({ boards, read: store.boards.read, database: parts.database, now: store.now, log }))
    const windowOf = (board: string) => boards.all.find(({ name }) => name === board)?.windows[0] ?? 'all'
    const archiver = startArchiver({ ...parts, boards: boardNames, log, random, windowOf })
    defer(async () => await archiver.stop())
  }
  const begun = begin()
  return async () => {
    stopping.abort()
    await begun
    await close()
  }
}
