// Sends the deliveries of one webhook that are due, and records the outcome of each attempt.
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../leaderboard/log.ts'
import { judgeAnswer } from '../../leaderboard/webhooks/webhook-schedule.ts'
import type { ClaimedDelivery, Deliveries, RecordedOutcome } from '../../leaderboard/webhooks/webhook.ts'
import type { DueWebhook } from './webhook-queue.ts'
import type { Send } from './webhook-send.ts'
import type { WebhookStats } from './webhook-stats.ts'

/**
 * A claim outlives its attempt by this time, so that no other worker claims a delivery whose outcome is being
 * recorded.
 */
const CLAIM_MARGIN_MS = 5000
/** What is due within this time is waited for in place. */
const SOON_MS = 1000
/** Deliveries that one job sends; then other webhooks have their turn. */
const MAX_RUN = 100

interface DeliverOptions {
  readonly deliveries: Pick<Deliveries, 'claim' | 'recordOutcome'>
  readonly send: Send
  readonly timeoutMs: number
  /** Schedules the next deliveries of a webhook. */
  readonly schedule: (due: DueWebhook, reason: string, atMs: number) => Promise<void>
  readonly stats: WebhookStats
  readonly log: Log
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
  /** Between 0 and 1. */
  readonly random: () => number
  /** Breaks off the attempt under way: its delivery stays due. */
  readonly stop: AbortSignal
}

/**
 * Makes the function that sends what is due for a webhook, one delivery after the other. Concurrent calls for one
 * webhook share its deliveries.
 */
export function createDeliver (options: DeliverOptions): (due: DueWebhook) => Promise<void> {
  const { deliveries, timeoutMs, schedule, now, stop } = options
  return async ({ board, webhook }) => {
    for (let n = 0; n < MAX_RUN && !stop.aborted; n++) {
      const claim = await deliveries.claim(board, webhook, timeoutMs + CLAIM_MARGIN_MS)
      if (claim === undefined) return
      if ('waitUntilMs' in claim) {
        const waitMs = claim.waitUntilMs - now()
        if (waitMs > SOON_MS) return
        await delay(Math.max(1, waitMs), undefined, { signal: stop }).catch(() => {})
        continue
      }
      const { state, dueMs } = await attempt(options, { board, webhook }, claim)
      if (state === 'retry') await schedule({ board, webhook }, `${claim.id}.${dueMs}`, dueMs!)
    }
    if (!stop.aborted) await schedule({ board, webhook }, `on.${now()}`, now())
  }
}

async function attempt (
  options: DeliverOptions,
  { board, webhook }: DueWebhook,
  claim: ClaimedDelivery
): Promise<RecordedOutcome> {
  const { deliveries, send, stats, log, random, stop } = options
  const { id, kind, round, atMs } = claim
  const begun = performance.now()
  const { status, error, retryAfter } = await send(claim, stop)
  const ms = Math.round(performance.now() - begun)
  if (error === 'stopped') return await deliveries.recordOutcome(board, webhook, claim, { outcome: 'released' })
  const judged = judgeAnswer({ status, retryAfter }, { round, nowMs: atMs + ms, random: random() })
  const recorded = await deliveries.recordOutcome(board, webhook, claim, {
    ...judged,
    attempt: { at: atMs, ms, ...(status !== undefined && { status }), ...(error !== undefined && { error }) }
  })
  stats.count(recorded.state)
  logAttempt(log, recorded.state, {
    isRefused: judged.outcome === 'refused',
    data: { board, webhook, delivery: id, kind, status, error, ms }
  })
  return recorded
}

function logAttempt (
  log: Log,
  state: RecordedOutcome['state'],
  { isRefused, data }: { isRefused: boolean, data: object }
): void {
  if (state === 'delivered') log.debug(data, 'webhook delivered')
  else if (state === 'failed') log.warn(data, 'webhook delivery failed for good')
  else if (state !== 'disabled') log.info(data, 'attempt to deliver a webhook failed')
  else if (isRefused) log.warn(data, 'webhook disabled: its receiver answered 410')
  else log.warn(data, 'webhook disabled: every attempt has failed for days')
}
