import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { WindowText, type Board, type Boards } from '../leaderboard/board.ts'
import { VISIBLE } from '../leaderboard/rules.ts'
import { partAsked, type Part } from '../leaderboard/part.ts'
import { SegmentText } from '../leaderboard/segment.ts'
import { BoardName } from '../leaderboard/identifiers.ts'
import { EntryBody, entryBody, resetBody } from '../leaderboard/wire.ts'
import type { KnownTop } from '../live/hub.ts'
import type { Auth } from './auth.ts'
import { PROBLEMS } from './errors.ts'
import type { Server } from './server.ts'

const TopBody = Type.Object({
  board: Type.String(),
  window: Type.String(),
  segment: Type.Optional(Type.String()),
  epoch: Type.String({ description: 'Names a history of the board: versions of different epochs do not compare' }),
  version: Type.Integer({ description: 'Rises with every change of the head, within an epoch' }),
  stale: Type.Optional(Type.Literal(true, { description: 'There while the store is away: this may be old, by the seconds in the header Age' })),
  generated_at: Type.String({ description: 'When the board looked like this, RFC 3339 in UTC' }),
  resets_at: Type.Optional(Type.String({ description: 'When the running window ends, RFC 3339 in UTC; absent for all' })),
  top_scores: Type.Array(EntryBody)
})

const schema = {
  summary: 'The top of a board',
  tags: ['read'],
  params: Type.Object({ board: BoardName }),
  querystring: Type.Object({
    limit: Type.Integer({ minimum: 1, maximum: VISIBLE, default: 10 }),
    window: Type.Optional(WindowText),
    segment: Type.Optional(SegmentText)
  }, { additionalProperties: false }),
  headers: Type.Object({ 'if-none-match': Type.Optional(Type.String()) }),
  response: { 200: TopBody, 304: Type.Null({ description: 'Nothing has changed since the ETag' }), ...PROBLEMS }
}

export interface TopOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly readTop: (board: Board, part: Part) => Promise<KnownTop>
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

export function registerTop (server: Server, { boards, auth, readTop, now }: TopOptions): void {
  server.get('/v1/boards/:board/top', { schema }, async (request, reply) => {
    const board = boards.get(request.params.board)
    const part = partAsked(board, request.query, now())
    auth.mayRead(board, request)
    const top = await readTop(board, part)
    const { epoch, version, readMs, resetsMs, entries, isStale } = top
    tellAge(reply, top, now())
    const etag = `"${epoch}-${version}"`
    reply.header('cache-control', 'no-cache')
    // What may be old is not to be confirmed later, when it is not.
    if (!isStale) reply.header('etag', etag)
    if (!isStale && matches(request.headers['if-none-match'], etag)) return await reply.code(304).send(null)
    return {
      board: board.name,
      ...part,
      epoch,
      version,
      ...(isStale && { stale: true as const }),
      generated_at: new Date(readMs).toISOString(),
      ...resetBody(resetsMs),
      top_scores: entries.slice(0, request.query.limit).map(entryBody)
    }
  })
}

/** Says in `Age` how many seconds old a top is that may be out of date (RFC 9111, section 5.1). */
export function tellAge (reply: FastifyReply, { isStale, readMs }: KnownTop, now: number): void {
  if (isStale) reply.header('age', Math.ceil(Math.max(0, now - readMs) / 1000))
}

/** Whether `If-None-Match` names this entity tag, compared weakly (RFC 9110, section 13.1.2). */
function matches (header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}
