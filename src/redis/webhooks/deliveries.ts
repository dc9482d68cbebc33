import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import { FAILING_MS } from '../../leaderboard/webhooks/webhook-schedule.ts'
import { MAX_PENDING, type Deliveries, type Taken } from '../../leaderboard/webhooks/webhook.ts'
import { DAY_MS } from '../../leaderboard/boards/window.ts'
import { callWrite } from '../connection.ts'
import { boardKeys, WEBHOOK_BOARDS } from '../keys.ts'
import { createLeases } from '../boards/lease.ts'
import { bindScript } from '../scripts.ts'
import { readWebhooks } from './webhooks.ts'

/** Deliveries of one webhook and kind that have ended and can be looked at, and for how long. */
const KEPT = 200
const KEPT_MS = 7 * DAY_MS
/** Attempts under way at one receiver, over all workers. */
export const MAX_CONCURRENT = 4

const UNKNOWN = 'No answer came from the score store. What was asked for may be done.'

const Figure = Type.String({ pattern: '^[0-9]+$' })
const Words = Type.Array(Type.String(), { minItems: 1 })

/** The deliveries of webhooks, kept in the slots of their boards; whoever claims one is the only one who sends it, until the claim runs out. */
export function createDeliveries ({ reader, writer, directory }: { reader: Redis, writer: Redis, directory?: URL | undefined }): Deliveries {
  const leases = createLeases(writer, directory)
  const putDelivery = bindScript(writer, 'webhooks/delivery-put', { reply: Type.Enum(['put', 'replaced', 'known', 'early', 'busy', 'full', 'gone']), directory })
  const takeDelivery = bindScript(writer, 'webhooks/delivery-take', { reply: Words, directory })
  const settleDelivery = bindScript(writer, 'webhooks/delivery-settle', {
    reply: Type.Tuple([Type.Enum(['done', 'retry', 'failed', 'disabled', 'lost', 'released']), Figure]), directory
  })
  const worker = randomUUID()

  return {
    boards: async () => await reader.smembers(WEBHOOK_BOARDS),
    lease: async (board, lastsMs) => await leases.hold(boardKeys(board).publisher, worker, lastsMs),
    release: async (board) => await leases.release(boardKeys(board).publisher, worker),
    watch: async (board) => await readWebhooks(reader, board, await reader.smembers(boardKeys(board).webhooks)),
    async put (board, { name, id: webhookId }, { id, kind, body, mark, newest = false }) {
      const { rules, webhook } = boardKeys(board)
      const { settings, due, busy, log, order, marks, done } = webhook(name)
      return await callWrite(writer, async () => await putDelivery([rules, settings, due, busy, log, order, done(kind), marks],
        [webhookId, id, kind, body, mark?.field ?? '', mark?.value ?? '', newest ? '1' : '0', MAX_PENDING, KEPT, KEPT_MS]), UNKNOWN)
    },
    async take (board, name, claimMs): Promise<Taken> {
      const { rules, webhook } = boardKeys(board)
      const { settings, due, busy, log } = webhook(name)
      const [word, ...words] = await takeDelivery([rules, settings, due, busy, log], [claimMs, MAX_CONCURRENT])
      if (word === 'wait') return { waitUntilMs: Number(words[0]) }
      if (word !== 'take') return undefined
      const [id, token, body, round, atMs, url, ...secrets] = words as [string, string, string, string, string, string, ...string[]]
      const { type } = JSON.parse(body)
      return { id, kind: type, token, body, round: Number(round), atMs: Number(atMs), url, secrets: secrets.filter(Boolean) }
    },
    async settle (board, name, { id, token, kind }, { outcome, attempt: tried, delayMs, restMs = 0 }) {
      const { rules, webhook } = boardKeys(board)
      const { settings, due, busy, log, order, done } = webhook(name)
      const [word, dueAt] = await settleDelivery([rules, settings, due, busy, log, order, done(kind)],
        [id, token, outcome, tried === undefined ? '' : JSON.stringify(tried), delayMs ?? '', restMs, FAILING_MS, KEPT, KEPT_MS])
      return { word, dueMs: dueAt === '0' ? undefined : Number(dueAt) }
    }
  }
}
