// The deliveries of a webhook over HTTP: its log, a replay, a test.
import { Type } from 'typebox'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { BoardName } from '../../leaderboard/identifiers.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { webhookTest } from '../../leaderboard/webhooks/webhook-event.ts'
import { checker } from '../../leaderboard/schema.ts'
import {
  MAX_PENDING,
  WebhookName,
  type Deliveries,
  type DeliveryPlace,
  type Webhook,
  type Webhooks
} from '../../leaderboard/webhooks/webhook.ts'
import { requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'
import { DeliveryBody, deliveryBody } from './webhook-body.ts'
import { findWebhook, unknown } from './webhooks.ts'

const about = { tags: ['webhooks'], security: [{ bearer: [] }] }
const params = Type.Object({ board: BoardName, webhook: WebhookName })
const Accepted = Type.Object({ id: Type.String({ description: 'The webhook-id of the delivery' }) })

const schemas = {
  list: {
    ...about,
    summary: "The log of a webhook's deliveries, the newest first",
    description: 'Those that wait, and of each kind of event the last 200 that have ended, for a week.',
    params,
    querystring: Type.Object({
      limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
      cursor: Type.Optional(Type.String({
        maxLength: 512,
        pattern: '^[A-Za-z0-9_-]+$',
        description: 'The next_cursor of the page before'
      }))
    }, { additionalProperties: false }),
    response: {
      200: Type.Object({
        deliveries: Type.Array(DeliveryBody),
        next_cursor: Type.Union([Type.String(), Type.Null()])
      }),
      ...PROBLEMS
    }
  },
  replay: {
    ...about,
    summary: 'Send a delivery again, with the same webhook-id',
    params: Type.Object({ ...params.properties, delivery: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }) }),
    response: { 202: Accepted, ...PROBLEMS }
  },
  test: {
    ...about,
    summary: 'Send a webhook.test, to see that deliveries arrive',
    params,
    response: { 202: Accepted, ...PROBLEMS }
  }
}

interface WebhookDeliveryRoutesOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly webhooks: Webhooks
  readonly enqueue: Deliveries['enqueue']
  readonly newId: () => string
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/**
 * `/v1/boards/{board}/webhooks/{webhook}/deliveries` and `/test`, for administrators. A worker sends a replay or a test
 * within a second.
 */
export function registerWebhookDeliveries (
  server: Server,
  { boards, auth, webhooks, enqueue, newId, now }: WebhookDeliveryRoutesOptions
): void {
  const path = '/v1/boards/:board/webhooks/:webhook'
  const preParsing = [auth.authenticate, requireAdmin]
  const find = async (board: string, name: string) => await findWebhook({ boards, webhooks }, board, name)

  server.get(`${path}/deliveries`, { schema: schemas.list, preParsing }, async (request, reply) => {
    const { board, webhook } = request.params
    await find(board, webhook)
    const { limit, cursor } = request.query
    const before = cursor === undefined ? undefined : readCursor([board, webhook], cursor)
    const { deliveries, next } = await webhooks.deliveries(board, webhook, { before, limit })
    reply.header('cache-control', 'no-store')
    return {
      deliveries: deliveries.map(deliveryBody),
      next_cursor: next === undefined ? null : writeCursor([board, webhook], next)
    }
  })

  server.post(`${path}/deliveries/:delivery/replay`, { schema: schemas.replay, preParsing }, async (request, reply) => {
    const { board, webhook, delivery } = request.params
    judgeEnabled(await find(board, webhook))
    const outcome = await webhooks.replay(board, webhook, delivery)
    if (outcome === 'unknown') {
      throw new Problem('not_found', `The log of the webhook ${webhook} has no delivery ${delivery}.`)
    }
    if (outcome === 'full') throw webhookFull(webhook)
    return await reply.code(202).send({ id: delivery })
  })

  server.post(`${path}/test`, { schema: schemas.test, preParsing }, async (request, reply) => {
    const { board, webhook: name } = request.params
    const webhook = await find(board, name)
    judgeEnabled(webhook)
    const test = webhookTest(board, name, { id: newId(), nowMs: now() })
    const outcome = await enqueue(board, webhook, test)
    if (outcome === 'gone') unknown(board, name)
    if (outcome === 'full') throw webhookFull(name)
    return await reply.code(202).send({ id: test.id })
  })
}

/** @throws Problem `webhook_disabled` */
function judgeEnabled ({ name, disabled }: Webhook): void {
  if (disabled === undefined) return
  throw new Problem('webhook_disabled', `The webhook ${name} is disabled: nothing is sent to it until it is enabled.`)
}

function webhookFull (webhook: string): Problem {
  return new Problem('webhook_limit', `${MAX_PENDING} deliveries of the webhook ${webhook} wait already.`)
}

const Cursor = Type.Tuple([Type.String(), Type.String(), Type.Integer({ minimum: 0 }), Type.String()])
const isCursor = checker(Cursor)

function writeCursor (of: readonly [board: string, webhook: string], { madeMs, id }: DeliveryPlace): string {
  return Buffer.from(JSON.stringify([...of, madeMs, id])).toString('base64url')
}

/** Reads a cursor of this log. @throws Problem `invalid_request` for another text */
function readCursor ([board, webhook]: readonly [board: string, webhook: string], text: string): DeliveryPlace {
  let content: unknown
  try {
    content = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {}
  if (isCursor(content) && content[0] === board && content[1] === webhook) return { madeMs: content[2], id: content[3] }
  throw new Problem('invalid_request', 'Invalid cursor: pass the next_cursor of a page of this webhook.', {
    errors: [{ path: 'cursor', message: 'must be a next_cursor' }]
  })
}
