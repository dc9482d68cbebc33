// A batch of increments: each item is applied by itself, in order.
import { refusePointsTwice } from './points.ts'
import type { Board } from '../boards/board.ts'
import type { AppliedIncrement, IncrementRequest, Origin, RaiseScore } from './increment.ts'
import type { Principal } from '../principal.ts'
import { internalError, Problem, unavailable } from '../problem.ts'

/**
 * How many increments of a batch wait for the store at a time, which is one group. So a batch does not fill the queue
 * of
 * other requests, and sends no more items after the store has failed.
 */
const MAX_CONCURRENT = 32

/** An increment of a batch with its action id, so that it can be sent again; a grant holds its own action id. */
export type NamedRequest = IncrementRequest & ({ readonly actionId: string } | { readonly grant: string })

export type BatchResult = AppliedIncrement | Problem

interface BatchOptions {
  readonly board: Board
  readonly principal: Principal
  readonly origin: Origin
}

/**
 * Raises scores in order, each by itself: a refused item does not stop the others. When the store fails, the items that
 * were not sent yet are refused without sending.
 * @throws Problem `invalid_request` for a malformed item; no item is applied then
 */
export async function raiseAll (
  raiseScore: RaiseScore,
  requests: readonly NamedRequest[],
  { board, principal, origin }: BatchOptions
): Promise<BatchResult[]> {
  for (const [n, request] of requests.entries()) refusePointsTwice(request, `/increments/${n}`)
  const results: BatchResult[] = []
  let failed = false
  for (let from = 0; from < requests.length; from += MAX_CONCURRENT) {
    const turn = requests.slice(from, from + MAX_CONCURRENT)
    if (failed) {
      results.push(
        ...turn.map(() => unavailable('The score store failed for other items of this batch; this item was not sent.'))
      )
      continue
    }
    const settled = await Promise.all(
      turn.map(async (request) => await raiseScore(board, principal, request, origin).catch(refusalOf))
    )
    failed = settled.some((result) => result instanceof Problem && result.statusCode >= 500)
    results.push(...settled)
  }
  return results
}

function refusalOf (error: unknown): Problem {
  if (error instanceof Problem) return error
  return internalError(error)
}
