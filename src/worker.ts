import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Registry } from 'prom-client'
import type { Config } from './config.ts'
import { registerHealth } from './http/health.ts'
import { registerLedgerMetrics } from './http/ledger-metrics.ts'
import { createMetrics, registerMetrics } from './http/metrics.ts'
import { registerQueueWorkMetrics } from './http/queue-metrics.ts'
import { createServer, type Server } from './http/server.ts'
import { registerWebhookMetrics } from './http/webhook-metrics.ts'
import { startScoreWorker } from './jobs/score-worker.ts'
import { startWebhooks } from './jobs/webhooks.ts'
import { createApplyQueued } from './leaderboard/apply-queued.ts'
import type { BoardState } from './leaderboard/apply-board.ts'
import type { Boards } from './leaderboard/board.ts'
import type { ReadEvents } from './leaderboard/ledger.ts'
import { startAlarm } from './ledger/alarm.ts'
import { startArchiver, type Archiver } from './ledger/archiver.ts'
import { openDatabase } from './ledger/database.ts'
import { startRuleKeeper } from './ledger/keep-rules.ts'
import { LedgerStats } from './ledger/ledger-stats.ts'
import { makeMonths, migrate } from './ledger/migrate.ts'
import { createReadEvents } from './ledger/read-events.ts'
import { openArchive } from './redis/archive.ts'
import { openScoring, type Scoring } from './scoring.ts'

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
  const { stream, isReady, close } = await openArchive({ url: redisUrl, log, worker: randomUUID() })
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

export interface WorkerOptions {
  readonly config: Config
  readonly redisUrl: string
  readonly log: FastifyBaseLogger
  /** Between 0 and 1. */
  readonly random: () => number
}

/** What a process with the role `worker` does behind those that answer requests. Returns the stop, which ends after what is under way. */
export async function startWork ({ config, redisUrl, log, random }: WorkerOptions, { scoring, registry }: { scoring: Scoring, registry: Registry }): Promise<() => Promise<void>> {
  const { store, feed, raiseScore } = scoring
  const apply = createApplyQueued({
    raiseScore, boardOf: async (name) => feed.boards.has(name) ? feed.boards.get(name) : await feed.renew(name), keepRefusal: store.refusals.keep, now: store.now, random
  })
  const scores = await startScoreWorker({
    url: redisUrl,
    apply,
    onError: (error) => log.debug({ error: error.message }, 'the worker has lost Redis, trying again'),
    onFault: (job, cause) => log.error({ job, error: String(cause) }, 'a queued increment failed')
  })
  registerQueueWorkMetrics(registry, scores.counts)
  const webhooks = startWebhooks({ redisUrl, boards: feed.boards, store, config, log, random })
  registerWebhookMetrics(registry, webhooks.stats)
  return async () => { await Promise.all([scores.close(), webhooks.stop()]) }
}

/** A worker by itself: what it does behind the nodes, and `/healthz`, `/readyz` and `/metrics`. Closing the server closes all of it. */
export async function createWorker ({ config, redisUrl, log, random }: WorkerOptions): Promise<Server> {
  const server = createServer({ log, trustProxy: config.trustProxy })
  const metrics = createMetrics()
  const scoring = await openScoring({ config, redisUrl, log, now: Date.now, readGrant: noTokens, metrics })
  server.addHook('onClose', scoring.close)
  const { boards } = scoring.feed
  const { databaseUrl } = config
  try {
    if (databaseUrl === undefined) log.info({}, 'there is no DATABASE_URL: the ledger stays in Redis, bounded')
    const ledger = databaseUrl === undefined ? undefined : await openLedger({ config, boards, readBoard: scoring.store.boards.read, now: scoring.store.now, redisUrl, databaseUrl, log, random })
    ledger?.registerMetrics(metrics.registry)
    server.addHook('onClose', async () => await ledger?.close())
    server.addHook('onClose', await startWork({ config, redisUrl, log, random }, { scoring, registry: metrics.registry }))
    registerMetrics(server, metrics)
    registerHealth(server, { isReady: () => scoring.store.isReady() && ledger?.isReady() !== false, isLeaving: () => false })
    return server
  } catch (error) {
    await server.close()
    throw error
  }
}

/** What is read of a grant stands in the job: no token comes as far as a worker. */
function noTokens (): never {
  throw new Error('a worker reads no grants')
}
