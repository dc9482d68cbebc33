// Reads one user of a ranking with neighbours.
import { Type } from 'typebox'
import { rankAround, rankWith } from '../../leaderboard/ranking/order-entries.ts'
import type { Board } from '../../leaderboard/boards/board.ts'
import type { Ranking } from '../../leaderboard/ranking/ranking.ts'
import type { Reads, UserQuery, UserStanding } from '../../leaderboard/ranking/reads.ts'
import { windowNameAt } from '../../leaderboard/boards/window.ts'
import { boardKeys } from '../keys.ts'
import { headOf } from './read-top.ts'
import { shown, turn } from '../order.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Cells = Type.Array(Type.String())
const Reply = Type.Union([
  Type.Tuple([
    Type.Literal('user'),
    Type.String(),
    Type.String(),
    Type.String(),
    Type.String(),
    Type.String(),
    Type.String(),
    Cells,
    Cells
  ]),
  Type.Tuple([Type.Literal('hidden'), Type.String(), Type.String(), Type.String(), Type.String()]),
  Type.Tuple([Type.Literal('unknown')])
])

/**
 * Reads the standing of one user with up to `around` neighbours on either side; undefined for a user without a score.
 */
export function createReadUser (
  { redis, clock, directory }: ScriptContext,
  readEntries: Reads['entries']
): Reads['user'] {
  const script = bindScript(redis, 'ranking/read-user', { reply: Reply, directory })

  /** As if the user were on the board; the neighbours are a read of their own. */
  async function hiddenOf (
    board: Board,
    ranking: Ranking,
    { userId, around }: UserQuery,
    [score, higher, total, name]: readonly string[]
  ): Promise<UserStanding> {
    const own = { rank: Number(higher) + 1, userId, username: name || userId, score: turn(board, Number(score)) }
    if (around === 0) return { ...own, total: Number(total) + 1, neighbours: [] }
    const { entries } = await readEntries(board, ranking, {
      start: { score: own.score, above: around },
      limit: 2 * around
    })
    const isBehind = (score: number) => board.order === 'asc' ? score > own.score : score < own.score
    return { ...own, total: Number(total) + 1, neighbours: rankWith(own, entries, { around, isBehind }) }
  }

  return async (board, { window: asked, segment }, query) => {
    const { userId, around, reader = 'others' } = query
    const names = boardKeys(board.name)
    const window = windowNameAt(asked, board, clock.now())
    const reply = await script(
      {
        scores: names.scores(window, segment),
        head: names.head(window, segment),
        names: names.names,
        hidden: names.hidden(window),
        banned: names.banned,
        current: names.currentSegments
      },
      { user: userId, around, head_size: board.head_size, reader, segment: segment ?? '' }
    )
    if (reply[0] === 'unknown') return undefined
    if (reply[0] === 'hidden') {
      return await hiddenOf(board, { window, ...(segment !== undefined && { segment }) }, query, reply.slice(1))
    }
    const [, score, higher, total, name, place, placeHigher, rows, head] = reply
    const entries = Array.from({ length: rows.length / 3 }, (_, row) => {
      const [neighbour, points, username] = rows.slice(3 * row, 3 * row + 3) as [string, string, string]
      return { userId: neighbour, username: username || neighbour, score: Number(points) }
    })
    return {
      userId,
      username: name || userId,
      score: turn(board, Number(score)),
      rank: Number(higher) + 1,
      total: Number(total),
      neighbours: around === 0
        ? []
        : shown(
          board,
          rankAround(userId, {
            around,
            head: headOf(head),
            stretch: { entries, place: Number(place), higher: Number(placeHigher) }
          })
        )
    }
  }
}
