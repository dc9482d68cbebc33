import { setTimeout as delay } from 'node:timers/promises'
import { judgeAnswer } from '../../leaderboard/webhooks/webhook-schedule.ts'
import type { Deliveries, Settled, TakenDelivery } from '../../leaderboard/webhooks/webhook.ts'
import type { Log } from '../log.ts'
import type { Wake } from './webhook-queue.ts'
import type { Send } from './webhook-send.ts'
import type { WebhookStats } from './webhook-stats.ts'

/** A claim outlives its attempt by so much, so that nobody else takes what is still being settled. */
const CLAIM_MARGIN_MS = 5000
/** What is due so soon is waited for at once. */
const SOON_MS = 1000
/** Deliveries that one job sends; then others have their turn. */
const MAX_RUN = 100

export interface DeliverOptions {
  readonly keep: Pick<Deliveries, 'take' | 'settle'>
  readonly send: Send
  readonly timeoutMs: number
  /** Has a webhook looked after at a time. */
  readonly wake: (wake: Wake, reason: string, atMs: number) => Promise<void>
  readonly stats: WebhookStats
  readonly log: Log
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
  /** Between 0 and 1. */
  readonly random: () => number
  /** Breaks off what is under way: it stays due. */
  readonly stop: AbortSignal
}

/** Sends what is due for one webhook, one after the other; of several calls for it at once some find nothing to do. */
export function createDeliver (options: DeliverOptions): (wake: Wake) => Promise<void> {
  const { keep, timeoutMs, wake, now, stop } = options
  return async ({ board, webhook }) => {
    for (let n = 0; n < MAX_RUN && !stop.aborted; n++) {
      const taken = await keep.take(board, webhook, timeoutMs + CLAIM_MARGIN_MS)
      if (taken === undefined) return
      if ('waitUntilMs' in taken) {
        const waitMs = taken.waitUntilMs - now()
        if (waitMs > SOON_MS) return
        await delay(Math.max(1, waitMs), undefined, { signal: stop }).catch(() => {})
        continue
      }
      const settled = await attempt(options, { board, webhook }, taken)
      if (settled.word === 'retry') await wake({ board, webhook }, `${taken.id}.${settled.dueMs}`, settled.dueMs!)
    }
    if (!stop.aborted) await wake({ board, webhook }, `on.${now()}`, now())
  }
}

async function attempt ({ keep, send, stats, log, random, stop }: DeliverOptions, { board, webhook }: Wake, taken: TakenDelivery): Promise<Settled> {
  const { id, kind, round, atMs } = taken
  const begun = performance.now()
  const { status, error, retryAfter } = await send(taken, stop)
  const ms = Math.round(performance.now() - begun)
  if (error === 'stopped') return await keep.settle(board, webhook, taken, { outcome: 'released' })
  const judged = judgeAnswer({ status, retryAfter }, { round, nowMs: atMs + ms, random: random() })
  const settled = await keep.settle(board, webhook, taken, {
    ...judged, attempt: { at: atMs, ms, ...(status !== undefined && { status }), ...(error !== undefined && { error }) }
  })
  stats.count(settled.word === 'done' ? 'delivered' : settled.word)
  const about = { board, webhook, delivery: id, kind, status, error, ms }
  if (settled.word === 'done') log.debug(about, 'a webhook has its delivery')
  else if (settled.word === 'disabled') log.warn(about, judged.outcome === 'refused' ? 'a webhook is disabled: its receiver wants nothing any more (410)' : 'a webhook is disabled: every attempt has failed for days')
  else if (settled.word === 'failed') log.warn(about, 'a delivery has failed for good')
  else log.info(about, 'an attempt to deliver has failed')
  return settled
}
