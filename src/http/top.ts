import { Type } from 'typebox'
import { VISIBLE, windowOf, type Boards } from '../leaderboard/board.ts'
import { BoardName } from '../leaderboard/identifiers.ts'
import type { Reads } from '../leaderboard/reads.ts'
import { WindowKind } from '../leaderboard/window.ts'
import { EntryBody, entryBody } from '../leaderboard/wire.ts'
import { PROBLEMS } from './errors.ts'
import type { Server } from './server.ts'

const TopBody = Type.Object({
  board: Type.String(),
  window: WindowKind,
  epoch: Type.String({ description: 'Names a history of the board: versions of different epochs do not compare' }),
  version: Type.Integer({ description: 'Rises with every change of the head, within an epoch' }),
  generated_at: Type.String({ description: 'When the board looked like this, RFC 3339 in UTC' }),
  top_scores: Type.Array(EntryBody)
})

const schema = {
  summary: 'The top of a board',
  tags: ['read'],
  params: Type.Object({ board: BoardName }),
  querystring: Type.Object({
    limit: Type.Integer({ minimum: 1, maximum: VISIBLE, default: 10 }),
    window: Type.Optional(WindowKind)
  }, { additionalProperties: false }),
  headers: Type.Object({ 'if-none-match': Type.Optional(Type.String()) }),
  response: { 200: TopBody, 304: Type.Null({ description: 'Nothing has changed since the ETag' }), ...PROBLEMS }
}

export function registerTop (server: Server, { boards, readTop }: { boards: Boards, readTop: Reads['top'] }): void {
  server.get('/v1/boards/:board/top', { schema }, async (request, reply) => {
    const board = boards.get(request.params.board)
    const window = windowOf(board, request.query.window)
    const { epoch, version, readMs, entries } = await readTop(board, window)
    const etag = `"${epoch}-${version}"`
    reply.header('etag', etag).header('cache-control', 'no-cache')
    if (matches(request.headers['if-none-match'], etag)) return await reply.code(304).send(null)
    return {
      board: board.name,
      window,
      epoch,
      version,
      generated_at: new Date(readMs).toISOString(),
      top_scores: entries.slice(0, request.query.limit).map(entryBody)
    }
  })
}

/** Whether `If-None-Match` names this entity tag, compared weakly (RFC 9110, section 13.1.2). */
function matches (header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}
