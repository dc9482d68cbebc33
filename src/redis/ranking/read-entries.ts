// Reads a page of a ranking: the caller of lua/ranking/read-entries.lua.
import { Type } from 'typebox'
import type { Board } from '../../leaderboard/boards/board.ts'
import { pageOf, type PageStart } from '../../leaderboard/ranking/page.ts'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { windowNameAt } from '../../leaderboard/boards/window.ts'
import { boardKeys } from '../keys.ts'
import { headOf } from './read-top.ts'
import { shown, turn } from '../order.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Cells = Type.Array(Type.String())
const Reply = Type.Tuple([Type.String(), Type.String(), Type.String(), Type.String(), Cells, Cells])

/** Reads a page of a ranking that starts at a place, behind a cursor or around a score. */
export function createReadEntries ({ redis, clock, directory }: ScriptContext): Reads['entries'] {
  const script = bindScript(redis, 'ranking/read-entries', { reply: Reply, directory })
  return async (board, { window: asked, segment }, { start, limit }) => {
    const names = boardKeys(board.name)
    const window = windowNameAt(asked, board, clock.now())
    const known = 'behind' in start ? start.behind.leaders.length : 0
    const [total, place, first, higher, rows, head] = await script(
      [names.scores(window, segment), names.head(window, segment), names.names],
      [...placeOf(board, start), limit + 1 + known, board.head_size]
    )
    const entries = Array.from({ length: rows.length / 3 }, (_, row) => {
      const [userId, score, name] = rows.slice(3 * row, 3 * row + 3) as [string, string, string]
      return { userId, username: name || userId, score: Number(score) }
    })
    const stretch = { entries, place: Number(first), higher: Number(higher) }
    const page = pageOf({
      from: 'behind' in start ? start.behind : Math.max(0, Number(place)),
      // Where there are fewer above than were wanted, the page ends where it would have ended.
      limit: limit + Math.min(0, Number(place)),
      head: headOf(head),
      stretch
    })
    return { ...page, entries: shown(board, page.entries), total: Number(total) }
  }
}

/** Score, user and offset for the script. */
function placeOf (board: Board, start: PageStart): [string, string, string] {
  if ('behind' in start) return [String(start.behind.score), start.behind.userId ?? '', '0']
  return 'place' in start
    ? ['+inf', '', String(start.place)]
    : [String(turn(board, start.score)), '', String(-start.above)]
}
