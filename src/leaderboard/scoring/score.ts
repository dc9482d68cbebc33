import type { Board } from '../boards/board.ts'
import { isService, type Principal } from '../principal.ts'
import { Problem } from '../problem.ts'

/**
 * Judges a score that is submitted to a board that keeps the best or the latest.
 * @throws Problem `invalid_request`, `forbidden_scope`, `score_out_of_range`
 */
export function judgeScore (board: Board, principal: Principal, score: number | undefined): number {
  if (score === undefined) {
    throw new Problem('invalid_request', `The board ${board.name} keeps the ${board.operator} score: submit scores to …/scores.`)
  }
  if (!board.client_increments && !isService(principal)) {
    throw new Problem('forbidden_scope', `On the board ${board.name} only a service submits scores.`)
  }
  if (score < 0 || score > board.max_score) {
    throw new Problem('score_out_of_range', `On the board ${board.name} a score lies between 0 and ${board.max_score}.`)
  }
  return score
}
