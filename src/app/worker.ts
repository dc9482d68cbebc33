// The work behind the nodes: queued increments and webhooks. A worker by itself is a process that does only this.
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import { registerHealth } from '../http/health.ts'
import { createServer, type Server } from '../http/server.ts'
import { startScoreWorker } from '../jobs/scoring/score-worker.ts'
import { startWebhooks } from '../jobs/webhooks/webhooks.ts'
import type { Clock } from '../leaderboard/clock.ts'
import { createApplyQueued } from '../leaderboard/scoring/apply-queued.ts'
import { createMetrics, registerMetrics, type Metrics } from '../metrics/metrics.ts'
import { registerQueueWorkMetrics } from '../metrics/queue-metrics.ts'
import { registerWebhookMetrics } from '../metrics/webhook-metrics.ts'
import { openAll } from './closers.ts'
import { openCore, type Core } from './core.ts'
import { openLedger } from './ledger.ts'

interface WorkerOptions {
  readonly config: Config
  readonly redisUrl: string
  readonly log: FastifyBaseLogger
  /** Between 0 and 1. */
  readonly random: () => number
  readonly clock: Clock
}

/** Creates a worker by itself, with `/healthz`, `/readyz` and `/metrics`. Closing its server closes all of it. */
export async function createWorker (options: WorkerOptions): Promise<Server> {
  const { config, log } = options
  if (config.databaseUrl === undefined) log.info({}, 'there is no DATABASE_URL: the ledger stays in Redis, bounded')
  return await openAll(async ({ defer, close }) => {
    const metrics = createMetrics()
    const core = await openCore({ ...options, now: Date.now, readGrant: refuseGrants, metrics })
    defer(core.close)
    const ledger = await openLedger({ ...options, core, metrics })
    defer(ledger.close)
    defer(await startWork({ ...options, core, metrics }))

    const server = createServer({ log, trustProxy: config.trustProxy })
    server.addHook('onClose', close)
    registerMetrics(server, metrics)
    registerHealth(server, { isReady: () => core.store.isReady() && ledger.isReady(), isDraining: () => false })
    return server
  })
}

/** Starts what a process with the role `worker` does. Returns the stop, which ends after what is under way. */
export async function startWork (
  { config, redisUrl, log, random, core, metrics }: WorkerOptions & { readonly core: Core, readonly metrics: Metrics }
): Promise<() => Promise<void>> {
  const { store, feed, raiseScore } = core
  const apply = createApplyQueued({
    raiseScore,
    boardOf: async (name) => feed.boards.has(name) ? feed.boards.get(name) : await feed.renew(name),
    keepRefusal: store.refusals.keep,
    now: store.now,
    random
  })
  const scores = await startScoreWorker({
    url: redisUrl,
    timeoutMs: config.redisTimeoutMs,
    apply,
    onError: (error) => log.debug({ error: error.message }, 'the worker has lost Redis, trying again'),
    onFault: (job, cause) => log.error({ job, error: String(cause) }, 'a queued increment failed')
  })
  registerQueueWorkMetrics(metrics, scores.counts)
  const webhooks = startWebhooks({ redisUrl, boards: feed.boards, store, config, log, random })
  registerWebhookMetrics(metrics, webhooks.stats)
  return async () => {
    await Promise.all([scores.close(), webhooks.stop()])
  }
}

/** The job holds what the node has read of a grant: no token reaches a worker. */
function refuseGrants (): never {
  throw new Error('a worker reads no grants')
}
