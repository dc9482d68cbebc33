// Signs grants as tokens, and reads them.
import { createSigner, createVerifier } from 'fast-jwt'
import { Type, type Static } from 'typebox'
import type { Grant } from '../../leaderboard/scoring/grant.ts'
import { Problem } from '../../leaderboard/problem.ts'
import { checker } from '../../leaderboard/schema.ts'

/**
 * Explicit typing (RFC 8725, section 3.11): a grant is signed with the same secret as a bearer token and must never
 * pass for one, nor one for a grant. Beyond its type and audience it lacks the `sub` that every bearer token needs.
 */
export const GRANT_TYPE = 'scorewire-grant+jwt'
const AUDIENCE = 'urn:scorewire:grant'

/** More than the longest ids need. */
export const MAX_GRANT_BYTES = 4096

const Claims = Type.Object({
  aud: Type.Literal(AUDIENCE),
  board: Type.String(),
  user: Type.String(),
  action: Type.String(),
  points: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  jti: Type.String(),
  exp: Type.Integer()
}, { additionalProperties: false })

const isClaims = checker(Claims)

export interface GrantTokens {
  sign(grant: Grant): string
  /** @throws Problem `invalid_grant` */
  read(token: string): Grant
}

/** Grants as text that a client can carry and not change. `now` is the store's clock, which all nodes share. */
export function createGrantTokens ({ secret, now }: { secret: string, now: () => number }): GrantTokens {
  const sign = createSigner({
    key: secret,
    algorithm: 'HS256',
    noTimestamp: true,
    header: { alg: 'HS256', typ: GRANT_TYPE }
  })
  const verify = createVerifier({ key: secret, algorithms: ['HS256'], checkTyp: GRANT_TYPE, ignoreExpiration: true })

  function claimsOf (token: string): Static<typeof Claims> {
    try {
      const claims: unknown = verify(token)
      if (isClaims(claims)) return claims
    } catch (cause) {
      // Whatever a verifier throws at a hostile grant is the grant's fault.
      throw new Problem('invalid_grant', 'The grant is not valid here.', { cause })
    }
    throw new Problem('invalid_grant', 'The grant is signed, but its claims are not those of a grant.')
  }

  return {
    sign: ({ board, userId, action, points, actionId, expiresMs }) =>
      sign({ aud: AUDIENCE, board, user: userId, action, points, jti: actionId, exp: expiresMs / 1000 }),
    read (token) {
      const { board, user, action, points, jti, exp } = claimsOf(token)
      if (now() >= exp * 1000) throw new Problem('invalid_grant', 'The grant has expired.')
      return { board, userId: user, action, points, actionId: jti, expiresMs: exp * 1000 }
    }
  }
}
