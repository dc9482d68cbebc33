// The lookup of some users over HTTP.
import { Type } from 'typebox'
import { WindowText, type Boards } from '../../leaderboard/boards/board.ts'
import { rankingAsked } from '../../leaderboard/ranking/ranking.ts'
import { SegmentText } from '../../leaderboard/boards/segment.ts'
import { BoardName, USER_ID_JSON_BYTES, UserId } from '../../leaderboard/identifiers.ts'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { GroupEntryBody, groupEntryBody } from '../../leaderboard/ranking/wire.ts'
import type { Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'

const MAX_USERS = 500
const BODY_LIMIT_BYTES = MAX_USERS * USER_ID_JSON_BYTES + 1024

const LookupBody = Type.Object({
  board: Type.String(),
  window: Type.String(),
  segment: Type.Optional(Type.String()),
  users: Type.Array(GroupEntryBody, { description: "In the board's order" }),
  not_found: Type.Array(Type.String(), { description: 'Those without a score in this window, in the order given' })
})

const schema = {
  summary: "Some users, such as a player's friends: rank on the board and among each other",
  tags: ['read'],
  params: Type.Object({ board: BoardName }),
  body: Type.Object({
    user_ids: Type.Array(UserId, { minItems: 1, maxItems: MAX_USERS, description: 'One named twice is answered once' }),
    window: Type.Optional(WindowText),
    segment: Type.Optional(SegmentText)
  }, { additionalProperties: false }),
  response: { 200: LookupBody, ...PROBLEMS }
}

interface LookupOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly readLookup: Reads['lookup']
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** `POST /v1/boards/{board}/lookup`. */
export function registerLookup (server: Server, { boards, auth, readLookup, now }: LookupOptions): void {
  server.post('/v1/boards/:board/lookup', { schema, bodyLimit: BODY_LIMIT_BYTES }, async (request) => {
    const board = boards.get(request.params.board)
    const ranking = rankingAsked(board, request.body, now())
    auth.mayRead(board, request)
    const userIds = [...new Set(request.body.user_ids)]
    const found = await readLookup(board, ranking, userIds)
    const known = new Set(found.map(({ userId }) => userId))
    return {
      board: board.name,
      ...ranking,
      users: found.map(groupEntryBody),
      not_found: userIds.filter((userId) => !known.has(userId))
    }
  })
}
