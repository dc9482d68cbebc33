// The audit over HTTP: pages of what happened on a board.
import { Type } from 'typebox'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { MAX_CURSOR_CHARACTERS } from '../../leaderboard/ranking/cursor.ts'
import { BoardName, UserId } from '../../leaderboard/identifiers.ts'
import { EventBody, eventBody } from '../../leaderboard/ledger/event-body.ts'
import { EventsSource, readEventCursor, writeEventCursor, type ReadEvents } from '../../leaderboard/ledger/ledger.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'

const MAX_LIMIT = 1000
const DEFAULT_LIMIT = 100
const Moment = (description: string) =>
  Type.String({
    maxLength: 40,
    pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:\\d\\d)$',
    description
  })
const schema = {
  summary: 'The audit log: who changed which score, when, from where and by which action; newest first',
  description:
    'Needs the scope admin. Without a PostgreSQL ledger the answer comes from a bounded stream, and says so.',
  tags: ['operations'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName }),
  querystring: Type.Object({
    user_id: Type.Optional(UserId),
    from: Type.Optional(Moment('From this time on, RFC 3339')),
    to: Type.Optional(Moment('To before this time, RFC 3339')),
    limit: Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT, description: 'Events of the page' }),
    cursor: Type.Optional(
      Type.String({
        maxLength: MAX_CURSOR_CHARACTERS,
        pattern: '^[A-Za-z0-9_-]+$',
        description: 'The next_cursor of the page before'
      })
    )
  }, { additionalProperties: false }),
  response: {
    200: Type.Object({
      board: Type.String(),
      source: EventsSource,
      events: Type.Array(EventBody),
      next_cursor: Type.Union([Type.String(), Type.Null()], {
        description: 'What the next page is asked for with; null where this one is the last'
      })
    }),
    ...PROBLEMS
  }
}

interface EventsRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly readEvents: ReadEvents
  readonly source: EventsSource
}

/** `GET /v1/boards/{board}/events`: the audit. */
export function registerEvents (server: Server, { boards, auth, readEvents, source }: EventsRouteOptions): void {
  server.get(
    '/v1/boards/:board/events',
    { schema, preParsing: [auth.authenticate, requireAdmin] },
    async (request, reply) => {
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
      return {
        board: board.name,
        source,
        events: events.map(eventBody),
        next_cursor: next === undefined ? null : writeEventCursor(board, next)
      }
    }
  )
}

/** @throws Problem `invalid_request` for a time that no calendar has */
function momentOf (path: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = Date.parse(text)
  if (ms >= 0) return ms
  throw new Problem('invalid_request', `The query is not well formed: ${path} is no time since 1970.`, {
    errors: [{ path, message: 'must be a time since 1970 such as 2026-11-21T12:00:00Z' }]
  })
}
