// What both live routes share: what a client may ask for, and the session that answers.
import type { FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import type { Clock } from '../../leaderboard/clock.ts'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { rankingWatched } from '../../leaderboard/ranking/ranking.ts'
import type { Principal } from '../../leaderboard/principal.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { SegmentText } from '../../leaderboard/boards/segment.ts'
import { WindowKind } from '../../leaderboard/boards/window.ts'
import type { Sessions } from '../../live/sessions.ts'
import type { Hub, Watch } from '../../live/hub.ts'
import type { LiveStats } from '../../live/live-stats.ts'
import { Session, type SessionOptions } from '../../live/session.ts'
import { presentedToken, requireReader, type Auth } from '../auth.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { checker, firstProblem } from '../../leaderboard/schema.ts'

const Board = Type.String({ description: 'Name of a board' })
const Feed = Type.Literal('scores', { description: "every user's new score too, conflated" })

/** The parameters of `/ws/scoreboard` and `/sse/scoreboard`. */
export const WatchQuery = Type.Object({
  board: Type.Optional(Board),
  window: Type.Optional(WindowKind),
  segment: Type.Optional(SegmentText),
  me: Type.Optional(Type.Enum(['0', '1'], { description: '1: the own score and rank too, with a token' })),
  feed: Type.Optional(Feed),
  token: Type.Optional(Type.String({ description: 'A token, where it can be sent in no other way' }))
}, { additionalProperties: false })

const Place = { board: Board, window: Type.Optional(WindowKind), segment: Type.Optional(SegmentText) }

/** What a client may say over a WebSocket. */
export const WatchMessage = Type.Union([
  Type.Object({
    subscribe: Type.Object({
      ...Place,
      me: Type.Optional(Type.Boolean()),
      feed: Type.Optional(Feed)
    }, { additionalProperties: false })
  }, { additionalProperties: false }),
  Type.Object({ unsubscribe: Type.Object(Place, { additionalProperties: false }) }, { additionalProperties: false })
])
export type WatchMessage = Static<typeof WatchMessage>

const isWatchQuery = checker(WatchQuery)
const isWatchMessage = checker(WatchMessage)

/** A query as it came, not yet validated. @throws Problem `invalid_request` */
export function parseWatchQuery (query: unknown): Static<typeof WatchQuery> {
  if (isWatchQuery(query)) return query
  throw new Problem('invalid_request', `The query is not well formed: ${firstProblem(isWatchQuery)}.`)
}

/** A message as it came; undefined for anything that is none. */
export function parseWatchMessage (text: string): WatchMessage | undefined {
  try {
    const message: unknown = JSON.parse(text)
    return isWatchMessage(message) ? message : undefined
  } catch {
    return undefined
  }
}

/** What is asked to be watched, without a board the default one. */
interface WatchAsked {
  readonly board?: string | undefined
  readonly window?: WindowKind | undefined
  readonly segment?: string | undefined
  readonly me?: boolean | undefined
  readonly feed?: 'scores' | undefined
}

/** Judges what a client asks to watch. @throws Problem `unknown_board`, `invalid_request`, `missing_token` */
export function judgeWatch (
  boards: Boards,
  principal: Principal | undefined,
  { board: name, window, segment, me = false, feed }: WatchAsked
): Watch {
  const board = name === undefined ? boards.default : boards.get(name)
  const ranking = rankingWatched(board, { window, segment })
  requireReader(board, principal)
  if (me && principal === undefined) throw new Problem('missing_token', 'To follow the own score takes a token.')
  return { board, ranking, feed: feed === 'scores', userId: me ? principal!.userId : undefined }
}

/** What both live routes work with. */
export interface WatchOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly limits: ConnectionLimits
  readonly hub: Hub
  readonly sessions: Sessions
  readonly stats: LiveStats
  readonly clock: Clock
}

/** The principal of the token, if there is one, and what to show first. */
interface WatchRequest {
  readonly principal: Principal | undefined
  readonly watch: Watch
}

/** Judges a request to watch by its token and its query. @throws Problem as `Auth.verify` and `judgeWatch` */
export function judgeRequest (
  request: FastifyRequest,
  { me, ...query }: Static<typeof WatchQuery>,
  { boards, auth }: WatchOptions
): WatchRequest {
  const token = presentedToken(request)
  const principal = token === undefined ? undefined : auth.verify(token)
  return { principal, watch: judgeWatch(boards, principal, { ...query, me: me === '1' }) }
}

/**
 * Adds a connection to the sessions of this node, for as long as its token lasts. Call `leave` with how the connection
 * has ended.
 */
export function openSession (
  principal: Principal | undefined,
  connection: Omit<SessionOptions, 'stats' | 'expiresAt' | 'clock'>,
  { auth, hub, sessions, stats, clock }: WatchOptions
): { session: Session, leave: (how: string) => void } {
  const expiresAt = principal === undefined ? Infinity : clock.now() + auth.lifetimeMs(principal)
  const session = new Session({ ...connection, stats, expiresAt, clock })
  const remove = sessions.add(session)
  return {
    session,
    leave (how) {
      hub.leave(session)
      remove(how)
    }
  }
}
