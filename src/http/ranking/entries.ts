// The pages of a whole board over HTTP.
import { Type, type Static } from 'typebox'
import { WindowText, type Boards } from '../../leaderboard/boards/board.ts'
import { MAX_SCORE } from '../../leaderboard/boards/rules.ts'
import { MAX_CURSOR_CHARACTERS, readCursor, writeCursor } from '../../leaderboard/ranking/cursor.ts'
import { rankingAsked } from '../../leaderboard/ranking/ranking.ts'
import { SegmentText } from '../../leaderboard/boards/segment.ts'
import { BoardName } from '../../leaderboard/identifiers.ts'
import type { PageQuery } from '../../leaderboard/ranking/page.ts'
import { Problem } from '../../leaderboard/problem.ts'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { windowNameAt } from '../../leaderboard/boards/window.ts'
import { EntryBody, entryBody } from '../../leaderboard/ranking/wire.ts'
import type { Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'

const MAX_LIMIT = 100
const MAX_AROUND = 50

const EntriesBody = Type.Object({
  board: Type.String(),
  window: Type.String(),
  segment: Type.Optional(Type.String()),
  total: Type.Integer({ description: 'Users on the board' }),
  entries: Type.Array(EntryBody, { description: "In the board's order" }),
  next_cursor: Type.Union([Type.String(), Type.Null()], {
    description: 'What the next page is asked for with; null where this one is the last'
  })
})

const Query = Type.Object({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_LIMIT, description: `Entries of the page, ${MAX_LIMIT} by default` })
  ),
  cursor: Type.Optional(
    Type.String({
      maxLength: MAX_CURSOR_CHARACTERS,
      pattern: '^[A-Za-z0-9_-]+$',
      description: 'The next_cursor of the page before'
    })
  ),
  rank: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_SCORE, description: 'The page begins at this place, 1 for the first' })
  ),
  score: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_SCORE,
      description: 'With around, instead of limit: the entries around a score, which nobody needs to have'
    })
  ),
  around: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_AROUND,
      description: 'So many that pass the score, and as many that do not'
    })
  ),
  window: Type.Optional(WindowText),
  segment: Type.Optional(SegmentText)
}, { additionalProperties: false })

const schema = {
  summary: 'The whole board, page by page',
  description: 'A user whose score does not change during a walk by cursor appears exactly once.',
  tags: ['read'],
  params: Type.Object({ board: BoardName }),
  querystring: Query,
  response: { 200: EntriesBody, ...PROBLEMS }
}

interface EntriesOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly readEntries: Reads['entries']
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** `GET /v1/boards/{board}/entries`. */
export function registerEntries (server: Server, { boards, auth, readEntries, now }: EntriesOptions): void {
  server.get('/v1/boards/:board/entries', { schema }, async (request) => {
    const board = boards.get(request.params.board)
    const ranking = rankingAsked(board, request.query, now())
    auth.mayRead(board, request)
    // By its name from here on: a walk that goes on past midnight would else go on in another window.
    const window = windowNameAt(ranking.window, board, now())
    const { cursor, ...query } = request.query
    requireOneStart(request.query)
    const { entries, next, total } = await readEntries(
      board,
      { ...ranking, window },
      cursor === undefined
        ? pageQueryOf(query)
        : { start: { behind: readCursor(board, { ...ranking, window }, cursor) }, limit: query.limit ?? MAX_LIMIT }
    )
    return {
      board: board.name,
      ...ranking,
      total,
      entries: entries.map(entryBody),
      next_cursor: next === undefined ? null : writeCursor(board, { ...ranking, window }, next)
    }
  })
}

function pageQueryOf ({ limit = MAX_LIMIT, rank = 1, score, around }: Omit<Static<typeof Query>, 'cursor'>): PageQuery {
  if (score === undefined || around === undefined) return { start: { place: rank - 1 }, limit }
  return { start: { score, above: around }, limit: 2 * around }
}

/** @throws Problem `invalid_request` where the parameters name more than one place to begin at, or only half of one */
function requireOneStart (query: Static<typeof Query>): void {
  const refuse = (path: keyof typeof query, message: string) => {
    if (query[path] !== undefined) {
      throw new Problem('invalid_request', `The query is not well formed: ${path} ${message}.`, {
        errors: [{ path, message }]
      })
    }
  }
  if (query.cursor !== undefined) {
    for (const path of ['rank', 'score', 'around'] as const) refuse(path, 'does not go with cursor')
  }
  if (query.rank !== undefined) {
    for (const path of ['score', 'around'] as const) {
      refuse(
        path,
        'does not go with rank'
      )
    }
  }
  if (query.around === undefined) refuse('score', 'needs around')
  if (query.score === undefined) refuse('around', 'needs score')
  if (query.score !== undefined) refuse('limit', 'does not go with score')
}
