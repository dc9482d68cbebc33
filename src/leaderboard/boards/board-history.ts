import type { Board } from './board.ts'
import { closeOf } from './season.ts'
import { keptUntilMs } from './retention.ts'
import { windowAt, windowNamed, type Window, type WindowName } from './window.ts'

/** Rules that a board has had, from a moment on in ms since 1970. */
export interface RulesSince {
  readonly fromMs: number
  readonly board: Board
}

/** Days begin at a quarter of an hour in every zone: windows are worked out once for each, which takes a calendar some 20 µs. */
const QUARTER_MS = 900_000

/** Which windows of a board a write went to, and which were kept, whenever it was: by the rules of that time. */
export class BoardHistory {
  /** The rules of now. */
  readonly board: Board
  readonly #periods: readonly Period[]

  /** @param rules in order, at least one; the first of them are those of all time before */
  constructor (rules: readonly RulesSince[]) {
    this.#periods = rules.map(({ fromMs, board }) => new Period(fromMs, board))
    this.board = rules.at(-1)!.board
  }

  at (ms: number): Period {
    const periods = this.#periods
    for (let n = periods.length - 1; n > 0; n--) if (periods[n]!.fromMs <= ms) return periods[n]!
    return periods[0]!
  }

  /** The window of this name, as far as any rules knew it. */
  windowNamed (name: string): Window | undefined {
    for (const { board } of this.#periods.toReversed()) {
      const window = windowNamed(name, board)
      if (window !== undefined) return window
    }
    return undefined
  }
}

/** The time of one set of rules. */
export class Period {
  readonly fromMs: number
  readonly board: Board
  readonly #known = new Map<string, Map<number, Window>>()
  readonly #seasons: readonly { readonly name: string, readonly window: WindowName, readonly startMs: number, readonly closeMs: number }[]

  constructor (fromMs: number, board: Board) {
    this.fromMs = fromMs
    this.board = board
    this.#seasons = board.seasons.map((season) => ({
      name: season.name, window: `season:${season.name}`, startMs: Date.parse(season.start), closeMs: closeOf(season)
    }))
  }

  /** Where an increment or a score went, in the board's order: to the season that it names, else to the one that had begun last. */
  written (ms: number, season: string | null): WindowName[] {
    return this.board.windows.flatMap((kind) => {
      if (kind !== 'season') return [this.#calendarWindow(kind, ms).name]
      const found = this.#seasons.findLast(({ name, startMs }) => season === null ? startMs <= ms : name === season)
      return found === undefined ? [] : [found.window]
    })
  }

  /** The windows that ran, in the board's order: of seasons the last that took writes. */
  running (ms: number): WindowName[] {
    return this.board.windows.flatMap((kind) => {
      if (kind !== 'season') return [this.#calendarWindow(kind, ms).name]
      const found = this.#seasons.findLast(({ startMs, closeMs }) => startMs <= ms && ms < closeMs)
      return found === undefined ? [] : [found.window]
    })
  }

  /** Whether bans and removals reached a window that has scores: all but closed seasons, whose results stand. */
  isOpen (window: WindowName, ms: number): boolean {
    const season = this.#seasons.find((season) => season.window === window)
    return season === undefined || ms < season.closeMs
  }

  #calendarWindow (kind: Exclude<Board['windows'][number], 'season'>, ms: number): Window {
    let known = this.#known.get(kind)
    if (known === undefined) this.#known.set(kind, known = new Map<number, Window>())
    const quarter = Math.floor(ms / QUARTER_MS)
    const window = known.get(quarter)
    if (window !== undefined && window.fromMs <= ms && ms < window.untilMs) return window
    const found = windowAt(kind, this.board, ms)
    known.set(quarter, found)
    return found
  }
}

/** Until when a window that has scores is kept, in ms since 1970, 0 for ever; undefined where it is not any more, or the board has none such. */
export function keptUntil (history: BoardHistory, name: WindowName, atMs: number): number | undefined {
  const window = history.windowNamed(name)
  if (window === undefined || !history.board.windows.includes(window.kind)) return undefined
  const untilMs = keptUntilMs(history.board, window)
  return untilMs === 0 || untilMs > atMs ? untilMs : undefined
}
