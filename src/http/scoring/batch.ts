// Batches of increments over HTTP.
import { Type, type Static } from 'typebox'
import { raiseAll, type BatchResult, type NamedRequest } from '../../leaderboard/scoring/batch.ts'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { MAX_SCORE } from '../../leaderboard/boards/rules.ts'
import { BoardName, UserId } from '../../leaderboard/identifiers.ts'
import type { RaiseScore } from '../../leaderboard/scoring/increment.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { principalOf, requireService, type Auth } from '../auth.ts'
import { logProblem, PROBLEMS } from '../errors.ts'
import { actionIdOf } from './idempotency-key.ts'
import { IncrementBody, IncrementFields } from './increment.ts'
import type { Server } from '../server.ts'

const MAX_ITEMS = 1000
const BODY_LIMIT_BYTES = 256 * 1024

const Item = Type.Object({
  ...IncrementFields,
  score: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_SCORE,
      description: 'Instead of points, on a board that keeps the best or the latest score'
    })
  ),
  user_id: UserId
}, { additionalProperties: false })

// One shape for both kinds of result: the serializer would try a choice of two on every item.
const { board, user_id: userId, action_id: actionId, increment, new_score: newScore, applied } =
  IncrementBody.properties
const Result = Type.Object({
  status: Type.Integer({
    description: "200 with the fields of an increment's answer, or that of a refusal with `code` and `detail`"
  }),
  board: Type.Optional(board),
  user_id: Type.Optional(userId),
  action_id: Type.Optional(actionId),
  increment: Type.Optional(increment),
  score: Type.Optional(Type.Integer({ description: 'Instead of the increment, where one was submitted' })),
  new_score: Type.Optional(newScore),
  applied: Type.Optional(applied),
  code: Type.Optional(Type.String({ description: 'As in an answer of that status' })),
  detail: Type.Optional(Type.String()),
  retry_after: Type.Optional(Type.Integer({ description: 'Seconds, with 429 and 503' }))
})

const schema = {
  summary: 'Raise up to 1,000 scores, each exactly once and independent of the others',
  tags: ['write'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName }),
  body: Type.Object({
    increments: Type.Array(Item, {
      minItems: 1,
      maxItems: MAX_ITEMS,
      description: 'Give each its action_id: only then may the batch be sent again'
    })
  }, { additionalProperties: false }),
  response: {
    200: Type.Object({ results: Type.Array(Result, { description: 'In the order of the increments' }) }),
    ...PROBLEMS
  }
}

interface BatchRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly raiseScore: RaiseScore
  readonly newId: () => string
}

/** `POST /v1/boards/{board}/increments/batch`, for services. */
export function registerBatch (server: Server, { boards, auth, raiseScore, newId }: BatchRouteOptions): void {
  const options = { schema, bodyLimit: BODY_LIMIT_BYTES, preParsing: [auth.authenticate, requireService] }
  server.post('/v1/boards/:board/increments/batch', options, async (request) => {
    const board = boards.get(request.params.board)
    if (actionIdOf(request, undefined) !== undefined) throw oneKeyForMany()
    const requests = request.body.increments.map((item) => requestOf(item, newId))
    const results = await raiseAll(raiseScore, requests, {
      board,
      principal: principalOf(request),
      origin: { ip: request.ip, requestId: request.id }
    })
    const failure = results.find((result) => result instanceof Problem && result.statusCode >= 500)
    if (failure instanceof Problem) logProblem(failure, request)
    return { results: results.map((result, n) => resultBody(board.name, requests[n]!, result)) }
  })
}

function requestOf (
  { user_id: userId, action_id: actionId, grant, ...more }: Static<typeof Item>,
  newId: () => string
): NamedRequest {
  return grant === undefined ? { ...more, userId, actionId: actionId ?? newId() } : { ...more, userId, actionId, grant }
}

function resultBody (
  board: string,
  { actionId, score: submitted }: NamedRequest,
  result: BatchResult
): Static<typeof Result> {
  if (result instanceof Problem) {
    const { statusCode: status, code, message: detail, headers } = result
    const retryAfter = headers['retry-after']
    return {
      status,
      code,
      detail,
      ...(actionId !== undefined && { action_id: actionId }),
      ...(retryAfter !== undefined && { retry_after: Number(retryAfter) })
    }
  }
  const { userId, actionId: countedAs, increment, score, applied } = result
  const amount = submitted === undefined ? { increment } : { score: increment }
  return { status: 200, board, user_id: userId, action_id: countedAs, ...amount, new_score: score, applied }
}

function oneKeyForMany (): Problem {
  const message = 'names one action and a batch has many: give each its action_id'
  return new Problem('invalid_request', `The header Idempotency-Key ${message}.`, {
    errors: [{ path: 'Idempotency-Key', message }]
  })
}
