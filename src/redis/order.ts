// Scores as they are stored: negative where the lowest score is the first.
import type { Board } from '../leaderboard/boards/board.ts'

/**
 * What a score is prefixed with to be stored. Where the lowest score is the first, scores are stored negative: so the
 * highest always is the first in Redis, and the scripts, the head and the pages know one order.
 */
export function signOf ({ order }: Board): '' | '-' {
  return order === 'asc' ? '-' : ''
}

/** A score as it is stored, from one as it is shown; and the other way round. */
export function turn ({ order }: Board, score: number): number {
  return order === 'asc' ? 0 - score : score
}

/** Entries as they are shown, from entries as they are stored. */
export function shown<Entry extends { readonly score: number }> (
  board: Board,
  entries: readonly Entry[]
): readonly Entry[] {
  return board.order === 'asc' ? entries.map((entry) => ({ ...entry, score: turn(board, entry.score) })) : entries
}
