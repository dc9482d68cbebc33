// The head of a window of a rebuilt board, whose users come in any order.
import type { Position } from '../../leaderboard/ledger/ledger.ts'

interface Candidate extends Position {
  readonly userId: string
  /** As it is stored: higher is first. */
  readonly score: number
}

/**
 * The head of a window while its users come in any order: the first `size` by their scores, of equals those who were
 * there first.
 */
export class HeadDraft {
  readonly #size: number
  #candidates: Candidate[] = []
  #floor = -Infinity

  constructor (size: number) {
    this.#size = size
  }

  add (candidate: Candidate): void {
    if (candidate.score < this.#floor) return
    this.#candidates.push(candidate)
    if (this.#candidates.length >= 4 * this.#size) this.#cut()
  }

  /** Users with sequence numbers, in µs, that rise in the order of reaching the score. */
  get fields (): { readonly fields: readonly string[], readonly last: number } {
    this.#cut()
    let last = 0
    const fields = this.#candidates.toSorted(byPlace).flatMap(({ userId, ms, seq }) => {
      last = Math.max(last + 1, ms * 1000 + Math.min(seq, 999))
      return [userId, String(last)]
    })
    return { fields, last }
  }

  #cut (): void {
    this.#candidates.sort((a, b) => b.score - a.score || byPlace(a, b))
    if (this.#candidates.length < this.#size) return
    this.#candidates.length = this.#size
    this.#floor = this.#candidates.at(-1)!.score
  }
}

function byPlace (a: Position, b: Position): number {
  return a.ms - b.ms || a.seq - b.seq
}
