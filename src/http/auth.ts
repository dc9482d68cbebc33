// Who is calling: the check of bearer tokens, and what routes demand of them.
import type { FastifyRequest } from 'fastify'
import jwtPlugin, { type JWT } from '@fastify/jwt'
import { Type, type Static } from 'typebox'
import type { Board } from '../leaderboard/boards/board.ts'
import { presentableName, UserId } from '../leaderboard/identifiers.ts'
import { Problem } from '../leaderboard/problem.ts'
import { isService, type Principal, type Scope } from '../leaderboard/principal.ts'
import { SegmentName, SegmentValue } from '../leaderboard/boards/segment.ts'
import { GRANT_TYPE } from './scoring/grant-token.ts'
import type { Server } from './server.ts'
import { CLOCK_TOLERANCE_MS, tokenOptions, type TokenOptions } from './tokens.ts'
import { checker } from '../leaderboard/schema.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; there on routes that authenticate. */
    principal: Principal | null
  }
}

/** What a WebSocket client may name as its protocol, and the pair of it that carries the token. */
export const SUBPROTOCOL = 'scorewire.v1'
const BEARER_PROTOCOL = 'bearer.'

const SCHEME = 'Bearer '
const MAX_TOKEN_BYTES = 4096
/** Verified tokens remembered: some 30 MB at most. */
const CACHE_SIZE = 50_000
const SCOPES: ReadonlySet<string> = new Set<Scope>(['scores:write', 'admin'])
/** Header fields by which a token would choose its own key, or demand what we do not know (RFC 8725). */
const FORBIDDEN_HEADERS = ['jku', 'jwk', 'x5u', 'x5c', 'crit']

const Header = Type.Object({ alg: Type.Literal('HS256'), typ: Type.Optional(Type.Unknown()) })
const Claims = Type.Object({
  sub: UserId,
  exp: Type.Number(),
  name: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String())
})
const Decoded = Type.Object({ header: Header, payload: Claims })

/** Claims of a token that are kept, since any of them may be a segment of a board. */
const MAX_CLAIMS = 64
const isSegmentName = checker(SegmentName)
const isSegmentValue = checker(SegmentValue)
const isSegment = (claim: [string, unknown]): claim is [string, string] =>
  !Object.hasOwn(Claims.properties, claim[0]) && isSegmentName(claim[0]) && isSegmentValue(claim[1])

const isDecoded = checker(Decoded)

export interface Auth {
  /** The principal of a token. @throws Problem `missing_token`, `invalid_token`, `expired_token` */
  verify(token: string | undefined): Principal
  /** For how much longer a principal's token is valid, in ms. */
  lifetimeMs(principal: Principal): number
  /** Lets the caller read this board. @throws Problem as `verify`, where the board demands a token */
  mayRead(board: Board, request: FastifyRequest): void
  /** As `mayRead`. Returns the principal of a valid token; on a public board an invalid token counts as none. */
  readerOf(board: Board, request: FastifyRequest): Principal | undefined
  /** A `preParsing` hook: sets `request.principal` before the body is read. */
  authenticate(request: FastifyRequest, reply: unknown, payload: unknown, done: (error: Error | null) => void): void
  /**
   * Whether a request carries a service token that was verified before: costs a look-up, never a verification. Sets
   * `request.principal` where the token is known, so that there is one look-up.
   */
  isKnownService(request: FastifyRequest): boolean
}

/** Adds `server.jwt`, which signs and verifies, and returns the check of tokens by it. `now` is in ms since 1970. */
export async function registerAuth (
  server: Server,
  { now, ...tokens }: TokenOptions & { readonly now: () => number }
): Promise<Auth> {
  await server.register(jwtPlugin, tokenOptions(tokens))
  return createAuth(server.jwt, now)
}

/** Verifies bearer tokens, each once: from then on it is known by its text until it expires. */
export function createAuth (jwt: JWT, now: () => number): Auth {
  // By the whole header field, not the token in it: the text is there already, and so is its hash after the first use.
  const cache = new Map<string, Principal>()

  function principalFor (authorization: string | undefined): Principal {
    if (authorization === undefined || authorization === '') throw missingToken()
    const known = cache.get(authorization)
    if (known !== undefined) {
      if (now() < known.expiresMs) return known
      cache.delete(authorization)
    }
    const principal = verifyAnew(jwt, authorization)
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!)
    cache.set(authorization, principal)
    return principal
  }

  return {
    verify: (token) => principalFor(token === undefined ? undefined : `${SCHEME}${token}`),
    lifetimeMs: ({ expiresMs }) => expiresMs - now(),
    mayRead (board, request) {
      if (board.visibility === 'authenticated') principalFor(request.headers.authorization)
    },
    readerOf (board, request) {
      if (board.visibility === 'authenticated') return principalFor(request.headers.authorization)
      if (request.headers.authorization === undefined) return undefined
      try {
        return principalFor(request.headers.authorization)
      } catch (error) {
        if (error instanceof Problem) return undefined
        throw error
      }
    },
    authenticate (request, _reply, _payload, done) {
      try {
        request.principal ??= principalFor(request.headers.authorization)
        done(null)
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)))
      }
    },
    isKnownService (request) {
      const { authorization } = request.headers
      const known = authorization === undefined ? undefined : cache.get(authorization)
      if (known === undefined || now() >= known.expiresMs) return false
      request.principal = known
      return isService(known)
    }
  }
}

