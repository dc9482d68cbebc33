// Every user's new score of one topic, in batches.
import type { ScoreChange } from '../leaderboard/ranking/reads.ts'
import { Frame } from './frame.ts'
import type { Heading } from './messages.ts'

/** Changes kept for clients that lag; one that lags further is told that it has missed some. */
const KEPT_CHANGES = 2000

interface Batch {
  readonly sequence: number
  readonly changes: readonly ScoreChange[]
  readonly missed: boolean
  readonly frame: Frame
}

/** Every user's new score, in batches: each is framed once, and who lags gets those in between as one. */
export class ScoreFeed {
  readonly #heading: Heading
  #batches: Batch[] = []
  #kept = 0
  #sequence = 0
  /** What those who lag by more than a batch get, by how far they were. */
  readonly #merged = new Map<number, Frame>()

  constructor (heading: Heading) {
    this.#heading = heading
  }

  /** The number of the last batch. */
  get sequence (): number {
    return this.#sequence
  }

  /** `missed` says that earlier changes are lost. */
  push (changes: readonly ScoreChange[], { missed = false } = {}): void {
    this.#merged.clear()
    this.#batches.push({ sequence: ++this.#sequence, changes, missed, frame: this.#frame(changes, { missed }) })
    this.#kept += changes.length
    while (this.#kept > KEPT_CHANGES && this.#batches.length > 1) this.#kept -= this.#batches.shift()!.changes.length
  }

  /** Adds what came after the batch `after`, and returns the number to ask from the next time. */
  collect (after: number, outbox: Frame[]): number {
    const missing = this.#sequence - after
    if (missing <= 0) return after
    const merged = missing === 1 ? this.#batches.at(-1)!.frame : this.#merged.get(after) ?? this.#merge(after)
    this.#merged.set(after, merged)
    outbox.push(merged)
    return this.#sequence
  }

  #merge (after: number): Frame {
    const lacking = this.#batches.filter(({ sequence }) => sequence > after)
    const newest = new Map(lacking.flatMap(({ changes }) => changes.map(({ userId, score }) => [userId, score])))
    const missed = lacking[0]!.sequence > after + 1 || lacking.some((batch) => batch.missed)
    return this.#frame(Array.from(newest, ([userId, score]) => ({ userId, score })), { missed })
  }

  #frame (changes: readonly ScoreChange[], { missed }: { missed: boolean }): Frame {
    return new Frame({
      event: 'scores',
      ...this.#heading,
      changes: changes.map(({ userId, score }) => ({ user_id: userId, score })),
      ...(missed && { missed: true })
    })
  }
}
