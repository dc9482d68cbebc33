// Bans a user from one board: the caller of lua/moderation/ban.lua.
import { Type } from 'typebox'
import type { ModerationStore } from '../../leaderboard/moderation/moderation.ts'
import { parseBan } from './banned.ts'
import { callWrite, SEND_AGAIN } from '../connection.ts'
import { actArgs, actKeys, callInTime, keptWindowsAt, windowKeys } from '../boards/kept-windows.ts'
import { boardKeys } from '../keys.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Tuple([Type.Enum(['stale_keys', 'outdated', 'banned', 'same']), Type.String(), Type.String()])

/**
 * Bans one user from one board, and hides the scores. The same request again changes nothing.
 * @throws Problem `unavailable`, `outcome_unknown`
 */
export function createBan ({ redis, clock, directory }: ScriptContext): ModerationStore['ban'] {
  const script = bindScript(redis, 'moderation/ban', { reply: Reply, directory })
  return async (board, act, ban) => {
    const names = boardKeys(board.name)
    const [word, , kept] = await callWrite(redis, async () =>
      await callInTime(script, clock, (atMs) => {
        const windows = keptWindowsAt(board, atMs)
        return [
          { ...actKeys(names), ends: names.banEnds, rest: windowKeys(names, [...windows.running, ...windows.past]) },
          {
            ...actArgs(board, act, windows),
            ban: JSON.stringify(ban),
            ends_ms: ban.until_ms ?? 0,
            all_boards: act.allBoards === true ? '1' : ''
          }
        ]
      }), SEND_AGAIN)
    return word === 'banned' || word === 'same' ? { result: word, ban: parseBan(kept) } : { result: 'outdated' }
  }
}
