// Reads the standings of many users, for `me=1`.
import { Type } from 'typebox'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { windowAt } from '../../leaderboard/boards/window.ts'
import { boardKeys } from '../keys.ts'
import { turn } from '../order.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Array(Type.String())

/** Reads the score and rank of each user, in the order given; the rank is undefined for a user without a score. */
export function createReadStandings ({ redis, clock, directory }: ScriptContext): Reads['standings'] {
  const script = bindScript(redis, 'ranking/read-standings', { reply: Reply, directory })
  return async (board, { window: kind, segment }, userIds) => {
    const { name: window } = windowAt(kind, board, clock.now())
    const names = boardKeys(board.name)
    const cells = await script(
      [names.scores(window, segment), names.hidden(window), names.banned, names.currentSegments],
      [JSON.stringify(userIds), segment ?? '']
    )
    return userIds.map((_, n) => {
      const [score, rank] = cells.slice(2 * n, 2 * n + 2)
      return { score: turn(board, Number(score)), rank: rank === '' ? undefined : Number(rank) }
    })
  }
}
