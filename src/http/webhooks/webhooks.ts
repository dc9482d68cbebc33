// The webhooks of a board over HTTP: list, make, change, delete.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { BoardName } from '../../leaderboard/identifiers.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { whyNotUrl, type TargetPolicy } from '../../leaderboard/webhooks/webhook-target.ts'
import {
  isSecret,
  MAX_WEBHOOKS,
  secretOf,
  WebhookName,
  WebhookSecret,
  WebhookSettings,
  type Webhook,
  type Webhooks
} from '../../leaderboard/webhooks/webhook.ts'
import { principalOf, requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import { allowNoBody, type Server } from '../server.ts'
import { webhookBody, WebhookBody } from './webhook-body.ts'

const SECRET_BYTES = 32
const PATH = '/v1/boards/:board/webhooks'

const about = { tags: ['webhooks'], security: [{ bearer: [] }] }
const params = Type.Object({ board: BoardName, webhook: WebhookName })

const schemas = {
  all: {
    ...about,
    summary: 'The webhooks of a board',
    params: Type.Object({ board: BoardName }),
    response: { 200: Type.Object({ webhooks: Type.Array(WebhookBody) }), ...PROBLEMS }
  },
  one: { ...about, summary: 'A webhook and how it is doing', params, response: { 200: WebhookBody, ...PROBLEMS } },
  apply: {
    ...about,
    summary: 'Make a webhook, or give it other settings',
    description: 'Deliveries follow the Standard Webhooks specification. Without a secret a new webhook gets one, ' +
      'which only this answer shows, and an old one keeps its own. When the secret changes, both sign for 24 hours.',
    params,
    body: WebhookSettings,
    response: { 200: WebhookBody, 201: WebhookBody, ...PROBLEMS }
  },
  remove: {
    ...about,
    summary: 'Delete a webhook with its deliveries',
    params,
    response: { 204: Type.Null({ description: 'It is gone' }), ...PROBLEMS }
  },
  rotate: {
    ...about,
    summary: 'Give a webhook another secret; the one before signs as well for 24 hours',
    description: 'Without a secret in the body the service makes one, which only this answer shows.',
    params,
    body: Type.Object({ secret: Type.Optional(WebhookSecret) }, { additionalProperties: false }),
    response: { 200: WebhookBody, ...PROBLEMS }
  },
  enable: {
    ...about,
    summary: 'Send again to a webhook that was disabled; what waits is sent at once',
    params,
    response: { 200: WebhookBody, ...PROBLEMS }
  }
}

interface WebhookRoutesOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly webhooks: Webhooks
  readonly policy: TargetPolicy
  readonly randomBytes: (bytes: number) => Buffer
}

/** `/v1/boards/{board}/webhooks`, for administrators. An answer shows a secret only where the request had it made. */
export function registerWebhooks (server: Server, options: WebhookRoutesOptions): void {
  registerReads(server, options)
  registerSettings(server, options)
  registerStates(server, options)
}

function registerReads (server: Server, { boards, auth, webhooks }: WebhookRoutesOptions): void {
  const preParsing = [auth.authenticate, requireAdmin]

  server.get(PATH, { schema: schemas.all, preParsing }, async (request, reply) => {
    const { name } = boards.get(request.params.board)
    reply.header('cache-control', 'no-store')
    return { webhooks: (await webhooks.list(name)).map((webhook) => webhookBody(name, webhook)) }
  })

  server.get(`${PATH}/:webhook`, { schema: schemas.one, preParsing }, async (request, reply) => {
    const { board, webhook } = request.params
    reply.header('cache-control', 'no-store')
    return webhookBody(board, await findWebhook({ boards, webhooks }, board, webhook))
  })
}

