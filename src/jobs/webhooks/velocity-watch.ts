// Follows the ledger of a board, and flags users that exceed the board's velocity rule.
import type { Log } from '../../leaderboard/log.ts'
import type { Board } from '../../leaderboard/boards/board.ts'
import { gainsOf, type Velocity, type VelocityCursor } from '../../leaderboard/webhooks/velocity.ts'

/** Reads in one poll: some 20,000 entries. Then the other boards have their turn. */
const MAX_READS = 40

interface VelocityWatchOptions {
  readonly velocity: Velocity
  readonly log: Log
  readonly onFlagged: (board: Board, users: number) => void
}

/**
 * Reads the entries that a board's ledger has got since the last poll, and flags users by the board's velocity rule.
 */
export async function watchVelocity ({ velocity, log, onFlagged }: VelocityWatchOptions, board: Board): Promise<void> {
  if (board.velocity === undefined) return
  let cursor: VelocityCursor | undefined = await velocity.begin(board.name, board.velocity)
  for (let reads = 0; cursor !== undefined && reads < MAX_READS; reads++) {
    const { entries, more, written, first, firstId } = await velocity.read(board.name, cursor.entry)
    const isTrimmed = cursor.number !== undefined && first > cursor.number + 1
    if (isTrimmed && firstId !== undefined && isBehind(cursor.entry, firstId)) {
      const missed = first - cursor.number! - 1
      log.warn(
        { board: board.name, entries: missed },
        'the ledger was trimmed before its velocity was judged: flags may be missing'
      )
    }
    if (entries.length === 0) return
    // The number of an entry is known from the end of the ledger on: there it is the count of all that was ever
    // written.
    const numberAtEnd = more ? undefined : written - entries.length
    const start: number | undefined = cursor.number === undefined || isTrimmed ? numberAtEnd : cursor.number
    let judged = 0
    for (const gains of gainsOf(entries, board.velocity)) {
      judged += gains.entries
      const number: number | undefined = start === undefined ? undefined : start + judged
      const flagged: number | undefined = await velocity.add(board.name, cursor, gains, number)
      if (flagged === undefined) return // another worker has moved the cursor
      if (flagged > 0) onFlagged(board, flagged)
      cursor = { ...cursor, entry: gains.next, number }
    }
    if (!more) return
  }
}

/** Whether an entry id of the ledger lies before another one. */
function isBehind (entry: string, other: string): boolean {
  const partsOf = (id: string) => id.split('-').map(Number) as [ms: number, seq: number]
  const [[ms, seq], [otherMs, otherSeq]] = [partsOf(entry), partsOf(other)]
  return ms < otherMs || (ms === otherMs && seq < otherSeq)
}
