// Who asks: tokens from a file, or minted ones.
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { CannotRun, type Asked } from '../settings.ts'
import type { Caller } from '../processes/plan.ts'

/** Signs a token of the service that is tested. */
export type Mint = (claims: { sub: string, scope?: string }) => string

export interface Callers { readonly callers: readonly Caller[], readonly users: readonly string[] }

/** Whose scores are raised where services raise them: the same in each run of a machine, and others on another. */
export function benchUsers (count: number): string[] {
  const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 4)
  return Array.from({ length: count }, (_, n) => `bench-${machine}-${n}`)
}

export function mintedCallers ({ as, users: count }: Pick<Asked, 'as' | 'users'>, mint: Mint): Callers {
  const users = benchUsers(count)
  if (as === 'user') return { users, callers: users.map((user) => ({ token: mint({ sub: user }), user })) }
  return { users, callers: [{ token: mint({ sub: 'bench', scope: 'scores:write' }), user: undefined }] }
}

/** One token a line; what is in them says whether they raise their own score or anybody's. @throws CannotRun when one is none, or they are of both kinds */
export function callersFrom (text: string, file: string, { users: count }: Pick<Asked, 'users'>): Callers {
  const tokens = text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  if (tokens.length === 0) throw new CannotRun(`${file} holds no token`)
  const callers = tokens.map((token, n) => {
    const { sub, scope } = claimsOf(token) ?? {}
    if (sub === undefined) throw new CannotRun(`line ${n + 1} of ${file} is no token: there is one in each line, and nothing else`)
    return { token, user: scope?.split(' ').includes('scores:write') === true ? undefined : sub }
  })
  const users = [...new Set(callers.flatMap(({ user }) => user ?? []))]
  if (users.length > 0 && callers.some(({ user }) => user === undefined)) throw new CannotRun(`${file} mixes tokens of users with tokens of services: give it one kind`)
  return { callers, users: users.length > 0 ? users : benchUsers(count) }
}

/** What a token says of itself; the service decides whether that is true. */
function claimsOf (token: string): { sub: string, scope?: string } | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return typeof claims.sub === 'string' ? { sub: claims.sub, ...(typeof claims.scope === 'string' && { scope: claims.scope }) } : undefined
  } catch {
    return undefined
  }
}
