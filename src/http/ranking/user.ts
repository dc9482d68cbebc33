// One user over HTTP: score, rank and neighbours.
import { Type } from 'typebox'
import { WindowText, type Boards } from '../../leaderboard/boards/board.ts'
import { rankingAsked } from '../../leaderboard/ranking/ranking.ts'
import { SegmentText } from '../../leaderboard/boards/segment.ts'
import { BoardName, UserId } from '../../leaderboard/identifiers.ts'
import { seesAll } from '../../leaderboard/principal.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { percentileOf } from '../../leaderboard/ranking/order-entries.ts'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { EntryBody, entryBody } from '../../leaderboard/ranking/wire.ts'
import type { Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'

const MAX_AROUND = 50

const UserBody = Type.Object({
  board: Type.String(),
  window: Type.String(),
  segment: Type.Optional(Type.String()),
  user_id: Type.String(),
  username: Type.String(),
  score: Type.Integer(),
  rank: Type.Integer(),
  percentile: Type.Number({
    description: 'Percent of the board whose score this one equals or passes: 100 for the first'
  }),
  total: Type.Integer({ description: 'Users on the board' }),
  neighbours: Type.Array(EntryBody, {
    description: "The user with up to `around` entries on either side, in the board's order"
  })
})

const schema = {
  summary: 'One user: score, rank and neighbours',
  tags: ['read'],
  params: Type.Object({ board: BoardName, user_id: UserId }),
  querystring: Type.Object({
    around: Type.Integer({ minimum: 0, maximum: MAX_AROUND, default: 0 }),
    window: Type.Optional(WindowText),
    segment: Type.Optional(SegmentText)
  }, { additionalProperties: false }),
  response: { 200: UserBody, ...PROBLEMS }
}

interface UserOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly readUser: Reads['user']
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** `GET /v1/boards/{board}/users/{user_id}`. */
export function registerUser (server: Server, { boards, auth, readUser, now }: UserOptions): void {
  server.get('/v1/boards/:board/users/:user_id', { schema }, async (request) => {
    const board = boards.get(request.params.board)
    const ranking = rankingAsked(board, request.query, now())
    const reader = auth.readerOf(board, request)
    const { user_id: userId } = request.params
    const standing = await readUser(board, ranking, {
      userId,
      around: request.query.around,
      reader: reader !== undefined && seesAll(reader, userId) ? 'self' : 'others'
    })
    if (standing === undefined) {
      throw new Problem(
        'unknown_user',
        `This user has no score on the board ${board.name} in the window ${ranking.window}.`
      )
    }
    const { username, score, rank, total, neighbours } = standing
    return {
      board: board.name,
      ...ranking,
      user_id: userId,
      username,
      score,
      rank,
      percentile: percentileOf(rank, total),
      total,
      neighbours: neighbours.map(entryBody)
    }
  })
}
