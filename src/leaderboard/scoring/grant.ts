import type { Board } from '../boards/board.ts'
import { catalogueAction } from '../boards/catalogue.ts'
import { Problem } from '../problem.ts'

export const MAX_GRANT_SECONDS = 86_400

/**
 * However long a grant was asked for, it ends a minute before the action of one redeemed at once could be forgotten: clocks differ,
 * and a grant that outlives the memory of its action would count twice.
 */
const MAX_GRANT_MS = MAX_GRANT_SECONDS * 1000 - 60_000

/** A promise by a service: this user has done this action on this board, once. */
export interface Grant {
  readonly board: string
  readonly userId: string
  readonly action: string
  /** What the action gave when the grant was made. */
  readonly points: number
  /** The action that it counts as: redeemed again, the grant is a replay. */
  readonly actionId: string
  /** In ms since 1970, a whole second. */
  readonly expiresMs: number
}

interface GrantRequest {
  readonly userId: string
  readonly action: string
  readonly expiresInSeconds: number
}

/** @throws Problem `unknown_action` */
export function makeGrant (board: Board, { userId, action, expiresInSeconds }: GrantRequest, { nowMs, actionId }: { nowMs: number, actionId: string }): Grant {
  const { points } = catalogueAction(board, action)
  const expiresMs = Math.floor((nowMs + Math.min(expiresInSeconds * 1000, MAX_GRANT_MS)) / 1000) * 1000
  return { board: board.name, userId, action, points, actionId, expiresMs }
}

/** What a request says beside its grant: absent, or the same. */
interface GrantUse {
  readonly board: string
  readonly userId: string
  readonly action: string | undefined
  readonly points: number | undefined
  readonly actionId: string | undefined
}

/** @throws Problem `invalid_grant` for a grant that is for something else than it is used for */
export function judgeGrant (grant: Grant, use: GrantUse): void {
  for (const name of ['board', 'userId', 'action', 'points', 'actionId'] as const) {
    if (use[name] !== undefined && use[name] !== grant[name]) throw new Problem('invalid_grant', `The grant is for ${ANOTHER[name]}.`)
  }
}

const ANOTHER = {
  board: 'another board', userId: 'another user', action: 'another action', points: 'another increment', actionId: 'another action_id'
} as const
