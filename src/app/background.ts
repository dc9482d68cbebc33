// What every node does beside answering requests: ban sweep, season closing, service bans for new boards.
import type { FastifyBaseLogger } from 'fastify'
import { closeSeasons } from '../jobs/boards/season-closing.ts'
import type { Board } from '../leaderboard/boards/board.ts'
import { startBanSweep, SWEEP_EVERY_MS } from '../redis/moderation/ban-sweep.ts'
import type { Core } from './core.ts'

interface BackgroundOptions {
  readonly core: Core
  readonly log: FastifyBaseLogger
  /** Between 0 and 1. */
  readonly random: () => number
}

/**
 * Starts the background work of a node. Every node does all of it, and the scripts of the store let each thing happen
 * once. Returns the stop.
 */
export function startBackground ({ core, log, random }: BackgroundOptions): () => void {
  const { store, feed: { boards }, moderation } = core
  applyServiceBansToNewBoards(core, log)
  const stopBanSweep = startBanSweep({
    read: store.readEndedBans,
    boards: () => boards.all,
    lift: moderation.liftBan,
    takeOver: moderation.takeOverServiceBans,
    everyMs: SWEEP_EVERY_MS,
    random,
    onError: (error) => log.debug({ err: error }, 'ban sweep failed, retrying')
  })
  const stopClosing = closeSeasons({
    boards: () => boards.all,
    now: store.now,
    archive: store.seasons.build,
    onArchived: (board, season) => log.debug({ board: board.name, season: season.name }, 'archived a closed season'),
    onError: (board, error) => {
      log.warn({ board: board.name, err: error }, 'could not archive a closed season, retrying')
    }
  })
  return () => {
    stopClosing()
    stopBanSweep()
  }
}

/** Applies the bans from all boards to each new board, at once. The ban sweep tries again what fails here. */
function applyServiceBansToNewBoards ({ feed: { boards }, moderation }: Core, log: FastifyBaseLogger): void {
  const apply = (newBoards: readonly Board[]) => {
    moderation.takeOverServiceBans(newBoards).catch((error: unknown) => {
      log.warn({ err: error }, 'could not apply global bans to new boards, retrying')
    })
  }
  apply(boards.all)
  boards.onChange(({ before, after }) => {
    if (before === undefined && after !== undefined) apply([after])
  })
}
