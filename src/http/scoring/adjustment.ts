// Corrections of a score over HTTP.
import { Type } from 'typebox'
import { Reason } from '../../leaderboard/moderation/ban.ts'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { ActionId, BoardName, UserId } from '../../leaderboard/identifiers.ts'
import type { Moderation } from '../../leaderboard/moderation/moderation.ts'
import { MAX_SCORE } from '../../leaderboard/boards/rules.ts'
import { requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import { actionIdOf } from './idempotency-key.ts'
import { moderatorOf } from '../moderation/moderator.ts'
import type { Server } from '../server.ts'

const increment = Type.Optional(Type.Integer({
  minimum: -MAX_SCORE,
  maximum: MAX_SCORE,
  description: 'Points up or down, on a board that adds points: in every running window; none falls below 0'
}))
const score = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: MAX_SCORE,
    description: 'The score from now on in every running window, on a board that keeps the best or the latest'
  })
)

const schema = {
  summary: 'Correct a score, exactly once for each action',
  description: 'Counts for banned users too: on the scores that they get back.',
  tags: ['moderation'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName }),
  headers: Type.Object({
    'idempotency-key': Type.Optional(Type.String({ description: 'The action id, where the body has none' }))
  }),
  body: Type.Object({ action_id: Type.Optional(ActionId), user_id: UserId, increment, score, reason: Reason }, {
    additionalProperties: false
  }),
  response: {
    200: Type.Object({
      board: Type.String(),
      user_id: Type.String(),
      action_id: Type.String(),
      increment,
      score,
      new_score: Type.Integer({ description: "The score in the board's first window" }),
      applied: Type.Boolean({ description: 'false when the action had counted before' })
    }),
    ...PROBLEMS
  }
}

/** `POST /v1/boards/{board}/adjustments`, for administrators. */
export function registerAdjustment (
  server: Server,
  { boards, auth, moderation }: { boards: Boards, auth: Auth, moderation: Moderation }
): void {
  server.post(
    '/v1/boards/:board/adjustments',
    { schema, preParsing: [auth.authenticate, requireAdmin] },
    async (request, reply) => {
      const board = boards.get(request.params.board)
      const { action_id: named, user_id: subject, increment, score: wanted, reason } = request.body
      const { userId, actionId, score, applied } = await moderation.adjust(board, moderatorOf(request), {
        userId: subject,
        actionId: actionIdOf(request, named),
        increment,
        score: wanted,
        reason
      })
      if (!applied) reply.header('idempotency-replayed', 'true')
      const amount = increment === undefined ? { score: wanted! } : { increment }
      return { board: board.name, user_id: userId, action_id: actionId, ...amount, new_score: score, applied }
    }
  )
}
