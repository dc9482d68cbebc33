// How tokens are signed and verified. The service and the commands that sign tokens share it.

/** By how much the clocks of issuers may differ from ours. */
export const CLOCK_TOLERANCE_MS = 5000

export interface TokenOptions {
  readonly secret: string
  readonly issuer: string | undefined
  readonly audience: string | undefined
}

/**
 * The options of `@fastify/jwt` and of `fast-jwt`: one algorithm, fixed here and not by the token, and `exp` required.
 */
export function tokenOptions ({ secret, issuer, audience }: TokenOptions) {
  return {
    secret,
    sign: { algorithm: 'HS256' as const, ...(issuer && { iss: issuer }), ...(audience && { aud: audience }) },
    verify: {
      algorithms: ['HS256' as const],
      requiredClaims: ['sub', 'exp', ...(issuer ? ['iss'] : []), ...(audience ? ['aud'] : [])],
      clockTolerance: CLOCK_TOLERANCE_MS,
      complete: true,
      ...(issuer && { allowedIss: issuer }),
      ...(audience && { allowedAud: audience })
    }
  }
}
