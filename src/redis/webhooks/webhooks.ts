// Webhooks in Redis: their settings, and the log of their deliveries, through `lua/webhooks/webhook-*.lua`.
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import {
  Attempt,
  DELIVERY_KINDS,
  DeliveryState,
  MAX_PENDING,
  MAX_WEBHOOKS,
  ROTATION_MS,
  WebhookEvent,
  type Delivery,
  type DeliveryKind,
  type DeliveryPlace,
  type WatchedWebhook,
  type Webhook,
  type Webhooks
} from '../../leaderboard/webhooks/webhook.ts'
import { callWrite, SEND_AGAIN } from '../connection.ts'
import { boardKeys, WEBHOOK_BOARDS } from '../keys.ts'
import { bindScript } from '../scripts.ts'
import { checker } from '../../leaderboard/schema.ts'

const Figure = Type.String({ pattern: '^[0-9]+$' })
/** As the scripts keep it, but for the secrets, which are not read here. */
const Stored = Type.Object({
  id: Type.String(),
  url: Type.String(),
  events: Type.Array(WebhookEvent),
  interval: Figure,
  state: Type.Enum(['enabled', 'disabled']),
  created: Figure,
  changed: Figure,
  why: Type.Optional(Type.Enum(['gone', 'failing'])),
  since: Type.Optional(Figure),
  failing_since: Type.Optional(Figure),
  delivered: Type.Optional(Figure),
  old_until: Type.Optional(Figure),
  dropped: Type.Optional(Figure)
})
const FIELDS = Object.keys(Stored.properties)

const isStored = checker(Stored)
const isAttempt = checker(Attempt)
const isState = checker(DeliveryState)

/**
 * The webhooks of boards, each a few keys in the slot of its board. Their secrets are in Redis as they are: whoever
 * reads Redis can sign.
 */
export function createWebhooks (
  { reader, writer, directory }: { reader: Redis, writer: Redis, directory?: URL | undefined }
): Webhooks {
  const word = <const W extends string>(name: string, ...words: W[]) =>
    bindScript(writer, name, { reply: Type.Enum(words), directory })
  const applyWebhook = word('webhooks/webhook-apply', 'created', 'changed', 'gone', 'full')
  const rotateSecret = word('webhooks/webhook-rotate', 'rotated', 'same', 'unknown')
  const enableWebhook = word('webhooks/webhook-enable', 'enabled', 'unknown')
  const removeWebhook = word('webhooks/webhook-remove', 'removed', 'unknown')
  const replayDelivery = word('webhooks/delivery-replay', 'replayed', 'busy', 'full', 'unknown')
  const writing = async <T>(call: () => Promise<T>) => await callWrite(writer, call, SEND_AGAIN)

  return {
    list: async (board) => await readWebhooks(reader, board, await reader.smembers(boardKeys(board).webhooks)),
    one: async (board, name) => (await readWebhooks(reader, board, [name]))[0],
    async apply (board, name, { url, events, secret = '', min_interval_seconds: interval, made }) {
      const { rules, webhooks, webhook } = boardKeys(board)
      return await writing(async () => {
        // Before, so that no worker misses it; and after, should one have found nothing there in between.
        await writer.sadd(WEBHOOK_BOARDS, board)
        const outcome = await applyWebhook([rules, webhooks, webhook(name).settings], [
          name,
          url,
          events.join(','),
          interval,
          secret,
          made,
          randomUUID(),
          MAX_WEBHOOKS,
          ROTATION_MS
        ])
        await writer.sadd(WEBHOOK_BOARDS, board)
        return outcome
      })
    },
    rotate: async (board, name, secret) =>
      await writing(async () => await rotateSecret([boardKeys(board).webhook(name).settings], [secret, ROTATION_MS])),
    async enable (board, name) {
      const { rules, webhook } = boardKeys(board)
      const { settings, due, busy, log } = webhook(name)
      return await writing(async () => await enableWebhook([rules, settings, due, busy, log], []))
    },
    async remove (board, name) {
      const { webhooks, webhook } = boardKeys(board)
      const { done, ...keys } = webhook(name)
      return await writing(async () =>
        await removeWebhook([webhooks, ...Object.values(keys), ...DELIVERY_KINDS.map(done)], [name])
      )
    },
    async deliveries (board, name, { before, limit }) {
      const { due, log, order } = boardKeys(board).webhook(name)
      const places = await placesFrom(reader, order, { before, limit: limit + 1 })
      const page = places.slice(0, limit)
      const deliveries = await Promise.all(page.map(async (place) => await readDelivery(reader, { due, log }, place)))
      return {
        deliveries: deliveries.filter((delivery) => delivery !== undefined),
        next: places.length > limit ? page.at(-1) : undefined
      }
    },
    async replay (board, name, id) {
      const { rules, webhook } = boardKeys(board)
      const { due, busy, log } = webhook(name)
      return await writing(async () => await replayDelivery([rules, due, busy, log], [id, MAX_PENDING]))
    }
  }
}

