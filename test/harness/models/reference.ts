// What one window, or one segment of it, should be, by sorting it.
import type { Board } from '../../../src/leaderboard/boards/board.ts'
import type { RankedEntry } from '../../../src/leaderboard/ranking/order-entries.ts'
import type { WindowKind } from '../../../src/leaderboard/boards/window.ts'

/** What one window, or one segment of it, should be, by sorting it. */
export class ReferenceRanking {
  readonly #board: Board
  readonly #scores = new Map<string, number>()
  /** In the order in which they have come to their scores. */
  #head: string[] = []

  constructor (board: Board) {
    this.#board = board
  }

  score (user: string): number | undefined {
    return this.#scores.get(user)
  }

  put (user: string, score: number): void {
    const before = this.#scores.get(user)
    if (before === score) return
    this.#scores.set(user, score)
    const wasFirst = this.#head.includes(user)
    this.#head = this.#head.filter((other) => other !== user)
    if (before !== undefined && this.#order(score, before) > 0) {
      if (!wasFirst) return
      const [next] = this.#outside().filter((other) => other !== user)
      this.#head.push(next !== undefined && this.#order(this.#scores.get(next)!, score) <= 0 ? next : user)
    } else if (
      wasFirst || this.#head.length < this.#board.head_size || this.#byScore(user, this.#inside().at(-1)!) < 0
    ) {
      this.#head.push(user)
      const last = this.#inside()[this.#board.head_size]
      this.#head = this.#head.filter((other) => other !== last)
    }
  }

  remove (user: string): void {
    this.#scores.delete(user)
    if (!this.#head.includes(user)) return
    this.#head = this.#head.filter((other) => other !== user)
    this.#head.push(...this.#outside().slice(0, 1))
  }

  list (): RankedEntry[] {
    let rank = 1
    const users = [...this.#inside(), ...this.#outside()]
    return users.map((userId, place) => {
      if (place > 0 && this.#byScore(users[place - 1]!, userId) !== 0) rank = place + 1
      return { rank, userId, username: userId, score: this.#scores.get(userId)! }
    })
  }

  #order (a: number, b: number): number {
    return this.#board.order === 'asc' ? a - b : b - a
  }

  #byScore (a: string, b: string): number {
    return this.#order(this.#scores.get(a)!, this.#scores.get(b)!)
  }

  /** Of equals, who was there first: sorting leaves them as they are. */
  #inside (): string[] {
    return this.#head.toSorted((a, b) => this.#byScore(a, b))
  }

  #outside (): string[] {
    const inside = new Set(this.#head)
    return [...this.#scores.keys()].filter((user) => !inside.has(user))
      .sort((a, b) => this.#byScore(a, b) || Buffer.compare(Buffer.from(b), Buffer.from(a)))
  }
}

export interface ReferenceWrite {
  readonly user: string
  readonly amount: number
  /** Lines such as region:eu. */
  readonly segments?: readonly string[] | undefined
}

/** What every window of a board and every segment of it should be. */
export class ReferenceBoard {
  readonly #board: Board
  readonly #nameAt: (kind: WindowKind, atMs: number) => string
  readonly #segments = new Map<string, Map<string, string>>()
  /** By the name of the window, with a blank and the segment behind for a segment. */
  readonly rankings = new Map<string, ReferenceRanking>()

  constructor (board: Board, nameAt: (kind: WindowKind, atMs: number) => string) {
    this.#board = board
    this.#nameAt = nameAt
  }

  ranking (window: string, segment?: string): ReferenceRanking {
    const name = segment === undefined ? window : `${window} ${segment}`
    let ranking = this.rankings.get(name)
    if (ranking === undefined) this.rankings.set(name, ranking = new ReferenceRanking(this.#board))
    return ranking
  }

  /** Returns the score in the board's first window. */
  write ({ user, amount, segments = [] }: ReferenceWrite, atMs: number): number {
    const current = this.#segments.get(user) ?? new Map<string, string>()
    const left = segments.flatMap((line) => current.get(nameOf(line)) ?? []).filter((line) => !segments.includes(line))
    this.#segments.set(user, new Map([...current, ...segments.map((line): [string, string] => [nameOf(line), line])]))
    const windows = this.#board.windows.map((kind) => this.#nameAt(kind, atMs))
    for (const window of windows) {
      const score = this.#after(this.ranking(window).score(user), amount)
      this.ranking(window).put(user, score)
      for (const line of left) this.ranking(window, line).remove(user)
      for (const line of this.#segments.get(user)!.values()) this.ranking(window, line).put(user, score)
    }
    return this.ranking(windows[0]!).score(user)!
  }

  #after (before: number | undefined, amount: number): number {
    switch (this.#board.operator) {
      case 'increment':
        return (before ?? 0) + amount
      case 'latest':
        return amount
      case 'best':
        return before === undefined
          ? amount
          : this.#board.order === 'asc'
            ? Math.min(before, amount)
            : Math.max(before, amount)
    }
  }
}

const nameOf = (line: string) => line.slice(0, line.indexOf(':'))
