// Scores that are submitted: validation.
import type { Board } from '../boards/board.ts'
import { isService, type Principal } from '../principal.ts'
import { Problem } from '../problem.ts'

/**
 * Validates a score for a board that keeps the best or the latest score.
 * @throws Problem `invalid_request`, `forbidden_scope`, `score_out_of_range`
 */
export function judgeScore (board: Board, principal: Principal, score: number | undefined): number {
  if (score === undefined) {
    const keeps = `The board ${board.name} keeps the ${board.operator} score`
    throw new Problem('invalid_request', `${keeps}: send one to POST /v1/boards/${board.name}/scores.`)
  }
  if (!board.client_increments && !isService(principal)) {
    throw new Problem('forbidden_scope', `On the board ${board.name} only a service may submit scores.`)
  }
  if (score < 0 || score > board.max_score) {
    const detail = `On the board ${board.name} a score must be between 0 and ${board.max_score}.`
    throw new Problem('score_out_of_range', detail)
  }
  return score
}

/** The refusal of a write after which the score would exceed the limit of the board. */
export function tooHigh (board: Board): Problem {
  const detail = `The score would exceed ${board.max_score}, the limit of the board ${board.name}.`
  return new Problem('score_out_of_range', detail)
}
