// The points of an increment: from a grant, from the catalogue, or from the caller.
import type { Board } from '../boards/board.ts'
import { catalogueAction, type CatalogueAction } from '../boards/catalogue.ts'
import { judgeGrant, type Grant } from './grant.ts'
import { isService, type Principal } from '../principal.ts'
import { Problem } from '../problem.ts'

/** The part of an increment's request that says what it is for. */
export interface PointsRequest {
  /** Points that the caller chooses. */
  readonly increment?: number | undefined
  /** An action of the board's catalogue, which sets the points. */
  readonly action?: string | undefined
  /** The token of a grant, or the grant itself. */
  readonly grant?: string | Grant | undefined
  readonly actionId?: string | undefined
}

/** The points of an increment, and where they come from. */
export interface ActionPoints {
  readonly points: number
  /** Present if the points come from the catalogue. */
  readonly action?: CatalogueAction
  /** Present if it comes from a grant. */
  readonly actionId?: string
}

/** Reads the token of a grant. @throws Problem `invalid_grant` for a token that is not valid or has expired */
export type ReadGrant = (token: string) => Grant

/**
 * Determines the points that a caller may get for a user: by a grant, by the catalogue, or as the caller chooses.
 * @throws Problem `invalid_request`, `invalid_grant`, `grant_required`, `unknown_action`, `forbidden_scope`,
 * `increment_out_of_range`
 */
export function judgePoints (
  board: Board,
  principal: Principal,
  userId: string,
  { request, readGrant }: { request: PointsRequest, readGrant: ReadGrant }
): ActionPoints {
  if (request.grant !== undefined) {
    const grant = typeof request.grant === 'string' ? readGrant(request.grant) : request.grant
    const { action, increment: points, actionId } = request
    judgeGrant(grant, { board: board.name, userId, action, points, actionId })
    return { points: grant.points, action: catalogueAction(board, grant.action), actionId: grant.actionId }
  }
  if (board.proof === 'grant' && !isService(principal)) {
    throw new Problem('grant_required', `On the board ${board.name} an increment needs a grant.`)
  }
  if (request.action !== undefined) {
    refusePointsTwice(request)
    const action = catalogueAction(board, request.action)
    return { points: action.points, action }
  }
  if (!board.client_increments && !isService(principal)) {
    const detail = `On the board ${board.name} only a service may choose the points: send an action or a grant.`
    throw new Problem('forbidden_scope', detail)
  }
  const points = request.increment ?? 1
  if (points < 1 || points > board.max_increment) {
    const detail = `On the board ${board.name} an increment must be between 1 and ${board.max_increment}.`
    throw new Problem('increment_out_of_range', detail)
  }
  return { points }
}

/**
 * Refuses a request that has an action and points. `at` is the JSON pointer of the request in its body.
 * @throws Problem `invalid_request`
 */
export function refusePointsTwice ({ action, increment, grant }: PointsRequest, at = ''): void {
  if (action === undefined || increment === undefined || grant !== undefined) return
  const message = 'must be absent if action is given: the board sets its points'
  throw new Problem('invalid_request', `The body is not well formed: ${at}/increment ${message}.`, {
    errors: [{ path: `${at}/increment`, message }]
  })
}
