import { Type } from 'typebox'
import { rankAround } from '../leaderboard/ranking.ts'
import type { Reads } from '../leaderboard/reads.ts'
import { windowNameAt } from '../leaderboard/window.ts'
import { boardKeys } from './keys.ts'
import { headOf } from './read-top.ts'
import { shown, turn } from './order.ts'
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
  return async (board, { window: asked, segment }, { userId, around }) => {
    const names = boardKeys(board.name)
    const window = windowNameAt(asked, board, clock.now())
    const reply = await script([names.scores(window, segment), names.head(window, segment), names.names], [userId, around, board.head_size])
    if (reply[0] === 'unknown') return undefined
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
        : shown(board, rankAround(userId, { around, head: headOf(head), stretch: { entries, place: Number(place), higher: Number(placeHigher) } }))
    }
  }
}
