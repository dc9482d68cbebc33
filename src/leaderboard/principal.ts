import { Problem } from './problem.ts'
import type { Segments } from './boards/segment.ts'

export type Scope = 'scores:write' | 'admin'

/** Who is calling, as a verified token says. */
export interface Principal {
  readonly userId: string
  readonly username: string | undefined
  readonly scopes: ReadonlySet<Scope>
  /** Those claims of the token that could be segments: text, by name. */
  readonly claims: Readonly<Segments>
  /** When the token ends, in ms since 1970. */
  readonly expiresMs: number
}

/** Whether it may raise any user's score. */
export function isService ({ scopes }: Principal): boolean {
  return scopes.has('scores:write')
}

function isAdmin ({ scopes }: Principal): boolean {
  return scopes.has('admin')
}

/** Whether it may see what of a user nobody else sees: the user, a service and an admin. */
export function seesAll (principal: Principal, userId: string): boolean {
  return principal.userId === userId || isService(principal) || isAdmin(principal)
}

/** The user whose score the caller raises: the own, or any with the scope `scores:write`. @throws Problem `forbidden_subject` */
export function subjectOf (principal: Principal, userId: string | undefined): string {
  if (userId === undefined || userId === principal.userId) return principal.userId
  if (isService(principal)) return userId
  throw new Problem('forbidden_subject', 'This token may only raise the score of its own user.')
}
