// The action id of a request, from its body or the Idempotency-Key header.
import type { FastifyRequest } from 'fastify'
import { Problem } from '../../leaderboard/problem.ts'

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,128}$/

/**
 * The action id of a request: from its body, or from the `Idempotency-Key` header, bare or as a quoted string.
 * @throws Problem `invalid_request` when the header is malformed, comes twice, or differs from the body
 */
export function actionIdOf (request: FastifyRequest, fromBody: string | undefined): string | undefined {
  const header = request.headers['idempotency-key']
  if (header === undefined) return fromBody
  if (typeof header !== 'string' || (request.raw.headersDistinct['idempotency-key']?.length ?? 0) > 1) {
    throw wrongKey('must come once')
  }
  const key = header.length > 2 && header.startsWith('"') && header.endsWith('"') ? header.slice(1, -1) : header
  if (!PRINTABLE_ASCII.test(key)) throw wrongKey('must be 1 to 128 printable ASCII characters')
  if (fromBody !== undefined && fromBody !== key) throw wrongKey('must be equal to action_id when both are given')
  return key
}

function wrongKey (message: string): Problem {
  return new Problem('invalid_request', `The header Idempotency-Key ${message}.`, {
    errors: [{ path: 'Idempotency-Key', message }]
  })
}
