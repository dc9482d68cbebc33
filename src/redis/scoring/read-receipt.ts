// Reads the receipt of an action.
import { Type } from 'typebox'
import type { Reads } from '../../leaderboard/ranking/reads.ts'
import { actionDigest, boardKeys, recordDayAt } from '../keys.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Union([
  Type.Tuple([Type.Literal('counted'), Type.String(), Type.String()]),
  Type.Tuple([Type.Literal('unknown')])
])

/**
 * Reads what an action gave and the score after it, from the records of the last two days; undefined where it is not
 * known.
 */
export function createReadReceipt ({ redis, clock, directory }: ScriptContext): Reads['receipt'] {
  const script = bindScript(redis, 'scoring/read-receipt', { reply: Reply, directory })
  return async (board, { userId, actionId }) => {
    const names = boardKeys(board.name)
    const digest = actionDigest(userId, actionId)
    const today = recordDayAt(clock.now())
    // Tomorrow too: Redis' clock decides the day, and may be ahead of what this node knows of it.
    const days = [today, today - 1, today + 1]
    const reply = await script(days.map((day) => names.actions(day, digest)), [digest])
    return reply[0] === 'counted' ? { increment: Number(reply[1]), score: Number(reply[2]) } : undefined
  }
}
