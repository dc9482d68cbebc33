import { FUTURE_MS, MEMORY_MS } from '../identifiers.ts'
import type { Board } from '../boards/board.ts'
import type { RaiseScore } from './increment.ts'
import { Problem } from '../problem.ts'
import type { QueuedIncrement, Refusals } from './queue.ts'

/**
 * The store remembers what has counted for 24 hours. Whatever else was done with an action since it was queued is surely remembered
 * for so long: clocks differ.
 */
const MAX_AGE_MS = MEMORY_MS - FUTURE_MS
/** How long a user's own limits may hold an action back: whoever sends more than they allow is not to fill the queue of all. */
const PATIENCE_MS = 120_000
const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 30_000
/** Failures that nobody foresaw, before an action is given up. */
const MAX_FAULTS = 8

/** What became of a queued increment: it counts, or never will, or is to be tried again. */
export type QueuedOutcome =
  | { readonly result: 'applied' | 'replayed' }
  | { readonly result: 'refused', readonly problem: Problem }
  | { readonly result: 'retry', readonly afterMs: number, readonly problem: Problem }

/** Tries a queued increment, for the `tries`th time from 1 on. */
export type ApplyQueued = (queued: QueuedIncrement, tries: number) => Promise<QueuedOutcome>

export interface ApplyQueuedOptions {
  readonly raiseScore: RaiseScore
  /** The board as it is now. @throws Problem `unknown_board`, `unavailable` */
  readonly boardOf: (name: string) => Promise<Board>
  readonly keepRefusal: Refusals['keep']
  /** The store's clock, in ms since 1970. */
  readonly now: () => number
  /** Between 0 and 1. */
  readonly random: () => number
}

/** Applies queued increments as if they came now, by the rules and in the windows of now. */
export function createApplyQueued ({ raiseScore, boardOf, keepRefusal, now, random }: ApplyQueuedOptions): ApplyQueued {
  const backOffMs = (tries: number) => Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries - 1, 10)) * (0.5 + random() / 2)

  async function attempt (board: Board, { principal, request, origin, arrivedMs }: QueuedIncrement, tries: number): Promise<QueuedOutcome> {
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

  /** Undefined for what will not be better later. */
  function retryAfterMs (problem: Problem, arrivedMs: number, tries: number): number | undefined {
    if (problem.code === 'internal_error') return tries < MAX_FAULTS ? backOffMs(tries) : undefined
    if (problem.statusCode >= 500) return backOffMs(tries)
    if (problem.code !== 'rate_limited') return undefined
    // They all wait for the same moment: some jitter spreads them.
    const waitMs = Number(problem.headers['retry-after'] ?? 1) * 1000 + random() * 1000
    return now() + waitMs - arrivedMs <= PATIENCE_MS ? waitMs : undefined
  }

  return async (queued, tries) => {
    try {
      const board = await boardOf(queued.board)
      const outcome = await attempt(board, queued, tries)
      if (outcome.result === 'refused') {
        await keepRefusal(board, { userId: queued.request.userId ?? queued.principal.userId, actionId: queued.request.actionId }, outcome.problem)
      }
      return outcome
    } catch (error) {
      const problem = problemOf(error)
      // With its board went whoever could ask for the receipt.
      return problem.code === 'unknown_board' ? { result: 'refused', problem } : { result: 'retry', afterMs: backOffMs(tries), problem }
    }
  }
}

function problemOf (error: unknown): Problem {
  return error instanceof Problem ? error : new Problem('internal_error', 'Something went wrong here, not with your request.', { cause: error })
}

function tooOld (): Problem {
  return new Problem('action_too_old', 'The action waited in the queue for nearly 24 hours, so it cannot be told whether it counted in another way.')
}
