import { Type } from 'typebox'
import { HEAD_SIZE } from '../leaderboard/board.ts'
import { rankAround } from '../leaderboard/ranking.ts'
import type { Reads } from '../leaderboard/reads.ts'
import { windowNameAt } from '../leaderboard/window.ts'
import { boardKeys } from './keys.ts'
import { headOf } from './read-top.ts'
import { bindScript, type ScriptContext } from './scripts.ts'

const Cells = Type.Array(Type.String())
const Reply = Type.Union([
  Type.Tuple([
    Type.Literal('user'), Type.String(), Type.String(), Type.String(), Type.String(), Type.String(), Type.String(), Cells, Cells
  ]),
  Type.Tuple([Type.Literal('unknown')])
])

export function createReadUser ({ redis, clock, directory }: ScriptContext): Reads['user'] {
  const script = bindScript(redis, 'read-user', { reply: Reply, directory })
  return async (board, asked, { userId, around }) => {
    const names = boardKeys(board.name)
    const window = windowNameAt(asked, board.time_zone, clock.now())
    const reply = await script([names.scores(window), names.head(window), names.names], [userId, around, HEAD_SIZE])
    if (reply[0] === 'unknown') return undefined
    const [, score, higher, total, name, place, placeHigher, rows, head] = reply
    const entries = Array.from({ length: rows.length / 3 }, (_, row) => {
      const [neighbour, points, username] = rows.slice(3 * row, 3 * row + 3) as [string, string, string]
      return { userId: neighbour, username: username || neighbour, score: Number(points) }
    })
    return {
      userId,
      username: name || userId,
      score: Number(score),
      rank: Number(higher) + 1,
      total: Number(total),
      neighbours: around === 0
        ? []
        : rankAround(userId, { around, head: headOf(head), stretch: { entries, place: Number(place), higher: Number(placeHigher) } })
    }
  }
}
