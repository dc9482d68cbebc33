// Reads which scores have changed since a cursor, for `feed=scores`.
import { Type } from 'typebox'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { windowAt } from '../../leaderboard/boards/window.ts'
import { boardKeys } from '../keys.ts'
import { turn } from '../order.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

/** About 1 ms of Redis. */
const MAX_ENTRIES = 500

const Reply = Type.Array(Type.String(), { minItems: 2 })

/** Reads changed scores of a ranking from the stream of its board; at most 500 entries a call. */
export function createReadChanges ({ redis, clock, directory }: ScriptContext): Reads['changes'] {
  const script = bindScript(redis, 'ranking/read-changes', { reply: Reply, directory })
  return async (board, { window: kind, segment }, cursor = '') => {
    const names = boardKeys(board.name)
    const { name: window } = windowAt(kind, board, clock.now())
    const [id, more, ...cells] = await script([names.ledger, names.scores(window, segment)], [
      cursor,
      MAX_ENTRIES,
      segment ?? ''
    ])
    const rows = Array.from(
      { length: cells.length / 2 },
      (_, n): [userId: string, score: string] => [cells[2 * n]!, cells[2 * n + 1]!]
    )
    return {
      cursor: id!,
      more: more === '1',
      changes: rows.filter(([, score]) => score !== 'hidden').map(([userId, score]) => ({
        userId,
        score: score === 'none' ? null : turn(board, Number(score))
      })),
      unseen: rows.filter(([, score]) => score === 'hidden').map(([userId]) => userId)
    }
  }
}
