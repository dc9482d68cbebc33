import { Type } from 'typebox'
import { rankAmong } from '../leaderboard/ranking.ts'
import type { Reads } from '../leaderboard/reads.ts'
import { windowNameAt } from '../leaderboard/window.ts'
import { boardKeys } from './keys.ts'
import { shown } from './order.ts'
import { bindScript, type ScriptContext } from './scripts.ts'

const Reply = Type.Array(Type.String())

export function createReadLookup ({ redis, clock, directory }: ScriptContext): Reads['lookup'] {
  const script = bindScript(redis, 'read-lookup', { reply: Reply, directory })
  return async (board, { window: asked, segment }, userIds) => {
    const names = boardKeys(board.name)
    const window = windowNameAt(asked, board, clock.now())
    const cells = await script([names.scores(window, segment), names.head(window, segment), names.names], [JSON.stringify(userIds)])
    return shown(board, rankAmong(userIds.flatMap((userId, n) => {
      const [score, higher, sequence, name] = cells.slice(4 * n, 4 * n + 4) as [string, string, string, string]
      if (score === '') return []
      return [{
        rank: Number(higher) + 1, userId, username: name || userId, score: Number(score), sequence: sequence === '' ? undefined : Number(sequence)
      }]
    })))
  }
}
