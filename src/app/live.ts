// The live side of a node: the hub that watches boards, the sessions that it sends to, and their figures.
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import type { Clock } from '../leaderboard/clock.ts'
import { createTopReader, type ReadKnownTop } from '../leaderboard/ranking/top-reader.ts'
import { Hub } from '../live/hub.ts'
import { createLiveStats, type LiveStats } from '../live/live-stats.ts'
import { Sessions } from '../live/sessions.ts'
import { registerLiveMetrics, type Metrics } from '../metrics/metrics.ts'
import { GATE_MS } from '../redis/keys.ts'
import type { Core } from './core.ts'

interface LiveOptions {
  readonly config: Config
  readonly core: Core
  readonly metrics: Metrics
  readonly log: FastifyBaseLogger
  /** Between 0 and 1. */
  readonly random: () => number
  readonly clock: Clock
}

/** What live routes send from, and the read of a top that shares its memory. */
interface Live {
  readonly hub: Hub
  readonly sessions: Sessions
  readonly stats: LiveStats
  readonly readTop: ReadKnownTop
  /** Stops the timers of the sessions. */
  close(): void
}

/** Starts the live side of a node. It follows a board in the store while somebody watches the board. */
export function startLive ({ config, core: { store, feed }, metrics, log, random, clock }: LiveOptions): Live {
  const stats = createLiveStats()
  const sessions = new Sessions({ random, clock, stats })
  registerLiveMetrics(metrics, { live: stats, connections: () => sessions.size })
  const hub = new Hub({
    read: store.readTop,
    readChanges: store.readChanges,
    readStandings: store.readStandings,
    follow: store.changes.follow,
    windowMs: config.pushWindowMs,
    quietMs: GATE_MS,
    random,
    clock,
    onReadError: (error) => log.debug({ err: error }, 'could not read a board')
  })
  feed.boards.onChange(({ before, after }) => {
    if (before !== undefined) hub.changeBoard(before, after)
  })
  const readTop = createTopReader({
    readRunningTop: (board, ranking) => hub.top(board, ranking),
    readStoredTop: store.readTop,
    readArchivedTop: store.seasons.top,
    now: store.now
  })
  return { hub, sessions, stats, readTop, close: () => sessions.stop() }
}
