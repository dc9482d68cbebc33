// Plants one fault after the other, by what it means, in a script, and shows that the histories find each.
import { ReplyError } from 'ioredis'
import type { Test } from 'tap'
import { Problem } from '../../../src/leaderboard/problem.ts'
import { playHistories, startMs } from './histories.ts'
import { startRedis, type TestRedis } from '../servers/redis.ts'
import type { Fault } from './scripts.ts'
import { openStoreWithClock } from './set-clock.ts'

/** Plants one fault after the other, by what it means, in a script, and shows that the histories find each. */
export async function findFaults (
  t: Test,
  script: string,
  faults: Record<string, readonly [sound: string, faulty: string]>
): Promise<void> {
  const redis = await startRedis(t)
  for (const [name, [sound, faulty]] of Object.entries(faults)) {
    t.ok(await isFound(t, redis, { script, sound, faulty }), name)
  }
}

async function isFound (t: Test, redis: TestRedis, fault: Fault): Promise<boolean> {
  const clock = await openStoreWithClock(t, redis, startMs(), fault)
  return await playHistories(clock, redis, { runs: 1, seed: 20261121 }).then(() => false, (error: Error) => {
    if ([error, error.cause].some(isStall)) throw error
    return true
  })
}

/** Whether Redis gave no answer, which shows no fault. A script that breaks does answer: with an error. */
export function isStall (error: unknown): error is Problem {
  return error instanceof Problem && error.statusCode === 503 && !(error.cause instanceof ReplyError)
}
