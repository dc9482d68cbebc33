// A bounded wait for what is to come: tests wait for events, never for a time.
import { setTimeout as delay } from 'node:timers/promises'

/** On a busy machine what comes at once may take many seconds. */
const WITHIN_MS = 120_000
const EVERY_MS = 5

export interface EventuallyOptions {
  /** How long it may take, in ms. */
  readonly withinMs?: number
  /** How often `check` is called, in ms. */
  readonly everyMs?: number
}

/**
 * Calls `check` until it returns something truthy, and returns that.
 * @throws Error with `what` where nothing has come in time
 */
export async function eventually<T> (
  check: () => T | Promise<T>,
  what: string,
  { withinMs = WITHIN_MS, everyMs = EVERY_MS }: EventuallyOptions = {}
): Promise<Exclude<T, false | undefined | null | 0 | ''>> {
  const end = performance.now() + withinMs
  for (;;) {
    const value = await check()
    if (value) return value as Exclude<T, false | undefined | null | 0 | ''>
    if (performance.now() > end) throw new Error(`waited ${withinMs / 1000} s in vain until ${what}`)
    await delay(everyMs)
  }
}
