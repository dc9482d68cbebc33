// As an archiver has it: who dies over it has the board so long.
import { setTimeout as delay } from 'node:timers/promises'
import { archiveEntries, archivePending, type ArchiveOptions } from './archive-board.ts'

/** As an archiver has it: who dies over it has the board so long. */
const LEASE_MS = 12_000
const AGAIN_MS = 100

/**
 * Archives what a board's stream holds up to a moment of Redis' clock, in ms since 1970, or to its end; or waits
 * until the worker whose board it is has done so. To its end comes nobody on a board that takes writes all the time.
 * @throws Error while a store is away
 */
export async function drain (options: ArchiveOptions, board: string, upToMs = Infinity): Promise<void> {
  const { stream } = options
  await stream.open(board)
  const isBehind = async () => {
    const { waiting, oldestMs } = await stream.backlog(board)
    return waiting > 0 && (oldestMs ?? 0) <= upToMs
  }
  while (await isBehind()) {
    if (!await stream.lease(board, LEASE_MS)) {
      await delay(AGAIN_MS)
      continue
    }
    try {
      // What cannot be kept is delivered until it goes to the dead letters.
      const left = await archivePending(options, board) + await archiveEntries(options, board, await stream.read(board))
      if (left > 0) await delay(AGAIN_MS)
    } finally {
      await stream.release(board)
    }
  }
}
