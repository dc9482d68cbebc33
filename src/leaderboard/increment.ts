import { judgeAward, type AwardRequest, type ReadGrant } from './award.ts'
import type { Board } from './board.ts'
import type { CatalogueAction } from './catalogue.ts'
import { timeOfActionId } from './identifiers.ts'
import { subjectOf, type Principal } from './principal.ts'
import { Problem } from './problem.ts'

/** What a caller asks for, well formed but not yet judged. */
export interface IncrementRequest extends AwardRequest {
  readonly userId?: string | undefined
  /** Names the action. Without one the request is an action of its own. */
  readonly actionId?: string | undefined
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
  /** The catalogue's action that gives the points, where one does. */
  readonly action?: CatalogueAction | undefined
  /** Ms since 1970 that the action id carries, where it is a UUIDv7. */
  readonly madeMs: number | undefined
  /** The user id of whoever asked, which may be a service. */
  readonly actor: string
}

/** What the store says of one increment. */
export type IncrementOutcome =
  | { readonly result: 'applied', readonly score: number }
  /** `increment` is what the action gave when it counted, where the catalogue has changed since. */
  | { readonly result: 'replayed', readonly score: number, readonly increment?: number }
  | { readonly result: 'mismatch' | 'too_old' | 'score_limit' }
  | { readonly result: 'quota' | 'limit', readonly retryMs: number }

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
 * @throws Problem `forbidden_subject`, and as `judgeAward`
 */
export function judgeIncrement (
  board: Board, principal: Principal, request: IncrementRequest, { ip, requestId, newId, readGrant }: Origin & Pick<RaiseScoreOptions, 'newId' | 'readGrant'>
): Increment {
  const userId = subjectOf(principal, request.userId)
  const award = judgeAward(board, principal, userId, { request, readGrant })
  const named = award.actionId ?? request.actionId
  const actionId = named ?? newId()
  return {
    userId,
    username: userId === principal.userId ? principal.username : undefined,
    actionId,
    increment: award.points,
    action: award.action,
    madeMs: named === undefined ? undefined : timeOfActionId(actionId),
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
  readonly readGrant: ReadGrant
  /** Told what became of each increment that reached the store. */
  readonly onOutcome: (board: Board, result: IncrementOutcome['result'] | 'failed') => void
}

export function createRaiseScore ({ keep, newId, readGrant, onOutcome }: RaiseScoreOptions): RaiseScore {
  return async (board, principal, request, { ip, requestId }) => {
    const increment = judgeIncrement(board, principal, request, { ip, requestId, newId, readGrant })
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
      return { userId, actionId, increment: increment.increment, score: outcome.score, applied: true }
    case 'replayed':
      return { userId, actionId, increment: outcome.increment ?? increment.increment, score: outcome.score, applied: false }
    case 'mismatch':
      throw new Problem('action_mismatch', 'This action_id was used before with another action or increment; nothing has changed.')
    case 'too_old':
      throw new Problem('action_too_old', 'The time in this action_id is nearly 24 hours ago or over 5 minutes ahead, so it cannot be told whether the action counted before.')
    case 'score_limit':
      throw new Problem('score_out_of_range', `The score would pass ${board.max_score}, the highest that the board ${board.name} allows.`)
    case 'quota': {
      const { increments, per_seconds: perSeconds } = board.quota
      throw tooMany(`A user may make ${increments} increments in ${perSeconds} seconds on the board ${board.name}.`, increments, outcome.retryMs)
    }
    case 'limit': {
      const { name, limit } = increment.action!
      throw tooMany(`The limit of ${name} on the board ${board.name} is ${limit!.max} a ${limit!.per} for each user.`, limit!.max, outcome.retryMs)
    }
  }
}

function tooMany (detail: string, limit: number, retryMs: number): Problem {
  const retryAfter = String(Math.max(1, Math.ceil(retryMs / 1000)))
  return new Problem('rate_limited', detail, {
    headers: { 'retry-after': retryAfter, 'ratelimit-limit': String(limit), 'ratelimit-remaining': '0', 'ratelimit-reset': retryAfter }
  })
}
