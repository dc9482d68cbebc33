// How often a board is polled: an event waits no longer before it is published.
import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../leaderboard/log.ts'
import type { Board, Boards } from '../../leaderboard/boards/board.ts'
import type { Velocity } from '../../leaderboard/webhooks/velocity.ts'
import type { TargetPolicy } from '../../leaderboard/webhooks/webhook-target.ts'
import type { Deliveries, WatchedWebhook } from '../../leaderboard/webhooks/webhook.ts'
import { watchVelocity } from './velocity-watch.ts'
import { createDeliver } from './webhook-deliver.ts'
import { createPublisher, type PublisherOptions } from './webhook-publisher.ts'
import { openWebhookQueue, type DueWebhook } from './webhook-queue.ts'
import { createSender, type Resolve } from './webhook-send.ts'
import { WebhookStats } from './webhook-stats.ts'
import { within } from '../within.ts'

/** How often a board is polled: an event waits no longer before it is published. */
const POLL_MS = 500
/** How long a worker that has died keeps its boards. */
const LEASE_MS = 10_000
const RENEW_MS = 3000
/** Boards polled at one time. */
const MAX_CONCURRENT = 8
/** How long a worker that is asked to stop waits for its receivers. */
const STOP_MS = 2000

interface WebhooksOptions {
  readonly redisUrl: string
  /** As they are now. */
  readonly boards: Boards
  readonly store: {
    readonly deliveries: Deliveries,
    readonly velocity: Velocity,
    readonly readTop: PublisherOptions['readTop'],
    readonly seasons: PublisherOptions['archives'],
    /** The store's clock, in ms since 1970. */
    readonly now: () => number
  }
  readonly config: TargetPolicy & { readonly webhookTimeoutMs: number, readonly redisTimeoutMs: number }
  readonly log: Log
  /** Between 0 and 1. */
  readonly random: () => number
  readonly resolve?: Resolve | undefined
}

interface WebhookWorker {
  readonly stats: WebhookStats
  /** Ends after what is under way, or a little later without it, and leaves its boards to the others. */
  stop(): Promise<void>
}

/**
 * Tells webhooks what happens. A board is watched by one worker at a time, and every worker delivers. All of it is
 * kept with the board before it is sent: a worker that dies loses nothing, and whoever goes on sends at most what was
 * under way once more.
 */
export function startWebhooks (options: WebhooksOptions): WebhookWorker {
  const {
    redisUrl,
    boards,
    store: { deliveries, velocity, readTop, seasons: archives, now },
    config,
    log,
    random,
    resolve
  } = options
  const { webhookTimeoutMs: timeoutMs } = config
  const stats = new WebhookStats()
  const [stopping, cutOff] = [new AbortController(), new AbortController()]
  // Every attempt under way listens, and takes its listener away.
  setMaxListeners(0, cutOff.signal)
  let isAway = false
  const onFailure = (error: unknown) => {
    if (!isAway && !stopping.signal.aborted) log.warn({ err: error }, 'webhooks paused: Redis is unavailable, retrying')
    isAway = true
  }
  const queue = openWebhookQueue({ url: redisUrl, timeoutMs: config.redisTimeoutMs, onError: onFailure })
  const schedule = async (due: DueWebhook, reason: string, atMs: number) =>
    await queue.schedule(due, reason, atMs - now())
  const send = createSender({ policy: config, timeoutMs, ...(resolve && { resolve }) })
  const stopWork = queue.work(
    createDeliver({ deliveries, send, timeoutMs, schedule, stats, log, now, random, stop: cutOff.signal })
  )

  const publish = createPublisher({
    readTop,
    archives,
    flags: velocity,
    now,
    async enqueue (board, webhook, delivery) {
      const outcome = await deliveries.enqueue(board.name, webhook, delivery)
      if (outcome === 'replaced') stats.count('superseded')
      if (outcome === 'full' && delivery.mark === undefined) {
        stats.count('dropped')
        log.warn(
          { board: board.name, webhook: webhook.name, kind: delivery.kind },
          'webhook event dropped: too many deliveries wait'
        )
      }
      if (outcome === 'enqueued' && webhook.disabled === undefined) {
        await schedule({ board: board.name, webhook: webhook.name }, delivery.id, now())
      }
      return outcome
    }
  })
  const onFlagged = (board: Board, users: number) => {
    stats.flag(board.name, users)
    log.info({ board: board.name, users }, 'users flagged by the velocity rule of their board')
  }
  const watching = { velocity, log, onFlagged }
  const leased = new Map<string, number>()

  /** Whether the board is this worker's. */
  async function isLeased (board: string): Promise<boolean> {
    const renewed = leased.get(board)
    if (renewed !== undefined && performance.now() - renewed < RENEW_MS) return true
    const asked = performance.now()
    if (await deliveries.lease(board, LEASE_MS)) leased.set(board, asked)
    else {
      leased.delete(board)
      stats.boards.delete(board)
    }
    return leased.has(board)
  }

  async function pollBoard (board: Board): Promise<void> {
    if (!await isLeased(board.name)) return
    await watchVelocity(watching, board)
    const webhooks = await deliveries.webhooks(board.name)
    await publish(board, webhooks)
    const late = webhooks.filter(({ disabled, dueMs }) =>
      disabled === undefined && dueMs !== undefined && dueMs <= now()
    )
    stats.boards.set(board.name, {
      pending: sum(webhooks, ({ pending }) => pending),
      lagMs: Math.max(0, ...late.map(({ dueMs }) => now() - dueMs!))
    })
    // What was just made is on its way; this is for what was enabled or replayed, and for what a worker that died has
    // left.
    const round = Math.floor(now() / POLL_MS)
    for (const { name } of late) await schedule({ board: board.name, webhook: name }, `due.${round}`, now())
  }

  async function poll (): Promise<void> {
    const hooked = new Set(await deliveries.boards())
    for (const name of leased.keys()) {
      if (boards.has(name)) continue
      leased.delete(name)
      stats.forget(name)
    }
    const watched = boards.all.filter(({ name, velocity }) => hooked.has(name) || velocity !== undefined)
    const next = watched.values()
    const failures: unknown[] = []
    await Promise.all(Array.from({ length: MAX_CONCURRENT }, async () => {
      for (const board of next) {
        if (stopping.signal.aborted) return
        await pollBoard(board).catch((error: unknown) => failures.push(error))
      }
    }))
    if (failures.length > 0) throw failures[0]
    if (isAway) log.info({}, 'webhooks resumed')
    isAway = false
  }

  const polling = (async () => {
    while (!stopping.signal.aborted) {
      await poll().catch(onFailure)
      await delay(POLL_MS * (0.75 + random() / 2), undefined, { signal: stopping.signal }).catch(() => {})
    }
  })()

  return {
    stats,
    async stop () {
      stopping.abort()
      const cut = setTimeout(() => cutOff.abort(), STOP_MS)
      // BullMQ may keep a poll waiting for ever where Redis has just become unavailable.
      await within(STOP_MS, polling)
      await stopWork(2 * STOP_MS)
      clearTimeout(cut)
      // Else it runs out by itself
      await Promise.all([...leased.keys()].map(async (board) => await deliveries.release(board).catch(() => {})))
      queue.close()
    }
  }
}

function sum (webhooks: readonly WatchedWebhook[], figure: (webhook: WatchedWebhook) => number): number {
  return webhooks.reduce((total, webhook) => total + figure(webhook), 0)
}
