import { refusePointsTwice } from './points.ts'
import type { Board } from '../boards/board.ts'
import type { AppliedIncrement, IncrementRequest, Origin, RaiseScore } from './increment.ts'
import type { Principal } from '../principal.ts'
import { Problem, unavailable } from '../problem.ts'

/**
 * Increments of one batch that wait for the store at a time, one group's worth: a batch takes its turns like everybody, and neither
 * fills the queue that others wait in nor sends its thousandth item to a store that has failed its first.
 */
const MAX_CONCURRENT = 32

/** An increment of a batch, named so that it may be sent again whatever becomes of it; a grant names its own. */
export type NamedRequest = IncrementRequest & ({ readonly actionId: string } | { readonly grant: string })

export type BatchResult = AppliedIncrement | Problem

interface BatchOptions {
  readonly board: Board
  readonly principal: Principal
  readonly origin: Origin
}

/**
 * Raises scores one by one, in order, each for itself: what is refused stops none of the others. Once the store fails, those that
 * were not sent yet are refused unsent.
 * @throws Problem `invalid_request` for a malformed item, with none of them applied
 */
export async function raiseAll (raiseScore: RaiseScore, requests: readonly NamedRequest[], { board, principal, origin }: BatchOptions): Promise<BatchResult[]> {
  for (const [n, request] of requests.entries()) refusePointsTwice(request, `/increments/${n}`)
  const results: BatchResult[] = []
  let failed = false
  for (let from = 0; from < requests.length; from += MAX_CONCURRENT) {
    const turn = requests.slice(from, from + MAX_CONCURRENT)
    if (failed) {
      results.push(...turn.map(() => unavailable('The score store failed others of this batch; this one was not sent.')))
      continue
    }
    const settled = await Promise.all(turn.map(async (request) => await raiseScore(board, principal, request, origin).catch(refusalOf)))
    failed = settled.some((result) => result instanceof Problem && result.statusCode >= 500)
    results.push(...settled)
  }
  return results
}

function refusalOf (error: unknown): Problem {
  if (error instanceof Problem) return error
  return new Problem('internal_error', 'Something went wrong here, not with your request.', { cause: error })
}
