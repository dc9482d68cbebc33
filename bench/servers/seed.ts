// A large board, loaded past the service: what its scripts would have left behind, without the time that they would
// take.
import type { Redis } from 'ioredis'
import { HEAD_SIZE } from '../../src/leaderboard/boards/rules.ts'
import { boardKeys } from '../../src/redis/keys.ts'

const BATCH = 1000
/** Batches on their way to Redis at a time. */
const UNDER_WAY = 8

/** Half of the members have less than twice as much. */
const LEAST_SCORE = 10
/** Of Pareto's distribution: a few have very much, and most have little and so share their scores with many. */
const TAIL = 1.2
const MOST_SCORE = 1_000_000_000

export const userIdOf = (user: number) => `user-${user}`
export const usernameOf = (user: number) => `Player ${user}`

/** A score for each user, by number. `random` gives numbers from 0 up to 1. */
export function drawScores (members: number, random: () => number): Uint32Array {
  return Uint32Array.from(
    { length: members },
    () => Math.min(MOST_SCORE, Math.floor(LEAST_SCORE * (1 - random()) ** (-1 / TAIL)))
  )
}

/**
 * The users of the head, first to last: those with the highest scores, as if the users had reached theirs in the
 * order of their numbers.
 */
export function headUsers (scores: Uint32Array): number[] {
  const floor = scores.toSorted()[Math.max(0, scores.length - HEAD_SIZE)]!
  const atLeast: number[] = []
  for (const [user, score] of scores.entries()) if (score >= floor) atLeast.push(user)
  return atLeast.sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, HEAD_SIZE)
}

/** The rank of a score: one more than the users above it. */
export function rankOf (scores: Uint32Array, score: number): number {
  return 1 + scores.reduce((higher, other) => other > score ? higher + 1 : higher, 0)
}

/** What Redis takes for each of many, allocator's rounding and tables included. */
export interface SeededBytes {
  readonly scores: number
  readonly names: number
}

/**
 * Writes the users' scores, names and head, for the window `all` of an empty board. Its epoch and version come with
 * the first increment.
 */
export async function seedBoard (redis: Redis, board: string, scores: Uint32Array): Promise<SeededBytes> {
  const keys = boardKeys(board)
  const write = async (
    cellsOf: (user: number) => (string | number)[],
    send: (cells: (string | number)[]) => Promise<unknown>
  ) => {
    const before = await usedBytes(redis)
    await inBatches(
      scores.length,
      async (from, till) => await send(Array.from({ length: till - from }, (_, n) => cellsOf(from + n)).flat())
    )
    return (await usedBytes(redis) - before) / scores.length
  }
  const bytes = {
    scores: await write(
      (user) => [scores[user]!, userIdOf(user)],
      async (cells) => await redis.zadd(keys.scores('all'), ...cells)
    ),
    names: await write(
      (user) => [userIdOf(user), usernameOf(user)],
      async (cells) => await redis.hset(keys.names, ...cells)
    )
  }
  await redis.hset(keys.head('all'), ...headUsers(scores).flatMap((user) => [userIdOf(user), user + 1]))
  return bytes
}

/** What the data of a Redis takes, without what is on its way in or out. */
export async function usedBytes (redis: Redis): Promise<number> {
  const info = await redis.info('memory')
  const of = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
  return of('used_memory') - of('mem_clients_normal') - of('mem_aof_buffer')
}

/** Calls `write` for each stretch of up to `BATCH` numbers below `count`, a few at a time, in order. */
export async function inBatches (
  count: number,
  write: (from: number, till: number) => Promise<unknown>
): Promise<void> {
  let next = 0
  const writeSome = async () => {
    while (next < count) {
      const from = next
      next = Math.min(count, from + BATCH)
      await write(from, next)
    }
  }
  await Promise.all(Array.from({ length: UNDER_WAY }, writeSome))
}