/** Makes, changes and deletes webhooks. */
function registerSettings (server: Server, options: WebhookRoutesOptions): void {
  const { boards, auth, webhooks, policy, randomBytes } = options
  const preParsing = [auth.authenticate, requireAdmin]

  server.put(`${PATH}/:webhook`, { schema: schemas.apply, preParsing }, async (request, reply) => {
    const { board, webhook } = request.params
    boards.get(board)
    judgeUrl(request.body.url, policy)
    judgeSecret(request.body.secret)
    const made = secretOf(randomBytes(SECRET_BYTES))
    const outcome = await webhooks.apply(board, webhook, { ...request.body, made })
    if (outcome === 'gone') throw new Problem('unknown_board', `There is no board called ${JSON.stringify(board)}.`)
    if (outcome === 'full') {
      throw new Problem('webhook_limit', `The board ${board} has ${MAX_WEBHOOKS} webhooks, and that is the most.`)
    }
    const isMade = outcome === 'created' && request.body.secret === undefined
    reply.code(outcome === 'created' ? 201 : 200)
    const change = { board, webhook, what: outcome, secret: isMade ? made : undefined }
    return await answerChange({ request, reply, boards, webhooks }, change)
  })

  server.delete(`${PATH}/:webhook`, { schema: schemas.remove, preParsing }, async (request, reply) => {
    const { board, webhook } = request.params
    boards.get(board)
    if (await webhooks.remove(board, webhook) === 'unknown') unknown(board, webhook)
    logChange(request, { board, webhook, what: 'removed' })
    return await reply.code(204).send(null)
  })
}

/** Changes the secret of a webhook, and enables it again. */
function registerStates (server: Server, { boards, auth, webhooks, randomBytes }: WebhookRoutesOptions): void {
  const preParsing = [auth.authenticate, requireAdmin]

  const rotate = { schema: schemas.rotate, preParsing, preValidation: allowNoBody }
  server.post(`${PATH}/:webhook/rotate`, rotate, async (request, reply) => {
    const { board, webhook } = request.params
    boards.get(board)
    judgeSecret(request.body.secret)
    const made = request.body.secret === undefined ? secretOf(randomBytes(SECRET_BYTES)) : undefined
    const outcome = await webhooks.rotate(board, webhook, made ?? request.body.secret!)
    if (outcome === 'unknown') unknown(board, webhook)
    return await answerChange({ request, reply, boards, webhooks }, { board, webhook, what: 'rotated', secret: made })
  })

  server.post(`${PATH}/:webhook/enable`, { schema: schemas.enable, preParsing }, async (request, reply) => {
    const { board, webhook } = request.params
    boards.get(board)
    if (await webhooks.enable(board, webhook) === 'unknown') unknown(board, webhook)
    return await answerChange({ request, reply, boards, webhooks }, { board, webhook, what: 'enabled' })
  })
}

type Stores = Pick<WebhookRoutesOptions, 'boards' | 'webhooks'>

interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

interface Change {
  readonly board: string
  readonly webhook: string
  readonly what: string
  /** A secret that was made for this request. */
  readonly secret?: string | undefined
}

/** Logs a change, and answers with the webhook as it is now. */
async function answerChange (
  { request, reply, ...stores }: Stores & Exchange,
  change: Change
): Promise<WebhookBody> {
  const { board, webhook, secret } = change
  logChange(request, change)
  reply.header('cache-control', 'no-store')
  return webhookBody(board, await findWebhook(stores, board, webhook), secret)
}

function logChange (request: FastifyRequest, { board, webhook, what }: Change): void {
  const data = { board, webhook, what, actor: principalOf(request).userId, requestId: request.id }
  request.log.info(data, 'a webhook was changed')
}

/** A webhook of a board. @throws Problem `unknown_board`, `not_found` */
export async function findWebhook ({ boards, webhooks }: Stores, board: string, name: string): Promise<Webhook> {
  boards.get(board)
  return await webhooks.one(board, name) ?? unknown(board, name)
}

/** Refuses a request for a webhook that the board does not have. @throws Problem `not_found` */
export function unknown (board: string, webhook: string): never {
  throw new Problem('not_found', `The board ${board} has no webhook called ${webhook}.`)
}

function judgeUrl (url: string, policy: TargetPolicy): void {
  const message = whyNotUrl(url, policy)
  if (message === undefined) return
  throw new Problem('invalid_request', `The url ${message}.`, { errors: [{ path: '/url', message }] })
}

function judgeSecret (secret: string | undefined): void {
  if (secret === undefined || isSecret(secret)) return
  const message = 'must be whsec_ and the base64 of 24 to 64 bytes'
  throw new Problem('invalid_request', `The secret ${message}.`, { errors: [{ path: '/secret', message }] })
}
