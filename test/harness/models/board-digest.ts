// A score as it counts: a zero may be stored with a sign.
import type { Redis } from 'ioredis'
import { boardKeys, boardPattern, scoreKeys } from '../../../src/redis/keys.ts'

/** A score as it counts: a zero may be stored with a sign. */
const plain = (score: string) => String(Number(score) + 0)

/**
 * All that Redis holds of a board's users, for comparison: every window and segment with its end, the heads in their
 * order, names, segments, bans, what is hidden, remembered actions. Sequence numbers are left out, for only their
 * order counts.
 */
export async function boardDigest (redis: Redis, board: string): Promise<Record<string, unknown>> {
  const keys = boardKeys(board)
  const hasScores = scoreKeys(board)
  const digest: Record<string, unknown> = {}
  for (const key of (await redis.keys(boardPattern(board))).sort()) {
    if (key.startsWith(keys.head(''))) {
      const reached = await redis.hgetall(key)
      const scores = key.replace(keys.head(''), keys.scores(''))
      const users = Object.keys(reached)
      const stored = await redis.zmscore(scores, ...users)
      digest[key] = users.map((user, n) => ({ user, score: Number(stored![n]), at: Number(reached[user]) }))
        .sort((a, b) => b.score - a.score || a.at - b.at).map(({ user, score }) => `${user} ${score + 0}`)
    } else if (await redis.type(key) === 'zset') {
      const cells = await redis.zrange(key, '0', '-1', 'WITHSCORES')
      digest[key] = Object.fromEntries(
        Array.from({ length: cells.length / 2 }, (_, n) => [cells[2 * n]!, plain(cells[2 * n + 1]!)])
      )
    } else if (hasScores(key) || key.startsWith(keys.actions(0, '').split('0:')[0]!)) {
      digest[key] = Object.fromEntries(Object.entries(await redis.hgetall(key)).sort(([a], [b]) => a < b ? -1 : 1))
    } else continue
    digest[`${key} until`] = await redis.pexpiretime(key)
  }
  return digest
}

/** The first thing that differs, in words; undefined where nothing does. */
export function difference (found: Record<string, unknown>, expected: Record<string, unknown>): string | undefined {
  for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    const [a, b] = [found[key], expected[key]]
    if (JSON.stringify(a) === JSON.stringify(b)) continue
    if (Array.isArray(a) || !isObject(a) || !isObject(b)) {
      return `${key}: ${JSON.stringify(a)} instead of ${JSON.stringify(b)}`
    }
    return `${key}: ${difference(a, b) ?? 'another order'}`
  }
  return undefined
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
