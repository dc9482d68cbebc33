// One timer for the deadlines of all sessions.
import type { Clock } from '../leaderboard/clock.ts'

/** What is due at a time. */
export interface TimerItem {
  dueAt: number
}

const TICK_MS = 1000

/** Buckets of one second: thousands of deadlines for one timer. No item is early, and none more than 2 s late. */
export class TimerWheel<Item extends TimerItem> {
  readonly #onDue: (item: Item, now: number) => void
  readonly #buckets = new Map<number, Set<Item>>()
  readonly #clock: Clock
  readonly #stop: () => void
  #turned: number

  constructor (onDue: (item: Item, now: number) => void, clock: Clock) {
    this.#onDue = onDue
    this.#clock = clock
    this.#turned = secondOf(clock.now())
    this.#stop = clock.setInterval(() => this.#turn(), TICK_MS)
  }

  add (item: Item, dueAt: number): void {
    // What was due before is due with the next turn.
    item.dueAt = Math.max(dueAt, this.#turned * TICK_MS + 1)
    const second = secondOf(item.dueAt)
    const bucket = this.#buckets.get(second)
    if (bucket === undefined) this.#buckets.set(second, new Set([item]))
    else bucket.add(item)
  }

  remove (item: Item): void {
    this.#buckets.get(secondOf(item.dueAt))?.delete(item)
  }

  stop (): void {
    this.#stop()
  }

  #turn (): void {
    const now = this.#clock.now()
    for (const until = Math.floor(now / TICK_MS); this.#turned < until;) {
      const second = ++this.#turned
      const due = this.#buckets.get(second)
      this.#buckets.delete(second)
      for (const item of due ?? []) this.#onDue(item, now)
    }
  }
}

/** The second at whose end a moment has passed. */
function secondOf (ms: number): number {
  return Math.ceil(ms / TICK_MS)
}
