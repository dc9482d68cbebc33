// A call of the script that keeps increments, as words for redis-benchmark.
import type { Redis } from 'ioredis'
import { systemClock } from '../../src/app/system-clock.ts'
import { defaultBoards } from '../../src/leaderboard/boards/board.ts'
import { createRedisClock } from '../../src/redis/clock.ts'
import { createApplyIncrement } from '../../src/redis/scoring/increment.ts'
import { actionDigest } from '../../src/redis/keys.ts'
import { readScript } from '../../src/redis/scripts.ts'

/** redis-benchmark puts another number of 12 digits in its place, each time. */
const ANY = '__rand_int__'

/**
 * The words of a call with so many increments, of random users, each an action that was not there before. What
 * differs from a call of the service: of an item the user in the body and in the key of the quota are two random
 * ones, the digest is in a slot that is not its own, one of as many as there are users instead of 65,536, and every
 * user has one name.
 */
export async function scriptCall (redis: Redis, items: number): Promise<string[]> {
  const [sha, words] = await Promise.all([redis.script('LOAD', readScript('scoring/increment')), wordsOf(items)])
  return ['EVALSHA', String(sha), ...words]
}

/** Has the twin of the script make the call, and keeps what it would have sent. */
async function wordsOf (items: number): Promise<string[]> {
  let words: readonly (string | number)[] = []
  const recorder = {
    status: 'ready',
    defineCommand () {},
    async increment (...sent: (string | number)[]) {
      words = sent
      return `done ${Date.now()}${' applied 1'.repeat(items)}`
    }
  }
  const keep = createApplyIncrement({
    redis: recorder as unknown as Redis,
    clock: createRedisClock(Date.now),
    nodeClock: systemClock,
    timeoutMs: 1000
  })
  const user = `user-${ANY}`
  const increments = Array.from({ length: items }, (_, n) => ({
    userId: user,
    username: 'Player',
    actionId: `action-${n}-${ANY}`,
    increment: 5,
    madeMs: undefined,
    actor: user,
    ip: '127.0.0.1',
    requestId: `bench-${ANY}`
  }))
  const { default: board } = defaultBoards()
  await Promise.all(increments.map(async (increment) => await keep(board, increment)))
  const digests = increments.map(({ actionId }) => actionDigest(user, actionId))
  return words.map((word) =>
    digests.reduce((text, digest) => text.replace(digest, `${ANY}${digest.slice(0, 4)}`), String(word)).replace(
      /(:actions:\d+:).+$/,
      `$1${ANY}`
    )
  )
}
