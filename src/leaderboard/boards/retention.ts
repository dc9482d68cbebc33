// Which windows of a board are running, kept or closed at a moment.
import type { Board } from './board.ts'
import { closeOf } from './season.ts'
import { DAY_MS, windowAt, windowNamed, type Window } from './window.ts'

/** The windows of a board whose scores are stored. It holds from `fromMs` until before `untilMs`, in ms since 1970. */
export interface KeptWindows {
  /** The windows that writes go to, in the board's order. */
  readonly running: readonly Window[]
  /** The past windows that can still be read or written late. */
  readonly past: readonly Window[]
  readonly fromMs: number
  readonly untilMs: number
}

/** Until when a window's scores are kept, in ms since 1970; 0 means for ever. */
export function keptUntilMs ({ retention }: Board, { kind, untilMs }: Window): number {
  return kind === 'all' || kind === 'season' ? 0 : untilMs + retention[kind] * DAY_MS
}

/**
 * The windows that are kept at a moment, in ms since 1970: at most 401 days, 59 weeks, 15 months and the open seasons.
 * A closed season is not among them, because its results are final.
 */
export function keptWindows (board: Board, atMs: number): KeptWindows {
  const seasons = board.windows.includes('season') ? seasonsAt(board, atMs) : { open: [], borders: [] }
  const running = board.windows.flatMap((kind) =>
    kind === 'season' ? seasons.open.slice(-1) : [windowAt(kind, board, atMs)]
  )
  const past = board.windows.flatMap((kind) =>
    kind === 'season' ? seasons.open.slice(0, -1) : pastWindows(board, windowAt(kind, board, atMs), atMs)
  )
  const calendar = running.filter(({ kind }) => kind !== 'season')
  const borders = [...seasons.borders, ...calendar.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs])]
  return {
    running,
    past,
    fromMs: Math.max(-Infinity, ...borders.filter((borderMs) => borderMs <= atMs)),
    untilMs: Math.min(Infinity, ...borders.filter((borderMs) => borderMs > atMs))
  }
}

/** The windows of the seasons that are closed at a moment, in ms since 1970. */
export function closedSeasons (board: Board, atMs: number): Window[] {
  if (!board.windows.includes('season')) return []
  return board.seasons.filter((season) => closeOf(season) <= atMs).map(({ name }) => seasonNamed(board, name))
}

function seasonsAt (board: Board, atMs: number): { open: Window[], borders: number[] } {
  const open = board.seasons.filter((season) => Date.parse(season.start) <= atMs && atMs < closeOf(season))
  return {
    open: open.map(({ name }) => seasonNamed(board, name)),
    borders: board.seasons.flatMap((season) => [Date.parse(season.start), closeOf(season)])
  }
}

function seasonNamed (board: Board, name: string): Window {
  return windowNamed(`season:${name}`, board)!
}

/** The kept windows before a running one, newest first. */
function pastWindows (board: Board, running: Window, atMs: number): Window[] {
  const past: Window[] = []
  if (running.kind === 'all') return past
  const before = ({ kind, fromMs }: Window) => windowAt(kind, board, fromMs - 1)
  for (let window = before(running); keptUntilMs(board, window) > atMs; window = before(window)) past.push(window)
  return past
}
