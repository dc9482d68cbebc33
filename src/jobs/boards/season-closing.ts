// A board may be deleted and made again, with the same seasons.
import type { Board } from '../../leaderboard/boards/board.ts'
import { closeOf } from '../../leaderboard/boards/season.ts'
import type { Season } from '../../leaderboard/boards/window.ts'

const EVERY_MS = 5000
/** A board may be deleted and made again, with the same seasons. */
const AGAIN_AFTER_MS = 300_000
/** Nodes' clocks differ: the archive is made when the last of them takes no write any more. */
const MARGIN_MS = 2000

interface SeasonClosingOptions {
  readonly boards: () => readonly Board[]
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
  /** Builds the archive of a season, where there is none. */
  readonly archive: (board: Board, season: Season) => Promise<void>
  readonly onArchived: (board: Board, season: Season) => void
  readonly onError: (board: Board, error: unknown) => void
}

/**
 * Sees to it that every closed season has its archive. Every node does; who comes second finds it done. Returns the
 * stop.
 */
export function closeSeasons ({ boards, now, archive, onArchived, onError }: SeasonClosingOptions): () => void {
  /** When each was found to have its archive, by `performance.now()`. */
  const done = new Map<string, number>()
  let busy = false

  async function look (): Promise<void> {
    if (busy) return
    busy = true
    for (const board of boards()) {
      for (const season of board.seasons) {
        const name = `${board.name} ${season.name} ${closeOf(season)}`
        if (
          (done.get(name) ?? -Infinity) > performance.now() - AGAIN_AFTER_MS || now() < closeOf(season) + MARGIN_MS
        ) { continue }
        try {
          await archive(board, season)
          done.set(name, performance.now())
          onArchived(board, season)
        } catch (error) {
          onError(board, error)
        }
      }
    }
    busy = false
  }

  const timer = setInterval(() => {
    void look()
  }, EVERY_MS)
  timer.unref()
  void look()
  return () => clearInterval(timer)
}
