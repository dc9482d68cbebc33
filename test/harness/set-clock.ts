import type { Test } from 'tap'
import type { Store } from '../../src/redis/store.ts'
import type { TestRedis } from './redis.ts'
import { plantFault, type Fault } from './scripts.ts'
import { freshBoard, increment, openTestStore } from './store.ts'

const KEY = 'set-clock'

export interface SetClock {
  readonly store: Store
  /** Sets the clock of the scripts and of the store. */
  set (atMs: number): Promise<void>
}

/**
 * A store whose clock a test sets, in place of the time of Redis, which nobody can set: its scripts are the real ones but for the
 * place where they ask for the time. Redis itself goes on living now, so the time must be in the future: keys that end in the past
 * would be gone at once.
 */
export async function openStoreWithClock (t: Test, redis: TestRedis, atMs: number, fault?: Fault): Promise<SetClock> {
  const directory = await plantFault(t, { script: 'parts/boards.lua', sound: "call('TIME')", faulty: `call('HMGET', '${KEY}', 'seconds', 'micros')` })
  let now = atMs
  const set = async (atMs: number) => {
    now = atMs
    await redis.client.hset(KEY, { seconds: Math.floor(atMs / 1000), micros: atMs % 1000 * 1000 })
  }
  await set(atMs)
  const store = await openTestStore(t, redis.url, { now: () => now, directory: fault === undefined ? directory : await plantFault(t, fault, directory) })
  // A first write teaches the store that the scripts have its own time, and not that of Redis.
  await store.increment(freshBoard(), increment('nobody'))
  return { store, set }
}
