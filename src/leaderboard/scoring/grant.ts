// Grants: signed permissions for one action of a user, which count once.
import type { Board } from '../boards/board.ts'
import { catalogueAction } from '../boards/catalogue.ts'
import { Problem } from '../problem.ts'

export const MAX_GRANT_SECONDS = 86_400

/**
 * The longest life of a grant, a minute less than actions are remembered. A grant that outlives the record of its
 * action
 * would count twice, and clocks differ.
 */
const MAX_GRANT_MS = MAX_GRANT_SECONDS * 1000 - 60_000

/** A service's statement that this user has done this action on this board, once. */
export interface Grant {
  readonly board: string
  readonly userId: string
  readonly action: string
  /** The points of the action when the grant was created. */
  readonly points: number
  /** The action id that it counts as: a second use of the grant is a replay. */
  readonly actionId: string
  /** In ms since 1970, a whole second. */
  readonly expiresMs: number
}

interface GrantRequest {
  readonly userId: string
  readonly action: string
  readonly expiresInSeconds: number
}

/** Creates a grant with the points of the board's catalogue. @throws Problem `unknown_action` */
export function makeGrant (
  board: Board,
  { userId, action, expiresInSeconds }: GrantRequest,
  { nowMs, actionId }: { nowMs: number, actionId: string }
): Grant {
  const { points } = catalogueAction(board, action)
  const expiresMs = Math.floor((nowMs + Math.min(expiresInSeconds * 1000, MAX_GRANT_MS)) / 1000) * 1000
  return { board: board.name, userId, action, points, actionId, expiresMs }
}

/** What a request says besides its grant. Each field is absent or equal to the grant's. */
interface GrantUse {
  readonly board: string
  readonly userId: string
  readonly action: string | undefined
  readonly points: number | undefined
  readonly actionId: string | undefined
}

/** Checks that a request uses its grant for what it was made for. @throws Problem `invalid_grant` */
export function judgeGrant (grant: Grant, use: GrantUse): void {
  for (const name of ['board', 'userId', 'action', 'points', 'actionId'] as const) {
    if (use[name] !== undefined && use[name] !== grant[name]) {
      throw new Problem('invalid_grant', `The grant is for ${ANOTHER[name]}.`)
    }
  }
}

const ANOTHER = {
  board: 'another board',
  userId: 'another user',
  action: 'another action',
  points: 'another increment',
  actionId: 'another action_id'
} as const
