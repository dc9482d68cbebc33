// The tokens of a run: from a file, or minted.
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import type { Caller } from '../processes/plan.ts'
import { CannotRun, type LoadSettings } from '../settings.ts'

/** Signs a token of the service that is tested. */
export type Mint = (claims: { sub: string, scope?: string }) => string

/** Tokens, and the users whose scores they raise. */
export interface Callers {
  readonly callers: readonly Caller[]
  readonly users: readonly string[]
}

/** The users whose scores a service raises: the same in each run of a machine, and others on another machine. */
function benchUsers (count: number): string[] {
  const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 4)
  return Array.from({ length: count }, (_, n) => `bench-${machine}-${n}`)
}

/** Mints a token of each user, or one of a service that may raise the score of any user. */
export function mintedCallers ({ as, users: count }: Pick<LoadSettings, 'as' | 'users'>, mint: Mint): Callers {
  const users = benchUsers(count)
  if (as === 'user') return { users, callers: users.map((user) => ({ token: mint({ sub: user }), user })) }
  return { users, callers: [{ token: mint({ sub: 'bench', scope: 'scores:write' }), user: undefined }] }
}

/**
 * Reads one token a line. Its claims say whether it raises the score of its own user or of any user.
 * @throws CannotRun when a line is no token, or when there are tokens of both kinds
 */
export function callersFrom (text: string, file: string, { users: count }: Pick<LoadSettings, 'users'>): Callers {
  const tokens = text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  if (tokens.length === 0) throw new CannotRun(`${file} holds no token`)
  const callers = tokens.map((token, n) => {
    const { sub, scope } = claimsOf(token) ?? {}
    if (sub === undefined) {
      throw new CannotRun(`line ${n + 1} of ${file} is not a token: give one token a line and nothing else`)
    }
    return { token, user: scope?.split(' ').includes('scores:write') === true ? undefined : sub }
  })
  const users = [...new Set(callers.flatMap(({ user }) => user ?? []))]
  if (users.length > 0 && callers.some(({ user }) => user === undefined)) {
    throw new CannotRun(`${file} mixes tokens of users with tokens of services: give one kind`)
  }
  return { callers, users: users.length > 0 ? users : benchUsers(count) }
}

/** What a token says of itself; the service decides whether that is true. */
function claimsOf (token: string): { sub: string, scope?: string } | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    if (typeof claims.sub !== 'string') return undefined
    return { sub: claims.sub, ...(typeof claims.scope === 'string' && { scope: claims.scope }) }
  } catch {
    return undefined
  }
}
