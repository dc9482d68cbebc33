// Deliveries of webhooks in Redis, through `lua/webhooks/delivery-*.lua`.
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import { DAY_MS } from '../../leaderboard/boards/window.ts'
import { FAILING_MS } from '../../leaderboard/webhooks/webhook-schedule.ts'
import { MAX_PENDING, type Claim, type Deliveries } from '../../leaderboard/webhooks/webhook.ts'
import { createLeases } from '../boards/lease.ts'
import { callWrite } from '../connection.ts'
import { boardKeys, WEBHOOK_BOARDS } from '../keys.ts'
import { bindScript } from '../scripts.ts'
import { readWebhooks } from './webhooks.ts'

/** Deliveries of one webhook and kind that have ended and can be listed, and for how long. */
const MAX_DONE = 200
const KEEP_MS = 7 * DAY_MS
/** Attempts under way at one receiver, over all workers. */
const MAX_BUSY = 4

const UNKNOWN = 'No answer came from the score store. What was asked for may be done.'

const Figure = Type.String({ pattern: '^[0-9]+$' })
const Words = Type.Array(Type.String(), { minItems: 1 })
const Enqueued = Type.Enum(['enqueued', 'replaced', 'known', 'early', 'busy', 'full', 'gone'])
const Recorded = Type.Tuple([Type.Enum(['delivered', 'retry', 'failed', 'disabled', 'lost', 'released']), Figure])

/**
 * Makes the store of deliveries. They are kept in the slots of their boards. A worker that claims a delivery is the
 * only one that sends it, until the claim runs out.
 */
export function createDeliveries (
  { reader, writer, directory }: { reader: Redis, writer: Redis, directory?: URL | undefined }
): Deliveries {
  const leases = createLeases(writer, directory)
  const enqueueDelivery = bindScript(writer, 'webhooks/delivery-enqueue', { reply: Enqueued, directory })
  const claimDelivery = bindScript(writer, 'webhooks/delivery-claim', { reply: Words, directory })
  const recordDelivery = bindScript(writer, 'webhooks/delivery-record', { reply: Recorded, directory })
  const worker = randomUUID()

  return {
    boards: async () => await reader.smembers(WEBHOOK_BOARDS),
    lease: async (board, lastsMs) => await leases.hold(boardKeys(board).publisher, worker, lastsMs),
    release: async (board) => await leases.release(boardKeys(board).publisher, worker),
    webhooks: async (board) => await readWebhooks(reader, board, await reader.smembers(boardKeys(board).webhooks)),
    async enqueue (board, { name, id: webhookId }, { id, kind, body, mark, newest = false }) {
      const { rules, webhook } = boardKeys(board)
      const { settings, due, busy, log, order, marks, done } = webhook(name)
      const keys = { rules, hook: settings, due, busy, log, order, done: done(kind), marks }
      const args = {
        hook_id: webhookId,
        id,
        kind,
        body,
        field: mark?.field ?? '',
        mark: mark?.value ?? '',
        newest: newest ? '1' : '0',
        max_pending: MAX_PENDING,
        max_done: MAX_DONE,
        keep_ms: KEEP_MS
      }
      return await callWrite(writer, async () => await enqueueDelivery(keys, args), UNKNOWN)
    },
    async claim (board, name, claimMs): Promise<Claim> {
      const { rules, webhook } = boardKeys(board)
      const { settings, due, busy, log } = webhook(name)
      const [word, ...words] = await claimDelivery({ rules, hook: settings, due, busy, log }, {
        claim_ms: claimMs,
        max_busy: MAX_BUSY
      })
      if (word === 'wait') return { waitUntilMs: Number(words[0]) }
      if (word !== 'claimed') return undefined
      const [id, token, body, round, atMs, url, ...secrets] = words as [
        string,
        string,
        string,
        string,
        string,
        string,
        ...string[]
      ]
      const { type } = JSON.parse(body)
      return {
        id,
        kind: type,
        token,
        body,
        round: Number(round),
        atMs: Number(atMs),
        url,
        secrets: secrets.filter(Boolean)
      }
    },
    async recordOutcome (board, name, { id, token, kind }, { outcome, attempt: attempted, delayMs, restMs = 0 }) {
      const { rules, webhook } = boardKeys(board)
      const { settings, due, busy, log, order, done } = webhook(name)
      const [state, dueAt] = await recordDelivery({ rules, hook: settings, due, busy, log, order, done: done(kind) }, {
        id,
        token,
        outcome,
        attempt: attempted === undefined ? '' : JSON.stringify(attempted),
        delay_ms: delayMs ?? '',
        rest_ms: restMs,
        failing_ms: FAILING_MS,
        max_done: MAX_DONE,
        keep_ms: KEEP_MS
      })
      return { state, dueMs: dueAt === '0' ? undefined : Number(dueAt) }
    }
  }
}
