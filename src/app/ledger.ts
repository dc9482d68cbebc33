import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Registry } from 'prom-client'
import type { Config } from '../config.ts'
import { registerLedgerMetrics } from '../metrics/ledger-metrics.ts'
import type { BoardState } from '../leaderboard/boards/apply-board.ts'
import type { Boards } from '../leaderboard/boards/board.ts'
import type { ReadEvents } from '../leaderboard/ledger/ledger.ts'
import { startAlarm } from '../ledger/alarm.ts'
import { startArchiver, type Archiver } from '../ledger/archiver.ts'
import { openDatabase } from '../ledger/database.ts'
import { startRuleKeeper } from '../ledger/keep-rules.ts'
import { LedgerStats } from '../ledger/ledger-stats.ts'
import { makeMonths, migrate } from '../ledger/migrate.ts'
import { createReadEvents } from '../ledger/read-events.ts'
import { openArchive } from '../redis/ledger/archive.ts'

const RETRY_MS = 2000
const MONTHS_EVERY_MS = 6 * 3_600_000

export interface LedgerOptions {
  readonly config: Config
  /** As they are now. */
  readonly boards: Boards
  /** A board as Redis has it. */
  readonly readBoard: (name: string) => Promise<BoardState>
  /** Redis' clock, in ms since 1970. */
  readonly now: () => number
  readonly redisUrl: string
  readonly databaseUrl: string
  readonly log: FastifyBaseLogger
  /** Between 0 and 1. */
  readonly random: () => number
}

/** The ledger of a process: what it is asked, and, in a worker, what archives it. */
export interface Ledger {
  readonly readEvents: ReadEvents
  isReady (): boolean
  registerMetrics (registry: Registry): void
  /** Ends after what is under way. */
  close (): Promise<void>
}

/**
 * Opens the ledger. From now on no board's stream is trimmed before it is archived. PostgreSQL may be away: a worker begins when it is there.
 * @throws Error when Redis cannot be reached
 */
export async function openLedger ({ config, boards: all, readBoard, now, redisUrl, databaseUrl, log, random }: LedgerOptions): Promise<Ledger> {
  const { stream, isReady, close } = await openArchive({ url: redisUrl, timeoutMs: config.redisTimeoutMs, log, worker: randomUUID() })
  const boards = () => all.all.map(({ name }) => name)
  const { ledgerMaxEntries: maxEntries } = config
  const database = openDatabase({ url: databaseUrl, log })
  const stats = new LedgerStats()
  const isWorker = config.roles.has('worker')
  const stopping = new AbortController()
  for (const board of boards()) await stream.open(board)

  let stopRules = async () => {}
  async function archive (): Promise<Archiver | undefined> {
    await prepareDatabase(databaseUrl, { log, signal: stopping.signal })
    if (stopping.signal.aborted) return undefined
    stopRules = startRuleKeeper({ boards: all, read: readBoard, database, now, log })
    return startArchiver({ stream, database, stats, log, random, boards, windowOf: (board) => all.all.find(({ name }) => name === board)?.windows[0] ?? 'all' })
  }
  const archiver = isWorker ? archive() : Promise.resolve(undefined)
  const stopAlarm = startAlarm({ stream, boards, maxEntries, log })
  const months = setInterval(() => {
    if (isWorker) makeMonths(database).catch((error) => log.debug({ error: String(error) }, 'could not make months ahead, trying again'))
  }, MONTHS_EVERY_MS)
  months.unref()

  return {
    readEvents: createReadEvents(database),
    isReady,
    registerMetrics: (registry) => registerLedgerMetrics({ registry, boards, readBacklog: stream.backlog, maxEntries, ...(isWorker && { archived: stats }) }),
    async close () {
      stopping.abort()
      stopAlarm()
      clearInterval(months)
      await (await archiver)?.stop()
      await stopRules()
      close()
      await database.close()
    }
  }
}

/** Brings the database up to date, however long it takes to come. */
async function prepareDatabase (url: string, { log, signal }: { log: FastifyBaseLogger, signal: AbortSignal }): Promise<void> {
  for (let isTold = false; !signal.aborted; isTold = true) {
    try {
      const applied = await migrateAt(url, log)
      if (applied.length > 0) log.info({ migrations: applied }, 'the ledger\'s database was brought up to date')
      return
    } catch (error) {
      if (!isTold) log.warn({ error: error instanceof Error ? error.message : String(error) }, 'the ledger\'s database is not ready, trying again: what happens is kept in Redis')
      await delay(RETRY_MS, undefined, { signal }).catch(() => {})
    }
  }
}

/** A change of a large table takes longer than any other statement may. */
const MIGRATION_MS = 3_600_000

/** Brings the database at an address up to date and returns what was missing. */
export async function migrateAt (url: string, log: FastifyBaseLogger): Promise<readonly string[]> {
  const database = openDatabase({ url, log, statementMs: MIGRATION_MS })
  try {
    return await migrate(database)
  } finally {
    await database.close()
  }
}
