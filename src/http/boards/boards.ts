// Boards over HTTP: list, read, create, change and delete.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { applyBoard, type BoardRegistry, type Conditions } from '../../leaderboard/boards/apply-board.ts'
import type { Board, Boards } from '../../leaderboard/boards/board.ts'
import { BoardName } from '../../leaderboard/identifiers.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { BoardRules, parseRules, rulesOf } from '../../leaderboard/boards/rules.ts'
import { nextResetMs, windowAt, WindowKind } from '../../leaderboard/boards/window.ts'
import { principalOf, requireAdmin, type Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import type { Server } from '../server.ts'

/** A hundred seasons and a hundred actions. */
const BODY_LIMIT_BYTES = 64 * 1024

const BoardBody = Type.Object({
  board: Type.String(),
  revision: Type.String({ description: 'The same for the same rules; also the ETag' }),
  ...BoardRules.properties,
  windows: Type.Array(Type.Object({
    window: WindowKind,
    name: Type.String({ description: 'The running one, such as day:2026-11-21' }),
    resets_at: Type.Union([Type.String(), Type.Null()], {
      description: 'When the next one begins, RFC 3339 in UTC; null for never'
    })
  }))
})

const params = Type.Object({ board: BoardName })
const ifMatch = Type.Optional(
  Type.String({ description: 'The revision that the board must have, in quotes, or * for any' })
)

const schemas = {
  one: { summary: 'A board and its rules', tags: ['read'], params, response: { 200: BoardBody, ...PROBLEMS } },
  all: {
    summary: 'The boards and their rules',
    tags: ['read'],
    response: { 200: Type.Object({ boards: Type.Array(BoardBody) }), ...PROBLEMS }
  },
  apply: {
    summary: 'Create a board or change its rules, on every node at once',
    description: 'Omitted rules take their defaults. A change that would make existing scores wrong is refused.',
    tags: ['boards'],
    security: [{ bearer: [] }],
    params,
    headers: Type.Object({
      'if-none-match': Type.Optional(Type.Literal('*', { description: 'Only to make a board' })),
      'if-match': ifMatch
    }),
    body: BoardRules,
    response: { 200: BoardBody, 201: BoardBody, ...PROBLEMS }
  },
  remove: {
    summary: 'Delete a board with every score that it has',
    tags: ['boards'],
    security: [{ bearer: [] }],
    params,
    response: { 204: Type.Null({ description: 'It is gone, and those who watched it are told' }), ...PROBLEMS }
  }
}

interface BoardsOptions {
  readonly auth: Auth
  readonly boards: Boards
  readonly registry: BoardRegistry
  /** Takes over what has changed in the registry. */
  readonly refresh: () => Promise<void>
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/** `GET /v1/boards`, and `GET`, `PUT` and `DELETE /v1/boards/{board}`. */
export function registerBoards (server: Server, { auth, boards, registry, refresh, now }: BoardsOptions): void {
  const path = '/v1/boards/:board'
  const preParsing = [auth.authenticate, requireAdmin]
  /** What was done is done: a node that cannot see it now will in a second. */
  const takeOver = async (request: FastifyRequest, board: string, what: object) => {
    request.log.info(
      { ...what, board, actor: principalOf(request).userId, requestId: request.id },
      'the boards were changed'
    )
    await refresh().catch(() => {})
  }

  server.get(
    '/v1/boards',
    { schema: schemas.all },
    async () => ({ boards: boards.all.map((board) => boardBody(board, now())) })
  )
  server.get(
    path,
    { schema: schemas.one },
    async (request, reply) => answer(reply, boards.get(request.params.board), now())
  )

  server.put(path, { schema: schemas.apply, bodyLimit: BODY_LIMIT_BYTES, preParsing }, async (request, reply) => {
    const board = boardOf(request.params.board, request.body)
    const { result, changes, board: present } = await applyBoard(registry, board, now(), conditionsOf(request.headers))
    if (result !== 'same') await takeOver(request, board.name, { result, rules: changes.map(({ path }) => path) })
    return answer(reply.code(result === 'created' ? 201 : 200), present, now())
  })

  server.delete(path, { schema: schemas.remove, preParsing }, async (request, reply) => {
    const name = request.params.board
    const outcome = await registry.remove(name)
    if (outcome === 'last') {
      throw new Problem(
        'board_limit',
        `The board ${name} is the last one, and a service has at least one: make another first.`
      )
    }
    if (outcome === 'unknown') throw new Problem('unknown_board', `There is no board called ${JSON.stringify(name)}.`)
    await takeOver(request, name, { result: outcome })
    return await reply.code(204).send(null)
  })
}

/** @throws Problem `invalid_request` for rules that contradict each other */
function boardOf (name: string, rules: BoardRules): Board {
  const parsed = parseRules({ boards: { [name]: rules } })
  if ('boards' in parsed) return parsed.boards[0]!
  const errors = parsed.problems.map((problem) => {
    const [path, message] = [
      problem.slice(`/boards/${name}`.length).split(' ', 1)[0]!,
      problem.slice(problem.indexOf(' ') + 1)
    ]
    return { path, message }
  })
  throw new Problem('invalid_request', `The rules do not fit together: ${errors[0]!.path} ${errors[0]!.message}.`, {
    errors
  })
}

/** @throws Problem `invalid_request` for an `If-Match` that names no one revision */
function conditionsOf (headers: { 'if-none-match'?: '*', 'if-match'?: string }): Conditions {
  const match = headers['if-match']
  const revision = match === undefined || match === '*' ? match : /^"([^"]*)"$/.exec(match)?.[1]
  if (match !== undefined && revision === undefined) {
    throw new Problem(
      'invalid_request',
      'If-Match names one revision in quotes, as the ETag of the board does, or is *.',
      {
        errors: [{ path: 'if-match', message: 'must be one revision in quotes, or *' }]
      }
    )
  }
  return { mustBeNew: headers['if-none-match'] === '*', revision }
}

function answer (reply: FastifyReply, board: Board, atMs: number): Static<typeof BoardBody> {
  reply.headers({ etag: `"${board.revision}"`, 'cache-control': 'no-cache' })
  return boardBody(board, atMs)
}

function boardBody (board: Board, atMs: number): Static<typeof BoardBody> {
  return {
    board: board.name,
    revision: board.revision,
    ...rulesOf(board),
    windows: board.windows.map((kind) => {
      const resetsMs = nextResetMs(kind, board, atMs)
      return {
        window: kind,
        name: windowAt(kind, board, atMs).name,
        resets_at: resetsMs === undefined ? null : new Date(resetsMs).toISOString()
      }
    })
  }
}
