// Tokens without a login, for the page outside production.
import { Type } from 'typebox'
import { presentableName, Username } from '../leaderboard/identifiers.ts'
import { Problem } from '../leaderboard/problem.ts'
import { PROBLEMS } from './errors.ts'
import type { Server } from './server.ts'

const LIFETIME_SECONDS = 3600

const schema = {
  summary: 'A token for any name. Development only: production does not have this route',
  tags: ['operations'],
  body: Type.Object({ name: Username }, { additionalProperties: false }),
  response: {
    200: Type.Object({ token: Type.String(), user_id: Type.String(), expires_in: Type.Integer() }),
    ...PROBLEMS
  }
}

interface TokenClaims {
  sub: string
  name?: string
  scope?: string
}

type SignToken = (claims: TokenClaims, options: { expiresInSeconds: number }) => string

/** `POST /dev/token` makes a token for any name. `GET` tells the page that it may ask for one. */
export function registerDevelopmentToken (server: Server, { signToken }: { signToken: SignToken }): void {
  server.get('/dev/token', { schema: { hide: true } }, async () => ({ development: true }))
  server.post('/dev/token', { schema }, async (request, reply) => {
    // Composed, a name may be longer than it was, and it is the user id too.
    const name = presentableName(request.body.name)
    if (name === undefined) {
      const errors = [{ path: '/name', message: 'must not be blank' }]
      throw new Problem('invalid_request', 'The name is blank.', { errors })
    }
    reply.header('cache-control', 'no-store')
    return {
      token: signToken({ sub: name, name }, { expiresInSeconds: LIFETIME_SECONDS }),
      user_id: name,
      expires_in: LIFETIME_SECONDS
    }
  })
}
