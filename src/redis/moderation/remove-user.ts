// Removes or erases a user from one board: the caller of lua/moderation/remove-user.lua.
import { Type } from 'typebox'
import type { ModerationStore } from '../../leaderboard/moderation/moderation.ts'
import { closedSeasons } from '../../leaderboard/boards/retention.ts'
import { callWrite, SEND_AGAIN } from '../connection.ts'
import { actArgs, actKeys, callInTime, keptWindowsAt, windowKeys } from '../boards/kept-windows.ts'
import { boardKeys } from '../keys.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Tuple([Type.Enum(['stale_keys', 'outdated', 'removed', 'none']), Type.String()])

/** Takes one user off one board, or erases the user there. @throws Problem `unavailable`, `outcome_unknown` */
export function createRemoveUser ({ redis, clock, directory }: ScriptContext): ModerationStore['removeUser'] {
  const script = bindScript(redis, 'moderation/remove-user', { reply: Reply, directory })
  return async (board, act, kind) => {
    const names = boardKeys(board.name)
    const [word] = await callWrite(redis, async () =>
      await callInTime(script, clock, (atMs) => {
        const kept = keptWindowsAt(board, atMs)
        // The results of a closed season stand, but for whoever is to be forgotten.
        const windows = [...kept.running, ...kept.past, ...kind === 'erase' ? closedSeasons(board, atMs) : []]
        const own = kind === 'erase'
          ? [names.quota(act.userId), ...Object.keys(board.actions).map((action) => names.limit(act.userId, action))]
          : []
        return [
          { ...actKeys(names), names: names.names, ends: names.banEnds, rest: [...windowKeys(names, windows), ...own] },
          { ...actArgs(board, act, kept), kind, windows: windows.length }
        ]
      }), SEND_AGAIN)
    return word === 'removed' || word === 'none' ? { result: word } : { result: 'outdated' }
  }
}
