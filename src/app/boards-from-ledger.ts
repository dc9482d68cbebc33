import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import type { Board } from '../leaderboard/boards/board.ts'
import { readBoardRules } from '../ledger/board-rules.ts'
import { openDatabase } from '../ledger/database.ts'

/** How long a node that starts waits for what the ledger knows of boards. */
const KNOWN_MS = 3000

/** The boards that the ledger knows, for a Redis that does not; none while it is away. */
export function boardsFromLedger ({ databaseUrl }: Config, log: FastifyBaseLogger): () => Promise<readonly Board[]> {
  return async () => {
    if (databaseUrl === undefined) return []
    const database = openDatabase({ url: databaseUrl, log, statementMs: KNOWN_MS })
    try {
      return [...(await readBoardRules(database)).values()].map(({ history }) => history.board)
    } catch (error) {
      log.debug({ error: error instanceof Error ? error.message : String(error) }, 'the ledger could not be asked for boards')
      return []
    } finally {
      await database.close()
    }
  }
}
