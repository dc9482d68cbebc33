import type { Board } from './board.ts'
import { timeOfActionId } from './identifiers.ts'
import { subjectOf, type Principal } from './principal.ts'
import { Problem } from './problem.ts'

/** What a caller asks for, well formed but not yet judged. */
export interface IncrementRequest {
  readonly userId?: string | undefined
  /** Names the action. Without one the request is an action of its own. */
  readonly actionId?: string | undefined
  readonly increment?: number | undefined
}

/** Where a request came from, for the ledger. */
export interface Origin {
  readonly ip: string
  readonly requestId: string
}

/** An increment that may be applied: allowed for the caller and within the board's rules. */
export interface Increment extends Origin {
  readonly userId: string
  /** The username that came with the caller's own token, to be shown from now on. */
  readonly username: string | undefined
  readonly actionId: string
  readonly increment: number
  /** Ms since 1970 that the action id carries, where it is a UUIDv7. */
  readonly madeMs: number | undefined
  /** The user id of whoever asked, which may be a service. */
  readonly actor: string
}

/** What the store says of one increment. */
export type IncrementOutcome =
  | { readonly result: 'applied' | 'replayed', readonly score: number }
  | { readonly result: 'mismatch' | 'too_old' | 'score_limit' }
  | { readonly result: 'quota', readonly retryMs: number }

/** Keeps an increment: exactly once for a board, user and action id. @throws Problem `unavailable`, `outcome_unknown` */
export type KeepIncrement = (board: Board, increment: Increment) => Promise<IncrementOutcome>

export interface AppliedIncrement {
  readonly userId: string
  readonly actionId: string
  readonly increment: number
  readonly score: number
  /** False for a replay: the action had counted before. */
  readonly applied: boolean
}

/**
 * Judges a request by everything that needs no store. `newId` makes an action id where none came.
 * @throws Problem `forbidden_subject`, `increment_out_of_range`
 */
export function judgeIncrement (
  board: Board, principal: Principal, request: IncrementRequest, { ip, requestId, newId }: Origin & { newId: () => string }
): Increment {
  const userId = subjectOf(principal, request.userId)
  const increment = request.increment ?? 1
  if (increment < 1 || increment > board.max_increment) {
    throw new Problem('increment_out_of_range', `On the board ${board.name} an increment lies between 1 and ${board.max_increment}.`)
  }
  const actionId = request.actionId ?? newId()
  return {
    userId,
    username: userId === principal.userId ? principal.username : undefined,
    actionId,
    increment,
    madeMs: request.actionId === undefined ? undefined : timeOfActionId(actionId),
    actor: principal.userId,
    ip,
    requestId
  }
}

/** Judges an increment, keeps it, and answers for it. @throws Problem for every refusal */
export type RaiseScore = (board: Board, principal: Principal, request: IncrementRequest, origin: Origin) => Promise<AppliedIncrement>

export interface RaiseScoreOptions {
  readonly keep: KeepIncrement
  readonly newId: () => string
  /** Told what became of each increment that reached the store. */
  readonly onOutcome: (board: Board, result: IncrementOutcome['result'] | 'failed') => void
}

export function createRaiseScore ({ keep, newId, onOutcome }: RaiseScoreOptions): RaiseScore {
  return async (board, principal, request, { ip, requestId }) => {
    const increment = judgeIncrement(board, principal, request, { ip, requestId, newId })
    let outcome: IncrementOutcome
    try {
      outcome = await keep(board, increment)
    } catch (error) {
      onOutcome(board, 'failed')
      throw request.actionId === undefined ? withActionId(error, increment.actionId) : error
    }
    onOutcome(board, outcome.result)
    return settleIncrement(board, increment, outcome)
  }
}

/** Tells a caller who named no action which one to send again, where that matters. */
function withActionId (error: unknown, actionId: string): unknown {
  if (!(error instanceof Problem) || error.code !== 'outcome_unknown') return error
  const { message, headers, cause } = error
  return new Problem('outcome_unknown', `${message} It is the Idempotency-Key ${actionId}.`, { headers: { ...headers, 'idempotency-key': actionId }, cause })
}

/** The answer to an increment that was kept. @throws Problem for one that was refused */
export function settleIncrement (board: Board, increment: Increment, outcome: IncrementOutcome): AppliedIncrement {
  const { userId, actionId } = increment
  switch (outcome.result) {
    case 'applied':
    case 'replayed':
      return { userId, actionId, increment: increment.increment, score: outcome.score, applied: outcome.result === 'applied' }
    case 'mismatch':
      throw new Problem('action_mismatch', 'This action_id was used before with another increment; nothing has changed.')
    case 'too_old':
      throw new Problem('action_too_old', 'The time in this action_id is nearly 24 hours ago or over 5 minutes ahead, so it cannot be told whether the action counted before.')
    case 'score_limit':
      throw new Problem('score_out_of_range', `The score would pass ${board.max_score}, the highest that the board ${board.name} allows.`)
    case 'quota': {
      const { increments, per_seconds: perSeconds } = board.quota
      const retryAfter = String(Math.max(1, Math.ceil(outcome.retryMs / 1000)))
      throw new Problem('rate_limited', `A user may make ${increments} increments in ${perSeconds} seconds on the board ${board.name}.`, {
        headers: { 'retry-after': retryAfter, 'ratelimit-limit': String(increments), 'ratelimit-remaining': '0', 'ratelimit-reset': retryAfter }
      })
    }
  }
}
