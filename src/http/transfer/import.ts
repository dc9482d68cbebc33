// Imports over HTTP.
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { WindowText, type Board, type Boards } from '../../leaderboard/boards/board.ts'
import { BoardName } from '../../leaderboard/identifiers.ts'
import { importRows, importWindow, type ApplyImport } from '../../leaderboard/transfer/import.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { readRows, type Format } from '../../leaderboard/transfer/transfer-format.ts'
import { principalOf, requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import { MEDIA_TYPE } from './export.ts'
import type { Server } from '../server.ts'

/** Some 100,000 rows. `scorewire import` has no limit. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024

const ReportBody = Type.Object({
  board: Type.String(),
  window: Type.String(),
  set: Type.Integer({ description: 'Users whose score is another one now' }),
  same: Type.Integer({ description: 'Users who had that score' }),
  hidden: Type.Integer({ description: 'Users who are banned: the score counts once the ban ends' }),
  rejected: Type.Integer({ description: 'Lines that were no rows' }),
  errors: Type.Array(Type.Object({ line: Type.Integer(), message: Type.String() }), {
    description: 'The first of those'
  })
})

const schema = {
  summary: 'Set the scores of a window from NDJSON or CSV. Repeating an import changes nothing',
  description:
    'Rows as an export writes them: user_id, score, and perhaps username and segments. Up to 8 MB at a time.',
  tags: ['operate'],
  security: [{ bearer: [] }],
  params: Type.Object({ board: BoardName }),
  querystring: Type.Object({ window: Type.Optional(WindowText) }, { additionalProperties: false }),
  body: {
    content: {
      [MEDIA_TYPE.ndjson]: { schema: Type.Unknown({ description: 'An object a line' }) },
      [MEDIA_TYPE.csv]: { schema: Type.Unknown({ description: 'With a header' }) }
    }
  },
  response: { 200: ReportBody, ...PROBLEMS }
}

interface ImportRouteOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly applyImport: ApplyImport
  readonly renewBoard: (name: string) => Promise<Board>
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

interface Upload {
  readonly format: Format
  readonly text: Buffer
}

/** Registers the route in a scope of its own: only there are bodies something else than JSON. */
export async function registerImport (
  server: Server,
  { boards, auth, applyImport, renewBoard, now }: ImportRouteOptions
): Promise<void> {
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    for (const format of ['ndjson', 'csv'] as const) {
      scope.addContentTypeParser(
        MEDIA_TYPE[format],
        { parseAs: 'buffer' },
        (_request, text, done) => done(null, { format, text })
      )
    }
    const route = scope as Server
    route.post('/v1/boards/:board/import', {
      schema,
      bodyLimit: BODY_LIMIT_BYTES,
      preParsing: [auth.authenticate, requireAdmin]
    }, async (request) => {
      let board = boards.get(request.params.board)
      const window = importWindow(board, request.query.window, now())
      if (!isUpload(request.body)) throw new Problem('invalid_request', 'The body is empty.')
      const { format, text } = request.body
      const report = await importRows(readRows(board, format, Readable.from([text])), {
        applyImport,
        board,
        window,
        origin: { actor: principalOf(request).userId, ip: request.ip, requestId: request.id },
        renewBoard: async (name) => (board = await renewBoard(name))
      })
      return { board: board.name, window, ...report }
    })
  })
}

function isUpload (body: unknown): body is Upload {
  return typeof body === 'object' && body !== null && 'text' in body
}
