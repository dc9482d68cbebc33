import type { ScoreChange } from '../leaderboard/reads.ts'
import { Frame } from './frame.ts'

/** Changes kept for clients that lag; one that lags further is told that it has missed some. */
const KEPT_CHANGES = 2000

interface Batch {
  readonly sequence: number
  readonly changes: readonly ScoreChange[]
  readonly frame: Frame
}

/** Every user's new score, in batches: each is framed once, and who lags gets those in between as one. */
export class ScoreFeed {
  readonly #heading: object
  #batches: Batch[] = []
  #kept = 0
  #sequence = 0

  /** `heading` says of which board and window the changes are. */
  constructor (heading: object) {
    this.#heading = heading
  }

  /** The number of the last batch. */
  get sequence (): number {
    return this.#sequence
  }

  push (changes: readonly ScoreChange[]): void {
    this.#batches.push({ sequence: ++this.#sequence, changes, frame: this.#frame(changes) })
    this.#kept += changes.length
    while (this.#kept > KEPT_CHANGES && this.#batches.length > 1) this.#kept -= this.#batches.shift()!.changes.length
  }

  /** Adds what came after the batch `after`, and returns the number to ask from the next time. */
  collect (after: number, outbox: Frame[]): number {
    const missing = this.#sequence - after
    if (missing <= 0) return after
    if (missing === 1) {
      outbox.push(this.#batches.at(-1)!.frame)
    } else {
      const newest = new Map<string, number>()
      for (const { sequence, changes } of this.#batches) {
        if (sequence > after) for (const { userId, score } of changes) newest.set(userId, score)
      }
      const changes = Array.from(newest, ([userId, score]) => ({ userId, score }))
      outbox.push(this.#frame(changes, { missed: this.#batches[0]!.sequence > after + 1 }))
    }
    return this.#sequence
  }

  #frame (changes: readonly ScoreChange[], { missed = false } = {}): Frame {
    return new Frame({
      event: 'scores',
      ...this.#heading,
      changes: changes.map(({ userId, score }) => ({ user_id: userId, score })),
      ...(missed && { missed })
    })
  }
}
