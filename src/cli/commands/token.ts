// `scorewire token`: prints a token.
import { createSigner } from 'fast-jwt'
import { readConfig } from '../../config.ts'
import { tokenOptions } from '../../http/tokens.ts'
import { UserId, Username } from '../../leaderboard/identifiers.ts'
import { misuse, readWords } from '../arguments.ts'
import { UsageError, type Command } from '../command.ts'
import { readDevelopmentSecret } from '../development-secret.ts'
import type { Usage } from '../usage.ts'
import { checker } from '../../leaderboard/schema.ts'

/** How `scorewire token` is used. */
export const usage: Usage = {
  summary: 'print a token that the service accepts',
  forms: ['token USER [--name NAME] [--scope "scores:write admin"] [--expires TIME]'],
  options: [
    ['USER', 'the user id'],
    ['--name NAME', 'the name that boards show'],
    ['--scope SCOPES', 'scores:write for a service that raises the score of any user, admin for an administrator'],
    ['--expires TIME', 'such as 30s, 15m, 12h or 7d, at most a year (1h)']
  ],
  variables: ['NODE_ENV', 'JWT_SECRET', 'JWT_ISSUER', 'JWT_AUDIENCE', 'DATA_DIR']
}

const SCOPES = ['scores:write', 'admin']
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const MAX_SECONDS = 366 * 86_400

const isUserId = checker(UserId)
const isUsername = checker(Username)

/** Prints a token that is signed with the secret of the service. */
export const token: Command = async (words, { env, write }) => {
  const { user, name, scope, expiresInSeconds } = parseWords(words)
  const config = readConfig(env, ['JWT_SECRET'])
  const secret = config.jwtSecret ?? readDevelopmentSecret(config.dataDir)
  const { sign } = tokenOptions({ secret, issuer: config.jwtIssuer, audience: config.jwtAudience })
  const signer = createSigner({ ...sign, key: secret, expiresIn: expiresInSeconds * 1000 })
  write(`${signer({ sub: user, ...(name !== undefined && { name }), ...(scope !== undefined && { scope }) })}\n`)
  return 0
}

function parseWords (words: string[]) {
  const { positionals: [user, ...more], values: { name, scope, expires } } = readWords({
    args: words,
    allowPositionals: true,
    options: { name: { type: 'string' }, scope: { type: 'string' }, expires: { type: 'string', default: '1h' } }
  }, usage)
  if (user === undefined || more.length > 0) throw misuse('name one user', usage)
  if (!isUserId(user)) throw new UsageError('a user id is 1 to 128 characters of printable Unicode')
  if (name !== undefined && !isUsername(name)) throw new UsageError('a name is 1 to 64 characters of printable Unicode')
  const unknown = scope?.split(' ').find((word) => !SCOPES.includes(word))
  if (unknown !== undefined) {
    throw new UsageError(`there is no scope ${JSON.stringify(unknown)}: use ${SCOPES.join(' or ')}, or both in quotes`)
  }
  return { user, name, scope, expiresInSeconds: secondsOf(expires) }
}

function secondsOf (duration: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(duration) ?? []
  const seconds = Number(count) * (SECONDS[unit ?? ''] ?? NaN)
  if (seconds >= 1 && seconds <= MAX_SECONDS) return seconds
  throw new UsageError(`--expires ${duration} is not a time such as 30s, 15m, 12h or 7d, of a year at most`)
}
