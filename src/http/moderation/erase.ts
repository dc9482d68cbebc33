// The removal of a user from a board, and from all boards, over HTTP.
import { Type } from 'typebox'
import { Reason } from '../../leaderboard/moderation/ban.ts'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { BoardName, UserId } from '../../leaderboard/identifiers.ts'
import type { Moderation } from '../../leaderboard/moderation/moderation.ts'
import { requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import { moderatorOf } from './moderator.ts'
import { allowNoBody, type Server } from '../server.ts'

const Body = Type.Object({ reason: Type.Optional(Reason) }, { additionalProperties: false })
const shared = { tags: ['moderation'], security: [{ bearer: [] }], body: Body }

const remove = {
  ...shared,
  summary: 'Remove a user from a board, in every window and segment that is kept',
  params: Type.Object({ board: BoardName, user_id: UserId }),
  response: {
    200: Type.Object({
      board: Type.String(),
      user_id: Type.String(),
      removed: Type.Boolean({ description: 'false where the user was not on the board' })
    }),
    ...PROBLEMS
  }
}

const erase = {
  ...shared,
  summary: 'Erase a user on all boards: scores, name, segments and bans',
  description:
    'The ledger keeps what happened until then, and gets a last entry of the kind erase; so do the records by which an action counts once, which hold no name.',
  params: Type.Object({ user_id: UserId }),
  response: {
    200: Type.Object({
      user_id: Type.String(),
      boards: Type.Array(Type.String(), { description: 'Those that knew the user' })
    }),
    ...PROBLEMS
  }
}

/** `DELETE /v1/boards/{board}/users/{user_id}` and `DELETE /v1/users/{user_id}`, for administrators. */
export function registerErase (
  server: Server,
  { boards, auth, moderation }: { boards: Boards, auth: Auth, moderation: Moderation }
): void {
  const preParsing = [auth.authenticate, requireAdmin]

  server.delete(
    '/v1/boards/:board/users/:user_id',
    { schema: remove, preParsing, preValidation: allowNoBody },
    async (request) => {
      const { board, user_id: userId } = request.params
      return {
        board,
        user_id: userId,
        removed: await moderation.removeUser(boards.get(board), moderatorOf(request), userId, request.body.reason)
      }
    }
  )

  server.delete('/v1/users/:user_id', { schema: erase, preParsing, preValidation: allowNoBody }, async (request) => {
    const { user_id: userId } = request.params
    return { user_id: userId, boards: await moderation.erase(moderatorOf(request), userId, request.body.reason) }
  })
}
