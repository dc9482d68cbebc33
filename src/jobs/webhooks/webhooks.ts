import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Board, Boards } from '../../leaderboard/boards/board.ts'
import type { Velocity } from '../../leaderboard/webhooks/velocity.ts'
import type { TargetPolicy } from '../../leaderboard/webhooks/webhook-target.ts'
import type { Deliveries, WatchedWebhook } from '../../leaderboard/webhooks/webhook.ts'
import type { Log } from '../log.ts'
import { watchVelocity } from './velocity-watch.ts'
import { createDeliver } from './webhook-deliver.ts'
import { createTell, type TellOptions } from './webhook-events.ts'
import { openWebhookQueue, type WebhookQueue } from './webhook-queue.ts'
import { createSender, type Resolve } from './webhook-send.ts'
import { WebhookStats } from './webhook-stats.ts'
import { within } from '../within.ts'

/** How often a board is looked at: so long an event waits at most. */
const LOOK_MS = 500
/** A worker that has died keeps its boards so long, and no longer. */
const LEASE_MS = 10_000
const RENEW_MS = 3000
/** Boards looked at at one time. */
const MAX_CONCURRENT = 8
/** A worker that is asked to stop waits so long for its receivers. */
const STOP_MS = 2000

export interface WebhooksOptions {
  readonly redisUrl: string
  /** As they are now. */
  readonly boards: Boards
  readonly store: {
    readonly deliveries: Deliveries
    readonly velocity: Velocity
    readonly readTop: TellOptions['readTop']
    readonly seasons: TellOptions['archives']
    /** The store's clock, in ms since 1970. */
    readonly now: () => number
  }
  readonly config: TargetPolicy & { readonly webhookTimeoutMs: number, readonly redisTimeoutMs: number }
  readonly log: Log
  /** Between 0 and 1. */
  readonly random: () => number
  readonly resolve?: Resolve | undefined
}

export interface WebhookWorker {
  readonly stats: WebhookStats
  /** Ends after what is under way, or a little later without it, and leaves its boards to the others. */
  stop (): Promise<void>
}

/**
 * Tells webhooks what happens. A board is watched by one worker at a time, and every worker delivers. All of it is kept with the board before it
 * is sent: a worker that dies loses nothing, and whoever goes on sends at most what was under way once more.
 */
export function startWebhooks (options: WebhooksOptions): WebhookWorker {
  const { redisUrl, boards, store: { deliveries: keep, velocity, readTop, seasons: archives, now }, config, log, random, resolve } = options
  const { webhookTimeoutMs: timeoutMs } = config
  const stats = new WebhookStats()
  const [stopping, cutOff] = [new AbortController(), new AbortController()]
  // Every attempt under way listens, and takes its listener away.
  setMaxListeners(0, cutOff.signal)
  let isAway = false
  const onFailure = (error: unknown) => {
    if (!isAway && !stopping.signal.aborted) log.warn({ error: error instanceof Error ? error.message : String(error) }, 'webhooks stand still: the store is away, trying again')
    isAway = true
  }
  const queue = openWebhookQueue({ url: redisUrl, timeoutMs: config.redisTimeoutMs, onError: onFailure })
  const wake: (...args: Parameters<WebhookQueue['wake']>) => Promise<void> = async (target, reason, atMs) => await queue.wake(target, reason, atMs - now())
  const send = createSender({ policy: config, timeoutMs, ...(resolve && { resolve }) })
  const stopWork = queue.work(createDeliver({ keep, send, timeoutMs, wake, stats, log, now, random, stop: cutOff.signal }))

  const tell = createTell({
    readTop,
    archives,
    flags: velocity,
    now,
    async put (board, webhook, put) {
      const outcome = await keep.put(board.name, webhook, put)
      if (outcome === 'replaced') stats.count('superseded')
      if (outcome === 'full' && put.mark === undefined) {
        stats.count('dropped')
        log.warn({ board: board.name, webhook: webhook.name, kind: put.kind }, 'too many deliveries of a webhook wait: an event is dropped')
      }
      if (outcome === 'put' && webhook.disabled === undefined) await wake({ board: board.name, webhook: webhook.name }, put.id, now())
      return outcome
    }
  })
  const onFlagged = (board: Board, users: number) => {
    stats.flag(board.name, users)
    log.info({ board: board.name, users }, 'users are past the velocity rule of their board')
  }
  const watching = { keep: velocity, log, onFlagged }
  const led = new Map<string, number>()

  /** Whether the board is this worker's. */
  async function isLed (board: string): Promise<boolean> {
    const renewed = led.get(board)
    if (renewed !== undefined && performance.now() - renewed < RENEW_MS) return true
    const asked = performance.now()
    if (await keep.lease(board, LEASE_MS)) led.set(board, asked)
    else {
      led.delete(board)
      stats.boards.delete(board)
    }
    return led.has(board)
  }

  async function lookAt (board: Board): Promise<void> {
    if (!await isLed(board.name)) return
    await watchVelocity(watching, board)
    const webhooks = await keep.watch(board.name)
    await tell(board, webhooks)
    const late = webhooks.filter(({ disabled, dueMs }) => disabled === undefined && dueMs !== undefined && dueMs <= now())
    stats.boards.set(board.name, { pending: sum(webhooks, ({ pending }) => pending), lagMs: Math.max(0, ...late.map(({ dueMs }) => now() - dueMs!)) })
    // What was just made is on its way; this is for what was enabled or replayed, and for what a worker that died has left.
    const look = Math.floor(now() / LOOK_MS)
    for (const { name } of late) await wake({ board: board.name, webhook: name }, `due.${look}`, now())
  }

  async function look (): Promise<void> {
    const hooked = new Set(await keep.boards())
    for (const name of led.keys()) {
      if (boards.has(name)) continue
      led.delete(name)
      stats.forget(name)
    }
    const watched = boards.all.filter(({ name, velocity }) => hooked.has(name) || velocity !== undefined)
    const next = watched.values()
    const failures: unknown[] = []
    await Promise.all(Array.from({ length: MAX_CONCURRENT }, async () => {
      for (const board of next) {
        if (stopping.signal.aborted) return
        await lookAt(board).catch((error: unknown) => failures.push(error))
      }
    }))
    if (failures.length > 0) throw failures[0]
    if (isAway) log.info({}, 'webhooks go on')
    isAway = false
  }

  const looking = (async () => {
    while (!stopping.signal.aborted) {
      await look().catch(onFailure)
      await delay(LOOK_MS * (0.75 + random() / 2), undefined, { signal: stopping.signal }).catch(() => {})
    }
  })()

  return {
    stats,
    async stop () {
      stopping.abort()
      const cut = setTimeout(() => cutOff.abort(), STOP_MS)
      // Where Redis has just gone away BullMQ may keep a look waiting for ever.
      await within(STOP_MS, looking)
      await stopWork(2 * STOP_MS)
      clearTimeout(cut)
      await Promise.all([...led.keys()].map(async (board) => await keep.release(board).catch(() => {}))) // else it runs out by itself
      queue.close()
    }
  }
}

function sum (webhooks: readonly WatchedWebhook[], figure: (webhook: WatchedWebhook) => number): number {
  return webhooks.reduce((total, webhook) => total + figure(webhook), 0)
}
