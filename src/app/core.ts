import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { registerQueueMetrics } from '../metrics/queue-metrics.ts'
import { logScores } from '../metrics/score-log.ts'
import { startQueueAlarm } from '../jobs/scoring/queue-alarm.ts'
import { openScoreQueue, type ScoreQueue } from '../jobs/scoring/score-queue.ts'
import { knownBoards } from './boards-from-ledger.ts'
import type { ReadGrant } from '../leaderboard/scoring/points.ts'
import { createRaiseScore, type RaiseScore, type RaiseScoreOptions } from '../leaderboard/scoring/increment.ts'
import { createModeration, type Moderation } from '../leaderboard/moderation/moderation.ts'
import { createQueueScore, type QueueScore } from '../leaderboard/scoring/queue.ts'
import { openBoardFeed, type BoardFeed } from '../redis/boards/board-feed.ts'
import { openStore, type Store } from '../redis/store.ts'

export interface ScoringOptions {
  readonly config: Config
  readonly redisUrl: string
  readonly log: FastifyBaseLogger
  /** Ms since 1970. */
  readonly now: () => number
  readonly readGrant: ReadGrant
  readonly metrics: Metrics
  /** Another place for `lua/`. */
  readonly scripts?: URL | undefined
}

/**
 * What every process of the service has, whether it answers requests or works behind those who do: the store, the boards as they are
 * now, and the one way to raise a score, at once or by the queue.
 */
export interface Scoring {
  readonly store: Store
  readonly feed: BoardFeed
  readonly moderation: Moderation
  readonly raiseScore: RaiseScore
  readonly queue: ScoreQueue
  readonly queueScore: QueueScore
  close (): Promise<void>
}

/** @throws Error when the store cannot be reached or does not fit */
export async function openScoring ({ config, redisUrl, log, now, readGrant, metrics, scripts }: ScoringOptions): Promise<Scoring> {
  const store = await openStore({ url: redisUrl, timeoutMs: config.redisTimeoutMs, log, now, ledgerMax: config.ledgerMaxEntries, onGroup: metrics.onGroup, ...(scripts && { directory: scripts }) })
  const ends: Array<() => unknown> = [store.close]
  const close = async () => { for (const end of ends.splice(0)) await end() }
  try {
    const feed = await openBoardFeed({
      registry: store.boards, follow: store.changes.followBoards, wanted: config.boards.all, known: knownBoards(config, log), file: config.boardsFile, now: store.now, log
    })
    ends.unshift(feed.close)
    // Of a board that is gone nothing more is said, and a write that ends after its board says nothing again.
    feed.boards.onChange(({ before, after }) => {
      if (after === undefined) metrics.forget(before!.name)
    })
    const onOutcome: RaiseScoreOptions['onOutcome'] = (board, result) => {
      if (feed.boards.has(board.name)) metrics.onOutcome(board, result)
    }
    const queue = await openScoreQueue({
      url: redisUrl, timeoutMs: config.redisTimeoutMs, maxJobs: config.queueMaxJobs, onError: (error) => log.debug({ error: error.message }, 'the queue has lost Redis, trying again')
    })
    ends.unshift(queue.close, startQueueAlarm({ depth: queue.depth, log }))
    registerQueueMetrics({ registry: metrics.registry, readDepth: queue.depth, maxJobs: config.queueMaxJobs, requests: queue.counts, now: store.now })
    const moderation = createModeration({
      keep: store.moderation, serviceBans: store.serviceBans, readBans: store.readBans, boards: feed.boards, refreshBoards: feed.refresh, renewBoard: feed.renew, newId: randomUUID, now: store.now
    })
    const judging = { newId: randomUUID, readGrant }
    const raiseScore = logScores(createRaiseScore({ ...judging, keep: store.increment, readReceipt: store.readReceipt, renewBoard: feed.renew, liftBan: moderation.liftBan, onOutcome }), log)
    const queueScore = createQueueScore({ ...judging, readCounted: store.readCounted, enqueue: queue.enqueue, raiseScore, now: store.now })
    return { store, feed, moderation, raiseScore, queue, queueScore, close }
  } catch (error) {
    await close()
    throw error
  }
}
