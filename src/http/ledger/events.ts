import { Type, type Static } from 'typebox'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { MAX_CURSOR_CHARACTERS } from '../../leaderboard/ranking/cursor.ts'
import { BoardName, UserId } from '../../leaderboard/identifiers.ts'
import { EventKind, EventsSource, readEventCursor, writeEventCursor, type ReadEvents, type ScoreEvent } from '../../leaderboard/ledger/ledger.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'

const MAX_LIMIT = 1000
const DEFAULT_LIMIT = 100
const Moment = (description: string) => Type.String({ maxLength: 40, pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:\\d\\d)$', description })
const Known = Type.Union([Type.String(), Type.Null()])

export const EventBody = Type.Object({
  at: Type.String({ description: 'RFC 3339 in UTC, by the clock of the score store' }),
  user_id: Type.String({ description: 'erased:… where the user was erased' }),
  action_id: Type.String(),
  kind: EventKind,
  delta: Type.Integer({ description: 'Points gained or lost; the score that was submitted, brought in or set where the kind is score or import, or an adjust of a board that keeps the best or the latest' }),
  score_after: Type.Integer({ description: 'In the board\'s first window' }),
  actor: Type.Union([Type.String(), Type.Null()], { description: 'Whose token asked for it' }),
  ip: Known,
  request_id: Known,
  action: Type.Union([Type.String(), Type.Null()], { description: 'Action of the board\'s catalogue that gave the points' }),
  reason: Known,
  until: Known,
  season: Known,
  segments: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
  window: Type.Union([Type.String(), Type.Null()], { description: 'The window that an import was for; of an adjust or delete the one that it was for alone' }),
  aside: Type.Boolean({ description: 'Whether it did not count publicly' })
})
export type EventBody = Static<typeof EventBody>

const schema = {
  summary: 'Who changed which score, when, from where, by which action; the newest first',
  description: 'Needs the scope admin. Without a PostgreSQL ledger the answer comes from a bounded stream, and says so.',
  tags: ['operations'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName }),
  querystring: Type.Object({
    user_id: Type.Optional(UserId),
    from: Type.Optional(Moment('From this time on, RFC 3339')),
    to: Type.Optional(Moment('To before this time, RFC 3339')),
    limit: Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT, description: 'Events of the page' }),
    cursor: Type.Optional(Type.String({ maxLength: MAX_CURSOR_CHARACTERS, pattern: '^[A-Za-z0-9_-]+$', description: 'The next_cursor of the page before' }))
  }, { additionalProperties: false }),
  response: {
    200: Type.Object({
      board: Type.String(),
      source: EventsSource,
      events: Type.Array(EventBody),
      next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'What the next page is asked for with; null where this one is the last' })
    }),
    ...PROBLEMS
  }
}

export interface EventsRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly readEvents: ReadEvents
  readonly source: EventsSource
}

/** `GET /v1/boards/{board}/events`: the audit. */
export function registerEvents (server: Server, { boards, auth, readEvents, source }: EventsRouteOptions): void {
  server.get('/v1/boards/:board/events', { schema, preParsing: [auth.authenticate, requireAdmin] }, async (request, reply) => {
    const board = boards.get(request.params.board)
    const { user_id: userId, from, to, limit, cursor } = request.query
    const { events, next } = await readEvents(board, {
      userId,
      fromMs: momentOf('from', from),
      toMs: momentOf('to', to),
      before: cursor === undefined ? undefined : readEventCursor(board, cursor),
      limit
    })
    reply.header('cache-control', 'no-store')
    return { board: board.name, source, events: events.map(eventBody), next_cursor: next === undefined ? null : writeEventCursor(board, next) }
  })
}

/** An event as the API and the audit show it. */
export function eventBody (event: ScoreEvent): EventBody {
  return {
    at: new Date(event.ms).toISOString(),
    user_id: event.userId,
    action_id: event.actionId,
    kind: event.kind,
    delta: event.delta,
    score_after: event.score,
    actor: event.actor,
    ip: event.ip,
    request_id: event.requestId,
    action: event.actionType,
    reason: event.reason,
    until: event.untilMs === null ? null : new Date(event.untilMs).toISOString(),
    season: event.season,
    segments: event.segments === null ? null : { ...event.segments },
    window: event.window,
    aside: event.aside
  }
}

/** @throws Problem `invalid_request` for a time that no calendar has */
function momentOf (path: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = Date.parse(text)
  if (ms >= 0) return ms
  throw new Problem('invalid_request', `The query is not well formed: ${path} is no time since 1970.`, { errors: [{ path, message: 'must be a time since 1970 such as 2026-11-21T12:00:00Z' }] })
}