/** The webhooks of these names that there are, by name. */
export async function readWebhooks (redis: Redis, board: string, names: readonly string[]): Promise<WatchedWebhook[]> {
  const read = await Promise.all(
    names.toSorted().map(async (name) => {
      const keys = boardKeys(board).webhook(name)
      const [values, pending, first, marks] = await Promise.all([
        redis.hmget(keys.settings, ...FIELDS),
        redis.zcard(keys.due),
        redis.zrange(keys.due, '0', '0', 'WITHSCORES'),
        redis.hgetall(keys.marks)
      ])
      return values[0] == null ? undefined : { ...webhookOf(name, values), pending, dueMs: number(first[1]), marks }
    })
  )
  return read.filter((webhook) => webhook !== undefined)
}

function webhookOf (name: string, values: readonly (string | null)[]): Omit<Webhook, 'pending' | 'dueMs'> {
  const stored: Record<string, unknown> = Object.fromEntries(
    FIELDS.map((field, n) => [field, values[n]]).filter(([, value]) => value != null)
  )
  stored['events'] = String(stored['events']).split(',')
  if (!isStored(stored)) throw new Error(`the webhook ${name} is not kept as this version understands it`)
  const { why, since } = stored
  return {
    name,
    id: stored.id,
    url: stored.url,
    events: stored.events,
    minIntervalSeconds: Number(stored.interval),
    disabled: stored.state === 'disabled' && why !== undefined ? { why, sinceMs: Number(since) } : undefined,
    createdMs: Number(stored.created),
    changedMs: Number(stored.changed),
    failingSinceMs: number(stored.failing_since),
    deliveredMs: number(stored.delivered),
    formerSecretUntilMs: number(stored.old_until),
    dropped: Number(stored.dropped ?? 0)
  }
}

/** Places in the log, the newest first; of deliveries made in the same ms those with the higher id. */
async function placesFrom (
  redis: Redis,
  order: string,
  { before, limit }: { before: DeliveryPlace | undefined, limit: number }
): Promise<DeliveryPlace[]> {
  const places: DeliveryPlace[] = []
  let offset = 0
  while (places.length < limit) {
    const cells = await redis.zrange(
      order,
      before?.madeMs ?? '+inf',
      '-inf',
      'BYSCORE',
      'REV',
      'LIMIT',
      offset,
      limit,
      'WITHSCORES'
    )
    const found = Array.from(
      { length: cells.length / 2 },
      (_, n) => ({ id: cells[2 * n]!, madeMs: Number(cells[2 * n + 1]) })
    )
    places.push(...found.filter(({ id, madeMs }) => before === undefined || madeMs < before.madeMs || id < before.id))
    if (found.length < limit) break
    offset += found.length
  }
  return places.slice(0, limit)
}

/** Undefined for one that was forgotten meanwhile. */
async function readDelivery (
  redis: Redis,
  { due, log }: { due: string, log: string },
  { id, madeMs }: DeliveryPlace
): Promise<Delivery | undefined> {
  const [[kind, state, lines], dueAt] = await Promise.all([
    redis.hmget(log, `${id} type`, `${id} state`, `${id} attempts`),
    redis.zscore(due, id)
  ])
  if (kind == null || !isState(state)) return undefined
  const attempts = (lines ?? '').split('\n').filter(Boolean).map((line): unknown => JSON.parse(line))
  return {
    id,
    kind: kind as DeliveryKind,
    state,
    madeMs,
    attempts: attempts.filter((line) => isAttempt(line)),
    dueMs: number(dueAt)
  }
}

function number (text: string | null | undefined): number | undefined {
  return text == null ? undefined : Number(text)
}
