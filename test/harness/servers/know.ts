// Tells a ledger of a board, as a worker does.
import type { Board } from '../../../src/leaderboard/boards/board.ts'
import { keepRules } from '../../../src/ledger/board-rules.ts'
import type { Database } from '../../../src/ledger/database.ts'

/** Tells a ledger of a board, as a worker does. */
export async function know (database: Database, board: Board): Promise<void> {
  await keepRules(database, {
    state: 'there',
    board,
    created: 0,
    changed: 0,
    anew: undefined,
    isClosed: false,
    hasScores: false
  })
}
