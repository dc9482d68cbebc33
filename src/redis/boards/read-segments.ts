// Reads the segments that users are in.
import type { Redis } from 'ioredis'
import type { Board } from '../../leaderboard/boards/board.ts'
import { boardKeys } from '../keys.ts'

/** The segments that each of at most 1,000 users is in, by name, in the order given. */
export function createReadSegments (
  redis: Redis
): (board: Board, userIds: readonly string[]) => Promise<Record<string, string>[]> {
  return async (board, userIds) => {
    if (userIds.length === 0) return []
    const texts = await redis.hmget(boardKeys(board.name).currentSegments, ...userIds)
    return texts.map((text) =>
      Object.fromEntries(
        (text ?? '').split('\n').filter(Boolean).map((segment) => {
          const colon = segment.indexOf(':')
          return [segment.slice(0, colon), segment.slice(colon + 1)]
        })
      )
    )
  }
}
