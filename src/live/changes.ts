// The score changes of one board, read once a push window.
import type { Clock } from '../leaderboard/clock.ts'
import type { Changes as ChangesRead } from '../leaderboard/ranking/reads.ts'

interface ChangesOptions {
  /** Reads what has changed since a cursor; without one, the cursor of now. */
  readonly read: (cursor?: string) => Promise<ChangesRead>
  readonly windowMs: () => number
  /** Told after each read; the first has nothing, and every change from then on will be told. */
  readonly onChanges: (read: Pick<ChangesRead, 'changes' | 'unseen'>, isFirst: boolean) => void
  readonly onReadError: (error: unknown) => void
  readonly clock: Clock
}

/** Reads every score change of a board, once a push window, from where it was started until it is stopped. */
export class Changes {
  readonly #options: ChangesOptions
  #stopTimer: (() => void) | undefined
  #cursor: string | undefined

  constructor (options: ChangesOptions) {
    this.#options = options
  }

  /** Whether every change from now on will be told. */
  get isComplete (): boolean {
    return this.#cursor !== undefined
  }

  start (): void {
    if (this.#stopTimer === undefined) this.#readIn(0)
  }

  stop (): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    this.#cursor = undefined
  }

  #readIn (ms: number): void {
    const stop = this.#options.clock.setTimeout(async () => {
      // While it reads it may be stopped, and even started again.
      const isCurrent = () => this.#stopTimer === stop
      try {
        for (let more = true; more && isCurrent();) more = await this.#read(isCurrent)
      } catch (error) {
        this.#options.onReadError(error)
      }
      if (isCurrent()) this.#readIn(this.#options.windowMs())
    }, ms)
    this.#stopTimer = stop
  }

  async #read (isCurrent: () => boolean): Promise<boolean> {
    const { cursor, more, ...read } = await this.#options.read(this.#cursor)
    if (!isCurrent()) return false
    const isFirst = this.#cursor === undefined
    this.#cursor = cursor
    this.#options.onChanges(read, isFirst)
    return more
  }
}
