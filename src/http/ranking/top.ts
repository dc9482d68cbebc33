// The top of a board or of a group over HTTP.
import type { FastifyReply } from 'fastify'
import { Type, type Static } from 'typebox'
import { WindowText, type Boards } from '../../leaderboard/boards/board.ts'
import type { Groups } from '../../leaderboard/ranking/group.ts'
import { VISIBLE } from '../../leaderboard/boards/rules.ts'
import { isRunning, rankingAsked } from '../../leaderboard/ranking/ranking.ts'
import type { RankedEntry } from '../../leaderboard/ranking/order-entries.ts'
import type { KnownTop, Reads } from '../../leaderboard/ranking/reads.ts'
import type { ReadKnownTop } from '../../leaderboard/ranking/top-reader.ts'
import { SegmentText } from '../../leaderboard/boards/segment.ts'
import { BoardName, GroupName } from '../../leaderboard/identifiers.ts'
import { nextResetMs } from '../../leaderboard/boards/window.ts'
import { GroupEntryBody, groupEntryBody, entryBody, resetBody } from '../../leaderboard/ranking/wire.ts'
import type { Auth } from '../auth.ts'
import { PROBLEMS } from '../errors.ts'
import { membersOf } from './group.ts'
import type { Server } from '../server.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

// One shape with and without a group: the serializer would try a choice of two on every read.
const TopBody = Type.Object({
  board: Type.String(),
  window: Type.String(),
  segment: Type.Optional(Type.String()),
  group: Type.Optional(Type.String({ description: 'There where a group was asked for' })),
  epoch: Type.Optional(
    Type.String({
      description: 'Names a history of the board: versions of different epochs do not compare. Not with a group'
    })
  ),
  version: Type.Optional(
    Type.Integer({ description: 'Rises with every change of the head, within an epoch. Not with a group' })
  ),
  stale: Type.Optional(
    Type.Literal(true, {
      description: 'There while the store is away: this may be old, by the seconds in the header Age'
    })
  ),
  generated_at: Type.String({ description: 'When the board looked like this, RFC 3339 in UTC' }),
  resets_at: Type.Optional(
    Type.String({ description: 'When the running window ends, RFC 3339 in UTC; absent for all' })
  ),
  top_scores: Type.Array(Type.Object({
    ...GroupEntryBody.properties,
    group_rank: Type.Optional(
      Type.Integer({ description: 'With a group: the rank among all its users with a score; equals share it' })
    )
  }))
})

const schema = {
  summary: 'The top of a board, or of a group on it',
  description:
    "With `group` the users of that group alone, in the board's order, each with the rank on the board and among the group; those without " +
    'a score are not listed. It is read anew each time, in steps of 200 users: it has no version and no `ETag`, `If-None-Match` never gives 304, ' +
    'and while the store is away the answer is 503.',
  tags: ['read'],
  params: Type.Object({ board: BoardName }),
  querystring: Type.Object({
    limit: Type.Integer({ minimum: 1, maximum: VISIBLE, default: 10 }),
    window: Type.Optional(WindowText),
    segment: Type.Optional(SegmentText),
    group: Type.Optional(GroupName)
  }, { additionalProperties: false }),
  headers: Type.Object({ 'if-none-match': Type.Optional(Type.String()) }),
  response: { 200: TopBody, 304: Type.Null({ description: 'Nothing has changed since the ETag' }), ...PROBLEMS }
}

interface TopOptions {
  readonly boards: Boards
  readonly auth: Auth
  readonly readTop: ReadKnownTop
  readonly readGroup: Groups['read']
  readonly readLookup: Reads['lookup']
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/**
 * An answer, and its text: the same for everybody from one reading of a board to the next, and to make it costs as
 * much as the rest.
 */
interface Prepared {
  readonly body: Static<typeof TopBody>
  readonly text: string
}

/** What was made of a board's entries when it was read last, by the limit asked for. */
interface Reading {
  readonly readMs: number
  readonly prepared: Map<number, Prepared>
}

/** `GET /v1/boards/{board}/top`. */
export function registerTop (server: Server, { boards, auth, readTop, readGroup, readLookup, now }: TopOptions): void {
  const readings = new WeakMap<readonly RankedEntry[], Reading>()

  function preparedOf ({ entries, readMs }: KnownTop): Reading['prepared'] {
    let reading = readings.get(entries)
    if (reading?.readMs !== readMs) readings.set(entries, reading = { readMs, prepared: new Map() })
    return reading.prepared
  }

  server.get('/v1/boards/:board/top', { schema }, async (request, reply) => {
    const board = boards.get(request.params.board)
    const ranking = rankingAsked(board, request.query, now())
    auth.mayRead(board, request)
    const { limit, group } = request.query
    reply.header('cache-control', 'no-cache')
    if (group !== undefined) {
      const users = await readLookup(board, ranking, await membersOf(readGroup, group))
      const nowMs = now()
      return {
        board: board.name,
        ...ranking,
        group,
        generated_at: new Date(nowMs).toISOString(),
        ...resetBody(isRunning(ranking) ? nextResetMs(ranking.window, board, nowMs) : undefined),
        top_scores: users.slice(0, limit).map(groupEntryBody)
      }
    }
    const top = await readTop(board, ranking)
    const { epoch, version, readMs, resetsMs, entries, isStale } = top
    tellAge(reply, top, now())
    const etag = `"${epoch}-${version}"`
    // What may be old is not to be confirmed later, when it is not.
    if (!isStale) reply.header('etag', etag)
    if (!isStale && matches(request.headers['if-none-match'], etag)) return await reply.code(304).send(null)
    const bodyNow = () => ({
      board: board.name,
      ...ranking,
      epoch,
      version,
      ...(isStale && { stale: true as const }),
      generated_at: new Date(readMs).toISOString(),
      ...resetBody(resetsMs),
      top_scores: entries.slice(0, limit).map(entryBody)
    })
    if (isStale) return bodyNow()
    const prepared = preparedOf(top)
    let answer = prepared.get(limit)
    if (answer === undefined) {
      const body = bodyNow()
      prepared.set(limit, answer = { body, text: reply.serializeInput(body, '200') as string })
    }
    const { body, text } = answer
    reply.type(JSON_TYPE).serializer(() => text)
    return body
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
