// Remembers why a queued action was refused, and reads it.
import type { Redis } from 'ioredis'
import { Type, type Static } from 'typebox'
import { STATUS } from '../../leaderboard/problem.ts'
import type { Refusals } from '../../leaderboard/scoring/queue.ts'
import { DAY_MS } from '../../leaderboard/boards/window.ts'
import { callWrite } from '../connection.ts'
import { actionDigest, boardKeys, MEMORY_MS, recordDayAt } from '../keys.ts'
import { bindScript, type ScriptContext } from '../scripts.ts'
import { checker } from '../../leaderboard/schema.ts'

const Reply = Type.Enum(['kept', 'gone', 'full'])
const Kept = Type.Object({
  code: Type.Enum(Object.keys(STATUS) as Array<keyof typeof STATUS>),
  detail: Type.String(),
  refusedMs: Type.Integer()
})
const isKept = checker(Kept)

/**
 * Refusals of a board and a day that are remembered, some 25 MB at most: somebody may send for ever what is always
 * refused.
 */
const MAX_REFUSALS = 100_000

export function createRefusals (
  { redis, clock, directory, reader }: ScriptContext & { readonly reader: Redis }
): Refusals {
  const script = bindScript(redis, 'scoring/refuse-action', { reply: Reply, directory })
  return {
    async keep (board, { userId, actionId }, { code, message: detail }) {
      const names = boardKeys(board.name)
      const refusedMs = Math.floor(clock.now())
      const day = recordDayAt(refusedMs)
      const refusal: Static<typeof Kept> = { code, detail, refusedMs }
      await callWrite(redis, async () =>
        await script(
          [names.meta, names.refused(day)],
          [actionDigest(userId, actionId), JSON.stringify(refusal), (day + 1) * DAY_MS + MEMORY_MS, MAX_REFUSALS]
        ))
    },
    async read (board, { userId, actionId }) {
      const names = boardKeys(board.name)
      const digest = actionDigest(userId, actionId)
      const today = recordDayAt(clock.now())
      // Tomorrow too: nodes' ideas of Redis' clock differ. The newest comes first.
      const records = await Promise.all(
        [today + 1, today, today - 1].map(async (day) => await reader.hget(names.refused(day), digest))
      )
      const record = records.find((text) => text !== null)
      const refusal: unknown = record === undefined || record === null ? undefined : JSON.parse(record)
      return isKept(refusal) ? refusal : undefined
    }
  }
}
