import type { Board } from './board.ts'
import { closeOf } from './season.ts'
import { DAY_MS, windowAt, windowNamed, type Window } from './window.ts'

/** The windows of a board whose scores are there, from `fromMs` until before `untilMs`. */
export interface KeptWindows {
  /** Those that writes go to, in the board's order. */
  readonly running: readonly Window[]
  /** Those that can still be read or written late. */
  readonly past: readonly Window[]
  readonly fromMs: number
  readonly untilMs: number
}

/** Until when a window's scores are kept, in ms since 1970; 0 for ever. */
export function keptUntilMs ({ retention }: Board, { kind, untilMs }: Window): number {
  return kind === 'all' || kind === 'season' ? 0 : untilMs + retention[kind] * DAY_MS
}

/**
 * The windows that are kept at a moment: at most 401 days, 59 weeks and 15 months, and the seasons that are open. A closed season is not
 * among them: its results stand.
 */
export function keptWindows (board: Board, atMs: number): KeptWindows {
  const seasons = board.windows.includes('season') ? seasonsAt(board, atMs) : { open: [], borders: [] }
  const running = board.windows.flatMap((kind) => kind === 'season' ? seasons.open.slice(-1) : [windowAt(kind, board, atMs)])
  const past = board.windows.flatMap((kind) => kind === 'season' ? seasons.open.slice(0, -1) : pastWindows(board, windowAt(kind, board, atMs), atMs))
  const borders = [...seasons.borders, ...running.filter(({ kind }) => kind !== 'season').flatMap(({ fromMs, untilMs }) => [fromMs, untilMs])]
  return {
    running,
    past,
    fromMs: Math.max(-Infinity, ...borders.filter((borderMs) => borderMs <= atMs)),
    untilMs: Math.min(Infinity, ...borders.filter((borderMs) => borderMs > atMs))
  }
}

/** The seasons of a board that are over for good at a moment. */
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

/** Those before a running window that are kept, the last one first. */
function pastWindows (board: Board, running: Window, atMs: number): Window[] {
  const past: Window[] = []
  if (running.kind === 'all') return past
  for (let window = windowAt(running.kind, board, running.fromMs - 1); keptUntilMs(board, window) > atMs; window = windowAt(window.kind, board, window.fromMs - 1)) {
    past.push(window)
  }
  return past
}
