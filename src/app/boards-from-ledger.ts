// The boards that the ledger knows, for a Redis that has lost them.
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import type { Board } from '../leaderboard/boards/board.ts'
import { readBoardRules } from '../ledger/board-rules.ts'
import { openDatabase } from '../ledger/database.ts'

/** How long a node that starts waits for PostgreSQL. */
const STATEMENT_MS = 3000

/** Creates the read of the boards that the ledger knows: none without a ledger, and none while it is away. */
export function boardsFromLedger ({ databaseUrl }: Config, log: FastifyBaseLogger): () => Promise<readonly Board[]> {
  return async () => {
    if (databaseUrl === undefined) return []
    const database = openDatabase({ url: databaseUrl, log, statementMs: STATEMENT_MS })
    try {
      return [...(await readBoardRules(database)).values()].map(({ history }) => history.board)
    } catch (error) {
      log.debug({ err: error }, 'could not read the boards of the ledger')
      return []
    } finally {
      await database.close()
    }
  }
}
