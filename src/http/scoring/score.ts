// Submitted scores over HTTP.
import { Type } from 'typebox'
import { MAX_SCORE } from '../../leaderboard/boards/rules.ts'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { ActionId, BoardName, UserId } from '../../leaderboard/identifiers.ts'
import type { RaiseScore } from '../../leaderboard/scoring/increment.ts'
import type { QueueScore } from '../../leaderboard/scoring/queue.ts'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { principalOf, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import { actionIdOf } from './idempotency-key.ts'
import { IncludeQuery, ProfileFields, raisedBody, rankOf } from './increment.ts'
import { PREFER, prefersAsync, QueuedBody, replyQueued } from './prefer.ts'
import type { Server } from '../server.ts'

const ScoreBody = raisedBody({
  score: Type.Integer({ description: 'The score that was submitted' })
})

const schema = {
  summary: 'Submit a score to a board that keeps the best or the latest, exactly once for each action',
  tags: ['write'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName }),
  querystring: IncludeQuery,
  headers: Type.Object({
    'idempotency-key': Type.Optional(Type.String({ description: 'The action id, where the body has none' })),
    ...PREFER
  }),
  body: Type.Object({
    action_id: Type.Optional(ActionId),
    score: Type.Integer({ minimum: 0, maximum: MAX_SCORE }),
    user_id: Type.Optional(UserId),
    ...ProfileFields
  }, { additionalProperties: false }),
  response: { 200: ScoreBody, 202: QueuedBody, ...PROBLEMS }
}

interface ScoreRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly raiseScore: RaiseScore
  readonly queueScore: QueueScore
  readonly readUser: Reads['user']
}

/** `POST /v1/boards/{board}/scores`. */
export function registerScore (
  server: Server,
  { boards, auth, raiseScore, queueScore, readUser }: ScoreRouteOptions
): void {
  server.post('/v1/boards/:board/scores', { schema, preParsing: auth.authenticate }, async (request, reply) => {
    const board = boards.get(request.params.board)
    const { action_id: named, user_id: subject, ...asked } = request.body
    const raise = prefersAsync(request) ? queueScore : raiseScore
    const raised = await raise(board, principalOf(request), {
      userId: subject,
      actionId: actionIdOf(request, named),
      ...asked
    }, { ip: request.ip, requestId: request.id })
    if ('queued' in raised) return replyQueued(reply, board.name, raised)
    const { userId, actionId, increment: submitted, score, applied } = raised
    if (!applied) reply.header('idempotency-replayed', 'true')
    const answer = {
      board: board.name,
      user_id: userId,
      action_id: actionId,
      score: submitted,
      new_score: score,
      applied
    }
    return { ...answer, ...request.query.include === 'rank' && await rankOf(readUser, board, userId) }
  })
}
