import { Type } from 'typebox'
import type { ApplyRollback } from '../../leaderboard/ledger/rollback.ts'
import { DAY_MS } from '../../leaderboard/boards/window.ts'
import { callWrite } from '../connection.ts'
import { actArgs, callInTime, keptWindowsAt } from '../boards/kept-windows.ts'
import { actionDigest, boardKeys, MEMORY_MS, recordDayAt } from '../keys.ts'
import { signOf } from '../order.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Tuple([Type.Enum(['stale_keys', 'outdated', 'applied', 'replayed', 'none']), Type.String(), Type.String()])

/** Takes back what was gained in a window through `lua/ledger/rollback.lua`. */
export function createApplyRollback ({ redis, clock, directory }: ScriptContext): ApplyRollback {
  const script = bindScript(redis, 'ledger/rollback', { reply: Reply, directory })
  return async (board, act, { window, change, amount, actionId }) => {
    const names = boardKeys(board.name)
    const digest = actionDigest(act.userId, actionId)
    const [word, , score] = await callWrite(redis, async () => await callInTime(script, clock, (atMs) => {
      const { fromMs, untilMs } = keptWindowsAt(board, atMs)
      const day = recordDayAt(atMs)
      const period = { fromMs: Math.max(fromMs, day * DAY_MS), untilMs: Math.min(untilMs, (day + 1) * DAY_MS) }
      return [
        [names.meta, names.gate, names.ledger, names.currentSegments, names.formerSegments, names.banned,
          names.actions(day, digest), names.actions(day - 1, digest), names.scores(window), names.head(window), names.hidden(window)],
        [...actArgs(board, { ...act, actionId }, period), digest, (day + 1) * DAY_MS + MEMORY_MS, window, change, String(amount), signOf(board)]
      ]
    }))
    return { result: word === 'stale_keys' || word === 'outdated' ? 'outdated' : word, score: Number(score) }
  }
}
