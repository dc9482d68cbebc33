import type { Board } from '../boards/board.ts'
import { catalogueAction, type CatalogueAction } from '../boards/catalogue.ts'
import { judgeGrant, type Grant } from './grant.ts'
import { isService, type Principal } from '../principal.ts'
import { Problem } from '../problem.ts'

/** The part of an increment's request that says what it is for. */
export interface PointsRequest {
  /** Points that the caller names. */
  readonly increment?: number | undefined
  /** An action of the board's catalogue, which says the points. */
  readonly action?: string | undefined
  /** A grant's token, or what was read of it. */
  readonly grant?: string | Grant | undefined
  readonly actionId?: string | undefined
}

/** What an increment gives. */
export interface ActionPoints {
  readonly points: number
  /** There when the points come from the catalogue. */
  readonly action?: CatalogueAction
  /** There when a grant says so. */
  readonly actionId?: string
}

/** @throws Problem `invalid_grant` for what is no grant, or none any more */
export type ReadGrant = (token: string) => Grant

/**
 * Judges what a caller may get for a user: by a grant, by the catalogue, or the points that the caller names.
 * @throws Problem `invalid_request`, `invalid_grant`, `grant_required`, `unknown_action`, `forbidden_scope`, `increment_out_of_range`
 */
export function judgePoints (board: Board, principal: Principal, userId: string, { request, readGrant }: { request: PointsRequest, readGrant: ReadGrant }): ActionPoints {
  if (request.grant !== undefined) {
    const grant = typeof request.grant === 'string' ? readGrant(request.grant) : request.grant
    judgeGrant(grant, { board: board.name, userId, action: request.action, points: request.increment, actionId: request.actionId })
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
    throw new Problem('forbidden_scope', `On the board ${board.name} only a service names the points: send an action of the board's catalogue, or a grant.`)
  }
  const points = request.increment ?? 1
  if (points < 1 || points > board.max_increment) {
    throw new Problem('increment_out_of_range', `On the board ${board.name} an increment lies between 1 and ${board.max_increment}.`)
  }
  return { points }
}

/** @throws Problem `invalid_request` for an action whose points the caller names too; `at` is where the request stands in its body */
export function refusePointsTwice ({ action, increment, grant }: PointsRequest, at = ''): void {
  if (action === undefined || increment === undefined || grant !== undefined) return
  const message = 'must be absent where action is given: the board says its points'
  throw new Problem('invalid_request', `The body is not well formed: ${at}/increment ${message}.`, { errors: [{ path: `${at}/increment`, message }] })
}
