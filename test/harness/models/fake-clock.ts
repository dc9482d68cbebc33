// A clock that stands still until a test moves it, for everything that takes a `Clock`.
import { setImmediate as turnOfNode } from 'node:timers/promises'
import type { Clock } from '../../../src/leaderboard/clock.ts'

/** More callbacks than this in one move are a timer that starts itself again and again. */
const MAX_CALLBACKS = 100_000

/** As in Node: a timer never runs in the turn in which it was started. */
const MIN_TIMEOUT_MS = 1

interface Timer {
  dueMs: number
  readonly everyMs: number | undefined
  readonly callback: () => void
}

/**
 * Time that passes only in `advance`, and at once. Timers run in the order in which they are due, those of one moment
 * in the order in which they were started. Promises settle, and sockets are read, between one timer and the next.
 */
export class FakeClock implements Clock {
  #now: number
  readonly #timers = new Set<Timer>()

  /** `startMs` is the first time that it shows: not 0, so that a time never set is not taken for now. */
  constructor (startMs = 1_000_000) {
    this.#now = startMs
  }

  readonly now = (): number => this.#now

  readonly setTimeout = (callback: () => void, ms: number): () => void =>
    this.#start(callback, Math.max(MIN_TIMEOUT_MS, ms))

  readonly setInterval = (callback: () => void, ms: number): () => void => this.#start(callback, ms, ms)

  readonly setImmediate = (callback: () => void): void => {
    this.#start(callback, 0)
  }

  /** Timers that were started and have neither run nor been stopped. */
  get waiting (): number {
    return this.#timers.size
  }

  /** Lets `ms` pass, or more where a callback calls `block`, and runs what falls due meanwhile. */
  async advance (ms: number): Promise<void> {
    const untilMs = this.#now + ms
    for (let left = MAX_CALLBACKS; ; left--) {
      await turnOfNode()
      const timer = this.#next(Math.max(untilMs, this.#now))
      if (timer === undefined) break
      if (left === 0) throw new Error(`more than ${MAX_CALLBACKS} timers ran within ${ms} ms`)
      this.#now = Math.max(this.#now, timer.dueMs)
      this.#run(timer)
    }
    this.#now = Math.max(this.#now, untilMs)
  }

  /** Ends one turn of the event loop: runs what is due now, but not what that starts, and lets promises settle. */
  async turn (): Promise<void> {
    await turnOfNode()
    for (const timer of [...this.#timers]) {
      if (timer.dueMs <= this.#now && this.#timers.has(timer)) this.#run(timer)
    }
    await turnOfNode()
  }

  /** Lets `ms` pass while nothing can run, as in a process that is busy. Whatever fell due meanwhile runs late. */
  block (ms: number): void {
    this.#now += ms
  }

  #start (callback: () => void, ms: number, everyMs?: number): () => void {
    const timer = { dueMs: this.#now + ms, everyMs, callback }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  /** The first timer to be due, if it is by a time. */
  #next (untilMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer
    }
    return next
  }

  #run (timer: Timer): void {
    this.#timers.delete(timer)
    if (timer.everyMs !== undefined) {
      timer.dueMs = this.#now + timer.everyMs
      this.#timers.add(timer)
    }
    timer.callback()
  }
}
