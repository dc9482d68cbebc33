import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { BoardName } from '../../leaderboard/identifiers.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { whyNotUrl, type TargetPolicy } from '../../leaderboard/webhooks/webhook-target.ts'
import { isSecret, MAX_WEBHOOKS, secretOf, WebhookName, WebhookSecret, WebhookSettings, type Webhook, type Webhooks } from '../../leaderboard/webhooks/webhook.ts'
import { principalOf, requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import { allowNoBody, type Server } from '../server.ts'
import { webhookBody, WebhookBody } from './webhook-body.ts'

const SECRET_BYTES = 32

const about = { tags: ['webhooks'], security: [{ bearer: [] }] }
const params = Type.Object({ board: BoardName, webhook: WebhookName })

const schemas = {
  all: {
    ...about, summary: 'The webhooks of a board', params: Type.Object({ board: BoardName }), response: { 200: Type.Object({ webhooks: Type.Array(WebhookBody) }), ...PROBLEMS }
  },
  one: { ...about, summary: 'A webhook and how it is doing', params, response: { 200: WebhookBody, ...PROBLEMS } },
  apply: {
    ...about,
    summary: 'Make a webhook, or give it other settings',
    description: 'Deliveries follow the Standard Webhooks specification. Without a secret a new webhook gets one, which only this answer shows, and an old one keeps its own. With another secret than before both sign for 24 hours.',
    params,
    body: WebhookSettings,
    response: { 200: WebhookBody, 201: WebhookBody, ...PROBLEMS }
  },
  remove: { ...about, summary: 'Delete a webhook with its deliveries', params, response: { 204: Type.Null({ description: 'It is gone' }), ...PROBLEMS } },
  rotate: {
    ...about,
    summary: 'Give a webhook another secret; the one before signs as well for 24 hours',
    description: 'Without a secret in the body the service makes one, which only this answer shows.',
    params,
    body: Type.Object({ secret: Type.Optional(WebhookSecret) }, { additionalProperties: false }),
    response: { 200: WebhookBody, ...PROBLEMS }
  },
  enable: { ...about, summary: 'Send again to a webhook that was disabled; what waits is sent at once', params, response: { 200: WebhookBody, ...PROBLEMS } }
}

export interface WebhookRoutesOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly webhooks: Webhooks
  readonly policy: TargetPolicy
  readonly randomBytes: (bytes: number) => Buffer
}

/** `/v1/boards/{board}/webhooks`, for administrators. A secret is in no answer but that to whoever had it made. */
export function registerWebhooks (server: Server, { boards, auth, webhooks, policy, randomBytes }: WebhookRoutesOptions): void {
  const path = '/v1/boards/:board/webhooks'
  const preParsing = [auth.authenticate, requireAdmin]
  const made = () => secretOf(randomBytes(SECRET_BYTES))

  /** @throws Problem `unknown_board`, `not_found` */
  async function find (board: string, name: string): Promise<Webhook> {
    boards.get(board)
    return await webhooks.one(board, name) ?? unknown(board, name)
  }
  async function answer (request: FastifyRequest, reply: FastifyReply, { board, webhook, secret, what }: { board: string, webhook: string, secret?: string | undefined, what?: string }): Promise<WebhookBody> {
    if (what !== undefined) request.log.info({ board, webhook, what, actor: principalOf(request).userId, requestId: request.id }, 'a webhook was changed')
    reply.header('cache-control', 'no-store')
    return webhookBody(board, await find(board, webhook), secret)
  }

  server.get(path, { schema: schemas.all, preParsing }, async (request, reply) => {
    const { name } = boards.get(request.params.board)
    reply.header('cache-control', 'no-store')
    return { webhooks: (await webhooks.list(name)).map((webhook) => webhookBody(name, webhook)) }
  })

  server.get(`${path}/:webhook`, { schema: schemas.one, preParsing }, async (request, reply) => await answer(request, reply, request.params))

  server.put(`${path}/:webhook`, { schema: schemas.apply, preParsing }, async (request, reply) => {
    const { board, webhook } = request.params
    boards.get(board)
    judgeUrl(request.body.url, policy)
    judgeSecret(request.body.secret)
    const secret = made()
    const outcome = await webhooks.apply(board, webhook, { ...request.body, made: secret })
    if (outcome === 'gone') throw new Problem('unknown_board', `There is no board called ${JSON.stringify(board)}.`)
    if (outcome === 'full') throw new Problem('webhook_limit', `The board ${board} has ${MAX_WEBHOOKS} webhooks, and that is the most.`)
    const isMade = outcome === 'created' && request.body.secret === undefined
    return await answer(request, reply.code(outcome === 'created' ? 201 : 200), { board, webhook, secret: isMade ? secret : undefined, what: outcome })
  })

  server.delete(`${path}/:webhook`, { schema: schemas.remove, preParsing }, async (request, reply) => {
    const { board, webhook } = request.params
    boards.get(board)
    if (await webhooks.remove(board, webhook) === 'unknown') unknown(board, webhook)
    request.log.info({ board, webhook, what: 'removed', actor: principalOf(request).userId, requestId: request.id }, 'a webhook was changed')
    return await reply.code(204).send(null)
  })

  server.post(`${path}/:webhook/rotate`, { schema: schemas.rotate, preParsing, preValidation: allowNoBody }, async (request, reply) => {
    const { board, webhook } = request.params
    boards.get(board)
    judgeSecret(request.body.secret)
    const secret = request.body.secret ?? made()
    if (await webhooks.rotate(board, webhook, secret) === 'unknown') unknown(board, webhook)
    return await answer(request, reply, { board, webhook, secret: request.body.secret === undefined ? secret : undefined, what: 'rotated' })
  })

  server.post(`${path}/:webhook/enable`, { schema: schemas.enable, preParsing }, async (request, reply) => {
    const { board, webhook } = request.params
    boards.get(board)
    if (await webhooks.enable(board, webhook) === 'unknown') unknown(board, webhook)
    return await answer(request, reply, { board, webhook, what: 'enabled' })
  })
}

/** @throws Problem `not_found` */
export function unknown (board: string, webhook: string): never {
  throw new Problem('not_found', `The board ${board} has no webhook called ${webhook}.`)
}

function judgeUrl (url: string, policy: TargetPolicy): void {
  const message = whyNotUrl(url, policy)
  if (message !== undefined) throw new Problem('invalid_request', `The url ${message}.`, { errors: [{ path: '/url', message }] })
}

function judgeSecret (secret: string | undefined): void {
  if (secret === undefined || isSecret(secret)) return
  const message = 'must be whsec_ and the base64 of 24 to 64 bytes'
  throw new Problem('invalid_request', `The secret ${message}.`, { errors: [{ path: '/secret', message }] })
}
