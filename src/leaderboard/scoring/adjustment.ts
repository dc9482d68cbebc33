// Corrections of a score by a moderator: validation, and the answer to the caller.
import type { Board } from '../boards/board.ts'
import { timeOfActionId } from '../identifiers.ts'
import { tooHigh } from './score.ts'
import { actionTooOld, Problem } from '../problem.ts'

/** A requested correction, well formed but not yet validated. */
export interface AdjustmentRequest {
  readonly userId: string
  /** Points up or down, not 0. */
  readonly increment?: number | undefined
  readonly score?: number | undefined
  readonly actionId?: string | undefined
  readonly reason: string
}

/** A correction that is valid on its board. */
export interface Adjustment {
  /** '+' raises by the amount, '-' lowers by it, '=' sets the score to it. */
  readonly change: '+' | '-' | '='
  readonly amount: number
  /** The time in the action id, in ms since 1970; undefined if the caller sent none or it is no UUIDv7. */
  readonly madeMs: number | undefined
}

export type AdjustmentOutcome =
  | { readonly result: 'applied' | 'replayed', readonly score: number }
  | { readonly result: 'mismatch' | 'too_old' | 'score_limit' | 'below' | 'season_closed' }
  | { readonly result: 'outdated' | 'ban_over' }

export interface AppliedAdjustment {
  readonly userId: string
  readonly actionId: string
  readonly score: number
  readonly applied: boolean
}

/** Validates a correction by the rules of the board. @throws Problem `invalid_request`, `score_out_of_range` */
export function judgeAdjustment (board: Board, { increment, score, actionId }: AdjustmentRequest): Adjustment {
  const madeMs = actionId === undefined ? undefined : timeOfActionId(actionId)
  if (board.operator === 'increment') {
    if (score !== undefined) throw wrongField('score', `must be absent: the board ${board.name} adds points`)
    if (increment === undefined || increment === 0) {
      throw wrongField('increment', 'must be a number of points other than 0')
    }
    return { change: increment < 0 ? '-' : '+', amount: Math.abs(increment), madeMs }
  }
  if (increment !== undefined) {
    throw wrongField('increment', `must be absent: the board ${board.name} keeps the ${board.operator} score`)
  }
  if (score === undefined) throw wrongField('score', 'is required')
  if (score > board.max_score) throw tooHigh(board)
  return { change: '=', amount: score, madeMs }
}

/** Turns the store's outcome into the answer. @throws Problem for a refused correction */
export function settleAdjustment (
  board: Board,
  named: { userId: string, actionId: string },
  outcome: AdjustmentOutcome
): AppliedAdjustment {
  switch (outcome.result) {
    case 'applied':
    case 'replayed':
      return { ...named, score: outcome.score, applied: outcome.result === 'applied' }
    case 'mismatch':
      throw new Problem('action_mismatch', 'This action_id was used with different content; nothing has changed.')
    case 'too_old':
      throw actionTooOld()
    case 'score_limit':
      throw tooHigh(board)
    case 'below':
      throw new Problem('score_out_of_range', 'The score would fall below 0; nothing has changed.')
    case 'season_closed':
      throw new Problem('season_closed', `The board ${board.name} has no open window now.`)
    default:
      throw new Error(`the outcome ${outcome.result} needs another try`)
  }
}

function wrongField (field: 'score' | 'increment', message: string): Problem {
  return new Problem('invalid_request', `The body is not well formed: /${field} ${message}.`, {
    errors: [{ path: `/${field}`, message }]
  })
}
