// Hint and pull: when a board is read.
import type { Clock } from '../leaderboard/clock.ts'

export interface PullOptions {
  /** Reads the newest state and hands it on; whether it was news. Must not throw. */
  readonly read: () => Promise<boolean>
  /** At most one hinted read in each of these, and none right after one that brought news. */
  readonly windowMs: () => number
  /** For how long after a hint further changes may come without one. */
  readonly quietMs: number
  /** Without any hint there is a read this often, give or take a fifth. */
  readonly pollMs: number
  /** Between 0 and 1. */
  readonly random: () => number
  readonly clock: Clock
}

/**
 * Hint and pull. A hint says that something has changed, never what: it leads to a read, at once unless there was
 * news within the window, and to another at the window's end, as long as changes may have come without a hint.
 * A lost hint costs the time to the next poll and never a wrong state.
 */
export class Pull {
  readonly #options: PullOptions
  #lastNews = -Infinity
  #quietUntil = -Infinity
  #stopWindow: (() => void) | undefined
  #stopPoll: (() => void) | undefined
  #reading = false
  #again = false
  #stopped = false

  constructor (options: PullOptions) {
    this.#options = options
    this.#schedulePoll()
  }

  hint (): void {
    if (this.#stopped) return
    const windowMs = this.#options.windowMs()
    const now = this.#options.clock.now()
    this.#quietUntil = now + this.#options.quietMs
    if (this.#stopWindow !== undefined) return
    // A poll that found nothing new keeps no hint waiting.
    const sinceNews = now - this.#lastNews
    if (sinceNews >= windowMs) {
      void this.#read()
      this.#scheduleWindowEnd(windowMs)
    } else {
      this.#scheduleWindowEnd(windowMs - sinceNews)
    }
  }

  stop (): void {
    this.#stopped = true
    this.#stopWindow?.()
    this.#stopPoll?.()
  }

  #scheduleWindowEnd (afterMs: number): void {
    const { clock, windowMs } = this.#options
    this.#stopWindow = clock.setTimeout(() => {
      this.#stopWindow = undefined
      void this.#read()
      if (clock.now() < this.#quietUntil) this.#scheduleWindowEnd(windowMs())
    }, afterMs)
  }

  #schedulePoll (): void {
    const { pollMs, random, clock } = this.#options
    this.#stopPoll = clock.setTimeout(() => {
      void this.#read()
      this.#schedulePoll()
    }, pollMs * (0.8 + 0.4 * random()))
  }

  async #read (): Promise<void> {
    if (this.#reading) {
      this.#again = true
      return
    }
    this.#reading = true
    do {
      this.#again = false
      const begun = this.#options.clock.now()
      if (await this.#options.read()) this.#lastNews = begun
    } while (this.#again && !this.#stopped)
    this.#reading = false
  }
}
