import type { FastifyBaseLogger } from 'fastify'
import type { Registry } from 'prom-client'
import type { Config } from '../config.ts'
import { registerHealth } from '../http/health.ts'
import { createMetrics, registerMetrics } from '../metrics/metrics.ts'
import { registerQueueWorkMetrics } from '../metrics/queue-metrics.ts'
import { createServer, type Server } from '../http/server.ts'
import { registerWebhookMetrics } from '../metrics/webhook-metrics.ts'
import { startScoreWorker } from '../jobs/scoring/score-worker.ts'
import { startWebhooks } from '../jobs/webhooks/webhooks.ts'
import { createApplyQueued } from '../leaderboard/scoring/apply-queued.ts'
import { openLedger } from './ledger.ts'
import { openScoring, type Scoring } from './core.ts'

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
    timeoutMs: config.redisTimeoutMs,
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
