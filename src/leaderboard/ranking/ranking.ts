// A ranking: a window of a board, or one segment of it.
import { windowAsked, windowOf, type Board } from '../boards/board.ts'
import { judgeSegment } from '../boards/segment.ts'
import { isWindowKind, type AskedWindow, type WindowKind } from '../boards/window.ts'

/** One ordered list: a window of a board, or one segment of it, such as region:eu. */
export interface Ranking {
  readonly window: AskedWindow
  readonly segment?: string
}

/** A ranking whose window is the running one. */
export interface RunningRanking extends Ranking {
  readonly window: WindowKind
}

/** The default ranking of a board, as in the published contracts: its first window, without a segment. */
export function defaultPart (board: Board): RunningRanking {
  return { window: windowOf(board, undefined) }
}

/** Whether the ranking is of a running window. */
export function isRunning (ranking: Ranking): ranking is RunningRanking {
  return isWindowKind(ranking.window)
}

/**
 * The ranking that a read asks for; the board's first window where it names none.
 * @throws Problem `invalid_request` as `windowAsked`, or for a segment that the board does not have
 */
export function rankingAsked (
  board: Board,
  { window, segment }: { window?: string | undefined, segment?: string | undefined },
  atMs: number
): Ranking {
  if (segment !== undefined) judgeSegment(board, segment)
  return { window: windowAsked(board, window, atMs), ...(segment !== undefined && { segment }) }
}

/**
 * The ranking that a client asks to watch.
 * @throws Problem `invalid_request` as `windowOf`, or for a segment that the board does not have
 */
export function rankingWatched (
  board: Board,
  { window, segment }: { window?: WindowKind | undefined, segment?: string | undefined }
): RunningRanking {
  if (segment !== undefined) judgeSegment(board, segment)
  return { window: windowOf(board, window), ...(segment !== undefined && { segment }) }
}
