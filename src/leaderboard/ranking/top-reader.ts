// Decides what answers a read of a top: the hub, the store, or the archive of a closed season.
import type { Board } from '../boards/board.ts'
import { closedSeason } from '../boards/season.ts'
import type { Season } from '../boards/window.ts'
import type { KnownTop, Top } from './reads.ts'
import { isRunning, type Ranking, type RunningRanking } from './ranking.ts'

/** Reads the top of a window of a board, or of one segment of it. @throws Problem `unavailable` */
export type ReadKnownTop = (board: Board, ranking: Ranking) => Promise<KnownTop>

interface TopReaderOptions {
  /** A running window: the hub has it in memory while it is watched, and remembers it while the store is away. */
  readonly readRunningTop: (board: Board, ranking: RunningRanking) => Promise<KnownTop>
  /** Any window as the store has it. */
  readonly readStoredTop: (board: Board, ranking: Ranking) => Promise<Top>
  /** The top of a closed season; undefined while it has no archive. */
  readonly readArchivedTop: (board: Board, season: Season) => Promise<Top | undefined>
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
}

/**
 * Creates the read of a top. The hub answers for a running window. The archive answers for a closed season; it shows
 * names as they were, and has no segments. The store answers for every other window that is asked for by its name.
 */
export function createTopReader (
  { readRunningTop, readStoredTop, readArchivedTop, now }: TopReaderOptions
): ReadKnownTop {
  async function readNamedTop (board: Board, ranking: Ranking): Promise<KnownTop> {
    const season = ranking.segment === undefined ? closedSeason(board, ranking.window, now()) : undefined
    const archived = season && await readArchivedTop(board, season)
    return { ...archived ?? await readStoredTop(board, ranking), isStale: false }
  }
  // Without a promise of its own: most reads of a top come by here.
  return (board, ranking) => isRunning(ranking) ? readRunningTop(board, ranking) : readNamedTop(board, ranking)
}
