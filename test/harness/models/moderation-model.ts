// One ranking, as the rules of the head say it: a plain list, sorted anew each time. Scores are the stored ones,.
import { HEAD_SIZE } from '../../../src/leaderboard/boards/rules.ts'

const bytes = (text: string) => Buffer.from(text)

/**
 * One ranking, as the rules of the head say it: a plain list, sorted anew each time. Scores are the stored ones,
 * higher first.
 */
export class PlainPart {
  readonly scores = new Map<string, number>()
  readonly #reached = new Map<string, number>()
  #clock = 0

  /** Everybody in the board's order, with ranks. */
  get ranked (): { rank: number, userId: string, username: string, score: number }[] {
    const first = [...this.#reached].sort(([a, x], [b, y]) => this.scores.get(b)! - this.scores.get(a)! || x - y).map((
      [userId]
    ) => userId)
    const all = [...first, ...this.#outside].map((userId) => ({
      userId,
      username: userId,
      score: this.scores.get(userId)!
    }))
    return all.map((entry) => ({ rank: 1 + all.filter(({ score }) => score > entry.score).length, ...entry }))
  }

  put (userId: string, score: number): void {
    const before = this.scores.get(userId)
    if (before === score) return
    const floor = this.#reached.size < HEAD_SIZE
      ? -Infinity
      : Math.min(...[...this.#reached.keys()].map((user) => this.scores.get(user)!))
    this.scores.set(userId, score)
    if (before !== undefined && score < before) return this.#fall(userId, score)
    if (!this.#reached.has(userId) && score <= floor) return
    this.#reached.set(userId, ++this.#clock)
    if (this.#reached.size > HEAD_SIZE) this.#reached.delete(this.ranked[HEAD_SIZE]!.userId)
  }

  remove (userId: string): number | undefined {
    const score = this.scores.get(userId)
    this.scores.delete(userId)
    const [next] = this.#outside
    if (this.#reached.delete(userId) && next !== undefined) this.#reached.set(next, ++this.#clock)
    return score
  }

  #fall (userId: string, score: number): void {
    if (!this.#reached.has(userId)) return
    const [next] = this.#outside
    const isPassed = next !== undefined && this.scores.get(next)! >= score
    if (isPassed) this.#reached.delete(userId)
    this.#reached.set(isPassed ? next : userId, ++this.#clock)
  }

  get #outside (): string[] {
    return [...this.scores.keys()].filter((userId) => !this.#reached.has(userId))
      .sort((a, b) => this.scores.get(b)! - this.scores.get(a)! || Buffer.compare(bytes(b), bytes(a)))
  }
}

const SEGMENTS = ['region:eu', 'region:na']

/** A board with bans: windows, each whole and in segments, and what is hidden. */
export class PlainBoard {
  readonly windows: ReadonlyMap<string, PlainPart>
  readonly hidden: ReadonlyMap<string, Map<string, number>>
  /**
   * The segments that a hidden score counts in, by window and user; whoever moves takes them along in running
   * windows.
   */
  readonly #hiddenIn = new Map<string, string[]>()
  readonly bans = new Map<string, 'hard' | 'shadow'>()
  readonly #segmentOf = new Map<string, string>()
  readonly #sign: number

  constructor (windows: readonly string[], sign: 1 | -1) {
    this.windows = new Map(
      windows.flatMap((window) =>
        [undefined, ...SEGMENTS].map((segment) => [partName(window, segment), new PlainPart()])
      )
    )
    this.hidden = new Map(windows.map((window) => [window, new Map<string, number>()]))
    this.#sign = sign
  }

  segmentOf (userId: string): string | undefined {
    return this.#segmentOf.get(userId)
  }

  /** The stored score, wherever it is kept now. */
  scoreOf (window: string, userId: string): number | undefined {
    return this.bans.has(userId) ? this.hidden.get(window)!.get(userId) : this.windows.get(window)!.scores.get(userId)
  }

  /** A late action counts in the segments that the user had in its season. */
  increment (
    userId: string,
    points: number,
    { windows, segment, isLate }: { windows: readonly string[], segment: string | undefined, isLate: boolean }
  ): void {
    if (this.bans.get(userId) === 'hard') return
    const left = segment === undefined ? undefined : this.#segmentOf.get(userId)
    if (segment !== undefined) this.#segmentOf.set(userId, segment)
    for (const window of windows) {
      if (left !== undefined && left !== segment && !this.bans.has(userId)) {
        this.windows.get(partName(window, left))!.remove(userId)
      }
      const score = this.scoreOf(window, userId)
      if (isLate && score !== undefined && this.bans.has(userId)) {
        this.hidden.get(window)!.set(userId, score + this.#sign * points)
        continue
      }
      const segments = isLate && score !== undefined
        ? SEGMENTS.filter((segment) => this.windows.get(partName(window, segment))!.scores.has(userId))
        : undefined
      this.#keep(window, userId, (score ?? 0) + this.#sign * points, segments)
    }
  }

  /** Whether it was refused. */
  adjust (userId: string, points: number, windows: readonly string[]): boolean {
    if (this.#sign * (this.scoreOf(windows[0]!, userId) ?? 0) + points < 0) return true
    for (const window of windows) {
      const score = this.scoreOf(window, userId)
      if (score === undefined && points < 0) continue
      this.#keep(window, userId, this.#sign * Math.max(0, this.#sign * (score ?? 0) + points))
    }
    return false
  }

  ban (userId: string, kind: 'hard' | 'shadow'): void {
    for (const [window, hidden] of this.hidden) {
      const segments = SEGMENTS.filter((segment) => this.windows.get(partName(window, segment))!.scores.has(userId))
      const score = this.#takeOut(window, userId)
      if (score !== undefined) this.#hiddenIn.set(partName(window, userId), segments)
      if (score !== undefined) hidden.set(userId, score)
    }
    this.bans.set(userId, kind)
  }

  /** In running windows the user is in the segments of now, in past ones in those of then. */
  unban (userId: string, running: readonly string[]): void {
    if (!this.bans.delete(userId)) return
    for (const [window, hidden] of this.hidden) {
      const score = hidden.get(userId)
      if (score !== undefined) {
        this.#keep(
          window,
          userId,
          score,
          running.includes(window) ? undefined : this.#hiddenIn.get(partName(window, userId))
        )
      }
      hidden.delete(userId)
    }
  }

  remove (userId: string): void {
    for (const [window, hidden] of this.hidden) {
      this.#takeOut(window, userId)
      hidden.delete(userId)
    }
    this.#segmentOf.delete(userId)
  }

  #keep (window: string, userId: string, score: number, segments = this.#segmentsNow(userId)): void {
    if (this.bans.has(userId)) {
      this.hidden.get(window)!.set(userId, score)
      this.#hiddenIn.set(partName(window, userId), segments)
      return
    }
    this.windows.get(window)!.put(userId, score)
    for (const segment of segments) this.windows.get(partName(window, segment))!.put(userId, score)
  }

  #segmentsNow (userId: string): string[] {
    const segment = this.#segmentOf.get(userId)
    return segment === undefined ? [] : [segment]
  }

  #takeOut (window: string, userId: string): number | undefined {
    for (const segment of SEGMENTS) this.windows.get(partName(window, segment))!.remove(userId)
    return this.windows.get(window)!.remove(userId)
  }
}

export function partName (window: string, segment: string | undefined): string {
  return segment === undefined ? window : `${window} ${segment}`
}
