import type { Board } from '../boards/board.ts'
import { timeOfActionId } from '../identifiers.ts'
import { Problem } from '../problem.ts'

/** A correction that is asked for, well formed but not yet judged. */
export interface AdjustmentRequest {
  readonly userId: string
  /** Points up or down, not 0. */
  readonly increment?: number | undefined
  readonly score?: number | undefined
  readonly actionId?: string | undefined
  readonly reason: string
}

/** A correction that fits its board. */
export interface Adjustment {
  /** '+' raises by the amount, '-' lowers by it, '=' sets the score to it. */
  readonly change: '+' | '-' | '='
  readonly amount: number
  /** Ms since 1970 that the action id carries, where the caller named one that is a UUIDv7. */
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

/** @throws Problem `invalid_request`, `score_out_of_range` */
export function judgeAdjustment (board: Board, { increment, score, actionId }: AdjustmentRequest): Adjustment {
  const madeMs = actionId === undefined ? undefined : timeOfActionId(actionId)
  if (board.operator === 'increment') {
    if (score !== undefined) throw wrongField('score', `must be absent: the board ${board.name} adds points`)
    if (increment === undefined || increment === 0) throw wrongField('increment', 'must be a number of points other than 0')
    return { change: increment < 0 ? '-' : '+', amount: Math.abs(increment), madeMs }
  }
  if (increment !== undefined) throw wrongField('increment', `must be absent: the board ${board.name} keeps the ${board.operator} score`)
  if (score === undefined) throw wrongField('score', 'must be there')
  if (score > board.max_score) throw tooHigh(board)
  return { change: '=', amount: score, madeMs }
}

/** The answer to a correction that was kept. @throws Problem for one that was refused */
export function settleAdjustment (board: Board, named: { userId: string, actionId: string }, outcome: AdjustmentOutcome): AppliedAdjustment {
  switch (outcome.result) {
    case 'applied':
    case 'replayed':
      return { ...named, score: outcome.score, applied: outcome.result === 'applied' }
    case 'mismatch':
      throw new Problem('action_mismatch', 'This action_id was used before for something else; nothing has changed.')
    case 'too_old':
      throw new Problem('action_too_old', 'The time in this action_id is nearly 24 hours ago or over 5 minutes ahead, so it cannot be told whether the action counted before.')
    case 'score_limit':
      throw tooHigh(board)
    case 'below':
      throw new Problem('score_out_of_range', 'The score would fall below 0.')
    case 'season_closed':
      throw new Problem('season_closed', `The board ${board.name} has no window that is open now.`)
    default:
      throw new Error(`${outcome.result} decides nothing`)
  }
}

function tooHigh (board: Board): Problem {
  return new Problem('score_out_of_range', `The score would pass ${board.max_score}, the highest that the board ${board.name} allows.`)
}

function wrongField (field: 'score' | 'increment', message: string): Problem {
  return new Problem('invalid_request', `The body is not well formed: /${field} ${message}.`, { errors: [{ path: `/${field}`, message }] })
}
