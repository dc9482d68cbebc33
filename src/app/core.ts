// The core of every process, node or worker: the score store, the boards, and the one way to raise a score.
import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import { startQueueAlarm } from '../jobs/scoring/queue-alarm.ts'
import { openScoreQueue, type ScoreQueue } from '../jobs/scoring/score-queue.ts'
import type { Clock } from '../leaderboard/clock.ts'
import { createModeration, type Moderation } from '../leaderboard/moderation/moderation.ts'
import { createRaiseScore, type RaiseScore, type RaiseScoreOptions } from '../leaderboard/scoring/increment.ts'
import type { ReadGrant } from '../leaderboard/scoring/points.ts'
import { createQueueScore, type QueueScore } from '../leaderboard/scoring/queue.ts'
import { checkVersion } from '../ledger/migrate.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { registerQueueMetrics } from '../metrics/queue-metrics.ts'
import { logScores } from '../metrics/score-log.ts'
import { openBoardFeed, type BoardFeed } from '../redis/boards/board-feed.ts'
import { openStore, type Store } from '../redis/store.ts'
import { boardsFromLedger } from './boards-from-ledger.ts'
import { openAll } from './closers.ts'

export interface CoreOptions {
  readonly config: Config
  /** `config.redisUrl`, or the address of the embedded Redis. */
  readonly redisUrl: string
  readonly log: FastifyBaseLogger
  /** Ms since 1970. */
  readonly now: () => number
  readonly clock: Clock
  readonly readGrant: ReadGrant
  readonly metrics: Metrics
  /** Another place for `lua/`. */
  readonly scripts?: URL | undefined
}

export interface Core {
  readonly store: Store
  /** The boards as they are now. */
  readonly feed: BoardFeed
  readonly moderation: Moderation
  /** Raises a score at once. */
  readonly raiseScore: RaiseScore
  readonly queue: ScoreQueue
  /** Raises a score by the queue. */
  readonly queueScore: QueueScore
  close(): Promise<void>
}

/** Opens the core. @throws Error when the store cannot be reached or does not fit */
export async function openCore (options: CoreOptions): Promise<Core> {
  const { config, redisUrl, log, now, clock, metrics, scripts } = options
  if (config.databaseUrl !== undefined) await checkVersion(config.databaseUrl, log)
  const connection = { url: redisUrl, timeoutMs: config.redisTimeoutMs }
  return await openAll(async ({ defer, close }) => {
    const store = await openStore({
      ...connection,
      log,
      now,
      clock,
      ledgerMax: config.ledgerMaxEntries,
      onGroup: metrics.onGroup,
      ...(scripts && { directory: scripts })
    })
    defer(store.close)

    const feed = await openBoardFeed({
      registry: store.boards,
      follow: store.changes.followBoards,
      wanted: config.boards.all,
      known: boardsFromLedger(config, log),
      file: config.boardsFile,
      now: store.now,
      log
    })
    defer(feed.close)

    const queue = await openScoreQueue({
      ...connection,
      maxJobs: config.queueMaxJobs,
      clock,
      onError: (error) => log.debug({ error: error.message }, 'the queue has lost Redis, trying again')
    })
    defer(queue.close)
    defer(startQueueAlarm({ depth: queue.depth, log }))
    registerQueueMetrics(metrics, {
      readDepth: queue.depth,
      maxJobs: config.queueMaxJobs,
      requests: queue.counts,
      now: store.now
    })

    return { store, feed, queue, ...createRules(options, { store, feed, queue }), close }
  })
}

/** The rules of the service over its stores: moderation, and both ways to raise a score. */
function createRules (
  { readGrant, metrics, log }: CoreOptions,
  { store, feed, queue }: Pick<Core, 'store' | 'feed' | 'queue'>
): Pick<Core, 'moderation' | 'raiseScore' | 'queueScore'> {
  const moderation = createModeration({
    store: store.moderation,
    serviceBans: store.serviceBans,
    readBans: store.readBans,
    boards: feed.boards,
    refreshBoards: feed.refresh,
    renewBoard: feed.renew,
    newId: randomUUID,
    now: store.now
  })
  const raiseScore = logScores(
    createRaiseScore({
      applyIncrement: store.applyIncrement,
      readReceipt: store.readReceipt,
      renewBoard: feed.renew,
      liftBan: moderation.liftBan,
      onOutcome: countOutcomes(metrics, feed),
      newId: randomUUID,
      readGrant
    }),
    log
  )
  const queueScore = createQueueScore({
    readCounted: store.readCounted,
    enqueue: queue.enqueue,
    raiseScore,
    now: store.now,
    newId: randomUUID,
    readGrant
  })
  return { moderation, raiseScore, queueScore }
}

/**
 * Counts what becomes of increments, for boards that exist: a write that ends after the deletion of its board is not
 * counted.
 */
function countOutcomes (metrics: Metrics, { boards }: BoardFeed): NonNullable<RaiseScoreOptions['onOutcome']> {
  boards.onChange(({ before, after }) => {
    if (after === undefined) metrics.forget(before!.name)
  })
  return (board, result) => {
    if (boards.has(board.name)) metrics.onOutcome(board, result)
  }
}
