// Increments over HTTP, and the fields that other writes share with them.
import { Type, type TProperties } from 'typebox'
import type { Board, Boards } from '../../leaderboard/boards/board.ts'
import { ActionId, ActionName, BOARD_NAME, BoardName, UserId, Username } from '../../leaderboard/identifiers.ts'
import type { RaiseScore } from '../../leaderboard/scoring/increment.ts'
import type { QueueScore } from '../../leaderboard/scoring/queue.ts'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { Segments } from '../../leaderboard/boards/segment.ts'
import { principalOf, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import { MAX_GRANT_BYTES } from './grant-token.ts'
import { actionIdOf } from './idempotency-key.ts'
import { PREFER, prefersAsync, QueuedBody, replyQueued } from './prefer.ts'
import { allowNoBody, type Server } from '../server.ts'

/** What every answer to a write says, around what was written: a serializer keeps this order. */
export const raisedBody = <Amount extends TProperties>(amount: Amount) =>
  Type.Object({
    board: Type.String(),
    user_id: Type.String(),
    action_id: Type.String(),
    ...amount,
    new_score: Type.Integer({ description: "The score in the board's first window" }),
    applied: Type.Boolean({ description: 'false when the action had counted before' }),
    rank: Type.Optional(Type.Integer({ description: 'the rank now, with include=rank' }))
  })

/** An increment as the API answers it. */
export const IncrementBody = raisedBody({ increment: Type.Integer() })

/** What a write may say of the user and of its season. */
export const ProfileFields = {
  username: Type.Optional(Username),
  segments: Type.Optional(Segments),
  season: Type.Optional(Type.String({ pattern: BOARD_NAME, description: 'The season that a late action belongs to' }))
}

export const IncludeQuery = Type.Object({ include: Type.Optional(Type.Literal('rank')) }, {
  additionalProperties: false
})

/** What a request for an increment may say. */
export const IncrementFields = {
  action_id: Type.Optional(ActionId),
  increment: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Points, 1 by default; not with an action'
    })
  ),
  action: Type.Optional(ActionName),
  grant: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: MAX_GRANT_BYTES,
      description: 'Stands for the action, its points and the action id'
    })
  ),
  user_id: Type.Optional(UserId),
  ...ProfileFields
}

const schema = {
  summary: 'Raise a score, exactly once for each action',
  tags: ['write'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName }),
  querystring: IncludeQuery,
  headers: Type.Object({
    'idempotency-key': Type.Optional(Type.String({ description: 'The action id, where the body has none' })),
    ...PREFER
  }),
  body: Type.Object(IncrementFields, { additionalProperties: false }),
  response: { 200: IncrementBody, 202: QueuedBody, ...PROBLEMS }
}

interface IncrementRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly raiseScore: RaiseScore
  readonly queueScore: QueueScore
  readonly readUser: Reads['user']
}

/** `POST /v1/boards/{board}/increments`. */
export function registerIncrement (
  server: Server,
  { boards, auth, raiseScore, queueScore, readUser }: IncrementRouteOptions
): void {
  server.post(
    '/v1/boards/:board/increments',
    { schema, preParsing: auth.authenticate, preValidation: allowNoBody },
    async (request, reply) => {
      const board = boards.get(request.params.board)
      const { action_id: named, user_id: subject, ...asked } = request.body
      const raise = prefersAsync(request) ? queueScore : raiseScore
      const raised = await raise(board, principalOf(request), {
        userId: subject,
        actionId: actionIdOf(request, named),
        ...asked
      }, { ip: request.ip, requestId: request.id })
      if ('queued' in raised) return replyQueued(reply, board.name, raised)
      const { userId, actionId, increment, score, applied } = raised
      if (!applied) reply.header('idempotency-replayed', 'true')
      const answer = { board: board.name, user_id: userId, action_id: actionId, increment, new_score: score, applied }
      return { ...answer, ...request.query.include === 'rank' && await rankOf(readUser, board, userId) }
    }
  )
}

/**
 * The user's rank for an answer. The point has counted: an answer without the rank is true, and a refusal would not
 * be.
 */
export async function rankOf (readUser: Reads['user'], board: Board, userId: string): Promise<{ rank?: number }> {
  const standing = await readUser(board, { window: board.windows[0]! }, { userId, around: 0, reader: 'self' }).catch(
    () => undefined
  )
  return standing === undefined ? {} : { rank: standing.rank }
}
