// Walks a whole board for an export, page by page.
import type { Board } from '../boards/board.ts'
import type { TransferRow } from './import.ts'
import type { PageStart } from '../ranking/page.ts'
import type { Ranking } from '../ranking/ranking.ts'
import type { Reads } from '../ranking/reads.ts'
import type { WindowName } from '../boards/window.ts'

/** About half a millisecond of Redis. */
const PAGE_ROWS = 250

/** A ranking of a window that has a name, so that midnight does not change what is walked. */
interface NamedRanking extends Ranking {
  readonly window: WindowName
}

export interface ExportOptions {
  readonly readEntries: Reads['entries']
  /** The segments of users, in the order given. */
  readonly readSegments: (
    board: Board,
    userIds: readonly string[]
  ) => Promise<readonly Readonly<Record<string, string>>[]>
}

/** Users of a board in its order, and how many there are in all. */
export interface ExportPage {
  readonly total: number
  readonly rows: readonly TransferRow[]
}

/**
 * Walks a board in its order, page by page, in constant memory while writes go on: nobody whose score stays is missed
 * or comes twice.
 * @throws Problem `unavailable`
 */
export async function * exportPages (
  board: Board,
  ranking: NamedRanking,
  { readEntries, readSegments }: ExportOptions
): AsyncGenerator<ExportPage> {
  for (let start: PageStart | undefined = { place: 0 }; start !== undefined;) {
    const { entries, next, total }: Awaited<ReturnType<Reads['entries']>> = await readEntries(board, ranking, {
      start,
      limit: PAGE_ROWS
    })
    const segments = board.segments.length === 0 ? [] : await readSegments(board, entries.map(({ userId }) => userId))
    yield {
      total,
      rows: entries.map(({ rank, userId, username, score }, n) => ({
        rank,
        user_id: userId,
        ...(username !== userId && { username }),
        score,
        ...(Object.keys(segments[n] ?? {}).length > 0 && { segments: segments[n] })
      }))
    }
    start = next && { behind: next }
  }
}
