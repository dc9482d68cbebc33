// Sets the clock of the scripts, and the store's own, which may be behind it until it learns the time.
import type { Test } from 'tap'
import type { Store } from '../../../src/redis/store.ts'
import type { TestRedis } from '../servers/redis.ts'
import { plantFault, type Fault } from './scripts.ts'
import { freshBoard, increment, openTestStore } from '../servers/store.ts'

let clocks = 0

export interface SetClock {
  readonly store: Store
  /** Sets the clock of the scripts, and the store's own, which may be behind it until it learns the time. */
  set(atMs: number, behindMs?: number): Promise<void>
}

/**
 * A store whose clock a test sets, in place of the time of Redis, which nobody can set: its scripts are the real ones
 * but for the place where they ask for the time. Redis itself goes on living now, so the time must be in the future:
 * keys that end in the past would be gone at once.
 */
export async function openStoreWithClock (t: Test, redis: TestRedis, atMs: number, fault?: Fault): Promise<SetClock> {
  const key = `set-clock-${clocks++}`
  const directory = await plantFault(t, {
    script: 'lib/boards.lua',
    sound: "call('TIME')",
    faulty: `call('HMGET', '${key}', 'seconds', 'micros')`
  })
  let now = atMs
  const set = async (atMs: number, behindMs = 0) => {
    now = atMs - behindMs
    await redis.client.hset(key, { seconds: Math.floor(atMs / 1000), micros: atMs % 1000 * 1000 })
  }
  await set(atMs)
  const store = await openTestStore(t, redis.url, {
    now: () => now,
    directory: fault === undefined ? directory : await plantFault(t, fault, directory)
  })
  // A first write teaches the store that the scripts have its own time, and not that of Redis.
  await store.applyIncrement(freshBoard(), increment('nobody'))
  return { store, set }
}
