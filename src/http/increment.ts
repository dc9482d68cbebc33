import { Type } from 'typebox'
import type { Boards } from '../leaderboard/board.ts'
import { ActionId, ActionName, BoardName, UserId } from '../leaderboard/identifiers.ts'
import type { RaiseScore } from '../leaderboard/increment.ts'
import type { Reads } from '../leaderboard/reads.ts'
import { principalOf, type Auth } from './auth.ts'
import { PROBLEMS } from './errors.ts'
import { MAX_GRANT_BYTES } from './grant-token.ts'
import { actionIdOf } from './idempotency-key.ts'
import { allowNoBody, type Server } from './server.ts'

/** An increment as the API answers it, and as its receipt shows it again. */
export const IncrementBody = Type.Object({
  board: Type.String(),
  user_id: Type.String(),
  action_id: Type.String(),
  increment: Type.Integer(),
  new_score: Type.Integer(),
  applied: Type.Boolean({ description: 'false when the action had counted before' }),
  rank: Type.Optional(Type.Integer({ description: 'the rank now, with include=rank' }))
})

/** What a request for an increment may say. */
export const IncrementFields = {
  action_id: Type.Optional(ActionId),
  increment: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Points, 1 by default; not with an action' })),
  action: Type.Optional(ActionName),
  grant: Type.Optional(Type.String({ minLength: 1, maxLength: MAX_GRANT_BYTES, description: 'Stands for the action, its points and the action id' })),
  user_id: Type.Optional(UserId)
}

const schema = {
  summary: 'Raise a score, exactly once for each action',
  tags: ['write'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName }),
  querystring: Type.Object({ include: Type.Optional(Type.Literal('rank')) }, { additionalProperties: false }),
  headers: Type.Object({ 'idempotency-key': Type.Optional(Type.String({ description: 'The action id, where the body has none' })) }),
  body: Type.Object(IncrementFields, { additionalProperties: false }),
  response: { 200: IncrementBody, ...PROBLEMS }
}

export interface IncrementRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly raiseScore: RaiseScore
  readonly readUser: Reads['user']
}

export function registerIncrement (server: Server, { boards, auth, raiseScore, readUser }: IncrementRouteOptions): void {
  server.post('/v1/boards/:board/increments', { schema, preParsing: auth.authenticate, preValidation: allowNoBody }, async (request, reply) => {
    const board = boards.get(request.params.board)
    const { body } = request
    const raised = await raiseScore(board, principalOf(request), {
      userId: body.user_id, actionId: actionIdOf(request, body.action_id), increment: body.increment, action: body.action, grant: body.grant
    }, { ip: request.ip, requestId: request.id })
    const { userId, actionId, increment, score, applied } = raised
    if (!applied) reply.header('idempotency-replayed', 'true')
    const answer = { board: board.name, user_id: userId, action_id: actionId, increment, new_score: score, applied }
    if (request.query.include !== 'rank') return answer
    // The point has counted: an answer without the rank is true, and a refusal would not be.
    const standing = await readUser(board, { window: board.windows[0]! }, { userId, around: 0 }).catch(() => undefined)
    return standing === undefined ? answer : { ...answer, rank: standing.rank }
  })
}
