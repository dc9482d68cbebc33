// Grants over HTTP.
import { Type } from 'typebox'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { ActionName, BoardName, UserId } from '../../leaderboard/identifiers.ts'
import { MAX_GRANT_SECONDS, makeGrant } from '../../leaderboard/scoring/grant.ts'
import { requireService, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { GrantTokens } from './grant-token.ts'
import type { Server } from '../server.ts'

const schema = {
  summary: "Create a grant for one action of a user, which the user's client redeems once",
  tags: ['write'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName }),
  body: Type.Object({
    user_id: UserId,
    action: ActionName,
    expires_in: Type.Integer({
      minimum: 1,
      maximum: MAX_GRANT_SECONDS,
      default: 300,
      description: 'Seconds; the longest grants end up to a minute earlier'
    })
  }, { additionalProperties: false }),
  response: {
    200: Type.Object({
      grant: Type.String({ description: 'To be sent as `grant` in an increment' }),
      action_id: Type.String({ description: 'The action that it counts as' }),
      expires_at: Type.String({ description: 'RFC 3339 in UTC' })
    }),
    ...PROBLEMS
  }
}

interface GrantRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly signGrant: GrantTokens['sign']
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
  readonly newId: () => string
}

/**
 * `POST /v1/boards/{board}/grants`. Nothing is stored: a grant is a signed promise, and its action id is what makes
 * it count once.
 */
export function registerGrant (server: Server, { boards, auth, signGrant, now, newId }: GrantRouteOptions): void {
  server.post(
    '/v1/boards/:board/grants',
    { schema, preParsing: [auth.authenticate, requireService] },
    async (request, reply) => {
      const { user_id: userId, action, expires_in: expiresInSeconds } = request.body
      const grant = makeGrant(boards.get(request.params.board), { userId, action, expiresInSeconds }, {
        nowMs: now(),
        actionId: newId()
      })
      reply.header('cache-control', 'no-store')
      return { grant: signGrant(grant), action_id: grant.actionId, expires_at: new Date(grant.expiresMs).toISOString() }
    }
  )
}
