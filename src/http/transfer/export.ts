// Exports over HTTP.
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Boards } from '../../leaderboard/boards/board.ts'
import { exportPages, type ExportOptions } from '../../leaderboard/transfer/export.ts'
import { BoardName } from '../../leaderboard/identifiers.ts'
import { rankingAsked } from '../../leaderboard/ranking/ranking.ts'
import { WindowText } from '../../leaderboard/boards/board.ts'
import { SegmentText } from '../../leaderboard/boards/segment.ts'
import { FORMATS, writeRows, type Format } from '../../leaderboard/transfer/transfer-format.ts'
import { windowNameAt } from '../../leaderboard/boards/window.ts'
import { requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'

const FormatQuery = Type.Enum([...FORMATS], {
  default: 'ndjson',
  description: 'One JSON object a line, or CSV with a header'
})

/** What texts of these formats are called (RFC 4180 for CSV). */
export const MEDIA_TYPE: Readonly<Record<Format, string>> = { ndjson: 'application/x-ndjson', csv: 'text/csv' }

const schema = {
  summary: 'A whole board as NDJSON or CSV, in its order',
  tags: ['operate'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName }),
  querystring: Type.Object({
    format: Type.Optional(FormatQuery),
    window: Type.Optional(WindowText),
    segment: Type.Optional(SegmentText)
  }, { additionalProperties: false }),
  response: {
    200: { content: { 'application/x-ndjson': { schema: Type.String() }, 'text/csv': { schema: Type.String() } } },
    ...PROBLEMS
  }
}

interface ExportRouteOptions extends ExportOptions {
  readonly boards: Boards
  readonly auth: Auth
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** An export that fails on its way breaks the connection off, so that nobody takes the part for the whole. */
export function registerExport (server: Server, { boards, auth, now, ...reading }: ExportRouteOptions): void {
  server.get(
    '/v1/boards/:board/export',
    { schema, preParsing: [auth.authenticate, requireAdmin] },
    async (request, reply) => {
      const board = boards.get(request.params.board)
      const { format = 'ndjson', ...asked } = request.query
      const ranking = rankingAsked(board, asked, now())
      const window = windowNameAt(ranking.window, board, now())
      const text = Readable.from(writeRows(format, exportPages(board, { ...ranking, window }, reading)))
      reply.header('content-disposition', `attachment; filename="${board.name}.${format}"`)
      return await reply.type(`${MEDIA_TYPE[format]}; charset=utf-8`).send(text as never)
    }
  )
}
