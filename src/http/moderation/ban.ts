// Bans over HTTP, on one board and on all boards.
import { Type, type Static } from 'typebox'
import { BanRequest, Reason, type BannedUser } from '../../leaderboard/moderation/ban.ts'
import type { Board, Boards } from '../../leaderboard/boards/board.ts'
import { BoardName, UserId } from '../../leaderboard/identifiers.ts'
import type { Moderation, ReadBans } from '../../leaderboard/moderation/moderation.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import { moderatorOf } from './moderator.ts'
import { allowNoBody, type Server } from '../server.ts'

const BanBody = Type.Object({
  user_id: Type.String(),
  reason: Type.String(),
  until: Type.Union([Type.String(), Type.Null()], { description: 'RFC 3339 in UTC; null for never' }),
  shadow: Type.Boolean(),
  actor: Type.String({ description: 'Who has banned the user' }),
  since: Type.String({ description: 'RFC 3339 in UTC' })
})
const BansBody = Type.Object({
  bans: Type.Array(BanBody, {
    description: 'Some hundred, in no order; while bans come and go, one may be told twice'
  }),
  next_cursor: Type.Union([Type.String(), Type.Null()], {
    description: 'What the next page is asked for with; null where this one is the last'
  })
})
const BansQuery = Type.Object({ cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,20}$' })) }, {
  additionalProperties: false
})
/** Redis' cursors have 64 bits. */
const MAX_CURSOR = 2n ** 64n - 1n
const LiftBody = Type.Object({ reason: Type.Optional(Reason) }, { additionalProperties: false })

const OnBoard = Type.Object({ board: BoardName })
const OfUser = Type.Object({ board: BoardName, user_id: UserId })
const AllBoards = Type.Object({ user_id: UserId })
const shared = { tags: ['moderation'], security: [{ bearer: [] }] }

interface BanRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly moderation: Moderation
  readonly readBans: ReadBans
}

/** `/v1/boards/{board}/bans`: who is banned from a board. */
export function registerBan (server: Server, { boards, auth, moderation, readBans }: BanRouteOptions): void {
  const preParsing = [auth.authenticate, requireAdmin]

  const ban = {
    ...shared,
    summary: 'Ban a user from a board, or change the ban',
    params: OfUser,
    body: BanRequest,
    response: { 200: BanBody, ...PROBLEMS }
  }
  server.put('/v1/boards/:board/bans/:user_id', { schema: ban, preParsing }, async (request) => {
    const { board, user_id: userId } = request.params
    return banBody({ userId, ...await moderation.ban(boards.get(board), moderatorOf(request), userId, request.body) })
  })

  const LiftedBody = Type.Object({
    board: Type.String(),
    user_id: Type.String(),
    lifted: Type.Boolean({ description: 'false where there was no ban' })
  })
  const unban = {
    ...shared,
    summary: 'Lift a ban',
    params: OfUser,
    body: LiftBody,
    response: { 200: LiftedBody, ...PROBLEMS }
  }
  server.delete(
    '/v1/boards/:board/bans/:user_id',
    { schema: unban, preParsing, preValidation: allowNoBody },
    async (request) => {
      const { board, user_id: userId } = request.params
      return {
        board,
        user_id: userId,
        lifted: await moderation.unban(boards.get(board), moderatorOf(request), userId, request.body.reason)
      }
    }
  )

  const list = {
    ...shared,
    summary: 'The bans of a board, page by page',
    params: OnBoard,
    querystring: BansQuery,
    response: { 200: BansBody, ...PROBLEMS }
  }
  server.get(
    '/v1/boards/:board/bans',
    { schema: list, preParsing },
    async (request) => await bansBody(readBans, boards.get(request.params.board), request.query.cursor)
  )

  const one = { ...shared, summary: 'The ban of a user', params: OfUser, response: { 200: BanBody, ...PROBLEMS } }
  server.get(
    '/v1/boards/:board/bans/:user_id',
    { schema: one, preParsing },
    async (request) => await oneBody(readBans, boards.get(request.params.board), request.params.user_id)
  )
}

/** `/v1/bans`: who is banned from all boards. */
export function registerServiceBan (
  server: Server,
  { auth, moderation, readBans }: Omit<BanRouteOptions, 'boards'>
): void {
  const preParsing = [auth.authenticate, requireAdmin]

  const ban = {
    ...shared,
    summary: 'Ban a user from all boards, those to come too',
    params: AllBoards,
    body: BanRequest,
    response: { 200: BanBody, ...PROBLEMS }
  }
  server.put('/v1/bans/:user_id', { schema: ban, preParsing }, async (request) => {
    const { user_id: userId } = request.params
    return banBody({ userId, ...await moderation.banFromAllBoards(moderatorOf(request), userId, request.body) })
  })

  const LiftedBody = Type.Object({
    user_id: Type.String(),
    boards: Type.Array(Type.String(), { description: 'Those that the user was banned from' })
  })
  const unban = {
    ...shared,
    summary: 'Lift every ban of a user',
    params: AllBoards,
    body: LiftBody,
    response: { 200: LiftedBody, ...PROBLEMS }
  }
  server.delete('/v1/bans/:user_id', { schema: unban, preParsing, preValidation: allowNoBody }, async (request) => {
    const { user_id: userId } = request.params
    return {
      user_id: userId,
      boards: await moderation.unbanFromAllBoards(moderatorOf(request), userId, request.body.reason)
    }
  })

  const list = {
    ...shared,
    summary: 'The bans from all boards, page by page',
    querystring: BansQuery,
    response: { 200: BansBody, ...PROBLEMS }
  }
  server.get(
    '/v1/bans',
    { schema: list, preParsing },
    async (request) => await bansBody(readBans, undefined, request.query.cursor)
  )

  const one = {
    ...shared,
    summary: 'The ban of a user from all boards',
    params: AllBoards,
    response: { 200: BanBody, ...PROBLEMS }
  }
  server.get(
    '/v1/bans/:user_id',
    { schema: one, preParsing },
    async (request) => await oneBody(readBans, undefined, request.params.user_id)
  )
}

function banBody (
  { userId, reason, until_ms: untilMs, shadow = false, actor, since_ms: sinceMs }: BannedUser
): Static<typeof BanBody> {
  const until = untilMs === undefined ? null : new Date(untilMs).toISOString()
  return { user_id: userId, reason, until, shadow, actor, since: new Date(sinceMs).toISOString() }
}

/** @throws Problem `invalid_request` */
async function bansBody (
  readBans: ReadBans,
  board: Board | undefined,
  cursor: string | undefined
): Promise<Static<typeof BansBody>> {
  if (cursor !== undefined && BigInt(cursor) > MAX_CURSOR) {
    throw new Problem('invalid_request', 'There is no such cursor.', {
      errors: [{ path: 'cursor', message: 'must be the next_cursor of a page' }]
    })
  }
  const { bans, next } = await readBans.page(board, cursor)
  return { bans: bans.map(banBody), next_cursor: next ?? null }
}

/** @throws Problem `not_found` */
async function oneBody (readBans: ReadBans, board: Board | undefined, userId: string): Promise<Static<typeof BanBody>> {
  const ban = await readBans.one(board, userId)
  if (ban === undefined) {
    throw new Problem(
      'not_found',
      `This user is not banned from ${board === undefined ? 'all boards' : `the board ${board.name}`}.`
    )
  }
  return banBody({ userId, ...ban })
}
