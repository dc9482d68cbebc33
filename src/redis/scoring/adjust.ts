// Corrects a score: the caller of lua/scoring/adjust.lua.
import { Type } from 'typebox'
import type { ModerationStore } from '../../leaderboard/moderation/moderation.ts'
import { keptUntilMs } from '../../leaderboard/boards/retention.ts'
import { DAY_MS } from '../../leaderboard/boards/window.ts'
import { callWrite } from '../connection.ts'
import { actArgs, actKeys, callInTime, keptWindowsAt, windowKeys } from '../boards/kept-windows.ts'
import { actionDigest, boardKeys, FUTURE_MS, MEMORY_MS, recordDayAt } from '../keys.ts'
import { signOf } from '../order.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'

const Reply = Type.Tuple([
  Type.Enum([
    'stale_keys',
    'outdated',
    'applied',
    'replayed',
    'mismatch',
    'too_old',
    'ban_over',
    'score_limit',
    'below'
  ]),
  Type.String(),
  Type.String()
])

/**
 * Raises, lowers or sets the score of one user in every running window, exactly once for each action id.
 * @throws Problem `unavailable`, `outcome_unknown`
 */
export function createAdjust ({ redis, clock, directory }: ScriptContext): ModerationStore['adjust'] {
  const script = bindScript(redis, 'scoring/adjust', { reply: Reply, directory })
  return async (board, act, { change, amount, madeMs = 0 }) => {
    const names = boardKeys(board.name)
    const digest = actionDigest(act.userId, act.actionId)
    if (keptWindowsAt(board, clock.now()).running.length === 0) return { result: 'season_closed' }
    const [word, , score] = await callWrite(redis, async () =>
      await callInTime(script, clock, (atMs) => {
        const { running, fromMs, untilMs } = keptWindowsAt(board, atMs)
        const day = recordDayAt(atMs)
        const period = { fromMs: Math.max(fromMs, day * DAY_MS), untilMs: Math.min(untilMs, (day + 1) * DAY_MS) }
        return [
          {
            ...actKeys(names),
            records: names.actions(day, digest),
            older: names.actions(day - 1, digest),
            rest: windowKeys(names, running)
          },
          {
            ...actArgs(board, act, period),
            digest,
            made_ms: madeMs,
            records_until_ms: (day + 1) * DAY_MS + MEMORY_MS,
            memory_ms: MEMORY_MS,
            future_ms: FUTURE_MS,
            change,
            amount: String(amount),
            max_score: board.max_score,
            sign: signOf(board),
            rest: running.map((window) => keptUntilMs(board, window))
          }
        ]
      }))
    if (word === 'stale_keys' || word === 'outdated') return { result: 'outdated' }
    return word === 'applied' || word === 'replayed' ? { result: word, score: Number(score) } : { result: word }
  }
}
