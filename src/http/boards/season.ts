// The archive of a closed season over HTTP.
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Board, Boards } from '../../leaderboard/boards/board.ts'
import { BOARD_NAME, BoardName } from '../../leaderboard/identifiers.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { closeOf } from '../../leaderboard/boards/season.ts'
import type { Season } from '../../leaderboard/boards/window.ts'
import type { Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'

const schema = {
  summary: 'The archive of a closed season, the same for ever',
  description:
    'One entry a line (NDJSON), in rank order: rank, user_id, username and score as they were when the season closed.',
  tags: ['read'],
  params: Type.Object({ board: BoardName, season: Type.String({ pattern: BOARD_NAME }) }),
  headers: Type.Object({ 'if-none-match': Type.Optional(Type.String()) }),
  response: { 200: { content: { 'application/x-ndjson': { schema: Type.String() } } }, 304: Type.Null(), ...PROBLEMS }
}

export interface SeasonOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly archive: {
    about(
      board: Board,
      season: Season
    ): Promise<{ readonly chunks: number, readonly entries: number, readonly digest: string } | undefined>,
    text(
      board: Board,
      season: Season,
      about: { readonly chunks: number, readonly entries: number, readonly digest: string }
    ): AsyncIterable<Buffer>
  }
}

/** `GET /v1/boards/{board}/seasons/{season}/archive`. */
export function registerSeason (server: Server, { boards, auth, archive }: SeasonOptions): void {
  server.get('/v1/boards/:board/seasons/:season/archive', { schema }, async (request, reply) => {
    const board = boards.get(request.params.board)
    auth.mayRead(board, request)
    const season = board.seasons.find(({ name }) => name === request.params.season)
    if (season === undefined) {
      throw new Problem('not_found', `The board ${board.name} has no season called ${request.params.season}.`)
    }
    const about = await archive.about(board, season)
    if (about === undefined) {
      throw new Problem(
        'not_found',
        `The season ${season.name} has no archive yet: it is made soon after ${
          new Date(closeOf(season)).toISOString()
        }.`
      )
    }
    const etag = `"${about.digest}"`
    reply.header('etag', etag).header('cache-control', 'no-cache')
    if (request.headers['if-none-match'] === etag) return await reply.code(304).send(null)
    return await reply.type('application/x-ndjson; charset=utf-8').send(
      Readable.from(archive.text(board, season, about)) as never
    )
  })
}
