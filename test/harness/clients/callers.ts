// The code of the refusal that a call throws; undefined where it throws none.
import type { Principal, Scope } from '../../../src/leaderboard/principal.ts'
import { Problem } from '../../../src/leaderboard/problem.ts'

/** The code of the refusal that a call throws; undefined where it throws none. */
export function codeOf (call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}

/** The caller ada, with these scopes. */
export function caller (...scopes: Scope[]): Principal {
  return { userId: 'ada', username: undefined, claims: {}, scopes: new Set(scopes), expiresMs: Infinity }
}
