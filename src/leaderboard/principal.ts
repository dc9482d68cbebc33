// The caller of a request, and what its token allows.
import { Problem } from './problem.ts'
import type { Segments } from './boards/segment.ts'

export type Scope = 'scores:write' | 'admin'

/** The caller of a request, taken from a verified token. */
export interface Principal {
  readonly userId: string
  readonly username: string | undefined
  readonly scopes: ReadonlySet<Scope>
  /** The claims of the token that can be segments, by name. Their values are text. */
  readonly claims: Readonly<Segments>
  /** When the token ends, in ms since 1970. */
  readonly expiresMs: number
}

/** Whether the caller may raise any user's score. */
export function isService ({ scopes }: Principal): boolean {
  return scopes.has('scores:write')
}

function isAdmin ({ scopes }: Principal): boolean {
  return scopes.has('admin')
}

/** Whether the caller may see what is hidden from others about this user: true for the user, a service and an admin. */
export function seesAll (principal: Principal, userId: string): boolean {
  return principal.userId === userId || isService(principal) || isAdmin(principal)
}

/**
 * The user whose score the caller raises: the caller, or any user if the token has the scope `scores:write`.
 * @throws Problem `forbidden_subject`
 */
export function subjectOf (principal: Principal, userId: string | undefined): string {
  if (userId === undefined || userId === principal.userId) return principal.userId
  if (isService(principal)) return userId
  throw new Problem('forbidden_subject', 'This token may only raise the score of its own user.')
}
