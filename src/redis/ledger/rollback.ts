// Takes back gains of a user: the caller of lua/ledger/rollback.lua.
import { Type } from 'typebox'
import type { ApplyRollback } from '../../leaderboard/ledger/rollback.ts'
import { DAY_MS } from '../../leaderboard/boards/window.ts'
import { callWrite } from '../connection.ts'
import { actArgs, actKeys, callInTime, keptWindowsAt } from '../boards/kept-windows.ts'
import { actionDigest, boardKeys, MEMORY_MS, recordDayAt } from '../keys.ts'
import { signOf } from '../order.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Tuple([
  Type.Enum(['stale_keys', 'outdated', 'applied', 'replayed', 'none']),
  Type.String(),
  Type.String()
])

/** Takes back what was gained in a window through `lua/ledger/rollback.lua`. */
export function createApplyRollback ({ redis, clock, directory }: ScriptContext): ApplyRollback {
  const script = bindScript(redis, 'ledger/rollback', { reply: Reply, directory })
  return async (board, act, { window, change, amount, actionId }) => {
    const names = boardKeys(board.name)
    const digest = actionDigest(act.userId, actionId)
    const [word, , score] = await callWrite(redis, async () =>
      await callInTime(script, clock, (atMs) => {
        const { fromMs, untilMs } = keptWindowsAt(board, atMs)
        const day = recordDayAt(atMs)
        const period = { fromMs: Math.max(fromMs, day * DAY_MS), untilMs: Math.min(untilMs, (day + 1) * DAY_MS) }
        return [
          {
            ...actKeys(names),
            records: names.actions(day, digest),
            older: names.actions(day - 1, digest),
            scores: names.scores(window),
            head: names.head(window),
            hidden: names.hidden(window)
          },
          {
            ...actArgs(board, { ...act, actionId }, period),
            digest,
            records_until_ms: (day + 1) * DAY_MS + MEMORY_MS,
            window,
            change,
            amount: String(amount),
            sign: signOf(board)
          }
        ]
      }))
    return { result: word === 'stale_keys' || word === 'outdated' ? 'outdated' : word, score: Number(score) }
  }
}