/**
 * The token of a live connection: from the header, from the subprotocols, or from the query, since browsers cannot set
 * a header.
 */
export function presentedToken ({ headers, query }: FastifyRequest): string | undefined {
  if (headers.authorization !== undefined) return headers.authorization.replace(/^Bearer /i, '')
  const offered = headers['sec-websocket-protocol']?.split(',').map((protocol) => protocol.trim())
  const bearer = offered?.find((protocol) => protocol.startsWith(BEARER_PROTOCOL))
  return bearer === undefined ? (query as { token?: string }).token : bearer.slice(BEARER_PROTOCOL.length)
}

/** Lets a live client read a board. @throws Problem `missing_token` where the board demands a token */
export function requireReader (board: Board, principal: Principal | undefined): void {
  if (board.visibility === 'authenticated' && principal === undefined) throw missingToken()
}

/** The principal that a route's `authenticate` hook has set. */
export function principalOf (request: FastifyRequest): Principal {
  if (request.principal !== null) return request.principal
  throw new Error(`the route ${request.method} ${request.routeOptions.url} does not authenticate`)
}

/** A `preParsing` hook for routes that demand one of these scopes, after `authenticate`: no other body is read. */
export function requireScope (...scopes: readonly Scope[]): Auth['authenticate'] {
  const message = `This needs a token with the scope ${scopes.join(' or ')}.`
  return (request, _reply, _payload, done) => {
    const has = principalOf(request).scopes
    done(scopes.some((scope) => has.has(scope)) ? null : new Problem('forbidden_scope', message))
  }
}

/** A `preParsing` hook for routes of services, after `authenticate`. */
export const requireService = requireScope('scores:write')

/** Likewise for routes of administrators. */
export const requireAdmin = requireScope('admin')

function missingToken (): Problem {
  const headers = { 'www-authenticate': 'Bearer' }
  return new Problem('missing_token', 'This needs a token: Authorization: Bearer …', { headers })
}

function invalidToken (detail: string, code: 'invalid_token' | 'expired_token' = 'invalid_token'): Problem {
  return new Problem(code, detail, { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
}

function verifyAnew (jwt: JWT, authorization: string): Principal {
  const decoded = decode(jwt, authorization)
  if (!isDecoded(decoded) || !hasOurHeader(decoded.header)) {
    throw invalidToken('The token is signed, but its claims are not those of a scorewire token.')
  }
  const { sub, exp, name, scope = '' } = decoded.payload
  return {
    userId: sub,
    username: name === undefined ? undefined : presentableName(name),
    scopes: new Set(scope.split(' ').filter((word): word is Scope => SCOPES.has(word))),
    claims: Object.fromEntries(Object.entries(decoded.payload).filter(isSegment).slice(0, MAX_CLAIMS)),
    expiresMs: exp * 1000 + CLOCK_TOLERANCE_MS
  }
}

/** The content of a token whose signature and times are right. @throws Problem `invalid_token`, `expired_token` */
function decode (jwt: JWT, authorization: string): unknown {
  if (authorization.slice(0, SCHEME.length).toLowerCase() !== SCHEME.toLowerCase()) {
    throw invalidToken('The Authorization field holds no bearer token.')
  }
  const token = authorization.slice(SCHEME.length)
  if (token.length > MAX_TOKEN_BYTES) throw invalidToken(`The token is larger than ${MAX_TOKEN_BYTES} bytes.`)
  try {
    return jwt.verify<object>(token)
  } catch (error) {
    // Whatever a verifier throws at a hostile token is the token's fault.
    const isExpired = error instanceof Error && 'code' in error && error.code === 'FAST_JWT_EXPIRED'
    if (isExpired) throw invalidToken('The token has expired.', 'expired_token')
    throw invalidToken('The token is not valid here.')
  }
}

function hasOurHeader (header: Static<typeof Header>): boolean {
  return header.typ !== GRANT_TYPE && !FORBIDDEN_HEADERS.some((field) => Object.hasOwn(header, field))
}
