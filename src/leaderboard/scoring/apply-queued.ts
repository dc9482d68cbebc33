// Applies queued increments, retries what may succeed later, and records refusals.
import { FUTURE_MS, MEMORY_MS } from '../identifiers.ts'
import type { Board } from '../boards/board.ts'
import type { RaiseScore } from './increment.ts'
import { internalError, Problem } from '../problem.ts'
import type { QueuedIncrement, Refusals } from './queue.ts'

/**
 * The store remembers actions for 24 hours. Five minutes less allow for clocks that differ: any use of an action since
 * it
 * was queued is then still remembered.
 */
const MAX_AGE_MS = MEMORY_MS - FUTURE_MS
/** How long an action may wait for the user's own limits. A longer wait lets one user fill the queue of all. */
const PATIENCE_MS = 120_000
const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 30_000
/** The most unexpected failures before an action is refused. */
const MAX_FAULTS = 8

/** The outcome of a queued increment: it has counted, it is refused for good, or it is tried again. */
export type QueuedOutcome =
  | { readonly result: 'applied' | 'replayed' }
  | { readonly result: 'refused', readonly problem: Problem }
  | { readonly result: 'retry', readonly afterMs: number, readonly problem: Problem }

/** Tries to apply a queued increment. `tries` counts from 1. */
export type ApplyQueued = (queued: QueuedIncrement, tries: number) => Promise<QueuedOutcome>

export interface ApplyQueuedOptions {
  readonly raiseScore: RaiseScore
  /** The board with its current rules. @throws Problem `unknown_board`, `unavailable` */
  readonly boardOf: (name: string) => Promise<Board>
  readonly keepRefusal: Refusals['keep']
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
  /** Between 0 and 1. */
  readonly random: () => number
}

/** Creates the function that applies a queued increment by the current rules and in the current windows. */
export function createApplyQueued ({ raiseScore, boardOf, keepRefusal, now, random }: ApplyQueuedOptions): ApplyQueued {
  const backOffMs = (tries: number) =>
    Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries - 1, 10)) * (0.5 + random() / 2)

  async function applyOnce (
    board: Board,
    { principal, request, origin, arrivedMs }: QueuedIncrement,
    tries: number
  ): Promise<QueuedOutcome> {
    if (now() - arrivedMs > MAX_AGE_MS) return { result: 'refused', problem: tooOld() }
    try {
      const { applied } = await raiseScore(board, principal, request, origin)
      return { result: applied ? 'applied' : 'replayed' }
    } catch (error) {
      const problem = problemOf(error)
      const retryMs = retryAfterMs(problem, arrivedMs, tries)
      return retryMs === undefined ? { result: 'refused', problem } : { result: 'retry', afterMs: retryMs, problem }
    }
  }

  /** When to retry, in ms from now; undefined if a retry cannot succeed. */
  function retryAfterMs (problem: Problem, arrivedMs: number, tries: number): number | undefined {
    if (problem.code === 'internal_error') return tries < MAX_FAULTS ? backOffMs(tries) : undefined
    if (problem.statusCode >= 500) return backOffMs(tries)
    if (problem.code !== 'rate_limited') return undefined
    // The user's actions all wait for the same moment, so jitter spreads them.
    const waitMs = Number(problem.headers['retry-after'] ?? 1) * 1000 + random() * 1000
    return now() + waitMs - arrivedMs <= PATIENCE_MS ? waitMs : undefined
  }

  return async (queued, tries) => {
    try {
      const board = await boardOf(queued.board)
      const outcome = await applyOnce(board, queued, tries)
      if (outcome.result === 'refused') {
        const { userId = queued.principal.userId, actionId } = queued.request
        await keepRefusal(board, { userId, actionId }, outcome.problem)
      }
      return outcome
    } catch (error) {
      const problem = problemOf(error)
      // A deleted board has no receipts, so the refusal is not recorded.
      if (problem.code === 'unknown_board') return { result: 'refused', problem }
      return { result: 'retry', afterMs: backOffMs(tries), problem }
    }
  }
}

function problemOf (error: unknown): Problem {
  return error instanceof Problem ? error : internalError(error)
}

function tooOld (): Problem {
  const waited = 'The action waited in the queue for nearly 24 hours'
  return new Problem('action_too_old', `${waited}, so the service cannot check whether it counted in another way.`)
}
