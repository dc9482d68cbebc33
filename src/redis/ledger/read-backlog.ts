// Reads how far the archive of a board is behind.
import type { Redis } from 'ioredis'
import { Type } from 'typebox'
import type { Backlog } from '../../leaderboard/ledger/archive.ts'
import { ARCHIVE_GROUP, boardKeys } from '../keys.ts'
import { bindScript } from '../scripts.ts'

const Figure = Type.String({ pattern: '^[0-9]+$' })
const Reply = Type.Tuple([Figure, Figure, Figure, Figure, Figure])

/** Reads how far the archive of a board is behind. */
export function createReadBacklog (redis: Redis): (board: string) => Promise<Backlog> {
  const script = bindScript(redis, 'ledger/read-backlog', { reply: Reply })
  return async (board) => {
    const { ledger, deadLetters } = boardKeys(board)
    const [entries, waiting, oldestMs, nowMs, dead] = await script([ledger, deadLetters], [ARCHIVE_GROUP])
    const lagMs = oldestMs === '0' ? 0 : Math.max(0, Number(nowMs) - Number(oldestMs))
    return {
      entries: Number(entries),
      waiting: Number(waiting),
      lagMs,
      oldestMs: oldestMs === '0' ? undefined : Number(oldestMs),
      deadLetters: Number(dead)
    }
  }
}
