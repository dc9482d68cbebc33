// Waits for something to end, well or not, for `ms` at most. Returns whether it has.
import { setTimeout as delay } from 'node:timers/promises'

/** Waits for something to end, well or not, for `ms` at most. Returns whether it has. */
export async function within (ms: number, ending: Promise<unknown>): Promise<boolean> {
  const ended = new AbortController()
  const end = () => ended.abort()
  await Promise.race([ending.then(end, end), delay(ms, undefined, { signal: ended.signal }).catch(() => {})])
  return ended.signal.aborted
}
