import { gainsOf, type Velocity, type VelocityPlace } from '../../leaderboard/webhooks/velocity.ts'
import type { Board } from '../../leaderboard/boards/board.ts'
import type { Log } from '../log.ts'

/** Reads of one look: some 20,000 entries. Then the other boards have their turn. */
const MAX_READS = 40

export interface VelocityWatchOptions {
  readonly keep: Velocity
  readonly log: Log
  readonly onFlagged: (board: Board, users: number) => void
}

/** Judges what has been written to the ledger of a board since the last look by the board's velocity rule. */
export async function watchVelocity ({ keep, log, onFlagged }: VelocityWatchOptions, board: Board): Promise<void> {
  if (board.velocity === undefined) return
  let place = await keep.begin(board.name, board.velocity)
  for (let reads = 0; place !== undefined && reads < MAX_READS; reads++) {
    const { entries, more, written, first, firstId } = await keep.read(board.name, place.cursor)
    if (place.number !== undefined && firstId !== undefined && first > place.number + 1 && isBehind(place.cursor, firstId)) {
      log.warn({ board: board.name, entries: first - place.number - 1 }, 'the ledger was trimmed before its velocity was judged: users may be missing among the flagged')
    }
    if (entries.length === 0) return
    // The number of an entry is known at the end of the ledger, and from there on.
    const start: number | undefined = place.number === undefined || first > place.number + 1 ? (more ? undefined : written - entries.length) : place.number
    let judged = 0
    for (const gains of gainsOf(entries, board.velocity)) {
      judged += gains.entries
      const number: number | undefined = start === undefined ? undefined : start + judged
      const flagged: number | undefined = await keep.add(board.name, place, gains, number)
      if (flagged === undefined) return // another worker has gone on from here
      if (flagged > 0) onFlagged(board, flagged)
      place = { ...place, cursor: gains.next, number } satisfies VelocityPlace
    }
    if (!more) return
  }
}

function isBehind (cursor: string, id: string): boolean {
  const [[aMs, aSeq], [bMs, bSeq]] = [cursor, id].map((one) => one.split('-').map(Number)) as [[number, number], [number, number]]
  return aMs < bMs || (aMs === bMs && aSeq < bSeq)
}
