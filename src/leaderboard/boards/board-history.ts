// The rules that a board has had over time, and the windows that each of them wrote to.
import type { Board } from './board.ts'
import { closeOf } from './season.ts'
import { keptUntilMs } from './retention.ts'
import { windowAt, windowNamed, type Window, type WindowName } from './window.ts'

/** Rules of a board that hold from a moment on. */
interface RulesSince {
  /** In ms since 1970. */
  readonly fromMs: number
  readonly board: Board
}

/**
 * In every time zone days begin on a quarter of an hour. A window is calculated once for each quarter, because the
 * calendar takes about 20 µs.
 */
const QUARTER_MS = 900_000

/** Says for any moment which windows a write went to and which were kept, by the rules of that moment. */
export class BoardHistory {
  /** The current rules. */
  readonly board: Board
  readonly #periods: readonly Period[]

  /** @param rules in order of time, at least one; the first also hold for all time before them */
  constructor (rules: readonly RulesSince[]) {
    this.#periods = rules.map(({ fromMs, board }) => new Period(fromMs, board))
    this.board = rules.at(-1)!.board
  }

  /** The period that a moment, in ms since 1970, falls into. */
  at (ms: number): Period {
    const periods = this.#periods
    for (let n = periods.length - 1; n > 0; n--) if (periods[n]!.fromMs <= ms) return periods[n]!
    return periods[0]!
  }

  /** The window of this name by the newest rules that know it; undefined if no rules do. */
  windowNamed (name: string): Window | undefined {
    for (const { board } of this.#periods.toReversed()) {
      const window = windowNamed(name, board)
      if (window !== undefined) return window
    }
    return undefined
  }
}

/** The time during which one set of rules holds. */
class Period {
  readonly fromMs: number
  readonly board: Board
  readonly #known = new Map<string, Map<number, Window>>()
  readonly #seasons: readonly PeriodSeason[]

  constructor (fromMs: number, board: Board) {
    this.fromMs = fromMs
    this.board = board
    this.#seasons = board.seasons.map((season) => ({
      name: season.name,
      window: `season:${season.name}`,
      startMs: Date.parse(season.start),
      closeMs: closeOf(season)
    }))
  }

  /**
   * The windows that an increment or a score went to, in the board's order. Of seasons it is the one that the write
   * names, otherwise the last one that had begun.
   */
  written (ms: number, season: string | null): WindowName[] {
    return this.board.windows.flatMap((kind) => {
      if (kind !== 'season') return [this.#calendarWindow(kind, ms).name]
      const found = this.#seasons.findLast(({ name, startMs }) => season === null ? startMs <= ms : name === season)
      return found === undefined ? [] : [found.window]
    })
  }

  /** The windows that ran at a moment, in the board's order. Of seasons it is the last one that took writes. */
  running (ms: number): WindowName[] {
    return this.board.windows.flatMap((kind) => {
      if (kind !== 'season') return [this.#calendarWindow(kind, ms).name]
      const found = this.#seasons.findLast(({ startMs, closeMs }) => startMs <= ms && ms < closeMs)
      return found === undefined ? [] : [found.window]
    })
  }

  /** Whether bans and removals applied to a window. The results of a closed season are final. */
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

interface PeriodSeason {
  readonly name: string
  readonly window: WindowName
  readonly startMs: number
  readonly closeMs: number
}

/**
 * Until when the scores of a window are kept, in ms since 1970; 0 means for ever. Undefined if they are no longer kept,
 * or if the board has no such window.
 */
export function keptUntil (history: BoardHistory, name: WindowName, atMs: number): number | undefined {
  const window = history.windowNamed(name)
  if (window === undefined || !history.board.windows.includes(window.kind)) return undefined
  const untilMs = keptUntilMs(history.board, window)
  return untilMs === 0 || untilMs > atMs ? untilMs : undefined
}
