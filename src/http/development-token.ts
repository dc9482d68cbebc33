import { Type } from 'typebox'
import { MAX_USERNAME_CHARACTERS, Username } from '../leaderboard/identifiers.ts'
import { PROBLEMS } from './errors.ts'
import type { Server } from './server.ts'

const LIFETIME_SECONDS = 3600

const schema = {
  summary: 'A token for any name. Development only: production does not have this route',
  tags: ['operations'],
  body: Type.Object({ name: Username }, { additionalProperties: false }),
  response: { 200: Type.Object({ token: Type.String(), user_id: Type.String(), expires_in: Type.Integer() }), ...PROBLEMS }
}

export type SignToken = (claims: { sub: string, name?: string, scope?: string }, options: { expiresInSeconds: number }) => string

/** `POST /dev/token`: how the page plays without a login. `GET` tells the page that it may. */
export function registerDevelopmentToken (server: Server, { signToken }: { signToken: SignToken }): void {
  server.get('/dev/token', { schema: { hide: true } }, async () => ({ development: true }))
  server.post('/dev/token', { schema }, async (request, reply) => {
    // NFC may make a name longer than it was.
    const name = Array.from(request.body.name.normalize('NFC')).slice(0, MAX_USERNAME_CHARACTERS).join('')
    reply.header('cache-control', 'no-store')
    return {
      token: signToken({ sub: name, name }, { expiresInSeconds: LIFETIME_SECONDS }),
      user_id: name,
      expires_in: LIFETIME_SECONDS
    }
  })
}
