// Lifts a ban on one board: the caller of lua/moderation/unban.lua.
import { Type } from 'typebox'
import type { ModerationStore } from '../../leaderboard/moderation/moderation.ts'
import { callWrite, SEND_AGAIN } from '../connection.ts'
import { actArgs, actKeys, callInTime, keptWindowsAt, windowKeys } from '../boards/kept-windows.ts'
import { boardKeys } from '../keys.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Tuple([Type.Enum(['stale_keys', 'outdated', 'unbanned', 'none']), Type.String()])

/**
 * Lifts the ban of one user on one board, and shows the scores again.
 * @throws Problem `unavailable`, `outcome_unknown`
 */
export function createUnban ({ redis, clock, directory }: ScriptContext): ModerationStore['unban'] {
  const script = bindScript(redis, 'moderation/unban', { reply: Reply, directory })
  return async (board, act, which) => {
    const names = boardKeys(board.name)
    const [word] = await callWrite(redis, async () =>
      await callInTime(script, clock, (atMs) => {
        const windows = keptWindowsAt(board, atMs)
        return [
          { ...actKeys(names), ends: names.banEnds, rest: windowKeys(names, [...windows.running, ...windows.past]) },
          {
            ...actArgs(board, act, windows),
            which,
            running: windows.running.length,
            all_boards: act.allBoards === true ? '1' : ''
          }
        ]
      }), SEND_AGAIN)
    return word === 'unbanned' || word === 'none' ? { result: word } : { result: 'outdated' }
  }
}
